/*
 * attendance_list.c: attendance as it is looked at: the school's sheet of a day (学额日报), marks of a child or a day, runs of
 * absence that are open with what is due. Reads only. Every figure comes from the marks themselves.
 */

#include "flow/flow.h"
#include "plugins/attendance.h"

#include <inttypes.h>
#include <string.h>

#define MAX_DAYS  400

static json_t *
time_json(bx_call *c, const char *sql)
{
    return sql == NULL ? json_null() : json_string(bx_time_iso(c->arena, bx_time_parse_sql(sql)));
}

static json_t *
minute_json(const bx_rows *rows, size_t i, size_t col)
{
    int  m = (int) bx_cell_int(rows, i, col);

    return bx_cell(rows, i, col)->kind == BX_V_NULL ? json_null() : json_sprintf("%02d:%02d", m / 60, m % 60);
}

/* A class in columns first … first + 3: stage, entry year, number, name. */
static const char *
class_label(bx_call *c, const bx_rows *rows, size_t i, size_t first, bx_date on)
{
    const char *stage = bx_cell_text(rows, i, first);

    if (stage == NULL) {
        return bx_cell_text(rows, i, first + 3);
    }

    return bx_class_label(c->arena, c->lang, stage, (int) bx_cell_int(rows, i, first + 1), (int) bx_cell_int(rows, i, first + 2), on);
}

static bx_rc
day_arg(bx_call *c, const char *name, bx_date otherwise, bx_date *out)
{
    const char *s = bx_call_query_arg(c, name);

    *out = s == NULL ? otherwise : strlen(s) == 10 ? bx_date_parse(s) : BX_NO_DATE;
    return *out != BX_NO_DATE ? BX_OK : bx_refuse(c, BX_E_INVALID, name, "not_date", NULL);
}

/* Leave that covers the day of a mark, so that an absence excused later reads as leave. */
#define LEAVE_KIND                                                                                                     \
    "(SELECT q.kind FROM leave_request q WHERE q.student_id = m.student_id AND q.ends_on >= m.day AND q.starts_on <= m.day"  \
    " AND q.state IN ('provisional', 'approved', 'away', 'overdue', 'awaiting_paper', 'returned')"                       \
    " AND (q.starts_on < m.day OR q.starts_period <= m.last_period) AND (q.ends_on > m.day OR q.ends_period >= m.first_period)"  \
    " AND (q.back_on IS NULL OR q.back_on > m.day OR (q.back_on = m.day AND q.back_period > m.first_period))"            \
    " ORDER BY q.id LIMIT 1)"

/* ------------------------------------------------------------------ GET roll-calls/day */

typedef struct { bx_id class_id; int session; bx_time due_at; } expected_roll;

typedef struct {
    bx_call  *c;
    bx_date   day;
    bx_id     school;
    bx_rows   classes, expected, rolls, marks, halves;
    expected_roll *due;                       /* rolls that are to come, by class */
    size_t    ndue;
} sheet;

static bx_rc
school_asked(bx_call *c, bx_id *school)
{
    const char *s = bx_call_query_arg(c, "school_id");

    *school = bx_id_parse(s);
    if (*school != 0) {
        return BX_OK;
    }
    for (unsigned i = 0; c->who != NULL && i < c->who->ngrants && s == NULL; i++) {
        bx_id  of = c->who->grants[i].school;

        if (of == 0 || of == *school || c->who->grants[i].level == BX_LEVEL_CHILDREN) {
            continue;
        }
        if (*school != 0) {
            return bx_refuse(c, BX_E_INVALID, "school_id", "required", NULL);
        }
        *school = of;
    }

    return *school != 0 ? BX_OK : bx_refuse(c, BX_E_INVALID, "school_id", "required", NULL);
}

static const char sql_day_classes[] =
    "SELECT u.id, u.stage, u.entry_year, u.class_no, u.name, s.name,"
    " (SELECT COUNT(*) FROM student t WHERE t.class_id = u.id AND t.status IN ('01', '05') AND t.placement <> 'home_delivery') AS students,"
    " (SELECT GROUP_CONCAT(a.name ORDER BY p.id SEPARATOR '、') FROM position p JOIN account a ON a.id = p.account_id"
    "   WHERE p.unit_id = u.id AND p.role = 'teacher' AND p.starts_on <= ? AND (p.ends_on IS NULL OR p.ends_on >= ?)) AS teacher, u.parent_id"
    " FROM org_unit u JOIN org_unit s ON s.id = u.school_id WHERE u.school_id = ? AND u.level = 'class' AND u.closed_on IS NULL AND ";

