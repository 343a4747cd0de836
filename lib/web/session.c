/*
 * session.c: who is calling. Reads a session and what its account may do, starts one and ends one.
 *
 * A session row is the truth; the zone of module/ only remembers what bx_session_load() said. What an account may do
 * comes from its positions of the day and, for a guardian, from the guardian rows linked to it.
 * Not here: passwords, throttling, codes (lib/plugins/account*.c); which rows a grant opens (lib/flow/scope.c).
 */
#include "web/call.h"
#include "web/routes.h"
#include "web/tables.h"

#include <string.h>

#define MAX_SESSIONS  10
#define MAX_AGENT    256

/* has_children decides whether the account is treated as family, so that a teacher who never activated the code of an
 * own child is still a guardian of it: the phone tells. */
#define ACCOUNT_COLUMNS                                                                                                \
    "a.id, a.name, a.language, a.must_change,"                                                                         \
    " EXISTS (SELECT 1 FROM guardian g WHERE g.account_id = a.id) AS guardian,"                                        \
    " EXISTS (SELECT 1 FROM guardian g WHERE g.phone_hash = a.phone_hash) AS same_phone"

/* Roles that must have a second factor; NULL: none, or this account has one. */
#define FACTOR_COLUMN                                                                                                  \
    "(SELECT o.value FROM org_unit r JOIN rule_override o ON o.unit_id = r.id AND o.rule = 'signin.factor_roles'"      \
    " WHERE r.parent_id IS NULL AND NOT EXISTS"                                                                        \
    " (SELECT 1 FROM second_factor f WHERE f.account_id = a.id AND f.enrolled_at IS NOT NULL) LIMIT 1) AS factor_roles"

static const char sql_by_token[] =
    "SELECT " ACCOUNT_COLUMNS ", DATE_FORMAT(s.expires_at, '%Y-%m-%d %H:%i:%s') AS expires,"
    " DATE_FORMAT(COALESCE(s.used_at, s.created_at), '%Y-%m-%d %H:%i:%s') AS used, s.idle_minutes, " FACTOR_COLUMN
    " FROM session s JOIN account a ON a.id = s.account_id"
    " WHERE s.token_hash = ? AND s.expires_at > ? AND a.disabled_at IS NULL";

/* The widest positions first: what does not fit the entry is the narrowest, and is not granted. */
static const char sql_positions[] =
    "SELECT p.role, p.unit_id, u.parent_id, u.level, u.school_id"
    " FROM position p JOIN org_unit u ON u.id = p.unit_id"
    " WHERE p.account_id = ? AND p.starts_on <= ? AND (p.ends_on IS NULL OR p.ends_on >= ?)"
    " ORDER BY u.parent_id IS NOT NULL, FIELD(u.level, 'township', 'central_school', 'school', 'grade', 'class'), p.id";

static const char sql_capabilities[] =
    "SELECT rc.role, rc.capability FROM role_capability rc"
    " WHERE rc.granted = 1 AND (rc.role = ? OR rc.role IN"
    " (SELECT p.role FROM position p"
    "   WHERE p.account_id = ? AND p.starts_on <= ? AND (p.ends_on IS NULL OR p.ends_on >= ?)))";

static const char sql_session_insert[] =
    "INSERT INTO session (token_hash, id, account_id, created_at, used_at, expires_at, idle_minutes, address, agent)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)";

static const char sql_session_used[] =
    "UPDATE session SET used_at = ? WHERE token_hash = ? AND COALESCE(used_at, created_at) < ?";

/* Keeps the newest MAX_SESSIONS - 1, so that the one that follows makes MAX_SESSIONS. */
static const char sql_session_trim[] =
    "DELETE FROM session WHERE account_id = ? AND token_hash NOT IN"
    " (SELECT token_hash FROM (SELECT token_hash FROM session WHERE account_id = ?"
    "   ORDER BY created_at DESC, token_hash LIMIT 9) newest)";

static const char sql_signed_in[] = "UPDATE account SET signed_in_at = ? WHERE id = ?";

static const char sql_session_delete[] = "DELETE FROM session WHERE token_hash = ?";

static const char sql_session_delete_all[] = "DELETE FROM session WHERE account_id = ?";

