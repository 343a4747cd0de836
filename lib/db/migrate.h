/* migrate.h: a part of migrate.c that its test looks at alone. */
#ifndef BX_MIGRATE_H
#define BX_MIGRATE_H

#include "db/db.h"

/* Splits on ";" at the end of a line, outside comments and quotes; comments before a statement are dropped. BX_FAIL
 * when a comment, a quote or a statement does not end. */
bx_rc  bx_migrate_split(bx_arena *a, const char *text, char ***out, size_t *n);

#endif
