/* leave_plan.c: what a request for leave means on the calendar: its school days, its chain, who decides and by when, when
 * the child is expected back, what is in the way (worked examples 1.5 and section 4). Reads; decides nothing, writes nothing. */

#include "plugins/leave.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define FAR_DAYS  400                         /* how far a calendar is loaded around a request */


static int
slot_compare(bx_slot a, bx_slot b)
{
    if (a.day != b.day) {
        return a.day < b.day ? -1 : 1;
    }
    return a.period == b.period ? 0 : a.period < b.period ? -1 : 1;
}


/* ---- the child's other requests */

/* In the order of their last days, as the index has them: claims of one child do not overlap, but for a day's halves. */
static const char sql_claims[] =
    "SELECT s.leave_seq, l.id, l.version, l.state, l.starts_on, l.starts_period, l.ends_on, l.ends_period, l.half_days,"
    " l.back_on, l.back_period, l.created_by, l.needs_paper"
    " FROM student s LEFT JOIN leave_request l USE INDEX (student) ON l.student_id = s.id AND l.ends_on >= ? AND l.id <> ?"
    " AND l.state IN ('submitted', 'provisional', 'approved', 'away', 'overdue', 'returned', 'awaiting_paper',"
    " 'no_paper')"
    " WHERE s.id = ? ORDER BY l.ends_on LIMIT 64";


/* A leave that was returned from early covers only what lies before the first attended period. False: nothing is left. */
static bool
claim_cut(const bx_calendar *cal, bx_leave_claim *claim, bx_slot back)
{
    bx_slot  last;

    if (slot_compare(back, claim->span.to) > 0) {
        return true;
    }
    if (!bx_previous_slot(cal, back, &last) || slot_compare(last, claim->span.from) < 0) {
        return false;
    }

    claim->span.to = last;
    claim->halves = bx_half_days(cal, claim->span);
    return true;
}


static bool
has_returned(const char *state)
{
    return strcmp(state, "returned") == 0 || strcmp(state, "awaiting_paper") == 0 || strcmp(state, "no_paper") == 0;
}


static int
compare_claims(const void *x, const void *y)
{
    const bx_leave_claim *a = x, *b = y;

    return slot_compare(a->span.from, b->span.from);
}


static bx_rc
claims_read(bx_call *c, const bx_leave_ask *ask, bx_leave_plan *plan)
{
    bx_rows  rows;

    if (bx_query(c, &rows, sql_claims,
                 BX_ARGS(bx_text(bx_date_text(bx_call_arena(c), ask->asked.from.day - FAR_DAYS / 2)), bx_int(ask->self),
                         bx_int(ask->student))) != BX_OK)
    {
        return BX_FAIL;
    }

    for (size_t i = 0; i < rows.nrows; i++) {
        bx_leave_claim  claim = { 0 };
        bx_slot         back;

        plan->leave_seq = (int) bx_cell_int(&rows, i, 0);
        if (bx_cell(&rows, i, 1)->kind == BX_V_NULL) {
            break;
        }

        claim.id = bx_cell_int(&rows, i, 1);
        claim.version = bx_cell_int(&rows, i, 2);
        claim.state = bx_cell_text(&rows, i, 3);
        claim.span.from = (bx_slot) { bx_date_parse(bx_cell_text(&rows, i, 4)), (int) bx_cell_int(&rows, i, 5) };
        claim.span.to = (bx_slot) { bx_date_parse(bx_cell_text(&rows, i, 6)), (int) bx_cell_int(&rows, i, 7) };
        claim.halves = (int) bx_cell_int(&rows, i, 8);
        claim.ours = bx_cell_int(&rows, i, 11) == bx_call_account(c);
        claim.needs_paper = bx_cell_int(&rows, i, 12) != 0;

        if (has_returned(claim.state) && bx_cell_text(&rows, i, 9) != NULL) {
            back = (bx_slot) { bx_date_parse(bx_cell_text(&rows, i, 9)), (int) bx_cell_int(&rows, i, 10) };
            if (!claim_cut(plan->cal, &claim, back)) {
                continue;
            }
        }
        plan->claims[plan->nclaims++] = claim;
    }

    qsort(plan->claims, plan->nclaims, sizeof(plan->claims[0]), compare_claims);
    return BX_OK;
}


