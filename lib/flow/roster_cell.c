/*
 * roster_cell.c: one cell of a roster in its normal form, whatever way it was written, so that two files that say the same compare equal.
 * Identity numbers by GB 11643; nationalities by GB/T 3304; sex by GB/T 2261.1.
 */
#include "flow/roster_cell.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_NAME         60
#define MAX_EXTRA        300                  /* characters of a cell that is only kept */
#define MAX_ADDRESS      150
#define MIN_NUMBER       7                    /* digits that no name has */
#define MAX_AGE          30                   /* years: pupils of special schools may be grown up */

/* Names of before 1985 and ways to write one, as rosters still have them. */
static const bx_roster_word ethnic_aliases[] = {
    { "36", "毛难" }, { "46", "崩龙" }, { "20", "僳僳 栗僳" }, { "43", "乌兹别克" }, { "30", "土族" }, { "97", "其他 其它 未识别 穿青人 革家人 僜人" },
    { "98", "外国血统 外国血统中国籍人士 入籍" }, { NULL, NULL }
};

/* What a column takes: text is trimmed, folded, never blank. */
typedef void (*take_fn)(bx_roster_checker *k, unsigned column, const char *text);


/* ------------------------------------------------------------------ one cell */

bool
bx_roster_is_word(const char *words, const char *s)
{
    size_t  n = strlen(s);

    for (const char *p = words; *p; p += *p == ' ') {
        size_t len = strcspn(p, " ");

        if (len == n && memcmp(p, s, n) == 0) {
            return true;
        }
        p += len;
        if (*p == '\0') {
            break;
        }
    }

    return false;
}


const char *
bx_roster_code_of(const bx_roster_word *list, const char *text)
{
    for (; list->code; list++) {
        if (bx_roster_is_word(list->words, text)) {
            return list->code;
        }
    }

    return NULL;
}


/* Takes what a spreadsheet does to whole numbers back, where nothing was lost: "1.0" → "1", "1.7745137956E10" → digits. */
static const char *
whole_number(bx_arena *a, const char *s)
{
    size_t  lead = strspn(s, "0123456789"), frac, zeros, exponent;
    char   *out, *end;

    if (lead == 0 || s[lead] != '.') {
        return s;
    }

    frac = strspn(s + lead + 1, "0123456789");
    zeros = strspn(s + lead + 1, "0");
    if (frac > 0 && zeros == frac && s[lead + 1 + frac] == '\0') {
        return bx_strndup(a, s, lead);
    }

    if (lead == 1 && frac > 0 && (s[lead + 1 + frac] == 'E' || s[lead + 1 + frac] == 'e')) {
        exponent = strtoul(s + lead + 2 + frac, &end, 10);
        if (*end == '\0' && exponent == frac) {               /* every digit is there */
            out = bx_strdup(a, s + 1);
            if (out != NULL) {
                out[0] = s[0];
                out[1 + frac] = '\0';
                memmove(out + 1, s + 2, frac);
            }
            return out ? out : s;
        }
    }

    return s;
}


static char *
without_spaces(bx_arena *a, const char *s)
{
    char    *out = bx_strdup(a, s);
    size_t   n = 0;

    for (size_t i = 0; out && s[i]; i++) {
        if (s[i] != ' ' && s[i] != '\t' && s[i] != '\n' && s[i] != '\r') {
            out[n++] = s[i];
        }
    }
    if (out) {
        out[n] = '\0';
    }

    return out;
}


static char *
upper(bx_arena *a, const char *s)
{
    char  *out = bx_strdup(a, s);

    for (char *p = out; p && *p; p++) {
        if (*p >= 'a' && *p <= 'z') {
            *p = (char) (*p - 'a' + 'A');
        }
    }

    return out;
}


void
bx_roster_take_text(bx_roster_checker *k, unsigned column, const char *text)
{
    if (bx_utf8_count(text) > MAX_EXTRA) {
        bx_roster_fault_at(k, column, "too_long", json_pack("{s:i}", "max", MAX_EXTRA));
        return;
    }

    k->row->v[column] = text;
}


