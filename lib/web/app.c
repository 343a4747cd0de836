/* app.c: the application: what is loaded once in the master and opened once a worker. */

#include "web/app.h"
#include "web/app_private.h"
#include "core/core.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SCHEMA_NEWEST     18                  /* the newest file of schema/; a unit test compares */
#define DEFAULT_JSON      (256u * 1024)
#define DEFAULT_UPLOAD    (16u * 1024 * 1024)
#define DEFAULT_SESSION   (12 * 3600)


static char *
copy(bx_arena *a, const char *s)
{
    return s == NULL ? NULL : bx_strdup(a, s);
}


static bx_rc
copy_conf(bx_app *app, const bx_app_config *conf)
{
    size_t  n = 0;

    app->conf = *conf;
    app->conf.secret_file = copy(app->arena, conf->secret_file);
    app->conf.locale_dir = copy(app->arena, conf->locale_dir);
    app->conf.attachments = copy(app->arena, conf->attachments);
    app->conf.max_json = conf->max_json == 0 ? DEFAULT_JSON : conf->max_json;
    app->conf.max_upload = conf->max_upload == 0 ? DEFAULT_UPLOAD : conf->max_upload;
    app->conf.session_seconds = conf->session_seconds == 0 ? DEFAULT_SESSION : conf->session_seconds;

    while (conf->origins != NULL && conf->origins[n] != NULL) {
        n++;
    }

    app->origins = bx_alloc(app->arena, (n + 1) * sizeof(char *));
    if (app->origins == NULL) {
        return BX_FAIL;
    }
    for (size_t i = 0; i < n; i++) {
        app->origins[i] = copy(app->arena, conf->origins[i]);
    }

    snprintf(app->cookie_name, sizeof(app->cookie_name), conf->insecure_cookie ? "baoxue-%u" : "__Host-baoxue",
             conf->cookie_port);
    return BX_OK;
}


bx_app *
bx_app_create(const bx_app_config *conf, bx_error *err)
{
    bx_arena         *a;
    bx_app           *app;
    bx_tables_config  tables = { .files = conf->plugins, .on = conf->workflows, .locale_dir = conf->locale_dir };

    if (bx_core_init(err) != BX_OK || (conf->secret_file != NULL && bx_keys_load(conf->secret_file, err) != BX_OK)) {
        return NULL;
    }

    a = bx_arena_create(4096);
    app = a == NULL ? NULL : bx_alloc(a, sizeof(*app));
    if (app == NULL) {
        bx_arena_destroy(a);
        bx_error_set(err, BX_E_MEMORY, "out of memory");
        return NULL;
    }

    app->arena = a;
    app->tables = bx_tables_open(&tables, err);
    if (app->tables != NULL && copy_conf(app, conf) != BX_OK) {
        bx_error_set(err, BX_E_MEMORY, "out of memory");
    } else if (app->tables != NULL) {
        app->db = bx_db_create(&conf->db, err);
    }

    if (app->db == NULL) {
        bx_app_destroy(app);
        return NULL;
    }

    bx_clock_set_offset(conf->utc_offset);
    return app;
}


bx_rc
bx_app_start(bx_app *app, bx_error *err)
{
    app->started = bx_now();
    return bx_db_library_init() == BX_OK ? BX_OK : bx_error_set(err, BX_E_INTERNAL, "cannot start the MariaDB client library");
}


void
bx_app_stop(bx_app *app)
{
    bx_db_destroy(app->db);
    app->db = NULL;
    bx_db_library_end();
}


void
bx_app_destroy(bx_app *app)
{
    if (app == NULL) {
        return;
    }
    if (app->db != NULL) {
        bx_db_destroy(app->db);
    }
    bx_tables_close(app->tables);
    bx_arena_destroy(app->arena);
}


const char *bx_app_cookie_name(const bx_app *app) { return app->cookie_name; }
unsigned bx_app_session_seconds(const bx_app *app) { return app->conf.session_seconds; }
const char *bx_app_attachments(const bx_app *app) { return app->conf.attachments; }
bx_db *bx_app_db(bx_app *app) { return app->db; }
const char *
bx_app_origin(const bx_app *app, const char *here)
{
    for (size_t i = 0; app->origins[i] != NULL; i++) {
        if (strcmp(app->origins[i], here) == 0) {
            return here;
        }
    }

    return app->origins[0] != NULL ? app->origins[0] : here;
}


