/*
 * roster.c: a run of an import: the file read and checked, then applied in batches of at most 200 rows, each one
 * transaction with one audit row. Owns the import's own record and what it says of each row. What a row means for a child
 * is roster_student.c and roster_guardian.c.
 */
#include "flow/roster_run.h"

#include <stdlib.h>
#include <string.h>

#define ATTEMPTS       5
#define UNKNOWN_BYTES  3800                   /* of the JSON list of headings that are kept */

static const char sql_school[] =
    "SELECT u.version, u.code, u.stage, u.path, u.township_id FROM org_unit u WHERE u.id = ? AND u.level = 'school'";

static const char sql_units[] =
    "SELECT u.id, u.parent_id, u.level, u.stage, u.entry_year, u.class_no, u.path, u.closed_on FROM org_unit u"
    " WHERE u.school_id = ? AND u.level IN ('grade', 'class') AND u.entry_year IS NOT NULL";

static const char sql_import_insert[] =
    "INSERT INTO import (id, school_id, township_id, filename, content_hash, row_count, encoding, columns_known, columns_total,"
    " unknown_columns, created_at, created_by) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

static const char sql_import_count[] =
    "UPDATE import SET added = ?, changed = ?, unchanged = ?, rejected = ?, classes = ?, guardians = ? WHERE id = ?";

static const char sql_import_read[] =
    "SELECT t.added, t.changed, t.unchanged, t.rejected, t.classes, t.guardians FROM import t WHERE t.id = ?";

static const char sql_import_end[] = "UPDATE import SET finished_at = ?, version = version + 1 WHERE id = ?";

static const char sql_log_insert[] =
    "INSERT INTO import_row (import_id, row_no, ordinal, outcome, field, value, reason, params, student_id, student_name) VALUES ";
#define LOG_COLUMNS  10


/* ------------------------------------------------------------------ statements with many rows */

void
bx_insert_add(bx_insert *in, const bx_value *values)
{
    if (in->rows == in->room) {
        size_t     room = in->room ? in->room * 2 : 64;
        bx_value  *grown = bx_alloc(in->arena, room * in->width * sizeof(*grown));

        if (grown == NULL) {
            in->failed = true;
            return;
        }
        if (in->rows) {
            memcpy(grown, in->args, in->rows * in->width * sizeof(*grown));
        }
        in->args = grown;
        in->room = room;
    }

    memcpy(in->args + in->rows * in->width, values, in->width * sizeof(*values));
    in->rows++;
}


bx_rc
bx_insert_queue(bx_call *c, bx_insert *in)
{
    bx_buf  sql;

    if (in->rows == 0 && !in->failed) {
        return BX_OK;
    }

    bx_buf_init(&sql, in->arena);
    bx_buf_str(&sql, in->head);
    for (size_t i = 0; i < in->rows; i++) {
        bx_buf_str(&sql, i ? ", (" : "(");
        for (unsigned k = 0; k < in->width; k++) {
            bx_buf_str(&sql, k ? ",?" : "?");
        }
        bx_buf_str(&sql, ")");
    }
    bx_buf_str(&sql, in->tail);

    if (in->failed || sql.failed) {
        return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
    }

    return bx_queue(c, -1, sql.data, in->args, in->rows * in->width);
}


size_t
bx_in_list(bx_buf *sql, bx_value *args, const bx_value *values, size_t n)
{
    size_t  length = 8;

    while (length < n && length < BX_IN_ROOM) {
        length *= 2;
    }
    for (size_t i = 0; i < length; i++) {
        bx_buf_str(sql, i ? ",?" : "?");
        args[i] = values[i < n ? i : n - 1];
    }

    return length;
}


/* ------------------------------------------------------------------ one batch */

/* The school and its classes, read anew for each attempt. */
static bx_rc
load_units(bx_run *r)
{
    bx_rows  rows;

    if (bx_query(r->c, &rows, sql_school, BX_ARGS(bx_int(r->school_id))) != BX_OK) {
        return BX_FAIL;
    }
    if (rows.nrows == 0) {
        return bx_refuse(r->c, BX_E_NOT_FOUND, NULL, NULL, NULL);
    }
    r->school_version = bx_cell_int(&rows, 0, 0);
    r->school.code = bx_cell_text(&rows, 0, 1);
    r->school.stage = bx_cell_text(&rows, 0, 2) ? bx_cell_text(&rows, 0, 2) : "nine";
    r->school_path = bx_cell_text(&rows, 0, 3);
    r->township_id = bx_cell_int(&rows, 0, 4);

    if (bx_query(r->c, &rows, sql_units, BX_ARGS(bx_int(r->school_id))) != BX_OK) {
        return BX_FAIL;
    }
    r->units = bx_alloc(r->arena, (rows.nrows + 1) * sizeof(*r->units));
    if (r->units == NULL) {
        return bx_refuse(r->c, BX_E_MEMORY, NULL, NULL, NULL);
    }
    for (size_t i = 0; i < rows.nrows; i++) {
        r->units[i] = (bx_unit) { bx_cell_int(&rows, i, 0), bx_cell_int(&rows, i, 1),
            strcmp(bx_cell_text(&rows, i, 2), "class") == 0, bx_cell(&rows, i, 7)->kind != BX_V_NULL, bx_cell_text(&rows, i, 3),
            bx_cell_text(&rows, i, 6), (int) bx_cell_int(&rows, i, 4), (int) bx_cell_int(&rows, i, 5) };
    }
    r->nunits = rows.nrows;
    return BX_OK;
}


