/* openapi.c: the OpenAPI 3.1 description, made from the tables that dispatch enforces, so that it cannot say anything else. */

#include "flow/flow.h"
#include "web/routes.h"
#include "web/tables.h"
#include "flow/sheet_write.h"

#include <stdlib.h>
#include <string.h>

#define ID_PATTERN  "^[1-9][0-9]{0,18}$"


static json_t *
ref(const char *name)
{
    return json_pack("{s:o}", "$ref", json_sprintf("#/components/schemas/%s", name));
}


static json_t *
nullable(json_t *schema)
{
    return json_pack("{s:[o, {s:s}]}", "anyOf", schema, "type", "null");
}


static json_t *
code_schema(const char *list)
{
    const bx_code_list *l = list == NULL ? NULL : bx_codes_find(list);
    json_t             *values = json_array();

    for (const bx_code *code = l == NULL ? NULL : l->codes; code != NULL && code->code != NULL; code++) {
        json_array_append_new(values, json_string(code->code));
    }

    return json_pack("{s:s, s:o}", "type", "string", "enum", values);
}


static json_t *
file_schema(void)
{
    return json_pack("{s:s, s:{s:s, s:{s:{s:s}, s:{s:s}, s:{s:s}}}}", "type", "array", "items", "type", "object", "properties",
                     "id", "type", "string", "media_type", "type", "string", "size", "type", "integer");
}


/* What a field looks like in a body (in) or in an answer. */
static json_t *
field_schema(const bx_field *f, bool in)
{
    json_t *o;

    switch (f->type) {
    case BX_CODE:
        return code_schema(f->arg);
    case BX_INT:
        o = json_pack("{s:s}", "type", "integer");
        if (in && (f->min != 0 || f->max != 0)) {
            json_object_set_new(o, "minimum", json_integer(f->min));
            json_object_set_new(o, "maximum", json_integer(f->max));
        }
        return o;
    case BX_HALVES:
        return json_pack("{s:s, s:f}", "type", "number", "multipleOf", 0.5);
    case BX_BOOL:
        return json_pack("{s:s}", "type", "boolean");
    case BX_DATE:
        return json_pack("{s:s, s:s}", "type", "string", "format", "date");
    case BX_TIME:
        return json_pack("{s:s, s:s}", "type", "string", "format", "date-time");
    case BX_REF:
        return json_pack("{s:s, s:s}", "type", "string", "pattern", ID_PATTERN);
    case BX_FILES:
        return in ? json_pack("{s:s, s:i, s:{s:s, s:s}}", "type", "array", "maxItems", (int) f->max,
                              "items", "type", "string", "pattern", ID_PATTERN) : file_schema();
    case BX_TEXT:
    case BX_SECRET:
        break;
    }

    o = json_pack("{s:s}", "type", "string");
    if (in && f->max > 0) {
        json_object_set_new(o, "maxLength", json_integer(f->max));
    }
    return o;
}


static json_t *
body_schema(const bx_field *takes, const bx_record_def *creating)
{
    json_t *properties = json_object(), *required = json_array();

    for (const bx_field *f = takes; f != NULL && f->name != NULL; f++) {
        if (f->flags & BX_BY_HOOK) {
            continue;
        }
        json_object_set_new(properties, f->name,
                            (f->flags & BX_REQUIRED) ? field_schema(f, true) : nullable(field_schema(f, true)));
        if (f->flags & BX_REQUIRED) {
            json_array_append_new(required, json_string(f->name));
        }
    }

    if (creating != NULL && creating->transitions != NULL) {
        json_t *actions = json_array();

        for (const bx_transition *t = creating->transitions; t->action != NULL; t++) {
            if (t->from == BX_NEW && !(t->flags & BX_BY_JOB)) {
                json_array_append_new(actions, json_string(t->action));
            }
        }
        json_object_set_new(properties, "action", json_pack("{s:s, s:o}", "type", "string", "enum", actions));
    }
    if (creating != NULL && bx_record_place_member(creating) != NULL) {
        json_object_set_new(properties, bx_record_place_member(creating), json_pack("{s:s, s:s, s:s}", "type", "string",
            "pattern", ID_PATTERN, "description", "Where it belongs; may be left out by whoever has one such unit only"));
    }

    return json_pack("{s:s, s:o, s:o, s:b}", "type", "object", "properties", properties, "required", required,
                     "additionalProperties", 0);
}


