
/*
 * ngx_http_baoxue.h: what the files of the nginx module share.
 *
 * module/ is the only code that includes nginx headers.  It takes a request in,
 * has bx_dispatch() answer it in a thread and sends the answer; it knows no
 * workflow, no SQL and no JSON.
 *
 * Marks: [loop] runs in the worker's event loop, [thread] in its thread pool.
 */


#ifndef _NGX_HTTP_BAOXUE_H_INCLUDED_
#define _NGX_HTTP_BAOXUE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include <ngx_thread_pool.h>

#include "core/core.h"
#include "web/app.h"

#if !(NGX_THREADS)
#error "baoxue needs an nginx that was configured with --with-threads"
#endif


/* an entry read longer ago is a miss: positions end at midnight */
#define NGX_HTTP_BAOXUE_SESSION_FRESH    60      /* seconds */

/*
 * An entry read from the database longer ago is not stored: its revocation may
 * have left the window that the poll looks back on, which also allows for a
 * revocation that was committed some time after the moment written into it.
 */
#define NGX_HTTP_BAOXUE_SESSION_STORE    10      /* seconds */
#define NGX_HTTP_BAOXUE_POLL_WINDOW      30      /* seconds */

#define NGX_HTTP_BAOXUE_POLL_EVERY       1000    /* milliseconds */
#define NGX_HTTP_BAOXUE_POLL_FRESH       2000    /* milliseconds */

#if (BX_TEST_CLOCK)
#define NGX_HTTP_BAOXUE_JOBS_EVERY       500     /* milliseconds */
#else
#define NGX_HTTP_BAOXUE_JOBS_EVERY       5000    /* milliseconds */
#endif

/* lines a second in the log of refusals: a flood must not fill a disk */
#define NGX_HTTP_BAOXUE_REFUSED          100

/* a request in flight keeps a worker that quits for as long */
#define NGX_HTTP_BAOXUE_GUARD            60000   /* milliseconds */


/*
 * What a worker has in hand at the moment, in shared memory; changed by its
 * threads too.
 */
typedef struct {
    ngx_pid_t                   pid;         /* 0: it has ended */
    ngx_atomic_t                tasks[BX_NPOOLS];    /* queued or in a thread */
    ngx_atomic_t                running[BX_NPOOLS];  /* in a thread */
    bx_db_gauge                 db;
} ngx_http_baoxue_gauges_t;


typedef struct {
    bx_app                     *app;         /* NULL: the configuration has no use for it */
    ngx_thread_pool_t          *pools[BX_NPOOLS];
    ngx_shm_zone_t             *zone;        /* sessions */
    ngx_atomic_t                running;     /* tasks of this worker that are queued or in a thread */
    ngx_http_baoxue_gauges_t   *gauges;      /* the same for everybody to see */

    bx_db_config                db;
    ngx_str_t                   password_file;
    ngx_str_t                   secret_file;
    ngx_str_t                   pool_names[BX_NPOOLS];
    ngx_str_t                   attachments;
    ngx_str_t                   locale;
    ngx_array_t                *origins;     /* of char * */
    ngx_array_t                *plugins;     /* of char *: files */
    ngx_array_t                *workflows;   /* of char *: names; NULL: all */
    ngx_flag_t                  insecure_cookie;
    ngx_flag_t                  jobs;
    ngx_int_t                   utc_offset;  /* seconds */
    size_t                      max_json;
    size_t                      max_upload;
    time_t                      session_lifetime;
    ngx_log_t                  *chain_log;   /* heads of audit chains */
#if (BX_TEST_CLOCK)
    ngx_str_t                   test_clock;
#endif

    /* the first location that needs the application, for messages */
    u_char                     *used_file;
    ngx_uint_t                  used_line;
    unsigned                    used:1;
    unsigned                    all_workflows:1;  /* said so */
} ngx_http_baoxue_main_conf_t;


typedef struct {
    ngx_flag_t                  enable;
} ngx_http_baoxue_loc_conf_t;


typedef struct ngx_http_baoxue_metrics_s  ngx_http_baoxue_metrics_t;
typedef struct ngx_http_baoxue_job_s  ngx_http_baoxue_job_t;

/*
 * All that a thread sees of a request.  Lies in the arena, points only into the
 * arena and into the request body, which stays while r->main->blocked is held.
 */
struct ngx_http_baoxue_job_s {
    void                      (*run)(ngx_http_baoxue_job_t *job);    /* [thread] */
    ngx_http_baoxue_main_conf_t  *conf;
    bx_app                     *app;
    bx_arena                   *arena;
    bx_pool                     pool;
    uint64_t                    posted;      /* microseconds */
    bx_request                  req;
    bx_response                 res;
};


/* The request's context: [loop] only.  Lies in r->pool. */
typedef struct {
    ngx_http_baoxue_job_t      *job;
    off_t                       max_body;
    off_t                       received;
    unsigned                    overflow:1;  /* the body has grown past max_body */
} ngx_http_baoxue_ctx_t;


/* ngx_http_baoxue_conf.c: directives that take more than a slot */

