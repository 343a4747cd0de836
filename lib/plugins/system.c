/*
 * system.c: what whoever runs the server looks at: the jobs and when each ran, the server itself (version, schema, database,
 * connections, disk) with what the doctor finds, and the audit trail (system_audit.c). Reads only.
 */
#include "plugins/system.h"
#include "web/app_private.h"
#include "web/doctor.h"

#include <inttypes.h>
#include <string.h>
#include <sys/statvfs.h>
#include <time.h>

/* ---- GET jobs */

static const bx_value *
ran_row(const bx_rows *rows, const char *job)
{
    for (size_t i = 0; i < rows->nrows; i++) {
        if (strcmp(bx_cell_text(rows, i, 0), job) == 0) {
            return bx_cell(rows, i, 0);
        }
    }

    return NULL;
}

static const char *
text_or_null(const bx_value *v)
{
    return v->kind == BX_V_NULL ? NULL : v->s;
}

static json_t *
job_json(bx_call *c, const bx_plugin *p, const bx_job *job, const bx_value *row)
{
    char        *key = bx_sprintf(c->arena, "job.%s", job->name);
    const char  *label = bx_tr(c->arena, c->lang, key, NULL), *ran = row == NULL ? NULL : text_or_null(&row[1]);
    const char  *leased = row == NULL ? NULL : text_or_null(&row[2]), *result = row == NULL ? NULL : text_or_null(&row[3]);
    bx_time      at = ran == NULL ? BX_NO_TIME : bx_time_parse_sql(ran), next = at == BX_NO_TIME ? c->now : at + job->every;
    bool         running = leased != NULL && bx_time_parse_sql(leased) > c->now;

    return json_pack("{s:s, s:s, s:s, s:i, s:s?, s:s?, s:s, s:s?, s:s}", "name", job->name,
        "label", key != NULL && strcmp(label, key) != 0 ? label : job->name, "plugin", p->name, "every", job->every,
        "ran_at", at == BX_NO_TIME ? NULL : bx_time_iso(c->arena, at), "result", result,
        "state", running ? "running" : at == BX_NO_TIME ? "never" : result == NULL || strcmp(result, "ok") == 0
                 ? (next + 10 * job->every + 600 < c->now ? "late" : "ok") : "failed",
        "node", row == NULL ? NULL : text_or_null(&row[4]), "next_at", bx_time_iso(c->arena, next));
}

static bx_rc
jobs_list(bx_call *c)
{
    const bx_plugin *const  *plugins;
    json_t                  *items = bx_own(c->arena, json_array());
    bx_rows                  rows;
    size_t                   n;

    if (bx_query(c, &rows, "SELECT name, ran_at, leased_until, result, node FROM job", BX_NO_ARGS) != BX_OK) {
        return BX_FAIL;
    }

    plugins = bx_plugins(&n);
    for (size_t i = 0; i < n; i++) {
        for (const bx_job *job = plugins[i]->jobs; job != NULL && job->name != NULL; job++) {
            json_array_append_new(items, job_json(c, plugins[i], job, ran_row(&rows, job->name)));
        }
    }

    return bx_answer(c, 200, json_pack("{s:O}", "items", items));
}

/* ---- GET system */

/* Round trip of the smallest statement, in milliseconds; the connection is there already. */
static bx_rc
database_json(bx_call *c, json_t **out)
{
    struct timespec  began, ended;
    bx_rows          rows;
    int              newest = 0;
    bx_error         err = { 0 };
    double           ms;

    clock_gettime(CLOCK_MONOTONIC, &began);
    if (bx_query(c, &rows, "SELECT VERSION(), @@hostname", BX_NO_ARGS) != BX_OK) {
        return BX_FAIL;
    }
    clock_gettime(CLOCK_MONOTONIC, &ended);
    ms = (double) (ended.tv_sec - began.tv_sec) * 1e3 + (double) (ended.tv_nsec - began.tv_nsec) / 1e6;

    if (bx_migrate_current(c->conn, c->arena, NULL, &newest, &err) != BX_OK) {
        c->error = err;
        return bx_refuse(c, BX_E_DATABASE, NULL, NULL, NULL);
    }

    *out = json_pack("{s:s, s:s, s:f, s:i, s:i}", "version", bx_cell_text(&rows, 0, 0), "host", bx_cell_text(&rows, 0, 1),
                     "milliseconds", ms, "schema", newest, "schema_newest", bx_schema_newest());
    return BX_OK;
}

