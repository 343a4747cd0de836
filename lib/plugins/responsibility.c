/* responsibility.c: the register of who is responsible for whom (包保: 三包, 六包, 一对一). One entry is a person, a duty (area, township,
 * village, school, grade, class, child), from when to when; entries end, none is deleted. Owns table responsibility and the chart
 * that is printed from it. Does not own positions: those say who may do what, this says who is answerable. */

#include "flow/flow.h"
#include "plugins/responsibility.h"

#include <string.h>

static const bx_code duties[] = { { "area" }, { "township" }, { "village" }, { "school" }, { "grade" }, { "class" }, { "student" }, { NULL } };
static const bx_code_list code_lists[] = { { "duty", duties }, { NULL, NULL } };

#define REF(n, flags, of)        { n, BX_REF, flags, 0, 0, of, NULL, NULL, NULL }
#define TEXT(n, flags, lo, hi)   { n, BX_TEXT, flags, lo, hi, NULL, NULL, NULL, NULL }
#define DAY(n, flags)            { n, BX_DATE, flags, 0, 0, NULL, NULL, NULL, NULL }
#define END                      { NULL, 0, 0, 0, 0, NULL, NULL, NULL, NULL }

static const bx_field fields[] = {
    { "duty", BX_CODE, BX_REQUIRED | BX_FIXED | BX_IN_LIST | BX_FILTER, 0, 0, "duty", NULL, NULL, NULL },
    REF("unit_id", BX_REQUIRED | BX_FIXED | BX_FILTER, "org-units"),
    REF("student_id", BX_FIXED | BX_FILTER, "students"),
    TEXT("area", BX_FIXED | BX_IN_LIST, 2, 60),
    TEXT("person", BX_REQUIRED | BX_FIXED | BX_IN_LIST | BX_SEARCH, 2, 60),
    TEXT("office", BX_FIXED | BX_IN_LIST, 2, 60),
    DAY("starts_on", BX_REQUIRED | BX_FIXED | BX_IN_LIST),
    DAY("ends_on", BX_IN_LIST),
    END
};

static const bx_field add_fields[] = {
    { "duty", BX_CODE, BX_REQUIRED, 0, 0, "duty", NULL, NULL, NULL }, REF("unit_id", BX_REQUIRED, "org-units"), REF("student_id", 0, "students"),
    TEXT("area", 0, 2, 60), TEXT("person", BX_REQUIRED, 2, 60), TEXT("office", 0, 2, 60), TEXT("login", 0, 2, 64), DAY("starts_on", BX_REQUIRED),
    DAY("ends_on", 0), END
};
static const bx_field end_fields[] = { DAY("ends_on", BX_REQUIRED), END };

static const bx_view views[] = {
    { "now",   "t.starts_on <= :today AND (t.ends_on IS NULL OR t.ends_on >= :today)", NULL },
    { "ended", "t.ends_on < :today", NULL },
    { NULL, NULL, NULL }
};


/* ---- adding */

typedef struct { bx_id unit, school, township, student, account; const char *level; } entry;

static bx_id
body_id(bx_call *c, const char *name)
{
    return bx_id_parse(json_string_value(json_object_get(bx_call_body(c), name)));
}


static const char *
body_text(bx_call *c, const char *name)
{
    return json_string_value(json_object_get(bx_call_body(c), name));
}


/* The unit, which the caller must be allowed to write in, and what lies above it. */
static bx_rc
unit_of(bx_call *c, entry *e)
{
    bx_buf    sql;
    bx_value  args[32];
    bx_rows   rows;
    size_t    n = 0;

    bx_buf_init(&sql, bx_call_arena(c));
    bx_buf_str(&sql, "SELECT t.id, t.level, t.school_id, t.township_id FROM org_unit t WHERE t.id = ? AND ");
    args[n++] = bx_int(body_id(c, "unit_id"));
    if (bx_scope_where(c, BX_SCOPE_UNIT, "t", "responsibility.edit", &sql, args, &n, 32) != BX_OK
        || bx_query(c, &rows, sql.data, args, n) != BX_OK)
    {
        return BX_FAIL;
    }
    if (rows.nrows == 0) {
        return bx_refuse(c, BX_E_INVALID, "unit_id", "not_found", NULL);
    }

    e->unit = bx_cell_int(&rows, 0, 0);
    e->level = bx_cell_text(&rows, 0, 1);
    e->school = bx_cell_int(&rows, 0, 2);
    e->township = bx_cell_int(&rows, 0, 3);
    return BX_OK;
}


