
/*
 * ngx_http_baoxue_response.c: an answer on its way out, and the variables that
 * tell about it.
 *
 * The answer lies in the arena, which lives as long as the request's pool:
 * nothing is copied.
 */


#include "ngx_http_baoxue.h"


static ngx_int_t ngx_http_baoxue_send_headers(ngx_http_request_t *r,
    bx_response *res);
static ngx_int_t ngx_http_baoxue_add_header(ngx_http_request_t *r,
    const char *name, const char *value);
static ngx_int_t ngx_http_baoxue_account_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_baoxue_route_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_baoxue_refused_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_baoxue_db_time_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_baoxue_statements_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static bx_response *ngx_http_baoxue_answered(ngx_http_request_t *r);


static ngx_http_variable_t  ngx_http_baoxue_vars[] = {

    { ngx_string("baoxue_account"), NULL,
      ngx_http_baoxue_account_variable, 0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("baoxue_route"), NULL,
      ngx_http_baoxue_route_variable, 0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("baoxue_refused"), NULL,
      ngx_http_baoxue_refused_variable, 0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("baoxue_db_time"), NULL,
      ngx_http_baoxue_db_time_variable, 0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("baoxue_statements"), NULL,
      ngx_http_baoxue_statements_variable, 0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

      ngx_http_null_variable
};


/* Returns what ngx_http_finalize_request() takes. */

ngx_int_t
ngx_http_baoxue_send(ngx_http_request_t *r, ngx_http_baoxue_ctx_t *ctx)
{
    ngx_int_t     rc;
    ngx_buf_t    *b;
    ngx_chain_t   out;
    bx_response  *res;

    res = &ctx->job->res;

    if (res->status < 200 || res->status > 599) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_baoxue_send_headers(r, res);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    if (res->body_len == 0) {
        return ngx_http_send_special(r, NGX_HTTP_LAST);
    }

    b = ngx_calloc_buf(r->pool);
    if (b == NULL) {
        return NGX_ERROR;
    }

    b->pos = (u_char *) res->body;
    b->last = b->pos + res->body_len;
    b->memory = 1;
    b->last_buf = (r == r->main) ? 1 : 0;
    b->last_in_chain = 1;

    out.buf = b;
    out.next = NULL;

    return ngx_http_output_filter(r, &out);
}


static ngx_int_t
ngx_http_baoxue_send_headers(ngx_http_request_t *r, bx_response *res)
{
    u_char      *semicolon;
    unsigned     i, cache_control, nosniff, policy;
    ngx_str_t   *type;
    const char  *name;

    cache_control = 0;
    nosniff = 0;
    policy = 0;

    for (i = 0; i < res->nheaders; i++) {
        name = res->headers[i].name;

        if (ngx_strcasecmp((u_char *) name, (u_char *) "Cache-Control") == 0) {
            cache_control = 1;
        }

        if (ngx_strcasecmp((u_char *) name,
                           (u_char *) "X-Content-Type-Options")
            == 0)
        {
            nosniff = 1;
        }

        if (ngx_strcasecmp((u_char *) name,
                           (u_char *) "Content-Security-Policy")
            == 0)
        {
            policy = 1;
        }

        if (ngx_http_baoxue_add_header(r, name, res->headers[i].value)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    if (!cache_control
        && ngx_http_baoxue_add_header(r, "Cache-Control", "no-store")
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (!nosniff
        && ngx_http_baoxue_add_header(r, "X-Content-Type-Options", "nosniff")
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    /* whoever opens an answer as a page gets a page that may do nothing */

    if (!policy
        && ngx_http_baoxue_add_header(r, "Content-Security-Policy",
                                      "default-src 'none'; "
                                      "frame-ancestors 'none'")
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    r->headers_out.status = res->status;

    /* nginx has no words for these two */

    if (res->status == 422) {
        ngx_str_set(&r->headers_out.status_line, "422 Unprocessable Content");

    } else if (res->status == 428) {
        ngx_str_set(&r->headers_out.status_line, "428 Precondition Required");
    }

    r->headers_out.content_length_n = res->body_len;

    if (res->content_type) {
        type = &r->headers_out.content_type;

        type->data = (u_char *) res->content_type;
        type->len = ngx_strlen(type->data);

        semicolon = ngx_strlchr(type->data, type->data + type->len, ';');

        r->headers_out.content_type_len = semicolon
                                          ? (size_t) (semicolon - type->data)
                                          : type->len;
        r->headers_out.content_type_lowcase = NULL;
    }

    /*
     * nginx would compare If-Match with the answer's ETag and turn a change
     * that has been made into 412
     */

    r->disable_not_modified = 1;

    return ngx_http_send_header(r);
}


static ngx_int_t
ngx_http_baoxue_add_header(ngx_http_request_t *r, const char *name,
    const char *value)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(h, sizeof(ngx_table_elt_t));

    h->hash = 1;
    h->key.data = (u_char *) name;
    h->key.len = ngx_strlen(name);
    h->value.data = (u_char *) value;
    h->value.len = ngx_strlen(value);

    return NGX_OK;
}


/* An answer that does not wait for a thread. */

ngx_int_t
ngx_http_baoxue_refuse(ngx_http_request_t *r, ngx_http_baoxue_ctx_t *ctx,
    bx_err code)
{
    ngx_http_baoxue_job_t  *job;

    job = ctx->job;

    bx_refuse_early(job->app, job->arena, &job->req, code, &job->res);

    ngx_http_baoxue_count_answer(job->conf, job, NULL);

    return ngx_http_baoxue_send(r, ctx);
}


ngx_int_t
ngx_http_baoxue_add_variables(ngx_conf_t *cf)
{
    ngx_http_variable_t  *var, *v;

    for (v = ngx_http_baoxue_vars; v->name.len; v++) {
        var = ngx_http_add_variable(cf, &v->name, v->flags);
        if (var == NULL) {
            return NGX_ERROR;
        }

        var->get_handler = v->get_handler;
        var->data = v->data;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_baoxue_account_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    u_char       *p;
    bx_response  *res;

    res = ngx_http_baoxue_answered(r);

    if (res == NULL || res->account == 0) {
        v->not_found = 1;
        return NGX_OK;
    }

    p = ngx_pnalloc(r->pool, NGX_INT64_LEN);
    if (p == NULL) {
        return NGX_ERROR;
    }

    v->len = ngx_sprintf(p, "%L", res->account) - p;
    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;
    v->data = p;

    return NGX_OK;
}


static ngx_int_t
ngx_http_baoxue_route_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    bx_response  *res;

    res = ngx_http_baoxue_answered(r);

    if (res == NULL || res->route == NULL) {
        v->not_found = 1;
        return NGX_OK;
    }

    v->len = ngx_strlen(res->route);
    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;
    v->data = (u_char *) res->route;

    return NGX_OK;
}


/* empty unless there is something for the log of refusals */

static ngx_int_t
ngx_http_baoxue_refused_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    bx_response  *res;

    res = ngx_http_baoxue_answered(r);

    if (res == NULL || res->refused == NULL) {
        v->not_found = 1;
        return NGX_OK;
    }

    v->len = ngx_strlen(res->refused);
    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;
    v->data = (u_char *) res->refused;

    return NGX_OK;
}


/* seconds with a resolution of microseconds */

static ngx_int_t
ngx_http_baoxue_db_time_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    u_char       *p;
    uint64_t      us;
    bx_response  *res;

    res = ngx_http_baoxue_answered(r);

    if (res == NULL) {
        v->not_found = 1;
        return NGX_OK;
    }

    p = ngx_pnalloc(r->pool, NGX_INT64_LEN + sizeof(".000000") - 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    us = res->db.nanoseconds / 1000;

    v->len = ngx_sprintf(p, "%uL.%06uL", us / 1000000, us % 1000000) - p;
    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;
    v->data = p;

    return NGX_OK;
}


static ngx_int_t
ngx_http_baoxue_statements_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    u_char       *p;
    bx_response  *res;

    res = ngx_http_baoxue_answered(r);

    if (res == NULL) {
        v->not_found = 1;
        return NGX_OK;
    }

    p = ngx_pnalloc(r->pool, NGX_INT64_LEN);
    if (p == NULL) {
        return NGX_ERROR;
    }

    v->len = ngx_sprintf(p, "%uL", res->db.statements) - p;
    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;
    v->data = p;

    return NGX_OK;
}


/* NULL until there is an answer: before that a thread may be writing it. */

static bx_response *
ngx_http_baoxue_answered(ngx_http_request_t *r)
{
    ngx_http_baoxue_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_baoxue_module);

    if (ctx == NULL || r->main->blocked || ctx->job->res.status == 0) {
        return NULL;
    }

    return &ctx->job->res;
}
