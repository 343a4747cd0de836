/* calendar_days.c: holidays and make-up days of a unit. What was entered together is one entry (国庆节, seven days): it is shown,
 * changed and taken away as one. An announcement is pasted as it stands; lib/flow/holidays.c reads it. */
#include "plugins/calendar.h"
#include "flow/classname.h"
#include "flow/holidays.h"
#include "flow/rules.h"

#include <inttypes.h>
#include <string.h>

#define MAX_DAYS     60                       /* of one entry */
#define MAX_ENTRIES  60                       /* of one announcement */

typedef struct {
    bx_id        id, unit;
    int64_t      version;
    bool         makeup, statutory;
    const char  *name;
    bx_date      starts, ends;
    int          rows;                        /* days it has; one in between may have been made ordinary by itself */
} entry;

static json_t *
entry_json(bx_call *c, const entry *e, const char *unit_name, const char *place)
{
    return json_pack("{s:o, s:I, s:o, s:s, s:s, s:s, s:s, s:b, s:s, s:s, s:i}", "id", bx_id_json(e->id), "version",
                     (json_int_t) e->version, "unit_id", bx_id_json(e->unit), "unit_name", unit_name, "place", place,
                     "kind", e->makeup ? "makeup" : "holiday", "name", e->name, "statutory", e->statutory,
                     "starts_on", bx_date_text(c->arena, e->starts), "ends_on", bx_date_text(c->arena, e->ends),
                     "days", e->rows > 0 ? e->rows : (int) (e->ends - e->starts + 1));
}

/* ---- GET calendar-days */

static const char sql_days[] =
    "SELECT d.entry_id, d.unit_id, MAX(d.version), d.kind = 'makeup', MIN(d.statutory), MIN(d.name), MIN(d.day), MAX(d.day), COUNT(*), u.path,"
    " u.name, u.stage, u.entry_year, u.class_no FROM calendar_day d JOIN org_unit u ON u.id = d.unit_id"
    " WHERE (d.unit_id IN (" BX_PATH_MARKS ") OR u.path LIKE CONCAT(?, '%')) AND d.day BETWEEN ? AND ?"
    " GROUP BY d.unit_id, d.kind, d.entry_id, IF(d.entry_id = 0, d.day, NULL) ORDER BY MIN(d.day), LENGTH(u.path) LIMIT 1000";

static entry
row_of(const bx_rows *rows, size_t i)
{
    return (entry) {
        bx_cell_int(rows, i, 0), bx_cell_int(rows, i, 1), bx_cell_int(rows, i, 2), bx_cell_int(rows, i, 3) != 0,
        bx_cell_int(rows, i, 4) != 0, bx_cell_text(rows, i, 5), bx_date_parse(bx_cell_text(rows, i, 6)),
        bx_date_parse(bx_cell_text(rows, i, 7)), (int) bx_cell_int(rows, i, 8)
    };
}

bx_rc
bx_cal_days_list(bx_call *c)
{
    bx_cal_unit   u;
    bx_value      args[BX_MAX_DEPTH + 3];
    const bx_id  *ids;
    size_t        n;
    bx_rows       rows;
    int           year;
    json_t       *items;

    if (bx_cal_unit_asked(c, &u) != BX_OK || bx_cal_year_asked(c, &year) != BX_OK || bx_unit_path(c, u.id, &ids, &n) != BX_OK) {
        return BX_FAIL;
    }

    bx_path_args(ids, n, args);
    args[BX_MAX_DEPTH] = bx_text(u.path);
    args[BX_MAX_DEPTH + 1] = bx_text(bx_date_text(c->arena, bx_date_make(year, 8, 1)));
    args[BX_MAX_DEPTH + 2] = bx_text(bx_date_text(c->arena, bx_date_make(year + 1, 7, 31)));
    if (bx_query(c, &rows, sql_days, args, BX_MAX_DEPTH + 3) != BX_OK) {
        return BX_FAIL;
    }

    items = json_array();
    for (size_t i = 0; i < rows.nrows; i++) {
        entry  e = row_of(&rows, i);

        json_array_append_new(items, entry_json(c, &e, bx_cal_unit_name(c, &rows, i, 10),
                                                bx_cal_place(&u, e.unit, bx_cell_text(&rows, i, 9))));
    }

    return bx_answer(c, 200, json_pack("{s:o, s:b, s:i, s:o}", "unit", bx_cal_unit_json(c, &u), "editable", u.editable,
                                       "school_year", year, "items", items));
}

