/*
 * import_rejected.c: rows of a roster that were sent back, as a spreadsheet with the reason beside each, to mend the roster by.
 *
 * Owns this one file. What a row was is kept masked (import_row), so nothing leaves the server that the page would not show.
 */
#include "plugins/import_rejected.h"
#include "flow/export.h"
#include "flow/roster.h"

#include <inttypes.h>
#include <string.h>

#define PAGE        500
#define COLUMNS     5
#define MAX_ARGS    48

static const char sql_rows[] =
    "SELECT r.row_no, r.ordinal, r.student_name, r.field, r.value, r.reason, r.params FROM import_row r"
    " WHERE r.import_id = ? AND r.outcome = 'rejected' AND r.row_no >= ? AND (r.row_no > ? OR r.ordinal > ?)"
    " ORDER BY r.row_no, r.ordinal LIMIT 500";


static bx_rc
find_import(bx_call *c, const char **filename, bx_id *school)
{
    bx_value  args[MAX_ARGS] = { bx_int(c->path_id) };
    size_t    n = 1;
    bx_rows   rows;
    bx_buf    sql;

    bx_buf_init(&sql, c->arena);
    bx_buf_str(&sql, "SELECT t.filename, t.school_id FROM import t WHERE t.id = ? AND ");
    if (bx_scope_where(c, BX_SCOPE_SCHOOL, "t", "roster.import", &sql, args, &n, MAX_ARGS) != BX_OK
        || bx_query(c, &rows, sql.data, args, n) != BX_OK)
    {
        return BX_FAIL;
    }
    if (rows.nrows == 0) {
        return bx_refuse(c, BX_E_NOT_FOUND, NULL, NULL, NULL);
    }

    *filename = bx_cell_text(&rows, 0, 0);
    *school = bx_cell_int(&rows, 0, 1);
    return BX_OK;
}


static bx_rc
write_row(bx_call *c, bx_sheet_writer *w, const bx_rows *rows, size_t i, bx_error *err)
{
    const char *params = bx_cell_text(rows, i, 6), *reason = bx_cell_text(rows, i, 5);
    const char *cells[COLUMNS] = {
        bx_sprintf(c->arena, "%" PRId64, bx_cell_int(rows, i, 0)), bx_cell_text(rows, i, 2), bx_cell_text(rows, i, 3),
        bx_cell_text(rows, i, 4),
        reason == NULL ? NULL : bx_roster_message(c->arena, c->lang, reason,
                                                  params == NULL ? NULL : bx_own(c->arena, json_loads(params, 0, NULL)))
    };

    return bx_sheet_write(w, cells, COLUMNS, err);
}


/* The rows after (row, ordinal), in an arena of their own. *n: how many there were. */
static bx_rc
write_page(bx_call *c, bx_sheet_writer *w, int64_t *row, int64_t *ordinal, size_t *n)
{
    bx_arena *whole = c->arena, *page = bx_arena_create(64 * 1024);
    bx_error  err = { 0 };
    bx_rows   rows;
    bx_rc     rc;

    if (page == NULL) {
        return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
    }

    c->arena = page;
    rc = bx_query(c, &rows, sql_rows, BX_ARGS(bx_int(c->path_id), bx_int(*row), bx_int(*row), bx_int(*ordinal)));
    *n = rc == BX_OK ? rows.nrows : 0;
    for (size_t i = 0; rc == BX_OK && i < rows.nrows; i++) {
        rc = write_row(c, w, &rows, i, &err);
        *row = bx_cell_int(&rows, i, 0);
        *ordinal = bx_cell_int(&rows, i, 1);
    }
    c->arena = whole;
    bx_arena_destroy(page);                   /* a refusal of bx_query() has no words of its own */

    return err.code == BX_E_NONE ? rc : bx_export_failed(c, &err);
}


bx_rc
bx_import_rejected(bx_call *c)
{
    static const char *const  heads[COLUMNS] = { "imports.row", "imports.student", "imports.field", "imports.value", "imports.reason" };
    const char               *cells[COLUMNS], *filename = "";
    bx_sheet_writer          *w;
    bx_error                  err = { 0 };
    int64_t                   row = 0, ordinal = -1;
    bx_id                     school = 0;
    size_t                    n = PAGE;

    if (find_import(c, &filename, &school) != BX_OK) {
        return BX_FAIL;
    }

    for (size_t i = 0; i < COLUMNS; i++) {
        cells[i] = bx_tr(c->arena, c->lang, heads[i], NULL);
    }
    w = bx_sheet_open(c->arena, BX_SHEET_XLSX, bx_tr(c->arena, c->lang, "imports.rejected", NULL), &err);
    if (w == NULL || bx_sheet_write(w, cells, COLUMNS, &err) != BX_OK) {
        return bx_export_failed(c, &err);
    }

    while (n == PAGE) {
        if (write_page(c, w, &row, &ordinal, &n) != BX_OK) {
            return BX_FAIL;
        }
    }

    if (bx_commit(c, school, "export", "imports", c->path_id, NULL) != BX_OK) {
        return BX_FAIL;
    }

    filename = bx_strndup(c->arena, filename, strrchr(filename, '.') == NULL ? strlen(filename)
                                                                              : (size_t) (strrchr(filename, '.') - filename));
    return bx_export_answer(c, w, BX_SHEET_XLSX,
                            bx_tr(c->arena, c->lang, "imports.rejected.file", bx_own(c->arena, json_pack("{s:s}", "name", filename))),
                            "rejected");
}
