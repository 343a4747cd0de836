/*
 * people.c: children, the units they are in, and the school calendar, as they are looked up.
 *
 * Owns the records students and org-units, the classes of a school, a guardian's own children, a class's calendar, and
 * the one way to a number that is masked everywhere else: `reveal`, with a reason and a line in the audit chain.
 * Does not own how children come in (import.c), nor accounts (account.c): what is here is read-only but for that line.
 *
 * Roles and what they may do here follow their place: whoever answers for children sees them; the full numbers are for
 * those who call homes and keep the enrolment (class teacher, academic office, registrar).
 */
#include "flow/calendar.h"
#include "flow/flow.h"

#include <stdlib.h>
#include <string.h>

#define MAX_CALENDAR_DAYS  62
#define MAX_CHILDREN       16
#define MAX_OWN_CLASSES    4

/* ---- students */

static const bx_field student_fields[] = {
    /* name          type       flags                       min  max  arg            pattern  read */
    { "name",        BX_TEXT,   BX_IN_LIST | BX_SEARCH,       1,  60, NULL,          NULL, NULL, NULL },
    { "seat_no",     BX_INT,    BX_IN_LIST,                   1, 999, NULL,          NULL, NULL, NULL },
    { "sex",         BX_CODE,   BX_IN_LIST,                   0,   0, "sex",         NULL, NULL, NULL },
    { "birth_on",    BX_DATE,   BX_IN_LIST,                   0,   0, NULL,          NULL, NULL, NULL },
    { "status",      BX_CODE,   BX_FILTER,                    0,   0, "student_status", NULL, NULL, NULL },
    { "boarding",    BX_BOOL,   0,                            0,   0, NULL,          NULL, NULL, NULL },
    { "placement",   BX_CODE,   BX_FILTER,                    0,   0, "placement",   NULL, NULL, NULL },
    { "former_name", BX_TEXT,   0,                            1,  60, NULL,          NULL, "student.detail", NULL },
    { "ethnic",      BX_CODE,   0,                            0,   0, "ethnic",      NULL, "student.detail", NULL },
    { "id_type",     BX_CODE,   0,                            0,   0, "id_type",     NULL, "student.detail", NULL },
    { "id_number",   BX_SECRET, BX_IN_LIST,                   0,   0, "id",          NULL, "student.detail", NULL },
    { "enrolment_no", BX_SECRET, 0,                           0,   0, "id",          NULL, "student.detail", NULL },
    { "enrolled_on", BX_DATE,   0,                            0,   0, NULL,          NULL, "student.detail", NULL },
    { "left_behind", BX_CODE,   0,                            0,   0, "left_behind", NULL, "student.detail", NULL },
    { "migrant",     BX_BOOL,   0,                            0,   0, NULL,          NULL, "student.detail", NULL },
    { "disability",  BX_CODE,   0,                            0,   0, "disability",  NULL, "student.detail", NULL },
    { "phone",       BX_SECRET, 0,                            0,   0, "phone",       NULL, "student.contacts", NULL },
    { "address",     BX_SECRET, 0,                            0,   0, "address",     NULL, "student.contacts", NULL },
    { NULL }
};

static const char sql_guardians[] =
    "SELECT g.id, g.name, sg.relation, sg.relation_text, g.phone, g.account_id IS NOT NULL AS active"
    " FROM student t JOIN student_guardian sg ON sg.student_id = t.id AND sg.ends_on IS NULL"
    " JOIN guardian g ON g.id = sg.guardian_id WHERE t.id = ? AND ";

/* A sealed number as everybody sees it; NULL when there is none or it cannot be opened. */
static const char *
masked(bx_call *c, const char *kind, const bx_value *sealed)
{
    char  *plain;

    if (sealed->kind == BX_V_NULL || bx_unseal(c->arena, sealed, &plain) != BX_OK) {
        return NULL;
    }

    return bx_mask(c->arena, kind, plain);
}

/* Guardians of one child, for those who call homes; a guardian does not see the others here. */
static bx_rc
student_decorate(bx_call *c, json_t *rows, bool one)
{
    bx_buf    sql;
    bx_rows   found;
    bx_value  args[48];
    size_t    nargs = 1;
    json_t   *student = json_array_get(rows, 0), *list;

    if (!one || !bx_call_can(c, "student.contacts")) {
        return BX_OK;
    }

    args[0] = bx_int(bx_id_parse(json_string_value(json_object_get(student, "id"))));
    bx_buf_init(&sql, c->arena);
    bx_buf_str(&sql, sql_guardians);
    if (bx_scope_where(c, BX_SCOPE_STUDENT, "t", "student.contacts", &sql, args, &nargs, 48) != BX_OK) {
        return BX_FAIL;
    }
    bx_buf_str(&sql, " ORDER BY sg.ordinal, g.id");

    if (sql.failed) {
        return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
    }
    if (bx_query(c, &found, sql.data, args, nargs) != BX_OK) {
        return BX_FAIL;
    }

    list = json_array();
    for (size_t i = 0; i < found.nrows; i++) {
        json_array_append_new(list, json_pack("{s:o, s:s, s:s, s:s?, s:s?, s:b}",
            "id", bx_id_json(bx_cell_int(&found, i, 0)), "name", bx_cell_text(&found, i, 1),
            "relation", bx_cell_text(&found, i, 2), "relation_text", bx_cell_text(&found, i, 3),
            "phone", masked(c, "phone", bx_cell(&found, i, 4)), "active", bx_cell_int(&found, i, 5) != 0));
    }

    json_object_set_new(student, "guardians", list);
    return BX_OK;
}

