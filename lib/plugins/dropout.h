/* dropout.h: the dropout case (catalogue W4). What dropout.c (the tables of the case) and dropout_records.c (those of its
 * records) take from dropout_steps.c (deadlines), dropout_hooks.c and dropout_notice.c (what happens), dropout_clock.c (what
 * the calendar and the marks make happen) and dropout_show.c (what is shown); and what other workflows may ask for. */
#ifndef BX_DROPOUT_H
#define BX_DROPOUT_H

#include "baoxue.h"

extern const bx_record_def *const bx_dropout_record;
extern const bx_record_def *const bx_notice_record;
extern const bx_record_def *const bx_follow_up_record;
extern const bx_document bx_dropout_documents[];                      /* dropout_document.c */

/* ---- for the ladder and other workflows [thread]. All queue; the caller commits. */

typedef struct {
    bx_id        student;
    bx_date      discovered;                  /* first missed school day of the run */
    bx_time      trigger;                     /* when the case opens by bell and calendar: end of the 3rd unexcused day */
    bx_time      saved;                       /* when the mark behind it was saved */
    const char  *origin;                      /* "ladder", "no_show", "comparison", "relapse" */
    const char  *why;                         /* a word for the record, NULL: none; borrowed */
} bx_dropout_opening;

/* Opens a case as suspected. A child has one open case: when there is one, nothing is queued and its id comes back; a case in
 * follow-up ends as relapsed and the new one is linked to it. *out may be NULL. A case that somebody opens at the same time
 * makes the commit fail with a conflict: ask again then. */
bx_rc   bx_dropout_open(bx_call *c, const bx_dropout_opening *o, bx_id *out);
/* The marks were wrong: a case of the child that is still only suspected was opened in error. Nothing when there is none. */
bx_rc   bx_dropout_withdraw(bx_call *c, bx_id student);
/* The child has attended: an open case goes to observing from that day, with the deadlines running on. Nothing when there is
 * no case, or it is observed or followed up already. */
bx_rc   bx_dropout_returned(bx_call *c, bx_id student, bx_date day);

/* What one school day was for a child, by the marks. */
typedef enum { BX_PRESENCE_PAUSE, BX_PRESENCE_ATTENDED, BX_PRESENCE_UNEXCUSED } bx_presence;
typedef struct {
    bx_date      day;                         /* a school day of the child's class */
    bx_presence  what;                        /* PAUSE: excused, unmarked, not over yet, or attended too little */
    bool         came;                        /* some period was attended */
    bx_time      ends, saved;                 /* last bell of the day; when its last mark was saved */
} bx_presence_day;

#define BX_CASE_ABSENT  "'suspected','formal','reported','correction','confirmed','noticed','joint','township'"

/* The school days of a child from … to, by marks and leave; a day whose last bell has not rung is neither attended nor
 * unexcused. In order of days. [thread] */
bx_rc   bx_presence_days(bx_call *c, bx_id student, bx_id class_id, bx_date from, bx_date to, const bx_presence_day **days, size_t *n);

/* ---- dropout_steps.c: what must be done in a case by when */

#define BX_DROPOUT_STEPS  96                  /* steps of one case that are looked at */

/* A case as its hooks and the clock need it. */
typedef struct {
    bx_id        id, student, class_id, school, township, linked;
    int64_t      version, seq;
    const char  *state, *back_to;
    bx_date      discovered, returned_on, follow_up_until;
    bx_time      week_at, follow_up_from, opened;    /* opened: entered */
    int          attempts, failed, observed, round, relapse_no;
    bool         reported, return_reported, return_signed, late, lost;
} bx_case;

typedef enum { BX_DUTY_OPEN, BX_DUTY_DONE, BX_DUTY_MISSED, BX_DUTY_DROPPED } bx_duty_state;

typedef struct {
    bx_id          id;
    const char    *step, *role;
    int            ordinal, round;
    bx_time        trigger, nominal, working, done_at;
    bx_duty_state  state;
    bool           held, announced;
    const char    *done_by, *why;
    bool           fresh, changed, ended, moved;   /* to be inserted, to be updated, was open until now, has another due */
} bx_duty;

typedef struct {
    bx_call     *c;
    bx_case      of;
    const char  *proof;                       /* record that proves what is done now; NULL: the case */
    bx_id        proof_id;
    size_t       n;
    bx_duty   list[BX_DROPOUT_STEPS];
} bx_duties;

