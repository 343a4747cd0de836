/*
 * calendar.h: what lib/flow, loaders and tests see of the two calendars beside baoxue.h. Internal to libbaoxue.
 *
 * bx_calendar  school days of one class: terms, holidays, make-up days, closures, bells. Stops in vacations.
 * bx_workdays  working days of an office: weekdays and make-up days but no holidays. Goes on in vacations.
 * The two are never mixed: no function takes the one and answers with the other.
 *
 * calendar.c is pure and builds both from arrays; calendar_load.c reads the arrays of a class or unit with SQL.
 */
#ifndef BX_CALENDAR_H
#define BX_CALENDAR_H

#include "baoxue.h"

/* ---- what a calendar is built from; everything is copied, dates are inclusive */

typedef struct { bx_date starts, ends; } bx_term_row;
typedef struct { bx_date day; bool makeup; const char *name; } bx_day_row;          /* makeup false: holiday */
typedef struct { bx_date starts, ends; const char *reason; } bx_closure_row;

typedef struct {
    const bx_term_row     *terms;             /* in any order; of two that overlap the earlier in the array holds */
    size_t                 nterms;
    const bx_day_row      *days;              /* in any order; of two rows for a day the later in the array holds */
    size_t                 ndays;
    const bx_closure_row  *closures;
    size_t                 nclosures;
    const char            *week;              /* texts of the rules day.week, .periods and .bells; NULL: the default */
    const char            *periods;
    const char            *bells;
} bx_calendar_source;

#define BX_WEEK_DEFAULT     "1-5"
#define BX_PERIODS_DEFAULT  "4+3"
#define BX_BELLS_DEFAULT    "08:00-08:40,08:50-09:30,10:00-10:40,10:50-11:30,14:00-14:40,14:50-15:30,15:40-16:20"

/* BX_FAIL with BX_E_INVALID when a rule's text cannot be read, with BX_E_MEMORY when memory is short. */
bx_rc        bx_calendar_build(bx_arena *a, const bx_calendar_source *src, const bx_calendar **out, bx_error *err);

/* Name of the holiday or make-up day, or the reason of the closure, that makes the day what it is; NULL: it has none. */
const char  *bx_calendar_day_name(const bx_calendar *cal, bx_date d);
/* "school" "makeup" "weekend" "holiday" "closed" "outside_term": how the HTTP API names a kind. */
const char  *bx_day_kind_name(bx_day_kind kind);
/* The body of GET calendar for [from, to], newly owned by the caller; NULL when memory is short. `term` is the first
 * term that has a day in the range. */
json_t      *bx_calendar_json(const bx_calendar *cal, bx_date from, bx_date to);

/* ---- the texts of the day rules: true when they can be read, and together give a week with at least one period */

typedef struct {
    unsigned  week;                           /* bit 1 << (weekday - 1) */
    bx_bells  days[7];                        /* by weekday, Monday first */
    int       makeup;                         /* weekday, 1..7, whose periods a make-up day at a weekend takes */
    bool      short_of_bells;                 /* a day has more periods than there are bells; the rest was left out */
} bx_timetable;

bool         bx_week_text_ok(const char *text);
bool         bx_periods_text_ok(const char *text);
bool         bx_bells_text_ok(const char *text);
bool         bx_timetable_read(const char *week, const char *periods, const char *bells, bx_timetable *out);

/* ---- working days of an office */

/* Days without a row are judged by their weekday, so it has no end in either direction. The rest is in baoxue.h. */
bx_rc        bx_workdays_build(bx_arena *a, const bx_day_row *days, size_t ndays, const bx_workdays **out,
                               bx_error *err);

/* ---- calendar_change.c: what follows when days become others */

/* Queues, with the writes of the change's own transaction, that the days from … to of the classes below a unit (or of the
 * class itself) may have become others. [thread] */
bx_rc        bx_calendar_changed(bx_call *c, bx_id unit, bx_date from, bx_date to);
/* Job calendar.apply: tells the workflows. [thread] */
bx_rc        bx_calendar_apply(bx_call *c);

#endif
