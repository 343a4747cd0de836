/*
 * attendance_roll.c: taking the roll of a class and correcting it. A roll says that all were there but those it names; what is
 * stored are the roll and the exceptions, and a correction adds a mark and keeps the old one. Owns roll_call and attendance_mark.
 * Does not own what is read (attendance_sheet.c), nor what follows from a mark (attendance_ladder.c).
 */

#include "plugins/attendance_roll.h"
#include "plugins/leave.h"

#include <inttypes.h>
#include <string.h>

#define MARK_ARGS  14

/* ------------------------------------------------------------------ the body */

static bx_rc
fault(bx_roll *r, size_t i, const char *field, const char *reason)
{
    return bx_refuse(r->c, BX_E_INVALID, bx_sprintf(r->a, "marks.%zu.%s", i, field), reason, NULL);
}

/* "08:20" → 500; -1 when it is none. */
static int
clock_parse(const char *s)
{
    int  h, m;

    if (s == NULL || strlen(s) != 5 || s[2] != ':' || s[0] < '0' || s[0] > '2' || s[1] < '0' || s[1] > '9' || s[3] < '0' || s[3] > '5'
        || s[4] < '0' || s[4] > '9')
    {
        return -1;
    }

    h = (s[0] - '0') * 10 + s[1] - '0';
    m = (s[3] - '0') * 10 + s[4] - '0';
    return h > 23 ? -1 : h * 60 + m;
}

/* Nobody says when: now, while the session goes on; else in its first period, or at its end. */
static int
clock_guess(const bx_roll *r, int kind)
{
    int  now = bx_minute_of(bx_call_now(r->c)), begins = r->bells->begins[r->span.first - 1], ends = r->bells->ends[r->span.last - 1];

    if (r->day == r->today && now > begins && now < ends) {
        return now;
    }

    return kind == BX_MARK_LATE ? begins + 1 : ends;
}

static bool
reason_known(const char *reason)
{
    const bx_code_list *list = bx_codes_find("absence_reason");

    for (const bx_code *k = list == NULL ? NULL : list->codes; k != NULL && k->code != NULL; k++) {
        if (strcmp(k->code, reason) == 0) {
            return true;
        }
    }

    return false;
}

static bx_rc
take_words(bx_roll *r, size_t i, json_t *j, bx_roll_mark *m)
{
    json_t     *reason = json_object_get(j, "reason"), *note = json_object_get(j, "note");
    const char *s;

    if (reason != NULL && !json_is_null(reason)) {
        if (!json_is_string(reason) || !reason_known(json_string_value(reason))) {
            return fault(r, i, "reason", "not_in_list");
        }
        m->reason = json_string_value(reason);
    }
    if (note != NULL && !json_is_null(note)) {
        s = json_is_string(note) && strlen(json_string_value(note)) == json_string_length(note) ? json_string_value(note) : NULL;
        if (s == NULL || !bx_text_clean(s)) {
            return fault(r, i, "note", "not_text");
        }
        s = bx_trim(r->a, s);
        if (bx_utf8_count(s) > 100) {
            return bx_refuse(r->c, BX_E_INVALID, bx_sprintf(r->a, "marks.%zu.note", i), "too_long",
                             json_pack("{s:i, s:i}", "max", 100, "length", (int) bx_utf8_count(s)));
        }
        m->note = *s == '\0' ? NULL : s;
    }

    return BX_OK;
}

static bx_rc
take_mark(bx_roll *r, size_t i, json_t *j)
{
    bx_roll_child      *k;
    bx_roll_mark        m = { .minute = -1, .first = r->span.first, .last = r->span.last };
    json_t     *clock;

    if (!json_is_object(j)) {
        return fault(r, i, "student_id", "required");
    }
    k = bx_roll_child_of(r, bx_id_parse(json_string_value(json_object_get(j, "student_id"))));
    if (k == NULL) {
        return fault(r, i, "student_id", "student_not_found");
    }
    if (k->named) {
        return fault(r, i, "student_id", "attendance.twice");
    }
    m.kind = bx_mark_kind_parse(json_string_value(json_object_get(j, "kind")));
    if (m.kind < 0) {
        return fault(r, i, "kind", "not_in_list");
    }
    if (take_words(r, i, j, &m) != BX_OK) {
        return BX_FAIL;
    }

    if (m.kind == BX_MARK_LATE || m.kind == BX_MARK_LEFT_EARLY) {
        clock = json_object_get(j, "clock");
        m.minute = clock == NULL || json_is_null(clock) ? clock_guess(r, m.kind) : clock_parse(json_string_value(clock));
        if (m.minute < 0) {
            return fault(r, i, "clock", "attendance.clock");
        }
    } else if (m.kind == BX_MARK_LEAVE && k->leave.id != 0) {
        m.first = k->leave.first;
        m.last = k->leave.last;
    }

    k->named = true;
    k->wanted = m;
    return BX_OK;
}

