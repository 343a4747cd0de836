/* restore.c: baoxuectl restore: a backup into a database and a directory of attachments. First everything in the backup is held
 * against its manifest and nothing is touched; then it is loaded; then rows, files and the audit chains are held against it again. */

#include "tools/backup.h"
#include "flow/flow.h"
#include "web/app_private.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

typedef struct {
    ctl         *x;
    const char  *dir;
    json_t      *manifest;
    bx_db       *db;
    bx_conn     *conn;
    bool         replace;
    int64_t      files;
    int          faults;
} restore;


static const char *
inside(restore *r, const char *name)
{
    return bx_sprintf(r->x->arena, "%s/%s", r->dir, name);
}


static bool
no(restore *r, const char *fmt, const char *what)
{
    ctl_fail(r->x, fmt, what);
    return false;
}


/* ---- before anything is touched */

static bool
fits(restore *r, const char *name)
{
    const json_t  *wanted = json_object_get(r->manifest, name);
    ctl_digest     sum;

    if (!ctl_digest_file(r->x, inside(r, name), &sum)) {
        return false;
    }
    if (json_integer_value(json_object_get(wanted, "bytes")) == sum.bytes
        && strcmp(json_string_value(json_object_get(wanted, "sha256")) ? json_string_value(json_object_get(wanted, "sha256")) : "", sum.sha256) == 0)
    {
        return true;
    }

    return no(r, "\"%s\" is not as the manifest has it: the backup was damaged or changed", name);
}


/* Each line "sum  aa/name" of attachments.sha256. */
static bool
each_listed(restore *r, bool (*fn)(restore *r, const char *sum, const char *name))
{
    const char  *path = inside(r, "attachments.sha256");
    FILE        *f = fopen(path, "re");
    char         line[256];
    bool         ok = true;

    if (f == NULL) {
        return no(r, "\"%s\" cannot be read", path);
    }
    while (ok && fgets(line, sizeof(line), f) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        ok = strlen(line) == 64 + 2 + 2 + 1 + 64 && strspn(line, "0123456789abcdef") == 64
             && strspn(line + 66, "0123456789abcdef/") == 67 && line[68] == '/';
        line[64] = '\0';
        ok = ok ? fn(r, line, line + 66) : no(r, "\"%s\" has a line that is none", path);
    }

    fclose(f);
    return ok;
}


static bool
check_attachment(restore *r, const char *sum, const char *name)
{
    ctl_digest  found;

    if (!ctl_digest_file(r->x, bx_sprintf(r->x->arena, "%s/attachments/%s", r->dir, name), &found)) {
        return false;
    }
    r->files++;
    return strcmp(found.sha256, sum) == 0 || no(r, "attachment \"%s\" is not as the manifest has it: the backup was damaged or changed", name);
}


static bool
read_manifest(restore *r)
{
    json_error_t  err;
    int           newest;

    r->manifest = bx_own(r->x->arena, json_load_file(inside(r, "manifest.json"), 0, &err));
    if (!json_is_object(r->manifest)) {
        return no(r, "\"%s\" holds no backup: its manifest.json cannot be read", r->dir);
    }
    if (json_integer_value(json_object_get(r->manifest, "format")) != BACKUP_FORMAT) {
        return no(r, "the backup in \"%s\" was made by another version: its format is not known here", r->dir);
    }

    newest = (int) json_integer_value(json_object_get(json_object_get(r->manifest, "schema"), "baoxue"));
    if (newest > bx_schema_newest()) {
        ctl_fail(r->x, "the backup's schema is at %d, this program knows %d: install the version that made it, or a newer one", newest,
                 bx_schema_newest());
        return false;
    }

    return fits(r, "database.sql") && fits(r, "attachments.sha256") && each_listed(r, check_attachment)
           && (json_object_get(r->manifest, "secrets") == NULL || fits(r, "secrets"));
}


/* Is every key of the one file, line by line, in the other? Which version is in use may differ. */
static bool
holds_keys(const char *path, const char *wanted)
{
    char    line[256], other[256];
    bool    all = true;
    FILE   *w = fopen(wanted, "re"), *f = fopen(path, "re");

    while (w != NULL && f != NULL && all && fgets(line, sizeof(line), w) != NULL) {
        bool  found = strncmp(line, "use", 3) == 0 || strchr("#\n", line[0]) != NULL;

        line[strcspn(line, "\r\n")] = '\0';
        rewind(f);
        while (!found && fgets(other, sizeof(other), f) != NULL) {
            other[strcspn(other, "\r\n")] = '\0';
            found = strcmp(line, other) == 0;
        }
        all = found;
    }

    explicit_bzero(line, sizeof(line));
    explicit_bzero(other, sizeof(other));
    all = all && w != NULL && f != NULL;
    if (w != NULL) {
        fclose(w);
    }
    if (f != NULL) {
        fclose(f);
    }

    return all;
}


