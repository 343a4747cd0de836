/* dropout_roster.c: the roster of dropouts of a school (辍学学生花名册): which open cases there were on the day it was made, and its
 * paper. Owns table dropout_roster. State and attempts are those of that day; names and classes are as they are known. */

#include "flow/flow.h"
#include "plugins/dropout.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

const bx_field bx_dropout_roster_fields[] = {
    { "as_of",    BX_DATE, BX_BY_HOOK | BX_IN_LIST,   0, 0,     NULL, NULL, NULL, NULL },
    { "children", BX_INT,  BX_BY_HOOK | BX_IN_LIST,   0, 9999,  NULL, NULL, NULL, NULL },
    { "made_by",  BX_TEXT, BX_BY_HOOK | BX_IN_LIST,   0, 60,    NULL, NULL, NULL, NULL },
    { "entries",  BX_TEXT, BX_BY_HOOK | BX_NO_JSON,   0, 60000, NULL, NULL, NULL, NULL },
    { NULL, 0, 0, 0, 0, NULL, NULL, NULL, NULL }
};


/* ---- making one */

bx_rc
bx_dropout_roster(bx_call *c, bx_record *r)
{
    static const char  sql[] =
        "SELECT id, state, attempts FROM dropout_case WHERE school_id = ? AND open_student IS NOT NULL ORDER BY discovered_on, id LIMIT 900";
    bx_rows            rows;
    bx_buf             entries;

    if (bx_query(c, &rows, sql, BX_ARGS(bx_int(bx_rec_school(r)))) != BX_OK) {
        return BX_FAIL;
    }
    if (rows.nrows == 0) {
        return bx_refuse(c, BX_E_INVALID, "school_id", "dropout.roster_empty", NULL);
    }

    bx_buf_init(&entries, bx_call_arena(c));
    for (size_t i = 0; i < rows.nrows; i++) {
        bx_buf_printf(&entries, "%" PRId64 " %s %d\n", bx_cell_int(&rows, i, 0), bx_cell_text(&rows, i, 1), (int) bx_cell_int(&rows, i, 2));
    }
    if (entries.failed) {
        return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
    }

    bx_set_date(r, "as_of", bx_date_of(bx_call_now(c)));
    bx_set_int(r, "children", (int64_t) rows.nrows);
    bx_set_text(r, "made_by", bx_call_actor(c));
    bx_set_text(r, "entries", entries.data);
    return BX_OK;
}


/* ---- its paper */

enum { ID, NAME, SEX, BORN, CLASS_ID, STAGE, ENTRY_YEAR, CLASS_NO, DISCOVERED, CAUSE, WHEREABOUTS, GUARDIAN, PHONE };

static const char sql_lines[] =
    "SELECT t.id, s.name, s.sex, s.birth_on, t.class_id, cl.stage, cl.entry_year, cl.class_no, t.discovered_on, t.cause, t.whereabouts,"
    " g.name, g.phone FROM dropout_case t JOIN student s ON s.id = t.student_id JOIN org_unit cl ON cl.id = t.class_id"
    " LEFT JOIN guardian g ON g.id = (SELECT sg.guardian_id FROM student_guardian sg WHERE sg.student_id = t.student_id"
    " AND sg.ends_on IS NULL ORDER BY sg.ordinal, sg.guardian_id LIMIT 1)"
    " WHERE t.school_id = ? AND t.discovered_on <= ? ORDER BY t.discovered_on, t.id";

static const char *
say(bx_call *c, const char *list, const char *code)
{
    bx_arena *a = bx_call_arena(c);

    return code == NULL ? "" : bx_tr(a, bx_call_lang(c), bx_sprintf(a, "%s.%s", list, code), NULL);
}


static const char *
text_or_none(const bx_rows *rows, size_t i, size_t column)
{
    const char *s = bx_cell_text(rows, i, column);

    return s == NULL ? "" : s;
}


static const char *
phone_of(bx_call *c, const bx_rows *rows, size_t i)
{
    char *plain;

    if (bx_cell(rows, i, PHONE)->kind == BX_V_NULL || bx_unseal(bx_call_arena(c), bx_cell(rows, i, PHONE), &plain) != BX_OK) {
        return "";
    }

    return bx_mask(bx_call_arena(c), "phone", plain);
}


/* What the roster kept of a case: "<state> <attempts>"; NULL: it is not on it. */
static const char *
entry_of(bx_call *c, const char *entries, bx_id id)
{
    const char *mark = bx_sprintf(bx_call_arena(c), "%" PRId64 " ", id);
    size_t      n = strlen(mark);

    for (const char *p = entries; p != NULL && *p != '\0'; p = strchr(p, '\n') + 1) {
        if (strncmp(p, mark, n) == 0) {
            return bx_strndup(bx_call_arena(c), p + n, strcspn(p + n, "\n"));
        }
    }

    return NULL;
}


static json_t *
line_json(bx_call *c, const bx_rows *rows, size_t i, size_t no, const char *entry, bx_date as_of)
{
    bx_arena   *a = bx_call_arena(c);
    size_t      n = strcspn(entry, " ");
    const char *attempts = entry[n] == ' ' ? entry + n + 1 : "0";
    const char *class_name = bx_class_label(a, bx_call_lang(c), bx_cell_text(rows, i, STAGE), (int) bx_cell_int(rows, i, ENTRY_YEAR),
                                            (int) bx_cell_int(rows, i, CLASS_NO), as_of);

    return json_pack("[s, s, s, s, s, s, s, s, s, s]", bx_sprintf(a, "%zu", no), text_or_none(rows, i, NAME),
        say(c, "code.sex", bx_cell_text(rows, i, SEX)), text_or_none(rows, i, BORN), class_name, text_or_none(rows, i, DISCOVERED),
        bx_sprintf(a, "%s %s", say(c, "code.dropout_cause", bx_cell_text(rows, i, CAUSE)), say(c, "code.whereabouts", bx_cell_text(rows, i, WHEREABOUTS))),
        bx_sprintf(a, "%s %s", text_or_none(rows, i, GUARDIAN), phone_of(c, rows, i)), attempts,
        say(c, "dropout-cases.state", bx_strndup(a, entry, n)));
}


bx_rc
bx_dropout_roster_fill(bx_call *c, const bx_record *r, json_t *values)
{
    static const char *const  columns[] = { "no", "name", "sex", "birth_on", "class_name", "since", "cause", "guardian", "attempts", "state" };
    json_t                   *heads = json_array(), *lines = json_array();
    bx_date                   as_of = bx_rec_date(r, "as_of");
    bx_rows                   rows;

    json_object_set_new(values, "lines", json_pack("{s:o, s:o}", "columns", heads, "rows", lines));
    for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
        json_array_append_new(heads, json_string(say(c, "document.dropout.roster", columns[i])));
    }
    if (bx_query(c, &rows, sql_lines, BX_ARGS(bx_int(bx_rec_school(r)), bx_text(bx_rec_text(r, "as_of")))) != BX_OK) {
        return BX_FAIL;
    }

    for (size_t i = 0; i < rows.nrows; i++) {
        const char *entry = entry_of(c, bx_rec_text(r, "entries"), bx_cell_int(&rows, i, ID));

        if (entry != NULL) {
            json_array_append_new(lines, line_json(c, &rows, i, json_array_size(lines) + 1, entry, as_of));
        }
    }

    return BX_OK;
}
