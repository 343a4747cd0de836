/* audit.c: reading the audit chain: is it as it was written? A chain is verified from its beginning, or in slices that each go on
 * from a row that was found to be right, so that a page can show how far it has come. Does not own writing it (commit.c). */

#include "flow/flow.h"

#include <string.h>

#define PAGE  500                             /* events read at once, in an arena of their own */
#define SAID  (8 * 86400)                     /* a head is said each day for as long after its chain moved: a day that was missed loses none */

typedef struct { uint8_t head[32]; int64_t seq, bad; } chain_walk;


/* Goes on with up to n events. *more: there may be further ones. */
static bx_rc
verify_page(bx_call *c, bx_arena *page, bx_id unit, int64_t n, chain_walk *walk, bool *more)
{
    static const char  sql[] = "SELECT seq, payload, hash FROM audit_event WHERE unit_id = ? AND seq > ? ORDER BY seq LIMIT ?";
    bx_error           err = { 0 };
    bx_rows            rows;

    if (bx_call_connect(c) != BX_OK) {
        return BX_FAIL;
    }
    if (bx_conn_query(c->conn, page, &rows, sql, BX_ARGS(bx_int(unit), bx_int(walk->seq), bx_int(n)), &err) != BX_OK) {
        c->error = err;
        return bx_refuse(c, BX_E_DATABASE, NULL, NULL, NULL);
    }

    for (size_t i = 0; i < rows.nrows; i++) {
        const bx_value *payload = bx_cell(&rows, i, 1), *hash = bx_cell(&rows, i, 2);
        bx_buf          link;

        bx_buf_init(&link, page);
        bx_buf_add(&link, (const char *) walk->head, 32);
        bx_buf_add(&link, payload->s, payload->len);
        if (link.failed) {
            return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
        }
        bx_sha256(link.data, link.len, walk->head);
        walk->seq++;

        if (bx_cell_int(&rows, i, 0) != walk->seq || hash->len != 32 || memcmp(hash->s, walk->head, 32) != 0) {
            walk->bad = walk->seq;
            break;
        }
    }

    *more = walk->bad == 0 && (int64_t) rows.nrows == n;
    return BX_OK;
}


/* Events cut off at the end leave a head that nothing leads to. *ahead: the head knows of further events, which may have been
 * written since. */
static bx_rc
verify_head(bx_call *c, bx_id unit, chain_walk *walk, bool *ahead)
{
    bx_rows  rows;
    bool     fits;

    if (bx_query(c, &rows, "SELECT seq, head FROM audit_chain WHERE unit_id = ?", BX_ARGS(bx_int(unit))) != BX_OK) {
        return BX_FAIL;
    }

    fits = rows.nrows == 0 ? walk->seq == 0
         : bx_cell_int(&rows, 0, 0) == walk->seq && memcmp(bx_cell(&rows, 0, 1)->s, walk->head, 32) == 0;
    *ahead = !fits && rows.nrows > 0 && bx_cell_int(&rows, 0, 0) > walk->seq;
    if (!fits) {
        walk->bad = walk->seq + 1;
    }

    return BX_OK;
}


/* The hash that the next event builds on; nothing there is a row that was taken away. */
static bx_rc
walk_from(bx_call *c, bx_id unit, int64_t from, chain_walk *walk)
{
    bx_rows  rows;

    *walk = (chain_walk) { .seq = from };
    if (from == 0) {
        return BX_OK;
    }
    if (bx_query(c, &rows, "SELECT hash FROM audit_event WHERE unit_id = ? AND seq = ?", BX_ARGS(bx_int(unit), bx_int(from))) != BX_OK) {
        return BX_FAIL;
    }
    if (rows.nrows == 0 || bx_cell(&rows, 0, 0)->len != 32) {
        walk->bad = from;
        return BX_OK;
    }

    memcpy(walk->head, bx_cell(&rows, 0, 0)->s, 32);
    return BX_OK;
}


/* Pages until there are no further events, something is wrong, or the slice is full. */
static bx_rc
walk_on(bx_call *c, bx_id unit, int64_t until, chain_walk *walk, bool *more)
{
    *more = true;

    while (*more && walk->bad == 0 && (until == 0 || walk->seq < until)) {
        bx_arena *page = bx_arena_create(64 * 1024);
        int64_t   n = until == 0 || until - walk->seq > PAGE ? PAGE : until - walk->seq;
        bx_rc     rc = page == NULL ? bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL) : verify_page(c, page, unit, n, walk, more);

        bx_arena_destroy(page);
        if (rc != BX_OK) {
            return BX_FAIL;
        }
    }

    return BX_OK;
}


bx_rc
bx_audit_verify_slice(bx_call *c, bx_id unit, int64_t from, int64_t max, bx_audit_slice *out)
{
    chain_walk  walk;
    bool        more, ahead;
    int64_t     until = max == 0 ? 0 : from + max, seen = -1;

    if (walk_from(c, unit, from, &walk) != BX_OK) {
        return BX_FAIL;
    }

    for (;;) {
        if (walk_on(c, unit, until, &walk, &more) != BX_OK) {
            return BX_FAIL;
        }
        if (more || walk.bad != 0) {
            break;
        }
        if (verify_head(c, unit, &walk, &ahead) != BX_OK) {
            return BX_FAIL;
        }
        if (!ahead || walk.seq == seen) {
            break;
        }
        seen = walk.seq;                      /* written while we looked: looked at too */
        walk.bad = 0;
    }

    *out = (bx_audit_slice) { .seq = walk.seq, .bad = walk.bad, .more = more && walk.bad == 0 };
    return BX_OK;
}


bx_rc
bx_audit_verify(bx_call *c, bx_id unit, int64_t *events, int64_t *bad)
{
    bx_audit_slice  whole;

    if (bx_audit_verify_slice(c, unit, 0, 0, &whole) != BX_OK) {
        return BX_FAIL;
    }

    *events = whole.seq;
    *bad = whole.bad;
    return BX_OK;
}


/* A job: the heads of the chains that moved go to a log of their own, and from there to another machine. What is there cannot be written
 * anew with the database: `baoxuectl audit verify --heads` compares. */
bx_rc
bx_audit_heads(bx_call *c)
{
    static const char  sql[] =
        "SELECT h.unit_id, h.seq, h.head FROM audit_chain h JOIN audit_event e ON e.unit_id = h.unit_id AND e.seq = h.seq"
        " WHERE e.at >= ? ORDER BY h.unit_id";
    bx_rows            rows;

    if (!bx_app_wants_heads(c->app)) {
        return BX_OK;
    }
    if (bx_query(c, &rows, sql, BX_ARGS(bx_text(bx_time_sql(c->arena, c->now - SAID)))) != BX_OK) {
        return BX_FAIL;
    }

    for (size_t i = 0; i < rows.nrows; i++) {
        bx_app_tell_head(c->app, bx_cell_int(&rows, i, 0), bx_cell_int(&rows, i, 1), bx_hex(c->arena, bx_cell(&rows, i, 2)->s, 32));
    }

    return BX_OK;
}
