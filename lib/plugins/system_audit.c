/*
 * system_audit.c: the audit trail as people read it: who did what to which record, a sentence an event, with its changes field by
 * field in the reader's language; and whether a chain is as it was written, in slices. What is shown is the payload that the
 * chain's hash covers. Reads only. Does not own writing the trail (lib/flow/commit.c) nor its arithmetic (lib/flow/audit.c).
 *
 * A reader sees the chains of the units in the scope of audit.read: a principal the own school's, the county all.
 */
#include "plugins/system.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define DAY          (24 * 3600)
#define WINDOW_DAYS  31                       /* shown when no days are asked for */
#define MAX_WINDOW   400
#define MAX_SHOWN    60                       /* changes of one event */
#define SLICE        4000                     /* events verified in one request */

typedef struct {
    bx_id        unit;                        /* one chain; 0: all of them (the county) */
    bx_date      from, to;                    /* BX_NO_DATE: no bound (a record's whole trail) */
    const char  *record, *action, *who;
    bx_id        record_id, account;
    int          limit;
    bx_time      after_at;                    /* the last event shown; BX_NO_TIME: from the newest */
    bx_id        after_unit;
    int64_t      after_seq;
} asked;

/* ------------------------------------------------------------------ what is asked for */

static bool
at_root(const bx_call *c)
{
    int  cap = bx_capability_index("audit.read");

    for (unsigned i = 0; c->who != NULL && i < c->who->ngrants; i++) {
        const bx_session_grant  *g = &c->who->grants[i];

        if (g->level == BX_LEVEL_ROOT && cap >= 0 && (g->caps[cap / 64] >> (cap % 64) & 1u) != 0) {
            return true;
        }
    }

    return c->trusted;
}

/* The chains in scope, by name; unit ≠ 0: only that one. */
static bx_rc
chains(bx_call *c, bx_id unit, bx_rows *rows)
{
    bx_buf    sql;
    bx_value  args[48];
    size_t    n = 0;

    bx_buf_init(&sql, c->arena);
    bx_buf_str(&sql, "SELECT k.unit_id, u.name, u.level, k.seq FROM audit_chain k JOIN org_unit u ON u.id = k.unit_id WHERE ");
    if (unit != 0) {
        bx_buf_str(&sql, "k.unit_id = ? AND ");
        args[n++] = bx_int(unit);
    }
    if (bx_scope_where(c, BX_SCOPE_UNIT, "u", "audit.read", &sql, args, &n, 48) != BX_OK) {
        return BX_FAIL;
    }
    bx_buf_str(&sql, " ORDER BY LENGTH(u.path), u.name LIMIT 2000");

    return sql.failed ? bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL) : bx_query(c, rows, sql.data, args, n);
}

static bx_rc
take_unit(bx_call *c, asked *q)
{
    const char  *text = bx_call_query_arg(c, "unit_id");
    bx_rows      rows;

    q->unit = text == NULL || *text == '\0' ? 0 : bx_id_parse(text);
    if (text != NULL && *text != '\0' && q->unit == 0) {
        return bx_refuse(c, BX_E_INVALID, "unit_id", "filter", NULL);
    }
    if (q->unit == 0 && at_root(c)) {
        return BX_OK;
    }
    if (chains(c, q->unit, &rows) != BX_OK) {
        return BX_FAIL;
    }
    if (rows.nrows == 0) {
        /* a school where nothing has happened yet, or somebody else's */
        return q->unit != 0 ? bx_refuse(c, BX_E_NOT_FOUND, NULL, NULL, NULL) : (q->unit = -1, BX_OK);
    }

    q->unit = bx_cell_int(&rows, 0, 0);
    return BX_OK;
}

static bx_rc
take_date(bx_call *c, const char *name, bx_date *out)
{
    const char  *s = bx_call_query_arg(c, name);

    *out = BX_NO_DATE;
    if (s == NULL || *s == '\0') {
        return BX_OK;
    }

    *out = bx_date_parse(s);
    return *out != BX_NO_DATE ? BX_OK : bx_refuse(c, BX_E_INVALID, name, "not_date", NULL);
}

