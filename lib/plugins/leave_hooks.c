/* leave_hooks.c: what happens when leave is asked for, decided, taken back, returned from; and what the clock does.
 * The states and who may do what are in leave.c, the arithmetic in leave_plan.c. */

#include "flow/flow.h"
#include "plugins/leave.h"

#include <inttypes.h>
#include <string.h>

/* The class teacher, the office and the principal of a class and its school on a day; own: guardian of the child. */
static const char sql_deciders[] =
    "SELECT p.unit_id, p.role, a.name, EXISTS (SELECT 1 FROM student_guardian sg JOIN guardian g ON g.id = sg.guardian_id"
    " WHERE sg.student_id = ? AND sg.ends_on IS NULL AND (g.account_id = a.id OR g.phone_hash = a.phone_hash)) AS own"
    " FROM position p JOIN account a ON a.id = p.account_id AND a.disabled_at IS NULL"
    " WHERE p.unit_id IN (?, ?) AND p.role IN ('teacher', 'office', 'principal')"
    " AND p.starts_on <= ? AND (p.ends_on IS NULL OR p.ends_on >= ?) ORDER BY p.id";


static bx_leave_ask
ask_of(const bx_record *r)
{
    return (bx_leave_ask) {
        .student = bx_rec_student(r), .class_id = bx_rec_class(r), .school = bx_rec_school(r), .self = bx_rec_id(r),
        .asked = { { bx_rec_date(r, "starts_on"), (int) bx_rec_int(r, "starts_period") },
                   { bx_rec_date(r, "ends_on"), (int) bx_rec_int(r, "ends_period") } }
    };
}


/* Every change of a child's leave goes through this counter, so that two guardians cannot claim the same day at once. */
static bx_rc
claim_student(bx_call *c, const bx_record *r, const bx_leave_plan *plan)
{
    if (bx_ladder_touch(c, bx_rec_student(r)) != BX_OK) {
        return BX_FAIL;
    }

    return bx_queue(c, 1, "UPDATE student SET leave_seq = leave_seq + 1 WHERE id = ? AND leave_seq = ?",
                    BX_ARGS(bx_int(bx_rec_student(r)), bx_int(plan->leave_seq)));
}


static void
set_span(bx_record *r, const bx_leave_plan *plan)
{
    bx_set_date(r, "starts_on", plan->span.from.day);
    bx_set_int(r, "starts_period", plan->span.from.period);
    bx_set_text(r, "starts_half", bx_leave_half(plan, plan->span.from));
    bx_set_date(r, "ends_on", plan->span.to.day);
    bx_set_int(r, "ends_period", plan->span.to.period);
    bx_set_text(r, "ends_half", bx_leave_half(plan, plan->span.to));
    bx_set_int(r, "half_days", plan->halves);
    bx_set_int(r, "chain_half_days", plan->chain_halves);
    bx_set_text(r, "route", plan->route);
    bx_set_time(r, "starts_at", plan->starts_at);
    bx_set_date(r, "back_on", plan->has_back ? plan->back.day : BX_NO_DATE);
    if (plan->has_back) {
        bx_set_int(r, "back_period", plan->back.period);
        bx_set_time(r, "back_at", bx_slot_begins(plan->cal, plan->back));
    }
}


/* ---- asking */

static bx_rc
check_extends(bx_call *c, const bx_record *r, const bx_leave_plan *plan)
{
    bx_id  first = bx_rec_int(r, "extends_id");

    for (size_t i = 0; i < plan->nclaims; i++) {
        if (plan->claims[i].id == first) {
            return BX_OK;
        }
    }

    return first == 0 ? BX_OK : bx_refuse(c, BX_E_INVALID, "extends_id", "not_found", NULL);
}


