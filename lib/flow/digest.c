/* digest.c: the way of notices out of the house: what is due goes into table outbox, urgent ones each by itself, the others
 * gathered into one row an account. What was read meanwhile, or belongs to a task that waits no more, is left out. */

#include "flow/task.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define PAGE      400                         /* notices read at once */
#define PAGES     25                          /* in one run: the next goes on */
#define BATCH     200                         /* notices of one transaction */
#define NOON      (12 * 60)

/* NULL in `gone`: still worth sending. */
static const char sql_due[] =
    "SELECT n.id, n.account_id, n.kind, n.params, n.href, n.urgent,"
    " IF(n.read_at IS NOT NULL OR (n.task_id IS NOT NULL AND COALESCE(t.waits, 0) = 0) OR a.id IS NULL OR a.disabled_at IS NOT NULL, 1, NULL) AS gone"
    " FROM notice n LEFT JOIN account a ON a.id = n.account_id LEFT JOIN task t ON t.id = n.task_id"
    " WHERE n.queued = 0 AND n.due_at <= ? ORDER BY n.due_at, n.account_id, n.id LIMIT 400";

static const char sql_outbox[] =
    "INSERT INTO outbox (id, channel, account_id, subject, body, items, due_at, created_at) VALUES (?, 'any', ?, ?, ?, ?, ?, ?)";


static json_t *
item_json(bx_call *c, const bx_rows *rows, size_t i)
{
    const char *text = bx_cell_text(rows, i, 3);
    json_t     *params = text == NULL ? NULL : bx_own(c->arena, json_loads(text, 0, NULL));

    return json_pack("{s:s, s:O?, s:s?}", "kind", bx_cell_text(rows, i, 2), "params", params, "href", bx_cell_text(rows, i, 4));
}


static bx_rc
queue_outbox(bx_call *c, bx_id account, const char *subject, json_t *items)
{
    json_t   *body = bx_own(c->arena, json_pack("{s:O}", "items", items));
    char     *text = bx_json_text(c->arena, body, JSON_COMPACT);
    bx_value  now = bx_text(bx_time_sql(c->arena, c->now));

    if (text == NULL) {
        return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
    }
    return bx_queue(c, 1, sql_outbox, BX_ARGS(bx_int(bx_id_new()), bx_int(account), bx_text(subject), bx_text(text),
                                              bx_int((int64_t) json_array_size(items)), now, now));
}


/* Rows first … first+n-1 are of one account. */
static bx_rc
queue_account(bx_call *c, const bx_rows *rows, size_t first, size_t n)
{
    json_t     *gathered = bx_own(c->arena, json_array());
    bx_id       account = bx_cell_int(rows, first, 1);
    const char *subject = bx_minute_of(c->now) < NOON ? "digest.morning" : "digest.afternoon";

    for (size_t i = first; i < first + n; i++) {
        if (bx_queue(c, 1, "UPDATE notice SET queued = 1 WHERE id = ? AND queued = 0", BX_ARGS(bx_int(bx_cell_int(rows, i, 0)))) != BX_OK) {
            return BX_FAIL;
        }
        if (bx_cell(rows, i, 6)->kind != BX_V_NULL) {
            continue;
        }

        if (bx_cell_int(rows, i, 5) == 0) {
            json_array_append_new(gathered, item_json(c, rows, i));
        } else if (queue_outbox(c, account, "urgent", bx_own(c->arena, json_pack("[o]", item_json(c, rows, i)))) != BX_OK) {
            return BX_FAIL;
        }
    }

    return json_array_size(gathered) == 0 ? BX_OK : queue_outbox(c, account, subject, gathered);
}


static int
by_account(const void *x, const void *y)
{
    const bx_id *a = x, *b = y;

    return (a[0] > b[0]) - (a[0] < b[0]);
}


