/*
 * ladder_model.c: the absence ladder as somebody with a stopwatch and the class register would work it out. It goes
 * through every minute of every day; at each bell it asks the register what the period is, looks back at what it has
 * written down so far, and counts again from the beginning. It shares no code with lib/flow/ladder.c.
 */

#include "ladder_model.h"

#include <string.h>

#define MAX_NOTES  4000

/* What was written down of every unexcused period. */
typedef struct {
    bx_date  day;
    int      period;
    bool     presumed, used, ended;
    bx_time  known;                           /* when it was first known to be missed; BX_NO_TIME: presumed */
    size_t   run;
} note;

typedef struct {
    const bx_ladder_in *in;
    model_result       *out;
    note                notes[MAX_NOTES];
    size_t              nnotes;
    bool                open;
} model;

static const bx_ladder_place *
place_on(const bx_ladder_in *in, bx_date day)
{
    for (size_t i = 0; i < in->nplaces; i++) {
        if (in->places[i].from <= day && day <= in->places[i].to) {
            return &in->places[i];
        }
    }
    return NULL;
}

/* The class the child was in last before the day, when it is in none. */
static const bx_ladder_place *
place_before(const bx_ladder_in *in, bx_date day)
{
    const bx_ladder_place *found = NULL;

    for (size_t i = 0; i < in->nplaces; i++) {
        if (in->places[i].to < day) {
            found = &in->places[i];
        }
    }
    return found;
}

static bool
missed_by(const bx_ladder_mark *m, const bx_bells *b, int period)
{
    if (m->kind == BX_MARK_ABSENT || m->kind == BX_MARK_LEAVE) {
        return true;
    }
    if (m->kind == BX_MARK_LATE) {
        return !(m->minute < b->ends[period - 1]);
    }
    if (m->kind == BX_MARK_LEFT_EARLY) {
        return !(b->begins[period - 1] < m->minute);
    }
    return false;
}

static bool
about(const bx_ladder_mark *m, bx_date day, int period)
{
    return m->day == day && m->first <= period && period <= m->last;
}

/* On leave in this period? refused: leave that was taken back at a time after the period had begun. */
static bool
on_leave(const bx_ladder_in *in, bx_date day, int period, bx_time begins, bool refused, bx_time *when)
{
    int64_t  at = (int64_t) day * 100 + period;
    bool     found = false;

    for (size_t i = 0; i < in->nleave; i++) {
        const bx_ladder_leave *l = &in->leave[i];

        if (at < (int64_t) l->span.from.day * 100 + l->span.from.period || at > (int64_t) l->span.to.day * 100 + l->span.to.period) {
            continue;
        }
        if (!refused && l->void_at == BX_NO_TIME) {
            return true;
        }
        if (refused && l->void_at != BX_NO_TIME && begins < l->void_at) {
            *when = found && *when > l->void_at ? *when : l->void_at;
            found = true;
        }
    }
    return found;
}

/* What the register says of a period: P, A, X or U; known: since when it says A. */
static char
look_up(const bx_ladder_in *in, const bx_ladder_place *place, bx_date day, int period, bx_time *known)
{
    const bx_bells       *b = bx_calendar_bells(place->cal, day);
    bx_time               begins = bx_time_at(day, b->begins[period - 1]), refused;
    const bx_ladder_mark *newest = NULL;
    char                  said = 'U';
    size_t                i;

    for (i = 0; i < in->nmarks; i++) {
        if (about(&in->marks[i], day, period) && (newest == NULL || in->marks[i].saved_at >= newest->saved_at)) {
            newest = &in->marks[i];
        }
    }

    *known = BX_NO_TIME;
    if (newest != NULL && missed_by(newest, b, period)) {
        said = 'A';
        *known = newest->saved_at;
        /* back in time as long as it was said again and again */
        for (i = in->nmarks; i-- > 0; ) {
            if (about(&in->marks[i], day, period)) {
                if (!missed_by(&in->marks[i], b, period)) {
                    break;
                }
                *known = in->marks[i].saved_at;
            }
        }
    } else if (newest != NULL) {
        return newest->kind == BX_MARK_SENT ? 'X' : 'P';
    } else {
        for (i = 0; i < place->nrolls; i++) {
            if (place->rolls[i].day == day && place->rolls[i].first <= period && period <= place->rolls[i].last) {
                return 'P';
            }
        }
    }

    if (on_leave(in, day, period, begins, false, NULL)) {
        return 'X';
    }
    if (on_leave(in, day, period, begins, true, &refused)) {
        *known = said == 'A' && *known > refused ? *known : refused;
        return 'A';
    }
    return said;
}

