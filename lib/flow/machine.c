/* machine.c: the state machine: creating a record, editing it, moving it from state to state.
 * Owns the order of checks (visible, version, state, capability, own child, body, hook) and nothing of what a workflow
 * means. Which transition fits is transition.c's, the history row history.c's, the tail of every change commit.c's. */

#include "flow/flow.h"
#include "flow/attachment.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define MAX_TRIES     3


/* ---- what a change writes */

static json_t *
audit_value(const bx_field *f, const bx_value *v)
{
    return f->type == BX_SECRET ? json_string("changed") : v->kind == BX_V_INT ? json_integer(v->i) :
           v->kind == BX_V_TEXT ? json_stringn(v->s, v->len) : json_null();
}


static bool
same_value(const bx_value *a, const bx_value *b)
{
    return a->kind == b->kind && (a->kind == BX_V_NULL || (a->kind == BX_V_INT && a->i == b->i)
                                  || (a->kind == BX_V_TEXT && a->len == b->len && memcmp(a->s, b->s, a->len) == 0));
}


/* For the audit row: each field that has become another, from what to what; while a record is created, what it has. Secrets are
 * named, never quoted. */
static json_t *
changes_json(bx_call *c, const bx_record *r)
{
    json_t *o = bx_own(c->arena, json_object());

    if (r->to != NULL) {
        json_object_set_new(o, "state", json_pack("[s?, s]", r->state, r->to));
    }

    for (size_t i = 0; i < r->nfields; i++) {
        const bx_field *f = &r->def->fields[i];
        const bx_value *old = r->before == NULL ? NULL : &r->before[i];

        if (!r->changed[i] || (old != NULL && f->type != BX_SECRET && same_value(old, &r->values[i]))) {
            continue;
        }
        json_object_set_new(o, f->name, old == NULL || f->type == BX_SECRET ? audit_value(f, &r->values[i])
                            : json_pack("[o, o]", audit_value(f, old), audit_value(f, &r->values[i])));
    }

    if (r->comment != NULL) {
        json_object_set_new(o, "comment", json_string(r->comment));
    }

    return o;
}


/* What has been handed in stays: only a draft lets go of files. */
static bool
is_firm(const bx_record *r)
{
    return !r->fresh && !(r->state != NULL && r->def->private_states != NULL && bx_word_in(r->def->private_states, r->state));
}


static bx_rc
queue_files(bx_call *c, bx_record *r)
{
    for (size_t i = 0; i < r->nfields; i++) {
        const bx_field      *f = &r->def->fields[i];
        bx_attachment_place  at = { r->def->name, f->name, r->id, r->scope.student, r->scope.class_id, r->scope.school,
                                    r->scope.township, f->max, is_firm(r) };

        if (r->files[i] != NULL && bx_attachments_take(c, &at, r->files[i]) != BX_OK) {
            return BX_FAIL;
        }
    }

    return BX_OK;
}


static bool
has_file(const json_t *list, const char *id)
{
    json_t  *one;
    size_t   i;

    json_array_foreach(list, i, one) {
        const char *other = json_string_value(json_object_get(one, "id"));

        if (other != NULL && strcmp(other, id) == 0) {
            return true;
        }
    }

    return false;
}


/* What stays of the files a record has: those that are named, those struck out, all when it has been handed in. */
static void
keep_files(json_t *out, const json_t *ids, bool firm)
{
    for (size_t i = json_array_size(out); i-- > 0; ) {
        json_t     *one = json_array_get(out, i), *id;
        bool        named = false;
        size_t      k;

        json_array_foreach(ids, k, id) {
            named = named || json_equal(id, json_object_get(one, "id"));
        }
        if (!named && !firm && json_object_get(one, "struck") == NULL) {
            json_array_remove(out, i);
        }
    }
}


