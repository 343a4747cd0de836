/*
 * attendance_sheet.c: a roll as it is read: the class, its day and session, its children with what is marked, their leave and their
 * open runs; and the sheet that the page shows. Does not write: attendance_roll.c.
 */

#include "plugins/attendance_roll.h"

#include <inttypes.h>
#include <string.h>

/* ------------------------------------------------------------------ the class, the day, the session */

static const char sql_class[] =
    "SELECT u.id, u.parent_id, u.school_id, u.township_id, s.parent_id, u.stage, u.entry_year, u.class_no, u.name, s.name"
    " FROM org_unit u JOIN org_unit s ON s.id = u.school_id WHERE u.id = ? AND u.level = 'class'";

/* The class asked for, or the only one the caller has. */
bx_id
bx_roll_own_class(const bx_call *c)
{
    bx_id  only = 0;

    for (unsigned i = 0; c->who != NULL && i < c->who->ngrants; i++) {
        if (c->who->grants[i].level == BX_LEVEL_CLASS && c->who->grants[i].unit != only) {
            if (only != 0) {
                return 0;
            }
            only = c->who->grants[i].unit;
        }
    }

    return only;
}

bx_rc
bx_roll_load_class(bx_roll *r, bx_id class_id, const char *capability)
{
    if (class_id == 0) {
        return bx_refuse(r->c, BX_E_INVALID, "class_id", "required", NULL);
    }
    if (bx_query(r->c, &r->unit, sql_class, BX_ARGS(bx_int(class_id))) != BX_OK) {
        return BX_FAIL;
    }
    if (r->unit.nrows == 0) {
        return bx_refuse(r->c, BX_E_NOT_FOUND, NULL, NULL, NULL);
    }

    r->scope = (bx_row_scope) { .class_id = class_id, .grade = bx_cell_int(&r->unit, 0, 1), .school = bx_cell_int(&r->unit, 0, 2),
                                .township = bx_cell_int(&r->unit, 0, 3), .central = bx_cell_int(&r->unit, 0, 4), .unit = class_id };
    if (bx_scope_allows(r->c, capability, &r->scope)) {
        return BX_OK;
    }

    /* whoever may look may know that it is there */
    return bx_refuse(r->c, bx_scope_allows(r->c, "attendance.read", &r->scope) ? BX_E_FORBIDDEN : BX_E_NOT_FOUND, NULL, NULL, NULL);
}

static const char *
class_label(const bx_roll *r)
{
    const char *stage = bx_cell_text(&r->unit, 0, 5);

    if (stage == NULL) {
        return bx_cell_text(&r->unit, 0, 8);
    }

    return bx_class_label(r->a, bx_call_lang(r->c), stage, (int) bx_cell_int(&r->unit, 0, 6), (int) bx_cell_int(&r->unit, 0, 7), r->day);
}

bx_rc
bx_roll_load_day(bx_roll *r, const char *day)
{
    r->today = bx_date_of(bx_call_now(r->c));
    r->day = day == NULL ? r->today : strlen(day) == 10 ? bx_date_parse(day) : BX_NO_DATE;

    if (r->day == BX_NO_DATE) {
        return bx_refuse(r->c, BX_E_INVALID, "day", "not_date", NULL);
    }
    if (r->day < r->today - 400 || r->day > r->today + 400) {
        return bx_refuse(r->c, BX_E_INVALID, "day", "attendance.no_school", NULL);
    }
    if (bx_calendar_load(r->c, r->scope.class_id, r->day < r->today ? r->day : r->today, r->today, &r->cal) != BX_OK
        || bx_rule_text(r->c, "roll.mode", r->scope.class_id, &r->mode) != BX_OK)
    {
        return BX_FAIL;
    }

    r->bells = bx_calendar_bells(r->cal, r->day);
    r->nsessions = r->bells == NULL ? 0 : bx_sessions_of(r->bells, r->mode, r->sessions);
    return BX_OK;
}

