/*
 * attendance_clock.c: what the clock does for attendance. attendance.clock, every few seconds: rolls that were due and not
 * taken, children whose run comes to a bell, children whose leave changed. attendance.night, once a day: which rolls the day will
 * have, and every open run once more, class by class, each in memory of its own.
 */

#include "plugins/attendance.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#define MAX_RUNS      2000                    /* children looked at in one go of the clock */
#define MAX_ROLLS     500
#define NIGHT_SECONDS 60                      /* of one go of the night; the lease is longer */
#define TOUCH_DAYS    30                      /* how far back a change of leave is looked for at least */

/* ------------------------------------------------------------------ a call with memory of its own */

bx_rc
bx_in_part(bx_call *c, bx_job_part fn, void *ctx)
{
    bx_arena *a = bx_arena_create(64 * 1024);
    bx_call  *own = a == NULL ? NULL : bx_call_program(bx_call_app(c), a, c->actor);
    bx_rc     rc;

    if (own == NULL) {
        bx_arena_destroy(a);
        return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
    }

    own->now = c->now;
    own->conn = c->conn;
    rc = fn(own, ctx);
    c->conn = own->conn;
    if (rc != BX_OK) {
        c->error = own->error;
        c->problem.code = own->problem.code == BX_E_NONE ? BX_E_INTERNAL : own->problem.code;
    }
    bx_arena_destroy(a);
    return rc;
}

/* Commits what a batch has queued; one that somebody was faster with is left for the next time. */
static bx_rc
commit_ladders(bx_call *c, bx_id school, size_t n)
{
    return bx_commit_unless_raced(c, school, "ladder", "absences", 0, bx_own(c->arena, json_pack("{s:I}", "children", (json_int_t) n)));
}

/* ------------------------------------------------------------------ children of one school at a time */

typedef struct {
    bx_id    school, students[BX_ATTENDANCE_BATCH];
    size_t   n;
    bx_date  since;
    bool     touched;
} batch;

static bx_rc
run_batch(bx_call *c, void *ctx)
{
    const batch *b = ctx;

    if (bx_attendance_recompute(c, b->students, b->n, b->since, NULL) != BX_OK) {
        return BX_FAIL;
    }
    for (size_t i = 0; i < b->n && b->touched; i++) {
        if (bx_queue(c, -1, "DELETE FROM ladder_touch WHERE student_id = ? AND at <= ?",
                     BX_ARGS(bx_int(b->students[i]), bx_text(bx_time_sql(c->arena, c->now)))) != BX_OK)
        {
            return BX_FAIL;
        }
    }

    return commit_ladders(c, b->school, b->n);
}

/* Columns: student, school, and when touched the day from which on. Ordered by school. */
static bx_rc
run_rows(bx_call *c, const bx_rows *rows, bool touched)
{
    bx_date  today = bx_date_of(c->now), since;
    batch    b;

    for (size_t i = 0; i < rows->nrows; ) {
        b = (batch) { .school = bx_cell_int(rows, i, 1), .since = touched ? today - TOUCH_DAYS : today, .touched = touched };

        while (i < rows->nrows && b.n < BX_ATTENDANCE_BATCH && bx_cell_int(rows, i, 1) == b.school) {
            since = touched && bx_cell_text(rows, i, 2) != NULL ? bx_date_parse(bx_cell_text(rows, i, 2)) : b.since;
            b.since = since < b.since ? since : b.since;
            b.students[b.n++] = bx_cell_int(rows, i++, 0);
        }
        if (bx_in_part(c, run_batch, &b) != BX_OK) {
            return BX_FAIL;
        }
    }

    return BX_OK;
}

static bx_rc
run_due(bx_call *c)
{
    bx_rows  rows;

    if (bx_query(c, &rows, "SELECT r.student_id, r.school_id FROM absence_run r WHERE r.state = 'open' AND r.next_at <= ?"
                 " ORDER BY r.school_id, r.student_id LIMIT 2000", BX_ARGS(bx_text(bx_time_sql(c->arena, c->now)))) != BX_OK)
    {
        return BX_FAIL;
    }

    return run_rows(c, &rows, false);
}

