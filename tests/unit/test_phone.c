/* test_phone.c: one form for all ways to write a phone number. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/core.h"

static const struct { const char *written, *normal; } cases[] = {
    { "13800006127",            "13800006127" },
    { "138 0000 6127",          "13800006127" },
    { "138-0000-6127",          "13800006127" },
    { " 138.0000.6127 ",        "13800006127" },
    { "+8613800006127",         "13800006127" },
    { "+86 138 0000 6127",      "13800006127" },
    { "0086-13800006127",       "13800006127" },
    { "8613800006127",          "13800006127" },
    { "(+86)13800006127",       "13800006127" },
    { "１３８００００６１２７", "13800006127" },
    { "＋８６　138 0000 6127",  "13800006127" },
    { "0851-86612345",          "085186612345" },
    { "(0851) 8661 2345",       "085186612345" },
    { "8612345",                "8612345" },    /* a local number that begins with 86 stays as it is */
    { "861234567890",           "861234567890" },
    { "12345",                  "12345" },
    { "1234",                   NULL },
    { "",                       NULL },
    { "teacher",                NULL },
    { "138000061a7",            NULL },
    { "138+00006127",           NULL },
    { "1.38E+10",               NULL },         /* what a spreadsheet makes of it */
    { "123456789012345678901",  NULL },
};

static void
every_way_of_writing(void **state)
{
    bx_arena  *a = bx_arena_create(1024);

    (void) state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char  *got = bx_phone_normal(a, cases[i].written);

        if (cases[i].normal == NULL) {
            if (got != NULL) {
                fail_msg("\"%s\" became \"%s\"", cases[i].written, got);
            }

        } else {
            if (got == NULL) {
                fail_msg("\"%s\" was refused", cases[i].written);
            }
            assert_string_equal(got, cases[i].normal);
        }
    }

    bx_arena_destroy(a);
}

static void
nothing_is_no_number(void **state)
{
    bx_arena  *a = bx_arena_create(1024);

    (void) state;
    assert_null(bx_phone_normal(a, NULL));
    bx_arena_destroy(a);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_way_of_writing),
        cmocka_unit_test(nothing_is_no_number),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