static const char *
json_text(bx_arena *a, const json_t *j, size_t characters)
{
    char  *text = j ? json_dumps(j, JSON_COMPACT) : NULL;

    if (text == NULL || bx_arena_defer(a, free, text) != BX_OK) {
        return NULL;
    }

    return bx_utf8_count(text) <= characters ? text : NULL;
}


/* Of columns that are sealed at rest only masked numbers are repeated in the log. */
static const char *
changed_value(const bx_roster *r, const bx_roster_row *row, unsigned c)
{
    bool  person_number = c == BX_R_PHONE || c == BX_R_OF(0, BX_M_PHONE) || c == BX_R_OF(1, BX_M_PHONE)
                          || c == BX_R_OF(0, BX_M_ID_NUMBER) || c == BX_R_OF(1, BX_M_ID_NUMBER);
    bool  open = c < BX_R_MEMBER && c != BX_R_ADDRESS;

    return person_number || open ? bx_roster_shown(r, row, c) : NULL;
}


static void
log_entry(bx_batch *b, const bx_entry *e)
{
    bx_run         *r = b->run;
    bx_roster      *roster = r->roster;
    const char     *name = e->row->v[BX_R_NAME];
    bx_value        id = bx_int(r->out->id), row = bx_int(e->row->row), who = bx_text(name);

    if (e->outcome == BX_O_ADDED) {
        bx_insert_add(&b->log, (bx_value[]) { id, row, bx_int(1), bx_text("added"), bx_null(), bx_null(), bx_null(), bx_null(),
                                              bx_int(e->student), who });
        return;
    }

    for (unsigned i = 0; e->outcome == BX_O_CHANGED && i < e->nchanges; i++) {
        unsigned    c = e->changes[i];
        const char *heading = roster->at[c] >= 0 ? bx_roster_heading_at(roster, (unsigned) roster->at[c])
                                                 : bx_roster_heading(r->arena, c);

        bx_insert_add(&b->log, (bx_value[]) { id, row, bx_int(i + 1), bx_text("changed"), bx_text(heading),
                                              bx_text(changed_value(roster, e->row, c)), bx_null(), bx_null(),
                                              bx_int(e->student), who });
    }

    for (unsigned i = 0; e->outcome == BX_O_REJECTED && e->row->faults && i < e->row->nfaults; i++) {
        const bx_roster_fault *f = &e->row->faults[i];

        bx_insert_add(&b->log, (bx_value[]) { id, row, bx_int(i + 1), bx_text("rejected"),
                                              bx_text(bx_roster_heading_at(roster, f->at)), bx_text(f->value), bx_text(f->reason),
                                              bx_text(json_text(r->arena, f->params, 400)), bx_null(), who });
    }
}


static void
count(const bx_batch *b, bx_roster_result *out)
{
    for (size_t i = 0; i < b->n; i++) {
        switch (b->entries[i].outcome) {
        case BX_O_ADDED:     out->added++; break;
        case BX_O_CHANGED:   out->changed++; break;
        case BX_O_UNCHANGED: out->unchanged++; break;
        case BX_O_REJECTED:  out->rejected++; break;
        }
    }

    out->classes += b->classes_made;
    out->guardians += b->guardians_made;
}


/* What the audit row says of a batch: which rows, which children, which columns; no values. */
static json_t *
audit_of(const bx_batch *b)
{
    json_t  *added = json_array(), *changed = json_object(), *units = json_array();

    for (size_t i = 0; i < b->n; i++) {
        const bx_entry *e = &b->entries[i];
        const char     *id = bx_sprintf(b->run->arena, "%lld", (long long) e->student);

        if (e->outcome == BX_O_ADDED) {
            json_array_append_new(added, json_string(id));
        } else if (e->outcome == BX_O_CHANGED) {
            json_t *fields = json_array();

            for (unsigned k = 0; k < e->nchanges; k++) {
                json_array_append_new(fields, json_string(bx_roster_key(e->changes[k])));
            }
            json_object_set_new(changed, id, fields);
        }
    }
    for (size_t i = 0; i < b->nnew_units; i++) {
        json_array_append_new(units, json_sprintf("%lld", (long long) b->new_units[i].id));
    }

    return bx_own(b->run->arena, json_pack("{s:[i,i], s:o, s:o, s:o, s:i}",
        "rows", (int) b->entries[0].row->row, (int) b->entries[b->n - 1].row->row,
        "added", added, "changed", changed, "units", units, "guardians", (int) b->guardians_made));
}


