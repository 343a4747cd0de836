/*
 * test_commit.c: what becomes of a change when somebody else was faster: unique keys that are taken between a hook's look
 * and its write, and requests that come twice. The record is the test's own: a desk at a school takes the first free number.
 */
#include "county.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "flow/flow.h"

static unsigned  looks, rivals;               /* how often the hook looked; how many times somebody is faster */

/* Somebody else, on a connection of their own, takes the number after the hook has seen that it is free. */
static bx_rc
take_number(bx_call *c, bx_record *r)
{
    bx_rows  rows;
    int64_t  number;

    assert_int_equal(bx_query(c, &rows, "SELECT COALESCE(MAX(number), 0) + 1 FROM desk", BX_NO_ARGS), BX_OK);
    number = bx_cell_int(&rows, 0, 0);

    if (looks++ < rivals) {
        county_sql("INSERT INTO desk (id, state, school_id, number, created_at, updated_at)"
                   " VALUES (%u, 'set', %d, %" PRId64 ", '2026-09-21', '2026-09-21')", looks, U_SCHOOL, number);
    }

    bx_set_int(r, "number", number);
    return BX_OK;
}

static const bx_field fields[] = {
    { "number",    BX_INT, BX_BY_HOOK, 0, 0, NULL, NULL, NULL, NULL },
    { "school_id", BX_REF, 0,          0, 0, "org-units", NULL, NULL, NULL },
    { NULL }
};
static const bx_field nothing[] = { { NULL } };
static const bx_state states[] = { { "set", 0, "ok" }, { "moved", BX_TERMINAL, "none" }, { NULL } };
static const bx_transition transitions[] = {
    { .action = "set",  .from = BX_NEW, .to = "set",   .capability = "unit.read", .takes = nothing, .hook = take_number },
    { .action = "move", .from = "set",  .to = "moved", .capability = "unit.read", .takes = nothing, .hook = take_number },
    { NULL }
};
static const bx_record_def desks = {
    .name = "desks", .table = "desk", .scope = BX_SCOPE_SCHOOL, .fields = fields, .states = states, .transitions = transitions,
    .read = "unit.read"
};

static int
setup(void **state)
{
    (void) state;

    county();
    county_sql("CREATE TABLE IF NOT EXISTS desk (id BIGINT NOT NULL PRIMARY KEY, version INT NOT NULL DEFAULT 1,"
               " state VARCHAR(16) NOT NULL, school_id BIGINT NOT NULL, township_id BIGINT NULL, number INT NOT NULL UNIQUE,"
               " created_at DATETIME NOT NULL, created_by BIGINT NULL, updated_at DATETIME NOT NULL)");
    county_sql("DELETE FROM desk");
    looks = rivals = 0;
    return 0;
}

/* A request of the teacher, who may do anything here; two with the same key are the same request when their hashes are. */
static bx_call *
request(const char *key, int hash)
{
    bx_call  *c = county_call_as(A_TEACHER);

    c->trusted = true;
    c->if_match = "*";
    c->body = bx_own(c->arena, json_pack("{s:s}", "school_id", "100"));
    c->key.on = true;
    snprintf(c->key.key, sizeof(c->key.key), "%s", key);
    memset(c->key.request_hash, hash, 32);
    return c;
}

static int64_t
answered(const bx_call *c)
{
    return json_integer_value(json_object_get(c->answer, "number"));
}

/* ------------------------------------------------------------------ */

static void
a_number_taken_meanwhile_is_looked_for_again(void **state)
{
    bx_call  *c = request("k", 1);

    (void) state;
    rivals = 2;
    assert_int_equal(bx_generic_create(c, &desks), BX_OK);
    assert_int_equal(c->problem.code, BX_E_NONE);
    assert_int_equal(c->status, 201);
    assert_int_equal(looks, 3);
    assert_int_equal(answered(c), 3);
    county_end(c);

    assert_int_equal(county_count("SELECT COUNT(*) FROM desk"), 3);
    assert_int_equal(county_count("SELECT number FROM desk WHERE created_by = %d", A_TEACHER), 3);
    assert_int_equal(county_count("SELECT COUNT(*) FROM history WHERE record = 'desks'"), 1);
    assert_int_equal(county_count("SELECT COUNT(*) FROM audit_event WHERE record = 'desks'"), 1);
    assert_int_equal(county_count("SELECT COUNT(*) FROM idempotency_key WHERE JSON_VALUE(body, '$.number') = 3"), 1);
}

