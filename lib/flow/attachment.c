/*
 * attachment.c: files that belong to records: brought loose, taken by a record, read by who may read the record, purged
 * when nothing took them. Owns table attachment. Does not own how a file lies on disk (file_store.c) nor what is a
 * picture (file_kind.c).
 */

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "flow/attachment.h"
#include "flow/file_store.h"
#include "flow/flow.h"

#define DAY         (24 * 3600)
#define SEALING     1024u                     /* a sealed file is longer than its content, by less than this */
#define PURGE_ROWS  200
#define PAGE_ROWS   200

static bx_rc
out_of_memory(bx_call *c)
{
    return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
}

/* What went wrong is in c->error, for the log. */
static bx_rc
internal(bx_call *c)
{
    bool  said = c->error.code == BX_E_MEMORY || c->error.code == BX_E_STORAGE;

    return bx_refuse(c, said ? c->error.code : BX_E_INTERNAL, NULL, NULL, NULL);
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
file_json(bx_id id, const char *media_type, int64_t size)
{
    return json_pack("{s:o,s:s,s:I}", "id", json_sprintf("%" PRId64, id), "media_type", media_type,
                     "size", (json_int_t) size);
}

/* ------------------------------------------------------------------ POST attachments */

typedef struct {
    const char   *data;
    size_t        len;
    bx_file_info  info;
} upload;

static bx_rc
check_upload(bx_call *c, upload *up)
{
    const char    *media_type;
    bx_file_kind   declared;
    int            fd;

    up->len = bx_call_upload(c, &up->data, &fd, &media_type);
    declared = bx_file_kind_of(media_type);

    if (declared == BX_FILE_UNKNOWN) {
        return bx_refuse(c, BX_E_MEDIA, "file", "attachment.type", NULL);
    }

    if (up->len > BX_ATTACHMENT_BYTES) {
        return bx_refuse(c, BX_E_TOO_LARGE, "file", "attachment.too_large",
                         json_pack("{s:i}", "max", (int) (BX_ATTACHMENT_BYTES >> 20)));
    }

    if (up->len == 0 || up->data == NULL) {
        return bx_refuse(c, BX_E_INVALID, "file", "attachment.empty", NULL);
    }

    bx_file_sniff(up->data, up->len, &up->info);

    if (up->info.kind == BX_FILE_UNKNOWN) {
        return bx_refuse(c, BX_E_INVALID, "file", "attachment.content", NULL);
    }

    if (up->info.kind != declared) {
        return bx_refuse(c, BX_E_INVALID, "file", "attachment.mismatch", NULL);
    }

    return up->info.sound ? BX_OK : bx_refuse(c, BX_E_INVALID, "file", "attachment.broken", NULL);
}

/* The school a caller belongs to, for rules and the audit chain; else the first unit, else 0. */
static bx_id
home_school(const bx_call *c)
{
    unsigned  i;

    for (i = 0; c->who && i < c->who->ngrants; i++) {
        if (c->who->grants[i].school) {
            return c->who->grants[i].school;
        }
    }

    return 0;
}

static bx_rc
check_quota(bx_call *c)
{
    static const char  sql[] = "SELECT COUNT(*) AS n FROM attachment a WHERE a.account_id = ? AND a.created_at > ?"
                               " AND a.record_id IS NULL";
    const char        *since = bx_time_sql(c->arena, c->now - DAY);
    bx_rows            rows;
    int64_t            max;

    if (bx_rule_int(c, "attachment.loose_max", home_school(c), &max) != BX_OK
        || bx_query(c, &rows, sql, BX_ARGS(bx_int(bx_call_account(c)), bx_text(since))) != BX_OK)
    {
        return BX_FAIL;
    }

    return bx_cell_int(&rows, 0, 0) < max ? BX_OK
           : bx_refuse(c, BX_E_INVALID, "file", "attachment.quota", json_pack("{s:I}", "max", (json_int_t) max));
}

/* A keyed hash of the content: whoever sees the directory cannot tell whether a certain file lies in it. */
static bx_rc
name_file(bx_call *c, const upload *up, bx_value *hash, const char **name)
{
    uint8_t      digest[32];
    const char  *hex;

    bx_sha256(up->data, up->len, digest);
    hex = bx_hex(c->arena, digest, sizeof(digest));
    if (hex == NULL) {
        return out_of_memory(c);
    }

    *hash = bx_lookup_hash(c->arena, "file", hex);
    *name = hash->len == 32 ? bx_hex(c->arena, hash->s, hash->len) : NULL;

    return *name ? BX_OK : out_of_memory(c);
}

static bx_rc
store(bx_call *c, const char *dir, const char *name, const upload *up)
{
    bx_value  sealed;

    if (bx_seal_bytes(c->arena, up->data, up->len, &sealed) != BX_OK) {
        bx_error_set(&c->error, BX_E_INTERNAL, "sealing an attachment failed");
        return internal(c);
    }

    return bx_file_put(dir, name, sealed.s, sealed.len, &c->error) == BX_OK ? BX_OK : internal(c);
}

bx_rc
bx_attachment_create(bx_call *c)
{
    static const char  insert[] = "INSERT INTO attachment (id, account_id, name_hash, media_type, size, created_at)"
                                  " VALUES (?, ?, ?, ?, ?, ?)";
    const char        *dir = bx_app_attachments(c->app), *name, *media_type;
    bx_value           hash;
    upload             up;
    json_t            *changes;
    bx_id              id = bx_id_new();

    if (dir == NULL) {
        return bx_refuse(c, BX_E_INVALID, "file", "attachment.off", NULL);
    }

    if (check_upload(c, &up) != BX_OK || check_quota(c) != BX_OK || name_file(c, &up, &hash, &name) != BX_OK
        || store(c, dir, name, &up) != BX_OK)
    {
        return BX_FAIL;
    }

    media_type = bx_file_media_type(up.info.kind);
    changes = bx_own(c->arena, json_pack("{s:s,s:I}", "media_type", media_type, "size", (json_int_t) up.len));
    c->location = bx_sprintf(c->arena, "/api/v1/attachments/%" PRId64, id);
    bx_answer(c, 201, file_json(id, media_type, (int64_t) up.len));

    if (bx_queue(c, 1, insert, BX_ARGS(bx_int(id), bx_int(bx_call_account(c)), hash, bx_text(media_type),
                                       bx_int((int64_t) up.len), bx_text(bx_time_sql(c->arena, c->now)))) != BX_OK
        || bx_commit(c, home_school(c), "create", "attachments", id, changes) != BX_OK)
    {
        return BX_FAIL;
    }

    /* a purge of the same content may have seen no row and taken the file before the commit */
    return bx_file_exists(dir, name) ? BX_OK : store(c, dir, name, &up);
}

/* ------------------------------------------------------------------ GET attachments/{id} */

enum { R_ACCOUNT, R_RECORD, R_RECORD_ID, R_FIELD, R_HASH, R_TYPE, R_SIZE, R_SCHOOL };

/* Loose: who brought it. Taken: who may read the record, and the field if that asks for more. */
static bx_rc
may_read(bx_call *c, const bx_rows *row, bool *allowed)
{
    const char           *name = bx_cell_text(row, 0, R_RECORD);
    const bx_record_def  *def;
    const char           *needed;
    bx_record             r;
    int                   field;

    *allowed = c->trusted || (name == NULL && bx_cell_int(row, 0, R_ACCOUNT) == bx_call_account(c));

    if (*allowed || name == NULL || (def = bx_record_find(name)) == NULL || !bx_call_can(c, def->read)) {
        return BX_OK;
    }

    if (bx_record_read(c, def, bx_cell_int(row, 0, R_RECORD_ID), &r, allowed) != BX_OK) {
        return BX_FAIL;
    }

    field = bx_record_field(def, bx_cell_text(row, 0, R_FIELD));
    needed = field < 0 ? NULL : def->fields[field].read;

    if (field < 0 || (*allowed && needed && !bx_scope_allows(c, needed, &r.scope))) {
        *allowed = false;
    }

    return BX_OK;
}

/* Reads of a child's papers are on record, but for who brought them. */
static bx_rc
log_read(bx_call *c, const bx_rows *row)
{
    json_t  *what;

    if (bx_cell_int(row, 0, R_ACCOUNT) == bx_call_account(c)) {
        return BX_OK;
    }

    what = bx_own(c->arena, json_pack("{s:s?,s:o}", "record", bx_cell_text(row, 0, R_RECORD), "record_id",
                                      json_sprintf("%" PRId64, bx_cell_int(row, 0, R_RECORD_ID))));

    return bx_commit(c, bx_cell_int(row, 0, R_SCHOOL), "read", "attachments", bx_call_path_id(c), what);
}

static bx_rc
open_file(bx_call *c, const bx_rows *row, void **data, size_t *len)
{
    const bx_value  *hash = bx_cell(row, 0, R_HASH);
    const char      *dir = bx_app_attachments(c->app), *name = bx_hex(c->arena, hash->s, hash->len);
    bx_value         sealed;

    if (dir == NULL || name == NULL
        || bx_file_get(c->arena, dir, name, BX_ATTACHMENT_BYTES + SEALING, &sealed, &c->error) != BX_OK)
    {
        return internal(c);
    }

    if (bx_unseal_bytes(c->arena, &sealed, data, len) != BX_OK || (int64_t) *len != bx_cell_int(row, 0, R_SIZE)) {
        bx_error_set(&c->error, BX_E_INTERNAL, "file of attachment %" PRId64 " cannot be opened", bx_call_path_id(c));
        return internal(c);
    }

    return BX_OK;
}

/* A picture is shown where it stands. Browsers show no PDF in a sandbox, so that one is offered for saving. */
static void
answer_headers(bx_call *c, const char *media_type)
{
    static const char *const  endings[] = { "", "jpg", "png", "webp", "pdf" };
    bx_file_kind              kind = bx_file_kind_of(media_type);

    bx_answer_header(c, "X-Content-Type-Options", "nosniff");
    bx_answer_header(c, "Content-Security-Policy", "sandbox; default-src 'none'");
    bx_answer_header(c, "Cross-Origin-Resource-Policy", "same-origin");
    bx_answer_header(c, "Cache-Control", "private, no-store");
    bx_answer_header(c, "Content-Disposition",
                     bx_sprintf(c->arena, "%s; filename=\"%" PRId64 ".%s\"",
                                kind == BX_FILE_PDF ? "attachment" : "inline", bx_call_path_id(c), endings[kind]));
}

bx_rc
bx_attachment_read(bx_call *c)
{
    static const char  sql[] = "SELECT a.account_id, a.record, a.record_id, a.field, a.name_hash, a.media_type, a.size,"
                               " a.school_id FROM attachment a WHERE a.id = ?";
    const char        *media_type;
    bx_rows            row;
    void              *data;
    size_t             len;
    bool               allowed = false;

    if (bx_query(c, &row, sql, BX_ARGS(bx_int(bx_call_path_id(c)))) != BX_OK) {
        return BX_FAIL;
    }

    if (row.nrows == 1 && may_read(c, &row, &allowed) != BX_OK) {
        return BX_FAIL;
    }

    if (!allowed) {
        return bx_refuse(c, BX_E_NOT_FOUND, NULL, NULL, NULL);
    }

    if (open_file(c, &row, &data, &len) != BX_OK || log_read(c, &row) != BX_OK) {
        return BX_FAIL;
    }

    media_type = bx_cell_text(&row, 0, R_TYPE);
    answer_headers(c, media_type);

    return bx_answer_bytes(c, 200, media_type, data, len);
}

/* ------------------------------------------------------------------ taken by a record */

typedef struct {
    const char  *record, *field;
    bx_id        record_id;
    bx_id        ids[BX_ATTACHMENT_FILES];    /* what the field shall hold */
    size_t       n;
} taking;

/* Ids of the body, each once. */
static bx_rc
read_ids(bx_call *c, taking *t, const json_t *ids, int max)
{
    size_t  i, k;
    bx_id   id;

    t->n = 0;

    if (json_is_null(ids)) {
        return BX_OK;
    }

    if (!json_is_array(ids)) {
        return bx_refuse(c, BX_E_INVALID, t->field, "attachment.ids", NULL);
    }

    if (max > BX_ATTACHMENT_FILES) {
        max = BX_ATTACHMENT_FILES;
    }

    if (json_array_size(ids) > (size_t) max) {
        return bx_refuse(c, BX_E_INVALID, t->field, "attachment.many", json_pack("{s:i}", "max", max));
    }

    for (i = 0; i < json_array_size(ids); i++) {
        const char  *text = json_string_value(json_array_get(ids, i));

        id = text ? bx_id_parse(text) : 0;
        for (k = 0; k < t->n && t->ids[k] != id; k++) { /* void */ }

        if (id == 0 || k < t->n) {
            return bx_refuse(c, BX_E_INVALID, t->field, "attachment.ids", NULL);
        }
        t->ids[t->n++] = id;
    }

    return BX_OK;
}

/* The rows that are named, and those the field has now. */
static bx_rc
query_rows(bx_call *c, const taking *t, bx_rows *rows)
{
    static const char  sql[] = "SELECT a.id, a.account_id, a.record, a.record_id, a.field FROM attachment a"
                               " WHERE a.id IN (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
                               " UNION SELECT a.id, a.account_id, a.record, a.record_id, a.field FROM attachment a"
                               " WHERE a.record = ? AND a.record_id = ? AND a.field = ?";
    bx_value           args[BX_ATTACHMENT_FILES + 3];
    size_t             i;

    for (i = 0; i < BX_ATTACHMENT_FILES; i++) {
        args[i] = bx_int(i < t->n ? t->ids[i] : 0);
    }

    args[i++] = bx_text(t->record);
    args[i++] = bx_int(t->record_id);
    args[i++] = bx_text(t->field);

    return bx_query(c, rows, sql, args, i);
}

static bool
is_held(const taking *t, const bx_rows *rows, size_t i)
{
    const char  *record = bx_cell_text(rows, i, 2), *field = bx_cell_text(rows, i, 4);

    return record && field && bx_cell_int(rows, i, 3) == t->record_id && strcmp(record, t->record) == 0
           && strcmp(field, t->field) == 0;
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
let_go(bx_call *c, const taking *t, bx_id id)
{
    static const char  sql[] = "UPDATE attachment SET record = NULL, record_id = NULL, field = NULL, student_id = NULL,"
                               " class_id = NULL, school_id = NULL, township_id = NULL"
                               " WHERE id = ? AND record = ? AND record_id = ? AND field = ?";

    return bx_queue(c, 1, sql, BX_ARGS(bx_int(id), bx_text(t->record), bx_int(t->record_id), bx_text(t->field)));
}

bx_rc
bx_attachments_take(bx_call *c, const char *record, bx_id record_id, const char *field, json_t *ids, int max,
                    bx_id student, bx_id class_id, bx_id school, bx_id township)
{
    static const char  sql[] = "UPDATE attachment SET record = ?, record_id = ?, field = ?, student_id = ?,"
                               " class_id = ?, school_id = ?, township_id = ? WHERE id = ? AND record_id IS NULL";
    taking             t = { .record = record, .field = field, .record_id = record_id };
    bx_value           args[8] = { bx_text(record), bx_int(record_id), bx_text(field), id_or_null(student),
                                   id_or_null(class_id), id_or_null(school), id_or_null(township) };
    bx_rows            rows;
    size_t             i, found = 0;
    bx_id              id;

    if (read_ids(c, &t, ids, max) != BX_OK || query_rows(c, &t, &rows) != BX_OK) {
        return BX_FAIL;
    }

    for (i = 0; i < rows.nrows; i++) {
        id = bx_cell_int(&rows, i, 0);

        if (is_held(&t, &rows, i)) {
            if (is_wanted(&t, id)) {
                found++;

            } else if (let_go(c, &t, id) != BX_OK) {
                return BX_FAIL;
            }
            continue;
        }

        if (bx_cell_text(&rows, i, 2) != NULL || (!c->trusted && bx_cell_int(&rows, i, 1) != bx_call_account(c))) {
            continue;
        }

        found++;
        args[7] = bx_int(id);
        if (bx_queue(c, 1, sql, args, 8) != BX_OK) {
            return BX_FAIL;
        }
    }

    return found == t.n ? BX_OK : bx_refuse(c, BX_E_INVALID, field, "attachment.unknown", NULL);
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
    bx_buf_str(&sql, "SELECT a.record_id, a.id, a.media_type, a.size FROM attachment a"
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
        json_array_append_new(json_object_get(row, field),
                              file_json(bx_cell_int(&files, i, 1), bx_cell_text(&files, i, 2), bx_cell_int(&files, i, 3)));
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

/* ------------------------------------------------------------------ purge */

static bool
same_hash(const bx_value *a, const bx_value *b)
{
    return a->len == b->len && memcmp(a->s, b->s, a->len) == 0;
}

/* Is the file still somebody's? */
static bx_rc
in_use(bx_call *c, const bx_value *hash, bool *used)
{
    static const char  sql[] = "SELECT 1 AS n FROM attachment a WHERE a.name_hash = ? LIMIT 1";
    bx_rows            rows;

    if (bx_query(c, &rows, sql, hash, 1) != BX_OK) {
        return BX_FAIL;
    }

    *used = rows.nrows > 0;
    return BX_OK;
}

/* Set aside, asked again, dropped: an upload of the same content that commits in between either is seen by the second
 * question or finds its file missing after its commit and writes it again. */
static bx_rc
remove_file(bx_call *c, const char *dir, const bx_value *hash)
{
    const char  *name = bx_hex(c->arena, hash->s, hash->len), *aside;
    bool         used;

    if (name == NULL) {
        return out_of_memory(c);
    }

    if (in_use(c, hash, &used) != BX_OK) {
        return BX_FAIL;
    }

    if (used) {
        return BX_OK;
    }

    if (bx_file_aside(c->arena, dir, name, &aside, &c->error) != BX_OK) {
        return internal(c);
    }

    if (aside == NULL) {
        return BX_OK;
    }

    if (in_use(c, hash, &used) != BX_OK || used) {
        return bx_file_back(dir, name, aside, &c->error) == BX_OK ? (used ? BX_OK : BX_FAIL) : internal(c);
    }

    bx_file_drop(aside);
    return BX_OK;
}

static bx_rc
delete_rows(bx_call *c, const bx_rows *rows)
{
    bx_value  args[PURGE_ROWS];
    bx_buf    sql;
    json_t   *changes = bx_own(c->arena, json_pack("{s:I}", "count", (json_int_t) rows->nrows));
    size_t    i;

    bx_buf_init(&sql, c->arena);
    bx_buf_str(&sql, "DELETE FROM attachment WHERE record_id IS NULL AND id IN (");
    add_marks(&sql, PURGE_ROWS);
    bx_buf_str(&sql, ")");

    for (i = 0; i < PURGE_ROWS; i++) {
        args[i] = bx_int(i < rows->nrows ? bx_cell_int(rows, i, 0) : 0);
    }

    if (sql.failed) {
        return out_of_memory(c);
    }

    return bx_queue(c, -1, sql.data, args, PURGE_ROWS) == BX_OK
           ? bx_commit_batch(c, 0, "purge", "attachments", 0, changes) : BX_FAIL;
}

bx_rc
bx_attachment_purge(bx_call *c)
{
    static const char  sql[] = "SELECT a.id, a.name_hash FROM attachment a WHERE a.record_id IS NULL"
                               " AND a.created_at < ? ORDER BY a.created_at LIMIT 200";
    const char        *dir = bx_app_attachments(c->app);
    bx_rows            rows;
    size_t             i;

    if (dir == NULL) {
        return BX_OK;
    }

    (void) bx_file_sweep(dir, time(NULL) - DAY);          /* by the file system's own clock */

    if (bx_query(c, &rows, sql, BX_ARGS(bx_text(bx_time_sql(c->arena, c->now - DAY)))) != BX_OK) {
        return BX_FAIL;
    }

    if (rows.nrows == 0) {
        return BX_OK;
    }

    if (delete_rows(c, &rows) != BX_OK) {
        return BX_FAIL;
    }

    for (i = 0; i < rows.nrows; i++) {
        if (i > 0 && same_hash(bx_cell(&rows, i, 1), bx_cell(&rows, i - 1, 1))) {
            continue;
        }

        if (remove_file(c, dir, bx_cell(&rows, i, 1)) != BX_OK) {
            return BX_FAIL;
        }
    }

    return BX_OK;
}
