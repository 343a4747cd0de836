/* leave_task.c: the task of deciding a request, and who is told what about it. Owns their keys: a request has one task for the
 * class teacher's consent and one for the decision of the office or the principal. */

#include "plugins/leave.h"

#include <inttypes.h>
#include <string.h>

#define KIND     "leave.decide"
#define PAPER    "leave.paper"


static const char *
task_key(bx_call *c, bx_id id, bool consent)
{
    return bx_sprintf(bx_call_arena(c), "%" PRId64 ":%s", id, consent ? "consent" : "decide");
}


static json_t *
params_of(bx_call *c, bx_id id, const bx_record *r)
{
    bx_date  starts = bx_rec_date(r, "starts_on");

    return bx_own(bx_call_arena(c), json_pack("{s:o, s:s, s:s}", "leave_id", bx_id_json(id),
                                              "student", bx_rec_student_name(r),
                                              "starts_on", starts == BX_NO_DATE ? "" : bx_date_text(bx_call_arena(c), starts)));
}


bx_rc
bx_leave_task_open(bx_call *c, const bx_record *r, const char *role)
{
    bool     consent = strcmp(role, "office") != 0 && strcmp(role, "principal") != 0;
    bx_task  t = {
        .kind = KIND, .key = task_key(c, bx_rec_id(r), consent), .role = role, .student = bx_rec_student(r),
        .class_id = bx_rec_class(r), .school = bx_rec_school(r), .record = "leave-requests", .record_id = bx_rec_id(r),
        .trigger = bx_call_now(c), .nominal = bx_rec_time(r, "decide_by"), .params = params_of(c, bx_rec_id(r), r)
    };

    return bx_task_open(c, &t);
}


bx_rc
bx_leave_task_close(bx_call *c, const bx_record *r, bool withdrawn)
{
    const char *key = task_key(c, bx_rec_id(r), strcmp(bx_rec_state(r), "submitted") == 0);

    return bx_task_close(c, KIND, key, withdrawn ? "withdrawn" : "done", withdrawn ? "cancelled" : NULL, "leave-requests",
                         bx_rec_id(r));
}


/* What is said of a request is said once for each time it was handed in. */
static bx_rc
tell(bx_call *c, const bx_record *r, bx_notice *n)
{
    n->key = bx_sprintf(bx_call_arena(c), "%" PRId64, bx_rec_id(r));
    n->params = params_of(c, bx_rec_id(r), r);
    return bx_notice_send(c, n);
}


bx_rc
bx_leave_tell_guardians(bx_call *c, const bx_record *r, const char *kind)
{
    bx_notice  n = { .kind = kind, .guardians_of = bx_rec_student(r) };

    return tell(c, r, &n);
}


bx_rc
bx_leave_tell_teacher(bx_call *c, const bx_record *r)
{
    bx_notice  n = { .kind = "leave.submitted", .role = "teacher", .unit = bx_rec_class(r), .task = KIND,
                     .task_key = task_key(c, bx_rec_id(r), true) };

    return tell(c, r, &n);
}


/* ---- the slip after the return */

bx_rc
bx_leave_paper_await(bx_call *c, const bx_leave_slip *s)
{
    const char *key = bx_sprintf(bx_call_arena(c), "%" PRId64, s->id);
    json_t     *params = bx_own(bx_call_arena(c), json_pack("{s:o, s:s, s:s}", "leave_id", bx_id_json(s->id), "student", s->name,
                                                            "starts_on", s->starts_on));
    bx_task     t = {
        .kind = PAPER, .key = key, .student = s->student, .class_id = s->class_id, .school = s->school, .record = "leave-requests",
        .record_id = s->id, .trigger = bx_call_now(c), .nominal = s->by, .params = params
    };
    bx_notice   n = { .kind = PAPER, .key = key, .guardians_of = s->student, .params = params };

    return bx_task_open(c, &t) == BX_OK ? bx_notice_send(c, &n) : BX_FAIL;
}


