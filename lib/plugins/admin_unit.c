/*
 * admin_unit.c: the organisation tree looked at and changed: schools and classes made, renamed, closed and opened again.
 * A unit is never deleted. A school that comes to another township: admin_move.c.
 */
#include "plugins/admin.h"
#include "flow/classname.h"
#include "flow/rules.h"

#include <string.h>

#define MAX_FOUND     50
#define MAX_CLASSES   30                      /* of one grade */
#define MAX_ARGS      80

/* A unit as a row of a tree. Dates twice: holders of today. */
#define UNIT_COLUMNS                                                                                                    \
    "u.name, u.level, u.stage, u.entry_year, u.class_no, u.id, u.parent_id, u.code, u.closed_on, u.version, u.school_id,"   \
    " (SELECT COUNT(*) FROM org_unit k WHERE k.parent_id = u.id AND k.closed_on IS NULL) AS below,"                      \
    " CASE WHEN u.level = 'class' THEN (SELECT COUNT(*) FROM student s WHERE s.class_id = u.id AND s.status IN ('01', '05')) END AS students," \
    " CASE WHEN u.level IN ('class', 'school', 'grade') THEN"                                                            \
    " (SELECT GROUP_CONCAT(a.name ORDER BY p.id SEPARATOR '、') FROM position p JOIN account a ON a.id = p.account_id"    \
    "   WHERE p.unit_id = u.id AND p.role = CASE u.level WHEN 'class' THEN 'teacher' WHEN 'grade' THEN 'grade' ELSE 'principal' END" \
    "   AND p.starts_on <= ? AND (p.ends_on IS NULL OR p.ends_on >= ?)) END AS head"

#define UNIT_ORDER                                                                                                      \
    " ORDER BY u.closed_on IS NOT NULL, FIELD(u.level, 'county', 'township', 'central_school', 'school', 'grade', 'class')," \
    " FIELD(u.stage, 'primary', 'nine', 'junior'), u.entry_year DESC, u.class_no, u.code, u.id"

static json_t *
unit_row_json(bx_call *c, const bx_rows *rows, size_t i)
{
    bool  class = bx_cell(rows, i, 12)->kind != BX_V_NULL, grown = bx_cell(rows, i, 3)->kind != BX_V_NULL;

    return json_pack("{s:o, s:o, s:s, s:s?, s:s, s:s?, s:s?, s:o, s:o, s:I, s:o, s:I, s:o, s:s?}",
        "id", bx_id_json(bx_cell_int(rows, i, 5)), "parent_id", bx_id_json(bx_cell_int(rows, i, 6)),
        "level", bx_cell_text(rows, i, 1), "code", bx_cell_text(rows, i, 7), "name", admin_unit_label(c, rows, i, 0),
        "closed_on", bx_cell_text(rows, i, 8), "stage", bx_cell_text(rows, i, 2),
        "entry_year", grown ? json_integer(bx_cell_int(rows, i, 3)) : json_null(),
        "class_no", bx_cell(rows, i, 4)->kind != BX_V_NULL ? json_integer(bx_cell_int(rows, i, 4)) : json_null(),
        "version", (json_int_t) bx_cell_int(rows, i, 9), "school_id", bx_id_json(bx_cell_int(rows, i, 10)),
        "below", (json_int_t) bx_cell_int(rows, i, 11),
        "students", class ? json_integer(bx_cell_int(rows, i, 12)) : json_null(), "head", bx_cell_text(rows, i, 13));
}

static json_t *
unit_rows_json(bx_call *c, const bx_rows *rows)
{
    json_t  *list = json_array();

    for (size_t i = 0; i < rows->nrows; i++) {
        json_array_append_new(list, unit_row_json(c, rows, i));
    }

    return list;
}

/* ---- GET org-units/tree */

static const char *
infix_of(bx_call *c, const char *s)
{
    bx_buf  b;

    bx_buf_init(&b, c->arena);
    bx_buf_str(&b, "%");
    for (; *s != '\0'; s++) {
        if (*s == '%' || *s == '_' || *s == '\\') {
            bx_buf_str(&b, "\\");
        }
        bx_buf_add(&b, s, 1);
    }
    bx_buf_str(&b, "%");

    return b.failed ? "" : b.data;
}

