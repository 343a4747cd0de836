/*
 * sheet_write.h: a table into a file that a spreadsheet opens: .xlsx, or CSV as Excel and WPS read it.
 *
 * Every cell is text: a number keeps its digits, and nothing that somebody wrote is taken for a formula. In CSV, which knows no
 * types, a cell that begins like a formula gets an apostrophe in front. Knows nothing of records: that is export.c.
 */
#ifndef BX_SHEET_WRITE_H
#define BX_SHEET_WRITE_H

#include "baoxue.h"

typedef enum { BX_SHEET_XLSX, BX_SHEET_CSV } bx_sheet_format;

typedef struct bx_sheet_writer bx_sheet_writer;

/* A new table. name: of the sheet, at most 31 characters are kept and those a sheet cannot have are left out. What is written
 * goes to unlinked files, not to memory; what was opened is released with the arena at the latest. NULL: error says why. */
bx_sheet_writer *bx_sheet_open(bx_arena *a, bx_sheet_format format, const char *name, bx_error *err);
/* The next row; the first is the heading. NULL cells are blank. Cells are copied. */
bx_rc  bx_sheet_write(bx_sheet_writer *w, const char *const *cells, size_t ncells, bx_error *err);
/* Ends the table. The file's bytes live as long as the arena. */
bx_rc  bx_sheet_close(bx_sheet_writer *w, const void **data, size_t *len, bx_error *err);

const char *bx_sheet_media_type(bx_sheet_format format);

#endif
