/* dropout_open.c: how a case begins and how it ends before anybody acted: by hand, by the ladder, as a relapse, in error.
 * Owns the dates a case counts from. Discovery is the first missed school day, never the day of entry; the week of the form and
 * the days of the report are counted on the school days after it. */

#include "flow/calendar.h"
#include "flow/flow.h"
#include "plugins/dropout.h"

#include <inttypes.h>
#include <string.h>

/* What a new case counts from, and what is in its way. */
typedef struct {
    bx_case  k;
    bx_date  list_day;
    bx_time  trigger, saved;
    bx_case  before;                          /* the child's last case, id 0: none */
    bool     relapse;                         /* before is in follow-up: it ends */
    bool     open;                            /* before is open */
} opening;


/* The child's last case: open, or closed so lately that a new one is its continuation. */
static bx_rc
case_before(bx_call *c, opening *o)
{
    static const char  sql[] =
        "SELECT id, closed_at FROM dropout_case WHERE student_id = ? AND state NOT IN ('in_error', 'not_dropout')"
        " ORDER BY open_student IS NULL, id DESC LIMIT 1";
    bx_rows            rows;
    const char        *closed;
    int64_t            days;
    bool               found;

    if (bx_query(c, &rows, sql, BX_ARGS(bx_int(o->k.student))) != BX_OK) {
        return BX_FAIL;
    }
    if (rows.nrows == 0) {
        return BX_OK;
    }
    if (bx_case_read(c, bx_cell_int(&rows, 0, 0), &o->before, &found) != BX_OK
        || bx_rule_int(c, "dropout.relapse_link_days", o->k.class_id, &days) != BX_OK)
    {
        return BX_FAIL;
    }

    closed = bx_cell_text(&rows, 0, 1);
    o->open = found && bx_case_is_open(o->before.state);
    o->relapse = o->open && strcmp(o->before.state, "follow_up") == 0;
    if (!o->open && (closed == NULL || o->k.discovered - bx_date_of(bx_time_parse_sql(closed)) > days)) {
        o->before.id = 0;
    }
    return BX_OK;
}


/* The case in follow-up ends when the child is lost again; its reviews to come are void. */
static bx_rc
end_follow_up(bx_call *c, const opening *o)
{
    bx_duties  s;

    if (bx_duties_load(c, &o->before, &s) != BX_OK
        || bx_queue_move(c, bx_dropout_record, "relapse", o->before.id, o->before.version, o->before.state) != BX_OK
        || bx_queue(c, 1, "UPDATE dropout_case SET closed_at = ? WHERE id = ?",
                    BX_ARGS(bx_text(bx_time_sql(bx_call_arena(c), bx_call_now(c))), bx_int(o->before.id))) != BX_OK
        || bx_queue_moves(c, "follow-ups", "drop", "t.case_id = ?", BX_ARGS(bx_int(o->before.id))) != BX_OK)
    {
        return BX_FAIL;
    }

    bx_duty_drop(&s, NULL, "relapsed");
    return bx_duties_write(&s, NULL);
}


/* Twice a term while absent: due at equal parts of what is left of the term. */
static bx_rc
open_trackings(bx_duties *s)
{
    const bx_calendar *cal;
    bx_date            starts, ends;
    int64_t            n;

    if (bx_rule_int(s->c, "tracking.per_term", s->of.class_id, &n) != BX_OK
        || bx_case_calendars(s->c, &s->of, s->of.discovered, &cal, NULL) != BX_OK)
    {
        return BX_FAIL;
    }
    if (!bx_calendar_term(cal, s->of.discovered, &starts, &ends)) {
        return BX_OK;
    }

    for (int64_t i = 1; i <= n; i++) {
        bx_date  day = s->of.discovered + (bx_date) ((ends - s->of.discovered) * i / n);

        if (bx_duty_open_due(s, "tracking", bx_time_at(s->of.discovered, 0), bx_time_at(day, 24 * 60), bx_time_at(s->of.discovered, 0))
            != BX_OK)
        {
            return BX_FAIL;
        }
    }

    return BX_OK;
}


/* Fills in what the case counts from; class, school, student and discovered are set. trigger BX_NO_TIME: the last bell of the third
 * day of absence, of the first one in a follow-up. */
static bx_rc
opening_plan(bx_call *c, opening *o, bx_time trigger, bx_time saved)
{
    const bx_calendar *cal;
    int64_t            open_days, week_days;

    if (case_before(c, o) != BX_OK
        || bx_rule_int(c, o->relapse ? "dropout.open_days_follow_up" : "dropout.open_days", o->k.class_id, &open_days) != BX_OK
        || bx_rule_int(c, "ladder.week_days", o->k.class_id, &week_days) != BX_OK
        || bx_case_calendars(c, &o->k, o->k.discovered, &cal, NULL) != BX_OK)
    {
        return BX_FAIL;
    }

    o->saved = saved;
    o->trigger = trigger == BX_NO_TIME ? bx_case_trigger(cal, o->k.discovered, (int) open_days) : trigger;
    o->k.week_at = bx_case_week(cal, o->trigger, (int) open_days, (int) week_days);
    o->k.linked = o->before.id;
    o->k.relapse_no = o->before.id == 0 ? 0 : o->before.relapse_no + 1;
    return BX_OK;
}