static json_t *
record_schema(const bx_record_def *def)
{
    json_t *properties = json_object(), *required = json_pack("[s, s]", "id", "version");

    json_object_set_new(properties, "id", json_pack("{s:s, s:s}", "type", "string", "pattern", ID_PATTERN));
    json_object_set_new(properties, "version", json_pack("{s:s}", "type", "integer"));

    for (const bx_field *f = def->fields; f->name != NULL; f++) {
        if (!(f->flags & BX_NO_JSON)) {
            json_object_set_new(properties, f->type == BX_HALVES && f->arg != NULL ? f->arg : f->name,
                                nullable(field_schema(f, false)));
        }
    }

    if (def->states != NULL) {
        json_t *names = json_array();

        for (const bx_state *s = def->states; s->name != NULL; s++) {
            json_array_append_new(names, json_string(s->name));
        }
        json_object_set_new(properties, "state", json_pack("{s:s, s:o}", "type", "string", "enum", names));
        json_array_append_new(required, json_string("state"));
    }

    return json_pack("{s:s, s:o, s:o}", "type", "object", "properties", properties, "required", required);
}


/* ---- operations */

static json_t *
header_param(const char *name, bool required, int max, const char *description)
{
    return json_pack("{s:s, s:s, s:b, s:s, s:{s:s, s:i}}", "name", name, "in", "header", "required", required,
                     "description", description, "schema", "type", "string", "maxLength", max);
}


static json_t *
query_param(const char *name, json_t *schema)
{
    return json_pack("{s:s, s:s, s:o}", "name", name, "in", "query", "schema", schema);
}


/* ?view= with its names, and ?date= where one of them asks for a day. */
static void
view_params(const bx_record_def *def, json_t *params)
{
    json_t *names = json_array();
    bool    dated = false;

    for (const bx_view *v = def->views; v != NULL && v->name != NULL; v++) {
        json_array_append_new(names, json_string(v->name));
        dated = dated || strstr(v->where, ":date") != NULL;
    }

    if (json_array_size(names) == 0) {
        json_decref(names);
        return;
    }
    json_array_append_new(params, query_param("view", json_pack("{s:s, s:o}", "type", "string", "enum", names)));
    if (dated) {
        json_array_append_new(params, query_param("date", json_pack("{s:s, s:s}", "type", "string", "format", "date")));
    }
}


/* What asks for rows of a list, on pages or as a file. */
static void
list_params(const bx_record_def *def, json_t *params)
{
    json_array_append_new(params, query_param("q", json_pack("{s:s, s:i}", "type", "string", "maxLength", 40)));
    json_array_append_new(params, header_param("Baoxue-Query", false, 1024,
                                               "Parameters of the query, written as there, that are to stand in no address"));

    if (def->states != NULL) {
        json_array_append_new(params, query_param("state", json_pack("{s:s}", "type", "string")));
        json_array_append_new(params, query_param("queue", json_pack("{s:s, s:[s]}", "type", "string", "enum", "mine")));
    }
    view_params(def, params);
    for (const bx_field *f = def->fields; f->name != NULL; f++) {
        if (f->flags & BX_FILTER) {
            json_array_append_new(params, query_param(f->name, json_pack("{s:s}", "type", "string")));
        }
    }
}


static json_t *
parameters(const bx_route_row *row)
{
    json_t *params = json_array();

    if (strstr(row->route.path, "{id}") != NULL) {
        json_array_append_new(params, json_pack("{s:s, s:s, s:b, s:{s:s, s:s}}", "name", "id", "in", "path", "required", 1,
                                                "schema", "type", "string", "pattern", ID_PATTERN));
    }
    if (strcmp(row->route.method, "GET") != 0 && !(row->route.flags & BX_UNKEYED)) {
        json_array_append_new(params, header_param("Idempotency-Key", true, 64, "The same key again gets the same answer, for 24 hours"));
    }
    if (row->kind == BX_RT_ACT || row->kind == BX_RT_PATCH) {
        json_array_append_new(params, header_param("If-Match", true, 64, "The version in quotes, as ETag gave it"));
    }
    if (row->kind == BX_RT_LIST) {
        json_array_append_new(params, query_param("limit", json_pack("{s:s, s:i, s:i}", "type", "integer", "minimum", 1, "maximum", 200)));
        json_array_append_new(params, query_param("after", json_pack("{s:s}", "type", "string")));
    }
    if (row->kind == BX_RT_EXPORT) {
        json_array_append_new(params, query_param("format", json_pack("{s:s, s:[s, s]}", "type", "string", "enum", "xlsx", "csv")));
    }
    if (row->kind == BX_RT_LIST || row->kind == BX_RT_EXPORT) {
        list_params(row->def, params);
    }

    return params;
}


static const bx_field *
action_fields(const bx_record_def *def, const char *action)
{
    for (const bx_transition *t = def->transitions; t->action != NULL; t++) {
        if (strcmp(t->action, action) == 0 && t->from != BX_NEW) {
            return t->takes;
        }
    }

    return NULL;
}


