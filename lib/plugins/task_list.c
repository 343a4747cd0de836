/* task_list.c: lists of tasks and what is counted of them. "Mine" is read part by part, each by its own key, the first due
 * first; what waits in a unit, by the keys of its scope; numbers above schools come from task_count, which the clock fills. */

#include "plugins/task.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define OVERSEE   "task.oversee"
#define MAX_ARGS  800


/* ---- when: conditions on due_sort */

typedef struct { const char *now, *midnight; } day;

static day
day_of(bx_call *c)
{
    return (day) { bx_time_sql(c->arena, c->now), bx_time_sql(c->arena, bx_time_at(bx_date_of(c->now) + 1, 0)) };
}


typedef struct {
    bx_call    *c;
    bx_buf      sql;                          /* " AND …" for every part */
    bx_value    args[16];
    size_t      nargs;
    long        limit;
} filter;

static void
add(filter *f, const char *sql, bx_value v)
{
    bx_buf_str(&f->sql, sql);
    f->args[f->nargs++] = v;
}


static bx_rc
due_filter(filter *f, const char *name, const char *due)
{
    day  d = day_of(f->c);

    if (due == NULL || *due == '\0' || strcmp(due, "waiting") == 0) {
        return BX_OK;
    }
    if (strcmp(due, "overdue") == 0) {
        add(f, " AND t.due_sort <= ?", bx_text(d.now));
    } else if (strcmp(due, "today") == 0) {
        add(f, " AND t.due_sort > ?", bx_text(d.now));
        add(f, " AND t.due_sort <= ?", bx_text(d.midnight));
    } else if (strcmp(due, "coming") == 0) {
        add(f, " AND t.due_sort > ?", bx_text(d.midnight));
    } else if (strcmp(due, "raised") == 0) {
        bx_buf_str(&f->sql, " AND t.level > 0");
    } else {
        return bx_refuse(f->c, BX_E_INVALID, name, "not_in_list", NULL);
    }

    return BX_OK;
}


/* "YYYYMMDDHHMMSS.id": where the last page ended. */
static bx_rc
after_filter(filter *f)
{
    const char *s = bx_call_query_arg(f->c, "after");
    const char *dot = s == NULL ? NULL : strchr(s, '.');
    bx_id       id = dot == NULL ? 0 : bx_id_parse(dot + 1);
    char       *due;

    if (s == NULL || *s == '\0') {
        return BX_OK;
    }
    if (id == 0 || dot - s != 14 || strspn(s, "0123456789") != 14) {
        return bx_refuse(f->c, BX_E_INVALID, "after", "filter", NULL);
    }

    due = bx_sprintf(f->c->arena, "%.4s-%.2s-%.2s %.2s:%.2s:%.2s", s, s + 4, s + 6, s + 8, s + 10, s + 12);
    add(f, " AND (t.due_sort > ?", bx_text(due));
    add(f, " OR (t.due_sort = ?", bx_text(due));
    add(f, " AND t.id > ?))", bx_int(id));
    return BX_OK;
}


static json_t *
next_token(bx_call *c, const bx_record *last)
{
    const char *due = bx_rec_text(last, "due_sort");

    return json_string(bx_sprintf(c->arena, "%.4s%.2s%.2s%.2s%.2s%.2s.%" PRId64, due, due + 5, due + 8, due + 11, due + 14,
                                  due + 17, last->id));
}


static bx_rc
limit_of(filter *f)
{
    const char *s = bx_call_query_arg(f->c, "limit");
    char       *end;

    f->limit = 40;
    if (s == NULL || *s == '\0') {
        return BX_OK;
    }

    f->limit = strtol(s, &end, 10);
    return *end == '\0' && f->limit >= 1 && f->limit <= 200 ? BX_OK
         : bx_refuse(f->c, BX_E_INVALID, "limit", "out_of_range", json_pack("{s:i, s:i}", "min", 1, "max", 200));
}


static bx_rc
id_filter(filter *f, const char *name, const char *sql)
{
    const char *s = bx_call_query_arg(f->c, name);

    if (s == NULL || *s == '\0') {
        return BX_OK;
    }
    if (bx_id_parse(s) == 0) {
        return bx_refuse(f->c, BX_E_INVALID, name, "filter", NULL);
    }

    add(f, sql, bx_int(bx_id_parse(s)));
    return BX_OK;
}


/* ---- parts */

typedef struct { bx_buf sql; bx_value args[MAX_ARGS]; size_t n; } statement;

static void
bind(statement *s, const bx_value *args, size_t n)
{
    if (s->n + n > MAX_ARGS) {
        s->sql.failed = true;
        return;
    }
    memcpy(s->args + s->n, args, n * sizeof(*args));
    s->n += n;
}


