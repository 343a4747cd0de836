/*
 * test_rules.c: rules with overrides along the path of a unit, how they are set, and what a class's calendar is read
 * from, against a real database.
 */
#include "county.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "flow/calendar.h"
#include "flow/rules.h"

#define D(y, m, d)  bx_date_make(y, m, d)

static int
setup(void **state)
{
    (void) state;
    county();
    return 0;
}

static void
override(const char *rule, int unit, const char *value)
{
    county_sql("INSERT INTO rule_override (rule, unit_id, value, reason, set_by, set_at)"
               " VALUES ('%s', %d, '%s', 'test', 1, '2026-09-01')", rule, unit, value);
}

static int64_t
value_of(const char *rule, bx_id unit)
{
    bx_call  *c = county_call();
    int64_t   v = -1;

    assert_int_equal(bx_rule_int(c, rule, unit, &v), BX_OK);
    county_end(c);
    return v;
}

/* Statements a call has run so far. */
static uint64_t
statements(const bx_call *c)
{
    bx_db_stats  s = { 0 };

    if (c->conn != NULL) {
        bx_conn_stats(c->conn, &s);
    }
    return s.statements;
}

/* ------------------------------------------------------------------ effective values */

static void
nearest_override_wins(void **state)
{
    (void) state;

    assert_int_equal(value_of("leave.teacher_days", U_CLASS), 1);
    override("leave.teacher_days", U_COUNTY, "2");
    assert_int_equal(value_of("leave.teacher_days", U_CLASS), 2);
    assert_int_equal(value_of("leave.teacher_days", U_SCHOOL2), 2);
    override("leave.teacher_days", U_SCHOOL, "366");
    assert_int_equal(value_of("leave.teacher_days", U_CLASS), 366);
    assert_int_equal(value_of("leave.teacher_days", U_SCHOOL), 366);
    assert_int_equal(value_of("leave.teacher_days", U_TOWN), 2);
    assert_int_equal(value_of("leave.teacher_days", U_SCHOOL2), 2);
    override("leave.teacher_days", U_CLASS, "0");
    assert_int_equal(value_of("leave.teacher_days", U_CLASS), 0);
    assert_int_equal(value_of("leave.teacher_days", U_CLASS_B), 366);
    assert_int_equal(value_of("leave.office_days", U_CLASS), 5);

    /* no unit, and one that is not there */
    assert_int_equal(value_of("leave.teacher_days", 0), 1);
    assert_int_equal(value_of("leave.teacher_days", 424242), 1);
}

static void
out_of_bounds_is_ignored(void **state)
{
    static const char *const  bad[] = { "367", "-1", "", "abc", "3x", " 3", "1.5", "99999999999999999999" };

    (void) state;
    override("leave.teacher_days", U_COUNTY, "3");
    override("leave.teacher_days", U_SCHOOL, "4");

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        county_sql("UPDATE rule_override SET value = '%s' WHERE unit_id = %d", bad[i], U_SCHOOL);
        assert_int_equal(value_of("leave.teacher_days", U_CLASS), 3);
    }

    override("day.periods", U_SCHOOL, "seven");
    override("day.periods", U_COUNTY, "3+2");

    bx_call     *c = county_call();
    const char  *text;

    assert_int_equal(bx_rule_text(c, "day.periods", U_CLASS, &text), BX_OK);
    assert_string_equal(text, "3+2");
    county_end(c);
}

static void
unknown_rules_are_a_fault(void **state)
{
    bx_call     *c = county_call();
    int64_t      v;
    const char  *text;

    (void) state;
    assert_int_equal(bx_rule_int(c, "no.such_rule", U_CLASS, &v), BX_FAIL);
    assert_int_equal(c->problem.code, BX_E_INTERNAL);
    county_end(c);

    c = county_call();
    assert_int_equal(bx_rule_text(c, "leave.teacher_days", U_CLASS, &text), BX_FAIL);  /* a number */
    county_end(c);
}

