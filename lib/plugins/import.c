/*
 * import.c: rosters from schools, and the slips with which guardians sign in first.
 *
 * Owns the routes and the record of an import: its states, and those moves of them that persons make; what a roster means
 * and who works on it is lib/flow/roster.h. A slip is a secret of one family:
 * whoever reads slips is in the audit chain.
 */
#include "flow/flow.h"
#include "flow/roster.h"
#include "plugins/import_rejected.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define MAX_SCOPE_ARGS  48
#define MAX_FILENAME    200
#define MAX_MAPPING     2000
#define ROWS_DEFAULT    40
#define ROWS_MAX        200

/* Children who are not at the school any more (JY/T 1001 XSDQZT): left, graduated, completed, transferred, dead, dismissed. */
#define AT_SCHOOL  "s.status NOT IN ('03', '07', '08', '09', '10', '11', '14')"


static const bx_field import_fields[] = {
    { "filename",        BX_TEXT, BX_IN_LIST | BX_BY_HOOK, 1, MAX_FILENAME, NULL, NULL, NULL, NULL },
    { "row_count",       BX_INT,  BX_IN_LIST | BX_BY_HOOK, 0, 0, NULL, NULL, NULL, NULL },
    { "added",           BX_INT,  BX_IN_LIST | BX_BY_HOOK, 0, 0, NULL, NULL, NULL, NULL },
    { "changed",         BX_INT,  BX_IN_LIST | BX_BY_HOOK, 0, 0, NULL, NULL, NULL, NULL },
    { "unchanged",       BX_INT,  BX_IN_LIST | BX_BY_HOOK, 0, 0, NULL, NULL, NULL, NULL },
    { "rejected",        BX_INT,  BX_IN_LIST | BX_BY_HOOK, 0, 0, NULL, NULL, NULL, NULL },
    { "classes",         BX_INT,  BX_BY_HOOK,  0, 0, NULL, NULL, NULL, NULL },
    { "guardians",       BX_INT,  BX_BY_HOOK,  0, 0, NULL, NULL, NULL, NULL },
    { "encoding",        BX_TEXT, BX_BY_HOOK,  0, 16, NULL, NULL, NULL, NULL },
    { "columns_known",   BX_INT,  BX_BY_HOOK,  0, 0, NULL, NULL, NULL, NULL },
    { "columns_total",   BX_INT,  BX_BY_HOOK,  0, 0, NULL, NULL, NULL, NULL },
    { "unknown_columns", BX_TEXT, BX_BY_HOOK,  0, 4000, NULL, NULL, NULL, NULL },
    { "file_size",       BX_INT,  BX_BY_HOOK,  0, 0, NULL, NULL, NULL, NULL },
    { "rows_done",       BX_INT,  BX_BY_HOOK,  0, 0, NULL, NULL, NULL, NULL },
    { "skipped",         BX_INT,  BX_BY_HOOK,  0, 0, NULL, NULL, NULL, NULL },
    { "fault",           BX_TEXT, BX_BY_HOOK,  0, 48, NULL, NULL, NULL, NULL },
    { "fault_params",    BX_TEXT, BX_BY_HOOK,  0, 1000, NULL, NULL, NULL, NULL },
    { "mapping",         BX_TEXT, BX_BY_HOOK,  0, MAX_MAPPING, NULL, NULL, NULL, NULL },
    { "created_at",      BX_TIME, BX_IN_LIST | BX_BY_HOOK, 0, 0, NULL, NULL, NULL, NULL },
    { "applied_at",      BX_TIME, BX_BY_HOOK,  0, 0, NULL, NULL, NULL, NULL },
    { "applied_by",      BX_INT,  BX_BY_HOOK | BX_NO_JSON, 0, 0, NULL, NULL, NULL, NULL },
    { "finished_at",     BX_TIME, BX_BY_HOOK,  0, 0, NULL, NULL, NULL, NULL },
    { NULL }
};

