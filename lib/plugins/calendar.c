/*
 * calendar.c: the school calendar as people set it up: terms, holidays and make-up days, closures, timetables.
 *
 * Owns the plugin's tables, and who may change which unit's calendar. Terms and days hold for a unit and what lies under it,
 * the nearest unit wins; a closure names its classes. Does not own what a day is (lib/flow/calendar.c), nor what a workflow
 * does when days change (lib/flow/calendar_change.c tells it).
 */
#include "plugins/calendar.h"
#include "flow/classname.h"

#include <stdlib.h>
#include <string.h>

const char *
bx_cal_unit_name(bx_call *c, const bx_rows *rows, size_t i, size_t first)
{
    const char  *stage = bx_cell_text(rows, i, first + 1);

    if (stage == NULL || bx_cell(rows, i, first + 3)->kind == BX_V_NULL) {
        return bx_cell_text(rows, i, first);
    }

    return bx_class_label(c->arena, c->lang, stage, (int) bx_cell_int(rows, i, first + 2), (int) bx_cell_int(rows, i, first + 3),
                          bx_date_of(c->now));
}

/* ---- units */

static const char sql_unit[] =
    "SELECT u.id, u.school_id, u.township_id, u.level, u.path, u.name, u.stage, u.entry_year, u.class_no,"
    " COALESCE((SELECT k.version FROM unit_calendar k WHERE k.unit_id = u.id), 0) AS version"
    " FROM org_unit u WHERE u.id = ? AND ";

static bx_rc
unit_read(bx_call *c, bx_id id, const char *capability, bx_cal_unit *out)
{
    bx_buf    sql;
    bx_rows   rows;
    bx_value  args[48] = { bx_int(id) };
    size_t    nargs = 1;

    *out = (bx_cal_unit) { 0 };
    bx_buf_init(&sql, c->arena);
    bx_buf_str(&sql, sql_unit);

    if (bx_scope_where(c, BX_SCOPE_UNIT, "u", capability, &sql, args, &nargs, 48) != BX_OK) {
        return BX_FAIL;
    }
    if (sql.failed) {
        return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
    }
    if (bx_query(c, &rows, sql.data, args, nargs) != BX_OK) {
        return BX_FAIL;
    }

    if (rows.nrows == 1) {
        *out = (bx_cal_unit) {
            .id = id, .school = bx_cell_int(&rows, 0, 1), .township = bx_cell_int(&rows, 0, 2), .level = bx_cell_text(&rows, 0, 3),
            .path = bx_cell_text(&rows, 0, 4), .name = bx_cal_unit_name(c, &rows, 0, 5), .version = bx_cell_int(&rows, 0, 9)
        };
    }
    return BX_OK;
}

bx_rc
bx_cal_unit_asked(bx_call *c, bx_cal_unit *out)
{
    const char  *text = bx_call_query_arg(c, "unit_id");
    bx_id        id = text != NULL ? bx_id_parse(text) : c->who != NULL && c->who->ngrants > 0 ? c->who->grants[0].unit : 0;
    bx_cal_unit  edit;

    if (text != NULL && id == 0) {
        return bx_refuse(c, BX_E_INVALID, "unit_id", "filter", NULL);
    }
    if (unit_read(c, id, "calendar.read", out) != BX_OK) {
        return BX_FAIL;
    }
    if (out->id == 0) {
        return bx_refuse(c, BX_E_NOT_FOUND, NULL, NULL, NULL);
    }
    if (bx_call_can(c, "calendar.edit")) {
        if (unit_read(c, id, "calendar.edit", &edit) != BX_OK) {
            return BX_FAIL;
        }
        out->editable = edit.id != 0;
    }

    return BX_OK;
}

