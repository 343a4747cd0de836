/*
 * export.c: GET <records>/export: the rows of a list as a spreadsheet.
 *
 * The rows are those of the list with the same filters, search, view and queue: first their ids, then the rows, some at a time; the columns
 * are what the caller may see, masked as everywhere. Each page has an arena of its own, so that memory does not grow with the rows.
 * Whoever takes rows away is in the audit chain.
 */
#include "flow/export.h"
#include "flow/rules.h"
#include "flow/words.h"

#include <inttypes.h>
#include <string.h>

#define MAX_COLUMNS  (BX_MAX_FIELDS + 8)
#define PAGE         90                       /* rows read at once */

typedef struct {
    bx_call              *c;
    const bx_record_def  *def;
    bx_sheet_writer      *writer;
    const char           *names[MAX_COLUMNS]; /* members of a row's JSON */
    size_t                ncolumns;
    int64_t               max, rows;
    bool                  cut;                /* there would be more */
} export;


bx_rc
bx_export_format(bx_call *c, bx_sheet_format *out)
{
    const char *s = bx_call_query_arg(c, "format");

    *out = BX_SHEET_XLSX;
    if (s == NULL || *s == '\0' || strcmp(s, "xlsx") == 0) {
        return BX_OK;
    }
    if (strcmp(s, "csv") == 0) {
        *out = BX_SHEET_CSV;
        return BX_OK;
    }

    return bx_refuse(c, BX_E_INVALID, "format", "not_in_list", NULL);
}


bx_rc
bx_export_failed(bx_call *c, const bx_error *err)
{
    c->error = *err;
    return bx_refuse(c, err->code == BX_E_NONE ? BX_E_INTERNAL : err->code, NULL, NULL, NULL);
}


bx_id
bx_export_chain(const bx_call *c)
{
    if (c->who == NULL || c->who->ngrants == 0) {
        return 0;
    }

    return c->who->grants[0].school != 0 ? c->who->grants[0].school : c->who->grants[0].unit;
}