static bx_rc
opening_steps(bx_call *c, const opening *o, bx_duties *s)
{
    bx_time  list = bx_time_at(bx_date_of(o->trigger), 24 * 60), form, report;

    s->c = c;
    s->of = o->k;
    s->proof = NULL;
    s->n = 0;
    if (bx_duty_due(c, &o->k, "form", bx_date_of(o->k.week_at), &form) != BX_OK
        || bx_duty_due(c, &o->k, "report", bx_date_of(o->k.week_at), &report) != BX_OK
        || bx_duty_open_due(s, "list", o->trigger, list, o->saved) != BX_OK
        || bx_duty_open_due(s, "form", o->k.week_at, form, o->saved) != BX_OK
        || bx_duty_open_due(s, "report", o->k.week_at, report, o->saved) != BX_OK
        || (o->relapse && bx_duty_open(s, "tell_bureau", o->trigger, o->saved) != BX_OK) || open_trackings(s) != BX_OK)
    {
        return BX_FAIL;
    }

    bx_duty_done(s, "list");
    return BX_OK;
}


static bx_rc
refuse_open(bx_call *c, const opening *o)
{
    bx_refuse(c, BX_E_CONFLICT, "student_id", "dropout.open_already", NULL);
    bx_refuse_add(c, "conflict", json_pack("{s:o, s:s}", "id", json_sprintf("%" PRId64, o->before.id), "state", o->before.state));
    return BX_FAIL;
}


/* By hand: discovery is the first school day after the child was last seen. */
bx_rc
bx_dropout_open_hook(bx_call *c, bx_record *r)
{
    opening             o = { .k = { .id = bx_rec_id(r), .student = bx_rec_student(r), .class_id = bx_rec_class(r),
                                     .school = bx_rec_school(r) } };
    const bx_calendar  *cal;
    bx_date             today = bx_date_of(bx_call_now(c)), seen = bx_rec_date(r, "last_seen_on");
    const char         *origin = bx_rec_text(r, "origin");
    bx_duties            s;

    if (origin != NULL && (strcmp(origin, "ladder") == 0 || strcmp(origin, "relapse") == 0)) {
        return bx_refuse(c, BX_E_INVALID, "origin", "not_in_list", NULL);
    }
    if (seen > today) {
        return bx_refuse(c, BX_E_INVALID, "last_seen_on", "dropout.in_future", NULL);
    }
    if (bx_calendar_load(c, o.k.class_id, seen, today, &cal) != BX_OK) {
        return BX_FAIL;
    }

    o.k.discovered = bx_add_school_days(cal, seen, 1);
    if (o.k.discovered == BX_NO_DATE || o.k.discovered > today) {
        return bx_refuse(c, BX_E_INVALID, "last_seen_on", "dropout.nothing_missed", NULL);
    }
    if (opening_plan(c, &o, BX_NO_TIME, bx_call_now(c)) != BX_OK) {
        return BX_FAIL;
    }
    if (o.open && !o.relapse) {
        return refuse_open(c, &o);
    }
    if (o.relapse && (end_follow_up(c, &o) != BX_OK || bx_dropout_tell(c, &o.k, "dropout.relapsed", "psych", o.k.school) != BX_OK)) {
        return BX_FAIL;
    }
    if (opening_steps(c, &o, &s) != BX_OK) {
        return BX_FAIL;
    }

    s.of.township = r->scope.township;
    bx_set_text(r, "origin", origin == NULL ? "hand" : origin);
    bx_set_date(r, "discovered_on", o.k.discovered);
    bx_set_time(r, "trigger_at", o.trigger);
    bx_set_time(r, "week_at", o.k.week_at);
    if (o.before.id != 0) {
        bx_set_int(r, "linked_id", o.before.id);
        bx_set_int(r, "relapse_no", o.k.relapse_no);
    }
    return bx_duties_write(&s, r);
}


/* ---- for other workflows */

