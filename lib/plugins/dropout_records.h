/* dropout_records.h: the tables of the records kept in a dropout case (dropout_records.c), for the plugin's (dropout.c). */
#ifndef BX_DROPOUT_RECORDS_H
#define BX_DROPOUT_RECORDS_H

#include "baoxue.h"

extern const bx_code  bx_persuasion_ways[], bx_persuasion_outcomes[], bx_plan_kinds[], bx_refused_by[], bx_receipts[], bx_notice_kinds[],
                      bx_served_how[], bx_evaluations[], bx_urgent_kinds[];
extern const bx_field bx_persuasion_fields[], bx_refusal_fields[], bx_tracking_fields[], bx_notice_fields[], bx_return_report_fields[],
                      bx_follow_up_fields[], bx_urgent_fields[];
extern const bx_state bx_notice_states[], bx_follow_up_states[], bx_urgent_states[];
extern const bx_transition  bx_notice_transitions[], bx_follow_up_transitions[], bx_urgent_transitions[];

#endif