/* The session asked for; without a word about it the last one whose roll may be taken by now. */
bx_rc
bx_roll_choose_session(bx_roll *r, const char *text)
{
    int  session;

    if (r->nsessions == 0) {
        return bx_refuse(r->c, BX_E_INVALID, "day", "attendance.no_school", NULL);
    }
    if (text != NULL && !bx_session_parse(text, &session)) {
        return bx_refuse(r->c, BX_E_INVALID, "session", "attendance.no_session", NULL);
    }

    r->span = r->sessions[0];
    for (int i = 0; i < r->nsessions; i++) {
        if (text != NULL && r->sessions[i].session == session) {
            r->span = r->sessions[i];
            return BX_OK;
        }
        if (text == NULL
            && bx_call_now(r->c) >= bx_time_at(r->day, r->bells->begins[r->sessions[i].first - 1] - BX_ROLL_EARLY))
        {
            r->span = r->sessions[i];
        }
    }

    return text == NULL ? BX_OK : bx_refuse(r->c, BX_E_INVALID, "session", "attendance.no_session", NULL);
}

/* ------------------------------------------------------------------ children, leave, marks, runs */

static const char sql_children[] =
    "SELECT s.id, s.name, s.seat_no FROM enrolment e JOIN student s ON s.id = e.student_id"
    " WHERE e.class_id = ? AND e.starts_on <= ? AND (e.ends_on IS NULL OR e.ends_on >= ?) AND s.status IN ('01', '05')"
    " AND s.placement <> 'home_delivery' ORDER BY s.seat_no IS NULL, s.seat_no, s.id LIMIT 200";

bx_roll_child *
bx_roll_child_of(bx_roll *r, bx_id id)
{
    for (size_t i = 0; i < r->n; i++) {
        if (r->children[i].id == id) {
            return &r->children[i];
        }
    }

    return NULL;
}

static bx_rc
load_children(bx_roll *r)
{
    const char *day = bx_date_text(r->a, r->day);
    bx_rows     rows;

    if (bx_query(r->c, &rows, sql_children, BX_ARGS(bx_int(r->scope.class_id), bx_text(day), bx_text(day))) != BX_OK) {
        return BX_FAIL;
    }

    for (size_t i = 0; i < rows.nrows; i++) {
        if (bx_roll_child_of(r, bx_cell_int(&rows, i, 0)) == NULL) {
            r->children[r->n++] = (bx_roll_child) { .id = bx_cell_int(&rows, i, 0), .name = bx_cell_text(&rows, i, 1),
                                            .seat = (int) bx_cell_int(&rows, i, 2), .now = { .minute = -1 }, .run_since = BX_NO_DATE };
        }
    }

    return BX_OK;
}

/* STRAIGHT_JOIN: from the class to its children to their few leaves of these days. */
static const char sql_leave[] =
    "SELECT STRAIGHT_JOIN q.student_id, q.id, q.state, q.kind, q.starts_on, q.starts_period, q.ends_on, q.ends_period, q.back_on,"
    " q.back_period FROM enrolment e JOIN leave_request q USE INDEX (student) ON q.student_id = e.student_id AND q.ends_on >= ?"
    " AND q.starts_on <= ?"
    " AND q.state IN ('submitted', 'provisional', 'approved', 'away', 'overdue', 'awaiting_paper', 'returned', 'no_paper')"
    " WHERE e.class_id = ? AND e.starts_on <= ? AND (e.ends_on IS NULL OR e.ends_on >= ?)"
    " ORDER BY q.state = 'submitted' DESC, q.id";

static int
slot_number(bx_date day, int period)
{
    return (int) day * 32 + period;
}

static bx_rc
load_leave(bx_roll *r)
{
    const char *day = bx_date_text(r->a, r->day);
    bx_rows     rows;

    if (bx_query(r->c, &rows, sql_leave, BX_ARGS(bx_text(day), bx_text(day), bx_int(r->scope.class_id), bx_text(day), bx_text(day))) != BX_OK) {
        return BX_FAIL;
    }

    for (size_t i = 0; i < rows.nrows; i++) {
        bx_roll_child      *k = bx_roll_child_of(r, bx_cell_int(&rows, i, 0));
        const char *state = bx_cell_text(&rows, i, 2);
        int         from = slot_number(bx_date_parse(bx_cell_text(&rows, i, 4)), (int) bx_cell_int(&rows, i, 5));
        int         to = slot_number(bx_date_parse(bx_cell_text(&rows, i, 6)), (int) bx_cell_int(&rows, i, 7));
        int         first = slot_number(r->day, r->span.first), last = slot_number(r->day, r->span.last);

        if ((strcmp(state, "returned") == 0 || strcmp(state, "awaiting_paper") == 0 || strcmp(state, "no_paper") == 0)
            && bx_cell_text(&rows, i, 8) != NULL)
        {
            int  back = slot_number(bx_date_parse(bx_cell_text(&rows, i, 8)), (int) bx_cell_int(&rows, i, 9)) - 1;

            to = back < to ? back : to;
        }
        from = from > first ? from : first;
        to = to < last ? to : last;
        if (k != NULL && from <= to) {
            k->leave = (bx_roll_leave) { bx_cell_int(&rows, i, 1), state, bx_cell_text(&rows, i, 3), from - slot_number(r->day, 0),
                                 to - slot_number(r->day, 0) };
        }
    }

    return BX_OK;
}

