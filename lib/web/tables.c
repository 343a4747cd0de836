/* tables.c: the registry of plugins and what is numbered from their tables: capabilities, records, rules, code lists.
 * Built once, in bx_tables_init(), before threads start; read-only after. */

#include "web/tables.h"

#include <stdlib.h>
#include <string.h>

#define MAX_PLUGINS       32
#define MAX_CAPABILITIES  (64 * BX_CAP_WORDS)

extern const bx_plugin bx_plugin_core;
#define BX_PLUGIN(name)  extern const bx_plugin bx_plugin_##name;
#include "plugins/plugins.def"
#undef BX_PLUGIN

static const bx_plugin *const built_in[] = {
    &bx_plugin_core,
#define BX_PLUGIN(name)  &bx_plugin_##name,
#include "plugins/plugins.def"
#undef BX_PLUGIN
};

static const bx_plugin *plugins[MAX_PLUGINS];
static size_t           nplugins;
static const char      *capabilities[MAX_CAPABILITIES];
static int              ncapabilities;
static uint64_t         fingerprint;


static bx_rc
capability_add(const char *name, bx_error *err)
{
    if (name == NULL) {
        return BX_OK;
    }

    for (int i = 0; i < ncapabilities; i++) {
        if (strcmp(capabilities[i], name) == 0) {
            return BX_OK;
        }
    }

    if (ncapabilities == MAX_CAPABILITIES) {
        return bx_error_set(err, BX_E_INTERNAL, "more than %d capabilities", MAX_CAPABILITIES);
    }

    capabilities[ncapabilities++] = name;
    return BX_OK;
}


static bx_rc
record_capabilities(const bx_record_def *def, bx_error *err)
{
    bx_rc  rc;

    rc = capability_add(def->read, err) | capability_add(def->create, err) | capability_add(def->edit, err);

    for (const bx_field *f = def->fields; f->name != NULL; f++) {
        rc |= capability_add(f->read, err) | capability_add(f->write, err);
    }
    for (const bx_transition *t = def->transitions; t != NULL && t->action != NULL; t++) {
        rc |= capability_add(t->capability, err);
    }
    for (const bx_view *v = def->views; v != NULL && v->name != NULL; v++) {
        rc |= capability_add(v->capability, err);
    }

    return rc == BX_OK ? BX_OK : BX_FAIL;
}


static bx_rc
plugin_capabilities(const bx_plugin *p, bx_error *err)
{
    bx_rc  rc = BX_OK;

    for (const bx_record_def *def = p->records; def != NULL && def->name != NULL; def++) {
        rc |= record_capabilities(def, err);
    }
    for (const bx_route *r = p->routes; r != NULL && r->method != NULL; r++) {
        rc |= capability_add(r->capability, err);
    }
    for (const bx_menu *m = p->menu; m != NULL && m->key != NULL; m++) {
        rc |= capability_add(m->capability, err);
    }

    return rc == BX_OK ? BX_OK : BX_FAIL;
}


static int
by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *) a, *(const char *const *) b);
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


static bx_rc
plugin_add(const bx_plugin *p, bx_error *err)
{
    if (p->abi != BX_PLUGIN_ABI) {
        return bx_error_set(err, BX_E_INTERNAL, "plugin \"%s\" was built for interface %u, this server has %u: build it again",
                            p->name, p->abi, (unsigned) BX_PLUGIN_ABI);
    }
    if (nplugins == MAX_PLUGINS) {
        return bx_error_set(err, BX_E_INTERNAL, "more than %d plugins", MAX_PLUGINS);
    }

    plugins[nplugins++] = p;
    return plugin_capabilities(p, err);
}


bx_rc
bx_tables_init(bx_error *err)
{
    if (nplugins > 0) {
        return BX_OK;
    }

    for (size_t i = 0; i < sizeof(built_in) / sizeof(built_in[0]); i++) {
        if (plugin_add(built_in[i], err) != BX_OK) {
            return BX_FAIL;
        }
    }

    qsort(capabilities, (size_t) ncapabilities, sizeof(capabilities[0]), by_name);
    fingerprint = fingerprint_of(capabilities, ncapabilities);
    return BX_OK;
}


const bx_plugin *const *
bx_plugins(size_t *n)
{
    *n = nplugins;
    return plugins;
}


int
bx_capability_index(const char *name)
{
    int  lo = 0, hi = ncapabilities - 1;

    while (lo <= hi) {
        int  mid = (lo + hi) / 2;
        int  d = strcmp(name, capabilities[mid]);

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
    return index >= 0 && index < ncapabilities ? capabilities[index] : NULL;
}


uint64_t
bx_tables_fingerprint(void)
{
    return fingerprint;
}


const bx_record_def *
bx_record_find(const char *name)
{
    for (size_t i = 0; i < nplugins; i++) {
        for (const bx_record_def *def = plugins[i]->records; def != NULL && def->name != NULL; def++) {
            if (strcmp(def->name, name) == 0) {
                return def;
            }
        }
    }

    return NULL;
}


const bx_rule *
bx_rule_find(const char *key)
{
    for (size_t i = 0; i < nplugins; i++) {
        for (const bx_rule *r = plugins[i]->rules; r != NULL && r->key != NULL; r++) {
            if (strcmp(r->key, key) == 0) {
                return r;
            }
        }
    }

    return NULL;
}


const bx_code_list *
bx_codes_find(const char *name)
{
    for (size_t i = 0; i < nplugins; i++) {
        for (const bx_code_list *l = plugins[i]->codes; l != NULL && l->name != NULL; l++) {
            if (strcmp(l->name, name) == 0) {
                return l;
            }
        }
    }

    return NULL;
}


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
