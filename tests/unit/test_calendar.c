/*
 * test_calendar.c: the school calendar and the working days of offices: the calendar's part of the examples that define
 * absence, leave and dropout. Odd calendars are test_calendar_odd.c, random ones test_calendar_model.c.
 */

#include "calendar_example.h"

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
        cmocka_unit_test(json_of_a_week),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
