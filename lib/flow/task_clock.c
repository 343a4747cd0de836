/* task_clock.c: what the clock does with tasks: tells the owner on the day one is due, raises what is overdue one level up, and
 * counts by school what waits, so that no page and no scrape counts a county. */

#include "flow/task.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define BATCH  200                            /* tasks of one school in one transaction */

typedef struct {
    bx_id        id, class_id, school, township, assignee;
    int64_t      version;
    const char  *kind, *params, *state;
    bx_seat      owner, raised;               /* raised.role NULL: with the owner */
    int          level;
    const char  *student;
} due_task;

#define COLUMNS                                                                                                        \
    "SELECT t.id, t.version, t.kind, t.params, t.class_id, t.school_id, t.township_id, t.owner_role, t.owner_unit,"    \
    " t.raised_role, t.raised_unit, t.level, t.assignee_id, st.name, t.state"                                          \
    " FROM task t LEFT JOIN student st ON st.id = t.student_id"

static const char sql_overdue[] = COLUMNS " WHERE t.raise_at <= ? ORDER BY t.school_id, t.id LIMIT 400";
static const char sql_remind[] = COLUMNS " WHERE t.remind_at <= ? ORDER BY t.school_id, t.id LIMIT 400";


static due_task
task_of(const bx_rows *rows, size_t i)
{
    return (due_task) {
        .id = bx_cell_int(rows, i, 0), .version = bx_cell_int(rows, i, 1), .kind = bx_cell_text(rows, i, 2),
        .params = bx_cell_text(rows, i, 3), .class_id = bx_cell_int(rows, i, 4), .school = bx_cell_int(rows, i, 5),
        .township = bx_cell_int(rows, i, 6), .owner = { bx_cell_text(rows, i, 7), bx_cell_int(rows, i, 8) },
        .raised = { bx_cell_text(rows, i, 9), bx_cell_int(rows, i, 10) }, .level = (int) bx_cell_int(rows, i, 11),
        .assignee = bx_cell_int(rows, i, 12), .student = bx_cell_text(rows, i, 13), .state = bx_cell_text(rows, i, 14),
    };
}


json_t *
bx_task_params(bx_arena *a, const char *params, const char *kind, bx_id id, const char *student)
{
    json_t *o = params == NULL ? NULL : bx_own(a, json_loads(params, 0, NULL));

    if (!json_is_object(o)) {
        o = bx_own(a, json_object());
    }
    json_object_set_new(o, "task_kind", json_string(kind));
    json_object_set_new(o, "task_id", bx_id_json(id));
    if (student != NULL && json_object_get(o, "student") == NULL) {
        json_object_set_new(o, "student", json_string(student));
    }
    return o;
}


/* To whoever has the task: a certain account, else the holders of the role. */
bx_rc
bx_task_tell_owner(bx_call *c, const char *kind, bx_id task, const char *key, bx_id assignee, bx_seat owner,
                   const json_t *params)
{
    bx_notice  n = { .kind = kind, .key = key, .account = assignee, .unit = owner.unit, .params = params };

    if (assignee == 0) {
        n.role = owner.role;
    }
    return bx_notice_queue(c, &n, task);
}


/* ---- raising */

/* The same time of day, so many working days of the unit later; none: BX_NO_TIME. */
static bx_rc
next_raise(bx_call *c, bx_id unit, bx_time *out)
{
    const bx_workdays *w;
    bx_date            today = bx_date_of(c->now), day;
    int64_t            n;

    *out = BX_NO_TIME;
    if (bx_rule_int(c, "task.raise_days", unit, &n) != BX_OK) {
        return BX_FAIL;
    }
    if (n == 0) {
        return BX_OK;
    }
    if (bx_workdays_load(c, unit, today, today + 60, &w) != BX_OK) {
        return BX_FAIL;
    }

    day = bx_add_workdays(w, today, (int) n);
    *out = day == BX_NO_DATE ? BX_NO_TIME : bx_time_at(day, bx_minute_of(c->now));
    return BX_OK;
}