static json_t *
pool_json(bx_call *c)
{
    bx_db_totals  t;
    bx_db_gauge   g;

    bx_db_figures(bx_app_db(c->app), &t, &g);
    return json_pack("{s:I, s:I, s:I, s:I, s:f, s:I, s:I}", "open", (json_int_t) g.open, "idle", (json_int_t) g.idle,
                     "opened", (json_int_t) t.opened, "statements", (json_int_t) t.statements,
                     "mean_milliseconds", t.statements == 0 ? 0.0 : (double) t.nanoseconds / 1e6 / (double) t.statements,
                     "lost", (json_int_t) t.failures[BX_DB_CONNECT] + (json_int_t) t.failures[BX_DB_LOST],
                     "failed", (json_int_t) t.failures[BX_DB_OTHER]);
}

static json_t *
disk_json(const char *path)
{
    struct statvfs  fs;

    if (path == NULL || statvfs(path, &fs) != 0) {
        return json_null();
    }

    return json_pack("{s:I, s:I}", "free_bytes", (json_int_t) fs.f_bavail * (json_int_t) fs.f_frsize,
                     "total_bytes", (json_int_t) fs.f_blocks * (json_int_t) fs.f_frsize);
}

static json_t *
plugins_json(void)
{
    const bx_plugin *const  *plugins;
    json_t                  *list = json_array();
    size_t                   n;

    plugins = bx_plugins(&n);
    for (size_t i = 0; i < n; i++) {
        json_array_append_new(list, json_string(plugins[i]->name));
    }

    return list;
}

static bx_rc
system_show(bx_call *c)
{
    bx_doctor  d = { .arena = c->arena, .lang = c->lang, .findings = bx_own(c->arena, json_array()) };
    json_t    *database = NULL;

    if (bx_call_connect(c) != BX_OK || database_json(c, &database) != BX_OK) {
        return BX_FAIL;
    }

    d.conn = c->conn;
    bx_doctor_attachments(&d, bx_app_attachments(c->app));
    bx_doctor_server(&d);
    bx_doctor_contents(&d);

    return bx_answer(c, 200, json_pack("{s:s, s:s, s:I, s:o, s:o, s:o, s:o, s:O, s:i}", "version", BX_VERSION,
        "started_at", bx_time_iso(c->arena, c->app->started), "uptime_seconds", (json_int_t) (c->now - c->app->started),
        "database", database, "connections", pool_json(c), "attachments", disk_json(bx_app_attachments(c->app)),
        "plugins", plugins_json(), "findings", d.findings, "faults", (int) d.faults));
}

/* ---- tables */

static const bx_route routes[] = {
    { "GET", "audit-events",             "audit.read",  bx_sys_audit_list,   BX_PERSONAL, NULL, "who did what, newest first" },
    { "GET", "audit-chains",             "audit.read",  bx_sys_audit_chains, 0, NULL, "the audit chains in scope" },
    { "GET", "audit-chains/{id}/verify", "audit.read",  bx_sys_audit_verify, BX_SLOW, NULL, "is the chain as it was written? a slice of it" },
    { "GET", "jobs",                     "system.read", jobs_list,           0, NULL, "the jobs, when each ran and what became of it" },
    { "GET", "system",                   "system.read", system_show,         BX_SLOW, NULL, "the server: version, database, disk, what the doctor finds" },
    { NULL, NULL, NULL, NULL, 0, NULL, NULL }
};

static const bx_grant grants[] = {
    { "county",    "audit.read system.read" },
    { "principal", "audit.read" },
    { "admin",     "audit.read" },
    { NULL, NULL }
};

static const bx_menu menu[] = {
    { "audit",  "#/audit",  "list", "audit.read" },
    { "system", "#/system", "set",  "system.read" },
    { NULL, NULL, NULL, NULL }
};

const bx_plugin bx_plugin_system = {
    .abi = BX_PLUGIN_ABI, .name = "system", .routes = routes, .grants = grants, .menu = menu
};
