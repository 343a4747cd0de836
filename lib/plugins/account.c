/*
 * account.c: signing in and out, the own language, and the tables of the plugin.
 *
 * Owns who may try what how often (rules signin.*, activation.*) and what a sign-in leaves in the audit chain. Does not
 * own which passwords are accepted (account_password.c), the list of sessions (account_sessions.c), the codes with which
 * guardians come in first (account_activation.c), one-time codes (account_factor.c), the session row and its cookie (web/session.c), counting (flow/throttle.c) nor accounts and
 * positions, which baoxuectl keeps.
 *
 * Throttling. Counted are wrong passwords of one account from one network, which is blocked after a few; of one network,
 * which stands for many people and may fail more often; and of one account from everywhere. Only the first blocks where
 * the account has signed in before, or a pupil could lock a school out, and whoever knows a teacher's login the teacher.
 * Elsewhere the second blocks too, and the third makes strangers wait their turn.
 */
#include "plugins/account.h"
#include "plugins/task.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define STEP_SECONDS  300                     /* for the code, after the password */

/* ---- what the caller typed */

const char *
bx_account_body_text(const bx_call *c, const char *name)
{
    return json_string_value(json_object_get(c->body, name));
}

bx_rc
bx_account_need_text(bx_call *c, const char *name, size_t max, const char **out)
{
    json_t  *j = json_object_get(c->body, name);

    *out = json_string_value(j);

    if (*out == NULL || (*out)[0] == '\0') {
        return bx_refuse(c, BX_E_INVALID, name, "required", NULL);
    }
    if (json_string_length(j) > max || json_string_length(j) != strlen(*out)) {
        return bx_refuse(c, BX_E_INVALID, name, "too_long", json_pack("{s:i}", "max", (int) max));
    }

    return BX_OK;
}

char *
bx_account_lower(bx_arena *a, const char *s)
{
    char  *out = bx_strdup(a, s);

    for (char *p = out; p != NULL && *p != '\0'; p++) {
        if (*p >= 'A' && *p <= 'Z') {
            *p = (char) (*p + 32);
        }
    }

    return out;
}

/* ---- throttling */

static const char sql_root[] = "SELECT id FROM org_unit WHERE parent_id IS NULL ORDER BY id LIMIT 1";

bx_rc
bx_account_policy_load(bx_call *c, bx_account_policy *p)
{
    bx_rows  rows;

    if (bx_query(c, &rows, sql_root, BX_NO_ARGS) != BX_OK) {
        return BX_FAIL;
    }

    p->root = rows.nrows == 0 ? 0 : bx_cell_int(&rows, 0, 0);

    return bx_rule_int(c, "signin.window_minutes", p->root, &p->window) == BX_OK
           && bx_rule_int(c, "signin.block_minutes", p->root, &p->block) == BX_OK ? BX_OK : BX_FAIL;
}

/* Counts one attempt against the rule `key`. */
static bx_rc
count(bx_call *c, const bx_account_policy *p, const char *key, bx_value subject, bx_throttle *t)
{
    t->subject = subject;
    t->window = p->window * 60;
    t->block = p->block * 60;

    return bx_rule_int(c, key, p->root, &t->limit) == BX_OK ? bx_throttle_count(c, t) : BX_FAIL;
}

bx_rc
bx_account_count(bx_call *c, const bx_account_policy *p, const char *key, bx_value subject, bx_throttle *t)
{
    if (count(c, p, key, subject, t) != BX_OK) {
        return BX_FAIL;
    }

    return t->wait == 0 ? BX_OK : bx_throttle_refuse(c, t->wait);
}

typedef struct {
    bx_id        account;                     /* 0: nobody goes by that name */
    const char  *name, *hash;                 /* hash NULL: cannot sign in */
    const char  *subject;                     /* what is counted: the account, or what was typed */
    bx_value     mark;                        /* this account has signed in from this network */
    bool         factor;                      /* a code is asked for besides */
    bool         known;                       /* the mark is there */
    bx_throttle  network, pair, everywhere;
} attempt;

