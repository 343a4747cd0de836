/* account.c: who may sign in, and the positions that say what they may do and where. Guardians make their accounts
 * themselves, with the codes that an import prints; these commands are for staff. */

#include "flow/staff.h"
#include "tools/tools.h"

#include <stdio.h>
#include <string.h>

#define MIN_PASSWORD    8
#define MAX_PASSWORD  256


/* ---- what is typed */

typedef struct { const char *role; ctl_unit unit; } post;

/* ROLE@UNIT */
static bool
post_parse(ctl *x, const char *text, post *out)
{
    bx_rows      rows;
    const char  *at = strchr(text, '@');

    if (at == NULL || at == text || at[1] == '\0') {
        ctl_fail(x, "a position is written ROLE@UNIT, as in teacher@2152001234/三年级2班");
        return false;
    }

    out->role = bx_strndup(x->arena, text, (size_t) (at - text));
    if (bx_query(x->call, &rows, "SELECT 1 AS one FROM role_capability WHERE role = ? LIMIT 1",
                 BX_ARGS(bx_text(out->role))) != BX_OK)
    {
        ctl_refused(x);
        return false;
    }
    if (rows.nrows == 0) {
        ctl_fail(x, "there is no role \"%s\"; baoxuectl role list shows them", out->role);
        return false;
    }

    return ctl_unit_find(x, at + 1, &out->unit);
}


/* The password of --password-file, or a new one that is printed. NULL after printing why not. */
static const char *
password_take(ctl *x, const char *login, bool *made)
{
    const char *path = ctl_get(x, "--new-password-file"), *plain;

    *made = path == NULL;
    plain = *made ? bx_code_new(x->arena, 10) : ctl_first_line(x, path);
    if (plain == NULL) {
        return NULL;
    }
    if (strlen(plain) < MIN_PASSWORD || strlen(plain) > MAX_PASSWORD || strcmp(plain, login) == 0) {
        ctl_fail(x, "a password has %d to %d bytes and is not the login", MIN_PASSWORD, MAX_PASSWORD);
        return NULL;
    }

    return plain;
}


static const char *
password_hash(ctl *x, const char *plain)
{
    char      *hash;
    bx_error   err = { 0 };

    if (bx_password_hash(x->arena, plain, &hash, &err) != BX_OK) {
        ctl_fail(x, "%s", err.text);
        return NULL;
    }

    return hash;
}


/* ---- account add */

static bool
phone_take(ctl *x, const char **out)
{
    const char *text = ctl_get(x, "--phone");

    *out = text == NULL ? NULL : bx_phone_normal(x->arena, text);
    if (text != NULL && *out == NULL) {
        ctl_fail(x, "that is no phone number");
        return false;
    }

    return true;
}


/* Queues the positions of --position; *chain is the school of the first, else its unit. */
static bool
posts_queue(ctl *x, bx_id account, bx_date from, bx_id *chain)
{
    const char *text;

    *chain = 0;
    for (size_t i = 0; (text = ctl_get_n(x, "--position", i)) != NULL; i++) {
        post  p;

        if (!post_parse(x, text, &p)) {
            return false;
        }
        if (bx_position_queue(x->call, account, p.role, p.unit.id, from, BX_NO_DATE, NULL) != BX_OK) {
            ctl_refused(x);
            return false;
        }
        *chain = *chain != 0 ? *chain : p.unit.school != 0 ? p.unit.school : p.unit.id;
    }

    return true;
}


