/* test_ladder.c: the absence ladder: the ten examples that define it, on their calendar; what they leave open; which run
 * goes on which. */

#include "ladder_story.h"

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

int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(l1_late), cmocka_unit_test(l2_half_day), cmocka_unit_test(l3_one_day), cmocka_unit_test(l4_weekend),
        cmocka_unit_test(l5_holiday), cmocka_unit_test(l6_skipped_periods), cmocka_unit_test(l7_leave_afterwards), cmocka_unit_test(l8_back_filled_roll),
        cmocka_unit_test(l9_unmarked_day), cmocka_unit_test(l10_transfer), cmocka_unit_test(modes), cmocka_unit_test(present_though_on_leave),
        cmocka_unit_test(refused_leave), cmocka_unit_test(said_again), cmocka_unit_test(half_marked_day), cmocka_unit_test(class_change),
        cmocka_unit_test(rules_move_the_rungs), cmocka_unit_test(looks_again), cmocka_unit_test(identity),
    };

    return cmocka_run_group_tests(tests, NULL, story_end);
}