/* columns: without a column that a roster needs, until a person has said which it is. */
static const bx_state states[] = {
    { "columns",   0,           "wait" },
    { "uploaded",  0,           "info" },
    { "checking",  0,           "info" },
    { "ready",     0,           "wait" },
    { "applying",  0,           "info" },
    { "failed",    0,           "no" },
    { "done",      BX_TERMINAL, "ok" },
    { "discarded", BX_TERMINAL, "none" },
    { NULL }
};

/* Why it failed, or what is missing, in the reader's language. */
static void
say_fault(bx_call *c, json_t *row)
{
    const char  *fault = json_string_value(json_object_get(row, "fault"));
    const char  *text = json_string_value(json_object_get(row, "fault_params"));
    json_t      *params = text ? bx_own(c->arena, json_loads(text, 0, NULL)) : NULL;

    json_object_del(row, "fault_params");
    if (fault != NULL) {
        const char *message = bx_tr(c->arena, c->lang, bx_sprintf(c->arena, "error.%s", fault), params);

        json_object_set_new(row, "fault", json_pack("{s:s, s:s, s:s*}", "code", fault, "message", message, "missing",
                                                    json_string_value(json_object_get(params, "columns"))));
    }
}


/* Headings are kept as a JSON text; the answer holds the list. */
static bx_rc
import_decorate(bx_call *c, json_t *rows, bool one)
{
    json_t  *row;
    size_t   i;

    (void) one;
    json_array_foreach(rows, i, row) {
        const char *text = json_string_value(json_object_get(row, "unknown_columns"));
        json_t     *list = text ? json_loads(text, 0, NULL) : NULL;

        json_object_set_new(row, "unknown_columns", list ? list : json_array());
        say_fault(c, row);
    }

    return BX_OK;
}


/* ------------------------------------------------------------------ POST imports */

static int
hex_digit(char ch)
{
    if (ch >= '0' && ch <= '9') {
        return ch - '0';
    }
    ch = (char) (ch | 0x20);
    return ch >= 'a' && ch <= 'f' ? ch - 'a' + 10 : -1;
}


/* X-Filename is percent-encoded UTF-8; only its last part is kept, and only when it can be shown. */
static const char *
file_name(bx_call *c)
{
    const char  *s = c->req ? c->req->filename : NULL, *base;
    char        *out = bx_strdup(c->arena, s ? s : ""), *p = out;

    for (; out && s && *s; s++) {
        if (*s == '%' && hex_digit(s[1]) >= 0 && hex_digit(s[2]) >= 0) {
            *p++ = (char) (hex_digit(s[1]) * 16 + hex_digit(s[2]));
            s += 2;
        } else {
            *p++ = *s;
        }
    }
    if (out == NULL) {
        return "roster";
    }
    *p = '\0';

    for (base = p; base > out && base[-1] != '/' && base[-1] != '\\'; base--) { /* void */ }
    if (*base == '\0' || !bx_text_clean(base) || bx_utf8_count(base) > MAX_FILENAME) {
        return "roster";
    }

    return base;
}


/* The school asked for, or the only one in scope. */
static bx_rc
target_school(bx_call *c, bx_id *out)
{
    const char  *asked = bx_call_query_arg(c, "school_id");
    bx_value     args[MAX_SCOPE_ARGS];
    size_t       nargs = 0;
    bx_rows      rows;
    bx_buf       sql;

    bx_buf_init(&sql, c->arena);
    bx_buf_str(&sql, "SELECT u.id FROM org_unit u WHERE u.level = 'school' AND u.closed_on IS NULL");
    if (asked != NULL && *asked != '\0') {
        bx_buf_str(&sql, " AND u.id = ?");
        args[nargs++] = bx_int(bx_id_parse(asked));
    }
    bx_buf_str(&sql, " AND ");
    if (bx_scope_where(c, BX_SCOPE_UNIT, "u", "roster.import", &sql, args, &nargs, MAX_SCOPE_ARGS) != BX_OK) {
        return BX_FAIL;
    }
    bx_buf_str(&sql, " LIMIT 2");
    if (sql.failed) {
        return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
    }
    if (bx_query(c, &rows, sql.data, args, nargs) != BX_OK) {
        return BX_FAIL;
    }

    if (rows.nrows == 0) {
        return bx_refuse(c, BX_E_NOT_FOUND, NULL, NULL, NULL);
    }
    if (rows.nrows > 1) {
        return bx_refuse(c, BX_E_INVALID, "school_id", "import.which_school", NULL);
    }

    *out = bx_cell_int(&rows, 0, 0);
    return BX_OK;
}


