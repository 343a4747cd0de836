/* test_tables.c: the set of plugins. What is built in has no fault that check.c knows, all of it or some of it turned on; each
 * fault that a plugin may have is said in words that name the row; sets are opened beside each other and closed again. */

#include <dirent.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <setjmp.h>
#include <cmocka.h>

#include "core/core.h"
#include "flow/flow.h"
#include "web/app_private.h"
#include "web/registry.h"

static const char *const languages[] = { "zh-CN", "en" };
static bx_arena         *arena;

static bx_tables        *built_in;


static int
setup(void **state)
{
    static const bx_tables_config  conf = { .locale_dir = "html/locale" };
    bx_error                       err = { 0 };

    (void) state;
    arena = bx_arena_create(64 * 1024);
    built_in = bx_core_init(&err) == BX_OK ? bx_tables_open(&conf, &err) : NULL;
    if (built_in == NULL) {
        print_error("%s\n", err.text);
        return -1;
    }
    return 0;
}


static int
teardown(void **state)
{
    (void) state;
    bx_tables_close(built_in);
    bx_arena_destroy(arena);
    return 0;
}


/* ---- what is built in */

static void
print_fault(void *ctx, const bx_plugin *p, const char *text)
{
    (void) ctx;
    print_error("%s: %s\n", p->name, text);
}


static void
what_is_built_in_has_no_fault(void **state)
{
    size_t  n;

    (void) state;
    assert_int_equal(bx_tables_check(built_in, print_fault, NULL), 0);
    assert_true(bx_plugins(&n)[0] != NULL && n > 3);
    assert_string_equal(bx_plugins(&n)[0]->name, "core");
    bx_routes(&n);
    assert_true(n > 20);
}


static void
errors_and_capabilities_have_words_and_numbers(void **state)
{
    (void) state;

#define BX_ERR(name, status, slug)                                                                                       \
    assert_true(bx_locale_has(languages[0], "error." slug) && bx_locale_has(languages[1], "error." slug));
#include "core/errors.def"
#undef BX_ERR

    for (int i = 0; bx_capability_name(i) != NULL; i++) {
        const char *key = bx_sprintf(arena, "capability.%s", bx_capability_name(i));

        assert_int_equal(bx_capability_index(bx_capability_name(i)), i);
        if (!bx_locale_has(languages[0], key) || !bx_locale_has(languages[1], key)) {
            fail_msg("no text for \"%s\": the page of roles shows it (html/locale/<language>/capability.json)", key);
        }
    }
    assert_int_equal(bx_capability_index("no.such"), -1);
}


/* ---- which are on, and sets beside each other */

static bool
is_on(const char *name)
{
    size_t                   n;
    const bx_plugin *const  *list = bx_plugins(&n);

    for (size_t i = 0; i < n; i++) {
        if (strcmp(list[i]->name, name) == 0) {
            return true;
        }
    }

    return false;
}


static void
a_workflow_that_is_off_is_not_there(void **state)
{
    static const char *const       on[] = { "import", NULL }, *const none[] = { NULL };
    static const bx_tables_config  some = { .on = on, .locale_dir = "html/locale" }, few = { .on = none };
    bx_error                       err = { 0 };
    bx_tables                     *t, *u;
    char                           allow[64];
    bx_id                          id;
    uint64_t                       all = bx_tables_fingerprint();

    (void) state;
    t = bx_tables_open(&some, &err);
    assert_non_null(t);
    assert_true(is_on("import") && !is_on("leave") && is_on("core") && is_on("account") && is_on("people"));
    assert_null(bx_record_find("leave-requests"));
    assert_null(bx_rule_find("leave.teacher_days"));
    assert_int_equal(bx_capability_index("leave.read"), -1);
    assert_null(bx_route_match("GET", "leave-requests", &id, allow));
    assert_string_equal(allow, "");
    assert_true(bx_tables_fingerprint() != all);

    /* sets are closed in any order; the newest that is open is the one in use */
    u = bx_tables_open(&few, &err);
    assert_non_null(u);
    assert_false(is_on("import"));
    bx_tables_close(t);
    assert_false(is_on("import"));
    bx_tables_close(u);
    assert_true(is_on("import") && is_on("leave"));
    assert_true(bx_tables_fingerprint() == all);
    assert_true(bx_locale_has("en", "error.not_found"));
}


