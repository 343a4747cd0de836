/*
 * test_roster.c: headings, cells and rows of a roster, and the whole of tests/data/roster-a.* against its list of faults.
 * The day is 1 October 2026.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/core.h"
#include "flow/roster.h"

#define COUNT(a)  (sizeof(a) / sizeof((a)[0]))

static bx_roster_school  school = { "2152001234", "primary", 2026, 0 };

/* A row that is right; cases replace cells of it. */
static const char *const base[][2] = {
    { "学校标识码", "2152001234" }, { "姓名", "孙俊" }, { "性别", "男" }, { "出生日期", "20191231" }, { "身份证件类型", "居民身份证" },
    { "身份证件号", "52042520191231737X" }, { "班号", "2026级1班" }, { "入学年月", "202609" }, { "就读方式", "走读" },
    { "民族", "藏族" }, { "联系电话", "17745137956" }, { "班内学号", "1" }, { "是否留守儿童", "非留守儿童" },
    { "是否进城务工人员随迁子女", "否" }, { "残疾人类型", "无残疾" }, { "随班就读", "非随班就读" }, { "现住址", "松山乡红星村10组" },
    { "学籍号", "" }, { "曾用名", "" }, { "血型", "A" }, { "成员1姓名", "孙建国" }, { "成员1关系", "父亲" }, { "成员1联系电话", "13800000001" },
    { "成员1是否监护人", "是" }, { "成员1身份证件类型", "居民身份证" }, { "成员1身份证件号", "640521199106209902" }, { "成员2姓名", "" },
    { "成员2关系", "" }, { "成员2联系电话", "" }, { "成员2是否监护人", "" }, { "成员2身份证件号", "" }, { "年级", "" }
};

typedef struct { const char *heading, *value; } cell;

static unsigned
base_index(const char *heading)
{
    for (unsigned i = 0; i < COUNT(base); i++) {
        if (strcmp(base[i][0], heading) == 0) {
            return i;
        }
    }
    fail_msg("no column %s in the base row", heading);
    return 0;
}


/* A sheet with the base heading and one row for each set of replaced cells (ended by a NULL heading). */
static bx_sheet *
make_sheet(bx_arena *a, const cell *const *rows, size_t n)
{
    bx_sheet  *s = bx_alloc(a, sizeof(*s));

    *s = (bx_sheet) { "utf-8", bx_alloc(a, (n + 1) * sizeof(bx_sheet_row)), n + 1, COUNT(base) };
    for (size_t r = 0; r <= n; r++) {
        s->rows[r] = (bx_sheet_row) { (unsigned) r + 1, COUNT(base), bx_alloc(a, COUNT(base) * sizeof(char *)) };
        for (unsigned i = 0; i < COUNT(base); i++) {
            s->rows[r].cells[i] = base[i][r == 0 ? 0 : 1];
        }
        for (const cell *c = r == 0 ? NULL : rows[r - 1]; c != NULL && c->heading != NULL; c++) {
            s->rows[r].cells[base_index(c->heading)] = c->value;
        }
    }

    return s;
}


static bx_roster *
check(bx_arena *a, const bx_sheet *sheet)
{
    bx_roster          *r = bx_alloc(a, sizeof(*r));
    bx_roster_refusal   why;

    if (bx_roster_check(a, sheet, NULL, &school, r, &why) != BX_OK) {
        fail_msg("refused: %s", why.reason);
    }

    return r;
}


/* ---- headings */

