/* calendar_view.c: what people look at: the year of a class drawn by the kind of its days, the timetable and where it comes from,
 * working days of an office; and setting a unit's timetable (the rules day.week, day.periods and day.bells together). */
#include "plugins/calendar.h"
#include "flow/classname.h"
#include "flow/rules.h"

#include <string.h>

#define MAX_WORKDAYS  62

/* ---- GET calendar/year */

/* Days in a row that are the same, as one; a school year begins on 1 August. */
static json_t *
runs_json(bx_call *c, const bx_calendar *cal, bx_date from, bx_date to)
{
    json_t       *runs = json_array();
    bx_date       first = from;

    for (bx_date d = from; d <= to; d++) {
        bx_day_kind  kind = bx_calendar_day(cal, d);
        const char  *name = bx_calendar_day_name(cal, d), *next = bx_calendar_day_name(cal, d + 1);
        bool         same = d < to && bx_calendar_day(cal, d + 1) == kind
                            && (name == next || (name != NULL && next != NULL && strcmp(name, next) == 0));

        if (!same) {
            json_array_append_new(runs, json_pack("{s:s, s:s, s:s, s:s?}", "from", bx_date_text(c->arena, first),
                                                  "to", bx_date_text(c->arena, d), "kind", bx_day_kind_name(kind), "name", name));
            first = d + 1;
        }
    }

    return runs;
}

static int
school_days(const bx_calendar *cal, bx_date from, bx_date to)
{
    int  n = 0;

    for (bx_date d = from; d <= to; d++) {
        n += bx_is_school_day(cal, d);
    }

    return n;
}

static json_t *
months_json(bx_call *c, const bx_calendar *cal, int year)
{
    json_t  *months = json_array();

    for (int i = 0; i < 12; i++) {
        int      y = year + (i + 7) / 12, m = (i + 7) % 12 + 1;
        bx_date  first = bx_date_make(y, m, 1), next = bx_date_make(m == 12 ? y + 1 : y, m == 12 ? 1 : m + 1, 1);

        json_array_append_new(months, json_pack("{s:s, s:i, s:i}", "month", bx_sprintf(c->arena, "%04d-%02d", y, m), "days",
                                                (int) (next - first), "school_days", school_days(cal, first, next - 1)));
    }

    return months;
}

static json_t *
terms_json(bx_call *c, const bx_calendar *cal, bx_date from, bx_date to)
{
    json_t   *terms = json_array();
    bx_date   starts, ends;

    for (bx_date d = from; d <= to; d++) {
        if (bx_calendar_term(cal, d, &starts, &ends)) {
            json_array_append_new(terms, json_pack("{s:s, s:s, s:i}", "starts_on", bx_date_text(c->arena, starts),
                                                   "ends_on", bx_date_text(c->arena, ends),
                                                   "school_days", school_days(cal, starts, ends)));
            d = ends;
        }
    }

    return terms;
}

bx_rc
bx_cal_year(bx_call *c)
{
    const char         *text = bx_call_query_arg(c, "unit_id");
    const bx_calendar  *cal;
    bx_cal_unit         u;
    bx_date             from, to;
    int                 year;

    if (text == NULL) {
        return bx_refuse(c, BX_E_INVALID, "unit_id", "required", NULL);
    }
    if (bx_cal_unit_asked(c, &u) != BX_OK || bx_cal_year_asked(c, &year) != BX_OK) {
        return BX_FAIL;
    }

    from = bx_date_make(year, 8, 1);
    to = bx_date_make(year + 1, 7, 31);
    /* of any unit: a class has its closures too */
    if (bx_calendar_load(c, u.id, from, to, &cal) != BX_OK) {
        return BX_FAIL;
    }

    return bx_answer(c, 200, json_pack("{s:o, s:b, s:i, s:o, s:o, s:o}", "unit", bx_cal_unit_json(c, &u), "editable", u.editable,
                                       "school_year", year, "terms", terms_json(c, cal, from, to),
                                       "months", months_json(c, cal, year), "runs", runs_json(c, cal, from, to)));
}

/* ---- GET timetable */

static const char *const  keys[] = { "day.week", "day.periods", "day.bells" };
static const char *const  names[] = { "week", "periods", "bells" };

#define NKEYS  3

static json_t *
clock_json(int minutes)
{
    return json_sprintf("%02d:%02d", minutes / 60, minutes % 60);
}

