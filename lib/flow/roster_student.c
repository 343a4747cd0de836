/*
 * roster_student.c: which child a row is (by identity number, else by enrolment number), what of it differs, and the writes
 * that make it so: units, student, enrolment. Guardians are roster_guardian.c.
 */
#include "flow/flow.h"
#include "flow/place.h"
#include "flow/roster_run.h"

#include <stdlib.h>
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

static const char sql_student_insert[] =
    "INSERT INTO student (id, class_id, school_id, township_id, name, former_name, sex, birth_on, ethnic, id_type, id_number,"
    " id_hash, id_last4, enrolment_no, enrolment_hash, seat_no, enrolled_on, boarding, left_behind, migrant, disability,"
    " placement, address, phone, extra, roster_hash, updated_at, created_at, created_by) VALUES ";
#define STUDENT_COLUMNS  29

static const char sql_student_update[] =
    "UPDATE student SET class_id = ?, school_id = ?, township_id = ?, name = ?, former_name = ?, sex = ?, birth_on = ?,"
    " ethnic = ?, id_type = ?, id_number = ?, id_hash = ?, id_last4 = ?, enrolment_no = ?, enrolment_hash = ?, seat_no = ?,"
    " enrolled_on = ?, boarding = ?, left_behind = ?, migrant = ?, disability = ?, placement = ?, address = ?, phone = ?,"
    " extra = ?, roster_hash = ?, updated_at = ?, status = IF(?, '01', status), version = version + 1"
    " WHERE id = ? AND version = ?";

static const char sql_student_hash[] = "UPDATE student SET roster_hash = ? WHERE id = ? AND version = ?";

static const char sql_enrolment_insert[] =
    "INSERT INTO enrolment (id, student_id, class_id, school_id, starts_on) VALUES ";

/* A place that was taken today and is another one now never was. */
static const char sql_enrolment_undo[] = "DELETE FROM enrolment WHERE student_id = ? AND ends_on IS NULL AND starts_on >= ?";
static const char sql_enrolment_end[] = "UPDATE enrolment SET ends_on = ? WHERE student_id = ? AND ends_on IS NULL";

static const char sql_unit_lock[] = "UPDATE org_unit SET version = version + 1 WHERE id = ? AND version = ?";


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


static const bx_roster_unit *
find_unit(const bx_roster_unit *units, size_t n, bool is_class, const bx_class_name *cls)
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
        unit = find_unit(r->units, r->nunits, true, &e->row->cls);
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


/* ------------------------------------------------------------------ classes */

static bx_rc
make_unit(bx_batch *b, bx_id parent, const char *parent_path, bool is_class, const bx_class_name *cls, bx_roster_unit **out)
{
    bx_run          *r = b->run;
    bx_roster_unit  *u = &b->new_units[b->nnew_units];
    bx_unit          up = { .id = parent, .school = r->school_id, .township = r->township_id, .path = parent_path };
    bx_place         place = { .level = is_class ? "class" : "grade", .stage = bx_strdup(r->arena, cls->stage),
                               .entry_year = cls->entry_year, .class_no = is_class ? cls->class_no : 0, .parent = &up };

    /* two imports at once must not make the same grade: the school's row decides who goes first */
    if (b->nnew_units == 0
        && bx_queue(r->c, 1, sql_unit_lock, BX_ARGS(bx_int(r->school_id), bx_int(r->school_version))) != BX_OK)
    {
        return BX_FAIL;
    }

    place.name = is_class ? bx_sprintf(r->arena, "%d级%d班", cls->entry_year, cls->class_no)
                          : bx_sprintf(r->arena, "%d级", cls->entry_year);
    if (bx_place_queue(r->c, &place) != BX_OK) {
        return BX_FAIL;
    }

    *u = (bx_roster_unit) { place.id, parent, is_class, false, place.stage, bx_strdup(r->arena, place.path), cls->entry_year,
                            place.class_no };
    b->nnew_units++;
    b->classes_made += is_class;
    *out = u;
    return BX_OK;
}