/* Under attack from many networks: one try for all strangers together every few seconds. */
static bx_rc
wait_for_turn(bx_call *c, const bx_account_policy *p, const attempt *at)
{
    bx_throttle  turn = { .subject = bx_throttle_subject(c, "turn", at->subject, NULL), .limit = 1 };

    if (bx_rule_int(c, "signin.slow_seconds", p->root, &turn.window) != BX_OK) {
        return BX_FAIL;
    }

    turn.block = turn.window;
    if (bx_throttle_count(c, &turn) != BX_OK) {
        return BX_FAIL;
    }

    return turn.wait == 0 ? BX_OK : bx_throttle_refuse(c, turn.wait);
}

static bx_rc
throttle_sign_in(bx_call *c, attempt *at)
{
    const char         *network = bx_throttle_network(c->arena, bx_call_address(c));
    bx_value            login = bx_throttle_subject(c, "login", at->subject, NULL);
    bx_account_policy   p;

    at->mark = bx_throttle_subject(c, "mark", at->subject, network);

    if (bx_account_policy_load(c, &p) != BX_OK || bx_throttle_marked(c, at->mark, &at->known) != BX_OK
        || count(c, &p, "signin.address_failures", bx_throttle_subject(c, "network", network, NULL), &at->network) != BX_OK)
    {
        return BX_FAIL;
    }
    if (at->network.wait > 0 && !at->known) {
        return bx_throttle_refuse(c, at->network.wait);
    }

    if (bx_account_count(c, &p, "signin.max_failures", bx_throttle_subject(c, "pair", at->subject, network), &at->pair) != BX_OK
        || count(c, &p, "signin.login_failures", login, &at->everywhere) != BX_OK)
    {
        return BX_FAIL;
    }

    return at->everywhere.wait == 0 || at->known ? BX_OK : wait_for_turn(c, &p, at);
}

/* ---- POST session */

/* Both branches run whatever was typed, so that the time taken does not tell a phone from a login. */
#define FIND_COLUMNS                                                                                                   \
    "SELECT a.id, a.name, a.password,"                                                                                 \
    " EXISTS (SELECT 1 FROM second_factor f WHERE f.account_id = a.id AND f.enrolled_at IS NOT NULL) AS factor FROM account a WHERE "

static const char sql_account_find[] =
    FIND_COLUMNS "a.login = ? AND a.disabled_at IS NULL UNION ALL " FIND_COLUMNS "a.phone_hash = ? AND a.disabled_at IS NULL";

/* Where the rule of a member of staff is looked for; no row: not staff. */
static const char sql_post[] =
    "SELECT COALESCE(u.school_id, u.id) FROM position p JOIN org_unit u ON u.id = p.unit_id"
    " WHERE p.account_id = ? AND (p.ends_on IS NULL OR p.ends_on >= ?) ORDER BY u.school_id IS NULL, p.ends_on IS NOT NULL, p.id LIMIT 1";

static const char sql_account_school[] =
    "SELECT u.school_id FROM position p JOIN org_unit u ON u.id = p.unit_id"
    " WHERE p.account_id = ? AND u.school_id IS NOT NULL ORDER BY p.ends_on IS NOT NULL, p.id LIMIT 1";

static bx_rc
find_account(bx_call *c, const char *login, attempt *at)
{
    bx_rows      rows;
    const char  *phone = bx_phone_normal(c->arena, login);
    bx_value     phone_hash = phone == NULL ? bx_null() : bx_lookup_hash(c->arena, "phone", phone);
    const char  *typed = bx_account_lower(c->arena, bx_trim(c->arena, bx_fold_width(c->arena, login)));

    if (bx_query(c, &rows, sql_account_find, BX_ARGS(bx_text(typed), phone_hash)) != BX_OK) {
        return BX_FAIL;
    }

    if (rows.nrows == 0) {
        at->subject = phone != NULL ? phone : typed;
        return BX_OK;
    }

    at->account = bx_cell_int(&rows, 0, 0);
    at->name = bx_cell_text(&rows, 0, 1);
    at->hash = bx_cell_text(&rows, 0, 2);
    at->factor = bx_cell_int(&rows, 0, 3) != 0;
    at->subject = bx_sprintf(c->arena, "#%lld", (long long) at->account);
    return BX_OK;
}

bx_rc
bx_account_home(bx_call *c, bx_id account, bx_id *school)
{
    bx_rows  rows;

    if (bx_query(c, &rows, sql_account_school, BX_ARGS(bx_int(account))) != BX_OK) {
        return BX_FAIL;
    }

    *school = rows.nrows == 0 ? 0 : bx_cell_int(&rows, 0, 0);
    return BX_OK;
}

