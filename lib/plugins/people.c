/*
 * people.c: children and the units they are in, as they are looked up.
 *
 * Owns the records students and org-units, the code lists, the tables of the plugin, and the one way to a number that is
 * masked everywhere else: `reveal`, with a reason and a line in the audit chain. The classes of a school and a class's
 * calendar are people_classes.c, a guardian's own children people_children.c, a guardian's own copy people_copy.c.
 * Does not own how children come in (import.c), nor accounts (account.c): what is here is read-only but for that line.
 *
 * Roles and what they may do here follow their place: whoever answers for children sees them; the full numbers are for
 * those who call homes and keep the enrolment (class teacher, academic office, registrar).
 */
#include "flow/flow.h"
#include "plugins/people.h"

#include <string.h>

/* ---- students */

static const bx_field student_fields[] = {
    /* name          type       flags                       min  max  arg            pattern  read */
    { "name",        BX_TEXT,   BX_IN_LIST | BX_SEARCH,       1,  60, NULL,          NULL, NULL, NULL },
    { "seat_no",     BX_INT,    BX_IN_LIST,                   1, 999, NULL,          NULL, NULL, NULL },
    { "sex",         BX_CODE,   BX_IN_LIST,                   0,   0, "sex",         NULL, NULL, NULL },
    { "birth_on",    BX_DATE,   BX_IN_LIST,                   0,   0, NULL,          NULL, NULL, NULL },
    { "status",      BX_CODE,   BX_FILTER,                    0,   0, "student_status", NULL, NULL, NULL },
    { "boarding",    BX_BOOL,   0,                            0,   0, NULL,          NULL, NULL, NULL },
    { "placement",   BX_CODE,   BX_FILTER,                    0,   0, "placement",   NULL, NULL, NULL },
    { "former_name", BX_TEXT,   0,                            1,  60, NULL,          NULL, "student.detail", NULL },
    { "ethnic",      BX_CODE,   0,                            0,   0, "ethnic",      NULL, "student.detail", NULL },
    { "id_type",     BX_CODE,   0,                            0,   0, "id_type",     NULL, "student.detail", NULL },
    { "id_number",   BX_SECRET, BX_IN_LIST,                   0,   0, "id",          NULL, "student.detail", NULL },
    { "enrolment_no", BX_SECRET, 0,                           0,   0, "id",          NULL, "student.detail", NULL },
    { "enrolled_on", BX_DATE,   0,                            0,   0, NULL,          NULL, "student.detail", NULL },
    { "left_behind", BX_CODE,   0,                            0,   0, "left_behind", NULL, "student.detail", NULL },
    { "migrant",     BX_BOOL,   0,                            0,   0, NULL,          NULL, "student.detail", NULL },
    { "disability",  BX_CODE,   0,                            0,   0, "disability",  NULL, "student.detail", NULL },
    { "phone",       BX_SECRET, 0,                            0,   0, "phone",       NULL, "student.contacts", NULL },
    { "address",     BX_SECRET, 0,                            0,   0, "address",     NULL, "student.contacts", NULL },
    { NULL }
};

static const char sql_guardians[] =
    "SELECT g.id, g.name, sg.relation, sg.relation_text, g.phone, g.account_id IS NOT NULL AS active"
    " FROM student t JOIN student_guardian sg ON sg.student_id = t.id AND sg.ends_on IS NULL"
    " JOIN guardian g ON g.id = sg.guardian_id WHERE t.id = ? AND ";

/* A sealed number as everybody sees it; NULL when there is none or it cannot be opened. */
static const char *
masked(bx_call *c, const char *kind, const bx_value *sealed)
{
    char  *plain;

    if (sealed->kind == BX_V_NULL || bx_unseal(c->arena, sealed, &plain) != BX_OK) {
        return NULL;
    }

    return bx_mask(c->arena, kind, plain);
}