static bx_rc
queue_import(bx_run *r)
{
    bx_roster_result  *out = r->out;
    json_t            *unknown = bx_own(r->arena, json_array());
    size_t             bytes = 0;

    for (unsigned i = 0; i < out->nunknown && bytes < UNKNOWN_BYTES; i++) {
        bytes += strlen(out->unknown[i]) + 4;
        if (bytes < UNKNOWN_BYTES) {
            json_array_append_new(unknown, json_string(out->unknown[i]));
        }
    }

    return bx_queue(r->c, 1, sql_import_insert, BX_ARGS(bx_int(out->id), bx_int(r->school_id),
        r->township_id ? bx_int(r->township_id) : bx_null(), bx_text(r->filename), bx_blob(out->content_hash, 32),
        bx_int(out->rows), bx_text(out->encoding), bx_int(out->columns_known), bx_int(out->columns_total),
        bx_text(json_text(r->arena, unknown, 4000)), r->now, r->author));
}


static bx_rc
try_batch(bx_run *r, size_t first, size_t n, bx_roster_result *after)
{
    bx_batch   *b = bx_alloc(r->arena, sizeof(*b));

    *after = *r->out;
    if (b != NULL) {
        b->entries = bx_alloc(r->arena, n * sizeof(*b->entries));
    }
    if (b == NULL || b->entries == NULL) {
        return bx_refuse(r->c, BX_E_MEMORY, NULL, NULL, NULL);
    }
    b->run = r;
    b->n = n;
    b->log = (bx_insert) { .arena = r->arena, .head = sql_log_insert, .tail = "", .width = LOG_COLUMNS };
    for (size_t i = 0; i < n; i++) {
        b->entries[i].row = &r->roster->rows[first + i];
    }

    if (load_units(r) != BX_OK || (first == 0 && queue_import(r) != BX_OK) || bx_batch_match(b) != BX_OK
        || bx_batch_students(b) != BX_OK || bx_batch_guardians(b) != BX_OK)
    {
        return BX_FAIL;
    }

    for (size_t i = 0; i < n; i++) {
        log_entry(b, &b->entries[i]);
    }
    count(b, after);
    if (bx_insert_queue(r->c, &b->log) != BX_OK
        || bx_queue(r->c, -1, sql_import_count, BX_ARGS(bx_int(after->added), bx_int(after->changed), bx_int(after->unchanged),
               bx_int(after->rejected), bx_int(after->classes), bx_int(after->guardians), bx_int(after->id))) != BX_OK)
    {
        return BX_FAIL;
    }

    return bx_commit_batch(r->c, r->school_id, "import.batch", "imports", r->out->id, audit_of(b));
}


/* May a failed batch be tried again? Somebody was faster, or the connection was lost. */
static bool
may_retry(bx_run *r)
{
    bx_call  *c = r->c;
    bool      lost = c->problem.code == BX_E_DATABASE && bx_db_lost(&c->error);

    if (c->problem.code != BX_E_CONFLICT && !lost && !(c->problem.code == BX_E_DATABASE && bx_db_retry(&c->error))) {
        return false;
    }
    if (lost && c->conn != NULL) {
        bx_conn_break(c->conn);
        bx_call_end(c);
    }

    c->problem = (bx_problem) { 0 };
    c->error = (bx_error) { 0 };
    c->raced = false;
    return true;
}


/* Was the batch committed although its answer was lost? The import's own counters say so. */
static bx_rc
has_landed(bx_run *r, size_t rows_after, bx_roster_result *after, bool *landed)
{
    bx_rows  rows;

    *landed = false;
    if (bx_query(r->c, &rows, sql_import_read, BX_ARGS(bx_int(r->out->id))) != BX_OK) {
        return BX_FAIL;
    }
    if (rows.nrows == 0) {
        return BX_OK;
    }

    *after = *r->out;
    after->added = (unsigned) bx_cell_int(&rows, 0, 0);
    after->changed = (unsigned) bx_cell_int(&rows, 0, 1);
    after->unchanged = (unsigned) bx_cell_int(&rows, 0, 2);
    after->rejected = (unsigned) bx_cell_int(&rows, 0, 3);
    after->classes = (unsigned) bx_cell_int(&rows, 0, 4);
    after->guardians = (unsigned) bx_cell_int(&rows, 0, 5);
    *landed = (size_t) after->added + after->changed + after->unchanged + after->rejected == rows_after;
    return BX_OK;
}