static void
test_headings(void **state)
{
    static const struct { const char *heading; unsigned column; } cases[] = {
        { "姓名", BX_R_NAME }, { "*姓名", BX_R_NAME }, { "＊ 姓 名", BX_R_NAME }, { "姓名（必填）", BX_R_NAME }, { "姓名(必填)：", BX_R_NAME },
        { "【必填】姓名", BX_R_NAME }, { "学生姓名", BX_R_NAME }, { " 姓名\n", BX_R_NAME }, { "出生日期（YYYYMMDD）", BX_R_BIRTH },
        { "身份证号码", BX_R_ID_NUMBER }, { "班级名称", BX_R_CLASS }, { "班级", BX_R_CLASS }, { "班级号", BX_R_CLASS },
        { "年级名称", BX_R_GRADE }, { "全国学籍号", BX_R_ENROLMENT_NO }, { "国网学籍号", BX_R_ENROLMENT_NO },
        { "残疾类型", BX_R_DISABILITY }, { "成员1姓名", BX_R_OF(0, BX_M_NAME) }, { "成员２姓名", BX_R_OF(1, BX_M_NAME) },
        { "家庭成员一联系电话", BX_R_OF(0, BX_M_PHONE) }, { "成员2-是否监护人*", BX_R_OF(1, BX_M_GUARDIAN) },
        { "家庭成员或监护人2身份证件号", BX_R_OF(1, BX_M_ID_NUMBER) }, { "成员1户口所在地行政区划", BX_R_OF(0, BX_M_RESIDENCE) }
    };
    static const char *const  unknown[] = { "", "*", "成员3姓名", "成员1", "父亲姓名", "名", "姓名2", "序号" };
    bx_arena                 *a = bx_arena_create(4096);

    (void) state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        if (bx_roster_column(a, cases[i].heading) != (int) cases[i].column) {
            fail_msg("%s: %d", cases[i].heading, bx_roster_column(a, cases[i].heading));
        }
    }
    for (size_t i = 0; i < COUNT(unknown); i++) {
        assert_int_equal(bx_roster_column(a, unknown[i]), -1);
    }

    /* different ways to write 学籍辅号 and 国籍 are one column, which is not 学籍号 */
    assert_int_equal(bx_roster_column(a, "省网学籍号"), bx_roster_column(a, "学籍辅号"));
    assert_true(bx_roster_column(a, "省学籍辅号") >= (int) BX_R_EXTRA);
    assert_int_equal(bx_roster_column(a, "国籍／地区"), bx_roster_column(a, "国籍/地区"));
    for (unsigned c = 0; c < BX_R_COUNT; c++) {
        assert_int_equal(bx_roster_column(a, bx_roster_heading(a, c)), (int) c);
    }
    bx_arena_destroy(a);
}


/* The editions of the national template, as schools hold them. */
static void
test_templates(void **state)
{
    static const char *const templates[] = {
        "学校标识码,姓名,性别,出生日期,出生地行政区划代码,籍贯,民族,国籍/地区,身份证件类型,港澳台侨外,健康状况,政治面貌,身份证件号,户口性质,"
        "户口所在地行政区划,班号,入学年月,入学方式,就读方式,现住址,通信地址,家庭地址,联系电话,邮政编码,是否独生子女,是否受过学前教育,是否留守儿童,"
        "是否需要申请资助,是否享受一补,是否孤儿,是否烈士或优抚子女,上下学距离,上下学交通方式,是否需要乘坐校车,曾用名,身份证件有效期,血型,特长,学籍辅号,"
        "班内学号,学生来源,电子信箱,主页地址,残疾人类型,是否由政府购买学位,随班就读,是否进城务工人员随迁子女",
        "学籍接续标识,学校标识码,姓名,性别,出生日期,身份证件类型,身份证件号,出生地行政区划代码,民族,国籍/地区,港澳台侨外,户口性质,户口所在地行政区划,"
        "现住址,是否独生子女,是否留守儿童,是否进城务工人员随迁子女,是否孤儿,籍贯,健康状况,政治面貌,年级,班级号,入学年月,入学方式,就读方式,通信地址,"
        "家庭地址,联系电话,邮政编码,是否受过学前教育,残疾人类型,是否由政府购买学位,是否需要申请资助,是否享受一补,是否烈士或优抚子女,上下学距离,"
        "上下学交通方式,是否乘坐校车,曾用名,身份证件有效期,特长,学籍辅号,班内学号,学生来源,电子信箱,主页地址",
        "校区号,是否农村留守儿童,是否残疾人,是否随迁子女,出生地,户口所在地,班级,残疾类型"
    };
    static const char *const  member[] = { "姓名", "关系", "关系说明", "现住址", "户口所在地行政区划", "联系电话", "是否监护人",
                                           "身份证件类型", "身份证件号", "民族", "工作单位", "职务" };
    bx_arena                 *a = bx_arena_create(4096);
    char                     *save = NULL;

    (void) state;
    for (size_t t = 0; t < COUNT(templates); t++) {
        bool  seen[BX_R_COUNT] = { false };

        for (char *w = strtok_r(bx_strdup(a, templates[t]), ",", &save); w; w = strtok_r(NULL, ",", &save)) {
            int column = bx_roster_column(a, w);

            if (column < 0 || seen[column]) {
                fail_msg("template %zu: %s", t, w);
            }
            seen[column] = true;
        }
    }
    for (unsigned i = 0; i < COUNT(member); i++) {
        assert_int_equal(bx_roster_column(a, bx_sprintf(a, "成员2%s", member[i])), (int) BX_R_OF(1, i));
    }
    bx_arena_destroy(a);
}


