/*
 * test_migrate.c: splitting of schema files; applying, restarting, refusing and dry runs against a real MariaDB.
 */
#include "core/core.h"
#include "db/conn.h"
#include "db/migrate.h"
#include "mariadb.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define NO_ERROR  { BX_E_NONE, 0, "" }

typedef struct {
    bx_db     *db;
    bx_conn   *conn;
    bx_arena  *a;
    bx_error   err;
    char       dir[128];
    bx_buf     said;
} fixture;

/* ---- splitting */

static void
split(const char *text, size_t wanted, const char *const *statements)
{
    char      **list;
    size_t      n;
    bx_arena   *a = bx_arena_create(0);

    assert_int_equal(bx_migrate_split(a, text, &list, &n), BX_OK);
    assert_int_equal(n, wanted);
    for (size_t i = 0; i < n; i++) {
        assert_string_equal(list[i], statements[i]);
    }

    bx_arena_destroy(a);
}

#define SPLIT(text, ...) \
    split(text, sizeof((const char *[]) { __VA_ARGS__ }) / sizeof(char *), (const char *[]) { __VA_ARGS__ })

static void
test_split(void **state)
{
    (void) state;

    split("", 0, NULL);
    split("-- nothing; here;\n\n/* nor; \n here; */\n# nor here;\n", 0, NULL);
    SPLIT("A;\nB;", "A", "B");
    SPLIT("A;\r\nB;\r\n", "A", "B");
    SPLIT("A;   \n\tB\n  C;\n\n", "A", "B\n  C");
    SPLIT("A; B;\n", "A; B");                                 /* only at the end of a line */
    SPLIT("A; -- why\nB; # why\nC;\n", "A", "B", "C");
    SPLIT("-- header;\nA;\n-- foot;\n", "A");
    SPLIT("A -- it's;\n, b;\nC;\n", "A -- it's;\n, b", "C");
    SPLIT("A /* ;\n */ b;\n", "A /* ;\n */ b");
    SPLIT("/*! A */;\nB;\n", "/*! A */", "B");                /* the server runs this one */
    SPLIT("A 'x;\ny';\nB;\n", "A 'x;\ny'", "B");
    SPLIT("A 'it''s;\n';\nB;\n", "A 'it''s;\n'", "B");
    SPLIT("A 'it\\'s;\n';\nB;\n", "A 'it\\'s;\n'", "B");
    SPLIT("A \"x;\n\" `y;\n`;\nB;\n", "A \"x;\n\" `y;\n`", "B");
    SPLIT("A `\\`;\nB;\n", "A `\\`", "B");                    /* no escapes in names */
    SPLIT("A '-- no comment;\n /* nor this';\nB;\n", "A '-- no comment;\n /* nor this'", "B");
    SPLIT("SELECT 5--2;\nB;\n", "SELECT 5--2", "B");
    SPLIT("学 '校;\n';\n", "学 '校;\n'");
    SPLIT(";\nA;\n", "", "A");
}

static void
test_split_refuses(void **state)
{
    char       **list;
    size_t       n;
    bx_arena    *a = bx_arena_create(0);
    const char  *bad[] = { "A", "A;\nB", "A 'x;\n", "A \"x;\n", "A `x;\n", "A /* x;\n", "A;\n/* x", "A 'x\\", "A; B" };

    (void) state;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(bx_migrate_split(a, bad[i], &list, &n), BX_FAIL);
    }

    bx_arena_destroy(a);
}

/* ---- with a database */

static int
set_up(void **state)
{
    static int     n;
    fixture       *f = calloc(1, sizeof(fixture));
    bx_db_config   conf = test_mariadb();

    f->a = bx_arena_create(0);
    f->db = bx_db_create(&conf, &f->err);
    f->conn = bx_db_take(f->db, &f->err);
    bx_buf_init(&f->said, f->a);
    snprintf(f->dir, sizeof(f->dir), "%s/schema%d", test_mariadb_dir(), n++);
    *state = f;

    return f->conn == NULL ? -1 : mkdir(f->dir, 0700);
}

static int
tear_down(void **state)
{
    fixture  *f = *state;

    bx_db_give(f->db, f->conn);
    bx_db_destroy(f->db);
    bx_arena_destroy(f->a);
    free(f);

    return 0;
}

static void
put(fixture *f, const char *name, const char *text)
{
    FILE  *out = fopen(bx_sprintf(f->a, "%s/%s", f->dir, name), "w");

    assert_non_null(out);
    assert_true(fputs(text, out) >= 0);
    assert_int_equal(fclose(out), 0);
}

static void
say(void *ctx, const char *line)
{
    bx_buf_printf(ctx, "%s\n", line);
}

