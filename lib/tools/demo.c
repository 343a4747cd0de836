/* demo.c: the demonstration county: a bureau, two townships, three schools, 36 classes, about 1,600 children with their
 * guardians, staff, the accounts of design and README, a month of leave and rolls, and children who stayed away. Children come in through the roster import
 * and leave through the engine, so that what the demonstration shows is what the program does. */

#include "flow/staff.h"
#include "tools/demo.h"

#include "flow/classname.h"
#include "flow/roster.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LEAVE_DAYS  35                        /* leave reaches back so far */


static bx_rc
refused(demo *d)
{
    ctl_refused(d->x);
    return BX_FAIL;
}


/* ---- calendar */

/* Autumn 1 September to the last Friday of January, spring 1 March to the Friday before 11 July; a term is stretched when
 * today lies in a vacation, so that there is something to see on every day of the year. */
static void
terms_choose(demo *d)
{
    bx_date  jan = bx_date_make(d->year + 1, 1, 31), jul = bx_date_make(d->year + 1, 7, 10);

    d->terms[0][0] = bx_date_make(d->year, 9, 1);
    d->terms[0][1] = jan - (bx_weekday(jan) + 2) % 7;
    d->terms[1][0] = bx_date_make(d->year + 1, 3, 1);
    d->terms[1][1] = jul - (bx_weekday(jul) + 2) % 7;

    if (d->today < d->terms[0][0]) {
        d->terms[0][0] = bx_date_make(d->year, 8, 1);
        d->stretched = "today lies in the summer vacation: the autumn term was made to begin on 1 August";

    } else if (d->today > d->terms[0][1] && d->today < d->terms[1][0]) {
        d->terms[0][1] = d->today + 14 < d->terms[1][0] ? d->today + 14 : d->terms[1][0] - 1;
        d->stretched = "today lies in the winter vacation: the autumn term was made longer";

    } else if (d->today > d->terms[1][1]) {
        d->terms[1][1] = bx_date_make(d->year + 1, 7, 31);
        d->stretched = "today lies in the summer vacation: the spring term was made to end on 31 July";
    }

    d->since = d->today - LEAVE_DAYS;
    if (d->since < d->terms[0][0]) {
        d->since = d->terms[0][0];
    }
}


static bx_rc
days_queue(demo *d, bx_id unit, bx_date first, int n, const char *kind, const char *name)
{
    static const char  sql[] = "INSERT INTO calendar_day (unit_id, day, kind, name, entry_id, created_at) VALUES (?, ?, ?, ?, ?, ?)";
    bx_id              entry = bx_id_new();

    for (bx_date day = first; day < first + n; day++) {
        if (bx_queue(d->x->call, 1, sql, BX_ARGS(bx_int(unit), bx_text(bx_date_text(d->x->arena, day)), bx_text(kind), bx_text(name),
                                                 bx_int(entry), bx_text(bx_time_sql(d->x->arena, bx_call_now(d->x->call))))) != BX_OK)
        {
            return BX_FAIL;
        }
    }

    return BX_OK;
}


static bx_rc
calendar_queue(demo *d, bx_id county)
{
    bx_call *c = d->x->call;
    bx_date  october = bx_date_make(d->year, 10, 1), may = bx_date_make(d->year + 1, 5, 1);
    bx_date  saturday = october + 7 + (13 - bx_weekday(october + 7)) % 7;

    for (int i = 0; i < 2; i++) {
        if (bx_queue(c, 1, "INSERT INTO term (id, unit_id, school_year, number, starts_on, ends_on) VALUES (?, ?, ?, ?, ?, ?)",
                     BX_ARGS(bx_int(bx_id_new()), bx_int(county), bx_int(d->year), bx_int(i + 1),
                             bx_text(bx_date_text(c->arena, d->terms[i][0])), bx_text(bx_date_text(c->arena, d->terms[i][1]))))
            != BX_OK)
        {
            return BX_FAIL;
        }
    }

    return days_queue(d, county, october, 7, "holiday", "国庆节") == BX_OK
           && days_queue(d, county, may, 3, "holiday", "劳动节") == BX_OK
           && days_queue(d, county, saturday, 1, "makeup", "国庆调休") == BX_OK
           && days_queue(d, county, bx_date_make(d->year + 1, 1, 1), 1, "holiday", "元旦") == BX_OK
           && days_queue(d, county, bx_date_make(d->year + 1, 4, 5), 1, "holiday", "清明节") == BX_OK ? BX_OK : BX_FAIL;
}


