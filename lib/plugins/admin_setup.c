/*
 * admin_setup.c: what a school still needs before a term, asked of its data, and the workflows this server runs with.
 * Nothing here is ticked by hand: an item is done when the rows say so.
 */
#include "plugins/admin.h"
#include "web/registry.h"

#include <string.h>

/* ---- GET setup?school_id= */

static const char sql_counts[] =
    "SELECT (SELECT COUNT(*) FROM org_unit k WHERE k.school_id = u.id AND k.level = 'class' AND k.closed_on IS NULL) AS classes,"
    " (SELECT COUNT(*) FROM org_unit k WHERE k.school_id = u.id AND k.level = 'class' AND k.closed_on IS NULL AND NOT EXISTS"
    "   (SELECT 1 FROM position p WHERE p.unit_id = k.id AND p.role = 'teacher' AND (p.ends_on IS NULL OR p.ends_on >= ?))) AS no_teacher,"
    " (SELECT COUNT(DISTINCT p.account_id) FROM position p JOIN org_unit k ON k.id = p.unit_id WHERE k.school_id = u.id"
    "   AND (p.ends_on IS NULL OR p.ends_on >= ?)) AS staff,"
    " (SELECT COUNT(DISTINCT a.id) FROM position p JOIN org_unit k ON k.id = p.unit_id JOIN account a ON a.id = p.account_id"
    "   WHERE k.school_id = u.id AND (p.ends_on IS NULL OR p.ends_on >= ?) AND a.signed_in_at IS NOT NULL) AS signed_in,"
    " (SELECT COUNT(DISTINCT p.role) FROM position p WHERE p.unit_id = u.id AND p.role IN ('principal', 'office', 'registrar')"
    "   AND (p.ends_on IS NULL OR p.ends_on >= ?)) AS offices,"
    " (SELECT COUNT(*) FROM student s WHERE s.school_id = u.id AND s.status IN ('01', '05')) AS students,"
    " (SELECT i.rejected FROM import i WHERE i.school_id = u.id AND i.state = 'done' ORDER BY i.id DESC LIMIT 1) AS rejected,"
    " (SELECT COUNT(*) FROM import i WHERE i.school_id = u.id AND i.state IN ('columns', 'ready')) AS waiting"
    " FROM org_unit u WHERE u.id = ?";

/* Guardians with an account, with a code that may still be used, and all. */
static const char sql_guardians[] =
    "SELECT COUNT(DISTINCT g.id), COUNT(DISTINCT CASE WHEN g.account_id IS NOT NULL THEN g.id END),"
    " COUNT(DISTINCT CASE WHEN g.account_id IS NULL AND x.id IS NOT NULL THEN g.id END)"
    " FROM student s JOIN student_guardian sg ON sg.student_id = s.id AND sg.ends_on IS NULL JOIN guardian g ON g.id = sg.guardian_id"
    " LEFT JOIN activation x ON x.guardian_id = g.id AND x.used_at IS NULL AND x.expires_on >= ?"
    " WHERE s.school_id = ? AND s.status IN ('01', '05')";

/* The term that holds today, or the next within 90 days, for the school. */
static const char sql_term[] =
    "SELECT t.starts_on, t.ends_on, u.name FROM term t JOIN org_unit u ON u.id = t.unit_id"
    " WHERE t.ends_on >= ? AND t.starts_on <= ? AND ? LIKE CONCAT(u.path, '%') ORDER BY LENGTH(u.path) DESC, t.starts_on LIMIT 1";

static void
add_item(json_t *items, const char *key, bool done, json_t *more)
{
    json_t  *item = json_pack("{s:s, s:b}", "key", key, "done", done);

    json_object_update(item, more);
    json_decref(more);
    json_array_append_new(items, item);
}

static json_t *
term_json(const bx_rows *rows)
{
    return rows->nrows == 0 ? json_pack("{s:n}", "starts_on")
           : json_pack("{s:s, s:s, s:s}", "starts_on", bx_cell_text(rows, 0, 0), "ends_on", bx_cell_text(rows, 0, 1),
                       "of", bx_cell_text(rows, 0, 2));
}

