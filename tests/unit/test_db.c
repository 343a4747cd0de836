/*
 * test_db.c: connections, prepared statements and rows against a real MariaDB.
 */
#include "core/core.h"
#include "db/conn.h"
#include "mariadb.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define NO_ERROR  { BX_E_NONE, 0, "" }

typedef struct {
    bx_db_config  conf;
    bx_db        *db;
    bx_conn      *conn;
    bx_arena     *a;
    bx_error      err;
} fixture;

static void
check(bx_rc rc, const bx_error *err, int line)
{
    if (rc != BX_OK) {
        fail_msg("line %d: %s", line, err->text);
    }
}

#define OK(rc)  check(rc, &f->err, __LINE__)

static int
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

static int
tear_down_all(void **state)
{
    free(*state);

    return 0;
}

static int
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

static int
tear_down(void **state)
{
    fixture  *f = *state;

    bx_db_give(f->db, f->conn);
    bx_db_destroy(f->db);
    bx_arena_destroy(f->a);

    return 0;
}

static void
add_thing(fixture *f, int64_t id, const char *name)
{
    OK(bx_conn_exec(f->conn, NULL, "INSERT INTO thing (id, name) VALUES (?, ?)",
                    BX_ARGS(bx_int(id), bx_text(name)), &f->err));
}

static int64_t
one_int(fixture *f, const char *sql)
{
    bx_rows  rows;

    OK(bx_conn_query(f->conn, f->a, &rows, sql, BX_NO_ARGS, &f->err));
    assert_int_equal(rows.nrows, 1);

    return bx_cell_int(&rows, 0, 0);
}

static const char *
one_text(fixture *f, const char *sql)
{
    bx_rows  rows;

    OK(bx_conn_query(f->conn, f->a, &rows, sql, BX_NO_ARGS, &f->err));
    assert_int_equal(rows.nrows, 1);

    return bx_cell_text(&rows, 0, 0);
}

/* ---- session and values */

static void
test_session(void **state)
{
    fixture  *f = *state;

    assert_string_equal(one_text(f, "SELECT @@character_set_client"), "utf8mb4");
    assert_string_equal(one_text(f, "SELECT @@character_set_connection"), "utf8mb4");
    assert_string_equal(one_text(f, "SELECT @@tx_isolation"), "READ-COMMITTED");
    assert_non_null(strstr(one_text(f, "SELECT @@sql_mode"), "STRICT_ALL_TABLES"));
    assert_int_equal(one_int(f, "SELECT @@autocommit"), 1);
    assert_int_equal(one_int(f, "SELECT @@innodb_lock_wait_timeout"), 5);
    assert_int_equal(one_int(f, "SELECT @@optimizer_switch LIKE '%index_merge_intersection=off%'"), 1);
    assert_int_equal(one_int(f, "SELECT CAST(@@max_statement_time AS SIGNED)"), 10);
}

static void
test_nulls(void **state)
{
    bx_rows   rows;
    fixture  *f = *state;

    OK(bx_conn_exec(f->conn, NULL, "INSERT INTO thing VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    BX_ARGS(bx_int(1), bx_text(NULL), bx_null(), bx_null(), bx_null(), bx_null(), bx_null(), bx_null(),
                            bx_null()), &f->err));
    OK(bx_conn_query(f->conn, f->a, &rows,
                     "SELECT id, name, body, raw, day, at, amount, small, NULL AS nothing FROM thing", BX_NO_ARGS,
                     &f->err));

    assert_int_equal(rows.nrows, 1);
    assert_int_equal(rows.ncols, 9);
    assert_string_equal(rows.names[8], "nothing");
    for (size_t i = 1; i < rows.ncols; i++) {
        assert_int_equal(bx_cell(&rows, 0, i)->kind, BX_V_NULL);
        assert_null(bx_cell_text(&rows, 0, i));
        assert_int_equal(bx_cell_int(&rows, 0, i), 0);
    }

    /* a NULL in one row does not leak into the next */
    add_thing(f, 2, "b");
    OK(bx_conn_query(f->conn, f->a, &rows, "SELECT name FROM thing ORDER BY id", BX_NO_ARGS, &f->err));
    assert_null(bx_cell_text(&rows, 0, 0));
    assert_string_equal(bx_cell_text(&rows, 1, 0), "b");
}

static void
test_no_rows(void **state)
{
    bx_rows   rows;
    fixture  *f = *state;

    OK(bx_conn_query(f->conn, f->a, &rows, "SELECT id AS a, name AS b FROM thing", BX_NO_ARGS, &f->err));
    assert_int_equal(rows.nrows, 0);
    assert_int_equal(rows.ncols, 2);
    assert_string_equal(rows.names[1], "b");
}

static void
test_unicode(void **state)
{
    bx_rows     rows;
    fixture    *f = *state;
    const char *name = "𠮷田 😀 龘 保学";

    add_thing(f, 1, name);
    OK(bx_conn_query(f->conn, f->a, &rows, "SELECT name AS 名字, CHAR_LENGTH(name) AS n FROM thing WHERE name = ?",
                     BX_ARGS(bx_text(name)), &f->err));
    assert_int_equal(rows.nrows, 1);
    assert_string_equal(bx_cell_text(&rows, 0, 0), name);
    assert_string_equal(rows.names[0], "名字");
    assert_int_equal(bx_cell_int(&rows, 0, 1), 9);
    assert_int_equal(bx_cell(&rows, 0, 0)->len, strlen(name));
}