/* Where the caller's own subtrees begin. */
static void
add_own_units(bx_call *c, bx_buf *sql, bx_value *args, size_t *nargs)
{
    bx_buf_str(sql, "u.id IN (0");
    for (unsigned i = 0; c->who != NULL && i < c->who->ngrants; i++) {
        if (c->who->grants[i].level != BX_LEVEL_CHILDREN && *nargs < MAX_ARGS) {
            bx_buf_str(sql, ",?");
            args[(*nargs)++] = bx_int(c->who->grants[i].unit);
        }
    }
    bx_buf_str(sql, ") AND ");
}

bx_rc
admin_unit_tree(bx_call *c)
{
    const char  *q = bx_call_query_arg(c, "q"), *today = admin_today(c);
    bx_value     args[MAX_ARGS + 4] = { bx_text(today), bx_text(today) };
    size_t       nargs = 2;
    bx_buf       sql;
    bx_rows      rows;
    json_t      *items;

    q = q == NULL ? "" : bx_trim(c->arena, q);
    bx_buf_init(&sql, c->arena);
    bx_buf_str(&sql, "SELECT " UNIT_COLUMNS ", w.name AS parent_name FROM org_unit u LEFT JOIN org_unit w ON w.id = u.parent_id WHERE ");
    if (*q != '\0') {
        bx_buf_str(&sql, "(u.name LIKE ? OR u.code = ?) AND ");
        args[nargs++] = bx_text(infix_of(c, q));
        args[nargs++] = bx_text(strspn(q, "0123456789") == strlen(q) ? q : "");      /* the column knows ASCII only */
    } else {
        add_own_units(c, &sql, args, &nargs);
    }
    if (bx_scope_where(c, BX_SCOPE_UNIT, "u", "unit.read", &sql, args, &nargs, MAX_ARGS) != BX_OK) {
        return BX_FAIL;
    }
    bx_buf_str(&sql, UNIT_ORDER " LIMIT ?");
    args[nargs++] = bx_int(MAX_FOUND);

    if (sql.failed) {
        return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
    }
    if (bx_query(c, &rows, sql.data, args, nargs) != BX_OK) {
        return BX_FAIL;
    }

    items = unit_rows_json(c, &rows);
    for (size_t i = 0; i < rows.nrows; i++) {
        const char  *above = bx_cell_text(&rows, i, 14);

        json_object_set_new(json_array_get(items, i), "parent_name", above == NULL ? json_null() : json_string(above));
    }

    return bx_answer(c, 200, json_pack("{s:o, s:b}", "items", items, "more", rows.nrows == MAX_FOUND));
}

/* ---- GET org-units/{id}/overview */

/* The units above, from the topmost that the caller may see. */
static bx_rc
path_json(bx_call *c, const admin_unit *unit, json_t **out)
{
    static const char  sql[] =
        "SELECT u.name, u.level, u.stage, u.entry_year, u.class_no, u.id, u.path FROM org_unit u"
        " WHERE u.id IN (";
    bx_value     args[48];
    size_t       n = 0, nargs = 0;
    const char  *marks;
    bx_rows      rows;

    for (const char *p = unit->u.path; *p == '/' && p[1] != '\0' && n < BX_MAX_DEPTH; p += 1 + strcspn(p + 1, "/")) {
        args[n++] = bx_int(bx_id_parse(bx_strndup(c->arena, p + 1, strcspn(p + 1, "/"))));
    }
    marks = admin_marks(c, n, args, &nargs);
    if (bx_query(c, &rows, bx_sprintf(c->arena, "%s%s) ORDER BY LENGTH(u.path)", sql, marks), args, nargs) != BX_OK) {
        return BX_FAIL;
    }

    *out = json_array();
    for (size_t i = 0; i < rows.nrows; i++) {
        if (admin_covers(c, "unit.read", bx_cell_text(&rows, i, 6)) && bx_cell_int(&rows, i, 5) != unit->u.id) {
            json_array_append_new(*out, json_pack("{s:o, s:s, s:s}", "id", bx_id_json(bx_cell_int(&rows, i, 5)),
                                                  "name", admin_unit_label(c, &rows, i, 0), "level", bx_cell_text(&rows, i, 1)));
        }
    }

    return BX_OK;
}

/* "/1/2/3/" is under "/1/2/". */
static const char *
path_above(const bx_call *c, const char *path)
{
    size_t       n = strlen(path);
    const char  *above;

    n -= n > 0;
    while (n > 0 && path[n - 1] != '/') {
        n--;
    }
    above = bx_strndup(c->arena, path, n);
    return above == NULL ? "/" : above;
}

