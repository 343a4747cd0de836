/* resolve.c: turns what people type (codes, class names, dates, files) into what the database and the library take. */

#include "flow/classname.h"
#include "tools/tools.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>


bx_date
ctl_today(const ctl *x)
{
    return bx_date_of(bx_call_now(x->call));
}


bool
ctl_date(ctl *x, const char *text, bx_date *out)
{
    *out = bx_date_parse(text);
    if (*out == BX_NO_DATE) {
        ctl_fail(x, "\"%s\" is no date: write it as 2026-09-01", text);
        return false;
    }

    return true;
}


const char *
ctl_first_line(ctl *x, const char *path)
{
    char   line[4096];
    FILE  *f = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
    bool   ok;

    if (f == NULL) {
        ctl_fail(x, "\"%s\": %s", path, strerror(errno));
        return NULL;
    }

    ok = fgets(line, sizeof(line), f) != NULL;
    if (f != stdin) {
        fclose(f);
    }
    if (!ok) {
        ctl_fail(x, "\"%s\" is empty", path);
        return NULL;
    }

    line[strcspn(line, "\r\n")] = '\0';
    return bx_strdup(x->arena, line);
}


static const char sql_unit[] =
    "SELECT id, parent_id, school_id, township_id, level, name, code, path, stage FROM org_unit WHERE ";

static bool
unit_read(ctl *x, const char *where, const bx_value *args, size_t nargs, ctl_unit *out)
{
    bx_rows  rows;

    if (bx_query(x->call, &rows, bx_sprintf(x->arena, "%s%s", sql_unit, where), args, nargs) != BX_OK) {
        ctl_refused(x);
        return false;
    }
    if (rows.nrows == 0) {
        return false;
    }

    *out = (ctl_unit) {
        bx_cell_int(&rows, 0, 0), bx_cell_int(&rows, 0, 1), bx_cell_int(&rows, 0, 2), bx_cell_int(&rows, 0, 3),
        bx_cell_text(&rows, 0, 4), bx_cell_text(&rows, 0, 5), bx_cell_text(&rows, 0, 6), bx_cell_text(&rows, 0, 7),
        bx_cell_text(&rows, 0, 8)
    };
    return true;
}


static bool
class_find(ctl *x, const ctl_unit *school, const char *text, ctl_unit *out)
{
    bx_class_name   name;
    bx_class_fault  fault = bx_classname_parse(text, bx_school_year(ctl_today(x)), school->stage, &name);

    if (fault != BX_CLASS_OK) {
        ctl_fail(x, "\"%s\" names no class of \"%s\": %s", text, school->name, bx_class_fault_name(fault));
        return false;
    }
    if (!unit_read(x, "level = 'class' AND school_id = ? AND stage = ? AND entry_year = ? AND class_no = ?",
                   BX_ARGS(bx_int(school->id), bx_text(name.stage), bx_int(name.entry_year), bx_int(name.class_no)), out))
    {
        ctl_fail(x, "\"%s\" has no class \"%s\"", school->name, text);
        return false;
    }

    return true;
}


bool
ctl_unit_find(ctl *x, const char *text, ctl_unit *out)
{
    const char *slash = strchr(text, '/');
    const char *code = slash == NULL ? text : bx_strndup(x->arena, text, (size_t) (slash - text));

    if (!unit_read(x, "code = ?", BX_ARGS(bx_text(code)), out)
        && !unit_read(x, "id = ?", BX_ARGS(bx_int(bx_id_parse(code))), out))
    {
        ctl_fail(x, "there is no unit with code or id \"%s\"; baoxuectl unit list shows them", code);
        return false;
    }
    if (slash == NULL) {
        return true;
    }
    if (strcmp(out->level, "school") != 0) {
        ctl_fail(x, "\"%s\" is no school: a class is written CODE-OF-SCHOOL/CLASS", out->name);
        return false;
    }

    ctl_unit  school = *out;

    return class_find(x, &school, slash + 1, out);
}
