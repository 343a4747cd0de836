/* leave.c: leave requests (catalogue W2, R2).
 * Owns a request from the guardian's draft to the child's return. Does not own the roll: attendance asks whether a period
 * is covered by a request in an excusing state.
 *
 * Terms used below. The chain of a request are the requests of the same child with no attended period between them, inside
 * one term; the length of the whole chain chooses who decides, so that splitting does not shorten the way. A request is
 * live when it claims its periods: handed in and not refused or taken back. */

#include "plugins/leave.h"

#include <inttypes.h>
#include <string.h>

static const bx_code kinds[] = { { "sick" }, { "personal" }, { "other" }, { NULL } };
static const bx_code channels[] = { { "portal" }, { "phone" }, { "paper" }, { NULL } };
static const bx_code routes[] = { { "teacher" }, { "office" }, { "principal" }, { NULL } };
static const bx_code halves[] = { { "am" }, { "pm" }, { NULL } };

static const bx_code_list code_lists[] = {
    { "leave_kind", kinds }, { "leave_channel", channels }, { "leave_route", routes }, { "half", halves }, { NULL, NULL }
};

static const bx_field fields[] = {
    { "student_id",      BX_REF,    BX_REQUIRED | BX_FIXED,            0, 0, "students", NULL, NULL, NULL },
    { "kind",            BX_CODE,   BX_REQUIRED | BX_IN_LIST | BX_FILTER, 0, 0, "leave_kind", NULL, NULL, NULL },
    { "starts_on",       BX_DATE,   BX_REQUIRED | BX_IN_LIST,          0, 0, NULL, NULL, NULL, NULL },
    { "starts_period",   BX_INT,    BX_REQUIRED,                       1, BX_MAX_PERIODS, NULL, NULL, NULL, NULL },
    { "starts_half",     BX_CODE,   BX_BY_HOOK,                        0, 0, "half", NULL, NULL, NULL },
    { "ends_on",         BX_DATE,   BX_REQUIRED | BX_IN_LIST,          0, 0, NULL, NULL, NULL, NULL },
    { "ends_period",     BX_INT,    BX_REQUIRED,                       1, BX_MAX_PERIODS, NULL, NULL, NULL, NULL },
    { "ends_half",       BX_CODE,   BX_BY_HOOK,                        0, 0, "half", NULL, NULL, NULL },
    { "half_days",       BX_HALVES, BX_BY_HOOK | BX_IN_LIST,           0, 0, "school_days", NULL, NULL, NULL },
    { "chain_half_days", BX_HALVES, BX_BY_HOOK,                        0, 0, "chain_days", NULL, NULL, NULL },
    { "reason",          BX_TEXT,   BX_REQUIRED,                       2, 500, NULL, NULL, NULL, NULL },
    { "certificate",     BX_FILES,  0,                                 0, 3, NULL, NULL, NULL, NULL },
    { "channel",         BX_CODE,   BX_FIXED,                          0, 0, "leave_channel", NULL, NULL, "leave.enter" },
    { "extends_id",      BX_REF,    BX_FIXED,                          0, 0, "leave-requests", NULL, NULL, NULL },
    { "route",           BX_CODE,   BX_BY_HOOK | BX_FILTER,            0, 0, "leave_route", NULL, NULL, NULL },
    { "escalated",       BX_BOOL,   BX_BY_HOOK,                        0, 0, NULL, NULL, NULL, NULL },
    { "submitted_at",    BX_TIME,   BX_BY_HOOK,                        0, 0, NULL, NULL, NULL, NULL },
    { "decide_by",       BX_TIME,   BX_BY_HOOK,                        0, 0, NULL, NULL, NULL, NULL },
    { "starts_at",       BX_TIME,   BX_BY_HOOK,                        0, 0, NULL, NULL, NULL, NULL },
    { "back_on",         BX_DATE,   BX_BY_HOOK,                        0, 0, NULL, NULL, NULL, NULL },
    { "back_period",     BX_INT,    BX_BY_HOOK,                        1, BX_MAX_PERIODS, NULL, NULL, NULL, NULL },
    { "back_at",         BX_TIME,   BX_BY_HOOK,                        0, 0, NULL, NULL, NULL, NULL },
    { "returned_at",     BX_TIME,   BX_BY_HOOK,                        0, 0, NULL, NULL, NULL, NULL },
    { "requested_by",    BX_TEXT,   BX_FIXED,                          0, 60, NULL, NULL, NULL, "leave.enter" },
    { "proxy_reason",    BX_TEXT,   BX_FIXED,                          2, 200, NULL, NULL, NULL, "leave.enter" },
    { "needs_paper",     BX_BOOL,   BX_BY_HOOK,                        0, 0, NULL, NULL, NULL, NULL },
    { "paper_by",        BX_TIME,   BX_BY_HOOK,                        0, 0, NULL, NULL, NULL, NULL },
    { "paper_until",     BX_TIME,   BX_BY_HOOK,                        0, 0, NULL, NULL, NULL, NULL },
    { "decided_by",      BX_TEXT,   BX_BY_HOOK,                        0, 60, NULL, NULL, NULL, NULL },
    { NULL, 0, 0, 0, 0, NULL, NULL, NULL, NULL }
};