static bx_rc
run_touched(bx_call *c)
{
    bx_rows  rows;

    if (bx_query(c, &rows, "SELECT t.student_id, s.school_id, LEAST(COALESCE(t.since, '2199-12-31'), COALESCE((SELECT MIN(q.starts_on)"
                 " FROM leave_request q WHERE q.student_id = t.student_id AND q.ends_on >= ?), '2199-12-31')) FROM ladder_touch t JOIN student s ON s.id = t.student_id ORDER BY s.school_id, t.student_id LIMIT 2000",
                 BX_ARGS(bx_text(bx_date_text(c->arena, bx_date_of(c->now) - TOUCH_DAYS)))) != BX_OK)
    {
        return BX_FAIL;
    }

    return run_rows(c, &rows, true);
}

/* ------------------------------------------------------------------ rolls that were not taken */

static char *
roll_key(bx_arena *a, bx_id class_id, const char *day, int session)
{
    return bx_sprintf(a, "%" PRId64 ":%s:%d", class_id, day, session);
}

bx_rc
bx_roll_taken(bx_call *c, bx_id class_id, bx_date day, int session, bx_id roll)
{
    bx_arena   *a = bx_call_arena(c);
    const char *date = bx_date_text(a, day), *key = roll_key(a, class_id, date, session);

    if (bx_queue(c, -1, "UPDATE roll_expected SET alerted = 3 WHERE day = ? AND class_id = ? AND session = ?",
                 BX_ARGS(bx_text(date), bx_int(class_id), bx_int(session))) != BX_OK
        || bx_task_close(c, "attendance.roll", key, "done", NULL, "roll-calls", roll) != BX_OK)
    {
        return BX_FAIL;
    }

    return bx_task_close(c, "attendance.roll_missing", key, "done", NULL, "roll-calls", roll);
}

/* stage 1: the class teacher is told; 2: the office as well. */
static bx_rc
remind(bx_call *c, const bx_rows *rows, size_t i, int stage, int64_t minutes)
{
    const char *day = bx_cell_text(rows, i, 5);
    int         session = (int) bx_cell_int(rows, i, 1);
    bx_time     due = bx_time_parse_sql(bx_cell_text(rows, i, 4));
    bx_task     task = {
        .kind = stage == 1 ? "attendance.roll" : "attendance.roll_missing", .class_id = bx_cell_int(rows, i, 0),
        .school = bx_cell_int(rows, i, 2), .township = bx_cell_int(rows, i, 3), .trigger = due - minutes * 60,
        .nominal = due + minutes * 60 * stage
    };

    task.key = roll_key(c->arena, task.class_id, day, session);
    task.params = bx_own(c->arena, json_pack("{s:s, s:s}", "day", day, "session", bx_session_text(c->arena, session)));
    if (task.params == NULL || bx_task_open(c, &task) != BX_OK) {
        return BX_FAIL;
    }

    return bx_queue(c, 1, "UPDATE roll_expected SET alerted = ? WHERE day = ? AND class_id = ? AND session = ? AND alerted = ?",
                    BX_ARGS(bx_int(stage), bx_text(day), bx_int(task.class_id), bx_int(session), bx_int(stage - 1)));
}

static bx_rc
remind_stage(bx_call *c, void *ctx)
{
    static const char  sql[] = "SELECT e.class_id, e.session, e.school_id, e.township_id, e.due_at, e.day FROM roll_expected e"
                               " WHERE e.day = ? AND e.alerted = ? AND e.due_at <= ? ORDER BY e.school_id, e.class_id LIMIT 500";
    int                stage = *(int *) ctx;
    int64_t            minutes = 0;
    bx_rows            rows;
    bx_time            by;

    if (bx_query(c, &rows, sql, BX_ARGS(bx_text(bx_date_text(c->arena, bx_date_of(c->now))), bx_int(stage - 1),
                                        bx_text(bx_time_sql(c->arena, c->now)))) != BX_OK)
    {
        return BX_FAIL;
    }

    for (size_t i = 0; i < rows.nrows; i++) {
        bx_id  school = bx_cell_int(&rows, i, 2);

        if (bx_rule_int(c, "roll.due_minutes", bx_cell_int(&rows, i, 0), &minutes) != BX_OK) {
            return BX_FAIL;
        }
        by = bx_time_parse_sql(bx_cell_text(&rows, i, 4)) + (stage - 1) * minutes * 60;
        if (by <= c->now && remind(c, &rows, i, stage, minutes) != BX_OK) {
            return BX_FAIL;
        }
        if (i + 1 == rows.nrows || bx_cell_int(&rows, i + 1, 2) != school) {
            if (commit_ladders(c, school, 0) != BX_OK) {
                return BX_FAIL;
            }
        }
    }

    return BX_OK;
}

