/* test_values.c: only in builds for tests: seals, hashes and passwords as the library makes them, so that tests can write
 * rows of their own. Reads JSON from standard input: an array of {"op": "seal"|"hash"|"password"|"totp"|"id"|"today", "text", "purpose", "at"};
 * prints an array of results, bytes as hexadecimal digits. */

#ifdef BX_TEST_CLOCK

#include "tools/tools.h"

#include <stdio.h>
#include <string.h>


static json_t *
hex_json(ctl *x, bx_value v)
{
    return json_string(bx_hex(x->arena, v.s, v.len));
}


static json_t *
value_of(ctl *x, const json_t *item)
{
    const char *op = json_string_value(json_object_get(item, "op")), *text = json_string_value(json_object_get(item, "text"));
    const char *purpose = json_string_value(json_object_get(item, "purpose"));
    char       *hash;
    bx_error    err = { 0 };
    bx_value    sealed;

    if (op == NULL) {
        return json_null();
    }
    if (strcmp(op, "id") == 0) {
        return bx_id_json(bx_id_new());
    }
    if (text == NULL) {
        return json_null();
    }
    if (strcmp(op, "hash") == 0 && purpose != NULL) {
        return hex_json(x, bx_lookup_hash(x->arena, purpose, text));
    }
    if (strcmp(op, "totp") == 0) {
        json_t  *at = json_object_get(item, "at");
        char    *code = bx_totp_code(x->arena, text, json_is_integer(at) ? json_integer_value(at) : bx_now());

        return code == NULL ? json_null() : json_string(code);
    }
    if (strcmp(op, "seal") == 0 && bx_seal(x->arena, text, &sealed) == BX_OK) {
        return hex_json(x, sealed);
    }
    if (strcmp(op, "password") == 0 && bx_password_hash(x->arena, text, &hash, &err) == BX_OK) {
        return json_string(hash);
    }

    return json_null();
}


static int
test_values(ctl *x)
{
    size_t   i;
    json_t  *item, *items = bx_own(x->arena, json_loadf(stdin, 0, NULL)), *out = json_array();

    json_array_foreach(items, i, item) {
        json_array_append_new(out, value_of(x, item));
    }

    json_dumpf(out, stdout, JSON_COMPACT);
    json_decref(out);
    return CTL_OK;
}


const ctl_command ctl_test_commands[] = {
    { "test-values", "", 0, 0, CTL_CALL | CTL_TEST, NULL, test_values, "" },
    { NULL, NULL, 0, 0, 0, NULL, NULL, NULL }
};

#endif