static void
test_kinds(void **state)
{
    bx_rows   rows;
    fixture  *f = *state;

    OK(bx_conn_exec(f->conn, NULL, "INSERT INTO thing (id, day, at, amount, small, flag) VALUES (?, ?, ?, ?, ?, ?)",
                    BX_ARGS(bx_int(1), bx_text("2026-11-22"), bx_text("2026-11-22 08:09:10"), bx_text("-12.50"),
                            bx_int(-7), bx_int(200)), &f->err));
    OK(bx_conn_query(f->conn, f->a, &rows,
                     "SELECT day, at, amount, small, flag, 1.5e0, SUM(small), COUNT(*), ? AS p, ? AS q,"
                     " CAST('07:08:09' AS TIME) FROM thing", BX_ARGS(bx_text("text"), bx_int(INT64_MIN)), &f->err));

    assert_string_equal(bx_cell_text(&rows, 0, 0), "2026-11-22");
    assert_string_equal(bx_cell_text(&rows, 0, 1), "2026-11-22 08:09:10");
    assert_string_equal(bx_cell_text(&rows, 0, 2), "-12.50");
    assert_int_equal(bx_cell_int(&rows, 0, 2), -12);
    assert_int_equal(bx_cell(&rows, 0, 3)->kind, BX_V_INT);
    assert_int_equal(bx_cell_int(&rows, 0, 3), -7);
    assert_int_equal(bx_cell_int(&rows, 0, 4), 200);
    assert_string_equal(bx_cell_text(&rows, 0, 5), "1.5");
    assert_int_equal(bx_cell(&rows, 0, 6)->kind, BX_V_TEXT);  /* a sum is a decimal */
    assert_int_equal(bx_cell_int(&rows, 0, 6), -7);
    assert_int_equal(bx_cell_int(&rows, 0, 7), 1);
    assert_string_equal(bx_cell_text(&rows, 0, 8), "text");
    assert_true(bx_cell_int(&rows, 0, 9) == INT64_MIN);
    assert_string_equal(bx_cell_text(&rows, 0, 10), "07:08:09");
}

static void
test_bigints(void **state)
{
    bx_rows          rows;
    fixture         *f = *state;
    static const int64_t  values[] = { INT64_MIN, -1, 0, 1, INT64_C(9007199254740993), INT64_MAX };

    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        OK(bx_conn_exec(f->conn, NULL, "INSERT INTO thing (id) VALUES (?)", BX_ARGS(bx_int(values[i])), &f->err));
    }

    OK(bx_conn_query(f->conn, f->a, &rows, "SELECT id FROM thing ORDER BY id", BX_NO_ARGS, &f->err));
    assert_int_equal(rows.nrows, 6);
    for (size_t i = 0; i < 6; i++) {
        assert_true(bx_cell_int(&rows, i, 0) == values[i]);
    }

    OK(bx_conn_query(f->conn, f->a, &rows, "SELECT CAST(9223372036854775807 AS UNSIGNED) AS n", BX_NO_ARGS, &f->err));
    assert_true(bx_cell_int(&rows, 0, 0) == INT64_MAX);

    /* what does not fit is an error, not a negative number */
    assert_int_equal(bx_conn_query(f->conn, f->a, &rows, "SELECT 18446744073709551615 AS n", BX_NO_ARGS, &f->err),
                     BX_FAIL);
    assert_int_equal(f->err.code, BX_E_INTERNAL);
    assert_int_equal(rows.nrows, 0);
}

static void
test_blobs(void **state)
{
    char      all[256 + 44];
    bx_rows   rows;
    fixture  *f = *state;

    for (size_t i = 0; i < sizeof(all); i++) {
        all[i] = (char) i;
    }

    OK(bx_conn_exec(f->conn, NULL, "INSERT INTO thing (id, raw) VALUES (1, ?), (2, ?), (3, ?)",
                    BX_ARGS(bx_blob(all, sizeof(all)), bx_blob(NULL, 0), bx_blob(all, 128)), &f->err));
    OK(bx_conn_query(f->conn, f->a, &rows, "SELECT raw, LENGTH(raw), UNHEX('00ff') FROM thing ORDER BY id", BX_NO_ARGS,
                     &f->err));

    assert_int_equal(bx_cell(&rows, 0, 0)->kind, BX_V_BLOB);
    assert_int_equal(bx_cell(&rows, 0, 0)->len, sizeof(all));
    assert_memory_equal(bx_cell(&rows, 0, 0)->s, all, sizeof(all));
    assert_int_equal(bx_cell(&rows, 1, 0)->kind, BX_V_BLOB);  /* empty, not NULL */
    assert_int_equal(bx_cell(&rows, 1, 0)->len, 0);
    assert_int_equal(bx_cell(&rows, 2, 0)->len, 128);         /* just the first buffer */
    assert_memory_equal(bx_cell(&rows, 2, 0)->s, all, 128);
    assert_memory_equal(bx_cell(&rows, 0, 2)->s, "\0\xff", 2);

    OK(bx_conn_query(f->conn, f->a, &rows, "SELECT id FROM thing WHERE raw = ?", BX_ARGS(bx_blob(all, 128)), &f->err));
    assert_int_equal(rows.nrows, 1);
    assert_int_equal(bx_cell_int(&rows, 0, 0), 3);
}

static void
test_long_text(void **state)
{
    char           *text;
    bx_rows         rows;
    size_t          i;
    fixture        *f = *state;
    const size_t    sizes[] = { 0, 1, 127, 128, 129, 4096, 70000, 5000000 };
    const size_t    n = sizeof(sizes) / sizeof(sizes[0]);

    text = bx_alloc(f->a, sizes[n - 1] + 1);
    for (i = 0; i < sizes[n - 1]; i++) {
        text[i] = (char) ('a' + i % 26);
    }

    for (i = 0; i < n; i++) {
        OK(bx_conn_exec(f->conn, NULL, "INSERT INTO thing (id, body) VALUES (?, ?)",
                        BX_ARGS(bx_int((int64_t) i), bx_text(bx_strndup(f->a, text, sizes[i]))), &f->err));
    }

    OK(bx_conn_query(f->conn, f->a, &rows, "SELECT body, id FROM thing ORDER BY id", BX_NO_ARGS, &f->err));
    assert_int_equal(rows.nrows, n);
    for (i = 0; i < n; i++) {
        assert_int_equal(bx_cell(&rows, i, 0)->len, sizes[i]);
        assert_memory_equal(bx_cell_text(&rows, i, 0), text, sizes[i]);
        assert_int_equal(bx_cell_text(&rows, i, 0)[sizes[i]], '\0');
        assert_int_equal(bx_cell_int(&rows, i, 1), i);
    }
}

