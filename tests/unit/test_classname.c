/*
 * test_classname.c: class names as schools write them, in 2026-2027 unless said, and labels.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "flow/classname.h"

#define COUNT(a)  (sizeof(a) / sizeof((a)[0]))

typedef struct { const char *text, *school, *stage; int entry_year, class_no, grade; } good;
typedef struct { const char *text, *school; bx_class_fault fault; } bad;

static const good  goods[] = {
    /* as rosters write them */
    { "2024级3班", "primary", "primary", 2024, 3, 3 },
    { "2024级03班", "primary", "primary", 2024, 3, 3 },
    { "2024级(3)班", "primary", "primary", 2024, 3, 3 },
    { "2024级（3）班", "primary", "primary", 2024, 3, 3 },
    { "2024级三班", "primary", "primary", 2024, 3, 3 },
    { "2024級3班", "primary", "primary", 2024, 3, 3 },
    { "2024级12班", "primary", "primary", 2024, 12, 3 },
    { "2024级3", "primary", "primary", 2024, 3, 3 },
    { "24级3班", "primary", "primary", 2024, 3, 3 },
    { "2026级1班", "primary", "primary", 2026, 1, 1 },
    { "2021级6班", "primary", "primary", 2021, 6, 6 },
    { "2024级1班", "junior", "junior", 2024, 1, 9 },
    { "三年级2班", "primary", "primary", 2024, 2, 3 },
    { "三年级二班", "primary", "primary", 2024, 2, 3 },
    { "三年级（2）班", "primary", "primary", 2024, 2, 3 },
    { "三年级(2)班", "primary", "primary", 2024, 2, 3 },
    { "三年级（二）班", "primary", "primary", 2024, 2, 3 },
    { "三年级（2班）", "primary", "primary", 2024, 2, 3 },
    { "三年级【2】班", "primary", "primary", 2024, 2, 3 },
    { "三年级2", "primary", "primary", 2024, 2, 3 },
    { "三年级第2班", "primary", "primary", 2024, 2, 3 },
    { "三年级十班", "primary", "primary", 2024, 10, 3 },
    { "三年级十二班", "primary", "primary", 2024, 12, 3 },
    { "三年级二十班", "primary", "primary", 2024, 20, 3 },
    { "三年级二十三班", "primary", "primary", 2024, 23, 3 },
    { "三年级99班", "primary", "primary", 2024, 99, 3 },
    { "三年級2班", "primary", "primary", 2024, 2, 3 },
    { "三年二班", "primary", "primary", 2024, 2, 3 },
    { "3年级2班", "primary", "primary", 2024, 2, 3 },
    { "03年级02班", "primary", "primary", 2024, 2, 3 },
    { "三（2）班", "primary", "primary", 2024, 2, 3 },
    { "三(2)班", "primary", "primary", 2024, 2, 3 },
    { "三（2）", "primary", "primary", 2024, 2, 3 },
    { "三（十二）班", "primary", "primary", 2024, 12, 3 },
    { "3（2）班", "primary", "primary", 2024, 2, 3 },
    { "三2班", "primary", "primary", 2024, 2, 3 },
    { "三二班", "primary", "primary", 2024, 2, 3 },
    { "三·2班", "primary", "primary", 2024, 2, 3 },
    { "3-2班", "primary", "primary", 2024, 2, 3 },
    { "303", "primary", "primary", 2024, 3, 3 },
    { "303班", "primary", "primary", 2024, 3, 3 },
    { "312", "primary", "primary", 2024, 12, 3 },
    { "101", "primary", "primary", 2026, 1, 1 },
    { "605", "primary", "primary", 2021, 5, 6 },
    { "小学三年级（2）班", "primary", "primary", 2024, 2, 3 },
    { "小学2024级3班", "primary", "primary", 2024, 3, 3 },
    /* full width, spaces */
    { "２０２４级３班", "primary", "primary", 2024, 3, 3 },
    { "３０３", "primary", "primary", 2024, 3, 3 },
    { "三年级２班", "primary", "primary", 2024, 2, 3 },
    { " 三 年级 2 班 ", "primary", "primary", 2024, 2, 3 },
    { "　三年级　２班　", "primary", "primary", 2024, 2, 3 },
    { "三\xc2\xa0(2) 班\n", "primary", "primary", 2024, 2, 3 },
    { "\xef\xbb\xbf三年级2班", "primary", "primary", 2024, 2, 3 },
    /* junior */
    { "七年级4班", "junior", "junior", 2026, 4, 7 },
    { "初一4班", "junior", "junior", 2026, 4, 7 },
    { "初一（4）班", "junior", "junior", 2026, 4, 7 },
    { "初一年级4班", "junior", "junior", 2026, 4, 7 },
    { "初一二班", "junior", "junior", 2026, 2, 7 },
    { "初一十二班", "junior", "junior", 2026, 12, 7 },
    { "初二3班", "junior", "junior", 2025, 3, 8 },
    { "初3（2）班", "junior", "junior", 2024, 2, 9 },
    { "初中一年级4班", "junior", "junior", 2026, 4, 7 },
    { "初中七年级4班", "junior", "junior", 2026, 4, 7 },
    { "初中2025级4班", "junior", "junior", 2025, 4, 8 },
    { "701", "junior", "junior", 2026, 1, 7 },
    { "912", "junior", "junior", 2024, 12, 9 },
    { "九(12)班", "junior", "junior", 2024, 12, 9 },
    { "九年级12班", "junior", "junior", 2024, 12, 9 },
    { "八年级（3）班", "junior", "junior", 2025, 3, 8 },
    /* a junior school has no grades 1 to 3: these can only be its own first to third year */
    { "一（2）班", "junior", "junior", 2026, 2, 7 },
    { "三年级2班", "junior", "junior", 2024, 2, 9 },
    { "201", "junior", "junior", 2025, 1, 8 },
    /* nine years */
    { "三年级2班", "nine", "primary", 2024, 2, 3 },
    { "六（1）班", "nine", "primary", 2021, 1, 6 },
    { "七年级4班", "nine", "junior", 2026, 4, 7 },
    { "九(12)班", "nine", "junior", 2024, 12, 9 },
    { "初一4班", "nine", "junior", 2026, 4, 7 },
    { "初中三年级4班", "nine", "junior", 2024, 4, 9 },
    { "小学三年级4班", "nine", "primary", 2024, 4, 3 },
    { "303", "nine", "primary", 2024, 3, 3 },
    { "803", "nine", "junior", 2025, 3, 8 },
    { "2022级3班", "nine", "primary", 2022, 3, 5 },
    { "初中2024级3班", "nine", "junior", 2024, 3, 9 },
    { "小学2024级3班", "nine", "primary", 2024, 3, 3 },
};

