/* tables.c: the set of plugins and what is numbered from their tables: capabilities, records, rules, code lists.
 * How lifetimes go is in registry.h; what a plugin must be like is checked in check.c. */

#include "web/registry.h"

#include <stdlib.h>
#include <string.h>

extern const bx_plugin bx_plugin_core;
#define BX_BASE(name)    extern const bx_plugin bx_plugin_##name;
#define BX_PLUGIN(name)  extern const bx_plugin bx_plugin_##name;
#include "plugins/plugins.def"
#undef BX_BASE
#undef BX_PLUGIN

static const struct { const bx_plugin *plugin; bool base; } built_in[] = {
    { &bx_plugin_core, true },
#define BX_BASE(name)    { &bx_plugin_##name, true },
#define BX_PLUGIN(name)  { &bx_plugin_##name, false },
#include "plugins/plugins.def"
#undef BX_BASE
#undef BX_PLUGIN
};

static bx_tables  *newest;                    /* written while nothing else is being opened or closed */


const bx_tables *
bx_tables_current(void)
{
    return __atomic_load_n(&newest, __ATOMIC_ACQUIRE);
}


static void
use(bx_tables *t)
{
    __atomic_store_n(&newest, t, __ATOMIC_RELEASE);
    bx_locale_use(t == NULL ? NULL : t->texts);
}


/* ---- capabilities */

static bx_rc
capability_add(bx_tables *t, const char *name, bx_error *err)
{
    if (name == NULL) {
        return BX_OK;
    }

    for (int i = 0; i < t->ncapabilities; i++) {
        if (strcmp(t->capabilities[i], name) == 0) {
            return BX_OK;
        }
    }

    if (t->ncapabilities == BX_MAX_CAPABILITIES) {
        return bx_error_set(err, BX_E_INTERNAL, "more than %d capabilities", BX_MAX_CAPABILITIES);
    }

    t->capabilities[t->ncapabilities++] = name;
    return BX_OK;
}


static bx_rc
record_capabilities(bx_tables *t, const bx_record_def *def, bx_error *err)
{
    bx_rc  rc;

    rc = capability_add(t, def->read, err) | capability_add(t, def->create, err) | capability_add(t, def->edit, err);

    for (const bx_field *f = def->fields; f != NULL && f->name != NULL; f++) {
        rc |= capability_add(t, f->read, err) | capability_add(t, f->write, err);
    }
    for (const bx_transition *move = def->transitions; move != NULL && move->action != NULL; move++) {
        rc |= capability_add(t, move->capability, err);
    }
    for (const bx_view *v = def->views; v != NULL && v->name != NULL; v++) {
        rc |= capability_add(t, v->capability, err);
    }

    return rc == BX_OK ? BX_OK : BX_FAIL;
}


static bx_rc
plugin_capabilities(bx_tables *t, const bx_plugin *p, bx_error *err)
{
    bx_rc  rc = BX_OK;

    for (const bx_record_def *def = p->records; def != NULL && def->name != NULL; def++) {
        rc |= record_capabilities(t, def, err);
    }
    for (const bx_route *r = p->routes; r != NULL && r->method != NULL; r++) {
        rc |= capability_add(t, r->capability, err);
    }
    for (const bx_document *d = p->documents; d != NULL && d->name != NULL; d++) {
        rc |= capability_add(t, d->capability, err);
    }
    for (const bx_menu *m = p->menu; m != NULL && m->key != NULL; m++) {
        rc |= capability_add(t, m->capability, err);
    }

    return rc == BX_OK ? BX_OK : BX_FAIL;
}


static int
by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *) a, *(const char *const *) b);
}


static void
mark_near(bx_tables *t)
{
    for (int i = 0; i < t->ncapabilities; i++) {
        for (size_t k = 0; k < t->nplugins; k++) {
            if (bx_word_in(t->plugins[k]->near, t->capabilities[i])) {
                t->near[i / 64] |= UINT64_C(1) << (i % 64);
            }
        }
    }
}


/* FNV-1a over the names in their order: two processes that number capabilities alike have the same value. */
static uint64_t
fingerprint_of(const char *const *names, int n)
{
    uint64_t  h = 14695981039346656037u;

    for (int i = 0; i < n; i++) {
        for (const char *p = names[i]; ; p++) {
            h = (h ^ (unsigned char) *p) * 1099511628211u;
            if (*p == '\0') {
                break;
            }
        }
    }

    return h;
}


/* ---- making a set */