/* What the caller may do with it. */
static json_t *
actions_json(const bx_call *c, const admin_unit *unit)
{
    bool         manages = admin_covers(c, "unit.manage", unit->u.path), root = unit->u.parent == 0;
    bool         open = unit->closed_on == NULL, school = strcmp(unit->u.level, "school") == 0;
    bool         above = bx_word_in("county township central_school", unit->u.level);
    bool         named = !bx_word_in("grade class", unit->u.level);

    return json_pack("{s:b, s:b, s:b, s:b, s:b, s:b, s:b, s:b}", "rename", manages && named, "move",
                     open && school && admin_covers(c, "unit.manage", path_above(c, unit->u.path)), "close", manages && open && !root,
                     "reopen", manages && !open, "classes", manages && open && school, "units", manages && open && above,
                     "appoint", open && admin_covers(c, "position.manage", unit->u.path),
                     "accounts", open && school && admin_covers(c, "account.manage", unit->u.path));
}

/* Of a school also the roles of its grades and classes, for the form of a new account. */
static bx_rc
add_roles_below(bx_call *c, const admin_unit *unit, json_t *answer)
{
    static const char *const  levels[] = { "grade", "class" }, *const keys[] = { "roles_grade", "roles_class" };

    for (size_t i = 0; strcmp(unit->u.level, "school") == 0 && i < 2; i++) {
        bx_unit  below = unit->u;
        json_t  *roles;

        below.level = levels[i];
        if (admin_givable_json(c, &below, &roles) != BX_OK) {
            return BX_FAIL;
        }
        json_object_set_new(answer, keys[i], roles);
    }

    return BX_OK;
}

bx_rc
admin_unit_overview(bx_call *c)
{
    static const char  sql_one[] = "SELECT " UNIT_COLUMNS " FROM org_unit u WHERE u.id = ?";
    static const char  sql_below[] = "SELECT " UNIT_COLUMNS " FROM org_unit u WHERE u.parent_id = ?" UNIT_ORDER " LIMIT 500";
    static const char  sql_classes[] =
        "SELECT " UNIT_COLUMNS " FROM org_unit u WHERE u.school_id = ? AND u.level = 'class'" UNIT_ORDER " LIMIT 500";
    bx_value    today = bx_text(admin_today(c));
    admin_unit  unit;
    bx_rows     one, below, classes = { 0 };
    json_t     *path, *roles, *answer;

    if (admin_unit_read(c, "unit.read", c->path_id, NULL, &unit) != BX_OK
        || bx_query(c, &one, sql_one, BX_ARGS(today, today, bx_int(unit.u.id))) != BX_OK
        || bx_query(c, &below, sql_below, BX_ARGS(today, today, bx_int(unit.u.id))) != BX_OK)
    {
        return BX_FAIL;
    }
    if (strcmp(unit.u.level, "school") == 0
        && bx_query(c, &classes, sql_classes, BX_ARGS(today, today, bx_int(unit.u.id))) != BX_OK)
    {
        return BX_FAIL;
    }
    if (path_json(c, &unit, &path) != BX_OK) {
        return BX_FAIL;
    }
    bx_own(c->arena, path);
    if (admin_givable_json(c, &unit.u, &roles) != BX_OK) {
        return BX_FAIL;
    }

    answer = bx_own(c->arena, unit_row_json(c, &one, 0));
    json_object_set(answer, "path", path);
    json_object_set_new(answer, "units", unit_rows_json(c, &below));
    json_object_set_new(answer, "classes", unit_rows_json(c, &classes));
    json_object_set_new(answer, "roles", roles);
    if (add_roles_below(c, &unit, answer) != BX_OK) {
        return BX_FAIL;
    }
    json_object_set_new(answer, "actions", actions_json(c, &unit));
    return bx_answer(c, 200, json_incref(answer));
}

/* ---- making */

static bx_rc
refuse_code(bx_call *c, const char *level, const char *code, bx_id self)
{
    static const char  sql[] = "SELECT u.name FROM org_unit u WHERE u.code = ? AND u.id <> ?";
    bx_rows            rows;

    if (!bx_unit_code_ok(level, code)) {
        return bx_refuse(c, BX_E_INVALID, "code", strcmp(level, "school") == 0 ? "admin.school_code" : "admin.division_code", NULL);
    }
    if (bx_query(c, &rows, sql, BX_ARGS(bx_text(code), bx_int(self))) != BX_OK) {
        return BX_FAIL;
    }

    return rows.nrows == 0 ? BX_OK : bx_refuse(c, BX_E_CONFLICT, "code", "admin.code_taken", NULL);
}

