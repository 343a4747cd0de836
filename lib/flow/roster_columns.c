/*
 * roster_columns.c: the headings of the national roster template in the editions that schools hold (71 columns in two
 * orders, 73 columns), and what people make of them. A column is found by its heading, never by its position, unless a person
 * says what it is.
 */
#include "flow/roster.h"
#include "core/core.h"

#include <stdlib.h>
#include <string.h>

#define HEADING_SEARCH  20                    /* the heading is among the first rows: titles may stand above it */

typedef struct { const char *key; const char *headings; } column;

/* Headings are separated by spaces; the first is the template's. */
static const column columns[] = {
    [BX_R_SCHOOL_CODE]  = { "school_code",  "学校标识码 学校代码 学校标识" },
    [BX_R_NAME]         = { "name",         "姓名 学生姓名" },
    [BX_R_SEX]          = { "sex",          "性别" },
    [BX_R_BIRTH]        = { "birth_on",     "出生日期 出生年月日 生日" },
    [BX_R_ID_TYPE]      = { "id_type",      "身份证件类型 身份证类型 证件类型" },
    [BX_R_ID_NUMBER]    = { "id_number",    "身份证件号 身份证件号码 身份证号 身份证号码 证件号码 证件号 公民身份号码" },
    [BX_R_ENROLMENT_NO] = { "enrolment_no", "学籍号 全国学籍号 国网学籍号" },
    [BX_R_GRADE]        = { "grade",        "年级 年级名称" },
    [BX_R_CLASS]        = { "class",        "班号 班级 班级号 班级名称 班名 所在班级" },
    [BX_R_ENROLLED]     = { "enrolled_on",  "入学年月 入学日期 入学时间" },
    [BX_R_BOARDING]     = { "boarding",     "就读方式" },
    [BX_R_LEFT_BEHIND]  = { "left_behind",  "是否留守儿童 留守儿童" },
    [BX_R_MIGRANT]      = { "migrant",      "是否进城务工人员随迁子女 进城务工人员随迁子女" },
    [BX_R_DISABILITY]   = { "disability",   "残疾人类型 残疾类型" },
    [BX_R_PLACEMENT]    = { "placement",    "随班就读" },
    [BX_R_ETHNIC]       = { "ethnic",       "民族" },
    [BX_R_SEAT_NO]      = { "seat_no",      "班内学号 座号" },
    [BX_R_FORMER_NAME]  = { "former_name",  "曾用名" },
    [BX_R_ADDRESS]      = { "address",      "现住址 现住地址" },
    [BX_R_PHONE]        = { "phone",        "联系电话 联系方式 学生联系电话" }
};

static const column member_columns[BX_M_COUNT] = {
    [BX_M_NAME]          = { "name",          "姓名" },
    [BX_M_RELATION]      = { "relation",      "关系 与学生关系" },
    [BX_M_RELATION_NOTE] = { "relation_note", "关系说明" },
    [BX_M_ADDRESS]       = { "address",       "现住址" },
    [BX_M_RESIDENCE]     = { "residence",     "户口所在地行政区划 户口所在地 户口所在地行政区划代码" },
    [BX_M_PHONE]         = { "phone",         "联系电话 电话 手机号 手机号码" },
    [BX_M_GUARDIAN]      = { "is_guardian",   "是否监护人" },
    [BX_M_ID_TYPE]       = { "id_type",       "身份证件类型 身份证类型" },
    [BX_M_ID_NUMBER]     = { "id_number",     "身份证件号 身份证件号码 身份证号 身份证号码" },
    [BX_M_ETHNIC]        = { "ethnic",        "民族" },
    [BX_M_EMPLOYER]      = { "employer",      "工作单位" },
    [BX_M_JOB]           = { "job",           "职务" }
};

static const char *const member_keys[BX_ROSTER_MEMBERS][BX_M_COUNT] = {
    { "member1_name", "member1_relation", "member1_relation_note", "member1_address", "member1_residence", "member1_phone",
      "member1_is_guardian", "member1_id_type", "member1_id_number", "member1_ethnic", "member1_employer", "member1_job" },
    { "member2_name", "member2_relation", "member2_relation_note", "member2_address", "member2_residence", "member2_phone",
      "member2_is_guardian", "member2_id_type", "member2_id_number", "member2_ethnic", "member2_employer", "member2_job" }
};

