/*
 * admin_move.c: a school comes to another township or central school, as when districts are drawn anew. The school with its grades and
 * classes moves in one transaction, with its audit row; a job lets the records follow, for each carries the township by which it is
 * seen. All of them do: they are the school's. What was, and why, stays in unit_move. Papers and frozen reports stay as they were.
 */
#include "plugins/admin.h"
#include "flow/calendar.h"

#include <string.h>

#define FOLLOW_ROWS  500                      /* of one UPDATE */
#define SETTLED      60                       /* seconds after which no request goes on that had seen the school in its old place */
#define YEAR         366

static bx_rc
destination(bx_call *c, const admin_unit *school, admin_unit *to)
{
    if (admin_unit_read(c, "unit.manage", admin_body_id(c, "parent_id"), "parent_id", to) != BX_OK) {
        return BX_FAIL;
    }
    if (strcmp(school->u.level, "school") != 0) {
        return bx_refuse(c, BX_E_INVALID, "parent_id", "admin.move_school", NULL);
    }
    if (!bx_word_in(bx_level_parents("school"), to->u.level)) {
        return bx_refuse(c, BX_E_INVALID, "parent_id", "admin.parent_level", json_pack("{s:s}", "unit", to->u.name));
    }
    if (to->closed_on != NULL) {
        return bx_refuse(c, BX_E_INVALID, "parent_id", "admin.parent_closed", json_pack("{s:s}", "unit", to->u.name));
    }

    return to->u.id == school->u.parent ? bx_refuse(c, BX_E_INVALID, "parent_id", "admin.move_same", json_pack("{s:s}", "unit", to->u.name))
           : BX_OK;
}

static bx_value
id_or_null(bx_id id)
{
    return id == 0 ? bx_null() : bx_int(id);
}

static bx_rc
queue_units(bx_call *c, const admin_unit *school, const admin_unit *to)
{
    static const char  sql[] = "UPDATE org_unit SET parent_id = ?, path = ?, township_id = ?, version = version + 1 WHERE id = ? AND version = ?";
    static const char  sql_below[] = "UPDATE org_unit SET path = CONCAT(?, SUBSTRING(path, ?)), township_id = ?, version = version + 1"
                                     " WHERE path LIKE CONCAT(?, '%') AND id <> ?";
    const char        *path = bx_sprintf(c->arena, "%s%lld/", to->u.path, (long long) school->u.id);
    bx_value           township = id_or_null(to->u.township);

    if (path == NULL) {
        return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
    }
    /* the calendar of a township's classes may be another; asked before the paths change */
    return bx_calendar_changed(c, school->u.id, bx_date_of(c->now), bx_date_of(c->now) + YEAR) == BX_OK
           && bx_queue(c, 1, sql, BX_ARGS(bx_int(to->u.id), bx_text(path), township, bx_int(school->u.id), bx_int(school->version))) == BX_OK
           ? bx_queue(c, -1, sql_below, BX_ARGS(bx_text(path), bx_int((int64_t) strlen(school->u.path) + 1), township,
                                                bx_text(school->u.path), bx_int(school->u.id)))
           : BX_FAIL;
}

static bx_rc
queue_move(bx_call *c, const admin_unit *school, const char *from, const admin_unit *to)
{
    static const char  sql[] =
        "INSERT INTO unit_move (id, unit_id, from_id, from_name, to_id, to_name, from_township, to_township, reason, account_id, actor, at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    const char        *actor = bx_call_actor(c);

    return bx_queue(c, 1, sql, BX_ARGS(bx_int(bx_id_new()), bx_int(school->u.id), bx_int(school->u.parent), bx_text(from), bx_int(to->u.id),
        bx_text(to->u.name), id_or_null(school->u.township), id_or_null(to->u.township), bx_text(admin_body_text(c, "reason")),
        id_or_null(bx_call_account(c)), bx_text(actor == NULL ? "" : actor), bx_text(bx_time_sql(c->arena, c->now))));
}

bx_rc
admin_unit_move(bx_call *c)
{
    static const char  sql[] = "SELECT u.name FROM org_unit u WHERE u.id = ?";
    admin_unit         school, to;
    bx_rows            rows;
    const char        *from;
    json_t            *changes;

    if (admin_unit_read(c, "unit.manage", c->path_id, NULL, &school) != BX_OK || bx_version_check(c, school.version) != BX_OK
        || destination(c, &school, &to) != BX_OK || bx_query(c, &rows, sql, BX_ARGS(bx_int(school.u.parent))) != BX_OK)
    {
        return BX_FAIL;
    }

    from = rows.nrows == 0 ? "" : bx_cell_text(&rows, 0, 0);
    if (queue_units(c, &school, &to) != BX_OK || queue_move(c, &school, from, &to) != BX_OK) {
        return BX_FAIL;
    }

    changes = bx_own(c->arena, json_pack("{s:{s:o, s:s}, s:{s:o, s:s}, s:s}", "from", "parent_id", bx_id_json(school.u.parent), "name", from,
                                         "to", "parent_id", bx_id_json(to.u.id), "name", to.u.name, "reason", admin_body_text(c, "reason")));
    bx_answer(c, 200, json_pack("{s:o, s:I, s:o}", "id", bx_id_json(school.u.id), "version", (json_int_t) school.version + 1,
                                "parent_id", bx_id_json(to.u.id)));
    return bx_commit(c, school.u.id, "move", "org-units", school.u.id, changes);
}