/* Items are rows to act on, or children to make a record for: then with whatever of its fields is each one's own. */
static json_t *
bulk_body(const bx_record_def *def)
{
    json_t *item = def->transitions == NULL
        ? json_pack("{s:s, s:{s:{s:s}}, s:[s]}", "type", "object", "properties", "student_id", "type", "string", "required", "student_id")
        : json_pack("{s:s, s:{s:{s:s}, s:{s:s}, s:{s:s}}}", "type", "object", "properties", "id", "type", "string", "version", "type", "integer",
                    "student_id", "type", "string");

    return json_pack("{s:{s:{s:{s:s, s:{s:{s:s}, s:{s:s, s:i, s:o}}, s:[s]}}}}", "content", "application/json", "schema", "type", "object",
        "properties", "action", "type", "string", "items", "type", "array", "maxItems", 100, "items", item, "required", "items");
}


static json_t *
request_body(const bx_route_row *row)
{
    json_t *schema;

    if (row->route.flags & BX_UPLOAD) {
        return json_pack("{s:b, s:{s:{s:{s:s, s:s}}}}", "required", 1, "content", "application/octet-stream",
                         "schema", "type", "string", "format", "binary");
    }

    switch (row->kind) {
    case BX_RT_CREATE:
        schema = body_schema(row->def->fields, row->def);
        break;
    case BX_RT_PATCH:
        schema = body_schema(row->def->fields, NULL);
        json_object_del(schema, "required");
        break;
    case BX_RT_BULK:
        return bulk_body(row->def);
    case BX_RT_ACT:
        schema = body_schema(action_fields(row->def, row->action), NULL);
        break;
    default:
        schema = row->route.takes != NULL ? body_schema(row->route.takes, NULL) : json_pack("{s:s}", "type", "object");
    }

    return json_pack("{s:{s:{s:o}}}", "content", "application/json", "schema", schema);
}


static json_t *
answer_schema(const bx_route_row *row)
{
    switch (row->kind) {
    case BX_RT_LIST:
        return json_pack("{s:s, s:{s:{s:s, s:o}, s:{s:[s, s]}}, s:[s, s]}", "type", "object", "properties",
                         "items", "type", "array", "items", ref(row->def->name),
                         "next", "type", "string", "null", "required", "items", "next");
    case BX_RT_READ:
    case BX_RT_CREATE:
    case BX_RT_PATCH:
    case BX_RT_ACT:
        return ref(row->def->name);
    case BX_RT_DOCUMENTS:
        return ref("Documents");
    case BX_RT_HISTORY:
        return ref("History");
    case BX_RT_RULES:
        return ref("Rules");
    case BX_RT_BULK:
        return ref("Bulk");
    case BX_RT_HANDLER:
    case BX_RT_EXPORT:
        break;
    }

    return json_pack("{s:s}", "type", "object");
}


static json_t *
responses(const bx_route_row *row)
{
    json_t *o = json_object();
    json_t *ok;

    if (row->kind == BX_RT_EXPORT) {
        ok = json_pack("{s:s, s:{s:{}, s:{}}}", "description", "The rows as a file; X-Rows tells how many, and \"; cut\" when there "
                       "are more than export.max_rows", "content", bx_sheet_media_type(BX_SHEET_XLSX),
                       bx_sheet_media_type(BX_SHEET_CSV));
        json_object_set_new(o, "200", ok);
    } else if (row->kind == BX_RT_HANDLER) {
        ok = json_pack("{s:s}", "description", "Done");
        json_object_set_new(o, "2XX", ok);
    } else {
        ok = json_pack("{s:s, s:{s:{s:o}}}", "description", row->kind == BX_RT_CREATE ? "Made" : "Done",
                       "content", "application/json", "schema", answer_schema(row));
        json_object_set_new(o, row->kind == BX_RT_CREATE ? "201" : "200", ok);
    }

    json_object_set_new(o, "default", json_pack("{s:s, s:{s:{s:o}}}", "description", "What went wrong (RFC 9457)",
                                                "content", "application/problem+json", "schema", ref("Problem")));
    return o;
}


static json_t *
operation_id(const bx_route_row *row)
{
    char    text[128];
    size_t  n = 0;

    for (const char *p = row->route.method; *p != '\0' && n < sizeof(text) - 2; p++) {
        text[n++] = (char) (*p | 0x20);
    }
    text[n++] = '_';
    for (const char *p = row->route.path; *p != '\0' && n < sizeof(text) - 1; p++) {
        if (*p != '{' && *p != '}') {
            text[n++] = *p == '/' || *p == '-' || *p == '.' ? '_' : *p;
        }
    }
    text[n] = '\0';
    return json_string(text);
}


