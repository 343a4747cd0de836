/* roster.c: import and slips: a school's roster from the command line, and the codes its guardians come in with. */

#include "flow/roster.h"
#include "tools/tools.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_FILE  (64 * 1024 * 1024)


static int
school_find(ctl *x, ctl_unit *out)
{
    const char *code = ctl_get(x, "--school");

    if (code == NULL) {
        return ctl_misuse(x, "which school? give --school with its code");
    }
    if (!ctl_unit_find(x, code, out)) {
        return CTL_FAILED;
    }

    return strcmp(out->level, "school") == 0 ? CTL_OK : ctl_fail(x, "\"%s\" is a %s, not a school", out->name, out->level);
}


/* The whole file, mapped; NULL after printing why. */
static void *
file_map(ctl *x, const char *path, size_t *len)
{
    void        *data = MAP_FAILED;
    struct stat  st;
    int          fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0 || fstat(fd, &st) != 0) {
        ctl_fail(x, "\"%s\": %s", path, strerror(errno));
    } else if (!S_ISREG(st.st_mode) || st.st_size == 0 || st.st_size > MAX_FILE) {
        ctl_fail(x, "\"%s\" is empty, larger than 64 MiB, or no file", path);
    } else {
        *len = (size_t) st.st_size;
        data = mmap(NULL, *len, PROT_READ, MAP_PRIVATE, fd, 0);
        if (data == MAP_FAILED) {
            ctl_fail(x, "\"%s\": %s", path, strerror(errno));
        }
    }

    if (fd >= 0) {
        close(fd);
    }
    return data == MAP_FAILED ? NULL : data;
}


static json_t *
rejected_json(ctl *x, const bx_roster *r)
{
    json_t  *items = json_array();

    for (size_t i = 0; i < r->nrows; i++) {
        for (unsigned k = 0; k < r->rows[i].nfaults; k++) {
            const bx_roster_fault *f = &r->rows[i].faults[k];

            json_array_append_new(items, json_pack("{s:i, s:s?, s:s?, s:s, s:s}", "row", (int) r->rows[i].row,
                "column", bx_roster_heading_at(r, f->at), "value", f->value, "reason", f->reason,
                "message", bx_roster_message(x->arena, x->call->lang, f->reason, f->params)));
        }
    }

    return items;
}


static void
print_rejected(const json_t *rejected)
{
    json_t  *f;
    size_t   i;

    json_array_foreach(rejected, i, f) {
        const char *column = json_string_value(json_object_get(f, "column")), *value = json_string_value(json_object_get(f, "value"));

        printf("row %" PRId64 ", %s%s%s: %s\n", (int64_t) json_integer_value(json_object_get(f, "row")),
               column == NULL ? "the row" : column, value == NULL ? "" : " ", value == NULL ? "" : value,
               json_string_value(json_object_get(f, "message")));
    }
}


static int
import_report(ctl *x, const bx_roster_result *r)
{
    json_t *rejected = rejected_json(x, r->roster), *unknown = json_array();

    for (unsigned i = 0; i < r->nunknown; i++) {
        json_array_append_new(unknown, json_string(r->unknown[i]));
    }
    if (!x->json) {
        print_rejected(rejected);
    }

    return ctl_done(x, json_pack("{s:o, s:s, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:o, s:o}",
                                 "id", bx_id_json(r->id), "encoding", r->encoding, "rows", (int) r->rows,
                                 "added", (int) r->added, "changed", (int) r->changed, "unchanged", (int) r->unchanged,
                                 "rejected", (int) r->rejected, "classes", (int) r->classes, "guardians", (int) r->guardians,
                                 "columns_known", (int) r->columns_known, "columns_total", (int) r->columns_total,
                                 "unknown_columns", unknown, "rejections", rejected),
                    "%u rows (%s): %u added, %u changed, %u unchanged, %u rejected; %u new classes, %u new guardians",
                    r->rows, r->encoding, r->added, r->changed, r->unchanged, r->rejected, r->classes, r->guardians);
}


static int
import(ctl *x)
{
    int               rc;
    size_t            len;
    void             *data;
    ctl_unit          school;
    const char       *path = x->operands[0], *slash = strrchr(path, '/');
    bx_roster_result  result = { 0 };

    rc = school_find(x, &school);
    if (rc != CTL_OK) {
        return rc;
    }
    data = file_map(x, path, &len);
    if (data == NULL) {
        return CTL_FAILED;
    }

    rc = bx_roster_import(x->call, school.id, slash == NULL ? path : slash + 1, data, len, &result);
    rc = rc == BX_OK ? import_report(x, &result) : ctl_refused(x);
    munmap(data, len);
    return rc;
}


/* ---- slips */

static const char sql_slips[] =
    "SELECT g.name AS guardian, a.code AS code, DATE_FORMAT(a.expires_on, '%Y-%m-%d') AS expires_on,"
    " GROUP_CONCAT(DISTINCT s.name ORDER BY s.seat_no, s.id SEPARATOR '、') AS children"
    " FROM student s JOIN student_guardian l ON l.student_id = s.id AND l.ends_on IS NULL"
    " JOIN guardian g ON g.id = l.guardian_id"
    " JOIN activation a ON a.guardian_id = g.id AND a.used_at IS NULL AND a.expires_on >= ?"
    " WHERE s.class_id = ? GROUP BY a.id ORDER BY MIN(s.seat_no), g.id";

static int
slips(ctl *x)
{
    bx_rows   rows;
    ctl_unit  cls;
    json_t   *items;
    bx_value  today = bx_text(bx_date_text(x->arena, ctl_today(x)));

    if (!ctl_unit_find(x, x->operands[0], &cls)) {
        return CTL_FAILED;
    }
    if (strcmp(cls.level, "class") != 0) {
        return ctl_fail(x, "\"%s\" is a %s: name a class, as in 2152001234/三年级2班", cls.name, cls.level);
    }
    if (bx_query(x->call, &rows, sql_slips, BX_ARGS(today, bx_int(cls.id))) != BX_OK) {
        return ctl_refused(x);
    }

    items = bx_own(x->arena, json_array());
    for (size_t i = 0; i < rows.nrows; i++) {
        char *code;

        if (bx_unseal(x->arena, bx_cell(&rows, i, 1), &code) != BX_OK) {
            return ctl_fail(x, "a code cannot be read: is this the file of keys it was sealed with?");
        }
        json_array_append_new(items, json_pack("{s:s, s:s, s:s, s:s}", "children", bx_cell_text(&rows, i, 3),
                                               "guardian", bx_cell_text(&rows, i, 0), "code", code,
                                               "expires_on", bx_cell_text(&rows, i, 2)));
    }

    /* as in the portal, whoever prints codes is on record */
    if (bx_commit(x->call, cls.school, "print", "activation-slips", cls.id,
                  bx_own(x->arena, json_pack("{s:i}", "codes", (int) rows.nrows))) != BX_OK)
    {
        return ctl_refused(x);
    }

    return ctl_list(x, json_incref(items), "children guardian code expires_on");
}


static const ctl_option import_options[] = {
    { "--school", "CODE", "whose roster it is" },
    { NULL, NULL, NULL }
};

const ctl_command ctl_roster_commands[] = {
    { "import", "FILE", 1, 1, CTL_CALL, import_options, import, "read a roster (xlsx or CSV) into a school; may be repeated" },
    { "slips", "CODE-OF-SCHOOL/CLASS", 1, 1, CTL_CALL, NULL, slips, "print the activation codes of a class's guardians" },
    { NULL, NULL, 0, 0, 0, NULL, NULL, NULL }
};
