/* reads.h: how many records about people an account reads, counted in memory that all workers of a node share. Internal to lib/web;
 * what the module calls is in app.h. */
#ifndef BX_READS_H
#define BX_READS_H

#include "web/routes.h"

/* Refuses with 429 `read_limit` and Retry-After when the account has read as much as its rules let it. A row of another
 * kind, somebody without a position, a job: BX_OK. [thread] */
bx_rc  bx_reads_gate(bx_call *c, const bx_route_row *row);
/* Counts what the answer has; the gate before it has found the account's place. [thread] */
void   bx_reads_count(bx_call *c);

#endif
