/* registry.h: what a set of plugins is inside tables.c, load.c, check.c and routes.c. Nobody else looks into it.
 *
 * How lifetimes go. A set is made whole by bx_tables_open() and never written after; an application owns one and closes
 * it when it is destroyed, when no thread runs any more. What the finders of call.h and bx_tr() read is the newest set
 * that is open. So when nginx reloads, the new configuration makes a set beside the old one: if it is refused, or fails
 * later, the old set has not been touched and is the newest again; if it holds, the master closes the old one, while
 * workers that were forked before have theirs in memory of their own. bx_tables_close() unloads the files of the set's
 * plugins last, after everything that points into them; nginx destroys the application before it unloads the module, so
 * that plugins go before the functions they call. */
#ifndef BX_REGISTRY_H
#define BX_REGISTRY_H

#include "web/routes.h"
#include "web/tables.h"

#define BX_MAX_PLUGINS       32
#define BX_MAX_ROUTES        600
#define BX_MAX_CAPABILITIES  (64 * BX_CAP_WORDS)

typedef struct {
    const bx_plugin *plugin;
    void            *handle;                  /* of dlopen(); NULL: built in */
    const char      *file, *dir, *schema_dir; /* dir: where its schema/ and locale/ are */
    const char      *texts[BX_LANGUAGES];     /* its own, as JSON; NULL: they are in html/locale */
    int              schema;                  /* newest number in its schema/, 0: it has none */
    bool             base;                    /* part of the server: never off */
    bool             on;
} bx_plugin_row;

struct bx_tables {
    bx_arena        *arena;
    bx_locale       *texts;                   /* NULL: opened without */
    bx_plugin_row    all[BX_MAX_PLUGINS];     /* in order: built in, then as they are named */
    size_t           nall;
    const bx_plugin *plugins[BX_MAX_PLUGINS]; /* those that are on, in the same order */
    size_t           nplugins;
    const char      *capabilities[BX_MAX_CAPABILITIES];
    int              ncapabilities;
    uint64_t         near[BX_CAP_WORDS];      /* a bit a capability: bx_plugin.near names it */
    uint64_t         fingerprint;
    bx_route_row     routes[BX_MAX_ROUTES];
    size_t           nroutes;
    bx_tables       *older;                   /* open before this one */
};

const bx_tables *bx_tables_current(void);                               /* NULL: none is open */

/* As the finders of call.h, in a set that may not be in use yet. */
const bx_record_def *bx_tables_record(const bx_tables *t, const char *name);
const bx_rule       *bx_tables_rule(const bx_tables *t, const char *key);
const bx_code_list  *bx_tables_codes(const bx_tables *t, const char *name);
const bx_task_kind  *bx_tables_task(const bx_tables *t, const char *kind);
const bx_notice_kind *bx_tables_notice(const bx_tables *t, const char *kind);
const bx_document   *bx_tables_document(const bx_tables *t, const char *name, size_t at);   /* by name, or with NULL the at-th */
int                  bx_tables_capability(const bx_tables *t, const char *name);

/* load.c: a shared object, its interface number checked first; fills handle, plugin, file, dir and schema. */
bx_rc   bx_plugin_load(bx_tables *t, const char *file, bx_plugin_row *row, bx_error *err);
void    bx_plugin_unload(bx_plugin_row *row);

/* check.c, and check_record.c for it: says every fault of the plugins that are on; returns how many. Texts are asked for when
 * the set has any. */
typedef void (*bx_fault_fn)(void *ctx, const bx_plugin *p, const char *text);
unsigned bx_tables_check(const bx_tables *t, bx_fault_fn say, void *ctx);

/* check_document.c: the same for the documents of one plugin; ctx goes to the functions, which say a fault, ask for a text, and ask
 * for somebody who holds a capability. */
typedef struct {
    const bx_tables *t;
    bx_arena        *arena;
    void            *ctx;
    void           (*fault)(void *ctx, const char *text);
    void           (*need_text)(void *ctx, const char *key);
    void           (*need_holder)(void *ctx, const char *capability);
} bx_document_check;

void    bx_documents_check(const bx_document_check *k, const bx_plugin *p);

/* routes.c */
bx_rc   bx_routes_make(bx_tables *t, bx_error *err);

#endif