int bx_schema_newest(void) { return SCHEMA_NEWEST; }


/* The schema of the server, and of each plugin from outside that is on. */
static bx_rc
schema_current(bx_conn *conn, bx_arena *a, bx_error *err)
{
    bx_loaded  plugin;
    int        newest = 0;

    if (bx_migrate_current(conn, a, NULL, &newest, err) != BX_OK) {
        return BX_FAIL;
    }
    if (newest != SCHEMA_NEWEST) {
        return bx_error_set(err, BX_E_INTERNAL, "schema is at %d, this server needs %d: run baoxuectl migrate", newest, SCHEMA_NEWEST);
    }

    for (size_t i = 0; bx_tables_loaded(i, &plugin); i++) {
        if (!plugin.on) {
            continue;
        }
        if (bx_migrate_current(conn, a, plugin.name, &newest, err) != BX_OK) {
            return BX_FAIL;
        }
        if (newest != plugin.schema) {
            return bx_error_set(err, BX_E_INTERNAL, "schema of plugin \"%s\" is at %d, its files go to %d: run baoxuectl "
                                "migrate --load-plugin %s", plugin.name, newest, plugin.schema, plugin.file);
        }
    }

    return BX_OK;
}


/* A migrate that was cut short has made tables and not yet given the rights on them. */
static bx_rc
rights_given(bx_app *app, bx_conn *conn, bx_arena *a, bx_error *err)
{
    const char  *right, *table;

    if (__atomic_load_n(&app->rights_seen, __ATOMIC_RELAXED)) {
        return BX_OK;
    }
    if (bx_rights_missing(conn, a, &right, &table, err) != BX_OK) {
        return BX_FAIL;
    }
    if (table != NULL) {
        return bx_error_set(err, BX_E_DATABASE, "account \"%s\" may not %s rows of table \"%s\": run baoxuectl migrate", app->conf.db.user, right, table);
    }

    __atomic_store_n(&app->rights_seen, 1, __ATOMIC_RELAXED);
    return BX_OK;
}


void
bx_app_on_head(bx_app *app, bx_head_told told, void *ctx)
{
    app->head_told = told;
    app->head_told_ctx = ctx;
}


bool bx_app_wants_heads(const bx_app *app) { return app->head_told != NULL; }
void
bx_app_tell_head(bx_app *app, bx_id unit, int64_t seq, const char *head)
{
    app->head_told(app->head_told_ctx, unit, seq, head);
}


void
bx_app_on_job(bx_app *app, bx_job_ran ran, void *ctx)
{
    app->job_ran = ran;
    app->job_ran_ctx = ctx;
}


int
bx_ready(bx_app *app, bx_error *err)
{
    bx_arena *a = bx_arena_create(4096);
    bx_conn  *conn = a == NULL ? NULL : bx_db_take(app->db, err);
    int       status = conn != NULL && schema_current(conn, a, err) == BX_OK && rights_given(app, conn, a, err) == BX_OK ? 0 : 503;

    if (conn != NULL) {
        bx_db_give(app->db, conn);
    }
    bx_arena_destroy(a);
    return status;
}


bx_rc
bx_revocations(bx_app *app, bx_arena *a, bx_time since, bx_revoked **out, size_t *n, bx_error *err)
{
    bx_rows  rows;
    bx_conn *conn = bx_db_take(app->db, err);
    bx_rc    rc;

    if (conn == NULL) {
        return BX_FAIL;
    }

    rc = bx_conn_query(conn, a, &rows, "SELECT account_id, token_hash FROM revocation WHERE at >= ?",
                       BX_ARGS(bx_text(bx_time_sql(a, since))), err);
    bx_db_give(app->db, conn);
    if (rc != BX_OK) {
        return BX_FAIL;
    }

    *n = rows.nrows;
    *out = bx_alloc(a, (rows.nrows + 1) * sizeof(**out));
    if (*out == NULL) {
        return bx_error_set(err, BX_E_MEMORY, "out of memory");
    }

    for (size_t i = 0; i < rows.nrows; i++) {
        const bx_value *hash = bx_cell(&rows, i, 1);

        (*out)[i].account = bx_cell_int(&rows, i, 0);
        (*out)[i].all = hash->kind == BX_V_NULL || hash->len != 32;
        if (!(*out)[i].all) {
            memcpy((*out)[i].token_hash, hash->s, 32);
        }
    }

    return BX_OK;
}
