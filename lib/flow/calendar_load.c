/*
 * calendar_load.c: reads what the calendar of a class or an office is built from. At most four queries for a class: the
 * path of its units, their overrides of rules, terms, and days with closures. Does not own what a day is (calendar.c).
 */

#include <inttypes.h>
#include <string.h>

#include "flow/calendar.h"
#include "flow/rules.h"
#include "web/call.h"

#define AROUND   400                          /* days read before and after what was asked for */

/* What one call has built. Either class_id and school, or unit and office. */
struct bx_calendars {
    struct bx_calendars  *next;
    bx_id                 unit;
    bx_date               from, to;
    const bx_calendar    *school;
    const bx_workdays    *office;
};

static bx_rc
out_of_memory(bx_call *c)
{
    return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
}

/* Widens to what is read. Dates come from people: whatever they say, the years 1980 to 2199 hold every calendar. */
static void
widen(bx_date *from, bx_date *to)
{
    bx_date  first = bx_date_make(1980, 1, 1), last = bx_date_make(2199, 12, 31);

    *from = *from < first + AROUND ? first : *from - AROUND;
    *to = *to > last - AROUND ? last : *to + AROUND;

    if (*from > last) {
        *from = last;
    }

    if (*to < *from) {
        *to = *from;
    }
}

static struct bx_calendars *
find_built(bx_call *c, bx_id unit, bool school, bx_date from, bx_date to)
{
    struct bx_calendars  *k;

    for (k = c->calendars; k; k = k->next) {
        if (k->unit == unit && (k->school != NULL) == school && k->from <= from && k->to >= to) {
            return k;
        }
    }

    return NULL;
}

static void
keep(bx_call *c, struct bx_calendars *k)
{
    k->next = c->calendars;
    c->calendars = k;
}

/* ------------------------------------------------------------------ rows */

/* How far down the path a unit is, from 1; 0: not on it. */
static size_t
depth_of(const bx_id *ids, size_t n, bx_id unit)
{
    while (n > 0 && ids[n - 1] != unit) {
        n--;
    }

    return n;
}

/* In each school year the nearest unit with a term decides alone. Rows come ordered by school year. */
static size_t
nearest_terms(const bx_rows *rows, const bx_id *ids, size_t n, bx_date from, bx_date to, bx_term_row *out)
{
    size_t       i, j, k, depth, best, count = 0;
    bx_term_row  term;

    for (i = 0; i < rows->nrows; i = j) {
        best = 0;

        for (j = i; j < rows->nrows && bx_cell_int(rows, j, 1) == bx_cell_int(rows, i, 1); j++) {
            depth = depth_of(ids, n, bx_cell_int(rows, j, 0));
            best = depth > best ? depth : best;
        }

        for (k = i; k < j; k++) {
            if (depth_of(ids, n, bx_cell_int(rows, k, 0)) != best) {
                continue;
            }

            term.starts = bx_date_parse(bx_cell_text(rows, k, 2));
            term.ends = bx_date_parse(bx_cell_text(rows, k, 3));
            if (term.starts <= to && term.ends >= from) {
                out[count++] = term;
            }
        }
    }

    return count;
}

/* Terms by school year, so that a school's own year replaces the county's as a whole: the years read are those with any
 * day in the range, and one more on either side for a term that reaches over its year's end. */
