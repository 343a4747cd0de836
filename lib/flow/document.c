/*
 * document.c: giving out a document: the same content the number it has, new content the next number without a gap; and making one
 * void.
 *
 * Numbers run by issuing unit, year and code. The counter's row is counted up in the transaction that uses the number, so a
 * transaction that fails gives it back, and two at once wait for each other. So the number is known after the commit only, and the
 * answer that is stored with the key names the document, not its number.
 */
#include "flow/document.h"
#include "flow/rules.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define MAX_TRIES  4

static const char sql_same[] =
    "SELECT id FROM document WHERE record = ? AND record_id = ? AND kind = ? AND hash = ? AND live = 1";

static const char sql_unit[] =
    "SELECT u.id, u.name, u.code FROM org_unit u WHERE u.id = ?";

static const char sql_unit_above[] =
    "SELECT u.id, u.name, u.code FROM org_unit u JOIN org_unit low ON low.path LIKE CONCAT(u.path, '%')"
    " WHERE low.id = ? AND u.level = ? ORDER BY LENGTH(u.path) DESC LIMIT 1";

static const char sql_count[] =
    "INSERT INTO document_counter (unit_id, year, code, used) VALUES (?, ?, ?, 1) ON DUPLICATE KEY UPDATE used = used + 1";

static const char sql_insert[] =
    "INSERT INTO document (id, number, unit_id, year, code, seq, kind, title, issuer, record, record_id, student_id, class_id,"
    " school_id, township_id, hash, content, live, issued_at, issued_by, created_at, created_by, updated_at)"
    " SELECT ?, CONCAT(?, LPAD(k.used, GREATEST(4, LENGTH(k.used)), '0')), k.unit_id, k.year, k.code, k.used, ?, ?, ?, ?, ?, ?, ?,"
    " ?, ?, ?, ?, 1, ?, ?, ?, ?, ? FROM document_counter k WHERE k.unit_id = ? AND k.year = ? AND k.code = ?";

typedef struct {
    const bx_document    *d;
    const bx_record_def  *def;
    bx_id                 record_id;
    bx_record             row;
    bx_id                 unit;
    const char           *issuer, *unit_code;
    const char           *title, *text;       /* canonical content */
    bx_value              hash;
} issue;


/* ---- what is asked for */

static bx_rc
asked(bx_call *c, issue *is)
{
    is->d = bx_document_find(json_string_value(json_object_get(c->body, "kind")));
    if (is->d == NULL) {
        return bx_refuse(c, BX_E_INVALID, "kind", "not_in_list", NULL);
    }

    is->def = bx_record_find(is->d->record);
    is->record_id = bx_id_parse(json_string_value(json_object_get(c->body, "record_id")));
    return is->def != NULL ? BX_OK : bx_refuse(c, BX_E_INVALID, "kind", "not_in_list", NULL);
}


/* The row in the caller's sight, who may print this of it, in a state in which it may be printed. */
static bx_rc
row_of(bx_call *c, issue *is)
{
    bx_id  path = c->path_id;
    bool   found = false;
    bx_rc  rc;

    c->path_id = is->record_id;
    rc = bx_record_read(c, is->def, is->record_id, &is->row, &found);
    c->path_id = path;

    if (rc != BX_OK) {
        return BX_FAIL;
    }
    if (!found) {
        return bx_refuse(c, BX_E_NOT_FOUND, NULL, NULL, NULL);
    }
    if (!bx_scope_allows(c, is->d->capability, &is->row.scope)) {
        return bx_refuse(c, BX_E_FORBIDDEN, NULL, NULL, NULL);
    }
    if (is->d->states != NULL && (is->row.state == NULL || !bx_word_in(is->d->states, is->row.state))) {
        bx_refuse(c, BX_E_WRONG_STATE, NULL, NULL, NULL);
        bx_refuse_add(c, "state", is->row.state == NULL ? json_null() : json_string(is->row.state));
        return BX_FAIL;
    }

    return BX_OK;
}


/* The unit that issues it: the row's school, the one at the level asked for above it, or the one that the row names. */
static bx_rc
issuer_of(bx_call *c, issue *is)
{
    bool     named = is->d->issuer != NULL && is->d->issuer[0] == '=';
    bx_id    from = named ? bx_rec_int(&is->row, is->d->issuer + 1)
                          : is->row.scope.school != 0 ? is->row.scope.school : is->row.scope.unit;
    bx_rows  rows;
    bx_rc    rc = is->d->issuer == NULL || named ? bx_query(c, &rows, sql_unit, BX_ARGS(bx_int(from)))
                                        : bx_query(c, &rows, sql_unit_above, BX_ARGS(bx_int(from), bx_text(is->d->issuer)));

    if (rc != BX_OK) {
        return BX_FAIL;
    }
    if (rows.nrows == 0) {
        return bx_refuse(c, BX_E_INVALID, "record_id", "document.no_issuer", NULL);
    }

    is->unit = bx_cell_int(&rows, 0, 0);
    is->issuer = bx_cell_text(&rows, 0, 1);
    is->unit_code = bx_cell_text(&rows, 0, 2);
    if (is->unit_code == NULL) {
        is->unit_code = bx_sprintf(c->arena, "%" PRId64, is->unit);
    }
    return BX_OK;
}


