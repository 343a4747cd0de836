/* audit.c: audit verify, jobs run: what an operator does now and then. */

#include "tools/tools.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define AT_ONCE  100                          /* heads that one query asks for */


/* ---- heads that were kept elsewhere: lines of the log that directive baoxue_chain_log writes, whatever stands before "audit head" */

typedef struct { bx_id unit; int64_t seq; char head[65]; bool held; } kept_head;
typedef struct { kept_head *list; size_t n; } kept_heads;

static bool
head_of(const char *line, kept_head *out)
{
    const char *at = strstr(line, "audit head unit=");

    *out = (kept_head) { 0 };
    return at != NULL && sscanf(at, "audit head unit=%" SCNd64 " seq=%" SCNd64 " head=%64[0-9a-f]", &out->unit, &out->seq, out->head) == 3
           && strlen(out->head) == 64;
}


static int
by_unit(const void *a, const void *b)
{
    const kept_head *x = a, *y = b;

    return x->unit != y->unit ? (x->unit < y->unit ? -1 : 1) : x->seq != y->seq ? (x->seq < y->seq ? -1 : 1) : strcmp(x->head, y->head);
}


/* Those of one unit, or of all (0), in order, each once. The list is in the program's arena. */
static bool
heads_read(ctl *x, const char *path, bx_id unit, kept_heads *heads)
{
    FILE      *f = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
    char       line[1024];
    size_t     room = 0, n = 0;
    kept_head  one;

    *heads = (kept_heads) { 0 };
    if (f == NULL) {
        ctl_fail(x, "\"%s\": %s", path, strerror(errno));
        return false;
    }

    while (fgets(line, sizeof(line), f) != NULL) {
        if (!head_of(line, &one) || (unit != 0 && one.unit != unit)) {
            continue;
        }
        if (heads->n == room) {
            kept_head *more;

            room = room == 0 ? 1024 : room * 2;
            more = bx_alloc(x->arena, room * sizeof(*more));
            if (more == NULL) {
                break;
            }
            if (heads->n > 0) {
                memcpy(more, heads->list, heads->n * sizeof(*more));
            }
            heads->list = more;
        }
        heads->list[heads->n++] = one;
    }
    if (f != stdin) {
        fclose(f);
    }

    if (heads->n == 0) {
        ctl_fail(x, "\"%s\" has no line with a head of these chains", path);
        return false;
    }

    qsort(heads->list, heads->n, sizeof(*heads->list), by_unit);
    for (size_t i = 0; i < heads->n; i++) {
        if (n == 0 || by_unit(&heads->list[n - 1], &heads->list[i]) != 0) {
            heads->list[n++] = heads->list[i];
        }
    }
    heads->n = n;
    return true;
}


/* Does the chain have them? Up to AT_ONCE heads of one unit. */
static bx_rc
heads_ask(ctl *x, kept_head *list, size_t n)
{
    bx_value  args[AT_ONCE + 1] = { bx_int(list[0].unit) };
    bx_buf    sql;
    bx_rows   rows;

    bx_buf_init(&sql, x->arena);
    bx_buf_str(&sql, "SELECT seq, hash FROM audit_event WHERE unit_id = ? AND seq IN (");
    for (size_t i = 0; i < AT_ONCE; i++) {
        bx_buf_str(&sql, i == 0 ? "?" : ",?");
        args[i + 1] = bx_int(i < n ? list[i].seq : 0);
    }
    bx_buf_str(&sql, ")");
    if (sql.failed || bx_query(x->call, &rows, sql.data, args, AT_ONCE + 1) != BX_OK) {
        return BX_FAIL;
    }

    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < rows.nrows; k++) {
            list[i].held = list[i].held || (bx_cell_int(&rows, k, 0) == list[i].seq && bx_cell(&rows, k, 1)->len == 32
                                            && strcmp(bx_hex(x->arena, bx_cell(&rows, k, 1)->s, 32), list[i].head) == 0);
        }
    }

    return BX_OK;
}


static bx_rc
heads_check(ctl *x, kept_heads *heads)
{
    for (size_t i = 0, n; i < heads->n; i += n) {
        for (n = 1; n < AT_ONCE && i + n < heads->n && heads->list[i + n].unit == heads->list[i].unit; n++) {
        }
        if (heads_ask(x, heads->list + i, n) != BX_OK) {
            return BX_FAIL;
        }
    }

    return BX_OK;
}


/* Adds what became of the unit's heads. Are all of them in the chain? */
static bool
heads_tell(const kept_heads *heads, bx_id unit, json_t *chain)
{
    json_int_t  n = 0;
    int64_t     lost = 0;

    for (size_t i = 0; i < heads->n; i++) {
        if (heads->list[i].unit == unit) {
            n++;
            lost = lost == 0 && !heads->list[i].held ? heads->list[i].seq : lost;
        }
    }

    json_object_set_new(chain, "heads", json_integer(n));
    json_object_set_new(chain, "first_lost", lost == 0 ? json_null() : json_integer(lost));
    return lost == 0;
}


