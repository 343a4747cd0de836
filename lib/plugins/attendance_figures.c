/*
 * attendance_figures.c: attendance of a week or a month, by class, summed from rolls and marks when it is asked for and stored nowhere;
 * and the same as a spreadsheet. The rate is attended child-periods by due ones (出勤率). Who was late or left early attended.
 */

#include "flow/export.h"
#include "plugins/attendance.h"

#include <inttypes.h>
#include <string.h>

#define MAX_DAYS     200
#define MAX_CLASSES  300

typedef struct {
    bx_id       id, grade;
    const char *name, *grade_name;
    int64_t     expected, taken, late_entries, corrections, days;
    int64_t     due, absent, leave, sent;     /* child-periods */
    int64_t     late, left_early;             /* marks */
} class_sums;

typedef struct { bx_call *c; bx_id school; bx_date from, to; const char *school_name; class_sums *list; size_t n; } figures;

/* ------------------------------------------------------------------ what was asked for */

bx_rc
bx_attendance_school(bx_call *c, bx_id *school)
{
    const char *s = bx_call_query_arg(c, "school_id");

    *school = bx_id_parse(s);
    for (unsigned i = 0; *school == 0 && s == NULL && c->who != NULL && i < c->who->ngrants; i++) {
        if (c->who->grants[i].level != BX_LEVEL_CHILDREN) {
            *school = c->who->grants[i].school;
        }
    }

    return *school != 0 ? BX_OK : bx_refuse(c, BX_E_INVALID, "school_id", "required", NULL);
}

bx_rc
bx_attendance_span(bx_call *c, bx_date *from, bx_date *to)
{
    const char *a = bx_call_query_arg(c, "from"), *b = bx_call_query_arg(c, "to");
    bx_date     today = bx_date_of(bx_call_now(c));

    *to = b == NULL ? today : strlen(b) == 10 ? bx_date_parse(b) : BX_NO_DATE;
    *from = a == NULL ? today - bx_weekday(today) + 1 : strlen(a) == 10 ? bx_date_parse(a) : BX_NO_DATE;
    if (*from == BX_NO_DATE || *to == BX_NO_DATE) {
        return bx_refuse(c, BX_E_INVALID, *from == BX_NO_DATE ? "from" : "to", "not_date", NULL);
    }

    return *from <= *to && *to - *from <= MAX_DAYS ? BX_OK : bx_refuse(c, BX_E_INVALID, "from", "filter", NULL);
}

/* ------------------------------------------------------------------ sums */

static const char sql_classes[] =
    "SELECT u.id, u.parent_id, u.stage, u.entry_year, u.class_no, u.name, s.name, g.name FROM org_unit u JOIN org_unit s ON s.id = u.school_id"
    " LEFT JOIN org_unit g ON g.id = u.parent_id WHERE u.school_id = ? AND u.level = 'class' AND (u.closed_on IS NULL OR u.closed_on >= ?) AND ";

static bx_rc
read_classes(figures *f)
{
    bx_call    *c = f->c;
    bx_value    args[64] = { bx_int(f->school), bx_text(bx_date_text(c->arena, f->from)) };
    size_t      n = 2;
    bx_buf      sql;
    bx_rows     rows;

    bx_buf_init(&sql, c->arena);
    bx_buf_str(&sql, sql_classes);
    if (bx_scope_where(c, BX_SCOPE_UNIT, "u", "attendance.read", &sql, args, &n, 64) != BX_OK) {
        return BX_FAIL;
    }
    bx_buf_str(&sql, " ORDER BY FIELD(u.stage, 'primary', 'junior'), u.entry_year DESC, u.class_no LIMIT 300");
    if (sql.failed) {
        return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
    }
    if (bx_query(c, &rows, sql.data, args, n) != BX_OK) {
        return BX_FAIL;
    }
    if (rows.nrows == 0) {
        return bx_refuse(c, BX_E_NOT_FOUND, NULL, NULL, NULL);
    }

    f->list = bx_alloc(c->arena, rows.nrows * sizeof(*f->list));
    if (f->list == NULL) {
        return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
    }
    for (size_t i = 0; i < rows.nrows; i++) {
        const char *stage = bx_cell_text(&rows, i, 2);

        f->list[f->n++] = (class_sums) { .id = bx_cell_int(&rows, i, 0), .grade = bx_cell_int(&rows, i, 1), .grade_name = bx_cell_text(&rows, i, 7),
            .name = stage == NULL ? bx_cell_text(&rows, i, 5) : bx_class_label(c->arena, c->lang, stage, (int) bx_cell_int(&rows, i, 3),
                                                                               (int) bx_cell_int(&rows, i, 4), f->to) };
    }
    f->school_name = bx_cell_text(&rows, 0, 6);
    return BX_OK;
}

static class_sums *
class_at(figures *f, bx_id id)
{
    for (size_t i = 0; i < f->n; i++) {
        if (f->list[i].id == id) {
            return &f->list[i];
        }
    }

    return NULL;
}

