/*
 * clock.c: the one clock, and civil time in the school's zone: a fixed offset from UTC, for Asia/Shanghai has no
 * summer time. Owns no calendar of school days: that is lib/flow/calendar.c.
 */
#include "core/core.h"

#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#ifdef BX_TEST_CLOCK
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#endif

#define DAY  86400

static atomic_int  utc_offset = 28800;        /* written once at start */

void
bx_clock_set_offset(int seconds)
{
    atomic_store(&utc_offset, seconds);
}

static inline int
offset(void)
{
    return atomic_load_explicit(&utc_offset, memory_order_relaxed);
}

#ifdef BX_TEST_CLOCK

static char  clock_file[PATH_MAX];            /* written before threads start */

void
bx_clock_set_file(const char *path)
{
    snprintf(clock_file, sizeof(clock_file), "%s", path == NULL ? "" : path);
}

/* One reading of the file; false when it is empty, as it is for a moment while somebody rewrites it in place. */
static bool
read_clock(int fd, bx_time *out)
{
    char             text[64], *end;
    ssize_t          n;
    long long        t;
    struct stat      st;
    struct timespec  now;

    n = pread(fd, text, sizeof(text) - 1, 0);
    if (n <= 0 || fstat(fd, &st) != 0) {
        return false;
    }
    text[n] = '\0';

    t = strtoll(text, &end, 10);
    if (end == text) {
        return false;
    }

    if (strncmp(end + strspn(end, " \t\n"), "run", 3) == 0) {
        clock_gettime(CLOCK_REALTIME, &now);
        t += now.tv_sec - st.st_mtim.tv_sec - (now.tv_nsec < st.st_mtim.tv_nsec);
    }

    *out = t;
    return true;
}

static bool
test_clock(bx_time *out)
{
    int              fd, tries;
    bool             read;
    struct timespec  pause = { 0, 1000000 };

    for (tries = 0; tries < 100; tries++) {
        fd = open(clock_file, O_RDONLY | O_CLOEXEC);
        if (fd == -1) {
            return false;
        }
        read = read_clock(fd, out);
        close(fd);
        if (read) {
            return true;
        }
        nanosleep(&pause, NULL);
    }

    return false;
}

#endif

bx_time
bx_now(void)
{
#ifdef BX_TEST_CLOCK
    bx_time  t;

    if (clock_file[0] != '\0' && test_clock(&t)) {
        return t;
    }
#endif

    return (bx_time) time(NULL);
}

/* Days since 1970-01-01 of a proleptic Gregorian date that is known to exist; March-based years, 400-year eras. */
static bx_date
days_from_civil(int y, int m, int d)
{
    int  era, yoe, doy, doe;

    y -= m <= 2;
    era = (y >= 0 ? y : y - 399) / 400;
    yoe = y - era * 400;
    doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;

    return era * 146097 + doe - 719468;
}

/* Floor division: the day before 1970 is day -1. */
static int64_t
floor_div(int64_t n, int64_t d)
{
    return n / d - (n % d < 0);
}

bx_date
bx_date_of(bx_time t)
{
    int64_t  d;

    if (t == BX_NO_TIME || t > INT64_MAX - 2 * DAY) {
        return BX_NO_DATE;
    }

    d = floor_div(t + offset(), DAY);

    return d <= INT32_MIN || d > INT32_MAX ? BX_NO_DATE : (bx_date) d;
}

bx_time
bx_time_at(bx_date d, int minutes)
{
    if (d == BX_NO_DATE) {
        return BX_NO_TIME;
    }

    return (bx_time) d * DAY + (bx_time) minutes * 60 - offset();
}

int
bx_minute_of(bx_time t)
{
    int64_t  local;

    if (t == BX_NO_TIME || t > INT64_MAX - 2 * DAY) {
        return 0;
    }

    local = t + offset();

    return (int) ((local - floor_div(local, DAY) * DAY) / 60);
}

int
bx_weekday(bx_date d)
{
    int64_t  days = (int64_t) d + 3;          /* 1970-01-01 was a Thursday */

    return (int) (days - floor_div(days, 7) * 7) + 1;
}

bx_civil
bx_civil_of_date(bx_date d)
{
    bx_civil  c = { 0, 0, 0, 0, 0, 0 };
    int64_t   z = (int64_t) d + 719468, era, doe, yoe, doy, mp;

    if (d == BX_NO_DATE) {
        return c;
    }

    era = floor_div(z, 146097);
    doe = z - era * 146097;
    yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    mp = (5 * doy + 2) / 153;

    c.day = (int) (doy - (153 * mp + 2) / 5 + 1);
    c.month = (int) (mp < 10 ? mp + 3 : mp - 9);
    c.year = (int) (yoe + era * 400 + (c.month <= 2));

    return c;
}