static void
test_heading_row(void **state)
{
    bx_arena           *a = bx_arena_create(4096);
    const char         *title[] = { "松山乡中心学校 学生基本信息" }, *note[] = { "填表人", "", "姓名" };
    const char         *heading[] = { "序号", "性别", "姓名", "身份证号", "出生日期", "班级", "姓名", "老师评语" };
    const char         *row[] = { "1", "男", "孙　俊", "52042520191231737X", "2019/12/31", "一（1）班", "", "好" };
    bx_sheet_row        rows[] = { { 1, 1, title }, { 2, 3, note }, { 4, 8, heading }, { 6, 8, row } };
    bx_sheet            sheet = { "xlsx", rows, 4, 8 };
    bx_roster          *r = check(a, &sheet), refused;
    bx_roster_refusal   why;

    (void) state;
    assert_int_equal(r->heading->row, 4);
    assert_int_equal(r->nrows, 1);
    assert_int_equal(r->rows[0].row, 6);
    assert_int_equal(r->rows[0].nfaults, 0);
    assert_string_equal(r->rows[0].v[BX_R_NAME], "孙俊");
    assert_int_equal(r->known, 5);
    assert_int_equal(r->total, 8);
    assert_int_equal(r->nunknown, 3);
    assert_string_equal(r->unknown[0], "序号");
    assert_string_equal(r->unknown[1], "姓名");
    assert_string_equal(r->unknown[2], "老师评语");

    heading[5] = "排";
    heading[1] = "男女";
    heading[3] = "号码";
    assert_int_equal(bx_roster_check(a, &sheet, NULL, &school, &refused, &why), BX_FAIL);
    assert_string_equal(why.reason, "import.missing_columns");
    assert_string_equal(json_string_value(json_object_get(why.params, "columns")), "性别、班号、身份证件号");

    heading[2] = heading[6] = "学号";
    sheet.nrows = 3;
    assert_int_equal(bx_roster_check(a, &sheet, NULL, &school, &refused, &why), BX_FAIL);
    assert_string_equal(why.reason, "import.no_heading");
    bx_arena_destroy(a);
}


/* ---- cells */

typedef struct { cell cells[4]; const char *heading, *reason, *as; } fault_case;

