/* demo_leave.c: a month of leave for the demonstration county. What happens is drawn first, as a list of acts with their
 * times; then the list is played in order of time through the engine's own handlers, each act by the person whose it is.
 * So states, school days, routes, histories and audit chains are what they would be had it all happened. */

#include "tools/demo_leave.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const struct { const char *kind, *reason; } reasons[] = {
    { "sick", "发烧，去乡卫生院看病" }, { "sick", "感冒咳嗽，在家休息" }, { "sick", "肚子疼，要去医院检查" }, { "sick", "牙疼，约了牙医" },
    { "sick", "出水痘，医生让在家隔离" }, { "sick", "脚扭伤了，走不了路" }, { "sick", "昨晚吐了，先观察一天" },
    { "personal", "回老家参加爷爷的寿宴" }, { "personal", "家里办丧事" }, { "personal", "去县里补办身份证" },
    { "personal", "哥哥结婚" }, { "personal", "跟妈妈去外地看爸爸" }, { "other", "参加县里的乒乓球比赛" }, { "other", "搬家，帮忙一天" }
};

/* ---- children and their guardians */

static const char sql_children[] =
    "SELECT s.id, s.class_id, l.guardian_id, g.account_id, g.name FROM student s"
    " JOIN student_guardian l ON l.student_id = s.id AND l.ordinal = 1 JOIN guardian g ON g.id = l.guardian_id ORDER BY s.id";

static const demo_class *
class_by_id(const demo *d, bx_id id)
{
    for (size_t i = 0; i < d->nclasses; i++) {
        if (d->classes[i].id == id) {
            return &d->classes[i];
        }
    }

    return NULL;
}


static bx_rc
children_load(play *p)
{
    demo    *d = p->d;
    bx_rows  rows;

    if (bx_query(d->x->call, &rows, sql_children, BX_NO_ARGS) != BX_OK) {
        return BX_FAIL;
    }

    p->children = bx_alloc(d->x->arena, (rows.nrows + 1) * sizeof(child));
    for (size_t i = 0; i < rows.nrows; i++) {
        const demo_class *cls = class_by_id(d, bx_cell_int(&rows, i, 1));

        if (cls != NULL) {
            p->children[p->nchildren++] = (child) { bx_cell_int(&rows, i, 0), bx_cell_int(&rows, i, 2), bx_cell_int(&rows, i, 3),
                                                    bx_cell_text(&rows, i, 4), cls, false };
        }
    }

    return BX_OK;
}


static child *
child_named(play *p, const char *name)
{
    bx_rows  rows;

    if (bx_query(p->d->x->call, &rows, "SELECT id FROM student WHERE name = ? ORDER BY id", BX_ARGS(bx_text(name))) != BX_OK) {
        return NULL;
    }
    for (size_t k = 0; k < rows.nrows; k++) {
        for (size_t i = 0; i < p->nchildren; i++) {
            if (p->children[i].student == bx_cell_int(&rows, k, 0) && p->children[i].account != 0) {
                return &p->children[i];
            }
        }
    }

    return NULL;
}


/* A child not chosen yet; of one class unless cls is NULL. */
static child *
child_draw(play *p, const demo_class *cls)
{
    for (int tries = 0; tries < 20000; tries++) {
        child *c = &p->children[demo_draw(&p->d->dice, p->nchildren)];

        if (!c->used && (cls == NULL || c->cls == cls) && c->account == 0) {
            c->used = true;
            return c;
        }
    }

    return NULL;
}


static const char sql_account[] =
    "INSERT INTO account (id, name, phone_sealed, phone_hash, must_change, created_at)"
    " SELECT ?, g.name, g.phone, g.phone_hash, 0, ? FROM guardian g WHERE g.id = ? AND g.account_id IS NULL";

