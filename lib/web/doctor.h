/* doctor.h: what is wrong with an installation and how to mend it. Internal to libbaoxue; baoxuectl uses it too. */
#ifndef BX_DOCTOR_H
#define BX_DOCTOR_H

#include "baoxue.h"
#include "db/db.h"

typedef enum { BX_WELL, BX_ADVICE, BX_FAULT } bx_doctor_level;

typedef struct {
    bx_arena    *arena;
    const char  *lang;
    json_t      *findings;                    /* the caller's array: [{check, level, text, mend}] */
    unsigned     faults;
    bx_conn     *conn;                        /* for what is asked of the database */
    void       (*say)(void *ctx, bx_doctor_level how, const char *text, const char *mend);   /* as it is found; may be NULL */
    void        *ctx;
} bx_doctor;

/* The texts are doctor.<check>, or doctor.<check>.no and .mend. Steals params. */
void     bx_doctor_found(bx_doctor *d, const char *check, bx_doctor_level how, json_t *params);
json_t  *bx_doctor_one(const char *name, const char *value);           /* params with one member */
bool     bx_doctor_ask(bx_doctor *d, bx_rows *rows, const char *sql);  /* false: a finding says why */

/* [thread] */
void     bx_doctor_attachments(bx_doctor *d, const char *path);        /* NULL: none set */
void     bx_doctor_server(bx_doctor *d);                               /* version, settings, clock, tables */
void     bx_doctor_contents(bx_doctor *d);                             /* roles, county, terms, jobs: of a schema that is current */

#endif