static json_t *
import_json(bx_call *c, bx_id school, const char *state, const char *filename, size_t size, const bx_roster_result *r)
{
    json_t  *unknown = json_array();

    for (unsigned i = 0; i < r->nunknown; i++) {
        json_array_append_new(unknown, json_string(r->unknown[i]));
    }

    return json_pack("{s:o, s:i, s:s, s:o, s:s, s:i, s:i, s:s, s:i, s:i, s:o, s:s}",
        "id", bx_id_json(r->id), "version", 1, "state", state, "school_id", bx_id_json(school),
        "filename", filename, "file_size", (int) size, "row_count", (int) r->rows, "encoding", r->encoding,
        "columns_known", (int) r->columns_known, "columns_total", (int) r->columns_total, "unknown_columns", unknown,
        "created_at", bx_time_iso(c->arena, c->now));
}


/* Keeps the file and answers at once; what is in it is checked by a job. */
static bx_rc
create_import(bx_call *c)
{
    const char        *data = NULL, *media_type = NULL, *filename = file_name(c), *state, *location;
    bx_roster_result   result;
    bx_id              school, id = bx_id_new();
    size_t             len;
    int                fd = -1;
    bx_rc              rc;
    json_t            *changes;

    len = bx_call_upload(c, &data, &fd, &media_type);
    if (target_school(c, &school) != BX_OK
        || bx_roster_upload(c, school, id, filename, data ? data : "", data ? len : 0, &result, &state) != BX_OK)
    {
        return BX_FAIL;
    }

    c->location = location = bx_sprintf(c->arena, "/api/v1/imports/%" PRId64, id);
    bx_answer(c, 201, import_json(c, school, state, filename, len, &result));
    changes = bx_own(c->arena, json_pack("{s:i, s:s}", "rows", (int) result.rows, "state", state));
    rc = bx_commit(c, school, "upload", "imports", id, changes);
    if (rc != BX_OK || c->location != location) {           /* refused, or the answer is that of the same request before */
        bx_roster_drop_file(c, id);
    }

    return rc;
}


/* ------------------------------------------------------------------ what a person decides */

/* "5=seat_no 6=-": no column twice, no name twice. */
static bx_rc
check_mapping(bx_call *c, bx_record *r)
{
    const char  *p = bx_rec_text(r, "mapping");
    bool         said[BX_SHEET_MAX_COLUMNS] = { false }, taken[BX_R_COUNT] = { false };

    while (p != NULL && *p != '\0') {
        char           *end;
        unsigned long   at = strtoul(p, &end, 10);
        size_t          len = *end == '=' ? strcspn(end + 1, " ") : 0;
        int             column = len ? bx_roster_of_key(end + 1, len) : -1;
        bool            out = len == 1 && end[1] == '-';

        if (at >= BX_SHEET_MAX_COLUMNS || said[at] || (column < 0 && !out) || (column >= 0 && taken[column])) {
            return bx_refuse(c, BX_E_INVALID, "mapping", "import.mapping", NULL);
        }
        said[at] = true;
        if (column >= 0) {
            taken[column] = true;
        }
        p = end + 1 + len;
        p += strspn(p, " ");
    }

    return BX_OK;
}


