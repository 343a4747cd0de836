/* demo_play.c: plays what demo_leave.c has made up: each act through the engine's own handlers, with the session of the person
 * whose it is, at its time. */

#include "tools/demo_leave.h"

#include <string.h>

static const char *const refusals[] = { "这天有期中测验，能不能换一天？", "事由没写清楚，请打电话说一声", "上周刚请过，先电话聊聊" };

/* The session of an account, as signing in would give it; made once, and gone at the end. */
static const bx_session *
session_of(play *p, bx_call *c, bx_id account)
{
    static const char  sql[] =
        "INSERT INTO session (token_hash, account_id, created_at, expires_at, address, agent) VALUES (?, ?, ?, ?, '', 'demo')";
    uint8_t            hash[32];
    bool               found;
    bx_value           begins = bx_text(bx_time_sql(c->arena, bx_time_at(p->d->since - 2, 0)));
    actor             *a = &p->actors[p->nactors];

    for (size_t i = 0; i < p->nactors; i++) {
        if (p->actors[i].account == account) {
            return &p->actors[i].session;
        }
    }

    bx_random(hash, sizeof(hash));
    a->account = account;
    if (bx_exec(c, NULL, sql, BX_ARGS(bx_blob(hash, 32), bx_int(account), begins,
                                      bx_text(bx_time_sql(c->arena, p->d->now + 86400)))) != BX_OK
        || bx_session_load(c, hash, &a->session, &found) != BX_OK || !found)
    {
        return NULL;
    }

    p->nactors++;
    return &a->session;
}


static bx_id
actor_of(const play *p, const act *a)
{
    const request *r = a->leave;
    const bx_id   *staff = p->d->staff[r->who->cls->school];

    switch (a->kind) {
    case ACT_ENTER:
    case ACT_CONSENT:
        return r->who->cls->teacher;
    case ACT_ACCEPT:
        return staff[1];
    case ACT_DECIDE:
        return strcmp(r->route, "teacher") == 0 ? r->who->cls->teacher : strcmp(r->route, "office") == 0 ? staff[1] : staff[0];
    case ACT_REJECT:
        return r->who->cls->teacher;
    case ACT_RETURN:
        return r->by_teacher ? r->who->cls->teacher : r->who->account;
    default:
        return r->who->account;
    }
}


static json_t *
body_of(play *p, bx_call *c, const act *a)
{
    const request *r = a->leave;

    switch (a->kind) {
    case ACT_SAVE:
    case ACT_SUBMIT:
    case ACT_ENTER:
        return json_pack("{s:o, s:s, s:s, s:i, s:s, s:i, s:s, s:s, s:s*, s:s*}",
            "student_id", bx_id_json(r->who->student), "kind", r->kind,
            "starts_on", bx_date_text(c->arena, r->span.from.day), "starts_period", r->span.from.period,
            "ends_on", bx_date_text(c->arena, r->span.to.day), "ends_period", r->span.to.period,
            "reason", r->reason, "action", a->kind == ACT_SAVE ? "save" : a->kind == ACT_ENTER ? "enter" : "submit",
            "channel", a->kind == ACT_ENTER ? "phone" : NULL, "requested_by", a->kind == ACT_ENTER ? r->who->guardian_name : NULL);
    case ACT_ACCEPT:
        return json_pack("{s:s}", "comment", "家长在外务工，纸条后来寄到");
    case ACT_REJECT:
        return json_pack("{s:s}", "comment", refusals[demo_draw(&p->d->dice, sizeof(refusals) / sizeof(refusals[0]))]);
    default:
        return json_object();
    }
}


const bx_job *
demo_clock_job(void)
{
    size_t                   n;
    const bx_plugin *const  *plugins = bx_plugins(&n);

    for (size_t i = 0; i < n; i++) {
        for (const bx_job *j = plugins[i]->jobs; j != NULL && j->name != NULL; j++) {
            if (strcmp(j->name, "leave.clock") == 0) {
                return j;
            }
        }
    }

    return NULL;
}


/* A refusal by the rules (two requests of a child that meet, a return already noted by the clock) is part of life. */
static bool
harmless(const bx_call *c)
{
    return c->problem.code == BX_E_CONFLICT || c->problem.code == BX_E_INVALID || c->problem.code == BX_E_WRONG_STATE;
}


static bx_rc
play_person(play *p, bx_call *c, const act *a)
{
    static const char *const  names[] = { "save", "submit", "enter", "consent", "approve", "reject", "cancel", "return", "confirm",
                                              "accept" };
    bx_rc                     rc;

    if (a->leave->id == 0 && a->kind != ACT_SAVE && a->kind != ACT_SUBMIT && a->kind != ACT_ENTER) {
        return BX_OK;
    }

    c->who = session_of(p, c, actor_of(p, a));
    if (c->who == NULL) {
        return BX_FAIL;
    }

    c->trusted = false;
    c->if_match = "*";
    c->body = bx_own(c->arena, body_of(p, c, a));
    c->path_id = a->leave->id;
    rc = a->leave->id == 0 ? bx_generic_create(c, bx_leave_record) : bx_generic_act(c, bx_leave_record, names[a->kind]);

    if (rc == BX_OK && a->leave->id == 0) {
        a->leave->id = bx_id_parse(json_string_value(json_object_get(c->answer, "id")));
        p->made++;
    }
    if (rc != BX_OK && harmless(c)) {
        p->refused++;
        return BX_OK;
    }

    return rc;
}


static bx_rc
play_act(play *p, const act *a)
{
    bx_arena *arena = bx_arena_create(32 * 1024);
    bx_call  *c = arena == NULL ? NULL : bx_call_program(p->d->x->app, arena, "job leave.clock");
    bx_rc     rc = BX_FAIL;

    if (c != NULL) {
        c->now = a->at;
        rc = a->kind == ACT_CLOCK ? demo_clock_job()->run(c) : play_person(p, c, a);
        if (rc != BX_OK) {
            ctl_fail(p->d->x, "leave could not be made up: %s", bx_call_why(c));
        }
        bx_call_end(c);
    }

    bx_arena_destroy(arena);
    return rc;
}


bx_rc
demo_play(play *p)
{
    for (size_t i = 0; i < p->nacts; i++) {
        if (play_act(p, &p->acts[i]) != BX_OK) {
            return BX_FAIL;
        }
    }

    return bx_exec(p->d->x->call, NULL, "DELETE FROM session WHERE agent = 'demo'", BX_NO_ARGS);
}