static void
a_set_that_is_refused_changes_nothing(void **state)
{
    static const char *const       on[] = { "leave", "leev", NULL }, *const files[] = { "/nowhere/x.so", NULL };
    static const bx_tables_config  unknown = { .on = on }, missing = { .files = files }, wordless = { .locale_dir = "/nowhere" };
    bx_error                       err = { 0 };

    (void) state;
    assert_null(bx_tables_open(&unknown, &err));
    assert_string_equal(err.text, "there is no plugin \"leev\" to turn on: there are import leave attendance visit opening dropout responsibility");
    err = (bx_error) { 0 };
    assert_null(bx_tables_open(&missing, &err));
    assert_string_equal(err.text, "plugin file \"/nowhere/x.so\": No such file or directory");
    err = (bx_error) { 0 };
    assert_null(bx_tables_open(&wordless, &err));
    assert_non_null(strstr(err.text, "no texts in \"/nowhere/zh-CN\""));
    assert_true(bx_tables_current() == built_in);
    assert_true(bx_locale_has("zh-CN", "error.not_found"));
}


/* ---- faults: a plugin that has none, and one change a line */

typedef struct {
    bx_field       fields[8], takes[3];
    bx_state       states[5];
    bx_transition  moves[6];
    bx_view        views[2];
    bx_record_def  records[3];
    bx_rule        rules[2];
    bx_route       routes[3];
    bx_job         jobs[2];
    bx_code        codes[3];
    bx_code_list   lists[2];
    bx_grant       grants[2];
    bx_menu        menu[2];
    bx_task_kind   tasks[2];
    bx_notice_kind notices[2];
    bx_plugin      plugin;
} bench;

static bench   b;
static bx_buf  said;


static bx_rc
nothing(bx_call *c)
{
    (void) c;
    return BX_OK;
}


static void
good(void)
{
    b = (bench) {
        .fields = {
            { .name = "student_id", .type = BX_REF, .flags = BX_REQUIRED | BX_FIXED, .arg = "students" },
            { .name = "kind", .type = BX_CODE, .flags = BX_REQUIRED, .arg = "thing_kind" },
            { .name = "reason", .type = BX_TEXT, .max = 200 },
            { .name = "papers", .type = BX_FILES, .max = 3 },
            { .name = "sent_at", .type = BX_TIME, .flags = BX_BY_HOOK },
        },
        .takes = { { .name = "comment", .type = BX_TEXT, .max = 200 } },
        .states = { { "draft", 0, "draft" }, { "sent", 0, "wait" }, { "done", BX_TERMINAL, "ok" } },
        .moves = {
            { .action = "save", .from = BX_NEW, .to = "draft", .capability = "thing.ask" },
            { .action = "send", .from = "draft", .to = "sent", .capability = "thing.ask" },
            { .action = "settle", .from = "draft sent", .to = "done", .capability = "thing.settle", .takes = b.takes, .when = "kind=a,b" },
            { .action = "lapse", .from = "sent", .to = "done", .flags = BX_BY_JOB },
        },
        .views = { { "open", "t.state <> 'done'", NULL } },
        .records = {
            { .name = "things", .table = "thing", .scope = BX_SCOPE_STUDENT, .fields = b.fields, .states = b.states,
              .transitions = b.moves, .views = b.views, .read = "thing.read", .private_states = "draft" },
        },
        .rules = { { "thing.days", BX_RULE_INT, 5, 1, 10, NULL, NULL, "a test" } },
        .routes = { { "GET", "things/summary", "thing.read", nothing, 0, NULL, "A summary" } },
        .jobs = { { "thing.clock", 60, nothing } },
        .codes = { { "a" }, { "b" } },
        .lists = { { "thing_kind", b.codes } },
        .grants = { { "teacher", "thing.read thing.ask thing.settle" } },
        .menu = { { "things", "#/things", "list", "thing.read" } },
        .tasks = { { "thing.settle", "teacher", "things", "#/things/{record_id}", "thing.days", 0 } },
        .notices = { { "thing.settled", "#/things", 0 } },
        .plugin = { .abi = BX_PLUGIN_ABI, .name = "thing", .records = b.records, .rules = b.rules, .routes = b.routes,
                    .jobs = b.jobs, .codes = b.lists, .grants = b.grants, .menu = b.menu, .tasks = b.tasks,
                    .notices = b.notices },
    };
}