bool
bx_roll_excuses(const bx_roll_leave *l)
{
    return l->id != 0 && strcmp(l->state, "submitted") != 0;
}

static bx_rc
load_roll(bx_roll *r)
{
    bx_rows  rows;

    if (bx_query(r->c, &rows, "SELECT r.id, r.version, r.saved_at, r.late_entry, a.name FROM roll_call r JOIN account a ON a.id = r.saved_by"
                 " WHERE r.class_id = ? AND r.day = ? AND r.session = ?",
                 BX_ARGS(bx_int(r->scope.class_id), bx_text(bx_date_text(r->a, r->day)), bx_int(r->span.session))) != BX_OK)
    {
        return BX_FAIL;
    }
    if (rows.nrows == 0) {
        return BX_OK;
    }

    r->id = bx_cell_int(&rows, 0, 0);
    r->version = bx_cell_int(&rows, 0, 1);
    r->saved_at = bx_time_parse_sql(bx_cell_text(&rows, 0, 2));
    r->late_entry = bx_cell_int(&rows, 0, 3) != 0;
    r->saved_by = bx_cell_text(&rows, 0, 4);

    if (bx_query(r->c, &rows, "SELECT m.student_id, m.id, m.kind, m.minute, m.first_period, m.last_period, m.reason, m.note, a.name, m.saved_at,"
                 " m.supersedes FROM attendance_mark m JOIN account a ON a.id = m.saved_by"
                 " WHERE m.class_id = ? AND m.day = ? AND m.roll_id = ? ORDER BY m.id",
                 BX_ARGS(bx_int(r->scope.class_id), bx_text(bx_date_text(r->a, r->day)), bx_int(r->id))) != BX_OK)
    {
        return BX_FAIL;
    }

    for (size_t i = 0; i < rows.nrows; i++) {
        bx_roll_child *k = bx_roll_child_of(r, bx_cell_int(&rows, i, 0));

        if (k == NULL) {
            continue;
        }
        k->before = k->now;
        k->now = (bx_roll_mark) { bx_cell_int(&rows, i, 1), (int) bx_cell_int(&rows, i, 2),
                          bx_cell(&rows, i, 3)->kind == BX_V_NULL ? -1 : (int) bx_cell_int(&rows, i, 3), (int) bx_cell_int(&rows, i, 4),
                          (int) bx_cell_int(&rows, i, 5), bx_cell_text(&rows, i, 6), bx_cell_text(&rows, i, 7), bx_cell_text(&rows, i, 8),
                          bx_time_parse_sql(bx_cell_text(&rows, i, 9)), bx_cell_int(&rows, i, 10) };
    }

    return BX_OK;
}

/* Runs that are open, or that reach past this day: what the roll says may end them. */
static bx_rc
load_runs(bx_roll *r)
{
    bx_rows  rows;

    if (bx_query(r->c, &rows, "SELECT x.student_id, x.state, x.days, x.first_on FROM absence_run x"
                 " WHERE x.class_id = ? AND x.state IN ('open', 'ended') AND x.last_on >= ? ORDER BY x.id",
                 BX_ARGS(bx_int(r->scope.class_id), bx_text(bx_date_text(r->a, r->day - 1)))) != BX_OK)
    {
        return BX_FAIL;
    }

    for (size_t i = 0; i < rows.nrows; i++) {
        bx_roll_child *k = bx_roll_child_of(r, bx_cell_int(&rows, i, 0));

        if (k != NULL && strcmp(bx_cell_text(&rows, i, 1), "open") == 0) {
            k->run_days = (int) bx_cell_int(&rows, i, 2);
            k->run_since = bx_date_parse(bx_cell_text(&rows, i, 3));
        }
        if (k != NULL && r->nothers < BX_ROLL_MAX) {
            r->others[r->nothers++] = k->id;
        }
    }

    return BX_OK;
}