/* Attachments taken in this very transaction are not in the table under their record yet: they are looked up by id. */
static bx_rc
describe_files(bx_call *c, json_t *ids, bool firm, json_t *out)
{
    bx_buf    sql;
    bx_rows   rows;
    bx_value  args[BX_ATTACHMENT_FILES];
    size_t    n = json_array_size(ids);

    keep_files(out, ids, firm);
    if (n == 0 || n > BX_ATTACHMENT_FILES) {
        return BX_OK;
    }

    bx_buf_init(&sql, c->arena);
    bx_buf_str(&sql, "SELECT " BX_ATTACHMENT_COLUMNS " FROM attachment a WHERE a.id IN (");
    for (size_t i = 0; i < n; i++) {
        bx_buf_str(&sql, i == 0 ? "?" : ",?");
        args[i] = bx_int(bx_id_parse(json_string_value(json_array_get(ids, i))));
    }
    bx_buf_str(&sql, ") ORDER BY a.id");

    if (bx_query(c, &rows, sql.data, args, n) != BX_OK) {
        return BX_FAIL;
    }
    for (size_t i = 0; i < rows.nrows; i++) {
        if (!has_file(out, bx_sprintf(c->arena, "%" PRId64, bx_cell_int(&rows, i, 0)))) {
            json_array_append_new(out, bx_attachment_json(c, &rows, i, 0));
        }
    }
    return BX_OK;
}


/* The answer's JSON as it will be after the commit, so that it can be stored with the key. */
static bx_rc
answer_record(bx_call *c, bx_record *r, int status)
{
    json_t *rows = bx_own(c->arena, json_array());
    json_t *o = bx_record_json(c, r);

    json_array_append_new(rows, o);
    if (bx_record_dress(c, r->def, rows, true) != BX_OK) {
        return BX_FAIL;
    }

    for (size_t i = 0; i < r->nfields; i++) {
        if (r->files[i] != NULL && describe_files(c, r->files[i], is_firm(r),
                                                   json_object_get(o, r->def->fields[i].name)) != BX_OK) {
            return BX_FAIL;
        }
    }

    bx_answer_header(c, "ETag", bx_sprintf(c->arena, "\"%" PRId64 "\"", r->version));
    return bx_answer(c, status, json_incref(o));
}


/* The chain that a change of a row goes to: its school's, above schools that of the unit. */
static bx_id
chain_of(const bx_record *r)
{
    return r->scope.school != 0 ? r->scope.school : r->scope.unit;
}


/* ---- creating */

/* A field that says where the record belongs is written as its place. */
static bool
is_place(const bx_record_def *def, const char *field)
{
    const char *member = bx_record_place_member(def);

    return member != NULL && strcmp(member, field) == 0;
}


static bx_rc
insert_queue(bx_call *c, bx_record *r)
{
    bx_buf    names, marks;
    bx_value  args[BX_MAX_FIELDS + 16];
    size_t    n = 0;

    bx_buf_init(&names, c->arena);
    bx_buf_init(&marks, c->arena);

    bx_buf_printf(&names, "INSERT INTO %s (id, version, created_at, created_by, updated_at", r->def->table);
    bx_buf_str(&marks, ") VALUES (?, 1, ?, ?, ?");
    args[n++] = bx_int(r->id);
    args[n++] = bx_text(bx_time_sql(c->arena, c->now));
    args[n++] = bx_call_account(c) == 0 ? bx_null() : bx_int(bx_call_account(c));
    args[n++] = args[1];

    if (r->to != NULL) {
        bx_buf_str(&names, ", state");
        bx_buf_str(&marks, ", ?");
        args[n++] = bx_text(r->to);
    }

    if (r->def->scope == BX_SCOPE_STUDENT) {
        bx_buf_str(&names, ", class_id, school_id, township_id");
        bx_buf_str(&marks, ", ?, ?, ?");
        args[n++] = bx_int(r->scope.class_id);
        args[n++] = bx_int(r->scope.school);
        args[n++] = r->scope.township == 0 ? bx_null() : bx_int(r->scope.township);
    } else if (r->def->scope == BX_SCOPE_SCHOOL) {
        bx_buf_str(&names, ", school_id, township_id");
        bx_buf_str(&marks, ", ?, ?");
        args[n++] = bx_int(r->scope.school);
        args[n++] = r->scope.township == 0 ? bx_null() : bx_int(r->scope.township);
    } else if (bx_record_place_member(r->def) != NULL) {
        bx_buf_str(&names, ", unit_id");
        bx_buf_str(&marks, ", ?");
        args[n++] = bx_int(r->scope.unit);
    }

    for (size_t i = 0; i < r->nfields; i++) {
        if (r->changed[i] && r->def->fields[i].type != BX_FILES && !is_place(r->def, r->def->fields[i].name)) {
            bx_buf_printf(&names, ", %s", r->def->fields[i].name);
            bx_buf_str(&marks, ", ?");
            args[n++] = r->values[i];
        }
    }

    bx_buf_str(&names, marks.data);
    bx_buf_str(&names, ")");
    return bx_queue(c, 1, names.data, args, n);
}