/* ---- checks */

static const char sql_taken[] =
    "SELECT d.day, d.name, d.kind = 'makeup' FROM calendar_day d WHERE d.unit_id = ? AND d.day BETWEEN ? AND ? AND (d.entry_id = 0 OR"
    " d.entry_id <> ?) ORDER BY d.day LIMIT 1";

/* Make-up days are days on which there would be no school: at a weekend, or a holiday of a unit above. */
static bx_rc
check_makeup(bx_call *c, const entry *e, const char *field)
{
    static const char  sql[] = "SELECT d.day FROM calendar_day d WHERE d.unit_id IN (" BX_PATH_MARKS ") AND d.unit_id <> ? AND d.day = ?"
                               " AND d.kind = 'holiday'";
    bx_value           args[BX_MAX_DEPTH + 2];
    const bx_id       *ids;
    size_t             n;
    bx_rows            rows;

    if (bx_unit_path(c, e->unit, &ids, &n) != BX_OK) {
        return BX_FAIL;
    }

    for (bx_date d = e->starts; e->makeup && d <= e->ends; d++) {
        if (bx_weekday(d) > 5) {
            continue;
        }
        bx_path_args(ids, n, args);
        args[BX_MAX_DEPTH] = bx_int(e->unit);
        args[BX_MAX_DEPTH + 1] = bx_text(bx_date_text(c->arena, d));
        if (bx_query(c, &rows, sql, args, BX_MAX_DEPTH + 2) != BX_OK) {
            return BX_FAIL;
        }
        if (rows.nrows == 0) {
            return bx_refuse(c, BX_E_INVALID, field, "calendar.makeup_weekday",
                             json_pack("{s:s}", "day", bx_date_text(c->arena, d)));
        }
    }

    return BX_OK;
}

static bx_rc
check_entry(bx_call *c, const entry *e, const char *first, const char *last)
{
    bx_rows  rows;

    if (e->ends < e->starts) {
        return bx_refuse(c, BX_E_INVALID, last, "calendar.backwards", NULL);
    }
    if (e->ends - e->starts >= MAX_DAYS) {
        return bx_refuse(c, BX_E_INVALID, last, "calendar.days_long", json_pack("{s:i}", "max", MAX_DAYS));
    }
    if (bx_query(c, &rows, sql_taken, BX_ARGS(bx_int(e->unit), bx_text(bx_date_text(c->arena, e->starts)),
                                              bx_text(bx_date_text(c->arena, e->ends)), bx_int(e->id))) != BX_OK)
    {
        return BX_FAIL;
    }
    if (rows.nrows > 0) {
        return bx_refuse(c, BX_E_INVALID, first, "calendar.day_taken", json_pack("{s:s, s:s}", "day", bx_cell_text(&rows, 0, 0),
                                                                                 "name", bx_cell_text(&rows, 0, 1)));
    }

    return check_makeup(c, e, first);
}

/* Whether offices have a day too: what the county enters unless it says otherwise; what a school enters is the school's. */
static bool
statutory_asked(const bx_call *c, const bx_cal_unit *u)
{
    const json_t  *j = json_object_get(c->body, "statutory");

    return json_is_boolean(j) ? json_is_true(j) : strcmp(u->level, "county") == 0;
}

/* ---- writing */