/* ---- units */

typedef struct { ctl_unit county, townships[2]; } upper;

static bx_rc
units_make(demo *d, upper *u)
{
    static const char *const  names[] = { "松山乡", "云岭乡" };
    static const char *const  codes[] = { "522799101", "522799102" };
    bx_call                  *c = d->x->call;
    bx_place                  p = { .level = "county", .name = "澜溪县教育体育局", .code = "522799" };

    if (bx_place_queue(c, &p) != BX_OK) {
        return BX_FAIL;
    }
    u->county = bx_place_unit(&p);

    for (int i = 0; i < 2; i++) {
        p = (bx_place) { .level = "township", .name = names[i], .code = codes[i], .parent = &u->county };
        if (bx_place_queue(c, &p) != BX_OK) {
            return BX_FAIL;
        }
        u->townships[i] = bx_place_unit(&p);
    }

    for (int i = 0; i < DEMO_SCHOOLS; i++) {
        demo_school *s = &d->schools[i];

        p = (bx_place) { .level = "school", .name = s->name, .code = s->code, .stage = s->stage, .parent = &u->townships[s->township] };
        if (bx_place_queue(c, &p) != BX_OK) {
            return BX_FAIL;
        }
        s->unit = bx_place_unit(&p);
    }

    return calendar_queue(d, u->county.id) == BX_OK ? bx_commit_batch(c, u->county.id, "demo", "org-units", u->county.id, NULL) : BX_FAIL;
}


static bx_rc
rosters_import(demo *d)
{
    for (int i = 0; i < DEMO_SCHOOLS; i++) {
        bx_buf            csv;
        bx_roster_result  result = { 0 };

        bx_buf_init(&csv, d->x->arena);
        if (demo_roster(d, &d->schools[i], &csv) != BX_OK
            || bx_roster_import(d->x->call, d->schools[i].unit.id, bx_sprintf(d->x->arena, "%s学籍名册.csv", d->schools[i].name),
                                csv.data, csv.len, &result) != BX_OK)
        {
            return BX_FAIL;
        }
        bx_queue_clear(d->x->call);
        d->x->call->committed = false;
        if (!d->x->json) {
            printf("%s: %u children, %u guardians, %u rows not taken\n", d->schools[i].name, result.added, result.guardians,
                   result.rejected);
        }
    }

    return BX_OK;
}


static const char sql_classes[] =
    "SELECT id, entry_year, class_no FROM org_unit WHERE school_id = ? AND level = 'class' ORDER BY entry_year DESC, class_no";

static bx_rc
classes_load(demo *d)
{
    bx_rows  rows;

    for (int i = 0; i < DEMO_SCHOOLS; i++) {
        if (bx_query(d->x->call, &rows, sql_classes, BX_ARGS(bx_int(d->schools[i].unit.id))) != BX_OK) {
            return BX_FAIL;
        }
        for (size_t k = 0; k < rows.nrows && d->nclasses < DEMO_CLASSES; k++) {
            d->classes[d->nclasses++] = (demo_class) { bx_cell_int(&rows, k, 0), 0, i, (int) bx_cell_int(&rows, k, 1),
                                                       (int) bx_cell_int(&rows, k, 2) };
        }
    }

    return BX_OK;
}


static demo_class *
class_of(demo *d, int school, int grade, int number)
{
    int  first = strcmp(d->schools[school].stage, "junior") == 0 ? 7 : 1;

    for (size_t i = 0; i < d->nclasses; i++) {
        if (d->classes[i].school == school && d->classes[i].entry_year == d->year - (grade - first)
            && d->classes[i].number == number)
        {
            return &d->classes[i];
        }
    }

    return NULL;
}


/* ---- accounts */

typedef struct { const char *login, *name, *role, *role_zh; bx_id unit; const char *where; char *password; bx_id id; } person;

#define MAX_PERSONS  16

typedef struct { person p[MAX_PERSONS]; size_t n; const char *one_password, *one_hash; } people;


