/*
 * attachment_purge.c: files that go: those nothing took, after a day; those of records, when the county has said for how many
 * years they are kept. Nobody else deletes one. The rows first, with their audit row, then what lies on disk.
 */

#include <string.h>
#include <time.h>

#include "flow/attachment.h"
#include "flow/file_store.h"
#include "flow/flow.h"

#define DAY         (24 * 3600)
#define PURGE_ROWS  200

static bx_rc
out_of_memory(bx_call *c)
{
    return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
}

static bx_rc
internal(bx_call *c)
{
    return bx_refuse(c, c->error.code == BX_E_MEMORY ? BX_E_MEMORY : BX_E_INTERNAL, NULL, NULL, NULL);
}

/* ------------------------------------------------------------------ one file */

/* Is the file still somebody's? */
static bx_rc
in_use(bx_call *c, const bx_value *hash, bool *used)
{
    static const char  sql[] = "(SELECT 1 AS n FROM attachment a WHERE a.name_hash = ? LIMIT 1)"
                               " UNION ALL (SELECT 1 AS n FROM attachment a WHERE a.thumb_hash = ? LIMIT 1)";
    bx_rows            rows;

    if (bx_query(c, &rows, sql, BX_ARGS(*hash, *hash)) != BX_OK) {
        return BX_FAIL;
    }

    *used = rows.nrows > 0;
    return BX_OK;
}

/* Set aside, asked again, dropped: an upload of the same content that commits in between either is seen by the second
 * question or finds its file missing after its commit and writes it again. */
static bx_rc
remove_file(bx_call *c, const char *dir, const bx_value *hash)
{
    const char  *name = bx_hex(c->arena, hash->s, hash->len), *aside;
    bool         used;

    if (name == NULL) {
        return out_of_memory(c);
    }

    if (in_use(c, hash, &used) != BX_OK) {
        return BX_FAIL;
    }

    if (used) {
        return BX_OK;
    }

    if (bx_file_aside(c->arena, dir, name, &aside, &c->error) != BX_OK) {
        return internal(c);
    }

    if (aside == NULL) {
        return BX_OK;
    }

    if (in_use(c, hash, &used) != BX_OK || used) {
        return bx_file_back(dir, name, aside, &c->error) == BX_OK ? (used ? BX_OK : BX_FAIL) : internal(c);
    }

    bx_file_drop(aside);
    return BX_OK;
}

/* ------------------------------------------------------------------ rows and their files */

/* Rows of one batch: id, hash of the file, hash of its thumbnail, of a school's also the size. condition says again why they go. */
static bx_rc
delete_rows(bx_call *c, const bx_rows *rows, const char *condition, const char *action, bx_id school)
{
    bx_value  args[PURGE_ROWS];
    bx_buf    sql;
    json_t   *ids = json_array(), *changes = bx_own(c->arena, json_pack("{s:I,s:o}", "count", (json_int_t) rows->nrows, "ids", ids));
    int64_t   bytes = 0;
    size_t    i;

    bx_buf_init(&sql, c->arena);
    bx_buf_printf(&sql, "DELETE FROM attachment WHERE %s AND id IN (", condition);
    for (i = 0; i < PURGE_ROWS; i++) {
        bx_buf_str(&sql, i ? ",?" : "?");
        args[i] = bx_int(i < rows->nrows ? bx_cell_int(rows, i, 0) : 0);
        if (i < rows->nrows) {
            json_array_append_new(ids, bx_id_json(bx_cell_int(rows, i, 0)));
            bytes += school == 0 ? 0 : bx_cell_int(rows, i, 3);
        }
    }
    bx_buf_str(&sql, ")");

    if (sql.failed || changes == NULL) {
        return out_of_memory(c);
    }

    bx_queue_clear(c);
    /* a file that was let go of meanwhile is not among them: then nothing is done, and the next run looks again */
    return bx_queue(c, school == 0 ? -1 : (int) rows->nrows, sql.data, args, PURGE_ROWS) == BX_OK
           && bx_attachment_count(c, school, -bytes) == BX_OK
           ? bx_commit_batch(c, school, action, "attachments", 0, changes) : BX_FAIL;
}

