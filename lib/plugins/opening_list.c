/*
 * opening_list.c: who has come at the start of a term, class by class and child by child. Reads only. A child has come who was
 * registered, or who was at school by any roll of the term: nobody says it twice.
 */

#include "flow/flow.h"
#include "plugins/attendance.h"
#include "plugins/opening.h"

#include <inttypes.h>
#include <string.h>

#define ROLL_DAYS  13                         /* of the term: rolls that show who was there; later ones end the run of a no-show */

bx_rc
bx_opening_term_of(bx_call *c, bx_id unit, bx_opening_term *out)
{
    bx_date  today = bx_date_of(bx_call_now(c)), day = today;
    int64_t  early;

    if (bx_rule_int(c, "opening.early_days", unit, &early) != BX_OK || bx_calendar_load(c, unit, today, today + (bx_date) early, &out->cal) != BX_OK) {
        return BX_FAIL;
    }
    while (!bx_calendar_term(out->cal, day, &out->term_on, &out->ends)) {
        if (++day > today + early) {
            return bx_refuse(c, BX_E_INVALID, "term", "opening.no_term", NULL);
        }
    }

    out->first = bx_is_school_day(out->cal, out->term_on) ? out->term_on : bx_add_school_days(out->cal, out->term_on, 1);
    return out->first == BX_NO_DATE ? bx_refuse(c, BX_E_INVALID, "term", "opening.no_term", NULL) : BX_OK;
}

static const char sql_children[] =
    "SELECT s.id, s.name, s.seat_no, s.class_id, e.came_at, a.name, n.id, n.version, n.state, n.responsible, n.due_on, n.reason, n.measure, n.came_at,"
    " n.result, EXISTS (SELECT 1 FROM leave_request q WHERE q.student_id = s.id AND q.starts_on <= ? AND q.ends_on >= ?"
    "   AND q.state IN ('provisional', 'approved', 'away', 'overdue', 'awaiting_paper')),"
    " (SELECT COUNT(*) FROM roll_call r WHERE r.class_id = s.class_id AND r.day >= ? AND r.day <= ?) > (SELECT COUNT(DISTINCT m.roll_id)"
    "   FROM attendance_mark m FORCE INDEX (PRIMARY) LEFT JOIN attendance_mark k FORCE INDEX (PRIMARY) ON k.student_id = m.student_id AND k.day = m.day AND k.supersedes = m.id"
    "   WHERE m.student_id = s.id AND m.day >= ? AND m.day <= ? AND m.kind IN (3, 4, 5) AND k.id IS NULL),"
    " (SELECT x.person FROM responsibility x WHERE x.student_id = s.id AND x.starts_on <= ? AND (x.ends_on IS NULL OR x.ends_on >= ?)"
    "   ORDER BY x.id LIMIT 1)"
    " FROM student s LEFT JOIN opening_entry e ON e.student_id = s.id AND e.term_on = ? LEFT JOIN account a ON a.id = e.saved_by"
    " LEFT JOIN no_show n ON n.student_id = s.id AND n.term_on = ? AND n.live = 0 WHERE s.status IN ('01', '05') AND s.placement <> 'home_delivery' AND ";

bx_rc
bx_opening_children(bx_call *c, const bx_opening_term *t, bx_id class_id, bx_id school, bx_rows *out)
{
    bx_arena *a = bx_call_arena(c);
    bx_date   today = bx_date_of(bx_call_now(c)), day = today > t->first ? today : t->first;
    bx_value  on = bx_text(bx_date_text(a, day)), now = bx_text(bx_date_text(a, today)), term = bx_text(bx_date_text(a, t->term_on));
    bx_value  until = bx_text(bx_date_text(a, t->term_on + ROLL_DAYS));
    bx_value  args[64] = { on, on, term, until, term, until, now, now, term, term };
    size_t    n = 10;
    bx_buf    sql;

    bx_buf_init(&sql, a);
    bx_buf_str(&sql, sql_children);
    bx_buf_str(&sql, class_id != 0 ? "s.class_id = ? AND " : "s.school_id = ? AND ");
    args[n++] = bx_int(class_id != 0 ? class_id : school);
    if (bx_scope_where(c, BX_SCOPE_STUDENT, "s", "opening.read", &sql, args, &n, 64) != BX_OK) {
        return BX_FAIL;
    }
    bx_buf_str(&sql, " ORDER BY s.class_id, s.seat_no IS NULL, s.seat_no, s.id LIMIT 6000");
    return sql.failed ? bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL) : bx_query(c, out, sql.data, args, n);
}

