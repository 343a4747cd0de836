/* plugins.c: GET plugins: what the portal needs to draw menu, lists, forms and actions of any workflow, as far as this
 * session may see it. Everything in it comes from the tables. GET texts: the words of a plugin that brings its own. */

#include "flow/flow.h"
#include "web/routes.h"
#include "web/tables.h"

#include <string.h>

static json_t *
codes_json(const char *list)
{
    const bx_code_list *l = list == NULL ? NULL : bx_codes_find(list);
    json_t             *out = json_array();

    for (const bx_code *code = l == NULL ? NULL : l->codes; code != NULL && code->code != NULL; code++) {
        json_array_append_new(out, json_string(code->code));
    }

    return out;
}


static json_t *
field_json(const bx_field *f)
{
    json_t *o = json_pack("{s:s, s:s, s:b, s:b, s:b, s:b}",
        "name", f->type == BX_HALVES && f->arg != NULL ? f->arg : f->name, "type", bx_type_name(f->type),
        "required", (f->flags & BX_REQUIRED) != 0, "fixed", (f->flags & BX_FIXED) != 0,
        "by_hook", (f->flags & BX_BY_HOOK) != 0, "filter", (f->flags & BX_FILTER) != 0);

    if (f->type == BX_CODE) {
        json_object_set_new(o, "list", json_string(f->arg));
        json_object_set_new(o, "codes", codes_json(f->arg));
    }
    if (f->type == BX_REF) {
        json_object_set_new(o, "record", json_string(f->arg));
    }
    if (f->min != 0 || f->max != 0) {
        json_object_set_new(o, "min", json_integer(f->min));
        json_object_set_new(o, "max", json_integer(f->max));
    }

    return o;
}


static json_t *
fields_json(const bx_call *c, const bx_record_def *def, json_t *columns)
{
    json_t *out = json_array();

    for (const bx_field *f = def->fields; f->name != NULL; f++) {
        if ((f->flags & BX_NO_JSON) || (f->read != NULL && !bx_call_can(c, f->read))) {
            continue;
        }
        json_array_append_new(out, field_json(f));
        if (f->flags & BX_IN_LIST) {
            json_array_append_new(columns, json_string(f->type == BX_HALVES && f->arg != NULL ? f->arg : f->name));
        }
    }

    return out;
}


static json_t *
states_json(const bx_record_def *def)
{
    json_t *out = json_array();

    for (const bx_state *s = def->states; s != NULL && s->name != NULL; s++) {
        json_array_append_new(out, json_pack("{s:s, s:s, s:b}", "name", s->name, "tone", s->tone,
                                             "terminal", (s->flags & BX_TERMINAL) != 0));
    }

    return out;
}


static json_t *
views_json(const bx_call *c, const bx_record_def *def)
{
    json_t *out = json_array();

    for (const bx_view *v = def->views; v != NULL && v->name != NULL; v++) {
        if (v->capability == NULL || bx_call_can(c, v->capability)) {
            json_array_append_new(out, json_string(v->name));
        }
    }

    return out;
}


/* The states in which a row may be edited; null: any. */
static json_t *
editable_json(const bx_record_def *def)
{
    json_t *out = def->editable == NULL ? json_null() : json_array();

    for (const char *s = def->editable; s != NULL && *s != '\0'; s += strspn(s, " ")) {
        size_t  n = strcspn(s, " ");

        json_array_append_new(out, json_stringn(s, n));
        s += n;
    }

    return out;
}


static bool
may_create(const bx_call *c, const bx_record_def *def)
{
    for (const bx_transition *t = def->transitions; t != NULL && t->action != NULL; t++) {
        if (t->from == BX_NEW && t->capability != NULL && bx_call_can(c, t->capability)) {
            return true;
        }
    }

    return def->create != NULL && bx_call_can(c, def->create);
}


static bool
may_decide(const bx_call *c, const bx_record_def *def)
{
    for (const bx_transition *t = def->transitions; t != NULL && t->action != NULL; t++) {
        if ((t->flags & BX_DECIDES) && bx_call_can(c, t->capability)) {
            return true;
        }
    }

    return false;
}


/* Is there something this session may print of such records? */
static bool
has_documents(const bx_call *c, const bx_record_def *def)
{
    const bx_document *d;

    for (size_t i = 0; (d = bx_document_at(i)) != NULL; i++) {
        if (strcmp(d->record, def->name) == 0 && bx_call_can(c, d->capability)) {
            return true;
        }
    }

    return false;
}


/* Where the portal finds a plugin's words: a file of locale/<lang>/, or "plugin/<name>" for GET texts. */
static const char *
texts_of(const bx_call *c, const bx_plugin *p)
{
    return bx_tables_texts(p->name, NULL) == NULL ? p->name : bx_sprintf(c->arena, "plugin/%s", p->name);
}


