/*
 * opening_save.c: what is said at the start of a term: who came, that a class's list is closed, that a no-show is there, or was a
 * mistake. What follows for the absence ladder is computed by attendance, which is told.
 */

#include "flow/flow.h"
#include "plugins/attendance.h"
#include "plugins/opening.h"

#include <inttypes.h>
#include <string.h>

#define MAX_CHILDREN  300
#define SHOW_ARGS     11

extern const bx_record_def *const bx_no_show_record;

static const char sql_class[] =
    "SELECT u.parent_id, u.school_id, u.township_id, s.parent_id, (SELECT a.name FROM position p JOIN account a ON a.id = p.account_id"
    "   WHERE p.unit_id = u.id AND p.role = 'teacher' AND p.starts_on <= ? AND (p.ends_on IS NULL OR p.ends_on >= ?) ORDER BY p.id LIMIT 1)"
    " FROM org_unit u JOIN org_unit s ON s.id = u.school_id WHERE u.id = ? AND u.level = 'class'";

typedef struct { bx_opening_term term; const char *teacher; bx_rows children; bool closed; } class_list;

/* The class of the body with its children, in the scope of opening.register. */
static bx_rc
load_class(bx_call *c, class_list *k)
{
    bx_value      today = bx_text(bx_date_text(bx_call_arena(c), bx_date_of(bx_call_now(c))));
    bx_id         id = bx_id_parse(json_string_value(json_object_get(bx_call_body(c), "class_id")));
    bx_row_scope  scope;
    bx_rows       rows;

    if (id == 0) {
        return bx_refuse(c, BX_E_INVALID, "class_id", "required", NULL);
    }
    if (bx_query(c, &rows, sql_class, BX_ARGS(today, today, bx_int(id))) != BX_OK) {
        return BX_FAIL;
    }
    if (rows.nrows == 0) {
        return bx_refuse(c, BX_E_NOT_FOUND, NULL, NULL, NULL);
    }

    scope = (bx_row_scope) { .class_id = id, .grade = bx_cell_int(&rows, 0, 0), .school = bx_cell_int(&rows, 0, 1), .township = bx_cell_int(&rows, 0, 2),
                             .central = bx_cell_int(&rows, 0, 3), .unit = id };
    if (!bx_scope_allows(c, "opening.register", &scope)) {
        return bx_refuse(c, bx_scope_allows(c, "opening.read", &scope) ? BX_E_FORBIDDEN : BX_E_NOT_FOUND, NULL, NULL, NULL);
    }

    k->term = (bx_opening_term) { .class_id = id, .grade = scope.grade, .school = scope.school, .township = scope.township };
    k->teacher = bx_cell_text(&rows, 0, 4);
    if (bx_opening_term_of(c, id, &k->term) != BX_OK || bx_opening_children(c, &k->term, id, 0, &k->children) != BX_OK
        || bx_query(c, &rows, "SELECT g.id FROM opening_register g WHERE g.unit_id = ? AND g.term_on = ?",
                    BX_ARGS(bx_int(id), bx_text(bx_date_text(bx_call_arena(c), k->term.term_on)))) != BX_OK)
    {
        return BX_FAIL;
    }

    k->closed = rows.nrows > 0;
    return k->children.nrows <= MAX_CHILDREN ? BX_OK : bx_refuse(c, BX_E_INVALID, "class_id", "too_many", json_pack("{s:i}", "max", MAX_CHILDREN));
}

/* ------------------------------------------------------------------ POST opening/marks */

static size_t
child_at(const bx_rows *rows, bx_id id)
{
    size_t  i = 0;

    while (i < rows->nrows && bx_cell_int(rows, i, BX_OP_ID) != id) {
        i++;
    }

    return i;
}

/* Children of a list of the body; whoever is a no-show comes by that record, which keeps the history. */
static bx_rc
take_list(bx_call *c, const class_list *k, const char *name, bx_id *out, size_t *n)
{
    json_t  *list = json_object_get(bx_call_body(c), name), *one;
    size_t   i, at;

    *n = 0;
    if (list == NULL) {
        return BX_OK;
    }
    if (!json_is_array(list) || json_array_size(list) > MAX_CHILDREN) {
        return bx_refuse(c, BX_E_INVALID, name, json_is_array(list) ? "too_many" : "not_list", json_pack("{s:i}", "max", MAX_CHILDREN));
    }
    json_array_foreach(list, i, one) {
        out[*n] = bx_id_parse(json_string_value(one));
        at = child_at(&k->children, out[*n]);
        if (out[*n] == 0 || at == k->children.nrows) {
            return bx_refuse(c, BX_E_INVALID, bx_sprintf(bx_call_arena(c), "%s.%zu", name, i), "student_not_found", NULL);
        }
        if (bx_cell_text(&k->children, at, BX_OP_STATE) != NULL) {
            return bx_refuse(c, BX_E_CONFLICT, bx_sprintf(bx_call_arena(c), "%s.%zu", name, i), "opening.listed",
                             json_pack("{s:s}", "name", bx_cell_text(&k->children, at, BX_OP_NAME)));
        }
        ++*n;
    }

    return BX_OK;
}

