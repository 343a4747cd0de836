/*
 * rules.c: the effective value of a rule for a unit, overrides, and the rules of the core itself. rules_json.c shows them.
 * Owns rule_override and the path of a unit as far as rules and calendars need it. Does not own which rules there are
 * (every plugin has its table) nor who may set one (the handler's route).
 */

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "flow/calendar.h"
#include "flow/rules.h"
#include "flow/task.h"
#include "web/call.h"

#define MAX_TEXT    255                       /* characters of a value, as the column holds */
#define MAX_REASON  200
#define YEAR        366                       /* days ahead that a new timetable may change */

typedef struct { const char *rule, *value; bx_id unit; } override_row;

/* A unit's path and the overrides on it. Overrides of a longer path may be shared by a shorter one: those of units that
 * are not on the path are passed over. */
struct bx_units {
    struct bx_units     *next;
    bx_id                unit;
    bx_id                ids[BX_MAX_DEPTH];
    size_t               n;
    bool                 read;                /* overrides have been read */
    const override_row  *overrides;
    size_t               noverrides;
};

const bx_rule  bx_core_rules[] = {
    /* key                      type          default min max   text                 unit        source */
    { "day.week",               BX_RULE_TEXT, 0,      0,  0,    BX_WEEK_DEFAULT,     "weekdays", "proposal" },
    { "day.periods",            BX_RULE_TEXT, 0,      0,  0,    BX_PERIODS_DEFAULT,  "periods",  "proposal" },
    { "day.bells",              BX_RULE_TEXT, 0,      0,  0,    BX_BELLS_DEFAULT,    "clock",    "proposal" },
    { "attachment.loose_max",   BX_RULE_INT,  20,     1,  1000, NULL,                "file",     "proposal" },
    { "attachment.day_files",   BX_RULE_INT,  200,    10, 5000, NULL,                "file",     "proposal" },
    { "attachment.day_mb",      BX_RULE_INT,  200,    10, 10000, NULL,               "megabyte", "proposal" },
    { "attachment.record_files", BX_RULE_INT, 60,     3,  500,  NULL,                "file",     "proposal" },
    { "attachment.school_gb",   BX_RULE_INT,  50,     1,  10000, NULL,               "gigabyte", "proposal" },
    { "attachment.keep_years",  BX_RULE_INT,  0,      0,  50,   NULL,                "year",     "proposal" },
    { "export.max_rows",        BX_RULE_INT,  20000,  10, 100000, NULL,              "row",      "proposal" },
    { "export.day_rows",        BX_RULE_INT,  60000,  BX_READS_LEAST_EXPORT, 10000000, NULL, "row",       "proposal" },
    { "read.per_hour",          BX_RULE_INT,  15000,  BX_READS_LEAST_HOUR,   10000000, NULL, "record",    "proposal" },
    { "read.per_day",           BX_RULE_INT,  60000,  BX_READS_LEAST_DAY,    10000000, NULL, "record",    "proposal" },
    { NULL, 0, 0, 0, 0, NULL, NULL, NULL }
};

static bool
clock_text_ok(const char *text)
{
    return bx_clock_text(text) >= 0;
}

static bool
roll_mode_text_ok(const char *text)
{
    return text != NULL && (strcmp(text, "half_day") == 0 || strcmp(text, "day") == 0 || strcmp(text, "period") == 0);
}

/* "none", "all", or roles by their codes: a word that is no role's would ask nobody for anything. */
static bool
factor_roles_ok(const char *text)
{
    static const char  roles[] = " admin county township principal vice office registrar psych grade teacher subject ";
    char               word[24];

    if (strcmp(text, "none") == 0 || strcmp(text, "all") == 0) {
        return true;
    }

    for (const char *p = text; *p != '\0'; p += strcspn(p, " "), p += strspn(p, " ")) {
        int  n = (int) strcspn(p, " ");

        if (n == 0 || n > 20) {
            return false;
        }
        snprintf(word, sizeof(word), " %.*s ", n, p);
        if (strstr(roles, word) == NULL) {
            return false;
        }
    }

    return *text != '\0';
}

