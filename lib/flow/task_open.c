/* task_open.c: opening and closing tasks. A plugin says what is required and what has been proved; here is whose duty it is, that
 * a task opens once, and that only one that waits is closed. Owns table task but for what its owner does with a task
 * (plugins/task.c) and what the clock does (task_clock.c). */

#include "flow/task.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define MAX_KEY     96
#define MAX_REASON  32
#define MAX_PARAMS  2000


static bx_rc
misused(bx_call *c, const char *what, const char *kind)
{
    bx_error_set(&c->error, BX_E_INTERNAL, "%s \"%s\"", what, kind == NULL ? "" : kind);
    return bx_refuse(c, BX_E_INTERNAL, NULL, NULL, NULL);
}


static bool
key_ok(const char *key)
{
    size_t  n = key == NULL ? 0 : strlen(key);

    for (size_t i = 0; i < n; i++) {
        if (key[i] <= ' ' || key[i] > '~') {
            return false;
        }
    }

    return n > 0 && n <= MAX_KEY;
}


static bx_value
time_value(bx_call *c, bx_time t)
{
    return t == BX_NO_TIME || t == 0 ? bx_null() : bx_text(bx_time_sql(c->arena, t));
}


static bx_value
id_value(bx_id id)
{
    return id == 0 ? bx_null() : bx_int(id);
}


/* ---- opening */

typedef struct {
    const bx_task_kind *kind;
    bx_seat             owner, raised;        /* raised.role NULL: it is not */
    bx_id               school, township;
    bx_time             working, remind;
    const char         *params;
} opening;


static bx_rc
place_task(bx_call *c, const bx_task *t, opening *o)
{
    const bx_place *p;
    const char     *role = t->role != NULL ? t->role : o->kind->role;

    if (bx_place_of(c, bx_task_unit(t->class_id, t->school, t->township), &p) != BX_OK) {
        return BX_FAIL;
    }
    if (p->n == 0) {
        return misused(c, "a task about a unit that is not there:", t->kind);
    }

    o->school = t->school != 0 ? t->school : bx_place_level(p, "school");
    o->township = t->township != 0 ? t->township : bx_place_level(p, "township");
    o->owner = (bx_seat) { role, bx_place_holds(p, role) };
    if (o->owner.unit != 0) {
        return BX_OK;
    }

    o->owner.unit = bx_place_seat(p, role);
    if (t->account == 0 && !bx_ladder_next(p, o->owner, (o->kind->flags & BX_TASK_IN_SCHOOL) != 0, &o->raised)) {
        o->raised = (bx_seat) { NULL, 0 };
    }
    return BX_OK;
}


/* On the day it is due, or at once when that has begun; 24:00 is of the day that ends. */
static bx_time
remind_time(const bx_call *c, const opening *o)
{
    bx_time  day;

    if (o->working == BX_NO_TIME || (o->kind->flags & BX_TASK_SILENT)) {
        return BX_NO_TIME;
    }

    day = bx_time_at(bx_date_of(o->working - 1), 0);
    return day > c->now ? day : c->now;
}


static bx_rc
params_text(bx_call *c, const json_t *params, const char *kind, const char **out)
{
    char *text;

    *out = NULL;
    if (params == NULL) {
        return BX_OK;
    }

    text = bx_json_text(c->arena, params, JSON_COMPACT);
    if (text == NULL) {
        return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
    }
    if (strlen(text) > MAX_PARAMS) {
        return misused(c, "too many params of", kind);
    }

    *out = text;
    return BX_OK;
}


#define INSERT                                                                                                         \
    "INSERT INTO task (id, state, kind, task_key, student_id, class_id, school_id, township_id, record, record_id, params,"  \
    " owner_role, owner_unit, assignee_id, level, raised_role, raised_unit, raised_at, raise_at, remind_at, trigger_at,"     \
    " nominal_due, working_due, due_sort, late_entry, confidential, created_at, created_by, updated_at)"               \
    " VALUES (?, 'open', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"               \
    " ON DUPLICATE KEY UPDATE "