static const bad  bads[] = {
    { "", "primary", BX_CLASS_EMPTY },
    { "   ", "primary", BX_CLASS_EMPTY },
    { "　", "primary", BX_CLASS_EMPTY },
    { NULL, "primary", BX_CLASS_EMPTY },
    { "三年级", "primary", BX_CLASS_NO_NUMBER },
    { "三年级班", "primary", BX_CLASS_NO_NUMBER },
    { "2024级", "primary", BX_CLASS_NO_NUMBER },
    { "初一", "junior", BX_CLASS_NO_NUMBER },
    { "12班", "primary", BX_CLASS_NO_GRADE },
    { "十二班", "primary", BX_CLASS_NO_GRADE },
    { "3班", "primary", BX_CLASS_NO_GRADE },
    { "3", "primary", BX_CLASS_NO_GRADE },
    { "三", "primary", BX_CLASS_NO_GRADE },
    { "32班", "primary", BX_CLASS_NO_GRADE },
    { "三十二班", "primary", BX_CLASS_NO_GRADE },
    { "0 班", "primary", BX_CLASS_NO_GRADE },
    { "三年级0班", "primary", BX_CLASS_NUMBER },
    { "三年级00班", "primary", BX_CLASS_NUMBER },
    { "三年级零班", "primary", BX_CLASS_NUMBER },
    { "2024级0班", "primary", BX_CLASS_NUMBER },
    { "300", "primary", BX_CLASS_NUMBER },
    { "三年级100班", "primary", BX_CLASS_NUMBER },
    { "三年级1000班", "primary", BX_CLASS_NUMBER },
    { "十年级1班", "primary", BX_CLASS_GRADE },
    { "10年级1班", "nine", BX_CLASS_GRADE },
    { "0年级1班", "primary", BX_CLASS_GRADE },
    { "003", "primary", BX_CLASS_GRADE },
    { "七年级1班", "primary", BX_CLASS_GRADE },
    { "701", "primary", BX_CLASS_GRADE },
    { "初一1班", "primary", BX_CLASS_GRADE },
    { "初四1班", "junior", BX_CLASS_GRADE },
    { "四年级1班", "junior", BX_CLASS_GRADE },
    { "小学三年级1班", "junior", BX_CLASS_GRADE },
    { "小学七年级1班", "nine", BX_CLASS_GRADE },
    { "高一3班", "junior", BX_CLASS_GRADE },
    { "高中一年级3班", "nine", BX_CLASS_GRADE },
    { "2027级1班", "primary", BX_CLASS_GRADE },
    { "2020级1班", "primary", BX_CLASS_GRADE },
    { "2023级1班", "junior", BX_CLASS_GRADE },
    { "初中2024级1班", "primary", BX_CLASS_GRADE },
    { "1024级1班", "primary", BX_CLASS_GRADE },
    { "2024级3班", "nine", BX_CLASS_STAGE },
    { "2026级1班", "nine", BX_CLASS_STAGE },
    { "202403", "primary", BX_CLASS_FORM },
    { "202409", "primary", BX_CLASS_FORM },
    { "0303", "primary", BX_CLASS_FORM },
    { "2024", "primary", BX_CLASS_FORM },
    { "3.2", "primary", BX_CLASS_FORM },
    { "3.2班", "primary", BX_CLASS_FORM },
    { "2024届3班", "primary", BX_CLASS_FORM },
    { "2024年3班", "primary", BX_CLASS_FORM },
    { "未分班", "primary", BX_CLASS_FORM },
    { "？？", "primary", BX_CLASS_FORM },
    { "??", "primary", BX_CLASS_FORM },
    { "无", "primary", BX_CLASS_FORM },
    { "班", "primary", BX_CLASS_FORM },
    { "学前班", "primary", BX_CLASS_FORM },
    { "三年级2班（实验）", "primary", BX_CLASS_FORM },
    { "三年级2、3班", "primary", BX_CLASS_FORM },
    { "三年级2班三年级3班", "primary", BX_CLASS_FORM },
    { "三年级(2班", "primary", BX_CLASS_FORM },
    { "三年级2)班", "primary", BX_CLASS_FORM },
    { "三年级-2班", "primary", BX_CLASS_FORM },
    { "三年级两班", "primary", BX_CLASS_FORM },
    { "三年级A班", "primary", BX_CLASS_FORM },
    { "三年级", "nine", BX_CLASS_NO_NUMBER },
    { "某某小学三年级2班", "primary", BX_CLASS_FORM },
    { "2024级3班\xff", "primary", BX_CLASS_FORM },
    { "\xe4\xb8", "primary", BX_CLASS_FORM },
    { "99999999999999999999999999999999999999999999999999", "primary", BX_CLASS_FORM },
    { "999999999999999999999", "primary", BX_CLASS_FORM },
    { "三年级2班三年级2班三年级2班三年级2班三年级2班三年级2班三年级2班三年级2班", "primary", BX_CLASS_FORM },
};

