/* demo_case.c: a month of rolls in the demonstration county, and a handful of children who stayed away: one since yesterday, others
 * reported, noticed, back, followed up, or never lost. Made through the engine's own handlers, each act by the person whose it
 * is and at its time; what the clock makes happen is left to the jobs. Does not own leave (demo_leave.c). */

#include "tools/demo.h"

#include "plugins/attendance.h"
#include "plugins/dropout.h"
#include "plugins/opening.h"
#include "flow/flow.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_AWAY    64                        /* children who are absent for days */
#define MAX_EVENTS  6000
#define ALL_DAYS    10                        /* school days for which every class has its rolls */
#define LIST_DAYS   13                        /* of a term: rolls that show who has come */

typedef enum { BY_TEACHER, BY_OFFICE, BY_VICE, BY_PRINCIPAL, BY_COUNTY, BY_TOWNSHIP } by;
typedef enum { ROLL, CREATE, ACT, SERVE, LIST, CLOCK } kind;

/* One child that stays away from a day to the day before `back`; bodies name it by itself. */
typedef struct { bx_id student; const char *guardian; const demo_class *cls; bx_date from, back; } away;

typedef struct {
    bx_time           at;
    kind              what;
    by                who;
    const away       *about;
    const demo_class *cls;                    /* of a roll, or a list of who has come */
    const char       *name, *body;            /* record or action; JSON */
} event;

typedef struct { bx_id account; bx_session session; } signed_in;

typedef struct {
    demo              *d;
    const bx_calendar *cal;
    away               children[MAX_AWAY];
    size_t             nchildren, nevents, nactors;
    event              events[MAX_EVENTS];
    signed_in          actors[128];
    unsigned           rolls;
    bx_date            listed;                /* the term whose lists of who has come are closed */
} month;


/* ---- days and children */

/* The n-th school day before today (n < 0), BX_NO_DATE when that is before leave and rolls begin. */
static bx_date
school_day(const month *m, int n)
{
    bx_date  day = m->d->today;

    while (n < 0 && day > m->d->since) {
        day--;
        n += bx_is_school_day(m->cal, day);
    }

    return n == 0 && day > m->d->since ? day : BX_NO_DATE;
}


static const char sql_child[] =
    "SELECT s.id, g.name FROM student s JOIN student_guardian sg ON sg.student_id = s.id AND sg.ordinal = (SELECT MIN(x.ordinal)"
    " FROM student_guardian x WHERE x.student_id = s.id) JOIN guardian g ON g.id = sg.guardian_id WHERE s.class_id = ?"
    " AND g.account_id IS NULL AND NOT EXISTS (SELECT 1 FROM leave_request l WHERE l.student_id = s.id) ORDER BY s.seat_no LIMIT 1 OFFSET ?";

/* A child of the n-th class of a school that asked for no leave; back: school days ago, 1: not yet. NULL: the term is too young. */
static away *
lost(month *m, int school, size_t nth, int from, int back)
{
    const demo_class *cls = NULL;
    away             *a = &m->children[m->nchildren];
    bx_rows           rows;

    a->from = school_day(m, from);
    for (size_t i = 0; i < m->d->nclasses && cls == NULL; i++) {
        cls = m->d->classes[i].school == school && nth-- == 0 ? &m->d->classes[i] : NULL;
    }
    if (a->from == BX_NO_DATE || cls == NULL
        || bx_query(m->d->x->call, &rows, sql_child, BX_ARGS(bx_int(cls->id), bx_int((int64_t) m->nchildren % 5))) != BX_OK || rows.nrows == 0)
    {
        return NULL;
    }

    a->cls = cls;
    a->back = back > 0 ? m->d->today + 400 : school_day(m, back);
    a->student = bx_cell_int(&rows, 0, 0);
    a->guardian = bx_cell_text(&rows, 0, 1);
    m->nchildren++;
    return a;
}