/* A draft may be about days that cannot be had; it must only be about days that exist. */
bx_rc
bx_leave_save(bx_call *c, bx_record *r)
{
    bx_leave_ask  ask = ask_of(r);

    if (ask.asked.to.day < ask.asked.from.day
        || (ask.asked.to.day == ask.asked.from.day && ask.asked.to.period < ask.asked.from.period))
    {
        return bx_refuse(c, BX_E_INVALID, "ends_on", "leave.backwards", NULL);
    }

    bx_set_text(r, "channel", "portal");
    bx_set_text(r, "starts_half", ask.asked.from.period > 4 ? "pm" : "am");
    bx_set_text(r, "ends_half", ask.asked.to.period > 4 ? "pm" : "am");
    return BX_OK;
}


/* Is there a class teacher who is not a guardian of this very child? If not, the delegate decides from the start. */
static bx_rc
teacher_can_decide(bx_call *c, const bx_record *r, bool *can)
{
    bx_rows      rows;
    const char  *today = bx_date_text(bx_call_arena(c), bx_date_of(bx_call_now(c)));

    *can = false;
    if (bx_query(c, &rows, sql_deciders,
                 BX_ARGS(bx_int(bx_rec_student(r)), bx_int(bx_rec_class(r)), bx_int(bx_rec_school(r)), bx_text(today),
                         bx_text(today))) != BX_OK)
    {
        return BX_FAIL;
    }

    for (size_t i = 0; i < rows.nrows; i++) {
        if (strcmp(bx_cell_text(&rows, i, 1), "teacher") == 0 && bx_cell_int(&rows, i, 3) == 0) {
            *can = true;
        }
    }

    return BX_OK;
}


bx_rc
bx_leave_submit(bx_call *c, bx_record *r)
{
    bx_leave_ask   ask = ask_of(r);
    bx_leave_plan  plan;
    bool           can;

    if (bx_leave_plan_make(c, &ask, &plan) != BX_OK || bx_leave_refuse_plan(c, &ask, &plan) != BX_OK
        || check_extends(c, r, &plan) != BX_OK || teacher_can_decide(c, r, &can) != BX_OK)
    {
        return BX_FAIL;
    }

    set_span(r, &plan);
    bx_set_text(r, "channel", "portal");
    bx_set_int(r, "needs_paper", 0);
    bx_set_text(r, "proxy_reason", NULL);
    bx_set_time(r, "submitted_at", bx_call_now(c));
    bx_set_time(r, "decide_by", plan.decide_by);
    bx_set_int(r, "escalated", !can);
    bx_set_text(r, "requested_by", bx_call_actor(c));

    if (bx_leave_task_open(c, r, can ? "teacher" : "grade") != BX_OK || bx_leave_tell_teacher(c, r) != BX_OK) {
        return BX_FAIL;
    }
    return claim_student(c, r, &plan);
}


/* Is that the name of one of the child's guardians? */
static bx_rc
is_guardian(bx_call *c, bx_id student, const char *name, bool *is)
{
    static const char  sql[] = "SELECT 1 FROM student_guardian sg JOIN guardian g ON g.id = sg.guardian_id"
                               " WHERE sg.student_id = ? AND sg.ends_on IS NULL AND g.name = ?";
    bx_rows            rows;

    *is = false;
    if (name == NULL) {
        return BX_OK;
    }
    if (bx_query(c, &rows, sql, BX_ARGS(bx_int(student), bx_text(name))) != BX_OK) {
        return BX_FAIL;
    }

    *is = rows.nrows > 0;
    return BX_OK;
}


/* Who phoned, or brought the slip. Somebody else than a guardian only with a reason (catalogue W2: no proxy otherwise). */
static bx_rc
check_caller(bx_call *c, bx_record *r)
{
    bool  guardian;

    if (!bx_rec_has(r, "requested_by")) {
        return bx_refuse(c, BX_E_INVALID, "requested_by", "required", NULL);
    }
    if (is_guardian(c, bx_rec_student(r), bx_rec_text(r, "requested_by"), &guardian) != BX_OK) {
        return BX_FAIL;
    }
    if (!guardian && !bx_rec_has(r, "proxy_reason")) {
        return bx_refuse(c, BX_E_INVALID, "proxy_reason", "leave.proxy_reason", NULL);
    }

    return BX_OK;
}


