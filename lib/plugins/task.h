/* task.h: what task.c (the tables) takes from task_mine.c (which rows), task_list.c (lists, counts), task_show.c (how a row is
 * shown), task_act.c (what people do with one) and task_notice.c (notices, outbox). */
#ifndef BX_PLUGIN_TASK_H
#define BX_PLUGIN_TASK_H

#include "flow/task.h"

extern const bx_record_def *const bx_task_record;

/* ---- task_mine.c: whose a task is */

#define BX_TASK_PARTS  (3 * BX_MAX_GRANTS + 2)

/* Conditions on t, one for each way in which a task is mine: by a role I hold, by name, raised to me, an excuse that I decide. Each
 * is read by a key of its own. No room is needed but in out. */
typedef struct { const char *sql; bx_value args[3]; size_t nargs; } bx_task_part;
size_t  bx_task_mine(const bx_call *c, bx_task_part out[BX_TASK_PARTS]);
/* Is a row in hand mine to do? */
bool    bx_task_is_mine(const bx_call *c, const bx_record *r);
/* May the caller decide on its excuse, that somebody else asked for? */
bool    bx_task_may_excuse(const bx_call *c, const bx_record *r);
/* Reads one that the caller may see (mine, handed on by me, in a unit I oversee); 404 otherwise. [thread] */
bx_rc   bx_task_read(bx_call *c, bx_record *out);

/* ---- task_show.c [thread] */

/* Rows of a select of the record as the answer shows them: a new reference to an array. */
bx_rc   bx_task_items(bx_call *c, const bx_rows *rows, size_t limit, json_t **out);
/* One row, with why, what closes it, its rule. A new reference. */
bx_rc   bx_task_json(bx_call *c, bx_record *r, json_t **out);

/* ---- task_list.c [thread] */

/* What the frame and the first page of the portal show: a new reference to {unread, overdue, today, coming, queues, items}. */
bx_rc   bx_task_summary_json(bx_call *c, json_t **out);

/* ---- handlers [thread] */

bx_rc   bx_task_list(bx_call *c);
bx_rc   bx_task_summary(bx_call *c);
bx_rc   bx_task_counts(bx_call *c);
bx_rc   bx_task_get(bx_call *c);
bx_rc   bx_task_history(bx_call *c);
bx_rc   bx_task_colleagues(bx_call *c);
bx_rc   bx_task_ask_excuse(bx_call *c);
bx_rc   bx_task_approve_excuse(bx_call *c);
bx_rc   bx_task_refuse_excuse(bx_call *c);
bx_rc   bx_task_delegate(bx_call *c);
bx_rc   bx_task_take_back(bx_call *c);
bx_rc   bx_notice_list(bx_call *c);
bx_rc   bx_notice_read(bx_call *c);
bx_rc   bx_notice_read_all(bx_call *c);
bx_rc   bx_outbox_list(bx_call *c);

#endif
