/*
 * roster_import.c: the way of an import through its states, off the request that brought it: its file kept sealed until it
 * has been applied or given up, the check that makes the preview, the writing of what was previewed.
 *
 * Who works on an import holds it by a lease and renews it with every batch; how far it has come is written in the same
 * transaction as the batch. So a worker that died is followed by another that goes on behind the last batch, and one that
 * was only slow writes nothing more. Owns the import's states but those that persons choose (lib/plugins/import.c).
 */
#include "flow/file_store.h"
#include "flow/flow.h"
#include "flow/roster_run.h"
#include "core/core.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define SLICE      10                         /* seconds of work a run of the job: others wait behind it */
#define MAX_TRIES  5                          /* taken up without getting any further */
#define SEALING    1024u
#define TIDY_ROWS  200
#define LOG_ROWS   5000                       /* of one DELETE */
#define DAY        (24 * 3600)

/* Why a run ended, when it is for the reader: error.import.<…> */
#define STUCK        "import.stuck"
#define INTERRUPTED  "import.interrupted"
#define FILE_LOST    "import.file_lost"
#define MISSING      "import.missing_columns"

static const char sql_next[] =
    "SELECT t.id, t.state FROM import t WHERE t.state IN ('applying', 'checking', 'uploaded')"
    " AND (t.leased_until IS NULL OR t.leased_until <= ? OR t.leased_until > ?) ORDER BY t.id LIMIT 1";

static const char sql_claim[] =
    "UPDATE import SET runner = ?, leased_until = ?, tries = tries + 1 WHERE id = ? AND state = ?"
    " AND (leased_until IS NULL OR leased_until <= ? OR leased_until > ?)";

static const char sql_read[] =
    "SELECT t.version, t.state, t.school_id, t.filename, t.mapping, t.has_file, t.tries, t.rows_done, t.added, t.changed,"
    " t.unchanged, t.rejected, t.skipped, t.classes, t.guardians, t.created_by, t.applied_by FROM import t WHERE t.id = ?";

enum { I_VERSION, I_STATE, I_SCHOOL, I_FILENAME, I_MAPPING, I_HAS_FILE, I_TRIES, I_DONE, I_ADDED, I_CHANGED, I_UNCHANGED,
       I_REJECTED, I_SKIPPED, I_CLASSES, I_GUARDIANS, I_CREATED_BY, I_APPLIED_BY };

static const char sql_begin[] =
    "UPDATE import SET rows_done = 0, added = 0, changed = 0, unchanged = 0, rejected = 0, skipped = 0, classes = 0,"
    " guardians = 0, fault = NULL, fault_params = NULL WHERE id = ? AND runner = ?";

static const char sql_columns[] =
    "UPDATE import SET row_count = ?, encoding = ?, columns_known = ?, columns_total = ?, unknown_columns = ?,"
    " columns_read = ? WHERE id = ? AND runner = ?";

/* With every move that ends a phase: nobody works on it any more. */
static const char sql_release[] =
    "UPDATE import SET runner = NULL, leased_until = NULL, tries = 0, fault = ?, fault_params = ?, finished_at = ?"
    " WHERE id = ? AND runner = ?";

static const char sql_rest[] = "UPDATE import SET leased_until = NULL WHERE id = ? AND runner = ?";

typedef struct {
    bx_call             *c;
    bx_arena            *arena;
    const bx_record_def *def;
    bx_id                id, school;
    int64_t              version;
    const char          *state, *runner, *mapping;
    bx_rows              row;
    bx_run               run;
    bx_roster_result     out;
    const void          *data;
    size_t               len;
} work;


/* ------------------------------------------------------------------ the file */

/* Named by the import, not by what is in it: two imports of one file let go of it one by one. */
static const char *
name_of(bx_arena *a, bx_id id)
{
    bx_value  hash = bx_lookup_hash(a, "import", bx_sprintf(a, "%" PRId64, id));

    return hash.kind == BX_V_NULL ? NULL : bx_hex(a, hash.s, hash.len);
}


static bx_rc
keep_file(bx_call *c, bx_id id, const void *data, size_t len)
{
    const char  *dir = bx_app_attachments(c->app), *name = name_of(c->arena, id);
    bx_value     sealed;

    if (name == NULL || bx_seal_bytes(c->arena, data, len, &sealed) != BX_OK
        || bx_file_put(dir, name, sealed.s, sealed.len, &c->error) != BX_OK)
    {
        return bx_refuse(c, BX_E_INTERNAL, NULL, NULL, NULL);
    }

    return BX_OK;
}


