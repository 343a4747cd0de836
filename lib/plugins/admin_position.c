/*
 * admin_position.c: who holds which role where, from when to when: appointed, ended, handed over.
 * What somebody may do changes with the row: nodes are told in the same transaction and ask anew within two seconds. A day
 * that ends a position is its last one; "at once" ends it with the day before.
 */
#include "plugins/admin.h"
#include "flow/staff.h"

#include <string.h>

#define POST_COLUMNS                                                                                                     \
    "u.name, u.level, u.stage, u.entry_year, u.class_no, p.id, p.version, p.account_id, p.role, p.unit_id, u.school_id, u.path,"   \
    " p.starts_on, p.ends_on, s.name AS school, a.name AS holder, a.login, a.disabled_at"

#define POST_FROM                                                                                                        \
    " FROM position p JOIN org_unit u ON u.id = p.unit_id JOIN account a ON a.id = p.account_id"                          \
    " LEFT JOIN org_unit s ON s.id = u.school_id WHERE "

static int
when_of(bx_call *c, const char *starts_on, const char *ends_on)
{
    const char  *today = admin_today(c);

    return ends_on != NULL && strcmp(ends_on, today) < 0 ? -1 : strcmp(starts_on, today) > 0;
}

static admin_post
post_of(bx_call *c, const bx_rows *rows, size_t i)
{
    return (admin_post) {
        .id = bx_cell_int(rows, i, 5), .version = bx_cell_int(rows, i, 6), .account = bx_cell_int(rows, i, 7),
        .role = bx_cell_text(rows, i, 8), .unit = bx_cell_int(rows, i, 9), .school = bx_cell_int(rows, i, 10),
        .path = bx_cell_text(rows, i, 11), .starts_on = bx_cell_text(rows, i, 12), .ends_on = bx_cell_text(rows, i, 13),
        .school_name = bx_cell_text(rows, i, 14), .unit_name = admin_unit_label(c, rows, i, 0), .level = bx_cell_text(rows, i, 1),
        .when = when_of(c, bx_cell_text(rows, i, 12), bx_cell_text(rows, i, 13))
    };
}

/* ---- GET positions?unit_id=&below=true&past=true */

static json_t *
holder_json(bx_call *c, const admin_powers *all, const bx_rows *rows, size_t i)
{
    admin_post  post = post_of(c, rows, i);
    json_t     *j = admin_post_json(c, &post);
    bool        may = admin_covers(c, "position.manage", post.path) && post.account != bx_call_account(c)
                      && admin_exceeds(c, all, post.role, post.path) == NULL && post.when >= 0;

    json_object_set_new(j, "account_id", bx_id_json(post.account));
    json_object_set_new(j, "account_name", json_string(bx_cell_text(rows, i, 15)));
    json_object_set_new(j, "disabled", json_boolean(bx_cell(rows, i, 17)->kind != BX_V_NULL));
    json_object_set_new(j, "manageable", json_boolean(may));
    return j;
}

bx_rc
admin_positions_list(bx_call *c)
{
    static const char  at[] = "SELECT " POST_COLUMNS POST_FROM "p.unit_id = ? AND (? OR p.ends_on IS NULL OR p.ends_on >= ?)";
    static const char  under[] = "SELECT " POST_COLUMNS POST_FROM "u.path LIKE CONCAT(?, '%') AND (? OR p.ends_on IS NULL OR p.ends_on >= ?)";
    static const char  order[] = " ORDER BY LENGTH(u.path), u.id, p.role, p.starts_on DESC, p.id LIMIT 500";
    const char        *below = bx_call_query_arg(c, "below"), *past = bx_call_query_arg(c, "past");
    bool               deep = below != NULL && strcmp(below, "true") == 0, all = past != NULL && strcmp(past, "true") == 0;
    admin_unit         unit;
    admin_powers       powers;
    bx_rows            rows;
    json_t            *items;

    if (bx_call_query_arg(c, "unit_id") == NULL) {
        return bx_refuse(c, BX_E_INVALID, "unit_id", "required", NULL);
    }
    if (admin_unit_read(c, "account.read", bx_id_parse(bx_call_query_arg(c, "unit_id")), NULL, &unit) != BX_OK
        || admin_powers_load(c, &powers) != BX_OK
        || bx_query(c, &rows, bx_sprintf(c->arena, "%s%s", deep ? under : at, order),
                    BX_ARGS(deep ? bx_text(unit.u.path) : bx_int(unit.u.id), bx_int(all), bx_text(admin_today(c)))) != BX_OK)
    {
        return BX_FAIL;
    }

    items = json_array();
    for (size_t i = 0; i < rows.nrows; i++) {
        json_array_append_new(items, holder_json(c, &powers, &rows, i));
    }

    return bx_answer(c, 200, json_pack("{s:o}", "items", items));
}

