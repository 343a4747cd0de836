/*
 * attendance_roll.c: the roll of a class: its sheet, taking it, correcting it. A roll says that all were there but those it
 * names; what is stored are the roll and the exceptions, and a correction adds a mark and keeps the old one. Owns roll_call and
 * attendance_mark. Does not own what follows from a mark: attendance_ladder.c.
 */

#include "flow/flow.h"
#include "plugins/attendance.h"

#include <inttypes.h>
#include <string.h>

#define MAX_CHILDREN   200
#define EARLY_MINUTES  60                     /* before the first bell of the session */
#define MARK_ARGS      14

static const char *const  kind_names[] = { "present", "late", "left_early", "absent", "leave", "sent", NULL };

typedef struct {
    bx_id        id;                          /* 0: none; the child was there, as the roll says */
    int          kind, minute;                /* minute -1: none */
    int          first, last;
    const char  *reason, *note, *by;
    bx_time      at;
    bx_id        supersedes;
} mark;

typedef struct { bx_id id; const char *state, *kind; int first, last; } leave;   /* the periods of the session it covers */

typedef struct {
    bx_id        id;
    const char  *name;
    int          seat;                        /* 0: none */
    mark         now;                         /* what counts of this session */
    mark         before;                      /* what it corrects */
    leave        leave;                       /* id 0: none */
    int          run_days;
    bx_date      run_since;
    bool         named;                       /* by the body */
    mark         wanted;
} child;

/* A roll being looked at, taken or corrected. */
typedef struct {
    bx_call            *c;
    bx_arena           *a;
    bx_row_scope        scope;
    bx_rows             unit;
    bx_date             day, today;
    const bx_calendar  *cal;
    const bx_bells     *bells;
    const char         *mode;
    bx_session_span     sessions[BX_MAX_PERIODS], span;
    int                 nsessions;
    bx_id               id;                   /* 0: not taken yet */
    int64_t             version;
    bx_time             saved_at;
    const char         *saved_by;
    bool                late_entry, fresh;    /* fresh: being taken now */
    child               children[MAX_CHILDREN];
    size_t              n;
    bx_id               others[MAX_CHILDREN]; /* further children whose ladder hangs on this roll */
    size_t              nothers;
} roll;

/* ------------------------------------------------------------------ names */

const char *
bx_mark_kind_name(int kind)
{
    return kind >= 0 && kind < 6 ? kind_names[kind] : NULL;
}

int
bx_mark_kind_parse(const char *name)
{
    for (int i = 0; name != NULL && kind_names[i] != NULL; i++) {
        if (strcmp(name, kind_names[i]) == 0) {
            return i;
        }
    }

    return -1;
}

int
bx_sessions_of(const bx_bells *b, const char *mode, bx_session_span out[BX_MAX_PERIODS])
{
    int  n = 0, periods = b->am + b->pm;

    if (strcmp(mode, "day") == 0) {
        out[n++] = (bx_session_span) { BX_SESSION_DAY, 1, periods };

    } else if (strcmp(mode, "period") == 0) {
        for (int p = 1; p <= periods; p++) {
            out[n++] = (bx_session_span) { BX_SESSION_PERIOD + p, p, p };
        }

    } else {
        if (b->am > 0) {
            out[n++] = (bx_session_span) { BX_SESSION_AM, 1, b->am };
        }
        if (b->pm > 0) {
            out[n++] = (bx_session_span) { BX_SESSION_PM, b->am + 1, periods };
        }
    }

    return n;
}

const char *
bx_session_text(bx_arena *a, int session)
{
    static const char *const  names[] = { "day", "am", "pm" };

    return session >= 0 && session <= BX_SESSION_PM ? names[session] : bx_sprintf(a, "p%d", session - BX_SESSION_PERIOD);
}

bool
bx_session_parse(const char *text, int *session)
{
    static const char *const  names[] = { "day", "am", "pm" };
    int                       n = 0;

    for (int i = 0; text != NULL && i < 3; i++) {
        if (strcmp(text, names[i]) == 0) {
            *session = i;
            return true;
        }
    }
    if (text == NULL || text[0] != 'p') {
        return false;
    }
    for (const char *p = text + 1; *p >= '0' && *p <= '9' && n < 100; p++) {
        n = n * 10 + (*p - '0');
    }

    *session = BX_SESSION_PERIOD + n;
    return n >= 1 && n <= BX_MAX_PERIODS && strlen(text) == (n > 9 ? 3u : 2u);
}