static const char sql_revoke[] = "INSERT INTO revocation (id, account_id, token_hash, at) VALUES (?, ?, ?, ?)";

static const char sql_account[] =
    "SELECT a.login, a.phone_sealed,"
    " EXISTS (SELECT 1 FROM second_factor f WHERE f.account_id = a.id AND f.enrolled_at IS NOT NULL) AS second_factor"
    " FROM account a WHERE a.id = ?";

static const char sql_places[] =
    "SELECT p.role, p.unit_id, u.name, u.level, u.stage, u.entry_year, u.class_no, s.id AS school_id,"
    " s.name AS school_name"
    " FROM position p JOIN org_unit u ON u.id = p.unit_id LEFT JOIN org_unit s ON s.id = u.school_id"
    " WHERE p.account_id = ? AND p.starts_on <= ? AND (p.ends_on IS NULL OR p.ends_on >= ?)"
    " ORDER BY u.parent_id IS NOT NULL, FIELD(u.level, 'township', 'central_school', 'school', 'grade', 'class'), p.id"
    " LIMIT 40";

/* 0: a unit of a level that opens nothing. An unknown level is denied, never allowed. */
static uint8_t
level_of(const char *level, bool is_root)
{
    static const struct { const char *name; uint8_t level; } levels[] = {
        { "township", BX_LEVEL_TOWNSHIP }, { "central_school", BX_LEVEL_CENTRAL }, { "school", BX_LEVEL_SCHOOL },
        { "grade", BX_LEVEL_GRADE }, { "class", BX_LEVEL_CLASS }
    };

    if (is_root) {
        return BX_LEVEL_ROOT;
    }

    for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
        if (strcmp(level, levels[i].name) == 0) {
            return levels[i].level;
        }
    }

    return 0;
}

static void
copy_text(char *to, size_t room, const char *from)
{
    size_t  n;

    if (from == NULL) {
        from = "";
    }

    n = strlen(from);
    if (n >= room) {
        n = room - 1;
        while (n > 0 && ((unsigned char) from[n] & 0xC0) == 0x80) {     /* not in the middle of a character */
            n--;
        }
    }

    memcpy(to, from, n);
    to[n] = '\0';
}

static void
add_grant(bx_session *s, uint8_t level, const char *role, bx_id unit, bx_id school)
{
    bx_session_grant  *g;

    if (level == 0 || s->ngrants == BX_MAX_GRANTS || strlen(role) >= sizeof(g->role)) {
        return;
    }

    g = &s->grants[s->ngrants++];
    g->level = level;
    g->unit = unit;
    g->school = school;
    copy_text(g->role, sizeof(g->role), role);
}

static void
add_capabilities(bx_session *s, const bx_rows *rows)
{
    for (size_t i = 0; i < rows->nrows; i++) {
        const char  *role = bx_cell_text(rows, i, 0);
        int          n = bx_capability_index(bx_cell_text(rows, i, 1));

        if (n < 0 || n >= 64 * BX_CAP_WORDS) {
            continue;                         /* of a plugin that is not loaded here */
        }

        for (unsigned g = 0; g < s->ngrants; g++) {
            if (strcmp(s->grants[g].role, role) == 0) {
                s->grants[g].caps[n / 64] |= UINT64_C(1) << (n % 64);
            }
        }
    }
}

static bx_rc
load_grants(bx_call *c, bx_session *s, bool guardian)
{
    bx_rows      rows;
    const char  *today = bx_date_text(c->arena, bx_date_of(c->now));

    if (guardian) {
        add_grant(s, BX_LEVEL_CHILDREN, "guardian", 0, 0);
    }

    if (bx_query(c, &rows, sql_positions, BX_ARGS(bx_int(s->account), bx_text(today), bx_text(today))) != BX_OK) {
        return BX_FAIL;
    }

    for (size_t i = 0; i < rows.nrows; i++) {
        add_grant(s, level_of(bx_cell_text(&rows, i, 3), bx_cell(&rows, i, 2)->kind == BX_V_NULL),
                  bx_cell_text(&rows, i, 0), bx_cell_int(&rows, i, 1), bx_cell_int(&rows, i, 4));
    }

    if (s->ngrants == 0) {
        return BX_OK;
    }

    if (bx_query(c, &rows, sql_capabilities,
                 BX_ARGS(bx_text(guardian ? "guardian" : ""), bx_int(s->account), bx_text(today), bx_text(today)))
        != BX_OK)
    {
        return BX_FAIL;
    }

    add_capabilities(s, &rows);
    return BX_OK;
}