static const fault_case faults[] = {
    { { { "姓名", "" } }, "姓名", "missing_name", NULL },
    { { { "性别", "" } }, "性别", "missing_sex", NULL },
    { { { "出生日期", "" } }, "出生日期", "missing_birth", NULL },
    { { { "班号", "" } }, "班号", "missing_class", NULL },
    { { { "身份证件号", "" } }, "身份证件号", "missing_id", NULL },
    { { { "性别", "未填" } }, "性别", "bad_sex", NULL },
    { { { "性别", "女" } }, "性别", "sex_contradicts_id", "male" },
    { { { "出生日期", "20170231" } }, "出生日期", "bad_date", NULL },
    { { { "出生日期", "不详" } }, "出生日期", "bad_date", NULL },
    { { { "出生日期", "43830" } }, "出生日期", "bad_date", NULL },
    { { { "出生日期", "20261231" }, { "身份证件类型", "护照" } }, "出生日期", "bad_date", "future" },
    { { { "出生日期", "18991231" } }, "出生日期", "bad_date", "past" },
    { { { "出生日期", "20191230" } }, "出生日期", "birth_contradicts_id", NULL },
    { { { "身份证件号", "520425201912317379" } }, "身份证件号", "bad_check_digit", NULL },
    { { { "身份证件号", "520425201912317000" } }, "身份证件号", "bad_check_digit", "rounded" },
    { { { "身份证件号", "5.20425E+17" } }, "身份证件号", "scientific_notation_id", NULL },
    { { { "身份证件号", "5.2042520191231E+17" } }, "身份证件号", "scientific_notation_id", NULL },
    { { { "身份证件号", "520425191231737" } }, "身份证件号", "id_length", NULL },
    { { { "身份证件号", "52042520191231737Y" } }, "身份证件号", "id_chars", NULL },
    { { { "身份证件号", "52042520191331737X" } }, "身份证件号", "id_date", NULL },
    { { { "身份证件号", "52042520191231737X" }, { "身份证件类型", "户口本" }, { "性别", "女" } }, "性别", "sex_contradicts_id", "male" },
    { { { "身份证件类型", "护照" }, { "身份证件号", "E 1" } }, "身份证件号", "id_chars", "other" },
    { { { "身份证件类型", "学生证" } }, "身份证件类型", "bad_value", NULL },
    { { { "学籍号", "G52042520191231737" } }, "学籍号", "bad_enrolment_no", NULL },
    { { { "学籍号", "X52042520191231737X" } }, "学籍号", "bad_enrolment_no", NULL },
    { { { "班号", "??" } }, "班号", "unknown_class", "form" },
    { { { "班号", "3班" } }, "班号", "unknown_class", "no_grade" },
    { { { "班号", "七年级1班" } }, "班号", "unknown_class", "grade" },
    { { { "学校标识码", "2152005678" } }, "学校标识码", "wrong_school", NULL },
    { { { "入学年月", "202613" } }, "入学年月", "bad_month", NULL },
    { { { "民族", "火星族" } }, "民族", "bad_value", "ethnic" },
    { { { "就读方式", "飞" } }, "就读方式", "bad_value", NULL },
    { { { "是否留守儿童", "也许" } }, "是否留守儿童", "bad_value", NULL },
    { { { "是否进城务工人员随迁子女", "也许" } }, "是否进城务工人员随迁子女", "bad_value", NULL },
    { { { "残疾人类型", "近视" } }, "残疾人类型", "bad_value", NULL },
    { { { "联系电话", "1380000" } }, "联系电话", "bad_phone", "short" },
    { { { "联系电话", "138000000011" } }, "联系电话", "bad_phone", "long" },
    { { { "联系电话", "12800000001" } }, "联系电话", "bad_phone", NULL },
    { { { "联系电话", "没有" } }, "联系电话", "bad_phone", NULL },
    { { { "联系电话", "1.77451E+10" } }, "联系电话", "bad_phone", "scientific" },
    { { { "成员1联系电话", "1380000" } }, "成员1联系电话", "bad_phone", "short" },
    { { { "成员1姓名", "" } }, "成员1姓名", "missing_guardian_name", NULL },
    { { { "成员1是否监护人", "大概" } }, "成员1是否监护人", "bad_value", NULL },
    { { { "成员1身份证件号", "640521199106209903" } }, "成员1身份证件号", "bad_check_digit", NULL },
    { { { "姓名", "孙\x07俊" } }, "姓名", "control_characters", NULL },
    { { { "姓名", "17745137956" } }, "姓名", "slipped", NULL },
    { { { "姓名", "孙俊 １７７ 4513 7956" } }, "姓名", "slipped", NULL },
    { { { "曾用名", "松山乡红星村10组" } }, "曾用名", "slipped", NULL },
    { { { "成员1姓名", "孙建国13800000001" } }, "成员1姓名", "slipped", NULL },
    { { { "成员1关系", "640521199106209902" } }, "成员1关系", "slipped", NULL }
};

static void
test_faults(void **state)
{
    bx_arena  *a = bx_arena_create(65536);

    (void) state;
    for (size_t i = 0; i < COUNT(faults); i++) {
        const fault_case *f = &faults[i];
        const cell       *rows[] = { f->cells };
        bx_roster        *r = check(a, make_sheet(a, rows, 1));
        bx_roster_row    *row = &r->rows[0];
        const char       *as;

        if (row->nfaults != 1) {
            fail_msg("case %zu (%s): %u faults, first %s", i, f->reason, row->nfaults, row->nfaults ? row->faults[0].reason : "-");
        }
        as = json_string_value(json_object_get(row->faults[0].params, "as"));
        assert_string_equal(row->faults[0].reason, f->reason);
        assert_string_equal(bx_roster_heading_at(r, row->faults[0].at), f->heading);
        if ((as == NULL) != (f->as == NULL) || (as != NULL && strcmp(as, f->as) != 0)) {
            fail_msg("case %zu (%s): as %s", i, f->reason, as ? as : "-");
        }
    }
    bx_arena_destroy(a);
}


