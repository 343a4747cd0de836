/*
 * statement.c: prepared statements: kept a connection, the least recently used one given up; typed parameters in,
 * typed rows out.
 *
 * A compound statement (BEGIN NOT ATOMIC … END) may answer with several result sets and then OK: the first is the
 * caller's, all of them are read, or the next statement on the connection would be out of step.
 */
#include "db/conn.h"

#include <errmsg.h>
#include <mysqld_error.h>

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define TRIES  3                              /* of a statement that the server wants prepared again */
#define LONGEST_KEPT  16384                   /* bytes of text: what is longer was put together for one use */

/* ---- the cache */

/* Eight bytes a step: a transition's statement has some thousands. Equal hashes are told apart by the text. */
static uint64_t
hash_text(const char *s)
{
    size_t    n = strlen(s);
    uint64_t  h = UINT64_C(14695981039346656037) ^ n, word;

    for ( /* void */ ; n >= sizeof(word); s += sizeof(word), n -= sizeof(word)) {
        memcpy(&word, s, sizeof(word));
        h = (h ^ word) * UINT64_C(1099511628211);
        h ^= h >> 29;
    }

    word = 0;
    memcpy(&word, s, n);
    return (h ^ word) * UINT64_C(1099511628211);
}

static void
forget_slot(bx_conn *conn, unsigned n)
{
    mysql_stmt_close(conn->slots[n].stmt);
    free(conn->slots[n].sql);
    conn->slots[n] = conn->slots[--conn->nslots];
}

void
bx_conn_forget(bx_conn *conn)
{
    while (conn->nslots > 0) {
        forget_slot(conn, conn->nslots - 1);
    }
}

static bx_stmt_slot *
find_slot(bx_conn *conn, const char *sql, uint64_t hash)
{
    unsigned  i;

    for (i = 0; i < conn->nslots; i++) {
        if (conn->slots[i].hash == hash && strcmp(conn->slots[i].sql, sql) == 0) {
            return &conn->slots[i];
        }
    }

    return NULL;
}

static void
make_room(bx_conn *conn)
{
    unsigned  i, oldest = 0;

    if (conn->nslots < conn->max_slots) {
        return;
    }

    for (i = 1; i < conn->nslots; i++) {
        if (conn->slots[i].used < conn->slots[oldest].used) {
            oldest = i;
        }
    }

    forget_slot(conn, oldest);
}

/* What fails while rows are read is recorded with the connection only. */
static bx_rc
stmt_failed(bx_conn *conn, MYSQL_STMT *stmt, const char *sql, bx_error *err)
{
    if (mysql_stmt_errno(stmt) == 0) {
        return bx_conn_failed(conn, mysql_errno(conn->mysql), mysql_error(conn->mysql), sql, err);
    }

    return bx_conn_failed(conn, mysql_stmt_errno(stmt), mysql_stmt_error(stmt), sql, err);
}

/* Prepares sql. When the server holds as many statements as it may, this connection gives up its own and asks once
 * more. */
static MYSQL_STMT *
prepare(bx_conn *conn, const char *sql, bx_error *err)
{
    int          tries;
    MYSQL_STMT  *stmt;

    for (tries = 0; /* void */ ; tries++) {
        stmt = mysql_stmt_init(conn->mysql);
        if (stmt == NULL) {
            bx_error_set(err, BX_E_MEMORY, "out of memory while preparing a statement");
            return NULL;
        }

        if (mysql_stmt_prepare(stmt, sql, strlen(sql)) == 0) {
            return stmt;
        }

        if (mysql_stmt_errno(stmt) != ER_MAX_PREPARED_STMT_COUNT_REACHED || tries > 0 || conn->nslots == 0) {
            stmt_failed(conn, stmt, sql, err);
            mysql_stmt_close(stmt);
            return NULL;
        }

        mysql_stmt_close(stmt);
        bx_conn_forget(conn);
    }
}

