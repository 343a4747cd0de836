/*
 * county.c: see county.h. Everything is made with the library itself: migrations, keys, grants of the plugins; rows of
 * people and units by SQL.
 */
#include "county.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mariadb.h"

#define COUNT(a)  (sizeof(a) / sizeof((a)[0]))

static bx_app    *app;
static char       clock_path[128], files_dir[128];
static bx_arena  *last_arena;
static bx_response  last;
static json_t    *last_json;

static const struct { county_who who; const char *role; bx_id unit; }  staff[] = {
    { A_COUNTY, "county", U_COUNTY },     { A_PRINCIPAL, "principal", U_SCHOOL }, { A_OFFICE, "office", U_SCHOOL },
    { A_TEACHER, "teacher", U_CLASS },    { A_TEACHER_B, "teacher", U_CLASS_B },  { A_TEACHER2, "teacher", U_CLASS2 },
    { A_SUBJECT, "subject", U_SCHOOL },
};

static const struct { bx_id id, parent; const char *level, *path; bx_id town, school; const char *more; }  units[] = {
    { U_COUNTY, 0, "county", "/1/", 0, 0, "NULL,NULL,NULL" },
    { U_TOWN, 1, "township", "/1/10/", 10, 0, "NULL,NULL,NULL" },
    { U_TOWN2, 1, "township", "/1/11/", 11, 0, "NULL,NULL,NULL" },
    { U_SCHOOL, 10, "school", "/1/10/100/", 10, 100, "'primary',NULL,NULL" },
    { U_SCHOOL2, 11, "school", "/1/11/101/", 11, 101, "'primary',NULL,NULL" },
    { U_GRADE, 100, "grade", "/1/10/100/200/", 10, 100, "'primary',2024,NULL" },
    { U_GRADE2, 101, "grade", "/1/11/101/201/", 11, 101, "'primary',2024,NULL" },
    { U_CLASS, 200, "class", "/1/10/100/200/300/", 10, 100, "'primary',2024,3" },
    { U_CLASS_B, 200, "class", "/1/10/100/200/301/", 10, 100, "'primary',2024,4" },
    { U_CLASS2, 201, "class", "/1/11/101/201/310/", 11, 101, "'primary',2024,1" },
};

static void
stop_on(bx_rc rc, const bx_error *err, const char *what)
{
    if (rc != BX_OK) {
        fprintf(stderr, "county.c: %s: %s\n", what, err->text);
        exit(1);
    }
}

/* ------------------------------------------------------------------ statements */

static void
format(char *text, size_t size, const char *sql, va_list ap)
{
    int  n = vsnprintf(text, size, sql, ap);

    assert_true(n > 0 && (size_t) n < size);
}

void
county_sql(const char *sql, ...)
{
    bx_error   err = { 0 };
    bx_conn   *conn = bx_db_take(bx_app_db(app), &err);
    char       text[2000];
    va_list    ap;
    bx_rc      rc;

    va_start(ap, sql);
    format(text, sizeof(text), sql, ap);
    va_end(ap);

    rc = conn == NULL ? BX_FAIL : bx_conn_run(conn, text, &err);
    if (conn != NULL) {
        bx_db_give(bx_app_db(app), conn);
    }
    if (rc != BX_OK) {
        fail_msg("%s: %s", err.text, text);
    }
}

int64_t
county_count(const char *sql, ...)
{
    bx_error   err = { 0 };
    bx_conn   *conn = bx_db_take(bx_app_db(app), &err);
    bx_arena  *a = bx_arena_create(0);
    bx_rows    rows;
    char       text[2000];
    va_list    ap;
    int64_t    n = -1;

    va_start(ap, sql);
    format(text, sizeof(text), sql, ap);
    va_end(ap);

    if (conn != NULL && bx_conn_query(conn, a, &rows, text, BX_NO_ARGS, &err) == BX_OK && rows.nrows > 0) {
        n = bx_cell_int(&rows, 0, 0);
    }
    if (conn != NULL) {
        bx_db_give(bx_app_db(app), conn);
    }
    bx_arena_destroy(a);
    assert_string_equal(err.text, "");
    return n;
}

/* ------------------------------------------------------------------ making it */

static void
make_grants(void)
{
    const bx_plugin *const  *plugins;
    size_t                   n;

    plugins = bx_plugins(&n);

    for (size_t i = 0; i < n; i++) {
        for (const bx_grant *g = plugins[i]->grants; g != NULL && g->role != NULL; g++) {
            char  *rest, copy[1000];

            snprintf(copy, sizeof(copy), "%s", g->capabilities);
            for (char *w = strtok_r(copy, " ,", &rest); w != NULL; w = strtok_r(NULL, " ,", &rest)) {
                county_sql("INSERT IGNORE INTO role_capability (role, capability) VALUES ('%s', '%s')", g->role, w);
            }
        }
    }
}