/* Names and relations are kept in the clear, so that no number or address may get in there by a row that has slipped. */
bool
bx_roster_has_slipped(bx_roster_checker *k, unsigned column, const char *text)
{
    if (bx_roster_longest_number(k->arena, text) < MIN_NUMBER && !bx_roster_is_address(text)) {
        return false;
    }

    bx_roster_fault_at(k, column, "slipped", NULL);
    return true;
}


/* "王 强" is 王强: rosters pad short names so that columns align. Names in other scripts keep their spaces. */
void
bx_roster_take_name(bx_roster_checker *k, unsigned column, const char *text)
{
    bool  ideographs = true;

    for (const char *p = text; *p; p++) {
        if ((unsigned char) *p < 0x80 && *p != ' ') {
            ideographs = false;
        }
    }

    if (ideographs) {
        text = without_spaces(k->arena, text);
    }
    if (text == NULL || bx_utf8_count(text) > MAX_NAME) {
        bx_roster_fault_at(k, column, "too_long", json_pack("{s:i}", "max", MAX_NAME));
        return;
    }
    if (column < BX_R_MEMBER && bx_roster_has_slipped(k, column, text)) {
        return;
    }

    k->row->v[column] = text;
}


static void
take_address(bx_roster_checker *k, unsigned column, const char *text)
{
    if (bx_utf8_count(text) > MAX_ADDRESS || strlen(text) > 500) {
        bx_roster_fault_at(k, column, "too_long", json_pack("{s:i}", "max", MAX_ADDRESS));
        return;
    }

    k->row->v[column] = text;
}


static void
take_school(bx_roster_checker *k, unsigned column, const char *text)
{
    text = whole_number(k->arena, text);
    if (k->school->code != NULL && strcmp(text, k->school->code) != 0) {
        bx_roster_fault_at(k, column, "wrong_school", json_pack("{s:s}", "code", k->school->code));
        return;
    }

    k->row->v[column] = text;
}


static void
take_code(bx_roster_checker *k, unsigned column, const char *text, const bx_roster_word *list, const char *reason)
{
    const char  *code = text ? bx_roster_code_of(list, text) : NULL;
    bx_buf       words;

    if (code != NULL) {
        k->row->v[column] = code;
        return;
    }

    bx_buf_init(&words, k->arena);
    for (const bx_roster_word *l = list; l->code; l++) {
        bx_buf_printf(&words, "%s%.*s", words.len ? "、" : "", (int) strcspn(l->words, " "), l->words);
    }
    bx_roster_fault_at(k, column, reason, json_pack("{s:s}", "allowed", words.data));
}


static void take_sex(bx_roster_checker *k, unsigned c, const char *t) { take_code(k, c, t, bx_roster_sexes, "bad_sex"); }
static void take_id_type(bx_roster_checker *k, unsigned c, const char *t) { take_code(k, c, upper(k->arena, t), bx_roster_id_types, "bad_value"); }
static void take_left_behind(bx_roster_checker *k, unsigned c, const char *t) { take_code(k, c, t, bx_roster_left_behinds, "bad_value"); }
void bx_roster_take_yes_no(bx_roster_checker *k, unsigned c, const char *t) { take_code(k, c, upper(k->arena, t), bx_roster_yes_no, "bad_value"); }
static void take_disability(bx_roster_checker *k, unsigned c, const char *t) { take_code(k, c, t, bx_roster_disabilities, "bad_value"); }


static void
take_boarding(bx_roster_checker *k, unsigned column, const char *text)
{
    take_code(k, column, text, bx_roster_boardings, "bad_value");
    if (strcmp(text, "送教上门") == 0) {       /* some schools keep it here: the template has no column for it */
        k->row->v[BX_R_PLACEMENT] = "home_delivery";
    }
}


static void
take_placement(bx_roster_checker *k, unsigned column, const char *text)
{
    if (k->row->v[column] == NULL) {
        take_code(k, column, text, bx_roster_placements, "bad_value");
    }
}


