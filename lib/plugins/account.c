/*
 * account.c: signing in and out, the own password and language, and the codes with which guardians come in first.
 *
 * Owns who may try what how often (rules signin.*, activation.*), which passwords are accepted, and what a sign-in
 * leaves in the audit chain. Does not own the session row and its cookie (web/session.c), counting (flow/throttle.c),
 * making codes (import.c) nor accounts and positions, which baoxuectl keeps.
 *
 * Throttling. Counted are wrong passwords of one account from one network, which is blocked after a few; of one network,
 * which stands for many people and may fail more often; and of one account from everywhere. Only the first blocks where
 * the account has signed in before, or a pupil could lock a school out, and whoever knows a teacher's login the teacher.
 * Elsewhere the second blocks too, and the third makes strangers wait their turn.
 */
#include "flow/staff.h"
#include "flow/throttle.h"
#include "plugins/task.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define MIN_PASSWORD   8
#define MAX_PASSWORD  256                     /* bytes: 64 characters of any script */
#define MAX_TYPED     400

/* ---- what the caller typed */

static const char *
body_text(const bx_call *c, const char *name)
{
    return json_string_value(json_object_get(c->body, name));
}

/* A text of the body that must be there: 422 otherwise. At most max bytes, no control characters. */
static bx_rc
need_text(bx_call *c, const char *name, size_t max, const char **out)
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

static char *
lower(bx_arena *a, const char *s)
{
    char  *out = bx_strdup(a, s);

    for (char *p = out; p != NULL && *p != '\0'; p++) {
        if (*p >= 'A' && *p <= 'Z') {
            *p = (char) (*p + 32);
        }
    }

    return out;
}

/* Codes are printed as "SZ7K-92MD" and typed in every way. */
static char *
code_normal(bx_arena *a, const char *text)
{
    char    *folded = bx_fold_width(a, text);
    char    *out = folded == NULL ? NULL : bx_alloc(a, strlen(folded) + 1);
    size_t   n = 0;

    for (const char *p = folded; out != NULL && *p != '\0'; p++) {
        if (*p >= 'a' && *p <= 'z') {
            out[n++] = (char) (*p - 32);

        } else if ((*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9')) {
            out[n++] = *p;
        }
    }

    return out;
}

/* ---- throttling */

static const char sql_root[] = "SELECT id FROM org_unit WHERE parent_id IS NULL ORDER BY id LIMIT 1";

/* The rules of the whole database: whoever signs in has no unit yet. */
typedef struct { bx_id root; int64_t window, block; } policy;

static bx_rc
policy_load(bx_call *c, policy *p)
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
count(bx_call *c, const policy *p, const char *key, bx_value subject, bx_throttle *t)
{
    t->subject = subject;
    t->window = p->window * 60;
    t->block = p->block * 60;

    return bx_rule_int(c, key, p->root, &t->limit) == BX_OK ? bx_throttle_count(c, t) : BX_FAIL;
}

/* The same, and refuses the attempt that is one too many. */
static bx_rc
count_or_refuse(bx_call *c, const policy *p, const char *key, bx_value subject, bx_throttle *t)
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
    bx_throttle  network, pair, everywhere;
} attempt;

/* Under attack from many networks: one try for all strangers together every few seconds. */
static bx_rc
wait_for_turn(bx_call *c, const policy *p, const attempt *at)
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
    const char  *network = bx_throttle_network(c->arena, bx_call_address(c));
    bx_value     login = bx_throttle_subject(c, "login", at->subject, NULL);
    bool         known;
    policy       p;

    at->mark = bx_throttle_subject(c, "mark", at->subject, network);

    if (policy_load(c, &p) != BX_OK || bx_throttle_marked(c, at->mark, &known) != BX_OK
        || count(c, &p, "signin.address_failures", bx_throttle_subject(c, "network", network, NULL), &at->network) != BX_OK)
    {
        return BX_FAIL;
    }
    if (at->network.wait > 0 && !known) {
        return bx_throttle_refuse(c, at->network.wait);
    }

    if (count_or_refuse(c, &p, "signin.max_failures", bx_throttle_subject(c, "pair", at->subject, network), &at->pair) != BX_OK
        || count(c, &p, "signin.login_failures", login, &at->everywhere) != BX_OK)
    {
        return BX_FAIL;
    }

    return at->everywhere.wait == 0 || known ? BX_OK : wait_for_turn(c, &p, at);
}

