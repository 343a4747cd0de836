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


/* Staff accounts that are guardians of a child, by the account or the phone: what must not reach the family does not reach them. */
static bx_rc
family_of(bx_call *c, bx_id student, bx_rows *out)
{
    static const char  sql[] =
        "SELECT g.account_id FROM student_guardian sg JOIN guardian g ON g.id = sg.guardian_id"
        " WHERE sg.student_id = ? AND sg.ends_on IS NULL AND g.account_id IS NOT NULL"
        " UNION SELECT a.id FROM student_guardian sg JOIN guardian g ON g.id = sg.guardian_id JOIN account a ON a.phone_hash = g.phone_hash"
        " WHERE sg.student_id = ? AND sg.ends_on IS NULL";

    return bx_query(c, out, sql, BX_ARGS(bx_int(student), bx_int(student)));
}


static bool
is_family(const bx_rows *family, bx_id account)
{
    for (size_t i = 0; i < family->nrows; i++) {
        if (bx_cell_int(family, i, 0) == account) {
            return true;
        }
    }

    return false;
}


/* Nobody who must know can be told: whoever administers the system, at the highest unit where somebody does who is not of the family.
 * They may not read such reports, so they hear that there is one at this school and nothing by which to find it. */
static bx_rc
tell_administrators(bx_call *c, const bx_record *r, const bx_place *place, const bx_rows *family)
{
    bx_rows    rows;
    bx_notice  n = { .kind = "dropout.urgent_unheard", .key = bx_sprintf(bx_call_arena(c), "%" PRId64, bx_id_new()) };

    if (bx_query(c, &rows, "SELECT name FROM org_unit WHERE id = ?", BX_ARGS(bx_int(bx_rec_school(r)))) != BX_OK) {
        return BX_FAIL;
    }
    n.params = bx_own(bx_call_arena(c), json_pack("{s:s}", "school", rows.nrows == 0 ? "" : bx_cell_text(&rows, 0, 0)));

    for (size_t i = place->nholders; i > 0; i--) {
        const bx_holder *h = &place->holders[i - 1];

        if (n.unit != 0 && h->unit != n.unit) {
            break;
        }
        if (strcmp(h->role, "admin") != 0 || h->account == bx_call_account(c) || is_family(family, h->account)) {
            continue;
        }
        n.account = h->account;
        n.unit = h->unit;
        if (bx_notice_send(c, &n) != BX_OK) {
            return BX_FAIL;
        }
    }

    return BX_OK;
}


/* Suspected harm: the principal of the child's own school and the bureau, at once; the notice says that there is one and where, not
 * what. A school without a principal, or whose principal is a guardian of the child, has nobody above it told in the principal's
 * place: the bureau knows. Whoever is of the family is told nothing, whatever position they hold; if that leaves nobody, and it was
 * not one of them who wrote it, the administrators hear that there is one. */
bx_rc
bx_urgent_tell(bx_call *c, const bx_record *r)
{
    const bx_place *place;
    bx_rows         family;
    json_t         *params = bx_own(bx_call_arena(c), json_pack("{s:o}", "report_id", json_sprintf("%" PRId64, bx_rec_id(r))));
    bool            known = false;

    if (bx_place_of(c, bx_rec_school(r), &place) != BX_OK || family_of(c, bx_rec_student(r), &family) != BX_OK) {
        return BX_FAIL;
    }

    for (size_t i = 0; i < place->nholders; i++) {
        const bx_holder *h = &place->holders[i];
        bool             principal = strcmp(h->role, "principal") == 0 && h->unit == bx_rec_school(r);
        bx_notice        n = { .kind = "dropout.urgent", .account = h->account, .unit = h->unit, .params = params,
                               .key = bx_sprintf(bx_call_arena(c), "%" PRId64, bx_rec_id(r)) };

        if ((!principal && strcmp(h->role, "county") != 0) || is_family(&family, h->account)) {
            continue;
        }
        known = true;
        if (h->account != bx_call_account(c) && bx_notice_send(c, &n) != BX_OK) {
            return BX_FAIL;
        }
    }

    return known ? BX_OK : tell_administrators(c, r, place, &family);
}