/* Guardians who ask have an account: they came in with their code when the term began. */
static bx_rc
accounts_make(play *p)
{
    bx_call  *c = p->d->x->call;
    unsigned  queued = 0;
    bx_value  at = bx_text(bx_time_sql(c->arena, c->now));

    for (size_t i = 0; i < p->nrequests; i++) {
        child *who = p->requests[i].who;

        if (who->account != 0) {
            continue;
        }
        who->account = bx_id_new();
        for (size_t k = 0; k < p->nchildren; k++) {
            if (p->children[k].guardian == who->guardian) {
                p->children[k].account = who->account;
            }
        }
        if (bx_queue(c, -1, sql_account, BX_ARGS(bx_int(who->account), at, bx_int(who->guardian))) != BX_OK
            || bx_queue(c, -1, "UPDATE guardian SET account_id = ?, version = version + 1 WHERE id = ? AND account_id IS NULL",
                        BX_ARGS(bx_int(who->account), bx_int(who->guardian))) != BX_OK
            || bx_queue(c, -1, "UPDATE activation SET used_at = ? WHERE guardian_id = ?", BX_ARGS(at, bx_int(who->guardian))) != BX_OK)
        {
            return BX_FAIL;
        }
        if (++queued % 60 == 0 && bx_commit_batch(c, 0, "demo", "accounts", 0, NULL) != BX_OK) {
            return BX_FAIL;
        }
    }

    return c->writes == NULL ? BX_OK : bx_commit_batch(c, 0, "demo", "accounts", 0, NULL);
}


/* ---- what happens */

static void
add_act(play *p, bx_time at, act_kind kind, request *r)
{
    if (at <= p->d->now && p->nacts < MAX_ACTS) {
        p->acts[p->nacts++] = (act) { at, kind, r };
    }
}


static request *
add_request(play *p, child *who, bx_span span)
{
    size_t    n = demo_draw(&p->d->dice, sizeof(reasons) / sizeof(reasons[0]));
    request  *r;
    int       halves = bx_half_days(p->cal, span);

    if (who == NULL || halves == 0 || p->nrequests == MAX_LEAVES) {
        return NULL;
    }

    r = &p->requests[p->nrequests++];
    *r = (request) { .who = who, .span = span, .kind = reasons[n].kind, .reason = reasons[n].reason,
                     .route = halves <= 2 ? "teacher" : halves <= 10 ? "office" : "principal",
                     .by_teacher = demo_chance(&p->d->dice, 80), .phoned = false };
    who->used = true;
    return r;
}


/* Of leave asked for by telephone: the guardian says so in the portal, mostly in time; else the office may take the slip late. */
static void
slip(play *p, request *r, bx_time returned)
{
    demo_dice *dice = &p->d->dice;

    if (demo_chance(dice, 85)) {
        add_act(p, returned + (2 + (bx_time) demo_draw(dice, 30)) * 3600, ACT_CONFIRM, r);
    } else if (demo_chance(dice, 50)) {
        add_act(p, returned + 9 * 86400, ACT_ACCEPT, r);
    }
}


/* From its submission to the child's return; what would be later than now does not happen. */
static void
course(play *p, request *r, bx_time submitted)
{
    demo_dice *dice = &p->d->dice;
    bx_slot    back;
    bx_time    decided = submitted + (6 + (bx_time) demo_draw(dice, 40)) * MINUTE;
    unsigned   fate = (unsigned) demo_draw(dice, 100);

    r->phoned = demo_chance(dice, 14);
    add_act(p, submitted, r->phoned ? ACT_ENTER : ACT_SUBMIT, r);
    if (fate < 4 && !r->phoned) {
        add_act(p, submitted + 20 * MINUTE, ACT_CANCEL, r);
        return;
    }
    if (fate < 9 && !r->phoned) {
        add_act(p, decided, ACT_REJECT, r);
        return;
    }
    if (strcmp(r->route, "teacher") != 0 && !r->phoned) {
        add_act(p, decided, ACT_CONSENT, r);
        decided += (15 + (bx_time) demo_draw(dice, 50)) * MINUTE;
    }
    if (!r->phoned || strcmp(r->route, "teacher") != 0) {
        add_act(p, decided, ACT_DECIDE, r);
    }

    if (bx_next_slot(p->cal, r->span.to, &back)) {
        bx_time  at = bx_slot_begins(p->cal, back);
        int      late = demo_chance(dice, 4) ? 150 : (int) demo_draw(dice, 12);

        /* now and then nobody has said yet that the child is back */
        if (at < p->d->now - 30 * 3600 || !demo_chance(dice, 15)) {
            add_act(p, at + (late - 6) * MINUTE, ACT_RETURN, r);
            if (r->phoned) {
                slip(p, r, at + late * MINUTE);
            }
        }
    }
}


