/*
 * admin_account.c: accounts looked for, made, renamed, given a password, locked and opened.
 * A password that is given is told once, in the answer to whoever gave it, must be changed at the first sign-in and is never
 * stored with the answer: a repeated request gets "password": null. Does not own what an account looks like
 * (admin_people.c) nor the pasted table (admin_bulk.c).
 */
#include "plugins/account.h"
#include "plugins/admin.h"
#include "flow/staff.h"

#include <string.h>

#define PASSWORD_CHARS  10
#define MAX_ARGS        160

/* ---- GET accounts */

typedef struct {
    bx_buf    sql;
    bx_value  args[MAX_ARGS];
    size_t    nargs;
} query;

static void
add_arg(query *q, bx_value v)
{
    if (q->nargs < MAX_ARGS) {
        q->args[q->nargs++] = v;
    } else {
        q->sql.failed = true;
    }
}

/* For LIKE: what is searched for stands for itself. */
static const char *
prefix_of(bx_call *c, const char *s)
{
    bx_buf  b;

    bx_buf_init(&b, c->arena);
    for (; *s != '\0'; s++) {
        if (*s == '%' || *s == '_' || *s == '\\') {
            bx_buf_str(&b, "\\");
        }
        bx_buf_add(&b, s, 1);
    }
    bx_buf_str(&b, "%");

    return b.failed ? "" : b.data;
}

static const char *
asked(const bx_call *c, const char *name)
{
    const char  *s = bx_call_query_arg(c, name);

    s = s == NULL ? NULL : bx_trim(c->arena, s);
    return s == NULL || *s == '\0' ? NULL : s;
}

static void
add_search(bx_call *c, query *q)
{
    const char  *text = asked(c, "q"), *phone;

    if (text == NULL) {
        return;
    }

    phone = bx_phone_normal(c->arena, text);
    bx_buf_str(&q->sql, " AND (a.name LIKE ? OR a.login LIKE ? OR a.phone_hash = ?)");
    add_arg(q, bx_text(prefix_of(c, text)));
    add_arg(q, bx_text(prefix_of(c, text)));
    add_arg(q, phone == NULL ? bx_null() : bx_lookup_hash(c->arena, "phone", phone));
}

/* Positions in scope, under the unit asked for, of the role asked for. */
static bx_rc
add_posts(bx_call *c, query *q)
{
    const char  *unit = asked(c, "unit_id"), *role = asked(c, "role");

    if (unit != NULL) {
        bx_buf_str(&q->sql, "u.path LIKE CONCAT((SELECT w.path FROM org_unit w WHERE w.id = ?), '%') AND ");
        add_arg(q, bx_int(bx_id_parse(unit)));
    }
    if (role != NULL) {
        bx_buf_str(&q->sql, "p.role = ? AND ");
        add_arg(q, bx_text(strspn(role, "abcdefghijklmnopqrstuvwxyz0123456789_-") == strlen(role) ? role : ""));
    }

    return bx_scope_where(c, BX_SCOPE_UNIT, "u", "account.read", &q->sql, q->args, &q->nargs, MAX_ARGS);
}

static const char sql_not_over[] =
    "EXISTS (SELECT 1 FROM position o WHERE o.account_id = a.id AND (o.ends_on IS NULL OR o.ends_on >= ?))";

/* Staff: who has a position in scope, and for whoever sees everything those who never had one. */
static bx_rc
staff_query(bx_call *c, query *q)
{
    const char  *state = asked(c, "state");
    bool         former = state != NULL && strcmp(state, "former") == 0;

    if (former && admin_at_root(c, "account.read") && asked(c, "unit_id") == NULL) {
        bx_buf_str(&q->sql, "SELECT a.id FROM account a WHERE a.login IS NOT NULL");
    } else {
        bx_buf_str(&q->sql, "SELECT a.id FROM (SELECT DISTINCT p.account_id FROM position p JOIN org_unit u ON u.id = p.unit_id WHERE ");
        if (add_posts(c, q) != BX_OK) {
            return BX_FAIL;
        }
        bx_buf_str(&q->sql, ") m JOIN account a ON a.id = m.account_id WHERE TRUE");
    }

    if (state == NULL || !bx_word_in("former disabled", state)) {
        bx_buf_printf(&q->sql, " AND %s", sql_not_over);
        add_arg(q, bx_text(admin_today(c)));
    } else if (former) {
        bx_buf_printf(&q->sql, " AND NOT %s AND NOT EXISTS (SELECT 1 FROM guardian g WHERE g.account_id = a.id)", sql_not_over);
        add_arg(q, bx_text(admin_today(c)));
    } else {
        bx_buf_str(&q->sql, " AND a.disabled_at IS NOT NULL");
    }

    return BX_OK;
}