static json_t *
record_json(const bx_call *c, const bx_plugin *p, const bx_record_def *def)
{
    json_t *columns = json_array();
    json_t *fields;

    if (def->scope == BX_SCOPE_STUDENT && strcmp(def->table, "student") != 0) {
        json_array_append_new(columns, json_string("student_name"));
        json_array_append_new(columns, json_string("class_name"));
    } else if (bx_record_place_member(def) != NULL) {
        json_array_append_new(columns, json_string(def->scope == BX_SCOPE_SCHOOL ? "school_name" : "unit_name"));
    }

    fields = fields_json(c, def, columns);
    if (def->states != NULL) {
        json_array_append_new(columns, json_string("state"));
    }

    return json_pack("{s:s, s:s, s:s, s:s?, s:o, s:o, s:o, s:o, s:b, s:b, s:o, s:b, s:b, s:b}", "name", def->name, "plugin", p->name,
                     "texts", texts_of(c, p), "place", bx_record_place_member(def), "fields", fields,
                     "states", states_json(def), "list", columns, "views", views_json(c, def),
                     "create", may_create(c, def), "edit", def->edit != NULL && bx_call_can(c, def->edit),
                     "editable", editable_json(def),
                     "decides", may_decide(c, def), "documents", has_documents(c, def), "rules", p->rules != NULL);
}


/* The record whose list a menu entry opens ("#/<record>"), or NULL. */
static const bx_record_def *
opened_by(const bx_plugin *plugin, const bx_menu *m)
{
    for (const bx_record_def *def = plugin->records; def != NULL && def->name != NULL; def++) {
        if (strncmp(m->href, "#/", 2) == 0 && strcmp(m->href + 2, def->name) == 0) {
            return def;
        }
    }

    return NULL;
}


/* Is what waits of a record counted at this entry? At the one that opens it, else at those that open no record. */
static bool
counts_at(const bx_plugin *plugin, const bx_menu *m, const bx_record_def *def)
{
    if (opened_by(plugin, m) != NULL) {
        return opened_by(plugin, m) == def;
    }

    for (const bx_menu *other = plugin->menu; other->key != NULL; other++) {
        if (opened_by(plugin, other) == def) {
            return false;
        }
    }

    return true;
}


/* With its label, so that a menu needs no locale files of all workflows. decides: records of the plugin in which something
 * may wait for this session (?queue=mine). */
static json_t *
entry_json(bx_call *c, const bx_plugin *plugin, const bx_menu *m)
{
    const char *label = bx_tr(bx_call_arena(c), bx_call_lang(c), bx_sprintf(bx_call_arena(c), "menu.%s", m->key), NULL);
    json_t     *decides = json_array();

    for (const bx_record_def *def = plugin->records; def != NULL && def->name != NULL; def++) {
        if (may_decide(c, def) && counts_at(plugin, m, def)) {
            json_array_append_new(decides, json_string(def->name));
        }
    }

    return json_pack("{s:s, s:s, s:s?, s:s, s:s, s:o}", "key", m->key, "href", m->href, "icon", m->icon, "label", label,
                     "texts", texts_of(c, plugin), "decides", decides);
}


json_t *
bx_menu_json(bx_call *c)
{
    const bx_plugin *const *list;
    size_t                  n;
    json_t                 *menu = json_array();

    list = bx_plugins(&n);

    for (size_t i = 0; i < n; i++) {
        for (const bx_menu *m = list[i]->menu; m != NULL && m->key != NULL; m++) {
            if (m->capability == NULL || bx_call_can(c, m->capability)) {
                json_array_append_new(menu, entry_json(c, list[i], m));
            }
        }
    }

    return menu;
}


bx_rc
bx_answer_plugins(bx_call *c)
{
    const bx_plugin *const *list;
    size_t                  n;
    json_t                 *records = json_array(), *codes = json_object();

    list = bx_plugins(&n);

    for (size_t i = 0; i < n; i++) {
        for (const bx_record_def *def = list[i]->records; def != NULL && def->name != NULL; def++) {
            if (bx_call_can(c, def->read)) {
                json_array_append_new(records, record_json(c, list[i], def));
            }
        }
        for (const bx_code_list *l = list[i]->codes; l != NULL && l->name != NULL; l++) {
            json_object_set_new(codes, l->name, codes_json(l->name));
        }
    }

    return bx_answer(c, 200, json_pack("{s:o, s:o, s:o}", "menu", bx_menu_json(c), "records", records, "codes", codes));
}


/* GET texts?plugin=&lang=: public, as the files of html/locale are. */
bx_rc
bx_answer_texts(bx_call *c)
{
    const char *plugin = bx_call_query_arg(c, "plugin"), *lang = bx_call_query_arg(c, "lang");
    const char *text = bx_tables_texts(plugin == NULL ? "" : plugin, lang == NULL ? c->lang : lang);

    if (text == NULL) {
        return bx_refuse(c, BX_E_NOT_FOUND, NULL, NULL, NULL);
    }

    bx_answer_header(c, "Cache-Control", lang == NULL ? "private, max-age=60" : "public, max-age=60");
    return bx_answer_bytes(c, 200, "application/json; charset=utf-8", text, strlen(text));
}
