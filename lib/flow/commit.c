/* commit.c: how a change reaches the database: one prepared compound statement that holds the request's key, the record's
 * UPDATE, the writes a hook queued, the history and, last, the audit row with the head of its chain.
 * Owns idempotency keys, writing the audit chain and what happens when a connection is lost in between. Does not own what is
 * written: machine.c and the handlers say that; nor reading the chain: audit.c does.
 *
 * The chain's head is locked last, so that writers of one school wait for each other as briefly as can be. The key is
 * inserted first: a second request with the same key waits there, then learns that it was answered (1062). Hence a keyed
 * tail may be sent again after a lost connection, whether or not the first one was committed. */

#include "flow/flow.h"

#include <string.h>
#include <stdlib.h>
#include <time.h>

#define MAX_ATTEMPTS  4
#define MAX_AHEAD     256                     /* writes that are looked through for rows of the same table */


/* ---- queue */

bx_rc
bx_queue(bx_call *c, int expect, const char *sql, const bx_value *args, size_t nargs)
{
    bx_write *w = bx_alloc(c->arena, sizeof(*w));
    bx_value *copy = bx_alloc(c->arena, (nargs + 1) * sizeof(*copy));

    if (w == NULL || copy == NULL) {
        return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
    }

    if (nargs > 0) {
        memcpy(copy, args, nargs * sizeof(*copy));
    }
    *w = (bx_write) { NULL, sql, copy, nargs, expect, false };

    if (c->writes == NULL) {
        c->writes = w;
    } else {
        *c->write_tail = w;
    }
    c->write_tail = &w->next;

    return BX_OK;
}


void
bx_queue_clear(bx_call *c)
{
    c->writes = NULL;
    c->write_tail = NULL;
}


/* ---- stored answers */

static bx_rc
answer_take(bx_call *c, const bx_rows *rows)
{
    const bx_value *body = bx_cell(rows, 0, 3);

    c->problem = (bx_problem) { 0 };          /* whatever the snapshot said: the key decides */

    if (bx_cell(rows, 0, 0)->len != 32 || memcmp(bx_cell(rows, 0, 0)->s, c->key.request_hash, 32) != 0) {
        return bx_refuse(c, BX_E_KEY_REUSED, NULL, NULL, NULL);
    }

    c->status = (int) bx_cell_int(rows, 0, 1);
    c->location = bx_cell_text(rows, 0, 2);
    c->answer = NULL;
    c->bytes = body->kind == BX_V_NULL ? NULL : body->s;
    c->bytes_len = body->kind == BX_V_NULL ? 0 : body->len;
    c->media_type = "application/json; charset=utf-8";
    c->committed = true;
    return BX_OK;
}


static const char sql_key_find[] =
    "SELECT request_hash, status, location, body FROM idempotency_key WHERE account_id = ? AND idem_key = ?";

/* 1: answered before, and the answer or the refusal is in the call; 0: not; -1: the database failed. */
static int
key_find(bx_call *c)
{
    bx_rows   rows;
    bx_error  err = { 0 };

    if (!c->key.on || bx_call_connect(c) != BX_OK) {
        return c->key.on ? -1 : 0;
    }
    if (bx_conn_query(c->conn, c->arena, &rows, sql_key_find,
                      BX_ARGS(bx_int(bx_call_account(c)), bx_blob(c->key.key, strlen(c->key.key))), &err) != BX_OK)
    {
        c->error = err;
        return -1;
    }
    if (rows.nrows == 0) {
        return 0;
    }

    (void) answer_take(c, &rows);
    return 1;
}


bool
bx_key_replay(bx_call *c)
{
    return key_find(c) == 1;
}


/* ---- the compound statement */

typedef struct { bx_buf sql; bx_value *args; size_t n, room; } compound;

static void
bind(compound *k, const bx_value *args, size_t n)
{
    if (k->n + n > k->room) {
        k->sql.failed = true;
        return;
    }

    if (n > 0) {
        memcpy(k->args + k->n, args, n * sizeof(*args));
    }
    k->n += n;
}


static void
step(compound *k, const char *sql, const bx_value *args, size_t n, int expect, int outcome)
{
    bx_buf_str(&k->sql, sql);
    bx_buf_str(&k->sql, ";\n");
    bind(k, args, n);

    if (expect >= 0) {
        bx_buf_printf(&k->sql, "IF ROW_COUNT() <> %d THEN SET outcome = %d; LEAVE w; END IF;\n", expect, outcome);
    }
}