static void
names_that_resolve(void **state)
{
    bx_class_name   out;
    bx_class_fault  fault;

    (void) state;

    for (size_t i = 0; i < COUNT(goods); i++) {
        memset(&out, 0, sizeof(out));
        fault = bx_classname_parse(goods[i].text, 2026, goods[i].school, &out);

        if (fault != BX_CLASS_OK || strcmp(out.stage, goods[i].stage) != 0 || out.entry_year != goods[i].entry_year
            || out.class_no != goods[i].class_no || out.grade != goods[i].grade)
        {
            fail_msg("\"%s\" in a %s school: %s %d %d grade %d, fault %s", goods[i].text, goods[i].school, out.stage,
                     out.entry_year, out.class_no, out.grade, fault ? bx_class_fault_name(fault) : "none");
        }
    }
}

static void
names_that_do_not(void **state)
{
    bx_class_name   out;
    bx_class_fault  fault;

    (void) state;

    for (size_t i = 0; i < COUNT(bads); i++) {
        memset(&out, 0x5a, sizeof(out));
        fault = bx_classname_parse(bads[i].text, 2026, bads[i].school, &out);

        if (fault != bads[i].fault) {
            fail_msg("\"%s\" in a %s school: fault %s instead of %s", bads[i].text ? bads[i].text : "NULL",
                     bads[i].school, fault ? bx_class_fault_name(fault) : "none", bx_class_fault_name(bads[i].fault));
        }
        assert_int_equal(out.class_no, 0x5a5a5a5a);       /* nothing was set */
    }
}

