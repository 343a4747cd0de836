/* people_classes.c: the classes of a school with their size and teacher, and the school days of a class.
 * Owns what ?with= adds to a list of classes and whose calendar is asked for; not what a school day is (flow/calendar.c). */
#include "flow/calendar.h"
#include "flow/flow.h"
#include "plugins/people.h"

#include <string.h>

#define MAX_CALENDAR_DAYS  62
#define MAX_OWN_CLASSES    4

/* ---- GET classes */

static const char sql_classes[] =
    "SELECT u.id, u.name, u.stage, u.entry_year, u.class_no, u.parent_id,"
    " (SELECT COUNT(*) FROM student s WHERE s.class_id = u.id AND s.status IN ('01', '05')) AS students,"
    " (SELECT GROUP_CONCAT(a.name ORDER BY p.id SEPARATOR '、') FROM position p JOIN account a ON a.id = p.account_id"
    "   WHERE p.unit_id = u.id AND p.role = 'teacher' AND p.starts_on <= ? AND (p.ends_on IS NULL OR p.ends_on >= ?)"
    " ) AS teacher"
    " FROM org_unit u WHERE u.school_id = ? AND u.level = 'class' AND u.closed_on IS NULL AND ";

static const char sql_classes_order[] =
    " ORDER BY FIELD(u.stage, 'primary', 'junior'), u.entry_year DESC, u.class_no LIMIT 300";

/* The school of the query, or the only one the caller works in. */
static bx_rc
school_asked(bx_call *c, bx_id *school)
{
    const char  *s = bx_call_query_arg(c, "school_id");

    *school = bx_id_parse(s);
    if (*school != 0) {
        return BX_OK;
    }
    if (s != NULL && *s != '\0') {
        return bx_refuse(c, BX_E_INVALID, "school_id", "filter", NULL);
    }

    for (unsigned i = 0; i < c->who->ngrants; i++) {
        bx_id  of = c->who->grants[i].school;

        if (c->who->grants[i].level == BX_LEVEL_CHILDREN || of == *school) {
            continue;
        }
        if (*school != 0 || of == 0) {
            return bx_refuse(c, BX_E_INVALID, "school_id", "required", NULL);
        }
        *school = of;
    }

    return *school != 0 ? BX_OK : bx_refuse(c, BX_E_INVALID, "school_id", "required", NULL);
}

/* Does ?with=term,seats,guardians name the word? */
static bool
with(bx_call *c, const char *word)
{
    const char  *list = bx_call_query_arg(c, "with");
    size_t       n = strlen(word);

    for (const char *p = list != NULL ? list : ""; *p != '\0'; p += strcspn(p, ","), p += *p == ',') {
        if (strcspn(p, ",") == n && strncmp(p, word, n) == 0) {
            return true;
        }
    }

    return false;
}

/* term: the one that holds today; null in vacations and without classes. */
static bx_rc
add_term(bx_call *c, json_t *answer, const bx_rows *rows)
{
    const bx_calendar  *cal;
    bx_date             today = bx_date_of(c->now), starts, ends;
    json_t             *term = json_null();

    if (rows->nrows > 0) {
        if (bx_calendar_load(c, bx_cell_int(rows, 0, 0), today, today, &cal) != BX_OK) {
            return BX_FAIL;
        }
        if (bx_calendar_term(cal, today, &starts, &ends)) {
            term = json_pack("{s:s, s:s}", "starts_on", bx_date_text(c->arena, starts), "ends_on", bx_date_text(c->arena, ends));
        }
    }

    json_object_set_new(answer, "term", term);
    return BX_OK;
}

static const char sql_seats[] =
    "SELECT t.id, t.name, t.seat_no FROM student t WHERE t.class_id = ? AND t.status IN ('01', '05') AND ";

