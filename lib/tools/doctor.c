/* doctor.c: says what is wrong with an installation and how to mend it. Every finding has a name, a sentence and, when it
 * is not well, a sentence about what to do; the sentences are in html/locale/<lang>/doctor.json. Changes nothing. */

#include "tools/tools.h"
#include "web/app_private.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#define OLDEST_SERVER    100600               /* 10.6.0 */
#define CLOCK_SECONDS    5
#define STATEMENTS       128                  /* kept a connection, as in db.h */
#define FREE_MEGABYTES   500
#define MAX_PACKET       (4 * 1024 * 1024)

typedef enum { WELL, ADVICE, FAULT } level;

typedef struct {
    ctl      *x;
    json_t   *findings;
    bool      texts;                          /* the locale files could be read */
    bx_db    *db;
    bx_conn  *conn;
    unsigned  faults;
} doctor;


/* Steals params. */
static void
found(doctor *d, const char *check, level how, json_t *params)
{
    static const char *const  words[] = { "ok", "advice", "fault" };
    static const char *const  signs[] = { "ok    ", "advice", "FAULT " };
    bx_arena                 *a = d->x->arena;
    const char               *lang = strcmp(d->x->set.language, "en") == 0 ? "en" : "zh-CN";
    const char               *text, *mend = NULL;

    bx_own(a, params);
    text = bx_tr(a, lang, bx_sprintf(a, how == WELL ? "doctor.%s" : "doctor.%s.no", check), params);
    if (how != WELL) {
        mend = bx_tr(a, lang, bx_sprintf(a, "doctor.%s.mend", check), params);
    }

    d->faults += how == FAULT;
    json_array_append_new(d->findings, json_pack("{s:s, s:s, s:s, s:s?}", "check", check, "level", words[how],
                                                 "text", text, "mend", mend));

    if (!d->x->json) {
        printf("%s  %s\n", signs[how], text);
        if (mend != NULL) {
            printf("        %s\n", mend);
        }
    }
}


static json_t *
one(const char *name, const char *value)
{
    return json_pack("{s:s}", name, value == NULL ? "" : value);
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
        found(d, "locale", WELL, one("path", d->x->set.locale));
    } else {
        json_array_append_new(d->findings,
                              json_pack("{s:s, s:s, s:s}", "check", "locale", "level", "fault", "text", err.text));
        d->faults++;
    }
}


static void
check_keys(doctor *d)
{
    bx_error     err = { 0 };
    const char  *path = d->x->set.secrets;

    if (path == NULL) {
        found(d, "keys_unset", ADVICE, NULL);
    } else if (bx_core_init(&err) != BX_OK || bx_keys_load(path, &err) != BX_OK) {
        found(d, "keys", FAULT, json_pack("{s:s, s:s}", "path", path, "why", err.text));
    } else {
        found(d, "keys", WELL, one("path", path));
    }
}


static void
check_password_file(doctor *d)
{
    struct stat  st;
    const char  *path = d->x->set.password_file;

    if (path != NULL && stat(path, &st) == 0) {
        found(d, "password_file", (st.st_mode & 077) != 0 ? FAULT : WELL,
              json_pack("{s:s, s:s}", "path", path, "mode", bx_sprintf(d->x->arena, "%04o", (unsigned) st.st_mode & 07777)));
    }
}


static void
check_attachments(doctor *d)
{
    struct stat     st;
    struct statvfs  fs;
    const char     *path = d->x->set.attachments;

    if (path == NULL) {
        found(d, "attachments_unset", ADVICE, NULL);
        return;
    }
    if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode) || access(path, R_OK | W_OK | X_OK) != 0) {
        found(d, "attachments", FAULT, one("path", path));
        return;
    }

    found(d, "attachments", WELL, one("path", path));
    if ((st.st_mode & 07) != 0) {
        found(d, "attachments_open", FAULT, one("path", path));
    }
    if (statvfs(path, &fs) == 0) {
        uint64_t  free_mb = (uint64_t) fs.f_bavail * fs.f_frsize / (1024 * 1024);

        found(d, "space", free_mb < FREE_MEGABYTES ? ADVICE : WELL,
              json_pack("{s:s, s:I}", "path", path, "megabytes", (json_int_t) free_mb));
    }
}


/* ---- the server */

static bool
ask(doctor *d, bx_rows *rows, const char *sql)
{
    bx_error  err = { 0 };

    if (bx_conn_query(d->conn, d->x->arena, rows, sql, BX_NO_ARGS, &err) == BX_OK) {
        return true;
    }

    found(d, "query", FAULT, one("why", err.text));
    return false;
}


static bool
check_connection(doctor *d)
{
    bx_error  err = { 0 };

    d->db = bx_db_create(&d->x->db, &err);
    d->conn = d->db == NULL ? NULL : bx_db_take(d->db, &err);
    if (d->conn == NULL) {
        found(d, "connection", FAULT, one("why", err.text));
        return false;
    }

    found(d, "connection", WELL, one("database", d->x->set.database));
    return true;
}


