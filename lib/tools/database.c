/* database.c: migrate: what a new database needs before anybody can sign in, and after each upgrade. */

#include "tools/tools.h"

#include <mysqld_error.h>

#include <stdio.h>
#include <string.h>


/* ---- the two accounts */

bx_rc
ctl_rights_give(ctl *x, unsigned *given, bx_error *err)
{
    bx_rc     rc = BX_FAIL;
    bx_db    *owner, *server;
    bx_conn  *giver = NULL, *taker = NULL;

    *given = 0;
    if (strcmp(x->owner.user, x->db.user) == 0) {
        return BX_OK;
    }

    owner = bx_db_create(&x->owner, err);
    server = bx_db_create(&x->db, err);
    giver = owner == NULL ? NULL : bx_db_take(owner, err);
    taker = giver == NULL || server == NULL ? NULL : bx_db_take(server, err);
    if (taker != NULL) {
        rc = bx_rights_give(giver, taker, x->arena, given, err);
        bx_db_give(server, taker);
    }
    if (giver != NULL) {
        bx_db_give(owner, giver);
    }

    bx_db_destroy(owner);
    bx_db_destroy(server);
    return rc;
}


const char *
ctl_owner_hint(ctl *x, const bx_error *err)
{
    if (err->db != ER_TABLEACCESS_DENIED_ERROR && err->db != ER_SPECIFIC_ACCESS_DENIED_ERROR) {
        return "";
    }

    return bx_sprintf(x->arena, x->set.owner == NULL
        ? "\nbaoxuectl: account \"%s\" may not change tables: name the one that may with --owner and --owner-password-file, or in the "
          "configuration file (docs/install.md, step 2)"
        : "\nbaoxuectl: account \"%s\" lacks a right on the database that the owner of its tables needs (docs/install.md, step 2)", x->owner.user);
}


/* ---- migrate */

typedef struct { ctl *x; json_t *lines; } report;

static void
say(void *ctx, const char *line)
{
    report *r = ctx;

    json_array_append_new(r->lines, json_string(line));
    if (!r->x->json) {
        puts(line);
    }
}


static const char sql_grant[] = "INSERT IGNORE INTO role_capability (role, capability, granted) VALUES (?, ?, 1)";

/* What a role may do by default; what was taken away (granted 0) or given here stays as it is. */
static bx_rc
grants_seed(ctl *x, bx_conn *conn, uint64_t *added, bx_error *err)
{
    size_t                   n;
    const bx_plugin *const  *plugins = bx_plugins(&n);

    *added = 0;
    for (size_t i = 0; i < n; i++) {
        for (const bx_grant *g = plugins[i]->grants; g != NULL && g->role != NULL; g++) {
            char *rest, *copy = bx_strdup(x->arena, g->capabilities);

            for (char *w = strtok_r(copy, " ,\n", &rest); w != NULL; w = strtok_r(NULL, " ,\n", &rest)) {
                uint64_t  rows = 0;

                if (bx_conn_exec(conn, &rows, sql_grant, BX_ARGS(bx_text(g->role), bx_text(w)), err) != BX_OK) {
                    return BX_FAIL;
                }
                *added += rows;
            }
        }
    }

    return BX_OK;
}


/* The schema files of the plugins of --load-plugin, each with numbers of its own. */
static bx_rc
plugins_run(bx_db *db, bx_migrate_opts *opts, bx_error *err)
{
    bx_loaded  plugin;
    unsigned   applied = opts->applied;

    for (size_t i = 0; bx_tables_loaded(i, &plugin); i++) {
        if (plugin.schema == 0) {
            continue;
        }
        opts->plugin = plugin.name;
        if (bx_migrate(db, plugin.schema_dir, opts, err) != BX_OK) {
            return BX_FAIL;
        }
        applied += opts->applied;
    }

    opts->applied = applied;
    return BX_OK;
}


static bx_rc
migrate_run(ctl *x, bx_db *db, bx_migrate_opts *opts, uint64_t *added, unsigned *rights, bx_error *err)
{
    bx_rc     rc;
    bx_conn  *conn;

    if (bx_migrate(db, x->set.schema, opts, err) != BX_OK || plugins_run(db, opts, err) != BX_OK) {
        return BX_FAIL;
    }
    if (opts->dry_run) {
        return BX_OK;
    }

    conn = bx_db_take(db, err);
    if (conn == NULL) {
        return BX_FAIL;
    }

    rc = ctl_plugin_columns(x, conn, err) == BX_OK && grants_seed(x, conn, added, err) == BX_OK ? BX_OK : BX_FAIL;
    bx_db_give(db, conn);
    return rc == BX_OK ? ctl_rights_give(x, rights, err) : rc;
}


static int
migrate(ctl *x)
{
    int              code;
    bx_rc            rc = BX_FAIL;
    bx_error         err = { 0 };
    uint64_t         added = 0;
    unsigned         rights = 0;
    report           r = { x, json_array() };
    bx_migrate_opts  opts = { .dry_run = ctl_has(x, "--dry-run"), .say = say, .ctx = &r };
    bx_tables       *tables = ctl_tables(x, &err);                      /* refuses a plugin with a fault before all else */
    bx_db           *db = tables == NULL ? NULL : bx_db_create(&x->owner, &err);

    if (db != NULL) {
        rc = migrate_run(x, db, &opts, &added, &rights, &err);
    }

    if (rc != BX_OK) {
        json_decref(r.lines);
        code = ctl_fail(x, "%s%s", err.text, ctl_owner_hint(x, &err));
        code = bx_db_lost(&err) ? CTL_NO_DATABASE : code;
    } else if (opts.dry_run) {
        code = ctl_done(x, json_pack("{s:b, s:i, s:o}", "dry_run", 1, "files", (int) opts.applied, "lines", r.lines),
                        opts.applied == 0 ? "nothing to do" : "%u files would be applied", opts.applied);
    } else {
        code = ctl_done(x, json_pack("{s:b, s:i, s:I, s:i, s:o}", "dry_run", 0, "files", (int) opts.applied,
                                     "grants", (json_int_t) added, "rights", (int) rights, "lines", r.lines),
                        "%u files applied, %llu grants added, %u rights given to \"%s\": the schema is current", opts.applied,
                        (unsigned long long) added, rights, x->db.user);
    }

    if (db != NULL) {
        bx_db_destroy(db);
    }
    bx_tables_close(tables);
    return code;
}


static const ctl_option migrate_options[] = {
    { "--dry-run", NULL, "say what would be applied, change nothing" },
    { NULL, NULL, NULL }
};

const ctl_command ctl_database_commands[] = {
    { "migrate", "", 0, 0, CTL_OWNER, migrate_options, migrate, "bring the database to this version; may be repeated" },
    { NULL, NULL, 0, 0, 0, NULL, NULL, NULL }
};