static const char sql_open[] = INSERT "id = task.id";

/* state last: the conditions before it look at what it was */
#define AGAIN(column)  column " = IF(task.state = 'withdrawn', VALUES(" column "), task." column ")"
static const char sql_open_again[] = INSERT
    "version = task.version + (task.state = 'withdrawn'),"
    AGAIN("class_id") "," AGAIN("school_id") "," AGAIN("township_id") "," AGAIN("params") "," AGAIN("owner_role") ","
    AGAIN("owner_unit") "," AGAIN("assignee_id") "," AGAIN("level") "," AGAIN("raised_role") "," AGAIN("raised_unit") ","
    AGAIN("raised_at") "," AGAIN("raise_at") "," AGAIN("remind_at") "," AGAIN("trigger_at") "," AGAIN("nominal_due") ","
    AGAIN("working_due") "," AGAIN("due_sort") "," AGAIN("late_entry") "," AGAIN("updated_at") ","
    " closed_reason = IF(task.state = 'withdrawn', NULL, task.closed_reason),"
    " closed_at = IF(task.state = 'withdrawn', NULL, task.closed_at),"
    " closed_by = IF(task.state = 'withdrawn', NULL, task.closed_by),"
    " state = IF(task.state = 'withdrawn', 'open', task.state)";
#undef AGAIN
#undef INSERT


bx_rc
bx_task_open(bx_call *c, const bx_task *t)
{
    opening   o = { .kind = t->kind == NULL ? NULL : bx_task_kind_find(t->kind), .raised = { NULL, 0 } };
    bx_id     account = bx_call_account(c);
    bx_time   nominal = t->nominal == 0 ? BX_NO_TIME : t->nominal;
    bx_value  now = bx_text(bx_time_sql(c->arena, c->now));

    if (o.kind == NULL) {
        return misused(c, "no table has the kind of task", t->kind);
    }
    if (!key_ok(t->key)) {
        return misused(c, "a key that is empty, too long or not ASCII, of", t->kind);
    }

    o.working = t->working == 0 || t->working == BX_NO_TIME ? nominal : t->working;
    if (place_task(c, t, &o) != BX_OK || params_text(c, t->params, t->kind, &o.params) != BX_OK) {
        return BX_FAIL;
    }
    o.remind = remind_time(c, &o);

    return bx_queue(c, -1, (o.kind->flags & BX_TASK_REOPENS) ? sql_open_again : sql_open,
        BX_ARGS(bx_int(bx_id_new()), bx_text(bx_strdup(c->arena, t->kind)), bx_text(bx_strdup(c->arena, t->key)),
                id_value(t->student), id_value(t->class_id), id_value(o.school), id_value(o.township),
                bx_text(t->record == NULL ? NULL : bx_strdup(c->arena, t->record)), id_value(t->record_id), bx_text(o.params),
                bx_text(bx_strdup(c->arena, o.owner.role)), bx_int(o.owner.unit), id_value(t->account),
                bx_int(o.raised.role != NULL), bx_text(o.raised.role), id_value(o.raised.unit),
                o.raised.role != NULL ? now : bx_null(), time_value(c, o.working), time_value(c, o.remind),
                time_value(c, t->trigger), time_value(c, nominal), time_value(c, o.working),
                o.working == BX_NO_TIME ? bx_text("9999-12-31 00:00:00") : time_value(c, o.working),
                bx_int(nominal != BX_NO_TIME && o.working > nominal), bx_int((o.kind->flags & BX_TASK_PRIVATE) != 0),
                now, id_value(account), now));
}


/* ---- closing */

static const char sql_close[] =
    "UPDATE task SET version = version + 1, updated_at = ?, closed_reason = ?, closed_record = ?, closed_id = ?, closed_at = ?,"
    " closed_by = ?, raise_at = NULL, remind_at = NULL, state = ? WHERE kind = ? AND task_key = ?"
    " AND state IN ('open', 'excuse_asked')";


