/* dropout_steps.c: what must be done in a dropout case by when: each kind of step with its duty, unit and rule; the two dues of
 * one; opening, doing, holding. Owns table dropout_step and the case's next_step, next_role, due_at, late and seq. Does not own
 * when a step is asked for: hooks and clock say that.
 *
 * Nominal due counts from what happened, however late it was entered; figures go by it. Working due is never before the end of
 * the school day after the entry; people are reminded by it. A step that is held (the child is back) is not asked for, but its
 * clock runs: when the child is gone again, it is as late as it is. */

#include "flow/calendar.h"
#include "flow/flow.h"
#include "plugins/dropout.h"
#include "plugins/responsibility.h"

#include <inttypes.h>
#include <string.h>

typedef enum { BY_SCHOOL_DAYS, BY_WORKING_DAYS, BY_CALENDAR_DAYS, BY_HAND } step_unit;

typedef struct {
    const char  *step, *role, *rule;
    step_unit    unit;
    bool         of_school;
} step_kind;

static const step_kind kinds[] = {
    { "list",          "teacher",   NULL,                        BY_CALENDAR_DAYS, true },
    { "form",          "teacher",   "dropout.form_days",         BY_SCHOOL_DAYS,   true },
    { "report",        "principal", "dropout.bureau_days",       BY_WORKING_DAYS,  true },
    { "forward",       "principal", "dropout.central_days",      BY_WORKING_DAYS,  false },
    { "verify",        "county",    "dropout.verify_days",       BY_WORKING_DAYS,  false },
    { "correct",       "office",    "dropout.correct_days",      BY_WORKING_DAYS,  true },
    { "notice",        "county",    "notice.issue_days",         BY_WORKING_DAYS,  false },
    { "serve",         "township",  "notice.serve_days",         BY_WORKING_DAYS,  false },
    { "return",        "guardian",  "notice.return_days",        BY_HAND,          false },
    { "persuade",      "teacher",   "dropout.second_visit_days", BY_SCHOOL_DAYS,   true },
    { "tell_township", "office",    "dropout.township_days",     BY_WORKING_DAYS,  true },
    { "joint",         "county",    "dropout.joint_days",        BY_WORKING_DAYS,  false },
    { "order",         "township",  "township.order_days",       BY_WORKING_DAYS,  false },
    { "serve_order",   "township",  "notice.serve_days",         BY_WORKING_DAYS,  false },
    { "return_order",  "guardian",  "township.return_days",      BY_HAND,          false },
    { "return_report", "teacher",   "return.report_days",        BY_SCHOOL_DAYS,   true },
    { "sign",          "township",  "return.sign_days",          BY_WORKING_DAYS,  false },
    { "review",        "teacher",   "followup.months",           BY_HAND,          true },
    { "close",         "vice",      "followup.months",           BY_HAND,          true },
    { "tell_bureau",   "office",    "dropout.relapse_days",      BY_WORKING_DAYS,  true },
    { "transfer",      "registrar", "transfer.confirm_days",     BY_WORKING_DAYS,  true },
    { "tracking",      "teacher",   "tracking.per_term",         BY_HAND,          true },
    { NULL, NULL, NULL, BY_HAND, false }
};

static const char *const step_states[] = { "open", "done", "missed", "dropped" };


static const step_kind *
kind_of(const char *step)
{
    const step_kind *k = kinds;

    while (k->step != NULL && strcmp(k->step, step) != 0) {
        k++;
    }

    return k->step == NULL ? NULL : k;
}


bool
bx_duty_of_school(const char *step)
{
    const step_kind *k = kind_of(step);

    return k != NULL && k->of_school;
}


const char *
bx_duty_rule(const char *step)
{
    const step_kind *k = kind_of(step);

    return k == NULL ? NULL : k->rule;
}


/* ---- dues */

bx_rc
bx_case_calendars(bx_call *c, const bx_case *k, bx_date day, const bx_calendar **school, const bx_workdays **office)
{
    if (bx_calendar_load(c, k->class_id, day - 60, day + 60, school) != BX_OK) {
        return BX_FAIL;
    }

    return office == NULL ? BX_OK : bx_workdays_load(c, k->school, day - 60, day + 60, office);
}


/* A calendar that is not written yet must not let a step go without a due: then every day counts. */
static bx_date
or_calendar(bx_date got, bx_date day, int64_t n)
{
    return got == BX_NO_DATE ? day + (bx_date) n : got;
}


