/* plugin.c: what baoxuectl says of plugins: which there are, and what is wrong with one that is being written. */

#include "tools/tools.h"

#include <stdio.h>
#include <string.h>


bx_tables *
ctl_tables(ctl *x, bx_error *err)
{
    bx_tables_config  conf = { .files = x->plugins };

    return bx_core_init(err) == BX_OK ? bx_tables_open(&conf, err) : NULL;
}


/* ---- plugin check */

typedef struct { ctl *x; json_t *faults; } report;

static void
say(void *ctx, const bx_plugin *p, const char *text)
{
    report *r = ctx;

    json_array_append_new(r->faults, json_pack("{s:s, s:s}", "plugin", p->name, "fault", text));
    if (!r->x->json) {
        printf("%s: %s\n", p->name, text);
    }
}


static int
check(ctl *x)
{
    bx_error          err = { 0 };
    bx_loaded         plugin;
    unsigned          n = 0;
    report            r = { x, json_array() };
    bx_tables_config  conf = { .files = x->plugins, .locale_dir = x->set.locale, .say = say, .ctx = &r };
    bx_tables        *t = bx_core_init(&err) == BX_OK ? bx_tables_open(&conf, &err) : NULL;

    if (t == NULL && json_array_size(r.faults) == 0) {
        json_decref(r.faults);
        return ctl_fail(x, "%s", err.text);
    }
    if (t == NULL) {
        n = (unsigned) json_array_size(r.faults);
        ctl_done(x, json_pack("{s:o}", "faults", r.faults), "%u faults", n);
        return CTL_FOUND;
    }

    while (bx_tables_loaded(n, &plugin)) {
        n++;
    }
    bx_tables_close(t);
    return ctl_done(x, json_pack("{s:o}", "faults", r.faults),
                    n == 0 ? "no plugin was named with --load-plugin" : "no faults");
}


/* ---- plugin list */

static int
list(ctl *x)
{
    bx_error                 err = { 0 };
    bx_tables               *t = ctl_tables(x, &err);
    json_t                  *items = json_array();
    bx_loaded                plugin = { 0 };
    size_t                   n;
    const bx_plugin *const  *plugins;
    int                      code;

    if (t == NULL) {
        json_decref(items);
        return ctl_fail(x, "%s", err.text);
    }

    plugins = bx_plugins(&n);
    for (size_t i = 0, k = 0; i < n; i++) {
        bool  loaded = bx_tables_loaded(k, &plugin) && strcmp(plugin.name, plugins[i]->name) == 0;

        json_array_append_new(items, json_pack("{s:s, s:s?, s:o}", "name", plugins[i]->name,
                                               "file", loaded ? plugin.file : NULL, "schema", loaded ? json_integer(plugin.schema) : json_null()));
        k += loaded;
    }

    code = ctl_list(x, items, "name file schema");
    bx_tables_close(t);
    return code;
}


/* ---- columns */

static char *
select_text(ctl *x, const bx_record_def *def)
{
    bx_buf  b;

    bx_buf_init(&b, x->arena);
    bx_buf_str(&b, "SELECT t.id, t.version, t.created_at, t.created_by, t.updated_at");
    if (def->states != NULL) {
        bx_buf_str(&b, ", t.state");
    }
    if (def->scope == BX_SCOPE_STUDENT) {
        bx_buf_str(&b, ", t.student_id, t.class_id");
    }
    bx_buf_str(&b, bx_record_alias(def)[0] == 'u' ? ", t.unit_id" : ", t.school_id, t.township_id");
    for (const bx_field *f = def->fields; f->name != NULL; f++) {
        if (f->type != BX_FILES) {
            bx_buf_printf(&b, ", t.%s", f->name);
        }
    }
    bx_buf_printf(&b, " FROM %s t LIMIT 0", def->table);
    return b.data;
}


bx_rc
ctl_plugin_columns(ctl *x, bx_conn *conn, bx_error *err)
{
    size_t                   n;
    bx_loaded                plugin;
    const bx_plugin *const  *plugins = bx_plugins(&n);

    for (size_t i = 0, k = 0; i < n; i++) {
        if (!bx_tables_loaded(k, &plugin) || strcmp(plugin.name, plugins[i]->name) != 0) {
            continue;
        }
        k++;
        for (const bx_record_def *def = plugins[i]->records; def != NULL && def->name != NULL; def++) {
            bx_error  why = { 0 };
            bx_rows   rows;

            if (bx_conn_query(conn, x->arena, &rows, select_text(x, def), BX_NO_ARGS, &why) != BX_OK) {
                return bx_error_set(err, why.code, "plugin \"%s\": table \"%s\" of %s: %s", plugin.name, def->table,
                                    def->name, why.text);
            }
        }
    }

    return BX_OK;
}


const ctl_command ctl_plugin_commands[] = {
    { "plugin list", "", 0, 0, CTL_OFFLINE, NULL, list, "plugins that are built in or named with --load-plugin" },
    { "plugin check", "", 0, 0, CTL_OFFLINE, NULL, check, "what is wrong with the tables and texts of plugins" },
    { NULL, NULL, 0, 0, 0, NULL, NULL, NULL }
};
