/*
 * document_show.c: what was printed, read again; which documents a record has; and whether a paper is genuine, for anybody.
 *
 * Reading one again needs the capability that printing it needs, for the row as it was, and is in the audit. Who asks whether a
 * paper is genuine learns its kind, who issued it and on which day: nothing about anybody.
 */
#include "flow/document.h"
#include "flow/throttle.h"

#include <string.h>

/* Papers that do not exist, from one network, before it has to wait. */
#define TRIES   30
#define WINDOW  600

static const char sql_columns[] =
    "SELECT t.id, t.version, t.number, t.kind, t.issuer, t.record, t.record_id, t.hash, t.content, t.issued_at, t.issued_by, t.voided_at,"
    " t.voided_by, t.void_reason, t.school_id, t.unit_id,"
    " (SELECT n.number FROM document n WHERE n.record = t.record AND n.record_id = t.record_id AND n.kind = t.kind AND n.id > t.id"
    "  AND n.live = 1 ORDER BY n.id DESC LIMIT 1), t.student_id, t.class_id, t.township_id, cl.parent_id, sc.parent_id";

enum { C_ID, C_VERSION, C_NUMBER, C_KIND, C_ISSUER, C_RECORD, C_RECORD_ID, C_HASH, C_CONTENT, C_ISSUED_AT, C_ISSUED_BY, C_VOIDED_AT,
       C_VOIDED_BY, C_REASON, C_SCHOOL, C_UNIT, C_NEWER, C_STUDENT, C_CLASS, C_TOWNSHIP, C_GRADE, C_CENTRAL, C_OWN };


static json_t *
text_json(const bx_rows *rows, size_t i, size_t col)
{
    const char *s = bx_cell_text(rows, i, col);

    return s == NULL ? json_null() : json_string(s);
}


static json_t *
time_json(bx_call *c, const bx_rows *rows, size_t i, size_t col)
{
    const char *s = bx_cell_text(rows, i, col);

    return s == NULL ? json_null() : json_string(bx_time_iso(c->arena, bx_time_parse_sql(s)));
}


/* The first bytes of a hash, as they stand on the paper. */
static char *
mark_of(bx_arena *a, const bx_value *hash)
{
    return bx_hex(a, hash->s, hash->len < BX_DOCUMENT_MARK ? hash->len : BX_DOCUMENT_MARK);
}


/* ---- one, as it was printed */

static const bx_document *
kind_of(bx_call *c, bx_id id)
{
    bx_rows  rows;

    if (bx_query(c, &rows, "SELECT kind FROM document WHERE id = ?", BX_ARGS(bx_int(id))) != BX_OK || rows.nrows == 0) {
        return NULL;
    }

    return bx_document_find(bx_cell_text(&rows, 0, 0));
}


static bx_rc
find(bx_call *c, const bx_document *d, bx_rows *rows)
{
    bx_value  args[64];
    size_t    n = 0;
    bx_buf    sql;

    bx_buf_init(&sql, c->arena);
    bx_buf_str(&sql, sql_columns);
    bx_buf_str(&sql, ", ");
    if (bx_own_child_sql(c, "t", &sql, args, &n, 16) != BX_OK) {
        return BX_FAIL;
    }
    bx_buf_str(&sql, " FROM document t LEFT JOIN org_unit sc ON sc.id = t.school_id LEFT JOIN org_unit cl ON cl.id = t.class_id"
                     " WHERE t.id = ? AND ");
    args[n++] = bx_int(c->path_id);
    if (bx_scope_where(c, BX_SCOPE_STUDENT, "t", d->capability, &sql, args, &n, 64) != BX_OK
        || bx_query(c, rows, sql.data, args, n) != BX_OK)
    {
        return BX_FAIL;
    }

    return rows->nrows == 1 ? BX_OK : bx_refuse(c, BX_E_NOT_FOUND, NULL, NULL, NULL);
}


