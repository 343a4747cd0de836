/*
 * locale.c: the texts users see, in every language there is: html/locale/<lang>/ *.json, flat objects of key → text.
 * The portal serves the same files; a plugin from outside brings its own. A set is filled by one thread and read-only
 * once it is in use. Owns no choice of language: that is the call's.
 */
#include "core/core.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The first is what another language falls back on. */
static const char *const  languages[BX_LANGUAGES] = { "zh-CN", "en" };

struct bx_locale { json_t *texts[BX_LANGUAGES]; };                      /* key → text, of all files of a language */

static const bx_locale  *used;                /* what bx_tr() reads; NULL: `own` */
static bx_locale        *own;                 /* of bx_locale_load() */

/* Two files may say the same under one key; they may not contradict each other. */
static bx_rc
merge(json_t *into, json_t *file, const char *path, bx_error *err)
{
    json_t      *value, *old;
    const char  *key;

    json_object_foreach(file, key, value) {
        if (!json_is_string(value)) {
            return bx_error_set(err, BX_E_INTERNAL, "key \"%s\" of \"%s\" is no text", key, path);
        }

        old = json_object_get(into, key);
        if (old != NULL && !json_equal(old, value)) {
            return bx_error_set(err, BX_E_INTERNAL, "key \"%s\" of \"%s\" says something else in another file", key,
                                path);
        }

        if (json_object_set(into, key, value) != 0) {
            return bx_error_set(err, BX_E_MEMORY, "out of memory while reading \"%s\"", path);
        }
    }

    return BX_OK;
}

static bx_rc
load_file(json_t *into, const char *path, bx_error *err)
{
    bx_rc         rc;
    json_t       *file;
    json_error_t  bad;

    file = json_load_file(path, JSON_REJECT_DUPLICATES, &bad);
    if (file == NULL) {
        return bx_error_set(err, BX_E_INTERNAL, "cannot read \"%s\": line %d: %s", path, bad.line, bad.text);
    }

    rc = json_is_object(file) ? merge(into, file, path, err)
                              : bx_error_set(err, BX_E_INTERNAL, "\"%s\" is no JSON object", path);
    json_decref(file);

    return rc;
}

static int
is_json(const struct dirent *entry)
{
    size_t  n = strlen(entry->d_name);

    return n > 5 && entry->d_name[0] != '.' && strcmp(entry->d_name + n - 5, ".json") == 0;
}

static json_t *
load_language(const char *dir, const char *lang, bx_error *err)
{
    int              i, n, len;
    char             path[PATH_MAX];
    json_t          *all = NULL;
    bx_rc            rc = BX_FAIL;
    struct dirent  **entries = NULL;

    snprintf(path, sizeof(path), "%s/%s", dir, lang);
    n = scandir(path, &entries, is_json, alphasort);
    if (n <= 0) {
        bx_error_set(err, BX_E_INTERNAL, "no texts in \"%s\": %s", path, n < 0 ? strerror(errno) : "no .json file");
        free(entries);
        return NULL;
    }

    all = json_object();
    if (all == NULL) {
        bx_error_set(err, BX_E_MEMORY, "out of memory while reading texts");
        goto done;
    }

    for (i = 0, rc = BX_OK; i < n && rc == BX_OK; i++) {
        len = snprintf(path, sizeof(path), "%s/%s/%s", dir, lang, entries[i]->d_name);
        rc = len >= (int) sizeof(path) ? bx_error_set(err, BX_E_INTERNAL, "path of texts too long")
                                       : load_file(all, path, err);
    }

done:

    for (i = 0; i < n; i++) {
        free(entries[i]);
    }
    free(entries);

    if (rc != BX_OK) {
        json_decref(all);
        return NULL;
    }

    return all;
}

bx_locale *
bx_locale_open(void)
{
    size_t      i;
    bx_locale  *set = calloc(1, sizeof(*set));

    for (i = 0; set != NULL && i < BX_LANGUAGES; i++) {
        set->texts[i] = json_object();
        if (set->texts[i] == NULL) {
            bx_locale_close(set);
            return NULL;
        }
    }

    return set;
}

void
bx_locale_close(bx_locale *set)
{
    size_t  i;

    for (i = 0; set != NULL && i < BX_LANGUAGES; i++) {
        json_decref(set->texts[i]);
    }

    free(set);
}

