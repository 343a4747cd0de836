/*
 * test_arena.c: arena, deferred calls, growing strings; and error.c, which is as small.
 */
#include "core/core.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
test_alloc(void **state)
{
    static const size_t  sizes[] = { 0, 1, 15, 16, 17, 100, 1000, 5000, 100000, 3 };
    unsigned char       *p, *seen[200];
    bx_arena            *a = bx_arena_create(64);
    size_t               i, j, n, total = sizeof(seen) / sizeof(seen[0]);

    (void) state;
    assert_non_null(a);

    for (i = 0; i < total; i++) {
        n = sizes[i % 10];
        p = bx_alloc(a, n);
        assert_non_null(p);
        assert_int_equal((uintptr_t) p % _Alignof(max_align_t), 0);
        for (j = 0; j < n; j++) {
            assert_int_equal(p[j], 0);
        }
        memset(p, (int) i, n);
        seen[i] = p;
    }

    for (i = 0; i < total; i++) {             /* nothing overlaps */
        for (j = 0; j < sizes[i % 10]; j++) {
            assert_int_equal(seen[i][j], i & 0xff);
        }
    }

    bx_arena_destroy(a);
    bx_arena_destroy(NULL);
}

static void
test_too_large(void **state)
{
    bx_buf     b;
    bx_arena  *a = bx_arena_create(0);

    (void) state;

    assert_null(bx_alloc(a, SIZE_MAX));
    assert_null(bx_alloc(a, SIZE_MAX - 15));
    assert_null(bx_alloc(a, SIZE_MAX - 40));
    assert_null(bx_strndup(a, "x", SIZE_MAX));
    assert_non_null(bx_alloc(a, 10));         /* still of use */

    bx_buf_init(&b, a);
    bx_buf_str(&b, "kept");
    bx_buf_add(&b, "x", SIZE_MAX - 10);
    assert_true(b.failed);
    assert_string_equal(b.data, "kept");
    bx_buf_str(&b, "lost");
    bx_buf_printf(&b, "%d", 1);
    assert_string_equal(b.data, "kept");

    bx_arena_destroy(a);
}

static void
test_strings(void **state)
{
    char       text[] = "abc";
    char      *copy, *long_text;
    bx_arena  *a = bx_arena_create(16);

    (void) state;

    copy = bx_strdup(a, text);
    text[0] = 'x';
    assert_string_equal(copy, "abc");
    assert_null(bx_strdup(a, NULL));
    assert_string_equal(bx_strndup(a, "abcdef", 3), "abc");
    assert_string_equal(bx_strndup(a, "", 0), "");
    assert_string_equal(bx_sprintf(a, "%s-%04d", "三年级", 7), "三年级-0007");

    long_text = bx_sprintf(a, "%100000d", 1);
    assert_int_equal(strlen(long_text), 100000);
    assert_int_equal(long_text[99999], '1');

    bx_arena_destroy(a);
}

static char    order[16];
static size_t  norder;

static void
note(void *arg)
{
    order[norder++] = *(char *) arg;
}

static bx_arena  *dying;

static void
note_and_defer(void *arg)
{
    assert_non_null(bx_alloc(dying, 100));
    assert_int_equal(bx_arena_defer(dying, note, "z"), BX_OK);
    note(arg);
}

static void
test_defer(void **state)
{
    (void) state;

    norder = 0;
    dying = bx_arena_create(0);
    assert_int_equal(bx_arena_defer(dying, note, "a"), BX_OK);
    assert_int_equal(bx_arena_defer(dying, note_and_defer, "b"), BX_OK);
    assert_int_equal(bx_arena_defer(dying, note, "c"), BX_OK);
    assert_int_equal(norder, 0);
    bx_arena_destroy(dying);

    assert_int_equal(norder, 4);
    assert_memory_equal(order, "cbza", 4);    /* newest first */
}

static void
test_own(void **state)
{
    bx_arena  *a = bx_arena_create(0);
    json_t    *j = json_pack("{s:[i,i]}", "a", 1, 2), *kept = json_integer(5);

    (void) state;

    assert_ptr_equal(bx_own(a, j), j);
    assert_null(bx_own(a, NULL));
    assert_ptr_equal(bx_own(a, json_incref(kept)), kept);
    bx_arena_destroy(a);                      /* the leak checker sees j go */

    assert_int_equal(kept->refcount, 1);
    json_decref(kept);
}

static void
drop(void *j)
{
    json_decref(j);
}

/* What a request makes lies in its arena and ends with it; what was there before is released where it came from. The leak checker and
 * AddressSanitizer see what is forgotten and what is released twice. */
