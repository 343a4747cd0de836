/*
 * test_ladder.c: the absence ladder: the ten examples that define it, on their calendar; what they leave open; which run
 * goes on which; and a thousand children over 120 days against the slow model of ladder_model.c.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "flow/calendar.h"
#include "flow/ladder.h"
#include "ladder_model.h"

#define COUNT(a)  (sizeof(a) / sizeof((a)[0]))

/* ------------------------------------------------------------------ the calendar of the examples */

static const bx_calendar *
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

#define AM   1, 4
#define PM   5, 7
#define DAY  1, 7

typedef struct {
    bx_arena         *arena;
    bx_ladder_place   places[4];
    size_t            nplaces;
    bx_ladder_mark    marks[64];
    size_t            nmarks;
    bx_ladder_leave   leave[8];
    size_t            nleave;
    bx_ladder_roll    rolls[64];
    size_t            nrolls;
    bx_ladder_rules   rules;
    bx_ladder_run    *runs;
    size_t            nruns;
} story;

static story  s;

/* "09-21 08:20" of 2026, or "2027-01-04 08:20". */
static bx_time
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

static bx_date
day(const char *text)
{
    char  full[32];

    snprintf(full, sizeof(full), "%s%s", text[2] == '-' ? "2026-" : "", text);
    return bx_date_parse(full);
}

static void
begin(void)
{
    bx_arena_destroy(s.arena);
    memset(&s, 0, sizeof(s));
    s.arena = bx_arena_create(4096);
    s.rules = bx_ladder_defaults;
    s.nplaces = 1;
    s.places[0] = (bx_ladder_place) { day("09-01"), bx_date_make(2027, 8, 31), 7, calendar_with(s.arena, NULL, 0, NULL), NULL, 0 };
}

static void
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

static void
absent(const char *d, int first, int last, const char *saved)
{
    mark_at(d, first, last, BX_MARK_ABSENT, NULL, saved);
}

static void
here(const char *d, int first, int last, const char *saved)
{
    mark_at(d, first, last, BX_MARK_PRESENT, NULL, saved);
}

/* Absent on a whole day, marked at each half-day's first bell. */
static void
absent_day(const char *d)
{
    char  am[16], pm[16];

    snprintf(am, sizeof(am), "%s 08:05", d);
    snprintf(pm, sizeof(pm), "%s 14:05", d);
    absent(d, AM, am);
    absent(d, PM, pm);
}

static void
on_leave(const char *from, int p, const char *to, int q)
{
    s.leave[s.nleave++] = (bx_ladder_leave) { { { day(from), p }, { day(to), q } }, BX_NO_TIME };
}

/* What holds at a time, when the marks saved by then are known. */
static void
when(const char *now)
{
    bx_ladder_mark  known[COUNT(s.marks)];
    bx_ladder_in    in = { .from = day("09-01"), .now = at(now), .places = s.places, .nplaces = s.nplaces, .marks = known,
                           .leave = s.leave, .nleave = s.nleave, .rules = &s.rules };

    for (size_t i = 0; i < s.nmarks; i++) {
        if (s.marks[i].saved_at <= in.now) {
            known[in.nmarks++] = s.marks[i];
        }
    }
    s.places[0].rolls = s.rolls;
    s.places[0].nrolls = s.nrolls;
    assert_int_equal(bx_ladder_compute(s.arena, &in, &s.runs, &s.nruns), BX_OK);
}

static const char *
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

/* Run number r has fired the rung at the trigger, due then; working NULL: as the nominal due, not entered late. */
static void
rung(size_t r, bx_step which, const char *trigger, const char *nominal, const char *working)
{
    const bx_ladder_step *step;

    assert_true(r < s.nruns);
    step = &s.runs[r].steps[which];
    assert_true(step->fired);
    assert_string_equal(text(step->trigger), trigger);
    assert_string_equal(text(step->nominal), nominal);
    assert_string_equal(text(step->working), working == NULL ? nominal : working);
    assert_int_equal(step->late_entry, working != NULL);
}

/* Exactly these rungs have fired in run r: "S0 S1 case". */
static void
fired(size_t r, const char *list)
{
    char  got[64] = "";

    assert_true(r < s.nruns);
    for (bx_step k = 0; k < BX_S_COUNT; k++) {
        if (s.runs[r].steps[k].fired) {
            snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s%s", *got ? " " : "", bx_step_name(k));
        }
    }
    assert_string_equal(got, list);
}

static void
ended(size_t r, bx_run_end why, const char *when_)
{
    assert_true(r < s.nruns);
    assert_int_equal(s.runs[r].end, why);
    assert_string_equal(text(s.runs[r].ended_at), when_);
}

