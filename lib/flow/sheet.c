/*
 * sheet.c: what kind of file it is, CSV in the encodings schools send, and the rows both readers build.
 * The .xlsx reader is sheet_xlsx.c.
 */
#include "flow/sheet.h"
#include "core/core.h"

#include <csv.h>
#include <iconv.h>
#include <string.h>

typedef struct {
    bx_sheet_builder *b;
    unsigned          row;                    /* of the record being read, from 1 */
    unsigned          col;
    int               ended_by;               /* what ended the record before */
    bool              failed, ending, open_quote;
} csv_state;


bx_rc
bx_sheet_fail(bx_sheet_builder *b, const char *reason, unsigned row, unsigned limit)
{
    if (b->fault->reason == NULL) {
        *b->fault = (bx_sheet_fault) { reason, row, limit };
    }

    return BX_FAIL;
}


/* Spaces, ideographic spaces and no-break spaces are as good as nothing. */
static bool
is_blank(const char *s, size_t len)
{
    size_t  i = 0;

    while (i < len) {
        if (s[i] == ' ' || s[i] == '\t' || s[i] == '\r' || s[i] == '\n') {
            i++;
        } else if (len - i >= 3 && memcmp(s + i, "\xe3\x80\x80", 3) == 0) {
            i += 3;
        } else if (len - i >= 2 && memcmp(s + i, "\xc2\xa0", 2) == 0) {
            i += 2;
        } else {
            return false;
        }
    }

    return true;
}


bx_rc
bx_sheet_put(bx_sheet_builder *b, unsigned row, unsigned col, const char *text, size_t len, bool keep)
{
    if (is_blank(text, len)) {
        return BX_OK;
    }
    if (col >= BX_SHEET_MAX_COLUMNS) {
        return bx_sheet_fail(b, "import.too_many_columns", row, BX_SHEET_MAX_COLUMNS);
    }
    if (len > BX_SHEET_MAX_CELL) {
        return bx_sheet_fail(b, "import.cell_too_long", row, BX_SHEET_MAX_CELL / 4);
    }

    if (!keep) {
        b->text += len;
        if (b->text > BX_SHEET_MAX_TEXT) {
            return bx_sheet_fail(b, "import.too_large", row, BX_SHEET_MAX_TEXT >> 20);
        }
        text = bx_strndup(b->arena, text, len);
        if (text == NULL) {
            return bx_sheet_fail(b, "import.internal", row, 0);
        }
    }

    while (b->ncells <= col) {
        b->cells[b->ncells++] = "";
    }
    b->cells[col] = text;
    return BX_OK;
}


static bx_rc
grow_rows(bx_sheet_builder *b)
{
    size_t         capacity = b->capacity ? b->capacity * 2 : 256;
    bx_sheet_row  *rows = bx_alloc(b->arena, capacity * sizeof(*rows));

    if (rows == NULL) {
        return bx_sheet_fail(b, "import.internal", 0, 0);
    }

    if (b->out->nrows) {
        memcpy(rows, b->out->rows, b->out->nrows * sizeof(*rows));
    }
    b->out->rows = rows;
    b->capacity = capacity;
    return BX_OK;
}


bx_rc
bx_sheet_end_row(bx_sheet_builder *b, unsigned row)
{
    bx_sheet_row  *r;

    if (b->ncells == 0) {
        return BX_OK;
    }
    if (b->out->nrows == BX_SHEET_MAX_ROWS) {
        return bx_sheet_fail(b, "import.too_many_rows", row, BX_SHEET_MAX_ROWS);
    }
    if (b->out->nrows == b->capacity && grow_rows(b) != BX_OK) {
        return BX_FAIL;
    }

    r = &b->out->rows[b->out->nrows];
    r->cells = bx_alloc(b->arena, b->ncells * sizeof(*r->cells));
    if (r->cells == NULL) {
        return bx_sheet_fail(b, "import.internal", row, 0);
    }

    memcpy(r->cells, b->cells, b->ncells * sizeof(*r->cells));
    r->row = row;
    r->ncells = b->ncells;
    b->out->nrows++;
    if (b->ncells > b->out->ncolumns) {
        b->out->ncolumns = b->ncells;
    }
    b->ncells = 0;
    return BX_OK;
}


/* ------------------------------------------------------------------ CSV */