/* ---- rows of one table, queued one by one */

/* An INSERT of a row that looks at no other: where its row begins and ends in the text. */
static bool
row_of(const bx_write *w, size_t *from, size_t *to)
{
    const char  *at, *values = strncmp(w->sql, "INSERT INTO ", 12) == 0 ? strstr(w->sql, ") VALUES (") : NULL;
    int          depth = 0;

    if (values == NULL || strstr(w->sql, "SELECT") != NULL) {
        return false;
    }

    *from = (size_t) (values - w->sql) + strlen(") VALUES ");
    for (at = w->sql + *from; *at != '\0'; at++) {
        if (*at == '\'') {
            at = strchr(at + 1, '\'');
            if (at == NULL) {
                return false;
            }
        }
        depth += *at == '(' ? 1 : *at == ')' ? -1 : 0;
        if (depth == 0) {
            break;
        }
    }
    if (*at == '\0') {
        return false;
    }

    *to = (size_t) (at - w->sql) + 1;
    return w->sql[*to] == '\0' ? w->expect == 1 || w->expect == -1
                               : w->expect == -1 && strncmp(w->sql + *to, " ON DUPLICATE KEY UPDATE ", 25) == 0;
}


/* A write; an INSERT with the rows that later ones of the same text bring, as long as nothing but such INSERTs lies between: parsing
 * forty statements costs MariaDB more than running them. */
static void
step_rows(compound *k, bx_write *w, int outcome)
{
    size_t  from, to, ahead = 0, a, b;

    if (!row_of(w, &from, &to)) {
        step(k, w->sql, w->args, w->nargs, w->expect, outcome);
        return;
    }

    bx_buf_add(&k->sql, w->sql, to);
    bind(k, w->args, w->nargs);
    for (bx_write *next = w->next; next != NULL && ahead < MAX_AHEAD && row_of(next, &a, &b); next = next->next, ahead++) {
        if (next->sql == w->sql && next->expect == w->expect && !next->joined) {
            bx_buf_str(&k->sql, ",");
            bx_buf_add(&k->sql, w->sql + from, to - from);
            bind(k, next->args, next->nargs);
            next->joined = true;
        }
    }
    step(k, w->sql + to, NULL, 0, -1, outcome);   /* rows that are written out are inserted, or the statement fails */
}


static const char sql_key_insert[] =
    "INSERT INTO idempotency_key (account_id, idem_key, request_hash, status, location, body, created_at)"
    " VALUES (?, ?, ?, ?, ?, ?, at)";

static const char sql_chain[] =
    "INSERT INTO audit_chain (unit_id, seq, head) VALUES (chain, 1, UNHEX(SHA2(CONCAT(UNHEX(REPEAT('00', 32)), payload), 256)))"
    " ON DUPLICATE KEY UPDATE seq = seq + 1, head = UNHEX(SHA2(CONCAT(head, payload), 256))";

static const char sql_event[] =
    "INSERT INTO audit_event (unit_id, seq, at, account_id, action, record, record_id, payload, hash)"
    " SELECT unit_id, seq, at, ?, ?, ?, ?, payload, head FROM audit_chain WHERE unit_id = chain";


static void
key_step(bx_call *c, compound *k)
{
    const char *body = bx_json_text(c->arena, c->answer, JSON_COMPACT);

    if (body == NULL && c->answer != NULL) {
        k->sql.failed = true;
        return;
    }

    step(k, sql_key_insert,
         BX_ARGS(bx_int(bx_call_account(c)), bx_blob(c->key.key, strlen(c->key.key)), bx_blob(c->key.request_hash, 32),
                 bx_int(c->status), bx_text(c->location), body == NULL ? bx_null() : bx_blob(body, strlen(body))), -1, 0);
}


