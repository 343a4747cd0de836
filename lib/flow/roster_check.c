/*
 * roster_check.c: is this table a roster, and what is wrong with its rows. Pure: no database, no clock of its own.
 * Every cell becomes one normal form, whatever way it was written, so that two files that say the same compare equal.
 * Identity numbers by GB 11643; nationalities by GB/T 3304; sex by GB/T 2261.1.
 */
#include "flow/roster.h"
#include "core/core.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_FAULTS       16
#define MAX_NAME         60
#define MAX_EXTRA        300                  /* characters of a cell that is only kept */
#define MAX_ADDRESS      150
#define MIN_NUMBER       7                    /* digits that no name has */
#define LONGEST_CODE     10                   /* digits: a school's code has as many, a phone has more */
#define MAX_AGE          30                   /* years: pupils of special schools may be grown up */

typedef struct { const char *code; const char *words; } word_list;

static const word_list sexes[] = { { "1", "男 男性 1 1男 1-男" }, { "2", "女 女性 2 2女 2-女" }, { NULL, NULL } };

static const word_list id_types[] = {
    { "1", "居民身份证 身份证 1" }, { "2", "户口簿 户口本 2" }, { "6", "香港特区护照/身份证明 香港特区护照 6" },
    { "7", "澳门特区护照/身份证明 澳门特区护照 7" }, { "8", "台湾居民来往大陆通行证 8" },
    { "9", "境外永久居住证 外国人永久居留身份证 9" }, { "A", "护照 A" }, { "Z", "其他 其它 Z" }, { NULL, NULL }
};

static const word_list boardings[] = {
    { "0", "走读 走读生 借读 其他 其它 送教上门 否" }, { "1", "住校 住校生 寄宿 寄宿生 住宿 住宿生 是" }, { NULL, NULL }
};

static const word_list left_behinds[] = {
    { "0", "非留守儿童 非留守 否 无 0" }, { "1", "单亲留守儿童 单亲留守 是 1" }, { "2", "双亲留守儿童 双亲留守 2" }, { NULL, NULL }
};

static const word_list disabilities[] = {
    { "0", "无残疾 无 否" }, { "1", "视力残疾 视力" }, { "2", "听力残疾 听力" }, { "3", "言语残疾 言语" }, { "4", "肢体残疾 肢体" },
    { "5", "智力残疾 智力" }, { "6", "精神残疾 精神" }, { "7", "多重残疾 多重" }, { "9", "其他残疾 其它残疾 其他 其它" }, { NULL, NULL }
};

static const word_list placements[] = {
    { "class", "非随班就读 否 无" },
    { "inclusive", "随班就读 是 视力残疾随班就读 听力残疾随班就读 智力残疾随班就读 其它残疾随班就读 其他残疾随班就读" }, { NULL, NULL }
};

static const word_list yes_no[] = { { "1", "是 有 Y TRUE 1" }, { "0", "否 无 不是 N FALSE 0" }, { NULL, NULL } };

/* GB/T 3304 01 to 56, in order, without 族. */
static const char ethnics[] =
    "汉 蒙古 回 藏 维吾尔 苗 彝 壮 布依 朝鲜 满 侗 瑶 白 土家 哈尼 哈萨克 傣 黎 傈僳 佤 畲 高山 拉祜 水 东乡 纳西 景颇 柯尔克孜 "
    "土 达斡尔 仫佬 羌 布朗 撒拉 毛南 仡佬 锡伯 阿昌 普米 塔吉克 怒 乌孜别克 俄罗斯 鄂温克 德昂 保安 裕固 京 塔塔尔 独龙 鄂伦春 "
    "赫哲 门巴 珞巴 基诺";

/* Names of before 1985 and ways to write one, as rosters still have them. */
static const word_list ethnic_aliases[] = {
    { "36", "毛难" }, { "46", "崩龙" }, { "20", "僳僳 栗僳" }, { "43", "乌兹别克" }, { "30", "土族" }, { "97", "其他 其它 未识别 穿青人 革家人 僜人" },
    { "98", "外国血统 外国血统中国籍人士 入籍" }, { NULL, NULL }
};