static bx_rc
queue_days(bx_call *c, const entry *e)
{
    static const char  sql[] = "INSERT INTO calendar_day (unit_id, day, kind, name, entry_id, version, statutory, created_at, created_by)"
                               " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)";

    for (bx_date d = e->starts; d <= e->ends; d++) {
        if (bx_queue(c, 1, sql, BX_ARGS(bx_int(e->unit), bx_text(bx_date_text(c->arena, d)), bx_text(e->makeup ? "makeup" : "holiday"),
                                        bx_text(e->name), bx_int(e->id), bx_int(e->version), bx_int(e->statutory),
                                        bx_text(bx_time_sql(c->arena, c->now)), bx_int(bx_call_account(c)))) != BX_OK)
        {
            return BX_FAIL;
        }
    }

    return bx_calendar_changed(c, e->unit, e->starts, e->ends);
}

static bx_rc
queue_removal(bx_call *c, const entry *e)
{
    return bx_queue(c, e->rows, "DELETE FROM calendar_day WHERE entry_id = ? AND version = ?",
                    BX_ARGS(bx_int(e->id), bx_int(e->version))) == BX_OK
           ? bx_calendar_changed(c, e->unit, e->starts, e->ends) : BX_FAIL;
}

static json_t *
pair(const char *from, const char *to)
{
    return json_pack("[s, s]", from, to);
}

static json_t *
changes_json(bx_call *c, const entry *old, const entry *e)
{
    json_t  *o = bx_own(c->arena, json_pack("{s:s}", "kind", e->makeup ? "makeup" : "holiday"));

    if (old == NULL) {
        json_object_set_new(o, "name", json_string(e->name));
        json_object_set_new(o, "starts_on", json_string(bx_date_text(c->arena, e->starts)));
        json_object_set_new(o, "ends_on", json_string(bx_date_text(c->arena, e->ends)));
        return o;
    }
    if (strcmp(old->name, e->name) != 0) {
        json_object_set_new(o, "name", pair(old->name, e->name));
    }
    if (old->starts != e->starts) {
        json_object_set_new(o, "starts_on", pair(bx_date_text(c->arena, old->starts), bx_date_text(c->arena, e->starts)));
    }
    if (old->ends != e->ends) {
        json_object_set_new(o, "ends_on", pair(bx_date_text(c->arena, old->ends), bx_date_text(c->arena, e->ends)));
    }
    if (old->statutory != e->statutory) {
        json_object_set_new(o, "statutory", json_pack("[b, b]", old->statutory, e->statutory));
    }

    return o;
}

static bx_rc
finish(bx_call *c, const bx_cal_unit *u, const entry *e, const entry *old, const char *action, int status)
{
    if (bx_cal_bump(c, u) != BX_OK
        || bx_answer(c, status, status == 204 ? NULL : entry_json(c, e, u->name, "own")) != BX_OK)
    {
        return BX_FAIL;
    }

    return bx_commit(c, bx_cal_chain(u), action, "calendar-days", e->id, changes_json(c, old, e));
}

/* ---- POST calendar-days, PATCH and DELETE calendar-days/{id} */

bx_rc
bx_cal_day_create(bx_call *c)
{
    bx_cal_unit  u;
    entry        e = { .version = 1, .name = bx_cal_text(c, "name"), .starts = bx_cal_date(c, "starts_on"),
                       .ends = bx_cal_date(c, "ends_on"), .makeup = strcmp(bx_cal_text(c, "kind"), "makeup") == 0 };

    if (bx_cal_unit_edit(c, bx_id_parse(bx_cal_text(c, "unit_id")), &u) != BX_OK) {
        return BX_FAIL;
    }

    e.unit = u.id;
    e.statutory = statutory_asked(c, &u);
    if (check_entry(c, &e, "starts_on", "ends_on") != BX_OK) {
        return BX_FAIL;
    }

    e.id = bx_id_new();
    c->location = bx_sprintf(c->arena, "/api/v1/calendar-days/%" PRId64, e.id);
    return queue_days(c, &e) == BX_OK ? finish(c, &u, &e, NULL, "create", 201) : BX_FAIL;
}