bx_rc
bx_duty_due(bx_call *c, const bx_case *k, const char *step, bx_date day, bx_time *out)
{
    const step_kind    *kind = kind_of(step);
    const bx_calendar  *school;
    const bx_workdays  *office;
    int64_t             n = 0;

    if (kind == NULL || bx_case_calendars(c, k, day, &school, &office) != BX_OK
        || (kind->rule != NULL && bx_rule_int(c, kind->rule, k->class_id, &n) != BX_OK))
    {
        return BX_FAIL;
    }

    switch (kind->unit) {
    case BY_SCHOOL_DAYS:
        day = or_calendar(bx_add_school_days(school, day, (int) n), day, n);
        break;
    case BY_WORKING_DAYS:
        day = or_calendar(bx_add_workdays(office, day, (int) n), day, n);
        break;
    case BY_CALENDAR_DAYS:
    case BY_HAND:
        day += (bx_date) n;
        break;
    }

    *out = bx_time_at(day, 24 * 60);
    return BX_OK;
}


bx_rc
bx_duty_working(bx_call *c, const bx_case *k, bx_time trigger, bx_time nominal, bx_time saved, bx_time *out)
{
    const bx_calendar *school;
    bx_date            day = bx_date_of(saved);
    bx_time            until;
    int64_t            n;

    *out = nominal;
    if (day <= bx_date_of(trigger)) {
        return BX_OK;
    }
    if (bx_case_calendars(c, k, day, &school, NULL) != BX_OK || bx_rule_int(c, "task.late_entry_days", k->class_id, &n) != BX_OK) {
        return BX_FAIL;
    }

    until = bx_time_at(or_calendar(bx_add_school_days(school, day, (int) n), day, n), 24 * 60);
    *out = until > nominal ? until : nominal;
    return BX_OK;
}


/* ---- the steps of a case */

bx_rc
bx_duties_load(bx_call *c, const bx_case *k, bx_duties *s)
{
    static const char  sql[] =
        "SELECT id, step, role, ordinal, round, trigger_at, nominal, working, done_at, state, held, announced, done_by, why"
        " FROM dropout_step WHERE case_id = ? ORDER BY id LIMIT 96";
    bx_rows            rows;

    s->c = c;
    s->of = *k;
    s->proof = NULL;
    s->n = 0;
    if (bx_query(c, &rows, sql, BX_ARGS(bx_int(k->id))) != BX_OK) {
        return BX_FAIL;
    }

    for (size_t i = 0; i < rows.nrows; i++) {
        const char *done = bx_cell_text(&rows, i, 8), *state = bx_cell_text(&rows, i, 9);
        bx_duty    *t = &s->list[s->n++];

        *t = (bx_duty) {
            .id = bx_cell_int(&rows, i, 0), .step = bx_cell_text(&rows, i, 1), .role = bx_cell_text(&rows, i, 2),
            .ordinal = (int) bx_cell_int(&rows, i, 3), .round = (int) bx_cell_int(&rows, i, 4),
            .trigger = bx_time_parse_sql(bx_cell_text(&rows, i, 5)), .nominal = bx_time_parse_sql(bx_cell_text(&rows, i, 6)),
            .working = bx_time_parse_sql(bx_cell_text(&rows, i, 7)), .done_at = done == NULL ? BX_NO_TIME : bx_time_parse_sql(done),
            .held = bx_cell_int(&rows, i, 10) != 0, .announced = bx_cell_int(&rows, i, 11) != 0,
            .done_by = bx_cell_text(&rows, i, 12), .why = bx_cell_text(&rows, i, 13),
        };
        for (int st = BX_DUTY_OPEN; st <= BX_DUTY_DROPPED; st++) {
            if (strcmp(step_states[st], state) == 0) {
                t->state = (bx_duty_state) st;
            }
        }
    }

    return BX_OK;
}