/* Guardians are never among them: what is asked is the position. */
static bool
must_enrol(const bx_session *s, const char *roles)
{
    for (unsigned g = 0; roles != NULL && g < s->ngrants; g++) {
        if (s->grants[g].level != BX_LEVEL_CHILDREN && (bx_word_in(roles, s->grants[g].role) || strcmp(roles, "all") == 0)) {
            return true;
        }
    }

    return false;
}

/* Use is written down at most each BX_SESSION_NOTED: nobody is signed out earlier than the rule says. BX_SESSION_LIVE is the same
 * for lists. */
static bool
is_over(bx_time used, int64_t idle_minutes, bx_time now)
{
    return idle_minutes > 0 && now - used >= idle_minutes * 60 + BX_SESSION_NOTED;
}

bx_rc
bx_session_load(bx_call *c, const uint8_t token_hash[32], bx_session *out, bool *found)
{
    bx_rows  rows;

    *found = false;
    memset(out, 0, sizeof(*out));

    if (bx_query(c, &rows, sql_by_token,
                 BX_ARGS(bx_blob(token_hash, 32), bx_text(bx_time_sql(c->arena, c->now)))) != BX_OK)
    {
        return BX_FAIL;
    }

    if (rows.nrows == 0) {
        return BX_OK;
    }

    out->used = bx_time_parse_sql(bx_cell_text(&rows, 0, 7));
    if (is_over(out->used, bx_cell_int(&rows, 0, 8), c->now)) {
        c->idle_minutes = bx_cell_int(&rows, 0, 8);
        c->res->account = bx_cell_int(&rows, 0, 0);
        return BX_OK;
    }

    out->tables = bx_tables_fingerprint();
    out->account = bx_cell_int(&rows, 0, 0);
    out->expires = bx_time_parse_sql(bx_cell_text(&rows, 0, 6));
    out->loaded = c->now;
    copy_text(out->name, sizeof(out->name), bx_cell_text(&rows, 0, 1));
    copy_text(out->lang, sizeof(out->lang), bx_cell_text(&rows, 0, 2));
    out->must_change = bx_cell_int(&rows, 0, 3) != 0;
    out->has_children = bx_cell_int(&rows, 0, 4) != 0 || bx_cell_int(&rows, 0, 5) != 0;

    if (load_grants(c, out, bx_cell_int(&rows, 0, 4) != 0) != BX_OK) {
        return BX_FAIL;
    }

    out->must_enrol = must_enrol(out, bx_cell_text(&rows, 0, 9));
    *found = true;
    return BX_OK;
}

void
bx_session_note(bx_call *c, const uint8_t token_hash[32], bx_session *s)
{
    bx_value  now = bx_text(bx_time_sql(c->arena, c->now));
    bx_value  before = bx_text(bx_time_sql(c->arena, c->now - BX_SESSION_NOTED + 1));

    s->used = c->now;                         /* when it fails too: the next try is not the next request */

    if (bx_exec(c, NULL, sql_session_used, BX_ARGS(now, bx_blob(token_hash, 32), before)) != BX_OK) {
        c->problem = (bx_problem) { 0 };
        c->error = (bx_error) { 0 };
    }
}

/* ---- starting and ending */

/* A response has room for a few headers; one that does not fit would be a session nobody can use. */
static bx_rc
set_cookie(bx_call *c, const char *value, unsigned seconds)
{
    const char  *name = bx_app_cookie_name(c->app);
    const char  *secure = strncmp(name, "__Host-", 7) == 0 ? "; Secure" : "";
    char        *text;

    text = bx_sprintf(c->arena, "%s=%s; Path=/; Max-Age=%u; HttpOnly; SameSite=Lax%s", name, value, seconds, secure);
    if (text == NULL || c->res->nheaders == BX_MAX_HEADERS) {
        return bx_refuse(c, BX_E_INTERNAL, NULL, NULL, NULL);
    }

    c->res->headers[c->res->nheaders].name = "Set-Cookie";
    c->res->headers[c->res->nheaders++].value = text;
    return BX_OK;
}