static bx_rc
read_classes(sheet *k)
{
    bx_value     args[64];
    size_t       n = 0;
    bx_buf       sql;
    const char  *day = bx_date_text(k->c->arena, k->day);

    args[n++] = bx_text(day);
    args[n++] = bx_text(day);
    args[n++] = bx_int(k->school);
    bx_buf_init(&sql, k->c->arena);
    bx_buf_str(&sql, sql_day_classes);
    if (bx_scope_where(k->c, BX_SCOPE_UNIT, "u", "attendance.read", &sql, args, &n, 64) != BX_OK) {
        return BX_FAIL;
    }
    bx_buf_str(&sql, " ORDER BY FIELD(u.stage, 'primary', 'junior'), u.entry_year DESC, u.class_no LIMIT 300");
    if (sql.failed) {
        return bx_refuse(k->c, BX_E_MEMORY, NULL, NULL, NULL);
    }

    return bx_query(k->c, &k->classes, sql.data, args, n);
}

/* The rolls the clock has written for the day; of classes it has not come to yet, those of the timetable. */
static bx_rc
expect(sheet *k)
{
    size_t         n = k->classes.nrows, room = k->expected.nrows + n * BX_MAX_PERIODS + 1, at = 0;
    bx_class_day  *days = bx_alloc(k->c->arena, (n + 1) * sizeof(*days));
    bool           missing = false;

    k->due = bx_alloc(k->c->arena, room * sizeof(*k->due));
    if (days == NULL || k->due == NULL) {
        return bx_refuse(k->c, BX_E_MEMORY, NULL, NULL, NULL);
    }

    for (size_t i = 0; i < n; i++) {
        days[i] = (bx_class_day) { .class_id = bx_cell_int(&k->classes, i, 0), .grade = bx_cell_int(&k->classes, i, 8) };
        for (at = 0; at < k->expected.nrows && bx_cell_int(&k->expected, at, 0) != days[i].class_id; at++) {
            /* is it there? */
        }
        missing = missing || at == k->expected.nrows;
    }
    if (missing && bx_class_days(k->c, k->school, k->day, days, n) != BX_OK) {
        return BX_FAIL;
    }

    for (size_t i = 0; i < n; i++) {
        size_t  before = k->ndue;

        for (at = 0; at < k->expected.nrows; at++) {
            if (bx_cell_int(&k->expected, at, 0) == days[i].class_id) {
                k->due[k->ndue++] = (expected_roll) { days[i].class_id, (int) bx_cell_int(&k->expected, at, 1),
                                                      bx_time_parse_sql(bx_cell_text(&k->expected, at, 2)) };
            }
        }
        for (int s = 0; s < days[i].n && k->ndue == before + (size_t) s; s++) {
            k->due[k->ndue++] = (expected_roll) { days[i].class_id, days[i].spans[s].session, days[i].due[s] };
        }
    }

    return BX_OK;
}

