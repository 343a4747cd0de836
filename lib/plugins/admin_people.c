/*
 * admin_people.c: accounts as administration sees them: with their positions, the children of guardians, and whether the
 * caller may manage them. An account is seen by whoever may see one of its positions, past ones too, or one of its children;
 * it is managed by whoever manages all of them: a password that opens another school is not given here.
 */
#include "plugins/admin.h"

#include <string.h>

#define MAX_CHILDREN  16                      /* of one account, shown and asked about: a further one counts as elsewhere */

static const char sql_accounts[] =
    "SELECT a.id, a.version, a.name, a.login, a.phone_sealed, a.must_change, a.password IS NULL AS no_password, a.language,"
    " a.disabled_at, a.signed_in_at, a.created_at,"
    " EXISTS (SELECT 1 FROM second_factor f WHERE f.account_id = a.id AND f.enrolled_at IS NOT NULL) AS factor FROM account a WHERE a.id IN (";

static const char sql_posts[] =
    "SELECT u.name, u.level, u.stage, u.entry_year, u.class_no, p.id, p.version, p.account_id, p.role, p.unit_id, u.school_id, u.path,"
    " p.starts_on, p.ends_on, s.name AS school FROM position p JOIN org_unit u ON u.id = p.unit_id"
    " LEFT JOIN org_unit s ON s.id = u.school_id WHERE p.account_id IN (";

static const char sql_posts_order[] = ") ORDER BY p.ends_on IS NOT NULL, p.ends_on DESC, p.starts_on DESC, p.id";

static const char sql_children[] =
    "SELECT DISTINCT u.name, u.level, u.stage, u.entry_year, u.class_no, g.account_id, s.name AS child, u.path, s.school_id, s.id"
    " FROM guardian g JOIN student_guardian sg ON sg.guardian_id = g.id AND sg.ends_on IS NULL"
    " JOIN student s ON s.id = sg.student_id JOIN org_unit u ON u.id = s.class_id WHERE g.account_id IN (";

/* The statement with the ids between its halves. */
static bx_rc
query_ids(bx_call *c, bx_rows *rows, const char *head, const char *tail, const bx_id *ids, size_t n)
{
    bx_value     args[BX_ADMIN_PAGE];
    size_t       nargs = 0;
    const char  *marks;

    for (size_t i = 0; i < n; i++) {
        args[i] = bx_int(ids[i]);
    }
    marks = admin_marks(c, n, args, &nargs);

    return marks == NULL ? bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL)
                         : bx_query(c, rows, bx_sprintf(c->arena, "%s%s%s", head, marks, tail), args, nargs);
}

static admin_person *
person_of(admin_person *people, size_t n, bx_id account)
{
    for (size_t i = 0; i < n; i++) {
        if (people[i].id == account) {
            return &people[i];
        }
    }

    return NULL;
}

static const char *
phone_masked(bx_call *c, const bx_value *sealed)
{
    char  *plain;

    return sealed->kind == BX_V_NULL || bx_unseal(c->arena, sealed, &plain) != BX_OK ? NULL : bx_mask(c->arena, "phone", plain);
}

static const char *
time_text(bx_call *c, const char *sql)
{
    return sql == NULL ? NULL : bx_time_iso(c->arena, bx_time_parse_sql(sql));
}

static void
take_accounts(bx_call *c, const bx_rows *rows, admin_person *out, size_t n)
{
    for (size_t i = 0; i < rows->nrows; i++) {
        admin_person  *p = person_of(out, n, bx_cell_int(rows, i, 0));

        if (p == NULL) {
            continue;
        }
        *p = (admin_person) {
            .id = p->id, .version = bx_cell_int(rows, i, 1), .name = bx_cell_text(rows, i, 2), .login = bx_cell_text(rows, i, 3),
            .phone = phone_masked(c, bx_cell(rows, i, 4)), .must_change = bx_cell_int(rows, i, 5) != 0,
            .no_password = bx_cell_int(rows, i, 6) != 0, .language = bx_cell_text(rows, i, 7),
            .disabled_at = time_text(c, bx_cell_text(rows, i, 8)), .signed_in_at = time_text(c, bx_cell_text(rows, i, 9)),
            .created_at = time_text(c, bx_cell_text(rows, i, 10)), .second_factor = bx_cell_int(rows, i, 11) != 0
        };
    }
}

