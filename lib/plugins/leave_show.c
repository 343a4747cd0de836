/* leave_show.c: what is shown of leave beyond its columns: whose turn it is, and what handing a request in would mean.
 * Reads only. */

#include "plugins/leave.h"

#include <string.h>


/* ---- what is in the way, and what to do instead */

static json_t *
claim_json(bx_call *c, const bx_leave_claim *claim)
{
    bx_arena *a = bx_call_arena(c);

    return json_pack("{s:o, s:s, s:s, s:i, s:s, s:i, s:f, s:b}",
        "id", bx_id_json(claim->id), "state", claim->state,
        "starts_on", bx_date_text(a, claim->span.from.day), "starts_period", claim->span.from.period,
        "ends_on", bx_date_text(a, claim->span.to.day), "ends_period", claim->span.to.period,
        "school_days", claim->halves / 2.0, "ours", claim->ours);
}


/* The part of the request after the one in the way, as a request of its own; null when nothing is left of it. */
static json_t *
extension_json(bx_call *c, const bx_leave_ask *ask, const bx_leave_plan *plan)
{
    bx_leave_ask   rest = *ask;
    bx_leave_plan  again;

    rest.asked = plan->span;
    for (int i = 0; i < BX_LEAVE_LIVE; i++) {
        const bx_leave_claim *taken = i == 0 ? plan->taken : again.taken;

        if (!bx_next_slot(plan->cal, taken->span.to, &rest.asked.from)) {
            return json_null();
        }
        bx_leave_plan_again(c, &rest, plan, &again);
        if (again.fault == BX_LEAVE_OK) {
            json_t *o = bx_leave_span_json(c, &again);

            json_object_set_new(o, "extends_id", bx_id_json(taken->id));
            return o;
        }
        if (again.fault != BX_LEAVE_TAKEN) {
            return json_null();
        }
    }

    return json_null();
}


/* The same request up to the end of the term. */
static json_t *
shorter_json(bx_call *c, const bx_leave_ask *ask, const bx_leave_plan *plan)
{
    bx_leave_ask   rest = *ask;
    bx_leave_plan  again;

    rest.asked = (bx_span) { plan->span.from, plan->term_last };
    bx_leave_plan_again(c, &rest, plan, &again);
    return again.fault == BX_LEAVE_OK ? bx_leave_span_json(c, &again) : json_null();
}


bx_rc
bx_leave_refuse_plan(bx_call *c, const bx_leave_ask *ask, const bx_leave_plan *plan)
{
    switch (plan->fault) {
    case BX_LEAVE_OK:
        return BX_OK;
    case BX_LEAVE_BACKWARDS:
        return bx_refuse(c, BX_E_INVALID, "ends_on", "leave.backwards", NULL);
    case BX_LEAVE_NO_SCHOOL:
        return bx_refuse(c, BX_E_INVALID, "starts_on", "leave.no_school_days", NULL);
    case BX_LEAVE_PAST_TERM:
        bx_refuse(c, BX_E_INVALID, "ends_on", "leave.past_term",
                  json_pack("{s:s}", "day", bx_date_text(bx_call_arena(c), plan->term_last.day)));
        bx_refuse_add(c, "offer", shorter_json(c, ask, plan));
        return BX_FAIL;
    case BX_LEAVE_TAKEN:
        break;
    }

    bx_refuse(c, BX_E_CONFLICT, "starts_on", "leave.taken", NULL);
    bx_refuse_add(c, "conflict", claim_json(c, plan->taken));
    bx_refuse_add(c, "extension", extension_json(c, ask, plan));
    return BX_FAIL;
}


/* ---- whose turn it is */

typedef struct { bx_rows rows; } deciders;

static bool
is_undecided(const json_t *row)
{
    const char *state = json_string_value(json_object_get(row, "state"));

    return state == NULL || strcmp(state, "submitted") == 0 || strcmp(state, "provisional") == 0;
}


static bool
is_among(const bx_value *args, size_t n, bx_id unit)
{
    size_t  i;

    for (i = 2; i < n && args[i].i != unit; i++) {
        /* void */
    }

    return i < n;
}


