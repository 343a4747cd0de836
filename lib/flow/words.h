/*
 * words.h: a value of a row as people read it, for paper, spreadsheets and notices, so that they say what the pages say.
 *
 * Values come from bx_record_json(): what the caller may not see is not there, and numbers of people are masked already.
 */
#ifndef BX_WORDS_H
#define BX_WORDS_H

#include "flow/flow.h"

typedef enum {
    BX_WORDS_SHEET,                           /* 2026-09-21 07:30: sorts, and reads back */
    BX_WORDS_PAPER                            /* 2026年9月21日 07:30 */
} bx_words_style;

/* What a member is called: <record>.<member>, else field.<member>, else its name. */
const char *bx_words_label(bx_arena *a, const char *lang, const char *record, const char *member);
/* A value; never NULL, "" for null and for what has no words (an object). */
const char *bx_words_value(bx_arena *a, const char *lang, const bx_record_def *def, const char *member, const json_t *value,
                           bx_words_style style);
/* "2026年9月21日"; "" for NULL or no date. */
const char *bx_words_date(bx_arena *a, const char *lang, const char *date);
/* "2026年9月21日 07:30" of an ISO time. */
const char *bx_words_time(bx_arena *a, const char *lang, const char *iso);

#endif
