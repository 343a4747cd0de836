/*
 * test_idcard.c: GB 11643. The numbers are made up, save the standard's own examples.
 */
#include "core/core.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

static void
test_good(void **state)
{
    int      sex = 0;
    bx_date  birth = 0;

    (void) state;

    /* GB 11643-1999, appendix: a woman born 1949-12-31, a man born 1880-01-01 */
    assert_int_equal(bx_idcard_check("11010519491231002X", &birth, &sex), BX_ID_OK);
    assert_int_equal(birth, bx_date_make(1949, 12, 31));
    assert_int_equal(sex, 2);
    assert_int_equal(bx_idcard_check("440524188001010014", &birth, &sex), BX_ID_OK);
    assert_int_equal(birth, bx_date_make(1880, 1, 1));
    assert_int_equal(sex, 1);
    assert_int_equal(bx_idcard_check("11010519491231002x", NULL, NULL), BX_ID_OK);
}

static void
test_faults(void **state)
{
    int      sex = 7;
    bx_date  birth = 7;
    static const struct { const char *id; bx_id_fault fault; } cases[] = {
        { NULL, BX_ID_LENGTH },
        { "", BX_ID_LENGTH },
        { "11010519491231002", BX_ID_LENGTH },
        { "110105194912310022X", BX_ID_LENGTH },
        { "110105491231002", BX_ID_LENGTH },                  /* the old 15 digits */
        { "11010519491231002 ", BX_ID_CHARS },
        { "1101051949123I002X", BX_ID_CHARS },
        { "11010519491231X02X", BX_ID_CHARS },
        { "11010519491231002Y", BX_ID_CHARS },
        { "01010519491231002X", BX_ID_CHARS },
        { "１1010519491231002X", BX_ID_CHARS },
        { "110105194912３1002X", BX_ID_CHARS },
        { "110105194913310024", BX_ID_DATE },
        { "110105194902300025", BX_ID_DATE },
        { "110105174901310020", BX_ID_DATE },
        { "110105194912310021", BX_ID_CHECK },
        { "440524188001010015", BX_ID_CHECK },
        { "5.20425E+17", BX_ID_SCIENTIFIC },
        { "5.20425e17", BX_ID_SCIENTIFIC },
        { "5E+17", BX_ID_SCIENTIFIC },
        { "5.2042520120304E+17", BX_ID_SCIENTIFIC },
        { "E+17", BX_ID_LENGTH },
        { "5.20425E+", BX_ID_LENGTH },
    };

    (void) state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (bx_idcard_check(cases[i].id, &birth, &sex) != cases[i].fault) {
            fail_msg("\"%s\" gave %d", cases[i].id, bx_idcard_check(cases[i].id, NULL, NULL));
        }
    }

    assert_int_equal(birth, 7);               /* untouched by faults */
    assert_int_equal(sex, 7);
}

/* One wrong digit, or two neighbours in the wrong order, is always seen: what MOD 11-2 is for. */
static void
test_slips(void **state)
{
    static const char  good[] = "440524188001010014";
    char               id[19];
    size_t             i;
    int                c;

    (void) state;

    for (i = 0; i < 18; i++) {
        for (c = '0'; c <= '9'; c++) {
            memcpy(id, good, sizeof(id));
            id[i] = (char) c;
            assert_int_equal(bx_idcard_check(id, NULL, NULL) == BX_ID_OK, c == good[i]);
        }
    }

    for (i = 0; i < 17; i++) {
        memcpy(id, good, sizeof(id));
        id[i] = good[i + 1];
        id[i + 1] = good[i];
        assert_int_equal(bx_idcard_check(id, NULL, NULL) == BX_ID_OK, good[i] == good[i + 1]);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_good), cmocka_unit_test(test_faults),
                                        cmocka_unit_test(test_slips) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