/* Kept with the child as they are written. */
static const column extra_columns[] = {
    { "continuation_id",   "学籍接续标识" },
    { "campus_no",         "校区号" },
    { "birthplace",        "出生地行政区划代码 出生地 出生地行政区划" },
    { "native_place",      "籍贯" },
    { "nationality",       "国籍/地区 国籍" },
    { "overseas",          "港澳台侨外" },
    { "health",            "健康状况" },
    { "political_status",  "政治面貌" },
    { "household_type",    "户口性质" },
    { "household_place",   "户口所在地行政区划 户口所在地 户口所在地行政区划代码" },
    { "admission",         "入学方式" },
    { "mail_address",      "通信地址 通讯地址" },
    { "home_address",      "家庭地址 家庭住址" },
    { "postcode",          "邮政编码 邮编" },
    { "only_child",        "是否独生子女" },
    { "preschool",         "是否受过学前教育" },
    { "rural_left_behind", "是否农村留守儿童" },
    { "any_migrant",       "是否随迁子女" },
    { "needs_aid",         "是否需要申请资助" },
    { "boarder_subsidy",   "是否享受一补" },
    { "orphan",            "是否孤儿" },
    { "martyr_child",      "是否烈士或优抚子女" },
    { "distance",          "上下学距离" },
    { "transport",         "上下学交通方式" },
    { "needs_school_bus",  "是否需要乘坐校车" },
    { "takes_school_bus",  "是否乘坐校车" },
    { "id_valid_until",    "身份证件有效期" },
    { "blood_type",        "血型" },
    { "talent",            "特长" },
    { "auxiliary_no",      "学籍辅号 省学籍辅号 省网学籍号 省学籍号" },
    { "student_source",    "学生来源" },
    { "email",             "电子信箱 电子邮箱" },
    { "homepage",          "主页地址" },
    { "bought_place",      "是否由政府购买学位" },
    { "disabled",          "是否残疾人" },
    { "poverty_register",  "是否建档立卡 是否建档立卡贫困户" },
    { "home_delivery",     "是否送教上门" },
    { "remarks",           "备注" }
};

_Static_assert(sizeof(extra_columns) / sizeof(extra_columns[0]) == BX_R_NEXTRA, "BX_R_NEXTRA counts extra_columns");


const char *
bx_roster_key(unsigned c)
{
    if (c < BX_R_MEMBER) {
        return columns[c].key;
    }
    if (c < BX_R_EXTRA) {
        return member_keys[(c - BX_R_MEMBER) / BX_M_COUNT][(c - BX_R_MEMBER) % BX_M_COUNT];
    }

    return c < BX_R_COUNT ? extra_columns[c - BX_R_EXTRA].key : "";
}


const char *
bx_roster_heading(bx_arena *a, unsigned c)
{
    const column  *k = c < BX_R_MEMBER ? &columns[c]
                       : c < BX_R_EXTRA ? &member_columns[(c - BX_R_MEMBER) % BX_M_COUNT] : &extra_columns[c - BX_R_EXTRA];
    int            first = (int) strcspn(k->headings, " ");

    if (c >= BX_R_MEMBER && c < BX_R_EXTRA) {
        return bx_sprintf(a, "成员%u%.*s", (c - BX_R_MEMBER) / BX_M_COUNT + 1, first, k->headings);
    }

    return bx_sprintf(a, "%.*s", first, k->headings);
}


static bool
is_one_of(const char *headings, const char *heading)
{
    size_t  n = strlen(heading);

    while (*headings) {
        size_t len = strcspn(headings, " ");

        if (len == n && memcmp(headings, heading, n) == 0) {
            return true;
        }
        headings += len;
        headings += strspn(headings, " ");
    }

    return false;
}


static bool
remove_prefix(const char **s, const char *prefix)
{
    size_t  n = strlen(prefix);

    if (strncmp(*s, prefix, n) != 0) {
        return false;
    }

    *s += n;
    return true;
}


static bool
remove_tail(char *s, const char *tail)
{
    size_t  n = strlen(s), t = strlen(tail);

    if (n < t || memcmp(s + n - t, tail, t) != 0) {
        return false;
    }

    s[n - t] = '\0';
    return true;
}


