/* dropout_show.c: what is shown of cases beyond their columns: who acts next, the steps of a case, figures of units. Reads only. */

#include "flow/calendar.h"
#include "flow/flow.h"
#include "plugins/dropout.h"

#include <inttypes.h>
#include <string.h>


/* ---- whose turn it is: the holders of the role at the class, school or township of a case, or at the root */

static bx_rc
holders(bx_call *c, json_t *page, bx_rows *out)
{
    static const char *const  places[] = { "class_id", "school_id" };
    bx_buf                    sql;
    bx_value                  args[402];
    size_t                    n = 0, i;
    json_t                   *row;
    bx_value                  today = bx_text(bx_date_text(bx_call_arena(c), bx_date_of(bx_call_now(c))));

    bx_buf_init(&sql, bx_call_arena(c));
    bx_buf_str(&sql, "SELECT p.unit_id, p.role, a.name, u.name, u.parent_id IS NULL FROM position p"
                     " JOIN account a ON a.id = p.account_id AND a.disabled_at IS NULL JOIN org_unit u ON u.id = p.unit_id"
                     " WHERE p.starts_on <= ? AND (p.ends_on IS NULL OR p.ends_on >= ?) AND (u.parent_id IS NULL OR p.unit_id IN (0");
    args[n++] = today;
    args[n++] = today;

    json_array_foreach(page, i, row) {
        for (size_t p = 0; p < 2 && n < 300; p++) {
            bx_buf_str(&sql, ",?");
            args[n++] = bx_int(bx_id_parse(json_string_value(json_object_get(row, places[p]))));
        }
    }
    bx_buf_str(&sql, ") OR p.unit_id IN (SELECT s.township_id FROM org_unit s WHERE s.id IN (0");
    json_array_foreach(page, i, row) {
        if (n < 400) {
            bx_buf_str(&sql, ",?");
            args[n++] = bx_int(bx_id_parse(json_string_value(json_object_get(row, "school_id"))));
        }
    }

    bx_buf_str(&sql, "))) ORDER BY p.id");
    return bx_query(c, out, sql.data, args, n);
}


static json_t *
waits_for(bx_call *c, const bx_rows *rows, json_t *row)
{
    const char *role = json_string_value(json_object_get(row, "next_role"));
    bx_id       class_id = bx_id_parse(json_string_value(json_object_get(row, "class_id")));
    bx_id       school = bx_id_parse(json_string_value(json_object_get(row, "school_id")));
    bool        above = role != NULL && strcmp(role, "township") == 0;
    json_t     *o;

    if (role == NULL) {
        return json_null();
    }

    o = json_pack("{s:s, s:s, s:n, s:n}", "role", role, "role_label",
                  bx_tr(bx_call_arena(c), bx_call_lang(c), bx_sprintf(bx_call_arena(c), "role.%s", role), NULL), "name", "unit_name");
    for (size_t i = 0; i < rows->nrows; i++) {
        bx_id  unit = bx_cell_int(rows, i, 0);

        if (strcmp(bx_cell_text(rows, i, 1), role) == 0 && (above || unit == class_id || unit == school || bx_cell_int(rows, i, 4) != 0)) {
            json_object_set_new(o, "name", json_string(bx_cell_text(rows, i, 2)));
            json_object_set_new(o, "unit_name", json_string(bx_cell_text(rows, i, 3)));
            break;
        }
    }

    return o;
}


/* waits_for: who acts next. On one case its reports of return and what the rules want of it. */
bx_rc
bx_dropout_decorate(bx_call *c, json_t *rows, bool one)
{
    bx_rows   found;
    size_t    i;
    json_t   *row;
    int64_t   wanted;

    if (holders(c, rows, &found) != BX_OK) {
        return BX_FAIL;
    }

    json_array_foreach(rows, i, row) {
        json_object_set_new(row, "waits_for", waits_for(c, &found, row));
    }
    if (one) {
        row = json_array_get(rows, 0);
        if (bx_rule_int(c, "return.observe_days", bx_id_parse(json_string_value(json_object_get(row, "class_id"))), &wanted) != BX_OK) {
            return BX_FAIL;
        }
        json_object_set_new(row, "observe_days", json_integer(wanted));
    }

    return BX_OK;
}


