/*
 * core_plugin.c: what the core itself offers in the shape of a plugin: attachments, rules, and the jobs that throw away
 * keys of repeated requests and files that nothing took. First in the registry.
 */

#include "flow/attachment.h"
#include "flow/calendar.h"
#include "flow/flow.h"
#include "flow/rules.h"

#define DAY      (24 * 3600)
#define BATCH    1000                         /* rows of one DELETE */
#define BATCHES  20                           /* the next run goes on */

/* GET rules?unit_id=: the rules of all plugins as they hold for a unit in the caller's scope; the caller's own unit when
 * none is named. */
static bx_rc
rules_list(bx_call *c)
{
    const char  *text = bx_call_query_arg(c, "unit_id");
    bx_value     args[48];
    json_t      *items;
    bx_rows      rows;
    bx_buf       sql;
    size_t       n = 0;
    bx_id        unit = text ? bx_id_parse(text) : c->who && c->who->ngrants ? c->who->grants[0].unit : 0;

    bx_buf_init(&sql, c->arena);
    bx_buf_str(&sql, "SELECT u.id AS id FROM org_unit u WHERE u.id = ? AND ");
    args[n++] = bx_int(unit);

    if (bx_scope_where(c, BX_SCOPE_UNIT, "u", "rule.read", &sql, args, &n, sizeof(args) / sizeof(args[0])) != BX_OK
        || bx_query(c, &rows, sql.data, args, n) != BX_OK)
    {
        return BX_FAIL;
    }

    if (rows.nrows == 0) {
        return bx_refuse(c, BX_E_NOT_FOUND, NULL, NULL, NULL);
    }

    if (bx_rules_json(c, NULL, unit, &items) != BX_OK) {
        return BX_FAIL;
    }

    return bx_answer(c, 200, json_pack("{s:o,s:o}", "unit_id", bx_id_json(unit), "items", items));
}

/* Keys of repeated requests live 24 hours. Nobody's record: no audit. In batches, so that no request waits long. */
static bx_rc
purge(bx_call *c)
{
    static const char  sql[] = "DELETE FROM idempotency_key WHERE created_at < ? ORDER BY created_at LIMIT ?";
    const char        *at = bx_time_sql(c->arena, bx_call_now(c) - DAY);
    uint64_t           gone = BATCH;
    int                i;

    for (i = 0; i < BATCHES && gone == BATCH; i++) {
        if (bx_exec(c, &gone, sql, BX_ARGS(bx_text(at), bx_int(BATCH))) != BX_OK) {
            return BX_FAIL;
        }
    }

    return BX_OK;
}

static const bx_field  strike_fields[] = {
    { "reason", BX_TEXT, BX_REQUIRED, 2, 200, NULL, NULL, NULL, NULL },
    { NULL, 0, 0, 0, 0, NULL, NULL, NULL, NULL }
};

static const bx_route  routes[] = {
    { "POST", "attachments", NULL, bx_attachment_create, BX_ANY_USER | BX_UPLOAD | BX_SLOW | BX_SELF_KEYED, NULL,
      "bring a photo or PDF, to be named by a record afterwards" },
    { "GET", "attachments/{id}", NULL, bx_attachment_read, BX_ANY_USER | BX_SLOW | BX_PERSONAL, NULL,
      "the file, for whoever may read the record it belongs to" },
    { "POST", "attachments/{id}/thumbnail", NULL, bx_attachment_thumbnail_create, BX_ANY_USER | BX_UPLOAD | BX_SLOW | BX_SELF_KEYED, NULL,
      "bring the small picture of a photo, made on the device" },
    { "GET", "attachments/{id}/thumbnail", NULL, bx_attachment_thumbnail_read, BX_ANY_USER | BX_SLOW, NULL,
      "the small picture, for whoever may read the file" },
    /* whoever brought it may; of others' files, who has the capability */
    { "POST", "attachments/{id}/strike", "attachment.strike", bx_attachment_strike, BX_ANY_USER | BX_SELF_KEYED, strike_fields,
      "take a wrong file out of sight, with a reason; it is kept" },
    { "GET", "rules", "rule.read", rules_list, 0, NULL,
      "rules as they hold for a unit, with where each value comes from" },
    { NULL, NULL, NULL, NULL, 0, NULL, NULL }
};

static const bx_job  jobs[] = {
    { "core.purge", 600, purge },
    { "attachment.purge", 600, bx_attachment_purge },
    { "attachment.retire", DAY, bx_attachment_retire },
    { "audit.heads", DAY, bx_audit_heads },
    { "calendar.apply", 10, bx_calendar_apply },
    { NULL, 0, NULL }
};

static const bx_notice_kind  notices[] = {
    { "core.read_limit", "#/accounts/{account_id}", BX_NOTICE_URGENT },
    { NULL, NULL, 0 }
};

static const bx_grant  grants[] = {
    { "county", "rule.read" },
    { "township", "rule.read" },
    { "principal", "rule.read attachment.strike" },
    { "vice", "rule.read attachment.strike" },
    { "office", "rule.read attachment.strike" },
    { "registrar", "rule.read" },
    { "grade", "rule.read" },
    { "teacher", "rule.read" },
    { NULL, NULL }
};

const bx_plugin  bx_plugin_core = {
    .abi = BX_PLUGIN_ABI,
    .name = "core",
    .rules = bx_core_rules,
    .routes = routes,
    .jobs = jobs,
    .grants = grants,
    .notices = notices,
};
