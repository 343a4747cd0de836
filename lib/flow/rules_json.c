/*
 * rules_json.c: rules as answers show them: the value that holds for a unit, its words and bounds, and where it comes from.
 */

#include <string.h>

#include "flow/flow.h"
#include "flow/rules.h"
#include "web/call.h"

/* The overrides on the path with who set them, when and why. */
static bx_rc
origins(bx_call *c, bx_id unit, bx_rows *rows)
{
    static const char  sql[] =
        "SELECT o.rule, o.unit_id, u.name, o.version, o.reason, o.set_at, a.name AS set_by FROM rule_override o"
        " JOIN org_unit u ON u.id = o.unit_id LEFT JOIN account a ON a.id = o.set_by WHERE o.unit_id IN (" BX_PATH_MARKS ")";
    bx_value           args[BX_MAX_DEPTH];
    const bx_id       *path;
    size_t             n;

    if (bx_unit_path(c, unit, &path, &n) != BX_OK) {
        return BX_FAIL;
    }

    bx_path_args(path, n, args);

    return bx_query(c, rows, sql, args, BX_MAX_DEPTH);
}

/* The row of a rule's override at a unit; rows->nrows: there is none. */
static size_t
origin_of(const bx_rows *rows, const char *key, bx_id unit)
{
    size_t  i;

    for (i = 0; i < rows->nrows; i++) {
        if (bx_cell_int(rows, i, 1) == unit && strcmp(bx_cell_text(rows, i, 0), key) == 0) {
            break;
        }
    }

    return i;
}

static json_t *
origin_json(bx_call *c, const bx_rows *rows, const char *key, bx_id origin)
{
    size_t  i = origin_of(rows, key, origin);

    if (origin == 0 || i == rows->nrows) {
        return json_null();
    }

    return json_pack("{s:o,s:s,s:s,s:s,s:s?}", "unit_id", bx_id_json(origin), "unit_name", bx_cell_text(rows, i, 2),
                     "reason", bx_cell_text(rows, i, 4), "since", bx_time_iso(c->arena, bx_time_parse_sql(bx_cell_text(rows, i, 5))),
                     "by", bx_call_can(c, "rule.read") ? bx_cell_text(rows, i, 6) : NULL);
}

/* Where the default comes from, in the reader's language where there is such a text: rule.source.<key>. */
static const char *
source_text(bx_call *c, const bx_rule *rule)
{
    const char  *key = bx_sprintf(c->arena, "rule.source.%s", rule->key);
    const char  *text = key == NULL ? NULL : bx_tr(c->arena, bx_call_lang(c), key, NULL);

    return text == NULL || strcmp(text, key) == 0 ? rule->source : text;
}

/* version: of the unit's own override, what If-Match of rules/set names; 0: it has none. */
static json_t *
rule_json(bx_call *c, bx_id at, const bx_plugin *plugin, const bx_rule *rule, const bx_rows *rows)
{
    bx_rule_value  v, def = { rule, rule->def, rule->text, 0 };
    bool           number = rule->type == BX_RULE_INT;
    size_t         own = origin_of(rows, rule->key, at);
    const char    *label = bx_tr(c->arena, bx_call_lang(c), bx_sprintf(c->arena, "rule.%s", rule->key), NULL);
    const char    *unit = rule->unit == NULL ? NULL
                          : bx_tr(c->arena, bx_call_lang(c), bx_sprintf(c->arena, "rule.unit.%s", rule->unit), NULL);

    if (bx_rule_effective(c, rule, at, &v) != BX_OK) {
        return NULL;
    }

    return json_pack("{s:s,s:s,s:s,s:s,s:o,s:o,s:o,s:o,s:s?,s:s?,s:s,s:o,s:I}", "key", rule->key, "plugin", plugin->name,
                     "label", label, "type", number ? "int" : "text", "value", bx_rule_value_json(&v), "default", bx_rule_value_json(&def),
                     "min", number ? json_integer(rule->min) : json_null(),
                     "max", number ? json_integer(rule->max) : json_null(),
                     "unit", rule->unit, "unit_label", unit, "source", source_text(c, rule), "origin", origin_json(c, rows, rule->key, v.origin),
                     "version", (json_int_t) (own == rows->nrows ? 0 : bx_cell_int(rows, own, 3)));
}

/* Is the key among words separated by spaces? "leave." stands for all that begin so. */
static bool
among(const char *keys, const char *key)
{
    for (size_t len; *keys != '\0'; keys += len + strspn(keys + len, " ")) {
        len = strcspn(keys, " ");
        if (len > 0 && strncmp(keys, key, len) == 0 && (key[len] == '\0' || keys[len - 1] == '.')) {
            return true;
        }
    }

    return false;
}

/* Of one plugin, or of all; of those, the keys asked for, or all. */
static bx_rc
rules_json(bx_call *c, const bx_plugin *of, const char *keys, bx_id unit, json_t **out)
{
    const bx_plugin *const  *plugins;
    const bx_rule           *rule;
    bx_rows                  rows;
    size_t                   i, n;

    if (origins(c, unit, &rows) != BX_OK) {
        return BX_FAIL;
    }

    *out = json_array();
    plugins = bx_plugins(&n);

    for (i = 0; i < n; i++) {
        for (rule = of == NULL || of == plugins[i] ? plugins[i]->rules : NULL; rule && rule->key; rule++) {
            if (keys != NULL && !among(keys, rule->key)) {
                continue;
            }
            if (json_array_append_new(*out, rule_json(c, unit, plugins[i], rule, &rows)) != 0) {
                json_decref(*out);
                return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
            }
        }
    }

    return BX_OK;
}

bx_rc
bx_rules_json(bx_call *c, const char *keys, bx_id unit, json_t **out)
{
    return rules_json(c, NULL, keys, unit, out);
}

/* GET <record>/{id}/rules */
bx_rc
bx_generic_rules(bx_call *c, const bx_record_def *def, const bx_plugin *plugin)
{
    bx_record  r;
    bx_id      unit;
    json_t    *items;
    bool       found;

    if (bx_record_read(c, def, c->path_id, &r, &found) != BX_OK) {
        return BX_FAIL;
    }
    if (!found) {
        return bx_refuse(c, BX_E_NOT_FOUND, NULL, NULL, NULL);
    }

    unit = r.scope.class_id != 0 ? r.scope.class_id : r.scope.unit != 0 ? r.scope.unit : r.scope.school;
    if (rules_json(c, plugin, NULL, unit, &items) != BX_OK) {
        return BX_FAIL;
    }

    return bx_answer(c, 200, json_pack("{s:o, s:o}", "unit_id", bx_id_json(unit), "items", items));
}
