/*
 * calendar.c: school days of a class and working days of an office, as pure functions of arrays.
 * Owns what a day is, how periods and half-days are counted and how dates are moved. Does not own where terms, days and
 * rules come from (calendar_load.c, rules.c; their texts: calendar_text.c), and knows neither database nor request.
 */

#include <stdlib.h>
#include <string.h>

#include "flow/calendar.h"

#define YEAR_AHEAD  366                       /* days bx_next_slot() and its like look through */
#define MAX_MOVE    3660                      /* days bx_add_workdays() goes through at most */

typedef struct {
    uint8_t  kind;                            /* bx_day_kind */
    uint8_t  weekday;                         /* whose bells ring, 1..7; 0: none */
    int16_t  term;                            /* index, -1: none */
    const char *name;
} day_info;

/* Days from the first day of the first term to the last day of the last one; every other day is outside a term.
 * before[i] is the number of school days in days[0 .. i-1], so that adding days is a search and not a walk. */
struct bx_calendar {
    bx_date       first;
    int           ndays;
    day_info     *days;
    int          *before;
    bx_term_row  *terms;
    size_t        nterms;
    bx_timetable  table;
};

struct bx_workdays {
    bx_day_row  *days;                        /* sorted, one a day */
    size_t       ndays;
};

/* ------------------------------------------------------------------ building */

static bool
in_week(const bx_timetable *t, int weekday)
{
    const bx_bells  *b = &t->days[weekday - 1];

    return (t->week & (1u << (weekday - 1))) != 0 && b->am + b->pm > 0;
}

/* Sorts by day and keeps the last row of each. */
static int
compare_days(const void *x, const void *y)
{
    const bx_day_row  *a = x, *b = y;

    return (a->day > b->day) - (a->day < b->day);
}

/* Copies the rows sorted, one a day; qsort() is not stable, so the order in the array is settled before. */
static bx_rc
copy_days(bx_arena *a, const bx_day_row *src, size_t n, bx_day_row **out, size_t *count)
{
    bx_day_row  *rows = bx_alloc(a, (n + 1) * sizeof(*rows));
    bx_day_row  *found;
    size_t       i, k = 0, sorted = 0;

    if (rows == NULL) {
        return BX_FAIL;
    }

    for (i = 0; i < n; i++) {
        found = sorted ? bsearch(&src[i], rows, sorted, sizeof(*rows), compare_days) : NULL;
        if (found == NULL) {
            /* rows come sorted from the database: then this moves nothing */
            for (k = sorted; k > 0 && rows[k - 1].day > src[i].day; k--) {
                rows[k] = rows[k - 1];
            }
            found = &rows[k];
            sorted++;
        }

        *found = src[i];
        found->name = src[i].name ? bx_strdup(a, src[i].name) : NULL;
        if (src[i].name != NULL && found->name == NULL) {
            return BX_FAIL;
        }
    }

    *out = rows;
    *count = sorted;
    return BX_OK;
}

static const bx_day_row *
find_day(const bx_day_row *rows, size_t n, bx_date d)
{
    bx_day_row  key = { d, false, NULL };

    return n ? bsearch(&key, rows, n, sizeof(*rows), compare_days) : NULL;
}

/* Outside a term nothing else matters; a holiday outweighs a weekend, and a closure only closes a school day. */
static void
judge_day(const bx_calendar *cal, const bx_calendar_source *src, const bx_day_row *row, bx_date d, day_info *info)
{
    int     weekday = bx_weekday(d);
    size_t  i;

    info->term = -1;
    info->kind = BX_DAY_OUTSIDE_TERM;

    for (i = 0; i < cal->nterms && info->term < 0; i++) {
        if (d >= cal->terms[i].starts && d <= cal->terms[i].ends) {
            info->term = (int16_t) i;
        }
    }

    if (row != NULL) {
        info->name = row->name;
    }

    if (info->term < 0) {
        return;
    }

    if (row != NULL && !row->makeup) {
        info->kind = BX_DAY_HOLIDAY;
        return;
    }

    if (row == NULL && !in_week(&cal->table, weekday)) {
        info->kind = BX_DAY_WEEKEND;
        return;
    }

    for (i = 0; i < src->nclosures; i++) {
        if (d >= src->closures[i].starts && d <= src->closures[i].ends) {
            info->kind = BX_DAY_CLOSED;
            info->name = src->closures[i].reason;
            return;
        }
    }

    info->kind = row != NULL ? BX_DAY_MAKEUP : BX_DAY_SCHOOL;
    info->weekday = (uint8_t) (in_week(&cal->table, weekday) ? weekday : cal->table.makeup);
}