static bx_row_scope
scope_of(const bx_rows *rows)
{
    return (bx_row_scope) {
        .student = bx_cell_int(rows, 0, C_STUDENT), .class_id = bx_cell_int(rows, 0, C_CLASS), .grade = bx_cell_int(rows, 0, C_GRADE),
        .school = bx_cell_int(rows, 0, C_SCHOOL), .central = bx_cell_int(rows, 0, C_CENTRAL),
        .township = bx_cell_int(rows, 0, C_TOWNSHIP), .unit = bx_cell_int(rows, 0, C_UNIT), .own_child = bx_cell_int(rows, 0, C_OWN) != 0
    };
}


/* Cells whose field this reader may not see stay on the paper, but not in the answer. */
static void
hide(bx_call *c, const bx_record_def *def, const bx_row_scope *scope, json_t *parts)
{
    size_t   i, k, m;
    json_t  *part, *row, *cell;

    json_array_foreach(parts, i, part) {
        json_array_foreach(json_object_get(part, "rows"), k, row) {
            json_array_foreach(row, m, cell) {
                const char *name = json_string_value(json_object_get(cell, "field"));
                int         f = name == NULL || def == NULL ? -1 : bx_record_field(def, name);

                if (name == NULL || (f >= 0 && bx_scope_allows(c, def->fields[f].read, scope))) {
                    continue;
                }
                json_object_set_new(cell, "value", json_string("****"));
                json_object_set_new(cell, "hidden", json_true());
            }
        }
    }
}


/* Is the unit that issued it below one of this reader's? */
static bool
may_void(bx_call *c, bx_id unit)
{
    bx_value  args[48] = { bx_int(unit) };
    size_t    n = 1;
    bx_rows   rows;
    bx_buf    sql;

    if (!bx_call_can(c, "document.void")) {
        return false;
    }

    bx_buf_init(&sql, c->arena);
    bx_buf_str(&sql, "SELECT u.id FROM org_unit u WHERE u.id = ? AND ");
    return bx_scope_where(c, BX_SCOPE_UNIT, "u", "document.void", &sql, args, &n, 48) == BX_OK
           && bx_query(c, &rows, sql.data, args, n) == BX_OK && rows.nrows == 1;
}


/* Where the paper is looked up. */
static const char *
origin_of(bx_call *c)
{
    const char *here = bx_sprintf(c->arena, "%s://%s", c->req->secure ? "https" : "http", c->req->host == NULL ? "" : c->req->host);

    return bx_app_origin(c->app, here);
}


static bx_rc
answer_content(bx_call *c, const bx_document *d, const bx_rows *rows)
{
    char         *text, *path, *mark = mark_of(c->arena, bx_cell(rows, 0, C_HASH));
    const char   *url = bx_sprintf(c->arena, "%s/#/verify/%s/%s", origin_of(c), bx_cell_text(rows, 0, C_NUMBER), mark);
    bx_row_scope  scope = scope_of(rows);
    json_t       *o;
    int           size;

    if (bx_unseal(c->arena, bx_cell(rows, 0, C_CONTENT), &text) != BX_OK || (o = json_loads(text, 0, NULL)) == NULL) {
        return bx_refuse(c, BX_E_INTERNAL, NULL, NULL, NULL);
    }
    bx_own(c->arena, o);
    if (bx_qr_path(c->arena, url, &size, &path) != BX_OK) {
        return bx_refuse(c, BX_E_INTERNAL, NULL, NULL, NULL);
    }

    hide(c, bx_record_find(d->record), &scope, json_object_get(o, "parts"));
    json_object_set_new(o, "id", bx_id_json(bx_cell_int(rows, 0, C_ID)));
    json_object_set_new(o, "version", json_integer(bx_cell_int(rows, 0, C_VERSION)));
    json_object_set_new(o, "number", text_json(rows, 0, C_NUMBER));
    json_object_set_new(o, "mark", json_string(mark));
    json_object_set_new(o, "url", json_string(url));
    json_object_set_new(o, "qr", json_pack("{s:i, s:s}", "size", size, "path", path));
    json_object_set_new(o, "record", text_json(rows, 0, C_RECORD));
    json_object_set_new(o, "record_id", bx_id_json(bx_cell_int(rows, 0, C_RECORD_ID)));
    json_object_set_new(o, "issued_at", time_json(c, rows, 0, C_ISSUED_AT));
    json_object_set_new(o, "issued_by", text_json(rows, 0, C_ISSUED_BY));
    json_object_set_new(o, "voided_at", time_json(c, rows, 0, C_VOIDED_AT));
    json_object_set_new(o, "voided_by", text_json(rows, 0, C_VOIDED_BY));
    json_object_set_new(o, "void_reason", text_json(rows, 0, C_REASON));
    json_object_set_new(o, "superseded_by", text_json(rows, 0, C_NEWER));
    json_object_set_new(o, "may_void", json_boolean(bx_cell(rows, 0, C_VOIDED_AT)->kind == BX_V_NULL
                                                      && may_void(c, bx_cell_int(rows, 0, C_UNIT))));
    bx_answer_header(c, "Cache-Control", "private, no-store");
    return bx_answer(c, 200, json_incref(o));
}


