/* list.c: lists of records: scope, filters, views, the queue of what waits for me, keyset paging.
 * No totals and no OFFSET: a list costs the same on its first and its thousandth page. */

#include "flow/flow.h"

#include <stdlib.h>
#include <string.h>

#define MAX_ARGS    800
#define MAX_ORDER   4

typedef struct { char column[48]; bool down; } order_key;

typedef struct {
    bx_call              *c;
    const bx_record_def  *def;
    bx_buf                sql;                /* all conditions but the scope */
    bx_value              args[MAX_ARGS];
    size_t                nargs;
    order_key             order[MAX_ORDER];
    size_t                norder;
    int                   limit;
    const char           *after;              /* token of the page before, NULL: the first page */
    bool                  ids;                /* nothing but the ids */
    bool                  by_name;            /* a condition names the student: st.name */
} list;


static void
add(list *l, bx_value v)
{
    if (l->nargs < MAX_ARGS) {
        l->args[l->nargs++] = v;
    } else {
        l->sql.failed = true;
    }
}


/* "t.class_id, t.seat_no DESC, t.id" */
static void
order_parse(list *l)
{
    const char *p = l->def->order != NULL ? l->def->order : "t.id DESC";

    while (*p != '\0' && l->norder < MAX_ORDER) {
        size_t      n = strcspn(p, ",");
        size_t      name = strcspn(p, " ,");
        order_key  *k = &l->order[l->norder++];

        memcpy(k->column, p, name < sizeof(k->column) ? name : sizeof(k->column) - 1);
        k->down = n >= 5 && strncmp(p + n - 4, "DESC", 4) == 0;
        p += n;
        p += strspn(p, ", ");
    }
}


/* ---- filters: each adds " AND …" */

/* Of units, which are few, the scope is one condition more; of all other rows it is added last, in parts: compose(). */
static bx_rc
scope_where(list *l)
{
    if (l->def->scope == BX_SCOPE_UNIT) {
        bx_buf_str(&l->sql, " AND ");
        if (bx_scope_where(l->c, l->def->scope, bx_record_alias(l->def), l->def->read, &l->sql, l->args, &l->nargs, MAX_ARGS) != BX_OK) {
            return BX_FAIL;
        }
    }

    return bx_record_where_private(l->c, l->def, &l->sql, l->args, &l->nargs, MAX_ARGS);
}


static bool
words_safe(const char *s)
{
    return *s != '\0' && strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-,") == strlen(s);
}


/* "a,b,c" as IN (?,?,?) */
static bx_rc
in_list(list *l, const char *column, const char *values, const char *field)
{
    char  *copy = bx_strdup(l->c->arena, values);
    char  *save = NULL;
    bool   first = true;

    if (copy == NULL || !words_safe(values)) {
        return bx_refuse(l->c, BX_E_INVALID, field, "filter", NULL);
    }

    bx_buf_printf(&l->sql, " AND t.%s IN (", column);
    for (char *w = strtok_r(copy, ",", &save); w != NULL; w = strtok_r(NULL, ",", &save)) {
        bx_buf_str(&l->sql, first ? "?" : ",?");
        add(l, bx_text(w));
        first = false;
    }
    if (first) {
        bx_buf_str(&l->sql, "NULL");
    }
    bx_buf_str(&l->sql, ")");
    return BX_OK;
}


static bx_rc
id_filter(list *l, const char *name)
{
    const char *s = bx_call_query_arg(l->c, name);
    bx_id       id;

    if (s == NULL || *s == '\0') {
        return BX_OK;
    }

    id = bx_id_parse(s);
    if (id == 0) {
        return bx_refuse(l->c, BX_E_INVALID, name, "filter", NULL);
    }

    bx_buf_printf(&l->sql, " AND t.%s = ?", name);
    add(l, bx_int(id));
    return BX_OK;
}


static char *
like_prefix(bx_arena *a, const char *s)
{
    bx_buf  b;

    bx_buf_init(&b, a);
    for (; *s != '\0'; s++) {
        if (*s == '%' || *s == '_' || *s == '\\') {
            bx_buf_str(&b, "\\");
        }
        bx_buf_add(&b, s, 1);
    }
    bx_buf_str(&b, "%");
    return b.data;
}