static bx_rc
begin_apply(bx_call *c, bx_record *r)
{
    bx_set_time(r, "applied_at", bx_call_now(c));
    bx_set_int(r, "applied_by", bx_call_account(c));
    bx_set_int(r, "rows_done", 0);
    return BX_OK;
}


static bx_rc
import_visible(bx_call *c);


/* GET imports/{id}/columns: each heading and what it was taken as, what there is to choose from, what is missing. */
static bx_rc
list_columns(bx_call *c)
{
    bx_rows   rows;
    json_t   *items, *item, *choices = json_array(), *answer;
    size_t    i;

    if (import_visible(c) != BX_OK
        || bx_query(c, &rows, "SELECT t.columns_read FROM import t WHERE t.id = ?", BX_ARGS(bx_int(c->path_id))) != BX_OK)
    {
        json_decref(choices);
        return BX_FAIL;
    }

    items = rows.nrows && bx_cell_text(&rows, 0, 0) ? json_loads(bx_cell_text(&rows, 0, 0), 0, NULL) : NULL;
    items = items ? items : json_array();
    for (unsigned k = 0; k < BX_R_COUNT; k++) {
        json_array_append_new(choices, json_pack("{s:s, s:s, s:b}", "column", bx_roster_key(k), "label",
                                                 bx_roster_heading(c->arena, k), "required", (int) bx_roster_needed(k)));
    }
    json_array_foreach(items, i, item) {
        const char *key = json_string_value(json_object_get(item, "column"));
        int         column = key ? bx_roster_of_key(key, strlen(key)) : -1;

        json_object_set_new(item, "label", column < 0 ? json_null() : json_string(bx_roster_heading(c->arena, (unsigned) column)));
    }

    answer = json_pack("{s:o, s:o}", "items", items, "choices", choices);
    return bx_answer(c, 200, answer);
}


/* ------------------------------------------------------------------ GET imports/{id}/rows */

static const char sql_rows[] =
    "SELECT r.row_no, r.ordinal, r.outcome, r.field, r.value, r.reason, r.params, r.student_id, r.student_name,"
    " r.old_value"
    " FROM import_row r WHERE r.import_id = ?";


static bx_rc
import_visible(bx_call *c)
{
    bx_value  args[MAX_SCOPE_ARGS];
    size_t    nargs = 1;
    bx_rows   rows;
    bx_buf    sql;

    args[0] = bx_int(c->path_id);
    bx_buf_init(&sql, c->arena);
    bx_buf_str(&sql, "SELECT t.id FROM import t WHERE t.id = ? AND ");
    if (bx_scope_where(c, BX_SCOPE_SCHOOL, "t", "roster.import", &sql, args, &nargs, MAX_SCOPE_ARGS) != BX_OK) {
        return BX_FAIL;
    }
    if (sql.failed) {
        return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
    }
    if (bx_query(c, &rows, sql.data, args, nargs) != BX_OK) {
        return BX_FAIL;
    }

    return rows.nrows == 1 ? BX_OK : bx_refuse(c, BX_E_NOT_FOUND, NULL, NULL, NULL);
}


static json_t *
text_or_null(const char *s)
{
    return s ? json_string(s) : json_null();
}


static json_t *
row_json(bx_call *c, const bx_rows *rows, size_t i)
{
    const char  *reason = bx_cell_text(rows, i, 5), *params = bx_cell_text(rows, i, 6), *message = NULL;
    json_t      *student = json_null();

    if (reason != NULL) {
        message = bx_roster_message(c->arena, c->lang, reason, params ? bx_own(c->arena, json_loads(params, 0, NULL)) : NULL);
    }
    if (bx_cell(rows, i, 7)->kind != BX_V_NULL) {
        student = bx_id_json(bx_cell_int(rows, i, 7));
    }

    return json_pack("{s:I, s:I, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
        "row", (json_int_t) bx_cell_int(rows, i, 0), "ordinal", (json_int_t) bx_cell_int(rows, i, 1),
        "outcome", bx_cell_text(rows, i, 2), "field", text_or_null(bx_cell_text(rows, i, 3)),
        "value", text_or_null(bx_cell_text(rows, i, 4)), "reason", text_or_null(reason), "message", text_or_null(message),
        "student_id", student, "student_name", text_or_null(bx_cell_text(rows, i, 8)),
        "old_value", text_or_null(bx_cell_text(rows, i, 9)));
}


