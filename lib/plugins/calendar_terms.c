/* calendar_terms.c: a unit's own terms. In each school year the nearest unit that has terms decides alone. */
#include "plugins/calendar.h"
#include "flow/classname.h"
#include "flow/rules.h"

#include <inttypes.h>
#include <string.h>

#define MAX_DAYS  250                         /* of one term */

typedef struct {
    bx_id    id, unit;
    int64_t  version;
    int      year, number;
    bx_date  starts, ends;
} term_row;

static json_t *
term_json(bx_call *c, const term_row *t, const char *unit_name, const char *place, bool holds)
{
    return json_pack("{s:o, s:I, s:o, s:s, s:s, s:b, s:i, s:i, s:s, s:s}", "id", bx_id_json(t->id), "version", (json_int_t) t->version,
                     "unit_id", bx_id_json(t->unit), "unit_name", unit_name, "place", place, "holds", holds,
                     "school_year", t->year, "number", t->number, "starts_on", bx_date_text(c->arena, t->starts),
                     "ends_on", bx_date_text(c->arena, t->ends));
}

/* ---- GET terms */

static const char sql_terms[] =
    "SELECT t.id, t.version, t.unit_id, t.school_year, t.number, t.starts_on, t.ends_on, u.path, u.name, u.stage, u.entry_year,"
    " u.class_no FROM term t JOIN org_unit u ON u.id = t.unit_id"
    " WHERE t.unit_id IN (" BX_PATH_MARKS ") OR u.path LIKE CONCAT(?, '%')"
    " ORDER BY t.school_year DESC, LENGTH(u.path), u.path, t.number LIMIT 1000";

static term_row
row_of(const bx_rows *rows, size_t i)
{
    return (term_row) {
        bx_cell_int(rows, i, 0), bx_cell_int(rows, i, 2), bx_cell_int(rows, i, 1), (int) bx_cell_int(rows, i, 3),
        (int) bx_cell_int(rows, i, 4), bx_date_parse(bx_cell_text(rows, i, 5)), bx_date_parse(bx_cell_text(rows, i, 6))
    };
}

/* Does the term hold for the unit: is no unit nearer to it with a term in that year? */
static bool
term_holds(const bx_cal_unit *u, const bx_rows *rows, size_t i)
{
    size_t  mine = strlen(bx_cell_text(rows, i, 7));

    for (size_t k = 0; k < rows->nrows; k++) {
        const char  *path = bx_cell_text(rows, k, 7);

        if (bx_cell_int(rows, k, 3) == bx_cell_int(rows, i, 3) && strlen(path) > mine
            && strcmp(bx_cal_place(u, bx_cell_int(rows, k, 2), path), "below") != 0)
        {
            return false;
        }
    }

    return true;
}

bx_rc
bx_cal_terms_list(bx_call *c)
{
    bx_cal_unit   u;
    bx_value      args[BX_MAX_DEPTH + 1];
    const bx_id  *ids;
    size_t        n;
    bx_rows       rows;
    json_t       *items;

    if (bx_cal_unit_asked(c, &u) != BX_OK || bx_unit_path(c, u.id, &ids, &n) != BX_OK) {
        return BX_FAIL;
    }

    bx_path_args(ids, n, args);
    args[BX_MAX_DEPTH] = bx_text(u.path);
    if (bx_query(c, &rows, sql_terms, args, BX_MAX_DEPTH + 1) != BX_OK) {
        return BX_FAIL;
    }

    items = json_array();
    for (size_t i = 0; i < rows.nrows; i++) {
        term_row     t = row_of(&rows, i);
        const char  *place = bx_cal_place(&u, t.unit, bx_cell_text(&rows, i, 7));
        bool         below = strcmp(place, "below") == 0;

        json_array_append_new(items, term_json(c, &t, bx_cal_unit_name(c, &rows, i, 8), place, !below && term_holds(&u, &rows, i)));
    }

    return bx_answer(c, 200, json_pack("{s:o, s:b, s:o}", "unit", bx_cal_unit_json(c, &u), "editable", u.editable, "items", items));
}

/* ---- checks */

