/* bulk.c: one action on many records: POST <records>/bulk {action, items: [{id, version}], …fields of the action}; or one new record
 * for each of many children: {items: [{student_id, …}], …fields they share}, with the action that creates where there are several.
 * Each record is a transaction of its own with a key of its own, made from the request's: an item that was done stays
 * done, and the request sent again does only what was not. The answer has one result an item. */

#include "flow/flow.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define MAX_ITEMS  100


/* What an item's transaction is known by. The request's own hash is part of it: another body is another request. */
static void
item_key(const bx_call *c, const bx_key *whole, const char *action, bx_id id, const char *version, bx_key *out)
{
    uint8_t  hash[32];
    bx_buf   b;

    bx_buf_init(&b, c->arena);
    bx_buf_printf(&b, "bulk\n%s\n%" PRId64 "\n", whole->key, id);
    bx_sha256(b.data, b.len, hash);
    snprintf(out->key, sizeof(out->key), "bulk-%.40s", bx_hex(c->arena, hash, 20));

    bx_buf_printf(&b, "%s\n%s\n", action, version);
    bx_buf_add(&b, (const char *) whole->request_hash, 32);
    bx_sha256(b.data, b.len, out->request_hash);
    out->on = true;
}


/* by: "id" of the record that was acted on, or "student_id" of the child that one was made for. */
static json_t *
result_json(bx_call *c, const char *by, bx_id id)
{
    const bx_problem *p = &c->problem;
    json_t           *o = json_pack("{s:o, s:i}", by, bx_id_json(id), "status",
                                    p->code == BX_E_NONE ? c->status : bx_err_status(p->code));
    const char       *slug = p->nerrors > 0 ? p->errors[0].reason : bx_err_slug(p->code);

    if (p->code == BX_E_NONE) {
        json_t *record = c->answer != NULL ? json_incref(c->answer) : json_loadb(c->bytes, c->bytes_len, 0, NULL);

        json_object_set_new(o, "record", record != NULL ? record : json_null());
        return o;
    }

    json_object_set_new(o, "code", json_string(bx_err_slug(p->code)));
    json_object_set_new(o, "title", json_string(bx_tr(c->arena, c->lang, bx_sprintf(c->arena, "error.%s", slug),
                                                      p->nerrors > 0 ? p->errors[0].params : p->params)));
    return o;
}


/* The call as it is for one item; everything the last item left in it is gone. */
static void
item_begin(bx_call *c, bx_id id, const char *version, const bx_key *key)
{
    bx_queue_clear(c);
    c->problem = (bx_problem) { 0 };
    c->error = (bx_error) { 0 };
    c->committed = c->raced = false;
    c->answer = NULL;
    c->bytes = NULL;
    c->bytes_len = 0;
    c->status = 0;
    c->location = NULL;
    c->path_id = id;
    c->if_match = version;
    c->key = *key;
}


static json_t *
item_run(bx_call *c, const bx_record_def *def, const char *action, const bx_key *whole, json_t *item)
{
    bx_id       id = bx_id_parse(json_string_value(json_object_get(item, "id")));
    json_t     *version = json_object_get(item, "version");
    const char *quoted = bx_sprintf(c->arena, "\"%" JSON_INTEGER_FORMAT "\"", json_integer_value(version));
    bx_key      key;

    item_key(c, whole, action, id, quoted, &key);
    item_begin(c, id, quoted, &key);

    if (!bx_key_replay(c) && c->problem.code == BX_E_NONE) {
        (void) bx_generic_act(c, def, action);
    }
    return result_json(c, "id", id);
}


/* What the items share, and over it what this one says. */
static json_t *
item_make(bx_call *c, const bx_record_def *def, json_t *shared, const bx_key *whole, json_t *item)
{
    bx_id    student = bx_id_parse(json_string_value(json_object_get(item, "student_id")));
    json_t  *body = bx_own(c->arena, json_copy(shared));
    bx_key   key;

    item_key(c, whole, "create", student, "new", &key);
    item_begin(c, 0, NULL, &key);
    if (body == NULL || json_object_update(body, item) != 0) {
        (void) bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
        return result_json(c, "student_id", student);
    }

    c->body = body;
    if (!bx_key_replay(c) && c->problem.code == BX_E_NONE) {
        (void) bx_generic_create(c, def);
    }
    return result_json(c, "student_id", student);
}


