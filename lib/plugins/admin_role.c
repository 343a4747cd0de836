/*
 * admin_role.c: what roles may do, and the numbers of rules: shown as they hold, changed with a version, a reason, a history.
 * Roles are the whole county's, so they are changed at the root only. Does not own the effective value of a rule nor its
 * bounds (flow/rules.c).
 */
#include "plugins/admin.h"
#include "flow/rules.h"

#include <string.h>

/* ---- GET roles */

static const char sql_roles[] =
    "SELECT rc.role, rc.capability, rc.granted, rc.version FROM role_capability rc ORDER BY rc.role, rc.capability";

static const char sql_holders[] =
    "SELECT p.role, COUNT(DISTINCT p.account_id) AS holders FROM position p WHERE p.starts_on <= ? AND (p.ends_on IS NULL OR p.ends_on >= ?)"
    " GROUP BY p.role";

static json_t *
role_json(bx_call *c, const char *role, const bx_rows *holders)
{
    int64_t  n = 0;
    bool     own = false;

    for (size_t k = 0; k < holders->nrows; k++) {
        n = strcmp(bx_cell_text(holders, k, 0), role) == 0 ? bx_cell_int(holders, k, 1) : n;
    }
    for (unsigned k = 0; k < c->who->ngrants; k++) {
        own = own || strcmp(c->who->grants[k].role, role) == 0;
    }

    return json_pack("{s:s, s:s, s:I, s:b}", "role", role, "label", admin_role_label(c, role), "holders", (json_int_t) n, "own", own);
}

/* In the order of the lists in which they are given. */
static json_t *
roles_json(bx_call *c, const bx_rows *rows, const bx_rows *holders)
{
    json_t  *list = json_array();

    for (size_t rank = 0; rank <= admin_role_ranks(); rank++) {
        for (size_t i = 0; i < rows->nrows; i++) {
            const char  *role = bx_cell_text(rows, i, 0);

            if (admin_role_rank(role) == rank && (i == 0 || strcmp(role, bx_cell_text(rows, i - 1, 0)) != 0)) {
                json_array_append_new(list, role_json(c, role, holders));
            }
        }
    }

    return list;
}

/* The plugin whose grants name the capability first. */
static const char *
plugin_of(const char *capability)
{
    size_t                   n;
    const bx_plugin *const  *list = bx_plugins(&n);

    for (size_t i = 0; i < n; i++) {
        for (const bx_grant *g = list[i]->grants; g != NULL && g->role != NULL; g++) {
            if (bx_word_in(g->capabilities, capability)) {
                return list[i]->name;
            }
        }
    }

    return NULL;
}

static const char *
capability_label(bx_call *c, const char *name)
{
    return bx_tr(c->arena, bx_call_lang(c), bx_sprintf(c->arena, "capability.%s", name), NULL);
}

static json_t *
capability_json(bx_call *c, const bx_rows *rows, const char *name)
{
    json_t      *roles = json_object();
    const char  *plugin = plugin_of(name);

    for (size_t i = 0; i < rows->nrows; i++) {
        if (strcmp(bx_cell_text(rows, i, 1), name) == 0) {
            json_object_set_new(roles, bx_cell_text(rows, i, 0),
                                json_pack("{s:b, s:I}", "granted", bx_cell_int(rows, i, 2) != 0,
                                          "version", (json_int_t) bx_cell_int(rows, i, 3)));
        }
    }

    return json_pack("{s:s, s:s, s:s?, s:b, s:o}", "capability", name, "label", capability_label(c, name), "plugin", plugin,
                     "administrative", admin_is_administrative(name), "roles", roles);
}