/* Rungs of run r that count as missed. */
static void
missed(size_t r, const char *list)
{
    char  got[64] = "";

    for (bx_step k = 0; k < BX_S_COUNT; k++) {
        if (s.runs[r].steps[k].missed) {
            snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s%s", *got ? " " : "", bx_step_name(k));
        }
    }
    assert_string_equal(got, list);
}

/* ------------------------------------------------------------------ the examples */

static void
l1_late(void **state)
{
    (void) state;
    begin();
    absent("09-21", AM, "09-21 07:58");
    when("09-21 07:59");
    assert_int_equal(s.nruns, 0);
    when("09-21 08:00");
    fired(0, "S0");
    rung(0, BX_S0, "09-21 08:00", "09-21 24:00", NULL);

    mark_at("09-21", AM, BX_MARK_LATE, "08:20", "09-21 08:21");
    when("09-21 08:21");
    assert_int_equal(s.nruns, 0);             /* 0 unexcused periods */
    when("09-21 20:00");
    assert_int_equal(s.nruns, 0);
}

static void
l2_half_day(void **state)
{
    (void) state;
    begin();
    absent("09-21", AM, "09-21 08:05");
    here("09-21", PM, "09-21 14:03");
    when("09-21 11:29");
    fired(0, "S0");
    when("09-21 11:30");
    fired(0, "S0 S1 S2 S3");
    rung(0, BX_S0, "09-21 08:00", "09-21 24:00", NULL);
    rung(0, BX_S1, "09-21 11:30", "09-21 24:00", NULL);
    rung(0, BX_S2, "09-21 11:30", "none", NULL);
    rung(0, BX_S3, "09-21 11:30", "09-22 08:00", NULL);
    when("09-21 14:03");
    ended(0, BX_RUN_RETURNED, "09-21 14:00");
    missed(0, "");
    assert_int_equal(s.runs[0].days, 0);
}

static void
l3_one_day(void **state)
{
    (void) state;
    begin();
    absent_day("09-22");
    here("09-23", AM, "09-23 08:04");
    when("09-22 18:00");
    fired(0, "S0 S1 S2 S3 S4");
    rung(0, BX_S0, "09-22 08:00", "09-22 24:00", NULL);
    rung(0, BX_S2, "09-22 11:30", "none", NULL);
    rung(0, BX_S3, "09-22 11:30", "09-23 08:00", NULL);
    rung(0, BX_S4, "09-22 16:20", "09-23 24:00", NULL);
    when("09-23 08:04");
    ended(0, BX_RUN_RETURNED, "09-23 08:00");
    missed(0, "S0 S1 S3");                    /* unless done: the return is not earlier than their due */
    assert_int_equal(s.runs[0].days, 1);
}

static void
l4_weekend(void **state)
{
    (void) state;
    begin();
    absent_day("09-25");
    absent_day("09-28");
    absent_day("09-29");
    here("09-30", AM, "09-30 08:03");
    when("09-27 12:00");
    assert_int_equal(s.runs[0].days, 1);
    when("09-29 20:00");
    assert_int_equal(s.nruns, 1);
    fired(0, "S0 S1 S2 S3 S4 S5 S6 case");
    rung(0, BX_S3, "09-25 11:30", "09-26 08:00", NULL);
    rung(0, BX_S4, "09-25 16:20", "09-28 24:00", NULL);
    rung(0, BX_S5, "09-28 16:20", "09-29 24:00", NULL);
    rung(0, BX_S6, "09-29 16:20", "09-30 24:00", NULL);
    rung(0, BX_S_CASE, "09-29 16:20", "09-29 24:00", NULL);
    assert_int_equal(s.runs[0].days, 3);
    when("09-30 09:00");
    ended(0, BX_RUN_RETURNED, "09-30 08:00");
    missed(0, "S0 S1 S3 S4 S5");
}

static void
l5_holiday(void **state)
{
    (void) state;
    begin();
    absent_day("09-29");
    absent_day("09-30");
    absent_day("10-08");
    absent_day("10-09");
    absent_day("10-10");
    when("10-10 16:19");
    assert_int_equal(s.runs[0].days, 4);
    when("10-10 16:20");
    assert_int_equal(s.nruns, 1);
    fired(0, "S0 S1 S2 S3 S4 S5 S6 S7 case");
    rung(0, BX_S4, "09-29 16:20", "09-30 24:00", NULL);
    rung(0, BX_S5, "09-30 16:20", "10-03 24:00", NULL);
    rung(0, BX_S6, "10-08 16:20", "10-09 24:00", NULL);
    rung(0, BX_S_CASE, "10-08 16:20", "10-08 24:00", NULL);
    rung(0, BX_S7, "10-10 16:20", "10-12 24:00", NULL);
    assert_int_equal(s.runs[0].days, 5);
}

