/*
 * test_calendar.c: the school calendar and the working days of offices: the calendar's part of the examples that define
 * absence, leave and dropout, odd calendars, and both against a slow and obvious model on random calendars.
 */

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

/* ------------------------------------------------------------------ the calendar of the examples */

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

static void
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

static const bx_calendar *
build(bx_arena *a, const bx_calendar_source *src)
{
    const bx_calendar  *cal = NULL;
    bx_error            err = { 0 };

    assert_int_equal(bx_calendar_build(a, src, &cal, &err), BX_OK);
    assert_non_null(cal);
    return cal;
}

typedef struct {
    bx_arena            *arena;
    const bx_calendar   *cal;
    const bx_workdays   *work;
} fixture;

static int
setup(void **state)
{
    static fixture  f;
    bx_error        err = { 0 };
    example         x;

    f.arena = bx_arena_create(4096);
    make_example(&x);
    f.cal = build(f.arena, &x.src);
    assert_int_equal(bx_workdays_build(f.arena, x.src.days, x.src.ndays, &f.work, &err), BX_OK);

    *state = &f;
    return 0;
}

static int
teardown(void **state)
{
    bx_arena_destroy(((fixture *) *state)->arena);
    return 0;
}

static bx_span
span(bx_date from, int p, bx_date to, int q)
{
    return (bx_span) { { from, p }, { to, q } };
}

/* A slot as text, so that a failure says which. */
static const char *
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

static const char *
next(const bx_calendar *cal, bx_date d, int period)
{
    bx_slot  s = { 0, 0 };
    bool     found = bx_next_slot(cal, (bx_slot) { d, period }, &s);

    return slot(found, s);
}

static const char *
previous(const bx_calendar *cal, bx_date d, int period)
{
    bx_slot  s = { 0, 0 };
    bool     found = bx_previous_slot(cal, (bx_slot) { d, period }, &s);

    return slot(found, s);
}

static const char *
at(const bx_calendar *cal, bx_time t)
{
    bx_slot  s = { 0, 0 };
    bool     found = bx_slot_at(cal, t, &s);

    return slot(found, s);
}

/* ------------------------------------------------------------------ what a day is */

static void
days_of_the_examples(void **state)
{
    const fixture  *f = *state;
    static const struct { int y, m, d; bx_day_kind kind; }  cases[] = {
        { 2026, 8, 31, BX_DAY_OUTSIDE_TERM }, { 2026, 9, 1, BX_DAY_SCHOOL },     { 2026, 9, 5, BX_DAY_WEEKEND },
        { 2026, 9, 6, BX_DAY_WEEKEND },       { 2026, 9, 21, BX_DAY_SCHOOL },    { 2026, 9, 30, BX_DAY_SCHOOL },
        { 2026, 10, 1, BX_DAY_HOLIDAY },      { 2026, 10, 3, BX_DAY_HOLIDAY },   { 2026, 10, 7, BX_DAY_HOLIDAY },
        { 2026, 10, 8, BX_DAY_SCHOOL },       { 2026, 10, 9, BX_DAY_SCHOOL },    { 2026, 10, 10, BX_DAY_MAKEUP },
        { 2026, 10, 11, BX_DAY_WEEKEND },     { 2027, 1, 1, BX_DAY_HOLIDAY },    { 2027, 1, 29, BX_DAY_SCHOOL },
        { 2027, 1, 30, BX_DAY_OUTSIDE_TERM }, { 2027, 2, 15, BX_DAY_OUTSIDE_TERM },
        { 2027, 2, 28, BX_DAY_OUTSIDE_TERM }, { 2027, 3, 1, BX_DAY_SCHOOL },     { 2027, 7, 9, BX_DAY_SCHOOL },
        { 2027, 7, 10, BX_DAY_OUTSIDE_TERM },
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        bx_date      d = D(cases[i].y, cases[i].m, cases[i].d);
        bx_day_kind  kind = bx_calendar_day(f->cal, d);

        assert_string_equal(bx_day_kind_name(kind), bx_day_kind_name(cases[i].kind));
        assert_int_equal(bx_is_school_day(f->cal, d), kind == BX_DAY_SCHOOL || kind == BX_DAY_MAKEUP);
        assert_int_equal(bx_calendar_bells(f->cal, d) != NULL, bx_is_school_day(f->cal, d));
    }

    assert_string_equal(bx_calendar_day_name(f->cal, D(2026, 10, 1)), "国庆节");
    assert_string_equal(bx_calendar_day_name(f->cal, D(2026, 10, 10)), "国庆节调休");
    assert_null(bx_calendar_day_name(f->cal, D(2026, 9, 21)));
    assert_null(bx_calendar_day_name(f->cal, D(2030, 1, 1)));
}

static void
bells_of_the_examples(void **state)
{
    const fixture   *f = *state;
    const bx_bells  *b = bx_calendar_bells(f->cal, D(2026, 9, 21));
    bx_slot          s = { D(2026, 9, 21), 0 };
    static const char *const  times[] = { "08:00-08:40", "08:50-09:30", "10:00-10:40", "10:50-11:30",
                                          "14:00-14:40", "14:50-15:30", "15:40-16:20" };
    char             text[64];

    assert_int_equal(b->am, 4);
    assert_int_equal(b->pm, 3);

    for (int i = 0; i < 7; i++) {
        snprintf(text, sizeof(text), "%02d:%02d-%02d:%02d", b->begins[i] / 60, b->begins[i] % 60, b->ends[i] / 60,
                 b->ends[i] % 60);
        assert_string_equal(text, times[i]);

        s.period = i + 1;
        assert_int_equal(bx_slot_begins(f->cal, s), bx_time_at(s.day, b->begins[i]));
        assert_int_equal(bx_slot_ends(f->cal, s), bx_time_at(s.day, b->ends[i]));
    }

    for (int p = -1; p <= 9; p += p == 0 ? 8 : 1) {       /* -1, 0, 8, 9 */
        s.period = p;
        assert_int_equal(bx_slot_begins(f->cal, s), BX_NO_TIME);
        assert_int_equal(bx_slot_ends(f->cal, s), BX_NO_TIME);
    }

    s = (bx_slot) { D(2026, 10, 1), 1 };
    assert_int_equal(bx_slot_begins(f->cal, s), BX_NO_TIME);
    /* the make-up Saturday rings as a Monday */
    assert_ptr_equal(bx_calendar_bells(f->cal, D(2026, 10, 10)), bx_calendar_bells(f->cal, D(2026, 10, 12)));
}

