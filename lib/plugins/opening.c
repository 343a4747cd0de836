/* opening.c: opening registration each term (catalogue R35): who has come, who has not, who brings each of them back
 * (动员未及时到校学生返校任务落实表). Owns the tables of the workflow. A child who was not there when the list of its class was closed
 * is a no-show: the absence ladder begins for it on the first school day of the term (attendance_opening.c), and the dropout case
 * that may follow says so. */

#include "plugins/opening.h"

#include <stddef.h>

#define TEXT(n, flags, lo, hi)  { n, BX_TEXT, flags, lo, hi, NULL, NULL, NULL, NULL }
#define DAY(n, flags)           { n, BX_DATE, flags, 0, 0, NULL, NULL, NULL, NULL }
#define AT(n)                   { n, BX_TIME, BX_BY_HOOK | BX_IN_LIST, 0, 0, NULL, NULL, NULL, NULL }
#define REASON(flags)           { "reason", BX_CODE, flags, 0, 0, "absence_reason", NULL, NULL, NULL }
#define CLOCK                   "([01][0-9]|2[0-3]):[0-5][0-9]"
#define END                     { NULL, 0, 0, 0, 0, NULL, NULL, NULL, NULL }

static const bx_field no_show_fields[] = {
    { "student_id", BX_REF, BX_REQUIRED | BX_FIXED, 0, 0, "students", NULL, NULL, NULL },
    DAY("term_on", BX_BY_HOOK | BX_IN_LIST), AT("found_at"),
    REASON(BX_IN_LIST | BX_FILTER), TEXT("responsible", BX_IN_LIST, 2, 60), DAY("due_on", BX_IN_LIST), TEXT("measure", BX_IN_LIST, 2, 500), AT("came_at"),
    TEXT("result", BX_BY_HOOK | BX_IN_LIST, 0, 500),
    END
};

static const bx_field assign_fields[] = { TEXT("responsible", 0, 2, 60), DAY("due_on", 0), REASON(0), TEXT("measure", 0, 2, 500), END };
static const bx_field come_fields[] = {
    DAY("day", 0), { "clock", BX_TEXT, 0, 5, 5, NULL, CLOCK, NULL, NULL }, TEXT("comment", 0, 0, 200), END
};
static const bx_field why_fields[] = { TEXT("comment", BX_REQUIRED, 2, 200), END };

static const bx_state states[] = {
    { "missing", 0, "no" }, { "come", BX_TERMINAL, "ok" }, { "settled", BX_TERMINAL, "info" }, { "mistake", BX_TERMINAL, "none" }, { NULL, 0, NULL }
};

static const bx_transition transitions[] = {
    { "declare", BX_NEW,    "missing", "opening.register", NULL, NULL,          bx_no_show_declare, 0, NULL },
    { "list",    BX_NEW,    "missing", NULL,               NULL, NULL,          NULL,               BX_BY_JOB, NULL },
    { "assign",  "missing", "missing", "opening.assign",   NULL, assign_fields, NULL,               0, NULL },
    { "come",    "missing", "come",    "opening.register", NULL, come_fields,   bx_no_show_come,    0, NULL },
    { "settle",  "missing", "settled", "opening.assign",   NULL, why_fields,    bx_no_show_changed, 0, NULL },
    { "mistake", "missing", "mistake", "opening.register", NULL, why_fields,    bx_no_show_changed, BX_MAKES_RELEASE, NULL },
    { "seen",    "missing", "come",    NULL,               NULL, NULL,          NULL,               BX_BY_JOB,
      "came_at = COALESCE((SELECT MIN(x.ended_at) FROM absence_run x WHERE x.student_id = no_show.student_id AND x.first_on >= no_show.term_on"
      " AND x.state = 'ended' AND x.ended_by = 'returned'), updated_at)" },
    { NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL }
};

static const bx_view views[] = { { "missing", "t.state = 'missing'", NULL }, { NULL, NULL, NULL } };

static const bx_field register_fields[] = {
    { "unit_id", BX_REF, BX_BY_HOOK, 0, 0, "org-units", NULL, NULL, NULL },
    DAY("term_on", BX_BY_HOOK | BX_IN_LIST), { "due", BX_INT, BX_BY_HOOK | BX_IN_LIST, 0, 1000, NULL, NULL, NULL, NULL },
    TEXT("closed_by", BX_BY_HOOK | BX_IN_LIST, 0, 60),
    END
};

static const bx_record_def records[] = {
    { .name = "no-shows", .table = "no_show", .scope = BX_SCOPE_STUDENT, .fields = no_show_fields, .states = states, .transitions = transitions,
      .views = views, .read = "opening.read" },
    { .name = "opening-registers", .table = "opening_register", .scope = BX_SCOPE_UNIT, .fields = register_fields, .read = "opening.read" },
    { .name = NULL }
};

const bx_record_def *const bx_no_show_record = &records[0];

static const bx_rule rules[] = {
    { "opening.early_days", BX_RULE_INT, 14, 0, 60, NULL, "calendar_day", "proposal: registration opens so long before the term" },
    { "opening.due_days",   BX_RULE_INT, 1,  0, 30, NULL, "school_day",   "proposal: by when who has not come is to be brought back, from the first school day on" },
    { "opening.close_days", BX_RULE_INT, 0, 0, 10, NULL, "school_day",
      "[D4] (二): who has not come is listed at the start of the term; by the end of its first school day, or so many later: proposal" },
    { NULL, 0, 0, 0, 0, NULL, NULL, NULL }
};

static const bx_route route_list[] = {
    { "GET",  "opening", "opening.read", bx_opening_list, BX_PERSONAL, NULL,
      "Opening registration of the term: a school by class (school_id), or a class by child (class_id): who has come, who has not, who is responsible" },
    { "POST", "opening/marks", "opening.register", bx_opening_marks, 0, NULL, "Children of a class (class_id) who came, and who did not after all: {came: [id], not: [id]}" },
    { "POST", "opening/close", "opening.register", bx_opening_close, 0, NULL, "Close the registration of a class (class_id): whoever has not come and is not on leave is a no-show" },
    { NULL, NULL, NULL, NULL, 0, NULL, NULL }
};

static const bx_job jobs[] = { { "opening.clock", 60, bx_opening_clock }, { NULL, 0, NULL } };

static const bx_grant grants[] = {
    { "teacher",   "opening.read opening.register opening.assign" },
    { "grade",     "opening.read opening.assign" },
    { "office",    "opening.read opening.register opening.assign" },
    { "vice",      "opening.read opening.assign" },
    { "principal", "opening.read opening.assign" },
    { "registrar", "opening.read" },
    { "psych",     "opening.read" },
    { "township",  "opening.read" },
    { "county",    "opening.read" },
    { NULL, NULL }
};

static const bx_menu menu[] = { { "opening", "#/opening", "flag", "opening.read" }, { NULL, NULL, NULL, NULL } };

static const bx_task_kind tasks[] = {
    { BX_OPENING_TASK, "teacher", "opening-registers", "#/opening?class={class_id}", "opening.close_days", BX_TASK_REOPENS },
    { NULL, NULL, NULL, NULL, NULL, 0 }
};

const bx_plugin bx_plugin_opening = {
    .abi = BX_PLUGIN_ABI, .name = "opening", .records = records, .rules = rules, .routes = route_list, .jobs = jobs, .grants = grants, .menu = menu,
    .tasks = tasks, .documents = bx_opening_documents, .calendar_changed = bx_opening_calendar
};
