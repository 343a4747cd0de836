/*
 * admin_text.c: the words of documents as a school or county says them: looked at beside those of the locale files, changed with a
 * reason, taken back, and what they were before.
 */
#include "plugins/admin.h"
#include "core/core.h"
#include "flow/rules.h"
#include "flow/unit_text.h"

#include <string.h>

#define MAX_NAME  32

/* ---- GET unit-texts */

static bx_id
unit_asked(bx_call *c)
{
    const char  *text = bx_call_query_arg(c, "unit_id");

    return text != NULL ? bx_id_parse(text) : c->who != NULL && c->who->ngrants > 0 ? c->who->grants[0].unit : 0;
}

/* Who changed what when, of the units on the path. */
static bx_rc
origins(bx_call *c, bx_id unit, bx_rows *rows)
{
    static const char  sql[] =
        "SELECT o.text_key, o.unit_id, u.name, o.version, o.reason, o.set_at, a.name FROM unit_text o JOIN org_unit u ON u.id = o.unit_id"
        " LEFT JOIN account a ON a.id = o.set_by WHERE o.unit_id IN (" BX_PATH_MARKS ")";
    bx_value           args[BX_MAX_DEPTH];
    const bx_id       *path;
    size_t             n;

    if (bx_unit_path(c, unit, &path, &n) != BX_OK) {
        return BX_FAIL;
    }

    bx_path_args(path, n, args);
    return bx_query(c, rows, sql, args, BX_MAX_DEPTH);
}

static json_t *
item_json(bx_call *c, bx_id at, const char *key, const bx_document *d, const bx_unit_texts *all, const bx_rows *who)
{
    const bx_unit_text  *own = bx_unit_text_find(all, key);
    const char          *zh = bx_tr(c->arena, bx_language_name(0), key, NULL), *en = bx_tr(c->arena, bx_language_name(1), key, NULL);
    json_t              *origin = NULL;
    json_int_t           version = 0;

    for (size_t i = 0; i < who->nrows; i++) {
        if (strcmp(bx_cell_text(who, i, 0), key) != 0) {
            continue;
        }
        if (bx_cell_int(who, i, 1) == at) {
            version = (json_int_t) bx_cell_int(who, i, 3);
        }
        if (own != NULL && bx_cell_int(who, i, 1) == own->unit) {
            origin = json_pack("{s:o, s:s, s:s, s:s, s:s?}", "unit_id", bx_id_json(own->unit), "unit_name", bx_cell_text(who, i, 2),
                "reason", bx_cell_text(who, i, 4), "since", bx_time_iso(c->arena, bx_time_parse_sql(bx_cell_text(who, i, 5))),
                "by", bx_cell_text(who, i, 6));
        }
    }

    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:I}", "key", key, "document", d->name,
        "title", bx_tr(c->arena, bx_call_lang(c), bx_sprintf(c->arena, "document.%s", d->name), NULL),
        "zh", own != NULL ? own->zh : zh, "en", own != NULL && own->en != NULL ? own->en : en, "default_zh", zh, "default_en", en,
        "origin", origin == NULL ? json_null() : origin, "version", version);
}

bx_rc
admin_texts_show(bx_call *c)
{
    admin_unit           unit;
    bx_unit_texts        all;
    bx_rows              who;
    json_t              *texts, *items, *value;
    const char          *key;
    const bx_document   *d;

    if (admin_unit_read(c, "text.manage", unit_asked(c), NULL, &unit) != BX_OK || bx_unit_texts_load(c, unit.u.id, &all) != BX_OK
        || origins(c, unit.u.id, &who) != BX_OK)
    {
        return BX_FAIL;
    }

    texts = bx_own(c->arena, bx_locale_like(bx_language_name(0), "document."));
    items = json_array();
    json_object_foreach(texts, key, value) {
        d = bx_unit_text_of(key);
        if (d != NULL) {
            json_array_append_new(items, item_json(c, unit.u.id, key, d, &all, &who));
        }
    }

    return bx_answer(c, 200, json_pack("{s:o, s:s, s:o}", "unit_id", bx_id_json(unit.u.id), "unit_name", unit.u.name, "items", items));
}

/* ---- changing one */

/* Every {name} of the new words is one of the old: another would stay on the paper, braces and all. */
static bx_rc
refuse_names(bx_call *c, const char *field, const char *text, const char *lang, const char *key)
{
    const char  *known = bx_tr(c->arena, lang, key, NULL);

    for (const char *p = text; (p = strchr(p, '{')) != NULL; p++) {
        size_t       n = strcspn(p, "}");
        const char  *name = bx_strndup(c->arena, p, n + (p[n] == '}'));

        if (p[n] != '}' || n > MAX_NAME || strstr(known, name) == NULL) {
            return bx_refuse(c, BX_E_INVALID, field, "admin.text_name", json_pack("{s:s}", "name", bx_strndup(c->arena, p, n < MAX_NAME ? n + 1 : MAX_NAME)));
        }
    }

    return BX_OK;
}

typedef struct { admin_unit unit; const char *key, *reason, *zh, *en, *was_zh, *was_en; int64_t version; } change;