/* The accounts in turn, each account's rows together: one digest, even when its notices fell due at different times. */
static const bx_rows *
sorted(bx_call *c, const bx_rows *rows)
{
    bx_id    *order = bx_alloc(c->arena, (2 * rows->nrows + 1) * sizeof(*order));
    bx_value *cells = bx_alloc(c->arena, (rows->nrows * rows->ncols + 1) * sizeof(*cells));
    bx_rows  *out = bx_alloc(c->arena, sizeof(*out));

    if (order == NULL || cells == NULL || out == NULL) {
        return NULL;
    }

    for (size_t i = 0; i < rows->nrows; i++) {
        order[2 * i] = bx_cell_int(rows, i, 1);
        order[2 * i + 1] = (bx_id) i;
    }
    qsort(order, rows->nrows, 2 * sizeof(*order), by_account);
    for (size_t i = 0; i < rows->nrows; i++) {
        memcpy(cells + i * rows->ncols, bx_cell(rows, (size_t) order[2 * i + 1], 0), rows->ncols * sizeof(*cells));
    }

    *out = *rows;
    out->cells = cells;
    return out;
}


static bx_rc
send_all(bx_call *c, const bx_rows *rows)
{
    size_t  queued = 0;

    bx_queue_clear(c);
    for (size_t first = 0, n; first < rows->nrows; first += n) {
        for (n = 1; first + n < rows->nrows && bx_cell_int(rows, first + n, 1) == bx_cell_int(rows, first, 1); n++) {
            /* notices of one account */
        }
        if (queue_account(c, rows, first, n) != BX_OK) {
            return BX_FAIL;
        }

        queued += n;
        if (queued >= BATCH || first + n == rows->nrows) {
            if (bx_commit_batch(c, 0, "digest", "notices", 0, NULL) != BX_OK) {
                return BX_FAIL;
            }
            queued = 0;
        }
    }

    return BX_OK;
}


/* ---- throwing away */

static bx_rc
purge(bx_call *c)
{
    static const char  old_notices[] = "DELETE FROM notice WHERE created_at < ? ORDER BY created_at LIMIT 1000";
    static const char  sent[] = "DELETE FROM outbox WHERE sent_at < ? ORDER BY sent_at LIMIT 1000";
    static const char  unsent[] = "DELETE FROM outbox WHERE sent_at IS NULL AND due_at < ? ORDER BY due_at LIMIT 1000";
    const char        *before;
    int64_t            days;

    if (bx_rule_int(c, "notice.keep_days", 0, &days) != BX_OK) {
        return BX_FAIL;
    }

    before = bx_time_sql(c->arena, c->now - days * 24 * 3600);
    if (bx_exec(c, NULL, old_notices, BX_ARGS(bx_text(before))) != BX_OK
        || bx_exec(c, NULL, sent, BX_ARGS(bx_text(before))) != BX_OK)
    {
        return BX_FAIL;
    }

    return bx_exec(c, NULL, unsent, BX_ARGS(bx_text(before)));
}


/* A page may end in the middle of somebody's notices: these are left for the next. */
static void
cut_last_account(bx_rows *rows)
{
    size_t  n = rows->nrows;

    while (n > 0 && bx_cell_int(rows, n - 1, 1) == bx_cell_int(rows, rows->nrows - 1, 1)) {
        n--;
    }
    rows->nrows = n == 0 ? rows->nrows : n;
}


bx_rc
bx_notice_digest(bx_call *c)
{
    bx_value  now = bx_text(bx_time_sql(c->arena, c->now));
    bool      more = true;

    for (int i = 0; i < PAGES && more; i++) {
        bx_rows         rows;
        const bx_rows  *by;

        if (bx_query(c, &rows, sql_due, &now, 1) != BX_OK) {
            return BX_FAIL;
        }
        more = rows.nrows == PAGE;
        if (more) {
            cut_last_account(&rows);
        }

        by = sorted(c, &rows);
        if (by == NULL) {
            return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
        }
        if (send_all(c, by) != BX_OK) {
            return BX_FAIL;
        }
    }

    return purge(c);
}