/* Guardians are many: by name, login or phone, or those of one unit. */
static bx_rc
guardian_query(bx_call *c, query *q)
{
    static const char  of[] = "student s JOIN org_unit u ON u.id = s.class_id JOIN student_guardian sg ON sg.student_id = s.id"
                              " AND sg.ends_on IS NULL JOIN guardian g ON g.id = sg.guardian_id WHERE ";
    const char        *unit = asked(c, "unit_id");

    if (unit != NULL) {
        bx_buf_printf(&q->sql, "SELECT a.id FROM (SELECT DISTINCT g.account_id FROM %s g.account_id IS NOT NULL AND"
                               " u.path LIKE CONCAT((SELECT w.path FROM org_unit w WHERE w.id = ?), '%%') AND ", of);
        add_arg(q, bx_int(bx_id_parse(unit)));
    } else {
        bx_buf_printf(&q->sql, "SELECT a.id FROM account a WHERE EXISTS (SELECT 1 FROM %s g.account_id = a.id AND ", of);
    }

    if (bx_scope_where(c, BX_SCOPE_UNIT, "u", "account.read", &q->sql, q->args, &q->nargs, MAX_ARGS) != BX_OK) {
        return BX_FAIL;
    }

    bx_buf_str(&q->sql, unit != NULL ? ") m JOIN account a ON a.id = m.account_id WHERE TRUE" : ")");
    return BX_OK;
}

static bx_rc
page_size(bx_call *c, size_t *out)
{
    const char  *s = asked(c, "limit");
    bx_id        n = s == NULL ? 40 : bx_id_parse(s);

    if (n < 1 || n > BX_ADMIN_PAGE) {
        return bx_refuse(c, BX_E_INVALID, "limit", "out_of_range", json_pack("{s:i, s:i}", "min", 1, "max", BX_ADMIN_PAGE));
    }

    *out = (size_t) n;
    return BX_OK;
}

static bx_rc
answer_page(bx_call *c, const bx_rows *rows, size_t limit)
{
    size_t         n = rows->nrows < limit ? rows->nrows : limit;
    bx_id          ids[BX_ADMIN_PAGE];
    admin_person  *people = bx_alloc(c->arena, (n + 1) * sizeof(*people));
    admin_powers   all;
    json_t        *items;

    for (size_t i = 0; i < n; i++) {
        ids[i] = bx_cell_int(rows, i, 0);
    }
    if (people == NULL) {
        return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
    }
    if (admin_powers_load(c, &all) != BX_OK || admin_people_load(c, ids, n, people) != BX_OK) {
        return BX_FAIL;
    }

    items = json_array();
    for (size_t i = 0; i < n; i++) {
        json_array_append_new(items, admin_person_json(c, &all, &people[i]));
    }

    return bx_answer(c, 200, json_pack("{s:o, s:o}", "items", items,
                                       "next", rows->nrows > limit ? bx_id_json(ids[n - 1]) : json_null()));
}

/* ?kind=staff|guardian &q= &unit_id= &role= &state=former|disabled, newest first. */
bx_rc
admin_accounts_list(bx_call *c)
{
    query        q = { .nargs = 0 };
    const char  *kind = asked(c, "kind"), *after = asked(c, "after");
    bool         guardians = kind != NULL && strcmp(kind, "guardian") == 0;
    size_t       limit = 0;
    bx_rows      rows;

    if (page_size(c, &limit) != BX_OK) {
        return BX_FAIL;
    }
    if (guardians && asked(c, "q") == NULL && asked(c, "unit_id") == NULL) {
        return bx_answer(c, 200, json_pack("{s:[], s:n, s:b}", "items", "next", "narrow", true));
    }

    bx_buf_init(&q.sql, c->arena);
    if ((guardians ? guardian_query(c, &q) : staff_query(c, &q)) != BX_OK) {
        return BX_FAIL;
    }

    add_search(c, &q);
    if (after != NULL) {
        bx_buf_str(&q.sql, " AND a.id < ?");
        add_arg(&q, bx_int(bx_id_parse(after)));
    }
    bx_buf_str(&q.sql, " ORDER BY a.id DESC LIMIT ?");
    add_arg(&q, bx_int((int64_t) limit + 1));

    if (q.sql.failed) {
        return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
    }

    return bx_query(c, &rows, q.sql.data, q.args, q.nargs) == BX_OK ? answer_page(c, &rows, limit) : BX_FAIL;
}

