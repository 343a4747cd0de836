
/*
 * ngx_http_baoxue_metrics.c: figures about the server for Prometheus.
 *
 * The figures lie in the session zone, so that they are those of all workers
 * and outlive a reload.  They are counted with atomic increments and without a
 * lock; the zone's lock is taken when a route, a job or a worker is seen for
 * the first time.  What is in a label is a static text of the program's:
 * nothing about a person.
 */


#include "ngx_http_baoxue.h"


#define NGX_HTTP_BAOXUE_CLASSES  5
#define NGX_HTTP_BAOXUE_BUCKETS  13

/* a power of two; more routes than three quarters of it are "other" */
#define NGX_HTTP_BAOXUE_ROUTES   1024


typedef struct {
    ngx_atomic_t                classes[NGX_HTTP_BAOXUE_CLASSES];
    ngx_atomic_t                buckets[NGX_HTTP_BAOXUE_BUCKETS + 1];
    ngx_atomic_t                microseconds;
    ngx_uint_t                  method;     /* of ngx_http_baoxue_methods */
    char                        route[];
} ngx_http_baoxue_route_t;


typedef struct ngx_http_baoxue_ran_s  ngx_http_baoxue_ran_t;

struct ngx_http_baoxue_ran_s {
    ngx_http_baoxue_ran_t      *next;
    ngx_atomic_t                runs[2];    /* failed, good */
    ngx_atomic_t                last;       /* seconds since 1970 */
    ngx_atomic_t                good;       /* the last one */
    ngx_atomic_t                microseconds;
    char                        job[];
};


struct ngx_http_baoxue_metrics_s {
    ngx_atomic_t                hits;
    ngx_atomic_t                misses;
    ngx_atomic_t                evicted;
    ngx_atomic_t                sessions;
    ngx_atomic_t                full[BX_NPOOLS];
    bx_db_totals                db;

    ngx_http_baoxue_route_t    *other;
    ngx_uint_t                  nroutes;
    ngx_http_baoxue_route_t    *routes[NGX_HTTP_BAOXUE_ROUTES];
    ngx_http_baoxue_ran_t      *jobs;
    ngx_atomic_t                tasks[2];   /* waiting, overdue */
    ngx_atomic_t                tasks_known;
    ngx_http_baoxue_gauges_t   *workers[NGX_MAX_PROCESSES];
};


static ngx_http_baoxue_ran_t *ngx_http_baoxue_find_job(
    ngx_http_baoxue_metrics_t *m, const char *job);
static ngx_http_baoxue_ran_t *ngx_http_baoxue_add_job(ngx_shm_zone_t *zone,
    ngx_http_baoxue_metrics_t *m, const char *job);
static ngx_http_baoxue_route_t *ngx_http_baoxue_route(ngx_shm_zone_t *zone,
    ngx_uint_t method, const char *route);
static ngx_http_baoxue_route_t **ngx_http_baoxue_route_slot(
    ngx_http_baoxue_metrics_t *m, ngx_uint_t method, const char *route);
static ngx_uint_t ngx_http_baoxue_method(const char *method);
static void ngx_http_baoxue_write(bx_buf *b, ngx_shm_zone_t *zone);
static void ngx_http_baoxue_write_requests(bx_buf *b,
    ngx_http_baoxue_metrics_t *m);
static void ngx_http_baoxue_write_durations(bx_buf *b,
    ngx_http_baoxue_metrics_t *m);
static void ngx_http_baoxue_write_histogram(bx_buf *b,
    ngx_http_baoxue_route_t *br);
static void ngx_http_baoxue_write_workers(bx_buf *b,
    ngx_http_baoxue_metrics_t *m);
static void ngx_http_baoxue_write_sessions(bx_buf *b, ngx_shm_zone_t *zone,
    ngx_http_baoxue_metrics_t *m);
static void ngx_http_baoxue_write_database(bx_buf *b, bx_db_totals *db);
static void ngx_http_baoxue_write_jobs(bx_buf *b, ngx_http_baoxue_ran_t *jobs);
static void ngx_http_baoxue_write_tasks(bx_buf *b,
    ngx_http_baoxue_metrics_t *m);