/* ------------------------------------------------------------------ the class, the day, the session */

static const char sql_class[] =
    "SELECT u.id, u.parent_id, u.school_id, u.township_id, s.parent_id, u.stage, u.entry_year, u.class_no, u.name, s.name"
    " FROM org_unit u JOIN org_unit s ON s.id = u.school_id WHERE u.id = ? AND u.level = 'class'";

/* The class asked for, or the only one the caller has. */
static bx_id
own_class(const bx_call *c)
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

static bx_rc
load_class(roll *r, bx_id class_id, const char *capability)
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
class_label(const roll *r)
{
    const char *stage = bx_cell_text(&r->unit, 0, 5);

    if (stage == NULL) {
        return bx_cell_text(&r->unit, 0, 8);
    }

    return bx_class_label(r->a, bx_call_lang(r->c), stage, (int) bx_cell_int(&r->unit, 0, 6), (int) bx_cell_int(&r->unit, 0, 7), r->day);
}

static bx_rc
load_day(roll *r, const char *day)
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
static bx_rc
choose_session(roll *r, const char *text)
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
            && bx_call_now(r->c) >= bx_time_at(r->day, r->bells->begins[r->sessions[i].first - 1] - EARLY_MINUTES))
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

static child *
child_of(roll *r, bx_id id)
{
    for (size_t i = 0; i < r->n; i++) {
        if (r->children[i].id == id) {
            return &r->children[i];
        }
    }

    return NULL;
}

static bx_rc
load_children(roll *r)
{
    const char *day = bx_date_text(r->a, r->day);
    bx_rows     rows;

    if (bx_query(r->c, &rows, sql_children, BX_ARGS(bx_int(r->scope.class_id), bx_text(day), bx_text(day))) != BX_OK) {
        return BX_FAIL;
    }

    for (size_t i = 0; i < rows.nrows; i++) {
        if (child_of(r, bx_cell_int(&rows, i, 0)) == NULL) {
            r->children[r->n++] = (child) { .id = bx_cell_int(&rows, i, 0), .name = bx_cell_text(&rows, i, 1),
                                            .seat = (int) bx_cell_int(&rows, i, 2), .now = { .minute = -1 }, .run_since = BX_NO_DATE };
        }
    }

    return BX_OK;
}

/* STRAIGHT_JOIN: from the class to its children to their few leaves of these days. */
static const char sql_leave[] =
    "SELECT STRAIGHT_JOIN q.student_id, q.id, q.state, q.kind, q.starts_on, q.starts_period, q.ends_on, q.ends_period, q.back_on,"
    " q.back_period FROM enrolment e JOIN leave_request q ON q.student_id = e.student_id AND q.ends_on >= ? AND q.starts_on <= ?"
    " AND q.state IN ('submitted', 'provisional', 'approved', 'away', 'overdue', 'awaiting_paper', 'returned', 'no_paper')"
    " WHERE e.class_id = ? AND e.starts_on <= ? AND (e.ends_on IS NULL OR e.ends_on >= ?)"
    " ORDER BY q.state = 'submitted' DESC, q.id";

static int
slot_number(bx_date day, int period)
{
    return (int) day * 32 + period;
}

static bx_rc
load_leave(roll *r)
{
    const char *day = bx_date_text(r->a, r->day);
    bx_rows     rows;

    if (bx_query(r->c, &rows, sql_leave, BX_ARGS(bx_text(day), bx_text(day), bx_int(r->scope.class_id), bx_text(day), bx_text(day))) != BX_OK) {
        return BX_FAIL;
    }

    for (size_t i = 0; i < rows.nrows; i++) {
        child      *k = child_of(r, bx_cell_int(&rows, i, 0));
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
            k->leave = (leave) { bx_cell_int(&rows, i, 1), state, bx_cell_text(&rows, i, 3), from - slot_number(r->day, 0),
                                 to - slot_number(r->day, 0) };
        }
    }

    return BX_OK;
}

static bool
excuses(const leave *l)
{
    return l->id != 0 && strcmp(l->state, "submitted") != 0;
}