static int
version_number(const char *text)
{
    int  major = 0, minor = 0, patch = 0;

    return text != NULL && sscanf(text, "%d.%d.%d", &major, &minor, &patch) >= 2 ? major * 10000 + minor * 100 + patch : 0;
}


static void
check_version(doctor *d)
{
    bx_rows      rows;
    const char  *text;

    if (!ask(d, &rows, "SELECT VERSION()")) {
        return;
    }

    text = bx_cell_text(&rows, 0, 0);
    found(d, "version", strstr(text, "MariaDB") == NULL || version_number(text) < OLDEST_SERVER ? FAULT : WELL,
          one("version", text));
}


static void
check_session(doctor *d)
{
    bx_rows  rows;

    if (!ask(d, &rows, "SELECT @@sql_mode, @@tx_isolation, @@character_set_connection, @@global.sql_mode, @@global.tx_isolation,"
                       " @@global.character_set_server"))
    {
        return;
    }

    found(d, "strict", strstr(bx_cell_text(&rows, 0, 0), "STRICT_") == NULL ? FAULT : WELL,
          one("mode", bx_cell_text(&rows, 0, 0)));
    found(d, "isolation", strcmp(bx_cell_text(&rows, 0, 1), "READ-COMMITTED") != 0 ? FAULT : WELL,
          one("level", bx_cell_text(&rows, 0, 1)));
    found(d, "charset", strcmp(bx_cell_text(&rows, 0, 2), "utf8mb4") != 0 ? FAULT : WELL,
          one("charset", bx_cell_text(&rows, 0, 2)));

    /* Baoxue's own connections set these; whoever else writes into the database should be held to the same */
    if (strstr(bx_cell_text(&rows, 0, 3), "STRICT_") == NULL) {
        found(d, "server_strict", ADVICE, NULL);
    }
    if (strcmp(bx_cell_text(&rows, 0, 4), "READ-COMMITTED") != 0) {
        found(d, "server_isolation", ADVICE, one("level", bx_cell_text(&rows, 0, 4)));
    }
    if (strcmp(bx_cell_text(&rows, 0, 5), "utf8mb4") != 0) {
        found(d, "server_charset", ADVICE, one("charset", bx_cell_text(&rows, 0, 5)));
    }
}


static void
check_tables(doctor *d)
{
    bx_rows  rows;

    if (ask(d, &rows, "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()"
                      " AND TABLE_TYPE = 'BASE TABLE' AND (ENGINE <> 'InnoDB' OR TABLE_COLLATION NOT LIKE 'utf8mb4%') LIMIT 1"))
    {
        found(d, "tables", rows.nrows > 0 ? FAULT : WELL, rows.nrows > 0 ? one("table", bx_cell_text(&rows, 0, 0)) : NULL);
    }
}


static void
check_clock(doctor *d)
{
    bx_rows  rows;
    int64_t  difference;

    if (!ask(d, &rows, "SELECT UNIX_TIMESTAMP()")) {
        return;
    }

    difference = bx_cell_int(&rows, 0, 0) - (int64_t) time(NULL);
    found(d, "clock", llabs((long long) difference) > CLOCK_SECONDS ? FAULT : WELL,
          json_pack("{s:I, s:s}", "seconds", (json_int_t) difference, "now", bx_time_iso(d->x->arena, bx_now())));
}


static void
check_limits(doctor *d)
{
    bx_rows  rows;

    if (ask(d, &rows, "SELECT @@max_allowed_packet, @@global.innodb_flush_log_at_trx_commit")) {
        found(d, "packet", bx_cell_int(&rows, 0, 0) < MAX_PACKET ? FAULT : WELL,
              json_pack("{s:I}", "bytes", (json_int_t) bx_cell_int(&rows, 0, 0)));
        found(d, "durable", bx_cell_int(&rows, 0, 1) != 1 ? ADVICE : WELL,
              json_pack("{s:I}", "value", (json_int_t) bx_cell_int(&rows, 0, 1)));
    }
}


/* ---- the schema and what is in it */

static bool
check_schema(doctor *d)
{
    bx_error         err = { 0 };
    bx_migrate_opts  opts = { .dry_run = true };

    if (bx_migrate(d->db, d->x->set.schema, &opts, &err) != BX_OK) {
        found(d, "schema_files", FAULT, one("why", err.text));
        return false;
    }

    found(d, "schema", opts.applied > 0 ? FAULT : WELL, json_pack("{s:i}", "files", (int) opts.applied));
    return opts.applied == 0;
}


