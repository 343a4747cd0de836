/*
 * reads.c: how many records about people an account reads in an hour and on a day, and the end of it. Owns the table in shared
 * memory. Does not own what is such a record: a record kind of a child's, or a route that says BX_PERSONAL.
 *
 * There is no lock: threads of all workers read and add by atomics. A window (which hour, which day) and its count are one
 * word, so that a count of yesterday can never be taken for today's. An account's place is looked for in a few slots from
 * its hash on; a slot that nobody has used today may be taken over. No rule is read before an account has read as much as the least
 * a rule may allow, and then once a minute.
 */
#include "web/reads.h"
#include "web/app_private.h"
#include "flow/flow.h"
#include "flow/rules.h"
#include "flow/task.h"
#include "flow/throttle.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <string.h>

#define PROBES     16
#define SEEN       19                         /* addresses of this hour that an account has read last */
#define HOUR       3600
#define DAY        86400
#define FRESH      60                         /* seconds that limits are good for */

enum { BY_HOUR, BY_DAY, EXPORTED, NCOUNTS };

/* One account: two lines of a processor's cache. */
typedef struct bx_reads_slot {
    _Atomic uint64_t  account;                /* 0: nobody's yet; one that was once somebody's is never 0 again */
    _Atomic uint64_t  counts[NCOUNTS];        /* window << 32 | count */
    _Atomic uint32_t  limits[NCOUNTS];
    _Atomic uint32_t  limits_at;              /* when they were read */
    _Atomic uint32_t  told;                   /* the day on which it was said that the end was reached */
    _Atomic uint32_t  seen[SEEN];             /* marks of addresses, the latest first */
} slot;

struct bx_reads {
    uint8_t  key[16];                         /* of the marks: nobody can find an address with the mark of another */
    size_t   n;
    slot     slots[];
};

_Static_assert(sizeof(slot) == 128, "a slot is two cache lines");
_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "shared between processes");


/* ---- the table */

size_t
bx_reads_size(size_t room)
{
    size_t  n = room < sizeof(bx_reads) ? 0 : (room - sizeof(bx_reads)) / sizeof(slot);

    return n < PROBES ? 0 : sizeof(bx_reads) + n * sizeof(slot);
}


void
bx_reads_init(bx_reads *reads, size_t size)
{
    memset(reads, 0, size);
    bx_random(reads->key, sizeof(reads->key));
    reads->n = (size - sizeof(*reads)) / sizeof(slot);
}


void bx_app_share_reads(bx_app *app, bx_reads *reads) { app->reads = reads; }


static uint64_t
counted(slot *s, int what, uint32_t window)
{
    uint64_t  v = atomic_load_explicit(&s->counts[what], memory_order_relaxed);

    return v >> 32 == window ? v & UINT32_MAX : 0;
}


static void
add(slot *s, int what, uint32_t window, uint32_t n)
{
    uint64_t  v = atomic_load_explicit(&s->counts[what], memory_order_relaxed), next;

    do {
        uint64_t  sum = (v >> 32 == window ? v & UINT32_MAX : 0) + n;

        next = (uint64_t) window << 32 | (sum > UINT32_MAX ? UINT32_MAX : sum);
    } while (!atomic_compare_exchange_weak(&s->counts[what], &v, next));
}


/* The account's place, or one that nobody has used today; NULL: all near it are in use, and it is not counted. */
static slot *
find(bx_reads *reads, bx_id account, uint32_t day)
{
    size_t  start = (size_t) (((uint64_t) account * UINT64_C(0x9e3779b97f4a7c15)) >> 32) % reads->n;

    for (int tries = 0; tries < PROBES; tries++) {
        slot     *room = NULL;
        uint64_t  was = 0;

        for (size_t i = 0; i < PROBES; i++) {
            slot     *s = &reads->slots[(start + i) % reads->n];
            uint64_t  whose = atomic_load(&s->account);

            if (whose == (uint64_t) account) {
                return s;
            }
            if (room == NULL && (whose == 0 || (counted(s, BY_DAY, day) == 0 && counted(s, EXPORTED, day) == 0))) {
                room = s;
                was = whose;
            }
        }

        if (room == NULL) {
            return NULL;
        }
        if (atomic_compare_exchange_strong(&room->account, &was, (uint64_t) account)) {
            atomic_store(&room->limits_at, 0);
            atomic_store(&room->told, 0);
            return room;
        }
    }

    return NULL;
}


/* Was this very address read in this hour? It is now. Two threads at once may lose a mark or have it twice: that is counted once
 * more or less, no harm. */