static bx_rc
remove_files(bx_call *c, const char *dir, const bx_rows *rows)
{
    size_t  i, col;

    for (i = 0; i < rows->nrows; i++) {
        for (col = 1; col <= 2; col++) {
            if (bx_cell(rows, i, col)->kind != BX_V_NULL && remove_file(c, dir, bx_cell(rows, i, col)) != BX_OK) {
                return BX_FAIL;
            }
        }
    }

    return BX_OK;
}

bx_rc
bx_attachment_purge(bx_call *c)
{
    static const char  sql[] = "SELECT a.id, a.name_hash, a.thumb_hash FROM attachment a WHERE a.record_id IS NULL"
                               " AND a.created_at < ? ORDER BY a.created_at LIMIT 200";
    const char        *dir = bx_app_attachments(c->app);
    bx_rows            rows;

    if (dir == NULL) {
        return BX_OK;
    }

    (void) bx_file_sweep(dir, time(NULL) - DAY);          /* by the file system's own clock */

    if (bx_query(c, &rows, sql, BX_ARGS(bx_text(bx_time_sql(c->arena, c->now - DAY)))) != BX_OK) {
        return BX_FAIL;
    }
    if (rows.nrows == 0) {
        return BX_OK;
    }

    return delete_rows(c, &rows, "record_id IS NULL", "purge", 0) == BX_OK ? remove_files(c, dir, &rows) : BX_FAIL;
}

/* ------------------------------------------------------------------ files of records, after years */

static bx_rc
retire_school(bx_call *c, const char *dir, bx_id school)
{
    static const char  sql[] = "SELECT a.id, a.name_hash, a.thumb_hash, a.size FROM attachment a WHERE a.school_id = ?"
                               " AND a.created_at < ? ORDER BY a.created_at LIMIT 200";
    bx_civil           day = bx_civil_of(c->now);
    int64_t            years;
    bx_date            last;
    bx_rows            rows;

    if (bx_rule_int(c, "attachment.keep_years", school, &years) != BX_OK) {
        return BX_FAIL;
    }
    if (years == 0) {                         /* nobody has said */
        return BX_OK;
    }

    last = bx_date_make(day.year - (int) years, day.month, day.day);
    if (last == BX_NO_DATE) {                 /* 29 February */
        last = bx_date_make(day.year - (int) years, day.month, day.day - 1);
    }
    do {
        if (bx_query(c, &rows, sql, BX_ARGS(bx_int(school), bx_text(bx_date_text(c->arena, last)))) != BX_OK) {
            return BX_FAIL;
        }
        if (rows.nrows > 0
            && (delete_rows(c, &rows, "record_id IS NOT NULL", "retire", school) != BX_OK || remove_files(c, dir, &rows) != BX_OK))
        {
            return BX_FAIL;
        }
    } while (rows.nrows == PURGE_ROWS);

    return BX_OK;
}

/* School by school, each from where the one before it ended. */
bx_rc
bx_attachment_retire(bx_call *c)
{
    static const char  sql[] = "SELECT a.school_id FROM attachment a WHERE a.school_id > ? ORDER BY a.school_id LIMIT 1";
    const char        *dir = bx_app_attachments(c->app);
    bx_rows            rows;
    bx_id              school = 0;

    while (dir != NULL) {
        if (bx_query(c, &rows, sql, BX_ARGS(bx_int(school))) != BX_OK) {
            return BX_FAIL;
        }
        if (rows.nrows == 0) {
            break;
        }
        school = bx_cell_int(&rows, 0, 0);
        if (retire_school(c, dir, school) != BX_OK) {
            return BX_FAIL;
        }
    }

    return BX_OK;
}
