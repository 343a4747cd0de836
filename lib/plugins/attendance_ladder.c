/*
 * attendance_ladder.c: keeps the rows of runs and rungs, and the tasks of rungs, as lib/flow/ladder.c requires them. Owns
 * absence_run and absence_rung. Queues; whoever calls commits.
 */

#include "flow/task.h"
#include "plugins/attendance.h"
#include "plugins/dropout.h"

#include <inttypes.h>
#include <string.h>

/* One child on its way to rows. */
typedef struct {
    bx_call          *c;
    bx_arena         *a;
    bx_ladder_child  *child;
    bx_ladder_run    *runs;
    size_t            nruns;
    int              *match;
    bx_id            *ids;                    /* of runs */
} keeping;

/* S2 is a line on the office's sheet; the form of S7 is a step of the case. */
const char *
bx_rung_task_kind(bx_step step)
{
    static const char *const  kinds[] = {
        "attendance.contact", "attendance.notify", NULL, "attendance.report", "attendance.visit", "attendance.visit_middle",
        "attendance.visit_leader", NULL, NULL
    };

    return step < BX_S_COUNT ? kinds[step] : NULL;
}

char *
bx_rung_task_key(bx_arena *a, bx_id student, bx_id run, bx_step step, int turn)
{
    if (turn > 1) {
        return bx_sprintf(a, "%" PRId64 ":%" PRId64 ":%s.%d", student, run, bx_step_name(step), turn);
    }

    return bx_sprintf(a, "%" PRId64 ":%" PRId64 ":%s", student, run, bx_step_name(step));
}

static bx_value
time_value(bx_arena *a, bx_time t)
{
    return t == BX_NO_TIME ? bx_null() : bx_text(bx_time_sql(a, t));
}

static bx_value
id_value(bx_id id)
{
    return id == 0 ? bx_null() : bx_int(id);
}

static const char *
ended_by(bx_run_end end)
{
    return end == BX_RUN_RETURNED ? "returned" : end == BX_RUN_EXCUSED ? "excused" : end == BX_RUN_NOT_DUE ? "transferred" : NULL;
}

/* ------------------------------------------------------------------ runs */

static bx_rc
insert_run(keeping *k, size_t i)
{
    const bx_ladder_run *r = &k->runs[i];
    const char          *now = bx_time_sql(k->a, bx_call_now(k->c));

    return bx_queue(k->c, 1, "INSERT INTO absence_run (id, state, student_id, class_id, school_id, township_id, first_on, first_period,"
        " last_on, last_period, begins_at, ended_at, ended_by, days, presumed_days, next_at, created_at, updated_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        BX_ARGS(bx_int(k->ids[i]), bx_text(r->end == BX_RUN_OPEN ? "open" : "ended"), bx_int(k->child->id), bx_int(k->child->class_id),
                bx_int(k->child->school), id_value(k->child->township), bx_text(bx_date_text(k->a, r->first.day)),
                bx_int(r->first.period), bx_text(bx_date_text(k->a, r->last.day)), bx_int(r->last.period), time_value(k->a, r->begins),
                time_value(k->a, r->ended_at), bx_text(ended_by(r->end)), bx_int(r->days), bx_int(r->presumed_days),
                time_value(k->a, r->next_at), bx_text(now), bx_text(now)));
}

/* A run as CONCAT_WS() in attendance_load.c says it. */
static char *
run_text(keeping *k, const bx_ladder_run *r)
{
    return bx_sprintf(k->a, "%s|%s|%d|%s|%d|%d|%d|%s|%s|%s|%" PRId64, r->end == BX_RUN_OPEN ? "open" : "ended",
                      bx_date_text(k->a, r->first.day), r->first.period, bx_date_text(k->a, r->last.day), r->last.period, r->days,
                      r->presumed_days, r->ended_at == BX_NO_TIME ? "" : bx_time_sql(k->a, r->ended_at),
                      ended_by(r->end) == NULL ? "" : ended_by(r->end), r->next_at == BX_NO_TIME ? "" : bx_time_sql(k->a, r->next_at),
                      k->child->class_id);
}