bx_rc
bx_duty_open_due(bx_duties *s, const char *step, bx_time trigger, bx_time nominal, bx_time saved)
{
    const step_kind *kind = kind_of(step);
    int              ordinal = 1;
    bx_time          working;

    for (size_t i = 0; i < s->n; i++) {
        ordinal += strcmp(s->list[i].step, step) == 0;
    }
    if (kind == NULL || s->n == BX_DROPOUT_STEPS) {
        return bx_refuse(s->c, BX_E_CONFLICT, NULL, "dropout.too_many_steps", NULL);
    }
    if (bx_duty_working(s->c, &s->of, trigger, nominal, saved, &working) != BX_OK) {
        return BX_FAIL;
    }

    s->list[s->n++] = (bx_duty) { .id = bx_id_new(), .step = kind->step, .role = kind->role, .ordinal = ordinal, .trigger = trigger,
                                  .nominal = nominal, .working = working, .done_at = BX_NO_TIME, .fresh = true };
    return BX_OK;
}


bx_rc
bx_duty_open(bx_duties *s, const char *step, bx_time trigger, bx_time saved)
{
    bx_time  nominal;

    if (bx_duty_due(s->c, &s->of, step, bx_date_of(trigger), &nominal) != BX_OK) {
        return BX_FAIL;
    }

    return bx_duty_open_due(s, step, trigger, nominal, saved);
}


/* The oldest open one: a step that may be open several times (reviews, trackings) is done in their order. */
bx_duty *
bx_duty_find(bx_duties *s, const char *step)
{
    for (size_t i = 0; i < s->n; i++) {
        if (s->list[i].state == BX_DUTY_OPEN && strcmp(s->list[i].step, step) == 0) {
            return &s->list[i];
        }
    }

    return NULL;
}


static void
step_end(bx_duties *s, bx_duty *t, bx_duty_state state, const char *why)
{
    t->state = state;
    t->why = why;
    t->changed = t->ended = true;
    if (state != BX_DUTY_DROPPED) {
        t->done_at = bx_call_now(s->c);
        t->done_by = state == BX_DUTY_DONE ? bx_call_actor(s->c) : NULL;
    }
}


void
bx_duty_done(bx_duties *s, const char *step)
{
    bx_duty *t = bx_duty_find(s, step);

    if (t != NULL) {
        step_end(s, t, BX_DUTY_DONE, NULL);
    }
}


void
bx_duty_missed(bx_duties *s, const char *step)
{
    bx_duty *t = bx_duty_find(s, step);

    if (t != NULL) {
        step_end(s, t, BX_DUTY_MISSED, NULL);
    }
}


void
bx_duty_drop(bx_duties *s, const char *step, const char *why)
{
    for (size_t i = 0; i < s->n; i++) {
        if (s->list[i].state == BX_DUTY_OPEN && (step == NULL || strcmp(s->list[i].step, step) == 0)) {
            step_end(s, &s->list[i], BX_DUTY_DROPPED, why);
        }
    }
}


/* A task keeps the due it was opened with: the step gets another one. */
void
bx_duty_move(bx_duty *t, bx_time trigger, bx_time nominal)
{
    bx_time  working = t->working == t->nominal || nominal > t->working ? nominal : t->working;

    if (t->trigger == trigger && t->nominal == nominal && t->working == working) {
        return;
    }

    t->trigger = trigger;
    t->nominal = nominal;
    t->working = working;
    t->moved = t->changed = true;
}


/* What was done is to be done again, with the due it had. */
void
bx_duty_reopen(bx_duties *s, const char *step)
{
    for (size_t i = s->n; i-- > 0; ) {
        bx_duty *t = &s->list[i];

        if (strcmp(t->step, step) == 0) {
            t->state = BX_DUTY_OPEN;
            t->done_at = BX_NO_TIME;
            t->done_by = t->why = NULL;
            t->announced = false;
            t->round++;
            t->changed = true;
            return;
        }
    }
}


void
bx_duties_hold(bx_duties *s)
{
    for (size_t i = 0; i < s->n; i++) {
        if (s->list[i].state == BX_DUTY_OPEN && !s->list[i].held) {
            s->list[i].held = s->list[i].changed = true;
        }
    }
}


void
bx_duties_resume(bx_duties *s)
{
    for (size_t i = 0; i < s->n; i++) {
        if (s->list[i].state == BX_DUTY_OPEN && s->list[i].held) {
            s->list[i].held = s->list[i].announced = false;
            s->list[i].round++;
            s->list[i].changed = true;
        }
    }
}


/* ---- tasks: one for each step that is asked for, of the role whose duty it is */

