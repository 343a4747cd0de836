
/*
 * ngx_http_baoxue_probe.c: answers for load balancers: is nginx alive, and can
 * it do its work.
 */


#include "ngx_http_baoxue.h"


static void ngx_http_baoxue_ready(ngx_http_baoxue_job_t *job);


/* Answers from the event loop: 200 as long as the worker turns. */

ngx_int_t
ngx_http_baoxue_health_handler(ngx_http_request_t *r)
{
    ngx_int_t                 rc;
    ngx_str_t                 type;
    ngx_http_complex_value_t  cv;

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {
        return NGX_HTTP_NOT_ALLOWED;
    }

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    ngx_memzero(&cv, sizeof(ngx_http_complex_value_t));

    ngx_str_set(&cv.value, "ok\n");
    ngx_str_set(&type, "text/plain");

    return ngx_http_send_response(r, NGX_HTTP_OK, &type, &cv);
}


/* Asks the database, in a thread. */

ngx_int_t
ngx_http_baoxue_ready_handler(ngx_http_request_t *r)
{
    ngx_int_t               rc;
    ngx_http_baoxue_ctx_t  *ctx;

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {
        return NGX_HTTP_NOT_ALLOWED;
    }

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    ctx = ngx_http_baoxue_create_ctx(r);
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->job->pool = BX_POOL_FAST;
    ctx->job->run = ngx_http_baoxue_ready;

    rc = ngx_http_baoxue_post(r, ctx);

    if (rc == NGX_OK) {
        r->main->count++;
        return NGX_DONE;
    }

    if (rc == NGX_DECLINED) {
        return ngx_http_baoxue_refuse(r, ctx, BX_E_BUSY);
    }

    return rc;
}


/* [thread] */

static void
ngx_http_baoxue_ready(ngx_http_baoxue_job_t *job)
{
    bx_error      err;
    bx_response  *res;

    res = &job->res;

    ngx_memzero(&err, sizeof(bx_error));

    res->status = bx_ready(job->app, &err);
    res->content_type = "text/plain";
    res->route = "readyz";

    if (res->status == 0) {
        res->status = NGX_HTTP_OK;
        res->body = "ready\n";
        res->body_len = sizeof("ready\n") - 1;
        return;
    }

    res->body = bx_sprintf(job->arena, "%s\n", err.text);
    res->body_len = res->body ? ngx_strlen(res->body) : 0;
}