static bx_rc
student_of(bx_call *c, entry *e)
{
    bx_rows  rows;

    e->student = body_id(c, "student_id");
    if (strcmp(body_text(c, "duty"), "student") != 0) {
        return e->student == 0 ? BX_OK : bx_refuse(c, BX_E_INVALID, "student_id", "not_allowed", NULL);
    }
    if (e->student == 0) {
        return bx_refuse(c, BX_E_INVALID, "student_id", "required", NULL);
    }
    if (bx_query(c, &rows, "SELECT id FROM student WHERE id = ? AND class_id = ?", BX_ARGS(bx_int(e->student), bx_int(e->unit))) != BX_OK) {
        return BX_FAIL;
    }

    return rows.nrows == 1 ? BX_OK : bx_refuse(c, BX_E_INVALID, "student_id", "student_not_found", NULL);
}


/* A duty for a grade names a grade, and so on; an area or a village is no unit and is named in words, below the unit it lies in. */
static bx_rc
entry_check(bx_call *c, entry *e)
{
    const char *duty = body_text(c, "duty"), *area = body_text(c, "area"), *ends = body_text(c, "ends_on");
    const char *level = strcmp(duty, "student") == 0 ? "class" : duty;
    bool        named = strcmp(duty, "area") == 0 || strcmp(duty, "village") == 0;
    bx_rows     rows;

    if (unit_of(c, e) != BX_OK) {
        return BX_FAIL;
    }
    if (named && (area == NULL || *area == '\0')) {
        return bx_refuse(c, BX_E_INVALID, "area", "required", NULL);
    }
    if (!named && strcmp(level, e->level) != 0) {
        return bx_refuse(c, BX_E_INVALID, "unit_id", "responsibility.level", NULL);
    }
    if (ends != NULL && strcmp(ends, body_text(c, "starts_on")) < 0) {
        return bx_refuse(c, BX_E_INVALID, "ends_on", "responsibility.backwards", NULL);
    }

    if (body_text(c, "login") != NULL) {
        if (bx_query(c, &rows, "SELECT id FROM account WHERE login = ?", BX_ARGS(bx_text(body_text(c, "login")))) != BX_OK) {
            return BX_FAIL;
        }
        if (rows.nrows == 0) {
            return bx_refuse(c, BX_E_INVALID, "login", "not_found", NULL);
        }
        e->account = bx_cell_int(&rows, 0, 0);
    }

    return student_of(c, e);
}


static bx_value
id_or_null(bx_id id)
{
    return id == 0 ? bx_null() : bx_int(id);
}


static bx_rc
add(bx_call *c)
{
    static const char  sql[] =
        "INSERT INTO responsibility (id, version, school_id, township_id, unit_id, student_id, area, account_id, person, office, duty, starts_on,"
        " ends_on, created_at, created_by, updated_at) VALUES (?, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    bx_arena          *a = bx_call_arena(c);
    bx_value           now = bx_text(bx_time_sql(a, bx_call_now(c)));
    bx_id              id = bx_id_new();
    entry              e = { 0 };

    if (entry_check(c, &e) != BX_OK
        || bx_queue(c, 1, sql,
            BX_ARGS(bx_int(id), id_or_null(e.school), id_or_null(e.township), bx_int(e.unit), id_or_null(e.student), bx_text(body_text(c, "area")),
                    id_or_null(e.account), bx_text(body_text(c, "person")), bx_text(body_text(c, "office")), bx_text(body_text(c, "duty")),
                    bx_text(body_text(c, "starts_on")), bx_text(body_text(c, "ends_on")), now, bx_int(bx_call_account(c)), now)) != BX_OK)
    {
        return BX_FAIL;
    }

    bx_answer(c, 201, json_pack("{s:o, s:s, s:s}", "id", bx_id_json(id), "duty", body_text(c, "duty"), "person", body_text(c, "person")));
    return bx_commit(c, e.school, "create", "responsibilities", id, bx_call_body(c));
}