static bx_rc
run_batch(bx_run *r, size_t first, size_t n)
{
    unsigned          faults[BX_ROSTER_BATCH];
    bx_roster_result  after;
    bool              landed;

    for (size_t i = 0; i < n; i++) {
        faults[i] = r->roster->rows[first + i].nfaults;
    }

    for (int attempt = 1; try_batch(r, first, n, &after) != BX_OK; attempt++) {
        bx_queue_clear(r->c);
        if (attempt == ATTEMPTS || !may_retry(r)) {
            return BX_FAIL;
        }
        if (has_landed(r, first + n, &after, &landed) != BX_OK) {
            return BX_FAIL;
        }
        if (landed) {
            break;
        }
        for (size_t i = 0; i < n; i++) {      /* what the database said may be otherwise now */
            r->roster->rows[first + i].nfaults = faults[i];
        }
    }

    *r->out = after;
    return BX_OK;
}


/* ------------------------------------------------------------------ the run */

static bx_rc
refuse_file(bx_call *c, const char *reason, json_t *params)
{
    if (strcmp(reason, "import.internal") == 0) {
        json_decref(params);
        return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
    }

    return bx_refuse(c, BX_E_INVALID, "file", reason, params);
}


static bx_rc
read_roster(bx_run *r, const void *data, size_t len)
{
    bx_sheet          *sheet = bx_alloc(r->arena, sizeof(*sheet));
    bx_sheet_fault     fault;
    bx_roster_refusal  why;
    bx_roster_result  *out = r->out;

    r->roster = bx_alloc(r->arena, sizeof(*r->roster));
    if (sheet == NULL || r->roster == NULL) {
        return bx_refuse(r->c, BX_E_MEMORY, NULL, NULL, NULL);
    }
    if (bx_sheet_read(r->arena, data, len, sheet, &fault) != BX_OK) {
        return refuse_file(r->c, fault.reason, json_pack("{s:i, s:i}", "row", (int) fault.row, "limit", (int) fault.limit));
    }
    if (bx_roster_check(r->arena, sheet, &r->school, r->roster, &why) != BX_OK) {
        return refuse_file(r->c, why.reason, json_incref(why.params));
    }

    out->roster = r->roster;
    out->encoding = sheet->encoding;
    out->rows = (unsigned) r->roster->nrows;
    out->columns_known = r->roster->known;
    out->columns_total = r->roster->total;
    out->unknown = r->roster->unknown;
    out->nunknown = r->roster->nunknown;
    return BX_OK;
}


bx_rc
bx_roster_run(bx_call *c, bx_id school, const char *filename, const void *data, size_t len, bx_roster_result *out)
{
    bx_arena  *a = bx_call_arena(c);
    bx_date    today = bx_date_of(bx_call_now(c));
    bx_run     r = { .c = c, .arena = a, .out = out, .school_id = school, .filename = filename };

    *out = (bx_roster_result) { .id = bx_id_new(), .encoding = "" };
    bx_sha256(data, len, out->content_hash);
    r.today = bx_text(bx_date_text(a, today));
    r.now = bx_text(bx_time_sql(a, bx_call_now(c)));
    r.author = bx_call_account(c) ? bx_int(bx_call_account(c)) : bx_null();
    r.school.today = today;
    r.school.school_year = bx_school_year(today);

    if (load_units(&r) != BX_OK || bx_activation_expiry(c, school, &r.code_expiry) != BX_OK || read_roster(&r, data, len) != BX_OK) {
        return BX_FAIL;
    }

    for (size_t first = 0; first < r.roster->nrows; first += BX_ROSTER_BATCH) {
        size_t left = r.roster->nrows - first;

        if (run_batch(&r, first, left < BX_ROSTER_BATCH ? left : BX_ROSTER_BATCH) != BX_OK) {
            return BX_FAIL;
        }
    }

    out->finished = bx_now();
    return bx_queue(c, 1, sql_import_end, BX_ARGS(bx_text(bx_time_sql(a, out->finished)), bx_int(out->id)));
}


bx_rc
bx_roster_finish(bx_call *c, bx_id school, const bx_roster_result *r)
{
    json_t  *changes = bx_own(bx_call_arena(c), json_pack("{s:i, s:i, s:i, s:i}", "added", (int) r->added,
        "changed", (int) r->changed, "unchanged", (int) r->unchanged, "rejected", (int) r->rejected));

    return bx_commit(c, school, "import", "imports", r->id, changes);
}


bx_rc
bx_roster_import(bx_call *c, bx_id school, const char *filename, const void *data, size_t len, bx_roster_result *out)
{
    return bx_roster_run(c, school, filename, data, len, out) == BX_OK ? bx_roster_finish(c, school, out) : BX_FAIL;
}