static bx_rc
password_make(demo *d, people *all, person *p, const char **hash)
{
    bx_error  err = { 0 };
    char     *made;

    if (all->one_hash != NULL) {
        p->password = bx_strdup(d->x->arena, all->one_password);
        *hash = all->one_hash;
        return BX_OK;
    }

    p->password = all->one_password != NULL ? bx_strdup(d->x->arena, all->one_password) : bx_code_new(d->x->arena, 8);
    if (p->password == NULL || bx_password_hash(d->x->arena, p->password, &made, &err) != BX_OK) {
        ctl_fail(d->x, "%s", err.text);
        return BX_FAIL;
    }
    if (all->one_password != NULL) {
        all->one_hash = made;
    }

    *hash = made;
    return BX_OK;
}


static bx_rc
person_add(demo *d, people *all, person p)
{
    const char  *hash;
    bx_new_account  a = { .login = p.login, .name = p.name, .phone = demo_phone(d) };

    if (password_make(d, all, &p, &hash) != BX_OK) {
        return BX_FAIL;
    }
    a.password_hash = hash;
    if (bx_account_queue(d->x->call, &a) != BX_OK
        || bx_position_queue(d->x->call, a.id, p.role, p.unit, bx_date_make(d->year, 7, 1), BX_NO_DATE, NULL) != BX_OK)
    {
        return BX_FAIL;
    }

    p.id = a.id;
    all->p[all->n++] = p;
    return BX_OK;
}


/* Staff that is there to be seen and to act, without signing in. */
static bx_rc
colleague_add(demo *d, const char *role, bx_id unit, bx_id *id)
{
    bx_new_account  a = { .name = demo_name(d, 1 + (int) demo_draw(&d->dice, 2)), .phone = demo_phone(d) };

    if (bx_account_queue(d->x->call, &a) != BX_OK
        || bx_position_queue(d->x->call, a.id, role, unit, bx_date_make(d->year, 7, 1), BX_NO_DATE, NULL) != BX_OK)
    {
        return BX_FAIL;
    }

    *id = a.id;
    return BX_OK;
}


static bx_id
person_id(const people *all, const char *login)
{
    for (size_t i = 0; i < all->n; i++) {
        if (strcmp(all->p[i].login, login) == 0) {
            return all->p[i].id;
        }
    }

    return 0;
}


static bx_rc
grade_unit(demo *d, const demo_class *cls, bx_id *id)
{
    bx_rows  rows;

    if (bx_query(d->x->call, &rows, "SELECT parent_id FROM org_unit WHERE id = ?", BX_ARGS(bx_int(cls->id))) != BX_OK) {
        return BX_FAIL;
    }

    *id = bx_cell_int(&rows, 0, 0);
    return BX_OK;
}


static bx_rc
named_staff(demo *d, const upper *u, people *all)
{
    demo_school *s = d->schools;
    demo_class  *mine = class_of(d, 0, 3, 2), *theirs = class_of(d, 2, 7, 4);
    bx_id        grade;

    if (mine == NULL || theirs == NULL || grade_unit(d, mine, &grade) != BX_OK) {
        return BX_FAIL;
    }

    const person  staff[] = {
        { "county",     "周启明", "county",    "县教体局",     u->county.id,       u->county.name,       NULL, 0 },
        { "township",   "韦大明", "township",  "乡镇",         u->townships[0].id, u->townships[0].name, NULL, 0 },
        { "principal",  "刘建国", "principal", "校长",         s[0].unit.id,       s[0].name,            NULL, 0 },
        { "vice",       "何秀英", "vice",      "分管副校长",   s[0].unit.id,       s[0].name,            NULL, 0 },
        { "office",     "陈志强", "office",    "教导处",       s[0].unit.id,       s[0].name,            NULL, 0 },
        { "registrar",  "吴敏",   "registrar", "学籍管理员",   s[0].unit.id,       s[0].name,            NULL, 0 },
        { "grade",      "罗永福", "grade",     "年级组长",     grade,              "三年级",             NULL, 0 },
        { "teacher",    "王晓梅", "teacher",   "班主任",       mine->id,           "三年级2班",          NULL, 0 },
        { "subject",    "罗勇",   "subject",   "科任教师",     mine->id,           "三年级2班",          NULL, 0 },
        { "psych",      "石兰",   "psych",     "心理教师",     s[0].unit.id,       s[0].name,            NULL, 0 },
        { "principal2", "杨再兴", "principal", "校长",         s[2].unit.id,       s[2].name,            NULL, 0 },
        { "teacher2",   "龙文华", "teacher",   "班主任",       theirs->id,         "七年级4班",          NULL, 0 },
        { "admin",      "邓立新", "admin",     "系统管理员",   s[0].unit.id,       s[0].name,            NULL, 0 }
    };

    for (size_t i = 0; i < sizeof(staff) / sizeof(staff[0]); i++) {
        if (person_add(d, all, staff[i]) != BX_OK) {
            return BX_FAIL;
        }
    }

    mine->teacher = person_id(all, "teacher");
    theirs->teacher = person_id(all, "teacher2");
    d->staff[0][0] = person_id(all, "principal");
    d->staff[0][1] = person_id(all, "office");
    d->staff[0][2] = person_id(all, "vice");
    d->staff[2][0] = person_id(all, "principal2");
    d->county = person_id(all, "county");
    d->townships[0] = person_id(all, "township");
    if (colleague_add(d, "township", u->townships[1].id, &d->townships[1]) != BX_OK) {
        return BX_FAIL;
    }
    return bx_commit_batch(d->x->call, 0, "demo", "accounts", 0, NULL);
}


