
/*
 * ngx_http_baoxue_request.c: a request on its way in.
 *
 * Owns the context of a request, what of nginx's request goes into the
 * bx_request, and the limits of the body.  Everything here runs in the event
 * loop.  The thread is ngx_http_baoxue_task.c.
 */


#include "ngx_http_baoxue.h"


#define NGX_HTTP_BAOXUE_ARENA  8192


static ngx_int_t ngx_http_baoxue_take_line(ngx_http_request_t *r,
    ngx_http_baoxue_job_t *job);
static ngx_int_t ngx_http_baoxue_take_headers(ngx_http_request_t *r,
    ngx_http_baoxue_job_t *job);
static ngx_int_t ngx_http_baoxue_take_cookie(ngx_http_baoxue_job_t *job,
    ngx_str_t *header);
static void ngx_http_baoxue_body_handler(ngx_http_request_t *r);
static ngx_int_t ngx_http_baoxue_take_body(ngx_http_request_t *r,
    ngx_http_baoxue_job_t *job);
static ngx_int_t ngx_http_baoxue_body_filter(ngx_http_request_t *r,
    ngx_chain_t *in);
static void ngx_http_baoxue_overflow_handler(ngx_http_request_t *r);


typedef struct {
    ngx_str_t   name;
    size_t      offset;
} ngx_http_baoxue_header_t;


static ngx_http_baoxue_header_t  ngx_http_baoxue_headers[] = {

    { ngx_string("idempotency-key"), offsetof(bx_request, key) },
    { ngx_string("baoxue-query"), offsetof(bx_request, asked) },
    { ngx_string("if-match"), offsetof(bx_request, if_match) },
    { ngx_string("origin"), offsetof(bx_request, origin) },
    { ngx_string("sec-fetch-site"), offsetof(bx_request, fetch_site) },
    { ngx_string("content-type"), offsetof(bx_request, content_type) },
    { ngx_string("accept-language"), offsetof(bx_request, accept_language) },
    { ngx_string("user-agent"), offsetof(bx_request, user_agent) },
    { ngx_string("host"), offsetof(bx_request, host) },
    { ngx_string("x-filename"), offsetof(bx_request, filename) },
    { ngx_string("x-unattended"), offsetof(bx_request, unattended) },

    { ngx_null_string, 0 }
};


static ngx_http_request_body_filter_pt  ngx_http_next_request_body_filter;


ngx_int_t
ngx_http_baoxue_handler(ngx_http_request_t *r)
{
    size_t                  max_body;
    ngx_int_t               rc;
    ngx_http_baoxue_ctx_t  *ctx;
    ngx_http_baoxue_job_t  *job;

    ctx = ngx_http_baoxue_create_ctx(r);
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    job = ctx->job;

    if (ngx_http_baoxue_take_line(r, job) != NGX_OK
        || ngx_http_baoxue_take_headers(r, job) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    job->pool = bx_route_pool(job->app, job->req.method, job->req.path,
                              &max_body);
    ctx->max_body = max_body;

    job->run = NULL;

    if (r->headers_in.content_length_n > ctx->max_body) {

        /* as nginx does it for client_max_body_size: no "100 Continue" */

        r->expect_tested = 1;
        r->keepalive = 0;

        rc = ngx_http_discard_request_body(r);
        if (rc != NGX_OK) {
            return rc;
        }

        return ngx_http_baoxue_refuse(r, ctx, BX_E_TOO_LARGE);
    }

    /* uploads are meant to be in files: nothing to warn about */

    r->request_body_file_log_level = 0;

    rc = ngx_http_read_client_request_body(r, ngx_http_baoxue_body_handler);

    if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
        return rc;
    }

    if (ctx->overflow) {

        /* HTTP/2 has set another handler after the filter set this one */

        r->write_event_handler = ngx_http_baoxue_overflow_handler;
    }

    return NGX_DONE;
}


ngx_http_baoxue_ctx_t *
ngx_http_baoxue_create_ctx(ngx_http_request_t *r)
{
    bx_arena                     *arena;
    ngx_pool_cleanup_t           *cln;
    ngx_http_baoxue_ctx_t        *ctx;
    ngx_http_baoxue_job_t        *job;
    ngx_http_baoxue_main_conf_t  *bmcf;

    bmcf = ngx_http_get_module_main_conf(r, ngx_http_baoxue_module);

    ctx = ngx_pcalloc(r->pool, sizeof(ngx_http_baoxue_ctx_t));
    if (ctx == NULL) {
        return NULL;
    }

    /*
     * The slot is reserved before there is something to clean up.  It is one
     * of the pool's: those of the request run when it is terminated, which may
     * be while a thread still works in the arena.
     */

    cln = ngx_pool_cleanup_add(r->pool, 0);
    if (cln == NULL) {
        return NULL;
    }

    arena = bx_arena_create(NGX_HTTP_BAOXUE_ARENA);
    if (arena == NULL) {
        return NULL;
    }

    cln->handler = ngx_http_baoxue_destroy_arena;
    cln->data = arena;

    job = bx_alloc(arena, sizeof(ngx_http_baoxue_job_t));
    if (job == NULL) {
        return NULL;
    }

    job->conf = bmcf;
    job->app = bmcf->app;
    job->arena = arena;
    job->req.body_fd = -1;

    ctx->job = job;

    ngx_http_set_ctx(r, ctx, ngx_http_baoxue_module);

    return ctx;
}