static bx_value
payload_of(bx_call *c, const bx_tail *tail)
{
    json_t *o = bx_own(c->arena, json_object());
    char   *text;

    json_object_set_new(o, "action", json_string(tail->action));
    json_object_set_new(o, "record", json_string(tail->record));
    json_object_set_new(o, "id", bx_id_json(tail->id));
    json_object_set_new(o, "at", json_string(bx_time_iso(c->arena, c->now)));
    json_object_set_new(o, "account", bx_id_json(bx_call_account(c)));
    json_object_set_new(o, "by", json_string(c->who != NULL ? c->who->name : c->actor != NULL ? c->actor : ""));
    json_object_set_new(o, "address", json_string(bx_call_address(c)));
    if (tail->changes != NULL) {
        json_object_set(o, "changes", (json_t *) tail->changes);
    }

    text = bx_json_text(c->arena, o, JSON_COMPACT | JSON_SORT_KEYS);
    if (text == NULL) {
        return bx_null();
    }

    return bx_text(text);
}


/* Which chain: the unit asked for, else the root of the tree. */
static bx_rc
chain_of(bx_call *c, const bx_tail *tail, bx_id *chain)
{
    bx_rows  rows;

    *chain = tail->chain;
    if (*chain != 0) {
        return BX_OK;
    }

    if (bx_query(c, &rows, "SELECT id FROM org_unit WHERE parent_id IS NULL ORDER BY id LIMIT 1", BX_NO_ARGS) != BX_OK) {
        return BX_FAIL;
    }
    *chain = rows.nrows == 0 ? 0 : bx_cell_int(&rows, 0, 0);
    return BX_OK;
}


static size_t
room_for(const bx_call *c, const bx_tail *tail)
{
    size_t  n = 32 + tail->update_nargs;

    for (const bx_write *w = c->writes; w != NULL; w = w->next) {
        n += w->nargs;
    }

    return n;
}


static bx_rc
compound_build(bx_call *c, const bx_tail *tail, compound *k)
{
    bx_id     chain;
    int       outcome = 2;
    bx_value  payload = payload_of(c, tail);

    if (chain_of(c, tail, &chain) != BX_OK) {
        return BX_FAIL;
    }

    bx_buf_init(&k->sql, c->arena);
    k->room = room_for(c, tail);
    k->n = 0;
    k->args = bx_alloc(c->arena, k->room * sizeof(bx_value));
    if (k->args == NULL || payload.kind == BX_V_NULL) {
        return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
    }

    bx_buf_str(&k->sql,
        "BEGIN NOT ATOMIC\n"
        "DECLARE outcome INT DEFAULT 0;\n"
        "DECLARE at DATETIME DEFAULT ?;\n"
        "DECLARE chain BIGINT DEFAULT ?;\n"
        "DECLARE payload LONGTEXT CHARACTER SET utf8mb4 DEFAULT ?;\n"
        "DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;\n"
        "START TRANSACTION;\n"
        "w: BEGIN\n");
    bind(k, BX_ARGS(bx_text(bx_time_sql(c->arena, c->now)), bx_int(chain), payload));

    if (tail->keyed) {
        key_step(c, k);
    }
    if (tail->update != NULL) {
        step(k, tail->update, tail->update_args, tail->update_nargs, 1, 1);
    }
    for (bx_write *w = c->writes; w != NULL; w = w->next) {
        w->joined = false;
    }
    for (bx_write *w = c->writes; w != NULL; w = w->next, outcome++) {
        if (!w->joined) {
            step_rows(k, w, outcome);
        }
    }

    step(k, sql_chain, BX_NO_ARGS, -1, 0);
    step(k, sql_event,
         BX_ARGS(bx_call_account(c) == 0 ? bx_null() : bx_int(bx_call_account(c)), bx_text(tail->action), bx_text(tail->record),
                 tail->id == 0 ? bx_null() : bx_int(tail->id)), 1, outcome);

    bx_buf_str(&k->sql, "END w;\nIF outcome = 0 THEN COMMIT; ELSE ROLLBACK; END IF;\nSELECT outcome;\nEND");
    return k->sql.failed ? bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL) : BX_OK;
}


static void
pause_before(int attempt)
{
    struct timespec  t = { 0, 0 };
    uint8_t          jitter;

    bx_random(&jitter, 1);
    t.tv_nsec = (5 + jitter % 16) * attempt * 1000000L;
    nanosleep(&t, NULL);
}


