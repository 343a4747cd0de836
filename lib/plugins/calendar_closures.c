/* calendar_closures.c: classes that are closed for some days: weather, infection, examinations. A closure names its classes, all
 * of one school; table closure has a row for each, which is what calendars read. It is undone by another last day, or cancelled
 * with a word about it; both leave their line in its history. */
#include "plugins/calendar.h"
#include "flow/rules.h"

#include <inttypes.h>
#include <string.h>

#define MAX_CLASSES  60
#define MAX_DAYS     60


static const bx_field fields[] = {
    { "kind",      BX_CODE, BX_REQUIRED, 0,   0, "closure_kind", NULL, NULL, NULL },
    { "reason",    BX_TEXT, BX_REQUIRED, 2, 100, NULL, NULL, NULL, NULL },
    { "starts_on", BX_DATE, BX_REQUIRED, 0,   0, NULL, NULL, NULL, NULL },
    { "ends_on",   BX_DATE, BX_REQUIRED, 0,   0, NULL, NULL, NULL, NULL },
    { NULL }
};

typedef struct { bx_id id; const char *name; } closed_class;

typedef struct {
    bx_id         notice, school, township;
    bx_date       starts, ends;
    size_t        n;
    closed_class  classes[MAX_CLASSES];
} closure;

/* ---- classes */

static const char sql_class[] =
    "SELECT u.id, u.school_id, u.township_id, u.name, u.stage, u.entry_year, u.class_no FROM org_unit u WHERE u.level = 'class'"
    " AND u.closed_on IS NULL AND u.id IN (";

/* The ids of the body, each once; *n 0 and refused when it is no list of ids. */
static bx_rc
ids_take(bx_call *c, bx_value *ids, size_t *n)
{
    json_t  *list = json_object_get(c->body, "class_ids"), *item;
    size_t   i, k;

    *n = 0;
    if (!json_is_array(list) || json_array_size(list) == 0) {
        return bx_refuse(c, BX_E_INVALID, "class_ids", "calendar.closure_which", NULL);
    }
    if (json_array_size(list) > MAX_CLASSES) {
        return bx_refuse(c, BX_E_INVALID, "class_ids", "too_many", json_pack("{s:i}", "max", MAX_CLASSES));
    }

    json_array_foreach(list, i, item) {
        bx_id  id = bx_id_parse(json_string_value(item));

        for (k = 0; k < *n && ids[k].i != id; k++) { /* void */ }
        if (id == 0) {
            return bx_refuse(c, BX_E_INVALID, "class_ids", "not_found", NULL);
        }
        if (k == *n) {
            ids[(*n)++] = bx_int(id);
        }
    }

    return BX_OK;
}

static bx_rc
classes_take(bx_call *c, closure *x)
{
    bx_value  args[MAX_CLASSES + 48];
    bx_rows   rows;
    bx_buf    sql;
    size_t    n, nargs;

    if (ids_take(c, args, &n) != BX_OK) {
        return BX_FAIL;
    }

    bx_buf_init(&sql, c->arena);
    bx_buf_str(&sql, sql_class);
    for (size_t i = 0; i < n; i++) {
        bx_buf_str(&sql, i == 0 ? "?" : ",?");
    }
    bx_buf_str(&sql, ") AND ");
    nargs = n;
    if (bx_scope_where(c, BX_SCOPE_UNIT, "u", "calendar.edit", &sql, args, &nargs, MAX_CLASSES + 48) != BX_OK) {
        return BX_FAIL;
    }
    bx_buf_str(&sql, " ORDER BY u.entry_year DESC, u.class_no, u.id");
    if (sql.failed) {
        return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
    }
    if (bx_query(c, &rows, sql.data, args, nargs) != BX_OK) {
        return BX_FAIL;
    }
    if (rows.nrows < n) {
        return bx_refuse(c, BX_E_INVALID, "class_ids", "calendar.closure_scope", NULL);
    }

    x->n = n;
    x->school = bx_cell_int(&rows, 0, 1);
    x->township = bx_cell_int(&rows, 0, 2);
    for (size_t i = 0; i < n; i++) {
        x->classes[i] = (closed_class) { bx_cell_int(&rows, i, 0), bx_cal_unit_name(c, &rows, i, 3) };
        if (bx_cell_int(&rows, i, 1) != x->school) {
            return bx_refuse(c, BX_E_INVALID, "class_ids", "calendar.closure_school", NULL);
        }
    }
    return BX_OK;
}