/* whole: who is not named is there, or on the leave that is known. */
static bx_rc
take_marks(bx_roll *r, bool whole)
{
    json_t  *body = bx_call_body(r->c), *marks = json_object_get(body, "marks"), *j;
    size_t   i;

    if (!json_is_array(marks) || (!whole && json_array_size(marks) == 0)) {
        return bx_refuse(r->c, BX_E_INVALID, "marks", marks == NULL ? "required" : "not_list", NULL);
    }
    if (json_array_size(marks) > BX_ROLL_MAX) {
        return bx_refuse(r->c, BX_E_INVALID, "marks", "too_many", json_pack("{s:i}", "max", BX_ROLL_MAX));
    }
    json_array_foreach(marks, i, j) {
        if (take_mark(r, i, j) != BX_OK) {
            return BX_FAIL;
        }
    }

    for (i = 0; i < r->n; i++) {
        bx_roll_child *k = &r->children[i];

        if (k->named || !whole) {
            continue;
        }
        k->named = true;
        k->wanted = (bx_roll_mark) { .kind = BX_MARK_PRESENT, .minute = -1, .first = r->span.first, .last = r->span.last };
        if (bx_roll_excuses(&k->leave)) {
            k->wanted.kind = BX_MARK_LEAVE;
            k->wanted.first = k->leave.first;
            k->wanted.last = k->leave.last;
        }
    }

    return BX_OK;
}

/* ------------------------------------------------------------------ saving */

