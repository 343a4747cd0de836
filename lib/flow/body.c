/* body.c: what a request's JSON body says, checked against field tables: every fault names its field.
 * Owns the types' shapes in a body. Does not own what the values mean: hooks say that. */

#define PCRE2_CODE_UNIT_WIDTH  8

#include "flow/flow.h"

#include <pcre2.h>
#include <stdlib.h>
#include <string.h>


static bool
matches(const char *pattern, const char *s)
{
    int                error;
    PCRE2_SIZE         offset;
    pcre2_code        *re;
    pcre2_match_data  *md;
    bool               ok = false;

    re = pcre2_compile((PCRE2_SPTR) pattern, PCRE2_ZERO_TERMINATED, PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_UTF | PCRE2_UCP,
                       &error, &offset, NULL);
    if (re == NULL) {
        return false;
    }

    md = pcre2_match_data_create_from_pattern(re, NULL);
    ok = md != NULL && pcre2_match(re, (PCRE2_SPTR) s, strlen(s), 0, 0, md, NULL) >= 0;

    pcre2_match_data_free(md);
    pcre2_code_free(re);
    return ok;
}


static bx_rc
fault(bx_call *c, const bx_field *f, const char *reason, json_t *params)
{
    return bx_refuse(c, BX_E_INVALID, f->name, reason, params);
}


static bx_rc
take_text(bx_call *c, const bx_field *f, json_t *j, bx_value *out)
{
    const char *s;
    size_t      n;

    if (!json_is_string(j)) {
        return fault(c, f, "not_text", NULL);
    }

    /* a NUL inside would hide the rest from every later reader */
    if (strlen(json_string_value(j)) != json_string_length(j) || !bx_text_clean(json_string_value(j))) {
        return fault(c, f, "control_characters", NULL);
    }

    s = bx_trim(c->arena, json_string_value(j));
    n = bx_utf8_count(s);

    if (n == 0) {
        *out = bx_null();
        return (f->flags & BX_REQUIRED) ? fault(c, f, "required", NULL) : BX_OK;
    }
    if (f->min > 0 && n < (size_t) f->min) {
        return fault(c, f, "too_short", json_pack("{s:i, s:i}", "min", f->min, "length", (int) n));
    }
    if (f->max > 0 && n > (size_t) f->max) {
        return fault(c, f, "too_long", json_pack("{s:i, s:i}", "max", f->max, "length", (int) n));
    }
    if (f->pattern != NULL && !matches(f->pattern, s)) {
        return fault(c, f, "pattern", NULL);
    }

    *out = bx_text(s);
    return BX_OK;
}


static bx_rc
take_code(bx_call *c, const bx_field *f, json_t *j, bx_value *out)
{
    const bx_code_list *list = bx_codes_find(f->arg);

    for (const bx_code *code = list == NULL ? NULL : list->codes; code != NULL && code->code != NULL; code++) {
        if (json_is_string(j) && strcmp(json_string_value(j), code->code) == 0) {
            *out = bx_text(code->code);
            return BX_OK;
        }
    }

    return fault(c, f, "not_in_list", NULL);
}


static bx_rc
take_number(bx_call *c, const bx_field *f, json_t *j, bx_value *out)
{
    if (!json_is_integer(j)) {
        return fault(c, f, "not_number", NULL);
    }
    if ((f->min != 0 || f->max != 0) && (json_integer_value(j) < f->min || json_integer_value(j) > f->max)) {
        return fault(c, f, "out_of_range", json_pack("{s:i, s:i}", "min", f->min, "max", f->max));
    }

    *out = bx_int(json_integer_value(j));
    return BX_OK;
}


bx_id
bx_id_parse(const char *s)
{
    char    *end;
    int64_t  v;

    if (s == NULL || s[0] < '1' || s[0] > '9' || strlen(s) > 19) {
        return 0;
    }

    v = strtoll(s, &end, 10);
    return *end == '\0' && v > 0 && v < INT64_MAX ? v : 0;
}


static bx_rc
take_value(bx_call *c, const bx_field *f, json_t *j, bx_value *out)
{
    bx_date  d;

    switch (f->type) {
    case BX_TEXT:
    case BX_SECRET:
        return take_text(c, f, j, out);

    case BX_CODE:
        return take_code(c, f, j, out);

    case BX_INT:
    case BX_HALVES:
        return take_number(c, f, j, out);

    case BX_BOOL:
        *out = bx_int(json_is_true(j));
        return json_is_boolean(j) ? BX_OK : fault(c, f, "not_boolean", NULL);

    case BX_DATE:
        d = json_is_string(j) && json_string_length(j) == 10 ? bx_date_parse(json_string_value(j)) : BX_NO_DATE;
        if (d == BX_NO_DATE) {
            return fault(c, f, "not_date", NULL);
        }
        *out = bx_text(bx_date_text(c->arena, d));
        return BX_OK;

    case BX_REF:
        *out = bx_int(bx_id_parse(json_string_value(j)));
        return out->i == 0 ? fault(c, f, "not_found", NULL) : BX_OK;

    case BX_TIME:
    case BX_FILES:
        break;
    }

    return fault(c, f, "not_allowed", NULL);
}