bx_rc
bx_attendance_clock(bx_call *c)
{
    int  first = 1, second = 2;

    if (run_touched(c) != BX_OK || run_due(c) != BX_OK || bx_in_part(c, remind_stage, &first) != BX_OK) {
        return BX_FAIL;
    }

    return bx_in_part(c, remind_stage, &second);
}

/* ------------------------------------------------------------------ the night */

typedef struct { bx_id class_id, school, township; bx_date day; } night_class;

static bx_rc
expect_rolls(bx_call *c, const night_class *k)
{
    const bx_calendar *cal;
    const bx_bells    *b;
    const char        *mode;
    bx_session_span    spans[BX_MAX_PERIODS];
    int64_t            minutes;
    int                n;

    if (bx_calendar_load(c, k->class_id, k->day, k->day, &cal) != BX_OK || bx_rule_text(c, "roll.mode", k->class_id, &mode) != BX_OK
        || bx_rule_int(c, "roll.due_minutes", k->class_id, &minutes) != BX_OK)
    {
        return BX_FAIL;
    }

    b = bx_calendar_bells(cal, k->day);
    n = b == NULL ? 0 : bx_sessions_of(b, mode, spans);
    for (int i = 0; i < n; i++) {
        if (bx_exec(c, NULL, "INSERT IGNORE INTO roll_expected (day, class_id, session, school_id, township_id, first_period, last_period,"
                    " due_at, alerted) SELECT ?, ?, ?, ?, ?, ?, ?, ?, CASE WHEN EXISTS (SELECT 1 FROM roll_call r WHERE r.class_id = ?"
                    " AND r.day = ? AND r.session = ?) THEN 3 ELSE 0 END",
                    BX_ARGS(bx_text(bx_date_text(c->arena, k->day)), bx_int(k->class_id), bx_int(spans[i].session), bx_int(k->school),
                            k->township == 0 ? bx_null() : bx_int(k->township), bx_int(spans[i].first), bx_int(spans[i].last),
                            bx_text(bx_time_sql(c->arena, bx_time_at(k->day, b->begins[spans[i].first - 1] + (int) minutes))),
                            bx_int(k->class_id), bx_text(bx_date_text(c->arena, k->day)), bx_int(spans[i].session))) != BX_OK)
        {
            return BX_FAIL;
        }
    }

    return BX_OK;
}

static bx_rc
night_of_class(bx_call *c, void *ctx)
{
    const night_class *k = ctx;
    bx_id              students[MAX_RUNS];
    size_t             n = 0;
    bx_rows            rows;

    if (expect_rolls(c, k) != BX_OK
        || bx_query(c, &rows, "SELECT r.student_id FROM absence_run r WHERE r.class_id = ? AND r.state = 'open'", BX_ARGS(bx_int(k->class_id))) != BX_OK)
    {
        return BX_FAIL;
    }
    for (size_t i = 0; i < rows.nrows && n < MAX_RUNS; i++) {
        students[n++] = bx_cell_int(&rows, i, 0);
    }
    if (bx_attendance_recompute(c, students, n, k->day, NULL) != BX_OK || commit_ladders(c, k->school, n) != BX_OK) {
        return BX_FAIL;
    }

    return bx_exec(c, NULL, "UPDATE ladder_night SET class_id = ? WHERE day = ?",
                   BX_ARGS(bx_int(k->class_id), bx_text(bx_date_text(c->arena, k->day))));
}

/* Classes after the one that was done last; *more: there may be further ones. */
static bx_rc
night_page(bx_call *c, bx_id after, bx_date today, bx_id *last, bool *more)
{
    bx_rows      rows;
    night_class  k = { .day = today };

    if (bx_query(c, &rows, "SELECT u.id, u.school_id, u.township_id FROM org_unit u WHERE u.level = 'class' AND u.id > ?"
                 " AND (u.closed_on IS NULL OR u.closed_on >= ?) ORDER BY u.id LIMIT 200",
                 BX_ARGS(bx_int(after), bx_text(bx_date_text(c->arena, today)))) != BX_OK)
    {
        return BX_FAIL;
    }

    for (size_t i = 0; i < rows.nrows; i++) {
        k.class_id = bx_cell_int(&rows, i, 0);
        k.school = bx_cell_int(&rows, i, 1);
        k.township = bx_cell_int(&rows, i, 2);
        if (bx_in_part(c, night_of_class, &k) != BX_OK) {
            return BX_FAIL;
        }
        *last = k.class_id;
    }

    *more = rows.nrows == 200;
    return BX_OK;
}

