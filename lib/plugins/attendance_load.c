/*
 * attendance_load.c: reads what the absence ladder of some children is computed from: enrolment with calendars, rolls, marks,
 * leave, rules; and the runs, rungs and records there are. Reads only; lib/flow/ladder.c knows what it means.
 */

#include "plugins/attendance.h"

#include <inttypes.h>
#include <string.h>

#define FAR  bx_date_make(2199, 12, 31)

typedef struct {
    bx_call          *c;
    bx_arena         *a;
    bx_ladder_child  *children;
    size_t            n;
    bx_date           from;                   /* marks, rolls and leave are read from here on */
    const bx_pending *pending;
} load;

typedef struct { bx_id class_id; const bx_calendar *cal; bx_ladder_roll *rolls; bx_id *ids; size_t nrolls; } load_class;    /* ids: of rolls */

void
bx_ids_in(bx_buf *sql, bx_value *args, size_t *nargs, const bx_id *ids, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        bx_buf_str(sql, i == 0 ? "?" : ",?");
        args[(*nargs)++] = bx_int(ids[i]);
    }
}

/* sql with %s for the list of children, then the given values. */
static bx_rc
query_children(load *l, bx_rows *rows, const char *head, const char *tail, bx_value *more, size_t nmore)
{
    bx_value  args[BX_ATTENDANCE_BATCH + 8];
    bx_id     ids[BX_ATTENDANCE_BATCH];
    size_t    nargs = 0;
    bx_buf    sql;

    for (size_t i = 0; i < l->n; i++) {
        ids[i] = l->children[i].id;
    }

    bx_buf_init(&sql, l->a);
    bx_buf_str(&sql, head);
    bx_ids_in(&sql, args, &nargs, ids, l->n);
    bx_buf_str(&sql, tail);
    for (size_t i = 0; i < nmore; i++) {
        args[nargs++] = more[i];
    }

    if (sql.failed) {
        return bx_refuse(l->c, BX_E_MEMORY, NULL, NULL, NULL);
    }
    return bx_query(l->c, rows, sql.data, args, nargs);
}

static bx_ladder_child *
child_of(load *l, bx_id id)
{
    for (size_t i = 0; i < l->n; i++) {
        if (l->children[i].id == id) {
            return &l->children[i];
        }
    }

    return NULL;
}

static bx_rc
out_of_memory(load *l)
{
    return bx_refuse(l->c, BX_E_MEMORY, NULL, NULL, NULL);
}

static bx_slot
slot_in(const bx_rows *rows, size_t i, size_t day)
{
    return (bx_slot) { bx_date_parse(bx_cell_text(rows, i, day)), (int) bx_cell_int(rows, i, day + 1) };
}

static bx_time
time_in(const bx_rows *rows, size_t i, size_t col)
{
    return bx_cell_text(rows, i, col) == NULL ? BX_NO_TIME : bx_time_parse_sql(bx_cell_text(rows, i, col));
}

/* ------------------------------------------------------------------ children and their classes */

static bx_rc
load_students(load *l, const bx_id *students, size_t n)
{
    bx_rows  rows;

    l->children = bx_alloc(l->a, n * sizeof(*l->children));
    if (l->children == NULL) {
        return out_of_memory(l);
    }
    for (size_t i = 0; i < n; i++) {
        l->children[i].id = students[i];
    }
    l->n = n;

    if (query_children(l, &rows, "SELECT s.id, s.class_id, s.school_id, s.township_id, s.name FROM student s WHERE s.id IN (", ")",
                       NULL, 0) != BX_OK)
    {
        return BX_FAIL;
    }

    for (size_t i = 0; i < rows.nrows; i++) {
        bx_ladder_child *k = child_of(l, bx_cell_int(&rows, i, 0));

        k->class_id = bx_cell_int(&rows, i, 1);
        k->school = bx_cell_int(&rows, i, 2);
        k->township = bx_cell_int(&rows, i, 3);
        k->name = bx_cell_text(&rows, i, 4);
    }

    return BX_OK;
}

