/*
 * db_fixture.h: what tests of lib/db/ share: a pool and one connection to a real MariaDB with a table of things.
 */
#ifndef TEST_DB_FIXTURE_H
#define TEST_DB_FIXTURE_H

#include "core/core.h"
#include "db/conn.h"
#include "mariadb.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#define NO_ERROR  { BX_E_NONE, 0, "" }

typedef struct {
    bx_db_config  conf;
    bx_db        *db;
    bx_conn      *conn;
    bx_arena     *a;
    bx_error      err;
} fixture;

static inline void
check(bx_rc rc, const bx_error *err, int line)
{
    if (rc != BX_OK) {
        fail_msg("line %d: %s", line, err->text);
    }
}

#define OK(rc)  check(rc, &f->err, __LINE__)

static inline int
set_up_all(void **state)
{
    fixture  *f = calloc(1, sizeof(fixture));

    f->conf = test_mariadb();
    *state = f;

    f->db = bx_db_create(&f->conf, &f->err);
    f->conn = bx_db_take(f->db, &f->err);
    OK(bx_conn_run(f->conn, "CREATE TABLE thing (id BIGINT PRIMARY KEY, name VARCHAR(100) UNIQUE, body LONGTEXT,"
                            " raw LONGBLOB, day DATE, at DATETIME, amount DECIMAL(10,2), small TINYINT,"
                            " flag TINYINT UNSIGNED)", &f->err));
    bx_db_give(f->db, f->conn);
    bx_db_destroy(f->db);

    return 0;
}

static inline int
tear_down_all(void **state)
{
    free(*state);

    return 0;
}

static inline int
set_up(void **state)
{
    fixture  *f = *state;

    f->err = (bx_error) NO_ERROR;
    f->db = bx_db_create(&f->conf, &f->err);
    f->a = bx_arena_create(0);
    f->conn = bx_db_take(f->db, &f->err);
    assert_non_null(f->conn);

    return bx_conn_run(f->conn, "DELETE FROM thing", &f->err);
}

static inline int
tear_down(void **state)
{
    fixture  *f = *state;

    bx_db_give(f->db, f->conn);
    bx_db_destroy(f->db);
    bx_arena_destroy(f->a);

    return 0;
}

static inline void
add_thing(fixture *f, int64_t id, const char *name)
{
    OK(bx_conn_exec(f->conn, NULL, "INSERT INTO thing (id, name) VALUES (?, ?)",
                    BX_ARGS(bx_int(id), bx_text(name)), &f->err));
}

static inline int64_t
one_int(fixture *f, const char *sql)
{
    bx_rows  rows;

    OK(bx_conn_query(f->conn, f->a, &rows, sql, BX_NO_ARGS, &f->err));
    assert_int_equal(rows.nrows, 1);

    return bx_cell_int(&rows, 0, 0);
}

static inline const char *
one_text(fixture *f, const char *sql)
{
    bx_rows  rows;

    OK(bx_conn_query(f->conn, f->a, &rows, sql, BX_NO_ARGS, &f->err));
    assert_int_equal(rows.nrows, 1);

    return bx_cell_text(&rows, 0, 0);
}

/* A test that begins with an empty table. */
#define T(name)  cmocka_unit_test_setup_teardown(test_##name, set_up, tear_down)

#endif