static bx_rc
search(list *l)
{
    const char *q = bx_call_query_arg(l->c, "q");
    bool        first = true;

    if (q == NULL || *(q = bx_trim(l->c->arena, q)) == '\0') {
        return BX_OK;
    }
    if (bx_utf8_count(q) > 40) {
        return bx_refuse(l->c, BX_E_INVALID, "q", "too_long", json_pack("{s:i}", "max", 40));
    }

    for (const bx_field *f = l->def->fields; f->name != NULL; f++) {
        if (f->flags & BX_SEARCH) {
            bx_buf_printf(&l->sql, "%s t.%s LIKE ?", first ? " AND (" : " OR", f->name);
            add(l, bx_text(like_prefix(l->c->arena, q)));
            first = false;
        }
    }
    if (l->def->scope == BX_SCOPE_STUDENT && strcmp(l->def->table, "student") != 0) {
        bx_buf_str(&l->sql, first ? " AND (" : " OR");
        bx_buf_str(&l->sql, " st.name LIKE ?");
        add(l, bx_text(like_prefix(l->c->arena, q)));
        first = false;
        l->by_name = true;
    }

    if (!first) {
        bx_buf_str(&l->sql, ")");
    }
    return BX_OK;
}


static bx_rc
filters(list *l)
{
    static const char *const scope_columns[] = { "student_id", "class_id", "school_id" };
    const char              *s;

    if (l->def->states != NULL && (s = bx_call_query_arg(l->c, "state")) != NULL && *s != '\0'
        && in_list(l, "state", s, "state") != BX_OK)
    {
        return BX_FAIL;
    }

    for (size_t i = 0; l->def->scope != BX_SCOPE_UNIT && i < 3; i++) {
        if ((l->def->scope == BX_SCOPE_STUDENT || i == 2) && id_filter(l, scope_columns[i]) != BX_OK) {
            return BX_FAIL;
        }
    }

    if (bx_record_alias(l->def)[0] == 'u' && id_filter(l, "unit_id") != BX_OK) {
        return BX_FAIL;
    }

    for (const bx_field *f = l->def->fields; f->name != NULL; f++) {
        if (!(f->flags & BX_FILTER) || (s = bx_call_query_arg(l->c, f->name)) == NULL || *s == '\0') {
            continue;
        }
        if (f->type == BX_BOOL) {             /* the column holds 1 and 0; "true" beside it would be 0 */
            if (strcmp(s, "true") != 0 && strcmp(s, "false") != 0) {
                return bx_refuse(l->c, BX_E_INVALID, f->name, "filter", NULL);
            }
            s = strcmp(s, "true") == 0 ? "1" : "0";
        }
        if (in_list(l, f->name, s, f->name) != BX_OK) {
            return BX_FAIL;
        }
    }

    return search(l);
}


/* The day in ?date=, else that of the call. */
static bx_rc
date_arg(list *l, bx_date *day)
{
    const char *s = bx_call_query_arg(l->c, "date");

    *day = s == NULL || *s == '\0' ? bx_date_of(l->c->now) : strlen(s) == 10 ? bx_date_parse(s) : BX_NO_DATE;
    return *day != BX_NO_DATE ? BX_OK : bx_refuse(l->c, BX_E_INVALID, "date", "not_date", NULL);
}


/* :today stands for the day of the call, :date for the day asked for. */
static bx_rc
view_where(list *l, const char *where)
{
    bx_date      today = bx_date_of(l->c->now), day;
    const char  *p;

    if (date_arg(l, &day) != BX_OK) {
        return BX_FAIL;
    }

    bx_buf_str(&l->sql, " AND (");
    while ((p = strchr(where, ':')) != NULL) {
        bool  asked = strncmp(p, ":date", 5) == 0;

        if (!asked && strncmp(p, ":today", 6) != 0) {
            break;
        }
        bx_buf_add(&l->sql, where, (size_t) (p - where));
        bx_buf_str(&l->sql, "?");
        add(l, bx_text(bx_date_text(l->c->arena, asked ? day : today)));
        where = p + (asked ? 5 : 6);
    }
    bx_buf_str(&l->sql, where);
    bx_buf_str(&l->sql, ")");
    return BX_OK;
}


static bx_rc
view(list *l)
{
    const char *name = bx_call_query_arg(l->c, "view");

    if (name == NULL || *name == '\0') {
        return BX_OK;
    }

    for (const bx_view *v = l->def->views; v != NULL && v->name != NULL; v++) {
        if (strcmp(v->name, name) == 0 && (v->capability == NULL || bx_call_can(l->c, v->capability))) {
            return view_where(l, v->where);
        }
    }

    return bx_refuse(l->c, BX_E_INVALID, "view", "not_in_list", NULL);
}


