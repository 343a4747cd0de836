/* account.h: new rows of accounts and positions, for the commands and the demonstration county. */
#ifndef BX_TOOLS_ACCOUNT_H
#define BX_TOOLS_ACCOUNT_H

#include "tools/tools.h"

typedef struct {
    bx_id        id;                          /* out */
    const char  *name, *login, *phone;        /* login, phone: NULL for none; phone in its normal form */
    const char  *password_hash;               /* NULL: cannot sign in */
    bool         must_change;
} new_account;

bx_rc  account_queue(bx_call *c, new_account *a);
bx_rc  position_queue(bx_call *c, bx_id account, const char *role, bx_id unit, bx_date from, bx_date until);

#endif