/* "(SELECT … ORDER BY due LIMIT …) UNION (…)": the ids of one page of each part. */
static void
union_of(statement *s, const bx_task_part *parts, size_t n, const filter *f)
{
    bx_value  room = bx_int(f->limit + 1);

    for (size_t i = 0; i < n; i++) {
        bx_buf_printf(&s->sql, "%s(SELECT t.id, t.due_sort FROM task t WHERE %s%s ORDER BY t.due_sort, t.id LIMIT ?)",
                      i == 0 ? "" : " UNION ", parts[i].sql, f->sql.data == NULL ? "" : f->sql.data);
        bind(s, parts[i].args, parts[i].nargs);
        bind(s, f->args, f->nargs);
        bind(s, &room, 1);
    }
}


static bx_rc
answer_page(filter *f, const bx_rows *rows)
{
    json_t    *items, *next = NULL;
    bx_record  last;

    if (bx_task_items(f->c, rows, (size_t) f->limit, &items) != BX_OK) {
        return BX_FAIL;
    }
    if (rows->nrows > (size_t) f->limit) {
        bx_record_from_row(f->c, bx_task_record, rows, (size_t) f->limit - 1, &last);
        next = next_token(f->c, &last);
    }

    return bx_answer(f->c, 200, json_pack("{s:o, s:o}", "items", items, "next", next == NULL ? json_null() : next));
}


static bx_rc
read_parts(filter *f, const bx_task_part *parts, size_t n, bx_rows *rows)
{
    bx_call   *c = f->c;
    statement  s = { .n = 0 };
    bx_value   room = bx_int(f->limit + 1);

    bx_buf_init(&s.sql, c->arena);
    if (bx_record_columns(c, bx_task_record, &s.sql, s.args, &s.n, MAX_ARGS) != BX_OK) {
        return BX_FAIL;
    }
    bx_buf_str(&s.sql, " FROM (");
    union_of(&s, parts, n, f);
    bx_buf_str(&s.sql, ") p JOIN task t ON t.id = p.id");
    bx_record_joins(bx_task_record, &s.sql);
    bx_buf_str(&s.sql, " ORDER BY t.due_sort, t.id LIMIT ?");
    bind(&s, &room, 1);

    return s.sql.failed ? bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL) : bx_query(c, rows, s.sql.data, s.args, s.n);
}


static bx_rc
list_parts(filter *f, const bx_task_part *parts, size_t n)
{
    bx_rows  rows;

    return read_parts(f, parts, n, &rows) == BX_OK ? answer_page(f, &rows) : BX_FAIL;
}


/* What waits in the units the caller oversees, the caller's own tasks among it. */
static bx_rc
list_unit(filter *f)
{
    bx_scope_part  scope[BX_MAX_PARTS];
    bx_task_part   parts[BX_MAX_PARTS];
    size_t         n;

    if (id_filter(f, "school_id", " AND t.school_id = ?") != BX_OK || id_filter(f, "class_id", " AND t.class_id = ?") != BX_OK
        || bx_scope_parts(f->c, BX_SCOPE_STUDENT, "t", OVERSEE, scope, &n) != BX_OK)
    {
        return BX_FAIL;
    }

    for (size_t i = 0; i < n; i++) {
        parts[i] = (bx_task_part) { bx_sprintf(f->c->arena, "%s AND t.waits = 1 AND t.confidential = 0", scope[i].sql),
                                    { scope[i].arg }, scope[i].nargs };
    }

    return n == 0 ? bx_answer(f->c, 200, json_pack("{s:[], s:n}", "items", "next")) : list_parts(f, parts, n);
}


bx_rc
bx_task_list(bx_call *c)
{
    filter        f = { .c = c };
    bx_task_part  parts[BX_TASK_PARTS];
    const char   *view = bx_call_query_arg(c, "view");

    bx_buf_init(&f.sql, c->arena);
    if (limit_of(&f) != BX_OK) {
        return BX_FAIL;
    }

    if (view != NULL && strcmp(view, "unit") == 0) {
        return due_filter(&f, "due", bx_call_query_arg(c, "due")) != BX_OK || after_filter(&f) != BX_OK ? BX_FAIL : list_unit(&f);
    }
    if (view != NULL && strcmp(view, "delegated") == 0) {
        parts[0] = (bx_task_part) { "t.delegated_by = ? AND t.waits = 1", { bx_int(bx_call_account(c)) }, 1 };
        return after_filter(&f) != BX_OK ? BX_FAIL : list_parts(&f, parts, 1);
    }
    if (due_filter(&f, "view", view) != BX_OK || after_filter(&f) != BX_OK) {
        return BX_FAIL;
    }

    return list_parts(&f, parts, bx_task_mine(c, parts));
}


/* ---- numbers */