/* ?limit, ?outcome and ?after ("<row>-<ordinal>", opaque to callers) into the statement. */
static bx_rc
rows_filter(bx_call *c, bx_buf *sql, bx_value *args, size_t *nargs, long *limit)
{
    const char  *outcome = bx_call_query_arg(c, "outcome"), *after = bx_call_query_arg(c, "after");
    const char  *wanted = bx_call_query_arg(c, "limit");
    char        *end;
    long         row, ordinal;

    *limit = wanted && *wanted ? strtol(wanted, NULL, 10) : ROWS_DEFAULT;
    if (*limit < 1 || *limit > ROWS_MAX) {
        return bx_refuse(c, BX_E_INVALID, "limit", "out_of_range", json_pack("{s:i, s:i}", "min", 1, "max", ROWS_MAX));
    }

    if (outcome != NULL && *outcome != '\0') {
        if (!bx_word_in("added changed rejected", outcome)) {
            return bx_refuse(c, BX_E_INVALID, "outcome", "filter", NULL);
        }
        bx_buf_str(sql, " AND r.outcome = ?");
        args[(*nargs)++] = bx_text(outcome);
    }

    if (after != NULL && *after != '\0') {
        row = strtol(after, &end, 10);
        ordinal = *end == '-' ? strtol(end + 1, &end, 10) : -1;
        if (*end != '\0' || ordinal < 0) {
            return bx_refuse(c, BX_E_INVALID, "after", "filter", NULL);
        }
        bx_buf_str(sql, " AND r.row_no >= ? AND (r.row_no > ? OR r.ordinal > ?)");
        args[(*nargs)++] = bx_int(row);
        args[(*nargs)++] = bx_int(row);
        args[(*nargs)++] = bx_int(ordinal);
    }

    bx_buf_str(sql, " ORDER BY r.row_no, r.ordinal LIMIT ?");
    args[(*nargs)++] = bx_int(*limit + 1);
    return sql->failed ? bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL) : BX_OK;
}


static bx_rc
list_rows(bx_call *c)
{
    bx_value  args[8];
    size_t    nargs = 1, shown;
    json_t   *items, *next = json_null();
    bx_rows   rows;
    bx_buf    sql;
    long      limit;

    args[0] = bx_int(c->path_id);
    bx_buf_init(&sql, c->arena);
    bx_buf_str(&sql, sql_rows);
    if (import_visible(c) != BX_OK || rows_filter(c, &sql, args, &nargs, &limit) != BX_OK
        || bx_query(c, &rows, sql.data, args, nargs) != BX_OK)
    {
        return BX_FAIL;
    }

    shown = rows.nrows > (size_t) limit ? (size_t) limit : rows.nrows;
    items = json_array();
    for (size_t i = 0; i < shown; i++) {
        json_array_append_new(items, row_json(c, &rows, i));
    }
    if (rows.nrows > shown) {
        next = json_sprintf("%" PRId64 "-%" PRId64, bx_cell_int(&rows, shown - 1, 0), bx_cell_int(&rows, shown - 1, 1));
    }

    return bx_answer(c, 200, json_pack("{s:o, s:o}", "items", items, "next", next));
}


/* ------------------------------------------------------------------ activation slips */

