/* demo_people.c: invented children and guardians of the demonstration county, as a roster in the national template.
 * Their identity numbers have a region code that no county has, their phones a range that nobody is given. */

#include "tools/demo.h"

#include <string.h>

#define REGION  "522799"


/* splitmix64 */
uint64_t
demo_draw(demo_dice *d, uint64_t n)
{
    uint64_t  z = d->state += 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (z ^ (z >> 31)) % n;
}


bool
demo_chance(demo_dice *d, unsigned percent)
{
    return demo_draw(d, 100) < percent;
}


/* ---- names */

static const char *const surnames[] = {
    "杨", "杨", "吴", "吴", "王", "王", "罗", "罗", "李", "李", "韦", "韦", "陈", "陈", "龙", "石", "张", "刘", "何", "潘", "黄", "周", "冯", "蒙",
    "陆", "田", "谢", "唐", "邓", "彭", "莫", "覃", "岑", "熊", "安", "马", "赵", "孙", "胡", "朱"
};

static const char *const boys[] = {
    "浩", "宇", "轩", "俊杰", "志强", "文博", "子豪", "明辉", "家乐", "天佑", "昊然", "永福", "国栋", "建华", "小军", "泽宇", "一鸣", "思远",
    "成林", "海涛", "晨阳", "嘉诚", "星辰", "少华", "瑞", "磊", "鹏飞", "云峰", "立新", "大山", "春生", "正阳", "启航", "子墨", "承志", "小龙"
};

static const char *const girls[] = {
    "婷", "欣怡", "思琪", "雨桐", "梦瑶", "佳慧", "诗涵", "小燕", "秀英", "晓雯", "春花", "雅静", "玉兰", "美玲", "紫涵", "心悦", "若曦", "静怡",
    "小梅", "丽娜", "语嫣", "安然", "金凤", "子萱", "可欣", "雪", "芳", "彩云", "月", "清清", "阿朵", "木兰", "乐瑶", "晓彤", "沐晴", "知夏"
};

static const char *const men[] = {
    "建国", "国强", "志明", "永福", "光荣", "正华", "德才", "家贵", "福生", "大勇", "长江", "文忠", "富贵", "开明", "学文", "朝阳", "胜利", "水生",
    "国平", "再兴", "天才", "仕军", "明书", "启贵"
};

static const char *const women[] = {
    "桂英", "秀莲", "玉珍", "春梅", "美英", "兰芝", "凤仙", "素芬", "翠花", "金花", "群英", "丽华", "菊香", "明珍", "秋菊", "小琴", "远芬", "国秀",
    "红梅", "光碧", "竹英", "腊梅", "永珍", "应芝"
};

static const char *const villages[] = { "红星", "团结", "大寨", "新民", "和平", "沙坝" };

#define COUNT(a)    (sizeof(a) / sizeof((a)[0]))
#define PICK(d, a)  ((a)[demo_draw(&(d)->dice, COUNT(a))])


static const char *
name_of(demo *d, const char *surname, int sex)
{
    return bx_sprintf(d->x->arena, "%s%s", surname, sex == 1 ? PICK(d, boys) : PICK(d, girls));
}


static const char *
name_of_adult(demo *d, const char *surname, int sex)
{
    return bx_sprintf(d->x->arena, "%s%s", surname, sex == 1 ? PICK(d, men) : PICK(d, women));
}


const char *
demo_name(demo *d, int sex)
{
    return name_of_adult(d, PICK(d, surnames), sex);
}


char *
demo_phone(demo *d)
{
    return bx_sprintf(d->x->arena, "154%08u", (unsigned) demo_draw(&d->dice, 100000000));
}


static const char *
id_number(demo *d, bx_date birth, int sex)
{
    static const int   weights[] = { 7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2 };
    static const char  digits[] = "10X98765432";
    bx_civil           b = bx_civil_of_date(birth);
    unsigned           serial = (unsigned) demo_draw(&d->dice, 99) * 10 + (unsigned) demo_draw(&d->dice, 5) * 2 + (sex == 1);
    char              *s = bx_sprintf(d->x->arena, REGION "%04d%02d%02d%03u?", b.year, b.month, b.day, serial + 10);
    int                sum = 0;

    for (int i = 0; i < 17; i++) {
        sum += (s[i] - '0') * weights[i];
    }
    s[17] = digits[sum % 11];
    return s;
}


/* ---- families */

typedef struct { const char *name, *relation, *phone, *id; } member;

typedef struct { const char *surname; member members[2]; int n; } family;

#define MAX_FAMILIES  64                      /* remembered, so that some children are siblings */

typedef struct { family known[MAX_FAMILIES]; size_t n; } families;


static member
member_make(demo *d, const char *surname, const char *relation, int sex, int born)
{
    bx_date  birth = bx_date_make(born, 1 + (int) demo_draw(&d->dice, 12), 1 + (int) demo_draw(&d->dice, 28));

    return (member) { name_of_adult(d, surname, sex), relation, demo_phone(d), id_number(d, birth, sex) };
}


/* One guardian, or two: parents, or a parent and the grandparent with whom the child lives. */
static family
family_make(demo *d, const char *surname)
{
    family    f = { .surname = surname };
    unsigned  kind = (unsigned) demo_draw(&d->dice, 10);
    int       born = 1982 + (int) demo_draw(&d->dice, 10);

    f.members[f.n++] = kind < 5 ? member_make(d, PICK(d, surnames), "母亲", 2, born) : member_make(d, surname, "父亲", 1, born);
    if (kind == 1 || kind == 2) {
        f.members[f.n++] = member_make(d, surname, "父亲", 1, born - 2);
    } else if (kind == 5 || kind == 6) {
        f.members[f.n++] = member_make(d, PICK(d, surnames), "祖母", 2, born - 26);
    } else if (kind == 7) {
        f.members[f.n++] = member_make(d, surname, "祖父", 1, born - 27);
    }

    return f;
}


