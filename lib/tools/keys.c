/* keys.c: keys create, new, list, reseal, retire: the life of the keys. Owns the list of what is sealed; the file is core/key_file.c's.
 * reseal works in batches, each a transaction, while the server serves: it changes nothing but the sealed bytes, neither a row's version
 * nor its chain, and goes on where a killed run stopped, for it only ever looks for what another version has sealed. */

#include "tools/backup.h"
#include "core/core.h"
#include "flow/file_store.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BATCH       50
#define FILE_BYTES  ((size_t) 32 * 1024 * 1024)

/* Every sealed column, with the number that its row is found by; keys.test.js holds it against the schema. */
static const struct { const char *table, *column, *id; }  sealed[] = {
    { "account",       "phone_sealed",  "id" },
    { "student",       "id_number",     "id" },
    { "student",       "enrolment_no",  "id" },
    { "student",       "address",       "id" },
    { "student",       "phone",         "id" },
    { "student",       "extra",         "id" },
    { "guardian",      "phone",         "id" },
    { "guardian",      "id_number",     "id" },
    { "activation",    "code",          "id" },
    { "document",      "content",       "id" },
    { "second_factor", "secret_sealed", "account_id" }
};

#define NSEALED  (sizeof(sealed) / sizeof(sealed[0]))

typedef struct { int64_t values[256], files[256]; } tally;


static int
keys_create(ctl *x)
{
    bx_error  err = { 0 };

    if (x->set.secrets == NULL) {
        return ctl_misuse(x, "which file? give --secrets");
    }
    if (bx_core_init(&err) != BX_OK || bx_keys_create(x->set.secrets, &err) != BX_OK) {
        return ctl_fail(x, "%s", err.text);
    }

    return ctl_done(x, json_pack("{s:s}", "secrets", x->set.secrets),
                    "keys are in %s: keep a copy somewhere safe, without them sealed numbers cannot be read again", x->set.secrets);
}


/* The line in the root unit's chain: what is done, never a key. Before the file of keys is changed: a line too many is found sooner than
 * one that is missing. */
static bool
tell(ctl *x, const char *action, unsigned version, int64_t values, int64_t files)
{
    json_t  *what = bx_own(x->arena, json_pack("{s:i, s:I, s:I}", "key_version", (int) version, "values", (json_int_t) values, "files", (json_int_t) files));

    return bx_commit(x->call, 0, action, "keys", 0, what) == BX_OK;
}


static unsigned
newest(void)
{
    unsigned  v = BX_KEY_VERSIONS;

    while (v > 0 && !bx_keys_have(v)) {
        v--;
    }

    return v;
}


static int
keys_new(ctl *x)
{
    unsigned  version;
    bx_error  err = { 0 };

    if (newest() == bx_keys_use() && !tell(x, "key_new", bx_keys_use() + 1, 0, 0)) {
        return ctl_refused(x);
    }
    if (bx_keys_add(x->set.secrets, &version, &err) != BX_OK) {
        return ctl_fail(x, "%s", err.text);
    }

    return ctl_done(x, json_pack("{s:s, s:i}", "secrets", x->set.secrets, "version", (int) version),
                    "version %u is in %s and seals nothing yet. Keep a copy of the file, put it on every server, reload nginx on each,"
                    " then: baoxuectl keys reseal --reloaded", version, x->set.secrets);
}


/* ---- counting */

const char *
ctl_sealed_sql(bx_arena *a, size_t i)
{
    return i == NSEALED ? NULL : bx_sprintf(a, "SELECT ORD(LEFT(%s, 1)) AS version, COUNT(*) AS n FROM %s WHERE %s IS NOT NULL GROUP BY 1",
                                            sealed[i].column, sealed[i].table, sealed[i].column);
}


static bool
count_values(ctl *x, tally *t)
{
    for (size_t i = 0; i < NSEALED; i++) {
        bx_rows      rows;

        if (bx_query(x->call, &rows, ctl_sealed_sql(x->arena, i), BX_NO_ARGS) != BX_OK) {
            return false;
        }
        for (size_t row = 0; row < rows.nrows; row++) {
            t->values[bx_cell_int(&rows, row, 0) & 255] += bx_cell_int(&rows, row, 1);
        }
    }

    return true;
}