static bx_rc
load_roll(roll *r)
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
        child *k = child_of(r, bx_cell_int(&rows, i, 0));

        if (k == NULL) {
            continue;
        }
        k->before = k->now;
        k->now = (mark) { bx_cell_int(&rows, i, 1), (int) bx_cell_int(&rows, i, 2),
                          bx_cell(&rows, i, 3)->kind == BX_V_NULL ? -1 : (int) bx_cell_int(&rows, i, 3), (int) bx_cell_int(&rows, i, 4),
                          (int) bx_cell_int(&rows, i, 5), bx_cell_text(&rows, i, 6), bx_cell_text(&rows, i, 7), bx_cell_text(&rows, i, 8),
                          bx_time_parse_sql(bx_cell_text(&rows, i, 9)), bx_cell_int(&rows, i, 10) };
    }

    return BX_OK;
}

/* Runs that are open, or that reach past this day: what the roll says may end them. */
static bx_rc
load_runs(roll *r)
{
    bx_rows  rows;

    if (bx_query(r->c, &rows, "SELECT x.student_id, x.state, x.days, x.first_on FROM absence_run x"
                 " WHERE x.class_id = ? AND x.state IN ('open', 'ended') AND x.last_on >= ? ORDER BY x.id",
                 BX_ARGS(bx_int(r->scope.class_id), bx_text(bx_date_text(r->a, r->day - 1)))) != BX_OK)
    {
        return BX_FAIL;
    }

    for (size_t i = 0; i < rows.nrows; i++) {
        child *k = child_of(r, bx_cell_int(&rows, i, 0));

        if (k != NULL && strcmp(bx_cell_text(&rows, i, 1), "open") == 0) {
            k->run_days = (int) bx_cell_int(&rows, i, 2);
            k->run_since = bx_date_parse(bx_cell_text(&rows, i, 3));
        }
        if (k != NULL && r->nothers < MAX_CHILDREN) {
            r->others[r->nothers++] = k->id;
        }
    }

    return BX_OK;
}

static bx_rc
load_all(roll *r)
{
    return load_children(r) == BX_OK && load_leave(r) == BX_OK && load_roll(r) == BX_OK && load_runs(r) == BX_OK ? BX_OK : BX_FAIL;
}

/* ------------------------------------------------------------------ as JSON */

static json_t *
id_json(bx_id id)
{
    return id == 0 ? json_null() : json_sprintf("%" PRId64, id);
}

static json_t *
clock_json(int minute)
{
    return minute < 0 ? json_null() : json_sprintf("%02d:%02d", minute / 60, minute % 60);
}

static json_t *
mark_json(roll *r, const mark *m)
{
    if (m->id == 0) {
        return json_null();
    }

    return json_pack("{s:o, s:s, s:o, s:s?, s:s?, s:s?, s:s, s:o}", "id", id_json(m->id), "kind", bx_mark_kind_name(m->kind),
                     "clock", clock_json(m->minute), "reason", m->reason, "note", m->note, "by", m->by, "at", bx_time_iso(r->a, m->at),
                     "supersedes", id_json(m->supersedes));
}

static bool
was_there(const mark *m)
{
    return m->id == 0 || m->kind == BX_MARK_PRESENT || m->kind == BX_MARK_LATE || m->kind == BX_MARK_LEFT_EARLY;
}

static json_t *
child_json(roll *r, const child *k)
{
    json_t *l = k->leave.id == 0 ? json_null() : json_pack("{s:o, s:s, s:s, s:b, s:i, s:i}", "id", id_json(k->leave.id),
        "state", k->leave.state, "kind", k->leave.kind, "excuses", excuses(&k->leave), "first", k->leave.first, "last", k->leave.last);
    json_t *run = k->run_since == BX_NO_DATE ? json_null() : json_pack("{s:s, s:i}", "since", bx_date_text(r->a, k->run_since),
                                                                       "days", k->run_days);

    return json_pack("{s:o, s:s, s:o, s:o, s:o, s:o, s:b, s:o}", "id", id_json(k->id), "name", k->name,
        "seat_no", k->seat == 0 ? json_null() : json_integer(k->seat), "mark", mark_json(r, &k->now),
        "was", k->now.supersedes == 0 ? json_null() : mark_json(r, &k->before), "leave", l,
        "present_on_leave", r->id != 0 && excuses(&k->leave) && was_there(&k->now), "run", run);
}

static json_t *
sessions_json(roll *r)
{
    json_t *list = json_array();

    for (int i = 0; i < r->nsessions; i++) {
        const bx_session_span *s = &r->sessions[i];

        json_array_append_new(list, json_pack("{s:s, s:i, s:i, s:o, s:o}", "session", bx_session_text(r->a, s->session), "first", s->first,
            "last", s->last, "begins", clock_json(r->bells->begins[s->first - 1]), "ends", clock_json(r->bells->ends[s->last - 1])));
    }

    return list;
}