/* ---- units */

static const bx_field unit_fields[] = {
    { "name",        BX_TEXT, BX_IN_LIST | BX_SEARCH,  1, 100, NULL,         NULL, NULL, NULL },
    { "level",       BX_CODE, BX_IN_LIST | BX_FILTER,  0,   0, "unit_level", NULL, NULL, NULL },
    { "parent_id",   BX_REF,  BX_FILTER,               0,   0, "org-units",  NULL, NULL, NULL },
    { "code",        BX_TEXT, BX_IN_LIST,              1,  20, NULL,         NULL, NULL, NULL },
    { "township_id", BX_REF,  0,                       0,   0, "org-units",  NULL, NULL, NULL },
    { "school_id",   BX_REF,  BX_FILTER,               0,   0, "org-units",  NULL, NULL, NULL },
    { "stage",       BX_CODE, BX_FILTER,               0,   0, "stage",      NULL, NULL, NULL },
    { "entry_year",  BX_INT,  0,                       0,   0, NULL,         NULL, NULL, NULL },
    { "class_no",    BX_INT,  0,                       0,   0, NULL,         NULL, NULL, NULL },
    { "closed_on",   BX_DATE, 0,                       0,   0, NULL,         NULL, NULL, NULL },
    { NULL }
};

/* A class is named by its grade of this school year. */
static bx_rc
unit_decorate(bx_call *c, json_t *rows, bool one)
{
    json_t  *row;
    size_t   i;

    (void) one;

    json_array_foreach(rows, i, row) {
        const char  *level = json_string_value(json_object_get(row, "level"));
        const char  *stage = json_string_value(json_object_get(row, "stage"));

        if (level == NULL || stage == NULL || strcmp(level, "class") != 0) {
            continue;
        }

        json_object_set_new(row, "name", json_string(bx_class_label(c->arena, c->lang, stage,
            (int) json_integer_value(json_object_get(row, "entry_year")),
            (int) json_integer_value(json_object_get(row, "class_no")), bx_date_of(c->now))));
    }

    return BX_OK;
}

/* The class in columns first … first + 3: name, stage, entry year, number. */
static const char *
class_name(bx_call *c, const bx_rows *rows, size_t i, size_t first)
{
    const char  *stage = bx_cell_text(rows, i, first + 1);

    if (stage == NULL) {
        return bx_cell_text(rows, i, first);
    }

    return bx_class_label(c->arena, c->lang, stage, (int) bx_cell_int(rows, i, first + 2),
                          (int) bx_cell_int(rows, i, first + 3), bx_date_of(c->now));
}

/* ---- GET classes */

static const char sql_classes[] =
    "SELECT u.id, u.name, u.stage, u.entry_year, u.class_no, u.parent_id,"
    " (SELECT COUNT(*) FROM student s WHERE s.class_id = u.id AND s.status IN ('01', '05')) AS students,"
    " (SELECT GROUP_CONCAT(a.name ORDER BY p.id SEPARATOR '、') FROM position p JOIN account a ON a.id = p.account_id"
    "   WHERE p.unit_id = u.id AND p.role = 'teacher' AND p.starts_on <= ? AND (p.ends_on IS NULL OR p.ends_on >= ?)"
    " ) AS teacher"
    " FROM org_unit u WHERE u.school_id = ? AND u.level = 'class' AND u.closed_on IS NULL AND ";

static const char sql_classes_order[] =
    " ORDER BY FIELD(u.stage, 'primary', 'junior'), u.entry_year DESC, u.class_no LIMIT 300";

