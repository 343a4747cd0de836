/*
 * sheet_xlsx.c: the first sheet with content of an .xlsx (ECMA-376), read as a stream: libzip gives the bytes, expat the
 * elements (sheet_xlsx_part.c). Names are compared without their prefix, because some programs write <x:row>.
 */
#include "flow/sheet_xlsx.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MAX_STRINGS  2000000u
#define MAX_STYLES   65536u


/* ------------------------------------------------------------------ workbook, styles, shared strings */

static void
start_workbook(void *ctx, const XML_Char *name, const XML_Char **atts)
{
    bx_xlsx_part  *p = ctx;
    bx_xlsx       *wb = p->wb;
    const char    *value;

    name = bx_xlsx_local_name(name);
    if (strcmp(name, "workbookPr") == 0) {
        value = bx_xlsx_attribute(atts, "date1904");
        wb->from_1904 = value != NULL && (strcmp(value, "1") == 0 || strcmp(value, "true") == 0);
        return;
    }

    if (strcmp(name, "sheet") == 0 && wb->nsheets < BX_XLSX_SHEETS) {
        value = bx_xlsx_attribute(atts, "id");                      /* r:id; sheetId is another name */
        if (value == NULL) {
            return;
        }
        wb->sheets[wb->nsheets].id = bx_strdup(wb->b->arena, value);
        value = bx_xlsx_attribute(atts, "state");
        wb->sheets[wb->nsheets].hidden = value != NULL && strcmp(value, "visible") != 0;
        if (wb->sheets[wb->nsheets].id == NULL) {
            bx_xlsx_stop(p, "import.internal", 0, 0);
            return;
        }
        wb->nsheets++;
    }
}


/* A format shows a date when it has a year or a day outside quotes, brackets and escapes: "yyyy年m月d日", not "[Red]0.00". */
static bool
is_date_format(const char *code)
{
    for (; *code; code++) {
        if (*code == '"' || *code == '[') {
            const char *end = strchr(code + 1, *code == '"' ? '"' : ']');

            if (end == NULL) {
                return false;
            }
            code = end;
        } else if (*code == '\\' || *code == '_' || *code == '*') {
            if (code[1] == '\0') {
                return false;
            }
            code++;
        } else if (*code == 'y' || *code == 'Y' || *code == 'd' || *code == 'D') {
            return true;
        } else if (*code == ';') {
            return false;
        }
    }

    return false;
}


/* Built-in formats that show a date, those of Chinese Excel included (ECMA-376 part 1, 18.8.30). */
static bool
is_date_number(const bx_xlsx *wb, unsigned id)
{
    for (unsigned i = 0; i < wb->nformats; i++) {
        if (wb->formats[i].id == id) {
            return wb->formats[i].date;
        }
    }

    return (id >= 14 && id <= 17) || id == 22 || (id >= 27 && id <= 31) || id == 36 || (id >= 50 && id <= 54)
           || id == 57 || id == 58;
}


static void
start_styles(void *ctx, const XML_Char *name, const XML_Char **atts)
{
    bx_xlsx_part  *p = ctx;
    bx_xlsx       *wb = p->wb;
    const char    *id = bx_xlsx_attribute(atts, "numFmtId"), *code;

    name = bx_xlsx_local_name(name);
    if (strcmp(name, "cellXfs") == 0) {
        p->cell_styles = true;
        return;
    }

    if (strcmp(name, "numFmt") == 0 && id != NULL && wb->nformats < sizeof(wb->formats) / sizeof(wb->formats[0])) {
        code = bx_xlsx_attribute(atts, "formatCode");
        wb->formats[wb->nformats].id = (unsigned) strtoul(id, NULL, 10);
        wb->formats[wb->nformats++].date = code != NULL && is_date_format(code);
        return;
    }

    if (strcmp(name, "xf") == 0 && p->cell_styles) {
        if (wb->date_styles == NULL) {
            wb->date_styles = bx_alloc(wb->b->arena, MAX_STYLES);
        }
        if (wb->date_styles == NULL || wb->nstyles == MAX_STYLES) {
            bx_xlsx_stop(p, wb->date_styles == NULL ? "import.internal" : "import.damaged", 0, 0);
            return;
        }
        wb->date_styles[wb->nstyles++] = id != NULL && is_date_number(wb, (unsigned) strtoul(id, NULL, 10));
    }
}