/* Full-width folded; spaces, stars and remarks in brackets off: "* 姓 名（必填）" → "姓名". */
static char *
plain_heading(bx_arena *a, const char *heading)
{
    char    *s = bx_fold_width(a, heading), *out, *open;
    size_t   n = 0;

    if (s == NULL) {
        return NULL;
    }

    out = s;
    for (size_t i = 0; s[i]; i++) {
        if (strchr(" \t\r\n*\"'`", s[i]) != NULL) {
            continue;
        }
        if (strncmp(s + i, "\xef\xbb\xbf", 3) == 0 || strncmp(s + i, "★", 3) == 0 || strncmp(s + i, "※", 3) == 0) {
            i += 2;
            continue;
        }
        out[n++] = s[i];
    }
    out[n] = '\0';

    while (remove_tail(out, ":")) { /* void */ }
    for (;;) {                                /* remarks behind, as "(必填)", "[文本]", "【YYYYMMDD】" */
        static const char *const pairs[][2] = { { "(", ")" }, { "[", "]" }, { "【", "】" } };
        bool                     cut = false;

        for (size_t i = 0; i < 3; i++) {
            open = strstr(out, pairs[i][0]);
            if (open != NULL && open > out && remove_tail(out, pairs[i][1])) {
                *open = '\0';
                cut = true;
            }
        }
        if (!cut) {
            break;
        }
    }

    for (size_t i = 0; i < 2; i++) {          /* and in front */
        static const char *const marks[] = { "(必填)", "【必填】" };
        size_t                   len = strlen(marks[i]);

        if (strncmp(out, marks[i], len) == 0) {
            out += len;
        }
    }

    return out;
}


/* "成员1姓名", "家庭成员一姓名", "成员2-姓名" → 0 or 1 and what follows. */
static int
member_of(const char **s)
{
    static const char *const numbers[BX_ROSTER_MEMBERS][3] = { { "1", "一", "①" }, { "2", "二", "②" } };
    const char              *p = *s;

    if (!remove_prefix(&p, "家庭成员或监护人") && !remove_prefix(&p, "家庭成员") && !remove_prefix(&p, "成员")
        && !remove_prefix(&p, "监护人"))
    {
        return -1;
    }

    for (int m = 0; m < BX_ROSTER_MEMBERS; m++) {
        for (size_t i = 0; i < 3; i++) {
            if (remove_prefix(&p, numbers[m][i])) {
                p += strspn(p, "-_.:/");
                *s = p;
                return m;
            }
        }
    }

    return -1;
}


int
bx_roster_column(bx_arena *a, const char *heading)
{
    const char  *s = plain_heading(a, heading);
    int          member;

    if (s == NULL || *s == '\0') {
        return -1;
    }

    member = member_of(&s);
    if (member >= 0) {
        for (unsigned i = 0; i < BX_M_COUNT; i++) {
            if (is_one_of(member_columns[i].headings, s)) {
                return (int) BX_R_OF(member, i);
            }
        }
        return -1;
    }

    for (unsigned i = 0; i < BX_R_MEMBER; i++) {
        if (is_one_of(columns[i].headings, s)) {
            return (int) i;
        }
    }
    for (unsigned i = 0; i < BX_R_NEXTRA; i++) {
        if (is_one_of(extra_columns[i].headings, s)) {
            return (int) (BX_R_EXTRA + i);
        }
    }

    return -1;
}


int
bx_roster_of_key(const char *key, size_t len)
{
    for (unsigned c = 0; c < BX_R_COUNT; c++) {
        const char *k = bx_roster_key(c);

        if (strlen(k) == len && memcmp(k, key, len) == 0) {
            return (int) c;
        }
    }

    return -1;
}


bool
bx_roster_needed(unsigned c)
{
    return c == BX_R_NAME || c == BX_R_SEX || c == BX_R_BIRTH || c == BX_R_CLASS;
}


/* ------------------------------------------------------------------ the heading */

/* What a person said of column `at`: -2 nothing, -1 left out, else one of BX_R_…. */
static int
said_of(const char *mapping, unsigned at)
{
    while (mapping != NULL && *mapping != '\0') {
        char        *end;
        unsigned long n = strtoul(mapping, &end, 10);
        size_t        len;

        if (*end != '=') {
            return -2;
        }
        len = strcspn(end + 1, " ");
        if (n == at) {
            return bx_roster_of_key(end + 1, len);
        }
        mapping = end + 1 + len;
        mapping += strspn(mapping, " ");
    }

    return -2;
}


