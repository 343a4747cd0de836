/*
 * account_sessions.c: where the own account is signed in: the list, and the end of one of them.
 *
 * Ending one asks for the password: whoever finds a teacher's telephone open must not shut the teacher out of the other
 * devices. Signing out, here or everywhere, does not: it ends the finder's session as well. Does not own the rows
 * (web/session.c), signing in and out (account.c) nor what an administrator may end (admin_account.c).
 */
#include "plugins/account.h"

#include <arpa/inet.h>
#include <string.h>

#define BATCH  1000                           /* rows of one DELETE; the next run goes on */

typedef struct { const char *code, *sign; } known;

/* The first that is found counts. */
static const known devices[] = {
    { "ipad", "iPad" }, { "iphone", "iPhone" }, { "harmony", "OpenHarmony" }, { "harmony", "HarmonyOS" },
    { "android", "Android" }, { "windows", "Windows" }, { "mac", "Macintosh" }, { "linux", "Linux" }, { NULL, NULL }
};

static const known browsers[] = {
    { "wecom", "wxwork" }, { "wechat", "MicroMessenger" }, { "dingtalk", "DingTalk" }, { "qq", "QQ" }, { "huawei", "HuaweiBrowser" },
    { "xiaomi", "MiuiBrowser" }, { "uc", "UCBrowser" }, { "quark", "Quark" }, { "edge", "Edg" }, { "firefox", "Firefox" },
    { "chrome", "Chrome" }, { "safari", "Safari" }, { NULL, NULL }
};

static const char *
find(const known *list, const char *agent)
{
    for (size_t i = 0; list[i].code != NULL; i++) {
        if (strstr(agent, list[i].sign) != NULL) {
            return list[i].code;
        }
    }

    return "other";
}

/* In words: "安卓手机·微信". A tablet with Android does not call itself mobile. */
static const char *
device_text(bx_call *c, const char *agent)
{
    bx_arena    *a = c->arena;
    const char  *device = find(devices, agent), *browser = find(browsers, agent), *of;

    if (strcmp(device, "android") == 0 && strstr(agent, "Mobile") == NULL) {
        device = "tablet";
    }

    of = bx_tr(a, bx_call_lang(c), bx_sprintf(a, "session.device.%s", device), NULL);
    if (strcmp(browser, "other") == 0) {
        return of;
    }

    return bx_sprintf(a, strcmp(bx_call_lang(c), "en") == 0 ? "%s, %s" : "%s·%s", of, bx_tr(a, bx_call_lang(c), bx_sprintf(a, "session.browser.%s", browser), NULL));
}

/* Enough to tell the school from home, on a screen that others may see. */
static const char *
network_text(bx_arena *a, const char *address)
{
    struct in6_addr  in6;
    char             text[INET6_ADDRSTRLEN];
    const char      *dot;

    if (inet_pton(AF_INET6, address, &in6) == 1 && !IN6_IS_ADDR_V4MAPPED(&in6)) {
        memset(&in6.s6_addr[6], 0, 10);
        inet_ntop(AF_INET6, &in6, text, sizeof(text));
        return bx_sprintf(a, "%s*", text);
    }

    dot = strrchr(address, '.');
    return dot == NULL ? "" : bx_sprintf(a, "%.*s.*", (int) (dot - address), address);
}

static const char sql_list[] =
    "SELECT s.id, s.created_at, COALESCE(s.used_at, s.created_at) AS used_at, s.expires_at, s.address, s.agent, s.token_hash = ? AS own"
    " FROM session s WHERE s.account_id = ? AND " BX_SESSION_LIVE " ORDER BY own DESC, used_at DESC, s.id DESC";

static const char sql_one[] =
    "SELECT s.token_hash, s.agent FROM session s WHERE s.account_id = ? AND s.id = ? AND " BX_SESSION_LIVE;

static json_t *
time_json(bx_call *c, const bx_rows *rows, size_t i, size_t col)
{
    return json_string(bx_time_iso(c->arena, bx_time_parse_sql(bx_cell_text(rows, i, col))));
}

bx_rc
bx_account_sessions(bx_call *c)
{
    bx_value  now = bx_text(bx_time_sql(c->arena, c->now));
    bx_rows   rows;
    json_t   *items;

    if (bx_query(c, &rows, sql_list, BX_ARGS(bx_blob(c->req->token_hash, 32), bx_int(c->who->account), now, now)) != BX_OK) {
        return BX_FAIL;
    }

    items = json_array();
    for (size_t i = 0; i < rows.nrows; i++) {
        json_array_append_new(items, json_pack("{s:o, s:o, s:o, s:o, s:s, s:s, s:b}",
            "id", bx_id_json(bx_cell_int(&rows, i, 0)),
            "created_at", time_json(c, &rows, i, 1), "used_at", time_json(c, &rows, i, 2), "expires_at", time_json(c, &rows, i, 3),
            "network", network_text(c->arena, bx_cell_text(&rows, i, 4)), "device", device_text(c, bx_cell_text(&rows, i, 5)),
            "own", bx_cell_int(&rows, i, 6) != 0));
    }

    return bx_answer(c, 200, json_pack("{s:o}", "items", items));
}

bx_rc
bx_account_end_session(bx_call *c)
{
    bx_value  now = bx_text(bx_time_sql(c->arena, c->now));
    bx_id     account = bx_call_account(c), school;
    bx_rows   rows;

    if (bx_query(c, &rows, sql_one, BX_ARGS(bx_int(account), bx_int(c->path_id), now, now)) != BX_OK) {
        return BX_FAIL;
    }
    if (rows.nrows == 0 || bx_cell(&rows, 0, 0)->len != 32) {
        return bx_refuse(c, BX_E_NOT_FOUND, NULL, NULL, NULL);
    }

    if (bx_account_confirm(c, "password") != BX_OK || bx_account_home(c, account, &school) != BX_OK
        || bx_session_end_one(c, (const uint8_t *) bx_cell(&rows, 0, 0)->s) != BX_OK)
    {
        return BX_FAIL;
    }

    bx_answer(c, 204, NULL);
    return bx_commit(c, school, "end_session", "accounts", account,
                     bx_own(c->arena, json_pack("{s:s}", "device", find(devices, bx_cell_text(&rows, 0, 1)))));
}

/* Sessions that are over, and the revocations that every node has read long ago. Nobody's record: no audit. */
bx_rc
bx_account_purge_sessions(bx_call *c)
{
    static const char  sql_sessions[] = "DELETE FROM session WHERE expires_at <= ? ORDER BY expires_at LIMIT ?";
    static const char  sql_steps[] = "DELETE FROM sign_in_step WHERE expires_at <= ? ORDER BY expires_at LIMIT ?";
    static const char  sql_revocations[] = "DELETE FROM revocation WHERE at < ? ORDER BY at LIMIT ?";
    bx_value           now = bx_text(bx_time_sql(c->arena, c->now)), hour_ago = bx_text(bx_time_sql(c->arena, c->now - 3600));

    return bx_exec(c, NULL, sql_sessions, BX_ARGS(now, bx_int(BATCH))) == BX_OK
           && bx_exec(c, NULL, sql_steps, BX_ARGS(now, bx_int(BATCH))) == BX_OK
           ? bx_exec(c, NULL, sql_revocations, BX_ARGS(hour_ago, bx_int(BATCH))) : BX_FAIL;
}