bx_rc   bx_case_read(bx_call *c, bx_id id, bx_case *out, bool *found);
void    bx_case_of_record(const bx_record *r, bx_case *out);
bool    bx_case_is_open(const char *state);
struct bx_workdays;
/* The calendar of the case's class and the working days of its school, around a day. */
bx_rc   bx_case_calendars(bx_call *c, const bx_case *k, bx_date day, const bx_calendar **school, const struct bx_workdays **office);

/* Reads the steps of a case; a case being created has none. */
bx_rc   bx_duties_load(bx_call *c, const bx_case *k, bx_duties *out);
/* Opens the next step of a kind. trigger: when what asks for it happened; saved: when that was entered. */
bx_rc   bx_duty_open(bx_duties *s, const char *step, bx_time trigger, bx_time saved);
/* The same with a due of its own. */
bx_rc   bx_duty_open_due(bx_duties *s, const char *step, bx_time trigger, bx_time nominal, bx_time saved);
/* The open step of a kind, or NULL. */
bx_duty *bx_duty_find(bx_duties *s, const char *step);
/* The open step of the kind is done (now, by the actor), missed, or dropped for a reason. Nothing when there is none. */
void    bx_duty_done(bx_duties *s, const char *step);
void    bx_duty_missed(bx_duties *s, const char *step);
/* step NULL: every open one. */
void    bx_duty_drop(bx_duties *s, const char *step, const char *why);
void    bx_duty_reopen(bx_duties *s, const char *step);
/* The child is back: what is open now is not asked for, but its clock runs; or it is asked for again. */
void    bx_duties_hold(bx_duties *s);
void    bx_duties_resume(bx_duties *s);
/* Queues what changed, guarded by the case's seq, and sets next_step, next_role, due_at, late: on r, or when r is NULL by an
 * UPDATE of the case. */
bx_rc   bx_duties_write(bx_duties *s, bx_record *r);
/* Is a step of this kind the school's own duty? What is late above the school is counted by these. */
const char *bx_duty_rule(const char *step);                           /* the rule its due comes from, or NULL */
bool    bx_duty_of_school(const char *step);
/* Gives an open step another trigger and nominal due; its task follows. The working due moves with it, unless it was later for a
 * late entry: then it is never moved forward. */
void    bx_duty_move(bx_duty *t, bx_time trigger, bx_time nominal);

/* Due of a step of the kind: n units after a day, at 24:00. Pure but for the rules. */
bx_rc   bx_duty_due(bx_call *c, const bx_case *k, const char *step, bx_date day, bx_time *out);
/* The later of nominal and 24:00 of the n-th school day after the day of saving, when that is after the trigger's day. */
bx_rc   bx_duty_working(bx_call *c, const bx_case *k, bx_time trigger, bx_time nominal, bx_time saved, bx_time *out);

/* ---- dropout_days.c: pure */

/* The last bell of the n-th school day of absence, the first being `discovered`. */
bx_time bx_case_trigger(const bx_calendar *cal, bx_date discovered, int n);
/* The end of the week: the last bell of as many school days after the trigger's as the two rules lie apart. */
bx_time bx_case_week(const bx_calendar *cal, bx_time trigger, int open_days, int week_days);
/* The last bell of the deadline's day; when there is no school on it, of the next day with school. */
bx_time bx_return_deadline(const bx_calendar *cal, bx_date served, int days);
/* The n-th monthly review after a day, on the next school day when it is none. */
bx_date bx_review_day(const bx_calendar *cal, bx_date from, int n);
/* n months after a day, the end of a short month at most. */
bx_date bx_months_after(bx_date d, int n);

typedef struct { int attended; bool failed; bx_time at; } bx_observation;

/* Counts attended days; stops at the first unexcused day (failed) or at the wanted-th attended one, whose last bell is `at`. */
bx_observation bx_observe(const bx_presence_day *days, size_t n, int wanted);

/* ---- hooks [thread] */