static bx_rc
answer_sheet(roll *r, int status)
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

    taken = r->id == 0 ? json_null() : json_pack("{s:o, s:I, s:s, s:s, s:b}", "id", id_json(r->id), "version", (json_int_t) r->version,
        "at", bx_time_iso(r->a, r->saved_at), "by", r->saved_by, "late_entry", r->late_entry);
    may = bx_scope_allows(r->c, r->id != 0 && r->day < r->today ? "attendance.correct" : "attendance.take", &r->scope);
    o = json_pack("{s:o, s:s, s:s, s:s, s:s, s:s, s:o, s:s, s:b, s:o, s:o, s:o}", "class_id", id_json(r->scope.class_id),
        "class_name", class_label(r), "school_name", bx_cell_text(&r->unit, 0, 9), "day", bx_date_text(r->a, r->day), "mode", r->mode,
        "session", bx_session_text(r->a, r->span.session), "begins", clock_json(r->bells->begins[r->span.first - 1]),
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
    roll        *r = bx_alloc(bx_call_arena(c), sizeof(*r));
    const char  *asked = bx_call_query_arg(c, "class_id");
    json_t      *o;

    if (r == NULL) {
        return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
    }
    r->c = c;
    r->a = bx_call_arena(c);

    if (load_class(r, asked != NULL ? bx_id_parse(asked) : own_class(c), "attendance.read") != BX_OK
        || load_day(r, bx_call_query_arg(c, "day")) != BX_OK)
    {
        return BX_FAIL;
    }
    if (r->nsessions == 0) {
        /* no school: the page says so, and when there is again */
        bx_slot  next;

        o = json_pack("{s:o, s:s, s:s, s:s, s:s, s:[], s:o, s:n, s:[]}", "class_id", id_json(r->scope.class_id), "class_name", class_label(r),
            "school_name", bx_cell_text(&r->unit, 0, 9), "day", bx_date_text(r->a, r->day), "mode", r->mode, "sessions",
            "next", bx_next_slot(r->cal, (bx_slot) { r->day, BX_MAX_PERIODS }, &next) ? json_string(bx_date_text(r->a, next.day)) : json_null(),
            "taken", "students");
        return bx_answer(c, 200, o);
    }
    if (choose_session(r, bx_call_query_arg(c, "session")) != BX_OK || load_all(r) != BX_OK) {
        return BX_FAIL;
    }

    return answer_sheet(r, 200);
}

/* ------------------------------------------------------------------ the body */

static bx_rc
fault(roll *r, size_t i, const char *field, const char *reason)
{
    return bx_refuse(r->c, BX_E_INVALID, bx_sprintf(r->a, "marks.%zu.%s", i, field), reason, NULL);
}

/* "08:20" → 500; -1 when it is none. */
static int
clock_parse(const char *s)
{
    int  h, m;

    if (s == NULL || strlen(s) != 5 || s[2] != ':' || s[0] < '0' || s[0] > '2' || s[1] < '0' || s[1] > '9' || s[3] < '0' || s[3] > '5'
        || s[4] < '0' || s[4] > '9')
    {
        return -1;
    }

    h = (s[0] - '0') * 10 + s[1] - '0';
    m = (s[3] - '0') * 10 + s[4] - '0';
    return h > 23 ? -1 : h * 60 + m;
}

/* Nobody says when: now, while the session goes on; else in its first period, or at its end. */
static int
clock_guess(const roll *r, int kind)
{
    int  now = bx_minute_of(bx_call_now(r->c)), begins = r->bells->begins[r->span.first - 1], ends = r->bells->ends[r->span.last - 1];

    if (r->day == r->today && now > begins && now < ends) {
        return now;
    }

    return kind == BX_MARK_LATE ? begins + 1 : ends;
}

static bool
reason_known(const char *reason)
{
    const bx_code_list *list = bx_codes_find("absence_reason");

    for (const bx_code *k = list == NULL ? NULL : list->codes; k != NULL && k->code != NULL; k++) {
        if (strcmp(k->code, reason) == 0) {
            return true;
        }
    }

    return false;
}

