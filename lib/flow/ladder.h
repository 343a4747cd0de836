/*
 * ladder.h: the absence ladder as a pure function: from calendar, rolls, marks, leave, enrolment, rules and a time to the
 * runs of one child and the rungs they require. Knows no database, no request and no task; ladder_match.c finds out which
 * of these runs were there before.
 *
 * Words (docs/attendance.md): each due period of a child is attended (P), unexcused (A), excused (X), not due (N) or
 * unmarked (U). A run begins with the first A and ends at the first due period that is P, X or N; U is a presumed A inside
 * a run and a P outside. An unexcused day is a school day whose due periods are all A.
 */
#ifndef BX_LADDER_H
#define BX_LADDER_H

#include "baoxue.h"

/* ---- what goes in */

typedef enum {
    BX_MARK_PRESENT,
    BX_MARK_LATE,                             /* arrived at `minute`: what had ended by then is A */
    BX_MARK_LEFT_EARLY,                       /* left at `minute`: what begins from then on is A */
    BX_MARK_ABSENT,
    BX_MARK_LEAVE,                            /* away, said to be on leave: A when no leave excuses it */
    BX_MARK_SENT                              /* away for the school (contest, examination): X */
} bx_mark_kind;

/* One mark of the child for periods first … last of a day. */
typedef struct {
    bx_date       day;
    int16_t       first, last, minute;        /* minute after midnight, of LATE and LEFT_EARLY */
    bx_mark_kind  kind;
    bx_time       saved_at;
} bx_ladder_mark;

/* A roll that was taken: who is not marked in it was there. */
typedef struct { bx_date day; int16_t first, last; } bx_ladder_roll;

/* Days on which the child belongs to a class; days in no place are not due. */
typedef struct {
    bx_date               from, to;           /* both inclusive */
    bx_id                 class_id;
    const bx_calendar    *cal;
    const bx_ladder_roll *rolls;              /* by day */
    size_t                nrolls;
} bx_ladder_place;

/* Leave that excuses (void_at BX_NO_TIME), or that did until void_at, when it was refused: the periods of it that had
 * begun by then are A unless attended. */
typedef struct { bx_span span; bx_time void_at; } bx_ladder_leave;

typedef struct {
    int  contact_by;                          /* minute of the day */
    int  periods, periods_window;
    bool half_day;
    int  report_hours;
    int  visit_day, middle_day, leader_day, week_days, open_days;
    int  visit_due_days, visit_cap_days, form_days, late_entry_days;
} bx_ladder_rules;

extern const bx_ladder_rules  bx_ladder_defaults;

typedef struct {
    bx_date                from;              /* nothing before this day is looked at */
    bx_time                now;
    const bx_ladder_place *places;            /* by day, not overlapping */
    size_t                 nplaces;
    const bx_ladder_mark  *marks;             /* by day, then by time saved: the later one counts */
    size_t                 nmarks;
    const bx_ladder_leave *leave;             /* in any order */
    size_t                 nleave;
    const bx_ladder_rules *rules;
} bx_ladder_in;

/* ---- what comes out */

typedef enum {
    BX_S0, BX_S1, BX_S2, BX_S3, BX_S4, BX_S5, BX_S6, BX_S7,
    BX_S_CASE,                                /* the case opens as suspected; not a rung of its own */
    BX_S_COUNT
} bx_step;

typedef struct {
    bool     fired;
    bool     late_entry;                      /* the marks behind it were saved after the day of the trigger */
    bool     missed;                          /* the child came back, and not before the nominal due */
    bx_time  trigger, nominal, working;       /* dues: BX_NO_TIME for S2 */
} bx_ladder_step;

typedef enum { BX_RUN_OPEN, BX_RUN_RETURNED, BX_RUN_EXCUSED, BX_RUN_NOT_DUE } bx_run_end;

typedef struct {
    bx_slot         first, last;              /* missed periods; of an open run the last that has begun */
    bx_time         begins;                   /* bell of the first missed period */
    bx_run_end      end;
    bx_time         ended_at;                 /* bell of the period that ended it */
    int             days;                     /* unexcused days, presumed ones among them */
    int             presumed_days;
    bx_id           class_id;                 /* where the child was last */
    bx_ladder_step  steps[BX_S_COUNT];
    bx_time         next_at;                  /* open: when to look again unless something changes; or BX_NO_TIME */
} bx_ladder_run;