static bx_rc
change_read(bx_call *c, change *x)
{
    static const char  sql[] = "SELECT zh, en, version FROM unit_text WHERE text_key = ? AND unit_id = ?";
    bx_rows            rows;

    x->key = admin_body_text(c, "key");
    x->reason = admin_body_text(c, "reason");
    if (admin_unit_read(c, "text.manage", admin_body_id(c, "unit_id"), "unit_id", &x->unit) != BX_OK) {
        return BX_FAIL;
    }
    if (bx_unit_text_of(x->key) == NULL) {
        return bx_refuse(c, BX_E_INVALID, "key", "admin.text_unknown", NULL);
    }
    if (bx_query(c, &rows, sql, BX_ARGS(bx_text(x->key), bx_int(x->unit.u.id))) != BX_OK) {
        return BX_FAIL;
    }
    if (rows.nrows > 0) {
        x->was_zh = bx_cell_text(&rows, 0, 0);
        x->was_en = bx_cell_text(&rows, 0, 1);
        x->version = bx_cell_int(&rows, 0, 2);
    }

    return bx_version_check(c, x->version);
}

static bx_rc
change_commit(bx_call *c, const change *x)
{
    static const char  sql[] =
        "INSERT INTO unit_text_change (id, text_key, unit_id, from_zh, to_zh, from_en, to_en, reason, account_id, actor, at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    const char        *actor = bx_call_actor(c);
    json_t            *changes;

    if (bx_queue(c, 1, sql, BX_ARGS(bx_int(bx_id_new()), bx_text(x->key), bx_int(x->unit.u.id), bx_text(x->was_zh), bx_text(x->zh),
            bx_text(x->was_en), bx_text(x->en), bx_text(x->reason), bx_call_account(c) == 0 ? bx_null() : bx_int(bx_call_account(c)),
            bx_text(actor == NULL ? "" : actor), bx_text(bx_time_sql(c->arena, c->now)))) != BX_OK)
    {
        return BX_FAIL;
    }

    changes = bx_own(c->arena, json_pack("{s:s, s:s?, s:s?, s:s}", "key", x->key, "from", x->was_zh, "to", x->zh, "reason", x->reason));
    bx_answer(c, 200, json_pack("{s:s, s:o, s:I}", "key", x->key, "unit_id", bx_id_json(x->unit.u.id), "version",
                                (json_int_t) (x->zh == NULL ? 0 : x->version + 1)));
    return bx_commit(c, admin_chain(&x->unit.u), x->zh == NULL ? "unset" : "set", "unit-texts", x->unit.u.id, changes);
}

bx_rc
admin_text_set(bx_call *c)
{
    static const char  add[] = "INSERT INTO unit_text (zh, en, reason, set_by, set_at, text_key, unit_id) VALUES (?, ?, ?, ?, ?, ?, ?)";
    static const char  set[] = "UPDATE unit_text SET zh = ?, en = ?, reason = ?, set_by = ?, set_at = ?, version = version + 1"
                               " WHERE text_key = ? AND unit_id = ? AND version = ?";
    change             x = { .version = 0 };
    bx_value           args[8];

    if (change_read(c, &x) != BX_OK) {
        return BX_FAIL;
    }
    x.zh = admin_body_text(c, "zh");
    x.en = admin_body_text(c, "en");
    if (refuse_names(c, "zh", x.zh, bx_language_name(0), x.key) != BX_OK
        || (x.en != NULL && refuse_names(c, "en", x.en, bx_language_name(1), x.key) != BX_OK))
    {
        return BX_FAIL;
    }

    memcpy(args, ((bx_value[]) { bx_text(x.zh), bx_text(x.en), bx_text(x.reason), bx_call_account(c) == 0 ? bx_null() : bx_int(bx_call_account(c)),
           bx_text(bx_time_sql(c->arena, c->now)), bx_text(x.key), bx_int(x.unit.u.id), bx_int(x.version) }), sizeof(args));
    return bx_queue(c, 1, x.version == 0 ? add : set, args, x.version == 0 ? 7 : 8) == BX_OK ? change_commit(c, &x) : BX_FAIL;
}

bx_rc
admin_text_clear(bx_call *c)
{
    static const char  sql[] = "DELETE FROM unit_text WHERE text_key = ? AND unit_id = ? AND version = ?";
    change             x = { .version = 0 };

    if (change_read(c, &x) != BX_OK) {
        return BX_FAIL;
    }
    if (x.version == 0) {
        return bx_refuse(c, BX_E_WRONG_STATE, NULL, NULL, NULL);
    }

    return bx_queue(c, 1, sql, BX_ARGS(bx_text(x.key), bx_int(x.unit.u.id), bx_int(x.version))) == BX_OK ? change_commit(c, &x) : BX_FAIL;
}

/* ---- GET unit-texts/history?key=&unit_id=: at the unit and above it, newest first */

bx_rc
admin_text_history(bx_call *c)
{
    static const char  sql[] =
        "SELECT h.from_zh, h.to_zh, h.reason, h.actor, h.at, u.name, u.id FROM unit_text_change h JOIN org_unit u ON u.id = h.unit_id"
        " WHERE h.text_key = ? AND h.unit_id IN (" BX_PATH_MARKS ") ORDER BY h.id DESC LIMIT 100";
    const char        *key = bx_call_query_arg(c, "key");
    admin_unit         unit;

    if (bx_unit_text_of(key) == NULL) {
        return bx_refuse(c, BX_E_INVALID, "key", "admin.text_unknown", NULL);
    }
    if (admin_unit_read(c, "text.manage", unit_asked(c), NULL, &unit) != BX_OK) {
        return BX_FAIL;
    }

    return admin_history(c, sql, key, unit.u.id);
}