static void
terms_of_the_examples(void **state)
{
    const fixture  *f = *state;
    bx_date         starts = 0, ends = 0;

    assert_true(bx_calendar_term(f->cal, D(2026, 9, 1), &starts, &ends));
    assert_int_equal(starts, D(2026, 9, 1));
    assert_int_equal(ends, D(2027, 1, 29));
    assert_true(bx_calendar_term(f->cal, D(2027, 1, 29), &starts, &ends));
    assert_true(bx_calendar_term(f->cal, D(2026, 10, 3), &starts, &ends));
    assert_true(bx_calendar_term(f->cal, D(2027, 3, 1), &starts, &ends));
    assert_int_equal(starts, D(2027, 3, 1));
    assert_int_equal(ends, D(2027, 7, 9));

    assert_false(bx_calendar_term(f->cal, D(2026, 8, 31), &starts, &ends));
    assert_false(bx_calendar_term(f->cal, D(2027, 2, 1), &starts, &ends));
    assert_false(bx_calendar_term(f->cal, D(2027, 7, 10), &starts, &ends));
    assert_false(bx_calendar_term(f->cal, BX_NO_DATE, &starts, &ends));
    assert_false(bx_calendar_term(f->cal, INT32_MAX, &starts, &ends));
}

/* ------------------------------------------------------------------ leave, V1 to V8 */

static void
v1_periods(void **state)
{
    const fixture  *f = *state;
    bx_date         wed = D(2026, 9, 23);

    assert_int_equal(bx_half_days(f->cal, span(wed, 5, wed, 7)), 1);
    assert_int_equal(bx_slot_begins(f->cal, (bx_slot) { wed, 5 }), bx_time_at(wed, 14 * 60));
    /* asked 10:00: an hour later is before the first bell; asked 13:40 it is after it */
    assert_true(bx_time_at(wed, 10 * 60) + 3600 < bx_slot_begins(f->cal, (bx_slot) { wed, 5 }));
    assert_true(bx_time_at(wed, 13 * 60 + 40) + 3600 > bx_slot_begins(f->cal, (bx_slot) { wed, 5 }));
    /* may leave from the end of the last period before: 11:30 */
    assert_string_equal(previous(f->cal, wed, 5), "2026-09-23 p4");
    assert_int_equal(bx_slot_ends(f->cal, (bx_slot) { wed, 4 }), bx_time_at(wed, 11 * 60 + 30));
    assert_string_equal(next(f->cal, wed, 7), "2026-09-24 p1");
}

static void
v2_route_by_length(void **state)
{
    const fixture  *f = *state;
    bx_date         tue = D(2026, 9, 22);

    assert_int_equal(bx_half_days(f->cal, span(tue, 1, tue, 7)), 2);                            /* a) 1.0 */
    assert_int_equal(bx_half_days(f->cal, span(tue, 1, tue + 1, 4)), 3);                        /* b) 1.5 */
    assert_int_equal(bx_half_days(f->cal, span(D(2026, 10, 12), 1, D(2026, 10, 16), 7)), 10);   /* c) 5.0 */
    assert_int_equal(bx_half_days(f->cal, span(D(2026, 10, 12), 1, D(2026, 10, 21), 7)), 16);   /* d) 8.0 */

    /* e) one-day requests with no attended period between: the next begins where the one before ends */
    for (int day = 0; day < 3; day++) {
        assert_int_equal(bx_half_days(f->cal, span(tue - 1 + day, 1, tue - 1 + day, 7)), 2);
        assert_int_equal(bx_half_days(f->cal, span(tue - 1, 1, tue - 1 + day, 7)), 2 * (day + 1));
    }
    assert_string_equal(next(f->cal, D(2026, 9, 21), 7), "2026-09-22 p1");
    assert_string_equal(next(f->cal, D(2026, 9, 22), 7), "2026-09-23 p1");
    assert_int_equal(bx_slot_begins(f->cal, (bx_slot) { tue, 1 }), bx_time_at(tue, 8 * 60));
}

static void
v3_paper(void **state)
{
    const fixture  *f = *state;
    bx_date         tue = D(2026, 9, 22), back, due;

    assert_int_equal(bx_half_days(f->cal, span(tue, 1, tue, 7)), 2);
    assert_string_equal(next(f->cal, tue, 7), "2026-09-23 p1");

    back = tue + 1;
    due = bx_add_school_days(f->cal, back, 1);
    assert_int_equal(due, D(2026, 9, 24));
    assert_int_equal(bx_add_school_days(f->cal, due, 2), D(2026, 9, 28));
}

static void
v4_across_the_holiday(void **state)
{
    const fixture  *f = *state;
    bx_slot         back = { 0, 0 };

    assert_int_equal(bx_half_days(f->cal, span(D(2026, 9, 30), 1, D(2026, 10, 9), 7)), 6);
    assert_true(bx_next_slot(f->cal, (bx_slot) { D(2026, 10, 9), 7 }, &back));
    assert_string_equal(slot(true, back), "2026-10-10 p1");
    assert_int_equal(bx_slot_begins(f->cal, back), bx_time_at(D(2026, 10, 10), 8 * 60));
    /* absent then: the run's first day ends 16:20, its visit is due the next school day */
    assert_int_equal(bx_slot_ends(f->cal, (bx_slot) { back.day, 7 }), bx_time_at(back.day, 16 * 60 + 20));
    assert_int_equal(bx_add_school_days(f->cal, back.day, 1), D(2026, 10, 12));
}

static void
v5_across_term_end(void **state)
{
    const fixture  *f = *state;
    bx_date         starts, ends, thu = D(2027, 1, 28), tue = D(2027, 3, 2);

    assert_true(bx_calendar_term(f->cal, thu, &starts, &ends));
    assert_true(tue > ends);
    assert_int_equal(ends, D(2027, 1, 29));
    assert_int_equal(bx_half_days(f->cal, span(thu, 1, ends, bx_calendar_bells(f->cal, ends)->am
                                                            + bx_calendar_bells(f->cal, ends)->pm)), 4);
    assert_int_equal(bx_half_days(f->cal, span(thu, 1, tue, 7)), 8);    /* 2.0 on either side of the vacation */
    assert_int_equal(bx_half_days(f->cal, span(D(2027, 3, 1), 1, tue, 7)), 4);
    assert_string_equal(next(f->cal, ends, 7), "2027-03-01 p1");
    assert_string_equal(previous(f->cal, D(2027, 3, 1), 1), "2027-01-29 p7");
    assert_true(bx_calendar_term(f->cal, D(2027, 3, 1), &starts, &ends));
    assert_int_not_equal(starts, D(2026, 9, 1));
}