static void
asked_once_a_call(void **state)
{
    bx_call   *c = county_call();
    int64_t    v;
    uint64_t   before;

    (void) state;
    override("leave.teacher_days", U_SCHOOL, "7");

    assert_int_equal(bx_rule_int(c, "leave.teacher_days", U_CLASS, &v), BX_OK);
    assert_int_equal(v, 7);
    before = statements(c);
    assert_int_equal(before, 2);              /* the path, the overrides */
    assert_int_equal(bx_rule_int(c, "leave.office_days", U_CLASS, &v), BX_OK);
    assert_int_equal(bx_rule_int(c, "leave.teacher_days", U_SCHOOL, &v), BX_OK);       /* above it: known */
    assert_int_equal(v, 7);
    assert_int_equal(bx_rule_int(c, "leave.teacher_days", U_COUNTY, &v), BX_OK);
    assert_int_equal(v, 1);
    assert_int_equal(statements(c), before);
    assert_int_equal(bx_rule_int(c, "leave.teacher_days", U_CLASS_B, &v), BX_OK);
    assert_int_equal(v, 7);
    assert_int_equal(statements(c), before + 2);
    county_end(c);
}

/* ------------------------------------------------------------------ setting */

static bx_rc
set(const char *key, bx_id unit, const char *value, const char *reason, char fault[80])
{
    bx_call  *c = county_call();
    json_t   *changes = NULL;
    bx_rc     rc = bx_rule_set(c, key, unit, value, reason, &changes);

    strcpy(fault, "");
    if (rc == BX_OK) {
        rc = bx_commit(c, 0, value ? "set" : "unset", "rules", unit, changes);
    } else if (c->problem.nerrors > 0) {
        snprintf(fault, 80, "%s %s", c->problem.errors[0].field, c->problem.errors[0].reason);
    }
    json_decref(changes);
    county_end(c);
    return rc;
}

static void
set_and_unset(void **state)
{
    char  fault[80];

    (void) state;

    assert_int_equal(set("leave.teacher_days", U_SCHOOL, "3", "校务会决定", fault), BX_OK);
    assert_int_equal(value_of("leave.teacher_days", U_CLASS), 3);
    assert_int_equal(set("leave.teacher_days", U_SCHOOL, "2", "再改", fault), BX_OK);
    assert_int_equal(value_of("leave.teacher_days", U_CLASS), 2);
    assert_int_equal(county_count("SELECT COUNT(*) FROM rule_override"), 1);
    assert_int_equal(county_count("SELECT COUNT(*) FROM rule_override WHERE reason = '再改'"
                                  " AND set_at = '2026-09-21 07:00'"), 1);
    assert_int_equal(county_count("SELECT COUNT(*) FROM audit_event WHERE action = 'set' AND record = 'rules'"
                                  " AND record_id = %d", U_SCHOOL), 2);
    assert_int_equal(county_count("SELECT COUNT(*) FROM audit_event WHERE payload LIKE '%%\"from\":3%%\"to\":2%%'"), 1);
    assert_int_equal(set("leave.teacher_days", U_SCHOOL, NULL, "撤回", fault), BX_OK);
    assert_int_equal(value_of("leave.teacher_days", U_CLASS), 1);
    assert_int_equal(county_count("SELECT COUNT(*) FROM rule_override"), 0);

    assert_int_equal(set("day.bells", U_SCHOOL, "09:00-09:40,09:50-10:30,10:40-11:20,11:20-12:00,14:00-14:40,"
                         "14:50-15:30,15:40-16:20,16:30-17:10", "夏令时间", fault), BX_OK);
    assert_int_equal(set("day.periods", U_SCHOOL, "4+4", "加一节", fault), BX_OK);
}

static void
refused_to_set(void **state)
{
    static const struct { const char *key; bx_id unit; const char *value, *reason, *fault; }  cases[] = {
        { "no.such_rule", U_SCHOOL, "1", "r", "key rule.unknown" },
        { "leave.teacher_days", 424242, "1", "r", "unit_id rule.unit" },
        { "leave.teacher_days", 0, "1", "r", "unit_id rule.unit" },
        { "leave.teacher_days", U_SCHOOL, "367", "r", "value rule.out_of_bounds" },
        { "leave.teacher_days", U_SCHOOL, "two", "r", "value rule.out_of_bounds" },
        { "leave.teacher_days", U_SCHOOL, "", "r", "value rule.out_of_bounds" },
        { "leave.teacher_days", U_SCHOOL, "2", "", "reason rule.reason" },
        { "leave.teacher_days", U_SCHOOL, "2", NULL, "reason rule.reason" },
        { "day.periods", U_SCHOOL, "4", "r", "value rule.text" },
        { "day.week", U_SCHOOL, "0-6", "r", "value rule.text" },
        { "day.bells", U_SCHOOL, "8", "r", "value rule.text" },
        { "day.periods", U_SCHOOL, "5+3", "r", "value rule.short_of_bells" },
        { "day.bells", U_SCHOOL, "08:00-08:40", "r", "value rule.short_of_bells" },
        { "day.periods", U_SCHOOL, "0,0,0,0,0,4+3,0", "r", "value rule.no_school_day" },
    };
    char  fault[80];

    (void) state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(set(cases[i].key, cases[i].unit, cases[i].value, cases[i].reason, fault), BX_FAIL);
        assert_string_equal(fault, cases[i].fault);
    }
    assert_int_equal(county_count("SELECT COUNT(*) FROM rule_override"), 0);
}