static const bx_field note_fields[] = {
    { "comment", BX_TEXT, 0, 0, 200, NULL, NULL, NULL, NULL },
    { NULL, 0, 0, 0, 0, NULL, NULL, NULL, NULL }
};

static const bx_field reject_fields[] = {
    { "comment", BX_TEXT, BX_REQUIRED, 2, 200, NULL, NULL, NULL, NULL },
    { NULL, 0, 0, 0, 0, NULL, NULL, NULL, NULL }
};

static const bx_field paper_fields[] = {
    { "certificate", BX_FILES, BX_REQUIRED, 0, 3, NULL, NULL, NULL, NULL },
    { NULL, 0, 0, 0, 0, NULL, NULL, NULL, NULL }
};

static const bx_field return_fields[] = {
    { "back_on",     BX_DATE, 0, 0, 0, NULL, NULL, NULL, NULL },
    { "back_period", BX_INT,  0, 1, BX_MAX_PERIODS, NULL, NULL, NULL, NULL },
    { "comment",     BX_TEXT, 0, 0, 200, NULL, NULL, NULL, NULL },
    { NULL, 0, 0, 0, 0, NULL, NULL, NULL, NULL }
};

static const bx_state states[] = {
    { "draft",       0,                            "draft" },
    { "submitted",   0,                            "wait" },
    { "provisional", BX_EXCUSING,                  "info" },
    { "approved",    BX_EXCUSING,                  "ok" },
    { "rejected",    BX_TERMINAL,                  "no" },
    { "away",        BX_EXCUSING,                  "info" },
    { "awaiting_paper", BX_EXCUSING,               "wait" },
    { "no_paper",    0,                            "no" },
    { "returned",    BX_TERMINAL | BX_EXCUSING,    "ok" },
    { "overdue",     0,                            "late" },
    { "cancelled",   BX_TERMINAL,                  "none" },
    { NULL, 0, NULL }
};

/* The class teacher's consent always comes first; a longer leave goes on to the academic office or the principal. Whoever
 * does not decide in time is stood in for by one level up (`escalated`, set by the job). A leave asked for by phone is
 * entered by the class teacher, whose entry is the consent; its slip comes after the return, or it counts as unexcused. */
#define TEACHER   "route=teacher"
#define LONGER    "route=office,principal"
#define LATE      " escalated=1"
#define PAPER     "needs_paper=1"
#define BY_STAFF  "channel=phone,paper"
#define BACK      "away overdue approved"
#define DECISION  (BX_DECIDES | BX_NOT_OWN_CHILD)
#define REFUSAL   (DECISION | BX_MAKES_RELEASE)
#define JOB(action, from, to, sets)  { action, from, to, NULL, NULL, NULL, NULL, BX_BY_JOB, sets }

