/*
 * attendance_integrity.c: are rolls taken, and do they say what was seen? For the academic office: classes that do not hand in, rolls
 * that come late or are corrected, and rolls that look as if nobody had looked. It accuses nobody: it says where to ask. Reads only.
 */

#include "flow/flow.h"
#include "plugins/attendance.h"

#include <inttypes.h>
#include <string.h>

/* same: days with the list of absent children of `since`, which is rows lo … hi of the marks on its newest day. */
typedef struct { bx_id id; int full, quick, others, same; bool ended, same_ended; const char *since; size_t lo, hi; } streak;

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

/* Who was absent without leave, a row a class, day and child, the newest day first; and when somebody last spoke with the family. */
static const char sql_absent[] =
    "SELECT m.class_id, m.day, m.student_id, GREATEST("
    " IFNULL((SELECT MAX(k.happened_on) FROM contact k FORCE INDEX (student) WHERE k.student_id = m.student_id AND k.at >= ?), '1970-01-01'),"
    " IFNULL((SELECT MAX(DATE(v.at)) FROM home_visit v FORCE INDEX (student) WHERE v.student_id = m.student_id AND v.at >= ?), '1970-01-01'),"
    " IFNULL((SELECT MAX(p.made_on) FROM persuasion p FORCE INDEX (student) WHERE p.student_id = m.student_id), '1970-01-01'))"
    " FROM attendance_mark m FORCE INDEX (school) WHERE m.school_id = ? AND m.day >= ? AND m.day <= ? AND m.kind = 3"
    " AND NOT EXISTS (SELECT 1 FROM attendance_mark x FORCE INDEX (PRIMARY) WHERE x.student_id = m.student_id AND x.day = m.day AND x.supersedes = m.id)"
    " AND NOT EXISTS (SELECT 1 FROM leave_request q WHERE q.student_id = m.student_id AND q.ends_on >= m.day AND q.starts_on <= m.day"
    "   AND q.state IN ('provisional', 'approved', 'away', 'overdue', 'awaiting_paper', 'returned')"
    "   AND (q.starts_on < m.day OR q.starts_period <= m.last_period) AND (q.ends_on > m.day OR q.ends_period >= m.first_period))"
    " GROUP BY m.day, m.class_id, m.student_id ORDER BY m.day DESC, m.class_id, m.student_id LIMIT 40000";

typedef struct { int64_t rote_rolls, rote_seconds, rote_percent, rote_days; } limits;

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

/* Are rows a … of the marks the children of rows lo … hi, n of them? */
static bool
same_children(const bx_rows *absent, size_t lo, size_t a, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (bx_cell_int(absent, lo + i, 2) != bx_cell_int(absent, a + i, 2)) {
            return false;
        }
    }

    return true;
}

/* A class took its roll on a day on which rows from … to of the marks are those of its school. */
static void
look_at_list(const bx_rows *absent, size_t from, size_t to, const char *day, streak *s)
{
    size_t  lo = from, hi;

    while (lo < to && bx_cell_int(absent, lo, 0) != s->id) {
        lo++;
    }
    for (hi = lo; hi < to && bx_cell_int(absent, hi, 0) == s->id; hi++) {
        /* the children of this class */
    }

    if (hi == lo || (s->same > 0 && (hi - lo != s->hi - s->lo || !same_children(absent, s->lo, lo, hi - lo)))) {
        s->same_ended = true;
        return;
    }
    if (s->same++ == 0) {
        s->lo = lo;
        s->hi = hi;
    }
    s->since = day;
}

/* From the newest day back: on how many days a class had the same children absent. A day without a roll says nothing. */
static void
look_at_lists(const bx_rows *rolls, const bx_rows *absent, streak *s, size_t n)
{
    size_t  end, from = 0, to;

    for (size_t i = 0; i < rolls->nrows; i = end) {
        const char *day = bx_cell_text(rolls, i, 1);

        for (end = i + 1; end < rolls->nrows && strcmp(bx_cell_text(rolls, end, 1), day) == 0; end++) {
            /* one day */
        }
        for (; from < absent->nrows && strcmp(bx_cell_text(absent, from, 1), day) > 0; from++) {
            /* newer days */
        }
        for (to = from; to < absent->nrows && strcmp(bx_cell_text(absent, to, 1), day) == 0; to++) {
            /* that day */
        }

        for (size_t k = 0; k < n; k++) {
            bool  taken = false;

            for (size_t r = i; r < end && !s[k].same_ended && !taken; r++) {
                taken = bx_cell_int(rolls, r, 0) == s[k].id;
            }
            if (taken) {
                look_at_list(absent, from, to, day, &s[k]);
            }
        }
    }
}