bx_rc
bx_leave_paper_open(bx_call *c, const bx_record *r)
{
    bx_date  starts = bx_rec_date(r, "starts_on");

    return bx_leave_paper_await(c, &(bx_leave_slip) {
        .id = bx_rec_id(r), .student = bx_rec_student(r), .class_id = bx_rec_class(r), .school = bx_rec_school(r),
        .name = bx_rec_student_name(r), .starts_on = starts == BX_NO_DATE ? "" : bx_date_text(bx_call_arena(c), starts),
        .by = bx_rec_time(r, "paper_by")
    });
}


bx_rc
bx_leave_paper_close(bx_call *c, const bx_record *r)
{
    return bx_task_close(c, PAPER, bx_sprintf(bx_call_arena(c), "%" PRId64, bx_rec_id(r)), "done", NULL, "leave-requests",
                         bx_rec_id(r));
}


static const char sql_lapsing[] =
    "SELECT l.id, l.school_id FROM leave_request l WHERE l.state = 'awaiting_paper' AND l.paper_until <= ?"
    " ORDER BY l.school_id, l.id LIMIT 200";

/* Asked just before the sweep that ends the grace, so each row is met once. */
bx_rc
bx_leave_paper_lapse(bx_call *c)
{
    bx_rows  rows;

    if (bx_query(c, &rows, sql_lapsing, BX_ARGS(bx_text(bx_time_sql(bx_call_arena(c), bx_call_now(c))))) != BX_OK) {
        return BX_FAIL;
    }

    for (size_t i = 0; i < rows.nrows; i++) {
        bx_id  id = bx_cell_int(&rows, i, 0), school = bx_cell_int(&rows, i, 1);
        bool   last = i + 1 == rows.nrows || bx_cell_int(&rows, i + 1, 1) != school;

        if (bx_task_close(c, PAPER, bx_sprintf(bx_call_arena(c), "%" PRId64, id), "withdrawn", "lapsed", "leave-requests", id) != BX_OK
            || (last && bx_commit(c, school, "lapse", "leave-requests", 0, NULL) != BX_OK))
        {
            return BX_FAIL;
        }
    }

    return BX_OK;
}


/* ---- by the clock */

static const char sql_overdue[] =
    "SELECT l.id, l.student_id, l.school_id, st.name, l.back_at FROM leave_request l JOIN student st ON st.id = l.student_id"
    " WHERE l.state = 'away' AND l.back_at <= ? ORDER BY l.school_id, l.id LIMIT 200";


bx_rc
bx_leave_tell_overdue(bx_call *c)
{
    bx_rows  rows;

    if (bx_query(c, &rows, sql_overdue, BX_ARGS(bx_text(bx_time_sql(bx_call_arena(c), bx_call_now(c))))) != BX_OK) {
        return BX_FAIL;
    }

    for (size_t i = 0; i < rows.nrows; i++) {
        bx_id      id = bx_cell_int(&rows, i, 0), school = bx_cell_int(&rows, i, 2);
        bool       last = i + 1 == rows.nrows || bx_cell_int(&rows, i + 1, 2) != school;
        bx_notice  n = { .kind = "leave.overdue", .guardians_of = bx_cell_int(&rows, i, 1) };

        /* prolonged and not back again: told again */
        n.key = bx_sprintf(bx_call_arena(c), "%" PRId64 ":%.10s", id, bx_cell_text(&rows, i, 4));
        n.params = bx_own(bx_call_arena(c), json_pack("{s:o, s:s}", "leave_id", bx_id_json(id),
                                                      "student", bx_cell_text(&rows, i, 3)));
        if (bx_notice_send(c, &n) != BX_OK
            || (last && bx_commit(c, school, "tell", "leave-requests", 0, NULL) != BX_OK))
        {
            return BX_FAIL;
        }
    }

    return BX_OK;
}
