/* tables.h: the registry of plugins; the finders are declared in call.h. */
#ifndef BX_TABLES_H
#define BX_TABLES_H

#include "web/call.h"

/* Registers the built-in plugins and numbers their capabilities. Once a process, before threads. */
bx_rc  bx_tables_init(bx_error *err);
/* Is word one of the words of a list separated by spaces or commas? A NULL list has none. */
bool   bx_word_in(const char *words, const char *word);

#endif
