/* scope.c: who may touch which row.
 * Owns the translation of a session's grants into SQL predicates and into a yes or no for a row in hand. Does not own
 * the grants themselves (web/session.c) nor which capability an action needs (the plugins' tables). Denies when in doubt. */

#include "flow/flow.h"

#include <string.h>


static bool
grant_has(const bx_session_grant *g, int cap)
{
    return cap >= 0 && (g->caps[cap / 64] >> (cap % 64) & 1u) != 0;
}


/* May rows be reached with it from there? Between the root and the school some capabilities open nothing. */
static bool
grant_opens(const bx_session_grant *g, int cap)
{
    bool  between = g->level == BX_LEVEL_TOWNSHIP || g->level == BX_LEVEL_CENTRAL;

    return grant_has(g, cap) && !(between && bx_capability_near(cap));
}


bool
bx_session_can(const bx_session *s, const char *capability)
{
    int  cap = bx_capability_index(capability);

    for (unsigned i = 0; s != NULL && i < s->ngrants; i++) {
        if (grant_has(&s->grants[i], cap)) {
            return true;
        }
    }

    return false;
}


bool
bx_call_can(const bx_call *c, const char *capability)
{
    return c->trusted || bx_session_can(c->who, capability);
}


static bool
grant_holds(const bx_session_grant *g, const bx_row_scope *row)
{
    switch ((bx_level) g->level) {
    case BX_LEVEL_ROOT:
        return true;
    case BX_LEVEL_TOWNSHIP:
        return g->unit == row->township;
    case BX_LEVEL_CENTRAL:
        return g->unit == row->central;
    case BX_LEVEL_SCHOOL:
        return g->unit == row->school;
    case BX_LEVEL_GRADE:
        return g->unit == row->grade;
    case BX_LEVEL_CLASS:
        return g->unit == row->class_id;
    case BX_LEVEL_CHILDREN:
        return row->own_child;
    }

    return false;
}


bool
bx_scope_allows(const bx_call *c, const char *capability, const bx_row_scope *row)
{
    int  cap;

    if (c->trusted) {
        return true;
    }
    if (c->who == NULL || capability == NULL) {
        return false;
    }

    cap = bx_capability_index(capability);

    for (unsigned i = 0; i < c->who->ngrants; i++) {
        const bx_session_grant *g = &c->who->grants[i];

        if (grant_opens(g, cap) && grant_holds(g, row) && !(row->own_child && bx_capability_near(cap))) {
            return true;
        }
    }

    return false;
}


/* What one level means in SQL, for rows tied to a student and for rows tied to a school. %s is the table's alias; a NULL
 * cell means that such a row cannot be reached from that level. Grants of one level share one IN list. */
typedef struct { const char *student, *school, *unit; } level_sql;

static const level_sql levels[] = {
    [BX_LEVEL_TOWNSHIP] = { "%s.township_id IN (", "%s.township_id IN (", "" },
    [BX_LEVEL_CENTRAL]  = { "%s.school_id IN (SELECT su.id FROM org_unit su WHERE su.level = 'school' AND su.parent_id IN (",
                            "%s.school_id IN (SELECT su.id FROM org_unit su WHERE su.level = 'school' AND su.parent_id IN (", "" },
    [BX_LEVEL_SCHOOL]   = { "%s.school_id IN (", "%s.school_id IN (", "" },
    [BX_LEVEL_GRADE]    = { "%s.class_id IN (SELECT cu.id FROM org_unit cu WHERE cu.parent_id IN (", NULL, "" },
    [BX_LEVEL_CLASS]    = { "%s.class_id IN (", NULL, "" },
    [BX_LEVEL_CHILDREN] = { "%s.student_id IN (SELECT sg.student_id FROM student_guardian sg JOIN guardian g ON g.id = sg.guardian_id"
                            " WHERE sg.ends_on IS NULL AND g.account_id IN (", NULL, NULL },
};


static const char *
level_text(bx_scope scope, bx_level level)
{
    switch (scope) {
    case BX_SCOPE_STUDENT:
        return levels[level].student;
    case BX_SCOPE_SCHOOL:
        return levels[level].school;
    case BX_SCOPE_UNIT:
        return levels[level].unit;
    }

    return NULL;
}


