/*
 * test_db.c: sessions, values and prepared statements against a real MariaDB. What happens to a connection is
 * test_db_conn.c.
 */
#include "db_fixture.h"

#include <stdio.h>
#include <string.h>

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

int
main(void)
{
    const struct CMUnitTest tests[] = {
        T(session), T(nulls), T(no_rows), T(unicode), T(kinds), T(bigints), T(blobs), T(long_text),
        T(many_rows_and_columns), T(affected), T(argument_count), T(types_change), T(table_changes),
        T(errors), T(statement_time), T(lock_wait), T(least_recently_used), T(long_statement),
        T(server_limit), T(prepared_again),
    };

    return cmocka_run_group_tests(tests, set_up_all, tear_down_all);
}