/* The last day of an entry. */
static bx_rc
end(bx_call *c)
{
    bx_buf       sql;
    bx_value     args[32];
    bx_rows      rows;
    size_t       n = 0;
    const char  *ends = body_text(c, "ends_on");

    bx_buf_init(&sql, bx_call_arena(c));
    bx_buf_str(&sql, "SELECT r.school_id, r.starts_on, r.ends_on FROM responsibility r JOIN org_unit t ON t.id = r.unit_id WHERE r.id = ? AND ");
    args[n++] = bx_int(bx_call_path_id(c));
    if (bx_scope_where(c, BX_SCOPE_UNIT, "t", "responsibility.edit", &sql, args, &n, 32) != BX_OK
        || bx_query(c, &rows, sql.data, args, n) != BX_OK)
    {
        return BX_FAIL;
    }
    if (rows.nrows == 0) {
        return bx_refuse(c, BX_E_NOT_FOUND, NULL, NULL, NULL);
    }
    if (bx_cell_text(&rows, 0, 2) != NULL) {
        return bx_refuse(c, BX_E_WRONG_STATE, NULL, NULL, NULL);
    }
    if (strcmp(ends, bx_cell_text(&rows, 0, 1)) < 0) {
        return bx_refuse(c, BX_E_INVALID, "ends_on", "responsibility.backwards", NULL);
    }

    if (bx_queue(c, 1, "UPDATE responsibility SET ends_on = ?, version = version + 1, updated_at = ? WHERE id = ? AND ends_on IS NULL",
                 BX_ARGS(bx_text(ends), bx_text(bx_time_sql(bx_call_arena(c), bx_call_now(c))), bx_int(bx_call_path_id(c)))) != BX_OK)
    {
        return BX_FAIL;
    }
    bx_answer(c, 200, json_pack("{s:o, s:s}", "id", bx_id_json(bx_call_path_id(c)), "ends_on", ends));
    return bx_commit(c, bx_cell_int(&rows, 0, 0), "end", "responsibilities", bx_call_path_id(c), bx_call_body(c));
}


/* ---- the chart an inspector asks for */

static const char sql_chart[] =
    "SELECT r.id, r.duty, r.area, r.person, r.office, r.starts_on, u.id AS unit_id, u.level, u.name, u.stage, u.entry_year, u.class_no, st.name,"
    " sc.name FROM org_unit u STRAIGHT_JOIN responsibility r ON r.unit_id = u.id JOIN org_unit t ON t.id = u.id"
    " LEFT JOIN student st ON st.id = r.student_id LEFT JOIN org_unit sc ON sc.id = r.school_id"
    " WHERE r.starts_on <= ? AND (r.ends_on IS NULL OR r.ends_on >= ?) AND u.path LIKE CONCAT((SELECT path FROM org_unit WHERE id = ?), '%') AND ";

static bx_rc
chart(bx_call *c)
{
    bx_arena    *a = bx_call_arena(c);
    bx_id        unit = bx_id_parse(bx_call_query_arg(c, "unit_id"));
    bx_date      today = bx_date_of(bx_call_now(c));
    bx_value     args[40], day = bx_text(bx_date_text(a, today));
    bx_buf       sql;
    bx_rows      rows;
    size_t       n = 0;
    json_t      *items;

    if (unit == 0) {
        return bx_refuse(c, BX_E_INVALID, "unit_id", "required", NULL);
    }

    bx_buf_init(&sql, a);
    bx_buf_str(&sql, sql_chart);
    args[n++] = day;
    args[n++] = day;
    args[n++] = bx_int(unit);
    if (bx_scope_where(c, BX_SCOPE_UNIT, "t", "responsibility.read", &sql, args, &n, 40) != BX_OK) {
        return BX_FAIL;
    }
    bx_buf_str(&sql, " ORDER BY FIELD(r.duty, 'area', 'township', 'village', 'school', 'grade', 'class', 'student'), u.path, r.id LIMIT 2000");
    if (bx_query(c, &rows, sql.data, args, n) != BX_OK) {
        return BX_FAIL;
    }

    items = json_array();
    for (size_t i = 0; i < rows.nrows; i++) {
        bool        classes = strcmp(bx_cell_text(&rows, i, 7), "class") == 0 || strcmp(bx_cell_text(&rows, i, 7), "grade") == 0;
        const char *name = !classes || bx_cell_text(&rows, i, 9) == NULL ? bx_cell_text(&rows, i, 8)
            : bx_class_label(a, bx_call_lang(c), bx_cell_text(&rows, i, 9), (int) bx_cell_int(&rows, i, 10), (int) bx_cell_int(&rows, i, 11), today);

        json_array_append_new(items, json_pack("{s:o, s:s, s:s?, s:s, s:s?, s:s, s:o, s:s, s:s?, s:s?}",
            "id", bx_id_json(bx_cell_int(&rows, i, 0)), "duty", bx_cell_text(&rows, i, 1), "area", bx_cell_text(&rows, i, 2),
            "person", bx_cell_text(&rows, i, 3), "office", bx_cell_text(&rows, i, 4), "starts_on", bx_cell_text(&rows, i, 5),
            "unit_id", bx_id_json(bx_cell_int(&rows, i, 6)), "unit_name", name, "student_name", bx_cell_text(&rows, i, 12),
            "school_name", bx_cell_text(&rows, i, 13)));
    }

    return bx_answer(c, 200, json_pack("{s:o}", "items", items));
}


