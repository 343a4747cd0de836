/*
 * unit_text.h: words of documents that a unit says in its own way, for itself and what lies below; the nearest one counts. Internal to
 * libbaoxue. What may be said otherwise: texts document.<name>.<word> of documents there are; not a document's own name, by which it is
 * verified, and nothing of the portal.
 */
#ifndef BX_UNIT_TEXT_H
#define BX_UNIT_TEXT_H

#include "flow/flow.h"

typedef struct { const char *key, *zh, *en; bx_id unit; size_t depth; } bx_unit_text;
typedef struct { bx_unit_text *row; size_t n; } bx_unit_texts;

/* What holds for a unit: those of the units on its path. [thread] */
bx_rc        bx_unit_texts_load(bx_call *c, bx_id unit, bx_unit_texts *out);
/* The one that counts; NULL: the text of the locale file does. */
const bx_unit_text *bx_unit_text_find(const bx_unit_texts *all, const char *key);
/* Its words in a language, {names} filled; NULL: as in the locale file. */
const char  *bx_unit_text_say(bx_call *c, const bx_unit_texts *all, const char *lang, const char *key, const json_t *params);
/* The document a text belongs to; NULL: it is not to be changed. */
const bx_document *bx_unit_text_of(const char *key);

#endif
