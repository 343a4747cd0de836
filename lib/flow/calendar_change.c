/*
 * calendar_change.c: what follows when days become others. A change of terms, days, closures or bells leaves a row for each
 * class it may touch, in the change's own transaction; the job calendar.apply tells every workflow that wants to know
 * (bx_plugin.calendar_changed), class by class, and takes the row away once all have answered. A workflow that fails hears of
 * it again. Does not own what a workflow does about it.
 */

#include <string.h>

#include "flow/calendar.h"
#include "flow/flow.h"

#define ROWS_A_RUN  300                       /* the next run goes on */

bx_rc
bx_calendar_changed(bx_call *c, bx_id unit, bx_date from, bx_date to)
{
    static const char  sql[] =
        "INSERT INTO calendar_change (id, class_id, from_on, to_on, at) SELECT ?, u.id, ?, ?, ? FROM org_unit u"
        " WHERE u.level = 'class' AND u.closed_on IS NULL AND u.path LIKE CONCAT((SELECT p.path FROM org_unit p WHERE p.id = ?), '%')";

    return bx_queue(c, -1, sql, BX_ARGS(bx_int(bx_id_new()), bx_text(bx_date_text(c->arena, from)),
                                        bx_text(bx_date_text(c->arena, to)), bx_text(bx_time_sql(c->arena, c->now)),
                                        bx_int(unit)));
}

/* Every workflow is told; one that fails does not keep the others from it. */
static bx_rc
tell(bx_call *c, bx_id class_id, bx_date from, bx_date to)
{
    const bx_plugin *const  *plugins;
    size_t                   n;
    bx_rc                    rc = BX_OK;

    plugins = bx_plugins(&n);

    for (size_t i = 0; i < n; i++) {
        if (plugins[i]->calendar_changed == NULL) {
            continue;
        }
        if (plugins[i]->calendar_changed(c, class_id, from, to) != BX_OK) {
            rc = BX_FAIL;
        }
        bx_queue_clear(c);
        c->raced = false;
        c->problem = (bx_problem) { 0 };
    }

    return rc;
}

static bx_rc
forget(bx_call *c, const bx_rows *rows, size_t first, size_t end)
{
    for (size_t i = first; i < end; i++) {
        if (bx_exec(c, NULL, "DELETE FROM calendar_change WHERE id = ? AND class_id = ?",
                    BX_ARGS(bx_int(bx_cell_int(rows, i, 0)), bx_int(bx_cell_int(rows, i, 1)))) != BX_OK)
        {
            return BX_FAIL;
        }
    }

    return BX_OK;
}

bx_rc
bx_calendar_apply(bx_call *c)
{
    static const char  sql[] = "SELECT id, class_id, from_on, to_on FROM calendar_change ORDER BY class_id, id LIMIT ?";
    bx_rows            rows;
    size_t             i, end;
    bx_rc              rc = BX_OK;

    if (bx_query(c, &rows, sql, BX_ARGS(bx_int(ROWS_A_RUN))) != BX_OK) {
        return BX_FAIL;
    }

    for (i = 0; i < rows.nrows; i = end) {
        bx_date  from = bx_date_parse(bx_cell_text(&rows, i, 2)), to = bx_date_parse(bx_cell_text(&rows, i, 3));

        for (end = i + 1; end < rows.nrows && bx_cell_int(&rows, end, 1) == bx_cell_int(&rows, i, 1); end++) {
            bx_date  first = bx_date_parse(bx_cell_text(&rows, end, 2)), last = bx_date_parse(bx_cell_text(&rows, end, 3));

            from = first < from ? first : from;
            to = last > to ? last : to;
        }

        /* what the loop read, and no more: a row that came meanwhile is told of in the next run */
        if (tell(c, bx_cell_int(&rows, i, 1), from, to) != BX_OK || forget(c, &rows, i, end) != BX_OK) {
            rc = BX_FAIL;
        }
    }

    return rc == BX_OK ? BX_OK : bx_refuse(c, BX_E_INTERNAL, NULL, NULL, NULL);
}
