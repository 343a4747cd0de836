/* dropout.c: the dropout case (catalogue W4): fields, states and who may do what, as tables; rules, roles, jobs, tasks.
 * Owns the case from suspicion until the child is back and stays. Does not own the absences that open it (attendance) nor the
 * records kept in it (dropout_records.c).
 *
 * A case never ends by expulsion, by persuading a child to leave or by sending it home: there is no such action. It ends when
 * the child was seen attending for some days, the return report is signed and the follow-up passed without an unexcused day;
 * when the receiving school has confirmed a transfer; when it turns out to be none; or when the child is lost again, and then a
 * linked case takes over. */

#include "plugins/dropout.h"
#include "plugins/dropout_records.h"

static const bx_code origins[] = { { "ladder" }, { "hand" }, { "no_show" }, { "comparison" }, { "survey" }, { "relapse" }, { NULL } };
static const bx_code causes[] = {                                       /* catalogue section 6 */
    { "dislikes_school" }, { "fears_teacher" }, { "learning" }, { "poverty" }, { "single_parent" }, { "family_change" }, { "lost_parents" },
    { "illness" }, { "disaster" }, { "disability" }, { "law" }, { "early_marriage" }, { "work" }, { "internet" }, { "mental" },
    { "parents_view" }, { "migration" }, { "school_fault" }, { "unknown" }, { "other" }, { NULL }
};
static const bx_code whereabouts[] = { { "home" }, { "elsewhere" }, { "unknown" }, { NULL } };
static const bx_code steps[] = {
    { "list" }, { "form" }, { "report" }, { "forward" }, { "verify" }, { "correct" }, { "notice" }, { "serve" }, { "return" }, { "persuade" },
    { "tell_township" }, { "joint" }, { "order" }, { "serve_order" }, { "return_order" }, { "return_report" }, { "sign" }, { "review" },
    { "close" }, { "tell_bureau" }, { "transfer" }, { "tracking" }, { NULL }
};
static const bx_code vias[] = { { "central" }, { "bureau" }, { NULL } };
static const bx_code states_code[] = { { "suspected" }, { "formal" }, { "reported" }, { "correction" }, { "confirmed" }, { "noticed" }, { "joint" },
                                       { "township" }, { NULL } };

static const bx_code_list code_lists[] = {
    { "dropout_origin", origins }, { "dropout_cause", causes }, { "whereabouts", whereabouts }, { "dropout_step", steps },
    { "dropout_via", vias }, { "dropout_state", states_code },
    { "persuasion_way", bx_persuasion_ways }, { "persuasion_outcome", bx_persuasion_outcomes }, { "plan_kind", bx_plan_kinds },
    { "refused_by", bx_refused_by }, { "receipt", bx_receipts }, { "notice_kind", bx_notice_kinds }, { "served_how", bx_served_how },
    { "evaluation", bx_evaluations }, { "urgent_kind", bx_urgent_kinds }, { NULL, NULL }
};

#define HOOK   BX_BY_HOOK
#define CODE(n, flags, list)       { n, BX_CODE, flags, 0, 0, list, NULL, NULL, NULL }
#define TEXT(n, flags, lo, hi)     { n, BX_TEXT, flags, lo, hi, NULL, NULL, NULL, NULL }
#define DAY(n, flags)              { n, BX_DATE, flags, 0, 0, NULL, NULL, NULL, NULL }
#define INSTANT(n)                 { n, BX_TIME, HOOK, 0, 0, NULL, NULL, NULL, NULL }
#define COUNT(n, flags)            { n, BX_INT, HOOK | (flags), 0, 9999, NULL, NULL, NULL, NULL }
#define YES(n, flags)              { n, BX_BOOL, HOOK | (flags), 0, 0, NULL, NULL, NULL, NULL }
#define FILES(n, flags, hi)        { n, BX_FILES, flags, 0, hi, NULL, NULL, NULL, NULL }
#define END                        { NULL, 0, 0, 0, 0, NULL, NULL, NULL, NULL }