/* The version of a file; -1: it is gone or empty. */
static int
version_of(ctl *x, const char *name)
{
    char     path[PATH_MAX];
    uint8_t  version = 0;
    int      fd;
    ssize_t  n;

    snprintf(path, sizeof(path), "%s/%s", x->set.attachments, name);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd == -1) {
        return -1;
    }
    n = read(fd, &version, 1);
    close(fd);

    return n == 1 ? version : -1;
}


static bool
count_file(ctl *x, void *ctx, const char *name)
{
    int     version = version_of(x, name);
    tally  *t = ctx;

    if (version >= 0) {
        t->files[version]++;
    }

    return true;
}


/* Files that are not looked at would be lost with their key: without their directory nothing is counted, sealed or retired. */
static bool
find_files(ctl *x)
{
    static const char  sql[] = "(SELECT 1 AS n FROM attachment LIMIT 1) UNION ALL (SELECT 1 AS n FROM import WHERE has_file = 1 LIMIT 1)";
    bx_rows            rows = { 0 };

    if (x->set.attachments != NULL && access(x->set.attachments, R_OK | X_OK) == 0) {
        return true;
    }
    if (x->set.attachments == NULL && bx_query(x->call, &rows, sql, BX_NO_ARGS) != BX_OK) {
        ctl_refused(x);
        return false;
    }
    if (x->set.attachments != NULL) {
        ctl_fail(x, "the files in \"%s\" cannot be read: %s", x->set.attachments, strerror(errno));
    } else if (rows.nrows > 0) {
        ctl_fail(x, "there are files that these keys have sealed: say with --attachments where they are");
    }

    return x->set.attachments == NULL && rows.nrows == 0;
}


/* Says itself what is wrong. */
static bool
count(ctl *x, tally *t)
{
    *t = (tally) { 0 };

    if (!find_files(x)) {
        return false;
    }
    if (!count_values(x, t)) {
        ctl_refused(x);
        return false;
    }

    return x->set.attachments == NULL || ctl_each_attachment(x, x->set.attachments, count_file, t);
}


static int
keys_list(ctl *x)
{
    bool     lost = false;
    tally    t;
    json_t  *items;

    if (!count(x, &t)) {
        return CTL_FAILED;
    }

    items = bx_own(x->arena, json_array());
    for (unsigned v = 0; v < 256; v++) {
        if (bx_keys_have(v) || t.values[v] + t.files[v] > 0) {
            lost = lost || !bx_keys_have(v);
            json_array_append_new(items, json_pack("{s:i, s:s, s:I, s:I}", "version", (int) v, "key",
                !bx_keys_have(v) ? "missing" : v == bx_keys_use() ? "in use" : v > bx_keys_use() ? "waits" : "reads", "values",
                (json_int_t) t.values[v], "files", (json_int_t) t.files[v]));
        }
    }
    ctl_list(x, json_incref(items), "version key values files");

    return lost ? (ctl_fail(x, "some values need a key that is not in \"%s\": bring it back from a copy", x->set.secrets), CTL_FOUND) : CTL_OK;
}


/* ---- sealing anew */

static bx_rc
update_batch(ctl *x, bx_arena *a, size_t i, const bx_rows *rows, bx_error *err)
{
    bx_buf    sql;
    bx_value  args[BATCH * 3];
    char     *plain;
    size_t    n = rows->nrows;

    bx_buf_init(&sql, a);
    bx_buf_printf(&sql, "UPDATE %s SET %s = CASE %s", sealed[i].table, sealed[i].column, sealed[i].id);
    for (size_t row = 0; row < n; row++) {
        if (bx_unseal(a, bx_cell(rows, row, 1), &plain) != BX_OK || bx_seal(a, plain, &args[row * 2 + 1]) != BX_OK) {
            return bx_error_set(err, BX_E_INTERNAL, "%s.%s of row %" PRId64 " cannot be opened with version %u of the keys in \"%s\": is this the file "
                                "it was sealed with?", sealed[i].table, sealed[i].column, bx_cell_int(rows, row, 0),
                                (unsigned) *(const uint8_t *) bx_cell(rows, row, 1)->s, x->set.secrets);
        }
        args[row * 2] = args[n * 2 + row] = bx_int(bx_cell_int(rows, row, 0));
        bx_buf_str(&sql, " WHEN ? THEN ?");
    }
    bx_buf_printf(&sql, " ELSE %s END WHERE %s IN (?", sealed[i].column, sealed[i].id);
    for (size_t row = 1; row < n; row++) {
        bx_buf_str(&sql, ", ?");
    }
    bx_buf_str(&sql, ")");

    return sql.failed ? bx_error_set(err, BX_E_MEMORY, "out of memory") : bx_conn_exec(x->call->conn, NULL, sql.data, args, n * 3, err);
}


