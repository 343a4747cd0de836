/*
 * roster_run.h: what the parts of an import's run share: roster.c (batches), roster_student.c (children and classes),
 * roster_guardian.c (guardians, links, codes). Nobody else includes it.
 *
 * A batch reads the database, decides, queues its writes and commits them at once. When another writer was faster it is
 * run again from its reads, so nothing in a batch outlives an attempt but the counters of the one that was committed.
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

typedef struct { bx_id id, parent; bool is_class, closed; const char *stage, *path; int entry_year, class_no; } bx_unit;

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
    bool           quiet;                     /* only the row's hash is new */
} bx_entry;

typedef struct {
    bx_call          *c;
    bx_arena         *arena;
    bx_roster        *roster;
    bx_roster_result *out;
    bx_roster_school  school;
    bx_id             school_id, township_id;
    int64_t           school_version;
    const char       *school_path, *filename;
    bx_unit          *units;                  /* grades and classes of the school */
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
    bx_unit    *new_units;
    size_t      nnew_units;
    bx_insert   students, enrolments, guardians, ties, codes, log;
    unsigned    classes_made, guardians_made;
} bx_batch;

/* ---- roster_student.c */

bx_rc  bx_batch_match(bx_batch *b);           /* finds the children of the rows, decides what each row is */
bx_rc  bx_batch_students(bx_batch *b);        /* queues classes, children, enrolments */
/* Is the column of a row kept in student.extra? (Of a guardian the name, relation, phone and number are not.) */
bool   bx_roster_in_extra(const char *const *v, unsigned column);

/* ---- roster_guardian.c */

bx_rc  bx_batch_load_links(bx_batch *b);      /* links of the children whose rows differ; adds their words to pupil->v */
bx_rc  bx_batch_guardians(bx_batch *b);       /* queues guardians, links, activation codes */

#endif
