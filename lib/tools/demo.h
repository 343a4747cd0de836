/* demo.h: what the files of the demonstration county share. Everybody in it is made up; the same random numbers are drawn
 * each time, so that two copies made on the same day are alike but for their ids and passwords. */
#ifndef BX_TOOLS_DEMO_H
#define BX_TOOLS_DEMO_H

#include "tools/tools.h"

typedef struct { uint64_t state; } demo_dice;

uint64_t    demo_draw(demo_dice *d, uint64_t n);                       /* 0 .. n-1 */
bool        demo_chance(demo_dice *d, unsigned percent);

#define DEMO_SCHOOLS  3
#define DEMO_CLASSES  36

typedef struct {
    const char *name, *code, *stage, *village;
    int         township;                     /* 0 or 1 */
    int         grades, classes;              /* grades, classes a grade */
    ctl_unit    unit;                         /* once it is placed */
} demo_school;

typedef struct { bx_id id, teacher; int school, entry_year, number; } demo_class;

typedef struct {
    ctl          *x;
    demo_dice     dice;
    bx_time       now;                        /* when it is made */
    bx_date       today, since;               /* leave is made up from `since` on */
    int           year;                       /* school year of today */
    bx_date       terms[2][2];                /* first and last days */
    const char   *stretched;                  /* sentence when a term was made longer to hold today; NULL */
    demo_school   schools[DEMO_SCHOOLS];
    demo_class    classes[DEMO_CLASSES];      /* in the order of schools, grades from the first, numbers */
    size_t        nclasses;
    bx_id         staff[DEMO_SCHOOLS][3];     /* accounts: principal, office, vice */
    bx_id         county, townships[2];       /* accounts */
} demo;

/* Persons the accounts belong to; the roster has them by these names. */
#define DEMO_MOTHER    "杨秀莲"
#define DEMO_CHILD     "罗思雨"
#define DEMO_CHILD2    "罗思成"
#define DEMO_MOTHER2   "吴桂英"
#define DEMO_CHILD3    "龙欣悦"

/* ---- demo_people.c */

const char *demo_name(demo *d, int sex);                               /* 1 male, 2 female */
char       *demo_phone(demo *d);                                       /* of a range nobody has */
/* The roster of a school in the national template, as CSV. */
bx_rc       demo_roster(demo *d, const demo_school *s, bx_buf *out);

/* ---- demo_leave.c */

/* A month of leave through the engine itself, as if everybody had acted in time. BX_FAIL after printing why. */
bx_rc       demo_leave(demo *d, unsigned *made);

/* ---- demo_case.c */

/* Rolls of a month and children who stayed away, through the engine itself. BX_FAIL after printing why. */
bx_rc       demo_cases(demo *d, unsigned *rolls);

/* ---- demo_register.c */

/* Who is responsible for whom, from the area down to the child. */
bx_rc       demo_register(demo *d);

#endif