static bx_rc
check_dates(bx_call *c, const term_row *t)
{
    if (t->ends <= t->starts) {
        return bx_refuse(c, BX_E_INVALID, "ends_on", "calendar.term_backwards", NULL);
    }
    if (t->ends - t->starts > MAX_DAYS) {
        return bx_refuse(c, BX_E_INVALID, "ends_on", "calendar.term_long", json_pack("{s:i}", "max", MAX_DAYS));
    }
    if (bx_school_year(t->starts) != bx_school_year(t->ends)) {
        return bx_refuse(c, BX_E_INVALID, "ends_on", "calendar.term_two_years", NULL);
    }

    return BX_OK;
}

static const char sql_others[] =
    "SELECT t.school_year, t.number, t.starts_on, t.ends_on FROM term t WHERE t.unit_id = ? AND t.id <> ?"
    " AND ((t.school_year = ? AND t.number = ?) OR (t.starts_on <= ? AND t.ends_on >= ?)) ORDER BY t.starts_on LIMIT 1";

/* One term of that number a year, no two that share a day, and the first before the second. */
static bx_rc
check_others(bx_call *c, const term_row *t)
{
    static const char  order[] = "SELECT t.starts_on, t.ends_on FROM term t WHERE t.unit_id = ? AND t.school_year = ? AND t.number <> ?"
                                 " AND t.id <> ? AND ((? = 1 AND t.starts_on < ?) OR (? = 2 AND t.ends_on > ?))";
    bx_rows            rows;
    const char        *from = bx_date_text(c->arena, t->starts), *to = bx_date_text(c->arena, t->ends);
    bx_date            starts, ends;

    if (bx_query(c, &rows, sql_others, BX_ARGS(bx_int(t->unit), bx_int(t->id), bx_int(t->year), bx_int(t->number), bx_text(to),
                                               bx_text(from))) != BX_OK)
    {
        return BX_FAIL;
    }
    if (rows.nrows > 0) {
        starts = bx_date_parse(bx_cell_text(&rows, 0, 2));
        ends = bx_date_parse(bx_cell_text(&rows, 0, 3));
        if (bx_cell_int(&rows, 0, 0) == t->year && bx_cell_int(&rows, 0, 1) == t->number) {
            return bx_refuse(c, BX_E_INVALID, "number", "calendar.term_there", bx_cal_span_params(c, starts, ends));
        }
        return bx_refuse(c, BX_E_INVALID, t->starts >= starts && t->starts <= ends ? "starts_on" : "ends_on",
                         "calendar.term_overlap", bx_cal_span_params(c, starts, ends));
    }

    if (bx_query(c, &rows, order, BX_ARGS(bx_int(t->unit), bx_int(t->year), bx_int(t->number), bx_int(t->id), bx_int(t->number),
                                          bx_text(from), bx_int(t->number), bx_text(to))) != BX_OK)
    {
        return BX_FAIL;
    }
    return rows.nrows == 0 ? BX_OK : bx_refuse(c, BX_E_INVALID, "number", "calendar.term_order", NULL);
}

static json_t *
changes_json(bx_call *c, const term_row *old, const term_row *t)
{
    json_t  *o = bx_own(c->arena, json_pack("{s:i, s:i}", "school_year", t->year, "number", t->number));

    if (old == NULL) {
        json_object_set_new(o, "starts_on", json_string(bx_date_text(c->arena, t->starts)));
        json_object_set_new(o, "ends_on", json_string(bx_date_text(c->arena, t->ends)));
        return o;
    }
    if (old->starts != t->starts) {
        json_object_set_new(o, "starts_on", json_pack("[s, s]", bx_date_text(c->arena, old->starts), bx_date_text(c->arena, t->starts)));
    }
    if (old->ends != t->ends) {
        json_object_set_new(o, "ends_on", json_pack("[s, s]", bx_date_text(c->arena, old->ends), bx_date_text(c->arena, t->ends)));
    }

    return o;
}

/* Answer, what follows, and the commit; from … to: the days that may have become others. */
static bx_rc
finish(bx_call *c, const bx_cal_unit *u, const term_row *t, const term_row *old, const char *action, int status)
{
    bx_date  from = old != NULL && old->starts < t->starts ? old->starts : t->starts;
    bx_date  to = old != NULL && old->ends > t->ends ? old->ends : t->ends;

    if (bx_cal_bump(c, u) != BX_OK || bx_calendar_changed(c, u->id, from, to) != BX_OK) {
        return BX_FAIL;
    }
    if (bx_answer(c, status, status == 204 ? NULL : term_json(c, t, u->name, "own", true)) != BX_OK) {
        return BX_FAIL;
    }

    return bx_commit(c, bx_cal_chain(u), action, "terms", t->id, changes_json(c, old, t));
}

