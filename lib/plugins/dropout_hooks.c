/* dropout_hooks.c: what happens when somebody acts on a case that is not back at school: form, review, report, verification,
 * joint persuasion, claims of a transfer, the decision that it is none. Notices are dropout_notice.c's, returns dropout_return.c's. */

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


static const char *
body_text(bx_call *c, const char *name)
{
    return json_string_value(json_object_get(bx_call_body(c), name));
}


static bx_rc
body_past_date(bx_call *c, const char *name, bx_date not_before, bx_date *out)
{
    const char *s = body_text(c, name);

    *out = s == NULL ? BX_NO_DATE : bx_date_parse(s);
    if (*out == BX_NO_DATE) {
        return bx_refuse(c, BX_E_INVALID, name, "not_date", NULL);
    }
    if (*out > bx_date_of(bx_call_now(c))) {
        return bx_refuse(c, BX_E_INVALID, name, "dropout.in_future", NULL);
    }

    return *out < not_before ? bx_refuse(c, BX_E_INVALID, name, "dropout.before_discovery", NULL) : BX_OK;
}


/* When a day named by somebody is over; never later than now. */
static bx_time
end_of(bx_call *c, bx_date day)
{
    bx_time  end = bx_time_at(day, 24 * 60) - 1;

    return end < bx_call_now(c) ? end : bx_call_now(c);
}


/* ---- form, review, report */

/* The class teacher's form, also written again: then it is to be reviewed again. */
bx_rc
bx_dropout_form(bx_call *c, bx_record *r)
{
    bx_duties     s;
    const char  *where = bx_rec_text(r, "whereabouts_text");

    if (strcmp(bx_rec_text(r, "whereabouts"), "elsewhere") == 0 && (where == NULL || *where == '\0')) {
        return bx_refuse(c, BX_E_INVALID, "whereabouts_text", "dropout.where", NULL);
    }
    if (load(c, r, &s) != BX_OK) {
        return BX_FAIL;
    }

    bx_duty_done(&s, "form");
    bx_set_int(r, "reviewed", 0);
    return bx_duties_write(&s, r);
}


bx_rc
bx_dropout_send_back(bx_call *c, bx_record *r)
{
    bx_duties  s;

    if (load(c, r, &s) != BX_OK) {
        return BX_FAIL;
    }

    bx_duty_reopen(&s, "form");
    bx_set_int(r, "reviewed", 0);
    return bx_duties_write(&s, r);
}


bx_rc
bx_dropout_review(bx_call *c, bx_record *r)
{
    (void) c;
    bx_set_int(r, "reviewed", 1);
    return BX_OK;
}


/* The unit over the school, when that is a central school. */
static bx_rc
is_central(bx_call *c, bx_id unit, bool *yes)
{
    bx_rows  rows;

    *yes = false;
    if (unit == 0) {
        return BX_OK;
    }
    if (bx_query(c, &rows, "SELECT level = 'central_school' FROM org_unit WHERE id = ?", BX_ARGS(bx_int(unit))) != BX_OK) {
        return BX_FAIL;
    }

    *yes = rows.nrows > 0 && bx_cell_int(&rows, 0, 0) != 0;
    return BX_OK;
}


/* To the bureau, or to the central school where one reads first. The township is told by the same act: the case is in its list. */
bx_rc
bx_dropout_report(bx_call *c, bx_record *r)
{
    bx_duties  s;
    int64_t   central;
    bool      via_central;

    if (load(c, r, &s) != BX_OK || bx_rule_int(c, "dropout.via_central", bx_rec_school(r), &central) != BX_OK
        || is_central(c, r->scope.central, &via_central) != BX_OK)
    {
        return BX_FAIL;
    }

    via_central = via_central && central != 0;
    bx_duty_done(&s, strcmp(bx_rec_state(r), "correction") == 0 ? "correct" : "report");
    if (bx_duty_open(&s, via_central ? "forward" : "verify", bx_call_now(c), bx_call_now(c)) != BX_OK) {
        return BX_FAIL;
    }

    bx_set_text(r, "via", via_central ? "central" : "bureau");
    if (!bx_rec_has(r, "reported_at")) {
        bx_set_time(r, "reported_at", bx_call_now(c));
    }
    bx_set_time(r, "received_at", BX_NO_TIME);
    if (s.of.township != 0 && bx_dropout_tell(c, &s.of, "dropout.reported", "township", s.of.township) != BX_OK) {
        return BX_FAIL;
    }
    return bx_duties_write(&s, r);
}