static bool
seen_before(bx_call *c, slot *s, uint32_t hour)
{
    const bx_request *req = c->req;
    uint8_t           hash[32];
    uint32_t          mark, last;
    bx_buf            b;

    bx_buf_init(&b, c->arena);
    bx_buf_add(&b, (const char *) c->app->reads->key, sizeof(c->app->reads->key));
    bx_buf_printf(&b, "%" PRIu32 " %" PRId64 "\n%s\n%s\n%s", hour, c->who->account, req->path,
                  req->query == NULL ? "" : req->query, req->asked == NULL ? "" : req->asked);
    if (b.failed) {
        return false;
    }
    bx_sha256(b.data, b.len, hash);
    memcpy(&mark, hash, sizeof(mark));

    last = mark;
    for (size_t i = 0; i < SEEN; i++) {
        last = atomic_exchange_explicit(&s->seen[i], last, memory_order_relaxed);
        if (last == mark) {
            return true;
        }
    }

    return false;
}


/* ---- the limits */

static const struct { const char *key; uint32_t least; }  rules[NCOUNTS] = {
    { "read.per_hour", BX_READS_LEAST_HOUR }, { "read.per_day", BX_READS_LEAST_DAY }, { "export.day_rows", BX_READS_LEAST_EXPORT }
};


static bool
has_position(const bx_session *who)
{
    for (unsigned i = 0; i < who->ngrants; i++) {
        if (who->grants[i].level != BX_LEVEL_CHILDREN) {
            return true;
        }
    }

    return false;
}


/* Of several positions the one that allows most. */
static bx_rc
limits_read(bx_call *c, slot *s)
{
    int64_t  most[NCOUNTS] = { 0 };

    for (unsigned i = 0; i < c->who->ngrants; i++) {
        for (int k = 0; c->who->grants[i].level != BX_LEVEL_CHILDREN && k < NCOUNTS; k++) {
            int64_t  v;

            if (bx_rule_int(c, rules[k].key, c->who->grants[i].unit, &v) != BX_OK) {
                return BX_FAIL;
            }
            most[k] = v > most[k] ? v : most[k];
        }
    }

    for (int k = 0; k < NCOUNTS; k++) {
        atomic_store(&s->limits[k], (uint32_t) most[k]);
    }
    atomic_store(&s->limits_at, (uint32_t) c->now);
    return BX_OK;
}


static bx_rc
over(bx_call *c, slot *s, int what, uint32_t window, bool *yes)
{
    uint64_t  n = counted(s, what, window);
    int64_t   age = c->now - (int64_t) atomic_load(&s->limits_at);

    *yes = false;
    if (n < rules[what].least) {
        return BX_OK;
    }
    if ((age < 0 || age > FRESH) && limits_read(c, s) != BX_OK) {
        return BX_FAIL;
    }

    *yes = n >= atomic_load(&s->limits[what]);
    return BX_OK;
}


/* ---- the end */

/* Where those sit who administer the place, other than the reader: an administrator at or above it, else the bureau. */
static bx_rc
notice_queue(bx_call *c, bx_id unit, const char *key, const json_t *params)
{
    static const char *const  roles[] = { "admin", "county" };
    const bx_place           *p;

    if (bx_place_of(c, unit, &p) != BX_OK) {
        return BX_FAIL;
    }

    for (size_t r = 0; r < 2; r++) {
        for (size_t i = 0; i < p->nholders; i++) {
            if (strcmp(p->holders[i].role, roles[r]) == 0 && p->holders[i].account != c->who->account) {
                bx_notice  n = { .kind = "core.read_limit", .key = key, .role = roles[r], .unit = p->holders[i].unit, .params = params };

                return bx_notice_send(c, &n);
            }
        }
    }

    return BX_OK;
}