static bx_rc
fill_days(bx_arena *a, bx_calendar *cal, const bx_calendar_source *src)
{
    const bx_day_row  *row;
    bx_day_row        *rows;
    size_t             nrows;
    day_info          *info;
    int                i;

    if (copy_days(a, src->days, src->ndays, &rows, &nrows) != BX_OK) {
        return BX_FAIL;
    }

    cal->days = bx_alloc(a, (size_t) (cal->ndays + 1) * sizeof(*cal->days));
    cal->before = bx_alloc(a, (size_t) (cal->ndays + 1) * sizeof(*cal->before));
    if (cal->days == NULL || cal->before == NULL) {
        return BX_FAIL;
    }

    for (i = 0; i < cal->ndays; i++) {
        info = &cal->days[i];
        row = find_day(rows, nrows, cal->first + i);
        judge_day(cal, src, row, cal->first + i, info);

        if (info->kind == BX_DAY_CLOSED && info->name != NULL) {
            /* one copy a run of closed days */
            if (i > 0 && cal->days[i - 1].name != NULL && strcmp(cal->days[i - 1].name, info->name) == 0) {
                info->name = cal->days[i - 1].name;
            } else if ((info->name = bx_strdup(a, info->name)) == NULL) {
                return BX_FAIL;
            }
        }

        cal->before[i + 1] = cal->before[i] + (info->weekday != 0);
    }

    return BX_OK;
}

bx_rc
bx_calendar_build(bx_arena *a, const bx_calendar_source *src, const bx_calendar **out, bx_error *err)
{
    bx_calendar  *cal = bx_alloc(a, sizeof(*cal));
    bx_date       last = BX_NO_DATE;
    size_t        i;

    if (cal == NULL || (cal->terms = bx_alloc(a, (src->nterms + 1) * sizeof(*cal->terms))) == NULL) {
        return bx_error_set(err, BX_E_MEMORY, "out of memory for a calendar");
    }

    if (!bx_timetable_read(src->week ? src->week : BX_WEEK_DEFAULT, src->periods ? src->periods : BX_PERIODS_DEFAULT,
                           src->bells ? src->bells : BX_BELLS_DEFAULT, &cal->table))
    {
        return bx_error_set(err, BX_E_INVALID, "the rules day.week, day.periods and day.bells give no timetable");
    }

    cal->first = INT32_MAX;

    for (i = 0; i < src->nterms; i++) {
        if (src->terms[i].starts == BX_NO_DATE || src->terms[i].ends < src->terms[i].starts) {
            continue;
        }

        cal->terms[cal->nterms++] = src->terms[i];
        cal->first = src->terms[i].starts < cal->first ? src->terms[i].starts : cal->first;
        last = src->terms[i].ends > last ? src->terms[i].ends : last;
    }

    cal->ndays = cal->nterms ? (int) (last - cal->first + 1) : 0;

    if (fill_days(a, cal, src) != BX_OK) {
        return bx_error_set(err, BX_E_MEMORY, "out of memory for a calendar");
    }

    *out = cal;
    return BX_OK;
}

/* ------------------------------------------------------------------ what a day is */

static const day_info *
day_of(const bx_calendar *cal, bx_date d)
{
    if (cal->ndays == 0 || d < cal->first || d - cal->first >= cal->ndays) {
        return NULL;
    }

    return &cal->days[d - cal->first];
}

bx_day_kind
bx_calendar_day(const bx_calendar *cal, bx_date d)
{
    const day_info  *info = day_of(cal, d);

    return info ? (bx_day_kind) info->kind : BX_DAY_OUTSIDE_TERM;
}

const char *
bx_calendar_day_name(const bx_calendar *cal, bx_date d)
{
    const day_info  *info = day_of(cal, d);

    return info ? info->name : NULL;
}

bool
bx_is_school_day(const bx_calendar *cal, bx_date d)
{
    return bx_calendar_bells(cal, d) != NULL;
}

const bx_bells *
bx_calendar_bells(const bx_calendar *cal, bx_date d)
{
    const day_info  *info = day_of(cal, d);

    return info && info->weekday ? &cal->table.days[info->weekday - 1] : NULL;
}

