/* ladder_story.h: one child's absences told in a few words, for tests of the absence ladder: on the calendar of the examples
 * (term 1 Sep 2026 – 29 Jan 2027, holiday 1–7 Oct, make-up Sat 10 Oct), days as "09-21", times as "09-21 08:05". */
#ifndef LADDER_STORY_H
#define LADDER_STORY_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "flow/calendar.h"
#include "flow/ladder.h"

#define COUNT(a)  (sizeof(a) / sizeof((a)[0]))

#define AM   1, 4
#define PM   5, 7
#define DAY  1, 7

typedef struct {
    bx_arena         *arena;
    bx_ladder_place   places[4];
    size_t            nplaces;
    bx_ladder_mark    marks[64];
    size_t            nmarks;
    bx_ladder_leave   leave[8];
    size_t            nleave;
    bx_ladder_roll    rolls[64];
    size_t            nrolls;
    bx_ladder_rules   rules;
    bx_ladder_mark    known[64];
    bx_ladder_in      in;                     /* of the last when() */
    bx_ladder_run    *runs;
    size_t            nruns;
} story;

extern story  s;

const bx_calendar *calendar_with(bx_arena *a, const bx_closure_row *closures, size_t n, const char *bells);

bx_time      at(const char *text);            /* "09-21 08:20" of 2026, or "2027-01-04 08:20"; 24:00 is one */
bx_date      day(const char *text);
const char  *text(bx_time t);                 /* the other way; "none" for BX_NO_TIME */

void         begin(void);                     /* a child in class 7 since 1 Sep */
void         mark_at(const char *d, int first, int last, bx_mark_kind kind, const char *clock, const char *saved);
void         absent(const char *d, int first, int last, const char *saved);
void         here(const char *d, int first, int last, const char *saved);
void         absent_day(const char *d);       /* marked at each half-day's first bell */
void         on_leave(const char *from, int p, const char *to, int q);
void         when(const char *now);           /* what holds at a time, when the marks saved by then are known */
int          story_end(void **state);

#endif