bx_rc
bx_account_audit_failure(bx_call *c, const char *action, bx_id account, bx_value subject)
{
    json_t  *changes = bx_own(c->arena, json_pack("{s:s}", "subject", bx_hex(c->arena, subject.s, 8)));

    return bx_commit(c, 0, action, "accounts", account, changes);
}

/* What remains, in words: a new reference to the parameters of a refusal. */
static json_t *
remaining(bx_call *c, const bx_throttle *t)
{
    int64_t      left = t->limit > t->count ? t->limit - t->count : 0;
    json_t      *params = json_pack("{s:I, s:I}", "remaining", left, "minutes", t->block / 60);
    const char  *next = bx_tr(c->arena, bx_call_lang(c), left > 0 ? "account.remaining" : "account.blocked", params);

    json_object_set_new(params, "next", json_string(next));
    bx_refuse_add(c, "remaining", json_integer(left));
    return params;
}

static bx_rc
sign_in_failed(bx_call *c, const attempt *at)
{
    if (bx_account_audit_failure(c, "sign_in_failed", at->account, at->everywhere.subject) != BX_OK) {
        return BX_FAIL;
    }

    return bx_refuse(c, BX_E_SIGN_IN, NULL, NULL, remaining(c, &at->pair));
}

bx_rc
bx_account_refuse_code(bx_call *c, const bx_throttle *t)
{
    return bx_refuse(c, BX_E_INVALID, "code", "factor.wrong", remaining(c, t));
}

bx_rc
bx_account_commit(bx_call *c, bx_id account, const char *name, bx_id school, const char *action, const json_t *changes)
{
    const bx_session  *before = c->who;
    bx_session         self = { .account = account };
    bx_rc              rc;

    snprintf(self.name, sizeof(self.name), "%s", name);
    c->who = &self;
    rc = bx_commit(c, school, action, "accounts", account, changes);
    c->who = before;

    return rc;
}

bx_rc
bx_account_leave_old(bx_call *c)
{
    static const char  sql[] = "DELETE FROM session WHERE token_hash = ?";
    static const char  sql_revoke[] =
        "INSERT INTO revocation (id, account_id, token_hash, at) SELECT ?, account_id, token_hash, ? FROM session"
        " WHERE token_hash = ?";
    bx_value  hash, now = bx_text(bx_time_sql(c->arena, c->now));

    if (c->req->cookie == NULL) {
        return BX_OK;
    }

    hash = bx_blob(c->req->token_hash, 32);
    if (bx_queue(c, -1, sql_revoke, BX_ARGS(bx_int(bx_id_new()), now, hash)) != BX_OK) {
        return BX_FAIL;
    }

    return bx_queue(c, -1, sql, BX_ARGS(hash));
}

/* Staff sign in on computers that others use, too; a guardian's session lasts as long as sessions do. */
static bx_rc
idle_minutes(bx_call *c, bx_id account, int64_t *out)
{
    bx_rows  rows;

    *out = 0;
    if (bx_query(c, &rows, sql_post, BX_ARGS(bx_int(account), bx_text(bx_date_text(c->arena, bx_date_of(c->now))))) != BX_OK) {
        return BX_FAIL;
    }

    return rows.nrows == 0 ? BX_OK : bx_rule_int(c, "session.idle_minutes", bx_cell_int(&rows, 0, 0), out);
}

/* Everything asked for was right. how: NULL by the password alone, else what the chain says of the code. */
static bx_rc
begin_session(bx_call *c, const attempt *at, const char *how)
{
    const char  *token;
    json_t      *j, *changes = how == NULL ? NULL : bx_own(c->arena, json_pack("{s:s}", "code", how));
    bx_id        school;
    int64_t      idle;

    if (bx_account_home(c, at->account, &school) != BX_OK || idle_minutes(c, at->account, &idle) != BX_OK
        || bx_account_leave_old(c) != BX_OK
        || bx_throttle_queue_forgive(c, &at->pair, true) != BX_OK
        || bx_throttle_queue_forgive(c, &at->network, false) != BX_OK
        || bx_throttle_queue_forgive(c, &at->everywhere, false) != BX_OK || bx_throttle_mark(c, at->mark) != BX_OK
        || bx_session_start(c, at->account, idle, &token) != BX_OK)
    {
        return BX_FAIL;
    }

    if (bx_account_commit(c, at->account, at->name, school, "sign_in", changes) != BX_OK || bx_session_started(c, token, &j) != BX_OK) {
        return BX_FAIL;
    }

    return bx_answer(c, 201, j);
}

