/*
 * roster_match.c: which child a row is (by identity number, else by enrolment number), and what of it differs from what the
 * database has. Writes nothing: children are roster_student.c, guardians roster_guardian.c.
 */
#include "flow/roster_run.h"

#include <string.h>

static const char sql_pupils[] =
    "SELECT s.id, s.version, s.school_id, s.class_id, s.status, s.id_hash, s.enrolment_hash, s.roster_hash, s.name,"
    " s.former_name, s.sex, s.birth_on, s.ethnic, s.id_type, s.enrolment_no, s.seat_no, s.enrolled_on, s.boarding,"
    " s.left_behind, s.migrant, s.disability, s.placement, s.id_number, s.address, s.phone, s.extra, u.stage, u.entry_year,"
    " u.class_no"
    " FROM student s JOIN org_unit u ON u.id = s.class_id WHERE ";

enum { P_ID, P_VERSION, P_SCHOOL, P_CLASS, P_STATUS, P_ID_HASH, P_ENROLMENT_HASH, P_ROSTER_HASH, P_NAME, P_FORMER_NAME,
       P_SEX, P_BIRTH, P_ETHNIC, P_ID_TYPE, P_ENROLMENT_NO, P_SEAT_NO, P_ENROLLED, P_BOARDING, P_LEFT_BEHIND, P_MIGRANT,
       P_DISABILITY, P_PLACEMENT, P_ID_NUMBER, P_ADDRESS, P_PHONE, P_EXTRA, P_STAGE, P_ENTRY_YEAR, P_CLASS_NO, P_COUNT };


/* ------------------------------------------------------------------ what the database has */

static bool
same_hash(const bx_value *a, const bx_value *b)
{
    return a->kind != BX_V_NULL && b->kind != BX_V_NULL && a->len == b->len && memcmp(a->s, b->s, a->len) == 0;
}


static const char *
cell_word(bx_arena *a, const bx_value *v)
{
    if (v->kind == BX_V_NULL) {
        return NULL;
    }

    return v->kind == BX_V_INT ? bx_sprintf(a, "%lld", (long long) v->i) : v->s;
}


/* Graduated, completed, left without completing, transferred out (JY/T 1001 XSDQZT): another school may enrol the child. */
static bool
has_left(const char *status)
{
    return status != NULL && (strcmp(status, "07") == 0 || strcmp(status, "08") == 0 || strcmp(status, "09") == 0
                              || strcmp(status, "10") == 0);
}


static void
add_pupils(bx_batch *b, const bx_rows *rows)
{
    for (size_t i = 0; i < rows->nrows; i++) {
        const bx_value *row = bx_cell(rows, i, 0);
        bx_pupil       *p = &b->pupils[b->npupils];
        bool            known = false;

        for (size_t k = 0; k < b->npupils && !known; k++) {
            known = b->pupils[k].id == row[P_ID].i;
        }
        if (known || b->npupils == 2 * BX_ROSTER_BATCH) {
            continue;
        }

        p->id = row[P_ID].i;
        p->version = bx_cell_int(rows, i, P_VERSION);
        p->school = bx_cell_int(rows, i, P_SCHOOL);
        p->class_id = bx_cell_int(rows, i, P_CLASS);
        p->left = has_left(bx_cell_text(rows, i, P_STATUS));
        p->id_hash = row[P_ID_HASH];
        p->enrolment_hash = row[P_ENROLMENT_HASH];
        p->roster_hash = row[P_ROSTER_HASH];
        p->sealed = row;
        p->name = bx_cell_text(rows, i, P_NAME);
        b->npupils++;
    }
}


static bx_rc
load_by(bx_batch *b, const char *column, const bx_value *values, size_t n)
{
    bx_buf     sql;
    bx_value  *args = bx_alloc(b->run->arena, BX_IN_ROOM * sizeof(*args));
    bx_rows    rows;
    size_t     nargs;

    if (n == 0) {
        return BX_OK;
    }
    bx_buf_init(&sql, b->run->arena);
    bx_buf_printf(&sql, "%ss.%s IN (", sql_pupils, column);
    if (args == NULL) {
        return bx_refuse(b->run->c, BX_E_MEMORY, NULL, NULL, NULL);
    }
    nargs = bx_in_list(&sql, args, values, n);
    bx_buf_str(&sql, ")");
    if (sql.failed) {
        return bx_refuse(b->run->c, BX_E_MEMORY, NULL, NULL, NULL);
    }
    if (bx_query(b->run->c, &rows, sql.data, args, nargs) != BX_OK) {
        return BX_FAIL;
    }

    add_pupils(b, &rows);
    return BX_OK;
}


