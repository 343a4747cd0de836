
/*
 * ngx_http_baoxue_metrics.h: the figures as they lie in the session zone.
 *
 * Shared by ngx_http_baoxue_metrics.c, which counts, and
 * ngx_http_baoxue_metrics_text.c, which writes them down; nobody else includes
 * it.
 */


#ifndef _NGX_HTTP_BAOXUE_METRICS_H_INCLUDED_
#define _NGX_HTTP_BAOXUE_METRICS_H_INCLUDED_


#define NGX_HTTP_BAOXUE_CLASSES  5
#define NGX_HTTP_BAOXUE_BUCKETS  13

/* a power of two; more routes than three quarters of it are "other" */
#define NGX_HTTP_BAOXUE_ROUTES   1024

/* the method of ngx_http_baoxue_methods that stands for all others */
#define NGX_HTTP_BAOXUE_OTHER    5


/* what bounds a bucket from above, in microseconds and as Prometheus has it */
typedef struct {
    uint64_t                    limit;
    const char                 *le;
} ngx_http_baoxue_bucket_t;


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
    ngx_atomic_t                refused;
    ngx_atomic_t                unlogged;   /* of these */
    ngx_atomic_t                refused_at;     /* the second that is counted */
    ngx_atomic_t                refused_then;   /* in it */
    bx_db_totals                db;

    ngx_http_baoxue_route_t    *other;
    ngx_uint_t                  nroutes;
    ngx_http_baoxue_route_t    *routes[NGX_HTTP_BAOXUE_ROUTES];
    ngx_http_baoxue_ran_t      *jobs;
    ngx_atomic_t                tasks[2];   /* waiting, overdue */
    ngx_atomic_t                tasks_known;
    ngx_http_baoxue_gauges_t   *workers[NGX_MAX_PROCESSES];
};


/* static tables; the last method is for all words beyond the others */

extern const ngx_http_baoxue_bucket_t
    ngx_http_baoxue_buckets[NGX_HTTP_BAOXUE_BUCKETS];
extern const char  *ngx_http_baoxue_methods[NGX_HTTP_BAOXUE_OTHER + 1];


#endif /* _NGX_HTTP_BAOXUE_METRICS_H_INCLUDED_ */