bx_rc
bx_task_close(bx_call *c, const char *kind, const char *key, const char *how, const char *reason, const char *record, bx_id id)
{
    bx_value  now = bx_text(bx_time_sql(c->arena, c->now));

    if (bx_task_kind_find(kind) == NULL) {
        return misused(c, "no table has the kind of task", kind);
    }
    if (strcmp(how, "done") != 0 && strcmp(how, "withdrawn") != 0) {
        return misused(c, "a task is done or withdrawn, not", how);
    }
    if (!key_ok(key) || (reason != NULL && strlen(reason) > MAX_REASON)) {
        return misused(c, "a key or reason that is empty, too long or not ASCII, of", kind);
    }

    return bx_queue(c, -1, sql_close,
        BX_ARGS(now, bx_text(reason == NULL ? NULL : bx_strdup(c->arena, reason)),
                bx_text(record == NULL ? NULL : bx_strdup(c->arena, record)), id_value(id), now,
                bx_text(bx_call_actor(c)), bx_text(strcmp(how, "done") == 0 ? "done" : "withdrawn"),
                bx_text(bx_strdup(c->arena, kind)), bx_text(bx_strdup(c->arena, key))));
}


/* ---- moving with the child */

/* Whose it is now is told of it on its day; it climbs again from there. */
static const char sql_follow[] =
    "UPDATE task SET version = version + 1, class_id = ?, school_id = ?, township_id = ?, owner_role = ?, owner_unit = ?, assignee_id = NULL,"
    " delegated_by = NULL, level = ?, raised_role = ?, raised_unit = ?, raised_at = ?, raise_at = working_due,"
    " remind_at = IF(remind_at IS NULL AND ? = 0, NULL, GREATEST(?, CAST(DATE(working_due - INTERVAL 1 SECOND) AS DATETIME))), updated_at = ?"
    " WHERE kind = ? AND task_key = ? AND state IN ('open', 'excuse_asked') AND class_id <> ?";


bx_rc
bx_task_follow(bx_call *c, const char *kind, const char *key, bx_id class_id, bx_id school, bx_id township)
{
    bx_task   t = { .kind = kind, .key = key, .class_id = class_id, .school = school, .township = township };
    opening   o = { .kind = bx_task_kind_find(kind), .raised = { NULL, 0 } };
    bx_value  now = bx_text(bx_time_sql(c->arena, c->now));

    if (o.kind == NULL) {
        return misused(c, "no table has the kind of task", kind);
    }
    if (place_task(c, &t, &o) != BX_OK) {
        return BX_FAIL;
    }

    return bx_queue(c, -1, sql_follow,
        BX_ARGS(bx_int(class_id), id_value(o.school), id_value(o.township), bx_text(bx_strdup(c->arena, o.owner.role)), bx_int(o.owner.unit),
                bx_int(o.raised.role != NULL), bx_text(o.raised.role), id_value(o.raised.unit), o.raised.role != NULL ? now : bx_null(),
                bx_int((o.kind->flags & BX_TASK_SILENT) == 0), now, now, bx_text(bx_strdup(c->arena, kind)),
                bx_text(bx_strdup(c->arena, key)), bx_int(class_id)));
}


/* ---- when late work is due */

bx_rc
bx_task_working_due(bx_call *c, bx_id class_id, bx_time trigger, bx_time nominal, bx_time *out)
{
    const bx_calendar *cal;
    bx_date            today = bx_date_of(c->now), day;
    int64_t            n;

    *out = nominal;
    if (trigger == BX_NO_TIME || c->now <= bx_time_at(bx_date_of(trigger), 24 * 60)) {
        return BX_OK;
    }

    if (bx_rule_int(c, "task.late_entry_days", class_id, &n) != BX_OK
        || bx_calendar_load(c, class_id, today, today, &cal) != BX_OK)
    {
        return BX_FAIL;
    }

    day = bx_add_school_days(cal, today, (int) n);
    if (day != BX_NO_DATE && (nominal == BX_NO_TIME || bx_time_at(day, 24 * 60) > nominal)) {
        *out = bx_time_at(day, 24 * 60);
    }
    return BX_OK;
}