/* Does the caller answer for the central school above the case's school? A principal of the school itself does not. */
static bool
of_central(const bx_call *c, const bx_record *r)
{
    for (unsigned i = 0; c->who != NULL && i < c->who->ngrants; i++) {
        const bx_session_grant *g = &c->who->grants[i];

        if (g->level == BX_LEVEL_CENTRAL && g->unit == r->scope.central) {
            return true;
        }
    }

    return false;
}


bx_rc
bx_dropout_forward(bx_call *c, bx_record *r)
{
    bx_duties  s;

    if (!of_central(c, r)) {
        return bx_refuse(c, BX_E_FORBIDDEN, NULL, NULL, NULL);
    }
    if (load(c, r, &s) != BX_OK) {
        return BX_FAIL;
    }

    bx_duty_done(&s, "forward");
    bx_set_text(r, "via", "bureau");
    return bx_duty_open(&s, "verify", bx_call_now(c), bx_call_now(c)) == BX_OK ? bx_duties_write(&s, r) : BX_FAIL;
}


bx_rc
bx_dropout_receive(bx_call *c, bx_record *r)
{
    if (bx_rec_has(r, "received_at")) {
        return bx_refuse(c, BX_E_WRONG_STATE, "state", "dropout.received", NULL);
    }

    bx_set_time(r, "received_at", bx_call_now(c));
    return BX_OK;
}


bx_rc
bx_dropout_township_receive(bx_call *c, bx_record *r)
{
    if (bx_rec_has(r, "township_received_at")) {
        return bx_refuse(c, BX_E_WRONG_STATE, "state", "dropout.received", NULL);
    }

    bx_set_time(r, "township_received_at", bx_call_now(c));
    return BX_OK;
}


/* ---- the bureau's answer */

static void
received_by_now(bx_call *c, bx_record *r)
{
    if (!bx_rec_has(r, "received_at")) {
        bx_set_time(r, "received_at", bx_call_now(c));
    }
}


bx_rc
bx_dropout_confirm(bx_call *c, bx_record *r)
{
    bx_duties  s;

    if (load(c, r, &s) != BX_OK) {
        return BX_FAIL;
    }

    received_by_now(c, r);
    bx_set_time(r, "confirmed_at", bx_call_now(c));
    bx_duty_done(&s, "verify");
    if (bx_dropout_tell(c, &s.of, "dropout.confirmed", "office", s.of.school) != BX_OK) {
        return BX_FAIL;
    }
    return bx_duty_open(&s, "notice", bx_call_now(c), bx_call_now(c)) == BX_OK ? bx_duties_write(&s, r) : BX_FAIL;
}


/* By whom the report lies: the central school sends it back before the bureau has seen it. */
bx_rc
bx_dropout_correct(bx_call *c, bx_record *r)
{
    bool       central = strcmp(bx_rec_text(r, "via"), "central") == 0;
    bx_duties  s;

    if (central && !of_central(c, r)) {
        return bx_refuse(c, BX_E_FORBIDDEN, NULL, NULL, NULL);
    }
    if (load(c, r, &s) != BX_OK) {
        return BX_FAIL;
    }

    if (!central) {
        received_by_now(c, r);
    }
    bx_set_int(r, "reviewed", 0);
    bx_duty_done(&s, central ? "forward" : "verify");
    return bx_duty_open(&s, "correct", bx_call_now(c), bx_call_now(c)) == BX_OK ? bx_duties_write(&s, r) : BX_FAIL;
}


/* The case ends without a return: nothing in it is to be done any more, its notices are void. */
static bx_rc
end_case(bx_call *c, bx_record *r, const char *why)
{
    bx_duties  s;

    if (load(c, r, &s) != BX_OK
        || bx_queue_moves(c, "return-notices", "drop", "t.case_id = ?", BX_ARGS(bx_int(bx_rec_id(r)))) != BX_OK)
    {
        return BX_FAIL;
    }

    if (strcmp(why, "transferred") == 0) {
        bx_duty_done(&s, "transfer");
    }
    bx_duty_done(&s, "verify");
    bx_duty_drop(&s, NULL, why);
    bx_set_time(r, "closed_at", bx_call_now(c));
    return bx_duties_write(&s, r);
}


