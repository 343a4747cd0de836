/* attendance_roll.h: a roll in hand, between attendance_sheet.c, which reads it, and attendance_roll.c, which saves it. Private to these. */
#ifndef BX_ATTENDANCE_ROLL_H
#define BX_ATTENDANCE_ROLL_H

#include "flow/flow.h"
#include "plugins/attendance.h"

#define BX_ROLL_MAX    200                    /* children of a class */
#define BX_ROLL_EARLY  60                     /* minutes before the first bell of the session */

typedef struct {
    bx_id        id;                          /* 0: none; the child was there, as the roll says */
    int          kind, minute;                /* minute -1: none */
    int          first, last;
    const char  *reason, *note, *by;
    bx_time      at;
    bx_id        supersedes;
} bx_roll_mark;

typedef struct { bx_id id; const char *state, *kind; int first, last; } bx_roll_leave;   /* the periods of the session it covers */

typedef struct {
    bx_id          id;
    const char    *name;
    int            seat;                      /* 0: none */
    bx_roll_mark   now;                       /* what counts of this session */
    bx_roll_mark   before;                    /* what it corrects */
    bx_roll_leave  leave;                     /* id 0: none */
    int            run_days;
    bx_date        run_since;
    bool           no_show;                   /* did not come at the start of the term, as far as is known */
    bool           named;                     /* by the body */
    bx_roll_mark   wanted;
} bx_roll_child;

/* A roll being looked at, taken or corrected. */
typedef struct {
    bx_call            *c;
    bx_arena           *a;
    bx_row_scope        scope;
    bx_rows             unit;
    bx_date             day, today;
    const bx_calendar  *cal;
    const bx_bells     *bells;
    const char         *mode;
    bx_session_span     sessions[BX_MAX_PERIODS], span;
    int                 nsessions;
    bx_id               id;                   /* 0: not taken yet */
    int64_t             version;
    bx_time             saved_at;
    const char         *saved_by;
    bool                late_entry, fresh;    /* fresh: being taken now */
    bx_roll_child       children[BX_ROLL_MAX];
    size_t              n;
    bx_id               others[BX_ROLL_MAX]; /* further children whose ladder hangs on this roll */
    size_t              nothers;
} bx_roll;

/* ---- attendance_sheet.c [thread] */

/* The only class the caller has, 0: none or several. */
bx_id           bx_roll_own_class(const bx_call *c);
/* The class with its place, the day with its calendar, the session asked for (NULL: the last whose roll may be taken by now). */
bx_rc           bx_roll_load_class(bx_roll *r, bx_id class_id, const char *capability);
bx_rc           bx_roll_load_day(bx_roll *r, const char *day);
bx_rc           bx_roll_choose_session(bx_roll *r, const char *text);
/* Children, leave, what is marked, open runs. */
bx_rc           bx_roll_load_all(bx_roll *r);
/* All of this for the roll of the route's {id}. */
bx_rc           bx_roll_find(bx_roll *r, const char *capability);
bx_roll_child  *bx_roll_child_of(bx_roll *r, bx_id id);               /* NULL: not in the class */
bool            bx_roll_excuses(const bx_roll_leave *l);
bx_rc           bx_roll_answer(bx_roll *r, int status);

#endif
