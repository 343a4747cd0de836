/* dropout_show.c: what is shown of cases beyond their columns: who acts next, the steps of a case. Reads only. */

#include "flow/calendar.h"
#include "flow/flow.h"
#include "plugins/dropout.h"

#include <inttypes.h>
#include <string.h>


/* ---- whose turn it is: the holders of the role at the class, school or township of a case, or at the root */

static bx_rc
holders(bx_call *c, json_t *page, const bx_rows *above, bx_rows *out)
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
    for (i = 0; i < above->nrows && n < 400; i++) {
        bx_buf_str(&sql, ",?,?");
        args[n++] = bx_int(bx_cell_int(above, i, 1));
        args[n++] = bx_int(bx_cell_int(above, i, 2));
    }

    bx_buf_str(&sql, ")) ORDER BY p.id");
    return bx_query(c, out, sql.data, args, n);
}


/* Township of each school of a page, and the unit right above it: a central school reads reports before the bureau. */
static bx_rc
units_above(bx_call *c, json_t *page, bx_rows *out)
{
    bx_buf    sql;
    bx_value  args[201];
    size_t    n = 0, i;
    json_t   *row;

    bx_buf_init(&sql, bx_call_arena(c));
    bx_buf_str(&sql, "SELECT id, IFNULL(township_id, 0), IFNULL(parent_id, 0) FROM org_unit WHERE id IN (0");
    json_array_foreach(page, i, row) {
        if (n < 200) {
            bx_buf_str(&sql, ",?");
            args[n++] = bx_int(bx_id_parse(json_string_value(json_object_get(row, "school_id"))));
        }
    }

    bx_buf_str(&sql, ")");
    return bx_query(c, out, sql.data, args, n);
}


/* The unit above the school whose turn it is; 0: it is the school's own, or the bureau's. */
static bx_id
unit_above(const bx_rows *above, bx_id school, const char *role, const char *step)
{
    size_t  column = strcmp(role, "township") == 0 ? 1 : step != NULL && strcmp(step, "forward") == 0 ? 2 : 0;

    for (size_t i = 0; column != 0 && i < above->nrows; i++) {
        if (bx_cell_int(above, i, 0) == school) {
            return bx_cell_int(above, i, column);
        }
    }

    return 0;
}


static json_t *
waits_for(bx_call *c, const bx_rows *rows, const bx_rows *above, json_t *row)
{
    const char *role = json_string_value(json_object_get(row, "next_role"));
    const char *step = json_string_value(json_object_get(row, "next_step"));
    bx_id       class_id = bx_id_parse(json_string_value(json_object_get(row, "class_id")));
    bx_id       school = bx_id_parse(json_string_value(json_object_get(row, "school_id"))), up;
    json_t     *o;

    if (role == NULL) {
        return json_null();
    }

    up = unit_above(above, school, role, step);
    o = json_pack("{s:s, s:s, s:n, s:n}", "role", role, "role_label",
                  bx_tr(bx_call_arena(c), bx_call_lang(c), bx_sprintf(bx_call_arena(c), "role.%s", role), NULL), "name", "unit_name");
    for (size_t i = 0; i < rows->nrows; i++) {
        bx_id  unit = bx_cell_int(rows, i, 0);

        if (strcmp(bx_cell_text(rows, i, 1), role) == 0
            && (up != 0 ? unit == up : unit == class_id || unit == school || bx_cell_int(rows, i, 4) != 0))
        {
            json_object_set_new(o, "name", json_string(bx_cell_text(rows, i, 2)));
            json_object_set_new(o, "unit_name", json_string(bx_cell_text(rows, i, 3)));
            break;
        }
    }

    return o;
}


/* waits_for: who acts next. On one case what the rules want of it, and what is known when somebody writes about it. */
bx_rc
bx_dropout_decorate(bx_call *c, json_t *rows, bool one)
{
    bx_rows   above, found;
    size_t    i;
    json_t   *row;
    int64_t   wanted;

    if (units_above(c, rows, &above) != BX_OK || holders(c, rows, &above, &found) != BX_OK) {
        return BX_FAIL;
    }

    json_array_foreach(rows, i, row) {
        json_object_set_new(row, "waits_for", waits_for(c, &found, &above, row));
    }
    if (one) {
        row = json_array_get(rows, 0);
        if (bx_rule_int(c, "return.observe_days", bx_id_parse(json_string_value(json_object_get(row, "class_id"))), &wanted) != BX_OK) {
            return BX_FAIL;
        }
        json_object_set_new(row, "observe_days", json_integer(wanted));
        return bx_dropout_known(c, row);
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
