/* call.c: one request's or job's context: its connection, statements outside transactions, refusals and the answer. */

#include "web/call.h"

#include <stdio.h>
#include <string.h>


bx_arena *bx_call_arena(const bx_call *c) { return c->arena; }
bx_time bx_call_now(const bx_call *c) { return c->now; }
const char *bx_call_lang(const bx_call *c) { return c->lang; }
bx_id bx_call_account(const bx_call *c) { return c->who == NULL ? 0 : c->who->account; }
const char *bx_call_actor(const bx_call *c) { return c->who == NULL ? NULL : c->who->name; }
bx_id bx_call_path_id(const bx_call *c) { return c->path_id; }
json_t *bx_call_body(const bx_call *c) { return c->body; }
bx_app *bx_call_app(const bx_call *c) { return c->app; }


const char *
bx_call_address(const bx_call *c)
{
    return c->req == NULL || c->req->address == NULL ? "" : c->req->address;
}


size_t
bx_call_upload(const bx_call *c, const char **data, int *fd, const char **media_type)
{
    *data = c->req->body;
    *fd = -1;
    *media_type = c->req->content_type;
    return c->req->body_len;
}


/* ---- database */

bx_rc
bx_call_connect(bx_call *c)
{
    if (c->conn != NULL) {
        return BX_OK;
    }

    c->error = (bx_error) { 0 };
    c->conn = bx_db_take(bx_app_db(c->app), &c->error);
    return c->conn != NULL ? BX_OK : bx_refuse(c, BX_E_DATABASE, NULL, NULL, NULL);
}


static bx_db_stats
stats_of(const bx_conn *conn)
{
    bx_db_stats  stats = { 0, 0 };

    bx_conn_stats(conn, &stats);
    return stats;
}


void
bx_call_end(bx_call *c)
{
    if (c->conn == NULL) {
        return;
    }

    if (c->res != NULL) {
        bx_db_stats  stats = stats_of(c->conn);

        c->res->db.statements += stats.statements;
        c->res->db.nanoseconds += stats.nanoseconds;
    }

    bx_db_give(bx_app_db(c->app), c->conn);
    c->conn = NULL;
}


/* A connection that was idle may have been closed by the server meanwhile: the first statement is worth a second try, and
 * a read always is. */
static bool
worth_again(bx_call *c, const bx_error *err, bool reading, int attempt)
{
    if (attempt > 1 || !bx_db_lost(err)) {
        return false;
    }

    return reading || stats_of(c->conn).statements <= 1;
}


static bx_rc
failed(bx_call *c, const bx_error *err)
{
    c->error = *err;
    return bx_refuse(c, bx_db_duplicate(err) ? BX_E_CONFLICT : err->code == BX_E_NONE ? BX_E_DATABASE : err->code,
                     NULL, NULL, NULL);
}


bx_rc
bx_query(bx_call *c, bx_rows *out, const char *sql, const bx_value *args, size_t nargs)
{
    for (int attempt = 1; ; attempt++) {
        bx_error  err = { 0 };

        if (bx_call_connect(c) != BX_OK) {
            return BX_FAIL;
        }
        if (bx_conn_query(c->conn, c->arena, out, sql, args, nargs, &err) == BX_OK) {
            return BX_OK;
        }
        if (!worth_again(c, &err, true, attempt)) {
            return failed(c, &err);
        }

        bx_conn_break(c->conn);
        bx_call_end(c);
    }
}


bx_rc
bx_exec(bx_call *c, uint64_t *affected, const char *sql, const bx_value *args, size_t nargs)
{
    bx_error  err = { 0 };

    if (bx_call_connect(c) != BX_OK) {
        return BX_FAIL;
    }
    return bx_conn_exec(c->conn, affected, sql, args, nargs, &err) == BX_OK ? BX_OK : failed(c, &err);
}


/* ---- refusals */

bx_rc
bx_refuse(bx_call *c, bx_err code, const char *field, const char *reason, json_t *params)
{
    bx_problem *p = &c->problem;

    bx_own(c->arena, params);

    if (p->code != BX_E_NONE && (field == NULL || p->code != code)) {
        return BX_FAIL;
    }

    p->code = code;
    if (field == NULL) {
        p->params = params;
    } else if (p->nerrors < BX_MAX_FIELD_ERRORS) {
        p->errors[p->nerrors++] = (bx_field_error) { field, reason == NULL ? bx_err_slug(code) : reason, params };
    }

    return BX_FAIL;
}


