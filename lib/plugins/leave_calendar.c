/* leave_calendar.c: what becomes of leave that is asked for or going on when days of its class become others: a holiday is
 * moved, snow closes the class, the term ends earlier. The dates that somebody wrote stay; what was computed from them (school
 * days, when the child is expected back, who decides and by when, when the slip is due) is computed again, with a line in the
 * history. Decisions stay as they were made. Does not own the arithmetic (leave_plan.c). */

#include "flow/flow.h"
#include "plugins/leave.h"

#include <inttypes.h>
#include <string.h>

static const char sql_touched[] =
    "SELECT l.id, l.version, l.state, l.student_id, l.class_id, l.school_id, l.starts_on, l.starts_period, l.ends_on,"
    " l.ends_period, l.half_days, l.chain_half_days, l.route, l.starts_at, l.back_on, l.back_period, l.back_at, l.decide_by,"
    " l.submitted_at, l.returned_at, l.paper_by, l.paper_until"
    " FROM leave_request l WHERE l.class_id = ? AND l.state IN ('submitted', 'provisional', 'approved', 'away', 'overdue',"
    " 'awaiting_paper', 'no_paper') AND l.starts_on <= ? AND (l.ends_on >= ? OR l.back_on >= ? OR l.back_on IS NULL"
    " OR l.paper_until >= ?) ORDER BY l.id";

enum {
    ID, VERSION, STATE, STUDENT, CLASS, SCHOOL, STARTS_ON, STARTS_PERIOD, ENDS_ON, ENDS_PERIOD, HALVES, CHAIN, ROUTE, STARTS_AT,
    BACK_ON, BACK_PERIOD, BACK_AT, DECIDE_BY, SUBMITTED_AT, RETURNED_AT, PAPER_BY, PAPER_UNTIL
};

/* What is computed from the calendar. */
typedef struct {
    int          halves, chain;
    const char  *route;
    bx_time      starts_at, decide_by, back_at, paper_by, paper_until;
    bx_slot      back;                        /* day BX_NO_DATE: none */
} reckoning;

typedef struct {
    bx_id         id;
    int64_t       version;
    const char   *state;
    bx_leave_ask  ask;
    reckoning     old;
    bx_time       submitted_at, returned_at;
} slip;


static bx_time
time_of(const bx_rows *rows, size_t i, size_t col)
{
    const char *s = bx_cell_text(rows, i, col);

    return s == NULL ? BX_NO_TIME : bx_time_parse_sql(s);
}


static bx_date
day_of(const bx_rows *rows, size_t i, size_t col)
{
    const char *s = bx_cell_text(rows, i, col);

    return s == NULL ? BX_NO_DATE : bx_date_parse(s);
}


static slip
slip_of(const bx_rows *rows, size_t i)
{
    slip  s = {
        .id = bx_cell_int(rows, i, ID), .version = bx_cell_int(rows, i, VERSION), .state = bx_cell_text(rows, i, STATE),
        .submitted_at = time_of(rows, i, SUBMITTED_AT), .returned_at = time_of(rows, i, RETURNED_AT)
    };

    s.ask = (bx_leave_ask) {
        .student = bx_cell_int(rows, i, STUDENT), .class_id = bx_cell_int(rows, i, CLASS), .school = bx_cell_int(rows, i, SCHOOL),
        .self = s.id, .asked = { { day_of(rows, i, STARTS_ON), (int) bx_cell_int(rows, i, STARTS_PERIOD) },
                                 { day_of(rows, i, ENDS_ON), (int) bx_cell_int(rows, i, ENDS_PERIOD) } }
    };
    s.old = (reckoning) {
        .halves = (int) bx_cell_int(rows, i, HALVES), .chain = (int) bx_cell_int(rows, i, CHAIN),
        .route = bx_cell_text(rows, i, ROUTE), .starts_at = time_of(rows, i, STARTS_AT), .decide_by = time_of(rows, i, DECIDE_BY),
        .back_at = time_of(rows, i, BACK_AT), .paper_by = time_of(rows, i, PAPER_BY), .paper_until = time_of(rows, i, PAPER_UNTIL),
        .back = { day_of(rows, i, BACK_ON), (int) bx_cell_int(rows, i, BACK_PERIOD) }
    };
    return s;
}


static bool
is_one_of(const char *state, const char *states)
{
    size_t  n = strlen(state);

    for (const char *at = strstr(states, state); at != NULL; at = strstr(at + 1, state)) {
        if ((at == states || at[-1] == ' ') && (at[n] == ' ' || at[n] == '\0')) {
            return true;
        }
    }

    return false;
}


/* The last period of the leave and of those decided ones that go on from it: the child is expected after that. */
static bx_slot
last_of_chain(const bx_leave_plan *plan, bx_slot last)
{
    bx_slot  next;

    for (size_t i = 0; i < plan->nclaims; i++) {                        /* ordered by their first period */
        const bx_leave_claim *claim = &plan->claims[i];

        if (is_one_of(claim->state, "provisional approved away overdue") && bx_next_slot(plan->cal, last, &next)
            && next.day == claim->span.from.day && next.period == claim->span.from.period)
        {
            last = claim->span.to;
        }
    }

    return last;
}


