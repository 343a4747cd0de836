/* test_task.c: whose duty a task is, how it climbs, that it opens and closes once, and when a digest goes out. */

#include <stddef.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "county.h"
#include "flow/task.h"

#define GRADE_HEAD  2001                      /* accounts that only these tests have */
#define VICE        2002
#define PRINCIPAL2  2003


static bx_time
at(int month, int day, int hour, int minute)
{
    return bx_time_at(bx_date_make(2026, month, day), hour * 60 + minute);
}


static void
hold(int account, const char *role, bx_id unit)
{
    county_sql("INSERT INTO position (id, account_id, role, unit_id, starts_on, created_at)"
               " VALUES (%lld, %d, '%s', %lld, '2026-08-01', '2026-08-01')", (long long) bx_id_new(), account, role,
               (long long) unit);
}


static int
setup(void **state)
{
    (void) state;
    county();
    county_sql("DELETE FROM position WHERE account_id >= 2000");
    for (int id = GRADE_HEAD; id <= PRINCIPAL2; id++) {
        county_sql("INSERT IGNORE INTO account (id, name, login, created_at) VALUES (%d, 'B%d', 'b%d', '2026-08-01')", id, id, id);
    }
    return 0;
}


/* Opens or closes and commits, as a job does. */
static void
open_task(bx_task t)
{
    bx_call *c = county_call();

    t.kind = t.kind == NULL ? "leave.decide" : t.kind;
    assert_int_equal(bx_task_open(c, &t), BX_OK);
    assert_int_equal(bx_commit(c, U_SCHOOL, "test", "tasks", 0, NULL), BX_OK);
    county_end(c);
}


static void
close_task(const char *key, const char *how, const char *reason)
{
    bx_call *c = county_call();

    assert_int_equal(bx_task_close(c, "leave.decide", key, how, reason, "leave-requests", 7), BX_OK);
    assert_int_equal(bx_commit(c, U_SCHOOL, "test", "tasks", 0, NULL), BX_OK);
    county_end(c);
}


/* ---- owners */

static void
the_owner_is_the_nearest_who_holds_the_role(void **state)
{
    (void) state;

    open_task((bx_task) { .key = "class", .student = S_ONE, .class_id = U_CLASS, .school = U_SCHOOL, .nominal = at(9, 21, 9, 0) });
    assert_int_equal(county_count("SELECT owner_unit FROM task WHERE task_key = 'class' AND owner_role = 'teacher'"
                                  " AND raised_role IS NULL AND school_id = %d AND township_id = %d", U_SCHOOL, U_TOWN), U_CLASS);

    open_task((bx_task) { .key = "school", .role = "principal", .class_id = U_CLASS });
    assert_int_equal(county_count("SELECT owner_unit FROM task WHERE task_key = 'school'"), U_SCHOOL);

    open_task((bx_task) { .key = "county", .role = "county", .class_id = U_CLASS });
    assert_int_equal(county_count("SELECT owner_unit FROM task WHERE task_key = 'county'"), U_COUNTY);
}


static void
where_nobody_holds_the_role_it_is_with_the_next_level_at_once(void **state)
{
    (void) state;

    /* no grade leader, no vice principal: the principal */
    open_task((bx_task) { .key = "a", .role = "grade", .class_id = U_CLASS });
    assert_int_equal(county_count("SELECT raised_unit FROM task WHERE task_key = 'a' AND owner_unit = %d"
                                  " AND raised_role = 'principal' AND level = 1", U_GRADE), U_SCHOOL);

    /* school 2 has a class teacher only, and leave stays in the school: with nobody but the seat */
    open_task((bx_task) { .key = "b", .role = "office", .class_id = U_CLASS2 });
    assert_int_equal(county_count("SELECT owner_unit FROM task WHERE task_key = 'b' AND raised_role IS NULL"), U_SCHOOL2);

    /* a certain person is there, whoever holds the role */
    open_task((bx_task) { .key = "c", .role = "grade", .class_id = U_CLASS, .account = A_SUBJECT });
    assert_int_equal(county_count("SELECT assignee_id FROM task WHERE task_key = 'c' AND raised_role IS NULL"), A_SUBJECT);
}