typedef struct {
    bx_roster              *roster;
    bx_roster_row          *row;
    const bx_roster_school *school;
    bx_arena               *arena;
    bx_date                 id_birth;         /* of a valid citizen's number */
    int                     id_sex;
} checker;

/* What a column takes: text is trimmed, folded, never blank. */
typedef void (*take_fn)(checker *k, unsigned column, const char *text);


/* ------------------------------------------------------------------ faults and how they are shown */

static const char *
cut(bx_arena *a, const char *s, size_t characters)
{
    size_t  i = 0;

    for (; s[i]; i++) {
        if (((unsigned char) s[i] & 0xc0) != 0x80 && characters-- == 0) {
            break;
        }
    }

    return s[i] ? bx_strndup(a, s, i) : s;
}


static const char *
cell_at(const bx_roster_row *row, int at)
{
    return at >= 0 && (unsigned) at < row->cells->ncells ? row->cells->cells[at] : "";
}


/* The most digits that stand together, no matter how they are grouped. */
static size_t
longest_number(bx_arena *a, const char *s)
{
    size_t  most = 0, n = 0;

    for (s = bx_fold_width(a, s); s != NULL && *s; s++) {
        if (*s >= '0' && *s <= '9') {
            n++;
            most = n > most ? n : most;
        } else if (*s != ' ' && *s != '-') {
            n = 0;
        }
    }

    return most;
}


/* Two of the words that addresses are made of. */
static bool
is_address(const char *s)
{
    static const char *const words[] = { "省", "市", "县", "区", "乡", "镇", "街", "道", "路", "巷", "村", "组", "号", "栋", "室" };
    unsigned                 found = 0;

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        found += strstr(s, words[i]) != NULL;
    }

    return found >= 2 && bx_utf8_count(s) >= 6;
}


/* In rows that have slipped by a column, numbers and addresses stand where anything else is expected. What is too long for a
 * school's code or a day with its hour is a number of a person. */
static const char *
without_numbers(bx_arena *a, const char *s)
{
    size_t       n = longest_number(a, s);
    const char  *plain = n > LONGEST_CODE ? bx_fold_width(a, s) : NULL;

    if (n <= LONGEST_CODE) {
        return s;
    }
    if (plain == NULL || strspn(plain, "0123456789 -Xx") != strlen(plain)) {
        return "****";
    }

    return bx_mask(a, n >= 15 ? "id" : "phone", plain);
}


const char *
bx_roster_heading_at(const bx_roster *r, unsigned at)
{
    const char  *text;

    if (at == BX_R_NOWHERE || at >= r->heading->ncells) {
        return NULL;
    }

    text = without_numbers(r->arena, bx_trim(r->arena, r->heading->cells[at]));
    return text ? cut(r->arena, text, 60) : "";
}


static bool
is_phone_column(unsigned c)
{
    return c == BX_R_PHONE || (c >= BX_R_MEMBER && c < BX_R_EXTRA && (c - BX_R_MEMBER) % BX_M_COUNT == BX_M_PHONE);
}


static bool
is_number_column(unsigned c)
{
    return c == BX_R_ID_NUMBER || c == BX_R_ENROLMENT_NO
           || (c >= BX_R_MEMBER && c < BX_R_EXTRA && (c - BX_R_MEMBER) % BX_M_COUNT == BX_M_ID_NUMBER);
}


/* Columns whose words the log of an import repeats; what is sealed at rest stays out of it, but for the masked numbers. */
static bool
is_open_column(unsigned c)
{
    unsigned  field = c >= BX_R_MEMBER ? (c - BX_R_MEMBER) % BX_M_COUNT : 0;

    if (c < BX_R_MEMBER) {
        return c != BX_R_ADDRESS;
    }

    return c < BX_R_EXTRA && (field == BX_M_NAME || field == BX_M_RELATION || field == BX_M_PHONE || field == BX_M_GUARDIAN
                              || field == BX_M_ID_TYPE || field == BX_M_ID_NUMBER);
}


