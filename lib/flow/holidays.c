/*
 * holidays.c: reads an announcement of holidays as people paste it: numbered paragraphs of the State Council's notice, or a
 * table from a spreadsheet. A paragraph has a name, then dates and ranges of dates, each group followed by what it is: 放假
 * (holiday) or 上班, 上课 (make-up). Says which line it could not read. Does not own what days are stored (plugins/calendar_days.c).
 */

#include <string.h>

#include "core/core.h"
#include "flow/holidays.h"

#define MAX_NAME     60                       /* characters, as the column holds */
#define MAX_SPANS    32                       /* of one paragraph, before it says what they are */

typedef struct { bx_date from, to; } day_span;

typedef struct {
    bx_arena     *arena;
    bx_holidays  *out;
    size_t        room, fault_room;
    int           year, month;                /* of the date before, for "至3日" */
    int           line;
    const char   *text;                       /* the line */
    char         *name;                       /* of the paragraph; NULL: not known yet */
    day_span      spans[MAX_SPANS];
    size_t        nspans;
    bool          failed, bad;                /* out of memory; this line has a fault */
} reader;

/* ------------------------------------------------------------------ small things */

static bool
starts(const char *s, const char *word)
{
    return strncmp(s, word, strlen(word)) == 0;
}

/* Length of the word of a list that s begins with, 0: none. */
static size_t
one_of(const char *s, const char *const *words)
{
    for (; *words != NULL; words++) {
        if (starts(s, *words)) {
            return strlen(*words);
        }
    }

    return 0;
}

static int
number(const char **s, int max)
{
    const char  *p = *s;
    int          value = 0;

    while (p - *s < max && *p >= '0' && *p <= '9') {
        value = value * 10 + (*p++ - '0');
    }
    if (p == *s || (*p >= '0' && *p <= '9')) {
        return -1;
    }

    *s = p;
    return value;
}

static void
skip_blank(const char **s)
{
    while (**s == ' ' || **s == '\t') {
        (*s)++;
    }
}

/* Past "(周四)" and the like. */
static void
skip_brackets(const char **s)
{
    const char  *close;

    for (;;) {
        skip_blank(s);
        close = **s == '(' ? strchr(*s, ')') : NULL;
        if (close == NULL) {
            return;
        }
        *s = close + 1;
    }
}

/* ------------------------------------------------------------------ what is found */

static void
add_fault(reader *r, const char *reason)
{
    bx_holiday_fault  *f;

    if (r->bad) {
        return;
    }
    r->bad = true;

    if (r->out->nfaults == r->fault_room) {
        size_t  room = r->fault_room == 0 ? 8 : 2 * r->fault_room;

        f = bx_alloc(r->arena, room * sizeof(*f));
        if (f == NULL) {
            r->failed = true;
            return;
        }
        if (r->fault_room > 0) {
            memcpy(f, r->out->faults, r->fault_room * sizeof(*f));
        }
        r->out->faults = f;
        r->fault_room = room;
    }

    r->out->faults[r->out->nfaults++] = (bx_holiday_fault) { r->line, r->text, reason };
}

static void
add_entry(reader *r, const day_span *span, bool makeup)
{
    bx_holiday  *e;

    if (r->out->n == r->room) {
        size_t  room = r->room == 0 ? 16 : 2 * r->room;

        e = bx_alloc(r->arena, room * sizeof(*e));
        if (e == NULL) {
            r->failed = true;
            return;
        }
        if (r->room > 0) {
            memcpy(e, r->out->entries, r->room * sizeof(*e));
        }
        r->out->entries = e;
        r->room = room;
    }

    r->out->entries[r->out->n++] = (bx_holiday) { r->line, makeup, r->name, span->from, span->to };
}

/* The dates before this word are holidays, or make-up days. */
static void
settle(reader *r, bool makeup)
{
    for (size_t i = 0; i < r->nspans; i++) {
        add_entry(r, &r->spans[i], makeup);
    }

    r->nspans = 0;
}

/* ------------------------------------------------------------------ dates */

/* "2026年10月1日", "10月1日", "2026-10-01", "2026/10/1", and in a range "7日"; the text goes on behind it. False: no date here.
 * *wrong: something like a date that is none. */