static const char sql_raise[] =
    "UPDATE task SET version = version + 1, updated_at = ?, level = level + 1, raised_role = ?, raised_unit = ?, raised_at = ?,"
    " raise_at = ? WHERE id = ? AND version = ?";

static const char sql_history[] =
    "INSERT INTO history (id, record, record_id, action, from_state, to_state, role, at) VALUES (?, 'tasks', ?, 'raise', ?, ?, ?, ?)";


static bx_rc
tell_of_raise(bx_call *c, const due_task *t, bx_seat to)
{
    json_t     *params = bx_task_params(c->arena, t->params, t->kind, t->id, t->student);
    const char *key = bx_sprintf(c->arena, "%" PRId64 ":%d", t->id, t->level + 1);
    bx_notice   up = { .kind = "task.raised", .key = key, .role = to.role, .unit = to.unit, .params = params };

    /* notices are kept with their words in no language: the roles are codes, named when they are shown */
    json_object_set_new(params, "from_role", json_string(t->raised.role != NULL ? t->raised.role : t->owner.role));
    json_object_set_new(params, "to_role", json_string(to.role));

    if (bx_notice_queue(c, &up, t->id) != BX_OK) {
        return BX_FAIL;
    }
    return t->level > 0 ? BX_OK
         : bx_task_tell_owner(c, "task.overdue", t->id, key, t->assignee, t->owner, params);
}


static bx_rc
raise_one(bx_call *c, const due_task *t)
{
    const bx_task_kind *kind = bx_task_kind_find(t->kind);
    const bx_place     *p;
    bx_seat             from = t->raised.role != NULL ? t->raised : t->owner, to;
    bx_value            now = bx_text(bx_time_sql(c->arena, c->now));
    bx_time             next;
    bx_id               unit = bx_task_unit(t->class_id, t->school, t->township);

    if (bx_place_of(c, unit, &p) != BX_OK || next_raise(c, t->owner.unit, &next) != BX_OK) {
        return BX_FAIL;
    }

    /* nobody above, or a workflow that was turned off: it stays where it is */
    if (kind == NULL || !bx_ladder_next(p, from, (kind->flags & BX_TASK_IN_SCHOOL) != 0, &to)) {
        return bx_queue(c, -1, "UPDATE task SET raise_at = NULL WHERE id = ? AND version = ?",
                        BX_ARGS(bx_int(t->id), bx_int(t->version)));
    }

    if (bx_queue(c, 1, sql_raise,
                 BX_ARGS(now, bx_text(to.role), bx_int(to.unit), now,
                         next == BX_NO_TIME ? bx_null() : bx_text(bx_time_sql(c->arena, next)), bx_int(t->id),
                         bx_int(t->version))) != BX_OK
        || bx_queue(c, 1, sql_history,
                    BX_ARGS(bx_int(bx_id_new()), bx_int(t->id), bx_text(t->state), bx_text(t->state), bx_text(to.role), now)) != BX_OK)
    {
        return BX_FAIL;
    }

    return tell_of_raise(c, t, to);
}


/* ---- the day it is due */

static bx_rc
remind_one(bx_call *c, const due_task *t)
{
    json_t     *params = bx_task_params(c->arena, t->params, t->kind, t->id, t->student);
    const char *key = bx_sprintf(c->arena, "%" PRId64, t->id);

    if (bx_queue(c, 1, "UPDATE task SET remind_at = NULL WHERE id = ? AND version = ?",
                 BX_ARGS(bx_int(t->id), bx_int(t->version))) != BX_OK)
    {
        return BX_FAIL;
    }

    return bx_task_tell_owner(c, "task.due", t->id, key, t->assignee, t->owner, params);
}


/* ---- batches of one school; a task that somebody changed meanwhile is left for the next run */

typedef bx_rc (*one_task)(bx_call *c, const due_task *t);