/* The school of the query, or the only one the caller works in. */
static bx_rc
school_asked(bx_call *c, bx_id *school)
{
    const char  *s = bx_call_query_arg(c, "school_id");

    *school = bx_id_parse(s);
    if (*school != 0) {
        return BX_OK;
    }
    if (s != NULL && *s != '\0') {
        return bx_refuse(c, BX_E_INVALID, "school_id", "filter", NULL);
    }

    for (unsigned i = 0; i < c->who->ngrants; i++) {
        bx_id  of = c->who->grants[i].school;

        if (c->who->grants[i].level == BX_LEVEL_CHILDREN || of == *school) {
            continue;
        }
        if (*school != 0 || of == 0) {
            return bx_refuse(c, BX_E_INVALID, "school_id", "required", NULL);
        }
        *school = of;
    }

    return *school != 0 ? BX_OK : bx_refuse(c, BX_E_INVALID, "school_id", "required", NULL);
}

/* Does ?with=term,seats,guardians name the word? */
static bool
with(bx_call *c, const char *word)
{
    const char  *list = bx_call_query_arg(c, "with");
    size_t       n = strlen(word);

    for (const char *p = list != NULL ? list : ""; *p != '\0'; p += strcspn(p, ","), p += *p == ',') {
        if (strcspn(p, ",") == n && strncmp(p, word, n) == 0) {
            return true;
        }
    }

    return false;
}

/* term: the one that holds today; null in vacations and without classes. */
static bx_rc
add_term(bx_call *c, json_t *answer, const bx_rows *rows)
{
    const bx_calendar  *cal;
    bx_date             today = bx_date_of(c->now), starts, ends;
    json_t             *term = json_null();

    if (rows->nrows > 0) {
        if (bx_calendar_load(c, bx_cell_int(rows, 0, 0), today, today, &cal) != BX_OK) {
            return BX_FAIL;
        }
        if (bx_calendar_term(cal, today, &starts, &ends)) {
            term = json_pack("{s:s, s:s}", "starts_on", bx_date_text(c->arena, starts), "ends_on", bx_date_text(c->arena, ends));
        }
    }

    json_object_set_new(answer, "term", term);
    return BX_OK;
}

static const char sql_seats[] =
    "SELECT t.id, t.name, t.seat_no FROM student t WHERE t.class_id = ? AND t.status IN ('01', '05') AND ";

/* seats: the children of each class, of as many classes as a person teaches; more classes go without. */
static bx_rc
add_seats(bx_call *c, json_t *items, const bx_rows *rows)
{
    for (size_t i = 0; i < rows->nrows && rows->nrows <= MAX_OWN_CLASSES; i++) {
        bx_buf    sql;
        bx_rows   found;
        bx_value  args[48] = { bx_int(bx_cell_int(rows, i, 0)) };
        size_t    nargs = 1;
        json_t   *seats = json_array();

        json_object_set_new(json_array_get(items, i), "seats", seats);
        bx_buf_init(&sql, c->arena);
        bx_buf_str(&sql, sql_seats);
        if (bx_scope_where(c, BX_SCOPE_STUDENT, "t", "student.read", &sql, args, &nargs, 48) != BX_OK) {
            return BX_FAIL;
        }
        bx_buf_str(&sql, " ORDER BY t.seat_no IS NULL, t.seat_no, t.id LIMIT 200");
        if (sql.failed) {
            return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
        }
        if (bx_query(c, &found, sql.data, args, nargs) != BX_OK) {
            return BX_FAIL;
        }

        for (size_t k = 0; k < found.nrows; k++) {
            bool  has_no = bx_cell(&found, k, 2)->kind != BX_V_NULL;

            json_array_append_new(seats, json_pack("{s:o, s:s, s:o}", "id", bx_id_json(bx_cell_int(&found, k, 0)),
                "name", bx_cell_text(&found, k, 1),
                "seat_no", has_no ? json_integer(bx_cell_int(&found, k, 2)) : json_null()));
        }
    }

    return BX_OK;
}

static const char sql_activated[] =
    "SELECT s.class_id, COUNT(DISTINCT g.id), COUNT(DISTINCT CASE WHEN g.account_id IS NOT NULL THEN g.id END)"
    " FROM student s JOIN student_guardian sg ON sg.student_id = s.id AND sg.ends_on IS NULL"
    " JOIN guardian g ON g.id = sg.guardian_id"
    " WHERE s.school_id = ? AND s.status IN ('01', '05') GROUP BY s.class_id";

/* guardians, guardians_active: how many there are and how many of them have an account. */
static bx_rc
add_guardians(bx_call *c, json_t *items, const bx_rows *rows, bx_id school)
{
    bx_rows  found;

    if (bx_query(c, &found, sql_activated, BX_ARGS(bx_int(school))) != BX_OK) {
        return BX_FAIL;
    }

    for (size_t i = 0; i < rows->nrows; i++) {
        int64_t  all = 0, active = 0;

        for (size_t k = 0; k < found.nrows; k++) {
            if (bx_cell_int(&found, k, 0) == bx_cell_int(rows, i, 0)) {
                all = bx_cell_int(&found, k, 1);
                active = bx_cell_int(&found, k, 2);
            }
        }

        json_object_set_new(json_array_get(items, i), "guardians", json_integer(all));
        json_object_set_new(json_array_get(items, i), "guardians_active", json_integer(active));
    }

    return BX_OK;
}