/* Capabilities of workflows that are off are left out: nothing asks for them. */
bx_rc
admin_roles_list(bx_call *c)
{
    bx_value     today = bx_text(admin_today(c));
    bx_rows      rows, holders;
    json_t      *capabilities;
    const char  *name;

    if (bx_query(c, &rows, sql_roles, BX_NO_ARGS) != BX_OK || bx_query(c, &holders, sql_holders, BX_ARGS(today, today)) != BX_OK) {
        return BX_FAIL;
    }

    capabilities = json_array();
    for (int i = 0; (name = bx_capability_name(i)) != NULL; i++) {
        json_array_append_new(capabilities, capability_json(c, &rows, name));
    }

    return bx_answer(c, 200, json_pack("{s:o, s:o, s:b}", "roles", roles_json(c, &rows, &holders), "capabilities", capabilities,
                                       "changeable", admin_at_root(c, "role.manage")));
}

/* ---- POST roles/set */

/* Would the caller lose it? Some other role of the caller at the root has it, or not. */
static bool
locks_out(const bx_call *c, const char *role, const char *capability)
{
    int  cap = bx_capability_index(capability);

    for (unsigned i = 0; c->who != NULL && i < c->who->ngrants; i++) {
        const bx_session_grant  *g = &c->who->grants[i];

        if (g->level == BX_LEVEL_ROOT && strcmp(g->role, role) != 0 && (g->caps[cap / 64] >> (cap % 64) & 1u) != 0) {
            return false;
        }
    }

    return !c->trusted;
}

static bool
holds_role(const bx_call *c, const char *role)
{
    for (unsigned i = 0; c->who != NULL && i < c->who->ngrants; i++) {
        if (strcmp(c->who->grants[i].role, role) == 0) {
            return true;
        }
    }

    return false;
}

static bx_rc
refuse_grant(bx_call *c, const char *role, const char *capability, bool granted)
{
    json_t  *params = json_pack("{s:s, s:s}", "role", admin_role_label(c, role), "capability", capability_label(c, capability));

    if (granted && admin_is_administrative(capability) && (strcmp(role, "guardian") == 0 || !admin_at_root(c, capability))) {
        return bx_refuse(c, BX_E_FORBIDDEN, "capability", strcmp(role, "guardian") == 0 ? "admin.not_guardian" : "admin.not_held", params);
    }
    if (granted && holds_role(c, role) && !bx_call_can(c, capability)) {
        return bx_refuse(c, BX_E_FORBIDDEN, "role", "admin.self_promotion", params);
    }
    if (!granted && bx_word_in("role.manage role.read account.manage position.manage", capability) && locks_out(c, role, capability)) {
        return bx_refuse(c, BX_E_CONFLICT, "capability", "admin.lock_out", params);
    }

    json_decref(params);
    return BX_OK;
}

/* Every session that a holder of the role has is read anew. Ids follow one that is new here; whoever meets another's is undone
 * and refused with 409. */
static bx_rc
refresh_holders(bx_call *c, const char *role)
{
    static const char  staff[] =
        "INSERT INTO revocation (id, account_id, token_hash, at) SELECT ? + ROW_NUMBER() OVER (ORDER BY h.account_id), h.account_id, NULL, ?"
        " FROM (SELECT DISTINCT s.account_id FROM session s JOIN position p ON p.account_id = s.account_id WHERE p.role = ?) h";
    static const char  guardians[] =
        "INSERT INTO revocation (id, account_id, token_hash, at) SELECT ? + ROW_NUMBER() OVER (ORDER BY h.account_id), h.account_id, NULL, ?"
        " FROM (SELECT DISTINCT s.account_id FROM session s JOIN guardian g ON g.account_id = s.account_id WHERE ? = 'guardian') h";

    return bx_queue(c, -1, strcmp(role, "guardian") == 0 ? guardians : staff,
                    BX_ARGS(bx_int(bx_id_new()), bx_text(bx_time_sql(c->arena, c->now)), bx_text(role)));
}