static json_t *
operation(const bx_route_row *row)
{
    json_t *o = json_object();

    json_object_set_new(o, "operationId", operation_id(row));
    json_object_set_new(o, "tags", json_pack("[s]", row->plugin != NULL ? row->plugin->name : "portal"));
    if (row->route.summary != NULL) {
        json_object_set_new(o, "summary", json_string(row->route.summary));
    }
    json_object_set_new(o, "security", row->route.flags & BX_PUBLIC ? json_array() : json_pack("[{s:[]}]", "session"));
    json_object_set_new(o, "parameters", parameters(row));
    if (strcmp(row->route.method, "GET") != 0 && strcmp(row->route.method, "DELETE") != 0) {
        json_object_set_new(o, "requestBody", request_body(row));
    }
    json_object_set_new(o, "responses", responses(row));
    return o;
}


static json_t *
paths(void)
{
    const bx_route_row *rows;
    size_t              n;
    json_t             *out = json_object();

    rows = bx_routes(&n);
    for (size_t i = 0; i < n; i++) {
        char    *path;
        char     method[8];
        json_t  *item, *name = json_sprintf("/%s", rows[i].route.path);
        size_t   k = 0;

        path = (char *) json_string_value(name);
        item = json_object_get(out, path);
        if (item == NULL) {
            item = json_object();
            json_object_set_new(out, path, item);
        }
        for (const char *p = rows[i].route.method; *p != '\0' && k < sizeof(method) - 1; p++) {
            method[k++] = (char) (*p | 0x20);
        }
        method[k] = '\0';
        if (json_object_get(item, method) == NULL) {
            json_object_set_new(item, method, operation(&rows[i]));
        }
        json_decref(name);
    }

    return out;
}


static json_t *
schemas(void)
{
    const bx_plugin *const *list;
    size_t                  n;
    json_t                 *out = json_object();

    list = bx_plugins(&n);
    for (size_t i = 0; i < n; i++) {
        for (const bx_record_def *def = list[i]->records; def != NULL && def->name != NULL; def++) {
            json_object_set_new(out, def->name, record_schema(def));
        }
    }

    json_object_set_new(out, "Problem", json_pack("{s:s, s:[s, s, s], s:{s:{s:s}, s:{s:s}, s:{s:s}, s:{s:s}, s:{s:s}, s:{s:s, s:{s:s}}}}",
        "type", "object", "required", "status", "code", "title", "properties", "type", "type", "string", "status", "type", "integer",
        "code", "type", "string", "title", "type", "string", "detail", "type", "string", "errors", "type", "array",
        "items", "type", "object"));
    json_object_set_new(out, "Documents", json_pack("{s:s, s:{s:{s:s, s:{s:s}}, s:{s:s, s:{s:s}}}, s:[s, s]}", "type", "object",
        "properties", "kinds", "type", "array", "items", "type", "object", "items", "type", "array", "items", "type", "object",
        "required", "kinds", "items"));
    json_object_set_new(out, "Rules", json_pack("{s:s, s:{s:{s:[s, s]}, s:{s:s, s:{s:s}}}, s:[s, s]}", "type", "object", "properties",
        "unit_id", "type", "string", "null", "items", "type", "array", "items", "type", "object", "required", "unit_id", "items"));
    json_object_set_new(out, "Bulk", json_pack("{s:s, s:{s:{s:s, s:{s:s}}, s:{s:s}, s:{s:s}}, s:[s, s, s]}", "type", "object", "properties",
        "items", "type", "array", "items", "type", "object", "done", "type", "integer", "refused", "type", "integer",
        "required", "items", "done", "refused"));
    json_object_set_new(out, "History", json_pack("{s:s, s:{s:{s:s, s:{s:s}}}}", "type", "object", "properties",
        "items", "type", "array", "items", "type", "object"));
    return out;
}


json_t *
bx_openapi(void)
{
    return json_pack("{s:s, s:{s:s, s:s, s:{s:s}}, s:[{s:s}], s:{s:o, s:{s:{s:s, s:s, s:s}}}, s:o}",
        "openapi", "3.1.0",
        "info", "title", "Baoxue", "version", "1", "license", "name", "BSD-2-Clause",
        "servers", "url", "/api/v1",
        "components", "schemas", schemas(), "securitySchemes", "session", "type", "apiKey", "in", "cookie", "name", "__Host-baoxue",
        "paths", paths());
}


bx_rc
bx_answer_openapi(bx_call *c)
{
    return bx_answer(c, 200, bx_openapi());
}