static bool
same_text(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* Does the roll say it already? Without a mark a child was there; on leave that is said in so many words. */
static bool
says_already(const bx_roll *r, const bx_roll_child *k)
{
    const bx_roll_mark *w = &k->wanted, *n = &k->now;

    if (n->id == 0) {
        return w->kind == BX_MARK_PRESENT && (!r->fresh || !bx_roll_excuses(&k->leave)) && w->reason == NULL && w->note == NULL;
    }

    return w->kind == n->kind && w->minute == n->minute && w->first == n->first && w->last == n->last && same_text(w->reason, n->reason)
           && same_text(w->note, n->note);
}

/* Queues the marks of everybody about whom the roll says something new. */
static bx_rc
queue_marks(bx_roll *r, bx_pending_mark *pending, size_t *npending)
{
    bx_value *args = bx_alloc(r->a, r->n * MARK_ARGS * sizeof(*args));
    size_t    n = 0;
    bx_buf    sql;

    if (args == NULL) {
        return bx_refuse(r->c, BX_E_MEMORY, NULL, NULL, NULL);
    }
    bx_buf_init(&sql, r->a);
    bx_buf_str(&sql, "INSERT INTO attendance_mark (student_id, day, id, class_id, school_id, first_period, last_period, kind, minute, reason,"
               " note, roll_id, supersedes, saved_by, saved_at) VALUES ");

    for (size_t i = 0; i < r->n; i++) {
        bx_roll_child *k = &r->children[i];
        bx_roll_mark  *w = &k->wanted;

        if (!k->named || says_already(r, k)) {
            continue;
        }
        bx_buf_str(&sql, n == 0 ? "" : ",");
        bx_buf_str(&sql, "(?,?,?,?,?,?,?,?,?,?,?,?,?,?,at)");
        w->id = bx_id_new();
        w->supersedes = k->now.id;
        w->by = bx_call_actor(r->c);
        w->at = bx_call_now(r->c);
        const bx_value row[MARK_ARGS] = {
            bx_int(k->id), bx_text(bx_date_text(r->a, r->day)), bx_int(w->id), bx_int(r->scope.class_id), bx_int(r->scope.school),
            bx_int(w->first), bx_int(w->last), bx_int(w->kind), w->minute < 0 ? bx_null() : bx_int(w->minute), bx_text(w->reason),
            bx_text(w->note), bx_int(r->id), w->supersedes == 0 ? bx_null() : bx_int(w->supersedes), bx_int(bx_call_account(r->c))
        };

        memcpy(args + n, row, sizeof(row));
        n += MARK_ARGS;
        pending[(*npending)++] = (bx_pending_mark) { k->id, { r->day, (int16_t) w->first, (int16_t) w->last, (int16_t) w->minute,
                                                              (bx_mark_kind) w->kind, bx_call_now(r->c) } };
        k->before = k->now;
        k->now = *w;
    }

    return n == 0 ? BX_OK : bx_queue(r->c, (int) (n / MARK_ARGS), sql.data, args, n);
}

static int
count_exceptions(const bx_roll *r)
{
    int  n = 0;

    for (size_t i = 0; i < r->n; i++) {
        n += r->children[i].now.id != 0 && r->children[i].now.kind != BX_MARK_PRESENT;
    }

    return n;
}

/* When the phone kept it, if it says so and that is in the past. */
static bx_value
taken_at(bx_roll *r)
{
    const char *s = json_string_value(json_object_get(bx_call_body(r->c), "taken_at"));
    char       *sql;
    bx_time     t;

    if (s == NULL || strlen(s) < 19) {
        return bx_null();
    }

    sql = bx_strndup(r->a, s, 19);
    if (sql == NULL) {
        return bx_null();
    }
    sql[10] = ' ';
    t = bx_time_parse_sql(sql);
    return t == BX_NO_TIME || t > bx_call_now(r->c) || t < bx_call_now(r->c) - 31 * 86400 ? bx_null() : bx_text(bx_time_sql(r->a, t));
}

/* How long the sheet was looked at, if the page says so. */
static bx_value
seconds_of(const bx_roll *r)
{
    const json_t *j = json_object_get(bx_call_body(r->c), "seconds");

    return json_is_integer(j) && json_integer_value(j) >= 0 && json_integer_value(j) <= 3600 ? bx_int(json_integer_value(j)) : bx_null();
}

static bx_rc
queue_roll(bx_roll *r, bool fresh)
{
    const char *day = bx_date_text(r->a, r->day), *now = bx_time_sql(r->a, bx_call_now(r->c));

    if (!fresh) {
        return bx_queue(r->c, 1, "UPDATE roll_call SET version = version + 1, exceptions = ?, corrected_at = ? WHERE id = ? AND version = ?",
                        BX_ARGS(bx_int(count_exceptions(r)), bx_text(now), bx_int(r->id), bx_int(r->version)));
    }

    if (bx_queue(r->c, 1, "INSERT INTO roll_call (class_id, day, session, id, school_id, township_id, first_period, last_period, due,"
                 " exceptions, late_entry, taken_at, saved_at, saved_by, seconds) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                 BX_ARGS(bx_int(r->scope.class_id), bx_text(day), bx_int(r->span.session), bx_int(r->id), bx_int(r->scope.school),
                         r->scope.township == 0 ? bx_null() : bx_int(r->scope.township), bx_int(r->span.first), bx_int(r->span.last),
                         bx_int((int64_t) r->n), bx_int(count_exceptions(r)), bx_int(r->late_entry), taken_at(r), bx_text(now),
                         bx_int(bx_call_account(r->c)), seconds_of(r))) != BX_OK)
    {
        return BX_FAIL;
    }

    return bx_roll_taken(r->c, r->scope.class_id, r->day, r->span.session, r->id);
}

/* Children about whom something new was said, and those whose run may end because nothing was. */
static bx_rc
recompute(bx_roll *r, bool fresh, const bx_pending_mark *marks, size_t nmarks)
{
    bx_pending  pending = { .marks = marks, .nmarks = nmarks };
    bx_id       ids[2 * BX_ROLL_MAX];
    size_t      n = 0, k;

    if (fresh) {
        pending.roll_class = r->scope.class_id;
        pending.roll = (bx_ladder_roll) { r->day, (int16_t) r->span.first, (int16_t) r->span.last };
    }

    for (size_t i = 0; i < nmarks + (fresh ? r->nothers : 0); i++) {
        bx_id  id = i < nmarks ? marks[i].student : r->others[i - nmarks];

        for (k = 0; k < n && ids[k] != id; k++) {
            /* each child once */
        }
        if (k == n) {
            ids[n++] = id;
        }
    }

    return n == 0 ? BX_OK : bx_attendance_recompute(r->c, ids, n, r->day, &pending);
}