static const bx_field fields[] = {
    { "student_id", BX_REF, BX_REQUIRED | BX_FIXED, 0, 0, "students", NULL, NULL, NULL },
    CODE("origin", BX_FIXED | BX_FILTER, "dropout_origin"),
    DAY("last_seen_on", BX_REQUIRED | BX_FIXED),
    TEXT("opened_why", BX_REQUIRED | BX_FIXED, 2, 500),
    DAY("discovered_on", HOOK | BX_IN_LIST),
    INSTANT("trigger_at"), INSTANT("week_at"),
    CODE("next_step", HOOK | BX_IN_LIST | BX_FILTER, "dropout_step"),
    TEXT("next_role", HOOK | BX_FILTER, 0, 16),
    { "due_at", BX_TIME, HOOK | BX_IN_LIST, 0, 0, NULL, NULL, NULL, NULL },
    YES("late", BX_FILTER),
    COUNT("attempts", BX_IN_LIST), COUNT("failed", 0),
    CODE("cause", HOOK | BX_FILTER, "dropout_cause"),
    TEXT("cause_text", HOOK, 0, 1000),
    CODE("whereabouts", HOOK | BX_FILTER, "whereabouts"),
    TEXT("whereabouts_text", HOOK, 0, 300),
    TEXT("measures", HOOK, 0, 1000), TEXT("plan", HOOK, 0, 1000),
    YES("reviewed", 0), TEXT("review_text", HOOK, 0, 1000),
    CODE("via", HOOK, "dropout_via"),
    INSTANT("reported_at"), INSTANT("received_at"), INSTANT("township_received_at"),
    TEXT("verdict_text", HOOK, 0, 1000),
    INSTANT("confirmed_at"), INSTANT("return_by"),
    CODE("back_to", HOOK, "dropout_state"),
    DAY("returned_on", HOOK), COUNT("observed", 0),
    INSTANT("return_reported_at"), INSTANT("return_signed_at"),
    INSTANT("follow_up_from"), DAY("follow_up_until", HOOK),
    { "linked_id", BX_REF, HOOK, 0, 0, "dropout-cases", NULL, NULL, NULL },
    COUNT("relapse_no", 0),
    DAY("claim_on", HOOK), TEXT("claim_text", HOOK, 0, 300),
    TEXT("transfer_to", HOOK, 0, 100), DAY("transfer_on", HOOK), FILES("acceptance", HOOK, 3),
    FILES("evidence", HOOK, 6),
    INSTANT("closed_at"),
    COUNT("round", BX_NO_JSON), COUNT("seq", BX_NO_JSON),
    END
};

/* ---- bodies of actions */

static const bx_field form_fields[] = {                                 /* R5, R6, R7 */
    CODE("cause", BX_REQUIRED, "dropout_cause"), TEXT("cause_text", BX_REQUIRED, 2, 1000),
    CODE("whereabouts", BX_REQUIRED, "whereabouts"), TEXT("whereabouts_text", 0, 0, 300),
    TEXT("measures", BX_REQUIRED, 2, 1000), TEXT("plan", BX_REQUIRED, 2, 1000), END
};
static const bx_field review_fields[] = { TEXT("review_text", BX_REQUIRED, 2, 1000), END };
static const bx_field note_fields[] = { TEXT("comment", 0, 0, 200), END };
static const bx_field reason_fields[] = { TEXT("comment", BX_REQUIRED, 2, 500), END };
static const bx_field verdict_fields[] = { TEXT("verdict_text", BX_REQUIRED, 2, 1000), FILES("evidence", 0, 6), END };
static const bx_field none_fields[] = { CODE("cause", BX_REQUIRED, "dropout_cause"), TEXT("verdict_text", BX_REQUIRED, 2, 1000),
                                        FILES("evidence", 0, 6), END };
static const bx_field notice_fields[] = { TEXT("addressee", BX_REQUIRED, 2, 60), TEXT("comment", 0, 0, 200), END };
static const bx_field joint_fields[] = { DAY("held_on", BX_REQUIRED), TEXT("people", BX_REQUIRED, 2, 200), TEXT("effect", BX_REQUIRED, 2, 500),
                                         END };
static const bx_field return_fields[] = { DAY("returned_on", BX_REQUIRED), TEXT("comment", BX_REQUIRED, 2, 200), END };
static const bx_field report_fields[] = { TEXT("placed_in", BX_REQUIRED, 2, 100), TEXT("brought_by", 0, 0, 100), TEXT("helper", 0, 0, 100), END };
static const bx_field claim_fields[] = { DAY("claim_on", BX_REQUIRED), TEXT("claim_text", BX_REQUIRED, 2, 300), END };
static const bx_field accept_fields[] = { TEXT("transfer_to", BX_REQUIRED, 2, 100), DAY("transfer_on", BX_REQUIRED),
                                          FILES("acceptance", BX_REQUIRED, 3), END };