/* What BX_RULE_TEXT rules may say; a rule that is not here takes any text of its bounds. */
static const struct { const char *key; bool (*ok)(const char *text); }  texts[] = {
    { "day.week", bx_week_text_ok },
    { "day.periods", bx_periods_text_ok },
    { "day.bells", bx_bells_text_ok },
    { "roll.mode", roll_mode_text_ok },
    { "notice.morning", clock_text_ok },
    { "notice.afternoon", clock_text_ok },
    { "notice.quiet_from", clock_text_ok },
    { "notice.quiet_to", clock_text_ok },
    { "signin.factor_roles", factor_roles_ok },
};

/* ------------------------------------------------------------------ paths and overrides of a call */

static bx_rc
out_of_memory(bx_call *c)
{
    return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
}

/* Ids of "/1/20/300/"; false when it is no such path or too deep. */
static bool
read_path(const char *path, struct bx_units *u)
{
    char  *end;

    while (*path == '/' && path[1] != '\0') {
        if (u->n == BX_MAX_DEPTH) {
            return false;
        }

        errno = 0;
        u->ids[u->n] = strtoll(path + 1, &end, 10);
        if (errno || end == path + 1 || u->ids[u->n] <= 0) {
            return false;
        }

        u->n++;
        path = end;
    }

    return strcmp(path, "/") == 0 && u->n > 0 && u->ids[u->n - 1] == u->unit;
}

static bx_rc
query_path(bx_call *c, struct bx_units *u)
{
    static const char  sql[] = "SELECT u.path AS path FROM org_unit u WHERE u.id = ?";
    bx_rows            rows;

    if (bx_query(c, &rows, sql, BX_ARGS(bx_int(u->unit))) != BX_OK) {
        return BX_FAIL;
    }

    if (rows.nrows == 0) {
        u->read = true;
        return BX_OK;
    }

    if (!read_path(bx_cell_text(&rows, 0, 0), u)) {
        bx_error_set(&c->error, BX_E_INTERNAL, "path of unit %" PRId64 " cannot be read", u->unit);
        return bx_refuse(c, BX_E_INTERNAL, NULL, NULL, NULL);
    }

    return BX_OK;
}

/* Takes what is known of a unit from one below it. */
static bool
borrow_path(const bx_call *c, struct bx_units *u)
{
    const struct bx_units  *below;
    size_t                  i;

    for (below = c->units; below; below = below->next) {
        for (i = 0; i < below->n; i++) {
            if (below->ids[i] == u->unit) {
                u->n = i + 1;
                memcpy(u->ids, below->ids, u->n * sizeof(u->ids[0]));
                u->read = below->read;
                u->overrides = below->overrides;
                u->noverrides = below->noverrides;
                return true;
            }
        }
    }

    return false;
}

static struct bx_units *
find_unit(bx_call *c, bx_id unit)
{
    struct bx_units  **at, *u;

    for (at = &c->units; *at; at = &(*at)->next) {
        u = *at;
        if (u->unit == unit) {
            *at = u->next;                    /* the ones in use stay in front */
            u->next = c->units;
            c->units = u;
            return u;
        }
    }

    u = bx_alloc(c->arena, sizeof(*u));
    if (u == NULL) {
        out_of_memory(c);
        return NULL;
    }

    u->unit = unit;
    if (!borrow_path(c, u) && query_path(c, u) != BX_OK) {
        return NULL;
    }

    u->next = c->units;
    c->units = u;
    return u;
}

bx_rc
bx_unit_path(bx_call *c, bx_id unit, const bx_id **ids, size_t *n)
{
    const struct bx_units  *u = find_unit(c, unit);

    if (u == NULL) {
        return BX_FAIL;
    }

    *ids = u->ids;
    *n = u->n;
    return BX_OK;
}

void
bx_path_args(const bx_id *ids, size_t n, bx_value args[BX_MAX_DEPTH])
{
    size_t  i;

    for (i = 0; i < BX_MAX_DEPTH; i++) {
        args[i] = bx_int(i < n ? ids[i] : 0);
    }
}

void
bx_unit_known(bx_call *c, bx_id unit, const char *path)
{
    struct bx_units  *u;

    for (u = c->units; u; u = u->next) {
        if (u->unit == unit) {
            return;
        }
    }

    u = bx_alloc(c->arena, sizeof(*u));
    if (u == NULL) {
        return;                               /* whoever needs it reads it, and says that memory is short */
    }

    u->unit = unit;
    if (read_path(path, u)) {
        u->next = c->units;
        c->units = u;
    }
}

