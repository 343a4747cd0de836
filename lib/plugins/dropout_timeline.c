/* dropout_timeline.c: one timeline of a child from all that the reader may see: what was done in its cases, attempts, refusals,
 * trackings, notices, missed deadlines; and for the student file leave, absences, contacts, visits, papers and classes too. Reads only; each source asks for its own
 * capability and scope, so that nothing shows here which would not show there. */

#include "flow/flow.h"
#include "plugins/dropout.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* at, kind, id, case, and up to six columns whose names say what they are. %s: scope. */
typedef struct {
    const char  *kind, *capability, *sql;
    bool         file;                        /* only in the student file */
} source;

#define ROWS  " ORDER BY 1 DESC LIMIT 200"

static const source sources[] = {
    { "action", "dropout.read",
      "SELECT h.at, h.id, t.id AS case_id, h.action, h.from_state, h.to_state, h.actor, h.role, h.comment FROM dropout_case t"
      " STRAIGHT_JOIN history h ON h.record = 'dropout-cases' AND h.record_id = t.id WHERE t.student_id = ? AND ", false },
    { "persuasion", "dropout.read",
      "SELECT CONCAT(t.made_on, ' ', IFNULL(t.made_time, '00:00'), ':00') AS at, t.id, t.case_id, t.attempt_no, t.way, t.people, t.with_whom,"
      " t.outcome, t.effect, t.child_words, t.guardian_words, t.promised_on FROM persuasion t WHERE t.student_id = ? AND ", false },
    { "refusal", "dropout.read",
      "SELECT CONCAT(t.refused_on, ' 00:00:00') AS at, t.id, t.case_id, t.refused_by, t.reason, t.people, t.receipt, t.witness"
      " FROM refusal t WHERE t.student_id = ? AND ", false },
    { "tracking", "dropout.read",
      "SELECT CONCAT(t.tracked_on, ' 00:00:00') AS at, t.id, t.case_id, t.people, t.thoughts, t.guardian_view, t.whereabouts, t.fed_back_to"
      " FROM tracking t WHERE t.student_id = ? AND ", false },
    { "notice", "dropout.read",
      "SELECT t.created_at AS at, t.id, t.case_id, t.kind AS notice, t.issuer_name, t.addressee, t.state, t.served_on, t.served_how, t.receipt,"
      " t.return_by FROM return_notice t WHERE t.student_id = ? AND ", false },
    { "review", "dropout.read",
      "SELECT CONCAT(t.reviewed_on, ' 00:00:00') AS at, t.id, t.case_id, t.ordinal, t.reviewed_by, t.evaluation, t.study, t.life, t.mind"
      " FROM follow_up t WHERE t.reviewed_on IS NOT NULL AND t.student_id = ? AND ", false },
    { "missed", "dropout.read",
      "SELECT s.nominal AS at, s.id, t.id AS case_id, s.step, s.role, IF(s.state = 'missed', NULL, s.done_at) AS done_at, s.done_by FROM dropout_case t STRAIGHT_JOIN dropout_step s FORCE INDEX (step) ON s.case_id = t.id"
      " AND s.state <> 'dropped' AND s.held = 0 AND s.nominal < IFNULL(s.done_at, :now) WHERE t.student_id = ? AND ", false },
    { "leave", "leave.read",
      "SELECT t.created_at AS at, t.id, NULL AS case_id, t.state, t.kind AS leave_kind, t.starts_on, t.starts_half, t.ends_on, t.ends_half, t.reason"
      " FROM leave_request t WHERE t.state <> 'draft' AND t.student_id = ? AND ", true },
    { "absence", "attendance.read",
      "SELECT t.begins_at AS at, t.id, NULL AS case_id, t.state, t.first_on, t.last_on, t.days, t.presumed_days, t.ended_at, t.ended_by"
      " FROM absence_run t WHERE t.state <> 'void' AND t.student_id = ? AND ", true },
    { "contact", "contact.read",
      "SELECT t.at, t.id, NULL AS case_id, t.channel, t.reached, t.person, t.reason, t.words, t.made_by FROM contact t WHERE t.student_id = ? AND ", true },
    { "report", "absence_report.read",
      "SELECT t.sent_at AS at, t.id, NULL AS case_id, t.first_on, t.measure, t.made_by FROM absence_report t WHERE t.student_id = ? AND ", true },
    { "visit", "visit.read",
      "SELECT t.at, t.id, NULL AS case_id, t.way, t.visitors, t.talked_to, t.effect, t.words FROM home_visit t"
      " WHERE NOT EXISTS (SELECT 1 FROM persuasion p WHERE p.visit_id = t.id) AND t.student_id = ? AND ", true },
    { "class", "student.read",
      "SELECT CONCAT(e.starts_on, ' 00:00:00') AS at, e.id, NULL AS case_id, u.stage, u.entry_year, u.class_no, sc.name AS school_name"
      " FROM student t STRAIGHT_JOIN enrolment e ON e.student_id = t.id JOIN org_unit u ON u.id = e.class_id"
      " JOIN org_unit sc ON sc.id = e.school_id WHERE t.id = ? AND ", true },
    { "paper", "document.read",
      "SELECT t.issued_at AS at, t.id, NULL AS case_id, t.title, t.number, t.issuer, t.issued_by, t.voided_at FROM document t WHERE t.student_id = ? AND ", true },
    { NULL, NULL, NULL, false }
};


