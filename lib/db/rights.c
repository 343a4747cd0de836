/*
 * rights.c: what the account of the server may do in its database, and what it lacks. The server reads and writes rows; tables are
 * changed by baoxuectl migrate with an account of their owner. Rows of the tables below are only ever added by the server: what has
 * happened cannot be rewritten with its account. An account cannot be given a right on all tables but some, so UPDATE and DELETE are
 * given table by table, by migrate, to the account that the administrator gave SELECT and INSERT.
 */
#include "db/conn.h"

#include <string.h>

/* The account's own rights: of the whole server, of this database, of single tables. */
#define GRANTEE  "GRANTEE = CONCAT('''', REPLACE(CURRENT_USER(), '@', '''@'''), '''')"

static const char  sql_held[] =
    "SELECT PRIVILEGE_TYPE AS p, '*' AS t FROM information_schema.USER_PRIVILEGES WHERE " GRANTEE
    " UNION SELECT PRIVILEGE_TYPE, '*' FROM information_schema.SCHEMA_PRIVILEGES WHERE " GRANTEE " AND DATABASE() LIKE TABLE_SCHEMA"
    " UNION SELECT PRIVILEGE_TYPE, TABLE_NAME FROM information_schema.TABLE_PRIVILEGES WHERE " GRANTEE " AND TABLE_SCHEMA = DATABASE()"
    " ORDER BY t, p";

/* Rights that come by a role are not to be seen here: then nothing is missed. */
static const char  sql_tables[] =
    "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_TYPE = 'BASE TABLE' AND CURRENT_ROLE() IS NULL"
    " ORDER BY TABLE_NAME";

static const char *const  needed[] = { "SELECT", "INSERT", "DELETE", "UPDATE" };

#define NEEDED  (sizeof(needed) / sizeof(needed[0]))

typedef struct { bx_rows held, tables; } rights;

static bool
is_one_of(const char *word, const char *first, const char *second)
{
    return strcmp(word, first) == 0 || strcmp(word, second) == 0;
}

static bool
added_only(const char *table)
{
    return is_one_of(table, "audit_event", "schema_migration");
}

static bx_rc
read_rights(bx_conn *server, bx_arena *a, rights *r, bx_error *err)
{
    return bx_conn_query(server, a, &r->held, sql_held, BX_NO_ARGS, err) == BX_OK
           && bx_conn_query(server, a, &r->tables, sql_tables, BX_NO_ARGS, err) == BX_OK ? BX_OK : BX_FAIL;
}

static bool
holds(const rights *r, const char *right, const char *table)
{
    size_t  i;

    for (i = 0; i < r->held.nrows; i++) {
        if (strcmp(bx_cell_text(&r->held, i, 0), right) == 0 && is_one_of(bx_cell_text(&r->held, i, 1), "*", table)) {
            return true;
        }
    }

    return false;
}

/* The next right that is missing, from *at on, which moves behind it; false: there is none. */
static bool
next_missing(const rights *r, size_t *at, const char **right, const char **table)
{
    for ( /* void */ ; *at < r->tables.nrows * NEEDED; (*at)++) {
        *right = needed[*at % NEEDED];
        *table = bx_cell_text(&r->tables, *at / NEEDED, 0);

        if (!(added_only(*table) && is_one_of(*right, "UPDATE", "DELETE")) && !holds(r, *right, *table)) {
            (*at)++;
            return true;
        }
    }

    return false;
}

/* The first right that is missing; *table is NULL when none is. */
bx_rc
bx_rights_missing(bx_conn *server, bx_arena *a, const char **right, const char **table, bx_error *err)
{
    size_t  at = 0;
    rights  r;

    *right = *table = NULL;
    if (read_rights(server, a, &r, err) != BX_OK) {
        return BX_FAIL;
    }
    if (!next_missing(&r, &at, right, table)) {
        *right = *table = NULL;
    }

    return BX_OK;
}

/* What the account may do and never does, "ALTER, DROP, UPDATE"; NULL: nothing. */
bx_rc
bx_rights_needless(bx_conn *server, bx_arena *a, const char **list, bx_error *err)
{
    size_t       i, n = 0;
    bx_buf       b;
    bx_rows      rows;
    const char  *right, *table;

    *list = NULL;
    if (bx_conn_query(server, a, &rows, sql_held, BX_NO_ARGS, err) != BX_OK) {
        return BX_FAIL;
    }

    bx_buf_init(&b, a);
    for (i = 0; i < rows.nrows; i++) {
        right = bx_cell_text(&rows, i, 0);
        table = bx_cell_text(&rows, i, 1);
        if (strcmp(right, "USAGE") == 0 || is_one_of(right, "SELECT", "INSERT")
            || (is_one_of(right, "UPDATE", "DELETE") && strcmp(table, "*") != 0 && !added_only(table)))
        {
            continue;
        }
        bx_buf_printf(&b, "%s%s%s%s", n++ > 0 ? ", " : "", right, strcmp(table, "*") == 0 ? "" : " ", strcmp(table, "*") == 0 ? "" : table);
    }
    *list = n > 0 ? b.data : NULL;

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
    size_t       at = 0;
    rights       r;
    bx_rows      rows;
    bx_error     failure = { BX_E_NONE, 0, "" };
    const char  *account, *sql, *right, *table;

    *given = 0;
    if (bx_conn_query(server, a, &rows, "SELECT CURRENT_USER() AS account", BX_NO_ARGS, err) != BX_OK) {
        return BX_FAIL;
    }
    account = quoted_account(a, bx_cell_text(&rows, 0, 0));
    if (account == NULL) {
        return bx_error_set(err, BX_E_INTERNAL, "account %s of the server has a quote in its name", bx_cell_text(&rows, 0, 0));
    }
    if (read_rights(server, a, &r, err) != BX_OK) {
        return BX_FAIL;
    }

    while (next_missing(&r, &at, &right, &table)) {
        sql = bx_sprintf(a, "GRANT %s ON `%s` TO %s", right, table, account);
        if (sql == NULL) {
            return bx_error_set(err, BX_E_MEMORY, "out of memory");
        }
        if (bx_conn_run(owner, sql, &failure) != BX_OK) {
            return bx_error_set(err, failure.code, "the owner's account cannot give %s the right to %s rows of \"%s\": it was not granted WITH GRANT "
                                "OPTION (%s)", account, right, table, failure.text);
        }
        (*given)++;
    }

    return BX_OK;
}