static bx_rc
classes(bx_call *c)
{
    bx_buf       sql;
    bx_rows      rows;
    bx_value     args[64];
    size_t       nargs = 0;
    bx_id        school;
    json_t      *items, *answer;
    const char  *today = bx_date_text(c->arena, bx_date_of(c->now));

    if (school_asked(c, &school) != BX_OK) {
        return BX_FAIL;
    }

    args[nargs++] = bx_text(today);
    args[nargs++] = bx_text(today);
    args[nargs++] = bx_int(school);

    bx_buf_init(&sql, c->arena);
    bx_buf_str(&sql, sql_classes);
    if (bx_scope_where(c, BX_SCOPE_UNIT, "u", "unit.read", &sql, args, &nargs, 64) != BX_OK) {
        return BX_FAIL;
    }
    bx_buf_str(&sql, sql_classes_order);

    if (sql.failed) {
        return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
    }
    if (bx_query(c, &rows, sql.data, args, nargs) != BX_OK) {
        return BX_FAIL;
    }

    items = json_array();
    answer = bx_own(c->arena, json_pack("{s:o}", "items", items));
    for (size_t i = 0; i < rows.nrows; i++) {
        json_array_append_new(items, json_pack("{s:o, s:s, s:s?, s:I, s:I, s:o, s:I, s:s?}",
            "id", bx_id_json(bx_cell_int(&rows, i, 0)), "name", class_name(c, &rows, i, 1),
            "stage", bx_cell_text(&rows, i, 2), "entry_year", bx_cell_int(&rows, i, 3),
            "class_no", bx_cell_int(&rows, i, 4), "parent_id", bx_id_json(bx_cell_int(&rows, i, 5)),
            "students", bx_cell_int(&rows, i, 6), "teacher", bx_cell_text(&rows, i, 7)));
    }

    if ((with(c, "term") && add_term(c, answer, &rows) != BX_OK)
        || (with(c, "seats") && bx_call_can(c, "student.read") && add_seats(c, items, &rows) != BX_OK)
        || (with(c, "guardians") && bx_call_can(c, "student.contacts") && add_guardians(c, items, &rows, school) != BX_OK))
    {
        return BX_FAIL;
    }

    return bx_answer(c, 200, json_incref(answer));
}

/* ---- GET my-children */

typedef struct {
    bx_id        id, class_id;
    json_t      *json;                        /* borrowed from the list */
    json_t      *leave;                       /* borrowed from the page of leave requests; NULL: none */
    bool         away;                        /* excused today */
} child;

static const char sql_children[] =
    "SELECT DISTINCT s.id, s.name, s.class_id, u.name AS unit, u.stage, u.entry_year, u.class_no,"
    " s.school_id, sch.name AS school, s.birth_on"
    " FROM guardian g JOIN student_guardian sg ON sg.guardian_id = g.id AND sg.ends_on IS NULL"
    " JOIN student s ON s.id = sg.student_id"
    " JOIN org_unit u ON u.id = s.class_id JOIN org_unit sch ON sch.id = s.school_id"
    " WHERE g.account_id = ? ORDER BY s.birth_on, s.id LIMIT 16";

static const char sql_class_teachers[] =
    "SELECT DISTINCT p.unit_id, a.name, a.phone_sealed, a.id FROM position p JOIN account a ON a.id = p.account_id"
    " WHERE p.role = 'teacher' AND p.starts_on <= ? AND (p.ends_on IS NULL OR p.ends_on >= ?) AND p.unit_id IN"
    " (SELECT s.class_id FROM guardian g JOIN student_guardian sg ON sg.guardian_id = g.id AND sg.ends_on IS NULL"
    "   JOIN student s ON s.id = sg.student_id WHERE g.account_id = ?)"
    " ORDER BY p.unit_id, a.id";

/* A child who is not back comes first, then the leave that covers today or is the next to come. */
static const char sql_live_leave[] =
    " WHERE t.state IN ('submitted', 'provisional', 'approved', 'away', 'overdue')"
    " AND (t.ends_on >= ? OR t.state IN ('away', 'overdue')) AND t.student_id IN"
    " (SELECT sg.student_id FROM guardian g JOIN student_guardian sg ON sg.guardian_id = g.id AND sg.ends_on IS NULL"
    "   WHERE g.account_id = ?) AND ";

static const char sql_live_leave_order[] = " ORDER BY t.state <> 'overdue', t.starts_on, t.starts_period, t.id LIMIT 100";

