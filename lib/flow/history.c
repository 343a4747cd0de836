/* history.c: what was done to a record, by whom and in which role: one row a change, and the list of them.
 * Does not own the audit chain, which nobody edits (commit.c, audit.c): history is what the people of a record read. */

#include "flow/flow.h"


static const char sql_history[] =
    "INSERT INTO history (id, record, record_id, action, from_state, to_state, account_id, actor, role, comment, at)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

/* The role in which somebody acts on a row: that of the first grant that holds it and has the capability. */
static const char *
acting_role(const bx_call *c, const bx_record *r, const char *capability)
{
    bx_session  one;

    if (c->who == NULL) {
        return NULL;
    }

    for (unsigned i = 0; i < c->who->ngrants; i++) {
        bx_call  probe = *c;

        one = *c->who;
        one.grants[0] = c->who->grants[i];
        one.ngrants = 1;
        probe.who = &one;

        if (capability != NULL && bx_scope_allows(&probe, capability, &r->scope)) {
            return c->who->grants[i].role;
        }
    }

    return NULL;
}


bx_rc
bx_history_queue(bx_call *c, const bx_record *r, const char *action, const char *to, const char *capability)
{
    bx_id  account = bx_call_account(c);

    return bx_queue(c, 1, sql_history,
        BX_ARGS(bx_int(bx_id_new()), bx_text(r->def->name), bx_int(r->id), bx_text(action), bx_text(r->state), bx_text(to),
                account == 0 ? bx_null() : bx_int(account), bx_text(c->who != NULL ? c->who->name : NULL),
                bx_text(acting_role(c, r, capability)), bx_text(r->comment), bx_text(bx_time_sql(c->arena, c->now))));
}


bx_rc
bx_history_answer(bx_call *c, const bx_record *r)
{
    static const char  sql[] =
        "SELECT action, from_state, to_state, actor, role, comment, at FROM history"
        " WHERE record = ? AND record_id = ? ORDER BY id DESC LIMIT 200";
    bx_rows    rows;
    json_t    *items = bx_own(c->arena, json_array());

    if (bx_query(c, &rows, sql, BX_ARGS(bx_text(r->def->name), bx_int(r->id))) != BX_OK) {
        return BX_FAIL;
    }

    for (size_t i = 0; i < rows.nrows; i++) {
        const char *role = bx_cell_text(&rows, i, 4);

        json_array_append_new(items, json_pack("{s:s, s:s?, s:s?, s:s?, s:s?, s:s?, s:s?, s:s}",
            "action", bx_cell_text(&rows, i, 0), "from", bx_cell_text(&rows, i, 1), "to", bx_cell_text(&rows, i, 2),
            "actor", bx_cell_text(&rows, i, 3), "role", role,
            "role_label", role == NULL ? NULL : bx_tr(c->arena, c->lang, bx_sprintf(c->arena, "role.%s", role), NULL),
            "comment", bx_cell_text(&rows, i, 5),
            "at", bx_time_iso(c->arena, bx_time_parse_sql(bx_cell_text(&rows, i, 6)))));
    }

    return bx_answer(c, 200, json_pack("{s:O, s:n}", "items", items, "next"));
}


bx_rc
bx_generic_history(bx_call *c, const bx_record_def *def)
{
    bx_record  r;
    bool       found;

    if (bx_record_read(c, def, c->path_id, &r, &found) != BX_OK) {
        return BX_FAIL;
    }

    return found ? bx_history_answer(c, &r) : bx_refuse(c, BX_E_NOT_FOUND, NULL, NULL, NULL);
}