/* One record a child: the same child twice would be two records, or one that is refused by another's key. */
static bool
said_before(json_t *items, size_t n, const char *student)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(json_string_value(json_object_get(json_array_get(items, i), "student_id")), student) == 0) {
            return true;
        }
    }

    return false;
}


static bx_rc
items_check(bx_call *c, json_t *items, bool create)
{
    size_t       i;
    json_t      *item;
    const char  *student;

    if (!json_is_array(items) || json_array_size(items) == 0) {
        return bx_refuse(c, BX_E_INVALID, "items", "required", NULL);
    }
    if (json_array_size(items) > MAX_ITEMS) {
        return bx_refuse(c, BX_E_INVALID, "items", "too_many", json_pack("{s:i}", "max", MAX_ITEMS));
    }

    json_array_foreach(items, i, item) {
        student = json_string_value(json_object_get(item, "student_id"));
        if (create) {
            if (bx_id_parse(student) == 0 || said_before(items, i, student)) {
                return bx_refuse(c, BX_E_INVALID, bx_sprintf(c->arena, "items.%zu.student_id", i), bx_id_parse(student) == 0 ? "required" : "twice", NULL);
            }
            continue;
        }
        if (bx_id_parse(json_string_value(json_object_get(item, "id"))) == 0 || !json_is_integer(json_object_get(item, "version"))) {
            return bx_refuse(c, BX_E_INVALID, "items", "not_found", NULL);
        }
    }

    return BX_OK;
}


static bool
action_known(const bx_record_def *def, const char *action, bool create)
{
    if (create && def->transitions == NULL) {
        return action == NULL && def->create != NULL;
    }
    for (const bx_transition *t = def->transitions; t != NULL && action != NULL && t->action != NULL; t++) {
        if (strcmp(t->action, action) == 0 && (t->from == BX_NEW) == create && !(t->flags & BX_BY_JOB)) {
            return true;
        }
    }

    return false;
}


bx_rc
bx_generic_bulk(bx_call *c, const bx_record_def *def)
{
    json_t     *body = c->body, *results = bx_own(c->arena, json_array());
    json_t     *items = json_object_get(body, "items"), *fields = bx_own(c->arena, json_copy(body)), *item;
    const char *action = json_string_value(json_object_get(body, "action"));
    bx_key      whole = c->key;
    bool        create = def->scope == BX_SCOPE_STUDENT && json_object_get(json_array_get(items, 0), "id") == NULL
                         && json_object_get(json_array_get(items, 0), "student_id") != NULL;
    unsigned    done = 0;
    size_t      i;

    if (!json_is_object(body)) {
        return bx_refuse(c, BX_E_BAD_JSON, NULL, NULL, NULL);
    }
    if (!action_known(def, action, create)) {
        return bx_refuse(c, BX_E_INVALID, "action", "not_in_list", NULL);
    }
    if (items_check(c, items, create) != BX_OK) {
        return BX_FAIL;
    }

    json_object_del(fields, "items");
    if (!create) {
        json_object_del(fields, "action");
    }
    c->body = fields;

    json_array_foreach(items, i, item) {
        json_array_append_new(results, create ? item_make(c, def, fields, &whole, item) : item_run(c, def, action, &whole, item));
        done += c->problem.code == BX_E_NONE;
    }

    bx_queue_clear(c);
    c->problem = (bx_problem) { 0 };
    c->bytes = NULL;
    c->key.on = false;                        /* each item has its own; this answer is put together again from theirs */
    return bx_answer(c, 200, json_pack("{s:O, s:i, s:i}", "items", results, "done", (int) done,
                                       "refused", (int) (json_array_size(results) - done)));
}
