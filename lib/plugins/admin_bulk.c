/*
 * admin_bulk.c: a school's staff from a pasted table: name, login, phone, role, class. Every row is checked as one account
 * would be; the preview says what each would make and what is wrong with it, and nothing is written in part unless the caller
 * asks for the good rows only. Passwords are told once (admin_account.c says how).
 */
#include "plugins/admin.h"
#include "flow/classname.h"
#include "flow/staff.h"

#include <string.h>

#define MAX_ROWS        100
#define PASSWORD_CHARS  10
#define MAX_FAULTS      5

enum { COL_NAME, COL_LOGIN, COL_PHONE, COL_ROLE, COL_CLASS, COLUMNS };

static const char *const fields[COLUMNS] = { "name", "login", "phone", "role", "class" };

/* What a heading may say. */
static const char *const headings[COLUMNS] = {
    "姓名 name", "登录名 账号 用户名 login", "手机 手机号 电话 联系电话 phone", "职务 岗位 角色 role position", "班级 年级 class unit"
};

typedef struct { const char *field, *reason; json_t *params; } row_fault;

typedef struct {
    size_t       line;                        /* in the text, from 1 */
    const char  *cells[COLUMNS];              /* "" when empty */
    const char  *login, *phone, *role, *unit_name;
    bx_id        unit;
    row_fault    faults[MAX_FAULTS];
    unsigned     nfaults;
} bulk_row;

typedef struct {
    admin_unit    school;
    admin_powers  powers;
    bx_rows       units;                      /* of the school that are open: label columns, id, path */
    bulk_row     *rows;
    size_t        n, bad;
} bulk;

static void
add_fault(bx_call *c, bulk_row *r, const char *field, const char *reason, json_t *params)
{
    bx_own(c->arena, params);
    if (r->nfaults < MAX_FAULTS) {
        r->faults[r->nfaults++] = (row_fault) { field, reason, params };
    }
}

/* ---- the text */

/* Tabs of a spreadsheet, else commas, else spaces. */
static const char *
separators(const char *line)
{
    return strchr(line, '\t') != NULL ? "\t" : strchr(line, ',') != NULL ? "," : " ";
}

/* Full-width commas too; fold_width makes them ASCII. */
static size_t
split(bx_call *c, const char *line, const char *cells[COLUMNS])
{
    const char  *folded = bx_fold_width(c->arena, line);
    const char  *sep = folded == NULL ? "," : separators(folded);
    size_t       n = 0;

    for (const char *p = folded; p != NULL && n < COLUMNS; n++) {
        size_t  len = strcspn(p, sep);

        cells[n] = bx_trim(c->arena, bx_strndup(c->arena, p, len));
        p += len;
        if (*sep == ' ') {
            p += strspn(p, " ");
        } else if (*p != '\0') {
            p++;
        } else {
            p = NULL;
        }
        if (p != NULL && *sep == ' ' && *p == '\0') {
            p = NULL;
        }
    }

    for (size_t k = n; k < COLUMNS; k++) {
        cells[k] = "";
    }

    return n;
}

/* Which column a heading names; COLUMNS: none. */
static int
column_of(bx_call *c, const char *heading)
{
    char  *low = bx_strdup(c->arena, heading);

    for (char *p = low; p != NULL && *p != '\0'; p++) {
        if (*p >= 'A' && *p <= 'Z') {
            *p = (char) (*p + 32);
        }
    }
    for (int k = 0; low != NULL && *low != '\0' && k < COLUMNS; k++) {
        if (bx_word_in(headings[k], low)) {
            return k;
        }
    }

    return COLUMNS;
}

static bx_rc
read_lines(bx_call *c, bulk *b, const char *text)
{
    int     order[COLUMNS] = { COL_NAME, COL_LOGIN, COL_PHONE, COL_ROLE, COL_CLASS };
    size_t  line = 0;

    b->rows = bx_alloc(c->arena, MAX_ROWS * sizeof(*b->rows));
    if (b->rows == NULL) {
        return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
    }

    for (const char *p = text; *p != '\0'; p += *p == '\n') {
        size_t       len = strcspn(p, "\n");
        const char  *cells[COLUMNS], *s = bx_strndup(c->arena, p, len);
        bool         heading = false;

        p += len;
        line++;
        if (s == NULL || *bx_trim(c->arena, s) == '\0') {
            continue;
        }

        split(c, s, cells);
        for (int k = 0; b->n == 0 && k < COLUMNS; k++) {
            heading = heading || column_of(c, cells[k]) == COL_NAME;
        }
        if (heading) {
            for (int k = 0; k < COLUMNS; k++) {
                order[k] = column_of(c, cells[k]);
            }
            continue;
        }

        if (b->n == MAX_ROWS) {
            return bx_refuse(c, BX_E_INVALID, "text", "admin.too_many_rows", json_pack("{s:i}", "max", MAX_ROWS));
        }
        b->rows[b->n].line = line;
        for (int k = 0; k < COLUMNS; k++) {
            b->rows[b->n].cells[k] = "";
        }
        for (int k = 0; k < COLUMNS; k++) {
            if (order[k] < COLUMNS) {
                b->rows[b->n].cells[order[k]] = cells[k];
            }
        }
        b->n++;
    }

    return b->n > 0 ? BX_OK : bx_refuse(c, BX_E_INVALID, "text", "admin.no_rows", NULL);
}

