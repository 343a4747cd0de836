/* calendar.h: what the files of the plugin calendar share: calendar.c (tables, units), calendar_terms.c, calendar_days.c,
 * calendar_closures.c, calendar_view.c. */
#ifndef BX_PLUGIN_CALENDAR_H
#define BX_PLUGIN_CALENDAR_H

#include "flow/calendar.h"
#include "flow/flow.h"

extern const bx_record_def *const bx_closure_record;

/* A unit whose calendar is looked at or changed. */
typedef struct {
    bx_id        id, school, township;
    const char  *level, *name, *path;
    bool         editable;                    /* the caller may change this very unit's own calendar */
    int64_t      version;                     /* of its own calendar: unit_calendar */
} bx_cal_unit;

/* ---- calendar.c [thread] */

/* The unit of ?unit_id=, else the caller's own. 404 outside the scope of calendar.read. */
bx_rc       bx_cal_unit_asked(bx_call *c, bx_cal_unit *out);
/* The unit a change is about: 404 when the caller may not even read it, 403 when not change it. */
bx_rc       bx_cal_unit_edit(bx_call *c, bx_id id, bx_cal_unit *out);
json_t     *bx_cal_unit_json(bx_call *c, const bx_cal_unit *u);
/* Whose audit chain: the school's, or the unit itself above schools. */
bx_id       bx_cal_chain(const bx_cal_unit *u);
/* Queues the unit's next version; whoever has read the same one meanwhile is refused (409) when it commits. */
bx_rc       bx_cal_bump(bx_call *c, const bx_cal_unit *u);
/* Name of a unit from columns first … first+3: name, stage, entry year, number. */
const char *bx_cal_unit_name(bx_call *c, const bx_rows *rows, size_t i, size_t first);
/* "own", "above" or "below" as seen from u, of the unit with that path. */
const char *bx_cal_place(const bx_cal_unit *u, bx_id id, const char *path);
/* A date of the checked body; BX_NO_DATE when it is not there. */
bx_date     bx_cal_date(const bx_call *c, const char *name);
const char *bx_cal_text(bx_call *c, const char *name);
/* ?school_year=, else the one of today. 422 when it is no year. */
bx_rc       bx_cal_year_asked(bx_call *c, int *year);
json_t     *bx_cal_span_params(bx_call *c, bx_date from, bx_date to);          /* {from}, {to} of a message */

/* ---- routes of the other files [thread] */

bx_rc       bx_cal_terms_list(bx_call *c);
bx_rc       bx_cal_term_create(bx_call *c);
bx_rc       bx_cal_term_change(bx_call *c);
bx_rc       bx_cal_term_remove(bx_call *c);

bx_rc       bx_cal_days_list(bx_call *c);
bx_rc       bx_cal_day_create(bx_call *c);
bx_rc       bx_cal_day_change(bx_call *c);
bx_rc       bx_cal_day_remove(bx_call *c);
bx_rc       bx_cal_days_paste(bx_call *c);

bx_rc       bx_cal_closure_create(bx_call *c);
bx_rc       bx_cal_closure_end(bx_call *c, bx_record *r);
bx_rc       bx_cal_closure_cancel(bx_call *c, bx_record *r);
bx_rc       bx_cal_closure_decorate(bx_call *c, json_t *rows, bool one);

bx_rc       bx_cal_year(bx_call *c);
bx_rc       bx_cal_timetable(bx_call *c);
bx_rc       bx_cal_timetable_set(bx_call *c);
bx_rc       bx_cal_workdays(bx_call *c);

#endif
