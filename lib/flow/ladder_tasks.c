/*
 * ladder_tasks.c: what the rows and tasks of a child's rungs have to become, given what the ladder requires now. Pure: it
 * makes a list of changes. Owns which record satisfies which rung. Does not own the rows, nor what a task is.
 */

#include "flow/ladder.h"

#define DAY_SECONDS  (24 * 3600)

typedef struct {
    bx_arena              *arena;
    const bx_ladder_in    *in;
    const bx_ladder_run   *runs;
    const bx_rung_before  *rungs;
    size_t                 nrungs;
    const bx_ladder_proof *proofs;
    size_t                 nproofs;
    bx_rung_change        *out;
    size_t                 n;
} plan;

/* ------------------------------------------------------------------ what satisfies what */

static bool
slot_after(bx_slot a, bx_slot b)
{
    return a.day > b.day || (a.day == b.day && a.period > b.period);
}

static bool
touches(const bx_ladder_run *run, bx_span span)
{
    return !slot_after(span.from, run->last) && !slot_after(run->first, span.to);
}

/* From midnight of the run's first day: the guardian may have phoned before the first bell. */
static bool
in_run(const bx_ladder_run *run, bx_time at)
{
    return at >= bx_time_at(run->first.day, 0) && (run->end == BX_RUN_OPEN || at < run->ended_at);
}

static bool
visited_by(const bx_ladder_proof *p, const bx_ladder_run *run, bx_step step)
{
    /* a visit on the day that brought the rung need not be made again */
    if (p->at < run->begins || p->at < bx_time_at(bx_date_of(run->steps[step].trigger), 0)) {
        return false;
    }

    switch (step) {
    case BX_S4:
        return (p->roles & BX_VISIT_TEACHER) != 0;
    case BX_S5:
        return p->in_person && (p->roles & BX_VISIT_MIDDLE) != 0;
    case BX_S6:
        return p->in_person && (p->roles & BX_VISIT_LEADER) != 0;
    default:
        return false;
    }
}

static bool
satisfies(const bx_ladder_proof *p, const bx_ladder_run *run, bx_step step)
{
    switch (p->kind) {
    case BX_PROOF_CONTACT:
        return (step == BX_S0 || step == BX_S1) && in_run(run, p->at);
    case BX_PROOF_REQUEST:
        return (step == BX_S0 || step == BX_S1) && touches(run, p->span);
    case BX_PROOF_REPORT:
        return step == BX_S3 && p->at >= run->begins && (run->end == BX_RUN_OPEN || p->at < run->ended_at);
    case BX_PROOF_VISIT:
        return visited_by(p, run, step);
    case BX_PROOF_FORM:
        return step == BX_S7 && p->at >= bx_time_at(bx_date_of(run->steps[step].trigger), 0);
    }

    return false;
}

static const bx_ladder_proof *
find_proof(const plan *k, const bx_ladder_run *run, bx_step step)
{
    const bx_ladder_proof *found = NULL;

    for (const bx_ladder_proof *p = k->proofs; p < k->proofs + k->nproofs; p++) {
        if (satisfies(p, run, step) && (found == NULL || p->at < found->at)) {
            found = p;
        }
    }

    return found;
}

/* ------------------------------------------------------------------ the list */

/* The latest row of a rung of a former run. */
static const bx_rung_before *
find_rung(const plan *k, int before, bx_step step)
{
    const bx_rung_before *found = NULL;

    for (const bx_rung_before *r = k->rungs; r < k->rungs + k->nrungs; r++) {
        if (before >= 0 && r->run == (size_t) before && r->step == step && (found == NULL || r->turn > found->turn)) {
            found = r;
        }
    }

    return found;
}

static const char *
reason_of(bx_run_end end)
{
    switch (end) {
    case BX_RUN_RETURNED:
        return "returned";
    case BX_RUN_EXCUSED:
        return "excused";
    case BX_RUN_NOT_DUE:
        return "transferred";
    case BX_RUN_OPEN:
        break;
    }

    return "corrected";
}

static void
add(plan *k, bx_rung_change change)
{
    k->out[k->n++] = change;
}

static void
withdraw(plan *k, int run, int before, bx_step step, int turn, bool fresh, const char *reason)
{
    const bx_ladder_step *fired = run >= 0 && k->runs[run].steps[step].fired ? &k->runs[run].steps[step] : NULL;

    add(k, (bx_rung_change) { .run = run, .before = before, .step = step, .turn = turn, .act = BX_RUNG_DO_WITHDRAW, .fresh = fresh,
                              .missed = fired != NULL && fired->missed, .reason = reason, .fired = fired });
}

