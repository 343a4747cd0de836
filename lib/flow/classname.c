/*
 * classname.c: the name of a class, written and read. Pure; knows no unit and no database.
 */

#include <string.h>

#include "flow/classname.h"

#define MAX_CHARS   32                        /* of a name once spaces are gone; nobody writes a longer one */
#define MAX_NUMBER  99

/* ------------------------------------------------------------------ school years and labels */

int
bx_school_year(bx_date d)
{
    bx_civil  v = bx_civil_of_date(d);

    return v.month >= 8 ? v.year : v.year - 1;
}

int
bx_class_grade(const char *stage, int entry_year, int school_year)
{
    int  year = school_year - entry_year + 1;

    if (year < 1) {
        return 0;
    }

    if (strcmp(stage, "junior") == 0) {
        return year <= 3 ? year + 6 : 0;
    }

    return year <= (strcmp(stage, "nine") == 0 ? 9 : 6) ? year : 0;
}

char *
bx_class_label(bx_arena *a, const char *lang, const char *stage, int entry_year, int number, bx_date on)
{
    static const char *const  chinese[] = { "", "一", "二", "三", "四", "五", "六", "七", "八", "九" };
    int                       grade = bx_class_grade(stage ? stage : "primary", entry_year, bx_school_year(on));

    if (lang != NULL && strcmp(lang, "en") == 0) {
        if (grade == 0) {
            return number > 0 ? bx_sprintf(a, "Class %d of %d", number, entry_year)
                              : bx_sprintf(a, "Entry %d", entry_year);
        }
        return number > 0 ? bx_sprintf(a, "Grade %d Class %d", grade, number) : bx_sprintf(a, "Grade %d", grade);
    }

    if (grade == 0) {
        return number > 0 ? bx_sprintf(a, "%d级%d班", entry_year, number) : bx_sprintf(a, "%d级", entry_year);
    }

    return number > 0 ? bx_sprintf(a, "%s年级%d班", chinese[grade], number) : bx_sprintf(a, "%s年级", chinese[grade]);
}

/* ------------------------------------------------------------------ reading */

/* A name as characters: full-width forms made narrow, brackets alike, spaces gone. */
typedef struct {
    uint32_t  ch[MAX_CHARS + 1];              /* ends with 0 */
    int       at;
} reader;

/* What the words of a name said; 0: nothing. */
typedef struct {
    int  entry_year, grade, number;
    int  year;                                /* year within a stage that is not known: "一（2）班" */
    int  stage;                               /* 'p', 'j', or 's' for senior high, which no school here has */
} parts;

/* How many bytes follow the first one of a character; -1: it is no first one. */
static int
following(unsigned char first)
{
    if (first < 0x80) {
        return 0;
    }

    return (first & 0xe0) == 0xc0 ? 1 : (first & 0xf0) == 0xe0 ? 2 : (first & 0xf8) == 0xf0 ? 3 : -1;
}

/* One character of UTF-8; 0 at the end and for bytes that are none. */
static uint32_t
decode(const unsigned char **s)
{
    const unsigned char  *p = *s;
    int                   extra = following(*p), i;
    uint32_t              ch;

    if (*p == 0 || extra < 0) {
        return 0;
    }

    ch = extra == 0 ? *p : *p & (0x3fu >> extra);

    for (i = 1; i <= extra; i++) {
        if ((p[i] & 0xc0) != 0x80) {
            return 0;
        }
        ch = (ch << 6) | (p[i] & 0x3fu);
    }

    *s = p + extra + 1;
    return ch;
}

/* 0: a space of some kind, to be left out. */
static uint32_t
fold(uint32_t ch)
{
    if (ch > 0xff00 && ch < 0xff5f) {
        ch -= 0xfee0;
    }

    switch (ch) {
    case ' ': case '\t': case '\r': case '\n': case 0xa0: case 0x3000: case 0x200b: case 0x2002: case 0x2003:
    case 0xfeff:
        return 0;
    case '[': case '{': case 0x3010: case 0x3014:                       /* 【〔 */
        return '(';
    case ']': case '}': case 0x3011: case 0x3015:                       /* 】〕 */
        return ')';
    case 0x2013: case 0x2014: case 0x2212:                              /* dashes, minus */
        return '-';
    case 0x3007: case 0x96f6:                                           /* 〇零 */
        return '0';
    }

    return ch;
}

static bool
read_text(const char *text, reader *r)
{
    const unsigned char  *s = (const unsigned char *) text;
    uint32_t              ch;
    int                   n = 0;

    memset(r, 0, sizeof(*r));

    while (*s != 0) {
        ch = decode(&s);
        if (ch == 0) {
            return false;
        }

        ch = fold(ch);
        if (ch == 0) {
            continue;
        }

        if (n == MAX_CHARS) {
            return false;
        }
        r->ch[n++] = ch;
    }

    return true;
}