bx_rc
bx_session_cookie(bx_call *c, const char *token, unsigned seconds)
{
    return set_cookie(c, token, seconds);
}

bx_rc
bx_session_start(bx_call *c, bx_id account, int64_t idle_minutes, const char **token)
{
    bx_arena    *a = c->arena;
    bx_time      expires = c->now + (bx_time) bx_app_session_seconds(c->app);
    uint8_t     *hash = bx_alloc(a, 32);
    const char  *agent = c->req->user_agent == NULL ? "" : c->req->user_agent;
    char        *kept = bx_alloc(a, MAX_AGENT);
    bx_value     now = bx_text(bx_time_sql(a, c->now));

    if (hash == NULL || kept == NULL || (*token = bx_token_new(a, hash)) == NULL) {
        return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
    }

    copy_text(kept, MAX_AGENT, bx_utf8_valid(agent, strlen(agent)) ? agent : "");

    if (bx_queue(c, -1, sql_session_trim, BX_ARGS(bx_int(account), bx_int(account))) != BX_OK
        || bx_queue(c, 1, sql_session_insert,
                    BX_ARGS(bx_blob(hash, 32), bx_int(bx_id_new()), bx_int(account), now, now, bx_text(bx_time_sql(a, expires)),
                            bx_int(idle_minutes), bx_text(bx_call_address(c)), bx_text(kept))) != BX_OK
        || bx_queue(c, 1, sql_signed_in, BX_ARGS(now, bx_int(account))) != BX_OK)
    {
        return BX_FAIL;
    }

    return BX_OK;
}

bx_rc
bx_session_started(bx_call *c, const char *token, json_t **out)
{
    bx_response  *res = c->res;
    bool          found;

    bx_token_hash(token, strlen(token), res->token_hash);

    if (bx_session_load(c, res->token_hash, &res->session, &found) != BX_OK) {
        return BX_FAIL;
    }
    if (!found) {
        return bx_refuse(c, BX_E_INTERNAL, NULL, NULL, NULL);
    }
    if (set_cookie(c, token, bx_app_session_seconds(c->app)) != BX_OK) {
        return BX_FAIL;
    }

    res->zone = BX_ZONE_STORE;
    res->account = res->session.account;
    c->who = &res->session;
    if (c->who->lang[0] != '\0') {
        c->lang = c->who->lang;
    }

    *out = bx_session_json(c, &res->session);
    return *out == NULL ? BX_FAIL : BX_OK;
}

static bx_rc
end_one(bx_call *c, bx_id account, const uint8_t token_hash[32])
{
    uint8_t  *kept = bx_alloc(c->arena, 32);
    bx_value  hash;

    if (kept == NULL) {
        return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
    }

    memcpy(kept, token_hash, 32);
    hash = bx_blob(kept, 32);
    c->res->zone = BX_ZONE_DROP;
    memcpy(c->res->token_hash, token_hash, 32);

    return bx_queue(c, -1, sql_session_delete, BX_ARGS(hash)) == BX_OK
           ? bx_queue(c, 1, sql_revoke,
                      BX_ARGS(bx_int(bx_id_new()), bx_int(account), hash, bx_text(bx_time_sql(c->arena, c->now)))) : BX_FAIL;
}

bx_rc
bx_session_end_one(bx_call *c, const uint8_t token_hash[32])
{
    bool  own = memcmp(token_hash, c->req->token_hash, 32) == 0;

    if (end_one(c, c->who->account, token_hash) != BX_OK) {
        return BX_FAIL;
    }

    return own ? set_cookie(c, "", 0) : BX_OK;
}

bx_rc
bx_session_end(bx_call *c, bx_id account, bool everywhere)
{
    bx_value  now = bx_text(bx_time_sql(c->arena, c->now));
    bool      own = c->who != NULL && c->who->account == account;

    if (everywhere) {
        c->res->zone = BX_ZONE_DROP_ACCOUNT;
        c->res->drop = account;

        if (bx_queue(c, -1, sql_session_delete_all, BX_ARGS(bx_int(account))) != BX_OK
            || bx_queue(c, 1, sql_revoke, BX_ARGS(bx_int(bx_id_new()), bx_int(account), bx_null(), now)) != BX_OK)
        {
            return BX_FAIL;
        }

    } else if (end_one(c, account, c->req->token_hash) != BX_OK) {
        return BX_FAIL;
    }

    return own ? set_cookie(c, "", 0) : BX_OK;
}