/* What the log of an import repeats of a cell that is refused. */
static void
test_shown(void **state)
{
    static const struct { const char *heading, *value, *shown; } cases[] = {
        { "性别", "未填", "未填" },
        { "性别", "17745137956", "177****7956" },
        { "性别", "0851-8555 1234", "085****1234" },
        { "性别", "52042520191231737X", "5204******737X" },
        { "性别", "５２０４２５２０１９１２３１７３７Ｘ", "5204******737X" },
        { "性别", "男 17745137956", "****" },
        { "性别", "松山乡红星村10组", "****" },
        { "出生日期", "2019-02-31 00:00", "2019-02-31 00:00" },
        { "班号", "松山乡中心学校三年级", "松山乡中心学校三年级" },
        { "学校标识码", "2152005678", "2152005678" },
        { "就读方式", "澜溪县松山乡", "****" },
        { "身份证件号", "520425201912317379", "5204******7379" },
        { "身份证件号", "5.20425E+17", "5.20425E+17" },
        { "身份证件号", "5.2042520191231E+17", "5.20425E+17" },
        { "学籍号", "G52042520191231737", "G520******1737" },
        { "联系电话", "1.7745137E+10", "1.77451E+10" },
        { "联系电话", "12800000001", "128****0001" },
        { "现住址", "松山\x07", "****" },
        { "血型", "A\x07", "****" },
        { "成员1是否监护人", "大概", "大概" }
    };
    bx_arena  *a = bx_arena_create(65536);

    (void) state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const cell       wrong[] = { { cases[i].heading, cases[i].value }, { NULL, NULL } }, *rows[] = { wrong };
        bx_roster       *r = check(a, make_sheet(a, rows, 1));
        bx_roster_row   *row = &r->rows[0];

        assert_int_equal(row->nfaults, 1);
        assert_string_equal(bx_roster_heading_at(r, row->faults[0].at), cases[i].heading);
        if (strcmp(row->faults[0].value, cases[i].shown) != 0) {
            fail_msg("%s %s: %s", cases[i].heading, cases[i].value, row->faults[0].value);
        }
    }
    bx_arena_destroy(a);
}


typedef struct { cell cells[4]; unsigned column; const char *value; } good_case;