static void
end_styles(void *ctx, const XML_Char *name)
{
    bx_xlsx_part  *p = ctx;

    if (strcmp(bx_xlsx_local_name(name), "cellXfs") == 0) {
        p->cell_styles = false;
    }
}


/* _x000D_ is how the format writes a character that XML cannot hold; such characters are dropped. */
static size_t
unescape(char *s, size_t len)
{
    size_t  in = 0, out = 0;

    while (in < len) {
        if (len - in >= 7 && s[in] == '_' && s[in + 1] == 'x' && s[in + 6] == '_'
            && strspn(s + in + 2, "0123456789abcdefABCDEF") >= 4)
        {
            unsigned long ch = strtoul((char[]) { s[in + 2], s[in + 3], s[in + 4], s[in + 5], 0 }, NULL, 16);

            if (ch < 0x20 || ch == '_') {
                if (ch == '_' || ch == '\n' || ch == '\t') {
                    s[out++] = (char) ch;
                }
                in += 7;
                continue;
            }
        }
        s[out++] = s[in++];
    }

    s[out] = '\0';
    return out;
}


static void
start_string(void *ctx, const XML_Char *name, const XML_Char **atts)
{
    bx_xlsx_part  *p = ctx;

    (void) atts;
    name = bx_xlsx_local_name(name);
    if (strcmp(name, "si") == 0) {
        p->text.len = 0;
    } else if (strcmp(name, "t") == 0) {
        p->reading = true;
    } else if (strcmp(name, "rPh") == 0) {
        p->phonetic++;
    }
}


static void
add_string(bx_xlsx_part *p)
{
    bx_xlsx     *wb = p->wb;
    size_t       len = p->text.len ? unescape(p->text.data, p->text.len) : 0;
    const char  *text = len ? bx_strndup(wb->b->arena, p->text.data, len) : "";

    if (wb->nstrings == wb->strings_room) {
        size_t        room = wb->strings_room ? wb->strings_room * 2 : 1024;
        const char  **grown = room <= MAX_STRINGS ? bx_alloc(wb->b->arena, room * sizeof(*grown)) : NULL;

        if (grown == NULL) {
            bx_xlsx_stop(p, room > MAX_STRINGS ? "import.too_large" : "import.internal", 0, BX_SHEET_MAX_UNPACKED >> 20);
            return;
        }
        if (wb->nstrings) {
            memcpy(grown, wb->strings, wb->nstrings * sizeof(*grown));
        }
        wb->strings = grown;
        wb->strings_room = room;
    }

    wb->b->text += len;
    if (text == NULL || wb->b->text > BX_SHEET_MAX_TEXT) {
        bx_xlsx_stop(p, text == NULL ? "import.internal" : "import.too_large", 0, BX_SHEET_MAX_TEXT >> 20);
        return;
    }
    wb->strings[wb->nstrings++] = text;
}


static void
end_string(void *ctx, const XML_Char *name)
{
    bx_xlsx_part  *p = ctx;

    name = bx_xlsx_local_name(name);
    if (strcmp(name, "t") == 0) {
        p->reading = false;
    } else if (strcmp(name, "rPh") == 0 && p->phonetic) {
        p->phonetic--;
    } else if (strcmp(name, "si") == 0) {
        add_string(p);
    }
}


/* ------------------------------------------------------------------ cells */

/* "AB12" → column 27; false when it is no such reference. */
static bool
column_of(const char *ref, unsigned *col)
{
    unsigned  n = 0, letters = 0;

    for (; *ref >= 'A' && *ref <= 'Z' && letters < 4; ref++, letters++) {
        n = n * 26 + (unsigned) (*ref - 'A') + 1;
    }
    if (letters == 0 || letters > 3) {
        return false;
    }

    *col = n - 1;
    return true;
}


static void
start_cell(bx_xlsx_part *p, const XML_Char **atts)
{
    const char  *ref = bx_xlsx_attribute(atts, "r"), *type = bx_xlsx_attribute(atts, "t"), *style = bx_xlsx_attribute(atts, "s");
    unsigned     col = p->col;

    if (ref != NULL && (!column_of(ref, &col) || col < p->col)) {
        bx_xlsx_stop(p, "import.damaged", p->row, 0);
        return;
    }

    p->in_cell = true;
    p->col = col;
    p->text.len = 0;
    p->style = style ? (unsigned) strtoul(style, NULL, 10) : 0;
    p->type = 'n';
    if (type != NULL) {
        p->type = strcmp(type, "inlineStr") == 0 || strcmp(type, "str") == 0 ? 'i' : type[0];
    }
}


