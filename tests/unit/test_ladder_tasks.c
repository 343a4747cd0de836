/* test_ladder_tasks.c: what becomes of rungs and tasks as time goes on, marks change and records come in: the last column of the
 * examples. Rows are kept here as the database would keep them. */

#include "ladder_story.h"

typedef struct { bx_id id; bx_slot first, last; } run_row;
typedef struct { bx_id run; bx_step step; int turn; bx_rung_state state; bx_time trigger, nominal, working; const char *reason; bool missed, task; } rung_row;

static run_row          kept_runs[16];
static size_t           nkept_runs;
static rung_row         kept[64];
static size_t           nkept;
static bx_ladder_proof  proofs[16];
static size_t           nproofs;
static bx_id            last_id;

static void
fresh(void)
{
    begin();
    nkept_runs = nkept = nproofs = 0;
    last_id = 0;
}

static rung_row *
row_of(bx_id run, bx_step step, int turn)
{
    for (size_t i = 0; i < nkept; i++) {
        if (kept[i].run == run && kept[i].step == step && kept[i].turn == turn) {
            return &kept[i];
        }
    }
    return NULL;
}

static void
apply(const bx_rung_change *c, bx_id run)
{
    rung_row *row = row_of(run, c->step, c->turn);

    if (c->fresh) {
        assert_null(row);
        row = &kept[nkept++];
        *row = (rung_row) { .run = run, .step = c->step, .turn = c->turn, .task = c->act == BX_RUNG_DO_OPEN };
    }
    assert_non_null(row);
    if (!c->fresh) {
        assert_int_equal(row->state, BX_RUNG_OPEN);
    }
    if (c->fired != NULL) {
        row->trigger = c->fired->trigger;
        row->nominal = c->fired->nominal;
        row->working = c->fired->working;
    }
    row->state = c->act == BX_RUNG_DO_DONE ? BX_RUNG_DONE : c->act == BX_RUNG_DO_WITHDRAW ? BX_RUNG_WITHDRAWN : BX_RUNG_OPEN;
    row->reason = c->reason;
    row->missed = c->missed;
}

/* Computes, matches, reconciles and keeps. */
static void
look(const char *now)
{
    bx_run_before    before[16];
    bx_rung_before   rungs[64];
    bx_rung_change  *changes;
    int              match[16];
    bx_id            ids[16];
    size_t           n;

    when(now);
    assert_true(s.nruns <= 16);
    for (size_t i = 0; i < nkept_runs; i++) {
        before[i] = (bx_run_before) { kept_runs[i].id, kept_runs[i].first, kept_runs[i].last };
    }
    for (size_t i = 0; i < nkept; i++) {
        size_t  r = 0;

        while (r < nkept_runs && kept_runs[r].id != kept[i].run) {
            r++;
        }
        rungs[i] = (bx_rung_before) { r, kept[i].step, kept[i].turn, kept[i].state, kept[i].trigger, kept[i].nominal, kept[i].working };
    }

    bx_ladder_match(s.runs, s.nruns, before, nkept_runs, match);
    assert_int_equal(bx_ladder_reconcile(s.arena, &s.in, s.runs, s.nruns, match, before, nkept_runs, rungs, nkept, proofs, nproofs,
                                         &changes, &n), BX_OK);
    for (size_t i = 0; i < s.nruns; i++) {
        ids[i] = match[i] >= 0 ? before[match[i]].id : ++last_id;
    }
    for (size_t i = 0; i < n; i++) {
        apply(&changes[i], changes[i].run >= 0 ? ids[changes[i].run] : before[changes[i].before].id);
    }
    nkept_runs = s.nruns;
    for (size_t i = 0; i < s.nruns; i++) {
        kept_runs[i] = (run_row) { ids[i], s.runs[i].first, s.runs[i].last };
    }

    /* looking twice changes nothing */
    for (size_t i = 0; i < nkept_runs; i++) {
        before[i] = (bx_run_before) { kept_runs[i].id, kept_runs[i].first, kept_runs[i].last };
    }
    for (size_t i = 0; i < nkept; i++) {
        size_t  r = 0;

        while (r < nkept_runs && kept_runs[r].id != kept[i].run) {
            r++;
        }
        rungs[i] = (bx_rung_before) { r, kept[i].step, kept[i].turn, kept[i].state, kept[i].trigger, kept[i].nominal, kept[i].working };
    }
    bx_ladder_match(s.runs, s.nruns, before, nkept_runs, match);
    assert_int_equal(bx_ladder_reconcile(s.arena, &s.in, s.runs, s.nruns, match, before, nkept_runs, rungs, nkept, proofs, nproofs,
                                         &changes, &n), BX_OK);
    assert_int_equal(n, 0);
}