static int
account_add(ctl *x)
{
    bx_id        chain;
    bool         made;
    bx_date      from = ctl_today(x);
    const char  *plain;
    bx_new_account  a = { .login = x->operands[0], .name = ctl_get(x, "--name"), .must_change = !ctl_has(x, "--keep") };

    if (!bx_login_ok(a.login)) {
        return ctl_fail(x, "a login has 2 to 64 small letters, digits, dots, dashes, and begins with a letter");
    }
    if (a.name == NULL || bx_utf8_count(a.name) > 60 || !bx_utf8_valid(a.name, strlen(a.name))) {
        return ctl_fail(x, "an account wants --name, at most 60 characters");
    }
    if (!phone_take(x, &a.phone) || (ctl_has(x, "--from") && !ctl_date(x, ctl_get(x, "--from"), &from))) {
        return CTL_FAILED;
    }

    plain = password_take(x, a.login, &made);
    a.password_hash = plain == NULL ? NULL : password_hash(x, plain);
    if (a.password_hash == NULL) {
        return CTL_FAILED;
    }
    if (bx_account_queue(x->call, &a) != BX_OK) {
        return ctl_refused(x);
    }
    if (!posts_queue(x, a.id, from, &chain)) {
        return CTL_FAILED;
    }
    if (bx_commit(x->call, chain, "create", "accounts", a.id,
                  bx_own(x->arena, json_pack("{s:s}", "login", a.login))) != BX_OK)
    {
        return x->call->problem.code == BX_E_CONFLICT ? ctl_fail(x, "the login \"%s\" or the phone is taken", a.login)
                                                      : ctl_refused(x);
    }

    return ctl_done(x, json_pack("{s:o, s:s, s:s?}", "id", bx_id_json(a.id), "login", a.login,
                                 "password", made ? plain : NULL),
                    made ? "account \"%s\", password %s%s" : "account \"%s\"%s%s", a.login, made ? plain : "",
                    made && a.must_change ? " (to be changed at the first sign-in)" : "");
}


/* ---- account list, role list */

static const char sql_list[] =
    "SELECT a.id AS id, a.login AS login, a.name AS name, a.disabled_at IS NOT NULL AS disabled,"
    " GROUP_CONCAT(CONCAT(p.role, '@', COALESCE(u.code, CONCAT(s.code, '/', u.name))) ORDER BY p.id SEPARATOR ' ')"
    " AS positions"
    " FROM account a"
    " LEFT JOIN position p ON p.account_id = a.id AND (p.ends_on IS NULL OR p.ends_on >= ?)"
    " LEFT JOIN org_unit u ON u.id = p.unit_id LEFT JOIN org_unit s ON s.id = u.school_id"
    " WHERE a.login IS NOT NULL OR p.id IS NOT NULL"
    " GROUP BY a.id ORDER BY a.login";

static int
account_list(ctl *x)
{
    bx_value  today = bx_text(bx_date_text(x->arena, ctl_today(x)));

    return ctl_list(x, ctl_query(x, sql_list, BX_ARGS(today)), "login name disabled positions id");
}


static int
role_list(ctl *x)
{
    static const char  sql[] = "SELECT role AS role, GROUP_CONCAT(capability ORDER BY capability SEPARATOR ' ') AS capabilities"
                               " FROM role_capability WHERE granted = 1 GROUP BY role ORDER BY role";

    return ctl_list(x, ctl_query(x, sql, BX_NO_ARGS), "role capabilities");
}


/* ---- account passwd, disable, enable */

static bool
account_find(ctl *x, const char *login, bx_id *id)
{
    bx_rows  rows;

    if (bx_query(x->call, &rows, "SELECT id FROM account WHERE login = ?", BX_ARGS(bx_text(login))) != BX_OK) {
        ctl_refused(x);
        return false;
    }
    if (rows.nrows == 0) {
        ctl_fail(x, "there is no account \"%s\"", login);
        return false;
    }

    *id = bx_cell_int(&rows, 0, 0);
    return true;
}


static int
account_passwd(ctl *x)
{
    static const char  sql[] = "UPDATE account SET password = ?, must_change = ?, version = version + 1 WHERE id = ?";
    bx_id        id;
    bool         made;
    const char  *login = x->operands[0], *plain, *hash;

    if (!account_find(x, login, &id)) {
        return CTL_FAILED;
    }

    plain = password_take(x, login, &made);
    hash = plain == NULL ? NULL : password_hash(x, plain);
    if (hash == NULL) {
        return CTL_FAILED;
    }
    if (bx_queue(x->call, 1, sql, BX_ARGS(bx_text(hash), bx_int(!ctl_has(x, "--keep")), bx_int(id))) != BX_OK
        || bx_sessions_end(x->call, id) != BX_OK || bx_commit(x->call, 0, "password", "accounts", id, NULL) != BX_OK)
    {
        return ctl_refused(x);
    }

    return ctl_done(x, json_pack("{s:s, s:s?}", "login", login, "password", made ? plain : NULL),
                    made ? "password of \"%s\": %s" : "password of \"%s\" changed%s", login, made ? plain : "");
}


