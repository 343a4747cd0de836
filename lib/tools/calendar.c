/* calendar.c: terms, holidays and make-up days from the command line. */

#include "flow/calendar.h"
#include "flow/classname.h"
#include "tools/tools.h"

#include <inttypes.h>
#include <string.h>


/* The unit of --unit, else the root: what holds for the county need not be said for each school. */
static bool
unit_or_root(ctl *x, ctl_unit *out)
{
    json_t      *roots;
    const char  *text = ctl_get(x, "--unit"), *id;

    if (text != NULL) {
        return ctl_unit_find(x, text, out);
    }

    roots = bx_own(x->arena, ctl_query(x, "SELECT id FROM org_unit WHERE parent_id IS NULL", BX_NO_ARGS));
    id = json_string_value(json_object_get(json_array_get(roots, 0), "id"));
    if (id == NULL) {
        ctl_fail(x, "there is no county yet: baoxuectl unit add county NAME --code DIGITS");
        return false;
    }

    return ctl_unit_find(x, id, out);
}


/* Whose audit chain a unit's change goes to: the school's, or the unit itself above schools. */
static bx_id
chain_of(const ctl_unit *unit)
{
    return unit->school != 0 ? unit->school : unit->id;
}


/* ---- terms */

static const char sql_term_set[] =
    "INSERT INTO term (id, unit_id, school_year, number, starts_on, ends_on, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)"
    " ON DUPLICATE KEY UPDATE version = version + 1, starts_on = VALUES(starts_on), ends_on = VALUES(ends_on),"
    " updated_at = VALUES(created_at)";

static const char sql_term_overlap[] =
    "SELECT school_year, number FROM term WHERE unit_id = ? AND NOT (school_year = ? AND number = ?)"
    " AND starts_on <= ? AND ends_on >= ? LIMIT 1";

static int
term_add(ctl *x)
{
    ctl_unit     unit;
    bx_date      starts, ends;
    bx_rows      rows;
    bx_value     from, to;
    int          number = x->operands[0][0] - '0', year;

    if ((number != 1 && number != 2) || x->operands[0][1] != '\0') {
        return ctl_fail(x, "a term is 1 (autumn) or 2 (spring)");
    }
    if (!ctl_date(x, x->operands[1], &starts) || !ctl_date(x, x->operands[2], &ends) || !unit_or_root(x, &unit)) {
        return CTL_FAILED;
    }
    if (ends <= starts || ends - starts > 250) {
        return ctl_fail(x, "a term begins before it ends and lasts at most 250 days");
    }

    year = bx_school_year(starts);
    if (bx_school_year(ends) != year) {
        return ctl_fail(x, "the term lies in two school years");
    }
    from = bx_text(bx_date_text(x->arena, starts));
    to = bx_text(bx_date_text(x->arena, ends));

    if (bx_query(x->call, &rows, sql_term_overlap,
                 BX_ARGS(bx_int(unit.id), bx_int(year), bx_int(number), to, from)) != BX_OK)
    {
        return ctl_refused(x);
    }
    if (rows.nrows > 0) {
        return ctl_fail(x, "it overlaps term %" PRId64 " of %" PRId64, bx_cell_int(&rows, 0, 1), bx_cell_int(&rows, 0, 0));
    }
    if (bx_queue(x->call, -1, sql_term_set,
                 BX_ARGS(bx_int(bx_id_new()), bx_int(unit.id), bx_int(year), bx_int(number), from, to,
                         bx_text(bx_time_sql(x->arena, bx_call_now(x->call))))) != BX_OK
        || bx_calendar_changed(x->call, unit.id, bx_date_make(year, 8, 1), bx_date_make(year + 1, 7, 31)) != BX_OK
        || bx_commit(x->call, chain_of(&unit), "set", "terms", unit.id,
                     bx_own(x->arena, json_pack("{s:i, s:i, s:s, s:s}", "school_year", year, "number", number,
                                                "starts_on", from.s, "ends_on", to.s))) != BX_OK)
    {
        return ctl_refused(x);
    }

    return ctl_done(x, json_pack("{s:i, s:i, s:s, s:s}", "school_year", year, "number", number, "starts_on", from.s,
                                 "ends_on", to.s),
                    "term %d of %d-%d: %s to %s for \"%s\"", number, year, year + 1, from.s, to.s, unit.name);
}


static const char sql_term_list[] =
    "SELECT t.school_year AS school_year, t.number AS term, DATE_FORMAT(t.starts_on, '%Y-%m-%d') AS starts_on,"
    " DATE_FORMAT(t.ends_on, '%Y-%m-%d') AS ends_on, u.name AS unit, u.code AS code"
    " FROM term t JOIN org_unit u ON u.id = t.unit_id ORDER BY t.starts_on, u.path";

static int
term_list(ctl *x)
{
    return ctl_list(x, ctl_query(x, sql_term_list, BX_NO_ARGS), "school_year term starts_on ends_on code unit");
}


/* ---- holidays and make-up days */

#define MAX_DAYS  60

