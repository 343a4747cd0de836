/* attendance.c: roll call, absences, the ladder S0–S7 (catalogue W3, R3, R4; docs/attendance.md says what each word means).
 * Owns the tables of the workflow. What is done is in attendance_*.c; the ladder itself is lib/flow/ladder.c. Contacts, visits
 * and reports, on which rungs close, are visit.c. */

#include "plugins/attendance.h"

static const bx_code kinds[] = { { "present" }, { "late" }, { "left_early" }, { "absent" }, { "leave" }, { "sent" }, { NULL } };
static const bx_code reasons[] = {
    { "sick" }, { "family" }, { "overslept" }, { "road" }, { "weather" }, { "unwilling" }, { "unreachable" }, { "other" }, { NULL }
};

static const bx_code_list code_lists[] = { { "attendance_kind", kinds }, { "absence_reason", reasons }, { NULL, NULL } };

static const bx_rule rules[] = {
    { "roll.mode",             BX_RULE_TEXT, 0,    0,   0,    "half_day", "roll_mode", "the school's choice: half_day, day or period" },
    { "roll.due_minutes",      BX_RULE_INT,  30,   5,   240,  NULL, "minute",       "proposal" },
    { "roll.rote_rolls",       BX_RULE_INT,  20,   4,   200,  NULL, "roll",         "proposal: rolls in a row without anybody missing" },
    { "roll.rote_seconds",     BX_RULE_INT,  3,    0,   60,   NULL, "second",       "proposal: handed in so soon after the sheet was opened" },
    { "roll.rote_percent",     BX_RULE_INT,  2,    1,   50,   NULL, "percent",      "proposal: so many of the other classes' children were missing at the same time" },
    { "roll.rote_days",        BX_RULE_INT,  10,   3,   100,  NULL, "school_day",   "proposal: the same children absent day after day, one of them unasked for" },
    { "ladder.contact_by",     BX_RULE_INT,  1440, 480, 1440, NULL, "minute_of_day", "[B] 三(一)1: the guardian is contacted on the day" },
    { "ladder.periods",        BX_RULE_INT,  4,    1,   40,   NULL, "period",       "[C1] 七2: four periods" },
    { "ladder.periods_window", BX_RULE_INT,  7,    1,   30,   NULL, "calendar_day", "proposal: that day and six before" },
    { "ladder.half_day",       BX_RULE_INT,  1,    0,   1,    NULL, "switch",       "[A3] 二(二)7: half a day is reported to the academic office" },
    { "ladder.report_hours",   BX_RULE_INT,  24,   1,   168,  NULL, "hour",         "[B] 三(一)1: in writing within 24 hours" },
    { "ladder.visit_day",      BX_RULE_INT,  1,    1,   10,   NULL, "school_day",   "[C1] 七2: one day" },
    { "ladder.middle_day",     BX_RULE_INT,  2,    1,   20,   NULL, "school_day",   "[D4] (四): two days, a middle leader; a stricter reading ([A3] 二(二)7): a school leader" },
    { "ladder.leader_day",     BX_RULE_INT,  3,    1,   30,   NULL, "school_day",   "[D4] (四): three days, a school leader" },
    { "ladder.visit_due_days", BX_RULE_INT,  1,    0,   10,   NULL, "school_day",   "[A3] 二(二)7: on that day or the next" },
    { "ladder.visit_cap_days", BX_RULE_INT,  3,    0,   30,   NULL, "calendar_day", "proposal: a child lost before a long holiday is not first visited after it; 0: no cap" },
    { NULL, 0, 0, 0, 0, NULL, NULL, NULL }
};