bx_rc
bx_dropout_not_dropout(bx_call *c, bx_record *r)
{
    return end_case(c, r, "not_dropout");
}


/* ---- telling */

static bx_rc
told(bx_call *c, bx_record *r, const char *step)
{
    bx_duties  s;

    if (load(c, r, &s) != BX_OK) {
        return BX_FAIL;
    }
    if (bx_duty_find(&s, step) == NULL) {
        return bx_refuse(c, BX_E_WRONG_STATE, "state", "dropout.nothing_to_tell", NULL);
    }

    bx_duty_done(&s, step);
    return bx_duties_write(&s, r);
}


bx_rc
bx_dropout_tell_township(bx_call *c, bx_record *r)
{
    return told(c, r, "tell_township");
}


bx_rc
bx_dropout_tell_bureau(bx_call *c, bx_record *r)
{
    return told(c, r, "tell_bureau");
}


/* ---- joint persuasion and what the township does */

static bx_rc
joint(bx_call *c, bx_record *r, const char *outcome)
{
    bx_duties  s;
    bx_date   held;

    if (body_past_date(c, "held_on", bx_rec_date(r, "discovered_on"), &held) != BX_OK || load(c, r, &s) != BX_OK
        || bx_attempt_queue(&s, "joint", held, body_text(c, "people"), body_text(c, "effect"), outcome) != BX_OK)
    {
        return BX_FAIL;
    }

    bx_duty_done(&s, "joint");
    if (strcmp(outcome, "refused") == 0 && bx_duty_open(&s, "order", end_of(c, held), bx_call_now(c)) != BX_OK) {
        return BX_FAIL;
    }

    bx_set_int(r, "attempts", s.of.attempts);
    bx_set_int(r, "failed", s.of.failed);
    return bx_duties_write(&s, r);
}


bx_rc
bx_dropout_joint_agreed(bx_call *c, bx_record *r)
{
    return joint(c, r, "agreed");
}


bx_rc
bx_dropout_joint_failed(bx_call *c, bx_record *r)
{
    return joint(c, r, "refused");
}


/* What the township does beside and after the order: admonition, mediation, what a court or the police were asked for. The
 * comment of the history is the record. */
bx_rc
bx_dropout_measure(bx_call *c, bx_record *r)
{
    (void) c;
    (void) r;
    return BX_OK;
}


/* ---- at school elsewhere */

/* A claim stops nothing. It is confirmed by the receiving school within days, or the child counts as lost. */
bx_rc
bx_dropout_claim(bx_call *c, bx_record *r)
{
    bx_duties  s;
    bx_date   on = bx_rec_date(r, "claim_on");

    if (on > bx_date_of(bx_call_now(c))) {
        return bx_refuse(c, BX_E_INVALID, "claim_on", "dropout.in_future", NULL);
    }
    if (on < bx_rec_date(r, "discovered_on")) {
        return bx_refuse(c, BX_E_INVALID, "claim_on", "dropout.before_discovery", NULL);
    }
    if (load(c, r, &s) != BX_OK) {
        return BX_FAIL;
    }

    bx_duty_drop(&s, "transfer", "claimed_again");
    return bx_duty_open(&s, "transfer", end_of(c, on), bx_call_now(c)) == BX_OK ? bx_duties_write(&s, r) : BX_FAIL;
}


bx_rc
bx_dropout_accept(bx_call *c, bx_record *r)
{
    if (json_array_size(json_object_get(bx_call_body(c), "acceptance")) == 0) {
        return bx_refuse(c, BX_E_INVALID, "acceptance", "required", NULL);
    }
    if (bx_rec_date(r, "transfer_on") > bx_date_of(bx_call_now(c))) {
        return bx_refuse(c, BX_E_INVALID, "transfer_on", "dropout.in_future", NULL);
    }

    return BX_OK;
}


bx_rc
bx_dropout_transfer(bx_call *c, bx_record *r)
{
    if (!bx_rec_has(r, "transfer_to")) {
        return bx_refuse(c, BX_E_WRONG_STATE, "state", "dropout.no_acceptance", NULL);
    }

    return end_case(c, r, "transferred");
}