/* Of the rows that wait for somebody, a class of one school once; no query when none does. */
static bx_rc
deciders_of(bx_call *c, json_t *page, deciders *out)
{
    bx_buf       sql;
    bx_value     args[402];
    size_t       n = 0, i;
    bx_id        class_id;
    json_t      *row;
    const char  *today = bx_date_text(bx_call_arena(c), bx_date_of(bx_call_now(c)));

    bx_buf_init(&sql, bx_call_arena(c));
    bx_buf_str(&sql, "SELECT p.unit_id, p.role, a.name FROM position p JOIN account a ON a.id = p.account_id AND a.disabled_at IS NULL"
                     " WHERE p.role IN ('teacher', 'office', 'principal') AND p.starts_on <= ? AND (p.ends_on IS NULL OR p.ends_on >= ?)"
                     " AND p.unit_id IN (0");
    args[n++] = bx_text(today);
    args[n++] = bx_text(today);

    json_array_foreach(page, i, row) {
        if (n + 2 > sizeof(args) / sizeof(args[0])) {
            break;
        }
        class_id = bx_id_parse(json_string_value(json_object_get(row, "class_id")));
        if (!is_undecided(row) || is_among(args, n, class_id)) {
            continue;
        }
        bx_buf_str(&sql, ",?,?");
        args[n++] = bx_int(class_id);
        args[n++] = bx_int(bx_id_parse(json_string_value(json_object_get(row, "school_id"))));
    }

    bx_buf_str(&sql, ") ORDER BY p.id");
    *out = (deciders) { 0 };
    return n == 2 ? BX_OK : bx_query(c, &out->rows, sql.data, args, n);
}


static const char *
decider_name(const deciders *d, const char *unit, const char *role)
{
    bx_id  id = bx_id_parse(unit);

    for (size_t i = 0; i < d->rows.nrows; i++) {
        if (strcmp(bx_cell_text(&d->rows, i, 1), role) == 0 && bx_cell_int(&d->rows, i, 0) == id) {
            return bx_cell_text(&d->rows, i, 2);
        }
    }

    return NULL;
}


static json_t *
decider_json(bx_call *c, const deciders *d, json_t *row, const char *role)
{
    const char *unit = json_string_value(json_object_get(row, strcmp(role, "teacher") == 0 ? "class_id" : "school_id"));

    return json_pack("{s:s, s:s, s:s?}", "role", role,
                     "role_label", bx_tr(bx_call_arena(c), bx_call_lang(c), bx_sprintf(bx_call_arena(c), "role.%s", role), NULL),
                     "name", decider_name(d, unit, role));
}


/* waits_for: whose turn it is. then: who decides after the class teacher. */
bx_rc
bx_leave_decorate(bx_call *c, json_t *rows, bool one)
{
    deciders   d;
    size_t     i;
    json_t    *row;

    (void) one;
    if (deciders_of(c, rows, &d) != BX_OK) {
        return BX_FAIL;
    }

    json_array_foreach(rows, i, row) {
        const char *state = json_string_value(json_object_get(row, "state"));
        const char *route = json_string_value(json_object_get(row, "route"));
        json_t     *waits = json_null(), *then = json_null();

        if (strcmp(state, "submitted") == 0) {
            waits = decider_json(c, &d, row, "teacher");
            if (route != NULL && strcmp(route, "teacher") != 0) {
                then = decider_json(c, &d, row, route);
            }
        } else if (strcmp(state, "provisional") == 0 && route != NULL && strcmp(route, "teacher") != 0) {
            waits = decider_json(c, &d, row, route);
        }

        json_object_set_new(row, "waits_for", waits);
        json_object_set_new(row, "then", then);
    }

    return BX_OK;
}


static bool
int_arg(bx_call *c, const char *name, int *out)
{
    const char *s = bx_call_query_arg(c, name);

    if (s == NULL || *s < '1' || *s > '9' || strlen(s) > 2 || (s[1] != '\0' && (s[1] < '0' || s[1] > '9'))) {
        (void) bx_refuse(c, BX_E_INVALID, name, "not_number", NULL);
        return false;
    }

    *out = s[0] - '0';
    if (s[1] != '\0') {
        *out = *out * 10 + s[1] - '0';
    }
    return true;
}


static bool
date_arg(bx_call *c, const char *name, bx_date *out)
{
    const char *s = bx_call_query_arg(c, name);

    *out = s == NULL || strlen(s) != 10 ? BX_NO_DATE : bx_date_parse(s);
    if (*out == BX_NO_DATE) {
        (void) bx_refuse(c, BX_E_INVALID, name, "not_date", NULL);
    }
    return *out != BX_NO_DATE;
}


/* Children for whom the caller may ask, or enter what a guardian asked by phone. */
static bx_rc
preview_where(bx_call *c, bx_buf *sql, bx_value *args, size_t *n, size_t room)
{
    bool  ask = bx_call_can(c, "leave.request"), enter = bx_call_can(c, "leave.enter");

    bx_buf_str(sql, "(");
    if ((ask || !enter) && bx_scope_where(c, BX_SCOPE_STUDENT, "t", "leave.request", sql, args, n, room) != BX_OK) {
        return BX_FAIL;
    }
    bx_buf_str(sql, ask && enter ? " OR " : "");
    if (enter && bx_scope_where(c, BX_SCOPE_STUDENT, "t", "leave.enter", sql, args, n, room) != BX_OK) {
        return BX_FAIL;
    }

    bx_buf_str(sql, ")");
    return BX_OK;
}


