/* dropout_attempt.c: attempts to persuade, refusals, trackings: records that may be added in every open state of a case; and
 * reports of suspected harm. Owns the count of attempts and what the third failed one sets off. */

#include "flow/calendar.h"
#include "flow/flow.h"
#include "plugins/dropout.h"

#include <string.h>


/* The open case that a record names, which must be the child's. */
static bx_rc
case_named(bx_call *c, const bx_record *r, bx_case *k)
{
    bool  found;

    if (bx_case_read(c, bx_rec_int(r, "case_id"), k, &found) != BX_OK) {
        return BX_FAIL;
    }
    if (!found || k->student != bx_rec_student(r)) {
        return bx_refuse(c, BX_E_INVALID, "case_id", "not_found", NULL);
    }

    return bx_case_is_open(k->state) ? BX_OK : bx_refuse(c, BX_E_WRONG_STATE, "state", "dropout.case_closed", NULL);
}


/* A day between discovery and today. */
static bx_rc
day_of(bx_call *c, const bx_record *r, const char *field, const bx_case *k, bx_date *out)
{
    *out = bx_rec_date(r, field);
    if (*out > bx_date_of(bx_call_now(c))) {
        return bx_refuse(c, BX_E_INVALID, field, "dropout.in_future", NULL);
    }

    return *out < k->discovered ? bx_refuse(c, BX_E_INVALID, field, "dropout.before_discovery", NULL) : BX_OK;
}


/* Counts an attempt; after the n-th failed one the bureau is called for joint persuasion, once the case has come that far. */
static bx_rc
attempt_count(bx_duties *s, bx_date on, bool failed)
{
    int64_t  after;
    bx_time  end = bx_time_at(on, 24 * 60) - 1, at = end < bx_call_now(s->c) ? end : bx_call_now(s->c);

    s->of.attempts++;
    s->of.failed += failed;
    if (bx_rule_int(s->c, "dropout.joint_after", s->of.class_id, &after) != BX_OK) {
        return BX_FAIL;
    }
    if (!failed || s->of.failed != after) {
        return BX_OK;
    }

    return bx_duty_open(s, "joint", at, bx_call_now(s->c));
}


/* A home visit, meeting or visit with the village that a subject teacher takes part in is the second persuasion. */
static bx_rc
second_persuasion(bx_duties *s, const char *way, bx_date on, int64_t subject_teachers)
{
    bx_duty *t = bx_duty_find(s, "persuade");
    int64_t  min;

    if (t == NULL || on < bx_date_of(t->trigger) || strcmp(way, "phone") == 0 || strcmp(way, "video") == 0) {
        return BX_OK;
    }
    if (bx_rule_int(s->c, "visit.subject_min", s->of.class_id, &min) != BX_OK) {
        return BX_FAIL;
    }
    if (subject_teachers >= min) {
        bx_duty_done(s, "persuade");
    }

    return BX_OK;
}


static bx_rc
counts_write(bx_duties *s)
{
    if (bx_queue(s->c, 1, "UPDATE dropout_case SET attempts = ?, failed = ? WHERE id = ? AND state = ?",
                 BX_ARGS(bx_int(s->of.attempts), bx_int(s->of.failed), bx_int(s->of.id), bx_text(s->of.state))) != BX_OK)
    {
        return BX_FAIL;
    }

    return bx_duties_write(s, NULL);
}


bx_rc
bx_persuasion_check(bx_call *c, bx_record *r)
{
    bx_case      k;
    bx_duties     s;
    bx_date      on;
    const char  *outcome = bx_rec_text(r, "outcome"), *way = bx_rec_text(r, "way");
    bool         failed = strcmp(outcome, "agreed") != 0;

    if (strcmp(way, "joint") == 0) {
        return bx_refuse(c, BX_E_INVALID, "way", "dropout.joint_by_bureau", NULL);
    }
    if (!failed && !bx_rec_has(r, "promised_on")) {
        return bx_refuse(c, BX_E_INVALID, "promised_on", "required", NULL);
    }
    if (case_named(c, r, &k) != BX_OK || day_of(c, r, "made_on", &k, &on) != BX_OK || bx_duties_load(c, &k, &s) != BX_OK
        || attempt_count(&s, on, failed) != BX_OK || second_persuasion(&s, way, on, bx_rec_int(r, "subject_teachers")) != BX_OK)
    {
        return BX_FAIL;
    }

    s.proof = "persuasions";
    s.proof_id = bx_rec_id(r);
    bx_set_int(r, "attempt_no", s.of.attempts);
    return counts_write(&s);
}