bx_rc
admin_setup(bx_call *c)
{
    const char  *today = admin_today(c), *soon = bx_date_text(c->arena, bx_date_of(c->now) + 90);
    bx_value     day = bx_text(today);
    bx_id        id = bx_id_parse(bx_call_query_arg(c, "school_id"));
    admin_unit   school;
    bx_rows      n, term, guardians;
    json_t      *items;
    int64_t      classes, staff, students;

    if (admin_unit_read(c, "unit.manage", id, NULL, &school) != BX_OK) {
        return BX_FAIL;
    }
    if (strcmp(school.u.level, "school") != 0) {
        return bx_refuse(c, BX_E_INVALID, "school_id", "admin.not_school", NULL);
    }
    if (bx_query(c, &n, sql_counts, BX_ARGS(day, day, day, day, bx_int(id))) != BX_OK
        || bx_query(c, &term, sql_term, BX_ARGS(day, bx_text(soon), bx_text(school.u.path))) != BX_OK
        || bx_query(c, &guardians, sql_guardians, BX_ARGS(day, bx_int(id))) != BX_OK)
    {
        return BX_FAIL;
    }

    classes = bx_cell_int(&n, 0, 0);
    staff = bx_cell_int(&n, 0, 2);
    students = bx_cell_int(&n, 0, 5);

    items = json_array();
    add_item(items, "unit", school.u.code != NULL && school.u.stage != NULL && school.closed_on == NULL,
             json_pack("{s:s?, s:s?}", "code", school.u.code, "stage", school.u.stage));
    add_item(items, "term", term.nrows > 0, term_json(&term));
    add_item(items, "classes", classes > 0, json_pack("{s:I}", "n", (json_int_t) classes));
    add_item(items, "accounts", classes > 0 && staff >= classes,
             json_pack("{s:I, s:I}", "n", (json_int_t) staff, "signed_in", (json_int_t) bx_cell_int(&n, 0, 3)));
    add_item(items, "positions", classes > 0 && bx_cell_int(&n, 0, 1) == 0 && bx_cell_int(&n, 0, 4) == 3,
             json_pack("{s:I, s:I}", "no_teacher", (json_int_t) bx_cell_int(&n, 0, 1), "offices", (json_int_t) bx_cell_int(&n, 0, 4)));
    add_item(items, "roster", students > 0 && bx_cell_int(&n, 0, 7) == 0,
             json_pack("{s:I, s:I, s:I}", "n", (json_int_t) students, "rejected", (json_int_t) bx_cell_int(&n, 0, 6),
                       "waiting", (json_int_t) bx_cell_int(&n, 0, 7)));
    add_item(items, "slips", bx_cell_int(&guardians, 0, 0) > 0
                             && bx_cell_int(&guardians, 0, 1) + bx_cell_int(&guardians, 0, 2) == bx_cell_int(&guardians, 0, 0),
             json_pack("{s:I, s:I, s:I}", "n", (json_int_t) bx_cell_int(&guardians, 0, 0), "active",
                       (json_int_t) bx_cell_int(&guardians, 0, 1), "codes", (json_int_t) bx_cell_int(&guardians, 0, 2)));

    return bx_answer(c, 200, json_pack("{s:o, s:s, s:s?, s:o}", "school_id", bx_id_json(id), "school_name", school.u.name,
                                       "stage", school.u.stage, "items", items));
}

/* ---- GET installed-plugins */

#define COUNT_ROWS(n, list, last)  for (n = 0; (list) != NULL && (list)[n].last != NULL; n++) { /* void */ }

static json_t *
plugin_json(bx_call *c, const bx_plugin_row *row)
{
    const bx_plugin  *p = row->plugin;
    json_t           *records = json_array();
    int               routes, jobs, rules;

    for (const bx_record_def *def = p->records; def != NULL && def->name != NULL; def++) {
        json_array_append_new(records, json_string(def->name));
    }
    COUNT_ROWS(routes, p->routes, method)
    COUNT_ROWS(jobs, p->jobs, name)
    COUNT_ROWS(rules, p->rules, key)

    /* where files lie is for whoever runs the whole */
    return json_pack("{s:s, s:b, s:b, s:b, s:s?, s:i, s:i, s:o, s:i, s:i, s:i}", "name", p->name, "built_in", row->handle == NULL,
                     "base", row->base, "on", row->on, "file", admin_at_root(c, "plugin.read") ? row->file : NULL,
                     "abi", (int) p->abi, "schema", row->schema, "records", records, "routes", routes, "jobs", jobs, "rules", rules);
}

bx_rc
admin_plugins(bx_call *c)
{
    const bx_tables  *t = bx_tables_current();
    json_t           *items = json_array();

    for (size_t i = 0; t != NULL && i < t->nall; i++) {
        json_array_append_new(items, plugin_json(c, &t->all[i]));
    }

    return bx_answer(c, 200, json_pack("{s:o, s:i}", "items", items, "abi", BX_PLUGIN_ABI));
}
