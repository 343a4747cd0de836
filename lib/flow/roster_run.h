/*
 * roster_run.h: what the parts of an import's run share: roster.c (batches), roster_plan.c (what was previewed),
 * roster_log.c (what is said of a row), roster_match.c (which child a row is), roster_student.c (children and classes),
 * roster_guardian.c (guardians, links, codes), roster_import.c (states, the file). Nobody else includes it.
 *
 * A batch reads the database, decides, queues its writes and commits them at once. When another writer was faster it is
 * run again from its reads, so nothing in a batch outlives an attempt but the counters of the one that was committed.
 *
 * A check runs the same batches and throws their writes away. What a batch would have made the next ones must see, so a run
 * that checks remembers it: new classes, guardians, children that a row has been found to be. When it is applied, a row is
 * decided again on what the database says by then, and written only if that is what was previewed.
 */
#ifndef BX_ROSTER_RUN_H
#define BX_ROSTER_RUN_H

#include "flow/roster.h"
#include "web/call.h"

/* One multi-row INSERT being gathered. */
typedef struct {
    bx_arena    *arena;
    const char  *head, *tail;                 /* "INSERT INTO t (…) VALUES ", " ON DUPLICATE KEY UPDATE …" or "" */
    unsigned     width;
    bx_value    *args;
    size_t       rows, room;
    bool         failed;
} bx_insert;

void   bx_insert_add(bx_insert *in, const bx_value *values);           /* copies `width` values, not their text */
bx_rc  bx_insert_queue(bx_call *c, bx_insert *in);                     /* nothing when there are no rows */
/* "?,?,…" for n values; the values go to args, filled up to a few fixed lengths so that few statements are prepared. */
size_t bx_in_list(bx_buf *sql, bx_value *args, const bx_value *values, size_t n);
#define BX_IN_ROOM  1024

typedef struct { bx_id id, parent; bool is_class, closed; const char *stage, *path; int entry_year, class_no; } bx_roster_unit;

/* One guardian of this batch: in the database already, or about to be. */
typedef struct {
    bx_id        id;
    int64_t      version;
    const char  *name;
    bx_value     phone_hash, id_hash;         /* BX_V_NULL: none */
    bool         fresh, account, has_code, touched;
} bx_person;

typedef struct { bx_id student; bx_person *person; const char *relation, *phone, *id_number; int ordinal; } bx_link;

/* A child as the database has it. */
typedef struct {
    bx_id        id, school, class_id;
    int64_t      version;
    bool         left;                        /* graduated, transferred …: another school may enrol the child */
    bx_value     id_hash, enrolment_hash, roster_hash;
    const char  *name;
    const char  *v[BX_R_COUNT];               /* as bx_roster_row.v; filled when the row differs */
    json_t      *extra;
    const bx_value *sealed;                   /* the row of the result: sealed cells are opened when needed */
    bool         loaded, claimed;             /* claimed: a row of this batch is this child */
    unsigned     claimed_by;
} bx_pupil;

typedef enum { BX_O_REJECTED, BX_O_ADDED, BX_O_CHANGED, BX_O_UNCHANGED } bx_outcome;

#define BX_MAX_CHANGES  20                    /* fields named for one row: a statement takes 65,535 values */

typedef struct {
    bx_roster_row *row;
    bx_outcome     outcome;
    bx_pupil      *pupil;                     /* NULL: a new child */
    bx_id          student;
    bx_value       id_hash, enrolment_hash, roster_hash;
    const char    *v[BX_R_COUNT];             /* what shall hold: the row's words over the database's */
    unsigned       changes[BX_MAX_CHANGES], nchanges;
    const char    *before[BX_MAX_CHANGES];    /* what the database has, in normal form; NULL: nothing */
    uint64_t       digest;                    /* of all that changes, from what to what */
    bx_outcome     planned;                   /* only when applying, as the next one */
    uint64_t       planned_digest;
    bool           quiet;                     /* only the row's hash is new */
    bool           held;                      /* sent back by the preview: not looked at again */
    bool           strayed;                   /* the database has changed since: what is said of the row is said anew */
} bx_entry;

typedef enum {
    BX_RUN_DIRECT,                            /* no preview: a program */
    BX_RUN_CHECK,                             /* the preview */
    BX_RUN_APPLY                              /* what was previewed */
} bx_run_mode;