/* Days: those asked for, a month up to the one day named, the last month, or all of one record's. */
static bx_rc
take_days(bx_call *c, asked *q)
{
    if (take_date(c, "from", &q->from) != BX_OK || take_date(c, "to", &q->to) != BX_OK) {
        return BX_FAIL;
    }
    if (q->record_id != 0 && q->from == BX_NO_DATE && q->to == BX_NO_DATE) {
        return BX_OK;
    }

    q->to = q->to != BX_NO_DATE ? q->to : q->from != BX_NO_DATE ? q->from + WINDOW_DAYS - 1 : bx_date_of(c->now);
    q->from = q->from != BX_NO_DATE ? q->from : q->to - WINDOW_DAYS + 1;
    if (q->to < q->from) {
        return bx_refuse(c, BX_E_INVALID, "to", "calendar.backwards", NULL);
    }
    if (q->to - q->from > MAX_WINDOW) {
        return bx_refuse(c, BX_E_INVALID, "from", "audit.too_long", json_pack("{s:i}", "max", MAX_WINDOW));
    }

    return BX_OK;
}

/* An opaque place in the list: time, chain, number. */
static bx_rc
take_after(bx_call *c, asked *q)
{
    const char  *s = bx_call_query_arg(c, "after");
    char        *end;

    q->after_at = BX_NO_TIME;
    if (s == NULL || *s == '\0') {
        return BX_OK;
    }

    q->after_at = strtoll(s, &end, 10);
    if (*end == '.') {
        q->after_unit = strtoll(end + 1, &end, 10);
    }
    if (*end == '.') {
        q->after_seq = strtoll(end + 1, &end, 10);
    }

    return *end == '\0' && q->after_seq > 0 ? BX_OK : bx_refuse(c, BX_E_INVALID, "after", "filter", NULL);
}

static const char *
word(bx_call *c, const char *name)
{
    const char  *s = bx_call_query_arg(c, name);

    return s == NULL || *s == '\0' ? NULL : s;
}

static bx_rc
take(bx_call *c, asked *q)
{
    const char  *limit = word(c, "limit"), *id = word(c, "record_id"), *account = word(c, "account_id");

    *q = (asked) { .record = word(c, "record"), .action = word(c, "action"), .who = word(c, "who"), .limit = 40 };

    if (limit != NULL && (q->limit = atoi(limit), q->limit < 1 || q->limit > 200)) {
        return bx_refuse(c, BX_E_INVALID, "limit", "filter", NULL);
    }
    if (id != NULL && (q->record_id = bx_id_parse(id)) == 0) {
        return bx_refuse(c, BX_E_INVALID, "record_id", "filter", NULL);
    }
    if (account != NULL && (q->account = bx_id_parse(account)) == 0) {
        return bx_refuse(c, BX_E_INVALID, "account_id", "filter", NULL);
    }
    if (q->record_id != 0 && q->record == NULL) {
        return bx_refuse(c, BX_E_INVALID, "record", "required", NULL);
    }

    return take_unit(c, q) == BX_OK && take_days(c, q) == BX_OK ? take_after(c, q) : BX_FAIL;
}

/* ------------------------------------------------------------------ reading */

#define MAX_ARGS  48

typedef struct { bx_buf sql; bx_value args[MAX_ARGS]; size_t n; } statement;

static void
and(statement *s, const char *sql, bx_value v)
{
    bx_buf_str(&s->sql, sql);
    s->args[s->n++] = v;
}

/* Nobody learns from the trail that somebody has reported about a child of theirs: for records that are read by a capability that is
 * near, events about the reader's own children are left out. */
static bx_rc
not_own_children(bx_call *c, statement *s)
{
    const bx_plugin *const  *plugins;
    size_t                   n;

    plugins = bx_plugins(&n);
    for (size_t i = 0; i < n && !c->trusted; i++) {
        for (const bx_record_def *def = plugins[i]->records; def != NULL && def->name != NULL; def++) {
            if (!bx_record_near(def)) {
                continue;
            }
            bx_buf_printf(&s->sql, " AND NOT (e.record = '%s' AND EXISTS (SELECT 1 FROM %s t WHERE t.id = e.record_id AND ", def->name, def->table);
            if (bx_own_child_ask(c, "t", &s->sql, s->args, &s->n, MAX_ARGS - 1) != BX_OK) {
                return BX_FAIL;
            }
            bx_buf_str(&s->sql, "))");
        }
    }

    return BX_OK;
}