static bx_rc
migrate(fixture *f, bool dry, unsigned *applied)
{
    bx_rc            rc;
    bx_migrate_opts  opts = { .dry_run = dry, .say = say, .ctx = &f->said, .applied = 99 };

    f->err = (bx_error) NO_ERROR;
    bx_buf_init(&f->said, f->a);
    rc = bx_migrate(f->db, f->dir, &opts, &f->err);
    *applied = opts.applied;

    return rc;
}

static void
migrates(fixture *f, unsigned wanted)
{
    unsigned  applied;

    if (migrate(f, false, &applied) != BX_OK) {
        fail_msg("%s", f->err.text);
    }
    assert_int_equal(applied, wanted);
}

static void
refuses(fixture *f, const char *word)
{
    unsigned  applied;

    assert_int_equal(migrate(f, false, &applied), BX_FAIL);
    if (strstr(f->err.text, word) == NULL) {
        fail_msg("\"%s\" is not in \"%s\"", word, f->err.text);
    }
}

static int64_t
one_int(fixture *f, const char *sql)
{
    bx_rows   rows;
    bx_error  err = NO_ERROR;

    if (bx_conn_query(f->conn, f->a, &rows, sql, BX_NO_ARGS, &err) != BX_OK || rows.nrows != 1) {
        fail_msg("%s: %s", sql, err.text);
    }

    return bx_cell_int(&rows, 0, 0);
}

static int
newest(fixture *f)
{
    int       n = -1;
    bx_error  err = NO_ERROR;

    assert_int_equal(bx_migrate_current(f->conn, f->a, NULL, &n, &err), BX_OK);

    return n;
}

static const char  first[] = "-- one;\nCREATE TABLE a (id INT PRIMARY KEY);\nINSERT INTO a VALUES (1),\n (2);\n";
static const char  second[] = "CREATE TABLE b (id INT PRIMARY KEY, t VARCHAR(20) COMMENT 'x;\n');\n";

static void
test_apply(void **state)
{
    fixture  *f = *state;
    bx_rows   rows;

    assert_int_equal(newest(f), 0);

    put(f, "0001_first.sql", first);
    put(f, "README", "not a schema file");
    bx_clock_set_offset(28800);
    migrates(f, 1);
    assert_string_equal(f->said.data, "0001_first: applied (2 of 2 statements)\n");
    assert_int_equal(newest(f), 1);
    assert_int_equal(one_int(f, "SELECT COUNT(*) FROM a"), 2);

    put(f, "0002_second.sql", second);
    migrates(f, 1);
    assert_string_equal(f->said.data, "0001_first: applied before\n0002_second: applied (1 of 1 statements)\n");
    assert_int_equal(newest(f), 2);

    migrates(f, 0);
    assert_int_equal(one_int(f, "SELECT COUNT(*) FROM a"), 2);

    assert_int_equal(bx_conn_query(f->conn, f->a, &rows, "SELECT name, done, doing, applied_at, HEX(checksum)"
                                   " FROM schema_migration"
                                   " WHERE number = 1", BX_NO_ARGS, &f->err), BX_OK);
    assert_string_equal(bx_cell_text(&rows, 0, 0), "0001_first");
    assert_int_equal(bx_cell_int(&rows, 0, 1), 2);
    assert_int_equal(bx_cell_int(&rows, 0, 2), 0);
    assert_in_range(bx_time_parse_sql(bx_cell_text(&rows, 0, 3)), bx_now() - 300, bx_now());
    assert_string_equal(bx_cell_text(&rows, 0, 4), "C15ACCF631771284034B006BB78439476246142B2E1831EEEAC2B95F824DEF8D");
}

static void
test_dry_run(void **state)
{
    fixture   *f = *state;
    unsigned   applied;

    put(f, "0001_first.sql", first);
    assert_int_equal(migrate(f, true, &applied), BX_OK);
    assert_int_equal(applied, 1);
    assert_string_equal(f->said.data, "0001_first: would be applied (2 of 2 statements)\n");
    assert_int_equal(one_int(f, "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE()"), 0);

    migrates(f, 1);
    put(f, "0002_second.sql", second);
    assert_int_equal(migrate(f, true, &applied), BX_OK);
    assert_int_equal(applied, 1);
    assert_int_equal(newest(f), 1);
    assert_int_equal(one_int(f, "SELECT COUNT(*) FROM information_schema.tables"
                                " WHERE table_name = 'b' AND table_schema = DATABASE()"), 0);
}

static void
test_without_options(void **state)
{
    fixture  *f = *state;

    put(f, "0001_first.sql", first);
    assert_int_equal(bx_migrate(f->db, f->dir, NULL, &f->err), BX_OK);
    assert_int_equal(newest(f), 1);
}