static bx_rc
check_channel(bx_call *c, bx_record *r)
{
    const char *channel = bx_rec_text(r, "channel");

    if (channel == NULL) {
        bx_set_text(r, "channel", "phone");
    } else if (strcmp(channel, "portal") == 0) {
        return bx_refuse(c, BX_E_INVALID, "channel", "not_in_list", NULL);
    } else if (strcmp(channel, "paper") == 0 && !bx_rec_taken(r, "certificate")) {
        return bx_refuse(c, BX_E_INVALID, "certificate", "leave.paper_photo", NULL);
    }

    return BX_OK;
}


/* ---- deciding */

/* The leave before this one now lasts as long as this one does; an overdue child is on leave again. */
static bx_rc
carry_on(bx_call *c, const bx_leave_plan *plan)
{
    const bx_leave_claim *before = bx_leave_before(plan, plan->span);

    if (before == NULL || (strcmp(before->state, "approved") != 0 && strcmp(before->state, "away") != 0
                           && strcmp(before->state, "overdue") != 0))
    {
        return BX_OK;
    }
    if (strcmp(before->state, "overdue") == 0
        && bx_queue_move(c, bx_leave_record, "prolong", before->id, before->version, before->state) != BX_OK)
    {
        return BX_FAIL;
    }

    return bx_queue(c, -1, "UPDATE leave_request SET back_on = ?, back_period = ?, back_at = ? WHERE id = ?",
        BX_ARGS(plan->has_back ? bx_text(bx_date_text(bx_call_arena(c), plan->back.day)) : bx_null(),
                plan->has_back ? bx_int(plan->back.period) : bx_null(),
                plan->has_back ? bx_text(bx_time_sql(bx_call_arena(c), bx_slot_begins(plan->cal, plan->back))) : bx_null(),
                bx_int(before->id)));
}


/* The leave that ended where this one began ends there again. */
static bx_rc
let_go(bx_call *c, const bx_leave_plan *plan)
{
    const bx_leave_claim *before = bx_leave_before(plan, plan->span);
    bx_slot               back;

    if (before == NULL || (strcmp(before->state, "approved") != 0 && strcmp(before->state, "away") != 0)
        || !bx_next_slot(plan->cal, before->span.to, &back))
    {
        return BX_OK;
    }

    return bx_queue(c, -1, "UPDATE leave_request SET back_on = ?, back_period = ?, back_at = ? WHERE id = ?",
        BX_ARGS(bx_text(bx_date_text(bx_call_arena(c), back.day)), bx_int(back.period),
                bx_text(bx_time_sql(bx_call_arena(c), bx_slot_begins(plan->cal, back))), bx_int(before->id)));
}


static bx_rc
decide(bx_call *c, bx_record *r, bx_rc (*neighbour)(bx_call *, const bx_leave_plan *))
{
    bx_leave_ask   ask = ask_of(r);
    bx_leave_plan  plan;

    if (bx_leave_plan_make(c, &ask, &plan) != BX_OK) {
        return BX_FAIL;
    }
    if (plan.cal != NULL && (neighbour(c, &plan) != BX_OK || claim_student(c, r, &plan) != BX_OK)) {
        return BX_FAIL;
    }

    bx_set_text(r, "decided_by", bx_call_actor(c));
    return BX_OK;
}


bx_rc
bx_leave_approve(bx_call *c, bx_record *r)
{
    if (decide(c, r, carry_on) != BX_OK || bx_leave_task_close(c, r, false) != BX_OK) {
        return BX_FAIL;
    }

    return bx_leave_tell_guardians(c, r, "leave.approved");
}


