/* doctor.c: baoxuectl doctor: says what is wrong with an installation and how to mend it. What a server in work can see too is in
 * web/doctor.c; here is what only an operator can look at: texts, keys, files, the schema's files, nginx.conf. Changes nothing. */

#include "tools/tools.h"
#include "web/doctor.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define STATEMENTS       128                  /* kept a connection, as in db.h */

typedef struct {
    ctl        *x;
    bx_doctor   d;
    bool        texts;                        /* the locale files could be read */
    bx_db      *db;
} doctor;


static void
say(void *ctx, bx_doctor_level how, const char *text, const char *mend)
{
    static const char *const  signs[] = { "ok    ", "advice", "FAULT " };

    (void) ctx;
    printf("%s  %s\n", signs[how], text);
    if (mend != NULL) {
        printf("        %s\n", mend);
    }
}


/* ---- files */

static void
check_locale(doctor *d)
{
    bx_error  err = { 0 };

    d->texts = bx_locale_load(d->x->set.locale, &err) == BX_OK;
    if (!d->texts && !d->x->json) {
        printf("FAULT   the texts in \"%s\" cannot be read: %s\n"
               "        give the directory html/locale with --locale\n", d->x->set.locale, err.text);
    }
    if (d->texts) {
        bx_doctor_found(&d->d, "locale", BX_WELL, bx_doctor_one("path", d->x->set.locale));
    } else {
        json_array_append_new(d->d.findings,
                              json_pack("{s:s, s:s, s:s}", "check", "locale", "level", "fault", "text", err.text));
        d->d.faults++;
    }
}


static void
check_keys(doctor *d)
{
    bx_error     err = { 0 };
    const char  *path = d->x->set.secrets;

    if (path == NULL) {
        bx_doctor_found(&d->d, "keys_unset", BX_ADVICE, NULL);
    } else if (bx_core_init(&err) != BX_OK || bx_keys_load(path, &err) != BX_OK) {
        bx_doctor_found(&d->d, "keys", BX_FAULT, json_pack("{s:s, s:s}", "path", path, "why", err.text));
    } else {
        bx_doctor_found(&d->d, "keys", BX_WELL, bx_doctor_one("path", path));
    }
}


static void
check_password_file(doctor *d, const char *path)
{
    struct stat  st;

    if (path != NULL && stat(path, &st) == 0) {
        bx_doctor_found(&d->d, "password_file", (st.st_mode & 077) != 0 ? BX_FAULT : BX_WELL,
                        json_pack("{s:s, s:s}", "path", path, "mode", bx_sprintf(d->x->arena, "%04o", (unsigned) st.st_mode & 07777)));
    }
}


/* ---- the database */

static bool
check_connection(doctor *d)
{
    bx_error  err = { 0 };

    d->db = bx_db_create(&d->x->db, &err);
    d->d.conn = d->db == NULL ? NULL : bx_db_take(d->db, &err);
    if (d->d.conn == NULL) {
        bx_doctor_found(&d->d, "connection", BX_FAULT, bx_doctor_one("why", err.text));
        return false;
    }

    bx_doctor_found(&d->d, "connection", BX_WELL, bx_doctor_one("database", d->x->set.database));
    return true;
}


/* ---- the schema and what is in it */

static bool
check_schema(doctor *d)
{
    bx_error         err = { 0 };
    bx_migrate_opts  opts = { .dry_run = true };

    if (bx_migrate(d->db, d->x->set.schema, &opts, &err) != BX_OK) {
        bx_doctor_found(&d->d, "schema_files", BX_FAULT, bx_doctor_one("why", err.text));
        return false;
    }

    bx_doctor_found(&d->d, "schema", opts.applied > 0 ? BX_FAULT : BX_WELL, json_pack("{s:i}", "files", (int) opts.applied));
    return opts.applied == 0;
}


/* What no version in the file of keys can open is lost to everybody, and pages show nothing in its place. */
static void
check_sealed(doctor *d)
{
    const char *sql;
    bx_rows     rows;
    int64_t     n = 0, lost = 0;

    for (size_t i = 0; bx_keys_use() > 0 && (sql = ctl_sealed_sql(d->x->arena, i)) != NULL && bx_doctor_ask(&d->d, &rows, sql); i++) {
        for (size_t row = 0; row < rows.nrows; row++) {
            n += bx_cell_int(&rows, row, 1);
            lost += bx_keys_have((unsigned) bx_cell_int(&rows, row, 0)) ? 0 : bx_cell_int(&rows, row, 1);
        }
    }

    if (bx_keys_use() > 0) {
        bx_doctor_found(&d->d, "sealed", lost > 0 ? BX_FAULT : BX_WELL,
                        json_pack("{s:I, s:I, s:i}", "n", (json_int_t) n, "lost", (json_int_t) lost, "version", (int) bx_keys_use()));
    }
}