/* ---- states */

static const bx_state states[] = {
    { "suspected",   0,           "wait" },
    { "formal",      0,           "wait" },
    { "reported",    0,           "wait" },
    { "correction",  0,           "no" },
    { "confirmed",   0,           "no" },
    { "noticed",     0,           "info" },
    { "joint",       0,           "info" },
    { "township",    0,           "no" },
    { "observing",   0,           "wait" },
    { "follow_up",   0,           "info" },
    { "closed",      BX_TERMINAL, "sum" },
    { "not_dropout", BX_TERMINAL, "ok" },
    { "transferred", BX_TERMINAL, "ok" },
    { "relapsed",    BX_TERMINAL, "late" },
    { "in_error",    BX_TERMINAL, "none" },
    { NULL, 0, NULL }
};

/* The school decides alone until it has reported; afterwards the bureau does. A child that came back may be away again, and then
 * the case is where it was. */
#define BEFORE   "suspected formal"
#define AFTER    "reported correction confirmed noticed joint township"
#define ABSENT   BEFORE " " AFTER
#define BACK_BEFORE  "back_to=suspected,formal"
#define BACK_AFTER   "back_to=reported,correction,confirmed,noticed,joint,township"
#define AT_BUREAU    "via=bureau"

#define STAYS(action, state, cap, takes, hook)  { action, state, state, cap, NULL, takes, hook, 0, NULL }
#define STAYS_BEFORE(action, cap, takes, hook)                                                                         \
    STAYS(action, "suspected", cap, takes, hook), STAYS(action, "formal", cap, takes, hook)
#define STAYS_AFTER(action, cap, takes, hook)                                                                          \
    STAYS(action, "reported", cap, takes, hook), STAYS(action, "correction", cap, takes, hook),                        \
    STAYS(action, "confirmed", cap, takes, hook), STAYS(action, "noticed", cap, takes, hook),                          \
    STAYS(action, "joint", cap, takes, hook), STAYS(action, "township", cap, takes, hook)
#define STAYS_ABSENT(action, cap, takes, hook)  STAYS_BEFORE(action, cap, takes, hook), STAYS_AFTER(action, cap, takes, hook)
#define JOB(action, from, to, sets)  { action, from, to, NULL, NULL, NULL, NULL, BX_BY_JOB, sets }
#define AGAIN(state)  JOB("again_" state, "observing", state, "back_to = NULL, returned_on = NULL, observed = 0, return_reported_at = NULL, return_signed_at = NULL")

