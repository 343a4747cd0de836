/* db.h: connections to MariaDB, prepared statements, rows, migrations. Internal to libbaoxue.
 * A bx_db is a free list of connections guarded by a mutex; a bx_conn belongs to one thread at a time. No thread-local
 * state, no pthread keys: pool threads may end while the module is being unloaded. */
#ifndef BX_DB_H
#define BX_DB_H

#include "baoxue.h"

typedef struct bx_db    bx_db;
typedef struct bx_conn  bx_conn;

typedef struct {
    const char  *socket;                      /* or host and port */
    const char  *host;
    unsigned     port;
    const char  *tls_ca;                      /* file of authorities: only an encrypted connection, to a server whose certificate
                                               * they vouch for and that names the host; NULL: as the server likes */
    const char  *user, *password, *database;
    unsigned     connect_seconds;             /* 0: 5 */
    unsigned     read_seconds;                /* client read and write timeout, 0: 20 */
    unsigned     statement_ms;                /* max_statement_time, below read_seconds; 0: 10000 */
    unsigned     statements;                  /* prepared statements kept a connection, 0: 128 */
    unsigned     max_idle;                    /* connections kept, 0: 64 */
} bx_db_config;

/* Per-call figures, for variables and metrics. */
typedef struct { uint64_t statements; uint64_t nanoseconds; } bx_db_stats;

/* What has gone wrong with the database, by what one does about it. A duplicate is often an answer: done before. */
typedef enum { BX_DB_CONNECT, BX_DB_LOST, BX_DB_RETRY, BX_DB_DUPLICATE, BX_DB_OTHER, BX_DB_FAILURES } bx_db_failure;

/* Totals of all connections; several processes may count into the same ones. Read and written atomically. */
typedef struct {
    uint64_t  opened, statements, nanoseconds;
    uint64_t  failures[BX_DB_FAILURES];
} bx_db_totals;

/* Connections of one process. */
typedef struct { uint64_t open, idle; } bx_db_gauge;

bx_rc     bx_db_library_init(void);           /* once a process, before threads (mysql_library_init) */
void      bx_db_library_end(void);
bx_db    *bx_db_create(const bx_db_config *conf, bx_error *err);      /* copies conf; opens nothing */
void      bx_db_destroy(bx_db *db);                                   /* closes every idle connection; none may be out */
/* Counts into memory of the caller's (shared memory, say) from now on: before any connection is taken. Both outlive all use but
 * bx_db_destroy(). */
void      bx_db_count_into(bx_db *db, bx_db_totals *totals, bx_db_gauge *gauge);
void      bx_db_figures(const bx_db *db, bx_db_totals *totals, bx_db_gauge *gauge);   /* as they are now */
bx_conn  *bx_db_take(bx_db *db, bx_error *err);                       /* [thread] an idle connection, or a new one */
void      bx_db_give(bx_db *db, bx_conn *conn);                       /* [thread] rolls nothing back: give it clean; a broken one is closed */

/* Session settings on connect: utf8mb4, READ COMMITTED, strict mode, max_statement_time, innodb_lock_wait_timeout 5,
 * autocommit on, no reconnect. Affected rows, and ROW_COUNT(), count rows that an UPDATE found, changed or not (CLIENT_FOUND_ROWS). */

bool      bx_db_lost(const bx_error *err);                            /* 2006 2013 1927 1053 1243 2002 2003 …: the connection is gone */
bool      bx_db_retry(const bx_error *err);                           /* 1213 1205: run the whole transaction again */
bool      bx_db_duplicate(const bx_error *err);                       /* 1062 */

bx_rc     bx_conn_query(bx_conn *conn, bx_arena *a, bx_rows *out, const char *sql, const bx_value *args, size_t nargs, bx_error *err);
/* A statement without a result set, or whose result set (compound statements: the first) is not wanted; drains every result. */
bx_rc     bx_conn_exec(bx_conn *conn, uint64_t *affected, const char *sql, const bx_value *args, size_t nargs, bx_error *err);
/* Text protocol, one statement, no parameters: migrations, START TRANSACTION, COMMIT. */
bx_rc     bx_conn_run(bx_conn *conn, const char *sql, bx_error *err);
void      bx_conn_break(bx_conn *conn);                               /* marks it so that bx_db_give() closes it */
void      bx_conn_stats(const bx_conn *conn, bx_db_stats *out);       /* since it was taken */

/* Migrations: schema/NNNN_subject.sql, in order, forward only. Each applied file is recorded in schema_migration with its
 * SHA-256; a changed file that was applied is an error naming it. Each statement of a file is recorded when done
 * (schema_migration.done), so that a run that was killed goes on where it stopped. */
typedef struct {
    const char *plugin;                                               /* whose files these are; NULL: the server's own schema/ */
    bool   dry_run;
    void (*say)(void *ctx, const char *line);                         /* one line a file; may be NULL */
    void  *ctx;
    unsigned applied;                                                 /* out: files applied or that would be */
} bx_migrate_opts;

bx_rc     bx_migrate(bx_db *db, const char *dir, bx_migrate_opts *opts, bx_error *err);
/* Number of the newest file of a plugin (NULL: of the server) that is applied whole, for /readyz; 0: none. */
bx_rc     bx_migrate_current(bx_conn *conn, bx_arena *a, const char *plugin, int *newest, bx_error *err);

/* What the account of a connection may do in its database (rights.c). */
bx_rc     bx_rights_missing(bx_conn *server, bx_arena *a, const char **right, const char **table, bx_error *err);   /* the first; NULL: none */
bx_rc     bx_rights_needless(bx_conn *server, bx_arena *a, const char **rights, bx_error *err);   /* "ALTER, DROP"; NULL: none */
bx_rc     bx_rights_give(bx_conn *owner, bx_conn *server, bx_arena *a, unsigned *given, bx_error *err);   /* what is missing */

#endif