static bx_rc
read_terms(bx_call *c, const bx_id *ids, size_t n, bx_date from, bx_date to, bx_calendar_source *src)
{
    static const char  sql[] = "SELECT t.unit_id AS unit_id, t.school_year AS school_year, t.starts_on AS starts_on,"
                               " t.ends_on AS ends_on FROM term t"
                               " WHERE t.unit_id IN (" BX_PATH_MARKS ") AND t.school_year BETWEEN ? AND ?"
                               " ORDER BY t.school_year, t.starts_on, t.id";
    bx_value           args[BX_MAX_DEPTH + 2];
    bx_term_row       *terms;
    bx_rows            rows;

    bx_path_args(ids, n, args);
    args[BX_MAX_DEPTH] = bx_int(bx_civil_of_date(from).year - 2);
    args[BX_MAX_DEPTH + 1] = bx_int(bx_civil_of_date(to).year + 1);

    if (bx_query(c, &rows, sql, args, BX_MAX_DEPTH + 2) != BX_OK) {
        return BX_FAIL;
    }

    terms = bx_alloc(c->arena, (rows.nrows + 1) * sizeof(*terms));
    if (terms == NULL) {
        return out_of_memory(c);
    }

    src->nterms = nearest_terms(&rows, ids, n, from, to, terms);
    src->terms = terms;
    return BX_OK;
}

/* Columns: unit (0 for a closure), from, to, kind, name. */
static const char  sql_days[] =
    "SELECT d.unit_id AS unit_id, d.day AS starts_on, d.day AS ends_on, d.kind AS kind, d.name AS name"
    " FROM calendar_day d WHERE d.unit_id IN (" BX_PATH_MARKS ") AND d.day BETWEEN ? AND ? AND d.statutory >= ?"
    " UNION ALL"
    " SELECT 0, x.starts_on, x.ends_on, 'closed', x.reason FROM closure x"
    " WHERE x.class_id = ? AND x.starts_on <= ? AND x.ends_on >= ? AND x.cancelled = 0";

static bool
is_row(const bx_rows *rows, size_t i, bx_id unit)
{
    return bx_cell_int(rows, i, 0) == unit;
}

/* Days of the root first and of the unit last: the last row of a day holds. */
static size_t
sorted_days(const bx_rows *rows, const bx_id *ids, size_t n, bx_day_row *out)
{
    size_t  depth, i, count = 0;

    for (depth = 0; depth < n; depth++) {
        for (i = 0; i < rows->nrows; i++) {
            if (is_row(rows, i, ids[depth])) {
                out[count].day = bx_date_parse(bx_cell_text(rows, i, 1));
                out[count].makeup = strcmp(bx_cell_text(rows, i, 3), "makeup") == 0;
                out[count++].name = bx_cell_text(rows, i, 4);
            }
        }
    }

    return count;
}

/* class_id 0: for offices, which have no closures and only the statutory days. */
static bx_rc
read_days(bx_call *c, bx_id class_id, const bx_id *ids, size_t n, bx_date from, bx_date to, bx_calendar_source *src)
{
    const char      *first = bx_date_text(c->arena, from), *last = bx_date_text(c->arena, to);
    bx_value         args[BX_MAX_DEPTH + 6];
    bx_day_row      *days;
    bx_closure_row  *closures;
    bx_rows          rows;
    size_t           i;

    bx_path_args(ids, n, args);
    args[BX_MAX_DEPTH] = bx_text(first);
    args[BX_MAX_DEPTH + 1] = bx_text(last);
    args[BX_MAX_DEPTH + 2] = bx_int(class_id == 0);
    args[BX_MAX_DEPTH + 3] = bx_int(class_id);
    args[BX_MAX_DEPTH + 4] = bx_text(last);
    args[BX_MAX_DEPTH + 5] = bx_text(first);

    if (bx_query(c, &rows, sql_days, args, BX_MAX_DEPTH + 6) != BX_OK) {
        return BX_FAIL;
    }

    days = bx_alloc(c->arena, (rows.nrows + 1) * sizeof(*days));
    closures = bx_alloc(c->arena, (rows.nrows + 1) * sizeof(*closures));
    if (days == NULL || closures == NULL) {
        return out_of_memory(c);
    }

    src->ndays = sorted_days(&rows, ids, n, days);
    src->days = days;
    src->closures = closures;

    for (i = 0; i < rows.nrows; i++) {
        if (is_row(&rows, i, 0)) {
            closures[src->nclosures++] = (bx_closure_row) { bx_date_parse(bx_cell_text(&rows, i, 1)),
                                                            bx_date_parse(bx_cell_text(&rows, i, 2)),
                                                            bx_cell_text(&rows, i, 4) };
        }
    }

    return BX_OK;
}