/* Children who did not come at the start of the term: the page marks them absent until somebody says otherwise. */
static bx_rc
load_no_shows(bx_roll *r)
{
    bx_rows  rows;

    if (bx_query(r->c, &rows, "SELECT n.student_id FROM no_show n WHERE n.class_id = ? AND n.state = 'missing' ORDER BY n.id", BX_ARGS(bx_int(r->scope.class_id)))
        != BX_OK)
    {
        return BX_FAIL;
    }
    for (size_t i = 0; i < rows.nrows; i++) {
        bx_roll_child *k = bx_roll_child_of(r, bx_cell_int(&rows, i, 0));

        if (k != NULL) {
            k->no_show = true;
        }
    }

    return BX_OK;
}

bx_rc
bx_roll_load_all(bx_roll *r)
{
    return load_children(r) == BX_OK && load_no_shows(r) == BX_OK && load_leave(r) == BX_OK && load_roll(r) == BX_OK && load_runs(r) == BX_OK ? BX_OK : BX_FAIL;
}

/* ------------------------------------------------------------------ as JSON */

static json_t *
mark_json(bx_roll *r, const bx_roll_mark *m)
{
    if (m->id == 0) {
        return json_null();
    }

    return json_pack("{s:o, s:s, s:o, s:s?, s:s?, s:s?, s:s, s:o}", "id", bx_id_json(m->id), "kind", bx_mark_kind_name(m->kind),
                     "clock", bx_clock_json(m->minute), "reason", m->reason, "note", m->note, "by", m->by, "at", bx_time_iso(r->a, m->at),
                     "supersedes", bx_id_json(m->supersedes));
}

static bool
was_there(const bx_roll_mark *m)
{
    return m->id == 0 || m->kind == BX_MARK_PRESENT || m->kind == BX_MARK_LATE || m->kind == BX_MARK_LEFT_EARLY;
}

static json_t *
child_json(bx_roll *r, const bx_roll_child *k)
{
    json_t *l = k->leave.id == 0 ? json_null() : json_pack("{s:o, s:s, s:s, s:b, s:i, s:i}", "id", bx_id_json(k->leave.id),
        "state", k->leave.state, "kind", k->leave.kind, "excuses", bx_roll_excuses(&k->leave), "first", k->leave.first, "last", k->leave.last);
    json_t *run = k->run_since == BX_NO_DATE ? json_null() : json_pack("{s:s, s:i}", "since", bx_date_text(r->a, k->run_since),
                                                                       "days", k->run_days);

    return json_pack("{s:o, s:s, s:o, s:o, s:o, s:o, s:b, s:b, s:o}", "id", bx_id_json(k->id), "name", k->name,
        "seat_no", k->seat == 0 ? json_null() : json_integer(k->seat), "mark", mark_json(r, &k->now),
        "was", k->now.supersedes == 0 ? json_null() : mark_json(r, &k->before), "leave", l,
        "present_on_leave", r->id != 0 && bx_roll_excuses(&k->leave) && was_there(&k->now), "no_show", k->no_show, "run", run);
}

static json_t *
sessions_json(bx_roll *r)
{
    json_t *list = json_array();

    for (int i = 0; i < r->nsessions; i++) {
        const bx_session_span *s = &r->sessions[i];

        json_array_append_new(list, json_pack("{s:s, s:i, s:i, s:o, s:o}", "session", bx_session_text(r->a, s->session), "first", s->first,
            "last", s->last, "begins", bx_clock_json(r->bells->begins[s->first - 1]), "ends", bx_clock_json(r->bells->ends[s->last - 1])));
    }

    return list;
}