bx_rc
bx_document_read(bx_call *c)
{
    const bx_document *d = kind_of(c, c->path_id);
    bx_rows            rows;
    bx_id              chain;

    if (d == NULL) {
        return c->problem.code != BX_E_NONE ? BX_FAIL : bx_refuse(c, BX_E_NOT_FOUND, NULL, NULL, NULL);
    }
    if (!bx_call_can(c, d->capability)) {
        return bx_refuse(c, BX_E_NOT_FOUND, NULL, NULL, NULL);
    }
    if (find(c, d, &rows) != BX_OK) {
        return BX_FAIL;
    }

    chain = bx_cell_int(&rows, 0, C_SCHOOL) != 0 ? bx_cell_int(&rows, 0, C_SCHOOL) : bx_cell_int(&rows, 0, C_UNIT);
    if (bx_commit(c, chain, "read", "documents", c->path_id, NULL) != BX_OK) {
        return BX_FAIL;
    }

    return answer_content(c, d, &rows) == BX_OK && c->problem.code == BX_E_NONE ? BX_OK : BX_FAIL;
}


/* ---- those of a record */

static json_t *
kind_json(bx_call *c, const bx_document *d, const bx_record *r)
{
    return json_pack("{s:s, s:s, s:s, s:b}", "kind", d->name,
                     "title", bx_tr(c->arena, c->lang, bx_sprintf(c->arena, "document.%s", d->name), NULL),
                     "size", d->size == BX_PAPER_HALF ? "half" : "a4",
                     "ready", d->states == NULL || (r->state != NULL && bx_word_in(d->states, r->state)));
}


static bool
among(const json_t *kinds, const char *kind)
{
    size_t   i;
    json_t  *one;

    json_array_foreach(kinds, i, one) {
        if (strcmp(json_string_value(json_object_get(one, "kind")), kind) == 0) {
            return true;
        }
    }

    return false;
}


bx_rc
bx_generic_documents(bx_call *c, const bx_record_def *def)
{
    static const char  sql[] = "SELECT id, number, kind, title, issued_at, issued_by, voided_at FROM document"
                               " WHERE record = ? AND record_id = ? ORDER BY id DESC LIMIT 100";
    json_t            *kinds = bx_own(c->arena, json_array()), *items = bx_own(c->arena, json_array());
    const bx_document *d;
    bx_record          r;
    bx_rows            rows;
    bool               found;

    if (bx_record_read(c, def, c->path_id, &r, &found) != BX_OK) {
        return BX_FAIL;
    }
    if (!found) {
        return bx_refuse(c, BX_E_NOT_FOUND, NULL, NULL, NULL);
    }

    for (size_t i = 0; (d = bx_document_at(i)) != NULL; i++) {
        if (strcmp(d->record, def->name) == 0 && bx_scope_allows(c, d->capability, &r.scope)) {
            json_array_append_new(kinds, kind_json(c, d, &r));
        }
    }

    if (bx_query(c, &rows, sql, BX_ARGS(bx_text(def->name), bx_int(r.id))) != BX_OK) {
        return BX_FAIL;
    }
    for (size_t i = 0; i < rows.nrows; i++) {
        if (among(kinds, bx_cell_text(&rows, i, 2))) {
            json_array_append_new(items, json_pack("{s:o, s:s, s:s, s:s, s:o, s:o, s:o}",
                "id", bx_id_json(bx_cell_int(&rows, i, 0)), "number", bx_cell_text(&rows, i, 1),
                "kind", bx_cell_text(&rows, i, 2), "title", bx_cell_text(&rows, i, 3), "issued_at", time_json(c, &rows, i, 4),
                "issued_by", text_json(&rows, i, 5), "voided_at", time_json(c, &rows, i, 6)));
        }
    }

    return bx_answer(c, 200, json_pack("{s:O, s:O}", "kinds", kinds, "items", items));
}