static bx_rc
case_insert(bx_call *c, const opening *o, const bx_dropout_opening *from)
{
    static const char  sql[] =
        "INSERT INTO dropout_case (id, version, state, student_id, class_id, school_id, township_id, origin, opened_why, discovered_on,"
        " trigger_at, week_at, linked_id, relapse_no, created_at, updated_at, created_by)"
        " VALUES (?, 1, 'suspected', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    bx_arena          *a = bx_call_arena(c);
    const bx_case     *k = &o->k;
    bx_value           now = bx_text(bx_time_sql(a, bx_call_now(c)));

    return bx_queue(c, 1, sql,
        BX_ARGS(bx_int(k->id), bx_int(k->student), bx_int(k->class_id), bx_int(k->school), k->township == 0 ? bx_null() : bx_int(k->township),
                bx_text(o->relapse ? "relapse" : from->origin), bx_text(from->why), bx_text(bx_date_text(a, k->discovered)),
                bx_text(bx_time_sql(a, o->trigger)), bx_text(bx_time_sql(a, k->week_at)), k->linked == 0 ? bx_null() : bx_int(k->linked),
                bx_int(k->relapse_no), now, now, bx_call_account(c) == 0 ? bx_null() : bx_int(bx_call_account(c))));
}


bx_rc
bx_dropout_open(bx_call *c, const bx_dropout_opening *from, bx_id *out)
{
    opening   o = { .k = { .student = from->student, .discovered = from->discovered } };
    bx_rows   rows;
    bx_duties  s;

    if (bx_query(c, &rows, "SELECT class_id, school_id, township_id FROM student WHERE id = ?", BX_ARGS(bx_int(from->student))) != BX_OK) {
        return BX_FAIL;
    }
    if (rows.nrows == 0) {
        return bx_refuse(c, BX_E_NOT_FOUND, NULL, NULL, NULL);
    }

    o.k.class_id = bx_cell_int(&rows, 0, 0);
    o.k.school = bx_cell_int(&rows, 0, 1);
    o.k.township = bx_cell_int(&rows, 0, 2);
    if (opening_plan(c, &o, from->trigger, from->saved) != BX_OK) {
        return BX_FAIL;
    }
    if (o.open && !o.relapse) {
        if (out != NULL) {
            *out = o.before.id;
        }
        return BX_OK;
    }

    o.k.id = bx_id_new();
    if (o.relapse && (bx_dropout_tell(c, &o.k, "dropout.relapsed", "teacher", o.k.class_id) != BX_OK
                      || bx_dropout_tell(c, &o.k, "dropout.relapsed", "psych", o.k.school) != BX_OK))
    {
        return BX_FAIL;
    }
    if (out != NULL) {
        *out = o.k.id;
    }
    if ((o.relapse && end_follow_up(c, &o) != BX_OK) || case_insert(c, &o, from) != BX_OK
        || bx_dropout_note(c, o.k.id, "open", "suspected", from->why) != BX_OK || opening_steps(c, &o, &s) != BX_OK)
    {
        return BX_FAIL;
    }

    return bx_duties_write(&s, NULL);
}


/* The open case of a child; id 0: there is none. */
static bx_rc
open_case(bx_call *c, bx_id student, bx_case *k)
{
    bx_rows  rows;
    bool     found;

    k->id = 0;
    if (bx_query(c, &rows, "SELECT id FROM dropout_case WHERE open_student = ?", BX_ARGS(bx_int(student))) != BX_OK) {
        return BX_FAIL;
    }

    return rows.nrows == 0 ? BX_OK : bx_case_read(c, bx_cell_int(&rows, 0, 0), k, &found);
}


bx_rc
bx_dropout_withdraw(bx_call *c, bx_id student)
{
    bx_case   k;
    bx_duties  s;

    if (open_case(c, student, &k) != BX_OK) {
        return BX_FAIL;
    }
    if (k.id == 0 || !(strcmp(k.state, "suspected") == 0
                       || (strcmp(k.state, "observing") == 0 && k.back_to != NULL && strcmp(k.back_to, "suspected") == 0)))
    {
        return BX_OK;
    }
    if (bx_duties_load(c, &k, &s) != BX_OK || bx_queue_move(c, bx_dropout_record, "withdraw", k.id, k.version, k.state) != BX_OK
        || bx_queue(c, 1, "UPDATE dropout_case SET closed_at = ? WHERE id = ?",
                    BX_ARGS(bx_text(bx_time_sql(bx_call_arena(c), bx_call_now(c))), bx_int(k.id))) != BX_OK)
    {
        return BX_FAIL;
    }

    bx_duty_drop(&s, NULL, "corrected");
    return bx_duties_write(&s, NULL);
}


bx_rc
bx_dropout_returned(bx_call *c, bx_id student, bx_date day)
{
    bx_case  k;

    if (open_case(c, student, &k) != BX_OK) {
        return BX_FAIL;
    }
    if (k.id == 0 || strcmp(k.state, "observing") == 0 || strcmp(k.state, "follow_up") == 0 || day < k.discovered) {
        return BX_OK;
    }

    return bx_dropout_seen(c, &k, day);
}
