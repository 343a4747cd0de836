/*
 * opening_clock.c: what the clock does at the start of a term: whoever was seen leaves the list of no-shows, the ladder looks at those
 * who were not, and a class whose list nobody closes is itself a task for its class teacher, and when that is overdue for who stands
 * above. Owns the tasks opening.close; opening_save.c closes them by closing the list.
 */

#include "flow/flow.h"
#include "plugins/attendance.h"
#include "plugins/opening.h"

#include <inttypes.h>
#include <string.h>

#define PAGE       50                         /* classes in one go, each with a calendar of its own */
#define OPEN_DAYS  14                         /* a term that began before is over with: a server set up meanwhile asks nobody for it */

extern const bx_record_def *const bx_no_show_record;

char *
bx_opening_key(bx_arena *a, bx_id class_id, bx_date term_on)
{
    return bx_sprintf(a, "%" PRId64 ":%s", class_id, bx_date_text(a, term_on));
}

/* ------------------------------------------------------------------ lists that nobody has closed */

typedef struct { bx_time trigger, nominal; } limits;

/* From the first bell of the first school day to the end of the day the rule says. BX_NO_TIME: the term has no day for this class. */
static bx_rc
limits_of(bx_call *c, const bx_calendar *cal, bx_id class_id, bx_date first, limits *out)
{
    const bx_bells *b = first == BX_NO_DATE ? NULL : bx_calendar_bells(cal, first);
    bx_date         day;
    int64_t         days;

    *out = (limits) { BX_NO_TIME, BX_NO_TIME };
    if (b == NULL) {
        return BX_OK;
    }
    if (bx_rule_int(c, "opening.close_days", class_id, &days) != BX_OK) {
        return BX_FAIL;
    }

    day = days == 0 ? first : bx_add_school_days(cal, first, (int) days);
    *out = (limits) { bx_time_at(first, b->begins[0]), bx_time_at(day == BX_NO_DATE ? first : day, 24 * 60) };
    return BX_OK;
}

static bx_rc
ask_class(bx_call *c, const bx_rows *rows, size_t i)
{
    bx_id            class_id = bx_cell_int(rows, i, 0);
    bx_opening_term  t = { 0 };
    limits           at;
    bx_task          task = { .kind = BX_OPENING_TASK, .class_id = class_id, .school = bx_cell_int(rows, i, 1), .township = bx_cell_int(rows, i, 2) };

    if (bx_opening_term_of(c, class_id, &t) != BX_OK) {
        if (c->problem.code != BX_E_INVALID) {
            return BX_FAIL;
        }
        c->problem = (bx_problem) { 0 };      /* no term here after all */
        return BX_OK;
    }
    if (t.term_on != bx_date_parse(bx_cell_text(rows, i, 3))) {
        return BX_OK;                         /* the class has a term of its own */
    }
    if (limits_of(c, t.cal, class_id, t.first, &at) != BX_OK) {
        return BX_FAIL;
    }
    if (at.trigger == BX_NO_TIME || at.trigger > c->now) {
        return BX_OK;
    }

    task.key = bx_opening_key(c->arena, class_id, t.term_on);
    task.trigger = at.trigger;
    task.nominal = at.nominal;
    task.params = bx_own(c->arena, json_pack("{s:s}", "day", bx_date_text(c->arena, t.term_on)));
    return bx_task_working_due(c, class_id, at.trigger, at.nominal, &task.working) == BX_OK ? bx_task_open(c, &task) : BX_FAIL;
}

/* Classes that are at school today, in a term that has just begun, with children, without a list that is closed and
 * without the task. A LIMIT keeps MariaDB from reading all children for it. */