void
bx_refuse_add(bx_call *c, const char *key, json_t *value)
{
    if (c->problem.extra == NULL) {
        c->problem.extra = bx_own(c->arena, json_object());
    }
    json_object_set_new(c->problem.extra, key, value);
}


void
bx_call_retry_after(bx_call *c, unsigned seconds)
{
    c->problem.retry_after = seconds;
}


const char *
bx_call_why(bx_call *c)
{
    const bx_problem *p = &c->problem;

    if (p->nerrors > 0) {
        return bx_sprintf(c->arena, "%s: %s", p->errors[0].field,
                          bx_tr(c->arena, c->lang, bx_sprintf(c->arena, "error.%s", p->errors[0].reason), p->errors[0].params));
    }
    if (c->error.text[0] != '\0' && (p->code == BX_E_DATABASE || p->code == BX_E_INTERNAL || p->code == BX_E_CONFLICT)) {
        return bx_sprintf(c->arena, "%s: %s", bx_err_slug(p->code), c->error.text);
    }

    return bx_tr(c->arena, c->lang, bx_sprintf(c->arena, "error.%s", bx_err_slug(p->code)), p->params);
}


/* ---- answers */

bx_rc
bx_answer(bx_call *c, int status, json_t *body)
{
    c->status = status;
    c->answer = bx_own(c->arena, body);
    return BX_OK;
}


bx_rc
bx_answer_bytes(bx_call *c, int status, const char *media_type, const void *data, size_t len)
{
    c->status = status;
    c->bytes = data;
    c->bytes_len = len;
    c->media_type = media_type;
    return BX_OK;
}


void
bx_answer_header(bx_call *c, const char *name, const char *value)
{
    bx_response *res = c->res;

    if (res == NULL || value == NULL) {
        return;
    }

    /* a hook that runs again sets its headers again */
    for (unsigned i = 0; i < res->nheaders; i++) {
        if (strcmp(res->headers[i].name, name) == 0 && strcmp(name, "Set-Cookie") != 0) {
            res->headers[i].value = value;
            return;
        }
    }

    if (res->nheaders < BX_MAX_HEADERS) {
        res->headers[res->nheaders].name = name;
        res->headers[res->nheaders++].value = value;
    }
}


/* ---- query arguments */

static int
hex(char ch)
{
    if (ch >= '0' && ch <= '9') {
        return ch - '0';
    }
    if (ch >= 'a' && ch <= 'f') {
        return ch - 'a' + 10;
    }
    return ch >= 'A' && ch <= 'F' ? ch - 'A' + 10 : -1;
}


static char *
unescape(bx_arena *a, const char *s, size_t n)
{
    char   *out = bx_alloc(a, n + 1);
    size_t  k = 0;

    if (out == NULL) {
        return NULL;
    }

    for (size_t i = 0; i < n; i++) {
        if (s[i] == '%' && i + 2 < n && hex(s[i + 1]) >= 0 && hex(s[i + 2]) >= 0) {
            out[k++] = (char) (hex(s[i + 1]) * 16 + hex(s[i + 2]));
            i += 2;
        } else {
            out[k++] = s[i] == '+' ? ' ' : s[i];
        }
    }

    /* a NUL or broken UTF-8 is nobody's search word */
    return strlen(out) == k && bx_utf8_valid(out, k) ? out : bx_strdup(a, "");
}


static const char *
argument(bx_arena *a, const char *query, const char *name)
{
    size_t  n = strlen(name);

    for (const char *p = query; p != NULL && *p != '\0'; ) {
        size_t  len = strcspn(p, "&");

        if (len > n && p[n] == '=' && strncmp(p, name, n) == 0) {
            return unescape(a, p + n + 1, len - n - 1);
        }
        p += len;
        p += *p == '&';
    }

    return NULL;
}


/* What stands in the header goes before what stands in the address. */
const char *
bx_call_query_arg(const bx_call *c, const char *name)
{
    const char *value = c->req == NULL ? NULL : argument(c->arena, c->req->asked, name);

    return value != NULL || c->req == NULL ? value : argument(c->arena, c->req->query, name);
}


/* ---- programs */

bx_call *
bx_call_program(bx_app *app, bx_arena *a, const char *note)
{
    bx_call *c = bx_alloc(a, sizeof(*c));

    if (c == NULL) {
        return NULL;
    }

    c->app = app;
    c->arena = a;
    c->now = bx_now();
    c->lang = "zh-CN";
    c->trusted = true;
    c->actor = note;
    return c;
}
