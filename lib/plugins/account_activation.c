/*
 * account_activation.c: the codes with which guardians come in first: what one is for, and the account made with it or
 * the children added to an account by it.
 *
 * Does not own making codes (import.c) nor which rows a guardian sees (flow/scope.c).
 */
#include "plugins/account.h"

#include <string.h>

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
    bx_throttle         guess = { 0 };
    bx_account_policy   p;
    const char         *typed, *code, *network = bx_throttle_network(c->arena, bx_call_address(c));
    bool                found;

    if (bx_account_need_text(c, "code", 64, &typed) != BX_OK || bx_account_policy_load(c, &p) != BX_OK
        || bx_account_count(c, &p, "activation.max_failures", bx_throttle_subject(c, "code", network, NULL), &guess) != BX_OK)
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

bx_rc
bx_account_check_code(bx_call *c)
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

    if (bx_account_password_hash(c, password, &hash) != BX_OK) {
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
    if (bx_account_password_check(c, "password", password, NULL, x.phone) != BX_OK
        || bx_query(c, &rows, sql_phone_taken, BX_ARGS(x.phone_hash)) != BX_OK)
    {
        return BX_FAIL;
    }
    if (rows.nrows > 0) {
        return bx_refuse(c, BX_E_CONFLICT, "code", "phone_taken",
                         json_pack("{s:s}", "phone", bx_mask(c->arena, "phone", x.phone)));
    }

    if (queue_account(c, &x, account, password) != BX_OK || bx_account_leave_old(c) != BX_OK
        || bx_session_start(c, account, 0, &token) != BX_OK)
    {
        return BX_FAIL;
    }

    if (bx_account_commit(c, account, x.name, x.school, "activate", activation_changes(c, &x)) != BX_OK
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
    if (who->must_enrol) {
        return bx_refuse(c, BX_E_MUST_ENROL, NULL, NULL, NULL);
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

    return found ? bx_account_answer(c, &s) : bx_refuse(c, BX_E_UNAUTHENTICATED, NULL, NULL, NULL);
}

bx_rc
bx_account_activate(bx_call *c)
{
    const char  *password = bx_account_body_text(c, "password");

    if (password != NULL && password[0] != '\0') {
        return activate_new(c, password);
    }
    if (c->who != NULL) {
        return activate_more(c, c->who);
    }

    return bx_refuse(c, BX_E_INVALID, "password", "required", NULL);
}
