/*
 * calendar_example.h: what tests of the calendar share: the calendar of the examples that define absence, leave and dropout,
 * and slots as texts.
 */
#ifndef TEST_CALENDAR_EXAMPLE_H
#define TEST_CALENDAR_EXAMPLE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "flow/calendar.h"

#define D(y, m, d)  bx_date_make(y, m, d)
#define COUNT(a)    (sizeof(a) / sizeof((a)[0]))

static const struct { int y, m, d; bool makeup; const char *name; }  example_days[] = {
    { 2026, 10, 1, false, "国庆节" }, { 2026, 10, 2, false, "国庆节" }, { 2026, 10, 3, false, "国庆节" },
    { 2026, 10, 4, false, "国庆节" }, { 2026, 10, 5, false, "国庆节" }, { 2026, 10, 6, false, "国庆节" },
    { 2026, 10, 7, false, "国庆节" }, { 2026, 10, 10, true, "国庆节调休" }, { 2027, 1, 1, false, "元旦" },
};

typedef struct {
    bx_term_row         terms[2];
    bx_day_row          days[COUNT(example_days)];
    bx_calendar_source  src;
} example;

static inline void
make_example(example *x)
{
    size_t  i;

    memset(x, 0, sizeof(*x));

    x->terms[0] = (bx_term_row) { D(2026, 9, 1), D(2027, 1, 29) };
    x->terms[1] = (bx_term_row) { D(2027, 3, 1), D(2027, 7, 9) };

    for (i = 0; i < COUNT(example_days); i++) {
        x->days[i] = (bx_day_row) { D(example_days[i].y, example_days[i].m, example_days[i].d), example_days[i].makeup,
                                    example_days[i].name };
    }

    x->src.terms = x->terms;
    x->src.nterms = 2;
    x->src.days = x->days;
    x->src.ndays = COUNT(example_days);
}

static inline const bx_calendar *
build(bx_arena *a, const bx_calendar_source *src)
{
    const bx_calendar  *cal = NULL;
    bx_error            err = { 0 };

    assert_int_equal(bx_calendar_build(a, src, &cal, &err), BX_OK);
    assert_non_null(cal);
    return cal;
}

static inline bx_span
span(bx_date from, int p, bx_date to, int q)
{
    return (bx_span) { { from, p }, { to, q } };
}

/* A slot as text, so that a failure says which. */
static inline const char *
slot(bool found, bx_slot s)
{
    static char  text[4][32];
    static int   n;
    bx_civil     v;

    n = (n + 1) % 4;
    if (!found) {
        return "none";
    }

    v = bx_civil_of_date(s.day);
    snprintf(text[n], sizeof(text[n]), "%d-%02d-%02d p%d", v.year, v.month, v.day, s.period);
    return text[n];
}

static inline const char *
next(const bx_calendar *cal, bx_date d, int period)
{
    bx_slot  s = { 0, 0 };
    bool     found = bx_next_slot(cal, (bx_slot) { d, period }, &s);

    return slot(found, s);
}

static inline const char *
previous(const bx_calendar *cal, bx_date d, int period)
{
    bx_slot  s = { 0, 0 };
    bool     found = bx_previous_slot(cal, (bx_slot) { d, period }, &s);

    return slot(found, s);
}

static inline const char *
at(const bx_calendar *cal, bx_time t)
{
    bx_slot  s = { 0, 0 };
    bool     found = bx_slot_at(cal, t, &s);

    return slot(found, s);
}

#endif