static const bx_transition transitions[] = {
    /* action        from          to             capability         when                takes          hook                        flags */
    { "open",        BX_NEW,       "suspected",   "dropout.open",    NULL,               NULL,          bx_dropout_open_hook,       0, NULL },
    { "form",        "suspected",  "formal",      "dropout.form",    NULL,               form_fields,   bx_dropout_form,            0, NULL },
    { "form",        "formal",     "formal",      "dropout.form",    NULL,               form_fields,   bx_dropout_form,            0, NULL },
    { "form",        "correction", "correction",  "dropout.form",    NULL,               form_fields,   bx_dropout_form,            0, NULL },
    { "send_back",   "formal",     "suspected",   "dropout.review",  NULL,               reason_fields, bx_dropout_send_back,       BX_MAKES_RELEASE, NULL },
    { "review",      "formal",     "formal",      "dropout.review",  "reviewed=0",       review_fields, bx_dropout_review,          BX_DECIDES, NULL },
    { "review",      "correction", "correction",  "dropout.review",  "reviewed=0",       review_fields, bx_dropout_review,          BX_DECIDES, NULL },
    { "report",      "formal correction", "reported", "dropout.report", "reviewed=1",    note_fields,   bx_dropout_report,          BX_DECIDES, NULL },
    { "forward",     "reported",   "reported",    "dropout.forward", "via=central",      note_fields,   bx_dropout_forward,         BX_DECIDES, NULL },
    { "correct",     "reported",   "correction",  "dropout.forward", "via=central",      reason_fields, bx_dropout_correct,         BX_DECIDES, NULL },
    { "receive",     "reported",   "reported",    "dropout.verify",  AT_BUREAU,          NULL,          bx_dropout_receive,         0, NULL },
    { "confirm",     "reported",   "confirmed",   "dropout.verify",  AT_BUREAU,          verdict_fields, bx_dropout_confirm,        BX_DECIDES, NULL },
    { "correct",     "reported",   "correction",  "dropout.verify",  AT_BUREAU,          reason_fields, bx_dropout_correct,         BX_DECIDES, NULL },
    { "notice",      "confirmed",  "noticed",     "dropout.notice",  NULL,               notice_fields, bx_dropout_notice,          BX_DECIDES, NULL },
    { "joint_agreed", "joint",     "joint",       "dropout.joint",   NULL,               joint_fields,  bx_dropout_joint_agreed,    0, NULL },
    { "joint_failed", "joint",     "township",    "dropout.joint",   NULL,               joint_fields,  bx_dropout_joint_failed,    BX_DECIDES, NULL },
    { "order",       "township",   "township",    "dropout.order",   NULL,               notice_fields, bx_dropout_order,           BX_DECIDES, NULL },
    { "measure",     "township",   "township",    "dropout.order",   NULL,               reason_fields, bx_dropout_measure,         0, NULL },
    STAYS_AFTER("township_receive", "dropout.sign", NULL, bx_dropout_township_receive),
    STAYS_AFTER("tell_township", "dropout.tell", note_fields, bx_dropout_tell_township),
    STAYS_ABSENT("tell_bureau", "dropout.tell", note_fields, bx_dropout_tell_bureau),

    /* back at school */
    { "return",      ABSENT,       "observing",   "dropout.return",  NULL,               return_fields, bx_dropout_return,          0, NULL },
    { "return_report", "observing", "observing",  "dropout.return",  NULL,               report_fields, bx_dropout_return_report,   0, NULL },
    { "sign",        "observing",  "observing",   "dropout.sign",    NULL,               note_fields,   bx_dropout_sign,            BX_DECIDES, NULL },
    { "close",       "follow_up",  "closed",      "dropout.close",   NULL,               reason_fields, bx_dropout_close,           BX_DECIDES, NULL },

    /* at school elsewhere, or never lost */
    STAYS_ABSENT("claim", "dropout.claim", claim_fields, bx_dropout_claim),
    STAYS_ABSENT("accept", "dropout.accept", accept_fields, bx_dropout_accept),
    { "transfer",    BEFORE,       "transferred", "dropout.transfer", NULL,              note_fields,   bx_dropout_transfer,        0, NULL },
    { "transfer",    AFTER,        "transferred", "dropout.verify",  NULL,               note_fields,   bx_dropout_transfer,        0, NULL },
    { "not_dropout", BEFORE,       "not_dropout", "dropout.excuse",  NULL,               none_fields,   bx_dropout_not_dropout,     BX_MAKES_RELEASE, NULL },
    { "not_dropout", AFTER,        "not_dropout", "dropout.verify",  NULL,               none_fields,   bx_dropout_not_dropout,     BX_MAKES_RELEASE, NULL },
    { "not_dropout", "observing",  "not_dropout", "dropout.excuse",  BACK_BEFORE,        none_fields,   bx_dropout_not_dropout,     BX_MAKES_RELEASE, NULL },
    { "not_dropout", "observing",  "not_dropout", "dropout.verify",  BACK_AFTER,         none_fields,   bx_dropout_not_dropout,     BX_MAKES_RELEASE, NULL },

    /* by the calendar and the marks */
    JOB("raise",     "noticed",    "joint",       NULL),
    JOB("seen",      ABSENT,       "observing",   NULL),
    AGAIN("suspected"), AGAIN("formal"), AGAIN("reported"), AGAIN("correction"), AGAIN("confirmed"), AGAIN("noticed"), AGAIN("joint"),
    AGAIN("township"),
    JOB("settle",    "observing",  "follow_up",   NULL),
    JOB("relapse",   "follow_up",  "relapsed",    NULL),
    JOB("withdraw",  "suspected observing", "in_error", NULL),
    { NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL }
};

