/*
 * ladder.c: runs of absence and their rungs, computed from nothing but what it is given. Owns what a period is, when a run
 * begins and ends, when a rung fires and when it is due. Does not own who must act, what closes a rung, or any row.
 */

#include "flow/ladder.h"

#include <string.h>

#define MAX_WINDOW  64                        /* unexcused periods kept for S1: the rule's upper bound is below it */
#define DAY_END     1440

const bx_ladder_rules  bx_ladder_defaults = {
    .contact_by = DAY_END, .periods = 4, .periods_window = 7, .half_day = true, .report_hours = 24,
    .visit_day = 1, .middle_day = 2, .leader_day = 3, .week_days = 5, .open_days = 3,
    .visit_due_days = 1, .visit_cap_days = 3, .form_days = 1, .late_entry_days = 1
};

typedef struct { bx_date day; bx_time since; } window_period;

/* The walk over the periods of one child. */
typedef struct {
    bx_arena              *arena;
    const bx_ladder_in    *in;
    const bx_ladder_place *place;
    const bx_bells        *bells;
    bx_date                day;
    bx_ladder_run         *runs;
    size_t                 nruns, room;
    bx_ladder_run         *run;               /* open, or NULL */
    bx_time                since;             /* when the last mark behind the run was saved */
    window_period          window[MAX_WINDOW];    /* unexcused periods that no S1 has used */
    int                    nwindow;
    bool                   failed;
} walk;

const char *
bx_step_name(bx_step s)
{
    static const char *const  names[] = { "S0", "S1", "S2", "S3", "S4", "S5", "S6", "S7", "case" };

    return s < BX_S_COUNT ? names[s] : "";
}

/* ------------------------------------------------------------------ the periods of a day */

static char
mark_effect(const bx_ladder_mark *m, const bx_bells *b, int i)
{
    switch (m->kind) {
    case BX_MARK_PRESENT:
        return 'P';
    case BX_MARK_LATE:
        return b->ends[i] > m->minute ? 'P' : 'A';
    case BX_MARK_LEFT_EARLY:
        return b->begins[i] < m->minute ? 'P' : 'A';
    case BX_MARK_SENT:
        return 'X';
    case BX_MARK_ABSENT:
    case BX_MARK_LEAVE:
        break;
    }

    return 'A';
}

static size_t
first_mark(const bx_ladder_in *in, bx_date day)
{
    size_t  lo = 0, hi = in->nmarks, mid;

    while (lo < hi) {
        mid = lo + (hi - lo) / 2;
        if (in->marks[mid].day < day) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }

    return lo;
}

static size_t
first_roll(const bx_ladder_place *place, bx_date day)
{
    size_t  lo = 0, hi = place->nrolls, mid;

    while (lo < hi) {
        mid = lo + (hi - lo) / 2;
        if (place->rolls[mid].day < day) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }

    return lo;
}

static bool
span_holds(bx_span s, bx_date day, int period)
{
    return (day > s.from.day || (day == s.from.day && period >= s.from.period))
        && (day < s.to.day || (day == s.to.day && period <= s.to.period));
}

/* Leave does not change what was attended, nor what the school excused by itself. */
static void
apply_leave(const bx_ladder_in *in, const bx_bells *b, bx_date day, bool refused, char *out, bx_time *since)
{
    const bx_ladder_leave *l;

    for (l = in->leave; l < in->leave + in->nleave; l++) {
        if ((l->void_at != BX_NO_TIME) != refused || l->span.from.day > day || l->span.to.day < day) {
            continue;
        }
        for (int i = 0; i < b->am + b->pm; i++) {
            if ((out[i] != 'A' && out[i] != 'U') || !span_holds(l->span, day, i + 1)) {
                continue;
            }
            if (!refused) {
                out[i] = 'X';
            } else if (bx_time_at(day, b->begins[i]) < l->void_at) {
                since[i] = out[i] == 'A' && since[i] > l->void_at ? since[i] : l->void_at;
                out[i] = 'A';
            }
        }
    }
}

