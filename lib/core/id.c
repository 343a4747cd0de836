/*
 * id.c: primary keys made by the application: 41 bits of milliseconds since 2024-01-01T00:00:00Z, 6 bits of lane, 16
 * bits of sequence.
 *
 * The lane is made of the host's name and the process id, so that the workers of one server never share one and
 * servers seldom do; the sequence starts anywhere in each millisecond, so that processes which share a lane still
 * hardly ever meet: at one id a millisecond each, once in 32,000 milliseconds in which both make one. Who inserts
 * rows must therefore be ready for a primary key that is taken, and run the transaction again with new ids. No lock:
 * a fork at any moment leaves nothing held. Ids follow the real clock, not the one that test builds set.
 */
#include "core/core.h"

#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

#include <sodium.h>

#define EPOCH_MS       INT64_C(1704067200000)
#define SEQUENCE_BITS  16
#define LANE_BITS      6
#define TIME_BITS      41

static atomic_uint_fast64_t  last;            /* milliseconds << SEQUENCE_BITS | sequence, of the newest id here */
static atomic_uint_fast64_t  owner;           /* pid << LANE_BITS | lane; another pid: this process was forked */

static uint64_t
milliseconds(void)
{
    int64_t          ms;
    struct timespec  ts;

    clock_gettime(CLOCK_REALTIME, &ts);
    ms = (int64_t) ts.tv_sec * 1000 + ts.tv_nsec / 1000000 - EPOCH_MS;

    return ms < 1 ? 1 : (uint64_t) ms & ((UINT64_C(1) << TIME_BITS) - 1);
}

static uint64_t
lane_of(pid_t pid)
{
    char      host[256] = "";
    uint32_t  h = 2166136261u;
    size_t    i;

    (void) gethostname(host, sizeof(host) - 1);
    for (i = 0; host[i] != '\0'; i++) {
        h = (h ^ (unsigned char) host[i]) * 16777619u;
    }

    return ((h ^ h >> 16) + (uint32_t) pid) & ((1u << LANE_BITS) - 1);
}

static uint64_t
lane(void)
{
    pid_t     pid = getpid();
    uint64_t  mine, was = atomic_load(&owner), old;

    if (was >> LANE_BITS == (uint64_t) pid) {
        return was & ((1u << LANE_BITS) - 1);
    }

    /* Forked, or the first call: leave the parent's millisecond, so that both cannot count on from the same number.
     * Threads that get here together only leave it twice. */
    old = atomic_load(&last);
    if (old != 0) {
        atomic_compare_exchange_strong(&last, &old, ((old >> SEQUENCE_BITS) + 1) << SEQUENCE_BITS);
    }

    mine = lane_of(pid);
    atomic_store(&owner, (uint64_t) pid << LANE_BITS | mine);

    return mine;
}

bx_id
bx_id_new(void)
{
    uint64_t  my_lane = lane(), now = milliseconds(), old = atomic_load(&last), next;

    do {
        next = old + 1;                       /* a full millisecond runs over into the next */
        if (now > old >> SEQUENCE_BITS) {
            next = now << SEQUENCE_BITS | randombytes_uniform(1u << SEQUENCE_BITS);
        }
    } while (!atomic_compare_exchange_weak(&last, &old, next));

    return (bx_id) ((next >> SEQUENCE_BITS) << (LANE_BITS + SEQUENCE_BITS) | my_lane << SEQUENCE_BITS
                    | (next & ((1u << SEQUENCE_BITS) - 1)));
}

json_t *
bx_id_json(bx_id id)
{
    char    text[20];
    size_t  at = sizeof(text);

    if (id <= 0) {
        return json_null();
    }

    for (bx_id rest = id; rest > 0; rest /= 10) {
        text[--at] = (char) ('0' + rest % 10);
    }

    return json_stringn_nocheck(text + at, sizeof(text) - at);
}