static void
l6_skipped_periods(void **state)
{
    static const char *const  days[] = { "09-21", "09-22", "09-23", "09-24", "09-25", "09-28", "09-29" };

    (void) state;
    begin();
    /* each period has its own roll: everybody is there but for what follows */
    for (size_t d = 0; d < COUNT(days); d++) {
        for (int16_t p = 1; p <= 7; p++) {
            s.rolls[s.nrolls++] = (bx_ladder_roll) { day(days[d]), p, p };
        }
    }
    absent("09-21", 7, 7, "09-21 15:45");
    absent("09-23", 7, 7, "09-23 15:45");
    absent("09-25", 6, 6, "09-25 14:55");
    absent("09-25", 7, 7, "09-25 15:45");
    absent("09-28", 7, 7, "09-28 15:45");

    when("09-25 16:20");
    assert_int_equal(s.nruns, 3);
    fired(0, "S0");
    fired(1, "S0");
    fired(2, "S0 S1");
    rung(0, BX_S0, "09-21 15:40", "09-21 24:00", NULL);
    rung(1, BX_S0, "09-23 15:40", "09-23 24:00", NULL);
    rung(2, BX_S0, "09-25 14:50", "09-25 24:00", NULL);
    rung(2, BX_S1, "09-25 16:20", "09-25 24:00", NULL);
    ended(0, BX_RUN_RETURNED, "09-22 08:00");

    when("09-28 18:00");
    assert_int_equal(s.nruns, 4);
    fired(3, "S0");                           /* the used-up periods do not count again; no half-day, no S2 */
    rung(3, BX_S0, "09-28 15:40", "09-28 24:00", NULL);
}

static void
l7_leave_afterwards(void **state)
{
    (void) state;
    begin();
    absent_day("09-21");
    absent_day("09-22");
    absent_day("09-23");
    when("09-24 09:59");
    fired(0, "S0 S1 S2 S3 S4 S5 S6 case");
    rung(0, BX_S3, "09-21 11:30", "09-22 08:00", NULL);
    rung(0, BX_S4, "09-21 16:20", "09-22 24:00", NULL);
    rung(0, BX_S5, "09-22 16:20", "09-23 24:00", NULL);
    rung(0, BX_S6, "09-23 16:20", "09-24 24:00", NULL);
    rung(0, BX_S_CASE, "09-23 16:20", "09-23 24:00", NULL);

    on_leave("09-21", 1, "09-25", 7);
    when("09-24 10:00");
    assert_int_equal(s.nruns, 0);             /* the periods are X, the run vanishes */
}

static void
l8_back_filled_roll(void **state)
{
    (void) state;
    begin();
    when("09-22 20:00");
    assert_int_equal(s.nruns, 0);             /* silence does not accuse */
    absent("09-21", DAY, "09-23 09:00");
    absent("09-22", DAY, "09-23 09:00");
    absent("09-23", AM, "09-23 09:00");
    absent("09-23", PM, "09-23 14:05");
    when("09-23 09:00");
    fired(0, "S0 S1 S2 S3 S4 S5");
    rung(0, BX_S0, "09-21 08:00", "09-21 24:00", "09-24 24:00");
    rung(0, BX_S1, "09-21 11:30", "09-21 24:00", "09-24 24:00");
    rung(0, BX_S3, "09-21 11:30", "09-22 08:00", "09-24 24:00");
    rung(0, BX_S4, "09-21 16:20", "09-22 24:00", "09-24 24:00");
    rung(0, BX_S5, "09-22 16:20", "09-23 24:00", "09-24 24:00");
    when("09-23 16:20");
    fired(0, "S0 S1 S2 S3 S4 S5 S6 case");
    rung(0, BX_S6, "09-23 16:20", "09-24 24:00", NULL);
    rung(0, BX_S_CASE, "09-23 16:20", "09-23 24:00", NULL);
}