static void ngx_http_baoxue_head(bx_buf *b, const char *name, const char *type,
    const char *help);
static void ngx_http_baoxue_route_labels(bx_buf *b,
    ngx_http_baoxue_route_t *br);
static void ngx_http_baoxue_label(bx_buf *b, const char *before,
    const char *name, const char *value);


/* what bounds a bucket from above, in microseconds and as Prometheus has it */

static const struct {
    uint64_t     limit;
    const char  *le;
} ngx_http_baoxue_buckets[NGX_HTTP_BAOXUE_BUCKETS] = {
    { 1000, "0.001" },
    { 2500, "0.0025" },
    { 5000, "0.005" },
    { 10000, "0.01" },
    { 25000, "0.025" },
    { 50000, "0.05" },
    { 100000, "0.1" },
    { 250000, "0.25" },
    { 500000, "0.5" },
    { 1000000, "1" },
    { 2500000, "2.5" },
    { 5000000, "5" },
    { 10000000, "10" }
};


static const char  *ngx_http_baoxue_methods[] = {
    "GET", "POST", "PATCH", "PUT", "DELETE", "other"
};

#define NGX_HTTP_BAOXUE_OTHER  5


static const char  *ngx_http_baoxue_pool_names[BX_NPOOLS] = {
    "fast", "slow", "password"
};


static const char  *ngx_http_baoxue_failures[BX_DB_FAILURES] = {
    "connect", "lost", "retry", "duplicate", "other"
};


/* In the master, when the zone is new. */

ngx_http_baoxue_metrics_t *
ngx_http_baoxue_create_metrics(ngx_slab_pool_t *shpool)
{
    ngx_http_baoxue_route_t    *other;
    ngx_http_baoxue_metrics_t  *m;

    m = ngx_slab_calloc(shpool, sizeof(ngx_http_baoxue_metrics_t));
    other = ngx_slab_calloc(shpool, sizeof(ngx_http_baoxue_route_t)
                                    + sizeof("other"));

    if (m == NULL || other == NULL) {
        return NULL;
    }

    other->method = NGX_HTTP_BAOXUE_OTHER;
    ngx_memcpy(other->route, "other", sizeof("other"));

    m->other = other;

    return m;
}


/* This worker's own figures, at zero; kept in the slot of its process. */

ngx_int_t
ngx_http_baoxue_start_metrics(ngx_http_baoxue_main_conf_t *bmcf)
{
    ngx_http_baoxue_gauges_t   *gauges;
    ngx_http_baoxue_metrics_t  *m;

    m = ngx_http_baoxue_zone_metrics(bmcf->zone);

    gauges = m->workers[ngx_process_slot];

    if (gauges == NULL) {
        ngx_http_baoxue_zone_lock(bmcf->zone);

        gauges = ngx_http_baoxue_zone_alloc_locked(bmcf->zone,
                                            sizeof(ngx_http_baoxue_gauges_t));

        ngx_http_baoxue_zone_unlock(bmcf->zone);

        if (gauges == NULL) {
            return NGX_ERROR;
        }

        m->workers[ngx_process_slot] = gauges;
    }

    ngx_memzero(gauges, sizeof(ngx_http_baoxue_gauges_t));
    gauges->pid = ngx_pid;

    bmcf->gauges = gauges;

    bx_db_count_into(bx_app_db(bmcf->app), &m->db, &gauges->db);

    return NGX_OK;
}


void
ngx_http_baoxue_stop_metrics(ngx_http_baoxue_main_conf_t *bmcf)
{
    if (bmcf->gauges) {
        bmcf->gauges->pid = 0;
    }
}


void
ngx_http_baoxue_count_lookup(ngx_http_baoxue_metrics_t *m, ngx_uint_t found)
{
    (void) ngx_atomic_fetch_add(found ? &m->hits : &m->misses, 1);
}


/* "n" is 1 or -1; an eviction is counted beside. */

void
ngx_http_baoxue_count_session(ngx_http_baoxue_metrics_t *m, ngx_int_t n,
    ngx_uint_t evicted)
{
    (void) ngx_atomic_fetch_add(&m->sessions, n);

    if (evicted) {
        (void) ngx_atomic_fetch_add(&m->evicted, 1);
    }
}


