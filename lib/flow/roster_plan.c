/*
 * roster_plan.c: what a preview said shall become of each row, kept until it is applied; and what the batches of one check
 * must know of each other, because nothing of them is in the database. Owns table import_plan.
 */
#include "flow/roster_run.h"
#include "core/core.h"

#include <string.h>

#define HEAD   4                              /* bytes: classes and guardians that the batch makes */
#define ENTRY  9                              /* outcome, digest */


static void
put16(uint8_t *p, unsigned n)
{
    p[0] = (uint8_t) n;
    p[1] = (uint8_t) (n >> 8);
}


static unsigned
get16(const uint8_t *p)
{
    return (unsigned) p[0] | (unsigned) p[1] << 8;
}


uint64_t
bx_plan_digest(bx_arena *a, const char *text)
{
    bx_value  hash = bx_lookup_hash(a, "plan", text);
    uint64_t  n = 0;

    if (hash.kind != BX_V_NULL) {
        memcpy(&n, hash.s, sizeof(n));
    }

    return n;
}


bx_rc
bx_plan_keep(bx_batch *b, size_t first)
{
    static const char  sql[] = "REPLACE INTO import_plan (import_id, first_row, plan) VALUES (?, ?, ?)";
    bx_run            *r = b->run;
    size_t             len = HEAD + b->n * ENTRY;
    uint8_t           *plan = bx_alloc(r->arena, len);

    if (plan == NULL) {
        return bx_refuse(r->c, BX_E_MEMORY, NULL, NULL, NULL);
    }

    put16(plan, b->classes_made);
    put16(plan + 2, b->guardians_made);
    for (size_t i = 0; i < b->n; i++) {
        uint8_t *at = plan + HEAD + i * ENTRY;

        at[0] = (uint8_t) b->entries[i].outcome;
        memcpy(at + 1, &b->entries[i].digest, sizeof(uint64_t));
    }

    return bx_exec(r->c, NULL, sql, BX_ARGS(bx_int(r->out->id), bx_int((int64_t) first), bx_blob(plan, len)));
}


bx_rc
bx_plan_read(bx_batch *b, size_t first)
{
    static const char  sql[] = "SELECT p.plan FROM import_plan p WHERE p.import_id = ? AND p.first_row = ?";
    bx_run            *r = b->run;
    bx_rows            rows;
    const uint8_t     *plan;

    if (bx_query(r->c, &rows, sql, BX_ARGS(bx_int(r->out->id), bx_int((int64_t) first))) != BX_OK) {
        return BX_FAIL;
    }
    if (rows.nrows != 1 || bx_cell(&rows, 0, 0)->len != HEAD + b->n * ENTRY) {
        bx_error_set(&r->c->error, BX_E_INTERNAL, "the plan of an import is not that of its file");
        return bx_refuse(r->c, BX_E_INTERNAL, NULL, NULL, NULL);
    }

    plan = (const uint8_t *) bx_cell(&rows, 0, 0)->s;
    b->planned_classes = get16(plan);
    b->planned_guardians = get16(plan + 2);
    for (size_t i = 0; i < b->n; i++) {
        const uint8_t *at = plan + HEAD + i * ENTRY;
        bx_entry      *e = &b->entries[i];

        e->planned = at[0] <= BX_O_UNCHANGED ? (bx_outcome) at[0] : BX_O_REJECTED;
        e->held = e->planned == BX_O_REJECTED;
        memcpy(&e->planned_digest, at + 1, sizeof(uint64_t));
    }

    return BX_OK;
}


/* What has become unnecessary is no harm; what nobody was shown is not done. */
void
bx_plan_hold(bx_batch *b)
{
    for (size_t i = 0; i < b->n; i++) {
        bx_entry *e = &b->entries[i];

        if (e->held || (e->outcome == e->planned && (e->outcome != BX_O_CHANGED || e->digest == e->planned_digest))) {
            continue;
        }
        e->strayed = true;
        if (e->outcome == BX_O_ADDED || e->outcome == BX_O_CHANGED) {
            bx_roster_fault_add(b->run->roster, e->row, BX_R_NOWHERE, "changed_since", NULL);
            e->outcome = BX_O_REJECTED;
        }
    }
}


/* ------------------------------------------------------------------ between the batches of one run */

static size_t
slot_of(const bx_value *hash)
{
    return ((size_t) (uint8_t) hash->s[0] | (size_t) (uint8_t) hash->s[1] << 8) % BX_SEEN_SLOTS;
}


const bx_person *
bx_seen_find(const bx_run *r, const char *name, const bx_value *phone_hash)
{
    if (r->seen == NULL || phone_hash->kind == BX_V_NULL) {
        return NULL;
    }
    for (const bx_seen *s = r->seen[slot_of(phone_hash)]; s != NULL; s = s->next) {
        if (memcmp(s->hash.s, phone_hash->s, 32) == 0 && strcmp(s->person->name, name) == 0) {
            return s->person;
        }
    }

    return NULL;
}


bx_rc
bx_seen_add(bx_run *r, const bx_person *p)
{
    bx_seen  *s;

    if (r->seen == NULL || p->phone_hash.kind == BX_V_NULL || bx_seen_find(r, p->name, &p->phone_hash) != NULL) {
        return BX_OK;
    }
    s = bx_alloc(r->arena, sizeof(*s));
    if (s == NULL) {
        return bx_refuse(r->c, BX_E_MEMORY, NULL, NULL, NULL);
    }

    *s = (bx_seen) { r->seen[slot_of(&p->phone_hash)], p->phone_hash, p };
    r->seen[slot_of(&p->phone_hash)] = s;
    return BX_OK;
}


bx_claim *
bx_claim_find(const bx_run *r, bx_id pupil)
{
    bx_claim  *k = r->claims ? r->claims[(size_t) pupil % BX_SEEN_SLOTS] : NULL;

    while (k != NULL && k->pupil != pupil) {
        k = k->next;
    }
    return k;
}


bx_rc
bx_claim_add(bx_run *r, bx_id pupil, unsigned row, bool number_gone)
{
    bx_claim  *k = bx_alloc(r->arena, sizeof(*k)), **slot = r->claims ? &r->claims[(size_t) pupil % BX_SEEN_SLOTS] : NULL;

    if (k == NULL || slot == NULL) {
        return bx_refuse(r->c, BX_E_MEMORY, NULL, NULL, NULL);
    }

    *k = (bx_claim) { *slot, pupil, row, number_gone };
    *slot = k;
    return BX_OK;
}
