/* dropout_calendar.c: what becomes of the deadlines of open cases when days of their class become others: a holiday is moved,
 * snow closes the class, the term ends earlier. Days that happened stay (first missed day, service, return); what is counted
 * from them is counted again, and the tasks of the steps follow. What was done or missed stays as it was. */

#include "flow/calendar.h"
#include "flow/flow.h"
#include "plugins/dropout.h"

#include <inttypes.h>
#include <string.h>

typedef struct {
    bx_call            *c;
    bx_duties           s;
    const bx_calendar  *cal;                  /* of the class, from discovery to a year ahead */
    bx_time             trigger_at, week_at, return_by;
    bx_date             until;                /* end of the follow-up */
    bool                by_hand;
} again;


static bool
is_step(const bx_duty *t, const char *step)
{
    return strcmp(t->step, step) == 0;
}


/* ---- the week of absence, from which form and report are due */

static bx_rc
week_again(again *a)
{
    const bx_case *k = &a->s.of;
    int64_t        open_days, week_days;

    if (bx_rule_int(a->c, k->relapse_no > 0 ? "dropout.open_days_follow_up" : "dropout.open_days", k->class_id, &open_days) != BX_OK
        || bx_rule_int(a->c, "ladder.week_days", k->class_id, &week_days) != BX_OK)
    {
        return BX_FAIL;
    }

    /* the ladder's trigger is the bell at which it fired: that has happened */
    if (a->by_hand && a->trigger_at > bx_call_now(a->c)) {
        a->trigger_at = bx_case_trigger(a->cal, k->discovered, (int) open_days);
    }
    if (a->week_at > bx_call_now(a->c)) {
        a->week_at = bx_case_week(a->cal, a->trigger_at, (int) open_days, (int) week_days);
    }
    return BX_OK;
}


/* ---- deadlines of notices: counted from service */

static bx_rc
deadline_again(again *a, bx_duty *t)
{
    bool     order = is_step(t, "return_order");
    bx_date  served = bx_date_of(t->trigger);
    bx_rows  rows;
    bx_time  by;

    if (bx_query(a->c, &rows, "SELECT id, days FROM return_notice WHERE case_id = ? AND kind = ? AND state = 'served' AND served_on = ?",
                 BX_ARGS(bx_int(a->s.of.id), bx_text(order ? "order" : "notice"), bx_text(bx_date_text(bx_call_arena(a->c), served)))) != BX_OK)
    {
        return BX_FAIL;
    }
    if (rows.nrows == 0) {
        return BX_OK;
    }

    by = bx_return_deadline(a->cal, served, (int) bx_cell_int(&rows, 0, 1));
    if (by == t->nominal) {
        return BX_OK;
    }

    bx_duty_move(t, t->trigger, by);
    a->return_by = by;
    return bx_queue(a->c, 1, "UPDATE return_notice SET return_by = ?, version = version + 1 WHERE id = ? AND state = 'served'",
                    BX_ARGS(bx_text(bx_time_sql(bx_call_arena(a->c), by)), bx_int(bx_cell_int(&rows, 0, 0))));
}


/* ---- reviews of the follow-up: on school days */

static bx_rc
review_again(again *a, bx_duty *t, int n)
{
    bx_arena *arena = bx_call_arena(a->c);
    bx_date   from = bx_date_of(a->s.of.follow_up_from), was = bx_date_of(t->nominal - 1), day = bx_review_day(a->cal, from, n);

    if (day > a->until) {
        a->until = day;
    }
    if (day == was) {
        return BX_OK;
    }

    bx_duty_move(t, bx_time_at(day - 14, 0), bx_time_at(day, 24 * 60));
    return bx_queue(a->c, -1, "UPDATE follow_up SET due_on = ?, version = version + 1 WHERE case_id = ? AND due_on = ? AND state = 'due'",
                    BX_ARGS(bx_text(bx_date_text(arena, day)), bx_int(a->s.of.id), bx_text(bx_date_text(arena, was))));
}


/* ---- each open step */

static bx_rc
tracking_again(again *a, bx_duty *t)
{
    bx_date  starts, ends, from = bx_date_of(t->trigger);
    int64_t  n;

    if (bx_rule_int(a->c, "tracking.per_term", a->s.of.class_id, &n) != BX_OK) {
        return BX_FAIL;
    }
    if (t->ordinal <= n && bx_calendar_term(a->cal, from, &starts, &ends)) {
        bx_duty_move(t, t->trigger, bx_time_at(from + (bx_date) ((ends - from) * t->ordinal / n), 24 * 60));
    }

    return BX_OK;
}