/* Who is overdue from leave is missing in the rolls, too. */
static bx_rc
overdue_load(month *m)
{
    bx_rows  rows;

    if (bx_query(m->d->x->call, &rows, "SELECT student_id, back_on, class_id FROM leave_request WHERE state = 'overdue' AND back_on IS NOT NULL LIMIT 20",
                 BX_NO_ARGS) != BX_OK)
    {
        return BX_FAIL;
    }

    for (size_t i = 0; i < rows.nrows && m->nchildren < MAX_AWAY; i++) {
        for (size_t k = 0; k < m->d->nclasses; k++) {
            if (m->d->classes[k].id == bx_cell_int(&rows, i, 2)) {
                m->children[m->nchildren++] = (away) { bx_cell_int(&rows, i, 0), "", &m->d->classes[k], bx_date_parse(bx_cell_text(&rows, i, 1)),
                                                       m->d->today + 400 };
            }
        }
    }

    return BX_OK;
}


/* ---- what happens */

static void
add(month *m, bx_time at, event e)
{
    if (m->nevents < MAX_EVENTS && at <= m->d->now) {
        e.at = at;
        m->events[m->nevents++] = e;
    }
}


static void
made(month *m, const away *a, int n, int hour, by who, const char *record, const char *body)
{
    bx_date  day = school_day(m, n);

    if (day != BX_NO_DATE) {
        add(m, bx_time_at(day, hour * 60 + 5), (event) { .what = CREATE, .who = who, .about = a, .name = record, .body = body });
    }
}


static void
acted(month *m, const away *a, int n, int hour, by who, const char *action, const char *body)
{
    bx_date  day = school_day(m, n);

    if (day != BX_NO_DATE) {
        add(m, bx_time_at(day, hour * 60 + 10), (event) { .what = ACT, .who = who, .about = a, .name = action, .body = body });
    }
}


#define CALLED(why, words)  "{\"channel\":\"phone\",\"reached\":true,\"person\":\"@\",\"reason\":\"" why "\",\"words\":\"" words "\"}"
#define VISITED(who, with, words, effect)                                                                              \
    "{\"kind\":\"absence\",\"way\":\"in_person\",\"place\":\"孩子家里\"," who ",\"talked_to\":\"" with "\",\"words\":\"" words "\","       \
    "\"effect\":\"" effect "\",\"witness\":\"村委会干部\"}"
#define TEACHER  "\"with_teacher\":true,\"visitors\":\"班主任\""
#define LEADERS  "\"with_teacher\":true,\"with_middle\":true,\"with_leader\":true,\"visitors\":\"分管副校长、年级组长、班主任\""
#define FORM(cause, text)                                                                                              \
    "{\"cause\":\"" cause "\",\"cause_text\":\"" text "\",\"whereabouts\":\"home\",\"measures\":\"当天电话联系，班主任、年级组长、副校长先后上门\","  \
    "\"plan\":\"请同村同学每天约着上学，安排老师补课\"}"

/* The first week, as the ladder wants it: call, report, visits; day 0 is the first missed one. */
static void
first_week(month *m, const away *a, int from, const char *call, const char *first, const char *second)
{
    made(m, a, from, 9, BY_TEACHER, "contacts", call);
    made(m, a, from, 15, BY_TEACHER, "absence-reports", "{\"measure\":\"放学后和年级组长一起上门\"}");
    made(m, a, from + 1, 18, BY_TEACHER, "home-visits", first);
    made(m, a, from + 3, 18, BY_VICE, "home-visits", second);
}


static void
reported(month *m, const away *a, int from, const char *form)
{
    acted(m, a, from + 5, 9, BY_TEACHER, "form", form);
    acted(m, a, from + 5, 15, BY_OFFICE, "review", "{\"review_text\":\"家访记录齐全，情况属实\"}");
    acted(m, a, from + 6, 10, BY_PRINCIPAL, "report", "{}");
}


