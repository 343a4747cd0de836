/*
 * attachment_record.c: files that records have: taken from those that were brought loose, told with a page of rows. How much a
 * record and a school may have is a rule.
 */

#include <string.h>

#include "flow/attachment.h"
#include "flow/flow.h"

#define PAGE_ROWS  200
#define MIB        (1024 * 1024)

static bx_rc
out_of_memory(bx_call *c)
{
    return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
}

/* "?,?,?" */
static void
add_marks(bx_buf *sql, size_t n)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        bx_buf_str(sql, i ? ",?" : "?");
    }
}

static bx_value
id_or_null(bx_id id)
{
    return id ? bx_int(id) : bx_null();
}

static json_t *
number_or_null(const bx_rows *rows, size_t i, size_t col)
{
    return bx_cell(rows, i, col)->kind == BX_V_NULL ? json_null() : json_integer(bx_cell_int(rows, i, col));
}

json_t *
bx_attachment_json(const bx_call *c, const bx_rows *rows, size_t i, size_t first)
{
    const char  *struck = bx_cell_text(rows, i, first + 6);
    json_t      *o = json_pack("{s:o,s:s,s:I,s:o,s:o,s:b,s:b}", "id", bx_id_json(bx_cell_int(rows, i, first)),
                               "media_type", bx_cell_text(rows, i, first + 1), "size", (json_int_t) bx_cell_int(rows, i, first + 2),
                               "width", number_or_null(rows, i, first + 3), "height", number_or_null(rows, i, first + 4),
                               "thumbnail", (int) (bx_cell(rows, i, first + 5)->kind != BX_V_NULL),
                               "own", (int) (bx_cell_int(rows, i, first + 9) == bx_call_account(c)));

    if (struck != NULL) {
        json_object_set_new(o, "struck", json_pack("{s:s,s:s?,s:s?}", "at", bx_time_iso(bx_call_arena(c), bx_time_parse_sql(struck)),
                                                   "by", bx_cell_text(rows, i, first + 7), "reason", bx_cell_text(rows, i, first + 8)));
    }

    return o;
}

/* ------------------------------------------------------------------ how much there may be */

bx_rc
bx_attachment_school_room(bx_call *c, const char *field, bx_id school, int64_t bytes)
{
    static const char  sql[] = "SELECT o.bytes FROM attachment_total o WHERE o.school_id = ?";
    bx_rows            rows;
    int64_t            max;

    if (school == 0) {
        return BX_OK;
    }
    if (bx_rule_int(c, "attachment.school_gb", school, &max) != BX_OK || bx_query(c, &rows, sql, BX_ARGS(bx_int(school))) != BX_OK) {
        return BX_FAIL;
    }

    return (rows.nrows == 0 ? 0 : bx_cell_int(&rows, 0, 0)) + bytes <= max * 1024 * MIB ? BX_OK
           : bx_refuse(c, BX_E_INVALID, field, "attachment.school_full", json_pack("{s:I}", "max", (json_int_t) max));
}

bx_rc
bx_attachment_count(bx_call *c, bx_id school, int64_t bytes)
{
    static const char  sql[] = "INSERT INTO attachment_total (school_id, bytes) VALUES (?, ?) ON DUPLICATE KEY UPDATE bytes = bytes + VALUES(bytes)";

    return school == 0 || bytes == 0 ? BX_OK : bx_queue(c, -1, sql, BX_ARGS(bx_int(school), bx_int(bytes)));
}

static bx_rc
check_record_room(bx_call *c, const bx_attachment_place *at, size_t more)
{
    static const char  sql[] = "SELECT COUNT(*) AS n FROM attachment a WHERE a.record = ? AND a.record_id = ?";
    bx_rows            rows;
    int64_t            max;

    if (bx_rule_int(c, "attachment.record_files", at->school, &max) != BX_OK
        || bx_query(c, &rows, sql, BX_ARGS(bx_text(at->record), bx_int(at->id))) != BX_OK)
    {
        return BX_FAIL;
    }

    return bx_cell_int(&rows, 0, 0) + (int64_t) more <= max ? BX_OK
           : bx_refuse(c, BX_E_INVALID, at->field, "attachment.record_full", json_pack("{s:I}", "max", (json_int_t) max));
}

/* ------------------------------------------------------------------ taken by a record */

typedef struct {
    bx_attachment_place  at;
    bx_id        ids[BX_ATTACHMENT_FILES];    /* what the field shall hold */
    size_t       n;
    size_t       found, kept, fresh;
    int64_t      bytes, gone;                 /* of the fresh ones; of those let go */
} taking;