bx_rc
admin_account_show(bx_call *c)
{
    admin_person  p;
    admin_powers  all;

    if (admin_person_read(c, c->path_id, &p) != BX_OK || admin_powers_load(c, &all) != BX_OK) {
        return BX_FAIL;
    }

    return bx_answer(c, 200, admin_person_json(c, &all, &p));
}

/* ---- what is written */

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

/* What the body says of login and phone, in the form they are kept in; NULL: nothing. */
static bx_rc
login_take(bx_call *c, const char **login, const char **phone)
{
    const char  *typed = admin_body_text(c, "login"), *number = admin_body_text(c, "phone");

    *login = typed == NULL ? NULL : lower(c->arena, typed);
    *phone = number == NULL ? NULL : bx_phone_normal(c->arena, number);

    if (*login != NULL && !bx_login_ok(*login)) {
        return bx_refuse(c, BX_E_INVALID, "login", "admin.login_form", NULL);
    }

    return number == NULL || *phone != NULL ? BX_OK : bx_refuse(c, BX_E_INVALID, "phone", "admin.phone_form", NULL);
}

/* Who goes by that login or phone already, besides `self`? Names the field. */
static bx_rc
refuse_taken(bx_call *c, const char *login, const char *phone, bx_id self)
{
    static const char  sql[] =
        "SELECT a.login <=> ? FROM account a WHERE a.id <> ? AND a.login = ?"
        " UNION ALL SELECT 0 FROM account a WHERE a.id <> ? AND a.phone_hash = ?";
    bx_value  hash = phone == NULL ? bx_null() : bx_lookup_hash(c->arena, "phone", phone);
    bx_rows   rows;
    bx_rc     rc = BX_OK;

    if (bx_query(c, &rows, sql, BX_ARGS(bx_text(login), bx_int(self), bx_text(login), bx_int(self), hash)) != BX_OK) {
        return BX_FAIL;
    }

    for (size_t i = 0; i < rows.nrows; i++) {
        bool  by_login = bx_cell_int(&rows, i, 0) != 0;

        rc = bx_refuse(c, BX_E_CONFLICT, by_login ? "login" : "phone", by_login ? "admin.login_taken" : "admin.phone_taken", NULL);
    }

    return rc;
}

/* The password is told by whoever's transaction made it, and kept nowhere. */
static void
tell_password(bx_call *c, const char *plain)
{
    if (c->answer != NULL && c->bytes == NULL) {
        json_object_set_new(c->answer, "password", json_string(plain));
    }
}

static bx_rc
make_password(bx_call *c, const char **plain, char **hash)
{
    *plain = bx_code_new(c->arena, PASSWORD_CHARS);
    if (*plain == NULL) {
        return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
    }

    return bx_password_hash(c->arena, *plain, hash, &c->error) == BX_OK ? BX_OK : bx_refuse(c, BX_E_INTERNAL, NULL, NULL, NULL);
}

static json_t *
created_json(bx_call *c, const bx_new_account *a, const admin_post *post)
{
    return json_pack("{s:o, s:i, s:s, s:s?, s:s?, s:b, s:[o], s:n}", "id", bx_id_json(a->id), "version", 1, "name", a->name,
                     "login", a->login, "phone", a->phone == NULL ? NULL : bx_mask(c->arena, "phone", a->phone),
                     "must_change_password", true, "positions", admin_post_json(c, post), "password");
}