/* ---- who is appointed */

typedef struct { bx_id id; const char *name; } holder;

/* The account of the body: by its id when the caller may see it, by login or phone as it is known to its owner otherwise. */
static bx_rc
holder_take(bx_call *c, holder *out)
{
    static const char  by_name[] =
        "SELECT a.id, a.name, a.disabled_at FROM account a WHERE a.login = ?"
        " UNION SELECT a.id, a.name, a.disabled_at FROM account a WHERE a.phone_hash = ?";
    const char  *who = admin_body_text(c, "who"), *phone = who == NULL ? NULL : bx_phone_normal(c->arena, who);
    bx_id        id = admin_body_id(c, "account_id");
    const char  *field = id != 0 ? "account_id" : "who";
    bool         disabled;

    if (id != 0) {
        admin_person  p;

        if (admin_people_load(c, &id, 1, &p) != BX_OK) {
            return BX_FAIL;
        }
        if (p.name == NULL || !admin_person_visible(c, &p)) {
            return bx_refuse(c, BX_E_INVALID, field, "admin.nobody", NULL);
        }
        *out = (holder) { id, p.name };
        disabled = p.disabled_at != NULL;

    } else {
        bx_rows  rows;

        if (who == NULL) {
            return bx_refuse(c, BX_E_INVALID, field, "required", NULL);
        }
        if (bx_query(c, &rows, by_name, BX_ARGS(bx_text(who), phone == NULL ? bx_null() : bx_lookup_hash(c->arena, "phone", phone))) != BX_OK) {
            return BX_FAIL;
        }
        if (rows.nrows != 1) {
            return bx_refuse(c, BX_E_INVALID, field, "admin.nobody", NULL);
        }
        *out = (holder) { bx_cell_int(&rows, 0, 0), bx_cell_text(&rows, 0, 1) };
        disabled = bx_cell(&rows, 0, 2)->kind != BX_V_NULL;
    }

    if (out->id == bx_call_account(c)) {
        return bx_refuse(c, BX_E_FORBIDDEN, field, "admin.self", NULL);
    }

    return disabled ? bx_refuse(c, BX_E_INVALID, field, "admin.disabled", json_pack("{s:s}", "name", out->name)) : BX_OK;
}

/* The same role at the same place, in days that overlap. */
static bx_rc
refuse_twice(bx_call *c, const holder *who, const char *role, bx_id unit, bx_date from, bx_date until)
{
    static const char  sql[] =
        "SELECT 1 FROM position p WHERE p.account_id = ? AND p.role = ? AND p.unit_id = ?"
        " AND (p.ends_on IS NULL OR p.ends_on >= ?) AND (? IS NULL OR p.starts_on <= ?) LIMIT 1";
    bx_value  end = until == BX_NO_DATE ? bx_null() : bx_text(bx_date_text(c->arena, until));
    bx_rows   rows;

    if (bx_query(c, &rows, sql, BX_ARGS(bx_int(who->id), bx_text(role), bx_int(unit), bx_text(bx_date_text(c->arena, from)), end, end)) != BX_OK) {
        return BX_FAIL;
    }

    return rows.nrows == 0 ? BX_OK
           : bx_refuse(c, BX_E_CONFLICT, "role", "admin.has_position", json_pack("{s:s, s:s}", "name", who->name,
                                                                                 "role", admin_role_label(c, role)));
}

/* A class has one class teacher: whoever else is one in these days is named, which may be meant. besides: the position that ends. */
static bx_rc
warnings_json(bx_call *c, const char *role, const bx_unit *unit, bx_date from, bx_date until, bx_id besides, json_t **out)
{
    static const char  sql[] =
        "SELECT a.name, p.starts_on, p.ends_on FROM position p JOIN account a ON a.id = p.account_id"
        " WHERE p.unit_id = ? AND p.role = ? AND p.id <> ? AND (p.ends_on IS NULL OR p.ends_on >= ?) AND (? IS NULL OR p.starts_on <= ?)"
        " ORDER BY p.id LIMIT 5";
    bx_value  end = until == BX_NO_DATE ? bx_null() : bx_text(bx_date_text(c->arena, until));
    bx_rows   rows;

    *out = json_array();
    if (strcmp(role, "teacher") != 0) {
        return BX_OK;
    }
    if (bx_query(c, &rows, sql, BX_ARGS(bx_int(unit->id), bx_text(role), bx_int(besides), bx_text(bx_date_text(c->arena, from)), end, end)) != BX_OK) {
        return BX_FAIL;
    }

    for (size_t i = 0; i < rows.nrows; i++) {
        json_t  *params = bx_own(c->arena, json_pack("{s:s, s:s}", "name", bx_cell_text(&rows, i, 0), "unit", unit->name));

        json_array_append_new(*out, json_pack("{s:s, s:s}", "code", "admin.two_teachers", "message",
            bx_tr(c->arena, bx_call_lang(c), "error.admin.two_teachers", params)));
    }

    return BX_OK;
}

