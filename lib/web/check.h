/* check.h: what check.c (plugins) and check_record.c (their records) share; nobody else includes it. */
#ifndef BX_CHECK_H
#define BX_CHECK_H

#include "web/registry.h"

/* One walk over the plugins that are on; lives on the stack of bx_tables_check(). */
typedef struct {
    const bx_tables  *t;
    const bx_plugin  *p;                      /* being looked at */
    bx_arena         *arena;
    bx_fault_fn       say;
    void             *ctx;
    unsigned          n;
    bx_buf            ungranted;              /* capabilities that were complained of */
} bx_check;

/* check.c: says a fault of k->p, counts it. */
void    bx_check_fault(bx_check *k, const char *fmt, ...) BX_PRINTF(2, 3);
/* A fault for each language without a text of that key; none for NULL, nor in a set that has no texts. */
void    bx_check_text(bx_check *k, const char *key);
/* A fault, once, when no role has the capability; none for NULL. */
void    bx_check_holder(bx_check *k, const char *capability);
/* A word of small letters, digits and what `more` has, beginning with a letter: it is pasted into SQL and paths. */
bool    bx_check_word(const char *s, const char *more, size_t max);

/* check_record.c: every fault of one record. */
void    bx_check_record(bx_check *k, const bx_record_def *def);

#endif