bool
bx_calendar_term(const bx_calendar *cal, bx_date d, bx_date *starts, bx_date *ends)
{
    const day_info  *info = day_of(cal, d);

    if (info == NULL || info->term < 0) {
        return false;
    }

    *starts = cal->terms[info->term].starts;
    *ends = cal->terms[info->term].ends;
    return true;
}

/* ------------------------------------------------------------------ counting and moving */

/* The first (dir 1) or last (dir -1) school day from d on, d included; BX_NO_DATE when there is none. */
static bx_date
school_day_from(const bx_calendar *cal, bx_date d, int dir)
{
    int64_t  i = (int64_t) d - cal->first;

    if (dir > 0 && i < 0) {
        i = 0;
    }

    if (dir < 0 && i >= cal->ndays) {
        i = cal->ndays - 1;
    }

    for ( /* void */ ; i >= 0 && i < cal->ndays; i += dir) {
        if (cal->days[i].weekday) {
            return (bx_date) (cal->first + i);
        }
    }

    return BX_NO_DATE;
}

int
bx_half_days(const bx_calendar *cal, bx_span span)
{
    const bx_bells  *b;
    bx_date          d;
    int              lo, hi, halves = 0;

    for (d = school_day_from(cal, span.from.day, 1); d != BX_NO_DATE && d <= span.to.day;
         d = school_day_from(cal, d + 1, 1))
    {
        b = bx_calendar_bells(cal, d);
        lo = d == span.from.day && span.from.period > 1 ? span.from.period : 1;
        hi = b->am + b->pm;

        if (d == span.to.day && span.to.period < hi) {
            hi = span.to.period;
        }

        if (lo > hi) {
            continue;
        }

        halves += (lo <= b->am) + (hi > b->am);
    }

    return halves;
}

bool
bx_next_slot(const bx_calendar *cal, bx_slot after, bx_slot *out)
{
    const bx_bells  *b = bx_calendar_bells(cal, after.day);
    bx_date          d;

    if (b != NULL && after.period < b->am + b->pm) {
        out->day = after.day;
        out->period = after.period < 1 ? 1 : after.period + 1;
        return true;
    }

    if (after.day == INT32_MAX) {
        return false;
    }

    d = school_day_from(cal, after.day + 1, 1);
    if (d == BX_NO_DATE || (int64_t) d - after.day > YEAR_AHEAD) {
        return false;
    }

    out->day = d;
    out->period = 1;
    return true;
}

bool
bx_previous_slot(const bx_calendar *cal, bx_slot before, bx_slot *out)
{
    const bx_bells  *b = bx_calendar_bells(cal, before.day);
    bx_date          d;

    if (b != NULL && before.period > 1) {
        out->day = before.day;
        out->period = before.period > b->am + b->pm ? b->am + b->pm : before.period - 1;
        return true;
    }

    if (before.day == INT32_MIN) {
        return false;
    }

    d = school_day_from(cal, before.day - 1, -1);
    if (d == BX_NO_DATE || (int64_t) before.day - d > YEAR_AHEAD) {
        return false;
    }

    b = bx_calendar_bells(cal, d);
    out->day = d;
    out->period = b->am + b->pm;
    return true;
}

/* School days before d, of the whole calendar. */
static int
days_before(const bx_calendar *cal, bx_date d)
{
    int64_t  i = (int64_t) d - cal->first;

    if (cal->ndays == 0 || i <= 0) {
        return 0;
    }

    return cal->before[i < cal->ndays ? i : cal->ndays];
}

bx_date
bx_add_school_days(const bx_calendar *cal, bx_date d, int n)
{
    int64_t  wanted;
    int      lo = 0, hi = cal->ndays, mid;

    if (n == 0 || d == BX_NO_DATE) {
        return d;
    }

    /* the wanted-th school day of the calendar, counted from 1 */
    wanted = (int64_t) days_before(cal, d) + n + (n > 0 ? bx_is_school_day(cal, d) : 1);

    if (cal->ndays == 0 || wanted < 1 || wanted > cal->before[cal->ndays]) {
        return BX_NO_DATE;
    }

    while (lo < hi) {
        mid = lo + (hi - lo) / 2;
        if (cal->before[mid] < wanted) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }

    return cal->first + lo - 1;
}

bx_time
bx_slot_begins(const bx_calendar *cal, bx_slot s)
{
    const bx_bells  *b = bx_calendar_bells(cal, s.day);

    return b && s.period >= 1 && s.period <= b->am + b->pm ? bx_time_at(s.day, b->begins[s.period - 1]) : BX_NO_TIME;
}

