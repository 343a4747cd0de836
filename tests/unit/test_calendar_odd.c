/*
 * test_calendar_odd.c: calendars unlike that of the examples (closures, weeks of six days, no rows at all), and the texts of
 * the rules that say what a week and its bells are.
 */

#include "calendar_example.h"

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

int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(closures_close_school_days_only),
        cmocka_unit_test(weekdays_with_their_own_periods),
        cmocka_unit_test(a_week_of_six_days),
        cmocka_unit_test(nearer_rows_win),
        cmocka_unit_test(nothing_at_all),
        cmocka_unit_test(rule_texts),
        cmocka_unit_test(too_many_bells_and_too_few),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
