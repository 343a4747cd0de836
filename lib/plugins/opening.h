/* opening.h: what opening.c (the tables) takes from opening_list.c (who has come), opening_save.c (what is said),
 * opening_clock.c (what the clock does) and opening_document.c (the sheet on paper). */
#ifndef BX_OPENING_H
#define BX_OPENING_H

#include "baoxue.h"

extern const bx_document bx_opening_documents[];

/* The term whose registration is on: that of today, or the next when it begins within opening.early_days. */
typedef struct {
    bx_id               class_id, grade, school, township, central;
    const bx_calendar  *cal;
    bx_date             term_on, ends, first;  /* first: its first school day */
} bx_opening_term;

/* By the calendar of a unit: a class, or a school. Refuses when no term is near. [thread] */
bx_rc   bx_opening_term_of(bx_call *c, bx_id unit, bx_opening_term *out);
/* Children of a class (or with class 0 of a school), with what is known of each: see OPENING_COLUMNS. [thread] */
bx_rc   bx_opening_children(bx_call *c, const bx_opening_term *t, bx_id class_id, bx_id school, bx_rows *out);

/* Columns of these rows. */
enum { BX_OP_ID, BX_OP_NAME, BX_OP_SEAT, BX_OP_CLASS, BX_OP_CAME_AT, BX_OP_BY, BX_OP_SHOW, BX_OP_VERSION, BX_OP_STATE, BX_OP_PERSON, BX_OP_DUE,
       BX_OP_REASON, BX_OP_MEASURE, BX_OP_BACK_AT, BX_OP_RESULT, BX_OP_LEAVE, BX_OP_ATTENDED, BX_OP_ANSWERABLE };

/* "come", "leave", "missing", "settled", or "waiting": nobody has said anything yet. */
const char *bx_opening_status(const bx_rows *rows, size_t i);

bx_rc   bx_opening_list(bx_call *c);
bx_rc   bx_opening_marks(bx_call *c);
bx_rc   bx_opening_close(bx_call *c);
bx_rc   bx_no_show_changed(bx_call *c, bx_record *r);
bx_rc   bx_no_show_come(bx_call *c, bx_record *r);
bx_rc   bx_no_show_declare(bx_call *c, bx_record *r);
bx_rc   bx_opening_clock(bx_call *c);
bx_rc   bx_opening_calendar(bx_call *c, bx_id class_id, bx_date from, bx_date to);

/* The task of a class whose list is not closed, and its key. */
#define BX_OPENING_TASK  "opening.close"
char   *bx_opening_key(bx_arena *a, bx_id class_id, bx_date term_on);

#endif