static void
noticed(month *m, const away *a, int from)
{
    bx_date  day = school_day(m, from + 9);

    acted(m, a, from + 7, 9, BY_TOWNSHIP, "township_receive", "{}");
    acted(m, a, from + 8, 10, BY_COUNTY, "confirm", "{\"verdict_text\":\"和公安户籍、邻县学籍都核过，没有在别处就读\"}");
    acted(m, a, from + 8, 15, BY_COUNTY, "notice", "{\"addressee\":\"@\"}");
    if (day != BX_NO_DATE) {
        add(m, bx_time_at(day, 10 * 60), (event) { .what = SERVE, .who = BY_TOWNSHIP, .about = a,
            .body = "{\"served_how\":\"in_person\",\"served_by\":\"乡镇教育助理、学校办公室\",\"receipt\":\"signed\",\"receiver\":\"@\"}" });
    }
}


static void
stories(month *m)
{
    const char *kin = CALLED("family", "家里大人不在，孩子自己不肯起来"), *work = CALLED("unwilling", "说读不进去，想跟表哥去广东打工");
    const char *shy = VISITED(TEACHER, "奶奶", "孩子躲在房里不出来", "thinks"), *no = VISITED(LEADERS, "父亲、孩子", "说过完年再看", "refuses");
    away       *a;

    /* of the class teacher's class: since the day before yesterday */
    if ((a = lost(m, 0, 7, -2, 1)) != NULL) {
        made(m, a, -2, 9, BY_TEACHER, "contacts", kin);
        made(m, a, -2, 15, BY_TEACHER, "absence-reports", "{\"measure\":\"明天上午再打电话，不来就上门\"}");
        made(m, a, -1, 18, BY_TEACHER, "home-visits", shy);
    }
    /* the case has just opened */
    if ((a = lost(m, 0, 12, -4, 1)) != NULL) {
        first_week(m, a, -4, work, shy, no);
    }
    /* at the school, and on its way */
    if ((a = lost(m, 0, 15, -7, 1)) != NULL) {
        first_week(m, a, -7, work, shy, no);
        acted(m, a, -2, 9, BY_TEACHER, "form", FORM("learning", "基础差，跟不上，怕同学笑话"));
    }
    if ((a = lost(m, 2, 5, -9, 1)) != NULL) {
        first_week(m, a, -9, work, shy, no);
        reported(m, a, -9, FORM("work", "父母在广东，孩子想跟着去打工"));
    }
    /* noticed: the deadline runs; or it is over and everybody has tried */
    if ((a = lost(m, 2, 9, -13, 1)) != NULL) {
        first_week(m, a, -13, work, shy, no);
        reported(m, a, -13, FORM("dislikes_school", "沉迷手机，白天睡觉"));
        noticed(m, a, -13);
    }
    if ((a = lost(m, 2, 10, -21, 1)) != NULL) {
        first_week(m, a, -21, work, shy, no);
        reported(m, a, -21, FORM("early_marriage", "家里已经给孩子定亲"));
        noticed(m, a, -21);
        made(m, a, -6, 18, BY_TEACHER, "persuasions", "{\"way\":\"home_visit\",\"people\":\"班主任、数学老师\",\"subject_teachers\":1,\"with_whom\":\"父亲\",\"outcome\":\"refused\",\"effect\":\"谈了一个小时，不松口\"}");
        made(m, a, -5, 18, BY_VICE, "persuasions", "{\"way\":\"village\",\"people\":\"副校长、村支书\",\"with_whom\":\"父母\",\"outcome\":\"undecided\",\"effect\":\"答应再商量\"}");
        made(m, a, -4, 18, BY_TEACHER, "persuasions", "{\"way\":\"phone\",\"people\":\"班主任\",\"with_whom\":\"孩子\",\"outcome\":\"refused\",\"effect\":\"说不读了\",\"child_words\":\"反正也考不上\"}");
    }
    /* back: watched, and after that followed up */
    if ((a = lost(m, 1, 3, -15, -4)) != NULL) {
        first_week(m, a, -15, work, shy, no);
        reported(m, a, -15, FORM("poverty", "父亲工伤，家里缺人手"));
        acted(m, a, -3, 15, BY_TEACHER, "return_report", "{\"placed_in\":\"原班\",\"brought_by\":\"@\",\"helper\":\"班主任\"}");
    }
    if ((a = lost(m, 2, 1, -20, -14)) != NULL) {
        first_week(m, a, -20, kin, shy, no);
        acted(m, a, -13, 10, BY_TEACHER, "return_report", "{\"placed_in\":\"原班\",\"brought_by\":\"@\",\"helper\":\"心理教师\"}");
        acted(m, a, -12, 10, BY_TOWNSHIP, "sign", "{}");
    }
    /* never lost */
    if ((a = lost(m, 0, 2, -17, -10)) != NULL) {
        made(m, a, -17, 9, BY_TEACHER, "contacts", "{\"channel\":\"phone\",\"reached\":false,\"words\":\"打了三次没人接\"}");
        acted(m, a, -13, 10, BY_VICE, "not_dropout", "{\"cause\":\"illness\",\"verdict_text\":\"在县医院住院，有诊断证明\"}");
    }
}


