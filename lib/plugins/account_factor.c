/*
 * account_factor.c: the second factor: one-time codes of an authenticator app, and ten recovery codes for a lost telephone.
 *
 * Owns the tables second_factor and recovery_code, who may switch what on and off, and when a code is right. The secret and
 * the recovery codes are told once, to whoever's transaction made them, and are never stored with the answer. Does not own the
 * codes' arithmetic (core/totp.c), the second step of a sign-in (account.c), which roles must have one (web/session.c,
 * web/dispatch.c) nor its removal by an administrator (admin_account.c).
 */
#include "plugins/account.h"
#include "flow/document.h"

#include <string.h>

#define RECOVERY_CODES  10
#define RECOVERY_CHARS  10
#define TYPED           64

/* ---- when a code is right */

/* Without spaces and dashes, full-width digits as others. */
static char *
plain_code(bx_arena *a, const char *typed)
{
    char  *s = bx_fold_width(a, typed), *to = s;

    for (const char *p = s; p != NULL && *p != '\0'; p++) {
        if (*p != ' ' && *p != '-') {
            *to++ = *p;
        }
    }
    if (to != NULL) {
        *to = '\0';
    }

    return s;
}

static bx_value
recovery_hash(bx_call *c, bx_id account, const char *code)
{
    return bx_lookup_hash(c->arena, "code", bx_sprintf(c->arena, "recovery\n%lld\n%s", (long long) account, code));
}

static bx_rc
queue_step(bx_call *c, bx_id account, int64_t step)
{
    static const char  sql[] = "UPDATE second_factor SET last_step = ? WHERE account_id = ? AND last_step < ?";

    return bx_queue(c, 1, sql, BX_ARGS(bx_int(step), bx_int(account), bx_int(step)));
}

static bx_rc
use_recovery(bx_call *c, bx_id account, const char *code, bx_account_code *out)
{
    static const char  sql[] = "SELECT 1 FROM recovery_code WHERE account_id = ? AND code_hash = ?";
    static const char  sql_use[] = "DELETE FROM recovery_code WHERE account_id = ? AND code_hash = ?";
    bx_value           hash = recovery_hash(c, account, code);
    bx_rows            rows;

    if (bx_query(c, &rows, sql, BX_ARGS(bx_int(account), hash)) != BX_OK) {
        return BX_FAIL;
    }
    if (rows.nrows == 0) {
        return BX_OK;
    }

    *out = BX_ACCOUNT_RECOVERY;
    return bx_queue(c, 1, sql_use, BX_ARGS(bx_int(account), hash));
}

bx_rc
bx_account_code_use(bx_call *c, bx_id account, const char *typed, bx_account_code *out)
{
    static const char  sql[] = "SELECT secret_sealed, last_step FROM second_factor WHERE account_id = ? AND enrolled_at IS NOT NULL";
    char              *code = plain_code(c->arena, typed), *secret;
    bx_rows            rows;
    int64_t            step;

    *out = BX_ACCOUNT_WRONG;
    if (code == NULL) {
        return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
    }
    if (bx_query(c, &rows, sql, BX_ARGS(bx_int(account))) != BX_OK) {
        return BX_FAIL;
    }
    if (rows.nrows == 0) {
        return BX_OK;
    }
    if (strlen(code) == RECOVERY_CHARS) {
        return use_recovery(c, account, code, out);
    }
    if (bx_unseal(c->arena, bx_cell(&rows, 0, 0), &secret) != BX_OK) {
        return bx_refuse(c, BX_E_INTERNAL, NULL, NULL, NULL);
    }
    if (!bx_totp_check(secret, code, c->now, bx_cell_int(&rows, 0, 1), &step)) {
        return BX_OK;
    }

    *out = BX_ACCOUNT_APP;
    return queue_step(c, account, step);
}

/* ---- signed in: what is asked first */

/* Tries with codes of one's own session, by the rule of the door. */
static bx_rc
count_try(bx_call *c, bx_throttle *t)
{
    bx_account_policy  p;
    const char        *who = bx_sprintf(c->arena, "#%lld", (long long) bx_call_account(c));

    return bx_account_policy_load(c, &p) == BX_OK
           ? bx_account_count(c, &p, "signin.max_failures", bx_throttle_subject(c, "factor", who, NULL), t) : BX_FAIL;
}