bx_rc
bx_cal_unit_edit(bx_call *c, bx_id id, bx_cal_unit *out)
{
    if (unit_read(c, id, "calendar.edit", out) != BX_OK) {
        return BX_FAIL;
    }
    if (out->id != 0) {
        out->editable = true;
        return BX_OK;
    }
    if (unit_read(c, id, "calendar.read", out) != BX_OK) {
        return BX_FAIL;
    }

    return bx_refuse(c, out->id != 0 ? BX_E_FORBIDDEN : BX_E_NOT_FOUND, NULL, NULL, NULL);
}

json_t *
bx_cal_unit_json(bx_call *c, const bx_cal_unit *u)
{
    (void) c;
    return json_pack("{s:o, s:s, s:s, s:o}", "id", bx_id_json(u->id), "name", u->name, "level", u->level,
                     "school_id", bx_id_json(u->school));
}

bx_id
bx_cal_chain(const bx_cal_unit *u)
{
    return u->school != 0 ? u->school : u->id;
}

bx_rc
bx_cal_bump(bx_call *c, const bx_cal_unit *u)
{
    if (u->version == 0) {
        return bx_queue(c, 1, "INSERT INTO unit_calendar (unit_id, version) VALUES (?, 1)", BX_ARGS(bx_int(u->id)));
    }

    return bx_queue(c, 1, "UPDATE unit_calendar SET version = version + 1 WHERE unit_id = ? AND version = ?",
                    BX_ARGS(bx_int(u->id), bx_int(u->version)));
}

const char *
bx_cal_place(const bx_cal_unit *u, bx_id id, const char *path)
{
    return id == u->id ? "own" : strncmp(path, u->path, strlen(u->path)) == 0 ? "below" : "above";
}

/* ---- bodies and queries */

bx_date
bx_cal_date(const bx_call *c, const char *name)
{
    const char  *s = json_string_value(json_object_get(c->body, name));

    return s == NULL ? BX_NO_DATE : bx_date_parse(s);
}

const char *
bx_cal_text(bx_call *c, const char *name)
{
    const char  *s = json_string_value(json_object_get(c->body, name));

    return s == NULL ? NULL : bx_trim(c->arena, s);
}

bx_rc
bx_cal_year_asked(bx_call *c, int *year)
{
    const char  *s = bx_call_query_arg(c, "school_year");
    char        *end;

    *year = bx_school_year(bx_date_of(c->now));
    if (s == NULL || *s == '\0') {
        return BX_OK;
    }

    *year = (int) strtol(s, &end, 10);
    return *end == '\0' && *year >= 1990 && *year <= 2190 ? BX_OK : bx_refuse(c, BX_E_INVALID, "school_year", "filter", NULL);
}

json_t *
bx_cal_span_params(bx_call *c, bx_date from, bx_date to)
{
    return json_pack("{s:s, s:s}", "from", bx_date_text(c->arena, from), "to", bx_date_text(c->arena, to));
}

/* ---- tables */

#define ID_TEXT  "[1-9][0-9]{0,18}"

static const bx_code day_kinds[] = { { "holiday" }, { "makeup" }, { NULL } };
static const bx_code closure_kinds[] = { { "weather" }, { "infection" }, { "examination" }, { "other" }, { NULL } };

static const bx_code_list codes[] = {
    { "calendar_day_kind", day_kinds }, { "closure_kind", closure_kinds }, { NULL, NULL }
};

static const bx_field term_fields[] = {
    { "unit_id",   BX_TEXT, BX_REQUIRED, 1, 19, NULL, ID_TEXT, NULL, NULL },
    { "number",    BX_INT,  BX_REQUIRED, 1,  2, NULL, NULL, NULL, NULL },
    { "starts_on", BX_DATE, BX_REQUIRED, 0,  0, NULL, NULL, NULL, NULL },
    { "ends_on",   BX_DATE, BX_REQUIRED, 0,  0, NULL, NULL, NULL, NULL },
    { NULL }
};

static const bx_field term_change_fields[] = {
    { "starts_on", BX_DATE, BX_REQUIRED, 0,  0, NULL, NULL, NULL, NULL },
    { "ends_on",   BX_DATE, BX_REQUIRED, 0,  0, NULL, NULL, NULL, NULL },
    { NULL }
};