static const bx_transition transitions[] = {
    /* action        from              to                capability         when               takes          hook */
    { "save",        BX_NEW,           "draft",          "leave.request",   NULL,              NULL,          bx_leave_save,     0, NULL },
    { "submit",      BX_NEW,           "submitted",      "leave.request",   NULL,              NULL,          bx_leave_submit,   0, NULL },
    { "enter",       BX_NEW,           "provisional",    "leave.enter",     NULL,              NULL,          bx_leave_enter,    BX_NOT_OWN_CHILD, NULL },
    { "submit",      "draft",          "submitted",      "leave.request",   NULL,              NULL,          bx_leave_submit,   0, NULL },

    { "approve",     "submitted",      "approved",       "leave.consent",   TEACHER,           note_fields,   bx_leave_approve,  DECISION, NULL },
    { "approve",     "submitted",      "approved",       "leave.delegate",  TEACHER LATE,      note_fields,   bx_leave_approve,  DECISION, NULL },
    { "consent",     "submitted",      "provisional",    "leave.consent",   LONGER,            note_fields,   bx_leave_consent,  DECISION, NULL },
    { "consent",     "submitted",      "provisional",    "leave.delegate",  LONGER LATE,       note_fields,   bx_leave_consent,  DECISION, NULL },
    { "approve",     "provisional",    "approved",       "leave.office",    "route=office",    note_fields,   bx_leave_approve,  DECISION, NULL },
    { "approve",     "provisional",    "approved",       "leave.principal", "route=principal", note_fields,   bx_leave_approve,  DECISION, NULL },
    { "approve",     "provisional",    "approved",       "leave.stand_in",  LONGER LATE,       note_fields,   bx_leave_approve,  DECISION, NULL },
    { "reject",      "submitted",      "rejected",       "leave.consent",   NULL,              reject_fields, bx_leave_refuse,   REFUSAL, NULL },
    { "reject",      "submitted",      "rejected",       "leave.delegate",  "escalated=1",     reject_fields, bx_leave_refuse,   REFUSAL, NULL },
    { "reject",      "provisional",    "rejected",       "leave.office",    "route=office",    reject_fields, bx_leave_refuse,   REFUSAL, NULL },
    { "reject",      "provisional",    "rejected",       "leave.principal", "route=principal", reject_fields, bx_leave_refuse,   REFUSAL, NULL },
    { "reject",      "provisional",    "rejected",       "leave.stand_in",  LONGER LATE,       reject_fields, bx_leave_refuse,   REFUSAL, NULL },

    { "return",      BACK,             "awaiting_paper", "leave.return",    PAPER,             return_fields, bx_leave_return,   0, NULL },
    { "return",      BACK,             "returned",       "leave.return",    NULL,              return_fields, bx_leave_return,   0, NULL },
    { "return",      "provisional",    "awaiting_paper", "leave.return",    TEACHER " " PAPER, return_fields, bx_leave_return,   0, NULL },
    { "return",      "provisional",    "returned",       "leave.return",    TEACHER,           return_fields, bx_leave_return,   0, NULL },
    { "cancel",      "draft submitted provisional approved", "cancelled", "leave.request",  NULL, note_fields,   bx_leave_cancel,   BX_MAKES_RELEASE, NULL },
    { "cancel",      "provisional away", "cancelled",    "leave.enter",     BY_STAFF,          reject_fields, bx_leave_withdraw, BX_MAKES_RELEASE, NULL },

    /* the slip: the guardian's word in the portal, or a photo of the signed paper */
    { "confirm",     "awaiting_paper", "returned",       "leave.request",   PAPER,             NULL,          bx_leave_paper,    0, NULL },
    { "confirm",     "provisional",    "provisional",    "leave.request",   PAPER,             NULL,          bx_leave_paper,    0, NULL },
    { "confirm",     "approved",       "approved",       "leave.request",   PAPER,             NULL,          bx_leave_paper,    0, NULL },
    { "confirm",     "away",           "away",           "leave.request",   PAPER,             NULL,          bx_leave_paper,    0, NULL },
    { "attach_paper", "awaiting_paper", "returned",      "leave.enter",     PAPER,             paper_fields,  bx_leave_paper,    0, NULL },
    { "attach_paper", "provisional",   "provisional",    "leave.enter",     PAPER,             paper_fields,  bx_leave_paper,    0, NULL },
    { "attach_paper", "approved",      "approved",       "leave.enter",     PAPER,             paper_fields,  bx_leave_paper,    0, NULL },
    { "attach_paper", "away",          "away",           "leave.enter",     PAPER,             paper_fields,  bx_leave_paper,    0, NULL },
    { "accept",      "no_paper",       "returned",       "leave.office",    NULL,              reject_fields, bx_leave_paper,    BX_NOT_OWN_CHILD, NULL },

    /* by the clock, because another request of the child was decided, or by the roll */
    JOB("start",            "approved provisional", "away",           NULL),
    JOB("overrun",          "away",                 "overdue",        NULL),
    JOB("prolong",          "overdue",              "away",           NULL),
    JOB("return_too",       "away overdue",         "returned",       NULL),
    JOB("return_too_paper", "away overdue",         "awaiting_paper", NULL),
    JOB("came_back",        "away overdue approved provisional", "returned",       NULL),
    JOB("came_back_paper",  "away overdue approved provisional", "awaiting_paper", NULL),
    JOB("lapse",            "awaiting_paper",       "no_paper",       NULL),
    JOB("await_again",      "no_paper",             "awaiting_paper", NULL),
    JOB("escalate",         "submitted",            "submitted",      "escalated = 1"),
    JOB("escalate_further", "provisional",          "provisional",    "escalated = 1"),
    { NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL }
};