void
ngx_http_baoxue_destroy_arena(void *data)
{
    bx_arena_destroy(data);
}


static ngx_int_t
ngx_http_baoxue_take_line(ngx_http_request_t *r, ngx_http_baoxue_job_t *job)
{
    u_char      *p;
    bx_arena    *arena;
    ngx_str_t    path;
    bx_request  *req;

    req = &job->req;
    arena = job->arena;

    /* an answer to HEAD is one to GET, of which nginx sends the headers */

    if (r->method == NGX_HTTP_HEAD) {
        req->method = "GET";

    } else {
        req->method = bx_strndup(arena, (char *) r->method_name.data,
                                 r->method_name.len);
    }

    /* the path as sent; a subrequest has none of its own */

    path = (r == r->main) ? r->unparsed_uri : r->uri;

    p = ngx_strlchr(path.data, path.data + path.len, '?');
    if (p) {
        path.len = p - path.data;
    }

    req->path = bx_strndup(arena, (char *) path.data, path.len);

    req->address = bx_strndup(arena, (char *) r->connection->addr_text.data,
                              r->connection->addr_text.len);

    if (req->method == NULL || req->path == NULL || req->address == NULL) {
        return NGX_ERROR;
    }

    if (r->args.len) {
        req->query = bx_strndup(arena, (char *) r->args.data, r->args.len);
        if (req->query == NULL) {
            return NGX_ERROR;
        }
    }

#if (NGX_HTTP_SSL)
    req->secure = (r->connection->ssl != NULL);
#endif

    return NGX_OK;
}