static bx_stmt_slot *
statement(bx_conn *conn, const char *sql, bx_error *err)
{
    char          *copy;
    uint64_t       hash = hash_text(sql);
    MYSQL_STMT    *stmt;
    bx_stmt_slot  *slot = find_slot(conn, sql, hash);

    if (slot == NULL) {
        make_room(conn);

        copy = strdup(sql);
        stmt = copy == NULL ? NULL : prepare(conn, sql, err);
        if (stmt == NULL) {
            free(copy);
            bx_error_set(err, BX_E_MEMORY, "out of memory while preparing a statement");
            return NULL;
        }

        slot = &conn->slots[conn->nslots++];
        *slot = (bx_stmt_slot) { stmt, copy, hash, 0 };
    }

    slot->used = ++conn->tick;

    return slot;
}

/* ---- parameters */

/* A longer array in the place of another, whose elements are not kept. NULL when out of memory: the old one stays. */
static void *
longer(void *old, size_t n, size_t size)
{
    void  *fresh = calloc(n, size);

    if (fresh != NULL) {
        free(old);
    }

    return fresh;
}

static void
bind_arg(MYSQL_BIND *b, const bx_value *v)
{
    memset(b, 0, sizeof(*b));

    switch (v->kind) {

    case BX_V_INT:
        b->buffer_type = MYSQL_TYPE_LONGLONG;
        b->buffer = (void *) &v->i;
        return;

    case BX_V_TEXT:
    case BX_V_BLOB:
        b->buffer_type = v->kind == BX_V_TEXT ? MYSQL_TYPE_STRING : MYSQL_TYPE_BLOB;
        b->buffer = (void *) (v->s == NULL ? "" : v->s);      /* no buffer would be SQL NULL */
        b->buffer_length = v->len;
        return;

    default:
        b->buffer_type = MYSQL_TYPE_NULL;
        return;
    }
}

static bx_rc
bind_args(bx_conn *conn, MYSQL_STMT *stmt, const char *sql, const bx_value *args, size_t nargs, bx_error *err)
{
    size_t       i, wanted = mysql_stmt_param_count(stmt);
    MYSQL_BIND  *b;

    if (wanted != nargs) {
        return bx_error_set(err, BX_E_INTERNAL, "%zu arguments for %zu parameters in \"%.100s\"", nargs, wanted, sql);
    }

    if (nargs == 0) {
        return BX_OK;
    }

    if (nargs > conn->max_args) {
        b = longer(conn->args, nargs + 16, sizeof(MYSQL_BIND));
        if (b == NULL) {
            return bx_error_set(err, BX_E_MEMORY, "out of memory while binding parameters");
        }
        conn->args = b;
        conn->max_args = nargs + 16;
    }

    for (i = 0; i < nargs; i++) {
        bind_arg(&conn->args[i], &args[i]);
    }

    return mysql_stmt_bind_param(stmt, conn->args) == 0 ? BX_OK : stmt_failed(conn, stmt, sql, err);
}

/* ---- results */

static bx_value_kind
kind_of(const MYSQL_FIELD *f)
{
    switch (f->type) {
    case MYSQL_TYPE_TINY:
    case MYSQL_TYPE_SHORT:
    case MYSQL_TYPE_INT24:
    case MYSQL_TYPE_LONG:
    case MYSQL_TYPE_LONGLONG:
    case MYSQL_TYPE_YEAR:
        return BX_V_INT;
    case MYSQL_TYPE_NULL:
        return BX_V_NULL;
    case MYSQL_TYPE_BIT:
    case MYSQL_TYPE_GEOMETRY:
        return BX_V_BLOB;
    case MYSQL_TYPE_TINY_BLOB:
    case MYSQL_TYPE_MEDIUM_BLOB:
    case MYSQL_TYPE_LONG_BLOB:
    case MYSQL_TYPE_BLOB:
    case MYSQL_TYPE_VARCHAR:
    case MYSQL_TYPE_VAR_STRING:
    case MYSQL_TYPE_STRING:
        return f->charsetnr == 63 ? BX_V_BLOB : BX_V_TEXT;    /* 63: binary */
    default:
        return BX_V_TEXT;                     /* decimals, floats, dates, times */
    }
}