static bx_rc
update_run(keeping *k, size_t i)
{
    const bx_ladder_run *r = &k->runs[i];
    int                  m = k->match[i];

    if (strcmp(run_text(k, r), k->child->stored[m]) == 0) {
        return BX_OK;
    }

    return bx_queue(k->c, 1, "UPDATE absence_run SET version = version + 1, state = ?, class_id = ?, school_id = ?, township_id = ?,"
        " first_on = ?, first_period = ?, last_on = ?, last_period = ?, begins_at = ?, ended_at = ?, ended_by = ?, days = ?,"
        " presumed_days = ?, next_at = ?, updated_at = ? WHERE id = ? AND version = ?",
        BX_ARGS(bx_text(r->end == BX_RUN_OPEN ? "open" : "ended"), bx_int(k->child->class_id), bx_int(k->child->school),
                id_value(k->child->township), bx_text(bx_date_text(k->a, r->first.day)), bx_int(r->first.period),
                bx_text(bx_date_text(k->a, r->last.day)), bx_int(r->last.period), time_value(k->a, r->begins),
                time_value(k->a, r->ended_at), bx_text(ended_by(r->end)), bx_int(r->days), bx_int(r->presumed_days),
                time_value(k->a, r->next_at), bx_text(bx_time_sql(k->a, bx_call_now(k->c))), bx_int(k->child->before[m].id),
                bx_int(k->child->versions[m])));
}

/* The child is in another class than the row says: rungs and tasks that wait go along. */
static bx_rc
follow_class(keeping *k, size_t b)
{
    const bx_ladder_child *x = k->child;
    const char            *was = strrchr(x->stored[b], '|');

    if (was == NULL || bx_id_parse(was + 1) == x->class_id) {
        return BX_OK;
    }

    for (size_t i = 0; i < x->nrungs; i++) {
        const bx_rung_before *g = &x->rungs[i];
        const char           *kind = bx_rung_task_kind(g->step);

        if (g->run == b && g->state == BX_RUNG_OPEN && kind != NULL
            && bx_task_follow(k->c, kind, bx_rung_task_key(k->a, x->id, x->before[b].id, g->step, g->turn), x->class_id, x->school,
                              x->township) != BX_OK)
        {
            return BX_FAIL;
        }
    }

    return bx_queue(k->c, -1, "UPDATE absence_rung SET class_id = ?, school_id = ?, township_id = ? WHERE run_id = ? AND state = 'open'",
                    BX_ARGS(bx_int(x->class_id), bx_int(x->school), id_value(x->township), bx_int(x->before[b].id)));
}

static bx_rc
void_run(keeping *k, size_t b)
{
    return bx_queue(k->c, 1, "UPDATE absence_run SET version = version + 1, state = 'void', next_at = NULL, updated_at = ?"
                    " WHERE id = ? AND version = ?",
                    BX_ARGS(bx_text(bx_time_sql(k->a, bx_call_now(k->c))), bx_int(k->child->before[b].id), bx_int(k->child->versions[b])));
}

static bx_rc
keep_runs(keeping *k)
{
    for (size_t b = 0; b < k->child->nbefore; b++) {
        bool  goes_on = false;

        for (size_t i = 0; i < k->nruns; i++) {
            goes_on = goes_on || k->match[i] == (int) b;
        }
        if (!goes_on && void_run(k, b) != BX_OK) {
            return BX_FAIL;
        }
    }

    for (size_t i = 0; i < k->nruns; i++) {
        if (k->match[i] < 0 ? insert_run(k, i) != BX_OK : update_run(k, i) != BX_OK || follow_class(k, (size_t) k->match[i]) != BX_OK) {
            return BX_FAIL;
        }
    }

    return BX_OK;
}

/* ------------------------------------------------------------------ rungs */

static const char *
proof_record(const bx_ladder_proof *p)
{
    static const char *const  names[] = {
        [BX_PROOF_CONTACT] = "contacts", [BX_PROOF_REQUEST] = "leave-requests", [BX_PROOF_REPORT] = "absence-reports",
        [BX_PROOF_VISIT] = "home-visits", [BX_PROOF_FORM] = "dropout-cases"
    };

    return p == NULL ? NULL : names[p->kind];
}

static const char *
state_of(bx_rung_act act)
{
    return act == BX_RUNG_DO_DONE ? "done" : act == BX_RUNG_DO_WITHDRAW ? "withdrawn" : "open";
}

/* When it was closed: by the record when that happened; by the return at its bell; else now. */
static bx_time
closed_at(keeping *k, const bx_rung_change *change)
{
    if (change->act == BX_RUNG_DO_DONE) {
        return change->proof->at;
    }
    if (change->act != BX_RUNG_DO_WITHDRAW) {
        return BX_NO_TIME;
    }
    if (change->run >= 0 && change->fired != NULL && k->runs[change->run].ended_at != BX_NO_TIME) {
        return k->runs[change->run].ended_at;
    }

    return bx_call_now(k->c);
}