/* Rows that one of my BX_DECIDES transitions fits, in the scope of its capability, my own children's left out. */
static bx_rc
queue_where(list *l)
{
    bool  first = true;

    bx_buf_str(&l->sql, " AND (");
    for (const bx_transition *t = l->def->transitions; t->action != NULL; t++) {
        if (!(t->flags & BX_DECIDES) || !bx_call_can(l->c, t->capability)) {
            continue;
        }

        bx_buf_str(&l->sql, first ? "(t.state IN ('" : " OR (t.state IN ('");
        for (const char *p = t->from; *p != '\0'; p++) {
            if (*p == ' ') {
                bx_buf_str(&l->sql, "','");
            } else {
                bx_buf_add(&l->sql, p, 1);
            }
        }
        bx_buf_str(&l->sql, "')");
        bx_when_sql(t->when, &l->sql);
        bx_buf_str(&l->sql, " AND ");
        if (bx_scope_where(l->c, l->def->scope, bx_record_alias(l->def), t->capability, &l->sql, l->args, &l->nargs, MAX_ARGS) != BX_OK) {
            return BX_FAIL;
        }
        bx_buf_str(&l->sql, ")");
        first = false;
    }
    bx_buf_str(&l->sql, first ? "FALSE)" : ")");

    if (l->def->scope != BX_SCOPE_STUDENT) {
        return BX_OK;
    }
    bx_buf_str(&l->sql, " AND NOT ");
    return bx_own_child_sql(l->c, "t", &l->sql, l->args, &l->nargs, MAX_ARGS);
}


/* ?queue=mine */
static bx_rc
queue(list *l)
{
    const char *name = bx_call_query_arg(l->c, "queue");

    if (name == NULL || *name == '\0') {
        return BX_OK;
    }
    if (strcmp(name, "mine") != 0 || l->def->transitions == NULL) {
        return bx_refuse(l->c, BX_E_INVALID, "queue", "not_in_list", NULL);
    }

    return queue_where(l);
}


/* ---- keyset: the sort columns' values of the last row, as a JSON array in base64url (list_token.c) */

static bx_value
key_value(bx_arena *a, const json_t *j)
{
    if (json_is_string(j)) {
        return bx_text(bx_strdup(a, json_string_value(j)));
    }
    return json_is_integer(j) ? bx_int(json_integer_value(j)) : bx_null();
}


/* Rows after the last one in the order (a, b, c): a > ? OR (a = ? AND (b > ? OR (…))). NULL sorts first going up. */
static bx_rc
after(list *l)
{
    const char *token = l->after;
    json_t     *keys;

    if (token == NULL || *token == '\0') {
        return BX_OK;
    }

    keys = strlen(token) > 600 ? NULL : bx_token_decode(l->c->arena, token);
    if (!json_is_array(keys) || json_array_size(keys) != l->norder) {
        return bx_refuse(l->c, BX_E_INVALID, "after", "filter", NULL);
    }

    bx_buf_str(&l->sql, " AND (");
    for (size_t i = 0; i < l->norder; i++) {
        const order_key *k = &l->order[i];
        bx_value         v = key_value(l->c->arena, json_array_get(keys, i));

        if (i > 0) {
            bx_buf_str(&l->sql, " OR (");
            bx_buf_printf(&l->sql, "%s <=> ? AND (", l->order[i - 1].column);
            add(l, key_value(l->c->arena, json_array_get(keys, i - 1)));
        }

        if (v.kind == BX_V_NULL) {
            bx_buf_printf(&l->sql, k->down ? "FALSE" : "%s IS NOT NULL", k->column);
        } else if (strcmp(k->column, "t.id") == 0) {
            /* never NULL; with the OR, MariaDB would begin every page at the first row */
            bx_buf_str(&l->sql, k->down ? "t.id < ?" : "t.id > ?");
            add(l, v);
        } else {
            bx_buf_printf(&l->sql, k->down ? "(%s < ? OR %s IS NULL)" : "%s > ?", k->column, k->column);
            add(l, v);
        }
    }
    for (size_t i = 1; i < l->norder; i++) {
        bx_buf_str(&l->sql, "))");
    }
    bx_buf_str(&l->sql, ")");
    return BX_OK;
}


/* A sort column's value in a row that was read: the id, a scope column or a field. */
static json_t *
sort_value(const bx_record *r, const char *column)
{
    const char *name = strchr(column, '.') != NULL ? strchr(column, '.') + 1 : column;
    int         i;

    if (strcmp(name, "id") == 0) {
        return json_integer(r->id);
    }
    if (strcmp(name, "class_id") == 0) {
        return json_integer(r->scope.class_id);
    }
    if (strcmp(name, "school_id") == 0) {
        return json_integer(r->scope.school);
    }
    if (strcmp(name, "unit_id") == 0) {
        return json_integer(r->scope.unit);
    }

    i = bx_record_field(r->def, name);
    if (i < 0 || r->values[i].kind == BX_V_NULL) {
        return json_null();
    }
    return r->values[i].kind == BX_V_INT ? json_integer(r->values[i].i) : json_stringn(r->values[i].s, r->values[i].len);
}


