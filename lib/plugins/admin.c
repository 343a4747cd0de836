/*
 * admin.c: administration: its tables, and the two questions every change is asked (admin.h): where, and what.
 * Owns which role fits which level and what exceeds the caller. Does not own accounts (admin_account.c), units
 * (admin_unit.c), positions (admin_position.c), roles and rules (admin_role.c), nor the school's checklist (admin_setup.c).
 */
#include "plugins/admin.h"
#include "plugins/account.h"
#include "flow/classname.h"

#include <stdio.h>
#include <string.h>

/* ---- small things */

const char *
admin_today(bx_call *c)
{
    return bx_date_text(c->arena, bx_date_of(c->now));
}

const char *
admin_body_text(const bx_call *c, const char *name)
{
    const char  *s = json_string_value(json_object_get(c->body, name));

    s = s == NULL ? NULL : bx_trim(c->arena, s);
    return s == NULL || *s == '\0' ? NULL : s;
}

bx_id
admin_body_id(const bx_call *c, const char *name)
{
    return bx_id_parse(json_string_value(json_object_get(c->body, name)));
}

bx_date
admin_body_date(const bx_call *c, const char *name, bx_date otherwise)
{
    const char  *s = admin_body_text(c, name);

    return s == NULL ? otherwise : bx_date_parse(s);
}

const char *
admin_marks(bx_call *c, size_t n, bx_value *args, size_t *nargs)
{
    static const size_t  sizes[] = { 1, 8, 48, BX_ADMIN_PAGE };
    size_t               k = 0, first = *nargs;
    bx_buf               b;

    while (sizes[k] < n) {
        k++;
    }

    bx_buf_init(&b, c->arena);
    for (size_t i = 0; i < sizes[k]; i++) {
        bx_buf_str(&b, i == 0 ? "?" : ",?");
        if (i >= n) {
            args[first + i] = bx_int(0);
        }
    }

    *nargs += sizes[k];
    return b.failed ? NULL : b.data;
}

bx_rc
admin_refuse(bx_call *c, const admin_fault *f)
{
    return f->code == BX_E_NONE ? BX_OK : bx_refuse(c, f->code, f->field, f->reason, json_incref(f->params));
}

const char *
admin_why(bx_call *c, const admin_fault *f)
{
    return f->code == BX_E_NONE ? NULL
           : bx_tr(c->arena, bx_call_lang(c), bx_sprintf(c->arena, "error.%s", f->reason), f->params);
}

/* ---- where */

static bool
on_path(const char *path, bx_id unit)
{
    char         id[24];
    size_t       n;
    const char  *p = path;

    n = (size_t) snprintf(id, sizeof(id), "/%lld/", (long long) unit);
    for (; p != NULL && (p = strstr(p, id)) != NULL; p++) {
        if (strncmp(p, id, n) == 0) {
            return true;
        }
    }

    return false;
}

static bool
grant_has(const bx_session_grant *g, const char *capability)
{
    int  cap = bx_capability_index(capability);

    return cap >= 0 && g->level != BX_LEVEL_CHILDREN && (g->caps[cap / 64] >> (cap % 64) & 1u) != 0;
}

bool
admin_covers(const bx_call *c, const char *capability, const char *path)
{
    for (unsigned i = 0; c->who != NULL && i < c->who->ngrants; i++) {
        if (grant_has(&c->who->grants[i], capability) && on_path(path, c->who->grants[i].unit)) {
            return true;
        }
    }

    return c->trusted;
}

bool
admin_at_root(const bx_call *c, const char *capability)
{
    for (unsigned i = 0; c->who != NULL && i < c->who->ngrants; i++) {
        if (c->who->grants[i].level == BX_LEVEL_ROOT && grant_has(&c->who->grants[i], capability)) {
            return true;
        }
    }

    return c->trusted;
}