/* Guardians of one child, for those who call homes; a guardian does not see the others here. */
static bx_rc
student_decorate(bx_call *c, json_t *rows, bool one)
{
    bx_buf    sql;
    bx_rows   found;
    bx_value  args[48];
    size_t    nargs = 1;
    json_t   *student = json_array_get(rows, 0), *list;

    if (!one || !bx_call_can(c, "student.contacts")) {
        return BX_OK;
    }

    args[0] = bx_int(bx_id_parse(json_string_value(json_object_get(student, "id"))));
    bx_buf_init(&sql, c->arena);
    bx_buf_str(&sql, sql_guardians);
    if (bx_scope_where(c, BX_SCOPE_STUDENT, "t", "student.contacts", &sql, args, &nargs, 48) != BX_OK) {
        return BX_FAIL;
    }
    bx_buf_str(&sql, " ORDER BY sg.ordinal, g.id");

    if (sql.failed) {
        return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
    }
    if (bx_query(c, &found, sql.data, args, nargs) != BX_OK) {
        return BX_FAIL;
    }

    list = json_array();
    for (size_t i = 0; i < found.nrows; i++) {
        json_array_append_new(list, json_pack("{s:o, s:s, s:s, s:s?, s:s?, s:b}",
            "id", bx_id_json(bx_cell_int(&found, i, 0)), "name", bx_cell_text(&found, i, 1),
            "relation", bx_cell_text(&found, i, 2), "relation_text", bx_cell_text(&found, i, 3),
            "phone", masked(c, "phone", bx_cell(&found, i, 4)), "active", bx_cell_int(&found, i, 5) != 0));
    }

    json_object_set_new(student, "guardians", list);
    return BX_OK;
}

/* ---- units */

static const bx_field unit_fields[] = {
    { "name",        BX_TEXT, BX_IN_LIST | BX_SEARCH,  1, 100, NULL,         NULL, NULL, NULL },
    { "level",       BX_CODE, BX_IN_LIST | BX_FILTER,  0,   0, "unit_level", NULL, NULL, NULL },
    { "parent_id",   BX_REF,  BX_FILTER,               0,   0, "org-units",  NULL, NULL, NULL },
    { "code",        BX_TEXT, BX_IN_LIST,              1,  20, NULL,         NULL, NULL, NULL },
    { "township_id", BX_REF,  0,                       0,   0, "org-units",  NULL, NULL, NULL },
    { "school_id",   BX_REF,  BX_FILTER,               0,   0, "org-units",  NULL, NULL, NULL },
    { "stage",       BX_CODE, BX_FILTER,               0,   0, "stage",      NULL, NULL, NULL },
    { "entry_year",  BX_INT,  0,                       0,   0, NULL,         NULL, NULL, NULL },
    { "class_no",    BX_INT,  0,                       0,   0, NULL,         NULL, NULL, NULL },
    { "closed_on",   BX_DATE, 0,                       0,   0, NULL,         NULL, NULL, NULL },
    { NULL }
};

/* A class is named by its grade of this school year. */
static bx_rc
unit_decorate(bx_call *c, json_t *rows, bool one)
{
    json_t  *row;
    size_t   i;

    (void) one;

    json_array_foreach(rows, i, row) {
        const char  *level = json_string_value(json_object_get(row, "level"));
        const char  *stage = json_string_value(json_object_get(row, "stage"));

        if (level == NULL || stage == NULL || strcmp(level, "class") != 0) {
            continue;
        }

        json_object_set_new(row, "name", json_string(bx_class_label(c->arena, c->lang, stage,
            (int) json_integer_value(json_object_get(row, "entry_year")),
            (int) json_integer_value(json_object_get(row, "class_no")), bx_date_of(c->now))));
    }

    return BX_OK;
}

const char *
bx_people_class_name(bx_call *c, const bx_rows *rows, size_t i, size_t first)
{
    const char  *stage = bx_cell_text(rows, i, first + 1);

    if (stage == NULL) {
        return bx_cell_text(rows, i, first);
    }

    return bx_class_label(c->arena, c->lang, stage, (int) bx_cell_int(rows, i, first + 2),
                          (int) bx_cell_int(rows, i, first + 3), bx_date_of(c->now));
}

/* ---- POST students/{id}/reveal */

/* In the order of sql_reveal's columns. */
static const bx_code reveal_codes[] = {
    { "id_number" }, { "enrolment_no" }, { "phone" }, { "address" }, { "guardian_phone" }, { NULL }
};

static const bx_field reveal_fields[] = {
    { "field",       BX_CODE, BX_REQUIRED, 0,   0, "reveal_field", NULL, NULL, NULL },
    { "guardian_id", BX_TEXT, 0,           1,  19, NULL,           "[1-9][0-9]*", NULL, NULL },
    { "reason",      BX_TEXT, BX_REQUIRED, 2, 200, NULL,           NULL, NULL, NULL },
    { NULL }
};