/* Rows from column `col` on: unit, a number, rule, value. */
static bx_rc
take_overrides(bx_call *c, struct bx_units *u, const bx_rows *rows, size_t col)
{
    override_row *found = bx_alloc(c->arena, (rows->nrows + 1) * sizeof(*found));
    size_t        i;

    if (found == NULL) {
        return out_of_memory(c);
    }

    for (i = 0; i < rows->nrows; i++) {
        if (col == 0 || strcmp(bx_cell_text(rows, i, 0), "rule") == 0) {
            found[u->noverrides++] = (override_row) { bx_cell_text(rows, i, col + 2), bx_cell_text(rows, i, col + 3),
                                                      bx_cell_int(rows, i, col) };
        }
    }

    u->overrides = found;
    u->read = true;
    return BX_OK;
}

bx_rc
bx_overrides_known(bx_call *c, bx_id unit, const bx_rows *rows)
{
    struct bx_units *u = find_unit(c, unit);

    if (u == NULL) {
        return BX_FAIL;
    }

    return u->read ? BX_OK : take_overrides(c, u, rows, 1);
}

static bx_rc
read_overrides(bx_call *c, struct bx_units *u)
{
    static const char  sql[] = "SELECT o.unit_id, 0, o.rule, o.value FROM rule_override o"
                               " WHERE o.unit_id IN (" BX_PATH_MARKS ")";
    bx_value           args[BX_MAX_DEPTH];
    bx_rows            rows;

    bx_path_args(u->ids, u->n, args);

    if (bx_query(c, &rows, sql, args, BX_MAX_DEPTH) != BX_OK) {
        return BX_FAIL;
    }

    return take_overrides(c, u, &rows, 0);
}

/* ------------------------------------------------------------------ effective values */

static bool
int_ok(const bx_rule *rule, const char *text, int64_t *i)
{
    char     *end;
    int64_t   value;

    if ((*text < '0' || *text > '9') && *text != '-') {
        return false;
    }

    errno = 0;
    value = strtoll(text, &end, 10);
    if (errno || end == text || *end != '\0' || value < rule->min || value > rule->max) {
        return false;
    }

    if (i != NULL) {
        *i = value;
    }

    return true;
}

bool
bx_rule_accepts(const bx_rule *rule, const char *text, int64_t *i)
{
    size_t  k, chars;

    if (text == NULL || !bx_utf8_valid(text, strlen(text))) {
        return false;
    }

    if (rule->type == BX_RULE_INT) {
        return int_ok(rule, text, i);
    }

    for (k = 0; k < sizeof(texts) / sizeof(texts[0]); k++) {
        if (strcmp(texts[k].key, rule->key) == 0) {
            return strlen(text) <= MAX_TEXT && texts[k].ok(text);
        }
    }

    chars = bx_utf8_count(text);

    return chars >= 1 && chars >= (size_t) (rule->min > 0 ? rule->min : 0)
           && chars <= (size_t) (rule->max > 0 && rule->max < MAX_TEXT ? rule->max : MAX_TEXT) && bx_text_clean(text);
}

/* How far down the path a unit is, from 1; 0: not on it. */
static size_t
depth_of(const struct bx_units *u, bx_id unit)
{
    size_t  i;

    for (i = u->n; i > 0 && u->ids[i - 1] != unit; i--) { /* void */ }

    return i;
}

static void
effective(const struct bx_units *u, const bx_rule *rule, bx_rule_value *out)
{
    const override_row  *row;
    size_t               i, depth, best = 0;
    int64_t              value = 0;

    *out = (bx_rule_value) { rule, rule->def, rule->text, 0 };

    for (i = 0; i < u->noverrides; i++) {
        row = &u->overrides[i];
        if (strcmp(row->rule, rule->key) != 0) {
            continue;
        }

        depth = depth_of(u, row->unit);
        if (depth > best && bx_rule_accepts(rule, row->value, &value)) {
            best = depth;
            out->i = value;
            out->text = row->value;
            out->origin = row->unit;
        }
    }
}

