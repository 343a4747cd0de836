/* check_document.c: what the documents of a plugin must be like; see check.c, for which it speaks. */

#include "web/registry.h"
#include "flow/flow.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define MAX_NAME  48                          /* document.kind */
#define MAX_CODE  4

typedef struct {
    const bx_document_check *k;
    const bx_document       *d;
    const bx_record_def     *def;
} paper;


static void fault(const paper *p, const char *fmt, ...) BX_PRINTF(2, 3);

static void
fault(const paper *p, const char *fmt, ...)
{
    char     text[300];
    va_list  ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    p->k->fault(p->k->ctx, bx_sprintf(p->k->arena, "document \"%s\": %s", p->d->name, text));
}


static bool
made_of(const char *s, const char *letters, size_t max)
{
    size_t  n = s == NULL ? 0 : strlen(s);

    return n > 0 && n <= max && strspn(s, letters) == n;
}


static bool
says(const paper *p, const char *key)
{
    return p->k->t->texts == NULL || (bx_locale_says(p->k->t->texts, 0, key) && bx_locale_says(p->k->t->texts, 1, key));
}


/* A cell is called by the document's own word, or as a member of the record that has one. */
static void
check_cell(const paper *p, const char *word, bool hand)
{
    const char *own = bx_sprintf(p->k->arena, "document.%s.%s", p->d->name, word);

    if (!hand && (says(p, bx_sprintf(p->k->arena, "%s.%s", p->def->name, word))
                  || says(p, bx_sprintf(p->k->arena, "field.%s", word))))
    {
        return;
    }
    p->k->need_text(p->k->ctx, own);
}


static void
check_words(const paper *p, const bx_part *part)
{
    char *save = NULL, *words = bx_strdup(p->k->arena, part->of == NULL ? "" : part->of);

    if ((*words == '\0') != (part->type == BX_PART_SEAL)) {
        fault(p, part->type == BX_PART_SEAL ? "BX_PART_SEAL has no words" : "a part without words in .of");
    }
    for (char *w = strtok_r(words, " ", &save); w != NULL; w = strtok_r(NULL, " ", &save)) {
        bool  hand = *w == '_';

        w += hand;
        if (strcmp(w, "|") == 0 && part->type == BX_PART_FORM) {
            continue;
        }
        if (part->type == BX_PART_FORM) {
            w[strcspn(w, ":")] = '\0';
        }
        if (!made_of(w, "abcdefghijklmnopqrstuvwxyz0123456789_", 63) || (hand && part->type != BX_PART_FORM)) {
            fault(p, "\"%s\" is no word of small letters, digits and \"_\"", w);
        } else if (part->type == BX_PART_FORM) {
            check_cell(p, w, hand);
        } else if (part->type != BX_PART_TABLE) {
            p->k->need_text(p->k->ctx, bx_sprintf(p->k->arena, "document.%s.%s", p->d->name, w));
        }
    }
    if (part->title != NULL) {
        p->k->need_text(p->k->ctx, bx_sprintf(p->k->arena, "document.%s.%s", p->d->name, part->title));
    }
    if (part->type == BX_PART_TABLE && p->d->fill == NULL) {
        fault(p, "a BX_PART_TABLE is made by .fill, which is missing");
    }
}


static void
check_states(const paper *p)
{
    char *save = NULL, *words = bx_strdup(p->k->arena, p->d->states == NULL ? "" : p->d->states);

    for (char *w = strtok_r(words, " ", &save); w != NULL; w = strtok_r(NULL, " ", &save)) {
        const bx_state *s = p->def->states;

        while (s != NULL && s->name != NULL && strcmp(s->name, w) != 0) {
            s++;
        }
        if (s == NULL || s->name == NULL) {
            fault(p, ".states names \"%s\", which is no state of %s", w, p->def->name);
        }
    }
}


static void
check_document(const paper *p)
{
    const bx_document *d = p->d;

    if (!made_of(d->name, "abcdefghijklmnopqrstuvwxyz0123456789._-", MAX_NAME)) {
        fault(p, "its name is of small letters, digits and \".\", at most %d", MAX_NAME);
    }
    if (bx_tables_document(p->k->t, d->name, 0) != d) {
        fault(p, "there is one of that name already");
    }
    if (!made_of(d->code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ", MAX_CODE)) {
        fault(p, ".code is 1 to %d capital letters, for its number", MAX_CODE);
    }
    if (d->size != BX_PAPER_A4 && d->size != BX_PAPER_HALF) {
        fault(p, ".size is BX_PAPER_A4 or BX_PAPER_HALF");
    }
    if (d->capability == NULL) {
        fault(p, "names no capability: who may print it?");
    }
    if (d->issuer != NULL && d->issuer[0] == '=') {
        if (p->def != NULL && bx_record_field(p->def, d->issuer + 1) < 0) {
            fault(p, ".issuer names \"%s\", which is no field of %s", d->issuer + 1, p->def->name);
        }
    } else if (d->issuer != NULL && !bx_word_in("province county township central_school school", d->issuer)) {
        fault(p, ".issuer is the level of a unit: county township central_school school");
    }
    if (d->parts == NULL || d->parts[0].type == 0) {
        fault(p, "has no parts");
    }

    p->k->need_holder(p->k->ctx, d->capability);
    p->k->need_text(p->k->ctx, bx_sprintf(p->k->arena, "document.%s", d->name));
}


void
bx_documents_check(const bx_document_check *k, const bx_plugin *plugin)
{
    for (const bx_document *d = plugin->documents; d != NULL && d->name != NULL; d++) {
        paper  p = { k, d, d->record == NULL ? NULL : bx_tables_record(k->t, d->record) };

        check_document(&p);
        if (p.def == NULL) {
            fault(&p, "there is no record \"%s\" to fill it from", d->record == NULL ? "" : d->record);
            continue;
        }
        check_states(&p);
        for (const bx_part *part = d->parts; part != NULL && part->type != 0; part++) {
            check_words(&p, part);
        }
    }
}
