/*
 * test_id.c: ids are positive, grow, and do not collide between threads and processes.
 */
#include "core/core.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define THREADS    8
#define PROCESSES  8
#define EACH       20000

static bx_id  ids[(PROCESSES + 1) * EACH];

static int
compare(const void *x, const void *y)
{
    bx_id  a = *(const bx_id *) x, b = *(const bx_id *) y;

    return (a > b) - (a < b);
}

static void
assert_all_differ(bx_id *all, size_t n)
{
    qsort(all, n, sizeof(bx_id), compare);
    for (size_t i = 1; i < n; i++) {
        assert_true(all[i] != all[i - 1]);
    }
}

static bool
make(bx_id *out, size_t n)
{
    bool  grow = true;

    for (size_t i = 0; i < n; i++) {
        out[i] = bx_id_new();
        grow = grow && out[i] > 0 && (i == 0 || out[i] > out[i - 1]);
    }

    return grow;
}

static void
test_grow(void **state)
{
    (void) state;
    assert_true(make(ids, EACH));
}

/* The upper 41 bits are milliseconds since 2024. */
static void
test_time(void **state)
{
    bx_id            id;
    int64_t          ms;
    struct timespec  ts, pause = { 0, 300000000 };

    (void) state;

    nanosleep(&pause, NULL);                  /* the ids made above may have run ahead of the clock */
    clock_gettime(CLOCK_REALTIME, &ts);
    id = bx_id_new();
    ms = ts.tv_sec * 1000 + ts.tv_nsec / 1000000 - INT64_C(1704067200000);
    assert_in_range(id >> 22, ms, ms + 5000);
}

static void *
make_in_thread(void *arg)
{
    return make(arg, EACH) ? arg : NULL;
}

static void
test_threads(void **state)
{
    void       *grown;
    pthread_t   threads[THREADS];

    (void) state;

    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, make_in_thread, ids + i * EACH), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], &grown);
        assert_non_null(grown);
    }

    assert_all_differ(ids, THREADS * EACH);
}

static void
write_all(int fd, const char *p, size_t n)
{
    ssize_t  done;

    for ( /* void */ ; n > 0; p += done, n -= (size_t) done) {
        done = write(fd, p, n);
        if (done <= 0) {
            _exit(3);
        }
    }
}

/* Forks a process that makes ids and writes them to fd. It gets a process id whose low six bits nobody here has:
 * neighbours have that by nature, and this machine may start other programs between two forks. */
static void
fork_maker(int fd, uint64_t *lanes)
{
    bx_id   before = bx_id_new();
    pid_t   pid;
    bool    taken;

    for ( ;; ) {
        pid = fork();
        assert_int_not_equal(pid, -1);
        taken = *lanes >> ((pid == 0 ? getpid() : pid) & 63) & 1;

        if (pid == 0) {
            if (taken) {
                _exit(0);
            }
            if (!make(ids, EACH) || ids[0] <= before) {
                _exit(2);
            }
            write_all(fd, (char *) ids, EACH * sizeof(bx_id));
            _exit(0);
        }

        if (!taken) {
            *lanes |= UINT64_C(1) << (pid & 63);
            return;
        }
        assert_int_equal(waitpid(pid, NULL, 0), pid);
    }
}

/* Workers of one server: forked from one process that made ids before, each at full speed. */
static void
test_processes(void **state)
{
    int        status, fd[PROCESSES][2];
    size_t     got, size = EACH * sizeof(bx_id);
    ssize_t    n;
    uint64_t   lanes = UINT64_C(1) << (getpid() & 63);

    (void) state;

    for (int i = 0; i < PROCESSES; i++) {
        assert_int_equal(pipe(fd[i]), 0);
        fork_maker(fd[i][1], &lanes);
        close(fd[i][1]);
    }

    assert_true(make(ids + PROCESSES * EACH, EACH));

    for (int i = 0; i < PROCESSES; i++) {
        for (got = 0; got < size; got += (size_t) n) {
            n = read(fd[i][0], (char *) (ids + i * EACH) + got, size - got);
            assert_true(n > 0);
        }
        close(fd[i][0]);
    }
    for (int i = 0; i < PROCESSES; i++) {
        assert_true(wait(&status) > 0);
        assert_int_equal(status, 0);
    }

    assert_all_differ(ids, (PROCESSES + 1) * EACH);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_grow), cmocka_unit_test(test_time), cmocka_unit_test(test_threads),
        cmocka_unit_test(test_processes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