static const char sql_entry[] =
    "SELECT d.entry_id, d.unit_id, MAX(d.version), d.kind = 'makeup', MIN(d.statutory), MIN(d.name), MIN(d.day), MAX(d.day),"
    " COUNT(*) FROM calendar_day d WHERE d.entry_id = ? GROUP BY d.unit_id, d.kind, d.entry_id LIMIT 1";

static bx_rc
entry_edit(bx_call *c, bx_cal_unit *u, entry *e)
{
    bx_rows  rows;

    if (bx_query(c, &rows, sql_entry, BX_ARGS(bx_int(c->path_id))) != BX_OK) {
        return BX_FAIL;
    }
    if (rows.nrows == 0) {
        return bx_refuse(c, BX_E_NOT_FOUND, NULL, NULL, NULL);
    }

    *e = row_of(&rows, 0);
    return bx_cal_unit_edit(c, e->unit, u) == BX_OK ? bx_version_check(c, e->version) : BX_FAIL;
}

bx_rc
bx_cal_day_change(bx_call *c)
{
    bx_cal_unit  u;
    entry        old, e;

    if (entry_edit(c, &u, &old) != BX_OK) {
        return BX_FAIL;
    }

    e = old;
    e.name = bx_cal_text(c, "name");
    e.starts = bx_cal_date(c, "starts_on");
    e.ends = bx_cal_date(c, "ends_on");
    e.version++;
    e.rows = 0;
    if (json_is_boolean(json_object_get(c->body, "statutory"))) {
        e.statutory = statutory_asked(c, &u);
    }

    if (check_entry(c, &e, "starts_on", "ends_on") != BX_OK || queue_removal(c, &old) != BX_OK || queue_days(c, &e) != BX_OK) {
        return BX_FAIL;
    }
    return finish(c, &u, &e, &old, "edit", 200);
}

bx_rc
bx_cal_day_remove(bx_call *c)
{
    bx_cal_unit  u;
    entry        e;

    if (entry_edit(c, &u, &e) != BX_OK || queue_removal(c, &e) != BX_OK) {
        return BX_FAIL;
    }

    return finish(c, &u, &e, NULL, "remove", 204);
}

/* ---- POST calendar-days/paste */

/* What a line of the announcement would do: "new", "same" (it is there already) or "taken" (other days are in the way). */
static bx_rc
judge(bx_call *c, const entry *e, const char **verdict, const char **in_the_way)
{
    static const char  same[] = "SELECT COUNT(*) FROM calendar_day d WHERE d.unit_id = ? AND d.kind = ? AND d.day BETWEEN ? AND ?";
    bx_rows            rows;
    bx_value           from = bx_text(bx_date_text(c->arena, e->starts)), to = bx_text(bx_date_text(c->arena, e->ends));

    if (bx_query(c, &rows, same, BX_ARGS(bx_int(e->unit), bx_text(e->makeup ? "makeup" : "holiday"), from, to)) != BX_OK) {
        return BX_FAIL;
    }
    if (bx_cell_int(&rows, 0, 0) == e->ends - e->starts + 1) {
        *verdict = "same";
        return BX_OK;
    }
    if (bx_query(c, &rows, sql_taken, BX_ARGS(bx_int(e->unit), from, to, bx_int(0))) != BX_OK) {
        return BX_FAIL;
    }

    *verdict = rows.nrows > 0 ? "taken" : "new";
    *in_the_way = rows.nrows > 0 ? bx_cell_text(&rows, 0, 1) : NULL;
    return BX_OK;
}