static bx_rc
run_batch(bx_call *c, const bx_rows *rows, size_t first, size_t n, const char *action, one_task fn)
{
    json_t *ids = bx_own(c->arena, json_array());
    json_t *changes = bx_own(c->arena, json_object());

    bx_queue_clear(c);
    for (size_t i = first; i < first + n; i++) {
        due_task  t = task_of(rows, i);

        if (fn(c, &t) != BX_OK) {
            return BX_FAIL;
        }
        json_array_append_new(ids, bx_id_json(t.id));
    }
    json_object_set(changes, "ids", ids);

    if (bx_commit_batch(c, bx_cell_int(rows, first, 5), action, "tasks", 0, changes) == BX_OK) {
        return BX_OK;
    }
    if (!c->raced) {
        return BX_FAIL;
    }

    c->raced = false;
    c->problem = (bx_problem) { 0 };
    for (size_t i = first; n > 1 && i < first + n; i++) {
        if (run_batch(c, rows, i, 1, action, fn) != BX_OK) {
            return BX_FAIL;
        }
    }
    return BX_OK;
}


static bx_rc
run_all(bx_call *c, const char *sql, const char *action, one_task fn)
{
    bx_rows  rows;

    if (bx_query(c, &rows, sql, BX_ARGS(bx_text(bx_time_sql(c->arena, c->now)))) != BX_OK) {
        return BX_FAIL;
    }

    for (size_t first = 0, n; first < rows.nrows; first += n) {
        for (n = 1; n < BATCH && first + n < rows.nrows
                    && bx_cell_int(&rows, first + n, 5) == bx_cell_int(&rows, first, 5); n++)
        {
            /* tasks of one school */
        }
        if (run_batch(c, &rows, first, n, action, fn) != BX_OK) {
            return BX_FAIL;
        }
    }

    return BX_OK;
}


/* ---- counting */

/* Reads what waits, by an index that holds nothing else; a county has a few thousand of these, whatever its history. */
static const char sql_count[] =
    "INSERT INTO task_count (school_id, township_id, waiting, overdue, raised, counted_at)"
    " SELECT t.school_id, MAX(t.township_id), COUNT(*), COALESCE(SUM(t.due_sort <= ?), 0), COALESCE(SUM(t.level > 0), 0), ?"
    " FROM task t WHERE t.waits = 1 AND t.school_id IS NOT NULL AND t.confidential = 0 GROUP BY t.school_id"
    " ON DUPLICATE KEY UPDATE township_id = VALUES(township_id), waiting = VALUES(waiting), overdue = VALUES(overdue),"
    " raised = VALUES(raised), counted_at = VALUES(counted_at)";


static bx_rc
count(bx_call *c)
{
    bx_value  now = bx_text(bx_time_sql(c->arena, c->now));

    if (bx_exec(c, NULL, sql_count, BX_ARGS(now, now)) != BX_OK) {
        return BX_FAIL;
    }

    /* schools where nothing waits any more */
    return bx_exec(c, NULL, "UPDATE task_count SET waiting = 0, overdue = 0, raised = 0, counted_at = ? WHERE counted_at <> ?",
                   BX_ARGS(now, now));
}


bx_rc
bx_task_totals(bx_call *c, int64_t *waiting, int64_t *overdue)
{
    static const char  sql[] = "SELECT CAST(COALESCE(SUM(k.waiting), 0) AS SIGNED), CAST(COALESCE(SUM(k.overdue), 0) AS SIGNED)"
                               " FROM task_count k";
    bx_rows            rows;

    if (bx_query(c, &rows, sql, BX_NO_ARGS) != BX_OK) {
        return BX_FAIL;
    }

    *waiting = bx_cell_int(&rows, 0, 0);
    *overdue = bx_cell_int(&rows, 0, 1);
    return BX_OK;
}


bx_rc
bx_task_clock(bx_call *c)
{
    if (run_all(c, sql_remind, "remind", remind_one) != BX_OK || run_all(c, sql_overdue, "raise", raise_one) != BX_OK) {
        return BX_FAIL;
    }

    return count(c);
}