char *ngx_http_baoxue_database(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_baoxue_path(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_baoxue_origin(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_baoxue_load_plugin(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_baoxue_plugins(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_baoxue_timezone(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_baoxue_size(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_baoxue_lifetime(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_baoxue_session_zone(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_baoxue_chain_log(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);


/* ngx_http_baoxue_app.c: what is made of all directives together */

ngx_int_t ngx_http_baoxue_create_app(ngx_conf_t *cf,
    ngx_http_baoxue_main_conf_t *bmcf);


/* ngx_http_baoxue_request.c: a request on its way in */

ngx_int_t ngx_http_baoxue_handler(ngx_http_request_t *r);
ngx_int_t ngx_http_baoxue_body_filter_init(ngx_conf_t *cf);
void ngx_http_baoxue_destroy_arena(void *data);
ngx_http_baoxue_ctx_t *ngx_http_baoxue_create_ctx(ngx_http_request_t *r);


/* ngx_http_baoxue_task.c: to a thread and back */

/*
 * NGX_OK: posted; the completion will finalize the request.
 * NGX_DECLINED: the queue is full.
 */
ngx_int_t ngx_http_baoxue_post(ngx_http_request_t *r,
    ngx_http_baoxue_ctx_t *ctx);
ngx_int_t ngx_http_baoxue_post_task(ngx_http_baoxue_main_conf_t *bmcf,
    bx_pool pool, ngx_thread_task_t *task);
/* [thread] Around what a posted task does. */
void ngx_http_baoxue_task_begins(ngx_http_baoxue_main_conf_t *bmcf,
    bx_pool pool);
void ngx_http_baoxue_task_ends(ngx_http_baoxue_main_conf_t *bmcf,
    bx_pool pool);
void ngx_http_baoxue_drain(ngx_cycle_t *cycle,
    ngx_http_baoxue_main_conf_t *bmcf);


/* ngx_http_baoxue_response.c: an answer on its way out, variables */

ngx_int_t ngx_http_baoxue_send(ngx_http_request_t *r,
    ngx_http_baoxue_ctx_t *ctx);
ngx_int_t ngx_http_baoxue_refuse(ngx_http_request_t *r,
    ngx_http_baoxue_ctx_t *ctx, bx_err code);
ngx_int_t ngx_http_baoxue_add_variables(ngx_conf_t *cf);


/* ngx_http_baoxue_probe.c: for load balancers */

ngx_int_t ngx_http_baoxue_health_handler(ngx_http_request_t *r);
ngx_int_t ngx_http_baoxue_ready_handler(ngx_http_request_t *r);


/* ngx_http_baoxue_session.c: sessions in shared memory, [loop] only */

typedef enum {
    NGX_HTTP_BAOXUE_CLAIM_POLL = 0,
    NGX_HTTP_BAOXUE_CLAIM_JOBS,
    NGX_HTTP_BAOXUE_NCLAIMS
} ngx_http_baoxue_claim_e;

ngx_shm_zone_t *ngx_http_baoxue_add_zone(ngx_conf_t *cf, ngx_str_t *name,
    size_t size);
ngx_uint_t ngx_http_baoxue_session_find(ngx_shm_zone_t *zone,
    const uint8_t hash[32], bx_session *session);
void ngx_http_baoxue_session_update(ngx_shm_zone_t *zone,
    const bx_response *res);
void ngx_http_baoxue_session_revoke(ngx_shm_zone_t *zone,
    const bx_revoked *revoked, size_t n, ngx_msec_t began);
ngx_uint_t ngx_http_baoxue_claim(ngx_shm_zone_t *zone,
    ngx_http_baoxue_claim_e claim, ngx_msec_t every);
ngx_http_baoxue_metrics_t *ngx_http_baoxue_zone_metrics(ngx_shm_zone_t *zone);
/* threads may use it: it has no lock */
bx_reads *ngx_http_baoxue_zone_reads(ngx_shm_zone_t *zone);
void ngx_http_baoxue_zone_lock(ngx_shm_zone_t *zone);
void ngx_http_baoxue_zone_unlock(ngx_shm_zone_t *zone);
/* zeroed; sessions make room for it */
void *ngx_http_baoxue_zone_alloc_locked(ngx_shm_zone_t *zone, size_t size);


/* ngx_http_baoxue_metrics.c: figures, counted; [loop] only */

ngx_http_baoxue_metrics_t *ngx_http_baoxue_create_metrics(
    ngx_slab_pool_t *shpool);
ngx_int_t ngx_http_baoxue_start_metrics(ngx_http_baoxue_main_conf_t *bmcf);
void ngx_http_baoxue_stop_metrics(ngx_http_baoxue_main_conf_t *bmcf);
void ngx_http_baoxue_count_lookup(ngx_http_baoxue_metrics_t *m,
    ngx_uint_t found);
void ngx_http_baoxue_count_session(ngx_http_baoxue_metrics_t *m, ngx_int_t n,
    ngx_uint_t evicted);
void ngx_http_baoxue_count_full(ngx_http_baoxue_main_conf_t *bmcf,
    bx_pool pool);
void ngx_http_baoxue_count_answer(ngx_http_baoxue_main_conf_t *bmcf,
    ngx_http_baoxue_job_t *job, uint64_t *elapsed);
void ngx_http_baoxue_count_tasks(ngx_shm_zone_t *zone, int64_t waiting,
    int64_t overdue);
void ngx_http_baoxue_count_job(ngx_shm_zone_t *zone, const char *job,
    ngx_uint_t good, uint64_t microseconds);


/* ngx_http_baoxue_metrics_text.c: the same, as Prometheus reads them */

ngx_int_t ngx_http_baoxue_metrics_handler(ngx_http_request_t *r);


/* ngx_http_baoxue_timer.c: what a worker does without being asked */

ngx_int_t ngx_http_baoxue_start_timers(ngx_cycle_t *cycle,
    ngx_http_baoxue_main_conf_t *bmcf);


extern ngx_module_t  ngx_http_baoxue_module;


#endif /* _NGX_HTTP_BAOXUE_H_INCLUDED_ */