const char *
admin_unit_label(bx_call *c, const bx_rows *rows, size_t i, size_t first)
{
    const char  *level = bx_cell_text(rows, i, first + 1), *stage = bx_cell_text(rows, i, first + 2);

    if (level != NULL && stage != NULL && strcmp(level, "grade") == 0) {
        int  grade = bx_class_grade(stage, (int) bx_cell_int(rows, i, first + 3), bx_school_year(bx_date_of(c->now)));

        return grade == 0 ? bx_cell_text(rows, i, first) : bx_tr(c->arena, bx_call_lang(c), bx_sprintf(c->arena, "grade.%d", grade), NULL);
    }
    if (level == NULL || stage == NULL || strcmp(level, "class") != 0) {
        return bx_cell_text(rows, i, first);
    }

    return bx_class_label(c->arena, bx_call_lang(c), stage, (int) bx_cell_int(rows, i, first + 3),
                          (int) bx_cell_int(rows, i, first + 4), bx_date_of(c->now));
}

bx_rc
admin_unit_read(bx_call *c, const char *capability, bx_id id, const char *field, admin_unit *out)
{
    static const char  sql[] =
        "SELECT u.name, u.level, u.stage, u.entry_year, u.class_no, u.id, u.parent_id, u.school_id, u.township_id, u.code,"
        " u.path, u.version, u.closed_on FROM org_unit u WHERE u.id = ?";
    bx_rows  rows;

    if (bx_query(c, &rows, sql, BX_ARGS(bx_int(id))) != BX_OK) {
        return BX_FAIL;
    }
    if (rows.nrows == 0 || !admin_covers(c, capability, bx_cell_text(&rows, 0, 10))) {
        return field == NULL ? bx_refuse(c, BX_E_NOT_FOUND, NULL, NULL, NULL)
                             : bx_refuse(c, BX_E_INVALID, field, "admin.unit_not_found", NULL);
    }

    *out = (admin_unit) {
        .u = { .id = id, .parent = bx_cell_int(&rows, 0, 6), .school = bx_cell_int(&rows, 0, 7),
               .township = bx_cell_int(&rows, 0, 8), .level = bx_cell_text(&rows, 0, 1), .name = admin_unit_label(c, &rows, 0, 0),
               .code = bx_cell_text(&rows, 0, 9), .path = bx_cell_text(&rows, 0, 10), .stage = bx_cell_text(&rows, 0, 2) },
        .version = bx_cell_int(&rows, 0, 11), .entry_year = (int) bx_cell_int(&rows, 0, 3),
        .class_no = (int) bx_cell_int(&rows, 0, 4), .closed_on = bx_cell_text(&rows, 0, 12)
    };
    return BX_OK;
}

bx_id
admin_chain(const bx_unit *u)
{
    return u->school != 0 ? u->school : u->id;
}

/* ---- what */

/* Roles of the built-in workflows and where they are held; others fit everywhere. In the order of the portal's lists. */
static const struct { const char *role, *levels; } fits[] = {
    { "admin",     "county township central_school school" },
    { "county",    "county" },
    { "township",  "township central_school" },
    { "principal", "central_school school" },
    { "vice",      "central_school school" },
    { "office",    "central_school school" },
    { "registrar", "central_school school" },
    { "psych",     "central_school school" },
    { "grade",     "grade" },
    { "teacher",   "class" },
    { "subject",   "class" },
    { "guardian",  "" }
};

static const char *
levels_of(const char *role)
{
    for (size_t i = 0; i < sizeof(fits) / sizeof(fits[0]); i++) {
        if (strcmp(fits[i].role, role) == 0) {
            return fits[i].levels;
        }
    }

    return "county township central_school school grade class";
}

const char *
admin_role_label(bx_call *c, const char *role)
{
    return bx_tr(c->arena, bx_call_lang(c), bx_sprintf(c->arena, "role.%s", role), NULL);
}

/* Do the plugins give the capability to a role that is, or is not, one of an administration? */
static bool
granted_to(const char *capability, bool administration)
{
    size_t                   n;
    const bx_plugin *const  *list = bx_plugins(&n);

    for (size_t i = 0; i < n; i++) {
        for (const bx_grant *g = list[i]->grants; g != NULL && g->role != NULL; g++) {
            bool  above = bx_word_in("admin county township", g->role);

            if ((administration ? strcmp(g->role, "admin") == 0 : !above) && bx_word_in(g->capabilities, capability)) {
                return true;
            }
        }
    }

    return false;
}