static void
v6_undecided(void **state)
{
    const fixture  *f = *state;
    bx_date         mon = D(2026, 9, 21);

    /* sent 07:50 for the same day: the hour ends 08:50, after the first bell */
    assert_int_equal(bx_half_days(f->cal, span(mon, 1, mon, 7)), 2);
    assert_string_equal(at(f->cal, bx_time_at(mon, 7 * 60 + 50)), "2026-09-21 p1");
    assert_true(bx_time_at(mon, 7 * 60 + 50) + 3600 > bx_slot_begins(f->cal, (bx_slot) { mon, 1 }));
    assert_int_equal(bx_slot_ends(f->cal, (bx_slot) { mon, 4 }), bx_time_at(mon, 11 * 60 + 30));
    assert_int_equal(bx_slot_ends(f->cal, (bx_slot) { mon, 7 }), bx_time_at(mon, 16 * 60 + 20));
}

static void
v7_v8_overlap_and_extension(void **state)
{
    const fixture  *f = *state;
    bx_date         mon = D(2026, 9, 21);

    assert_int_equal(bx_half_days(f->cal, span(mon, 1, mon + 2, 7)), 6);        /* V7: 3.0 in all */
    assert_int_equal(bx_half_days(f->cal, span(mon, 1, mon + 1, 7)), 4);        /* V8: 2.0 … */
    assert_int_equal(bx_half_days(f->cal, span(mon, 1, mon + 3, 7)), 8);        /* … 4.0 in all */
    assert_string_equal(next(f->cal, mon + 3, 7), "2026-09-25 p1");
    assert_int_equal(bx_slot_begins(f->cal, (bx_slot) { mon + 2, 1 }), bx_time_at(mon + 2, 8 * 60));
}

/* ------------------------------------------------------------------ ladder and case, as far as a calendar decides */

static void
dues_in_school_days(void **state)
{
    const fixture  *f = *state;
    static const struct { int y, m, d, n, y2, m2, d2; }  cases[] = {
        { 2026, 9, 25, 1, 2026, 9, 28 },      /* L4: the weekend has no due periods */
        { 2026, 9, 29, 1, 2026, 9, 30 },      /* L5 */
        { 2026, 9, 30, 1, 2026, 10, 8 },      /* L5 without its cap */
        { 2026, 10, 10, 1, 2026, 10, 12 },    /* L5: the form after the make-up Saturday */
        { 2026, 10, 16, 1, 2026, 10, 19 },    /* L10 */
        { 2026, 11, 4, 3, 2026, 11, 9 },      /* C1: second persuasion */
        { 2026, 11, 23, 3, 2026, 11, 26 },    /* C1: return report */
        { 2026, 12, 26, 1, 2026, 12, 28 },    /* C1: a review on Sunday 27 December moves on */
        { 2027, 2, 26, 1, 2027, 3, 1 },       /* C1: and one in the vacation to the new term */
        { 2026, 9, 18, 1, 2026, 9, 21 },      /* C5: discovery */
        { 2026, 9, 18, 5, 2026, 9, 25 },
        { 2026, 10, 16, 1, 2026, 10, 19 },
        { 2026, 9, 30, 5, 2026, 10, 13 },
        { 2027, 1, 29, 1, 2027, 3, 1 },
        { 2026, 8, 1, 1, 2026, 9, 1 },
        { 2026, 9, 21, 0, 2026, 9, 21 },
        { 2026, 10, 3, 0, 2026, 10, 3 },
        { 2026, 9, 21, -1, 2026, 9, 18 },
        { 2026, 10, 12, -3, 2026, 10, 8 },
        { 2026, 10, 4, -1, 2026, 9, 30 },
        { 2027, 2, 15, -1, 2027, 1, 29 },
        { 2027, 12, 1, -1, 2027, 7, 9 },
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(bx_add_school_days(f->cal, D(cases[i].y, cases[i].m, cases[i].d), cases[i].n),
                         D(cases[i].y2, cases[i].m2, cases[i].d2));
    }

    assert_int_equal(bx_add_school_days(f->cal, D(2027, 7, 9), 1), BX_NO_DATE);
    assert_int_equal(bx_add_school_days(f->cal, D(2026, 9, 1), -1), BX_NO_DATE);
    assert_int_equal(bx_add_school_days(f->cal, D(2026, 9, 1), 1000), BX_NO_DATE);
    assert_int_equal(bx_add_school_days(f->cal, D(2026, 9, 1), INT32_MAX), BX_NO_DATE);
    assert_int_equal(bx_add_school_days(f->cal, D(2026, 9, 1), INT32_MIN), BX_NO_DATE);
    assert_int_equal(bx_add_school_days(f->cal, BX_NO_DATE, 3), BX_NO_DATE);

    /* C5: Monday 21 September to Friday 16 October are 16 school days */
    assert_int_equal(bx_half_days(f->cal, span(D(2026, 9, 21), 1, D(2026, 10, 16), 7)), 32);
    /* C1: 23 to 27 November are five */
    assert_int_equal(bx_half_days(f->cal, span(D(2026, 11, 23), 1, D(2026, 11, 27), 7)), 10);
}

