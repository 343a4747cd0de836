/*
 * calendar_text.c: the texts of the rules day.week, day.periods and day.bells, read into a timetable. Pure.
 */

#include <string.h>

#include "flow/calendar.h"

#define NOON  (12 * 60)

/* Reads 1 to max digits; -1 when there is none. */
static int
take_int(const char **p, int max)
{
    const char  *s = *p;
    int          n = 0, value = 0;

    while (n < max && s[n] >= '0' && s[n] <= '9') {
        value = value * 10 + (s[n] - '0');
        n++;
    }

    *p = s + n;
    return n ? value : -1;
}

static bool
take_char(const char **p, char ch)
{
    if (**p != ch) {
        return false;
    }

    (*p)++;
    return true;
}

/* "1-5", "1-4,6": weekdays and ranges of them. */
static bool
read_week(const char *s, unsigned *week)
{
    int  from, to, d;

    *week = 0;

    do {
        from = take_int(&s, 1);
        to = take_char(&s, '-') ? take_int(&s, 1) : from;

        if (from < 1 || to > 7 || to < from) {
            return false;
        }

        for (d = from; d <= to; d++) {
            *week |= 1u << (d - 1);
        }
    } while (take_char(&s, ','));

    return *s == '\0';
}

/* "4+3", or "0" for none. */
static bool
read_day_periods(const char **s, int *am, int *pm)
{
    *am = take_int(s, 2);
    *pm = 0;

    if (*am < 0) {
        return false;
    }

    if (!take_char(s, '+')) {
        return *am == 0;
    }

    *pm = take_int(s, 2);

    return *pm >= 0 && *am + *pm <= BX_MAX_PERIODS;
}

/* One value for every day, or seven from Monday to Sunday. */
static bool
read_periods(const char *s, int am[7], int pm[7])
{
    int  d, n = 0;

    do {
        if (n == 7 || !read_day_periods(&s, &am[n], &pm[n])) {
            return false;
        }
        n++;
    } while (take_char(&s, ','));

    if (*s != '\0' || (n != 1 && n != 7)) {
        return false;
    }

    for (d = n; d < 7; d++) {
        am[d] = am[0];
        pm[d] = pm[0];
    }

    return true;
}

static bool
read_clock(const char **s, int *minutes)
{
    int  h = take_int(s, 2), m;

    if (h < 0 || !take_char(s, ':')) {
        return false;
    }

    m = take_int(s, 2);
    *minutes = h * 60 + m;

    return h <= 23 && m >= 0 && m <= 59;
}

/* "08:00-08:40,…": each ends after it begins and none begins before the one before has ended. */
static bool
read_bells(const char *s, bx_bells *bells, int *count)
{
    int  n = 0;

    do {
        if (n == BX_MAX_PERIODS || !read_clock(&s, &bells->begins[n]) || !take_char(&s, '-')
            || !read_clock(&s, &bells->ends[n]))
        {
            return false;
        }

        if (bells->begins[n] >= bells->ends[n] || (n > 0 && bells->begins[n] < bells->ends[n - 1])) {
            return false;
        }

        n++;
    } while (take_char(&s, ','));

    *count = n;
    return *s == '\0';
}

bool
bx_week_text_ok(const char *text)
{
    unsigned  week;

    return text != NULL && read_week(text, &week);
}

bool
bx_periods_text_ok(const char *text)
{
    int  am[7], pm[7], d, sum = 0;

    if (text == NULL || !read_periods(text, am, pm)) {
        return false;
    }

    for (d = 0; d < 7; d++) {
        sum += am[d] + pm[d];
    }

    return sum > 0;
}

bool
bx_bells_text_ok(const char *text)
{
    bx_bells  bells;
    int       n;

    return text != NULL && read_bells(text, &bells, &n);
}

static void
copy_bell(bx_bells *to, int i, const bx_bells *from, int j)
{
    to->begins[i] = from->begins[j];
    to->ends[i] = from->ends[j];
}

/* Gives a day its bells: the first `am` that ring before noon and the first `pm` after it. Where a school counts a bell
 * before noon to its afternoon, or the other way round, the bells are taken in their order. */
static bool
ring_day(bx_bells *day, const bx_bells *all, int n, int am, int pm)
{
    int   i, morning = 0;
    bool  enough = am + pm <= n;

    while (morning < n && all->begins[morning] < NOON) {
        morning++;
    }

    if (am > morning || pm > n - morning) {
        morning = am;
    }

    day->am = am <= n ? am : n;
    day->pm = pm <= n - day->am ? pm : n - day->am;

    for (i = 0; i < day->am; i++) {
        copy_bell(day, i, all, i);
    }

    for (i = 0; i < day->pm; i++) {
        copy_bell(day, day->am + i, all, morning + i);
    }

    return enough;
}

bool
bx_timetable_read(const char *week, const char *periods, const char *bells, bx_timetable *out)
{
    bx_bells  all = { 0 };
    int       am[7], pm[7], d, n;

    memset(out, 0, sizeof(*out));

    if (!read_week(week, &out->week) || !read_periods(periods, am, pm) || !read_bells(bells, &all, &n)) {
        return false;
    }

    for (d = 0; d < 7; d++) {
        if (!ring_day(&out->days[d], &all, n, am[d], pm[d])) {
            out->short_of_bells = true;
        }

        if (out->makeup == 0 && (out->week & (1u << d)) && out->days[d].am + out->days[d].pm > 0) {
            out->makeup = d + 1;
        }
    }

    return out->makeup != 0;
}