static bool
has_task(const bx_duty *t)
{
    return strcmp(t->role, "guardian") != 0 && strcmp(t->step, "list") != 0;
}


static const char *
task_key(const bx_duties *s, const bx_duty *t)
{
    return bx_sprintf(bx_call_arena(s->c), "%" PRId64 ":%d:%d", s->of.id, t->ordinal, t->round);
}


static const char *
task_kind(const bx_duties *s, const bx_duty *t)
{
    return bx_sprintf(bx_call_arena(s->c), "dropout.%s", t->step);
}


/* The principal who reads first is the central school's, not the school's own. */
static bx_rc
of_central(bx_duties *s, bx_task *task)
{
    bx_rows  rows;

    if (bx_query(s->c, &rows, "SELECT parent_id FROM org_unit WHERE id = ?", BX_ARGS(bx_int(s->of.school))) != BX_OK) {
        return BX_FAIL;
    }

    task->class_id = 0;
    task->school = rows.nrows == 0 ? s->of.school : bx_cell_int(&rows, 0, 0);
    return BX_OK;
}


static bx_rc
task_open(bx_duties *s, bx_duty *t)
{
    const bx_case *k = &s->of;
    bx_task        task = { .kind = task_kind(s, t), .key = task_key(s, t), .student = k->student, .class_id = k->class_id, .school = k->school,
                            .township = k->township, .record = "dropout-cases", .record_id = k->id, .trigger = t->trigger,
                            .nominal = t->nominal, .working = t->working };

    t->announced = t->changed = true;
    if (strcmp(t->step, "forward") == 0 && of_central(s, &task) != BX_OK) {
        return BX_FAIL;
    }
    /* the child's helper tracks it, when there is one */
    if (strcmp(t->step, "tracking") == 0 && bx_responsible_for(s->c, "student", k->student, &task.account) != BX_OK) {
        return BX_FAIL;
    }
    return has_task(t) ? bx_task_open(s->c, &task) : BX_OK;
}


static bx_rc
task_close(bx_duties *s, const bx_duty *t, const char *how, const char *why)
{
    if (!has_task(t)) {
        return BX_OK;
    }

    return bx_task_close(s->c, task_kind(s, t), task_key(s, t), how, why, s->proof == NULL ? "dropout-cases" : s->proof,
                         s->proof == NULL ? s->of.id : s->proof_id);
}


/* What the change of a step means for its task. */
static bx_rc
task_follow(bx_duties *s, bx_duty *t)
{
    bool  asked = t->state == BX_DUTY_OPEN && !t->held && t->trigger <= bx_call_now(s->c);

    if (t->moved && t->announced && t->state == BX_DUTY_OPEN) {
        if (task_close(s, t, "withdrawn", "rescheduled") != BX_OK) {
            return BX_FAIL;
        }
        t->round++;
        t->announced = false;
    }
    if (asked && !t->announced) {
        return task_open(s, t);
    }
    if (!t->announced) {
        return BX_OK;
    }
    if (t->ended) {
        return t->state == BX_DUTY_DONE ? task_close(s, t, "done", NULL)
                                        : task_close(s, t, "withdrawn", t->why == NULL ? "returned" : t->why);
    }
    if (t->held) {
        t->announced = false;
        return task_close(s, t, "withdrawn", "returned");
    }

    return BX_OK;
}


/* ---- writing */

static bx_value
time_value(const bx_duties *s, bx_time t)
{
    return t == BX_NO_TIME ? bx_null() : bx_text(bx_time_sql(bx_call_arena(s->c), t));
}


static bx_rc
step_write(bx_duties *s, const bx_duty *t)
{
    static const char  insert[] =
        "INSERT INTO dropout_step (id, case_id, step, ordinal, role, trigger_at, nominal, working, state, held, announced, round, done_at,"
        " done_by, why) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    static const char  update[] =
        "UPDATE dropout_step SET trigger_at = ?, nominal = ?, working = ?, state = ?, held = ?, announced = ?, round = ?, done_at = ?,"
        " done_by = ?, why = ? WHERE id = ?";

    if (t->fresh) {
        return bx_queue(s->c, 1, insert,
            BX_ARGS(bx_int(t->id), bx_int(s->of.id), bx_text(t->step), bx_int(t->ordinal), bx_text(t->role), time_value(s, t->trigger),
                    time_value(s, t->nominal), time_value(s, t->working), bx_text(step_states[t->state]), bx_int(t->held),
                    bx_int(t->announced), bx_int(t->round), time_value(s, t->done_at), bx_text(t->done_by), bx_text(t->why)));
    }

    return !t->changed ? BX_OK : bx_queue(s->c, 1, update,
        BX_ARGS(time_value(s, t->trigger), time_value(s, t->nominal), time_value(s, t->working), bx_text(step_states[t->state]),
                bx_int(t->held), bx_int(t->announced), bx_int(t->round), time_value(s, t->done_at), bx_text(t->done_by),
                bx_text(t->why), bx_int(t->id)));
}


