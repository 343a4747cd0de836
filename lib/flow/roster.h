/*
 * roster.h: a school's roster (the national template, any of its editions) checked row by row and applied.
 *
 * roster_columns.c knows the headings, roster_check.c what a cell may say: both are pure. roster.c compares accepted rows
 * with the database and writes what differs, at most 200 rows a transaction, so that a run that was cut short is finished
 * by the same file. roster_import.c is the way of an import through its states: the file kept sealed, checked, looked at,
 * applied. Internal to libbaoxue; the routes are lib/plugins/import.c, the program is baoxuectl import.
 *
 * An empty cell says nothing: it never erases what is known. A column that the file does not have says nothing either.
 */
#ifndef BX_ROSTER_H
#define BX_ROSTER_H

#include "flow/classname.h"
#include "flow/sheet.h"

#define BX_ROSTER_MEMBERS  2
#define BX_ROSTER_BATCH    200

/* Columns that mean something to Baoxue; the others of the template follow as BX_R_EXTRA + n and are only kept. */
typedef enum {
    BX_R_SCHOOL_CODE, BX_R_NAME, BX_R_SEX, BX_R_BIRTH, BX_R_ID_TYPE, BX_R_ID_NUMBER, BX_R_ENROLMENT_NO, BX_R_GRADE, BX_R_CLASS,
    BX_R_ENROLLED, BX_R_BOARDING, BX_R_LEFT_BEHIND, BX_R_MIGRANT, BX_R_DISABILITY, BX_R_PLACEMENT, BX_R_ETHNIC, BX_R_SEAT_NO,
    BX_R_FORMER_NAME, BX_R_ADDRESS, BX_R_PHONE,
    BX_R_MEMBER                               /* the first of BX_ROSTER_MEMBERS × BX_M_COUNT */
} bx_roster_known;

typedef enum {
    BX_M_NAME, BX_M_RELATION, BX_M_RELATION_NOTE, BX_M_ADDRESS, BX_M_RESIDENCE, BX_M_PHONE, BX_M_GUARDIAN, BX_M_ID_TYPE,
    BX_M_ID_NUMBER, BX_M_ETHNIC, BX_M_EMPLOYER, BX_M_JOB, BX_M_COUNT
} bx_roster_member;

#define BX_R_EXTRA    (BX_R_MEMBER + BX_ROSTER_MEMBERS * BX_M_COUNT)
#define BX_R_NEXTRA   38
#define BX_R_COUNT    (BX_R_EXTRA + BX_R_NEXTRA)
#define BX_R_OF(member, field)  ((unsigned) BX_R_MEMBER + (unsigned) (member) * (unsigned) BX_M_COUNT + (unsigned) (field))

/* ---- roster_columns.c */

/* Name of a column in JSON: "birth_on", "member1_phone", "blood_type". */
const char *bx_roster_key(unsigned column);
/* Column of a heading as people write it, -1 when it is none of the template's. */
int         bx_roster_column(bx_arena *a, const char *heading);
/* How the template of today writes a column. */
const char *bx_roster_heading(bx_arena *a, unsigned column);
/* Column of a name as bx_roster_key() gives it, -1: none. */
int         bx_roster_of_key(const char *key, size_t len);
/* May a roster do without it? (Of identity and enrolment number one is enough.) */
bool        bx_roster_needed(unsigned column);

/* ---- roster_check.c */

#define BX_R_NOWHERE  0xffffu

typedef struct {
    const char *reason;                       /* "bad_phone": its text is error.import.bad_phone */
    unsigned    at;                           /* column of the sheet, BX_R_NOWHERE: the row as a whole */
    const char *value;                        /* bx_roster_shown() */
    json_t     *params;                       /* the arena's; "as" chooses among several texts for one reason; may be NULL */
} bx_roster_fault;

typedef struct {
    unsigned         row;                     /* as the spreadsheet numbers it */
    const bx_sheet_row *cells;
    const char      *v[BX_R_COUNT];           /* what a cell says, in one normal form for all ways to write it; NULL: nothing */
    bx_class_name    cls;
    bx_roster_fault *faults;
    unsigned         nfaults;
} bx_roster_row;

typedef struct {
    bx_arena       *arena;
    const bx_sheet *sheet;
    const bx_sheet_row *heading;
    int             at[BX_R_COUNT];           /* column of the sheet, -1: the file has none */
    const char    **unknown;                  /* headings that are not the template's, as written */
    unsigned        nunknown, known, total;   /* columns with a heading */
    const char     *missing;                  /* headings without which it is no roster, NULL: none is missing */
    bx_roster_row  *rows;
    size_t          nrows;
} bx_roster;

