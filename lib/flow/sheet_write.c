/*
 * sheet_write.c: tables as .xlsx (libxlsxwriter) and CSV.
 *
 * Rows go to an unlinked file as they come (libxlsxwriter's constant memory), the finished file to a memfd that the answer is sent
 * from, so that a table of any length costs about its own size once.
 */
#include "flow/sheet_write.h"
#include "core/core.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <xlsxwriter.h>

#define MAX_CELL    32000                     /* bytes; Excel allows 32,767 characters */
#define MAX_NAME    31                        /* characters of a sheet's name */
#define WIDTH       16.0                      /* of a column, in characters */

struct bx_sheet_writer {
    bx_arena        *arena;
    bx_sheet_format  format;
    int              fd;                      /* memfd of the finished file */
    FILE            *csv;
    lxw_workbook    *book;
    lxw_worksheet   *sheet;
    lxw_format      *heading, *text;
    lxw_row_t        row;
    void            *map;
    size_t           len;
};


static void
release(void *arg)
{
    bx_sheet_writer *w = arg;

    if (w->book != NULL) {
        lxw_workbook_free(w->book);
    }
    if (w->csv != NULL) {
        fclose(w->csv);
    }
    if (w->map != NULL) {
        munmap(w->map, w->len);
    }
    if (w->fd >= 0) {
        close(w->fd);
    }
    w->book = NULL;
    w->csv = NULL;
    w->map = NULL;
    w->fd = -1;
}


/* What a sheet may be called: no []:*?/\ and no apostrophe at its ends. */
static char *
sheet_name(bx_arena *a, const char *name)
{
    bx_buf  b;
    size_t  n = 0;

    bx_buf_init(&b, a);
    for (const char *p = name; *p != '\0' && n < MAX_NAME; n++) {
        size_t  len = 1;

        while (((unsigned char) p[len] & 0xc0) == 0x80) {
            len++;
        }
        if (strchr("[]:*?/\\'", *p) == NULL) {
            bx_buf_add(&b, p, len);
        }
        p += len;
    }

    return b.len == 0 ? bx_strdup(a, "1") : b.data;
}


static bx_rc
open_book(bx_sheet_writer *w, const char *name, bx_error *err)
{
    static lxw_workbook_options  plain = { .constant_memory = LXW_TRUE };
    lxw_workbook_options         options = plain;
    const char                  *file = bx_sprintf(w->arena, "/proc/self/fd/%d", w->fd);

    w->book = file == NULL ? NULL : workbook_new_opt(file, &options);
    w->sheet = w->book == NULL ? NULL : workbook_add_worksheet(w->book, sheet_name(w->arena, name));
    if (w->sheet == NULL) {
        return bx_error_set(err, BX_E_INTERNAL, "cannot begin a workbook: no room for its temporary file");
    }

    w->heading = workbook_add_format(w->book);
    w->text = workbook_add_format(w->book);
    if (w->heading == NULL || w->text == NULL) {
        return bx_error_set(err, BX_E_MEMORY, "out of memory for a workbook");
    }

    format_set_bold(w->heading);
    format_set_bg_color(w->heading, 0xE0EDE6);
    format_set_num_format(w->heading, "@");
    format_set_num_format(w->text, "@");      /* what is typed into the column later stays text, too */
    worksheet_set_column(w->sheet, 0, LXW_COL_MAX - 1, WIDTH, w->text);
    worksheet_freeze_panes(w->sheet, 1, 0);
    return BX_OK;
}


static bx_rc
open_csv(bx_sheet_writer *w, bx_error *err)
{
    int  fd = dup(w->fd);

    w->csv = fd < 0 ? NULL : fdopen(fd, "w");
    if (w->csv == NULL) {
        if (fd >= 0) {
            close(fd);
        }
        return bx_error_set(err, BX_E_INTERNAL, "cannot write a file in memory: %s", strerror(errno));
    }

    fputs("\xef\xbb\xbf", w->csv);            /* or Excel takes it for GBK */
    return BX_OK;
}


bx_sheet_writer *
bx_sheet_open(bx_arena *a, bx_sheet_format format, const char *name, bx_error *err)
{
    bx_sheet_writer *w = bx_alloc(a, sizeof(*w));

    if (w == NULL) {
        bx_error_set(err, BX_E_MEMORY, "out of memory");
        return NULL;
    }

    w->arena = a;
    w->format = format;
    w->fd = memfd_create("baoxue", MFD_CLOEXEC);
    if (w->fd < 0) {
        bx_error_set(err, BX_E_INTERNAL, "memfd_create: %s", strerror(errno));
        return NULL;
    }
    if (bx_arena_defer(a, release, w) != BX_OK) {
        bx_error_set(err, BX_E_MEMORY, "out of memory");
        return NULL;
    }

    return (format == BX_SHEET_XLSX ? open_book(w, name, err) : open_csv(w, err)) == BX_OK ? w : NULL;
}


