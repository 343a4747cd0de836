/*
 * roster_words.c: the words of a roster: what its codes are called, how its values and faults are shown to people, with numbers of people
 * masked wherever they stand.
 */
#include "flow/roster_cell.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_FAULTS       16
#define LONGEST_CODE     10                   /* digits: a school's code has as many, a phone has more */

const bx_roster_word bx_roster_sexes[] = { { "1", "男 男性 1 1男 1-男" }, { "2", "女 女性 2 2女 2-女" }, { NULL, NULL } };

const bx_roster_word bx_roster_id_types[] = {
    { "1", "居民身份证 身份证 1" }, { "2", "户口簿 户口本 2" }, { "6", "香港特区护照/身份证明 香港特区护照 6" },
    { "7", "澳门特区护照/身份证明 澳门特区护照 7" }, { "8", "台湾居民来往大陆通行证 8" },
    { "9", "境外永久居住证 外国人永久居留身份证 9" }, { "A", "护照 A" }, { "Z", "其他 其它 Z" }, { NULL, NULL }
};

const bx_roster_word bx_roster_boardings[] = {
    { "0", "走读 走读生 借读 其他 其它 送教上门 否" }, { "1", "住校 住校生 寄宿 寄宿生 住宿 住宿生 是" }, { NULL, NULL }
};

const bx_roster_word bx_roster_left_behinds[] = {
    { "0", "非留守儿童 非留守 否 无 0" }, { "1", "单亲留守儿童 单亲留守 是 1" }, { "2", "双亲留守儿童 双亲留守 2" }, { NULL, NULL }
};

const bx_roster_word bx_roster_disabilities[] = {
    { "0", "无残疾 无 否" }, { "1", "视力残疾 视力" }, { "2", "听力残疾 听力" }, { "3", "言语残疾 言语" }, { "4", "肢体残疾 肢体" },
    { "5", "智力残疾 智力" }, { "6", "精神残疾 精神" }, { "7", "多重残疾 多重" }, { "9", "其他残疾 其它残疾 其他 其它" }, { NULL, NULL }
};

const bx_roster_word bx_roster_placements[] = {
    { "class", "非随班就读 否 无" },
    { "inclusive", "随班就读 是 视力残疾随班就读 听力残疾随班就读 智力残疾随班就读 其它残疾随班就读 其他残疾随班就读" }, { NULL, NULL }
};

const bx_roster_word bx_roster_yes_no[] = { { "1", "是 有 Y TRUE 1" }, { "0", "否 无 不是 N FALSE 0" }, { NULL, NULL } };

/* GB/T 3304 01 to 56, in order, without 族. */
const char bx_roster_ethnics[] =
    "汉 蒙古 回 藏 维吾尔 苗 彝 壮 布依 朝鲜 满 侗 瑶 白 土家 哈尼 哈萨克 傣 黎 傈僳 佤 畲 高山 拉祜 水 东乡 纳西 景颇 柯尔克孜 "
    "土 达斡尔 仫佬 羌 布朗 撒拉 毛南 仡佬 锡伯 阿昌 普米 塔吉克 怒 乌孜别克 俄罗斯 鄂温克 德昂 保安 裕固 京 塔塔尔 独龙 鄂伦春 "
    "赫哲 门巴 珞巴 基诺";


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


const char *
bx_roster_cell_at(const bx_roster_row *row, int at)
{
    return at >= 0 && (unsigned) at < row->cells->ncells ? row->cells->cells[at] : "";
}


/* The most digits that stand together, no matter how they are grouped. */
size_t
bx_roster_longest_number(bx_arena *a, const char *s)
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
bool
bx_roster_is_address(const char *s)
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
    size_t       n = bx_roster_longest_number(a, s);
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


bool
bx_roster_is_scientific(const char *s)
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
    const char  *text = bx_trim(a, bx_roster_cell_at(row, r->at[column]));

    if (text == NULL || *text == '\0') {
        return "";
    }
    if (!is_open_column(column) || bx_roster_is_address(text)) {
        text = "****";
    } else if (bx_roster_is_scientific(text)) {
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
    const char     *p = bx_roster_ethnics;
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
    static const struct { unsigned column; const bx_roster_word *words; } lists[] = {
        { BX_R_SEX, bx_roster_sexes }, { BX_R_ID_TYPE, bx_roster_id_types }, { BX_R_BOARDING, bx_roster_boardings }, { BX_R_LEFT_BEHIND, bx_roster_left_behinds },
        { BX_R_DISABILITY, bx_roster_disabilities }, { BX_R_PLACEMENT, bx_roster_placements }, { BX_R_MIGRANT, bx_roster_yes_no }
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
        const bx_roster_word *l = field == BX_M_GUARDIAN ? bx_roster_yes_no : field == BX_M_ID_TYPE ? bx_roster_id_types
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


void
bx_roster_fault_at(bx_roster_checker *k, unsigned column, const char *reason, json_t *params)
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