void
bx_roster_drop_file(bx_call *c, bx_id id)
{
    const char  *dir = bx_app_attachments(c->app), *name = name_of(c->arena, id), *aside = NULL;
    bx_error     err = { 0 };

    if (dir != NULL && name != NULL && bx_file_aside(c->arena, dir, name, &aside, &err) == BX_OK && aside != NULL) {
        bx_file_drop(aside);
    }
}


static bx_rc
open_file(work *w)
{
    const char  *dir = bx_app_attachments(w->c->app), *name = name_of(w->arena, w->id);
    bx_value     sealed;
    bx_error     err = { 0 };
    void        *plain;

    if (dir == NULL || name == NULL || bx_file_get(w->arena, dir, name, BX_ROSTER_BYTES + SEALING, &sealed, &err) != BX_OK
        || bx_unseal_bytes(w->arena, &sealed, &plain, &w->len) != BX_OK)
    {
        return BX_FAIL;
    }

    w->data = plain;
    return BX_OK;
}


/* ------------------------------------------------------------------ the upload */

static const char sql_insert[] =
    "INSERT INTO import (id, school_id, township_id, state, filename, content_hash, has_file, file_size, row_count, encoding,"
    " columns_known, columns_total, unknown_columns, columns_read, fault, fault_params, created_at, created_by, updated_at)"
    " SELECT ?, u.id, u.township_id, ?, ?, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ? FROM org_unit u WHERE u.id = ?";


static const char *
columns_text(bx_arena *a, const bx_roster *r)
{
    return bx_run_json(a, bx_own(a, bx_roster_columns_json(r)), 1000000);
}


static const char *
missing_text(bx_arena *a, const bx_roster *r)
{
    return r->missing ? bx_run_json(a, bx_own(a, json_pack("{s:s}", "columns", r->missing)), 1000) : NULL;
}


static bx_rc
read_headings(bx_call *c, const void *data, size_t len, bx_roster *roster, bx_roster_result *out)
{
    bx_sheet          *sheet = bx_alloc(c->arena, sizeof(*sheet));
    bx_sheet_fault     fault;
    bx_roster_refusal  why;

    if (sheet == NULL) {
        return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
    }
    if (bx_sheet_read(c->arena, data, len, sheet, &fault) != BX_OK) {
        return bx_run_refuse(c, fault.reason, json_pack("{s:i, s:i}", "row", (int) fault.row, "limit", (int) fault.limit));
    }
    if (bx_roster_columns(c->arena, sheet, NULL, roster, &why) != BX_OK) {
        return bx_run_refuse(c, why.reason, json_incref(why.params));
    }

    out->roster = roster;
    out->encoding = sheet->encoding;
    out->rows = (unsigned) roster->nrows;
    out->columns_known = roster->known;
    out->columns_total = roster->total;
    out->unknown = roster->unknown;
    out->nunknown = roster->nunknown;
    return BX_OK;
}


bx_rc
bx_roster_upload(bx_call *c, bx_id school, bx_id id, const char *filename, const void *data, size_t len, bx_roster_result *out,
                 const char **state)
{
    bx_arena   *a = c->arena;
    bx_roster  *roster = bx_alloc(a, sizeof(*roster));
    bx_value    now = bx_text(bx_time_sql(a, c->now));
    bx_record   r = { .def = bx_record_find("imports"), .call = c, .id = id, .scope = { .school = school } };

    *out = (bx_roster_result) { .id = id, .encoding = "" };
    if (bx_app_attachments(c->app) == NULL) {
        return bx_refuse(c, BX_E_INVALID, "file", "import.off", NULL);
    }
    if (roster == NULL) {
        return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
    }
    if (read_headings(c, data, len, roster, out) != BX_OK || keep_file(c, id, data, len) != BX_OK) {
        return BX_FAIL;
    }

    bx_sha256(data, len, out->content_hash);
    *state = roster->missing ? "columns" : "uploaded";
    if (bx_queue(c, 1, sql_insert, BX_ARGS(bx_int(id), bx_text(*state), bx_text(filename), bx_blob(out->content_hash, 32),
            bx_int((int64_t) len), bx_int(out->rows), bx_text(out->encoding), bx_int(out->columns_known),
            bx_int(out->columns_total), bx_text(bx_run_unknown(a, out)), bx_text(columns_text(a, roster)),
            bx_text(roster->missing ? MISSING : NULL), bx_text(missing_text(a, roster)), now,
            bx_int(bx_call_account(c)), now, bx_int(school))) != BX_OK)
    {
        return BX_FAIL;
    }

    return bx_history_queue(c, &r, "upload", *state, "roster.import");
}


/* ------------------------------------------------------------------ moves */