/* The periods in which the mark that counts shows the child in class. Nobody can be seen in a period that is to come: of those
 * only the first is believed, since a roll may be taken before its bell. */
static bool
seen_in(const bx_roll *r, const bx_roll_mark *m, bx_leave_seen *seen)
{
    bx_time  now = bx_call_now(r->c);

    seen->first = r->span.first;
    seen->last = r->span.last;
    if (m->id != 0 && m->kind == BX_MARK_LATE) {
        while (seen->first < seen->last && r->bells->ends[seen->first - 1] <= m->minute) {
            seen->first++;
        }
    } else if (m->id != 0 && m->kind == BX_MARK_LEFT_EARLY) {
        while (seen->last > seen->first && r->bells->begins[seen->last - 1] >= m->minute) {
            seen->last--;
        }
    } else if (m->id != 0 && m->kind != BX_MARK_PRESENT) {
        return false;
    }

    seen->until = seen->first;
    while (seen->until < seen->last && bx_time_at(r->day, r->bells->begins[seen->until]) <= now) {
        seen->until++;
    }

    return true;
}

/* Children of whom the roll speaks now and who are there are back from their leave: nobody types it twice. */
static bx_rc
end_leaves(bx_roll *r, json_t *ids)
{
    bx_leave_seen  seen[BX_ROLL_MAX];
    size_t         n = 0;

    for (size_t i = 0; i < r->n; i++) {
        if (r->children[i].named && seen_in(r, &r->children[i].now, &seen[n])) {
            seen[n++].student = r->children[i].id;
        }
    }

    return bx_leave_came_back(r->c, r->scope.class_id, r->cal, r->day, seen, n, ids);
}

static json_t *
changes_json(const bx_roll *r, const bx_pending_mark *marks, size_t n, json_t *back)
{
    json_t *list = json_array();

    for (size_t i = 0; i < n; i++) {
        json_array_append_new(list, json_pack("{s:o, s:s}", "student", bx_id_json(marks[i].student), "kind",
                                              bx_mark_kind_name((int) marks[i].mark.kind)));
    }

    return bx_own(r->a, json_pack("{s:s, s:s, s:i, s:o, s:O}", "day", bx_date_text(r->a, r->day), "session",
                                  bx_session_text(r->a, r->span.session), "due", (int) r->n, "marks", list, "back_from_leave", back));
}

static bx_rc
save(bx_roll *r, bool fresh)
{
    bx_pending_mark *marks = bx_alloc(r->a, (r->n + 1) * sizeof(*marks));
    json_t          *back = bx_own(r->a, json_array());
    size_t           n = 0;

    if (marks == NULL || back == NULL) {
        return bx_refuse(r->c, BX_E_MEMORY, NULL, NULL, NULL);
    }
    if (fresh) {
        r->fresh = true;
        r->id = bx_id_new();
        r->late_entry = r->today > r->day;
        r->saved_at = bx_call_now(r->c);
        r->saved_by = bx_call_actor(r->c);
    }
    if (queue_marks(r, marks, &n) != BX_OK || queue_roll(r, fresh) != BX_OK || recompute(r, fresh, marks, n) != BX_OK || end_leaves(r, back) != BX_OK)
    {
        return BX_FAIL;
    }
    r->version = fresh ? 1 : r->version + 1;
    if (bx_roll_answer(r, fresh ? 201 : 200) != BX_OK) {
        return BX_FAIL;
    }

    return bx_commit(r->c, r->scope.school, fresh ? "take" : "correct", "roll-calls", r->id, changes_json(r, marks, n, back));
}

/* ------------------------------------------------------------------ POST roll-calls */

static bx_rc
check_when(bx_roll *r)
{
    bx_date  starts, ends;

    if (bx_call_now(r->c) < bx_time_at(r->day, r->bells->begins[r->span.first - 1] - BX_ROLL_EARLY)) {
        return bx_refuse(r->c, BX_E_INVALID, "session", "attendance.too_early",
                         json_pack("{s:o}", "clock", bx_clock_json(r->bells->begins[r->span.first - 1])));
    }
    if (bx_calendar_term(r->cal, r->today, &starts, &ends) && r->day < starts) {
        return bx_refuse(r->c, BX_E_INVALID, "day", "attendance.past_term", NULL);
    }

    return BX_OK;
}

