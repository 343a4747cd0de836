/* words.c: values as people read them. Owns their wording on paper and in spreadsheets; the portal words its own pages. */

#include "flow/words.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>


/* The text of a key, or NULL when there is none. */
static const char *
known(bx_arena *a, const char *lang, const char *key)
{
    const char *text = bx_tr(a, lang, key, NULL);

    return text == key || strcmp(text, key) == 0 ? NULL : text;
}


const char *
bx_words_label(bx_arena *a, const char *lang, const char *record, const char *member)
{
    const char *text = known(a, lang, bx_sprintf(a, "%s.%s", record, member));

    if (text == NULL) {
        text = known(a, lang, bx_sprintf(a, "field.%s", member));
    }
    return text != NULL ? text : member;
}


const char *
bx_words_date(bx_arena *a, const char *lang, const char *date)
{
    int      y, m, d;
    json_t  *params;

    if (date == NULL || sscanf(date, "%4d-%2d-%2d", &y, &m, &d) != 3) {
        return "";
    }

    params = bx_own(a, json_pack("{s:i, s:i, s:i, s:s}", "y", y, "m", m, "d", d,
                                 "month", bx_tr(a, lang, bx_sprintf(a, "date.month.%d", m), NULL)));
    return bx_tr(a, lang, "words.date", params);
}


const char *
bx_words_time(bx_arena *a, const char *lang, const char *iso)
{
    return iso == NULL || strlen(iso) < 16 ? "" : bx_sprintf(a, "%s %.5s", bx_words_date(a, lang, iso), iso + 11);
}


static const char *
text_of(bx_arena *a, const char *lang, const bx_field *f, const char *s, bx_words_style style)
{
    bx_type      type = f == NULL ? BX_TEXT : f->type;
    const char  *word;

    switch (type) {
    case BX_CODE:
        word = known(a, lang, bx_sprintf(a, "code.%s.%s", f->arg, s));
        return word != NULL ? word : s;
    case BX_DATE:
        return style == BX_WORDS_PAPER ? bx_words_date(a, lang, s) : s;
    case BX_TIME:
        return style == BX_WORDS_PAPER || strlen(s) < 16 ? bx_words_time(a, lang, s) : bx_sprintf(a, "%.10s %.5s", s, s + 11);
    default:
        return s;
    }
}


/* ["2 年级", "3 年级"] as one text; of files how many there are. */
static const char *
list_of(bx_arena *a, const char *lang, const json_t *list)
{
    bx_buf   b;
    size_t   i;
    json_t  *one;

    bx_buf_init(&b, a);
    json_array_foreach(list, i, one) {
        if (json_is_object(one)) {
            return bx_sprintf(a, "%zu", json_array_size(list));
        }
        if (json_is_string(one)) {
            bx_buf_str(&b, b.len > 0 ? bx_tr(a, lang, "words.comma", NULL) : "");
            bx_buf_str(&b, json_string_value(one));
        }
    }

    return b.len > 0 ? b.data : "";
}


static const bx_field *
field_of(const bx_record_def *def, const char *member)
{
    for (const bx_field *f = def->fields; f->name != NULL; f++) {
        if (strcmp(f->type == BX_HALVES && f->arg != NULL ? f->arg : f->name, member) == 0) {
            return f;
        }
    }

    return NULL;
}


const char *
bx_words_value(bx_arena *a, const char *lang, const bx_record_def *def, const char *member, const json_t *value,
               bx_words_style style)
{
    const bx_field *f = field_of(def, member);
    const char     *word;

    switch (json_typeof(value)) {
    case JSON_STRING:
        if (strcmp(member, "state") == 0 && def->states != NULL) {
            word = known(a, lang, bx_sprintf(a, "%s.state.%s", def->name, json_string_value(value)));
            return word != NULL ? word : json_string_value(value);
        }
        return text_of(a, lang, f, json_string_value(value), style);
    case JSON_INTEGER:
        return bx_sprintf(a, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    case JSON_REAL:
        return bx_sprintf(a, "%g", json_real_value(value));
    case JSON_TRUE:
    case JSON_FALSE:
        return bx_tr(a, lang, json_is_true(value) ? "field.yes" : "field.no", NULL);
    case JSON_ARRAY:
        return list_of(a, lang, value);
    case JSON_OBJECT:
    case JSON_NULL:
        break;
    }

    return "";
}