static void
keep_fault(void *ctx, const bx_plugin *p, const char *text)
{
    (void) ctx;
    assert_string_equal(p->name, b.plugin.name);
    bx_buf_printf(&said, "%s\n", text);
}


static int
by_name(const void *x, const void *y)
{
    return strcmp(*(const char *const *) x, *(const char *const *) y);
}


/* What is said of b beside the built-in plugins. */
static const char *
faults_of_b(bool with_texts)
{
    static bx_tables  t;
    bx_error          err = { 0 };

    t = (bx_tables) { .arena = arena, .texts = with_texts ? built_in->texts : NULL };
    for (size_t i = 0; i < built_in->nplugins; i++) {
        t.plugins[t.nplugins++] = built_in->plugins[i];
    }
    t.plugins[t.nplugins++] = &b.plugin;

    memcpy(t.capabilities, built_in->capabilities, sizeof(t.capabilities));
    t.ncapabilities = built_in->ncapabilities;
    static const char *const own[] = { "thing.ask", "thing.read", "thing.settle" };
    for (size_t i = 0; i < 3; i++) {
        t.capabilities[t.ncapabilities++] = own[i];
    }
    qsort(t.capabilities, (size_t) t.ncapabilities, sizeof(t.capabilities[0]), by_name);

    assert_int_equal(bx_routes_make(&t, &err), BX_OK);
    bx_buf_init(&said, arena);
    bx_tables_check(&t, keep_fault, NULL);
    return said.data == NULL ? "" : said.data;
}


#define FAULT(change, expected)                                                                                          \
    do {                                                                                                                 \
        good();                                                                                                          \
        change;                                                                                                          \
        assert_string_equal(faults_of_b(false), expected "\n");                                                          \
    } while (0)


static void
a_good_plugin_has_no_fault(void **state)
{
    (void) state;
    good();
    assert_string_equal(faults_of_b(false), "");

    /* each word in each language */
    good();
    assert_non_null(strstr(faults_of_b(true), "zh-CN: no text for \"things.reason\"\n"));
    assert_non_null(strstr(said.data, "en: no text for \"things.reason\"\n"));
    static const char *const keys[] = { "things.comment", "things.state.sent", "things.action.lapse", "things.view.open",
                                        "code.thing_kind.a", "rule.thing.days", "menu.things", "task.thing.settle",
                                        "task.thing.settle.why", "task.thing.settle.closes", "notice.thing.settled" };
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        assert_non_null(strstr(said.data, bx_sprintf(arena, "en: no text for \"%s\"\n", keys[i])));
    }
    assert_null(strstr(said.data, "role.teacher"));
}


static void
faults_of_states_are_said(void **state)
{
    (void) state;
    FAULT(b.moves[1].to = "snet", "things send: leads to \"snet\", which is no state\nthings: no action leads to the state \"sent\"");
    FAULT(b.moves[3].from = "sent away", "things: \"lapse\" leaves \"away\", which is no state");
    FAULT(b.moves[3].to = "sent"; b.moves[2].from = "draft", "things: no way out of \"sent\": add an action, or BX_TERMINAL");
    FAULT(b.moves[3].from = "sent done"; b.moves[3].to = "draft", "things: \"done\" is BX_TERMINAL, but an action leaves it");
    FAULT(b.states[1].tone = "blue", "things: state \"sent\": .tone is one of draft wait info ok no sum none late");
    FAULT(b.states[3] = b.states[0], "things: state \"draft\" is declared twice\nthings: no action leads to the state \"draft\"\n"
          "things: no way out of \"draft\": add an action, or BX_TERMINAL");
    FAULT(b.records[0].private_states = "daft", "things: .private_states names \"daft\", which is no state");
    FAULT(b.records[0].states = NULL, "things: has transitions or names states, but no .states");
}


