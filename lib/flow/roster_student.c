/*
 * roster_student.c: the writes that make a child what its row says: units, student, enrolment. What a row is and what of it
 * differs is roster_match.c; guardians are roster_guardian.c.
 */
#include "flow/flow.h"
#include "flow/place.h"
#include "flow/roster_run.h"

#include <stdlib.h>
#include <string.h>

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
    const bx_roster_unit  *unit = bx_roster_unit_find(r->units, r->nunits, true, cls), *grade;
    bx_roster_unit        *made;

    unit = unit ? unit : bx_roster_unit_find(b->new_units, b->nnew_units, true, cls);
    if (unit != NULL) {
        *out = unit->id;
        return BX_OK;
    }

    grade = bx_roster_unit_find(r->units, r->nunits, false, cls);
    grade = grade ? grade : bx_roster_unit_find(b->new_units, b->nnew_units, false, cls);
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

    text = bx_json_text(r->arena, extra, JSON_COMPACT | JSON_SORT_KEYS);
    if (text == NULL) {
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
