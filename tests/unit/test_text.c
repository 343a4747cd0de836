/*
 * test_text.c: UTF-8 as people type it.
 */
#include "core/core.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

static bx_arena  *a;

static int
set_up(void **state)
{
    (void) state;
    a = bx_arena_create(0);

    return a == NULL ? -1 : 0;
}

static int
tear_down(void **state)
{
    (void) state;
    bx_arena_destroy(a);

    return 0;
}

static void
test_valid(void **state)
{
    static const char *const  good[] = { "", "abc", "保学", "é", "😀", "\xef\xbf\xbd", "\xf4\x8f\xbf\xbf", "\xed\x9f\xbf",
                                         "\xee\x80\x80" };
    static const char *const  bad[] = {
        "\x80", "\xbf", "\xc3", "\xc0\x80", "\xc1\xbf", "\xe0\x80\x80", "\xe0\x9f\xbf", "\xf0\x80\x80\x80",
        "\xf0\x8f\xbf\xbf",
        "\xed\xa0\x80", "\xed\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xf8\x88\x80\x80\x80", "\xff", "\xfe",
        "abc\xe4\xbf",
        "\xe4\xbf" "a", "a\xc3(",
        "\xb1\xa3\xd1\xa7",                   /* 保学 in GB 18030 */
    };

    (void) state;

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_true(bx_utf8_valid(good[i], strlen(good[i])));
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (bx_utf8_valid(bad[i], strlen(bad[i]))) {
            fail_msg("bad[%zu] was taken", i);
        }
        assert_false(bx_text_clean(bad[i]));
    }
    assert_false(bx_utf8_valid("保学", 5));     /* the length counts */
    assert_true(bx_utf8_valid("保\xff", 3));
}

static void
test_count(void **state)
{
    (void) state;

    assert_int_equal(bx_utf8_count(""), 0);
    assert_int_equal(bx_utf8_count("abc"), 3);
    assert_int_equal(bx_utf8_count("保学 é😀"), 5);
}

static void
test_trim(void **state)
{
    (void) state;

    assert_string_equal(bx_trim(a, ""), "");
    assert_string_equal(bx_trim(a, " \t\r\n\v\f"), "");
    assert_string_equal(bx_trim(a, "　　"), "");
    assert_string_equal(bx_trim(a, " 　张 小明　\n "), "张 小明");
    assert_string_equal(bx_trim(a, "a　b"), "a　b");
    assert_string_equal(bx_trim(a, "张"), "张");
    assert_string_equal(bx_trim(a, "、"), "、");                /* U+3001 begins with the same two bytes as the space */
    assert_string_equal(bx_trim(a, "\xe3\x80"), "\xe3\x80");
    assert_null(bx_trim(a, NULL));
}

static void
test_fold_width(void **state)
{
    (void) state;

    assert_string_equal(bx_fold_width(a, "１３８００１３８０００"), "13800138000");
    assert_string_equal(bx_fold_width(a, "三（２）班　Ａｚ！～"), "三(2)班 Az!~");
    assert_string_equal(bx_fold_width(a, "a\xc2\xa0" "b\xe2\x80\xaf" "c\xe2\x80\x87" "d"), "a b c d");
    assert_string_equal(bx_fold_width(a, "，"), ",");
    assert_string_equal(bx_fold_width(a, "。、「」￥"), "。、「」￥");
    assert_string_equal(bx_fold_width(a, "😀\xff!"), "😀\xff!");
    assert_string_equal(bx_fold_width(a, ""), "");
    assert_null(bx_fold_width(a, NULL));
}

static void
test_hex(void **state)
{
    (void) state;

    assert_string_equal(bx_hex(a, "\x00\x1f\xff", 3), "001fff");
    assert_string_equal(bx_hex(a, "", 0), "");
}

static void
test_clean(void **state)
{
    char  text[4] = "a?b";

    (void) state;

    assert_true(bx_text_clean("第一行\n\t第二行"));
    assert_true(bx_text_clean(""));
    for (char c = 1; c < 0x20; c++) {
        text[1] = c;
        assert_int_equal(bx_text_clean(text), c == '\n' || c == '\t');
    }
    assert_false(bx_text_clean("\x7f"));
    assert_false(bx_text_clean("a\xc2\x85"));
    assert_true(bx_text_clean("a\xc2\xa0"));
}

int
main(void)
{
#define T(name)  cmocka_unit_test_setup_teardown(test_##name, set_up, tear_down)
    const struct CMUnitTest tests[] = { T(valid), T(count), T(trim), T(fold_width), T(hex), T(clean) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
