/* demo_register.c: who is responsible for whom in the demonstration county (包保), from the area down to the child, so that the chart
 * an inspector asks for is full: the bureau's leaders for areas and townships, the township's for villages and schools, the
 * school's leaders for grades, class teachers for classes, and one to one for children who stay away or whose parents are both
 * away. Made last: it changes nothing that was made before. */

#include "tools/demo.h"

#include "flow/flow.h"

#include <stdlib.h>
#include <string.h>

#define MAX_ENTRIES  400
#define COLUMNS      13
#define VILLAGES     4

static const char *const villages[2][VILLAGES] = { { "松山村", "岩脚村", "大寨村", "水井村" }, { "云岭村", "坪上村", "白岩村", "小河村" } };

typedef struct {
    const char *duty, *area, *person, *office;
    bx_id       unit, school, township, student, account;
    bx_date     from;
} entry;

typedef struct { demo *d; bx_date from; size_t n; entry list[MAX_ENTRIES]; } list;


static void
put(list *l, entry e)
{
    e.from = e.from == 0 ? l->from : e.from;
    if (l->n < MAX_ENTRIES && e.person != NULL) {
        l->list[l->n++] = e;
    }
}


static const char *
somebody(list *l)
{
    return demo_name(l->d, 1 + (int) demo_draw(&l->d->dice, 3) / 2);
}


/* ---- above the schools */

static bx_rc
put_above(list *l)
{
    static const char *const  areas[] = { "松山片区", "云岭片区" };
    static const char *const  members[] = { "县局副局长", "县局党委委员" }, *const sections[] = { "基础教育股股长", "学生资助中心主任" };
    static const char *const  cadres[] = { "副乡长", "人大主席", "武装部部长", "党委委员" };
    bx_rows                   rows;

    if (bx_query(l->d->x->call, &rows, "SELECT u.id, u.parent_id, a.id, a.name, c.name FROM org_unit u LEFT JOIN position p ON p.unit_id = u.id AND p.role = 'township'"
                 " LEFT JOIN account a ON a.id = p.account_id LEFT JOIN account c ON c.id = ? WHERE u.level = 'township' ORDER BY u.code",
                 BX_ARGS(bx_int(l->d->county))) != BX_OK)
    {
        return BX_FAIL;
    }

    for (size_t i = 0; i < rows.nrows && i < 2; i++) {
        bx_id  unit = bx_cell_int(&rows, i, 0);

        put(l, (entry) { .duty = "area", .area = areas[i], .unit = unit, .township = unit, .person = somebody(l), .office = members[i] });
        put(l, (entry) { .duty = "township", .unit = unit, .township = unit, .person = i == 0 ? bx_cell_text(&rows, i, 4) : somebody(l),
                         .office = sections[i], .account = i == 0 ? l->d->county : 0 });
        put(l, (entry) { .duty = "township", .unit = unit, .township = unit, .person = bx_cell_text(&rows, i, 3), .office = "乡镇教育助理",
                         .account = bx_cell_int(&rows, i, 2) });
        for (int v = 0; v < VILLAGES; v++) {
            put(l, (entry) { .duty = "village", .area = villages[i][v], .unit = unit, .township = unit, .person = somebody(l), .office = cadres[v] });
            put(l, (entry) { .duty = "village", .area = villages[i][v], .unit = unit, .township = unit, .person = somebody(l), .office = "村党支部书记" });
        }
    }

    return BX_OK;
}


/* ---- a school: its leaders, a leader a grade */