/* Moves *from to the beginning of a run that reaches into what is looked at, or into the window before it. */
static bool
further_back(const bx_rows *rows, bx_date window, bx_date *from)
{
    for (size_t i = 0; i < rows->nrows; i++) {
        bx_date  first = slot_in(rows, i, 2).day;
        bool     open = strcmp(bx_cell_text(rows, i, 7), "open") == 0;

        if (first < *from && (open || slot_in(rows, i, 4).day >= *from - window)) {
            *from = first;
            return true;
        }
    }

    return false;
}

/* The runs that are there, and how far back the ladder has to look: a run that touches what is looked at is looked at from
 * its beginning, and its periods may count with later ones. */
static bx_rc
load_runs(load *l, bx_date since)
{
    static const char  head[] = "SELECT r.student_id, r.id, r.first_on, r.first_period, r.last_on, r.last_period, r.version, r.state,"
                                " CONCAT_WS('|', r.state, r.first_on, r.first_period, r.last_on, r.last_period, r.days, r.presumed_days,"
                                " COALESCE(r.ended_at, ''), COALESCE(r.ended_by, ''), COALESCE(r.next_at, ''), r.class_id)"
                                " FROM absence_run r WHERE r.student_id IN (";
    bx_rows            rows;
    int64_t            window;
    bx_date            year = since - 420;

    if (bx_rule_int(l->c, "ladder.periods_window", l->children[0].class_id, &window) != BX_OK
        || query_children(l, &rows, head, ") AND (r.last_on >= ? OR r.state = 'open') AND r.state <> 'void' ORDER BY r.student_id, r.first_on, r.first_period",
                          BX_ARGS(bx_text(bx_date_text(l->a, year)))) != BX_OK)
    {
        return BX_FAIL;
    }

    l->from = since - (bx_date) window;
    while (further_back(&rows, (bx_date) window, &l->from)) {
        /* a run that comes in may bring the one before it */
    }
    for (size_t i = 0; i < rows.nrows; i++) {
        bx_ladder_child *k = child_of(l, bx_cell_int(&rows, i, 0));
        bx_run_before   *b;

        if (slot_in(&rows, i, 4).day < l->from) {
            continue;
        }
        if (k->before == NULL) {
            k->before = bx_alloc(l->a, rows.nrows * sizeof(*k->before));
            k->versions = bx_alloc(l->a, rows.nrows * sizeof(*k->versions));
            k->states = bx_alloc(l->a, rows.nrows * sizeof(*k->states));
            k->stored = bx_alloc(l->a, rows.nrows * sizeof(*k->stored));
            if (k->before == NULL || k->versions == NULL || k->states == NULL || k->stored == NULL) {
                return out_of_memory(l);
            }
        }
        b = &k->before[k->nbefore];
        *b = (bx_run_before) { bx_cell_int(&rows, i, 1), slot_in(&rows, i, 2), slot_in(&rows, i, 4) };
        k->versions[k->nbefore] = bx_cell_int(&rows, i, 6);
        k->states[k->nbefore] = bx_cell_text(&rows, i, 7);
        k->stored[k->nbefore++] = bx_cell_text(&rows, i, 8);
    }

    return BX_OK;
}

static load_class *
class_of(load *l, load_class *classes, size_t *n, bx_id id)
{
    for (size_t i = 0; i < *n; i++) {
        if (classes[i].class_id == id) {
            return &classes[i];
        }
    }

    classes[*n] = (load_class) { .class_id = id };
    if (bx_calendar_load(l->c, id, l->from, bx_date_of(bx_call_now(l->c)), &classes[*n].cal) != BX_OK) {
        return NULL;
    }

    return &classes[(*n)++];
}

