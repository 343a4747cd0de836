/* test_dropout.c: the days of a dropout case: the dates of the examples C1 to C5 on their calendar, the count of days at school,
 * months and their ends, and calendars that end. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "flow/calendar.h"
#include "plugins/dropout.h"

#define D(y, m, d)      bx_date_make(y, m, d)
#define AT(y, m, d, h)  bx_time_at(D(y, m, d), h)
#define BELL            (16 * 60 + 20)                                  /* the last one */

static bx_arena           *arena;
static const bx_calendar  *cal;
static const bx_workdays  *office;

static int
setup(void **state)
{
    bx_term_row         terms[] = { { D(2026, 9, 1), D(2027, 1, 29) }, { D(2027, 3, 1), D(2027, 7, 9) } };
    bx_day_row          days[9];
    bx_calendar_source  src = { .terms = terms, .nterms = 2, .days = days, .ndays = 9 };
    bx_error            err = { 0 };

    (void) state;
    for (int i = 0; i < 7; i++) {
        days[i] = (bx_day_row) { D(2026, 10, 1 + i), false, "国庆节" };
    }
    days[7] = (bx_day_row) { D(2026, 10, 10), true, "国庆节调休" };
    days[8] = (bx_day_row) { D(2027, 1, 1), false, "元旦" };

    arena = bx_arena_create(64 * 1024);
    return bx_calendar_build(arena, &src, &cal, &err) == BX_OK && bx_workdays_build(arena, days, 9, &office, &err) == BX_OK ? 0 : -1;
}


static int
teardown(void **state)
{
    (void) state;
    bx_arena_destroy(arena);
    return 0;
}


static void
c1_refusal_and_order(void **state)
{
    bx_time  trigger = bx_case_trigger(cal, D(2026, 10, 12), 3);

    (void) state;
    assert_int_equal(trigger, AT(2026, 10, 14, BELL));
    assert_int_equal(bx_case_week(cal, trigger, 3, 5), AT(2026, 10, 16, BELL));
    assert_int_equal(bx_add_school_days(cal, D(2026, 10, 16), 1), D(2026, 10, 19));                          /* form */
    assert_int_equal(bx_add_workdays(office, D(2026, 10, 16), 3), D(2026, 10, 21));                          /* report */
    assert_int_equal(bx_add_workdays(office, D(2026, 10, 20), 5), D(2026, 10, 27));                          /* verify */
    assert_int_equal(bx_add_workdays(office, D(2026, 10, 26), 2), D(2026, 10, 28));                          /* issue */
    assert_int_equal(bx_return_deadline(cal, D(2026, 10, 28), 7), AT(2026, 11, 4, BELL));
    assert_int_equal(bx_add_school_days(cal, D(2026, 11, 4), 3), D(2026, 11, 9));                            /* second persuasion */
    assert_int_equal(bx_add_workdays(office, D(2026, 11, 6), 10), D(2026, 11, 20));                          /* joint */
    assert_int_equal(bx_add_workdays(office, D(2026, 11, 11), 5), D(2026, 11, 18));                          /* order */
    assert_int_equal(bx_return_deadline(cal, D(2026, 11, 17), 7), AT(2026, 11, 24, BELL));
    assert_int_equal(bx_review_day(cal, D(2026, 11, 27), 1), D(2026, 12, 28));
    assert_int_equal(bx_review_day(cal, D(2026, 11, 27), 2), D(2027, 1, 27));
    assert_int_equal(bx_review_day(cal, D(2026, 11, 27), 3), D(2027, 3, 1));
}


static void
c2_c3_c5_begin(void **state)
{
    bx_time  trigger = bx_case_trigger(cal, D(2026, 9, 21), 3);

    (void) state;
    assert_int_equal(trigger, AT(2026, 9, 23, BELL));
    assert_int_equal(bx_case_week(cal, trigger, 3, 5), AT(2026, 9, 25, BELL));
    assert_int_equal(bx_add_school_days(cal, D(2026, 9, 25), 1), D(2026, 9, 28));
    assert_int_equal(bx_add_workdays(office, D(2026, 9, 25), 3), D(2026, 9, 30));
    assert_int_equal(bx_workdays_between(office, D(2026, 9, 30), D(2026, 10, 19)), 9);
    assert_int_equal(bx_add_workdays(office, D(2026, 10, 13), 10), D(2026, 10, 27));                         /* C3: the claim */
    assert_int_equal(bx_add_school_days(cal, D(2026, 9, 18), 1), D(2026, 9, 21));                            /* C5: discovery */
}


