/* leave_document.c: the slip a child leaves school with: half a page, as schools have it, with places to fill in by hand. */

#include "plugins/leave.h"

#include <string.h>

static const char sql_seat[] =
    "SELECT s.seat_no, g.name, sg.relation, sg.relation_text, g.phone FROM student s"
    " LEFT JOIN student_guardian sg ON sg.student_id = s.id AND sg.ends_on IS NULL LEFT JOIN guardian g ON g.id = sg.guardian_id"
    " WHERE s.id = ? ORDER BY g.name <=> ? DESC, sg.ordinal, g.id LIMIT 1";

static const char sql_decisions[] =
    "SELECT role, actor, at FROM history WHERE record = 'leave-requests' AND record_id = ? AND action IN ('consent', 'approve')"
    " ORDER BY id";


static const char *
say(bx_call *c, const char *key, json_t *params)
{
    return bx_tr(bx_call_arena(c), bx_call_lang(c), key, bx_own(bx_call_arena(c), params));
}


static void
set(json_t *values, const char *name, const char *text)
{
    json_object_set_new(values, name, json_string(text == NULL ? "" : text));
}


/* "9月22日（周二）": the year is that of the number. */
static const char *
day_of(bx_call *c, bx_date date)
{
    bx_civil  d = bx_civil_of_date(date);

    return say(c, "document.leave.slip.day", json_pack("{s:i, s:i, s:s}", "m", d.month, "d", d.day,
        "wd", say(c, bx_sprintf(bx_call_arena(c), "date.weekday.%d", bx_weekday(date)), NULL)));
}


static json_t *
time_of(bx_time at)
{
    bx_civil  t = bx_civil_of(at);

    return json_sprintf("%d月%d日 %02d:%02d", t.month, t.day, t.hour, t.minute);
}


static void
set_span(bx_call *c, const bx_record *r, json_t *values)
{
    bx_arena    *a = bx_call_arena(c);
    const char  *first = bx_rec_text(r, "starts_half"), *last = bx_rec_text(r, "ends_half");
    int64_t      halves = bx_rec_int(r, "half_days");

    set(values, "span", say(c, "document.leave.slip.from_to", json_pack("{s:s, s:s, s:s, s:s}",
        "from", day_of(c, bx_rec_date(r, "starts_on")), "first", say(c, bx_sprintf(a, "half.%s", first), NULL),
        "to", day_of(c, bx_rec_date(r, "ends_on")), "last", say(c, bx_sprintf(a, "half.%s", last), NULL))));
    set(values, "length", say(c, "document.leave.slip.days", json_pack("{s:s}",
        "n", bx_sprintf(a, "%g", (double) halves / 2))));
}


/* The guardian who asked, else the first there is: name, relation, masked phone. */
static bx_rc
set_people(bx_call *c, const bx_record *r, json_t *values)
{
    bx_arena    *a = bx_call_arena(c);
    const char  *relation, *name;
    char        *phone;
    bx_rows      rows;

    if (bx_query(c, &rows, sql_seat, BX_ARGS(bx_int(bx_rec_student(r)), bx_text(bx_rec_text(r, "requested_by")))) != BX_OK) {
        return BX_FAIL;
    }
    if (rows.nrows == 0) {
        return BX_OK;
    }

    if (bx_cell(&rows, 0, 0)->kind != BX_V_NULL) {
        set(values, "seat", bx_sprintf(a, "%d", (int) bx_cell_int(&rows, 0, 0)));
    }

    name = bx_cell_text(&rows, 0, 1);
    relation = bx_cell_text(&rows, 0, 3) != NULL ? bx_cell_text(&rows, 0, 3) : bx_cell_text(&rows, 0, 2) == NULL ? NULL
             : say(c, bx_sprintf(a, "code.relation.%s", bx_cell_text(&rows, 0, 2)), NULL);
    if (name != NULL && relation != NULL) {
        set(values, "guardian", say(c, "document.leave.slip.of", json_pack("{s:s, s:s}", "name", name, "relation", relation)));
    }
    if (bx_cell(&rows, 0, 4)->kind != BX_V_NULL && bx_unseal(a, bx_cell(&rows, 0, 4), &phone) == BX_OK) {
        set(values, "phone", bx_mask(a, "phone", phone));
    }

    return BX_OK;
}


/* Who has agreed so far: "班主任 王晓梅　同意　2026年9月21日 07:30". */
static bx_rc
set_decisions(bx_call *c, const bx_record *r, json_t *values)
{
    bx_arena  *a = bx_call_arena(c);
    bx_rows    rows;
    bx_buf     text;

    if (bx_query(c, &rows, sql_decisions, BX_ARGS(bx_int(bx_rec_id(r)))) != BX_OK) {
        return BX_FAIL;
    }

    bx_buf_init(&text, a);
    for (size_t i = 0; i < rows.nrows; i++) {
        const char *role = bx_cell_text(&rows, i, 0), *actor = bx_cell_text(&rows, i, 1);

        bx_buf_str(&text, i > 0 ? "　　" : "");
        bx_buf_str(&text, say(c, "document.leave.slip.decision", json_pack("{s:s, s:s, s:o}",
            "role", role == NULL ? "" : say(c, bx_sprintf(a, "role.%s", role), NULL), "name", actor == NULL ? "" : actor,
            "time", time_of(bx_time_parse_sql(bx_cell_text(&rows, i, 2))))));
    }

    set(values, "decisions", text.data);
    return BX_OK;
}


static bx_rc
fill_slip(bx_call *c, const bx_record *r, json_t *values)
{
    set_span(c, r, values);
    if (bx_rec_has(r, "submitted_at")) {
        json_object_set_new(values, "submitted_at", time_of(bx_rec_time(r, "submitted_at")));
    }
    return set_people(c, r, values) == BX_OK && set_decisions(c, r, values) == BX_OK ? BX_OK : BX_FAIL;
}


static const bx_part slip_parts[] = {
    { BX_PART_FORM, "student_name class_name seat | kind reason | span:2 length | guardian phone submitted_at | decisions"
                    " | _out:2 _gate | _back:2 _teacher | _more:2 _signed", NULL },
    { BX_PART_FINE, "note", NULL },
    BX_END
};

const bx_document bx_leave_documents[] = {
    { .name = "leave.slip", .record = "leave-requests", .code = "QJ", .size = BX_PAPER_HALF, .capability = "leave.read",
      .states = "provisional approved away overdue awaiting_paper no_paper returned", .parts = slip_parts, .fill = fill_slip },
    BX_END
};