/* The set that fails is half filled: close it. */
bx_rc
bx_locale_read(bx_locale *set, const char *dir, json_t *said[BX_LANGUAGES], bx_error *err)
{
    bx_rc    rc = BX_OK;
    size_t   i;
    json_t  *loaded[BX_LANGUAGES] = { NULL };

    for (i = 0; i < BX_LANGUAGES && rc == BX_OK; i++) {
        loaded[i] = load_language(dir, languages[i], err);
        rc = loaded[i] == NULL ? BX_FAIL : merge(set->texts[i], loaded[i], dir, err);
    }

    for (i = 0; i < BX_LANGUAGES; i++) {
        if (rc == BX_OK && said != NULL) {
            said[i] = loaded[i];
        } else {
            json_decref(loaded[i]);
        }
    }

    return rc;
}

void
bx_locale_use(const bx_locale *set)
{
    __atomic_store_n(&used, set, __ATOMIC_RELEASE);
}

/* On failure the texts loaded before stay. */
bx_rc
bx_locale_load(const char *dir, bx_error *err)
{
    bx_locale  *set = bx_locale_open();

    if (set == NULL) {
        return bx_error_set(err, BX_E_MEMORY, "out of memory while reading texts");
    }
    if (bx_locale_read(set, dir, NULL, err) != BX_OK) {
        bx_locale_close(set);
        return BX_FAIL;
    }

    bx_locale_free();
    own = set;

    return BX_OK;
}

void
bx_locale_free(void)
{
    bx_locale_close(own);
    own = NULL;
}

/* An unknown language, or none, is the first. */
size_t
bx_language(const char *lang)
{
    size_t  i;

    for (i = 0; lang != NULL && i < BX_LANGUAGES; i++) {
        if (strcmp(lang, languages[i]) == 0) {
            return i;
        }
    }

    return 0;
}

const char *
bx_language_name(size_t i)
{
    return i < BX_LANGUAGES ? languages[i] : NULL;
}

bool
bx_locale_says(const bx_locale *set, size_t language, const char *key)
{
    return json_object_get(set->texts[language], key) != NULL;
}

static const char *
find(const char *lang, const char *key)
{
    const bx_locale  *set = __atomic_load_n(&used, __ATOMIC_ACQUIRE);

    set = set != NULL ? set : own;

    return set == NULL ? NULL : json_string_value(json_object_get(set->texts[bx_language(lang)], key));
}

bool
bx_locale_has(const char *lang, const char *key)
{
    return find(lang, key) != NULL;
}

/* Appends the value of {name}; false when params has none that can be shown. */
static bool
add_param(bx_buf *b, const json_t *params, const char *name, size_t len)
{
    char           key[64];
    const json_t  *value;

    if (len == 0 || len >= sizeof(key)) {
        return false;
    }

    memcpy(key, name, len);
    key[len] = '\0';
    value = json_object_get(params, key);

    switch (value == NULL ? JSON_NULL : json_typeof(value)) {
    case JSON_STRING:
        bx_buf_add(b, json_string_value(value), json_string_length(value));
        return true;
    case JSON_INTEGER:
        bx_buf_printf(b, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        return true;
    case JSON_REAL:
        bx_buf_printf(b, "%.15g", json_real_value(value));
        return true;
    default:
        return false;
    }
}

json_t *
bx_locale_like(const char *lang, const char *prefix)
{
    const bx_locale  *set = __atomic_load_n(&used, __ATOMIC_ACQUIRE);
    json_t           *out = json_object(), *value;
    const char       *key;

    set = set != NULL ? set : own;
    if (set != NULL) {
        json_object_foreach(set->texts[bx_language(lang)], key, value) {
            if (strncmp(key, prefix, strlen(prefix)) == 0) {
                json_object_set_new(out, key, json_string(json_string_value(value)));   /* threads share the set, not its counts */
            }
        }
    }

    return out;
}

/* A name that params does not have stays in the text, braces and all: a missing word is easier found than an empty
 * one. */
const char *
bx_text_fill(bx_arena *a, const char *text, const json_t *params)
{
    bx_buf       b;
    const char  *open, *close;

    if (params == NULL || strchr(text, '{') == NULL) {
        return text;
    }

    bx_buf_init(&b, a);

    for (open = text; (open = strchr(open, '{')) != NULL; /* void */ ) {
        bx_buf_add(&b, text, (size_t) (open - text));
        text = open++;

        close = open + strcspn(open, "{}");
        if (*close == '}' && add_param(&b, params, open, (size_t) (close - open))) {
            text = open = close + 1;
        }
    }

    bx_buf_str(&b, text);

    return b.data;
}

const char *
bx_tr(bx_arena *a, const char *lang, const char *key, const json_t *params)
{
    const char  *text = find(lang, key);

    if (text == NULL) {
        text = find(NULL, key);
    }
    if (text == NULL) {
        return key == NULL ? "" : key;
    }

    return bx_text_fill(a, text, params);
}