static bx_rc
class_of(bx_batch *b, const bx_class_name *cls, bx_id *out)
{
    bx_run         *r = b->run;
    const bx_roster_unit  *unit = find_unit(r->units, r->nunits, true, cls), *grade;
    bx_roster_unit        *made;

    unit = unit ? unit : find_unit(b->new_units, b->nnew_units, true, cls);
    if (unit != NULL) {
        *out = unit->id;
        return BX_OK;
    }

    grade = find_unit(r->units, r->nunits, false, cls);
    grade = grade ? grade : find_unit(b->new_units, b->nnew_units, false, cls);
    if (grade == NULL) {
        if (make_unit(b, r->school_id, r->school_path, false, cls, &made) != BX_OK) {
            return BX_FAIL;
        }
        grade = made;
    }
    if (make_unit(b, grade->id, grade->path, true, cls, &made) != BX_OK) {
        return BX_FAIL;
    }

    *out = made->id;
    return BX_OK;
}


/* ------------------------------------------------------------------ children */

static bx_rc
sealed(bx_run *r, const char *plain, bx_value *out)
{
    *out = bx_null();
    if (plain == NULL || bx_seal(r->arena, plain, out) == BX_OK) {
        return BX_OK;
    }

    return bx_refuse(r->c, BX_E_INTERNAL, NULL, NULL, NULL);
}


static bx_rc
sealed_extra(bx_run *r, const bx_entry *e, bx_value *out)
{
    json_t  *extra = bx_own(r->arena, e->pupil && e->pupil->extra ? json_copy(e->pupil->extra) : json_object());
    char    *text;

    for (unsigned c = BX_R_MEMBER; c < BX_R_COUNT; c++) {
        if (e->v[c] != NULL && bx_roster_in_extra(e->v, c)) {
            json_object_set_new(extra, bx_roster_key(c), json_string(e->v[c]));
        } else {
            json_object_del(extra, bx_roster_key(c));
        }
    }

    text = json_dumps(extra, JSON_COMPACT | JSON_SORT_KEYS);
    if (text == NULL || bx_arena_defer(r->arena, free, text) != BX_OK) {
        return bx_refuse(r->c, BX_E_MEMORY, NULL, NULL, NULL);
    }

    return sealed(r, text, out);
}


static bx_value
number_or(const char *s, int64_t otherwise)
{
    return bx_int(s ? strtoll(s, NULL, 10) : otherwise);
}


/* The columns from class_id to updated_at, in the order both statements have. */
static bx_rc
student_values(bx_run *r, const bx_entry *e, bx_id class_id, bx_value *out)
{
    const char *const *v = e->v;
    const char        *id = v[BX_R_ID_NUMBER], *enrolment = v[BX_R_ENROLMENT_NO];
    size_t             len = id ? strlen(id) : 0;
    bx_value           number, enrolment_no, address, phone, extra;

    if (sealed(r, id, &number) != BX_OK || sealed(r, enrolment, &enrolment_no) != BX_OK
        || sealed(r, v[BX_R_ADDRESS], &address) != BX_OK || sealed(r, v[BX_R_PHONE], &phone) != BX_OK
        || sealed_extra(r, e, &extra) != BX_OK)
    {
        return BX_FAIL;
    }

    memcpy(out, (bx_value[]) {
        bx_int(class_id), bx_int(r->school_id), r->township_id ? bx_int(r->township_id) : bx_null(), bx_text(v[BX_R_NAME]),
        bx_text(v[BX_R_FORMER_NAME]), bx_text(v[BX_R_SEX]), bx_text(v[BX_R_BIRTH]), bx_text(v[BX_R_ETHNIC]),
        bx_text(v[BX_R_ID_TYPE] ? v[BX_R_ID_TYPE] : "1"), number, id ? bx_lookup_hash(r->arena, "id", id) : bx_null(),
        len >= 4 ? bx_lookup_hash(r->arena, "id4", id + len - 4) : bx_null(), enrolment_no,
        enrolment ? bx_lookup_hash(r->arena, "enrolment", enrolment) : bx_null(),
        v[BX_R_SEAT_NO] ? number_or(v[BX_R_SEAT_NO], 0) : bx_null(), bx_text(v[BX_R_ENROLLED]), number_or(v[BX_R_BOARDING], 0),
        bx_text(v[BX_R_LEFT_BEHIND] ? v[BX_R_LEFT_BEHIND] : "0"), number_or(v[BX_R_MIGRANT], 0),
        v[BX_R_DISABILITY] && strcmp(v[BX_R_DISABILITY], "0") != 0 ? bx_text(v[BX_R_DISABILITY]) : bx_null(),
        bx_text(v[BX_R_PLACEMENT] ? v[BX_R_PLACEMENT] : "class"), address, phone, extra, e->roster_hash, r->now
    }, (STUDENT_COLUMNS - 3) * sizeof(*out));
    return BX_OK;
}


