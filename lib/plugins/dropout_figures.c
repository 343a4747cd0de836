/* dropout_figures.c: figures of cases: by unit below the reader, how far they came, and by month. Above the school a case counts
 * once it was reported or was late: one that was opened in time and whose child came back counts against nobody. Reads only. */

#include "flow/calendar.h"
#include "flow/flow.h"
#include "plugins/dropout.h"

#include <inttypes.h>
#include <string.h>


/* Which column of a case names the units below the reader's: classes of a school, schools of a township, townships of the root. */
static const char *
grouped_by(const bx_call *c)
{
    int  best = BX_LEVEL_CHILDREN;

    for (unsigned i = 0; c->who != NULL && i < c->who->ngrants; i++) {
        best = c->who->grants[i].level < best ? c->who->grants[i].level : best;
    }

    return best == BX_LEVEL_ROOT ? "township_id" : best <= BX_LEVEL_CENTRAL ? "school_id" : "class_id";
}


/* The first of August before a day. */
static bx_date
school_year(bx_date day)
{
    bx_civil  t = bx_civil_of_date(day);

    return bx_date_make(t.month >= 8 ? t.year : t.year - 1, 8, 1);
}


/* Open cases and those of this school year. Above the school a case counts once it was reported, or when a step of the school was late: a case that was opened in time and
 * whose child came back counts against nobody. A relapse is told to the bureau, so it counts at once. */
bx_rc
bx_dropout_figures(bx_call *c)
{
    const char *by = grouped_by(c), *unit = bx_call_query_arg(c, "unit_id");
    bool        above;
    bx_buf      sql;
    bx_value    args[64];
    bx_rows     rows;
    size_t      n = 0;
    json_t     *items;

    if (unit != NULL && bx_id_parse(unit) == 0) {
        return bx_refuse(c, BX_E_INVALID, "unit_id", "filter", NULL);
    }
    above = strcmp(by, "class_id") != 0;
    if (unit != NULL) {
        by = strcmp(by, "township_id") == 0 ? "school_id" : "class_id";
    }

    bx_buf_init(&sql, c->arena);
    bx_buf_printf(&sql, "SELECT u.id, u.name, u.level, u.stage, u.entry_year, u.class_no, COUNT(*), SUM(t.open_student IS NOT NULL),"
        " SUM(t.open_student IS NOT NULL AND t.due_at < ?), SUM(t.late), SUM(t.state IN ('observing', 'follow_up', 'closed')),"
        " SUM(t.state IN (" BX_CASE_ABSENT ")), SUM(t.relapse_no > 0)"
        " FROM dropout_case t FORCE INDEX (figures) JOIN org_unit u ON u.id = t.%s WHERE t.state NOT IN ('in_error', 'not_dropout')"
        " AND (t.open_student IS NOT NULL OR t.discovered_on >= ?) AND ", by);
    args[n++] = bx_text(bx_time_sql(c->arena, bx_call_now(c)));
    args[n++] = bx_text(bx_date_text(c->arena, school_year(bx_date_of(c->now))));
    if (bx_scope_where(c, BX_SCOPE_STUDENT, "t", "dropout.read", &sql, args, &n, 60) != BX_OK) {
        return BX_FAIL;
    }
    if (above) {
        bx_buf_str(&sql, " AND (t.reported_at IS NOT NULL OR t.late = 1 OR t.relapse_no > 0)");
    }
    if (unit != NULL) {
        bx_buf_printf(&sql, " AND t.%s = ?", strcmp(by, "school_id") == 0 ? "township_id" : "school_id");
        args[n++] = bx_int(bx_id_parse(unit));
    }
    bx_buf_str(&sql, " GROUP BY u.id ORDER BY SUM(t.open_student IS NOT NULL) DESC, u.id LIMIT 500");
    if (bx_query(c, &rows, sql.data, args, n) != BX_OK) {
        return BX_FAIL;
    }

    items = json_array();
    for (size_t i = 0; i < rows.nrows; i++) {
        const char *name = strcmp(bx_cell_text(&rows, i, 2), "class") != 0 ? bx_cell_text(&rows, i, 1)
            : bx_class_label(c->arena, c->lang, bx_cell_text(&rows, i, 3), (int) bx_cell_int(&rows, i, 4), (int) bx_cell_int(&rows, i, 5),
                             bx_date_of(c->now));

        json_array_append_new(items, json_pack("{s:o, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I}",
            "unit_id", json_sprintf("%" PRId64, bx_cell_int(&rows, i, 0)), "name", name, "level", bx_cell_text(&rows, i, 2),
            "cases", (json_int_t) bx_cell_int(&rows, i, 6), "open", (json_int_t) bx_cell_int(&rows, i, 7),
            "overdue", (json_int_t) bx_cell_int(&rows, i, 8), "late", (json_int_t) bx_cell_int(&rows, i, 9),
            "returned", (json_int_t) bx_cell_int(&rows, i, 10), "absent", (json_int_t) bx_cell_int(&rows, i, 11),
            "relapsed", (json_int_t) bx_cell_int(&rows, i, 12)));
    }

    return bx_answer(c, 200, json_pack("{s:s, s:b, s:o}", "by", by, "reported_or_late", above, "items", items));
}


