/* dispatch.c: a request from its method and path to its answer, top to bottom.
 * Owns the order of the gates: route, origin, session, password change, second factor, capability, key, body, how much was read.
 * Everything below them may rely on all of them. What goes wrong becomes an RFC 9457 problem answer in the reader's language. */

#include "web/app_private.h"
#include "web/reads.h"
#include "web/routes.h"
#include "flow/flow.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char prefix[] = "/api/v1/";


static bool
changes_state(const char *method)
{
    return strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0;
}


/* ---- problem answers */

static const char *
text_of(const bx_call *c, const char *slug, const json_t *params)
{
    return bx_tr(c->arena, c->lang, bx_sprintf(c->arena, "error.%s", slug), params);
}


static json_t *
problem_json(bx_call *c)
{
    const bx_problem *p = &c->problem;
    json_t           *o = json_object(), *errors = json_array();
    const char       *title = text_of(c, bx_err_slug(p->code), p->params);
    const char       *key;
    json_t           *value;

    for (unsigned i = 0; i < p->nerrors; i++) {
        const bx_field_error *e = &p->errors[i];

        json_array_append_new(errors, json_pack("{s:s, s:s, s:s}", "field", e->field, "code", e->reason,
                                                "message", text_of(c, e->reason, e->params)));
    }

    json_object_set_new(o, "type", json_string("about:blank"));
    json_object_set_new(o, "status", json_integer(bx_err_status(p->code)));
    json_object_set_new(o, "code", json_string(bx_err_slug(p->code)));
    json_object_set_new(o, "title", json_string(title));
    json_object_set_new(o, "detail", json_string(p->nerrors > 0 ? text_of(c, p->errors[0].reason, p->errors[0].params) : title));
    json_object_set_new(o, "errors", errors);

    json_object_foreach(p->extra, key, value) {
        json_object_set(o, key, value);
    }

    return o;
}


/* What whoever asked may not do, or what no page of the portal sends. A form that is filled in wrongly is neither. */
static const char *
field_refused(const bx_problem *p)
{
    static const char *const told[] = {
        "unknown_field", "password.own", "password.current", "factor.wrong", "activation.unknown", "attachment.broken", NULL
    };

    for (unsigned i = 0; i < p->nerrors; i++) {
        for (size_t k = 0; told[k] != NULL; k++) {
            if (strcmp(p->errors[i].reason, told[k]) == 0) {
                return told[k];
            }
        }
    }

    return NULL;
}


/* The reason for the log of refusals. A portal that asks whether somebody is signed in is turned away every morning. */
static const char *
refused(const bx_call *c)
{
    const bx_problem *p = &c->problem;

    switch (p->code) {

    case BX_E_UNAUTHENTICATED:
        if (c->req->cookie != NULL) {
            return c->idle_minutes > 0 ? "session_idle" : "session_over";
        }
        return c->route != NULL && strcmp(c->route->path, "session") == 0 ? NULL : bx_err_slug(p->code);

    case BX_E_SIGN_IN: case BX_E_FORBIDDEN: case BX_E_ORIGIN: case BX_E_OWN_CHILD: case BX_E_MUST_CHANGE: case BX_E_MUST_ENROL:
    case BX_E_STEP_OVER: case BX_E_METHOD:
    case BX_E_BAD_REQUEST: case BX_E_BAD_JSON: case BX_E_NO_KEY: case BX_E_KEY_REUSED: case BX_E_MEDIA: case BX_E_TOO_LARGE:
    case BX_E_THROTTLED: case BX_E_READ_LIMIT:
        return bx_err_slug(p->code);

    case BX_E_INVALID:
        return field_refused(p);

    default:
        return NULL;
    }
}


static void
render_problem(bx_call *c)
{
    bx_response *res = c->res;
    json_t      *o = bx_own(c->arena, problem_json(c));
    const char  *text = bx_json_text(c->arena, o, JSON_COMPACT);

    res->status = bx_err_status(c->problem.code);
    res->refused = refused(c);
    res->content_type = "application/problem+json; charset=utf-8";
    if (text != NULL) {
        res->body = text;
        res->body_len = strlen(text);
    }

    if (res->status == 503 && c->problem.retry_after == 0) {
        c->problem.retry_after = 3;
    }
    if (c->problem.retry_after > 0) {
        bx_answer_header(c, "Retry-After", bx_sprintf(c->arena, "%u", c->problem.retry_after));
    }
    if (res->status >= 500) {
        res->log = c->error.text[0] != '\0' ? bx_strdup(c->arena, c->error.text) : bx_err_slug(c->problem.code);
    }
}


