/*
 * attendance_presence.c: what each school day was for a child, as the dropout case asks it: attended, unexcused, or neither. Made
 * of the same periods as the ladder, so that the two cannot disagree. Reads only.
 */

#include "plugins/attendance.h"
#include "plugins/dropout.h"

#include <string.h>

typedef struct {
    bx_call           *c;
    bx_ladder_child   *child;
    bx_ladder_run     *runs;
    size_t             nruns;
    int64_t            percent;               /* of the due periods that make a day attended */
} presence;

/* Is the period missed: marked so, or presumed inside a run? */
static bool
in_run(const presence *p, bx_date day, int period)
{
    for (size_t i = 0; i < p->nruns; i++) {
        const bx_ladder_run *r = &p->runs[i];

        if ((day > r->first.day || (day == r->first.day && period >= r->first.period))
            && (day < r->last.day || (day == r->last.day && period <= r->last.period)))
        {
            return true;
        }
    }

    return false;
}

static const bx_ladder_place *
place_on(const presence *p, bx_date day)
{
    for (size_t i = 0; i < p->child->in.nplaces; i++) {
        if (p->child->in.places[i].from <= day && day <= p->child->in.places[i].to) {
            return &p->child->in.places[i];
        }
    }

    return NULL;
}

/* False: no school day of the child. */
static bool
judge(const presence *p, bx_date day, bx_presence_day *out)
{
    const bx_ladder_place *place = place_on(p, day);
    const bx_bells        *b = place == NULL ? NULL : bx_calendar_bells(place->cal, day);
    char                   state[BX_MAX_PERIODS];
    bx_time                since[BX_MAX_PERIODS];
    int                    n, came = 0, missed = 0;

    if (b == NULL) {
        return false;
    }

    n = b->am + b->pm;
    bx_ladder_day(&p->child->in, place, day, state, since);
    for (int i = 0; i < n; i++) {
        came += state[i] == 'P';
        missed += state[i] == 'A' || (state[i] == 'U' && in_run(p, day, i + 1));
    }

    *out = (bx_presence_day) { .day = day, .what = BX_PRESENCE_PAUSE, .came = came > 0, .ends = bx_time_at(day, b->ends[n - 1]),
                               .saved = BX_NO_TIME };
    if (out->ends > p->child->in.now) {
        return true;
    }
    if (missed == n) {
        out->what = BX_PRESENCE_UNEXCUSED;
    } else if (came > 0 && came * 100 >= p->percent * n) {
        out->what = BX_PRESENCE_ATTENDED;
    }
    return true;
}

/* When the last mark, or the roll, of each day was saved. */
static bx_rc
add_saved(presence *p, bx_presence_day *days, size_t n)
{
    bx_rows  rows;
    bx_value student = bx_int(p->child->id), from, to;

    if (n == 0) {
        return BX_OK;
    }
    from = bx_text(bx_date_text(p->c->arena, days[0].day));
    to = bx_text(bx_date_text(p->c->arena, days[n - 1].day));
    if (bx_query(p->c, &rows, "SELECT x.day, MAX(x.saved_at) FROM (SELECT m.day, m.saved_at FROM attendance_mark m WHERE m.student_id = ?"
                 " AND m.day >= ? AND m.day <= ? UNION ALL SELECT r.day, r.saved_at FROM enrolment e JOIN roll_call r ON r.class_id = e.class_id"
                 " AND r.day >= ? AND r.day <= ? WHERE e.student_id = ? AND e.starts_on <= r.day AND (e.ends_on IS NULL OR e.ends_on >= r.day)) x"
                 " GROUP BY x.day", BX_ARGS(student, from, to, from, to, student)) != BX_OK)
    {
        return BX_FAIL;
    }

    for (size_t i = 0; i < rows.nrows; i++) {
        for (size_t k = 0; k < n; k++) {
            if (days[k].day == bx_date_parse(bx_cell_text(&rows, i, 0))) {
                days[k].saved = bx_time_parse_sql(bx_cell_text(&rows, i, 1));
            }
        }
    }

    return BX_OK;
}

bx_rc
bx_presence_days(bx_call *c, bx_id student, bx_id class_id, bx_date from, bx_date to, const bx_presence_day **days, size_t *n)
{
    presence          p = { .c = c, .percent = 50 };
    bx_presence_day  *list;
    bx_date           today = bx_date_of(bx_call_now(c));
    size_t            got;

    *days = NULL;
    *n = 0;
    to = to > today ? today : to;
    if (from > to) {
        return BX_OK;
    }
    if ((bx_rule_find("return.attended_percent") != NULL && bx_rule_int(c, "return.attended_percent", class_id, &p.percent) != BX_OK)
        || bx_attendance_load(c, &student, 1, from, NULL, &p.child, &got) != BX_OK)
    {
        return BX_FAIL;
    }

    list = bx_alloc(c->arena, (size_t) (to - from + 1) * sizeof(*list));
    if (list == NULL || bx_ladder_compute(c->arena, &p.child->in, &p.runs, &p.nruns) != BX_OK) {
        return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
    }

    for (bx_date d = from; d <= to; d++) {
        *n += judge(&p, d, &list[*n]);
    }
    *days = list;
    return add_saved(&p, list, *n);
}
