/*
 * attachment.h: files that belong to records. Internal to libbaoxue.
 *
 * A file is brought first (POST attachments: a loose row) and then taken by a record's BX_FILES field, in the transaction
 * that writes the record. Its bytes are sealed and lie under the attachments directory, named by a keyed hash of them.
 */
#ifndef BX_ATTACHMENT_H
#define BX_ATTACHMENT_H

#include "baoxue.h"

#define BX_ATTACHMENT_BYTES  (8u * 1024 * 1024)
#define BX_ATTACHMENT_FILES  16               /* ids a field may hold at most */

typedef enum { BX_FILE_UNKNOWN, BX_FILE_JPEG, BX_FILE_PNG, BX_FILE_WEBP, BX_FILE_PDF } bx_file_kind;

typedef struct {
    bx_file_kind  kind;                       /* what the first bytes claim to be */
    bool          sound;                      /* the structure holds as far as it is looked at */
    unsigned      width, height;              /* pixels of a picture, 0 for a PDF */
} bx_file_info;

/* Looks at the content only. Pure. */
void          bx_file_sniff(const void *data, size_t len, bx_file_info *out);
bx_file_kind  bx_file_kind_of(const char *media_type);                /* parameters and case are ignored */
const char   *bx_file_media_type(bx_file_kind kind);                  /* NULL for BX_FILE_UNKNOWN */

/* Makes the files named by `ids` (a JSON array of id strings, borrowed) the content of one field of a record, as queued
 * writes: new ones must be loose and brought by the caller, ones the field already has stay, others are let go. Refuses
 * with 422 on `field`. A file that another request takes meanwhile undoes the transaction. [thread] */
bx_rc  bx_attachments_take(bx_call *c, const char *record, bx_id record_id, const char *field, json_t *ids, int max,
                           bx_id student, bx_id class_id, bx_id school, bx_id township);
/* Adds member `field`, [{"id","media_type","size"}], to each object of rows by its "id": one query a page. [thread] */
bx_rc  bx_attachments_attach(bx_call *c, const char *record, json_t *rows, const char *field);

/* Handlers and job of bx_plugin_core (core_plugin.c). [thread] */
bx_rc  bx_attachment_create(bx_call *c);
bx_rc  bx_attachment_read(bx_call *c);
bx_rc  bx_attachment_purge(bx_call *c);       /* loose ones older than 24 h, at most 200 a run */

#endif
