/*
 * roster.c: a run of an import: the file read and checked, then its rows in batches of at most 200; when they are applied,
 * each batch is one transaction with one audit row. Owns how far a run has come. What a row means for a child is
 * roster_match.c, roster_student.c and roster_guardian.c, what is said of it roster_log.c.
 */
#include "flow/roster_run.h"
#include "core/core.h"

#include <stdlib.h>
#include <string.h>

#define ATTEMPTS       5
#define UNKNOWN_BYTES  3800                   /* of the JSON list of headings that are kept */

static const char sql_school[] =
    "SELECT u.version, u.code, u.stage, u.path, u.township_id FROM org_unit u WHERE u.id = ? AND u.level = 'school'";

static const char sql_units[] =
    "SELECT u.id, u.parent_id, u.level, u.stage, u.entry_year, u.class_no, u.path, u.closed_on FROM org_unit u"
    " WHERE u.school_id = ? AND u.level IN ('grade', 'class') AND u.entry_year IS NOT NULL";

/* Written with each batch: whoever has lost the lease meanwhile, or counts from another row, writes nothing. */
static const char sql_progress[] =
    "UPDATE import SET added = ?, changed = ?, unchanged = ?, rejected = ?, skipped = ?, classes = ?, guardians = ?,"
    " rows_done = ?, leased_until = ?, tries = 0 WHERE id = ? AND runner = ? AND rows_done = ?";

static const char sql_progress_read[] =
    "SELECT t.rows_done, t.runner FROM import t WHERE t.id = ?";

static const char sql_import_insert[] =
    "INSERT INTO import (id, school_id, township_id, state, filename, content_hash, row_count, encoding, columns_known,"
    " columns_total, unknown_columns, runner, leased_until, created_at, created_by, updated_at)"
    " VALUES (?, ?, ?, 'applying', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

static const char sql_import_end[] =
    "UPDATE import SET state = 'done', finished_at = ?, updated_at = ?, runner = NULL, leased_until = NULL,"
    " version = version + 1 WHERE id = ? AND runner = ?";


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
        r->units[i] = (bx_roster_unit) { bx_cell_int(&rows, i, 0), bx_cell_int(&rows, i, 1),
            strcmp(bx_cell_text(&rows, i, 2), "class") == 0, bx_cell(&rows, i, 7)->kind != BX_V_NULL, bx_cell_text(&rows, i, 3),
            bx_cell_text(&rows, i, 6), (int) bx_cell_int(&rows, i, 4), (int) bx_cell_int(&rows, i, 5) };
    }
    r->nunits = rows.nrows;
    return BX_OK;
}


const char *
bx_run_json(bx_arena *a, const json_t *j, size_t characters)
{
    char  *text = bx_json_text(a, j, JSON_COMPACT);

    if (text == NULL) {
        return NULL;
    }

    return bx_utf8_count(text) <= characters ? text : NULL;
}


static unsigned *
counter_of(bx_roster_result *out, bx_outcome outcome)
{
    switch (outcome) {
    case BX_O_ADDED:     return &out->added;
    case BX_O_CHANGED:   return &out->changed;
    case BX_O_UNCHANGED: return &out->unchanged;
    case BX_O_REJECTED:  break;
    }

    return &out->rejected;
}


/* When applying, what was planned is counted already: only differences are new. */
static void
count(const bx_batch *b, bx_roster_result *out)
{
    bool  applying = b->run->mode == BX_RUN_APPLY;

    for (size_t i = 0; i < b->n; i++) {
        const bx_entry *e = &b->entries[i];

        if (applying) {
            (*counter_of(out, e->planned))--;
            out->skipped += e->strayed && e->outcome == BX_O_REJECTED;
        }
        (*counter_of(out, e->outcome))++;
    }

    out->classes += b->classes_made - b->planned_classes;
    out->guardians += b->guardians_made - b->planned_guardians;
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
        json_array_append_new(units, bx_id_json(b->new_units[i].id));
    }

    return bx_own(b->run->arena, json_pack("{s:[i,i], s:o, s:o, s:o, s:i}",
        "rows", (int) b->entries[0].row->row, (int) b->entries[b->n - 1].row->row,
        "added", added, "changed", changed, "units", units, "guardians", (int) b->guardians_made));
}