static bx_rc
push(bx_call *c, bx_value v, bx_value *args, size_t *nargs, size_t room)
{
    if (*nargs == room) {
        bx_error_set(&c->error, BX_E_INTERNAL, "too many values in a scope");
        return bx_refuse(c, BX_E_INTERNAL, NULL, NULL, NULL);
    }

    args[(*nargs)++] = v;
    return BX_OK;
}


/* Closes the parentheses that a level's text opened. */
static void
close_list(const char *text, bx_buf *sql)
{
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '(') {
            bx_buf_str(sql, ")");
        }
    }
}


/* Is there nothing in a grant that another has not? A class or grade of a school that is open as a whole, the same unit in two
 * roles: such a part adds no row, but it would be read all the same. */
static bool
covered(const bx_session *who, unsigned i, int cap)
{
    const bx_session_grant *g = &who->grants[i];
    bool                    inside = g->level == BX_LEVEL_GRADE || g->level == BX_LEVEL_CLASS;

    for (unsigned k = 0; k < who->ngrants; k++) {
        const bx_session_grant *other = &who->grants[k];

        if (grant_has(other, cap)
            && ((inside && other->level == BX_LEVEL_SCHOOL && other->unit == g->school)
                || (k < i && other->level == g->level && other->unit == g->unit)))
        {
            return true;
        }
    }

    return false;
}


static bx_rc
where_level(bx_call *c, bx_scope scope, const char *alias, int cap, bx_level level, bool *first,
            bx_buf *sql, bx_value *args, size_t *nargs, size_t room)
{
    const char  *text = level_text(scope, level);
    bool         open = false;

    for (unsigned i = 0; text != NULL && i < c->who->ngrants; i++) {
        const bx_session_grant *g = &c->who->grants[i];
        bx_id                   id = level == BX_LEVEL_CHILDREN ? c->who->account : g->unit;

        if (g->level != level || !grant_opens(g, cap) || covered(c->who, i, cap)) {
            continue;
        }

        if (scope == BX_SCOPE_UNIT) {
            bx_buf_printf(sql, "%s%s.path LIKE CONCAT((SELECT pu.path FROM org_unit pu WHERE pu.id = ?), '%%')",
                          *first ? "" : " OR ", alias);
            *first = false;

        } else if (!open) {
            bx_buf_str(sql, *first ? "" : " OR ");
            bx_buf_printf(sql, text, alias);                            /* text is one of levels[] */
            bx_buf_str(sql, "?");
            *first = false;
            open = true;

        } else {
            bx_buf_str(sql, ",?");
        }

        if (push(c, bx_int(id), args, nargs, room) != BX_OK) {
            return BX_FAIL;
        }
    }

    if (open) {
        close_list(text, sql);
    }

    return BX_OK;
}


/* May the caller touch every row there is? */
static bool
at_root(const bx_call *c, int cap)
{
    for (unsigned i = 0; !c->trusted && i < c->who->ngrants; i++) {
        if (c->who->grants[i].level == BX_LEVEL_ROOT && grant_has(&c->who->grants[i], cap)) {
            return true;
        }
    }

    return c->trusted;
}


static bx_rc
part_add(bx_call *c, bx_scope scope, const char *alias, bx_level level, bx_id id, bx_scope_part *out, size_t *n)
{
    const char *text = level_text(scope, level);
    bx_buf      sql;

    bx_buf_init(&sql, c->arena);
    bx_buf_printf(&sql, text, alias);                                   /* text is one of levels[] */
    bx_buf_str(&sql, "?");
    close_list(text, &sql);
    if (sql.failed) {
        return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
    }

    out[(*n)++] = (bx_scope_part) { sql.data, bx_int(id), 1 };
    return BX_OK;
}