/* Sends the statement, again where that is safe. *outcome is what its SELECT said. */
static bx_tail_result
compound_send(bx_call *c, const bx_tail *tail, const compound *k, int64_t *outcome)
{
    for (int attempt = 1; ; attempt++) {
        bx_rows   rows;
        bx_error  err = { 0 };

        if (bx_call_connect(c) != BX_OK) {
            return BX_TAIL_FAILED;
        }
        if (bx_conn_query(c->conn, c->arena, &rows, k->sql.data, k->args, k->n, &err) == BX_OK) {
            *outcome = rows.nrows == 1 ? bx_cell_int(&rows, 0, 0) : -1;
            return BX_TAIL_DONE;
        }

        c->error = err;

        if (bx_db_duplicate(&err)) {
            int  replayed = tail->keyed ? key_find(c) : 0;

            if (replayed < 0) {
                bx_refuse(c, BX_E_DATABASE, NULL, NULL, NULL);
                return BX_TAIL_FAILED;
            }
            /* not the request's own key: somebody took the place that the hook had found free */
            return replayed == 1 ? BX_TAIL_REPLAYED : BX_TAIL_RACED;
        }

        if (attempt < MAX_ATTEMPTS && bx_db_retry(&err)) {
            pause_before(attempt);

        } else if (attempt < MAX_ATTEMPTS && bx_db_lost(&err) && tail->keyed) {
            bx_conn_break(c->conn);
            bx_call_end(c);

        } else {
            bx_refuse(c, err.code == BX_E_NONE ? BX_E_DATABASE : err.code, NULL, NULL, NULL);
            return BX_TAIL_FAILED;
        }
    }
}


bx_tail_result
bx_tail_run(bx_call *c, const bx_tail *tail)
{
    compound        k;
    int64_t         outcome = -1;
    bx_tail_result  result;

    if (compound_build(c, tail, &k) != BX_OK) {
        return BX_TAIL_FAILED;
    }

    result = compound_send(c, tail, &k, &outcome);
    if (result != BX_TAIL_DONE) {
        return result;
    }

    switch (outcome) {
    case 0:
        c->committed = true;
        return BX_TAIL_DONE;
    case 1:
        return BX_TAIL_STALE;
    default:
        return outcome > 1 ? BX_TAIL_RACED : BX_TAIL_FAILED;
    }
}


static bx_rc
commit_plain(bx_call *c, bx_tail *tail)
{
    bx_tail_result  result = bx_tail_run(c, tail);

    switch (result) {
    case BX_TAIL_DONE:
    case BX_TAIL_REPLAYED:
        return c->problem.code == BX_E_NONE ? BX_OK : BX_FAIL;
    case BX_TAIL_STALE:
    case BX_TAIL_RACED:
        c->raced = true;
        return bx_refuse(c, BX_E_CONFLICT, NULL, NULL, NULL);
    case BX_TAIL_FAILED:
        break;
    }

    return bx_refuse(c, BX_E_DATABASE, NULL, NULL, NULL);
}


bx_rc
bx_commit(bx_call *c, bx_id school, const char *action, const char *record, bx_id id, const json_t *changes)
{
    if (c->req == NULL) {
        return bx_commit_batch(c, school, action, record, id, changes);
    }

    bx_tail  tail = { .chain = school, .action = action, .record = record, .id = id, .changes = changes, .keyed = c->key.on };

    if (c->key.on && c->status == 0) {
        bx_error_set(&c->error, BX_E_INTERNAL, "bx_commit() before bx_answer() in %s %s", c->route->method, c->route->path);
        return bx_refuse(c, BX_E_INTERNAL, NULL, NULL, NULL);
    }

    return commit_plain(c, &tail);
}


bx_rc
bx_commit_batch(bx_call *c, bx_id school, const char *action, const char *record, bx_id id, const json_t *changes)
{
    bx_tail  tail = { .chain = school, .action = action, .record = record, .id = id, .changes = changes };
    bx_rc    rc = commit_plain(c, &tail);

    bx_queue_clear(c);
    c->committed = false;
    return rc;
}


bx_rc
bx_commit_unless_raced(bx_call *c, bx_id school, const char *action, const char *record, bx_id id, const json_t *changes)
{
    if (c->writes == NULL || bx_commit_batch(c, school, action, record, id, changes) == BX_OK) {
        return BX_OK;
    }
    if (!c->raced) {
        return BX_FAIL;
    }

    c->raced = false;
    c->problem = (bx_problem) { 0 };
    return BX_OK;
}
