/* task.c: tasks and notices as people meet them: what waits for me, what my unit has overdue, what I was told.
 * Owns what the owner of a task may do with it: say why it is not possible, hand it to a colleague. That it is done is never
 * said here: the record that proves it closes it (flow/task_open.c). */

#include "plugins/task.h"

#define HOOK   BX_BY_HOOK
#define QUIET  (BX_BY_HOOK | BX_NO_JSON)

static const bx_field fields[] = {
    { "student_id",    BX_REF,  BX_REQUIRED | BX_FIXED, 0, 0, "students", NULL, NULL, NULL },
    { "kind",          BX_TEXT, HOOK | BX_IN_LIST, 0, 48, NULL, NULL, NULL, NULL },
    { "record",        BX_TEXT, QUIET, 0, 32,  NULL, NULL, NULL, NULL },
    { "record_id",     BX_INT,  QUIET, 0, 0,   NULL, NULL, NULL, NULL },
    { "params",        BX_TEXT, QUIET, 0, 2000, NULL, NULL, NULL, NULL },
    { "owner_role",    BX_TEXT, HOOK | BX_IN_LIST, 0, 32, NULL, NULL, NULL, NULL },
    { "owner_unit",    BX_REF,  HOOK,  0, 0,   "org-units", NULL, NULL, NULL },
    { "assignee_id",   BX_INT,  QUIET, 0, 0,   NULL, NULL, NULL, NULL },
    { "delegated_by",  BX_INT,  QUIET, 0, 0,   NULL, NULL, NULL, NULL },
    { "level",         BX_INT,  HOOK,  0, 0,   NULL, NULL, NULL, NULL },
    { "raised_role",   BX_TEXT, HOOK,  0, 32,  NULL, NULL, NULL, NULL },
    { "raised_unit",   BX_REF,  HOOK,  0, 0,   "org-units", NULL, NULL, NULL },
    { "raised_at",     BX_TIME, HOOK,  0, 0,   NULL, NULL, NULL, NULL },
    { "trigger_at",    BX_TIME, HOOK,  0, 0,   NULL, NULL, NULL, NULL },
    { "nominal_due",   BX_TIME, HOOK,  0, 0,   NULL, NULL, NULL, NULL },
    { "working_due",   BX_TIME, HOOK | BX_IN_LIST, 0, 0, NULL, NULL, NULL, NULL },
    { "due_sort",      BX_TIME, QUIET, 0, 0,   NULL, NULL, NULL, NULL },
    { "late_entry",    BX_BOOL, HOOK,  0, 0,   NULL, NULL, NULL, NULL },
    { "excuse_reason", BX_TEXT, HOOK,  0, 500, NULL, NULL, NULL, NULL },
    { "excuse_name",   BX_TEXT, HOOK,  0, 60,  NULL, NULL, NULL, NULL },
    { "excuse_at",     BX_TIME, HOOK,  0, 0,   NULL, NULL, NULL, NULL },
    { "excuse_by",     BX_INT,  QUIET, 0, 0,   NULL, NULL, NULL, NULL },
    { "excuse_role",   BX_TEXT, QUIET, 0, 32,  NULL, NULL, NULL, NULL },
    { "excuse_unit",   BX_INT,  QUIET, 0, 0,   NULL, NULL, NULL, NULL },
    { "closed_reason", BX_TEXT, HOOK,  0, 32,  NULL, NULL, NULL, NULL },
    { "closed_record", BX_TEXT, HOOK,  0, 32,  NULL, NULL, NULL, NULL },
    { "closed_id",     BX_INT,  QUIET, 0, 0,   NULL, NULL, NULL, NULL },
    { "closed_at",     BX_TIME, HOOK,  0, 0,   NULL, NULL, NULL, NULL },
    { "closed_by",     BX_TEXT, HOOK,  0, 60,  NULL, NULL, NULL, NULL },
    { "created_at",    BX_TIME, HOOK,  0, 0,   NULL, NULL, NULL, NULL },
    { NULL, 0, 0, 0, 0, NULL, NULL, NULL, NULL }
};

static const bx_state states[] = {
    { "open",         0,           "wait" },
    { "excuse_asked", 0,           "info" },
    { "done",         BX_TERMINAL, "ok" },
    { "withdrawn",    BX_TERMINAL, "none" },
    { "excused",      BX_TERMINAL, "none" },
    { NULL, 0, NULL }
};

/* How rows are read and shown. In no table of records, so that the engine makes no routes for it: whose a task is, is not a
 * matter of scope, nobody creates one, and nobody ticks one off. */
static const bx_record_def tasks = {
    .name = "tasks", .table = "task", .scope = BX_SCOPE_STUDENT, .fields = fields, .states = states, .read = "task.read"
};

static const bx_field reason_fields[] = {
    { "reason", BX_TEXT, BX_REQUIRED, 2, 500, NULL, NULL, NULL, NULL },
    { NULL, 0, 0, 0, 0, NULL, NULL, NULL, NULL }
};

static const bx_field approve_fields[] = {
    { "comment", BX_TEXT, 0, 0, 500, NULL, NULL, NULL, NULL },
    { NULL, 0, 0, 0, 0, NULL, NULL, NULL, NULL }
};

static const bx_field refuse_fields[] = {
    { "comment", BX_TEXT, BX_REQUIRED, 2, 500, NULL, NULL, NULL, NULL },
    { NULL, 0, 0, 0, 0, NULL, NULL, NULL, NULL }
};

static const bx_field delegate_fields[] = {
    { "account_id", BX_REF, BX_REQUIRED, 0, 0, "accounts", NULL, NULL, NULL },
    { NULL, 0, 0, 0, 0, NULL, NULL, NULL, NULL }
};