static void
test_many_rows_and_columns(void **state)
{
    bx_buf    sql;
    bx_rows   rows;
    fixture  *f = *state;

    OK(bx_conn_query(f->conn, f->a, &rows, "SELECT seq AS n, CONCAT('row ', seq) AS t FROM seq_1_to_5000", BX_NO_ARGS,
                     &f->err));
    assert_int_equal(rows.nrows, 5000);
    assert_int_equal(bx_cell_int(&rows, 4999, 0), 5000);
    assert_string_equal(bx_cell_text(&rows, 2999, 1), "row 3000");

    bx_buf_init(&sql, f->a);
    bx_buf_str(&sql, "SELECT 0");
    for (int i = 1; i < 200; i++) {
        bx_buf_printf(&sql, ", '%d'", i);
    }
    OK(bx_conn_query(f->conn, f->a, &rows, sql.data, BX_NO_ARGS, &f->err));
    assert_int_equal(rows.ncols, 200);
    assert_string_equal(bx_cell_text(&rows, 0, 199), "199");

    /* and a narrow one again */
    assert_int_equal(one_int(f, "SELECT 7"), 7);
}

/* ---- statements */

static void
test_affected(void **state)
{
    fixture   *f = *state;
    uint64_t   n = 99;

    add_thing(f, 1, "a");
    add_thing(f, 2, "b");

    OK(bx_conn_exec(f->conn, &n, "UPDATE thing SET small = ? WHERE id > ?", BX_ARGS(bx_int(5), bx_int(0)), &f->err));
    assert_int_equal(n, 2);
    OK(bx_conn_exec(f->conn, &n, "UPDATE thing SET small = ? WHERE id > ?", BX_ARGS(bx_int(5), bx_int(0)), &f->err));
    assert_int_equal(n, 2);                                   /* found, not changed */
    OK(bx_conn_exec(f->conn, &n, "UPDATE thing SET small = ? WHERE id > ?", BX_ARGS(bx_int(5), bx_int(9)), &f->err));
    assert_int_equal(n, 0);
    OK(bx_conn_exec(f->conn, &n, "DELETE FROM thing WHERE id = ?", BX_ARGS(bx_int(2)), &f->err));
    assert_int_equal(n, 1);
}

static void
test_argument_count(void **state)
{
    fixture  *f = *state;

    assert_int_equal(bx_conn_exec(f->conn, NULL, "DELETE FROM thing WHERE id = ?", BX_NO_ARGS, &f->err), BX_FAIL);
    assert_int_equal(f->err.code, BX_E_INTERNAL);
    assert_int_equal(f->err.db, 0);
    assert_int_equal(one_int(f, "SELECT 1"), 1);
}

static void
test_types_change(void **state)
{
    bx_rows           rows;
    fixture          *f = *state;
    static const char sql[] = "SELECT ? AS v";

    for (int i = 0; i < 3; i++) {
        OK(bx_conn_query(f->conn, f->a, &rows, sql, BX_ARGS(bx_int(-3)), &f->err));
        assert_int_equal(bx_cell_int(&rows, 0, 0), -3);
        OK(bx_conn_query(f->conn, f->a, &rows, sql, BX_ARGS(bx_text("三年级")), &f->err));
        assert_string_equal(bx_cell_text(&rows, 0, 0), "三年级");
        OK(bx_conn_query(f->conn, f->a, &rows, sql, BX_ARGS(bx_null()), &f->err));
        assert_int_equal(bx_cell(&rows, 0, 0)->kind, BX_V_NULL);
    }
}

static void
test_table_changes(void **state)
{
    bx_rows            rows;
    fixture           *f = *state;
    static const char  sql[] = "SELECT * FROM shape";

    OK(bx_conn_run(f->conn, "CREATE TABLE shape (a INT)", &f->err));
    OK(bx_conn_run(f->conn, "INSERT INTO shape VALUES (1)", &f->err));
    OK(bx_conn_query(f->conn, f->a, &rows, sql, BX_NO_ARGS, &f->err));
    assert_int_equal(rows.ncols, 1);
    assert_int_equal(bx_cell_int(&rows, 0, 0), 1);

    /* as many columns, of another type */
    OK(bx_conn_run(f->conn, "ALTER TABLE shape DROP a, ADD b VARCHAR(10) DEFAULT 'x'", &f->err));
    OK(bx_conn_query(f->conn, f->a, &rows, sql, BX_NO_ARGS, &f->err));
    assert_int_equal(rows.ncols, 1);
    assert_string_equal(bx_cell_text(&rows, 0, 0), "x");

    /* More columns than were prepared: Connector/C leaves the rows on the wire, so the connection must not be used
     * again. */
    OK(bx_conn_run(f->conn, "ALTER TABLE shape ADD c INT DEFAULT 9", &f->err));
    assert_int_equal(bx_conn_query(f->conn, f->a, &rows, sql, BX_NO_ARGS, &f->err), BX_FAIL);
    assert_true(bx_db_lost(&f->err));
    bx_db_give(f->db, f->conn);
    f->err = (bx_error) NO_ERROR;
    f->conn = bx_db_take(f->db, &f->err);
    OK(bx_conn_query(f->conn, f->a, &rows, sql, BX_NO_ARGS, &f->err));
    assert_int_equal(rows.ncols, 2);
    assert_int_equal(bx_cell_int(&rows, 0, 1), 9);
    OK(bx_conn_run(f->conn, "DROP TABLE shape", &f->err));
}