/* ---- the span */

/* First to last due period of what was asked for. */
static bx_leave_fault
span_settle(const bx_leave_ask *ask, const bx_calendar *cal, bx_span *span)
{
    bx_slot  from = ask->asked.from, to = ask->asked.to;

    if (slot_compare(from, to) > 0) {
        return BX_LEAVE_BACKWARDS;
    }
    if (to.day > from.day + FAR_DAYS) {
        to.day = from.day + FAR_DAYS;                                   /* past every term all the same */
    }

    from.period--;
    to.period++;
    if (!bx_next_slot(cal, from, &span->from) || !bx_previous_slot(cal, to, &span->to)
        || slot_compare(span->from, span->to) > 0)
    {
        return BX_LEAVE_NO_SCHOOL;
    }

    return BX_LEAVE_OK;
}


const bx_leave_claim *
bx_leave_before(const bx_leave_plan *plan, bx_span span)
{
    bx_slot  next;

    for (size_t i = 0; i < plan->nclaims; i++) {
        const bx_leave_claim *claim = &plan->claims[i];

        if (slot_compare(claim->span.to, span.from) >= 0) {
            continue;
        }
        /* an overdue child has not attended since, so whatever is asked for next goes on from there */
        if (strcmp(claim->state, "overdue") == 0
            || (bx_next_slot(plan->cal, claim->span.to, &next) && slot_compare(next, span.from) == 0))
        {
            return claim;
        }
    }

    return NULL;
}


static const bx_leave_claim *
claim_after(const bx_leave_plan *plan, bx_span span)
{
    bx_slot  next;

    for (size_t i = 0; i < plan->nclaims; i++) {
        if (bx_next_slot(plan->cal, span.to, &next) && slot_compare(next, plan->claims[i].span.from) == 0) {
            return &plan->claims[i];
        }
    }

    return NULL;
}


static bool
same_term(const bx_calendar *cal, bx_date a, bx_date b)
{
    bx_date  starts, ends;

    return bx_calendar_term(cal, a, &starts, &ends) && b >= starts && b <= ends;
}


/* Half-days of the whole chain; a term's end breaks it. */
static int
chain_length(const bx_leave_plan *plan, bx_span span, int halves)
{
    const bx_leave_claim *claim;
    bx_span               edge = span;

    for (size_t i = 0; i < plan->nclaims && (claim = bx_leave_before(plan, edge)) != NULL; i++) {
        if (!same_term(plan->cal, span.from.day, claim->span.to.day)) {
            break;
        }
        halves += claim->halves;
        edge.from = claim->span.from;
    }
    for (size_t i = 0; i < plan->nclaims && (claim = claim_after(plan, edge)) != NULL; i++) {
        if (!same_term(plan->cal, span.to.day, claim->span.from.day)) {
            break;
        }
        halves += claim->halves;
        edge.to = claim->span.to;
    }

    return halves;
}


static const bx_leave_claim *
claim_in_the_way(const bx_leave_plan *plan, bx_span span)
{
    for (size_t i = 0; i < plan->nclaims; i++) {
        if (slot_compare(plan->claims[i].span.from, span.to) <= 0 && slot_compare(span.from, plan->claims[i].span.to) <= 0) {
            return &plan->claims[i];
        }
    }

    return NULL;
}


/* ---- who decides, by when */

static bx_rc
route_choose(bx_call *c, const bx_leave_ask *ask, bx_leave_plan *plan)
{
    int64_t  teacher, office, minutes, back;
    bx_date  today = bx_date_of(bx_call_now(c)), oldest;

    if (bx_rule_int(c, "leave.teacher_days", ask->class_id, &teacher) != BX_OK
        || bx_rule_int(c, "leave.office_days", ask->class_id, &office) != BX_OK
        || bx_rule_int(c, "leave.decide_minutes", ask->class_id, &minutes) != BX_OK
        || bx_rule_int(c, "leave.backdate_days", ask->class_id, &back) != BX_OK)
    {
        return BX_FAIL;
    }

    oldest = bx_add_school_days(plan->cal, today, -(int) back);

    if (plan->chain_halves > 2 * office) {
        plan->route = "principal";
    } else if (plan->chain_halves > 2 * teacher || (oldest != BX_NO_DATE && plan->span.from.day < oldest)) {
        plan->route = "office";
    } else {
        plan->route = "teacher";
    }

    plan->decide_by = bx_call_now(c) + minutes * 60;
    if (plan->starts_at != BX_NO_TIME && plan->starts_at > plan->decide_by) {
        plan->decide_by = plan->starts_at;
    }

    return BX_OK;
}


