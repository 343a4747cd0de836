/* people_children.c: a guardian's own children, each with its class teachers, its leave and where it is today.
 * Does not own leave (leave.c): the records are dressed as their own list has them. */
#include "flow/calendar.h"
#include "flow/flow.h"
#include "plugins/people.h"

#include <string.h>

#define MAX_CHILDREN       16

typedef struct {
    bx_id        id, class_id;
    json_t      *json;                        /* borrowed from the list */
    json_t      *leave;                       /* borrowed from the page of leave requests; NULL: none */
    bool         away;                        /* excused today */
} child;

static const char sql_children[] =
    "SELECT DISTINCT s.id, s.name, s.class_id, u.name AS unit, u.stage, u.entry_year, u.class_no,"
    " s.school_id, sch.name AS school, s.birth_on"
    " FROM guardian g JOIN student_guardian sg ON sg.guardian_id = g.id AND sg.ends_on IS NULL"
    " JOIN student s ON s.id = sg.student_id"
    " JOIN org_unit u ON u.id = s.class_id JOIN org_unit sch ON sch.id = s.school_id"
    " WHERE g.account_id = ? ORDER BY s.birth_on, s.id LIMIT 16";

static const char sql_class_teachers[] =
    "SELECT DISTINCT p.unit_id, a.name, a.phone_sealed, a.id FROM position p JOIN account a ON a.id = p.account_id"
    " WHERE p.role = 'teacher' AND p.starts_on <= ? AND (p.ends_on IS NULL OR p.ends_on >= ?) AND p.unit_id IN"
    " (SELECT s.class_id FROM guardian g JOIN student_guardian sg ON sg.guardian_id = g.id AND sg.ends_on IS NULL"
    "   JOIN student s ON s.id = sg.student_id WHERE g.account_id = ?)"
    " ORDER BY p.unit_id, a.id";

/* A child who is not back comes first, then the leave that covers today or is the next to come. */
static const char sql_live_leave[] =
    " WHERE t.state IN ('submitted', 'provisional', 'approved', 'away', 'overdue')"
    " AND (t.ends_on >= ? OR t.state IN ('away', 'overdue')) AND t.student_id IN"
    " (SELECT sg.student_id FROM guardian g JOIN student_guardian sg ON sg.guardian_id = g.id AND sg.ends_on IS NULL"
    "   WHERE g.account_id = ?) AND ";

static const char sql_live_leave_order[] = " ORDER BY t.state <> 'overdue', t.starts_on, t.starts_period, t.id LIMIT 100";

static bx_rc
add_teachers(bx_call *c, child *children, size_t n)
{
    bx_rows      rows;
    const char  *today = bx_date_text(c->arena, bx_date_of(c->now));

    if (bx_query(c, &rows, sql_class_teachers,
                 BX_ARGS(bx_text(today), bx_text(today), bx_int(bx_call_account(c)))) != BX_OK)
    {
        return BX_FAIL;
    }

    for (size_t i = 0; i < rows.nrows; i++) {
        char  *phone = NULL;

        if (bx_cell(&rows, i, 2)->kind != BX_V_NULL) {
            (void) bx_unseal(c->arena, bx_cell(&rows, i, 2), &phone);
        }

        for (size_t k = 0; k < n; k++) {
            if (children[k].class_id == bx_cell_int(&rows, i, 0)) {
                json_array_append_new(json_object_get(children[k].json, "teachers"),
                                      json_pack("{s:s, s:s?}", "name", bx_cell_text(&rows, i, 1), "phone", phone));
            }
        }
    }

    return BX_OK;
}

static bool
excusing(const bx_record_def *def, const char *state)
{
    for (const bx_state *s = def->states; s != NULL && s->name != NULL; s++) {
        if (strcmp(s->name, state) == 0) {
            return (s->flags & BX_EXCUSING) != 0;
        }
    }

    return false;
}