void
bx_ladder_day(const bx_ladder_in *in, const bx_ladder_place *place, bx_date day, char *out, bx_time *since)
{
    const bx_bells *b = bx_calendar_bells(place->cal, day);
    int             n = b == NULL ? 0 : b->am + b->pm;

    for (int i = 0; i < n; i++) {
        out[i] = 'U';
        since[i] = BX_NO_TIME;
    }

    for (size_t k = first_roll(place, day); k < place->nrolls && place->rolls[k].day == day; k++) {
        for (int p = place->rolls[k].first; p <= place->rolls[k].last && p <= n; p++) {
            out[p - 1] = 'P';
        }
    }

    for (size_t k = first_mark(in, day); k < in->nmarks && in->marks[k].day == day; k++) {
        const bx_ladder_mark *m = &in->marks[k];

        for (int p = m->first; p <= m->last && p <= n; p++) {
            char  effect = mark_effect(m, b, p - 1);

            /* said again, it stays known since it was said first */
            if (effect == 'A' && out[p - 1] != 'A') {
                since[p - 1] = m->saved_at;
            }
            out[p - 1] = effect;
        }
    }

    if (n > 0 && in->nleave > 0) {
        apply_leave(in, b, day, true, out, since);
        apply_leave(in, b, day, false, out, since);
    }
}

char
bx_ladder_at(const bx_ladder_in *in, bx_slot slot)
{
    char     state[BX_MAX_PERIODS];
    bx_time  since[BX_MAX_PERIODS];

    for (size_t k = 0; k < in->nplaces; k++) {
        const bx_bells *b = bx_calendar_bells(in->places[k].cal, slot.day);

        if (in->places[k].from <= slot.day && slot.day <= in->places[k].to && b != NULL && slot.period >= 1
            && slot.period <= b->am + b->pm)
        {
            bx_ladder_day(in, &in->places[k], slot.day, state, since);
            return state[slot.period - 1];
        }
    }

    return 'N';
}

/* ------------------------------------------------------------------ firing */

/* The nominal due moves for nobody; who could not know in time is reminded by the working due. */
static void
fire(walk *w, bx_step s, bx_time trigger, bx_time nominal, bx_time since)
{
    bx_ladder_step *step = &w->run->steps[s];
    bx_date         until;

    step->fired = true;
    step->trigger = trigger;
    step->nominal = step->working = nominal;
    step->late_entry = since != BX_NO_TIME && since > bx_time_at(bx_date_of(trigger), DAY_END);

    if (step->late_entry && nominal != BX_NO_TIME) {
        until = bx_add_school_days(w->place->cal, bx_date_of(since), w->in->rules->late_entry_days);
        if (until != BX_NO_DATE && bx_time_at(until, DAY_END) > nominal) {
            step->working = bx_time_at(until, DAY_END);
        }
    }
}

/* 24:00 of the n-th school day after the day; with a cap, at the latest that many calendar days after it. */
static bx_time
school_days_after(const walk *w, int days, int cap)
{
    bx_date  d = bx_add_school_days(w->place->cal, w->day, days);

    if (cap > 0 && (d == BX_NO_DATE || d > w->day + cap)) {
        d = w->day + cap;
    }

    return d == BX_NO_DATE ? BX_NO_TIME : bx_time_at(d, DAY_END);
}

static bool
may_fire(const walk *w, bx_step s)
{
    return !w->run->steps[s].fired && !w->run->steps[BX_S7].fired;
}

/* One more unexcused period has ended at i. Periods of a run in which S1 has fired are used up. */
static void
count_period(walk *w, int i, bx_time since)
{
    const bx_ladder_rules *r = w->in->rules;
    bx_time                last = BX_NO_TIME;
    int                    keep = 0;

    if (!may_fire(w, BX_S1)) {
        return;
    }

    for (int k = 0; k < w->nwindow; k++) {
        if (w->window[k].day > w->day - r->periods_window) {
            w->window[keep++] = w->window[k];
        }
    }
    w->nwindow = keep;
    if (w->nwindow < MAX_WINDOW) {
        w->window[w->nwindow++] = (window_period) { w->day, since };
    }
    if (w->nwindow < r->periods) {
        return;
    }

    for (int k = 0; k < w->nwindow; k++) {
        last = w->window[k].since > last ? w->window[k].since : last;
    }
    fire(w, BX_S1, bx_time_at(w->day, w->bells->ends[i]), bx_time_at(w->day, r->contact_by), last);
    w->nwindow = 0;
}