/* The next rows behind *last, locked, changed and committed; *n: how many there were. */
static bx_rc
reseal_batch(ctl *x, size_t i, int64_t *last, size_t *n, bx_error *err)
{
    bx_rc        rc = BX_FAIL;
    bx_rows      rows;
    bx_error     ignored = { 0 };
    bx_arena    *a = bx_arena_create(0);
    const char  *col = sealed[i].column, *id = sealed[i].id;
    const char  *sql = a == NULL ? NULL : bx_sprintf(a, "SELECT %s AS id, %s AS v FROM %s WHERE %s > ? AND %s IS NOT NULL AND ORD(LEFT(%s, 1)) <> ?"
                                                     " ORDER BY %s LIMIT %d FOR UPDATE", id, col, sealed[i].table, id, col, col, id, BATCH);

    *n = 0;
    if (sql == NULL) {
        bx_arena_destroy(a);
        return bx_error_set(err, BX_E_MEMORY, "out of memory");
    }

    if (bx_conn_run(x->call->conn, "START TRANSACTION", err) == BX_OK
        && bx_conn_query(x->call->conn, a, &rows, sql, BX_ARGS(bx_int(*last), bx_int(bx_keys_use())), err) == BX_OK
        && (rows.nrows == 0 || update_batch(x, a, i, &rows, err) == BX_OK) && bx_conn_run(x->call->conn, "COMMIT", err) == BX_OK)
    {
        *n = rows.nrows;
        *last = *n > 0 ? bx_cell_int(&rows, *n - 1, 0) : *last;
        rc = BX_OK;
    } else {
        (void) bx_conn_run(x->call->conn, "ROLLBACK", &ignored);
    }

    bx_arena_destroy(a);
    return rc;
}


static bx_rc
reseal_values(ctl *x, int64_t *done, bx_error *err)
{
    size_t   n;
    int64_t  last, before;

    for (size_t i = 0; i < NSEALED; i++) {
        last = INT64_MIN;
        before = *done;
        do {
            if (reseal_batch(x, i, &last, &n, err) != BX_OK) {
                return BX_FAIL;
            }
            *done += (int64_t) n;
        } while (n == BATCH);

        if (!x->json) {
            printf("%s.%s: %" PRId64 " sealed anew\n", sealed[i].table, sealed[i].column, *done - before);
            fflush(stdout);
        }
    }

    return BX_OK;
}


/* What is gone meanwhile stays gone. */
static bool
reseal_file(ctl *x, void *ctx, const char *name)
{
    int        version = version_of(x, name);
    bool       ok = false;
    void      *plain;
    int64_t   *done = ctx;
    size_t     len;
    bx_value   v, again;
    bx_error   err = { 0 };
    bx_arena  *a;

    if (version < 0 || (unsigned) version == bx_keys_use()) {
        return true;
    }

    a = bx_arena_create(0);
    if (a != NULL && bx_file_get(a, x->set.attachments, name + 3, FILE_BYTES, &v, &err) == BX_OK) {
        if (bx_unseal_bytes(a, &v, &plain, &len) != BX_OK || bx_seal_bytes(a, plain, len, &again) != BX_OK) {
            ctl_fail(x, "file \"%s\" cannot be opened with version %d of the keys in \"%s\": is this the file it was sealed with?", name, version,
                     x->set.secrets);
        } else {
            ok = bx_file_replace(x->set.attachments, name + 3, again.s, again.len, &err) == BX_OK;
            *done += ok;
        }
    }
    ok = ok || err.code == BX_E_NOT_FOUND;
    if (!ok && err.code != BX_E_NONE) {
        ctl_fail(x, "file \"%s\": %s", name, err.text);
    }

    bx_arena_destroy(a);
    return ok;
}


