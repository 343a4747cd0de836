/* export.h: answers that are spreadsheets. Internal to libbaoxue. */
#ifndef BX_EXPORT_H
#define BX_EXPORT_H

#include "flow/flow.h"
#include "flow/sheet_write.h"

/* ?format=xlsx (or none) or csv; 422 for another. */
bx_rc   bx_export_format(bx_call *c, bx_sheet_format *out);
/* Ends the table and answers with it: a file for saving, named name with the day behind it in the reader's language (RFC 6266),
 * and by ascii for who cannot read that. */
bx_rc   bx_export_answer(bx_call *c, bx_sheet_writer *w, bx_sheet_format format, const char *name, const char *ascii);
/* The headers of a file for saving that nobody may keep on the way: its name, and one in ASCII for who cannot read that. */
void    bx_export_headers(bx_call *c, const char *name, const char *ascii);
/* A failure of the writer as a refusal. */
bx_rc   bx_export_failed(bx_call *c, const bx_error *err);
/* Whose chain a read goes to that is about no certain school: the caller's school, else the unit of the first position; 0: the root. */
bx_id   bx_export_chain(const bx_call *c);

#endif
