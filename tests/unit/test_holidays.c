/*
 * test_holidays.c: announcements of holidays as people paste them: the State Council's of three years, tables from spreadsheets,
 * and what cannot be read.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/core.h"
#include "flow/holidays.h"

static bx_arena  *arena;

/* "holiday 2026-01-01 2026-01-03 元旦", a line an entry; then "! line reason" for each fault. */
static const char *
read_all(const char *text, int year)
{
    bx_holidays  list;
    bx_buf       b;

    assert_int_equal(bx_holidays_read(arena, text, year, &list), BX_OK);
    bx_buf_init(&b, arena);

    for (size_t i = 0; i < list.n; i++) {
        const bx_holiday  *h = &list.entries[i];

        bx_buf_printf(&b, "%s %s %s %s\n", h->makeup ? "makeup" : "holiday", bx_date_text(arena, h->starts), bx_date_text(arena, h->ends), h->name);
    }
    for (size_t i = 0; i < list.nfaults; i++) {
        bx_buf_printf(&b, "! %d %s\n", list.faults[i].line, list.faults[i].reason);
    }

    return b.data != NULL ? b.data : "";
}

static void
announcements(void **state)
{
    (void) state;

    assert_string_equal(read_all(
        "国务院办公厅关于2026年部分节假日安排的通知\n国办发明电〔2025〕7号\n"
        "经国务院批准，现将2026年元旦、春节、清明节、劳动节、端午节、中秋节和国庆节放假调休日期的具体安排通知如下。\n"
        "一、元旦：1月1日（周四）至3日（周六）放假调休，共3天。1月4日（周日）上班。\n"
        "二、春节：2月15日（农历腊月二十八、周日）至23日（农历正月初七、周一）放假调休，共9天。2月14日（周六）、2月28日（周六）上班。\n"
        "三、清明节：4月4日（周六）至6日（周一）放假，共3天。\n"
        "七、国庆节：10月1日（周四）至7日（周三）放假调休，共7天。9月20日（周日）、10月10日（周六）上班。\n"
        "节假日期间，各地区、各部门要妥善安排好值班和安全、保卫、疫情防控等工作。\n2025年11月4日\n", 2020),
        "holiday 2026-01-01 2026-01-03 元旦\nmakeup 2026-01-04 2026-01-04 元旦\n"
        "holiday 2026-02-15 2026-02-23 春节\nmakeup 2026-02-14 2026-02-14 春节\nmakeup 2026-02-28 2026-02-28 春节\n"
        "holiday 2026-04-04 2026-04-06 清明节\n"
        "holiday 2026-10-01 2026-10-07 国庆节\nmakeup 2026-09-20 2026-09-20 国庆节\nmakeup 2026-10-10 2026-10-10 国庆节\n");

    /* over the turn of the year, with weekends, and two holidays in one paragraph */
    assert_string_equal(read_all("一、元旦：2022年12月31日至2023年1月2日放假调休，共3天。", 2023),
                        "holiday 2022-12-31 2023-01-02 元旦\n");
    assert_string_equal(read_all("元旦: 12月30日至1月1日放假", 2023), "holiday 2023-12-30 2024-01-01 元旦\n");
    assert_string_equal(read_all("三、清明节：4月4日（周五）放假，与周末连休。", 2025), "holiday 2025-04-04 2025-04-04 清明节\n");
    assert_string_equal(read_all("六、中秋节、国庆节：9月29日至10月6日放假调休，共8天。10月7日（周六）、10月8日（周日）上班。", 2023),
                        "holiday 2023-09-29 2023-10-06 中秋节、国庆节\nmakeup 2023-10-07 2023-10-07 中秋节、国庆节\n"
                        "makeup 2023-10-08 2023-10-08 中秋节、国庆节\n");
}

static void
tables(void **state)
{
    (void) state;

    assert_string_equal(read_all("2026-10-01\t2026-10-07\t放假\t国庆节\n2026-10-10 上班\n2026/11/05,2026/11/05,放假,校运会\n", 2020),
                        "holiday 2026-10-01 2026-10-07 国庆节\nmakeup 2026-10-10 2026-10-10 调休上班\nholiday 2026-11-05 2026-11-05 校运会\n");
    assert_string_equal(read_all("国庆节 10月1日—7日 放假", 2026), "holiday 2026-10-01 2026-10-07 国庆节\n");
    assert_string_equal(read_all("国庆节10月1日~10月7日放假", 2026), "holiday 2026-10-01 2026-10-07 国庆节\n");
    assert_string_equal(read_all("　１０月１日至７日　放假　国庆节", 2026), "holiday 2026-10-01 2026-10-07 国庆节\n");
    assert_string_equal(read_all("2026-10-01 to nowhere", 2026), "! 1 paste_kind\n");
}

static void
what_cannot_be_read(void **state)
{
    (void) state;

    assert_string_equal(read_all("", 2026), "");
    assert_string_equal(read_all("没有日子\n放假\n上班", 2026), "");
    assert_string_equal(read_all("元旦：2月30日放假", 2026), "! 1 no_such_day\n");
    assert_string_equal(read_all("元旦：13月1日放假", 2026), "! 1 no_such_day\n");
    assert_string_equal(read_all("国庆节：10月7日至1日放假", 2026), "! 1 paste_backwards\n");
    assert_string_equal(read_all("国庆节：10月1日至7日", 2026), "! 1 paste_kind\n");
    assert_string_equal(read_all("国庆节：10月1日放假，10月10日", 2026), "holiday 2026-10-01 2026-10-01 国庆节\n! 1 paste_rest\n");
    assert_string_equal(read_all("元旦：1月1日放假\n\n端午：6月19日\n", 2026), "holiday 2026-01-01 2026-01-01 元旦\n! 3 paste_kind\n");
}

/* Whatever is pasted, it ends, and every entry is a span of days with a name. */
static void
anything(void **state)
{
    static const char *const  bits[] = { "1", "20", "2026", "年", "月", "日", "至", "-", "放假", "上班", "：", "、", "（", "）", "\n", " ", "元旦", "。", "/", "99999999" };
    unsigned                  seed = 7;

    (void) state;

    for (int k = 0; k < 4000; k++) {
        char         text[512] = "";
        bx_holidays  list;

        for (int i = 0; i < 24; i++) {
            seed = seed * 1103515245u + 12345u;
            strcat(text, bits[(seed >> 16) % (sizeof(bits) / sizeof(bits[0]))]);
        }
        assert_int_equal(bx_holidays_read(arena, text, 2026, &list), BX_OK);
        for (size_t i = 0; i < list.n; i++) {
            assert_true(list.entries[i].starts != BX_NO_DATE && list.entries[i].ends >= list.entries[i].starts);
            assert_true(list.entries[i].name != NULL && *list.entries[i].name != '\0' && bx_utf8_valid(list.entries[i].name, strlen(list.entries[i].name)));
        }
    }
}

static int
setup(void **state)
{
    (void) state;
    arena = bx_arena_create(64 * 1024);
    return arena == NULL;
}

static int
teardown(void **state)
{
    (void) state;
    bx_arena_destroy(arena);
    return 0;
}

int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(announcements), cmocka_unit_test(tables), cmocka_unit_test(what_cannot_be_read), cmocka_unit_test(anything)
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
