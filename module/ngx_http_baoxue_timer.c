
/*
 * ngx_http_baoxue_timer.c: what a worker does without being asked.
 *
 * Each second one worker of the node reads which sessions have been revoked,
 * so that the zone may be believed; every few seconds one runs the jobs that
 * are due.  The work is done in threads.  No timer keeps a worker that quits.
 */


#include "ngx_http_baoxue.h"


/* how often a worker looks whether it is time and nobody else does it */
#define NGX_HTTP_BAOXUE_TICK  250    /* milliseconds */


/* jobs whose end one round can report: there are some two dozen */
#define NGX_HTTP_BAOXUE_RESULTS  64


typedef struct {
    const char                   *job;
    ngx_uint_t                    good;
    uint64_t                      microseconds;
} ngx_http_baoxue_result_t;


typedef struct ngx_http_baoxue_head_s  ngx_http_baoxue_head_t;

struct ngx_http_baoxue_head_s {
    ngx_http_baoxue_head_t       *next;
    bx_id                         unit;
    int64_t                       seq;
    const char                   *head;
};


typedef struct {
    ngx_http_baoxue_main_conf_t  *conf;
    ngx_event_t                   tick;
    ngx_connection_t              dumb;          /* an event's log wants one */

    ngx_thread_task_t            *poll;
    ngx_msec_t                    poll_began;
    ngx_uint_t                    poll_failing;  /* said so already */
    bx_arena                     *arena;
    bx_revoked                   *revoked;
    size_t                        nrevoked;
    bx_rc                         rc;
    bx_error                      err;

    ngx_thread_task_t            *jobs;
    u_char                        node[80];      /* host and pid */
    ngx_uint_t                    nresults;
    ngx_http_baoxue_result_t      results[NGX_HTTP_BAOXUE_RESULTS];
    bx_arena                     *heads_arena;   /* NULL: no heads this time */
    ngx_http_baoxue_head_t       *heads, **heads_last;
} ngx_http_baoxue_worker_t;


static void ngx_http_baoxue_tick(ngx_event_t *ev);
static void ngx_http_baoxue_poll(ngx_http_baoxue_worker_t *worker);
static void ngx_http_baoxue_poll_thread(void *data, ngx_log_t *log);
static void ngx_http_baoxue_poll_done(ngx_event_t *ev);
static void ngx_http_baoxue_jobs(ngx_http_baoxue_worker_t *worker);
static void ngx_http_baoxue_jobs_thread(void *data, ngx_log_t *log);
static void ngx_http_baoxue_job_ran(void *ctx, const char *job, bool ok,
    uint64_t nanoseconds);
static void ngx_http_baoxue_head_told(void *ctx, bx_id unit, int64_t seq,
    const char *head);
static void ngx_http_baoxue_jobs_done(ngx_event_t *ev);
static void ngx_http_baoxue_write_heads(ngx_http_baoxue_worker_t *worker);


ngx_int_t
ngx_http_baoxue_start_timers(ngx_cycle_t *cycle,
    ngx_http_baoxue_main_conf_t *bmcf)
{
    ngx_http_baoxue_worker_t  *worker;

    worker = ngx_pcalloc(cycle->pool, sizeof(ngx_http_baoxue_worker_t));
    if (worker == NULL) {
        return NGX_ERROR;
    }

    worker->poll = ngx_thread_task_alloc(cycle->pool, 0);
    worker->jobs = ngx_thread_task_alloc(cycle->pool, 0);

    if (worker->poll == NULL || worker->jobs == NULL) {
        return NGX_ERROR;
    }

    worker->conf = bmcf;
    worker->dumb.fd = (ngx_socket_t) -1;

    (void) ngx_snprintf(worker->node, sizeof(worker->node), "%*s:%P%Z",
                        ngx_min(cycle->hostname.len, 60),
                        cycle->hostname.data, ngx_pid);

    worker->poll->ctx = worker;
    worker->poll->handler = ngx_http_baoxue_poll_thread;
    worker->poll->event.data = worker;
    worker->poll->event.handler = ngx_http_baoxue_poll_done;
    worker->poll->event.log = cycle->log;

    worker->jobs->ctx = worker;
    worker->jobs->handler = ngx_http_baoxue_jobs_thread;
    worker->jobs->event.data = worker;
    worker->jobs->event.handler = ngx_http_baoxue_jobs_done;
    worker->jobs->event.log = cycle->log;

    bx_app_on_job(bmcf->app, ngx_http_baoxue_job_ran, worker);

    if (bmcf->chain_log) {
        bx_app_on_head(bmcf->app, ngx_http_baoxue_head_told, worker);
    }

    worker->dumb.data = worker;
    worker->tick.data = &worker->dumb;
    worker->tick.handler = ngx_http_baoxue_tick;
    worker->tick.log = cycle->log;
    worker->tick.cancelable = 1;

    ngx_add_timer(&worker->tick, 1);

    return NGX_OK;
}