static bx_rc
take_words(roll *r, size_t i, json_t *j, mark *m)
{
    json_t     *reason = json_object_get(j, "reason"), *note = json_object_get(j, "note");
    const char *s;

    if (reason != NULL && !json_is_null(reason)) {
        if (!json_is_string(reason) || !reason_known(json_string_value(reason))) {
            return fault(r, i, "reason", "not_in_list");
        }
        m->reason = json_string_value(reason);
    }
    if (note != NULL && !json_is_null(note)) {
        s = json_is_string(note) && strlen(json_string_value(note)) == json_string_length(note) ? json_string_value(note) : NULL;
        if (s == NULL || !bx_text_clean(s)) {
            return fault(r, i, "note", "not_text");
        }
        s = bx_trim(r->a, s);
        if (bx_utf8_count(s) > 100) {
            return bx_refuse(r->c, BX_E_INVALID, bx_sprintf(r->a, "marks.%zu.note", i), "too_long",
                             json_pack("{s:i, s:i}", "max", 100, "length", (int) bx_utf8_count(s)));
        }
        m->note = *s == '\0' ? NULL : s;
    }

    return BX_OK;
}

static bx_rc
take_mark(roll *r, size_t i, json_t *j)
{
    child      *k;
    mark        m = { .minute = -1, .first = r->span.first, .last = r->span.last };
    json_t     *clock;

    if (!json_is_object(j)) {
        return fault(r, i, "student_id", "required");
    }
    k = child_of(r, bx_id_parse(json_string_value(json_object_get(j, "student_id"))));
    if (k == NULL) {
        return fault(r, i, "student_id", "student_not_found");
    }
    if (k->named) {
        return fault(r, i, "student_id", "attendance.twice");
    }
    m.kind = bx_mark_kind_parse(json_string_value(json_object_get(j, "kind")));
    if (m.kind < 0) {
        return fault(r, i, "kind", "not_in_list");
    }
    if (take_words(r, i, j, &m) != BX_OK) {
        return BX_FAIL;
    }

    if (m.kind == BX_MARK_LATE || m.kind == BX_MARK_LEFT_EARLY) {
        clock = json_object_get(j, "clock");
        m.minute = clock == NULL || json_is_null(clock) ? clock_guess(r, m.kind) : clock_parse(json_string_value(clock));
        if (m.minute < 0) {
            return fault(r, i, "clock", "attendance.clock");
        }
    } else if (m.kind == BX_MARK_LEAVE && k->leave.id != 0) {
        m.first = k->leave.first;
        m.last = k->leave.last;
    }

    k->named = true;
    k->wanted = m;
    return BX_OK;
}

/* whole: who is not named is there, or on the leave that is known. */
static bx_rc
take_marks(roll *r, bool whole)
{
    json_t  *body = bx_call_body(r->c), *marks = json_object_get(body, "marks"), *j;
    size_t   i;

    if (!json_is_array(marks) || (!whole && json_array_size(marks) == 0)) {
        return bx_refuse(r->c, BX_E_INVALID, "marks", marks == NULL ? "required" : "not_list", NULL);
    }
    if (json_array_size(marks) > MAX_CHILDREN) {
        return bx_refuse(r->c, BX_E_INVALID, "marks", "too_many", json_pack("{s:i}", "max", MAX_CHILDREN));
    }
    json_array_foreach(marks, i, j) {
        if (take_mark(r, i, j) != BX_OK) {
            return BX_FAIL;
        }
    }

    for (i = 0; i < r->n; i++) {
        child *k = &r->children[i];

        if (k->named || !whole) {
            continue;
        }
        k->named = true;
        k->wanted = (mark) { .kind = BX_MARK_PRESENT, .minute = -1, .first = r->span.first, .last = r->span.last };
        if (excuses(&k->leave)) {
            k->wanted.kind = BX_MARK_LEAVE;
            k->wanted.first = k->leave.first;
            k->wanted.last = k->leave.last;
        }
    }

    return BX_OK;
}

/* ------------------------------------------------------------------ saving */