static bx_plugin_row *
row_add(bx_tables *t, bx_error *err)
{
    if (t->nall == BX_MAX_PLUGINS) {
        bx_error_set(err, BX_E_INTERNAL, "more than %d plugins", BX_MAX_PLUGINS);
        return NULL;
    }

    return &t->all[t->nall++];
}


static const bx_plugin_row *
row_find(const bx_tables *t, const char *name)
{
    for (size_t i = 0; t != NULL && i < t->nall; i++) {
        if (t->all[i].plugin != NULL && strcmp(t->all[i].plugin->name, name) == 0) {
            return &t->all[i];
        }
    }

    return NULL;
}


static bx_rc
load_files(bx_tables *t, const char *const *files, bx_error *err)
{
    for (size_t i = 0; files != NULL && files[i] != NULL; i++) {
        bx_plugin_row        *row = row_add(t, err);
        bx_plugin_row         loaded = { 0 };
        const bx_plugin_row  *twin;

        if (row == NULL || bx_plugin_load(t, files[i], &loaded, err) != BX_OK) {
            return BX_FAIL;
        }

        twin = row_find(t, loaded.plugin->name);
        *row = loaded;
        if (twin != NULL) {
            return bx_error_set(err, BX_E_INTERNAL, "plugin file \"%s\": there is a plugin \"%s\" already%s%s%s",
                                loaded.file, loaded.plugin->name, twin->file == NULL ? ", it is built in" : ": \"",
                                twin->file == NULL ? "" : twin->file, twin->file == NULL ? "" : "\"");
        }
        for (size_t k = 0; k + 1 < t->nall; k++) {
            if (t->all[k].dir != NULL && strcmp(t->all[k].dir, row->dir) == 0
                && (row->schema > 0 || t->all[k].schema > 0))
            {
                return bx_error_set(err, BX_E_INTERNAL, "plugins \"%s\" and \"%s\" share the directory \"%s\" and so their "
                                    "schema/: give each a directory of its own", t->all[k].plugin->name, row->plugin->name,
                                    row->dir);
            }
        }
    }

    return BX_OK;
}


static bx_rc
unknown_plugin(const bx_tables *t, const char *name, bx_error *err)
{
    bx_buf  b;

    bx_buf_init(&b, t->arena);
    for (size_t i = 0; i < t->nall; i++) {
        if (!t->all[i].base) {
            bx_buf_printf(&b, "%s%s", b.len > 0 ? " " : "", t->all[i].plugin->name);
        }
    }

    return bx_error_set(err, BX_E_INTERNAL, "there is no plugin \"%s\" to turn on: there are %s", name, b.data);
}


static bx_rc
choose(bx_tables *t, const char *const *on, bx_error *err)
{
    for (size_t i = 0; on != NULL && on[i] != NULL; i++) {
        if (row_find(t, on[i]) == NULL) {
            return unknown_plugin(t, on[i], err);
        }
    }

    for (size_t i = 0; i < t->nall; i++) {
        bx_plugin_row *row = &t->all[i];

        row->on = row->base || on == NULL;
        for (size_t k = 0; !row->on && on[k] != NULL; k++) {
            row->on = strcmp(on[k], row->plugin->name) == 0;
        }
        if (row->on) {
            t->plugins[t->nplugins++] = row->plugin;
            if (plugin_capabilities(t, row->plugin, err) != BX_OK) {
                return BX_FAIL;
            }
        }
    }

    qsort(t->capabilities, (size_t) t->ncapabilities, sizeof(t->capabilities[0]), by_name);
    mark_near(t);
    t->fingerprint = fingerprint_of(t->capabilities, t->ncapabilities);
    return BX_OK;
}


/* The texts of html/locale, and of each loaded plugin what is in locale/ beside its file. */
static bx_rc
read_texts(bx_tables *t, const char *dir, bx_error *err)
{
    if (dir == NULL) {
        return BX_OK;
    }

    t->texts = bx_locale_open();
    if (t->texts == NULL) {
        return bx_error_set(err, BX_E_MEMORY, "out of memory while reading texts");
    }
    if (bx_locale_read(t->texts, dir, NULL, err) != BX_OK) {
        return BX_FAIL;
    }

    for (size_t i = 0; i < t->nall; i++) {
        bx_plugin_row *row = &t->all[i];
        json_t        *own[BX_LANGUAGES];
        const char    *path = bx_sprintf(t->arena, "%s/locale", row->dir);

        if (row->handle == NULL) {
            continue;
        }
        if (path == NULL || bx_locale_read(t->texts, path, own, err) != BX_OK) {
            return BX_FAIL;
        }
        for (size_t k = 0; k < BX_LANGUAGES; k++) {
            char *text = bx_json_text(t->arena, bx_own(t->arena, own[k]), JSON_COMPACT);

            if (text == NULL) {
                return bx_error_set(err, BX_E_MEMORY, "out of memory while reading texts");
            }
            row->texts[k] = text;
        }
    }

    return BX_OK;
}