bx_rc
admin_account_create(bx_call *c)
{
    bx_new_account  a = { .name = admin_body_text(c, "name"), .must_change = true };
    admin_powers    all;
    admin_unit      unit;
    admin_fault     f;
    admin_post      post = { .role = admin_body_text(c, "role"), .version = 1 };
    bx_date         from = admin_body_date(c, "starts_on", bx_date_of(c->now));
    const char     *plain;
    char           *hash;

    if (admin_unit_read(c, "position.manage", admin_body_id(c, "unit_id"), "unit_id", &unit) != BX_OK
        || login_take(c, &a.login, &a.phone) != BX_OK || admin_powers_load(c, &all) != BX_OK)
    {
        return BX_FAIL;
    }
    if (a.login == NULL && a.phone == NULL) {
        return bx_refuse(c, BX_E_INVALID, "login", "admin.login_or_phone", NULL);
    }

    admin_role_fault(c, &all, post.role, &unit.u, "role", &f);
    if (admin_refuse(c, &f) != BX_OK || refuse_taken(c, a.login, a.phone, 0) != BX_OK || make_password(c, &plain, &hash) != BX_OK) {
        return BX_FAIL;
    }

    a.password_hash = hash;
    if (bx_account_queue(c, &a) != BX_OK
        || bx_position_queue(c, a.id, post.role, unit.u.id, from, BX_NO_DATE, &post.id) != BX_OK)
    {
        return BX_FAIL;
    }

    post = (admin_post) { .id = post.id, .version = 1, .account = a.id, .role = post.role, .unit = unit.u.id, .school = unit.u.school,
                          .unit_name = unit.u.name, .level = unit.u.level, .path = unit.u.path,
                          .starts_on = bx_date_text(c->arena, from), .when = from > bx_date_of(c->now) };
    c->location = bx_sprintf(c->arena, "/api/v1/accounts/%lld", (long long) a.id);
    bx_answer(c, 201, created_json(c, &a, &post));
    if (bx_commit(c, admin_chain(&unit.u), "create", "accounts", a.id,
                  bx_own(c->arena, json_pack("{s:s, s:s?, s:s, s:s}", "name", a.name, "login", a.login, "role", post.role,
                                             "unit", unit.u.name))) != BX_OK)
    {
        return BX_FAIL;
    }

    tell_password(c, plain);
    return BX_OK;
}

/* The account of the path, that the caller manages and has read in its present version. */
static bx_rc
target(bx_call *c, admin_person *p)
{
    admin_powers  all;
    admin_fault   f;

    if (admin_person_read(c, c->path_id, p) != BX_OK || admin_powers_load(c, &all) != BX_OK) {
        return BX_FAIL;
    }

    admin_person_fault(c, &all, p, &f);
    return admin_refuse(c, &f) == BX_OK ? bx_version_check(c, p->version) : BX_FAIL;
}

static bx_rc
commit_account(bx_call *c, const admin_person *p, const char *action, json_t *changes)
{
    const char  *reason = admin_body_text(c, "reason");

    if (reason != NULL) {
        changes = changes == NULL ? json_object() : changes;
        json_object_set_new(changes, "reason", json_string(reason));
    }

    return bx_commit(c, admin_person_chain(p), action, "accounts", p->id, bx_own(c->arena, changes));
}

static json_t *
changed_json(const admin_person *p)
{
    return json_pack("{s:o, s:I}", "id", bx_id_json(p->id), "version", (json_int_t) p->version + 1);
}

static const char sql_rename[] =
    "UPDATE account SET name = ?, login = ?, version = version + 1 WHERE id = ? AND version = ?";

static const char sql_phone[] = "UPDATE account SET phone_sealed = ?, phone_hash = ? WHERE id = ?";

static bx_rc
queue_phone(bx_call *c, bx_id account, const char *phone)
{
    bx_value  sealed = bx_null(), hash = bx_null();

    if (phone != NULL) {
        if (bx_seal(c->arena, phone, &sealed) != BX_OK) {
            return bx_refuse(c, BX_E_INTERNAL, NULL, NULL, NULL);
        }
        hash = bx_lookup_hash(c->arena, "phone", phone);
    }

    return bx_queue(c, 1, sql_phone, BX_ARGS(sealed, hash, bx_int(account)));
}

/* By which somebody signs in, or is found for a new password: whoever sits down at an administrator's computer must not give
 * away accounts. The name is nobody's way in. */
static bx_rc
confirm_change(bx_call *c, const admin_person *p, const char *login, bool new_phone)
{
    bool  same = login == NULL ? p->login == NULL : p->login != NULL && strcmp(login, p->login) == 0;

    return same && !new_phone ? BX_OK : bx_account_confirm(c, "password");
}

/* Login and phone stay as they are unless the body names them; an empty one is taken away. */
bx_rc
admin_account_rename(bx_call *c)
{
    admin_person  p;
    const char   *name = admin_body_text(c, "name"), *login, *phone;
    bool          new_login = json_object_get(c->body, "login") != NULL, new_phone = json_object_get(c->body, "phone") != NULL;

    if (target(c, &p) != BX_OK || login_take(c, &login, &phone) != BX_OK) {
        return BX_FAIL;
    }
    if (p.nposts == 0 && p.nchildren > 0) {
        return bx_refuse(c, BX_E_INVALID, "name", "admin.guardian_roster", NULL);
    }

    login = new_login ? login : p.login;
    if (login == NULL && (new_phone ? phone : p.phone) == NULL) {
        return bx_refuse(c, BX_E_INVALID, "login", "admin.login_or_phone", NULL);
    }
    if (refuse_taken(c, new_login ? login : NULL, phone, p.id) != BX_OK || confirm_change(c, &p, login, new_phone) != BX_OK
        || bx_queue(c, 1, sql_rename, BX_ARGS(bx_text(name), bx_text(login), bx_int(p.id), bx_int(p.version))) != BX_OK
        || (new_phone && queue_phone(c, p.id, phone) != BX_OK) || bx_sessions_refresh(c, p.id) != BX_OK)
    {
        return BX_FAIL;
    }

    bx_answer(c, 200, changed_json(&p));
    return commit_account(c, &p, "edit", json_pack("{s:{s:s, s:s?}, s:{s:s, s:s?}, s:b}", "from", "name", p.name, "login", p.login,
                                                   "to", "name", name, "login", login, "phone", new_phone));
}

