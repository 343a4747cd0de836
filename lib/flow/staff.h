/* staff.h: rows of accounts and positions, and the sessions that hang on them: for administration, the commands and the
 * demonstration county. Internal to libbaoxue. */
#ifndef BX_STAFF_H
#define BX_STAFF_H

#include "flow/flow.h"

#define BX_MAX_NAME  60                       /* characters of a person's name */

typedef struct {
    bx_id        id;                          /* out */
    const char  *name, *login, *phone;        /* login, phone: NULL for none; phone in its normal form */
    const char  *password_hash;               /* NULL: cannot sign in */
    bool         must_change;
} bx_new_account;

bx_rc  bx_account_queue(bx_call *c, bx_new_account *a);
/* until: last day, BX_NO_DATE for none. Returns BX_FAIL, or BX_OK with the row's id in *id unless that is NULL. */
bx_rc  bx_position_queue(bx_call *c, bx_id account, const char *role, bx_id unit, bx_date from, bx_date until, bx_id *id);

/* 2 to 64 small letters, digits, dots, dashes, underscores and @, a letter first: no phone number is a login. */
bool   bx_login_ok(const char *login);

/* Queues the end of every session of the account, on every node. */
bx_rc  bx_sessions_end(bx_call *c, bx_id account);
/* Queues that every node reads anew what the account may do; its sessions go on. */
bx_rc  bx_sessions_refresh(bx_call *c, bx_id account);

#endif