/* One chain is read by (unit_id, at), all of them by (at), a record's by (record, record_id): newest first. */
static bx_rc
read_events(bx_call *c, const asked *q, bx_rows *rows)
{
    statement  s = { .n = 0 };

    bx_buf_init(&s.sql, c->arena);
    bx_buf_str(&s.sql, "SELECT e.unit_id, e.seq, e.at, e.account_id, e.action, e.record, e.record_id, e.payload, u.name"
                       " FROM audit_event e LEFT JOIN org_unit u ON u.id = e.unit_id WHERE TRUE");
    if (q->unit != 0) {
        and(&s, " AND e.unit_id = ?", bx_int(q->unit));
    }
    if (q->from != BX_NO_DATE) {
        and(&s, " AND e.at >= ?", bx_text(bx_time_sql(c->arena, bx_time_at(q->from, 0))));
        and(&s, " AND e.at < ?", bx_text(bx_time_sql(c->arena, bx_time_at(q->to + 1, 0))));
    }
    if (q->record != NULL) {
        and(&s, " AND e.record = ?", bx_text(q->record));
    }
    if (q->record_id != 0) {
        and(&s, " AND e.record_id = ?", bx_int(q->record_id));
    }
    if (q->action != NULL) {
        and(&s, " AND e.action = ?", bx_text(q->action));
    }
    if (q->account != 0) {
        and(&s, " AND e.account_id = ?", bx_int(q->account));
    }
    if (q->who != NULL) {
        and(&s, " AND e.account_id IN (SELECT a.id FROM account a WHERE a.name = ?", bx_text(q->who));
        and(&s, " OR a.login = ?)", bx_text(q->who));
    }
    if (q->after_at != BX_NO_TIME) {
        bx_value  at = bx_text(bx_time_sql(c->arena, q->after_at));

        and(&s, " AND e.at <= ?", at);
        and(&s, " AND (e.at < ?", at);
        and(&s, " OR e.unit_id < ?", bx_int(q->after_unit));
        and(&s, " OR (e.unit_id = ?", bx_int(q->after_unit));
        and(&s, " AND e.seq < ?))", bx_int(q->after_seq));
    }
    if (not_own_children(c, &s) != BX_OK) {
        return BX_FAIL;
    }
    and(&s, " ORDER BY e.at DESC, e.unit_id DESC, e.seq DESC LIMIT ?", bx_int(q->limit + 1));

    return s.sql.failed ? bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL) : bx_query(c, rows, s.sql.data, s.args, s.n);
}

/* ------------------------------------------------------------------ words */

/* The first of the keys that has a text. */
static const char *
text_of(bx_call *c, const char *key, const char *other)
{
    const char  *text = bx_tr(c->arena, c->lang, key, NULL);

    return strcmp(text, key) != 0 ? text : other;
}

static const char *
record_label(bx_call *c, const char *record)
{
    return text_of(c, bx_sprintf(c->arena, "audit.record.%s", record), text_of(c, record, record));
}

static const char *
action_label(bx_call *c, const char *record, const char *action)
{
    const char  *common = text_of(c, bx_sprintf(c->arena, "audit.action.%s", action), action);

    return text_of(c, bx_sprintf(c->arena, "%s.action.%s", record, action), common);
}

static const bx_field *
field_of(const bx_record_def *def, const char *name)
{
    int  i = def == NULL ? -1 : bx_record_field(def, name);

    return i < 0 ? NULL : &def->fields[i];
}

static const char *
field_label(bx_call *c, const char *record, const char *name)
{
    const char  *common = text_of(c, bx_sprintf(c->arena, "audit.field.%s", name), text_of(c, bx_sprintf(c->arena, "rule.%s", name), name));

    return text_of(c, bx_sprintf(c->arena, "%s.%s", record, name), common);
}