/* Everything but the database: span, term, claims, chain. */
static void
plan_settle(const bx_leave_ask *ask, bx_leave_plan *plan)
{
    bx_date  starts, ends;

    plan->fault = span_settle(ask, plan->cal, &plan->span);
    if (plan->fault != BX_LEAVE_OK) {
        return;
    }

    if (bx_calendar_term(plan->cal, plan->span.from.day, &starts, &ends) && plan->span.to.day > ends) {
        plan->fault = BX_LEAVE_PAST_TERM;
        (void) bx_previous_slot(plan->cal, (bx_slot) { ends + 1, 1 }, &plan->term_last);
        return;
    }

    plan->halves = bx_half_days(plan->cal, plan->span);
    plan->chain_halves = chain_length(plan, plan->span, plan->halves);
    plan->starts_at = bx_slot_begins(plan->cal, plan->span.from);
    plan->has_back = bx_next_slot(plan->cal, plan->span.to, &plan->back);
    plan->taken = claim_in_the_way(plan, plan->span);
    if (plan->taken != NULL) {
        plan->fault = BX_LEAVE_TAKEN;
    }
}


bx_rc
bx_leave_plan_make(bx_call *c, const bx_leave_ask *ask, bx_leave_plan *plan)
{
    bx_date  today = bx_date_of(bx_call_now(c)), to = ask->asked.to.day;

    memset(plan, 0, sizeof(*plan));

    /* a date a year away is a slip of the finger, not a reason to load a century */
    if (ask->asked.from.day < today - FAR_DAYS || ask->asked.from.day > today + FAR_DAYS) {
        plan->fault = BX_LEAVE_NO_SCHOOL;
        return BX_OK;
    }
    if (to > ask->asked.from.day + FAR_DAYS) {
        to = ask->asked.from.day + FAR_DAYS;
    }

    if (bx_calendar_load(c, ask->class_id, ask->asked.from.day < today ? ask->asked.from.day : today,
                         to > today ? to : today, &plan->cal) != BX_OK
        || claims_read(c, ask, plan) != BX_OK)
    {
        return BX_FAIL;
    }

    plan_settle(ask, plan);
    return plan->fault == BX_LEAVE_OK || plan->fault == BX_LEAVE_TAKEN ? route_choose(c, ask, plan) : BX_OK;
}


void
bx_leave_plan_again(bx_call *c, const bx_leave_ask *ask, const bx_leave_plan *base, bx_leave_plan *plan)
{
    *plan = *base;
    plan->taken = NULL;
    plan_settle(ask, plan);

    if (plan->fault == BX_LEAVE_OK && route_choose(c, ask, plan) != BX_OK) {
        plan->fault = BX_LEAVE_NO_SCHOOL;
    }
}


const char *
bx_leave_half(const bx_leave_plan *plan, bx_slot s)
{
    const bx_bells *bells = bx_calendar_bells(plan->cal, s.day);

    return bells != NULL && s.period > bells->am ? "pm" : "am";
}


json_t *
bx_leave_span_json(bx_call *c, const bx_leave_plan *plan)
{
    bx_arena *a = bx_call_arena(c);

    return json_pack("{s:s, s:i, s:s, s:s, s:i, s:s, s:f, s:f, s:s}",
        "starts_on", bx_date_text(a, plan->span.from.day), "starts_period", plan->span.from.period,
        "starts_half", bx_leave_half(plan, plan->span.from),
        "ends_on", bx_date_text(a, plan->span.to.day), "ends_period", plan->span.to.period,
        "ends_half", bx_leave_half(plan, plan->span.to),
        "school_days", plan->halves / 2.0, "chain_days", plan->chain_halves / 2.0, "route", plan->route);
}