static const char sql_unclosed[] =
    "SELECT u.id, u.school_id, u.township_id, d.starts_on FROM (SELECT DISTINCT t.starts_on FROM term t WHERE t.starts_on <= ? AND t.starts_on >= ?) d"
    " JOIN org_unit u ON u.level = 'class' AND (u.closed_on IS NULL OR u.closed_on >= ?) WHERE u.id > ?"
    " AND EXISTS (SELECT 1 FROM roll_expected e WHERE e.day = ? AND e.class_id = u.id)"
    " AND (SELECT 1 FROM student s WHERE s.class_id = u.id AND s.status IN ('01', '05') AND s.placement <> 'home_delivery' LIMIT 1) IS NOT NULL"
    " AND NOT EXISTS (SELECT 1 FROM opening_register g WHERE g.unit_id = u.id AND g.term_on = d.starts_on)"
    " AND NOT EXISTS (SELECT 1 FROM task k WHERE k.kind = '" BX_OPENING_TASK "' AND k.state <> 'withdrawn'"
    "   AND k.task_key = CAST(CONCAT(u.id, ':', d.starts_on) AS CHAR CHARACTER SET ascii))"
    " ORDER BY u.id LIMIT ?";

typedef struct { bx_id last; bool more; } paging;

/* A batch of a school that somebody was faster with is left for the next time. */
static bx_rc
commit_school(bx_call *c, bx_id school)
{
    return bx_commit_unless_raced(c, school, "ask", "opening-registers", 0, NULL);
}

static bx_rc
ask_page(bx_call *c, void *ctx)
{
    paging     *p = ctx;
    bx_date     today = bx_date_of(c->now);
    bx_value    day = bx_text(bx_date_text(c->arena, today));
    bx_rows     rows;

    if (bx_query(c, &rows, sql_unclosed, BX_ARGS(day, bx_text(bx_date_text(c->arena, today - OPEN_DAYS)), day, bx_int(p->last), day, bx_int(PAGE))) != BX_OK) {
        return BX_FAIL;
    }

    for (size_t i = 0; i < rows.nrows; i++) {
        if (ask_class(c, &rows, i) != BX_OK
            || ((i + 1 == rows.nrows || bx_cell_int(&rows, i + 1, 1) != bx_cell_int(&rows, i, 1)) && commit_school(c, bx_cell_int(&rows, i, 1)) != BX_OK))
        {
            return BX_FAIL;
        }
        p->last = bx_cell_int(&rows, i, 0);
    }

    p->more = rows.nrows == PAGE;
    return BX_OK;
}

/* A class that was closed, or that has no children any more, cannot close its list. */
static bx_rc
let_go(bx_call *c, void *ctx)
{
    static const char  sql[] =
        "SELECT t.task_key, t.school_id FROM task t JOIN org_unit u ON u.id = t.class_id WHERE t.kind = '" BX_OPENING_TASK "' AND t.waits = 1"
        " AND (u.closed_on < ? OR NOT EXISTS (SELECT 1 FROM student s WHERE s.class_id = u.id AND s.status IN ('01', '05') AND s.placement <> 'home_delivery'))"
        " ORDER BY t.school_id LIMIT 500";
    bx_rows            rows;

    (void) ctx;
    if (bx_query(c, &rows, sql, BX_ARGS(bx_text(bx_date_text(c->arena, bx_date_of(c->now))))) != BX_OK) {
        return BX_FAIL;
    }
    for (size_t i = 0; i < rows.nrows; i++) {
        if (bx_task_close(c, BX_OPENING_TASK, bx_cell_text(&rows, i, 0), "withdrawn", "excused", NULL, 0) != BX_OK
            || ((i + 1 == rows.nrows || bx_cell_int(&rows, i + 1, 1) != bx_cell_int(&rows, i, 1)) && commit_school(c, bx_cell_int(&rows, i, 1)) != BX_OK))
        {
            return BX_FAIL;
        }
    }

    return BX_OK;
}

