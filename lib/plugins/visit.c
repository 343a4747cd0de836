/*
 * visit.c: what is done for a child who is missing, as records: contacts with guardians, written reports to the leading group,
 * home visits with their evidence (catalogue R4, R11). Owns these three. Which rungs of the absence ladder they close is
 * lib/flow/ladder_tasks.c; each of them does so in the very transaction that makes it.
 */

#include "plugins/attendance.h"
#include "plugins/dropout.h"

#include <string.h>

#define CLOCK  "([01][0-9]|2[0-3]):[0-5][0-9]"

static const bx_code channels[] = { { "phone" }, { "in_person" }, { "wechat" }, { "sms" }, { "other" }, { NULL } };
static const bx_code visit_kinds[] = {
    { "absence" }, { "general" }, { "focused" }, { "opening" }, { "no_show" }, { "signs" }, { "persuasion" }, { "persuasion_again" },
    { "joint" }, { "comfort" }, { "campaign" }, { "follow_up" }, { NULL }
};
static const bx_code ways[] = { { "in_person" }, { "phone" }, { "video" }, { NULL } };
static const bx_code effects[] = { { "comes_back" }, { "thinks" }, { "refuses" }, { "not_met" }, { "ill" }, { "moved" }, { "settled" }, { NULL } };

static const bx_code_list code_lists[] = {
    { "contact_channel", channels }, { "visit_kind", visit_kinds }, { "visit_way", ways }, { "visit_effect", effects }, { NULL, NULL }
};

/* ------------------------------------------------------------------ what they share */

/* The time of day and the day it happened, now without a word about it; never in the future, nor longer ago than a year. */
static bx_rc
set_when(bx_call *c, bx_record *r)
{
    bx_arena   *a = bx_call_arena(c);
    bx_time     now = bx_call_now(c), at;
    bx_date     day = bx_rec_has(r, "happened_on") ? bx_rec_date(r, "happened_on") : bx_date_of(now);
    const char *clock = bx_rec_text(r, "clock");
    int         minute;

    if (clock == NULL && day != bx_date_of(now)) {
        return bx_refuse(c, BX_E_INVALID, "clock", "required", NULL);
    }

    minute = clock == NULL ? bx_minute_of(now) : (clock[0] - '0') * 600 + (clock[1] - '0') * 60 + (clock[3] - '0') * 10 + clock[4] - '0';
    at = bx_time_at(day, minute);
    if (at > now) {
        return bx_refuse(c, BX_E_INVALID, day > bx_date_of(now) ? "happened_on" : "clock", "visit.in_future", NULL);
    }
    if (day < bx_date_of(now) - 366) {
        return bx_refuse(c, BX_E_INVALID, "happened_on", "visit.long_ago", NULL);
    }

    bx_set_date(r, "happened_on", day);
    bx_set_text(r, "clock", bx_sprintf(a, "%02d:%02d", minute / 60, minute % 60));
    bx_set_time(r, "at", at);
    bx_set_text(r, "made_by", bx_call_actor(c));
    return BX_OK;
}

/* The rungs this record closes, in its own transaction. */
static bx_rc
close_rungs(bx_call *c, const bx_record *r, const bx_ladder_proof *proof)
{
    bx_pending_proof  p = { bx_rec_student(r), *proof };
    bx_pending        pending = { .proofs = &p, .nproofs = 1 };
    bx_id             student = bx_rec_student(r);
    bx_date           day = bx_date_of(proof->at);

    p.proof.id = bx_rec_id(r);
    return bx_attendance_recompute(c, &student, 1, day, &pending);
}

static size_t
files_in(bx_call *c, const char *field)
{
    return json_array_size(json_object_get(bx_call_body(c), field));
}

/* ------------------------------------------------------------------ contacts */