static bx_rc
preview_child(bx_call *c, bx_leave_ask *ask)
{
    const char  *s = bx_call_query_arg(c, "student_id");
    bx_buf       sql;
    bx_value     args[64];
    bx_rows      rows;
    size_t       n = 0;

    bx_buf_init(&sql, bx_call_arena(c));
    bx_buf_str(&sql, "SELECT t.id, t.class_id, t.school_id FROM student t WHERE t.id = ? AND ");
    args[n++] = bx_int(bx_id_parse(s));

    if (preview_where(c, &sql, args, &n, 64) != BX_OK
        || bx_query(c, &rows, sql.data, args, n) != BX_OK)
    {
        return BX_FAIL;
    }
    if (rows.nrows != 1) {
        return bx_refuse(c, BX_E_INVALID, "student_id", "student_not_found", NULL);
    }

    ask->student = bx_cell_int(&rows, 0, 0);
    ask->class_id = bx_cell_int(&rows, 0, 1);
    ask->school = bx_cell_int(&rows, 0, 2);
    return BX_OK;
}


static json_t *
preview_json(bx_call *c, const bx_leave_ask *ask, const bx_leave_plan *plan)
{
    bx_arena *a = bx_call_arena(c);
    json_t   *o = plan->fault == BX_LEAVE_OK || plan->fault == BX_LEAVE_TAKEN ? bx_leave_span_json(c, plan) : json_object();
    json_t   *conflict = json_null(), *past = json_null();

    if (plan->fault == BX_LEAVE_TAKEN) {
        conflict = claim_json(c, plan->taken);
        json_object_set_new(conflict, "extension", extension_json(c, ask, plan));
    }
    if (plan->fault == BX_LEAVE_PAST_TERM) {
        past = shorter_json(c, ask, plan);
    }

    json_object_set_new(o, "conflict", conflict);
    json_object_set_new(o, "past_term", past);
    if (plan->fault == BX_LEAVE_OK) {
        json_object_set_new(o, "decide_by", json_string(bx_time_iso(a, plan->decide_by)));
        json_object_set_new(o, "starts_at", json_string(bx_time_iso(a, plan->starts_at)));
        json_object_set_new(o, "back_on", plan->has_back ? json_string(bx_date_text(a, plan->back.day)) : json_null());
        json_object_set_new(o, "back_period", plan->has_back ? json_integer(plan->back.period) : json_null());
        json_object_set_new(o, "back_at", plan->has_back
                            ? json_string(bx_time_iso(a, bx_slot_begins(plan->cal, plan->back))) : json_null());
    }

    return o;
}


bx_rc
bx_leave_preview(bx_call *c)
{
    bx_leave_ask   ask = { 0 };
    bx_leave_plan  plan;
    deciders       d;
    json_t        *o, *page, *row, *rules;

    if (!date_arg(c, "starts_on", &ask.asked.from.day) || !int_arg(c, "starts_period", &ask.asked.from.period)
        || !date_arg(c, "ends_on", &ask.asked.to.day) || !int_arg(c, "ends_period", &ask.asked.to.period)
        || preview_child(c, &ask) != BX_OK || bx_leave_plan_make(c, &ask, &plan) != BX_OK)
    {
        return BX_FAIL;
    }
    if (plan.fault == BX_LEAVE_BACKWARDS || plan.fault == BX_LEAVE_NO_SCHOOL) {
        return bx_leave_refuse_plan(c, &ask, &plan);
    }

    row = json_pack("{s:o, s:o}", "class_id", bx_id_json(ask.class_id),
                    "school_id", bx_id_json(ask.school));
    page = bx_own(bx_call_arena(c), json_pack("[o]", row));
    if (deciders_of(c, page, &d) != BX_OK) {
        return BX_FAIL;
    }

    if (bx_rules_json(c, "leave.teacher_days leave.office_days leave.decide_minutes leave.backdate_days", ask.class_id, &rules) != BX_OK) {
        return BX_FAIL;
    }

    o = preview_json(c, &ask, &plan);
    json_object_set_new(o, "rules", rules);
    json_object_set_new(o, "decider", decider_json(c, &d, row, "teacher"));
    json_object_set_new(o, "then", plan.route == NULL || strcmp(plan.route, "teacher") == 0
                                   ? json_null() : decider_json(c, &d, row, plan.route));
    return bx_answer(c, 200, o);
}