static bx_rc
put_schools(list *l)
{
    static const char *const  offices[] = { "校长（包全校）", NULL, "分管副校长" };
    static const char *const  leaders[] = { "年级组长", "教导主任", "德育主任", "总务主任", "教导副主任", "少先队大队辅导员" };
    bx_rows                   rows;

    if (bx_query(l->d->x->call, &rows, "SELECT g.id, g.school_id, g.township_id, s.code, a.id, a.name FROM org_unit g JOIN org_unit s ON s.id = g.school_id"
                 " LEFT JOIN position p ON p.unit_id = g.id AND p.role = 'grade' LEFT JOIN account a ON a.id = p.account_id"
                 " WHERE g.level = 'grade' ORDER BY s.code, g.entry_year DESC", BX_NO_ARGS) != BX_OK)
    {
        return BX_FAIL;
    }
    for (int i = 0; i < DEMO_SCHOOLS; i++) {
        const demo_school *s = &l->d->schools[i];
        bx_rows            staff;
        bx_id              township = s->unit.township;

        if (bx_query(l->d->x->call, &staff, "SELECT a.id, a.name FROM account a WHERE a.id IN (?, ?) ORDER BY FIELD(a.id, ?, ?)",
                     BX_ARGS(bx_int(l->d->staff[i][0]), bx_int(l->d->staff[i][2]), bx_int(l->d->staff[i][0]), bx_int(l->d->staff[i][2]))) != BX_OK)
        {
            return BX_FAIL;
        }
        for (int v = 0; v < VILLAGES; v++) {
            put(l, (entry) { .duty = "village", .area = villages[s->township][v], .unit = s->unit.id, .school = s->unit.id, .township = township,
                             .person = somebody(l), .office = "学校包村教师" });
        }
        put(l, (entry) { .duty = "school", .unit = s->unit.id, .school = s->unit.id, .township = township, .person = somebody(l), .office = "县局包校干部" });
        put(l, (entry) { .duty = "school", .unit = s->unit.id, .school = s->unit.id, .township = township, .person = somebody(l), .office = "乡镇包校领导" });
        for (size_t k = 0; k < staff.nrows; k++) {
            put(l, (entry) { .duty = "school", .unit = s->unit.id, .school = s->unit.id, .township = township, .account = bx_cell_int(&staff, k, 0),
                             .person = bx_cell_text(&staff, k, 1), .office = offices[2 * k] });
        }
    }
    for (size_t i = 0; i < rows.nrows; i++) {
        bool  known = bx_cell_text(&rows, i, 5) != NULL;

        put(l, (entry) { .duty = "grade", .unit = bx_cell_int(&rows, i, 0), .school = bx_cell_int(&rows, i, 1), .township = bx_cell_int(&rows, i, 2),
                         .account = bx_cell_int(&rows, i, 4), .person = known ? bx_cell_text(&rows, i, 5) : somebody(l), .office = leaders[known ? 0 : i % 6] });
    }

    return BX_OK;
}


/* ---- classes, and children one to one */

static const char sql_classes[] =
    "SELECT u.id, u.school_id, u.township_id, a.id, a.name FROM position p JOIN org_unit u ON u.id = p.unit_id JOIN account a ON a.id = p.account_id"
    " WHERE p.role = 'teacher' AND u.level = 'class' ORDER BY u.path";

/* Who stays away, with the class teacher, and with a leader of the school once the case was reported; and in each class one child
 * whose parents are both away. */
static const char sql_children[] =
    "SELECT s.id, s.class_id, s.school_id, s.township_id, a.id, a.name, d.discovered_on, v.id, v.name, d.state IN ('suspected', 'formal') FROM dropout_case d"
    " JOIN student s ON s.id = d.student_id JOIN position p ON p.unit_id = s.class_id AND p.role = 'teacher' JOIN account a ON a.id = p.account_id"
    " LEFT JOIN position q ON q.unit_id = s.school_id AND q.role = 'vice' LEFT JOIN account v ON v.id = q.account_id WHERE d.open_student IS NOT NULL"
    " UNION ALL SELECT s.id, s.class_id, s.school_id, s.township_id, a.id, a.name, NULL, NULL, NULL, 1 FROM student s JOIN position p ON p.unit_id = s.class_id"
    " AND p.role IN ('teacher', 'subject') JOIN account a ON a.id = p.account_id WHERE s.id IN (SELECT MIN(x.id) FROM student x WHERE x.left_behind = '2'"
    " GROUP BY x.class_id) AND NOT EXISTS (SELECT 1 FROM dropout_case k WHERE k.open_student = s.id)"
    " AND p.role = IF(EXISTS (SELECT 1 FROM position z WHERE z.unit_id = s.class_id AND z.role = 'subject'), 'subject', 'teacher') ORDER BY 3, 2, 1";