/* As RFC 5987 has it: letters, digits and a few marks stay, all else is a percent and two digits. */
static char *
percent(bx_arena *a, const char *s)
{
    bx_buf  b;

    bx_buf_init(&b, a);
    for (; *s != '\0'; s++) {
        if ((*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') || (*s >= '0' && *s <= '9') || strchr("-._~", *s) != NULL) {
            bx_buf_add(&b, s, 1);
        } else {
            bx_buf_printf(&b, "%%%02X", (unsigned char) *s);
        }
    }

    return b.data;
}


void
bx_export_headers(bx_call *c, const char *name, const char *ascii)
{
    bx_answer_header(c, "X-Content-Type-Options", "nosniff");
    bx_answer_header(c, "Cache-Control", "private, no-store");
    bx_answer_header(c, "Content-Disposition",
                     bx_sprintf(c->arena, "attachment; filename=\"%s\"; filename*=UTF-8''%s", ascii, percent(c->arena, name)));
}


bx_rc
bx_export_answer(bx_call *c, bx_sheet_writer *w, bx_sheet_format format, const char *name, const char *ascii)
{
    const char *day = bx_date_text(c->arena, bx_date_of(c->now)), *end = format == BX_SHEET_CSV ? "csv" : "xlsx";
    const void *data;
    bx_error    err = { 0 };
    size_t      len;

    if (bx_sheet_close(w, &data, &len, &err) != BX_OK) {
        return bx_export_failed(c, &err);
    }

    bx_export_headers(c, bx_sprintf(c->arena, "%s %s.%s", name, day, end), bx_sprintf(c->arena, "%s-%s.%s", ascii, day, end));
    return bx_answer_bytes(c, 200, bx_sheet_media_type(format), data, len);
}


/* ---- columns */

static void
column(export *e, const char *name)
{
    if (e->ncolumns < MAX_COLUMNS) {
        e->names[e->ncolumns++] = name;
    }
}


/* The child and the class, the fields the caller may see, the state, the school. References are ids: what they stand for has
 * columns of its own. */
static void
columns(export *e)
{
    const bx_record_def *def = e->def;
    bool                 of_student = def->scope == BX_SCOPE_STUDENT;

    if (of_student && strcmp(def->table, "student") != 0) {
        column(e, "student_name");
    }
    if (of_student) {
        column(e, "class_name");
    }

    for (const bx_field *f = def->fields; f->name != NULL; f++) {
        if ((f->flags & BX_NO_JSON) || f->type == BX_REF || f->type == BX_FILES
            || (f->read != NULL && !bx_call_can(e->c, f->read)))
        {
            continue;
        }
        column(e, f->type == BX_HALVES && f->arg != NULL ? f->arg : f->name);
    }

    if (def->states != NULL) {
        column(e, "state");
    }
    if (def->scope != BX_SCOPE_UNIT) {
        column(e, "school_name");
    }
}


static bx_rc
write_heading(export *e)
{
    const char *cells[MAX_COLUMNS];
    bx_error    err = { 0 };

    for (size_t i = 0; i < e->ncolumns; i++) {
        cells[i] = bx_words_label(e->c->arena, e->c->lang, e->def->name, e->names[i]);
    }

    return bx_sheet_write(e->writer, cells, e->ncolumns, &err) == BX_OK ? BX_OK : bx_export_failed(e->c, &err);
}


/* ---- rows */

static bx_rc
write_rows(export *e, const json_t *items)
{
    const char *cells[MAX_COLUMNS];
    bx_error    err = { 0 };
    json_t     *row;
    size_t      i;

    json_array_foreach(items, i, row) {
        for (size_t k = 0; k < e->ncolumns; k++) {
            const json_t *value = json_object_get(row, e->names[k]);

            cells[k] = value == NULL ? "" : bx_words_value(e->c->arena, e->c->lang, e->def, e->names[k], value, BX_WORDS_SHEET);
        }
        if (bx_sheet_write(e->writer, cells, e->ncolumns, &err) != BX_OK) {
            return bx_export_failed(e->c, &err);
        }
    }

    e->rows += (int64_t) json_array_size(items);
    return BX_OK;
}


/* ---- rows, by their ids: page after page of a list, MariaDB would walk over the pages before, for it reads a scope's key from its end */

/* Where among the rows the one of this id is; rows->nrows: it has gone meanwhile. */
static size_t
row_of(const bx_rows *rows, bx_id id)
{
    size_t  i = 0;

    while (i < rows->nrows && bx_cell_int(rows, i, 0) != id) {
        i++;
    }
    return i;
}


static bx_rc
rows_read(bx_call *c, const bx_record_def *def, const bx_id *ids, size_t n, json_t **items)
{
    bx_value   args[16 + PAGE];
    size_t     nargs = 0;
    bx_buf     sql;
    bx_rows    rows;
    bx_record  r;

    bx_buf_init(&sql, c->arena);
    if (bx_record_columns(c, def, &sql, args, &nargs, 16) != BX_OK) {
        return BX_FAIL;
    }

    bx_buf_printf(&sql, " FROM %s t", def->table);
    bx_record_joins(def, &sql);
    bx_buf_str(&sql, " WHERE t.id IN (");
    for (size_t i = 0; i < PAGE; i++) {
        bx_buf_str(&sql, i > 0 ? ",?" : "?");
        args[nargs++] = bx_int(i < n ? ids[i] : 0);
    }
    bx_buf_str(&sql, ")");

    if (sql.failed) {
        return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
    }
    if (bx_query(c, &rows, sql.data, args, nargs) != BX_OK) {
        return BX_FAIL;
    }

    *items = bx_own(c->arena, json_array());
    for (size_t i = 0; i < n; i++) {
        size_t  at = row_of(&rows, ids[i]);

        if (at < rows.nrows) {
            bx_record_from_row(c, def, &rows, at, &r);
            json_array_append_new(*items, bx_record_json(c, &r));
        }
    }

    return bx_record_dress(c, def, *items, false);
}


/* One page in an arena of its own. What the call keeps between statements lives there meanwhile, too, and is forgotten with it. */
static bx_rc
write_page(export *e, const bx_id *ids, size_t n)
{
    bx_call              *c = e->c;
    bx_arena             *whole = c->arena, *page = bx_arena_create(64 * 1024);
    struct bx_units      *units = c->units;
    struct bx_calendars  *calendars = c->calendars;
    struct bx_action_cache *actions = c->actions;
    json_t               *items = NULL;
    bx_rc                 rc;

    if (page == NULL) {
        return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
    }

    c->arena = page;
    c->units = NULL;
    c->calendars = NULL;
    c->actions = NULL;
    rc = rows_read(c, e->def, ids, n, &items);
    if (rc == BX_OK) {
        rc = write_rows(e, items);
    }
    c->arena = whole;
    c->units = units;
    c->calendars = calendars;
    c->actions = actions;

    if (rc == BX_OK) {
        bx_arena_destroy(page);
        return BX_OK;
    }

    /* the refusal's words are in it */
    (void) bx_arena_defer(whole, (void (*)(void *)) bx_arena_destroy, page);
    return BX_FAIL;
}


static bx_rc
write_all(export *e)
{
    bx_id   *ids;
    size_t   n, most = (size_t) e->max;

    if (bx_list_ids(e->c, e->def, (int) e->max, &ids, &n) != BX_OK) {
        return BX_FAIL;
    }

    for (size_t i = 0; i < n && i < most; i += PAGE) {
        size_t  end = n < most ? n : most;

        if (write_page(e, ids + i, end - i < PAGE ? end - i : PAGE) != BX_OK) {
            return BX_FAIL;
        }
    }

    e->cut = n > most;
    if (e->cut) {
        json_t     *said = bx_own(e->c->arena, json_pack("{s:I}", "n", (json_int_t) e->rows));
        const char *note = bx_tr(e->c->arena, e->c->lang, "export.cut", said);
        bx_error    err = { 0 };

        if (bx_sheet_write(e->writer, &note, 1, &err) != BX_OK) {
            return bx_export_failed(e->c, &err);
        }
    }

    return BX_OK;
}


/* Who took what: the question without the words that were searched for. */
static json_t *
changes_of(export *e, bx_sheet_format format)
{
    static const char *const  asked[] = { "state", "view", "queue", "student_id", "class_id", "school_id" };
    json_t                   *o = bx_own(e->c->arena, json_object());
    const char               *s;

    json_object_set_new(o, "format", json_string(format == BX_SHEET_CSV ? "csv" : "xlsx"));
    json_object_set_new(o, "rows", json_integer(e->rows));
    for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
        if ((s = bx_call_query_arg(e->c, asked[i])) != NULL && *s != '\0') {
            json_object_set_new(o, asked[i], json_string(s));
        }
    }

    return o;
}