static json_t *
next_token(list *l, const bx_record *last)
{
    json_t *keys = bx_own(l->c->arena, json_array());
    char   *text;

    for (size_t i = 0; i < l->norder; i++) {
        json_array_append_new(keys, sort_value(last, l->order[i].column));
    }

    text = bx_json_text(l->c->arena, keys, JSON_COMPACT);
    if (text == NULL) {
        return json_null();
    }
    return json_string(bx_token_encode(l->c->arena, text));
}


static bx_rc
limit(bx_call *c, int *out)
{
    const char *s = bx_call_query_arg(c, "limit");
    char       *end;
    long        n;

    *out = 40;
    if (s == NULL || *s == '\0') {
        return BX_OK;
    }

    n = strtol(s, &end, 10);
    if (*end != '\0' || n < 1 || n > BX_LIST_MAX) {
        return bx_refuse(c, BX_E_INVALID, "limit", "out_of_range", json_pack("{s:i, s:i}", "min", 1, "max", BX_LIST_MAX));
    }
    *out = (int) n;
    return BX_OK;
}


static bx_rc
page_of(list *l, const bx_rows *rows, json_t **items, json_t **next)
{
    bx_record  r;

    *items = bx_own(l->c->arena, json_array());
    *next = bx_own(l->c->arena, json_null());

    for (size_t i = 0; i < rows->nrows && i < (size_t) l->limit; i++) {
        bx_record_from_row(l->c, l->def, rows, i, &r);
        json_array_append_new(*items, bx_record_json(l->c, &r));
        if (i + 1 == (size_t) l->limit && rows->nrows > i + 1) {
            *next = bx_own(l->c->arena, next_token(l, &r));
        }
    }

    return bx_record_dress(l->c, l->def, *items, false);
}


/* ---- the statement */

typedef struct { bx_buf sql; bx_value *args; size_t n; } statement;

static void
bind(statement *s, const bx_value *args, size_t n)
{
    memcpy(s->args + s->n, args, n * sizeof(*args));
    s->n += n;
}


/* "<table> t" for the rows of a part. Without the hint MariaDB likes to walk back from the last row of everybody, guessing that
 * the next page of this class must be near; where the part is everything, that is right. */
static void
from_table(list *l, statement *s, const bx_scope_part *part)
{
    bx_buf_printf(&s->sql, "%s t%s", l->def->table, part->nargs > 0 ? " IGNORE INDEX (PRIMARY)" : "");
}


/* " WHERE <part> <all else> ORDER BY … LIMIT …" */
static void
where_part(list *l, statement *s, const bx_scope_part *part)
{
    bx_value  room = bx_int(l->limit + 1);

    bx_buf_printf(&s->sql, " WHERE %s%s ORDER BY %s LIMIT ?", part->sql, l->sql.data,
                  l->def->order != NULL ? l->def->order : "t.id DESC");
    bind(s, &part->arg, part->nargs);
    bind(s, l->args, l->nargs);
    bind(s, &room, 1);
}


/* Whoever has several classes, or a class and children of their own, gets one page of each and of these the first: each is read
 * by its own key, in order, and ends after a page. Under an OR none would be. */
static void
from_parts(list *l, statement *s, const bx_scope_part *parts, size_t nparts)
{
    bx_buf_str(&s->sql, " FROM (");
    for (size_t i = 0; i < nparts; i++) {
        bx_buf_str(&s->sql, i == 0 ? "(SELECT t.id FROM " : " UNION (SELECT t.id FROM ");
        from_table(l, s, &parts[i]);
        if (l->by_name) {
            bx_buf_str(&s->sql, " LEFT JOIN student st ON st.id = t.student_id");
        }
        where_part(l, s, &parts[i]);
        bx_buf_str(&s->sql, ")");
    }
    bx_buf_printf(&s->sql, ") p JOIN %s t ON t.id = p.id", l->def->table);
}


