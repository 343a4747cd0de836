/* tables.h: the set of plugins a server runs with; the finders are declared in call.h. */
#ifndef BX_TABLES_H
#define BX_TABLES_H

#include "web/call.h"

typedef struct bx_tables bx_tables;

typedef struct {
    const char *const *files;                 /* shared objects to load, ends with NULL; may be NULL */
    const char *const *on;                    /* names of the plugins that are on, ends with NULL; NULL: all */
    const char        *locale_dir;            /* NULL: no texts are read and none are missed */
    void             (*say)(void *ctx, const bx_plugin *p, const char *text);   /* is told every fault; may be NULL */
    void              *ctx;
} bx_tables_config;

/* Makes a set of plugins, checks it, and has it read by everybody from now on. On failure nothing has changed. Not while
 * another thread opens or closes one. How lifetimes go is in registry.h. */
bx_tables  *bx_tables_open(const bx_tables_config *conf, bx_error *err);
void        bx_tables_close(bx_tables *t);
/* The built-in plugins without texts, unless some set is open: for tests of parts. */
bx_rc       bx_tables_init(bx_error *err);
/* Is word one of the words of a list separated by spaces or commas? A NULL list has none. */
bool        bx_word_in(const char *words, const char *word);

/* Plugins from files of their own, in order; false past the last. */
typedef struct { const char *name, *file, *schema_dir; int schema; bool on; } bx_loaded;   /* schema 0: none */
bool        bx_tables_loaded(size_t i, bx_loaded *out);
/* Texts of such a plugin as JSON; NULL: no such plugin, or its texts are in html/locale. */
const char *bx_tables_texts(const char *plugin, const char *lang);

#endif
