/* holidays.h: an announcement of holidays as it is pasted, read into days. Internal to libbaoxue; pure. */
#ifndef BX_HOLIDAYS_H
#define BX_HOLIDAYS_H

#include "baoxue.h"

typedef struct { int line; bool makeup; const char *name; bx_date starts, ends; } bx_holiday;
typedef struct { int line; const char *text, *reason; } bx_holiday_fault;      /* reason: error.calendar.<reason> */

typedef struct {
    bx_holiday        *entries;               /* in the order of the text */
    size_t             n;
    bx_holiday_fault  *faults;                /* lines with a date that could not be read whole */
    size_t             nfaults;
} bx_holidays;

/* Reads what the State Council announces each year ("一、元旦：1月1日（周四）至3日（周六）放假调休，共3天。1月4日（周日）上班。"), or a
 * list with a line each ("2026-10-01 2026-10-07 放假 国庆节", "2026-10-10 上班"). Dates without a year are of `year`, or of
 * the year that the text names before them. Lines without a date are passed over. BX_FAIL: out of memory. */
bx_rc   bx_holidays_read(bx_arena *a, const char *text, int year, bx_holidays *out);

#endif