static family
family_take(demo *d, families *all)
{
    family  f;

    if (all->n > 8 && demo_chance(&d->dice, 6)) {
        return all->known[demo_draw(&d->dice, all->n)];
    }

    f = family_make(d, PICK(d, surnames));
    all->known[all->n < MAX_FAMILIES ? all->n++ : demo_draw(&d->dice, MAX_FAMILIES)] = f;
    return f;
}


/* ---- rows */

static const char heading[] =
    "学校标识码,姓名,性别,出生日期,民族,国籍/地区,身份证件类型,身份证件号,户口性质,班号,入学年月,入学方式,就读方式,现住址,是否留守儿童,班内学号,随班就读,"
    "是否进城务工人员随迁子女,学籍号,"
    "成员1姓名,成员1关系,成员1联系电话,成员1是否监护人,成员1身份证件类型,成员1身份证件号,"
    "成员2姓名,成员2关系,成员2联系电话,成员2是否监护人,成员2身份证件类型,成员2身份证件号\n";

static const char *const ethnics[] = { "汉族", "汉族", "汉族", "汉族", "苗族", "布依族", "彝族", "侗族" };

typedef struct { const char *name; int sex; family f; } pupil;


/* The children of the demonstration's guardians sit in the classes of its teachers. */
static bool
named_pupil(demo *d, const demo_school *s, int grade, int number, int seat, pupil *out)
{
    static const struct { int school, grade, number, seat, sex; const char *child, *surname, *mother; } named[] = {
        { 0, 3, 2, 7,  2, DEMO_CHILD,  "罗", DEMO_MOTHER },
        { 0, 5, 1, 12, 1, DEMO_CHILD2, "罗", DEMO_MOTHER },
        { 2, 7, 4, 9,  2, DEMO_CHILD3, "龙", DEMO_MOTHER2 }
    };

    for (size_t i = 0; i < COUNT(named); i++) {
        if (s == &d->schools[named[i].school] && grade == named[i].grade && number == named[i].number && seat == named[i].seat) {
            const char *phone = strcmp(named[i].mother, DEMO_MOTHER) == 0 ? "15400000101" : "15400000102";

            *out = (pupil) { named[i].child, named[i].sex, { .surname = named[i].surname, .n = 1 } };
            out->f.members[0] = (member) { named[i].mother, "母亲", phone, id_number(d, bx_date_make(1987, 4, 12), 2) };
            return true;
        }
    }

    return false;
}


static void
member_add(bx_buf *out, const member *m)
{
    if (m == NULL) {
        bx_buf_str(out, ",,,,,,");
    } else {
        bx_buf_printf(out, ",%s,%s,%s,是,居民身份证,%s", m->name, m->relation, m->phone, m->id);
    }
}


static void
pupil_add(demo *d, const demo_school *s, const pupil *p, int entry_year, int age, int number, int seat, bx_buf *out)
{
    bx_date      birth = bx_date_make(entry_year - age - 1, 9, 1) + (bx_date) demo_draw(&d->dice, 365);
    bx_civil     b = bx_civil_of_date(birth);
    bool         alone = p->f.n > 0 && (strcmp(p->f.members[p->f.n - 1].relation, "祖母") == 0
                                        || strcmp(p->f.members[p->f.n - 1].relation, "祖父") == 0);
    const char  *id;

    bx_buf_printf(out, "%s,%s,%s,%04d%02d%02d,%s,中国,居民身份证,%s,农业户口,%d级%d班,%d09,就近入学,%s,%s%s村%u组,%s,%d,非随班就读,否",
                  s->code, p->name, p->sex == 1 ? "男" : "女", b.year, b.month, b.day, PICK(d, ethnics),
                  (id = id_number(d, birth, p->sex)),
                  entry_year, number, entry_year, demo_chance(&d->dice, strcmp(s->stage, "junior") == 0 ? 60 : 20) ? "住校" : "走读",
                  s->village, PICK(d, villages), (unsigned) demo_draw(&d->dice, 12) + 1,
                  alone ? "双亲留守儿童" : demo_chance(&d->dice, 12) ? "单亲留守儿童" : "非留守儿童", seat);
    bx_buf_printf(out, ",G%s", id);
    member_add(out, &p->f.members[0]);
    member_add(out, p->f.n > 1 ? &p->f.members[1] : NULL);
    bx_buf_str(out, "\n");
}


bx_rc
demo_roster(demo *d, const demo_school *s, bx_buf *out)
{
    families *all = bx_alloc(d->x->arena, sizeof(*all));
    bool      junior = strcmp(s->stage, "junior") == 0;
    int       first = junior ? 7 : 1;

    if (all == NULL) {
        return BX_FAIL;
    }

    bx_buf_str(out, heading);
    for (int grade = first; grade < first + s->grades; grade++) {
        for (int number = 1; number <= s->classes; number++) {
            int  entry_year = d->year - (grade - first), seats = 43 + (int) demo_draw(&d->dice, 4);

            for (int seat = 1; seat <= seats; seat++) {
                pupil  p;

                if (!named_pupil(d, s, grade, number, seat, &p)) {
                    p.sex = 1 + (int) demo_draw(&d->dice, 2);
                    p.f = family_take(d, all);
                    p.name = name_of(d, p.f.surname, p.sex);
                }
                pupil_add(d, s, &p, entry_year, junior ? 12 : 6, number, seat, out);
            }
        }
    }

    return out->failed ? BX_FAIL : BX_OK;
}