static bool
read_date(reader *r, const char **s, bool short_form, bx_date *out, bool *wrong)
{
    const char  *p = *s;
    int          first = number(&p, 4), year = r->year, month = r->month, day;

    if (first < 0) {
        return false;
    }
    skip_blank(&p);

    if (first >= 1000 && (*p == '-' || *p == '/' || *p == '.')) {
        char  sign = *p++;

        year = first;
        month = number(&p, 2);
        if (month < 0 || *p != sign) {
            return false;
        }
        p++;
        day = number(&p, 2);

    } else {
        if (starts(p, "年")) {
            p += strlen("年");
            skip_blank(&p);
            year = first;
            r->year = year;
            first = number(&p, 2);
            skip_blank(&p);
        }
        if (starts(p, "月")) {
            p += strlen("月");
            skip_blank(&p);
            month = first;
            first = number(&p, 2);
            skip_blank(&p);
        } else if (!short_form) {
            return false;
        }
        if (!starts(p, "日") && !starts(p, "号")) {
            return false;
        }
        p += strlen("日");
        day = first;
    }

    *s = p;
    r->month = month;
    *out = bx_date_make(year, month, day);
    *wrong = *out == BX_NO_DATE;
    return true;
}

static const char *const  range_signs[] = { "至", "到", "—", "–", "－", "～", "~", "-", NULL };

/* A date, or a range, with the text behind it. */
static bool
take_span(reader *r, const char **s)
{
    day_span     span;
    bool         wrong = false;
    const char  *p;
    size_t       sign;
    int          month;

    if (!read_date(r, s, false, &span.from, &wrong)) {
        return false;
    }
    span.to = span.from;
    month = r->month;

    skip_brackets(s);
    p = *s;
    sign = one_of(p, range_signs);
    if (sign > 0) {
        while ((sign = one_of(p, range_signs)) > 0) {
            p += sign;
        }
        skip_blank(&p);
        if (read_date(r, &p, true, &span.to, &wrong)) {
            if (span.to < span.from && r->month < month) {              /* 12月31日至1月2日 */
                bx_civil  v = bx_civil_of_date(span.to);

                span.to = bx_date_make(v.year + 1, v.month, v.day);
            }
            *s = p;
            skip_brackets(s);
        }
    }

    if (wrong || span.from == BX_NO_DATE || span.to == BX_NO_DATE) {
        add_fault(r, "no_such_day");
    } else if (span.to < span.from) {
        add_fault(r, "paste_backwards");
    } else if (r->nspans < MAX_SPANS) {
        r->spans[r->nspans++] = span;
    }
    return true;
}

/* "2026-10-01 2026-10-07 放假": two days of a table are the first and the last. */
static void
join_columns(reader *r)
{
    if (r->nspans == 2 && r->spans[0].from == r->spans[0].to && r->spans[1].from == r->spans[1].to
        && r->spans[1].from >= r->spans[0].from)
    {
        r->spans[0].to = r->spans[1].to;
        r->nspans = 1;
    }
}

/* ------------------------------------------------------------------ names */

static const char *const  marks[] = {
    "、", "。", "《", "》", "“", "”", ",", ".", ";", ":", "\t", " ", "(", ")", NULL
};
static const char *const  kind_words[] = { "放假调休", "调休放假", "放假", "补休", "休息", "上班", "上课", "补课", "holiday", "makeup", NULL };
static const char *const  makeup_words[] = { "上班", "上课", "补课", "makeup", NULL };
static const char *const  holiday_words[] = { "放假", "补休", "调休放假", "休息", "holiday", NULL };

static char *
short_name(reader *r, const char *s, size_t n)
{
    char    *name = bx_trim(r->arena, bx_strndup(r->arena, s, n));
    size_t   chars = 0;

    for (char *p = name; p != NULL && *p != '\0'; p++) {
        if (((unsigned char) *p & 0xc0) != 0x80 && ++chars > MAX_NAME) {
            *p = '\0';
        }
    }

    if (name == NULL) {
        r->failed = true;
    }
    return name;
}

/* "一、元旦:" names the paragraph; the text behind it comes back. The text has been made narrow: no full-width signs. */
static const char *
take_heading(reader *r, const char *line)
{
    const char  *colon = strchr(line, ':'), *name = line, *comma;

    if (colon == NULL || (colon > line && colon[-1] >= '0' && colon[-1] <= '9')) {
        return line;
    }

    comma = strstr(line, "、");
    if (comma != NULL && comma < colon && comma - line <= 9) {          /* 一、 … 十一、 */
        name = comma + strlen("、");
    } else if (*name >= '0' && *name <= '9') {                          /* 1. */
        while (*name >= '0' && *name <= '9') {
            name++;
        }
        if (*name++ != '.') {
            return line;
        }
    }
    if (colon - name > 3 * MAX_NAME) {
        return line;
    }

    r->name = short_name(r, name, (size_t) (colon - name));
    return colon + 1;
}