/* The keys of the backup come into place unless others are there already: then whichever is wrong, nothing could be read. */
static bool
check_secrets(restore *r)
{
    const char   *path = r->x->set.secrets;
    const json_t *wanted = json_object_get(r->manifest, "secrets");
    struct stat   st;
    ctl_digest    sum;

    if (path == NULL) {
        return no(r, "which keys%s? give --secrets, or a configuration file with --config", "");
    }
    if (stat(path, &st) != 0) {
        return wanted != NULL || no(r, "the keys in \"%s\" are not there, nor in the backup: put the file back first", path);
    }
    if (wanted == NULL) {
        return true;
    }
    return ctl_digest_file(r->x, path, &sum)
           && (strcmp(sum.sha256, json_string_value(json_object_get(wanted, "sha256"))) == 0
               || holds_keys(path, inside(r, "secrets"))
               || no(r, "\"%s\" has not all the keys of the backup: move it away, or name another file with --secrets", path));
}


/* ---- the database */

static bool
ask(restore *r, bx_rows *rows, const char *sql)
{
    bx_error  err = { 0 };

    return bx_conn_query(r->conn, r->x->arena, rows, sql, BX_NO_ARGS, &err) == BX_OK || no(r, "%s", err.text);
}


static const char sql_tables[] =
    "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_TYPE = 'BASE TABLE' ORDER BY TABLE_NAME";

static bool
make_room(restore *r)
{
    bx_rows   rows;
    bx_error  err = { 0 };

    if (!ask(r, &rows, sql_tables)) {
        return false;
    }
    if (rows.nrows > 0 && !r->replace) {
        return no(r, "database \"%s\" is not empty: --replace throws away what is in it", r->x->set.database);
    }
    if (!r->replace && r->x->set.attachments != NULL && r->files > 0 && !ctl_dir_empty(r->x->set.attachments)) {
        return no(r, "\"%s\" is not empty: --replace writes into it all the same", r->x->set.attachments);
    }

    for (size_t i = 0; i < rows.nrows; i++) {
        if (bx_conn_run(r->conn, bx_sprintf(r->x->arena, "DROP TABLE `%s`", bx_cell_text(&rows, i, 0)), &err) != BX_OK) {
            return no(r, "%s", bx_sprintf(r->x->arena, "%s%s", err.text, ctl_owner_hint(r->x, &err)));
        }
    }
    return true;
}


static bool
load(restore *r)
{
    static const char *const  names[2] = { "mariadb", "mysql" };
    const char *const         args[] = { "--default-character-set=utf8mb4", "--batch", r->x->set.database, NULL };

    return ctl_client_run(r->x, &r->x->owner, names, args, inside(r, "database.sql"), NULL);
}


/* The tables are new ones: the server's account gets its rights on them. */
static bool
give_rights(restore *r)
{
    unsigned  given;
    bx_error  err = { 0 };

    return ctl_rights_give(r->x, &given, &err) == BX_OK || no(r, "%s", err.text);
}


static bool
compare_rows(restore *r)
{
    const char  *table;
    json_t      *n;
    bx_rows      rows;

    json_object_foreach(json_object_get(r->manifest, "tables"), table, n) {
        if (strchr(table, '`') != NULL || !ask(r, &rows, bx_sprintf(r->x->arena, "SELECT COUNT(*) FROM `%s`", table))) {
            return false;
        }
        if (bx_cell_int(&rows, 0, 0) != json_integer_value(n)) {
            ctl_fail(r->x, "table \"%s\" has %" PRId64 " rows, the backup %" JSON_INTEGER_FORMAT, table, bx_cell_int(&rows, 0, 0), json_integer_value(n));
            r->faults++;
        }
    }

    return true;
}


/* ---- attachments and keys */