static void
test_errors(void **state)
{
    fixture  *f = *state;
    bx_rows   rows;

    add_thing(f, 1, "13800138000");
    assert_int_equal(bx_conn_exec(f->conn, NULL, "INSERT INTO thing (id, name) VALUES (?, ?)",
                                  BX_ARGS(bx_int(2), bx_text("13800138000")), &f->err), BX_FAIL);
    assert_true(bx_db_duplicate(&f->err));
    assert_false(bx_db_lost(&f->err));
    assert_false(bx_db_retry(&f->err));
    assert_int_equal(f->err.db, 1062);
    assert_int_equal(f->err.code, BX_E_CONFLICT);
    assert_non_null(strstr(f->err.text, "for key 'name'"));
    assert_null(strstr(f->err.text, "13800138000"));          /* values stay out of the log */

    f->err = (bx_error) NO_ERROR;
    assert_int_equal(bx_conn_query(f->conn, f->a, &rows, "SELECT nix FROM thing", BX_NO_ARGS, &f->err), BX_FAIL);
    assert_int_equal(f->err.db, 1054);
    assert_int_equal(f->err.code, BX_E_INTERNAL);
    assert_non_null(strstr(f->err.text, "nix"));

    /* the first error wins */
    assert_int_equal(bx_conn_query(f->conn, f->a, &rows, "SELECT 1 FROM nowhere", BX_NO_ARGS, &f->err), BX_FAIL);
    assert_int_equal(f->err.db, 1054);

    f->err = (bx_error) NO_ERROR;
    assert_int_equal(bx_conn_exec(f->conn, NULL, "INSERT INTO thing (id, small) VALUES (3, ?)",
                                  BX_ARGS(bx_text("张小明")), &f->err), BX_FAIL);
    assert_int_equal(f->err.code, BX_E_INTERNAL);
    assert_null(strstr(f->err.text, "张小明"));

    f->err = (bx_error) NO_ERROR;
    assert_int_equal(bx_conn_run(f->conn, "SELEC", &f->err), BX_FAIL);
    assert_int_equal(f->err.db, 1064);

    /* none of it hurt the connection */
    assert_int_equal(one_int(f, "SELECT COUNT(*) FROM thing"), 1);
}

static void
test_statement_time(void **state)
{
    bx_rows   rows;
    fixture  *f = *state;

    OK(bx_conn_run(f->conn, "SET SESSION max_statement_time = 0.05", &f->err));
    assert_int_equal(bx_conn_query(f->conn, f->a, &rows, "SELECT COUNT(*) FROM seq_1_to_100000 a, seq_1_to_100000 b"
                                                         " WHERE a.seq = b.seq * 3 + RAND()",
                                   BX_NO_ARGS, &f->err), BX_FAIL);
    assert_int_equal(f->err.db, 1969);
    assert_int_equal(f->err.code, BX_E_DATABASE);
    assert_false(bx_db_lost(&f->err));

    assert_int_equal(one_int(f, "SELECT 5"), 5);

    /* cut off among the rows: the next answer is the next statement's */
    f->err = (bx_error) NO_ERROR;
    assert_int_equal(bx_conn_query(f->conn, f->a, &rows, "SELECT seq, REPEAT('x', 1000) FROM seq_1_to_10000000",
                                   BX_NO_ARGS, &f->err), BX_FAIL);
    assert_int_equal(f->err.db, 1969);
    assert_int_equal(rows.nrows, 0);
    assert_int_equal(one_int(f, "SELECT 5"), 5);

    /* also in a compound statement, before and after its first result */
    f->err = (bx_error) NO_ERROR;
    assert_int_equal(bx_conn_query(f->conn, f->a, &rows,
                                   "BEGIN NOT ATOMIC SELECT seq, REPEAT('x', 1000) FROM seq_1_to_10000000;"
                                   " SELECT 2; END",
                                   BX_NO_ARGS, &f->err), BX_FAIL);
    assert_int_equal(f->err.db, 1969);
    assert_int_equal(one_int(f, "SELECT 6"), 6);
    f->err = (bx_error) NO_ERROR;
    assert_int_equal(bx_conn_query(f->conn, f->a, &rows,
                                   "BEGIN NOT ATOMIC SELECT 1; SELECT seq, REPEAT('x', 1000)"
                                   " FROM seq_1_to_10000000; END",
                                   BX_NO_ARGS, &f->err), BX_FAIL);
    assert_int_equal(f->err.db, 1969);
    assert_int_equal(one_int(f, "SELECT 7"), 7);
}

static void
test_lock_wait(void **state)
{
    bx_rows    rows;
    fixture   *f = *state;
    bx_conn   *other = bx_db_take(f->db, &f->err);

    add_thing(f, 1, "a");
    OK(bx_conn_run(other, "START TRANSACTION", &f->err));
    OK(bx_conn_exec(other, NULL, "UPDATE thing SET small = 1 WHERE id = 1", BX_NO_ARGS, &f->err));
    OK(bx_conn_run(f->conn, "SET SESSION innodb_lock_wait_timeout = 1", &f->err));

    assert_int_equal(bx_conn_query(f->conn, f->a, &rows, "SELECT id, name FROM thing WHERE id = 1 FOR UPDATE",
                                   BX_NO_ARGS, &f->err), BX_FAIL);
    assert_int_equal(f->err.db, 1205);
    assert_true(bx_db_retry(&f->err));
    assert_int_equal(f->err.code, BX_E_DATABASE);

    OK(bx_conn_run(other, "ROLLBACK", &f->err));
    bx_db_give(f->db, other);
    f->err = (bx_error) NO_ERROR;
    OK(bx_conn_query(f->conn, f->a, &rows, "SELECT id, name FROM thing WHERE id = 1 FOR UPDATE", BX_NO_ARGS, &f->err));
    assert_int_equal(rows.nrows, 1);
}

