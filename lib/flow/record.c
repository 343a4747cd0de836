/* record.c: rows of a record definition: read in scope, handed to hooks, rendered as JSON; conditions on them.
 * Owns what a field's type means in SQL and in an answer. Does not own bodies (body.c), states (machine.c) nor lists (list.c). */

#include "flow/flow.h"
#include "flow/rules.h"
#include "flow/attachment.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Columns before the fields, in the order of bx_record_select(). */
enum { COL_ID, COL_VERSION, COL_STATE, COL_CREATOR, COL_STUDENT, COL_CLASS, COL_SCHOOL, COL_TOWNSHIP, COL_OWN,
       COL_STAGE, COL_ENTRY, COL_NUMBER, COL_GRADE, COL_SCHOOL_NAME, COL_CENTRAL, COL_STUDENT_NAME, COL_UNIT,
       COL_PATH, COL_FIELDS };


const char *
bx_type_name(bx_type type)
{
    static const char *const names[] = {
        [BX_TEXT] = "text", [BX_CODE] = "code", [BX_INT] = "int", [BX_HALVES] = "days", [BX_BOOL] = "bool", [BX_DATE] = "date",
        [BX_TIME] = "time", [BX_REF] = "ref", [BX_FILES] = "files", [BX_SECRET] = "secret",
    };

    return names[type];
}


int
bx_record_field(const bx_record_def *def, const char *name)
{
    for (int i = 0; def->fields[i].name != NULL; i++) {
        if (strcmp(def->fields[i].name, name) == 0) {
            return i;
        }
    }

    return -1;
}


static bool
is_student(const bx_record_def *def)
{
    return strcmp(def->table, "student") == 0;
}


const char *
bx_record_alias(const bx_record_def *def)
{
    return def->scope == BX_SCOPE_UNIT && strcmp(def->table, "org_unit") != 0 ? "un" : "t";
}


/* Student, class, school and township of a row. */
static void
select_scope(const bx_record_def *def, bx_buf *sql)
{
    const char *u = bx_record_alias(def);

    switch (def->scope) {
    case BX_SCOPE_STUDENT:
        bx_buf_str(sql, ", t.student_id, t.class_id, t.school_id, t.township_id, ");
        return;
    case BX_SCOPE_SCHOOL:
        bx_buf_str(sql, ", NULL, NULL, t.school_id, t.township_id, ");
        return;
    case BX_SCOPE_UNIT:
        bx_buf_printf(sql, ", NULL, IF(%s.level = 'class', %s.id, NULL), %s.school_id, %s.township_id, ", u, u, u, u);
    }
}


/* Class, grade, school, central school, what it is about by name, the unit it hangs on, and the path of the class. */
static void
select_names(const bx_record_def *def, bx_buf *sql)
{
    bool  hangs = bx_record_alias(def)[0] == 'u';

    switch (def->scope) {
    case BX_SCOPE_STUDENT:
        bx_buf_printf(sql, ", cl.stage, cl.entry_year, cl.class_no, cl.parent_id, sc.name, sc.parent_id, %s, NULL, cl.path",
                      is_student(def) ? "NULL" : "st.name");
        return;
    case BX_SCOPE_SCHOOL:
        bx_buf_str(sql, ", NULL, NULL, NULL, NULL, sc.name, sc.parent_id, NULL, t.school_id, NULL");
        return;
    case BX_SCOPE_UNIT:
        bx_buf_str(sql, hangs ? ", un.stage, un.entry_year, un.class_no" : ", NULL, NULL, NULL");
        bx_buf_printf(sql, ", CASE %s.level WHEN 'class' THEN %s.parent_id WHEN 'grade' THEN %s.id END, sc.name,"
                      " IF(%s.level = 'central_school', %s.id, sc.parent_id), %s, %s.id, NULL", bx_record_alias(def), bx_record_alias(def),
                      bx_record_alias(def), bx_record_alias(def), bx_record_alias(def), hangs ? "un.name" : "NULL",
                      bx_record_alias(def));
    }
}