bool
admin_is_administrative(const char *capability)
{
    return granted_to(capability, true) && !granted_to(capability, false);
}

bx_rc
admin_powers_load(bx_call *c, admin_powers *out)
{
    static const char  sql[] = "SELECT role, capability, granted FROM role_capability ORDER BY role, capability";
    bx_rows            rows;

    if (bx_query(c, &rows, sql, BX_NO_ARGS) != BX_OK) {
        return BX_FAIL;
    }

    out->n = 0;
    out->row = bx_alloc(c->arena, (rows.nrows + 1) * 2 * sizeof(*out->row));
    if (out->row == NULL) {
        return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
    }

    for (size_t i = 0; i < rows.nrows; i++) {
        const char  *role = bx_cell_text(&rows, i, 0), *capability = bx_cell_text(&rows, i, 1);

        if (out->n == 0 || strcmp(out->row[out->n - 1].role, role) != 0) {
            out->row[out->n].role = role;
            out->row[out->n++].capability = NULL;
        }
        if (bx_cell_int(&rows, i, 2) != 0 && admin_is_administrative(capability)) {
            out->row[out->n].role = role;
            out->row[out->n++].capability = capability;
        }
    }

    return BX_OK;
}

const char *
admin_exceeds(const bx_call *c, const admin_powers *all, const char *role, const char *path)
{
    for (size_t i = 0; i < all->n; i++) {
        if (all->row[i].capability != NULL && strcmp(all->row[i].role, role) == 0
            && !admin_covers(c, all->row[i].capability, path))
        {
            return all->row[i].capability;
        }
    }

    return NULL;
}

static bool
role_known(const admin_powers *all, const char *role)
{
    for (size_t i = 0; i < all->n; i++) {
        if (strcmp(all->row[i].role, role) == 0) {
            return true;
        }
    }

    return false;
}

static const char *
levels_text(bx_call *c, const char *levels)
{
    bx_buf  b;

    bx_buf_init(&b, c->arena);
    for (const char *p = levels; *p != '\0'; p += strspn(p, " ")) {
        size_t  n = strcspn(p, " ");

        bx_buf_printf(&b, "%s%s", b.len > 0 ? bx_tr(c->arena, bx_call_lang(c), "admin.or", NULL) : "",
                      bx_tr(c->arena, bx_call_lang(c), bx_sprintf(c->arena, "unit.level.%.*s", (int) n, p), NULL));
        p += n;
    }

    return b.data;
}

void
admin_role_fault(bx_call *c, const admin_powers *all, const char *role, const bx_unit *unit, const char *field, admin_fault *out)
{
    const char  *levels = levels_of(role), *beyond;

    *out = (admin_fault) { .code = BX_E_NONE, .field = field };

    if (!role_known(all, role) || *levels == '\0') {
        out->code = BX_E_INVALID;
        out->reason = "admin.role_unknown";
        return;
    }
    if (!bx_word_in(levels, unit->level)) {
        out->code = BX_E_INVALID;
        out->reason = "admin.role_level";
        out->params = bx_own(c->arena, json_pack("{s:s, s:s, s:s}", "role", admin_role_label(c, role),
                                                 "levels", levels_text(c, levels), "unit", unit->name));
        return;
    }

    beyond = admin_exceeds(c, all, role, unit->path);
    if (beyond != NULL) {
        out->code = BX_E_FORBIDDEN;
        out->reason = "admin.role_exceeds";
        out->params = bx_own(c->arena, json_pack("{s:s, s:s}", "role", admin_role_label(c, role), "capability",
            bx_tr(c->arena, bx_call_lang(c), bx_sprintf(c->arena, "capability.%s", beyond), NULL)));
    }
}

static json_t *
givable_json(bx_call *c, const char *role, const admin_fault *f)
{
    return json_pack("{s:s, s:s, s:b, s:s?}", "role", role, "label", admin_role_label(c, role), "may", f->code == BX_E_NONE,
                     "why", admin_why(c, f));
}

