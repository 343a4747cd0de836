/*
 * attendance_opening.c: no-shows at the start of a term, as the absence ladder hears of them. That a child has not come is known
 * without a roll: periods from the first school day of the term to the day it was said, which no roll speaks of, are missed, until
 * the child comes. A roll that was taken knows better, in either direction. Reads only.
 */

#include "plugins/attendance.h"

#include <string.h>

typedef struct { bx_date term_on; bx_time found, came; } no_show;

/* Periods of a day that some roll speaks of. */
static unsigned
covered(const bx_ladder_place *p, bx_date day)
{
    unsigned  bits = 0;

    for (size_t i = 0; i < p->nrolls; i++) {
        for (int n = p->rolls[i].first; p->rolls[i].day == day && n <= p->rolls[i].last; n++) {
            bits |= 1u << n;
        }
    }

    return bits;
}

/* Marks of the gaps of one day, behind those that are there. */
static size_t
day_marks(const bx_ladder_place *p, bx_date day, const no_show *s, bx_ladder_mark *out)
{
    const bx_bells *b = bx_calendar_bells(p->cal, day);
    int             n = b == NULL ? 0 : b->am + b->pm, first = 0;
    unsigned        bits = covered(p, day);
    bool            back = s->came != BX_NO_TIME && bx_date_of(s->came) == day;
    size_t          count = 0;

    for (int i = 1; i <= n + 1; i++) {
        if (i <= n && !(bits & 1u << i)) {
            first = first == 0 ? i : first;
            continue;
        }
        if (first != 0) {
            out[count++] = (bx_ladder_mark) { day, (int16_t) first, (int16_t) (i - 1), (int16_t) (back ? bx_minute_of(s->came) : -1),
                                              back ? BX_MARK_LATE : BX_MARK_ABSENT, back ? s->came : s->found };
        }
        first = 0;
    }

    return count;
}

/* In their places by day, before what a person has marked on it. */
static bx_rc
merge(bx_call *c, bx_ladder_child *k, const bx_ladder_mark *more, size_t n)
{
    bx_ladder_mark *all = bx_alloc(bx_call_arena(c), (k->in.nmarks + n + 1) * sizeof(*all));
    size_t          a = 0, b = 0, to = 0;

    if (all == NULL) {
        return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
    }
    while (a < n || b < k->in.nmarks) {
        all[to++] = b == k->in.nmarks || (a < n && more[a].day <= k->in.marks[b].day) ? more[a++] : k->in.marks[b++];
    }
    k->in.marks = all;
    k->in.nmarks = to;
    return BX_OK;
}

static bx_rc
add_no_show(bx_call *c, bx_ladder_child *k, const no_show *s, bx_date from)
{
    bx_date          said = bx_date_of(s->found), last = said, day;
    bx_ladder_mark  *marks;
    size_t           n = 0, room;

    if (s->came != BX_NO_TIME && bx_date_of(s->came) > last) {
        last = bx_date_of(s->came);
    }
    for (size_t i = 0; i < k->in.nplaces; i++) {
        const bx_ladder_place *p = &k->in.places[i];
        bx_date                first = bx_is_school_day(p->cal, s->term_on) ? s->term_on : bx_add_school_days(p->cal, s->term_on, 1);
        bx_date                until = last > first ? last : first;

        if (first == BX_NO_DATE || p->to < first || p->from > until) {
            continue;
        }
        room = (size_t) (until - first + 1) * BX_MAX_PERIODS;
        marks = bx_alloc(bx_call_arena(c), room * sizeof(*marks));
        if (marks == NULL) {
            return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
        }
        n = 0;
        for (day = first > p->from ? first : p->from; day <= until && day <= p->to; day++) {
            bool  back = s->came != BX_NO_TIME && day >= bx_date_of(s->came);

            /* after the day it was said silence is presumed, as in every run */
            if (day >= from && (back ? day == bx_date_of(s->came) : day == first || day <= said)) {
                n += day_marks(p, day, s, marks + n);
            }
        }
        k->no_show_on = n > 0 && k->no_show_on == BX_NO_DATE ? first : k->no_show_on;
        if (n > 0 && merge(c, k, marks, n) != BX_OK) {
            return BX_FAIL;
        }
    }

    return BX_OK;
}

bx_rc
bx_no_show_marks(bx_call *c, bx_ladder_child *children, size_t n, bx_date from)
{
    bx_value  args[BX_ATTENDANCE_BATCH + 1];
    bx_id     ids[BX_ATTENDANCE_BATCH];
    size_t    nargs = 0;
    bx_buf    sql;
    bx_rows   rows;
    no_show   s;

    bx_buf_init(&sql, bx_call_arena(c));
    bx_buf_str(&sql, "SELECT n.student_id, n.term_on, n.found_at, n.came_at FROM no_show n WHERE n.student_id IN (");
    for (size_t i = 0; i < n; i++) {
        ids[i] = children[i].id;
        children[i].no_show_on = BX_NO_DATE;
    }
    bx_ids_in(&sql, args, &nargs, ids, n);
    bx_buf_str(&sql, ") AND n.state IN ('missing', 'come') AND n.found_at >= ?");
    args[nargs++] = bx_text(bx_date_text(bx_call_arena(c), from - 60));
    if (bx_query(c, &rows, sql.data, args, nargs) != BX_OK) {
        return BX_FAIL;
    }

    for (size_t r = 0; r < rows.nrows; r++) {
        s = (no_show) { bx_date_parse(bx_cell_text(&rows, r, 1)), bx_time_parse_sql(bx_cell_text(&rows, r, 2)),
                        bx_cell_text(&rows, r, 3) == NULL ? BX_NO_TIME : bx_time_parse_sql(bx_cell_text(&rows, r, 3)) };
        for (size_t i = 0; i < n; i++) {
            if (children[i].id == bx_cell_int(&rows, r, 0) && add_no_show(c, &children[i], &s, from) != BX_OK) {
                return BX_FAIL;
            }
        }
    }

    return BX_OK;
}