static void
dues_in_working_days(void **state)
{
    const fixture  *f = *state;
    static const struct { int y, m, d, n, y2, m2, d2; }  cases[] = {
        { 2026, 10, 16, 3, 2026, 10, 21 },    /* C1, C3: report to the bureau */
        { 2026, 10, 20, 5, 2026, 10, 27 },    /* C1: verification */
        { 2026, 10, 26, 2, 2026, 10, 28 },    /* C1: notice */
        { 2026, 11, 4, 1, 2026, 11, 5 },      /* C1: township told */
        { 2026, 11, 6, 10, 2026, 11, 20 },    /* C1: joint persuasion */
        { 2026, 11, 11, 5, 2026, 11, 18 },    /* C1: order */
        { 2026, 11, 24, 3, 2026, 11, 27 },    /* C1: signature */
        { 2026, 12, 10, 1, 2026, 12, 11 },    /* C4: bureau told */
        { 2026, 10, 13, 10, 2026, 10, 27 },   /* C3: transfer confirmed or not */
        { 2026, 9, 25, 3, 2026, 9, 30 },      /* C5 */
        { 2026, 9, 30, 1, 2026, 10, 8 },
        { 2026, 9, 30, 3, 2026, 10, 10 },     /* the make-up Saturday is a working day */
        { 2027, 1, 29, 1, 2027, 2, 1 },       /* the office works on in the vacation */
        { 2027, 2, 1, 19, 2027, 2, 26 },
        { 2026, 12, 31, 1, 2027, 1, 4 },
        { 2026, 10, 8, -1, 2026, 9, 30 },
        { 2026, 10, 12, -1, 2026, 10, 10 },
        { 2026, 10, 4, 0, 2026, 10, 4 },
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(bx_add_workdays(f->work, D(cases[i].y, cases[i].m, cases[i].d), cases[i].n),
                         D(cases[i].y2, cases[i].m2, cases[i].d2));
    }

    /* C5: 9 working days late by the nominal due */
    assert_int_equal(bx_workdays_between(f->work, D(2026, 9, 30), D(2026, 10, 19)), 9);
    assert_int_equal(bx_workdays_between(f->work, D(2026, 10, 19), D(2026, 9, 30)), 0);
    assert_int_equal(bx_workdays_between(f->work, D(2026, 10, 9), D(2026, 10, 10)), 1);

    assert_true(bx_is_workday(f->work, D(2026, 10, 10)));
    assert_false(bx_is_workday(f->work, D(2026, 10, 11)));
    assert_false(bx_is_workday(f->work, D(2026, 10, 5)));
    assert_true(bx_is_workday(f->work, D(2027, 2, 15)));
    assert_false(bx_is_school_day(f->cal, D(2027, 2, 15)));

    assert_int_equal(bx_add_workdays(f->work, D(2026, 9, 1), 100000), BX_NO_DATE);
    assert_int_equal(bx_add_workdays(f->work, BX_NO_DATE, 1), BX_NO_DATE);
}

/* ------------------------------------------------------------------ slots and spans that are odd */

static void
slots_by_time(void **state)
{
    const fixture  *f = *state;
    bx_date         mon = D(2026, 9, 21);
    static const struct { int minute; const char *slot; }  cases[] = {
        { 0, "2026-09-21 p1" },         { 8 * 60 + 39, "2026-09-21 p1" },   { 8 * 60 + 40, "2026-09-21 p2" },
        { 9 * 60 + 40, "2026-09-21 p3" }, { 11 * 60 + 29, "2026-09-21 p4" }, { 11 * 60 + 30, "2026-09-21 p5" },
        { 16 * 60 + 19, "2026-09-21 p7" }, { 16 * 60 + 20, "2026-09-22 p1" }, { 23 * 60 + 59, "2026-09-22 p1" },
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_string_equal(at(f->cal, bx_time_at(mon, cases[i].minute)), cases[i].slot);
    }

    assert_string_equal(at(f->cal, bx_time_at(D(2026, 9, 25), 17 * 60)), "2026-09-28 p1");
    assert_string_equal(at(f->cal, bx_time_at(D(2026, 10, 3), 600)), "2026-10-08 p1");
    assert_string_equal(at(f->cal, bx_time_at(D(2027, 2, 3), 600)), "2027-03-01 p1");
    assert_string_equal(at(f->cal, bx_time_at(D(2027, 7, 9), 16 * 60 + 20)), "none");
    assert_string_equal(at(f->cal, BX_NO_TIME), "none");
}

static void
neighbouring_slots(void **state)
{
    const fixture  *f = *state;

    assert_string_equal(next(f->cal, D(2026, 9, 21), 1), "2026-09-21 p2");
    assert_string_equal(next(f->cal, D(2026, 9, 21), 4), "2026-09-21 p5");
    assert_string_equal(next(f->cal, D(2026, 9, 21), 0), "2026-09-21 p1");
    assert_string_equal(next(f->cal, D(2026, 9, 21), -5), "2026-09-21 p1");
    assert_string_equal(next(f->cal, D(2026, 9, 21), 99), "2026-09-22 p1");
    assert_string_equal(next(f->cal, D(2026, 10, 3), 2), "2026-10-08 p1");
    assert_string_equal(next(f->cal, D(2027, 7, 9), 7), "none");
    assert_string_equal(next(f->cal, D(2026, 8, 31), 1), "2026-09-01 p1");
    assert_string_equal(next(f->cal, D(2025, 9, 2), 1), "2026-09-01 p1");       /* 364 days */
    assert_string_equal(next(f->cal, D(2025, 8, 31), 1), "2026-09-01 p1");      /* 366 */
    assert_string_equal(next(f->cal, D(2025, 8, 30), 1), "none");               /* more than a year ahead */
    assert_string_equal(next(f->cal, BX_NO_DATE, 1), "none");
    assert_string_equal(next(f->cal, INT32_MAX, 1), "none");

    assert_string_equal(previous(f->cal, D(2026, 9, 21), 7), "2026-09-21 p6");
    assert_string_equal(previous(f->cal, D(2026, 9, 21), 99), "2026-09-21 p7");
    assert_string_equal(previous(f->cal, D(2026, 9, 21), 1), "2026-09-18 p7");
    assert_string_equal(previous(f->cal, D(2026, 10, 8), 1), "2026-09-30 p7");
    assert_string_equal(previous(f->cal, D(2026, 10, 11), 1), "2026-10-10 p7");
    assert_string_equal(previous(f->cal, D(2026, 9, 1), 1), "none");
    assert_string_equal(previous(f->cal, D(2028, 7, 9), 1), "2027-07-09 p7");
    assert_string_equal(previous(f->cal, D(2028, 7, 11), 1), "none");
    assert_string_equal(previous(f->cal, BX_NO_DATE, 1), "none");
}