static void
test_refuses(void **state)
{
    fixture  *f = *state;

    refuses(f, f->dir);                                       /* empty */

    put(f, "0001_first.sql", first);
    put(f, "0003_third.sql", second);
    refuses(f, "\"0003_third.sql\" is out of order: number 0002 is expected");
    assert_int_equal(newest(f), 0);                           /* before anything was done */

    put(f, "0002_b.sql", second);
    put(f, "0002_c.sql", second);
    refuses(f, "0002_c.sql");
    unlink(bx_sprintf(f->a, "%s/0002_c.sql", f->dir));
    unlink(bx_sprintf(f->a, "%s/0003_third.sql", f->dir));

    put(f, "3_odd.sql", second);
    refuses(f, "\"3_odd.sql\" is not named");
    unlink(bx_sprintf(f->a, "%s/3_odd.sql", f->dir));

    put(f, "0003_cut.sql", "CREATE TABLE c (id INT)");
    refuses(f, "\"0003_cut.sql\" ends inside");
    unlink(bx_sprintf(f->a, "%s/0003_cut.sql", f->dir));

    migrates(f, 2);
}

static void
test_changed(void **state)
{
    fixture  *f = *state;

    put(f, "0001_first.sql", first);
    put(f, "0002_second.sql", second);
    migrates(f, 2);

    put(f, "0001_first.sql", bx_sprintf(f->a, "%s-- improved\n", first));
    refuses(f, "\"0001_first\" was changed after it was applied");
    put(f, "0001_first.sql", first);
    migrates(f, 0);

    assert_int_equal(rename(bx_sprintf(f->a, "%s/0002_second.sql", f->dir),
                            bx_sprintf(f->a, "%s/0002_other.sql", f->dir)), 0);
    refuses(f, "\"0002_other\" was applied as \"0002_second\"");

    unlink(bx_sprintf(f->a, "%s/0002_other.sql", f->dir));
    refuses(f, "\"0002_second\" was applied but is not here");
}

static void
test_failing_statement(void **state)
{
    fixture    *f = *state;
    const char *good = "CREATE TABLE c (id INT PRIMARY KEY);\nINSERT INTO c VALUES (1);\nINSERT INTO c VALUES (2);\n";

    put(f, "0001_first.sql", first);
    put(f, "0002_c.sql", "CREATE TABLE c (id INT PRIMARY KEY);\nINSERT INTO c VALUES (1);\n"
                         "INSERT INTO c VALUES (2), (1);\n");
    refuses(f, "statement 3 of schema file \"0002_c\"");
    assert_int_equal(f->err.db, 1062);
    assert_int_equal(newest(f), 1);
    assert_int_equal(one_int(f, "SELECT done FROM schema_migration WHERE number = 2"), 2);
    assert_int_equal(one_int(f, "SELECT doing FROM schema_migration WHERE number = 2"), 0);
    assert_int_equal(one_int(f, "SELECT COUNT(*) FROM c"), 1);

    /* a table of that name that was there before is no success, the first time or later */
    put(f, "0002_c.sql", good);
    refuses(f, "was changed");
    assert_int_equal(bx_conn_run(f->conn, "DELETE FROM schema_migration WHERE number = 2", &(bx_error) NO_ERROR),
                     BX_OK);
    refuses(f, "statement 1 of schema file \"0002_c\"");
    refuses(f, "statement 1 of schema file \"0002_c\"");
    assert_int_equal(f->err.db, 1050);

    assert_int_equal(bx_conn_run(f->conn, "DROP TABLE c", &(bx_error) NO_ERROR), BX_OK);
    migrates(f, 1);
    assert_int_equal(one_int(f, "SELECT COUNT(*) FROM c"), 2);
}

/* As a run leaves it that was killed after the server had done statement `doing` and before that was recorded. */
static void
test_killed_at_create(void **state)
{
    fixture  *f = *state;

    put(f, "0001_first.sql", first);
    migrates(f, 1);
    assert_int_equal(bx_conn_run(f->conn, "DELETE FROM a", &f->err), BX_OK);
    assert_int_equal(bx_conn_run(f->conn, "UPDATE schema_migration SET done = 0, doing = 1, applied_at = NULL"
                                          " WHERE number = 1", &f->err), BX_OK);
    assert_int_equal(newest(f), 0);

    migrates(f, 1);
    assert_int_equal(one_int(f, "SELECT COUNT(*) FROM a"), 2);
    assert_int_equal(newest(f), 1);
}

