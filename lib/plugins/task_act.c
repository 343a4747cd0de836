/* task_act.c: what people do with a task: say that it is not possible, agree to that or not, hand it to a colleague and take it
 * back. Nobody says here that it is done: its record does (flow/task_open.c). */

#include "plugins/task.h"

#include <inttypes.h>
#include <string.h>


/* ---- writing */

static const char sql_history[] =
    "INSERT INTO history (id, record, record_id, action, from_state, to_state, account_id, actor, comment, at)"
    " VALUES (?, 'tasks', ?, ?, ?, ?, ?, ?, ?, ?)";

/* Reads the row to be changed and holds it against If-Match. */
static bx_rc
read_for_change(bx_call *c, bx_record *r)
{
    return bx_task_read(c, r) == BX_OK ? bx_version_check(c, r->version) : BX_FAIL;
}


static bx_rc
wrong_state(bx_call *c, const bx_record *r)
{
    bx_refuse(c, BX_E_WRONG_STATE, NULL, NULL, NULL);
    bx_refuse_add(c, "state", json_string(r->state));
    return BX_FAIL;
}


static const char *
body_text(bx_call *c, const char *name)
{
    const char *s = bx_trim(c->arena, json_string_value(json_object_get(c->body, name)));

    return s == NULL || *s == '\0' ? NULL : s;
}


/* Answers with the row as it now is and commits. The hook has queued the UPDATE and set the fields of r. */
static bx_rc
finish(bx_call *c, bx_record *r, const char *action, const char *to, const char *comment)
{
    const char *from = r->state;
    json_t     *o, *changes;

    if (bx_queue(c, 1, sql_history,
                 BX_ARGS(bx_int(bx_id_new()), bx_int(r->id), bx_text(action), bx_text(from), bx_text(to),
                         bx_int(bx_call_account(c)), bx_text(bx_call_actor(c)), bx_text(comment),
                         bx_text(bx_time_sql(c->arena, c->now)))) != BX_OK)
    {
        return BX_FAIL;
    }

    r->state = to;
    r->version++;
    if (bx_task_json(c, r, &o) != BX_OK) {
        return BX_FAIL;
    }
    bx_answer_header(c, "ETag", bx_sprintf(c->arena, "\"%" PRId64 "\"", r->version));
    bx_answer(c, 200, o);

    changes = bx_own(c->arena, json_pack("{s:[s, s], s:s?}", "state", from, to, "comment", comment));
    return bx_commit(c, r->scope.school, action, "tasks", r->id, changes);
}


#define CHANGE  "UPDATE task SET version = version + 1, updated_at = ?, "
#define UNCHANGED  " WHERE id = ? AND version = ? AND state = ?"


/* A notice about the task to a certain account or the holders of a role. */
static bx_rc
tell(bx_call *c, const bx_record *r, const char *kind, bx_id account, bx_seat seat)
{
    json_t    *params = bx_task_params(c->arena, bx_rec_text(r, "params"), bx_rec_text(r, "kind"), r->id, r->student_name);
    bx_notice  n = { .kind = kind, .account = account, .role = account == 0 ? seat.role : NULL, .unit = seat.unit, .params = params };

    n.key = bx_sprintf(c->arena, "%" PRId64 ":%" PRId64, r->id, r->version);
    json_object_set_new(params, "by", json_string(bx_call_actor(c)));
    return bx_notice_queue(c, &n, strcmp(kind, "task.excused") == 0 ? 0 : r->id);
}


/* ---- not possible, because … */

/* The vice principal; the principal where there is none, or where the vice principal is who asks; then the county. */
static bx_rc
who_decides(bx_call *c, const bx_record *r, bx_seat *out)
{
    static const char *const roles[] = { "vice", "principal", "county" };
    const bx_place          *p;

    *out = (bx_seat) { NULL, 0 };
    if (bx_place_of(c, bx_task_unit(r->scope.class_id, r->scope.school, r->scope.township), &p) != BX_OK) {
        return BX_FAIL;
    }

    for (size_t k = 0; k < 3 && out->role == NULL; k++) {
        bx_id  unit = bx_place_holds(p, roles[k]);

        for (size_t i = 0; unit != 0 && i < p->nholders; i++) {
            if (p->holders[i].unit == unit && strcmp(p->holders[i].role, roles[k]) == 0
                && p->holders[i].account != bx_call_account(c))
            {
                *out = (bx_seat) { roles[k], unit };
            }
        }
    }

    return out->role != NULL ? BX_OK : bx_refuse(c, BX_E_INVALID, "reason", "task.nobody_decides", NULL);
}