static bool
is_scientific(const char *s)
{
    return bx_idcard_check(s, NULL, NULL) == BX_ID_SCIENTIFIC;
}


/* "5.22701E+17" holds the division only: shown as it is, since that is what the reader has to look for. A sheet may keep
 * more digits than it shows. */
static const char *
short_scientific(bx_arena *a, const char *s)
{
    size_t  whole = strcspn(s, ".Ee"), mantissa = strcspn(s, "Ee"), shown = whole + 6;

    return mantissa <= shown ? s : bx_sprintf(a, "%.*s%s", (int) shown, s, s + mantissa);
}


const char *
bx_roster_shown(const bx_roster *r, const bx_roster_row *row, unsigned column)
{
    bx_arena    *a = r->arena;
    const char  *text = bx_trim(a, cell_at(row, r->at[column]));

    if (text == NULL || *text == '\0') {
        return "";
    }
    if (!is_open_column(column) || is_address(text)) {
        text = "****";
    } else if (is_scientific(text)) {
        text = short_scientific(a, text);
    } else if (is_number_column(column)) {
        text = bx_mask(a, "id", text);
    } else if (is_phone_column(column)) {
        text = bx_mask(a, "phone", text);
    } else {
        text = without_numbers(a, text);
    }

    return text ? cut(a, text, 120) : "";
}


/* "04" → "藏族" */
static const char *
ethnic_name(bx_arena *a, const char *code)
{
    const char     *p = ethnics;
    unsigned long   n = strtoul(code, NULL, 10);

    for (unsigned long i = 1; *p && i < n; i++) {
        p += strcspn(p, " ");
        p += strspn(p, " ");
    }

    if (n >= 1 && n <= 56 && *p) {
        return bx_sprintf(a, "%.*s族", (int) strcspn(p, " "), p);
    }

    return n == 97 ? "其他" : n == 98 ? "外国血统" : code;
}


const char *
bx_roster_words(bx_arena *a, unsigned column, const char *value)
{
    static const struct { unsigned column; const word_list *words; } lists[] = {
        { BX_R_SEX, sexes }, { BX_R_ID_TYPE, id_types }, { BX_R_BOARDING, boardings }, { BX_R_LEFT_BEHIND, left_behinds },
        { BX_R_DISABILITY, disabilities }, { BX_R_PLACEMENT, placements }, { BX_R_MIGRANT, yes_no }
    };
    unsigned  field = column >= BX_R_MEMBER && column < BX_R_EXTRA ? (column - BX_R_MEMBER) % BX_M_COUNT : BX_M_COUNT;
    char      stage[8];
    int       year, number;

    if (value == NULL || *value == '\0') {
        return "";
    }
    if (!is_open_column(column)) {
        return NULL;
    }
    if (is_number_column(column)) {
        return bx_mask(a, "id", value);
    }
    if (is_phone_column(column)) {
        return bx_mask(a, "phone", value);
    }
    if (column == BX_R_CLASS && sscanf(value, "%7[a-z]/%d/%d", stage, &year, &number) == 3) {
        return bx_sprintf(a, "%d级%d班", year, number);
    }
    if (column == BX_R_ETHNIC) {
        return ethnic_name(a, value);
    }
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        const word_list *l = field == BX_M_GUARDIAN ? yes_no : field == BX_M_ID_TYPE ? id_types
                             : lists[i].column == column ? lists[i].words : NULL;

        for (; l != NULL && l->code != NULL; l++) {
            if (strcmp(l->code, value) == 0) {
                return bx_strndup(a, l->words, strcspn(l->words, " "));
            }
        }
    }

    return cut(a, without_numbers(a, value), 120);
}


