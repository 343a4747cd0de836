/* routes.c: what baoxuectl says of the tables that requests are judged by: every route with the capability it asks for, and every
 * record with its scope, fields and transitions. The walk over all routes and roles (tests/http/walk.test.js) is made from it. */

#include "tools/tools.h"
#include "web/routes.h"

#include <string.h>


static const char *const kinds[] = {
    [BX_RT_HANDLER] = "handler", [BX_RT_LIST] = "list", [BX_RT_READ] = "read", [BX_RT_CREATE] = "create", [BX_RT_PATCH] = "patch",
    [BX_RT_HISTORY] = "history", [BX_RT_ACT] = "act", [BX_RT_BULK] = "bulk", [BX_RT_EXPORT] = "export",
    [BX_RT_DOCUMENTS] = "documents", [BX_RT_RULES] = "rules"
};

static const char *const scopes[] = { [BX_SCOPE_STUDENT] = "student", [BX_SCOPE_SCHOOL] = "school", [BX_SCOPE_UNIT] = "unit" };


/* Capabilities that open an action from some state: "leave.consent leave.delegate". */
static const char *
action_capabilities(ctl *x, const bx_record_def *def, const char *action)
{
    bx_buf  b;

    bx_buf_init(&b, x->arena);
    for (const bx_transition *t = def->transitions; t != NULL && t->action != NULL; t++) {
        if (t->from != BX_NEW && t->capability != NULL && (action == NULL || strcmp(t->action, action) == 0)
            && !bx_word_in(b.data == NULL ? "" : b.data, t->capability))
        {
            bx_buf_printf(&b, "%s%s", b.len == 0 ? "" : " ", t->capability);
        }
    }

    return b.len == 0 ? NULL : b.data;
}


/* Capabilities of which one is needed: of generic routes the engine asks them per row. */
static const char *
needed(ctl *x, const bx_route_row *row)
{
    if (row->def == NULL) {                   /* a handler of no record */
        return row->route.capability;
    }

    switch (row->kind) {
    case BX_RT_HANDLER:
        return row->route.capability;
    case BX_RT_LIST:
    case BX_RT_READ:
    case BX_RT_HISTORY:
    case BX_RT_EXPORT:
    case BX_RT_DOCUMENTS:
    case BX_RT_RULES:
        return row->def->read;
    case BX_RT_PATCH:
        return row->def->edit;
    case BX_RT_BULK:
        if (row->def->transitions == NULL) {
            return row->def->create;
        }
        return action_capabilities(x, row->def, row->action);
    case BX_RT_ACT:
        return action_capabilities(x, row->def, row->action);
    case BX_RT_CREATE:
        break;
    }

    bx_buf  b;

    bx_buf_init(&b, x->arena);
    bx_buf_str(&b, row->def->create == NULL ? "" : row->def->create);
    for (const bx_transition *t = row->def->transitions; t != NULL && t->action != NULL; t++) {
        if (t->from == BX_NEW && t->capability != NULL && !bx_word_in(b.data, t->capability)) {
            bx_buf_printf(&b, "%s%s", b.len == 0 ? "" : " ", t->capability);
        }
    }
    return b.data;
}


static json_t *
route_json(ctl *x, const bx_route_row *row)
{
    uint32_t  flags = row->route.flags;
    bool      handler = row->kind == BX_RT_HANDLER;

    return json_pack("{s:s, s:s, s:s, s:s?, s:s?, s:s?, s:b, s:b, s:b, s:b}", "method", row->route.method, "path", row->route.path,
        "kind", kinds[row->kind], "record", row->def == NULL ? NULL : row->def->name, "action", row->action,
        "capability", needed(x, row), "public", handler && (flags & BX_PUBLIC) != 0, "any_user", handler && (flags & BX_ANY_USER) != 0,
        "upload", (flags & BX_UPLOAD) != 0, "keyed", strcmp(row->route.method, "GET") != 0 && (flags & BX_UNKEYED) == 0);
}


static json_t *
field_json(const bx_field *f)
{
    json_t             *codes = json_array();
    const bx_code_list *list = f->type == BX_CODE ? bx_codes_find(f->arg) : NULL;

    for (const bx_code *code = list == NULL ? NULL : list->codes; code != NULL && code->code != NULL; code++) {
        json_array_append_new(codes, json_string(code->code));
    }

    return json_pack("{s:s, s:s, s:s?, s:b, s:b, s:b, s:i, s:i, s:s?, s:s?, s:o}", "name", f->name, "type", bx_type_name(f->type),
        "of", f->arg, "required", (f->flags & BX_REQUIRED) != 0, "fixed", (f->flags & BX_FIXED) != 0,
        "by_hook", (f->flags & BX_BY_HOOK) != 0, "min", (int) f->min, "max", (int) f->max, "read", f->read, "write", f->write,
        "codes", codes);
}


static json_t *
record_json(const bx_record_def *def)
{
    json_t *fields = json_array(), *states = json_array(), *transitions = json_array();

    for (const bx_field *f = def->fields; f->name != NULL; f++) {
        json_array_append_new(fields, field_json(f));
    }
    for (const bx_state *s = def->states; s != NULL && s->name != NULL; s++) {
        json_array_append_new(states, json_string(s->name));
    }
    for (const bx_transition *t = def->transitions; t != NULL && t->action != NULL; t++) {
        json_array_append_new(transitions, json_pack("{s:s, s:s?, s:s, s:s?, s:s?, s:b, s:b}", "action", t->action, "from", t->from,
            "to", t->to, "capability", t->capability, "when", t->when, "not_own_child", (t->flags & BX_NOT_OWN_CHILD) != 0,
            "by_job", (t->flags & BX_BY_JOB) != 0));
    }

    return json_pack("{s:s, s:s, s:s, s:s?, s:s, s:s?, s:s?, s:s?, s:s?, s:o, s:o, s:o}", "name", def->name, "table", def->table,
        "scope", scopes[def->scope], "place", bx_record_place_member(def), "read", def->read, "create", def->create, "edit", def->edit,
        "editable", def->editable, "private_states", def->private_states, "fields", fields, "states", states,
        "transitions", transitions);
}


static int
routes(ctl *x)
{
    bx_error                 err = { 0 };
    bx_tables               *t = ctl_tables(x, &err);
    json_t                  *list = json_array(), *records = json_array();
    size_t                   n, nplugins;
    const bx_route_row      *rows;
    const bx_plugin *const  *plugins;
    int                      code;

    if (t == NULL) {
        json_decref(list);
        json_decref(records);
        return ctl_fail(x, "%s", err.text);
    }

    rows = bx_routes(&n);
    for (size_t i = 0; i < n; i++) {
        json_array_append_new(list, route_json(x, &rows[i]));
    }
    plugins = bx_plugins(&nplugins);
    for (size_t i = 0; i < nplugins; i++) {
        for (const bx_record_def *def = plugins[i]->records; def != NULL && def->name != NULL; def++) {
            json_array_append_new(records, record_json(def));
        }
    }

    if (x->json) {
        code = ctl_done(x, json_pack("{s:o, s:o}", "routes", list, "records", records), "%s", "");
    } else {
        json_decref(records);
        code = ctl_list(x, list, "method path capability");
    }
    bx_tables_close(t);
    return code;
}


const ctl_command ctl_route_commands[] = {
    { "routes", "", 0, 0, CTL_OFFLINE, NULL, routes, "every route with the capabilities of which it asks one" },
    { NULL, NULL, 0, 0, 0, NULL, NULL, NULL }
};