/* First to last due period of n half-days from d on; false when d is no school day. */
static bool
span_from(play *p, bx_date d, bool afternoon, int halves, bx_span *out)
{
    const bx_bells *bells = bx_calendar_bells(p->cal, d);
    bx_slot         s;

    if (bells == NULL) {
        return false;
    }

    out->from = (bx_slot) { d, afternoon ? bells->am + 1 : 1 };
    out->to = out->from;
    do {
        s = out->to;
        if (bx_half_days(p->cal, (bx_span) { out->from, s }) > halves) {
            break;
        }
        *out = (bx_span) { out->from, s };
    } while (bx_next_slot(p->cal, s, &out->to));

    out->to = s;
    if (bx_half_days(p->cal, *out) > halves && !bx_previous_slot(p->cal, s, &out->to)) {
        return false;
    }
    return bx_half_days(p->cal, *out) == halves;
}


static int
length_draw(demo_dice *dice)
{
    unsigned  n = (unsigned) demo_draw(dice, 100);

    return n < 25 ? 1 : n < 62 ? 2 : n < 75 ? 3 : n < 86 ? 4 : n < 92 ? 6 : n < 97 ? 10 : 14 + (int) demo_draw(dice, 4);
}


/* The ill are reported in the morning, what is planned the evening before. */
static void
ordinary_day(play *p, bx_date day, int how_many)
{
    demo_dice *dice = &p->d->dice;

    for (int i = 0; i < how_many; i++) {
        int      halves = length_draw(dice);
        bx_span  span;
        request *r;

        if (!span_from(p, day, halves == 1 && demo_chance(dice, 50), halves, &span)) {
            continue;
        }
        r = add_request(p, child_draw(p, NULL), span);
        if (r != NULL) {
            bool  morning = strcmp(r->kind, "sick") == 0 && demo_chance(dice, 60);

            course(p, r, morning ? bx_time_at(day, 6 * 60 + 45 + (int) demo_draw(dice, 60))
                                 : bx_time_at(day - 1, 18 * 60 + (int) demo_draw(dice, 180)));
        }
    }
}


/* ---- what must be there to be shown, whenever the demonstration is loaded */

static bx_date
school_day(play *p, int n)
{
    return bx_add_school_days(p->cal, p->d->today, n);
}


static request *
shown(play *p, child *who, bx_date day, int halves, const char *kind, const char *reason)
{
    bx_span   span;
    request  *r;

    if (day == BX_NO_DATE || !span_from(p, day, false, halves, &span)) {
        return NULL;
    }

    r = add_request(p, who, span);
    if (r != NULL) {
        r->kind = kind;
        r->reason = reason;
    }
    return r;
}