static void
test_least_recently_used(void **state)
{
    char          sql[64];
    int64_t       before;
    bx_db        *db;
    fixture      *f = *state;
    bx_conn      *own = f->conn;
    bx_db_config  conf = f->conf;

    conf.statements = 4;
    db = bx_db_create(&conf, &f->err);
    f->conn = bx_db_take(db, &f->err);
    assert_non_null(f->conn);

    before = one_int(f, "SELECT 1000");
    for (int i = 0; i < 50; i++) {
        snprintf(sql, sizeof(sql), "SELECT %d", i);
        assert_int_equal(one_int(f, sql), i);
        assert_int_equal(one_int(f, "SELECT 1000"), before);  /* in use all the time, so never given up */
    }

    assert_int_equal(f->conn->nslots, 4);
    /* 1 + 50 prepared, this one included: "SELECT 1000" only once */
    OK(bx_conn_run(f->conn, "CREATE TEMPORARY TABLE counts (n VARCHAR(64), v BIGINT)", &f->err));
    OK(bx_conn_run(f->conn, "INSERT INTO counts SELECT variable_name, variable_value"
                            " FROM information_schema.session_status"
                            " WHERE variable_name IN ('COM_STMT_PREPARE', 'COM_STMT_CLOSE')", &f->err));
    assert_int_equal(one_int(f, "SELECT v FROM counts WHERE n = 'COM_STMT_PREPARE'"), 51);
    assert_int_equal(one_int(f, "SELECT v FROM counts WHERE n = 'COM_STMT_CLOSE'"), 47);

    bx_db_give(db, f->conn);
    bx_db_destroy(db);
    f->conn = own;
}

/* A statement of many kilobytes was put together for one use: it takes nobody's place in the cache for long. */
static void
test_long_statement(void **state)
{
    bx_buf     sql;
    bx_rows    rows;
    fixture   *f = *state;
    unsigned   kept;

    assert_int_equal(one_int(f, "SELECT 1"), 1);
    kept = f->conn->nslots;

    bx_buf_init(&sql, f->a);
    bx_buf_str(&sql, "SELECT ? AS n");
    while (sql.len < 40000) {
        bx_buf_printf(&sql, ", 'text %zu'", sql.len);
    }
    for (int i = 0; i < 3; i++) {
        OK(bx_conn_query(f->conn, f->a, &rows, sql.data, BX_ARGS(bx_int(i)), &f->err));
        assert_int_equal(bx_cell_int(&rows, 0, 0), i);
        assert_int_equal(f->conn->nslots, kept);
    }
    assert_int_equal(one_int(f, "SELECT 1"), 1);
}

/* The server's limit on prepared statements: a connection gives up its own and goes on. */
static void
test_server_limit(void **state)
{
    char      sql[64];
    fixture  *f = *state;

    OK(bx_conn_run(f->conn, "SET GLOBAL max_prepared_stmt_count = 3", &f->err));
    for (int i = 0; i < 10; i++) {
        snprintf(sql, sizeof(sql), "SELECT %d", i);
        assert_int_equal(one_int(f, sql), i);
    }
    OK(bx_conn_run(f->conn, "SET GLOBAL max_prepared_stmt_count = 16382", &f->err));
}

/* What a server says when it cannot prepare a statement again by itself, raised here by a function that fails @fails
 * times. */
static void
test_prepared_again(void **state)
{
    bx_rows   rows;
    fixture  *f = *state;

    OK(bx_conn_run(f->conn, "CREATE FUNCTION stale(number INT) RETURNS INT BEGIN"
                            " IF @fails > 0 THEN SET @fails = @fails - 1;"
                            " SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = number; END IF;"
                            " RETURN 7; END", &f->err));

    OK(bx_conn_run(f->conn, "SET @fails = 2", &f->err));
    assert_int_equal(one_int(f, "SELECT stale(1615)"), 7);
    assert_int_equal(one_int(f, "SELECT stale(1615)"), 7);

    /* not for ever, and never what may be half done */
    OK(bx_conn_run(f->conn, "SET @fails = 1000", &f->err));
    assert_int_equal(bx_conn_query(f->conn, f->a, &rows, "SELECT stale(1615)", BX_NO_ARGS, &f->err), BX_FAIL);
    assert_int_equal(f->err.db, 1615);
    assert_true(bx_db_retry(&f->err));
    f->err = (bx_error) NO_ERROR;
    OK(bx_conn_run(f->conn, "SET @fails = 1", &f->err));
    assert_int_equal(bx_conn_query(f->conn, f->a, &rows, "BEGIN NOT ATOMIC SELECT stale(1615); END",
                                   BX_NO_ARGS, &f->err), BX_FAIL);
    assert_true(bx_db_retry(&f->err));
    assert_int_equal(one_int(f, "SELECT @fails"), 0);

    /* a server that does not know the statement is not the one that prepared it */
    f->err = (bx_error) NO_ERROR;
    OK(bx_conn_run(f->conn, "SET @fails = 1", &f->err));
    assert_int_equal(bx_conn_query(f->conn, f->a, &rows, "SELECT stale(1243)", BX_NO_ARGS, &f->err), BX_FAIL);
    assert_true(bx_db_lost(&f->err));
    assert_true(f->conn->broken);
}

/* ---- compound statements */

static const char  sql_compound[] =
    "BEGIN NOT ATOMIC"
    " DECLARE v_id BIGINT DEFAULT ?;"
    " DECLARE v_n INT;"
    " DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;"
    " START TRANSACTION;"
    " INSERT INTO thing (id, name) VALUES (v_id, ?);"
    " UPDATE thing SET small = ? WHERE id = v_id;"
    " UPDATE thing SET small = ? WHERE id = v_id;"
    " SET v_n = ROW_COUNT();"
    " COMMIT;"
    " SELECT v_id AS id, v_n AS n, (SELECT COUNT(*) FROM thing) AS things;"
    "END";