static json_t *
made_json(bx_call *c, const admin_post *post, const holder *who, json_t *warnings)
{
    json_t  *j = admin_post_json(c, post);

    json_object_set_new(j, "account_id", bx_id_json(who->id));
    json_object_set_new(j, "account_name", json_string(who->name));
    json_object_set_new(j, "warnings", warnings);
    return j;
}

static admin_post
post_new(bx_call *c, bx_id id, const char *role, const bx_unit *unit, bx_date from, bx_date until)
{
    return (admin_post) {
        .id = id, .version = 1, .role = role, .unit = unit->id, .school = unit->school, .unit_name = unit->name, .level = unit->level,
        .path = unit->path, .starts_on = bx_date_text(c->arena, from),
        .ends_on = until == BX_NO_DATE ? NULL : bx_date_text(c->arena, until),
        .when = when_of(c, bx_date_text(c->arena, from), until == BX_NO_DATE ? NULL : bx_date_text(c->arena, until))
    };
}

bx_rc
admin_position_create(bx_call *c)
{
    admin_unit    unit;
    admin_powers  all;
    admin_fault   f;
    admin_post    post;
    holder        who;
    const char   *role = admin_body_text(c, "role");
    bx_date       from = admin_body_date(c, "starts_on", bx_date_of(c->now)), until = admin_body_date(c, "ends_on", BX_NO_DATE);
    bx_id         id;
    json_t       *warnings;

    if (admin_unit_read(c, "position.manage", admin_body_id(c, "unit_id"), "unit_id", &unit) != BX_OK || holder_take(c, &who) != BX_OK
        || admin_powers_load(c, &all) != BX_OK)
    {
        return BX_FAIL;
    }
    if (unit.closed_on != NULL) {
        return bx_refuse(c, BX_E_INVALID, "unit_id", "admin.unit_closed", json_pack("{s:s}", "unit", unit.u.name));
    }
    if (until != BX_NO_DATE && until < from) {
        return bx_refuse(c, BX_E_INVALID, "ends_on", "admin.backwards", NULL);
    }

    admin_role_fault(c, &all, role, &unit.u, "role", &f);
    if (admin_refuse(c, &f) != BX_OK || refuse_twice(c, &who, role, unit.u.id, from, until) != BX_OK
        || warnings_json(c, role, &unit.u, from, until, 0, &warnings) != BX_OK)
    {
        return BX_FAIL;
    }
    bx_own(c->arena, warnings);
    if (bx_position_queue(c, who.id, role, unit.u.id, from, until, &id) != BX_OK || bx_sessions_refresh(c, who.id) != BX_OK) {
        return BX_FAIL;
    }

    post = post_new(c, id, role, &unit.u, from, until);
    bx_answer(c, 201, made_json(c, &post, &who, json_incref(warnings)));
    return bx_commit(c, admin_chain(&unit.u), "appoint", "positions", id,
                     bx_own(c->arena, json_pack("{s:o, s:s, s:s, s:s, s:s, s:s?}", "account", bx_id_json(who.id), "name", who.name,
                                                "role", role, "unit", unit.u.name, "starts_on", post.starts_on, "ends_on", post.ends_on)));
}

/* ---- ending */

/* The position of the path, that is not over and the caller may manage, in its present version. */
static bx_rc
target(bx_call *c, admin_post *post, holder *who)
{
    static const char  sql[] = "SELECT " POST_COLUMNS POST_FROM "p.id = ?";
    const char        *beyond;
    bx_rows            rows;
    admin_powers       all;

    if (bx_query(c, &rows, sql, BX_ARGS(bx_int(c->path_id))) != BX_OK || admin_powers_load(c, &all) != BX_OK) {
        return BX_FAIL;
    }
    if (rows.nrows == 0 || !admin_covers(c, "position.manage", bx_cell_text(&rows, 0, 11))) {
        return bx_refuse(c, BX_E_NOT_FOUND, NULL, NULL, NULL);
    }

    *post = post_of(c, &rows, 0);
    *who = (holder) { post->account, bx_cell_text(&rows, 0, 15) };
    if (post->account == bx_call_account(c)) {
        return bx_refuse(c, BX_E_FORBIDDEN, "account_id", "admin.self", NULL);
    }

    beyond = admin_exceeds(c, &all, post->role, post->path);
    if (beyond != NULL) {
        return bx_refuse(c, BX_E_FORBIDDEN, "role", "admin.role_exceeds",
            json_pack("{s:s, s:s}", "role", admin_role_label(c, post->role), "capability",
                      bx_tr(c->arena, bx_call_lang(c), bx_sprintf(c->arena, "capability.%s", beyond), NULL)));
    }
    if (bx_version_check(c, post->version) != BX_OK) {
        return BX_FAIL;
    }

    return post->when >= 0 ? BX_OK : bx_refuse(c, BX_E_WRONG_STATE, NULL, NULL, NULL);
}

