/*
 * conn.c: one connection: opened with the session settings everything relies on, its errors named, plain statements
 * run. Owns the meaning of MariaDB's error numbers. Prepared statements are statement.c's.
 */
#include "db/conn.h"

#include <errmsg.h>
#include <mysqld_error.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LOCK_WAIT_SECONDS      5              /* rows */
#define METADATA_WAIT_SECONDS  10             /* tables that are being altered */

#ifndef ER_CONNECTION_KILLED
#define ER_CONNECTION_KILLED  1927
#endif

uint64_t
bx_conn_clock(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);

    return (uint64_t) ts.tv_sec * 1000000000u + (uint64_t) ts.tv_nsec;
}

/* ---- errors */

static bool
is_lost(unsigned number)
{
    switch (number) {
    case CR_SOCKET_CREATE_ERROR:
    case CR_CONNECTION_ERROR:                 /* 2002 */
    case CR_CONN_HOST_ERROR:                  /* 2003 */
    case CR_IPSOCK_ERROR:
    case CR_UNKNOWN_HOST:
    case CR_SERVER_GONE_ERROR:                /* 2006 */
    case CR_SERVER_HANDSHAKE_ERR:
    case CR_SERVER_LOST:                      /* 2013 */
    case CR_COMMANDS_OUT_OF_SYNC:
    case CR_MALFORMED_PACKET:
    case CR_STMT_CLOSED:
    case CR_NEW_STMT_METADATA:                /* SELECT * of a table that was altered: its rows are left on the wire */
    case ER_SERVER_SHUTDOWN:                  /* 1053 */
    case ER_NEW_ABORTING_CONNECTION:
    case ER_NET_READ_ERROR:
    case ER_NET_READ_INTERRUPTED:
    case ER_NET_ERROR_ON_WRITE:
    case ER_NET_WRITE_INTERRUPTED:
    case ER_NET_PACKETS_OUT_OF_ORDER:
    case ER_UNKNOWN_STMT_HANDLER:             /* 1243: the server forgot us, as a proxy's other server would */
    case ER_CONNECTION_KILLED:
        return true;
    default:
        return number == 5014;                /* Connector/C: the server closed with a reason of its own */
    }
}

bool
bx_db_lost(const bx_error *err)
{
    return err != NULL && is_lost(err->db);
}

bool
bx_db_retry(const bx_error *err)
{
    return err != NULL && (err->db == ER_LOCK_DEADLOCK || err->db == ER_LOCK_WAIT_TIMEOUT || err->db == ER_CHECKREAD
                           || err->db == ER_NEED_REPREPARE);
}

bool
bx_db_duplicate(const bx_error *err)
{
    return err != NULL && (err->db == ER_DUP_ENTRY || err->db == ER_DUP_ENTRY_WITH_KEY_NAME);
}

/* The database's trouble, which passes, as against a statement that is wrong. */
static bool
is_unavailable(unsigned number)
{
    switch (number) {
    case ER_LOCK_WAIT_TIMEOUT:
    case ER_LOCK_DEADLOCK:
    case ER_CHECKREAD:
    case ER_NEED_REPREPARE:
    case ER_STATEMENT_TIMEOUT:
    case ER_QUERY_INTERRUPTED:
    case ER_CON_COUNT_ERROR:
    case ER_TOO_MANY_USER_CONNECTIONS:
    case ER_USER_LIMIT_REACHED:
    case ER_MAX_PREPARED_STMT_COUNT_REACHED:
    case ER_OUT_OF_RESOURCES:
    case ER_OUTOFMEMORY:
    case ER_DISK_FULL:
    case ER_RECORD_FILE_FULL:
    case ER_LOCK_TABLE_FULL:
    case ER_OPTION_PREVENTS_STATEMENT:        /* read-only server */
    case ER_READ_ONLY_MODE:
    case ER_UNKNOWN_COM_ERROR:                /* a Galera node that is not ready */
    case ER_ACCESS_DENIED_ERROR:
    case ER_DBACCESS_DENIED_ERROR:
    case ER_TABLEACCESS_DENIED_ERROR:         /* 1142: a right that migrate gives */
    case ER_COLUMNACCESS_DENIED_ERROR:
    case ER_SPECIFIC_ACCESS_DENIED_ERROR:
    case ER_BAD_DB_ERROR:
    case ER_HOST_IS_BLOCKED:
    case ER_HOST_NOT_PRIVILEGED:
        return true;
    default:
        return is_lost(number) || (number >= CR_MIN_ERROR && number <= CR_MAX_ERROR);
    }
}

/* Messages in which the server speaks of identifiers only. Any other may quote a value, and values are about
 * children. */