static bx_rc
other_staff(demo *d)
{
    static const char *const  roles[] = { "principal", "office", "vice" };

    for (int i = 0; i < DEMO_SCHOOLS; i++) {
        for (int k = 0; k < 3; k++) {
            if (d->staff[i][k] == 0 && colleague_add(d, roles[k], d->schools[i].unit.id, &d->staff[i][k]) != BX_OK) {
                return BX_FAIL;
            }
        }
    }
    for (size_t i = 0; i < d->nclasses; i++) {
        if (d->classes[i].teacher == 0 && colleague_add(d, "teacher", d->classes[i].id, &d->classes[i].teacher) != BX_OK) {
            return BX_FAIL;
        }
    }

    return bx_commit_batch(d->x->call, 0, "demo", "accounts", 0, NULL);
}


/* A guardian of the roster gets an account with a login beside the phone. */
static bx_rc
guardian_add(demo *d, people *all, const char *login, const char *name, const char *phone)
{
    static const char  sql[] = "UPDATE guardian SET account_id = ?, version = version + 1 WHERE phone_hash = ?";
    bx_call           *c = d->x->call;
    person             p = { login, name, "guardian", "家长", 0, strcmp(login, "guardian") == 0 ? DEMO_CHILD "、" DEMO_CHILD2 : DEMO_CHILD3,
                             NULL, 0 };
    bx_new_account     a = { .login = login, .name = name, .phone = phone };

    if (password_make(d, all, &p, &a.password_hash) != BX_OK || bx_account_queue(c, &a) != BX_OK) {
        return BX_FAIL;
    }

    p.id = a.id;
    all->p[all->n++] = p;
    if (bx_queue(c, 1, sql, BX_ARGS(bx_int(a.id), bx_lookup_hash(c->arena, "phone", phone))) != BX_OK
        || bx_queue(c, -1, "UPDATE activation v JOIN guardian g ON g.id = v.guardian_id SET v.used_at = ? WHERE g.account_id = ?",
                    BX_ARGS(bx_text(bx_time_sql(c->arena, c->now)), bx_int(a.id))) != BX_OK)
    {
        return BX_FAIL;
    }

    return bx_commit_batch(c, 0, "demo", "accounts", a.id, NULL);
}


/* ---- the list of accounts */

static char *
accounts_text(demo *d, const people *all)
{
    bx_buf  b;

    bx_buf_init(&b, d->x->arena);
    bx_buf_str(&b, "account     password    who\n");
    for (size_t i = 0; i < all->n; i++) {
        const person *p = &all->p[i];

        bx_buf_printf(&b, "%-11s %-11s %s %s %s\n", p->login, p->password, p->name, p->role_zh, p->where);
    }

    return b.failed ? NULL : b.data;
}


/* Whole or not at all, and for its owner only. */
static bx_rc
accounts_write(demo *d, const char *path, const char *text)
{
    const char *work = bx_sprintf(d->x->arena, "%s.new", path);
    FILE       *f;
    mode_t      mask = umask(077);
    bool        ok;

    f = fopen(work, "we");
    umask(mask);
    ok = f != NULL && fputs(text, f) >= 0 && fflush(f) == 0 && fsync(fileno(f)) == 0;
    ok = f != NULL && fclose(f) == 0 && ok && rename(work, path) == 0;
    if (!ok) {
        ctl_fail(d->x, "\"%s\": %s", path, strerror(errno));
    }

    return ok ? BX_OK : BX_FAIL;
}