/* ------------------------------------------------------------------ GET rules */

static const json_t *
rule_in_answer(const char *key)
{
    size_t         i;
    const json_t  *r;

    json_array_foreach(json_object_get(county_json(), "items"), i, r) {
        if (strcmp(json_string_value(json_object_get(r, "key")), key) == 0) {
            return r;
        }
    }
    fail_msg("no rule %s", key);
    return NULL;
}

static county_request
rules(const char *query)
{
    return (county_request) { .method = "GET", .path = "rules", .query = query };
}

static void
rules_over_http(void **state)
{
    const json_t  *r;

    (void) state;
    override("leave.teacher_days", U_SCHOOL, "3");

    assert_int_equal(county_send(A_PRINCIPAL, rules("unit_id=300"))->status, 200);
    r = rule_in_answer("leave.teacher_days");
    assert_int_equal(json_integer_value(json_object_get(r, "value")), 3);
    assert_int_equal(json_integer_value(json_object_get(r, "default")), 1);
    assert_int_equal(json_integer_value(json_object_get(r, "min")), 0);
    assert_int_equal(json_integer_value(json_object_get(r, "max")), 366);
    assert_string_equal(json_string_value(json_object_get(r, "unit")), "school_day");
    assert_string_equal(json_string_value(json_object_get(json_object_get(r, "origin"), "unit_id")), "100");
    assert_string_equal(json_string_value(json_object_get(json_object_get(r, "origin"), "unit_name")), "单位100");
    r = rule_in_answer("day.periods");
    assert_string_equal(json_string_value(json_object_get(r, "value")), "4+3");
    assert_string_equal(json_string_value(json_object_get(r, "source")), "proposal");
    assert_true(json_is_null(json_object_get(r, "min")));
    assert_true(json_is_null(json_object_get(r, "origin")));

    /* one's own unit when none is named; only in scope; not for guardians and subject teachers */
    assert_int_equal(county_send(A_PRINCIPAL, rules(NULL))->status, 200);
    assert_string_equal(json_string_value(json_object_get(county_json(), "unit_id")), "100");
    assert_int_equal(county_send(A_PRINCIPAL, rules("unit_id=101"))->status, 404);
    assert_int_equal(county_send(A_PRINCIPAL, rules("unit_id=1"))->status, 404);
    assert_int_equal(county_send(A_COUNTY, rules("unit_id=101"))->status, 200);
    assert_int_equal(county_send(A_COUNTY, rules("unit_id=x"))->status, 404);
    assert_int_equal(county_send(A_GUARDIAN, rules("unit_id=300"))->status, 403);
    assert_int_equal(county_send(A_SUBJECT, rules("unit_id=300"))->status, 403);
    assert_int_equal(county_send(0, rules("unit_id=300"))->status, 401);
}

/* ------------------------------------------------------------------ calendars from the database */

static const bx_calendar *
load(bx_call *c, bx_id unit)
{
    const bx_calendar  *cal = NULL;

    assert_int_equal(bx_calendar_load(c, unit, D(2026, 9, 21), D(2026, 9, 30), &cal), BX_OK);
    assert_non_null(cal);
    return cal;
}

static void
calendar_of_the_examples(void **state)
{
    bx_call            *c = county_call();
    const bx_calendar  *cal = load(c, U_CLASS);
    const bx_workdays  *office;
    bx_slot             back;

    (void) state;
    assert_int_equal(statements(c), 2);

    assert_int_equal(bx_half_days(cal, (bx_span) { { D(2026, 9, 30), 1 }, { D(2026, 10, 9), 7 } }), 6);
    assert_true(bx_next_slot(cal, (bx_slot) { D(2026, 10, 9), 7 }, &back));
    assert_int_equal(bx_slot_begins(cal, back), bx_time_at(D(2026, 10, 10), 8 * 60));
    assert_string_equal(bx_calendar_day_name(cal, D(2026, 10, 1)), "国庆节");
    assert_int_equal(bx_add_school_days(cal, D(2027, 1, 29), 1), D(2027, 3, 1));
    assert_true(bx_is_school_day(cal, D(2027, 7, 9)));    /* the term is there to its end */

    /* kept in the call, for the range and for any inside it */
    assert_ptr_equal(load(c, U_CLASS), cal);
    assert_int_equal(statements(c), 2);
    assert_int_equal(bx_calendar_load(c, U_CLASS, D(2026, 9, 25), D(2026, 9, 25), &cal), BX_OK);
    assert_int_equal(statements(c), 2);
    /* the school's office from what was read for its class */
    assert_int_equal(bx_workdays_load(c, U_SCHOOL, D(2026, 9, 25), D(2026, 10, 25), &office), BX_OK);
    assert_int_equal(statements(c), 2);
    assert_false(bx_is_workday(office, D(2026, 10, 1)));
    assert_true(bx_is_workday(office, D(2026, 10, 10)));

    assert_ptr_not_equal(load(c, U_CLASS_B), cal);
    assert_int_equal(statements(c), 4);
    county_end(c);
}

