/*
 * migrate.c: applies schema/NNNN_subject.sql in order, forward only, and records in schema_migration what is done.
 *
 * A run may be killed at any moment and started again. Each statement is first marked as being done, then run, then
 * recorded: data in one transaction with its record, so there is no doubt; a change of tables commits by itself, so
 * of the one statement that was being done when the run was killed, "it is there already" is taken for success.
 * After an error the mark is removed. Row 0 is locked all the while, so that two nodes started together take turns.
 * A plugin from outside has numbers of its own, recorded under its name; the server's are recorded under ''.
 * Owns schema_migration, and no other table.
 */
#include "core/core.h"
#include "db/conn.h"
#include "db/migrate.h"

#include <mysqld_error.h>

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LARGEST_FILE  (4u * 1024 * 1024)
#define TURN_SECONDS  60                      /* to wait for another run */
#define READ_SECONDS  86400                   /* an ALTER TABLE may take its time */

static const char  sql_create[] =
    "CREATE TABLE IF NOT EXISTS schema_migration ("
    " plugin VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',"
    " number INT NOT NULL,"
    " name VARCHAR(100) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,"
    " checksum BINARY(32) NOT NULL COMMENT 'SHA-256 of the file',"
    " done INT NOT NULL DEFAULT 0 COMMENT 'statements done',"
    " doing INT NOT NULL DEFAULT 0 COMMENT 'number of the statement being done; 0: none',"
    " applied_at DATETIME NULL COMMENT 'NULL: not all of it',"
    " PRIMARY KEY (plugin, number)"
    ") ENGINE=InnoDB COMMENT='Files of schema/ applied to this database; row 0 is only locked.'";

/* Tables made before plugins had schema files. */
static const char  sql_alter[] =
    "ALTER TABLE schema_migration ADD COLUMN IF NOT EXISTS plugin VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin"
    " NOT NULL DEFAULT '' FIRST, DROP PRIMARY KEY, ADD PRIMARY KEY (plugin, number)";

static const char  sql_exists[] =
    "SELECT COUNT(*) AS n FROM information_schema.tables"
    " WHERE table_schema = DATABASE() AND table_name = 'schema_migration'";

static const char  sql_column[] = "SELECT plugin AS plugin FROM schema_migration LIMIT 0";

static const char  sql_list[] =
    "SELECT number AS number, name AS name, checksum AS checksum, done AS done, doing AS doing,"
    " applied_at AS applied_at FROM schema_migration WHERE number > 0 AND plugin = ? ORDER BY number";

static const char  sql_turn[] = "INSERT IGNORE INTO schema_migration (number, name, checksum) VALUES (0, '', '')";
static const char  sql_lock[] = "SELECT number AS number FROM schema_migration WHERE plugin = '' AND number = 0 FOR UPDATE";
static const char  sql_begin[] = "INSERT INTO schema_migration (plugin, number, name, checksum) VALUES (?, ?, ?, ?)";
static const char  sql_doing[] = "UPDATE schema_migration SET doing = ? WHERE plugin = ? AND number = ?";
static const char  sql_done[] = "UPDATE schema_migration SET done = ?, doing = 0 WHERE plugin = ? AND number = ?";
static const char  sql_applied[] = "UPDATE schema_migration SET applied_at = ? WHERE plugin = ? AND number = ?";
static const char  sql_newest[] =
    "SELECT MAX(number) AS number FROM schema_migration WHERE plugin = ? AND number > 0 AND applied_at IS NOT NULL";

/* One file, and what the database has of it. */
typedef struct {
    int         number;
    char       *name;                         /* without ".sql" */
    bx_value    checksum;
    char      **statements;
    size_t      nstatements;
    bool        begun, applied;
    size_t      done, doing;
} migration;

typedef struct {
    const char       *dir, *plugin;
    bx_arena         *arena;
    bx_migrate_opts  *opts;
    bx_error         *err;
    migration        *files;
    size_t            nfiles;
} run;

/* ---- splitting */

static const char *
skip_line(const char *p)
{
    return p + strcspn(p, "\n");
}

/* The end of the comment at p, or p when there is none there. NULL: it does not end. Comments that the server
 * executes are text. */
static const char *
skip_comment(const char *p)
{
    if (*p == '#' || (p[0] == '-' && p[1] == '-' && (p[2] == '\0' || isspace((unsigned char) p[2])))) {
        return skip_line(p);
    }

    if (p[0] == '/' && p[1] == '*' && p[2] != '!' && !(p[2] == 'M' && p[3] == '!')) {
        p = strstr(p + 2, "*/");
        return p == NULL ? NULL : p + 2;
    }

    return p;
}

