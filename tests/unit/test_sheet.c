/*
 * test_sheet.c: tables out of .xlsx and CSV. tests/data/sheets/good holds files with what is in them beside (.json: encoding
 * and cells by row number); tests/data/sheets/bad holds files named <what>--<reason>.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flow/sheet.h"

#define GOOD  "tests/data/sheets/good"
#define BAD   "tests/data/sheets/bad"

static char *
slurp(bx_arena *a, const char *path, size_t *len)
{
    FILE  *f = fopen(path, "rb");
    char  *data;

    assert_non_null(f);
    assert_int_equal(fseek(f, 0, SEEK_END), 0);
    *len = (size_t) ftell(f);
    rewind(f);
    data = bx_alloc(a, *len + 1);
    assert_non_null(data);
    assert_int_equal(fread(data, 1, *len, f), *len);
    fclose(f);
    return data;
}


/* The exact length on the heap, so that reading past the end is seen. */
static bx_rc
read_exactly(bx_arena *a, const char *data, size_t len, bx_sheet *sheet, bx_sheet_fault *fault)
{
    char   *copy = malloc(len ? len : 1);
    bx_rc   rc;

    memcpy(copy, data, len);
    rc = bx_sheet_read(a, copy, len, sheet, fault);
    free(copy);
    return rc;
}


static void
compare(const char *name, const bx_sheet *sheet, json_t *expected)
{
    json_t      *rows = json_object_get(expected, "rows"), *cells, *cell;
    const char  *row;
    size_t       i = 0, k;

    assert_string_equal(sheet->encoding, json_string_value(json_object_get(expected, "encoding")));
    assert_int_equal(sheet->nrows, json_object_size(rows));

    json_object_foreach(rows, row, cells) {
        if (sheet->rows[i].row != (unsigned) atoi(row) || sheet->rows[i].ncells != json_array_size(cells)) {
            fail_msg("%s: row %u has %u cells; expected row %s with %zu", name, sheet->rows[i].row, sheet->rows[i].ncells, row,
                     json_array_size(cells));
        }
        json_array_foreach(cells, k, cell) {
            if (strcmp(sheet->rows[i].cells[k], json_string_value(cell)) != 0) {
                fail_msg("%s: row %s, cell %zu: \"%s\", expected \"%s\"", name, row, k, sheet->rows[i].cells[k],
                         json_string_value(cell));
            }
        }
        i++;
    }
}


static void
test_good(void **state)
{
    DIR            *dir = opendir(GOOD);
    struct dirent  *e;
    int             n = 0;

    (void) state;
    assert_non_null(dir);
    while ((e = readdir(dir)) != NULL) {
        bx_arena        *a;
        bx_sheet         sheet;
        bx_sheet_fault   fault;
        size_t           len;
        char            *data, *dot = strrchr(e->d_name, '.');
        json_t          *expected;

        if (e->d_name[0] == '.' || strcmp(dot, ".json") == 0) {
            continue;
        }
        a = bx_arena_create(4096);
        data = slurp(a, bx_sprintf(a, GOOD "/%s", e->d_name), &len);
        expected = json_load_file(bx_sprintf(a, GOOD "/%.*s.json", (int) (dot - e->d_name), e->d_name), 0, NULL);
        assert_non_null(expected);
        if (read_exactly(a, data, len, &sheet, &fault) != BX_OK) {
            fail_msg("%s: %s in row %u", e->d_name, fault.reason, fault.row);
        }
        compare(e->d_name, &sheet, expected);
        json_decref(expected);
        bx_arena_destroy(a);
        n++;
    }
    closedir(dir);
    assert_true(n >= 15);
}


static void
test_bad(void **state)
{
    DIR            *dir = opendir(BAD);
    struct dirent  *e;
    int             n = 0;

    (void) state;
    assert_non_null(dir);
    while ((e = readdir(dir)) != NULL) {
        bx_arena        *a;
        bx_sheet         sheet;
        bx_sheet_fault   fault;
        size_t           len;
        char            *data, *expected = strstr(e->d_name, "--");

        if (e->d_name[0] == '.') {
            continue;
        }
        assert_non_null(expected);
        a = bx_arena_create(4096);
        data = slurp(a, bx_sprintf(a, BAD "/%s", e->d_name), &len);
        expected = bx_sprintf(a, "import.%.*s", (int) strcspn(expected + 2, "."), expected + 2);
        if (read_exactly(a, data, len, &sheet, &fault) == BX_OK) {
            fail_msg("%s was read: %zu rows", e->d_name, sheet.nrows);
        }
        if (strcmp(fault.reason, expected) != 0) {
            fail_msg("%s: %s", e->d_name, fault.reason);
        }
        bx_arena_destroy(a);
        n++;
    }
    closedir(dir);
    assert_true(n >= 25);
}


/* However a file is cut off or damaged, reading it ends with rows or with a reason. */
static void
test_cut_anywhere(void **state)
{
    static const char *const files[] = { GOOD "/shared-strings.xlsx", GOOD "/dates.xlsx", GOOD "/quotes-gbk.csv", GOOD "/utf16be.csv" };

    (void) state;
    for (size_t f = 0; f < sizeof(files) / sizeof(files[0]); f++) {
        bx_arena  *outer = bx_arena_create(4096);
        size_t     len;
        char      *data = slurp(outer, files[f], &len);

        for (size_t cut = 0; cut < len; cut++) {
            bx_arena        *a = bx_arena_create(4096);
            bx_sheet         sheet;
            bx_sheet_fault   fault;

            if (read_exactly(a, data, cut, &sheet, &fault) != BX_OK) {
                assert_non_null(fault.reason);
            }
            data[cut] = (char) (data[cut] ^ 0x15);
            if (read_exactly(a, data, len, &sheet, &fault) != BX_OK) {
                assert_non_null(fault.reason);
            }
            data[cut] = (char) (data[cut] ^ 0x15);
            bx_arena_destroy(a);
        }
        bx_arena_destroy(outer);
    }
}


static void
test_three_encodings(void **state)
{
    static const char *const files[] = { "tests/data/roster-a.xlsx", "tests/data/roster-a.utf8.csv", "tests/data/roster-a.gbk.csv" };
    static const char *const encodings[] = { "xlsx", "utf-8", "gb18030" };
    bx_arena        *a = bx_arena_create(65536);
    bx_sheet         sheets[3];
    bx_sheet_fault   fault;

    (void) state;
    for (size_t f = 0; f < 3; f++) {
        size_t  len;
        char   *data = slurp(a, files[f], &len);

        assert_int_equal(bx_sheet_read(a, data, len, &sheets[f], &fault), BX_OK);
        assert_string_equal(sheets[f].encoding, encodings[f]);
        assert_int_equal(sheets[f].nrows, 1621);
        assert_int_equal(sheets[f].ncolumns, 71);
    }

    for (size_t r = 0; r < sheets[0].nrows; r++) {
        for (size_t f = 1; f < 3; f++) {
            assert_int_equal(sheets[f].rows[r].row, sheets[0].rows[r].row);
            assert_int_equal(sheets[f].rows[r].ncells, sheets[0].rows[r].ncells);
            for (unsigned c = 0; c < sheets[0].rows[r].ncells; c++) {
                assert_string_equal(sheets[f].rows[r].cells[c], sheets[0].rows[r].cells[c]);
            }
        }
    }
    bx_arena_destroy(a);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_cut_anywhere),
        cmocka_unit_test(test_three_encodings)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