/* What a roster is checked against. */
typedef struct {
    const char *code;                         /* 学校标识码, NULL: not known, so not checked */
    const char *stage;                        /* primary junior nine */
    int         school_year;
    bx_date     today;
} bx_roster_school;

/* Why a whole file is refused: reason is a message key without "error.". */
typedef struct { const char *reason; json_t *params; } bx_roster_refusal;

/* Finds the heading and what each column is. mapping: what a person said of columns, "5=seat_no 6=-" (from 0; "-": left out),
 * or NULL. BX_FAIL: the sheet is no roster, or memory ran out (reason "import.internal"). Columns that are missing are named
 * in out->missing, which is no failure yet. */
bx_rc       bx_roster_columns(bx_arena *a, const bx_sheet *sheet, const char *mapping, bx_roster *out, bx_roster_refusal *why);
/* The same, then every row by itself and against the others. Rows with faults are in out->rows too. */
bx_rc       bx_roster_check(bx_arena *a, const bx_sheet *sheet, const char *mapping, const bx_roster_school *school, bx_roster *out,
                            bx_roster_refusal *why);
/* What each heading was taken as: [{"at","heading","column"}], column null: left out. A new reference. */
json_t     *bx_roster_columns_json(const bx_roster *r);
/* A value in its normal form in the words of the template: "1" of the sex is 男. Masked as bx_roster_shown() does. */
const char *bx_roster_words(bx_arena *a, unsigned column, const char *value);
/* Adds a fault to a row; column is one of BX_R_…. The cell's value is taken (masked) from the sheet. Steals params. */
void        bx_roster_fault_add(bx_roster *r, bx_roster_row *row, unsigned column, const char *reason, json_t *params);
/* A heading as the file writes it, numbers masked, at most 60 characters; NULL for BX_R_NOWHERE. */
const char *bx_roster_heading_at(const bx_roster *r, unsigned at);
/* The cell of a column as written, at most 120 characters. Numbers of people are masked and addresses hidden, wherever they
 * stand: in a row that has slipped they are in other columns than theirs. */
const char *bx_roster_shown(const bx_roster *r, const bx_roster_row *row, unsigned column);
/* The text of a reason in the reader's language. */
const char *bx_roster_message(bx_arena *a, const char *lang, const char *reason, const json_t *params);

/* ---- roster.c */

typedef struct {
    bx_id        id;                          /* of the import */
    const char  *encoding;
    unsigned     rows, added, changed, unchanged, rejected, classes, guardians;
    unsigned     skipped;                     /* of the rejected: changed after the preview */
    unsigned     columns_known, columns_total;
    const char **unknown;
    unsigned     nunknown;
    const bx_roster *roster;                  /* rows with nfaults > 0 are the rejected ones */
    uint8_t      content_hash[32];
    bx_time      finished;
} bx_roster_result;

/* Reads, checks and applies a file to a school at once, without a preview; for programs, which have checked the right to it.
 * On BX_OK all rows are written. On BX_FAIL the call's problem is set; batches committed before a failure stay, and the same
 * file finishes the rest. [thread] */
bx_rc       bx_roster_import(bx_call *c, bx_id school, const char *filename, const void *data, size_t len, bx_roster_result *out);

/* ---- roster_import.c: an import from its upload to its end. States: columns (a person says what columns are), uploaded,
 * checking, ready, applying, done, failed, discarded. [thread] */

#define BX_ROSTER_BYTES  (64u << 20)          /* of a file that is kept */

/* Keeps a file that can be a roster and queues its import; the caller answers and commits. Refuses with 422 on "file" what is
 * none. *state is what it begins as. */
bx_rc       bx_roster_upload(bx_call *c, bx_id school, bx_id id, const char *filename, const void *data, size_t len,
                             bx_roster_result *out, const char **state);
/* When the upload was not committed after all. */
void        bx_roster_drop_file(bx_call *c, bx_id id);
/* The jobs: works on imports that wait, one after the other, and goes on with those whose worker died; lets go of files
 * nobody needs and of imports nobody decided on. */
bx_rc       bx_roster_work(bx_call *c);
bx_rc       bx_roster_tidy(bx_call *c);

/* ---- roster_guardian.c */

/* Queues an activation code for a guardian. expires: last day it holds. */
bx_rc       bx_activation_queue(bx_call *c, bx_id guardian, bx_id school, bx_date expires);
/* Last day of a code made now, by the rule import.code_days. */
bx_rc       bx_activation_expiry(bx_call *c, bx_id school, bx_date *out);

#endif
