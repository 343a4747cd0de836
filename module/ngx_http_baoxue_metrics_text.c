
/*
 * ngx_http_baoxue_metrics_text.c: figures about the server, as Prometheus reads
 * them.
 *
 * What is in a label is a static text of the program's: nothing about a person.
 * Owns no figure: they are counted in ngx_http_baoxue_metrics.c, and read here
 * without a lock while others count on.
 */


#include "ngx_http_baoxue.h"
#include "ngx_http_baoxue_metrics.h"


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


static const char  *ngx_http_baoxue_pool_names[BX_NPOOLS] = {
    "fast", "slow", "password"
};


static const char  *ngx_http_baoxue_failures[BX_DB_FAILURES] = {
    "connect", "lost", "retry", "duplicate", "other"
};


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

    ngx_http_baoxue_head(b, "baoxue_refused_total", "counter",
                         "Requests turned away for what they asked for");
    bx_buf_printf(b, "baoxue_refused_total %lu\n", m->refused);

    ngx_http_baoxue_head(b, "baoxue_refused_unlogged_total", "counter",
                         "Refusals too many in their second to be logged");
    bx_buf_printf(b, "baoxue_refused_unlogged_total %lu\n", m->unlogged);
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