static bx_rc
add_teachers(bx_call *c, child *children, size_t n)
{
    bx_rows      rows;
    const char  *today = bx_date_text(c->arena, bx_date_of(c->now));

    if (bx_query(c, &rows, sql_class_teachers,
                 BX_ARGS(bx_text(today), bx_text(today), bx_int(bx_call_account(c)))) != BX_OK)
    {
        return BX_FAIL;
    }

    for (size_t i = 0; i < rows.nrows; i++) {
        char  *phone = NULL;

        if (bx_cell(&rows, i, 2)->kind != BX_V_NULL) {
            (void) bx_unseal(c->arena, bx_cell(&rows, i, 2), &phone);
        }

        for (size_t k = 0; k < n; k++) {
            if (children[k].class_id == bx_cell_int(&rows, i, 0)) {
                json_array_append_new(json_object_get(children[k].json, "teachers"),
                                      json_pack("{s:s, s:s?}", "name", bx_cell_text(&rows, i, 1), "phone", phone));
            }
        }
    }

    return BX_OK;
}

static bool
excusing(const bx_record_def *def, const char *state)
{
    for (const bx_state *s = def->states; s != NULL && s->name != NULL; s++) {
        if (strcmp(s->name, state) == 0) {
            return (s->flags & BX_EXCUSING) != 0;
        }
    }

    return false;
}

/* Gives the leave to its child, the first one only; any that excuses today says where the child is. */
static void
take_leave(bx_call *c, const bx_record_def *def, child *children, size_t n, const bx_record *r, json_t *page)
{
    bx_date  today = bx_date_of(c->now);

    for (size_t k = 0; k < n; k++) {
        if (children[k].id != bx_rec_student(r)) {
            continue;
        }

        if (bx_rec_date(r, "starts_on") <= today && bx_rec_date(r, "ends_on") >= today && excusing(def, bx_rec_state(r))) {
            children[k].away = true;
        }
        if (children[k].leave == NULL) {
            children[k].leave = bx_record_json(c, r);
            json_array_append_new(page, children[k].leave);
        }
    }
}

static bx_rc
add_leave(bx_call *c, child *children, size_t n)
{
    const bx_record_def  *def = bx_record_find("leave-requests");
    bx_buf                sql;
    bx_rows               rows;
    bx_value              args[64];
    size_t                nargs = 0;
    bx_record             r;
    json_t               *page = bx_own(c->arena, json_array());

    if (def == NULL || !bx_session_can(c->who, def->read)) {
        return BX_OK;
    }

    bx_buf_init(&sql, c->arena);
    if (bx_record_select(c, def, &sql, args, &nargs, 40) != BX_OK) {
        return BX_FAIL;
    }

    bx_buf_str(&sql, sql_live_leave);
    args[nargs++] = bx_text(bx_date_text(c->arena, bx_date_of(c->now)));
    args[nargs++] = bx_int(bx_call_account(c));

    if (bx_record_where(c, def, def->read, &sql, args, &nargs, 64) != BX_OK) {
        return BX_FAIL;
    }
    bx_buf_str(&sql, sql_live_leave_order);

    if (sql.failed) {
        return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
    }
    if (bx_query(c, &rows, sql.data, args, nargs) != BX_OK) {
        return BX_FAIL;
    }

    for (size_t i = 0; i < rows.nrows; i++) {
        bx_record_from_row(c, def, &rows, i, &r);
        take_leave(c, def, children, n, &r, page);
    }

    return bx_record_dress(c, def, page, false);
}

static bx_rc
add_today(bx_call *c, child *ch)
{
    const bx_calendar  *cal;
    bx_date             today = bx_date_of(c->now);
    const char         *where;

    if (bx_calendar_load(c, ch->class_id, today, today, &cal) != BX_OK) {
        return BX_FAIL;
    }

    where = !bx_is_school_day(cal, today) ? "off" : ch->away ? "leave" : "school";
    json_object_set_new(ch->json, "today", json_string(where));
    json_object_set(ch->json, "leave", ch->leave != NULL ? ch->leave : json_null());
    return BX_OK;
}