static const char sql_class[] =
    "SELECT u.stage, u.entry_year, u.class_no, s.id, s.name FROM org_unit u JOIN org_unit s ON s.id = u.school_id"
    " WHERE u.id = ? AND u.level = 'class' AND ";

static const char sql_slips[] =
    "SELECT g.id, g.name, a.code, a.expires_on, s.name, s.seat_no FROM student s"
    " JOIN student_guardian l ON l.student_id = s.id AND l.ends_on IS NULL"
    " JOIN guardian g ON g.id = l.guardian_id AND g.account_id IS NULL"
    " JOIN activation a ON a.id = (SELECT v.id FROM activation v WHERE v.guardian_id = g.id AND v.used_at IS NULL"
    "  AND v.expires_on >= ? ORDER BY v.expires_on DESC, v.id DESC LIMIT 1)"
    " WHERE s.class_id = ? AND " AT_SCHOOL
    " ORDER BY s.seat_no IS NULL, s.seat_no, s.id, l.ordinal, g.id";

static const char sql_without_code[] =
    "SELECT DISTINCT g.id FROM student s JOIN student_guardian l ON l.student_id = s.id AND l.ends_on IS NULL"
    " JOIN guardian g ON g.id = l.guardian_id AND g.account_id IS NULL AND g.phone_hash IS NOT NULL"
    " WHERE s.class_id = ? AND " AT_SCHOOL
    " AND NOT EXISTS (SELECT v.id FROM activation v WHERE v.guardian_id = g.id AND v.used_at IS NULL AND v.expires_on >= ?)";

typedef struct { bx_id id, school; const char *name, *school_name; } slip_class;


static bx_rc
read_class(bx_call *c, const char *id, slip_class *out)
{
    bx_value  args[MAX_SCOPE_ARGS];
    size_t    nargs = 1;
    bx_rows   rows;
    bx_buf    sql;

    out->id = id ? bx_id_parse(id) : 0;
    if (out->id == 0) {
        return bx_refuse(c, BX_E_INVALID, "class_id", "required", NULL);
    }

    args[0] = bx_int(out->id);
    bx_buf_init(&sql, c->arena);
    bx_buf_str(&sql, sql_class);
    if (bx_scope_where(c, BX_SCOPE_UNIT, "u", "import.slips", &sql, args, &nargs, MAX_SCOPE_ARGS) != BX_OK) {
        return BX_FAIL;
    }
    if (sql.failed) {
        return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
    }
    if (bx_query(c, &rows, sql.data, args, nargs) != BX_OK) {
        return BX_FAIL;
    }
    if (rows.nrows == 0) {
        return bx_refuse(c, BX_E_NOT_FOUND, NULL, NULL, NULL);
    }

    out->name = bx_class_label(c->arena, c->lang, bx_cell_text(&rows, 0, 0), (int) bx_cell_int(&rows, 0, 1),
                               (int) bx_cell_int(&rows, 0, 2), bx_date_of(c->now));
    out->school = bx_cell_int(&rows, 0, 3);
    out->school_name = bx_cell_text(&rows, 0, 4);
    return BX_OK;
}


