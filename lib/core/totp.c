/*
 * totp.c: one-time codes of an authenticator app (RFC 6238: SHA-1, six digits, half a minute). The arithmetic is liboath's.
 *
 * Owns the window: the half-minute of now and the one on each side, for clocks of telephones that are a little off. Does not
 * own where secrets are kept nor how often somebody may try (plugins/account_factor.c).
 */
#include "core/core.h"

#include <stdlib.h>
#include <string.h>

#include <liboath/oath.h>
#include <sodium.h>

#define SECRET_BYTES  20                      /* as long as what SHA-1 gives: RFC 4226, section 4 */
#define STEP          30
#define DIGITS         6
#define WINDOW         1

char *
bx_totp_secret(bx_arena *a)
{
    char     bytes[SECRET_BYTES], *text = NULL, *out = NULL;
    size_t   len;

    randombytes_buf(bytes, sizeof(bytes));
    if (oath_base32_encode(bytes, sizeof(bytes), &text, &len) == OATH_OK) {
        out = bx_strdup(a, text);
        sodium_memzero(text, len);
        free(text);
    }
    sodium_memzero(bytes, sizeof(bytes));

    return out;
}

static bool
code_of(const char *secret, int64_t step, char out[DIGITS + 1])
{
    char    *bytes = NULL;
    bool     made;
    size_t   len;

    if (oath_base32_decode(secret, strlen(secret), &bytes, &len) != OATH_OK) {
        return false;
    }

    made = oath_totp_generate(bytes, len, (time_t) (step * STEP), STEP, 0, DIGITS, out) == OATH_OK;
    sodium_memzero(bytes, len);
    free(bytes);

    return made;
}

char *
bx_totp_code(bx_arena *a, const char *secret, bx_time at)
{
    char  code[DIGITS + 1];

    return code_of(secret, at / STEP, code) ? bx_strdup(a, code) : NULL;
}

bool
bx_totp_check(const char *secret, const char *typed, bx_time now, int64_t after, int64_t *step)
{
    char  code[DIGITS + 1];
    bool  found = false;

    if (strlen(typed) != DIGITS) {
        return false;
    }

    for (int64_t n = now / STEP - WINDOW; n <= now / STEP + WINDOW; n++) {
        if (n > after && !found && code_of(secret, n, code) && sodium_memcmp(code, typed, DIGITS) == 0) {
            *step = n;
            found = true;
        }
    }

    return found;
}