/* Chains of which there is nothing left but what was kept. */
static int
heads_without_chain(ctl *x, const kept_heads *heads, json_t *chains)
{
    int  n = 0;

    for (size_t i = 0; i < heads->n; i++) {
        const char *id = bx_sprintf(x->arena, "%" PRId64, heads->list[i].unit);
        json_t     *chain;
        size_t      k;
        bool        there = i > 0 && heads->list[i - 1].unit == heads->list[i].unit;

        json_array_foreach(chains, k, chain) {
            there = there || strcmp(json_string_value(json_object_get(chain, "unit_id")), id) == 0;
        }
        if (!there) {
            json_array_append_new(chains, json_pack("{s:s, s:n, s:n, s:i, s:b, s:n, s:i, s:I}", "unit_id", id, "code", "name", "events", 0,
                                                    "whole", 0, "first_bad", "heads", 1, "first_lost", (json_int_t) heads->list[i].seq));
            n++;
        }
    }

    return n;
}


/* ---- audit verify */

static const char sql_chains[] =
    "SELECT c.unit_id AS unit_id, u.code AS code, u.name AS name FROM audit_chain c"
    " LEFT JOIN org_unit u ON u.id = c.unit_id WHERE ? = 0 OR c.unit_id = ? UNION"
    " SELECT e.unit_id, u.code, u.name FROM (SELECT DISTINCT unit_id FROM audit_event) e"
    " LEFT JOIN org_unit u ON u.id = e.unit_id WHERE ? = 0 OR e.unit_id = ?";

static int
audit_verify(ctl *x)
{
    ctl_unit    unit = { 0 };
    kept_heads  heads = { 0 };
    int         faults = 0, lost = 0;
    json_t     *chains, *chain;
    size_t      i;

    if ((ctl_has(x, "--unit") && !ctl_unit_find(x, ctl_get(x, "--unit"), &unit))
        || (ctl_has(x, "--heads") && !heads_read(x, ctl_get(x, "--heads"), unit.id, &heads)))
    {
        return CTL_FAILED;
    }
    if (heads_check(x, &heads) != BX_OK) {
        return ctl_refused(x);
    }

    chains = ctl_query(x, sql_chains, BX_ARGS(bx_int(unit.id), bx_int(unit.id), bx_int(unit.id), bx_int(unit.id)));
    if (chains == NULL) {
        return ctl_refused(x);
    }

    json_array_foreach(chains, i, chain) {
        bx_id    id = bx_id_parse(json_string_value(json_object_get(chain, "unit_id")));
        int64_t  events, bad;

        if (bx_audit_verify(x->call, id, &events, &bad) != BX_OK) {
            json_decref(chains);
            return ctl_refused(x);
        }
        json_object_set_new(chain, "events", json_integer(events));
        json_object_set_new(chain, "whole", json_boolean(bad == 0));
        json_object_set_new(chain, "first_bad", bad == 0 ? json_null() : json_integer(bad));
        faults += bad != 0;
        lost += heads.n > 0 && !heads_tell(&heads, id, chain);
    }
    lost += heads_without_chain(x, &heads, chains);

    ctl_list(x, chains, heads.n > 0 ? "code name events whole first_bad heads first_lost" : "code name events whole first_bad");
    if (faults > 0) {
        ctl_fail(x, "%d chains were changed after they were written: from the event named on, they prove nothing", faults);
    }
    if (lost > 0) {
        ctl_fail(x, "%d chains are not those whose heads were kept: they were written anew, cut off, or come from an older backup", lost);
    }
    return faults + lost > 0 ? CTL_FOUND : CTL_OK;
}


static int
jobs_run(ctl *x)
{
    char  host[65] = "";

    gethostname(host, sizeof(host) - 1);
    bx_jobs_run(x->app, bx_sprintf(x->arena, "%s baoxuectl %d", host, (int) getpid()));

    return ctl_list(x, ctl_query(x, "SELECT name AS name, DATE_FORMAT(ran_at, '%Y-%m-%d %H:%i:%S') AS ran_at, result AS result"
                                    " FROM job ORDER BY name", BX_NO_ARGS), "name ran_at result");
}


static const ctl_option verify_options[] = {
    { "--unit", "CODE", "only the chain of this school or unit" },
    { "--heads", "FILE", "are the heads that were kept elsewhere still in them? lines of the log of baoxue_chain_log; \"-\": standard input" },
    { NULL, NULL, NULL }
};

const ctl_command ctl_audit_commands[] = {
    { "audit verify", "", 0, 0, CTL_CALL, verify_options, audit_verify, "compute the audit chains again; exit 4 when one is broken" },
    { "jobs run", "", 0, 0, CTL_CALL, NULL, jobs_run, "run the jobs that are due, as the server's timer does" },
    { NULL, NULL, 0, 0, 0, NULL, NULL, NULL }
};
