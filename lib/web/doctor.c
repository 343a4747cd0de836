/*
 * doctor.c: what is wrong with an installation and how to mend it, as far as a server in work can see it: attachments, the database
 * and its settings, what is in it, the jobs. Every finding has a name, a sentence and, when it is not well, a sentence about what
 * to do; the sentences are in html/locale/<lang>/doctor.json. Changes nothing. `baoxuectl doctor` (tools/doctor.c) adds what only an
 * operator can look at; GET system shows the rest.
 */

#include "web/doctor.h"

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
#define FREE_MEGABYTES   500
#define MAX_PACKET       (4 * 1024 * 1024)


void
bx_doctor_found(bx_doctor *d, const char *check, bx_doctor_level how, json_t *params)
{
    static const char *const  words[] = { "ok", "advice", "fault" };
    const char               *text, *mend = NULL;

    bx_own(d->arena, params);
    text = bx_tr(d->arena, d->lang, bx_sprintf(d->arena, how == BX_WELL ? "doctor.%s" : "doctor.%s.no", check), params);
    if (how != BX_WELL) {
        mend = bx_tr(d->arena, d->lang, bx_sprintf(d->arena, "doctor.%s.mend", check), params);
    }

    d->faults += how == BX_FAULT;
    json_array_append_new(d->findings, json_pack("{s:s, s:s, s:s, s:s?}", "check", check, "level", words[how],
                                                 "text", text, "mend", mend));
    if (d->say != NULL) {
        d->say(d->ctx, how, text, mend);
    }
}


json_t *
bx_doctor_one(const char *name, const char *value)
{
    return json_pack("{s:s}", name, value == NULL ? "" : value);
}


/* ---- files */

void
bx_doctor_attachments(bx_doctor *d, const char *path)
{
    struct stat     st;
    struct statvfs  fs;

    if (path == NULL) {
        bx_doctor_found(d, "attachments_unset", BX_ADVICE, NULL);
        return;
    }
    if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode) || access(path, R_OK | W_OK | X_OK) != 0) {
        bx_doctor_found(d, "attachments", BX_FAULT, bx_doctor_one("path", path));
        return;
    }

    bx_doctor_found(d, "attachments", BX_WELL, bx_doctor_one("path", path));
    if ((st.st_mode & 07) != 0) {
        bx_doctor_found(d, "attachments_open", BX_FAULT, bx_doctor_one("path", path));
    }
    if (statvfs(path, &fs) == 0) {
        uint64_t  free_mb = (uint64_t) fs.f_bavail * fs.f_frsize / (1024 * 1024);

        bx_doctor_found(d, "space", free_mb < FREE_MEGABYTES ? BX_ADVICE : BX_WELL,
              json_pack("{s:s, s:I}", "path", path, "megabytes", (json_int_t) free_mb));
    }
}



/* ---- the server */

bool
bx_doctor_ask(bx_doctor *d, bx_rows *rows, const char *sql)
{
    bx_error  err = { 0 };

    if (bx_conn_query(d->conn, d->arena, rows, sql, BX_NO_ARGS, &err) == BX_OK) {
        return true;
    }

    bx_doctor_found(d, "query", BX_FAULT, bx_doctor_one("why", err.text));
    return false;
}


static int
version_number(const char *text)
{
    int  major = 0, minor = 0, patch = 0;

    return text != NULL && sscanf(text, "%d.%d.%d", &major, &minor, &patch) >= 2 ? major * 10000 + minor * 100 + patch : 0;
}


static void
check_version(bx_doctor *d)
{
    bx_rows      rows;
    const char  *text;

    if (!bx_doctor_ask(d, &rows, "SELECT VERSION()")) {
        return;
    }

    text = bx_cell_text(&rows, 0, 0);
    bx_doctor_found(d, "version", strstr(text, "MariaDB") == NULL || version_number(text) < OLDEST_SERVER ? BX_FAULT : BX_WELL,
          bx_doctor_one("version", text));
}