/* ---- how far the cases of this school year came, and by month */

#define BACK     "t.state IN ('observing', 'follow_up', 'closed', 'relapsed')"
#define NOTICED  "'noticed', 'joint', 'township'"

/* From one key, without the rows: a case that came back keeps in back_to how far it had come. */
static const char began_sql[] =
    "LEFT(t.discovered_on, 7) AS month, COUNT(*), SUM(t.late), SUM(t.state = 'formal' OR t.reported_at IS NOT NULL OR IFNULL(t.back_to = 'formal', 0)),"
    " SUM(t.reported_at IS NOT NULL), SUM(t.confirmed_at IS NOT NULL), SUM(t.state IN (" NOTICED ") OR IFNULL(t.back_to IN (" NOTICED "), 0)),"
    " SUM(" BACK "), SUM(t.state = 'closed')";
static const char returned_sql[] = "LEFT(t.returned_on, 7) AS month, SUM(" BACK ")";

/* What the reader may count, from the first of August on. unit: one of them only, of the kind below the reader's. */
static bx_rc
counted(bx_call *c, const char *what, const char *unit, const char *order, bx_rows *rows)
{
    const char *by = grouped_by(c);
    bx_buf      sql;
    bx_value    args[64];
    size_t      n = 0;

    bx_buf_init(&sql, c->arena);
    bx_buf_printf(&sql, "SELECT %s FROM dropout_case t FORCE INDEX (trend) WHERE t.state NOT IN ('in_error', 'not_dropout')"
                  " AND (t.open_student IS NOT NULL OR t.discovered_on >= ?) AND ", what);
    args[n++] = bx_text(bx_date_text(c->arena, school_year(bx_date_of(c->now))));
    if (bx_scope_where(c, BX_SCOPE_STUDENT, "t", "dropout.read", &sql, args, &n, 60) != BX_OK) {
        return BX_FAIL;
    }
    if (strcmp(by, "class_id") != 0) {
        bx_buf_str(&sql, " AND (t.reported_at IS NOT NULL OR t.late = 1 OR t.relapse_no > 0)");
    }
    if (unit != NULL) {
        bx_buf_str(&sql, " AND (t.township_id = ? OR t.school_id = ? OR t.class_id = ?)");
        for (int i = 0; i < 3; i++) {
            args[n++] = bx_int(bx_id_parse(unit));
        }
    }

    bx_buf_str(&sql, order);
    return bx_query(c, rows, sql.data, args, n);
}


static json_t *
funnel_json(const bx_rows *began)
{
    static const struct { const char *step; size_t column; }  steps[] = {
        { "suspected", 1 }, { "formal", 3 }, { "reported", 4 }, { "confirmed", 5 }, { "noticed", 6 }, { "returned", 7 }, { "closed", 8 }
    };
    json_t                                                   *list = json_array();

    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        json_int_t  n = 0;

        for (size_t k = 0; k < began->nrows; k++) {
            n += (json_int_t) bx_cell_int(began, k, steps[i].column);
        }
        json_array_append_new(list, json_pack("{s:s, s:I}", "step", steps[i].step, "n", n));
    }

    return list;
}


/* Every month from August to the present one, also those in which nothing happened. */
static json_t *
months_json(bx_call *c, const bx_rows *began, const bx_rows *returned)
{
    bx_date  today = bx_date_of(c->now);
    json_t  *list = json_array();

    for (bx_date day = school_year(today); day <= today; day = bx_months_after(day, 1)) {
        bx_civil    t = bx_civil_of_date(day);
        const char *month = bx_sprintf(c->arena, "%04d-%02d", t.year, t.month);
        int64_t     counts[3] = { 0, 0, 0 };

        for (size_t i = 0; i < began->nrows; i++) {
            if (strcmp(bx_cell_text(began, i, 0), month) == 0) {
                counts[0] = bx_cell_int(began, i, 1);
                counts[2] = bx_cell_int(began, i, 2);
            }
        }
        for (size_t i = 0; i < returned->nrows; i++) {
            if (strcmp(bx_cell_text(returned, i, 0), month) == 0) {
                counts[1] = bx_cell_int(returned, i, 1);
            }
        }
        json_array_append_new(list, json_pack("{s:s, s:I, s:I, s:I}", "month", month, "began", (json_int_t) counts[0],
                                              "returned", (json_int_t) counts[1], "late", (json_int_t) counts[2]));
    }

    return list;
}


bx_rc
bx_dropout_trend(bx_call *c)
{
    const char *unit = bx_call_query_arg(c, "unit_id");
    bx_rows     began, returned;

    if (unit != NULL && bx_id_parse(unit) == 0) {
        return bx_refuse(c, BX_E_INVALID, "unit_id", "filter", NULL);
    }
    if (counted(c, began_sql, unit, " GROUP BY month", &began) != BX_OK
        || counted(c, returned_sql, unit, " AND t.returned_on IS NOT NULL GROUP BY month", &returned) != BX_OK)
    {
        return BX_FAIL;
    }

    return bx_answer(c, 200, json_pack("{s:b, s:o, s:o}", "reported_or_late", strcmp(grouped_by(c), "class_id") != 0,
                                       "funnel", funnel_json(&began), "months", months_json(c, &began, &returned)));
}