static bool
same_text(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* Does the roll say it already? Without a mark a child was there; on leave that is said in so many words. */
static bool
says_already(const roll *r, const child *k)
{
    const mark *w = &k->wanted, *n = &k->now;

    if (n->id == 0) {
        return w->kind == BX_MARK_PRESENT && (!r->fresh || !excuses(&k->leave)) && w->reason == NULL && w->note == NULL;
    }

    return w->kind == n->kind && w->minute == n->minute && w->first == n->first && w->last == n->last && same_text(w->reason, n->reason)
           && same_text(w->note, n->note);
}

/* Queues the marks of everybody about whom the roll says something new. */
static bx_rc
queue_marks(roll *r, bx_pending_mark *pending, size_t *npending)
{
    bx_value *args = bx_alloc(r->a, r->n * MARK_ARGS * sizeof(*args));
    size_t    n = 0;
    bx_buf    sql;

    if (args == NULL) {
        return bx_refuse(r->c, BX_E_MEMORY, NULL, NULL, NULL);
    }
    bx_buf_init(&sql, r->a);
    bx_buf_str(&sql, "INSERT INTO attendance_mark (student_id, day, id, class_id, school_id, first_period, last_period, kind, minute, reason,"
               " note, roll_id, supersedes, saved_by, saved_at) VALUES ");

    for (size_t i = 0; i < r->n; i++) {
        child *k = &r->children[i];
        mark  *w = &k->wanted;

        if (!k->named || says_already(r, k)) {
            continue;
        }
        bx_buf_str(&sql, n == 0 ? "" : ",");
        bx_buf_str(&sql, "(?,?,?,?,?,?,?,?,?,?,?,?,?,?,at)");
        w->id = bx_id_new();
        w->supersedes = k->now.id;
        w->by = bx_call_actor(r->c);
        w->at = bx_call_now(r->c);
        const bx_value row[MARK_ARGS] = {
            bx_int(k->id), bx_text(bx_date_text(r->a, r->day)), bx_int(w->id), bx_int(r->scope.class_id), bx_int(r->scope.school),
            bx_int(w->first), bx_int(w->last), bx_int(w->kind), w->minute < 0 ? bx_null() : bx_int(w->minute), bx_text(w->reason),
            bx_text(w->note), bx_int(r->id), w->supersedes == 0 ? bx_null() : bx_int(w->supersedes), bx_int(bx_call_account(r->c))
        };

        memcpy(args + n, row, sizeof(row));
        n += MARK_ARGS;
        pending[(*npending)++] = (bx_pending_mark) { k->id, { r->day, (int16_t) w->first, (int16_t) w->last, (int16_t) w->minute,
                                                              (bx_mark_kind) w->kind, bx_call_now(r->c) } };
        k->before = k->now;
        k->now = *w;
    }

    return n == 0 ? BX_OK : bx_queue(r->c, (int) (n / MARK_ARGS), sql.data, args, n);
}

static int
count_exceptions(const roll *r)
{
    int  n = 0;

    for (size_t i = 0; i < r->n; i++) {
        n += r->children[i].now.id != 0 && r->children[i].now.kind != BX_MARK_PRESENT;
    }

    return n;
}

/* When the phone kept it, if it says so and that is in the past. */
static bx_value
taken_at(roll *r)
{
    const char *s = json_string_value(json_object_get(bx_call_body(r->c), "taken_at"));
    char       *sql;
    bx_time     t;

    if (s == NULL || strlen(s) < 19) {
        return bx_null();
    }

    sql = bx_strndup(r->a, s, 19);
    if (sql == NULL) {
        return bx_null();
    }
    sql[10] = ' ';
    t = bx_time_parse_sql(sql);
    return t == BX_NO_TIME || t > bx_call_now(r->c) || t < bx_call_now(r->c) - 31 * 86400 ? bx_null() : bx_text(bx_time_sql(r->a, t));
}

static bx_rc
queue_roll(roll *r, bool fresh)
{
    const char *day = bx_date_text(r->a, r->day), *now = bx_time_sql(r->a, bx_call_now(r->c));

    if (!fresh) {
        return bx_queue(r->c, 1, "UPDATE roll_call SET version = version + 1, exceptions = ?, corrected_at = ? WHERE id = ? AND version = ?",
                        BX_ARGS(bx_int(count_exceptions(r)), bx_text(now), bx_int(r->id), bx_int(r->version)));
    }

    if (bx_queue(r->c, 1, "INSERT INTO roll_call (class_id, day, session, id, school_id, township_id, first_period, last_period, due,"
                 " exceptions, late_entry, taken_at, saved_at, saved_by) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                 BX_ARGS(bx_int(r->scope.class_id), bx_text(day), bx_int(r->span.session), bx_int(r->id), bx_int(r->scope.school),
                         r->scope.township == 0 ? bx_null() : bx_int(r->scope.township), bx_int(r->span.first), bx_int(r->span.last),
                         bx_int((int64_t) r->n), bx_int(count_exceptions(r)), bx_int(r->late_entry), taken_at(r), bx_text(now),
                         bx_int(bx_call_account(r->c)))) != BX_OK)
    {
        return BX_FAIL;
    }

    return bx_roll_taken(r->c, r->scope.class_id, r->day, r->span.session, r->id);
}

