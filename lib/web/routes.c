/* routes.c: the one table of routes and how a path finds its row. */

#include "web/registry.h"
#include "flow/document.h"
#include "flow/flow.h"

#include <stdio.h>
#include <string.h>

/* Routes of the engine itself. */
static const bx_route own_routes[] = {
    { "GET", "plugins", NULL, bx_answer_plugins, BX_ANY_USER, NULL, "Menu, records, fields, states and code lists for the portal" },
    { "GET", "texts", NULL, bx_answer_texts, BX_PUBLIC, NULL, "Texts of a plugin that is not in the portal's locale files" },
    { "GET", "openapi.json", NULL, bx_answer_openapi, BX_PUBLIC, NULL, "This description" },
    { NULL }
};


static bx_rc
row_add(bx_tables *t, bx_route_row row, bx_error *err)
{
    if (t->nroutes == BX_MAX_ROUTES) {
        return bx_error_set(err, BX_E_INTERNAL, "more than %d routes", BX_MAX_ROUTES);
    }

    t->routes[t->nroutes++] = row;
    return BX_OK;
}


static bx_rc
generic_add(bx_tables *t, const bx_plugin *p, const bx_record_def *def, const char *method, const char *tail,
            bx_route_kind kind, const char *action, bx_error *err)
{
    bx_route_row  row = { .kind = kind, .def = def, .action = action, .plugin = p };

    row.route = (bx_route) { method, bx_sprintf(t->arena, "%s%s", def->name, tail), NULL, NULL, BX_ANY_USER, NULL, NULL };
    if (kind == BX_RT_EXPORT) {
        row.route.flags |= BX_SLOW;
    }
    return row.route.path == NULL ? bx_error_set(err, BX_E_MEMORY, "out of memory") : row_add(t, row, err);
}


static bool
has_creation(const bx_record_def *def)
{
    for (const bx_transition *t = def->transitions; t != NULL && t->action != NULL; t++) {
        if (t->from == BX_NEW && !(t->flags & BX_BY_JOB)) {
            return true;
        }
    }

    return def->create != NULL;
}


static bool
action_seen(const bx_record_def *def, const bx_transition *upto)
{
    for (const bx_transition *t = def->transitions; t != upto; t++) {
        if (strcmp(t->action, upto->action) == 0 && t->from != BX_NEW && !(t->flags & BX_BY_JOB)) {
            return true;
        }
    }

    return false;
}


static bool
has_documents(const bx_tables *t, const bx_record_def *def)
{
    const bx_document *d;

    for (size_t i = 0; (d = bx_tables_document(t, NULL, i)) != NULL; i++) {
        if (d->record != NULL && strcmp(d->record, def->name) == 0) {
            return true;
        }
    }

    return false;
}


static bx_rc
record_routes(bx_tables *t, const bx_plugin *p, const bx_record_def *def, bx_error *err)
{
    bx_rc  rc = BX_OK;

    rc |= generic_add(t, p, def, "GET", "", BX_RT_LIST, NULL, err);
    rc |= generic_add(t, p, def, "GET", "/export", BX_RT_EXPORT, NULL, err);
    rc |= generic_add(t, p, def, "GET", "/{id}", BX_RT_READ, NULL, err);

    if (has_creation(def)) {
        rc |= generic_add(t, p, def, "POST", "", BX_RT_CREATE, NULL, err);
    }
    if (has_documents(t, def)) {
        rc |= generic_add(t, p, def, "GET", "/{id}/documents", BX_RT_DOCUMENTS, NULL, err);
    }
    if (def->edit != NULL) {
        rc |= generic_add(t, p, def, "PATCH", "/{id}", BX_RT_PATCH, NULL, err);
    }
    if (def->states != NULL) {
        rc |= generic_add(t, p, def, "GET", "/{id}/history", BX_RT_HISTORY, NULL, err);
    }

    if (p->rules != NULL) {
        rc |= generic_add(t, p, def, "GET", "/{id}/rules", BX_RT_RULES, NULL, err);
    }
    if (def->transitions != NULL || (def->create != NULL && def->scope == BX_SCOPE_STUDENT)) {
        rc |= generic_add(t, p, def, "POST", "/bulk", BX_RT_BULK, NULL, err);
    }

    for (const bx_transition *move = def->transitions; move != NULL && move->action != NULL; move++) {
        if (move->from != BX_NEW && !(move->flags & BX_BY_JOB) && !action_seen(def, move)) {
            rc |= generic_add(t, p, def, "POST", bx_sprintf(t->arena, "/{id}/%s", move->action), BX_RT_ACT, move->action,
                              err);
        }
    }

    return rc == BX_OK ? BX_OK : BX_FAIL;
}


