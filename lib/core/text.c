/*
 * text.c: UTF-8 text as people type it: validity, length, trimming, width, hexadecimal. Owns no pattern matching.
 */
#include "core/core.h"

#include <string.h>

/* Length of the well-formed sequence at s (at most n bytes), its code point in *cp; 0 when it is not well-formed. */
static size_t
decode(const char *text, size_t n, uint32_t *cp)
{
    const unsigned char  *s = (const unsigned char *) text;
    static const uint32_t  smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
    size_t                 i, len;
    uint32_t               c;

    if (n == 0) {
        return 0;
    }

    if (s[0] < 0x80) {
        *cp = s[0];
        return 1;
    }

    len = s[0] >= 0xf0 && s[0] < 0xf8 ? 4 : s[0] >= 0xe0 && s[0] < 0xf0 ? 3 : s[0] >= 0xc0 && s[0] < 0xe0 ? 2 : 0;
    if (len == 0 || len > n) {
        return 0;
    }

    c = s[0] & (0xffu >> (len + 1));
    for (i = 1; i < len; i++) {
        if ((s[i] & 0xc0) != 0x80) {
            return 0;
        }
        c = c << 6 | (s[i] & 0x3f);
    }

    if (c < smallest[len] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff)) {
        return 0;
    }

    *cp = c;
    return len;
}

bool
bx_utf8_valid(const char *s, size_t len)
{
    size_t    n;
    uint32_t  cp;

    for ( /* void */ ; len > 0; s += n, len -= n) {
        n = decode(s, len, &cp);
        if (n == 0) {
            return false;
        }
    }

    return true;
}

size_t
bx_utf8_count(const char *s)
{
    size_t  n = 0;

    for ( /* void */ ; *s != '\0'; s++) {
        n += ((unsigned char) *s & 0xc0) != 0x80;
    }

    return n;
}

/* Bytes of the space at s, 0 when there is none. */
static size_t
space_at(const char *s)
{
    if (*s == ' ' || (*s >= '\t' && *s <= '\r')) {
        return 1;
    }

    return strncmp(s, "\xe3\x80\x80", 3) == 0 ? 3 : 0;
}

char *
bx_trim(bx_arena *a, const char *s)
{
    size_t       n;
    const char  *end;

    if (s == NULL) {
        return NULL;
    }

    while ((n = space_at(s)) > 0) {
        s += n;
    }

    end = s + strlen(s);
    while (end > s) {
        if (space_at(end - 1) == 1) {
            end--;
        } else if (end - s >= 3 && space_at(end - 3) == 3) {
            end -= 3;
        } else {
            break;
        }
    }

    return bx_strndup(a, s, (size_t) (end - s));
}

/* U+FF01..U+FF5E → U+0021..U+007E; U+3000, U+00A0, U+2007, U+202F → space. Bytes that are no UTF-8 stay as they are. */
char *
bx_fold_width(bx_arena *a, const char *s)
{
    char      *out, *p;
    size_t     n, left;
    uint32_t   cp;

    if (s == NULL) {
        return NULL;
    }

    left = strlen(s);
    out = bx_strndup(a, s, left);             /* the result is never longer */
    if (out == NULL) {
        return NULL;
    }

    for (p = out; left > 0; s += n, left -= n) {
        n = decode(s, left, &cp);
        if (n == 0) {
            n = 1;
            *p++ = *s;

        } else if (cp >= 0xff01 && cp <= 0xff5e) {
            *p++ = (char) (cp - 0xfee0);

        } else if (cp == 0x3000 || cp == 0xa0 || cp == 0x2007 || cp == 0x202f) {
            *p++ = ' ';

        } else {
            memcpy(p, s, n);
            p += n;
        }
    }

    *p = '\0';

    return out;
}

char *
bx_hex(bx_arena *a, const void *p, size_t n)
{
    static const char     hex[] = "0123456789abcdef";
    const unsigned char  *s = p;
    char                 *out;
    size_t                i;

    out = n > SIZE_MAX / 2 - 1 ? NULL : bx_alloc(a, n * 2 + 1);
    if (out == NULL) {
        return NULL;
    }

    for (i = 0; i < n; i++) {
        out[i * 2] = hex[s[i] >> 4];
        out[i * 2 + 1] = hex[s[i] & 15];
    }

    return out;
}

/* Also false for what is no UTF-8, and for the controls U+0080..U+009F. */
bool
bx_text_clean(const char *s)
{
    size_t    n, left = strlen(s);
    uint32_t  cp;

    for ( /* void */ ; left > 0; s += n, left -= n) {
        n = decode(s, left, &cp);
        if (n == 0 || (cp < 0x20 && cp != '\n' && cp != '\t') || (cp >= 0x7f && cp <= 0x9f)) {
            return false;
        }
    }

    return true;
}
