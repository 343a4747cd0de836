/* test_ladder_model.c: a thousand children over 120 days, with random rolls, marks, corrections, leave, classes, rules and
 * holidays: lib/flow/ladder.c against the slow model of ladder_model.c. BAOXUE_SEED repeats a run. */

#include "ladder_story.h"

#include <time.h>

#include "ladder_model.h"

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

int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(children_and_the_model),
    };

    return cmocka_run_group_tests(tests, NULL, story_end);
}