/* A result set while it is read. */
typedef struct {
    bx_arena       *arena;
    bx_rows        *rows;
    bx_value       *cells;
    bx_value_kind  *kinds;
} reading;

static bx_rc
hold_columns(bx_conn *conn, size_t n)
{
    bx_column   *c;
    MYSQL_BIND  *b;

    if (n <= conn->max_columns) {
        return BX_OK;
    }

    b = longer(conn->binds, n + 16, sizeof(MYSQL_BIND));
    conn->binds = b == NULL ? conn->binds : b;
    c = longer(conn->columns, n + 16, sizeof(bx_column));
    conn->columns = c == NULL ? conn->columns : c;

    if (b == NULL || c == NULL) {
        return BX_FAIL;
    }

    conn->max_columns = n + 16;

    return BX_OK;
}

static bx_rc
bind_columns(bx_conn *conn, MYSQL_STMT *stmt, reading *r, const char *sql, bx_error *err)
{
    size_t       i, n = r->rows->ncols;
    bx_column   *c;
    MYSQL_BIND  *b;

    if (hold_columns(conn, n) != BX_OK) {
        return bx_error_set(err, BX_E_MEMORY, "out of memory while reading rows");
    }

    for (i = 0; i < n; i++) {
        b = &conn->binds[i];
        c = &conn->columns[i];
        memset(b, 0, sizeof(*b));

        b->length = &c->length;
        b->is_null = &c->null;
        b->error = &c->error;
        b->buffer_type = r->kinds[i] == BX_V_INT ? MYSQL_TYPE_LONGLONG   /* NOLINT(clang-analyzer-core.NullDereference) */
                       : r->kinds[i] == BX_V_BLOB ? MYSQL_TYPE_BLOB : MYSQL_TYPE_STRING;
        b->buffer = r->kinds[i] == BX_V_INT ? (void *) &c->i : c->text;
        b->buffer_length = r->kinds[i] == BX_V_INT ? sizeof(c->i) : sizeof(c->text);
    }

    return mysql_stmt_bind_result(stmt, conn->binds) == 0 ? BX_OK : stmt_failed(conn, stmt, sql, err);
}

/* Names and kinds of the columns of the result set that comes now. */
static bx_rc
describe(MYSQL_STMT *stmt, reading *r, bx_error *err)
{
    size_t        i, n = mysql_stmt_field_count(stmt);
    MYSQL_RES    *meta = mysql_stmt_result_metadata(stmt);
    MYSQL_FIELD  *f = meta == NULL ? NULL : mysql_fetch_fields(meta);

    r->rows->names = f == NULL ? NULL : bx_alloc(r->arena, n * sizeof(char *));
    r->kinds = r->rows->names == NULL ? NULL : bx_alloc(r->arena, n * sizeof(bx_value_kind));

    for (i = 0; r->kinds != NULL && i < n; i++) {
        r->kinds[i] = kind_of(&f[i]);
        r->rows->names[i] = bx_strdup(r->arena, f[i].name);
        if (r->rows->names[i] == NULL) {
            r->kinds = NULL;
        }
    }

    if (meta != NULL) {
        mysql_free_result(meta);
    }

    if (r->kinds == NULL) {
        return bx_error_set(err, BX_E_MEMORY, "out of memory while reading rows");
    }

    r->rows->ncols = n;

    return BX_OK;
}