/* One line in the chain and one notice a day, on whichever node it was first. */
static bx_rc
tell(bx_call *c, int what, uint64_t n, uint64_t limit)
{
    const char             *day = bx_date_text(c->arena, bx_date_of(c->now));
    const char             *key = bx_sprintf(c->arena, "%" PRId64 ".%s", c->who->account, day);
    bx_throttle             once = { .limit = 1, .window = DAY, .block = DAY };
    const bx_session_grant *at = NULL;
    json_t                 *params, *changes;

    for (unsigned i = 0; at == NULL && i < c->who->ngrants; i++) {
        at = c->who->grants[i].level != BX_LEVEL_CHILDREN ? &c->who->grants[i] : NULL;
    }

    once.subject = bx_throttle_subject(c, "reads", key, NULL);
    if (at == NULL || bx_throttle_count(c, &once) != BX_OK || once.count > 1) {
        return at == NULL || c->problem.code == BX_E_NONE ? BX_OK : BX_FAIL;
    }

    params = bx_own(c->arena, json_pack("{s:s, s:o, s:I}", "name", c->who->name, "account_id", bx_id_json(c->who->account), "n", (json_int_t) n));
    changes = bx_own(c->arena, json_pack("{s:s, s:I, s:I}", "rule", rules[what].key, "read", (json_int_t) n, "limit", (json_int_t) limit));
    if (notice_queue(c, at->unit, key, params) != BX_OK) {
        return BX_FAIL;
    }

    return bx_commit_batch(c, at->school != 0 ? at->school : at->unit, "read_limit", "accounts", c->who->account, changes);
}


static bx_rc
refuse(bx_call *c, slot *s, int what, uint32_t window)
{
    uint32_t  day = (uint32_t) bx_date_of(c->now), told = atomic_load(&s->told);
    bx_time   end = what == BY_HOUR ? ((bx_time) window + 1) * HOUR : bx_time_at((bx_date) day + 1, 0);
    unsigned  wait = end > c->now ? (unsigned) (end - c->now) : 1;
    unsigned  minutes = (wait + 59) / 60;
    bool      hours = minutes > 90;
    json_t   *n = bx_own(c->arena, json_pack("{s:i}", "n", (int) (hours ? (minutes + 59) / 60 : minutes)));

    if (told != day && atomic_compare_exchange_strong(&s->told, &told, day)
        && tell(c, what, counted(s, what, window), atomic_load(&s->limits[what])) != BX_OK)
    {
        atomic_store(&s->told, 0);                                       /* the next one says it */
        return BX_FAIL;
    }

    bx_call_retry_after(c, wait);
    return bx_refuse(c, BX_E_READ_LIMIT, NULL, NULL,
                     json_pack("{s:s}", "wait", bx_tr(c->arena, bx_call_lang(c), hours ? "reads.hours" : "reads.minutes", n)));
}


bx_rc
bx_reads_gate(bx_call *c, const bx_route_row *row)
{
    bool      list = row->kind == BX_RT_LIST || row->kind == BX_RT_READ, file = row->kind == BX_RT_EXPORT, yes;
    uint32_t  hour = (uint32_t) (c->now / HOUR), day = (uint32_t) bx_date_of(c->now);
    slot     *s;

    if (c->app->reads == NULL || c->who == NULL || !has_position(c->who)
        || !((row->route.flags & BX_PERSONAL) || ((list || file) && row->def->scope == BX_SCOPE_STUDENT)))
    {
        return BX_OK;
    }

    s = find(c->app->reads, c->who->account, day);
    if (s == NULL) {
        return BX_OK;
    }
    c->reads = s;
    c->reads_file = file;

    for (int what = file ? EXPORTED : BY_DAY; what >= (file ? EXPORTED : BY_HOUR); what--) {
        uint32_t  window = what == BY_HOUR ? hour : day;

        if (over(c, s, what, window, &yes) != BX_OK) {
            return BX_FAIL;
        }
        if (yes) {
            return refuse(c, s, what, window);
        }
    }

    return BX_OK;
}


/* ---- counting */

/* The items of a list; of anything else its longest array of objects; one at least when it is about one. */
static size_t
records_in(const json_t *answer)
{
    const char *key;
    json_t     *value;
    size_t      most = 1;

    value = json_object_get(answer, "items");
    if (json_is_array(value)) {
        return json_array_size(value);
    }

    json_object_foreach((json_t *) answer, key, value) {
        if (json_array_size(value) > most && json_is_object(json_array_get(value, 0))) {
            most = json_array_size(value);
        }
    }

    return most;
}


void
bx_reads_count(bx_call *c)
{
    slot     *s = c->reads;
    uint32_t  hour = (uint32_t) (c->now / HOUR), day = (uint32_t) bx_date_of(c->now);
    size_t    n;

    if (s == NULL) {
        return;
    }
    if (c->reads_file) {
        add(s, EXPORTED, day, (uint32_t) c->rows);
        return;
    }

    n = c->answer != NULL ? records_in(c->answer) : 1;
    if (n > 0 && !seen_before(c, s, hour)) {
        add(s, BY_HOUR, hour, (uint32_t) n);
        add(s, BY_DAY, day, (uint32_t) n);
    }
}