/* ---- POST session */

/* Both branches run whatever was typed, so that the time taken does not tell a phone from a login. */
static const char sql_account_find[] =
    "SELECT id, name, password FROM account WHERE login = ? AND disabled_at IS NULL"
    " UNION ALL"
    " SELECT id, name, password FROM account WHERE phone_hash = ? AND disabled_at IS NULL";

static const char sql_account_school[] =
    "SELECT u.school_id FROM position p JOIN org_unit u ON u.id = p.unit_id"
    " WHERE p.account_id = ? AND u.school_id IS NOT NULL ORDER BY p.ends_on IS NOT NULL, p.id LIMIT 1";

static bx_rc
find_account(bx_call *c, const char *login, attempt *at)
{
    bx_rows      rows;
    const char  *phone = bx_phone_normal(c->arena, login);
    bx_value     phone_hash = phone == NULL ? bx_null() : bx_lookup_hash(c->arena, "phone", phone);
    const char  *typed = lower(c->arena, bx_trim(c->arena, bx_fold_width(c->arena, login)));

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
    at->subject = bx_sprintf(c->arena, "#%lld", (long long) at->account);
    return BX_OK;
}

/* The chain of the school somebody works in, so that not everybody's sign-in waits for one row. 0: the root's. */
static bx_rc
home_chain(bx_call *c, bx_id account, bx_id *school)
{
    bx_rows  rows;

    if (bx_query(c, &rows, sql_account_school, BX_ARGS(bx_int(account))) != BX_OK) {
        return BX_FAIL;
    }

    *school = rows.nrows == 0 ? 0 : bx_cell_int(&rows, 0, 0);
    return BX_OK;
}

/* What the chain says of a failure: who it was only as the keyed hash that the throttle uses too. */
static bx_rc
audit_failure(bx_call *c, const char *action, bx_id account, bx_value subject)
{
    json_t  *changes = bx_own(c->arena, json_pack("{s:s}", "subject", bx_hex(c->arena, subject.s, 8)));

    return bx_commit(c, 0, action, "accounts", account, changes);
}

static bx_rc
sign_in_failed(bx_call *c, const attempt *at)
{
    int64_t      left = at->pair.limit > at->pair.count ? at->pair.limit - at->pair.count : 0;
    json_t      *params = json_pack("{s:I, s:I}", "remaining", left, "minutes", at->pair.block / 60);
    const char  *next;

    if (audit_failure(c, "sign_in_failed", at->account, at->everywhere.subject) != BX_OK) {
        json_decref(params);
        return BX_FAIL;
    }

    next = bx_tr(c->arena, bx_call_lang(c), left > 0 ? "account.remaining" : "account.blocked", params);
    json_object_set_new(params, "next", json_string(next));

    bx_refuse_add(c, "remaining", json_integer(left));
    return bx_refuse(c, BX_E_SIGN_IN, NULL, NULL, params);
}

/* Commits in the name of the account whose session begins with this transaction: there is no caller yet. */
static bx_rc
commit_as(bx_call *c, bx_id account, const char *name, bx_id school, const char *action, const json_t *changes)
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

/* Whoever signs in leaves the session the browser had: its cookie is about to be overwritten. */
static bx_rc
leave_old_session(bx_call *c)
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

static bx_rc
sign_in(bx_call *c)
{
    attempt      at = { 0 };
    const char  *login, *password, *token;
    json_t      *j;
    bx_id        school;

    if (need_text(c, "login", 64, &login) != BX_OK || need_text(c, "password", MAX_TYPED, &password) != BX_OK
        || find_account(c, login, &at) != BX_OK || throttle_sign_in(c, &at) != BX_OK)
    {
        return BX_FAIL;
    }

    if (!bx_password_verify(at.hash, password)) {
        return sign_in_failed(c, &at);
    }

    if (home_chain(c, at.account, &school) != BX_OK || leave_old_session(c) != BX_OK
        || bx_throttle_queue_forgive(c, &at.pair, true) != BX_OK
        || bx_throttle_queue_forgive(c, &at.network, false) != BX_OK
        || bx_throttle_queue_forgive(c, &at.everywhere, false) != BX_OK || bx_throttle_mark(c, at.mark) != BX_OK
        || bx_session_start(c, at.account, &token) != BX_OK)
    {
        return BX_FAIL;
    }

    if (commit_as(c, at.account, at.name, school, "sign_in", NULL) != BX_OK || bx_session_started(c, token, &j) != BX_OK) {
        return BX_FAIL;
    }

    return bx_answer(c, 201, j);
}