/* ---- GET session */

static json_t *
text_or_null(const char *s)
{
    return s == NULL ? json_null() : json_string(s);
}

static const char *
unit_name(bx_call *c, const bx_rows *rows, size_t i)
{
    const char  *stage = bx_cell_text(rows, i, 4);

    if (strcmp(bx_cell_text(rows, i, 3), "class") != 0 || stage == NULL) {
        return bx_cell_text(rows, i, 2);
    }

    return bx_class_label(c->arena, bx_call_lang(c), stage, (int) bx_cell_int(rows, i, 5), (int) bx_cell_int(rows, i, 6),
                          bx_date_of(c->now));
}

static json_t *
positions_json(bx_call *c, const bx_rows *rows)
{
    json_t  *list = json_array();

    for (size_t i = 0; i < rows->nrows; i++) {
        const char  *role = bx_cell_text(rows, i, 0);
        const char  *label = bx_tr(c->arena, bx_call_lang(c), bx_sprintf(c->arena, "role.%s", role), NULL);

        json_array_append_new(list, json_pack("{s:s, s:s, s:o, s:o, s:s, s:o, s:o}",
            "role", role, "role_label", label,
            "unit_id", bx_id_json(bx_cell_int(rows, i, 1)), "unit_name", text_or_null(unit_name(c, rows, i)),
            "level", bx_cell_text(rows, i, 3),
            "school_id", bx_id_json(bx_cell_int(rows, i, 7)), "school_name", text_or_null(bx_cell_text(rows, i, 8))));
    }

    return list;
}

static json_t *
capabilities_json(const bx_session *s)
{
    json_t      *list = json_array();
    const char  *name;

    for (int i = 0; (name = bx_capability_name(i)) != NULL; i++) {
        if (bx_session_can(s, name)) {
            json_array_append_new(list, json_string(name));
        }
    }

    return list;
}

static bool
has_children_grant(const bx_session *s)
{
    for (unsigned g = 0; g < s->ngrants; g++) {
        if (s->grants[g].level == BX_LEVEL_CHILDREN) {
            return true;
        }
    }

    return false;
}

json_t *
bx_session_json(bx_call *c, const bx_session *s)
{
    bx_rows      account, places;
    char        *phone = NULL;
    json_t      *j;
    const char  *today = bx_date_text(c->arena, bx_date_of(c->now));

    if (bx_query(c, &account, sql_account, BX_ARGS(bx_int(s->account))) != BX_OK
        || bx_query(c, &places, sql_places, BX_ARGS(bx_int(s->account), bx_text(today), bx_text(today))) != BX_OK)
    {
        return NULL;
    }

    if (account.nrows == 0) {
        bx_refuse(c, BX_E_UNAUTHENTICATED, NULL, NULL, NULL);
        return NULL;
    }

    if (bx_cell(&account, 0, 1)->kind != BX_V_NULL) {
        if (bx_unseal(c->arena, bx_cell(&account, 0, 1), &phone) != BX_OK) {
            bx_refuse(c, BX_E_INTERNAL, NULL, NULL, NULL);
            return NULL;
        }
        phone = bx_mask(c->arena, "phone", phone);
    }

    j = json_pack("{s:{s:o, s:s, s:o, s:o, s:b, s:b, s:b}, s:o, s:o, s:o, s:b, s:s, s:s, s:s}",
        "account",
            "id", bx_id_json(s->account), "name", s->name, "login", text_or_null(bx_cell_text(&account, 0, 0)),
            "phone", text_or_null(phone), "must_change_password", s->must_change,
            "second_factor", bx_cell_int(&account, 0, 2) != 0, "must_enrol_factor", s->must_enrol,
        "positions", positions_json(c, &places),
        "capabilities", capabilities_json(s),
        "menu", bx_menu_json(c),
        "has_children", has_children_grant(s),
        "language", s->lang[0] != '\0' ? s->lang : bx_call_lang(c),
        "now", bx_time_iso(c->arena, c->now),
        "today", today);

    if (j == NULL) {
        bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
    }

    return j;
}