/* One slip a guardian, with all of the guardian's children in the class, in the order of their seats. */
static bx_rc
slips_json(bx_call *c, const slip_class *cls, json_t **out)
{
    json_t   *items = bx_own(c->arena, json_array()), *by_guardian = bx_own(c->arena, json_object());
    bx_value  today = bx_text(bx_date_text(c->arena, bx_date_of(c->now)));
    bx_rows   rows;

    if (bx_query(c, &rows, sql_slips, BX_ARGS(today, bx_int(cls->id))) != BX_OK) {
        return BX_FAIL;
    }

    for (size_t i = 0; i < rows.nrows; i++) {
        const char *key = bx_sprintf(c->arena, "%" PRId64, bx_cell_int(&rows, i, 0));
        json_t     *slip = json_object_get(by_guardian, key);
        json_t     *seat = bx_cell(&rows, i, 5)->kind == BX_V_NULL ? json_null() : json_integer(bx_cell_int(&rows, i, 5));
        char       *code;

        if (slip == NULL) {
            if (bx_unseal(c->arena, bx_cell(&rows, i, 2), &code) != BX_OK) {
                json_decref(seat);
                return bx_refuse(c, BX_E_INTERNAL, NULL, NULL, NULL);
            }
            slip = json_pack("{s:s, s:s, s:s, s:[]}", "guardian_name", bx_cell_text(&rows, i, 1), "code", code,
                             "expires_on", bx_cell_text(&rows, i, 3), "children");
            json_array_append_new(items, slip);
            json_object_set(by_guardian, key, slip);
        }
        json_array_append_new(json_object_get(slip, "children"),
                              json_pack("{s:s, s:o}", "name", bx_cell_text(&rows, i, 4), "seat_no", seat));
    }

    *out = json_pack("{s:o, s:s, s:s, s:O}", "class_id", bx_id_json(cls->id), "class_name", cls->name,
                     "school_name", cls->school_name, "items", items);
    return BX_OK;
}


static json_t *
count_json(bx_call *c, size_t codes)
{
    return bx_own(c->arena, json_pack("{s:i}", "codes", (int) codes));
}


static bx_rc
read_slips(bx_call *c)
{
    slip_class  cls;
    json_t     *answer;

    if (read_class(c, bx_call_query_arg(c, "class_id"), &cls) != BX_OK || slips_json(c, &cls, &answer) != BX_OK) {
        return BX_FAIL;
    }

    /* first the line in the chain, then the codes */
    bx_own(c->arena, answer);
    if (bx_commit(c, cls.school, "print", "activation-slips", cls.id,
                  count_json(c, json_array_size(json_object_get(answer, "items")))) != BX_OK)
    {
        return BX_FAIL;
    }

    return bx_answer(c, 200, json_incref(answer));
}


/* New codes for guardians of the class who have none. Asked again it makes nothing more, so it needs no key, and no code is
 * ever kept with a stored answer. */
static bx_rc
make_slips(bx_call *c)
{
    slip_class  cls;
    json_t     *answer;
    bx_rows     rows;
    bx_date     expires;
    bx_value    today = bx_text(bx_date_text(c->arena, bx_date_of(c->now)));

    if (read_class(c, json_string_value(json_object_get(c->body, "class_id")), &cls) != BX_OK
        || bx_activation_expiry(c, cls.school, &expires) != BX_OK
        || bx_query(c, &rows, sql_without_code, BX_ARGS(bx_int(cls.id), today)) != BX_OK)
    {
        return BX_FAIL;
    }
    for (size_t i = 0; i < rows.nrows; i++) {
        if (bx_activation_queue(c, bx_cell_int(&rows, i, 0), cls.school, expires) != BX_OK) {
            return BX_FAIL;
        }
    }

    if (bx_commit(c, cls.school, "issue", "activation-slips", cls.id, count_json(c, rows.nrows)) != BX_OK
        || slips_json(c, &cls, &answer) != BX_OK)
    {
        return BX_FAIL;
    }

    return bx_answer(c, 200, answer);
}


/* ------------------------------------------------------------------ tables */

static const bx_field slip_fields[] = {
    { "class_id", BX_REF, BX_REQUIRED, 0, 0, "org-units", NULL, NULL, NULL },
    { NULL }
};

static const bx_field mapping_fields[] = {
    { "mapping", BX_TEXT, 0, 0, MAX_MAPPING, NULL, "([0-9]{1,3}=(-|[a-z][a-z0-9_]*)( [0-9]{1,3}=(-|[a-z][a-z0-9_]*))*)?", NULL, NULL },
    { NULL }
};