static const bx_field contact_fields[] = {
    { "student_id",  BX_REF,  BX_REQUIRED | BX_FIXED,                0, 0, "students", NULL, NULL, NULL },
    { "happened_on", BX_DATE, BX_IN_LIST,                            0, 0, NULL, NULL, NULL, NULL },
    { "clock",       BX_TEXT, BX_IN_LIST,                            5, 5, NULL, CLOCK, NULL, NULL },
    { "channel",     BX_CODE, BX_REQUIRED | BX_IN_LIST | BX_FILTER,  0, 0, "contact_channel", NULL, NULL, NULL },
    { "reached",     BX_BOOL, BX_REQUIRED | BX_IN_LIST | BX_FILTER,  0, 0, NULL, NULL, NULL, NULL },
    { "person",      BX_TEXT, BX_IN_LIST,                            1, 60, NULL, NULL, NULL, NULL },
    { "reason",      BX_CODE, BX_IN_LIST | BX_FILTER,                0, 0, "absence_reason", NULL, NULL, NULL },
    { "words",       BX_TEXT, 0,                                     1, 500, NULL, NULL, NULL, NULL },
    { "at",          BX_TIME, BX_BY_HOOK,                            0, 0, NULL, NULL, NULL, NULL },
    { "made_by",     BX_TEXT, BX_BY_HOOK | BX_IN_LIST,               0, 60, NULL, NULL, NULL, NULL },
    { NULL, 0, 0, 0, 0, NULL, NULL, NULL, NULL }
};

/* Tries that nobody answered are kept, and close nothing. */
static bx_rc
contact_check(bx_call *c, bx_record *r)
{
    bx_ladder_proof  proof = { .kind = BX_PROOF_CONTACT, .in_person = true };

    if (set_when(c, r) != BX_OK) {
        return BX_FAIL;
    }
    if (bx_rec_int(r, "reached") == 0) {
        return BX_OK;
    }
    if (!bx_rec_has(r, "person")) {
        return bx_refuse(c, BX_E_INVALID, "person", "required", NULL);
    }
    if (!bx_rec_has(r, "reason")) {
        return bx_refuse(c, BX_E_INVALID, "reason", "required", NULL);
    }

    proof.at = bx_rec_time(r, "at");
    return close_rungs(c, r, &proof);
}

/* ------------------------------------------------------------------ written reports */

static const bx_field report_fields[] = {
    { "student_id",   BX_REF,  BX_REQUIRED | BX_FIXED,   0, 0, "students", NULL, NULL, NULL },
    { "measure",      BX_TEXT, BX_REQUIRED,              2, 500, NULL, NULL, NULL, NULL },
    { "first_on",     BX_DATE, BX_BY_HOOK | BX_IN_LIST,  0, 0, NULL, NULL, NULL, NULL },
    { "first_period", BX_INT,  BX_BY_HOOK,               0, 0, NULL, NULL, NULL, NULL },
    { "contacted_at", BX_TIME, BX_BY_HOOK,               0, 0, NULL, NULL, NULL, NULL },
    { "contacted",    BX_TEXT, BX_BY_HOOK | BX_IN_LIST,  0, 60, NULL, NULL, NULL, NULL },
    { "reason",       BX_CODE, BX_BY_HOOK | BX_IN_LIST,  0, 0, "absence_reason", NULL, NULL, NULL },
    { "words",        BX_TEXT, BX_BY_HOOK,               0, 500, NULL, NULL, NULL, NULL },
    { "sent_at",      BX_TIME, BX_BY_HOOK | BX_IN_LIST,  0, 0, NULL, NULL, NULL, NULL },
    { "made_by",      BX_TEXT, BX_BY_HOOK | BX_IN_LIST,  0, 60, NULL, NULL, NULL, NULL },
    { NULL, 0, 0, 0, 0, NULL, NULL, NULL, NULL }
};

static const char sql_report[] =
    "SELECT t.first_on, t.first_period, k.at, k.person, k.reason, k.words FROM absence_run t"
    " LEFT JOIN contact k ON k.student_id = t.student_id AND k.reached = 1 AND k.at >= t.first_on"
    " WHERE t.student_id = ? AND t.state <> 'void' ORDER BY t.first_on DESC, t.first_period DESC, k.at DESC LIMIT 1";

/* Filled from the run and the last contact; the class teacher adds the measure and nothing else. */
static bx_rc
report_check(bx_call *c, bx_record *r)
{
    bx_ladder_proof  proof = { .kind = BX_PROOF_REPORT, .at = bx_call_now(c) };
    bx_rows          rows;

    if (bx_query(c, &rows, sql_report, BX_ARGS(bx_int(bx_rec_student(r)))) != BX_OK) {
        return BX_FAIL;
    }
    if (rows.nrows == 0) {
        return bx_refuse(c, BX_E_INVALID, "student_id", "visit.no_absence", NULL);
    }

    bx_set_date(r, "first_on", bx_date_parse(bx_cell_text(&rows, 0, 0)));
    bx_set_int(r, "first_period", bx_cell_int(&rows, 0, 1));
    if (bx_cell_text(&rows, 0, 2) != NULL) {
        bx_set_time(r, "contacted_at", bx_time_parse_sql(bx_cell_text(&rows, 0, 2)));
        bx_set_text(r, "contacted", bx_cell_text(&rows, 0, 3));
        bx_set_text(r, "reason", bx_cell_text(&rows, 0, 4));
        bx_set_text(r, "words", bx_cell_text(&rows, 0, 5));
    }
    bx_set_time(r, "sent_at", bx_call_now(c));
    bx_set_text(r, "made_by", bx_call_actor(c));
    return close_rungs(c, r, &proof);
}