static void
l9_unmarked_day(void **state)
{
    int            match[2];
    bx_run_before  before;

    (void) state;
    begin();
    absent_day("09-21");
    absent_day("09-22");
    absent_day("09-24");
    here("09-23", DAY, "09-24 17:00");
    when("09-23 16:20");
    fired(0, "S0 S1 S2 S3 S4 S5 S6");         /* presumed: a third day, but no case */
    rung(0, BX_S4, "09-21 16:20", "09-22 24:00", NULL);
    rung(0, BX_S5, "09-22 16:20", "09-23 24:00", NULL);
    rung(0, BX_S6, "09-23 16:20", "09-24 24:00", NULL);
    assert_int_equal(s.runs[0].days, 3);
    assert_int_equal(s.runs[0].presumed_days, 1);
    when("09-24 16:20");
    assert_int_equal(s.runs[0].days, 4);
    rung(0, BX_S_CASE, "09-24 16:20", "09-24 24:00", NULL);
    before = (bx_run_before) { 99, s.runs[0].first, s.runs[0].last };

    when("09-24 17:00");
    assert_int_equal(s.nruns, 2);
    ended(0, BX_RUN_RETURNED, "09-23 08:00");
    fired(0, "S0 S1 S2 S3 S4 S5");
    fired(1, "S0 S1 S2 S3 S4");
    rung(1, BX_S0, "09-24 08:00", "09-24 24:00", NULL);
    rung(1, BX_S3, "09-24 11:30", "09-25 08:00", NULL);
    rung(1, BX_S4, "09-24 16:20", "09-25 24:00", NULL);
    bx_ladder_match(s.runs, s.nruns, &before, 1, match);
    assert_int_equal(match[0], 0);            /* the earlier part goes on, the later part is new */
    assert_int_equal(match[1], -1);
}

static void
l10_transfer(void **state)
{
    static const char *const  days[] = { "10-12", "10-13", "10-14", "10-15", "10-16" };

    (void) state;
    begin();
    for (size_t d = 0; d < COUNT(days); d++) {
        absent_day(days[d]);
    }
    absent("10-19", AM, "10-19 08:05");
    when("10-19 09:59");
    fired(0, "S0 S1 S2 S3 S4 S5 S6 S7 case");
    rung(0, BX_S4, "10-12 16:20", "10-13 24:00", NULL);
    rung(0, BX_S5, "10-13 16:20", "10-14 24:00", NULL);
    rung(0, BX_S6, "10-14 16:20", "10-15 24:00", NULL);
    rung(0, BX_S_CASE, "10-14 16:20", "10-14 24:00", NULL);
    rung(0, BX_S7, "10-16 16:20", "10-19 24:00", NULL);

    s.places[0].to = day("10-12");            /* confirmed, from Tuesday the 13th */
    when("10-19 10:00");
    assert_int_equal(s.nruns, 1);
    ended(0, BX_RUN_NOT_DUE, "10-13 08:00");
    assert_int_equal(s.runs[0].days, 1);
    missed(0, "");
}

/* ------------------------------------------------------------------ what the examples leave open */

static void
modes(void **state)
{
    (void) state;
    begin();                                  /* by day: one roll in the morning stands for the day */
    absent("09-21", DAY, "09-21 08:05");
    mark_at("09-22", DAY, BX_MARK_LATE, "14:20", "09-22 14:21");
    when("09-22 15:00");
    fired(0, "S0 S1 S2 S3 S4");
    ended(0, BX_RUN_RETURNED, "09-22 14:00");
    assert_int_equal(s.runs[0].days, 1);      /* partly attended: counts 0 */

    begin();                                  /* late and left early never add up; whole periods before and after do */
    mark_at("09-21", AM, BX_MARK_LATE, "08:40", "09-21 08:41");
    mark_at("09-21", PM, BX_MARK_LEFT_EARLY, "14:50", "09-21 14:51");
    when("09-21 20:00");
    assert_int_equal(s.nruns, 2);
    assert_int_equal(s.runs[0].first.period, 1);
    assert_int_equal(s.runs[0].last.period, 1);
    assert_int_equal(s.runs[1].first.period, 6);
    fired(1, "S0");
}

static void
present_though_on_leave(void **state)
{
    (void) state;
    begin();
    on_leave("09-21", 1, "09-22", 7);
    here("09-21", PM, "09-21 14:05");
    absent("09-22", DAY, "09-22 08:05");
    absent("09-23", AM, "09-23 08:05");
    when("09-23 08:05");
    assert_int_equal(s.nruns, 1);             /* begins with the first period after the leave; leave days never count */
    assert_int_equal(s.runs[0].first.day, day("09-23"));
    fired(0, "S0");
}