static bx_rc
content_of(bx_call *c, issue *is)
{
    json_t *content;
    char   *text;

    if (bx_document_content(c, is->d, is->unit, is->issuer, &is->row, &content) != BX_OK) {
        return BX_FAIL;
    }

    text = bx_json_text(c->arena, content, JSON_COMPACT | JSON_SORT_KEYS);
    if (text == NULL) {
        return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
    }

    is->text = text;
    is->title = json_string_value(json_object_get(content, "title"));
    is->hash = bx_lookup_hash(c->arena, "document", text);
    return is->hash.kind == BX_V_BLOB ? BX_OK : bx_refuse(c, BX_E_INTERNAL, NULL, NULL, NULL);
}


/* All of it in the language of documents, whoever asks. */
static bx_rc
prepare(bx_call *c, issue *is)
{
    const char *lang = c->lang;
    bx_rc       rc;

    if (asked(c, is) != BX_OK) {
        return BX_FAIL;
    }

    c->lang = BX_DOCUMENT_LANG;
    rc = row_of(c, is) == BX_OK && issuer_of(c, is) == BX_OK && content_of(c, is) == BX_OK ? BX_OK : BX_FAIL;
    c->lang = lang;
    return rc;
}


/* ---- giving it out */

static bx_value
id_or_null(bx_id id)
{
    return id == 0 ? bx_null() : bx_int(id);
}


static bx_rc
queue_new(bx_call *c, const issue *is, bx_id id)
{
    const bx_row_scope *s = &is->row.scope;
    int                 year = bx_civil_of(c->now).year;
    bx_value            at = bx_text(bx_time_sql(c->arena, c->now)), sealed;
    const char         *prefix = bx_sprintf(c->arena, "%s-%s-%d-", is->unit_code, is->d->code, year);

    if (bx_seal(c->arena, is->text, &sealed) != BX_OK || prefix == NULL) {
        return bx_refuse(c, BX_E_INTERNAL, NULL, NULL, NULL);
    }
    if (bx_queue(c, -1, sql_count, BX_ARGS(bx_int(is->unit), bx_int(year), bx_text(is->d->code))) != BX_OK) {
        return BX_FAIL;
    }

    return bx_queue(c, 1, sql_insert,
        BX_ARGS(bx_int(id), bx_text(prefix), bx_text(is->d->name), bx_text(is->title), bx_text(is->issuer), bx_text(is->def->name),
                bx_int(is->record_id), id_or_null(s->student), id_or_null(s->class_id), id_or_null(s->school),
                id_or_null(s->township), is->hash, sealed, at, bx_text(bx_call_actor(c)), at, id_or_null(bx_call_account(c)), at,
                bx_int(is->unit), bx_int(year), bx_text(is->d->code)));
}


static bx_rc
answer_id(bx_call *c, int status, bx_id id)
{
    c->location = bx_sprintf(c->arena, "/api/v1/documents/%" PRId64, id);
    return bx_answer(c, status, json_pack("{s:o}", "id", bx_id_json(id)));
}


static bx_tail_result
try_issue(bx_call *c, const issue *is)
{
    bx_rows  rows;
    bx_id    id;
    json_t  *changes = bx_own(c->arena, json_pack("{s:s, s:s, s:o}", "kind", is->d->name, "record", is->def->name,
                                                  "record_id", bx_id_json(is->record_id)));
    bx_tail  tail = { .chain = is->row.scope.school != 0 ? is->row.scope.school : is->unit, .action = "print",
                      .record = "documents", .changes = changes, .keyed = c->key.on };

    bx_queue_clear(c);
    if (bx_query(c, &rows, sql_same, BX_ARGS(bx_text(is->def->name), bx_int(is->record_id), bx_text(is->d->name), is->hash)) != BX_OK) {
        return BX_TAIL_FAILED;
    }

    id = rows.nrows > 0 ? bx_cell_int(&rows, 0, 0) : bx_id_new();
    tail.id = id;
    if (rows.nrows == 0) {
        tail.action = "issue";
        if (queue_new(c, is, id) != BX_OK) {
            return BX_TAIL_FAILED;
        }
    }

    answer_id(c, rows.nrows > 0 ? 200 : 201, id);
    return bx_tail_run(c, &tail);
}