/* dropout_open.c */
bx_rc   bx_dropout_open_hook(bx_call *c, bx_record *r);
/* dropout_hooks.c */
bx_rc   bx_dropout_form(bx_call *c, bx_record *r);
bx_rc   bx_dropout_send_back(bx_call *c, bx_record *r);
bx_rc   bx_dropout_review(bx_call *c, bx_record *r);
bx_rc   bx_dropout_report(bx_call *c, bx_record *r);
bx_rc   bx_dropout_forward(bx_call *c, bx_record *r);
bx_rc   bx_dropout_receive(bx_call *c, bx_record *r);
bx_rc   bx_dropout_township_receive(bx_call *c, bx_record *r);
bx_rc   bx_dropout_confirm(bx_call *c, bx_record *r);
bx_rc   bx_dropout_correct(bx_call *c, bx_record *r);
bx_rc   bx_dropout_not_dropout(bx_call *c, bx_record *r);
bx_rc   bx_dropout_tell_township(bx_call *c, bx_record *r);
bx_rc   bx_dropout_tell_bureau(bx_call *c, bx_record *r);
bx_rc   bx_dropout_joint_agreed(bx_call *c, bx_record *r);
bx_rc   bx_dropout_joint_failed(bx_call *c, bx_record *r);
bx_rc   bx_dropout_measure(bx_call *c, bx_record *r);
bx_rc   bx_dropout_claim(bx_call *c, bx_record *r);
bx_rc   bx_dropout_accept(bx_call *c, bx_record *r);
bx_rc   bx_dropout_transfer(bx_call *c, bx_record *r);
/* dropout_return.c */
/* Queues that a case goes to observing because the child was at school on a day: the clock and other workflows. */
bx_rc   bx_dropout_seen(bx_call *c, const bx_case *k, bx_date day);
bx_rc   bx_dropout_return(bx_call *c, bx_record *r);
bx_rc   bx_dropout_return_report(bx_call *c, bx_record *r);
bx_rc   bx_dropout_sign(bx_call *c, bx_record *r);
bx_rc   bx_dropout_close(bx_call *c, bx_record *r);
bx_rc   bx_follow_up_review(bx_call *c, bx_record *r);
/* dropout_notice.c */
bx_rc   bx_dropout_notice(bx_call *c, bx_record *r);
bx_rc   bx_dropout_order(bx_call *c, bx_record *r);
bx_rc   bx_notice_serve(bx_call *c, bx_record *r);
/* dropout_attempt.c */
bx_rc   bx_persuasion_check(bx_call *c, bx_record *r);
bx_rc   bx_refusal_check(bx_call *c, bx_record *r);
bx_rc   bx_tracking_check(bx_call *c, bx_record *r);
bx_rc   bx_urgent_raise(bx_call *c, bx_record *r);
/* Counts a home visit made elsewhere as an attempt of the child's open case, so that nobody writes it twice. Nothing when there is no
 * case, or the visit was before it began. outcome: a code of
 * persuasion_outcome. Texts are borrowed. */
bx_rc   bx_dropout_visit(bx_call *c, bx_id student, bx_id visit, const char *way, bx_date on, const char *people, int subject_teachers,
                         const char *with_whom, const char *effect, const char *outcome);
/* Queues one attempt that a hook itself makes (joint persuasion). */
bx_rc   bx_attempt_queue(bx_duties *s, const char *way, bx_date on, const char *people, const char *effect, const char *outcome);

/* ---- dropout_tell.c: notices [thread] */

bx_rc   bx_dropout_tell(bx_call *c, const bx_case *k, const char *kind, const char *role, bx_id unit);
bx_rc   bx_urgent_tell(bx_call *c, const bx_record *r);

/* ---- dropout_show.c, dropout_figures.c, dropout_known.c, dropout_clock.c, dropout_calendar.c [thread] */

bx_rc   bx_dropout_decorate(bx_call *c, json_t *rows, bool one);
bx_rc   bx_dropout_steps_route(bx_call *c);
bx_rc   bx_dropout_timeline(bx_call *c);
bx_rc   bx_student_timeline(bx_call *c);
bx_rc   bx_dropout_figures(bx_call *c);
bx_rc   bx_dropout_trend(bx_call *c);
/* Sets member "known" of one case. */
bx_rc   bx_dropout_known(bx_call *c, json_t *row);
/* Days of a class have become others: what is due in its open cases is computed again. */
bx_rc   bx_dropout_calendar(bx_call *c, bx_id class_id, bx_date from, bx_date to);
/* dropout_roster.c */
extern const bx_field bx_dropout_roster_fields[];
bx_rc   bx_dropout_roster(bx_call *c, bx_record *r);
bx_rc   bx_dropout_roster_fill(bx_call *c, const bx_record *r, json_t *values);
bx_rc   bx_dropout_clock(bx_call *c);

/* A history row that is no transition of the record's. */
bx_rc   bx_dropout_note(bx_call *c, bx_id id, const char *action, const char *state, const char *comment);

#endif