static void
check_contents(doctor *d)
{
    bx_rows      rows;
    const char  *today = bx_date_text(d->x->arena, bx_date_of(bx_now()));

    if (ask(d, &rows, "SELECT (SELECT COUNT(*) FROM role_capability WHERE granted = 1),"
                      " (SELECT COUNT(*) FROM org_unit WHERE parent_id IS NULL),"
                      " (SELECT COUNT(*) FROM account WHERE password IS NOT NULL)"))
    {
        found(d, "roles", bx_cell_int(&rows, 0, 0) == 0 ? FAULT : WELL, NULL);
        found(d, "county", bx_cell_int(&rows, 0, 1) == 1 ? WELL : bx_cell_int(&rows, 0, 1) == 0 ? ADVICE : FAULT,
              json_pack("{s:I}", "count", (json_int_t) bx_cell_int(&rows, 0, 1)));
        if (bx_cell_int(&rows, 0, 2) == 0) {
            found(d, "accounts", ADVICE, NULL);
        }
    }
    if (ask(d, &rows, bx_sprintf(d->x->arena, "SELECT COUNT(*) FROM term WHERE ends_on >= '%s'", today))) {
        found(d, "terms", bx_cell_int(&rows, 0, 0) == 0 ? ADVICE : WELL, one("today", today));
    }
    if (ask(d, &rows, "SELECT s.name FROM org_unit s WHERE s.level = 'school' AND s.closed_on IS NULL AND NOT EXISTS"
                      " (SELECT 1 FROM position p WHERE p.unit_id = s.id) ORDER BY s.id LIMIT 1") && rows.nrows > 0)
    {
        found(d, "unstaffed", ADVICE, one("school", bx_cell_text(&rows, 0, 0)));
    }
}


static void
check_jobs(doctor *d)
{
    bx_rows      rows;
    const char  *since = bx_time_sql(d->x->arena, bx_now() - 600);

    if (!ask(d, &rows, "SELECT name, result FROM job WHERE result IS NOT NULL AND result <> 'ok' LIMIT 1")) {
        return;
    }
    if (rows.nrows > 0) {
        found(d, "job", FAULT, json_pack("{s:s, s:s}", "job", bx_cell_text(&rows, 0, 0), "why", bx_cell_text(&rows, 0, 1)));
    }
    if (ask(d, &rows, bx_sprintf(d->x->arena, "SELECT COUNT(*) FROM job WHERE ran_at >= '%s'", since))) {
        found(d, "timer", bx_cell_int(&rows, 0, 0) == 0 ? ADVICE : WELL, NULL);
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
        found(d, "nginx_file", FAULT, one("path", path));
        return;
    }

    for (pool = strstr(text, "thread_pool baoxue"); pool != NULL; pool = strstr(pool + 1, "thread_pool baoxue")) {
        long  n = number_after(pool, "threads=");

        threads += n;
        if (number_after(pool, "max_queue=") > 64 * n) {
            found(d, "queue", ADVICE, json_pack("{s:I, s:I}", "queue", (json_int_t) number_after(pool, "max_queue="),
                                                "threads", (json_int_t) n));
        }
    }
    workers = number_after(text, "worker_processes");
    workers = workers < 1 ? 1 : workers;
    if (threads == 0) {
        found(d, "pools", FAULT, one("path", path));
        return;
    }

    if (ask(d, &rows, "SELECT @@max_prepared_stmt_count, @@max_connections")) {
        int64_t  connections = threads * workers * nodes, statements = connections * STATEMENTS;
        bool     fits = statements <= bx_cell_int(&rows, 0, 0) && connections + 10 <= bx_cell_int(&rows, 0, 1);

        found(d, "pools", fits ? WELL : FAULT,
              json_pack("{s:I, s:I, s:I, s:I, s:s}", "connections", (json_int_t) connections, "statements", (json_int_t) statements,
                        "max_connections", (json_int_t) bx_cell_int(&rows, 0, 1),
                        "max_prepared_stmt_count", (json_int_t) bx_cell_int(&rows, 0, 0), "path", path));
    }
}


static int
doctor_run(ctl *x)
{
    doctor  d = { .x = x, .findings = json_array() };

    check_locale(&d);
    check_keys(&d);
    check_password_file(&d);
    check_attachments(&d);
    if (check_connection(&d)) {
        check_version(&d);
        check_session(&d);
        check_clock(&d);
        check_limits(&d);
        check_tables(&d);
        if (check_schema(&d)) {
            check_contents(&d);
            check_jobs(&d);
        }
        check_nginx(&d);
        bx_db_give(d.db, d.conn);
    }
    if (d.db != NULL) {
        bx_db_destroy(d.db);
    }

    if (x->json) {
        json_dumpf(d.findings, stdout, JSON_INDENT(2));
        putchar('\n');
    }
    json_decref(d.findings);
    return d.faults > 0 ? CTL_FOUND : CTL_OK;
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
