/* jobs.c: the jobs of the plugins, each run by one node at a time under a lease row. */

#include "flow/task.h"
#include "web/app_private.h"
#include "web/tables.h"
#include "web/call.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define LEASE_SECONDS  120
#define COUNT_SECONDS  30


static bool
due(const bx_rows *rows, const bx_job *job, bx_time now)
{
    for (size_t i = 0; i < rows->nrows; i++) {
        const char *ran = bx_cell_text(rows, i, 1), *leased = bx_cell_text(rows, i, 2);
        bx_time     ran_at = ran == NULL ? BX_NO_TIME : bx_time_parse_sql(ran);

        if (strcmp(bx_cell_text(rows, i, 0), job->name) != 0) {
            continue;
        }
        if (leased != NULL && bx_time_parse_sql(leased) > now && bx_time_parse_sql(leased) <= now + LEASE_SECONDS) {
            return false;
        }
        /* a clock that was set back must not stop the jobs until it has caught up */
        return ran_at == BX_NO_TIME || ran_at > now || ran_at + job->every <= now;
    }

    return true;
}


static bool
claim(bx_call *c, const bx_job *job, const char *node)
{
    uint64_t    n = 0;
    const char *now = bx_time_sql(c->arena, c->now);
    const char *until = bx_time_sql(c->arena, c->now + LEASE_SECONDS);

    if (bx_exec(c, NULL, "INSERT IGNORE INTO job (name) VALUES (?)", BX_ARGS(bx_text(job->name))) != BX_OK) {
        return false;
    }

    return bx_exec(c, &n, "UPDATE job SET node = ?, leased_until = ? WHERE name = ?"
                   " AND (leased_until IS NULL OR leased_until <= ? OR leased_until > ?)",
                   BX_ARGS(bx_text(node), bx_text(until), bx_text(job->name), bx_text(now), bx_text(until))) == BX_OK && n == 1;
}


static void
finish(bx_call *c, const bx_job *job, const char *node, bx_rc rc)
{
    const char *result = rc == BX_OK ? "ok" : c->error.text[0] != '\0' ? c->error.text : bx_err_slug(c->problem.code);

    result = bx_sprintf(c->arena, "%.200s", result);
    c->problem = (bx_problem) { 0 };
    (void) bx_exec(c, NULL, "UPDATE job SET leased_until = NULL, ran_at = ?, result = ? WHERE name = ? AND node = ?",
                   BX_ARGS(bx_text(bx_time_sql(c->arena, c->now)), bx_text(result), bx_text(job->name), bx_text(node)));
}


/* Runs one job that has been claimed. */
static void
run_claimed(bx_call *c, const bx_job *job, const char *node)
{
    struct timespec  began, ended;
    int64_t          ns;
    bx_rc            rc;

    clock_gettime(CLOCK_MONOTONIC, &began);
    rc = job->run(c);
    clock_gettime(CLOCK_MONOTONIC, &ended);

    finish(c, job, node, rc);

    ns = (int64_t) (ended.tv_sec - began.tv_sec) * 1000000000 + ended.tv_nsec - began.tv_nsec;
    if (c->app->job_ran != NULL) {
        c->app->job_ran(c->app->job_ran_ctx, job->name, rc == BX_OK, (uint64_t) ns);
    }
}


static void
run_job(bx_app *app, const bx_job *job, const char *node)
{
    bx_arena *a = bx_arena_create(16 * 1024);
    bx_call  *c = a == NULL ? NULL : bx_call_program(app, a, bx_sprintf(a, "job %s", job->name));

    if (c != NULL) {
        if (claim(c, job, node)) {
            run_claimed(c, job, node);
        }
        bx_call_end(c);
    }

    bx_arena_destroy(a);
}


/* Every node asks, whichever of them counts: /metrics of each tells the same. */
static void
ask_tasks(bx_call *c)
{
    bx_app  *app = c->app;
    int64_t  waiting, overdue;

    if (app->tasks_asked != 0 && c->now >= app->tasks_asked && c->now < app->tasks_asked + COUNT_SECONDS) {
        return;
    }
    if (bx_task_totals(c, &waiting, &overdue) != BX_OK) {
        c->problem = (bx_problem) { 0 };
        return;
    }

    __atomic_store_n(&app->tasks[0], waiting, __ATOMIC_RELAXED);
    __atomic_store_n(&app->tasks[1], overdue, __ATOMIC_RELAXED);
    __atomic_store_n(&app->tasks_asked, c->now, __ATOMIC_RELEASE);
}


bool
bx_app_tasks(const bx_app *app, int64_t *waiting, int64_t *overdue)
{
    if (__atomic_load_n(&app->tasks_asked, __ATOMIC_ACQUIRE) == 0) {
        return false;
    }

    *waiting = __atomic_load_n(&app->tasks[0], __ATOMIC_RELAXED);
    *overdue = __atomic_load_n(&app->tasks[1], __ATOMIC_RELAXED);
    return true;
}


void
bx_jobs_run(bx_app *app, const char *node)
{
    bx_arena               *a = bx_arena_create(4096);
    bx_call                *c = a == NULL ? NULL : bx_call_program(app, a, "jobs");
    const bx_plugin *const *list;
    bx_rows                 rows;
    size_t                  n;

    if (c == NULL || bx_query(c, &rows, "SELECT name, ran_at, leased_until FROM job", BX_NO_ARGS) != BX_OK) {
        if (c != NULL) {
            bx_call_end(c);
        }
        bx_arena_destroy(a);
        return;
    }
    ask_tasks(c);
    bx_call_end(c);

    list = bx_plugins(&n);
    for (size_t i = 0; i < n; i++) {
        for (const bx_job *job = list[i]->jobs; job != NULL && job->name != NULL; job++) {
            if (due(&rows, job, c->now)) {
                run_job(app, job, node);
            }
        }
    }

    bx_arena_destroy(a);
}