bx_rc
bx_rule_effective(bx_call *c, const bx_rule *rule, bx_id unit, bx_rule_value *out)
{
    struct bx_units  *u;

    *out = (bx_rule_value) { rule, rule->def, rule->text, 0 };

    if (unit == 0) {
        return BX_OK;
    }

    u = find_unit(c, unit);
    if (u == NULL || (!u->read && read_overrides(c, u) != BX_OK)) {
        return BX_FAIL;
    }

    effective(u, rule, out);
    return BX_OK;
}

static bx_rc
by_key(bx_call *c, const char *key, bx_rule_type type, bx_id unit, bx_rule_value *out)
{
    const bx_rule  *rule = bx_rule_find(key);

    if (rule == NULL || rule->type != type) {
        bx_error_set(&c->error, BX_E_INTERNAL, "no rule \"%s\" of that type", key);
        return bx_refuse(c, BX_E_INTERNAL, NULL, NULL, NULL);
    }

    return bx_rule_effective(c, rule, unit, out);
}

bx_rc
bx_rule_int(bx_call *c, const char *key, bx_id unit, int64_t *out)
{
    bx_rule_value  v;

    if (by_key(c, key, BX_RULE_INT, unit, &v) != BX_OK) {
        return BX_FAIL;
    }

    *out = v.i;
    return BX_OK;
}

bx_rc
bx_rule_text(bx_call *c, const char *key, bx_id unit, const char **out)
{
    bx_rule_value  v;

    if (by_key(c, key, BX_RULE_TEXT, unit, &v) != BX_OK) {
        return BX_FAIL;
    }

    *out = v.text;
    return BX_OK;
}

/* ------------------------------------------------------------------ setting */

/* A new value of one of the day rules must make a timetable with the other two as they hold for the unit. */
static bx_rc
check_timetable(bx_call *c, const bx_rule *rule, bx_id unit, const char *value)
{
    const char    *parts[3];
    bx_timetable   table;
    bx_rule_value  v;
    size_t         i;

    if (strncmp(rule->key, "day.", 4) != 0) {
        return BX_OK;
    }

    for (i = 0; i < 3; i++) {
        if (strcmp(texts[i].key, rule->key) == 0) {
            parts[i] = value;
            continue;
        }

        if (bx_rule_effective(c, &bx_core_rules[i], unit, &v) != BX_OK) {
            return BX_FAIL;
        }
        parts[i] = v.text;
    }

    if (!bx_timetable_read(parts[0], parts[1], parts[2], &table)) {
        return bx_refuse(c, BX_E_INVALID, "value", "rule.no_school_day", NULL);
    }

    return table.short_of_bells ? bx_refuse(c, BX_E_INVALID, "value", "rule.short_of_bells", NULL) : BX_OK;
}

static bx_rc
refuse_value(bx_call *c, const bx_rule *rule)
{
    if (rule->type == BX_RULE_INT) {
        return bx_refuse(c, BX_E_INVALID, "value", "rule.out_of_bounds",
                         json_pack("{s:I,s:I}", "min", (json_int_t) rule->min, "max", (json_int_t) rule->max));
    }

    return bx_refuse(c, BX_E_INVALID, "value", "rule.text", NULL);
}

json_t *
bx_rule_value_json(const bx_rule_value *v)
{
    return v->rule->type == BX_RULE_INT ? json_integer(v->i) : json_string(v->text);
}

/* What the unit itself has now, NULL: nothing. */
static const char *
own_value(const struct bx_units *u, const char *key, bx_id unit)
{
    size_t  i;

    for (i = 0; i < u->noverrides; i++) {
        if (u->overrides[i].unit == unit && strcmp(u->overrides[i].rule, key) == 0) {
            return u->overrides[i].value;
        }
    }

    return NULL;
}