static bx_rc
load_rolls(load *l, load_class *classes, size_t n)
{
    bx_value  args[BX_ATTENDANCE_BATCH * 4 + 1];
    size_t    nargs = 0, at = 0;
    bx_buf    sql;
    bx_rows   rows;

    if (n == 0) {
        return BX_OK;
    }
    bx_buf_init(&sql, l->a);
    bx_buf_str(&sql, "SELECT r.class_id, r.day, r.first_period, r.last_period, r.id FROM roll_call r WHERE r.class_id IN (");
    for (size_t i = 0; i < n; i++) {
        bx_buf_str(&sql, i == 0 ? "?" : ",?");
        args[nargs++] = bx_int(classes[i].class_id);
    }
    bx_buf_str(&sql, ") AND r.day >= ? ORDER BY r.class_id, r.day, r.first_period");
    args[nargs++] = bx_text(bx_date_text(l->a, l->from));
    if (bx_query(l->c, &rows, sql.data, args, nargs) != BX_OK) {
        return BX_FAIL;
    }

    for (size_t i = 0; i < n; i++) {
        load_class *k = &classes[i];

        k->rolls = bx_alloc(l->a, (rows.nrows + 1) * sizeof(*k->rolls));
        k->ids = bx_alloc(l->a, (rows.nrows + 1) * sizeof(*k->ids));
        if (k->rolls == NULL || k->ids == NULL) {
            return out_of_memory(l);
        }
        for (at = 0; at < rows.nrows; at++) {
            if (bx_cell_int(&rows, at, 0) == k->class_id) {
                k->ids[k->nrolls] = bx_cell_int(&rows, at, 4);
                k->rolls[k->nrolls++] = (bx_ladder_roll) { slot_in(&rows, at, 1).day, (int16_t) bx_cell_int(&rows, at, 2),
                                                           (int16_t) bx_cell_int(&rows, at, 3) };
            }
        }
        if (l->pending != NULL && l->pending->roll_class == k->class_id) {
            /* in its place by day */
            for (at = k->nrolls++; at > 0 && k->rolls[at - 1].day > l->pending->roll.day; at--) {
                k->rolls[at] = k->rolls[at - 1];
                k->ids[at] = k->ids[at - 1];
            }
            k->rolls[at] = l->pending->roll;
            k->ids[at] = INT64_MAX;           /* being taken now */
        }
    }

    return BX_OK;
}

/* The class's rolls but those of the child's first day in it that were taken before it came: they say nothing of the child. */
static bx_rc
rolls_of_place(load *l, bx_ladder_place *p, const load_class *of, bx_id enrolment)
{
    bx_ladder_roll *mine = NULL;
    size_t          n = 0;

    for (size_t i = 0; i < of->nrolls; i++) {
        bool  before = of->rolls[i].day == p->from && of->ids[i] < enrolment;

        if (before && mine == NULL) {
            mine = bx_alloc(l->a, of->nrolls * sizeof(*mine));
            if (mine == NULL) {
                return out_of_memory(l);
            }
            memcpy(mine, of->rolls, i * sizeof(*mine));
            n = i;
        }
        if (!before && mine != NULL) {
            mine[n++] = of->rolls[i];
        }
    }
    if (mine != NULL) {
        p->rolls = mine;
        p->nrolls = n;
    }

    return BX_OK;
}

static bx_rc
add_place(load *l, bx_ladder_child *k, const bx_rows *rows, size_t i, const load_class *of)
{
    bx_ladder_place *places = (bx_ladder_place *) k->in.places;
    bx_ladder_place *p = &places[k->in.nplaces];
    const char      *ends = bx_cell_text(rows, i, 3);

    *p = (bx_ladder_place) { bx_date_parse(bx_cell_text(rows, i, 2)), ends == NULL ? FAR : bx_date_parse(ends), of->class_id, of->cal,
                             of->rolls, of->nrolls };

    /* at home with a teacher coming, suspended, or gone: not due since that was entered */
    if (ends == NULL && bx_cell_int(rows, i, 4) == 0) {
        p->to = bx_date_of(bx_time_parse_sql(bx_cell_text(rows, i, 5))) - 1;
    }
    if (k->in.nplaces > 0 && places[k->in.nplaces - 1].to >= p->from) {
        places[k->in.nplaces - 1].to = p->from - 1;
    }
    if (p->to >= p->from) {
        k->in.nplaces++;
    }

    return rolls_of_place(l, p, of, bx_cell_int(rows, i, 6));
}