static void
odd_spans(void **state)
{
    const fixture  *f = *state;
    bx_date         mon = D(2026, 9, 21);

    assert_int_equal(bx_half_days(f->cal, span(mon, 4, mon, 5)), 2);
    assert_int_equal(bx_half_days(f->cal, span(mon, 4, mon, 4)), 1);
    assert_int_equal(bx_half_days(f->cal, span(mon, 5, mon, 4)), 0);
    assert_int_equal(bx_half_days(f->cal, span(mon, 1, mon - 1, 7)), 0);
    assert_int_equal(bx_half_days(f->cal, span(mon, 0, mon, 99)), 2);
    assert_int_equal(bx_half_days(f->cal, span(mon, 8, mon + 1, 7)), 2);
    assert_int_equal(bx_half_days(f->cal, span(mon, 1, mon + 1, 0)), 2);
    assert_int_equal(bx_half_days(f->cal, span(D(2026, 9, 26), 1, D(2026, 9, 27), 7)), 0);
    assert_int_equal(bx_half_days(f->cal, span(D(2026, 9, 26), 3, D(2026, 9, 28), 4)), 1);
    assert_int_equal(bx_half_days(f->cal, span(D(2026, 10, 1), 1, D(2026, 10, 7), 7)), 0);
    assert_int_equal(bx_half_days(f->cal, span(D(2020, 1, 1), 1, D(2035, 1, 1), 7)),
                     bx_half_days(f->cal, span(D(2026, 9, 1), 1, D(2027, 7, 9), 7)));
    assert_int_equal(bx_half_days(f->cal, span(BX_NO_DATE, 1, mon, 7)),
                     bx_half_days(f->cal, span(D(2026, 9, 1), 1, mon, 7)));
    assert_int_equal(bx_half_days(f->cal, span(mon, 1, BX_NO_DATE, 7)), 0);
}

/* ------------------------------------------------------------------ other calendars */

static void
closures_close_school_days_only(void **state)
{
    bx_arena                   *a = bx_arena_create(4096);
    const bx_closure_row        closed[] = { { D(2026, 9, 24), D(2026, 9, 28), "流感停课" },
                                             { D(2026, 10, 9), D(2026, 10, 10), "考试" } };
    example                     x;
    const bx_calendar          *cal;

    (void) state;
    make_example(&x);
    x.src.closures = closed;
    x.src.nclosures = 2;
    cal = build(a, &x.src);

    assert_int_equal(bx_calendar_day(cal, D(2026, 9, 23)), BX_DAY_SCHOOL);
    assert_int_equal(bx_calendar_day(cal, D(2026, 9, 24)), BX_DAY_CLOSED);
    assert_int_equal(bx_calendar_day(cal, D(2026, 9, 26)), BX_DAY_WEEKEND);
    assert_int_equal(bx_calendar_day(cal, D(2026, 9, 28)), BX_DAY_CLOSED);
    assert_int_equal(bx_calendar_day(cal, D(2026, 10, 10)), BX_DAY_CLOSED);
    assert_string_equal(bx_calendar_day_name(cal, D(2026, 9, 25)), "流感停课");
    assert_string_equal(bx_calendar_day_name(cal, D(2026, 10, 10)), "考试");
    assert_string_equal(next(cal, D(2026, 9, 23), 7), "2026-09-29 p1");
    assert_int_equal(bx_half_days(cal, span(D(2026, 9, 21), 1, D(2026, 9, 30), 7)), 10);
    assert_int_equal(bx_add_school_days(cal, D(2026, 9, 23), 1), D(2026, 9, 29));
    assert_false(bx_is_school_day(cal, D(2026, 9, 25)));

    bx_arena_destroy(a);
}

static void
weekdays_with_their_own_periods(void **state)
{
    bx_arena           *a = bx_arena_create(4096);
    example             x;
    const bx_calendar  *cal;
    const bx_bells     *b;

    (void) state;
    make_example(&x);
    x.src.periods = "3+3,4+3,4+0,4+3,2+0,0,0";
    cal = build(a, &x.src);

    /* Monday 3+3: the first three of the morning, the first three of the afternoon */
    b = bx_calendar_bells(cal, D(2026, 9, 21));
    assert_int_equal(b->am, 3);
    assert_int_equal(b->pm, 3);
    assert_int_equal(b->begins[2], 10 * 60);
    assert_int_equal(b->begins[3], 14 * 60);
    assert_int_equal(b->ends[5], 16 * 60 + 20);

    /* Wednesday 4+0: only the morning, so the whole day is one half-day */
    b = bx_calendar_bells(cal, D(2026, 9, 23));
    assert_int_equal(b->am + b->pm, 4);
    assert_int_equal(b->ends[3], 11 * 60 + 30);
    assert_int_equal(bx_half_days(cal, span(D(2026, 9, 23), 1, D(2026, 9, 23), 7)), 1);
    assert_string_equal(next(cal, D(2026, 9, 23), 4), "2026-09-24 p1");
    assert_string_equal(previous(cal, D(2026, 9, 24), 1), "2026-09-23 p4");
    assert_string_equal(at(cal, bx_time_at(D(2026, 9, 23), 14 * 60)), "2026-09-24 p1");
    assert_int_equal(bx_half_days(cal, span(D(2026, 9, 21), 1, D(2026, 9, 25), 7)), 2 + 2 + 1 + 2 + 1);

    /* the make-up Saturday has Monday's six */
    b = bx_calendar_bells(cal, D(2026, 10, 10));
    assert_int_equal(b->am, 3);
    assert_int_equal(b->pm, 3);

    bx_arena_destroy(a);
}

static void
a_week_of_six_days(void **state)
{
    bx_arena           *a = bx_arena_create(4096);
    example             x;
    const bx_calendar  *cal;

    (void) state;
    make_example(&x);
    x.src.week = "1-6";
    x.src.periods = "4+3,4+3,4+3,4+3,4+3,2+0,0";
    cal = build(a, &x.src);

    assert_int_equal(bx_calendar_day(cal, D(2026, 9, 26)), BX_DAY_SCHOOL);
    assert_int_equal(bx_calendar_day(cal, D(2026, 9, 27)), BX_DAY_WEEKEND);
    assert_int_equal(bx_half_days(cal, span(D(2026, 9, 26), 1, D(2026, 9, 26), 7)), 1);
    /* a make-up day on a day of the week has that day's periods */
    assert_int_equal(bx_calendar_bells(cal, D(2026, 10, 10))->am, 2);
    assert_int_equal(bx_calendar_day(cal, D(2026, 10, 10)), BX_DAY_MAKEUP);

    /* a day of the week without periods is no school day */
    x.src.periods = "4+3,4+3,4+3,4+3,4+3,0,0";
    cal = build(a, &x.src);
    assert_int_equal(bx_calendar_day(cal, D(2026, 9, 26)), BX_DAY_WEEKEND);
    assert_int_equal(bx_calendar_bells(cal, D(2026, 10, 10))->am, 4);

    bx_arena_destroy(a);
}

