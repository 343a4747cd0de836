/* test_tables.c walks the tables of every plugin, as dispatch and the portal will use them: no route without a capability,
 * no state that cannot be reached or left, no word without both translations, no capability that no role has. */

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
#include "web/routes.h"
#include "web/tables.h"

static const char *const languages[] = { "zh-CN", "en" };
static bx_arena         *arena;
static unsigned          faults;

#define FAULT(...)  (print_error(__VA_ARGS__), print_error("\n"), faults++)

#define FOR_PLUGINS(p)                                                                                                   \
    for (size_t plugin_n, plugin_i = 0; plugin_i < (bx_plugins(&plugin_n), plugin_n); plugin_i++)                        \
        for (const bx_plugin *p = bx_plugins(&plugin_n)[plugin_i]; p != NULL; p = NULL)

#define FOR_RECORDS(p, def)                                                                                              \
    FOR_PLUGINS(p) for (const bx_record_def *def = p->records; def != NULL && def->name != NULL; def++)


static int
setup(void **state)
{
    bx_error  err = { 0 };

    (void) state;
    arena = bx_arena_create(64 * 1024);
    if (bx_core_init(&err) != BX_OK || bx_tables_init(&err) != BX_OK || bx_routes_init(&err) != BX_OK
        || bx_locale_load("html/locale", &err) != BX_OK)
    {
        print_error("%s\n", err.text);
        return -1;
    }
    return 0;
}


static int
teardown(void **state)
{
    (void) state;
    bx_locale_free();
    bx_arena_destroy(arena);
    return 0;
}


static void
need_text(const char *key)
{
    for (size_t i = 0; i < 2; i++) {
        if (!bx_locale_has(languages[i], key)) {
            FAULT("%s: no text for \"%s\"", languages[i], key);
        }
    }
}


/* ---- routes */

static void
every_route_is_guarded(void **state)
{
    const bx_route_row *rows;
    size_t              n;

    (void) state;
    faults = 0;
    rows = bx_routes(&n);
    assert_true(n > 20);

    for (size_t i = 0; i < n; i++) {
        const bx_route *r = &rows[i].route;

        if (rows[i].kind == BX_RT_HANDLER && r->capability == NULL && !(r->flags & (BX_PUBLIC | BX_ANY_USER))) {
            FAULT("%s %s: no capability, and neither public nor for every signed-in user", r->method, r->path);
        }
        if (rows[i].kind == BX_RT_HANDLER && r->handler == NULL) {
            FAULT("%s %s: no handler", r->method, r->path);
        }
        if (rows[i].kind == BX_RT_HANDLER && r->summary == NULL) {
            FAULT("%s %s: no summary for openapi.json", r->method, r->path);
        }
        if (strcmp(r->method, "GET") == 0 && (r->flags & (BX_UNKEYED | BX_UPLOAD))) {
            FAULT("GET %s: flags of a write", r->path);
        }
    }

    assert_int_equal(faults, 0);
}


static void
every_record_says_who_may(void **state)
{
    (void) state;
    faults = 0;

    FOR_RECORDS(p, def) {
        if (def->read == NULL) {
            FAULT("%s: nobody is named who may read it", def->name);
        }
        for (const bx_transition *t = def->transitions; t != NULL && t->action != NULL; t++) {
            if (t->capability == NULL && !(t->flags & BX_BY_JOB)) {
                FAULT("%s %s: no capability", def->name, t->action);
            }
            if (t->sets != NULL && !(t->flags & BX_BY_JOB)) {
                FAULT("%s %s: sets columns past its hook", def->name, t->action);
            }
        }
    }

    assert_int_equal(faults, 0);
}


static bool
some_role_has(const char *capability)
{
    FOR_PLUGINS(p) {
        for (const bx_grant *g = p->grants; g != NULL && g->role != NULL; g++) {
            if (bx_word_in(g->capabilities, capability)) {
                return true;
            }
        }
    }

    return false;
}


static void
every_capability_is_somebodys(void **state)
{
    (void) state;
    faults = 0;

    for (int i = 0; bx_capability_name(i) != NULL; i++) {
        assert_int_equal(bx_capability_index(bx_capability_name(i)), i);
        if (!some_role_has(bx_capability_name(i))) {
            FAULT("%s: no role has it", bx_capability_name(i));
        }
    }
    assert_int_equal(bx_capability_index("no.such"), -1);

    assert_int_equal(faults, 0);
}