static void
refused_leave(void **state)
{
    (void) state;
    begin();
    mark_at("09-22", AM, BX_MARK_LEAVE, NULL, "09-22 08:03");
    on_leave("09-22", 1, "09-23", 4);
    when("09-22 08:59");
    assert_int_equal(s.nruns, 0);
    s.leave[0].void_at = at("09-22 09:00");
    when("09-22 09:00");
    fired(0, "S0");
    rung(0, BX_S0, "09-22 08:00", "09-22 24:00", NULL);
    when("09-22 11:30");
    fired(0, "S0 S1 S2 S3");

    begin();                                  /* refused days later: nobody could have known */
    on_leave("09-22", 1, "09-23", 4);
    s.leave[0].void_at = at("09-24 10:00");
    when("09-24 10:00");
    rung(0, BX_S4, "09-22 16:20", "09-23 24:00", "09-25 24:00");
}

static void
said_again(void **state)
{
    (void) state;
    begin();                                  /* a reason added later moves no due */
    absent_day("09-21");
    absent("09-21", DAY, "09-23 10:00");
    when("09-23 10:00");
    rung(0, BX_S4, "09-21 16:20", "09-22 24:00", NULL);

    begin();                                  /* taken back and said again: known from then */
    absent("09-21", DAY, "09-21 08:05");
    here("09-21", DAY, "09-21 09:00");
    absent("09-21", DAY, "09-23 10:00");
    when("09-23 10:00");
    rung(0, BX_S4, "09-21 16:20", "09-22 24:00", "09-24 24:00");
}

static void
half_marked_day(void **state)
{
    (void) state;
    begin();                                  /* one marked period is enough for the case */
    absent_day("09-21");
    absent_day("09-22");
    absent("09-23", AM, "09-23 08:05");
    when("09-23 16:20");
    assert_int_equal(s.runs[0].presumed_days, 0);
    rung(0, BX_S_CASE, "09-23 16:20", "09-23 24:00", NULL);
}

static void
class_change(void **state)
{
    bx_closure_row  closed = { day("09-23"), day("09-24"), "流感" };

    (void) state;
    begin();                                  /* the run goes along; the new class is closed for two days */
    s.places[0].to = day("09-22");
    s.places[1] = (bx_ladder_place) { day("09-23"), bx_date_make(2027, 8, 31), 8, calendar_with(s.arena, &closed, 1, NULL), NULL, 0 };
    s.nplaces = 2;
    absent_day("09-21");
    absent_day("09-22");
    when("09-24 12:00");
    assert_int_equal(s.runs[0].end, BX_RUN_OPEN);
    assert_int_equal(s.runs[0].days, 2);
    absent_day("09-25");
    when("09-25 17:00");
    assert_int_equal(s.nruns, 1);
    assert_int_equal(s.runs[0].class_id, 8);
    rung(0, BX_S6, "09-25 16:20", "09-28 24:00", NULL);

    s.places[1].from = day("09-25");          /* a day in no class ends it */
    when("09-25 17:00");
    assert_int_equal(s.nruns, 2);
    ended(0, BX_RUN_NOT_DUE, "09-23 08:00");
}

static void
rules_move_the_rungs(void **state)
{
    (void) state;
    begin();
    s.rules.half_day = false;
    s.rules.periods = 2;
    s.rules.middle_day = 1;
    s.rules.leader_day = 2;
    s.rules.visit_cap_days = 1;
    s.rules.open_days = 1;
    absent_day("09-25");
    when("09-25 18:00");
    fired(0, "S0 S1 S3 S4 S5 case");
    rung(0, BX_S1, "09-25 09:30", "09-25 24:00", NULL);
    rung(0, BX_S4, "09-25 16:20", "09-26 24:00", NULL);
}

static void
looks_again(void **state)
{
    (void) state;
    begin();
    absent("09-21", AM, "09-21 08:05");
    when("09-21 08:05");
    assert_string_equal(text(s.runs[0].next_at), "09-21 08:40");
    when("09-21 11:30");
    assert_string_equal(text(s.runs[0].next_at), "09-21 16:20");
    here("09-21", PM, "09-21 13:50");
    when("09-21 13:50");
    assert_string_equal(text(s.runs[0].next_at), "09-21 14:00");
    when("09-21 14:00");
    assert_int_equal(s.runs[0].end, BX_RUN_RETURNED);
}

