/* app_private.h: what a bx_app is inside lib/web. */
#ifndef BX_APP_PRIVATE_H
#define BX_APP_PRIVATE_H

#include "web/app.h"
#include "web/tables.h"

struct bx_app {
    bx_arena      *arena;
    bx_app_config  conf;
    char         **origins;                   /* ends with NULL */
    bx_db         *db;
    bx_tables     *tables;
    char           cookie_name[40];
    bx_reads      *reads;                     /* NULL: nobody counts */
    bx_job_ran     job_ran;                   /* NULL: nobody wants to know */
    void          *job_ran_ctx;
    bx_head_told   head_told;                 /* NULL: nobody wants them */
    void          *head_told_ctx;
    bx_time        started;                   /* when this process began to serve */
    int64_t        tasks[2];                  /* waiting and overdue when last asked; written and read atomically */
    bx_time        tasks_asked;
    int            rights_seen;               /* the account has what it needs: asked until it has; read and written atomically */
};

#endif