static bx_time
midnight_after(bx_date day)
{
    return bx_time_at(day, 1440);
}

static bx_date
school_days_on(const bx_calendar *cal, bx_date day, int n)
{
    for (int looked = 0; n > 0; looked++) {
        if (looked > 400) {
            return BX_NO_DATE;
        }
        n -= bx_is_school_day(cal, ++day);
    }
    return day;
}

static void
write_down(model *m, const bx_ladder_place *place, bx_step s, bx_time trigger, bx_time nominal, bx_time known)
{
    bx_ladder_step *step = &m->out->runs[m->out->n - 1].steps[s];

    step->fired = true;
    step->trigger = trigger;
    step->nominal = step->working = nominal;
    if (known != BX_NO_TIME && known > midnight_after(bx_date_of(trigger))) {
        step->late_entry = true;
        if (nominal != BX_NO_TIME) {
            bx_date  d = school_days_on(place->cal, bx_date_of(known), m->in->rules->late_entry_days);

            if (d != BX_NO_DATE && midnight_after(d) > nominal) {
                step->working = midnight_after(d);
            }
        }
    }
}

/* The latest time at which a period of this run from a slot on became known. */
static bx_time
known_from(const model *m, bx_date day, int period)
{
    bx_time  latest = BX_NO_TIME;

    for (size_t i = 0; i < m->nnotes; i++) {
        if (m->notes[i].run == m->out->n - 1 && (m->notes[i].day > day || (m->notes[i].day == day && m->notes[i].period >= period))
            && m->notes[i].known > latest)
        {
            latest = m->notes[i].known;
        }
    }
    return latest;
}

static void
close_run(model *m, bx_run_end why, bx_time at)
{
    bx_ladder_run *r;

    if (!m->open) {
        return;
    }
    r = &m->out->runs[m->out->n - 1];
    r->end = why;
    r->ended_at = at;
    for (int s = 0; s < BX_S_CASE; s++) {
        if (why == BX_RUN_RETURNED && r->steps[s].fired && r->steps[s].nominal != BX_NO_TIME && at >= r->steps[s].nominal) {
            r->steps[s].missed = true;
        }
    }
    m->open = false;
}

static void
bell_rings(model *m, const bx_ladder_place *place, bx_date day, int period)
{
    const bx_bells *b = bx_calendar_bells(place->cal, day);
    bx_time         begins = bx_time_at(day, b->begins[period - 1]), known;
    char            state = look_up(m->in, place, day, period, &known);
    bx_ladder_run  *r;

    if (state == 'P' || state == 'X' || (state == 'U' && !m->open)) {
        close_run(m, state == 'X' ? BX_RUN_EXCUSED : BX_RUN_RETURNED, begins);
        return;
    }

    m->notes[m->nnotes++] = (note) { day, period, state == 'U', false, false, known, m->open ? m->out->n - 1 : m->out->n };
    if (!m->open) {
        m->open = true;
        r = &m->out->runs[m->out->n++];
        memset(r, 0, sizeof(*r));
        r->first = (bx_slot) { day, period };
        r->begins = begins;
        r->ended_at = BX_NO_TIME;
        write_down(m, place, BX_S0, begins, bx_time_at(day, m->in->rules->contact_by), known);
    }
    r = &m->out->runs[m->out->n - 1];
    r->last = (bx_slot) { day, period };
    r->class_id = place->class_id;
}

/* Four unexcused periods within seven days that were not counted before? */
static void
count_periods(model *m, const bx_ladder_place *place, bx_date day, bx_time ends)
{
    size_t   counted[MAX_NOTES], n = 0;
    bx_time  known = BX_NO_TIME;

    for (size_t i = 0; i < m->nnotes; i++) {
        if (m->notes[i].ended && !m->notes[i].used && day - m->notes[i].day < m->in->rules->periods_window) {
            counted[n++] = i;
        }
    }
    if (n < (size_t) m->in->rules->periods) {
        return;
    }
    for (size_t i = 0; i < n; i++) {
        m->notes[counted[i]].used = true;
        known = m->notes[counted[i]].known > known ? m->notes[counted[i]].known : known;
    }
    write_down(m, place, BX_S1, ends, bx_time_at(day, m->in->rules->contact_by), known);
}