void
bx_roster_fault_add(bx_roster *r, bx_roster_row *row, unsigned column, const char *reason, json_t *params)
{
    bx_roster_fault  *f;

    params = bx_own(r->arena, params);
    if (row->faults == NULL) {
        row->faults = bx_alloc(r->arena, MAX_FAULTS * sizeof(*row->faults));
    }
    if (row->faults == NULL || row->nfaults == MAX_FAULTS) {
        row->nfaults = row->nfaults ? row->nfaults : 1;       /* out of memory: rejected all the same */
        return;
    }

    f = &row->faults[row->nfaults++];
    f->reason = reason;
    f->at = column < BX_R_COUNT && r->at[column] >= 0 ? (unsigned) r->at[column] : BX_R_NOWHERE;
    f->value = column < BX_R_COUNT ? bx_roster_shown(r, row, column) : "";
    f->params = params;
}


static void
fault(checker *k, unsigned column, const char *reason, json_t *params)
{
    bx_roster_fault_add(k->roster, k->row, column, reason, params);
}


const char *
bx_roster_message(bx_arena *a, const char *lang, const char *reason, const json_t *params)
{
    const char  *as = json_string_value(json_object_get(params, "as")), *key, *text;

    if (as != NULL) {
        key = bx_sprintf(a, "error.import.%s.%s", reason, as);
        text = key ? bx_tr(a, lang, key, params) : "";
        if (key != NULL && strcmp(text, key) != 0) {
            return text;
        }
    }

    key = bx_sprintf(a, "error.import.%s", reason);
    return key ? bx_tr(a, lang, key, params) : "";
}


/* ------------------------------------------------------------------ one cell */

static bool
is_word(const char *words, const char *s)
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


static const char *
code_of(const word_list *list, const char *text)
{
    for (; list->code; list++) {
        if (is_word(list->words, text)) {
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


static void
take_text(checker *k, unsigned column, const char *text)
{
    if (bx_utf8_count(text) > MAX_EXTRA) {
        fault(k, column, "too_long", json_pack("{s:i}", "max", MAX_EXTRA));
        return;
    }

    k->row->v[column] = text;
}


/* Names and relations are kept in the clear, so that no number or address may get in there by a row that has slipped. */
static bool
has_slipped(checker *k, unsigned column, const char *text)
{
    if (longest_number(k->arena, text) < MIN_NUMBER && !is_address(text)) {
        return false;
    }

    fault(k, column, "slipped", NULL);
    return true;
}


/* "王 强" is 王强: rosters pad short names so that columns align. Names in other scripts keep their spaces. */
static void
take_name(checker *k, unsigned column, const char *text)
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
        fault(k, column, "too_long", json_pack("{s:i}", "max", MAX_NAME));
        return;
    }
    if (column < BX_R_MEMBER && has_slipped(k, column, text)) {
        return;
    }

    k->row->v[column] = text;
}


static void
take_address(checker *k, unsigned column, const char *text)
{
    if (bx_utf8_count(text) > MAX_ADDRESS || strlen(text) > 500) {
        fault(k, column, "too_long", json_pack("{s:i}", "max", MAX_ADDRESS));
        return;
    }

    k->row->v[column] = text;
}


static void
take_school(checker *k, unsigned column, const char *text)
{
    text = whole_number(k->arena, text);
    if (k->school->code != NULL && strcmp(text, k->school->code) != 0) {
        fault(k, column, "wrong_school", json_pack("{s:s}", "code", k->school->code));
        return;
    }

    k->row->v[column] = text;
}


static void
take_code(checker *k, unsigned column, const char *text, const word_list *list, const char *reason)
{
    const char  *code = text ? code_of(list, text) : NULL;
    bx_buf       words;

    if (code != NULL) {
        k->row->v[column] = code;
        return;
    }

    bx_buf_init(&words, k->arena);
    for (const word_list *l = list; l->code; l++) {
        bx_buf_printf(&words, "%s%.*s", words.len ? "、" : "", (int) strcspn(l->words, " "), l->words);
    }
    fault(k, column, reason, json_pack("{s:s}", "allowed", words.data));
}


static void take_sex(checker *k, unsigned c, const char *t) { take_code(k, c, t, sexes, "bad_sex"); }
static void take_id_type(checker *k, unsigned c, const char *t) { take_code(k, c, upper(k->arena, t), id_types, "bad_value"); }
static void take_left_behind(checker *k, unsigned c, const char *t) { take_code(k, c, t, left_behinds, "bad_value"); }
static void take_yes_no(checker *k, unsigned c, const char *t) { take_code(k, c, upper(k->arena, t), yes_no, "bad_value"); }
static void take_disability(checker *k, unsigned c, const char *t) { take_code(k, c, t, disabilities, "bad_value"); }


static void
take_boarding(checker *k, unsigned column, const char *text)
{
    take_code(k, column, text, boardings, "bad_value");
    if (strcmp(text, "送教上门") == 0) {       /* some schools keep it here: the template has no column for it */
        k->row->v[BX_R_PLACEMENT] = "home_delivery";
    }
}


static void
take_placement(checker *k, unsigned column, const char *text)
{
    if (k->row->v[column] == NULL) {
        take_code(k, column, text, placements, "bad_value");
    }
}


static void
take_ethnic(checker *k, unsigned column, const char *text)
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
    for (const char *p = ethnics; name && *p; number++) {
        size_t len = strcspn(p, " ");

        if (len == strlen(name) && memcmp(p, name, len) == 0) {
            k->row->v[column] = bx_sprintf(k->arena, "%02u", number);
            return;
        }
        p += len;
        p += strspn(p, " ");
    }

    code = name ? code_of(ethnic_aliases, name) : NULL;
    if (code == NULL) {
        fault(k, column, "bad_value", json_pack("{s:s}", "as", "ethnic"));
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
take_birth(checker *k, unsigned column, const char *text)
{
    bx_date   day = day_of(whole_number(k->arena, text)), today = k->school->today;
    bx_civil  born;

    if (day == BX_NO_DATE) {
        fault(k, column, "bad_date", NULL);
        return;
    }

    born = bx_civil_of_date(day);
    if (day >= today || born.year < bx_civil_of_date(today).year - MAX_AGE) {
        fault(k, column, "bad_date", json_pack("{s:s}", "as", day >= today ? "future" : "past"));
        return;
    }

    k->row->v[column] = bx_date_text(k->arena, day);
}


static void
take_month(checker *k, unsigned column, const char *text)
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
        fault(k, column, "bad_month", NULL);
        return;
    }

    k->row->v[column] = bx_date_text(k->arena, day);
}