/* ---- all of it */

static bx_rc
demo_make(demo *d, people *all, unsigned *leaves, unsigned *rolls)
{
    upper    u;
    bx_call *c = d->x->call;

    c->now = bx_time_at(d->since, 7 * 60);
    if (units_make(d, &u) != BX_OK || rosters_import(d) != BX_OK || classes_load(d) != BX_OK || named_staff(d, &u, all) != BX_OK
        || other_staff(d) != BX_OK || guardian_add(d, all, "guardian", DEMO_MOTHER, "15400000101") != BX_OK
        || guardian_add(d, all, "guardian2", DEMO_MOTHER2, "15400000102") != BX_OK)
    {
        return c->problem.code == BX_E_NONE ? BX_FAIL : refused(d);
    }
    if (demo_leave(d, leaves) != BX_OK || demo_cases(d, rolls) != BX_OK) {
        return BX_FAIL;
    }

    /* codes of an import of last month would soon be over */
    c->now = d->now;
    if (bx_queue(c, -1, "UPDATE activation SET expires_on = ? WHERE used_at IS NULL",
                 BX_ARGS(bx_text(bx_date_text(c->arena, d->today + 60)))) != BX_OK
        || bx_commit_batch(c, 0, "demo", "activation-slips", 0, NULL) != BX_OK
        || demo_register(d) != BX_OK)
    {
        return refused(d);
    }

    return BX_OK;
}


static const demo_school schools[DEMO_SCHOOLS] = {
    { .name = "松山乡中心学校", .code = "2152001234", .stage = "primary", .village = "松山乡", .township = 0, .grades = 6, .classes = 3 },
    { .name = "云岭乡中心小学", .code = "2152001242", .stage = "primary", .village = "云岭乡", .township = 1, .grades = 6, .classes = 1 },
    { .name = "云岭中学",       .code = "3152000068", .stage = "junior",  .village = "云岭乡", .township = 1, .grades = 3, .classes = 4 }
};

static int
demo_run(ctl *x)
{
    demo        *d = bx_alloc(x->arena, sizeof(*d));
    people      *all = bx_alloc(x->arena, sizeof(*all));
    unsigned     leaves = 0, rolls = 0;
    char        *text;
    const char  *path = ctl_get(x, "--accounts-file");
    bx_rows      rows;

    if (bx_query(x->call, &rows, "SELECT id FROM org_unit LIMIT 1", BX_NO_ARGS) != BX_OK) {
        return ctl_refused(x);
    }
    if (rows.nrows > 0) {
        return ctl_fail(x, "there are units already: the demonstration county wants an empty database");
    }

    d->x = x;
    d->dice.state = 20260901;
    d->now = bx_call_now(x->call);
    d->today = bx_date_of(d->now);
    d->year = bx_school_year(d->today);
    memcpy(d->schools, schools, sizeof(schools));
    terms_choose(d);

    all->one_password = getenv("BAOXUE_DEMO_PASSWORD");
    if (all->one_password != NULL && (strlen(all->one_password) < 8 || strlen(all->one_password) > 72)) {
        return ctl_fail(x, "BAOXUE_DEMO_PASSWORD has fewer than 8 or more than 72 bytes");
    }

    if (demo_make(d, all, &leaves, &rolls) != BX_OK) {
        return CTL_FAILED;
    }
    text = accounts_text(d, all);
    if (text == NULL || (path != NULL && accounts_write(d, path, text) != BX_OK)) {
        return CTL_FAILED;
    }

    return ctl_done(x, json_pack("{s:i, s:i, s:i, s:s?}", "classes", (int) d->nclasses, "leave_requests", (int) leaves,
                                 "rolls", (int) rolls, "note", d->stretched),
                    "%u leave requests, %u rolls%s%s%s%s", leaves, rolls, d->stretched == NULL ? "" : "\n",
                    d->stretched == NULL ? "" : d->stretched, path == NULL ? "\n" : "", path == NULL ? text : "");
}


static const ctl_option demo_options[] = {
    { "--accounts-file", "FILE", "write logins and passwords there, for its owner only, and not to the terminal" },
    { NULL, NULL, NULL }
};

const ctl_command ctl_demo_commands[] = {
    { "demo", "", 0, 0, CTL_CALL, demo_options, demo_run, "load the demonstration county into an empty database" },
    { NULL, NULL, 0, 0, 0, NULL, NULL, NULL }
};