static void
proof(bx_proof_kind kind, const char *when_, unsigned roles)
{
    proofs[nproofs] = (bx_ladder_proof) { .kind = kind, .at = at(when_), .roles = roles, .in_person = true, .id = 100 + (bx_id) nproofs };
    nproofs++;
}

/* The rungs of a run in a state: with the reason for withdrawn ones, ! when missed. */
static void
rungs(bx_id run, bx_rung_state state, const char *list)
{
    char  got[200] = "";

    for (bx_step k = 0; k < BX_S_COUNT; k++) {
        for (size_t i = 0; i < nkept; i++) {
            if (kept[i].run == run && kept[i].step == k && kept[i].state == state) {
                snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s%s%s%s%s", *got ? " " : "", bx_step_name(k),
                         kept[i].reason != NULL ? ":" : "", kept[i].reason != NULL ? kept[i].reason : "", kept[i].missed ? "!" : "");
            }
        }
    }
    assert_string_equal(got, list);
}

static void
open_are(bx_id run, const char *list)
{
    rungs(run, BX_RUNG_OPEN, list);
}

static void
done_are(bx_id run, const char *list)
{
    rungs(run, BX_RUNG_DONE, list);
}

static void
withdrawn_are(bx_id run, const char *list)
{
    rungs(run, BX_RUNG_WITHDRAWN, list);
}

/* ------------------------------------------------------------------ the examples */

static void
l1_late(void **state)
{
    (void) state;
    fresh();
    absent("09-21", AM, "09-21 08:05");
    look("09-21 08:05");
    open_are(1, "S0");
    mark_at("09-21", AM, BX_MARK_LATE, "08:20", "09-21 08:20");
    look("09-21 08:20");
    open_are(1, "");
    withdrawn_are(1, "S0:returned");
    absent("09-22", AM, "09-22 08:05");
    look("09-22 08:05");
    here("09-22", AM, "09-22 08:10");         /* tapped by mistake */
    look("09-22 08:10");
    withdrawn_are(2, "S0:corrected");
}

static void
l2_half_day(void **state)
{
    (void) state;
    fresh();
    absent("09-21", AM, "09-21 08:05");
    look("09-21 08:05");
    proof(BX_PROOF_CONTACT, "09-21 10:15", 0);
    look("09-21 10:15");
    done_are(1, "S0");
    look("09-21 11:30");
    done_are(1, "S0 S1");
    assert_false(row_of(1, BX_S1, 1)->task);  /* never shown */
    open_are(1, "S2 S3");
    here("09-21", PM, "09-21 14:00");
    look("09-21 14:00");
    withdrawn_are(1, "S2:returned S3:returned");
}

static void
l3_one_day(void **state)
{
    (void) state;
    fresh();
    absent_day("09-22");
    proof(BX_PROOF_CONTACT, "09-22 09:00", 0);
    look("09-22 16:20");
    done_are(1, "S0 S1");
    open_are(1, "S2 S3 S4");
    here("09-23", AM, "09-23 08:03");
    look("09-23 08:03");
    withdrawn_are(1, "S2:returned S3:returned! S4:returned");
}

static void
l4_weekend(void **state)
{
    (void) state;
    fresh();
    absent_day("09-25");
    absent_day("09-28");
    absent_day("09-29");
    here("09-30", AM, "09-30 08:03");
    proof(BX_PROOF_CONTACT, "09-25 10:00", 0);
    proof(BX_PROOF_REPORT, "09-25 20:00", 0);
    proof(BX_PROOF_VISIT, "09-26 10:00", BX_VISIT_TEACHER);
    look("09-27 12:00");
    done_are(1, "S0 S1 S3 S4");
    look("09-28 17:00");
    open_are(1, "S2 S5");
    proof(BX_PROOF_VISIT, "09-29 15:00", BX_VISIT_TEACHER | BX_VISIT_MIDDLE);
    look("09-29 16:20");
    done_are(1, "S0 S1 S3 S4 S5");
    open_are(1, "S2 S6 case");
    look("09-30 08:03");
    withdrawn_are(1, "S2:returned S6:returned case:returned");
}