size_t
admin_role_rank(const char *role)
{
    size_t  at = 0;

    while (at < sizeof(fits) / sizeof(fits[0]) && strcmp(fits[at].role, role) != 0) {
        at++;
    }

    return at;
}

size_t
admin_role_ranks(void)
{
    return sizeof(fits) / sizeof(fits[0]);
}

bx_rc
admin_givable_json(bx_call *c, const bx_unit *unit, json_t **out)
{
    admin_powers  all;
    admin_fault   f;
    json_t       *list;

    if (admin_powers_load(c, &all) != BX_OK) {
        return BX_FAIL;
    }

    list = json_array();
    for (size_t k = 0; k <= admin_role_ranks(); k++) {
        for (size_t i = 0; i < all.n; i++) {
            const char  *role = all.row[i].role;

            if (all.row[i].capability == NULL && admin_role_rank(role) == k && bx_word_in(levels_of(role), unit->level)) {
                admin_role_fault(c, &all, role, unit, "role", &f);
                json_array_append_new(list, givable_json(c, role, &f));
            }
        }
    }

    *out = list;
    return BX_OK;
}

/* ---- tables */

#define WORD           "[a-z0-9._-]+"          /* columns of roles, capabilities and rules know ASCII only */
#define LOGIN_PATTERN  "[A-Za-z][A-Za-z0-9._@-]*"

static const bx_field account_fields[] = {
    /* name        type      flags        min  max  arg  pattern        read  write */
    { "name",      BX_TEXT,  BX_REQUIRED,   1,  60, NULL, NULL,          NULL, NULL },
    { "login",     BX_TEXT,  0,             2,  64, NULL, LOGIN_PATTERN, NULL, NULL },
    { "phone",     BX_TEXT,  0,             5,  40, NULL, NULL,          NULL, NULL },
    { "role",      BX_TEXT,  BX_REQUIRED,   1,  32, NULL, NULL,          NULL, NULL },
    { "unit_id",   BX_REF,   BX_REQUIRED,   0,   0, "org-units", NULL,   NULL, NULL },
    { "starts_on", BX_DATE,  0,             0,   0, NULL, NULL,          NULL, NULL },
    { NULL }
};

static const bx_field rename_fields[] = {
    { "name",      BX_TEXT,  BX_REQUIRED,   1,  60, NULL, NULL,          NULL, NULL },
    { "login",     BX_TEXT,  0,             2,  64, NULL, LOGIN_PATTERN, NULL, NULL },
    { "phone",     BX_TEXT,  0,             5,  40, NULL, NULL,          NULL, NULL },
    { "password",  BX_TEXT,  0,             1, BX_ACCOUNT_TYPED, NULL, NULL, NULL, NULL },     /* the caller's own, read as it was typed */
    { NULL }
};

static const bx_field reason_fields[] = {
    { "reason",    BX_TEXT,  0,             1, 200, NULL, NULL,          NULL, NULL },
    { NULL }
};

static const bx_field factor_fields[] = {
    { "reason",    BX_TEXT,  0,             1, 200, NULL, NULL,          NULL, NULL },
    { "password",  BX_TEXT,  0,             1, BX_ACCOUNT_TYPED, NULL, NULL, NULL, NULL },     /* the caller's own, read as it was typed */
    { NULL }
};

static const bx_field bulk_fields[] = {
    { "school_id", BX_REF,   BX_REQUIRED,   0,   0, "org-units", NULL,   NULL, NULL },
    { "text",      BX_TEXT,  BX_REQUIRED,   1, 20000, NULL, NULL,        NULL, NULL },
    { "only_good", BX_BOOL,  0,             0,   0, NULL, NULL,          NULL, NULL },
    { NULL }
};