static bx_rc
load_places(load *l)
{
    load_class  *classes, *of;
    size_t       n = 0, total;
    bx_rows      rows;

    if (query_children(l, &rows, "SELECT e.student_id, e.class_id, e.starts_on, e.ends_on,"
                       " s.status IN ('01', '05') AND s.placement <> 'home_delivery', s.updated_at, e.id FROM enrolment e JOIN student s ON s.id = e.student_id"
                       " WHERE e.student_id IN (", ") AND (e.ends_on IS NULL OR e.ends_on >= ?) ORDER BY e.student_id, e.starts_on, e.id",
                       BX_ARGS(bx_text(bx_date_text(l->a, l->from - 400)))) != BX_OK)
    {
        return BX_FAIL;
    }

    /* a class a child has left long ago is needed only for its calendar */
    total = rows.nrows < BX_ATTENDANCE_BATCH * 4 ? rows.nrows : BX_ATTENDANCE_BATCH * 4;
    classes = bx_alloc(l->a, (total + 1) * sizeof(*classes));
    if (classes == NULL) {
        return out_of_memory(l);
    }
    for (size_t i = 0; i < total; i++) {
        if (class_of(l, classes, &n, bx_cell_int(&rows, i, 1)) == NULL) {
            return BX_FAIL;
        }
    }
    if (load_rolls(l, classes, n) != BX_OK) {
        return BX_FAIL;
    }

    for (size_t i = 0; i < total; i++) {
        bx_ladder_child *k = child_of(l, bx_cell_int(&rows, i, 0));

        if (k->in.places == NULL && (k->in.places = bx_alloc(l->a, (total + 1) * sizeof(*k->in.places))) == NULL) {
            return out_of_memory(l);
        }
        of = class_of(l, classes, &n, bx_cell_int(&rows, i, 1));
        if (add_place(l, k, &rows, i, of) != BX_OK) {
            return BX_FAIL;
        }
    }

    return BX_OK;
}

/* ------------------------------------------------------------------ marks, leave */

/* Marks by day and time; those of the call itself are the newest of their day. */
static bx_rc
load_marks(load *l)
{
    bx_rows         rows;
    size_t          npending = l->pending == NULL ? 0 : l->pending->nmarks;
    bx_ladder_mark *m;

    if (query_children(l, &rows, "SELECT m.student_id, m.day, m.first_period, m.last_period, m.kind, m.minute, m.saved_at"
                       " FROM attendance_mark m WHERE m.student_id IN (", ") AND m.day >= ? ORDER BY m.student_id, m.day, m.id",
                       BX_ARGS(bx_text(bx_date_text(l->a, l->from)))) != BX_OK)
    {
        return BX_FAIL;
    }

    for (size_t i = 0; i < l->n; i++) {
        bx_ladder_child *k = &l->children[i];
        size_t           n = 0, at;

        m = bx_alloc(l->a, (rows.nrows + npending + 1) * sizeof(*m));
        if (m == NULL) {
            return out_of_memory(l);
        }
        for (size_t r = 0; r < rows.nrows; r++) {
            if (bx_cell_int(&rows, r, 0) == k->id) {
                m[n++] = (bx_ladder_mark) { slot_in(&rows, r, 1).day, (int16_t) bx_cell_int(&rows, r, 2), (int16_t) bx_cell_int(&rows, r, 3),
                                            (int16_t) bx_cell_int(&rows, r, 5), (bx_mark_kind) bx_cell_int(&rows, r, 4), time_in(&rows, r, 6) };
            }
        }
        for (size_t p = 0; p < npending; p++) {
            if (l->pending->marks[p].student != k->id) {
                continue;
            }
            for (at = n++; at > 0 && m[at - 1].day > l->pending->marks[p].mark.day; at--) {
                m[at] = m[at - 1];
            }
            m[at] = l->pending->marks[p].mark;
        }
        k->in.marks = m;
        k->in.nmarks = n;
    }

    return BX_OK;
}