void
ngx_http_baoxue_count_full(ngx_http_baoxue_main_conf_t *bmcf, bx_pool pool)
{
    ngx_http_baoxue_metrics_t  *m;

    m = ngx_http_baoxue_zone_metrics(bmcf->zone);

    (void) ngx_atomic_fetch_add(&m->full[pool], 1);
}


/* An answer that a thread has made, or one made without: no "elapsed" then. */

void
ngx_http_baoxue_count_answer(ngx_http_baoxue_main_conf_t *bmcf,
    ngx_http_baoxue_job_t *job, uint64_t *elapsed)
{
    ngx_uint_t                i;
    ngx_http_baoxue_route_t  *br;

    if (job->res.status < 100 || job->res.status > 599) {
        return;
    }

    br = ngx_http_baoxue_route(bmcf->zone,
                               ngx_http_baoxue_method(job->req.method),
                               job->res.route ? job->res.route : "unknown");

    (void) ngx_atomic_fetch_add(&br->classes[job->res.status / 100 - 1], 1);

    if (elapsed == NULL) {
        return;
    }

    for (i = 0; i < NGX_HTTP_BAOXUE_BUCKETS; i++) {
        if (*elapsed <= ngx_http_baoxue_buckets[i].limit) {
            break;
        }
    }

    (void) ngx_atomic_fetch_add(&br->buckets[i], 1);
    (void) ngx_atomic_fetch_add(&br->microseconds, *elapsed);
}


void
ngx_http_baoxue_count_job(ngx_shm_zone_t *zone, const char *job,
    ngx_uint_t good, uint64_t microseconds)
{
    ngx_http_baoxue_ran_t      *ran;
    ngx_http_baoxue_metrics_t  *m;

    m = ngx_http_baoxue_zone_metrics(zone);

    ran = ngx_http_baoxue_find_job(m, job);

    if (ran == NULL) {
        ran = ngx_http_baoxue_add_job(zone, m, job);
        if (ran == NULL) {
            return;
        }
    }

    good = good ? 1 : 0;

    (void) ngx_atomic_fetch_add(&ran->runs[good], 1);

    ran->last = ngx_time();
    ran->good = good;
    ran->microseconds = microseconds;
}


/* [loop] */

void
ngx_http_baoxue_count_tasks(ngx_shm_zone_t *zone, int64_t waiting,
    int64_t overdue)
{
    ngx_http_baoxue_metrics_t  *m;

    m = ngx_http_baoxue_zone_metrics(zone);

    m->tasks[0] = (ngx_atomic_t) waiting;
    m->tasks[1] = (ngx_atomic_t) overdue;
    m->tasks_known = 1;
}


static ngx_http_baoxue_ran_t *
ngx_http_baoxue_find_job(ngx_http_baoxue_metrics_t *m, const char *job)
{
    ngx_http_baoxue_ran_t  *ran;

    for (ran = m->jobs; ran; ran = ran->next) {
        if (ngx_strcmp(ran->job, job) == 0) {
            return ran;
        }
    }

    return NULL;
}


static ngx_http_baoxue_ran_t *
ngx_http_baoxue_add_job(ngx_shm_zone_t *zone, ngx_http_baoxue_metrics_t *m,
    const char *job)
{
    size_t                  len;
    ngx_http_baoxue_ran_t  *ran;

    len = ngx_strlen(job) + 1;

    ngx_http_baoxue_zone_lock(zone);

    /* another worker may have been first */

    ran = ngx_http_baoxue_find_job(m, job);

    if (ran == NULL) {
        ran = ngx_http_baoxue_zone_alloc_locked(zone,
                                                sizeof(ngx_http_baoxue_ran_t)
                                                + len);
        if (ran) {
            ngx_memcpy(ran->job, job, len);
            ran->next = m->jobs;

            ngx_memory_barrier();

            m->jobs = ran;
        }
    }

    ngx_http_baoxue_zone_unlock(zone);

    return ran;
}


/* The figures of a route; those of "other" when there is no room for it. */