bx_rc
bx_record_columns(bx_call *c, const bx_record_def *def, bx_buf *sql, bx_value *args, size_t *nargs, size_t room)
{
    bx_buf_printf(sql, "SELECT t.id, t.version, %s, %s", def->states != NULL ? "t.state" : "NULL",
                  def->transitions != NULL ? "t.created_by" : "NULL");
    select_scope(def, sql);

    if (def->scope != BX_SCOPE_STUDENT) {
        bx_buf_str(sql, "0");
    } else if (bx_own_child_sql(c, "t", sql, args, nargs, room) != BX_OK) {
        return BX_FAIL;
    }

    select_names(def, sql);

    for (const bx_field *f = def->fields; f->name != NULL; f++) {
        bx_buf_printf(sql, f->type == BX_FILES ? ", NULL" : ", t.%s", f->name);
    }

    return BX_OK;
}


void
bx_record_joins(const bx_record_def *def, bx_buf *sql)
{
    bool  of_student = def->scope == BX_SCOPE_STUDENT, hangs = bx_record_alias(def)[0] == 'u';

    bx_buf_str(sql, hangs ? " JOIN org_unit un ON un.id = t.unit_id LEFT JOIN org_unit sc ON sc.id = un.school_id"
                          : " LEFT JOIN org_unit sc ON sc.id = t.school_id");
    if (of_student) {
        bx_buf_str(sql, " LEFT JOIN org_unit cl ON cl.id = t.class_id");
    }
    if (of_student && !is_student(def)) {
        bx_buf_str(sql, " LEFT JOIN student st ON st.id = t.student_id");
    }
}


bx_rc
bx_record_select(bx_call *c, const bx_record_def *def, bx_buf *sql, bx_value *args, size_t *nargs, size_t room)
{
    if (bx_record_columns(c, def, sql, args, nargs, room) != BX_OK) {
        return BX_FAIL;
    }

    bx_buf_printf(sql, " FROM %s t", def->table);
    bx_record_joins(def, sql);
    return BX_OK;
}


static void
scope_from_row(const bx_record_def *def, const bx_rows *rows, size_t i, bx_row_scope *s)
{
    s->student = bx_cell_int(rows, i, COL_STUDENT);
    s->class_id = bx_cell_int(rows, i, COL_CLASS);
    s->school = bx_cell_int(rows, i, COL_SCHOOL);
    s->township = bx_cell_int(rows, i, COL_TOWNSHIP);
    s->own_child = bx_cell_int(rows, i, COL_OWN) != 0;
    s->grade = bx_cell_int(rows, i, COL_GRADE);
    s->central = bx_cell_int(rows, i, COL_CENTRAL);
    s->unit = def->scope == BX_SCOPE_STUDENT ? s->school : bx_cell_int(rows, i, COL_UNIT);
}


void
bx_record_from_row(bx_call *c, const bx_record_def *def, const bx_rows *rows, size_t i, bx_record *r)
{
    memset(r, 0, sizeof(*r));

    r->def = def;
    r->call = c;
    r->id = bx_cell_int(rows, i, COL_ID);
    r->version = bx_cell_int(rows, i, COL_VERSION);
    r->state = bx_cell_text(rows, i, COL_STATE);
    r->creator = bx_cell_int(rows, i, COL_CREATOR);
    scope_from_row(def, rows, i, &r->scope);
    r->school_name = bx_cell_text(rows, i, COL_SCHOOL_NAME);
    r->student_name = bx_cell_text(rows, i, COL_STUDENT_NAME);

    if (bx_cell_text(rows, i, COL_PATH) != NULL) {
        bx_unit_known(c, r->scope.class_id, bx_cell_text(rows, i, COL_PATH));
    }
    if (bx_cell(rows, i, COL_NUMBER)->kind != BX_V_NULL) {
        r->class_name = bx_class_label(c->arena, c->lang, bx_cell_text(rows, i, COL_STAGE),
                                       (int) bx_cell_int(rows, i, COL_ENTRY), (int) bx_cell_int(rows, i, COL_NUMBER),
                                       bx_date_of(c->now));
    }

    for (size_t f = 0; def->fields[f].name != NULL && f < BX_MAX_FIELDS; f++) {
        r->values[f] = *bx_cell(rows, i, COL_FIELDS + f);
        r->nfields = f + 1;
    }
}