static void
the_ladder_passes_over_what_nobody_holds(void **state)
{
    bx_call        *c;
    const bx_place *p;
    bx_seat         seat, next;

    (void) state;
    c = county_call();
    assert_int_equal(bx_place_of(c, U_CLASS, &p), BX_OK);
    seat = (bx_seat) { "teacher", U_CLASS };
    assert_true(bx_ladder_next(p, seat, false, &next));
    assert_string_equal(next.role, "principal");
    assert_true(bx_ladder_next(p, next, false, &seat));
    assert_string_equal(seat.role, "county");
    assert_int_equal(seat.unit, U_COUNTY);
    assert_false(bx_ladder_next(p, seat, false, &next));
    assert_false(bx_ladder_next(p, (bx_seat) { "principal", U_SCHOOL }, true, &next));
    county_end(c);

    hold(GRADE_HEAD, "grade", U_GRADE);
    hold(VICE, "vice", U_SCHOOL);
    c = county_call();
    assert_int_equal(bx_place_of(c, U_CLASS, &p), BX_OK);
    static const char *const way[] = { "grade", "vice", "principal", "county" };

    seat = (bx_seat) { "teacher", U_CLASS };
    for (size_t i = 0; i < 4; i++) {
        assert_true(bx_ladder_next(p, seat, false, &next));
        assert_string_equal(next.role, way[i]);
        seat = next;
    }

    /* a role of a plugin's own stands in the school, below the vice principal */
    assert_true(bx_ladder_next(p, (bx_seat) { "librarian", U_SCHOOL }, false, &next));
    assert_string_equal(next.role, "vice");
    assert_int_equal(bx_place_seat(p, "librarian"), U_SCHOOL);
    county_end(c);
}


static void
a_level_of_the_same_person_is_passed_over(void **state)
{
    bx_call        *c;
    const bx_place *p;
    bx_seat         next;

    (void) state;
    hold(A_TEACHER, "grade", U_GRADE);        /* the class teacher leads the grade as well */
    hold(VICE, "vice", U_SCHOOL);
    c = county_call();
    assert_int_equal(bx_place_of(c, U_CLASS, &p), BX_OK);
    assert_true(bx_ladder_next(p, (bx_seat) { "teacher", U_CLASS }, false, &next));
    assert_string_equal(next.role, "vice");
    county_end(c);
}


/* ---- once */

static void
a_task_opens_once(void **state)
{
    (void) state;

    for (int i = 0; i < 3; i++) {
        open_task((bx_task) { .key = "x", .class_id = U_CLASS, .nominal = at(9, 21, 9 + i, 0) });
    }
    assert_int_equal(county_count("SELECT COUNT(*) FROM task"), 1);
    assert_int_equal(county_count("SELECT HOUR(working_due) FROM task"), 9);

    close_task("x", "withdrawn", "cancelled");
    assert_int_equal(county_count("SELECT COUNT(*) FROM task WHERE state = 'withdrawn' AND closed_reason = 'cancelled' AND waits = 0"), 1);

    /* withdrawn: used up, unless its kind may be opened again */
    open_task((bx_task) { .key = "x", .class_id = U_CLASS });
    assert_int_equal(county_count("SELECT COUNT(*) FROM task WHERE state = 'open'"), 0);

    /* only one that waits is closed */
    close_task("x", "done", NULL);
    assert_int_equal(county_count("SELECT COUNT(*) FROM task WHERE state = 'withdrawn'"), 1);
}


