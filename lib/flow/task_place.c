/* task_place.c: who holds which position at a unit and the units above it, and the ladder up which an overdue task goes.
 * Reads; writes nothing. Does not own what a role may do (scope.c). */

#include "flow/task.h"

#include <string.h>

/* Where a role belongs, and who stands above it. A role that is not here (a plugin's own) belongs to the school, with the vice
 * principal above it. */
static const struct { const char *role, *level, *above; }  ladder[] = {
    { "teacher",   "class",    "grade" },
    { "subject",   "class",    "grade" },
    { "grade",     "grade",    "vice" },
    { "office",    "school",   "vice" },
    { "registrar", "school",   "vice" },
    { "psych",     "school",   "vice" },
    { "vice",      "school",   "principal" },
    { "principal", "school",   "county" },
    { "township",  "township", "county" },
    { "county",    "county",   NULL },
};

#define STEPS  (sizeof(ladder) / sizeof(ladder[0]))


static size_t
step_of(const char *role)
{
    size_t  i;

    for (i = 0; i < STEPS && strcmp(ladder[i].role, role) != 0; i++) {
        /* void */
    }

    return i;
}


/* ---- reading */

static bx_rc
root_of(bx_call *c, bx_id *unit)
{
    bx_rows  rows;

    if (bx_query(c, &rows, "SELECT id FROM org_unit WHERE parent_id IS NULL ORDER BY id LIMIT 1", BX_NO_ARGS) != BX_OK) {
        return BX_FAIL;
    }

    *unit = rows.nrows == 0 ? 0 : bx_cell_int(&rows, 0, 0);
    return BX_OK;
}


/* A row a unit and position: units without any have one with NULLs. */
static const char sql_place[] =
    "SELECT u.id, u.level, p.role, a.id FROM org_unit u"
    " LEFT JOIN position p ON p.unit_id = u.id AND p.starts_on <= ? AND (p.ends_on IS NULL OR p.ends_on >= ?)"
    " LEFT JOIN account a ON a.id = p.account_id AND a.disabled_at IS NULL"
    " WHERE u.id IN (" BX_PATH_MARKS ") ORDER BY LENGTH(u.path) DESC, u.id, p.id";


static bx_rc
place_read(bx_call *c, bx_place *p)
{
    const bx_id *ids;
    const char  *today = bx_date_text(c->arena, bx_date_of(c->now));
    bx_value     args[2 + BX_MAX_DEPTH] = { bx_text(today), bx_text(today) };
    bx_holder   *holders;
    bx_rows      rows;

    if (bx_unit_path(c, p->unit, &ids, &p->n) != BX_OK) {
        return BX_FAIL;
    }
    memcpy(p->ids, ids, p->n * sizeof(*ids));
    bx_path_args(p->ids, p->n, args + 2);

    if (bx_query(c, &rows, sql_place, args, 2 + BX_MAX_DEPTH) != BX_OK) {
        return BX_FAIL;
    }
    holders = bx_alloc(c->arena, (rows.nrows + 1) * sizeof(*holders));
    if (holders == NULL) {
        return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
    }

    for (size_t i = 0; i < rows.nrows; i++) {
        size_t  depth = 0;

        while (depth < p->n && p->ids[depth] != bx_cell_int(&rows, i, 0)) {
            depth++;
        }
        if (depth == p->n) {
            continue;
        }
        p->levels[depth] = bx_cell_text(&rows, i, 1);
        if (bx_cell(&rows, i, 3)->kind != BX_V_NULL) {
            holders[p->nholders++] = (bx_holder) { bx_cell_text(&rows, i, 2), p->ids[depth], bx_cell_int(&rows, i, 3), depth };
        }
    }

    p->holders = holders;
    return BX_OK;
}


bx_rc
bx_place_of(bx_call *c, bx_id unit, const bx_place **out)
{
    bx_place *p;

    for (p = c->places; p != NULL; p = p->next) {
        if (p->unit == unit) {
            *out = p;
            return BX_OK;
        }
    }

    p = bx_alloc(c->arena, sizeof(*p));
    if (p == NULL) {
        return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
    }

    p->unit = unit;
    if ((unit == 0 && root_of(c, &p->unit) != BX_OK) || place_read(c, p) != BX_OK) {
        return BX_FAIL;
    }

    p->unit = unit;
    p->next = c->places;
    c->places = p;
    *out = p;
    return BX_OK;
}


/* ---- asking */

bx_id
bx_place_holds(const bx_place *p, const char *role)
{
    for (size_t i = 0; i < p->nholders; i++) {
        if (strcmp(p->holders[i].role, role) == 0) {
            return p->holders[i].unit;
        }
    }

    return 0;
}


bx_id
bx_place_level(const bx_place *p, const char *level)
{
    for (size_t i = p->n; i > 0; i--) {
        if (p->levels[i - 1] != NULL && strcmp(p->levels[i - 1], level) == 0) {
            return p->ids[i - 1];
        }
    }

    return 0;
}


bx_id
bx_place_seat(const bx_place *p, const char *role)
{
    size_t  i = step_of(role);
    bx_id   unit;

    if (p->n == 0) {
        return 0;
    }
    if (i < STEPS && strcmp(ladder[i].level, "county") == 0) {
        return p->ids[0];
    }

    unit = bx_place_level(p, i < STEPS ? ladder[i].level : "school");
    return unit != 0 ? unit : p->ids[p->n - 1];
}


/* Does everybody who holds `upper` hold `lower` as well? Then raising it would tell them what they know. */
static bool
same_people(const bx_place *p, bx_seat lower, bx_seat upper)
{
    for (size_t i = 0; i < p->nholders; i++) {
        const bx_holder *h = &p->holders[i];
        bool             below = false;

        if (h->unit != upper.unit || strcmp(h->role, upper.role) != 0) {
            continue;
        }
        for (size_t k = 0; k < p->nholders && !below; k++) {
            below = p->holders[k].account == h->account && p->holders[k].unit == lower.unit
                    && strcmp(p->holders[k].role, lower.role) == 0;
        }
        if (!below) {
            return false;
        }
    }

    return true;
}


bool
bx_ladder_next(const bx_place *p, bx_seat from, bool in_school, bx_seat *out)
{
    size_t       i = step_of(from.role);
    const char  *role = i < STEPS ? ladder[i].above : "vice";

    for (; role != NULL; role = ladder[step_of(role)].above) {
        bx_seat  seat = { role, bx_place_holds(p, role) };

        if (in_school && strcmp(role, "county") == 0) {
            return false;
        }
        if (seat.unit != 0 && !same_people(p, from, seat)) {
            *out = seat;
            return true;
        }
    }

    return false;
}