static bx_rc
read_sheet(sheet *k)
{
    bx_value  school = bx_int(k->school), day = bx_text(bx_date_text(k->c->arena, k->day));
    bx_value  next = bx_text(bx_date_text(k->c->arena, k->day + 1));

    if (read_classes(k) != BX_OK
        || bx_query(k->c, &k->expected, "SELECT e.class_id, e.session, e.due_at, e.first_period, e.last_period FROM roll_expected e"
                    " WHERE e.school_id = ? AND e.day = ? ORDER BY e.class_id, e.session", BX_ARGS(school, day)) != BX_OK
        || expect(k) != BX_OK
        || bx_query(k->c, &k->rolls, "SELECT r.class_id, r.session, r.id, r.due, r.late_entry, r.saved_at, a.name, r.exceptions, r.version,"
                    " r.corrected_at FROM roll_call r JOIN account a ON a.id = r.saved_by WHERE r.school_id = ? AND r.day = ?"
                    " ORDER BY r.class_id, r.session", BX_ARGS(school, day)) != BX_OK
        || bx_query(k->c, &k->marks, "SELECT m.class_id, m.roll_id, m.student_id, s.name, m.kind, m.minute, m.reason, m.note, " LEAVE_KIND
                    ", m.first_period, m.last_period FROM attendance_mark m JOIN student s ON s.id = m.student_id"
                    " WHERE m.school_id = ? AND m.day = ? ORDER BY m.class_id, m.student_id, m.id", BX_ARGS(school, day)) != BX_OK)
    {
        return BX_FAIL;
    }

    return bx_query(k->c, &k->halves, "SELECT g.class_id, g.student_id, s.name, g.trigger_at FROM absence_rung g JOIN student s ON s.id = g.student_id"
                    " WHERE g.school_id = ? AND g.trigger_at >= ? AND g.trigger_at < ? AND g.step = 2 AND g.turn = 1 ORDER BY g.class_id, g.trigger_at",
                    BX_ARGS(school, day, next));
}

/* Is a later mark of the same child in the same roll behind row i? */
static bool
corrected(const bx_rows *marks, size_t i)
{
    for (size_t k = i + 1; k < marks->nrows && bx_cell_int(marks, k, 2) == bx_cell_int(marks, i, 2); k++) {
        if (bx_cell_int(marks, k, 1) == bx_cell_int(marks, i, 1)) {
            return true;
        }
    }

    return false;
}

typedef struct { int absent, leave, late, left_early, sent; } counts;

/* What is not simply present in a roll, by name; the figures come from these very rows. */
static json_t *
exceptions_json(sheet *k, bx_id roll, counts *n)
{
    json_t *list = json_array();

    for (size_t i = 0; i < k->marks.nrows; i++) {
        int         kind = (int) bx_cell_int(&k->marks, i, 4);
        const char *leave = bx_cell_text(&k->marks, i, 8);

        if (bx_cell_int(&k->marks, i, 1) != roll || kind == BX_MARK_PRESENT || corrected(&k->marks, i)) {
            continue;
        }
        if (kind == BX_MARK_ABSENT && leave != NULL) {
            kind = BX_MARK_LEAVE;
        } else if (kind == BX_MARK_LEAVE && leave == NULL) {
            kind = BX_MARK_ABSENT;
        }
        n->absent += kind == BX_MARK_ABSENT;
        n->leave += kind == BX_MARK_LEAVE;
        n->late += kind == BX_MARK_LATE;
        n->left_early += kind == BX_MARK_LEFT_EARLY;
        n->sent += kind == BX_MARK_SENT;
        json_array_append_new(list, json_pack("{s:o, s:s, s:s, s:o, s:s?, s:s?, s:s?}", "student_id", bx_id_json(bx_cell_int(&k->marks, i, 2)),
            "name", bx_cell_text(&k->marks, i, 3), "kind", bx_mark_kind_name(kind), "clock", minute_json(&k->marks, i, 5),
            "reason", bx_cell_text(&k->marks, i, 6), "note", bx_cell_text(&k->marks, i, 7), "leave_kind", leave));
    }

    return list;
}

static json_t *
taken_json(sheet *k, size_t i, json_t *session)
{
    counts   n = { 0 };
    json_t  *list = exceptions_json(k, bx_cell_int(&k->rolls, i, 2), &n);
    int      due = (int) bx_cell_int(&k->rolls, i, 3);

    json_object_set_new(session, "roll_id", bx_id_json(bx_cell_int(&k->rolls, i, 2)));
    json_object_set_new(session, "due", json_integer(due));
    json_object_set_new(session, "present", json_integer(due - n.absent - n.leave - n.sent));
    json_object_set_new(session, "absent", json_integer(n.absent));
    json_object_set_new(session, "leave", json_integer(n.leave));
    json_object_set_new(session, "late", json_integer(n.late));
    json_object_set_new(session, "left_early", json_integer(n.left_early));
    json_object_set_new(session, "sent", json_integer(n.sent));
    json_object_set_new(session, "late_entry", json_boolean(bx_cell_int(&k->rolls, i, 4)));
    json_object_set_new(session, "at", time_json(k->c, bx_cell_text(&k->rolls, i, 5)));
    json_object_set_new(session, "by", json_string(bx_cell_text(&k->rolls, i, 6)));
    json_object_set_new(session, "corrected_at", time_json(k->c, bx_cell_text(&k->rolls, i, 9)));
    json_object_set_new(session, "exceptions", list);
    return session;
}