static const char *
token_of(county_who who)
{
    static char  text[32];

    snprintf(text, sizeof(text), "token-of-%d", (int) who);
    return text;
}

static void
make_account(county_who who)
{
    const char  *token = token_of(who);
    char         hex[65];
    uint8_t      hash[32];

    bx_token_hash(token, strlen(token), hash);
    for (int i = 0; i < 32; i++) {
        snprintf(hex + 2 * i, 3, "%02x", hash[i]);
    }

    county_sql("INSERT INTO account (id, name, login, created_at) VALUES (%d, 'A%d', 'a%d', '2026-08-01')", who, who,
               who);
    county_sql("INSERT INTO session (token_hash, account_id, created_at, expires_at, address, agent)"
               " VALUES (X'%s', %d, '2026-08-01', '2036-08-01', '', '')", hex, who);
}

static void
make_units(void)
{
    for (size_t i = 0; i < COUNT(units); i++) {
        char  parent[32] = "NULL", town[32] = "NULL", school[32] = "NULL";

        if (units[i].parent) { snprintf(parent, sizeof(parent), "%" PRId64, units[i].parent); }
        if (units[i].town) { snprintf(town, sizeof(town), "%" PRId64, units[i].town); }
        if (units[i].school) { snprintf(school, sizeof(school), "%" PRId64, units[i].school); }

        county_sql("INSERT INTO org_unit (id, parent_id, level, name, path, township_id, school_id, stage, entry_year,"
                   " class_no, created_at)"
                   " VALUES (%" PRId64 ", %s, '%s', '单位%" PRId64 "', '%s', %s, %s, %s, '2026-08-01')",
                   units[i].id, parent, units[i].level, units[i].id, units[i].path, town, school, units[i].more);
    }
}

static void
make_people(void)
{
    static const struct { int student, unit, school, town, guardian; }  children[] = {
        { S_ONE, U_CLASS, U_SCHOOL, U_TOWN, A_GUARDIAN }, { S_TWO, U_CLASS2, U_SCHOOL2, U_TOWN2, A_GUARDIAN2 },
    };

    for (size_t i = 0; i < COUNT(staff); i++) {
        make_account(staff[i].who);
        county_sql("INSERT INTO position (id, account_id, role, unit_id, starts_on, created_at)"
                   " VALUES (%d, %d, '%s', %" PRId64 ", '2026-08-01', '2026-08-01')", 9000 + (int) i, staff[i].who,
                   staff[i].role, staff[i].unit);
    }

    for (size_t i = 0; i < COUNT(children); i++) {
        make_account((county_who) children[i].guardian);
        county_sql("INSERT INTO student (id, class_id, school_id, township_id, name, sex, birth_on, created_at,"
                   " updated_at) VALUES (%d, %d, %d, %d, '学生%d', '1', '2018-01-01', '2026-08-01', '2026-08-01')",
                   children[i].student, children[i].unit, children[i].school, children[i].town, children[i].student);
        county_sql("INSERT INTO guardian (id, name, account_id, created_at, updated_at)"
                   " VALUES (%d, '家长%d', %d, '2026-08-01', '2026-08-01')", 7000 + (int) i, (int) i,
                   children[i].guardian);
        county_sql("INSERT INTO student_guardian (student_id, guardian_id) VALUES (%d, %d)", children[i].student,
                   7000 + (int) i);
    }
}

static void
make_calendar(void)
{
    county_sql("INSERT INTO term (id, unit_id, school_year, number, starts_on, ends_on) VALUES"
               " (1, 1, 2026, 1, '2026-09-01', '2027-01-29'), (2, 1, 2026, 2, '2027-03-01', '2027-07-09')");
    county_sql("INSERT INTO calendar_day (unit_id, day, kind, name) VALUES"
               " (1, '2026-10-01', 'holiday', '国庆节'), (1, '2026-10-02', 'holiday', '国庆节'),"
               " (1, '2026-10-03', 'holiday', '国庆节'), (1, '2026-10-04', 'holiday', '国庆节'),"
               " (1, '2026-10-05', 'holiday', '国庆节'), (1, '2026-10-06', 'holiday', '国庆节'),"
               " (1, '2026-10-07', 'holiday', '国庆节'), (1, '2026-10-10', 'makeup', '国庆节调休'),"
               " (1, '2027-01-01', 'holiday', '元旦')");
}