static void
nearer_rows_win(void **state)
{
    bx_arena          *a = bx_arena_create(4096);
    const bx_term_row  term = { D(2026, 9, 1), D(2026, 9, 30) };
    const bx_day_row   days[] = { { D(2026, 9, 21), false, "county" }, { D(2026, 9, 19), true, "county" },
                                  { D(2026, 9, 21), true, "school" }, { D(2026, 9, 18), false, "school" },
                                  { D(2026, 9, 19), false, "school" } };
    const bx_calendar_source  src = { .terms = &term, .nterms = 1, .days = days, .ndays = COUNT(days) };
    const bx_calendar        *cal;
    const bx_workdays        *work;
    bx_error                  err = { 0 };

    (void) state;
    cal = build(a, &src);
    assert_int_equal(bx_calendar_day(cal, D(2026, 9, 21)), BX_DAY_MAKEUP);
    assert_string_equal(bx_calendar_day_name(cal, D(2026, 9, 21)), "school");
    assert_int_equal(bx_calendar_day(cal, D(2026, 9, 18)), BX_DAY_HOLIDAY);
    assert_int_equal(bx_calendar_day(cal, D(2026, 9, 19)), BX_DAY_HOLIDAY);

    assert_int_equal(bx_workdays_build(a, days, COUNT(days), &work, &err), BX_OK);
    assert_true(bx_is_workday(work, D(2026, 9, 21)));
    assert_false(bx_is_workday(work, D(2026, 9, 19)));

    bx_arena_destroy(a);
}

static void
nothing_at_all(void **state)
{
    bx_arena                 *a = bx_arena_create(4096);
    const bx_calendar_source  src = { 0 };
    const bx_calendar        *cal = build(a, &src);
    const bx_workdays        *work;
    bx_error                  err = { 0 };
    bx_date                   s, e, d = D(2026, 9, 21);

    (void) state;
    assert_int_equal(bx_calendar_day(cal, d), BX_DAY_OUTSIDE_TERM);
    assert_null(bx_calendar_bells(cal, d));
    assert_false(bx_calendar_term(cal, d, &s, &e));
    assert_string_equal(next(cal, d, 1), "none");
    assert_string_equal(previous(cal, d, 1), "none");
    assert_string_equal(at(cal, bx_time_at(d, 600)), "none");
    assert_int_equal(bx_half_days(cal, span(d, 1, d + 100, 7)), 0);
    assert_int_equal(bx_add_school_days(cal, d, 1), BX_NO_DATE);
    assert_int_equal(bx_add_school_days(cal, d, -1), BX_NO_DATE);
    assert_int_equal(bx_add_school_days(cal, d, 0), d);

    assert_int_equal(bx_workdays_build(a, NULL, 0, &work, &err), BX_OK);
    assert_int_equal(bx_add_workdays(work, D(2026, 9, 25), 1), D(2026, 9, 28));

    bx_arena_destroy(a);
}

/* ------------------------------------------------------------------ texts of the rules */

static void
rule_texts(void **state)
{
    static const char *const  weeks[] = { "1-5", "1-6", "1-7", "1,2,3,4,5", "1-4,6", "7", "5,1-3" };
    static const char *const  bad_weeks[] = { "", "0", "8", "5-1", "1-8", "1-", "-5", "1,,2", "1-5,", " 1-5", "1-5 ",
                                              "a", "1–5" };
    static const char *const  periods[] = { "4+3", "0+5", "4+0", "8+8", "4+3,4+3,4+0,4+3,4+3,0,0",
                                            "0,0,0,0,0,1+0,0+0", "04+3" };
    static const char *const  bad_periods[] = { "", "4", "4+", "+3", "4+3,", "4+3,4+3", "9+8", "0", "0+0", "4+3+2",
                                                "4-3", "-4+3", "0,0,0,0,0,0,0", "4+3,4+3,4+3,4+3,4+3,4+3,4+3,4+3", "4 + 3" };
    static const char *const  bells[] = { "08:00-08:40", "8:00-8:40", BX_BELLS_DEFAULT, "00:00-23:59",
                                          "08:00-08:40,08:40-09:20" };
    static const char *const  bad_bells[] = { "", "08:00", "08:00-", "08:00-08:00", "08:40-08:00", "24:00-24:30",
                                              "08:60-09:00", "08:00-08:40,", "08:00-08:40,08:30-09:00", "0800-0840",
                                              "08:00-08:40;09:00-09:40", "08:00 - 08:40", "08:00-25:00" };

    (void) state;

    for (size_t i = 0; i < COUNT(weeks); i++) {
        assert_true(bx_week_text_ok(weeks[i]));
    }
    for (size_t i = 0; i < COUNT(bad_weeks); i++) {
        assert_false(bx_week_text_ok(bad_weeks[i]));
    }
    for (size_t i = 0; i < COUNT(periods); i++) {
        assert_true(bx_periods_text_ok(periods[i]));
    }
    for (size_t i = 0; i < COUNT(bad_periods); i++) {
        assert_false(bx_periods_text_ok(bad_periods[i]));
    }
    for (size_t i = 0; i < COUNT(bells); i++) {
        assert_true(bx_bells_text_ok(bells[i]));
    }
    for (size_t i = 0; i < COUNT(bad_bells); i++) {
        assert_false(bx_bells_text_ok(bad_bells[i]));
    }
    assert_false(bx_week_text_ok(NULL));
    assert_false(bx_periods_text_ok(NULL));
    assert_false(bx_bells_text_ok(NULL));
}

static void
too_many_bells_and_too_few(void **state)
{
    bx_arena            *a = bx_arena_create(4096);
    bx_calendar_source   src = { 0 };
    const bx_calendar   *cal;
    bx_timetable         t;
    bx_error             err = { 0 };
    char                 text[400] = "";

    (void) state;
    for (int i = 0; i < 17; i++) {
        snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%02d:00-%02d:40", i ? "," : "", 6 + i, 6 + i);
    }
    assert_false(bx_bells_text_ok(text));
    *strrchr(text, ',') = '\0';
    assert_true(bx_bells_text_ok(text));

    /* more periods than bells: what there is, and a word about it */
    assert_true(bx_timetable_read("1-5", "5+3", BX_BELLS_DEFAULT, &t));
    assert_true(t.short_of_bells);
    assert_int_equal(t.days[0].am, 5);
    assert_int_equal(t.days[0].pm, 2);
    assert_true(bx_timetable_read("1-5", "4+3", BX_BELLS_DEFAULT, &t));
    assert_false(t.short_of_bells);

    /* a morning of five by the bells in their order, though the fifth rings at 14:00 */
    assert_true(bx_timetable_read("1-5", "5+2", BX_BELLS_DEFAULT, &t));
    assert_false(t.short_of_bells);
    assert_int_equal(t.days[0].begins[4], 14 * 60);
    assert_int_equal(t.days[0].begins[5], 14 * 60 + 50);

    /* a week on whose days there are no periods */
    assert_false(bx_timetable_read("6-7", "4+3,4+3,4+3,4+3,4+3,0,0", BX_BELLS_DEFAULT, &t));
    src.week = "6-7";
    src.periods = "4+3,4+3,4+3,4+3,4+3,0,0";
    assert_int_equal(bx_calendar_build(a, &src, &cal, &err), BX_FAIL);
    assert_int_equal(err.code, BX_E_INVALID);

    bx_arena_destroy(a);
}

