/*
 * attendance_integrity.c: are rolls taken, and do they say what was seen? For the academic office: classes that do not hand in, rolls
 * that come late or are corrected, and rolls that look as if nobody had looked. It accuses nobody: it says where to ask. Reads only.
 */

#include "flow/flow.h"
#include "plugins/attendance.h"

#include <inttypes.h>
#include <string.h>

typedef struct { bx_id id; int full, quick, others; bool ended; } streak;

static const char sql_classes[] =
    "SELECT u.id, u.stage, u.entry_year, u.class_no, u.name, s.name FROM org_unit u JOIN org_unit s ON s.id = u.school_id WHERE u.school_id = ?"
    " AND u.level = 'class' AND u.closed_on IS NULL AND ";

/* The newest first. others: percent of children in the school's other classes who were not simply there in the same session. */
static const char sql_rolls[] =
    "SELECT r.class_id, r.day, r.session, r.due, r.exceptions, r.late_entry, r.corrected_at IS NOT NULL, r.seconds FROM roll_call r FORCE INDEX (school)"
    " WHERE r.school_id = ? AND r.day >= ? AND r.day <= ? ORDER BY r.day DESC, r.session DESC, r.class_id LIMIT 20000";

static const char sql_missing[] =
    "SELECT e.class_id, COUNT(*) FROM roll_expected e FORCE INDEX (school) LEFT JOIN roll_call r ON r.class_id = e.class_id AND r.day = e.day"
    " AND r.session = e.session WHERE e.school_id = ? AND e.day >= ? AND e.day <= ? AND e.due_at <= ? AND r.id IS NULL GROUP BY e.class_id";

typedef struct { int64_t rote_rolls, rote_seconds, rote_percent; } limits;

/* A group of rows of one day and session: what the other classes say. */
static void
look_at_session(const bx_rows *rolls, size_t from, size_t to, const limits *l, streak *s, size_t n)
{
    int64_t  due = 0, exceptions = 0;

    for (size_t i = from; i < to; i++) {
        due += bx_cell_int(rolls, i, 3);
        exceptions += bx_cell_int(rolls, i, 4);
    }

    for (size_t i = from; i < to; i++) {
        bx_id    id = bx_cell_int(rolls, i, 0);
        int64_t  other = due - bx_cell_int(rolls, i, 3), away = exceptions - bx_cell_int(rolls, i, 4);

        for (size_t k = 0; k < n; k++) {
            if (s[k].id != id || s[k].ended) {
                continue;
            }
            if (bx_cell_int(rolls, i, 4) != 0) {
                s[k].ended = true;
                continue;
            }
            s[k].full++;
            s[k].quick += bx_cell(rolls, i, 7)->kind != BX_V_NULL && bx_cell_int(rolls, i, 7) <= l->rote_seconds;
            s[k].others += other > 0 && away * 100 >= l->rote_percent * other;
        }
    }
}

static const char *
rote(const streak *s, const limits *l)
{
    if (s->full < l->rote_rolls) {
        return NULL;
    }

    return s->quick >= l->rote_rolls ? "quick" : s->others >= l->rote_rolls ? "others" : NULL;
}

static bx_rc
read_all(bx_call *c, bx_id school, bx_date from, bx_date to, bx_rows *classes, bx_rows *rolls, bx_rows *missing)
{
    bx_value  args[64] = { bx_int(school) }, first = bx_text(bx_date_text(c->arena, from)), last = bx_text(bx_date_text(c->arena, to));
    size_t    n = 1;
    bx_buf    sql;

    bx_buf_init(&sql, c->arena);
    bx_buf_str(&sql, sql_classes);
    if (bx_scope_where(c, BX_SCOPE_UNIT, "u", "attendance.integrity", &sql, args, &n, 64) != BX_OK) {
        return BX_FAIL;
    }
    bx_buf_str(&sql, " ORDER BY FIELD(u.stage, 'primary', 'junior'), u.entry_year DESC, u.class_no LIMIT 300");
    if (sql.failed) {
        return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
    }
    if (bx_query(c, classes, sql.data, args, n) != BX_OK) {
        return BX_FAIL;
    }
    if (classes->nrows == 0) {
        return bx_refuse(c, BX_E_NOT_FOUND, NULL, NULL, NULL);
    }

    return bx_query(c, rolls, sql_rolls, BX_ARGS(bx_int(school), first, last)) == BX_OK
           ? bx_query(c, missing, sql_missing, BX_ARGS(bx_int(school), first, last, bx_text(bx_time_sql(c->arena, c->now)))) : BX_FAIL;
}