/* The classes of a grade, the schools of a central school: a part each, unless they are too many for that. */
static bx_rc
parts_below(bx_call *c, bx_scope scope, const char *alias, const bx_session_grant *g, bx_scope_part *out, size_t *n)
{
    static const char  sql[] = "SELECT u.id FROM org_unit u WHERE u.parent_id = ? AND u.level = ? ORDER BY u.id LIMIT 64";
    bool               central = g->level == BX_LEVEL_CENTRAL;
    bx_rows            rows;

    if (bx_query(c, &rows, sql, BX_ARGS(bx_int(g->unit), bx_text(central ? "school" : "class"))) != BX_OK) {
        return BX_FAIL;
    }
    if (*n + rows.nrows + c->who->ngrants > BX_MAX_PARTS) {
        return part_add(c, scope, alias, (bx_level) g->level, g->unit, out, n);
    }

    for (size_t i = 0; i < rows.nrows; i++) {
        if (part_add(c, scope, alias, central ? BX_LEVEL_SCHOOL : BX_LEVEL_CLASS, bx_cell_int(&rows, i, 0), out, n) != BX_OK) {
            return BX_FAIL;
        }
    }

    return BX_OK;
}


bx_rc
bx_scope_parts(bx_call *c, bx_scope scope, const char *alias, const char *capability, bx_scope_part *out, size_t *n)
{
    int  cap = capability == NULL ? -1 : bx_capability_index(capability);

    *n = 0;
    if (!bx_call_can(c, capability == NULL ? "" : capability)) {
        return bx_refuse(c, BX_E_FORBIDDEN, NULL, NULL, NULL);
    }
    if (at_root(c, cap)) {
        out[(*n)++] = (bx_scope_part) { .sql = "TRUE" };
        return BX_OK;
    }

    for (unsigned i = 0; i < c->who->ngrants; i++) {
        const bx_session_grant *g = &c->who->grants[i];
        bool                    below = g->level == BX_LEVEL_GRADE || g->level == BX_LEVEL_CENTRAL;
        bx_id                   id = g->level == BX_LEVEL_CHILDREN ? c->who->account : g->unit;

        if (level_text(scope, (bx_level) g->level) == NULL || !grant_opens(g, cap) || covered(c->who, i, cap)) {
            continue;
        }
        if ((below ? parts_below(c, scope, alias, g, out, n)
                   : part_add(c, scope, alias, (bx_level) g->level, id, out, n)) != BX_OK)
        {
            return BX_FAIL;
        }
    }

    return BX_OK;
}


bx_rc
bx_scope_where(bx_call *c, bx_scope scope, const char *alias, const char *capability,
               bx_buf *sql, bx_value *args, size_t *nargs, size_t room)
{
    bool  first = true;
    int   cap = capability == NULL ? -1 : bx_capability_index(capability);

    if (c->trusted) {
        bx_buf_str(sql, "TRUE");
        return BX_OK;
    }
    if (!bx_session_can(c->who, capability == NULL ? "" : capability)) {
        return bx_refuse(c, BX_E_FORBIDDEN, NULL, NULL, NULL);
    }

    if (at_root(c, cap)) {
        bx_buf_str(sql, "TRUE");
        return BX_OK;
    }

    bx_buf_str(sql, "(");

    for (bx_level level = BX_LEVEL_TOWNSHIP; level <= BX_LEVEL_CHILDREN; level++) {
        if (where_level(c, scope, alias, cap, level, &first, sql, args, nargs, room) != BX_OK) {
            return BX_FAIL;
        }
    }

    bx_buf_str(sql, first ? "FALSE)" : ")");
    return BX_OK;
}


bx_rc
bx_own_child_sql(bx_call *c, const char *alias, bx_buf *sql, bx_value *args, size_t *nargs, size_t room)
{
    if (c->who == NULL || !c->who->has_children) {
        bx_buf_str(sql, "0");
        return BX_OK;
    }

    return bx_own_child_ask(c, alias, sql, args, nargs, room);
}


bx_rc
bx_own_child_ask(bx_call *c, const char *alias, bx_buf *sql, bx_value *args, size_t *nargs, size_t room)
{
    /* the phone as well: a teacher whose staff account was never linked to the guardian row of her own child */
    bx_buf_printf(sql,
        "EXISTS (SELECT 1 FROM student_guardian og JOIN guardian gg ON gg.id = og.guardian_id"
        " WHERE og.student_id = %s.student_id AND og.ends_on IS NULL AND (gg.account_id = ?"
        " OR gg.phone_hash = (SELECT oa.phone_hash FROM account oa WHERE oa.id = ?)))", alias);

    if (push(c, bx_int(bx_call_account(c)), args, nargs, room) != BX_OK) {
        return BX_FAIL;
    }
    return push(c, bx_int(bx_call_account(c)), args, nargs, room);
}