/* The end of the quoted text that begins at p; NULL: it does not end. A doubled quote ends one and begins the next. */
static const char *
skip_quoted(const char *p)
{
    char  quote = *p++;

    for ( /* void */ ; *p != quote; p++) {
        if (*p == '\\' && quote != '`') {
            p++;
        }
        if (*p == '\0') {
            return NULL;
        }
    }

    return p + 1;
}

/* Is the rest of the line after a semicolon empty, or a comment? */
static bool
ends_line(const char *p)
{
    p += strspn(p, " \t\r");

    return *p == '\0' || *p == '\n' || (p[0] == '-' && p[1] == '-') || *p == '#';
}

/* Spaces and comments before a statement. */
static const char *
skip_blank(const char *p)
{
    const char  *next;

    for ( ;; ) {
        p += strspn(p, " \t\r\n");
        next = skip_comment(p);
        if (next == NULL || next == p) {
            return next;
        }
        p = next;
    }
}

/* The semicolon that ends the statement at p; NULL: there is none. */
static const char *
statement_end(const char *p)
{
    const char  *next;

    while (*p != '\0') {
        if (*p == ';' && ends_line(p + 1)) {
            return p;
        }

        next = *p == '\'' || *p == '"' || *p == '`' ? skip_quoted(p) : skip_comment(p);
        if (next == NULL) {
            return NULL;
        }

        p = next == p ? p + 1 : next;
    }

    return NULL;
}

bx_rc
bx_migrate_split(bx_arena *a, const char *text, char ***out, size_t *n)
{
    char        **list = NULL, **longer;
    size_t        room = 0, count = 0;
    const char   *p, *end;

    for (p = text; (p = skip_blank(p)) != NULL && *p != '\0'; p = end + 1) {
        end = statement_end(p);
        if (end == NULL) {
            return BX_FAIL;
        }

        if (count == room) {
            longer = bx_alloc(a, (room * 2 + 16) * sizeof(char *));
            if (longer == NULL) {
                return BX_FAIL;
            }
            if (count > 0) {
                memcpy(longer, list, count * sizeof(char *));
            }
            list = longer;
            room = room * 2 + 16;
        }

        list[count] = bx_strndup(a, p, (size_t) (end - p));
        if (list[count++] == NULL) {
            return BX_FAIL;
        }
    }

    *out = list;
    *n = count;

    return p == NULL ? BX_FAIL : BX_OK;
}

/* ---- the directory */

static char *
read_file(run *r, const char *path, size_t *len)
{
    int          fd;
    char        *text = NULL;
    ssize_t      n = -1;
    struct stat  st;

    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd == -1 || fstat(fd, &st) != 0) {
        bx_error_set(r->err, BX_E_INTERNAL, "cannot read \"%s\": %s", path, strerror(errno));
        goto done;
    }

    if (!S_ISREG(st.st_mode) || (uint64_t) st.st_size > LARGEST_FILE) {
        bx_error_set(r->err, BX_E_INTERNAL, "\"%s\" is no schema file", path);
        goto done;
    }

    text = bx_alloc(r->arena, (size_t) st.st_size + 1);
    if (text == NULL) {
        bx_error_set(r->err, BX_E_MEMORY, "out of memory while reading \"%s\"", path);
        goto done;
    }

    n = read(fd, text, (size_t) st.st_size);
    if (n != st.st_size || memchr(text, '\0', (size_t) n) != NULL) {
        bx_error_set(r->err, BX_E_INTERNAL, "cannot read \"%s\" whole", path);
        text = NULL;
    }

done:

    if (fd != -1) {
        close(fd);
    }

    *len = n < 0 ? 0 : (size_t) n;

    return text;
}

/* NNNN_subject.sql: its number; 0 for another name. */
static int
number_of(const char *name)
{
    size_t  n = strlen(name), subject;

    if (n < 10 || strspn(name, "0123456789") != 4 || name[4] != '_' || strcmp(name + n - 4, ".sql") != 0) {
        return 0;
    }

    subject = strspn(name + 5, "abcdefghijklmnopqrstuvwxyz0123456789_");

    return subject > 0 && subject == n - 9 && n < 100 ? atoi(name) : 0;
}