static bool
take(reader *r, const char *word)
{
    const unsigned char  *s = (const unsigned char *) word;
    int                   i = r->at;

    while (*s != 0) {
        if (r->ch[i] != decode(&s)) {
            return false;
        }
        i++;
    }

    r->at = i;
    return true;
}

static uint32_t
peek(const reader *r)
{
    return r->ch[r->at];
}

static bool
is_digit(uint32_t ch)
{
    return ch >= '0' && ch <= '9';
}

/* Digits: their count, the value in *value. */
static int
take_digits(reader *r, int *value)
{
    int  n = 0;

    for (*value = 0; is_digit(peek(r)) && n < 6; n++) {
        *value = *value * 10 + (int) (r->ch[r->at++] - '0');
    }

    return n;
}

/* 1..9 of one Chinese numeral, 10 for 十, 0 for anything else. */
static int
chinese_value(uint32_t ch)
{
    static const uint32_t  numerals[] = { 0x4e00, 0x4e8c, 0x4e09, 0x56db, 0x4e94,           /* 一二三四五 */
                                          0x516d, 0x4e03, 0x516b, 0x4e5d, 0x5341 };         /* 六七八九十 */
    int                    i;

    for (i = 0; i < 10; i++) {
        if (ch == numerals[i]) {
            return i + 1;
        }
    }

    return 0;
}

/* 一, 十, 十二, 二十, 二十三; 0 and nothing taken when there is no numeral. */
static int
take_chinese(reader *r)
{
    int  value = chinese_value(peek(r)), unit;

    if (value == 0) {
        return 0;
    }

    r->at++;

    if (value < 10) {
        if (chinese_value(peek(r)) != 10) {
            return value;
        }
        r->at++;
        value *= 10;
    }

    unit = chinese_value(peek(r));
    if (unit >= 1 && unit <= 9) {
        r->at++;
        value += unit;
    }

    return value;
}

/* 1..9 of one character, a digit or a numeral; 0 for anything else. */
static int
one_number(uint32_t ch)
{
    int  value = is_digit(ch) ? (int) (ch - '0') : chinese_value(ch);

    return value <= 9 ? value : 0;
}

/* A number in digits or Chinese; false when there is none. */
static bool
take_number(reader *r, int *value)
{
    if (is_digit(peek(r))) {
        return take_digits(r, value) > 0;
    }

    *value = take_chinese(r);
    return *value > 0;
}

/* The rest of a name after its grade or year: "3班", "（2）班", "二班", "-2", or nothing. */
static bx_class_fault
take_class(reader *r, parts *p)
{
    bool  bracket;

    if (peek(r) == 0) {
        return BX_CLASS_NO_NUMBER;
    }

    (void) take(r, "第");
    bracket = take(r, "(");

    if (!take_number(r, &p->number)) {
        return peek(r) == 0 || take(r, "班") ? BX_CLASS_NO_NUMBER : BX_CLASS_FORM;
    }

    if (bracket && !take(r, "班)") && !take(r, ")")) {
        return BX_CLASS_FORM;
    }

    (void) take(r, "班");

    return peek(r) == 0 ? BX_CLASS_OK : BX_CLASS_FORM;
}

/* "小学", "初中", "中学": a stage written before the grade. */
static void
take_stage(reader *r, parts *p)
{
    if (take(r, "小学")) {
        p->stage = 'p';

    } else if (take(r, "初级中学") || take(r, "初中")) {
        p->stage = 'j';

    } else if (take(r, "高中")) {
        p->stage = 's';
    }
}

/* "2024级" or "24级". */
static bool
take_entry(reader *r, parts *p)
{
    int  start = r->at, year, n = take_digits(r, &year);

    if ((n == 4 || n == 2) && (take(r, "级") || take(r, "級"))) {
        p->entry_year = n == 2 ? 2000 + year : year;
        return true;
    }

    r->at = start;
    return false;
}

/* "三年级", "3年级", "三年", "初一", "初一年级", "高一"; then p->grade or p->year is set. */
static bool
take_grade(reader *r, parts *p)
{
    int   start = r->at, value = 0;
    bool  senior;

    senior = take(r, "高");
    if (senior || take(r, "初")) {
        p->stage = senior ? 's' : 'j';
        p->year = one_number(peek(r));
        r->at += p->year != 0;
        (void) (take(r, "年级") || take(r, "年級"));
        return true;
    }

    if (take_number(r, &value) && value <= MAX_NUMBER && (take(r, "年级") || take(r, "年級") || take(r, "年"))) {
        p->grade = value;
        return true;
    }

    r->at = start;
    return false;
}

/* "三（2）班", "3(2)班", "三2班", "三二班", "3-2", "三·2班": a grade in one character and no word for it. Not "3.2": a
 * spreadsheet may have made it of 3.20. */