static const bx_field unit_fields[] = {
    { "parent_id", BX_REF,   BX_REQUIRED,   0,   0, "org-units", NULL,   NULL, NULL },
    { "level",     BX_CODE,  BX_REQUIRED,   0,   0, "unit_level", NULL,  NULL, NULL },
    { "name",      BX_TEXT,  BX_REQUIRED,   2, 100, NULL, NULL,          NULL, NULL },
    { "code",      BX_TEXT,  BX_REQUIRED,   1,  20, NULL, "[0-9]+",      NULL, NULL },
    { "stage",     BX_CODE,  0,             0,   0, "stage", NULL,       NULL, NULL },
    { NULL }
};

static const bx_field unit_rename_fields[] = {
    { "name",      BX_TEXT,  BX_REQUIRED,   2, 100, NULL, NULL,          NULL, NULL },
    { "code",      BX_TEXT,  0,             1,  20, NULL, "[0-9]+",      NULL, NULL },
    { NULL }
};

static const bx_field close_fields[] = {
    { "closed_on", BX_DATE,  0,             0,   0, NULL, NULL,          NULL, NULL },
    { "reason",    BX_TEXT,  BX_REQUIRED,   2, 200, NULL, NULL,          NULL, NULL },
    { NULL }
};

static const bx_field move_fields[] = {
    { "parent_id", BX_REF,   BX_REQUIRED,   0,   0, "org-units", NULL,   NULL, NULL },
    { "reason",    BX_TEXT,  BX_REQUIRED,   2, 200, NULL, NULL,          NULL, NULL },
    { NULL }
};

static const bx_field position_fields[] = {
    { "account_id", BX_REF,  0,             0,   0, "accounts", NULL,    NULL, NULL },
    { "who",       BX_TEXT,  0,             1,  64, NULL, NULL,          NULL, NULL },
    { "role",      BX_TEXT,  BX_REQUIRED,   1,  32, NULL, NULL,          NULL, NULL },
    { "unit_id",   BX_REF,   BX_REQUIRED,   0,   0, "org-units", NULL,   NULL, NULL },
    { "starts_on", BX_DATE,  0,             0,   0, NULL, NULL,          NULL, NULL },
    { "ends_on",   BX_DATE,  0,             0,   0, NULL, NULL,          NULL, NULL },
    { NULL }
};

static const bx_field position_end_fields[] = {
    { "ends_on",   BX_DATE,  0,             0,   0, NULL, NULL,          NULL, NULL },
    { NULL }
};

static const bx_field hand_over_fields[] = {
    { "account_id", BX_REF,  0,             0,   0, "accounts", NULL,    NULL, NULL },
    { "who",       BX_TEXT,  0,             1,  64, NULL, NULL,          NULL, NULL },
    { "starts_on", BX_DATE,  0,             0,   0, NULL, NULL,          NULL, NULL },
    { NULL }
};

static const bx_field role_fields[] = {
    { "role",      BX_TEXT,  BX_REQUIRED,   1,  32, NULL, WORD,          NULL, NULL },
    { "capability", BX_TEXT, BX_REQUIRED,   1,  64, NULL, WORD,          NULL, NULL },
    { "granted",   BX_BOOL,  BX_REQUIRED,   0,   0, NULL, NULL,          NULL, NULL },
    { NULL }
};

static const bx_field rule_set_fields[] = {
    { "key",       BX_TEXT,  BX_REQUIRED,   1,  64, NULL, NULL,          NULL, NULL },
    { "unit_id",   BX_REF,   BX_REQUIRED,   0,   0, "org-units", NULL,   NULL, NULL },
    { "value",     BX_TEXT,  BX_REQUIRED,   1, 255, NULL, NULL,          NULL, NULL },
    { "reason",    BX_TEXT,  BX_REQUIRED,   2, 200, NULL, NULL,          NULL, NULL },
    { NULL }
};

static const bx_field rule_clear_fields[] = {
    { "key",       BX_TEXT,  BX_REQUIRED,   1,  64, NULL, NULL,          NULL, NULL },
    { "unit_id",   BX_REF,   BX_REQUIRED,   0,   0, "org-units", NULL,   NULL, NULL },
    { "reason",    BX_TEXT,  BX_REQUIRED,   2, 200, NULL, NULL,          NULL, NULL },
    { NULL }
};