/* Rows in a private state are seen by their creator only. */
static void
where_states(bx_call *c, const bx_record_def *def, bx_buf *sql, bx_value *args, size_t *nargs)
{
    bx_buf_str(sql, " AND (t.state NOT IN (");
    for (const char *p = def->private_states; *p != '\0'; p += strspn(p, " ")) {
        size_t  n = strcspn(p, " ");

        bx_buf_str(sql, p == def->private_states ? "'" : ",'");
        bx_buf_add(sql, p, n);
        bx_buf_str(sql, "'");
        p += n;
    }
    bx_buf_str(sql, ") OR t.created_by = ?)");
    args[(*nargs)++] = bx_int(bx_call_account(c));
}


bool
bx_record_near(const bx_record_def *def)
{
    return def->scope == BX_SCOPE_STUDENT && def->read != NULL && bx_capability_near(bx_capability_index(def->read));
}


/* What a capability that is near opens is never about a child of one's own, whatever position one holds. */
bx_rc
bx_record_where_private(bx_call *c, const bx_record_def *def, bx_buf *sql, bx_value *args, size_t *nargs, size_t room)
{
    if (c->trusted) {
        return BX_OK;
    }
    if (def->private_states != NULL) {
        where_states(c, def, sql, args, nargs);
    }
    if (!bx_record_near(def)) {
        return BX_OK;
    }

    bx_buf_str(sql, " AND NOT ");
    return bx_own_child_ask(c, "t", sql, args, nargs, room);
}


bx_rc
bx_record_where(bx_call *c, const bx_record_def *def, const char *capability, bx_buf *sql, bx_value *args, size_t *nargs,
                size_t room)
{
    if (bx_scope_where(c, def->scope, bx_record_alias(def), capability, sql, args, nargs, room - 3) != BX_OK) {
        return BX_FAIL;
    }

    return bx_record_where_private(c, def, sql, args, nargs, room);
}


bx_rc
bx_record_read(bx_call *c, const bx_record_def *def, bx_id id, bx_record *out, bool *found)
{
    bx_buf    sql;
    bx_rows   rows;
    bx_value  args[48];
    size_t    nargs = 0;

    *found = false;
    bx_buf_init(&sql, c->arena);

    if (bx_record_select(c, def, &sql, args, &nargs, 40) != BX_OK) {
        return BX_FAIL;
    }

    bx_buf_str(&sql, " WHERE t.id = ? AND ");
    args[nargs++] = bx_int(id);

    if (bx_record_where(c, def, def->read, &sql, args, &nargs, 48) != BX_OK
        || bx_query(c, &rows, sql.data, args, nargs) != BX_OK)
    {
        return BX_FAIL;
    }

    if (rows.nrows == 1) {
        bx_record_from_row(c, def, &rows, 0, out);
        *found = true;
    }

    return BX_OK;
}


/* ---- accessors for hooks */

bx_id bx_rec_id(const bx_record *r) { return r->id; }
bx_id bx_rec_student(const bx_record *r) { return r->scope.student; }
bx_id bx_rec_class(const bx_record *r) { return r->scope.class_id; }
bx_id bx_rec_school(const bx_record *r) { return r->scope.school; }
bx_id bx_rec_creator(const bx_record *r) { return r->creator; }
const char *bx_rec_student_name(const bx_record *r) { return r->student_name; }
const char *bx_rec_state(const bx_record *r) { return r->state; }


static const bx_value *
value_of(const bx_record *r, const char *field)
{
    static const bx_value  none = { BX_V_NULL, 0, NULL, 0 };
    int                    i = bx_record_field(r->def, field);

    return i < 0 ? &none : &r->values[i];
}


bool
bx_rec_has(const bx_record *r, const char *field)
{
    return value_of(r, field)->kind != BX_V_NULL;
}


bool
bx_rec_taken(const bx_record *r, const char *field)
{
    int  i = bx_record_field(r->def, field);

    return i >= 0 && r->taken[i];
}


const char *
bx_rec_text(const bx_record *r, const char *field)
{
    const bx_value *v = value_of(r, field);

    return v->kind == BX_V_TEXT ? v->s : NULL;
}


int64_t
bx_rec_int(const bx_record *r, const char *field)
{
    const bx_value *v = value_of(r, field);

    return v->kind == BX_V_INT ? v->i : 0;
}