static bx_rc
answer_made(bx_call *c, const bx_place *p, const char *action)
{
    c->location = bx_sprintf(c->arena, "/api/v1/org-units/%lld", (long long) p->id);
    bx_answer(c, 201, json_pack("{s:o, s:s, s:s, s:s?, s:i}", "id", bx_id_json(p->id), "level", p->level, "name", p->name,
                                "code", p->code, "version", 1));
    return bx_commit(c, p->school != 0 ? p->school : p->id, action, "org-units", p->id,
                     bx_own(c->arena, json_pack("{s:s, s:s, s:s?}", "level", p->level, "name", p->name, "code", p->code)));
}

bx_rc
admin_unit_create(bx_call *c)
{
    bx_place     p = { .level = admin_body_text(c, "level"), .name = admin_body_text(c, "name"), .code = admin_body_text(c, "code"),
                       .stage = admin_body_text(c, "stage") };
    admin_unit   parent;
    const char  *parents = bx_level_parents(p.level);

    if (parents == NULL || !bx_word_in("township central_school school", p.level)) {
        return bx_refuse(c, BX_E_INVALID, "level", "admin.level", NULL);
    }
    if (admin_unit_read(c, "unit.manage", admin_body_id(c, "parent_id"), "parent_id", &parent) != BX_OK) {
        return BX_FAIL;
    }
    if (!bx_word_in(parents, parent.u.level)) {
        return bx_refuse(c, BX_E_INVALID, "parent_id", "admin.parent_level", json_pack("{s:s}", "unit", parent.u.name));
    }
    if (parent.closed_on != NULL) {
        return bx_refuse(c, BX_E_INVALID, "parent_id", "admin.parent_closed", json_pack("{s:s}", "unit", parent.u.name));
    }
    if (strcmp(p.level, "school") != 0) {
        p.stage = NULL;
    } else if (p.stage == NULL) {
        return bx_refuse(c, BX_E_INVALID, "stage", "required", NULL);
    }
    if (refuse_code(c, p.level, p.code, 0) != BX_OK) {
        return BX_FAIL;
    }

    p.parent = &parent.u;
    return bx_place_queue(c, &p) == BX_OK ? answer_made(c, &p, "create") : BX_FAIL;
}

/* ---- classes of a school, grade by grade */

typedef struct { const char *stage; int entry_year, count; } grade_wish;

/* One of "grades": [{stage, entry_year, count}]. */
static bx_rc
wish_read(bx_call *c, const admin_unit *school, json_t *j, grade_wish *out)
{
    int  year = bx_school_year(bx_date_of(c->now));

    *out = (grade_wish) {
        .stage = json_string_value(json_object_get(j, "stage")),
        .entry_year = (int) json_integer_value(json_object_get(j, "entry_year")),
        .count = (int) json_integer_value(json_object_get(j, "count"))
    };

    if (out->stage == NULL || !bx_word_in("primary junior", out->stage)
        || (strcmp(school->u.stage, "nine") != 0 && strcmp(school->u.stage, out->stage) != 0)
        || bx_class_grade(out->stage, out->entry_year, year) == 0)
    {
        return bx_refuse(c, BX_E_INVALID, "grades", "admin.grade", NULL);
    }
    if (out->count < 0 || out->count > MAX_CLASSES) {
        return bx_refuse(c, BX_E_INVALID, "grades", "out_of_range", json_pack("{s:i, s:i}", "min", 0, "max", MAX_CLASSES));
    }

    return BX_OK;
}

/* Which numbers are there already, closed classes too: a number is never given twice. */
static bx_rc
numbers_taken(bx_call *c, bx_id school, const grade_wish *w, bool taken[MAX_CLASSES + 1])
{
    static const char  sql[] =
        "SELECT class_no FROM org_unit WHERE school_id = ? AND level = 'class' AND stage = ? AND entry_year = ? AND class_no <= ?";
    bx_rows            rows;

    memset(taken, 0, (MAX_CLASSES + 1) * sizeof(*taken));
    if (bx_query(c, &rows, sql, BX_ARGS(bx_int(school), bx_text(w->stage), bx_int(w->entry_year), bx_int(w->count))) != BX_OK) {
        return BX_FAIL;
    }
    for (size_t i = 0; i < rows.nrows; i++) {
        if (bx_cell_int(&rows, i, 0) > 0) {
            taken[bx_cell_int(&rows, i, 0)] = true;
        }
    }

    return BX_OK;
}

