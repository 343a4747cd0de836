/*
 * calendar_load.c: reads what the calendar of a class or an office is built from. At most two queries: the path of its
 * units, unless the call knows it, and everything that hangs on them. Does not own what a day is (calendar.c).
 */

#include <stdlib.h>
#include <string.h>

#include "flow/calendar.h"
#include "flow/rules.h"
#include "web/call.h"

#define AROUND   400                          /* days read before and after what was asked for */
#define ENOUGH   300                          /* as many of them do for what is asked for later in the same call */

/* What one call has built. Either class_id and school, or unit and office. */
struct bx_calendars {
    struct bx_calendars  *next;
    bx_id                 unit;
    bx_date               from, to;
    const bx_calendar    *school;
    const bx_workdays    *office;
    const bx_id          *ids;                /* the unit's path */
    size_t                n;
    bx_date               days_from, days_to; /* days are read from … to */
    bx_rows               rows;               /* of sql_parts */
};

static bx_rc
out_of_memory(bx_call *c)
{
    return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
}

/* Widens by some days. Dates come from people: whatever they say, the years 1980 to 2199 hold every calendar. */
static void
widen(bx_date *from, bx_date *to, bx_date days)
{
    bx_date  first = bx_date_make(1980, 1, 1), last = bx_date_make(2199, 12, 31);

    *from = *from < first + days ? first : *from - days;
    *to = *to > last - days ? last : *to + days;

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

    widen(&from, &to, ENOUGH);

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

/* What a calendar is made of comes in one round trip: overrides of rules, terms, days, closures. Columns: which of them, its
 * unit, a number (a term's school year, whether a day is statutory), and three texts. */
static const char  sql_parts[] =
    "SELECT 'rule' AS part, o.unit_id AS unit_id, 0 AS n, o.rule AS a, o.value AS b, NULL AS name"
    " FROM rule_override o WHERE o.unit_id IN (" BX_PATH_MARKS ")"
    " UNION ALL SELECT 'term', t.unit_id, t.school_year, t.starts_on, t.ends_on, NULL"
    " FROM term t WHERE t.unit_id IN (" BX_PATH_MARKS ") AND t.school_year BETWEEN ? AND ?"
    " UNION ALL SELECT 'day', d.unit_id, d.statutory, d.day, d.kind, d.name"
    " FROM calendar_day d WHERE d.unit_id IN (" BX_PATH_MARKS ") AND d.day BETWEEN ? AND ?"
    " UNION ALL SELECT 'closure', x.class_id, 0, x.starts_on, x.ends_on, x.reason"
    " FROM closure x WHERE x.class_id = ? AND x.starts_on <= ? AND x.ends_on >= ? AND x.cancelled = 0";

enum { PART, UNIT, NUMBER, TEXT_A, TEXT_B, NAME };

static bool
is_part(const bx_rows *rows, size_t i, const char *part)
{
    return strcmp(bx_cell_text(rows, i, PART), part) == 0;
}

/* Terms reach over the range that was asked for, and none is longer than a year: whole years, and one more on either side. */
static bx_rc
read_parts(bx_call *c, struct bx_calendars *k)
{
    bx_value     args[3 * BX_MAX_DEPTH + 7];
    size_t       n = 0;
    const char  *first, *last;

    k->days_from = bx_date_make(bx_civil_of_date(k->from).year - 1, 1, 1);
    k->days_to = bx_date_make(bx_civil_of_date(k->to).year + 1, 12, 31);
    first = bx_date_text(c->arena, k->days_from);
    last = bx_date_text(c->arena, k->days_to);

    bx_path_args(k->ids, k->n, args);
    bx_path_args(k->ids, k->n, args + BX_MAX_DEPTH);
    n = 2 * BX_MAX_DEPTH;
    args[n++] = bx_int(bx_civil_of_date(k->from).year - 2);
    args[n++] = bx_int(bx_civil_of_date(k->to).year + 1);
    bx_path_args(k->ids, k->n, args + n);
    n += BX_MAX_DEPTH;
    args[n++] = bx_text(first);
    args[n++] = bx_text(last);
    args[n++] = bx_int(k->unit);
    args[n++] = bx_text(last);
    args[n++] = bx_text(first);

    if (bx_query(c, &k->rows, sql_parts, args, n) != BX_OK) {
        return BX_FAIL;
    }

    return bx_overrides_known(c, k->unit, &k->rows);
}

static int
compare_terms(const void *x, const void *y)
{
    const bx_term_row *a = x, *b = y;

    return a->starts == b->starts ? 0 : a->starts < b->starts ? -1 : 1;
}

/* In each school year the nearest unit with a term decides alone, so that a school's own year replaces the county's as a
 * whole. */
static bool
is_nearest(const struct bx_calendars *k, size_t i)
{
    size_t  j, depth = depth_of(k->ids, k->n, bx_cell_int(&k->rows, i, UNIT));

    for (j = 0; j < k->rows.nrows; j++) {
        if (is_part(&k->rows, j, "term") && bx_cell_int(&k->rows, j, NUMBER) == bx_cell_int(&k->rows, i, NUMBER)
            && depth_of(k->ids, k->n, bx_cell_int(&k->rows, j, UNIT)) > depth)
        {
            return false;
        }
    }

    return true;
}

static bx_rc
take_terms(bx_call *c, const struct bx_calendars *k, bx_calendar_source *src)
{
    bx_term_row  *terms = bx_alloc(c->arena, (k->rows.nrows + 1) * sizeof(*terms)), term;
    size_t        i;

    if (terms == NULL) {
        return out_of_memory(c);
    }

    for (i = 0; i < k->rows.nrows; i++) {
        if (!is_part(&k->rows, i, "term") || !is_nearest(k, i)) {
            continue;
        }

        term.starts = bx_date_parse(bx_cell_text(&k->rows, i, TEXT_A));
        term.ends = bx_date_parse(bx_cell_text(&k->rows, i, TEXT_B));
        if (term.starts <= k->to && term.ends >= k->from) {
            terms[src->nterms++] = term;
        }
    }

    qsort(terms, src->nterms, sizeof(*terms), compare_terms);
    src->terms = terms;
    return BX_OK;
}

/* Days of the root first and of the last of n units last: the last row of a day holds. */
static bx_rc
take_days(bx_call *c, const struct bx_calendars *k, size_t n, bool statutory, bx_calendar_source *src)
{
    bx_day_row  *days = bx_alloc(c->arena, (k->rows.nrows + 1) * sizeof(*days));
    size_t       depth, i;

    if (days == NULL) {
        return out_of_memory(c);
    }

    for (depth = 0; depth < n; depth++) {
        for (i = 0; i < k->rows.nrows; i++) {
            if (bx_cell_int(&k->rows, i, UNIT) == k->ids[depth] && is_part(&k->rows, i, "day")
                && (!statutory || bx_cell_int(&k->rows, i, NUMBER) > 0))
            {
                days[src->ndays++] = (bx_day_row) { bx_date_parse(bx_cell_text(&k->rows, i, TEXT_A)),
                                                    strcmp(bx_cell_text(&k->rows, i, TEXT_B), "makeup") == 0,
                                                    bx_cell_text(&k->rows, i, NAME) };
            }
        }
    }

    src->days = days;
    return BX_OK;
}

static bx_rc
take_closures(bx_call *c, const struct bx_calendars *k, bx_calendar_source *src)
{
    bx_closure_row  *closures = bx_alloc(c->arena, (k->rows.nrows + 1) * sizeof(*closures));
    size_t           i;

    if (closures == NULL) {
        return out_of_memory(c);
    }

    for (i = 0; i < k->rows.nrows; i++) {
        if (is_part(&k->rows, i, "closure")) {
            closures[src->nclosures++] = (bx_closure_row) { bx_date_parse(bx_cell_text(&k->rows, i, TEXT_A)),
                                                            bx_date_parse(bx_cell_text(&k->rows, i, TEXT_B)),
                                                            bx_cell_text(&k->rows, i, NAME) };
        }
    }

    src->closures = closures;
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

static struct bx_calendars *
new_calendars(bx_call *c, bx_id unit, bx_date from, bx_date to)
{
    struct bx_calendars *k = bx_alloc(c->arena, sizeof(*k));

    if (k == NULL) {
        out_of_memory(c);
        return NULL;
    }

    *k = (struct bx_calendars) { .unit = unit, .from = from, .to = to };
    return bx_unit_path(c, unit, &k->ids, &k->n) == BX_OK && read_parts(c, k) == BX_OK ? k : NULL;
}

bx_rc
bx_calendar_load(bx_call *c, bx_id class_id, bx_date from, bx_date to, const bx_calendar **out)
{
    struct bx_calendars  *k;
    bx_calendar_source    src = { 0 };

    k = find_built(c, class_id, true, from, to);
    if (k != NULL) {
        *out = k->school;
        return BX_OK;
    }

    widen(&from, &to, AROUND);
    k = new_calendars(c, class_id, from, to);
    if (k == NULL || read_timetable(c, class_id, &src) != BX_OK || take_terms(c, k, &src) != BX_OK
        || take_days(c, k, k->n, false, &src) != BX_OK || take_closures(c, k, &src) != BX_OK)
    {
        return BX_FAIL;
    }

    if (bx_calendar_build(c->arena, &src, &k->school, &c->error) != BX_OK) {
        return bx_refuse(c, BX_E_INTERNAL, NULL, NULL, NULL);
    }

    keep(c, k);
    *out = k->school;
    return BX_OK;
}

/* What has been read for the unit or one below it. */
static struct bx_calendars *
find_read(bx_call *c, bx_id unit, bx_date from, bx_date to)
{
    struct bx_calendars  *k;

    for (k = c->calendars; k; k = k->next) {
        if (k->days_from <= from && k->days_to >= to && depth_of(k->ids, k->n, unit) > 0) {
            return k;
        }
    }

    return NULL;
}

/* An office has no closures and only the statutory days. */
bx_rc
bx_workdays_load(bx_call *c, bx_id unit, bx_date from, bx_date to, const bx_workdays **out)
{
    struct bx_calendars  *k, *read;
    bx_calendar_source    src = { 0 };

    k = find_built(c, unit, false, from, to);
    if (k != NULL) {
        *out = k->office;
        return BX_OK;
    }

    widen(&from, &to, AROUND);
    read = find_read(c, unit, from, to);
    k = read == NULL ? new_calendars(c, unit, from, to) : bx_alloc(c->arena, sizeof(*k));
    if (k == NULL) {
        return read == NULL ? BX_FAIL : out_of_memory(c);
    }

    if (read != NULL) {
        *k = *read;
        k->school = NULL;
        k->unit = unit;
        k->n = depth_of(read->ids, read->n, unit);
        k->from = from;
        k->to = to;
    }

    if (take_days(c, k, k->n, true, &src) != BX_OK) {
        return BX_FAIL;
    }

    if (bx_workdays_build(c->arena, src.days, src.ndays, &k->office, &c->error) != BX_OK) {
        return bx_refuse(c, BX_E_INTERNAL, NULL, NULL, NULL);
    }

    keep(c, k);
    *out = k->office;
    return BX_OK;
}