static void
ngx_http_baoxue_tick(ngx_event_t *ev)
{
    ngx_connection_t          *c;
    ngx_http_baoxue_worker_t  *worker;

    if (ngx_exiting || ngx_quit || ngx_terminate) {
        return;
    }

    c = ev->data;
    worker = c->data;

    ngx_add_timer(ev, NGX_HTTP_BAOXUE_TICK);

    ngx_http_baoxue_poll(worker);
    ngx_http_baoxue_jobs(worker);
}


static void
ngx_http_baoxue_poll(ngx_http_baoxue_worker_t *worker)
{
    ngx_http_baoxue_main_conf_t  *bmcf;

    bmcf = worker->conf;

    if (worker->poll->event.active
        || !ngx_http_baoxue_claim(bmcf->zone, NGX_HTTP_BAOXUE_CLAIM_POLL,
                                  NGX_HTTP_BAOXUE_POLL_EVERY))
    {
        return;
    }

    worker->arena = bx_arena_create(4096);
    if (worker->arena == NULL) {
        return;
    }

    worker->poll_began = ngx_current_msec;
    worker->revoked = NULL;
    worker->nrevoked = 0;
    worker->rc = BX_FAIL;
    ngx_memzero(&worker->err, sizeof(bx_error));

    if (ngx_http_baoxue_post_task(bmcf, BX_POOL_FAST, worker->poll) != NGX_OK) {
        bx_arena_destroy(worker->arena);
    }
}


/* [thread] */

static void
ngx_http_baoxue_poll_thread(void *data, ngx_log_t *log)
{
    ngx_http_baoxue_worker_t *worker = data;

    ngx_http_baoxue_main_conf_t  *bmcf;

    bmcf = worker->conf;

    ngx_http_baoxue_task_begins(bmcf, BX_POOL_FAST);

    if (!ngx_terminate) {
        worker->rc = bx_revocations(bmcf->app, worker->arena,
                                    bx_now() - NGX_HTTP_BAOXUE_POLL_WINDOW,
                                    &worker->revoked, &worker->nrevoked,
                                    &worker->err);
    }

    ngx_http_baoxue_task_ends(bmcf, BX_POOL_FAST);
}


static void
ngx_http_baoxue_poll_done(ngx_event_t *ev)
{
    ngx_http_baoxue_worker_t  *worker = ev->data;

    if (worker->rc == BX_OK) {
        ngx_http_baoxue_session_revoke(worker->conf->zone, worker->revoked,
                                       worker->nrevoked, worker->poll_began);

        if (worker->poll_failing) {
            worker->poll_failing = 0;
            ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                          "baoxue: revoked sessions can be read again");
        }

    } else if (!worker->poll_failing) {
        worker->poll_failing = 1;
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "baoxue: revoked sessions cannot be read: %s; until they "
                      "can, every request reads its session from the database",
                      worker->err.text);
    }

    bx_arena_destroy(worker->arena);
}