typedef struct { bx_arena *arena; const char *first; const bx_tables_config *conf; } faults;

static void
note_fault(void *ctx, const bx_plugin *p, const char *text)
{
    faults *f = ctx;

    if (f->first == NULL) {
        f->first = bx_sprintf(f->arena, "plugin \"%s\": %s", p->name, text);
    }
    if (f->conf->say != NULL) {
        f->conf->say(f->conf->ctx, p, text);
    }
}


static bx_rc
make(bx_tables *t, const bx_tables_config *conf, bx_error *err)
{
    faults    f = { t->arena, NULL, conf };
    unsigned  n;

    for (size_t i = 0; i < sizeof(built_in) / sizeof(built_in[0]); i++) {
        bx_plugin_row *row = row_add(t, err);

        if (row == NULL) {
            return BX_FAIL;
        }
        row->plugin = built_in[i].plugin;
        row->base = built_in[i].base;
    }

    if (load_files(t, conf->files, err) != BX_OK || choose(t, conf->on, err) != BX_OK || bx_routes_make(t, err) != BX_OK
        || read_texts(t, conf->locale_dir, err) != BX_OK)
    {
        return BX_FAIL;
    }

    n = bx_tables_check(t, note_fault, &f);
    if (n == 0) {
        return BX_OK;
    }
    if (n == 1) {
        return bx_error_set(err, BX_E_INTERNAL, "%s", f.first);
    }
    return bx_error_set(err, BX_E_INTERNAL, "%s (and %u more: baoxuectl plugin check tells them all)", f.first, n - 1);
}


static void
dispose(bx_tables *t)
{
    bx_plugin_row  rows[BX_MAX_PLUGINS];
    size_t         n = t->nall;

    memcpy(rows, t->all, sizeof(rows));
    bx_locale_close(t->texts);
    bx_arena_destroy(t->arena);

    while (n > 0) {
        bx_plugin_unload(&rows[--n]);
    }
}


bx_tables *
bx_tables_open(const bx_tables_config *conf, bx_error *err)
{
    bx_arena  *a = bx_arena_create(16 * 1024);
    bx_tables *t = a == NULL ? NULL : bx_alloc(a, sizeof(*t));

    if (t == NULL) {
        bx_arena_destroy(a);
        bx_error_set(err, BX_E_MEMORY, "out of memory");
        return NULL;
    }

    t->arena = a;
    if (make(t, conf, err) != BX_OK) {
        dispose(t);
        return NULL;
    }

    t->older = newest;
    use(t);
    return t;
}


void
bx_tables_close(bx_tables *t)
{
    if (t == NULL) {
        return;
    }

    if (newest == t) {
        use(t->older);
    } else {
        for (bx_tables *younger = newest; younger != NULL; younger = younger->older) {
            if (younger->older == t) {
                younger->older = t->older;
                break;
            }
        }
    }

    dispose(t);
}


bx_rc
bx_tables_init(bx_error *err)
{
    static const bx_tables_config  plain = { 0 };

    return newest != NULL || bx_tables_open(&plain, err) != NULL ? BX_OK : BX_FAIL;
}


/* ---- finding */

const bx_plugin *const *
bx_plugins(size_t *n)
{
    const bx_tables *t = bx_tables_current();

    *n = t == NULL ? 0 : t->nplugins;
    return t == NULL ? NULL : t->plugins;
}


bool
bx_tables_loaded(size_t i, bx_loaded *out)
{
    const bx_tables *t = bx_tables_current();

    for (size_t k = 0; t != NULL && k < t->nall; k++) {
        const bx_plugin_row *row = &t->all[k];

        if (row->handle != NULL && i-- == 0) {
            *out = (bx_loaded) { row->plugin->name, row->file, row->schema_dir, row->schema, row->on };
            return true;
        }
    }

    return false;
}


const char *
bx_tables_texts(const char *plugin, const char *lang)
{
    const bx_plugin_row *row = row_find(bx_tables_current(), plugin);

    return row == NULL || !row->on ? NULL : row->texts[bx_language(lang)];
}