/* ---- is it genuine? */

static const char sql_verify[] =
    "SELECT t.kind, t.title, t.issuer, t.issued_at, t.hash, t.voided_at, EXISTS (SELECT 1 FROM document n WHERE n.record = t.record"
    " AND n.record_id = t.record_id AND n.kind = t.kind AND n.id > t.id AND n.live = 1) FROM document t WHERE t.number = ?";


static bool
ascii_word(const char *s, size_t max)
{
    size_t  n = s == NULL ? 0 : strlen(s);

    return n > 0 && n <= max && strspn(s, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-") == n;
}


/* The mark, by its hex digits in either case. */
static bool
mark_fits(bx_call *c, const char *mark, const bx_value *hash)
{
    return strlen(mark) == 2 * BX_DOCUMENT_MARK && strcasecmp(mark, mark_of(c->arena, hash)) == 0;
}


static json_t *
verdict(bx_call *c, const bx_rows *rows)
{
    bool         is_void = bx_cell(rows, 0, 5)->kind != BX_V_NULL, old = bx_cell_int(rows, 0, 6) != 0;
    const char  *key = bx_sprintf(c->arena, "document.%s", bx_cell_text(rows, 0, 0)), *title = bx_tr(c->arena, c->lang, key, NULL);

    return json_pack("{s:s, s:s, s:s, s:s, s:s}", "result", is_void ? "void" : old ? "superseded" : "genuine",
                     "kind", bx_cell_text(rows, 0, 0), "title", strcmp(title, key) == 0 ? bx_cell_text(rows, 0, 1) : title,
                     "issuer", bx_cell_text(rows, 0, 2),
                     "issued_on", bx_strndup(c->arena, bx_cell_text(rows, 0, 3), 10));
}


bx_rc
bx_document_verify(bx_call *c)
{
    const char  *number = bx_call_query_arg(c, "number"), *mark = bx_call_query_arg(c, "mark");
    bx_throttle  t = { .limit = TRIES, .window = WINDOW, .block = WINDOW };
    bx_rows      rows;

    if (!ascii_word(number, 48)) {
        bx_refuse(c, BX_E_INVALID, "number", "document.number", NULL);
    }
    if (!ascii_word(mark, 64)) {
        bx_refuse(c, BX_E_INVALID, "mark", "document.mark", NULL);
    }
    if (c->problem.code != BX_E_NONE) {
        return BX_FAIL;
    }

    t.subject = bx_throttle_subject(c, "verify", bx_throttle_network(c->arena, bx_call_address(c)), NULL);
    if (bx_throttle_count(c, &t) != BX_OK) {
        return BX_FAIL;
    }
    if (t.wait > 0) {
        return bx_throttle_refuse(c, t.wait);
    }
    if (bx_query(c, &rows, sql_verify, BX_ARGS(bx_text(number))) != BX_OK) {
        return BX_FAIL;
    }

    bx_answer_header(c, "Cache-Control", "no-store");
    if (rows.nrows != 1 || !mark_fits(c, mark, bx_cell(&rows, 0, 4))) {
        return bx_answer(c, 200, json_pack("{s:s}", "result", "unknown"));
    }

    /* what exists was not guessed */
    if (bx_throttle_forgive(c, &t, false) != BX_OK) {
        return BX_FAIL;
    }
    return bx_answer(c, 200, verdict(c, &rows));
}
