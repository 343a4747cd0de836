/* list_token.c: where a list goes on, as the caller keeps it: JSON in base64url, opaque and fit for a query. */

#include "flow/flow.h"

#include <string.h>

static const char b64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

char *
bx_token_encode(bx_arena *a, const char *s)
{
    bx_buf    b;
    unsigned  acc = 0, bits = 0;

    bx_buf_init(&b, a);
    for (; *s != '\0'; s++) {
        acc = acc << 8 | (unsigned char) *s;
        for (bits += 8; bits >= 6; ) {
            bits -= 6;
            bx_buf_add(&b, &b64[acc >> bits & 63], 1);
        }
    }
    if (bits > 0) {
        bx_buf_add(&b, &b64[acc << (6 - bits) & 63], 1);
    }

    return b.data;
}


json_t *
bx_token_decode(bx_arena *a, const char *s)
{
    bx_buf    b;
    unsigned  acc = 0, bits = 0;

    bx_buf_init(&b, a);
    for (; *s != '\0'; s++) {
        const char *p = strchr(b64, *s);
        char        byte;

        if (p == NULL) {
            return NULL;
        }
        acc = acc << 6 | (unsigned) (p - b64);
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            byte = (char) (acc >> bits & 255);
            bx_buf_add(&b, &byte, 1);
        }
    }

    return b.len == 0 ? NULL : bx_own(a, json_loadb(b.data, b.len, 0, NULL));
}