/* ---- GET, PATCH, DELETE session */

static bx_rc
answer_session(bx_call *c, const bx_session *s)
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

    if (answer_session(c, c->who) != BX_OK) {
        return BX_FAIL;
    }
    if (with == NULL || strcmp(with, "summary") != 0 || c->who->must_change) {
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

    if (home_chain(c, account, &school) != BX_OK || bx_session_end(c, account, everywhere) != BX_OK) {
        return BX_FAIL;
    }

    bx_answer(c, 204, NULL);
    return bx_commit(c, school, everywhere ? "sign_out_everywhere" : "sign_out", "accounts", account, NULL);
}

static bx_rc
set_language(bx_call *c)
{
    static const char  sql[] = "UPDATE account SET language = ?, version = version + 1 WHERE id = ?";
    const char        *language = body_text(c, "language");
    bx_session         s = *c->who;

    if (language == NULL || (strcmp(language, "zh-CN") != 0 && strcmp(language, "en") != 0)) {
        return bx_refuse(c, BX_E_INVALID, "language", "not_in_list", NULL);
    }

    memcpy(s.lang, language, strlen(language) + 1);
    c->lang = language;

    if (answer_session(c, &s) != BX_OK || bx_sessions_refresh(c, s.account) != BX_OK
        || bx_queue(c, 1, sql, BX_ARGS(bx_text(language), bx_int(s.account))) != BX_OK)
    {
        return BX_FAIL;
    }

    return bx_commit(c, 0, "set_language", "accounts", s.account, bx_own(c->arena, json_pack("{s:s}", "language", language)));
}

/* ---- passwords */

/* One character again and again, or a run upwards or downwards: 88888888, 12345678, hgfedcba. */
static bool
is_run(const char *s)
{
    int  step = s[1] - s[0];

    if (step < -1 || step > 1) {
        return false;
    }

    for (const char *p = s + 1; p[1] != '\0'; p++) {
        bool  wraps = (p[0] == '9' && p[1] == '0' && step == 1) || (p[0] == '0' && p[1] == '9' && step == -1);

        if (p[1] - p[0] != step && !wraps) {
            return false;
        }
    }

    return true;
}

/* Holds a word that is easily guessed, and too little besides. */
static bool
is_mostly(const char *password, const char *word)
{
    return strstr(password, word) != NULL && strlen(password) - strlen(word) < MIN_PASSWORD;
}

/* What everybody tries, by list or by shape, and what is made of the name of what is signed in to. */
static bool
is_common(const char *low)
{
    return is_run(low) || bx_password_common(low) || is_mostly(low, "baoxue") || is_mostly(low, "保学");
}

/* login and phone may be NULL. */
static bx_rc
check_password(bx_call *c, const char *field, const char *password, const char *login, const char *phone)
{
    size_t       n = strlen(password);
    const char  *low, *name;

    if (n < MIN_PASSWORD) {
        return bx_refuse(c, BX_E_INVALID, field, "password.short", json_pack("{s:i}", "min", MIN_PASSWORD));
    }
    if (n > MAX_PASSWORD) {
        return bx_refuse(c, BX_E_INVALID, field, "password.long", json_pack("{s:i}", "max", MAX_PASSWORD));
    }
    if (!bx_text_clean(password)) {
        return bx_refuse(c, BX_E_INVALID, field, "password.characters", NULL);
    }
    low = lower(c->arena, password);
    name = login == NULL ? NULL : lower(c->arena, login);
    if (low == NULL || (name != NULL && (strcmp(low, name) == 0 || (strlen(name) > 3 && is_mostly(low, name))))
        || (phone != NULL && is_mostly(low, phone)))
    {
        return bx_refuse(c, BX_E_INVALID, field, "password.login", NULL);
    }
    if (is_common(low)) {
        return bx_refuse(c, BX_E_INVALID, field, "password.common", NULL);
    }

    return BX_OK;
}

