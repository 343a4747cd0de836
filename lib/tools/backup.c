/* backup.c: baoxuectl backup: everything that a county's Baoxue is, in one directory: the database as MariaDB's own dump of one
 * moment, the attachments (they stay sealed), and a manifest with row counts and SHA-256 sums that restore holds them against.
 * The keys are not in it unless --with-secrets says so: whoever has both can read every identity number.
 *
 *     DIR/manifest.json  database.sql  attachments/aa/aabb…  attachments.sha256  [secrets] */

#include "tools/backup.h"
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
    json_t      *tables, *schema;             /* of the manifest */
    FILE        *list;                        /* attachments.sha256 */
    int64_t      files, bytes;
    ctl_digest   database, sums;
} backup;


static const char *
inside(backup *b, const char *name)
{
    return bx_sprintf(b->x->arena, "%s/%s", b->dir, name);
}


/* ---- the database */

/* One row a line, so that rows can be counted in what was written and not in what has happened since. */
static bool
dump(backup *b)
{
    static const char *const  names[2] = { "mariadb-dump", "mysqldump" };
    const char *const         args[] = {
        "--single-transaction", "--quick", "--skip-lock-tables", "--skip-add-locks", "--hex-blob", "--no-tablespaces", "--skip-triggers",
        "--skip-extended-insert", "--no-autocommit", "--default-character-set=utf8mb4", "--skip-dump-date", b->x->set.database, NULL
    };

    return ctl_client_run(b->x, &b->x->db, names, args, NULL, inside(b, "database.sql"));
}


static void
count_row(backup *b, const char *line)
{
    static const char  insert[] = "INSERT INTO `", create[] = "CREATE TABLE `";
    bool               row = strncmp(line, insert, sizeof(insert) - 1) == 0;
    const char        *name = row ? line + sizeof(insert) - 1
                              : strncmp(line, create, sizeof(create) - 1) == 0 ? line + sizeof(create) - 1 : NULL;
    const char        *end = name == NULL ? NULL : strchr(name, '`');
    char              *key;
    json_t            *n;

    if (end == NULL) {
        return;
    }

    key = strndup(name, (size_t) (end - name));
    n = key == NULL ? NULL : json_object_get(b->tables, key);
    if (key != NULL && n == NULL) {
        json_object_set_new(b->tables, key, json_integer(row));
    } else if (n != NULL) {
        json_integer_set(n, json_integer_value(n) + row);
    }
    free(key);
}


static bool
count_rows(backup *b)
{
    const char  *path = inside(b, "database.sql");
    FILE        *f = fopen(path, "re");
    char        *line = NULL;
    size_t       room = 0;

    if (f == NULL) {
        ctl_fail(b->x, "\"%s\": %s", path, strerror(errno));
        return false;
    }

    while (getline(&line, &room, f) > 0) {
        count_row(b, line);
    }

    free(line);
    fclose(f);
    return ctl_digest_file(b->x, path, &b->database);
}


static bool
read_schema(backup *b)
{
    json_t  *rows = ctl_query(b->x, "SELECT IF(plugin = '', 'baoxue', plugin) AS plugin, MAX(number) AS number FROM schema_migration"
                                    " WHERE number > 0 GROUP BY plugin", BX_NO_ARGS), *row;
    size_t   i;

    if (rows == NULL) {
        ctl_refused(b->x);
        return false;
    }

    json_array_foreach(rows, i, row) {
        json_object_set(b->schema, json_string_value(json_object_get(row, "plugin")), json_object_get(row, "number"));
    }
    json_decref(rows);
    return true;
}


/* ---- attachments. Copied after the dump: every file that it knows is there, perhaps some newer ones. */

static bool
copy_attachment(ctl *x, void *ctx, const char *name)
{
    backup     *b = ctx;
    ctl_digest  sum;
    char        from[4096], to[4096];

    snprintf(to, sizeof(to), "%s/attachments/%.2s", b->dir, name);
    if (!ctl_make_dir(x, to)) {
        return false;
    }
    snprintf(from, sizeof(from), "%s/%s", x->set.attachments, name);
    snprintf(to, sizeof(to), "%s/attachments/%s", b->dir, name);
    if (!ctl_copy_file(x, from, to, &sum)) {
        return false;
    }

    b->files++;
    b->bytes += sum.bytes;
    return fprintf(b->list, "%s  %s\n", sum.sha256, name) > 0;
}


static bool
copy_attachments(backup *b)
{
    const char  *path = inside(b, "attachments.sha256");
    bool         ok;

    b->list = fopen(path, "we");
    if (b->list == NULL) {
        ctl_fail(b->x, "\"%s\": %s", path, strerror(errno));
        return false;
    }

    ok = b->x->set.attachments == NULL
         || (ctl_make_dir(b->x, inside(b, "attachments")) && ctl_each_attachment(b->x, b->x->set.attachments, copy_attachment, b));
    if (fclose(b->list) != 0 && ok) {
        ctl_fail(b->x, "\"%s\": %s", path, strerror(errno));
        ok = false;
    }

    return ok && ctl_digest_file(b->x, path, &b->sums);
}