static bx_rc
load_pupils(bx_batch *b)
{
    bx_arena  *a = b->run->arena;
    bx_value  *hashes = bx_alloc(a, BX_ROSTER_BATCH * sizeof(*hashes)), *numbers = bx_alloc(a, BX_ROSTER_BATCH * sizeof(*numbers));
    size_t     nhashes = 0, nnumbers = 0;

    b->pupils = bx_alloc(a, 2 * BX_ROSTER_BATCH * sizeof(*b->pupils));
    if (hashes == NULL || numbers == NULL || b->pupils == NULL) {
        return bx_refuse(b->run->c, BX_E_MEMORY, NULL, NULL, NULL);
    }

    for (size_t i = 0; i < b->n; i++) {
        bx_entry *e = &b->entries[i];

        if (e->row->nfaults || e->held) {
            continue;
        }
        if (e->row->v[BX_R_ID_NUMBER] != NULL) {
            e->id_hash = bx_lookup_hash(a, "id", e->row->v[BX_R_ID_NUMBER]);
            hashes[nhashes++] = e->id_hash;
        }
        if (e->row->v[BX_R_ENROLMENT_NO] != NULL) {
            e->enrolment_hash = bx_lookup_hash(a, "enrolment", e->row->v[BX_R_ENROLMENT_NO]);
            numbers[nnumbers++] = e->enrolment_hash;
        }
    }

    return load_by(b, "id_hash", hashes, nhashes) == BX_OK && load_by(b, "enrolment_hash", numbers, nnumbers) == BX_OK
           ? BX_OK : BX_FAIL;
}


static bx_rc
unsealed(bx_batch *b, const bx_value *cell, const char **out)
{
    char  *plain = NULL;

    *out = NULL;
    if (cell->kind == BX_V_NULL) {
        return BX_OK;
    }
    if (bx_unseal(b->run->arena, cell, &plain) != BX_OK) {
        return bx_refuse(b->run->c, BX_E_INTERNAL, NULL, NULL, NULL);
    }

    *out = plain;
    return BX_OK;
}


/* Puts a child's columns into the words of a roster row. */
static bx_rc
open_pupil(bx_batch *b, bx_pupil *p)
{
    static const struct { unsigned column, cell; } plain[] = {
        { BX_R_NAME, P_NAME }, { BX_R_FORMER_NAME, P_FORMER_NAME }, { BX_R_SEX, P_SEX }, { BX_R_BIRTH, P_BIRTH },
        { BX_R_ETHNIC, P_ETHNIC }, { BX_R_ID_TYPE, P_ID_TYPE }, { BX_R_SEAT_NO, P_SEAT_NO },
        { BX_R_ENROLLED, P_ENROLLED }, { BX_R_BOARDING, P_BOARDING }, { BX_R_LEFT_BEHIND, P_LEFT_BEHIND },
        { BX_R_MIGRANT, P_MIGRANT }, { BX_R_DISABILITY, P_DISABILITY }, { BX_R_PLACEMENT, P_PLACEMENT }
    };
    bx_arena    *a = b->run->arena;
    const char  *extra;

    for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
        p->v[plain[i].column] = cell_word(a, &p->sealed[plain[i].cell]);
    }
    if (p->v[BX_R_DISABILITY] == NULL) {
        p->v[BX_R_DISABILITY] = "0";
    }
    p->v[BX_R_CLASS] = bx_sprintf(a, "%s/%s/%s", cell_word(a, &p->sealed[P_STAGE]), cell_word(a, &p->sealed[P_ENTRY_YEAR]),
                                  cell_word(a, &p->sealed[P_CLASS_NO]));

    if (unsealed(b, &p->sealed[P_ID_NUMBER], &p->v[BX_R_ID_NUMBER]) != BX_OK
        || unsealed(b, &p->sealed[P_ENROLMENT_NO], &p->v[BX_R_ENROLMENT_NO]) != BX_OK
        || unsealed(b, &p->sealed[P_ADDRESS], &p->v[BX_R_ADDRESS]) != BX_OK
        || unsealed(b, &p->sealed[P_PHONE], &p->v[BX_R_PHONE]) != BX_OK
        || unsealed(b, &p->sealed[P_EXTRA], &extra) != BX_OK)
    {
        return BX_FAIL;
    }

    p->extra = bx_own(a, extra ? json_loads(extra, 0, NULL) : json_object());
    for (unsigned c = BX_R_MEMBER; c < BX_R_COUNT; c++) {
        p->v[c] = json_string_value(json_object_get(p->extra, bx_roster_key(c)));
    }

    p->loaded = true;
    return BX_OK;
}