/* Sessions that are due or were taken all the same, in order. */
static json_t *
sessions_json(sheet *k, bx_id class_id)
{
    json_t *list = json_array(), *one;
    size_t  e = 0, r = 0;

    while (e < k->ndue && k->due[e].class_id != class_id) {
        e++;
    }
    while (r < k->rolls.nrows && bx_cell_int(&k->rolls, r, 0) != class_id) {
        r++;
    }

    for (;;) {
        bool     more_e = e < k->ndue && k->due[e].class_id == class_id;
        bool     more_r = r < k->rolls.nrows && bx_cell_int(&k->rolls, r, 0) == class_id;
        int64_t  se = more_e ? k->due[e].session : INT64_MAX, sr = more_r ? bx_cell_int(&k->rolls, r, 1) : INT64_MAX;
        int64_t  s = se < sr ? se : sr;

        if (!more_e && !more_r) {
            return list;
        }
        one = json_pack("{s:s, s:o, s:b}", "session", bx_session_text(k->c->arena, (int) s), "due_at",
                        se == s ? json_string(bx_time_iso(k->c->arena, k->due[e].due_at)) : json_null(), "taken", sr == s);
        if (sr == s) {
            taken_json(k, r, one);
        }
        json_array_append_new(list, one);
        e += se == s;
        r += sr == s;
    }
}

bx_rc
bx_roll_day(bx_call *c)
{
    sheet    k = { .c = c };
    json_t  *list = bx_own(c->arena, json_array()), *halves = bx_own(c->arena, json_array());

    if (school_asked(c, &k.school) != BX_OK || day_arg(c, "day", bx_date_of(c->now), &k.day) != BX_OK || read_sheet(&k) != BX_OK) {
        return BX_FAIL;
    }
    if (k.classes.nrows == 0) {
        return bx_refuse(c, BX_E_NOT_FOUND, NULL, NULL, NULL);
    }

    for (size_t i = 0; i < k.classes.nrows; i++) {
        bx_id  id = bx_cell_int(&k.classes, i, 0);

        json_array_append_new(list, json_pack("{s:o, s:s, s:s?, s:I, s:o}", "class_id", bx_id_json(id), "class_name",
            class_label(c, &k.classes, i, 1, k.day), "teacher", bx_cell_text(&k.classes, i, 7), "students",
            (json_int_t) bx_cell_int(&k.classes, i, 6), "sessions", sessions_json(&k, id)));

        for (size_t h = 0; h < k.halves.nrows; h++) {
            if (bx_cell_int(&k.halves, h, 0) == id) {
                json_array_append_new(halves, json_pack("{s:o, s:s, s:s, s:o}", "student_id", bx_id_json(bx_cell_int(&k.halves, h, 1)), "name",
                    bx_cell_text(&k.halves, h, 2), "class_name", class_label(c, &k.classes, i, 1, k.day), "at",
                    time_json(c, bx_cell_text(&k.halves, h, 3))));
            }
        }
    }

    return bx_answer(c, 200, json_pack("{s:o, s:s, s:s, s:s, s:O, s:O}", "school_id", bx_id_json(k.school), "school_name",
        bx_cell_text(&k.classes, 0, 5), "day", bx_date_text(c->arena, k.day), "now", bx_time_iso(c->arena, c->now), "classes", list,
        "half_days", halves));
}

/* ------------------------------------------------------------------ GET absences */

static const char sql_marks[] =
    "SELECT m.id, m.student_id, s.name, m.class_id, u.stage, u.entry_year, u.class_no, u.name, m.day, m.first_period, m.last_period, m.kind,"
    " m.minute, m.reason, m.note, a.name, m.saved_at, m.supersedes, r.session, " LEAVE_KIND
    " FROM attendance_mark m JOIN student s ON s.id = m.student_id JOIN org_unit u ON u.id = m.class_id JOIN account a ON a.id = m.saved_by"
    " JOIN roll_call r ON r.id = m.roll_id WHERE ";