/* A move of the record with what else belongs to it, as one transaction with its audit row. */
static bx_rc
move(work *w, const char *action, const char *to, const json_t *changes)
{
    if (bx_queue_move(w->c, w->def, action, w->id, w->version, w->state) != BX_OK
        || bx_commit_batch(w->c, w->school, action, "imports", w->id, changes) != BX_OK)
    {
        bx_queue_clear(w->c);
        return BX_FAIL;
    }

    w->version++;
    w->state = to;
    return BX_OK;
}


static bx_rc
release(work *w, const char *fault, const json_t *params, const char *finished)
{
    return bx_queue(w->c, 1, sql_release, BX_ARGS(bx_text(fault), bx_text(params ? bx_run_json(w->arena, params, 1000) : NULL),
                                                  bx_text(finished), bx_int(w->id), bx_text(w->runner)));
}


static bx_rc
queue_columns(work *w)
{
    const bx_roster_result *out = &w->out;

    return bx_queue(w->c, 1, sql_columns, BX_ARGS(bx_int(out->rows), bx_text(out->encoding), bx_int(out->columns_known),
        bx_int(out->columns_total), bx_text(bx_run_unknown(w->arena, out)), bx_text(columns_text(w->arena, w->run.roster)),
        bx_int(w->id), bx_text(w->runner)));
}


/* The file or the data is in the way, and no other worker would fare better. */
static bx_rc
fail(work *w, const char *fault, const json_t *params)
{
    w->c->problem = (bx_problem) { 0 };
    bx_queue_clear(w->c);
    return release(w, fault, params, NULL) == BX_OK ? move(w, "fail", "failed", NULL) : BX_FAIL;
}


/* A person took away a column that a roster needs. */
static bx_rc
ask_columns(work *w)
{
    const bx_roster *r = w->run.roster;

    w->out.rows = (unsigned) r->nrows;
    w->out.encoding = r->sheet->encoding;
    w->out.columns_known = r->known;
    w->out.columns_total = r->total;
    w->out.unknown = r->unknown;
    w->out.nunknown = r->nunknown;
    w->c->problem = (bx_problem) { 0 };
    bx_queue_clear(w->c);
    return queue_columns(w) == BX_OK
           && release(w, MISSING, bx_own(w->arena, json_pack("{s:s}", "columns", r->missing)), NULL) == BX_OK
           ? move(w, "ask", "columns", NULL) : BX_FAIL;
}


/* After a failure: the reader is told what concerns the file; the rest is tried again by whoever gets the lease next. */
static bx_rc
after_failure(work *w)
{
    const bx_problem *p = &w->c->problem;

    if (p->code == BX_E_INVALID && p->nerrors > 0 && w->run.mode == BX_RUN_CHECK && strcmp(p->errors[0].reason, MISSING) == 0) {
        return ask_columns(w);
    }
    if (p->code == BX_E_INVALID && p->nerrors > 0) {
        return fail(w, p->errors[0].reason, p->errors[0].params);
    }

    return BX_FAIL;
}


/* ------------------------------------------------------------------ checking */

static bx_rc
forget_rows(bx_call *c, bx_id id)
{
    uint64_t  gone = LOG_ROWS;

    while (gone == LOG_ROWS) {
        if (bx_exec(c, &gone, "DELETE FROM import_row WHERE import_id = ? LIMIT ?", BX_ARGS(bx_int(id), bx_int(LOG_ROWS))) != BX_OK) {
            return BX_FAIL;
        }
    }

    return bx_exec(c, NULL, "DELETE FROM import_plan WHERE import_id = ?", BX_ARGS(bx_int(id)));
}


/* From the first row, whoever was here before: what a check has found is not worth keeping halves of. */
static bx_rc
check(work *w)
{
    bool  over;

    if (bx_queue(w->c, 1, sql_begin, BX_ARGS(bx_int(w->id), bx_text(w->runner))) != BX_OK
        || (strcmp(w->state, "uploaded") == 0 ? move(w, "begin", "checking", NULL)
                                              : bx_commit_batch(w->c, w->school, "begin", "imports", w->id, NULL)) != BX_OK
        || forget_rows(w->c, w->id) != BX_OK)
    {
        return BX_FAIL;
    }

    w->run.mode = BX_RUN_CHECK;
    if (bx_run_open(&w->run, w->data, w->len, w->mapping) != BX_OK || bx_run_batches(&w->run, BX_NO_TIME, &over) != BX_OK) {
        return after_failure(w);
    }

    return queue_columns(w) == BX_OK && release(w, NULL, NULL, NULL) == BX_OK ? move(w, "checked", "ready", NULL) : BX_FAIL;
}