static bx_rc
insert_rung(keeping *k, const bx_rung_change *change, bx_id run)
{
    const bx_ladder_step *s = change->fired;

    return bx_queue(k->c, 1, "INSERT INTO absence_rung (run_id, step, turn, state, student_id, class_id, school_id, township_id, trigger_at,"
        " nominal_at, working_at, late_entry, missed, closed_at, reason, record, record_id)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        BX_ARGS(bx_int(run), bx_int(change->step), bx_int(change->turn), bx_text(state_of(change->act)), bx_int(k->child->id),
                bx_int(k->child->class_id), bx_int(k->child->school), id_value(k->child->township), time_value(k->a, s->trigger),
                time_value(k->a, s->nominal), time_value(k->a, s->working), bx_int(s->late_entry), bx_int(change->missed),
                time_value(k->a, closed_at(k, change)), bx_text(change->reason), bx_text(proof_record(change->proof)),
                id_value(change->proof == NULL ? 0 : change->proof->id)));
}

static bx_rc
update_rung(keeping *k, const bx_rung_change *change, bx_id run)
{
    const bx_ladder_step *s = change->fired;

    if (s != NULL && change->act == BX_RUNG_DO_MOVE) {
        return bx_queue(k->c, 1, "UPDATE absence_rung SET trigger_at = ?, nominal_at = ?, working_at = ?, late_entry = ?"
                        " WHERE run_id = ? AND step = ? AND turn = ? AND state = 'open'",
                        BX_ARGS(time_value(k->a, s->trigger), time_value(k->a, s->nominal), time_value(k->a, s->working),
                                bx_int(s->late_entry), bx_int(run), bx_int(change->step), bx_int(change->turn)));
    }

    return bx_queue(k->c, 1, "UPDATE absence_rung SET state = ?, missed = ?, closed_at = ?, reason = ?, record = ?, record_id = ?"
                    " WHERE run_id = ? AND step = ? AND turn = ? AND state = 'open'",
                    BX_ARGS(bx_text(state_of(change->act)), bx_int(change->missed), time_value(k->a, closed_at(k, change)),
                            bx_text(change->reason), bx_text(proof_record(change->proof)),
                            id_value(change->proof == NULL ? 0 : change->proof->id), bx_int(run), bx_int(change->step),
                            bx_int(change->turn)));
}

/* Guardians hear of it the same day, at most once a day and child, in words that accuse nobody. */
static bx_rc
tell_guardians(keeping *k, const bx_rung_change *change)
{
    bx_date    today = bx_date_of(bx_call_now(k->c));
    bx_notice  notice = { .kind = "attendance.missed", .guardians_of = k->child->id };

    if (change->step != BX_S0 || bx_date_of(change->fired->trigger) != today) {
        return BX_OK;
    }

    notice.key = bx_sprintf(k->a, "%" PRId64 ":%s", k->child->id, bx_date_text(k->a, today));
    notice.params = bx_own(k->a, json_pack("{s:s}", "student", k->child->name));
    return bx_notice_send(k->c, &notice);
}

static bx_rc
open_task(keeping *k, const bx_rung_change *change, bx_id run, const char *kind, const char *key)
{
    bx_task  task = {
        .kind = kind, .key = key, .student = k->child->id, .class_id = k->child->class_id, .school = k->child->school,
        .township = k->child->township, .record = "absences", .record_id = run, .trigger = change->fired->trigger,
        .nominal = change->fired->nominal, .working = change->fired->working
    };

    task.params = bx_own(k->a, json_pack("{s:s, s:o}", "since", bx_date_text(k->a, k->runs[change->run].first.day),
                                         "run_id", json_sprintf("%" PRId64, run)));
    if (task.params == NULL) {
        return bx_refuse(k->c, BX_E_MEMORY, NULL, NULL, NULL);
    }

    return bx_task_open(k->c, &task) == BX_OK ? tell_guardians(k, change) : BX_FAIL;
}

/* The third day opens a case, a return takes it to observation, wrong marks withdraw it; whether an excuse that comes later makes it
 * no case is for people to say. From there the case has steps of its own, the form of S7 among them. */
