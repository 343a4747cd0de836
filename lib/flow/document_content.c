/*
 * document_content.c: what a document says: the parts its plugin declares, filled from a row.
 *
 * The result is JSON that the portal lays out without knowing the document: titled rows of cells, paragraphs, tables and places to
 * sign. Values are the row's own JSON in words, so that masking and hidden fields are what they are everywhere.
 */
#include "flow/document.h"
#include "flow/unit_text.h"
#include "flow/words.h"

#include <string.h>

#define MAX_WORD  64

typedef struct {
    bx_call              *c;
    const bx_document    *d;
    const bx_record_def  *def;
    json_t               *values;             /* owned by the arena */
    bx_unit_texts         own;                /* what the issuer says in its own words */
} filling;

typedef struct { char name[MAX_WORD]; int span; bool hand, line; } word;


/* document.<name>.<word>, or NULL when there is no such text. */
static const char *
own_text(filling *f, const char *name, const json_t *params)
{
    const char *key = bx_sprintf(f->c->arena, "document.%s.%s", f->d->name, name);
    const char *text = bx_unit_text_say(f->c, &f->own, f->c->lang, key, params);

    text = text != NULL ? text : bx_tr(f->c->arena, f->c->lang, key, params);
    return strcmp(text, key) == 0 ? NULL : text;
}


/* The next word of a list: "reason:2", "_guard" (by hand), "|" (a new line). False at the end. */
static bool
next_word(const char **list, word *w)
{
    const char *p = *list + strspn(*list, " ");
    size_t      n = strcspn(p, " "), name;

    if (n == 0) {
        return false;
    }

    *list = p + n;
    *w = (word) { .span = 1, .hand = *p == '_', .line = *p == '|' };
    p += w->hand;
    n -= w->hand;
    name = strcspn(p, ": ");
    name = name < n ? name : n;
    if (name < n - 1 && p[name + 1] >= '1' && p[name + 1] <= '9') {
        w->span = p[name + 1] - '0';
    }
    if (name >= MAX_WORD) {
        name = MAX_WORD - 1;
    }
    memcpy(w->name, p, name);
    w->name[name] = '\0';
    return true;
}


/* ---- values */

static const bx_field *
field_of(const bx_record_def *def, const char *member)
{
    for (const bx_field *f = def->fields; f->name != NULL; f++) {
        if (strcmp(f->type == BX_HALVES && f->arg != NULL ? f->arg : f->name, member) == 0) {
            return f;
        }
    }

    return NULL;
}


static bx_rc
values_of(filling *f, bx_record *r)
{
    json_t      *rows = bx_own(f->c->arena, json_array()), *row = bx_record_json(f->c, r), *value;
    const char  *key;

    json_array_append_new(rows, row);
    if (bx_record_dress(f->c, f->def, rows, true) != BX_OK) {
        return BX_FAIL;
    }

    f->values = bx_own(f->c->arena, json_object());
    json_object_foreach(row, key, value) {
        json_object_set_new(f->values, key,
                            json_string(bx_words_value(f->c->arena, f->c->lang, f->def, key, value, BX_WORDS_PAPER)));
    }

    return f->d->fill == NULL ? BX_OK : f->d->fill(f->c, r, f->values);
}


static const char *
value_text(filling *f, const char *name)
{
    const char *text = json_string_value(json_object_get(f->values, name));

    return text != NULL ? text : "";
}


/* ---- parts */

static json_t *
cell_json(filling *f, const word *w)
{
    const char     *label = own_text(f, w->name, NULL), *blank = NULL;
    const bx_field *field = w->hand ? NULL : field_of(f->def, w->name);
    json_t         *o;

    if (label == NULL) {
        label = bx_words_label(f->c->arena, f->c->lang, f->def->name, w->name);
    }
    if (w->hand) {
        blank = own_text(f, bx_sprintf(f->c->arena, "%s.blank", w->name), NULL);
    }

    o = json_pack("{s:s, s:s}", "label", label, "value", w->hand ? (blank == NULL ? "" : blank) : value_text(f, w->name));
    if (w->span > 1) {
        json_object_set_new(o, "span", json_integer(w->span));
    }
    if (w->hand) {
        json_object_set_new(o, "hand", json_true());
    }
    if (field != NULL && field->read != NULL) {
        json_object_set_new(o, "field", json_string(field->name));      /* who reads it later must be allowed to see it, too */
    }

    return o;
}


