/*
 * attachment.h: files that belong to records. Internal to libbaoxue.
 *
 * A file is brought first (POST attachments: a loose row) and then taken by a record's BX_FILES field, in the transaction
 * that writes the record. Its bytes are sealed and lie under the attachments directory, named by a keyed hash of them; what
 * a camera wrote beside a picture is taken off before (file_clean.c). A picture may have a thumbnail, made by whoever brought
 * it: the server decodes no picture. Nobody deletes a file that a record has; one that should not be there is struck out.
 */
#ifndef BX_ATTACHMENT_H
#define BX_ATTACHMENT_H

#include "baoxue.h"

#define BX_ATTACHMENT_BYTES  (8u * 1024 * 1024)
#define BX_ATTACHMENT_FILES  16               /* ids a field may hold at most */
#define BX_THUMBNAIL_BYTES   (48u * 1024)
#define BX_THUMBNAIL_SIDE    480u             /* pixels */

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

/* The file without what does not belong to the picture. BX_FAIL: its parts do not hold together, or out of memory. Pure. */
void          bx_file_clean_pdf(uint8_t *data, size_t len);
bx_rc         bx_file_clean(bx_arena *a, const void *data, size_t len, const bx_file_info *info, bx_value *out);

/* ---- attachment_record.c: files of records [thread] */

/* The field of a record that takes files, and where the record belongs. */
typedef struct {
    const char  *record, *field;
    bx_id        id, student, class_id, school, township;       /* 0: none */
    int          max;                         /* files the field may hold */
    bool         firm;                        /* the record has been handed in: what it has stays */
} bx_attachment_place;

/* Makes the files named by `ids` (a JSON array of id strings, borrowed) the content of one field of a record, as queued
 * writes: new ones must be loose and brought by the caller, ones the field already has stay. Others are let go, unless the
 * place is firm. Refuses with 422 on the field. A file that another request takes meanwhile undoes the transaction. */
bx_rc  bx_attachments_take(bx_call *c, const bx_attachment_place *place, json_t *ids);
/* Adds member `field`, a list of descriptions, to each object of rows by its "id": one query a page. */
bx_rc  bx_attachments_attach(bx_call *c, const char *record, json_t *rows, const char *field);

/* A description is made of these columns of `attachment a`, from column `first` of row i. A new reference. */
#define BX_ATTACHMENT_COLUMNS  \
    "a.id, a.media_type, a.size, a.width, a.height, a.thumb_size, a.struck_at, a.struck_name, a.struck_reason, a.account_id"
json_t *bx_attachment_json(const bx_call *c, const bx_rows *rows, size_t i, size_t first);

/* Refuses when the school has used what it may, with `bytes` more. */
bx_rc  bx_attachment_school_room(bx_call *c, const char *field, bx_id school, int64_t bytes);
/* Queues that a school's files have become so many bytes more, or fewer: in the transaction in which they do. */
bx_rc  bx_attachment_count(bx_call *c, bx_id school, int64_t bytes);

/* ---- handlers and jobs of bx_plugin_core (core_plugin.c) [thread] */

bx_rc  bx_attachment_create(bx_call *c);
bx_rc  bx_attachment_read(bx_call *c);
bx_rc  bx_attachment_thumbnail_create(bx_call *c);
bx_rc  bx_attachment_thumbnail_read(bx_call *c);
bx_rc  bx_attachment_strike(bx_call *c);
bx_rc  bx_attachment_purge(bx_call *c);       /* loose ones older than 24 h, at most 200 a run */
bx_rc  bx_attachment_retire(bx_call *c);      /* those of records, when the rule attachment.keep_years says so */

#endif