static bx_rc
hash_password(bx_call *c, const char *password, char **out)
{
    if (bx_password_hash(c->arena, password, out, &c->error) != BX_OK) {
        return bx_refuse(c, BX_E_INTERNAL, NULL, NULL, NULL);
    }

    return BX_OK;
}

static const char sql_own_account[] = "SELECT login, phone_sealed, password FROM account WHERE id = ?";

/* The current password is a secret like the one at the door, and is counted like it. */
static bx_rc
check_current(bx_call *c, const char *current, const char *hash)
{
    bx_throttle  t = { 0 };
    policy       p;
    const char  *who = bx_sprintf(c->arena, "#%lld", (long long) bx_call_account(c));

    if (policy_load(c, &p) != BX_OK
        || count_or_refuse(c, &p, "signin.max_failures", bx_throttle_subject(c, "password", who, NULL), &t) != BX_OK)
    {
        return BX_FAIL;
    }

    if (!bx_password_verify(hash, current)) {
        c->key.on = false;                    /* a refusal is not an answer to keep */
        if (audit_failure(c, "password_failed", bx_call_account(c), t.subject) != BX_OK) {
            return BX_FAIL;
        }
        return bx_refuse(c, BX_E_INVALID, "current", "password.current", NULL);
    }

    return bx_throttle_forgive(c, &t, true);
}

/* Sets the password, forgets that it was given, and ends every other session: somebody may have known the old one. */
static bx_rc
store_password(bx_call *c, const char *hash)
{
    static const char  sql[] =
        "UPDATE account SET password = ?, must_change = 0, version = version + 1 WHERE id = ? AND disabled_at IS NULL";
    static const char  sql_others[] = "DELETE FROM session WHERE account_id = ? AND token_hash <> ?";
    bx_value           account = bx_int(bx_call_account(c));

    if (bx_queue(c, 1, sql, BX_ARGS(bx_text(hash), account)) != BX_OK
        || bx_queue(c, -1, sql_others, BX_ARGS(account, bx_blob(c->req->token_hash, 32))) != BX_OK)
    {
        return BX_FAIL;
    }

    return bx_sessions_refresh(c, bx_call_account(c));
}

static bx_rc
change_password(bx_call *c)
{
    const char   *current, *password;
    char         *phone = NULL, *hash;
    bx_rows       rows;
    bx_session    s = *c->who;
    bx_id         school;

    if (need_text(c, "current", MAX_TYPED, &current) != BX_OK || need_text(c, "new", MAX_TYPED, &password) != BX_OK
        || bx_query(c, &rows, sql_own_account, BX_ARGS(bx_int(s.account))) != BX_OK)
    {
        return BX_FAIL;
    }

    if (rows.nrows == 0) {
        return bx_refuse(c, BX_E_UNAUTHENTICATED, NULL, NULL, NULL);
    }
    if (bx_cell(&rows, 0, 1)->kind != BX_V_NULL && bx_unseal(c->arena, bx_cell(&rows, 0, 1), &phone) != BX_OK) {
        return bx_refuse(c, BX_E_INTERNAL, NULL, NULL, NULL);
    }

    if (check_current(c, current, bx_cell_text(&rows, 0, 2)) != BX_OK) {
        return BX_FAIL;
    }
    if (strcmp(current, password) == 0) {
        return bx_refuse(c, BX_E_INVALID, "new", "password.same", NULL);
    }
    if (check_password(c, "new", password, bx_cell_text(&rows, 0, 0), phone) != BX_OK
        || hash_password(c, password, &hash) != BX_OK || home_chain(c, s.account, &school) != BX_OK)
    {
        return BX_FAIL;
    }

    s.must_change = 0;

    if (store_password(c, hash) != BX_OK || answer_session(c, &s) != BX_OK) {
        return BX_FAIL;
    }

    return bx_commit(c, school, "change_password", "accounts", s.account, NULL);
}

/* ---- activation codes */

