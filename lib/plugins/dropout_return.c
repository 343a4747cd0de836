/* dropout_return.c: the child is back: observing, the return report and its signature, the follow-up and its end. */

#include "flow/calendar.h"
#include "flow/flow.h"
#include "plugins/dropout.h"

#include <string.h>


static bx_rc
load(bx_call *c, const bx_record *r, bx_duties *s)
{
    bx_case  k;

    bx_case_of_record(r, &k);
    return bx_duties_load(c, &k, s);
}


/* What was asked for waits while the child is watched; notices whose deadline the child kept are met. */
static bx_rc
observe(bx_duties *s, bx_date day)
{
    bx_arena *a = bx_call_arena(s->c);
    bx_time   end = bx_time_at(day, 24 * 60) - 1, at = end < bx_call_now(s->c) ? end : bx_call_now(s->c);

    bx_duties_hold(s);
    if (bx_duty_open(s, "return_report", at, bx_call_now(s->c)) != BX_OK) {
        return BX_FAIL;
    }

    return bx_queue_moves(s->c, "return-notices", "meet", "t.case_id = ? AND t.return_by >= ?",
                          BX_ARGS(bx_int(s->of.id), bx_text(bx_time_sql(a, bx_time_at(day, 0)))));
}


bx_rc
bx_dropout_return(bx_call *c, bx_record *r)
{
    bx_duties  s;
    bx_date   day = bx_rec_date(r, "returned_on");

    if (day > bx_date_of(bx_call_now(c))) {
        return bx_refuse(c, BX_E_INVALID, "returned_on", "dropout.in_future", NULL);
    }
    if (day <= bx_rec_date(r, "discovered_on")) {
        return bx_refuse(c, BX_E_INVALID, "returned_on", "dropout.before_discovery", NULL);
    }
    if (load(c, r, &s) != BX_OK || observe(&s, day) != BX_OK) {
        return BX_FAIL;
    }

    bx_set_text(r, "back_to", bx_rec_state(r));
    bx_set_int(r, "observed", 0);
    bx_set_int(r, "round", bx_rec_int(r, "round") + 1);
    bx_set_time(r, "return_reported_at", BX_NO_TIME);
    bx_set_time(r, "return_signed_at", BX_NO_TIME);
    return bx_duties_write(&s, r);
}


bx_rc
bx_dropout_seen(bx_call *c, const bx_case *k, bx_date day)
{
    bx_duties  s;

    if (bx_duties_load(c, k, &s) != BX_OK || observe(&s, day) != BX_OK
        || bx_queue_move(c, bx_dropout_record, "seen", k->id, k->version, k->state) != BX_OK
        || bx_queue(c, 1, "UPDATE dropout_case SET back_to = ?, returned_on = ?, observed = 0, round = round + 1, return_reported_at = NULL,"
                    " return_signed_at = NULL WHERE id = ?",
                    BX_ARGS(bx_text(k->state), bx_text(bx_date_text(bx_call_arena(c), day)), bx_int(k->id))) != BX_OK)
    {
        return BX_FAIL;
    }

    return bx_duties_write(&s, NULL);
}


bx_rc
bx_dropout_return_report(bx_call *c, bx_record *r)
{
    static const char  sql[] =
        "INSERT INTO return_report (id, version, student_id, class_id, school_id, township_id, case_id, ordinal, returned_on, placed_in, brought_by,"
        " helper, reported_at, reported_by, created_at, updated_at, created_by) VALUES (?, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    json_t            *body = bx_call_body(c);
    bx_value           now = bx_text(bx_time_sql(bx_call_arena(c), bx_call_now(c)));
    bx_duties           s;

    if (bx_rec_has(r, "return_reported_at")) {
        return bx_refuse(c, BX_E_WRONG_STATE, "state", "dropout.reported_back", NULL);
    }
    if (load(c, r, &s) != BX_OK) {
        return BX_FAIL;
    }

    bx_duty_done(&s, "return_report");
    if (bx_duty_open(&s, "sign", bx_call_now(c), bx_call_now(c)) != BX_OK
        || bx_queue(c, 1, sql,
            BX_ARGS(bx_int(bx_id_new()), bx_int(r->scope.student), bx_int(r->scope.class_id), bx_int(r->scope.school),
                    r->scope.township == 0 ? bx_null() : bx_int(r->scope.township), bx_int(r->id), bx_int(bx_rec_int(r, "round")),
                    bx_text(bx_rec_text(r, "returned_on")), bx_text(json_string_value(json_object_get(body, "placed_in"))),
                    bx_text(json_string_value(json_object_get(body, "brought_by"))), bx_text(json_string_value(json_object_get(body, "helper"))),
                    now, bx_text(bx_call_actor(c)), now, now, bx_int(bx_call_account(c)))) != BX_OK)
    {
        return BX_FAIL;
    }

    bx_set_time(r, "return_reported_at", bx_call_now(c));
    return bx_duties_write(&s, r);
}


