/*
 * roster_log.c: what is said of each row of an import: why it was rejected, what of it is new, and what the preview said that
 * no longer holds. Does not own the counters (roster.c) nor how the log is shown (plugins/import.c).
 */
#include "flow/roster_run.h"

#include <string.h>

static const char sql_log_insert[] =
    "INSERT INTO import_row (import_id, row_no, ordinal, outcome, field, value, old_value, reason, params, student_id,"
    " student_name) VALUES ";
static const char sql_log_again[] =
    " ON DUPLICATE KEY UPDATE outcome = VALUES(outcome), field = VALUES(field), value = VALUES(value),"
    " old_value = VALUES(old_value), reason = VALUES(reason), params = VALUES(params), student_id = VALUES(student_id)";
#define LOG_COLUMNS  11


/* Of columns that are sealed at rest only masked numbers are repeated in the log. */
static const char *
changed_value(const bx_roster *r, const bx_roster_row *row, unsigned c)
{
    bool  person_number = c == BX_R_PHONE || c == BX_R_OF(0, BX_M_PHONE) || c == BX_R_OF(1, BX_M_PHONE)
                          || c == BX_R_OF(0, BX_M_ID_NUMBER) || c == BX_R_OF(1, BX_M_ID_NUMBER);
    bool  open = c < BX_R_MEMBER && c != BX_R_ADDRESS;

    return person_number || open ? bx_roster_shown(r, row, c) : NULL;
}


static void
log_changes(bx_batch *b, const bx_entry *e)
{
    bx_run     *r = b->run;
    bx_roster  *roster = r->roster;

    for (unsigned i = 0; i < e->nchanges; i++) {
        unsigned    c = e->changes[i];
        const char *heading = roster->at[c] >= 0 ? bx_roster_heading_at(roster, (unsigned) roster->at[c])
                                                 : bx_roster_heading(r->arena, c);

        bx_insert_add(&b->log, (bx_value[]) { bx_int(r->out->id), bx_int(e->row->row), bx_int(i + 1), bx_text("changed"),
                                              bx_text(heading), bx_text(changed_value(roster, e->row, c)),
                                              bx_text(bx_roster_words(r->arena, c, e->before[i])), bx_null(), bx_null(),
                                              bx_int(e->student), bx_text(e->row->v[BX_R_NAME]) });
    }
}


static void
log_entry(bx_batch *b, const bx_entry *e)
{
    bx_run     *r = b->run;
    bx_value    id = bx_int(r->out->id), row = bx_int(e->row->row), who = bx_text(e->row->v[BX_R_NAME]);

    if (e->outcome == BX_O_CHANGED) {
        log_changes(b, e);
        return;
    }
    if (e->outcome == BX_O_ADDED) {
        bx_insert_add(&b->log, (bx_value[]) { id, row, bx_int(1), bx_text("added"), bx_null(), bx_null(), bx_null(), bx_null(),
                                              bx_null(), r->mode == BX_RUN_CHECK ? bx_null() : bx_int(e->student), who });
        return;
    }

    for (unsigned i = 0; e->outcome == BX_O_REJECTED && e->row->faults && i < e->row->nfaults; i++) {
        const bx_roster_fault *f = &e->row->faults[i];

        bx_insert_add(&b->log, (bx_value[]) { id, row, bx_int(i + 1), bx_text("rejected"),
                                              bx_text(bx_roster_heading_at(r->roster, f->at)), bx_text(f->value), bx_null(),
                                              bx_text(f->reason), bx_text(bx_run_json(r->arena, f->params, 400)), bx_null(), who });
    }
}


/* What the preview said of rows that have become something else. */
static bx_rc
forget_strayed(bx_batch *b)
{
    bx_run    *r = b->run;
    bx_value   rows[BX_ROSTER_BATCH], args[BX_IN_ROOM + 1];
    size_t     n = 0;
    bx_buf     sql;

    for (size_t i = 0; i < b->n; i++) {
        if (b->entries[i].strayed) {
            rows[n++] = bx_int(b->entries[i].row->row);
        }
    }
    if (n == 0) {
        return BX_OK;
    }

    bx_buf_init(&sql, r->arena);
    bx_buf_str(&sql, "DELETE FROM import_row WHERE import_id = ? AND row_no IN (");
    args[0] = bx_int(r->out->id);
    n = bx_in_list(&sql, args + 1, rows, n);
    bx_buf_str(&sql, ")");
    return sql.failed ? bx_refuse(r->c, BX_E_MEMORY, NULL, NULL, NULL) : bx_queue(r->c, -1, sql.data, args, n + 1);
}


bx_rc
bx_batch_log(bx_batch *b)
{
    b->log = (bx_insert) { .arena = b->run->arena, .head = sql_log_insert, .tail = sql_log_again, .width = LOG_COLUMNS };
    for (size_t i = 0; i < b->n; i++) {
        const bx_entry *e = &b->entries[i];

        if (b->run->mode != BX_RUN_APPLY || e->strayed || e->outcome == BX_O_ADDED) {
            log_entry(b, e);
        }
    }

    return b->run->mode == BX_RUN_APPLY ? forget_strayed(b) : BX_OK;
}