static bool
moved(const bx_rung_before *row, const bx_ladder_step *now)
{
    return row->trigger != now->trigger || row->nominal != now->nominal || row->working != now->working;
}

/* A rung that has fired, and the row there is of it. */
static void
one_rung(plan *k, int run, int before, bx_step step, const bx_rung_before *row)
{
    const bx_ladder_run   *r = &k->runs[run];
    const bx_ladder_proof *proof;
    bx_rung_change         change = { .run = run, .before = before, .step = step, .turn = row == NULL ? 1 : row->turn,
                                      .fired = &r->steps[step] };

    if (row != NULL && (row->state == BX_RUNG_DONE || (row->state == BX_RUNG_WITHDRAWN && r->end != BX_RUN_OPEN))) {
        return;
    }

    proof = find_proof(k, r, step);
    change.fresh = row == NULL || row->state == BX_RUNG_WITHDRAWN;
    change.turn += row != NULL && change.fresh;

    if (proof != NULL) {
        change.act = BX_RUNG_DO_DONE;
        change.proof = proof;
        add(k, change);
    } else if (r->end != BX_RUN_OPEN) {
        withdraw(k, run, before, step, change.turn, change.fresh, reason_of(r->end));
    } else if (change.fresh) {
        change.act = BX_RUNG_DO_OPEN;
        add(k, change);
    } else if (moved(row, &r->steps[step])) {
        change.act = BX_RUNG_DO_MOVE;
        add(k, change);
    }
}

/* A rung that a run no longer requires: by what ended the run earlier than before, else it was a mistake. */
static const char *
gone_because(bx_run_end end)
{
    return end == BX_RUN_RETURNED ? "corrected" : reason_of(end);
}

/* Did the child come, late but in the very period that had been missed? */
static bool
arrived_in(const bx_ladder_in *in, bx_slot slot)
{
    bool  late = false;

    for (const bx_ladder_mark *m = in->marks; m < in->marks + in->nmarks; m++) {
        if (m->day == slot.day && m->first <= slot.period && slot.period <= m->last) {
            late = m->kind == BX_MARK_LATE;
        }
    }

    return late;
}

static void
vanished(plan *k, size_t before, const bx_run_before *old)
{
    char        now = bx_ladder_at(k->in, old->first);
    const char *reason = now == 'X' ? "excused" : now == 'N' ? "transferred" : "corrected";

    if (now == 'P' && arrived_in(k->in, old->first)) {
        reason = "returned";
    }

    for (const bx_rung_before *r = k->rungs; r < k->rungs + k->nrungs; r++) {
        if (r->run == before && r->state == BX_RUNG_OPEN) {
            withdraw(k, -1, (int) before, r->step, r->turn, false, reason);
        }
    }
}

/* One table of cases, read from top to bottom. */
bx_rc
/* NOLINTNEXTLINE(readability-function-size) */
bx_ladder_reconcile(bx_arena *a, const bx_ladder_in *in, const bx_ladder_run *runs, size_t n, const int *match,
                    const bx_run_before *before, size_t nbefore, const bx_rung_before *rungs, size_t nrungs,
                    const bx_ladder_proof *proofs, size_t nproofs, bx_rung_change **out, size_t *nout)
{
    plan                   k = { a, in, runs, rungs, nrungs, proofs, nproofs, NULL, 0 };
    const bx_rung_before  *row;

    k.out = bx_alloc(a, (n * BX_S_COUNT + nrungs + 1) * sizeof(*k.out));
    if (k.out == NULL) {
        return BX_FAIL;
    }

    /* what falls away first, so that a task is closed before another of the same child is opened */
    for (size_t b = 0; b < nbefore; b++) {
        bool  taken = false;

        for (size_t i = 0; i < n; i++) {
            taken = taken || match[i] == (int) b;
        }
        if (!taken) {
            vanished(&k, b, &before[b]);
        }
    }

    for (size_t i = 0; i < n; i++) {
        for (bx_step step = 0; step < BX_S_COUNT; step++) {
            row = find_rung(&k, match[i], step);
            if (runs[i].steps[step].fired) {
                one_rung(&k, (int) i, match[i], step, row);
            } else if (row != NULL && row->state == BX_RUNG_OPEN) {
                withdraw(&k, (int) i, match[i], step, row->turn, false, gone_because(runs[i].end));
            }
        }
    }

    *out = k.out;
    *nout = k.n;
    return BX_OK;
}