static bool
put_attachment(restore *r, const char *sum, const char *name)
{
    ctl_digest   written;
    const char  *to = r->x->set.attachments;

    if (!ctl_make_dir(r->x, bx_sprintf(r->x->arena, "%s/%.2s", to, name))
        || !ctl_copy_file(r->x, bx_sprintf(r->x->arena, "%s/attachments/%s", r->dir, name), bx_sprintf(r->x->arena, "%s/%s", to, name), &written))
    {
        return false;
    }

    return strcmp(written.sha256, sum) == 0 || no(r, "attachment \"%s\" was not written as it is in the backup", name);
}


static bool
put_files(restore *r)
{
    struct stat  st;
    ctl_digest   sum;

    if (json_object_get(r->manifest, "secrets") != NULL && stat(r->x->set.secrets, &st) != 0
        && !ctl_copy_file(r->x, inside(r, "secrets"), r->x->set.secrets, &sum))
    {
        return false;
    }
    if (r->files == 0) {
        return true;
    }
    if (r->x->set.attachments == NULL) {
        return no(r, "the backup has attachments%s: where to? give --attachments", "");
    }

    return ctl_make_dir(r->x, r->x->set.attachments) && each_listed(r, put_attachment);
}


/* ---- the audit chains */

static bool
verify_chains(restore *r, int64_t *chains)
{
    json_t  *rows, *row;
    size_t   i;

    *chains = 0;
    if (ctl_open(r->x) != CTL_OK) {
        return false;
    }
    rows = ctl_query(r->x, "SELECT unit_id AS unit_id FROM audit_chain", BX_NO_ARGS);
    if (rows == NULL) {
        ctl_refused(r->x);
        return false;
    }

    json_array_foreach(rows, i, row) {
        int64_t  events, bad;

        if (bx_audit_verify(r->x->call, bx_id_parse(json_string_value(json_object_get(row, "unit_id"))), &events, &bad) != BX_OK) {
            json_decref(rows);
            ctl_refused(r->x);
            return false;
        }
        if (bad != 0) {
            ctl_fail(r->x, "the audit chain of unit %s does not fit from event %" PRId64 " on", json_string_value(json_object_get(row, "unit_id")), bad);
            r->faults++;
        }
        (*chains)++;
    }

    json_decref(rows);
    return true;
}


static bool
connect_db(restore *r)
{
    bx_error  err = { 0 };

    r->db = bx_db_create(&r->x->owner, &err);
    r->conn = r->db == NULL ? NULL : bx_db_take(r->db, &err);
    return r->conn != NULL || no(r, "no connection to MariaDB: %s", err.text);
}


static int
restore_run(ctl *x)
{
    restore  r = { .x = x, .dir = x->operands[0], .replace = ctl_has(x, "--replace") };
    int64_t  chains = 0;
    int      rc = CTL_FAILED, schema;
    bool     ok = read_manifest(&r) && check_secrets(&r);

    if (ok && !connect_db(&r)) {
        rc = CTL_NO_DATABASE;
    } else if (ok && make_room(&r) && load(&r) && give_rights(&r) && compare_rows(&r) && put_files(&r) && verify_chains(&r, &chains)) {
        schema = (int) json_integer_value(json_object_get(json_object_get(r.manifest, "schema"), "baoxue"));
        rc = r.faults > 0 ? CTL_FOUND
             : ctl_done(x, json_pack("{s:s, s:i, s:I, s:I}", "made_at", json_string_value(json_object_get(r.manifest, "made_at")), "schema", schema,
                                     "attachments", (json_int_t) r.files, "chains", (json_int_t) chains),
                        "the backup of %s is in place: %zu tables, %" PRId64 " attachments; %" PRId64 " audit chains are whole%s",
                        json_string_value(json_object_get(r.manifest, "made_at")), json_object_size(json_object_get(r.manifest, "tables")),
                        r.files, chains, schema < bx_schema_newest() ? "; run baoxuectl migrate now" : "");
    }

    if (r.conn != NULL) {
        bx_db_give(r.db, r.conn);
    }
    bx_db_destroy(r.db);
    return rc;
}


static const ctl_option restore_options[] = {
    { "--replace", NULL, "throw away what the database has now" },
    { NULL, NULL, NULL }
};

const ctl_command ctl_restore_commands[] = {
    { "restore", "DIR", 1, 1, CTL_OWNER, restore_options, restore_run, "a backup into an empty database, checked before and after" },
    { NULL, NULL, 0, 0, 0, NULL, NULL, NULL }
};