static bx_rc
read_migration(run *r, migration *m, const char *entry)
{
    char     *path, *text;
    size_t    len;
    uint8_t  *hash;

    m->number = number_of(entry);             /* NOLINT(clang-analyzer-core.NullDereference): the caller has the memory */
    if (m->number == 0) {
        return bx_error_set(r->err, BX_E_INTERNAL, "schema file \"%s\" is not named NNNN_subject.sql", entry);
    }

    m->name = bx_strndup(r->arena, entry, strlen(entry) - 4);
    path = bx_sprintf(r->arena, "%s/%s", r->dir, entry);
    hash = bx_alloc(r->arena, 32);
    if (m->name == NULL || path == NULL || hash == NULL) {
        return bx_error_set(r->err, BX_E_MEMORY, "out of memory while reading \"%s\"", entry);
    }

    text = read_file(r, path, &len);
    if (text == NULL) {
        return BX_FAIL;
    }

    bx_sha256(text, len, hash);
    m->checksum = bx_blob(hash, 32);

    if (bx_migrate_split(r->arena, text, &m->statements, &m->nstatements) != BX_OK || m->nstatements == 0) {
        return bx_error_set(r->err, BX_E_INTERNAL, "schema file \"%s\" ends inside a statement, or has none", entry);
    }

    return BX_OK;
}

static int
is_sql(const struct dirent *entry)
{
    size_t  n = strlen(entry->d_name);

    return n > 4 && entry->d_name[0] != '.' && strcmp(entry->d_name + n - 4, ".sql") == 0;
}

/* Reads every file; their numbers run 1, 2, 3 … without a gap. */
static bx_rc
read_dir(run *r)
{
    int              i, n;
    bx_rc            rc = BX_OK;
    struct dirent  **entries = NULL;

    n = scandir(r->dir, &entries, is_sql, alphasort);
    if (n <= 0) {
        free(entries);
        return bx_error_set(r->err, BX_E_INTERNAL, "no schema files in \"%s\"%s%s", r->dir, n < 0 ? ": " : "",
                            n < 0 ? strerror(errno) : "");
    }

    r->files = bx_alloc(r->arena, (size_t) n * sizeof(migration));
    if (r->files == NULL) {
        rc = bx_error_set(r->err, BX_E_MEMORY, "out of memory while reading the schema");
    }

    for (i = 0; i < n; i++) {
        if (rc == BX_OK) {
            rc = read_migration(r, &r->files[i], entries[i]->d_name);
        }
        if (rc == BX_OK && r->files[i].number != i + 1) {
            rc = bx_error_set(r->err, BX_E_INTERNAL, "schema file \"%s\" is out of order: number %04d is expected",
                              entries[i]->d_name, i + 1);
        }
        free(entries[i]);
    }
    free(entries);

    r->nfiles = (size_t) n;

    return rc;
}

/* ---- what the database has */

/* One recorded row against its file. */
static bx_rc
compare(run *r, const bx_rows *rows, size_t row)
{
    int64_t          number = bx_cell_int(rows, row, 0);
    migration       *m;
    const char      *name = bx_cell_text(rows, row, 1);
    const bx_value  *checksum = bx_cell(rows, row, 2);

    if (number < 1 || (uint64_t) number > r->nfiles) {
        return bx_error_set(r->err, BX_E_CONFLICT,
                            "schema file \"%s\" was applied but is not here: the database is newer than this program",
                            name);
    }

    m = &r->files[number - 1];

    if (strcmp(m->name, name) != 0) {
        return bx_error_set(r->err, BX_E_CONFLICT, "schema file \"%s\" was applied as \"%s\"", m->name, name);
    }

    if (checksum->len != m->checksum.len || memcmp(checksum->s, m->checksum.s, m->checksum.len) != 0) {
        return bx_error_set(r->err, BX_E_CONFLICT, "schema file \"%s\" was changed after it was applied", m->name);
    }

    m->begun = true;
    m->done = (size_t) bx_cell_int(rows, row, 3);
    m->doing = (size_t) bx_cell_int(rows, row, 4);
    m->applied = bx_cell(rows, row, 5)->kind != BX_V_NULL;

    if (m->done > m->nstatements || (m->applied && m->done != m->nstatements)) {
        return bx_error_set(r->err, BX_E_INTERNAL, "the record of schema file \"%s\" is wrong", m->name);
    }

    return BX_OK;
}