static void
make(void)
{
    bx_error         err = { 0 };
    bx_app_config    conf = { .utc_offset = 28800 };
    bx_migrate_opts  opts = { 0 };
    static char      keys[128];

    conf.db = test_mariadb();
    snprintf(keys, sizeof(keys), "%s/keys", test_mariadb_dir());
    snprintf(files_dir, sizeof(files_dir), "%s/files", test_mariadb_dir());
    snprintf(clock_path, sizeof(clock_path), "%s/clock", test_mariadb_dir());
    conf.secret_file = keys;
    conf.locale_dir = "html/locale";
    conf.attachments = files_dir;
    conf.insecure_cookie = true;
    conf.cookie_port = 8080;

    stop_on(mkdir(files_dir, 0700) == 0 ? BX_OK : BX_FAIL, &err, "mkdir");
    stop_on(bx_core_init(&err), &err, "core");
    stop_on(bx_keys_create(keys, &err), &err, "keys");
    app = bx_app_create(&conf, &err);
    stop_on(app != NULL ? bx_app_start(app, &err) : BX_FAIL, &err, "application");
    stop_on(bx_migrate(bx_app_db(app), "schema", &opts, &err), &err, "migrations");

    make_units();
    make_grants();
    make_people();
    make_calendar();
    county_clock(bx_time_at(bx_date_make(2026, 9, 21), 7 * 60));
    bx_clock_set_file(clock_path);
}

bx_app *
county(void)
{
    static const char *const  written[] = { "rule_override", "closure", "idempotency_key", "history", "audit_chain",
                                            "audit_event", "attachment", "leave_request", "task", "task_count", "notice",
                                            "outbox" };

    if (app == NULL) {
        make();
    }

    for (size_t i = 0; i < COUNT(written); i++) {
        county_sql("DELETE FROM %s", written[i]);
    }
    county_clock(bx_time_at(bx_date_make(2026, 9, 21), 7 * 60));
    return app;
}

const char *
county_attachments(void)
{
    return files_dir;
}

void
county_clock(bx_time t)
{
    FILE  *f = fopen(clock_path, "w");

    assert_non_null(f);
    fprintf(f, "%" PRId64 "\n", t);
    assert_int_equal(fclose(f), 0);
}

/* ------------------------------------------------------------------ calls and requests */

bx_call *
county_call(void)
{
    bx_arena  *a = bx_arena_create(16384);
    bx_call   *c = bx_call_program(app, a, "test");

    assert_non_null(c);
    return c;
}

bx_call *
county_call_as(county_who who)
{
    bx_call      *c = county_call();
    bx_session   *s = bx_alloc(c->arena, sizeof(*s));
    const char   *token = token_of(who);
    uint8_t       hash[32];
    bool          found = false;

    bx_token_hash(token, strlen(token), hash);
    assert_int_equal(bx_session_load(c, hash, s, &found), BX_OK);
    assert_true(found);
    c->trusted = false;
    c->who = s;
    return c;
}

void
county_end(bx_call *c)
{
    bx_arena  *a = c->arena;

    bx_call_end(c);
    bx_arena_destroy(a);
}

const bx_response *
county_send(county_who who, county_request r)
{
    static unsigned  keys;
    char             key[32], path[200];
    bx_request       req = { 0 };

    json_decref(last_json);
    last_json = NULL;
    bx_arena_destroy(last_arena);
    last_arena = bx_arena_create(16384);
    last = (bx_response) { 0 };

    snprintf(key, sizeof(key), "key-%u", ++keys);
    snprintf(path, sizeof(path), "/api/v1/%s", r.path);

    req.method = r.method;
    req.path = bx_strdup(last_arena, path);
    req.query = r.query;
    req.content_type = r.type;
    req.key = bx_strdup(last_arena, r.key ? r.key : key);
    req.if_match = r.if_match;
    req.fetch_site = "same-origin";
    req.host = "127.0.0.1";
    req.address = "127.0.0.1";
    req.body = r.body;
    req.body_len = r.body == NULL ? 0 : r.len ? r.len : strlen(r.body);
    req.body_fd = -1;

    if (who != 0) {
        req.cookie = bx_strdup(last_arena, token_of(who));
        bx_token_hash(req.cookie, strlen(req.cookie), req.token_hash);
    }

    bx_dispatch(app, last_arena, &req, &last);
    return &last;
}

const json_t *
county_json(void)
{
    if (last_json == NULL && last.body_len > 0) {
        last_json = json_loadb(last.body, last.body_len, 0, NULL);
    }
    return last_json;
}

const char *
county_code(void)
{
    const json_t  *j = county_json();
    const json_t  *first = json_array_get(json_object_get(j, "errors"), 0);
    const char    *code = json_string_value(json_object_get(first ? first : j, "code"));

    return code ? code : "";
}

const char *
county_header(const char *name)
{
    for (unsigned i = 0; i < last.nheaders; i++) {
        if (strcmp(last.headers[i].name, name) == 0) {
            return last.headers[i].value;
        }
    }
    return "";
}