static ngx_int_t
ngx_http_baoxue_take_headers(ngx_http_request_t *r, ngx_http_baoxue_job_t *job)
{
    ngx_uint_t                  i;
    const char                **field;
    ngx_list_part_t            *part;
    ngx_table_elt_t            *h;
    ngx_http_baoxue_header_t   *bh;

    part = &r->headers_in.headers.part;
    h = part->elts;

    for (i = 0; /* void */ ; i++) {

        if (i >= part->nelts) {
            if (part->next == NULL) {
                break;
            }

            part = part->next;
            h = part->elts;
            i = 0;
        }

        if (h[i].hash == 0) {
            continue;
        }

        if (h[i].key.len == sizeof("cookie") - 1
            && ngx_strncmp(h[i].lowcase_key, "cookie", h[i].key.len) == 0)
        {
            if (ngx_http_baoxue_take_cookie(job, &h[i].value) != NGX_OK) {
                return NGX_ERROR;
            }

            continue;
        }

        for (bh = ngx_http_baoxue_headers; bh->name.len; bh++) {

            if (h[i].key.len != bh->name.len
                || ngx_strncmp(h[i].lowcase_key, bh->name.data, bh->name.len)
                   != 0)
            {
                continue;
            }

            field = (const char **) ((char *) &job->req + bh->offset);

            /* of a header that is repeated, the first one counts */

            if (*field == NULL) {
                *field = bx_strndup(job->arena, (char *) h[i].value.data,
                                    h[i].value.len);
                if (*field == NULL) {
                    return NGX_ERROR;
                }
            }

            break;
        }
    }

    if (job->req.host == NULL && r->headers_in.server.len) {

        /* HTTP/2 has it in a pseudo-header */

        job->req.host = bx_strndup(job->arena,
                                   (char *) r->headers_in.server.data,
                                   r->headers_in.server.len);
        if (job->req.host == NULL) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_baoxue_take_cookie(ngx_http_baoxue_job_t *job, ngx_str_t *header)
{
    u_char      *p, *last, *end;
    size_t       len;
    const char  *name;

    if (job->req.cookie) {
        return NGX_OK;
    }

    name = bx_app_cookie_name(job->app);
    len = ngx_strlen(name);

    p = header->data;
    last = p + header->len;

    while (p < last) {

        while (p < last && (*p == ' ' || *p == ';')) {
            p++;
        }

        end = ngx_strlchr(p, last, ';');
        if (end == NULL) {
            end = last;
        }

        if ((size_t) (end - p) > len && p[len] == '='
            && ngx_strncmp(p, name, len) == 0)
        {
            p += len + 1;

            while (end > p && end[-1] == ' ') {
                end--;
            }

            job->req.cookie = bx_strndup(job->arena, (char *) p, end - p);
            if (job->req.cookie == NULL) {
                return NGX_ERROR;
            }

            bx_token_hash(job->req.cookie, end - p, job->req.token_hash);

            return NGX_OK;
        }

        p = end;
    }

    return NGX_OK;
}


static void
ngx_http_baoxue_body_handler(ngx_http_request_t *r)
{
    ngx_int_t                     rc;
    ngx_http_baoxue_ctx_t        *ctx;
    ngx_http_baoxue_job_t        *job;
    ngx_http_baoxue_main_conf_t  *bmcf;

    ctx = ngx_http_get_module_ctx(r, ngx_http_baoxue_module);
    job = ctx->job;

    if (ngx_http_baoxue_take_body(r, job) != NGX_OK) {
        ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    if (job->req.cookie) {
        bmcf = ngx_http_get_module_main_conf(r, ngx_http_baoxue_module);

        job->req.has_session = ngx_http_baoxue_session_find(bmcf->zone,
                                                        job->req.token_hash,
                                                        &job->req.session);
    }

    rc = ngx_http_baoxue_post(r, ctx);

    if (rc == NGX_OK) {
        return;
    }

    if (rc == NGX_DECLINED) {
        rc = ngx_http_baoxue_refuse(r, ctx, BX_E_BUSY);
    }

    ngx_http_finalize_request(r, rc);
}


/*
 * The body stays where nginx has put it.  Only one that lies in several
 * buffers is put together.
 */

static ngx_int_t
ngx_http_baoxue_take_body(ngx_http_request_t *r, ngx_http_baoxue_job_t *job)
{
    size_t        size;
    u_char       *p;
    ngx_buf_t    *b;
    ngx_uint_t    n;
    bx_request   *req;
    ngx_chain_t  *cl;

    n = 0;

    if (r->request_body == NULL || r->request_body->bufs == NULL) {
        return NGX_OK;
    }

    req = &job->req;
    b = r->request_body->bufs->buf;

    if (b->in_file) {

        /* once there is a file, all of the body is in it, from its beginning */

        req->body_fd = b->file->fd;
        req->body_len = b->file_last;

        return NGX_OK;
    }

    for (cl = r->request_body->bufs; cl; cl = cl->next) {
        size = ngx_buf_size(cl->buf);

        if (size) {
            req->body = (char *) cl->buf->pos;
            req->body_len += size;
            n++;
        }
    }

    if (n <= 1) {
        return NGX_OK;
    }

    p = bx_alloc(job->arena, req->body_len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    req->body = (char *) p;

    for (cl = r->request_body->bufs; cl; cl = cl->next) {
        size = ngx_buf_size(cl->buf);

        if (size) {
            p = ngx_cpymem(p, cl->buf->pos, size);
        }
    }

    return NGX_OK;
}


/*
 * A body without Content-Length is measured as it comes in.  The one that
 * grows too long is answered at once and read no further.
 */

ngx_int_t
ngx_http_baoxue_body_filter_init(ngx_conf_t *cf)
{
    ngx_http_next_request_body_filter = ngx_http_top_request_body_filter;
    ngx_http_top_request_body_filter = ngx_http_baoxue_body_filter;

    return NGX_OK;
}


static ngx_int_t
ngx_http_baoxue_body_filter(ngx_http_request_t *r, ngx_chain_t *in)
{
    ngx_chain_t            *cl;
    ngx_http_baoxue_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_baoxue_module);

    if (ctx == NULL) {
        return ngx_http_next_request_body_filter(r, in);
    }

    for (cl = in; cl; cl = cl->next) {
        ctx->received += ngx_buf_size(cl->buf);
    }

    if (ctx->received <= ctx->max_body) {
        return ngx_http_next_request_body_filter(r, in);
    }

    for (cl = in; cl; cl = cl->next) {
        cl->buf->pos = cl->buf->last;
    }

    if (!ctx->overflow) {
        ctx->overflow = 1;

        r->read_event_handler = ngx_http_block_reading;
        r->write_event_handler = ngx_http_baoxue_overflow_handler;

        if (ngx_http_post_request(r, NULL) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    return NGX_AGAIN;
}


static void
ngx_http_baoxue_overflow_handler(ngx_http_request_t *r)
{
    ngx_http_baoxue_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_baoxue_module);

    if (r->connection->read->timer_set) {
        ngx_del_timer(r->connection->read);
    }

    r->read_event_handler = ngx_http_block_reading;
    r->write_event_handler = ngx_http_request_empty_handler;

    r->keepalive = 0;
    r->lingering_close = 1;

    ngx_http_finalize_request(r, ngx_http_baoxue_refuse(r, ctx,
                                                        BX_E_TOO_LARGE));
}