static const char *
body_action(bx_call *c, const bx_record_def *def)
{
    json_t *action = json_is_object(c->body) ? json_object_get(c->body, "action") : NULL;

    if (json_is_string(action)) {
        return json_string_value(action);
    }

    /* without a word about it: the first way in that the table names */
    for (const bx_transition *t = def->transitions; t != NULL && t->action != NULL; t++) {
        if (t->from == BX_NEW) {
            return t->action;
        }
    }

    return "create";
}


static size_t
count_fields(const bx_record_def *def)
{
    size_t  n = 0;

    while (def->fields[n].name != NULL && n < BX_MAX_FIELDS) {
        n++;
    }

    return n;
}


static void
record_blank(bx_call *c, const bx_record_def *def, bx_record *r)
{
    memset(r, 0, sizeof(*r));
    r->def = def;
    r->call = c;
    r->creator = bx_call_account(c);
    r->fresh = true;
    r->nfields = count_fields(def);
}


/* Body, place and hook; the queue is filled afterwards. */
static bx_rc
create_prepare(bx_call *c, const bx_record_def *def, bx_record *r, const bx_transition **taken)
{
    const char *capability = def->create;
    const char *action = body_action(c, def);
    const char *place = bx_record_place_member(def);
    bx_err      why;

    record_blank(c, def, r);
    if (bx_record_take(c, r, def->fields, c->body, true,
                       bx_sprintf(c->arena, "%s %s", def->transitions != NULL ? "action" : "", place != NULL ? place : "")) != BX_OK)
    {
        return BX_FAIL;
    }

    *taken = NULL;
    for (const bx_transition *t = def->transitions; t != NULL && t->action != NULL; t++) {
        if (t->from == BX_NEW && strcmp(t->action, action) == 0 && !(t->flags & BX_BY_JOB)) {
            capability = t->capability;
        }
    }
    if (capability == NULL) {
        return bx_refuse(c, BX_E_INVALID, "action", "not_in_list", NULL);
    }

    if (bx_record_place(c, r, capability) != BX_OK || bx_record_writable(c, r) != BX_OK) {
        return BX_FAIL;
    }

    if (def->transitions != NULL) {
        *taken = bx_transition_for(c, r, action, &why);
        if (*taken == NULL) {
            return bx_refuse(c, why, NULL, NULL, NULL);
        }
        r->to = (*taken)->to;
    }

    return BX_OK;
}


static bx_rc
create_try(bx_call *c, const bx_record_def *def, bx_tail_result *result)
{
    bx_record             r;
    const bx_transition  *t;
    bx_tail               tail;

    if (create_prepare(c, def, &r, &t) != BX_OK) {
        return BX_FAIL;
    }

    r.id = bx_id_new();
    r.version = 1;

    if ((t != NULL && t->hook != NULL && t->hook(c, &r) != BX_OK)
        || (t == NULL && def->check != NULL && def->check(c, &r) != BX_OK)
        || insert_queue(c, &r) != BX_OK
        || (t != NULL && bx_history_queue(c, &r, t->action, t->to, t->capability) != BX_OK)
        || queue_files(c, &r) != BX_OK
        || answer_record(c, &r, 201) != BX_OK)
    {
        return BX_FAIL;
    }

    c->location = bx_sprintf(c->arena, "/api/v1/%s/%" PRId64, def->name, r.id);
    tail = (bx_tail) { .chain = chain_of(&r), .action = t != NULL ? t->action : "create", .record = def->name, .id = r.id,
                       .changes = changes_json(c, &r), .keyed = c->key.on };
    *result = bx_tail_run(c, &tail);
    return BX_OK;
}