/* ------------------------------------------------------------------ JSON */

static void
json_of_a_week(void **state)
{
    const fixture  *f = *state;
    json_t         *j = bx_calendar_json(f->cal, D(2026, 10, 7), D(2026, 10, 11)), *day;

    assert_non_null(j);
    assert_string_equal(json_string_value(json_object_get(json_object_get(j, "term"), "starts_on")), "2026-09-01");
    assert_string_equal(json_string_value(json_object_get(json_object_get(j, "term"), "ends_on")), "2027-01-29");
    assert_int_equal(json_array_size(json_object_get(j, "days")), 5);

    day = json_array_get(json_object_get(j, "days"), 0);
    assert_string_equal(json_string_value(json_object_get(day, "kind")), "holiday");
    assert_string_equal(json_string_value(json_object_get(day, "name")), "国庆节");
    assert_int_equal(json_integer_value(json_object_get(day, "am")), 0);
    assert_int_equal(json_array_size(json_object_get(day, "periods")), 0);

    day = json_array_get(json_object_get(j, "days"), 3);
    assert_string_equal(json_string_value(json_object_get(day, "date")), "2026-10-10");
    assert_string_equal(json_string_value(json_object_get(day, "kind")), "makeup");
    assert_int_equal(json_integer_value(json_object_get(day, "am")), 4);
    assert_int_equal(json_integer_value(json_object_get(day, "pm")), 3);
    day = json_array_get(json_object_get(day, "periods"), 6);
    assert_string_equal(json_string_value(json_array_get(day, 1)), "16:20");
    json_decref(j);

    j = bx_calendar_json(f->cal, D(2027, 2, 1), D(2027, 2, 2));
    assert_true(json_is_null(json_object_get(j, "term")));
    day = json_array_get(json_object_get(j, "days"), 1);
    assert_string_equal(json_string_value(json_object_get(day, "kind")), "outside_term");
    assert_true(json_is_null(json_object_get(day, "name")));
    json_decref(j);
}

/* ------------------------------------------------------------------ against a slow model */

typedef struct {
    bx_calendar_source  src;
    bx_term_row         terms[4];
    bx_day_row          days[40];
    bx_closure_row      closures[3];
    unsigned            week;
    int                 am[7], pm[7];
    char                week_text[32], periods_text[64];
    bx_date             first, last;          /* a margin around all terms */
} model;

static unsigned
rnd(unsigned *seed, unsigned n)
{
    *seed = *seed * 1103515245u + 12345u;
    return (*seed >> 16) % n;
}

static void
random_model(model *m, unsigned *seed)
{
    bx_date  d = D(2026, 1, 1) + (bx_date) rnd(seed, 200);

    memset(m, 0, sizeof(*m));
    m->first = d - 40;

    m->src.nterms = 1 + rnd(seed, 4);
    for (size_t i = 0; i < m->src.nterms; i++) {
        d += (bx_date) rnd(seed, 50);
        m->terms[i].starts = d;
        d += (bx_date) rnd(seed, 60);
        m->terms[i].ends = d;
        d += 1;
    }
    m->last = d + 40;

    m->src.ndays = rnd(seed, 40);
    for (size_t i = 0; i < m->src.ndays; i++) {
        m->days[i].day = m->first + (bx_date) rnd(seed, (unsigned) (m->last - m->first));
        m->days[i].makeup = rnd(seed, 3) == 0;
    }

    m->src.nclosures = rnd(seed, 4);
    for (size_t i = 0; i < m->src.nclosures; i++) {
        m->closures[i].starts = m->first + (bx_date) rnd(seed, (unsigned) (m->last - m->first));
        m->closures[i].ends = m->closures[i].starts + (bx_date) rnd(seed, 6) - 1;
    }

    for (int w = 0; w < 7; w++) {
        if (w == 0 || (w < 5 ? rnd(seed, 10) : rnd(seed, 4) == 0)) {
            m->week |= 1u << w;
            snprintf(m->week_text + strlen(m->week_text), 4, "%s%d", m->week_text[0] ? "," : "", w + 1);
        }
        m->am[w] = w == 0 ? 1 + (int) rnd(seed, 4) : (int) rnd(seed, 5);
        m->pm[w] = (int) rnd(seed, 4);
        snprintf(m->periods_text + strlen(m->periods_text), 8, "%s%d+%d", w ? "," : "", m->am[w], m->pm[w]);
    }

    m->src.terms = m->terms;
    m->src.days = m->days;
    m->src.closures = m->closures;
    m->src.week = m->week_text;
    m->src.periods = m->periods_text;
}

/* The definition of a school day, word by word. Returns the weekday whose periods are due, 0 for none. */
static int
model_day(const model *m, bx_date d)
{
    int   w = bx_weekday(d);
    bool  in_term = false, due = (m->week & (1u << (w - 1))) && m->am[w - 1] + m->pm[w - 1] > 0, makeup = false;

    for (size_t i = 0; i < m->src.nterms; i++) {
        in_term = in_term || (d >= m->terms[i].starts && d <= m->terms[i].ends);
    }
    if (!in_term) {
        return 0;
    }

    for (size_t i = 0; i < m->src.nclosures; i++) {
        if (d >= m->closures[i].starts && d <= m->closures[i].ends) {
            return 0;
        }
    }

    for (size_t i = m->src.ndays; i > 0; i--) {
        if (m->days[i - 1].day == d) {
            if (!m->days[i - 1].makeup) {
                return 0;
            }
            makeup = true;
            break;
        }
    }

    return due ? w : makeup ? 1 : 0;
}

static int
model_periods(const model *m, bx_date d)
{
    int  w = model_day(m, d);

    return w ? m->am[w - 1] + m->pm[w - 1] : 0;
}