/* ---- for other workflows */

bx_rc
bx_responsible_for(bx_call *c, const char *duty, bx_id id, bx_id *account)
{
    bool      child = strcmp(duty, "student") == 0;
    bx_value  day = bx_text(bx_date_text(bx_call_arena(c), bx_date_of(bx_call_now(c))));
    bx_rows   rows;

    *account = 0;
    if (bx_query(c, &rows, child
                 ? "SELECT r.account_id FROM responsibility r JOIN account a ON a.id = r.account_id AND a.disabled_at IS NULL"
                   " WHERE r.student_id = ? AND r.duty = ? AND r.starts_on <= ? AND (r.ends_on IS NULL OR r.ends_on >= ?) ORDER BY r.starts_on DESC, r.id DESC LIMIT 1"
                 : "SELECT r.account_id FROM responsibility r JOIN account a ON a.id = r.account_id AND a.disabled_at IS NULL"
                   " WHERE r.unit_id = ? AND r.duty = ? AND r.starts_on <= ? AND (r.ends_on IS NULL OR r.ends_on >= ?) ORDER BY r.starts_on DESC, r.id DESC LIMIT 1",
                 BX_ARGS(bx_int(id), bx_text(duty), day, day)) != BX_OK)
    {
        return BX_FAIL;
    }

    *account = rows.nrows == 0 ? 0 : bx_cell_int(&rows, 0, 0);
    return BX_OK;
}


static const bx_route routes[] = {
    { "POST", "responsibilities", "responsibility.edit", add, 0, add_fields, "Makes a person responsible for a unit, an area or a child" },
    { "POST", "responsibilities/{id}/end", "responsibility.edit", end, 0, end_fields, "The last day of an entry; none is deleted" },
    { "GET", "responsibilities/chart", "responsibility.read", chart, BX_PERSONAL, NULL,
      "Everybody responsible today within a unit, in the order of the chart" },
    { NULL, NULL, NULL, NULL, 0, NULL, NULL }
};

static const bx_grant grants[] = {
    { "grade",     "responsibility.read" }, { "registrar", "responsibility.read" },
    { "office",    "responsibility.read responsibility.edit" }, { "vice", "responsibility.read responsibility.edit" },
    { "principal", "responsibility.read responsibility.edit" }, { "township", "responsibility.read responsibility.edit" },
    { "county",    "responsibility.read responsibility.edit" }, { NULL, NULL }
};

static const bx_menu menu[] = {
    { "responsibility", "#/responsibility", "users", "responsibility.read" },
    { NULL, NULL, NULL, NULL }
};

static const bx_record_def records[] = {
    { .name = "responsibilities", .table = "responsibility", .scope = BX_SCOPE_SCHOOL, .fields = fields, .views = views, .read = "responsibility.read" },
    { .name = NULL }
};

const bx_plugin bx_plugin_responsibility = {
    .abi = BX_PLUGIN_ABI, .name = "responsibility", .records = records, .routes = routes, .codes = code_lists, .grants = grants, .menu = menu
};