static void
test_compound(void **state)
{
    bx_rows   rows;
    fixture  *f = *state;
    char      name[16];

    for (int i = 1; i <= 4; i++) {
        snprintf(name, sizeof(name), "名 %d", i);
        OK(bx_conn_query(f->conn, f->a, &rows, sql_compound, BX_ARGS(bx_int(i), bx_text(name), bx_int(1), bx_int(1)),
                         &f->err));
        assert_int_equal(rows.nrows, 1);
        assert_int_equal(rows.ncols, 3);
        assert_string_equal(rows.names[1], "n");
        assert_int_equal(bx_cell_int(&rows, 0, 0), i);
        assert_int_equal(bx_cell_int(&rows, 0, 1), 1);        /* ROW_COUNT() counts rows found, as affected does */
        assert_int_equal(bx_cell_int(&rows, 0, 2), i);
        assert_false(bx_conn_in_transaction(f->conn));
        assert_int_equal(one_int(f, "SELECT COUNT(*) FROM thing"), i);
    }

    /* its result is not wanted */
    OK(bx_conn_exec(f->conn, NULL, sql_compound, BX_ARGS(bx_int(9), bx_text("n"), bx_int(1), bx_int(1)), &f->err));
    assert_int_equal(one_int(f, "SELECT COUNT(*) FROM thing"), 5);
}

static void
test_compound_fails(void **state)
{
    bx_rows   rows;
    fixture  *f = *state;

    add_thing(f, 1, "taken");
    assert_int_equal(bx_conn_query(f->conn, f->a, &rows, sql_compound,
                                   BX_ARGS(bx_int(2), bx_text("taken"), bx_int(1), bx_int(1)), &f->err), BX_FAIL);
    assert_true(bx_db_duplicate(&f->err));
    assert_false(f->conn->broken);
    assert_false(bx_conn_in_transaction(f->conn));
    assert_int_equal(one_int(f, "SELECT COUNT(*) FROM thing"), 1);

    /* fails after its first statement: nothing of it stays */
    f->err = (bx_error) NO_ERROR;
    assert_int_equal(bx_conn_query(f->conn, f->a, &rows, sql_compound,
                                   BX_ARGS(bx_int(2), bx_text("b"), bx_int(1), bx_int(1000)), &f->err), BX_FAIL);
    assert_int_equal(f->err.db, 1264);
    assert_int_equal(one_int(f, "SELECT COUNT(*) FROM thing"), 1);

    f->err = (bx_error) NO_ERROR;
    OK(bx_conn_query(f->conn, f->a, &rows, sql_compound, BX_ARGS(bx_int(2), bx_text("b"), bx_int(1), bx_int(2)),
                     &f->err));
    assert_int_equal(bx_cell_int(&rows, 0, 2), 2);
}

static void
test_compound_results(void **state)
{
    bx_rows            rows;
    fixture           *f = *state;
    static const char  several[] = "BEGIN NOT ATOMIC SELECT ? AS first; SELECT seq, 'x' AS x FROM seq_1_to_1000;"
                                   " SELECT 3; END";
    static const char  maybe[] = "BEGIN NOT ATOMIC IF ? = 1 THEN SELECT 'yes' AS answer;"
                                 " ELSE UPDATE thing SET small = 1; END IF; END";
    static const char  wide[] = "BEGIN NOT ATOMIC IF ? = 1 THEN SELECT 1 AS a, 'b' AS b;"
                                " ELSE SELECT 'x' AS x, 2 AS y, 3 AS z; END IF; END";
    static const char  late[] = "BEGIN NOT ATOMIC SELECT 1 AS n; SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'late';"
                                " END";

    for (int i = 0; i < 3; i++) {
        OK(bx_conn_query(f->conn, f->a, &rows, several, BX_ARGS(bx_text("erste")), &f->err));
        assert_int_equal(rows.nrows, 1);
        assert_string_equal(bx_cell_text(&rows, 0, 0), "erste");
        OK(bx_conn_exec(f->conn, NULL, several, BX_ARGS(bx_text("erste")), &f->err));
    }

    /* the same statement with and without a result */
    add_thing(f, 1, "a");
    for (int i = 0; i < 3; i++) {
        OK(bx_conn_query(f->conn, f->a, &rows, maybe, BX_ARGS(bx_int(1)), &f->err));
        assert_int_equal(rows.nrows, 1);
        assert_string_equal(bx_cell_text(&rows, 0, 0), "yes");
        OK(bx_conn_query(f->conn, f->a, &rows, maybe, BX_ARGS(bx_int(0)), &f->err));
        assert_int_equal(rows.nrows, 0);
        assert_int_equal(rows.ncols, 0);
        assert_int_equal(one_int(f, "SELECT 1"), 1);
    }

    /* the same statement with different results */
    for (int i = 0; i < 3; i++) {
        OK(bx_conn_query(f->conn, f->a, &rows, wide, BX_ARGS(bx_int(1)), &f->err));
        assert_int_equal(rows.ncols, 2);
        assert_string_equal(bx_cell_text(&rows, 0, 1), "b");
        OK(bx_conn_query(f->conn, f->a, &rows, wide, BX_ARGS(bx_int(0)), &f->err));
        assert_int_equal(rows.ncols, 3);
        assert_string_equal(bx_cell_text(&rows, 0, 0), "x");
        assert_int_equal(bx_cell_int(&rows, 0, 2), 3);
    }

    /* an error behind a result is an error */
    assert_int_equal(bx_conn_query(f->conn, f->a, &rows, late, BX_NO_ARGS, &f->err), BX_FAIL);
    assert_int_equal(f->err.db, 1644);
    assert_int_equal(rows.nrows, 0);
}

/* ---- transactions */

typedef struct {
    fixture   *f;
    bx_rc      rc;
    bx_error   err;
} waiting;

static void *
update_second_row(void *arg)
{
    waiting  *w = arg;
    bx_conn  *conn = bx_db_take(w->f->db, &w->err);

    w->rc = bx_conn_run(conn, "START TRANSACTION", &w->err);
    if (w->rc == BX_OK) {
        w->rc = bx_conn_exec(conn, NULL, "UPDATE thing SET small = 2 WHERE id = 2", BX_NO_ARGS, &w->err);
    }
    if (w->rc == BX_OK) {
        w->rc = bx_conn_exec(conn, NULL, "UPDATE thing SET small = 2 WHERE id = 1", BX_NO_ARGS, &w->err);
    }
    bx_conn_run(conn, w->rc == BX_OK ? "COMMIT" : "ROLLBACK", NULL);
    bx_db_give(w->f->db, conn);

    return NULL;
}