static const char sql_leave[] =
    "SELECT q.student_id, q.starts_on, q.starts_period, q.ends_on, q.ends_period, q.state, q.back_on, q.back_period, q.submitted_at,"
    " q.id, q.updated_at, q.state IN ('rejected', 'cancelled') AND EXISTS (SELECT 1 FROM history h WHERE h.record = 'leave-requests'"
    " AND h.record_id = q.id AND h.from_state IN ('provisional', 'approved', 'away') AND h.to_state = 'rejected')"
    " FROM leave_request q USE INDEX (student) WHERE q.student_id IN (";

static bool
one_of(const char *s, const char *a, const char *b, const char *d)
{
    return strcmp(s, a) == 0 || strcmp(s, b) == 0 || strcmp(s, d) == 0;
}

/* Leave that was returned from ends before the first attended period. A slip that never came changes figures only. */
static void
add_leave(bx_ladder_child *k, bx_ladder_leave *leave, const bx_rows *rows, size_t i)
{
    const char *state = bx_cell_text(rows, i, 5);
    bx_span     span = { slot_in(rows, i, 1), slot_in(rows, i, 3) };
    bx_slot     back;

    if (one_of(state, "rejected", "cancelled", "cancelled")) {
        if (bx_cell_int(rows, i, 11) != 0) {
            leave[k->in.nleave++] = (bx_ladder_leave) { span, time_in(rows, i, 10) };
        }
        return;
    }
    if (strcmp(state, "submitted") == 0) {
        return;
    }

    if (one_of(state, "returned", "awaiting_paper", "no_paper") && bx_cell_text(rows, i, 6) != NULL) {
        back = slot_in(rows, i, 6);
        if (back.day < span.to.day || (back.day == span.to.day && back.period <= span.to.period)) {
            span.to = back.period > 1 ? (bx_slot) { back.day, back.period - 1 } : (bx_slot) { back.day - 1, BX_MAX_PERIODS };
        }
    }
    if (span.to.day > span.from.day || (span.to.day == span.from.day && span.to.period >= span.from.period)) {
        leave[k->in.nleave++] = (bx_ladder_leave) { span, BX_NO_TIME };
    }
}

static bx_rc
load_leave(load *l)
{
    bx_rows  rows;

    if (query_children(l, &rows, sql_leave, ") AND q.ends_on >= ? AND q.state <> 'draft' ORDER BY q.student_id, q.starts_on",
                       BX_ARGS(bx_text(bx_date_text(l->a, l->from)))) != BX_OK)
    {
        return BX_FAIL;
    }

    for (size_t i = 0; i < rows.nrows; i++) {
        bx_ladder_child *k = child_of(l, bx_cell_int(&rows, i, 0));
        const char      *state = bx_cell_text(&rows, i, 5);

        if (k->in.leave == NULL) {
            k->in.leave = bx_alloc(l->a, rows.nrows * sizeof(*k->in.leave));
            k->proofs = bx_alloc(l->a, rows.nrows * sizeof(*k->proofs));
            if (k->in.leave == NULL || k->proofs == NULL) {
                return out_of_memory(l);
            }
        }
        add_leave(k, (bx_ladder_leave *) k->in.leave, &rows, i);

        /* whoever asked for leave has told us why, whatever became of it */
        if (strcmp(state, "cancelled") != 0 && time_in(&rows, i, 8) != BX_NO_TIME) {
            k->proofs[k->nproofs++] = (bx_ladder_proof) { .kind = BX_PROOF_REQUEST, .at = time_in(&rows, i, 8), .id = bx_cell_int(&rows, i, 9),
                                                          .span = { slot_in(&rows, i, 1), slot_in(&rows, i, 3) } };
        }
    }

    return BX_OK;
}

/* ------------------------------------------------------------------ records and rungs */

