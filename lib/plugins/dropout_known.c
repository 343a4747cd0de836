/* dropout_known.c: what is known of a case already when somebody begins to write about it, so that nobody types it twice: what the
 * family said, what was done so far, who the guardian and the helper are. Owns the member "known" of one case; the pages fill
 * their forms from it, and everything in it may be changed by hand. Reads only. */

#include "flow/flow.h"
#include "plugins/dropout.h"

#include <string.h>

#define ENOUGH  2400                          /* bytes of what was done: a column takes 1000 characters */

enum { AT, WHAT, WHO, WITH, CODE, WORDS, WAY };

static const char sql_done[] =
    "SELECT at, 'contact', made_by, person, reason, words, channel FROM contact WHERE student_id = ? AND reached = 1 AND at >= ?"
    " UNION ALL SELECT at, 'visit', visitors, talked_to, effect, words, way FROM home_visit WHERE student_id = ? AND at >= ?"
    " UNION ALL SELECT CONCAT(made_on, ' 12:00:00'), 'attempt', people, with_whom, outcome, effect, way FROM persuasion"
    " WHERE case_id = ? AND visit_id IS NULL ORDER BY 1 LIMIT 60";

static const char *const  lists[][3] = {      /* what, code list of its result, of its way */
    { "contact", "absence_reason", "contact_channel" }, { "visit", "visit_effect", "visit_way" },
    { "attempt", "persuasion_outcome", "persuasion_way" }
};


static const char *
code_text(bx_call *c, const char *list, const char *code)
{
    bx_arena *a = bx_call_arena(c);

    return code == NULL ? "" : bx_tr(a, bx_call_lang(c), bx_sprintf(a, "code.%s.%s", list, code), NULL);
}


/* "9月22日 王晓梅、罗勇上门，和奶奶谈：没说定。" */
static const char *
line_of(bx_call *c, const bx_rows *rows, size_t i)
{
    bx_arena   *a = bx_call_arena(c);
    bx_civil    t = bx_civil_of(bx_time_parse_sql(bx_cell_text(rows, i, AT)));
    const char *what = bx_cell_text(rows, i, WHAT), *who = bx_cell_text(rows, i, WHO), *with = bx_cell_text(rows, i, WITH);
    size_t      k = 0;

    while (strcmp(lists[k][0], what) != 0) {
        k++;
    }

    return bx_tr(a, bx_call_lang(c), bx_sprintf(a, "case.known.%s", what), bx_own(a, json_pack("{s:i, s:i, s:s, s:s, s:s, s:s}",
        "m", t.month, "d", t.day, "who", who == NULL ? "" : who, "with", with == NULL ? "" : with,
        "result", code_text(c, lists[k][1], bx_cell_text(rows, i, CODE)), "way", code_text(c, lists[k][2], bx_cell_text(rows, i, WAY)))));
}


/* What was done, in order, and what the family said last. */
static bx_rc
done_so_far(bx_call *c, bx_id id, bx_id student, const char *since, json_t *known)
{
    const char *words = NULL;
    bx_buf      text;
    bx_rows     rows;

    if (bx_query(c, &rows, sql_done, BX_ARGS(bx_int(student), bx_text(since), bx_int(student), bx_text(since), bx_int(id))) != BX_OK) {
        return BX_FAIL;
    }

    bx_buf_init(&text, bx_call_arena(c));
    for (size_t i = 0; i < rows.nrows; i++) {
        const char *line = line_of(c, &rows, i), *said = bx_cell_text(&rows, i, WORDS);

        if (strcmp(bx_cell_text(&rows, i, WHAT), "attempt") != 0 && said != NULL && *said != '\0') {
            words = said;
        }
        if (text.len + strlen(line) < ENOUGH) {
            bx_buf_str(&text, line);
        }
    }

    json_object_set_new(known, "measures", json_string(text.len == 0 ? "" : text.data));
    json_object_set_new(known, "words", json_string(words == NULL ? "" : words));
    return BX_OK;
}


static bx_rc
people_of(bx_call *c, bx_id student, json_t *known)
{
    bx_value  today = bx_text(bx_date_text(bx_call_arena(c), bx_date_of(bx_call_now(c))));
    bx_rows   rows;

    if (bx_query(c, &rows, "SELECT g.name FROM student_guardian sg JOIN guardian g ON g.id = sg.guardian_id"
                 " WHERE sg.student_id = ? AND sg.ends_on IS NULL ORDER BY sg.ordinal, g.id LIMIT 1", BX_ARGS(bx_int(student))) != BX_OK)
    {
        return BX_FAIL;
    }
    json_object_set_new(known, "guardian", json_string(rows.nrows == 0 ? "" : bx_cell_text(&rows, 0, 0)));

    if (bx_query(c, &rows, "SELECT person FROM responsibility WHERE student_id = ? AND duty = 'student' AND starts_on <= ?"
                 " AND (ends_on IS NULL OR ends_on >= ?) ORDER BY starts_on DESC, id DESC LIMIT 1",
                 BX_ARGS(bx_int(student), today, today)) != BX_OK)
    {
        return BX_FAIL;
    }
    json_object_set_new(known, "helper", json_string(rows.nrows == 0 ? "" : bx_cell_text(&rows, 0, 0)));
    return BX_OK;
}


bx_rc
bx_dropout_known(bx_call *c, json_t *row)
{
    static const char *const  writes[] = { "dropout.form", "dropout.return", "dropout.notice", "dropout.order", "dropout.serve", NULL };
    bx_id                     student = bx_id_parse(json_string_value(json_object_get(row, "student_id")));
    const char               *since = json_string_value(json_object_get(row, "discovered_on"));
    json_t                   *known = json_object();
    bool                      any = false;

    json_object_set_new(row, "known", known);
    for (size_t i = 0; writes[i] != NULL; i++) {
        any = any || bx_call_can(c, writes[i]);
    }
    if (any && people_of(c, student, known) != BX_OK) {
        return BX_FAIL;
    }

    return !bx_call_can(c, "dropout.form") ? BX_OK
         : done_so_far(c, bx_id_parse(json_string_value(json_object_get(row, "id"))), student, since, known);
}