static void
what_is_misused_is_refused(void **state)
{
    bx_call *c = county_call();
    bx_task  t = { .kind = "no.such", .key = "x", .class_id = U_CLASS };

    (void) state;
    assert_int_equal(bx_task_open(c, &t), BX_FAIL);
    assert_non_null(strstr(c->error.text, "no.such"));
    t.kind = "leave.decide";
    t.key = "two words";
    assert_int_equal(bx_task_open(c, &t), BX_FAIL);
    t.key = "x";
    t.class_id = 999999;
    assert_int_equal(bx_task_open(c, &t), BX_FAIL);
    assert_int_equal(bx_task_close(c, "leave.decide", "x", "ticked", NULL, NULL, 0), BX_FAIL);
    county_end(c);
}


static void
late_work_has_a_day_more(void **state)
{
    bx_call *c;
    bx_time  due;

    (void) state;

    /* L8: absent Mon 21, entered Wed 23 09:00: due Thu 24 24:00 */
    county_clock(at(9, 23, 9, 0));
    c = county_call();
    assert_int_equal(bx_task_working_due(c, U_CLASS, at(9, 21, 8, 0), at(9, 21, 24, 0), &due), BX_OK);
    assert_int_equal(due, at(9, 24, 24, 0));
    /* entered on the day: as it is */
    assert_int_equal(bx_task_working_due(c, U_CLASS, at(9, 23, 8, 0), at(9, 23, 24, 0), &due), BX_OK);
    assert_int_equal(due, at(9, 23, 24, 0));
    /* a nominal due that is later stays */
    assert_int_equal(bx_task_working_due(c, U_CLASS, at(9, 21, 8, 0), at(9, 28, 24, 0), &due), BX_OK);
    assert_int_equal(due, at(9, 28, 24, 0));
    county_end(c);

    /* entered on the last day before the holiday: the next school day is 8 October */
    county_clock(at(9, 30, 9, 0));
    c = county_call();
    assert_int_equal(bx_task_working_due(c, U_CLASS, at(9, 29, 8, 0), at(9, 29, 24, 0), &due), BX_OK);
    assert_int_equal(due, at(10, 8, 24, 0));
    county_end(c);
}


/* ---- notices */

static void
send_notice(bx_notice n)
{
    bx_call *c = county_call();

    assert_int_equal(bx_notice_send(c, &n), BX_OK);
    assert_int_equal(bx_commit(c, U_SCHOOL, "test", "notices", 0, NULL), BX_OK);
    county_end(c);
}


static void
a_notice_reaches_each_account_once(void **state)
{
    (void) state;

    for (int i = 0; i < 2; i++) {
        send_notice((bx_notice) { .kind = "leave.approved", .key = "7", .guardians_of = S_ONE });
        send_notice((bx_notice) { .kind = "leave.submitted", .key = "7", .role = "teacher", .unit = U_CLASS });
        send_notice((bx_notice) { .kind = "leave.rejected", .key = "7", .account = A_OFFICE });
    }
    assert_int_equal(county_count("SELECT COUNT(*) FROM notice"), 3);
    assert_int_equal(county_count("SELECT account_id FROM notice WHERE kind = 'leave.approved'"), A_GUARDIAN);
    assert_int_equal(county_count("SELECT account_id FROM notice WHERE kind = 'leave.submitted'"), A_TEACHER);

    /* somebody above, where the class has none; nobody at all is no fault */
    send_notice((bx_notice) { .kind = "leave.submitted", .key = "8", .role = "principal", .unit = U_CLASS });
    assert_int_equal(county_count("SELECT account_id FROM notice WHERE notice_key = '8'"), A_PRINCIPAL);
    send_notice((bx_notice) { .kind = "leave.submitted", .key = "9", .role = "vice", .unit = U_CLASS });
    assert_int_equal(county_count("SELECT COUNT(*) FROM notice WHERE notice_key = '9'"), 0);
}