static const bx_view views[] = {
    { "open",      "t.open_student IS NOT NULL", NULL },
    { "suspected", "t.state IN ('suspected', 'formal')", NULL },                                           /* the ledger of suspected */
    { "dropout",   "t.state IN ('reported', 'correction', 'confirmed', 'noticed', 'joint', 'township')", NULL },   /* of dropouts */
    { "incoming",  "t.state = 'reported'", NULL },
    { "returned",  "t.state IN ('observing', 'follow_up', 'closed')", NULL },
    { "overdue",   "t.open_student IS NOT NULL AND t.due_at < :today", NULL },
    { "relapsed",  "t.relapse_no > 0", NULL },
    { NULL, NULL, NULL }
};

static const bx_rule rules[] = {
    { "dropout.open_days",       BX_RULE_INT, 3,  1, 20,  NULL, "school_day",  "proposal" },
    { "ladder.week_days",       BX_RULE_INT, 5,  2, 30,  NULL, "school_day",  "小学控辍保学工作制度 1, 三、辍学报告制度: one week" },
    { "dropout.form_days",       BX_RULE_INT, 1,  0, 10,  NULL, "school_day",  "小学控辍保学工作制度 1, 三、辍学报告制度" },
    { "dropout.bureau_days",     BX_RULE_INT, 3,  0, 20,  NULL, "working_day", "控辍保学劝返制度 三(一)1 leaves the number open; proposal" },
    { "dropout.via_central",     BX_RULE_INT, 0,  0, 1,   NULL, "yes_no",      "practice: a central school reads reports before the bureau does" },
    { "dropout.central_days",    BX_RULE_INT, 1,  0, 10,  NULL, "working_day", "proposal" },
    { "dropout.verify_days",     BX_RULE_INT, 5,  1, 20,  NULL, "working_day", "控辍保学劝返制度 三(一)1 leaves the number open; proposal" },
    { "dropout.correct_days",    BX_RULE_INT, 2,  0, 10,  NULL, "working_day", "proposal" },
    { "notice.issue_days",       BX_RULE_INT, 2,  0, 10,  NULL, "working_day", "proposal" },
    { "notice.serve_days",       BX_RULE_INT, 3,  0, 10,  NULL, "working_day", "proposal" },
    { "notice.return_days",      BX_RULE_INT, 7,  1, 60,  NULL, "calendar_day", "小学控辍保学工作制度 2, 四(一)4 leaves the number open; proposal" },
    { "dropout.second_visit_days", BX_RULE_INT, 3, 1, 10, NULL, "school_day",  "控辍保学工作方案 五(三)5" },
    { "visit.subject_min",       BX_RULE_INT, 1,  0, 5,   NULL, "person",      "小学控辍保学工作制度 4, 一8: a subject teacher takes part" },
    { "dropout.township_days",   BX_RULE_INT, 1,  0, 10,  NULL, "working_day", "小学控辍保学工作制度 2, 四(一)4" },
    { "dropout.joint_after",     BX_RULE_INT, 3,  1, 10,  NULL, "attempt",     "控辍保学劝返制度 四(二)3: repeatedly; proposal" },
    { "dropout.joint_days",      BX_RULE_INT, 10, 1, 40,  NULL, "working_day", "控辍保学劝返制度 四(二)3" },
    { "township.order_days",     BX_RULE_INT, 5,  1, 20,  NULL, "working_day", "义务教育法 §58: township or bureau orders it; proposal" },
    { "township.return_days",    BX_RULE_INT, 7,  1, 60,  NULL, "calendar_day", "proposal" },
    { "return.report_days",      BX_RULE_INT, 3,  0, 10,  NULL, "school_day",  "小学控辍保学工作制度 1, 三、辍学报告制度; proposal" },
    { "return.sign_days",        BX_RULE_INT, 3,  0, 10,  NULL, "working_day", "小学控辍保学工作制度 1, 三、辍学报告制度; proposal" },
    { "return.observe_days",     BX_RULE_INT, 5,  1, 60,  NULL, "school_day",  "控辍保学劝返制度 五; proposal" },
    { "return.attended_percent", BX_RULE_INT, 50, 1, 100, NULL, "percent",     "proposal: at least this share of the day's due periods attended" },
    { "followup.months",         BX_RULE_INT, 3,  1, 12,  NULL, "month",       "控辍保学劝返制度 五; proposal" },
    { "dropout.open_days_follow_up", BX_RULE_INT, 1, 1, 10, NULL, "school_day", "proposal" },
    { "dropout.relapse_days",    BX_RULE_INT, 1,  0, 10,  NULL, "working_day", "proposal" },
    { "dropout.relapse_link_days", BX_RULE_INT, 365, 30, 1095, NULL, "calendar_day", "proposal" },
    { "transfer.confirm_days",   BX_RULE_INT, 10, 1, 40,  NULL, "working_day", "中小学生学籍管理办法: ten working days for each side of a transfer" },
    { "tracking.per_term",       BX_RULE_INT, 2,  0, 10,  NULL, "a_term",      "小学控辍保学工作制度 2, 三: each dropout is followed up twice a term" },
    { NULL, 0, 0, 0, 0, NULL, NULL, NULL }
};