const char *
bx_opening_status(const bx_rows *rows, size_t i)
{
    const char *state = bx_cell_text(rows, i, BX_OP_STATE);

    if (bx_cell_text(rows, i, BX_OP_CAME_AT) != NULL || bx_cell_int(rows, i, BX_OP_ATTENDED) != 0 || (state != NULL && strcmp(state, "come") == 0)) {
        return "come";
    }
    if (state != NULL) {
        return strcmp(state, "missing") == 0 && bx_cell_int(rows, i, BX_OP_LEAVE) != 0 ? "leave" : state;
    }

    return bx_cell_int(rows, i, BX_OP_LEAVE) != 0 ? "leave" : "waiting";
}

/* ------------------------------------------------------------------ GET opening */

static json_t *
time_json(bx_call *c, const char *sql)
{
    return sql == NULL ? json_null() : json_string(bx_time_iso(bx_call_arena(c), bx_time_parse_sql(sql)));
}

static json_t *
child_json(bx_call *c, const bx_rows *rows, size_t i)
{
    bool     listed = bx_cell_text(rows, i, BX_OP_STATE) != NULL;
    json_t  *show = !listed ? json_null() : json_pack("{s:o, s:I, s:s, s:s?, s:s?, s:s?, s:s?, s:o, s:s?}",
        "id", bx_id_json(bx_cell_int(rows, i, BX_OP_SHOW)), "version", (json_int_t) bx_cell_int(rows, i, BX_OP_VERSION),
        "state", bx_cell_text(rows, i, BX_OP_STATE), "responsible", bx_cell_text(rows, i, BX_OP_PERSON), "due_on", bx_cell_text(rows, i, BX_OP_DUE),
        "reason", bx_cell_text(rows, i, BX_OP_REASON), "measure", bx_cell_text(rows, i, BX_OP_MEASURE), "came_at",
        time_json(c, bx_cell_text(rows, i, BX_OP_BACK_AT)), "result", bx_cell_text(rows, i, BX_OP_RESULT));

    return json_pack("{s:o, s:s, s:o, s:o, s:s, s:o, s:s?, s:o}", "id", bx_id_json(bx_cell_int(rows, i, BX_OP_ID)), "name",
        bx_cell_text(rows, i, BX_OP_NAME), "seat_no", bx_cell(rows, i, BX_OP_SEAT)->kind == BX_V_NULL ? json_null() : json_integer(bx_cell_int(rows, i, BX_OP_SEAT)),
        "class_id", bx_id_json(bx_cell_int(rows, i, BX_OP_CLASS)), "status", bx_opening_status(rows, i), "came_at",
        time_json(c, bx_cell_text(rows, i, BX_OP_CAME_AT)), "by", bx_cell_text(rows, i, BX_OP_BY), "no_show", show);
}

static const char sql_classes[] =
    "SELECT u.id, u.stage, u.entry_year, u.class_no, u.name, s.name, g.id, g.version, g.created_at, g.closed_by,"
    " (SELECT GROUP_CONCAT(a.name ORDER BY p.id SEPARATOR '、') FROM position p JOIN account a ON a.id = p.account_id"
    "   WHERE p.unit_id = u.id AND p.role = 'teacher' AND p.starts_on <= ? AND (p.ends_on IS NULL OR p.ends_on >= ?)), u.parent_id, u.school_id, u.township_id, s.parent_id"
    " FROM org_unit u JOIN org_unit s ON s.id = u.school_id LEFT JOIN opening_register g ON g.unit_id = u.id AND g.term_on = ?"
    " WHERE u.level = 'class' AND u.closed_on IS NULL AND ";

static bx_rc
read_classes(bx_call *c, const bx_opening_term *t, bx_id class_id, bx_id school, bx_rows *out)
{
    bx_arena *a = bx_call_arena(c);
    bx_value  today = bx_text(bx_date_text(a, bx_date_of(bx_call_now(c)))), args[64] = { today, today, bx_text(bx_date_text(a, t->term_on)) };
    size_t    n = 3;
    bx_buf    sql;

    bx_buf_init(&sql, a);
    bx_buf_str(&sql, sql_classes);
    bx_buf_str(&sql, class_id != 0 ? "u.id = ? AND " : "u.school_id = ? AND ");
    args[n++] = bx_int(class_id != 0 ? class_id : school);
    if (bx_scope_where(c, BX_SCOPE_UNIT, "u", "opening.read", &sql, args, &n, 64) != BX_OK) {
        return BX_FAIL;
    }
    bx_buf_str(&sql, " ORDER BY FIELD(u.stage, 'primary', 'junior'), u.entry_year DESC, u.class_no LIMIT 300");
    return sql.failed ? bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL) : bx_query(c, out, sql.data, args, n);
}