static const char sql_step[] =
    "INSERT INTO sign_in_step (token_hash, account_id, version, expires_at) SELECT ?, a.id, a.version, ? FROM account a WHERE a.id = ?";

/* The password was right and a code is awaited: the browser gets a token that opens nothing but POST session/code. The failures
 * before it stay counted, this try is none. */
static bx_rc
ask_for_code(bx_call *c, const attempt *at)
{
    uint8_t     *hash = bx_alloc(c->arena, 32);
    const char  *token = hash == NULL ? NULL : bx_token_new(c->arena, hash);
    bx_time      until = c->now + STEP_SECONDS;
    bx_id        school;

    if (token == NULL) {
        return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
    }
    if (bx_account_home(c, at->account, &school) != BX_OK || bx_account_leave_old(c) != BX_OK
        || bx_throttle_queue_forgive(c, &at->pair, false) != BX_OK
        || bx_throttle_queue_forgive(c, &at->network, false) != BX_OK
        || bx_throttle_queue_forgive(c, &at->everywhere, false) != BX_OK
        || bx_queue(c, 1, sql_step, BX_ARGS(bx_blob(hash, 32), bx_text(bx_time_sql(c->arena, until)), bx_int(at->account))) != BX_OK
        || bx_account_commit(c, at->account, at->name, school, "code_asked", NULL) != BX_OK
        || bx_session_cookie(c, token, STEP_SECONDS) != BX_OK)
    {
        return BX_FAIL;
    }

    return bx_answer(c, 200, json_pack("{s:b, s:s}", "second_factor", true, "until", bx_time_iso(c->arena, until)));
}

static bx_rc
sign_in(bx_call *c)
{
    attempt      at = { 0 };
    const char  *login, *password;

    if (bx_account_need_text(c, "login", 64, &login) != BX_OK
        || bx_account_need_text(c, "password", BX_ACCOUNT_TYPED, &password) != BX_OK
        || find_account(c, login, &at) != BX_OK || throttle_sign_in(c, &at) != BX_OK)
    {
        return BX_FAIL;
    }

    if (!bx_password_verify(at.hash, password)) {
        return sign_in_failed(c, &at);
    }

    return at.factor ? ask_for_code(c, &at) : begin_session(c, &at, NULL);
}

/* ---- POST session/code */

static const char sql_step_find[] =
    "SELECT a.id, a.name FROM sign_in_step s JOIN account a ON a.id = s.account_id AND a.version = s.version"
    " JOIN second_factor f ON f.account_id = a.id AND f.enrolled_at IS NOT NULL"
    " WHERE s.token_hash = ? AND s.expires_at > ? AND a.disabled_at IS NULL";

static bx_rc
find_step(bx_call *c, attempt *at)
{
    bx_rows  rows = { 0 };

    if (c->req->cookie != NULL
        && bx_query(c, &rows, sql_step_find, BX_ARGS(bx_blob(c->req->token_hash, 32), bx_text(bx_time_sql(c->arena, c->now)))) != BX_OK)
    {
        return BX_FAIL;
    }
    if (rows.nrows == 0) {
        return bx_refuse(c, BX_E_STEP_OVER, NULL, NULL, NULL);
    }

    at->account = bx_cell_int(&rows, 0, 0);
    at->name = bx_cell_text(&rows, 0, 1);
    at->subject = bx_sprintf(c->arena, "#%lld", (long long) at->account);
    return BX_OK;
}

/* Codes are short, so strangers share the tries of one network, wherever they are; where somebody has signed in before, the
 * pair of account and network is counted alone. */
static bx_rc
throttle_code(bx_call *c, attempt *at, bx_throttle *strangers)
{
    bx_account_policy  p;

    if (throttle_sign_in(c, at) != BX_OK) {
        return BX_FAIL;
    }
    if (at->known) {
        return BX_OK;
    }

    return bx_account_policy_load(c, &p) == BX_OK
           ? bx_account_count(c, &p, "signin.max_failures", bx_throttle_subject(c, "strangers", at->subject, NULL), strangers) : BX_FAIL;
}

