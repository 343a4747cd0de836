/*
 * arena.c: memory that lives as long as a request, a call or a configuration, and the growing string on top of it.
 * An arena belongs to one thread at a time. It does not own what is not memory: bx_arena_defer() ties that to it.
 */
#include "baoxue.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ALIGNMENT      16u
#define DEFAULT_BLOCK  4096u
#define LARGEST_BLOCK  (256u * 1024u)

typedef struct block {
    struct block  *next;
    size_t         size, used;                /* of the bytes that follow this header */
} block;

typedef struct deferred {
    struct deferred  *next;
    void            (*fn)(void *);
    void             *arg;
} deferred;

struct bx_arena {
    block     *blocks;                        /* the first is the one being filled */
    deferred  *deferred;                      /* newest first */
    size_t     next_size;
    bx_arena  *json;                          /* holds nothing but the memory of JSON values; NULL: there is none */
};

static _Thread_local bx_arena  *json_here;    /* where this thread's JSON is made; NULL: on the heap */

#define HEADER  ((sizeof(block) + ALIGNMENT - 1) & ~(size_t) (ALIGNMENT - 1))

static inline char *
block_data(block *b)
{
    return (char *) b + HEADER;
}

static block *
block_new(size_t size)
{
    block  *b;

    if (size > SIZE_MAX - HEADER) {
        return NULL;
    }

    b = malloc(HEADER + size);
    if (b == NULL) {
        return NULL;
    }

    b->next = NULL;
    b->size = size;
    b->used = 0;

    return b;
}

bx_arena *
bx_arena_create(size_t first_block)
{
    bx_arena  *a;

    if (first_block == 0) {
        first_block = DEFAULT_BLOCK;
    }

    a = malloc(sizeof(bx_arena));
    if (a == NULL) {
        return NULL;
    }

    a->blocks = block_new(first_block);
    if (a->blocks == NULL) {
        free(a);
        return NULL;
    }

    a->deferred = NULL;
    a->next_size = first_block;
    a->json = NULL;

    return a;
}

void
bx_arena_destroy(bx_arena *a)
{
    block     *b, *next;
    bx_arena  *before = json_here;
    deferred  *d;

    if (a == NULL) {
        return;
    }

    if (a->json != NULL) {
        json_here = a->json;                  /* whoever releases JSON of this arena shall find it there */
    }

    /* a deferred call may still allocate, and defer again */
    while ((d = a->deferred) != NULL) {
        a->deferred = d->next;
        d->fn(d->arg);
    }

    if (a->json != NULL) {
        json_here = before == a->json ? NULL : before;
        bx_arena_destroy(a->json);
    }

    for (b = a->blocks; b != NULL; b = next) {
        next = b->next;
        free(b);
    }

    free(a);
}

/* Room for `size` bytes (a multiple of ALIGNMENT) when the block being filled is too full. */
static void *
take_from_new_block(bx_arena *a, size_t size)
{
    block  *b;

    if (size > a->next_size / 4) {
        /* a block of its own, behind the current one, whose room stays in use */
        b = block_new(size);
        if (b == NULL) {
            return NULL;
        }
        b->used = size;
        b->next = a->blocks->next;
        a->blocks->next = b;
        return block_data(b);
    }

    if (a->next_size < LARGEST_BLOCK) {
        a->next_size *= 2;
    }

    b = block_new(a->next_size);
    if (b == NULL) {
        return NULL;
    }

    b->used = size;
    b->next = a->blocks;
    a->blocks = b;

    return block_data(b);
}

/* Like bx_alloc(), not zeroed. */
static void *
take(bx_arena *a, size_t size)
{
    block  *b = a->blocks;
    void   *p;

    if (size > SIZE_MAX - ALIGNMENT) {
        return NULL;
    }

    size = size == 0 ? ALIGNMENT : (size + ALIGNMENT - 1) & ~(size_t) (ALIGNMENT - 1);

    if (size > b->size - b->used) {
        return take_from_new_block(a, size);
    }

    p = block_data(b) + b->used;
    b->used += size;

    return p;
}

void *
bx_alloc(bx_arena *a, size_t size)
{
    void  *p = take(a, size);

    if (p != NULL) {
        memset(p, 0, size);
    }

    return p;
}

char *
bx_strndup(bx_arena *a, const char *s, size_t n)
{
    char  *p;

    if (s == NULL || n == SIZE_MAX) {
        return NULL;
    }

    p = take(a, n + 1);
    if (p == NULL) {
        return NULL;
    }

    memcpy(p, s, n);
    p[n] = '\0';

    return p;
}