static bx_rc
paste_entry(bx_call *c, const bx_cal_unit *u, const bx_holiday *h, bool apply, json_t *items, unsigned *n)
{
    const char  *verdict, *in_the_way = NULL;
    json_t      *item;
    entry        e = { .id = bx_id_new(), .unit = u->id, .version = 1, .makeup = h->makeup, .name = h->name, .starts = h->starts,
                       .ends = h->ends, .statutory = strcmp(u->level, "county") == 0 };

    if (judge(c, &e, &verdict, &in_the_way) != BX_OK) {
        return BX_FAIL;
    }
    if (apply && strcmp(verdict, "new") == 0) {
        if (check_entry(c, &e, "text", "text") != BX_OK || queue_days(c, &e) != BX_OK) {
            return BX_FAIL;
        }
        (*n)++;
    }

    item = entry_json(c, &e, u->name, "own");
    json_object_set_new(item, "line", json_integer(h->line));
    json_object_set_new(item, "verdict", json_string(verdict));
    json_object_set_new(item, "in_the_way", in_the_way != NULL ? json_string(in_the_way) : json_null());
    if (!apply || strcmp(verdict, "new") != 0) {
        json_object_set_new(item, "id", json_null());
    }
    json_array_append_new(items, item);
    return BX_OK;
}

static json_t *
faults_json(bx_call *c, const bx_holidays *list)
{
    json_t  *faults = json_array();

    for (size_t i = 0; i < list->nfaults; i++) {
        const bx_holiday_fault  *f = &list->faults[i];

        json_array_append_new(faults, json_pack("{s:i, s:s, s:s, s:s}", "line", f->line, "text", f->text, "reason", f->reason,
            "message", bx_tr(c->arena, c->lang, bx_sprintf(c->arena, "error.calendar.%s", f->reason), NULL)));
    }

    return faults;
}

bx_rc
bx_cal_days_paste(bx_call *c)
{
    bx_cal_unit   u;
    bx_holidays   list;
    json_t       *items = bx_own(c->arena, json_array()), *o;
    bool          apply = json_is_true(json_object_get(c->body, "apply"));
    int           year = (int) json_integer_value(json_object_get(c->body, "year"));
    unsigned      n = 0;

    if (bx_cal_unit_edit(c, bx_id_parse(bx_cal_text(c, "unit_id")), &u) != BX_OK) {
        return BX_FAIL;
    }
    if (bx_holidays_read(c->arena, bx_cal_text(c, "text"), year != 0 ? year : bx_civil_of(c->now).year, &list) != BX_OK) {
        return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
    }
    if (list.n == 0) {
        return bx_refuse(c, BX_E_INVALID, "text", list.nfaults > 0 ? bx_sprintf(c->arena, "calendar.%s", list.faults[0].reason)
                                                                   : "calendar.no_dates", NULL);
    }
    if (list.n > MAX_ENTRIES) {
        return bx_refuse(c, BX_E_INVALID, "text", "calendar.paste_long", json_pack("{s:i}", "max", MAX_ENTRIES));
    }
    if (apply && list.nfaults > 0) {
        return bx_refuse(c, BX_E_INVALID, "text", bx_sprintf(c->arena, "calendar.%s", list.faults[0].reason), NULL);
    }

    for (size_t i = 0; i < list.n; i++) {
        if (paste_entry(c, &u, &list.entries[i], apply, items, &n) != BX_OK) {
            return BX_FAIL;
        }
    }

    o = json_pack("{s:O, s:o, s:i, s:b}", "items", items, "faults", faults_json(c, &list), "added", (int) n, "applied", apply);
    if (bx_answer(c, 200, o) != BX_OK) {
        return BX_FAIL;
    }
    if (!apply || n == 0) {
        return BX_OK;
    }

    return bx_cal_bump(c, &u) == BX_OK
           ? bx_commit(c, bx_cal_chain(&u), "paste", "calendar-days", u.id, bx_own(c->arena, json_pack("{s:i}", "added", (int) n)))
           : BX_FAIL;
}