bx_rc
bx_task_ask_excuse(bx_call *c)
{
    const char         *reason = body_text(c, "reason");
    const bx_task_kind *kind;
    bx_record           r;
    bx_seat             seat;
    bx_value            now = bx_text(bx_time_sql(c->arena, c->now));

    if (read_for_change(c, &r) != BX_OK) {
        return BX_FAIL;
    }
    if (!bx_task_is_mine(c, &r)) {
        return bx_refuse(c, BX_E_FORBIDDEN, NULL, NULL, NULL);
    }
    if (strcmp(r.state, "open") != 0) {
        return wrong_state(c, &r);
    }
    kind = bx_task_kind_find(bx_rec_text(&r, "kind"));
    if (kind == NULL || !(kind->flags & BX_TASK_EXCUSABLE)) {
        return bx_refuse(c, BX_E_INVALID, "reason", "task.not_excusable", NULL);
    }
    if (who_decides(c, &r, &seat) != BX_OK) {
        return BX_FAIL;
    }

    if (bx_queue(c, 1, CHANGE "state = 'excuse_asked', excuse_reason = ?, excuse_by = ?, excuse_name = ?, excuse_at = ?,"
                       " excuse_role = ?, excuse_unit = ?" UNCHANGED,
                 BX_ARGS(now, bx_text(reason), bx_int(bx_call_account(c)), bx_text(bx_call_actor(c)), now, bx_text(seat.role),
                         bx_int(seat.unit), bx_int(r.id), bx_int(r.version), bx_text(r.state))) != BX_OK
        || tell(c, &r, "task.excuse_asked", 0, seat) != BX_OK)
    {
        return BX_FAIL;
    }

    bx_set_text(&r, "excuse_reason", reason);
    bx_set_int(&r, "excuse_by", bx_call_account(c));
    bx_set_text(&r, "excuse_name", bx_call_actor(c));
    bx_set_time(&r, "excuse_at", c->now);
    bx_set_text(&r, "excuse_role", seat.role);
    bx_set_int(&r, "excuse_unit", seat.unit);
    return finish(c, &r, "ask_excuse", "excuse_asked", reason);
}


static bx_rc
read_for_decision(bx_call *c, bx_record *r)
{
    if (read_for_change(c, r) != BX_OK) {
        return BX_FAIL;
    }
    if (strcmp(r->state, "excuse_asked") != 0) {
        return wrong_state(c, r);
    }
    if (bx_rec_int(r, "excuse_by") == bx_call_account(c)) {
        return bx_refuse(c, BX_E_FORBIDDEN, "state", "task.own_excuse", NULL);
    }

    return bx_task_may_excuse(c, r) ? BX_OK : bx_refuse(c, BX_E_FORBIDDEN, NULL, NULL, NULL);
}


bx_rc
bx_task_approve_excuse(bx_call *c)
{
    const char *comment = body_text(c, "comment");
    bx_value    now = bx_text(bx_time_sql(c->arena, c->now));
    bx_record   r;

    if (read_for_decision(c, &r) != BX_OK
        || bx_queue(c, 1, CHANGE "state = 'excused', closed_reason = 'excused', closed_at = ?, closed_by = ?, raise_at = NULL,"
                          " remind_at = NULL" UNCHANGED,
                    BX_ARGS(now, now, bx_text(bx_call_actor(c)), bx_int(r.id), bx_int(r.version), bx_text(r.state))) != BX_OK
        || tell(c, &r, "task.excused", bx_rec_int(&r, "excuse_by"), (bx_seat) { NULL, bx_rec_int(&r, "owner_unit") }) != BX_OK)
    {
        return BX_FAIL;
    }

    bx_set_text(&r, "closed_reason", "excused");
    bx_set_time(&r, "closed_at", c->now);
    bx_set_text(&r, "closed_by", bx_call_actor(c));
    return finish(c, &r, "approve_excuse", "excused", comment);
}


bx_rc
bx_task_refuse_excuse(bx_call *c)
{
    const char *comment = body_text(c, "comment");
    bx_value    now = bx_text(bx_time_sql(c->arena, c->now));
    bx_record   r;

    if (read_for_decision(c, &r) != BX_OK
        || bx_queue(c, 1, CHANGE "state = 'open', excuse_role = NULL, excuse_unit = NULL" UNCHANGED,
                    BX_ARGS(now, bx_int(r.id), bx_int(r.version), bx_text(r.state))) != BX_OK
        || tell(c, &r, "task.not_excused", bx_rec_int(&r, "excuse_by"), (bx_seat) { NULL, bx_rec_int(&r, "owner_unit") }) != BX_OK)
    {
        return BX_FAIL;
    }

    bx_set_text(&r, "excuse_role", NULL);
    return finish(c, &r, "refuse_excuse", "open", comment);
}


/* ---- to a colleague */

/* Staff with a position today in the school of the task (above schools: in the unit of its owner), the caller left out. */
static const char sql_colleagues[] =
    "SELECT a.id, a.name, MIN(p.role) FROM org_unit top JOIN org_unit u ON u.path LIKE CONCAT(top.path, '%')"
    " JOIN position p ON p.unit_id = u.id AND p.starts_on <= ? AND (p.ends_on IS NULL OR p.ends_on >= ?)"
    " JOIN account a ON a.id = p.account_id AND a.disabled_at IS NULL AND a.id <> ?"
    " WHERE top.id = ? AND (? = 0 OR a.id = ?) GROUP BY a.id, a.name ORDER BY a.name, a.id LIMIT 300";