bx_rc
bx_dropout_sign(bx_call *c, bx_record *r)
{
    bx_value  now = bx_text(bx_time_sql(bx_call_arena(c), bx_call_now(c)));
    bx_duties  s;

    if (!bx_rec_has(r, "return_reported_at")) {
        return bx_refuse(c, BX_E_WRONG_STATE, "state", "dropout.no_return_report", NULL);
    }
    if (bx_rec_has(r, "return_signed_at")) {
        return bx_refuse(c, BX_E_WRONG_STATE, "state", "dropout.signed", NULL);
    }
    if (load(c, r, &s) != BX_OK
        || bx_queue(c, 1, "UPDATE return_report SET signed_at = ?, signed_by = ?, updated_at = ?, version = version + 1 WHERE case_id = ? AND ordinal = ?",
                    BX_ARGS(now, bx_text(bx_call_actor(c)), now, bx_int(r->id), bx_int(bx_rec_int(r, "round")))) != BX_OK)
    {
        return BX_FAIL;
    }

    bx_duty_done(&s, "sign");
    bx_set_time(r, "return_signed_at", bx_call_now(c));
    return bx_duties_write(&s, r);
}


bx_rc
bx_follow_up_review(bx_call *c, bx_record *r)
{
    bx_case   k;
    bx_duties  s;
    bool      found;

    if (bx_rec_date(r, "due_on") - 14 > bx_date_of(bx_call_now(c))) {
        return bx_refuse(c, BX_E_WRONG_STATE, "state", "dropout.review_early", NULL);
    }
    if (bx_case_read(c, bx_rec_int(r, "case_id"), &k, &found) != BX_OK) {
        return BX_FAIL;
    }
    if (!found || strcmp(k.state, "follow_up") != 0) {
        return bx_refuse(c, BX_E_WRONG_STATE, "state", "dropout.case_closed", NULL);
    }
    if (bx_duties_load(c, &k, &s) != BX_OK) {
        return BX_FAIL;
    }

    s.proof = "follow-ups";
    s.proof_id = bx_rec_id(r);
    bx_duty_done(&s, "review");
    bx_set_date(r, "reviewed_on", bx_date_of(bx_call_now(c)));
    bx_set_text(r, "reviewed_by", bx_call_actor(c));
    return bx_duties_write(&s, NULL);
}


/* Ends when its time is over and every review was made; an unexcused day meanwhile would have ended it otherwise. */
bx_rc
bx_dropout_close(bx_call *c, bx_record *r)
{
    bx_duties  s;

    if (bx_date_of(bx_call_now(c)) < bx_rec_date(r, "follow_up_until")) {
        return bx_refuse(c, BX_E_WRONG_STATE, "state", "dropout.follow_up_runs",
                         json_pack("{s:s}", "day", bx_rec_text(r, "follow_up_until")));
    }
    if (load(c, r, &s) != BX_OK) {
        return BX_FAIL;
    }
    if (bx_duty_find(&s, "review") != NULL) {
        return bx_refuse(c, BX_E_WRONG_STATE, "state", "dropout.reviews_missing", NULL);
    }

    bx_duty_done(&s, "close");
    bx_duty_drop(&s, NULL, "returned");
    bx_set_time(r, "closed_at", bx_call_now(c));
    return bx_duties_write(&s, r);
}
