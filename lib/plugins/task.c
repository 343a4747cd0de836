/* task.c: tasks and notices as people meet them: what waits for me, what my unit has overdue, what I was told.
 * Owns what the owner of a task may do with it: say why it is not possible, hand it to a colleague. That it is done is never
 * said here: the record that proves it closes it (flow/task_open.c). */

#include "plugins/task.h"

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

const bx_plugin bx_plugin_task = {
    .abi = BX_PLUGIN_ABI, .name = "task", .rules = rules, .jobs = jobs, .notices = notices
};