static bx_rc
wrong_code(bx_call *c, const bx_throttle *t)
{
    c->key.on = false;                        /* a refusal is not an answer to keep */
    return bx_account_audit_failure(c, "code_failed", bx_call_account(c), t->subject) == BX_OK
           ? bx_account_refuse_code(c, t) : BX_FAIL;
}

/* Own password and a code; the code counts as used when the caller commits. */
static bx_rc
confirm_both(bx_call *c)
{
    const char       *typed;
    bx_account_code   how;
    bx_throttle       t = { 0 };

    if (bx_account_need_text(c, "code", TYPED, &typed) != BX_OK || bx_account_confirm(c, "password") != BX_OK
        || count_try(c, &t) != BX_OK || bx_account_code_use(c, bx_call_account(c), typed, &how) != BX_OK)
    {
        return BX_FAIL;
    }

    return how == BX_ACCOUNT_WRONG ? wrong_code(c, &t) : bx_throttle_queue_forgive(c, &t, true);
}

typedef struct { bool any, on; const char *enrolled_at; const bx_value *sealed; int64_t left; } factor;

static bx_rc
read_factor(bx_call *c, factor *f)
{
    static const char  sql[] =
        "SELECT f.enrolled_at, f.secret_sealed, (SELECT COUNT(*) FROM recovery_code r WHERE r.account_id = f.account_id) AS n"
        " FROM second_factor f WHERE f.account_id = ?";
    bx_rows            rows;

    *f = (factor) { .any = false };
    if (bx_query(c, &rows, sql, BX_ARGS(bx_int(bx_call_account(c)))) != BX_OK) {
        return BX_FAIL;
    }
    if (rows.nrows == 0) {
        return BX_OK;
    }

    f->any = true;
    f->on = bx_cell(&rows, 0, 0)->kind != BX_V_NULL;
    f->enrolled_at = f->on ? bx_time_iso(c->arena, bx_time_parse_sql(bx_cell_text(&rows, 0, 0))) : NULL;
    f->sealed = bx_cell(&rows, 0, 1);
    f->left = bx_cell_int(&rows, 0, 2);
    return BX_OK;
}

static bx_rc
commit(bx_call *c, const char *action)
{
    bx_id  school;

    return bx_account_home(c, bx_call_account(c), &school) == BX_OK
           ? bx_commit(c, school, action, "accounts", bx_call_account(c), NULL) : BX_FAIL;
}

/* After the commit, unless the answer is the stored one of an earlier request. Steals value. */
static void
tell_once(bx_call *c, const char *name, json_t *value)
{
    if (c->answer != NULL && c->bytes == NULL) {
        json_object_set_new(c->answer, name, value);
    } else {
        json_decref(value);
    }
}

/* ---- GET second-factor */

bx_rc
bx_account_factor_show(bx_call *c)
{
    factor  f;

    return read_factor(c, &f) == BX_OK
           ? bx_answer(c, 200, json_pack("{s:b, s:s?, s:I, s:b}", "on", f.on, "enrolled_at", f.enrolled_at,
                                         "recovery_left", (json_int_t) f.left, "must", c->who->must_enrol))
           : BX_FAIL;
}

/* ---- POST second-factor: a secret for the app */

static json_t *
qr_json(bx_call *c, const char *secret, const char *name)
{
    int    size;
    char  *path;
    char  *uri = bx_sprintf(c->arena, "otpauth://totp/%%E4%%BF%%9D%%E5%%AD%%A6:%s?secret=%s&issuer=%%E4%%BF%%9D%%E5%%AD%%A6", name, secret);

    return uri != NULL && bx_qr_path(c->arena, uri, &size, &path) == BX_OK
           ? json_pack("{s:s, s:{s:i, s:s}}", "uri", uri, "qr", "size", size, "path", path) : NULL;
}

