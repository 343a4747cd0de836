/*
 * throttle.c: how often a secret may be tried. Owns table throttle. What is counted, how often and what is said about it
 * is the caller's (lib/plugins/account.c).
 *
 * Attempts are counted before they are made, in one atomic statement: of a hundred sent at once no more than the limit
 * get as far as the secret.
 */
#include "flow/throttle.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#define MARK_SECONDS  (BX_MARK_DAYS * INT64_C(86400))

/* Assignments are made from left to right: after the first, `failures` is the new count, and 1 says that an old window or
 * block was over. A block is not prolonged by knocking at it. */
static const char sql_count[] =
    "INSERT INTO throttle (subject, failures, since, blocked_until) VALUES (?, 1, ?, NULL)"
    " ON DUPLICATE KEY UPDATE"
    " failures = CASE WHEN blocked_until <= VALUES(since) OR (blocked_until IS NULL AND since <= ?) THEN 1"
    " ELSE failures + 1 END,"
    " since = IF(failures = 1, VALUES(since), since),"
    " blocked_until = CASE WHEN failures = 1 THEN NULL WHEN blocked_until IS NOT NULL THEN blocked_until"
    " WHEN failures >= ? THEN ? ELSE NULL END"
    " RETURNING failures, blocked_until";

static const char sql_forget[] = "DELETE FROM throttle WHERE subject = ?";

static const char sql_take_back[] =
    "UPDATE throttle SET failures = GREATEST(failures - 1, 0), blocked_until = IF(failures < ?, NULL, blocked_until)"
    " WHERE subject = ?";

/* A mark is a row without failures that ends when its block would. */
static const char sql_mark[] =
    "INSERT INTO throttle (subject, failures, since, blocked_until) VALUES (?, 0, ?, ?)"
    " ON DUPLICATE KEY UPDATE since = VALUES(since), blocked_until = VALUES(blocked_until)";

static const char sql_marked[] = "SELECT 1 FROM throttle WHERE subject = ? AND blocked_until > ?";

static const char sql_purge_marks[] =
    "DELETE FROM throttle WHERE failures = 0 AND since < ? AND blocked_until <= ? LIMIT 1000";

bx_value
bx_throttle_subject(bx_call *c, const char *kind, const char *a, const char *b)
{
    return bx_lookup_hash(c->arena, "throttle", bx_sprintf(c->arena, "%s\n%s\n%s", kind, a, b == NULL ? "" : b));
}

char *
bx_throttle_network(bx_arena *a, const char *address)
{
    struct in6_addr  in6;
    char             text[INET6_ADDRSTRLEN];

    if (inet_pton(AF_INET6, address, &in6) != 1) {
        return bx_strdup(a, address);
    }

    if (IN6_IS_ADDR_V4MAPPED(&in6)) {
        inet_ntop(AF_INET, &in6.s6_addr[12], text, sizeof(text));
        return bx_strdup(a, text);
    }

    memset(&in6.s6_addr[8], 0, 8);
    inet_ntop(AF_INET6, &in6, text, sizeof(text));
    return bx_sprintf(a, "%s/64", text);
}

bx_rc
bx_throttle_count(bx_call *c, bx_throttle *t)
{
    bx_rows   rows;
    bx_arena *a = c->arena;
    bx_value  now = bx_text(bx_time_sql(a, c->now));
    bx_value  window = bx_text(bx_time_sql(a, c->now - t->window));
    bx_value  until = bx_text(bx_time_sql(a, c->now + t->block));

    t->wait = 0;

    if (bx_query(c, &rows, sql_count, BX_ARGS(t->subject, now, window, bx_int(t->limit), until)) != BX_OK) {
        return BX_FAIL;
    }
    if (rows.nrows != 1) {
        return bx_refuse(c, BX_E_INTERNAL, NULL, NULL, NULL);
    }

    t->count = bx_cell_int(&rows, 0, 0);

    if (t->count > t->limit) {
        bx_time  end = bx_cell(&rows, 0, 1)->kind == BX_V_NULL ? c->now + t->block
                                                              : bx_time_parse_sql(bx_cell_text(&rows, 0, 1));

        t->wait = end > c->now ? (unsigned) (end - c->now) : 1;
    }

    return BX_OK;
}

bx_rc
bx_throttle_forgive(bx_call *c, const bx_throttle *t, bool all)
{
    return all ? bx_exec(c, NULL, sql_forget, BX_ARGS(t->subject))
               : bx_exec(c, NULL, sql_take_back, BX_ARGS(bx_int(t->limit), t->subject));
}

bx_rc
bx_throttle_queue_forgive(bx_call *c, const bx_throttle *t, bool all)
{
    return all ? bx_queue(c, -1, sql_forget, BX_ARGS(t->subject))
               : bx_queue(c, -1, sql_take_back, BX_ARGS(bx_int(t->limit), t->subject));
}

bx_rc
bx_throttle_refuse(bx_call *c, unsigned wait)
{
    bool         minutes = wait > 90;
    json_t      *n = bx_own(c->arena, json_pack("{s:i}", "n", (int) (minutes ? (wait + 59) / 60 : wait)));
    const char  *text = bx_tr(c->arena, bx_call_lang(c), minutes ? "account.minutes" : "account.seconds", n);

    bx_call_retry_after(c, wait);
    return bx_refuse(c, BX_E_THROTTLED, NULL, NULL, json_pack("{s:s}", "wait", text));
}

bx_rc
bx_throttle_mark(bx_call *c, bx_value subject)
{
    bx_value  now = bx_text(bx_time_sql(c->arena, c->now));
    bx_value  until = bx_text(bx_time_sql(c->arena, c->now + MARK_SECONDS));

    return bx_queue(c, -1, sql_mark, BX_ARGS(subject, now, until));
}

bx_rc
bx_throttle_marked(bx_call *c, bx_value subject, bool *yes)
{
    bx_rows  rows;

    if (bx_query(c, &rows, sql_marked, BX_ARGS(subject, bx_text(bx_time_sql(c->arena, c->now)))) != BX_OK) {
        return BX_FAIL;
    }

    *yes = rows.nrows > 0;
    return BX_OK;
}

bx_rc
bx_throttle_purge_marks(bx_call *c)
{
    bx_value  now = bx_text(bx_time_sql(c->arena, c->now));
    bx_value  made = bx_text(bx_time_sql(c->arena, c->now - MARK_SECONDS));

    return bx_exec(c, NULL, sql_purge_marks, BX_ARGS(made, now));
}