static void
take_ethnic(bx_roster_checker *k, unsigned column, const char *text)
{
    static const char  suffix[] = "族";
    size_t             n = strlen(text);
    unsigned           number = 1;
    const char        *name = text, *code;

    if (strspn(text, "0123456789") == n && n <= 2) {
        number = (unsigned) strtoul(text, NULL, 10);
        if ((number >= 1 && number <= 56) || number == 97 || number == 98) {
            k->row->v[column] = bx_sprintf(k->arena, "%02u", number);
            return;
        }
    }

    if (n > 3 && memcmp(text + n - 3, suffix, 3) == 0) {
        name = bx_strndup(k->arena, text, n - 3);
    }
    for (const char *p = bx_roster_ethnics; name && *p; number++) {
        size_t len = strcspn(p, " ");

        if (len == strlen(name) && memcmp(p, name, len) == 0) {
            k->row->v[column] = bx_sprintf(k->arena, "%02u", number);
            return;
        }
        p += len;
        p += strspn(p, " ");
    }

    code = name ? bx_roster_code_of(ethnic_aliases, name) : NULL;
    if (code == NULL) {
        bx_roster_fault_at(k, column, "bad_value", json_pack("{s:s}", "as", "ethnic"));
        return;
    }
    k->row->v[column] = code;
}


/* ------------------------------------------------------------------ days and months */

/* Splits "2017年2月3日", "2017/2/3", "2017-02-03 00:00" into numbers; 0 when it is none of these. */
static int
date_parts(const char *s, int parts[3])
{
    int  n = 0;

    while (n < 3) {
        size_t digits = strspn(s, "0123456789");

        if (digits == 0 || digits > 4) {
            break;
        }
        parts[n++] = (int) strtoul(s, NULL, 10);
        s += digits;
        if (*s == '-' || *s == '/' || *s == '.') {
            s++;
        } else if (strncmp(s, "年", 3) == 0 || strncmp(s, "月", 3) == 0 || strncmp(s, "日", 3) == 0) {
            s += 3;
        } else {
            break;
        }
    }

    if (*s == ' ' || *s == 'T') {
        s += strspn(s, " T0123456789:.");
    }

    return *s == '\0' ? n : 0;
}


static bx_date
day_of(const char *text)
{
    int  p[3];

    if (strlen(text) == 8 && strspn(text, "0123456789") == 8) {
        return bx_date_parse(text);
    }

    return date_parts(text, p) == 3 && p[0] >= 1000 ? bx_date_make(p[0], p[1], p[2]) : BX_NO_DATE;
}


static void
take_birth(bx_roster_checker *k, unsigned column, const char *text)
{
    bx_date   day = day_of(whole_number(k->arena, text)), today = k->school->today;
    bx_civil  born;

    if (day == BX_NO_DATE) {
        bx_roster_fault_at(k, column, "bad_date", NULL);
        return;
    }

    born = bx_civil_of_date(day);
    if (day >= today || born.year < bx_civil_of_date(today).year - MAX_AGE) {
        bx_roster_fault_at(k, column, "bad_date", json_pack("{s:s}", "as", day >= today ? "future" : "past"));
        return;
    }

    k->row->v[column] = bx_date_text(k->arena, day);
}


static void
take_month(bx_roster_checker *k, unsigned column, const char *text)
{
    int      p[3] = { 0, 0, 1 };
    bx_date  day;

    text = whole_number(k->arena, text);
    if (strlen(text) == 6 && strspn(text, "0123456789") == 6) {
        p[0] = (int) strtol(text, NULL, 10) / 100;
        p[1] = (int) strtol(text, NULL, 10) % 100;
        day = bx_date_make(p[0], p[1], 1);
    } else if (strspn(text, "0123456789") == 8 && text[8] == '\0') {
        day = bx_date_parse(text);
    } else {
        day = date_parts(text, p) >= 2 ? bx_date_make(p[0], p[1], p[2]) : BX_NO_DATE;
    }

    if (day == BX_NO_DATE || bx_civil_of_date(day).year < 1990
        || bx_civil_of_date(day).year > bx_civil_of_date(k->school->today).year + 1)
    {
        bx_roster_fault_at(k, column, "bad_month", NULL);
        return;
    }

    k->row->v[column] = bx_date_text(k->arena, day);
}