/* Was a step of the school done after its nominal due, or is it still to do after it? */
static bool
is_late(const bx_duties *s, const bx_duty *t)
{
    bx_time  at = t->done_at != BX_NO_TIME ? t->done_at : bx_call_now(s->c);

    return bx_duty_of_school(t->step) && t->state != BX_DUTY_DROPPED && (!t->held || t->done_at != BX_NO_TIME) && at > t->nominal;
}


/* The step that is asked for first. A deadline of the guardian's is nobody's task, but the case is due by it. */
static const bx_duty *
next_of(const bx_duties *s)
{
    const bx_duty *next = NULL;

    for (size_t i = 0; i < s->n; i++) {
        const bx_duty *t = &s->list[i];

        if (t->state == BX_DUTY_OPEN && !t->held && (next == NULL || t->working < next->working)) {
            next = t;
        }
    }

    return next;
}


bx_rc
bx_duties_write(bx_duties *s, bx_record *r)
{
    const bx_duty *next = next_of(s);
    bool           late = s->of.late;

    for (size_t i = 0; i < s->n; i++) {
        late = late || is_late(s, &s->list[i]);
        if (task_follow(s, &s->list[i]) != BX_OK || step_write(s, &s->list[i]) != BX_OK) {
            return BX_FAIL;
        }
    }

    if (r != NULL) {
        bx_set_text(r, "next_step", next == NULL ? NULL : next->step);
        bx_set_text(r, "next_role", next == NULL ? NULL : next->role);
        bx_set_time(r, "due_at", next == NULL ? BX_NO_TIME : next->working);
        bx_set_int(r, "late", late);
        return bx_rec_state(r) == NULL ? BX_OK
             : bx_queue(s->c, 1, "UPDATE dropout_case SET seq = seq + 1 WHERE id = ? AND seq = ?", BX_ARGS(bx_int(s->of.id), bx_int(s->of.seq)));
    }

    return bx_queue(s->c, 1,
        "UPDATE dropout_case SET seq = seq + 1, next_step = ?, next_role = ?, due_at = ?, late = ? WHERE id = ? AND seq = ?",
        BX_ARGS(bx_text(next == NULL ? NULL : next->step), bx_text(next == NULL ? NULL : next->role),
                next == NULL ? bx_null() : time_value(s, next->working), bx_int(late), bx_int(s->of.id), bx_int(s->of.seq)));
}


/* ---- the case itself */

bool
bx_case_is_open(const char *state)
{
    static const char *const ended[] = { "closed", "not_dropout", "transferred", "relapsed", "in_error" };

    for (size_t i = 0; i < sizeof(ended) / sizeof(ended[0]); i++) {
        if (strcmp(state, ended[i]) == 0) {
            return false;
        }
    }

    return true;
}


static bool
is_word(const char *s, const char *word)
{
    return s != NULL && strcmp(s, word) == 0;
}


void
bx_case_of_record(const bx_record *r, bx_case *k)
{
    *k = (bx_case) {
        .id = bx_rec_id(r), .student = bx_rec_student(r), .class_id = bx_rec_class(r), .school = bx_rec_school(r),
        .township = r->scope.township, .version = r->version, .linked = bx_rec_int(r, "linked_id"), .seq = bx_rec_int(r, "seq"), .state = bx_rec_state(r), .back_to = bx_rec_text(r, "back_to"),
        .discovered = bx_rec_date(r, "discovered_on"), .returned_on = bx_rec_date(r, "returned_on"),
        .follow_up_until = bx_rec_date(r, "follow_up_until"), .week_at = bx_rec_time(r, "week_at"),
        .follow_up_from = bx_rec_time(r, "follow_up_from"), .attempts = (int) bx_rec_int(r, "attempts"),
        .failed = (int) bx_rec_int(r, "failed"), .observed = (int) bx_rec_int(r, "observed"), .round = (int) bx_rec_int(r, "round"),
        .relapse_no = (int) bx_rec_int(r, "relapse_no"), .reported = bx_rec_has(r, "reported_at"),
        .return_reported = bx_rec_has(r, "return_reported_at"), .return_signed = bx_rec_has(r, "return_signed_at"),
        .late = bx_rec_int(r, "late") != 0,
        .lost = is_word(bx_rec_text(r, "whereabouts"), "unknown"),
    };
}