/* Consent makes the leave provisional: its periods are excused at once, the office or the principal still decides. */
bx_rc
bx_leave_consent(bx_call *c, bx_record *r)
{
    int64_t  minutes;
    bx_time  due, starts = bx_rec_time(r, "starts_at");

    if (decide(c, r, carry_on) != BX_OK || bx_rule_int(c, "leave.decide_minutes", bx_rec_class(r), &minutes) != BX_OK) {
        return BX_FAIL;
    }

    due = bx_call_now(c) + minutes * 60;
    bx_set_time(r, "decide_by", starts != BX_NO_TIME && starts > due ? starts : due);
    bx_set_int(r, "escalated", 0);
    return bx_leave_task_close(c, r, false) == BX_OK ? bx_leave_task_open(c, r, bx_rec_text(r, "route")) : BX_FAIL;
}


/* A guardian phoned, or a pupil brought a slip: the class teacher's entry is the consent. */
bx_rc
bx_leave_enter(bx_call *c, bx_record *r)
{
    bx_leave_ask   ask = ask_of(r);
    bx_leave_plan  plan;

    if (check_caller(c, r) != BX_OK || check_channel(c, r) != BX_OK || bx_leave_plan_make(c, &ask, &plan) != BX_OK
        || bx_leave_refuse_plan(c, &ask, &plan) != BX_OK || check_extends(c, r, &plan) != BX_OK || carry_on(c, &plan) != BX_OK)
    {
        return BX_FAIL;
    }

    set_span(r, &plan);
    bx_set_time(r, "submitted_at", bx_call_now(c));
    bx_set_time(r, "decide_by", strcmp(plan.route, "teacher") == 0 ? BX_NO_TIME : plan.decide_by);
    bx_set_int(r, "needs_paper", strcmp(bx_rec_text(r, "channel"), "phone") == 0);
    bx_set_text(r, "decided_by", bx_call_actor(c));

    if (strcmp(plan.route, "teacher") != 0 && bx_leave_task_open(c, r, plan.route) != BX_OK) {
        return BX_FAIL;
    }
    return claim_student(c, r, &plan);
}


bx_rc
bx_leave_refuse(bx_call *c, bx_record *r)
{
    if (bx_leave_task_close(c, r, false) != BX_OK || bx_leave_tell_guardians(c, r, "leave.rejected") != BX_OK) {
        return BX_FAIL;
    }

    return decide(c, r, let_go);
}


bx_rc
bx_leave_cancel(bx_call *c, bx_record *r)
{
    const char  *state = bx_rec_state(r);
    bx_time      starts = bx_rec_time(r, "starts_at");

    if (strcmp(state, "draft") == 0) {
        return BX_OK;
    }
    /* an excused absence that has begun is ended by the return, not made undone */
    if (strcmp(state, "submitted") != 0 && starts != BX_NO_TIME && starts <= bx_call_now(c)) {
        return bx_refuse(c, BX_E_WRONG_STATE, "state", "leave.has_begun", NULL);
    }

    const char *decided = bx_rec_text(r, "decided_by");
    bx_rc       rc = bx_leave_task_close(c, r, true) == BX_OK ? decide(c, r, let_go) : BX_FAIL;

    bx_set_text(r, "decided_by", decided);
    return rc;
}


/* Entered for the wrong child or the wrong days: whoever enters may take it back, with a word about it, begun or not. */
bx_rc
bx_leave_withdraw(bx_call *c, bx_record *r)
{
    return bx_leave_task_close(c, r, true) == BX_OK ? decide(c, r, let_go) : BX_FAIL;
}


/* ---- coming back */