static void
test_json_in_an_arena(void **state)
{
    bx_arena  *a = bx_arena_create(0), *page = bx_arena_create(0);
    json_t    *heap = json_pack("{s:s}", "made", "before"), *o, *list;

    (void) state;

    bx_json_init();
    bx_json_here(a);
    o = json_object();
    list = json_array();
    for (int i = 0; i < 5000; i++) {          /* many blocks */
        json_array_append_new(list, json_pack("{s:i, s:s}", "n", i, "text", "学生"));
    }
    json_object_set_new(o, "list", list);
    assert_int_equal(json_object_set(o, "heap", heap), 0);
    json_object_del(o, "heap");
    assert_int_equal(heap->refcount, 1);
    json_decref(heap);                        /* to the heap, though JSON is made here */

    assert_ptr_equal(bx_own(page, o), o);
    bx_arena_destroy(page);
    assert_int_equal(json_array_size(json_object_get(o, "list")), 5000);
    assert_int_equal(bx_arena_defer(a, drop, json_incref(o)), BX_OK);

    bx_json_here(NULL);
    heap = json_string("after");
    assert_string_equal(bx_json_text(a, heap, JSON_COMPACT | JSON_ENCODE_ANY), "\"after\"");
    json_decref(heap);
    assert_null(bx_json_text(a, NULL, JSON_COMPACT));
    assert_string_equal(bx_json_text(a, json_array_get(list, 4999), JSON_COMPACT), "{\"n\":4999,\"text\":\"学生\"}");

    bx_arena_destroy(a);                      /* the deferred release finds its JSON in the arena */
    heap = json_object();
    assert_non_null(heap);
    json_decref(heap);
}

static void
test_buf(void **state)
{
    bx_buf     b;
    char      *all;
    bx_arena  *a = bx_arena_create(0);

    (void) state;

    bx_buf_init(&b, a);
    assert_string_equal(b.data, "");
    bx_buf_add(&b, "x", 0);
    assert_string_equal(b.data, "");
    assert_int_equal(b.len, 0);

    for (int i = 0; i < 10000; i++) {
        bx_buf_printf(&b, "%04d", i);
        bx_buf_str(&b, ";");
        bx_buf_add(&b, "ab", 1);
    }

    assert_false(b.failed);
    assert_int_equal(b.len, 60000);
    assert_int_equal(strlen(b.data), 60000);
    all = strstr(b.data, "4999;a5000;a");
    assert_non_null(all);
    assert_int_equal(all - b.data, 4999 * 6);

    bx_buf_init(&b, a);
    bx_buf_add(&b, "a\0b", 3);
    assert_int_equal(b.len, 3);
    assert_memory_equal(b.data, "a\0b", 4);

    bx_arena_destroy(a);
}

static void
test_error(void **state)
{
    bx_error  err = { BX_E_NONE, 0, "" };
    char      text[400];

    (void) state;

    assert_int_equal(bx_error_set(&err, BX_E_CONFLICT, "file \"%s\" line %d", "a\nb", 3), BX_FAIL);
    assert_int_equal(err.code, BX_E_CONFLICT);
    assert_string_equal(err.text, "file \"a b\" line 3");     /* one line of a log */
    assert_int_equal(bx_error_set(&err, BX_E_MEMORY, "second"), BX_FAIL);
    assert_int_equal(err.code, BX_E_CONFLICT);                /* the first wins */
    assert_int_equal(bx_error_set(NULL, BX_E_MEMORY, "nobody listens"), BX_FAIL);

    err = (bx_error) { BX_E_NONE, 0, "" };
    bx_error_set(&err, BX_E_NONE, "a failure is never none");
    assert_int_equal(err.code, BX_E_INTERNAL);

    for (size_t shift = 0; shift < 3; shift++) {              /* cut between characters */
        memset(text, 'a', shift);
        for (size_t i = shift; i < 390; i += 3) {
            memcpy(text + i, "学", 4);
        }
        err = (bx_error) { BX_E_NONE, 0, "" };
        bx_error_set(&err, BX_E_INTERNAL, "%s", text);
        assert_true(strlen(err.text) >= 253);
        assert_true(bx_utf8_valid(err.text, strlen(err.text)));
    }
}

static void
test_error_codes(void **state)
{
    (void) state;

    for (int code = BX_E_NONE + 1; code < BX_E_COUNT; code++) {
        assert_in_range(bx_err_status((bx_err) code), 400, 599);
        assert_true(strlen(bx_err_slug((bx_err) code)) > 0);
        for (int other = code + 1; other < BX_E_COUNT; other++) {
            assert_string_not_equal(bx_err_slug((bx_err) code), bx_err_slug((bx_err) other));
        }
    }

    assert_int_equal(bx_err_status(BX_E_STALE), 412);
    assert_string_equal(bx_err_slug(BX_E_STALE), "stale");
    assert_int_equal(bx_err_status(BX_E_COUNT), 500);
    assert_int_equal(bx_err_status((bx_err) -1), 500);
    assert_string_equal(bx_err_slug((bx_err) 9999), "internal");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alloc), cmocka_unit_test(test_too_large), cmocka_unit_test(test_strings),
        cmocka_unit_test(test_defer), cmocka_unit_test(test_own), cmocka_unit_test(test_json_in_an_arena), cmocka_unit_test(test_buf),
        cmocka_unit_test(test_error), cmocka_unit_test(test_error_codes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