/* ------------------------------------------------------------------ what a row is */

bool
bx_roster_in_extra(const char *const *v, unsigned c)
{
    unsigned  m, field;
    const char *flag;

    if (c < BX_R_MEMBER || c >= BX_R_EXTRA) {
        return c >= BX_R_EXTRA;
    }

    m = (c - BX_R_MEMBER) / BX_M_COUNT;
    field = (c - BX_R_MEMBER) % BX_M_COUNT;
    flag = v[BX_R_OF(m, BX_M_GUARDIAN)];
    return !(flag != NULL && *flag == '1'
             && (field == BX_M_NAME || field == BX_M_RELATION || field == BX_M_PHONE || field == BX_M_ID_NUMBER));
}


/* Keyed hash of everything the row says, whatever the order of its columns and the way its cells are written. */
static bx_value
hash_row(bx_arena *a, const bx_roster_row *row)
{
    bx_buf  all;

    bx_buf_init(&all, a);
    for (unsigned c = 0; c < BX_R_COUNT; c++) {
        if (row->v[c] != NULL && c != BX_R_SCHOOL_CODE) {
            bx_buf_printf(&all, "%s=%s\x1f", bx_roster_key(c), row->v[c]);
        }
    }

    return bx_lookup_hash(a, "roster", all.len ? all.data : "");
}


static bx_pupil *
find_pupil(bx_batch *b, const bx_value *id_hash, const bx_value *enrolment_hash)
{
    for (size_t i = 0; i < b->npupils; i++) {
        bx_pupil *p = &b->pupils[i];

        if (id_hash != NULL ? same_hash(&p->id_hash, id_hash) : same_hash(&p->enrolment_hash, enrolment_hash)) {
            return p;
        }
    }

    return NULL;
}


static void
reject(bx_batch *b, bx_entry *e, unsigned column, const char *reason, json_t *params)
{
    bx_roster_fault_add(b->run->roster, e->row, column, reason, params);
    e->outcome = BX_O_REJECTED;
}


/* Finds the child, or says why the row cannot be one. Of another school nothing is told but that there is a place. */
static void
identify(bx_batch *b, bx_entry *e)
{
    const char **v = e->row->v;
    bx_pupil    *by_id = v[BX_R_ID_NUMBER] ? find_pupil(b, &e->id_hash, NULL) : NULL;
    bx_pupil    *by_no = v[BX_R_ENROLMENT_NO] ? find_pupil(b, NULL, &e->enrolment_hash) : NULL;
    bx_claim    *claim = by_no ? bx_claim_find(b->run, by_no->id) : NULL;
    bx_pupil    *p;
    unsigned     column = by_id ? BX_R_ID_NUMBER : BX_R_ENROLMENT_NO;
    const char  *reason = by_id ? "duplicate_id" : "duplicate_enrolment_no";
    bool         same;

    if (claim != NULL && claim->number_gone) {
        by_no = NULL;                         /* an earlier row has given the child another number */
    }
    p = by_id ? by_id : by_no;
    e->outcome = BX_O_ADDED;
    if (p == NULL) {
        return;
    }
    if (p->school != b->run->school_id && !p->left) {
        reject(b, e, column, reason, json_pack("{s:s}", "as", "elsewhere"));
        return;
    }
    if (by_no != NULL && p != by_no) {
        reject(b, e, BX_R_ENROLMENT_NO, "duplicate_enrolment_no", json_pack("{s:s}", "as", "taken"));
        return;
    }
    if (by_id == NULL && v[BX_R_ID_NUMBER] != NULL && p->id_hash.kind != BX_V_NULL && strcmp(p->name, v[BX_R_NAME]) != 0) {
        reject(b, e, BX_R_ENROLMENT_NO, "duplicate_enrolment_no", json_pack("{s:s}", "as", "taken"));
        return;
    }
    claim = bx_claim_find(b->run, p->id);
    if (p->claimed || claim != NULL) {
        reject(b, e, column, reason, json_pack("{s:i, s:s}", "row", (int) (claim ? claim->row : p->claimed_by), "name", p->name));
        return;
    }

    same = p->school == b->run->school_id && same_hash(&p->roster_hash, &e->roster_hash);
    if (p->school == b->run->school_id && p->left && !same) {       /* coming back is a decision of its own, not a file's */
        reject(b, e, column, "left_school", NULL);
        return;
    }

    p->claimed = true;
    p->claimed_by = e->row->row;
    e->pupil = p;
    e->student = p->id;
    e->outcome = same ? BX_O_UNCHANGED : BX_O_CHANGED;
}