static bx_rc
handlers_add(bx_tables *t, const bx_plugin *p, const bx_route *list, bx_error *err)
{
    for (const bx_route *r = list; r != NULL && r->method != NULL; r++) {
        if (row_add(t, (bx_route_row) { .route = *r, .kind = BX_RT_HANDLER, .plugin = p }, err) != BX_OK) {
            return BX_FAIL;
        }
    }

    return BX_OK;
}


bx_rc
bx_routes_make(bx_tables *t, bx_error *err)
{
    if (handlers_add(t, NULL, own_routes, err) != BX_OK) {
        return BX_FAIL;
    }

    /* handlers first: "leave-requests/preview" is asked before "leave-requests/{id}" */
    for (size_t i = 0; i < t->nplugins; i++) {
        if (handlers_add(t, t->plugins[i], t->plugins[i]->routes, err) != BX_OK) {
            return BX_FAIL;
        }
    }
    for (size_t i = 0; i < t->nplugins; i++) {
        for (const bx_record_def *def = t->plugins[i]->records; def != NULL && def->name != NULL; def++) {
            if (record_routes(t, t->plugins[i], def, err) != BX_OK) {
                return BX_FAIL;
            }
        }
    }

    return BX_OK;
}


const bx_route_row *
bx_routes(size_t *n)
{
    const bx_tables *t = bx_tables_current();

    *n = t == NULL ? 0 : t->nroutes;
    return t == NULL ? NULL : t->routes;
}


/* Does a path fit a pattern? {id} takes one segment that is an id. */
static bool
fits(const char *pattern, const char *path, bx_id *id)
{
    *id = 0;

    while (*pattern != '\0' && *path != '\0') {
        if (*pattern == '{') {
            size_t  n = strcspn(path, "/");
            char    text[24];

            if (n >= sizeof(text)) {
                return false;
            }
            memcpy(text, path, n);
            text[n] = '\0';
            *id = bx_id_parse(text);
            if (*id == 0) {
                return false;
            }
            path += n;
            pattern += 4;

        } else if (*pattern++ != *path++) {
            return false;
        }
    }

    return *pattern == '\0' && *path == '\0';
}


const bx_route_row *
bx_route_match(const char *method, const char *path, bx_id *id, char allow[64])
{
    const char          *want = strcmp(method, "HEAD") == 0 ? "GET" : method;
    bx_id                found;
    size_t               len = 0, nrows;
    const bx_route_row  *rows = bx_routes(&nrows);

    allow[0] = '\0';

    for (size_t i = 0; i < nrows; i++) {
        if (rows[i].route.path[0] != path[0] || !fits(rows[i].route.path, path, &found)) {
            continue;
        }
        if (strcmp(rows[i].route.method, want) == 0) {
            *id = found;
            return &rows[i];
        }
        if (len + 10 < 64 && strstr(allow, rows[i].route.method) == NULL) {
            len += (size_t) snprintf(allow + len, 64 - len, "%s%s", len > 0 ? ", " : "", rows[i].route.method);
        }
    }

    return NULL;
}


bx_rc
bx_route_run(bx_call *c, const bx_route_row *row)
{
    switch (row->kind) {
    case BX_RT_HANDLER:
        if (row->route.takes != NULL && bx_body_check(c, row->route.takes, c->body) != BX_OK) {
            return BX_FAIL;
        }
        return row->route.handler(c);
    case BX_RT_LIST:
        return bx_generic_list(c, row->def);
    case BX_RT_EXPORT:
        return bx_generic_export(c, row->def);
    case BX_RT_DOCUMENTS:
        return bx_generic_documents(c, row->def);
    case BX_RT_READ:
        return bx_generic_read(c, row->def);
    case BX_RT_CREATE:
        return bx_generic_create(c, row->def);
    case BX_RT_PATCH:
        return bx_generic_patch(c, row->def);
    case BX_RT_HISTORY:
        return bx_generic_history(c, row->def);
    case BX_RT_RULES:
        return bx_generic_rules(c, row->def, row->plugin);
    case BX_RT_BULK:
        return bx_generic_bulk(c, row->def);
    case BX_RT_ACT:
        return bx_generic_act(c, row->def, row->action);
    }

    return bx_refuse(c, BX_E_NOT_FOUND, NULL, NULL, NULL);
}