static void
start_sheet(void *ctx, const XML_Char *name, const XML_Char **atts)
{
    bx_xlsx_part   *p = ctx;
    const char     *number;
    unsigned long   row;

    name = bx_xlsx_local_name(name);
    if (strcmp(name, "row") == 0) {
        number = bx_xlsx_attribute(atts, "r");
        row = number ? strtoul(number, NULL, 10) : p->row + 1ul;
        if (row <= p->row || row > 1048576) {
            bx_xlsx_stop(p, "import.damaged", p->row, 0);
            return;
        }
        p->row = (unsigned) row;
        p->col = 0;
        p->in_row = true;
    } else if (strcmp(name, "c") == 0 && p->in_row) {
        start_cell(p, atts);
    } else if (p->in_cell && (strcmp(name, "v") == 0 || strcmp(name, "t") == 0)) {
        p->reading = true;
    } else if (strcmp(name, "rPh") == 0) {
        p->phonetic++;
    }
}


/* Days since 1899-12-30 (or 1904) as YYYY-MM-DD, with the time when there is one. NULL: not a day Excel knows. */
static const char *
serial_date(bx_xlsx_part *p, const char *text)
{
    char    *end;
    double   value = strtod(text, &end), whole = floor(value);
    int      minutes = (int) ((value - whole) * 1440 + 0.5);
    bx_date  day;
    char    *date;

    if (end == text || *end != '\0' || !(value >= 1 && value < 2958466)) {
        return NULL;
    }

    /* Excel counts a 29 February 1900 that never was */
    day = (bx_date) whole - 25569 + (p->wb->from_1904 ? 1462 : whole < 60 ? 1 : 0);
    date = bx_date_text(p->wb->b->arena, day);
    if (date == NULL || minutes == 0) {
        return date;
    }

    return bx_sprintf(p->wb->b->arena, "%s %02d:%02d", date, minutes / 60 % 24, minutes % 60);
}


static void
end_cell(bx_xlsx_part *p)
{
    bx_xlsx     *wb = p->wb;
    const char  *text = p->text.len ? p->text.data : "", *date;
    size_t       len = p->text.len;
    bool         keep = false;

    p->in_cell = false;
    if (len == 0) {
        p->col++;
        return;
    }

    if (p->type == 's') {
        char          *end;
        unsigned long  index = strtoul(text, &end, 10);

        if (end == text || index >= wb->nstrings) {
            bx_xlsx_stop(p, "import.damaged", p->row, 0);
            return;
        }
        text = wb->strings[index];
        len = strlen(text);
        keep = true;
    } else if (p->type == 'i') {
        len = unescape(p->text.data, len);
    } else if (p->type == 'b') {
        text = text[0] == '1' ? "TRUE" : "FALSE";
        len = strlen(text);
        keep = true;
    } else if (p->type == 'd' && len > 10 && text[10] == 'T') {
        len = 10;
    } else if (p->type == 'n' && p->style < wb->nstyles && wb->date_styles[p->style]) {
        date = serial_date(p, text);
        if (date != NULL) {
            text = date;
            len = strlen(text);
            keep = true;
        }
    }

    if (bx_sheet_put(wb->b, p->row, p->col, text, len, keep) != BX_OK) {
        XML_StopParser(p->xml, XML_FALSE);
    }
    p->col++;
}


static void
end_sheet(void *ctx, const XML_Char *name)
{
    bx_xlsx_part  *p = ctx;

    name = bx_xlsx_local_name(name);
    if (strcmp(name, "v") == 0 || strcmp(name, "t") == 0) {
        p->reading = false;
    } else if (strcmp(name, "rPh") == 0 && p->phonetic) {
        p->phonetic--;
    } else if (strcmp(name, "c") == 0 && p->in_cell) {
        end_cell(p);
    } else if (strcmp(name, "row") == 0 && p->in_row) {
        p->in_row = false;
        if (bx_sheet_end_row(p->wb->b, p->row) != BX_OK) {
            XML_StopParser(p->xml, XML_FALSE);
        }
    }
}