static ngx_http_baoxue_route_t *
ngx_http_baoxue_route(ngx_shm_zone_t *zone, ngx_uint_t method,
    const char *route)
{
    ngx_http_baoxue_route_t    **slot, *br;
    ngx_http_baoxue_metrics_t   *m;

    m = ngx_http_baoxue_zone_metrics(zone);

    slot = ngx_http_baoxue_route_slot(m, method, route);
    br = *slot;

    if (br) {
        return br;
    }

    if (m->nroutes >= NGX_HTTP_BAOXUE_ROUTES / 4 * 3) {
        return m->other;
    }

    ngx_http_baoxue_zone_lock(zone);

    /* another worker may have been first */

    slot = ngx_http_baoxue_route_slot(m, method, route);
    br = *slot;

    if (br == NULL) {
        br = ngx_http_baoxue_zone_alloc_locked(zone,
                                               sizeof(ngx_http_baoxue_route_t)
                                               + ngx_strlen(route) + 1);
        if (br) {
            br->method = method;
            ngx_memcpy(br->route, route, ngx_strlen(route) + 1);

            ngx_memory_barrier();

            *slot = br;
            m->nroutes++;
        }
    }

    ngx_http_baoxue_zone_unlock(zone);

    return br ? br : m->other;
}


/* Where a route is, or where it would be. */

static ngx_http_baoxue_route_t **
ngx_http_baoxue_route_slot(ngx_http_baoxue_metrics_t *m, ngx_uint_t method,
    const char *route)
{
    uint32_t                   i;
    ngx_http_baoxue_route_t   *br, **slot;

    i = ngx_crc32_short((u_char *) route, ngx_strlen(route)) + method;

    for ( ;; i++) {
        slot = &m->routes[i % NGX_HTTP_BAOXUE_ROUTES];
        br = *slot;

        if (br == NULL
            || (br->method == method && ngx_strcmp(br->route, route) == 0))
        {
            return slot;
        }
    }
}


/* A client may send any word: one it has made up makes no label of its own. */

static ngx_uint_t
ngx_http_baoxue_method(const char *method)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_HTTP_BAOXUE_OTHER; i++) {
        if (method && ngx_strcmp(ngx_http_baoxue_methods[i], method) == 0) {
            break;
        }
    }

    return i;
}


/* The handler of baoxue_metrics. */

