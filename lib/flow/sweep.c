/* sweep.c: moves that no person makes: by the clock, in batches, or of another record because a hook decided so.
 * The same rules hold as for a person's action (version, state, history, audit), but nobody's capability is asked. */

#include "flow/flow.h"

#include <string.h>

#define SWEEP_BATCH  200


static const bx_transition *
job_transition(const bx_record_def *def, const char *action)
{
    for (const bx_transition *t = def->transitions; t->action != NULL; t++) {
        if ((t->flags & BX_BY_JOB) && strcmp(t->action, action) == 0) {
            return t;
        }
    }

    return NULL;
}


bx_rc
bx_queue_move(bx_call *c, const bx_record_def *def, const char *action, bx_id id, int64_t version, const char *state)
{
    const bx_transition *t = job_transition(def, action);
    bx_record            r = { .def = def, .call = c, .id = id, .state = state };
    char                *sql;

    if (t == NULL || !bx_word_in(t->from, state)) {
        bx_error_set(&c->error, BX_E_INTERNAL, "no move \"%s\" of %s from \"%s\"", action, def->name, state);
        return bx_refuse(c, BX_E_INTERNAL, NULL, NULL, NULL);
    }

    sql = bx_sprintf(c->arena, "UPDATE %s USE INDEX (PRIMARY) SET version = version + 1, updated_at = ?, state = ?%s%s"
                     " WHERE id = ? AND version = ? AND state = ?", def->table, t->sets != NULL ? ", " : "", t->sets != NULL ? t->sets : "");

    if (bx_queue(c, 1, sql, BX_ARGS(bx_text(bx_time_sql(c->arena, c->now)), bx_text(t->to), bx_int(id), bx_int(version),
                                    bx_text(state))) != BX_OK)
    {
        return BX_FAIL;
    }

    return bx_history_queue(c, &r, action, t->to, NULL);
}


/* Rows that the transition may take: id, version, state, school. `order` ends the statement. */
static bx_rc
candidates(bx_call *c, const bx_record_def *def, const bx_transition *t, const char *where, const bx_value *args, size_t nargs,
           const char *order, bx_rows *rows)
{
    bx_buf  sql;

    bx_buf_init(&sql, c->arena);
    bx_buf_printf(&sql, "SELECT t.id, t.version, t.state, t.school_id FROM %s t WHERE t.state IN (", def->table);
    for (const char *p = t->from; *p != '\0'; p += strspn(p, " ")) {
        size_t  n = strcspn(p, " ");

        bx_buf_str(&sql, p == t->from ? "'" : ",'");
        bx_buf_add(&sql, p, n);
        bx_buf_str(&sql, "'");
        p += n;
    }
    bx_buf_printf(&sql, ") AND (%s) ORDER BY %s", where, order);

    return bx_query(c, rows, sql.data, args, nargs);
}


bx_rc
bx_queue_moves(bx_call *c, const char *record, const char *action, const char *where, const bx_value *args, size_t nargs)
{
    const bx_record_def *def = bx_record_find(record);
    const bx_transition *t = def == NULL ? NULL : job_transition(def, action);
    bx_rows              rows;

    if (t == NULL) {
        bx_error_set(&c->error, BX_E_INTERNAL, "no job transition \"%s\" of %s", action, record);
        return bx_refuse(c, BX_E_INTERNAL, NULL, NULL, NULL);
    }
    if (candidates(c, def, t, where, args, nargs, "t.id LIMIT 200", &rows) != BX_OK) {
        return BX_FAIL;
    }

    for (size_t i = 0; i < rows.nrows; i++) {
        if (bx_queue_move(c, def, action, bx_cell_int(&rows, i, 0), bx_cell_int(&rows, i, 1), bx_cell_text(&rows, i, 2)) != BX_OK) {
            return BX_FAIL;
        }
    }

    return BX_OK;
}


/* One batch of one school: rows first … first+n-1. Each row is its own UPDATE with version and state; a row that changed
 * meanwhile is left for the next run, so expect is not used. */
static bx_rc
sweep_batch(bx_call *c, const bx_record_def *def, const bx_transition *t, const bx_rows *rows, size_t first, size_t n,
            unsigned *moved)
{
    json_t *ids = bx_own(c->arena, json_array());
    json_t *changes = bx_own(c->arena, json_object());
    bx_id   school = bx_cell_int(rows, first, 3);

    bx_queue_clear(c);

    for (size_t i = first; i < first + n; i++) {
        if (bx_queue_move(c, def, t->action, bx_cell_int(rows, i, 0), bx_cell_int(rows, i, 1), bx_cell_text(rows, i, 2)) != BX_OK) {
            return BX_FAIL;
        }
        json_array_append_new(ids, bx_id_json(bx_cell_int(rows, i, 0)));
    }

    json_object_set(changes, "ids", ids);
    json_object_set_new(changes, "state", json_string(t->to));

    if (bx_commit_batch(c, school, t->action, def->name, 0, changes) == BX_OK) {
        *moved += (unsigned) n;
        return BX_OK;
    }
    if (!c->raced) {
        return BX_FAIL;
    }

    /* a person was faster with one of them: row by row, the rest still moves */
    c->raced = false;
    c->problem = (bx_problem) { 0 };
    if (n == 1) {
        return BX_OK;
    }
    for (size_t i = first; i < first + n; i++) {
        if (sweep_batch(c, def, t, rows, i, 1, moved) != BX_OK) {
            return BX_FAIL;
        }
    }
    return BX_OK;
}


bx_rc
bx_sweep(bx_call *c, const bx_record_def *def, const char *action, const char *where, const bx_value *args, size_t nargs,
         unsigned *moved)
{
    const bx_transition *t = job_transition(def, action);
    bx_rows              rows;

    *moved = 0;
    if (t == NULL) {
        bx_error_set(&c->error, BX_E_INTERNAL, "no job transition \"%s\" of %s", action, def->name);
        return bx_refuse(c, BX_E_INTERNAL, NULL, NULL, NULL);
    }

    if (candidates(c, def, t, where, args, nargs, "t.school_id, t.id LIMIT 5000", &rows) != BX_OK) {
        return BX_FAIL;
    }

    for (size_t first = 0, n; first < rows.nrows; first += n) {
        for (n = 1; n < SWEEP_BATCH && first + n < rows.nrows
                    && bx_cell_int(&rows, first + n, 3) == bx_cell_int(&rows, first, 3); n++)
        {
            /* rows of one school */
        }
        if (sweep_batch(c, def, t, &rows, first, n, moved) != BX_OK) {
            return BX_FAIL;
        }
    }

    return BX_OK;
}
