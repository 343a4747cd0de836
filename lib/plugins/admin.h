/*
 * admin.h: what the files of administration share: whom and what the caller may manage, and why not.
 *
 * Two questions are asked of every change. Where: the unit lies in the subtree of a position that carries the capability.
 * What: a role carries no administrative capability that the caller does not hold there too. Administrative is what the
 * plugins grant to the role "admin" and to nobody who works in a school; the other capabilities are the work itself (deciding
 * leave, seeing children), which is given by appointing people. Nobody manages the own account or gives a position to it.
 */
#ifndef BX_ADMIN_H
#define BX_ADMIN_H

#include "flow/place.h"

/* Why something is refused; code BX_E_NONE: it is not. params are owned by the arena. */
typedef struct { bx_err code; const char *field, *reason; json_t *params; } admin_fault;

bx_rc        admin_refuse(bx_call *c, const admin_fault *f);
const char  *admin_why(bx_call *c, const admin_fault *f);              /* its text; NULL: no fault */

/* ---- admin.c: units, roles, what the caller may do where */

typedef struct {
    bx_unit      u;                           /* name of a class: its label this school year */
    int64_t      version;
    int          entry_year, class_no;
    const char  *closed_on;                   /* NULL: open */
} admin_unit;

/* Does a position of the caller carry the capability for what lies on this path? */
bool         admin_covers(const bx_call *c, const char *capability, const char *path);
bool         admin_at_root(const bx_call *c, const char *capability);
/* Is it one that administrators hold, by the grants of the plugins? */
bool         admin_is_administrative(const char *capability);
/* The unit in the caller's scope. None: 404 when field is NULL, else 422 of that field. [thread] */
bx_rc        admin_unit_read(bx_call *c, const char *capability, bx_id id, const char *field, admin_unit *out);
/* Answers with changes at a unit and above it. sql: from, to, reason, actor, at, name and id of the unit, by key and path. */
bx_rc        admin_history(bx_call *c, const char *sql, const char *key, bx_id unit);
/* Whose audit chain a unit belongs to. */
bx_id        admin_chain(const bx_unit *u);
/* The roles there are, each with its administrative capabilities: a row a capability, one with NULL for a role without. */
typedef struct { struct { const char *role, *capability; } *row; size_t n; } admin_powers;

bx_rc        admin_powers_load(bx_call *c, admin_powers *out);
/* The first administrative capability of the role that the caller lacks on the path; NULL: none. */
const char  *admin_exceeds(const bx_call *c, const admin_powers *all, const char *role, const char *path);
/* May the caller give this role at this unit? field names the role in a body. */
void         admin_role_fault(bx_call *c, const admin_powers *all, const char *role, const bx_unit *unit, const char *field,
                              admin_fault *out);
const char  *admin_role_label(bx_call *c, const char *role);
/* Place of a role in lists, 0 first; admin_role_ranks() for one that a plugin brings. */
size_t       admin_role_rank(const char *role);
size_t       admin_role_ranks(void);
const char  *admin_unit_label(bx_call *c, const bx_rows *rows, size_t i, size_t first);   /* columns: name, level, stage, entry_year, class_no */

/* Ids and dates of bodies and queries. */
bx_id        admin_body_id(const bx_call *c, const char *name);
const char  *admin_body_text(const bx_call *c, const char *name);      /* trimmed; NULL when absent or empty */
bx_date      admin_body_date(const bx_call *c, const char *name, bx_date otherwise);
const char  *admin_today(bx_call *c);
/* "?,?,…" for n values, and args filled to as many; rounded up so that few texts come out. n ≤ BX_ADMIN_PAGE. */
#define BX_ADMIN_PAGE  200
const char  *admin_marks(bx_call *c, size_t n, bx_value *args, size_t *nargs);

/* ---- admin_people.c: accounts as rows with their positions and children */

typedef struct {
    bx_id        id, unit, school, account;
    int64_t      version;
    const char  *role, *unit_name, *level, *school_name, *path, *starts_on, *ends_on;     /* ends_on NULL: open */
    int          when;                        /* -1 past, 0 now, 1 to come */
} admin_post;

typedef struct { const char *name, *class_name, *path; bx_id school; } admin_child;

typedef struct {
    bx_id         id;
    int64_t       version;
    const char   *name, *login, *phone, *language;                     /* phone masked */
    const char   *disabled_at, *signed_in_at, *created_at;
    bool          must_change, no_password, second_factor;
    admin_post   *posts;
    size_t        nposts;
    admin_child  *children;
    size_t        nchildren;
    bool          more_children;              /* than are listed */
} admin_person;

bx_rc        admin_people_load(bx_call *c, const bx_id *ids, size_t n, admin_person *out);
bool         admin_person_visible(const bx_call *c, const admin_person *p);
/* One account that the caller may see; 404 otherwise. */
bx_rc        admin_person_read(bx_call *c, bx_id id, admin_person *out);
/* May the caller manage the account? */
void         admin_person_fault(bx_call *c, const admin_powers *all, const admin_person *p, admin_fault *out);
json_t      *admin_person_json(bx_call *c, const admin_powers *all, const admin_person *p);   /* new reference */
json_t      *admin_post_json(bx_call *c, const admin_post *p);
bx_id        admin_person_chain(const admin_person *p);

/* ---- routes */

bx_rc  admin_accounts_list(bx_call *c);
bx_rc  admin_account_show(bx_call *c);
bx_rc  admin_account_create(bx_call *c);
bx_rc  admin_account_rename(bx_call *c);
bx_rc  admin_account_password(bx_call *c);
bx_rc  admin_account_disable(bx_call *c);
bx_rc  admin_account_enable(bx_call *c);
bx_rc  admin_account_sign_out(bx_call *c);
bx_rc  admin_account_remove_factor(bx_call *c);
bx_rc  admin_bulk_preview(bx_call *c);
bx_rc  admin_bulk_create(bx_call *c);
bx_rc  admin_unit_tree(bx_call *c);
bx_rc  admin_unit_overview(bx_call *c);
bx_rc  admin_unit_create(bx_call *c);
bx_rc  admin_unit_classes(bx_call *c);
bx_rc  admin_unit_rename(bx_call *c);
bx_rc  admin_unit_close(bx_call *c);
bx_rc  admin_unit_reopen(bx_call *c);
bx_rc  admin_unit_move(bx_call *c);
bx_rc  admin_unit_moves(bx_call *c);
bx_rc  admin_moves_follow(bx_call *c);        /* a job */
bx_rc  admin_positions_list(bx_call *c);
bx_rc  admin_position_create(bx_call *c);
bx_rc  admin_position_end(bx_call *c);
bx_rc  admin_position_hand_over(bx_call *c);
bx_rc  admin_roles_list(bx_call *c);
bx_rc  admin_role_set(bx_call *c);
bx_rc  admin_rule_set(bx_call *c);
bx_rc  admin_rule_clear(bx_call *c);
bx_rc  admin_rule_history(bx_call *c);
bx_rc  admin_texts_show(bx_call *c);
bx_rc  admin_text_set(bx_call *c);
bx_rc  admin_text_clear(bx_call *c);
bx_rc  admin_text_history(bx_call *c);
bx_rc  admin_setup(bx_call *c);
bx_rc  admin_plugins(bx_call *c);

/* Roles somebody may hold at a level, in the order of the portal, with whether the caller may give them: for forms. New reference. */
bx_rc  admin_givable_json(bx_call *c, const bx_unit *unit, json_t **out);
#endif
