/* app.h: what module/ and programs see of libbaoxue beside baoxue.h: the application, a request, a response.
 * No nginx type here. A bx_app is made once (in the master, before workers are forked), started once a worker. */
#ifndef BX_APP_H
#define BX_APP_H

#include "baoxue.h"
#include "db/db.h"

typedef struct bx_app bx_app;

typedef struct {
    bx_db_config  db;
    const char   *secret_file;
    const char   *locale_dir;                 /* html/locale */
    const char   *attachments;                /* directory, NULL: uploads are refused */
    const char  **origins;                    /* allowed Origin values, ends with NULL; may be NULL */
    bool          insecure_cookie;            /* no Secure; the name carries the port */
    unsigned      cookie_port;
    int           utc_offset;                 /* seconds east of UTC; 28800 in China */
    size_t        max_json, max_upload;       /* bytes: 256 KiB and 16 MiB when 0 */
    unsigned      session_seconds;            /* 0: 12 h */
    const char *const *plugins;               /* shared objects to load, ends with NULL; may be NULL */
    const char *const *workflows;             /* names of the plugins that are on, ends with NULL; NULL: all */
} bx_app_config;

/* Copies conf; loads keys, plugins and texts; opens no connection. In the master, as root. Another application may be open:
 * what it has is not touched, and when this one fails or is destroyed, the other goes on as before. */
bx_app   *bx_app_create(const bx_app_config *conf, bx_error *err);
bx_rc     bx_app_start(bx_app *app, bx_error *err);                   /* once a worker, before its threads run */
void      bx_app_stop(bx_app *app);                                   /* once a worker at exit, no thread running */
void      bx_app_destroy(bx_app *app);
const char *bx_app_cookie_name(const bx_app *app);
unsigned  bx_app_session_seconds(const bx_app *app);                  /* how long a session lasts from its start */
bx_db    *bx_app_db(bx_app *app);
const char *bx_app_attachments(const bx_app *app);                    /* directory of sealed files, NULL: uploads are refused */

/* The address people reach this server at: `here` when it is one of the origins that are configured, else the first of these; none
 * configured: `here`. */
const char *bx_app_origin(const bx_app *app, const char *here);

/* ---- sessions: a fixed-size entry that fits a shared-memory zone. */

#define BX_MAX_GRANTS  24
#define BX_SESSION_NOTED  300                 /* seconds: a session's use is written down no more often */
#define BX_CAP_WORDS    4                      /* capabilities are bits, numbered by the plugin tables */

typedef enum { BX_LEVEL_ROOT = 1, BX_LEVEL_TOWNSHIP, BX_LEVEL_CENTRAL, BX_LEVEL_SCHOOL, BX_LEVEL_GRADE, BX_LEVEL_CLASS, BX_LEVEL_CHILDREN } bx_level;

typedef struct {
    uint8_t   level;                          /* bx_level */
    char      role[23];
    bx_id     unit, school;                   /* school: 0 above schools */
    uint64_t  caps[BX_CAP_WORDS];
} bx_session_grant;

typedef struct {
    uint64_t          tables;                 /* fingerprint of the capability numbering: another one is a miss */
    bx_id             account;
    bx_time           expires;
    bx_time           loaded;                 /* an entry older than a minute is read again: positions end at midnight */
    bx_time           used;                   /* as the row has it: up to BX_SESSION_NOTED before the last use */
    char              name[184];
    char              lang[8];
    uint8_t           must_change, must_enrol, has_children, ngrants;
    bx_session_grant  grants[BX_MAX_GRANTS];
} bx_session;

typedef struct { bx_id account; bool all; uint8_t token_hash[32]; } bx_revoked;

/* Everything revoked since `since`, for the poll of the zone. [thread] */
bx_rc     bx_revocations(bx_app *app, bx_arena *a, bx_time since, bx_revoked **out, size_t *n, bx_error *err);

/* ---- how much accounts read: a table in memory that all workers share, which needs no lock (lib/web/reads.c). */

typedef struct bx_reads bx_reads;

size_t    bx_reads_size(size_t room);                                  /* of a table that takes no more than that; 0: too little for one */
void      bx_reads_init(bx_reads *reads, size_t size);                 /* once, before workers are forked */
void      bx_app_share_reads(bx_app *app, bx_reads *reads);            /* once a worker; without it, or with NULL, nothing is counted */