static const bx_route route_list[] = {
    { "GET",  "roll-calls/sheet", "attendance.read", bx_roll_sheet, BX_PERSONAL, NULL,
      "The roll of a class for a session: children, what is marked, who is on leave (class_id, day, session)" },
    { "GET",  "roll-calls/day", "attendance.read", bx_roll_day, BX_PERSONAL, NULL,
      "The sheet of a school for a day: due, present, absent with reasons by class, classes missing (school_id, day)" },
    { "GET",  "roll-calls/{id}", "attendance.read", bx_roll_read, BX_PERSONAL, NULL, "A roll that was taken" },
    { "POST", "roll-calls", "attendance.take", bx_roll_take, 0, NULL,
      "Take a roll: all are there but those in marks; with If-Match the whole roll is corrected" },
    { "POST", "roll-calls/{id}/marks", "attendance.take", bx_roll_marks, 0, NULL,
      "On its day: change some marks of a roll; the old ones are kept" },
    { "POST", "roll-calls/{id}/correct", "attendance.correct", bx_roll_correct, 0, NULL,
      "On any day: correct some marks of a roll; the old ones are kept" },
    { "GET",  "absences", "attendance.read", bx_absence_list, BX_PERSONAL, NULL,
      "Marks of a child (student_id, from, to), or of a class or school on a day" },
    { "GET",  "absences/runs", "attendance.read", bx_absence_runs, BX_PERSONAL, NULL, "Children who are missing now, with what is due for each" },
    { "GET",  "attendance-figures", "attendance.read", bx_attendance_figures, 0, NULL,
      "Attendance of a school from a day to a day, by class, grade and school: due, attended, rate, absent, leave (school_id, from, to)" },
    { "GET",  "attendance-figures/export", "attendance.read", bx_attendance_export, BX_SLOW, NULL, "The same as a spreadsheet (format)" },
    { "GET",  "attendance-integrity", "attendance.integrity", bx_attendance_integrity, 0, NULL,
      "Rolls of a school by class: not taken, entered late, corrected, and those that look as if nobody had looked (school_id, from, to)" },
    { NULL, NULL, NULL, NULL, 0, NULL, NULL }
};

static const bx_job jobs[] = {
    { "attendance.night", 60, bx_attendance_night },
    { "attendance.clock", 15, bx_attendance_clock },
    { NULL, 0, NULL }
};

static const bx_grant grants[] = {
    { "teacher",   "attendance.read attendance.take" },
    { "subject",   "attendance.read" },
    { "grade",     "attendance.read" },
    { "office",    "attendance.read attendance.take attendance.correct attendance.integrity" },
    { "vice",      "attendance.read attendance.integrity" },
    { "principal", "attendance.read attendance.integrity" },
    { "registrar", "attendance.read" },
    { "psych",     "attendance.read" },
    { "township",  "attendance.read" },
    { "county",    "attendance.read" },
    { NULL, NULL }
};

static const bx_menu menu[] = {
    { "roll", "#/roll", "checks", "attendance.take" },
    { "absences", "#/absences", "seat", "attendance.read" },
    { "day", "#/day", "list", "attendance.read" },
    { NULL, NULL, NULL, NULL }
};

#define CONTACT  "#/absences"
#define VISIT    "#/home-visits/new?student={student_id}&task={id}"

static const bx_task_kind tasks[] = {
    { "attendance.roll",         "teacher", "roll-calls",      "#/roll?class={class_id}&day={day}&session={session}", "roll.due_minutes", BX_TASK_IN_SCHOOL },
    { "attendance.roll_missing", "office",  "roll-calls",      "#/roll?class={class_id}&day={day}&session={session}", "roll.due_minutes", BX_TASK_IN_SCHOOL },
    { "attendance.contact",      "teacher", "contacts leave-requests", CONTACT, "ladder.contact_by", BX_TASK_EXCUSABLE },
    { "attendance.notify",       "teacher", "contacts leave-requests", CONTACT, "ladder.periods", BX_TASK_EXCUSABLE },
    { "attendance.report",       "teacher", "absence-reports", "#/absences?step=S3", "ladder.report_hours", 0 },
    { "attendance.visit",        "teacher", "home-visits",     VISIT, "ladder.visit_due_days", BX_TASK_EXCUSABLE },
    { "attendance.visit_middle", "grade",   "home-visits",     VISIT, "ladder.middle_day", BX_TASK_EXCUSABLE },
    { "attendance.visit_leader", "vice",    "home-visits",     VISIT, "ladder.leader_day", BX_TASK_EXCUSABLE },
    { NULL, NULL, NULL, NULL, NULL, 0 }
};

static const bx_notice_kind notices[] = {
    { "attendance.missed", NULL, BX_NOTICE_ANY_DAY },
    { NULL, NULL, 0 }
};

const bx_plugin bx_plugin_attendance = {
    .abi = BX_PLUGIN_ABI, .name = "attendance", .rules = rules, .routes = route_list, .jobs = jobs, .codes = code_lists, .grants = grants,
    .menu = menu, .tasks = tasks, .notices = notices,
    .calendar_changed = bx_attendance_calendar
};