static const char sql_rolls[] =
    "SELECT r.class_id, COUNT(*), SUM(r.due * (r.last_period - r.first_period + 1)), SUM(r.late_entry), SUM(r.corrected_at IS NOT NULL),"
    " COUNT(DISTINCT r.day) FROM roll_call r FORCE INDEX (school) WHERE r.school_id = ? AND r.day >= ? AND r.day <= ? GROUP BY r.class_id";

static const char sql_expected[] =
    "SELECT e.class_id, COUNT(*) FROM roll_expected e FORCE INDEX (school) WHERE e.school_id = ? AND e.day >= ? AND e.day <= ? AND e.due_at <= ?"
    " GROUP BY e.class_id";

/* What counts of each roll: a mark that another has corrected does not. An absence that leave covers by now is leave; who came
 * back early is due again from there. */
static const char sql_marks[] =
    "SELECT m.class_id, CASE WHEN m.kind IN (3, 4) THEN IF(EXISTS (SELECT 1 FROM leave_request q WHERE q.student_id = m.student_id AND q.ends_on >= m.day"
    "   AND q.starts_on <= m.day AND q.state IN ('provisional', 'approved', 'away', 'overdue', 'awaiting_paper', 'returned')"
    "   AND (q.starts_on < m.day OR q.starts_period <= m.last_period) AND (q.ends_on > m.day OR q.ends_period >= m.first_period)"
    "   AND (q.back_on IS NULL OR q.back_on > m.day OR (q.back_on = m.day AND q.back_period > m.first_period))), 4, 3) ELSE m.kind END AS k,"
    " SUM(m.last_period - m.first_period + 1), COUNT(*) FROM attendance_mark m FORCE INDEX (school) WHERE m.school_id = ? AND m.day >= ? AND m.day <= ?"
    " AND m.kind <> 0 AND NOT EXISTS (SELECT 1 FROM attendance_mark x FORCE INDEX (PRIMARY) WHERE x.student_id = m.student_id AND x.day = m.day"
    "   AND x.supersedes = m.id) GROUP BY m.class_id, k";

static bx_rc
read_sums(figures *f)
{
    bx_arena   *a = f->c->arena;
    bx_value    school = bx_int(f->school), from = bx_text(bx_date_text(a, f->from)), to = bx_text(bx_date_text(a, f->to));
    bx_rows     rolls, expected, marks;
    class_sums *k;

    if (bx_query(f->c, &rolls, sql_rolls, BX_ARGS(school, from, to)) != BX_OK
        || bx_query(f->c, &expected, sql_expected, BX_ARGS(school, from, to, bx_text(bx_time_sql(a, f->c->now)))) != BX_OK
        || bx_query(f->c, &marks, sql_marks, BX_ARGS(school, from, to)) != BX_OK)
    {
        return BX_FAIL;
    }

    for (size_t i = 0; i < rolls.nrows; i++) {
        k = class_at(f, bx_cell_int(&rolls, i, 0));
        if (k != NULL) {
            k->taken = bx_cell_int(&rolls, i, 1);
            k->due = bx_cell_int(&rolls, i, 2);
            k->late_entries = bx_cell_int(&rolls, i, 3);
            k->corrections = bx_cell_int(&rolls, i, 4);
            k->days = bx_cell_int(&rolls, i, 5);
        }
    }
    for (size_t i = 0; i < expected.nrows; i++) {
        k = class_at(f, bx_cell_int(&expected, i, 0));
        if (k != NULL) {
            k->expected = bx_cell_int(&expected, i, 1);
        }
    }
    for (size_t i = 0; i < marks.nrows; i++) {
        int64_t  periods = bx_cell_int(&marks, i, 2), n = bx_cell_int(&marks, i, 3);

        k = class_at(f, bx_cell_int(&marks, i, 0));
        if (k == NULL) {
            continue;
        }
        switch ((int) bx_cell_int(&marks, i, 1)) {
        case BX_MARK_ABSENT: k->absent += periods; break;
        case BX_MARK_LEAVE: k->leave += periods; break;
        case BX_MARK_SENT: k->sent += periods; break;
        case BX_MARK_LATE: k->late += n; break;
        case BX_MARK_LEFT_EARLY: k->left_early += n; break;
        default: break;
        }
    }

    return BX_OK;
}

static bx_rc
load(bx_call *c, figures *f)
{
    *f = (figures) { .c = c };
    return bx_attendance_school(c, &f->school) == BX_OK && bx_attendance_span(c, &f->from, &f->to) == BX_OK && read_classes(f) == BX_OK
           ? read_sums(f) : BX_FAIL;
}

static int64_t
attended(const class_sums *k)
{
    return k->due - k->absent - k->leave - k->sent;
}

static void
add(class_sums *to, const class_sums *k)
{
    to->expected += k->expected;
    to->taken += k->taken;
    to->late_entries += k->late_entries;
    to->corrections += k->corrections;
    to->due += k->due;
    to->absent += k->absent;
    to->leave += k->leave;
    to->sent += k->sent;
    to->late += k->late;
    to->left_early += k->left_early;
}