/* ---- rolls */

/* Each class closes its list of who has come when the first rolls of a term that has just begun are there. */
static void
lists(month *m, bx_date day)
{
    bx_date  starts, ends;

    if (!bx_calendar_term(m->cal, day, &starts, &ends) || starts == m->listed || day - starts > LIST_DAYS) {
        return;
    }

    m->listed = starts;
    for (size_t i = 0; i < m->d->nclasses; i++) {
        add(m, bx_time_at(day, 16 * 60 + 40) + (bx_time) i, (event) { .what = LIST, .who = BY_TEACHER, .cls = &m->d->classes[i] });
    }
}


static void
rolls(month *m)
{
    static const int  minutes[] = { 8 * 60 + 5, 14 * 60 + 5 };

    for (bx_date day = m->d->since + 1, first = school_day(m, -ALL_DAYS); day <= m->d->today; day++) {
        if (!bx_is_school_day(m->cal, day)) {
            continue;
        }
        for (int s = 0; s < 2; s++) {
            for (size_t i = 0; i < m->d->nclasses; i++) {
                bool  wanted = first == BX_NO_DATE || day >= first;

                for (size_t k = 0; k < m->nchildren && !wanted; k++) {
                    wanted = m->children[k].cls == &m->d->classes[i] && m->children[k].guardian[0] != '\0';
                }
                if (wanted) {
                    add(m, bx_time_at(day, minutes[s]) + (bx_time) i, (event) { .what = ROLL, .who = BY_TEACHER, .cls = &m->d->classes[i] });
                }
            }
        }
        if (first == BX_NO_DATE || day >= first) {
            lists(m, day);
        }
        add(m, bx_time_at(day, 11 * 60 + 31), (event) { .what = CLOCK });
        add(m, bx_time_at(day, 16 * 60 + 21), (event) { .what = CLOCK });
    }
}


