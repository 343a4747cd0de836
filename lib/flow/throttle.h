/* throttle.h: counting attempts against a secret. Internal to libbaoxue. */
#ifndef BX_THROTTLE_H
#define BX_THROTTLE_H

#include "web/call.h"

/* One thing that is counted: at most `limit` attempts within `window` seconds, then none for `block` seconds. */
typedef struct {
    bx_value  subject;                        /* keyed hash, from bx_throttle_subject() */
    int64_t   limit, window, block;
    int64_t   count;                          /* out: attempts in this window with the present one */
    unsigned  wait;                           /* out: seconds to wait when the attempt is refused, else 0 */
} bx_throttle;

/* The subject of a kind ("pair", "code") and its parts; no login or address is kept in the clear. */
bx_value  bx_throttle_subject(bx_call *c, const char *kind, const char *a, const char *b);
/* What counts as one address: an IPv4 address, or the /64 of an IPv6 one. */
char     *bx_throttle_network(bx_arena *a, const char *address);
/* Counts an attempt before it is made, so that many at once cannot pass the limit. [thread] */
bx_rc     bx_throttle_count(bx_call *c, bx_throttle *t);
/* Takes the attempt back because it was right: `all` forgets those before it as well. At once, or queued. [thread] */
bx_rc     bx_throttle_forgive(bx_call *c, const bx_throttle *t, bool all);
bx_rc     bx_throttle_queue_forgive(bx_call *c, const bx_throttle *t, bool all);
/* Refuses with 429 and Retry-After. */
bx_rc     bx_throttle_refuse(bx_call *c, unsigned wait);

/* Marks that do not count: "this account has signed in from this network". They are kept for BX_MARK_DAYS. */
#define BX_MARK_DAYS  60
bx_rc     bx_throttle_mark(bx_call *c, bx_value subject);             /* queued */
bx_rc     bx_throttle_marked(bx_call *c, bx_value subject, bool *yes);
/* Deletes marks that are over; counts are thrown away with the rest (core_plugin.c). For a job. */
bx_rc     bx_throttle_purge_marks(bx_call *c);

#endif