/* ---- the case of a route, in scope */

static bx_rc
case_of_route(bx_call *c, bx_case *k)
{
    bx_record  r;
    bool       found;

    if (bx_record_read(c, bx_dropout_record, bx_call_path_id(c), &r, &found) != BX_OK) {
        return BX_FAIL;
    }
    if (!found) {
        return bx_refuse(c, BX_E_NOT_FOUND, NULL, NULL, NULL);
    }

    bx_case_of_record(&r, k);
    return BX_OK;
}


static json_t *
time_json(bx_call *c, bx_time t)
{
    return t == BX_NO_TIME ? json_null() : json_string(bx_time_iso(bx_call_arena(c), t));
}


/* "2 个工作日": what the rule of a step says for the case; NULL: it has none. */
static bx_rc
rule_text(bx_call *c, const bx_case *k, const char *step, const char **out)
{
    const bx_rule *rule = bx_duty_rule(step) == NULL ? NULL : bx_rule_find(bx_duty_rule(step));
    int64_t        n;

    *out = NULL;
    if (rule == NULL) {
        return BX_OK;
    }
    if (bx_rule_int(c, rule->key, k->class_id, &n) != BX_OK) {
        return BX_FAIL;
    }

    *out = bx_sprintf(c->arena, "%" PRId64 " %s", n, bx_tr(c->arena, c->lang, bx_sprintf(c->arena, "rule.unit.%s", rule->unit), NULL));
    return BX_OK;
}


bx_rc
bx_dropout_steps_route(bx_call *c)
{
    static const char *const  states[] = { "open", "done", "missed", "dropped" };
    bx_case                   k;
    bx_duties                 s;
    const bx_workdays        *office;
    json_t                   *items;

    if (case_of_route(c, &k) != BX_OK || bx_duties_load(c, &k, &s) != BX_OK
        || bx_workdays_load(c, k.school, k.discovered, bx_date_of(bx_call_now(c)), &office) != BX_OK)
    {
        return BX_FAIL;
    }

    items = bx_own(c->arena, json_array());
    for (size_t i = 0; i < s.n; i++) {
        const bx_duty *t = &s.list[i];
        bx_time        at = t->done_at != BX_NO_TIME ? t->done_at : bx_call_now(c);
        const char    *limit;

        if (rule_text(c, &k, t->step, &limit) != BX_OK) {
            return BX_FAIL;
        }
        json_array_append_new(items, json_pack("{s:s, s:i, s:s, s:s, s:s, s:s?, s:s?, s:o, s:o, s:o, s:o, s:b, s:b, s:i, s:s?, s:s?}",
            "step", t->step, "ordinal", t->ordinal, "state", states[t->state], "role", t->role,
            "role_label", bx_tr(bx_call_arena(c), bx_call_lang(c), bx_sprintf(bx_call_arena(c), "role.%s", t->role), NULL),
            "rule", bx_duty_rule(t->step), "limit", limit, "trigger_at", time_json(c, t->trigger), "nominal", time_json(c, t->nominal),
            "working", time_json(c, t->working), "done_at", time_json(c, t->done_at), "held", t->held,
            "late", t->state != BX_DUTY_DROPPED && at > t->nominal,
            "late_days", t->state == BX_DUTY_DROPPED ? 0 : bx_workdays_between(office, bx_date_of(t->nominal - 1), bx_date_of(at)), "done_by", t->done_by, "why", t->why));
    }

    return bx_answer(c, 200, json_pack("{s:O}", "items", items));
}


/* ---- figures of units */

/* Which column of a case names the units below the reader's: classes of a school, schools of a township, townships of the root. */
static const char *
grouped_by(const bx_call *c)
{
    int  best = BX_LEVEL_CHILDREN;

    for (unsigned i = 0; c->who != NULL && i < c->who->ngrants; i++) {
        best = c->who->grants[i].level < best ? c->who->grants[i].level : best;
    }

    return best == BX_LEVEL_ROOT ? "township_id" : best <= BX_LEVEL_CENTRAL ? "school_id" : "class_id";
}


