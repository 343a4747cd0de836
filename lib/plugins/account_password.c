/*
 * account_password.c: which passwords are accepted, and the change of the own one.
 *
 * Does not own how they are hashed (core/crypto.c) nor the list of common ones (core/common_passwords.c).
 */
#include "plugins/account.h"

#include <string.h>

#define MIN_PASSWORD   8
#define MAX_PASSWORD  256                     /* bytes: 64 characters of any script */

/* ---- which passwords are accepted */

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

bx_rc
bx_account_password_check(bx_call *c, const char *field, const char *password, const char *login, const char *phone)
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
    low = bx_account_lower(c->arena, password);
    name = login == NULL ? NULL : bx_account_lower(c->arena, login);
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

bx_rc
bx_account_password_hash(bx_call *c, const char *password, char **out)
{
    if (bx_password_hash(c->arena, password, out, &c->error) != BX_OK) {
        return bx_refuse(c, BX_E_INTERNAL, NULL, NULL, NULL);
    }

    return BX_OK;
}

/* ---- POST password */

static const char sql_own_account[] = "SELECT login, phone_sealed, password FROM account WHERE id = ?";

/* The current password is a secret like the one at the door, and is counted like it. */
static bx_rc
check_current(bx_call *c, const char *field, const char *current, const char *hash)
{
    bx_throttle         t = { 0 };
    bx_account_policy   p;
    const char         *who = bx_sprintf(c->arena, "#%lld", (long long) bx_call_account(c));

    if (bx_account_policy_load(c, &p) != BX_OK
        || bx_account_count(c, &p, "signin.max_failures", bx_throttle_subject(c, "password", who, NULL), &t) != BX_OK)
    {
        return BX_FAIL;
    }

    if (!bx_password_verify(hash, current)) {
        c->key.on = false;                    /* a refusal is not an answer to keep */
        if (bx_account_audit_failure(c, "password_failed", bx_call_account(c), t.subject) != BX_OK) {
            return BX_FAIL;
        }
        return bx_refuse(c, BX_E_INVALID, field, strcmp(field, "current") == 0 ? "password.current" : "password.own", NULL);
    }

    return bx_throttle_forgive(c, &t, true);
}

bx_rc
bx_account_confirm(bx_call *c, const char *field)
{
    const char  *typed;
    bx_rows      rows;

    if (bx_account_need_text(c, field, BX_ACCOUNT_TYPED, &typed) != BX_OK
        || bx_query(c, &rows, sql_own_account, BX_ARGS(bx_int(bx_call_account(c)))) != BX_OK)
    {
        return BX_FAIL;
    }
    if (rows.nrows == 0) {
        return bx_refuse(c, BX_E_UNAUTHENTICATED, NULL, NULL, NULL);
    }

    return check_current(c, field, typed, bx_cell_text(&rows, 0, 2));
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

bx_rc
bx_account_change_password(bx_call *c)
{
    const char   *current, *password;
    char         *phone = NULL, *hash;
    bx_rows       rows;
    bx_session    s = *c->who;
    bx_id         school;

    if (bx_account_need_text(c, "current", BX_ACCOUNT_TYPED, &current) != BX_OK
        || bx_account_need_text(c, "new", BX_ACCOUNT_TYPED, &password) != BX_OK
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

    if (check_current(c, "current", current, bx_cell_text(&rows, 0, 2)) != BX_OK) {
        return BX_FAIL;
    }
    if (strcmp(current, password) == 0) {
        return bx_refuse(c, BX_E_INVALID, "new", "password.same", NULL);
    }
    if (bx_account_password_check(c, "new", password, bx_cell_text(&rows, 0, 0), phone) != BX_OK
        || bx_account_password_hash(c, password, &hash) != BX_OK || bx_account_home(c, s.account, &school) != BX_OK)
    {
        return BX_FAIL;
    }

    s.must_change = 0;

    if (store_password(c, hash) != BX_OK || bx_account_answer(c, &s) != BX_OK) {
        return BX_FAIL;
    }

    return bx_commit(c, school, "change_password", "accounts", s.account, NULL);
}