/* Really killed, at a moment that differs from round to round, until a round gets through. */
static void
test_killed_anywhere(void **state)
{
    int       status, rounds = 0;
    bx_buf    sql;
    pid_t     pid;
    fixture  *f = *state;

    bx_buf_init(&sql, f->a);
    bx_buf_str(&sql, "CREATE TABLE rows_done (id INT PRIMARY KEY);\n");
    for (int i = 0; i < 40; i++) {
        bx_buf_printf(&sql, "CREATE TABLE t%d (id INT PRIMARY KEY);\nINSERT INTO rows_done VALUES (%d);\n"
                            "ALTER TABLE t%d ADD c INT, ADD KEY c (c);\nINSERT INTO t%d VALUES (1, 1);\n", i, i, i, i);
    }
    put(f, "0001_many.sql", sql.data);

    do {
        assert_true(++rounds < 500);
        pid = fork();
        if (pid == 0) {
            _exit(bx_migrate(f->db, f->dir, NULL, NULL) == BX_OK ? 0 : 1);
        }
        usleep((useconds_t) (20000 + rounds * 7000 % 60000 + rounds * 500));
        kill(pid, SIGKILL);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_false(WIFEXITED(status) && WEXITSTATUS(status) != 0);
    } while (WIFSIGNALED(status));

    print_message("%d rounds\n", rounds);
    assert_true(rounds > 1);
    assert_int_equal(newest(f), 1);
    assert_int_equal(one_int(f, "SELECT COUNT(*) FROM rows_done"), 40);
    for (int i = 0; i < 40; i++) {
        assert_int_equal(one_int(f, bx_sprintf(f->a, "SELECT SUM(c) FROM t%d", i)), 1);
    }
}

/* Two nodes started together take turns. */
static void *
migrate_in_thread(void *arg)
{
    fixture   *f = arg;
    bx_error   err = NO_ERROR;

    if (bx_migrate(f->db, f->dir, NULL, &err) != BX_OK) {
        fprintf(stderr, "%s\n", err.text);
        return arg;
    }

    return NULL;
}

static void
test_together(void **state)
{
    void       *failed;
    fixture    *f = *state;
    pthread_t   threads[4];

    put(f, "0001_first.sql", first);
    put(f, "0002_second.sql", second);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, migrate_in_thread, f), 0);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }

    assert_int_equal(newest(f), 2);
    assert_int_equal(one_int(f, "SELECT COUNT(*) FROM a"), 2);
}

/* A plugin's files have numbers of their own; a database from before plugins had files is brought forward. */
static void
test_plugins(void **state)
{
    fixture          *f = *state;
    int               n = -1;
    bx_migrate_opts   opts = { .plugin = "thing", .say = say, .ctx = &f->said };
    char              own[sizeof(f->dir)];

    put(f, "0001_first.sql", first);
    migrates(f, 1);
    assert_int_equal(bx_conn_run(f->conn, "ALTER TABLE schema_migration DROP PRIMARY KEY, DROP COLUMN plugin,"
                                 " ADD PRIMARY KEY (number)", &f->err), BX_OK);
    assert_int_equal(newest(f), 0);
    migrates(f, 0);
    assert_int_equal(newest(f), 1);

    put(f, "0002_second.sql", second);
    strcpy(own, f->dir);
    strcat(f->dir, "/schema");
    assert_int_equal(mkdir(f->dir, 0700), 0);
    put(f, "0001_thing.sql", "CREATE TABLE thing (id INT PRIMARY KEY);\n");
    assert_int_equal(bx_migrate(f->db, f->dir, &opts, &f->err), BX_OK);
    assert_int_equal(opts.applied, 1);
    assert_int_equal(bx_migrate_current(f->conn, f->a, "thing", &n, &f->err), BX_OK);
    assert_int_equal(n, 1);
    assert_int_equal(newest(f), 1);
    assert_int_equal(bx_migrate_current(f->conn, f->a, "other", &n, &f->err), BX_OK);
    assert_int_equal(n, 0);
    assert_int_equal(bx_migrate(f->db, f->dir, &opts, &f->err), BX_OK);
    assert_int_equal(opts.applied, 0);

    assert_int_equal(unlink(bx_sprintf(f->a, "%s/0001_thing.sql", f->dir)), 0);
    assert_int_equal(rmdir(f->dir), 0);
    strcpy(f->dir, own);
    migrates(f, 1);
    assert_int_equal(newest(f), 2);
}

/* The project's own schema, twice. */
static void
test_own_schema(void **state)
{
    fixture          *f = *state;
    bx_migrate_opts   opts = { 0 };

    if (bx_migrate(f->db, "schema", &opts, &f->err) != BX_OK) {
        fail_msg("%s", f->err.text);
    }
    assert_true(opts.applied >= 4);
    assert_int_equal(newest(f), opts.applied);
    assert_int_equal(bx_migrate(f->db, "schema", &opts, &f->err), BX_OK);
    assert_int_equal(opts.applied, 0);
}

int
main(void)
{
#define T(name)  cmocka_unit_test_setup_teardown(test_##name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_split), cmocka_unit_test(test_split_refuses),
        T(apply), T(dry_run), T(without_options), T(refuses), T(changed), T(failing_statement), T(killed_at_create),
        T(killed_anywhere), T(together), T(plugins), T(own_schema),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