/* Queries: children, class teachers, leave with what dresses it, and a calendar for each different class of theirs. */
static bx_rc
my_children(bx_call *c)
{
    child     children[MAX_CHILDREN] = { 0 };
    bx_rows   rows;
    json_t   *items = bx_own(c->arena, json_array());

    if (bx_query(c, &rows, sql_children, BX_ARGS(bx_int(bx_call_account(c)))) != BX_OK) {
        return BX_FAIL;
    }

    for (size_t i = 0; i < rows.nrows && i < MAX_CHILDREN; i++) {
        children[i].id = bx_cell_int(&rows, i, 0);
        children[i].class_id = bx_cell_int(&rows, i, 2);
        children[i].json = json_pack("{s:o, s:s, s:o, s:s, s:o, s:s, s:[]}",
            "id", bx_id_json(children[i].id), "name", bx_cell_text(&rows, i, 1),
            "class_id", bx_id_json(children[i].class_id), "class_name", class_name(c, &rows, i, 3),
            "school_id", bx_id_json(bx_cell_int(&rows, i, 7)), "school_name", bx_cell_text(&rows, i, 8), "teachers");
        json_array_append_new(items, children[i].json);
    }

    if (rows.nrows > 0
        && (add_teachers(c, children, rows.nrows) != BX_OK || add_leave(c, children, rows.nrows) != BX_OK))
    {
        return BX_FAIL;
    }

    for (size_t i = 0; i < rows.nrows && i < MAX_CHILDREN; i++) {
        if (add_today(c, &children[i]) != BX_OK) {
            return BX_FAIL;
        }
    }

    return bx_answer(c, 200, json_pack("{s:O}", "items", items));
}

/* ---- GET calendar */

/* One id in the caller's scope: a class as a unit, or the class of a student. 0 when there is none. */
static bx_rc
class_in_scope(bx_call *c, bx_scope scope, const char *select, bx_id id, bx_id *class_id)
{
    bx_buf    sql;
    bx_rows   rows;
    bx_value  args[48];
    size_t    nargs = 1;

    args[0] = bx_int(id);
    bx_buf_init(&sql, c->arena);
    bx_buf_str(&sql, select);

    if (bx_scope_where(c, scope, "t", "calendar.read", &sql, args, &nargs, 48) != BX_OK) {
        return BX_FAIL;
    }
    bx_buf_str(&sql, " LIMIT 1");

    if (sql.failed) {
        return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
    }
    if (bx_query(c, &rows, sql.data, args, nargs) != BX_OK) {
        return BX_FAIL;
    }

    *class_id = rows.nrows == 0 ? 0 : bx_cell_int(&rows, 0, 0);
    return BX_OK;
}

static bx_rc
class_asked(bx_call *c, bx_id *class_id)
{
    static const char  by_student[] = "SELECT t.class_id FROM student t WHERE t.id = ? AND ";
    static const char  by_class[] = "SELECT t.id FROM org_unit t WHERE t.id = ? AND t.level = 'class' AND ";
    static const char  by_classmate[] = "SELECT t.class_id FROM student t WHERE t.class_id = ? AND ";
    const char        *class_arg = bx_call_query_arg(c, "class_id"), *student_arg = bx_call_query_arg(c, "student_id");
    bx_id              id = bx_id_parse(class_arg != NULL ? class_arg : student_arg);
    bx_rc              rc;

    if (class_arg == NULL && student_arg == NULL) {
        return bx_refuse(c, BX_E_INVALID, "class_id", "required", NULL);
    }
    if (id == 0) {
        return bx_refuse(c, BX_E_INVALID, class_arg != NULL ? "class_id" : "student_id", "filter", NULL);
    }

    if (class_arg == NULL) {
        rc = class_in_scope(c, BX_SCOPE_STUDENT, by_student, id, class_id);
    } else {
        rc = class_in_scope(c, BX_SCOPE_UNIT, by_class, id, class_id);
        if (rc == BX_OK && *class_id == 0) {  /* a guardian: the class of an own child */
            rc = class_in_scope(c, BX_SCOPE_STUDENT, by_classmate, id, class_id);
        }
    }

    if (rc != BX_OK) {
        return BX_FAIL;
    }

    return *class_id != 0 ? BX_OK : bx_refuse(c, BX_E_NOT_FOUND, NULL, NULL, NULL);
}

static bx_rc
date_asked(bx_call *c, const char *name, bx_date otherwise, bx_date *out)
{
    const char  *s = bx_call_query_arg(c, name);

    *out = s == NULL || *s == '\0' ? otherwise : bx_date_parse(s);
    return *out != BX_NO_DATE ? BX_OK : bx_refuse(c, BX_E_INVALID, name, "not_date", NULL);
}

static bx_rc
calendar(bx_call *c)
{
    const bx_calendar  *cal;
    bx_id               class_id;
    bx_date             from, to;
    json_t             *j;

    if (date_asked(c, "from", bx_date_of(c->now), &from) != BX_OK || date_asked(c, "to", from + 13, &to) != BX_OK) {
        return BX_FAIL;
    }
    if (to < from) {
        return bx_refuse(c, BX_E_INVALID, "to", "calendar.backwards", NULL);
    }
    if (to - from >= MAX_CALENDAR_DAYS) {
        return bx_refuse(c, BX_E_INVALID, "to", "calendar.too_long", json_pack("{s:i}", "max", MAX_CALENDAR_DAYS));
    }

    if (class_asked(c, &class_id) != BX_OK || bx_calendar_load(c, class_id, from, to, &cal) != BX_OK) {
        return BX_FAIL;
    }

    j = bx_calendar_json(cal, from, to);
    return j != NULL ? bx_answer(c, 200, j) : bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
}