bx_rc
bx_document_issue(bx_call *c)
{
    issue           is = { 0 };
    bx_tail_result  result = BX_TAIL_FAILED;

    if (prepare(c, &is) != BX_OK) {
        return BX_FAIL;
    }

    /* again when somebody else has given out the same content meanwhile: then it is there */
    for (int i = 0; i < MAX_TRIES; i++) {
        result = try_issue(c, &is);
        if (result == BX_TAIL_DONE || result == BX_TAIL_REPLAYED) {
            return c->problem.code == BX_E_NONE ? BX_OK : BX_FAIL;
        }
        if (result == BX_TAIL_FAILED) {
            return c->problem.code != BX_E_NONE ? BX_FAIL : bx_refuse(c, BX_E_DATABASE, NULL, NULL, NULL);
        }
    }

    return bx_refuse(c, BX_E_CONFLICT, NULL, NULL, NULL);
}


/* ---- void */

/* By those over the unit that issued it: a school does not make a notice of the bureau void. */
static bx_rc
find_for_void(bx_call *c, bx_rows *rows)
{
    bx_value  args[48] = { bx_int(c->path_id) };
    size_t    n = 1;
    bx_buf    sql;

    bx_buf_init(&sql, c->arena);
    bx_buf_str(&sql, "SELECT t.version, t.voided_at, t.school_id, t.unit_id, t.number FROM document t"
                     " JOIN org_unit u ON u.id = t.unit_id WHERE t.id = ? AND ");
    if (bx_scope_where(c, BX_SCOPE_UNIT, "u", "document.void", &sql, args, &n, 48) != BX_OK
        || bx_query(c, rows, sql.data, args, n) != BX_OK)
    {
        return BX_FAIL;
    }

    return rows->nrows == 1 ? BX_OK : bx_refuse(c, BX_E_NOT_FOUND, NULL, NULL, NULL);
}


static bx_rc
check_version(bx_call *c, int64_t version)
{
    if (c->if_match == NULL || *c->if_match == '\0') {
        return bx_refuse(c, BX_E_NO_IF_MATCH, NULL, NULL, NULL);
    }
    if (strcmp(c->if_match, bx_sprintf(c->arena, "\"%" PRId64 "\"", version)) == 0) {
        return BX_OK;
    }

    bx_refuse(c, BX_E_STALE, NULL, NULL, NULL);
    bx_refuse_add(c, "version", json_integer(version));
    return BX_FAIL;
}


/* A number that is void stays used; its paper is told void by whoever looks. */
bx_rc
bx_document_void(bx_call *c)
{
    static const char  sql[] = "UPDATE document SET version = version + 1, live = NULL, voided_at = ?, voided_by = ?, void_reason = ?,"
                               " updated_at = ? WHERE id = ? AND version = ? AND voided_at IS NULL";
    const char        *reason = bx_trim(c->arena, json_string_value(json_object_get(c->body, "reason")));
    bx_value           at = bx_text(bx_time_sql(c->arena, c->now));
    bx_rows            rows;
    json_t            *changes;
    bx_id              chain;

    if (find_for_void(c, &rows) != BX_OK || check_version(c, bx_cell_int(&rows, 0, 0)) != BX_OK) {
        return BX_FAIL;
    }
    if (bx_cell(&rows, 0, 1)->kind != BX_V_NULL) {
        return bx_refuse(c, BX_E_WRONG_STATE, NULL, NULL, NULL);
    }
    if (bx_queue(c, 1, sql, BX_ARGS(at, bx_text(bx_call_actor(c)), bx_text(reason), at, bx_int(c->path_id),
                                    bx_int(bx_cell_int(&rows, 0, 0)))) != BX_OK)
    {
        return BX_FAIL;
    }

    chain = bx_cell_int(&rows, 0, 2) != 0 ? bx_cell_int(&rows, 0, 2) : bx_cell_int(&rows, 0, 3);
    changes = bx_own(c->arena, json_pack("{s:s, s:s}", "number", bx_cell_text(&rows, 0, 4), "reason", reason));
    bx_answer(c, 200, json_pack("{s:o, s:I, s:s}", "id", bx_id_json(c->path_id), "version",
                                (json_int_t) bx_cell_int(&rows, 0, 0) + 1, "voided_at", bx_time_iso(c->arena, c->now)));
    return bx_commit(c, chain, "void", "documents", c->path_id, changes);
}
