
/*
 * ngx_http_baoxue_task.c: a request's way to a thread and back.
 *
 * Owns the rules that keep a request alive meanwhile and a worker until it has
 * answered.  In the thread there is only the job: neither the request nor its
 * pool nor its connection's log.
 */


#include "ngx_http_baoxue.h"


/* what exit_process waits for threads that nginx did not wait for */
#define NGX_HTTP_BAOXUE_DRAIN  3000    /* milliseconds */


static void ngx_http_baoxue_dispatch(ngx_http_baoxue_job_t *job);
static void ngx_http_baoxue_thread(void *data, ngx_log_t *log);
static bx_rc ngx_http_baoxue_read_body(ngx_http_baoxue_job_t *job);
static void ngx_http_baoxue_done(ngx_event_t *ev);
static uint64_t ngx_http_baoxue_clock(void);


ngx_int_t
ngx_http_baoxue_post(ngx_http_request_t *r, ngx_http_baoxue_ctx_t *ctx)
{
    ngx_thread_task_t            *task;
    ngx_http_baoxue_main_conf_t  *bmcf;

    bmcf = ngx_http_get_module_main_conf(r, ngx_http_baoxue_module);

    task = ngx_thread_task_alloc(r->pool, 0);
    if (task == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ctx->job->run == NULL) {
        ctx->job->run = ngx_http_baoxue_dispatch;
    }

    task->ctx = ctx->job;
    task->handler = ngx_http_baoxue_thread;
    task->event.data = r;
    task->event.handler = ngx_http_baoxue_done;
    task->event.log = ngx_cycle->log;

    ctx->job->posted = ngx_http_baoxue_clock();

    if (ngx_http_baoxue_post_task(bmcf, ctx->job->pool, task) != NGX_OK) {
        return NGX_DECLINED;
    }

    /*
     * worker_shutdown_timeout and a connection's end do not free the request
     * while it is blocked; a worker that quits stays while there is a timer
     */

    r->main->blocked++;
    r->write_event_handler = ngx_http_request_empty_handler;

    ngx_add_timer(&task->event, NGX_HTTP_BAOXUE_GUARD);

    return NGX_OK;
}


/* NGX_ERROR: the queue is full, as the thread pool has logged. */

ngx_int_t
ngx_http_baoxue_post_task(ngx_http_baoxue_main_conf_t *bmcf, bx_pool pool,
    ngx_thread_task_t *task)
{
    (void) ngx_atomic_fetch_add(&bmcf->running, 1);
    (void) ngx_atomic_fetch_add(&bmcf->gauges->tasks[pool], 1);

    if (ngx_thread_task_post(bmcf->pools[pool], task) == NGX_OK) {
        return NGX_OK;
    }

    (void) ngx_atomic_fetch_add(&bmcf->running, -1);
    (void) ngx_atomic_fetch_add(&bmcf->gauges->tasks[pool], -1);

    ngx_http_baoxue_count_full(bmcf, pool);

    return NGX_ERROR;
}


void
ngx_http_baoxue_task_begins(ngx_http_baoxue_main_conf_t *bmcf, bx_pool pool)
{
    (void) ngx_atomic_fetch_add(&bmcf->gauges->running[pool], 1);
}


void
ngx_http_baoxue_task_ends(ngx_http_baoxue_main_conf_t *bmcf, bx_pool pool)
{
    (void) ngx_atomic_fetch_add(&bmcf->gauges->running[pool], -1);
    (void) ngx_atomic_fetch_add(&bmcf->gauges->tasks[pool], -1);
    (void) ngx_atomic_fetch_add(&bmcf->running, -1);
}


/* [thread] */

static void
ngx_http_baoxue_thread(void *data, ngx_log_t *log)
{
    ngx_http_baoxue_job_t *job = data;

    /*
     * On a fast stop nginx waits until the threads have emptied their queues,
     * but answers nobody any more.
     */

    ngx_http_baoxue_task_begins(job->conf, job->pool);

    if (!ngx_terminate) {
        job->run(job);
    }

    ngx_http_baoxue_task_ends(job->conf, job->pool);
}


