/* task.h: tasks and notices inside libbaoxue, beside what baoxue.h declares: who holds which position around a unit, the
 * ladder up which an overdue task goes, when a digest is due. */
#ifndef BX_TASK_H
#define BX_TASK_H

#include "flow/calendar.h"
#include "flow/flow.h"
#include "flow/rules.h"

/* ---- task_place.c: who is there */

typedef struct { const char *role; bx_id unit, account; size_t depth; } bx_holder;

/* A unit, the units above it, and everybody who holds a position today at one of them. Kept in the call. */
typedef struct bx_place {
    struct bx_place  *next;
    bx_id             unit;
    size_t            n;                      /* units from the root down; 0: there is no such unit */
    bx_id             ids[BX_MAX_DEPTH];
    const char       *levels[BX_MAX_DEPTH];
    size_t            nholders;
    const bx_holder  *holders;                /* deepest unit first */
} bx_place;

/* unit 0: the root. At most two queries a unit and call. [thread] */
bx_rc   bx_place_of(bx_call *c, bx_id unit, const bx_place **out);
/* The deepest unit where somebody holds the role; 0: nobody does. */
bx_id   bx_place_holds(const bx_place *p, const char *role);
/* The unit where the role belongs, held or not: the class of a class teacher, the school of a principal. */
bx_id   bx_place_seat(const bx_place *p, const char *role);
/* The unit of a level on the way down, 0: none. */
bx_id   bx_place_level(const bx_place *p, const char *level);

typedef struct { const char *role; bx_id unit; } bx_seat;

/* One level up from (role, unit): teacher → grade → vice → principal → county. A level that nobody holds is passed over, and so
 * is one whose holders are all of them holders of the seat below. False: there is nobody above. */
bool    bx_ladder_next(const bx_place *p, bx_seat from, bool in_school, bx_seat *out);

/* ---- task_open.c, beside what baoxue.h declares */

/* Queues that a task which waits go with its child to another class: whose duty it is is looked for there. [thread] */
bx_rc   bx_task_follow(bx_call *c, const char *kind, const char *key, bx_id class_id, bx_id school, bx_id township);

/* ---- task_clock.c */

/* The job tasks.clock: raises what is overdue, tells people what is due today, counts. [thread] */
bx_rc   bx_task_clock(bx_call *c);
/* How many wait and how many of these are overdue, as bx_task_clock() last counted them; a row a school is read. [thread] */
bx_rc   bx_task_totals(bx_call *c, int64_t *waiting, int64_t *overdue);
/* What its texts are filled from: the stored params, {student} {task_id}, and its kind as "task_kind". Owned by the arena. */
json_t *bx_task_params(bx_arena *a, const char *params, const char *kind, bx_id id, const char *student);
/* Queues a notice about a task to whoever has it: a certain account, 0: the holders of the role. [thread] */
bx_rc   bx_task_tell_owner(bx_call *c, const char *kind, bx_id task, const char *key, bx_id assignee, bx_seat owner,
                           const json_t *params);
/* Where a task is placed: the deepest of class, school, township that is not 0. */
static inline bx_id
bx_task_unit(bx_id class_id, bx_id school, bx_id township)
{
    return class_id != 0 ? class_id : school != 0 ? school : township;
}

/* ---- notice.c */

typedef struct { int morning, afternoon, quiet_from, quiet_to; } bx_digest_rules;     /* minutes after midnight */

/* The first digest at or after `now`; on a day that is none of w's working days there is no digest (w NULL: on every day). One
 * that falls into the quiet hours waits until they end. */
bx_time bx_digest_at(bx_time now, const bx_digest_rules *r, const bx_workdays *w);
/* "HH:MM", in minutes after midnight; -1 when it is none. */
int     bx_clock_text(const char *text);
/* As bx_notice_send(), with a task that the notice belongs to: it is shown while that waits. */
bx_rc   bx_notice_queue(bx_call *c, const bx_notice *n, bx_id task);
/* The text of a notice or task in the call's language; kind of task goes into {task}. params may be NULL. */
const char *bx_notice_text(bx_call *c, const char *kind, const json_t *params);
/* The params of a text as people read them: dates as days in the call's language. Owned by the arena; params may be NULL. */
json_t *bx_params_shown(bx_call *c, const json_t *params);
/* A page's address with its {names} filled, other characters than letters and digits escaped. NULL for NULL. */
char   *bx_href_fill(bx_arena *a, const char *href, const json_t *params);
/* The job notice.digest. [thread] */
bx_rc   bx_notice_digest(bx_call *c);

#endif