/* Runs in order of time; only the last can be open. BX_FAIL when out of memory. */
bx_rc        bx_ladder_compute(bx_arena *a, const bx_ladder_in *in, bx_ladder_run **runs, size_t *n);

const char  *bx_step_name(bx_step s);                                  /* "S0" … "S7", "case" */

/* The state of one due period, as rolls, marks and leave say it: 'P' 'A' 'X' 'U'; nothing presumed. since: when a mark or a
 * refusal made it A. out and since hold BX_MAX_PERIODS each, index 0 is period 1. */
void         bx_ladder_day(const bx_ladder_in *in, const bx_ladder_place *place, bx_date day, char *out, bx_time *since);
/* The state of one slot, 'N' when it is not due. */
char         bx_ladder_at(const bx_ladder_in *in, bx_slot slot);

/* ---- ladder_match.c: which run was there before */

typedef struct { bx_id id; bx_slot first, last; } bx_run_before;       /* by first period, older first */

/* For each run the index of the former run it goes on, or -1: it is new. A former run that nobody goes on has vanished.
 * A run keeps its identity while it shares a missed period with its former self; of two that merge the older survives; of one
 * that splits the later part is new. */
void         bx_ladder_match(const bx_ladder_run *runs, size_t n, const bx_run_before *before, size_t nbefore, int *match);

/* ---- ladder_tasks.c: what changes with the rungs' rows and tasks */

typedef enum { BX_RUNG_OPEN, BX_RUNG_DONE, BX_RUNG_WITHDRAWN } bx_rung_state;

typedef struct {
    size_t         run;                       /* index among the former runs */
    bx_step        step;
    int            turn;                      /* 1; 2 when it was withdrawn and is required again, … */
    bx_rung_state  state;
    bx_time        trigger, nominal, working;
} bx_rung_before;

typedef enum { BX_PROOF_CONTACT, BX_PROOF_REQUEST, BX_PROOF_REPORT, BX_PROOF_VISIT, BX_PROOF_FORM } bx_proof_kind;

#define BX_VISIT_TEACHER  0x1u
#define BX_VISIT_MIDDLE   0x2u
#define BX_VISIT_LEADER   0x4u

/* A record that may satisfy rungs: a guardian reached, leave asked for, a report sent, a visit made, the dropout form. */
typedef struct {
    bx_proof_kind  kind;
    bx_time        at;                        /* when it happened, however late it was entered */
    bx_span        span;                      /* BX_PROOF_REQUEST: the periods asked for */
    unsigned       roles;                     /* BX_PROOF_VISIT: who took part */
    bool           in_person;
    bx_id          id;
} bx_ladder_proof;

typedef enum { BX_RUNG_DO_OPEN, BX_RUNG_DO_DONE, BX_RUNG_DO_WITHDRAW, BX_RUNG_DO_MOVE } bx_rung_act;

typedef struct {
    int                    run, before;       /* index among runs, among former runs; -1: none */
    bx_step                step;
    int                    turn;
    bx_rung_act            act;               /* MOVE: open as before, with other dues */
    bool                   fresh;             /* there is no row yet: OPEN always, DONE and WITHDRAW without a task */
    bool                   missed;
    const char            *reason;            /* WITHDRAW: "returned" "excused" "transferred" "corrected" */
    const bx_ladder_step  *fired;             /* NULL: it is not required any more */
    const bx_ladder_proof *proof;             /* DONE */
} bx_rung_change;

/* What has to change so that rows and tasks are as the runs require. match is from bx_ladder_match(). What is done stays
 * done. BX_FAIL when out of memory. */
bx_rc        bx_ladder_reconcile(bx_arena *a, const bx_ladder_in *in, const bx_ladder_run *runs, size_t n, const int *match,
                                 const bx_run_before *before, size_t nbefore, const bx_rung_before *rungs, size_t nrungs,
                                 const bx_ladder_proof *proofs, size_t nproofs, bx_rung_change **out, size_t *nout);

#endif