static void
faults_of_transitions_are_said(void **state)
{
    (void) state;
    FAULT(b.moves[1].capability = NULL, "things send: names no capability: who may do it?");
    FAULT(b.moves[3].capability = "thing.ask", "things lapse: BX_BY_JOB and a capability: nobody can ask for it");
    FAULT(b.moves[2].when = "kid=a", "things settle: condition on \"kid\", which is no field");
    FAULT(b.moves[1].sets = "sent_at = NULL", "things send: .sets is for BX_BY_JOB only: let the hook set it");
    FAULT(b.takes[0].name = "note", "things settle: takes \"note\", which is no field, and there is no hook to read it");
    FAULT(b.moves[0].takes = b.takes, "things save: what creates a record takes the record's fields: leave .takes out");
    FAULT(b.moves[2].capability = "thing.decide", "capability \"thing.decide\" is asked for, but its grants give it to no role");
    FAULT(b.moves[1].action = "Send it", "things Send it: an action is a word of small letters, at most 32");
}


static void
faults_of_records_are_said(void **state)
{
    (void) state;
    FAULT(b.fields[1].arg = "thing_kinds", "things.kind: there is no code list \"thing_kinds\"");
    FAULT(b.fields[0].arg = "pupils", "things.student_id: there is no record \"pupils\" to refer to\n"
          "things: a record of BX_SCOPE_STUDENT has a field student_id, BX_REF to \"students\"");
    FAULT(b.fields[0].flags = BX_REQUIRED, "things.student_id: write BX_REQUIRED | BX_FIXED");
    FAULT(b.fields[2].max = 0, "things.reason: a text without a greatest length: write .max");
    FAULT(b.fields[2].name = "Reason", "things.Reason: a field's name is a column: small letters, digits and \"_\"");
    FAULT(b.fields[2].name = "version", "things.version: this column is the engine's own, leave it out of the fields");
    FAULT(b.fields[2].name = "kind", "things.kind: declared twice");
    FAULT(b.fields[4].flags = 0, "things.sent_at: a time is set by a hook only: write BX_BY_HOOK");
    FAULT(b.fields[3].max = 0, "things.papers: .max says how many files, and the name has at most 32 letters");
    FAULT(b.records[0].read = NULL, "things: names no capability in .read: who may read it?");
    FAULT(b.records[0].order = "t.kind", "things: .order must end with t.id or t.id DESC, so that pages do not overlap");
    FAULT(b.records[0].table = "thing; --", "things: .table is the name of a table: small letters, digits and \"_\"");
    FAULT(b.records[0].fields = NULL, "things: has no fields");

    good();
    b.records[0].name = "leave-requests";
    assert_non_null(strstr(faults_of_b(false), "there is a record \"leave-requests\" already\n"));
    assert_non_null(strstr(said.data, "route GET leave-requests: there is one already, of plugin \"leave\"\n"));
}