static void
a_week_across_the_holiday(void **state)
{
    (void) state;
    /* L5: absent Tue 29, Wed 30 Sep, Thu 8, Fri 9, Sat 10 Oct */
    assert_int_equal(bx_case_trigger(cal, D(2026, 9, 29), 3), AT(2026, 10, 8, BELL));
    assert_int_equal(bx_case_week(cal, AT(2026, 10, 8, BELL), 3, 5), AT(2026, 10, 10, BELL));
    assert_int_equal(bx_case_week(cal, AT(2026, 10, 8, BELL), 5, 5), AT(2026, 10, 8, BELL));
    /* served on a day whose seventh is a Saturday: the next school day */
    assert_int_equal(bx_return_deadline(cal, D(2026, 11, 7), 7), AT(2026, 11, 16, BELL));
    assert_int_equal(bx_return_deadline(cal, D(2027, 1, 25), 7), AT(2027, 3, 1, BELL));
}


static void
where_the_calendar_ends_every_day_counts(void **state)
{
    (void) state;
    assert_int_equal(bx_case_trigger(cal, D(2027, 7, 8), 3), bx_time_at(D(2027, 7, 11), 24 * 60));
    assert_int_equal(bx_return_deadline(cal, D(2027, 7, 8), 7), bx_time_at(D(2027, 7, 15), 24 * 60));
    assert_int_equal(bx_review_day(cal, D(2027, 6, 30), 1), D(2027, 7, 30));
}


static void
months_end_where_they_end(void **state)
{
    (void) state;
    assert_int_equal(bx_months_after(D(2026, 10, 31), 1), D(2026, 11, 30));
    assert_int_equal(bx_months_after(D(2026, 11, 30), 3), D(2027, 2, 28));
    assert_int_equal(bx_months_after(D(2027, 11, 30), 3), D(2028, 2, 29));
    assert_int_equal(bx_months_after(D(2026, 12, 27), 1), D(2027, 1, 27));
    assert_int_equal(bx_months_after(D(2026, 12, 31), 12), D(2027, 12, 31));
}


static bx_observation
observe(const char *days, int wanted)
{
    bx_presence_day  list[32];
    size_t           n = strlen(days);

    for (size_t i = 0; i < n; i++) {
        list[i] = (bx_presence_day) { .day = (bx_date) i, .ends = (bx_time) (i + 1) * 100,
                                      .what = days[i] == 'P' ? BX_PRESENCE_ATTENDED : days[i] == 'A' ? BX_PRESENCE_UNEXCUSED
                                                                                                     : BX_PRESENCE_PAUSE };
    }

    return bx_observe(list, n, wanted);
}


static void
days_at_school_are_counted(void **state)
{
    bx_observation  o = observe("PPPPP", 5);

    (void) state;
    assert_int_equal(o.attended, 5);
    assert_false(o.failed);
    assert_int_equal(o.at, 500);

    o = observe("PxPxxPPP", 5);                                          /* leave and missing rolls pause */
    assert_int_equal(o.attended, 5);
    assert_int_equal(o.at, 800);

    o = observe("PPPA", 5);                                              /* C4, variant */
    assert_true(o.failed);
    assert_int_equal(o.at, 400);

    o = observe("PPPPPA", 5);                                            /* what comes after belongs to the follow-up */
    assert_false(o.failed);
    assert_int_equal(o.attended, 5);
    assert_int_equal(o.at, 500);

    o = observe("xxx", 5);
    assert_int_equal(o.attended, 0);
    assert_false(o.failed);
    assert_int_equal(observe("", 5).attended, 0);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(c1_refusal_and_order),
        cmocka_unit_test(c2_c3_c5_begin),
        cmocka_unit_test(a_week_across_the_holiday),
        cmocka_unit_test(where_the_calendar_ends_every_day_counts),
        cmocka_unit_test(months_end_where_they_end),
        cmocka_unit_test(days_at_school_are_counted),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