static void
a_school_with_its_own_year(void **state)
{
    bx_call            *c;
    const bx_calendar  *cal;
    bx_date             starts, ends;

    (void) state;
    county_sql("INSERT INTO term (id, unit_id, school_year, number, starts_on, ends_on)"
               " VALUES (50, %d, 2026, 1, '2026-09-07', '2027-01-20')", U_SCHOOL);
    county_sql("INSERT INTO term (id, unit_id, school_year, number, starts_on, ends_on)"
               " VALUES (51, 1, 2025, 2, '2026-03-02', '2026-07-10')");
    county_sql("INSERT INTO calendar_day (unit_id, day, kind, name) VALUES (%d, '2026-10-10', 'holiday', '校庆'),"
               " (%d, '2026-10-09', 'holiday', '别校的')", U_SCHOOL, U_SCHOOL2);
    county_sql("INSERT INTO closure (id, class_id, starts_on, ends_on, reason)"
               " VALUES (1, %d, '2026-09-24', '2026-09-25', '停课'), (2, %d, '2026-09-23', '2026-09-23', '停课')", U_CLASS,
               U_CLASS_B);

    c = county_call();
    cal = load(c, U_CLASS);
    assert_false(bx_is_school_day(cal, D(2026, 9, 1)));   /* the county's year is replaced as a whole */
    assert_true(bx_is_school_day(cal, D(2026, 9, 7)));
    assert_false(bx_is_school_day(cal, D(2027, 3, 1)));
    assert_true(bx_calendar_term(cal, D(2026, 9, 21), &starts, &ends));
    assert_int_equal(starts, D(2026, 9, 7));
    assert_int_equal(ends, D(2027, 1, 20));
    assert_true(bx_is_school_day(cal, D(2026, 3, 2)));    /* other school years stay the county's */
    assert_int_equal(bx_calendar_day(cal, D(2026, 10, 10)), BX_DAY_HOLIDAY);
    assert_string_equal(bx_calendar_day_name(cal, D(2026, 10, 10)), "校庆");
    assert_int_equal(bx_calendar_day(cal, D(2026, 10, 9)), BX_DAY_SCHOOL);
    assert_int_equal(bx_calendar_day(cal, D(2026, 9, 24)), BX_DAY_CLOSED);
    assert_int_equal(bx_calendar_day(cal, D(2026, 9, 23)), BX_DAY_SCHOOL);

    cal = load(c, U_CLASS2);
    assert_true(bx_is_school_day(cal, D(2026, 9, 1)));
    assert_int_equal(bx_calendar_day(cal, D(2026, 10, 10)), BX_DAY_MAKEUP);
    assert_int_equal(bx_calendar_day(cal, D(2026, 10, 9)), BX_DAY_HOLIDAY);
    assert_int_equal(bx_calendar_day(cal, D(2026, 9, 24)), BX_DAY_SCHOOL);
    county_end(c);

    county_sql("DELETE FROM term WHERE id IN (50, 51)");
    county_sql("DELETE FROM calendar_day WHERE unit_id <> 1");
}