ngx_int_t
ngx_http_baoxue_metrics_handler(ngx_http_request_t *r)
{
    bx_buf                        b;
    bx_arena                     *arena;
    ngx_int_t                     rc;
    ngx_str_t                     type;
    ngx_pool_cleanup_t           *cln;
    ngx_http_complex_value_t      cv;
    ngx_http_baoxue_main_conf_t  *bmcf;

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {
        return NGX_HTTP_NOT_ALLOWED;
    }

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    bmcf = ngx_http_get_module_main_conf(r, ngx_http_baoxue_module);

    cln = ngx_pool_cleanup_add(r->pool, 0);
    if (cln == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    arena = bx_arena_create(64 * 1024);
    if (arena == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    cln->handler = ngx_http_baoxue_destroy_arena;
    cln->data = arena;

    bx_buf_init(&b, arena);

    ngx_http_baoxue_write(&b, bmcf->zone);

    if (b.failed) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_memzero(&cv, sizeof(ngx_http_complex_value_t));

    cv.value.data = (u_char *) b.data;
    cv.value.len = b.len;

    ngx_str_set(&type, "text/plain; version=0.0.4; charset=utf-8");

    return ngx_http_send_response(r, NGX_HTTP_OK, &type, &cv);
}


static void
ngx_http_baoxue_write(bx_buf *b, ngx_shm_zone_t *zone)
{
    ngx_http_baoxue_metrics_t  *m;

    m = ngx_http_baoxue_zone_metrics(zone);

    ngx_http_baoxue_head(b, "baoxue_build_info", "gauge",
                         "What runs here: version, nginx, newest schema file");
    bx_buf_printf(b, "baoxue_build_info{version=\"%s\",nginx=\"%s\","
                     "schema=\"%d\"} 1\n",
                  BX_VERSION, NGINX_VERSION, bx_schema_newest());

    ngx_http_baoxue_write_requests(b, m);
    ngx_http_baoxue_write_durations(b, m);
    ngx_http_baoxue_write_workers(b, m);
    ngx_http_baoxue_write_sessions(b, zone, m);
    ngx_http_baoxue_write_database(b, &m->db);
    ngx_http_baoxue_write_jobs(b, m->jobs);
    ngx_http_baoxue_write_tasks(b, m);
}


static void
ngx_http_baoxue_write_requests(bx_buf *b, ngx_http_baoxue_metrics_t *m)
{
    ngx_uint_t                i, n;
    ngx_http_baoxue_route_t  *br;

    ngx_http_baoxue_head(b, "baoxue_requests_total", "counter",
                         "Answers by route and class of status");

    for (i = 0; i <= NGX_HTTP_BAOXUE_ROUTES; i++) {
        br = (i < NGX_HTTP_BAOXUE_ROUTES) ? m->routes[i] : m->other;

        for (n = 0; br && n < NGX_HTTP_BAOXUE_CLASSES; n++) {
            if (br->classes[n] == 0) {
                continue;
            }

            bx_buf_str(b, "baoxue_requests_total");
            ngx_http_baoxue_route_labels(b, br);
            bx_buf_printf(b, ",status=\"%dxx\"} %lu\n", (int) n + 1,
                          br->classes[n]);
        }
    }
}


static void
ngx_http_baoxue_write_durations(bx_buf *b, ngx_http_baoxue_metrics_t *m)
{
    ngx_uint_t  i;

    ngx_http_baoxue_head(b, "baoxue_request_duration_seconds", "histogram",
                         "Time from a request that has come in whole to its "
                         "answer, waiting for a thread included");

    for (i = 0; i < NGX_HTTP_BAOXUE_ROUTES; i++) {
        if (m->routes[i]) {
            ngx_http_baoxue_write_histogram(b, m->routes[i]);
        }
    }

    ngx_http_baoxue_write_histogram(b, m->other);
}


static void
ngx_http_baoxue_write_histogram(bx_buf *b, ngx_http_baoxue_route_t *br)
{
    ngx_uint_t        i;
    unsigned long     n;
    static const char name[] = "baoxue_request_duration_seconds";

    /* what others count meanwhile must not make a bucket less than the last */

    n = 0;

    for (i = 0; i <= NGX_HTTP_BAOXUE_BUCKETS; i++) {
        n += br->buckets[i];
    }

    if (n == 0) {
        return;
    }

    n = 0;

    for (i = 0; i <= NGX_HTTP_BAOXUE_BUCKETS; i++) {
        n += br->buckets[i];

        bx_buf_printf(b, "%s_bucket", name);
        ngx_http_baoxue_route_labels(b, br);
        bx_buf_printf(b, ",le=\"%s\"} %lu\n",
                      i < NGX_HTTP_BAOXUE_BUCKETS
                      ? ngx_http_baoxue_buckets[i].le : "+Inf",
                      n);
    }

    bx_buf_printf(b, "%s_sum", name);
    ngx_http_baoxue_route_labels(b, br);
    bx_buf_printf(b, "} %.6f\n", br->microseconds / 1e6);

    bx_buf_printf(b, "%s_count", name);
    ngx_http_baoxue_route_labels(b, br);
    bx_buf_printf(b, "} %lu\n", n);
}


/* What workers that live have in hand. */

static void
ngx_http_baoxue_write_workers(bx_buf *b, ngx_http_baoxue_metrics_t *m)
{
    ngx_uint_t                 i, n, workers;
    ngx_atomic_int_t           tasks[BX_NPOOLS], running[BX_NPOOLS];
    ngx_atomic_int_t           open, idle;
    ngx_http_baoxue_gauges_t  *gauges;

    workers = 0;
    open = 0;
    idle = 0;

    ngx_memzero(tasks, sizeof(tasks));
    ngx_memzero(running, sizeof(running));

    for (i = 0; i < NGX_MAX_PROCESSES; i++) {
        gauges = m->workers[i];

        if (gauges == NULL || gauges->pid == 0
            || (kill(gauges->pid, 0) == -1 && ngx_errno == ESRCH))
        {
            continue;
        }

        workers++;
        open += gauges->db.open;
        idle += gauges->db.idle;

        for (n = 0; n < BX_NPOOLS; n++) {
            running[n] += gauges->running[n];
            tasks[n] += gauges->tasks[n];
        }
    }

    ngx_http_baoxue_head(b, "baoxue_workers", "gauge",
                         "Worker processes, those that finish included");
    bx_buf_printf(b, "baoxue_workers %lu\n", (unsigned long) workers);

    ngx_http_baoxue_head(b, "baoxue_tasks", "gauge",
                         "Tasks by thread pool, waiting for a thread or in it");

    for (n = 0; n < BX_NPOOLS; n++) {
        bx_buf_printf(b, "baoxue_tasks{pool=\"%s\",state=\"waiting\"} %ld\n"
                         "baoxue_tasks{pool=\"%s\",state=\"running\"} %ld\n",
                      ngx_http_baoxue_pool_names[n],
                      (long) ngx_max(tasks[n] - running[n], 0),
                      ngx_http_baoxue_pool_names[n], (long) running[n]);
    }

    ngx_http_baoxue_head(b, "baoxue_queue_full_total", "counter",
                         "Tasks refused because the queue of their thread "
                         "pool was full");

    for (n = 0; n < BX_NPOOLS; n++) {
        bx_buf_printf(b, "baoxue_queue_full_total{pool=\"%s\"} %lu\n",
                      ngx_http_baoxue_pool_names[n], m->full[n]);
    }

    ngx_http_baoxue_head(b, "baoxue_db_connections", "gauge",
                         "Connections to the database");
    bx_buf_printf(b, "baoxue_db_connections{state=\"busy\"} %ld\n"
                     "baoxue_db_connections{state=\"idle\"} %ld\n",
                  (long) ngx_max(open - idle, 0), (long) idle);
}


static void
ngx_http_baoxue_write_sessions(bx_buf *b, ngx_shm_zone_t *zone,
    ngx_http_baoxue_metrics_t *m)
{
    ngx_slab_pool_t  *shpool;

    shpool = (ngx_slab_pool_t *) zone->shm.addr;

    ngx_http_baoxue_head(b, "baoxue_session_zone_entries", "gauge",
                         "Sessions remembered in shared memory");
    bx_buf_printf(b, "baoxue_session_zone_entries %lu\n", m->sessions);

    ngx_http_baoxue_head(b, "baoxue_session_zone_free_bytes", "gauge",
                         "Pages of the session zone that are free");
    bx_buf_printf(b, "baoxue_session_zone_free_bytes %lu\n",
                  (unsigned long) (shpool->pfree * ngx_pagesize));

    ngx_http_baoxue_head(b, "baoxue_session_zone_lookups_total", "counter",
                         "Requests with a session: remembered or asked of the "
                         "database");
    bx_buf_printf(b, "baoxue_session_zone_lookups_total{result=\"hit\"} %lu\n"
                     "baoxue_session_zone_lookups_total{result=\"miss\"} %lu\n",
                  m->hits, m->misses);

    ngx_http_baoxue_head(b, "baoxue_session_zone_evictions_total", "counter",
                         "Sessions forgotten because the zone was full");
    bx_buf_printf(b, "baoxue_session_zone_evictions_total %lu\n", m->evicted);
}


static void
ngx_http_baoxue_write_database(bx_buf *b, bx_db_totals *db)
{
    ngx_uint_t  i;

    ngx_http_baoxue_head(b, "baoxue_db_connections_opened_total", "counter",
                         "Connections made to the database");
    bx_buf_printf(b, "baoxue_db_connections_opened_total %lu\n",
                  (unsigned long) db->opened);

    ngx_http_baoxue_head(b, "baoxue_db_statements_total", "counter",
                         "Statements sent to the database");
    bx_buf_printf(b, "baoxue_db_statements_total %lu\n",
                  (unsigned long) db->statements);

    ngx_http_baoxue_head(b, "baoxue_db_seconds_total", "counter",
                         "Time they took");
    bx_buf_printf(b, "baoxue_db_seconds_total %.6f\n", db->nanoseconds / 1e9);

    ngx_http_baoxue_head(b, "baoxue_db_errors_total", "counter",
                         "Failures: no connection made, connection lost, "
                         "deadlock or lock wait, duplicate key, other");

    for (i = 0; i < BX_DB_FAILURES; i++) {
        bx_buf_printf(b, "baoxue_db_errors_total{kind=\"%s\"} %lu\n",
                      ngx_http_baoxue_failures[i],
                      (unsigned long) db->failures[i]);
    }
}


static void
ngx_http_baoxue_write_jobs(bx_buf *b, ngx_http_baoxue_ran_t *jobs)
{
    ngx_http_baoxue_ran_t  *ran;

    ngx_http_baoxue_head(b, "baoxue_job_runs_total", "counter",
                         "Runs of jobs on this node");

    for (ran = jobs; ran; ran = ran->next) {
        ngx_http_baoxue_label(b, "baoxue_job_runs_total{", "job", ran->job);
        bx_buf_printf(b, ",result=\"ok\"} %lu\n", ran->runs[1]);
        ngx_http_baoxue_label(b, "baoxue_job_runs_total{", "job", ran->job);
        bx_buf_printf(b, ",result=\"failed\"} %lu\n", ran->runs[0]);
    }

    ngx_http_baoxue_head(b, "baoxue_job_last_run_timestamp_seconds", "gauge",
                         "When a job last ended on this node");

    for (ran = jobs; ran; ran = ran->next) {
        ngx_http_baoxue_label(b, "baoxue_job_last_run_timestamp_seconds{",
                              "job", ran->job);
        bx_buf_printf(b, "} %lu\n", ran->last);
    }

    ngx_http_baoxue_head(b, "baoxue_job_last_run_success", "gauge",
                         "Whether that run was good: 1, or 0");

    for (ran = jobs; ran; ran = ran->next) {
        ngx_http_baoxue_label(b, "baoxue_job_last_run_success{", "job",
                              ran->job);
        bx_buf_printf(b, "} %lu\n", ran->good);
    }

    ngx_http_baoxue_head(b, "baoxue_job_last_run_seconds", "gauge",
                         "How long that run took");

    for (ran = jobs; ran; ran = ran->next) {
        ngx_http_baoxue_label(b, "baoxue_job_last_run_seconds{", "job",
                              ran->job);
        bx_buf_printf(b, "} %.6f\n", ran->microseconds / 1e6);
    }
}


/* Nothing until the clock has counted: a zero would be a lie. */

static void
ngx_http_baoxue_write_tasks(bx_buf *b, ngx_http_baoxue_metrics_t *m)
{
    if (!m->tasks_known) {
        return;
    }

    ngx_http_baoxue_head(b, "baoxue_tasks_waiting", "gauge",
                         "Tasks that wait for somebody, in all schools");
    bx_buf_printf(b, "baoxue_tasks_waiting %lu\n", m->tasks[0]);

    ngx_http_baoxue_head(b, "baoxue_tasks_overdue", "gauge",
                         "Those of them that are past their due time");
    bx_buf_printf(b, "baoxue_tasks_overdue %lu\n", m->tasks[1]);
}


static void
ngx_http_baoxue_head(bx_buf *b, const char *name, const char *type,
    const char *help)
{
    bx_buf_printf(b, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}


/* The brace is left open. */

static void
ngx_http_baoxue_route_labels(bx_buf *b, ngx_http_baoxue_route_t *br)
{
    bx_buf_printf(b, "{method=\"%s\"", ngx_http_baoxue_methods[br->method]);
    ngx_http_baoxue_label(b, ",", "route", br->route);
}


/* Plugins name routes and jobs, and may name them as they like. */

static void
ngx_http_baoxue_label(bx_buf *b, const char *before, const char *name,
    const char *value)
{
    const char  *p;

    bx_buf_printf(b, "%s%s=\"", before, name);

    for (p = value; *p; p++) {

        if (*p == '\n') {
            bx_buf_add(b, "\\n", 2);
            continue;
        }

        if (*p == '"' || *p == '\\') {
            bx_buf_add(b, "\\", 1);
        }

        bx_buf_add(b, p, 1);
    }

    bx_buf_add(b, "\"", 1);
}