/* ------------------------------------------------------------------ home visits */

static const bx_field visit_fields[] = {
    { "student_id",   BX_REF,  BX_REQUIRED | BX_FIXED,               0, 0, "students", NULL, NULL, NULL },
    { "kind",         BX_CODE, BX_REQUIRED | BX_IN_LIST | BX_FILTER, 0, 0, "visit_kind", NULL, NULL, NULL },
    { "outline",      BX_TEXT, 0,                                    2, 500, NULL, NULL, NULL, NULL },
    { "happened_on",  BX_DATE, BX_IN_LIST,                           0, 0, NULL, NULL, NULL, NULL },
    { "clock",        BX_TEXT, 0,                                    5, 5, NULL, CLOCK, NULL, NULL },
    { "way",          BX_CODE, BX_REQUIRED | BX_IN_LIST | BX_FILTER, 0, 0, "visit_way", NULL, NULL, NULL },
    { "way_reason",   BX_TEXT, 0,                                    2, 200, NULL, NULL, NULL, NULL },
    { "place",        BX_TEXT, 0,                                    1, 100, NULL, NULL, NULL, NULL },
    { "with_teacher", BX_BOOL, 0,                                    0, 0, NULL, NULL, NULL, NULL },
    { "with_subject", BX_BOOL, 0,                                    0, 0, NULL, NULL, NULL, NULL },
    { "with_middle",  BX_BOOL, 0,                                    0, 0, NULL, NULL, NULL, NULL },
    { "with_leader",  BX_BOOL, 0,                                    0, 0, NULL, NULL, NULL, NULL },
    { "visitors",     BX_TEXT, BX_REQUIRED | BX_IN_LIST,             2, 200, NULL, NULL, NULL, NULL },
    { "talked_to",    BX_TEXT, BX_REQUIRED,                          1, 60, NULL, NULL, NULL, NULL },
    { "words",        BX_TEXT, BX_REQUIRED,                          2, 1000, NULL, NULL, NULL, NULL },
    { "situation",    BX_TEXT, 0,                                    2, 1000, NULL, NULL, NULL, NULL },
    { "wishes",       BX_TEXT, 0,                                    2, 500, NULL, NULL, NULL, NULL },
    { "advice",       BX_TEXT, 0,                                    2, 500, NULL, NULL, NULL, NULL },
    { "effect",       BX_CODE, BX_REQUIRED | BX_IN_LIST | BX_FILTER, 0, 0, "visit_effect", NULL, NULL, NULL },
    { "photos",       BX_FILES, 0,                                   0, 9, NULL, NULL, NULL, NULL },
    { "signature",    BX_FILES, 0,                                   0, 2, NULL, NULL, NULL, NULL },
    { "witness",      BX_TEXT, 0,                                    2, 60, NULL, NULL, NULL, NULL },
    { "no_evidence",  BX_TEXT, 0,                                    4, 200, NULL, NULL, NULL, NULL },
    { "at",           BX_TIME, BX_BY_HOOK,                           0, 0, NULL, NULL, NULL, NULL },
    { "made_by",      BX_TEXT, BX_BY_HOOK | BX_IN_LIST,              0, 60, NULL, NULL, NULL, NULL },
    { NULL, 0, 0, 0, 0, NULL, NULL, NULL, NULL }
};

static bool
is_true(const bx_record *r, const char *field)
{
    return bx_rec_int(r, field) != 0;
}

/* Photos, a signature, a witness from the village, or why there is none of these. */
static bool
has_evidence(bx_call *c, const bx_record *r)
{
    return files_in(c, "photos") > 0 || files_in(c, "signature") > 0 || bx_rec_has(r, "witness") || bx_rec_has(r, "no_evidence");
}

