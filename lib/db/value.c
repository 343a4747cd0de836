/*
 * value.c: typed parameters and result cells as their users see them.
 */
#include "baoxue.h"

#include <stdlib.h>
#include <string.h>

bx_value
bx_text(const char *s)
{
    return s == NULL ? bx_null() : (bx_value) { BX_V_TEXT, 0, s, strlen(s) };
}

/* Of "12.50" it is 12: what a sum over integers looks like. */
int64_t
bx_cell_int(const bx_rows *rows, size_t row, size_t col)
{
    const bx_value  *v = bx_cell(rows, row, col);

    switch (v->kind) {
    case BX_V_INT:
        return v->i;
    case BX_V_TEXT:
        return strtoll(v->s, NULL, 10);
    default:
        return 0;
    }
}

const char *
bx_cell_text(const bx_rows *rows, size_t row, size_t col)
{
    const bx_value  *v = bx_cell(rows, row, col);

    return v->kind == BX_V_TEXT || v->kind == BX_V_BLOB ? v->s : NULL;
}