static bool
take_short_grade(reader *r, parts *p)
{
    int       value = one_number(peek(r));
    bool      digit = is_digit(peek(r));
    uint32_t  next;

    if (value == 0) {
        return false;
    }

    next = r->ch[r->at + 1];

    if (next == '-' || next == 0xb7) {                                  /* · */
        r->at += 2;
        p->grade = value;
        return true;
    }

    /* 三十二班 may be class 32 as well as class 12 of grade 3, and 32班 likewise: neither is short for a grade */
    if (next != '(' && (digit ? chinese_value(next) == 0 : one_number(next) == 0 && !is_digit(next))) {
        return false;
    }

    r->at++;
    p->grade = value;
    return true;
}

/* "303", "701", "303班": grade and two digits of the class. Four and six digits are refused: 202403 is as likely the
 * month of entry from the next column as class 3 of 2024. */
static bx_class_fault
take_three(reader *r, parts *p)
{
    int  start = r->at, value, n = take_digits(r, &value);

    (void) take(r, "班");

    if (peek(r) != 0 || n == 0) {
        r->at = start;
        return BX_CLASS_FORM;
    }

    if (n < 3) {
        return BX_CLASS_NO_GRADE;
    }

    if (n > 3) {
        return BX_CLASS_FORM;
    }

    p->grade = value / 100;
    p->number = value % 100;
    return BX_CLASS_OK;
}

static bx_class_fault
read_parts(reader *r, parts *p)
{
    bx_class_fault  fault;
    int             start;

    take_stage(r, p);

    if (take_entry(r, p) || take_grade(r, p)) {
        return take_class(r, p);
    }

    fault = take_three(r, p);
    if (fault != BX_CLASS_FORM) {
        return fault;
    }

    start = r->at;
    if (take_short_grade(r, p)) {
        return take_class(r, p);
    }

    r->at = start;
    p->grade = 0;

    /* 十二班 */
    return take_class(r, p) == BX_CLASS_OK ? BX_CLASS_NO_GRADE : BX_CLASS_FORM;
}

/* ------------------------------------------------------------------ placing in a school */

static bx_class_fault
set_name(bx_class_name *out, bool junior, int entry_year, const parts *p, int school_year)
{
    const char  *stage = junior ? "junior" : "primary";
    int          grade = bx_class_grade(stage, entry_year, school_year);

    if (grade == 0) {
        return BX_CLASS_GRADE;
    }

    if (p->number < 1 || p->number > MAX_NUMBER) {
        return BX_CLASS_NUMBER;
    }

    memset(out, 0, sizeof(*out));
    memcpy(out->stage, stage, strlen(stage) + 1);
    out->entry_year = entry_year;
    out->class_no = p->number;
    out->grade = grade;
    return BX_CLASS_OK;
}

static bx_class_fault
place_entry(const parts *p, int school_year, bool primary, bool junior, bx_class_name *out)
{
    bool  as_primary = primary && bx_class_grade("primary", p->entry_year, school_year) > 0;
    bool  as_junior = junior && bx_class_grade("junior", p->entry_year, school_year) > 0;

    if (as_primary && as_junior) {
        return BX_CLASS_STAGE;
    }

    return as_primary || as_junior ? set_name(out, as_junior, p->entry_year, p, school_year) : BX_CLASS_GRADE;
}

/* A grade of 1 to 9; where a school has only grades 7 to 9, its first to third year are those. */
static bx_class_fault
place_grade(parts *p, int school_year, bool primary, bool junior, bx_class_name *out)
{
    int  grade = p->grade;

    if (p->year > 0) {
        grade = p->year <= 3 ? p->year + 6 : 0;

    } else if (junior && !primary && grade >= 1 && grade <= 3) {
        grade += 6;
    }

    if (grade < 1 || grade > 9 || (grade <= 6 && !primary) || (grade > 6 && !junior)) {
        return BX_CLASS_GRADE;
    }

    return set_name(out, grade > 6, school_year - (grade > 6 ? grade - 7 : grade - 1), p, school_year);
}

bx_class_fault
bx_classname_parse(const char *text, int school_year, const char *school_stage, bx_class_name *out)
{
    bool            primary, junior;
    bx_class_fault  fault;
    reader          r;
    parts           p = { 0 };

    if (text == NULL || !read_text(text, &r)) {
        return text == NULL ? BX_CLASS_EMPTY : BX_CLASS_FORM;
    }

    if (peek(&r) == 0) {
        return BX_CLASS_EMPTY;
    }

    fault = read_parts(&r, &p);
    if (fault != BX_CLASS_OK) {
        return fault;
    }

    primary = school_stage == NULL || strcmp(school_stage, "junior") != 0;
    junior = school_stage != NULL && strcmp(school_stage, "primary") != 0;
    primary = primary && p.stage != 'j' && p.stage != 's';
    junior = junior && p.stage != 'p' && p.stage != 's';

    return p.entry_year ? place_entry(&p, school_year, primary, junior, out)
                        : place_grade(&p, school_year, primary, junior, out);
}

const char *
bx_class_fault_name(bx_class_fault fault)
{
    static const char *const  names[] = { NULL, "empty", "form", "no_grade", "no_number", "grade", "number", "stage" };

    return names[fault];
}