const char *
bx_run_unknown(bx_arena *a, const bx_roster_result *out)
{
    json_t  *unknown = bx_own(a, json_array());
    size_t   bytes = 0;

    for (unsigned i = 0; i < out->nunknown && bytes < UNKNOWN_BYTES; i++) {
        bytes += strlen(out->unknown[i]) + 4;
        if (bytes < UNKNOWN_BYTES) {
            json_array_append_new(unknown, json_string(out->unknown[i]));
        }
    }

    return bx_run_json(a, unknown, 4000);
}


static bx_value
lease(const bx_run *r)
{
    return bx_text(bx_time_sql(r->arena, bx_now() + BX_LEASE_SECONDS));
}


static bx_rc
queue_import(bx_run *r)
{
    bx_roster_result  *out = r->out;

    return bx_queue(r->c, 1, sql_import_insert, BX_ARGS(bx_int(out->id), bx_int(r->school_id),
        r->township_id ? bx_int(r->township_id) : bx_null(), bx_text(r->filename), bx_blob(out->content_hash, 32),
        bx_int(out->rows), bx_text(out->encoding), bx_int(out->columns_known), bx_int(out->columns_total),
        bx_text(bx_run_unknown(r->arena, out)), bx_text(r->runner), lease(r), r->now, r->author, r->now));
}


static void
progress_at(const bx_run *r, const bx_roster_result *after, size_t first, size_t n, bx_value args[12])
{
    memcpy(args, (bx_value[]) { bx_int(after->added), bx_int(after->changed), bx_int(after->unchanged), bx_int(after->rejected),
        bx_int(after->skipped), bx_int(after->classes), bx_int(after->guardians), bx_int((int64_t) (first + n)), lease(r),
        bx_int(after->id), bx_text(r->runner), bx_int((int64_t) first) }, 12 * sizeof(*args));
}


/* The preview writes no domain row, so nothing of it needs to be undone together: progress first, which only who holds the
 * lease can write. */
static bx_rc
keep_preview(bx_batch *b, size_t first, const bx_roster_result *after)
{
    bx_run    *r = b->run;
    bx_value   args[12];
    uint64_t   n = 0;

    bx_queue_clear(r->c);
    progress_at(r, after, first, b->n, args);
    if (bx_exec(r->c, &n, sql_progress, args, 12) != BX_OK) {
        return BX_FAIL;
    }
    if (n != 1) {
        return bx_refuse(r->c, BX_E_CONFLICT, NULL, NULL, NULL);
    }
    if (bx_insert_queue(r->c, &b->log) != BX_OK) {
        return BX_FAIL;
    }
    for (const bx_write *w = r->c->writes; w != NULL; w = w->next) {
        if (bx_exec(r->c, NULL, w->sql, w->args, w->nargs) != BX_OK) {
            return BX_FAIL;
        }
    }
    bx_queue_clear(r->c);

    return bx_plan_keep(b, first);
}


/* What the next batches of a check must know of this one. */
static bx_rc
remember(bx_batch *b)
{
    bx_run   *r = b->run;
    bx_roster_unit  *units;

    for (size_t i = 0; i < b->n; i++) {
        const bx_entry *e = &b->entries[i];
        bool            gone = false;

        if (e->pupil == NULL || e->outcome == BX_O_REJECTED) {
            continue;
        }
        for (unsigned k = 0; k < e->nchanges; k++) {
            gone = gone || e->changes[k] == BX_R_ENROLMENT_NO;
        }
        if (bx_claim_add(r, e->pupil->id, e->row->row, gone && r->mode == BX_RUN_CHECK) != BX_OK) {
            return BX_FAIL;
        }
    }
    if (r->mode != BX_RUN_CHECK) {
        return BX_OK;
    }

    for (size_t i = 0; i < b->npeople; i++) {
        if (b->people[i]->touched && bx_seen_add(r, b->people[i]) != BX_OK) {
            return BX_FAIL;
        }
    }
    if (b->nnew_units == 0) {
        return BX_OK;
    }
    units = bx_alloc(r->arena, (r->nunits + b->nnew_units) * sizeof(*units));
    if (units == NULL) {
        return bx_refuse(r->c, BX_E_MEMORY, NULL, NULL, NULL);
    }
    memcpy(units, r->units, r->nunits * sizeof(*units));
    memcpy(units + r->nunits, b->new_units, b->nnew_units * sizeof(*units));
    r->units = units;
    r->nunits += b->nnew_units;
    return BX_OK;
}