static void
for_the_queues(play *p, const demo_class *mine)
{
    bx_time   now = p->d->now;
    request  *r;

    if ((r = shown(p, child_draw(p, mine), school_day(p, 1), 2, "personal", "去县里补办身份证")) != NULL) {
        add_act(p, now - 12 * MINUTE, ACT_SUBMIT, r);
    }
    if ((r = shown(p, child_draw(p, mine), school_day(p, 2), 3, "sick", "约了县医院复查眼睛")) != NULL) {
        add_act(p, now - 35 * MINUTE, ACT_SUBMIT, r);
    }
    if ((r = shown(p, child_draw(p, mine), school_day(p, 1), 4, "personal", "跟妈妈去外地看爸爸")) != NULL) {
        add_act(p, now - 60 * MINUTE, ACT_SUBMIT, r);
        add_act(p, now - 30 * MINUTE, ACT_CONSENT, r);
    }
    if ((r = shown(p, child_draw(p, &p->d->classes[0]), school_day(p, 1), 14, "sick", "做阑尾手术，医生要求休息")) != NULL) {
        add_act(p, now - 75 * MINUTE, ACT_SUBMIT, r);
        add_act(p, now - 40 * MINUTE, ACT_CONSENT, r);
    }
}


static void
on_leave_and_overdue(play *p, const demo_class *mine)
{
    bx_date   yesterday = school_day(p, -1), before = school_day(p, -3);
    request  *r;

    /* away from yesterday until tomorrow or later */
    if ((r = shown(p, child_draw(p, mine), yesterday, 8, "sick", "出水痘，医生让在家隔离")) != NULL) {
        add_act(p, bx_time_at(yesterday - 1, 19 * 60 + 5), ACT_SUBMIT, r);
        add_act(p, bx_time_at(yesterday - 1, 19 * 60 + 31), ACT_CONSENT, r);
        add_act(p, bx_time_at(yesterday - 1, 20 * 60 + 2), ACT_DECIDE, r);
    }
    /* expected back two school days ago at the latest, and nobody has said the child is */
    if (before != BX_NO_DATE && (r = shown(p, child_draw(p, mine), before, 2, "personal", "回老家参加爷爷的寿宴")) != NULL) {
        add_act(p, bx_time_at(before - 1, 18 * 60 + 40), ACT_SUBMIT, r);
        add_act(p, bx_time_at(before - 1, 19 * 60 + 3), ACT_DECIDE, r);
    }
}


/* A call before the first bell of a day; back in time, or not yet when it is today's. */
static request *
phoned(play *p, child *who, bx_date day, const char *kind, const char *reason)
{
    request  *r = day == BX_NO_DATE || day < p->d->since ? NULL : shown(p, who, day, 2, kind, reason);
    bx_slot   back;

    if (r == NULL) {
        return NULL;
    }

    r->phoned = r->by_teacher = true;
    add_act(p, bx_time_at(day, 7 * 60 + 20), ACT_ENTER, r);
    if (bx_next_slot(p->cal, r->span.to, &back)) {
        add_act(p, bx_slot_begins(p->cal, back) - 5 * MINUTE, ACT_RETURN, r);
    }
    return r;
}


/* The telephone: one who is away today, a slip that is due, one in its grace, one that never came, one the office took late. */
static void
by_telephone(play *p, const demo_class *mine)
{
    request  *late;
    bx_date   long_ago = school_day(p, -9);

    (void) phoned(p, child_draw(p, mine), bx_is_school_day(p->cal, p->d->today) ? p->d->today : BX_NO_DATE, "sick", "早上发烧，妈妈来电话");
    (void) phoned(p, child_named(p, DEMO_CHILD), school_day(p, -2), "sick", "咳嗽得厉害，妈妈来电话");
    (void) phoned(p, child_draw(p, mine), school_day(p, -4), "personal", "奶奶住院，爸爸来电话");
    (void) phoned(p, child_draw(p, mine), school_day(p, -8), "sick", "肚子疼，爷爷来电话");
    late = phoned(p, child_draw(p, mine), long_ago, "sick", "出疹子，妈妈来电话");
    if (late != NULL) {
        add_act(p, bx_time_at(school_day(p, -1), 10 * 60), ACT_ACCEPT, late);
    }
}