/* ---- what a row means */

static const char *
role_named(bx_call *c, const bulk *b, const char *text)
{
    for (size_t i = 0; i < b->powers.n; i++) {
        const char  *role = b->powers.row[i].role, *key = bx_sprintf(c->arena, "role.%s", role);

        if (strcmp(text, role) == 0 || strcmp(text, bx_tr(c->arena, "zh-CN", key, NULL)) == 0
            || strcasecmp(text, bx_tr(c->arena, "en", key, NULL)) == 0)
        {
            return role;
        }
    }

    return NULL;
}

/* The open unit of the school of that stage, year and number (0: the grade). */
static bool
unit_of(bx_call *c, const bulk *b, const bx_class_name *name, int number, bx_unit *out)
{
    for (size_t i = 0; i < b->units.nrows; i++) {
        if (strcmp(bx_cell_text(&b->units, i, 2), name->stage) == 0 && bx_cell_int(&b->units, i, 3) == name->entry_year
            && bx_cell_int(&b->units, i, 4) == number)
        {
            *out = b->school.u;
            out->id = bx_cell_int(&b->units, i, 5);
            out->path = bx_cell_text(&b->units, i, 6);
            out->level = bx_cell_text(&b->units, i, 1);
            out->name = admin_unit_label(c, &b->units, i, 0);
            return true;
        }
    }

    return false;
}

/* Where the row's role is held: the class or grade it names, else the school. */
static bool
place_of(bx_call *c, const bulk *b, bulk_row *r, bx_unit *out)
{
    int             year = bx_school_year(bx_date_of(c->now));
    const char     *text = r->cells[COL_CLASS];
    bool            grade = r->role != NULL && strcmp(r->role, "grade") == 0;
    bx_class_name   name;
    bx_class_fault  fault;

    if (*text == '\0') {
        *out = b->school.u;
        return true;
    }

    fault = bx_classname_parse(text, year, b->school.u.stage, &name);
    if (fault != BX_CLASS_OK && grade) {                                /* "三年级" */
        fault = bx_classname_parse(bx_sprintf(c->arena, "%s1班", text), year, b->school.u.stage, &name);
    }
    if (fault != BX_CLASS_OK) {
        add_fault(c, r, "class", fault == BX_CLASS_FORM ? "import.unknown_class"
                  : bx_sprintf(c->arena, "import.unknown_class.%s", bx_class_fault_name(fault)), NULL);
        return false;
    }
    if (!unit_of(c, b, &name, grade ? 0 : name.class_no, out)) {
        add_fault(c, r, "class", "admin.no_class", json_pack("{s:s}", "class", text));
        return false;
    }

    return true;
}

static void
check_role(bx_call *c, bulk *b, bulk_row *r)
{
    admin_fault  f;
    bx_unit      unit;

    if (*r->cells[COL_ROLE] == '\0') {
        add_fault(c, r, "role", "required", NULL);
        return;
    }

    r->role = role_named(c, b, r->cells[COL_ROLE]);
    if (r->role == NULL) {
        add_fault(c, r, "role", "admin.role_unknown", NULL);
        return;
    }
    if (!place_of(c, b, r, &unit)) {
        return;
    }

    admin_role_fault(c, &b->powers, r->role, &unit, "role", &f);
    if (f.code != BX_E_NONE) {
        add_fault(c, r, "role", f.reason, json_incref(f.params));
    }
    r->unit = unit.id;
    r->unit_name = unit.name;
}

