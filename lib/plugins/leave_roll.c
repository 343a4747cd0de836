/* leave_roll.c: the roll is the return. A child on leave who was seen in class at or after the day and period it was expected back
 * has come back: its leave ends as if the class teacher had said so, in the transaction of the roll. Who was seen before that may
 * have come for a while only, so that stays the teacher's word. Does not know what a mark is (attendance_roll.c does). */

#include "flow/flow.h"
#include "plugins/leave.h"

#include <string.h>

/* By the class and its state: the few children of a class who are on leave. */
static const char sql_away[] =
    "SELECT l.id, l.version, l.state, l.student_id, l.needs_paper, l.route, l.back_on, l.back_period, l.starts_on, st.name, l.school_id, l.class_id"
    " FROM leave_request l USE INDEX (class_state) JOIN student st ON st.id = l.student_id"
    " WHERE l.class_id = ? AND l.state IN ('provisional', 'approved', 'away', 'overdue') AND l.starts_at <= ? ORDER BY l.student_id, l.id";


static const bx_leave_seen *
seen_of(const bx_leave_seen *seen, size_t n, bx_id student)
{
    for (size_t i = 0; i < n; i++) {
        if (seen[i].student == student) {
            return &seen[i];
        }
    }

    return NULL;
}


/* The period of the return: the first one seen that is not before the expected one; 0: seen too early only. */
static int
back_period(const bx_rows *rows, size_t i, const bx_leave_seen *seen, bx_date day)
{
    bx_date  due = bx_date_parse(bx_cell_text(rows, i, 6));
    int      period = (int) bx_cell_int(rows, i, 7);

    if (due == BX_NO_DATE || due > day) {
        return 0;
    }
    if (due < day || period < seen->first) {
        period = seen->first;
    }

    return period > seen->last || period > seen->until ? 0 : period;
}


static bool
undecided(const bx_rows *rows, size_t i)
{
    return strcmp(bx_cell_text(rows, i, 2), "provisional") == 0 && strcmp(bx_cell_text(rows, i, 5), "teacher") != 0;
}


static bx_rc
came_back(bx_call *c, const bx_rows *rows, size_t i, bx_date day, int period, bx_time by, bx_time until)
{
    bool      paper = bx_cell_int(rows, i, 4) != 0;
    bx_id     id = bx_cell_int(rows, i, 0);
    bx_value  null = bx_null();

    if (bx_queue_move(c, bx_leave_record, paper ? "came_back_paper" : "came_back", id, bx_cell_int(rows, i, 1), bx_cell_text(rows, i, 2)) != BX_OK
        || bx_queue(c, 1, "UPDATE leave_request SET back_on = ?, back_period = ?, returned_at = ?, paper_by = ?, paper_until = ? WHERE id = ?",
                    BX_ARGS(bx_text(bx_date_text(bx_call_arena(c), day)), bx_int(period), bx_text(bx_time_sql(bx_call_arena(c), bx_call_now(c))),
                            !paper || by == BX_NO_TIME ? null : bx_text(bx_time_sql(bx_call_arena(c), by)),
                            !paper || until == BX_NO_TIME ? null : bx_text(bx_time_sql(bx_call_arena(c), until)), bx_int(id))) != BX_OK)
    {
        return BX_FAIL;
    }
    if (!paper) {
        return BX_OK;
    }

    return bx_leave_paper_await(c, &(bx_leave_slip) {
        .id = id, .student = bx_cell_int(rows, i, 3), .class_id = bx_cell_int(rows, i, 11), .school = bx_cell_int(rows, i, 10),
        .name = bx_cell_text(rows, i, 9), .starts_on = bx_cell_text(rows, i, 8), .by = by
    });
}


bx_rc
bx_leave_came_back(bx_call *c, bx_id class_id, const bx_calendar *cal, bx_date day, const bx_leave_seen *seen, size_t nseen, json_t *ids)
{
    bx_time  by = BX_NO_TIME, until = BX_NO_TIME;
    bool     dated = false;
    size_t   end;
    bx_rows  rows;

    if (nseen == 0) {
        return BX_OK;
    }
    if (bx_query(c, &rows, sql_away, BX_ARGS(bx_int(class_id), bx_text(bx_time_sql(bx_call_arena(c), bx_call_now(c))))) != BX_OK) {
        return BX_FAIL;
    }

    for (size_t i = 0; i < rows.nrows; i = end) {
        const bx_leave_seen *one = seen_of(seen, nseen, bx_cell_int(&rows, i, 3));
        int                  period = 1, p;

        /* one child comes back once, from all its leaves, the last of them too */
        for (end = i; end < rows.nrows && bx_cell_int(&rows, end, 3) == bx_cell_int(&rows, i, 3); end++) {
            p = one == NULL ? 0 : back_period(&rows, end, one, day);
            period = p == 0 || period == 0 ? 0 : p > period ? p : period;
        }
        for (size_t k = i; k < end && period != 0; k++) {
            if (undecided(&rows, k)) {
                continue;
            }
            if (!dated && bx_cell_int(&rows, k, 4) != 0) {
                dated = true;
                if (bx_leave_paper_dates(c, class_id, cal, &by, &until) != BX_OK) {
                    return BX_FAIL;
                }
            }
            if (came_back(c, &rows, k, day, period, by, until) != BX_OK) {
                return BX_FAIL;
            }
            json_array_append_new(ids, bx_id_json(bx_cell_int(&rows, k, 0)));
        }
    }

    return BX_OK;
}