bx_rc
bx_attempt_queue(bx_duties *s, const char *way, bx_date on, const char *people, const char *effect, const char *outcome)
{
    static const char  sql[] =
        "INSERT INTO persuasion (id, version, student_id, class_id, school_id, township_id, case_id, attempt_no, way, made_on, people, with_whom,"
        " outcome, effect, created_at, updated_at, created_by) VALUES (?, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, '', ?, ?, ?, ?, ?)";
    bx_arena          *a = bx_call_arena(s->c);
    bx_case           *k = &s->of;
    bx_value           now = bx_text(bx_time_sql(a, bx_call_now(s->c)));

    if (attempt_count(s, on, strcmp(outcome, "agreed") != 0) != BX_OK) {
        return BX_FAIL;
    }

    return bx_queue(s->c, 1, sql,
        BX_ARGS(bx_int(bx_id_new()), bx_int(k->student), bx_int(k->class_id), bx_int(k->school),
                k->township == 0 ? bx_null() : bx_int(k->township), bx_int(k->id), bx_int(k->attempts), bx_text(way),
                bx_text(bx_date_text(a, on)), bx_text(people), bx_text(outcome), bx_text(effect), now, now, bx_int(bx_call_account(s->c))));
}


/* The first n characters. */
static const char *
first_of(bx_call *c, const char *s, size_t n)
{
    size_t  len = 0, seen = 0;

    while (s[len] != '\0' && (seen < n || ((unsigned char) s[len] & 0xC0) == 0x80)) {
        seen += ((unsigned char) s[len] & 0xC0) != 0x80;
        len++;
    }

    return bx_strndup(bx_call_arena(c), s, len);
}


/* The visit's own record says the rest; where it is the second persuasion it is that too. */
bx_rc
bx_dropout_visit(bx_call *c, bx_id student, bx_id visit, const char *way, bx_date on, const char *people, int subject_teachers,
                 const char *with_whom, const char *effect, const char *outcome)
{
    static const char  sql[] = "UPDATE persuasion SET visit_id = ?, with_whom = ?, subject_teachers = ? WHERE case_id = ? AND attempt_no = ?";
    bx_rows            rows;
    bx_case            k;
    bx_duties          s;
    bool               found;

    if (bx_query(c, &rows, "SELECT id FROM dropout_case WHERE open_student = ?", BX_ARGS(bx_int(student))) != BX_OK) {
        return BX_FAIL;
    }
    if (rows.nrows == 0) {
        return BX_OK;
    }
    if (bx_case_read(c, bx_cell_int(&rows, 0, 0), &k, &found) != BX_OK || bx_duties_load(c, &k, &s) != BX_OK) {
        return BX_FAIL;
    }
    if (bx_time_at(on, 24 * 60) <= k.opened || strcmp(k.state, "follow_up") == 0 || strcmp(k.state, "observing") == 0) {
        return BX_OK;
    }

    s.proof = "home-visits";
    s.proof_id = visit;
    if (bx_attempt_queue(&s, way, on, people, first_of(c, effect, 500), outcome) != BX_OK
        || bx_queue(c, 1, sql, BX_ARGS(bx_int(visit), bx_text(with_whom), bx_int(subject_teachers), bx_int(k.id), bx_int(s.of.attempts))) != BX_OK
        || second_persuasion(&s, way, on, subject_teachers) != BX_OK)
    {
        return BX_FAIL;
    }

    return counts_write(&s);
}


bx_rc
bx_refusal_check(bx_call *c, bx_record *r)
{
    bx_case      k;
    bx_date      on;

    if (strcmp(bx_rec_text(r, "receipt"), "refused") == 0 && !bx_rec_has(r, "witness")) {
        return bx_refuse(c, BX_E_INVALID, "witness", "dropout.witness", NULL);
    }
    if (json_array_size(json_object_get(bx_call_body(c), "photos")) == 0) {
        return bx_refuse(c, BX_E_INVALID, "photos", "required", NULL);
    }
    if (case_named(c, r, &k) != BX_OK || day_of(c, r, "refused_on", &k, &on) != BX_OK) {
        return BX_FAIL;
    }

    return bx_queue(c, 1, "UPDATE dropout_case SET seq = seq + 1 WHERE id = ? AND state = ?", BX_ARGS(bx_int(k.id), bx_text(k.state)));
}


bx_rc
bx_tracking_check(bx_call *c, bx_record *r)
{
    bx_case   k;
    bx_duties  s;
    bx_date   on;

    if (case_named(c, r, &k) != BX_OK || day_of(c, r, "tracked_on", &k, &on) != BX_OK || bx_duties_load(c, &k, &s) != BX_OK) {
        return BX_FAIL;
    }

    s.proof = "trackings";
    s.proof_id = bx_rec_id(r);
    bx_duty_done(&s, "tracking");
    return bx_duties_write(&s, NULL);
}


bx_rc
bx_urgent_raise(bx_call *c, bx_record *r)
{
    bx_set_text(r, "raised_by", bx_call_actor(c));
    return bx_urgent_tell(c, r);
}