static int
keys_reseal(ctl *x)
{
    tally     t;
    int64_t   values = 0, files = 0, left = 0;
    unsigned  v = newest();
    bool      moved = v != bx_keys_use();
    bx_error  err = { 0 };

    if (!ctl_has(x, "--reloaded")) {
        return ctl_misuse(x, "a server that was not reloaded since \"keys new\" cannot read version %u: reload nginx on each, then say --reloaded", v);
    }
    if (!find_files(x)) {
        return CTL_FAILED;
    }
    if (moved && !tell(x, "key_use", v, 0, 0)) {
        return ctl_refused(x);
    }
    if ((moved && (bx_keys_put_in_use(x->set.secrets, v, &err) != BX_OK || bx_keys_load(x->set.secrets, &err) != BX_OK))
        || reseal_values(x, &values, &err) != BX_OK)
    {
        return ctl_fail(x, "%s", err.text);
    }
    if (x->set.attachments != NULL && !ctl_each_attachment(x, x->set.attachments, reseal_file, &files)) {
        return CTL_FAILED;
    }
    if (!tell(x, "reseal", v, values, files)) {
        return ctl_refused(x);
    }
    if (!count(x, &t)) {
        return CTL_FAILED;
    }
    for (unsigned other = 0; other < 256; other++) {
        left += other == v ? 0 : t.values[other] + t.files[other];
    }

    return ctl_done(x, json_pack("{s:i, s:I, s:I, s:I}", "version", (int) v, "values", (json_int_t) values, "files", (json_int_t) files, "left",
                                 (json_int_t) left),
                    "%" PRId64 " values and %" PRId64 " files sealed anew with version %u, %" PRId64 " left. %s", values, files, v, left,
                    moved || left > 0 ? "Servers seal with it once they are reloaded with this file: do that, then run this again"
                    : "Once every server is reloaded, older versions can go: baoxuectl keys retire");
}


static int
keys_retire(ctl *x)
{
    char           *end;
    tally           t;
    bx_error        err = { 0 };
    unsigned long   v = strtoul(x->operands[0], &end, 10);

    if (*end != '\0' || v == 0 || v > BX_KEY_VERSIONS) {
        return ctl_misuse(x, "\"%s\" is no version of the keys: baoxuectl keys list", x->operands[0]);
    }
    if (!ctl_has(x, "--reloaded")) {
        return ctl_misuse(x, "a server that was not reloaded since \"keys reseal\" may still seal with version %lu: reload nginx on each, then say --reloaded", v);
    }
    if (v < bx_keys_use() && bx_keys_have((unsigned) v)) {
        if (!count(x, &t)) {
            return CTL_FAILED;
        }
        if (t.values[v] + t.files[v] > 0) {
            return ctl_fail(x, "version %lu is still needed by %" PRId64 " values and %" PRId64 " files: reload every server, then baoxuectl keys reseal"
                            " --reloaded", v, t.values[v], t.files[v]);
        }
        if (!tell(x, "key_retire", (unsigned) v, 0, 0)) {
            return ctl_refused(x);
        }
    }
    if (bx_keys_retire(x->set.secrets, (unsigned) v, &err) != BX_OK) {
        return ctl_fail(x, "%s", err.text);
    }

    return ctl_done(x, json_pack("{s:i}", "version", (int) v), "version %lu is out of %s and in %s.retired-%lu: backups of before need it; destroy it with the"
                    " last of them", v, x->set.secrets, x->set.secrets, v);
}


static const ctl_option reload_options[] = {
    { "--reloaded", NULL, "every server was reloaded since the last change of the keys" },
    { NULL, NULL, NULL }
};

const ctl_command ctl_key_commands[] = {
    { "keys create", "", 0, 0, 0, NULL, keys_create, "make the file of keys named by --secrets, unless it is there" },
    { "keys new", "", 0, 0, CTL_CALL, NULL, keys_new, "add the next version of the keys, which waits until reseal" },
    { "keys list", "", 0, 0, CTL_CALL, NULL, keys_list, "versions of the keys, and how much each has sealed" },
    { "keys reseal", "", 0, 0, CTL_CALL, reload_options, keys_reseal, "use the newest keys and seal everything anew; may be repeated" },
    { "keys retire", "VERSION", 1, 1, CTL_CALL, reload_options, keys_retire, "take a version out that seals nothing any more" },
    { NULL, NULL, 0, 0, 0, NULL, NULL, NULL }
};
