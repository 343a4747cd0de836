/* task_mine.c: whose a task is. It belongs to a role at a unit, so it goes with the position; to a certain account when it was
 * delegated; and to whoever it was raised to. Leaders see, beyond their own, what waits in the units they oversee. */

#include "plugins/task.h"

#include <string.h>

#define OVERSEE  "task.oversee"
#define EXCUSE   "task.excuse"


static bool
staff(const bx_session_grant *g)
{
    return g->level != BX_LEVEL_CHILDREN;
}


size_t
bx_task_mine(const bx_call *c, bx_task_part out[BX_TASK_PARTS])
{
    size_t  n = 0;
    bx_id   me = bx_call_account(c);

    out[n++] = (bx_task_part) { "t.assignee_id = ? AND t.waits = 1", { bx_int(me) }, 1 };

    for (unsigned i = 0; c->who != NULL && i < c->who->ngrants; i++) {
        const bx_session_grant *g = &c->who->grants[i];
        bx_value                unit = bx_int(g->unit), role = bx_text(g->role);

        if (!staff(g)) {
            continue;
        }
        out[n++] = (bx_task_part) { "t.owner_unit = ? AND t.owner_role = ? AND t.waits = 1 AND t.assignee_id IS NULL",
                                    { unit, role }, 2 };
        out[n++] = (bx_task_part) { "t.raised_unit = ? AND t.raised_role = ? AND t.waits = 1", { unit, role }, 2 };
        out[n++] = (bx_task_part) { "t.excuse_unit = ? AND t.excuse_role = ? AND t.state = 'excuse_asked' AND t.excuse_by <> ?",
                                    { unit, role, bx_int(me) }, 3 };
    }

    return n;
}


/* Does the caller hold a role at a unit, as the two fields name them? */
static bool
holds(const bx_call *c, const bx_record *r, const char *role_field, const char *unit_field)
{
    const char *role = bx_rec_text(r, role_field);
    bx_id       unit = bx_rec_int(r, unit_field);

    for (unsigned i = 0; role != NULL && c->who != NULL && i < c->who->ngrants; i++) {
        const bx_session_grant *g = &c->who->grants[i];

        if (staff(g) && g->unit == unit && strcmp(g->role, role) == 0) {
            return true;
        }
    }

    return false;
}


bool
bx_task_is_mine(const bx_call *c, const bx_record *r)
{
    bx_id  assignee = bx_rec_int(r, "assignee_id");

    return (assignee != 0 ? assignee == bx_call_account(c) : holds(c, r, "owner_role", "owner_unit"))
           || holds(c, r, "raised_role", "raised_unit");
}


bool
bx_task_may_excuse(const bx_call *c, const bx_record *r)
{
    return strcmp(r->state, "excuse_asked") == 0 && bx_rec_int(r, "excuse_by") != bx_call_account(c)
           && (holds(c, r, "excuse_role", "excuse_unit") || bx_scope_allows(c, EXCUSE, &r->scope));
}


/* ---- one row */

#define ROOM  200

static void
add(bx_value *args, size_t *n, bx_value v)
{
    if (*n < ROOM) {
        args[(*n)++] = v;
    }
}


/* Mine, whether it waits or not; decided by me; handed on by me; in a unit that I oversee. */
static bx_rc
visible(bx_call *c, bx_buf *sql, bx_value *args, size_t *n)
{
    bx_id  me = bx_call_account(c);

    bx_buf_str(sql, "(t.assignee_id = ? OR t.delegated_by = ?");
    add(args, n, bx_int(me));
    add(args, n, bx_int(me));

    for (unsigned i = 0; c->who != NULL && i < c->who->ngrants; i++) {
        const bx_session_grant *g = &c->who->grants[i];

        if (!staff(g)) {
            continue;
        }
        bx_buf_str(sql, " OR (t.owner_unit = ? AND t.owner_role = ?) OR (t.raised_unit = ? AND t.raised_role = ?)"
                        " OR (t.excuse_unit = ? AND t.excuse_role = ?)");
        for (int k = 0; k < 3; k++) {
            add(args, n, bx_int(g->unit));
            add(args, n, bx_text(g->role));
        }
    }

    if (bx_call_can(c, OVERSEE)) {
        bx_buf_str(sql, " OR (t.confidential = 0 AND ");
        if (bx_scope_where(c, BX_SCOPE_STUDENT, "t", OVERSEE, sql, args, n, ROOM) != BX_OK) {
            return BX_FAIL;
        }
        bx_buf_str(sql, ")");
    }

    bx_buf_str(sql, ")");
    return BX_OK;
}


bx_rc
bx_task_read(bx_call *c, bx_record *out)
{
    bx_value  args[ROOM];
    size_t    n = 0;
    bx_rows   rows;
    bx_buf    sql;

    bx_buf_init(&sql, c->arena);
    if (bx_record_select(c, bx_task_record, &sql, args, &n, ROOM) != BX_OK) {
        return BX_FAIL;
    }

    bx_buf_str(&sql, " WHERE t.id = ? AND ");
    add(args, &n, bx_int(c->path_id));
    if (visible(c, &sql, args, &n) != BX_OK || bx_query(c, &rows, sql.data, args, n) != BX_OK) {
        return BX_FAIL;
    }
    if (rows.nrows == 0) {
        return bx_refuse(c, BX_E_NOT_FOUND, NULL, NULL, NULL);
    }

    bx_record_from_row(c, bx_task_record, &rows, 0, out);
    return BX_OK;
}
