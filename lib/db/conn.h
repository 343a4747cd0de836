/* conn.h: what a connection is inside lib/db: shared by pool.c, conn.c and statement.c, seen by nobody else. */
#ifndef BX_CONN_H
#define BX_CONN_H

#include "db/db.h"

#include <mysql.h>

typedef struct {
    MYSQL_STMT  *stmt;
    char        *sql;
    uint64_t     hash;                        /* of sql */
    uint64_t     used;                        /* the connection's tick when it was last used */
} bx_stmt_slot;

/* One column of a result while its rows are fetched. */
typedef struct {
    unsigned long  length;
    my_bool        null, error;
    int64_t        i;
    char           text[128];                 /* longer values are fetched again, straight into the arena */
} bx_column;

struct bx_conn {
    MYSQL         *mysql;
    bx_conn       *next;                      /* in the free list */
    bool           broken;
    unsigned       generation;                /* of the pool when it was last known to work */
    bx_time        idle_since;                /* monotonic seconds */
    uint64_t       tick;
    unsigned       nslots, max_slots;
    bx_stmt_slot  *slots;
    MYSQL_BIND    *args;                      /* grown as needed, kept with the connection */
    size_t         max_args;
    MYSQL_BIND    *binds;
    bx_column     *columns;
    size_t         max_columns;
    bx_db_stats    stats;
    unsigned       failures[BX_DB_FAILURES];  /* since it was taken */
};

/* conn.c */
bx_conn  *bx_conn_open(const bx_db_config *conf, bx_error *err);
void      bx_conn_close(bx_conn *conn);
bool      bx_conn_alive(bx_conn *conn);                               /* asks the server */
bool      bx_conn_in_transaction(const bx_conn *conn);
uint64_t  bx_conn_clock(void);                                        /* monotonic nanoseconds */
/* Refuses to use a broken connection, as a lost one. */
bx_rc     bx_conn_usable(const bx_conn *conn, bx_error *err);
/* Records MariaDB's error; marks the connection broken when it is. sql may be NULL. Returns BX_FAIL. */
bx_rc     bx_conn_failed(bx_conn *conn, unsigned number, const char *message, const char *sql, bx_error *err);

/* pool.c */
const bx_db_config  *bx_db_conf(const bx_db *db);

/* statement.c */
void      bx_conn_forget(bx_conn *conn);                              /* closes every prepared statement */

#endif