/* First what a person said, then what the headings say. */
static unsigned
map_heading(bx_roster *r, const bx_sheet_row *heading, const char *mapping)
{
    unsigned  found = 0;

    for (unsigned i = 0; i < BX_R_COUNT; i++) {
        r->at[i] = -1;
    }
    r->nunknown = r->known = r->total = 0;
    r->heading = heading;

    for (unsigned i = 0; mapping != NULL && i < heading->ncells; i++) {
        int said = said_of(mapping, i);

        if (said >= 0 && r->at[said] < 0) {
            r->at[said] = (int) i;
            found++;
        }
    }
    for (unsigned i = 0; i < heading->ncells; i++) {
        int said = said_of(mapping, i), told;

        if (heading->cells[i][0] == '\0' && said < 0) {
            continue;
        }
        r->total++;
        if (said >= 0 && r->at[said] == (int) i) {
            continue;
        }
        told = said == -2 ? bx_roster_column(r->arena, heading->cells[i]) : -1;
        if (told >= 0 && r->at[told] < 0) {
            r->at[told] = (int) i;
            found++;
        } else {                              /* not of the template, there already, or to be left out */
            r->unknown[r->nunknown++] = bx_roster_heading_at(r, i);
        }
    }

    r->known = found;
    return found;
}


static void
name_missing(bx_roster *r)
{
    bx_buf  missing;

    bx_buf_init(&missing, r->arena);
    for (unsigned i = 0; i < BX_R_MEMBER; i++) {
        if (bx_roster_needed(i) && r->at[i] < 0) {
            bx_buf_printf(&missing, "%s%s", missing.len ? "、" : "", bx_roster_heading(r->arena, i));
        }
    }
    if (r->at[BX_R_ID_NUMBER] < 0 && r->at[BX_R_ENROLMENT_NO] < 0) {
        bx_buf_printf(&missing, "%s%s", missing.len ? "、" : "", bx_roster_heading(r->arena, BX_R_ID_NUMBER));
    }

    r->missing = missing.len ? missing.data : NULL;
}


/* The row with the most known headings, the first of equals; index in the sheet, or nrows. */
static size_t
find_heading(bx_roster *r, const bx_sheet *sheet)
{
    size_t    best = sheet->nrows;
    unsigned  most = 1;                       /* one word alone is no heading */

    for (size_t i = 0; i < sheet->nrows && i < HEADING_SEARCH; i++) {
        unsigned found = map_heading(r, &sheet->rows[i], NULL);

        if (found > most) {
            most = found;
            best = i;
        }
    }

    return best;
}


bx_rc
bx_roster_columns(bx_arena *a, const bx_sheet *sheet, const char *mapping, bx_roster *out, bx_roster_refusal *why)
{
    size_t  heading;

    *why = (bx_roster_refusal) { "import.internal", NULL };
    *out = (bx_roster) { .arena = a, .sheet = sheet };
    out->unknown = bx_alloc(a, BX_SHEET_MAX_COLUMNS * sizeof(*out->unknown));
    if (out->unknown == NULL) {
        return BX_FAIL;
    }

    heading = find_heading(out, sheet);
    if (heading == sheet->nrows) {
        why->reason = "import.no_heading";
        return BX_FAIL;
    }
    map_heading(out, &sheet->rows[heading], mapping);
    name_missing(out);

    out->nrows = sheet->nrows - heading - 1;
    if (out->nrows == 0) {
        why->reason = out->missing ? "import.no_heading" : "import.no_rows";
        return BX_FAIL;
    }

    why->reason = NULL;
    return BX_OK;
}


json_t *
bx_roster_columns_json(const bx_roster *r)
{
    json_t  *list = json_array();

    for (unsigned i = 0; i < r->heading->ncells; i++) {
        const char *key = NULL;

        for (unsigned c = 0; c < BX_R_COUNT && key == NULL; c++) {
            key = r->at[c] == (int) i ? bx_roster_key(c) : NULL;
        }
        if (key != NULL || r->heading->cells[i][0] != '\0') {
            json_array_append_new(list, json_pack("{s:i, s:s, s:s?}", "at", (int) i, "heading", bx_roster_heading_at(r, i),
                                                  "column", key));
        }
    }

    return list;
}