static bx_rc
read_state(run *r, bx_conn *conn)
{
    size_t    i;
    bx_rows   rows;
    bx_error  failure = { BX_E_NONE, 0, "" };

    if (bx_conn_query(conn, r->arena, &rows, sql_exists, BX_NO_ARGS, r->err) != BX_OK) {
        return BX_FAIL;
    }

    if (bx_cell_int(&rows, 0, 0) == 0) {
        return BX_OK;                         /* an empty database: nothing is applied */
    }
    if (bx_conn_query(conn, r->arena, &rows, sql_list, BX_ARGS(bx_text(r->plugin)), &failure) != BX_OK) {
        if (failure.db != ER_BAD_FIELD_ERROR) {
            if (r->err != NULL && r->err->code == BX_E_NONE) {
                *r->err = failure;
            }
            return BX_FAIL;
        }
        return bx_error_set(r->err, BX_E_CONFLICT, "this database was migrated by an older version: nothing can be said "
                            "without a change of schema_migration, which migrate makes");
    }

    for (i = 0; i < rows.nrows; i++) {
        if (compare(r, &rows, i) != BX_OK) {
            return BX_FAIL;
        }
    }

    for (i = 1; i < r->nfiles; i++) {
        if (r->files[i].begun && !r->files[i - 1].applied) {
            return bx_error_set(r->err, BX_E_INTERNAL, "schema file \"%s\" was begun before \"%s\" was applied",
                                r->files[i].name, r->files[i - 1].name);
        }
    }

    return BX_OK;
}

/* ---- applying */

/* What a statement answers that was done already. */
static bool
is_there_already(unsigned number)
{
    switch (number) {
    case ER_TABLE_EXISTS_ERROR:
    case ER_DUP_FIELDNAME:
    case ER_DUP_KEYNAME:
    case ER_CANT_DROP_FIELD_OR_KEY:
    case ER_BAD_TABLE_ERROR:
    case ER_MULTIPLE_PRI_KEY:
    case ER_DUP_CONSTRAINT_NAME:
        return true;
    default:
        return false;
    }
}

static bx_rc
run_statement(run *r, bx_conn *conn, const migration *m, size_t n)
{
    bool      twice = m->doing == n + 1;      /* it was being done when an earlier run was killed */
    bx_error  failure = { BX_E_NONE, 0, "" };

    if (bx_conn_exec(conn, NULL, sql_doing, BX_ARGS(bx_int((int64_t) n + 1), bx_text(r->plugin), bx_int(m->number)), r->err) != BX_OK
        || bx_conn_run(conn, "START TRANSACTION", r->err) != BX_OK)
    {
        return BX_FAIL;
    }

    if (bx_conn_run(conn, m->statements[n], &failure) != BX_OK && !(twice && is_there_already(failure.db))) {
        if (!conn->broken) {
            bx_conn_run(conn, "ROLLBACK", NULL);
            bx_conn_exec(conn, NULL, sql_doing, BX_ARGS(bx_int(0), bx_text(r->plugin), bx_int(m->number)), NULL);
        }
        bx_error_set(r->err, failure.code, "statement %zu of schema file \"%s\": %s", n + 1, m->name, failure.text);
        if (r->err != NULL && r->err->db == 0) {
            r->err->db = failure.db;
        }
        return BX_FAIL;
    }

    if (bx_conn_exec(conn, NULL, sql_done, BX_ARGS(bx_int((int64_t) n + 1), bx_text(r->plugin), bx_int(m->number)), r->err) != BX_OK) {
        return BX_FAIL;
    }

    return bx_conn_run(conn, "COMMIT", r->err);
}

static bx_rc
apply(run *r, bx_conn *conn, const migration *m)
{
    size_t     n;
    bx_value   plugin = bx_text(r->plugin), number = bx_int(m->number), now = bx_text(bx_time_sql(r->arena, bx_now()));

    if (!m->begun
        && bx_conn_exec(conn, NULL, sql_begin, BX_ARGS(plugin, number, bx_text(m->name), m->checksum), r->err) != BX_OK)
    {
        return BX_FAIL;
    }

    for (n = m->done; n < m->nstatements; n++) {
        if (run_statement(r, conn, m, n) != BX_OK) {
            return BX_FAIL;
        }
    }

    return bx_conn_exec(conn, NULL, sql_applied, BX_ARGS(now, plugin, number), r->err);
}

static void
say(const run *r, const migration *m, bool applied_now)
{
    size_t       left = m->nstatements - m->done;
    const char  *line, *slash = r->plugin[0] == '\0' ? "" : "/";

    if (r->opts == NULL || r->opts->say == NULL) {
        return;
    }

    if (m->applied) {
        line = bx_sprintf(r->arena, "%s%s%s: applied before", r->plugin, slash, m->name);
    } else {
        line = bx_sprintf(r->arena, "%s%s%s: %s (%zu of %zu statements)", r->plugin, slash, m->name,
                          applied_now ? "applied" : "would be applied", left, m->nstatements);
    }

    if (line != NULL) {
        r->opts->say(r->opts->ctx, line);
    }
}

