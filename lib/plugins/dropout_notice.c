/* dropout_notice.c: return notices of the bureau and orders of the township: issued, served, missed. A school issues none.
 * The deadline counts from service, not from issue; it is missed when no period was attended by the last bell of its day. */

#include "flow/calendar.h"
#include "flow/flow.h"
#include "plugins/dropout.h"

#include <string.h>


/* The unit in whose name the caller issues: the bureau, else the township of the case. */
static bx_rc
issuer_of(bx_call *c, const bx_record *r, const char *capability, bx_id *unit, const char **name)
{
    int      cap = bx_capability_index(capability);
    bx_rows  rows;

    *unit = 0;
    for (unsigned i = 0; c->who != NULL && i < c->who->ngrants; i++) {
        const bx_session_grant *g = &c->who->grants[i];
        bool                    fits = g->level == BX_LEVEL_ROOT || (g->level == BX_LEVEL_TOWNSHIP && g->unit == r->scope.township);

        if (fits && (g->caps[cap / 64] >> (cap % 64) & 1u) != 0) {
            *unit = g->unit;
            break;
        }
    }
    if (*unit == 0) {
        return bx_refuse(c, BX_E_FORBIDDEN, NULL, NULL, NULL);
    }
    if (bx_query(c, &rows, "SELECT name FROM org_unit WHERE id = ?", BX_ARGS(bx_int(*unit))) != BX_OK) {
        return BX_FAIL;
    }

    *name = rows.nrows == 0 ? "" : bx_cell_text(&rows, 0, 0);
    return BX_OK;
}


static bx_rc
notice_insert(bx_call *c, const bx_record *r, const char *kind, int ordinal, bx_id issuer, const char *issuer_name, int64_t days)
{
    static const char  sql[] =
        "INSERT INTO return_notice (id, version, state, student_id, class_id, school_id, township_id, case_id, kind, ordinal, issuer_id,"
        " issuer_name, addressee, issued_on, days, created_at, updated_at, created_by) VALUES (?, 1, 'issued', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    bx_arena          *a = bx_call_arena(c);
    bx_value           now = bx_text(bx_time_sql(a, bx_call_now(c)));
    bx_id              id = bx_id_new();
    bx_record          notice = { .def = bx_notice_record, .call = c, .id = id, .scope = r->scope };

    if (bx_queue(c, 1, sql,
            BX_ARGS(bx_int(id), bx_int(r->scope.student), bx_int(r->scope.class_id), bx_int(r->scope.school),
                    r->scope.township == 0 ? bx_null() : bx_int(r->scope.township), bx_int(r->id), bx_text(kind), bx_int(ordinal),
                    bx_int(issuer), bx_text(issuer_name), bx_text(json_string_value(json_object_get(bx_call_body(c), "addressee"))),
                    bx_text(bx_date_text(a, bx_date_of(bx_call_now(c)))), bx_int(days), now, now, bx_int(bx_call_account(c)))) != BX_OK)
    {
        return BX_FAIL;
    }

    return bx_history_queue(c, &notice, "issue", "issued", strcmp(kind, "order") == 0 ? "dropout.order" : "dropout.notice");
}


static bx_rc
issue(bx_call *c, bx_record *r, const char *kind, const char *capability, const char *rule, const char *done, const char *next)
{
    bx_case      k;
    bx_duties     s;
    bx_rows      rows;
    bx_id        issuer;
    const char  *name = "";
    int64_t      days;

    bx_case_of_record(r, &k);
    if (issuer_of(c, r, capability, &issuer, &name) != BX_OK || bx_duties_load(c, &k, &s) != BX_OK
        || bx_rule_int(c, rule, bx_rec_class(r), &days) != BX_OK
        || bx_query(c, &rows, "SELECT COUNT(*), SUM(state IN ('issued', 'served')) FROM return_notice WHERE case_id = ? AND kind = ?",
                    BX_ARGS(bx_int(k.id), bx_text(kind))) != BX_OK)
    {
        return BX_FAIL;
    }
    if (bx_cell_int(&rows, 0, 1) != 0) {
        return bx_refuse(c, BX_E_WRONG_STATE, "state", "dropout.notice_out", NULL);
    }

    bx_duty_done(&s, done);
    if (notice_insert(c, r, kind, (int) bx_cell_int(&rows, 0, 0) + 1, issuer, name, days) != BX_OK
        || bx_duty_open(&s, next, bx_call_now(c), bx_call_now(c)) != BX_OK)
    {
        return BX_FAIL;
    }

    return bx_duties_write(&s, r);
}