static json_t *
class_json(bx_call *c, const bx_rows *classes, size_t k, const bx_rows *rows)
{
    static const char *const  words[] = { "come", "leave", "missing", "settled", "waiting" };
    int                       n[5] = { 0 }, due = 0;
    bx_id                     id = bx_cell_int(classes, k, 0);
    bx_row_scope              scope = { .class_id = id, .grade = bx_cell_int(classes, k, 11), .school = bx_cell_int(classes, k, 12),
                                        .township = bx_cell_int(classes, k, 13), .central = bx_cell_int(classes, k, 14), .unit = id };
    json_t                   *o;
    const char               *stage = bx_cell_text(classes, k, 1);

    for (size_t i = 0; i < rows->nrows; i++) {
        const char *status = bx_opening_status(rows, i);

        if (bx_cell_int(rows, i, BX_OP_CLASS) != id) {
            continue;
        }
        due++;
        for (size_t w = 0; w < 5; w++) {
            n[w] += strcmp(status, words[w]) == 0;
        }
    }

    o = json_pack("{s:o, s:s, s:s?, s:i, s:o, s:o, s:s?, s:b}", "class_id", bx_id_json(id), "class_name", stage == NULL ? bx_cell_text(classes, k, 4)
        : bx_class_label(bx_call_arena(c), bx_call_lang(c), stage, (int) bx_cell_int(classes, k, 2), (int) bx_cell_int(classes, k, 3), bx_date_of(bx_call_now(c))),
        "teacher", bx_cell_text(classes, k, 10), "due", due, "register_id", bx_id_json(bx_cell_int(classes, k, 6)), "closed_at",
        time_json(c, bx_cell_text(classes, k, 8)), "closed_by", bx_cell_text(classes, k, 9), "may_register", bx_scope_allows(c, "opening.register", &scope));
    for (size_t w = 0; w < 5; w++) {
        json_object_set_new(o, words[w], json_integer(n[w]));
    }

    return o;
}

/* The only class or school the caller has. */
static bx_rc
unit_asked(bx_call *c, bx_id *class_id, bx_id *school)
{
    const char *k = bx_call_query_arg(c, "class_id"), *s = bx_call_query_arg(c, "school_id");

    *class_id = bx_id_parse(k);
    *school = bx_id_parse(s);
    for (unsigned i = 0; *class_id == 0 && *school == 0 && c->who != NULL && i < c->who->ngrants && k == NULL && s == NULL; i++) {
        if (c->who->grants[i].level != BX_LEVEL_CHILDREN) {
            *school = c->who->grants[i].school;
        }
    }

    return *class_id != 0 || *school != 0 ? BX_OK : bx_refuse(c, BX_E_INVALID, k != NULL ? "class_id" : "school_id", "required", NULL);
}

/* A class with its children; a school by class, with the children who have not come. */
bx_rc
bx_opening_list(bx_call *c)
{
    bx_arena        *a = bx_call_arena(c);
    bx_opening_term  t = { 0 };
    bx_id            class_id, school;
    bx_rows          classes, rows;
    json_t          *list = bx_own(a, json_array()), *children = bx_own(a, json_array());
    const char      *status;

    if (unit_asked(c, &class_id, &school) != BX_OK || bx_opening_term_of(c, class_id != 0 ? class_id : school, &t) != BX_OK
        || read_classes(c, &t, class_id, school, &classes) != BX_OK)
    {
        return BX_FAIL;
    }
    if (classes.nrows == 0) {
        return bx_refuse(c, BX_E_NOT_FOUND, NULL, NULL, NULL);
    }
    if (bx_opening_children(c, &t, class_id, school, &rows) != BX_OK) {
        return BX_FAIL;
    }

    for (size_t k = 0; k < classes.nrows; k++) {
        json_array_append_new(list, class_json(c, &classes, k, &rows));
    }
    for (size_t i = 0; i < rows.nrows; i++) {
        status = bx_opening_status(&rows, i);
        if (class_id != 0 || bx_cell_text(&rows, i, BX_OP_STATE) != NULL || strcmp(status, "leave") == 0) {
            json_array_append_new(children, child_json(c, &rows, i));
        }
    }

    return bx_answer(c, 200, json_pack("{s:s, s:s, s:s, s:s, s:O, s:O}", "school_name", bx_cell_text(&classes, 0, 5), "term_on",
        bx_date_text(a, t.term_on), "ends_on", bx_date_text(a, t.ends), "first_day", bx_date_text(a, t.first), "classes", list, "students", children));
}