static void
render_answer(bx_call *c)
{
    bx_response *res = c->res;

    res->status = c->status == 0 ? 204 : c->status;
    bx_answer_header(c, "Location", c->location);

    if (c->bytes != NULL) {
        res->content_type = c->media_type;
        res->body = c->bytes;
        res->body_len = c->bytes_len;

    } else if (c->answer != NULL) {
        const char *text = bx_json_text(c->arena, c->answer, JSON_COMPACT);

        if (text == NULL) {
            bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
            render_problem(c);
            return;
        }
        res->content_type = "application/json; charset=utf-8";
        res->body = text;
        res->body_len = strlen(text);
    }
}


/* ---- gates */

static const char *
language(const bx_request *req, const bx_session *who)
{
    const char *s = req->accept_language;

    if (who != NULL && who->lang[0] != '\0') {
        return strcmp(who->lang, "en") == 0 ? "en" : "zh-CN";
    }

    return s != NULL && strncmp(s, "en", 2) == 0 ? "en" : "zh-CN";
}


static bool
origin_known(const bx_call *c, const char *origin)
{
    const bx_request *req = c->req;

    for (size_t i = 0; c->app->origins[i] != NULL; i++) {
        if (strcmp(c->app->origins[i], origin) == 0) {
            return true;
        }
    }

    /* none configured: the host that was asked for */
    return c->app->origins[0] == NULL && req->host != NULL
           && strcmp(origin, bx_sprintf(c->arena, "%s://%s", req->secure ? "https" : "http", req->host)) == 0;
}


/* Cross-site requests: another Origin (or null) is refused; without one the browser must say same-origin, and whoever says
 * neither must send a header no form can send. */
static bx_rc
gate_origin(bx_call *c)
{
    const bx_request *req = c->req;

    if (!changes_state(req->method)) {
        return BX_OK;
    }
    if (req->origin != NULL) {
        return origin_known(c, req->origin) ? BX_OK : bx_refuse(c, BX_E_ORIGIN, NULL, NULL, NULL);
    }
    if (req->fetch_site != NULL) {
        return strcmp(req->fetch_site, "same-origin") == 0 ? BX_OK : bx_refuse(c, BX_E_ORIGIN, NULL, NULL, NULL);
    }

    return req->key != NULL ? BX_OK : bx_refuse(c, BX_E_ORIGIN, NULL, NULL, NULL);
}


/* What the zone has is good unless its use is to be written down again. */
static bool
remembered(const bx_call *c)
{
    const bx_session *s = &c->req->session;

    return c->req->has_session && s->tables == bx_tables_fingerprint() && s->expires > c->now
           && (c->req->unattended != NULL || c->now - s->used < BX_SESSION_NOTED);
}


static bx_rc
gate_session(bx_call *c, bx_session *store)
{
    const bx_request *req = c->req;
    bool              found = false;

    if (req->cookie == NULL) {
        return BX_OK;
    }

    if (remembered(c)) {
        c->who = &req->session;

    } else {
        if (bx_session_load(c, req->token_hash, store, &found) != BX_OK) {
            return BX_FAIL;
        }
        if (!found) {
            c->res->zone = BX_ZONE_DROP;
            memcpy(c->res->token_hash, req->token_hash, 32);
            return BX_OK;
        }
        if (req->unattended == NULL && c->now - store->used >= BX_SESSION_NOTED) {
            bx_session_note(c, req->token_hash, store);
        }
        c->who = store;
        c->res->zone = BX_ZONE_STORE;
        c->res->session = *store;
        memcpy(c->res->token_hash, req->token_hash, 32);
    }

    c->res->account = c->who->account;
    c->lang = language(req, c->who);
    return BX_OK;
}