static void
on_field(void *text, size_t len, void *ctx)
{
    csv_state   *st = ctx;
    const char  *s = text;

    if (st->failed) {
        return;
    }

    /* ="5204…" is how some programs keep Excel from making a number of it */
    if (len >= 3 && s[0] == '=' && s[1] == '"' && s[len - 1] == '"') {
        s += 2;
        len -= 3;
    }

    if (bx_sheet_put(st->b, st->row, st->col, s, len, false) != BX_OK) {
        st->failed = true;
    }
    st->col++;
}


/* The parser reports every line end (CSV_REPALL_NL), so that blank lines are numbered as the spreadsheet numbers them. */
static void
on_record(int terminator, void *ctx)
{
    csv_state  *st = ctx;
    bool        second_half = terminator == CSV_LF && st->ended_by == CSV_CR && st->col == 0;

    st->ended_by = terminator;
    if (st->failed || second_half) {
        return;
    }

    if (st->ending) {                         /* a line end was fed before: only an open quote swallows it */
        st->open_quote = true;
        return;
    }

    if (bx_sheet_end_row(st->b, st->row) != BX_OK) {
        st->failed = true;
    }
    st->row++;
    st->col = 0;
}


/* The delimiter that the first line holds most often outside quotes. */
static char
find_delimiter(const char *s, size_t len)
{
    static const char  known[] = ",\t;";
    size_t             counts[3] = { 0 }, best = 0;
    bool               quoted = false, content = false;

    for (size_t i = 0; i < len && !(content && !quoted && s[i] == '\n'); i++) {
        const char *at = strchr(known, s[i]);

        if (s[i] == '"') {
            quoted = !quoted;
        } else if (!quoted && s[i] != '\0' && at != NULL) {
            counts[at - known]++;
        }
        content = content || (s[i] != '\n' && s[i] != '\r');
    }

    for (size_t i = 1; i < 3; i++) {
        if (counts[i] > counts[best]) {
            best = i;
        }
    }

    return known[best];
}


static bool
feed(struct csv_parser *parser, csv_state *st, const char *s, size_t len)
{
    while (len > 0 && !st->failed) {
        size_t n = len < 65536 ? len : 65536;

        if (csv_parse(parser, s, n, on_field, on_record, st) != n) {
            bx_sheet_fail(st->b, "import.internal", st->row, 0);
            st->failed = true;
        }
        if (csv_get_buffer_size(parser) > 4 * BX_SHEET_MAX_CELL) {   /* a quote that is never closed */
            st->open_quote = true;
            return true;
        }
        s += n;
        len -= n;
    }

    return !st->failed;
}


static bx_rc
parse_csv(bx_sheet_builder *b, const char *s, size_t len)
{
    struct csv_parser  parser;
    csv_state          st = { b, 1, 0, 0, false, false, false };
    char               delimiter;

    /* Excel's own hint; it is row 1. Not any byte: half a character would leave cells that are no text. */
    if (len >= 5 && strncasecmp(s, "sep=", 4) == 0 && s[4] != '\0' && strchr(",;\t|:~^", s[4]) != NULL) {
        delimiter = s[4];
        s += 5;
        len -= 5;
    } else {
        delimiter = find_delimiter(s, len);
    }

    if (csv_init(&parser, CSV_REPALL_NL | CSV_APPEND_NULL) != 0) {
        return bx_sheet_fail(b, "import.internal", 0, 0);
    }
    csv_set_delim(&parser, (unsigned char) delimiter);

    if (feed(&parser, &st, s, len) && !st.open_quote && feed(&parser, &st, "\n", 1)) {
        st.ending = true;
        (void) csv_fini(&parser, on_field, on_record, &st);
    }
    csv_free(&parser);

    if (st.failed) {
        return BX_FAIL;
    }
    if (st.open_quote) {
        return bx_sheet_fail(b, "import.open_quote", st.row, 0);
    }

    return BX_OK;
}


/* Converts the whole text; false when a byte sequence does not belong to the encoding. */
static bool
convert(bx_sheet_builder *b, const char *from, const char *s, size_t len, char **out, size_t *out_len)
{
    size_t   room = len * 2 + 16, left;
    char    *in = (char *) (uintptr_t) s, *to;
    iconv_t  cd;
    bool     ok;

    *out = bx_alloc(b->arena, room);
    cd = iconv_open("UTF-8", from);
    if (*out == NULL || cd == (iconv_t) -1) {
        bx_sheet_fail(b, "import.internal", 0, 0);
        if (cd != (iconv_t) -1) {
            iconv_close(cd);
        }
        return false;
    }

    to = *out;
    left = room - 1;
    ok = iconv(cd, &in, &len, &to, &left) != (size_t) -1 && len == 0;
    iconv_close(cd);
    *out_len = room - 1 - left;
    return ok;
}


