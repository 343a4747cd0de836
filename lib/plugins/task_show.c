/* task_show.c: how a task is shown: its words in the reader's language, whose it is by name, why it exists, what closes it,
 * and what the reader may do with it. Which rows are read is task_mine.c's and task_list.c's. */

#include "plugins/task.h"

#include <string.h>


/* ---- names of units and people, one query each for a page */

typedef struct { bx_id id; const char *name; } named;
typedef struct { named *list; size_t n; } names;

static const char *
name_of(const names *k, bx_id id)
{
    for (size_t i = 0; i < k->n; i++) {
        if (k->list[i].id == id) {
            return k->list[i].name;
        }
    }

    return NULL;
}


/* Every id of the named fields of the rows, once, as "?, ?, …". */
static size_t
collect(const bx_record *rs, size_t n, const char *const fields[], bx_buf *marks, bx_value *args)
{
    size_t  count = 0;

    for (size_t i = 0; i < n; i++) {
        for (size_t f = 0; fields[f] != NULL; f++) {
            bx_id   id = bx_rec_int(&rs[i], fields[f]);
            size_t  k = 0;

            while (k < count && args[k].i != id) {
                k++;
            }
            if (id != 0 && k == count) {
                bx_buf_str(marks, count == 0 ? "?" : ",?");
                args[count++] = bx_int(id);
            }
        }
    }

    return count;
}


static bx_rc
read_names(bx_call *c, const bx_record *rs, size_t n, const char *sql, const char *const fields[], bool units, names *out)
{
    bx_value *args = bx_alloc(c->arena, (n * 4 + 1) * sizeof(*args));
    bx_buf    marks;
    bx_rows   rows;
    size_t    count;

    *out = (names) { NULL, 0 };
    bx_buf_init(&marks, c->arena);
    if (args == NULL) {
        return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
    }

    count = collect(rs, n, fields, &marks, args);
    if (count == 0) {
        return BX_OK;
    }
    if (bx_query(c, &rows, bx_sprintf(c->arena, sql, marks.data), args, count) != BX_OK) {      /* sql is static */
        return BX_FAIL;
    }

    out->list = bx_alloc(c->arena, (rows.nrows + 1) * sizeof(*out->list));
    for (size_t i = 0; out->list != NULL && i < rows.nrows; i++) {
        const char *name = bx_cell_text(&rows, i, 1);

        if (units && bx_cell(&rows, i, 4)->kind != BX_V_NULL) {
            name = bx_class_label(c->arena, c->lang, bx_cell_text(&rows, i, 2), (int) bx_cell_int(&rows, i, 3),
                                  (int) bx_cell_int(&rows, i, 4), bx_date_of(c->now));
        }
        out->list[out->n++] = (named) { bx_cell_int(&rows, i, 0), name };
    }
    return BX_OK;
}


/* ---- one row */

typedef struct { names units, people; } page;

static json_t *
seat_json(bx_call *c, const page *p, const char *role, bx_id unit)
{
    if (role == NULL) {
        return json_null();
    }

    return json_pack("{s:s, s:s, s:o, s:s?}", "role", role,
                     "role_label", bx_tr(c->arena, c->lang, bx_sprintf(c->arena, "role.%s", role), NULL),
                     "unit_id", bx_id_json(unit), "unit_name", name_of(&p->units, unit));
}


static json_t *
person_json(const page *p, bx_id id)
{
    return id == 0 ? json_null() : json_pack("{s:o, s:s?}", "id", bx_id_json(id), "name", name_of(&p->people, id));
}


static json_t *
texts_params(bx_call *c, const bx_record *r)
{
    json_t *params = bx_task_params(c->arena, bx_rec_text(r, "params"), bx_rec_text(r, "kind"), r->id, r->student_name);
    bx_id   record = bx_rec_int(r, "record_id");

    json_object_set_new(params, "id", bx_id_json(r->id));
    json_object_set_new(params, "student_id", r->scope.student == 0 ? json_string("") : bx_id_json(r->scope.student));
    json_object_set_new(params, "class_id", r->scope.class_id == 0 ? json_string("") : bx_id_json(r->scope.class_id));
    json_object_set_new(params, "school_id", r->scope.school == 0 ? json_string("") : bx_id_json(r->scope.school));
    json_object_set_new(params, "record_id", record == 0 ? json_string("") : bx_id_json(record));
    json_object_set_new(params, "class", json_string(r->class_name == NULL ? "" : r->class_name));
    json_object_set_new(params, "school", json_string(r->school_name == NULL ? "" : r->school_name));
    return params;
}