/* The half-day from lo to hi is wholly A and has ended. */
static void
count_half(walk *w, int hi, bx_time since)
{
    bx_time  trigger = bx_time_at(w->day, w->bells->ends[hi]);

    if (w->in->rules->half_day && may_fire(w, BX_S2)) {
        fire(w, BX_S2, trigger, BX_NO_TIME, since);
    }
    if (may_fire(w, BX_S3)) {
        fire(w, BX_S3, trigger, w->run->begins + (bx_time) w->in->rules->report_hours * 3600, since);
    }
}

/* The day is wholly A and has ended. marked: at least one of its periods was marked, not only presumed. */
static void
count_day(walk *w, bool marked)
{
    const bx_ladder_rules *r = w->in->rules;
    const int              after[] = { r->visit_day, r->middle_day, r->leader_day };
    bx_time                trigger = bx_time_at(w->day, w->bells->ends[w->bells->am + w->bells->pm - 1]);
    bx_time                visit = school_days_after(w, r->visit_due_days, r->visit_cap_days);

    w->run->days++;
    w->run->presumed_days += !marked;

    for (int k = 0; k < 3; k++) {
        if (w->run->days >= after[k] && may_fire(w, BX_S4 + (bx_step) k)) {
            fire(w, BX_S4 + (bx_step) k, trigger, visit, w->since);
        }
    }
    if (marked && w->run->days >= r->open_days && may_fire(w, BX_S_CASE)) {
        fire(w, BX_S_CASE, trigger, bx_time_at(w->day, DAY_END), w->since);
    }
    if (marked && w->run->days >= r->week_days && may_fire(w, BX_S7)) {
        fire(w, BX_S7, trigger, school_days_after(w, r->form_days, 0), w->since);
    }
}

/* ------------------------------------------------------------------ runs */

static void
begin_run(walk *w, int i, bx_time since)
{
    bx_ladder_run *grown;

    if (w->nruns == w->room) {
        size_t  room = w->room == 0 ? 4 : w->room * 2;

        grown = bx_alloc(w->arena, room * sizeof(*grown));
        if (grown == NULL) {
            w->failed = true;
            return;
        }
        if (w->nruns > 0) {
            memcpy(grown, w->runs, w->nruns * sizeof(*grown));
        }
        w->runs = grown;
        w->room = room;
    }

    w->run = &w->runs[w->nruns++];
    w->run->first = (bx_slot) { w->day, i + 1 };
    w->run->begins = bx_time_at(w->day, w->bells->begins[i]);
    w->run->ended_at = w->run->next_at = BX_NO_TIME;
    w->since = since;
    fire(w, BX_S0, w->run->begins, bx_time_at(w->day, w->in->rules->contact_by), since);
}

static void
end_run(walk *w, bx_run_end why, bx_time at)
{
    bx_ladder_step *s;

    if (w->run == NULL) {
        return;
    }

    w->run->end = why;
    w->run->ended_at = at;
    for (s = w->run->steps; s < w->run->steps + BX_S_CASE; s++) {
        s->missed = s->fired && why == BX_RUN_RETURNED && s->nominal != BX_NO_TIME && s->nominal <= at;
    }
    w->run = NULL;
}

/* What was missed of a half-day or of the day so far. */
typedef struct { bool whole; bx_time since; } stretch;

static void
one_period(walk *w, int i, char state, bx_time since, stretch *half)
{
    if (w->run == NULL && state == 'A') {
        begin_run(w, i, since);
    }
    if (w->run == NULL) {
        return;                               /* out of memory */
    }

    w->run->last = (bx_slot) { w->day, i + 1 };
    w->run->class_id = w->place->class_id;
    w->since = since > w->since ? since : w->since;
    half->since = since > half->since ? since : half->since;
}

