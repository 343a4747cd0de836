/*
 * error.c: errors.def as functions, and the small record of what failed first. Owns no text a user sees: that is
 * locale.c.
 */
#include "core/core.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct { int status; const char *slug; } errors[BX_E_COUNT] = {
    [BX_E_NONE] = { 200, "ok" },
#define BX_ERR(name, status, slug)  [BX_E_##name] = { status, slug },
#include "core/errors.def"
#undef BX_ERR
};

int
bx_err_status(bx_err code)
{
    if ((unsigned) code >= BX_E_COUNT) {
        return 500;
    }

    return errors[code].status;
}

const char *
bx_err_slug(bx_err code)
{
    if ((unsigned) code >= BX_E_COUNT) {
        return errors[BX_E_INTERNAL].slug;
    }

    return errors[code].slug;
}

/* Makes text fit for one line of a log: no control characters, no cut character at its end. */
static void
tidy(char *text)
{
    char    *p;
    size_t   n = strlen(text), start;

    for (p = text; *p != '\0'; p++) {
        if ((unsigned char) *p < 0x20 || *p == 0x7f) {
            *p = ' ';
        }
    }

    for (start = n; start > 0 && ((unsigned char) text[start - 1] & 0xc0) == 0x80; start--) { /* void */ }
    if (start > 0 && (unsigned char) text[start - 1] >= 0xc0 && !bx_utf8_valid(text + start - 1, n - start + 1)) {
        text[start - 1] = '\0';
    }
}

bx_rc
bx_error_set(bx_error *err, bx_err code, const char *fmt, ...)
{
    va_list  ap;

    if (err == NULL || err->code != BX_E_NONE) {
        return BX_FAIL;
    }

    err->code = code == BX_E_NONE || (unsigned) code >= BX_E_COUNT ? BX_E_INTERNAL : code;

    va_start(ap, fmt);
    vsnprintf(err->text, sizeof(err->text), fmt, ap);
    va_end(ap);

    tidy(err->text);

    return BX_FAIL;
}