static const bx_field text_set_fields[] = {
    { "key",       BX_TEXT,  BX_REQUIRED,   1,  96, NULL, NULL,          NULL, NULL },
    { "unit_id",   BX_REF,   BX_REQUIRED,   0,   0, "org-units", NULL,   NULL, NULL },
    { "zh",        BX_TEXT,  BX_REQUIRED,   1, 2000, NULL, NULL,         NULL, NULL },
    { "en",        BX_TEXT,  0,             1, 2000, NULL, NULL,         NULL, NULL },
    { "reason",    BX_TEXT,  BX_REQUIRED,   2, 200, NULL, NULL,          NULL, NULL },
    { NULL }
};

static const bx_field text_clear_fields[] = {
    { "key",       BX_TEXT,  BX_REQUIRED,   1,  96, NULL, NULL,          NULL, NULL },
    { "unit_id",   BX_REF,   BX_REQUIRED,   0,   0, "org-units", NULL,   NULL, NULL },
    { "reason",    BX_TEXT,  BX_REQUIRED,   2, 200, NULL, NULL,          NULL, NULL },
    { NULL }
};

static const bx_route routes[] = {
    { "GET",   "accounts",                   "account.read",   admin_accounts_list,    BX_PERSONAL, NULL,
      "accounts of staff, or of guardians, in scope" },
    { "GET",   "accounts/{id}",              "account.read",   admin_account_show,     BX_PERSONAL, NULL,
      "one account with its positions and what may be done with it" },
    { "POST",  "accounts",                   "account.manage", admin_account_create,   BX_PASSWORD, account_fields,
      "make an account of staff with a first position; its password is told once" },
    { "POST",  "accounts/preview",           "account.manage", admin_bulk_preview,     0, bulk_fields,
      "what a pasted table of staff would make, row by row" },
    { "POST",  "accounts/bulk-create",       "account.manage", admin_bulk_create,      BX_PASSWORD, bulk_fields,
      "make the accounts of a pasted table; their passwords are told once" },
    { "PATCH", "accounts/{id}",              "account.manage", admin_account_rename,   BX_PASSWORD, rename_fields,
      "name, login and phone of an account of staff; the latter two with the own password" },
    { "POST",  "accounts/{id}/reset-password", "account.manage", admin_account_password, BX_PASSWORD, reason_fields,
      "give a password that must be changed; all sessions end" },
    { "POST",  "accounts/{id}/remove-factor", "account.manage", admin_account_remove_factor, BX_PASSWORD, factor_fields,
      "ask for no codes any more: the app is lost; with the own password; all sessions end" },
    { "POST",  "accounts/{id}/disable",      "account.manage", admin_account_disable,  0, reason_fields,
      "lock somebody out, at once" },
    { "POST",  "accounts/{id}/enable",       "account.manage", admin_account_enable,   0, reason_fields,
      "let somebody in again" },
    { "POST",  "accounts/{id}/sign-out",     "account.manage", admin_account_sign_out, 0, reason_fields,
      "end all sessions of an account" },
    { "GET",   "org-units/tree",             "unit.read",      admin_unit_tree,        0, NULL,
      "the caller's topmost units, or units whose name or code has ?q=" },
    { "GET",   "org-units/{id}/overview",    "unit.read",      admin_unit_overview,    0, NULL,
      "a unit, what lies under it, who holds what in it" },
    { "POST",  "org-units",                  "unit.manage",    admin_unit_create,      0, unit_fields,
      "make a township, central school or school" },
    { "POST",  "org-units/classes",          "unit.manage",    admin_unit_classes,     0, NULL,
      "make the classes of a school that are missing, up to so many of each grade" },
    { "PATCH", "org-units/{id}",             "unit.manage",    admin_unit_rename,      0, unit_rename_fields,
      "name and code of a unit" },
    { "POST",  "org-units/{id}/close",       "unit.manage",    admin_unit_close,       0, close_fields,
      "close a unit and what lies under it, from a day" },
    { "POST",  "org-units/{id}/reopen",      "unit.manage",    admin_unit_reopen,      0, reason_fields,
      "open a closed unit again" },
    { "POST",  "org-units/{id}/move",        "unit.manage",    admin_unit_move,        0, move_fields,
      "a school comes to another township or central school; its records follow" },
    { "GET",   "org-units/{id}/moves",       "unit.read",      admin_unit_moves,       0, NULL,
      "where a school was before, and why it moved" },
    { "GET",   "positions",                  "account.read",   admin_positions_list,   0, NULL,
      "who holds which role from when to when, at a unit or of an account" },
    { "POST",  "positions",                  "position.manage", admin_position_create, 0, position_fields,
      "appoint somebody" },
    { "POST",  "positions/{id}/end",         "position.manage", admin_position_end,    0, position_end_fields,
      "end a position: at once, or after a day" },
    { "POST",  "positions/{id}/hand-over",   "position.manage", admin_position_hand_over, 0, hand_over_fields,
      "end a position and begin somebody else's, in one transaction" },
    { "GET",   "roles",                      "role.read",      admin_roles_list,       0, NULL,
      "what every role may do" },
    { "POST",  "roles/set",                  "role.manage",    admin_role_set,         0, role_fields,
      "give a capability to a role, or take it away" },
    { "POST",  "rules/set",                  "rule.manage",    admin_rule_set,         0, rule_set_fields,
      "override a rule for a unit and what lies under it" },
    { "POST",  "rules/clear",                "rule.manage",    admin_rule_clear,       0, rule_clear_fields,
      "take an override away" },
    { "GET",   "rules/history",              "rule.read",      admin_rule_history,     0, NULL,
      "earlier values of a rule at a unit" },
    { "GET",   "unit-texts",                 "text.manage",    admin_texts_show,       0, NULL,
      "the words of documents as they hold for a unit, with whose they are" },
    { "POST",  "unit-texts/set",             "text.manage",    admin_text_set,         0, text_set_fields,
      "words of a document in a unit's own way, for it and what lies under it" },
    { "POST",  "unit-texts/clear",           "text.manage",    admin_text_clear,       0, text_clear_fields,
      "the words of the level above again" },
    { "GET",   "unit-texts/history",         "text.manage",    admin_text_history,     0, NULL,
      "earlier words of a document at a unit" },
    { "GET",   "setup",                      "unit.manage",    admin_setup,            0, NULL,
      "what a school still needs before a term, computed from its data" },
    { "GET",   "installed-plugins",          "plugin.read",    admin_plugins,          0, NULL,
      "the workflows this server runs with" },
    { NULL }
};

