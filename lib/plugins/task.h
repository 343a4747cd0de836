/* task.h: what task.c (the tables) takes from task_list.c (what is shown), task_act.c (what people do) and task_notice.c. */
#ifndef BX_PLUGIN_TASK_H
#define BX_PLUGIN_TASK_H

#include "flow/task.h"

#endif