static void
bells_by_rule(void **state)
{
    bx_call            *c;
    const bx_calendar  *cal;

    (void) state;
    override("day.periods", U_SCHOOL, "4+3,4+3,4+0,4+3,4+3,0,0");
    override("day.week", U_COUNTY, "1-6");
    override("day.bells", U_CLASS, "07:30-08:10,08:20-09:00,09:10-09:50,10:00-10:40,13:00-13:40,13:50-14:30,"
             "14:40-15:20");

    c = county_call();
    cal = load(c, U_CLASS);
    assert_int_equal(bx_slot_begins(cal, (bx_slot) { D(2026, 9, 21), 1 }), bx_time_at(D(2026, 9, 21), 7 * 60 + 30));
    assert_int_equal(bx_calendar_bells(cal, D(2026, 9, 23))->pm, 0);
    assert_int_equal(bx_calendar_day(cal, D(2026, 9, 26)), BX_DAY_WEEKEND);    /* a Saturday without periods */
    cal = load(c, U_CLASS2);
    assert_int_equal(bx_calendar_day(cal, D(2026, 9, 26)), BX_DAY_SCHOOL);
    county_end(c);

    /* overrides that do not fit together: the defaults hold, nobody is locked out */
    county_sql("UPDATE rule_override SET value = '6-7' WHERE rule = 'day.week'");
    c = county_call();
    cal = load(c, U_CLASS);
    assert_int_equal(bx_calendar_day(cal, D(2026, 9, 23)), BX_DAY_SCHOOL);
    assert_int_equal(bx_calendar_bells(cal, D(2026, 9, 23))->pm, 3);
    county_end(c);
}

static void
odd_ranges(void **state)
{
    static const struct { int y, m, d, y2, m2, d2; }  ranges[] = {
        { 1, 1, 1, 9999, 12, 31 }, { 9999, 12, 31, 1, 1, 1 }, { 9999, 1, 1, 9999, 12, 31 }, { 1, 1, 1, 1, 1, 2 },
    };

    (void) state;

    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        bx_call            *c = county_call();
        const bx_calendar  *cal;
        const bx_workdays  *work;
        bx_date             from = D(ranges[i].y, ranges[i].m, ranges[i].d);
        bx_date             to = D(ranges[i].y2, ranges[i].m2, ranges[i].d2);

        assert_int_equal(bx_calendar_load(c, U_CLASS, from, to, &cal), BX_OK);
        assert_int_equal(bx_is_school_day(cal, D(2026, 9, 21)), i == 0);
        assert_int_equal(bx_workdays_load(c, U_CLASS, from, to, &work), BX_OK);
        county_end(c);
    }

    bx_call            *c = county_call();
    const bx_calendar  *cal;

    assert_int_equal(bx_calendar_load(c, U_CLASS, BX_NO_DATE, BX_NO_DATE, &cal), BX_OK);
    assert_int_equal(bx_calendar_load(c, 424242, D(2026, 9, 21), D(2026, 9, 21), &cal), BX_OK);    /* no such class */
    assert_false(bx_is_school_day(cal, D(2026, 9, 21)));
    county_end(c);
}

static void
working_days_of_offices(void **state)
{
    bx_call            *c = county_call();
    const bx_workdays  *work, *again;

    (void) state;
    county_sql("INSERT INTO closure (id, class_id, starts_on, ends_on, reason)"
               " VALUES (1, %d, '2026-09-24', '2026-09-25', 'x')", U_CLASS);

    assert_int_equal(bx_workdays_load(c, U_SCHOOL, D(2026, 9, 25), D(2026, 9, 25), &work), BX_OK);
    assert_int_equal(statements(c), 2);
    assert_int_equal(bx_add_workdays(work, D(2026, 9, 25), 3), D(2026, 9, 30));
    assert_int_equal(bx_add_workdays(work, D(2026, 9, 30), 3), D(2026, 10, 10));
    assert_int_equal(bx_add_workdays(work, D(2027, 1, 29), 1), D(2027, 2, 1));
    assert_int_equal(bx_workdays_load(c, U_SCHOOL, D(2026, 9, 25), D(2026, 9, 25), &again), BX_OK);
    assert_ptr_equal(again, work);
    assert_int_equal(statements(c), 2);
    county_end(c);
}

int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup(nearest_override_wins, setup),
        cmocka_unit_test_setup(out_of_bounds_is_ignored, setup),
        cmocka_unit_test_setup(unknown_rules_are_a_fault, setup),
        cmocka_unit_test_setup(asked_once_a_call, setup),
        cmocka_unit_test_setup(set_and_unset, setup),
        cmocka_unit_test_setup(refused_to_set, setup),
        cmocka_unit_test_setup(rules_over_http, setup),
        cmocka_unit_test_setup(calendar_of_the_examples, setup),
        cmocka_unit_test_setup(a_school_with_its_own_year, setup),
        cmocka_unit_test_setup(bells_by_rule, setup),
        cmocka_unit_test_setup(odd_ranges, setup),
        cmocka_unit_test_setup(working_days_of_offices, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
