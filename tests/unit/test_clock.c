/*
 * test_clock.c: civil time in the school's zone, and the clock that test builds can set.
 */
#include "core/core.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static bx_arena  *a;

static int
set_up(void **state)
{
    (void) state;
    a = bx_arena_create(0);
    bx_clock_set_offset(28800);

    return a == NULL ? -1 : 0;
}

static int
tear_down(void **state)
{
    (void) state;
    bx_arena_destroy(a);

    return 0;
}

/* Every day from 1900 to 2110 against the C library. */
static void
test_days(void **state)
{
    bx_date    d, last = bx_date_make(2110, 12, 31);
    time_t     t;
    bx_civil   c;
    struct tm  tm;

    (void) state;
    assert_int_equal(bx_date_make(1970, 1, 1), 0);

    for (d = bx_date_make(1900, 1, 1); d <= last; d++) {
        t = (time_t) d * 86400;
        assert_non_null(gmtime_r(&t, &tm));
        c = bx_civil_of_date(d);
        if (c.year != tm.tm_year + 1900 || c.month != tm.tm_mon + 1 || c.day != tm.tm_mday
            || bx_weekday(d) != (tm.tm_wday == 0 ? 7 : tm.tm_wday) || bx_date_make(c.year, c.month, c.day) != d)
        {
            fail_msg("day %d is %04d-%02d-%02d", d, c.year, c.month, c.day);
        }
    }
}

static void
test_make(void **state)
{
    (void) state;

    assert_int_equal(bx_date_make(2024, 2, 29), 19782);
    assert_int_equal(bx_date_make(2025, 2, 29), BX_NO_DATE);
    assert_int_equal(bx_date_make(1900, 2, 29), BX_NO_DATE);
    assert_int_not_equal(bx_date_make(2000, 2, 29), BX_NO_DATE);
    assert_int_equal(bx_date_make(2026, 4, 31), BX_NO_DATE);
    assert_int_equal(bx_date_make(2026, 0, 1), BX_NO_DATE);
    assert_int_equal(bx_date_make(2026, 13, 1), BX_NO_DATE);
    assert_int_equal(bx_date_make(2026, 1, 0), BX_NO_DATE);
    assert_int_equal(bx_date_make(0, 1, 1), BX_NO_DATE);
    assert_int_equal(bx_date_make(10000, 1, 1), BX_NO_DATE);
}

static void
test_parse_date(void **state)
{
    static const char *const  bad[] = { "", "2026", "2026-11-2", "2026-11-222", "2026/11/22", "20261122 ", " 2026112",
                                        "2026112a", "2026-13-01", "20260230", "2026-1-122", "-026-11-22", "+0261122",
                                        "0000-00-00" };

    (void) state;

    assert_int_equal(bx_date_parse("2026-11-22"), bx_date_make(2026, 11, 22));
    assert_int_equal(bx_date_parse("20261122"), bx_date_make(2026, 11, 22));
    assert_int_equal(bx_date_parse(NULL), BX_NO_DATE);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (bx_date_parse(bad[i]) != BX_NO_DATE) {
            fail_msg("\"%s\" was taken for a date", bad[i]);
        }
    }
}

/* 2026-11-22T16:30:15Z is half past midnight of the 23rd, a Monday, in Shanghai. */
static void
test_zone(void **state)
{
    bx_time   t = 1795365015;
    bx_date   d = bx_date_make(2026, 11, 23);
    bx_civil  c = bx_civil_of(t);

    (void) state;

    assert_int_equal(bx_date_of(t), d);
    assert_int_equal(bx_weekday(d), 1);
    assert_int_equal(bx_minute_of(t), 30);
    assert_int_equal(c.day, 23);
    assert_int_equal(c.hour, 0);
    assert_int_equal(c.minute, 30);
    assert_int_equal(c.second, 15);
    assert_int_equal(bx_time_at(d, 30), t - 15);
    assert_int_equal(bx_time_at(d, 1440 + 30), t - 15 + 86400);
    assert_int_equal(bx_time_at(d, -1), t - 15 - 31 * 60);
    assert_string_equal(bx_time_iso(a, t), "2026-11-23T00:30:15+08:00");
    assert_string_equal(bx_time_sql(a, t), "2026-11-23 00:30:15");
    assert_string_equal(bx_date_text(a, d), "2026-11-23");
    assert_int_equal(bx_time_parse_sql("2026-11-23 00:30:15"), t);

    bx_clock_set_offset(-12600);
    assert_string_equal(bx_time_iso(a, t), "2026-11-22T13:00:15-03:30");
    assert_int_equal(bx_date_of(t), d - 1);
    bx_clock_set_offset(0);
    assert_string_equal(bx_time_iso(a, t), "2026-11-22T16:30:15+00:00");
}