/* ---- checks */

/* Inside one term of every class, and not closed there already. */
static bx_rc
check_class(bx_call *c, const closure *x, const closed_class *cl)
{
    static const char   sql[] = "SELECT x.starts_on, x.ends_on, x.reason FROM closure x WHERE x.class_id = ? AND x.cancelled = 0"
                                " AND x.starts_on <= ? AND x.ends_on >= ? AND (x.notice_id IS NULL OR x.notice_id <> ?) LIMIT 1";
    const bx_calendar  *cal;
    bx_date             starts, ends;
    bx_rows             rows;
    json_t             *params;

    if (bx_calendar_load(c, cl->id, x->starts, x->ends, &cal) != BX_OK) {
        return BX_FAIL;
    }
    if (!bx_calendar_term(cal, x->starts, &starts, &ends)) {
        return bx_refuse(c, BX_E_INVALID, "starts_on", "calendar.closure_term", json_pack("{s:s}", "class", cl->name));
    }
    if (x->ends > ends) {
        return bx_refuse(c, BX_E_INVALID, "ends_on", "calendar.closure_past_term",
                         json_pack("{s:s, s:s}", "class", cl->name, "day", bx_date_text(c->arena, ends)));
    }

    if (bx_query(c, &rows, sql, BX_ARGS(bx_int(cl->id), bx_text(bx_date_text(c->arena, x->ends)),
                                        bx_text(bx_date_text(c->arena, x->starts)), bx_int(x->notice))) != BX_OK)
    {
        return BX_FAIL;
    }
    if (rows.nrows == 0) {
        return BX_OK;
    }

    params = bx_cal_span_params(c, bx_date_parse(bx_cell_text(&rows, 0, 0)), bx_date_parse(bx_cell_text(&rows, 0, 1)));
    json_object_set_new(params, "class", json_string(cl->name));
    json_object_set_new(params, "reason", json_string(bx_cell_text(&rows, 0, 2)));
    return bx_refuse(c, BX_E_INVALID, x->notice == 0 ? "class_ids" : "ends_on", "calendar.closure_there", params);
}

static bx_rc
check_days(bx_call *c, const closure *x)
{
    if (x->ends < x->starts) {
        return bx_refuse(c, BX_E_INVALID, "ends_on", "calendar.backwards", NULL);
    }
    if (x->ends - x->starts >= MAX_DAYS) {
        return bx_refuse(c, BX_E_INVALID, "ends_on", "calendar.days_long", json_pack("{s:i}", "max", MAX_DAYS));
    }

    for (size_t i = 0; i < x->n; i++) {
        if (check_class(c, x, &x->classes[i]) != BX_OK) {
            return BX_FAIL;
        }
    }

    return BX_OK;
}

/* ---- POST closures */

static json_t *
classes_json(const closure *x)
{
    json_t  *list = json_array();

    for (size_t i = 0; i < x->n; i++) {
        json_array_append_new(list, json_pack("{s:o, s:s}", "id", bx_id_json(x->classes[i].id), "name", x->classes[i].name));
    }

    return list;
}