static void
three_times_at_most(void **state)
{
    bx_call  *c = request("k", 1);

    (void) state;
    rivals = 100;
    assert_int_equal(bx_generic_create(c, &desks), BX_FAIL);
    assert_int_equal(c->problem.code, BX_E_CONFLICT);
    assert_int_equal(c->problem.nerrors, 0);
    assert_int_equal(looks, 3);
    county_end(c);

    assert_int_equal(county_count("SELECT COUNT(*) FROM desk WHERE created_by IS NOT NULL"), 0);
    assert_int_equal(county_count("SELECT COUNT(*) FROM history"), 0);
    assert_int_equal(county_count("SELECT COUNT(*) FROM audit_event"), 0);
    assert_int_equal(county_count("SELECT COUNT(*) FROM idempotency_key"), 0);
}

static void
an_action_looks_again_too(void **state)
{
    bx_call  *c = request("k", 1);

    (void) state;
    county_sql("INSERT INTO desk (id, state, school_id, number, created_at, updated_at)"
               " VALUES (50, 'set', %d, 1, '2026-09-21', '2026-09-21')", U_SCHOOL);
    c->path_id = 50;
    c->body = bx_own(c->arena, json_object());
    rivals = 1;
    assert_int_equal(bx_generic_act(c, &desks, "move"), BX_OK);
    assert_int_equal(looks, 2);
    assert_int_equal(answered(c), 3);
    county_end(c);
    assert_int_equal(county_count("SELECT number FROM desk WHERE id = 50 AND state = 'moved' AND version = 2"), 3);
}

static void
a_second_request_with_the_key_gets_the_first_answer(void **state)
{
    bx_call  *c = request("k", 1);

    (void) state;
    assert_int_equal(bx_generic_create(c, &desks), BX_OK);
    county_end(c);

    c = request("k", 1);
    assert_int_equal(bx_generic_create(c, &desks), BX_OK);
    assert_int_equal(looks, 2);
    assert_int_equal(c->status, 201);
    assert_non_null(strstr(c->bytes, "\"number\":1"));
    county_end(c);

    c = request("k", 2);
    assert_int_equal(bx_generic_create(c, &desks), BX_FAIL);
    assert_int_equal(c->problem.code, BX_E_KEY_REUSED);
    county_end(c);
    assert_int_equal(county_count("SELECT COUNT(*) FROM desk"), 1);
}

/* A handler that is no transition is told once; whether to run again is its own business. */
static void
a_handler_gets_a_conflict(void **state)
{
    static const char  sql[] =
        "INSERT INTO desk (id, state, school_id, number, created_at, updated_at) VALUES (?, 'set', ?, 7, ?, ?)";
    bx_value           at = bx_text("2026-09-21");

    (void) state;
    county_sql("INSERT INTO desk (id, state, school_id, number, created_at, updated_at)"
               " VALUES (60, 'set', %d, 7, '2026-09-21', '2026-09-21')", U_SCHOOL);

    for (int keyed = 0; keyed < 2; keyed++) {
        bx_call  *c = request("k", 1);

        c->key.on = keyed;
        bx_answer(c, 201, json_object());
        assert_int_equal(bx_queue(c, 1, sql, BX_ARGS(bx_int(61), bx_int(U_SCHOOL), at, at)), BX_OK);
        assert_int_equal(bx_commit(c, U_SCHOOL, "set", "desks", 61, NULL), BX_FAIL);
        assert_int_equal(c->problem.code, BX_E_CONFLICT);
        assert_true(c->raced);
        assert_false(c->committed);
        assert_int_equal(c->error.db, 1062);
        county_end(c);
    }

    assert_int_equal(county_count("SELECT COUNT(*) FROM idempotency_key"), 0);
    assert_int_equal(county_count("SELECT COUNT(*) FROM audit_event"), 0);
}

int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup(a_number_taken_meanwhile_is_looked_for_again, setup),
        cmocka_unit_test_setup(three_times_at_most, setup),
        cmocka_unit_test_setup(an_action_looks_again_too, setup),
        cmocka_unit_test_setup(a_second_request_with_the_key_gets_the_first_answer, setup),
        cmocka_unit_test_setup(a_handler_gets_a_conflict, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
