/* task_notice.c: what somebody was told: the list behind the bell, marked as read; and for administrators what waits to go out.
 * An account sees its own notices only. A notice of a task that waits no more is not shown unless it was read before. */

#include "plugins/task.h"

#include <stdlib.h>
#include <string.h>


static bx_rc
page_limit(bx_call *c, long *limit)
{
    const char *s = bx_call_query_arg(c, "limit");
    char       *end;

    *limit = 40;
    if (s == NULL || *s == '\0') {
        return BX_OK;
    }

    *limit = strtol(s, &end, 10);
    return *end == '\0' && *limit >= 1 && *limit <= 200 ? BX_OK
         : bx_refuse(c, BX_E_INVALID, "limit", "out_of_range", json_pack("{s:i, s:i}", "min", 1, "max", 200));
}


/* Newest first, by id: *before is where the last page ended, or the greatest there is. */
static bx_rc
page_after(bx_call *c, bx_id *before)
{
    const char *s = bx_call_query_arg(c, "after");

    *before = INT64_MAX;
    if (s == NULL || *s == '\0') {
        return BX_OK;
    }

    *before = bx_id_parse(s);
    return *before != 0 ? BX_OK : bx_refuse(c, BX_E_INVALID, "after", "filter", NULL);
}


static bx_rc
answer_page(bx_call *c, const bx_rows *rows, long limit, json_t *(*row)(bx_call *, const bx_rows *, size_t))
{
    json_t *items = json_array(), *next = NULL;

    for (size_t i = 0; i < rows->nrows && i < (size_t) limit; i++) {
        json_array_append_new(items, row(c, rows, i));
    }
    if (rows->nrows > (size_t) limit) {
        next = bx_id_json(bx_cell_int(rows, (size_t) limit - 1, 0));
    }

    return bx_answer(c, 200, json_pack("{s:o, s:o}", "items", items, "next", next == NULL ? json_null() : next));
}


/* ---- notices */

#define NOTICES                                                                                                        \
    "SELECT n.id, n.kind, n.params, n.href, n.urgent, n.created_at, n.read_at FROM notice n LEFT JOIN task t ON t.id = n.task_id" \
    " WHERE n.account_id = ? AND n.id < ?"

static const char sql_notices[] = NOTICES
    " AND (n.task_id IS NULL OR t.waits = 1 OR n.read_at IS NOT NULL) ORDER BY n.id DESC LIMIT ?";
static const char sql_unread[] = NOTICES
    " AND n.read_at IS NULL AND (n.task_id IS NULL OR t.waits = 1) ORDER BY n.id DESC LIMIT ?";


static json_t *
notice_json(bx_call *c, const bx_rows *rows, size_t i)
{
    const char *text = bx_cell_text(rows, i, 2), *read = bx_cell_text(rows, i, 6);
    json_t     *params = text == NULL ? NULL : bx_own(c->arena, json_loads(text, 0, NULL));

    return json_pack("{s:o, s:s, s:s, s:s?, s:b, s:s, s:s?}",
        "id", bx_id_json(bx_cell_int(rows, i, 0)), "kind", bx_cell_text(rows, i, 1),
        "text", bx_notice_text(c, bx_cell_text(rows, i, 1), params), "href", bx_cell_text(rows, i, 3),
        "urgent", (int) bx_cell_int(rows, i, 4),
        "created_at", bx_time_iso(c->arena, bx_time_parse_sql(bx_cell_text(rows, i, 5))),
        "read_at", read == NULL ? NULL : bx_time_iso(c->arena, bx_time_parse_sql(read)));
}


bx_rc
bx_notice_list(bx_call *c)
{
    const char *unread = bx_call_query_arg(c, "unread");
    bool        only = unread != NULL && strcmp(unread, "true") == 0;
    bx_id       before;
    long        limit;
    bx_rows     rows;

    if (page_limit(c, &limit) != BX_OK || page_after(c, &before) != BX_OK
        || bx_query(c, &rows, only ? sql_unread : sql_notices,
                    BX_ARGS(bx_int(bx_call_account(c)), bx_int(before), bx_int(limit + 1))) != BX_OK)
    {
        return BX_FAIL;
    }

    return answer_page(c, &rows, limit, notice_json);
}


/* Reading a notice is nobody's business but the reader's: no audit row, and again is as good as once. */
bx_rc
bx_notice_read(bx_call *c)
{
    static const char  sql[] = "UPDATE notice SET read_at = COALESCE(read_at, ?) WHERE id = ? AND account_id = ?";
    uint64_t           n = 0;

    if (bx_exec(c, &n, sql, BX_ARGS(bx_text(bx_time_sql(c->arena, c->now)), bx_int(c->path_id), bx_int(bx_call_account(c)))) != BX_OK) {
        return BX_FAIL;
    }

    return n == 1 ? bx_answer(c, 204, NULL) : bx_refuse(c, BX_E_NOT_FOUND, NULL, NULL, NULL);
}


bx_rc
bx_notice_read_all(bx_call *c)
{
    static const char  sql[] = "UPDATE notice SET read_at = ? WHERE account_id = ? AND read_at IS NULL";

    return bx_exec(c, NULL, sql, BX_ARGS(bx_text(bx_time_sql(c->arena, c->now)), bx_int(bx_call_account(c)))) == BX_OK
           ? bx_answer(c, 204, NULL) : BX_FAIL;
}


/* ---- outbox */

/* Whom and when and how many, never what about. */
static const char sql_outbox[] =
    "SELECT o.id, o.channel, a.name, o.subject, o.items, o.due_at, o.sent_at, o.tries, o.error FROM outbox o"
    " LEFT JOIN account a ON a.id = o.account_id WHERE o.id < ? ORDER BY o.id DESC LIMIT ?";

static json_t *
letter_json(bx_call *c, const bx_rows *rows, size_t i)
{
    const char *sent = bx_cell_text(rows, i, 6);

    return json_pack("{s:o, s:s, s:s?, s:s, s:s, s:I, s:s, s:s?, s:I, s:s?}",
        "id", bx_id_json(bx_cell_int(rows, i, 0)), "channel", bx_cell_text(rows, i, 1),
        "account_name", bx_cell_text(rows, i, 2), "subject", bx_cell_text(rows, i, 3),
        "subject_text", bx_tr(c->arena, c->lang, bx_sprintf(c->arena, "outbox.%s", bx_cell_text(rows, i, 3)), NULL),
        "items", (json_int_t) bx_cell_int(rows, i, 4),
        "due_at", bx_time_iso(c->arena, bx_time_parse_sql(bx_cell_text(rows, i, 5))),
        "sent_at", sent == NULL ? NULL : bx_time_iso(c->arena, bx_time_parse_sql(sent)),
        "tries", (json_int_t) bx_cell_int(rows, i, 7), "error", bx_cell_text(rows, i, 8));
}


bx_rc
bx_outbox_list(bx_call *c)
{
    bx_id       before;
    long        limit;
    bx_rows     rows;

    if (page_limit(c, &limit) != BX_OK || page_after(c, &before) != BX_OK
        || bx_query(c, &rows, sql_outbox, BX_ARGS(bx_int(before), bx_int(limit + 1))) != BX_OK)
    {
        return BX_FAIL;
    }

    return answer_page(c, &rows, limit, letter_json);
}
