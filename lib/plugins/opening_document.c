/* opening_document.c: 动员未及时到校学生返校任务落实表 of a class: whoever did not come, why, who brings the child back by when, what was done,
 * and when it was back. */

#include "flow/flow.h"
#include "plugins/opening.h"

#include <inttypes.h>
#include <string.h>

static const char sql_rows[] =
    "SELECT s.name, s.id, n.reason, n.responsible, n.due_on, n.measure, n.state, n.came_at,"
    " (SELECT g.name FROM student_guardian sg JOIN guardian g ON g.id = sg.guardian_id WHERE sg.student_id = s.id AND sg.ends_on IS NULL"
    "   ORDER BY sg.ordinal, g.id LIMIT 1),"
    " (SELECT g.phone FROM student_guardian sg JOIN guardian g ON g.id = sg.guardian_id WHERE sg.student_id = s.id AND sg.ends_on IS NULL"
    "   ORDER BY sg.ordinal, g.id LIMIT 1),"
    " (SELECT k.at FROM contact k WHERE k.student_id = s.id AND k.reached = 1 AND k.at >= n.term_on - INTERVAL 60 DAY ORDER BY k.at LIMIT 1)"
    " FROM no_show n JOIN student s ON s.id = n.student_id WHERE n.class_id = ? AND n.term_on = ? AND n.state <> 'mistake' ORDER BY n.id LIMIT 300";

static const char *
say(bx_call *c, const char *key)
{
    return bx_tr(bx_call_arena(c), bx_call_lang(c), key, NULL);
}

static const char *
month_day(bx_call *c, bx_date day)
{
    bx_civil  t = bx_civil_of_date(day);

    return day == BX_NO_DATE ? "" : bx_sprintf(bx_call_arena(c), "%d月%d日", t.month, t.day);
}

static const char *
phone_of(bx_call *c, const bx_value *v)
{
    char *plain;

    return v->kind == BX_V_NULL || bx_unseal(bx_call_arena(c), v, &plain) != BX_OK ? "" : bx_mask(bx_call_arena(c), "phone", plain);
}

static json_t *
line(bx_call *c, const bx_rows *rows, size_t i)
{
    bx_arena   *a = bx_call_arena(c);
    const char *reason = bx_cell_text(rows, i, 2), *due = bx_cell_text(rows, i, 4), *came = bx_cell_text(rows, i, 7), *called = bx_cell_text(rows, i, 10);
    const char *guardian = bx_cell_text(rows, i, 8) == NULL ? "" : bx_cell_text(rows, i, 8);
    const char *done = bx_cell_text(rows, i, 5) == NULL ? "" : bx_cell_text(rows, i, 5);

    if (called != NULL) {
        done = bx_sprintf(a, "%s%s%s", month_day(c, bx_date_of(bx_time_parse_sql(called))), say(c, "document.opening.sheet.called"), done);
    }

    return json_pack("[s, s, s, s, s, s, s, s]", bx_sprintf(a, "%zu", i + 1), bx_cell_text(rows, i, 0),
        bx_sprintf(a, "%s %s", guardian, phone_of(c, bx_cell(rows, i, 9))),
        reason == NULL ? "" : say(c, bx_sprintf(a, "code.absence_reason.%s", reason)),
        bx_cell_text(rows, i, 3) == NULL ? "" : bx_cell_text(rows, i, 3), due == NULL ? "" : month_day(c, bx_date_parse(due)), done,
        came != NULL ? bx_sprintf(a, "%s%s", month_day(c, bx_date_of(bx_time_parse_sql(came))), say(c, "document.opening.sheet.back"))
        : say(c, bx_sprintf(a, "no-shows.state.%s", bx_cell_text(rows, i, 6))));
}

static bx_rc
fill_sheet(bx_call *c, const bx_record *r, json_t *values)
{
    static const char *const  columns[] = { "no", "name", "guardian", "reason", "responsible", "due_on", "measure", "result" };
    bx_arena                 *a = bx_call_arena(c);
    bx_civil                  t = bx_civil_of_date(bx_rec_date(r, "term_on"));
    json_t                   *heads = json_array(), *lines = json_array();
    bx_rows                   rows;

    json_object_set_new(values, "list", json_pack("{s:o, s:o}", "columns", heads, "rows", lines));
    if (bx_query(c, &rows, sql_rows, BX_ARGS(bx_int(bx_rec_int(r, "unit_id")), bx_text(bx_date_text(a, bx_rec_date(r, "term_on"))))) != BX_OK) {
        return BX_FAIL;
    }

    for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
        json_array_append_new(heads, json_string(say(c, bx_sprintf(a, "document.opening.sheet.%s", columns[i]))));
    }
    for (size_t i = 0; i < rows.nrows; i++) {
        json_array_append_new(lines, line(c, &rows, i));
    }
    json_object_set_new(values, "term", json_sprintf("%d年%d月%d日", t.year, t.month, t.day));
    json_object_set_new(values, "missing", json_sprintf("%zu", rows.nrows));
    return BX_OK;
}

static const bx_part sheet_parts[] = {
    { BX_PART_FORM, "unit_name term | due missing closed_by", NULL },
    { BX_PART_TABLE, "list", NULL },
    { BX_PART_SIGN, "sign_teacher sign_grade sign_leader", NULL },
    BX_END
};

const bx_document bx_opening_documents[] = {
    { .name = "opening.sheet", .record = "opening-registers", .code = "FX", .size = BX_PAPER_A4, .capability = "opening.read", .parts = sheet_parts,
      .fill = fill_sheet },
    BX_END
};