/* ------------------------------------------------------------------ the book */

static const bx_xlsx_relation *
find_relation(const bx_xlsx *wb, const char *id)
{
    for (unsigned i = 0; i < wb->nrelations; i++) {
        if (strcmp(wb->relations[i].id, id) == 0) {
            return &wb->relations[i];
        }
    }

    return NULL;
}


static const char *
find_workbook(bx_xlsx *wb)
{
    if (bx_xlsx_read_relations(wb, "") != BX_OK) {
        return NULL;
    }
    for (unsigned i = 0; i < wb->nrelations; i++) {
        if (wb->relations[i].document) {
            return bx_xlsx_resolve(wb, "", wb->relations[i].target);
        }
    }

    return "xl/workbook.xml";
}


static bx_rc
read_tables(bx_xlsx *wb, const char *book)
{
    bx_rc  rc = BX_OK;

    for (unsigned i = 0; i < wb->nrelations && rc == BX_OK; i++) {
        const bx_xlsx_relation *r = &wb->relations[i];

        if (r->strings && wb->nstrings == 0) {
            rc = bx_xlsx_read_part(wb, bx_xlsx_resolve(wb, book, r->target), true, start_string, end_string);
        } else if (r->styles && wb->nstyles == 0) {
            rc = bx_xlsx_read_part(wb, bx_xlsx_resolve(wb, book, r->target), true, start_styles, end_styles);
        }
    }

    return rc;
}


/* Sheets that are shown come first: hidden ones hold lists for the others' cells. */
static bx_rc
read_sheets(bx_xlsx *wb, const char *book)
{
    for (int hidden = 0; hidden < 2; hidden++) {
        for (unsigned i = 0; i < wb->nsheets; i++) {
            const bx_xlsx_relation *r = find_relation(wb, wb->sheets[i].id);

            if (wb->sheets[i].hidden != (hidden == 1) || (r != NULL && !r->worksheet)) {
                continue;
            }
            if (r == NULL) {
                return bx_sheet_fail(wb->b, "import.damaged", 0, 0);
            }
            if (bx_xlsx_read_part(wb, bx_xlsx_resolve(wb, book, r->target), false, start_sheet, end_sheet) != BX_OK) {
                return BX_FAIL;
            }
            if (wb->b->out->nrows > 0) {
                return BX_OK;
            }
        }
    }

    return BX_OK;
}


static bx_rc
read_book(bx_xlsx *wb)
{
    const char  *book = find_workbook(wb);

    if (book == NULL) {
        return BX_FAIL;
    }
    if (zip_name_locate(wb->zip, book, ZIP_FL_NOCASE) < 0) {    /* a .docx, an .ods, any other archive */
        return bx_sheet_fail(wb->b, "import.not_a_sheet", 0, 0);
    }
    if (bx_xlsx_read_part(wb, book, false, start_workbook, NULL) != BX_OK) {
        return BX_FAIL;
    }
    if (wb->nsheets == 0) {
        return bx_sheet_fail(wb->b, "import.not_a_sheet", 0, 0);
    }
    if (bx_xlsx_read_relations(wb, book) != BX_OK || read_tables(wb, book) != BX_OK) {
        return BX_FAIL;
    }

    return read_sheets(wb, book);
}


bx_rc
bx_sheet_read_xlsx(bx_sheet_builder *b, const void *data, size_t len)
{
    bx_xlsx       *wb = bx_alloc(b->arena, sizeof(*wb));
    zip_source_t  *source;
    bx_rc          rc;

    if (wb == NULL) {
        return bx_sheet_fail(b, "import.internal", 0, 0);
    }
    wb->b = b;

    source = zip_source_buffer_create(data, len, 0, NULL);
    if (source == NULL) {
        return bx_sheet_fail(b, "import.internal", 0, 0);
    }
    wb->zip = zip_open_from_source(source, ZIP_RDONLY, NULL);
    if (wb->zip == NULL) {
        zip_source_free(source);
        return bx_sheet_fail(b, "import.damaged", 0, 0);
    }

    rc = read_book(wb);
    zip_discard(wb->zip);                     /* frees the source too */
    return rc;
}