static void
other_years(void **state)
{
    bx_class_name  out;

    (void) state;

    assert_int_equal(bx_classname_parse("三年级2班", 2027, "primary", &out), BX_CLASS_OK);
    assert_int_equal(out.entry_year, 2025);
    assert_int_equal(bx_classname_parse("2024级2班", 2029, "primary", &out), BX_CLASS_OK);
    assert_int_equal(out.grade, 6);
    assert_int_equal(bx_classname_parse("2024级2班", 2030, "primary", &out), BX_CLASS_GRADE);
    assert_int_equal(bx_classname_parse("2024级2班", 2030, "nine", &out), BX_CLASS_GRADE);
    /* no stage known: a primary school */
    assert_int_equal(bx_classname_parse("三年级2班", 2026, NULL, &out), BX_CLASS_OK);
    assert_int_equal(bx_classname_parse("七年级2班", 2026, NULL, &out), BX_CLASS_GRADE);
}

static void
school_years(void **state)
{
    (void) state;

    assert_int_equal(bx_school_year(bx_date_make(2026, 7, 31)), 2025);
    assert_int_equal(bx_school_year(bx_date_make(2026, 8, 1)), 2026);
    assert_int_equal(bx_school_year(bx_date_make(2026, 12, 31)), 2026);
    assert_int_equal(bx_school_year(bx_date_make(2027, 1, 1)), 2026);
    assert_int_equal(bx_school_year(bx_date_make(2027, 7, 31)), 2026);

    assert_int_equal(bx_class_grade("primary", 2024, 2026), 3);
    assert_int_equal(bx_class_grade("primary", 2027, 2026), 0);
    assert_int_equal(bx_class_grade("primary", 2020, 2026), 0);
    assert_int_equal(bx_class_grade("junior", 2024, 2026), 9);
    assert_int_equal(bx_class_grade("junior", 2023, 2026), 0);
    assert_int_equal(bx_class_grade("nine", 2018, 2026), 9);
    assert_int_equal(bx_class_grade("nine", 2017, 2026), 0);
}