static int
when_of(const char *today, const char *starts_on, const char *ends_on)
{
    if (ends_on != NULL && strcmp(ends_on, today) < 0) {
        return -1;
    }

    return strcmp(starts_on, today) > 0;
}

static bx_rc
take_posts(bx_call *c, const bx_rows *rows, admin_person *out, size_t n)
{
    const char  *today = admin_today(c);
    admin_post  *all = bx_alloc(c->arena, (rows->nrows + 1) * sizeof(*all));

    if (all == NULL) {
        return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
    }

    /* each person's run lies together in one block */
    for (size_t k = 0, at = 0; k < n; k++) {
        out[k].posts = all + at;
        for (size_t i = 0; i < rows->nrows; i++) {
            if (bx_cell_int(rows, i, 7) != out[k].id) {
                continue;
            }
            all[at++] = (admin_post) {
                .id = bx_cell_int(rows, i, 5), .version = bx_cell_int(rows, i, 6), .account = out[k].id,
                .role = bx_cell_text(rows, i, 8), .unit = bx_cell_int(rows, i, 9), .school = bx_cell_int(rows, i, 10),
                .path = bx_cell_text(rows, i, 11), .starts_on = bx_cell_text(rows, i, 12), .ends_on = bx_cell_text(rows, i, 13),
                .school_name = bx_cell_text(rows, i, 14), .unit_name = admin_unit_label(c, rows, i, 0),
                .level = bx_cell_text(rows, i, 1),
                .when = when_of(today, bx_cell_text(rows, i, 12), bx_cell_text(rows, i, 13))
            };
            out[k].nposts++;
        }
    }

    return BX_OK;
}

static bx_rc
take_children(bx_call *c, const bx_rows *rows, admin_person *out, size_t n)
{
    for (size_t i = 0; i < rows->nrows; i++) {
        admin_person  *p = person_of(out, n, bx_cell_int(rows, i, 5));

        if (p == NULL) {
            continue;
        }
        if (p->nchildren == MAX_CHILDREN) {
            p->more_children = true;
            continue;
        }
        if (p->children == NULL && (p->children = bx_alloc(c->arena, MAX_CHILDREN * sizeof(*p->children))) == NULL) {
            return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
        }
        p->children[p->nchildren++] = (admin_child) {
            .name = bx_cell_text(rows, i, 6), .class_name = admin_unit_label(c, rows, i, 0), .path = bx_cell_text(rows, i, 7),
            .school = bx_cell_int(rows, i, 8)
        };
    }

    return BX_OK;
}

bx_rc
admin_people_load(bx_call *c, const bx_id *ids, size_t n, admin_person *out)
{
    bx_rows  rows;

    for (size_t i = 0; i < n; i++) {
        out[i] = (admin_person) { .id = ids[i] };
    }
    if (n == 0) {
        return BX_OK;
    }

    if (query_ids(c, &rows, sql_accounts, ")", ids, n) != BX_OK) {
        return BX_FAIL;
    }
    take_accounts(c, &rows, out, n);

    if (query_ids(c, &rows, sql_posts, sql_posts_order, ids, n) != BX_OK || take_posts(c, &rows, out, n) != BX_OK) {
        return BX_FAIL;
    }

    return query_ids(c, &rows, sql_children, ") ORDER BY s.id", ids, n) == BX_OK ? take_children(c, &rows, out, n) : BX_FAIL;
}

/* ---- who may see and manage it */

bool
admin_person_visible(const bx_call *c, const admin_person *p)
{
    for (size_t i = 0; i < p->nposts; i++) {
        if (admin_covers(c, "account.read", p->posts[i].path)) {
            return true;
        }
    }
    for (size_t i = 0; i < p->nchildren; i++) {
        if (admin_covers(c, "account.read", p->children[i].path)) {
            return true;
        }
    }

    return admin_at_root(c, "account.read");
}

bx_rc
admin_person_read(bx_call *c, bx_id id, admin_person *out)
{
    if (admin_people_load(c, &id, 1, out) != BX_OK) {
        return BX_FAIL;
    }

    return out->name != NULL && admin_person_visible(c, out) ? BX_OK : bx_refuse(c, BX_E_NOT_FOUND, NULL, NULL, NULL);
}