static json_t *
table_json(const bx_timetable *t)
{
    json_t  *days = json_array();

    for (int d = 0; d < 7; d++) {
        const bx_bells  *b = &t->days[d];
        bool             school = (t->week & (1u << d)) != 0;
        json_t          *periods = json_array();

        for (int i = 0; school && i < b->am + b->pm; i++) {
            json_array_append_new(periods, json_pack("[o, o]", clock_json(b->begins[i]), clock_json(b->ends[i])));
        }
        json_array_append_new(days, json_pack("{s:i, s:i, s:i, s:o}", "weekday", d + 1, "am", school ? b->am : 0,
                                              "pm", school ? b->pm : 0, "periods", periods));
    }

    return days;
}

/* Units below that have a timetable of their own. */
static bx_rc
others_json(bx_call *c, const bx_cal_unit *u, json_t **out)
{
    static const char  sql[] = "SELECT DISTINCT u.id, u.name, u.stage, u.entry_year, u.class_no FROM rule_override o"
                               " JOIN org_unit u ON u.id = o.unit_id WHERE o.rule LIKE 'day.%' AND u.path LIKE CONCAT(?, '%')"
                               " AND u.id <> ? ORDER BY u.path LIMIT 200";
    bx_rows            rows;

    if (bx_query(c, &rows, sql, BX_ARGS(bx_text(u->path), bx_int(u->id))) != BX_OK) {
        return BX_FAIL;
    }

    *out = json_array();
    for (size_t i = 0; i < rows.nrows; i++) {
        json_array_append_new(*out, json_pack("{s:o, s:s}", "unit_id", bx_id_json(bx_cell_int(&rows, i, 0)),
                                              "unit_name", bx_cal_unit_name(c, &rows, i, 1)));
    }
    return BX_OK;
}

static bx_rc
origin_json(bx_call *c, bx_id unit, json_t **out)
{
    static const char  sql[] = "SELECT u.name, u.stage, u.entry_year, u.class_no FROM org_unit u WHERE u.id = ?";
    bx_rows            rows;

    *out = json_null();
    if (unit == 0) {
        return BX_OK;
    }
    if (bx_query(c, &rows, sql, BX_ARGS(bx_int(unit))) != BX_OK) {
        return BX_FAIL;
    }
    if (rows.nrows > 0) {
        *out = json_pack("{s:o, s:s}", "unit_id", bx_id_json(unit), "unit_name", bx_cal_unit_name(c, &rows, 0, 0));
    }

    return BX_OK;
}

bx_rc
bx_cal_timetable(bx_call *c)
{
    const char    *values[NKEYS];
    bx_timetable   table;
    bx_cal_unit    u;
    json_t        *o, *others;

    if (bx_cal_unit_asked(c, &u) != BX_OK || others_json(c, &u, &others) != BX_OK) {
        return BX_FAIL;
    }

    o = bx_own(c->arena, json_pack("{s:o, s:b, s:I, s:o}", "unit", bx_cal_unit_json(c, &u), "editable", u.editable,
                                   "version", (json_int_t) u.version, "below", others));
    for (size_t i = 0; i < NKEYS; i++) {
        bx_rule_value  v;
        json_t        *origin;

        if (bx_rule_effective(c, bx_rule_find(keys[i]), u.id, &v) != BX_OK || origin_json(c, v.origin, &origin) != BX_OK) {
            return BX_FAIL;
        }
        values[i] = v.text;
        json_object_set_new(o, names[i], json_pack("{s:s, s:o, s:b}", "value", v.text, "origin", origin, "own", v.origin == u.id));
    }

    /* overrides of different units may not fit together: then the defaults hold (calendar_load.c) */
    if (!bx_timetable_read(values[0], values[1], values[2], &table)) {
        bx_timetable_read(BX_WEEK_DEFAULT, BX_PERIODS_DEFAULT, BX_BELLS_DEFAULT, &table);
        json_object_set_new(o, "misfit", json_true());
    }
    json_object_set_new(o, "days", table_json(&table));
    return bx_answer(c, 200, json_incref(o));
}

/* ---- POST timetable */

static bx_rc
check_texts(bx_call *c, const char *const values[NKEYS])
{
    static bool (*const  ok[])(const char *text) = { bx_week_text_ok, bx_periods_text_ok, bx_bells_text_ok };
    bx_timetable         table;
    bx_rc                rc = BX_OK;

    for (size_t i = 0; i < NKEYS; i++) {
        if (!ok[i](values[i])) {
            rc = bx_refuse(c, BX_E_INVALID, names[i], bx_sprintf(c->arena, "calendar.%s_text", names[i]), NULL);
        }
    }
    if (rc != BX_OK) {
        return BX_FAIL;
    }

    if (!bx_timetable_read(values[0], values[1], values[2], &table)) {
        return bx_refuse(c, BX_E_INVALID, "periods", "rule.no_school_day", NULL);
    }
    return table.short_of_bells ? bx_refuse(c, BX_E_INVALID, "bells", "rule.short_of_bells", NULL) : BX_OK;
}