static bx_rc
step_again(again *a, bx_duty *t, int *reviews)
{
    bool     of_week = is_step(t, "form") || (is_step(t, "report") && t->ordinal == 1);
    bx_time  trigger = of_week ? a->week_at : t->trigger, nominal;

    if (is_step(t, "review")) {
        (*reviews)++;
    }
    if (t->state != BX_DUTY_OPEN || is_step(t, "close") || is_step(t, "list")) {
        return BX_OK;
    }
    if (is_step(t, "review")) {
        return review_again(a, t, *reviews);
    }
    if (is_step(t, "return") || is_step(t, "return_order")) {
        return deadline_again(a, t);
    }
    if (is_step(t, "tracking")) {
        return tracking_again(a, t);
    }
    if (bx_duty_due(a->c, &a->s.of, t->step, bx_date_of(trigger), &nominal) != BX_OK) {
        return BX_FAIL;
    }

    bx_duty_move(t, trigger, nominal);
    return BX_OK;
}


static bool
moved(const again *a)
{
    for (size_t i = 0; i < a->s.n; i++) {
        if (a->s.list[i].moved) {
            return true;
        }
    }

    return false;
}


/* Somebody who acts on the case meanwhile makes this one fail: the job comes again. */
static bx_rc
case_again(again *a)
{
    bx_arena      *arena = bx_call_arena(a->c);
    const bx_case *k = &a->s.of;
    int            reviews = 0;
    bx_duty       *close;

    bx_queue_clear(a->c);
    if (week_again(a) != BX_OK) {
        return BX_FAIL;
    }
    for (size_t i = 0; i < a->s.n; i++) {
        if (step_again(a, &a->s.list[i], &reviews) != BX_OK) {
            return BX_FAIL;
        }
    }
    close = bx_duty_find(&a->s, "close");
    if (close != NULL && a->until > k->follow_up_until) {
        bx_duty_move(close, bx_time_at(a->until, 0), bx_time_at(a->until, 24 * 60));
    }
    if (!moved(a)) {
        return BX_OK;
    }

    if (bx_queue(a->c, 1, "UPDATE dropout_case SET trigger_at = ?, week_at = ?, return_by = ?, follow_up_until = ?, version = version + 1"
                 " WHERE id = ? AND version = ?",
                 BX_ARGS(bx_text(bx_time_sql(arena, a->trigger_at)), bx_text(bx_time_sql(arena, a->week_at)),
                         a->return_by == BX_NO_TIME ? bx_null() : bx_text(bx_time_sql(arena, a->return_by)),
                         a->until == BX_NO_DATE ? bx_null() : bx_text(bx_date_text(arena, a->until)), bx_int(k->id), bx_int(k->version))) != BX_OK
        || bx_dropout_note(a->c, k->id, "recalculate", k->state, NULL) != BX_OK || bx_duties_write(&a->s, NULL) != BX_OK)
    {
        return BX_FAIL;
    }

    return bx_commit_batch(a->c, k->school, "recalculate", "dropout-cases", k->id, NULL);
}


bx_rc
bx_dropout_calendar(bx_call *c, bx_id class_id, bx_date from, bx_date to)
{
    bx_rows  rows;

    (void) from;
    (void) to;
    if (bx_query(c, &rows, "SELECT id, trigger_at, week_at, return_by, origin NOT IN ('ladder', 'relapse') FROM dropout_case"
                 " WHERE class_id = ? AND open_student IS NOT NULL ORDER BY id", BX_ARGS(bx_int(class_id))) != BX_OK)
    {
        return BX_FAIL;
    }

    for (size_t i = 0; i < rows.nrows; i++) {
        again    a = { .c = c, .trigger_at = bx_time_parse_sql(bx_cell_text(&rows, i, 1)), .week_at = bx_time_parse_sql(bx_cell_text(&rows, i, 2)),
                       .return_by = bx_cell_text(&rows, i, 3) == NULL ? BX_NO_TIME : bx_time_parse_sql(bx_cell_text(&rows, i, 3)),
                       .by_hand = bx_cell_int(&rows, i, 4) != 0 };
        bx_case  k;
        bool     found;

        if (bx_case_read(c, bx_cell_int(&rows, i, 0), &k, &found) != BX_OK) {
            return BX_FAIL;
        }
        if (!found || !bx_case_is_open(k.state)) {
            continue;
        }
        a.until = k.follow_up_until;
        if (bx_duties_load(c, &k, &a.s) != BX_OK
            || bx_calendar_load(c, class_id, k.discovered, bx_date_of(bx_call_now(c)) + 366, &a.cal) != BX_OK || case_again(&a) != BX_OK)
        {
            return BX_FAIL;
        }
    }

    return BX_OK;
}