/* ---- nginx.conf: threads x statements x workers have to fit the server */

/* The number behind a word of the file, "threads=8" or "worker_processes 4"; 0 when it is not there. */
static long
number_after(const char *text, const char *word)
{
    const char *at = strstr(text, word);

    if (at == NULL) {
        return 0;
    }

    at += strlen(word);
    at += strspn(at, " \t");
    return strncmp(at, "auto", 4) == 0 ? sysconf(_SC_NPROCESSORS_ONLN) : strtol(at, NULL, 10);
}


static char *
read_text(ctl *x, const char *path)
{
    bx_buf  b;
    char    part[4096];
    size_t  n;
    FILE   *f = fopen(path, "re");

    if (f == NULL) {
        return NULL;
    }

    bx_buf_init(&b, x->arena);
    while ((n = fread(part, 1, sizeof(part), f)) > 0 && b.len < 1024 * 1024) {
        bx_buf_add(&b, part, n);
    }

    fclose(f);
    return b.data;
}


static void
check_nginx(doctor *d)
{
    bx_rows      rows;
    const char  *path = ctl_get(d->x, "--nginx"), *pool;
    char        *text = path == NULL ? NULL : read_text(d->x, path);
    long         threads = 0, workers;
    long         nodes = ctl_has(d->x, "--nodes") ? strtol(ctl_get(d->x, "--nodes"), NULL, 10) : 1;

    if (path == NULL) {
        return;
    }
    if (text == NULL) {
        bx_doctor_found(&d->d, "nginx_file", BX_FAULT, bx_doctor_one("path", path));
        return;
    }

    for (pool = strstr(text, "thread_pool baoxue"); pool != NULL; pool = strstr(pool + 1, "thread_pool baoxue")) {
        long  n = number_after(pool, "threads=");

        threads += n;
        if (number_after(pool, "max_queue=") > 64 * n) {
            bx_doctor_found(&d->d, "queue", BX_ADVICE, json_pack("{s:I, s:I}", "queue", (json_int_t) number_after(pool, "max_queue="),
                                                "threads", (json_int_t) n));
        }
    }
    workers = number_after(text, "worker_processes");
    workers = workers < 1 ? 1 : workers;
    if (threads == 0) {
        bx_doctor_found(&d->d, "pools", BX_FAULT, bx_doctor_one("path", path));
        return;
    }

    if (bx_doctor_ask(&d->d, &rows, "SELECT @@max_prepared_stmt_count, @@max_connections")) {
        int64_t  connections = threads * workers * nodes, statements = connections * STATEMENTS;
        bool     fits = statements <= bx_cell_int(&rows, 0, 0) && connections + 10 <= bx_cell_int(&rows, 0, 1);

        bx_doctor_found(&d->d, "pools", fits ? BX_WELL : BX_FAULT,
                        json_pack("{s:I, s:I, s:I, s:I, s:s}", "connections", (json_int_t) connections, "statements", (json_int_t) statements,
                        "max_connections", (json_int_t) bx_cell_int(&rows, 0, 1),
                        "max_prepared_stmt_count", (json_int_t) bx_cell_int(&rows, 0, 0), "path", path));
    }
}


static int
doctor_run(ctl *x)
{
    doctor  d = { .x = x, .d = { .arena = x->arena, .lang = strcmp(x->set.language, "en") == 0 ? "en" : "zh-CN",
                                 .findings = json_array(), .say = x->json ? NULL : say } };

    check_locale(&d);
    check_keys(&d);
    check_password_file(&d, x->set.password_file);
    check_password_file(&d, x->set.owner_password_file);
    bx_doctor_attachments(&d.d, x->set.attachments);
    if (check_connection(&d)) {
        bx_doctor_server(&d.d);
        if (check_schema(&d)) {
            bx_doctor_contents(&d.d);
            check_sealed(&d);
        }
        check_nginx(&d);
        bx_db_give(d.db, d.d.conn);
    }
    if (d.db != NULL) {
        bx_db_destroy(d.db);
    }

    if (x->json) {
        json_dumpf(d.d.findings, stdout, JSON_INDENT(2));
        putchar('\n');
    }
    json_decref(d.d.findings);
    return d.d.faults > 0 ? CTL_FOUND : CTL_OK;
}


static const ctl_option doctor_options[] = {
    { "--nginx", "FILE", "also read this nginx.conf: thread pools against the limits of the database" },
    { "--nodes", "N", "how many such nginx nodes there are (1)" },
    { NULL, NULL, NULL }
};

const ctl_command ctl_doctor_commands[] = {
    { "doctor", "", 0, 0, 0, doctor_options, doctor_run, "say what is wrong and how to mend it; exit 4 when something is" },
    { NULL, NULL, 0, 0, 0, NULL, NULL, NULL }
};