char *
bx_strdup(bx_arena *a, const char *s)
{
    return s == NULL ? NULL : bx_strndup(a, s, strlen(s));
}

char *
bx_sprintf(bx_arena *a, const char *fmt, ...)
{
    int      n;
    char    *p;
    va_list  ap, again;

    va_start(ap, fmt);
    va_copy(again, ap);
    n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);

    p = n < 0 ? NULL : take(a, (size_t) n + 1);
    if (p != NULL) {
        vsnprintf(p, (size_t) n + 1, fmt, again);
    }
    va_end(again);

    return p;
}

bx_rc
bx_arena_defer(bx_arena *a, void (*fn)(void *), void *arg)
{
    deferred  *d = take(a, sizeof(deferred));

    if (d == NULL) {
        fn(arg);
        return BX_FAIL;
    }

    d->fn = fn;
    d->arg = arg;
    d->next = a->deferred;
    a->deferred = d;

    return BX_OK;
}

/* ---- JSON */

#define JSON_BLOCK  (16u * 1024u)

/* Blocks double, so that there are few of them. */
static bool
holds(const bx_arena *a, const void *p)
{
    const block  *b;
    const char   *at = p, *data;

    for (b = a->blocks; b != NULL; b = b->next) {
        data = (const char *) b + HEADER;
        if (at >= data && at < data + b->used) {
            return true;
        }
    }

    return false;
}

static void *
json_take(size_t size)
{
    return json_here == NULL ? malloc(size) : take(json_here, size);
}

static void
json_give_back(void *p)
{
    if (json_here == NULL || !holds(json_here, p)) {
        free(p);
    }
}

void
bx_json_init(void)
{
    json_set_alloc_funcs(json_take, json_give_back);
}

void
bx_json_here(bx_arena *a)
{
    if (a != NULL && a->json == NULL) {
        a->json = bx_arena_create(JSON_BLOCK);
    }

    json_here = a == NULL ? NULL : a->json;
}

static int
add_text(const char *s, size_t n, void *buf)
{
    bx_buf_add(buf, s, n);
    return 0;
}

char *
bx_json_text(bx_arena *a, const json_t *j, size_t flags)
{
    bx_buf  b;

    bx_buf_init(&b, a);
    if (j == NULL || json_dump_callback(j, add_text, &b, flags) != 0 || b.failed) {
        return NULL;
    }

    return b.data;
}

static void
release_json(void *j)
{
    json_decref(j);
}

/* NULL also when out of memory; j is released then. JSON that lies in the memory of an arena ends with it. */
json_t *
bx_own(bx_arena *a, json_t *j)
{
    if (j != NULL && json_here != NULL && holds(json_here, j)) {
        return j;
    }

    if (j == NULL || bx_arena_defer(a, release_json, j) != BX_OK) {
        return NULL;
    }

    return j;
}

void
bx_buf_init(bx_buf *b, bx_arena *a)
{
    static char  empty[1];                    /* never written: cap is 0 */

    b->arena = a;
    b->data = empty;
    b->len = 0;
    b->cap = 0;
    b->failed = false;
}

/* Makes room for n more bytes and the NUL. */
static bool
buf_reserve(bx_buf *b, size_t n)
{
    char    *p;
    size_t   cap;

    if (b->failed || n >= SIZE_MAX / 2 - b->len) {
        b->failed = true;
        return false;
    }

    if (b->len + n < b->cap) {
        return true;
    }

    cap = b->cap < 128 ? 128 : b->cap * 2;
    if (cap <= b->len + n) {
        cap = b->len + n + 1;
    }

    p = take(b->arena, cap);
    if (p == NULL) {
        b->failed = true;
        return false;
    }

    memcpy(p, b->data, b->len + 1);
    b->data = p;
    b->cap = cap;

    return true;
}

void
bx_buf_add(bx_buf *b, const char *s, size_t n)
{
    if (n == 0 || !buf_reserve(b, n)) {
        return;
    }

    memcpy(b->data + b->len, s, n);
    b->len += n;
    b->data[b->len] = '\0';
}

void
bx_buf_str(bx_buf *b, const char *s)
{
    bx_buf_add(b, s, strlen(s));
}

void
bx_buf_printf(bx_buf *b, const char *fmt, ...)
{
    int      n;
    va_list  ap, again;

    va_start(ap, fmt);
    va_copy(again, ap);
    n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);

    if (n < 0) {
        b->failed = true;

    } else if (buf_reserve(b, (size_t) n)) {
        vsnprintf(b->data + b->len, (size_t) n + 1, fmt, again);
        b->len += (size_t) n;
    }

    va_end(again);
}
