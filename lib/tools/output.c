/* output.c: how baoxuectl says what happened: JSON for programs, sentences and tables for people. */

#include "tools/tools.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>


static void
complain(const char *fmt, va_list args)
{
    fputs("baoxuectl: ", stderr);
    vfprintf(stderr, fmt, args);
    fputc('\n', stderr);
}


int
ctl_fail(ctl *x, const char *fmt, ...)
{
    va_list  args;

    (void) x;
    va_start(args, fmt);
    complain(fmt, args);
    va_end(args);
    return CTL_FAILED;
}


int
ctl_misuse(ctl *x, const char *fmt, ...)
{
    va_list  args;

    va_start(args, fmt);
    complain(fmt, args);
    va_end(args);
    fprintf(stderr, "Try: baoxuectl help %s\n", x->command == NULL ? "" : x->command->words);
    return CTL_USAGE;
}


int
ctl_refused(ctl *x)
{
    return ctl_fail(x, "%s", bx_call_why(x->call));
}


int
ctl_done(ctl *x, json_t *result, const char *fmt, ...)
{
    va_list  args;

    if (x->json) {
        json_dumpf(result, stdout, JSON_INDENT(2));
        putchar('\n');
    } else {
        va_start(args, fmt);
        vprintf(fmt, args);
        va_end(args);
        putchar('\n');
    }

    json_decref(result);
    return CTL_OK;
}


/* Columns a terminal needs: Chinese characters take two. */
static size_t
width(const char *s)
{
    size_t  n = 0;

    for (const unsigned char *p = (const unsigned char *) s; *p != '\0'; p++) {
        if ((*p & 0xc0) != 0x80) {
            n += *p >= 0xe2 ? 2 : 1;
        }
    }

    return n;
}


static const char *
cell_text(ctl *x, const json_t *v)
{
    switch (json_typeof(v)) {
    case JSON_STRING:
        return json_string_value(v);
    case JSON_INTEGER:
        return bx_sprintf(x->arena, "%" PRId64, (int64_t) json_integer_value(v));
    case JSON_TRUE:
        return "yes";
    case JSON_FALSE:
        return "no";
    default:
        return "-";
    }
}


#define MAX_COLUMNS  16

typedef struct { size_t n; const char *name[MAX_COLUMNS]; size_t width[MAX_COLUMNS]; } table;

static void
print_row(const table *t, const char *const *cells)
{
    for (size_t i = 0; i < t->n; i++) {
        fputs(cells[i], stdout);
        if (i + 1 < t->n) {
            printf("%*s", (int) (t->width[i] + 2 - width(cells[i])), "");
        }
    }
    putchar('\n');
}


static void
print_table(ctl *x, const json_t *items, const char *columns)
{
    table    t = { 0 };
    json_t  *row;
    size_t   i;
    char    *rest, *word, *copy = bx_strdup(x->arena, columns);
    const char *cells[MAX_COLUMNS];

    for (word = strtok_r(copy, " ", &rest); word != NULL && t.n < MAX_COLUMNS; word = strtok_r(NULL, " ", &rest)) {
        t.width[t.n] = width(word);
        t.name[t.n++] = word;
    }

    json_array_foreach(items, i, row) {
        for (size_t k = 0; k < t.n; k++) {
            size_t  w = width(cell_text(x, json_object_get(row, t.name[k])));

            t.width[k] = w > t.width[k] ? w : t.width[k];
        }
    }

    print_row(&t, t.name);
    json_array_foreach(items, i, row) {
        for (size_t k = 0; k < t.n; k++) {
            cells[k] = cell_text(x, json_object_get(row, t.name[k]));
        }
        print_row(&t, cells);
    }
}


int
ctl_list(ctl *x, json_t *items, const char *columns)
{
    if (items == NULL) {
        return ctl_refused(x);
    }

    if (x->json) {
        json_dumpf(items, stdout, JSON_INDENT(2));
        putchar('\n');
    } else {
        print_table(x, items, columns);
    }

    json_decref(items);
    return CTL_OK;
}


static json_t *
cell_json(const bx_rows *rows, size_t i, size_t k)
{
    const bx_value *v = bx_cell(rows, i, k);
    const char     *name = rows->names[k];
    size_t          n = strlen(name);

    switch (v->kind) {
    case BX_V_NULL:
        return json_null();
    case BX_V_INT:
        /* ids are strings, as everywhere */
        return strcmp(name, "id") == 0 || (n > 3 && strcmp(name + n - 3, "_id") == 0) ? bx_id_json(v->i)
                                                                                     : json_integer(v->i);
    default:
        return json_stringn(v->s, v->len);
    }
}


json_t *
ctl_query(ctl *x, const char *sql, const bx_value *args, size_t nargs)
{
    bx_rows  rows;
    json_t  *items;

    if (bx_query(x->call, &rows, sql, args, nargs) != BX_OK) {
        return NULL;
    }

    items = json_array();
    for (size_t i = 0; i < rows.nrows; i++) {
        json_t *o = json_object();

        for (size_t k = 0; k < rows.ncols; k++) {
            json_object_set_new(o, rows.names[k], cell_json(&rows, i, k));
        }
        json_array_append_new(items, o);
    }

    return items;
}