static void
digests_keep_to_the_clock_and_the_quiet_hours(void **state)
{
    bx_digest_rules    r = { 7 * 60 + 30, 16 * 60 + 30, 21 * 60, 7 * 60 };
    bx_call           *c = county_call();
    const bx_workdays *w;

    (void) state;
    assert_int_equal(bx_workdays_load(c, U_SCHOOL, bx_date_make(2026, 9, 21), bx_date_make(2026, 10, 20), &w), BX_OK);

    assert_int_equal(bx_digest_at(at(9, 21, 7, 0), &r, NULL), at(9, 21, 7, 30));
    assert_int_equal(bx_digest_at(at(9, 21, 7, 30), &r, NULL), at(9, 21, 7, 30));
    assert_int_equal(bx_digest_at(at(9, 21, 7, 31), &r, NULL), at(9, 21, 16, 30));
    assert_int_equal(bx_digest_at(at(9, 21, 16, 31), &r, NULL), at(9, 22, 7, 30));

    /* Friday evening: guardians on Saturday, staff on Monday; Wed 30 Sep: after the holiday; the make-up Saturday is a working day */
    assert_int_equal(bx_digest_at(at(9, 25, 18, 0), &r, NULL), at(9, 26, 7, 30));
    assert_int_equal(bx_digest_at(at(9, 25, 18, 0), &r, w), at(9, 28, 7, 30));
    assert_int_equal(bx_digest_at(at(9, 30, 18, 0), &r, w), at(10, 8, 7, 30));
    assert_int_equal(bx_digest_at(at(10, 9, 18, 0), &r, w), at(10, 10, 7, 30));

    /* a digest in the quiet hours waits until they end */
    r.morning = 6 * 60;
    assert_int_equal(bx_digest_at(at(9, 21, 5, 0), &r, NULL), at(9, 21, 7, 0));
    assert_int_equal(bx_digest_at(at(9, 21, 6, 30), &r, NULL), at(9, 21, 7, 0));
    r.afternoon = 22 * 60;
    assert_int_equal(bx_digest_at(at(9, 21, 12, 0), &r, NULL), at(9, 22, 7, 0));
    /* quiet hours inside a day, and none */
    r = (bx_digest_rules) { 7 * 60 + 30, 13 * 60, 12 * 60, 14 * 60 };
    assert_int_equal(bx_digest_at(at(9, 21, 8, 0), &r, NULL), at(9, 21, 14, 0));
    r = (bx_digest_rules) { 23 * 60, 1, 0, 0 };
    assert_int_equal(bx_digest_at(at(9, 21, 8, 0), &r, NULL), at(9, 21, 23, 0));
    county_end(c);
}


static void
clock_texts_and_addresses(void **state)
{
    bx_arena *a = bx_arena_create(0);
    json_t   *p = json_pack("{s:s, s:s, s:i}", "id", "17", "name", "王 a/b", "n", 4);

    (void) state;
    assert_int_equal(bx_clock_text("07:30"), 450);
    assert_int_equal(bx_clock_text("23:59"), 1439);
    static const char *const bad[] = { "24:00", "7:30", "07:60", "0730", "07:3", "aa:bb", "", "07:300" };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(bx_clock_text(bad[i]), -1);
    }

    assert_string_equal(bx_href_fill(a, "#/leave/{id}?n={n}&x={none}.", p), "#/leave/17?n=4&x=.");
    assert_string_equal(bx_href_fill(a, "#/{name}", p), "#/%E7%8E%8B%20a%2Fb");
    assert_null(bx_href_fill(a, NULL, p));
    json_decref(p);
    bx_arena_destroy(a);
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_owner_is_the_nearest_who_holds_the_role, setup),
        cmocka_unit_test_setup(where_nobody_holds_the_role_it_is_with_the_next_level_at_once, setup),
        cmocka_unit_test_setup(the_ladder_passes_over_what_nobody_holds, setup),
        cmocka_unit_test_setup(a_level_of_the_same_person_is_passed_over, setup),
        cmocka_unit_test_setup(a_task_opens_once, setup),
        cmocka_unit_test_setup(what_is_misused_is_refused, setup),
        cmocka_unit_test_setup(late_work_has_a_day_more, setup),
        cmocka_unit_test_setup(a_notice_reaches_each_account_once, setup),
        cmocka_unit_test_setup(digests_keep_to_the_clock_and_the_quiet_hours, setup),
        cmocka_unit_test_setup(clock_texts_and_addresses, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