/* What the app calls it: the login, which is ASCII, or the end of the phone number. */
static bx_rc
name_in_app(bx_call *c, const char **out)
{
    static const char  sql[] = "SELECT login, phone_sealed FROM account WHERE id = ?";
    char              *phone = NULL;
    bx_rows            rows;

    if (bx_query(c, &rows, sql, BX_ARGS(bx_int(bx_call_account(c)))) != BX_OK) {
        return BX_FAIL;
    }
    if (rows.nrows == 0) {
        return bx_refuse(c, BX_E_UNAUTHENTICATED, NULL, NULL, NULL);
    }

    *out = bx_cell_text(&rows, 0, 0);
    if (*out != NULL) {
        return BX_OK;
    }
    if (bx_unseal(c->arena, bx_cell(&rows, 0, 1), &phone) != BX_OK) {
        return bx_refuse(c, BX_E_INTERNAL, NULL, NULL, NULL);
    }

    *out = phone == NULL || strlen(phone) < 4 ? "-" : phone + strlen(phone) - 4;
    return BX_OK;
}

bx_rc
bx_account_factor_begin(bx_call *c)
{
    static const char  sql[] =
        "INSERT INTO second_factor (account_id, secret_sealed, last_step, created_at) VALUES (?, ?, 0, ?)"
        " ON DUPLICATE KEY UPDATE secret_sealed = IF(enrolled_at IS NULL, VALUES(secret_sealed), secret_sealed),"
        " created_at = IF(enrolled_at IS NULL, VALUES(created_at), created_at)";
    const char  *secret, *name;
    bx_value     sealed;
    factor       f;
    json_t      *qr;

    if (bx_account_confirm(c, "password") != BX_OK || read_factor(c, &f) != BX_OK || name_in_app(c, &name) != BX_OK) {
        return BX_FAIL;
    }
    if (f.on) {
        return bx_refuse(c, BX_E_CONFLICT, "second_factor", "factor.on", NULL);
    }

    secret = bx_totp_secret(c->arena);
    if (secret == NULL || bx_seal(c->arena, secret, &sealed) != BX_OK || (qr = bx_own(c->arena, qr_json(c, secret, name))) == NULL) {
        return bx_refuse(c, BX_E_INTERNAL, NULL, NULL, NULL);
    }
    if (bx_queue(c, -1, sql, BX_ARGS(bx_int(bx_call_account(c)), sealed, bx_text(bx_time_sql(c->arena, c->now)))) != BX_OK) {
        return BX_FAIL;
    }

    bx_answer(c, 201, json_pack("{s:n, s:n, s:n}", "secret", "uri", "qr"));
    if (commit(c, "factor_begin") != BX_OK) {
        return BX_FAIL;
    }

    tell_once(c, "secret", json_string(secret));
    tell_once(c, "uri", json_incref(json_object_get(qr, "uri")));
    tell_once(c, "qr", json_incref(json_object_get(qr, "qr")));
    return BX_OK;
}

/* ---- recovery codes */

/* ABCDE-FGHJK, ten of them; the old ones are no good any more. Queues. */
static bx_rc
make_recovery(bx_call *c, json_t **list)
{
    static const char  sql_clear[] = "DELETE FROM recovery_code WHERE account_id = ?";
    static const char  sql[] = "INSERT INTO recovery_code (account_id, code_hash) VALUES (?, ?)";
    bx_value           account = bx_int(bx_call_account(c));

    *list = bx_own(c->arena, json_array());
    if (bx_queue(c, -1, sql_clear, BX_ARGS(account)) != BX_OK) {
        return BX_FAIL;
    }

    for (int i = 0; i < RECOVERY_CODES; i++) {
        const char  *code = bx_code_new(c->arena, RECOVERY_CHARS);

        if (code == NULL) {
            return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
        }
        if (bx_queue(c, 1, sql, BX_ARGS(account, recovery_hash(c, bx_call_account(c), code))) != BX_OK) {
            return BX_FAIL;
        }
        json_array_append_new(*list, json_string(bx_sprintf(c->arena, "%.5s-%s", code, code + 5)));
    }

    return BX_OK;
}