/* ------------------------------------------------------------------ applying */

static void
take_counters(work *w)
{
    bx_roster_result  *out = &w->out;

    out->added = (unsigned) bx_cell_int(&w->row, 0, I_ADDED);
    out->changed = (unsigned) bx_cell_int(&w->row, 0, I_CHANGED);
    out->unchanged = (unsigned) bx_cell_int(&w->row, 0, I_UNCHANGED);
    out->rejected = (unsigned) bx_cell_int(&w->row, 0, I_REJECTED);
    out->skipped = (unsigned) bx_cell_int(&w->row, 0, I_SKIPPED);
    out->classes = (unsigned) bx_cell_int(&w->row, 0, I_CLASSES);
    out->guardians = (unsigned) bx_cell_int(&w->row, 0, I_GUARDIANS);
}


static bx_rc
finish(work *w)
{
    const bx_roster_result *out = &w->out;
    json_t                 *changes = bx_own(w->arena, json_pack("{s:i, s:i, s:i, s:i, s:i}", "added", (int) out->added,
        "changed", (int) out->changed, "unchanged", (int) out->unchanged, "rejected", (int) out->rejected, "skipped",
        (int) out->skipped));

    return release(w, NULL, NULL, bx_time_sql(w->arena, bx_now())) == BX_OK ? move(w, "finish", "done", changes) : BX_FAIL;
}


static bx_rc
apply(work *w)
{
    bool  over;

    w->run.mode = BX_RUN_APPLY;
    w->run.done = (size_t) bx_cell_int(&w->row, 0, I_DONE);
    w->run.author = *bx_cell(&w->row, 0, I_APPLIED_BY);
    if (bx_run_open(&w->run, w->data, w->len, w->mapping) != BX_OK) {
        return after_failure(w);
    }
    take_counters(w);
    if (bx_run_batches(&w->run, bx_now() + SLICE, &over) != BX_OK) {
        return after_failure(w);
    }

    return over ? finish(w) : bx_exec(w->c, NULL, sql_rest, BX_ARGS(bx_int(w->id), bx_text(w->runner)));
}


/* ------------------------------------------------------------------ the job */

static bx_rc
claim(work *w, const char *state)
{
    bx_time    now = bx_now();
    bx_value   at = bx_text(bx_time_sql(w->arena, now)), late = bx_text(bx_time_sql(w->arena, now + BX_LEASE_SECONDS));
    uint64_t   n = 0;
    uint8_t    token[8];

    bx_random(token, sizeof(token));
    w->runner = bx_hex(w->arena, token, sizeof(token));
    if (w->runner == NULL
        || bx_exec(w->c, &n, sql_claim, BX_ARGS(bx_text(w->runner), late, bx_int(w->id), bx_text(state), at, late)) != BX_OK)
    {
        return BX_FAIL;
    }

    return n == 1 ? BX_OK : BX_FAIL;
}


static bx_rc
no_file(work *w)
{
    bx_error_set(&w->c->error, BX_E_INTERNAL, "file of import %" PRId64 " cannot be opened", w->id);
    return bx_refuse(w->c, BX_E_INTERNAL, NULL, NULL, NULL);
}


static bx_rc
take_up(work *w)
{
    if (bx_query(w->c, &w->row, sql_read, BX_ARGS(bx_int(w->id))) != BX_OK || w->row.nrows != 1) {
        return BX_FAIL;
    }

    w->version = bx_cell_int(&w->row, 0, I_VERSION);
    w->state = bx_cell_text(&w->row, 0, I_STATE);
    w->school = bx_cell_int(&w->row, 0, I_SCHOOL);
    w->mapping = bx_cell_text(&w->row, 0, I_MAPPING);
    w->out = (bx_roster_result) { .id = w->id, .encoding = "" };
    w->run = (bx_run) { .c = w->c, .out = &w->out, .runner = w->runner, .school_id = w->school,
                        .filename = bx_cell_text(&w->row, 0, I_FILENAME) };

    if (bx_cell_int(&w->row, 0, I_TRIES) > MAX_TRIES) {
        return fail(w, STUCK, NULL);
    }
    if (bx_cell_int(&w->row, 0, I_HAS_FILE) == 0) {         /* of a program that was cut short: it keeps no file */
        return fail(w, INTERRUPTED, NULL);
    }
    if (open_file(w) != BX_OK) {              /* another node may have the directory that this one is missing */
        return bx_cell_int(&w->row, 0, I_TRIES) == MAX_TRIES ? fail(w, FILE_LOST, NULL) : no_file(w);
    }

    return strcmp(w->state, "applying") == 0 ? apply(w) : check(w);
}