bx_rc
admin_account_password(bx_call *c)
{
    static const char  sql[] =
        "UPDATE account SET password = ?, must_change = 1, version = version + 1 WHERE id = ? AND version = ?";
    admin_person  p;
    json_t       *j;
    const char   *plain;
    char         *hash;

    if (target(c, &p) != BX_OK || make_password(c, &plain, &hash) != BX_OK
        || bx_queue(c, 1, sql, BX_ARGS(bx_text(hash), bx_int(p.id), bx_int(p.version))) != BX_OK
        || bx_sessions_end(c, p.id) != BX_OK)
    {
        return BX_FAIL;
    }

    j = changed_json(&p);
    json_object_set_new(j, "password", json_null());
    bx_answer(c, 200, j);
    if (commit_account(c, &p, "reset_password", NULL) != BX_OK) {
        return BX_FAIL;
    }

    tell_password(c, plain);
    return BX_OK;
}

static bx_rc
set_disabled(bx_call *c, bool off)
{
    static const char  sql[] =
        "UPDATE account SET disabled_at = ?, version = version + 1 WHERE id = ? AND version = ? AND (disabled_at IS NULL) = ?";
    admin_person  p;
    bx_value      at = off ? bx_text(bx_time_sql(c->arena, c->now)) : bx_null();

    if (target(c, &p) != BX_OK) {
        return BX_FAIL;
    }
    if ((p.disabled_at != NULL) == off) {
        return bx_refuse(c, BX_E_WRONG_STATE, NULL, NULL, NULL);
    }
    if (bx_queue(c, 1, sql, BX_ARGS(at, bx_int(p.id), bx_int(p.version), bx_int(off))) != BX_OK
        || bx_sessions_end(c, p.id) != BX_OK)
    {
        return BX_FAIL;
    }

    bx_answer(c, 200, changed_json(&p));
    return commit_account(c, &p, off ? "disable" : "enable", NULL);
}

bx_rc
admin_account_disable(bx_call *c)
{
    return set_disabled(c, true);
}

bx_rc
admin_account_enable(bx_call *c)
{
    return set_disabled(c, false);
}

bx_rc
admin_account_sign_out(bx_call *c)
{
    admin_person  p;

    if (target(c, &p) != BX_OK || bx_sessions_end(c, p.id) != BX_OK) {
        return BX_FAIL;
    }

    bx_answer(c, 200, json_pack("{s:o, s:I}", "id", bx_id_json(p.id), "version", (json_int_t) p.version));
    return commit_account(c, &p, "sign_out_everywhere", NULL);
}

/* The telephone is lost: the password alone is enough until the person enrols anew. The person is told. */
bx_rc
admin_account_remove_factor(bx_call *c)
{
    admin_person  p;
    bx_notice     n = { .kind = "account.factor_removed" };

    if (target(c, &p) != BX_OK || bx_account_confirm(c, "password") != BX_OK) {
        return BX_FAIL;
    }
    if (!p.second_factor) {
        return bx_refuse(c, BX_E_WRONG_STATE, NULL, NULL, NULL);
    }

    n.account = p.id;
    n.key = bx_sprintf(c->arena, "%lld-%lld", (long long) p.id, (long long) bx_id_new());
    n.params = bx_own(c->arena, json_pack("{s:s}", "by", c->who->name));
    if (bx_account_factor_queue_remove(c, p.id) != BX_OK || bx_sessions_end(c, p.id) != BX_OK || bx_notice_send(c, &n) != BX_OK) {
        return BX_FAIL;
    }

    bx_answer(c, 200, json_pack("{s:o, s:I}", "id", bx_id_json(p.id), "version", (json_int_t) p.version));
    return commit_account(c, &p, "remove_factor", NULL);
}