static bx_rc
code_failed(bx_call *c, const attempt *at, const bx_throttle *strangers)
{
    const bx_throttle  *least = !at->known && strangers->limit - strangers->count < at->pair.limit - at->pair.count ? strangers : &at->pair;

    return bx_account_audit_failure(c, "code_failed", at->account, at->everywhere.subject) == BX_OK
           ? bx_account_refuse_code(c, least) : BX_FAIL;
}

static bx_rc
sign_in_code(bx_call *c)
{
    static const char  sql[] = "DELETE FROM sign_in_step WHERE token_hash = ?";
    attempt            at = { 0 };
    bx_throttle        strangers = { 0 };
    bx_account_code    how;
    const char        *typed;

    if (bx_account_need_text(c, "code", 64, &typed) != BX_OK || find_step(c, &at) != BX_OK
        || throttle_code(c, &at, &strangers) != BX_OK || bx_account_code_use(c, at.account, typed, &how) != BX_OK)
    {
        return BX_FAIL;
    }
    if (how == BX_ACCOUNT_WRONG) {
        return code_failed(c, &at, &strangers);
    }

    if (bx_queue(c, 1, sql, BX_ARGS(bx_blob(c->req->token_hash, 32))) != BX_OK
        || (!at.known && bx_throttle_queue_forgive(c, &strangers, true) != BX_OK))
    {
        return BX_FAIL;
    }

    return begin_session(c, &at, how == BX_ACCOUNT_RECOVERY ? "recovery" : "app");
}

/* ---- GET, PATCH, DELETE session */

bx_rc
bx_account_answer(bx_call *c, const bx_session *s)
{
    json_t  *j = bx_session_json(c, s);

    return j == NULL ? BX_FAIL : bx_answer(c, 200, j);
}

/* ?with=summary: what waits as well, so that the portal's first page comes in one request less. */
static bx_rc
who_am_i(bx_call *c)
{
    const char  *with = bx_call_query_arg(c, "with");
    json_t      *summary;

    if (bx_account_answer(c, c->who) != BX_OK) {
        return BX_FAIL;
    }
    if (with == NULL || strcmp(with, "summary") != 0 || c->who->must_change || c->who->must_enrol) {
        return BX_OK;
    }

    return bx_task_summary_json(c, &summary) == BX_OK && json_object_set_new(c->answer, "summary", summary) == 0
           ? BX_OK : BX_FAIL;
}

static bx_rc
sign_out(bx_call *c)
{
    const char  *arg = bx_call_query_arg(c, "everywhere");
    bool         everywhere = arg != NULL && strcmp(arg, "true") == 0;
    bx_id        account = bx_call_account(c), school;

    if (bx_account_home(c, account, &school) != BX_OK || bx_session_end(c, account, everywhere) != BX_OK) {
        return BX_FAIL;
    }

    bx_answer(c, 204, NULL);
    return bx_commit(c, school, everywhere ? "sign_out_everywhere" : "sign_out", "accounts", account, NULL);
}

static bx_rc
set_language(bx_call *c)
{
    static const char  sql[] = "UPDATE account SET language = ?, version = version + 1 WHERE id = ?";
    const char        *language = bx_account_body_text(c, "language");
    bx_session         s = *c->who;

    if (language == NULL || (strcmp(language, "zh-CN") != 0 && strcmp(language, "en") != 0)) {
        return bx_refuse(c, BX_E_INVALID, "language", "not_in_list", NULL);
    }

    memcpy(s.lang, language, strlen(language) + 1);
    c->lang = language;

    if (bx_account_answer(c, &s) != BX_OK || bx_sessions_refresh(c, s.account) != BX_OK
        || bx_queue(c, 1, sql, BX_ARGS(bx_text(language), bx_int(s.account))) != BX_OK)
    {
        return BX_FAIL;
    }

    return bx_commit(c, 0, "set_language", "accounts", s.account, bx_own(c->arena, json_pack("{s:s}", "language", language)));
}

/* ---- tables */