static json_t *
mark_row(bx_call *c, const bx_rows *rows, size_t i)
{
    bx_date  day = bx_date_parse(bx_cell_text(rows, i, 8));
    json_t  *o = json_pack("{s:o, s:o, s:s, s:o, s:s, s:s, s:s, s:i, s:i, s:s, s:o, s:s?, s:s?, s:s?, s:s, s:o, s:o}",
        "id", bx_id_json(bx_cell_int(rows, i, 0)), "student_id", bx_id_json(bx_cell_int(rows, i, 1)), "student_name", bx_cell_text(rows, i, 2),
        "class_id", bx_id_json(bx_cell_int(rows, i, 3)), "class_name", class_label(c, rows, i, 4, day), "day", bx_date_text(c->arena, day),
        "session", bx_session_text(c->arena, (int) bx_cell_int(rows, i, 18)), "first", (int) bx_cell_int(rows, i, 9), "last",
        (int) bx_cell_int(rows, i, 10), "kind", bx_mark_kind_name((int) bx_cell_int(rows, i, 11)), "clock", minute_json(rows, i, 12),
        "reason", bx_cell_text(rows, i, 13), "note", bx_cell_text(rows, i, 14), "leave_kind", bx_cell_text(rows, i, 19), "by",
        bx_cell_text(rows, i, 15), "at", time_json(c, bx_cell_text(rows, i, 16)), "supersedes", bx_id_json(bx_cell_int(rows, i, 17)));

    return o;
}

/* Marks of one child, or of a class or school on a day; corrected ones stay, and say what corrects them. */
bx_rc
bx_absence_list(bx_call *c)
{
    bx_id     student = bx_id_parse(bx_call_query_arg(c, "student_id")), class_id = bx_id_parse(bx_call_query_arg(c, "class_id"));
    bx_id     school = 0;
    bx_date   from, to, today = bx_date_of(c->now);
    bx_value  args[64];
    size_t    n = 0;
    bx_buf    sql;
    bx_rows   rows;
    json_t   *items = bx_own(c->arena, json_array());

    if (student == 0 && class_id == 0 && school_asked(c, &school) != BX_OK) {
        return BX_FAIL;
    }
    if (day_arg(c, "to", today, &to) != BX_OK || day_arg(c, "from", student != 0 ? to - 120 : to, &from) != BX_OK) {
        return BX_FAIL;
    }
    if (from > to || to - from > (student != 0 ? MAX_DAYS : class_id != 0 ? 31 : 7)) {
        return bx_refuse(c, BX_E_INVALID, "from", "filter", NULL);
    }

    bx_buf_init(&sql, c->arena);
    bx_buf_str(&sql, sql_marks);
    bx_buf_str(&sql, student != 0 ? "m.student_id = ?" : class_id != 0 ? "m.class_id = ?" : "m.school_id = ?");
    bx_buf_str(&sql, " AND m.day >= ? AND m.day <= ? AND ");
    args[n++] = bx_int(student != 0 ? student : class_id != 0 ? class_id : school);
    args[n++] = bx_text(bx_date_text(c->arena, from));
    args[n++] = bx_text(bx_date_text(c->arena, to));
    if (bx_scope_where(c, BX_SCOPE_STUDENT, "s", "attendance.read", &sql, args, &n, 64) != BX_OK) {
        return BX_FAIL;
    }
    bx_buf_str(&sql, " ORDER BY m.day DESC, m.class_id, m.student_id, m.id LIMIT 1000");
    if (sql.failed) {
        return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
    }
    if (bx_query(c, &rows, sql.data, args, n) != BX_OK) {
        return BX_FAIL;
    }

    for (size_t i = 0; i < rows.nrows; i++) {
        json_array_append_new(items, mark_row(c, &rows, i));
    }
    return bx_answer(c, 200, json_pack("{s:O, s:n}", "items", items, "next"));
}

/* ------------------------------------------------------------------ GET absences/runs */

