/*
 * test_db_conn.c: compound statements and transactions, connections that are lost, and threads that share a pool, against a
 * real MariaDB.
 */
#include "db_fixture.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

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
    const struct CMUnitTest tests[] = {
        T(compound), T(compound_fails), T(compound_results), T(deadlock), T(given_in_transaction), T(killed),
        T(restart), T(stale_idle), T(broken_is_closed), T(no_server), T(stats), T(threads), T(threads_end),
    };

    return cmocka_run_group_tests(tests, set_up_all, tear_down_all);
}