static void
every_grant_is_known(void **state)
{
    (void) state;
    faults = 0;

    FOR_PLUGINS(p) {
        for (const bx_grant *g = p->grants; g != NULL && g->role != NULL; g++) {
            char *words = bx_strdup(arena, g->capabilities), *save = NULL;

            for (char *w = strtok_r(words, " ", &save); w != NULL; w = strtok_r(NULL, " ", &save)) {
                if (bx_capability_index(w) < 0) {
                    FAULT("%s grants \"%s\" to %s: nothing asks for it", p->name, w, g->role);
                }
            }
        }
    }

    assert_int_equal(faults, 0);
}


/* ---- states */

static int
state_index(const bx_record_def *def, const char *name, size_t n)
{
    for (int i = 0; def->states[i].name != NULL; i++) {
        if (strlen(def->states[i].name) == n && strncmp(def->states[i].name, name, n) == 0) {
            return i;
        }
    }

    return -1;
}


/* Marks what can be reached from a set of states, once; true when something new was found. */
static bool
spread(const bx_record_def *def, bool *reached, bool *left)
{
    bool  grew = false;

    for (const bx_transition *t = def->transitions; t->action != NULL; t++) {
        int   to = state_index(def, t->to, strlen(t->to));
        bool  can = t->from == BX_NEW;

        if (to < 0) {
            FAULT("%s %s: leads to \"%s\", which is no state", def->name, t->action, t->to);
            continue;
        }
        for (const char *s = t->from; s != NULL && *s != '\0'; s += strspn(s, " ")) {
            size_t  n = strcspn(s, " ");
            int     from = state_index(def, s, n);

            if (from < 0) {
                FAULT("%s %s: leaves \"%.*s\", which is no state", def->name, t->action, (int) n, s);
            } else {
                can = can || reached[from];
                left[from] = left[from] || from != to;
            }
            s += n;
        }
        if (can && !reached[to]) {
            reached[to] = grew = true;
        }
    }

    return grew;
}


static void
every_state_is_reached_and_left(void **state)
{
    (void) state;
    faults = 0;

    FOR_RECORDS(p, def) {
        bool  reached[32] = { false }, left[32] = { false };

        if (def->transitions == NULL) {
            continue;
        }

        while (faults == 0 && spread(def, reached, left)) {
            /* until nothing new is found */
        }

        for (int i = 0; def->states[i].name != NULL; i++) {
            bool  terminal = (def->states[i].flags & BX_TERMINAL) != 0;

            if (!reached[i]) {
                FAULT("%s: nothing leads to \"%s\"", def->name, def->states[i].name);
            }
            if (!terminal && !left[i]) {
                FAULT("%s: no way out of \"%s\"", def->name, def->states[i].name);
            }
            if (terminal && left[i]) {
                FAULT("%s: \"%s\" is terminal and is left", def->name, def->states[i].name);
            }
            if (!bx_word_in("draft wait info ok no sum none late", def->states[i].tone)) {
                FAULT("%s: \"%s\" has no tone of the portal", def->name, def->states[i].name);
            }
        }
    }

    assert_int_equal(faults, 0);
}


static void
every_condition_names_a_field(void **state)
{
    (void) state;
    faults = 0;

    FOR_RECORDS(p, def) {
        for (const bx_transition *t = def->transitions; t != NULL && t->action != NULL; t++) {
            for (const char *w = t->when; w != NULL && *w != '\0'; w += strcspn(w, " "), w += strspn(w, " ")) {
                char  *name = bx_strndup(arena, w, strcspn(w, "= "));

                if (w[strlen(name)] != '=' || bx_record_field(def, name) < 0) {
                    FAULT("%s %s: condition on \"%s\", which is no field", def->name, t->action, name);
                }
            }
        }
    }

    assert_int_equal(faults, 0);
}


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


/* ---- fields, rules, texts */

static void
check_field(const bx_record_def *def, const bx_field *f, bool label)
{
    if (f->type == BX_CODE && bx_codes_find(f->arg) == NULL) {
        FAULT("%s.%s: no code list \"%s\"", def->name, f->name, f->arg == NULL ? "" : f->arg);
    }
    if (f->type == BX_REF && (f->arg == NULL || bx_record_find(f->arg) == NULL)) {
        FAULT("%s.%s: refers to no record", def->name, f->name);
    }
    if (f->type == BX_FILES && f->max < 1) {
        FAULT("%s.%s: no number of files", def->name, f->name);
    }
    if (f->type == BX_TEXT && !(f->flags & BX_BY_HOOK) && f->max < 1) {
        FAULT("%s.%s: text without a greatest length", def->name, f->name);
    }
    if (label && !(f->flags & BX_NO_JSON)) {
        need_text(bx_sprintf(arena, "%s.%s", def->name, f->type == BX_HALVES ? f->arg : f->name));
    }
}