static bx_rc
queue_came(bx_call *c, const class_list *k, const bx_id *ids, size_t n)
{
    bx_arena *a = bx_call_arena(c);
    bx_value *args = bx_alloc(a, (n + 1) * 6 * sizeof(*args));
    size_t    nargs = 0;
    bx_buf    sql;

    if (n == 0) {
        return BX_OK;
    }
    if (args == NULL) {
        return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
    }
    bx_buf_init(&sql, a);
    bx_buf_str(&sql, "INSERT IGNORE INTO opening_entry (term_on, student_id, class_id, school_id, came_at, saved_by) VALUES ");
    for (size_t i = 0; i < n; i++) {
        const bx_value row[6] = { bx_text(bx_date_text(a, k->term.term_on)), bx_int(ids[i]), bx_int(k->term.class_id), bx_int(k->term.school),
                                  bx_text(bx_time_sql(a, bx_call_now(c))), bx_int(bx_call_account(c)) };

        bx_buf_str(&sql, i == 0 ? "(?,?,?,?,?,?)" : ",(?,?,?,?,?,?)");
        memcpy(args + nargs, row, sizeof(row));
        nargs += 6;
    }

    return bx_queue(c, -1, sql.data, args, nargs);
}

static bx_rc
queue_not(bx_call *c, const class_list *k, const bx_id *ids, size_t n)
{
    bx_value  args[MAX_CHILDREN + 1] = { bx_text(bx_date_text(bx_call_arena(c), k->term.term_on)) };
    size_t    nargs = 1;
    bx_buf    sql;

    if (n == 0) {
        return BX_OK;
    }
    bx_buf_init(&sql, bx_call_arena(c));
    bx_buf_str(&sql, "DELETE FROM opening_entry WHERE term_on = ? AND student_id IN (");
    bx_ids_in(&sql, args, &nargs, ids, n);
    bx_buf_str(&sql, ")");
    return bx_queue(c, -1, sql.data, args, nargs);
}

bx_rc
bx_opening_marks(bx_call *c)
{
    class_list  k = { 0 };
    bx_id       came[MAX_CHILDREN], other[MAX_CHILDREN];
    size_t      n = 0, m = 0;

    if (load_class(c, &k) != BX_OK || take_list(c, &k, "came", came, &n) != BX_OK || take_list(c, &k, "not", other, &m) != BX_OK) {
        return BX_FAIL;
    }
    if (n + m == 0) {
        return bx_refuse(c, BX_E_INVALID, "came", "required", NULL);
    }
    if (m > 0 && k.closed) {
        return bx_refuse(c, BX_E_WRONG_STATE, "not", "opening.closed", NULL);
    }
    if (queue_came(c, &k, came, n) != BX_OK || queue_not(c, &k, other, m) != BX_OK
        || bx_answer(c, 200, json_pack("{s:i, s:i}", "came", (int) n, "not", (int) m)) != BX_OK)
    {
        return BX_FAIL;
    }

    return bx_commit(c, k.term.school, "register", "opening-registers", k.term.class_id, bx_call_body(c));
}

/* ------------------------------------------------------------------ POST opening/close */

static bx_rc
queue_no_shows(bx_call *c, const class_list *k, const size_t *at, size_t n, bx_date due)
{
    bx_arena   *a = bx_call_arena(c);
    bx_value   *args = bx_alloc(a, (n + 1) * SHOW_ARGS * sizeof(*args));
    size_t      nargs = 0;
    bx_buf      sql;
    bx_value    now = bx_text(bx_time_sql(a, bx_call_now(c)));

    if (args == NULL) {
        return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
    }
    bx_buf_init(&sql, a);
    bx_buf_str(&sql, "INSERT INTO no_show (state, id, student_id, class_id, school_id, township_id, term_on, found_at, responsible, due_on, created_at,"
               " created_by, updated_at) VALUES ");
    for (size_t i = 0; i < n; i++) {
        const char    *answerable = bx_cell_text(&k->children, at[i], BX_OP_ANSWERABLE);
        bx_record      r = { .def = bx_no_show_record, .call = c, .id = bx_id_new() };
        const bx_value row[SHOW_ARGS] = {
            bx_int(r.id), bx_int(bx_cell_int(&k->children, at[i], BX_OP_ID)), bx_int(k->term.class_id), bx_int(k->term.school),
            k->term.township == 0 ? bx_null() : bx_int(k->term.township), bx_text(bx_date_text(a, k->term.term_on)), now,
            bx_text(answerable != NULL ? answerable : k->teacher), bx_text(bx_date_text(a, due)), now, bx_int(bx_call_account(c))
        };

        bx_buf_str(&sql, i == 0 ? "" : ",");
        bx_buf_str(&sql, "('missing',?,?,?,?,?,?,?,?,?,?,?,at)");
        memcpy(args + nargs, row, sizeof(row));
        nargs += SHOW_ARGS;
        if (bx_history_queue(c, &r, "list", "missing", "opening.register") != BX_OK
            || bx_ladder_touch_since(c, bx_cell_int(&k->children, at[i], BX_OP_ID), k->term.first) != BX_OK)
        {
            return BX_FAIL;
        }
    }

    return n == 0 ? BX_OK : bx_queue(c, (int) n, sql.data, args, nargs);
}