/* The periods of one school day that have begun. */
static void
walk_day(walk *w)
{
    const bx_bells *b = w->bells;
    char            state[BX_MAX_PERIODS];
    bx_time         since[BX_MAX_PERIODS];
    bool            day_whole = true, marked = false;
    stretch         half = { true, BX_NO_TIME };
    int             n = b->am + b->pm;

    bx_ladder_day(w->in, w->place, w->day, state, since);

    for (int i = 0; i < n && bx_time_at(w->day, b->begins[i]) <= w->in->now; i++) {
        if (i == b->am) {
            half = (stretch) { true, BX_NO_TIME };
        }
        if (state[i] == 'P' || state[i] == 'X' || (state[i] == 'U' && w->run == NULL)) {
            end_run(w, state[i] == 'X' ? BX_RUN_EXCUSED : BX_RUN_RETURNED, bx_time_at(w->day, b->begins[i]));
            half.whole = day_whole = false;
            continue;
        }

        marked = marked || state[i] == 'A';
        one_period(w, i, state[i], since[i], &half);
        if (w->failed || w->run == NULL || bx_time_at(w->day, b->ends[i]) > w->in->now) {
            return;
        }

        count_period(w, i, since[i]);
        if (half.whole && (i == b->am - 1 || i == n - 1)) {
            count_half(w, i, half.since);
        }
        if (day_whole && i == n - 1) {
            count_day(w, marked);
        }
    }
}

/* ------------------------------------------------------------------ when to look again */

/* The next bell at which an open run may require more, or may end by what is known already. */
static bx_time
look_again(const walk *w)
{
    bx_slot         s;
    const bx_bells *b;
    char            state[BX_MAX_PERIODS];
    bx_time         since[BX_MAX_PERIODS];
    int             i, last;

    if (!bx_slot_at(w->place->cal, w->in->now, &s) || s.day > w->place->to) {
        return BX_NO_TIME;
    }

    b = bx_calendar_bells(w->place->cal, s.day);
    bx_ladder_day(w->in, w->place, s.day, state, since);
    for (i = s.period - 1; i < b->am + b->pm; i++) {
        if (bx_time_at(s.day, b->begins[i]) > w->in->now && state[i] != 'U') {
            return bx_time_at(s.day, b->begins[i]);
        }
        last = i == b->am - 1 || i == b->am + b->pm - 1;
        if (!w->run->steps[BX_S1].fired || last) {
            return bx_time_at(s.day, b->ends[i]);
        }
    }

    return BX_NO_TIME;
}

/* ------------------------------------------------------------------ */

/* Days after a place and before the next one are not due: the first that would be a school day there ends a run. */
static void
walk_gap(walk *w, bx_date from, bx_date to)
{
    for (bx_date d = from; w->run != NULL && d <= to; d++) {
        const bx_bells *b = bx_calendar_bells(w->place->cal, d);

        if (b != NULL && bx_time_at(d, b->begins[0]) <= w->in->now) {
            end_run(w, BX_RUN_NOT_DUE, bx_time_at(d, b->begins[0]));
        }
    }
}

bx_rc
bx_ladder_compute(bx_arena *a, const bx_ladder_in *in, bx_ladder_run **runs, size_t *n)
{
    walk     w = { .arena = a, .in = in };
    bx_date  today = bx_date_of(in->now), from, to;

    for (size_t k = 0; k < in->nplaces && in->places[k].from <= today && !w.failed; k++) {
        from = in->places[k].from > in->from ? in->places[k].from : in->from;
        to = in->places[k].to < today ? in->places[k].to : today;

        if (k > 0) {
            walk_gap(&w, in->places[k - 1].to + 1, from - 1);
        }

        w.place = &in->places[k];
        for (w.day = from; w.day <= to && !w.failed; w.day++) {
            w.bells = bx_calendar_bells(w.place->cal, w.day);
            if (w.bells != NULL) {
                walk_day(&w);
            }
        }
    }

    if (w.failed) {
        return BX_FAIL;
    }
    if (w.place != NULL && w.place->to < today) {
        walk_gap(&w, w.place->to + 1, today);
    }
    if (w.run != NULL) {
        w.run->next_at = look_again(&w);
    }

    *runs = w.runs;
    *n = w.nruns;
    return BX_OK;
}