static const char sql_runs[] =
    "SELECT t.id, t.student_id, s.name, t.class_id, u.stage, u.entry_year, u.class_no, u.name, sch.name, t.first_on, t.first_period, t.days,"
    " t.presumed_days, t.begins_at, t.ended_at, t.ended_by, t.state FROM absence_run t JOIN student s ON s.id = t.student_id"
    " JOIN org_unit u ON u.id = t.class_id JOIN org_unit sch ON sch.id = t.school_id WHERE ";

static json_t *
run_row(bx_call *c, const bx_rows *rows, size_t i)
{
    return json_pack("{s:o, s:o, s:s, s:o, s:s, s:s, s:s, s:i, s:i, s:i, s:o, s:o, s:s?, s:s, s:[], s:[], s:n}",
        "id", bx_id_json(bx_cell_int(rows, i, 0)), "student_id", bx_id_json(bx_cell_int(rows, i, 1)), "student_name", bx_cell_text(rows, i, 2),
        "class_id", bx_id_json(bx_cell_int(rows, i, 3)), "class_name", class_label(c, rows, i, 4, bx_date_of(c->now)), "school_name",
        bx_cell_text(rows, i, 8), "since", bx_cell_text(rows, i, 9), "period", (int) bx_cell_int(rows, i, 10), "days",
        (int) bx_cell_int(rows, i, 11), "presumed_days", (int) bx_cell_int(rows, i, 12), "begins_at", time_json(c, bx_cell_text(rows, i, 13)),
        "ended_at", time_json(c, bx_cell_text(rows, i, 14)), "ended_by", bx_cell_text(rows, i, 15), "state", bx_cell_text(rows, i, 16),
        "rungs", "guardians", "contact");
}

static json_t *
run_of(json_t *items, const char *key, bx_id id)
{
    json_t *o;
    size_t  i;

    json_array_foreach(items, i, o) {
        if (bx_id_parse(json_string_value(json_object_get(o, key))) == id) {
            return o;
        }
    }

    return NULL;
}

/* Whom to call, for those who call: names only, as the roster has them. */
static bx_rc
add_guardians(bx_call *c, json_t *items, const char *in, const bx_value *args, size_t n)
{
    bx_buf   sql;
    bx_rows  rows;

    if (!bx_call_can(c, "contact.record")) {
        return BX_OK;
    }

    bx_buf_init(&sql, c->arena);
    bx_buf_printf(&sql, "SELECT STRAIGHT_JOIN r.id, g.name, sg.relation, sg.relation_text FROM absence_run r JOIN student_guardian sg"
                  " ON sg.student_id = r.student_id AND sg.ends_on IS NULL JOIN guardian g ON g.id = sg.guardian_id WHERE r.id IN (%s)"
                  " ORDER BY r.id, sg.ordinal, g.id", in);
    if (bx_query(c, &rows, sql.data, args, n) != BX_OK) {
        return BX_FAIL;
    }
    for (size_t i = 0; i < rows.nrows; i++) {
        json_array_append_new(json_object_get(run_of(items, "id", bx_cell_int(&rows, i, 0)), "guardians"),
            json_pack("{s:s, s:s, s:s?}", "name", bx_cell_text(&rows, i, 1), "relation", bx_cell_text(&rows, i, 2), "relation_text",
                      bx_cell_text(&rows, i, 3)));
    }

    return BX_OK;
}