static bx_date
cell_date(const bx_rows *rows, size_t i, size_t col)
{
    const char *s = bx_cell_text(rows, i, col);

    return s == NULL ? BX_NO_DATE : bx_date_parse(s);
}


static bx_time
cell_time(const bx_rows *rows, size_t i, size_t col)
{
    const char *s = bx_cell_text(rows, i, col);

    return s == NULL ? BX_NO_TIME : bx_time_parse_sql(s);
}


bx_rc
bx_case_read(bx_call *c, bx_id id, bx_case *k, bool *found)
{
    static const char  sql[] =
        "SELECT id, student_id, class_id, school_id, township_id, linked_id, version, seq, state, back_to, discovered_on, returned_on,"
        " follow_up_until, week_at, follow_up_from, attempts, failed, observed, round, relapse_no, reported_at IS NOT NULL,"
        " return_reported_at IS NOT NULL, return_signed_at IS NOT NULL, late,"
        " IFNULL(whereabouts, '') = 'unknown', created_at FROM dropout_case WHERE id = ?";
    bx_rows            rows;

    *found = false;
    if (bx_query(c, &rows, sql, BX_ARGS(bx_int(id))) != BX_OK) {
        return BX_FAIL;
    }
    if (rows.nrows == 0) {
        return BX_OK;
    }

    *found = true;
    *k = (bx_case) {
        .id = bx_cell_int(&rows, 0, 0), .student = bx_cell_int(&rows, 0, 1), .class_id = bx_cell_int(&rows, 0, 2),
        .school = bx_cell_int(&rows, 0, 3), .township = bx_cell_int(&rows, 0, 4), .linked = bx_cell_int(&rows, 0, 5),
        .version = bx_cell_int(&rows, 0, 6), .seq = bx_cell_int(&rows, 0, 7), .state = bx_cell_text(&rows, 0, 8),
        .back_to = bx_cell_text(&rows, 0, 9), .discovered = cell_date(&rows, 0, 10), .returned_on = cell_date(&rows, 0, 11),
        .follow_up_until = cell_date(&rows, 0, 12), .week_at = cell_time(&rows, 0, 13), .follow_up_from = cell_time(&rows, 0, 14),
        .attempts = (int) bx_cell_int(&rows, 0, 15), .failed = (int) bx_cell_int(&rows, 0, 16), .observed = (int) bx_cell_int(&rows, 0, 17),
        .round = (int) bx_cell_int(&rows, 0, 18), .relapse_no = (int) bx_cell_int(&rows, 0, 19), .reported = bx_cell_int(&rows, 0, 20) != 0,
        .return_reported = bx_cell_int(&rows, 0, 21) != 0, .return_signed = bx_cell_int(&rows, 0, 22) != 0,
        .late = bx_cell_int(&rows, 0, 23) != 0, .lost = bx_cell_int(&rows, 0, 24) != 0,
        .opened = cell_time(&rows, 0, 25),
    };
    return BX_OK;
}


bx_rc
bx_dropout_note(bx_call *c, bx_id id, const char *action, const char *state, const char *comment)
{
    bx_id  account = bx_call_account(c);

    return bx_queue(c, 1,
        "INSERT INTO history (id, record, record_id, action, from_state, to_state, account_id, actor, role, comment, at)"
        " VALUES (?, 'dropout-cases', ?, ?, ?, ?, ?, ?, NULL, ?, ?)",
        BX_ARGS(bx_int(bx_id_new()), bx_int(id), bx_text(action), bx_text(state), bx_text(state), account == 0 ? bx_null() : bx_int(account),
                bx_text(bx_call_actor(c)), bx_text(comment), bx_text(bx_time_sql(bx_call_arena(c), bx_call_now(c)))));
}