static const bx_field day_fields[] = {
    { "unit_id",   BX_TEXT, BX_REQUIRED, 1, 19, NULL, ID_TEXT, NULL, NULL },
    { "kind",      BX_CODE, BX_REQUIRED, 0,  0, "calendar_day_kind", NULL, NULL, NULL },
    { "name",      BX_TEXT, BX_REQUIRED, 1, 60, NULL, NULL, NULL, NULL },
    { "starts_on", BX_DATE, BX_REQUIRED, 0,  0, NULL, NULL, NULL, NULL },
    { "ends_on",   BX_DATE, BX_REQUIRED, 0,  0, NULL, NULL, NULL, NULL },
    { "statutory", BX_BOOL, 0,           0,  0, NULL, NULL, NULL, NULL },
    { NULL }
};

static const bx_field day_change_fields[] = {
    { "name",      BX_TEXT, BX_REQUIRED, 1, 60, NULL, NULL, NULL, NULL },
    { "starts_on", BX_DATE, BX_REQUIRED, 0,  0, NULL, NULL, NULL, NULL },
    { "ends_on",   BX_DATE, BX_REQUIRED, 0,  0, NULL, NULL, NULL, NULL },
    { "statutory", BX_BOOL, 0,           0,  0, NULL, NULL, NULL, NULL },
    { NULL }
};

static const bx_field paste_fields[] = {
    { "unit_id",   BX_TEXT, BX_REQUIRED, 1,   19, NULL, ID_TEXT, NULL, NULL },
    { "text",      BX_TEXT, BX_REQUIRED, 1, 8000, NULL, NULL, NULL, NULL },
    { "year",      BX_INT,  0,        1990, 2190, NULL, NULL, NULL, NULL },
    { "apply",     BX_BOOL, 0,           0,    0, NULL, NULL, NULL, NULL },
    { NULL }
};

static const bx_field timetable_fields[] = {
    { "unit_id",   BX_TEXT, BX_REQUIRED, 1,  19, NULL, ID_TEXT, NULL, NULL },
    { "week",      BX_TEXT, 0,           1,  20, NULL, NULL, NULL, NULL },
    { "periods",   BX_TEXT, 0,           1,  60, NULL, NULL, NULL, NULL },
    { "bells",     BX_TEXT, 0,           1, 255, NULL, NULL, NULL, NULL },
    { "reason",    BX_TEXT, BX_REQUIRED, 2, 200, NULL, NULL, NULL, NULL },
    { NULL }
};

static const bx_field closure_fields[] = {
    { "kind",        BX_CODE, BX_IN_LIST | BX_FILTER,      0,   0, "closure_kind", NULL, NULL, NULL },
    { "reason",      BX_TEXT, BX_IN_LIST,                  2, 100, NULL, NULL, NULL, NULL },
    { "starts_on",   BX_DATE, BX_IN_LIST,                  0,   0, NULL, NULL, NULL, NULL },
    { "ends_on",     BX_DATE, BX_IN_LIST,                  0,   0, NULL, NULL, NULL, NULL },
    { "class_count", BX_INT,  BX_IN_LIST | BX_BY_HOOK,     0,   0, NULL, NULL, NULL, NULL },
    { NULL }
};

static const bx_field end_fields[] = {
    { "ends_on", BX_DATE, BX_REQUIRED, 0,   0, NULL, NULL, NULL, NULL },
    { "comment", BX_TEXT, 0,           0, 200, NULL, NULL, NULL, NULL },
    { NULL }
};

static const bx_field cancel_fields[] = {
    { "comment", BX_TEXT, BX_REQUIRED, 2, 200, NULL, NULL, NULL, NULL },
    { NULL }
};

static const bx_state closure_states[] = {
    { "ordered",   0,           "wait" },
    { "cancelled", BX_TERMINAL, "none" },
    { NULL, 0, NULL }
};