/* Children about whom something new was said, and those whose run may end because nothing was. */
static bx_rc
recompute(roll *r, bool fresh, const bx_pending_mark *marks, size_t nmarks)
{
    bx_pending  pending = { .marks = marks, .nmarks = nmarks };
    bx_id       ids[2 * MAX_CHILDREN];
    size_t      n = 0, k;

    if (fresh) {
        pending.roll_class = r->scope.class_id;
        pending.roll = (bx_ladder_roll) { r->day, (int16_t) r->span.first, (int16_t) r->span.last };
    }

    for (size_t i = 0; i < nmarks + (fresh ? r->nothers : 0); i++) {
        bx_id  id = i < nmarks ? marks[i].student : r->others[i - nmarks];

        for (k = 0; k < n && ids[k] != id; k++) {
            /* each child once */
        }
        if (k == n) {
            ids[n++] = id;
        }
    }

    return n == 0 ? BX_OK : bx_attendance_recompute(r->c, ids, n, r->day, &pending);
}

static json_t *
changes_json(const roll *r, const bx_pending_mark *marks, size_t n)
{
    json_t *list = json_array();

    for (size_t i = 0; i < n; i++) {
        json_array_append_new(list, json_pack("{s:o, s:s}", "student", id_json(marks[i].student), "kind",
                                              bx_mark_kind_name((int) marks[i].mark.kind)));
    }

    return bx_own(r->a, json_pack("{s:s, s:s, s:i, s:o}", "day", bx_date_text(r->a, r->day), "session",
                                  bx_session_text(r->a, r->span.session), "due", (int) r->n, "marks", list));
}

static bx_rc
save(roll *r, bool fresh)
{
    bx_pending_mark *marks = bx_alloc(r->a, (r->n + 1) * sizeof(*marks));
    size_t           n = 0;

    if (marks == NULL) {
        return bx_refuse(r->c, BX_E_MEMORY, NULL, NULL, NULL);
    }
    if (fresh) {
        r->fresh = true;
        r->id = bx_id_new();
        r->late_entry = r->today > r->day;
        r->saved_at = bx_call_now(r->c);
        r->saved_by = bx_call_actor(r->c);
    }
    if (queue_marks(r, marks, &n) != BX_OK || queue_roll(r, fresh) != BX_OK || recompute(r, fresh, marks, n) != BX_OK) {
        return BX_FAIL;
    }
    r->version = fresh ? 1 : r->version + 1;
    if (answer_sheet(r, fresh ? 201 : 200) != BX_OK) {
        return BX_FAIL;
    }

    return bx_commit(r->c, r->scope.school, fresh ? "take" : "correct", "roll-calls", r->id, changes_json(r, marks, n));
}

/* ------------------------------------------------------------------ POST roll-calls */

static bx_rc
check_when(roll *r)
{
    bx_date  starts, ends;

    if (bx_call_now(r->c) < bx_time_at(r->day, r->bells->begins[r->span.first - 1] - EARLY_MINUTES)) {
        return bx_refuse(r->c, BX_E_INVALID, "session", "attendance.too_early",
                         json_pack("{s:o}", "clock", clock_json(r->bells->begins[r->span.first - 1])));
    }
    if (bx_calendar_term(r->cal, r->today, &starts, &ends) && r->day < starts) {
        return bx_refuse(r->c, BX_E_INVALID, "day", "attendance.past_term", NULL);
    }

    return BX_OK;
}

/* Who may change a roll that was taken: on its day whoever may take it, later the office. */
static bx_rc
check_correct(roll *r)
{
    if (r->day == r->today || bx_scope_allows(r->c, "attendance.correct", &r->scope)) {
        return BX_OK;
    }

    return bx_refuse(r->c, BX_E_FORBIDDEN, NULL, "attendance.office_corrects", NULL);
}

static bx_rc
check_version(roll *r)
{
    const char *wanted = bx_sprintf(r->a, "\"%" PRId64 "\"", r->version);

    if (r->c->if_match == NULL) {
        return bx_refuse(r->c, BX_E_NO_IF_MATCH, NULL, NULL, NULL);
    }

    return strcmp(r->c->if_match, wanted) == 0 ? BX_OK : bx_refuse(r->c, BX_E_STALE, NULL, NULL, NULL);
}