static void
identity(void **state)
{
    bx_run_before  before[] = { { 1, { day("09-21"), 1 }, { day("09-22"), 7 } }, { 2, { day("09-24"), 1 }, { day("09-24"), 7 } } };
    bx_ladder_run  runs[2] = { 0 };
    int            match[2];

    (void) state;
    runs[0].first = (bx_slot) { day("09-22"), 7 };       /* begins later, shares one period */
    runs[0].last = (bx_slot) { day("09-23"), 7 };
    bx_ladder_match(runs, 1, before, 2, match);
    assert_int_equal(match[0], 0);

    runs[0].first = (bx_slot) { day("09-23"), 1 };       /* shares none */
    bx_ladder_match(runs, 1, before, 2, match);
    assert_int_equal(match[0], -1);

    runs[0].first = (bx_slot) { day("09-21"), 1 };       /* two merge: the older survives */
    runs[0].last = (bx_slot) { day("09-25"), 7 };
    bx_ladder_match(runs, 1, before, 2, match);
    assert_int_equal(match[0], 0);

    runs[0].last = (bx_slot) { day("09-21"), 4 };        /* one splits: the later part is new, the next run keeps its own */
    runs[1].first = (bx_slot) { day("09-22"), 5 };
    runs[1].last = (bx_slot) { day("09-22"), 7 };
    bx_ladder_match(runs, 2, before, 2, match);
    assert_int_equal(match[0], 0);
    assert_int_equal(match[1], -1);
    runs[1].last = (bx_slot) { day("09-24"), 2 };
    bx_ladder_match(runs, 2, before, 2, match);
    assert_int_equal(match[1], 1);
}

/* ------------------------------------------------------------------ against the model */

#define CHILDREN  1000
#define DAYS      120

static unsigned
rnd(unsigned n)
{
    return (unsigned) rand() % n;
}

typedef struct {
    bx_ladder_place  places[3];
    size_t           nplaces;
    bx_ladder_mark   marks[2000];
    size_t           nmarks;
    bx_ladder_leave  leave[6];
    size_t           nleave;
    bx_ladder_roll   rolls[3][1000];
    bx_ladder_rules  rules;
} child;

static void
child_mark(child *c, bx_date d, int first, int last, bx_mark_kind kind, bx_time saved)
{
    c->marks[c->nmarks++] = (bx_ladder_mark) { d, (int16_t) first, (int16_t) last, (int16_t) (470 + rnd(530)), kind, saved };
}

static bx_mark_kind
some_kind(unsigned absent_of_ten)
{
    static const bx_mark_kind  others[] = { BX_MARK_PRESENT, BX_MARK_PRESENT, BX_MARK_LATE, BX_MARK_LEFT_EARLY, BX_MARK_LEAVE, BX_MARK_SENT };

    return rnd(10) < absent_of_ten ? BX_MARK_ABSENT : others[rnd(COUNT(others))];
}

/* A session of a day: not marked, all there, or an exception; now and then corrected, once or more, at once or days later. */
static void
child_session(child *c, size_t place, bx_date d, int first, int last, unsigned absent_of_ten)
{
    bx_ladder_place *p = &c->places[place];
    bx_time          saved = bx_time_at(d, 475 + (int) rnd(60)) + (rnd(8) == 0 ? (bx_time) rnd(4 * 86400) : 0);

    if (rnd(9) == 0) {
        return;
    }
    if (rnd(20) != 0) {
        c->rolls[place][p->nrolls++] = (bx_ladder_roll) { d, (int16_t) first, (int16_t) last };
    }
    if (absent_of_ten == 0 && rnd(40) != 0) {
        return;
    }
    child_mark(c, d, first, last, some_kind(absent_of_ten), saved);
    while (rnd(7) == 0) {
        saved += (bx_time) rnd(2 * 86400);
        child_mark(c, d, first, last, some_kind(5), saved);
    }
}

static void
child_day(child *c, size_t place, bx_date d, int mode, unsigned absent_of_ten)
{
    const bx_bells *b = bx_calendar_bells(c->places[place].cal, d);
    int             n = b == NULL ? 0 : b->am + b->pm;

    if (n == 0) {
        return;
    }
    if (mode == 0) {
        child_session(c, place, d, 1, n, absent_of_ten);
    } else if (mode == 1) {
        child_session(c, place, d, 1, b->am, absent_of_ten);
        child_session(c, place, d, b->am + 1, n, absent_of_ten);
    } else {
        for (int i = 1; i <= n; i++) {
            child_session(c, place, d, i, i, absent_of_ten);
        }
    }
}

static int
by_day_and_time(const void *x, const void *y)
{
    const bx_ladder_mark *a = x, *b = y;

    if (a->day != b->day) {
        return a->day < b->day ? -1 : 1;
    }
    if (a->saved_at != b->saved_at) {
        return a->saved_at < b->saved_at ? -1 : 1;
    }
    return a->first != b->first ? a->first - b->first : (int) a->kind - (int) b->kind;
}