/* Is there a child on the list with whose family nobody has spoken since it is the same? */
static bool
one_unasked(const bx_rows *absent, const streak *s)
{
    for (size_t i = s->lo; i < s->hi; i++) {
        if (strcmp(bx_cell_text(absent, i, 3), s->since) < 0) {
            return true;
        }
    }

    return false;
}

static const char *
rote(const streak *s, const limits *l, const bx_rows *absent)
{
    if (s->full >= l->rote_rolls && s->quick >= l->rote_rolls) {
        return "quick";
    }
    if (s->full >= l->rote_rolls && s->others >= l->rote_rolls) {
        return "others";
    }

    return s->same >= l->rote_days && one_unasked(absent, s) ? "same" : NULL;
}

static bx_rc
read_all(bx_call *c, bx_id school, bx_date from, bx_date to, bx_rows *classes, bx_rows *rolls, bx_rows *missing,
         bx_rows *absent)
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
           && bx_query(c, absent, sql_absent, BX_ARGS(first, first, bx_int(school), first, last)) == BX_OK
           ? bx_query(c, missing, sql_missing, BX_ARGS(bx_int(school), first, last, bx_text(bx_time_sql(c->arena, c->now)))) : BX_FAIL;
}

static json_t *
class_json(bx_call *c, const bx_rows *classes, size_t k, const bx_rows *rolls, const bx_rows *missing, const bx_rows *absent,
           const streak *s, const limits *l)
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

    return json_pack("{s:o, s:s, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:s?}", "class_id", bx_id_json(s->id), "class_name", stage == NULL ? bx_cell_text(classes, k, 4)
        : bx_class_label(c->arena, c->lang, stage, (int) bx_cell_int(classes, k, 2), (int) bx_cell_int(classes, k, 3), bx_date_of(c->now)),
        "taken", taken, "missing", untaken, "late_entries", late, "corrected", corrected, "full", s->full, "quick", s->quick, "others", s->others,
        "same", s->same, "rote", rote(s, l, absent));
}

bx_rc
bx_attendance_integrity(bx_call *c)
{
    bx_rows  classes, rolls, missing, absent;
    bx_id    school;
    bx_date  from, to;
    limits   l;
    streak  *s;
    size_t   i, end;
    json_t  *list = bx_own(c->arena, json_array());

    if (bx_attendance_school(c, &school) != BX_OK || bx_attendance_span(c, &from, &to) != BX_OK
        || bx_rule_int(c, "roll.rote_rolls", school, &l.rote_rolls) != BX_OK || bx_rule_int(c, "roll.rote_seconds", school, &l.rote_seconds) != BX_OK
        || bx_rule_int(c, "roll.rote_percent", school, &l.rote_percent) != BX_OK || bx_rule_int(c, "roll.rote_days", school, &l.rote_days) != BX_OK
        || read_all(c, school, from, to, &classes, &rolls, &missing, &absent) != BX_OK)
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
    look_at_lists(&rolls, &absent, s, classes.nrows);
    for (i = 0; i < classes.nrows; i++) {
        json_array_append_new(list, class_json(c, &classes, i, &rolls, &missing, &absent, &s[i], &l));
    }

    return bx_answer(c, 200, json_pack("{s:s, s:s, s:s, s:{s:I, s:I, s:I, s:I}, s:O}", "school_name", bx_cell_text(&classes, 0, 5), "from",
        bx_date_text(c->arena, from), "to", bx_date_text(c->arena, to), "rules", "roll.rote_rolls", (json_int_t) l.rote_rolls, "roll.rote_seconds",
        (json_int_t) l.rote_seconds, "roll.rote_percent", (json_int_t) l.rote_percent,
        "roll.rote_days", (json_int_t) l.rote_days, "classes", list));
}