/* Somebody may have come in by the password alone: every other session ends. */
static bx_rc
end_others(bx_call *c)
{
    static const char  sql[] = "DELETE FROM session WHERE account_id = ? AND token_hash <> ?";
    bx_value           account = bx_int(bx_call_account(c));

    return bx_queue(c, -1, sql, BX_ARGS(account, bx_blob(c->req->token_hash, 32))) == BX_OK
           ? bx_sessions_refresh(c, bx_call_account(c)) : BX_FAIL;
}

/* ---- POST second-factor/confirm: the first code */

static const char sql_enrol[] =
    "UPDATE second_factor SET enrolled_at = ?, last_step = ? WHERE account_id = ? AND enrolled_at IS NULL";

bx_rc
bx_account_factor_confirm(bx_call *c)
{
    const char   *typed, *code;
    char         *secret;
    factor        f;
    bx_throttle   t = { 0 };
    int64_t       step;
    json_t       *list;

    if (bx_account_need_text(c, "code", TYPED, &typed) != BX_OK || read_factor(c, &f) != BX_OK) {
        return BX_FAIL;
    }
    if (!f.any || f.on) {
        return bx_refuse(c, BX_E_CONFLICT, "second_factor", f.on ? "factor.on" : "factor.not_begun", NULL);
    }
    if (count_try(c, &t) != BX_OK) {
        return BX_FAIL;
    }
    if (bx_unseal(c->arena, f.sealed, &secret) != BX_OK || (code = plain_code(c->arena, typed)) == NULL) {
        return bx_refuse(c, BX_E_INTERNAL, NULL, NULL, NULL);
    }
    if (!bx_totp_check(secret, code, c->now, 0, &step)) {
        return wrong_code(c, &t);
    }

    if (bx_queue(c, 1, sql_enrol, BX_ARGS(bx_text(bx_time_sql(c->arena, c->now)), bx_int(step), bx_int(bx_call_account(c)))) != BX_OK
        || make_recovery(c, &list) != BX_OK || end_others(c) != BX_OK || bx_throttle_queue_forgive(c, &t, true) != BX_OK)
    {
        return BX_FAIL;
    }

    bx_answer(c, 200, json_pack("{s:n}", "recovery_codes"));
    if (commit(c, "factor_on") != BX_OK) {
        return BX_FAIL;
    }

    tell_once(c, "recovery_codes", json_incref(list));
    return BX_OK;
}

/* ---- POST second-factor/remove, second-factor/recovery-codes */

bx_rc
bx_account_factor_queue_remove(bx_call *c, bx_id account)
{
    static const char  sql[] = "DELETE FROM second_factor WHERE account_id = ?";
    static const char  sql_codes[] = "DELETE FROM recovery_code WHERE account_id = ?";

    return bx_queue(c, 1, sql, BX_ARGS(bx_int(account))) == BX_OK ? bx_queue(c, -1, sql_codes, BX_ARGS(bx_int(account))) : BX_FAIL;
}

static bx_rc
need_on(bx_call *c)
{
    factor  f;

    if (read_factor(c, &f) != BX_OK) {
        return BX_FAIL;
    }

    return f.on ? BX_OK : bx_refuse(c, BX_E_CONFLICT, "second_factor", "factor.off", NULL);
}

bx_rc
bx_account_factor_remove(bx_call *c)
{
    if (need_on(c) != BX_OK || confirm_both(c) != BX_OK || bx_account_factor_queue_remove(c, bx_call_account(c)) != BX_OK
        || bx_sessions_refresh(c, bx_call_account(c)) != BX_OK)
    {
        return BX_FAIL;
    }

    bx_answer(c, 204, NULL);
    return commit(c, "factor_off");
}

bx_rc
bx_account_factor_recovery(bx_call *c)
{
    json_t  *list;

    if (need_on(c) != BX_OK || confirm_both(c) != BX_OK || make_recovery(c, &list) != BX_OK) {
        return BX_FAIL;
    }

    bx_answer(c, 200, json_pack("{s:n}", "recovery_codes"));
    if (commit(c, "factor_codes") != BX_OK) {
        return BX_FAIL;
    }

    tell_once(c, "recovery_codes", json_incref(list));
    return BX_OK;
}