typedef struct {
    bx_id        id, guardian, school, account;      /* account: the guardian row is linked to it already */
    bool         used;
    bx_date      expires;
    const char  *name, *phone;                       /* phone NULL: the roster had none */
    bx_value     phone_hash;
} activation;

static const char sql_code[] =
    "SELECT x.id, x.guardian_id, x.school_id, g.account_id, x.used_at, x.expires_on, g.name, g.phone, g.phone_hash"
    " FROM activation x JOIN guardian g ON g.id = x.guardian_id WHERE x.code_hash = ?";

/* One person may stand in two rosters: rows of the same name and phone are the same guardian. */
#define SAME_GUARDIAN  "(g.id = ? OR (g.phone_hash = ? AND g.name = ?))"

static const char sql_code_children[] =
    "SELECT s.id, s.name, MIN(sg.relation) AS relation, u.name AS unit, u.stage, u.entry_year, u.class_no, sch.name AS school"
    " FROM guardian g JOIN student_guardian sg ON sg.guardian_id = g.id AND sg.ends_on IS NULL"
    " JOIN student s ON s.id = sg.student_id"
    " JOIN org_unit u ON u.id = s.class_id JOIN org_unit sch ON sch.id = s.school_id"
    " WHERE " SAME_GUARDIAN
    " GROUP BY s.id, s.name, u.name, u.stage, u.entry_year, u.class_no, sch.name, s.birth_on ORDER BY s.birth_on, s.id";

static bx_rc
read_code(bx_call *c, const char *code, activation *x, bool *found)
{
    bx_rows  rows;
    char    *phone = NULL;

    *found = false;

    if (bx_query(c, &rows, sql_code, BX_ARGS(bx_lookup_hash(c->arena, "code", code))) != BX_OK) {
        return BX_FAIL;
    }
    if (rows.nrows == 0) {
        return BX_OK;
    }

    if (bx_cell(&rows, 0, 7)->kind != BX_V_NULL && bx_unseal(c->arena, bx_cell(&rows, 0, 7), &phone) != BX_OK) {
        return bx_refuse(c, BX_E_INTERNAL, NULL, NULL, NULL);
    }

    x->id = bx_cell_int(&rows, 0, 0);
    x->guardian = bx_cell_int(&rows, 0, 1);
    x->school = bx_cell_int(&rows, 0, 2);
    x->account = bx_cell_int(&rows, 0, 3);
    x->used = bx_cell(&rows, 0, 4)->kind != BX_V_NULL;
    x->expires = bx_date_parse(bx_cell_text(&rows, 0, 5));
    x->name = bx_cell_text(&rows, 0, 6);
    x->phone = phone;
    x->phone_hash = *bx_cell(&rows, 0, 8);

    *found = true;
    return BX_OK;
}

/* Reads the code of the body, counted by network. Unknown, used and expired ones are refused with 422; `mine` lets the
 * account through that has used the code already, so that a tap that is repeated is no error. */
static bx_rc
take_code(bx_call *c, bx_id mine, activation *x)
{
    bx_throttle  guess = { 0 };
    policy       p;
    const char  *typed, *code, *network = bx_throttle_network(c->arena, bx_call_address(c));
    bool         found;

    if (need_text(c, "code", 64, &typed) != BX_OK || policy_load(c, &p) != BX_OK
        || count_or_refuse(c, &p, "activation.max_failures", bx_throttle_subject(c, "code", network, NULL), &guess) != BX_OK)
    {
        return BX_FAIL;
    }

    code = code_normal(c->arena, typed);
    if (code == NULL) {
        return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
    }
    if (read_code(c, code, x, &found) != BX_OK) {
        return BX_FAIL;
    }

    if (!found) {
        return bx_refuse(c, BX_E_INVALID, "code", "activation.unknown", NULL);
    }
    if (mine != 0 && x->account == mine) {
        return bx_throttle_forgive(c, &guess, false);
    }
    if (x->used || x->account != 0) {
        return bx_refuse(c, BX_E_INVALID, "code", "activation.used", NULL);
    }
    if (x->expires < bx_date_of(c->now)) {
        bx_civil  day = bx_civil_of_date(x->expires);

        return bx_refuse(c, BX_E_INVALID, "code", "activation.expired",
                         json_pack("{s:s, s:i, s:i}", "date", bx_date_text(c->arena, x->expires),
                                   "month", day.month, "day", day.day));
    }

    return bx_throttle_forgive(c, &guess, false);
}