/* A value as it is read: a code by its word, a state by its name, half-days as days. */
static json_t *
shown(bx_call *c, const char *record, const bx_field *f, const char *name, const json_t *v)
{
    const char  *s = json_string_value(v), *key;
    char        *text;

    if (v == NULL || json_is_null(v)) {
        return json_null();
    }
    if (json_is_boolean(v) || (f != NULL && f->type == BX_BOOL && json_is_integer(v))) {
        bool  yes = json_is_true(v) || json_integer_value(v) != 0;

        return json_string(bx_tr(c->arena, c->lang, yes ? "audit.yes" : "audit.no", NULL));
    }
    if (strcmp(name, "half_days") == 0 || (f != NULL && f->type == BX_HALVES)) {
        return json_sprintf("%g", (double) json_integer_value(v) / 2);
    }
    if (json_is_integer(v)) {
        return json_sprintf("%" JSON_INTEGER_FORMAT, json_integer_value(v));
    }
    if (s != NULL && strcmp(name, "state") == 0) {
        return json_string(text_of(c, bx_sprintf(c->arena, "%s.state.%s", record, s), s));
    }
    if (s != NULL && f != NULL && f->type == BX_CODE) {
        return json_string(text_of(c, bx_sprintf(c->arena, "code.%s.%s", f->arg, s), s));
    }
    if (s != NULL && strcmp(s, "changed") == 0) {
        return json_string(bx_tr(c->arena, c->lang, "audit.changed", NULL));                /* a secret: never quoted */
    }
    if (s != NULL) {
        key = bx_sprintf(c->arena, "code.%s.%s", name, s);
        return json_string(strlen(s) < 40 ? text_of(c, key, s) : s);
    }

    text = bx_json_text(c->arena, v, JSON_COMPACT | JSON_ENCODE_ANY);
    return text == NULL ? json_null() : json_string(text);
}

/* May the reader see what a record on this school's chain says? */
static bool
may_see(const bx_call *c, const bx_record_def *def, bx_id school)
{
    return def == NULL || def->scope != BX_SCOPE_STUDENT
           || (bx_call_can(c, def->read) && (!bx_capability_near(bx_capability_index(def->read))
                                             || bx_scope_allows(c, def->read, &(bx_row_scope) { .school = school })));
}

/* {field, label, from, to}: an array of two is from what to what, anything else what it became. Of a child's record nothing to
 * those who may not read such a record: that something happened is for the auditor, what it says is not. */
static json_t *
changes_json(bx_call *c, const char *record, bx_id school, const json_t *changes)
{
    const bx_record_def  *def = bx_record_find(record);
    json_t               *list = json_array();
    const char           *name;
    json_t               *v;

    if (!may_see(c, def, school)) {
        return list;
    }

    json_object_foreach((json_t *) changes, name, v) {
        const bx_field  *f = field_of(def, name);
        bool             pair = json_is_array(v) && json_array_size(v) == 2 && strcmp(name, "ids") != 0;
        json_t          *o;

        if (json_array_size(list) == MAX_SHOWN) {
            break;
        }
        if (pair && json_equal(json_array_get(v, 0), json_array_get(v, 1))) {
            continue;
        }
        if (strcmp(name, "ids") == 0 && json_is_array(v)) {
            o = json_pack("{s:s, s:s, s:n, s:o}", "field", name, "label", bx_tr(c->arena, c->lang, "audit.ids", NULL), "from",
                          "to", json_sprintf("%zu", json_array_size(v)));
        } else {
            o = json_pack("{s:s, s:s, s:o, s:o}", "field", name, "label", field_label(c, record, name),
                          "from", pair ? shown(c, record, f, name, json_array_get(v, 0)) : json_null(),
                          "to", shown(c, record, f, name, pair ? json_array_get(v, 1) : v));
        }
        json_array_append_new(list, o);
    }

    return list;
}

/* ------------------------------------------------------------------ whom a record is about */

/* Names of the children the events are about, for readers who may see the record: one query a kind of record on the page. */
static bx_rc
add_names(bx_call *c, json_t *items, const bx_record_def *def)
{
    bx_buf    sql;
    bx_value  args[200 + 48];
    bx_rows   rows;
    size_t    n = 0, i;
    json_t   *item;
    bool      own = strcmp(def->table, "student") == 0;

    bx_buf_init(&sql, c->arena);
    bx_buf_printf(&sql, "SELECT t.id, %s.name FROM %s t%s WHERE t.id IN (", own ? "t" : "s", def->table,
                  own ? "" : " JOIN student s ON s.id = t.student_id");
    json_array_foreach(items, i, item) {
        bx_id  id = bx_id_parse(json_string_value(json_object_get(item, "record_id")));

        if (id != 0 && n < 200 && strcmp(json_string_value(json_object_get(item, "record")), def->name) == 0) {
            bx_buf_str(&sql, n == 0 ? "?" : ",?");
            args[n++] = bx_int(id);
        }
    }
    if (n == 0) {
        return BX_OK;
    }

    bx_buf_str(&sql, ") AND ");
    if (bx_record_where(c, def, def->read, &sql, args, &n, sizeof(args) / sizeof(args[0])) != BX_OK) {
        return BX_FAIL;
    }
    if (sql.failed) {
        return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
    }
    if (bx_query(c, &rows, sql.data, args, n) != BX_OK) {
        return BX_FAIL;
    }

    for (size_t k = 0; k < rows.nrows; k++) {
        json_array_foreach(items, i, item) {
            if (bx_id_parse(json_string_value(json_object_get(item, "record_id"))) == bx_cell_int(&rows, k, 0)
                && strcmp(json_string_value(json_object_get(item, "record")), def->name) == 0)
            {
                json_object_set_new(item, "about", json_string(bx_cell_text(&rows, k, 1)));
            }
        }
    }

    return BX_OK;
}

