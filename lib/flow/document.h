/*
 * document.h: paper filled from a record: laid out, numbered, kept, verified. Internal to libbaoxue.
 *
 * What is printed is made once, frozen and sealed; printing it again shows what was kept. The same content gets the same number
 * again, other content of the same record a new one, which supersedes the old.
 */
#ifndef BX_DOCUMENT_H
#define BX_DOCUMENT_H

#include "flow/flow.h"

#define BX_DOCUMENT_LANG     "zh-CN"          /* of all documents, whoever prints them */
#define BX_DOCUMENT_MARK     10               /* bytes of the hash that stand on the paper, as 20 hex digits */

/* What a document of this row would say: canonical JSON, in the arena; unit and issuer: who gives it out, in whose words. c->lang must be BX_DOCUMENT_LANG and the row read in it. */
bx_rc   bx_document_content(bx_call *c, const bx_document *d, bx_id unit, const char *issuer, bx_record *r, json_t **out);

/* ---- routes */

bx_rc   bx_document_issue(bx_call *c);        /* POST documents {kind, record_id} */
bx_rc   bx_document_void(bx_call *c);         /* POST documents/{id}/void {reason} */
bx_rc   bx_document_read(bx_call *c);         /* GET documents/{id}/content */
bx_rc   bx_document_verify(bx_call *c);       /* GET verify?number=&mark= */
bx_rc   bx_generic_documents(bx_call *c, const bx_record_def *def);    /* GET <record>/{id}/documents */

/* ---- qr.c: a QR as the outline of its dark squares, for an SVG path in a box of size × size; needs 4 free around it. BX_FAIL:
 * the text is too long or there is no memory. */
bx_rc   bx_qr_path(bx_arena *a, const char *text, int *size, char **path);

#endif