bx_rc
admin_role_set(bx_call *c)
{
    static const char  find[] =
        "SELECT (SELECT COUNT(*) FROM role_capability WHERE role = ?), COALESCE(MAX(version), 0), COALESCE(MAX(granted), 0)"
        " FROM role_capability WHERE role = ? AND capability = ?";
    static const char  add[] = "INSERT INTO role_capability (role, capability, granted, version) VALUES (?, ?, ?, 1)";
    static const char  set[] = "UPDATE role_capability SET granted = ?, version = version + 1 WHERE role = ? AND capability = ? AND version = ?";
    const char        *role = admin_body_text(c, "role"), *capability = admin_body_text(c, "capability");
    bool               granted = json_is_true(json_object_get(c->body, "granted"));
    bx_rows            rows;
    int64_t            version;
    bx_rc              rc;

    if (!admin_at_root(c, "role.manage")) {
        return bx_refuse(c, BX_E_FORBIDDEN, "role", "admin.roles_root", NULL);
    }
    if (bx_capability_index(capability) < 0) {
        return bx_refuse(c, BX_E_INVALID, "capability", "admin.capability_unknown", NULL);
    }
    if (bx_query(c, &rows, find, BX_ARGS(bx_text(role), bx_text(role), bx_text(capability))) != BX_OK) {
        return BX_FAIL;
    }
    if (bx_cell_int(&rows, 0, 0) == 0) {
        return bx_refuse(c, BX_E_INVALID, "role", "admin.role_unknown", NULL);
    }

    version = bx_cell_int(&rows, 0, 1);
    if (bx_version_check(c, version) != BX_OK || refuse_grant(c, role, capability, granted) != BX_OK) {
        return BX_FAIL;
    }
    if ((bx_cell_int(&rows, 0, 2) != 0) == granted) {
        return bx_refuse(c, BX_E_WRONG_STATE, NULL, NULL, NULL);
    }

    rc = version == 0 ? bx_queue(c, 1, add, BX_ARGS(bx_text(role), bx_text(capability), bx_int(granted)))
                      : bx_queue(c, 1, set, BX_ARGS(bx_int(granted), bx_text(role), bx_text(capability), bx_int(version)));
    if (rc != BX_OK || refresh_holders(c, role) != BX_OK) {
        return BX_FAIL;
    }

    bx_answer(c, 200, json_pack("{s:s, s:s, s:b, s:I}", "role", role, "capability", capability, "granted", granted,
                                "version", (json_int_t) version + 1));
    return bx_commit(c, 0, granted ? "grant" : "withdraw", "roles", 0,
                     bx_own(c->arena, json_pack("{s:s, s:s}", "role", role, "capability", capability)));
}

/* ---- rules */

/* These are asked before anybody is known, so only the root's value counts. */
static bool
root_only(const char *key)
{
    return strncmp(key, "signin.", 7) == 0 || strcmp(key, "activation.max_failures") == 0;
}

static bx_rc
own_version(bx_call *c, const char *key, bx_id unit, int64_t *version)
{
    static const char  sql[] = "SELECT version FROM rule_override WHERE rule = ? AND unit_id = ?";
    bx_rows            rows;

    if (bx_query(c, &rows, sql, BX_ARGS(bx_text(key), bx_int(unit))) != BX_OK) {
        return BX_FAIL;
    }

    *version = rows.nrows == 0 ? 0 : bx_cell_int(&rows, 0, 0);
    return BX_OK;
}

/* Somebody who changed it meanwhile is noticed: an override of another version undoes the transaction. */
static bx_rc
queue_guard(bx_call *c, const char *key, bx_id unit, int64_t version)
{
    static const char  sql[] = "UPDATE rule_override SET version = version WHERE rule = ? AND unit_id = ? AND version = ?";

    return version == 0 ? BX_OK : bx_queue(c, 1, sql, BX_ARGS(bx_text(key), bx_int(unit), bx_int(version)));
}