/* ------------------------------------------------------------------ numbers of people */

static void
take_citizen_number(checker *k, unsigned column, const char *id, bx_date *birth, int *sex)
{
    switch (bx_idcard_check(id, birth, sex)) {
    case BX_ID_OK:
        k->row->v[column] = id;
        return;
    case BX_ID_SCIENTIFIC:
        fault(k, column, "scientific_notation_id", NULL);
        return;
    case BX_ID_LENGTH:
        fault(k, column, "id_length", json_pack("{s:I}", "length", (json_int_t) bx_utf8_count(id)));
        return;
    case BX_ID_CHARS:
        fault(k, column, "id_chars", NULL);
        return;
    case BX_ID_DATE:
        fault(k, column, "id_date", NULL);
        return;
    case BX_ID_CHECK:                         /* Excel keeps 15 digits and puts zeros in place of the rest */
        fault(k, column, "bad_check_digit", strcmp(id + 15, "000") == 0 ? json_pack("{s:s}", "as", "rounded") : NULL);
        return;
    }
}


/* Passports, permits: letters, digits and a few signs. */
static void
take_other_number(checker *k, unsigned column, const char *id)
{
    size_t  n = strlen(id);

    if (is_scientific(id)) {
        fault(k, column, "scientific_notation_id", NULL);
        return;
    }
    if (n < 5 || n > 30 || strspn(id, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ()/-") != n) {
        fault(k, column, "id_chars", json_pack("{s:s}", "as", "other"));
        return;
    }

    k->row->v[column] = id;
}


static const char *
plain_number(bx_arena *a, const char *text)
{
    const char  *s = text ? without_spaces(a, text) : NULL;

    s = s ? upper(a, s) : NULL;
    s = s ? whole_number(a, s) : "";
    return *s == '\'' || *s == '`' ? s + 1 : s;
}


static void
take_id_number(checker *k, unsigned column, const char *text)
{
    const char  *type = k->row->v[BX_R_ID_TYPE], *id = plain_number(k->arena, text);

    if (type == NULL || *type == '1' || *type == '2') {
        take_citizen_number(k, column, id, &k->id_birth, &k->id_sex);
        return;
    }

    take_other_number(k, column, id);
}


/* G, J or L and 18 characters; G is formal, J without identity number, L temporary. */
static void
take_enrolment_no(checker *k, unsigned column, const char *text)
{
    const char  *s = plain_number(k->arena, text);

    if (strlen(s) != 19 || strchr("GJL", s[0]) == NULL || strspn(s + 1, "0123456789") < 17
        || strchr("0123456789X", s[18]) == NULL)
    {
        fault(k, column, "bad_enrolment_no", NULL);
        return;
    }

    k->row->v[column] = s;
}


/* Mobile numbers, landlines with their area code, numbers abroad written with + or 00. */
static void
take_phone(checker *k, unsigned column, const char *text)
{
    const char  *s = whole_number(k->arena, text), *digits = bx_phone_normal(k->arena, s);
    size_t       n = digits ? strlen(digits) : 0;
    bool         abroad = *s == '+' || strncmp(s, "00", 2) == 0;

    if (is_scientific(s)) {
        fault(k, column, "bad_phone", json_pack("{s:s}", "as", "scientific"));
        return;
    }
    if ((n == 11 && digits[0] == '1' && digits[1] >= '3') || (n >= 10 && n <= 12 && digits[0] == '0' && digits[1] != '0')
        || (abroad && n >= 8 && n <= 17))
    {
        k->row->v[column] = digits;
        return;
    }

    if (n > 0 && digits[0] == '1' && n != 11) {
        fault(k, column, "bad_phone", json_pack("{s:s, s:i}", "as", n < 11 ? "short" : "long", "count",
                                                n < 11 ? 11 - (int) n : (int) n - 11));
        return;
    }
    fault(k, column, "bad_phone", NULL);
}


static void
take_seat(checker *k, unsigned column, const char *text)
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
take_class(checker *k, unsigned column, const char *text)
{
    const char      *grade = bx_trim(k->arena, cell_at(k->row, k->roster->at[BX_R_GRADE]));
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
        fault(k, column, "unknown_class", json_pack("{s:s}", "as", bx_class_fault_name(bad)));
        return;
    }

    k->row->v[column] = bx_sprintf(k->arena, "%s/%d/%d", cls->stage, cls->entry_year, cls->class_no);
}