static void
check_who(bx_call *c, bulk_row *r)
{
    char  *login = bx_strdup(c->arena, r->cells[COL_LOGIN]);

    if (*r->cells[COL_NAME] == '\0') {
        add_fault(c, r, "name", "required", NULL);
    } else if (bx_utf8_count(r->cells[COL_NAME]) > BX_MAX_NAME) {
        add_fault(c, r, "name", "too_long", json_pack("{s:i}", "max", BX_MAX_NAME));
    }

    for (char *p = login; p != NULL && *p != '\0'; p++) {
        if (*p >= 'A' && *p <= 'Z') {
            *p = (char) (*p + 32);
        }
    }
    if (login != NULL && *login != '\0') {
        r->login = login;
        if (!bx_login_ok(login)) {
            add_fault(c, r, "login", "admin.login_form", NULL);
        }
    }

    if (*r->cells[COL_PHONE] != '\0') {
        r->phone = bx_phone_normal(c->arena, r->cells[COL_PHONE]);
        if (r->phone == NULL) {
            add_fault(c, r, "phone", "admin.phone_form", NULL);
        }
    } else if (r->login == NULL) {
        add_fault(c, r, "login", "admin.login_or_phone", NULL);
    }
}

/* The same login or phone twice in the table. */
static void
check_twins(bx_call *c, bulk *b)
{
    for (size_t i = 0; i < b->n; i++) {
        for (size_t k = 0; k < i; k++) {
            bulk_row  *one = &b->rows[i], *before = &b->rows[k];
            int        line = (int) before->line;

            if (one->login != NULL && before->login != NULL && strcmp(one->login, before->login) == 0) {
                add_fault(c, one, "login", "admin.same_row", json_pack("{s:i}", "row", line));
            }
            if (one->phone != NULL && before->phone != NULL && strcmp(one->phone, before->phone) == 0) {
                add_fault(c, one, "phone", "admin.same_row", json_pack("{s:i}", "row", line));
            }
        }
    }
}

/* Logins and phones that somebody has already. */
static bx_rc
check_taken(bx_call *c, bulk *b)
{
    bx_value     args[2 * BX_ADMIN_PAGE];
    size_t       nargs = 0;
    const char  *logins, *phones;
    bx_rows      rows;

    for (size_t i = 0; i < b->n; i++) {
        args[i] = bx_text(b->rows[i].login);
    }
    logins = admin_marks(c, b->n, args, &nargs);
    for (size_t i = 0; i < b->n; i++) {
        args[nargs + i] = b->rows[i].phone == NULL ? bx_null() : bx_lookup_hash(c->arena, "phone", b->rows[i].phone);
    }
    phones = admin_marks(c, b->n, args, &nargs);

    if (bx_query(c, &rows, bx_sprintf(c->arena, "SELECT login, NULL AS phone FROM account WHERE login IN (%s)"
                                                " UNION ALL SELECT NULL, phone_hash FROM account WHERE phone_hash IN (%s)", logins, phones),
                 args, nargs) != BX_OK)
    {
        return BX_FAIL;
    }

    for (size_t k = 0; k < rows.nrows; k++) {
        const char      *login = bx_cell_text(&rows, k, 0);
        const bx_value  *phone = bx_cell(&rows, k, 1);

        for (size_t i = 0; i < b->n; i++) {
            bulk_row  *r = &b->rows[i];

            if (login != NULL && r->login != NULL && strcmp(login, r->login) == 0) {
                add_fault(c, r, "login", "admin.login_taken", NULL);
            }
            if (phone->kind != BX_V_NULL && r->phone != NULL
                && memcmp(phone->s, bx_lookup_hash(c->arena, "phone", r->phone).s, 32) == 0)
            {
                add_fault(c, r, "phone", "admin.phone_taken", NULL);
            }
        }
    }

    return BX_OK;
}

static bx_rc
bulk_read(bx_call *c, bulk *b)
{
    static const char  sql[] =
        "SELECT u.name, u.level, u.stage, u.entry_year, COALESCE(u.class_no, 0) AS class_no, u.id, u.path FROM org_unit u"
        " WHERE u.school_id = ? AND u.level IN ('grade', 'class') AND u.closed_on IS NULL ORDER BY u.id";

    if (admin_unit_read(c, "position.manage", admin_body_id(c, "school_id"), "school_id", &b->school) != BX_OK) {
        return BX_FAIL;
    }
    if (strcmp(b->school.u.level, "school") != 0) {
        return bx_refuse(c, BX_E_INVALID, "school_id", "admin.not_school", NULL);
    }
    if (read_lines(c, b, admin_body_text(c, "text")) != BX_OK || admin_powers_load(c, &b->powers) != BX_OK
        || bx_query(c, &b->units, sql, BX_ARGS(bx_int(b->school.u.id))) != BX_OK)
    {
        return BX_FAIL;
    }

    for (size_t i = 0; i < b->n; i++) {
        check_who(c, &b->rows[i]);
        check_role(c, b, &b->rows[i]);
    }
    check_twins(c, b);
    if (check_taken(c, b) != BX_OK) {
        return BX_FAIL;
    }

    for (size_t i = 0; i < b->n; i++) {
        b->bad += b->rows[i].nfaults > 0;
    }

    return BX_OK;
}