bx_date
bx_rec_date(const bx_record *r, const char *field)
{
    const char *s = bx_rec_text(r, field);

    return s == NULL ? BX_NO_DATE : bx_date_parse(s);
}


bx_time
bx_rec_time(const bx_record *r, const char *field)
{
    const char *s = bx_rec_text(r, field);

    return s == NULL ? BX_NO_TIME : bx_time_parse_sql(s);
}


static void
set_value(bx_record *r, const char *field, bx_value v)
{
    int  i = bx_record_field(r->def, field);

    if (i >= 0) {
        r->values[i] = v;
        r->changed[i] = true;
    }
}


void
bx_set_text(bx_record *r, const char *field, const char *value)
{
    set_value(r, field, bx_text(value == NULL ? NULL : bx_strdup(r->call->arena, value)));
}


void
bx_set_int(bx_record *r, const char *field, int64_t value)
{
    set_value(r, field, bx_int(value));
}


void
bx_set_date(bx_record *r, const char *field, bx_date value)
{
    set_value(r, field, value == BX_NO_DATE ? bx_null() : bx_text(bx_date_text(r->call->arena, value)));
}


void
bx_set_time(bx_record *r, const char *field, bx_time value)
{
    set_value(r, field, value == BX_NO_TIME ? bx_null() : bx_text(bx_time_sql(r->call->arena, value)));
}


/* ---- JSON out */

static json_t *
secret_json(bx_call *c, const bx_field *f, const bx_value *v)
{
    char *plain;

    if (bx_unseal(c->arena, v, &plain) != BX_OK) {
        return json_null();
    }

    return json_string(bx_mask(c->arena, f->arg, plain));
}


static json_t *
field_json(bx_call *c, const bx_field *f, const bx_value *v)
{
    if (v->kind == BX_V_NULL) {
        return json_null();
    }

    switch (f->type) {
    case BX_INT:
        return json_integer(v->i);
    case BX_HALVES:
        return json_real((double) v->i / 2);
    case BX_BOOL:
        return json_boolean(v->i != 0);
    case BX_REF:
        return bx_id_json(v->i);
    case BX_TIME:
        return json_string(bx_time_iso(c->arena, bx_time_parse_sql(v->s)));
    case BX_SECRET:
        return secret_json(c, f, v);
    case BX_FILES:
        return json_array();
    case BX_TEXT:
    case BX_CODE:
    case BX_DATE:
        break;
    }

    return json_stringn_nocheck(v->s, v->len);   /* the database keeps nothing but UTF-8, and a body is nothing else */
}


static void
scope_json(const bx_record *r, json_t *o)
{
    if (r->def->scope == BX_SCOPE_STUDENT) {
        if (!is_student(r->def)) {
            json_object_set_new_nocheck(o, "student_id", bx_id_json(r->scope.student));
            json_object_set_new_nocheck(o, "student_name", json_string(r->student_name));
        }
        json_object_set_new_nocheck(o, "class_id", bx_id_json(r->scope.class_id));
        json_object_set_new_nocheck(o, "class_name", json_string(r->class_name == NULL ? "" : r->class_name));
        json_object_set_new_nocheck(o, "own_child", json_boolean(r->scope.own_child));
    }

    if (r->def->scope != BX_SCOPE_UNIT) {
        json_object_set_new_nocheck(o, "school_id", bx_id_json(r->scope.school));
        json_object_set_new_nocheck(o, "school_name", json_string(r->school_name == NULL ? "" : r->school_name));
    } else if (bx_record_alias(r->def)[0] == 'u') {
        /* a class by the name it has this school year */
        const char *name = r->class_name != NULL ? r->class_name : r->student_name;

        json_object_set_new_nocheck(o, "unit_id", bx_id_json(r->scope.unit));
        json_object_set_new_nocheck(o, "unit_name", json_string(name == NULL ? "" : name));
    }
}