/* ------------------------------------------------------------------ one row */

static const take_fn takes[BX_R_MEMBER] = {
    [BX_R_SCHOOL_CODE] = take_school, [BX_R_NAME] = take_name, [BX_R_SEX] = take_sex, [BX_R_BIRTH] = take_birth,
    [BX_R_ID_TYPE] = take_id_type, [BX_R_ID_NUMBER] = take_id_number, [BX_R_ENROLMENT_NO] = take_enrolment_no,
    [BX_R_GRADE] = NULL, [BX_R_CLASS] = take_class, [BX_R_ENROLLED] = take_month, [BX_R_BOARDING] = take_boarding,
    [BX_R_LEFT_BEHIND] = take_left_behind, [BX_R_MIGRANT] = take_yes_no, [BX_R_DISABILITY] = take_disability,
    [BX_R_PLACEMENT] = take_placement, [BX_R_ETHNIC] = take_ethnic, [BX_R_SEAT_NO] = take_seat,
    [BX_R_FORMER_NAME] = take_name, [BX_R_ADDRESS] = take_address, [BX_R_PHONE] = take_phone
};


static const char *
cell_text(checker *k, unsigned column)
{
    const char  *raw = cell_at(k->row, k->roster->at[column]), *text;

    if (*raw == '\0') {
        return "";
    }

    text = bx_trim(k->arena, raw);
    if (column < BX_R_MEMBER && column != BX_R_ADDRESS) {
        text = bx_fold_width(k->arena, text);
        text = text ? bx_trim(k->arena, text) : NULL;
    }
    if (text != NULL && !bx_text_clean(text)) {
        fault(k, column, "control_characters", NULL);
        return "";
    }

    return text ? text : "";
}