static const bx_field no_fields[] = { { NULL, 0, 0, 0, 0, NULL, NULL, NULL, NULL } };

/* Any account may ask what is its own; rows are chosen by whose they are (task_mine.c), units by task.oversee. */
static const bx_route routes[] = {
    { "GET", "tasks", NULL, bx_task_list, BX_ANY_USER | BX_PERSONAL, NULL,
      "What waits for me (view=overdue, today, coming, delegated), or in my unit (view=unit with due, school_id, class_id)" },
    { "GET", "tasks/summary", NULL, bx_task_summary, BX_ANY_USER, NULL, "How many notices are unread, how many tasks overdue, due today, coming" },
    { "GET", "tasks/counts", "task.oversee", bx_task_counts, 0, NULL, "What waits and what is overdue in a unit, by school or class" },
    { "GET", "tasks/{id}", NULL, bx_task_get, BX_ANY_USER | BX_PERSONAL, NULL, "A task: why it exists, what closes it, whose it is" },
    { "GET", "tasks/{id}/history", NULL, bx_task_history, BX_ANY_USER | BX_PERSONAL, NULL, "What happened to a task" },
    { "GET", "tasks/{id}/colleagues", NULL, bx_task_colleagues, BX_ANY_USER, NULL, "To whom my task can be handed" },
    { "POST", "tasks/{id}/ask_excuse", NULL, bx_task_ask_excuse, BX_ANY_USER, reason_fields, "Not possible, because …" },
    { "POST", "tasks/{id}/approve_excuse", "task.excuse", bx_task_approve_excuse, 0, approve_fields, "Agree that it need not be done" },
    { "POST", "tasks/{id}/refuse_excuse", "task.excuse", bx_task_refuse_excuse, 0, refuse_fields, "It is to be done all the same" },
    { "POST", "tasks/{id}/delegate", NULL, bx_task_delegate, BX_ANY_USER, delegate_fields, "Hand a task to a colleague" },
    { "POST", "tasks/{id}/take_back", NULL, bx_task_take_back, BX_ANY_USER, no_fields, "Take back what was handed on" },
    { "GET", "notices", NULL, bx_notice_list, BX_ANY_USER, NULL, "What I was told, newest first" },
    { "POST", "notices/{id}/read", NULL, bx_notice_read, BX_ANY_USER | BX_UNKEYED, no_fields, "I have read it" },
    { "POST", "notices/read", NULL, bx_notice_read_all, BX_ANY_USER | BX_UNKEYED, no_fields, "I have read all of them" },
    { "GET", "outbox", "outbox.read", bx_outbox_list, 0, NULL, "What waits to go out, and what went: to whom and when, never what about" },
    { NULL, NULL, NULL, NULL, 0, NULL, NULL }
};

static const bx_rule rules[] = {
    { "task.raise_days",      BX_RULE_INT,  1,   0, 30,   NULL,    "working_day", "proposal; 0: an overdue task is raised once" },
    { "task.late_entry_days", BX_RULE_INT,  1,   0, 10,   NULL,    "school_day",  "proposal" },
    { "notice.morning",       BX_RULE_TEXT, 0,   0, 0,    "07:30", "clock",       "proposal" },
    { "notice.afternoon",     BX_RULE_TEXT, 0,   0, 0,    "16:30", "clock",       "proposal" },
    { "notice.quiet_from",    BX_RULE_TEXT, 0,   0, 0,    "21:00", "clock",       "proposal" },
    { "notice.quiet_to",      BX_RULE_TEXT, 0,   0, 0,    "07:00", "clock",       "proposal" },
    { "notice.keep_days",     BX_RULE_INT,  180, 7, 1000, NULL,    "calendar_day", "proposal" },
    { NULL, 0, 0, 0, 0, NULL, NULL, NULL }
};

static const bx_notice_kind notices[] = {
    { "task.due",           "#/tasks/{task_id}", 0 },
    { "task.overdue",       "#/tasks/{task_id}", 0 },
    { "task.raised",        "#/tasks/{task_id}", BX_NOTICE_ANY_DAY },
    { "task.delegated",     "#/tasks/{task_id}", 0 },
    { "task.excuse_asked",  "#/tasks/{task_id}", 0 },
    { "task.excused",       "#/tasks/{task_id}", 0 },
    { "task.not_excused",   "#/tasks/{task_id}", 0 },
    { NULL, NULL, 0 }
};

static const bx_job jobs[] = {
    { "tasks.clock", 30, bx_task_clock },
    { "notice.digest", 30, bx_notice_digest },
    { NULL, 0, NULL }
};

static const bx_grant grants[] = {
    { "teacher",   "task.read" },
    { "subject",   "task.read" },
    { "psych",     "task.read" },
    { "registrar", "task.read" },
    { "grade",     "task.read task.oversee" },
    { "office",    "task.read task.oversee" },
    { "vice",      "task.read task.oversee task.excuse" },
    { "principal", "task.read task.oversee task.excuse" },
    { "township",  "task.read task.oversee" },
    { "county",    "task.read task.oversee task.excuse outbox.read" },
    { NULL, NULL }
};

static const bx_menu menu[] = {
    { "tasks", "#/tasks", "check", "task.read" },
    { "outbox", "#/outbox", "send", "outbox.read" },
    { NULL, NULL, NULL, NULL }
};

const bx_plugin bx_plugin_task = {
    .abi = BX_PLUGIN_ABI, .name = "task", .rules = rules, .routes = routes, .jobs = jobs, .grants = grants,
    .menu = menu, .notices = notices
};

const bx_record_def *const bx_task_record = &tasks;