/* seats: the children of each class, of as many classes as a person teaches; more classes go without. */
static bx_rc
add_seats(bx_call *c, json_t *items, const bx_rows *rows)
{
    for (size_t i = 0; i < rows->nrows && rows->nrows <= MAX_OWN_CLASSES; i++) {
        bx_buf    sql;
        bx_rows   found;
        bx_value  args[48] = { bx_int(bx_cell_int(rows, i, 0)) };
        size_t    nargs = 1;
        json_t   *seats = json_array();

        json_object_set_new(json_array_get(items, i), "seats", seats);
        bx_buf_init(&sql, c->arena);
        bx_buf_str(&sql, sql_seats);
        if (bx_scope_where(c, BX_SCOPE_STUDENT, "t", "student.read", &sql, args, &nargs, 48) != BX_OK) {
            return BX_FAIL;
        }
        bx_buf_str(&sql, " ORDER BY t.seat_no IS NULL, t.seat_no, t.id LIMIT 200");
        if (sql.failed) {
            return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
        }
        if (bx_query(c, &found, sql.data, args, nargs) != BX_OK) {
            return BX_FAIL;
        }

        for (size_t k = 0; k < found.nrows; k++) {
            bool  has_no = bx_cell(&found, k, 2)->kind != BX_V_NULL;

            json_array_append_new(seats, json_pack("{s:o, s:s, s:o}", "id", bx_id_json(bx_cell_int(&found, k, 0)),
                "name", bx_cell_text(&found, k, 1),
                "seat_no", has_no ? json_integer(bx_cell_int(&found, k, 2)) : json_null()));
        }
    }

    return BX_OK;
}

static const char sql_activated[] =
    "SELECT s.class_id, COUNT(DISTINCT g.id), COUNT(DISTINCT CASE WHEN g.account_id IS NOT NULL THEN g.id END)"
    " FROM student s JOIN student_guardian sg ON sg.student_id = s.id AND sg.ends_on IS NULL"
    " JOIN guardian g ON g.id = sg.guardian_id"
    " WHERE s.school_id = ? AND s.status IN ('01', '05') GROUP BY s.class_id";

/* guardians, guardians_active: how many there are and how many of them have an account. */
static bx_rc
add_guardians(bx_call *c, json_t *items, const bx_rows *rows, bx_id school)
{
    bx_rows  found;

    if (bx_query(c, &found, sql_activated, BX_ARGS(bx_int(school))) != BX_OK) {
        return BX_FAIL;
    }

    for (size_t i = 0; i < rows->nrows; i++) {
        int64_t  all = 0, active = 0;

        for (size_t k = 0; k < found.nrows; k++) {
            if (bx_cell_int(&found, k, 0) == bx_cell_int(rows, i, 0)) {
                all = bx_cell_int(&found, k, 1);
                active = bx_cell_int(&found, k, 2);
            }
        }

        json_object_set_new(json_array_get(items, i), "guardians", json_integer(all));
        json_object_set_new(json_array_get(items, i), "guardians_active", json_integer(active));
    }

    return BX_OK;
}

bx_rc
bx_people_classes(bx_call *c)
{
    bx_buf       sql;
    bx_rows      rows;
    bx_value     args[64];
    size_t       nargs = 0;
    bx_id        school;
    json_t      *items, *answer;
    const char  *today = bx_date_text(c->arena, bx_date_of(c->now));

    if (school_asked(c, &school) != BX_OK) {
        return BX_FAIL;
    }

    args[nargs++] = bx_text(today);
    args[nargs++] = bx_text(today);
    args[nargs++] = bx_int(school);

    bx_buf_init(&sql, c->arena);
    bx_buf_str(&sql, sql_classes);
    if (bx_scope_where(c, BX_SCOPE_UNIT, "u", "unit.read", &sql, args, &nargs, 64) != BX_OK) {
        return BX_FAIL;
    }
    bx_buf_str(&sql, sql_classes_order);

    if (sql.failed) {
        return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
    }
    if (bx_query(c, &rows, sql.data, args, nargs) != BX_OK) {
        return BX_FAIL;
    }

    items = json_array();
    answer = bx_own(c->arena, json_pack("{s:o}", "items", items));
    for (size_t i = 0; i < rows.nrows; i++) {
        json_array_append_new(items, json_pack("{s:o, s:s, s:s?, s:I, s:I, s:o, s:I, s:s?}",
            "id", bx_id_json(bx_cell_int(&rows, i, 0)), "name", bx_people_class_name(c, &rows, i, 1),
            "stage", bx_cell_text(&rows, i, 2), "entry_year", bx_cell_int(&rows, i, 3),
            "class_no", bx_cell_int(&rows, i, 4), "parent_id", bx_id_json(bx_cell_int(&rows, i, 5)),
            "students", bx_cell_int(&rows, i, 6), "teacher", bx_cell_text(&rows, i, 7)));
    }

    if ((with(c, "term") && add_term(c, answer, &rows) != BX_OK)
        || (with(c, "seats") && bx_call_can(c, "student.read") && add_seats(c, items, &rows) != BX_OK)
        || (with(c, "guardians") && bx_call_can(c, "student.contacts") && add_guardians(c, items, &rows, school) != BX_OK))
    {
        return BX_FAIL;
    }

    return bx_answer(c, 200, json_incref(answer));
}