static const bx_transition transitions[] = {
    /* action     from                       to           capability       when  takes           hook            flags sets */
    { "upload",   BX_NEW,                    "uploaded",  "roster.import", NULL, NULL,           NULL,           0, NULL },
    { "map",      "columns ready failed",    "uploaded",  "roster.import", NULL, mapping_fields, check_mapping,  0, NULL },
    { "check",    "ready failed",            "uploaded",  "roster.import", NULL, NULL,           NULL,           0, NULL },
    { "apply",    "ready",                   "applying",  "roster.import", NULL, NULL,           begin_apply,    0, NULL },
    { "discard",  "columns ready failed",    "discarded", "roster.import", NULL, NULL,           NULL,           BX_MAKES_RELEASE, NULL },
    { "ask",      "uploaded checking",       "columns",   NULL,            NULL, NULL,           NULL,           BX_BY_JOB, NULL },
    { "begin",    "uploaded",                "checking",  NULL,            NULL, NULL,           NULL,           BX_BY_JOB, NULL },
    { "checked",  "checking",                "ready",     NULL,            NULL, NULL,           NULL,           BX_BY_JOB, NULL },
    { "finish",   "applying",                "done",      NULL,            NULL, NULL,           NULL,           BX_BY_JOB, NULL },
    { "fail",     "uploaded checking applying", "failed", NULL,            NULL, NULL,           NULL,           BX_BY_JOB, NULL },
    { "expire",   "columns ready failed",    "discarded", NULL,            NULL, NULL,           NULL,           BX_BY_JOB, NULL },
    { NULL }
};

static const bx_record_def records[] = {
    { .name = "imports", .table = "import", .scope = BX_SCOPE_SCHOOL, .fields = import_fields, .states = states,
      .transitions = transitions, .order = "t.id DESC", .read = "roster.import", .decorate = import_decorate },
    { NULL }
};

static const bx_rule rules[] = {
    /* key                 type         default min max  text  unit            source */
    { "import.code_days",  BX_RULE_INT, 30,     1,  365, NULL, "calendar_day", "proposal" },
    { "import.keep_days",  BX_RULE_INT, 7,      1,  60,  NULL, "calendar_day", "proposal" },
    { NULL }
};

static const bx_route routes[] = {
    { "POST", "imports",           "roster.import", create_import, BX_UPLOAD | BX_SLOW | BX_SELF_KEYED, NULL,
      "bring a school's roster (xlsx or CSV), to be checked by a job and then looked at" },
    { "GET",  "imports/{id}/rows", "roster.import", list_rows,     BX_PERSONAL, NULL, "what becomes, or became, of each row of a roster" },
    { "GET",  "imports/{id}/columns", "roster.import", list_columns, 0, NULL, "what each column of a roster was taken as" },
    { "GET",  "imports/{id}/rejected.xlsx", "roster.import", bx_import_rejected, BX_SLOW, NULL,
      "rows of a roster that were sent back, with the reason beside each" },
    { "GET",  "activation-slips",  "import.slips",  read_slips,    BX_PERSONAL, NULL, "unused activation codes of a class, for printing" },
    { "POST", "activation-slips",  "import.slips",  make_slips,    BX_UNKEYED, slip_fields,
      "new codes for guardians of a class who have none" },
    { NULL }
};

static const bx_job jobs[] = {
    { "import.work", 1,  bx_roster_work },
    { "import.tidy", 60, bx_roster_tidy },
    { NULL }
};

static const bx_grant grants[] = {
    { "registrar", "roster.import import.slips" },
    { "office",    "roster.import import.slips" },
    { "admin",     "roster.import import.slips" },
    { "teacher",   "import.slips" },
    { NULL }
};

static const bx_menu menu[] = {
    { "imports", "#/imports", "up", "roster.import" },
    { NULL }
};

const bx_plugin bx_plugin_import = {
    .abi = BX_PLUGIN_ABI, .name = "import", .records = records, .rules = rules, .routes = routes, .jobs = jobs,
    .grants = grants, .menu = menu
};