int
bx_tables_capability(const bx_tables *t, const char *name)
{
    int  lo = 0, hi = t == NULL ? -1 : t->ncapabilities - 1;

    while (lo <= hi) {
        int  mid = (lo + hi) / 2;
        int  d = strcmp(name, t->capabilities[mid]);

        if (d == 0) {
            return mid;
        }
        if (d < 0) {
            hi = mid - 1;
        } else {
            lo = mid + 1;
        }
    }

    return -1;
}


const char *
bx_capability_name(int index)
{
    const bx_tables *t = bx_tables_current();

    return t != NULL && index >= 0 && index < t->ncapabilities ? t->capabilities[index] : NULL;
}


bool
bx_capability_near(int index)
{
    const bx_tables *t = bx_tables_current();

    return t == NULL || index < 0 || index >= t->ncapabilities || (t->near[index / 64] >> (index % 64) & 1u) != 0;
}


uint64_t
bx_tables_fingerprint(void)
{
    const bx_tables *t = bx_tables_current();

    return t == NULL ? 0 : t->fingerprint;
}


const bx_record_def *
bx_tables_record(const bx_tables *t, const char *name)
{
    for (size_t i = 0; t != NULL && i < t->nplugins; i++) {
        for (const bx_record_def *def = t->plugins[i]->records; def != NULL && def->name != NULL; def++) {
            if (strcmp(def->name, name) == 0) {
                return def;
            }
        }
    }

    return NULL;
}


const bx_rule *
bx_tables_rule(const bx_tables *t, const char *key)
{
    for (size_t i = 0; t != NULL && i < t->nplugins; i++) {
        for (const bx_rule *r = t->plugins[i]->rules; r != NULL && r->key != NULL; r++) {
            if (strcmp(r->key, key) == 0) {
                return r;
            }
        }
    }

    return NULL;
}


const bx_code_list *
bx_tables_codes(const bx_tables *t, const char *name)
{
    for (size_t i = 0; t != NULL && i < t->nplugins; i++) {
        for (const bx_code_list *l = t->plugins[i]->codes; l != NULL && l->name != NULL; l++) {
            if (strcmp(l->name, name) == 0) {
                return l;
            }
        }
    }

    return NULL;
}


const bx_task_kind *
bx_tables_task(const bx_tables *t, const char *kind)
{
    for (size_t i = 0; t != NULL && i < t->nplugins; i++) {
        for (const bx_task_kind *k = t->plugins[i]->tasks; k != NULL && k->kind != NULL; k++) {
            if (strcmp(k->kind, kind) == 0) {
                return k;
            }
        }
    }

    return NULL;
}


const bx_notice_kind *
bx_tables_notice(const bx_tables *t, const char *kind)
{
    for (size_t i = 0; t != NULL && i < t->nplugins; i++) {
        for (const bx_notice_kind *k = t->plugins[i]->notices; k != NULL && k->kind != NULL; k++) {
            if (strcmp(k->kind, kind) == 0) {
                return k;
            }
        }
    }

    return NULL;
}


const bx_document *
bx_tables_document(const bx_tables *t, const char *name, size_t at)
{
    for (size_t i = 0; t != NULL && i < t->nplugins; i++) {
        for (const bx_document *d = t->plugins[i]->documents; d != NULL && d->name != NULL; d++) {
            if (name != NULL ? strcmp(d->name, name) == 0 : at-- == 0) {
                return d;
            }
        }
    }

    return NULL;
}


const bx_document *
bx_document_find(const char *name)
{
    return name == NULL ? NULL : bx_tables_document(bx_tables_current(), name, 0);
}


const bx_document *bx_document_at(size_t i) { return bx_tables_document(bx_tables_current(), NULL, i); }
int bx_capability_index(const char *name) { return bx_tables_capability(bx_tables_current(), name); }
const bx_record_def *bx_record_find(const char *name) { return bx_tables_record(bx_tables_current(), name); }
const bx_rule *bx_rule_find(const char *key) { return bx_tables_rule(bx_tables_current(), key); }
const bx_code_list *bx_codes_find(const char *name) { return bx_tables_codes(bx_tables_current(), name); }
const bx_task_kind *bx_task_kind_find(const char *kind) { return bx_tables_task(bx_tables_current(), kind); }
const bx_notice_kind *bx_notice_kind_find(const char *kind) { return bx_tables_notice(bx_tables_current(), kind); }


bool
bx_word_in(const char *words, const char *word)
{
    size_t  n = strlen(word);

    for (const char *p = words; p != NULL && *p != '\0'; ) {
        size_t  len = strcspn(p, " ,");

        if (len == n && strncmp(p, word, n) == 0) {
            return true;
        }
        p += len;
        p += strspn(p, " ,");
    }

    return false;
}
