/*
 * test_locale.c: loading of texts, falling back, filling of {names}; and that the project's own texts load.
 */
#include "core/core.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char       dir[64];
static bx_arena  *a;

static int
remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void) st;
    (void) type;
    (void) ftw;

    return remove(path);
}

static void
put(const char *name, const char *text)
{
    FILE  *f = fopen(bx_sprintf(a, "%s/%s", dir, name), "w");

    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static int
set_up(void **state)
{
    (void) state;

    a = bx_arena_create(0);
    snprintf(dir, sizeof(dir), "/tmp/baoxue-locale-XXXXXX");
    if (mkdtemp(dir) == NULL || mkdir(bx_sprintf(a, "%s/zh-CN", dir), 0700) != 0
        || mkdir(bx_sprintf(a, "%s/en", dir), 0700) != 0)
    {
        return -1;
    }

    put("zh-CN/common.json", "{\"save\":\"保存\",\"only\":\"只有中文\",\"days\":\"{name} 请假 {n} 天\","
                             "\"odd\":\"{ {x {} {n} }\"}");
    put("zh-CN/leave.json", "{\"leave.title\":\"请假\",\"save\":\"保存\"}");
    put("en/common.json", "{\"save\":\"Save\",\"days\":\"{name}: {n} days of leave, {n}!\"}");
    put("en/leave.json", "{\"leave.title\":\"Leave\"}");
    put("en/notes.txt", "no texts");
    put("en/.hidden.json", "{");

    return 0;
}

static int
tear_down(void **state)
{
    (void) state;
    bx_locale_free();
    bx_arena_destroy(a);

    return nftw(dir, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static void
load(void)
{
    bx_error  err = { BX_E_NONE, 0, "" };

    if (bx_locale_load(dir, &err) != BX_OK) {
        fail_msg("%s", err.text);
    }
}

static void
refuses(const char *word)
{
    bx_error  err = { BX_E_NONE, 0, "" };

    assert_int_equal(bx_locale_load(dir, &err), BX_FAIL);
    if (strstr(err.text, word) == NULL) {
        fail_msg("\"%s\" is not in \"%s\"", word, err.text);
    }
}

static void
test_texts(void **state)
{
    (void) state;

    assert_string_equal(bx_tr(a, "en", "save", NULL), "save");    /* nothing loaded: never NULL */
    load();
    assert_string_equal(bx_tr(a, "zh-CN", "save", NULL), "保存");
    assert_string_equal(bx_tr(a, "en", "leave.title", NULL), "Leave");
    assert_string_equal(bx_tr(a, "en", "only", NULL), "只有中文");
    assert_string_equal(bx_tr(a, "fr", "save", NULL), "保存");
    assert_string_equal(bx_tr(a, NULL, "save", NULL), "保存");
    assert_string_equal(bx_tr(a, "en", "no.such.key", NULL), "no.such.key");
    assert_string_equal(bx_tr(a, "en", NULL, NULL), "");

    assert_true(bx_locale_has("en", "save"));
    assert_false(bx_locale_has("en", "only"));
    assert_true(bx_locale_has("zh-CN", "only"));

    load();                                   /* again, in the place of the first */
    assert_string_equal(bx_tr(a, "en", "save", NULL), "Save");
    bx_locale_free();
    assert_false(bx_locale_has("en", "save"));
}

static void
test_params(void **state)
{
    json_t  *params = bx_own(a, json_pack("{s:s, s:i, s:b, s:f}", "name", "{n} 小明", "n", 3, "x", 1, "half", 1.5));

    (void) state;
    load();

    assert_string_equal(bx_tr(a, "zh-CN", "days", params), "{n} 小明 请假 3 天");     /* a value is not filled again */
    assert_string_equal(bx_tr(a, "en", "days", params), "{n} 小明: 3 days of leave, 3!");
    assert_string_equal(bx_tr(a, "en", "days", NULL), "{name}: {n} days of leave, {n}!");
    assert_string_equal(bx_tr(a, "en", "save", params), "Save");
    assert_string_equal(bx_tr(a, "zh-CN", "odd", params), "{ {x {} 3 }");

    json_object_set_new(params, "n", json_real(2.5));
    json_object_del(params, "name");
    assert_string_equal(bx_tr(a, "zh-CN", "days", params), "{name} 请假 2.5 天");
    json_object_set_new(params, "n", json_true());
    assert_string_equal(bx_tr(a, "zh-CN", "days", params), "{name} 请假 {n} 天");
}

static void
test_refuses(void **state)
{
    (void) state;

    load();

    put("en/bad.json", "{\"a\": \"b\"");
    refuses("bad.json");
    put("en/bad.json", "[\"a\"]");
    refuses("bad.json");
    put("en/bad.json", "{\"a\": {\"b\": \"c\"}}");
    refuses("key \"a\"");
    put("en/bad.json", "{\"a\": \"b\", \"a\": \"c\"}");
    refuses("bad.json");
    put("en/bad.json", "{\"save\": \"Keep\"}");
    refuses("key \"save\"");
    put("en/bad.json", "{\"save\": \"\xff\"}");
    refuses("bad.json");

    assert_string_equal(bx_tr(a, "en", "save", NULL), "Save");    /* what was there stays */

    unlink(bx_sprintf(a, "%s/en/bad.json", dir));
    load();
    nftw(bx_sprintf(a, "%s/en", dir), remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    refuses("/en");
}

/* Every file has its fellow in the other language, with the same keys. Which {names} a text takes is a matter of its
 * language. */
static void
compare_file(const char *one_path, const char *other_path)
{
    json_t      *one = bx_own(a, json_load_file(one_path, 0, NULL));
    json_t      *other = bx_own(a, json_load_file(other_path, 0, NULL)), *value;
    const char  *key;

    if (one == NULL || other == NULL) {
        fail_msg("%s or %s cannot be read", one_path, other_path);
    }

    json_object_foreach(one, key, value) {
        if (json_object_get(other, key) == NULL) {
            fail_msg("key \"%s\" of %s is not in %s", key, one_path, other_path);
        }
    }
}

static int
compare_both_ways(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    const char  *zh = bx_sprintf(a, "html/locale/zh-CN/%s", path + ftw->base);
    const char  *en = bx_sprintf(a, "html/locale/en/%s", path + ftw->base);

    (void) st;

    if (type == FTW_F) {
        compare_file(zh, en);
        compare_file(en, zh);
    }

    return 0;
}

static void
test_own_texts(void **state)
{
    bx_error  err = { BX_E_NONE, 0, "" };

    (void) state;

    if (bx_locale_load("html/locale", &err) != BX_OK) {
        fail_msg("%s", err.text);
    }
    assert_int_equal(nftw("html/locale/zh-CN", compare_both_ways, 8, FTW_PHYS), 0);
    assert_int_equal(nftw("html/locale/en", compare_both_ways, 8, FTW_PHYS), 0);
}

int
main(void)
{
#define T(name)  cmocka_unit_test_setup_teardown(test_##name, set_up, tear_down)
    const struct CMUnitTest tests[] = { T(texts), T(params), T(refuses), T(own_texts) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