static json_t *
child_json(bx_call *c, const bx_rows *rows, size_t i)
{
    const char  *label = bx_cell_text(rows, i, 3);

    if (bx_cell_text(rows, i, 4) != NULL) {
        label = bx_class_label(c->arena, bx_call_lang(c), bx_cell_text(rows, i, 4), (int) bx_cell_int(rows, i, 5),
                               (int) bx_cell_int(rows, i, 6), bx_date_of(c->now));
    }

    return json_pack("{s:s, s:s, s:s, s:s}", "name", bx_cell_text(rows, i, 1), "class_name", label,
                     "school_name", bx_cell_text(rows, i, 7), "relation", bx_cell_text(rows, i, 2));
}

static bx_rc
check_code(bx_call *c)
{
    activation   x = { 0 };
    bx_rows      rows;
    json_t      *children;
    char        *masked;

    if (take_code(c, 0, &x) != BX_OK
        || bx_query(c, &rows, sql_code_children, BX_ARGS(bx_int(x.guardian), x.phone_hash, bx_text(x.name))) != BX_OK)
    {
        return BX_FAIL;
    }

    children = json_array();
    for (size_t i = 0; i < rows.nrows; i++) {
        json_array_append_new(children, child_json(c, &rows, i));
    }

    masked = x.phone == NULL ? NULL : bx_mask(c->arena, "phone", x.phone);

    return bx_answer(c, 200, json_pack("{s:{s:s}, s:s?, s:o, s:s}", "guardian", "name", x.name, "phone", masked,
                                       "children", children, "expires_on", bx_date_text(c->arena, x.expires)));
}

static const char sql_use_code[] = "UPDATE activation SET used_at = ? WHERE id = ? AND used_at IS NULL";

static const char sql_link_guardians[] =
    "UPDATE guardian g SET g.account_id = ?, g.version = g.version + 1, g.updated_at = ?"
    " WHERE g.account_id IS NULL AND " SAME_GUARDIAN;

/* The phone may be taken between the look and the write: then no row is written and the transaction is undone. */
static const char sql_account_insert[] =
    "INSERT INTO account (id, name, phone_sealed, phone_hash, password, must_change, language, created_at)"
    " VALUES (?, ?, ?, ?, ?, 0, ?, ?) ON DUPLICATE KEY UPDATE id = id";

static const char sql_phone_taken[] = "SELECT 1 FROM account WHERE phone_hash = ?";

/* Using the code comes first: a second use of it waits there and finds it used. */
static bx_rc
queue_link(bx_call *c, const activation *x, bx_id account)
{
    bx_value  now = bx_text(bx_time_sql(c->arena, c->now));

    if (bx_queue(c, 1, sql_use_code, BX_ARGS(now, bx_int(x->id))) != BX_OK) {
        return BX_FAIL;
    }

    return bx_queue(c, -1, sql_link_guardians,
                    BX_ARGS(bx_int(account), now, bx_int(x->guardian), x->phone_hash, bx_text(x->name)));
}

static bx_rc
queue_account(bx_call *c, const activation *x, bx_id account, const char *password)
{
    bx_value  now = bx_text(bx_time_sql(c->arena, c->now)), sealed;
    char     *hash;

    if (hash_password(c, password, &hash) != BX_OK) {
        return BX_FAIL;
    }
    if (bx_seal(c->arena, x->phone, &sealed) != BX_OK) {
        return bx_refuse(c, BX_E_INTERNAL, NULL, NULL, NULL);
    }

    if (queue_link(c, x, account) != BX_OK) {
        return BX_FAIL;
    }

    return bx_queue(c, 1, sql_account_insert,
                    BX_ARGS(bx_int(account), bx_text(x->name), sealed, x->phone_hash, bx_text(hash),
                            bx_text(bx_call_lang(c)), now));
}

static json_t *
activation_changes(bx_call *c, const activation *x)
{
    return bx_own(c->arena, json_pack("{s:o}", "guardian", bx_id_json(x->guardian)));
}