static const bx_route routes[] = {
    { "GET", "dropout-cases/{id}/steps", "dropout.read", bx_dropout_steps_route, BX_PERSONAL, NULL,
      "What had to be done in a case by when, by whom, and what is still to do" },
    { "GET", "dropout-cases/{id}/timeline", "dropout.read", bx_dropout_timeline, BX_PERSONAL, NULL,
      "One timeline of a case and those it is linked with: actions, attempts, notices, trackings, missed deadlines" },
    { "GET", "students/{id}/timeline", "student.read", bx_student_timeline, BX_PERSONAL, NULL,
      "The student file: one timeline of all that the reader may see of a child" },
    { "GET", "dropout-cases/figures", "dropout.read", bx_dropout_figures, 0, NULL,
      "Open, overdue, returned and late cases by unit below the caller's" },
    { "GET", "dropout-cases/trend", "dropout.read", bx_dropout_trend, 0, NULL,
      "How far the cases of this school year came, and by month how many began and how many children returned" },
    { NULL, NULL, NULL, NULL, 0, NULL, NULL }
};

static const bx_job jobs[] = {
    { "dropout.clock", 60, bx_dropout_clock },
    { NULL, 0, NULL }
};

#define STAFF  "dropout.read dropout.persuade urgent.raise "
#define ROSTER " dropout.roster"

static const bx_grant grants[] = {
    { "teacher",   STAFF "dropout.open dropout.form dropout.return dropout.follow dropout.claim dropout.refusal dropout.track" },
    { "subject",   STAFF "dropout.track" },
    { "grade",     STAFF "dropout.open dropout.refusal dropout.track" },
    { "office",    STAFF "dropout.open dropout.form dropout.review dropout.return dropout.tell dropout.claim dropout.serve dropout.refusal dropout.track" ROSTER },
    { "vice",      STAFF "dropout.open dropout.review dropout.excuse dropout.tell dropout.close dropout.transfer dropout.refusal dropout.track" ROSTER },
    { "principal", STAFF "dropout.open dropout.review dropout.report dropout.forward dropout.tell urgent.read urgent.handle" ROSTER },
    { "registrar", "dropout.read urgent.raise dropout.open dropout.claim dropout.accept" ROSTER },
    { "psych",     STAFF "dropout.follow dropout.track" },
    { "township",  STAFF "dropout.notice dropout.order dropout.serve dropout.sign dropout.refusal" ROSTER },
    { "county",    STAFF "dropout.verify dropout.notice dropout.joint dropout.serve urgent.read urgent.handle" ROSTER },
    { NULL, NULL }
};

static const bx_menu menu[] = {
    { "dropout", "#/dropout", "flag", "dropout.read" },
    { NULL, NULL, NULL, NULL }
};

#define TASK(step, role, record, href, rule)  { "dropout." step, role, record, href, rule, 0 }
#define CASE  "#/dropout/{record_id}?task={id}"