/* Who is away that day, and now and then one who is late. */
static json_t *
roll_body(month *m, bx_call *c, const event *e)
{
    static const char *const  reasons[] = { "road", "overslept", "family" };
    json_t                   *marks = json_array();
    bx_date                   day = bx_date_of(e->at);
    bx_rows                   rows;

    for (size_t i = 0; i < m->nchildren; i++) {
        const away *a = &m->children[i];

        if (a->cls == e->cls && day >= a->from && day < a->back) {
            json_array_append_new(marks, json_pack("{s:o, s:s}", "student_id", json_sprintf("%" PRId64, a->student), "kind", "absent"));
        }
    }
    if (bx_minute_of(e->at) < 12 * 60 && json_array_size(marks) == 0 && demo_chance(&m->d->dice, 30)
        && bx_query(c, &rows, "SELECT id FROM student WHERE class_id = ? AND NOT EXISTS (SELECT 1 FROM leave_request l WHERE l.student_id = student.id)"
                    " ORDER BY seat_no LIMIT 1 OFFSET ?", BX_ARGS(bx_int(e->cls->id), bx_int((int64_t) demo_draw(&m->d->dice, 20)))) == BX_OK
        && rows.nrows == 1)
    {
        json_array_append_new(marks, json_pack("{s:o, s:s, s:s, s:s}", "student_id", json_sprintf("%" PRId64, bx_cell_int(&rows, 0, 0)), "kind",
                                               "late", "clock", "08:04", "reason", reasons[demo_draw(&m->d->dice, 3)]));
    }

    return json_pack("{s:o, s:o}", "class_id", json_sprintf("%" PRId64, e->cls->id), "marks", marks);
}


/* ---- acting */

static const bx_session *
session_of(month *m, bx_call *c, bx_id account)
{
    static const char  sql[] =
        "INSERT INTO session (token_hash, account_id, created_at, expires_at, address, agent) VALUES (?, ?, ?, ?, '', 'demo')";
    signed_in         *s = &m->actors[m->nactors];
    uint8_t            hash[32];
    bool               found;

    for (size_t i = 0; i < m->nactors; i++) {
        if (m->actors[i].account == account) {
            return &m->actors[i].session;
        }
    }

    bx_random(hash, sizeof(hash));
    s->account = account;
    if (account == 0 || m->nactors == sizeof(m->actors) / sizeof(m->actors[0])
        || bx_exec(c, NULL, sql, BX_ARGS(bx_blob(hash, 32), bx_int(account), bx_text(bx_time_sql(c->arena, bx_time_at(m->d->since - 2, 0))),
                                         bx_text(bx_time_sql(c->arena, m->d->now + 86400)))) != BX_OK
        || bx_session_load(c, hash, &s->session, &found) != BX_OK || !found)
    {
        return NULL;
    }

    m->nactors++;
    return &s->session;
}


static bx_id
account_of(const month *m, const event *e)
{
    const demo_class *cls = e->cls != NULL ? e->cls : e->about->cls;
    const demo       *d = m->d;

    switch (e->who) {
    case BY_TEACHER:
        return cls->teacher;
    case BY_OFFICE:
        return d->staff[cls->school][1];
    case BY_VICE:
        return d->staff[cls->school][2];
    case BY_PRINCIPAL:
        return d->staff[cls->school][0];
    case BY_TOWNSHIP:
        return d->townships[d->schools[cls->school].township];
    case BY_COUNTY:
        break;
    }

    return d->county;
}


/* The body with the guardian's name for "@", the child, and the case or the day where the record wants them. */
static json_t *
body_of(bx_call *c, const event *e, bx_id kase)
{
    const char *name = e->about->guardian[0] == '\0' ? "家长" : e->about->guardian;
    json_t     *body = json_loads(e->body, 0, NULL), *value;
    const char *key;
    void       *tmp;

    json_object_foreach_safe(body, tmp, key, value) {
        if (json_is_string(value) && strcmp(json_string_value(value), "@") == 0) {
            json_object_set_new(body, key, json_string(name));
        }
    }
    if (e->what == CREATE) {
        json_object_set_new(body, "student_id", json_sprintf("%" PRId64, e->about->student));
    }
    if (e->what == CREATE && strcmp(e->name, "persuasions") == 0) {
        json_object_set_new(body, "case_id", json_sprintf("%" PRId64, kase));
        json_object_set_new(body, "made_on", json_string(bx_date_text(c->arena, bx_date_of(e->at))));
    }
    if (e->what == SERVE) {
        json_object_set_new(body, "served_on", json_string(bx_date_text(c->arena, bx_date_of(e->at))));
    }

    return bx_own(c->arena, body);
}


