/*
 * pool.c: bx_db, the free list of connections to one database, and the library's start and end.
 * A mutex guards the list; nothing is held while the server is talked to. Owns no connection that is out.
 */
#include "db/conn.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define ASK_AFTER  30                         /* seconds idle before a connection is asked whether it still works */

struct bx_db {
    bx_db_config     conf;                    /* its strings are copies */
    char            *strings[6];
    pthread_mutex_t  mutex;
    bx_conn         *idle;                    /* the one given last comes first, so that the others grow old */
    unsigned         nidle;
    unsigned         generation;              /* grows when a connection was lost: its fellows may be too */
    bx_db_totals     own_totals, *totals;
    bx_db_gauge      own_gauge, *gauge;
};

static void
count(uint64_t *counter, uint64_t n)
{
    if (n != 0) {
        (void) __atomic_fetch_add(counter, n, __ATOMIC_RELAXED);
    }
}

static void
discount(uint64_t *gauge)
{
    (void) __atomic_fetch_sub(gauge, 1, __ATOMIC_RELAXED);
}

bx_rc
bx_db_library_init(void)
{
    return mysql_library_init(0, NULL, NULL) == 0 ? BX_OK : BX_FAIL;
}

void
bx_db_library_end(void)
{
    mysql_library_end();
}

static bx_rc
copy_string(bx_db *db, int n, const char **s)
{
    if (*s == NULL) {
        return BX_OK;
    }

    db->strings[n] = strdup(*s);
    *s = db->strings[n];

    return *s == NULL ? BX_FAIL : BX_OK;
}

static void
use_defaults(bx_db_config *conf)
{
    conf->connect_seconds = conf->connect_seconds ? conf->connect_seconds : 5;
    conf->read_seconds = conf->read_seconds ? conf->read_seconds : 20;
    conf->statement_ms = conf->statement_ms ? conf->statement_ms : 10000;
    conf->statements = conf->statements ? conf->statements : 128;
    conf->max_idle = conf->max_idle ? conf->max_idle : 64;
}

bx_db *
bx_db_create(const bx_db_config *conf, bx_error *err)
{
    bx_db  *db;

    db = calloc(1, sizeof(bx_db));
    if (db == NULL) {
        bx_error_set(err, BX_E_MEMORY, "out of memory while making a connection pool");
        return NULL;
    }

    db->conf = *conf;
    use_defaults(&db->conf);
    bx_db_count_into(db, &db->own_totals, &db->own_gauge);
    pthread_mutex_init(&db->mutex, NULL);

    if (copy_string(db, 0, &db->conf.socket) != BX_OK || copy_string(db, 1, &db->conf.host) != BX_OK
        || copy_string(db, 2, &db->conf.user) != BX_OK || copy_string(db, 3, &db->conf.password) != BX_OK
        || copy_string(db, 4, &db->conf.database) != BX_OK || copy_string(db, 5, &db->conf.tls_ca) != BX_OK)
    {
        bx_error_set(err, BX_E_MEMORY, "out of memory while making a connection pool");
        bx_db_destroy(db);
        return NULL;
    }

    return db;
}

void
bx_db_destroy(bx_db *db)
{
    size_t    i;
    bx_conn  *conn;

    if (db == NULL) {
        return;
    }

    while ((conn = db->idle) != NULL) {
        db->idle = conn->next;
        bx_conn_close(conn);
    }

    if (db->strings[3] != NULL) {
        explicit_bzero(db->strings[3], strlen(db->strings[3]));
    }
    for (i = 0; i < sizeof(db->strings) / sizeof(db->strings[0]); i++) {
        free(db->strings[i]);
    }

    pthread_mutex_destroy(&db->mutex);
    free(db);
}

void
bx_db_count_into(bx_db *db, bx_db_totals *totals, bx_db_gauge *gauge)
{
    db->totals = totals;
    db->gauge = gauge;
}

static uint64_t
counted(const uint64_t *counter)
{
    return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

void
bx_db_figures(const bx_db *db, bx_db_totals *totals, bx_db_gauge *gauge)
{
    size_t  i;

    totals->opened = counted(&db->totals->opened);
    totals->statements = counted(&db->totals->statements);
    totals->nanoseconds = counted(&db->totals->nanoseconds);
    for (i = 0; i < BX_DB_FAILURES; i++) {
        totals->failures[i] = counted(&db->totals->failures[i]);
    }

    gauge->open = counted(&db->gauge->open);
    gauge->idle = counted(&db->gauge->idle);
}

const bx_db_config *
bx_db_conf(const bx_db *db)
{
    return &db->conf;
}

static bx_time
monotonic_seconds(void)
{
    return (bx_time) (bx_conn_clock() / 1000000000u);
}

/* Takes an idle connection off the list; *generation is that of the pool. */
static bx_conn *
pop(bx_db *db, unsigned *generation)
{
    bx_conn  *conn;

    pthread_mutex_lock(&db->mutex);

    *generation = db->generation;
    conn = db->idle;
    if (conn != NULL) {
        db->idle = conn->next;
        db->nidle--;
    }

    pthread_mutex_unlock(&db->mutex);

    if (conn != NULL) {
        discount(&db->gauge->idle);
    }

    return conn;
}

static bx_conn *
open_new(bx_db *db, bx_error *err)
{
    bx_conn  *conn = bx_conn_open(&db->conf, err);

    if (conn == NULL) {
        count(&db->totals->failures[BX_DB_CONNECT], 1);
        return NULL;
    }

    count(&db->totals->opened, 1);
    count(&db->gauge->open, 1);

    return conn;
}

static void
close_one(bx_db *db, bx_conn *conn)
{
    discount(&db->gauge->open);
    bx_conn_close(conn);
}

/* What the connection did since it was taken. */
static void
count_use(bx_db *db, const bx_conn *conn)
{
    count(&db->totals->statements, conn->stats.statements);
    count(&db->totals->nanoseconds, conn->stats.nanoseconds);

    for (int i = 0; i < BX_DB_FAILURES; i++) {
        count(&db->totals->failures[i], conn->failures[i]);
    }
}

bx_conn *
bx_db_take(bx_db *db, bx_error *err)
{
    bx_conn   *conn;
    unsigned   generation;

    while ((conn = pop(db, &generation)) != NULL) {
        if ((conn->generation == generation && monotonic_seconds() - conn->idle_since < ASK_AFTER)
            || bx_conn_alive(conn))
        {
            break;
        }
        close_one(db, conn);
    }

    if (conn == NULL) {
        conn = open_new(db, err);
        if (conn == NULL) {
            return NULL;
        }
    }

    conn->next = NULL;
    conn->generation = generation;
    conn->stats = (bx_db_stats) { 0, 0 };
    memset(conn->failures, 0, sizeof(conn->failures));

    return conn;
}

/* A connection given back inside a transaction is closed like a broken one: the server then rolls back. */
void
bx_db_give(bx_db *db, bx_conn *conn)
{
    bool  keep;

    if (conn == NULL) {
        return;
    }

    count_use(db, conn);
    keep = !conn->broken && !bx_conn_in_transaction(conn);
    conn->idle_since = monotonic_seconds();

    pthread_mutex_lock(&db->mutex);

    if (conn->broken) {
        db->generation++;
    }

    keep = keep && db->nidle < db->conf.max_idle;
    if (keep) {
        conn->next = db->idle;
        db->idle = conn;
        db->nidle++;
    }

    if (keep) {
        count(&db->gauge->idle, 1);
    }

    pthread_mutex_unlock(&db->mutex);

    if (!keep) {
        close_one(db, conn);
    }
}