bx_rc
bx_dropout_notice(bx_call *c, bx_record *r)
{
    return issue(c, r, "notice", "dropout.notice", "notice.return_days", "notice", "serve");
}


bx_rc
bx_dropout_order(bx_call *c, bx_record *r)
{
    return issue(c, r, "order", "dropout.order", "township.return_days", "order", "serve_order");
}


/* ---- service */

static bx_rc
serve_check(bx_call *c, const bx_record *r, bx_date *served)
{
    json_t      *body = bx_call_body(c);
    const char  *receipt = json_string_value(json_object_get(body, "receipt"));

    *served = bx_rec_date(r, "served_on");
    if (*served > bx_date_of(bx_call_now(c))) {
        return bx_refuse(c, BX_E_INVALID, "served_on", "dropout.in_future", NULL);
    }
    if (*served < bx_rec_date(r, "issued_on")) {
        return bx_refuse(c, BX_E_INVALID, "served_on", "dropout.before_issue", NULL);
    }
    if (strcmp(receipt, "signed") == 0 && !bx_rec_has(r, "receiver")) {
        return bx_refuse(c, BX_E_INVALID, "receiver", "dropout.who_signed", NULL);
    }
    if (strcmp(receipt, "refused") == 0 && !bx_rec_has(r, "witness")) {
        return bx_refuse(c, BX_E_INVALID, "witness", "dropout.witness", NULL);
    }

    return BX_OK;
}


static bx_rc
deadline(bx_call *c, const bx_case *k, bx_date served, int64_t days, bx_time *out)
{
    const bx_calendar *cal;

    if (bx_case_calendars(c, k, served + (bx_date) days, &cal, NULL) != BX_OK) {
        return BX_FAIL;
    }

    *out = bx_return_deadline(cal, served, (int) days);
    return BX_OK;
}


bx_rc
bx_notice_serve(bx_call *c, bx_record *r)
{
    bool      order = strcmp(bx_rec_text(r, "kind"), "order") == 0, found;
    bx_case   k;
    bx_duties  s;
    bx_date   served;
    bx_time   by;

    if (serve_check(c, r, &served) != BX_OK || bx_case_read(c, bx_rec_int(r, "case_id"), &k, &found) != BX_OK) {
        return BX_FAIL;
    }
    if (!found || !bx_case_is_open(k.state)) {
        return bx_refuse(c, BX_E_WRONG_STATE, "state", "dropout.case_closed", NULL);
    }
    if (deadline(c, &k, served, bx_rec_int(r, "days"), &by) != BX_OK || bx_duties_load(c, &k, &s) != BX_OK) {
        return BX_FAIL;
    }

    s.proof = "return-notices";
    s.proof_id = bx_rec_id(r);
    bx_duty_done(&s, order ? "serve_order" : "serve");
    if (bx_duty_open_due(&s, order ? "return_order" : "return", bx_time_at(served, 0), by, bx_time_at(served, 0)) != BX_OK
        || bx_queue(c, 1, "UPDATE dropout_case SET return_by = ? WHERE id = ? AND state = ?",
                    BX_ARGS(bx_text(bx_time_sql(bx_call_arena(c), by)), bx_int(k.id), bx_text(k.state))) != BX_OK
        || bx_dropout_note(c, k.id, order ? "order_served" : "notice_served", k.state, NULL) != BX_OK)
    {
        return BX_FAIL;
    }
    if (strcmp(k.state, "observing") == 0) {
        bx_duties_hold(&s);
    }

    if (strcmp(bx_rec_text(r, "receipt"), "refused") == 0) {
        bx_set_text(r, "receiver", NULL);
    }
    bx_set_time(r, "return_by", by);
    return bx_duties_write(&s, NULL);
}