/* The period the child came back in, when nobody says: on time if the leave is over on time, else the one running now. */
static bool
back_guess(bx_call *c, const bx_record *r, const bx_calendar *cal, bx_slot *back)
{
    bx_time  now = bx_call_now(c);
    bx_time  due = bx_rec_time(r, "back_at");
    bx_date  today = bx_date_of(now);

    if (due != BX_NO_TIME && due <= now && strcmp(bx_rec_state(r), "overdue") != 0) {
        *back = (bx_slot) { bx_rec_date(r, "back_on"), (int) bx_rec_int(r, "back_period") };
        return true;
    }
    if (!bx_slot_at(cal, now, back)) {
        return false;
    }
    if (back->day == today) {
        return true;
    }

    /* said in the evening: the last period of today, if there was school */
    if (bx_is_school_day(cal, today)) {
        return bx_previous_slot(cal, (bx_slot) { today + 1, 1 }, back);
    }
    return true;
}


static bx_rc
back_check(bx_call *c, const bx_record *r, const bx_calendar *cal, bx_slot *back)
{
    bx_slot  now_slot, first = { bx_rec_date(r, "starts_on"), (int) bx_rec_int(r, "starts_period") };

    if (bx_rec_taken(r, "back_on")) {
        back->day = bx_rec_date(r, "back_on");
        back->period = bx_rec_taken(r, "back_period") ? (int) bx_rec_int(r, "back_period") : 1;
        if (back->day == BX_NO_DATE || bx_slot_begins(cal, *back) == BX_NO_TIME) {
            return bx_refuse(c, BX_E_INVALID, "back_on", "leave.no_school_days", NULL);
        }
    } else if (!back_guess(c, r, cal, back)) {
        return bx_refuse(c, BX_E_INVALID, "back_on", "leave.no_school_days", NULL);
    }

    if (back->day < first.day || (back->day == first.day && back->period <= first.period)) {
        return bx_refuse(c, BX_E_INVALID, "back_on", "leave.back_before_start", NULL);
    }
    if (bx_slot_at(cal, bx_call_now(c), &now_slot)
        && (back->day > now_slot.day || (back->day == now_slot.day && back->period > now_slot.period)))
    {
        return bx_refuse(c, BX_E_INVALID, "back_on", "leave.back_in_future", NULL);
    }

    return BX_OK;
}


/* The slip is due at 24:00 of the n-th school day after the day of return, and then there is a grace. */
bx_rc
bx_leave_paper_dates(bx_call *c, bx_id class_id, const bx_calendar *cal, bx_time *by, bx_time *until)
{
    int64_t  days, grace;
    bx_date  today = bx_date_of(bx_call_now(c)), last, end;

    if (bx_rule_int(c, "leave.paper_days", class_id, &days) != BX_OK
        || bx_rule_int(c, "leave.paper_grace_days", class_id, &grace) != BX_OK)
    {
        return BX_FAIL;
    }

    last = bx_add_school_days(cal, today, (int) days);
    end = bx_add_school_days(cal, today, (int) (days + grace));
    *by = last == BX_NO_DATE ? BX_NO_TIME : bx_time_at(last, 24 * 60);
    *until = end == BX_NO_DATE ? BX_NO_TIME : bx_time_at(end, 24 * 60);
    return BX_OK;
}


static bx_value
time_or_null(bx_call *c, bx_time t)
{
    return t == BX_NO_TIME ? bx_null() : bx_text(bx_time_sql(bx_call_arena(c), t));
}