static const bx_transition closure_moves[] = {
    { "order",  BX_NEW,    "ordered",   NULL,            NULL, NULL,          NULL,                  BX_BY_JOB, NULL },    /* POST closures */
    { "end",    "ordered", "ordered",   "calendar.edit", NULL, end_fields,    bx_cal_closure_end,    0, NULL },
    { "cancel", "ordered", "cancelled", "calendar.edit", NULL, cancel_fields, bx_cal_closure_cancel, BX_MAKES_RELEASE, NULL },
    { NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL }
};

static const bx_view closure_views[] = {
    { "coming", "t.state = 'ordered' AND t.ends_on >= :today", NULL },
    { "over",   "t.state = 'ordered' AND t.ends_on < :today", NULL },
    { NULL, NULL, NULL }
};

static const bx_record_def records[] = {
    { .name = "closures", .table = "closure_notice", .scope = BX_SCOPE_SCHOOL, .fields = closure_fields, .states = closure_states,
      .transitions = closure_moves, .views = closure_views, .read = "calendar.read", .decorate = bx_cal_closure_decorate },
    { .name = NULL }
};

static const bx_route routes[] = {
    { "GET",    "terms",                "calendar.read", bx_cal_terms_list,  0, NULL, "terms as they concern a unit" },
    { "POST",   "terms",                "calendar.edit", bx_cal_term_create, 0, term_fields, "a unit's own term" },
    { "PATCH",  "terms/{id}",           "calendar.edit", bx_cal_term_change, 0, term_change_fields, "other dates of a term" },
    { "DELETE", "terms/{id}",           "calendar.edit", bx_cal_term_remove, 0, NULL, "a term away again" },
    { "GET",    "calendar-days",        "calendar.read", bx_cal_days_list,   0, NULL, "holidays and make-up days as they concern a unit" },
    { "POST",   "calendar-days",        "calendar.edit", bx_cal_day_create,  0, day_fields, "a holiday, or make-up days" },
    { "POST",   "calendar-days/paste",  "calendar.edit", bx_cal_days_paste,  0, paste_fields,
      "the arrangement of a year's holidays as it was announced: first what it says, then with apply: true" },
    { "PATCH",  "calendar-days/{id}",   "calendar.edit", bx_cal_day_change,  0, day_change_fields, "other dates or another name" },
    { "DELETE", "calendar-days/{id}",   "calendar.edit", bx_cal_day_remove,  0, NULL, "ordinary days again" },
    { "POST",   "closures",             "calendar.edit", bx_cal_closure_create, 0, NULL, "classes that are closed for some days" },
    { "GET",    "calendar/year",        "calendar.read", bx_cal_year,        0, NULL, "the days of a school year of a class by kind" },
    { "GET",    "timetable",            "calendar.read", bx_cal_timetable,   0, NULL, "week, periods and bells of a unit, and where they come from" },
    { "POST",   "timetable",            "calendar.edit", bx_cal_timetable_set, 0, timetable_fields, "a unit's own week, periods and bells" },
    { "GET",    "workdays",             "calendar.read", bx_cal_workdays,    0, NULL, "working days of an office" },
    { NULL, NULL, NULL, NULL, 0, NULL, NULL }
};

static const bx_grant grants[] = {
    { "admin",     "calendar.read calendar.edit" },
    { "county",    "calendar.edit" },
    { "principal", "calendar.edit" },
    { "vice",      "calendar.edit" },
    { "office",    "calendar.edit" },
    { NULL, NULL }
};

static const bx_menu menu[] = {
    { "calendar", "#/calendar", "cal", "calendar.edit" },
    { NULL, NULL, NULL, NULL }
};

const bx_plugin bx_plugin_calendar = {
    .abi = BX_PLUGIN_ABI, .name = "calendar", .records = records, .routes = routes, .codes = codes, .grants = grants, .menu = menu
};

const bx_record_def *const bx_closure_record = &records[0];