/* Who may change a roll that was taken: on its day whoever may take it, later the office. */
static bx_rc
check_correct(bx_roll *r)
{
    if (r->day == r->today || bx_scope_allows(r->c, "attendance.correct", &r->scope)) {
        return BX_OK;
    }

    return bx_refuse(r->c, BX_E_FORBIDDEN, NULL, "attendance.office_corrects", NULL);
}

static bx_rc
check_version(bx_roll *r)
{
    const char *wanted = bx_sprintf(r->a, "\"%" PRId64 "\"", r->version);

    if (r->c->if_match == NULL) {
        return bx_refuse(r->c, BX_E_NO_IF_MATCH, NULL, NULL, NULL);
    }

    return strcmp(r->c->if_match, wanted) == 0 ? BX_OK : bx_refuse(r->c, BX_E_STALE, NULL, NULL, NULL);
}

/* Somebody else has taken it: the page shows whose it is, and lets it be corrected. */
static bx_rc
refuse_taken(bx_roll *r)
{
    bx_refuse(r->c, BX_E_CONFLICT, "session", "attendance.taken", json_pack("{s:s}", "name", r->saved_by));
    bx_refuse_add(r->c, "roll", json_pack("{s:o, s:I, s:s, s:s}", "id", bx_id_json(r->id), "version", (json_int_t) r->version, "by",
                                          r->saved_by, "at", bx_time_iso(r->a, r->saved_at)));
    return BX_FAIL;
}

typedef bx_rc (*attempt)(bx_roll *r);

/* Again while somebody else changes what was read. */
static bx_rc
try_again(bx_call *c, attempt fn)
{
    bx_roll  *r;

    for (int i = 0; i < 3; i++) {
        r = bx_alloc(bx_call_arena(c), sizeof(*r));
        if (r == NULL) {
            return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
        }
        r->c = c;
        r->a = bx_call_arena(c);
        c->raced = false;
        c->problem = (bx_problem) { 0 };
        bx_queue_clear(c);
        if (fn(r) == BX_OK) {
            return BX_OK;
        }
        if (!c->raced) {
            return BX_FAIL;
        }
    }

    return BX_FAIL;
}

static bx_rc
take(bx_roll *r)
{
    json_t      *body = bx_call_body(r->c);
    json_t      *class_id = json_object_get(body, "class_id"), *session = json_object_get(body, "session"), *day = json_object_get(body, "day");

    if (bx_roll_load_class(r, class_id != NULL ? bx_id_parse(json_string_value(class_id)) : bx_roll_own_class(r->c), "attendance.take") != BX_OK
        || bx_roll_load_day(r, day == NULL ? NULL : json_is_string(day) ? json_string_value(day) : "") != BX_OK
        || bx_roll_choose_session(r, session == NULL ? NULL : json_is_string(session) ? json_string_value(session) : "") != BX_OK
        || check_when(r) != BX_OK || bx_roll_load_all(r) != BX_OK)
    {
        return BX_FAIL;
    }
    if (r->n == 0) {
        return bx_refuse(r->c, BX_E_INVALID, "class_id", "attendance.empty_class", NULL);
    }
    if (r->id != 0 && r->c->if_match == NULL) {
        return refuse_taken(r);
    }
    if (r->id != 0 && (check_correct(r) != BX_OK || check_version(r) != BX_OK)) {
        return BX_FAIL;
    }

    return take_marks(r, true) == BX_OK ? save(r, r->id == 0) : BX_FAIL;
}

bx_rc
bx_roll_take(bx_call *c)
{
    return try_again(c, take);
}

/* ------------------------------------------------------------------ POST roll-calls/{id}/marks and correct */

/* By whoever the route is for: the class teacher on its day, the office on any. */
static bx_rc
correct(bx_roll *r)
{
    if (bx_roll_find(r, r->c->route->capability) != BX_OK || check_correct(r) != BX_OK || check_version(r) != BX_OK || take_marks(r, false) != BX_OK) {
        return BX_FAIL;
    }

    return save(r, false);
}

bx_rc
bx_roll_marks(bx_call *c)
{
    return try_again(c, correct);
}

bx_rc
bx_roll_correct(bx_call *c)
{
    return try_again(c, correct);
}