static bx_rc
gate_capability(bx_call *c, const bx_route *r)
{
    if (r->flags & BX_PUBLIC) {
        return BX_OK;
    }
    if (c->who == NULL && c->idle_minutes > 0) {
        bx_refuse_add(c, "idle_minutes", json_integer(c->idle_minutes));
    }
    if (c->who == NULL) {
        return bx_refuse(c, BX_E_UNAUTHENTICATED, NULL, NULL, NULL);
    }
    if (c->who->must_change && !(r->flags & BX_FRESH_OK)) {
        return bx_refuse(c, BX_E_MUST_CHANGE, NULL, NULL, NULL);
    }
    if (c->who->must_enrol && !(r->flags & BX_ENROL_OK)) {
        return bx_refuse(c, BX_E_MUST_ENROL, NULL, NULL, NULL);
    }
    if (r->flags & BX_ANY_USER) {
        return BX_OK;                                                   /* generic routes ask for theirs with the row in hand */
    }

    return r->capability != NULL && bx_call_can(c, r->capability) ? BX_OK : bx_refuse(c, BX_E_FORBIDDEN, NULL, NULL, NULL);
}


static bool
key_fits(const char *key)
{
    size_t  n = key == NULL ? 0 : strlen(key);

    if (n < 1 || n > 64) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (key[i] <= ' ' || key[i] > '~') {
            return false;
        }
    }

    return true;
}


/* There is a password in the body: by a plain hash of it in the database it could be guessed. */
static bool
seal_hash(bx_call *c)
{
    bx_value  keyed = bx_lookup_hash(c->arena, "request", bx_hex(c->arena, c->key.request_hash, 32));

    if (keyed.kind == BX_V_NULL || keyed.len != 32) {
        return false;
    }

    memcpy(c->key.request_hash, keyed.s, 32);
    return true;
}


static bx_rc
gate_key(bx_call *c, const bx_route *r)
{
    const bx_request *req = c->req;
    bx_buf            b;

    if (!changes_state(req->method) || (r->flags & BX_UNKEYED)) {
        return BX_OK;
    }
    if (!key_fits(req->key)) {
        return bx_refuse(c, BX_E_NO_KEY, NULL, NULL, NULL);
    }
    if (c->who == NULL) {
        return BX_OK;                                                   /* nobody's keys would be everybody's */
    }

    bx_buf_init(&b, c->arena);
    bx_buf_printf(&b, "%s\n%s?%s\n", req->method, req->path, req->query == NULL ? "" : req->query);
    if (req->asked != NULL) {
        bx_buf_printf(&b, "%s\n", req->asked);
    }
    bx_buf_add(&b, req->body == NULL ? "" : req->body, req->body == NULL ? 0 : req->body_len);
    if (b.failed) {
        return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
    }

    bx_sha256(b.data, b.len, c->key.request_hash);
    if ((r->flags & BX_PASSWORD) && !seal_hash(c)) {
        return bx_refuse(c, BX_E_INTERNAL, NULL, NULL, NULL);
    }
    snprintf(c->key.key, sizeof(c->key.key), "%s", req->key);
    c->key.on = true;
    return BX_OK;
}


static bx_rc
gate_body(bx_call *c, const bx_route *r)
{
    const bx_request *req = c->req;
    json_error_t      err;

    if (!changes_state(req->method) || (r->flags & BX_UPLOAD) || req->body_len == 0) {
        return BX_OK;
    }
    if (req->content_type == NULL || strncmp(req->content_type, "application/json", 16) != 0
        || strchr("; \t", req->content_type[16]) == NULL)
    {
        return bx_refuse(c, BX_E_MEDIA, NULL, NULL, NULL);
    }

    c->body = bx_own(c->arena, json_loadb(req->body, req->body_len, JSON_REJECT_DUPLICATES, &err));
    if (c->body == NULL) {
        return bx_refuse(c, BX_E_BAD_JSON, NULL, NULL, json_pack("{s:i, s:i}", "line", err.line, "column", err.column));
    }

    return BX_OK;
}


/* ---- bodies in nginx's temporary file */

static bx_rc
read_body(bx_call *c, bx_request *req)
{
    char   *data;
    size_t  got = 0;

    if (req->body_fd < 0 || req->body != NULL) {
        return BX_OK;
    }

    data = bx_alloc(c->arena, req->body_len + 1);
    if (data == NULL) {
        return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
    }

    while (got < req->body_len) {
        ssize_t  n = pread(req->body_fd, data + got, req->body_len - got, (off_t) got);

        if (n <= 0) {
            bx_error_set(&c->error, BX_E_INTERNAL, "cannot read the request body from its temporary file");
            return bx_refuse(c, BX_E_INTERNAL, NULL, NULL, NULL);
        }
        got += (size_t) n;
    }

    req->body = data;
    return BX_OK;
}


/* ---- from top to bottom */

