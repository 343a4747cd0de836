/* fuzz_dispatch.c: a whole request, as the module hands it over: path, query, headers and a JSON body against the field
 * tables of every route. The database is down, so that everything before the first statement is met, millions of times.
 *
 * An input is lines: the route's number, what follows {id}, the query, language and content type, origin; then the body. */

#include "fuzz.h"
#include "web/call.h"
#include "web/routes.h"

#include <string.h>

static bx_app *app;


int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
    bx_error       err = { 0 };
    bx_app_config  conf = { .db = { .socket = "/nonexistent/socket", .user = "nobody", .database = "none" },
                            .locale_dir = "html/locale", .attachments = "/nonexistent" };

    (void) argc;
    (void) argv;
    app = bx_app_create(&conf, &err);
    if (app == NULL || bx_app_start(app, &err) != BX_OK) {
        fprintf(stderr, "fuzz_dispatch: %s\n", err.text);
        return 1;
    }
    return 0;
}


/* The next line of the input, without its end. */
static const char *
line(bx_arena *a, const char **p, const char *end)
{
    const char *nl = memchr(*p, '\n', (size_t) (end - *p));
    const char *from = *p;

    *p = nl == NULL ? end : nl + 1;
    return bx_strndup(a, from, (size_t) ((nl == NULL ? end : nl) - from));
}


/* "students/{id}/guardians" with its {id} filled in: the path a client would send, or nearly. */
static const char *
fill(bx_arena *a, const char *path, const char *id)
{
    const char *at = strstr(path, "{id}");

    return at == NULL ? bx_sprintf(a, "/api/v1/%s%s", path, id)
                      : bx_sprintf(a, "/api/v1/%.*s%s%s", (int) (at - path), path, *id == '\0' ? "7" : id, at + 4);
}


static void
everything(bx_session *who)
{
    *who = (bx_session) { .tables = bx_tables_fingerprint(), .account = 1, .expires = bx_now() + 3600, .loaded = bx_now(), .ngrants = 1,
                          .has_children = 1 };
    who->grants[0] = (bx_session_grant) { .level = BX_LEVEL_ROOT, .role = "county", .unit = 1 };
    memset(who->grants[0].caps, 0xff, sizeof(who->grants[0].caps));
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bx_arena           *a = bx_arena_create(4096);
    const char         *p = (const char *) data, *end = p + size, *accept;
    size_t              nroutes;
    const bx_route_row *routes = bx_routes(&nroutes), *r;
    bx_request          req = { .cookie = "t", .key = "k", .if_match = "*", .host = "127.0.0.1", .address = "127.0.0.1", .body_fd = -1,
                                .has_session = true, .content_type = "application/json" };
    bx_response         res = { 0 };
    json_t             *said;

    must(a != NULL);
    r = &routes[strtoul(line(a, &p, end), NULL, 10) % nroutes];
    req.method = r->route.method;
    req.path = fill(a, r->route.path, line(a, &p, end));
    req.query = line(a, &p, end);
    accept = line(a, &p, end);
    req.accept_language = accept;
    req.if_match = line(a, &p, end);
    req.body = p;
    req.body_len = (size_t) (end - p);
    everything(&req.session);

    bx_dispatch(app, a, &req, &res);

    must(res.status >= 200 && res.status <= 599 && res.status != 500);
    must(res.body_len == 0 || res.content_type != NULL);
    if (res.body_len > 0 && strstr(res.content_type, "json") != NULL) {
        said = json_loadb(res.body, res.body_len, JSON_DECODE_ANY, NULL);
        must(said != NULL);
        json_decref(said);
    }

    bx_arena_destroy(a);
    return 0;
}