static bx_rc
queue_grade(bx_call *c, const admin_unit *school, const grade_wish *w, json_t *made)
{
    bool      taken[MAX_CLASSES + 1];
    bx_unit  *grade = bx_alloc(c->arena, sizeof(*grade));
    bx_place  p;

    if (grade == NULL) {
        return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
    }
    if (numbers_taken(c, school->u.id, w, taken) != BX_OK) {
        return BX_FAIL;
    }

    for (int k = 1; k <= w->count; k++) {
        if (taken[k]) {
            continue;
        }
        if (grade->id == 0 && bx_place_grade(c, &school->u, w->stage, w->entry_year, grade) != BX_OK) {
            return BX_FAIL;
        }
        if (bx_place_class_under(c, grade, w->stage, w->entry_year, k, &p) != BX_OK) {
            return BX_FAIL;
        }
        json_array_append_new(made, json_pack("{s:o, s:s}", "id", bx_id_json(p.id), "name",
            bx_class_label(c->arena, bx_call_lang(c), w->stage, w->entry_year, k, bx_date_of(c->now))));
    }

    return BX_OK;
}

bx_rc
admin_unit_classes(bx_call *c)
{
    admin_unit  school;
    json_t     *grades = json_object_get(c->body, "grades"), *one;
    json_t     *made = json_array(), *answer = bx_own(c->arena, json_pack("{s:o}", "created", made));
    size_t      i;

    if (admin_unit_read(c, "unit.manage", admin_body_id(c, "school_id"), "school_id", &school) != BX_OK) {
        return BX_FAIL;
    }
    if (strcmp(school.u.level, "school") != 0 || school.closed_on != NULL) {
        return bx_refuse(c, BX_E_INVALID, "school_id", "admin.not_school", NULL);
    }
    if (!json_is_array(grades) || json_array_size(grades) == 0 || json_array_size(grades) > 9) {
        return bx_refuse(c, BX_E_INVALID, "grades", "admin.grade", NULL);
    }

    json_array_foreach(grades, i, one) {
        grade_wish  w, before;

        if (wish_read(c, &school, one, &w) != BX_OK) {
            return BX_FAIL;
        }
        for (size_t k = 0; k < i; k++) {
            if (wish_read(c, &school, json_array_get(grades, k), &before) == BX_OK && before.entry_year == w.entry_year
                && strcmp(before.stage, w.stage) == 0)
            {
                return bx_refuse(c, BX_E_INVALID, "grades", "admin.grade", NULL);
            }
        }
        if (queue_grade(c, &school, &w, made) != BX_OK) {
            return BX_FAIL;
        }
    }
    if (json_array_size(made) == 0) {
        return bx_refuse(c, BX_E_INVALID, "grades", "admin.nothing_new", NULL);
    }

    bx_answer(c, 201, json_incref(answer));
    return bx_commit(c, school.u.id, "create_classes", "org-units", school.u.id, answer);
}

/* ---- renaming, closing, opening */

static bx_rc
target(bx_call *c, admin_unit *unit)
{
    return admin_unit_read(c, "unit.manage", c->path_id, NULL, unit) == BX_OK ? bx_version_check(c, unit->version) : BX_FAIL;
}

static bx_rc
answer_changed(bx_call *c, const admin_unit *unit, const char *action, json_t *changes)
{
    bx_own(c->arena, changes);
    bx_answer(c, 200, json_pack("{s:o, s:I}", "id", bx_id_json(unit->u.id), "version", (json_int_t) unit->version + 1));
    return bx_commit(c, admin_chain(&unit->u), action, "org-units", unit->u.id, changes);
}

bx_rc
admin_unit_rename(bx_call *c)
{
    static const char  sql[] = "UPDATE org_unit SET name = ?, code = ?, version = version + 1 WHERE id = ? AND version = ?";
    admin_unit         unit;
    const char        *name = admin_body_text(c, "name"), *code = admin_body_text(c, "code");

    if (target(c, &unit) != BX_OK) {
        return BX_FAIL;
    }
    if (bx_word_in("grade class", unit.u.level)) {
        return bx_refuse(c, BX_E_INVALID, "name", "admin.class_name", NULL);
    }

    code = code == NULL ? unit.u.code : code;
    if (code != NULL && (unit.u.code == NULL || strcmp(code, unit.u.code) != 0) && refuse_code(c, unit.u.level, code, unit.u.id) != BX_OK) {
        return BX_FAIL;
    }
    if (bx_queue(c, 1, sql, BX_ARGS(bx_text(name), bx_text(code), bx_int(unit.u.id), bx_int(unit.version))) != BX_OK) {
        return BX_FAIL;
    }

    return answer_changed(c, &unit, "edit", json_pack("{s:{s:s, s:s?}, s:{s:s, s:s?}}", "from", "name", unit.u.name, "code", unit.u.code,
                                                      "to", "name", name, "code", code));
}