static const bx_task_kind tasks[] = {
    TASK("form",          "teacher",   "dropout-cases", CASE, "dropout.form_days"),
    TASK("report",        "principal", "dropout-cases", CASE, "dropout.bureau_days"),
    TASK("forward",       "principal", "dropout-cases", CASE, "dropout.central_days"),
    TASK("verify",        "county",    "dropout-cases", CASE, "dropout.verify_days"),
    TASK("correct",       "office",    "dropout-cases", CASE, "dropout.correct_days"),
    TASK("notice",        "county",    "return-notices", CASE, "notice.issue_days"),
    TASK("serve",         "township",  "return-notices", CASE, "notice.serve_days"),
    TASK("persuade",      "teacher",   "persuasions",   CASE, "dropout.second_visit_days"),
    TASK("tell_township", "office",    "dropout-cases", CASE, "dropout.township_days"),
    TASK("joint",         "county",    "persuasions",   CASE, "dropout.joint_days"),
    TASK("order",         "township",  "return-notices", CASE, "township.order_days"),
    TASK("serve_order",   "township",  "return-notices", CASE, "notice.serve_days"),
    TASK("return_report", "teacher",   "return-reports", CASE, "return.report_days"),
    TASK("sign",          "township",  "return-reports", CASE, "return.sign_days"),
    TASK("review",        "teacher",   "follow-ups",    CASE, "followup.months"),
    TASK("close",         "vice",      "dropout-cases", CASE, "followup.months"),
    TASK("tell_bureau",   "office",    "dropout-cases", CASE, "dropout.relapse_days"),
    TASK("transfer",      "registrar", "dropout-cases", CASE, "transfer.confirm_days"),
    TASK("tracking",      "teacher",   "trackings",     CASE, "tracking.per_term"),
    BX_END
};

static const bx_notice_kind notices[] = {
    { "dropout.reported",  "#/dropout/{case_id}", 0 },
    { "dropout.confirmed", "#/dropout/{case_id}", 0 },
    { "dropout.relapsed",  "#/dropout/{case_id}", 0 },
    { "dropout.urgent",    "#/urgent-reports/{report_id}", BX_NOTICE_URGENT | BX_NOTICE_ANY_DAY },
    { "dropout.urgent_unheard", NULL, BX_NOTICE_URGENT | BX_NOTICE_ANY_DAY },
    BX_END
};

static const bx_record_def records[] = {
    { .name = "dropout-cases", .table = "dropout_case", .scope = BX_SCOPE_STUDENT, .fields = fields, .states = states,
      .transitions = transitions, .views = views, .read = "dropout.read", .decorate = bx_dropout_decorate },
    { .name = "return-notices", .table = "return_notice", .scope = BX_SCOPE_STUDENT, .fields = bx_notice_fields, .states = bx_notice_states,
      .transitions = bx_notice_transitions, .read = "dropout.read" },
    { .name = "follow-ups", .table = "follow_up", .scope = BX_SCOPE_STUDENT, .fields = bx_follow_up_fields, .states = bx_follow_up_states,
      .transitions = bx_follow_up_transitions, .read = "dropout.read" },
    { .name = "persuasions", .table = "persuasion", .scope = BX_SCOPE_STUDENT, .fields = bx_persuasion_fields, .read = "dropout.read",
      .create = "dropout.persuade", .check = bx_persuasion_check },
    { .name = "refusals", .table = "refusal", .scope = BX_SCOPE_STUDENT, .fields = bx_refusal_fields, .read = "dropout.read",
      .create = "dropout.refusal", .check = bx_refusal_check },
    { .name = "trackings", .table = "tracking", .scope = BX_SCOPE_STUDENT, .fields = bx_tracking_fields, .read = "dropout.read",
      .create = "dropout.track", .check = bx_tracking_check },
    { .name = "return-reports", .table = "return_report", .scope = BX_SCOPE_STUDENT, .fields = bx_return_report_fields,
      .read = "dropout.read" },
    { .name = "dropout-rosters", .table = "dropout_roster", .scope = BX_SCOPE_SCHOOL, .fields = bx_dropout_roster_fields,
      .read = "dropout.roster", .create = "dropout.roster", .check = bx_dropout_roster },
    { .name = "urgent-reports", .table = "urgent_report", .scope = BX_SCOPE_STUDENT, .fields = bx_urgent_fields, .states = bx_urgent_states,
      .transitions = bx_urgent_transitions, .read = "urgent.read" },
    { .name = NULL }
};

const bx_plugin bx_plugin_dropout = {
    .abi = BX_PLUGIN_ABI, .name = "dropout", .records = records, .rules = rules, .routes = routes, .jobs = jobs, .codes = code_lists,
    .grants = grants, .menu = menu, .tasks = tasks, .documents = bx_dropout_documents, .notices = notices,
    .calendar_changed = bx_dropout_calendar, .near = "urgent.read urgent.handle"
};

const bx_record_def *const bx_dropout_record = &records[0];
const bx_record_def *const bx_notice_record = &records[1];
const bx_record_def *const bx_follow_up_record = &records[2];