/* ------------------------------------------------------------------ numbers of people */

void
bx_roster_take_citizen_number(bx_roster_checker *k, unsigned column, const char *id, bx_date *birth, int *sex)
{
    switch (bx_idcard_check(id, birth, sex)) {
    case BX_ID_OK:
        k->row->v[column] = id;
        return;
    case BX_ID_SCIENTIFIC:
        bx_roster_fault_at(k, column, "scientific_notation_id", NULL);
        return;
    case BX_ID_LENGTH:
        bx_roster_fault_at(k, column, "id_length", json_pack("{s:I}", "length", (json_int_t) bx_utf8_count(id)));
        return;
    case BX_ID_CHARS:
        bx_roster_fault_at(k, column, "id_chars", NULL);
        return;
    case BX_ID_DATE:
        bx_roster_fault_at(k, column, "id_date", NULL);
        return;
    case BX_ID_CHECK:                         /* Excel keeps 15 digits and puts zeros in place of the rest */
        bx_roster_fault_at(k, column, "bad_check_digit", strcmp(id + 15, "000") == 0 ? json_pack("{s:s}", "as", "rounded") : NULL);
        return;
    }
}


/* Passports, permits: letters, digits and a few signs. */
void
bx_roster_take_other_number(bx_roster_checker *k, unsigned column, const char *id)
{
    size_t  n = strlen(id);

    if (bx_roster_is_scientific(id)) {
        bx_roster_fault_at(k, column, "scientific_notation_id", NULL);
        return;
    }
    if (n < 5 || n > 30 || strspn(id, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ()/-") != n) {
        bx_roster_fault_at(k, column, "id_chars", json_pack("{s:s}", "as", "other"));
        return;
    }

    k->row->v[column] = id;
}


const char *
bx_roster_plain_number(bx_arena *a, const char *text)
{
    const char  *s = text ? without_spaces(a, text) : NULL;

    s = s ? upper(a, s) : NULL;
    s = s ? whole_number(a, s) : "";
    return *s == '\'' || *s == '`' ? s + 1 : s;
}


static void
take_id_number(bx_roster_checker *k, unsigned column, const char *text)
{
    const char  *type = k->row->v[BX_R_ID_TYPE], *id = bx_roster_plain_number(k->arena, text);

    if (type == NULL || *type == '1' || *type == '2') {
        bx_roster_take_citizen_number(k, column, id, &k->id_birth, &k->id_sex);
        return;
    }

    bx_roster_take_other_number(k, column, id);
}


/* G, J or L and 18 characters; G is formal, J without identity number, L temporary. */
static void
take_enrolment_no(bx_roster_checker *k, unsigned column, const char *text)
{
    const char  *s = bx_roster_plain_number(k->arena, text);

    if (strlen(s) != 19 || strchr("GJL", s[0]) == NULL || strspn(s + 1, "0123456789") < 17
        || strchr("0123456789X", s[18]) == NULL)
    {
        bx_roster_fault_at(k, column, "bad_enrolment_no", NULL);
        return;
    }

    k->row->v[column] = s;
}


/* Mobile numbers, landlines with their area code, numbers abroad written with + or 00. */
void
bx_roster_take_phone(bx_roster_checker *k, unsigned column, const char *text)
{
    const char  *s = whole_number(k->arena, text), *digits = bx_phone_normal(k->arena, s);
    size_t       n = digits ? strlen(digits) : 0;
    bool         abroad = *s == '+' || strncmp(s, "00", 2) == 0;

    if (bx_roster_is_scientific(s)) {
        bx_roster_fault_at(k, column, "bad_phone", json_pack("{s:s}", "as", "scientific"));
        return;
    }
    if ((n == 11 && digits[0] == '1' && digits[1] >= '3') || (n >= 10 && n <= 12 && digits[0] == '0' && digits[1] != '0')
        || (abroad && n >= 8 && n <= 17))
    {
        k->row->v[column] = digits;
        return;
    }

    if (n > 0 && digits[0] == '1' && n != 11) {
        bx_roster_fault_at(k, column, "bad_phone", json_pack("{s:s, s:i}", "as", n < 11 ? "short" : "long", "count",
                                                n < 11 ? 11 - (int) n : (int) n - 11));
        return;
    }
    bx_roster_fault_at(k, column, "bad_phone", NULL);
}


static void
take_seat(bx_roster_checker *k, unsigned column, const char *text)
{
    const char     *s = whole_number(k->arena, text);
    unsigned long   n = strtoul(s, NULL, 10);

    if (strspn(s, "0123456789") == strlen(s) && strlen(s) <= 3 && n > 0) {
        k->row->v[column] = bx_sprintf(k->arena, "%lu", n);
    }
    /* numbers of another kind are no seat number, and no reason to refuse a child */
}


/* ------------------------------------------------------------------ class */

static void
take_class(bx_roster_checker *k, unsigned column, const char *text)
{
    const char      *grade = bx_trim(k->arena, bx_roster_cell_at(k->row, k->roster->at[BX_R_GRADE]));
    bx_class_name   *cls = &k->row->cls;
    bx_class_fault   bad = BX_CLASS_FORM;
    const char      *joined;

    text = whole_number(k->arena, text);
    if (grade != NULL && *grade != '\0') {    /* year and number in columns of their own */
        grade = whole_number(k->arena, bx_fold_width(k->arena, grade));
        joined = bx_sprintf(k->arena, strspn(text, "0123456789") == strlen(text) ? "%s%s班" : "%s%s", grade, text);
        bad = joined ? bx_classname_parse(joined, k->school->school_year, k->school->stage, cls) : BX_CLASS_FORM;
    }
    if (bad != BX_CLASS_OK) {
        bad = bx_classname_parse(text, k->school->school_year, k->school->stage, cls);
    }
    if (bad != BX_CLASS_OK) {
        bx_roster_fault_at(k, column, "unknown_class", json_pack("{s:s}", "as", bx_class_fault_name(bad)));
        return;
    }

    k->row->v[column] = bx_sprintf(k->arena, "%s/%d/%d", cls->stage, cls->entry_year, cls->class_no);
}


/* ------------------------------------------------------------------ which column takes what */

static const take_fn takes[BX_R_MEMBER] = {
    [BX_R_SCHOOL_CODE] = take_school, [BX_R_NAME] = bx_roster_take_name, [BX_R_SEX] = take_sex, [BX_R_BIRTH] = take_birth,
    [BX_R_ID_TYPE] = take_id_type, [BX_R_ID_NUMBER] = take_id_number, [BX_R_ENROLMENT_NO] = take_enrolment_no,
    [BX_R_GRADE] = NULL, [BX_R_CLASS] = take_class, [BX_R_ENROLLED] = take_month, [BX_R_BOARDING] = take_boarding,
    [BX_R_LEFT_BEHIND] = take_left_behind, [BX_R_MIGRANT] = bx_roster_take_yes_no, [BX_R_DISABILITY] = take_disability,
    [BX_R_PLACEMENT] = take_placement, [BX_R_ETHNIC] = take_ethnic, [BX_R_SEAT_NO] = take_seat,
    [BX_R_FORMER_NAME] = bx_roster_take_name, [BX_R_ADDRESS] = take_address, [BX_R_PHONE] = bx_roster_take_phone
};


bool
bx_roster_takes(unsigned column)
{
    return takes[column] != NULL;
}


void
bx_roster_take(bx_roster_checker *k, unsigned column, const char *text)
{
    takes[column](k, column, text);
}
