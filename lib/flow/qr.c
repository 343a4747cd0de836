/* qr.c: a QR code as the data of an SVG path. Owns nothing but the drawing; the code is libqrencode's. */

#include "flow/document.h"

#include <qrencode.h>


/* The dark run of row y that begins at x or behind it; its length, 0: there is none. */
static int
next_run(const QRcode *code, int y, int *x)
{
    int  n = 0;

    while (*x < code->width && !(code->data[y * code->width + *x] & 1)) {
        (*x)++;
    }
    while (*x + n < code->width && (code->data[y * code->width + *x + n] & 1)) {
        n++;
    }

    return n;
}


bx_rc
bx_qr_path(bx_arena *a, const char *text, int *size, char **path)
{
    QRcode *code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_M);
    bx_buf  b;

    if (code == NULL) {
        return BX_FAIL;
    }

    bx_buf_init(&b, a);
    for (int y = 0; y < code->width; y++) {
        int  n;

        for (int x = 0; (n = next_run(code, y, &x)) > 0; x += n) {
            bx_buf_printf(&b, "M%d %dh%dv1h-%dz", x, y, n, n);
        }
    }

    *size = code->width;
    *path = b.data;
    QRcode_free(code);
    return b.failed ? BX_FAIL : BX_OK;
}
