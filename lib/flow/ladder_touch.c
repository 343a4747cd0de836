/* ladder_touch.c: how leave, enrolment and whoever else changes what a child owes tells attendance that the absence ladder is to
 * be computed again. The clock of attendance takes it from there within seconds. */

#include "flow/flow.h"

bx_rc
bx_ladder_touch(bx_call *c, bx_id student)
{
    return bx_queue(c, -1, "INSERT INTO ladder_touch (student_id, at) VALUES (?, ?) ON DUPLICATE KEY UPDATE at = VALUES(at)",
                    BX_ARGS(bx_int(student), bx_text(bx_time_sql(c->arena, c->now))));
}

bx_rc
bx_ladder_touch_since(bx_call *c, bx_id student, bx_date since)
{
    return bx_queue(c, -1, "INSERT INTO ladder_touch (student_id, at, since) VALUES (?, ?, ?) ON DUPLICATE KEY UPDATE at = VALUES(at),"
                    " since = LEAST(COALESCE(since, VALUES(since)), VALUES(since))",
                    BX_ARGS(bx_int(student), bx_text(bx_time_sql(c->arena, c->now)), bx_text(bx_date_text(c->arena, since))));
}