static void
test_deadlock(void **state)
{
    bx_rc            rc;
    fixture         *f = *state;
    waiting          w = { f, BX_OK, NO_ERROR };
    pthread_t        thread;
    struct timespec  pause = { 0, 10000000 };

    add_thing(f, 1, "a");
    add_thing(f, 2, "b");
    OK(bx_conn_run(f->conn, "START TRANSACTION", &f->err));
    OK(bx_conn_exec(f->conn, NULL, "UPDATE thing SET small = 1 WHERE id = 1", BX_NO_ARGS, &f->err));
    assert_true(bx_conn_in_transaction(f->conn));

    assert_int_equal(pthread_create(&thread, NULL, update_second_row, &w), 0);
    for (int i = 0; i < 500 && one_int(f, "SELECT COUNT(*) FROM information_schema.innodb_lock_waits") == 0; i++) {
        nanosleep(&pause, NULL);
    }

    rc = bx_conn_exec(f->conn, NULL, "UPDATE thing SET small = 1 WHERE id = 2", BX_NO_ARGS, &f->err);
    bx_conn_run(f->conn, rc == BX_OK ? "COMMIT" : "ROLLBACK", NULL);
    pthread_join(thread, NULL);

    /* one of the two is the victim */
    assert_int_not_equal(rc, w.rc);
    assert_true(bx_db_retry(rc == BX_OK ? &w.err : &f->err));
    assert_int_equal(rc == BX_OK ? w.err.code : f->err.code, BX_E_DATABASE);
    assert_false(bx_db_lost(rc == BX_OK ? &w.err : &f->err));
}

static void
test_given_in_transaction(void **state)
{
    fixture  *f = *state;

    OK(bx_conn_run(f->conn, "START TRANSACTION", &f->err));
    add_thing(f, 1, "never committed");
    bx_db_give(f->db, f->conn);

    f->conn = bx_db_take(f->db, &f->err);
    assert_non_null(f->conn);
    assert_false(bx_conn_in_transaction(f->conn));
    assert_int_equal(one_int(f, "SELECT COUNT(*) FROM thing"), 0);
}

/* ---- lost connections */

static void
kill_connection(fixture *f, bx_conn *victim)
{
    char      sql[64];
    bx_conn  *killer = bx_db_take(f->db, &f->err);

    assert_non_null(killer);
    snprintf(sql, sizeof(sql), "KILL %lu", mysql_thread_id(victim->mysql));
    OK(bx_conn_run(killer, sql, &f->err));
    bx_db_give(f->db, killer);
}

static void
test_killed(void **state)
{
    bx_rows   rows;
    fixture  *f = *state;

    assert_int_equal(one_int(f, "SELECT 1"), 1);
    kill_connection(f, f->conn);

    assert_int_equal(bx_conn_query(f->conn, f->a, &rows, "SELECT 1", BX_NO_ARGS, &f->err), BX_FAIL);
    assert_true(bx_db_lost(&f->err));
    assert_false(bx_db_retry(&f->err));
    assert_int_equal(f->err.code, BX_E_DATABASE);
    assert_int_equal(bx_err_status(f->err.code), 503);

    /* it stays lost, and says so */
    f->err = (bx_error) NO_ERROR;
    assert_int_equal(bx_conn_exec(f->conn, NULL, "DELETE FROM thing", BX_NO_ARGS, &f->err), BX_FAIL);
    assert_true(bx_db_lost(&f->err));
    f->err = (bx_error) NO_ERROR;
    assert_int_equal(bx_conn_run(f->conn, "COMMIT", &f->err), BX_FAIL);
    assert_true(bx_db_lost(&f->err));

    bx_db_give(f->db, f->conn);
    f->err = (bx_error) NO_ERROR;
    f->conn = bx_db_take(f->db, &f->err);
    assert_non_null(f->conn);
    assert_int_equal(one_int(f, "SELECT 1"), 1);
}

/* Killed while a statement runs, and while others lie idle: one failure, then everything works. */
static void
test_restart(void **state)
{
    bx_conn  *more[5];
    bx_rows   rows;
    fixture  *f = *state;

    add_thing(f, 1, "kept");
    for (int i = 0; i < 5; i++) {
        more[i] = bx_db_take(f->db, &f->err);
        assert_non_null(more[i]);
    }
    for (int i = 0; i < 5; i++) {
        bx_db_give(f->db, more[i]);
    }

    test_mariadb_stop();

    assert_int_equal(bx_conn_query(f->conn, f->a, &rows, "SELECT 1", BX_NO_ARGS, &f->err), BX_FAIL);
    assert_true(bx_db_lost(&f->err));
    bx_db_give(f->db, f->conn);

    f->err = (bx_error) NO_ERROR;
    f->conn = bx_db_take(f->db, &f->err);
    assert_null(f->conn);
    assert_true(bx_db_lost(&f->err));
    assert_int_equal(f->err.code, BX_E_DATABASE);

    test_mariadb_start();

    f->err = (bx_error) NO_ERROR;
    f->conn = bx_db_take(f->db, &f->err);
    assert_non_null(f->conn);
    assert_string_equal(one_text(f, "SELECT name FROM thing WHERE id = 1"), "kept");
}

static void
test_stale_idle(void **state)
{
    bx_conn  *idle[3];
    fixture  *f = *state;

    for (int i = 0; i < 3; i++) {
        idle[i] = bx_db_take(f->db, &f->err);
    }
    for (int i = 0; i < 3; i++) {
        bx_db_give(f->db, idle[i]);
    }

    test_mariadb_stop();
    test_mariadb_start();

    /* one is found to be lost; the rest are asked before they are handed out */
    assert_false(bx_conn_run(f->conn, "DO 1", &f->err) == BX_OK);
    assert_true(bx_db_lost(&f->err));
    bx_db_give(f->db, f->conn);

    f->err = (bx_error) NO_ERROR;
    for (int i = 0; i < 3; i++) {
        idle[i] = bx_db_take(f->db, &f->err);
        assert_non_null(idle[i]);
        OK(bx_conn_run(idle[i], "DO 1", &f->err));
    }
    for (int i = 0; i < 3; i++) {
        bx_db_give(f->db, idle[i]);
    }
    f->conn = bx_db_take(f->db, &f->err);
}