/* ------------------------------------------------------------------ GET attendance-figures */

/* Hundredths of a per cent, rounded down: 100 is everybody. */
static double
rate_of(const class_sums *k)
{
    int64_t  hundredths = attended(k) * 10000 / k->due;

    return (double) hundredths / 100;
}

static json_t *
sums_json(const class_sums *k)
{
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "expected", (json_int_t) k->expected, "taken", (json_int_t) k->taken,
        "late_entries", (json_int_t) k->late_entries, "corrections", (json_int_t) k->corrections, "due", (json_int_t) k->due,
        "attended", (json_int_t) attended(k), "absent", (json_int_t) k->absent, "leave", (json_int_t) k->leave, "sent", (json_int_t) k->sent,
        "late", (json_int_t) k->late, "left_early", (json_int_t) k->left_early,
        "rate", k->due == 0 ? json_null() : json_real(rate_of(k)));
}

bx_rc
bx_attendance_figures(bx_call *c)
{
    json_t     *classes = bx_own(c->arena, json_array()), *grades = bx_own(c->arena, json_array()), *one;
    class_sums  grade, all = { 0 };
    figures     f;

    if (load(c, &f) != BX_OK) {
        return BX_FAIL;
    }

    for (size_t i = 0; i < f.n; i++) {
        one = sums_json(&f.list[i]);
        json_object_set_new(one, "class_id", bx_id_json(f.list[i].id));
        json_object_set_new(one, "class_name", json_string(f.list[i].name));
        json_object_set_new(one, "grade_id", bx_id_json(f.list[i].grade));
        json_array_append_new(classes, one);
        add(&all, &f.list[i]);
        if (i > 0 && f.list[i].grade == f.list[i - 1].grade) {
            continue;
        }
        grade = (class_sums) { 0 };
        for (size_t k = i; k < f.n && f.list[k].grade == f.list[i].grade; k++) {
            add(&grade, &f.list[k]);
        }
        one = sums_json(&grade);
        json_object_set_new(one, "grade_id", bx_id_json(f.list[i].grade));
        json_object_set_new(one, "grade_name", f.list[i].grade_name == NULL ? json_null() : json_string(f.list[i].grade_name));
        json_array_append_new(grades, one);
    }

    return bx_answer(c, 200, json_pack("{s:o, s:s, s:s, s:s, s:O, s:O, s:o}", "school_id", bx_id_json(f.school), "school_name", f.school_name,
        "from", bx_date_text(c->arena, f.from), "to", bx_date_text(c->arena, f.to), "classes", classes, "grades", grades, "school", sums_json(&all)));
}

/* ------------------------------------------------------------------ GET attendance-figures/export */

static const char *const  export_columns[] = {
    "class", "due", "attended", "rate", "absent", "leave", "sent", "late", "left_early", "expected", "taken"
};

static bx_rc
write_row(bx_call *c, bx_sheet_writer *w, const char *name, const class_sums *k)
{
    const int64_t  numbers[] = { k->due, attended(k), 0, k->absent, k->leave, k->sent, k->late, k->left_early, k->expected, k->taken };
    const char    *cells[11] = { name };
    bx_error       err = { 0 };

    for (size_t i = 0; i < 10; i++) {
        cells[i + 1] = bx_sprintf(c->arena, "%" PRId64, numbers[i]);
    }
    cells[3] = k->due == 0 ? NULL : bx_sprintf(c->arena, "%.2f%%", rate_of(k));
    return bx_sheet_write(w, cells, 11, &err) == BX_OK ? BX_OK : bx_export_failed(c, &err);
}

bx_rc
bx_attendance_export(bx_call *c)
{
    const char      *title = bx_tr(c->arena, c->lang, "figures.title", NULL), *heads[11];
    bx_sheet_format  format;
    bx_sheet_writer *w;
    bx_error         err = { 0 };
    class_sums       all = { 0 };
    figures          f;

    if (bx_export_format(c, &format) != BX_OK || load(c, &f) != BX_OK) {
        return BX_FAIL;
    }
    w = bx_sheet_open(c->arena, format, title, &err);
    if (w == NULL) {
        return bx_export_failed(c, &err);
    }
    for (size_t i = 0; i < 11; i++) {
        heads[i] = bx_tr(c->arena, c->lang, bx_sprintf(c->arena, "figures.%s", export_columns[i]), NULL);
    }
    if (bx_sheet_write(w, heads, 11, &err) != BX_OK) {
        return bx_export_failed(c, &err);
    }
    for (size_t i = 0; i < f.n; i++) {
        add(&all, &f.list[i]);
        if (write_row(c, w, f.list[i].name, &f.list[i]) != BX_OK) {
            return BX_FAIL;
        }
    }
    if (write_row(c, w, f.school_name, &all) != BX_OK) {
        return BX_FAIL;
    }

    bx_answer_header(c, "X-Rows", bx_sprintf(c->arena, "%zu", f.n + 1));
    return bx_export_answer(c, w, format, title, "attendance-figures");
}