static const char sql_day_set[] =
    "INSERT INTO calendar_day (unit_id, day, kind, name, entry_id, statutory, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)"
    " ON DUPLICATE KEY UPDATE kind = VALUES(kind), name = VALUES(name), entry_id = VALUES(entry_id),"
    " statutory = VALUES(statutory), version = 1";

static int
days_add(ctl *x, const char *kind)
{
    ctl_unit     unit;
    bx_date      from, to;
    bx_id        entry = bx_id_new();
    const char  *name = x->operands[x->noperands - 1];

    if (!ctl_date(x, x->operands[0], &from)) {
        return CTL_FAILED;
    }
    to = from;
    if ((x->noperands == 3 && !ctl_date(x, x->operands[1], &to)) || !unit_or_root(x, &unit)) {
        return CTL_FAILED;
    }
    if (to < from || to - from >= MAX_DAYS) {
        return ctl_fail(x, "the last day is not before the first, and at most %d days later", MAX_DAYS - 1);
    }

    for (bx_date d = from; d <= to; d++) {
        if (bx_queue(x->call, -1, sql_day_set,
                     BX_ARGS(bx_int(unit.id), bx_text(bx_date_text(x->arena, d)), bx_text(kind), bx_text(name), bx_int(entry),
                             bx_int(strcmp(unit.level, "county") == 0), bx_text(bx_time_sql(x->arena, bx_call_now(x->call))))) != BX_OK)
        {
            return ctl_refused(x);
        }
    }
    if (bx_calendar_changed(x->call, unit.id, from, to) != BX_OK
        || bx_commit(x->call, chain_of(&unit), "set", "calendar-days", unit.id,
                  bx_own(x->arena, json_pack("{s:s, s:s, s:s, s:s}", "kind", kind, "from", bx_date_text(x->arena, from),
                                             "to", bx_date_text(x->arena, to), "name", name))) != BX_OK)
    {
        return ctl_refused(x);
    }

    return ctl_done(x, json_pack("{s:s, s:i}", "kind", kind, "days", to - from + 1), "%d %s for \"%s\"", to - from + 1,
                    strcmp(kind, "holiday") == 0 ? "holidays" : "make-up days", unit.name);
}


static int
holiday_add(ctl *x)
{
    return days_add(x, "holiday");
}


static int
makeup_add(ctl *x)
{
    return days_add(x, "makeup");
}


static int
day_remove(ctl *x)
{
    ctl_unit  unit;
    bx_date   day;
    bx_rows   rows;
    bx_value  text;

    if (!ctl_date(x, x->operands[0], &day) || !unit_or_root(x, &unit)) {
        return CTL_FAILED;
    }

    text = bx_text(bx_date_text(x->arena, day));
    if (bx_query(x->call, &rows, "SELECT kind FROM calendar_day WHERE unit_id = ? AND day = ?",
                 BX_ARGS(bx_int(unit.id), text)) != BX_OK)
    {
        return ctl_refused(x);
    }
    if (rows.nrows == 0) {
        return ctl_fail(x, "%s is neither a holiday nor a make-up day of \"%s\" itself", text.s, unit.name);
    }
    if (bx_queue(x->call, 1, "DELETE FROM calendar_day WHERE unit_id = ? AND day = ?",
                 BX_ARGS(bx_int(unit.id), text)) != BX_OK
        || bx_calendar_changed(x->call, unit.id, day, day) != BX_OK
        || bx_commit(x->call, chain_of(&unit), "remove", "calendar-days", unit.id,
                     bx_own(x->arena, json_pack("{s:s}", "day", text.s))) != BX_OK)
    {
        return ctl_refused(x);
    }

    return ctl_done(x, json_pack("{s:s}", "removed", text.s), "%s is an ordinary day again", text.s);
}


static const char sql_day_list[] =
    "SELECT DATE_FORMAT(d.day, '%Y-%m-%d') AS day, d.kind AS kind, d.name AS name, u.name AS unit, u.code AS code"
    " FROM calendar_day d JOIN org_unit u ON u.id = d.unit_id ORDER BY d.day, u.path";

static int
day_list(ctl *x)
{
    return ctl_list(x, ctl_query(x, sql_day_list, BX_NO_ARGS), "day kind name code unit");
}


static const ctl_option unit_options[] = {
    { "--unit", "CODE", "only for this unit and what lies under it (the county)" },
    { NULL, NULL, NULL }
};

const ctl_command ctl_calendar_commands[] = {
    { "term add", "1|2 FIRST-DAY LAST-DAY", 3, 3, CTL_CALL, unit_options, term_add, "set a term's dates" },
    { "term list", "", 0, 0, CTL_CALL, NULL, term_list, "list terms" },
    { "holiday add", "FIRST-DAY [LAST-DAY] NAME", 2, 3, CTL_CALL, unit_options, holiday_add, "set days without school" },
    { "makeup add", "DAY [LAST-DAY] NAME", 2, 3, CTL_CALL, unit_options, makeup_add, "set weekend days with school" },
    { "day remove", "DAY", 1, 1, CTL_CALL, unit_options, day_remove, "make a holiday or make-up day ordinary again" },
    { "day list", "", 0, 0, CTL_CALL, NULL, day_list, "list holidays and make-up days" },
    { NULL, NULL, 0, 0, 0, NULL, NULL, NULL }
};