static bool
quotes_no_value(unsigned number)
{
    switch (number) {
    case ER_BAD_NULL_ERROR:
    case ER_BAD_FIELD_ERROR:
    case ER_BAD_TABLE_ERROR:
    case ER_NO_SUCH_TABLE:
    case ER_TABLE_EXISTS_ERROR:
    case ER_DUP_FIELDNAME:
    case ER_DUP_KEYNAME:
    case ER_CANT_DROP_FIELD_OR_KEY:
    case ER_WRONG_VALUE_COUNT_ON_ROW:
    case ER_NON_UNIQ_ERROR:
    case ER_NO_DEFAULT_FOR_FIELD:
    case ER_DATA_TOO_LONG:
    case ER_NO_REFERENCED_ROW_2:
    case ER_ROW_IS_REFERENCED_2:
    case ER_PARSE_ERROR:
    case ER_LOCK_DEADLOCK:
    case ER_LOCK_WAIT_TIMEOUT:
    case ER_STATEMENT_TIMEOUT:
    case ER_UNKNOWN_TABLE:
    case ER_SP_DOES_NOT_EXIST:
    case ER_SP_UNDECLARED_VAR:
        return true;
    default:
        return is_unavailable(number);
    }
}

/* ER_DUP_ENTRY: "Duplicate entry '…' for key 'x'": the key is told, the entry is not. */
static const char *
tellable(unsigned number, const char *message, char *buffer, size_t size)
{
    const char  *key, *last = NULL;

    if (quotes_no_value(number)) {
        return message;
    }

    if (number == ER_DUP_ENTRY || number == ER_DUP_ENTRY_WITH_KEY_NAME) {
        for (key = message; (key = strstr(key, " for key '")) != NULL; key++) {
            last = key;
        }
        if (last != NULL) {
            snprintf(buffer, size, "duplicate entry%s", last);
            return buffer;
        }
    }

    return "";
}

static bx_db_failure
kind_of(unsigned number)
{
    const bx_error  err = { .db = number };

    return bx_db_lost(&err) ? BX_DB_LOST : bx_db_retry(&err) ? BX_DB_RETRY : bx_db_duplicate(&err) ? BX_DB_DUPLICATE
         : BX_DB_OTHER;
}

bx_rc
bx_conn_failed(bx_conn *conn, unsigned number, const char *message, const char *sql, bx_error *err)
{
    bx_err  code;
    char    key[128];

    if (conn != NULL) {
        conn->failures[kind_of(number)]++;
    }

    if (conn != NULL && is_lost(number)) {
        conn->broken = true;
    }

    if (err == NULL || err->code != BX_E_NONE) {
        return BX_FAIL;
    }

    code = number == ER_DUP_ENTRY || number == ER_DUP_ENTRY_WITH_KEY_NAME ? BX_E_CONFLICT
         : number == CR_OUT_OF_MEMORY ? BX_E_MEMORY
         : is_unavailable(number) ? BX_E_DATABASE : BX_E_INTERNAL;

    message = tellable(number, message == NULL ? "" : message, key, sizeof(key));

    if (sql == NULL) {
        bx_error_set(err, code, "database error %u: %s", number, message);
    } else {
        bx_error_set(err, code, "database error %u: %.120s in \"%.100s\"", number, message, sql);
    }
    err->db = number;

    return BX_FAIL;
}

bx_rc
bx_conn_usable(const bx_conn *conn, bx_error *err)
{
    if (!conn->broken) {
        return BX_OK;
    }

    if (err != NULL && err->code == BX_E_NONE) {
        bx_error_set(err, BX_E_DATABASE, "connection was lost before this statement");
        err->db = CR_SERVER_GONE_ERROR;
    }

    return BX_FAIL;
}

/* ---- opening and closing */

/* Everything a session needs to be alike on every server, whatever its defaults. */
static bx_rc
set_session(bx_conn *conn, const bx_db_config *conf, bx_error *err)
{
    char               sql[512];
    static const char  isolation[] = "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED";

    /* A list has a key that holds its scope, its state and its order; read in that order it ends after one page. Two keys
     * intersected have no order and are read to their ends. */
    snprintf(sql, sizeof(sql),
             "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,"
             "NO_AUTO_CREATE_USER,NO_ENGINE_SUBSTITUTION', autocommit = 1, max_statement_time = %u.%03u, "
             "innodb_lock_wait_timeout = %d, lock_wait_timeout = %d, "
             "optimizer_switch = 'index_merge_intersection=off'",
             conf->statement_ms / 1000, conf->statement_ms % 1000, LOCK_WAIT_SECONDS, METADATA_WAIT_SECONDS);

    if (bx_conn_run(conn, sql, err) != BX_OK) {
        return BX_FAIL;
    }

    return bx_conn_run(conn, isolation, err);
}