static const bx_rule rules[] = {
    /* key                        type         default min  max  text  unit       source */
    { "signin.max_failures",      BX_RULE_INT,   5,     3,   20, NULL, "attempt", "proposal" },
    { "signin.window_minutes",    BX_RULE_INT,  15,     1,  120, NULL, "minute",  "proposal" },
    { "signin.block_minutes",     BX_RULE_INT,  15,     1,  120, NULL, "minute",  "proposal" },
    { "signin.address_failures",  BX_RULE_INT,  50,    10, 1000, NULL, "attempt", "proposal" },
    { "signin.login_failures",    BX_RULE_INT,  30,    10, 1000, NULL, "attempt", "proposal" },
    { "signin.slow_seconds",      BX_RULE_INT,  10,     1,   60, NULL, "second",  "proposal" },
    { "activation.max_failures",  BX_RULE_INT,  30,     5, 1000, NULL, "attempt", "proposal" },
    { "session.idle_minutes",     BX_RULE_INT, 120,    10,  720, NULL, "minute",  "GB/T 22239-2019 7.1.4.1 b; proposal" },
    { "signin.factor_roles",      BX_RULE_TEXT,  0,     0,    0, "none", "roles",   "GB/T 22239-2019 8.1.4.1 d; OWASP ASVS 5.0 6.3.3" },
    { NULL }
};

/* Passwords are read by the handlers: a field table would trim them. */
static const bx_route routes[] = {
    { "POST",   "session",          NULL, sign_in,         BX_PUBLIC | BX_PASSWORD | BX_UNKEYED, NULL, "sign in by login or phone" },
    { "POST",   "session/code",     NULL, sign_in_code,    BX_PUBLIC | BX_UNKEYED,           NULL, "after the password: the code of the app, or a recovery code" },
    { "GET",    "session",          NULL, who_am_i,        BX_ANY_USER | BX_FRESH_OK | BX_ENROL_OK, NULL, "who I am and what I may do" },
    { "PATCH",  "session",          NULL, set_language,    BX_ANY_USER,                      NULL, "the account's language" },
    { "DELETE", "session",          NULL, sign_out,        BX_ANY_USER | BX_FRESH_OK | BX_ENROL_OK, NULL, "sign out, here or everywhere" },
    { "GET",    "sessions",         NULL, bx_account_sessions, BX_ANY_USER,                  NULL, "where the caller's account is signed in" },
    { "POST",   "sessions/{id}/end", NULL, bx_account_end_session, BX_ANY_USER | BX_PASSWORD, NULL, "end one of these, with the own password" },
    { "POST",   "password",         NULL, bx_account_change_password, BX_ANY_USER | BX_PASSWORD | BX_FRESH_OK | BX_ENROL_OK, NULL,
      "change the own password" },
    { "GET",    "second-factor",    NULL, bx_account_factor_show, BX_ANY_USER | BX_ENROL_OK, NULL, "whether codes of an app are asked for" },
    { "POST",   "second-factor",    NULL, bx_account_factor_begin, BX_ANY_USER | BX_PASSWORD | BX_ENROL_OK, NULL,
      "a secret for the app, with the own password" },
    { "POST",   "second-factor/confirm", NULL, bx_account_factor_confirm, BX_ANY_USER | BX_PASSWORD | BX_ENROL_OK, NULL,
      "the first code: from now on it is asked for" },
    { "POST",   "second-factor/remove", NULL, bx_account_factor_remove, BX_ANY_USER | BX_PASSWORD, NULL,
      "ask for no codes any more, with password and code" },
    { "POST",   "second-factor/recovery-codes", NULL, bx_account_factor_recovery, BX_ANY_USER | BX_PASSWORD, NULL,
      "ten new recovery codes, with password and code" },
    { "POST",   "activation/check", NULL, bx_account_check_code, BX_PUBLIC | BX_UNKEYED,           NULL, "what an activation code is for" },
    { "POST",   "activation",       NULL, bx_account_activate, BX_PUBLIC | BX_PASSWORD | BX_UNKEYED, NULL,
      "make a guardian's account with a code, or add its children to the account signed in" },
    { NULL }
};

static const bx_notice_kind notices[] = {
    { "account.factor_removed", NULL, BX_NOTICE_URGENT | BX_NOTICE_ANY_DAY },
    { NULL, NULL, 0 }
};

static const bx_job jobs[] = {
    { "account.marks", 3600, bx_throttle_purge_marks },
    { "account.sessions", 600, bx_account_purge_sessions },
    { NULL }
};

const bx_plugin bx_plugin_account = {
    .abi = BX_PLUGIN_ABI, .name = "account", .rules = rules, .routes = routes, .jobs = jobs, .notices = notices
};