static void
check_session(bx_doctor *d)
{
    bx_rows  rows;

    if (!bx_doctor_ask(d, &rows, "SELECT @@sql_mode, @@tx_isolation, @@character_set_connection, @@global.sql_mode, @@global.tx_isolation,"
                       " @@global.character_set_server"))
    {
        return;
    }

    bx_doctor_found(d, "strict", strstr(bx_cell_text(&rows, 0, 0), "STRICT_") == NULL ? BX_FAULT : BX_WELL,
          bx_doctor_one("mode", bx_cell_text(&rows, 0, 0)));
    bx_doctor_found(d, "isolation", strcmp(bx_cell_text(&rows, 0, 1), "READ-COMMITTED") != 0 ? BX_FAULT : BX_WELL,
          bx_doctor_one("level", bx_cell_text(&rows, 0, 1)));
    bx_doctor_found(d, "charset", strcmp(bx_cell_text(&rows, 0, 2), "utf8mb4") != 0 ? BX_FAULT : BX_WELL,
          bx_doctor_one("charset", bx_cell_text(&rows, 0, 2)));

    /* Baoxue's own connections set these; whoever else writes into the database should be held to the same */
    if (strstr(bx_cell_text(&rows, 0, 3), "STRICT_") == NULL) {
        bx_doctor_found(d, "server_strict", BX_ADVICE, NULL);
    }
    if (strcmp(bx_cell_text(&rows, 0, 4), "READ-COMMITTED") != 0) {
        bx_doctor_found(d, "server_isolation", BX_ADVICE, bx_doctor_one("level", bx_cell_text(&rows, 0, 4)));
    }
    if (strcmp(bx_cell_text(&rows, 0, 5), "utf8mb4") != 0) {
        bx_doctor_found(d, "server_charset", BX_ADVICE, bx_doctor_one("charset", bx_cell_text(&rows, 0, 5)));
    }
}


static void
check_tables(bx_doctor *d)
{
    bx_rows  rows;

    if (bx_doctor_ask(d, &rows, "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()"
                      " AND TABLE_TYPE = 'BASE TABLE' AND (ENGINE <> 'InnoDB' OR TABLE_COLLATION NOT LIKE 'utf8mb4%') LIMIT 1"))
    {
        bx_doctor_found(d, "tables", rows.nrows > 0 ? BX_FAULT : BX_WELL, rows.nrows > 0 ? bx_doctor_one("table", bx_cell_text(&rows, 0, 0)) : NULL);
    }
}


static void
check_rights(bx_doctor *d)
{
    bx_error     err = { 0 };
    const char  *right, *table, *more;

    if (bx_rights_missing(d->conn, d->arena, &right, &table, &err) != BX_OK || bx_rights_needless(d->conn, d->arena, &more, &err) != BX_OK) {
        bx_doctor_found(d, "query", BX_FAULT, bx_doctor_one("why", err.text));
        return;
    }

    bx_doctor_found(d, "rights", table != NULL ? BX_FAULT : BX_WELL, table == NULL ? NULL : json_pack("{s:s, s:s}", "right", right, "table", table));
    if (more != NULL) {
        bx_doctor_found(d, "rights_needless", BX_ADVICE, bx_doctor_one("rights", more));
    }
}


static void
check_clock(bx_doctor *d)
{
    bx_rows  rows;
    int64_t  difference;

    if (!bx_doctor_ask(d, &rows, "SELECT UNIX_TIMESTAMP()")) {
        return;
    }

    difference = bx_cell_int(&rows, 0, 0) - (int64_t) time(NULL);
    bx_doctor_found(d, "clock", llabs((long long) difference) > CLOCK_SECONDS ? BX_FAULT : BX_WELL,
          json_pack("{s:I, s:s}", "seconds", (json_int_t) difference, "now", bx_time_iso(d->arena, bx_now())));
}