static void
test_broken_is_closed(void **state)
{
    fixture        *f = *state;
    unsigned long   id = mysql_thread_id(f->conn->mysql);

    bx_db_give(f->db, f->conn);
    f->conn = bx_db_take(f->db, &f->err);
    assert_int_equal(mysql_thread_id(f->conn->mysql), id);    /* the same one again */

    bx_conn_break(f->conn);
    bx_db_give(f->db, f->conn);
    f->conn = bx_db_take(f->db, &f->err);
    assert_int_not_equal(mysql_thread_id(f->conn->mysql), id);
}

static void
test_no_server(void **state)
{
    bx_db        *db;
    fixture      *f = *state;
    bx_db_config  conf = f->conf;

    conf.socket = "/tmp/baoxue-unit-no-such-socket";
    db = bx_db_create(&conf, &f->err);
    assert_non_null(db);                                      /* opens nothing yet */
    assert_null(bx_db_take(db, &f->err));
    assert_int_equal(f->err.db, 2002);
    assert_true(bx_db_lost(&f->err));
    bx_db_destroy(db);

    conf = f->conf;
    conf.database = "nowhere";
    f->err = (bx_error) NO_ERROR;
    db = bx_db_create(&conf, &f->err);
    assert_null(bx_db_take(db, &f->err));
    assert_int_equal(f->err.db, 1049);
    assert_int_equal(f->err.code, BX_E_DATABASE);
    bx_db_destroy(db);
}

static void
test_stats(void **state)
{
    fixture     *f = *state;
    bx_db_stats  stats;

    bx_db_give(f->db, f->conn);
    f->conn = bx_db_take(f->db, &f->err);
    bx_conn_stats(f->conn, &stats);
    assert_int_equal(stats.statements, 0);

    one_int(f, "SELECT SLEEP(0.02)");
    OK(bx_conn_run(f->conn, "DO 1", &f->err));
    bx_conn_stats(f->conn, &stats);
    assert_int_equal(stats.statements, 2);
    assert_true(stats.nanoseconds > 20000000 && stats.nanoseconds < 5000000000);
}

/* ---- threads */

#define THREADS  16
#define ROUNDS   60

static atomic_int  wrong;

/* Takes, writes, reads, gives, as requests do; every tenth round the connection is broken. */
static void *
hammer(void *arg)
{
    bx_db      *db = ((fixture *) arg)->db;
    bx_conn    *conn;
    bx_rows     rows;
    bx_arena   *a;
    bx_error    err;
    uint64_t    n;
    int64_t     id;

    for (int i = 0; i < ROUNDS; i++) {
        err = (bx_error) NO_ERROR;
        a = bx_arena_create(0);
        conn = bx_db_take(db, &err);
        id = bx_id_new();

        if (conn == NULL
            || bx_conn_exec(conn, &n, "INSERT INTO thing (id, body) VALUES (?, ?)",
                            BX_ARGS(bx_int(id), bx_text(bx_sprintf(a, "%jd", (intmax_t) id))), &err) != BX_OK
            || n != 1
            || bx_conn_query(conn, a, &rows, "SELECT body FROM thing WHERE id = ?", BX_ARGS(bx_int(id)), &err) != BX_OK
            || rows.nrows != 1 || bx_cell_int(&rows, 0, 0) != id)
        {
            fprintf(stderr, "hammer: %s\n", err.text);
            atomic_fetch_add(&wrong, 1);
        }

        if (conn != NULL && i % 10 == 9) {
            bx_conn_break(conn);
        }
        bx_db_give(db, conn);
        bx_arena_destroy(a);
    }

    return NULL;
}

static void
test_threads(void **state)
{
    fixture    *f = *state;
    pthread_t   threads[THREADS];

    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, hammer, f), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }

    assert_int_equal(wrong, 0);
    assert_int_equal(one_int(f, "SELECT COUNT(*) FROM thing"), THREADS * ROUNDS);
}

/* Threads that ended leave their connections to others, and nothing of the library behind them. */
static void *
take_and_end(void *arg)
{
    fixture   *f = arg;
    bx_error   err = NO_ERROR;
    bx_conn   *conn = bx_db_take(f->db, &err);

    if (conn == NULL || bx_conn_run(conn, "DO 1", &err) != BX_OK) {
        atomic_fetch_add(&wrong, 1);
    }
    bx_db_give(f->db, conn);

    return NULL;
}

static void
test_threads_end(void **state)
{
    fixture    *f = *state;
    pthread_t   thread;
    int64_t     before;

    before = one_int(f, "SELECT COUNT(*) FROM information_schema.processlist WHERE db = DATABASE()");
    for (int i = 0; i < 40; i++) {
        assert_int_equal(pthread_create(&thread, NULL, take_and_end, f), 0);
        pthread_join(thread, NULL);
    }

    assert_int_equal(wrong, 0);
    assert_int_equal(one_int(f, "SELECT COUNT(*) FROM information_schema.processlist WHERE db = DATABASE()"),
                     before + 1);
}

int
main(void)
{
#define T(name)  cmocka_unit_test_setup_teardown(test_##name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(session), T(nulls), T(no_rows), T(unicode), T(kinds), T(bigints), T(blobs), T(long_text),
        T(many_rows_and_columns), T(affected), T(argument_count), T(types_change), T(table_changes), T(errors),
        T(statement_time), T(lock_wait), T(least_recently_used), T(long_statement), T(server_limit), T(prepared_again),
        T(compound), T(compound_fails), T(compound_results), T(deadlock), T(given_in_transaction), T(killed),
        T(restart), T(stale_idle), T(broken_is_closed), T(no_server), T(stats), T(threads), T(threads_end),
    };

    return cmocka_run_group_tests(tests, set_up_all, tear_down_all);
}
