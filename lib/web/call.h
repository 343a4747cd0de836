/* call.h: what a bx_call is inside libbaoxue. Plugins outside the tree see it only through baoxue.h. */
#ifndef BX_CALL_H
#define BX_CALL_H

#include "core/core.h"
#include "web/app.h"

#define BX_MAX_FIELD_ERRORS  16

typedef struct { const char *field, *reason; json_t *params; } bx_field_error;

/* Why a request is refused. `code` BX_E_NONE: it is not. */
typedef struct {
    bx_err          code;
    unsigned        nerrors;
    bx_field_error  errors[BX_MAX_FIELD_ERRORS];
    json_t         *params;                   /* fill the {names} of error.<slug> */
    json_t         *extra;                    /* further members of the problem answer */
    unsigned        retry_after;              /* seconds, 0: no header */
} bx_problem;

typedef struct bx_write {
    struct bx_write *next;
    const char      *sql;
    const bx_value  *args;
    size_t           nargs;
    int              expect;                  /* rows it must touch, -1: any */
    bool             joined;                  /* its row went into an INSERT before it */
} bx_write;

#define BX_MAX_ACTIONS  96

/* Actions of a record kind as JSON by the number of their transition, made when first shown; in the call's arena. */
typedef struct bx_action_cache { const bx_record_def *def; json_t *json[BX_MAX_ACTIONS]; } bx_action_cache;

typedef struct { char key[64]; uint8_t request_hash[32]; bool on; } bx_key;

/* The least that a rule may let an account read: records in an hour, on a day, rows of exports on a day. */
#define BX_READS_LEAST_HOUR    500
#define BX_READS_LEAST_DAY     1000
#define BX_READS_LEAST_EXPORT  100

struct bx_call {
    bx_app            *app;
    bx_arena          *arena;
    bx_conn           *conn;                  /* NULL until the first statement */
    const bx_request  *req;                   /* NULL: a job */
    bx_response       *res;
    const bx_session  *who;                   /* NULL: nobody signed in, a job or a program */
    bool               trusted;               /* a job or a program: every capability at the root */
    const char        *actor;                 /* for history and audit when nobody is signed in: "job leave.clock" */
    bx_time            now;
    const char        *lang;
    const bx_route    *route;
    json_t            *body;                  /* parsed, owned by the arena */
    bx_id              path_id;
    int64_t            idle_minutes;          /* the session is over: so long nobody used it; 0: it is not, or for another reason */
    const char        *if_match;              /* the version the caller has seen, in quotes */
    bx_key             key;
    bx_write          *writes, **write_tail;
    bx_problem         problem;
    bx_error           error;                 /* of the last database failure */
    bool               committed;             /* the transaction with the stored answer is through */
    bool               raced;                 /* a queued write touched another number of rows than expected */
    json_t            *answer;                /* owned by the arena once set */
    const void        *bytes;                 /* an answer that is not JSON */
    size_t             bytes_len;
    const char        *media_type;
    int                status;
    const char        *location;
    struct bx_units   *units;                 /* lib/flow/rules.c: paths and overrides read so far in this call */
    struct bx_calendars *calendars;           /* lib/flow/calendar_load.c: calendars built so far in this call */
    struct bx_action_cache *actions;          /* lib/flow/transition.c: NULL until a row's actions are shown */
    struct bx_reads_slot *reads;              /* lib/web/reads.c: where what is read counts; NULL: it does not */
    bool               reads_file;            /* as rows of an export */
    int64_t            rows;                  /* that an export has written */
    struct bx_place   *places;                /* lib/flow/task_place.c: who holds which position at and above a unit */
};

bx_app     *bx_call_app(const bx_call *c);
bx_rc       bx_call_connect(bx_call *c);                              /* takes a connection unless there is one */
const char *bx_call_address(const bx_call *c);                        /* client address, "" in a job */
void        bx_call_retry_after(bx_call *c, unsigned seconds);
/* An answer that is not JSON; data is borrowed from the arena. Returns BX_OK. */
bx_rc       bx_answer_bytes(bx_call *c, int status, const char *media_type, const void *data, size_t len);
/* A response header; name is static, value lives in the arena. */
void        bx_answer_header(bx_call *c, const char *name, const char *value);
/* A call for baoxuectl: now is set, nobody is signed in, everything is allowed. NULL when out of memory. */
bx_call    *bx_call_program(bx_app *app, bx_arena *a, const char *note);
/* Gives the connection back; a program calls it before it lets the arena go, dispatch does it for requests and jobs. */
void        bx_call_end(bx_call *c);
/* Runs the queued writes with one audit row in a transaction of its own, without key or stored answer, and empties the
 * queue: for batches (≤ 200 rows each) before the bx_commit() that stores the answer. */
