/* notice.c: what people should know: notices in the portal, and their way out in digests through table outbox.
 * Owns the tables notice and outbox, and when a digest is due. Does not own how anything leaves the building: a channel
 * drains the outbox. */

#include "flow/task.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define MAX_KEY     96
#define MAX_PARAMS  2000
#define MAX_HREF    200
#define MAX_TO      200                       /* accounts one notice goes to */
#define FAR_DAYS    60                        /* how far the next working day may be */


/* ---- when */

int
bx_clock_text(const char *text)
{
    int  h, m;

    if (text == NULL || strlen(text) != 5 || strspn(text, "0123456789") != 2 || text[2] != ':'
        || strspn(text + 3, "0123456789") != 2)
    {
        return -1;
    }

    h = (text[0] - '0') * 10 + text[1] - '0';
    m = (text[3] - '0') * 10 + text[4] - '0';
    return h < 24 && m < 60 ? h * 60 + m : -1;
}


/* The minute of the day, counted on past 24:00, at which a digest may go out that was meant for `minute`. */
static int
out_of_quiet(const bx_digest_rules *r, int minute)
{
    if (r->quiet_from <= r->quiet_to) {
        return minute >= r->quiet_from && minute < r->quiet_to ? r->quiet_to : minute;
    }
    if (minute >= r->quiet_from) {
        return 24 * 60 + r->quiet_to;
    }
    return minute < r->quiet_to ? r->quiet_to : minute;
}


bx_time
bx_digest_at(bx_time now, const bx_digest_rules *r, const bx_workdays *w)
{
    bx_date  today = bx_date_of(now);

    /* from yesterday: its evening digest may have been put off until this morning */
    for (bx_date d = today - 1; d <= today + FAR_DAYS; d++) {
        bx_time  first = bx_time_at(d, out_of_quiet(r, r->morning)), second = bx_time_at(d, out_of_quiet(r, r->afternoon));

        if (w != NULL && !bx_is_workday(w, d)) {
            continue;
        }
        if (second < first) {
            bx_time  swap = first;

            first = second;
            second = swap;
        }
        if (first >= now) {
            return first;
        }
        if (second >= now) {
            return second;
        }
    }

    return now;
}


static bx_rc
rules_of(bx_call *c, bx_id unit, bx_digest_rules *r)
{
    static const char *const keys[] = { "notice.morning", "notice.afternoon", "notice.quiet_from", "notice.quiet_to" };
    int                     *const out[] = { &r->morning, &r->afternoon, &r->quiet_from, &r->quiet_to };

    for (size_t i = 0; i < 4; i++) {
        const char *text;

        if (bx_rule_text(c, keys[i], unit, &text) != BX_OK) {
            return BX_FAIL;
        }
        *out[i] = bx_clock_text(text);
    }

    return BX_OK;
}


/* ---- to whom */

typedef struct { bx_id accounts[MAX_TO]; size_t n; bx_id unit; bool staff; } recipients;

static void
recipient_add(bx_call *c, recipients *to, bx_id account)
{
    if (account == bx_call_account(c) || to->n == MAX_TO) {
        return;
    }
    for (size_t i = 0; i < to->n; i++) {
        if (to->accounts[i] == account) {
            return;
        }
    }

    to->accounts[to->n++] = account;
}


static bx_rc
holders_of(bx_call *c, const bx_notice *n, recipients *to)
{
    const bx_place *p;
    bx_id           unit;

    if (bx_place_of(c, n->unit, &p) != BX_OK) {
        return BX_FAIL;
    }

    unit = bx_place_holds(p, n->role);
    for (size_t i = 0; unit != 0 && i < p->nholders; i++) {
        if (p->holders[i].unit == unit && strcmp(p->holders[i].role, n->role) == 0) {
            recipient_add(c, to, p->holders[i].account);
        }
    }

    to->unit = unit;
    to->staff = true;
    return BX_OK;
}


static bx_rc
guardians_of(bx_call *c, bx_id student, recipients *to)
{
    static const char  sql[] =
        "SELECT g.account_id, st.class_id FROM student st"
        " JOIN student_guardian sg ON sg.student_id = st.id AND (sg.ends_on IS NULL OR sg.ends_on >= ?)"
        " JOIN guardian g ON g.id = sg.guardian_id AND g.account_id IS NOT NULL WHERE st.id = ? ORDER BY sg.ordinal";
    bx_rows            rows;

    if (bx_query(c, &rows, sql, BX_ARGS(bx_text(bx_date_text(c->arena, bx_date_of(c->now))), bx_int(student))) != BX_OK) {
        return BX_FAIL;
    }

    for (size_t i = 0; i < rows.nrows; i++) {
        recipient_add(c, to, bx_cell_int(&rows, i, 0));
        to->unit = bx_cell_int(&rows, i, 1);
    }
    return BX_OK;
}