static bx_rc
apply_all(run *r, bx_conn *conn)
{
    size_t  i;
    bool    dry = r->opts != NULL && r->opts->dry_run;

    if (read_state(r, conn) != BX_OK) {
        return BX_FAIL;
    }

    for (i = 0; i < r->nfiles; i++) {
        if (!r->files[i].applied && !dry && apply(r, conn, &r->files[i]) != BX_OK) {
            return BX_FAIL;
        }

        say(r, &r->files[i], !dry);

        if (!r->files[i].applied && r->opts != NULL) {
            r->opts->applied++;
        }
    }

    return BX_OK;
}

/* A table of an older version gets its column. */
static bx_rc
bring_forward(bx_conn *lock, bx_arena *a, bx_error *err)
{
    bx_rows   rows;
    bx_error  failure = { BX_E_NONE, 0, "" };

    if (bx_conn_query(lock, a, &rows, sql_column, BX_NO_ARGS, &failure) == BX_OK) {
        return BX_OK;
    }
    if (failure.db == ER_BAD_FIELD_ERROR) {
        return bx_conn_run(lock, sql_alter, err);
    }

    if (err != NULL && err->code == BX_E_NONE) {
        *err = failure;
    }
    return BX_FAIL;
}

/* Holds row 0 on a connection of its own until that is closed. */
static bx_rc
wait_for_turn(bx_conn *lock, bx_arena *a, bx_error *err)
{
    bx_rows  rows;
    char     sql[64];

    snprintf(sql, sizeof(sql), "SET SESSION innodb_lock_wait_timeout = %d", TURN_SECONDS);

    if (bx_conn_run(lock, sql_create, err) != BX_OK || bx_conn_run(lock, sql, err) != BX_OK
        || bring_forward(lock, a, err) != BX_OK
        || bx_conn_run(lock, "SET SESSION max_statement_time = 0", err) != BX_OK
        || bx_conn_run(lock, sql_turn, err) != BX_OK || bx_conn_run(lock, "START TRANSACTION", err) != BX_OK)
    {
        return BX_FAIL;
    }

    return bx_conn_query(lock, a, &rows, sql_lock, BX_NO_ARGS, err);
}

bx_rc
bx_migrate(bx_db *db, const char *dir, bx_migrate_opts *opts, bx_error *err)
{
    bx_rc          rc = BX_FAIL;
    bool           dry = opts != NULL && opts->dry_run;
    bx_conn       *conn = NULL, *lock = NULL;
    bx_arena      *a;
    run            r = { .dir = dir, .opts = opts, .err = err };
    bx_db_config   conf = *bx_db_conf(db);

    r.plugin = opts == NULL || opts->plugin == NULL ? "" : opts->plugin;
    if (opts != NULL) {
        opts->applied = 0;
    }

    a = r.arena = bx_arena_create(65536);
    if (a == NULL) {
        return bx_error_set(err, BX_E_MEMORY, "out of memory while reading the schema");
    }

    if (read_dir(&r) != BX_OK) {
        goto done;
    }

    conf.read_seconds = READ_SECONDS;

    conn = bx_conn_open(&conf, err);
    if (conn == NULL || bx_conn_run(conn, "SET SESSION max_statement_time = 0", err) != BX_OK) {
        goto done;
    }

    if (!dry) {
        lock = bx_conn_open(&conf, err);
        if (lock == NULL || wait_for_turn(lock, a, err) != BX_OK) {
            goto done;
        }
    }

    rc = apply_all(&r, conn);

done:

    if (conn != NULL) {
        bx_conn_close(conn);
    }
    if (lock != NULL) {
        bx_conn_close(lock);
    }
    bx_arena_destroy(a);

    return rc;
}

/* 0 when nothing was ever applied. */
bx_rc
bx_migrate_current(bx_conn *conn, bx_arena *a, const char *plugin, int *newest, bx_error *err)
{
    bx_rows   rows;
    bx_error  failure = { BX_E_NONE, 0, "" };

    *newest = 0;

    if (bx_conn_query(conn, a, &rows, sql_newest, BX_ARGS(bx_text(plugin == NULL ? "" : plugin)), &failure) == BX_OK) {
        *newest = (int) bx_cell_int(&rows, 0, 0);
        return BX_OK;
    }

    if (failure.db == ER_NO_SUCH_TABLE || failure.db == ER_BAD_FIELD_ERROR) {
        return BX_OK;                         /* never migrated, or by a version before plugins had files */
    }

    if (err != NULL && err->code == BX_E_NONE) {
        *err = failure;
    }

    return BX_FAIL;
}