/* Ids of the body, each once. */
static bx_rc
read_ids(bx_call *c, taking *t, const json_t *ids)
{
    int     max = t->at.max < BX_ATTACHMENT_FILES ? t->at.max : BX_ATTACHMENT_FILES;
    size_t  i, k;
    bx_id   id;

    t->n = 0;

    if (json_is_null(ids)) {
        return BX_OK;
    }

    if (!json_is_array(ids)) {
        return bx_refuse(c, BX_E_INVALID, t->at.field, "attachment.ids", NULL);
    }

    if (json_array_size(ids) > (size_t) max) {
        return bx_refuse(c, BX_E_INVALID, t->at.field, "attachment.many", json_pack("{s:i}", "max", max));
    }

    for (i = 0; i < json_array_size(ids); i++) {
        const char  *text = json_string_value(json_array_get(ids, i));

        id = text ? bx_id_parse(text) : 0;
        for (k = 0; k < t->n && t->ids[k] != id; k++) { /* void */ }

        if (id == 0 || k < t->n) {
            return bx_refuse(c, BX_E_INVALID, t->at.field, "attachment.ids", NULL);
        }
        t->ids[t->n++] = id;
    }

    return BX_OK;
}

/* The rows that are named, and those the field has now. */
static bx_rc
query_rows(bx_call *c, const taking *t, bx_rows *rows)
{
    static const char  sql[] = "SELECT a.id, a.account_id, a.record, a.record_id, a.field, a.size, a.struck_at FROM attachment a"
                               " WHERE a.id IN (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
                               " UNION SELECT a.id, a.account_id, a.record, a.record_id, a.field, a.size, a.struck_at FROM attachment a"
                               " WHERE a.record = ? AND a.record_id = ? AND a.field = ?";
    bx_value           args[BX_ATTACHMENT_FILES + 3];
    size_t             i;

    for (i = 0; i < BX_ATTACHMENT_FILES; i++) {
        args[i] = bx_int(i < t->n ? t->ids[i] : 0);
    }

    args[i++] = bx_text(t->at.record);
    args[i++] = bx_int(t->at.id);
    args[i++] = bx_text(t->at.field);

    return bx_query(c, rows, sql, args, i);
}

static bool
is_held(const taking *t, const bx_rows *rows, size_t i)
{
    const char  *record = bx_cell_text(rows, i, 2), *field = bx_cell_text(rows, i, 4);

    return record && field && bx_cell_int(rows, i, 3) == t->at.id && strcmp(record, t->at.record) == 0
           && strcmp(field, t->at.field) == 0;
}

static bool
is_wanted(const taking *t, bx_id id)
{
    size_t  i;

    for (i = 0; i < t->n; i++) {
        if (t->ids[i] == id) {
            return true;
        }
    }

    return false;
}

static bx_rc
let_go(bx_call *c, taking *t, bx_id id, int64_t bytes)
{
    static const char  sql[] = "UPDATE attachment SET record = NULL, record_id = NULL, field = NULL, student_id = NULL,"
                               " class_id = NULL, school_id = NULL, township_id = NULL"
                               " WHERE id = ? AND record = ? AND record_id = ? AND field = ?";

    t->gone += bytes;
    return bx_queue(c, 1, sql, BX_ARGS(bx_int(id), bx_text(t->at.record), bx_int(t->at.id), bx_text(t->at.field)));
}

/* One row that is named, or that the field has. */
static bx_rc
take_row(bx_call *c, taking *t, const bx_rows *rows, size_t i)
{
    static const char          sql[] = "UPDATE attachment SET record = ?, record_id = ?, field = ?, student_id = ?,"
                                       " class_id = ?, school_id = ?, township_id = ? WHERE id = ? AND record_id IS NULL";
    const bx_attachment_place *at = &t->at;
    bx_id                      id = bx_cell_int(rows, i, 0);

    if (is_held(t, rows, i)) {
        bool  struck = bx_cell(rows, i, 6)->kind != BX_V_NULL;

        t->found += is_wanted(t, id);
        t->kept += !struck && (at->firm || is_wanted(t, id));
        return at->firm || struck || is_wanted(t, id) ? BX_OK : let_go(c, t, id, bx_cell_int(rows, i, 5));
    }
    if (bx_cell_text(rows, i, 2) != NULL || (!c->trusted && bx_cell_int(rows, i, 1) != bx_call_account(c))) {
        return BX_OK;                         /* somebody else's: not found */
    }

    t->found++;
    t->kept++;
    t->fresh++;
    t->bytes += bx_cell_int(rows, i, 5);
    return bx_queue(c, 1, sql, BX_ARGS(bx_text(at->record), bx_int(at->id), bx_text(at->field), id_or_null(at->student),
                                       id_or_null(at->class_id), id_or_null(at->school), id_or_null(at->township), bx_int(id)));
}