#define READS    "account.read unit.read rule.read role.read"
#define MANAGES  READS " account.manage unit.manage position.manage rule.manage text.manage plugin.read"

/* role.manage counts at the root of the tree only: roles are the whole county's. */
static const bx_grant grants[] = {
    { "admin",     MANAGES " role.manage calendar.read" },
    { "county",    MANAGES " role.manage" },
    { "township",  "account.read role.read" },
    { "principal", "account.read role.read" },
    { "vice",      "account.read role.read" },
    { NULL }
};

/* Keys that begin with "admin" make up one group of the portal's menu. */
static const bx_menu menu[] = {
    { "admin",          "#/admin",             "set",    "unit.manage" },
    { "admin.accounts", "#/accounts",          "users",  "account.read" },
    { "admin.units",    "#/org-units",         "pin",    "account.read" },
    { "admin.roles",    "#/roles",             "key",    "role.read" },
    { "admin.rules",    "#/rules",             "list",   "rule.manage" },
    { "admin.texts",    "#/texts",             "text",   "plugin.read" },
    { "admin.plugins",  "#/installed-plugins", "box",    "plugin.read" },
    { NULL }
};

static const bx_job jobs[] = {
    { "admin.moves", 10, admin_moves_follow },
    { NULL }
};

const bx_plugin bx_plugin_admin = {
    .abi = BX_PLUGIN_ABI, .name = "admin", .routes = routes, .jobs = jobs, .grants = grants, .menu = menu
};
