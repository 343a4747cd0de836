/* openapi.c: baoxuectl openapi: the description of the HTTP API that GET openapi.json answers, without a server. */

#include "tools/tools.h"
#include "web/routes.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>


static int
openapi_run(ctl *x)
{
    const char  *path = ctl_get(x, "--output");
    bx_error     err = { 0 };
    bx_tables   *tables = ctl_tables(x, &err);
    json_t      *doc;
    FILE        *f;

    if (tables == NULL) {
        return ctl_fail(x, "%s", err.text);
    }

    doc = bx_own(x->arena, bx_openapi());
    bx_tables_close(tables);
    if (doc == NULL) {
        return ctl_fail(x, "out of memory");
    }

    f = path == NULL ? stdout : fopen(path, "we");
    if (f == NULL || json_dumpf(doc, f, JSON_INDENT(2)) != 0 || fputc('\n', f) == EOF || (path != NULL && fclose(f) != 0)) {
        return ctl_fail(x, "\"%s\": %s", path == NULL ? "standard output" : path, strerror(errno));
    }

    return CTL_OK;
}


static const ctl_option openapi_options[] = {
    { "--output", "FILE", "write it there instead of printing it" },
    { NULL, NULL, NULL }
};

const ctl_command ctl_openapi_commands[] = {
    { "openapi", "", 0, 0, CTL_OFFLINE, openapi_options, openapi_run, "print the description of the HTTP API (OpenAPI 3.1, JSON)" },
    { NULL, NULL, 0, 0, 0, NULL, NULL, NULL }
};