/* ---- request and response. Strings are borrowed from the module and live as long as the request. */

typedef struct {
    const char *method, *path, *query;        /* path as sent, without the query; query without "?" or NULL */
    const char *asked;                        /* Baoxue-Query: parameters that are to stand in no address; they go before the query's */
    const char *cookie;                       /* value of the session cookie only, or NULL */
    const char *key;                          /* Idempotency-Key */
    const char *if_match, *origin, *fetch_site, *content_type, *accept_language, *user_agent, *host, *filename;
    const char *unattended;                   /* X-Unattended: a page asked by itself, nobody has touched anything */
    const char *address;                      /* client address as text */
    const char *body;                         /* NULL when in a file or empty */
    size_t      body_len;
    int         body_fd;                      /* -1: none */
    bool        secure;                       /* TLS */
    bool        has_session;                  /* the zone had it */
    uint8_t     token_hash[32];               /* valid when cookie is set */
    bx_session  session;
} bx_request;

typedef enum { BX_ZONE_KEEP, BX_ZONE_STORE, BX_ZONE_DROP, BX_ZONE_DROP_ACCOUNT } bx_zone_action;

#define BX_MAX_HEADERS  12

typedef struct {
    int             status;
    const char     *content_type;
    const void     *body;                     /* in the request's arena */
    size_t          body_len;
    struct { const char *name, *value; } headers[BX_MAX_HEADERS];
    unsigned        nheaders;
    bx_zone_action  zone;                     /* what the completion does with the session zone [loop] */
    uint8_t         token_hash[32];
    bx_id           drop;                     /* whose sessions with BX_ZONE_DROP_ACCOUNT */
    bx_session      session;
    const char     *log;                      /* for the error log when status is 5xx, NULL: nothing to say */
    /* for variables and the log: never anything about a child */
    const char     *route;                    /* static text: "leave-requests/{id}/approve" */
    const char     *refused;                  /* static text: why who asked was turned away, NULL: nothing for the log of refusals */
    bx_id           account;                  /* who asked */
    bx_db_stats     db;
} bx_response;

typedef enum { BX_POOL_FAST, BX_POOL_SLOW, BX_POOL_PASSWORD, BX_NPOOLS } bx_pool;

/* [loop] Which pool a request wants and how long its body may be. */
bx_pool   bx_route_pool(const bx_app *app, const char *method, const char *path, size_t *max_body);
/* [thread] Answers; never fails: what goes wrong becomes a problem answer. */
void      bx_dispatch(bx_app *app, bx_arena *a, const bx_request *req, bx_response *res);
/* [loop] Answers that must not wait for a thread: 413, 503 with Retry-After, in the language asked for. */
void      bx_refuse_early(bx_app *app, bx_arena *a, const bx_request *req, bx_err code, bx_response *res);
/* Told after each job that bx_jobs_run() ran on this node. [thread] */
typedef void (*bx_job_ran)(void *ctx, const char *job, bool ok, uint64_t nanoseconds);
/* Before the first bx_jobs_run(). */
void      bx_app_on_job(bx_app *app, bx_job_ran ran, void *ctx);
/* [thread] Heads of audit chains that are to leave this machine, once a day from the job audit.heads. NULL: nobody wants them. */
typedef void (*bx_head_told)(void *ctx, bx_id unit, int64_t seq, const char *head);
void      bx_app_on_head(bx_app *app, bx_head_told told, void *ctx);
bool      bx_app_wants_heads(const bx_app *app);
void      bx_app_tell_head(bx_app *app, bx_id unit, int64_t seq, const char *head);      /* head: hexadecimal */
/* How many tasks wait and how many of them are overdue, as the clock last counted them; asked for by bx_jobs_run() each half minute.
 * False: not known yet. [loop] */
bool      bx_app_tasks(const bx_app *app, int64_t *waiting, int64_t *overdue);
/* The newest file of schema/ that this build knows. */
int       bx_schema_newest(void);
/* [thread] Runs the jobs that are due and whose lease this node gets. node: host and pid. */
void      bx_jobs_run(bx_app *app, const char *node);
/* [thread] 0 when the database answers and the schema is the one this library was built for, else an HTTP status. */
int       bx_ready(bx_app *app, bx_error *err);

#endif