static const bx_route_row *
find_route(bx_call *c)
{
    char                 allow[64];
    const char          *path = c->req->path;
    const bx_route_row  *row = NULL;

    allow[0] = '\0';
    if (strncmp(path, prefix, sizeof(prefix) - 1) == 0) {
        row = bx_route_match(c->req->method, path + sizeof(prefix) - 1, &c->path_id, allow);
    }

    if (row == NULL && allow[0] != '\0') {
        bx_answer_header(c, "Allow", bx_strdup(c->arena, allow));
        bx_refuse(c, BX_E_METHOD, NULL, NULL, NULL);
    } else if (row == NULL) {
        bx_refuse(c, BX_E_NOT_FOUND, NULL, NULL, NULL);
    }

    return row;
}


/* Is the answer to this very request stored already? Asked before work that is dear, and before a refusal is believed. */
static bool
answered_before(bx_call *c)
{
    return c->key.on && !c->committed && bx_key_replay(c);
}


static void
run(bx_call *c, const bx_route_row *row)
{
    const unsigned  dear = BX_SLOW | BX_PASSWORD | BX_UPLOAD | BX_SELF_KEYED;

    if (row->kind == BX_RT_HANDLER && (row->route.flags & dear) && answered_before(c)) {
        return;
    }

    if (bx_route_run(c, row) == BX_OK) {
        return;
    }
    if (c->problem.code == BX_E_NONE) {
        bx_error_set(&c->error, BX_E_INTERNAL, "%s %s failed without saying why", row->route.method, row->route.path);
        bx_refuse(c, BX_E_INTERNAL, NULL, NULL, NULL);
    }
    if (bx_err_status(c->problem.code) < 500) {
        (void) answered_before(c);
    }
}


void
bx_dispatch(bx_app *app, bx_arena *a, const bx_request *request, bx_response *res)
{
    bx_request           req = *request;
    bx_session           loaded;
    const bx_route_row  *row;
    bx_call              c = { .app = app, .arena = a, .req = &req, .res = res, .now = bx_now() };

    c.lang = language(&req, NULL);
    c.if_match = req.if_match;
    res->route = "unknown";
    res->account = req.has_session ? req.session.account : 0;           /* whose browser another site has sent here */

    row = find_route(&c);
    if (row != NULL) {
        c.route = &row->route;
        res->route = row->route.path;
        /* what is short lives in the request's memory; files of many pages let go of each page */
        bx_json_here(row->route.flags & (BX_SLOW | BX_UPLOAD) ? NULL : a);

        if (gate_origin(&c) == BX_OK && read_body(&c, &req) == BX_OK && gate_session(&c, &loaded) == BX_OK
            && gate_capability(&c, &row->route) == BX_OK && gate_key(&c, &row->route) == BX_OK
            && gate_body(&c, &row->route) == BX_OK && bx_reads_gate(&c, row) == BX_OK)
        {
            run(&c, row);
            if (c.problem.code == BX_E_NONE) {
                bx_reads_count(&c);
            }
        }
    }

    bx_call_end(&c);

    if (c.problem.code != BX_E_NONE) {
        render_problem(&c);
    } else {
        render_answer(&c);
    }
    bx_json_here(NULL);
}


bx_pool
bx_route_pool(const bx_app *app, const char *method, const char *path, size_t *max_body)
{
    char                 allow[64];
    bx_id                id;
    const bx_route_row  *row = NULL;

    if (strncmp(path, prefix, sizeof(prefix) - 1) == 0) {
        row = bx_route_match(method, path + sizeof(prefix) - 1, &id, allow);
    }

    *max_body = row != NULL && (row->route.flags & BX_UPLOAD) ? app->conf.max_upload : app->conf.max_json;

    if (row == NULL) {
        return BX_POOL_FAST;
    }
    return row->route.flags & BX_PASSWORD ? BX_POOL_PASSWORD : row->route.flags & BX_SLOW ? BX_POOL_SLOW : BX_POOL_FAST;
}


void
bx_refuse_early(bx_app *app, bx_arena *a, const bx_request *req, bx_err code, bx_response *res)
{
    bx_call  c = { .app = app, .arena = a, .req = req, .res = res };

    c.lang = language(req, req->has_session ? &req->session : NULL);
    res->route = "refused";
    bx_refuse(&c, code, NULL, NULL, NULL);
    render_problem(&c);
}