static bx_rc
add_children(bx_call *c, json_t *items)
{
    const bx_plugin *const  *plugins;
    size_t                   n;

    plugins = bx_plugins(&n);
    for (size_t i = 0; i < n; i++) {
        for (const bx_record_def *def = plugins[i]->records; def != NULL && def->name != NULL; def++) {
            if (def->scope == BX_SCOPE_STUDENT && bx_call_can(c, def->read) && add_names(c, items, def) != BX_OK) {
                return BX_FAIL;
            }
        }
    }

    return BX_OK;
}

/* ------------------------------------------------------------------ GET audit-events */

/* "job leave.clock" and "baoxuectl …" are programs. */
static const char *
actor_text(bx_call *c, const char *by)
{
    json_t  *params;

    if (by == NULL || *by == '\0') {
        return bx_tr(c->arena, c->lang, "audit.nobody", NULL);
    }
    if (strncmp(by, "job ", 4) == 0) {
        params = bx_own(c->arena, json_pack("{s:s}", "job", text_of(c, bx_sprintf(c->arena, "job.%s", by + 4), by + 4)));
        return bx_tr(c->arena, c->lang, "audit.job", params);
    }

    return by;
}

static json_t *
event_json(bx_call *c, const bx_rows *rows, size_t i)
{
    const char  *record = bx_cell_text(rows, i, 5), *action = bx_cell_text(rows, i, 4);
    json_t      *payload = bx_own(c->arena, json_loads(bx_cell_text(rows, i, 7), 0, NULL));
    const char  *by = json_string_value(json_object_get(payload, "by"));
    bx_id        account = bx_cell_int(rows, i, 3), id = bx_cell_int(rows, i, 6);
    const char  *address = json_string_value(json_object_get(payload, "address"));

    return json_pack("{s:o, s:s, s:I, s:s, s:o, s:s, s:s?, s:s, s:s, s:s, s:s, s:o, s:n, s:o}",
        "unit_id", bx_id_json(bx_cell_int(rows, i, 0)), "unit_name", bx_cell_text(rows, i, 8) ? bx_cell_text(rows, i, 8) : "",
        "number", (json_int_t) bx_cell_int(rows, i, 1), "at", bx_time_iso(c->arena, bx_time_parse_sql(bx_cell_text(rows, i, 2))),
        "account_id", bx_id_json(account), "by", actor_text(c, by),
        "address", address != NULL && *address != '\0' ? address : NULL, "action", action,
        "action_label", action_label(c, record, action), "record", record, "record_label", record_label(c, record),
        "record_id", bx_id_json(id), "about",
        "changes", changes_json(c, record, bx_cell_int(rows, i, 0), json_object_get(payload, "changes")));
}

/* A sentence that can be read aloud: 王晓梅 同意 请假（罗思雨）. */
static void
add_sentences(bx_call *c, json_t *items)
{
    size_t   i;
    json_t  *item;

    json_array_foreach(items, i, item) {
        json_t  *about = json_object_get(item, "about");
        json_t  *params = bx_own(c->arena, json_pack("{s:O, s:O, s:O, s:s}", "who", json_object_get(item, "by"),
                                                     "what", json_object_get(item, "action_label"),
                                                     "record", json_object_get(item, "record_label"),
                                                     "about", json_is_string(about) ? json_string_value(about) : ""));

        json_object_set_new(item, "sentence",
                            json_string(bx_tr(c->arena, c->lang, json_is_string(about) ? "audit.sentence.about" : "audit.sentence", params)));
    }
}