/* [thread] */

static void
ngx_http_baoxue_dispatch(ngx_http_baoxue_job_t *job)
{
    if (ngx_http_baoxue_read_body(job) != BX_OK) {
        bx_refuse_early(job->app, job->arena, &job->req, BX_E_INTERNAL,
                        &job->res);
        return;
    }

    bx_dispatch(job->app, job->arena, &job->req, &job->res);
}


/*
 * [thread] A body that nginx has put into a file although it is short enough
 * to be JSON is read here; a long one stays a file.
 */

static bx_rc
ngx_http_baoxue_read_body(ngx_http_baoxue_job_t *job)
{
    char        *p;
    size_t       done;
    ssize_t      n;
    bx_request  *req;

    req = &job->req;

    if (req->body_fd == -1 || req->body_len > job->conf->max_json) {
        return BX_OK;
    }

    p = bx_alloc(job->arena, req->body_len + 1);
    if (p == NULL) {
        return BX_FAIL;
    }

    for (done = 0; done < req->body_len; done += n) {
        n = pread(req->body_fd, p + done, req->body_len - done, done);

        if (n == -1 && errno == EINTR) {
            n = 0;
            continue;
        }

        if (n <= 0) {
            return BX_FAIL;
        }
    }

    req->body = p;
    req->body_fd = -1;

    return BX_OK;
}


static void
ngx_http_baoxue_done(ngx_event_t *ev)
{
    uint64_t                      elapsed;
    ngx_int_t                     rc;
    ngx_connection_t             *c;
    ngx_http_request_t           *r;
    ngx_http_baoxue_ctx_t        *ctx;
    ngx_http_baoxue_main_conf_t  *bmcf;

    r = ev->data;
    c = r->connection;

    if (ev->timedout) {

        /* the guard: the thread still runs, its completion comes here again */

        ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, 0,
                      "baoxue: a thread is busy with one request for %d seconds",
                      NGX_HTTP_BAOXUE_GUARD / 1000);

        ev->timedout = 0;
        return;
    }

    if (ev->timer_set) {
        ngx_del_timer(ev);
    }

    ngx_http_set_log_request(c->log, r);

    r->main->blocked--;

    ctx = ngx_http_get_module_ctx(r, ngx_http_baoxue_module);
    bmcf = ngx_http_get_module_main_conf(r, ngx_http_baoxue_module);

    elapsed = ngx_http_baoxue_clock() - ctx->job->posted;

    ngx_http_baoxue_count_answer(bmcf, ctx->job, &elapsed);

    ngx_http_baoxue_session_update(bmcf->zone, &ctx->job->res);

    /* whoever has left meanwhile changes nothing: the work is done or refused */

    rc = c->error ? NGX_ERROR : ngx_http_baoxue_send(r, ctx);

    ngx_http_finalize_request(r, rc);

    ngx_http_run_posted_requests(c);
}


/* microseconds, for differences */

static uint64_t
ngx_http_baoxue_clock(void)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_MONOTONIC, &ts);

    return (uint64_t) ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}


/*
 * nginx has ended the threads before exit_process, unless a queue was full.
 * What is left returns at once on a fast stop.
 */

void
ngx_http_baoxue_drain(ngx_cycle_t *cycle, ngx_http_baoxue_main_conf_t *bmcf)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_HTTP_BAOXUE_DRAIN && bmcf->running; i++) {
        ngx_msleep(1);
    }

    ngx_http_baoxue_stop_metrics(bmcf);

    if (bmcf->running) {
        ngx_log_error(NGX_LOG_ALERT, cycle->log, 0,
                      "baoxue: exiting while a thread is still busy");
        return;
    }

    bx_app_stop(bmcf->app);
}