static void
l6_used_up(void **state)
{
    static const char *const  days[] = { "09-21", "09-22", "09-23", "09-24", "09-25", "09-28" };

    (void) state;
    fresh();
    for (size_t d = 0; d < COUNT(days); d++) {
        for (int16_t p = 1; p <= 7; p++) {
            s.rolls[s.nrolls++] = (bx_ladder_roll) { day(days[d]), p, p };
        }
    }
    absent("09-21", 7, 7, "09-21 15:45");
    absent("09-23", 7, 7, "09-23 15:45");
    absent("09-25", 6, 7, "09-25 14:55");
    proof(BX_PROOF_CONTACT, "09-21 17:00", 0);
    proof(BX_PROOF_CONTACT, "09-23 17:00", 0);
    look("09-25 15:00");
    done_are(1, "S0");
    done_are(2, "S0");
    open_are(3, "S0");
    proof(BX_PROOF_CONTACT, "09-25 16:30", 0);
    look("09-25 16:30");
    done_are(3, "S0 S1");
}

static void
l7_leave_afterwards(void **state)
{
    (void) state;
    fresh();
    absent_day("09-21");
    absent_day("09-22");
    absent_day("09-23");
    proof(BX_PROOF_CONTACT, "09-21 09:00", 0);
    proof(BX_PROOF_REPORT, "09-22 07:00", 0);
    look("09-21 18:00");
    proof(BX_PROOF_VISIT, "09-22 18:00", BX_VISIT_TEACHER);
    look("09-23 18:00");
    open_are(1, "S2 S5 S6 case");
    done_are(1, "S0 S1 S3 S4");
    on_leave("09-21", 1, "09-25", 7);
    look("09-24 10:00");
    withdrawn_are(1, "S2:excused S5:excused S6:excused case:excused");
    done_are(1, "S0 S1 S3 S4");               /* the visit is kept */
}

static void
l8_joint_visit(void **state)
{
    (void) state;
    fresh();
    absent("09-21", DAY, "09-23 09:00");
    absent("09-22", DAY, "09-23 09:00");
    absent("09-23", DAY, "09-23 09:00");
    look("09-22 18:00");
    look("09-23 09:00");
    open_are(1, "S0 S1 S2 S3 S4 S5");
    look("09-23 16:20");
    proof(BX_PROOF_CONTACT, "09-23 17:00", 0);
    proof(BX_PROOF_REPORT, "09-23 17:30", 0);
    proof(BX_PROOF_VISIT, "09-24 16:00", BX_VISIT_TEACHER | BX_VISIT_MIDDLE | BX_VISIT_LEADER);
    look("09-24 16:00");
    done_are(1, "S0 S1 S3 S4 S5 S6");
    open_are(1, "S2 case");
}

static void
l9_unmarked_day(void **state)
{
    (void) state;
    fresh();
    absent_day("09-21");
    absent_day("09-22");
    absent_day("09-24");
    look("09-23 16:20");
    open_are(1, "S0 S1 S2 S3 S4 S5 S6");
    look("09-24 16:20");
    open_are(1, "S0 S1 S2 S3 S4 S5 S6 case");
    here("09-23", DAY, "09-24 17:00");
    look("09-24 17:00");
    withdrawn_are(1, "S0:returned! S1:returned! S2:returned S3:returned! S4:returned! S5:returned S6:corrected case:corrected");
    open_are(2, "S0 S1 S2 S3 S4");            /* the run of Thursday goes on */
}

static void
l10_transfer(void **state)
{
    static const char *const  days[] = { "10-12", "10-13", "10-14", "10-15", "10-16" };

    (void) state;
    fresh();
    for (size_t d = 0; d < COUNT(days); d++) {
        absent_day(days[d]);
    }
    look("10-16 16:20");
    open_are(1, "S0 S1 S2 S3 S4 S5 S6 S7 case");
    s.places[0].to = day("10-12");
    look("10-19 10:00");
    open_are(1, "");
    withdrawn_are(1, "S0:transferred S1:transferred S2:transferred S3:transferred S4:transferred S5:transferred S6:transferred "
                     "S7:transferred case:transferred");
}

/* ------------------------------------------------------------------ leave that is asked for, section 4 */

static void
v6_unapproved_then_absent(void **state)
{
    (void) state;
    fresh();
    absent_day("09-21");
    proofs[nproofs++] = (bx_ladder_proof) { .kind = BX_PROOF_REQUEST, .at = at("09-21 07:50"), .id = 5,
                                            .span = { { day("09-21"), 1 }, { day("09-21"), 7 } } };
    look("09-21 08:05");
    done_are(1, "S0");
    look("09-21 16:20");
    done_are(1, "S0 S1");
    open_are(1, "S2 S3 S4");
    on_leave("09-21", 1, "09-21", 7);
    look("09-21 17:00");
    withdrawn_are(1, "S2:excused S3:excused S4:excused");
}

