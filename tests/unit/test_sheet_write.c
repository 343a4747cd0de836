/* test_sheet_write.c: tables written and read back by the reader of rosters (sheet_xlsx.c, sheet.c). */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flow/sheet.h"
#include "flow/sheet_write.h"

static const char *const heading[] = { "姓名", "证件号", "备注" };
static const char *const awkward[] = { "=1+1", "520402201802030021", "+86 139\n-\"<&>'" };
static const char *const blanks[] = { "@SUM(A1)", NULL, "" };
static const char *const plain[] = { "-5", "0012", "2026-09-21" };


static void
write_all(bx_arena *a, bx_sheet_format format, const void **data, size_t *len)
{
    bx_error         err = { 0 };
    bx_sheet_writer *w = bx_sheet_open(a, format, "名册 [2026]/'一'", &err);

    assert_non_null(w);
    assert_int_equal(bx_sheet_write(w, heading, 3, &err), BX_OK);
    assert_int_equal(bx_sheet_write(w, awkward, 3, &err), BX_OK);
    assert_int_equal(bx_sheet_write(w, blanks, 3, &err), BX_OK);
    assert_int_equal(bx_sheet_write(w, plain, 3, &err), BX_OK);
    assert_int_equal(bx_sheet_close(w, data, len, &err), BX_OK);
    assert_int_equal(err.code, BX_E_NONE);
}


static void
test_xlsx_reads_back(void **state)
{
    bx_arena       *a = bx_arena_create(4096);
    const void     *data;
    size_t          len;
    bx_sheet        sheet;
    bx_sheet_fault  fault = { 0 };

    (void) state;
    write_all(a, BX_SHEET_XLSX, &data, &len);
    assert_int_equal(bx_sheet_read(a, data, len, &sheet, &fault), BX_OK);
    assert_string_equal(sheet.encoding, "xlsx");
    assert_int_equal(sheet.nrows, 4);
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal(sheet.rows[0].cells[i], heading[i]);
        assert_string_equal(sheet.rows[1].cells[i], awkward[i]);
        assert_string_equal(sheet.rows[3].cells[i], plain[i]);
    }
    assert_int_equal(sheet.rows[2].ncells, 1);
    assert_string_equal(sheet.rows[2].cells[0], blanks[0]);
    bx_arena_destroy(a);
}


/* Nothing in the file is a formula or a number: what people typed is a string in every cell. */
static void
test_csv_is_guarded(void **state)
{
    static const char  expected[] = "\xef\xbb\xbf\"姓名\",\"证件号\",\"备注\"\r\n"
                                    "\"'=1+1\",\"520402201802030021\",\"'+86 139\n-\"\"<&>'\"\r\n"
                                    "\"'@SUM(A1)\",\"\",\"\"\r\n"
                                    "\"'-5\",\"0012\",\"2026-09-21\"\r\n";
    bx_arena          *a = bx_arena_create(4096);
    const void        *data;
    size_t             len;
    bx_sheet           sheet;
    bx_sheet_fault     fault = { 0 };

    (void) state;
    write_all(a, BX_SHEET_CSV, &data, &len);
    assert_int_equal(len, sizeof(expected) - 1);
    assert_memory_equal(data, expected, len);
    assert_int_equal(bx_sheet_read(a, data, len, &sheet, &fault), BX_OK);
    assert_string_equal(sheet.encoding, "utf-8");
    assert_int_equal(sheet.nrows, 4);
    assert_string_equal(sheet.rows[3].cells[1], "0012");
    bx_arena_destroy(a);
}


static void
test_what_no_cell_can_hold(void **state)
{
    bx_arena         *a = bx_arena_create(4096);
    bx_error          err = { 0 };
    bx_sheet_writer  *w = bx_sheet_open(a, BX_SHEET_XLSX, "", &err);
    char             *text = malloc(40001);
    const char       *cells[2] = { text, "a\x01" "b\x1f" "c" };
    const void       *data;
    size_t            len;
    bx_sheet          sheet;
    bx_sheet_fault    fault = { 0 };

    (void) state;
    for (size_t i = 0; i < 40000; i += 4) {
        memcpy(text + i, i == 0 ? "x学" : "y学", 4);      /* 32,000 bytes end within no character only by counting */
    }
    text[40000] = '\0';
    assert_non_null(w);
    assert_int_equal(bx_sheet_write(w, cells, 2, &err), BX_OK);
    assert_int_equal(bx_sheet_close(w, &data, &len, &err), BX_OK);
    assert_int_equal(bx_sheet_read(a, data, len, &sheet, &fault), BX_OK);
    assert_int_equal(strlen(sheet.rows[0].cells[0]), 32000);
    assert_memory_equal(sheet.rows[0].cells[0], text, 32000);
    assert_string_equal(sheet.rows[0].cells[1], "abc");
    free(text);
    bx_arena_destroy(a);
}


/* A table of the greatest length costs about its own size, not its rows in memory. */
static void
test_many_rows(void **state)
{
    bx_arena        *a = bx_arena_create(4096);
    bx_error         err = { 0 };
    bx_sheet_writer *w = bx_sheet_open(a, BX_SHEET_XLSX, "很多", &err);
    const void      *data;
    size_t           len;
    bx_sheet         sheet;
    bx_sheet_fault   fault = { 0 };

    (void) state;
    for (int i = 0; i < 20000; i++) {
        char         n[16];
        const char  *cells[] = { n, "罗思雨", "三年级1班" };

        snprintf(n, sizeof(n), "%d", i);
        assert_int_equal(bx_sheet_write(w, cells, 3, &err), BX_OK);
    }
    assert_int_equal(bx_sheet_close(w, &data, &len, &err), BX_OK);
    assert_int_equal(bx_sheet_read(a, data, len, &sheet, &fault), BX_OK);
    assert_int_equal(sheet.nrows, 20000);
    assert_string_equal(sheet.rows[19999].cells[0], "19999");
    bx_arena_destroy(a);
}


/* Left unfinished, it goes with its arena. */
static void
test_unfinished(void **state)
{
    bx_arena  *a = bx_arena_create(4096);
    bx_error   err = { 0 };

    (void) state;
    assert_non_null(bx_sheet_open(a, BX_SHEET_CSV, "x", &err));
    assert_int_equal(bx_sheet_write(bx_sheet_open(a, BX_SHEET_XLSX, "x", &err), heading, 3, &err), BX_OK);
    bx_arena_destroy(a);
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_xlsx_reads_back),
        cmocka_unit_test(test_csv_is_guarded),
        cmocka_unit_test(test_what_no_cell_can_hold),
        cmocka_unit_test(test_many_rows),
        cmocka_unit_test(test_unfinished),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