static void
enrol(bx_batch *b, bx_id student, bx_id class_id, const char *since)
{
    bx_run  *r = b->run;

    if (since == NULL || strcmp(since, r->today.s) > 0) {
        since = r->today.s;
    }
    bx_insert_add(&b->enrolments, (bx_value[]) { bx_int(bx_id_new()), bx_int(student), bx_int(class_id), bx_int(r->school_id),
                                                 bx_text(since) });
}


static bx_rc
add_student(bx_batch *b, bx_entry *e)
{
    bx_run   *r = b->run;
    bx_value  values[STUDENT_COLUMNS];
    bx_id     class_id;

    if (class_of(b, &e->row->cls, &class_id) != BX_OK) {
        return BX_FAIL;
    }
    values[0] = bx_int(e->student);
    if (student_values(r, e, class_id, values + 1) != BX_OK) {
        return BX_FAIL;
    }

    values[STUDENT_COLUMNS - 2] = r->now;
    values[STUDENT_COLUMNS - 1] = r->author;
    bx_insert_add(&b->students, values);
    enrol(b, e->student, class_id, e->v[BX_R_ENROLLED]);
    return BX_OK;
}


static bx_rc
change_student(bx_batch *b, bx_entry *e)
{
    bx_run    *r = b->run;
    bx_value   values[STUDENT_COLUMNS];
    bx_id      class_id = e->pupil->class_id;
    bx_value   yesterday;

    if (e->row->v[BX_R_CLASS] != NULL && class_of(b, &e->row->cls, &class_id) != BX_OK) {
        return BX_FAIL;
    }
    if (student_values(r, e, class_id, values) != BX_OK) {
        return BX_FAIL;
    }
    values[STUDENT_COLUMNS - 3] = bx_int(e->pupil->left);
    values[STUDENT_COLUMNS - 2] = bx_int(e->pupil->id);
    values[STUDENT_COLUMNS - 1] = bx_int(e->pupil->version);
    if (bx_queue(r->c, 1, sql_student_update, values, STUDENT_COLUMNS) != BX_OK) {
        return BX_FAIL;
    }
    if (class_id == e->pupil->class_id && !e->pupil->left) {
        return BX_OK;
    }

    yesterday = bx_text(bx_date_text(r->arena, r->school.today - 1));
    if (bx_queue(r->c, -1, sql_enrolment_undo, BX_ARGS(bx_int(e->pupil->id), r->today)) != BX_OK
        || bx_queue(r->c, -1, sql_enrolment_end, BX_ARGS(yesterday, bx_int(e->pupil->id))) != BX_OK
        || bx_ladder_touch(r->c, e->pupil->id) != BX_OK)
    {
        return BX_FAIL;
    }
    enrol(b, e->pupil->id, class_id, NULL);
    return BX_OK;
}


bx_rc
bx_batch_students(bx_batch *b)
{
    bx_run  *r = b->run;
    bx_rc    rc = BX_OK;

    b->new_units = bx_alloc(r->arena, 2 * BX_ROSTER_BATCH * sizeof(*b->new_units));
    if (b->new_units == NULL) {
        return bx_refuse(r->c, BX_E_MEMORY, NULL, NULL, NULL);
    }
    b->students = (bx_insert) { .arena = r->arena, .head = sql_student_insert, .tail = "", .width = STUDENT_COLUMNS };
    b->enrolments = (bx_insert) { .arena = r->arena, .head = sql_enrolment_insert, .tail = "", .width = 5 };

    for (size_t i = 0; i < b->n && rc == BX_OK; i++) {
        bx_entry *e = &b->entries[i];

        if (e->outcome == BX_O_ADDED) {
            rc = add_student(b, e);
        } else if (e->outcome == BX_O_CHANGED) {
            rc = change_student(b, e);
        } else if (e->quiet) {
            rc = bx_queue(r->c, 1, sql_student_hash, BX_ARGS(e->roster_hash, bx_int(e->pupil->id), bx_int(e->pupil->version)));
        }
    }

    if (rc != BX_OK || bx_insert_queue(r->c, &b->students) != BX_OK || bx_insert_queue(r->c, &b->enrolments) != BX_OK) {
        return BX_FAIL;
    }

    return BX_OK;
}