/* ------------------------------------------------------------------ what the examples leave open */

static void
a_slip_of_the_finger(void **state)
{
    (void) state;
    fresh();
    absent_day("09-21");
    look("09-21 18:00");
    here("09-22", AM, "09-22 08:05");
    look("09-22 08:05");
    withdrawn_are(1, "S0:returned! S1:returned! S2:returned S3:returned! S4:returned");
    absent("09-22", AM, "09-22 08:30");
    look("09-22 08:30");                      /* he was not there: the same run, its rungs required once more */
    assert_int_equal(last_id, 1);
    assert_int_equal(row_of(1, BX_S4, 2)->state, BX_RUNG_OPEN);
    assert_true(row_of(1, BX_S4, 2)->task);
    open_are(1, "S0 S1 S2 S3 S4");
}

static void
entered_after_the_return(void **state)
{
    (void) state;
    fresh();
    here("09-23", DAY, "09-23 08:05");
    look("09-23 09:00");
    absent("09-21", DAY, "09-24 10:00");
    absent("09-22", DAY, "09-24 10:00");
    look("09-24 10:00");                      /* nothing to be done any more, but it stays in the figures */
    open_are(1, "");
    withdrawn_are(1, "S0:returned! S1:returned! S2:returned S3:returned! S4:returned! S5:returned");
    for (size_t i = 0; i < nkept; i++) {
        assert_false(kept[i].task);
    }
}

static void
who_must_be_there(void **state)
{
    (void) state;
    fresh();
    absent_day("09-21");
    absent_day("09-22");
    look("09-22 17:00");
    proof(BX_PROOF_VISIT, "09-22 18:00", BX_VISIT_LEADER);
    look("09-22 18:00");
    open_are(1, "S0 S1 S2 S3 S4 S5");         /* neither the class teacher nor the middle leader took part */
    proof(BX_PROOF_VISIT, "09-22 19:00", BX_VISIT_TEACHER | BX_VISIT_MIDDLE);
    proofs[nproofs - 1].in_person = false;
    look("09-22 19:00");
    done_are(1, "S4");                        /* by phone with a reason; the leaders go themselves */
    open_are(1, "S0 S1 S2 S3 S5");
    proof(BX_PROOF_CONTACT, "09-20 19:00", 0);
    look("09-22 20:00");
    open_are(1, "S0 S1 S2 S3 S5");            /* a call of the day before is about something else */
}

static void
runs_that_merge(void **state)
{
    (void) state;
    fresh();
    absent_day("09-21");
    here("09-22", DAY, "09-22 08:05");
    absent_day("09-23");
    look("09-23 17:00");
    open_are(2, "S0 S1 S2 S3 S4");
    absent("09-22", DAY, "09-23 18:00");
    look("09-23 18:00");
    withdrawn_are(2, "S0:corrected S1:corrected S2:corrected S3:corrected S4:corrected");
    open_are(1, "S0 S1 S2 S3 S4 S5 S6 case");
}

static void
dues_that_move(void **state)
{
    (void) state;
    fresh();
    absent("09-21", PM, "09-21 14:05");
    look("09-21 16:30");
    assert_string_equal(text(row_of(1, BX_S3, 1)->nominal), "09-22 14:00");
    absent("09-21", AM, "09-21 17:00");       /* he had been missing since the morning */
    look("09-21 17:00");
    assert_string_equal(text(row_of(1, BX_S3, 1)->nominal), "09-22 08:00");
    open_are(1, "S0 S1 S2 S3 S4");
}

int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(l1_late), cmocka_unit_test(l2_half_day), cmocka_unit_test(l3_one_day), cmocka_unit_test(l4_weekend),
        cmocka_unit_test(l6_used_up), cmocka_unit_test(l7_leave_afterwards), cmocka_unit_test(l8_joint_visit), cmocka_unit_test(l9_unmarked_day),
        cmocka_unit_test(l10_transfer), cmocka_unit_test(v6_unapproved_then_absent), cmocka_unit_test(a_slip_of_the_finger), cmocka_unit_test(entered_after_the_return),
        cmocka_unit_test(who_must_be_there), cmocka_unit_test(runs_that_merge), cmocka_unit_test(dues_that_move),
    };

    return cmocka_run_group_tests(tests, NULL, story_end);
}
