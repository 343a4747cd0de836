/*
 * phone.c: one written form of a phone number, so that what a roster, a clerk and a guardian type meets in one hash.
 * Owns the form only; sealing, hashing and masking are crypto's.
 */
#include "core/core.h"

#include <string.h>

#define MIN_DIGITS   5
#define MAX_DIGITS  20

static bool
is_mobile(const char *digits)
{
    return strlen(digits) == 11 && digits[0] == '1' && digits[1] >= '3';
}

char *
bx_phone_normal(bx_arena *a, const char *text)
{
    static const char  skipped[] = " \t-.()/";
    static const char *const prefixes[] = { "0086", "86" };
    char        *folded = text == NULL ? NULL : bx_fold_width(a, text);
    char        *out;
    size_t       n = 0;

    if (folded == NULL || (out = bx_alloc(a, strlen(folded) + 1)) == NULL) {
        return NULL;
    }

    for (const char *p = folded; *p != '\0'; p++) {
        if (*p >= '0' && *p <= '9') {
            out[n++] = *p;

        } else if (strchr(skipped, *p) == NULL && !(*p == '+' && n == 0)) {
            return NULL;
        }
    }
    out[n] = '\0';

    for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
        size_t  len = strlen(prefixes[i]);

        if (strncmp(out, prefixes[i], len) == 0 && is_mobile(out + len)) {
            return out + len;
        }
    }

    return n >= MIN_DIGITS && n <= MAX_DIGITS ? out : NULL;
}