/* Whoever has not come by now, and is not on leave, is a no-show. Closed once; who is found missing later is declared alone. */
bx_rc
bx_opening_close(bx_call *c)
{
    class_list  k = { 0 };
    size_t      at[MAX_CHILDREN], n = 0;
    bx_date     due, today = bx_date_of(bx_call_now(c));
    int64_t     days;
    bx_arena   *a = bx_call_arena(c);
    bx_id       id = bx_id_new();

    if (load_class(c, &k) != BX_OK || bx_rule_int(c, "opening.due_days", k.term.class_id, &days) != BX_OK) {
        return BX_FAIL;
    }
    if (k.closed) {
        return bx_refuse(c, BX_E_CONFLICT, "class_id", "opening.closed", NULL);
    }
    if (k.children.nrows == 0) {
        return bx_refuse(c, BX_E_INVALID, "class_id", "attendance.empty_class", NULL);
    }
    for (size_t i = 0; i < k.children.nrows; i++) {
        if (strcmp(bx_opening_status(&k.children, i), "waiting") == 0) {
            at[n++] = i;
        }
    }

    due = bx_add_school_days(k.term.cal, today > k.term.first ? today : k.term.first, (int) days);
    if (queue_no_shows(c, &k, at, n, due == BX_NO_DATE ? k.term.ends : due) != BX_OK
        || bx_queue(c, 1, "INSERT INTO opening_register (id, unit_id, school_id, township_id, term_on, due, closed_by, created_at, created_by, updated_at)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    BX_ARGS(bx_int(id), bx_int(k.term.class_id), bx_int(k.term.school), k.term.township == 0 ? bx_null() : bx_int(k.term.township),
                            bx_text(bx_date_text(a, k.term.term_on)), bx_int((int64_t) k.children.nrows), bx_text(bx_call_actor(c)),
                            bx_text(bx_time_sql(a, bx_call_now(c))), bx_int(bx_call_account(c)), bx_text(bx_time_sql(a, bx_call_now(c))))) != BX_OK
        || bx_task_close(c, BX_OPENING_TASK, bx_opening_key(a, k.term.class_id, k.term.term_on), "done", NULL, "opening-registers", id) != BX_OK
        || bx_answer(c, 201, json_pack("{s:o, s:i, s:i}", "register_id", bx_id_json(id), "due", (int) k.children.nrows, "missing", (int) n)) != BX_OK)
    {
        return BX_FAIL;
    }

    if (bx_commit(c, k.term.school, "close", "opening-registers", id, bx_own(a, json_pack("{s:I, s:i}", "due", (json_int_t) k.children.nrows, "missing", (int) n))) == BX_OK) {
        return BX_OK;
    }
    return c->raced ? bx_refuse(c, BX_E_CONFLICT, "class_id", "opening.closed", NULL) : BX_FAIL;
}

/* ------------------------------------------------------------------ no-shows */

bx_rc
bx_no_show_changed(bx_call *c, bx_record *r)
{
    return bx_ladder_touch_since(c, bx_rec_student(r), bx_rec_date(r, "term_on"));
}

/* Found missing after the list was closed, or in a class that was never closed. */
bx_rc
bx_no_show_declare(bx_call *c, bx_record *r)
{
    bx_opening_term  t = { 0 };

    if (bx_opening_term_of(c, bx_rec_class(r), &t) != BX_OK) {
        return BX_FAIL;
    }

    bx_set_date(r, "term_on", t.term_on);
    bx_set_time(r, "found_at", bx_call_now(c));
    return bx_ladder_touch_since(c, bx_rec_student(r), t.first);
}

/* Now, without a word about it; never in the future, nor before the term. */
bx_rc
bx_no_show_come(bx_call *c, bx_record *r)
{
    json_t     *body = bx_call_body(c);
    const char *day = json_string_value(json_object_get(body, "day")), *clock = json_string_value(json_object_get(body, "clock"));
    bx_time     now = bx_call_now(c), at = now;

    if (day != NULL || clock != NULL) {
        at = bx_time_at(day == NULL ? bx_date_of(now) : bx_date_parse(day),
                        clock == NULL ? 0 : (clock[0] - '0') * 600 + (clock[1] - '0') * 60 + (clock[3] - '0') * 10 + clock[4] - '0');
    }
    if (at > now) {
        return bx_refuse(c, BX_E_INVALID, day != NULL ? "day" : "clock", "opening.in_future", NULL);
    }
    if (bx_date_of(at) < bx_rec_date(r, "term_on") - 60) {
        return bx_refuse(c, BX_E_INVALID, "day", "opening.no_term", NULL);
    }

    bx_set_time(r, "came_at", at);
    return bx_no_show_changed(c, r);
}