/* ---- acting on a row */

bx_rc
bx_version_check(bx_call *c, int64_t version)
{
    const char *s = c->if_match;
    char        want[32];

    if (s == NULL || *s == '\0') {
        return bx_refuse(c, BX_E_NO_IF_MATCH, NULL, NULL, NULL);
    }

    snprintf(want, sizeof(want), "\"%" PRId64 "\"", version);
    if (strcmp(s, want) == 0 || strcmp(s, "*") == 0) {
        return BX_OK;
    }

    bx_refuse(c, BX_E_STALE, NULL, NULL, NULL);
    bx_refuse_add(c, "version", json_integer(version));
    return BX_FAIL;
}


/* By its id alone: left to itself MariaDB asks every index that begins with the state how many rows are in that state, and may even go
 * by one of them that the statement then has to write to. */
static const char *
update_text(bx_call *c, const bx_record *r, bx_value *args, size_t *n)
{
    bx_buf  sql;

    bx_buf_init(&sql, c->arena);
    bx_buf_printf(&sql, "UPDATE %s USE INDEX (PRIMARY) SET version = version + 1, updated_at = ?", r->def->table);
    args[(*n)++] = bx_text(bx_time_sql(c->arena, c->now));

    if (r->to != NULL) {
        bx_buf_str(&sql, ", state = ?");
        args[(*n)++] = bx_text(r->to);
    }

    for (size_t i = 0; i < r->nfields; i++) {
        if (r->changed[i] && r->def->fields[i].type != BX_FILES) {
            bx_buf_printf(&sql, ", %s = ?", r->def->fields[i].name);
            args[(*n)++] = r->values[i];
        }
    }

    bx_buf_str(&sql, " WHERE id = ? AND version = ?");
    args[(*n)++] = bx_int(r->id);
    args[(*n)++] = bx_int(r->version);

    if (r->state != NULL) {
        bx_buf_str(&sql, " AND state = ?");
        args[(*n)++] = bx_text(r->state);
    }

    return sql.failed ? NULL : sql.data;
}


/* Writes r as changed by body and hook; action names it in history and audit. */
static bx_rc
change_commit(bx_call *c, bx_record *r, const char *action, const char *capability, bx_tail_result *result)
{
    bx_value  args[BX_MAX_FIELDS + 8];
    size_t    n = 0;
    bx_tail   tail = { .chain = chain_of(r), .action = action, .record = r->def->name, .id = r->id, .keyed = c->key.on };

    if (queue_files(c, r) != BX_OK
        || (r->def->states != NULL && bx_history_queue(c, r, action, r->to != NULL ? r->to : r->state, capability) != BX_OK))
    {
        return BX_FAIL;
    }

    tail.changes = changes_json(c, r);
    tail.update = update_text(c, r, args, &n);
    tail.update_args = args;
    tail.update_nargs = n;
    if (tail.update == NULL) {
        return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
    }

    r->version++;
    if (answer_record(c, r, 200) != BX_OK) {
        return BX_FAIL;
    }

    *result = bx_tail_run(c, &tail);
    return BX_OK;
}


static bx_rc
read_for_change(bx_call *c, const bx_record_def *def, bx_record *r)
{
    bool       found;
    bx_value  *before = bx_alloc(c->arena, sizeof(r->values));

    if (bx_record_read(c, def, c->path_id, r, &found) != BX_OK) {
        return BX_FAIL;
    }
    if (!found) {
        return bx_refuse(c, BX_E_NOT_FOUND, NULL, NULL, NULL);
    }
    if (before == NULL) {
        return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
    }

    memcpy(before, r->values, sizeof(r->values));
    r->before = before;
    return bx_version_check(c, r->version);
}