static void
child_make(child *c, const bx_calendar *const *cals, size_t ncals, bx_date from)
{
    bx_date   d = from, to = from + DAYS - 1;
    unsigned  spell = 0, absent_of_ten = 0;
    int       mode = (int) rnd(3);

    c->nmarks = c->nleave = c->nplaces = 0;
    c->rules = bx_ladder_defaults;
    if (rnd(3) == 0) {
        c->rules.periods = 1 + (int) rnd(8);
        c->rules.periods_window = 1 + (int) rnd(14);
        c->rules.half_day = rnd(2);
        c->rules.visit_day = 1 + (int) rnd(2);
        c->rules.middle_day = 1 + (int) rnd(4);
        c->rules.leader_day = 1 + (int) rnd(5);
        c->rules.open_days = 1 + (int) rnd(5);
        c->rules.week_days = 1 + (int) rnd(7);
        c->rules.visit_due_days = (int) rnd(3);
        c->rules.visit_cap_days = (int) rnd(4);
        c->rules.late_entry_days = (int) rnd(3);
    }

    /* one to three classes one after another, with or without days between */
    do {
        bx_ladder_place *p = &c->places[c->nplaces];

        *p = (bx_ladder_place) { d + (rnd(2) ? (bx_date) rnd(6) : 0), 0, (bx_id) (10 + c->nplaces), cals[rnd((unsigned) ncals)],
                                 c->rolls[c->nplaces], 0 };
        p->to = rnd(4) == 0 ? p->from + (bx_date) rnd(60) : to + 300;
        d = p->to + 1;
    } while (++c->nplaces < 3 && d <= to);

    for (d = from; d <= to; d++) {
        if (spell == 0 && rnd(12) == 0) {
            spell = 1 + rnd(11);
            absent_of_ten = 6 + rnd(5);
        }
        for (size_t k = 0; k < c->nplaces; k++) {
            if (c->places[k].from <= d && d <= c->places[k].to) {
                child_day(c, k, d, mode, spell > 0 ? absent_of_ten : 0);
            }
        }
        spell -= spell > 0;
    }

    while (c->nleave < COUNT(c->leave) && rnd(3) != 0) {
        bx_ladder_leave *l = &c->leave[c->nleave++];

        l->span.from = (bx_slot) { from + (bx_date) rnd(DAYS), 1 + (int) rnd(7) };
        l->span.to = (bx_slot) { l->span.from.day + (bx_date) rnd(6), 1 + (int) rnd(7) };
        l->void_at = rnd(3) ? BX_NO_TIME : bx_time_at(l->span.from.day, (int) rnd(4 * 1440));
    }

    qsort(c->marks, c->nmarks, sizeof(c->marks[0]), by_day_and_time);
}

static void
say(const char *who, const bx_ladder_run *runs, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        print_error("%s %zu: %s+%d to %s+%d, end %d %s, days %d (%d), class %d:", who, i, text(bx_time_at(runs[i].first.day, 1)),
                    runs[i].first.period, text(bx_time_at(runs[i].last.day, 1)), runs[i].last.period, runs[i].end,
                    text(runs[i].ended_at), runs[i].days, runs[i].presumed_days, (int) runs[i].class_id);
        for (bx_step k = 0; k < BX_S_COUNT; k++) {
            const bx_ladder_step *x = &runs[i].steps[k];

            if (x->fired) {
                print_error(" %s %s>%s/%s%s%s", bx_step_name(k), text(x->trigger), text(x->nominal), text(x->working),
                            x->late_entry ? " late" : "", x->missed ? " missed" : "");
            }
        }
        print_error("\n");
    }
}

static bool
same_run(const bx_ladder_run *a, const bx_ladder_run *b)
{
    bool  same = a->first.day == b->first.day && a->first.period == b->first.period && a->last.day == b->last.day
                 && a->last.period == b->last.period && a->begins == b->begins && a->end == b->end && a->ended_at == b->ended_at
                 && a->days == b->days && a->presumed_days == b->presumed_days && a->class_id == b->class_id;

    for (bx_step k = 0; k < BX_S_COUNT && same; k++) {
        const bx_ladder_step *x = &a->steps[k], *y = &b->steps[k];

        same = x->fired == y->fired
               && (!x->fired || (x->trigger == y->trigger && x->nominal == y->nominal && x->working == y->working
                                 && x->late_entry == y->late_entry && x->missed == y->missed));
    }

    return same;
}