static const good_case goods[] = {
    { { { "性别", "男性" } }, BX_R_SEX, "1" },
    { { { "出生日期", "2019-12-31" } }, BX_R_BIRTH, "2019-12-31" },
    { { { "出生日期", "2019年12月31日" } }, BX_R_BIRTH, "2019-12-31" },
    { { { "出生日期", "2019/12/31 00:00" } }, BX_R_BIRTH, "2019-12-31" },
    { { { "出生日期", "20191231.0" } }, BX_R_BIRTH, "2019-12-31" },
    { { { "出生日期", "２０１９１２３１" } }, BX_R_BIRTH, "2019-12-31" },
    { { { "身份证件号", " 520425 20191231 737x " } }, BX_R_ID_NUMBER, "52042520191231737X" },
    { { { "身份证件号", "'52042520191231737X" } }, BX_R_ID_NUMBER, "52042520191231737X" },
    { { { "身份证件类型", "护照" }, { "身份证件号", "e1234567" }, { "出生日期", "20180101" } }, BX_R_ID_NUMBER, "E1234567" },
    { { { "身份证件类型", "" } }, BX_R_ID_TYPE, NULL },
    { { { "学籍号", "g52042520191231737x" }, { "身份证件号", "" } }, BX_R_ENROLMENT_NO, "G52042520191231737X" },
    { { { "班号", "一（1）班" } }, BX_R_CLASS, "primary/2026/1" },
    { { { "班号", "101" } }, BX_R_CLASS, "primary/2026/1" },
    { { { "班号", "2班" }, { "年级", "三年级" } }, BX_R_CLASS, "primary/2024/2" },
    { { { "班号", "02" }, { "年级", "2024级" } }, BX_R_CLASS, "primary/2024/2" },
    { { { "班号", "2.0" }, { "年级", "三年级" } }, BX_R_CLASS, "primary/2024/2" },
    { { { "班号", "2024级2班" }, { "年级", "三年级" } }, BX_R_CLASS, "primary/2024/2" },
    { { { "入学年月", "2026年9月" } }, BX_R_ENROLLED, "2026-09-01" },
    { { { "入学年月", "2026-09-03" } }, BX_R_ENROLLED, "2026-09-03" },
    { { { "入学年月", "202609.0" } }, BX_R_ENROLLED, "2026-09-01" },
    { { { "班内学号", "1.0" } }, BX_R_SEAT_NO, "1" },
    { { { "班内学号", "07" } }, BX_R_SEAT_NO, "7" },
    { { { "班内学号", "20260107" } }, BX_R_SEAT_NO, NULL },
    { { { "就读方式", "住校" } }, BX_R_BOARDING, "1" },
    { { { "就读方式", "送教上门" } }, BX_R_PLACEMENT, "home_delivery" },
    { { { "随班就读", "听力残疾随班就读" } }, BX_R_PLACEMENT, "inclusive" },
    { { { "残疾人类型", "多重残疾" } }, BX_R_DISABILITY, "7" },
    { { { "是否留守儿童", "双亲留守儿童" } }, BX_R_LEFT_BEHIND, "2" },
    { { { "民族", "汉" } }, BX_R_ETHNIC, "01" },
    { { { "民族", "基诺族" } }, BX_R_ETHNIC, "56" },
    { { { "民族", "毛难族" } }, BX_R_ETHNIC, "36" },
    { { { "民族", "土族" } }, BX_R_ETHNIC, "30" },
    { { { "民族", "穿青人" } }, BX_R_ETHNIC, "97" },
    { { { "民族", "3" } }, BX_R_ETHNIC, "03" },
    { { { "联系电话", "+86 177-4513-7956" } }, BX_R_PHONE, "17745137956" },
    { { { "联系电话", "1.7745137956E10" } }, BX_R_PHONE, "17745137956" },
    { { { "联系电话", "17745137956.0" } }, BX_R_PHONE, "17745137956" },
    { { { "联系电话", "0851-85551234" } }, BX_R_PHONE, "085185551234" },
    { { { "姓名", "孙　俊" } }, BX_R_NAME, "孙俊" },
    { { { "姓名", "买买提·吐尔逊" } }, BX_R_NAME, "买买提·吐尔逊" },
    { { { "姓名", "Anna  Maria" } }, BX_R_NAME, "Anna  Maria" },
    { { { "姓名", "路村" } }, BX_R_NAME, "路村" },
    { { { "学校标识码", "2152001234.0" } }, BX_R_SCHOOL_CODE, "2152001234" },
    { { { "学校标识码", "" } }, BX_R_SCHOOL_CODE, NULL },
    { { { "成员1联系电话", "1380000" }, { "成员1是否监护人", "否" } }, BX_R_OF(0, BX_M_PHONE), "1380000" },
    { { { "成员1联系电话", "１３８ 0000 0001" } }, BX_R_OF(0, BX_M_PHONE), "13800000001" }
};

static void
test_goods(void **state)
{
    bx_arena  *a = bx_arena_create(65536);

    (void) state;
    for (size_t i = 0; i < COUNT(goods); i++) {
        const cell     *rows[] = { goods[i].cells };
        bx_roster      *r = check(a, make_sheet(a, rows, 1));
        const char     *v = r->rows[0].v[goods[i].column];

        if (r->rows[0].nfaults != 0) {
            fail_msg("case %zu (%s): %s", i, goods[i].cells[0].value, r->rows[0].faults[0].reason);
        }
        if ((v == NULL) != (goods[i].value == NULL) || (v != NULL && strcmp(v, goods[i].value) != 0)) {
            fail_msg("case %zu (%s): \"%s\"", i, goods[i].cells[0].value, v ? v : "nothing");
        }
    }
    bx_arena_destroy(a);
}


static void
test_several_faults(void **state)
{
    static const cell  many[] = { { "姓名", "" }, { "性别", "?" }, { "联系电话", "1" }, { "班号", "x" }, { NULL, NULL } };
    const cell        *rows[] = { many };
    bx_arena          *a = bx_arena_create(4096);
    bx_roster         *r = check(a, make_sheet(a, rows, 1));

    (void) state;
    assert_int_equal(r->rows[0].nfaults, 4);
    bx_arena_destroy(a);
}