/* Files that rows of the dump name and that are not in the copy: they were lost before, or thrown away while it ran. */
static bool
count_missing(backup *b, int64_t *missing)
{
    bx_rows      rows;
    struct stat  st;

    *missing = 0;
    if (b->x->set.attachments == NULL) {
        return true;
    }
    if (bx_query(b->x->call, &rows, "SELECT DISTINCT LOWER(HEX(name_hash)) FROM attachment WHERE created_at < ?",
                 BX_ARGS(bx_text(bx_time_sql(b->x->arena, bx_call_now(b->x->call))))) != BX_OK)
    {
        ctl_refused(b->x);
        return false;
    }

    for (size_t i = 0; i < rows.nrows; i++) {
        const char  *name = bx_cell_text(&rows, i, 0);
        char         path[4096];

        snprintf(path, sizeof(path), "%s/attachments/%.2s/%s", b->dir, name, name);
        *missing += stat(path, &st) != 0;
    }
    return true;
}


/* ---- the manifest */

static json_t *
digest_json(const ctl_digest *sum)
{
    return json_pack("{s:I, s:s}", "bytes", (json_int_t) sum->bytes, "sha256", sum->sha256);
}


static bool
write_manifest(backup *b, json_t *manifest)
{
    const char  *path = inside(b, "manifest.json");

    if (json_dump_file(manifest, path, JSON_INDENT(2)) == 0) {
        return true;
    }

    ctl_fail(b->x, "\"%s\": %s", path, strerror(errno));
    return false;
}


static bool
copy_secrets(backup *b, json_t *manifest)
{
    ctl_digest  sum;

    if (!ctl_has(b->x, "--with-secrets")) {
        return true;
    }
    if (!ctl_copy_file(b->x, b->x->set.secrets, inside(b, "secrets"), &sum)) {
        return false;
    }

    json_object_set_new(manifest, "secrets", digest_json(&sum));
    return true;
}


static int
backup_run(ctl *x)
{
    backup    b = { .x = x, .dir = x->operands[0], .tables = bx_own(x->arena, json_object()), .schema = bx_own(x->arena, json_object()) };
    json_t   *manifest;
    int64_t   missing, rows = 0;
    json_t   *n;
    const char *table;

    if (!ctl_dir_empty(b.dir)) {
        return ctl_fail(x, "\"%s\" is not empty: a backup goes into a directory of its own", b.dir);
    }
    if (!ctl_make_dir(x, b.dir) || !read_schema(&b) || !dump(&b) || !count_rows(&b) || !copy_attachments(&b) || !count_missing(&b, &missing)) {
        return CTL_FAILED;
    }

    json_object_foreach(b.tables, table, n) {
        rows += json_integer_value(n);
    }
    manifest = bx_own(x->arena, json_pack("{s:i, s:s, s:s, s:s, s:O, s:O, s:o, s:o, s:I, s:I, s:I}", "format", BACKUP_FORMAT, "version",
        BX_VERSION, "made_at", bx_time_iso(x->arena, bx_call_now(x->call)), "database", x->set.database, "schema", b.schema,
        "tables", b.tables, "database.sql", digest_json(&b.database), "attachments.sha256", digest_json(&b.sums),
        "attachments", (json_int_t) b.files, "attachment_bytes", (json_int_t) b.bytes, "missing", (json_int_t) missing));
    if (!copy_secrets(&b, manifest) || !write_manifest(&b, manifest)) {
        return CTL_FAILED;
    }

    if (missing > 0) {
        fprintf(stderr, "baoxuectl: %" PRId64 " attachments that rows name are not in \"%s\"\n", missing, x->set.attachments);
    }
    ctl_done(x, json_incref(manifest), "%" PRId64 " rows of %zu tables and %" PRId64 " attachments are in \"%s\"%s", rows,
             json_object_size(b.tables), b.files, b.dir, ctl_has(x, "--with-secrets")
             ? ", with the keys: whoever has this directory can read every number in it"
             : "; the keys are not: keep a copy of the file of --secrets elsewhere, without it sealed numbers cannot be read again");
    return missing > 0 ? CTL_FOUND : CTL_OK;
}


static const ctl_option backup_options[] = {
    { "--with-secrets", NULL, "put the keys in too: then the backup can be read by whoever has it" },
    { NULL, NULL, NULL }
};

const ctl_command ctl_backup_commands[] = {
    { "backup", "DIR", 1, 1, CTL_CALL, backup_options, backup_run, "write database and attachments into a new directory" },
    { NULL, NULL, 0, 0, 0, NULL, NULL, NULL }
};
