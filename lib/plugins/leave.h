/* leave.h: what leave.c (the tables) takes from leave_plan.c (what a request means),
 * leave_hooks.c (what happens) and leave_show.c (what is shown). */
#ifndef BX_LEAVE_H
#define BX_LEAVE_H

#include "baoxue.h"

extern const bx_record_def *const bx_leave_record;

/* ---- leave_plan.c */

#define BX_LEAVE_LIVE  64                     /* live requests of one child looked at */

/* A live request of the child. */
typedef struct {
    bx_id        id;
    int64_t      version;
    const char  *state;
    bx_span      span;                        /* what it covers; after a return only up to the slot before it */
    int          halves;
    bool         needs_paper;
    bool         ours;                        /* asked for by this account */
} bx_leave_claim;

typedef struct { bx_id student, class_id, school; bx_span asked; bx_id self; } bx_leave_ask;

typedef enum { BX_LEAVE_OK, BX_LEAVE_BACKWARDS, BX_LEAVE_NO_SCHOOL, BX_LEAVE_PAST_TERM, BX_LEAVE_TAKEN } bx_leave_fault;

/* What a request means on the calendar of the child's class. */
typedef struct {
    const bx_calendar    *cal;
    bx_leave_fault        fault;
    bx_span               span;               /* first to last due period */
    int                   halves, chain_halves;
    const char           *route;              /* teacher office principal */
    bx_time               starts_at, decide_by;
    bool                  has_back;
    bx_slot               back;               /* first due period after the end */
    bx_slot               term_last;          /* PAST_TERM: the last period of the term */
    int                   leave_seq;
    size_t                nclaims;
    bx_leave_claim        claims[BX_LEAVE_LIVE];
    const bx_leave_claim *taken;              /* TAKEN: the request in the way */
} bx_leave_plan;

/* BX_FAIL only when the database fails. [thread] */
bx_rc   bx_leave_plan_make(bx_call *c, const bx_leave_ask *ask, bx_leave_plan *plan);
/* The same for another span, with the claims already read: for offers. */
void    bx_leave_plan_again(bx_call *c, const bx_leave_ask *ask, const bx_leave_plan *base, bx_leave_plan *plan);
/* The claim that the span continues without an attended period between, NULL: none. */
const bx_leave_claim *bx_leave_before(const bx_leave_plan *plan, bx_span span);
json_t *bx_leave_span_json(bx_call *c, const bx_leave_plan *plan);     /* {starts_on … ends_period, school_days, chain_days, route} */
const char *bx_leave_half(const bx_leave_plan *plan, bx_slot s);       /* "am" or "pm" */

/* ---- leave_show.c [thread] */

/* Refuses a plan with a fault: 422 with an offer, or 409 with what is in the way and the extension of it. */
bx_rc   bx_leave_refuse_plan(bx_call *c, const bx_leave_ask *ask, const bx_leave_plan *plan);
bx_rc   bx_leave_decorate(bx_call *c, json_t *rows, bool one);
bx_rc   bx_leave_preview(bx_call *c);

/* ---- leave_task.c: what somebody has to do about a request, and who is told [thread] */

/* Somebody has to decide: the class teacher first (role "teacher", or "grade" where no teacher may), then "office" or "principal". */
bx_rc   bx_leave_task_open(bx_call *c, const bx_record *r, const char *role);
/* It has been decided, or (withdrawn) there is nothing left to decide. */
bx_rc   bx_leave_task_close(bx_call *c, const bx_record *r, bool withdrawn);
/* The slip of a leave asked for by telephone: awaited from the return on, here, or no longer by the clock. */
bx_rc   bx_leave_paper_open(bx_call *c, const bx_record *r);
/* The same as a row has it. */
typedef struct { bx_id id, student, class_id, school; const char *name, *starts_on; bx_time by; } bx_leave_slip;
bx_rc   bx_leave_paper_await(bx_call *c, const bx_leave_slip *s);
bx_rc   bx_leave_paper_close(bx_call *c, const bx_record *r);
bx_rc   bx_leave_paper_lapse(bx_call *c);
bx_rc   bx_leave_tell_guardians(bx_call *c, const bx_record *r, const char *kind);
bx_rc   bx_leave_tell_teacher(bx_call *c, const bx_record *r);
/* Tells the guardians of children that are about to become overdue, before the clock moves them. */
bx_rc   bx_leave_tell_overdue(bx_call *c);

/* ---- leave_hooks.c [thread] */

bx_rc   bx_leave_save(bx_call *c, bx_record *r);
bx_rc   bx_leave_submit(bx_call *c, bx_record *r);
bx_rc   bx_leave_enter(bx_call *c, bx_record *r);
bx_rc   bx_leave_approve(bx_call *c, bx_record *r);
bx_rc   bx_leave_consent(bx_call *c, bx_record *r);
bx_rc   bx_leave_refuse(bx_call *c, bx_record *r);
bx_rc   bx_leave_cancel(bx_call *c, bx_record *r);
bx_rc   bx_leave_withdraw(bx_call *c, bx_record *r);
bx_rc   bx_leave_return(bx_call *c, bx_record *r);
bx_rc   bx_leave_paper(bx_call *c, bx_record *r);
bx_rc   bx_leave_clock(bx_call *c);
/* By when the slip of a child that comes back now must be there, and until when it is waited for. */
bx_rc   bx_leave_paper_dates(bx_call *c, bx_id class_id, const bx_calendar *cal, bx_time *by, bx_time *until);

/* ---- leave_roll.c [thread] */

/* A child in class, first to last of the periods a roll speaks of; `until`: the last of them that can be known by now. */
typedef struct { bx_id student; int first, last, until; } bx_leave_seen;

/* Queues the return of those children of the class who were expected back by then; adds the ids of their leaves. */
bx_rc   bx_leave_came_back(bx_call *c, bx_id class_id, const bx_calendar *cal, bx_date day, const bx_leave_seen *seen, size_t nseen, json_t *ids);

/* ---- leave_calendar.c [thread] */

bx_rc   bx_leave_calendar(bx_call *c, bx_id class_id, bx_date from, bx_date to);

/* ---- leave_document.c */

extern const bx_document bx_leave_documents[];

#endif
