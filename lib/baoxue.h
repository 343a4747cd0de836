/*
 * baoxue.h: the one public header of libbaoxue, for module/, for programs and for plugins outside the tree.
 *
 * It declares what a workflow is made of (fields, states, transitions, rules, jobs, routes), what the engine does with
 * those tables, and the small services a hook needs. Nothing here knows nginx; everything runs from a plain C program.
 *
 * Conventions
 *   bx_rc            BX_OK (0) or BX_FAIL (-1); why it failed is in the bx_error or in the call's problem. First error wins.
 *   bx_arena *       a function that allocates its result takes the arena as a parameter; the result lives as long as it.
 *   const char *     UTF-8, NUL-terminated, unless a length is given beside it.
 *   bx_time          seconds since 1970-01-01T00:00:00Z.  bx_date: days since 1970-01-01 in the school's zone.
 *   [loop] [thread]  on which side of nginx's thread pool a function may run; without a mark: either.
 */
#ifndef BAOXUE_H
#define BAOXUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#ifdef __cplusplus
extern "C" {
#endif

#define BX_VERSION  "0.1.0"

/* Grows when a struct below changes its layout, or a promise of this header what it asks. A plugin built against another number is
 * refused by name. */
#define BX_PLUGIN_ABI  4

#if defined(__GNUC__)
#define BX_PRINTF(f, a)  __attribute__((format(printf, f, a)))
#else
#define BX_PRINTF(f, a)
#endif

typedef int  bx_rc;

#define BX_OK     0
#define BX_FAIL  -1

typedef int64_t  bx_id;                       /* > 0; time-ordered, made by bx_id_new(); a string in JSON */
typedef int64_t  bx_time;
typedef int32_t  bx_date;

#define BX_NO_DATE  INT32_MIN
#define BX_NO_TIME  INT64_MIN

/* ------------------------------------------------------------------ errors: lib/core/errors.def, lib/core/error.c */

typedef enum {
    BX_E_NONE = 0,
#define BX_ERR(name, status, slug)  BX_E_##name,
#include "core/errors.def"
#undef BX_ERR
    BX_E_COUNT
} bx_err;

/* Detail of a failure below the HTTP level. Owned by the caller, first error wins; never holds anything about a child. */
typedef struct {
    bx_err    code;                           /* BX_E_NONE: nothing has failed */
    unsigned  db;                             /* MariaDB's error number, 0 if none */
    char      text[256];                      /* for the log: lower case, no full stop */
} bx_error;

int          bx_err_status(bx_err code);      /* HTTP status, 500 for an unknown code */
const char  *bx_err_slug(bx_err code);        /* stable machine-readable name, never NULL */
/* Records the first failure and returns BX_FAIL, so that a caller can write: return bx_error_set(err, ...). */
bx_rc        bx_error_set(bx_error *err, bx_err code, const char *fmt, ...) BX_PRINTF(3, 4);

/* ------------------------------------------------------------------ memory: lib/core/arena.c */

typedef struct bx_arena bx_arena;

bx_arena    *bx_arena_create(size_t first_block);                     /* NULL when out of memory */
void         bx_arena_destroy(bx_arena *a);                           /* runs deferred calls, newest first */
void        *bx_alloc(bx_arena *a, size_t size);                      /* zeroed, aligned for any type; NULL when out of memory */
char        *bx_strdup(bx_arena *a, const char *s);
char        *bx_strndup(bx_arena *a, const char *s, size_t n);       /* exactly n bytes, whatever they are, and a NUL */
char        *bx_sprintf(bx_arena *a, const char *fmt, ...) BX_PRINTF(2, 3);
bx_rc        bx_arena_defer(bx_arena *a, void (*fn)(void *), void *arg);  /* on failure fn(arg) has been called already */
/* Gives a JSON value to the arena: it is released with it. Returns j; NULL in, NULL out. */
json_t      *bx_own(bx_arena *a, json_t *j);
/* A JSON value as text in the arena; flags: Jansson's JSON_COMPACT … . NULL for NULL and when out of memory. In the place of json_dumps(),
 * whose text free() must not have: a request's JSON lies in memory of its own. */
char        *bx_json_text(bx_arena *a, const json_t *j, size_t flags);
#pragma GCC poison json_dumps

/* A growing string in an arena. After a failed allocation it stays as it was and `failed` is set. */
typedef struct {
    bx_arena  *arena;
    char      *data;                          /* always NUL-terminated once something was added; "" before */
    size_t     len, cap;
    bool       failed;
} bx_buf;

void         bx_buf_init(bx_buf *b, bx_arena *a);
void         bx_buf_add(bx_buf *b, const char *s, size_t n);
void         bx_buf_str(bx_buf *b, const char *s);
void         bx_buf_printf(bx_buf *b, const char *fmt, ...) BX_PRINTF(2, 3);

/* ------------------------------------------------------------------ time: lib/core/clock.c */

typedef struct { int year, month, day, hour, minute, second; } bx_civil;

/* Offset of the school's zone from UTC in seconds, set once at start (default 28800, Asia/Shanghai has no summer time). */
void         bx_clock_set_offset(int seconds);
/* The one clock. Test builds (-DBX_TEST_CLOCK) let bx_clock_set_file() name a file that holds the time. */
bx_time      bx_now(void);
bx_date      bx_date_of(bx_time t);
bx_time      bx_time_at(bx_date d, int minutes);                      /* minutes after local midnight; may be 1440 or more */
int          bx_minute_of(bx_time t);                                 /* minutes after local midnight, 0..1439 */
int          bx_weekday(bx_date d);                                   /* 1 Monday .. 7 Sunday */
bx_civil     bx_civil_of(bx_time t);
bx_civil     bx_civil_of_date(bx_date d);
bx_date      bx_date_make(int year, int month, int day);              /* BX_NO_DATE when there is no such day */
bx_date      bx_date_parse(const char *s);                            /* YYYY-MM-DD or YYYYMMDD; else BX_NO_DATE */
bx_time      bx_time_parse_sql(const char *s);                        /* YYYY-MM-DD HH:MM:SS in the school's zone */
char        *bx_date_text(bx_arena *a, bx_date d);                    /* YYYY-MM-DD */
char        *bx_time_sql(bx_arena *a, bx_time t);                     /* YYYY-MM-DD HH:MM:SS */
char        *bx_time_iso(bx_arena *a, bx_time t);                     /* YYYY-MM-DDTHH:MM:SS+08:00 */

/* ------------------------------------------------------------------ database values: lib/db/ */

typedef enum { BX_V_NULL, BX_V_INT, BX_V_TEXT, BX_V_BLOB } bx_value_kind;

/* A typed parameter or result cell. Dates, times and decimals travel as text. Text is not copied by the makers below. */
typedef struct {
    bx_value_kind  kind;
    int64_t        i;
    const char    *s;                         /* BX_V_TEXT: NUL-terminated in results */
    size_t         len;
} bx_value;

static inline bx_value bx_null(void) { return (bx_value) { BX_V_NULL, 0, NULL, 0 }; }
static inline bx_value bx_int(int64_t i) { return (bx_value) { BX_V_INT, i, NULL, 0 }; }
bx_value     bx_text(const char *s);                                  /* NULL becomes SQL NULL */
static inline bx_value bx_blob(const void *p, size_t n) { return (bx_value) { BX_V_BLOB, 0, (const char *) p, n }; }

typedef struct {
    size_t            nrows, ncols;
    const char      **names;                  /* column aliases = JSON keys */
    const bx_value   *cells;                  /* row-major; bx_cell() */
} bx_rows;

static inline const bx_value *
bx_cell(const bx_rows *rows, size_t row, size_t col)
{
    return &rows->cells[row * rows->ncols + col];
}

int64_t      bx_cell_int(const bx_rows *rows, size_t row, size_t col);           /* 0 for NULL; text is parsed */
const char  *bx_cell_text(const bx_rows *rows, size_t row, size_t col);          /* NULL for NULL; an integer is not converted */

typedef struct bx_call bx_call;               /* one request, or one run of a job; opaque */

/* Runs one prepared statement on the call's connection. [thread] On failure the call's problem is set. */
bx_rc        bx_query(bx_call *c, bx_rows *out, const char *sql, const bx_value *args, size_t nargs);
bx_rc        bx_exec(bx_call *c, uint64_t *affected, const char *sql, const bx_value *args, size_t nargs);

#define BX_ARGS(...)  ((bx_value[]) { __VA_ARGS__ }), (sizeof((bx_value[]) { __VA_ARGS__ }) / sizeof(bx_value))
#define BX_NO_ARGS    NULL, 0

/* ------------------------------------------------------------------ the call */

bx_arena    *bx_call_arena(const bx_call *c);
bx_time      bx_call_now(const bx_call *c);                           /* one instant for the whole call */
const char  *bx_call_lang(const bx_call *c);                          /* "zh-CN" or "en" */
bx_id        bx_call_account(const bx_call *c);                       /* 0: a job or nobody */
const char  *bx_call_actor(const bx_call *c);                         /* name of who acts, NULL: a job or nobody */
bool         bx_call_can(const bx_call *c, const char *capability);   /* anywhere in some scope */
const char  *bx_call_query_arg(const bx_call *c, const char *name);   /* decoded query argument, or NULL */
bx_id        bx_call_path_id(const bx_call *c);                       /* the {id} of the route, or 0 */
json_t      *bx_call_body(const bx_call *c);                          /* parsed JSON body, borrowed; NULL if none */
/* Raw body of an upload: *fd ≥ 0 when nginx kept it in a temporary file, else data. Borrowed. */
size_t       bx_call_upload(const bx_call *c, const char **data, int *fd, const char **media_type);
bx_id        bx_id_new(void);
bx_id        bx_id_parse(const char *s);                              /* of its decimal text; 0 when it is none, or NULL */
json_t      *bx_id_json(bx_id id);                                    /* its decimal text; null when it is none (0). A new reference */

/* Refuses. The status and top-level code come from `code`; with a field, the answer carries errors[{field, code, message}].
 * `reason` is a message key without its "error." prefix; params fill the {names} in its text and are stolen. Returns BX_FAIL. */
bx_rc        bx_refuse(bx_call *c, bx_err code, const char *field, const char *reason, json_t *params);
/* Adds a member to the problem answer (what to do instead, the record in the way). Steals value. */
void         bx_refuse_add(bx_call *c, const char *key, json_t *value);
/* Sets the answer. Steals body, which may be NULL. Returns BX_OK. */
bx_rc        bx_answer(bx_call *c, int status, json_t *body);
/* A text of html/locale/<lang>/ with {names} filled from params (borrowed, may be NULL). Never NULL: an unknown key comes back. */
const char  *bx_tr(bx_arena *a, const char *lang, const char *key, const json_t *params);

/* ------------------------------------------------------------------ rules: lib/flow/rules.c */

typedef enum { BX_RULE_INT, BX_RULE_TEXT } bx_rule_type;

/* A number (or short text) on which documents or counties disagree; a unit may override it for its subtree. */
typedef struct {
    const char   *key;                        /* "leave.teacher_days" */
    bx_rule_type  type;
    int64_t       def, min, max;              /* BX_RULE_INT, bounds inclusive */
    const char   *text;                       /* BX_RULE_TEXT: default */
    const char   *unit;                       /* "school_day", "minute", "period", …: a label key is rule.unit.<unit> */
    const char   *source;                     /* where the default comes from, in words a school officer can look up */
} bx_rule;

/* Effective value for a unit: the nearest override upward, else the default. [thread] */
bx_rc        bx_rule_int(bx_call *c, const char *key, bx_id unit, int64_t *out);
bx_rc        bx_rule_text(bx_call *c, const char *key, bx_id unit, const char **out);
/* Rules as they hold for a unit, with their words, bounds, source and origin, for an answer that shows a number beside what it decides: a
 * new reference to an array. keys: separated by spaces, "leave." for all that begin so; NULL for all there are. [thread] */
bx_rc        bx_rules_json(bx_call *c, const char *keys, bx_id unit, json_t **out);

/* ------------------------------------------------------------------ school calendar: lib/flow/calendar.c */

typedef enum { BX_DAY_SCHOOL, BX_DAY_MAKEUP, BX_DAY_WEEKEND, BX_DAY_HOLIDAY, BX_DAY_CLOSED, BX_DAY_OUTSIDE_TERM } bx_day_kind;

#define BX_MAX_PERIODS  16

typedef struct {
    int  am, pm;                              /* due periods before and after noon; period numbers run 1 … am+pm */
    int  begins[BX_MAX_PERIODS];              /* minutes after midnight, index 0 is period 1 */
    int  ends[BX_MAX_PERIODS];
} bx_bells;

typedef struct { bx_date day; int period; } bx_slot;               /* one period of one day */
typedef struct { bx_slot from, to; } bx_span;                      /* both inclusive */

/* The calendar of one class: school days, terms and bells of the days asked for. Built once a call. */
typedef struct bx_calendar bx_calendar;

/* Loads terms, holidays, make-up days, closures and bells that hold for a class, for [from-400, to+400]. [thread] */
bx_rc        bx_calendar_load(bx_call *c, bx_id class_id, bx_date from, bx_date to, const bx_calendar **out);

bx_day_kind  bx_calendar_day(const bx_calendar *cal, bx_date d);
bool         bx_is_school_day(const bx_calendar *cal, bx_date d);     /* school or make-up day, inside a term, not closed */
const bx_bells *bx_calendar_bells(const bx_calendar *cal, bx_date d); /* NULL when no school day */
/* The term that holds d. Returns false when there is none. */
bool         bx_calendar_term(const bx_calendar *cal, bx_date d, bx_date *starts, bx_date *ends);
/* Half-days touched by the span on school days; 2 is one school day, so halve it to show it. */
int          bx_half_days(const bx_calendar *cal, bx_span span);
/* First due period after a slot, looking at most a year ahead. Returns false when there is none. */
bool         bx_next_slot(const bx_calendar *cal, bx_slot after, bx_slot *out);
/* Last due period before a slot. */
bool         bx_previous_slot(const bx_calendar *cal, bx_slot before, bx_slot *out);
/* d moved n school days forward (n < 0: back), not counting d itself. BX_NO_DATE beyond the calendar. */
bx_date      bx_add_school_days(const bx_calendar *cal, bx_date d, int n);
bx_time      bx_slot_begins(const bx_calendar *cal, bx_slot s);       /* BX_NO_TIME when not a due period */
bx_time      bx_slot_ends(const bx_calendar *cal, bx_slot s);
/* The first due period that has not ended at t (the one running, or the next). */
bool         bx_slot_at(const bx_calendar *cal, bx_time t, bx_slot *out);

/* The other calendar: working days of an office (school office, township, bureau). Weekdays and make-up days but no statutory
 * holidays; they go on in school vacations. Built once a call. */
typedef struct bx_workdays bx_workdays;

/* Rows for a unit and those above it, the nearest one's row for a day winning, for [from-400, to+400]. [thread] */
bx_rc        bx_workdays_load(bx_call *c, bx_id unit, bx_date from, bx_date to, const bx_workdays **out);
bool         bx_is_workday(const bx_workdays *w, bx_date d);
/* d moved n working days forward (n < 0: back), not counting d itself; n is 0: d. BX_NO_DATE past ten years. */
bx_date      bx_add_workdays(const bx_workdays *w, bx_date d, int n);
/* Working days after `after` up to and including `until`; 0 when until is not later. */
int          bx_workdays_between(const bx_workdays *w, bx_date after, bx_date until);

/* ------------------------------------------------------------------ records */

typedef enum {
    BX_TEXT,                                  /* VARCHAR, trimmed; max in characters */
    BX_CODE,                                  /* one of a code list (arg names it) */
    BX_INT,                                   /* min..max */
    BX_HALVES,                                /* stored as half-days, shown as n/2 under the JSON key in arg */
    BX_BOOL,
    BX_DATE,
    BX_TIME,
    BX_REF,                                   /* id of a record (arg names it) in the caller's scope */
    BX_FILES,                                 /* up to max attachment ids; kept in table attachment */
    BX_SECRET                                 /* encrypted at rest, masked in every answer (arg: "id" or "phone") */
} bx_type;

#define BX_REQUIRED   0x0001u
#define BX_FIXED      0x0002u                 /* set at creation only */
#define BX_BY_HOOK    0x0004u                 /* never taken from a body */
#define BX_IN_LIST    0x0008u                 /* shown as a column of the generic list */
#define BX_SEARCH     0x0010u                 /* ?q= looks here, by prefix */
#define BX_FILTER     0x0020u                 /* ?name=value */
#define BX_NO_JSON    0x0040u                 /* for hooks only: in the snapshot, in no answer */

typedef struct {
    const char  *name;                        /* column = JSON key = last part of the label key <record>.<name> */
    bx_type      type;
    uint32_t     flags;
    int32_t      min, max;                    /* BX_TEXT: characters; BX_INT: value; BX_FILES: count */
    const char  *arg;
    const char  *pattern;                     /* PCRE2, anchored by the engine; NULL: any text without control characters */
    const char  *read;                        /* capability needed to see it, NULL: as the record */
    const char  *write;                       /* capability needed to set it, NULL: as the action */
} bx_field;

/* A row as the engine read it, plus what a hook has set. */
typedef struct bx_record bx_record;

bx_id        bx_rec_id(const bx_record *r);
bx_id        bx_rec_student(const bx_record *r);
bx_id        bx_rec_class(const bx_record *r);
bx_id        bx_rec_school(const bx_record *r);
const char  *bx_rec_student_name(const bx_record *r);                 /* NULL: a record without a child */
const char  *bx_rec_state(const bx_record *r);                        /* from-state; NULL while being created */
bx_id        bx_rec_creator(const bx_record *r);
bool         bx_rec_has(const bx_record *r, const char *field);       /* not NULL */
bool         bx_rec_taken(const bx_record *r, const char *field);     /* given by this body */
const char  *bx_rec_text(const bx_record *r, const char *field);      /* NULL when NULL */
int64_t      bx_rec_int(const bx_record *r, const char *field);       /* 0 when NULL; BX_REF, BX_INT, BX_BOOL, BX_HALVES */
bx_date      bx_rec_date(const bx_record *r, const char *field);      /* BX_NO_DATE when NULL */
bx_time      bx_rec_time(const bx_record *r, const char *field);      /* BX_NO_TIME when NULL */
void         bx_set_text(bx_record *r, const char *field, const char *value);
void         bx_set_int(bx_record *r, const char *field, int64_t value);
void         bx_set_date(bx_record *r, const char *field, bx_date value);
void         bx_set_time(bx_record *r, const char *field, bx_time value);

/* Adds a write to the transition's transaction. The text must be static or live in the arena. With expect ≥ 0 the
 * statement must touch exactly that many rows, or the whole transition is undone, its hook run again on a fresh
 * snapshot (three times at most) and then refused with 409. [thread] */
bx_rc        bx_queue(bx_call *c, int expect, const char *sql, const bx_value *args, size_t nargs);

/* Queues a BX_BY_JOB transition of another record of the kind `def`, as the hook read it: the row must still be of that
 * version and state, or the whole transition is undone and its hook run again. [thread] */
struct bx_record_def;
bx_rc        bx_queue_move(bx_call *c, const struct bx_record_def *def, const char *action, bx_id id, int64_t version,
                           const char *state);

/* ------------------------------------------------------------------ states and transitions: lib/flow/machine.c */

#define BX_TERMINAL   0x0001u
#define BX_EXCUSING   0x0002u                 /* what excusing means is the plugin's; published with the state */

typedef struct {
    const char  *name;
    uint32_t     flags;
    const char  *tone;                        /* draft wait info ok no sum none late: the portal's colours */
} bx_state;

#define BX_NEW  NULL                          /* from: the record does not exist yet */

#define BX_NOT_OWN_CHILD  0x0001u             /* refused to a guardian of the record's student */
#define BX_DECIDES        0x0002u             /* waits for a person: rows it applies to make up ?queue=mine */
#define BX_BY_JOB         0x0004u             /* only bx_sweep() and bx_queue_move() may do it */
#define BX_MAKES_RELEASE  0x0008u             /* frees what the record held: shown as a destructive button */

/* The first row that fits action, from-state, `when` and the actor's capability is taken. */
typedef struct bx_transition {
    const char      *action;
    const char      *from;                    /* states, space-separated, or BX_NEW */
    const char      *to;
    const char      *capability;              /* NULL only with BX_BY_JOB */
    const char      *when;                    /* "route=office,principal escalated=1": columns of the row; NULL: always */
    const bx_field  *takes;                   /* fields of the action's body; a field named "comment" goes to the history */
    bx_rc          (*hook)(bx_call *c, bx_record *r);
    uint32_t         flags;
    const char      *sets;                    /* BX_BY_JOB: further assignments, static SQL: "escalated = 1" */
} bx_transition;

/* A named, static condition on the list: ?view=<name>. `t` is the record's table; :today stands for the day of the call, :date for
 * the day in ?date=, without that for the day of the call. */
typedef struct { const char *name; const char *where; const char *capability; } bx_view;

/* Which columns tie a row to the units and children a person may see. The engine sets them when it creates a row: by the
 * student's present place, by the body's school_id or by its unit_id; who has one school or unit only may leave these out. */
typedef enum {
    BX_SCOPE_STUDENT,                         /* student_id, class_id, school_id, township_id */
    BX_SCOPE_SCHOOL,                          /* school_id, township_id */
    BX_SCOPE_UNIT                             /* the row is an org_unit or hangs on unit_id */
} bx_scope;

typedef struct bx_record_def {
    const char           *name;               /* "leave-requests": kebab-case plural, the path segment */
    const char           *table;
    bx_scope              scope;
    const bx_field       *fields;             /* ends with { NULL } */
    const bx_state       *states;             /* NULL: no workflow */
    const bx_transition  *transitions;
    const bx_view        *views;
    const char           *order;              /* "t.id DESC": must end with the key; NULL for that */
    const char           *read;               /* capability of GET */
    const char           *create;             /* capability of a plain POST (records without transitions), NULL: none */
    const char           *edit;               /* capability of PATCH, NULL: none */
    const char           *editable;           /* states in which PATCH is allowed, NULL: any */
    const char           *private_states;     /* states in which only its creator sees the record, NULL: none */
    bx_rc               (*check)(bx_call *c, bx_record *r);           /* after POST or PATCH without a transition */
    /* Adds members that are computed, for a page of rows at once: json is the array of the row objects. */
    bx_rc               (*decorate)(bx_call *c, json_t *rows, bool one);
} bx_record_def;

typedef struct { const char *code; } bx_code;                         /* label key: code.<list>.<code> */
typedef struct { const char *name; const bx_code *codes; } bx_code_list;

/* ------------------------------------------------------------------ routes, jobs, grants */

#define BX_PUBLIC    0x0001u                  /* no session needed: spelled out, never the default */
#define BX_SLOW      0x0002u                  /* runs in the small pool for slow work */
#define BX_UNKEYED   0x0004u                  /* a POST without an Idempotency-Key (sign-in) */
#define BX_UPLOAD    0x0008u                  /* raw body, not JSON; ≤ the module's upload limit */
#define BX_ANY_USER  0x0010u                  /* any signed-in account; no capability */
#define BX_FRESH_OK  0x0020u                  /* allowed while a given password must still be changed */
#define BX_SELF_KEYED 0x0040u                 /* a POST whose own transaction stores the key (bx_commit()) */
#define BX_PASSWORD  0x0080u                  /* hashes a password: runs in the small pool kept for that */
#define BX_PERSONAL  0x0100u                  /* answers with records about people: its items count as read (read.per_hour, read.per_day) */
#define BX_ENROL_OK  0x0200u                  /* allowed to whoever must have a second factor and has none yet */

typedef struct {
    const char  *method;
    const char  *path;                        /* below /api/v1/, with at most one {id}: "leave-requests/preview" */
    const char  *capability;                  /* NULL only with BX_PUBLIC or BX_ANY_USER */
    bx_rc      (*handler)(bx_call *c);
    uint32_t     flags;
    const bx_field *takes;                    /* body fields, checked before the handler; NULL: the handler reads the body */
    const char  *summary;                     /* one line for openapi.json */
} bx_route;

typedef struct {
    const char  *name;                        /* "leave.clock": also the lease row's key */
    int          every;                       /* seconds */
    bx_rc      (*run)(bx_call *c);
} bx_job;

/* Which capabilities a role has by default; written to the database by `baoxuectl migrate`, editable there. */
typedef struct { const char *role; const char *capabilities; } bx_grant;

/* One entry of the portal's menu: record or page, and the capability that shows it. */
typedef struct { const char *key; const char *href; const char *icon; const char *capability; } bx_menu;

/* ------------------------------------------------------------------ tasks and notices: lib/flow/task_open.c, lib/flow/notice.c */

/* A kind of task: what somebody must do by a time. It is closed by the record that proves it, never by a tick. Texts:
 * task.<kind> (what), task.<kind>.why, task.<kind>.closes. */
#define BX_TASK_EXCUSABLE  0x0001u            /* "not possible, because …", which the vice principal approves */
#define BX_TASK_REOPENS    0x0002u            /* one that was withdrawn is opened again by bx_task_open(); without it a key is used once */
#define BX_TASK_IN_SCHOOL  0x0004u            /* is never raised above the school */
#define BX_TASK_PRIVATE    0x0008u            /* seen by its owner, and whoever it is raised or delegated to, only: no leader's list */
#define BX_TASK_SILENT     0x0010u            /* no notice on the day it is due: the plugin tells people itself */

typedef struct {
    const char  *kind;                        /* "attendance.visit" */
    const char  *role;                        /* whose duty: looked for at the subject's class, grade, school, township, county */
    const char  *record;                      /* records that prove it: "home-visits contacts" */
    const char  *href;                        /* where it is done: "#/visits/new?student={student_id}&task={id}" */
    const char  *rule;                        /* the rule its due comes from, NULL: none */
    uint32_t     flags;
} bx_task_kind;

/* One task to be open. Strings and params are borrowed until bx_task_open() returns. */
typedef struct {
    const char   *kind;                       /* of some plugin's table */
    const char   *key;                        /* identity within the kind, at most 96 ASCII: "<student>:<run>:S4" */
    const char   *role;                       /* whose duty in this one case; NULL: the kind's */
    bx_id         student, class_id, school, township;   /* student 0: about the class; class 0: about the school; school 0: … */
    const char   *record;                     /* what it is about, NULL and 0: nothing */
    bx_id         record_id;
    bx_time       trigger, nominal, working;  /* seconds; 0 and BX_NO_TIME: none. Working missing: the nominal one */
    bx_id         account;                    /* a certain person (responsibility register), 0: whoever holds the role */
    const json_t *params;                     /* fill the {names} of its texts, beside {student} {class} {school}; ≤ 2000 bytes as JSON */
} bx_task;

/* Queues that a task be open; nothing happens when there was one of that kind and key, whatever became of it (but see
 * BX_TASK_REOPENS). The owner is the role at the nearest unit where somebody holds it now; when nobody does, the task is with
 * the next level up from the start. BX_FAIL: the database, or a kind that no table has. [thread] */
bx_rc        bx_task_open(bx_call *c, const bx_task *t);
/* Queues that it be closed. how: "done" (record and id prove it), or "withdrawn" (reason: "returned", "excused", "corrected",
 * "transferred", … at most 32 letters; texts task.reason.<reason>). Only a task that still waits moves. [thread] */
bx_rc        bx_task_close(bx_call *c, const char *kind, const char *key, const char *how, const char *reason,
                           const char *record, bx_id id);
/* When work entered late is due (rule task.late_entry_days): entered after the day of the trigger, the later of nominal and 24:00
 * of the n-th school day of the class after today; else nominal. [thread] */
bx_rc        bx_task_working_due(bx_call *c, bx_id class_id, bx_time trigger, bx_time nominal, bx_time *out);

/* A kind of notice: what somebody should know. Text: notice.<kind>, its {names} filled from the params. It stands in the portal
 * at once; into the outbox it goes with the next morning's or afternoon's digest. */
#define BX_NOTICE_URGENT   0x0001u            /* at once, in quiet hours too */
#define BX_NOTICE_ANY_DAY  0x0002u            /* to staff on days that are no working days too; to guardians any notice is */

typedef struct {
    const char  *kind;                        /* "leave.approved" */
    const char  *href;                        /* where it leads: "#/leave/{leave_id}", NULL: nowhere */
    uint32_t     flags;
} bx_notice_kind;

/* One notice, to an account, or the holders of a role, or a child's guardians: one of account, role, guardians_of is set.
 * Borrowed until bx_notice_send() returns. */
typedef struct {
    const char   *kind;                       /* of some plugin's table */
    const char   *key;                        /* at most 96 ASCII; of one kind and key an account gets one notice, ever */
    bx_id         account;
    const char   *role;                       /* its holders at the nearest of `unit` and the units above it */
    bx_id         unit;                       /* with account: whose digest rules hold, 0: the defaults */
    bx_id         guardians_of;               /* a student; guardians without an account get none */
    const json_t *params;                     /* fill the {names} of text and href; ≤ 2000 bytes as JSON */
    const char   *task, *task_key;            /* kind and key of a task: shown and sent while that waits. NULL: for ever */
} bx_notice;

/* Queues it (one statement, whoever many they are). Whoever acts in this call is left out, unless named by account. [thread] */
bx_rc        bx_notice_send(bx_call *c, const bx_notice *n);

/* ------------------------------------------------------------------ documents: lib/flow/document.c */

/* Paper that is filled from a record, numbered without gaps by issuer, year and code, kept as it was printed, and told genuine by
 * its QR. It is in Chinese whoever prints it. Texts: document.<name> (its title) and document.<name>.<word> as said below. */
typedef enum {
    BX_PART_FORM = 1,                         /* a ruled form: "student_name class_name seat_no | kind reason:2" */
    BX_PART_TEXT,                             /* a paragraph for each word: document.<name>.<word>, its {names} filled from the values */
    BX_PART_LINE,                             /* the same, not indented: whom a letter is to */
    BX_PART_FINE,                             /* the same in small print */
    BX_PART_TABLE,                            /* tables that fill has made: each word is a value {"columns": [text], "rows": [[text]]} */
    BX_PART_SIGN,                             /* places to sign and date: document.<name>.<word> */
    BX_PART_SEAL,                             /* who issues it, the day, and room for the seal; no words */
    BX_PART_CUT                               /* a line to cut along, with one word's text on it: what is below is a stub */
} bx_part_type;

/* One part, from top to bottom. A form's words are values, "|" begins a line, ":2" takes the width of two cells and the last of
 * a line what is left. A cell is called document.<name>.<word>, or as the record's field is. "_word" is filled in by hand: on it
 * stands document.<name>.<word>.blank, where there is such a text. */
typedef struct {
    bx_part_type  type;
    const char   *of;                         /* words, separated by spaces */
    const char   *title;                      /* a word: document.<name>.<title> stands over it; NULL: nothing does */
} bx_part;

typedef enum { BX_PAPER_A4 = 1, BX_PAPER_HALF } bx_paper;             /* half: two on a sheet of A4, or A5 across */

typedef struct bx_document {
    const char     *name;                     /* "leave.slip": <plugin>.<what>, at most 48 */
    const char     *record;                   /* the record it is filled from */
    const char     *code;                     /* in its number: 1 to 4 capital letters, "QJ" */
    bx_paper        size;
    const char     *capability;               /* who may print it, for this row; and read what was printed */
    const char     *states;                   /* in which it may be printed, space-separated; NULL: any */
    const char     *issuer;                   /* level of the unit that issues it: "township", "county"; "=issuer_id": the unit the
                                               * row names in that field; NULL: the row's school */
    const bx_part  *parts;                    /* ends with BX_END */
    /* Adds to the values before they are laid out, or changes them; NULL: the fields will do. values (borrowed): an object of
     * texts, the row's members as people read them, masked and without what this person may not see; r: the row. The same row
     * must give the same values, so nothing of the clock or of who prints goes in. [thread] */
    bx_rc         (*fill)(bx_call *c, const bx_record *r, json_t *values);
} bx_document;

typedef struct {
    unsigned              abi;                /* BX_PLUGIN_ABI */
    const char           *name;               /* also the locale file */
    const bx_record_def  *records;            /* ends with { NULL } ; NULL: none, as for every table below */
    const bx_rule        *rules;
    const bx_route       *routes;
    const bx_job         *jobs;
    const bx_code_list   *codes;
    const bx_grant       *grants;
    const bx_menu        *menu;
    const bx_task_kind   *tasks;
    const bx_document    *documents;
    const bx_notice_kind *notices;
    /* Days from … to of a class may have become others (a term, a holiday, a closure, the bells): what was computed from
     * them is computed again. Called by a job, with calendars read anew; called again until it returns BX_OK, so it must not
     * mind being told twice. NULL: nothing depends on the calendar. [thread] */
    bx_rc               (*calendar_changed)(bx_call *c, bx_id class_id, bx_date from, bx_date to);
    /* Capabilities, separated by spaces, that reach a child from its own school and from the root only: a position at a township
     * or a central school opens no row of the schools below by them, and no position a row about a child of one's own, neither in
     * records nor in the audit trail. A plugin's own statements see to it themselves. NULL: none. */
    const char           *near;
} bx_plugin;

/* The last entry of every table above: { .name = "a" }, { .name = "b" }, BX_END */
#define BX_END  { 0 }

/* A plugin outside the tree is a shared object that exports its tables under one name:
 *     BX_PLUGIN_EXPORT = { .abi = BX_PLUGIN_ABI, .name = "scholarship", .records = records };
 * Its SQL is in schema/ and its texts are in locale/zh-CN/ and locale/en/ beside the object. See docs/plugins.md. */
#ifdef __cplusplus
#define BX_PLUGIN_EXPORT  extern "C" __attribute__((visibility("default"))) const bx_plugin bx_plugin_export
#else
#define BX_PLUGIN_EXPORT                                                                                               \
    extern __attribute__((visibility("default"))) const bx_plugin bx_plugin_export;                                    \
    const bx_plugin bx_plugin_export
#endif

/* ------------------------------------------------------------------ services for handlers and jobs */

/* SQL predicate for the rows of `scope` that the caller may touch with `capability`; appends to sql, values to args
 * (at most *nargs of room in; count out). alias is the table's alias. BX_FAIL and 403 when there is no grant at all. [thread] */
bx_rc        bx_scope_where(bx_call *c, bx_scope scope, const char *alias, const char *capability,
                            bx_buf *sql, bx_value *args, size_t *nargs, size_t room);

/* Runs the queued writes with key, audit row and stored answer in one transaction, for handlers that are not transitions.
 * Call bx_answer() first: the answer is stored with the key. The audit event names action, record and id; changes may be
 * NULL and is borrowed. school: whose chain (0: the root unit's). A unique key that is violated is BX_FAIL with
 * BX_E_CONFLICT, unless the request's own key was the reason: then the stored answer has been taken and it is BX_OK. In a job
 * there is no answer and it may be called again and again, for at most 200 rows at a time: the queue is empty after it. */
bx_rc        bx_commit(bx_call *c, bx_id school, const char *action, const char *record, bx_id id, const json_t *changes);

/* Moves rows by a BX_BY_JOB transition: at most 200 of one school in one transaction with one audit row.
 * where selects candidates, e.g. "t.starts_at <= ?"; rows that changed meanwhile are skipped. [thread] */
bx_rc        bx_sweep(bx_call *c, const bx_record_def *def, const char *action, const char *where,
                      const bx_value *args, size_t nargs, unsigned *moved);

/* One masking function for JSON, print, export and notification alike: kind "id" keeps 4 + 4 (and an enrolment number's letter), "phone" 3 + 4. */
char        *bx_mask(bx_arena *a, const char *kind, const char *plain);
/* Encrypt with the application's key; decrypt. [thread] */
bx_rc        bx_seal(bx_arena *a, const char *plain, bx_value *out);
bx_rc        bx_unseal(bx_arena *a, const bx_value *sealed, char **out);
/* 32-byte keyed hash for looking a sealed value up; purpose separates the uses ("id", "id4", "enrolment", "phone", "code"). */
bx_value     bx_lookup_hash(bx_arena *a, const char *purpose, const char *plain);

/* "三年级2班" / "Grade 3 Class 2": entry year and number of a class at a date; stage "primary", "junior" or "nine". */
char        *bx_class_label(bx_arena *a, const char *lang, const char *stage, int entry_year, int number, bx_date on);

#ifdef __cplusplus
}
#endif

#endif /* BAOXUE_H */
