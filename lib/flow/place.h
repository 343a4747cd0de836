/* place.h: new rows of the organisation tree, and which unit may lie where: for administration, the commands and the
 * demonstration county. Internal to libbaoxue. */
#ifndef BX_PLACE_H
#define BX_PLACE_H

#include "flow/flow.h"

typedef struct {
    bx_id        id, parent, school, township;
    const char  *level, *name, *code, *path, *stage;
} bx_unit;

typedef struct {
    const char     *level, *name, *code, *stage;
    int             entry_year, class_no;     /* grades and classes, else 0 */
    const bx_unit  *parent;                   /* NULL: the root */
    bx_id           id, school, township;     /* out; school 0 above schools */
    const char     *path;                     /* out */
} bx_place;

/* Levels that one may lie under, separated by spaces; "" for the root, NULL for what is no level. */
const char *bx_level_parents(const char *level);
/* Is it the code of a unit of that level: 10 digits of a school, a division code of 6, 9, 10 or 12 digits above schools? */
bool        bx_unit_code_ok(const char *level, const char *code);
bool        bx_stage_ok(const char *stage);

/* Queues the row; sets id, path and where it lies. */
bx_rc       bx_place_queue(bx_call *c, bx_place *p);
/* The class of a school, queued with its grade when either is not there; *made says whether the class was not. Rows queued in
 * this call are not seen: whoever makes several classes of a new grade goes on with bx_place_class_under(). [thread] */
bx_rc       bx_place_class(bx_call *c, const bx_unit *school, const char *stage, int entry_year, int class_no, bx_place *out,
                           bool *made);
/* The grade of a school, queued when it is not there. [thread] */
bx_rc       bx_place_grade(bx_call *c, const bx_unit *school, const char *stage, int entry_year, bx_unit *out);
/* Queues a class under a grade. */
bx_rc       bx_place_class_under(bx_call *c, const bx_unit *grade, const char *stage, int entry_year, int class_no, bx_place *out);
/* A placed unit as the parent of others. */
bx_unit     bx_place_unit(const bx_place *p);

#endif