static void
of_named_children(play *p)
{
    child    *siyu = child_named(p, DEMO_CHILD), *sicheng = child_named(p, DEMO_CHILD2), *xinyue = child_named(p, DEMO_CHILD3);
    bx_date   past = school_day(p, -12), tomorrow = school_day(p, 1);
    request  *r;

    if (past != BX_NO_DATE && past >= p->d->since && (r = shown(p, siyu, past, 2, "sick", "发烧，去乡卫生院看病")) != NULL) {
        bx_slot  back;

        r->by_teacher = true;
        add_act(p, bx_time_at(past, 7 * 60 + 2), ACT_SUBMIT, r);
        add_act(p, bx_time_at(past, 7 * 60 + 15), ACT_DECIDE, r);
        if (bx_next_slot(p->cal, r->span.to, &back)) {
            add_act(p, bx_slot_begins(p->cal, back) - 4 * MINUTE, ACT_RETURN, r);
        }
    }
    if ((r = shown(p, sicheng, tomorrow, 1, "sick", "牙疼，约了牙医")) != NULL) {
        add_act(p, bx_time_at(p->d->today - 1, 19 * 60 + 40), ACT_SUBMIT, r);
        add_act(p, bx_time_at(p->d->today - 1, 20 * 60 + 15), ACT_DECIDE, r);
    }
    if ((r = shown(p, xinyue, school_day(p, 3), 2, "personal", "哥哥结婚")) != NULL) {
        add_act(p, p->d->now - 25 * MINUTE, ACT_SAVE, r);
    }
}


static int
by_time(const void *a, const void *b)
{
    const act *x = a, *y = b;

    return x->at < y->at ? -1 : x->at > y->at ? 1 : x->leave < y->leave ? -1 : x->leave > y->leave ? 1 : (int) x->kind - (int) y->kind;
}


static void
happenings(play *p)
{
    static const int  minutes[] = { 8 * 60 + 1, 9 * 60 + 31, 11 * 60 + 31, 14 * 60 + 1, 16 * 60 + 21, 21 * 60 };
    demo             *d = p->d;
    const demo_class *mine = NULL;

    for (size_t i = 0; i < d->nclasses; i++) {
        if (d->classes[i].school == 0 && d->classes[i].entry_year == d->year - 2 && d->classes[i].number == 2) {
            mine = &d->classes[i];
        }
    }

    of_named_children(p);
    by_telephone(p, mine);
    for_the_queues(p, mine);
    on_leave_and_overdue(p, mine);
    for (bx_date day = d->since + 1; day <= d->today + 3; day++) {
        if (bx_is_school_day(p->cal, day)) {
            ordinary_day(p, day, 9 + (int) demo_draw(&d->dice, 7));
        }
        for (size_t i = 0; i < sizeof(minutes) / sizeof(minutes[0]); i++) {
            add_act(p, bx_time_at(day, minutes[i]), ACT_CLOCK, NULL);
        }
    }
    add_act(p, d->now, ACT_CLOCK, NULL);
    qsort(p->acts, p->nacts, sizeof(act), by_time);
}


bx_rc
demo_leave(demo *d, unsigned *made)
{
    play *p = calloc(1, sizeof(*p));
    bx_rc rc = BX_FAIL;

    if (p == NULL || demo_clock_job() == NULL) {
        free(p);
        return BX_FAIL;
    }

    p->d = d;
    p->actors = calloc(MAX_LEAVES + 64, sizeof(actor));
    if (p->actors == NULL || bx_calendar_load(d->x->call, d->classes[0].id, d->since, d->today, &p->cal) != BX_OK
        || children_load(p) != BX_OK)
    {
        goto done;
    }

    happenings(p);
    if (accounts_make(p) != BX_OK) {
        goto done;
    }

    rc = demo_play(p);
    *made = p->made;

done:
    if (rc != BX_OK && d->x->call->problem.code != BX_E_NONE) {
        ctl_refused(d->x);
    }
    free(p->actors);
    free(p);
    return rc;
}