static const char *
words(bx_call *c, const char *kind, const char *tail, const json_t *shown)
{
    return bx_tr(c->arena, c->lang, bx_sprintf(c->arena, "task.%s%s", kind, tail), shown);
}


static void
action_add(json_t *list, const char *action, const char *field, bool required)
{
    json_t *fields = json_array();

    if (field != NULL) {
        json_array_append_new(fields, json_pack("{s:s, s:s, s:b, s:i, s:i}", "name", field, "type", "text",
                                                "required", required, "min", required ? 2 : 0, "max", 500));
    }
    json_array_append_new(list, json_pack("{s:s, s:o}", "action", action, "fields", fields));
}


static json_t *
actions_json(const bx_call *c, const bx_record *r, const bx_task_kind *kind)
{
    json_t *list = json_array();
    bool    mine = bx_task_is_mine(c, r), open = strcmp(r->state, "open") == 0;
    bool    waits = open || strcmp(r->state, "excuse_asked") == 0;

    if (bx_task_may_excuse(c, r)) {
        action_add(list, "approve_excuse", "comment", false);
        action_add(list, "refuse_excuse", "comment", true);
    }
    if (open && mine && kind != NULL && (kind->flags & BX_TASK_EXCUSABLE)) {
        action_add(list, "ask_excuse", "reason", true);
    }
    if (open && mine) {
        action_add(list, "delegate", NULL, false);
    }
    if (waits && bx_rec_int(r, "delegated_by") != 0 && (mine || bx_rec_int(r, "delegated_by") == bx_call_account(c))) {
        action_add(list, "take_back", NULL, false);
    }

    return list;
}


static json_t *
task_json(bx_call *c, bx_record *r, const page *p)
{
    const bx_task_kind *kind = bx_task_kind_find(bx_rec_text(r, "kind"));
    const char         *name = bx_rec_text(r, "kind");
    json_t             *o = bx_record_json(c, r), *params = texts_params(c, r), *shown = bx_params_shown(c, params);
    bx_time             due = bx_rec_time(r, "working_due");
    bool                waits = strcmp(r->state, "open") == 0 || strcmp(r->state, "excuse_asked") == 0;

    json_object_del(o, "owner_role");
    json_object_del(o, "owner_unit");
    json_object_del(o, "raised_role");
    json_object_del(o, "raised_unit");
    json_object_set_new(o, "title", json_string(words(c, name, "", shown)));
    json_object_set_new(o, "why", json_string(words(c, name, ".why", shown)));
    json_object_set_new(o, "closes", json_string(words(c, name, ".closes", shown)));
    json_object_set_new(o, "href", json_string(kind == NULL ? NULL : bx_href_fill(c->arena, kind->href, params)));
    json_object_set_new(o, "record", json_string(bx_rec_text(r, "record")));
    json_object_set_new(o, "record_id", bx_id_json(bx_rec_int(r, "record_id")));
    json_object_set_new(o, "closed_id", bx_id_json(bx_rec_int(r, "closed_id")));
    json_object_set_new(o, "owner", seat_json(c, p, bx_rec_text(r, "owner_role"), bx_rec_int(r, "owner_unit")));
    json_object_set_new(o, "raised", seat_json(c, p, bx_rec_text(r, "raised_role"), bx_rec_int(r, "raised_unit")));
    json_object_set_new(o, "assignee", person_json(p, bx_rec_int(r, "assignee_id")));
    json_object_set_new(o, "delegated_by", person_json(p, bx_rec_int(r, "delegated_by")));
    json_object_set_new(o, "mine", json_boolean(waits && (bx_task_is_mine(c, r) || bx_task_may_excuse(c, r))));
    json_object_set_new(o, "overdue", json_boolean(waits && due != BX_NO_TIME && due <= c->now));
    json_object_set_new(o, "due_on", due == BX_NO_TIME ? json_null() : json_string(bx_date_text(c->arena, bx_date_of(due - 1))));
    json_object_set_new(o, "actions", actions_json(c, r, kind));
    return o;
}


static const char sql_units[] = "SELECT u.id, u.name, u.stage, u.entry_year, IF(u.level = 'class', u.class_no, NULL) FROM org_unit u"
                                " WHERE u.id IN (%s)";
static const char sql_people[] = "SELECT a.id, a.name FROM account a WHERE a.id IN (%s)";
static const char *const unit_fields[] = { "owner_unit", "raised_unit", NULL };
static const char *const people_fields[] = { "assignee_id", "delegated_by", NULL };

static bx_rc
page_read(bx_call *c, const bx_record *rs, size_t n, page *p)
{
    return read_names(c, rs, n, sql_units, unit_fields, true, &p->units) == BX_OK
           ? read_names(c, rs, n, sql_people, people_fields, false, &p->people) : BX_FAIL;
}