static void
every_field_is_whole(void **state)
{
    (void) state;
    faults = 0;

    FOR_RECORDS(p, def) {
        size_t  n = 0;

        for (const bx_field *f = def->fields; f->name != NULL; f++, n++) {
            check_field(def, f, true);
        }
        for (const bx_transition *t = def->transitions; t != NULL && t->action != NULL; t++) {
            for (const bx_field *f = t->takes; f != NULL && f->name != NULL; f++) {
                check_field(def, f, true);
            }
        }
        if (n > BX_MAX_FIELDS) {
            FAULT("%s: more than %d fields", def->name, BX_MAX_FIELDS);
        }
    }

    assert_int_equal(faults, 0);
}


static void
every_rule_is_within_its_bounds(void **state)
{
    (void) state;
    faults = 0;

    FOR_PLUGINS(p) {
        for (const bx_rule *r = p->rules; r != NULL && r->key != NULL; r++) {
            if (r->type == BX_RULE_INT && (r->def < r->min || r->def > r->max)) {
                FAULT("%s: its default is out of its bounds", r->key);
            }
            if (r->type == BX_RULE_TEXT && r->text == NULL) {
                FAULT("%s: no default", r->key);
            }
            if (r->source == NULL || *r->source == '\0') {
                FAULT("%s: no source", r->key);
            }
            if (bx_rule_find(r->key) != r) {
                FAULT("%s: declared twice", r->key);
            }
            need_text(bx_sprintf(arena, "rule.%s", r->key));
            if (r->unit != NULL) {
                need_text(bx_sprintf(arena, "rule.unit.%s", r->unit));
            }
        }
    }

    assert_int_equal(faults, 0);
}


static void
every_word_is_in_both_languages(void **state)
{
    (void) state;
    faults = 0;

#define BX_ERR(name, status, slug)  need_text("error." slug);
#include "core/errors.def"
#undef BX_ERR

    FOR_RECORDS(q, def) {
        for (const bx_state *s = def->states; s != NULL && s->name != NULL; s++) {
            need_text(bx_sprintf(arena, "%s.state.%s", def->name, s->name));
        }
        for (const bx_transition *t = def->transitions; t != NULL && t->action != NULL; t++) {
            need_text(bx_sprintf(arena, "%s.action.%s", def->name, t->action));
        }
        for (const bx_view *v = def->views; v != NULL && v->name != NULL; v++) {
            need_text(bx_sprintf(arena, "%s.view.%s", def->name, v->name));
        }
    }

    FOR_PLUGINS(p) {
        for (const bx_code_list *l = p->codes; l != NULL && l->name != NULL; l++) {
            for (const bx_code *code = l->codes; code->code != NULL; code++) {
                need_text(bx_sprintf(arena, "code.%s.%s", l->name, code->code));
            }
        }
        for (const bx_grant *g = p->grants; g != NULL && g->role != NULL; g++) {
            need_text(bx_sprintf(arena, "role.%s", g->role));
        }
        for (const bx_menu *m = p->menu; m != NULL && m->key != NULL; m++) {
            need_text(bx_sprintf(arena, "menu.%s", m->key));
        }
    }

    assert_int_equal(faults, 0);
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
        cmocka_unit_test(every_route_is_guarded),
        cmocka_unit_test(every_record_says_who_may),
        cmocka_unit_test(every_capability_is_somebodys),
        cmocka_unit_test(every_grant_is_known),
        cmocka_unit_test(every_state_is_reached_and_left),
        cmocka_unit_test(every_condition_names_a_field),
        cmocka_unit_test(conditions_hold_in_c_as_in_sql),
        cmocka_unit_test(every_field_is_whole),
        cmocka_unit_test(every_rule_is_within_its_bounds),
        cmocka_unit_test(every_word_is_in_both_languages),
        cmocka_unit_test(paths_find_their_rows),
        cmocka_unit_test(openapi_describes_every_route),
        cmocka_unit_test(the_library_knows_its_newest_schema),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