/* Of notices that are still of use, at most 100: "99+" is as many as anybody wants to know. */
static const char sql_unread[] =
    "SELECT COUNT(*) FROM (SELECT 1 AS one FROM notice n LEFT JOIN task t ON t.id = n.task_id WHERE n.account_id = ?"
    " AND n.read_at IS NULL AND (n.task_id IS NULL OR t.waits = 1) LIMIT 100) x";


/* How many of mine are overdue, due today, coming; 200 of each way at most. */
static bx_rc
count_mine(bx_call *c, const bx_task_part *parts, size_t n, bx_rows *rows)
{
    filter     f = { .c = c, .limit = 199 };
    statement  s = { .n = 0 };
    day        d = day_of(c);

    bx_buf_init(&f.sql, c->arena);
    bx_buf_init(&s.sql, c->arena);
    bx_buf_str(&s.sql, "SELECT COALESCE(SUM(p.due_sort <= ?), 0), COALESCE(SUM(p.due_sort > ? AND p.due_sort <= ?), 0),"
                       " COALESCE(SUM(p.due_sort > ?), 0) FROM (");
    bind(&s, BX_ARGS(bx_text(d.now), bx_text(d.now), bx_text(d.midnight), bx_text(d.midnight)));
    union_of(&s, parts, n, &f);
    bx_buf_str(&s.sql, ") p");

    return s.sql.failed ? bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL) : bx_query(c, rows, s.sql.data, s.args, s.n);
}


static bool
decides(const bx_call *c, const bx_record_def *def)
{
    for (const bx_transition *t = def->transitions; t != NULL && t->action != NULL; t++) {
        if ((t->flags & BX_DECIDES) && bx_call_can(c, t->capability)) {
            return true;
        }
    }

    return false;
}


/* How many rows of each record that I decide on wait; the slips are the portal's own, which has them in hand. */
static bx_rc
queues(bx_call *c, json_t *out)
{
    const bx_plugin *const *plugins;
    size_t                  n;

    plugins = bx_plugins(&n);
    for (size_t i = 0; i < n; i++) {
        for (const bx_record_def *def = plugins[i]->records; def != NULL && def->name != NULL; def++) {
            int64_t  count;

            if (!decides(c, def) || strcmp(def->name, "leave-requests") == 0) {
                continue;
            }
            if (bx_queue_count(c, def, &count) != BX_OK) {
                return BX_FAIL;
            }
            json_object_set_new(out, def->name, json_integer(count));
        }
    }

    return BX_OK;
}


/* What the frame and the first page of the portal ask for: the numbers, and the first tasks that are overdue or due today. */
bx_rc
bx_task_summary_json(bx_call *c, json_t **out)
{
    filter        f = { .c = c, .limit = 12 };
    bx_task_part  parts[BX_TASK_PARTS];
    size_t        n = bx_task_mine(c, parts);
    json_t       *items = NULL, *waiting = bx_own(c->arena, json_object());
    bx_rows       unread, rows, first;

    bx_buf_init(&f.sql, c->arena);
    add(&f, " AND t.due_sort <= ?", bx_text(day_of(c).midnight));
    if (bx_query(c, &unread, sql_unread, BX_ARGS(bx_int(bx_call_account(c)))) != BX_OK
        || count_mine(c, parts, n, &rows) != BX_OK || queues(c, waiting) != BX_OK)
    {
        return BX_FAIL;
    }
    if (bx_cell_int(&rows, 0, 0) + bx_cell_int(&rows, 0, 1) > 0
        && (read_parts(&f, parts, n, &first) != BX_OK || bx_task_items(c, &first, (size_t) f.limit, &items) != BX_OK))
    {
        return BX_FAIL;
    }

    *out = json_pack("{s:I, s:I, s:I, s:I, s:O, s:o}", "unread", (json_int_t) bx_cell_int(&unread, 0, 0),
        "overdue", (json_int_t) bx_cell_int(&rows, 0, 0), "today", (json_int_t) bx_cell_int(&rows, 0, 1),
        "coming", (json_int_t) bx_cell_int(&rows, 0, 2), "queues", waiting, "items", items == NULL ? json_array() : items);
    return BX_OK;
}


bx_rc
bx_task_summary(bx_call *c)
{
    json_t *o;

    return bx_task_summary_json(c, &o) == BX_OK ? bx_answer(c, 200, o) : BX_FAIL;
}


/* The widest unit whose tasks the caller oversees. */
static bx_id
own_unit(const bx_call *c)
{
    int                     cap = bx_capability_index(OVERSEE);
    const bx_session_grant *best = NULL;

    for (unsigned i = 0; cap >= 0 && c->who != NULL && i < c->who->ngrants; i++) {
        const bx_session_grant *g = &c->who->grants[i];

        if ((g->caps[cap / 64] >> (cap % 64) & 1u) != 0 && (best == NULL || g->level < best->level)) {
            best = g;
        }
    }

    return best == NULL ? 0 : best->unit;
}