static bx_rc
queue_closure(bx_call *c, const closure *x, const char *kind, const char *reason)
{
    static const char  notice[] = "INSERT INTO closure_notice (id, version, state, school_id, township_id, kind, reason, starts_on, ends_on,"
                                  " class_count, created_at, created_by, updated_at) VALUES (?, 1, 'ordered', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    static const char  row[] = "INSERT INTO closure (id, class_id, starts_on, ends_on, reason, notice_id) VALUES (?, ?, ?, ?, ?, ?)";
    bx_value           from = bx_text(bx_date_text(c->arena, x->starts)), to = bx_text(bx_date_text(c->arena, x->ends));
    bx_value           now = bx_text(bx_time_sql(c->arena, c->now));
    struct bx_record   r = { .def = bx_closure_record, .call = c, .id = x->notice, .scope = { .school = x->school, .township = x->township } };

    if (bx_queue(c, 1, notice, BX_ARGS(bx_int(x->notice), bx_int(x->school), x->township == 0 ? bx_null() : bx_int(x->township),
                                       bx_text(kind), bx_text(reason), from, to, bx_int((int64_t) x->n), now,
                                       bx_int(bx_call_account(c)), now)) != BX_OK)
    {
        return BX_FAIL;
    }
    for (size_t i = 0; i < x->n; i++) {
        if (bx_queue(c, 1, row, BX_ARGS(bx_int(bx_id_new()), bx_int(x->classes[i].id), from, to, bx_text(reason),
                                        bx_int(x->notice))) != BX_OK
            || bx_calendar_changed(c, x->classes[i].id, x->starts, x->ends) != BX_OK)
        {
            return BX_FAIL;
        }
    }

    return bx_history_queue(c, &r, "order", "ordered", "calendar.edit");
}

bx_rc
bx_cal_closure_create(bx_call *c)
{
    closure      x = { 0 };
    const char  *kind, *reason;
    json_t      *o;

    if (bx_record_take(c, NULL, fields, c->body, true, "class_ids") != BX_OK) {
        return BX_FAIL;
    }

    x.starts = bx_cal_date(c, "starts_on");
    x.ends = bx_cal_date(c, "ends_on");
    kind = bx_cal_text(c, "kind");
    reason = bx_cal_text(c, "reason");
    if (classes_take(c, &x) != BX_OK || check_days(c, &x) != BX_OK) {
        return BX_FAIL;
    }

    x.notice = bx_id_new();
    if (queue_closure(c, &x, kind, reason) != BX_OK) {
        return BX_FAIL;
    }

    o = json_pack("{s:o, s:i, s:s, s:s, s:s, s:s, s:s, s:i, s:o}", "id", bx_id_json(x.notice), "version", 1, "state", "ordered",
                  "kind", kind, "reason", reason, "starts_on", bx_date_text(c->arena, x.starts),
                  "ends_on", bx_date_text(c->arena, x.ends), "class_count", (int) x.n, "classes", classes_json(&x));
    c->location = bx_sprintf(c->arena, "/api/v1/closures/%" PRId64, x.notice);
    if (bx_answer(c, 201, o) != BX_OK) {
        return BX_FAIL;
    }

    return bx_commit(c, x.school, "order", "closures", x.notice,
                     bx_own(c->arena, json_pack("{s:s, s:s, s:s, s:s, s:i}", "kind", kind, "reason", reason, "starts_on",
                                                bx_date_text(c->arena, x.starts), "ends_on", bx_date_text(c->arena, x.ends),
                                                "class_count", (int) x.n)));
}

/* ---- actions */

static const char sql_closed[] =
    "SELECT u.id, u.name, u.stage, u.entry_year, u.class_no, x.notice_id, x.ends_on FROM closure x JOIN org_unit u ON u.id = x.class_id"
    " WHERE x.notice_id IN (";

static bx_rc
closure_of(bx_call *c, const bx_record *r, closure *x)
{
    bx_rows  rows;

    *x = (closure) { .notice = bx_rec_id(r), .school = bx_rec_school(r), .starts = bx_rec_date(r, "starts_on"),
                     .ends = bx_rec_date(r, "ends_on") };

    if (bx_query(c, &rows, bx_sprintf(c->arena, "%s?)", sql_closed), BX_ARGS(bx_int(x->notice))) != BX_OK) {
        return BX_FAIL;
    }
    for (size_t i = 0; i < rows.nrows && x->n < MAX_CLASSES; i++) {
        x->classes[x->n++] = (closed_class) { bx_cell_int(&rows, i, 0), bx_cal_unit_name(c, &rows, i, 1) };
    }

    return BX_OK;
}