static void
labels(void **state)
{
    bx_arena  *a = bx_arena_create(4096);
    bx_date    on = bx_date_make(2026, 11, 23);

    (void) state;

    assert_string_equal(bx_class_label(a, "zh-CN", "primary", 2024, 2, on), "三年级2班");
    assert_string_equal(bx_class_label(a, "en", "primary", 2024, 2, on), "Grade 3 Class 2");
    assert_string_equal(bx_class_label(a, "zh-CN", "junior", 2026, 12, on), "七年级12班");
    assert_string_equal(bx_class_label(a, "en", "junior", 2024, 1, on), "Grade 9 Class 1");
    assert_string_equal(bx_class_label(a, "zh-CN", "nine", 2018, 1, on), "九年级1班");
    assert_string_equal(bx_class_label(a, "zh-CN", "primary", 2024, 2, bx_date_make(2027, 8, 1)), "四年级2班");
    assert_string_equal(bx_class_label(a, "zh-CN", "primary", 2024, 2, bx_date_make(2027, 7, 31)), "三年级2班");
    assert_string_equal(bx_class_label(a, "zh-CN", "primary", 2018, 2, on), "2018级2班");
    assert_string_equal(bx_class_label(a, "en", "primary", 2018, 2, on), "Class 2 of 2018");
    assert_string_equal(bx_class_label(a, "zh-CN", "primary", 2027, 1, on), "2027级1班");
    assert_string_equal(bx_class_label(a, "zh-CN", "primary", 2024, 0, on), "三年级");
    assert_string_equal(bx_class_label(a, "en", "primary", 2024, 0, on), "Grade 3");
    assert_string_equal(bx_class_label(a, NULL, NULL, 2024, 2, on), "三年级2班");

    bx_arena_destroy(a);
}

/* What a label says is read back as the same class. */
static void
labels_are_read_back(void **state)
{
    bx_arena       *a = bx_arena_create(4096);
    bx_date         on = bx_date_make(2026, 11, 23);
    bx_class_name   out;

    (void) state;

    for (int grade = 1; grade <= 9; grade++) {
        for (int number = 1; number <= 99; number++) {
            const char  *stage = grade > 6 ? "junior" : "primary";
            int          entry = 2026 - (grade > 6 ? grade - 7 : grade - 1);
            const char  *label = bx_class_label(a, "zh-CN", stage, entry, number, on);

            assert_int_equal(bx_classname_parse(label, 2026, "nine", &out), BX_CLASS_OK);
            assert_string_equal(out.stage, stage);
            assert_int_equal(out.entry_year, entry);
            assert_int_equal(out.class_no, number);
            assert_int_equal(out.grade, grade);
        }
    }

    bx_arena_destroy(a);
}

/* No bytes at all make it read past the end or say nonsense. */
static void
random_bytes(void **state)
{
    static const char *const  pieces[] = { "三", "十", "年", "级", "班", "（", "）", "(", ")", "2", "0", "2024", "初", "高",
                                           "小学", "-", " ", "\xe4", "\xff", "\xf0\x9f", "第", "零" };
    unsigned                  seed = 1;
    bx_class_name             out;

    (void) state;

    for (int i = 0; i < 200000; i++) {
        char  text[128] = "";

        for (unsigned n = seed >> 8 & 7; n > 0; n--) {
            seed = seed * 1103515245u + 12345u;
            strcat(text, pieces[(seed >> 16) % COUNT(pieces)]);
        }
        seed = seed * 1103515245u + 12345u;

        if (bx_classname_parse(text, 2026, i & 1 ? "nine" : "primary", &out) == BX_CLASS_OK) {
            assert_in_range(out.class_no, 1, 99);
            assert_in_range(out.grade, 1, 9);
            assert_int_equal(bx_class_grade(out.stage, out.entry_year, 2026), out.grade);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(names_that_resolve),
        cmocka_unit_test(names_that_do_not),
        cmocka_unit_test(other_years),
        cmocka_unit_test(school_years),
        cmocka_unit_test(labels),
        cmocka_unit_test(labels_are_read_back),
        cmocka_unit_test(random_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