bx_rc
bx_sys_audit_list(bx_call *c)
{
    asked    q;
    bx_rows  rows = { 0 };
    json_t  *items = bx_own(c->arena, json_array()), *next = json_null();
    size_t   n;

    if (take(c, &q) != BX_OK || read_events(c, &q, &rows) != BX_OK) {
        return BX_FAIL;
    }

    n = rows.nrows > (size_t) q.limit ? (size_t) q.limit : rows.nrows;
    for (size_t i = 0; i < n; i++) {
        json_array_append_new(items, event_json(c, &rows, i));
    }
    if (n < rows.nrows) {
        next = json_sprintf("%" PRId64 ".%" PRId64 ".%" PRId64, bx_time_parse_sql(bx_cell_text(&rows, n - 1, 2)),
                            bx_cell_int(&rows, n - 1, 0), bx_cell_int(&rows, n - 1, 1));
    }
    bx_own(c->arena, next);

    if (add_children(c, items) != BX_OK) {
        return BX_FAIL;
    }
    add_sentences(c, items);

    return bx_answer(c, 200, json_pack("{s:O, s:O, s:s?, s:s?}", "items", items, "next", next,
                                       "from", q.from == BX_NO_DATE ? NULL : bx_date_text(c->arena, q.from),
                                       "to", q.to == BX_NO_DATE ? NULL : bx_date_text(c->arena, q.to)));
}

/* ------------------------------------------------------------------ GET audit-chains, GET audit-chains/{id}/verify */

/* The chains in scope, and what events there may be on them, for the filters of a page. */
bx_rc
bx_sys_audit_chains(bx_call *c)
{
    bx_rows   rows, records;
    json_t   *items = bx_own(c->arena, json_array()), *kinds = bx_own(c->arena, json_array());

    if (chains(c, 0, &rows) != BX_OK
        || bx_query(c, &records, "SELECT DISTINCT e.record FROM audit_event e ORDER BY e.record", BX_NO_ARGS) != BX_OK)
    {
        return BX_FAIL;
    }

    for (size_t i = 0; i < rows.nrows; i++) {
        json_array_append_new(items, json_pack("{s:o, s:s, s:s, s:I}", "unit_id", bx_id_json(bx_cell_int(&rows, i, 0)),
            "name", bx_cell_text(&rows, i, 1), "level", bx_cell_text(&rows, i, 2), "events", (json_int_t) bx_cell_int(&rows, i, 3)));
    }
    for (size_t i = 0; i < records.nrows; i++) {
        const char  *record = bx_cell_text(&records, i, 0);

        json_array_append_new(kinds, json_pack("{s:s, s:s}", "record", record, "label", record_label(c, record)));
    }

    return bx_answer(c, 200, json_pack("{s:O, s:O, s:b}", "items", items, "records", kinds, "all", at_root(c)));
}

bx_rc
bx_sys_audit_verify(bx_call *c)
{
    const char      *from = word(c, "after");
    bx_rows          rows;
    bx_audit_slice   slice;
    int64_t          seq = 0, total;

    if (from != NULL && (seq = bx_id_parse(from)) == 0) {
        return bx_refuse(c, BX_E_INVALID, "after", "filter", NULL);
    }
    if (chains(c, c->path_id, &rows) != BX_OK) {
        return BX_FAIL;
    }
    if (rows.nrows == 0) {
        return bx_refuse(c, BX_E_NOT_FOUND, NULL, NULL, NULL);
    }
    if (bx_audit_verify_slice(c, c->path_id, seq, SLICE, &slice) != BX_OK) {
        return BX_FAIL;
    }

    total = bx_cell_int(&rows, 0, 3);
    return bx_answer(c, 200, json_pack("{s:o, s:s, s:I, s:I, s:o, s:o, s:o}", "unit_id", bx_id_json(c->path_id),
        "name", bx_cell_text(&rows, 0, 1), "verified", (json_int_t) slice.seq, "events",
        (json_int_t) (total > slice.seq ? total : slice.seq), "next", slice.more ? json_sprintf("%" PRId64, slice.seq) : json_null(),
        "whole", slice.more ? json_null() : json_boolean(slice.bad == 0),
        "first_bad", slice.bad == 0 ? json_null() : json_integer(slice.bad)));
}