/* Days of a class became others: a task whose dates are no longer those of the term is taken back; the clock asks again when it is time. */
bx_rc
bx_opening_calendar(bx_call *c, bx_id class_id, bx_date from, bx_date to)
{
    const bx_calendar *cal;
    bx_rows            rows;
    limits             at;

    (void) from;
    (void) to;
    if (bx_query(c, &rows, "SELECT t.task_key, t.trigger_at, t.nominal_due, t.school_id FROM task t WHERE t.class_id = ? AND t.waits = 1"
                 " AND t.kind = '" BX_OPENING_TASK "'", BX_ARGS(bx_int(class_id))) != BX_OK)
    {
        return BX_FAIL;
    }

    for (size_t i = 0; i < rows.nrows; i++) {
        const char *key = bx_cell_text(&rows, i, 0), *colon = strchr(key, ':');
        bx_date     term_on = colon == NULL ? BX_NO_DATE : bx_date_parse(colon + 1), starts = BX_NO_DATE, ends;

        at = (limits) { BX_NO_TIME, BX_NO_TIME };
        if (term_on == BX_NO_DATE || bx_calendar_load(c, class_id, term_on, term_on + 60, &cal) != BX_OK
            || (bx_calendar_term(cal, term_on, &starts, &ends) && starts == term_on
                && limits_of(c, cal, class_id, bx_is_school_day(cal, term_on) ? term_on : bx_add_school_days(cal, term_on, 1), &at) != BX_OK))
        {
            return BX_FAIL;
        }
        if (at.trigger == bx_time_parse_sql(bx_cell_text(&rows, i, 1)) && at.nominal == bx_time_parse_sql(bx_cell_text(&rows, i, 2))) {
            continue;
        }
        if (bx_task_close(c, BX_OPENING_TASK, key, "withdrawn", "rescheduled", NULL, 0) != BX_OK
            || bx_commit_batch(c, bx_cell_int(&rows, i, 3), "ask", "opening-registers", 0, NULL) != BX_OK)
        {
            return BX_FAIL;
        }
    }

    return BX_OK;
}

/* ------------------------------------------------------------------ the job */

/* Whoever was seen at school has come: the roll says so, nobody writes it again. From the first day of the term on the ladder looks
 * at whoever is still missing and has no run yet. */
static bx_rc
look_at_no_shows(bx_call *c)
{
    bx_arena *a = bx_call_arena(c);
    bx_value  today = bx_text(bx_date_text(a, bx_date_of(bx_call_now(c))));
    unsigned  moved;

    if (bx_sweep(c, bx_no_show_record, "seen", "EXISTS (SELECT 1 FROM absence_run x WHERE x.student_id = t.student_id AND x.first_on >= t.term_on"
                 " AND x.state = 'ended' AND x.ended_by = 'returned') OR EXISTS (SELECT 1 FROM roll_call r WHERE r.class_id = t.class_id AND r.day >= t.term_on"
                 " AND r.saved_at > t.found_at AND NOT EXISTS (SELECT 1 FROM attendance_mark m FORCE INDEX (PRIMARY) WHERE m.student_id = t.student_id AND m.day = r.day"
                 " AND m.roll_id = r.id))", BX_NO_ARGS, &moved) != BX_OK)
    {
        return BX_FAIL;
    }

    return bx_exec(c, NULL, "INSERT IGNORE INTO ladder_touch (student_id, at, since) SELECT n.student_id, ?, n.term_on FROM no_show n"
                   " WHERE n.state = 'missing' AND n.term_on <= ? AND n.term_on >= ? - INTERVAL 60 DAY"
                   " AND NOT EXISTS (SELECT 1 FROM absence_run x WHERE x.student_id = n.student_id AND x.first_on >= n.term_on) ORDER BY n.id LIMIT 2000",
                   BX_ARGS(bx_text(bx_time_sql(a, bx_call_now(c))), today, today));
}

bx_rc
bx_opening_clock(bx_call *c)
{
    bx_value  today = bx_text(bx_date_text(c->arena, bx_date_of(c->now)));
    bx_value  since = bx_text(bx_date_text(c->arena, bx_date_of(c->now) - OPEN_DAYS));
    paging    p = { 0, true };
    bx_rows   rows;

    if (look_at_no_shows(c) != BX_OK
        || bx_query(c, &rows, "SELECT t.id FROM term t WHERE t.starts_on <= ? AND t.starts_on >= ? LIMIT 1", BX_ARGS(today, since)) != BX_OK)
    {
        return BX_FAIL;
    }
    if (rows.nrows == 0) {
        return BX_OK;                         /* on most days of the year */
    }

    while (p.more) {
        if (bx_in_part(c, ask_page, &p) != BX_OK) {
            return BX_FAIL;
        }
    }

    return bx_in_part(c, let_go, NULL);
}