static bx_rc
commit_batch(bx_batch *b, size_t first, const bx_roster_result *after)
{
    bx_run    *r = b->run;
    bx_value   args[12];

    progress_at(r, after, first, b->n, args);
    if (bx_insert_queue(r->c, &b->log) != BX_OK || bx_queue(r->c, 1, sql_progress, args, 12) != BX_OK) {
        return BX_FAIL;
    }

    return bx_commit_batch(r->c, r->school_id, "import.batch", "imports", r->out->id, audit_of(b));
}


static bx_rc
decide(bx_batch *b, size_t first)
{
    bx_run  *r = b->run;

    if (r->mode == BX_RUN_APPLY && bx_plan_read(b, first) != BX_OK) {
        return BX_FAIL;
    }
    if ((r->mode != BX_RUN_CHECK && load_units(r) != BX_OK) || (r->mode == BX_RUN_DIRECT && first == 0 && queue_import(r) != BX_OK)
        || bx_batch_match(b) != BX_OK)
    {
        return BX_FAIL;
    }
    if (r->mode == BX_RUN_APPLY) {
        bx_plan_hold(b);
    }

    return bx_batch_students(b) == BX_OK && bx_batch_guardians(b) == BX_OK ? bx_batch_log(b) : BX_FAIL;
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
    for (size_t i = 0; i < n; i++) {
        b->entries[i].row = &r->roster->rows[first + i];
    }

    if (decide(b, first) != BX_OK) {
        return BX_FAIL;
    }
    count(b, after);
    if ((r->mode == BX_RUN_CHECK ? keep_preview(b, first, after) : commit_batch(b, first, after)) != BX_OK) {
        return BX_FAIL;
    }

    return remember(b);
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


/* Was the batch committed although its answer was lost? How far the import has come says so. BX_FAIL too when somebody else
 * works on it by now. */
static bx_rc
has_landed(bx_run *r, size_t first, size_t n, bool *landed)
{
    bx_rows      rows;
    const char  *runner;
    size_t       done;

    *landed = false;
    if (bx_query(r->c, &rows, sql_progress_read, BX_ARGS(bx_int(r->out->id))) != BX_OK) {
        return BX_FAIL;
    }
    if (rows.nrows == 0) {
        return r->mode == BX_RUN_DIRECT && first == 0 ? BX_OK : bx_refuse(r->c, BX_E_NOT_FOUND, NULL, NULL, NULL);
    }

    done = (size_t) bx_cell_int(&rows, 0, 0);
    runner = bx_cell_text(&rows, 0, 1);
    if (runner == NULL || strcmp(runner, r->runner) != 0 || (done != first && done != first + n)) {
        bx_error_set(&r->c->error, BX_E_CONFLICT, "an import has been taken over");
        return bx_refuse(r->c, BX_E_CONFLICT, NULL, NULL, NULL);
    }

    *landed = done == first + n;
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
        if (r->mode == BX_RUN_CHECK || attempt == ATTEMPTS || !may_retry(r) || has_landed(r, first, n, &landed) != BX_OK) {
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


bx_rc
bx_run_batches(bx_run *r, bx_time until, bool *over)
{
    *over = false;
    if (r->roster == NULL) {
        return bx_refuse(r->c, BX_E_INTERNAL, NULL, NULL, NULL);
    }

    while (r->done < r->roster->nrows) {
        size_t left = r->roster->nrows - r->done, n = left < BX_ROSTER_BATCH ? left : BX_ROSTER_BATCH;

        if (r->mode == BX_RUN_APPLY && bx_now() >= until) {
            return BX_OK;
        }
        if (run_batch(r, r->done, n) != BX_OK) {
            return BX_FAIL;
        }
        r->done += n;
    }

    *over = true;
    return BX_OK;
}


/* ------------------------------------------------------------------ the run */

bx_rc
bx_run_refuse(bx_call *c, const char *reason, json_t *params)
{
    if (strcmp(reason, "import.internal") == 0) {
        json_decref(params);
        return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
    }

    return bx_refuse(c, BX_E_INVALID, "file", reason, params);
}


static bx_rc
read_roster(bx_run *r, const void *data, size_t len, const char *mapping)
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
        return bx_run_refuse(r->c, fault.reason, json_pack("{s:i, s:i}", "row", (int) fault.row, "limit", (int) fault.limit));
    }
    if (bx_roster_check(r->arena, sheet, mapping, &r->school, r->roster, &why) != BX_OK) {
        return bx_run_refuse(r->c, why.reason, json_incref(why.params));
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
bx_run_open(bx_run *r, const void *data, size_t len, const char *mapping)
{
    bx_arena  *a = r->arena = bx_call_arena(r->c);
    bx_date    today = bx_date_of(bx_call_now(r->c));

    bx_sha256(data, len, r->out->content_hash);
    r->today = bx_text(bx_date_text(a, today));
    r->now = bx_text(bx_time_sql(a, bx_call_now(r->c)));
    r->school.today = today;
    r->school.school_year = bx_school_year(today);
    r->claims = bx_alloc(a, BX_SEEN_SLOTS * sizeof(*r->claims));
    r->seen = r->mode == BX_RUN_CHECK ? bx_alloc(a, BX_SEEN_SLOTS * sizeof(*r->seen)) : NULL;
    if (r->claims == NULL || (r->seen == NULL && r->mode == BX_RUN_CHECK)) {
        return bx_refuse(r->c, BX_E_MEMORY, NULL, NULL, NULL);
    }

    return load_units(r) == BX_OK && bx_activation_expiry(r->c, r->school_id, &r->code_expiry) == BX_OK
           ? read_roster(r, data, len, mapping) : BX_FAIL;
}


bx_rc
bx_roster_import(bx_call *c, bx_id school, const char *filename, const void *data, size_t len, bx_roster_result *out)
{
    bx_run    r = { .mode = BX_RUN_DIRECT, .c = c, .out = out, .school_id = school, .filename = filename };
    uint8_t   token[8];
    bool      over;
    json_t   *changes;

    *out = (bx_roster_result) { .id = bx_id_new(), .encoding = "" };
    bx_random(token, sizeof(token));
    r.runner = bx_hex(bx_call_arena(c), token, sizeof(token));
    r.author = bx_call_account(c) ? bx_int(bx_call_account(c)) : bx_null();
    if (r.runner == NULL) {
        return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
    }
    if (bx_run_open(&r, data, len, NULL) != BX_OK || bx_run_batches(&r, BX_NO_TIME, &over) != BX_OK) {
        return BX_FAIL;
    }

    out->finished = bx_now();
    changes = bx_own(r.arena, json_pack("{s:i, s:i, s:i, s:i}", "added", (int) out->added, "changed", (int) out->changed,
                                        "unchanged", (int) out->unchanged, "rejected", (int) out->rejected));
    if (bx_queue(c, 1, sql_import_end, BX_ARGS(bx_text(bx_time_sql(r.arena, out->finished)),
            bx_text(bx_time_sql(r.arena, out->finished)), bx_int(out->id), bx_text(r.runner))) != BX_OK)
    {
        return BX_FAIL;
    }

    return bx_commit(c, school, "import", "imports", out->id, changes);
}