/* Gives the leave to its child, the first one only; any that excuses today says where the child is. */
static void
take_leave(bx_call *c, const bx_record_def *def, child *children, size_t n, const bx_record *r, json_t *page)
{
    bx_date  today = bx_date_of(c->now);

    for (size_t k = 0; k < n; k++) {
        if (children[k].id != bx_rec_student(r)) {
            continue;
        }

        if (bx_rec_date(r, "starts_on") <= today && bx_rec_date(r, "ends_on") >= today && excusing(def, bx_rec_state(r))) {
            children[k].away = true;
        }
        if (children[k].leave == NULL) {
            children[k].leave = bx_record_json(c, r);
            json_array_append_new(page, children[k].leave);
        }
    }
}

static bx_rc
add_leave(bx_call *c, child *children, size_t n)
{
    const bx_record_def  *def = bx_record_find("leave-requests");
    bx_buf                sql;
    bx_rows               rows;
    bx_value              args[64];
    size_t                nargs = 0;
    bx_record             r;
    json_t               *page = bx_own(c->arena, json_array());

    if (def == NULL || !bx_session_can(c->who, def->read)) {
        return BX_OK;
    }

    bx_buf_init(&sql, c->arena);
    if (bx_record_select(c, def, &sql, args, &nargs, 40) != BX_OK) {
        return BX_FAIL;
    }

    bx_buf_str(&sql, sql_live_leave);
    args[nargs++] = bx_text(bx_date_text(c->arena, bx_date_of(c->now)));
    args[nargs++] = bx_int(bx_call_account(c));

    if (bx_record_where(c, def, def->read, &sql, args, &nargs, 64) != BX_OK) {
        return BX_FAIL;
    }
    bx_buf_str(&sql, sql_live_leave_order);

    if (sql.failed) {
        return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
    }
    if (bx_query(c, &rows, sql.data, args, nargs) != BX_OK) {
        return BX_FAIL;
    }

    for (size_t i = 0; i < rows.nrows; i++) {
        bx_record_from_row(c, def, &rows, i, &r);
        take_leave(c, def, children, n, &r, page);
    }

    return bx_record_dress(c, def, page, false);
}

static bx_rc
add_today(bx_call *c, child *ch)
{
    const bx_calendar  *cal;
    bx_date             today = bx_date_of(c->now);
    const char         *where;

    if (bx_calendar_load(c, ch->class_id, today, today, &cal) != BX_OK) {
        return BX_FAIL;
    }

    where = !bx_is_school_day(cal, today) ? "off" : ch->away ? "leave" : "school";
    json_object_set_new(ch->json, "today", json_string(where));
    json_object_set(ch->json, "leave", ch->leave != NULL ? ch->leave : json_null());
    return BX_OK;
}

/* Queries: children, class teachers, leave with what dresses it, and a calendar for each different class of theirs. */
bx_rc
bx_people_my_children(bx_call *c)
{
    child     children[MAX_CHILDREN] = { 0 };
    bx_rows   rows;
    json_t   *items = bx_own(c->arena, json_array());

    if (bx_query(c, &rows, sql_children, BX_ARGS(bx_int(bx_call_account(c)))) != BX_OK) {
        return BX_FAIL;
    }

    for (size_t i = 0; i < rows.nrows && i < MAX_CHILDREN; i++) {
        children[i].id = bx_cell_int(&rows, i, 0);
        children[i].class_id = bx_cell_int(&rows, i, 2);
        children[i].json = json_pack("{s:o, s:s, s:o, s:s, s:o, s:s, s:[]}",
            "id", bx_id_json(children[i].id), "name", bx_cell_text(&rows, i, 1),
            "class_id", bx_id_json(children[i].class_id), "class_name", bx_people_class_name(c, &rows, i, 3),
            "school_id", bx_id_json(bx_cell_int(&rows, i, 7)), "school_name", bx_cell_text(&rows, i, 8), "teachers");
        json_array_append_new(items, children[i].json);
    }

    if (rows.nrows > 0
        && (add_teachers(c, children, rows.nrows) != BX_OK || add_leave(c, children, rows.nrows) != BX_OK))
    {
        return BX_FAIL;
    }

    for (size_t i = 0; i < rows.nrows && i < MAX_CHILDREN; i++) {
        if (add_today(c, &children[i]) != BX_OK) {
            return BX_FAIL;
        }
    }

    return bx_answer(c, 200, json_pack("{s:O}", "items", items));
}