static void
test_before_1970(void **state)
{
    (void) state;

    assert_string_equal(bx_time_sql(a, -28801), "1969-12-31 23:59:59");
    assert_int_equal(bx_date_of(-28801), -1);
    assert_int_equal(bx_minute_of(-28801), 1439);
    assert_int_equal(bx_weekday(-1), 3);
    assert_int_equal(bx_time_parse_sql("1949-10-01 15:00:00"), -639075600);
}

static void
test_parse_time(void **state)
{
    static const char *const  bad[] = { "", "2026-11-22", "2026-11-22T08:00:00", "2026-11-22 24:00:00",
                                        "2026-11-22 08:60:00", "2026-11-22 08:00:60", "2026-11-22 08:00",
                                        "2026-11-22 08:00:00.", "2026-11-22 08:00:00x", "2026-11-22 08:00:00.1x",
                                        "2026-02-30 08:00:00", "2026-11-22 -8:00:00", "0000-00-00 00:00:00" };

    (void) state;

    assert_int_equal(bx_time_parse_sql("2026-11-22 08:00:00.000000"), bx_time_parse_sql("2026-11-22 08:00:00"));
    assert_true(bx_time_parse_sql(NULL) == BX_NO_TIME);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (bx_time_parse_sql(bad[i]) != BX_NO_TIME) {
            fail_msg("\"%s\" was taken for a time", bad[i]);
        }
    }
}

/* None stays none, and becomes SQL NULL. */
static void
test_none(void **state)
{
    (void) state;

    assert_int_equal(bx_date_of(BX_NO_TIME), BX_NO_DATE);
    assert_true(bx_time_at(BX_NO_DATE, 5) == BX_NO_TIME);
    assert_int_equal(bx_minute_of(BX_NO_TIME), 0);
    assert_null(bx_date_text(a, BX_NO_DATE));
    assert_null(bx_time_sql(a, BX_NO_TIME));
    assert_null(bx_time_iso(a, BX_NO_TIME));
    assert_int_equal(bx_text(bx_time_sql(a, BX_NO_TIME)).kind, BX_V_NULL);
    assert_int_equal(bx_civil_of(BX_NO_TIME).year, 0);
    assert_int_equal(bx_date_of(INT64_MAX), BX_NO_DATE);
    assert_null(bx_time_sql(a, INT64_MAX));
    assert_int_equal(bx_date_of(INT64_MIN + 1), BX_NO_DATE);
}

static void
test_real_clock(void **state)
{
    time_t  before = time(NULL);

    (void) state;
    assert_in_range(bx_now(), before, before + 60);
}

#ifdef BX_TEST_CLOCK

static void
write_clock(const char *path, const char *text)
{
    FILE  *f;
    char   other[64];

    snprintf(other, sizeof(other), "%s.new", path);
    f = fopen(other, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(rename(other, path), 0);
}

static void
test_clock_file(void **state)
{
    int              fd;
    char             path[] = "/tmp/baoxue-clock-XXXXXX";
    time_t           real = time(NULL);
    struct timespec  times[2];

    (void) state;
    fd = mkstemp(path);
    assert_int_not_equal(fd, -1);
    close(fd);

    bx_clock_set_file(path);
    write_clock(path, "1795365015\n");
    assert_int_equal(bx_now(), 1795365015);
    write_clock(path, "1795365000");
    assert_int_equal(bx_now(), 1795365000);                   /* stands still, and may go back */
    write_clock(path, "-5\n");
    assert_int_equal(bx_now(), -5);

    write_clock(path, "1795365000 run\n");
    assert_in_range(bx_now(), 1795365000, 1795365000 + 60);
    clock_gettime(CLOCK_REALTIME, &times[0]);
    times[0].tv_sec -= 3600;
    times[1] = times[0];
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
    assert_in_range(bx_now(), 1795368600, 1795368600 + 60);   /* an hour on */

    unlink(path);
    assert_in_range(bx_now(), real, real + 600);
    bx_clock_set_file(NULL);
    assert_in_range(bx_now(), real, real + 600);
}

#endif

int
main(void)
{
#define T(name)  cmocka_unit_test_setup_teardown(test_##name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(days), T(make), T(parse_date), T(zone), T(before_1970), T(parse_time), T(none), T(real_clock),
#ifdef BX_TEST_CLOCK
        T(clock_file),
#endif
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