static bx_rc
person_acts(month *m, bx_call *c, const event *e)
{
    bx_rows  rows;
    bx_id    id;

    c->who = session_of(m, c, account_of(m, e));
    if (c->who == NULL) {
        return BX_FAIL;
    }

    c->trusted = false;
    c->if_match = e->what == ROLL || e->what == LIST ? NULL : "*";
    if (e->what == LIST) {
        c->body = bx_own(c->arena, json_pack("{s:o}", "class_id", bx_id_json(e->cls->id)));
        return bx_opening_close(c);
    }
    if (e->what == ROLL) {
        c->body = bx_own(c->arena, roll_body(m, c, e));
        m->rolls++;
        return bx_roll_take(c);
    }
    if (bx_query(c, &rows, e->what == SERVE ? "SELECT id FROM return_notice WHERE student_id = ? ORDER BY id DESC LIMIT 1"
                                            : "SELECT id FROM dropout_case WHERE student_id = ? ORDER BY id DESC LIMIT 1",
                 BX_ARGS(bx_int(e->about->student))) != BX_OK)
    {
        return BX_FAIL;
    }

    id = rows.nrows == 0 ? 0 : bx_cell_int(&rows, 0, 0);
    c->body = body_of(c, e, id);
    c->path_id = e->what == CREATE ? 0 : id;
    return e->what == CREATE ? bx_generic_create(c, bx_record_find(e->name))
         : e->what == SERVE ? bx_generic_act(c, bx_notice_record, "serve") : bx_generic_act(c, bx_dropout_record, e->name);
}


/* A story that a short term cuts off (a case that is not there yet) is told as far as it goes. */
static bool
harmless(const bx_call *c)
{
    return c->problem.code == BX_E_CONFLICT || c->problem.code == BX_E_INVALID || c->problem.code == BX_E_WRONG_STATE
           || c->problem.code == BX_E_NOT_FOUND;
}


static bx_rc
play_event(month *m, const event *e)
{
    bx_arena *arena = bx_arena_create(64 * 1024);
    bx_call  *c = arena == NULL ? NULL : bx_call_program(m->d->x->app, arena, e->what == CLOCK ? "job dropout.clock" : "demo");
    bx_rc     rc = BX_FAIL;

    if (c != NULL) {
        c->now = e->at;
        rc = e->what != CLOCK ? person_acts(m, c, e) : bx_attendance_clock(c) == BX_OK ? bx_dropout_clock(c) : BX_FAIL;
        if (rc != BX_OK && e->what != CLOCK && harmless(c)) {
            rc = BX_OK;
        }
        if (rc != BX_OK) {
            ctl_fail(m->d->x, "attendance could not be made up: %s", bx_call_why(c));
        }
        bx_call_end(c);
    }

    bx_arena_destroy(arena);
    return rc;
}


static int
by_time(const void *a, const void *b)
{
    const event *x = a, *y = b;

    return x->at < y->at ? -1 : x->at > y->at ? 1 : (int) x->what - (int) y->what;
}


bx_rc
demo_cases(demo *d, unsigned *made_rolls)
{
    month *m = calloc(1, sizeof(*m));
    bx_rc  rc = BX_FAIL;

    if (m == NULL) {
        return BX_FAIL;
    }

    m->d = d;
    if (bx_calendar_load(d->x->call, d->classes[0].id, d->since, d->today, &m->cal) != BX_OK) {
        goto done;
    }
    stories(m);
    if (overdue_load(m) != BX_OK) {
        goto done;
    }
    rolls(m);
    qsort(m->events, m->nevents, sizeof(event), by_time);

    for (size_t i = 0; i < m->nevents; i++) {
        if (play_event(m, &m->events[i]) != BX_OK) {
            goto done;
        }
    }

    *made_rolls = m->rolls;
    rc = bx_exec(d->x->call, NULL, "DELETE FROM session WHERE agent = 'demo'", BX_NO_ARGS);

done:
    free(m);
    return rc;
}
