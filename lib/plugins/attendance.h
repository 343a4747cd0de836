/* attendance.h: what the files of the workflow share: attendance.c (tables), attendance_load.c (children as the ladder wants
 * them), attendance_ladder.c (rows and tasks of runs and rungs), attendance_session.c (words), attendance_sheet.c and
 * attendance_roll.c (rolls), attendance_list.c (lists and sheets), attendance_clock.c (jobs); and what visit.c takes from it. */
#ifndef BX_ATTENDANCE_H
#define BX_ATTENDANCE_H

#include "baoxue.h"
#include "flow/ladder.h"
#include "web/call.h"

#define BX_ATTENDANCE_BATCH  60               /* children computed at once: a class, and then some */

/* ---- attendance_session.c: what a roll is about */

#define BX_SESSION_DAY     0
#define BX_SESSION_AM      1
#define BX_SESSION_PM      2
#define BX_SESSION_PERIOD  10                 /* and n: period n */

typedef struct { int session, first, last; } bx_session_span;

/* The sessions of a school day by the class's roll.mode; at most BX_MAX_PERIODS. mode: "half_day", "day", "period". */
int          bx_sessions_of(const bx_bells *b, const char *mode, bx_session_span out[BX_MAX_PERIODS]);
const char  *bx_session_text(bx_arena *a, int session);               /* "day" "am" "pm" "p1" */
bool         bx_session_parse(const char *text, int *session);
const char  *bx_mark_kind_name(int kind);                             /* NULL: none */
int          bx_mark_kind_parse(const char *name);                    /* -1: none */
json_t      *bx_clock_json(int minute);                               /* "08:20"; null below 0 */

/* ---- attendance_load.c */

/* What is being written in the very transaction that the ladder is computed for. */
typedef struct { bx_id student; bx_ladder_mark mark; } bx_pending_mark;
typedef struct { bx_id student; bx_ladder_proof proof; } bx_pending_proof;
typedef struct {
    const bx_pending_mark  *marks;            /* newer than every mark in the database */
    size_t                  nmarks;
    const bx_pending_proof *proofs;
    size_t                  nproofs;
    bx_id                   roll_class;       /* 0: no roll */
    bx_ladder_roll          roll;
} bx_pending;

typedef struct {
    bx_id             id, class_id, school, township;
    const char       *name;
    bx_ladder_in      in;
    bx_run_before    *before;
    int64_t          *versions;               /* of before */
    const char      **states;
    const char      **stored;                 /* what the row of a former run says, to see whether it changes */
    size_t            nbefore;
    bx_rung_before   *rungs;
    size_t            nrungs;
    bx_ladder_proof  *proofs;
    size_t            nproofs;
    bx_date           no_show_on;             /* first school day of the term at whose start it did not come; BX_NO_DATE: it did */
} bx_ladder_child;

/* Reads everything the ladders of these children need, from the day `since` on and as far back as runs reach that matter
 * there. At most BX_ATTENDANCE_BATCH. [thread] */
bx_rc        bx_attendance_load(bx_call *c, const bx_id *students, size_t n, bx_date since, const bx_pending *pending,
                                bx_ladder_child **out, size_t *nout);
bx_rc        bx_ladder_rules_of(bx_call *c, bx_id class_id, bx_ladder_rules *out);

/* ---- attendance_opening.c */

/* Adds to the marks of these children what is known of them without a roll: that they did not come at the start of the term. */
bx_rc        bx_no_show_marks(bx_call *c, bx_ladder_child *children, size_t n, bx_date from);

/* ---- attendance_ladder.c */

/* Computes the ladders of these children and queues what changes of their runs, rungs and tasks. [thread] */
bx_rc        bx_attendance_recompute(bx_call *c, const bx_id *students, size_t n, bx_date since, const bx_pending *pending);
const char  *bx_rung_task_kind(bx_step step);                         /* NULL: no task */
char        *bx_rung_task_key(bx_arena *a, bx_id student, bx_id run, bx_step step, int turn);

/* ---- attendance_roll.c, attendance_sheet.c [thread] */

bx_rc        bx_roll_take(bx_call *c);
bx_rc        bx_roll_marks(bx_call *c);
bx_rc        bx_roll_correct(bx_call *c);
bx_rc        bx_roll_sheet(bx_call *c);
bx_rc        bx_roll_read(bx_call *c);

/* Queues that the roll of a session is there: nobody is reminded of it any more. */
bx_rc        bx_roll_taken(bx_call *c, bx_id class_id, bx_date day, int session, bx_id roll);

/* ---- attendance_timetable.c [thread] */

#define BX_CLASS_DAY_UNITS  64

/* A class on a day: its sessions, and by when each roll is due. */
typedef struct { bx_id class_id, grade; int n; bx_session_span spans[BX_MAX_PERIODS]; bx_time due[BX_MAX_PERIODS]; } bx_class_day;

/* Fills the sessions of classes of one school, whose ids and grades are given. */
bx_rc        bx_class_days(bx_call *c, bx_id school, bx_date day, bx_class_day *classes, size_t n);

/* ---- attendance_list.c [thread] */

bx_rc        bx_roll_day(bx_call *c);
bx_rc        bx_absence_list(bx_call *c);
bx_rc        bx_absence_runs(bx_call *c);

/* ---- attendance_figures.c, attendance_integrity.c [thread] */

/* The school and the days that were asked for: the caller's only school, this week. */
bx_rc        bx_attendance_school(bx_call *c, bx_id *school);
bx_rc        bx_attendance_span(bx_call *c, bx_date *from, bx_date *to);
bx_rc        bx_attendance_figures(bx_call *c);
bx_rc        bx_attendance_export(bx_call *c);
bx_rc        bx_attendance_integrity(bx_call *c);

/* ---- attendance_clock.c [thread] */

/* Runs a part of a job in an arena that goes with it, on the job's connection. */
typedef bx_rc (*bx_job_part)(bx_call *c, void *ctx);
bx_rc        bx_in_part(bx_call *c, bx_job_part fn, void *ctx);

bx_rc        bx_attendance_clock(bx_call *c);
bx_rc        bx_attendance_night(bx_call *c);
bx_rc        bx_attendance_calendar(bx_call *c, bx_id class_id, bx_date from, bx_date to);

/* Appends n placeholders "?,?,…" and their values. */
void         bx_ids_in(bx_buf *sql, bx_value *args, size_t *nargs, const bx_id *ids, size_t n);

#endif
