/* place.c: new rows of the organisation tree: where a unit lies and what may lie under it is worked out here and nowhere else.
 * Does not own who may make one. */

#include "flow/place.h"

#include <inttypes.h>
#include <string.h>


/* The first is the root. */
static const struct { const char *level, *parents; } levels[] = {
    { "county",         "" },
    { "township",       "county" },
    { "central_school", "township" },
    { "school",         "county township central_school" },
    { "grade",          "school" },
    { "class",          "grade" }
};


const char *
bx_level_parents(const char *level)
{
    for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
        if (strcmp(levels[i].level, level) == 0) {
            return levels[i].parents;
        }
    }

    return NULL;
}


bool
bx_unit_code_ok(const char *level, const char *code)
{
    size_t  n = code == NULL ? 0 : strspn(code, "0123456789");

    if (code == NULL || code[n] != '\0') {
        return false;
    }

    return strcmp(level, "school") == 0 ? n == 10 : n == 6 || n == 9 || n == 10 || n == 12;
}


bool
bx_stage_ok(const char *stage)
{
    return stage != NULL && bx_word_in("primary junior nine", stage);
}


static const char sql_insert[] =
    "INSERT INTO org_unit (id, parent_id, level, name, code, path, township_id, school_id, stage, entry_year, class_no, created_at)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

static bx_value
id_or_null(bx_id id)
{
    return id == 0 ? bx_null() : bx_int(id);
}


bx_rc
bx_place_queue(bx_call *c, bx_place *p)
{
    const bx_unit *up = p->parent;

    p->id = bx_id_new();
    p->path = bx_sprintf(c->arena, "%s%" PRId64 "/", up == NULL ? "/" : up->path, p->id);
    p->township = strcmp(p->level, "township") == 0 ? p->id : up == NULL ? 0 : up->township;
    p->school = strcmp(p->level, "school") == 0 ? p->id : up == NULL ? 0 : up->school;

    return bx_queue(c, 1, sql_insert,
                    BX_ARGS(bx_int(p->id), up == NULL ? bx_null() : bx_int(up->id), bx_text(p->level), bx_text(p->name),
                            bx_text(p->code), bx_text(p->path), id_or_null(p->township), id_or_null(p->school),
                            bx_text(p->stage), id_or_null(p->entry_year), id_or_null(p->class_no),
                            bx_text(bx_time_sql(c->arena, c->now))));
}


bx_unit
bx_place_unit(const bx_place *p)
{
    return (bx_unit) {
        .id = p->id, .parent = p->parent == NULL ? 0 : p->parent->id, .school = p->school, .township = p->township,
        .level = p->level, .name = p->name, .code = p->code, .path = p->path, .stage = p->stage
    };
}


bx_rc
bx_place_grade(bx_call *c, const bx_unit *school, const char *stage, int entry_year, bx_unit *out)
{
    static const char  sql[] = "SELECT id, path FROM org_unit WHERE school_id = ? AND stage = ? AND entry_year = ? AND level = 'grade'";
    bx_place           grade = { .level = "grade", .name = bx_sprintf(c->arena, "%d级", entry_year), .stage = stage,
                                 .entry_year = entry_year, .parent = school };
    bx_rows            rows;

    if (bx_query(c, &rows, sql, BX_ARGS(bx_int(school->id), bx_text(stage), bx_int(entry_year))) != BX_OK) {
        return BX_FAIL;
    }

    if (rows.nrows > 0) {
        grade.id = bx_cell_int(&rows, 0, 0);
        grade.path = bx_cell_text(&rows, 0, 1);
        grade.school = school->id;
        grade.township = school->township;

    } else if (bx_place_queue(c, &grade) != BX_OK) {
        return BX_FAIL;
    }

    *out = bx_place_unit(&grade);
    return BX_OK;
}


bx_rc
bx_place_class_under(bx_call *c, const bx_unit *grade, const char *stage, int entry_year, int class_no, bx_place *out)
{
    *out = (bx_place) { .level = "class", .name = bx_sprintf(c->arena, "%d级%d班", entry_year, class_no), .stage = stage,
                        .entry_year = entry_year, .class_no = class_no, .parent = grade };

    return bx_place_queue(c, out);
}


bx_rc
bx_place_class(bx_call *c, const bx_unit *school, const char *stage, int entry_year, int class_no, bx_place *out, bool *made)
{
    static const char  sql[] =
        "SELECT id FROM org_unit WHERE school_id = ? AND stage = ? AND entry_year = ? AND level = 'class' AND class_no = ?";
    bx_rows            rows;
    bx_unit           *grade = bx_alloc(c->arena, sizeof(*grade));

    if (grade == NULL) {
        return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
    }
    if (bx_query(c, &rows, sql, BX_ARGS(bx_int(school->id), bx_text(stage), bx_int(entry_year), bx_int(class_no))) != BX_OK) {
        return BX_FAIL;
    }

    *made = rows.nrows == 0;
    if (!*made) {
        *out = (bx_place) { .level = "class", .stage = stage, .entry_year = entry_year, .class_no = class_no,
                            .name = bx_sprintf(c->arena, "%d级%d班", entry_year, class_no), .id = bx_cell_int(&rows, 0, 0) };
        return BX_OK;
    }

    return bx_place_grade(c, school, stage, entry_year, grade) == BX_OK
           ? bx_place_class_under(c, grade, stage, entry_year, class_no, out) : BX_FAIL;
}
