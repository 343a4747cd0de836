/* fuzz_text.c: what people type: identity numbers, phone numbers, class names, dates, names with odd characters. */

#include "fuzz.h"
#include "flow/classname.h"

#include <string.h>


int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
    bx_error  err = { 0 };

    (void) argc;
    (void) argv;
    must(bx_core_init(&err) == BX_OK);
    return 0;
}


static void
dates(const char *s)
{
    bx_date  d = bx_date_parse(s);
    bx_time  t = bx_time_parse_sql(s);

    if (d != BX_NO_DATE) {
        bx_civil  day = bx_civil_of_date(d);

        must(bx_date_make(day.year, day.month, day.day) == d);
        must(bx_weekday(d) >= 1 && bx_weekday(d) <= 7);
    }
    must(t == BX_NO_TIME || bx_minute_of(t) < 1440);
}


static void
numbers(bx_arena *a, const char *s)
{
    bx_date      birth = BX_NO_DATE;
    int          sex = 0;
    char        *phone = bx_phone_normal(a, s);
    const char  *masked = bx_mask(a, "id", s);

    if (bx_idcard_check(s, &birth, &sex) == 0) {
        must(birth != BX_NO_DATE && (sex == 1 || sex == 2) && strlen(s) == 18);
        must(masked != NULL && strstr(masked, s) == NULL);
    }
    if (phone != NULL) {
        must(strspn(phone, "0123456789-+") == strlen(phone));
        must(bx_phone_normal(a, phone) != NULL);                        /* the normal form is one */
    }
    (void) bx_mask(a, "phone", s);
    (void) bx_id_parse(s);
}


static void
classes(const char *s)
{
    static const char *const  stages[] = { "primary", "junior", "nine" };
    bx_class_name             name;

    for (size_t i = 0; i < 3; i++) {
        bx_class_fault  fault = bx_classname_parse(s, 2026, stages[i], &name);

        if (fault == BX_CLASS_OK) {
            must(name.class_no >= 1 && name.class_no <= 99 && name.grade >= 1 && name.grade <= 9);
            must(bx_class_grade(stages[i], name.entry_year, 2026) > 0 || strcmp(stages[i], "nine") == 0);
        }
        must((bx_class_fault_name(fault) == NULL) == (fault == BX_CLASS_OK));
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bx_arena *a = bx_arena_create(1024);
    char     *s;

    must(a != NULL);
    s = bx_strndup(a, (const char *) data, size);
    must(s != NULL);

    if (bx_utf8_valid(s, strlen(s))) {
        char *plain = bx_trim(a, bx_fold_width(a, s));

        must(bx_utf8_valid(plain, strlen(plain)) && strcmp(bx_trim(a, plain), plain) == 0);
        must(bx_utf8_count(plain) <= bx_utf8_count(s));
        (void) bx_text_clean(s);
        dates(plain);
        numbers(a, plain);
        classes(plain);
        dates(s);
        numbers(a, s);
        classes(s);
    }

    bx_arena_destroy(a);
    return 0;
}