static int
newest_first(const void *a, const void *b)
{
    const json_t *x = *(json_t *const *) a, *y = *(json_t *const *) b;
    int           order = strcmp(json_string_value(json_object_get(y, "at")), json_string_value(json_object_get(x, "at")));

    return order != 0 ? order : strcmp(json_string_value(json_object_get(y, "id")), json_string_value(json_object_get(x, "id")));
}


static json_t *
value_json(bx_call *c, const char *name, const bx_value *v)
{
    size_t  n = strlen(name);

    if (v->kind == BX_V_NULL) {
        return json_null();
    }
    if (v->kind == BX_V_INT) {
        return n >= 2 && strcmp(name + n - 2, "id") == 0 ? json_sprintf("%" PRId64, v->i) : json_integer(v->i);
    }
    /* a time of the database is written as everywhere */
    if (v->len == 19 && v->s[10] == ' ' && v->s[4] == '-') {
        return json_string(bx_time_iso(c->arena, bx_time_parse_sql(v->s)));
    }

    return json_stringn(v->s, v->len);
}


static void
rows_add(bx_call *c, const source *src, const bx_rows *rows, json_t *items)
{
    for (size_t i = 0; i < rows->nrows; i++) {
        json_t *o = json_pack("{s:s}", "kind", src->kind);

        for (size_t col = 0; col < rows->ncols; col++) {
            json_object_set_new(o, rows->names[col], value_json(c, rows->names[col], bx_cell(rows, i, col)));
        }
        if (json_is_string(json_object_get(o, "role"))) {
            const char *key = bx_sprintf(c->arena, "role.%s", json_string_value(json_object_get(o, "role")));

            json_object_set_new(o, "role_label", json_string(bx_tr(c->arena, c->lang, key, NULL)));
        }
        if (strcmp(src->kind, "class") == 0) {
            json_object_set_new(o, "class_name", json_string(bx_class_label(c->arena, c->lang,
                json_string_value(json_object_get(o, "stage")), (int) json_integer_value(json_object_get(o, "entry_year")),
                (int) json_integer_value(json_object_get(o, "class_no")), bx_date_of(bx_time_parse_sql(bx_cell_text(rows, i, 0))))));
        }
        json_array_append_new(items, o);
    }
}


static bx_rc
source_read(bx_call *c, const source *src, bx_id student, json_t *items)
{
    const char *mark = strstr(src->sql, ":now");
    bx_buf      sql;
    bx_value    args[48];
    bx_rows     rows;
    size_t      n = 0;

    bx_buf_init(&sql, c->arena);
    if (mark != NULL) {
        bx_buf_add(&sql, src->sql, (size_t) (mark - src->sql));
        bx_buf_str(&sql, "?");
        args[n++] = bx_text(bx_time_sql(c->arena, c->now));
    }
    bx_buf_str(&sql, mark == NULL ? src->sql : mark + 4);
    args[n++] = bx_int(student);

    if (bx_scope_where(c, BX_SCOPE_STUDENT, "t", src->capability, &sql, args, &n, 48) != BX_OK) {
        return BX_FAIL;
    }
    bx_buf_str(&sql, ROWS);
    if (bx_query(c, &rows, sql.data, args, n) != BX_OK) {
        return BX_FAIL;
    }

    rows_add(c, src, &rows, items);
    return BX_OK;
}


static bx_rc
timeline(bx_call *c, bx_id student, bool file)
{
    json_t  *found = bx_own(c->arena, json_array()), *items, **sorted;
    size_t   n;

    for (const source *src = sources; src->kind != NULL; src++) {
        if ((src->file && !file) || !bx_call_can(c, src->capability)) {
            continue;
        }
        if (source_read(c, src, student, found) != BX_OK) {
            return BX_FAIL;
        }
    }

    n = json_array_size(found);
    sorted = bx_alloc(c->arena, (n + 1) * sizeof(*sorted));
    if (sorted == NULL) {
        return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
    }
    for (size_t i = 0; i < n; i++) {
        sorted[i] = json_array_get(found, i);
    }
    qsort(sorted, n, sizeof(*sorted), newest_first);

    items = json_array();
    for (size_t i = 0; i < n && i < 400; i++) {
        json_array_append(items, sorted[i]);
    }
    return bx_answer(c, 200, json_pack("{s:o}", "items", items));
}


static bx_rc
record_of_route(bx_call *c, const bx_record_def *def, bx_id *student)
{
    bx_record  r;
    bool       found;

    if (bx_record_read(c, def, bx_call_path_id(c), &r, &found) != BX_OK) {
        return BX_FAIL;
    }

    if (!found) {
        return bx_refuse(c, BX_E_NOT_FOUND, NULL, NULL, NULL);
    }

    *student = r.scope.student;
    return BX_OK;
}


bx_rc
bx_dropout_timeline(bx_call *c)
{
    bx_id  student;

    return record_of_route(c, bx_dropout_record, &student) == BX_OK ? timeline(c, student, false) : BX_FAIL;
}


bx_rc
bx_student_timeline(bx_call *c)
{
    bx_id  student;

    return record_of_route(c, bx_record_find("students"), &student) == BX_OK ? timeline(c, student, true) : BX_FAIL;
}