static void
check_limits(bx_doctor *d)
{
    bx_rows  rows;

    if (bx_doctor_ask(d, &rows, "SELECT @@max_allowed_packet, @@global.innodb_flush_log_at_trx_commit")) {
        bx_doctor_found(d, "packet", bx_cell_int(&rows, 0, 0) < MAX_PACKET ? BX_FAULT : BX_WELL,
              json_pack("{s:I}", "bytes", (json_int_t) bx_cell_int(&rows, 0, 0)));
        bx_doctor_found(d, "durable", bx_cell_int(&rows, 0, 1) != 1 ? BX_ADVICE : BX_WELL,
              json_pack("{s:I}", "value", (json_int_t) bx_cell_int(&rows, 0, 1)));
    }
}



/* ---- what is in it */

static void
check_contents(bx_doctor *d)
{
    bx_rows      rows;
    const char  *today = bx_date_text(d->arena, bx_date_of(bx_now()));

    if (bx_doctor_ask(d, &rows, "SELECT EXISTS (SELECT 1 FROM role_capability WHERE granted = 1),"
                      " (SELECT COUNT(*) FROM org_unit WHERE parent_id IS NULL),"
                      " (SELECT a.id FROM account a WHERE a.password IS NOT NULL ORDER BY a.id LIMIT 1)"))
    {
        bx_doctor_found(d, "roles", bx_cell_int(&rows, 0, 0) == 0 ? BX_FAULT : BX_WELL, NULL);
        bx_doctor_found(d, "county", bx_cell_int(&rows, 0, 1) == 1 ? BX_WELL : bx_cell_int(&rows, 0, 1) == 0 ? BX_ADVICE : BX_FAULT,
              json_pack("{s:I}", "count", (json_int_t) bx_cell_int(&rows, 0, 1)));
        if (bx_cell_int(&rows, 0, 2) == 0) {
            bx_doctor_found(d, "accounts", BX_ADVICE, NULL);
        }
    }
    if (bx_doctor_ask(d, &rows, bx_sprintf(d->arena, "SELECT COUNT(*) FROM term WHERE ends_on >= '%s'", today))) {
        bx_doctor_found(d, "terms", bx_cell_int(&rows, 0, 0) == 0 ? BX_ADVICE : BX_WELL, bx_doctor_one("today", today));
    }
    if (bx_doctor_ask(d, &rows, "SELECT s.name FROM org_unit s WHERE s.level = 'school' AND s.closed_on IS NULL AND NOT EXISTS"
                      " (SELECT 1 FROM position p WHERE p.unit_id = s.id) ORDER BY s.id LIMIT 1") && rows.nrows > 0)
    {
        bx_doctor_found(d, "unstaffed", BX_ADVICE, bx_doctor_one("school", bx_cell_text(&rows, 0, 0)));
    }
}


static void
check_jobs(bx_doctor *d)
{
    bx_rows      rows;
    const char  *since = bx_time_sql(d->arena, bx_now() - 600);

    if (!bx_doctor_ask(d, &rows, "SELECT name, result FROM job WHERE result IS NOT NULL AND result <> 'ok' LIMIT 1")) {
        return;
    }
    if (rows.nrows > 0) {
        bx_doctor_found(d, "job", BX_FAULT, json_pack("{s:s, s:s}", "job", bx_cell_text(&rows, 0, 0), "why", bx_cell_text(&rows, 0, 1)));
    }
    if (bx_doctor_ask(d, &rows, bx_sprintf(d->arena, "SELECT COUNT(*) FROM job WHERE ran_at >= '%s'", since))) {
        bx_doctor_found(d, "timer", bx_cell_int(&rows, 0, 0) == 0 ? BX_ADVICE : BX_WELL, NULL);
    }
}



void
bx_doctor_server(bx_doctor *d)
{
    check_version(d);
    check_session(d);
    check_clock(d);
    check_limits(d);
    check_tables(d);
    check_rights(d);
}


void
bx_doctor_contents(bx_doctor *d)
{
    check_contents(d);
    check_jobs(d);
}