static bx_rc
keep_case(keeping *k, const bx_rung_change *change)
{
    const bx_ladder_run *r = change->run < 0 ? NULL : &k->runs[change->run];

    if (bx_record_find("dropout-cases") == NULL) {
        return BX_OK;
    }
    if (change->act == BX_RUNG_DO_OPEN && r != NULL && change->fired != NULL) {
        bx_dropout_opening  o = { .student = k->child->id, .discovered = r->first.day, .trigger = change->fired->trigger,
                                  .saved = bx_call_now(k->c), .origin = r->first.day == k->child->no_show_on ? "no_show" : "ladder" };

        return bx_dropout_open(k->c, &o, NULL);
    }
    if (change->act != BX_RUNG_DO_WITHDRAW || change->fresh) {
        return BX_OK;
    }
    if (strcmp(change->reason, "returned") == 0 && r != NULL) {
        return bx_dropout_returned(k->c, k->child->id, bx_date_of(r->ended_at));
    }

    return strcmp(change->reason, "corrected") == 0 ? bx_dropout_withdraw(k->c, k->child->id) : BX_OK;
}

static bx_rc
keep_task(keeping *k, const bx_rung_change *change, bx_id run)
{
    const char *kind = bx_rung_task_kind(change->step);
    const char *key = bx_rung_task_key(k->a, k->child->id, run, change->step, change->turn);

    if (change->step == BX_S_CASE) {
        return keep_case(k, change);
    }
    if (kind == NULL || change->act == BX_RUNG_DO_MOVE) {
        return BX_OK;
    }
    if (change->act == BX_RUNG_DO_OPEN) {
        return open_task(k, change, run, kind, key);
    }
    if (change->fresh) {
        return BX_OK;                         /* satisfied or over before it appeared */
    }
    if (change->act == BX_RUNG_DO_DONE) {
        return bx_task_close(k->c, kind, key, "done", NULL, proof_record(change->proof), change->proof->id);
    }

    return bx_task_close(k->c, kind, key, "withdrawn", change->reason, NULL, 0);
}

static bx_rc
keep_rungs(keeping *k, const bx_rung_change *changes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const bx_rung_change *x = &changes[i];
        bx_id                 run = x->run >= 0 ? k->ids[x->run] : k->child->before[x->before].id;

        if ((x->fresh ? insert_rung(k, x, run) : update_rung(k, x, run)) != BX_OK || keep_task(k, x, run) != BX_OK) {
            return BX_FAIL;
        }
    }

    return BX_OK;
}

/* ------------------------------------------------------------------ */

static bx_rc
one_child(bx_call *c, bx_ladder_child *child)
{
    keeping          k = { .c = c, .a = bx_call_arena(c), .child = child };
    bx_rung_change  *changes;
    size_t           n;

    if (bx_ladder_compute(k.a, &child->in, &k.runs, &k.nruns) != BX_OK) {
        return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
    }

    k.match = bx_alloc(k.a, (k.nruns + 1) * sizeof(*k.match));
    k.ids = bx_alloc(k.a, (k.nruns + 1) * sizeof(*k.ids));
    if (k.match == NULL || k.ids == NULL) {
        return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
    }

    bx_ladder_match(k.runs, k.nruns, child->before, child->nbefore, k.match);
    for (size_t i = 0; i < k.nruns; i++) {
        k.ids[i] = k.match[i] >= 0 ? child->before[k.match[i]].id : bx_id_new();
    }

    if (bx_ladder_reconcile(k.a, &child->in, k.runs, k.nruns, k.match, child->before, child->nbefore, child->rungs, child->nrungs,
                            child->proofs, child->nproofs, &changes, &n) != BX_OK)
    {
        return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
    }

    return keep_runs(&k) == BX_OK ? keep_rungs(&k, changes, n) : BX_FAIL;
}

bx_rc
bx_attendance_recompute(bx_call *c, const bx_id *students, size_t n, bx_date since, const bx_pending *pending)
{
    bx_ladder_child *children;
    size_t           got, at, some;

    for (at = 0; at < n; at += some) {
        some = n - at < BX_ATTENDANCE_BATCH ? n - at : BX_ATTENDANCE_BATCH;
        if (bx_attendance_load(c, students + at, some, since, pending, &children, &got) != BX_OK) {
            return BX_FAIL;
        }
        for (size_t i = 0; i < got; i++) {
            if (one_child(c, &children[i]) != BX_OK) {
                return BX_FAIL;
            }
        }
    }

    return BX_OK;
}