static bx_rc
find_recipients(bx_call *c, const bx_notice *n, recipients *to)
{
    if (n->account != 0) {
        to->accounts[to->n++] = n->account;
        to->unit = n->unit;
        to->staff = n->unit != 0;
        return BX_OK;
    }

    return n->role != NULL ? holders_of(c, n, to) : guardians_of(c, n->guardians_of, to);
}


/* ---- sending */

static bx_rc
misused(bx_call *c, const char *what, const char *kind)
{
    bx_error_set(&c->error, BX_E_INTERNAL, "%s \"%s\"", what, kind == NULL ? "" : kind);
    return bx_refuse(c, BX_E_INTERNAL, NULL, NULL, NULL);
}


static bx_rc
due_of(bx_call *c, const bx_notice_kind *kind, const recipients *to, bx_time *due)
{
    const bx_workdays *w = NULL;
    bx_date            today = bx_date_of(c->now);
    bx_digest_rules    rules;

    *due = c->now;
    if (kind->flags & BX_NOTICE_URGENT) {
        return BX_OK;
    }

    if (rules_of(c, to->unit, &rules) != BX_OK
        || (to->staff && !(kind->flags & BX_NOTICE_ANY_DAY)
            && bx_workdays_load(c, to->unit, today, today + FAR_DAYS, &w) != BX_OK))
    {
        return BX_FAIL;
    }

    *due = bx_digest_at(c->now, &rules, w);
    return BX_OK;
}


char *
bx_href_fill(bx_arena *a, const char *href, const json_t *params)
{
    static const char  hex[] = "0123456789ABCDEF";
    bx_buf             b;

    if (href == NULL) {
        return NULL;
    }

    bx_buf_init(&b, a);
    for (const char *p = href; *p != '\0'; ) {
        size_t      n = strcspn(p, "{");
        size_t      name;
        json_t     *v;
        const char *s;

        bx_buf_add(&b, p, n);
        p += n;
        name = strcspn(p, "}");
        if (*p == '\0' || p[name] == '\0') {
            break;
        }

        v = json_object_getn(params, p + 1, name - 1);
        s = json_is_integer(v) ? bx_sprintf(a, "%" PRId64, (int64_t) json_integer_value(v)) : json_string_value(v);
        for (; s != NULL && *s != '\0'; s++) {
            if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.", *s) != NULL) {
                bx_buf_add(&b, s, 1);
            } else {
                bx_buf_printf(&b, "%%%c%c", hex[(unsigned char) *s >> 4], hex[(unsigned char) *s & 15]);
            }
        }
        p += name + 1;
    }

    return b.failed ? NULL : b.data;
}


static bx_rc
queue_rows(bx_call *c, const bx_notice *n, const bx_notice_kind *kind, bx_id task, const recipients *to, bx_time due,
           const char *params)
{
    const size_t  each = n->task != NULL ? 11 : 10;
    const char   *row = n->task != NULL ? "(?,?,?,?,(SELECT t.id FROM task t WHERE t.kind = ? AND t.task_key = ?),?,?,?,?,?)"
                                        : "(?,?,?,?,?,?,?,?,?,?)";
    bx_value     *args = bx_alloc(c->arena, each * to->n * sizeof(*args));
    bx_value      now = bx_text(bx_time_sql(c->arena, c->now)), at = bx_text(bx_time_sql(c->arena, due));
    bx_value      key = bx_text(bx_strdup(c->arena, n->key)), href = bx_text(bx_href_fill(c->arena, kind->href, n->params));
    bx_buf        sql;

    if (args == NULL) {
        return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
    }
    if (href.kind == BX_V_TEXT && href.len > MAX_HREF) {
        return misused(c, "an address that is too long, of notice", n->kind);
    }

    bx_buf_init(&sql, c->arena);
    bx_buf_str(&sql, "INSERT INTO notice (id, account_id, kind, notice_key, task_id, params, href, urgent, due_at, created_at) VALUES ");
    for (size_t i = 0; i < to->n; i++) {
        bx_value *v = args + each * i;

        bx_buf_str(&sql, i == 0 ? "" : ",");
        bx_buf_str(&sql, row);
        *v++ = bx_int(bx_id_new());
        *v++ = bx_int(to->accounts[i]);
        *v++ = bx_text(kind->kind);
        *v++ = key;
        if (n->task != NULL) {
            *v++ = bx_text(bx_strdup(c->arena, n->task));
            *v++ = bx_text(bx_strdup(c->arena, n->task_key));
        } else {
            *v++ = task == 0 ? bx_null() : bx_int(task);
        }
        *v++ = bx_text(params);
        *v++ = href;
        *v++ = bx_int((kind->flags & BX_NOTICE_URGENT) != 0);
        *v++ = at;
        *v++ = now;
    }
    bx_buf_str(&sql, " ON DUPLICATE KEY UPDATE id = notice.id");

    return sql.failed ? bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL) : bx_queue(c, -1, sql.data, args, each * to->n);
}


