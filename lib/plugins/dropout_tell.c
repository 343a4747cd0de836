/* dropout_tell.c: who is told what of a case, beside the tasks. Owns the keys of these notices: each is sent once. */

#include "flow/task.h"
#include "plugins/dropout.h"

#include <inttypes.h>
#include <string.h>


bx_rc
bx_dropout_tell(bx_call *c, const bx_case *k, const char *kind, const char *role, bx_id unit)
{
    json_t    *params;
    bx_rows    rows;
    bx_notice  n = { .kind = kind, .role = role, .unit = unit };

    if (bx_query(c, &rows, "SELECT name FROM student WHERE id = ?", BX_ARGS(bx_int(k->student))) != BX_OK) {
        return BX_FAIL;
    }

    params = bx_own(bx_call_arena(c), json_pack("{s:o, s:s}", "case_id", json_sprintf("%" PRId64, k->id),
                                                "student", rows.nrows == 0 ? "" : bx_cell_text(&rows, 0, 0)));
    n.key = bx_sprintf(bx_call_arena(c), "%" PRId64 ":%s:%" PRId64, k->id, role, k->seq);
    n.params = params;
    return bx_notice_send(c, &n);
}


/* Suspected harm: the principal of the child's own school and the bureau, at once; the notice says that there is one and where, not
 * what. A school without a principal has nobody above it told in the principal's place: the bureau knows. */
bx_rc
bx_urgent_tell(bx_call *c, const bx_record *r)
{
    static const char *const  roles[] = { "principal", "county" };
    const bx_place           *place;
    json_t                   *params = bx_own(bx_call_arena(c), json_pack("{s:o}", "report_id", json_sprintf("%" PRId64, bx_rec_id(r))));

    if (bx_place_of(c, bx_rec_school(r), &place) != BX_OK) {
        return BX_FAIL;
    }
    for (size_t i = bx_place_holds(place, roles[0]) == bx_rec_school(r) ? 0 : 1; i < sizeof(roles) / sizeof(roles[0]); i++) {
        bx_notice  n = { .kind = "dropout.urgent", .role = roles[i], .unit = bx_rec_school(r), .params = params,
                         .key = bx_sprintf(bx_call_arena(c), "%" PRId64 ":%s", bx_rec_id(r), roles[i]) };

        if (bx_notice_send(c, &n) != BX_OK) {
            return BX_FAIL;
        }
    }

    return BX_OK;
}