static void
reckon_back(const bx_leave_plan *plan, bx_slot last, reckoning *out)
{
    out->back = (bx_slot) { BX_NO_DATE, 0 };
    out->back_at = BX_NO_TIME;
    if (bx_next_slot(plan->cal, last_of_chain(plan, last), &out->back)) {
        out->back_at = bx_slot_begins(plan->cal, out->back);
    }
}


/* Only of a request that nobody has decided, and only as far as its length asks for it: one that was sent to the office for
 * being late stays there. */
static bx_rc
reckon_route(bx_call *c, const slip *s, reckoning *out)
{
    static const char *const  routes[] = { "teacher", "office", "principal" };
    int64_t                   teacher, office, minutes;
    int                       by_old, by_new;

    if (bx_rule_int(c, "leave.teacher_days", s->ask.class_id, &teacher) != BX_OK
        || bx_rule_int(c, "leave.office_days", s->ask.class_id, &office) != BX_OK
        || bx_rule_int(c, "leave.decide_minutes", s->ask.class_id, &minutes) != BX_OK)
    {
        return BX_FAIL;
    }

    by_old = (s->old.chain > 2 * teacher) + (s->old.chain > 2 * office);
    by_new = (out->chain > 2 * teacher) + (out->chain > 2 * office);
    if (by_new != by_old && (by_new > by_old || strcmp(out->route, routes[by_old]) == 0)) {
        out->route = routes[by_new];
    }

    if (s->submitted_at != BX_NO_TIME) {
        out->decide_by = s->submitted_at + minutes * 60;
        if (out->starts_at != BX_NO_TIME && out->starts_at > out->decide_by) {
            out->decide_by = out->starts_at;
        }
    }
    return BX_OK;
}


static bx_rc
reckon_paper(bx_call *c, const slip *s, const bx_calendar *cal, reckoning *out)
{
    int64_t  days, grace;
    bx_date  back = s->returned_at == BX_NO_TIME ? BX_NO_DATE : bx_date_of(s->returned_at), by, until;

    if (back == BX_NO_DATE) {
        return BX_OK;
    }
    if (bx_rule_int(c, "leave.paper_days", s->ask.class_id, &days) != BX_OK
        || bx_rule_int(c, "leave.paper_grace_days", s->ask.class_id, &grace) != BX_OK)
    {
        return BX_FAIL;
    }

    by = bx_add_school_days(cal, back, (int) days);
    until = bx_add_school_days(cal, back, (int) (days + grace));
    out->paper_by = by == BX_NO_DATE ? BX_NO_TIME : bx_time_at(by, 24 * 60);
    out->paper_until = until == BX_NO_DATE ? BX_NO_TIME : bx_time_at(until, 24 * 60);
    return BX_OK;
}


/* The span as it was asked for, on the calendar as it is now. The chain of a request that is still to be decided is measured
 * again; that of others is the one it was decided by, but for its own days. */
static void
reckon_span(bx_call *c, const slip *s, bx_leave_plan *plan, reckoning *out)
{
    bx_leave_plan  whole;
    bx_slot        before = { s->ask.asked.from.day, s->ask.asked.from.period - 1 }, first;

    out->halves = bx_half_days(plan->cal, s->ask.asked);
    out->chain = s->old.chain + out->halves - s->old.halves;
    if (bx_next_slot(plan->cal, before, &first) && first.day <= s->ask.asked.to.day) {
        out->starts_at = bx_slot_begins(plan->cal, first);
    }
    if (strcmp(s->state, "submitted") != 0) {
        return;
    }

    for (size_t i = 0; i < plan->nclaims; i++) {
        plan->claims[i].halves = bx_half_days(plan->cal, plan->claims[i].span);
    }
    bx_leave_plan_again(c, &s->ask, plan, &whole);
    if (whole.fault == BX_LEAVE_OK || whole.fault == BX_LEAVE_TAKEN) {
        out->chain = whole.chain_halves;
    }
}


static bx_rc
reckon(bx_call *c, const slip *s, bx_leave_plan *plan, reckoning *out)
{
    *out = s->old;

    if (is_one_of(s->state, "awaiting_paper no_paper")) {
        return reckon_paper(c, s, plan->cal, out);
    }

    reckon_span(c, s, plan, out);
    reckon_back(plan, s->ask.asked.to, out);
    return strcmp(s->state, "submitted") == 0 ? reckon_route(c, s, out) : BX_OK;
}


static bool
same(const reckoning *a, const reckoning *b)
{
    return a->halves == b->halves && a->chain == b->chain && a->starts_at == b->starts_at && a->decide_by == b->decide_by
           && a->back.day == b->back.day && (a->back.day == BX_NO_DATE || a->back.period == b->back.period)
           && a->back_at == b->back_at && a->paper_by == b->paper_by && a->paper_until == b->paper_until
           && (a->route == b->route || (a->route != NULL && b->route != NULL && strcmp(a->route, b->route) == 0));
}


