/* dropout_clock.c: what nobody does: deadlines of guardians that pass, joint persuasion that is called for, days of attendance
 * that are counted, a child that is lost again. Each case in a transaction of its own, guarded by its version and seq: when a
 * person was faster, the next run looks again. */

#include "flow/calendar.h"
#include "flow/flow.h"
#include "plugins/dropout.h"

#include <string.h>

#define BATCH  "500"


/* Commits what was queued for one case. Somebody was faster: nothing is written, and nothing is wrong. */
static bx_rc
case_commit(bx_call *c, const bx_case *k, const char *action)
{
    return bx_commit_unless_raced(c, k->school, action, "dropout-cases", k->id, NULL);
}


typedef bx_rc (*case_fn)(bx_call *c, const bx_case *k);

/* Runs fn on each case that the query names by its first column. */
static bx_rc
each_case(bx_call *c, const char *sql, const bx_value *args, size_t nargs, case_fn fn, const char *action)
{
    bx_rows  rows;

    if (bx_query(c, &rows, sql, args, nargs) != BX_OK) {
        return BX_FAIL;
    }

    for (size_t i = 0; i < rows.nrows; i++) {
        bx_case  k;
        bool     found;

        bx_queue_clear(c);
        if (bx_case_read(c, bx_cell_int(&rows, i, 0), &k, &found) != BX_OK
            || (found && (fn(c, &k) != BX_OK || case_commit(c, &k, action) != BX_OK)))
        {
            return BX_FAIL;
        }
    }

    return BX_OK;
}


/* ---- deadlines that pass */

/* The child did not come by the last bell: the township is told, and somebody goes there again. */
static bx_rc
notice_missed(bx_duties *s, bx_duty *t)
{
    bool     order = strcmp(t->step, "return_order") == 0;
    bx_time  at = t->nominal;

    bx_duty_missed(s, t->step);
    if (bx_dropout_note(s->c, s->of.id, order ? "order_missed" : "notice_missed", s->of.state, NULL) != BX_OK
        || bx_queue_moves(s->c, "return-notices", "miss", "t.case_id = ? AND t.kind = ?",
                          BX_ARGS(bx_int(s->of.id), bx_text(order ? "order" : "notice"))) != BX_OK)
    {
        return BX_FAIL;
    }
    if (order) {
        return BX_OK;
    }

    return bx_duty_open(s, "persuade", at, at) == BX_OK ? bx_duty_open(s, "tell_township", at, at) : BX_FAIL;
}


/* Nobody confirmed that the child goes to school elsewhere: lost, and nobody knows where. The case goes on. */
static bx_rc
transfer_missed(bx_duties *s)
{
    if (bx_queue(s->c, 1, "UPDATE dropout_case SET whereabouts = 'unknown' WHERE id = ?", BX_ARGS(bx_int(s->of.id))) != BX_OK) {
        return BX_FAIL;
    }

    return bx_dropout_note(s->c, s->of.id, "trace_lost", s->of.state, NULL);
}


static bool
is_one_of(const char *word, const char *const *words)
{
    while (*words != NULL && strcmp(*words, word) != 0) {
        words++;
    }

    return *words != NULL;
}


/* Dues that have passed; the case is late from now on when they were the school's. */
static bx_rc
dues_passed(bx_call *c, const bx_case *k)
{
    static const char *const  deadlines[] = { "return", "return_order", NULL };
    bx_duties                 s;
    bool                      late = false;

    if (bx_duties_load(c, k, &s) != BX_OK) {
        return BX_FAIL;
    }

    for (size_t i = 0, n = s.n; i < n; i++) {
        bx_duty *t = &s.list[i];

        if (t->state != BX_DUTY_OPEN || t->held || t->nominal > bx_call_now(c)) {
            continue;
        }
        late = late || bx_duty_of_school(t->step);
        if ((is_one_of(t->step, deadlines) && notice_missed(&s, t) != BX_OK)
            || (strcmp(t->step, "transfer") == 0 && !k->lost && transfer_missed(&s) != BX_OK))
        {
            return BX_FAIL;
        }
    }

    return c->writes == NULL && (!late || k->late) ? BX_OK : bx_duties_write(&s, NULL);
}