/* Copies a value of text or bytes into the arena, a NUL behind it. */
static bx_rc
copy_bytes(bx_conn *conn, MYSQL_STMT *stmt, bx_arena *a, unsigned col, bx_value *out)
{
    char        *p;
    size_t       n = conn->columns[col].length;
    MYSQL_BIND   b;

    p = bx_alloc(a, n + 1);
    if (p == NULL) {
        return BX_FAIL;
    }

    if (n <= sizeof(conn->columns[col].text)) {
        memcpy(p, conn->columns[col].text, n);                /* bytes, not a string: hashes hold zeros */
        out->s = p;
        out->len = n;
        return BX_OK;
    }

    b = conn->binds[col];
    b.buffer = p;
    b.buffer_length = n;
    b.length = &conn->columns[col].length;
    if (mysql_stmt_fetch_column(stmt, &b, col, 0) != 0) {
        return BX_FAIL;
    }

    out->s = p;
    out->len = n;

    return BX_OK;
}

static bx_rc
add_row(bx_conn *conn, MYSQL_STMT *stmt, reading *r, const char *sql, bx_error *err)
{
    size_t     i, n = r->rows->ncols;
    bx_value  *cell;

    for (i = 0; i < n; i++) {
        cell = &r->cells[r->rows->nrows * n + i];
        cell->kind = conn->columns[i].null ? BX_V_NULL : r->kinds[i];
        if (cell->kind == BX_V_NULL) {
            continue;
        }
        if (cell->kind == BX_V_INT && conn->columns[i].error) {
            return bx_error_set(err, BX_E_INTERNAL, "column %zu does not fit 63 bits in \"%.100s\"", i + 1, sql);
        }
        if (cell->kind == BX_V_INT) {
            cell->i = conn->columns[i].i;
        } else if (copy_bytes(conn, stmt, r->arena, (unsigned) i, cell) != BX_OK) {
            return bx_error_set(err, BX_E_MEMORY, "out of memory while reading rows");
        }
    }

    r->rows->nrows++;

    return BX_OK;
}

/* Reads the result set that comes now. Connector/C takes it whole first: only then does a statement that fails among
 * its rows (a lock not granted, a time limit) leave the connection in step. */
static bx_rc
read_rows(bx_conn *conn, MYSQL_STMT *stmt, bx_arena *a, bx_rows *out, const char *sql, bx_error *err)
{
    int       rc;
    size_t    n;
    reading   r = { a, out, NULL, NULL };

    if (describe(stmt, &r, err) != BX_OK || bind_columns(conn, stmt, &r, sql, err) != BX_OK) {
        return BX_FAIL;
    }

    if (mysql_stmt_store_result(stmt) != 0) {
        return stmt_failed(conn, stmt, sql, err);
    }

    n = mysql_stmt_num_rows(stmt);
    r.cells = n > SIZE_MAX / sizeof(bx_value) / out->ncols ? NULL : bx_alloc(a, n * out->ncols * sizeof(bx_value));
    if (r.cells == NULL) {
        return bx_error_set(err, BX_E_MEMORY, "out of memory while reading rows");
    }
    out->cells = r.cells;

    while (out->nrows < n && ((rc = mysql_stmt_fetch(stmt)) == 0 || rc == MYSQL_DATA_TRUNCATED)) {
        if (add_row(conn, stmt, &r, sql, err) != BX_OK) {
            return BX_FAIL;
        }
    }

    return out->nrows == n ? BX_OK : stmt_failed(conn, stmt, sql, err);
}

/* Reads all that the statement answers: the first result set into out (NULL: not wanted), the rest into nowhere. */
static bx_rc
read_results(bx_conn *conn, MYSQL_STMT *stmt, bx_arena *a, bx_rows *out, uint64_t *affected, const char *sql,
             bx_error *err)
{
    int    more;
    bx_rc  rc = BX_OK;

    do {
        if (mysql_stmt_field_count(stmt) == 0) {
            *affected = mysql_stmt_affected_rows(stmt);

        } else if (out != NULL) {
            rc = read_rows(conn, stmt, a, out, sql, err);
            out = NULL;

        } else if (mysql_stmt_store_result(stmt) != 0) {
            rc = stmt_failed(conn, stmt, sql, err);
        }

        if (rc != BX_OK && (err->db == 0 || mysql_stmt_more_results(stmt))) {
            conn->broken = true;              /* what is still on its way would be taken for the next answer */
        }

        mysql_stmt_free_result(stmt);
        if (rc != BX_OK) {
            return BX_FAIL;
        }

        more = mysql_stmt_next_result(stmt);

    } while (more == 0);

    return more < 0 ? BX_OK : stmt_failed(conn, stmt, sql, err);
}