bx_time
bx_slot_ends(const bx_calendar *cal, bx_slot s)
{
    const bx_bells  *b = bx_calendar_bells(cal, s.day);

    return b && s.period >= 1 && s.period <= b->am + b->pm ? bx_time_at(s.day, b->ends[s.period - 1]) : BX_NO_TIME;
}

bool
bx_slot_at(const bx_calendar *cal, bx_time t, bx_slot *out)
{
    const bx_bells  *b;
    bx_date          d;
    int              i, minute;

    if (t == BX_NO_TIME) {
        return false;
    }

    d = bx_date_of(t);
    minute = bx_minute_of(t);
    b = bx_calendar_bells(cal, d);

    for (i = 0; b && i < b->am + b->pm; i++) {
        if (b->ends[i] > minute) {
            *out = (bx_slot) { d, i + 1 };
            return true;
        }
    }

    return bx_next_slot(cal, (bx_slot) { d, BX_MAX_PERIODS }, out);
}

/* ------------------------------------------------------------------ JSON */

const char *
bx_day_kind_name(bx_day_kind kind)
{
    static const char  *const names[] = { "school", "makeup", "weekend", "holiday", "closed", "outside_term" };

    return names[kind];
}

static json_t *
clock_json(int minutes)
{
    return json_sprintf("%02d:%02d", minutes / 60, minutes % 60);
}

static json_t *
date_json(bx_date d)
{
    bx_civil  v = bx_civil_of_date(d);

    return json_sprintf("%04d-%02d-%02d", v.year, v.month, v.day);
}

static json_t *
day_json(const bx_calendar *cal, bx_date d)
{
    const bx_bells  *b = bx_calendar_bells(cal, d);
    const char      *name = bx_calendar_day_name(cal, d);
    json_t          *periods = json_array();
    int              i;

    for (i = 0; b && i < b->am + b->pm; i++) {
        json_array_append_new(periods, json_pack("[o,o]", clock_json(b->begins[i]), clock_json(b->ends[i])));
    }

    return json_pack("{s:o,s:s,s:s?,s:i,s:i,s:o}", "date", date_json(d),
                     "kind", bx_day_kind_name(bx_calendar_day(cal, d)), "name", name,
                     "am", b ? b->am : 0, "pm", b ? b->pm : 0, "periods", periods);
}

json_t *
bx_calendar_json(const bx_calendar *cal, bx_date from, bx_date to)
{
    json_t   *days = json_array(), *term = NULL;
    bx_date   d, starts, ends;

    for (d = from; d <= to; d++) {
        if (term == NULL && bx_calendar_term(cal, d, &starts, &ends)) {
            term = json_pack("{s:o,s:o}", "starts_on", date_json(starts), "ends_on", date_json(ends));
        }

        if (json_array_append_new(days, day_json(cal, d)) != 0) {
            json_decref(days);
            json_decref(term);
            return NULL;
        }
    }

    return json_pack("{s:o,s:o}", "term", term ? term : json_null(), "days", days);
}

/* ------------------------------------------------------------------ working days */

bx_rc
bx_workdays_build(bx_arena *a, const bx_day_row *days, size_t ndays, const bx_workdays **out, bx_error *err)
{
    bx_workdays  *w = bx_alloc(a, sizeof(*w));

    if (w == NULL || copy_days(a, days, ndays, &w->days, &w->ndays) != BX_OK) {
        return bx_error_set(err, BX_E_MEMORY, "out of memory for a calendar");
    }

    *out = w;
    return BX_OK;
}

bool
bx_is_workday(const bx_workdays *w, bx_date d)
{
    const bx_day_row  *row = find_day(w->days, w->ndays, d);

    return row ? row->makeup : bx_weekday(d) <= 5;
}

bx_date
bx_add_workdays(const bx_workdays *w, bx_date d, int n)
{
    int  step = n < 0 ? -1 : 1, walked;

    if (d == BX_NO_DATE) {
        return d;
    }

    for (walked = 0; n != 0; walked++) {
        if (walked == MAX_MOVE) {
            return BX_NO_DATE;
        }

        d += step;
        if (bx_is_workday(w, d)) {
            n -= step;
        }
    }

    return d;
}

int
bx_workdays_between(const bx_workdays *w, bx_date after, bx_date until)
{
    int  n = 0;

    for ( /* void */ ; after < until; until--) {
        n += bx_is_workday(w, until);
    }

    return n;
}
