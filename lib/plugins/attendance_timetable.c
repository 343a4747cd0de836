/*
 * attendance_timetable.c: which rolls the classes of a school have on a day, by timetable, closures and roll.mode. For pages that
 * must not wait for the clock to have written roll_expected. Reads only; a school's classes share a calendar, so that its queries
 * grow with the units that have a timetable of their own and not with the classes.
 */

#include "plugins/attendance.h"

#include <string.h>

/* Units below the school whose day is not simply the school's, and classes that are closed on it. STRAIGHT_JOIN: from the school's
 * few units. */
static const char sql_own[] =
    "SELECT STRAIGHT_JOIN u.id, 0 FROM org_unit u JOIN rule_override o FORCE INDEX (unit) ON o.unit_id = u.id AND o.rule IN ('roll.mode', 'roll.due_minutes', 'day.week',"
    " 'day.periods', 'day.bells') WHERE u.school_id = ? AND u.level IN ('grade', 'class')"
    " UNION SELECT STRAIGHT_JOIN u.id, 0 FROM org_unit u JOIN term t ON t.unit_id = u.id WHERE u.school_id = ? AND u.level IN ('grade', 'class')"
    " UNION SELECT STRAIGHT_JOIN u.id, 0 FROM org_unit u JOIN calendar_day d ON d.unit_id = u.id AND d.day = ? WHERE u.school_id = ? AND u.level IN ('grade', 'class')"
    " UNION SELECT STRAIGHT_JOIN u.id, 1 FROM org_unit u JOIN closure x FORCE INDEX (class) ON x.class_id = u.id AND x.starts_on <= ? AND x.ends_on >= ? AND x.cancelled = 0"
    " WHERE u.school_id = ? AND u.level = 'class'";

static bool
is_there(const bx_rows *own, bx_id unit, bool closed)
{
    for (size_t i = 0; i < own->nrows; i++) {
        if (bx_cell_int(own, i, 0) == unit && (bx_cell_int(own, i, 1) != 0) == closed) {
            return true;
        }
    }

    return false;
}

/* The sessions of a unit's classes on a day. */
static bx_rc
sessions_of_unit(bx_call *c, bx_id unit, bx_date day, bx_class_day *k)
{
    const bx_calendar *cal;
    const bx_bells    *b;
    const char        *mode;
    int64_t            minutes;

    if (bx_calendar_load(c, unit, day, day, &cal) != BX_OK || bx_rule_text(c, "roll.mode", unit, &mode) != BX_OK
        || bx_rule_int(c, "roll.due_minutes", unit, &minutes) != BX_OK)
    {
        return BX_FAIL;
    }

    b = bx_calendar_bells(cal, day);
    k->n = b == NULL ? 0 : bx_sessions_of(b, mode, k->spans);
    for (int i = 0; i < k->n; i++) {
        k->due[i] = bx_time_at(day, b->begins[k->spans[i].first - 1] + (int) minutes);
    }

    return BX_OK;
}

bx_rc
bx_class_days(bx_call *c, bx_id school, bx_date day, bx_class_day *classes, size_t n)
{
    bx_value  of = bx_int(school), date = bx_text(bx_date_text(bx_call_arena(c), day));
    bx_rows   own;
    bx_id     unit, known[BX_CLASS_DAY_UNITS];
    size_t    nknown = 0, at;
    size_t    first[BX_CLASS_DAY_UNITS];      /* the class that was computed for each of them */

    if (bx_query(c, &own, sql_own, BX_ARGS(of, of, date, of, date, date, of)) != BX_OK) {
        return BX_FAIL;
    }

    for (size_t i = 0; i < n; i++) {
        if (is_there(&own, classes[i].class_id, true)) {
            classes[i].n = 0;
            continue;
        }

        unit = is_there(&own, classes[i].class_id, false) ? classes[i].class_id : is_there(&own, classes[i].grade, false) ? classes[i].grade : school;
        for (at = 0; at < nknown && known[at] != unit; at++) {
            /* the units whose day is known */
        }
        if (at < nknown) {
            bx_id  id = classes[i].class_id, grade = classes[i].grade;

            classes[i] = classes[first[at]];
            classes[i].class_id = id;
            classes[i].grade = grade;
            continue;
        }
        if (sessions_of_unit(c, unit, day, &classes[i]) != BX_OK) {
            return BX_FAIL;
        }
        if (nknown < BX_CLASS_DAY_UNITS) {
            known[nknown] = unit;
            first[nknown++] = i;
        }
    }

    return BX_OK;
}