static int
account_switch(ctl *x, bool off)
{
    static const char  sql[] = "UPDATE account SET disabled_at = ?, version = version + 1 WHERE id = ?";
    bx_id        id;
    bx_value     at = off ? bx_text(bx_time_sql(x->arena, bx_call_now(x->call))) : bx_null();
    const char  *login = x->operands[0];

    if (!account_find(x, login, &id)) {
        return CTL_FAILED;
    }
    if (bx_queue(x->call, 1, sql, BX_ARGS(at, bx_int(id))) != BX_OK || (off && bx_sessions_end(x->call, id) != BX_OK)
        || bx_commit(x->call, 0, off ? "disable" : "enable", "accounts", id, NULL) != BX_OK)
    {
        return ctl_refused(x);
    }

    return ctl_done(x, json_pack("{s:s, s:b}", "login", login, "disabled", off), "account \"%s\" %s", login,
                    off ? "may not sign in any more; its sessions are over" : "may sign in again");
}


static int
account_disable(ctl *x)
{
    return account_switch(x, true);
}


static int
account_enable(ctl *x)
{
    return account_switch(x, false);
}


/* For whoever lost both app and recovery codes, and whom no administrator manages. */
static int
account_no_factor(ctl *x)
{
    static const char  sql[] = "DELETE FROM second_factor WHERE account_id = ?";
    static const char  sql_codes[] = "DELETE FROM recovery_code WHERE account_id = ?";
    bx_id        id;
    const char  *login = x->operands[0];

    if (!account_find(x, login, &id)) {
        return CTL_FAILED;
    }
    if (bx_queue(x->call, -1, sql, BX_ARGS(bx_int(id))) != BX_OK || bx_queue(x->call, -1, sql_codes, BX_ARGS(bx_int(id))) != BX_OK
        || bx_sessions_end(x->call, id) != BX_OK || bx_commit(x->call, 0, "remove_factor", "accounts", id, NULL) != BX_OK)
    {
        return ctl_refused(x);
    }

    return ctl_done(x, json_pack("{s:s}", "login", login), "account \"%s\" signs in without one-time codes; its sessions are over", login);
}


/* ---- positions */

static int
position_add(ctl *x)
{
    bx_id    id;
    post     p;
    bx_date  from = ctl_today(x), until = BX_NO_DATE;

    if (!account_find(x, x->operands[0], &id) || !post_parse(x, x->operands[1], &p)
        || (ctl_has(x, "--from") && !ctl_date(x, ctl_get(x, "--from"), &from))
        || (ctl_has(x, "--until") && !ctl_date(x, ctl_get(x, "--until"), &until)))
    {
        return CTL_FAILED;
    }
    if (until != BX_NO_DATE && until < from) {
        return ctl_fail(x, "the position ends before it begins");
    }
    if (bx_position_queue(x->call, id, p.role, p.unit.id, from, until, NULL) != BX_OK
        || bx_commit(x->call, p.unit.school != 0 ? p.unit.school : p.unit.id, "position", "accounts", id,
                     bx_own(x->arena, json_pack("{s:s, s:s}", "role", p.role, "unit", p.unit.name))) != BX_OK)
    {
        return ctl_refused(x);
    }

    return ctl_done(x, json_pack("{s:s, s:s, s:s}", "login", x->operands[0], "role", p.role, "unit", p.unit.name),
                    "\"%s\" is %s of \"%s\"", x->operands[0], p.role, p.unit.name);
}


static const char sql_position_end[] =
    "UPDATE position SET ends_on = ? WHERE account_id = ? AND role = ? AND unit_id = ?"
    " AND (ends_on IS NULL OR ends_on > ?)";

