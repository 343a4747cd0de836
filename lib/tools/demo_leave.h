/* demo_leave.h: what the two files of the demonstration's leave share: who there is, what is asked for, and the acts in which it
 * happens. demo_leave.c makes them up, demo_play.c plays them. */
#ifndef BX_TOOLS_DEMO_LEAVE_H
#define BX_TOOLS_DEMO_LEAVE_H

#include "tools/demo.h"

#include "plugins/leave.h"

#define MAX_LEAVES  900
#define MAX_ACTS    (MAX_LEAVES * 6 + 800)
#define MINUTE      60

typedef enum {
    ACT_SAVE, ACT_SUBMIT, ACT_ENTER, ACT_CONSENT, ACT_DECIDE, ACT_REJECT, ACT_CANCEL, ACT_RETURN, ACT_CONFIRM, ACT_ACCEPT, ACT_CLOCK
} act_kind;

typedef struct { bx_id student, guardian, account; const char *guardian_name; const demo_class *cls; bool used; } child;

typedef struct {
    child       *who;
    bx_span      span;
    const char  *kind, *reason;
    const char  *route;                       /* teacher office principal, as the engine will choose */
    bool         by_teacher;                  /* who says the child is back */
    bool         phoned;                      /* entered by the class teacher for a guardian who phoned */
    bx_id        id;                          /* once it is there */
} request;

typedef struct { bx_time at; act_kind kind; request *leave; } act;

typedef struct { bx_id account; bx_session session; } actor;

typedef struct {
    demo              *d;
    const bx_calendar *cal;
    child             *children;
    size_t             nchildren, nrequests, nacts;
    request            requests[MAX_LEAVES];
    act                acts[MAX_ACTS];
    actor             *actors;                /* sessions read so far */
    size_t             nactors;
    unsigned           made, refused;
} play;

/* The job of the leave workflow, NULL when there is none. */
const bx_job *demo_clock_job(void);
/* Plays the acts in order of time through the engine's own handlers, each by the person whose it is. */
bx_rc         demo_play(play *p);

#endif