bx_rc
bx_roll_answer(bx_roll *r, int status)
{
    int64_t  minutes;
    json_t  *list = json_array(), *taken, *o;
    bool     may;

    if (bx_rule_int(r->c, "roll.due_minutes", r->scope.class_id, &minutes) != BX_OK) {
        return BX_FAIL;
    }
    for (size_t i = 0; i < r->n; i++) {
        json_array_append_new(list, child_json(r, &r->children[i]));
    }

    taken = r->id == 0 ? json_null() : json_pack("{s:o, s:I, s:s, s:s, s:b}", "id", bx_id_json(r->id), "version", (json_int_t) r->version,
        "at", bx_time_iso(r->a, r->saved_at), "by", r->saved_by, "late_entry", r->late_entry);
    may = bx_scope_allows(r->c, r->id != 0 && r->day < r->today ? "attendance.correct" : "attendance.take", &r->scope);
    o = json_pack("{s:o, s:s, s:s, s:s, s:s, s:s, s:o, s:s, s:b, s:o, s:o, s:o}", "class_id", bx_id_json(r->scope.class_id),
        "class_name", class_label(r), "school_name", bx_cell_text(&r->unit, 0, 9), "day", bx_date_text(r->a, r->day), "mode", r->mode,
        "session", bx_session_text(r->a, r->span.session), "begins", bx_clock_json(r->bells->begins[r->span.first - 1]),
        "due_at", bx_time_iso(r->a, bx_time_at(r->day, r->bells->begins[r->span.first - 1]) + minutes * 60), "may_save", may,
        "sessions", sessions_json(r), "taken", taken, "students", list);

    bx_own(r->a, o);
    if (r->id != 0) {
        bx_answer_header(r->c, "ETag", bx_sprintf(r->a, "\"%" PRId64 "\"", r->version));
    }
    return bx_answer(r->c, status, json_incref(o));
}

bx_rc
bx_roll_sheet(bx_call *c)
{
    bx_roll        *r = bx_alloc(bx_call_arena(c), sizeof(*r));
    const char  *asked = bx_call_query_arg(c, "class_id");
    json_t      *o;

    if (r == NULL) {
        return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
    }
    r->c = c;
    r->a = bx_call_arena(c);

    if (bx_roll_load_class(r, asked != NULL ? bx_id_parse(asked) : bx_roll_own_class(c), "attendance.read") != BX_OK
        || bx_roll_load_day(r, bx_call_query_arg(c, "day")) != BX_OK)
    {
        return BX_FAIL;
    }
    if (r->nsessions == 0) {
        /* no school: the page says so, and when there is again */
        bx_slot  next;

        o = json_pack("{s:o, s:s, s:s, s:s, s:s, s:[], s:o, s:n, s:[]}", "class_id", bx_id_json(r->scope.class_id), "class_name", class_label(r),
            "school_name", bx_cell_text(&r->unit, 0, 9), "day", bx_date_text(r->a, r->day), "mode", r->mode, "sessions",
            "next", bx_next_slot(r->cal, (bx_slot) { r->day, BX_MAX_PERIODS }, &next) ? json_string(bx_date_text(r->a, next.day)) : json_null(),
            "taken", "students");
        return bx_answer(c, 200, o);
    }
    if (bx_roll_choose_session(r, bx_call_query_arg(c, "session")) != BX_OK || bx_roll_load_all(r) != BX_OK) {
        return BX_FAIL;
    }

    return bx_roll_answer(r, 200);
}

/* ------------------------------------------------------------------ GET roll-calls/{id} */

bx_rc
bx_roll_find(bx_roll *r, const char *capability)
{
    bx_rows  rows;

    if (bx_query(r->c, &rows, "SELECT r.class_id, r.day, r.session, r.first_period, r.last_period FROM roll_call r WHERE r.id = ?",
                 BX_ARGS(bx_int(bx_call_path_id(r->c)))) != BX_OK)
    {
        return BX_FAIL;
    }
    if (rows.nrows == 0) {
        return bx_refuse(r->c, BX_E_NOT_FOUND, NULL, NULL, NULL);
    }
    if (bx_roll_load_class(r, bx_cell_int(&rows, 0, 0), capability) != BX_OK || bx_roll_load_day(r, bx_cell_text(&rows, 0, 1)) != BX_OK) {
        return BX_FAIL;
    }

    /* as it was taken, whatever roll.mode says today */
    r->span = (bx_session_span) { (int) bx_cell_int(&rows, 0, 2), (int) bx_cell_int(&rows, 0, 3), (int) bx_cell_int(&rows, 0, 4) };
    if (r->bells == NULL || r->bells->am + r->bells->pm < r->span.last) {
        return bx_refuse(r->c, BX_E_WRONG_STATE, NULL, NULL, NULL);
    }

    return bx_roll_load_all(r);
}

bx_rc
bx_roll_read(bx_call *c)
{
    bx_roll  *r = bx_alloc(bx_call_arena(c), sizeof(*r));

    if (r == NULL) {
        return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
    }
    r->c = c;
    r->a = bx_call_arena(c);
    return bx_roll_find(r, "attendance.read") == BX_OK ? bx_roll_answer(r, 200) : BX_FAIL;
}