static int
model_half_days(const model *m, bx_span s)
{
    int  halves = 0;

    for (bx_date d = m->first; d <= m->last; d++) {
        int   w = model_day(m, d);
        bool  am = false, pm = false;

        for (int p = 1; p <= model_periods(m, d); p++) {
            bool  after = d > s.from.day || (d == s.from.day && p >= s.from.period);
            bool  before = d < s.to.day || (d == s.to.day && p <= s.to.period);

            if (after && before) {
                *(p <= m->am[w - 1] ? &am : &pm) = true;
            }
        }
        halves += am + pm;
    }

    return halves;
}

static bool
model_next(const model *m, bx_slot s, int dir, bx_slot *out)
{
    for (bx_date d = s.day; d >= m->first && d <= m->last && abs(d - s.day) <= 366; d += dir) {
        int  n = model_periods(m, d);

        for (int p = dir > 0 ? 1 : n; p >= 1 && p <= n; p += dir) {
            if (d != s.day || (dir > 0 ? p > s.period : p < s.period)) {
                *out = (bx_slot) { d, p };
                return true;
            }
        }
    }

    return false;
}

static bx_date
model_add(const model *m, bx_date d, int n)
{
    int  dir = n < 0 ? -1 : 1;

    while (n != 0) {
        d += dir;
        if (d < m->first || d > m->last) {
            return BX_NO_DATE;
        }
        n -= model_day(m, d) ? dir : 0;
    }

    return d;
}

static void
compare(const model *m, const bx_calendar *cal, unsigned *seed)
{
    unsigned  days = (unsigned) (m->last - m->first + 1);

    for (bx_date d = m->first; d <= m->last; d++) {
        const bx_bells  *b = bx_calendar_bells(cal, d);

        assert_int_equal(bx_is_school_day(cal, d), model_day(m, d) != 0);
        assert_int_equal(b ? b->am + b->pm : 0, model_periods(m, d));
        assert_int_equal(b ? b->am : 0, model_day(m, d) ? m->am[model_day(m, d) - 1] : 0);
    }

    for (int i = 0; i < 60; i++) {
        bx_slot  s = { m->first + (bx_date) rnd(seed, days), (int) rnd(seed, 9) };
        bx_slot  t = { m->first + (bx_date) rnd(seed, days), (int) rnd(seed, 9) };
        bx_slot  want = { 0, 0 }, got = { 0, 0 };
        int      n = (int) rnd(seed, 61) - 30;
        bool     found;

        assert_int_equal(bx_half_days(cal, (bx_span) { s, t }), model_half_days(m, (bx_span) { s, t }));
        assert_int_equal(bx_add_school_days(cal, s.day, n), model_add(m, s.day, n));

        found = model_next(m, s, 1, &want);
        assert_int_equal(bx_next_slot(cal, s, &got), found);
        assert_string_equal(slot(found, got), slot(found, want));

        found = model_next(m, s, -1, &want);
        assert_int_equal(bx_previous_slot(cal, s, &got), found);
        assert_string_equal(slot(found, got), slot(found, want));

        if (found) {                          /* while a due period runs it is the one found by time */
            assert_true(bx_slot_begins(cal, got) < bx_slot_ends(cal, got));
            assert_string_equal(at(cal, bx_slot_begins(cal, got)), slot(true, got));
            assert_string_equal(at(cal, bx_slot_ends(cal, got) - 1), slot(true, got));
        }
    }
}

static void
random_calendars(void **state)
{
    unsigned  seed = 20260901;
    int       school_days = 0;

    (void) state;

    for (int i = 0; i < 300; i++) {
        bx_arena           *a = bx_arena_create(16384);
        model               m;
        const bx_calendar  *cal;

        random_model(&m, &seed);
        cal = build(a, &m.src);
        compare(&m, cal, &seed);
        school_days += bx_half_days(cal, (bx_span) { { m.first, 1 }, { m.last, 16 } });
        bx_arena_destroy(a);
    }

    assert_true(school_days > 10000);         /* the calendars had something in them */
}

static void
random_working_days(void **state)
{
    unsigned  seed = 7;

    (void) state;

    for (int i = 0; i < 100; i++) {
        bx_arena           *a = bx_arena_create(4096);
        const bx_workdays  *work;
        bx_error            err = { 0 };
        bx_day_row          days[30];
        size_t              n = rnd(&seed, 30);
        bx_date             base = D(2026, 9, 1);

        for (size_t k = 0; k < n; k++) {
            days[k] = (bx_day_row) { base + (bx_date) rnd(&seed, 60), rnd(&seed, 2) == 0, NULL };
        }
        assert_int_equal(bx_workdays_build(a, days, n, &work, &err), BX_OK);

        for (bx_date d = base - 5; d < base + 70; d++) {
            bool  want = bx_weekday(d) <= 5;
            int   step = (int) rnd(&seed, 15);

            for (size_t k = 0; k < n; k++) {
                want = days[k].day == d ? days[k].makeup : want;
            }
            assert_int_equal(bx_is_workday(work, d), want);
            /* moving and counting agree */
            assert_int_equal(bx_workdays_between(work, d, bx_add_workdays(work, d, step)), step);
            if (want) {
                assert_int_equal(bx_add_workdays(work, bx_add_workdays(work, d, step), -step), d);
            }
        }
        bx_arena_destroy(a);
    }
}

int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(days_of_the_examples),
        cmocka_unit_test(bells_of_the_examples),
        cmocka_unit_test(terms_of_the_examples),
        cmocka_unit_test(v1_periods),
        cmocka_unit_test(v2_route_by_length),
        cmocka_unit_test(v3_paper),
        cmocka_unit_test(v4_across_the_holiday),
        cmocka_unit_test(v5_across_term_end),
        cmocka_unit_test(v6_undecided),
        cmocka_unit_test(v7_v8_overlap_and_extension),
        cmocka_unit_test(dues_in_school_days),
        cmocka_unit_test(dues_in_working_days),
        cmocka_unit_test(slots_by_time),
        cmocka_unit_test(neighbouring_slots),
        cmocka_unit_test(odd_spans),
        cmocka_unit_test(closures_close_school_days_only),
        cmocka_unit_test(weekdays_with_their_own_periods),
        cmocka_unit_test(a_week_of_six_days),
        cmocka_unit_test(nearer_rows_win),
        cmocka_unit_test(nothing_at_all),
        cmocka_unit_test(rule_texts),
        cmocka_unit_test(too_many_bells_and_too_few),
        cmocka_unit_test(json_of_a_week),
        cmocka_unit_test(random_calendars),
        cmocka_unit_test(random_working_days),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