/* What each run has required, the last time somebody was called about it, and whom to call. */
static bx_rc
add_rungs(bx_call *c, json_t *items, const bx_rows *runs)
{
    bx_value *args = bx_alloc(c->arena, (runs->nrows + 1) * sizeof(*args));
    size_t    n = 0;
    bx_buf    in, sql;
    bx_rows   rows;
    json_t   *o;

    if (runs->nrows == 0) {
        return BX_OK;
    }
    if (args == NULL) {
        return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
    }
    bx_buf_init(&in, c->arena);
    for (size_t i = 0; i < runs->nrows; i++) {
        bx_buf_str(&in, i == 0 ? "?" : ",?");
        args[n++] = bx_int(bx_cell_int(runs, i, 0));
    }

    bx_buf_init(&sql, c->arena);
    bx_buf_printf(&sql, "SELECT g.run_id, g.step, g.state, g.trigger_at, g.nominal_at, g.working_at, g.late_entry, g.missed, g.closed_at, g.reason,"
                  " g.record, g.record_id FROM absence_rung g WHERE g.run_id IN (%s) ORDER BY g.run_id, g.step, g.turn", in.data);
    if (bx_query(c, &rows, sql.data, args, n) != BX_OK) {
        return BX_FAIL;
    }
    for (size_t i = 0; i < rows.nrows; i++) {
        o = run_of(items, "id", bx_cell_int(&rows, i, 0));
        json_array_append_new(json_object_get(o, "rungs"), json_pack("{s:s, s:s, s:o, s:o, s:o, s:b, s:b, s:o, s:s?, s:s?, s:o}",
            "step", bx_step_name((bx_step) bx_cell_int(&rows, i, 1)), "state", bx_cell_text(&rows, i, 2), "trigger_at",
            time_json(c, bx_cell_text(&rows, i, 3)), "nominal_at", time_json(c, bx_cell_text(&rows, i, 4)), "working_at",
            time_json(c, bx_cell_text(&rows, i, 5)), "late_entry", bx_cell_int(&rows, i, 6) != 0, "missed", bx_cell_int(&rows, i, 7) != 0,
            "closed_at", time_json(c, bx_cell_text(&rows, i, 8)), "reason", bx_cell_text(&rows, i, 9), "record", bx_cell_text(&rows, i, 10),
            "record_id", bx_id_json(bx_cell_int(&rows, i, 11))));
    }

    bx_buf_init(&sql, c->arena);
    bx_buf_printf(&sql, "SELECT r.id, k.at, k.reached, k.person, k.reason, k.words FROM absence_run r JOIN contact k ON k.student_id = r.student_id"
                  " AND k.at >= r.first_on WHERE r.id IN (%s) ORDER BY k.at", in.data);
    if (bx_query(c, &rows, sql.data, args, n) != BX_OK) {
        return BX_FAIL;
    }
    for (size_t i = 0; i < rows.nrows; i++) {
        o = run_of(items, "id", bx_cell_int(&rows, i, 0));
        json_object_set_new(o, "contact", json_pack("{s:o, s:b, s:s?, s:s?, s:s?}", "at", time_json(c, bx_cell_text(&rows, i, 1)), "reached",
            bx_cell_int(&rows, i, 2) != 0, "person", bx_cell_text(&rows, i, 3), "reason", bx_cell_text(&rows, i, 4), "words",
            bx_cell_text(&rows, i, 5)));
    }

    return add_guardians(c, items, in.data, args, n);
}

/* Children who are missing now; with student_id every run of that child, the newest first. */
bx_rc
bx_absence_runs(bx_call *c)
{
    bx_id     student = bx_id_parse(bx_call_query_arg(c, "student_id"));
    bx_value  args[64];
    size_t    n = 0;
    bx_buf    sql;
    bx_rows   rows;
    json_t   *items = bx_own(c->arena, json_array());

    bx_buf_init(&sql, c->arena);
    bx_buf_str(&sql, sql_runs);
    if (student != 0) {
        bx_buf_str(&sql, "t.student_id = ? AND t.state <> 'void' AND ");
        args[n++] = bx_int(student);
    } else {
        bx_buf_str(&sql, "t.state = 'open' AND ");
    }
    if (bx_scope_where(c, BX_SCOPE_STUDENT, "t", "attendance.read", &sql, args, &n, 64) != BX_OK) {
        return BX_FAIL;
    }
    bx_buf_str(&sql, student != 0 ? " ORDER BY t.first_on DESC LIMIT 200" : " ORDER BY t.id DESC LIMIT 200");
    if (sql.failed) {
        return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
    }
    if (bx_query(c, &rows, sql.data, args, n) != BX_OK) {
        return BX_FAIL;
    }

    for (size_t i = 0; i < rows.nrows; i++) {
        json_array_append_new(items, run_row(c, &rows, i));
    }
    if (add_rungs(c, items, &rows) != BX_OK) {
        return BX_FAIL;
    }
    return bx_answer(c, 200, json_pack("{s:O, s:n}", "items", items, "next"));
}