static void
test_twins(void **state)
{
    static const cell  first[] = { { NULL, NULL } };
    static const cell  other[] = { { "身份证件号", "" }, { "学籍号", "G52042520191231737X" }, { "姓名", "李一" }, { NULL, NULL } };
    static const cell  again[] = { { "姓名", "孙二" }, { "身份证件号", "52042520191231737x" }, { NULL, NULL } };
    static const cell  numbers[] = { { "身份证件号", "" }, { "学籍号", "G52042520191231737X" }, { NULL, NULL } };
    const cell        *rows[] = { first, other, again, numbers };
    bx_arena          *a = bx_arena_create(4096);
    bx_roster         *r = check(a, make_sheet(a, rows, 4));

    (void) state;
    assert_int_equal(r->rows[0].nfaults, 0);
    assert_int_equal(r->rows[1].nfaults, 0);
    assert_int_equal(r->rows[2].nfaults, 1);
    assert_string_equal(r->rows[2].faults[0].reason, "duplicate_id");
    assert_int_equal(json_integer_value(json_object_get(r->rows[2].faults[0].params, "row")), 2);
    assert_string_equal(json_string_value(json_object_get(r->rows[2].faults[0].params, "name")), "孙俊");
    assert_string_equal(r->rows[2].faults[0].value, "5204******737x");
    assert_string_equal(r->rows[3].faults[0].reason, "duplicate_enrolment_no");
    bx_arena_destroy(a);
}


/* Without the column 是否监护人 the parents are guardians, other relatives are not. */
static void
test_guardians_without_column(void **state)
{
    bx_arena       *a = bx_arena_create(4096);
    const char     *heading[] = { "姓名", "性别", "出生日期", "身份证件号", "班号", "成员1姓名", "成员1关系", "成员2姓名", "成员2关系" };
    const char     *row[] = { "孙俊", "男", "20191231", "52042520191231737X", "2026级1班", "孙建国", "父亲", "王芳", "祖母" };
    bx_sheet_row    rows[] = { { 1, 9, heading }, { 2, 9, row } };
    bx_sheet        sheet = { "xlsx", rows, 2, 9 };
    bx_roster      *r = check(a, &sheet);

    (void) state;
    assert_int_equal(r->rows[0].nfaults, 0);
    assert_string_equal(r->rows[0].v[BX_R_OF(0, BX_M_GUARDIAN)], "1");
    assert_string_equal(r->rows[0].v[BX_R_OF(1, BX_M_GUARDIAN)], "0");
    bx_arena_destroy(a);
}


/* ---- every reason has its text in both languages */

static void
test_texts(void **state)
{
    static const char *const  late[] = { "duplicate_id", "duplicate_id.elsewhere", "duplicate_enrolment_no", "class_closed", "left_school", "too_long",
                                         "duplicate_enrolment_no.elsewhere", "duplicate_enrolment_no.taken", "unknown_class.number",
                                         "unknown_class.no_number", "unknown_class.stage" };
    static const char *const  files[] = { "not_a_sheet", "old_excel", "damaged", "empty_file", "bad_encoding", "open_quote",
                                          "too_many_rows", "too_many_columns", "cell_too_long", "too_large", "no_heading", "no_rows",
                                          "missing_columns", "which_school" };
    static const char *const  languages[] = { "zh-CN", "en" };
    bx_arena                 *a = bx_arena_create(4096);

    (void) state;
    for (size_t l = 0; l < 2; l++) {
        for (size_t i = 0; i < COUNT(faults); i++) {
            const char *as = faults[i].as && strcmp(faults[i].as, "form") != 0 ? faults[i].as : NULL;
            const char *key = bx_sprintf(a, "error.import.%s%s%s", faults[i].reason, as ? "." : "", as ? as : "");

            if (!bx_locale_has(languages[l], key)) {
                fail_msg("no %s in %s", key, languages[l]);
            }
        }
        for (size_t i = 0; i < COUNT(late); i++) {
            assert_true(bx_locale_has(languages[l], bx_sprintf(a, "error.import.%s", late[i])));
        }
        for (size_t i = 0; i < COUNT(files); i++) {
            assert_true(bx_locale_has(languages[l], bx_sprintf(a, "error.import.%s", files[i])));
        }
    }

    assert_string_equal(bx_roster_message(a, "zh-CN", "scientific_notation_id", NULL),
                        "被 Excel 变成了科学计数。请把这一列设成“文本”后重填。");
    assert_string_equal(bx_roster_message(a, "zh-CN", "bad_phone", bx_own(a, json_pack("{s:s, s:i}", "as", "short", "count", 4))),
                        "手机号少 4 位，应是 11 位。");
    assert_string_equal(bx_roster_message(a, "zh-CN", "unknown_class", bx_own(a, json_pack("{s:s}", "as", "form"))),
                        "看不懂这个班名。请写成“2024级3班”或“三年级2班”。");
    bx_arena_destroy(a);
}