static void
fault_set(bx_call *c, admin_fault *f, const char *reason, json_t *params)
{
    *f = (admin_fault) { BX_E_FORBIDDEN, "account_id", reason, bx_own(c->arena, params) };
}

/* What a position that is not over says against it. */
static bool
post_fault(bx_call *c, const admin_powers *all, const admin_post *post, admin_fault *out)
{
    const char  *beyond;

    if (!admin_covers(c, "account.manage", post->path)) {
        fault_set(c, out, "admin.elsewhere", json_pack("{s:s, s:s}", "unit", post->school_name != NULL ? post->school_name : post->unit_name,
                                                       "role", admin_role_label(c, post->role)));
        return true;
    }

    beyond = admin_exceeds(c, all, post->role, post->path);
    if (beyond != NULL) {
        fault_set(c, out, "admin.above", json_pack("{s:s, s:s}", "role", admin_role_label(c, post->role), "capability",
            bx_tr(c->arena, bx_call_lang(c), bx_sprintf(c->arena, "capability.%s", beyond), NULL)));
    }

    return beyond != NULL;
}

void
admin_person_fault(bx_call *c, const admin_powers *all, const admin_person *p, admin_fault *out)
{
    bool  elsewhere = p->more_children;

    *out = (admin_fault) { .code = BX_E_NONE };

    if (!bx_call_can(c, "account.manage")) {
        fault_set(c, out, "forbidden", NULL);
        return;
    }
    if (p->id == bx_call_account(c)) {
        fault_set(c, out, "admin.self", NULL);
        return;
    }

    for (size_t i = 0; i < p->nposts; i++) {
        if (p->posts[i].when >= 0 && post_fault(c, all, &p->posts[i], out)) {
            return;
        }
    }
    for (size_t i = 0; i < p->nchildren; i++) {
        elsewhere = elsewhere || !admin_covers(c, "account.manage", p->children[i].path);
    }
    if (elsewhere) {
        fault_set(c, out, "admin.child_elsewhere", NULL);
    }
}

/* The school of the first position or child, else the position's unit; 0: the root's chain. */
bx_id
admin_person_chain(const admin_person *p)
{
    if (p->nposts > 0) {
        return p->posts[0].school != 0 ? p->posts[0].school : p->posts[0].unit;
    }

    return p->nchildren > 0 ? p->children[0].school : 0;
}

/* ---- JSON */

json_t *
admin_post_json(bx_call *c, const admin_post *p)
{
    static const char *const  states[] = { "past", "now", "coming" };

    return json_pack("{s:o, s:I, s:s, s:s, s:o, s:s, s:s, s:o, s:s?, s:s, s:s?, s:s}", "id", bx_id_json(p->id),
        "version", (json_int_t) p->version, "role", p->role, "role_label", admin_role_label(c, p->role),
        "unit_id", bx_id_json(p->unit), "unit_name", p->unit_name, "level", p->level, "school_id", bx_id_json(p->school),
        "school_name", p->school_name, "starts_on", p->starts_on, "ends_on", p->ends_on, "state", states[p->when + 1]);
}

json_t *
admin_person_json(bx_call *c, const admin_powers *all, const admin_person *p)
{
    admin_fault  f;
    json_t      *posts = json_array(), *children = json_array();

    admin_person_fault(c, all, p, &f);

    for (size_t i = 0; i < p->nposts; i++) {
        json_array_append_new(posts, admin_post_json(c, &p->posts[i]));
    }
    for (size_t i = 0; i < p->nchildren; i++) {
        if (admin_covers(c, "account.read", p->children[i].path)) {
            json_array_append_new(children, json_pack("{s:s, s:s}", "name", p->children[i].name,
                                                      "class_name", p->children[i].class_name));
        }
    }

    return json_pack("{s:o, s:I, s:s, s:s?, s:s?, s:b, s:b, s:b, s:b, s:s?, s:s?, s:s?, s:o, s:o, s:b, s:s?}",
        "id", bx_id_json(p->id), "version", (json_int_t) p->version, "name", p->name, "login", p->login, "phone", p->phone,
        "guardian", p->nchildren > 0, "must_change_password", p->must_change, "no_password", p->no_password,
        "second_factor", p->second_factor,
        "disabled_at", p->disabled_at, "signed_in_at", p->signed_in_at, "created_at", p->created_at,
        "positions", posts, "children", children, "manageable", f.code == BX_E_NONE, "why", admin_why(c, &f));
}