static void
check_guardian(checker *k, int m)
{
    const char   **v = k->row->v;
    unsigned       phone = BX_R_OF(m, BX_M_PHONE), id = BX_R_OF(m, BX_M_ID_NUMBER), type = BX_R_OF(m, BX_M_ID_TYPE);
    const char    *number, *text = v[phone];

    if (v[BX_R_OF(m, BX_M_NAME)] == NULL) {
        fault(k, BX_R_OF(m, BX_M_NAME), "missing_guardian_name", NULL);
    }
    for (unsigned f = BX_M_NAME; f <= BX_M_RELATION; f++) {
        if (v[BX_R_OF(m, f)] != NULL) {
            (void) has_slipped(k, BX_R_OF(m, f), v[BX_R_OF(m, f)]);
        }
    }
    if (text != NULL) {
        v[phone] = NULL;
        take_phone(k, phone, text);
    }

    text = v[id];
    if (text == NULL) {
        return;
    }
    v[id] = NULL;
    number = plain_number(k->arena, bx_fold_width(k->arena, text));
    if (v[type] == NULL || code_of(id_types, v[type]) == NULL || strchr("12", *code_of(id_types, v[type])) != NULL) {
        take_citizen_number(k, id, number, NULL, NULL);
    } else {
        take_other_number(k, id, number);
    }
}


/* Only guardians are checked: what the roster says of other relatives is kept as it stands. Without the column 是否监护人
 * parents are guardians (Civil Code, article 27). */
static void
check_member(checker *k, int m)
{
    const char   **v = k->row->v;
    unsigned       flag = BX_R_OF(m, BX_M_GUARDIAN);
    const char    *relation;
    bool           anything = false;

    for (unsigned f = 0; f < BX_M_COUNT; f++) {
        unsigned    column = BX_R_OF(m, f);
        const char *text = cell_text(k, column);

        if (*text == '\0') {
            continue;
        }
        anything = true;
        if (f == BX_M_GUARDIAN) {
            take_yes_no(k, column, bx_fold_width(k->arena, text));
        } else if (f == BX_M_NAME) {
            take_name(k, column, bx_fold_width(k->arena, text));
        } else {
            take_text(k, column, text);
        }
    }

    relation = v[BX_R_OF(m, BX_M_RELATION)];
    if (k->roster->at[flag] < 0 && v[BX_R_OF(m, BX_M_NAME)] != NULL && relation != NULL) {
        v[flag] = is_word("父亲 母亲 父 母 爸爸 妈妈", relation) ? "1" : "0";
    }
    if (anything && v[flag] != NULL && *v[flag] == '1') {
        check_guardian(k, m);
    }
}


/* Cells that must say something, and what the identity number says of birth and sex. */
static void
check_whole(checker *k)
{
    static const struct { unsigned column; const char *reason; } needed[] = {
        { BX_R_NAME, "missing_name" }, { BX_R_SEX, "missing_sex" }, { BX_R_BIRTH, "missing_birth" }, { BX_R_CLASS, "missing_class" }
    };
    const char  **v = k->row->v, *born;
    bool          has_id = *cell_at(k->row, k->roster->at[BX_R_ID_NUMBER]) != '\0';
    bool          has_no = *cell_at(k->row, k->roster->at[BX_R_ENROLMENT_NO]) != '\0';

    for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
        if (*cell_at(k->row, k->roster->at[needed[i].column]) == '\0') {
            fault(k, needed[i].column, needed[i].reason, NULL);
        }
    }
    if (!has_id && !has_no) {
        fault(k, k->roster->at[BX_R_ID_NUMBER] >= 0 ? BX_R_ID_NUMBER : BX_R_ENROLMENT_NO, "missing_id", NULL);
    }

    if (k->id_birth == BX_NO_DATE) {
        return;
    }
    born = bx_date_text(k->arena, k->id_birth);
    if (v[BX_R_BIRTH] != NULL && born != NULL && strcmp(born, v[BX_R_BIRTH]) != 0) {
        fault(k, BX_R_BIRTH, "birth_contradicts_id", json_pack("{s:s}", "id_birth", born));
    }
    if (v[BX_R_SEX] != NULL && *v[BX_R_SEX] - '0' != k->id_sex) {
        fault(k, BX_R_SEX, "sex_contradicts_id", json_pack("{s:s}", "as", k->id_sex == 1 ? "male" : "female"));
    }
}