static void
day_over(model *m, const bx_ladder_place *place, bx_date day, bx_time ends)
{
    const bx_ladder_rules *rules = m->in->rules;
    bx_ladder_run         *r = &m->out->runs[m->out->n - 1];
    bx_time                known = known_from(m, r->first.day, r->first.period), visit;
    bx_date                d = school_days_on(place->cal, day, rules->visit_due_days), form;
    bool                   seen = false, over = r->steps[BX_S7].fired;

    for (size_t i = 0; i < m->nnotes; i++) {
        seen = seen || (m->notes[i].day == day && !m->notes[i].presumed);
    }
    r->days++;
    if (!seen) {
        r->presumed_days++;
    }

    if (rules->visit_cap_days > 0 && (d == BX_NO_DATE || d - day > rules->visit_cap_days)) {
        d = day + rules->visit_cap_days;
    }
    visit = d == BX_NO_DATE ? BX_NO_TIME : midnight_after(d);

    if (!over && r->days >= rules->visit_day && !r->steps[BX_S4].fired) {
        write_down(m, place, BX_S4, ends, visit, known);
    }
    if (!over && r->days >= rules->middle_day && !r->steps[BX_S5].fired) {
        write_down(m, place, BX_S5, ends, visit, known);
    }
    if (!over && r->days >= rules->leader_day && !r->steps[BX_S6].fired) {
        write_down(m, place, BX_S6, ends, visit, known);
    }
    if (!over && seen && r->days >= rules->open_days && !r->steps[BX_S_CASE].fired) {
        write_down(m, place, BX_S_CASE, ends, midnight_after(day), known);
    }
    if (!over && seen && r->days >= rules->week_days) {
        form = school_days_on(place->cal, day, rules->form_days);
        write_down(m, place, BX_S7, ends, form == BX_NO_DATE ? BX_NO_TIME : midnight_after(form), known);
    }
}

static void
period_over(model *m, const bx_ladder_place *place, bx_date day, int period)
{
    const bx_bells *b = bx_calendar_bells(place->cal, day);
    int             n = b->am + b->pm, half = period <= b->am ? 1 : b->am + 1;
    bx_time         ends = bx_time_at(day, b->ends[period - 1]);
    bx_ladder_run  *r;
    bool            whole_half, whole_day;

    if (!m->open) {
        return;
    }
    r = &m->out->runs[m->out->n - 1];
    m->notes[m->nnotes - 1].ended = true;

    if (r->steps[BX_S1].fired || r->steps[BX_S7].fired) {
        m->notes[m->nnotes - 1].used = true;
    } else {
        count_periods(m, place, day, ends);
    }

    /* a run has no gap: a half-day it holds from its first period on is wholly missed */
    whole_half = (period == b->am || period == n) && (r->first.day < day || r->first.period <= half);
    whole_day = period == n && (r->first.day < day || r->first.period == 1);

    if (whole_half && m->in->rules->half_day && !r->steps[BX_S2].fired && !r->steps[BX_S7].fired) {
        write_down(m, place, BX_S2, ends, BX_NO_TIME, known_from(m, day, half));
    }
    if (whole_half && !r->steps[BX_S3].fired && !r->steps[BX_S7].fired) {
        write_down(m, place, BX_S3, ends, r->begins + 3600 * (bx_time) m->in->rules->report_hours, known_from(m, day, half));
    }
    if (whole_day) {
        day_over(m, place, day, ends);
    }
}

void
ladder_model(const bx_ladder_in *in, model_result *out)
{
    static model           m;
    const bx_ladder_place *here, *was;
    const bx_bells        *b;

    m.in = in;
    m.out = out;
    m.nnotes = 0;
    m.open = false;
    out->n = 0;

    for (bx_date day = in->from; day <= bx_date_of(in->now); day++) {
        here = place_on(in, day);
        was = here == NULL ? place_before(in, day) : NULL;
        b = here != NULL ? bx_calendar_bells(here->cal, day) : was != NULL ? bx_calendar_bells(was->cal, day) : NULL;
        if (b == NULL) {
            continue;
        }

        for (int minute = 0; minute < 1440 && bx_time_at(day, minute) <= in->now; minute++) {
            for (int p = 1; p <= b->am + b->pm; p++) {
                if (here != NULL && b->ends[p - 1] == minute) {
                    period_over(&m, here, day, p);
                }
            }
            for (int p = 1; p <= b->am + b->pm; p++) {
                if (b->begins[p - 1] != minute) {
                    continue;
                }
                if (here != NULL) {
                    bell_rings(&m, here, day, p);
                } else {
                    close_run(&m, BX_RUN_NOT_DUE, bx_time_at(day, minute));
                }
            }
        }
    }
}