bx_rc
bx_notice_queue(bx_call *c, const bx_notice *n, bx_id task)
{
    const bx_notice_kind *kind = n->kind == NULL ? NULL : bx_notice_kind_find(n->kind);
    recipients            to = { .n = 0 };
    bx_time               due;
    char                 *params = NULL;

    if (kind == NULL) {
        return misused(c, "no table has the kind of notice", n->kind);
    }
    if ((n->account != 0) + (n->role != NULL) + (n->guardians_of != 0) != 1) {
        return misused(c, "one of account, role, guardians_of is set in a notice", n->kind);
    }
    if (n->key == NULL || *n->key == '\0' || strlen(n->key) > MAX_KEY) {
        return misused(c, "a key that is empty or too long, of notice", n->kind);
    }

    if (find_recipients(c, n, &to) != BX_OK) {
        return BX_FAIL;
    }
    if (to.n == 0) {
        return BX_OK;
    }

    if (n->params != NULL) {
        params = bx_json_text(c->arena, n->params, JSON_COMPACT);
        if (params == NULL) {
            return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
        }
        if (strlen(params) > MAX_PARAMS) {
            return misused(c, "too many params of notice", n->kind);
        }
    }

    return due_of(c, kind, &to, &due) != BX_OK ? BX_FAIL : queue_rows(c, n, kind, task, &to, due, params);
}


bx_rc
bx_notice_send(bx_call *c, const bx_notice *n)
{
    return bx_notice_queue(c, n, 0);
}


/* ---- words */

json_t *
bx_params_shown(bx_call *c, const json_t *params)
{
    json_t     *all = bx_own(c->arena, params == NULL ? json_object() : json_copy((json_t *) params));
    const char *name;
    json_t     *v;
    void       *next;

    json_object_foreach_safe(all, next, name, v) {
        const char *s = json_string_value(v);
        bx_date     d = s != NULL && strlen(s) == 10 && s[4] == '-' ? bx_date_parse(s) : BX_NO_DATE;
        bx_civil    day;
        json_t     *parts;

        if (d == BX_NO_DATE) {
            continue;
        }
        day = bx_civil_of_date(d);
        parts = bx_own(c->arena, json_pack("{s:i, s:i, s:i, s:s}", "y", day.year, "m", day.month, "d", day.day, "month",
                                           bx_tr(c->arena, c->lang, bx_sprintf(c->arena, "date.month.%d", day.month), NULL)));
        json_object_set_new(all, name, json_string(bx_tr(c->arena, c->lang, day.year == bx_civil_of(c->now).year
                                                         ? "date.day" : "date.day.year", parts)));
    }

    return all;
}


const char *
bx_notice_text(bx_call *c, const char *kind, const json_t *params)
{
    static const char *const roles[] = { "from", "to" };
    const char              *task = json_string_value(json_object_get(params, "task_kind"));
    json_t                  *all;

    all = bx_params_shown(c, params);
    if (task == NULL) {
        return bx_tr(c->arena, c->lang, bx_sprintf(c->arena, "notice.%s", kind), all);
    }

    for (size_t i = 0; i < 2; i++) {
        const char *role = json_string_value(json_object_get(params, bx_sprintf(c->arena, "%s_role", roles[i])));

        if (role != NULL) {
            json_object_set_new(all, roles[i], json_string(bx_tr(c->arena, c->lang, bx_sprintf(c->arena, "role.%s", role), NULL)));
        }
    }
    json_object_set_new(all, "task", json_string(bx_tr(c->arena, c->lang, bx_sprintf(c->arena, "task.%s", task), all)));
    return bx_tr(c->arena, c->lang, bx_sprintf(c->arena, "notice.%s", kind), all);
}