static const char sql_classes[] =
    "SELECT t.class_id, u.name, 'class', u.stage, u.entry_year, u.class_no, COUNT(*), SUM(t.due_sort <= ?), SUM(t.level > 0), NULL"
    " FROM task t LEFT JOIN org_unit u ON u.id = t.class_id"
    " WHERE t.school_id = ? AND t.waits = 1 AND t.confidential = 0 AND (? = 0 OR u.parent_id = ?)"
    " GROUP BY t.class_id, u.name, u.stage, u.entry_year, u.class_no ORDER BY u.entry_year DESC, u.class_no";

static const char sql_schools[] =
    "SELECT k.school_id, u.name, 'school', NULL, NULL, NULL, k.waiting, k.overdue, k.raised, k.counted_at"
    " FROM org_unit u JOIN task_count k ON k.school_id = u.id WHERE u.path LIKE ? AND k.waiting > 0"
    " ORDER BY k.overdue DESC, k.waiting DESC, k.school_id LIMIT 500";


static json_t *
count_json(bx_call *c, const bx_rows *rows, size_t i)
{
    const char *name = bx_cell_text(rows, i, 1);

    if (bx_cell(rows, i, 5)->kind != BX_V_NULL) {
        name = bx_class_label(c->arena, c->lang, bx_cell_text(rows, i, 3), (int) bx_cell_int(rows, i, 4),
                              (int) bx_cell_int(rows, i, 5), bx_date_of(c->now));
    }

    return json_pack("{s:o, s:s?, s:s, s:I, s:I, s:I}",
        "unit_id", bx_id_json(bx_cell_int(rows, i, 0)),
        "unit_name", name, "level", bx_cell_text(rows, i, 2), "waiting", (json_int_t) bx_cell_int(rows, i, 6),
        "overdue", (json_int_t) bx_cell_int(rows, i, 7), "raised", (json_int_t) bx_cell_int(rows, i, 8));
}


static bx_rc
count_rows(bx_call *c, const bx_rows *unit, bx_rows *rows)
{
    const char *level = bx_cell_text(unit, 0, 2);
    bx_id       id = bx_cell_int(unit, 0, 0);

    if (strcmp(level, "school") == 0 || strcmp(level, "grade") == 0 || strcmp(level, "class") == 0) {
        bx_id  grade = strcmp(level, "school") == 0 ? 0 : strcmp(level, "grade") == 0 ? id : bx_cell_int(unit, 0, 5);

        return bx_query(c, rows, sql_classes, BX_ARGS(bx_text(bx_time_sql(c->arena, c->now)), bx_int(bx_cell_int(unit, 0, 4)),
                                                      bx_int(grade), bx_int(grade)));
    }

    return bx_query(c, rows, sql_schools, BX_ARGS(bx_text(bx_sprintf(c->arena, "%s%%", bx_cell_text(unit, 0, 3)))));
}


bx_rc
bx_task_counts(bx_call *c)
{
    const char *text = bx_call_query_arg(c, "unit_id");
    bx_value    args[48] = { bx_int(text == NULL ? own_unit(c) : bx_id_parse(text)) };
    size_t      n = 1;
    const char *counted = NULL;
    json_t     *items;
    bx_rows     unit, rows;
    bx_buf      sql;

    bx_buf_init(&sql, c->arena);
    bx_buf_str(&sql, "SELECT u.id, u.name, u.level, u.path, u.school_id, u.parent_id FROM org_unit u WHERE u.id = ? AND ");
    if (bx_scope_where(c, BX_SCOPE_UNIT, "u", OVERSEE, &sql, args, &n, 48) != BX_OK
        || bx_query(c, &unit, sql.data, args, n) != BX_OK)
    {
        return BX_FAIL;
    }
    if (unit.nrows == 0) {
        return bx_refuse(c, BX_E_NOT_FOUND, NULL, NULL, NULL);
    }
    if (count_rows(c, &unit, &rows) != BX_OK) {
        return BX_FAIL;
    }

    items = json_array();
    for (size_t i = 0; i < rows.nrows; i++) {
        json_array_append_new(items, count_json(c, &rows, i));
        counted = bx_cell_text(&rows, i, 9);
    }

    return bx_answer(c, 200, json_pack("{s:{s:o, s:s, s:s}, s:s, s:o}",
        "unit", "id", bx_id_json(bx_cell_int(&unit, 0, 0)), "name", bx_cell_text(&unit, 0, 1),
        "level", bx_cell_text(&unit, 0, 2),
        "counted_at", bx_time_iso(c->arena, counted == NULL ? c->now : bx_time_parse_sql(counted)), "items", items));
}