static const char sql_reveal[] =
    "SELECT t.school_id, t.id_number, t.enrolment_no, t.phone, t.address,"
    " (SELECT g.phone FROM student_guardian sg JOIN guardian g ON g.id = sg.guardian_id"
    "   WHERE sg.student_id = t.id AND sg.guardian_id = ? AND sg.ends_on IS NULL) AS guardian_phone,"
    " (SELECT COUNT(*) FROM student_guardian sg WHERE sg.student_id = t.id AND sg.guardian_id = ? AND sg.ends_on IS NULL)"
    " AS has_guardian"
    " FROM student t WHERE t.id = ? AND ";

static bx_rc
reveal_read(bx_call *c, bx_id guardian, bx_rows *rows)
{
    bx_buf    sql;
    bx_value  args[48] = { bx_int(guardian), bx_int(guardian), bx_int(c->path_id) };
    size_t    nargs = 3;

    bx_buf_init(&sql, c->arena);
    bx_buf_str(&sql, sql_reveal);

    if (bx_scope_where(c, BX_SCOPE_STUDENT, "t", "student.reveal", &sql, args, &nargs, 48) != BX_OK) {
        return BX_FAIL;
    }
    if (sql.failed) {
        return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
    }
    if (bx_query(c, rows, sql.data, args, nargs) != BX_OK) {
        return BX_FAIL;
    }

    return rows->nrows == 1 ? BX_OK : bx_refuse(c, BX_E_NOT_FOUND, NULL, NULL, NULL);
}

/* Columns of sql_reveal; those in between are named as the request's field. */
enum { R_SCHOOL, R_FIRST, R_GUARDIAN_PHONE = 5, R_HAS_GUARDIAN };

/* The answer is never stored: a repeated request reads again and leaves a line again. */
static bx_rc
reveal(bx_call *c)
{
    const char   *field = json_string_value(json_object_get(c->body, "field"));
    const char   *guardian_id = json_string_value(json_object_get(c->body, "guardian_id"));
    const char   *reason = bx_trim(c->arena, json_string_value(json_object_get(c->body, "reason")));
    bx_id         guardian = bx_id_parse(guardian_id);
    bx_rows       rows;
    size_t        col = R_FIRST;
    char         *value = NULL;
    json_t       *changes;

    while (col < R_GUARDIAN_PHONE && strcmp(reveal_codes[col - R_FIRST].code, field) != 0) {
        col++;
    }
    if (col == R_GUARDIAN_PHONE && guardian == 0) {
        return bx_refuse(c, BX_E_INVALID, "guardian_id", "required", NULL);
    }

    if (reveal_read(c, guardian, &rows) != BX_OK) {
        return BX_FAIL;
    }
    if (col == R_GUARDIAN_PHONE && bx_cell_int(&rows, 0, R_HAS_GUARDIAN) == 0) {
        return bx_refuse(c, BX_E_INVALID, "guardian_id", "not_in_list", NULL);
    }

    changes = bx_own(c->arena, json_pack("{s:s, s:s}", "field", field, "reason", reason));
    if (col == R_GUARDIAN_PHONE) {
        json_object_set_new(changes, "guardian_id", json_string(guardian_id));
    }

    /* first the line in the chain, then the number */
    if (bx_commit(c, bx_cell_int(&rows, 0, R_SCHOOL), "reveal", "students", c->path_id, changes) != BX_OK) {
        return BX_FAIL;
    }
    if (bx_cell(&rows, 0, col)->kind != BX_V_NULL && bx_unseal(c->arena, bx_cell(&rows, 0, col), &value) != BX_OK) {
        return bx_refuse(c, BX_E_INTERNAL, NULL, NULL, NULL);
    }

    return bx_answer(c, 200, json_pack("{s:s?}", "value", value));
}

/* ---- code lists */