/* GET org-units/{id}/moves: where a school was before, newest first, and whether its records have followed. */
bx_rc
admin_unit_moves(bx_call *c)
{
    static const char  sql[] = "SELECT from_name, to_name, reason, actor, at, done_at FROM unit_move WHERE unit_id = ? ORDER BY id DESC LIMIT 50";
    admin_unit         unit;
    bx_rows            rows;
    json_t            *items;

    if (admin_unit_read(c, "unit.read", c->path_id, NULL, &unit) != BX_OK || bx_query(c, &rows, sql, BX_ARGS(bx_int(unit.u.id))) != BX_OK) {
        return BX_FAIL;
    }

    items = json_array();
    for (size_t i = 0; i < rows.nrows; i++) {
        json_array_append_new(items, json_pack("{s:s, s:s, s:s, s:s, s:s, s:b}", "from", bx_cell_text(&rows, i, 0),
            "to", bx_cell_text(&rows, i, 1), "reason", bx_cell_text(&rows, i, 2), "by", bx_cell_text(&rows, i, 3),
            "at", bx_time_iso(c->arena, bx_time_parse_sql(bx_cell_text(&rows, i, 4))), "done", bx_cell(&rows, i, 5)->kind != BX_V_NULL));
    }

    return bx_answer(c, 200, json_pack("{s:o}", "items", items));
}

/* ------------------------------------------------------------------ the records follow */

/* Every table whose rows carry both, those of workflows from outside, too: asked of the schema, so that none can be forgotten. */
static const char sql_tables[] =
    "SELECT t.table_name FROM information_schema.columns t JOIN information_schema.columns s ON s.table_schema = t.table_schema"
    " AND s.table_name = t.table_name AND s.column_name = 'school_id' WHERE t.table_schema = DATABASE() AND t.column_name = 'township_id'"
    " AND t.table_name <> 'org_unit' ORDER BY t.table_name";

static bool
plain_name(const char *name)
{
    return name[0] != '\0' && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(name);
}

/* A few rows a statement, each a transaction of its own: a request waits for none of them long. */
static bx_rc
table_follows(bx_call *c, const char *table, bx_id school, bx_value township)
{
    const char  *sql = bx_sprintf(c->arena, "UPDATE `%s` SET township_id = ? WHERE school_id = ? AND NOT (township_id <=> ?) LIMIT ?", table);
    uint64_t     moved = FOLLOW_ROWS;

    while (moved == FOLLOW_ROWS) {
        if (sql == NULL || bx_exec(c, &moved, sql, BX_ARGS(township, bx_int(school), township, bx_int(FOLLOW_ROWS))) != BX_OK) {
            return BX_FAIL;
        }
    }

    return BX_OK;
}

/* What officers of the place before still had to do for the school is done by those of the new one. */
static bx_rc
tasks_follow(bx_call *c, bx_id school, bx_id from, bx_id to)
{
    static const char *const  sql[] = {
        "UPDATE task SET owner_unit = ? WHERE school_id = ? AND waits = 1 AND owner_unit = ?",
        "UPDATE task SET raised_unit = ? WHERE school_id = ? AND waits = 1 AND raised_unit = ?",
        "UPDATE task SET excuse_unit = ? WHERE school_id = ? AND waits = 1 AND excuse_unit = ?",
    };

    for (size_t i = 0; i < sizeof(sql) / sizeof(sql[0]); i++) {
        if (bx_exec(c, NULL, sql[i], BX_ARGS(bx_int(to), bx_int(school), bx_int(from))) != BX_OK) {
            return BX_FAIL;
        }
    }

    return BX_OK;
}

static bx_rc
follow(bx_call *c, const bx_rows *moves, size_t i, const bx_rows *tables)
{
    static const char  done[] = "UPDATE unit_move SET done_at = ? WHERE id = ?";
    bx_id              school = bx_cell_int(moves, i, 1);

    for (size_t k = 0; k < tables->nrows; k++) {
        const char *name = bx_cell_text(tables, k, 0);

        if (plain_name(name) && table_follows(c, name, school, *bx_cell(moves, i, 4)) != BX_OK) {
            return BX_FAIL;
        }
    }
    if (tasks_follow(c, school, bx_cell_int(moves, i, 2), bx_cell_int(moves, i, 3)) != BX_OK
        || (bx_cell(moves, i, 4)->kind != BX_V_NULL && bx_cell(moves, i, 5)->kind != BX_V_NULL
            && tasks_follow(c, school, bx_cell_int(moves, i, 5), bx_cell_int(moves, i, 4)) != BX_OK))
    {
        return BX_FAIL;
    }

    /* what requests wrote that had begun before it moved is found by the next run */
    return bx_time_parse_sql(bx_cell_text(moves, i, 6)) + SETTLED > c->now ? BX_OK : bx_exec(c, NULL, done, BX_ARGS(bx_text(bx_time_sql(c->arena, c->now)), *bx_cell(moves, i, 0)));
}

/* Rows follow to where the school is now; tasks in the order in which it moved. */
bx_rc
admin_moves_follow(bx_call *c)
{
    static const char  sql[] = "SELECT m.id, m.unit_id, m.from_id, m.to_id, u.township_id, m.from_township, m.at FROM unit_move m"
                               " JOIN org_unit u ON u.id = m.unit_id WHERE m.done_at IS NULL ORDER BY m.id LIMIT 20";
    bx_rows            moves, tables;

    if (bx_query(c, &moves, sql, NULL, 0) != BX_OK || (moves.nrows > 0 && bx_query(c, &tables, sql_tables, NULL, 0) != BX_OK)) {
        return BX_FAIL;
    }

    for (size_t i = 0; i < moves.nrows; i++) {
        if (follow(c, &moves, i, &tables) != BX_OK) {
            return BX_FAIL;
        }
    }

    return BX_OK;
}