/* A guardian as an earlier batch of a check would have left them; a child that a row was found to be. */
typedef struct bx_seen { struct bx_seen *next; bx_value hash; const bx_person *person; } bx_seen;
typedef struct bx_claim { struct bx_claim *next; bx_id pupil; unsigned row; bool number_gone; } bx_claim;
#define BX_SEEN_SLOTS  4096

typedef struct {
    bx_run_mode       mode;
    const char       *runner;                 /* whose lease it is; NULL: BX_RUN_DIRECT */
    size_t            done;                   /* rows of the phase that are through */
    bx_seen         **seen;                   /* by the first bytes of a phone's hash; only BX_RUN_CHECK */
    bx_claim        **claims;                 /* by id */
    bx_call          *c;
    bx_arena         *arena;
    bx_roster        *roster;
    bx_roster_result *out;
    bx_roster_school  school;
    bx_id             school_id, township_id;
    int64_t           school_version;
    const char       *school_path, *filename;
    bx_roster_unit          *units;                  /* grades and classes of the school */
    size_t            nunits;
    bx_value          today, now, author;
    bx_date           code_expiry;
} bx_run;

typedef struct {
    bx_run     *run;
    bx_entry   *entries;
    size_t      n;
    bx_pupil   *pupils;
    size_t      npupils;
    bx_person **people;
    size_t      npeople, people_room;
    bx_link    *links;
    size_t      nlinks;
    bx_roster_unit    *new_units;
    size_t      nnew_units;
    unsigned    planned_classes, planned_guardians;
    bx_insert   students, enrolments, guardians, ties, codes, log;
    unsigned    classes_made, guardians_made;
} bx_batch;

/* ---- roster.c */

#define BX_LEASE_SECONDS  45                  /* without a sign of life from who works on an import */

/* Reads the school and the file, checks the rows by themselves; r->school_id, c, mode and out are set. */
bx_rc  bx_run_open(bx_run *r, const void *data, size_t len, const char *mapping);
/* Goes on from r->done until all rows are through, or, when applying, until the time `until`. *over: all are. */
bx_rc  bx_run_batches(bx_run *r, bx_time until, bool *over);
/* A JSON text of at most so many characters, else NULL. */
const char *bx_run_json(bx_arena *a, const json_t *j, size_t characters);
/* The headings that are not used, as they are kept: a JSON list. */
const char *bx_run_unknown(bx_arena *a, const bx_roster_result *out);
/* Says of a file that cannot be read what the fault says. Steals params. */
bx_rc  bx_run_refuse(bx_call *c, const char *reason, json_t *params);

/* ---- roster_log.c */

/* Gathers the log of a batch in b->log: all of it, or, when the preview has written it, what is new; queues what takes back
 * words of the preview. */
bx_rc  bx_batch_log(bx_batch *b);

/* ---- roster_plan.c */

bx_rc  bx_plan_keep(bx_batch *b, size_t first);               /* check: writes down what shall become of each row */
bx_rc  bx_plan_read(bx_batch *b, size_t first);               /* apply: before the batch is matched */
void   bx_plan_hold(bx_batch *b);                             /* apply: rows that would become something else are sent back */
uint64_t bx_plan_digest(bx_arena *a, const char *text);       /* keyed: a plan tells nothing of what is in a roster */
/* What an earlier batch knew; check only. */
const bx_person *bx_seen_find(const bx_run *r, const char *name, const bx_value *phone_hash);
bx_rc  bx_seen_add(bx_run *r, const bx_person *p);
bx_claim *bx_claim_find(const bx_run *r, bx_id pupil);
bx_rc  bx_claim_add(bx_run *r, bx_id pupil, unsigned row, bool number_gone);

/* ---- roster_match.c */

bx_rc  bx_batch_match(bx_batch *b);           /* finds the children of the rows, decides what each row is */
/* Is the column of a row kept in student.extra? (Of a guardian the name, relation, phone and number are not.) */
bool   bx_roster_in_extra(const char *const *v, unsigned column);
/* The class of that name among n units, or its grade; borrowed from them, NULL: there is none. */
const bx_roster_unit *bx_roster_unit_find(const bx_roster_unit *units, size_t n, bool is_class, const bx_class_name *cls);

/* ---- roster_student.c */

bx_rc  bx_batch_students(bx_batch *b);        /* queues classes, children, enrolments */

/* ---- roster_guardian.c */

bx_rc  bx_batch_load_links(bx_batch *b);      /* links of the children whose rows differ; adds their words to pupil->v */
bx_rc  bx_batch_guardians(bx_batch *b);       /* queues guardians, links, activation codes */

#endif