/* Whole characters of at most MAX_CELL bytes, without what XML 1.0 cannot hold. */
static char *
cell_text(bx_arena *a, const char *s)
{
    size_t  n = strlen(s), k = 0;
    char   *out;

    if (n > MAX_CELL) {
        for (n = MAX_CELL; n > 0 && ((unsigned char) s[n] & 0xc0) == 0x80; n--) { /* void */ }
    }

    out = bx_alloc(a, n + 1);
    for (size_t i = 0; out != NULL && i < n; i++) {
        if ((unsigned char) s[i] >= ' ' || s[i] == '\n' || s[i] == '\t') {
            out[k++] = s[i];
        }
    }

    return out;
}


static bx_rc
write_book(bx_sheet_writer *w, bx_arena *a, const char *const *cells, size_t ncells, bx_error *err)
{
    for (size_t i = 0; i < ncells; i++) {
        const char *text = cells[i] == NULL || *cells[i] == '\0' ? NULL : cell_text(a, cells[i]);

        if (text != NULL && worksheet_write_string(w->sheet, w->row, (lxw_col_t) i, text,
                                                   w->row == 0 ? w->heading : w->text) != LXW_NO_ERROR)
        {
            return bx_error_set(err, BX_E_INTERNAL, "cannot write row %u of a workbook", w->row + 1);
        }
    }

    return BX_OK;
}


static void
write_csv(bx_sheet_writer *w, const char *const *cells, size_t ncells)
{
    for (size_t i = 0; i < ncells; i++) {
        const char *s = cells[i] == NULL ? "" : cells[i];

        fputs(i == 0 ? "\"" : ",\"", w->csv);
        if (*s != '\0' && strchr("=+-@\t\r\n", *s) != NULL) {
            putc('\'', w->csv);
        }
        for (; *s != '\0'; s++) {
            if (*s == '"') {
                putc('"', w->csv);
            }
            putc(*s, w->csv);
        }
        putc('"', w->csv);
    }

    fputs("\r\n", w->csv);
}


bx_rc
bx_sheet_write(bx_sheet_writer *w, const char *const *cells, size_t ncells, bx_error *err)
{
    bx_arena *a;
    bx_rc     rc;

    if (w->format == BX_SHEET_CSV) {
        write_csv(w, cells, ncells);
        w->row++;
        return ferror(w->csv) ? bx_error_set(err, BX_E_INTERNAL, "cannot write a file in memory: %s", strerror(errno)) : BX_OK;
    }

    a = bx_arena_create(4096);
    rc = a == NULL ? bx_error_set(err, BX_E_MEMORY, "out of memory") : write_book(w, a, cells, ncells, err);
    bx_arena_destroy(a);
    w->row++;
    return rc;
}


bx_rc
bx_sheet_close(bx_sheet_writer *w, const void **data, size_t *len, bx_error *err)
{
    struct stat  st;
    lxw_error    rc = LXW_NO_ERROR;
    bool         failed;

    if (w->book != NULL) {
        rc = workbook_close(w->book);         /* frees it, whatever comes */
        w->book = NULL;
        failed = rc != LXW_NO_ERROR;
    } else {
        failed = fclose(w->csv) != 0;
        w->csv = NULL;
    }
    if (failed || fstat(w->fd, &st) != 0 || st.st_size == 0) {
        return bx_error_set(err, BX_E_INTERNAL, "cannot finish a table: %s", rc != LXW_NO_ERROR ? lxw_strerror(rc) : strerror(errno));
    }

    w->len = (size_t) st.st_size;
    w->map = mmap(NULL, w->len, PROT_READ, MAP_PRIVATE, w->fd, 0);
    if (w->map == MAP_FAILED) {
        w->map = NULL;
        return bx_error_set(err, BX_E_MEMORY, "mmap: %s", strerror(errno));
    }

    *data = w->map;
    *len = w->len;
    return BX_OK;
}


const char *
bx_sheet_media_type(bx_sheet_format format)
{
    return format == BX_SHEET_CSV ? "text/csv; charset=utf-8"
                                  : "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
}