static void
faults_of_the_rest_are_said(void **state)
{
    (void) state;
    FAULT(b.rules[0].def = 11, "rule \"thing.days\": its default is out of its bounds");
    FAULT(b.rules[0].source = NULL, "rule \"thing.days\": .source says where the default comes from, which is missing");
    FAULT(b.rules[0].key = "leave.office_days"; b.tasks[0].rule = NULL, "rule \"leave.office_days\": there is one of that key already");
    FAULT(b.lists[0].name = "half"; b.fields[1].arg = "half", "code list \"half\": there is one of that name already");
    FAULT(b.codes[0].code = NULL, "code list \"thing_kind\" is empty");
    FAULT(b.grants[0].capabilities = "thing.read thing.ask thing.settle thing.raed",
          "grants \"thing.raed\" to role \"teacher\", but nothing asks for it");
    FAULT(b.plugin.near = "thing.read thing.sea", ".near names the capability \"thing.sea\", but nothing asks for it");
    FAULT(b.jobs[0].name = "leave.clock", "job \"leave.clock\": there is one of that name already");
    FAULT(b.jobs[0].every = 0, "job \"thing.clock\": .every is seconds, .run a function");
    FAULT(b.menu[0].href = "/things", "menu \"things\": .href is a page of the portal, as in \"#/things\"");
    FAULT(b.routes[0].capability = NULL, "route GET things/summary: names no capability, and is neither BX_PUBLIC nor BX_ANY_USER");
    FAULT(b.routes[0].handler = NULL, "route GET things/summary: has no handler");
    FAULT(b.routes[0].summary = NULL, "route GET things/summary: .summary is missing, a line for openapi.json");
    FAULT(b.routes[0].flags = BX_UPLOAD, "route GET things/summary: has flags of a write");
    FAULT(b.routes[0].path = "things/{name}", "route GET things/{name}: a path has at most one {id} and nothing else between braces");
    FAULT(b.routes[0].path = "leave-requests/preview",
          "route GET leave-requests/preview: there is one already, of plugin \"leave\"");
    FAULT(b.routes[1] = b.routes[0], "route GET things/summary: there is one already, of plugin \"thing\"");
    FAULT(b.tasks[0].kind = "Thing.settle", "task \"Thing.settle\": small letters, digits and \".\", as in \"thing.decide\", at most 48");
    FAULT(b.tasks[0].kind = "leave.decide", "task \"leave.decide\": there is a kind of that name already");
    FAULT(b.tasks[0].role = "janitor", "task \"thing.settle\": nobody is given anything in the role \"janitor\": whose duty is it?");
    FAULT(b.tasks[0].record = NULL, "task \"thing.settle\": .record names the records that prove it, which is missing");
    FAULT(b.tasks[0].record = "things thinks", "task \"thing.settle\": there is no record \"thinks\" to prove it");
    FAULT(b.tasks[0].href = "/things", "task \"thing.settle\": .href is the page where it is done, as in \"#/things\"");
    FAULT(b.tasks[0].rule = "thing.years", "task \"thing.settle\": there is no rule \"thing.years\"");
    FAULT(b.notices[0].kind = "leave.approved", "notice \"leave.approved\": there is a kind of that name already");
    FAULT(b.notices[0].kind = "", "notice \"\": small letters, digits and \".\", as in \"thing.granted\", at most 48");
    FAULT(b.notices[0].href = "things", "notice \"thing.settled\": .href is a page of the portal, or NULL");
    FAULT(b.plugin.name = "Thing", "a plugin's name is a word of small letters, at most 32");

    /* a handler of its own before what the engine would make is no fault */
    good();
    b.routes[0].path = "things/{id}";
    assert_string_equal(faults_of_b(false), "");
}


/* ---- conditions */

static void
conditions_hold_in_c_as_in_sql(void **state)
{
    static const bx_field  fields[] = {
        { "route", BX_TEXT, 0, 0, 0, NULL, NULL, NULL, NULL }, { "late", BX_BOOL, 0, 0, 0, NULL, NULL, NULL, NULL },
        { NULL, 0, 0, 0, 0, NULL, NULL, NULL, NULL }
    };
    static const bx_record_def  def = { .name = "things", .table = "thing", .fields = fields };
    struct bx_record            r = { .def = &def, .nfields = 2 };
    bx_buf                      sql;

    (void) state;
    r.values[0] = bx_text("office");
    r.values[1] = bx_int(1);
    assert_true(bx_when_holds(&r, NULL));
    assert_true(bx_when_holds(&r, "route=office,principal late=1"));
    assert_false(bx_when_holds(&r, "route=principal late=1"));
    assert_false(bx_when_holds(&r, "route=office late=0"));
    assert_false(bx_when_holds(&r, "route=off"));
    assert_false(bx_when_holds(&r, "nothing=1"));
    r.values[0] = bx_null();
    assert_false(bx_when_holds(&r, "route=office"));

    bx_buf_init(&sql, arena);
    bx_when_sql("route=office,principal late=1", &sql);
    assert_string_equal(sql.data, " AND t.route IN ('office','principal') AND t.late IN ('1')");
}