static bx_rc
put_below(list *l)
{
    bx_rows  rows;

    if (bx_query(l->d->x->call, &rows, sql_classes, BX_NO_ARGS) != BX_OK) {
        return BX_FAIL;
    }
    for (size_t i = 0; i < rows.nrows; i++) {
        put(l, (entry) { .duty = "class", .unit = bx_cell_int(&rows, i, 0), .school = bx_cell_int(&rows, i, 1), .township = bx_cell_int(&rows, i, 2),
                         .account = bx_cell_int(&rows, i, 3), .person = bx_cell_text(&rows, i, 4), .office = "班主任" });
    }
    if (bx_query(l->d->x->call, &rows, sql_children, BX_NO_ARGS) != BX_OK) {
        return BX_FAIL;
    }
    for (size_t i = 0; i < rows.nrows; i++) {
        bool   leader = bx_cell_int(&rows, i, 9) == 0 && bx_cell_text(&rows, i, 8) != NULL;
        entry  e = { .duty = "student", .student = bx_cell_int(&rows, i, 0), .unit = bx_cell_int(&rows, i, 1), .school = bx_cell_int(&rows, i, 2),
                     .township = bx_cell_int(&rows, i, 3), .account = bx_cell_int(&rows, i, leader ? 7 : 4), .person = bx_cell_text(&rows, i, leader ? 8 : 5),
                     .office = leader ? "分管副校长" : "帮扶教师" };

        e.from = bx_cell_text(&rows, i, 6) == NULL ? 0 : bx_date_parse(bx_cell_text(&rows, i, 6));
        put(l, e);
    }

    return BX_OK;
}


/* ---- all of it */

static bx_value
id_or_null(bx_id id)
{
    return id == 0 ? bx_null() : bx_int(id);
}


static bx_rc
keep(list *l)
{
    bx_call   *c = l->d->x->call;
    bx_value  *args = bx_alloc(c->arena, (l->n + 1) * COLUMNS * sizeof(*args)), now = bx_text(bx_time_sql(c->arena, c->now));
    bx_buf     sql;

    if (args == NULL) {
        return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
    }

    bx_buf_init(&sql, c->arena);
    bx_buf_str(&sql, "INSERT INTO responsibility (id, school_id, township_id, unit_id, student_id, area, account_id, person, office, duty, starts_on, created_at,"
               " updated_at) VALUES ");
    for (size_t i = 0; i < l->n; i++) {
        const entry    *e = &l->list[i];
        const bx_value  row[COLUMNS] = {
            bx_int(bx_id_new()), id_or_null(e->school), id_or_null(e->township), bx_int(e->unit), id_or_null(e->student), bx_text(e->area),
            id_or_null(e->account), bx_text(e->person), bx_text(e->office), bx_text(e->duty), bx_text(bx_date_text(c->arena, e->from)), now, now
        };

        memcpy(args + i * COLUMNS, row, sizeof(row));
        bx_buf_str(&sql, i == 0 ? "(?,?,?,?,?,?,?,?,?,?,?,?,?)" : ",(?,?,?,?,?,?,?,?,?,?,?,?,?)");
    }

    return bx_queue(c, (int) l->n, sql.data, args, l->n * COLUMNS) == BX_OK ? bx_commit_batch(c, 0, "demo", "responsibilities", 0, NULL) : BX_FAIL;
}


bx_rc
demo_register(demo *d)
{
    list *l = bx_alloc(d->x->arena, sizeof(*l));

    if (l == NULL) {
        return bx_refuse(d->x->call, BX_E_MEMORY, NULL, NULL, NULL);
    }

    l->d = d;
    l->n = 0;
    l->from = d->terms[0][0] < d->today ? d->terms[0][0] : d->today;
    return put_above(l) == BX_OK && put_schools(l) == BX_OK && put_below(l) == BX_OK ? keep(l) : BX_FAIL;
}