/* ---- GET calendar */

/* One id in the caller's scope: a class as a unit, or the class of a student. 0 when there is none. */
static bx_rc
class_in_scope(bx_call *c, bx_scope scope, const char *select, bx_id id, bx_id *class_id)
{
    bx_buf    sql;
    bx_rows   rows;
    bx_value  args[48];
    size_t    nargs = 1;

    args[0] = bx_int(id);
    bx_buf_init(&sql, c->arena);
    bx_buf_str(&sql, select);

    if (bx_scope_where(c, scope, "t", "calendar.read", &sql, args, &nargs, 48) != BX_OK) {
        return BX_FAIL;
    }
    bx_buf_str(&sql, " LIMIT 1");

    if (sql.failed) {
        return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
    }
    if (bx_query(c, &rows, sql.data, args, nargs) != BX_OK) {
        return BX_FAIL;
    }

    *class_id = rows.nrows == 0 ? 0 : bx_cell_int(&rows, 0, 0);
    return BX_OK;
}

static bx_rc
class_asked(bx_call *c, bx_id *class_id)
{
    static const char  by_student[] = "SELECT t.class_id FROM student t WHERE t.id = ? AND ";
    static const char  by_class[] = "SELECT t.id FROM org_unit t WHERE t.id = ? AND t.level = 'class' AND ";
    static const char  by_classmate[] = "SELECT t.class_id FROM student t WHERE t.class_id = ? AND ";
    const char        *class_arg = bx_call_query_arg(c, "class_id"), *student_arg = bx_call_query_arg(c, "student_id");
    bx_id              id = bx_id_parse(class_arg != NULL ? class_arg : student_arg);
    bx_rc              rc;

    if (class_arg == NULL && student_arg == NULL) {
        return bx_refuse(c, BX_E_INVALID, "class_id", "required", NULL);
    }
    if (id == 0) {
        return bx_refuse(c, BX_E_INVALID, class_arg != NULL ? "class_id" : "student_id", "filter", NULL);
    }

    if (class_arg == NULL) {
        rc = class_in_scope(c, BX_SCOPE_STUDENT, by_student, id, class_id);
    } else {
        rc = class_in_scope(c, BX_SCOPE_UNIT, by_class, id, class_id);
        if (rc == BX_OK && *class_id == 0) {  /* a guardian: the class of an own child */
            rc = class_in_scope(c, BX_SCOPE_STUDENT, by_classmate, id, class_id);
        }
    }

    if (rc != BX_OK) {
        return BX_FAIL;
    }

    return *class_id != 0 ? BX_OK : bx_refuse(c, BX_E_NOT_FOUND, NULL, NULL, NULL);
}

static bx_rc
date_asked(bx_call *c, const char *name, bx_date otherwise, bx_date *out)
{
    const char  *s = bx_call_query_arg(c, name);

    *out = s == NULL || *s == '\0' ? otherwise : bx_date_parse(s);
    return *out != BX_NO_DATE ? BX_OK : bx_refuse(c, BX_E_INVALID, name, "not_date", NULL);
}

bx_rc
bx_people_calendar(bx_call *c)
{
    const bx_calendar  *cal;
    bx_id               class_id;
    bx_date             from, to;
    json_t             *j;

    if (date_asked(c, "from", bx_date_of(c->now), &from) != BX_OK || date_asked(c, "to", from + 13, &to) != BX_OK) {
        return BX_FAIL;
    }
    if (to < from) {
        return bx_refuse(c, BX_E_INVALID, "to", "calendar.backwards", NULL);
    }
    if (to - from >= MAX_CALENDAR_DAYS) {
        return bx_refuse(c, BX_E_INVALID, "to", "calendar.too_long", json_pack("{s:i}", "max", MAX_CALENDAR_DAYS));
    }

    if (class_asked(c, &class_id) != BX_OK || bx_calendar_load(c, class_id, from, to, &cal) != BX_OK) {
        return BX_FAIL;
    }

    j = bx_calendar_json(cal, from, to);
    return j != NULL ? bx_answer(c, 200, j) : bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
}