static bx_rc
take_files(bx_call *c, const bx_field *f, json_t *j)
{
    size_t   i;
    json_t  *id;

    if (!json_is_array(j)) {
        return fault(c, f, "not_list", NULL);
    }
    if (json_array_size(j) > (size_t) f->max) {
        return fault(c, f, "too_many", json_pack("{s:i}", "max", f->max));
    }

    json_array_foreach(j, i, id) {
        if (bx_id_parse(json_string_value(id)) == 0) {
            return fault(c, f, "not_found", NULL);
        }
    }

    return BX_OK;
}


/* One field of a body. */
static bx_rc
take_field(bx_call *c, bx_record *r, const bx_field *f, json_t *body, bool creating)
{
    json_t   *j = json_object_get(body, f->name);
    bx_value  v;
    int       i;

    if (j == NULL || json_is_null(j)) {
        if ((f->flags & BX_REQUIRED) && (creating || j != NULL)) {
            return fault(c, f, "required", NULL);
        }
        if (j == NULL) {
            return BX_OK;
        }
    }

    if ((f->flags & BX_BY_HOOK) || (!creating && (f->flags & BX_FIXED))) {
        return fault(c, f, "not_allowed", NULL);
    }
    /* of a record being created the place is not known yet: bx_record_writable() asks afterwards */
    if (r != NULL && r->state != NULL && f->write != NULL && !bx_scope_allows(c, f->write, &r->scope)) {
        return fault(c, f, "not_allowed", NULL);
    }

    i = r == NULL ? -1 : bx_record_field(r->def, f->name);

    if (f->type == BX_FILES) {
        if (!json_is_null(j) && take_files(c, f, j) != BX_OK) {
            return BX_FAIL;
        }
        if (i >= 0 && !json_is_null(j)) {
            r->files[i] = j;
            r->taken[i] = true;
        }
        return BX_OK;
    }

    if (json_is_null(j)) {
        v = bx_null();
    } else if (take_value(c, f, j, &v) != BX_OK) {
        return BX_FAIL;
    }

    if (r != NULL && i < 0 && strcmp(f->name, "comment") == 0) {
        r->comment = v.kind == BX_V_TEXT ? v.s : NULL;
    }
    if (i >= 0) {
        r->values[i] = v;
        r->taken[i] = r->changed[i] = true;
    }

    return BX_OK;
}


static bool
field_known(const bx_field *takes, const char *name)
{
    for (const bx_field *f = takes; f != NULL && f->name != NULL; f++) {
        if (strcmp(f->name, name) == 0) {
            return true;
        }
    }

    return false;
}


bx_rc
bx_record_take(bx_call *c, bx_record *r, const bx_field *takes, json_t *body, bool creating, const char *known)
{
    const char *key;
    json_t     *value;
    bx_rc       rc = BX_OK;

    if (body == NULL) {
        body = bx_own(c->arena, json_object());
    }
    if (!json_is_object(body)) {
        return bx_refuse(c, BX_E_BAD_JSON, NULL, NULL, NULL);
    }

    json_object_foreach(body, key, value) {
        if (!field_known(takes, key) && !bx_word_in(known, key)) {
            rc = bx_refuse(c, BX_E_INVALID, bx_strdup(c->arena, key), "unknown_field", NULL);
        }
    }

    for (const bx_field *f = takes; f != NULL && f->name != NULL; f++) {
        rc |= take_field(c, r, f, body, creating);
    }

    return rc == BX_OK ? BX_OK : BX_FAIL;
}


bx_rc
bx_body_check(bx_call *c, const bx_field *takes, json_t *body)
{
    return bx_record_take(c, NULL, takes, body, true, NULL);
}


bx_rc
bx_record_writable(bx_call *c, const bx_record *r)
{
    bx_rc  rc = BX_OK;

    for (size_t i = 0; i < r->nfields; i++) {
        const bx_field *f = &r->def->fields[i];

        if (r->taken[i] && f->write != NULL && !bx_scope_allows(c, f->write, &r->scope)) {
            rc = fault(c, f, "not_allowed", NULL);
        }
    }

    return rc;
}