/* ---- POST students/{id}/reveal */

/* In the order of sql_reveal's columns. */
static const bx_code reveal_codes[] = {
    { "id_number" }, { "enrolment_no" }, { "phone" }, { "address" }, { "guardian_phone" }, { NULL }
};

static const bx_field reveal_fields[] = {
    { "field",       BX_CODE, BX_REQUIRED, 0,   0, "reveal_field", NULL, NULL, NULL },
    { "guardian_id", BX_TEXT, 0,           1,  19, NULL,           "[1-9][0-9]*", NULL, NULL },
    { "reason",      BX_TEXT, BX_REQUIRED, 2, 200, NULL,           NULL, NULL, NULL },
    { NULL }
};

static const char sql_reveal[] =
    "SELECT t.school_id, t.id_number, t.enrolment_no, t.phone, t.address,"
    " (SELECT g.phone FROM student_guardian sg JOIN guardian g ON g.id = sg.guardian_id"
    "   WHERE sg.student_id = t.id AND sg.guardian_id = ? AND sg.ends_on IS NULL) AS guardian_phone,"
    " (SELECT COUNT(*) FROM student_guardian sg WHERE sg.student_id = t.id AND sg.guardian_id = ? AND sg.ends_on IS NULL)"
    " AS has_guardian"
    " FROM student t WHERE t.id = ? AND ";

static bx_rc
reveal_read(bx_call *c, bx_id guardian, bx_rows *rows)
{
    bx_buf    sql;
    bx_value  args[48] = { bx_int(guardian), bx_int(guardian), bx_int(c->path_id) };
    size_t    nargs = 3;

    bx_buf_init(&sql, c->arena);
    bx_buf_str(&sql, sql_reveal);

    if (bx_scope_where(c, BX_SCOPE_STUDENT, "t", "student.reveal", &sql, args, &nargs, 48) != BX_OK) {
        return BX_FAIL;
    }
    if (sql.failed) {
        return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
    }
    if (bx_query(c, rows, sql.data, args, nargs) != BX_OK) {
        return BX_FAIL;
    }

    return rows->nrows == 1 ? BX_OK : bx_refuse(c, BX_E_NOT_FOUND, NULL, NULL, NULL);
}

/* Columns of sql_reveal; those in between are named as the request's field. */
enum { R_SCHOOL, R_FIRST, R_GUARDIAN_PHONE = 5, R_HAS_GUARDIAN };

/* The answer is never stored: a repeated request reads again and leaves a line again. */
static bx_rc
reveal(bx_call *c)
{
    const char   *field = json_string_value(json_object_get(c->body, "field"));
    const char   *guardian_id = json_string_value(json_object_get(c->body, "guardian_id"));
    const char   *reason = bx_trim(c->arena, json_string_value(json_object_get(c->body, "reason")));
    bx_id         guardian = bx_id_parse(guardian_id);
    bx_rows       rows;
    size_t        col = R_FIRST;
    char         *value = NULL;
    json_t       *changes;

    while (col < R_GUARDIAN_PHONE && strcmp(reveal_codes[col - R_FIRST].code, field) != 0) {
        col++;
    }
    if (col == R_GUARDIAN_PHONE && guardian == 0) {
        return bx_refuse(c, BX_E_INVALID, "guardian_id", "required", NULL);
    }

    if (reveal_read(c, guardian, &rows) != BX_OK) {
        return BX_FAIL;
    }
    if (col == R_GUARDIAN_PHONE && bx_cell_int(&rows, 0, R_HAS_GUARDIAN) == 0) {
        return bx_refuse(c, BX_E_INVALID, "guardian_id", "not_in_list", NULL);
    }

    changes = bx_own(c->arena, json_pack("{s:s, s:s}", "field", field, "reason", reason));
    if (col == R_GUARDIAN_PHONE) {
        json_object_set_new(changes, "guardian_id", json_string(guardian_id));
    }

    /* first the line in the chain, then the number */
    if (bx_commit(c, bx_cell_int(&rows, 0, R_SCHOOL), "reveal", "students", c->path_id, changes) != BX_OK) {
        return BX_FAIL;
    }
    if (bx_cell(&rows, 0, col)->kind != BX_V_NULL && bx_unseal(c->arena, bx_cell(&rows, 0, col), &value) != BX_OK) {
        return bx_refuse(c, BX_E_INTERNAL, NULL, NULL, NULL);
    }

    return bx_answer(c, 200, json_pack("{s:s?}", "value", value));
}

/* ---- code lists */

