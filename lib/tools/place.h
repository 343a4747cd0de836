/* place.h: new rows of the organisation tree, for the commands and the demonstration county. */
#ifndef BX_TOOLS_PLACE_H
#define BX_TOOLS_PLACE_H

#include "tools/tools.h"

typedef struct {
    const char      *level, *name, *code, *stage;
    int              entry_year, class_no;    /* grades and classes, else 0 */
    const ctl_unit  *parent;                  /* NULL: the root */
    bx_id            id, school, township;    /* out; school 0 above schools */
    const char      *path;                    /* out */
} place;

/* Queues the row; sets id, path and where it lies. */
bx_rc  place_queue(bx_call *c, place *p);
/* The class of a school, queued with its grade when either is not there; *made says whether the class was not. */
bx_rc  place_class(bx_call *c, const ctl_unit *school, const char *stage, int entry_year, int class_no, place *out, bool *made);
/* A placed unit as the parent of others. */
ctl_unit place_unit(const place *p);

#endif