/* ---- the whole roster */

static bx_sheet *
load(bx_arena *a, const char *path)
{
    FILE            *f = fopen(path, "rb");
    bx_sheet        *sheet = bx_alloc(a, sizeof(*sheet));
    bx_sheet_fault   fault;
    char            *data = bx_alloc(a, 1 << 20);
    size_t           len;

    assert_non_null(f);
    len = fread(data, 1, 1 << 20, f);
    fclose(f);
    assert_int_equal(bx_sheet_read(a, data, len, sheet, &fault), BX_OK);
    return sheet;
}


/* Columns the other way round: what a row says does not depend on their order. */
static void
reverse(bx_arena *a, bx_sheet *sheet)
{
    for (size_t r = 0; r < sheet->nrows; r++) {
        const char **cells = bx_alloc(a, sheet->ncolumns * sizeof(*cells));

        for (unsigned i = 0; i < sheet->ncolumns; i++) {
            cells[sheet->ncolumns - 1 - i] = i < sheet->rows[r].ncells ? sheet->rows[r].cells[i] : "";
        }
        sheet->rows[r].cells = cells;
        sheet->rows[r].ncells = sheet->ncolumns;
    }
}


static void
expect_faults(const bx_roster *r, json_t *expected)
{
    json_t   *rejected = json_object_get(expected, "rejected");
    size_t    bad = 0, classes = 0;
    struct { int year, number; } seen[64];

    for (size_t i = 0; i < r->nrows; i++) {
        const bx_roster_row *row = &r->rows[i];
        char                 number[16];
        const char          *reason;
        size_t               k = 0;

        snprintf(number, sizeof(number), "%u", row->row);
        reason = json_string_value(json_object_get(rejected, number));
        if ((reason == NULL) != (row->nfaults == 0)) {
            fail_msg("row %u: expected %s, found %s", row->row, reason ? reason : "nothing",
                     row->nfaults ? row->faults[0].reason : "nothing");
        }
        if (reason != NULL) {
            assert_int_equal(row->nfaults, 1);
            assert_string_equal(row->faults[0].reason, reason);
            bad++;
            continue;
        }
        while (k < classes && (seen[k].year != row->cls.entry_year || seen[k].number != row->cls.class_no)) {
            k++;
        }
        if (k == classes) {
            seen[classes].year = row->cls.entry_year;
            seen[classes++].number = row->cls.class_no;
        }
    }

    assert_int_equal(bad, json_object_size(rejected));
    assert_int_equal(r->nrows - bad, json_integer_value(json_object_get(expected, "accepted")));
    assert_int_equal(classes, json_integer_value(json_object_get(expected, "classes")));
}


static void
test_whole_roster(void **state)
{
    static const char *const files[] = { "tests/data/roster-a.xlsx", "tests/data/roster-a.utf8.csv", "tests/data/roster-a.gbk.csv" };
    json_t                  *expected = json_load_file("tests/data/roster-a.expected.json", 0, NULL);

    (void) state;
    assert_non_null(expected);
    for (size_t f = 0; f < 3; f++) {
        bx_arena   *a = bx_arena_create(1 << 20);
        bx_sheet   *sheet = load(a, files[f]);
        bx_roster  *r;

        if (f == 0) {
            reverse(a, sheet);
        }
        r = check(a, sheet);
        assert_int_equal(r->known, 71);
        assert_int_equal(r->nunknown, 0);
        expect_faults(r, expected);
        bx_arena_destroy(a);
    }
    json_decref(expected);
}


static int
set_up(void **state)
{
    bx_error  err = { 0 };

    (void) state;
    school.today = bx_date_make(2026, 10, 1);
    return bx_core_init(&err) == BX_OK && bx_locale_load("html/locale", &err) == BX_OK ? 0 : -1;
}


static int
tear_down(void **state)
{
    (void) state;
    bx_locale_free();
    return 0;
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_headings),
        cmocka_unit_test(test_templates),
        cmocka_unit_test(test_heading_row),
        cmocka_unit_test(test_faults), cmocka_unit_test(test_shown),
        cmocka_unit_test(test_goods),
        cmocka_unit_test(test_several_faults),
        cmocka_unit_test(test_twins),
        cmocka_unit_test(test_guardians_without_column),
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_whole_roster)
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