/* Somebody else has taken it: the page shows whose it is, and lets it be corrected. */
static bx_rc
refuse_taken(roll *r)
{
    bx_refuse(r->c, BX_E_CONFLICT, "session", "attendance.taken", json_pack("{s:s}", "name", r->saved_by));
    bx_refuse_add(r->c, "roll", json_pack("{s:o, s:I, s:s, s:s}", "id", id_json(r->id), "version", (json_int_t) r->version, "by",
                                          r->saved_by, "at", bx_time_iso(r->a, r->saved_at)));
    return BX_FAIL;
}

typedef bx_rc (*attempt)(roll *r);

/* Again while somebody else changes what was read. */
static bx_rc
try_again(bx_call *c, attempt fn)
{
    roll  *r;

    for (int i = 0; i < 3; i++) {
        r = bx_alloc(bx_call_arena(c), sizeof(*r));
        if (r == NULL) {
            return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
        }
        r->c = c;
        r->a = bx_call_arena(c);
        c->raced = false;
        c->problem = (bx_problem) { 0 };
        bx_queue_clear(c);
        if (fn(r) == BX_OK) {
            return BX_OK;
        }
        if (!c->raced) {
            return BX_FAIL;
        }
    }

    return BX_FAIL;
}

static bx_rc
take(roll *r)
{
    json_t      *body = bx_call_body(r->c);
    json_t      *class_id = json_object_get(body, "class_id"), *session = json_object_get(body, "session"), *day = json_object_get(body, "day");

    if (load_class(r, class_id != NULL ? bx_id_parse(json_string_value(class_id)) : own_class(r->c), "attendance.take") != BX_OK
        || load_day(r, day == NULL ? NULL : json_is_string(day) ? json_string_value(day) : "") != BX_OK
        || choose_session(r, session == NULL ? NULL : json_is_string(session) ? json_string_value(session) : "") != BX_OK
        || check_when(r) != BX_OK || load_all(r) != BX_OK)
    {
        return BX_FAIL;
    }
    if (r->n == 0) {
        return bx_refuse(r->c, BX_E_INVALID, "class_id", "attendance.empty_class", NULL);
    }
    if (r->id != 0 && r->c->if_match == NULL) {
        return refuse_taken(r);
    }
    if (r->id != 0 && (check_correct(r) != BX_OK || check_version(r) != BX_OK)) {
        return BX_FAIL;
    }

    return take_marks(r, true) == BX_OK ? save(r, r->id == 0) : BX_FAIL;
}

bx_rc
bx_roll_take(bx_call *c)
{
    return try_again(c, take);
}

/* ------------------------------------------------------------------ POST roll-calls/{id}/marks and correct, GET roll-calls/{id} */

static bx_rc
find_roll(roll *r, const char *capability)
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
    if (load_class(r, bx_cell_int(&rows, 0, 0), capability) != BX_OK || load_day(r, bx_cell_text(&rows, 0, 1)) != BX_OK) {
        return BX_FAIL;
    }

    /* as it was taken, whatever roll.mode says today */
    r->span = (bx_session_span) { (int) bx_cell_int(&rows, 0, 2), (int) bx_cell_int(&rows, 0, 3), (int) bx_cell_int(&rows, 0, 4) };
    if (r->bells == NULL || r->bells->am + r->bells->pm < r->span.last) {
        return bx_refuse(r->c, BX_E_WRONG_STATE, NULL, NULL, NULL);
    }

    return load_all(r);
}

/* By whoever the route is for: the class teacher on its day, the office on any. */
static bx_rc
correct(roll *r)
{
    if (find_roll(r, r->c->route->capability) != BX_OK || check_correct(r) != BX_OK || check_version(r) != BX_OK || take_marks(r, false) != BX_OK) {
        return BX_FAIL;
    }

    return save(r, false);
}

bx_rc
bx_roll_marks(bx_call *c)
{
    return try_again(c, correct);
}

bx_rc
bx_roll_correct(bx_call *c)
{
    return try_again(c, correct);
}

bx_rc
bx_roll_read(bx_call *c)
{
    roll  *r = bx_alloc(bx_call_arena(c), sizeof(*r));

    if (r == NULL) {
        return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
    }
    r->c = c;
    r->a = bx_call_arena(c);
    return find_roll(r, "attendance.read") == BX_OK ? answer_sheet(r, 200) : BX_FAIL;
}