static bx_rc
load_proofs(load *l)
{
    bx_rows     rows;
    bx_value    since = bx_text(bx_date_text(l->a, l->from));
    size_t      extra = l->pending == NULL ? 0 : l->pending->nproofs;
    bx_value    args[4 * (BX_ATTENDANCE_BATCH + 1)];
    size_t      nargs = 0;
    bx_buf      sql;
    bx_id       ids[BX_ATTENDANCE_BATCH];

    for (size_t i = 0; i < l->n; i++) {
        ids[i] = l->children[i].id;
    }
    bx_buf_init(&sql, l->a);
    bx_buf_printf(&sql, "SELECT x.student_id, %d, x.at, 0, 1, x.id FROM contact x WHERE x.reached = 1 AND x.student_id IN (", BX_PROOF_CONTACT);
    bx_ids_in(&sql, args, &nargs, ids, l->n);
    args[nargs++] = since;
    bx_buf_printf(&sql, ") AND x.at >= ? UNION ALL SELECT x.student_id, %d, x.sent_at, 0, 1, x.id FROM absence_report x WHERE x.student_id IN (",
                  BX_PROOF_REPORT);
    bx_ids_in(&sql, args, &nargs, ids, l->n);
    args[nargs++] = since;
    bx_buf_printf(&sql, ") AND x.sent_at >= ? UNION ALL SELECT x.student_id, %d, x.at,"
                  " ((x.with_teacher OR x.with_subject) * 1 + x.with_middle * 2 + x.with_leader * 4), x.way = 'in_person', x.id"
                  " FROM home_visit x WHERE x.student_id IN (", BX_PROOF_VISIT);
    bx_ids_in(&sql, args, &nargs, ids, l->n);
    args[nargs++] = since;
    bx_buf_printf(&sql, ") AND x.at >= ? UNION ALL SELECT x.student_id, %d, d.done_at, 0, 1, x.id FROM dropout_case x"
                  " JOIN dropout_step d ON d.case_id = x.id AND d.step = 'form' AND d.state = 'done' WHERE x.student_id IN (", BX_PROOF_FORM);
    bx_ids_in(&sql, args, &nargs, ids, l->n);
    args[nargs++] = since;
    bx_buf_str(&sql, ") AND d.done_at >= ?");
    if (bx_query(l->c, &rows, sql.data, args, nargs) != BX_OK) {
        return BX_FAIL;
    }

    for (size_t i = 0; i < l->n; i++) {
        bx_ladder_child *k = &l->children[i];
        bx_ladder_proof *all = bx_alloc(l->a, (k->nproofs + rows.nrows + extra + 1) * sizeof(*all));

        if (all == NULL) {
            return out_of_memory(l);
        }
        if (k->nproofs > 0) {
            memcpy(all, k->proofs, k->nproofs * sizeof(*all));
        }
        k->proofs = all;
        for (size_t r = 0; r < rows.nrows; r++) {
            if (bx_cell_int(&rows, r, 0) == k->id) {
                all[k->nproofs++] = (bx_ladder_proof) { .kind = (bx_proof_kind) bx_cell_int(&rows, r, 1), .at = time_in(&rows, r, 2),
                                                        .roles = (unsigned) bx_cell_int(&rows, r, 3),
                                                        .in_person = bx_cell_int(&rows, r, 4) != 0, .id = bx_cell_int(&rows, r, 5) };
            }
        }
        for (size_t p = 0; p < extra; p++) {
            if (l->pending->proofs[p].student == k->id) {
                all[k->nproofs++] = l->pending->proofs[p].proof;
            }
        }
    }

    return BX_OK;
}

static bx_rung_state
rung_state(const char *s)
{
    return strcmp(s, "open") == 0 ? BX_RUNG_OPEN : strcmp(s, "done") == 0 ? BX_RUNG_DONE : BX_RUNG_WITHDRAWN;
}