static bx_rc
change_rule(bx_call *c, bool set)
{
    admin_unit   unit;
    const char  *key = admin_body_text(c, "key"), *value = set ? admin_body_text(c, "value") : NULL;
    int64_t      version;
    json_t      *changes, *rule;

    if (admin_unit_read(c, "rule.manage", admin_body_id(c, "unit_id"), "unit_id", &unit) != BX_OK) {
        return BX_FAIL;
    }
    if (bx_rule_find(key) == NULL) {
        return bx_refuse(c, BX_E_INVALID, "key", "rule.unknown", NULL);
    }
    if (root_only(key) && unit.u.parent != 0) {
        return bx_refuse(c, BX_E_INVALID, "unit_id", "admin.rule_root", NULL);
    }
    if (own_version(c, key, unit.u.id, &version) != BX_OK || bx_version_check(c, version) != BX_OK) {
        return BX_FAIL;
    }
    if (!set && version == 0) {
        return bx_refuse(c, BX_E_WRONG_STATE, NULL, NULL, NULL);
    }
    if (queue_guard(c, key, unit.u.id, version) != BX_OK
        || bx_rule_set(c, key, unit.u.id, value, admin_body_text(c, "reason"), &changes) != BX_OK)
    {
        return BX_FAIL;
    }

    bx_own(c->arena, changes);
    rule = json_pack("{s:s, s:o, s:s?, s:I}", "key", key, "unit_id", bx_id_json(unit.u.id), "value", value,
                     "version", (json_int_t) (set ? version + 1 : 0));
    bx_answer(c, 200, rule);
    return bx_commit(c, admin_chain(&unit.u), set ? "set" : "unset", "rules", unit.u.id, changes);
}

bx_rc
admin_rule_set(bx_call *c)
{
    return change_rule(c, true);
}

bx_rc
admin_rule_clear(bx_call *c)
{
    return change_rule(c, false);
}

bx_rc
admin_history(bx_call *c, const char *sql, const char *key, bx_id unit)
{
    bx_value      args[1 + BX_MAX_DEPTH] = { bx_text(key) };
    const bx_id  *path;
    size_t        n;
    bx_rows       rows;
    json_t       *items;

    if (bx_unit_path(c, unit, &path, &n) != BX_OK) {
        return BX_FAIL;
    }

    bx_path_args(path, n, args + 1);
    if (bx_query(c, &rows, sql, args, 1 + BX_MAX_DEPTH) != BX_OK) {
        return BX_FAIL;
    }

    items = json_array();
    for (size_t i = 0; i < rows.nrows; i++) {
        json_array_append_new(items, json_pack("{s:s?, s:s?, s:s, s:s, s:s, s:s, s:o}", "from", bx_cell_text(&rows, i, 0),
            "to", bx_cell_text(&rows, i, 1), "reason", bx_cell_text(&rows, i, 2), "by", bx_cell_text(&rows, i, 3),
            "at", bx_time_iso(c->arena, bx_time_parse_sql(bx_cell_text(&rows, i, 4))), "unit_name", bx_cell_text(&rows, i, 5),
            "unit_id", bx_id_json(bx_cell_int(&rows, i, 6))));
    }

    return bx_answer(c, 200, json_pack("{s:o}", "items", items));
}

/* ?key=&unit_id=: changes at the unit and above it, newest first. */
bx_rc
admin_rule_history(bx_call *c)
{
    static const char  sql[] =
        "SELECT h.from_value, h.to_value, h.reason, h.actor, h.at, u.name, u.id FROM rule_change h JOIN org_unit u ON u.id = h.unit_id"
        " WHERE h.rule = ? AND h.unit_id IN (" BX_PATH_MARKS ") ORDER BY h.id DESC LIMIT 100";
    const char        *key = bx_call_query_arg(c, "key");
    admin_unit         unit;

    if (key == NULL || bx_rule_find(key) == NULL) {
        return bx_refuse(c, BX_E_INVALID, "key", "rule.unknown", NULL);
    }
    if (admin_unit_read(c, "rule.read", bx_id_parse(bx_call_query_arg(c, "unit_id")), NULL, &unit) != BX_OK) {
        return BX_FAIL;
    }

    return admin_history(c, sql, key, unit.u.id);
}