/* ---- answers */

static json_t *
row_json(bx_call *c, const bulk_row *r)
{
    json_t  *errors = json_array();

    for (unsigned i = 0; i < r->nfaults; i++) {
        const row_fault  *f = &r->faults[i];

        json_array_append_new(errors, json_pack("{s:s, s:s, s:s}", "field", f->field, "code", f->reason, "message",
            bx_tr(c->arena, bx_call_lang(c), bx_sprintf(c->arena, "error.%s", f->reason), f->params)));
    }

    return json_pack("{s:i, s:s, s:s, s:s, s:s, s:s, s:s?, s:s?, s:o}", "row", (int) r->line,
                     fields[COL_NAME], r->cells[COL_NAME], fields[COL_LOGIN], r->cells[COL_LOGIN],
                     fields[COL_PHONE], r->cells[COL_PHONE], fields[COL_ROLE], r->cells[COL_ROLE],
                     fields[COL_CLASS], r->cells[COL_CLASS], "role_label", r->role == NULL ? NULL : admin_role_label(c, r->role),
                     "unit_name", r->unit_name, "errors", errors);
}

static json_t *
rows_json(bx_call *c, const bulk *b)
{
    json_t  *rows = json_array();

    for (size_t i = 0; i < b->n; i++) {
        json_array_append_new(rows, row_json(c, &b->rows[i]));
    }

    return rows;
}

/* Writes nothing: the answer is not kept, a repeated request reads again. */
bx_rc
admin_bulk_preview(bx_call *c)
{
    bulk  b = { .n = 0 };

    if (bulk_read(c, &b) != BX_OK) {
        return BX_FAIL;
    }

    return bx_answer(c, 200, json_pack("{s:o, s:i, s:i}", "rows", rows_json(c, &b), "good", (int) (b.n - b.bad), "bad", (int) b.bad));
}

static bx_rc
queue_row(bx_call *c, const bulk_row *r, json_t *made, json_t *plain)
{
    char            *hash;
    const char      *password = bx_code_new(c->arena, PASSWORD_CHARS);
    bx_new_account   a = { .name = r->cells[COL_NAME], .login = r->login, .phone = r->phone, .must_change = true };

    if (password == NULL || bx_password_hash(c->arena, password, &hash, &c->error) != BX_OK) {
        return bx_refuse(c, BX_E_INTERNAL, NULL, NULL, NULL);
    }

    a.password_hash = hash;
    if (bx_account_queue(c, &a) != BX_OK
        || bx_position_queue(c, a.id, r->role, r->unit, bx_date_of(c->now), BX_NO_DATE, NULL) != BX_OK)
    {
        return BX_FAIL;
    }

    json_array_append_new(plain, json_string(password));
    json_array_append_new(made, json_pack("{s:i, s:o, s:s, s:s?, s:s?, s:s, s:s, s:n}", "row", (int) r->line, "id", bx_id_json(a.id),
        "name", a.name, "login", a.login, "phone", a.phone == NULL ? NULL : bx_mask(c->arena, "phone", a.phone),
        "role_label", admin_role_label(c, r->role), "unit_name", r->unit_name, "password"));
    return BX_OK;
}

bx_rc
admin_bulk_create(bx_call *c)
{
    bulk     b = { .n = 0 };
    json_t  *made = json_array(), *plain = bx_own(c->arena, json_array()), *one;
    json_t  *answer = bx_own(c->arena, json_pack("{s:o}", "created", made));
    size_t   i;

    if (bulk_read(c, &b) != BX_OK) {
        return BX_FAIL;
    }
    if (b.bad == b.n || (b.bad > 0 && !json_is_true(json_object_get(c->body, "only_good")))) {
        bx_refuse_add(c, "rows", rows_json(c, &b));
        return bx_refuse(c, BX_E_INVALID, "text", "admin.rows_bad", json_pack("{s:i}", "n", (int) b.bad));
    }

    for (i = 0; i < b.n; i++) {
        if (b.rows[i].nfaults == 0 && queue_row(c, &b.rows[i], made, plain) != BX_OK) {
            return BX_FAIL;
        }
    }

    bx_answer(c, 201, json_incref(answer));
    if (bx_commit(c, b.school.u.id, "create_many", "accounts", 0,
                  bx_own(c->arena, json_pack("{s:i, s:s}", "accounts", (int) json_array_size(made), "unit", b.school.u.name))) != BX_OK)
    {
        return BX_FAIL;
    }

    json_array_foreach(plain, i, one) {
        if (c->bytes == NULL) {
            json_object_set(json_array_get(made, i), "password", one);
        }
    }
    return BX_OK;
}