static bx_rc
load_rungs(load *l)
{
    bx_rows  rows;

    if (query_children(l, &rows, "SELECT r.student_id, g.run_id, g.step, g.turn, g.state, g.trigger_at, g.nominal_at, g.working_at"
                       " FROM absence_run r JOIN absence_rung g ON g.run_id = r.id WHERE r.student_id IN (",
                       ") AND r.last_on >= ? AND r.state <> 'void' ORDER BY r.student_id, r.first_on, g.step, g.turn",
                       BX_ARGS(bx_text(bx_date_text(l->a, l->from)))) != BX_OK)
    {
        return BX_FAIL;
    }

    for (size_t i = 0; i < rows.nrows; i++) {
        bx_ladder_child *k = child_of(l, bx_cell_int(&rows, i, 0));

        if (k->rungs == NULL && (k->rungs = bx_alloc(l->a, rows.nrows * sizeof(*k->rungs))) == NULL) {
            return out_of_memory(l);
        }
        for (size_t b = 0; b < k->nbefore; b++) {
            if (k->before[b].id == bx_cell_int(&rows, i, 1)) {
                k->rungs[k->nrungs++] = (bx_rung_before) { b, (bx_step) bx_cell_int(&rows, i, 2), (int) bx_cell_int(&rows, i, 3),
                                                           rung_state(bx_cell_text(&rows, i, 4)), time_in(&rows, i, 5),
                                                           time_in(&rows, i, 6), time_in(&rows, i, 7) };
            }
        }
    }

    return BX_OK;
}

/* ------------------------------------------------------------------ rules */

bx_rc
bx_ladder_rules_of(bx_call *c, bx_id class_id, bx_ladder_rules *out)
{
    int64_t  half = 1;

    *out = bx_ladder_defaults;

    const struct { const char *key; int *to; }  all[] = {
        { "ladder.contact_by", &out->contact_by }, { "ladder.periods", &out->periods },
        { "ladder.periods_window", &out->periods_window }, { "ladder.report_hours", &out->report_hours },
        { "ladder.visit_day", &out->visit_day }, { "ladder.middle_day", &out->middle_day },
        { "ladder.leader_day", &out->leader_day }, { "ladder.week_days", &out->week_days },
        { "dropout.open_days", &out->open_days }, { "ladder.visit_due_days", &out->visit_due_days },
        { "ladder.visit_cap_days", &out->visit_cap_days }, { "dropout.form_days", &out->form_days },
        { "task.late_entry_days", &out->late_entry_days },
    };

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        int64_t  v;

        if (bx_rule_find(all[i].key) == NULL) {
            continue;                         /* of a workflow that is off: its default holds */
        }
        if (bx_rule_int(c, all[i].key, class_id, &v) != BX_OK) {
            return BX_FAIL;
        }
        *all[i].to = (int) v;
    }

    if (bx_rule_int(c, "ladder.half_day", class_id, &half) != BX_OK) {
        return BX_FAIL;
    }
    out->half_day = half != 0;
    return BX_OK;
}

bx_rc
bx_attendance_load(bx_call *c, const bx_id *students, size_t n, bx_date since, const bx_pending *pending, bx_ladder_child **out,
                   size_t *nout)
{
    load              l = { .c = c, .a = bx_call_arena(c), .pending = pending };
    bx_ladder_rules  *rules;

    if (load_students(&l, students, n) != BX_OK || load_runs(&l, since) != BX_OK || load_places(&l) != BX_OK
        || load_marks(&l) != BX_OK || bx_no_show_marks(c, l.children, l.n, l.from) != BX_OK || load_leave(&l) != BX_OK || load_proofs(&l) != BX_OK || load_rungs(&l) != BX_OK)
    {
        return BX_FAIL;
    }

    for (size_t i = 0; i < n; i++) {
        rules = bx_alloc(l.a, sizeof(*rules));
        if (rules == NULL) {
            return out_of_memory(&l);
        }
        if (bx_ladder_rules_of(c, l.children[i].class_id, rules) != BX_OK) {
            return BX_FAIL;
        }
        l.children[i].in.rules = rules;
        l.children[i].in.from = l.from;
        l.children[i].in.now = bx_call_now(c);
    }

    *out = l.children;
    *nout = n;
    return BX_OK;
}