/* Steps whose time has come get their tasks. */
static bx_rc
announce(bx_call *c, const bx_case *k)
{
    bx_duties  s;

    return bx_duties_load(c, k, &s) == BX_OK ? bx_duties_write(&s, NULL) : BX_FAIL;
}


/* ---- joint persuasion */

static bx_rc
raise_joint(bx_call *c, const bx_case *k)
{
    bx_duties  s;

    if (bx_duties_load(c, k, &s) != BX_OK || bx_queue_move(c, bx_dropout_record, "raise", k->id, k->version, k->state) != BX_OK) {
        return BX_FAIL;
    }

    return bx_duties_write(&s, NULL);
}


/* ---- days at school */

static bx_rc
settle(bx_duties *s, const bx_calendar *cal, bx_time at, int64_t months)
{
    static const char  sql[] =
        "INSERT INTO follow_up (id, version, state, student_id, class_id, school_id, township_id, case_id, ordinal, due_on, created_at, updated_at)"
        " VALUES (?, 1, 'due', ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    bx_arena          *a = bx_call_arena(s->c);
    const bx_case     *k = &s->of;
    bx_value           now = bx_text(bx_time_sql(a, bx_call_now(s->c)));
    bx_date            day = bx_date_of(at), until = day;

    bx_duty_drop(s, NULL, "returned");
    for (int i = 1; i <= months; i++) {
        until = bx_review_day(cal, day, i);
        if (bx_queue(s->c, 1, sql,
                BX_ARGS(bx_int(bx_id_new()), bx_int(k->student), bx_int(k->class_id), bx_int(k->school),
                        k->township == 0 ? bx_null() : bx_int(k->township), bx_int(k->id), bx_int(k->round * 10 + i),
                        bx_text(bx_date_text(a, until)), now, now)) != BX_OK
            || bx_duty_open_due(s, "review", bx_time_at(until - 14, 0), bx_time_at(until, 24 * 60), bx_time_at(until - 14, 0)) != BX_OK)
        {
            return BX_FAIL;
        }
    }

    if (bx_duty_open_due(s, "close", bx_time_at(until, 0), bx_time_at(until, 24 * 60), bx_time_at(until, 0)) != BX_OK
        || bx_queue_move(s->c, bx_dropout_record, "settle", k->id, k->version, k->state) != BX_OK)
    {
        return BX_FAIL;
    }

    return bx_queue(s->c, 1, "UPDATE dropout_case SET follow_up_from = ?, follow_up_until = ? WHERE id = ?",
        BX_ARGS(bx_text(bx_time_sql(a, at)), bx_text(bx_date_text(a, until)), bx_int(k->id)));
}


/* The return failed: the case is where it was, and what was due there is as due as it is. */
static bx_rc
fall_back(bx_duties *s)
{
    const bx_case *k = &s->of;
    const char    *action = bx_sprintf(bx_call_arena(s->c), "again_%s", k->back_to);

    bx_duty_drop(s, "return_report", "absent_again");
    bx_duty_drop(s, "sign", "absent_again");
    bx_duties_resume(s);
    return bx_queue_move(s->c, bx_dropout_record, action, k->id, k->version, k->state);
}


static bx_rc
observing(bx_call *c, const bx_case *k)
{
    const bx_calendar       *cal;
    const bx_presence_day   *days;
    size_t                   n;
    int64_t                  wanted, months;
    bx_observation           seen;
    bx_duties                s;

    if (bx_rule_int(c, "return.observe_days", k->class_id, &wanted) != BX_OK
        || bx_rule_int(c, "followup.months", k->class_id, &months) != BX_OK
        || bx_presence_days(c, k->student, k->class_id, k->returned_on, bx_date_of(bx_call_now(c)), &days, &n) != BX_OK
        || bx_calendar_load(c, k->class_id, k->returned_on, bx_date_of(bx_call_now(c)) + 200, &cal) != BX_OK
        || bx_duties_load(c, k, &s) != BX_OK)
    {
        return BX_FAIL;
    }

    seen = bx_observe(days, n, (int) wanted);
    if (seen.failed) {
        return fall_back(&s) == BX_OK ? bx_duties_write(&s, NULL) : BX_FAIL;
    }
    if (seen.attended != k->observed
        && bx_queue(c, 1, "UPDATE dropout_case SET observed = ? WHERE id = ?", BX_ARGS(bx_int(seen.attended), bx_int(k->id))) != BX_OK)
    {
        return BX_FAIL;
    }
    if (seen.attended < wanted || !k->return_signed) {
        return c->writes == NULL ? BX_OK : bx_duties_write(&s, NULL);
    }

    return settle(&s, cal, seen.at, months) == BX_OK ? bx_duties_write(&s, NULL) : BX_FAIL;
}