static const bx_view views[] = {
    { "open",    "t.state IN ('submitted','provisional','approved','away','overdue','awaiting_paper')", NULL },
    { "away",    "t.state = 'away'",    NULL },
    { "overdue", "t.state = 'overdue'", NULL },
    { "paper",   "t.state IN ('awaiting_paper','no_paper')"
                 " OR (t.needs_paper = 1 AND t.state IN ('provisional','approved','away','overdue'))", NULL },
    { "today",   "t.starts_on <= :today AND t.ends_on >= :today AND t.state IN ('provisional','approved','away','overdue','returned','awaiting_paper')", NULL },
    /* a day of the school: who is on leave or to be, who has not come back, who came back on it */
    { "day",     "t.starts_on <= :date AND t.ends_on >= CAST(:date AS DATE) - INTERVAL 60 DAY AND t.state NOT IN ('draft','cancelled')"
                 " AND (t.ends_on >= :date OR (t.state = 'overdue' AND t.back_on <= :date)"
                 " OR (t.returned_at >= :date AND t.returned_at < CAST(:date AS DATE) + INTERVAL 1 DAY))", NULL },
    { "decided", "t.state IN ('approved','away','returned','rejected')", NULL },
    { NULL, NULL, NULL }
};

static const bx_record_def records[] = {
    { .name = "leave-requests", .table = "leave_request", .scope = BX_SCOPE_STUDENT, .fields = fields, .states = states,
      .transitions = transitions, .views = views, .read = "leave.read", .edit = "leave.request", .editable = "draft",
      .private_states = "draft", .check = bx_leave_save, .decorate = bx_leave_decorate },
    { .name = NULL }
};

static const bx_rule rules[] = {
    { "leave.teacher_days",   BX_RULE_INT, 1,  0, 366,  NULL, "school_day", "practice of schools; where the class teacher decides every length (小学控辍保学工作制度 1, 二、请假制度) set 366" },
    { "leave.office_days",    BX_RULE_INT, 5,  0, 366,  NULL, "school_day", "practice of schools; above it the principal decides" },
    { "leave.decide_minutes", BX_RULE_INT, 60, 5, 1440, NULL, "minute",     "proposal" },
    { "leave.backdate_days",  BX_RULE_INT, 3,  0, 60,   NULL, "school_day", "proposal" },
    { "leave.paper_days",     BX_RULE_INT, 1,  0, 10,   NULL, "school_day", "小学控辍保学工作制度 1, 二、请假制度: the slip is made up after the return" },
    { "leave.paper_grace_days", BX_RULE_INT, 2, 0, 10,  NULL, "school_day", "proposal" },
    { NULL, 0, 0, 0, 0, NULL, NULL, NULL }
};

static const bx_route route_list[] = {
    { "GET", "leave-requests/preview", "leave.read", bx_leave_preview, 0, NULL,
      "What handing in, or entering for a guardian, would mean: school days, who decides and by when, what is in the way" },
    { NULL, NULL, NULL, NULL, 0, NULL, NULL }
};

static const bx_job jobs[] = {
    { "leave.clock", 15, bx_leave_clock },
    { NULL, 0, NULL }
};

static const bx_grant grants[] = {
    { "guardian",  "leave.read leave.request leave.return" },
    { "teacher",   "leave.read leave.consent leave.enter leave.return" },
    { "grade",     "leave.read leave.delegate" },
    { "office",    "leave.read leave.office leave.delegate leave.enter leave.return" },
    { "vice",      "leave.read leave.delegate leave.stand_in" },
    { "principal", "leave.read leave.principal leave.stand_in" },
    { "registrar", "leave.read" },
    { "township",  "leave.read" },
    { "county",    "leave.read" },
    { NULL, NULL }
};

static const bx_menu menu[] = {
    { "leave", "#/leave", "leave", "leave.read" },
    { NULL, NULL, NULL, NULL }
};

static const bx_task_kind tasks[] = {
    { "leave.decide", "teacher", "leave-requests", "#/leave/{record_id}", "leave.decide_minutes", BX_TASK_IN_SCHOOL | BX_TASK_SILENT },
    { "leave.paper",  "teacher", "leave-requests", "#/leave/{record_id}", "leave.paper_days", BX_TASK_IN_SCHOOL },
    { NULL, NULL, NULL, NULL, NULL, 0 }
};

static const bx_notice_kind notices[] = {
    { "leave.submitted", "#/leave/{leave_id}", 0 },
    { "leave.approved",  "#/my-leave/{leave_id}", 0 },
    { "leave.rejected",  "#/my-leave/{leave_id}", 0 },
    { "leave.paper",     "#/my-leave/{leave_id}", 0 },
    { "leave.overdue",   "#/my-leave/{leave_id}", BX_NOTICE_URGENT },
    { NULL, NULL, 0 }
};

const bx_plugin bx_plugin_leave = {
    .abi = BX_PLUGIN_ABI, .name = "leave", .records = records, .rules = rules, .routes = route_list, .jobs = jobs,
    .codes = code_lists, .grants = grants, .menu = menu, .tasks = tasks, .notices = notices,
    .calendar_changed = bx_leave_calendar,
    .documents = bx_leave_documents
};

const bx_record_def *const bx_leave_record = &records[0];