static bx_rc
compose(list *l, statement *s)
{
    static const bx_scope_part  nothing = { .sql = "FALSE" }, all = { .sql = "TRUE" };
    bx_scope_part               parts[BX_MAX_PARTS];
    size_t                      n = 0, room;

    if (l->def->scope != BX_SCOPE_UNIT && bx_scope_parts(l->c, l->def->scope, "t", l->def->read, parts, &n) != BX_OK) {
        return BX_FAIL;
    }

    room = 16 + (n + 1) * (l->nargs + 2);
    bx_buf_init(&s->sql, l->c->arena);
    s->args = bx_alloc(l->c->arena, room * sizeof(*s->args));
    if (s->args == NULL || l->sql.failed) {
        return bx_refuse(l->c, BX_E_MEMORY, NULL, NULL, NULL);
    }
    if (l->ids) {
        bx_buf_str(&s->sql, "SELECT t.id");
    } else if (bx_record_columns(l->c, l->def, &s->sql, s->args, &s->n, 16) != BX_OK) {
        return BX_FAIL;
    }

    if (n > 1) {
        from_parts(l, s, parts, n);
        bx_record_joins(l->def, &s->sql);
        l->sql = (bx_buf) { .data = "" };
        l->nargs = 0;
        where_part(l, s, &all);
    } else {
        const bx_scope_part *part = n == 1 ? &parts[0] : l->def->scope == BX_SCOPE_UNIT ? &all : &nothing;

        bx_buf_str(&s->sql, " FROM ");
        from_table(l, s, part);
        bx_record_joins(l->def, &s->sql);
        where_part(l, s, part);
    }

    return s->sql.failed ? bx_refuse(l->c, BX_E_MEMORY, NULL, NULL, NULL) : BX_OK;
}


bx_rc
bx_list_page(bx_call *c, const bx_record_def *def, int rows_max, const char *token, json_t **items, json_t **next)
{
    list       l = { .c = c, .def = def, .limit = rows_max, .after = token };
    statement  s = { .n = 0 };
    bx_rows    rows;

    bx_buf_init(&l.sql, c->arena);
    order_parse(&l);

    if (scope_where(&l) != BX_OK || filters(&l) != BX_OK || view(&l) != BX_OK || queue(&l) != BX_OK || after(&l) != BX_OK
        || compose(&l, &s) != BX_OK || bx_query(c, &rows, s.sql.data, s.args, s.n) != BX_OK)
    {
        return BX_FAIL;
    }

    return page_of(&l, &rows, items, next);
}


/* ---- all rows of a list, for an export */

bx_rc
bx_list_ids(bx_call *c, const bx_record_def *def, int rows_max, bx_id **out, size_t *n)
{
    list       l = { .c = c, .def = def, .limit = rows_max, .ids = true };
    statement  s = { .n = 0 };
    bx_rows    rows;

    bx_buf_init(&l.sql, c->arena);
    order_parse(&l);

    if (scope_where(&l) != BX_OK || filters(&l) != BX_OK || view(&l) != BX_OK || queue(&l) != BX_OK || compose(&l, &s) != BX_OK
        || bx_query(c, &rows, s.sql.data, s.args, s.n) != BX_OK)
    {
        return BX_FAIL;
    }

    *out = bx_alloc(c->arena, (rows.nrows + 1) * sizeof(**out));
    if (*out == NULL) {
        return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
    }

    for (*n = 0; *n < rows.nrows; (*n)++) {
        (*out)[*n] = bx_cell_int(&rows, *n, 0);
    }
    return BX_OK;
}


bx_rc
bx_generic_list(bx_call *c, const bx_record_def *def)
{
    json_t *items, *next;
    int     rows_max;

    if (limit(c, &rows_max) != BX_OK
        || bx_list_page(c, def, rows_max, bx_call_query_arg(c, "after"), &items, &next) != BX_OK)
    {
        return BX_FAIL;
    }

    return bx_answer(c, 200, json_pack("{s:O, s:O}", "items", items, "next", next));
}


bx_rc
bx_queue_count(bx_call *c, const bx_record_def *def, int64_t *n)
{
    list     l = { .c = c, .def = def };
    bx_rows  rows;

    bx_buf_init(&l.sql, c->arena);
    bx_buf_printf(&l.sql, "SELECT COUNT(*) FROM (SELECT 1 AS one FROM %s t", def->table);
    bx_record_joins(def, &l.sql);
    bx_buf_str(&l.sql, " WHERE TRUE");
    if (bx_record_where_private(c, def, &l.sql, l.args, &l.nargs, MAX_ARGS) != BX_OK || queue_where(&l) != BX_OK) {
        return BX_FAIL;
    }

    bx_buf_str(&l.sql, " LIMIT 100) x");
    if (l.sql.failed || bx_query(c, &rows, l.sql.data, l.args, l.nargs) != BX_OK) {
        return l.sql.failed ? bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL) : BX_FAIL;
    }

    *n = bx_cell_int(&rows, 0, 0);
    return BX_OK;
}