static bx_rc
queue_value(bx_call *c, const char *key, bx_id unit, const char *value, const char *reason)
{
    static const char  set[] = "INSERT INTO rule_override (rule, unit_id, value, reason, set_by, set_at)"
                               " VALUES (?, ?, ?, ?, ?, ?) ON DUPLICATE KEY UPDATE value = VALUES(value),"
                               " reason = VALUES(reason), set_by = VALUES(set_by), set_at = VALUES(set_at), version = version + 1";
    static const char  unset[] = "DELETE FROM rule_override WHERE rule = ? AND unit_id = ?";

    if (value == NULL) {
        return bx_queue(c, -1, unset, BX_ARGS(bx_text(key), bx_int(unit)));
    }

    return bx_queue(c, -1, set, BX_ARGS(bx_text(key), bx_int(unit), bx_text(bx_strdup(c->arena, value)),
                                        bx_text(bx_strdup(c->arena, reason)), bx_int(bx_call_account(c)),
                                        bx_text(bx_time_sql(c->arena, c->now))));
}

/* The old value stays to be read. */
static bx_rc
queue_change(bx_call *c, const struct bx_units *u, const char *key, bx_id unit, const char *value, const char *reason)
{
    static const char  sql[] = "INSERT INTO rule_change (id, rule, unit_id, from_value, to_value, reason, account_id, actor, at)"
                               " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)";
    const char        *actor = bx_call_actor(c);

    return bx_queue(c, 1, sql, BX_ARGS(bx_int(bx_id_new()), bx_text(key), bx_int(unit), bx_text(own_value(u, key, unit)),
                                       bx_text(value == NULL ? NULL : bx_strdup(c->arena, value)),
                                       bx_text(bx_strdup(c->arena, reason)),
                                       bx_call_account(c) == 0 ? bx_null() : bx_int(bx_call_account(c)),
                                       bx_text(actor != NULL ? actor : c->actor != NULL ? c->actor : ""),
                                       bx_text(bx_time_sql(c->arena, c->now))));
}

bx_rc
bx_rule_write(bx_call *c, const char *key, bx_id unit, const char *value, const char *reason)
{
    struct bx_units  *u = find_unit(c, unit);
    const char       *own;

    if (u == NULL || (!u->read && read_overrides(c, u) != BX_OK)) {
        return BX_FAIL;
    }

    own = own_value(u, key, unit);
    if (own == value || (own != NULL && value != NULL && strcmp(own, value) == 0)) {
        return BX_OK;
    }

    return queue_value(c, key, unit, value, reason) == BX_OK ? queue_change(c, u, key, unit, value, reason) : BX_FAIL;
}

bx_rc
bx_rule_set(bx_call *c, const char *key, bx_id unit, const char *value, const char *reason, json_t **changes)
{
    const bx_rule    *rule = bx_rule_find(key);
    struct bx_units  *u;
    bx_rule_value     now, then = { .rule = rule };

    if (rule == NULL) {
        return bx_refuse(c, BX_E_INVALID, "key", "rule.unknown", NULL);
    }

    if (bx_rule_effective(c, rule, unit, &now) != BX_OK || (u = find_unit(c, unit)) == NULL) {
        return BX_FAIL;
    }

    if (u->n == 0) {
        return bx_refuse(c, BX_E_INVALID, "unit_id", "rule.unit", NULL);
    }

    if (reason == NULL || *reason == '\0' || !bx_text_clean(reason) || bx_utf8_count(reason) > MAX_REASON) {
        return bx_refuse(c, BX_E_INVALID, "reason", "rule.reason", NULL);
    }

    if (value != NULL) {
        if (!bx_rule_accepts(rule, value, &then.i)) {
            return refuse_value(c, rule);
        }
        then.text = value;

        if (check_timetable(c, rule, unit, value) != BX_OK) {
            return BX_FAIL;
        }
    }

    if (queue_value(c, rule->key, unit, value, reason) != BX_OK || queue_change(c, u, rule->key, unit, value, reason) != BX_OK) {
        return BX_FAIL;
    }
    if (strncmp(rule->key, "day.", 4) == 0
        && bx_calendar_changed(c, unit, bx_date_of(c->now), bx_date_of(c->now) + YEAR) != BX_OK)
    {
        return BX_FAIL;
    }

    if (changes != NULL) {
        *changes = json_pack("{s:s,s:o,s:o,s:s}", "rule", rule->key, "from", bx_rule_value_json(&now),
                             "to", value ? bx_rule_value_json(&then) : json_null(), "reason", reason);
    }

    return BX_OK;
}