/* ---- POST terms, PATCH terms/{id}, DELETE terms/{id} */

bx_rc
bx_cal_term_create(bx_call *c)
{
    static const char  sql[] = "INSERT INTO term (id, unit_id, school_year, number, starts_on, ends_on, version, created_at, created_by,"
                               " updated_at) VALUES (?, ?, ?, ?, ?, ?, 1, ?, ?, ?)";
    const char        *now = bx_time_sql(c->arena, c->now);
    bx_cal_unit        u;
    term_row           t = { .version = 1, .number = (int) json_integer_value(json_object_get(c->body, "number")),
                             .starts = bx_cal_date(c, "starts_on"), .ends = bx_cal_date(c, "ends_on") };

    if (bx_cal_unit_edit(c, bx_id_parse(bx_cal_text(c, "unit_id")), &u) != BX_OK || check_dates(c, &t) != BX_OK) {
        return BX_FAIL;
    }

    t.unit = u.id;
    t.year = bx_school_year(t.starts);
    if (check_others(c, &t) != BX_OK) {
        return BX_FAIL;
    }

    t.id = bx_id_new();
    c->location = bx_sprintf(c->arena, "/api/v1/terms/%" PRId64, t.id);
    if (bx_queue(c, 1, sql, BX_ARGS(bx_int(t.id), bx_int(u.id), bx_int(t.year), bx_int(t.number),
                                    bx_text(bx_date_text(c->arena, t.starts)), bx_text(bx_date_text(c->arena, t.ends)), bx_text(now),
                                    bx_int(bx_call_account(c)), bx_text(now))) != BX_OK)
    {
        return BX_FAIL;
    }

    return finish(c, &u, &t, NULL, "create", 201);
}

/* The term of the path, in scope and of the version the caller has seen. */
static bx_rc
term_edit(bx_call *c, bx_cal_unit *u, term_row *t)
{
    static const char  sql[] = "SELECT t.id, t.version, t.unit_id, t.school_year, t.number, t.starts_on, t.ends_on FROM term t WHERE t.id = ?";
    bx_rows            rows;

    if (bx_query(c, &rows, sql, BX_ARGS(bx_int(c->path_id))) != BX_OK) {
        return BX_FAIL;
    }
    if (rows.nrows == 0) {
        return bx_refuse(c, BX_E_NOT_FOUND, NULL, NULL, NULL);
    }

    *t = row_of(&rows, 0);
    return bx_cal_unit_edit(c, t->unit, u) == BX_OK ? bx_version_check(c, t->version) : BX_FAIL;
}

bx_rc
bx_cal_term_change(bx_call *c)
{
    bx_cal_unit  u;
    term_row     old, t;

    if (term_edit(c, &u, &old) != BX_OK) {
        return BX_FAIL;
    }

    t = old;
    t.starts = bx_cal_date(c, "starts_on");
    t.ends = bx_cal_date(c, "ends_on");
    if (check_dates(c, &t) != BX_OK) {
        return BX_FAIL;
    }
    if (bx_school_year(t.starts) != old.year) {
        return bx_refuse(c, BX_E_INVALID, "starts_on", "calendar.term_other_year", json_pack("{s:i, s:i}", "year", old.year, "next", old.year + 1));
    }
    if (check_others(c, &t) != BX_OK
        || bx_queue(c, 1, "UPDATE term SET version = version + 1, starts_on = ?, ends_on = ?, updated_at = ? WHERE id = ? AND version = ?",
                    BX_ARGS(bx_text(bx_date_text(c->arena, t.starts)), bx_text(bx_date_text(c->arena, t.ends)),
                            bx_text(bx_time_sql(c->arena, c->now)), bx_int(t.id), bx_int(t.version))) != BX_OK)
    {
        return BX_FAIL;
    }

    t.version++;
    return finish(c, &u, &t, &old, "edit", 200);
}

bx_rc
bx_cal_term_remove(bx_call *c)
{
    bx_cal_unit  u;
    term_row     t;

    if (term_edit(c, &u, &t) != BX_OK
        || bx_queue(c, 1, "DELETE FROM term WHERE id = ? AND version = ?", BX_ARGS(bx_int(t.id), bx_int(t.version))) != BX_OK)
    {
        return BX_FAIL;
    }

    return finish(c, &u, &t, NULL, "remove", 204);
}
