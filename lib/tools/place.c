/* place.c: new rows of the organisation tree: where a unit lies is worked out here and nowhere else in the tools. */

#include "tools/place.h"

#include <inttypes.h>
#include <string.h>


static const char sql_insert[] =
    "INSERT INTO org_unit (id, parent_id, level, name, code, path, township_id, school_id, stage, entry_year, class_no, created_at)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

static bx_value
id_or_null(bx_id id)
{
    return id == 0 ? bx_null() : bx_int(id);
}


bx_rc
place_queue(bx_call *c, place *p)
{
    const ctl_unit *up = p->parent;

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


ctl_unit
place_unit(const place *p)
{
    return (ctl_unit) {
        .id = p->id, .parent = p->parent == NULL ? 0 : p->parent->id, .school = p->school, .township = p->township,
        .level = p->level, .name = p->name, .code = p->code, .path = p->path, .stage = p->stage
    };
}


static const char sql_found[] =
    "SELECT id, path, level FROM org_unit WHERE school_id = ? AND stage = ? AND entry_year = ?"
    " AND (level = 'grade' OR (level = 'class' AND class_no = ?))";

bx_rc
place_class(bx_call *c, const ctl_unit *school, const char *stage, int entry_year, int class_no, place *out, bool *made)
{
    place    grade = { .level = "grade", .name = bx_sprintf(c->arena, "%d级", entry_year), .stage = stage,
                       .entry_year = entry_year, .parent = school };
    bx_rows  rows;
    ctl_unit *up = bx_alloc(c->arena, sizeof(*up));

    *out = (place) { .level = "class", .name = bx_sprintf(c->arena, "%d级%d班", entry_year, class_no), .stage = stage,
                     .entry_year = entry_year, .class_no = class_no, .parent = up };
    *made = true;

    if (up == NULL) {
        return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
    }
    if (bx_query(c, &rows, sql_found, BX_ARGS(bx_int(school->id), bx_text(stage), bx_int(entry_year), bx_int(class_no))) != BX_OK) {
        return BX_FAIL;
    }

    for (size_t i = 0; i < rows.nrows; i++) {
        if (strcmp(bx_cell_text(&rows, i, 2), "class") == 0) {
            out->id = bx_cell_int(&rows, i, 0);
            *made = false;
        } else {
            grade.id = bx_cell_int(&rows, i, 0);
            grade.path = bx_cell_text(&rows, i, 1);
            grade.school = school->id;
            grade.township = school->township;
        }
    }
    if (!*made) {
        return BX_OK;
    }

    if (grade.id == 0 && place_queue(c, &grade) != BX_OK) {
        return BX_FAIL;
    }
    *up = place_unit(&grade);
    return place_queue(c, out);
}