static json_t *
class_json(bx_call *c, const bx_rows *classes, size_t k, const bx_rows *rolls, const bx_rows *missing, const streak *s, const limits *l)
{
    int         taken = 0, late = 0, corrected = 0, untaken = 0;
    const char *stage = bx_cell_text(classes, k, 1);

    for (size_t i = 0; i < rolls->nrows; i++) {
        if (bx_cell_int(rolls, i, 0) == s->id) {
            taken++;
            late += bx_cell_int(rolls, i, 5) != 0;
            corrected += bx_cell_int(rolls, i, 6) != 0;
        }
    }
    for (size_t i = 0; i < missing->nrows; i++) {
        untaken += bx_cell_int(missing, i, 0) == s->id ? (int) bx_cell_int(missing, i, 1) : 0;
    }

    return json_pack("{s:o, s:s, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:s?}", "class_id", bx_id_json(s->id), "class_name", stage == NULL ? bx_cell_text(classes, k, 4)
        : bx_class_label(c->arena, c->lang, stage, (int) bx_cell_int(classes, k, 2), (int) bx_cell_int(classes, k, 3), bx_date_of(c->now)),
        "taken", taken, "missing", untaken, "late_entries", late, "corrected", corrected, "full", s->full, "quick", s->quick, "others", s->others,
        "rote", rote(s, l));
}

bx_rc
bx_attendance_integrity(bx_call *c)
{
    bx_rows  classes, rolls, missing;
    bx_id    school;
    bx_date  from, to;
    limits   l;
    streak  *s;
    size_t   i, end;
    json_t  *list = bx_own(c->arena, json_array());

    if (bx_attendance_school(c, &school) != BX_OK || bx_attendance_span(c, &from, &to) != BX_OK
        || bx_rule_int(c, "roll.rote_rolls", school, &l.rote_rolls) != BX_OK || bx_rule_int(c, "roll.rote_seconds", school, &l.rote_seconds) != BX_OK
        || bx_rule_int(c, "roll.rote_percent", school, &l.rote_percent) != BX_OK || read_all(c, school, from, to, &classes, &rolls, &missing) != BX_OK)
    {
        return BX_FAIL;
    }

    s = bx_alloc(c->arena, classes.nrows * sizeof(*s));
    if (s == NULL) {
        return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
    }
    for (i = 0; i < classes.nrows; i++) {
        s[i].id = bx_cell_int(&classes, i, 0);
    }
    for (i = 0; i < rolls.nrows; i = end) {
        for (end = i + 1; end < rolls.nrows && strcmp(bx_cell_text(&rolls, end, 1), bx_cell_text(&rolls, i, 1)) == 0
             && bx_cell_int(&rolls, end, 2) == bx_cell_int(&rolls, i, 2); end++) {
            /* one day and session */
        }
        look_at_session(&rolls, i, end, &l, s, classes.nrows);
    }
    for (i = 0; i < classes.nrows; i++) {
        json_array_append_new(list, class_json(c, &classes, i, &rolls, &missing, &s[i], &l));
    }

    return bx_answer(c, 200, json_pack("{s:s, s:s, s:s, s:{s:I, s:I, s:I}, s:O}", "school_name", bx_cell_text(&classes, 0, 5), "from",
        bx_date_text(c->arena, from), "to", bx_date_text(c->arena, to), "rules", "roll.rote_rolls", (json_int_t) l.rote_rolls, "roll.rote_seconds",
        (json_int_t) l.rote_seconds, "roll.rote_percent", (json_int_t) l.rote_percent, "classes", list));
}
