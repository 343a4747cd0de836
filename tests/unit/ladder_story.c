/* ladder_story.c: see ladder_story.h. */

#include "ladder_story.h"

/* ------------------------------------------------------------------ the calendar of the examples */

const bx_calendar *
calendar_with(bx_arena *a, const bx_closure_row *closures, size_t n, const char *bells)
{
    bx_term_row         t[2] = { { bx_date_make(2026, 9, 1), bx_date_make(2027, 1, 29) },
                                            { bx_date_make(2027, 3, 1), bx_date_make(2027, 7, 9) } };
    bx_day_row          days[9];
    bx_calendar_source  src = { .terms = t, .nterms = 2, .days = days, .ndays = 9, .closures = closures, .nclosures = n,
                                .bells = bells };
    const bx_calendar  *cal = NULL;
    bx_error            err = { 0 };

    for (int i = 0; i < 7; i++) {
        days[i] = (bx_day_row) { bx_date_make(2026, 10, 1 + i), false, "国庆节" };
    }
    days[7] = (bx_day_row) { bx_date_make(2026, 10, 10), true, "国庆节调休" };
    days[8] = (bx_day_row) { bx_date_make(2027, 1, 1), false, "元旦" };

    assert_int_equal(bx_calendar_build(a, &src, &cal, &err), BX_OK);
    return cal;
}

/* ------------------------------------------------------------------ one child's story */

story  s;

/* "09-21 08:20" of 2026, or "2027-01-04 08:20". */
bx_time
at(const char *text)
{
    char     full[32];
    bx_time  t;

    snprintf(full, sizeof(full), "%s%s:00", text[2] == '-' ? "2026-" : "", text);
    if (strcmp(full + 11, "24:00:00") == 0) {
        memcpy(full + 11, "00:00:00", 8);
        return bx_time_parse_sql(full) + 24 * 3600;
    }
    t = bx_time_parse_sql(full);
    assert_true(t != BX_NO_TIME);
    return t;
}

bx_date
day(const char *text)
{
    char  full[32];

    snprintf(full, sizeof(full), "%s%s", text[2] == '-' ? "2026-" : "", text);
    return bx_date_parse(full);
}

void
begin(void)
{
    bx_arena_destroy(s.arena);
    memset(&s, 0, sizeof(s));
    s.arena = bx_arena_create(4096);
    s.rules = bx_ladder_defaults;
    s.nplaces = 1;
    s.places[0] = (bx_ladder_place) { day("09-01"), bx_date_make(2027, 8, 31), 7, calendar_with(s.arena, NULL, 0, NULL), NULL, 0 };
}

void
mark_at(const char *d, int first, int last, bx_mark_kind kind, const char *clock, const char *saved)
{
    bx_ladder_mark  m = { day(d), (int16_t) first, (int16_t) last, 0, kind, at(saved) };
    size_t          i;

    if (clock != NULL) {
        m.minute = (int16_t) (atoi(clock) * 60 + atoi(clock + 3));
    }
    for (i = s.nmarks++; i > 0 && (s.marks[i - 1].day > m.day || (s.marks[i - 1].day == m.day && s.marks[i - 1].saved_at > m.saved_at));
         i--)
    {
        s.marks[i] = s.marks[i - 1];
    }
    s.marks[i] = m;
}

void
absent(const char *d, int first, int last, const char *saved)
{
    mark_at(d, first, last, BX_MARK_ABSENT, NULL, saved);
}

void
here(const char *d, int first, int last, const char *saved)
{
    mark_at(d, first, last, BX_MARK_PRESENT, NULL, saved);
}

/* Absent on a whole day, marked at each half-day's first bell. */
void
absent_day(const char *d)
{
    char  am[16], pm[16];

    snprintf(am, sizeof(am), "%s 08:05", d);
    snprintf(pm, sizeof(pm), "%s 14:05", d);
    absent(d, AM, am);
    absent(d, PM, pm);
}

void
on_leave(const char *from, int p, const char *to, int q)
{
    s.leave[s.nleave++] = (bx_ladder_leave) { { { day(from), p }, { day(to), q } }, BX_NO_TIME };
}

/* What holds at a time, when the marks saved by then are known. */
void
when(const char *now)
{
    s.in = (bx_ladder_in) { .from = day("09-01"), .now = at(now), .places = s.places, .nplaces = s.nplaces, .marks = s.known,
                            .leave = s.leave, .nleave = s.nleave, .rules = &s.rules };

    for (size_t i = 0; i < s.nmarks; i++) {
        if (s.marks[i].saved_at <= s.in.now) {
            s.known[s.in.nmarks++] = s.marks[i];
        }
    }
    s.places[0].rolls = s.rolls;
    s.places[0].nrolls = s.nrolls;
    assert_int_equal(bx_ladder_compute(s.arena, &s.in, &s.runs, &s.nruns), BX_OK);
}

const char *
text(bx_time t)
{
    static char  out[8][24];
    static int   k;
    bx_civil     v = bx_civil_of(t);

    if (t == BX_NO_TIME) {
        return "none";
    }
    k = (k + 1) % 8;
    if (v.hour == 0 && v.minute == 0) {
        v = bx_civil_of(t - 1);
        snprintf(out[k], sizeof(out[k]), "%02d-%02d 24:00", v.month, v.day);
    } else {
        snprintf(out[k], sizeof(out[k]), "%02d-%02d %02d:%02d", v.month, v.day, v.hour, v.minute);
    }
    return out[k];
}

int
story_end(void **state)
{
    (void) state;
    bx_arena_destroy(s.arena);
    s.arena = NULL;
    return 0;
}