static void
ngx_http_baoxue_jobs(ngx_http_baoxue_worker_t *worker)
{
    ngx_http_baoxue_main_conf_t  *bmcf;

    bmcf = worker->conf;

    if (!bmcf->jobs
        || worker->jobs->event.active
        || !ngx_http_baoxue_claim(bmcf->zone, NGX_HTTP_BAOXUE_CLAIM_JOBS,
                                  NGX_HTTP_BAOXUE_JOBS_EVERY))
    {
        return;
    }

    worker->nresults = 0;

    (void) ngx_http_baoxue_post_task(bmcf, BX_POOL_SLOW, worker->jobs);
}


/* [thread] */

static void
ngx_http_baoxue_jobs_thread(void *data, ngx_log_t *log)
{
    ngx_http_baoxue_worker_t *worker = data;

    ngx_http_baoxue_main_conf_t  *bmcf;

    bmcf = worker->conf;

    ngx_http_baoxue_task_begins(bmcf, BX_POOL_SLOW);

    if (!ngx_terminate) {
        bx_jobs_run(bmcf->app, (char *) worker->node);
    }

    ngx_http_baoxue_task_ends(bmcf, BX_POOL_SLOW);
}


/* [thread] For the loop to count: a thread does not touch the zone's lock. */

static void
ngx_http_baoxue_job_ran(void *ctx, const char *job, bool ok,
    uint64_t nanoseconds)
{
    ngx_http_baoxue_worker_t *worker = ctx;

    ngx_http_baoxue_result_t  *result;

    if (worker->nresults == NGX_HTTP_BAOXUE_RESULTS) {
        return;
    }

    result = &worker->results[worker->nresults++];

    result->job = job;
    result->good = ok;
    result->microseconds = nanoseconds / 1000;
}


/* [thread] For the loop to write: a syslog's socket is opened in the loop. */

static void
ngx_http_baoxue_head_told(void *ctx, bx_id unit, int64_t seq, const char *head)
{
    ngx_http_baoxue_worker_t *worker = ctx;

    ngx_http_baoxue_head_t  *h;

    if (worker->heads_arena == NULL) {
        worker->heads_arena = bx_arena_create(4096);
        if (worker->heads_arena == NULL) {
            return;
        }

        worker->heads = NULL;
        worker->heads_last = &worker->heads;
    }

    h = bx_alloc(worker->heads_arena, sizeof(ngx_http_baoxue_head_t));
    if (h == NULL) {
        return;
    }

    h->next = NULL;
    h->unit = unit;
    h->seq = seq;
    h->head = bx_strdup(worker->heads_arena, head);

    if (h->head) {
        *worker->heads_last = h;
        worker->heads_last = &h->next;
    }
}


static void
ngx_http_baoxue_write_heads(ngx_http_baoxue_worker_t *worker)
{
    ngx_http_baoxue_head_t  *h;

    if (worker->heads_arena == NULL) {
        return;
    }

    for (h = worker->heads; h; h = h->next) {
        ngx_log_error(NGX_LOG_NOTICE, worker->conf->chain_log, 0,
                      "audit head unit=%L seq=%L head=%s",
                      h->unit, h->seq, h->head);
    }

    bx_arena_destroy(worker->heads_arena);
    worker->heads_arena = NULL;
}


static void
ngx_http_baoxue_jobs_done(ngx_event_t *ev)
{
    int64_t                    waiting, overdue;
    ngx_uint_t                 i;
    ngx_http_baoxue_result_t  *result;
    ngx_http_baoxue_worker_t  *worker = ev->data;

    ngx_http_baoxue_write_heads(worker);

    if (bx_app_tasks(worker->conf->app, &waiting, &overdue)) {
        ngx_http_baoxue_count_tasks(worker->conf->zone, waiting, overdue);
    }

    for (i = 0; i < worker->nresults; i++) {
        result = &worker->results[i];

        ngx_http_baoxue_count_job(worker->conf->zone, result->job, result->good,
                                  result->microseconds);
    }
}