/* ---- running */

/* One try. *again: the server wants the statement prepared again. */
static bx_rc
run_once(bx_conn *conn, bx_arena *a, bx_rows *out, uint64_t *affected, const char *sql, const bx_value *args,
         size_t nargs, bool *again, bx_error *err)
{
    bx_rc          rc;
    MYSQL_STMT    *stmt;
    bx_stmt_slot  *slot;

    slot = statement(conn, sql, err);
    if (slot == NULL) {
        return BX_FAIL;
    }
    stmt = slot->stmt;

    if (bind_args(conn, stmt, sql, args, nargs, err) != BX_OK) {
        return BX_FAIL;
    }

    if (mysql_stmt_execute(stmt) != 0) {
        rc = stmt_failed(conn, stmt, sql, err);
    } else {
        rc = read_results(conn, stmt, a, out, affected, sql, err);
    }

    if (rc != BX_OK && err->db == ER_NEED_REPREPARE) {
        forget_slot(conn, (unsigned) (slot - conn->slots));
        *again = true;

    } else if (strlen(sql) > LONGEST_KEPT) {
        forget_slot(conn, (unsigned) (slot - conn->slots));
    }

    return rc;
}

/* A compound statement is not replayed here: a part of it may have been done. Its caller runs the transaction again. */
static bool
is_compound(const char *sql)
{
    return strncasecmp(sql, "BEGIN", 5) == 0;
}

static bx_rc
run(bx_conn *conn, bx_arena *a, bx_rows *out, uint64_t *affected, const char *sql, const bx_value *args, size_t nargs,
    bx_error *err)
{
    int       tries;
    bool      again;
    bx_rc     rc;
    bx_error  failure;
    uint64_t  began;

    if (bx_conn_usable(conn, err) != BX_OK) {
        return BX_FAIL;
    }

    began = bx_conn_clock();

    for (tries = 1; /* void */ ; tries++) {
        again = false;
        failure = (bx_error) { BX_E_NONE, 0, "" };
        rc = run_once(conn, a, out, affected, sql, args, nargs, &again, &failure);
        if (!again || tries == TRIES || is_compound(sql)) {
            break;
        }
    }

    conn->stats.statements++;
    conn->stats.nanoseconds += bx_conn_clock() - began;

    if (rc != BX_OK && err != NULL && err->code == BX_E_NONE) {
        *err = failure;
    }

    return rc;
}

bx_rc
bx_conn_query(bx_conn *conn, bx_arena *a, bx_rows *out, const char *sql, const bx_value *args, size_t nargs,
              bx_error *err)
{
    bx_rc     rc;
    uint64_t  affected = 0;

    *out = (bx_rows) { 0, 0, NULL, NULL };

    rc = run(conn, a, out, &affected, sql, args, nargs, err);
    if (rc != BX_OK) {
        *out = (bx_rows) { 0, 0, NULL, NULL };
    }

    return rc;
}

bx_rc
bx_conn_exec(bx_conn *conn, uint64_t *affected, const char *sql, const bx_value *args, size_t nargs, bx_error *err)
{
    uint64_t  rows = 0;
    bx_rc     rc = run(conn, NULL, NULL, &rows, sql, args, nargs, err);

    if (affected != NULL) {
        *affected = rc == BX_OK ? rows : 0;
    }

    return rc;
}
