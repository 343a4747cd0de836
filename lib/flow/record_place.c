/* record_place.c: where a record being created belongs: to a student, a school or a unit, which must be in the caller's scope.
 * Owns the choice and what it sets in the record; that the columns are written is machine.c's. */

#include "flow/flow.h"

#include <string.h>


const char *
bx_record_place_member(const bx_record_def *def)
{
    switch (def->scope) {
    case BX_SCOPE_STUDENT:
        return NULL;                          /* student_id is a field */
    case BX_SCOPE_SCHOOL:
        return "school_id";
    case BX_SCOPE_UNIT:
        return bx_record_alias(def)[0] == 'u' ? "unit_id" : NULL;
    }

    return NULL;
}


static bx_rc
place_student(bx_call *c, bx_record *r, const char *capability)
{
    const bx_record_def *students = bx_record_find("students");
    bx_buf    sql;
    bx_rows   rows;
    bx_value  args[48];
    size_t    nargs = 0;
    int       i = bx_record_field(r->def, "student_id");

    bx_buf_init(&sql, c->arena);
    if (bx_record_select(c, students, &sql, args, &nargs, 40) != BX_OK) {
        return BX_FAIL;
    }

    bx_buf_str(&sql, " WHERE t.id = ? AND ");
    args[nargs++] = i >= 0 ? r->values[i] : bx_null();

    if (bx_scope_where(c, BX_SCOPE_STUDENT, "t", capability, &sql, args, &nargs, 48) != BX_OK
        || bx_query(c, &rows, sql.data, args, nargs) != BX_OK)
    {
        return BX_FAIL;
    }
    if (rows.nrows == 0) {
        return bx_refuse(c, BX_E_INVALID, "student_id", "student_not_found", NULL);
    }

    bx_record  student;

    bx_record_from_row(c, students, &rows, 0, &student);
    r->scope = student.scope;
    r->scope.student = student.id;
    r->class_name = student.class_name;
    r->school_name = student.school_name;
    r->student_name = bx_rec_text(&student, "name");
    return BX_OK;
}


/* ---- schools and units */

static const char sql_unit[] =
    "SELECT t.id, t.level, t.name, t.parent_id, t.school_id, t.township_id, t.stage, t.entry_year, t.class_no, sc.name, sc.parent_id"
    " FROM org_unit t LEFT JOIN org_unit sc ON sc.id = t.school_id WHERE ";

static void
place_take(bx_call *c, bx_record *r, const bx_rows *rows)
{
    const char *level = bx_cell_text(rows, 0, 1);
    bool        class = strcmp(level, "class") == 0;

    r->scope.unit = bx_cell_int(rows, 0, 0);
    r->scope.class_id = class ? r->scope.unit : 0;
    r->scope.grade = class ? bx_cell_int(rows, 0, 3) : strcmp(level, "grade") == 0 ? r->scope.unit : 0;
    r->scope.school = bx_cell_int(rows, 0, 4);
    r->scope.township = bx_cell_int(rows, 0, 5);
    r->scope.central = strcmp(level, "central_school") == 0 ? r->scope.unit : bx_cell_int(rows, 0, 10);
    r->school_name = bx_cell_text(rows, 0, 9);
    r->student_name = bx_cell_text(rows, 0, 2);
    if (class) {
        r->class_name = bx_class_label(c->arena, c->lang, bx_cell_text(rows, 0, 6), (int) bx_cell_int(rows, 0, 7),
                                       (int) bx_cell_int(rows, 0, 8), bx_date_of(c->now));
    }
}


/* The one unit in which the caller has the capability; 0: none or several. */
static bx_id
only_unit(const bx_call *c, const char *capability)
{
    bx_id  found = 0;

    for (unsigned i = 0; c->who != NULL && i < c->who->ngrants; i++) {
        const bx_session_grant *g = &c->who->grants[i];
        bx_session              one = *c->who;

        one.grants[0] = *g;
        one.ngrants = 1;
        if (g->level == BX_LEVEL_CHILDREN || !bx_session_can(&one, capability) || g->unit == found) {
            continue;
        }
        if (found != 0) {
            return 0;
        }
        found = g->unit;
    }

    return found;
}


/* A unit in scope, the school or unit the body names; without a word about it the only one that it can be. */
static bx_rc
place_unit(bx_call *c, bx_record *r, const char *capability)
{
    const char *member = bx_record_place_member(r->def);
    json_t     *given = json_is_object(c->body) ? json_object_get(c->body, member) : NULL;
    bool        named = given != NULL && !json_is_null(given), of_school = r->def->scope == BX_SCOPE_SCHOOL;
    bx_id       id = named ? bx_id_parse(json_string_value(given)) : of_school ? 0 : only_unit(c, capability);
    bx_buf      sql;
    bx_rows     rows;
    bx_value    args[48];
    size_t      n = 0;

    if (!bx_call_can(c, capability)) {
        return bx_refuse(c, BX_E_FORBIDDEN, NULL, NULL, NULL);
    }
    if (!named && !of_school && id == 0) {
        return bx_refuse(c, BX_E_INVALID, member, "required", NULL);
    }

    bx_buf_init(&sql, c->arena);
    bx_buf_str(&sql, sql_unit);
    bx_buf_str(&sql, of_school ? "t.level = 'school' AND " : "");
    if (named || !of_school) {
        bx_buf_str(&sql, "t.id = ? AND ");
        args[n++] = bx_int(id);
    }
    if (bx_scope_where(c, r->def->scope, "t", capability, &sql, args, &n, 48) != BX_OK) {
        return BX_FAIL;
    }
    bx_buf_str(&sql, " LIMIT 2");
    if (bx_query(c, &rows, sql.data, args, n) != BX_OK) {
        return BX_FAIL;
    }

    if (rows.nrows == 0) {
        return named ? bx_refuse(c, BX_E_INVALID, member, "not_found", NULL) : bx_refuse(c, BX_E_FORBIDDEN, NULL, NULL, NULL);
    }
    if (rows.nrows > 1) {
        return bx_refuse(c, BX_E_INVALID, member, "required", NULL);
    }

    place_take(c, r, &rows);
    return BX_OK;
}


bx_rc
bx_record_place(bx_call *c, bx_record *r, const char *capability)
{
    return r->def->scope == BX_SCOPE_STUDENT ? place_student(c, r, capability)
        : bx_record_place_member(r->def) != NULL ? place_unit(c, r, capability) : BX_OK;
}