/* One import in an arena of its own: a large one takes some hundred MiB. */
static bx_rc
work_on(bx_call *job, bx_id id, const char *state)
{
    bx_arena  *a = bx_arena_create(256 * 1024);
    bx_call   *c = a ? bx_call_program(job->app, a, job->actor) : NULL;
    work       w = { .c = c, .arena = a, .def = bx_record_find("imports"), .id = id };
    bx_rc      rc = BX_FAIL;

    if (c != NULL && w.def != NULL) {
        rc = claim(&w, state) == BX_OK ? take_up(&w) : c->problem.code == BX_E_NONE ? BX_OK : BX_FAIL;
        if (rc != BX_OK) {
            job->error = c->error;
            bx_refuse(job, c->problem.code == BX_E_NONE ? BX_E_INTERNAL : c->problem.code, NULL, NULL, NULL);
        }
        bx_call_end(c);
    }

    bx_arena_destroy(a);
    return rc;
}


bx_rc
bx_roster_work(bx_call *c)
{
    bx_time  until = bx_now() + SLICE;
    bx_rc    rc = BX_OK;

    do {
        bx_time     now = bx_now();
        bx_rows     rows;

        if (bx_query(c, &rows, sql_next, BX_ARGS(bx_text(bx_time_sql(c->arena, now)),
                                                 bx_text(bx_time_sql(c->arena, now + BX_LEASE_SECONDS)))) != BX_OK)
        {
            return BX_FAIL;
        }
        if (rows.nrows == 0) {
            return rc;
        }
        if (work_on(c, bx_cell_int(&rows, 0, 0), bx_cell_text(&rows, 0, 1)) != BX_OK) {
            rc = BX_FAIL;                     /* its lease keeps it back; the next one need not wait */
        }
    } while (bx_now() < until);

    return rc;
}


/* ------------------------------------------------------------------ what nobody needs any more */

/* Looked at and left: the file and the children's names in its preview do not stay. */
static bx_rc
expire(bx_call *c, const bx_record_def *def)
{
    static const char  sql[] = "SELECT t.id, t.version, t.state, t.school_id, t.updated_at FROM import t"
                               " WHERE t.state IN ('columns', 'ready', 'failed') AND t.updated_at <= ? ORDER BY t.id LIMIT 200";
    bx_rows            rows;

    if (bx_query(c, &rows, sql, BX_ARGS(bx_text(bx_time_sql(c->arena, c->now - DAY)))) != BX_OK) {
        return BX_FAIL;
    }
    for (size_t i = 0; i < rows.nrows; i++) {
        bx_id    id = bx_cell_int(&rows, i, 0), school = bx_cell_int(&rows, i, 3);
        int64_t  days;

        if (bx_rule_int(c, "import.keep_days", school, &days) != BX_OK) {
            return BX_FAIL;
        }
        if (bx_time_parse_sql(bx_cell_text(&rows, i, 4)) + days * DAY > c->now) {
            continue;
        }
        bx_queue_clear(c);
        if (bx_queue_move(c, def, "expire", id, bx_cell_int(&rows, i, 1), bx_cell_text(&rows, i, 2)) != BX_OK
            || (bx_commit_batch(c, school, "expire", "imports", id, NULL) != BX_OK && !c->raced))
        {
            return BX_FAIL;
        }
        c->raced = false;
        c->problem = (bx_problem) { 0 };
    }

    return BX_OK;
}


bx_rc
bx_roster_tidy(bx_call *c)
{
    static const char    sql[] = "SELECT t.id, t.state, t.applied_at FROM import t WHERE t.has_file = 1"
                                 " AND t.state IN ('done', 'discarded') LIMIT 200";
    const bx_record_def *def = bx_record_find("imports");
    bx_rows              rows;

    if (def == NULL || expire(c, def) != BX_OK || bx_query(c, &rows, sql, BX_NO_ARGS) != BX_OK) {
        return BX_FAIL;
    }
    for (size_t i = 0; i < rows.nrows; i++) {
        bx_id  id = bx_cell_int(&rows, i, 0);
        bool   nothing_done = bx_cell(&rows, i, 2)->kind == BX_V_NULL;

        bx_roster_drop_file(c, id);
        if ((nothing_done ? forget_rows(c, id)
                          : bx_exec(c, NULL, "DELETE FROM import_plan WHERE import_id = ?", BX_ARGS(bx_int(id)))) != BX_OK
            || bx_exec(c, NULL, "UPDATE import SET has_file = 0 WHERE id = ?", BX_ARGS(bx_int(id))) != BX_OK)
        {
            return BX_FAIL;
        }
    }

    return BX_OK;
}