static int
position_end(ctl *x)
{
    bx_id     id;
    post      p;
    bx_date   on = ctl_today(x);
    bx_value  day;
    bx_rows   rows;

    if (!account_find(x, x->operands[0], &id) || !post_parse(x, x->operands[1], &p)
        || (ctl_has(x, "--on") && !ctl_date(x, ctl_get(x, "--on"), &on)))
    {
        return CTL_FAILED;
    }

    day = bx_text(bx_date_text(x->arena, on));
    if (bx_query(x->call, &rows, "SELECT 1 AS one FROM position WHERE account_id = ? AND role = ? AND unit_id = ?"
                                 " AND (ends_on IS NULL OR ends_on > ?)",
                 BX_ARGS(bx_int(id), bx_text(p.role), bx_int(p.unit.id), day)) != BX_OK)
    {
        return ctl_refused(x);
    }
    if (rows.nrows == 0) {
        return ctl_fail(x, "\"%s\" is not %s of \"%s\"", x->operands[0], p.role, p.unit.name);
    }
    if (bx_queue(x->call, -1, sql_position_end, BX_ARGS(day, bx_int(id), bx_text(p.role), bx_int(p.unit.id), day)) != BX_OK
        || bx_sessions_end(x->call, id) != BX_OK
        || bx_commit(x->call, p.unit.school != 0 ? p.unit.school : p.unit.id, "position_end", "accounts", id,
                     bx_own(x->arena, json_pack("{s:s, s:s, s:s}", "role", p.role, "unit", p.unit.name, "on", day.s))) != BX_OK)
    {
        return ctl_refused(x);
    }

    return ctl_done(x, json_pack("{s:s, s:s}", "login", x->operands[0], "ends_on", day.s), "\"%s\" is %s of \"%s\" until %s",
                    x->operands[0], p.role, p.unit.name, day.s);
}


static const ctl_option add_options[] = {
    { "--name", "NAME", "name of the person" },
    { "--phone", "NUMBER", "also for signing in" },
    { "--position", "ROLE@UNIT", "may be given several times" },
    { "--from", "DATE", "first day of the positions (today)" },
    { "--new-password-file", "FILE", "first line is the password, - is standard input (a new one is printed)" },
    { "--keep", NULL, "it need not be changed at the first sign-in" },
    { NULL, NULL, NULL }
};

static const ctl_option passwd_options[] = {
    { "--new-password-file", "FILE", "first line is the password, - is standard input (a new one is printed)" },
    { "--keep", NULL, "it need not be changed at the next sign-in" },
    { NULL, NULL, NULL }
};

static const ctl_option position_options[] = {
    { "--from", "DATE", "first day (today)" },
    { "--until", "DATE", "last day (none)" },
    { NULL, NULL, NULL }
};

static const ctl_option end_options[] = { { "--on", "DATE", "last day (today)" }, { NULL, NULL, NULL } };

const ctl_command ctl_account_commands[] = {
    { "account add", "LOGIN", 1, 1, CTL_CALL, add_options, account_add, "add somebody who may sign in" },
    { "account list", "", 0, 0, CTL_CALL, NULL, account_list, "list staff accounts with their positions" },
    { "account passwd", "LOGIN", 1, 1, CTL_CALL, passwd_options, account_passwd, "give a new password and end all sessions" },
    { "account disable", "LOGIN", 1, 1, CTL_CALL, NULL, account_disable, "lock somebody out, now" },
    { "account enable", "LOGIN", 1, 1, CTL_CALL, NULL, account_enable, "let somebody in again" },
    { "account no-factor", "LOGIN", 1, 1, CTL_CALL, NULL, account_no_factor, "ask for no one-time codes any more: the app is lost" },
    { "position add", "LOGIN ROLE@UNIT", 2, 2, CTL_CALL, position_options, position_add, "give somebody a position" },
    { "position end", "LOGIN ROLE@UNIT", 2, 2, CTL_CALL, end_options, position_end, "end it" },
    { "role list", "", 0, 0, CTL_CALL, NULL, role_list, "list roles and what they may do" },
    { NULL, NULL, 0, 0, 0, NULL, NULL, NULL }
};