/* ---- routes by path */

static void
paths_find_their_rows(void **state)
{
    char                 allow[64];
    bx_id                id;
    const bx_route_row  *row;

    (void) state;

    row = bx_route_match("GET", "leave-requests/382812322618357789", &id, allow);
    assert_non_null(row);
    assert_int_equal(row->kind, BX_RT_READ);
    assert_int_equal(id, 382812322618357789);

    row = bx_route_match("HEAD", "leave-requests", &id, allow);
    assert_non_null(row);
    assert_int_equal(row->kind, BX_RT_LIST);

    row = bx_route_match("POST", "leave-requests/7/approve", &id, allow);
    assert_non_null(row);
    assert_string_equal(row->action, "approve");

    row = bx_route_match("GET", "leave-requests/preview", &id, allow);
    assert_non_null(row);
    assert_int_equal(row->kind, BX_RT_HANDLER);

    /* moves of the clock are nobody's to ask for */
    assert_null(bx_route_match("POST", "leave-requests/7/overrun", &id, allow));
    assert_string_equal(allow, "");

    assert_null(bx_route_match("PUT", "leave-requests/7", &id, allow));
    assert_non_null(strstr(allow, "GET"));
    assert_non_null(strstr(allow, "PATCH"));

    static const char *const nowhere[] = {
        "", "/", "leave-requests/", "leave-requests//approve", "leave-requests/0", "leave-requests/-1", "leave-requests/1x",
        "leave-requests/99999999999999999999", "leave-requests/7/approve/", "leave-request", "../plugins", "leave-requests/{id}",
    };

    for (size_t i = 0; i < sizeof(nowhere) / sizeof(nowhere[0]); i++) {
        assert_null(bx_route_match("GET", nowhere[i], &id, allow));
    }
}


static void
openapi_describes_every_route(void **state)
{
    const bx_route_row *rows;
    size_t              n;
    json_t             *doc = bx_openapi(), *paths = json_object_get(doc, "paths");

    (void) state;
    assert_string_equal(json_string_value(json_object_get(doc, "openapi")), "3.1.0");

    rows = bx_routes(&n);
    for (size_t i = 0; i < n; i++) {
        json_t *item = json_object_get(paths, bx_sprintf(arena, "/%s", rows[i].route.path));
        char    method[8] = { 0 };

        for (size_t k = 0; rows[i].route.method[k] != '\0' && k < 7; k++) {
            method[k] = (char) (rows[i].route.method[k] | 0x20);
        }
        assert_non_null(json_object_get(item, method));
    }

    json_decref(doc);
}


static void
the_library_knows_its_newest_schema(void **state)
{
    DIR            *dir = opendir("schema");
    struct dirent  *entry;
    int             newest = 0;

    (void) state;
    assert_non_null(dir);
    while ((entry = readdir(dir)) != NULL) {
        int  number = atoi(entry->d_name);

        newest = number > newest ? number : newest;
    }
    closedir(dir);
    assert_int_equal(bx_schema_newest(), newest);
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_built_in_has_no_fault),
        cmocka_unit_test(errors_and_capabilities_have_words_and_numbers),
        cmocka_unit_test(a_workflow_that_is_off_is_not_there),
        cmocka_unit_test(a_set_that_is_refused_changes_nothing),
        cmocka_unit_test(a_good_plugin_has_no_fault),
        cmocka_unit_test(faults_of_states_are_said),
        cmocka_unit_test(faults_of_transitions_are_said),
        cmocka_unit_test(faults_of_records_are_said),
        cmocka_unit_test(faults_of_the_rest_are_said),
        cmocka_unit_test(conditions_hold_in_c_as_in_sql),
        cmocka_unit_test(paths_find_their_rows),
        cmocka_unit_test(openapi_describes_every_route),
        cmocka_unit_test(the_library_knows_its_newest_schema),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