/* What is left out or null is as the units above have it: the own value goes. */
static bx_rc
queue_values(bx_call *c, const bx_cal_unit *u, const char *const given[NKEYS], const char *reason)
{
    for (size_t i = 0; i < NKEYS; i++) {
        if (bx_rule_write(c, keys[i], u->id, given[i], reason) != BX_OK) {
            return BX_FAIL;
        }
    }

    return BX_OK;
}

bx_rc
bx_cal_timetable_set(bx_call *c)
{
    const char   *given[NKEYS], *values[NKEYS];
    const bx_id  *path;
    size_t        depth;
    bx_date       today = bx_date_of(c->now);
    bx_cal_unit   u;
    json_t       *changes = bx_own(c->arena, json_object());

    if (bx_cal_unit_edit(c, bx_id_parse(bx_cal_text(c, "unit_id")), &u) != BX_OK || bx_version_check(c, u.version) != BX_OK
        || bx_unit_path(c, u.id, &path, &depth) != BX_OK)
    {
        return BX_FAIL;
    }

    for (size_t i = 0; i < NKEYS; i++) {
        const bx_rule  *rule = bx_rule_find(keys[i]);
        bx_rule_value   now, above;

        given[i] = bx_cal_text(c, names[i]);
        if (bx_rule_effective(c, rule, u.id, &now) != BX_OK
            || bx_rule_effective(c, rule, depth > 1 ? path[depth - 2] : 0, &above) != BX_OK)
        {
            return BX_FAIL;
        }
        values[i] = given[i] != NULL ? given[i] : above.text;
        if (strcmp(values[i], now.text) != 0) {
            json_object_set_new(changes, keys[i], json_pack("[s, s]", now.text, values[i]));
        }
    }
    json_object_set_new(changes, "reason", json_string(bx_cal_text(c, "reason")));

    if (check_texts(c, values) != BX_OK || queue_values(c, &u, given, bx_cal_text(c, "reason")) != BX_OK || bx_cal_bump(c, &u) != BX_OK
        || bx_calendar_changed(c, u.id, today, today + 366) != BX_OK
        || bx_answer(c, 200, json_pack("{s:o, s:I, s:s, s:s, s:s}", "unit", bx_cal_unit_json(c, &u), "version",
                                       (json_int_t) u.version + 1, "week", values[0], "periods", values[1], "bells", values[2])) != BX_OK)
    {
        return BX_FAIL;
    }

    return bx_commit(c, bx_cal_chain(&u), "timetable", "rules", u.id, changes);
}

/* ---- GET workdays */

/* Working days of the office of a unit, from … to. */
bx_rc
bx_cal_workdays(bx_call *c)
{
    const char         *from_text = bx_call_query_arg(c, "from"), *to_text = bx_call_query_arg(c, "to");
    bx_date             today = bx_date_of(c->now), from = from_text == NULL ? today : bx_date_parse(from_text), to;
    const bx_workdays  *w;
    bx_cal_unit         u;
    json_t             *days;

    if (bx_cal_unit_asked(c, &u) != BX_OK) {
        return BX_FAIL;
    }
    if (from == BX_NO_DATE) {
        return bx_refuse(c, BX_E_INVALID, "from", "not_date", NULL);
    }
    to = to_text == NULL ? from + 13 : bx_date_parse(to_text);
    if (to == BX_NO_DATE) {
        return bx_refuse(c, BX_E_INVALID, "to", "not_date", NULL);
    }
    if (to < from) {
        return bx_refuse(c, BX_E_INVALID, "to", "calendar.backwards", NULL);
    }
    if (to - from >= MAX_WORKDAYS) {
        return bx_refuse(c, BX_E_INVALID, "to", "calendar.too_long", json_pack("{s:i}", "max", MAX_WORKDAYS));
    }
    if (bx_workdays_load(c, u.id, from, to, &w) != BX_OK) {
        return BX_FAIL;
    }

    days = json_array();
    for (bx_date d = from; d <= to; d++) {
        json_array_append_new(days, json_pack("{s:s, s:b}", "date", bx_date_text(c->arena, d), "working", bx_is_workday(w, d)));
    }
    return bx_answer(c, 200, json_pack("{s:o, s:i, s:o}", "unit", bx_cal_unit_json(c, &u), "working_days",
                                       bx_workdays_between(w, from - 1, to), "days", days));
}