/* Is a field shown before the fields, by its column or by the row's place? */
static bool
is_common(const json_t *o, const char *name)
{
    static const char *const common[] = { "id", "version", "state", "student_id", "student_name", "class_id", "class_name", "own_child",
                                          "school_id", "school_name", "unit_id", "unit_name" };

    for (size_t i = 0; i < sizeof(common) / sizeof(common[0]); i++) {
        if (common[i][0] == name[0] && strcmp(common[i], name) == 0) {
            return json_object_get(o, name) != NULL;
        }
    }

    return false;
}


json_t *
bx_record_json(bx_call *c, const bx_record *r)
{
    json_t *o = json_object();

    json_object_set_new_nocheck(o, "id", bx_id_json(r->id));
    json_object_set_new_nocheck(o, "version", json_integer(r->version));
    if (r->def->states != NULL) {
        json_object_set_new_nocheck(o, "state", json_string(r->to != NULL ? r->to : r->state));
    }
    scope_json(r, o);

    for (size_t i = 0; i < r->nfields; i++) {
        const bx_field *f = &r->def->fields[i];

        if ((f->flags & BX_NO_JSON) || (f->read != NULL && !bx_scope_allows(c, f->read, &r->scope))) {
            continue;
        }
        if (!is_common(o, f->name)) {
            json_object_set_new_nocheck(o, f->type == BX_HALVES ? f->arg : f->name, field_json(c, f, &r->values[i]));
        }
    }

    if (r->def->transitions != NULL) {
        json_object_set_new_nocheck(o, "actions", bx_record_actions(c, r));
    }

    return o;
}


bx_rc
bx_record_dress(bx_call *c, const bx_record_def *def, json_t *rows, bool one)
{
    if (json_array_size(rows) == 0) {
        return BX_OK;
    }

    for (const bx_field *f = def->fields; f->name != NULL; f++) {
        if (f->type == BX_FILES && bx_attachments_attach(c, def->name, rows, f->name) != BX_OK) {
            return BX_FAIL;
        }
    }

    return def->decorate == NULL ? BX_OK : def->decorate(c, rows, one);
}


/* ---- conditions of transitions: words "column=value,value" */

static bool
number_in(const char *words, int64_t n)
{
    for (const char *p = words; *p != '\0'; p += strspn(p, " ,")) {
        char *end;

        if (strtoll(p, &end, 10) == n && end != p && (*end == '\0' || *end == ' ' || *end == ',')) {
            return true;
        }
        p += strcspn(p, " ,");
    }

    return false;
}


static bool
clause_holds(const bx_record *r, const char *clause, size_t n)
{
    const char *eq = memchr(clause, '=', n);
    char        column[64], values[128];
    int         i;

    if (eq == NULL || (size_t) (eq - clause) >= sizeof(column) || n - (size_t) (eq - clause) > sizeof(values)) {
        return false;
    }

    memcpy(column, clause, (size_t) (eq - clause));
    column[eq - clause] = '\0';
    memcpy(values, eq + 1, n - (size_t) (eq - clause) - 1);
    values[n - (size_t) (eq - clause) - 1] = '\0';

    i = bx_record_field(r->def, column);
    if (i < 0 || r->values[i].kind == BX_V_NULL) {
        return false;
    }
    return r->values[i].kind == BX_V_TEXT ? bx_word_in(values, r->values[i].s) : number_in(values, r->values[i].i);
}


bool
bx_when_holds(const bx_record *r, const char *when)
{
    for (const char *p = when; p != NULL && *p != '\0'; p += strspn(p, " ")) {
        size_t  n = strcspn(p, " ");

        if (!clause_holds(r, p, n)) {
            return false;
        }
        p += n;
    }

    return true;
}


void
bx_when_sql(const char *when, bx_buf *sql)
{
    for (const char *p = when; p != NULL && *p != '\0'; p += strspn(p, " ")) {
        size_t  name = strcspn(p, "=");

        bx_buf_str(sql, " AND t.");
        bx_buf_add(sql, p, name);
        bx_buf_str(sql, " IN (");

        for (p += name + 1; ; p++) {
            size_t  n = strcspn(p, " ,");

            bx_buf_str(sql, "'");
            bx_buf_add(sql, p, n);
            bx_buf_str(sql, "'");
            p += n;
            if (*p != ',') {
                break;
            }
            bx_buf_str(sql, ",");
        }

        bx_buf_str(sql, ")");
    }
}