bx_rc
bx_task_items(bx_call *c, const bx_rows *rows, size_t limit, json_t **out)
{
    size_t     n = rows->nrows < limit ? rows->nrows : limit;
    bx_record *rs = bx_alloc(c->arena, (n + 1) * sizeof(*rs));
    page       p;

    if (rs == NULL) {
        return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
    }
    for (size_t i = 0; i < n; i++) {
        bx_record_from_row(c, bx_task_record, rows, i, &rs[i]);
    }
    if (page_read(c, rs, n, &p) != BX_OK) {
        return BX_FAIL;
    }

    *out = json_array();
    for (size_t i = 0; i < n; i++) {
        json_array_append_new(*out, task_json(c, &rs[i], &p));
    }
    return BX_OK;
}


/* ---- one, with everything about it */

/* The rule its due comes from, as it holds where the task is. */
static bx_rc
rule_json(bx_call *c, const bx_record *r, const bx_task_kind *kind, json_t **out)
{
    const bx_rule *rule = kind == NULL || kind->rule == NULL ? NULL : bx_rule_find(kind->rule);
    bx_rule_value  v;
    bx_rows        rows;
    json_t        *value;

    *out = json_null();
    if (rule == NULL) {
        return BX_OK;
    }
    if (bx_rule_effective(c, rule, bx_task_unit(r->scope.class_id, r->scope.school, r->scope.township), &v) != BX_OK
        || bx_query(c, &rows, "SELECT u.name FROM org_unit u WHERE u.id = ?", BX_ARGS(bx_int(v.origin))) != BX_OK)
    {
        return BX_FAIL;
    }

    value = rule->type == BX_RULE_INT ? json_integer(v.i) : json_string(v.text);
    *out = json_pack("{s:s, s:s, s:o, s:s?, s:s, s:o}", "key", rule->key,
        "label", bx_tr(c->arena, c->lang, bx_sprintf(c->arena, "rule.%s", rule->key), NULL), "value", value,
        "unit", rule->unit == NULL ? NULL : bx_tr(c->arena, c->lang, bx_sprintf(c->arena, "rule.unit.%s", rule->unit), NULL),
        "source", rule->source,
        "origin", v.origin == 0 ? json_null() : json_pack("{s:o, s:s?}", "unit_id", bx_id_json(v.origin), "unit_name",
                                                          rows.nrows == 0 ? NULL : bx_cell_text(&rows, 0, 0)));
    return BX_OK;
}


/* Who has it by name: those who hold its role today, unless it is a certain person's. */
static bx_rc
people_json(bx_call *c, const bx_record *r, json_t **out)
{
    static const char  sql[] =
        "SELECT DISTINCT a.name FROM position p JOIN account a ON a.id = p.account_id AND a.disabled_at IS NULL"
        " WHERE p.unit_id = ? AND p.role = ? AND p.starts_on <= ? AND (p.ends_on IS NULL OR p.ends_on >= ?) LIMIT 20";
    const char        *today = bx_date_text(c->arena, bx_date_of(c->now));
    bx_rows            rows;

    *out = json_array();
    if (bx_rec_int(r, "assignee_id") != 0) {
        return BX_OK;
    }
    if (bx_query(c, &rows, sql, BX_ARGS(bx_int(bx_rec_int(r, "owner_unit")), bx_text(bx_rec_text(r, "owner_role")),
                                        bx_text(today), bx_text(today))) != BX_OK)
    {
        json_decref(*out);
        return BX_FAIL;
    }

    for (size_t i = 0; i < rows.nrows; i++) {
        json_array_append_new(*out, json_string(bx_cell_text(&rows, i, 0)));
    }
    return BX_OK;
}


bx_rc
bx_task_json(bx_call *c, bx_record *r, json_t **out)
{
    const char         *name = bx_rec_text(r, "kind");
    const bx_task_kind *kind = bx_task_kind_find(name);
    const char         *reason = bx_rec_text(r, "closed_reason");
    json_t             *rule, *people, *o;
    page                p;

    if (page_read(c, r, 1, &p) != BX_OK || rule_json(c, r, kind, &rule) != BX_OK) {
        return BX_FAIL;
    }
    if (people_json(c, r, &people) != BX_OK) {
        json_decref(rule);
        return BX_FAIL;
    }

    o = task_json(c, r, &p);
    json_object_set_new(o, "rule", rule);
    json_object_set_new(o, "people", people);
    if (reason != NULL) {
        json_object_set_new(o, "closed_text", json_string(bx_tr(c->arena, c->lang, bx_sprintf(c->arena, "task.reason.%s", reason), NULL)));
    }
    *out = o;
    return BX_OK;
}