bx_rc
bx_attendance_night(bx_call *c)
{
    bx_date          today = bx_date_of(c->now);
    const char      *day = bx_date_text(c->arena, today);
    struct timespec  began, now;
    bool             more = true;
    bx_id            last;
    bx_rows          rows;

    if (bx_exec(c, NULL, "INSERT IGNORE INTO ladder_night (day, class_id) VALUES (?, 0)", BX_ARGS(bx_text(day))) != BX_OK
        || bx_query(c, &rows, "SELECT n.class_id, n.finished_at FROM ladder_night n WHERE n.day = ?", BX_ARGS(bx_text(day))) != BX_OK)
    {
        return BX_FAIL;
    }
    if (rows.nrows == 0 || bx_cell_text(&rows, 0, 1) != NULL) {
        return BX_OK;
    }

    last = bx_cell_int(&rows, 0, 0);
    clock_gettime(CLOCK_MONOTONIC, &began);
    while (more) {
        if (night_page(c, last, today, &last, &more) != BX_OK) {
            return BX_FAIL;
        }
        clock_gettime(CLOCK_MONOTONIC, &now);
        if (more && now.tv_sec - began.tv_sec > NIGHT_SECONDS) {
            return BX_OK;                     /* goes on from there next time */
        }
    }

    return bx_exec(c, NULL, "UPDATE ladder_night SET finished_at = ? WHERE day = ?",
                   BX_ARGS(bx_text(bx_time_sql(c->arena, c->now)), bx_text(day)));
}

/* ------------------------------------------------------------------ another calendar */

/* A term, a closure, other bells: children with a run that reaches into these days, or with a mark in them that may count now, are
 * computed again from the first of them on, and the rolls that are still to come today are expected anew. */
bx_rc
bx_attendance_calendar(bx_call *c, bx_id class_id, bx_date from, bx_date to)
{
    const char *now = bx_time_sql(c->arena, c->now), *today = bx_date_text(c->arena, bx_date_of(c->now));
    const char *first = bx_date_text(c->arena, from), *last = bx_date_text(c->arena, to);
    bx_rows     rows;

    if (bx_exec(c, NULL, "INSERT INTO ladder_touch (student_id, at, since) SELECT r.student_id, ?, ? FROM absence_run r WHERE r.class_id = ?"
                " AND r.state IN ('open', 'ended') AND (r.last_on >= ? OR r.state = 'open')"
                " UNION SELECT m.student_id, ?, ? FROM attendance_mark m WHERE m.class_id = ? AND m.day >= ? AND m.day <= ?"
                " ON DUPLICATE KEY UPDATE at = VALUES(at), since = LEAST(COALESCE(ladder_touch.since, VALUES(since)), VALUES(since))",
                BX_ARGS(bx_text(now), bx_text(first), bx_int(class_id), bx_text(first), bx_text(now), bx_text(first), bx_int(class_id),
                        bx_text(first), bx_text(last))) != BX_OK)
    {
        return BX_FAIL;
    }
    if (bx_date_of(c->now) < from || bx_date_of(c->now) > to) {
        return BX_OK;
    }

    if (bx_exec(c, NULL, "DELETE FROM roll_expected WHERE day = ? AND class_id = ? AND alerted = 0", BX_ARGS(bx_text(today), bx_int(class_id))) != BX_OK
        || bx_query(c, &rows, "SELECT u.school_id, u.township_id FROM org_unit u WHERE u.id = ?", BX_ARGS(bx_int(class_id))) != BX_OK)
    {
        return BX_FAIL;
    }
    if (rows.nrows == 0) {
        return BX_OK;
    }

    night_class  k = { class_id, bx_cell_int(&rows, 0, 0), bx_cell_int(&rows, 0, 1), bx_date_of(c->now) };
    return expect_rolls(c, &k);
}
