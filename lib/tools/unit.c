/* unit.c: the organisation tree from the command line: county, townships, schools, grades, classes. */

#include "flow/classname.h"
#include "tools/tools.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>


/* county, township, central_school, school */
static int
unit_add_above(ctl *x, const char *level, const char *name, const ctl_unit *parent)
{
    bx_place        p = { .level = level, .name = name, .code = ctl_get(x, "--code"), .parent = parent };
    const char  *stage = ctl_get(x, "--stage");

    if (!bx_unit_code_ok(level, p.code)) {
        return ctl_fail(x, strcmp(level, "school") == 0 ? "a school wants --code with the 10 digits of its 学校标识码"
                                                        : "a %s wants --code with its division code (6, 9 or 12 digits)", level);
    }
    if (strcmp(level, "school") == 0) {
        if (!bx_stage_ok(stage)) {
            return ctl_fail(x, "a school wants --stage primary, junior or nine");
        }
        p.stage = stage;
    }
    if (bx_place_queue(x->call, &p) != BX_OK
        || bx_commit(x->call, p.school != 0 ? p.school : p.id, "create", "org-units", p.id,
                     bx_own(x->arena, json_pack("{s:s, s:s}", "level", level, "name", name))) != BX_OK)
    {
        return x->call->problem.code == BX_E_CONFLICT ? ctl_fail(x, "there is a unit with code \"%s\" already", p.code)
                                                      : ctl_refused(x);
    }

    return ctl_done(x, json_pack("{s:o, s:s, s:s, s:s}", "id", bx_id_json(p.id), "level", level, "name", name,
                                 "code", p.code), "%s \"%s\" has id %" PRId64, level, name, p.id);
}


/* A class by its name, with the grade above it when that is not there. */
static int
unit_add_class(ctl *x, const char *text, const ctl_unit *school)
{
    bx_class_name   name;
    bx_place           p;
    bool            made;
    bx_class_fault  fault = bx_classname_parse(text, bx_school_year(ctl_today(x)), school->stage, &name);

    if (fault != BX_CLASS_OK) {
        return ctl_fail(x, "\"%s\" names no class of \"%s\": %s", text, school->name, bx_class_fault_name(fault));
    }
    if (bx_place_class(x->call, school, name.stage, name.entry_year, name.class_no, &p, &made) != BX_OK) {
        return ctl_refused(x);
    }
    if (!made) {
        return ctl_fail(x, "\"%s\" has class \"%s\" already", school->name, text);
    }
    if (bx_commit(x->call, school->id, "create", "org-units", p.id,
                  bx_own(x->arena, json_pack("{s:s, s:s}", "level", "class", "name", p.name))) != BX_OK)
    {
        return ctl_refused(x);
    }

    return ctl_done(x, json_pack("{s:o, s:s, s:s}", "id", bx_id_json(p.id), "level", "class", "name", p.name),
                    "class \"%s\" has id %" PRId64, p.name, p.id);
}


static int
unit_add(ctl *x)
{
    ctl_unit     parent = { 0 };
    const char  *level = x->operands[0], *name = x->operands[1], *above = ctl_get(x, "--parent");
    const char  *parents = bx_level_parents(level);

    if (parents == NULL || strcmp(level, "grade") == 0) {
        return ctl_fail(x, "a unit is a county, township, central_school, school or class; grades come with their classes");
    }
    if (parents[0] == '\0' && above != NULL) {
        return ctl_fail(x, "a county has no --parent: it is the root");
    }
    if (parents[0] != '\0' && above == NULL) {
        return ctl_fail(x, "a %s wants --parent with the code of the unit above it", level);
    }
    if (above != NULL && !ctl_unit_find(x, above, &parent)) {
        return CTL_FAILED;
    }
    if (strcmp(level, "class") == 0) {
        return strcmp(parent.level, "school") == 0 ? unit_add_class(x, name, &parent)
                                                   : ctl_fail(x, "a class lies in a school, \"%s\" is a %s",
                                                                      parent.name, parent.level);
    }
    if (above != NULL && !bx_word_in(parents, parent.level)) {
        return ctl_fail(x, "a %s cannot lie under a %s", level, parent.level);
    }

    if (above == NULL) {
        json_t  *roots = ctl_query(x, "SELECT id FROM org_unit WHERE parent_id IS NULL", BX_NO_ARGS);
        size_t   n = roots == NULL ? 1 : json_array_size(roots);

        json_decref(roots);
        if (n > 0) {
            return ctl_fail(x, "there is a root already: a database holds one county");
        }
    }

    return unit_add_above(x, level, name, above == NULL ? NULL : &parent);
}


static const char sql_list[] =
    "SELECT u.id AS id, u.parent_id AS parent_id, u.level AS level, u.code AS code, u.name AS name, u.stage AS stage,"
    " u.entry_year AS entry_year, u.class_no AS class_no"
    " FROM org_unit u WHERE u.path LIKE ? AND (? IS NULL OR u.level = ?) ORDER BY u.path";

static int
unit_list(ctl *x)
{
    ctl_unit     under = { .path = "" };
    const char  *level = ctl_get(x, "--level");

    if (ctl_has(x, "--under") && !ctl_unit_find(x, ctl_get(x, "--under"), &under)) {
        return CTL_FAILED;
    }

    return ctl_list(x, ctl_query(x, sql_list, BX_ARGS(bx_text(bx_sprintf(x->arena, "%s%%", under.path)), bx_text(level),
                                                       bx_text(level))), "level code name stage id");
}


static const ctl_option add_options[] = {
    { "--parent", "CODE", "unit above it" },
    { "--code", "DIGITS", "学校标识码 of a school (10 digits), division code of what is above" },
    { "--stage", "STAGE", "of a school: primary, junior or nine" },
    { NULL, NULL, NULL }
};

static const ctl_option list_options[] = {
    { "--under", "CODE", "only this unit and what lies under it" },
    { "--level", "LEVEL", "only county, township, central_school, school, grade or class" },
    { NULL, NULL, NULL }
};

const ctl_command ctl_unit_commands[] = {
    { "unit add", "LEVEL NAME", 2, 2, CTL_CALL, add_options, unit_add, "add a county, township, central_school, school or class" },
    { "unit list", "", 0, 0, CTL_CALL, list_options, unit_list, "list units" },
    { NULL, NULL, 0, 0, 0, NULL, NULL, NULL }
};
