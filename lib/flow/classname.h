/*
 * classname.h: class names as schools write them, beside bx_class_label() of baoxue.h. Internal to libbaoxue; pure.
 *
 * A class is a stage, the year its children entered that stage, and a number. School year 2026 is 2026-2027 and begins
 * on 1 August; grade 3 of 2026-2027 entered in 2024. A school of stage "nine" has classes of stage "primary" (grades 1-6)
 * and "junior" (grades 7-9, by the year they entered grade 7).
 */
#ifndef BX_CLASSNAME_H
#define BX_CLASSNAME_H

#include "baoxue.h"

typedef enum {
    BX_CLASS_OK = 0,
    BX_CLASS_EMPTY,                           /* nothing there */
    BX_CLASS_FORM,                            /* not a form that names one class without doubt */
    BX_CLASS_NO_GRADE,                        /* a class number without grade or entry year */
    BX_CLASS_NO_NUMBER,                       /* a grade or entry year without class number */
    BX_CLASS_GRADE,                           /* the school has no such grade in this school year */
    BX_CLASS_NUMBER,                          /* class numbers run from 1 to 99 */
    BX_CLASS_STAGE                            /* in a nine-year school the entry year fits two grades */
} bx_class_fault;

typedef struct {
    char  stage[8];                           /* "primary" or "junior" */
    int   entry_year, class_no;
    int   grade;                              /* 1..9, in the school year asked for */
} bx_class_name;

/* The school year that holds a day. */
int             bx_school_year(bx_date d);
/* Grade 1..9 of a class in a school year, 0 when it has not begun or has left. stage "nine" counts from grade 1. */
int             bx_class_grade(const char *stage, int entry_year, int school_year);
/* Resolves text as it stands in a roster of a school of that stage. *out is set only when the result is BX_CLASS_OK. */
bx_class_fault  bx_classname_parse(const char *text, int school_year, const char *school_stage, bx_class_name *out);
/* "no_number", …, as in the enum; NULL for BX_CLASS_OK. */
const char     *bx_class_fault_name(bx_class_fault fault);

#endif