static bool
differs(const bx_entry *e, unsigned c)
{
    const char  *new = e->row->v[c], *old = e->pupil->v[c];

    if (new == NULL || c == BX_R_SCHOOL_CODE || (old != NULL && strcmp(old, new) == 0)) {
        return false;
    }

    /* home delivery is decided by a workflow of its own, not by a column that only knows 随班就读 */
    return !(c == BX_R_PLACEMENT && old != NULL && strcmp(old, "home_delivery") == 0);
}


/* Another person in a member's place takes nothing over from the one before. */
static void
forget_replaced(bx_entry *e)
{
    for (int m = 0; m < BX_ROSTER_MEMBERS; m++) {
        const char *new = e->row->v[BX_R_OF(m, BX_M_NAME)], *old = e->pupil->v[BX_R_OF(m, BX_M_NAME)];

        for (unsigned f = 0; new && old && strcmp(new, old) != 0 && f < BX_M_COUNT; f++) {
            if (f != BX_M_NAME) {
                e->pupil->v[BX_R_OF(m, f)] = NULL;
            }
        }
    }
}


static void
compare(bx_batch *b, bx_entry *e)
{
    bool    any = e->pupil->left;
    bx_buf  all;

    bx_buf_init(&all, b->run->arena);
    bx_buf_printf(&all, "%lld %d\x1f", (long long) e->pupil->id, e->pupil->left);
    forget_replaced(e);
    for (unsigned c = 0; c < BX_R_COUNT; c++) {
        e->v[c] = e->pupil->v[c];
        if (differs(e, c)) {
            e->v[c] = e->row->v[c];
            any = true;                       /* a column left empty says nothing and differs from nothing */
            bx_buf_printf(&all, "%s=%s>%s\x1f", bx_roster_key(c), e->pupil->v[c] ? e->pupil->v[c] : "", e->v[c]);
            if (e->nchanges < BX_MAX_CHANGES) {
                e->before[e->nchanges] = e->pupil->v[c];
                e->changes[e->nchanges++] = c;
            }
        }
    }

    if (!any) {                               /* said before, in other words or with other columns */
        e->outcome = BX_O_UNCHANGED;
        e->quiet = true;
        return;
    }
    e->digest = all.failed ? 0 : bx_plan_digest(b->run->arena, all.data);
    if (e->nchanges == 0) {                   /* from another school, all else as it was */
        e->before[e->nchanges] = e->pupil->v[BX_R_CLASS];
        e->changes[e->nchanges++] = BX_R_CLASS;
    }
}


const bx_roster_unit *
bx_roster_unit_find(const bx_roster_unit *units, size_t n, bool is_class, const bx_class_name *cls)
{
    for (size_t i = 0; i < n; i++) {
        if (units[i].is_class == is_class && units[i].entry_year == cls->entry_year
            && units[i].stage != NULL && strcmp(units[i].stage, cls->stage) == 0
            && (!is_class || units[i].class_no == cls->class_no))
        {
            return &units[i];
        }
    }

    return NULL;
}


bx_rc
bx_batch_match(bx_batch *b)
{
    bx_run  *r = b->run;

    if (load_pupils(b) != BX_OK) {
        return BX_FAIL;
    }

    for (size_t i = 0; i < b->n; i++) {
        bx_entry       *e = &b->entries[i];
        const bx_roster_unit  *unit;

        if (e->row->nfaults || e->held) {
            e->outcome = BX_O_REJECTED;
            continue;
        }
        e->roster_hash = hash_row(r->arena, e->row);
        identify(b, e);
        unit = bx_roster_unit_find(r->units, r->nunits, true, &e->row->cls);
        if (unit != NULL && unit->closed && (e->outcome == BX_O_ADDED || e->outcome == BX_O_CHANGED)) {
            reject(b, e, BX_R_CLASS, "class_closed", NULL);
        }
        if (e->outcome == BX_O_ADDED) {
            e->student = bx_id_new();
            memcpy(e->v, e->row->v, sizeof(e->v));
        } else if (e->outcome == BX_O_CHANGED && open_pupil(b, e->pupil) != BX_OK) {
            return BX_FAIL;
        }
    }

    if (bx_batch_load_links(b) != BX_OK) {
        return BX_FAIL;
    }
    for (size_t i = 0; i < b->n; i++) {
        if (b->entries[i].outcome == BX_O_CHANGED) {
            compare(b, &b->entries[i]);
        }
    }

    return BX_OK;
}