/* In a dropout case a visit is an attempt to persuade, without anybody writing it twice. That a child is ill or has moved is none. */
static bx_rc
count_attempt(bx_call *c, const bx_record *r)
{
    static const char *const  outcomes[][2] = { { "comes_back", "agreed" }, { "thinks", "undecided" }, { "refuses", "refused" }, { "not_met", "nobody" } };
    const char               *way = bx_rec_text(r, "way"), *effect = bx_rec_text(r, "effect");

    for (size_t i = 0; i < sizeof(outcomes) / sizeof(outcomes[0]) && bx_record_find("dropout-cases") != NULL; i++) {
        if (strcmp(effect, outcomes[i][0]) == 0) {
            return bx_dropout_visit(c, bx_rec_student(r), bx_rec_id(r), strcmp(way, "in_person") == 0 ? "home_visit" : way,
                                    bx_date_of(bx_rec_time(r, "at")), bx_rec_text(r, "visitors"), is_true(r, "with_subject"),
                                    bx_rec_text(r, "talked_to"), bx_rec_text(r, "words"), outcomes[i][1]);
        }
    }

    return BX_OK;
}


static bx_rc
visit_check(bx_call *c, bx_record *r)
{
    static const char *const  with[] = { "with_teacher", "with_subject", "with_middle", "with_leader" };
    bx_ladder_proof           proof = { .kind = BX_PROOF_VISIT };
    bool                      in_person = strcmp(bx_rec_text(r, "way"), "in_person") == 0;

    if (set_when(c, r) != BX_OK) {
        return BX_FAIL;
    }
    for (size_t i = 0; i < sizeof(with) / sizeof(with[0]); i++) {
        if (!bx_rec_has(r, with[i])) {
            bx_set_int(r, with[i], 0);
        }
    }
    if (!is_true(r, "with_teacher") && !is_true(r, "with_subject") && !is_true(r, "with_middle") && !is_true(r, "with_leader")) {
        return bx_refuse(c, BX_E_INVALID, "with_teacher", "visit.nobody", NULL);
    }
    if (!in_person && !bx_rec_has(r, "way_reason")) {
        return bx_refuse(c, BX_E_INVALID, "way_reason", "visit.why_not_there", NULL);
    }
    if (in_person && !bx_rec_has(r, "place")) {
        return bx_refuse(c, BX_E_INVALID, "place", "required", NULL);
    }
    if (!has_evidence(c, r)) {
        return bx_refuse(c, BX_E_INVALID, "photos", "visit.evidence", NULL);
    }

    proof.at = bx_rec_time(r, "at");
    proof.in_person = in_person;
    proof.roles = (is_true(r, "with_teacher") || is_true(r, "with_subject") ? BX_VISIT_TEACHER : 0u)
                  | (is_true(r, "with_middle") ? BX_VISIT_MIDDLE : 0u) | (is_true(r, "with_leader") ? BX_VISIT_LEADER : 0u);
    return close_rungs(c, r, &proof) == BX_OK ? count_attempt(c, r) : BX_FAIL;
}

/* ------------------------------------------------------------------ tables */

static const bx_record_def records[] = {
    { .name = "contacts", .table = "contact", .scope = BX_SCOPE_STUDENT, .fields = contact_fields, .read = "contact.read",
      .create = "contact.record", .check = contact_check },
    { .name = "absence-reports", .table = "absence_report", .scope = BX_SCOPE_STUDENT, .fields = report_fields,
      .read = "absence_report.read", .create = "absence_report.send", .check = report_check },
    { .name = "home-visits", .table = "home_visit", .scope = BX_SCOPE_STUDENT, .fields = visit_fields, .read = "visit.read",
      .create = "visit.record", .check = visit_check },
    { .name = NULL }
};

static const bx_grant grants[] = {
    { "teacher",   "contact.read contact.record absence_report.read absence_report.send visit.read visit.record" },
    { "subject",   "contact.read visit.read visit.record" },
    { "grade",     "contact.read contact.record absence_report.read visit.read visit.record" },
    { "office",    "contact.read contact.record absence_report.read visit.read visit.record" },
    { "vice",      "contact.read absence_report.read visit.read visit.record" },
    { "principal", "contact.read absence_report.read visit.read visit.record" },
    { "psych",     "contact.read visit.read visit.record" },
    { "township",  "visit.read" },
    { "county",    "absence_report.read visit.read" },
    { NULL, NULL }
};

static const bx_menu menu[] = {
    { "home-visits", "#/home-visits", "door", "visit.read" },
    { NULL, NULL, NULL, NULL }
};

const bx_plugin bx_plugin_visit = {
    .abi = BX_PLUGIN_ABI, .name = "visit", .records = records, .codes = code_lists, .grants = grants, .menu = menu
};