/* Looking again at next_at and not before is enough: what is required just before is what is required now. */
static void
check_next(bx_arena *a, bx_ladder_in *in, const bx_ladder_run *run)
{
    bx_time         now = in->now;
    bx_ladder_run  *later;
    size_t          n;

    if (run->end != BX_RUN_OPEN || run->next_at == BX_NO_TIME) {
        return;
    }
    assert_true(run->next_at > now);
    in->now = run->next_at - 1;
    assert_int_equal(bx_ladder_compute(a, in, &later, &n), BX_OK);
    assert_true(n > 0 && later[n - 1].end == BX_RUN_OPEN);
    for (bx_step k = 0; k < BX_S_COUNT; k++) {
        assert_int_equal(later[n - 1].steps[k].fired, run->steps[k].fired);
    }
    in->now = now;
}

static void
children_and_the_model(void **state)
{
    static child         c;
    static model_result  model;
    const char          *given = getenv("BAOXUE_SEED");
    unsigned             seed = given != NULL ? (unsigned) strtoul(given, NULL, 10) : (unsigned) time(NULL);
    bx_arena            *shared = bx_arena_create(65536), *a;
    bx_date              from = bx_date_make(2026, 9, 1);
    bx_closure_row       flu = { bx_date_make(2026, 11, 9), bx_date_make(2026, 11, 13), "流感" }, snow = { bx_date_make(2026, 12, 2), bx_date_make(2026, 12, 2), "大雪" };
    const bx_calendar   *cals[] = { calendar_with(shared, NULL, 0, NULL), calendar_with(shared, &flu, 1, NULL),
        calendar_with(shared, &snow, 1, "08:00-08:45,08:45-09:30,09:40-10:25,10:25-11:10,13:30-14:15,14:15-15:00,15:00-15:45") };
    size_t               runs_seen = 0, open_seen = 0, fired_seen[BX_S_COUNT] = { 0 };

    (void) state;
    print_message("ladder against the model: BAOXUE_SEED=%u\n", seed);
    srand(seed);

    for (int i = 0; i < CHILDREN; i++) {
        child_make(&c, cals, COUNT(cals), from);

        for (int look = 0; look < 2; look++) {
            bx_ladder_run *runs;
            size_t         n;
            bx_ladder_in   in = { .from = from, .places = c.places, .nplaces = c.nplaces, .marks = c.marks, .nmarks = c.nmarks,
                                  .leave = c.leave, .nleave = c.nleave, .rules = &c.rules };

            in.now = look == 0 ? bx_time_at(from + (bx_date) rnd(DAYS), (int) rnd(1440)) : bx_time_at(from + DAYS, 0);
            a = bx_arena_create(16384);
            assert_int_equal(bx_ladder_compute(a, &in, &runs, &n), BX_OK);
            ladder_model(&in, &model);

            bool  same = n == model.n;
            for (size_t k = 0; k < n && same; k++) {
                same = same_run(&runs[k], &model.runs[k]);
            }
            if (!same) {
                print_error("child %d, look %d\n", i, look);
                say("ladder", runs, n);
                say("model ", model.runs, model.n);
            }
            assert_true(same);

            if (n > 0) {
                check_next(a, &in, &runs[n - 1]);
                open_seen += runs[n - 1].end == BX_RUN_OPEN;
            }
            for (size_t k = 0; k < n; k++) {
                for (bx_step x = 0; x < BX_S_COUNT; x++) {
                    fired_seen[x] += runs[k].steps[x].fired;
                }
            }
            runs_seen += n;
            bx_arena_destroy(a);
        }
    }

    /* the children were not all good */
    assert_true(runs_seen > CHILDREN && open_seen > 50);
    for (bx_step x = 0; x < BX_S_COUNT; x++) {
        assert_true(fired_seen[x] > 100);
    }
    bx_arena_destroy(shared);
}

static int
clean(void **state)
{
    (void) state;
    bx_arena_destroy(s.arena);
    return 0;
}

int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(l1_late), cmocka_unit_test(l2_half_day), cmocka_unit_test(l3_one_day), cmocka_unit_test(l4_weekend),
        cmocka_unit_test(l5_holiday), cmocka_unit_test(l6_skipped_periods), cmocka_unit_test(l7_leave_afterwards),
        cmocka_unit_test(l8_back_filled_roll), cmocka_unit_test(l9_unmarked_day), cmocka_unit_test(l10_transfer),
        cmocka_unit_test(modes), cmocka_unit_test(present_though_on_leave), cmocka_unit_test(refused_leave),
        cmocka_unit_test(said_again), cmocka_unit_test(half_marked_day), cmocka_unit_test(class_change),
        cmocka_unit_test(rules_move_the_rungs), cmocka_unit_test(looks_again), cmocka_unit_test(identity),
        cmocka_unit_test(children_and_the_model),
    };

    return cmocka_run_group_tests(tests, NULL, clean);
}