/* Children who are at school in what is to be closed. */
static bx_rc
refuse_children(bx_call *c, const admin_unit *unit)
{
    static const char  sql[] =
        "SELECT COUNT(*) FROM org_unit u JOIN student s ON s.class_id = u.id AND s.status IN ('01', '05')"
        " WHERE u.path LIKE CONCAT(?, '%') AND u.level = 'class'";
    bx_rows            rows;

    if (bx_query(c, &rows, sql, BX_ARGS(bx_text(unit->u.path))) != BX_OK) {
        return BX_FAIL;
    }

    return bx_cell_int(&rows, 0, 0) == 0 ? BX_OK
           : bx_refuse(c, BX_E_CONFLICT, "closed_on", "admin.has_children", json_pack("{s:I}", "n", (json_int_t) bx_cell_int(&rows, 0, 0)));
}

bx_rc
admin_unit_close(bx_call *c)
{
    static const char  sql_below[] = "UPDATE org_unit SET closed_on = ?, version = version + 1"
                                     " WHERE path LIKE CONCAT(?, '%') AND id <> ? AND closed_on IS NULL";
    static const char  sql[] = "UPDATE org_unit SET closed_on = ?, version = version + 1 WHERE id = ? AND version = ? AND closed_on IS NULL";
    admin_unit         unit;
    bx_date            day = admin_body_date(c, "closed_on", bx_date_of(c->now));
    const char        *on;

    if (target(c, &unit) != BX_OK) {
        return BX_FAIL;
    }
    if (unit.u.parent == 0) {
        return bx_refuse(c, BX_E_INVALID, "closed_on", "admin.close_root", NULL);
    }
    if (unit.closed_on != NULL) {
        return bx_refuse(c, BX_E_WRONG_STATE, NULL, NULL, NULL);
    }
    if (day > bx_date_of(c->now)) {
        return bx_refuse(c, BX_E_INVALID, "closed_on", "admin.close_future", NULL);
    }
    if (refuse_children(c, &unit) != BX_OK) {
        return BX_FAIL;
    }

    on = bx_date_text(c->arena, day);
    if (bx_queue(c, 1, sql, BX_ARGS(bx_text(on), bx_int(unit.u.id), bx_int(unit.version))) != BX_OK
        || bx_queue(c, -1, sql_below, BX_ARGS(bx_text(on), bx_text(unit.u.path), bx_int(unit.u.id))) != BX_OK)
    {
        return BX_FAIL;
    }

    return answer_changed(c, &unit, "close", json_pack("{s:s, s:s}", "closed_on", on, "reason", admin_body_text(c, "reason")));
}

bx_rc
admin_unit_reopen(bx_call *c)
{
    static const char  sql[] = "UPDATE org_unit SET closed_on = NULL, version = version + 1 WHERE id = ? AND version = ?";
    static const char  sql_parent[] = "SELECT w.name FROM org_unit w WHERE w.id = ? AND w.closed_on IS NOT NULL";
    admin_unit         unit;
    bx_rows            rows;

    if (target(c, &unit) != BX_OK || bx_query(c, &rows, sql_parent, BX_ARGS(bx_int(unit.u.parent))) != BX_OK) {
        return BX_FAIL;
    }
    if (unit.closed_on == NULL) {
        return bx_refuse(c, BX_E_WRONG_STATE, NULL, NULL, NULL);
    }
    if (rows.nrows > 0) {
        return bx_refuse(c, BX_E_CONFLICT, "parent_id", "admin.parent_closed", json_pack("{s:s}", "unit", bx_cell_text(&rows, 0, 0)));
    }
    if (bx_queue(c, 1, sql, BX_ARGS(bx_int(unit.u.id), bx_int(unit.version))) != BX_OK) {
        return BX_FAIL;
    }

    return answer_changed(c, &unit, "reopen", json_pack("{s:s, s:s?}", "closed_on", unit.closed_on, "reason", admin_body_text(c, "reason")));
}