static bx_rc
colleagues(bx_call *c, const bx_record *r, bx_id who, bx_rows *rows)
{
    const char *today = bx_date_text(c->arena, bx_date_of(c->now));
    bx_id       top = r->scope.school != 0 ? r->scope.school : bx_rec_int(r, "owner_unit");

    return bx_query(c, rows, sql_colleagues, BX_ARGS(bx_text(today), bx_text(today), bx_int(bx_call_account(c)), bx_int(top),
                                                     bx_int(who), bx_int(who)));
}


bx_rc
bx_task_colleagues(bx_call *c)
{
    json_t    *items;
    bx_record  r;
    bx_rows    rows;

    if (bx_task_read(c, &r) != BX_OK) {
        return BX_FAIL;
    }
    if (!bx_task_is_mine(c, &r)) {
        return bx_refuse(c, BX_E_FORBIDDEN, NULL, NULL, NULL);
    }
    if (colleagues(c, &r, 0, &rows) != BX_OK) {
        return BX_FAIL;
    }

    items = json_array();
    for (size_t i = 0; i < rows.nrows; i++) {
        json_array_append_new(items, json_pack("{s:o, s:s, s:s}", "id", bx_id_json(bx_cell_int(&rows, i, 0)),
            "name", bx_cell_text(&rows, i, 1), "role_label",
            bx_tr(c->arena, c->lang, bx_sprintf(c->arena, "role.%s", bx_cell_text(&rows, i, 2)), NULL)));
    }
    return bx_answer(c, 200, json_pack("{s:o}", "items", items));
}


bx_rc
bx_task_delegate(bx_call *c)
{
    bx_id      to = bx_id_parse(json_string_value(json_object_get(c->body, "account_id"))), me = bx_call_account(c);
    bx_value   now = bx_text(bx_time_sql(c->arena, c->now));
    bx_record  r;
    bx_rows    rows;

    if (read_for_change(c, &r) != BX_OK) {
        return BX_FAIL;
    }
    if (!bx_task_is_mine(c, &r)) {
        return bx_refuse(c, BX_E_FORBIDDEN, NULL, NULL, NULL);
    }
    if (strcmp(r.state, "open") != 0) {
        return wrong_state(c, &r);
    }
    if (colleagues(c, &r, to, &rows) != BX_OK) {
        return BX_FAIL;
    }
    if (rows.nrows == 0) {
        return bx_refuse(c, BX_E_INVALID, "account_id", "task.no_colleague", NULL);
    }

    if (bx_queue(c, 1, CHANGE "assignee_id = ?, delegated_by = ?" UNCHANGED,
                 BX_ARGS(now, bx_int(to), bx_int(me), bx_int(r.id), bx_int(r.version), bx_text(r.state))) != BX_OK
        || tell(c, &r, "task.delegated", to, (bx_seat) { NULL, bx_rec_int(&r, "owner_unit") }) != BX_OK)
    {
        return BX_FAIL;
    }

    bx_set_int(&r, "assignee_id", to);
    bx_set_int(&r, "delegated_by", me);
    return finish(c, &r, "delegate", r.state, bx_cell_text(&rows, 0, 1));
}


/* By whoever handed it on, whoever has it now, or whoever it was raised to. */
bx_rc
bx_task_take_back(bx_call *c)
{
    bx_value   now = bx_text(bx_time_sql(c->arena, c->now));
    bx_record  r;

    if (read_for_change(c, &r) != BX_OK) {
        return BX_FAIL;
    }
    if (!bx_task_is_mine(c, &r) && bx_rec_int(&r, "delegated_by") != bx_call_account(c)) {
        return bx_refuse(c, BX_E_FORBIDDEN, NULL, NULL, NULL);
    }
    if ((strcmp(r.state, "open") != 0 && strcmp(r.state, "excuse_asked") != 0) || bx_rec_int(&r, "delegated_by") == 0) {
        return wrong_state(c, &r);
    }

    if (bx_queue(c, 1, CHANGE "assignee_id = NULL, delegated_by = NULL" UNCHANGED,
                 BX_ARGS(now, bx_int(r.id), bx_int(r.version), bx_text(r.state))) != BX_OK)
    {
        return BX_FAIL;
    }

    bx_set_int(&r, "assignee_id", 0);
    bx_set_int(&r, "delegated_by", 0);
    return finish(c, &r, "take_back", r.state, NULL);
}


/* ---- reading one */

bx_rc
bx_task_get(bx_call *c)
{
    bx_record  r;
    json_t    *o;

    if (bx_task_read(c, &r) != BX_OK || bx_task_json(c, &r, &o) != BX_OK) {
        return BX_FAIL;
    }

    bx_answer_header(c, "ETag", bx_sprintf(c->arena, "\"%" PRId64 "\"", r.version));
    return bx_answer(c, 200, o);
}


bx_rc
bx_task_history(bx_call *c)
{
    bx_record  r;

    return bx_task_read(c, &r) == BX_OK ? bx_history_answer(c, &r) : BX_FAIL;
}