static const bx_code sex[] = { { "1" }, { "2" }, { NULL } };                            /* GB/T 2261.1 */
static const bx_code id_type[] = {                                                      /* national roster template */
    { "1" }, { "2" }, { "6" }, { "7" }, { "8" }, { "9" }, { "A" }, { "Z" }, { NULL }
};
static const bx_code left_behind[] = { { "0" }, { "1" }, { "2" }, { NULL } };           /* none, one parent, both away */
static const bx_code relation[] = {
    { "father" }, { "mother" }, { "grandfather" }, { "grandmother" }, { "other" }, { NULL }
};
static const bx_code disability[] = {                                                   /* GB/T 26341 and "none" */
    { "0" }, { "1" }, { "2" }, { "3" }, { "4" }, { "5" }, { "6" }, { "7" }, { "9" }, { NULL }
};
static const bx_code placement[] = { { "class" }, { "inclusive" }, { "home_delivery" }, { NULL } };
static const bx_code student_status[] = {                                               /* JY/T 1001 XSDQZT */
    { "01" }, { "02" }, { "03" }, { "04" }, { "05" }, { "06" }, { "07" }, { "08" }, { "09" }, { "10" }, { "11" },
    { "12" }, { "13" }, { "14" }, { "15" }, { NULL }
};
static const bx_code unit_level[] = {
    { "county" }, { "township" }, { "central_school" }, { "school" }, { "grade" }, { "class" }, { NULL }
};
static const bx_code stage[] = { { "primary" }, { "junior" }, { "nine" }, { NULL } };
static const bx_code ethnic[] = {                                                       /* GB/T 3304 */
    { "01" }, { "02" }, { "03" }, { "04" }, { "05" }, { "06" }, { "07" }, { "08" }, { "09" }, { "10" }, { "11" },
    { "12" }, { "13" }, { "14" }, { "15" }, { "16" }, { "17" }, { "18" }, { "19" }, { "20" }, { "21" }, { "22" },
    { "23" }, { "24" }, { "25" }, { "26" }, { "27" }, { "28" }, { "29" }, { "30" }, { "31" }, { "32" }, { "33" },
    { "34" }, { "35" }, { "36" }, { "37" }, { "38" }, { "39" }, { "40" }, { "41" }, { "42" }, { "43" }, { "44" },
    { "45" }, { "46" }, { "47" }, { "48" }, { "49" }, { "50" }, { "51" }, { "52" }, { "53" }, { "54" }, { "55" },
    { "56" }, { "97" }, { "98" }, { NULL }
};

static const bx_code_list codes[] = {
    { "sex", sex }, { "id_type", id_type }, { "left_behind", left_behind }, { "relation", relation },
    { "disability", disability }, { "placement", placement }, { "student_status", student_status },
    { "unit_level", unit_level }, { "stage", stage }, { "ethnic", ethnic }, { "reveal_field", reveal_codes },
    { NULL }
};

/* ---- tables */

static const bx_record_def records[] = {
    { .name = "students", .table = "student", .scope = BX_SCOPE_STUDENT, .fields = student_fields,
      .order = "t.class_id, t.seat_no, t.id", .read = "student.read", .decorate = student_decorate },
    { .name = "org-units", .table = "org_unit", .scope = BX_SCOPE_UNIT, .fields = unit_fields,
      .order = "t.id", .read = "unit.read", .decorate = unit_decorate },
    { NULL }
};

static const bx_route routes[] = {
    { "GET",  "classes",              "unit.read",      classes,     0, NULL, "classes of a school with their size and teacher" },
    { "GET",  "my-children",          "child.read",     my_children, 0, NULL, "a guardian's own children" },
    { "GET",  "calendar",             "calendar.read",  calendar,    0, NULL, "school days of a class" },
    { "POST", "students/{id}/reveal", "student.reveal", reveal,      BX_UNKEYED, reveal_fields,
      "one number in full, with a reason that is kept" },
    { NULL }
};

#define SEES  "student.read student.detail student.contacts unit.read calendar.read"

static const bx_grant grants[] = {
    { "county",    SEES },
    { "township",  SEES },
    { "principal", SEES },
    { "vice",      SEES },
    { "office",    SEES " student.reveal" },
    { "registrar", SEES " student.reveal" },
    { "grade",     SEES },
    { "teacher",   SEES " student.reveal" },
    { "subject",   "student.read unit.read calendar.read" },
    { "psych",     SEES },
    { "guardian",  "student.read student.detail calendar.read child.read" },
    { NULL }
};

static const bx_menu menu[] = {
    { "students", "#/students", "users", "student.read" },
    { NULL }
};

const bx_plugin bx_plugin_people = {
    .abi = BX_PLUGIN_ABI, .name = "people", .records = records, .routes = routes, .codes = codes, .grants = grants,
    .menu = menu
};