bx_rc
bx_attachments_take(bx_call *c, const bx_attachment_place *place, json_t *ids)
{
    taking   t = { .at = *place };
    bx_rows  rows;
    size_t   i;

    if (read_ids(c, &t, ids) != BX_OK || query_rows(c, &t, &rows) != BX_OK) {
        return BX_FAIL;
    }
    for (i = 0; i < rows.nrows; i++) {
        if (take_row(c, &t, &rows, i) != BX_OK) {
            return BX_FAIL;
        }
    }

    if (t.found != t.n) {
        return bx_refuse(c, BX_E_INVALID, place->field, "attachment.unknown", NULL);
    }
    if (t.kept > (size_t) place->max) {
        return bx_refuse(c, BX_E_INVALID, place->field, "attachment.many", json_pack("{s:i}", "max", place->max));
    }
    if (bx_attachment_count(c, place->school, t.bytes - t.gone) != BX_OK) {
        return BX_FAIL;
    }
    if (t.fresh == 0) {
        return BX_OK;
    }

    return check_record_room(c, place, t.fresh) == BX_OK ? bx_attachment_school_room(c, place->field, place->school, t.bytes) : BX_FAIL;
}

/* ------------------------------------------------------------------ shown with a page of rows */

/* Lengths of the IN list that are prepared: one row, a usual page, a full one. */
static size_t
padded(size_t n)
{
    return n <= 1 ? 1 : n <= 40 ? 40 : PAGE_ROWS;
}

/* Rows come ordered by record, as page rows often are: the search goes on where the last one ended. */
static json_t *
find_row(const bx_id *ids, json_t *rows, size_t first, size_t n, bx_id id, size_t *at)
{
    size_t  i;

    for (i = 0; i < n; i++, *at = *at + 1 < n ? *at + 1 : 0) {
        if (ids[*at] == id) {
            return json_array_get(rows, first + *at);
        }
    }

    return NULL;
}

static bx_rc
attach_page(bx_call *c, const char *record, json_t *rows, const char *field, size_t first, size_t n)
{
    bx_value     args[PAGE_ROWS + 2];
    bx_id        ids[PAGE_ROWS];
    bx_rows      files;
    bx_buf       sql;
    json_t      *row;
    const char  *text;
    size_t       i, at = 0;

    bx_buf_init(&sql, c->arena);
    bx_buf_str(&sql, "SELECT a.record_id, " BX_ATTACHMENT_COLUMNS " FROM attachment a"
                     " WHERE a.record = ? AND a.record_id IN (");
    add_marks(&sql, padded(n));
    bx_buf_str(&sql, ") AND a.field = ? ORDER BY a.record_id, a.id");

    args[0] = bx_text(record);
    for (i = 0; i < padded(n); i++) {
        text = i < n ? json_string_value(json_object_get(json_array_get(rows, first + i), "id")) : NULL;
        ids[i] = text ? bx_id_parse(text) : 0;
        args[i + 1] = bx_int(ids[i]);
    }
    args[i + 1] = bx_text(field);

    if (sql.failed) {
        return out_of_memory(c);
    }

    if (bx_query(c, &files, sql.data, args, padded(n) + 2) != BX_OK) {
        return BX_FAIL;
    }

    for (i = 0; i < n; i++) {
        json_object_set_new(json_array_get(rows, first + i), field, json_array());
    }

    for (i = 0; i < files.nrows; i++) {
        row = find_row(ids, rows, first, n, bx_cell_int(&files, i, 0), &at);
        json_array_append_new(json_object_get(row, field), bx_attachment_json(c, &files, i, 1));
    }

    return BX_OK;
}

bx_rc
bx_attachments_attach(bx_call *c, const char *record, json_t *rows, const char *field)
{
    size_t  first, left, total = json_array_size(rows);

    for (first = 0; first < total; first += PAGE_ROWS) {
        left = total - first;
        if (attach_page(c, record, rows, field, first, left < PAGE_ROWS ? left : PAGE_ROWS) != BX_OK) {
            return BX_FAIL;
        }
    }

    return BX_OK;
}
