/* staff.c: writes accounts and positions, and tells the nodes when what somebody may do has changed.
 * Does not own who may do that (plugins/admin*.c) nor signing in (plugins/account.c, web/session.c). */

#include "flow/staff.h"

#include <ctype.h>
#include <string.h>


static const char sql_account[] =
    "INSERT INTO account (id, name, login, phone_sealed, phone_hash, password, must_change, created_at)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)";

bx_rc
bx_account_queue(bx_call *c, bx_new_account *a)
{
    bx_value  sealed = bx_null(), hash = bx_null();

    a->id = bx_id_new();
    if (a->phone != NULL) {
        if (bx_seal(c->arena, a->phone, &sealed) != BX_OK) {
            return bx_refuse(c, BX_E_INTERNAL, NULL, NULL, NULL);
        }
        hash = bx_lookup_hash(c->arena, "phone", a->phone);
    }

    return bx_queue(c, 1, sql_account,
                    BX_ARGS(bx_int(a->id), bx_text(a->name), bx_text(a->login), sealed, hash, bx_text(a->password_hash),
                            bx_int(a->must_change), bx_text(bx_time_sql(c->arena, c->now))));
}


static const char sql_position[] =
    "INSERT INTO `position` (id, account_id, role, unit_id, starts_on, ends_on, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)";

bx_rc
bx_position_queue(bx_call *c, bx_id account, const char *role, bx_id unit, bx_date from, bx_date until, bx_id *id)
{
    bx_id  made = bx_id_new();

    if (id != NULL) {
        *id = made;
    }

    return bx_queue(c, 1, sql_position,
                    BX_ARGS(bx_int(made), bx_int(account), bx_text(role), bx_int(unit), bx_text(bx_date_text(c->arena, from)),
                            until == BX_NO_DATE ? bx_null() : bx_text(bx_date_text(c->arena, until)),
                            bx_text(bx_time_sql(c->arena, c->now))));
}


bool
bx_login_ok(const char *login)
{
    size_t  n = strlen(login);

    for (const char *p = login; *p != '\0'; p++) {
        if (!(islower((unsigned char) *p) || isdigit((unsigned char) *p) || strchr(".-_@", *p) != NULL)) {
            return false;
        }
    }

    return n >= 2 && n <= 64 && !isdigit((unsigned char) login[0]);
}


/* ---- sessions */

bx_rc
bx_sessions_refresh(bx_call *c, bx_id account)
{
    static const char  sql[] = "INSERT INTO revocation (id, account_id, token_hash, at) VALUES (?, ?, NULL, ?)";

    if (c->res != NULL) {
        c->res->zone = BX_ZONE_DROP_ACCOUNT;
        c->res->drop = account;
    }

    return bx_queue(c, 1, sql, BX_ARGS(bx_int(bx_id_new()), bx_int(account), bx_text(bx_time_sql(c->arena, c->now))));
}


bx_rc
bx_sessions_end(bx_call *c, bx_id account)
{
    static const char  sql[] = "DELETE FROM session WHERE account_id = ?";

    return bx_queue(c, -1, sql, BX_ARGS(bx_int(account))) == BX_OK ? bx_sessions_refresh(c, account) : BX_FAIL;
}