bx_rc       bx_commit_batch(bx_call *c, bx_id school, const char *action, const char *record, bx_id id, const json_t *changes);
/* The same for a job, which has nothing to say when nothing is queued, or when somebody was faster: then nothing is written, and the next
 * run sees what is left to do. */
bx_rc       bx_commit_unless_raced(bx_call *c, bx_id school, const char *action, const char *record, bx_id id, const json_t *changes);
/* The writes queued since `mark` are forgotten. */
void        bx_queue_clear(bx_call *c);
/* Text of the last failure, for a program's stderr: message of the problem in the call's language. */
const char *bx_call_why(bx_call *c);

/* ---- session.c: cookie, session row, grants [thread] */

/* Reads the session of a token: 0 rows or an expired or disabled one gives BX_OK with *found false. */
bx_rc       bx_session_load(bx_call *c, const uint8_t token_hash[32], bx_session *out, bool *found);
/* Writes down that it is used. A failure is nobody's: the request goes on. */
void        bx_session_note(bx_call *c, const uint8_t token_hash[32], bx_session *s);
/* Makes a session for an account: queues its row. idle_minutes: without use until it ends, 0: none. Unkeyed. The token is for
 * bx_session_started() only. */
bx_rc       bx_session_start(bx_call *c, bx_id account, int64_t idle_minutes, const char **token);
/* Gives the browser a token that is no session (yet), in the session's cookie. */
bx_rc       bx_session_cookie(bx_call *c, const char *token, unsigned seconds);
/* After the commit: sets the cookie header, hands the entry to the zone and makes the answer's JSON (a new reference). */
bx_rc       bx_session_started(bx_call *c, const char *token, json_t **out);
/* Queues the revocation of one session (the caller's) or of all of the account's, and clears the cookie when it is the caller's. */
bx_rc       bx_session_end(bx_call *c, bx_id account, bool everywhere);
/* Queues the end of one session of the caller's account. */
bx_rc       bx_session_end_one(bx_call *c, const uint8_t token_hash[32]);
/* For a WHERE over session s, with the present moment as SQL twice: what has not ended. */
#define BX_SESSION_LIVE                                                                                                \
    "s.expires_at > ? AND (s.idle_minutes = 0 OR"                                                                      \
    " COALESCE(s.used_at, s.created_at) + INTERVAL (s.idle_minutes + 5) MINUTE > ?)"
/* JSON of GET session for c->who, or for the session just started. */
json_t     *bx_session_json(bx_call *c, const bx_session *s);
bool        bx_session_can(const bx_session *s, const char *capability);

/* ---- tables.c: registry of plugins, capability numbering */

const bx_plugin *const *bx_plugins(size_t *n);
int         bx_capability_index(const char *name);                    /* -1: no such capability */
const char *bx_capability_name(int index);                            /* NULL past the last */
/* Does it reach a child from its own school and from the root only? What is no capability does not reach further. */
bool        bx_capability_near(int index);
uint64_t    bx_tables_fingerprint(void);
const bx_record_def *bx_record_find(const char *name);
const bx_rule *bx_rule_find(const char *key);
const bx_code_list *bx_codes_find(const char *name);
const bx_task_kind *bx_task_kind_find(const char *kind);
const bx_notice_kind *bx_notice_kind_find(const char *kind);
const bx_document *bx_document_find(const char *name);                /* NULL: none of that name, or name is NULL */
const bx_document *bx_document_at(size_t i);                          /* of all plugins, in order; NULL past the last */

/* bx_query()/bx_exec() outside a transaction, with c->problem set on failure, are in call.c; a handler that is not a
 * transition queues its writes and ends with bx_commit(). */

#endif