/* In follow-up a single unexcused day opens a linked case. */
static bx_rc
following(bx_call *c, const bx_case *k)
{
    const bx_presence_day   *days;
    size_t                   n;
    int64_t                  allowed;
    int                      missed = 0;
    bx_date                  first = BX_NO_DATE;

    if (bx_rule_int(c, "dropout.open_days_follow_up", k->class_id, &allowed) != BX_OK
        || bx_presence_days(c, k->student, k->class_id, bx_date_of(k->follow_up_from) + 1, bx_date_of(bx_call_now(c)), &days, &n) != BX_OK)
    {
        return BX_FAIL;
    }

    for (size_t i = 0; i < n; i++) {
        missed = days[i].what == BX_PRESENCE_UNEXCUSED ? missed + 1 : 0;
        first = missed == 1 ? days[i].day : first;
        if (missed == allowed) {
            bx_dropout_opening o = { .student = k->student, .discovered = first, .trigger = days[i].ends, .saved = days[i].saved,
                                     .origin = "relapse" };

            return bx_dropout_open(c, &o, NULL);
        }
    }

    return BX_OK;
}


/* Absent so far, and seen at school on a day. */
static bx_rc
absent(bx_call *c, const bx_case *k)
{
    const bx_presence_day *days;
    size_t                 n;

    if (bx_presence_days(c, k->student, k->class_id, k->discovered, bx_date_of(bx_call_now(c)), &days, &n) != BX_OK) {
        return BX_FAIL;
    }
    if (n == 0 || !days[n - 1].came || days[n - 1].day <= k->discovered) {
        return BX_OK;
    }

    return bx_dropout_seen(c, k, days[n - 1].day);
}


/* ---- the job */

bx_rc
bx_dropout_clock(bx_call *c)
{
    bx_value  now = bx_text(bx_time_sql(bx_call_arena(c), bx_call_now(c)));

    if (each_case(c, "SELECT id FROM dropout_case WHERE state IN (" BX_CASE_ABSENT ") ORDER BY id LIMIT " BATCH, BX_NO_ARGS, absent, "seen") != BX_OK
        || each_case(c, "SELECT id FROM dropout_case WHERE state = 'observing' ORDER BY id LIMIT " BATCH, BX_NO_ARGS, observing, "observe") != BX_OK
        || each_case(c, "SELECT id FROM dropout_case WHERE state = 'follow_up' ORDER BY id LIMIT " BATCH, BX_NO_ARGS, following, "relapse") != BX_OK
        || each_case(c, "SELECT DISTINCT d.id FROM dropout_step s JOIN dropout_case d ON d.id = s.case_id AND d.open_student IS NOT NULL"
                     " WHERE s.state = 'open' AND s.held = 0 AND s.nominal <= ? AND (d.late = 0 OR s.step IN ('return', 'return_order')"
                     " OR (s.step = 'transfer' AND IFNULL(d.whereabouts, '') <> 'unknown'))"
                     " ORDER BY d.id LIMIT " BATCH, BX_ARGS(now), dues_passed, "due") != BX_OK)
    {
        return BX_FAIL;
    }

    if (each_case(c, "SELECT DISTINCT d.id FROM dropout_step s JOIN dropout_case d ON d.id = s.case_id AND d.open_student IS NOT NULL"
                  " WHERE s.announced = 0 AND s.state = 'open' AND s.held = 0 AND s.trigger_at <= ? ORDER BY d.id LIMIT " BATCH,
                  BX_ARGS(now), announce, "due") != BX_OK)
    {
        return BX_FAIL;
    }

    return each_case(c, "SELECT d.id FROM dropout_case d JOIN dropout_step s ON s.case_id = d.id AND s.step = 'joint' AND s.state = 'open'"
                     " WHERE d.state = 'noticed' ORDER BY d.id LIMIT " BATCH, BX_NO_ARGS, raise_joint, "raise");
}