bx_rc
bx_generic_export(bx_call *c, const bx_record_def *def)
{
    export           e = { .c = c, .def = def };
    bx_sheet_format  format;
    bx_error         err = { 0 };
    const char      *title = bx_tr(c->arena, c->lang, def->name, NULL);
    bx_id            unit = c->who != NULL && c->who->ngrants > 0 ? c->who->grants[0].unit : 0;

    if (bx_export_format(c, &format) != BX_OK || bx_rule_int(c, "export.max_rows", unit, &e.max) != BX_OK) {
        return BX_FAIL;
    }

    e.writer = bx_sheet_open(c->arena, format, title, &err);
    if (e.writer == NULL) {
        return bx_export_failed(c, &err);
    }

    columns(&e);
    if (write_heading(&e) != BX_OK || write_all(&e) != BX_OK) {
        return BX_FAIL;
    }

    bx_answer_header(c, "X-Rows", bx_sprintf(c->arena, "%" PRId64 "%s", e.rows, e.cut ? "; cut" : ""));
    if (bx_commit(c, bx_export_chain(c), "export", def->name, 0, changes_of(&e, format)) != BX_OK) {
        return BX_FAIL;
    }

    c->rows = (int64_t) e.rows;
    return bx_export_answer(c, e.writer, format, title, def->name);
}