static bool
has_control(const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char ch = (unsigned char) s[i];

        if ((ch < 0x20 && ch != '\t' && ch != '\n' && ch != '\r') || ch == 0x7f) {
            return true;
        }
    }

    return false;
}


static bx_rc
read_csv(bx_sheet_builder *b, const char *s, size_t len)
{
    char   *text;
    size_t  n;

    if (len >= 2 && (memcmp(s, "\xff\xfe", 2) == 0 || memcmp(s, "\xfe\xff", 2) == 0)) {
        if (!convert(b, s[0] == '\xff' ? "UTF-16LE" : "UTF-16BE", s + 2, len - 2, &text, &n)) {
            return bx_sheet_fail(b, "import.bad_encoding", 0, 0);
        }
        b->out->encoding = "utf-16";
        s = text;
        len = n;

    } else if (len >= 3 && memcmp(s, "\xef\xbb\xbf", 3) == 0) {
        s += 3;
        len -= 3;
        b->out->encoding = "utf-8";
        if (!bx_utf8_valid(s, len)) {
            return bx_sheet_fail(b, "import.bad_encoding", 0, 0);
        }

    } else if (bx_utf8_valid(s, len)) {
        b->out->encoding = "utf-8";

    } else {
        if (has_control(s, len)) {            /* a picture, a PDF: not text in any encoding */
            return bx_sheet_fail(b, "import.not_a_sheet", 0, 0);
        }
        if (!convert(b, "GB18030", s, len, &text, &n)) {
            return bx_sheet_fail(b, "import.bad_encoding", 0, 0);
        }
        b->out->encoding = "gb18030";
        s = text;
        len = n;
    }

    while (len > 0 && (s[len - 1] == '\0' || s[len - 1] == '\x1a')) {
        len--;
    }
    if (has_control(s, len)) {
        return bx_sheet_fail(b, "import.not_a_sheet", 0, 0);
    }

    return parse_csv(b, s, len);
}


static bool
starts_with(const char *s, size_t len, const char *prefix)
{
    size_t  n = strlen(prefix);

    return len >= n && strncasecmp(s, prefix, n) == 0;
}


bx_rc
bx_sheet_read(bx_arena *a, const void *data, size_t len, bx_sheet *out, bx_sheet_fault *fault)
{
    const char        *s = data, *p = s;
    bx_sheet_builder  *b = bx_alloc(a, sizeof(*b));
    bx_rc              rc;

    *out = (bx_sheet) { "", NULL, 0, 0 };
    *fault = (bx_sheet_fault) { NULL, 0, 0 };
    if (b == NULL) {
        fault->reason = "import.internal";
        return BX_FAIL;
    }
    b->arena = a;
    b->out = out;
    b->fault = fault;

    if (is_blank(s, len)) {
        return bx_sheet_fail(b, "import.empty_file", 0, 0);
    }
    if (len >= 8 && memcmp(s, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 8) == 0) {
        return bx_sheet_fail(b, "import.old_excel", 0, 0);      /* .xls, or an .xlsx with a password */
    }

    while (p < s + len - 1 && (*p == ' ' || *p == '\r' || *p == '\n' || *p == '\t')) {
        p++;
    }
    if (*p == '<' || starts_with(s, len, "\xef\xbb\xbf<") || starts_with(s, len, "%PDF-") || starts_with(s, len, "{\\rtf")) {
        return bx_sheet_fail(b, "import.not_a_sheet", 0, 0);    /* web pages saved as .xls are common */
    }

    if (len >= 4 && memcmp(s, "PK", 2) == 0 && s[2] <= 8 && s[3] <= 8) {
        out->encoding = "xlsx";
        rc = bx_sheet_read_xlsx(b, data, len);
    } else {
        rc = read_csv(b, s, len);
    }

    if (rc == BX_OK && out->nrows == 0) {
        return bx_sheet_fail(b, "import.empty_file", 0, 0);
    }

    return rc;
}