/* ---- writing */

static bx_value
time_value(bx_call *c, bx_time t)
{
    return t == BX_NO_TIME ? bx_null() : bx_text(bx_time_sql(bx_call_arena(c), t));
}


static const char sql_write[] =
    "UPDATE leave_request SET version = version + 1, updated_at = ?, half_days = ?, chain_half_days = ?, route = ?, starts_at = ?,"
    " decide_by = ?, back_on = ?, back_period = ?, back_at = ?, paper_by = ?, paper_until = ? WHERE id = ? AND version = ?";

/* A child that counts as not back, and is not expected yet, is on leave again; a slip that counts as missing, and is not due
 * yet, is waited for again. NULL: the state stays. */
static const char *
move_of(const slip *s, const reckoning *now, bx_time at)
{
    if (strcmp(s->state, "overdue") == 0 && (now->back_at == BX_NO_TIME || now->back_at > at)) {
        return "prolong";
    }
    if (strcmp(s->state, "no_paper") == 0 && now->paper_until != BX_NO_TIME && now->paper_until > at) {
        return "await_again";
    }

    return NULL;
}


static json_t *
day_pair(bx_call *c, bx_date from, bx_date to)
{
    return json_pack("[s?, s?]", from == BX_NO_DATE ? NULL : bx_date_text(bx_call_arena(c), from),
                     to == BX_NO_DATE ? NULL : bx_date_text(bx_call_arena(c), to));
}


static json_t *
changes_of(bx_call *c, const slip *s, const reckoning *now)
{
    json_t *o = bx_own(bx_call_arena(c), json_object());

    if (now->halves != s->old.halves) {
        json_object_set_new(o, "half_days", json_pack("[i, i]", s->old.halves, now->halves));
    }
    if (now->back.day != s->old.back.day) {
        json_object_set_new(o, "back_on", day_pair(c, s->old.back.day, now->back.day));
    }
    if (now->route != NULL && s->old.route != NULL && strcmp(now->route, s->old.route) != 0) {
        json_object_set_new(o, "route", json_pack("[s, s]", s->old.route, now->route));
    }

    return o;
}


static bx_rc
write_slip(bx_call *c, const slip *s, const bx_leave_plan *plan, const reckoning *now)
{
    const char       *move = move_of(s, now, bx_call_now(c));
    int64_t           version = s->version;
    struct bx_record  r = { .def = bx_leave_record, .call = c, .id = s->id, .state = s->state };

    if (move != NULL) {
        if (bx_queue_move(c, bx_leave_record, move, s->id, version, s->state) != BX_OK) {
            return BX_FAIL;
        }
        version++;
    }

    if (bx_queue(c, 1, sql_write,
                 BX_ARGS(bx_text(bx_time_sql(bx_call_arena(c), bx_call_now(c))), bx_int(now->halves), bx_int(now->chain),
                         bx_text(now->route), time_value(c, now->starts_at), time_value(c, now->decide_by),
                         now->back.day == BX_NO_DATE ? bx_null() : bx_text(bx_date_text(bx_call_arena(c), now->back.day)),
                         now->back.day == BX_NO_DATE ? bx_null() : bx_int(now->back.period), time_value(c, now->back_at),
                         time_value(c, now->paper_by), time_value(c, now->paper_until), bx_int(s->id), bx_int(version))) != BX_OK
        || bx_queue(c, 1, "UPDATE student SET leave_seq = leave_seq + 1 WHERE id = ? AND leave_seq = ?",
                    BX_ARGS(bx_int(s->ask.student), bx_int(plan->leave_seq))) != BX_OK
        || (move == NULL && bx_history_queue(c, &r, "recalculate", s->state, NULL) != BX_OK))
    {
        return BX_FAIL;
    }

    return bx_commit_batch(c, s->ask.school, "recalculate", "leave-requests", s->id, changes_of(c, s, now));
}


/* Somebody who acts on a request meanwhile makes this one fail: the job comes again. */
bx_rc
bx_leave_calendar(bx_call *c, bx_id class_id, bx_date from, bx_date to)
{
    const char  *first = bx_date_text(bx_call_arena(c), from), *last = bx_date_text(bx_call_arena(c), to);
    bx_rows      rows;

    if (bx_query(c, &rows, sql_touched, BX_ARGS(bx_int(class_id), bx_text(last), bx_text(first), bx_text(first),
                                                bx_text(first))) != BX_OK)
    {
        return BX_FAIL;
    }

    for (size_t i = 0; i < rows.nrows; i++) {
        slip           s = slip_of(&rows, i);
        reckoning      now;
        bx_leave_plan  plan;

        if (bx_leave_plan_make(c, &s.ask, &plan) != BX_OK) {
            return BX_FAIL;
        }
        if (plan.cal == NULL) {
            continue;
        }
        if (reckon(c, &s, &plan, &now) != BX_OK || (!same(&s.old, &now) && write_slip(c, &s, &plan, &now) != BX_OK)) {
            return BX_FAIL;
        }
    }

    return BX_OK;
}