bx_civil
bx_civil_of(bx_time t)
{
    bx_date   d = bx_date_of(t);
    bx_civil  c = bx_civil_of_date(d);
    int       second;

    if (d == BX_NO_DATE) {
        return c;
    }

    second = (int) (t + offset() - (int64_t) d * DAY);
    c.hour = second / 3600;
    c.minute = second / 60 % 60;
    c.second = second % 60;

    return c;
}

bx_date
bx_date_make(int year, int month, int day)
{
    static const int  length[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    bool              leap;

    if (year < 1 || year > 9999 || month < 1 || month > 12 || day < 1) {
        return BX_NO_DATE;
    }

    leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    if (day > length[month - 1] + (month == 2 && leap)) {
        return BX_NO_DATE;
    }

    return days_from_civil(year, month, day);
}

/* Reads exactly n digits; -1 when there are fewer. */
static int
digits(const char *s, int n)
{
    int  i, v = 0;

    for (i = 0; i < n; i++) {
        if (s[i] < '0' || s[i] > '9') {
            return -1;
        }
        v = v * 10 + (s[i] - '0');
    }

    return v;
}

bx_date
bx_date_parse(const char *s)
{
    size_t  n = s == NULL ? 0 : strlen(s);

    if (n == 8) {
        return bx_date_make(digits(s, 4), digits(s + 4, 2), digits(s + 6, 2));
    }

    if (n == 10 && s[4] == '-' && s[7] == '-') {
        return bx_date_make(digits(s, 4), digits(s + 5, 2), digits(s + 8, 2));
    }

    return BX_NO_DATE;
}

/* A fraction of a second, as DATETIME(6) gives it, is dropped. */
bx_time
bx_time_parse_sql(const char *s)
{
    int      h, m, sec;
    bx_date  d;
    size_t   n = s == NULL ? 0 : strlen(s);

    if (n < 19 || s[4] != '-' || s[7] != '-' || s[10] != ' ' || s[13] != ':' || s[16] != ':') {
        return BX_NO_TIME;
    }

    if (n > 19 && (s[19] != '.' || n == 20 || strspn(s + 20, "0123456789") != n - 20)) {
        return BX_NO_TIME;
    }

    d = bx_date_make(digits(s, 4), digits(s + 5, 2), digits(s + 8, 2));
    h = digits(s + 11, 2);
    m = digits(s + 14, 2);
    sec = digits(s + 17, 2);

    if (d == BX_NO_DATE || h < 0 || h > 23 || m < 0 || m > 59 || sec < 0 || sec > 59) {
        return BX_NO_TIME;
    }

    return bx_time_at(d, h * 60 + m) + sec;
}

/* NULL for BX_NO_DATE, so that bx_text() makes SQL NULL of it; as the two below. */
/* Lists show a dozen times a row, so these do without printf: a number with leading zeros and what follows it. */
static char *
put_number(char *p, int value, int width, char after)
{
    for (int i = width - 1; i >= 0; i--) {
        p[i] = (char) ('0' + value % 10);
        value /= 10;
    }
    p[width] = after;

    return p + width + 1;
}


static char *
put_date(char *p, bx_civil c, char after)
{
    return put_number(put_number(put_number(p, c.year, 4, '-'), c.month, 2, '-'), c.day, 2, after);
}


static char *
put_time(char *p, bx_civil c, char after)
{
    return put_number(put_number(put_number(p, c.hour, 2, ':'), c.minute, 2, ':'), c.second, 2, after);
}


char *
bx_date_text(bx_arena *a, bx_date d)
{
    char *s = d == BX_NO_DATE ? NULL : bx_alloc(a, sizeof("YYYY-MM-DD"));

    if (s != NULL) {
        put_date(s, bx_civil_of_date(d), '\0');
    }

    return s;
}

char *
bx_time_sql(bx_arena *a, bx_time t)
{
    bx_civil  c = bx_civil_of(t);
    char     *s = bx_date_of(t) == BX_NO_DATE ? NULL : bx_alloc(a, sizeof("YYYY-MM-DD HH:MM:SS"));

    if (s != NULL) {
        put_time(put_date(s, c, ' '), c, '\0');
    }

    return s;
}

char *
bx_time_iso(bx_arena *a, bx_time t)
{
    int       off = offset(), minutes = (off < 0 ? -off : off) / 60;
    bx_civil  c = bx_civil_of(t);
    char     *s = bx_date_of(t) == BX_NO_DATE ? NULL : bx_alloc(a, sizeof("YYYY-MM-DDTHH:MM:SS+HH:MM"));

    if (s != NULL) {
        put_number(put_number(put_time(put_date(s, c, 'T'), c, off < 0 ? '-' : '+'), minutes / 60, 2, ':'), minutes % 60, 2, '\0');
    }

    return s;
}
