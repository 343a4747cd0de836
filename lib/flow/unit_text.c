/*
 * unit_text.c: words of documents that a unit says in its own way. Owns table unit_text; the routes that change it are in
 * plugins/admin_text.c.
 */
#include "core/core.h"
#include "flow/rules.h"
#include "flow/unit_text.h"

#include <string.h>


bx_rc
bx_unit_texts_load(bx_call *c, bx_id unit, bx_unit_texts *out)
{
    static const char  sql[] = "SELECT o.text_key, o.zh, o.en, o.unit_id FROM unit_text o WHERE o.unit_id IN (" BX_PATH_MARKS ")";
    bx_value           args[BX_MAX_DEPTH];
    const bx_id       *path;
    size_t             depth;
    bx_rows            rows;

    *out = (bx_unit_texts) { NULL, 0 };
    if (bx_unit_path(c, unit, &path, &depth) != BX_OK) {
        return BX_FAIL;
    }

    bx_path_args(path, depth, args);
    if (bx_query(c, &rows, sql, args, BX_MAX_DEPTH) != BX_OK) {
        return BX_FAIL;
    }

    out->row = bx_alloc(c->arena, (rows.nrows + 1) * sizeof(*out->row));
    if (out->row == NULL) {
        return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
    }

    for (out->n = 0; out->n < rows.nrows; out->n++) {
        bx_unit_text  *t = &out->row[out->n];

        *t = (bx_unit_text) { bx_cell_text(&rows, out->n, 0), bx_cell_text(&rows, out->n, 1), bx_cell_text(&rows, out->n, 2),
                              bx_cell_int(&rows, out->n, 3), 0 };
        while (t->depth < depth && path[t->depth] != t->unit) {
            t->depth++;
        }
    }

    return BX_OK;
}


const bx_unit_text *
bx_unit_text_find(const bx_unit_texts *all, const char *key)
{
    const bx_unit_text  *best = NULL;

    for (size_t i = 0; i < all->n; i++) {
        if (strcmp(all->row[i].key, key) == 0 && (best == NULL || all->row[i].depth > best->depth)) {
            best = &all->row[i];
        }
    }

    return best;
}


const char *
bx_unit_text_say(bx_call *c, const bx_unit_texts *all, const char *lang, const char *key, const json_t *params)
{
    const bx_unit_text  *own = bx_unit_text_find(all, key);
    const char          *text = own == NULL ? NULL : bx_language(lang) == 0 ? own->zh : own->en;

    return text == NULL ? NULL : bx_text_fill(c->arena, text, params);
}


const bx_document *
bx_unit_text_of(const char *key)
{
    static const char   prefix[] = "document.";
    const bx_document  *d;

    if (key == NULL || strncmp(key, prefix, sizeof(prefix) - 1) != 0 || !bx_locale_has(NULL, key)) {
        return NULL;
    }

    for (size_t i = 0; (d = bx_document_at(i)) != NULL; i++) {
        size_t  n = strlen(d->name);

        if (strncmp(key + sizeof(prefix) - 1, d->name, n) == 0 && key[sizeof(prefix) - 1 + n] == '.') {
            return d;
        }
    }

    return NULL;
}
