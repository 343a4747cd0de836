/*
 * county.h: a small county in a private MariaDB for unit tests: units, terms and holidays of the dated examples, a few
 * people of every kind, and requests made as they, through the whole of bx_dispatch().
 */
#ifndef TEST_COUNTY_H
#define TEST_COUNTY_H

#include "web/app.h"
#include "web/call.h"

enum {
    U_COUNTY = 1,
    U_TOWN = 10, U_TOWN2,
    U_SCHOOL = 100, U_SCHOOL2,                /* in U_TOWN and in U_TOWN2 */
    U_GRADE = 200, U_GRADE2,
    U_CLASS = 300, U_CLASS_B,                 /* 三年级3班 and 三年级4班 of U_SCHOOL */
    U_CLASS2 = 310,                           /* 三年级1班 of U_SCHOOL2 */
    S_ONE = 5001,                             /* children: in U_CLASS, in U_CLASS2 */
    S_TWO = 5002
};

/* Accounts. The guardians are those of S_ONE and of S_TWO; one more teacher has U_CLASS_B. */
typedef enum { A_COUNTY = 1001, A_PRINCIPAL, A_OFFICE, A_TEACHER, A_TEACHER_B, A_TEACHER2, A_GUARDIAN, A_GUARDIAN2,
               A_SUBJECT } county_who;

/* Makes the county on the first call and empties what tests write on every one. The clock stands at Mon 21 Sep 2026,
 * 07:00. */
bx_app      *county(void);
const char  *county_attachments(void);        /* the directory of sealed files */
void         county_clock(bx_time t);
/* A call with every capability, as jobs and baoxuectl make it; and one of a person who is signed in. In an arena of its
 * own; both are ended by county_end(). */
bx_call     *county_call(void);
bx_call     *county_call_as(county_who who);
void         county_end(bx_call *c);
/* Runs a statement; a failure ends the test. */
void         county_sql(const char *sql, ...) BX_PRINTF(1, 2);
int64_t      county_count(const char *sql, ...) BX_PRINTF(1, 2);           /* first cell of the first row */

typedef struct {
    const char  *method, *path, *query, *type, *key;      /* path without "/api/v1/"; key NULL: a new one */
    const void  *body;
    size_t       len;                         /* 0: strlen(body) */
    const char  *if_match;
} county_request;

/* The answer lives until the next request. */
const bx_response *county_send(county_who who, county_request r);
const json_t      *county_json(void);         /* of the last answer; NULL when it is none */
const char        *county_code(void);         /* "code" of its first field error, else of the problem */
const char        *county_header(const char *name);

#endif