static void
check_row(checker *k)
{
    k->id_birth = BX_NO_DATE;
    k->id_sex = 0;

    for (unsigned c = 0; c < BX_R_MEMBER; c++) {
        const char *text = takes[c] ? cell_text(k, c) : "";

        if (*text != '\0') {
            takes[c](k, c, text);
        }
    }
    for (int m = 0; m < BX_ROSTER_MEMBERS; m++) {
        check_member(k, m);
    }
    for (unsigned c = BX_R_EXTRA; c < BX_R_COUNT; c++) {
        const char *text = cell_text(k, c);

        if (*text != '\0') {
            take_text(k, c, text);
        }
    }

    check_whole(k);
}


/* ------------------------------------------------------------------ the same number twice */

typedef struct { const char *number; bx_roster_row *row; } numbered;


static int
by_number(const void *a, const void *b)
{
    const numbered  *x = a, *y = b;
    int              d = strcmp(x->number, y->number);

    return d ? d : x->row->row < y->row->row ? -1 : 1;
}


/* The first row of a number stands, the later ones are sent back. */
static bx_rc
find_twins(bx_roster *r, unsigned column, const char *reason)
{
    numbered  *list = bx_alloc(r->arena, (r->nrows + 1) * sizeof(*list)), *first = NULL;
    size_t     n = 0;

    if (list == NULL) {
        return BX_FAIL;
    }
    for (size_t i = 0; i < r->nrows; i++) {
        if (r->rows[i].v[column] != NULL) {
            list[n++] = (numbered) { r->rows[i].v[column], &r->rows[i] };
        }
    }

    qsort(list, n, sizeof(*list), by_number);
    for (size_t i = 0; i < n; i++) {
        if (first == NULL || strcmp(first->number, list[i].number) != 0) {
            first = &list[i];
            continue;
        }
        bx_roster_fault_add(r, list[i].row, column, reason,
            json_pack("{s:i, s:s}", "row", (int) first->row->row, "name", first->row->v[BX_R_NAME] ? first->row->v[BX_R_NAME] : ""));
    }

    return BX_OK;
}


/* ------------------------------------------------------------------ the whole sheet */

bx_rc
bx_roster_check(bx_arena *a, const bx_sheet *sheet, const char *mapping, const bx_roster_school *school, bx_roster *out,
                bx_roster_refusal *why)
{
    checker  k = { .roster = out, .school = school, .arena = a };
    size_t   first;

    if (bx_roster_columns(a, sheet, mapping, out, why) != BX_OK) {
        return BX_FAIL;
    }
    if (out->missing != NULL) {
        why->reason = "import.missing_columns";
        why->params = bx_own(a, json_pack("{s:s, s:i}", "columns", out->missing, "row", (int) out->heading->row));
        return BX_FAIL;
    }

    why->reason = "import.internal";
    out->rows = bx_alloc(a, out->nrows * sizeof(*out->rows));
    if (out->rows == NULL) {
        return BX_FAIL;
    }

    first = sheet->nrows - out->nrows;
    for (size_t i = 0; i < out->nrows; i++) {
        k.row = &out->rows[i];
        k.row->cells = &sheet->rows[first + i];
        k.row->row = k.row->cells->row;
        check_row(&k);
    }

    if (find_twins(out, BX_R_ID_NUMBER, "duplicate_id") != BX_OK
        || find_twins(out, BX_R_ENROLMENT_NO, "duplicate_enrolment_no") != BX_OK)
    {
        return BX_FAIL;
    }

    why->reason = NULL;
    return BX_OK;
}