static bx_rc
act_try(bx_call *c, const bx_record_def *def, const char *action, bx_tail_result *result)
{
    bx_record             r;
    const bx_transition  *t;
    bx_err                why;

    if (read_for_change(c, def, &r) != BX_OK) {
        return BX_FAIL;
    }

    t = bx_transition_for(c, &r, action, &why);
    if (t == NULL) {
        bx_refuse(c, why, NULL, NULL, NULL);
        if (why == BX_E_WRONG_STATE) {
            bx_refuse_add(c, "state", json_string(r.state));
        }
        return BX_FAIL;
    }

    if (bx_record_take(c, &r, t->takes, c->body, true, NULL) != BX_OK) {
        return BX_FAIL;
    }

    r.to = t->to;
    if (t->hook != NULL && t->hook(c, &r) != BX_OK) {
        return BX_FAIL;
    }

    return change_commit(c, &r, action, t->capability, result);
}


static bx_rc
patch_try(bx_call *c, const bx_record_def *def, const char *action, bx_tail_result *result)
{
    bx_record  r;

    if (read_for_change(c, def, &r) != BX_OK) {
        return BX_FAIL;
    }
    if (!bx_scope_allows(c, def->edit, &r.scope)) {
        return bx_refuse(c, BX_E_FORBIDDEN, NULL, NULL, NULL);
    }
    if (def->editable != NULL && !bx_word_in(def->editable, r.state)) {
        bx_refuse(c, BX_E_WRONG_STATE, NULL, NULL, NULL);
        bx_refuse_add(c, "state", json_string(r.state));
        return BX_FAIL;
    }
    if (bx_record_take(c, &r, def->fields, c->body, false, NULL) != BX_OK || bx_record_writable(c, &r) != BX_OK
        || (def->check != NULL && def->check(c, &r) != BX_OK))
    {
        return BX_FAIL;
    }

    return change_commit(c, &r, action, def->edit, result);
}


static bx_rc
create_once(bx_call *c, const bx_record_def *def, const char *action, bx_tail_result *result)
{
    (void) action;
    return create_try(c, def, result);
}


typedef bx_rc (*attempt)(bx_call *c, const bx_record_def *def, const char *action, bx_tail_result *result);

/* Runs an attempt again while what its hook relied on changed under it. */
static bx_rc
try_again(bx_call *c, const bx_record_def *def, const char *action, attempt fn)
{
    bx_tail_result  result = BX_TAIL_FAILED;

    for (int i = 0; i < MAX_TRIES; i++) {
        bx_queue_clear(c);

        if (fn(c, def, action, &result) != BX_OK) {
            return BX_FAIL;
        }
        if (result == BX_TAIL_DONE || result == BX_TAIL_REPLAYED) {
            return c->problem.code == BX_E_NONE ? BX_OK : BX_FAIL;
        }
        if (result == BX_TAIL_FAILED) {
            return BX_FAIL;
        }
    }

    return bx_refuse(c, result == BX_TAIL_STALE ? BX_E_STALE : BX_E_CONFLICT, NULL, NULL, NULL);
}


bx_rc
bx_generic_create(bx_call *c, const bx_record_def *def)
{
    return try_again(c, def, NULL, create_once);
}


bx_rc
bx_generic_patch(bx_call *c, const bx_record_def *def)
{
    return try_again(c, def, "edit", patch_try);
}


bx_rc
bx_generic_act(bx_call *c, const bx_record_def *def, const char *action)
{
    return try_again(c, def, action, act_try);
}


/* ---- reading */

bx_rc
bx_generic_read(bx_call *c, const bx_record_def *def)
{
    bx_record  r;
    bool       found;

    if (bx_record_read(c, def, c->path_id, &r, &found) != BX_OK) {
        return BX_FAIL;
    }

    return found ? answer_record(c, &r, 200) : bx_refuse(c, BX_E_NOT_FOUND, NULL, NULL, NULL);
}