static bx_rc
queue_end(bx_call *c, const admin_post *post, bx_date last)
{
    static const char  sql[] = "UPDATE `position` SET ends_on = ?, version = version + 1 WHERE id = ? AND version = ?";

    return bx_queue(c, 1, sql, BX_ARGS(bx_text(bx_date_text(c->arena, last)), bx_int(post->id), bx_int(post->version))) == BX_OK
           ? bx_sessions_refresh(c, post->account) : BX_FAIL;
}

bx_rc
admin_position_end(bx_call *c)
{
    admin_post  post;
    holder      who;
    bx_date     last = admin_body_date(c, "ends_on", bx_date_of(c->now) - 1);

    if (target(c, &post, &who) != BX_OK) {
        return BX_FAIL;
    }
    if (last < bx_date_parse(post.starts_on) - 1) {
        return bx_refuse(c, BX_E_INVALID, "ends_on", "admin.before_start", json_pack("{s:s}", "date", post.starts_on));
    }
    if (last < bx_date_of(c->now) - 1) {
        return bx_refuse(c, BX_E_INVALID, "ends_on", "admin.ended_past", NULL);
    }
    if (queue_end(c, &post, last) != BX_OK) {
        return BX_FAIL;
    }

    bx_answer(c, 200, json_pack("{s:o, s:I, s:s}", "id", bx_id_json(post.id), "version", (json_int_t) post.version + 1,
                                "ends_on", bx_date_text(c->arena, last)));
    return bx_commit(c, post.school != 0 ? post.school : post.unit, "end", "positions", post.id,
                     bx_own(c->arena, json_pack("{s:o, s:s, s:s, s:s, s:s}", "account", bx_id_json(post.account), "name", who.name,
                                                "role", post.role, "unit", post.unit_name, "ends_on", bx_date_text(c->arena, last))));
}

bx_rc
admin_position_hand_over(bx_call *c)
{
    admin_post   post, next;
    holder       before, who;
    admin_unit   unit;
    bx_date      from = admin_body_date(c, "starts_on", bx_date_of(c->now));
    bx_id        id;
    json_t      *warnings;

    if (target(c, &post, &before) != BX_OK || holder_take(c, &who) != BX_OK
        || admin_unit_read(c, "position.manage", post.unit, NULL, &unit) != BX_OK)
    {
        return BX_FAIL;
    }
    if (who.id == before.id) {
        return bx_refuse(c, BX_E_INVALID, "account_id", "admin.same_holder", NULL);
    }
    if (unit.closed_on != NULL) {
        return bx_refuse(c, BX_E_INVALID, "unit_id", "admin.unit_closed", json_pack("{s:s}", "unit", unit.u.name));
    }
    if (from < bx_date_of(c->now)) {
        return bx_refuse(c, BX_E_INVALID, "starts_on", "admin.hand_over_past", NULL);
    }
    if (from < bx_date_parse(post.starts_on) || (post.ends_on != NULL && from > bx_date_parse(post.ends_on) + 1)) {
        return bx_refuse(c, BX_E_INVALID, "starts_on", "admin.before_start", json_pack("{s:s}", "date", post.starts_on));
    }
    if (refuse_twice(c, &who, post.role, post.unit, from, BX_NO_DATE) != BX_OK
        || warnings_json(c, post.role, &unit.u, from, BX_NO_DATE, post.id, &warnings) != BX_OK)
    {
        return BX_FAIL;
    }
    bx_own(c->arena, warnings);
    if (queue_end(c, &post, from - 1) != BX_OK || bx_position_queue(c, who.id, post.role, post.unit, from, BX_NO_DATE, &id) != BX_OK
        || bx_sessions_refresh(c, who.id) != BX_OK)
    {
        return BX_FAIL;
    }

    next = post_new(c, id, post.role, &unit.u, from, BX_NO_DATE);
    bx_answer(c, 201, made_json(c, &next, &who, json_incref(warnings)));
    return bx_commit(c, admin_chain(&unit.u), "hand_over", "positions", post.id,
                     bx_own(c->arena, json_pack("{s:s, s:s, s:{s:o, s:s}, s:{s:o, s:s}, s:s}", "role", post.role, "unit", unit.u.name,
                                                "from", "account", bx_id_json(before.id), "name", before.name,
                                                "to", "account", bx_id_json(who.id), "name", who.name, "starts_on", next.starts_on)));
}