static bx_rc
tell_classes(bx_call *c, const closure *x, bx_date from, bx_date to)
{
    for (size_t i = 0; i < x->n; i++) {
        if (bx_calendar_changed(c, x->classes[i].id, from, to) != BX_OK) {
            return BX_FAIL;
        }
    }

    return BX_OK;
}

/* Another last day, earlier or later: r has the new one already, the rows of the classes the old one. */
bx_rc
bx_cal_closure_end(bx_call *c, bx_record *r)
{
    static const char  sql[] = "SELECT ends_on FROM closure_notice WHERE id = ?";
    closure            x;
    bx_rows            rows;
    bx_date            old;

    if (bx_query(c, &rows, sql, BX_ARGS(bx_int(bx_rec_id(r)))) != BX_OK || closure_of(c, r, &x) != BX_OK) {
        return BX_FAIL;
    }
    old = rows.nrows == 0 ? x.ends : bx_date_parse(bx_cell_text(&rows, 0, 0));
    if (old == x.ends) {
        return bx_refuse(c, BX_E_INVALID, "ends_on", "calendar.closure_same", NULL);
    }
    if (check_days(c, &x) != BX_OK
        || bx_queue(c, (int) x.n, "UPDATE closure SET ends_on = ? WHERE notice_id = ?",
                    BX_ARGS(bx_text(bx_date_text(c->arena, x.ends)), bx_int(x.notice))) != BX_OK)
    {
        return BX_FAIL;
    }

    return tell_classes(c, &x, (old < x.ends ? old : x.ends) + 1, old > x.ends ? old : x.ends);
}

bx_rc
bx_cal_closure_cancel(bx_call *c, bx_record *r)
{
    closure  x;

    if (closure_of(c, r, &x) != BX_OK
        || bx_queue(c, (int) x.n, "UPDATE closure SET cancelled = 1 WHERE notice_id = ?", BX_ARGS(bx_int(x.notice))) != BX_OK)
    {
        return BX_FAIL;
    }

    return tell_classes(c, &x, x.starts, x.ends);
}

/* The classes of a page of closures, in one query. */
bx_rc
bx_cal_closure_decorate(bx_call *c, json_t *rows, bool one)
{
    bx_value  args[256];
    bx_rows   found;
    bx_buf    sql;
    size_t    n = 0, i;
    json_t   *row;

    (void) one;
    bx_buf_init(&sql, c->arena);
    bx_buf_str(&sql, sql_closed);
    json_array_foreach(rows, i, row) {
        json_object_set_new(row, "classes", json_array());
        if (n < 256) {
            bx_buf_str(&sql, n == 0 ? "?" : ",?");
            args[n++] = bx_int(bx_id_parse(json_string_value(json_object_get(row, "id"))));
        }
    }
    bx_buf_str(&sql, ") ORDER BY u.entry_year DESC, u.class_no, u.id");

    if (n == 0) {
        return BX_OK;
    }
    if (sql.failed) {
        return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
    }
    if (bx_query(c, &found, sql.data, args, n) != BX_OK) {
        return BX_FAIL;
    }

    for (size_t k = 0; k < found.nrows; k++) {
        json_array_foreach(rows, i, row) {
            if (bx_id_parse(json_string_value(json_object_get(row, "id"))) == bx_cell_int(&found, k, 5)) {
                json_array_append_new(json_object_get(row, "classes"),
                                      json_pack("{s:o, s:s}", "id", bx_id_json(bx_cell_int(&found, k, 0)),
                                                "name", bx_cal_unit_name(c, &found, k, 1)));
            }
        }
    }

    return BX_OK;
}