/* ------------------------------------------------------------------ loading */

/* Each of the three has been checked, yet overrides of different units may not fit together (a county's week of days on
 * which the school has no period): then the defaults hold, and the school can still work and set its rules. */
static bx_rc
read_timetable(bx_call *c, bx_id unit, bx_calendar_source *src)
{
    bx_timetable  table;

    if (bx_rule_text(c, "day.week", unit, &src->week) != BX_OK
        || bx_rule_text(c, "day.periods", unit, &src->periods) != BX_OK
        || bx_rule_text(c, "day.bells", unit, &src->bells) != BX_OK)
    {
        return BX_FAIL;
    }

    if (!bx_timetable_read(src->week, src->periods, src->bells, &table)) {
        src->week = src->periods = src->bells = NULL;
    }

    return BX_OK;
}

/* Terms reach over the range that was asked for: the days of a whole term are read with it. */
static void
cover_terms(const bx_calendar_source *src, bx_date *from, bx_date *to)
{
    size_t  i;

    for (i = 0; i < src->nterms; i++) {
        *from = src->terms[i].starts < *from ? src->terms[i].starts : *from;
        *to = src->terms[i].ends > *to ? src->terms[i].ends : *to;
    }
}

bx_rc
bx_calendar_load(bx_call *c, bx_id class_id, bx_date from, bx_date to, const bx_calendar **out)
{
    struct bx_calendars  *k;
    bx_calendar_source    src = { 0 };
    const bx_id          *ids;
    size_t                n;

    widen(&from, &to);

    k = find_built(c, class_id, true, from, to);
    if (k != NULL) {
        *out = k->school;
        return BX_OK;
    }

    k = bx_alloc(c->arena, sizeof(*k));
    if (k == NULL) {
        return out_of_memory(c);
    }

    if (bx_unit_path(c, class_id, &ids, &n) != BX_OK || read_timetable(c, class_id, &src) != BX_OK
        || read_terms(c, ids, n, from, to, &src) != BX_OK)
    {
        return BX_FAIL;
    }

    cover_terms(&src, &from, &to);

    if (read_days(c, class_id, ids, n, from, to, &src) != BX_OK) {
        return BX_FAIL;
    }

    if (bx_calendar_build(c->arena, &src, &k->school, &c->error) != BX_OK) {
        return bx_refuse(c, BX_E_INTERNAL, NULL, NULL, NULL);
    }

    k->unit = class_id;
    k->from = from;
    k->to = to;
    keep(c, k);
    *out = k->school;
    return BX_OK;
}

bx_rc
bx_workdays_load(bx_call *c, bx_id unit, bx_date from, bx_date to, const bx_workdays **out)
{
    struct bx_calendars  *k;
    bx_calendar_source    src = { 0 };
    const bx_id          *ids;
    size_t                n;

    widen(&from, &to);

    k = find_built(c, unit, false, from, to);
    if (k != NULL) {
        *out = k->office;
        return BX_OK;
    }

    k = bx_alloc(c->arena, sizeof(*k));
    if (k == NULL) {
        return out_of_memory(c);
    }

    if (bx_unit_path(c, unit, &ids, &n) != BX_OK || read_days(c, 0, ids, n, from, to, &src) != BX_OK) {
        return BX_FAIL;
    }

    if (bx_workdays_build(c->arena, src.days, src.ndays, &k->office, &c->error) != BX_OK) {
        return bx_refuse(c, BX_E_INTERNAL, NULL, NULL, NULL);
    }

    k->unit = unit;
    k->from = from;
    k->to = to;
    keep(c, k);
    *out = k->office;
    return BX_OK;
}