/* The first of August before a day. */
static bx_date
school_year(bx_date day)
{
    bx_civil  t = bx_civil_of_date(day);

    return bx_date_make(t.month >= 8 ? t.year : t.year - 1, 8, 1);
}


/* Open cases and those of this school year. Above the school a case counts once it was reported, or when a step of the school was late: a case that was opened in time and
 * whose child came back counts against nobody. A relapse is told to the bureau, so it counts at once. */
bx_rc
bx_dropout_figures(bx_call *c)
{
    const char *by = grouped_by(c), *unit = bx_call_query_arg(c, "unit_id");
    bool        above;
    bx_buf      sql;
    bx_value    args[64];
    bx_rows     rows;
    size_t      n = 0;
    json_t     *items;

    if (unit != NULL && bx_id_parse(unit) == 0) {
        return bx_refuse(c, BX_E_INVALID, "unit_id", "filter", NULL);
    }
    above = strcmp(by, "class_id") != 0;
    if (unit != NULL) {
        by = strcmp(by, "township_id") == 0 ? "school_id" : "class_id";
    }

    bx_buf_init(&sql, c->arena);
    bx_buf_printf(&sql, "SELECT u.id, u.name, u.level, u.stage, u.entry_year, u.class_no, COUNT(*), SUM(t.open_student IS NOT NULL),"
        " SUM(t.open_student IS NOT NULL AND t.due_at < ?), SUM(t.late), SUM(t.state IN ('observing', 'follow_up', 'closed')),"
        " SUM(t.state IN (" BX_CASE_ABSENT ")), SUM(t.relapse_no > 0)"
        " FROM dropout_case t FORCE INDEX (figures) JOIN org_unit u ON u.id = t.%s WHERE t.state NOT IN ('in_error', 'not_dropout')"
        " AND (t.open_student IS NOT NULL OR t.discovered_on >= ?) AND ", by);
    args[n++] = bx_text(bx_time_sql(c->arena, bx_call_now(c)));
    args[n++] = bx_text(bx_date_text(c->arena, school_year(bx_date_of(c->now))));
    if (bx_scope_where(c, BX_SCOPE_STUDENT, "t", "dropout.read", &sql, args, &n, 60) != BX_OK) {
        return BX_FAIL;
    }
    if (above) {
        bx_buf_str(&sql, " AND (t.reported_at IS NOT NULL OR t.late = 1 OR t.relapse_no > 0)");
    }
    if (unit != NULL) {
        bx_buf_printf(&sql, " AND t.%s = ?", strcmp(by, "school_id") == 0 ? "township_id" : "school_id");
        args[n++] = bx_int(bx_id_parse(unit));
    }
    bx_buf_str(&sql, " GROUP BY u.id ORDER BY SUM(t.open_student IS NOT NULL) DESC, u.id LIMIT 500");
    if (bx_query(c, &rows, sql.data, args, n) != BX_OK) {
        return BX_FAIL;
    }

    items = json_array();
    for (size_t i = 0; i < rows.nrows; i++) {
        const char *name = strcmp(bx_cell_text(&rows, i, 2), "class") != 0 ? bx_cell_text(&rows, i, 1)
            : bx_class_label(c->arena, c->lang, bx_cell_text(&rows, i, 3), (int) bx_cell_int(&rows, i, 4), (int) bx_cell_int(&rows, i, 5),
                             bx_date_of(c->now));

        json_array_append_new(items, json_pack("{s:o, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I}",
            "unit_id", json_sprintf("%" PRId64, bx_cell_int(&rows, i, 0)), "name", name, "level", bx_cell_text(&rows, i, 2),
            "cases", (json_int_t) bx_cell_int(&rows, i, 6), "open", (json_int_t) bx_cell_int(&rows, i, 7),
            "overdue", (json_int_t) bx_cell_int(&rows, i, 8), "late", (json_int_t) bx_cell_int(&rows, i, 9),
            "returned", (json_int_t) bx_cell_int(&rows, i, 10), "absent", (json_int_t) bx_cell_int(&rows, i, 11),
            "relapsed", (json_int_t) bx_cell_int(&rows, i, 12)));
    }

    return bx_answer(c, 200, json_pack("{s:s, s:b, s:o}", "by", by, "reported_or_late", above, "items", items));
}