/* One child comes back once: its other leaves that are going on end with this one. */
static bx_rc
return_others(bx_call *c, const bx_record *r, const bx_leave_plan *plan, bx_slot back)
{
    bx_time  by, until;

    if (bx_leave_paper_dates(c, bx_rec_class(r), plan->cal, &by, &until) != BX_OK) {
        return BX_FAIL;
    }

    for (size_t i = 0; i < plan->nclaims; i++) {
        const bx_leave_claim *claim = &plan->claims[i];

        if (strcmp(claim->state, "away") != 0 && strcmp(claim->state, "overdue") != 0) {
            continue;
        }
        if (bx_queue_move(c, bx_leave_record, claim->needs_paper ? "return_too_paper" : "return_too", claim->id, claim->version,
                          claim->state) != BX_OK
            || bx_queue(c, 1, "UPDATE leave_request SET back_on = ?, back_period = ?, returned_at = ?, paper_by = ?, paper_until = ?"
                        " WHERE id = ?",
                        BX_ARGS(bx_text(bx_date_text(bx_call_arena(c), back.day)), bx_int(back.period),
                                bx_text(bx_time_sql(bx_call_arena(c), bx_call_now(c))),
                                claim->needs_paper ? time_or_null(c, by) : bx_null(),
                                claim->needs_paper ? time_or_null(c, until) : bx_null(), bx_int(claim->id))) != BX_OK)
        {
            return BX_FAIL;
        }
    }

    return BX_OK;
}


bx_rc
bx_leave_paper(bx_call *c, bx_record *r)
{
    bx_set_int(r, "needs_paper", 0);
    return bx_leave_paper_close(c, r);
}


bx_rc
bx_leave_return(bx_call *c, bx_record *r)
{
    bx_leave_ask   ask = ask_of(r);
    bx_leave_plan  plan;
    bx_slot        back;
    bx_time        starts = bx_rec_time(r, "starts_at");

    if (starts == BX_NO_TIME || starts > bx_call_now(c)) {
        return bx_refuse(c, BX_E_WRONG_STATE, "state", "leave.not_begun", NULL);
    }
    if (bx_leave_plan_make(c, &ask, &plan) != BX_OK) {
        return BX_FAIL;
    }
    if (plan.cal == NULL) {
        return bx_refuse(c, BX_E_WRONG_STATE, "state", "leave.no_school_days", NULL);
    }
    if (back_check(c, r, plan.cal, &back) != BX_OK || return_others(c, r, &plan, back) != BX_OK) {
        return BX_FAIL;
    }

    bx_set_date(r, "back_on", back.day);
    bx_set_int(r, "back_period", back.period);
    bx_set_time(r, "returned_at", bx_call_now(c));
    if (bx_rec_int(r, "needs_paper") != 0) {
        bx_time  by, until;

        if (bx_leave_paper_dates(c, bx_rec_class(r), plan.cal, &by, &until) != BX_OK) {
            return BX_FAIL;
        }
        bx_set_time(r, "paper_by", by);
        bx_set_time(r, "paper_until", until);
        if (bx_leave_paper_open(c, r) != BX_OK) {
            return BX_FAIL;
        }
    }
    return claim_student(c, r, &plan);
}


/* ---- the clock */

bx_rc
bx_leave_clock(bx_call *c)
{
    const char *now = bx_time_sql(bx_call_arena(c), bx_call_now(c));
    unsigned    moved;

    if (bx_sweep(c, bx_leave_record, "escalate", "t.escalated = 0 AND t.decide_by <= ?", BX_ARGS(bx_text(now)), &moved) != BX_OK
        || bx_sweep(c, bx_leave_record, "escalate_further", "t.escalated = 0 AND t.decide_by <= ?", BX_ARGS(bx_text(now)),
                    &moved) != BX_OK
        || bx_sweep(c, bx_leave_record, "start", "t.starts_at <= ? AND (t.state = 'approved' OR t.route = 'teacher')",
                    BX_ARGS(bx_text(now)), &moved) != BX_OK
        || bx_leave_paper_lapse(c) != BX_OK
        || bx_sweep(c, bx_leave_record, "lapse", "t.paper_until <= ?", BX_ARGS(bx_text(now)), &moved) != BX_OK
        || bx_leave_tell_overdue(c) != BX_OK)
    {
        return BX_FAIL;
    }

    return bx_sweep(c, bx_leave_record, "overrun", "t.back_at <= ?", BX_ARGS(bx_text(now)), &moved);
}