/* The word that a table's line has beside its dates and its kind. */
static char *
find_name(reader *r, const char *line)
{
    const char  *p = line, *begin;
    bool         wrong;
    bx_date      d;
    int          month = r->month, year = r->year;
    char        *name = NULL;

    while (*p != '\0' && name == NULL) {
        size_t  skip = one_of(p, marks);

        skip = skip > 0 ? skip : one_of(p, range_signs);
        skip = skip > 0 ? skip : one_of(p, kind_words);
        begin = p;
        skip_brackets(&p);
        if (p != begin || skip > 0) {
            p = p != begin ? p : p + skip;
            continue;
        }
        if (read_date(r, &p, true, &d, &wrong)) {
            continue;
        }
        do {
            p++;
        } while (*p != '\0' && one_of(p, marks) == 0 && one_of(p, kind_words) == 0 && (*p < '0' || *p > '9'));
        name = short_name(r, begin, (size_t) (p - begin));
    }

    r->month = month;
    r->year = year;
    return name;
}

/* ------------------------------------------------------------------ lines */

static bool
has_sentence(const char *line)
{
    return strstr(line, "。") != NULL || strstr(line, "日(") != NULL || strchr(line, ':') != NULL;
}

static void
read_line(reader *r, const char *line)
{
    const char  *p;
    size_t       n;
    bool         table = !has_sentence(line), said = false;

    r->text = line;
    r->bad = false;
    r->nspans = 0;
    r->name = NULL;
    p = take_heading(r, line);
    if (r->name == NULL) {
        r->name = find_name(r, line);
    }
    if (r->name == NULL || *r->name == '\0') {
        r->name = bx_strdup(r->arena, "");
    }

    while (*p != '\0' && !r->failed) {
        if (take_span(r, &p)) {
            continue;
        }
        if (table) {
            join_columns(r);
        }
        if ((n = one_of(p, makeup_words)) > 0) {
            said = said || r->nspans > 0;
            settle(r, true);
            p += n;
        } else if ((n = one_of(p, holiday_words)) > 0) {
            said = said || r->nspans > 0;
            settle(r, false);
            p += n;
        } else {
            p++;
        }
    }

    /* a date that stands alone with its year is when the notice was signed */
    if (r->nspans > 0 && (said || *r->name != '\0' || strstr(line, "年") == NULL)) {
        add_fault(r, said ? "paste_rest" : "paste_kind");
    }
}

/* "2026-10-01 放假" without a name is called by its kind's word; the second part of a table's line may come before the kind. */
static void
name_all(reader *r, size_t from)
{
    for (size_t i = from; i < r->out->n; i++) {
        if (*r->out->entries[i].name == '\0') {
            r->out->entries[i].name = r->out->entries[i].makeup ? "调休上班" : "放假";
        }
    }
}

/* "关于2026年部分节假日安排的通知" names the year of all that follows. */
static void
note_year(reader *r, const char *line)
{
    const char  *at = strstr(line, "年");

    if (at != NULL && at - line >= 4 && (strstr(line, "节假日") != NULL || strstr(line, "放假安排") != NULL)) {
        const char  *p = at - 4;
        int          year = number(&p, 4);

        if (year >= 1990 && year <= 2190) {
            r->year = year;
        }
    }
}

bx_rc
bx_holidays_read(bx_arena *a, const char *text, int year, bx_holidays *out)
{
    reader   r = { .arena = a, .out = out, .year = year, .month = 0 };
    char    *copy = bx_fold_width(a, text), *line, *save = NULL;

    *out = (bx_holidays) { 0 };
    if (copy == NULL) {
        return BX_FAIL;
    }

    for (line = copy; line != NULL && !r.failed; line = save) {
        size_t  before = out->n;
        int     of_text;

        save = strchr(line, '\n');
        if (save != NULL) {
            *save++ = '\0';
        }
        r.line++;
        line[strcspn(line, "\r")] = '\0';
        note_year(&r, line);
        of_text = r.year;
        read_line(&r, line);
        r.year = of_text;                     /* a year named inside a paragraph holds there only */
        name_all(&r, before);
    }

    return r.failed ? BX_FAIL : BX_OK;
}