static json_t *
form_json(filling *f, const char *of)
{
    json_t *rows = json_array(), *row = json_array();
    word    w;

    json_array_append_new(rows, row);
    while (next_word(&of, &w)) {
        if (w.line) {
            row = json_array();
            json_array_append_new(rows, row);
        } else {
            json_array_append_new(row, cell_json(f, &w));
        }
    }

    return json_pack("{s:s, s:o}", "type", "form", "rows", rows);
}


/* Texts of a list of words, their {names} filled from the values. */
static json_t *
texts_json(filling *f, const char *type, const char *member, const char *of)
{
    json_t *list = json_array();
    word    w;

    while (next_word(&of, &w)) {
        const char *text = own_text(f, w.name, f->values);

        json_array_append_new(list, json_string(text != NULL ? text : w.name));
    }

    return json_pack("{s:s, s:o}", "type", type, member, list);
}


/* A table that fill has put among the values: {"columns": [text], "rows": [[text]]}. */
static json_t *
table_json(filling *f, const char *name)
{
    json_t *table = json_object_get(f->values, name);
    json_t *columns = json_object_get(table, "columns"), *rows = json_object_get(table, "rows");

    return json_pack("{s:s, s:o, s:o}", "type", "table", "columns", json_is_array(columns) ? json_deep_copy(columns) : json_array(),
                     "rows", json_is_array(rows) ? json_deep_copy(rows) : json_array());
}


static void
part_add(filling *f, const bx_part *part, json_t *parts)
{
    size_t       first = json_array_size(parts);
    const char  *of = part->of;
    word         w;

    switch (part->type) {
    case BX_PART_FORM:
        json_array_append_new(parts, form_json(f, of));
        break;
    case BX_PART_TEXT:
        json_array_append_new(parts, texts_json(f, "text", "paragraphs", of));
        break;
    case BX_PART_LINE:
        json_array_append_new(parts, texts_json(f, "line", "paragraphs", of));
        break;
    case BX_PART_FINE:
        json_array_append_new(parts, texts_json(f, "fine", "paragraphs", of));
        break;
    case BX_PART_SIGN:
        json_array_append_new(parts, texts_json(f, "sign", "places", of));
        break;
    case BX_PART_SEAL:
        json_array_append_new(parts, json_pack("{s:s}", "type", "seal"));
        break;
    case BX_PART_CUT:
        json_array_append_new(parts, texts_json(f, "cut", "paragraphs", of));
        break;
    case BX_PART_TABLE:
        while (next_word(&of, &w)) {
            json_array_append_new(parts, table_json(f, w.name));
        }
        break;
    }

    if (part->title != NULL && json_array_size(parts) > first) {
        const char *title = own_text(f, part->title, f->values);

        json_object_set_new(json_array_get(parts, first), "title", json_string(title != NULL ? title : part->title));
    }
}


bx_rc
bx_document_content(bx_call *c, const bx_document *d, bx_id unit, const char *issuer, bx_record *r, json_t **out)
{
    filling      f = { c, d, r->def, NULL, { NULL, 0 } };
    json_t      *parts;
    const char  *title = bx_tr(c->arena, c->lang, bx_sprintf(c->arena, "document.%s", d->name), NULL);

    if (bx_unit_texts_load(c, unit, &f.own) != BX_OK || values_of(&f, r) != BX_OK) {
        return BX_FAIL;
    }

    parts = json_array();
    for (const bx_part *part = d->parts; part != NULL && part->type != 0; part++) {
        part_add(&f, part, parts);
    }

    *out = bx_own(c->arena, json_pack("{s:s, s:s, s:s, s:s, s:o}", "kind", d->name, "title", title, "issuer", issuer,
                                      "size", d->size == BX_PAPER_HALF ? "half" : "a4", "parts", parts));
    return *out != NULL ? BX_OK : bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
}
