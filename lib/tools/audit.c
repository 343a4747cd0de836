/* audit.c: audit verify, jobs run: what an operator does now and then. */

#include "tools/tools.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>


static const char sql_chains[] =
    "SELECT c.unit_id AS unit_id, u.code AS code, u.name AS name FROM audit_chain c"
    " LEFT JOIN org_unit u ON u.id = c.unit_id WHERE ? = 0 OR c.unit_id = ? UNION"
    " SELECT e.unit_id, u.code, u.name FROM (SELECT DISTINCT unit_id FROM audit_event) e"
    " LEFT JOIN org_unit u ON u.id = e.unit_id WHERE ? = 0 OR e.unit_id = ?";

static int
audit_verify(ctl *x)
{
    ctl_unit  unit = { 0 };
    int       faults = 0;
    json_t   *chains, *chain;
    size_t    i;

    if (ctl_has(x, "--unit") && !ctl_unit_find(x, ctl_get(x, "--unit"), &unit)) {
        return CTL_FAILED;
    }

    chains = ctl_query(x, sql_chains, BX_ARGS(bx_int(unit.id), bx_int(unit.id), bx_int(unit.id), bx_int(unit.id)));
    if (chains == NULL) {
        return ctl_refused(x);
    }

    json_array_foreach(chains, i, chain) {
        int64_t  events, bad;

        if (bx_audit_verify(x->call, bx_id_parse(json_string_value(json_object_get(chain, "unit_id"))), &events, &bad) != BX_OK) {
            json_decref(chains);
            return ctl_refused(x);
        }
        json_object_set_new(chain, "events", json_integer(events));
        json_object_set_new(chain, "whole", json_boolean(bad == 0));
        json_object_set_new(chain, "first_bad", bad == 0 ? json_null() : json_integer(bad));
        faults += bad != 0;
    }

    ctl_list(x, chains, "code name events whole first_bad");
    if (faults > 0) {
        ctl_fail(x, "%d chains were changed after they were written: from the event named on, they prove nothing", faults);
    }
    return faults > 0 ? CTL_FOUND : CTL_OK;
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
    { NULL, NULL, NULL }
};

const ctl_command ctl_audit_commands[] = {
    { "audit verify", "", 0, 0, CTL_CALL, verify_options, audit_verify, "compute the audit chains again; exit 4 when one is broken" },
    { "jobs run", "", 0, 0, CTL_CALL, NULL, jobs_run, "run the jobs that are due, as the server's timer does" },
    { NULL, NULL, 0, 0, 0, NULL, NULL, NULL }
};
