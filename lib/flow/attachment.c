/*
 * attachment.c: files that belong to records: brought loose, with a thumbnail beside them, read by who may read the record,
 * struck out when they should not be there. With attachment_record.c and attachment_purge.c it owns table attachment. Does not
 * own how a file lies on disk (file_store.c), what is a picture (file_kind.c) nor what of it is kept (file_clean.c).
 */

#include <inttypes.h>
#include <string.h>

#include "flow/attachment.h"
#include "flow/file_store.h"
#include "flow/flow.h"

#define DAY         (24 * 3600)
#define SEALING     1024u                     /* a sealed file is longer than its content, by less than this */
#define MIB         (1024 * 1024)

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

/* ------------------------------------------------------------------ POST attachments */

typedef struct {
    const char   *data;
    size_t        len;
    bx_file_info  info;
    bx_value      clean;                      /* what is kept */
    bx_value      hash;
    const char   *name;                       /* on disk */
} upload;

static bx_rc
check_upload(bx_call *c, upload *up, size_t max)
{
    const char    *media_type;
    bx_file_kind   declared;
    int            fd;

    up->len = bx_call_upload(c, &up->data, &fd, &media_type);
    declared = bx_file_kind_of(media_type);

    if (declared == BX_FILE_UNKNOWN) {
        return bx_refuse(c, BX_E_MEDIA, "file", "attachment.type", NULL);
    }

    if (up->len > max) {
        return bx_refuse(c, BX_E_TOO_LARGE, "file", max < MIB ? "attachment.thumbnail_large" : "attachment.too_large",
                         json_pack("{s:i}", "max", (int) (max < MIB ? max >> 10 : max >> 20)));
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

    return bx_file_clean(c->arena, up->data, up->len, &up->info, &up->clean) == BX_OK ? BX_OK
           : bx_refuse(c, BX_E_INVALID, "file", "attachment.broken", NULL);
}

/* The school a caller belongs to, for rules and the audit chain: where somebody works, or a child of theirs is; else the first
 * unit somebody has, else 0. */
static bx_rc
home_school(bx_call *c, bx_id *out)
{
    static const char  sql[] = "SELECT s.school_id FROM guardian g"
                               " JOIN student_guardian l ON l.guardian_id = g.id AND l.ends_on IS NULL"
                               " JOIN student s ON s.id = l.student_id WHERE g.account_id = ? LIMIT 1";
    bx_rows            rows;
    unsigned           i;

    *out = 0;
    for (i = 0; c->who && i < c->who->ngrants; i++) {
        if (c->who->grants[i].school) {
            *out = c->who->grants[i].school;
            return BX_OK;
        }
    }

    if (c->who && c->who->has_children) {
        if (bx_query(c, &rows, sql, BX_ARGS(bx_int(bx_call_account(c)))) != BX_OK) {
            return BX_FAIL;
        }
        *out = rows.nrows ? bx_cell_int(&rows, 0, 0) : 0;
    }
    if (*out == 0 && c->who && c->who->ngrants) {
        *out = c->who->grants[0].unit;
    }

    return BX_OK;
}

/* How many files nothing has taken yet, and how much in all, the account has brought within a day. */
static bx_rc
check_quota(bx_call *c, bx_id school, size_t bytes)
{
    static const char  sql[] = "SELECT CAST(SUM(a.record_id IS NULL) AS SIGNED), COUNT(*), CAST(SUM(a.size) AS SIGNED)"
                               " FROM attachment a WHERE a.account_id = ? AND a.created_at > ?";
    const char        *since = bx_time_sql(c->arena, c->now - DAY);
    int64_t            loose, files, megabytes;
    bx_rows            rows;

    if (bx_rule_int(c, "attachment.loose_max", school, &loose) != BX_OK
        || bx_rule_int(c, "attachment.day_files", school, &files) != BX_OK
        || bx_rule_int(c, "attachment.day_mb", school, &megabytes) != BX_OK
        || bx_query(c, &rows, sql, BX_ARGS(bx_int(bx_call_account(c)), bx_text(since))) != BX_OK)
    {
        return BX_FAIL;
    }

    if (bx_cell_int(&rows, 0, 0) >= loose) {
        return bx_refuse(c, BX_E_INVALID, "file", "attachment.quota", json_pack("{s:I}", "max", (json_int_t) loose));
    }
    if (bx_cell_int(&rows, 0, 1) >= files) {
        return bx_refuse(c, BX_E_INVALID, "file", "attachment.day_files", json_pack("{s:I}", "max", (json_int_t) files));
    }
    if (bx_cell_int(&rows, 0, 2) + (int64_t) bytes > megabytes * MIB) {
        return bx_refuse(c, BX_E_INVALID, "file", "attachment.day_mb", json_pack("{s:I}", "max", (json_int_t) megabytes));
    }

    return bx_attachment_school_room(c, "file", school, (int64_t) bytes);
}

/* A keyed hash of the content: whoever sees the directory cannot tell whether a certain file lies in it. */
static bx_rc
name_file(bx_call *c, upload *up)
{
    uint8_t      digest[32];
    const char  *hex;

    bx_sha256(up->clean.s, up->clean.len, digest);
    hex = bx_hex(c->arena, digest, sizeof(digest));
    if (hex == NULL) {
        return out_of_memory(c);
    }

    up->hash = bx_lookup_hash(c->arena, "file", hex);
    up->name = up->hash.len == 32 ? bx_hex(c->arena, up->hash.s, up->hash.len) : NULL;

    return up->name ? BX_OK : out_of_memory(c);
}

static bx_rc
store(bx_call *c, const char *dir, const upload *up)
{
    bx_value  sealed;

    if (bx_seal_bytes(c->arena, up->clean.s, up->clean.len, &sealed) != BX_OK) {
        bx_error_set(&c->error, BX_E_INTERNAL, "sealing an attachment failed");
        return internal(c);
    }

    return bx_file_put(dir, up->name, sealed.s, sealed.len, &c->error) == BX_OK ? BX_OK : internal(c);
}

/* After the commit: a purge of the same content may have seen no row and taken the file before it. */
static bx_rc
store_still(bx_call *c, const char *dir, const upload *up)
{
    return bx_file_exists(dir, up->name) ? BX_OK : store(c, dir, up);
}

static json_t *
pixels(unsigned n)
{
    return n ? json_integer((json_int_t) n) : json_null();
}

bx_rc
bx_attachment_create(bx_call *c)
{
    static const char  insert[] = "INSERT INTO attachment (id, account_id, name_hash, media_type, size, width, height, created_at)"
                                  " VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
    const char        *dir = bx_app_attachments(c->app), *media_type;
    upload             up;
    json_t            *changes;
    bx_id              id = bx_id_new(), school;

    if (dir == NULL) {
        return bx_refuse(c, BX_E_INVALID, "file", "attachment.off", NULL);
    }

    if (check_upload(c, &up, BX_ATTACHMENT_BYTES) != BX_OK || home_school(c, &school) != BX_OK
        || check_quota(c, school, up.clean.len) != BX_OK || name_file(c, &up) != BX_OK || store(c, dir, &up) != BX_OK)
    {
        return BX_FAIL;
    }

    media_type = bx_file_media_type(up.info.kind);
    changes = bx_own(c->arena, json_pack("{s:s,s:I}", "media_type", media_type, "size", (json_int_t) up.clean.len));
    c->location = bx_sprintf(c->arena, "/api/v1/attachments/%" PRId64, id);
    bx_answer(c, 201, json_pack("{s:o,s:s,s:I,s:o,s:o,s:b,s:b}", "id", bx_id_json(id), "media_type", media_type,
                                "size", (json_int_t) up.clean.len, "width", pixels(up.info.width), "height", pixels(up.info.height),
                                "thumbnail", 0, "own", 1));

    if (bx_queue(c, 1, insert, BX_ARGS(bx_int(id), bx_int(bx_call_account(c)), up.hash, bx_text(media_type),
            bx_int((int64_t) up.clean.len), up.info.width ? bx_int(up.info.width) : bx_null(),
            up.info.height ? bx_int(up.info.height) : bx_null(), bx_text(bx_time_sql(c->arena, c->now)))) != BX_OK
        || bx_commit(c, school, "create", "attachments", id, changes) != BX_OK)
    {
        return BX_FAIL;
    }

    return store_still(c, dir, &up);
}

/* ------------------------------------------------------------------ GET attachments/{id} */

static const char sql_row[] =
    "SELECT a.account_id, a.record, a.record_id, a.field, a.name_hash, a.media_type, a.size, a.school_id, a.thumb_hash,"
    " a.thumb_type, a.thumb_size, a.struck_at, a.created_at FROM attachment a WHERE a.id = ?";

enum { R_ACCOUNT, R_RECORD, R_RECORD_ID, R_FIELD, R_HASH, R_TYPE, R_SIZE, R_SCHOOL, R_THUMB_HASH, R_THUMB_TYPE, R_THUMB_SIZE,
       R_STRUCK, R_CREATED };

/* Loose: who brought it. Taken: who may read the record, and the field if that asks for more. Struck out: of these, who may
 * strike out. r is the record when there is one. */
static bx_rc
may_read(bx_call *c, const bx_rows *row, bx_record *r, bool *allowed)
{
    const char           *name = bx_cell_text(row, 0, R_RECORD);
    const bx_record_def  *def = name ? bx_record_find(name) : NULL;
    const char           *needed;
    int                   field;

    *r = (bx_record) { 0 };
    *allowed = c->trusted || (name == NULL && bx_cell_int(row, 0, R_ACCOUNT) == bx_call_account(c));

    if (*allowed || def == NULL || !bx_call_can(c, def->read)) {
        return BX_OK;
    }

    if (bx_record_read(c, def, bx_cell_int(row, 0, R_RECORD_ID), r, allowed) != BX_OK) {
        return BX_FAIL;
    }

    field = bx_record_field(def, bx_cell_text(row, 0, R_FIELD));
    needed = field < 0 ? NULL : def->fields[field].read;

    if (field < 0 || (*allowed && needed && !bx_scope_allows(c, needed, &r->scope))
        || (*allowed && bx_cell(row, 0, R_STRUCK)->kind != BX_V_NULL && !bx_scope_allows(c, "attachment.strike", &r->scope)))
    {
        *allowed = false;
    }

    return BX_OK;
}

/* The row of the path's id, if the caller may read its file. */
static bx_rc
read_row(bx_call *c, bx_rows *row, bx_record *r)
{
    bool  allowed = false;

    if (bx_query(c, row, sql_row, BX_ARGS(bx_int(bx_call_path_id(c)))) != BX_OK
        || (row->nrows == 1 && may_read(c, row, r, &allowed) != BX_OK))
    {
        return BX_FAIL;
    }

    return allowed ? BX_OK : bx_refuse(c, BX_E_NOT_FOUND, NULL, NULL, NULL);
}

/* Reads of a child's papers are on record, but for who brought them. */
static bx_rc
log_read(bx_call *c, const bx_rows *row, bool thumbnail)
{
    json_t  *what;

    if (bx_cell_int(row, 0, R_ACCOUNT) == bx_call_account(c)) {
        return BX_OK;
    }

    what = bx_own(c->arena, json_pack("{s:s?,s:o,s:b}", "record", bx_cell_text(row, 0, R_RECORD), "record_id",
                                      bx_id_json(bx_cell_int(row, 0, R_RECORD_ID)), "thumbnail", (int) thumbnail));

    return bx_commit(c, bx_cell_int(row, 0, R_SCHOOL), "read", "attachments", bx_call_path_id(c), what);
}

static bx_rc
open_file(bx_call *c, const bx_rows *row, bool thumbnail, void **data, size_t *len)
{
    const bx_value  *hash = bx_cell(row, 0, thumbnail ? R_THUMB_HASH : R_HASH);
    const char      *dir = bx_app_attachments(c->app), *name = bx_hex(c->arena, hash->s, hash->len);
    bx_value         sealed;

    if (dir == NULL || name == NULL
        || bx_file_get(c->arena, dir, name, BX_ATTACHMENT_BYTES + SEALING, &sealed, &c->error) != BX_OK)
    {
        return internal(c);
    }

    if (bx_unseal_bytes(c->arena, &sealed, data, len) != BX_OK
        || (int64_t) *len != bx_cell_int(row, 0, thumbnail ? R_THUMB_SIZE : R_SIZE))
    {
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
    bx_answer_header(c, "Content-Security-Policy", "sandbox; default-src 'none'; frame-ancestors 'none'");
    bx_answer_header(c, "Cross-Origin-Resource-Policy", "same-origin");
    bx_answer_header(c, "Cache-Control", "private, no-store");
    bx_answer_header(c, "Content-Disposition",
                     bx_sprintf(c->arena, "%s; filename=\"%" PRId64 ".%s\"",
                                kind == BX_FILE_PDF ? "attachment" : "inline", bx_call_path_id(c), endings[kind]));
}

static bx_rc
answer_file(bx_call *c, bool thumbnail)
{
    const char  *media_type;
    bx_record    r;
    bx_rows      row;
    void        *data;
    size_t       len;

    if (read_row(c, &row, &r) != BX_OK) {
        return BX_FAIL;
    }
    if (thumbnail && bx_cell(&row, 0, R_THUMB_HASH)->kind == BX_V_NULL) {
        return bx_refuse(c, BX_E_NOT_FOUND, NULL, NULL, NULL);
    }
    if (open_file(c, &row, thumbnail, &data, &len) != BX_OK || log_read(c, &row, thumbnail) != BX_OK) {
        return BX_FAIL;
    }

    media_type = bx_cell_text(&row, 0, thumbnail ? R_THUMB_TYPE : R_TYPE);
    answer_headers(c, media_type);

    return bx_answer_bytes(c, 200, media_type, data, len);
}

bx_rc
bx_attachment_read(bx_call *c)
{
    return answer_file(c, false);
}

bx_rc
bx_attachment_thumbnail_read(bx_call *c)
{
    return answer_file(c, true);
}

/* ------------------------------------------------------------------ POST attachments/{id}/thumbnail */

/* Whoever brought a picture brings its small one too, within a day. */
static bx_rc
read_bare(bx_call *c)
{
    static const char  sql[] = "SELECT a.thumb_hash FROM attachment a WHERE a.id = ? AND a.account_id = ? AND a.created_at > ?"
                               " AND a.struck_at IS NULL AND a.width IS NOT NULL";
    bx_rows            row;

    if (bx_query(c, &row, sql, BX_ARGS(bx_int(bx_call_path_id(c)), bx_int(bx_call_account(c)),
                                       bx_text(bx_time_sql(c->arena, c->now - DAY)))) != BX_OK)
    {
        return BX_FAIL;
    }
    if (row.nrows != 1) {
        return bx_refuse(c, BX_E_NOT_FOUND, NULL, NULL, NULL);
    }

    return bx_cell(&row, 0, 0)->kind == BX_V_NULL ? BX_OK : bx_refuse(c, BX_E_WRONG_STATE, NULL, NULL, NULL);
}

bx_rc
bx_attachment_thumbnail_create(bx_call *c)
{
    static const char  update[] = "UPDATE attachment SET thumb_hash = ?, thumb_type = ?, thumb_size = ?"
                                  " WHERE id = ? AND thumb_hash IS NULL";
    const char        *dir = bx_app_attachments(c->app), *media_type;
    bx_id              id = bx_call_path_id(c), school;
    upload             up;

    if (dir == NULL) {
        return bx_refuse(c, BX_E_INVALID, "file", "attachment.off", NULL);
    }
    if (read_bare(c) != BX_OK || check_upload(c, &up, BX_THUMBNAIL_BYTES) != BX_OK) {
        return BX_FAIL;
    }
    if (up.info.kind == BX_FILE_PDF || up.info.width > BX_THUMBNAIL_SIDE || up.info.height > BX_THUMBNAIL_SIDE) {
        return bx_refuse(c, BX_E_INVALID, "file", "attachment.thumbnail", json_pack("{s:i}", "max", (int) BX_THUMBNAIL_SIDE));
    }
    if (home_school(c, &school) != BX_OK || name_file(c, &up) != BX_OK || store(c, dir, &up) != BX_OK) {
        return BX_FAIL;
    }

    media_type = bx_file_media_type(up.info.kind);
    bx_answer(c, 201, json_pack("{s:o,s:s,s:I}", "id", bx_id_json(id), "media_type", media_type,
                                "size", (json_int_t) up.clean.len));
    if (bx_queue(c, 1, update, BX_ARGS(up.hash, bx_text(media_type), bx_int((int64_t) up.clean.len), bx_int(id))) != BX_OK
        || bx_commit(c, school, "thumbnail", "attachments", id, NULL) != BX_OK)
    {
        return BX_FAIL;
    }

    return store_still(c, dir, &up);
}

/* ------------------------------------------------------------------ POST attachments/{id}/strike */

/* A wrong photo: whoever brought it, or who answers for the school's papers, takes it out of sight. It is kept. */
static bx_rc
may_strike(bx_call *c, const bx_rows *row, const bx_record *r)
{
    if (bx_cell_text(row, 0, R_RECORD) == NULL) {
        return bx_refuse(c, BX_E_WRONG_STATE, NULL, NULL, NULL);         /* loose: leave it, it goes by itself */
    }
    if (bx_cell(row, 0, R_STRUCK)->kind != BX_V_NULL) {
        return bx_refuse(c, BX_E_WRONG_STATE, NULL, NULL, NULL);
    }
    if (bx_cell_int(row, 0, R_ACCOUNT) == bx_call_account(c) || bx_scope_allows(c, "attachment.strike", &r->scope)) {
        return BX_OK;
    }

    return bx_refuse(c, BX_E_FORBIDDEN, NULL, NULL, NULL);
}

bx_rc
bx_attachment_strike(bx_call *c)
{
    static const char  update[] = "UPDATE attachment SET struck_at = ?, struck_by = ?, struck_name = ?, struck_reason = ?"
                                  " WHERE id = ? AND struck_at IS NULL";
    const char        *reason = json_string_value(json_object_get(c->body, "reason"));
    bx_id              id = bx_call_path_id(c);
    bx_value           now = bx_text(bx_time_sql(c->arena, c->now));
    json_t            *changes;
    bx_record          r;
    bx_rows            row;

    if (read_row(c, &row, &r) != BX_OK || may_strike(c, &row, &r) != BX_OK) {
        return BX_FAIL;
    }

    reason = reason ? bx_trim(c->arena, reason) : NULL;
    r.comment = reason;
    bx_answer(c, 200, json_pack("{s:o,s:{s:s,s:s?,s:s?}}", "id", bx_id_json(id), "struck",
                                "at", bx_time_iso(c->arena, c->now), "by", bx_call_actor(c), "reason", reason));
    changes = bx_own(c->arena, json_pack("{s:s,s:o,s:s?}", "record", bx_cell_text(&row, 0, R_RECORD), "record_id",
                                         bx_id_json(bx_cell_int(&row, 0, R_RECORD_ID)), "reason", reason));
    if (bx_queue(c, 1, update, BX_ARGS(now, bx_int(bx_call_account(c)), bx_text(bx_call_actor(c)), bx_text(reason),
                                       bx_int(id))) != BX_OK
        || (r.def != NULL && r.def->states != NULL && bx_history_queue(c, &r, "strike", r.state, NULL) != BX_OK))
    {
        return BX_FAIL;
    }

    return bx_commit(c, bx_cell_int(&row, 0, R_SCHOOL), "strike", "attachments", id, changes);
}
