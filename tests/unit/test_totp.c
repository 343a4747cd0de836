/*
 * test_totp.c: codes of authenticator apps: the test vectors of RFC 6238 (appendix B, SHA-1; the last six of their eight digits),
 * the window, and that no code is taken twice.
 */
#include "core/core.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

/* "12345678901234567890", the secret of the RFC, in base32 */
static const char  secret[] = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

static bx_arena  *a;

static int
set_up(void **state)
{
    bx_error  err = { BX_E_NONE, 0, "" };

    (void) state;
    a = bx_arena_create(0);

    return a != NULL && bx_core_init(&err) == BX_OK ? 0 : -1;
}

static int
tear_down(void **state)
{
    (void) state;
    bx_arena_destroy(a);
    return 0;
}

static void
test_vectors(void **state)
{
    static const struct { bx_time at; const char *code; }  vectors[] = {
        { 59, "287082" }, { 1111111109, "081804" }, { 1111111111, "050471" }, { 1234567890, "005924" },
        { 2000000000, "279037" }, { 20000000000, "353130" }
    };
    int64_t  step;

    (void) state;

    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        assert_string_equal(bx_totp_code(a, secret, vectors[i].at), vectors[i].code);
        assert_true(bx_totp_check(secret, vectors[i].code, vectors[i].at, 0, &step));
        assert_int_equal(step, vectors[i].at / 30);
    }
}

static void
test_window(void **state)
{
    const bx_time  now = 1111111109;
    int64_t        step = 0;

    (void) state;

    for (int off = -3; off <= 3; off++) {
        const char  *code = bx_totp_code(a, secret, now + 30 * off);

        assert_int_equal(bx_totp_check(secret, code, now, 0, &step), off >= -1 && off <= 1);
        if (off >= -1 && off <= 1) {
            assert_int_equal(step, now / 30 + off);
        }
    }
}

static void
test_once(void **state)
{
    const bx_time  now = 1234567890;
    int64_t        step = 0, again = 0;

    (void) state;

    assert_true(bx_totp_check(secret, bx_totp_code(a, secret, now), now, 0, &step));
    assert_false(bx_totp_check(secret, bx_totp_code(a, secret, now), now, step, &again));
    assert_false(bx_totp_check(secret, bx_totp_code(a, secret, now - 30), now, step, &again));
    assert_true(bx_totp_check(secret, bx_totp_code(a, secret, now + 30), now, step, &again));
    assert_int_equal(again, step + 1);
}

static void
test_odd(void **state)
{
    static const char *const  typed[] = { "", "28708", "2870820", "28708a", "２８７０８２", "-87082" };
    int64_t                   step;

    (void) state;

    for (size_t i = 0; i < sizeof(typed) / sizeof(typed[0]); i++) {
        assert_false(bx_totp_check(secret, typed[i], 59, 0, &step));
    }
    assert_false(bx_totp_check("not base32 !", "287082", 59, 0, &step));
    assert_null(bx_totp_code(a, "not base32 !", 59));
}

static void
test_secret(void **state)
{
    const char  *one = bx_totp_secret(a), *other = bx_totp_secret(a);

    (void) state;

    assert_int_equal(strlen(one), 32);
    assert_int_equal(strspn(one, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"), 32);
    assert_string_not_equal(one, other);
    assert_non_null(bx_totp_code(a, one, 59));
}

int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_window),
        cmocka_unit_test(test_once),
        cmocka_unit_test(test_odd),
        cmocka_unit_test(test_secret),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
