
/*
 * ngx_http_baoxue_metrics.c: figures about the server, counted.
 *
 * The figures lie in the session zone, so that they are those of all workers
 * and outlive a reload.  They are counted with atomic increments and without a
 * lock; the zone's lock is taken when a route, a job or a worker is seen for
 * the first time.  What Prometheus reads of them is made in
 * ngx_http_baoxue_metrics_text.c.
 */


#include "ngx_http_baoxue.h"
#include "ngx_http_baoxue_metrics.h"


static ngx_http_baoxue_ran_t *ngx_http_baoxue_find_job(
    ngx_http_baoxue_metrics_t *m, const char *job);
static ngx_http_baoxue_ran_t *ngx_http_baoxue_add_job(ngx_shm_zone_t *zone,
    ngx_http_baoxue_metrics_t *m, const char *job);
static ngx_http_baoxue_route_t *ngx_http_baoxue_route(ngx_shm_zone_t *zone,
    ngx_uint_t method, const char *route);
static ngx_http_baoxue_route_t **ngx_http_baoxue_route_slot(
    ngx_http_baoxue_metrics_t *m, ngx_uint_t method, const char *route);
static ngx_uint_t ngx_http_baoxue_method(const char *method);
static void ngx_http_baoxue_count_refused(ngx_http_baoxue_metrics_t *m,
    bx_response *res);


const ngx_http_baoxue_bucket_t
    ngx_http_baoxue_buckets[NGX_HTTP_BAOXUE_BUCKETS] =
{
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


const char  *ngx_http_baoxue_methods[] = {
    "GET", "POST", "PATCH", "PUT", "DELETE", "other"
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

    if (job->res.refused) {
        ngx_http_baoxue_count_refused(ngx_http_baoxue_zone_metrics(bmcf->zone),
                                      &job->res);
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


/*
 * Of those that come in one second the first hundred have a reason to be
 * logged by.  Two workers may begin a second together: then a few more.
 */

static void
ngx_http_baoxue_count_refused(ngx_http_baoxue_metrics_t *m, bx_response *res)
{
    ngx_atomic_uint_t  now, n;

    now = (ngx_atomic_uint_t) ngx_time();

    (void) ngx_atomic_fetch_add(&m->refused, 1);

    if (m->refused_at != now) {
        m->refused_at = now;
        m->refused_then = 0;
    }

    n = ngx_atomic_fetch_add(&m->refused_then, 1);

    if (n < NGX_HTTP_BAOXUE_REFUSED) {
        return;
    }

    res->refused = NULL;

    (void) ngx_atomic_fetch_add(&m->unlogged, 1);

    if (n == NGX_HTTP_BAOXUE_REFUSED) {
        ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                      "baoxue: more than %d refusals in a second, "
                      "the others are not logged", NGX_HTTP_BAOXUE_REFUSED);
    }
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