static bx_rc
activate_new(bx_call *c, const char *password)
{
    activation   x = { 0 };
    bx_rows      rows;
    bx_id        account = bx_id_new();
    const char  *token;
    json_t      *j;

    if (take_code(c, 0, &x) != BX_OK) {
        return BX_FAIL;
    }
    if (x.phone == NULL || x.phone_hash.kind == BX_V_NULL) {
        return bx_refuse(c, BX_E_INVALID, "code", "activation.no_phone", NULL);
    }
    if (check_password(c, "password", password, NULL, x.phone) != BX_OK
        || bx_query(c, &rows, sql_phone_taken, BX_ARGS(x.phone_hash)) != BX_OK)
    {
        return BX_FAIL;
    }
    if (rows.nrows > 0) {
        return bx_refuse(c, BX_E_CONFLICT, "code", "phone_taken",
                         json_pack("{s:s}", "phone", bx_mask(c->arena, "phone", x.phone)));
    }

    if (queue_account(c, &x, account, password) != BX_OK || leave_old_session(c) != BX_OK
        || bx_session_start(c, account, &token) != BX_OK)
    {
        return BX_FAIL;
    }

    if (commit_as(c, account, x.name, x.school, "activate", activation_changes(c, &x)) != BX_OK
        || bx_session_started(c, token, &j) != BX_OK)
    {
        return BX_FAIL;
    }

    return bx_answer(c, 201, j);
}

/* Signed in already: the children of the code are added to the account. */
static bx_rc
activate_more(bx_call *c, const bx_session *who)
{
    activation  x = { 0 };
    bx_session  s;
    bool        found;

    if (who->must_change) {
        return bx_refuse(c, BX_E_MUST_CHANGE, NULL, NULL, NULL);
    }
    if (take_code(c, who->account, &x) != BX_OK) {
        return BX_FAIL;
    }

    if (x.account == 0) {
        if (queue_link(c, &x, who->account) != BX_OK || bx_sessions_refresh(c, who->account) != BX_OK
            || bx_commit(c, x.school, "add_children", "accounts", who->account, activation_changes(c, &x)) != BX_OK)
        {
            return BX_FAIL;
        }
    }

    if (bx_session_load(c, c->req->token_hash, &s, &found) != BX_OK) {
        return BX_FAIL;
    }

    return found ? answer_session(c, &s) : bx_refuse(c, BX_E_UNAUTHENTICATED, NULL, NULL, NULL);
}

static bx_rc
activate(bx_call *c)
{
    const char  *password = body_text(c, "password");

    if (password != NULL && password[0] != '\0') {
        return activate_new(c, password);
    }
    if (c->who != NULL) {
        return activate_more(c, c->who);
    }

    return bx_refuse(c, BX_E_INVALID, "password", "required", NULL);
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
    { NULL }
};

/* Passwords are read by the handlers: a field table would trim them. */
static const bx_route routes[] = {
    { "POST",   "session",          NULL, sign_in,         BX_PUBLIC | BX_PASSWORD | BX_UNKEYED, NULL, "sign in by login or phone" },
    { "GET",    "session",          NULL, who_am_i,        BX_ANY_USER | BX_FRESH_OK,        NULL, "who I am and what I may do" },
    { "PATCH",  "session",          NULL, set_language,    BX_ANY_USER,                      NULL, "the account's language" },
    { "DELETE", "session",          NULL, sign_out,        BX_ANY_USER | BX_FRESH_OK,        NULL, "sign out, here or everywhere" },
    { "POST",   "password",         NULL, change_password, BX_ANY_USER | BX_PASSWORD | BX_FRESH_OK, NULL, "change the own password" },
    { "POST",   "activation/check", NULL, check_code,      BX_PUBLIC | BX_UNKEYED,           NULL, "what an activation code is for" },
    { "POST",   "activation",       NULL, activate,        BX_PUBLIC | BX_PASSWORD | BX_UNKEYED, NULL,
      "make a guardian's account with a code, or add its children to the account signed in" },
    { NULL }
};

static const bx_job jobs[] = {
    { "account.marks", 3600, bx_throttle_purge_marks },
    { NULL }
};

const bx_plugin bx_plugin_account = {
    .abi = BX_PLUGIN_ABI, .name = "account", .rules = rules, .routes = routes, .jobs = jobs
};