static void
set_options(MYSQL *mysql, const bx_db_config *conf)
{
    my_bool       no = 0, yes = 1;
    unsigned int  off = 0;

    mysql_options(mysql, MYSQL_OPT_CONNECT_TIMEOUT, &conf->connect_seconds);
    mysql_options(mysql, MYSQL_OPT_READ_TIMEOUT, &conf->read_seconds);
    mysql_options(mysql, MYSQL_OPT_WRITE_TIMEOUT, &conf->read_seconds);
    mysql_options(mysql, MYSQL_OPT_RECONNECT, &no);
    mysql_options(mysql, MYSQL_OPT_LOCAL_INFILE, &off);
    mysql_options(mysql, MYSQL_SET_CHARSET_NAME, "utf8mb4");

    if (conf->tls_ca != NULL) {
        mysql_options(mysql, MYSQL_OPT_SSL_CA, conf->tls_ca);
        mysql_options(mysql, MYSQL_OPT_SSL_ENFORCE, &yes);
        mysql_options(mysql, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &yes);
    }
}

/* CLIENT_FOUND_ROWS: "affected" counts the rows an UPDATE found, also when they held the new values before. */
bx_conn *
bx_conn_open(const bx_db_config *conf, bx_error *err)
{
    bx_conn  *conn;

    conn = calloc(1, sizeof(bx_conn));
    if (conn == NULL) {
        bx_error_set(err, BX_E_MEMORY, "out of memory while connecting to the database");
        return NULL;
    }

    conn->max_slots = conf->statements;
    conn->slots = calloc(conn->max_slots, sizeof(bx_stmt_slot));
    conn->mysql = conn->slots == NULL ? NULL : mysql_init(NULL);
    if (conn->mysql == NULL) {
        bx_error_set(err, BX_E_MEMORY, "out of memory while connecting to the database");
        bx_conn_close(conn);
        return NULL;
    }

    set_options(conn->mysql, conf);

    if (mysql_real_connect(conn->mysql, conf->socket != NULL ? NULL : conf->host, conf->user, conf->password,
                           conf->database, conf->port, conf->socket, CLIENT_MULTI_RESULTS | CLIENT_FOUND_ROWS) == NULL)
    {
        bx_conn_failed(conn, mysql_errno(conn->mysql), mysql_error(conn->mysql), NULL, err);
        bx_conn_close(conn);
        return NULL;
    }

    if (set_session(conn, conf, err) != BX_OK) {
        bx_conn_close(conn);
        return NULL;
    }

    return conn;
}

/* The connection goes first: its statements are then freed without a word to the server, which forgets them by
 * itself. */
void
bx_conn_close(bx_conn *conn)
{
    if (conn->mysql != NULL) {
        mysql_close(conn->mysql);
    }

    bx_conn_forget(conn);

    free(conn->slots);
    free(conn->args);
    free(conn->binds);
    free(conn->columns);
    free(conn);
}

bool
bx_conn_alive(bx_conn *conn)
{
    return mysql_ping(conn->mysql) == 0;
}

bool
bx_conn_in_transaction(const bx_conn *conn)
{
    unsigned int  status = 0;

    return mariadb_get_infov(conn->mysql, MARIADB_CONNECTION_SERVER_STATUS, &status) != 0
           || (status & SERVER_STATUS_IN_TRANS) != 0;
}

void
bx_conn_break(bx_conn *conn)
{
    conn->broken = true;
}

void
bx_conn_stats(const bx_conn *conn, bx_db_stats *out)
{
    *out = conn->stats;
}

/* ---- plain statements */

bx_rc
bx_conn_run(bx_conn *conn, const char *sql, bx_error *err)
{
    int         more;                         /* 0: there is a result, -1: no more, 1: an error */
    uint64_t    began;
    MYSQL      *mysql = conn->mysql;
    MYSQL_RES  *result;

    if (bx_conn_usable(conn, err) != BX_OK) {
        return BX_FAIL;
    }

    began = bx_conn_clock();
    more = mysql_real_query(mysql, sql, strlen(sql)) == 0 ? 0 : 1;

    while (more == 0) {
        result = mysql_store_result(mysql);
        if (result == NULL && mysql_errno(mysql) != 0) {
            more = 1;
        } else {
            mysql_free_result(result);
            more = mysql_next_result(mysql);
        }
    }

    conn->stats.statements++;
    conn->stats.nanoseconds += bx_conn_clock() - began;

    if (more > 0) {
        return bx_conn_failed(conn, mysql_errno(mysql), mysql_error(mysql), sql, err);
    }

    return BX_OK;
}
