/*
 * sheet.h: a table out of a file that a school sends: the first sheet of an .xlsx, or CSV as Excel and WPS write it.
 *
 * Owns the file formats, their encodings and the limits that keep a hostile file from costing more than a bad request.
 * Does not know what the columns mean: that is roster.c. Cells are text as written: a number stays the digits of the file
 * ("5.22701E+17" too), only a cell that is a real date becomes YYYY-MM-DD.
 */
#ifndef BX_SHEET_H
#define BX_SHEET_H

#include "baoxue.h"

#define BX_SHEET_MAX_ROWS     20000u          /* rows with content */
#define BX_SHEET_MAX_COLUMNS  256u
#define BX_SHEET_MAX_CELL     131068u         /* bytes: 32,767 characters are what Excel allows */
#define BX_SHEET_MAX_TEXT     (64u << 20)     /* bytes of all cells together */
#define BX_SHEET_MAX_UNPACKED (256u << 20)    /* bytes read out of one .xlsx */
#define BX_SHEET_MAX_RATIO    300u            /* unpacked to packed, for entries over 4 MiB */

typedef struct {
    unsigned     row;                         /* as the spreadsheet numbers it, from 1; blank rows count */
    unsigned     ncells;                      /* up to the last cell that is not blank */
    const char **cells;                       /* never NULL: a blank cell is "" */
} bx_sheet_row;

typedef struct {
    const char   *encoding;                   /* "xlsx", "utf-8", "utf-16" or "gb18030" */
    bx_sheet_row *rows;                       /* rows that are not blank */
    size_t        nrows;
    unsigned      ncolumns;
} bx_sheet;

/* Why a file cannot be read: the key of its text without "error.", the row in the way (0: none), the limit that was met. */
typedef struct { const char *reason; unsigned row; unsigned limit; } bx_sheet_fault;

/* Reads a whole file; everything in out lives in the arena. On failure the fault says why; reason "import.internal" is
 * want of memory. Takes seconds at most for the largest file allowed: [thread] */
bx_rc  bx_sheet_read(bx_arena *a, const void *data, size_t len, bx_sheet *out, bx_sheet_fault *fault);

/* ---- for sheet.c and sheet_xlsx*.c only: rows as they are found */

typedef struct {
    bx_arena       *arena;
    bx_sheet       *out;
    bx_sheet_fault *fault;
    const char     *cells[BX_SHEET_MAX_COLUMNS];
    unsigned        ncells;                   /* of the row being built */
    size_t          capacity;                 /* of out->rows */
    size_t          text;                     /* bytes kept so far */
} bx_sheet_builder;

bx_rc  bx_sheet_fail(bx_sheet_builder *b, const char *reason, unsigned row, unsigned limit);
/* A cell of the row being built; col from 0. Blank text is nothing. `keep` says that text already lives in the arena. */
bx_rc  bx_sheet_put(bx_sheet_builder *b, unsigned row, unsigned col, const char *text, size_t len, bool keep);
bx_rc  bx_sheet_end_row(bx_sheet_builder *b, unsigned row);
bx_rc  bx_sheet_read_xlsx(bx_sheet_builder *b, const void *data, size_t len);

#endif