static const bx_code sex[] = { { "1" }, { "2" }, { NULL } };                            /* GB/T 2261.1 */
static const bx_code id_type[] = {                                                      /* national roster template */
    { "1" }, { "2" }, { "6" }, { "7" }, { "8" }, { "9" }, { "A" }, { "Z" }, { NULL }
};
static const bx_code left_behind[] = { { "0" }, { "1" }, { "2" }, { NULL } };           /* none, one parent, both away */
static const bx_code relation[] = {
    { "father" }, { "mother" }, { "grandfather" }, { "grandmother" }, { "other" }, { NULL }
};
static const bx_code disability[] = {                                                   /* GB/T 26341 and "none" */
    { "0" }, { "1" }, { "2" }, { "3" }, { "4" }, { "5" }, { "6" }, { "7" }, { "9" }, { NULL }
};
static const bx_code placement[] = { { "class" }, { "inclusive" }, { "home_delivery" }, { NULL } };
static const bx_code student_status[] = {                                               /* JY/T 1001 XSDQZT */
    { "01" }, { "02" }, { "03" }, { "04" }, { "05" }, { "06" }, { "07" }, { "08" }, { "09" }, { "10" }, { "11" },
    { "12" }, { "13" }, { "14" }, { "15" }, { NULL }
};
static const bx_code unit_level[] = {
    { "county" }, { "township" }, { "central_school" }, { "school" }, { "grade" }, { "class" }, { NULL }
};
static const bx_code stage[] = { { "primary" }, { "junior" }, { "nine" }, { NULL } };
static const bx_code ethnic[] = {                                                       /* GB/T 3304 */
    { "01" }, { "02" }, { "03" }, { "04" }, { "05" }, { "06" }, { "07" }, { "08" }, { "09" }, { "10" }, { "11" },
    { "12" }, { "13" }, { "14" }, { "15" }, { "16" }, { "17" }, { "18" }, { "19" }, { "20" }, { "21" }, { "22" },
    { "23" }, { "24" }, { "25" }, { "26" }, { "27" }, { "28" }, { "29" }, { "30" }, { "31" }, { "32" }, { "33" },
    { "34" }, { "35" }, { "36" }, { "37" }, { "38" }, { "39" }, { "40" }, { "41" }, { "42" }, { "43" }, { "44" },
    { "45" }, { "46" }, { "47" }, { "48" }, { "49" }, { "50" }, { "51" }, { "52" }, { "53" }, { "54" }, { "55" },
    { "56" }, { "97" }, { "98" }, { NULL }
};

static const bx_code_list codes[] = {
    { "sex", sex }, { "id_type", id_type }, { "left_behind", left_behind }, { "relation", relation },
    { "disability", disability }, { "placement", placement }, { "student_status", student_status },
    { "unit_level", unit_level }, { "stage", stage }, { "ethnic", ethnic }, { "reveal_field", reveal_codes },
    { NULL }
};

/* ---- tables */

static const bx_record_def records[] = {
    { .name = "students", .table = "student", .scope = BX_SCOPE_STUDENT, .fields = student_fields,
      .order = "t.class_id, t.seat_no, t.id", .read = "student.read", .decorate = student_decorate },
    { .name = "org-units", .table = "org_unit", .scope = BX_SCOPE_UNIT, .fields = unit_fields,
      .order = "t.id", .read = "unit.read", .decorate = unit_decorate },
    { NULL }
};

static const bx_route routes[] = {
    { "GET",  "classes",              "unit.read",      bx_people_classes,     0, NULL,
      "classes of a school with their size and teacher" },
    { "GET",  "my-children",          "child.read",     bx_people_my_children, 0, NULL, "a guardian's own children" },
    { "GET",  "calendar",             "calendar.read",  bx_people_calendar,    0, NULL, "school days of a class" },
    { "GET",  "students/{id}/copy",   "child.read",     bx_people_copy,        BX_SLOW, NULL,
      "what is stored about a guardian's own child and about the guardian, as one file; counted and kept on record" },
    { "POST", "students/{id}/reveal", "student.reveal", reveal,                BX_UNKEYED | BX_PERSONAL, reveal_fields,
      "one number in full, with a reason that is kept" },
    { NULL }
};

#define SEES  "student.read student.detail student.contacts unit.read calendar.read"

static const bx_grant grants[] = {
    { "county",    SEES },
    { "township",  SEES },
    { "principal", SEES },
    { "vice",      SEES },
    { "office",    SEES " student.reveal" },
    { "registrar", SEES " student.reveal" },
    { "grade",     SEES },
    { "teacher",   SEES " student.reveal" },
    { "subject",   "student.read unit.read calendar.read" },
    { "psych",     SEES },
    { "guardian",  "student.read student.detail calendar.read child.read" },
    { NULL }
};

static const bx_menu menu[] = {
    { "students", "#/students", "users", "student.read" },
    { NULL }
};

const bx_plugin bx_plugin_people = {
    .abi = BX_PLUGIN_ABI, .name = "people", .records = records, .routes = routes, .codes = codes, .grants = grants,
    .menu = menu
};
