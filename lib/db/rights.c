/*
 * rights.c: what the account of the server may do in its database, and what it lacks. The server reads and writes rows; tables are
 * changed by baoxuectl migrate with an account of their owner. Rows of the tables below are only ever added by the server: what has
 * happened cannot be rewritten with its account. An account cannot be given a right on all tables but some, so UPDATE and DELETE are
 * given table by table, by migrate, to the account that the administrator gave SELECT and INSERT.
 */
#include "db/conn.h"

#include <stdio.h>
#include <string.h>

#define ADDED_ONLY  "'audit_event', 'schema_migration'"

/* The account's own rights: of the whole server, of this database, of single tables. */
#define GRANTEE  "GRANTEE = CONCAT('''', REPLACE(CURRENT_USER(), '@', '''@'''), '''')"
#define HELD \
    "SELECT PRIVILEGE_TYPE AS p, '*' AS t FROM information_schema.USER_PRIVILEGES WHERE " GRANTEE \
    " UNION SELECT PRIVILEGE_TYPE, '*' FROM information_schema.SCHEMA_PRIVILEGES WHERE " GRANTEE " AND DATABASE() LIKE TABLE_SCHEMA" \
    " UNION SELECT PRIVILEGE_TYPE, TABLE_NAME FROM information_schema.TABLE_PRIVILEGES WHERE " GRANTEE " AND TABLE_SCHEMA = DATABASE()"

/* Rights that come by a role are not to be seen here: then nothing is said. */
static const char  sql_missing[] =
    "SELECT n.p AS p, t.TABLE_NAME AS t FROM information_schema.TABLES t"
    " JOIN (SELECT 'SELECT' AS p UNION SELECT 'INSERT' UNION SELECT 'UPDATE' UNION SELECT 'DELETE') n"
    " LEFT JOIN (" HELD ") g ON g.p = n.p AND (g.t = '*' OR g.t = t.TABLE_NAME)"
    " WHERE t.TABLE_SCHEMA = DATABASE() AND t.TABLE_TYPE = 'BASE TABLE' AND g.p IS NULL AND CURRENT_ROLE() IS NULL"
    " AND NOT (n.p IN ('UPDATE', 'DELETE') AND t.TABLE_NAME IN (" ADDED_ONLY ")) ORDER BY t.TABLE_NAME, n.p";

static const char  sql_more[] =
    "SELECT DISTINCT IF(g.t = '*', g.p, CONCAT(g.p, ' ', g.t)) AS p FROM (" HELD ") g WHERE g.p NOT IN ('USAGE', 'SELECT', 'INSERT')"
    " AND (g.t = '*' OR g.p NOT IN ('UPDATE', 'DELETE') OR g.t IN (" ADDED_ONLY ")) ORDER BY 1";

/* The first right that is missing; *table is NULL when none is. */
bx_rc
bx_rights_missing(bx_conn *server, bx_arena *a, const char **right, const char **table, bx_error *err)
{
    bx_rows  rows;

    *right = *table = NULL;
    if (bx_conn_query(server, a, &rows, sql_missing, BX_NO_ARGS, err) != BX_OK) {
        return BX_FAIL;
    }

    if (rows.nrows > 0) {
        *right = bx_cell_text(&rows, 0, 0);
        *table = bx_cell_text(&rows, 0, 1);
    }

    return BX_OK;
}

/* What the account may do and never does, "ALTER, DROP, UPDATE"; NULL: nothing. */
bx_rc
bx_rights_needless(bx_conn *server, bx_arena *a, const char **rights, bx_error *err)
{
    size_t   i;
    bx_buf   b;
    bx_rows  rows;

    *rights = NULL;
    if (bx_conn_query(server, a, &rows, sql_more, BX_NO_ARGS, err) != BX_OK) {
        return BX_FAIL;
    }

    bx_buf_init(&b, a);
    for (i = 0; i < rows.nrows; i++) {
        bx_buf_printf(&b, "%s%s", i > 0 ? ", " : "", bx_cell_text(&rows, i, 0));
    }
    *rights = rows.nrows > 0 ? b.data : NULL;

    return b.failed ? bx_error_set(err, BX_E_MEMORY, "out of memory") : BX_OK;
}

/* 'name'@'host' of "name@host", as GRANT wants it; NULL for a name that no account of ours has. */
static const char *
quoted_account(bx_arena *a, const char *account)
{
    const char  *at = strrchr(account, '@');

    if (at == NULL || strpbrk(account, "'\\") != NULL) {
        return NULL;
    }

    return bx_sprintf(a, "'%.*s'@'%s'", (int) (at - account), account, at + 1);
}

/* Gives the server's account what it lacks, with the owner's connection. May be repeated. */
bx_rc
bx_rights_give(bx_conn *owner, bx_conn *server, bx_arena *a, unsigned *given, bx_error *err)
{
    size_t       i;
    bx_rows      rows;
    bx_error     failure = { BX_E_NONE, 0, "" };
    const char  *account, *sql;

    *given = 0;
    if (bx_conn_query(server, a, &rows, "SELECT CURRENT_USER() AS account", BX_NO_ARGS, err) != BX_OK) {
        return BX_FAIL;
    }
    account = quoted_account(a, bx_cell_text(&rows, 0, 0));
    if (account == NULL) {
        return bx_error_set(err, BX_E_INTERNAL, "account %s of the server has a quote in its name", bx_cell_text(&rows, 0, 0));
    }
    if (bx_conn_query(server, a, &rows, sql_missing, BX_NO_ARGS, err) != BX_OK) {
        return BX_FAIL;
    }

    for (i = 0; i < rows.nrows; i++) {
        sql = bx_sprintf(a, "GRANT %s ON `%s` TO %s", bx_cell_text(&rows, i, 0), bx_cell_text(&rows, i, 1), account);
        if (sql == NULL) {
            return bx_error_set(err, BX_E_MEMORY, "out of memory");
        }
        if (bx_conn_run(owner, sql, &failure) != BX_OK) {
            return bx_error_set(err, failure.code, "the owner's account cannot give %s the right to %s rows of \"%s\": it was not granted WITH GRANT "
                                "OPTION (%s)", account, bx_cell_text(&rows, i, 0), bx_cell_text(&rows, i, 1), failure.text);
        }
        (*given)++;
    }

    return BX_OK;
}
