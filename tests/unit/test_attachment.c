/*
 * test_attachment.c: files that people bring, taken by leave requests, read by whom they concern, purged when nothing
 * took them: requests through the whole of bx_dispatch() against a real database.
 */
#include "county.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

#include <ftw.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "flow/attachment.h"

#define COUNT(a)  (sizeof(a) / sizeof((a)[0]))
#define MONDAY    bx_time_at(bx_date_make(2026, 9, 21), 7 * 60)
#define ROWS      "SELECT COUNT(*) FROM attachment WHERE "
#define EVENTS    "SELECT COUNT(*) FROM audit_event WHERE "

extern const bx_plugin  bx_plugin_core;

static char    photo[4096], picture[4096];
static size_t  photo_len, picture_len;
static int     nfiles;

static size_t
load(const char *path, char *into)
{
    FILE    *f = fopen(path, "rb");
    size_t   n;

    assert_non_null(f);
    n = fread(into, 1, sizeof(photo), f);
    fclose(f);
    return n;
}

static int
remove_file(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void) st;
    (void) ftw;
    return type == FTW_F ? remove(path) : 0;
}

static int
setup(void **state)
{
    (void) state;
    county();
    nftw(county_attachments(), remove_file, 8, FTW_PHYS);
    photo_len = load("tests/unit/files/photo.jpg", photo);
    picture_len = load("tests/unit/files/photo.png", picture);
    return 0;
}

static int
count_file(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void) path;
    (void) st;
    (void) ftw;
    nfiles += type == FTW_F;
    return 0;
}

static int
files(void)
{
    nfiles = 0;
    nftw(county_attachments(), count_file, 8, FTW_PHYS);
    return nfiles;
}

/* ------------------------------------------------------------------ requests */

static int
bring(county_who who, const char *type, const void *data, size_t len)
{
    return county_send(who, (county_request) { .method = "POST", .path = "attachments", .type = type, .body = data,
                                               .len = len })->status;
}

/* Brings a photo that differs from every other, and gives its id. */
static const char *
bring_one(county_who who)
{
    static char  id[8][24];
    static int   n;
    char         data[4096];

    memcpy(data, photo, photo_len);
    n++;
    data[14] = (char) n;                      /* how many dots an inch */
    data[15] = (char) (n >> 8);
    assert_int_equal(bring(who, "image/jpeg", data, photo_len), 201);
    snprintf(id[n % 8], sizeof(id[0]), "%s", json_string_value(json_object_get(county_json(), "id")));
    return id[n % 8];
}

static int
read_file(county_who who, const char *id)
{
    char  path[64];

    snprintf(path, sizeof(path), "attachments/%s", id);
    return county_send(who, (county_request) { .method = "GET", .path = path })->status;
}

/* A leave request of S_ONE by its guardian for one day; certificate is JSON. */
static int
ask_leave(county_who who, const char *day, const char *certificate, const char *action)
{
    char  body[600];

    snprintf(body, sizeof(body), "{\"student_id\":\"%d\",\"kind\":\"sick\",\"starts_on\":\"%s\",\"starts_period\":1,"
             "\"ends_on\":\"%s\",\"ends_period\":7,\"reason\":\"发烧了\",\"certificate\":%s,\"action\":\"%s\"}",
             who == A_GUARDIAN2 ? S_TWO : S_ONE, day, day, certificate, action);
    return county_send(who, (county_request) { .method = "POST", .path = "leave-requests", .type = "application/json",
                                               .body = body })->status;
}

static int
change(county_who who, const char *method, const char *path, const char *version, const char *body)
{
    return county_send(who, (county_request) { .method = method, .path = path, .if_match = version,
                                               .type = "application/json", .body = body })->status;
}

static const char *
ids(const char *a, const char *b)
{
    static char  text[4][80];
    static int   n;

    n = (n + 1) % 4;
    if (b == NULL) {
        snprintf(text[n], sizeof(text[0]), "[\"%s\"]", a);
    } else {
        snprintf(text[n], sizeof(text[0]), "[\"%s\",\"%s\"]", a, b);
    }
    return text[n];
}

static const char *
answer_id(void)
{
    static char  id[24];

    snprintf(id, sizeof(id), "%s", json_string_value(json_object_get(county_json(), "id")));
    return id;
}

/* ------------------------------------------------------------------ bringing */

static int
search_file(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    char    data[8192];
    size_t  n;
    FILE   *f;

    (void) ftw;
    if (type != FTW_F) {
        return 0;
    }

    f = fopen(path, "rb");
    n = fread(data, 1, sizeof(data), f);
    fclose(f);
    nfiles += memmem(data, n, photo + 100, 16) != NULL || (st->st_mode & 077) != 0;
    return 0;
}

static void
brought_and_read_back(void **state)
{
    const bx_response  *res;
    char                id[24], path[64];

    (void) state;
    assert_int_equal(bring(A_GUARDIAN, "image/jpeg", photo, photo_len), 201);
    assert_string_equal(json_string_value(json_object_get(county_json(), "media_type")), "image/jpeg");
    assert_int_equal(json_integer_value(json_object_get(county_json(), "size")), photo_len);
    snprintf(id, sizeof(id), "%s", answer_id());
    assert_non_null(strstr(county_header("Location"), id));
    assert_int_equal(county_count(ROWS "id = %s AND account_id = %d AND record_id IS NULL",
                                  id, A_GUARDIAN), 1);
    assert_int_equal(county_count(EVENTS "action = 'create' AND record = 'attachments'"), 1);

    /* sealed on disk, for nobody else to read */
    assert_int_equal(files(), 1);
    nfiles = 0;
    nftw(county_attachments(), search_file, 8, FTW_PHYS);
    assert_int_equal(nfiles, 0);

    snprintf(path, sizeof(path), "attachments/%s", id);
    res = county_send(A_GUARDIAN, (county_request) { .method = "GET", .path = path });
    assert_int_equal(res->status, 200);
    assert_string_equal(res->content_type, "image/jpeg");
    assert_int_equal(res->body_len, photo_len);
    assert_memory_equal(res->body, photo, photo_len);
    assert_string_equal(county_header("X-Content-Type-Options"), "nosniff");
    assert_string_equal(county_header("Cache-Control"), "private, no-store");
    assert_non_null(strstr(county_header("Content-Security-Policy"), "sandbox"));
    assert_non_null(strstr(county_header("Content-Disposition"), "inline; filename=\""));
    assert_non_null(strstr(county_header("Content-Disposition"), ".jpg\""));

    /* loose: for nobody else, however high */
    assert_int_equal(read_file(A_TEACHER, id), 404);
    assert_int_equal(read_file(A_COUNTY, id), 404);
    assert_int_equal(read_file(A_GUARDIAN2, id), 404);
    assert_int_equal(read_file(0, id), 401);
    assert_int_equal(read_file(A_GUARDIAN, "123456"), 404);
}

static void
every_kind(void **state)
{
    static const struct { const char *name, *type, *ending; }  kinds[] = {
        { "photo.png", "image/png", "inline; filename=" },      { "lossy.webp", "image/webp", "inline; filename=" },
        { "lossless.webp", "image/webp", ".webp\"" },           { "extended.webp", "image/webp", ".webp\"" },
        { "paper.pdf", "application/pdf", "attachment; filename=" },
    };
    char    data[8192], path[64];
    size_t  n;
    FILE   *f;

    (void) state;

    for (size_t i = 0; i < COUNT(kinds); i++) {
        snprintf(path, sizeof(path), "tests/unit/files/%s", kinds[i].name);
        f = fopen(path, "rb");
        n = fread(data, 1, sizeof(data), f);
        fclose(f);

        assert_int_equal(bring(A_TEACHER, kinds[i].type, data, n), 201);
        assert_int_equal(read_file(A_TEACHER, answer_id()), 200);
        assert_non_null(strstr(county_header("Content-Disposition"), kinds[i].ending));
    }
}

static void
refused_content(void **state)
{
    char  *large = calloc(1, BX_ATTACHMENT_BYTES + 1);

    (void) state;
    assert_int_equal(bring(A_GUARDIAN, "text/html", photo, photo_len), 415);
    assert_string_equal(county_code(), "attachment.type");
    assert_int_equal(bring(A_GUARDIAN, "image/svg+xml", photo, photo_len), 415);
    assert_int_equal(bring(A_GUARDIAN, "application/json", "{}", 2), 415);
    assert_int_equal(bring(A_GUARDIAN, NULL, photo, photo_len), 415);
    assert_int_equal(bring(A_GUARDIAN, "image/png", photo, photo_len), 422);
    assert_string_equal(county_code(), "attachment.mismatch");
    assert_int_equal(bring(A_GUARDIAN, "image/jpeg", "<html><script>x</script>", 24), 422);
    assert_string_equal(county_code(), "attachment.content");
    assert_int_equal(bring(A_GUARDIAN, "image/jpeg", photo, 20), 422);
    assert_string_equal(county_code(), "attachment.broken");
    assert_int_equal(bring(A_GUARDIAN, "image/jpeg", NULL, 0), 422);
    assert_string_equal(county_code(), "attachment.empty");

    memcpy(large, photo, photo_len);
    assert_int_equal(bring(A_GUARDIAN, "image/jpeg", large, BX_ATTACHMENT_BYTES + 1), 413);
    assert_string_equal(county_code(), "attachment.too_large");
    assert_int_equal(bring(A_GUARDIAN, "image/jpeg", large, BX_ATTACHMENT_BYTES), 201);
    assert_int_equal(read_file(A_GUARDIAN, answer_id()), 200);
    free(large);

    assert_int_equal(bring(0, "image/jpeg", photo, photo_len), 401);
    assert_int_equal(county_count("SELECT COUNT(*) FROM attachment"), 1);
    assert_int_equal(files(), 1);
}

static void
same_key_same_answer(void **state)
{
    county_request  r = { .method = "POST", .path = "attachments", .type = "image/jpeg", .key = "one", .body = photo,
                          .len = photo_len };
    char            first[24];

    (void) state;
    assert_int_equal(county_send(A_GUARDIAN, r)->status, 201);
    snprintf(first, sizeof(first), "%s", answer_id());
    assert_int_equal(county_send(A_GUARDIAN, r)->status, 201);
    assert_string_equal(answer_id(), first);
    assert_int_equal(county_count("SELECT COUNT(*) FROM attachment"), 1);

    r.body = picture;
    r.len = picture_len;
    r.type = "image/png";
    assert_int_equal(county_send(A_GUARDIAN, r)->status, 422);
    assert_string_equal(county_code(), "key_reused");
    /* another person's same key is another key */
    assert_int_equal(county_send(A_TEACHER, r)->status, 201);
}

static void
not_too_many_loose_ones(void **state)
{
    const char  *kept;

    (void) state;
    county_sql("INSERT INTO rule_override (rule, unit_id, value, reason, set_by, set_at)"
               " VALUES ('attachment.loose_max', %d, '2', 'test', 1, '2026-09-01')", U_SCHOOL);

    kept = bring_one(A_TEACHER);
    bring_one(A_TEACHER);
    assert_int_equal(bring(A_TEACHER, "image/jpeg", photo, photo_len), 422);
    assert_string_equal(county_code(), "attachment.quota");
    assert_int_equal(bring(A_TEACHER2, "image/jpeg", photo, photo_len), 201);
    for (int i = 0; i < 2; i++) {
        bring_one(A_GUARDIAN);                /* as it is at the school of their child */
    }
    assert_int_equal(bring(A_GUARDIAN, "image/jpeg", photo, photo_len), 422);
    for (int i = 0; i < 3; i++) {
        bring_one(A_GUARDIAN2);
    }

    /* one that a record has taken counts no longer, nor does one of yesterday */
    county_sql("UPDATE attachment SET record = 'leave-requests', record_id = 1, field = 'certificate' WHERE id = %s",
               kept);
    assert_int_equal(bring(A_TEACHER, "image/jpeg", photo, photo_len), 201);
    assert_int_equal(bring(A_TEACHER, "image/png", picture, picture_len), 422);
    county_clock(MONDAY + 24 * 3600);
    assert_int_equal(bring(A_TEACHER, "image/png", picture, picture_len), 201);
}

/* ------------------------------------------------------------------ taken by a record, and read then */

static void
read_by_who_may_read_the_record(void **state)
{
    const char  *id = bring_one(A_GUARDIAN);
    static const struct { county_who who; int draft, submitted; }  readers[] = {
        { A_GUARDIAN, 200, 200 }, { A_TEACHER, 404, 200 },   { A_OFFICE, 404, 200 },  { A_PRINCIPAL, 404, 200 },
        { A_COUNTY, 404, 200 },   { A_TEACHER_B, 404, 404 }, { A_TEACHER2, 404, 404 }, { A_GUARDIAN2, 404, 404 },
        { A_SUBJECT, 404, 404 },
    };
    char         leave[24], path[64];

    (void) state;
    assert_int_equal(ask_leave(A_GUARDIAN, "2026-09-22", ids(id, NULL), "save"), 201);
    snprintf(leave, sizeof(leave), "%s", answer_id());
    assert_int_equal(county_count(ROWS "id = %s AND record = 'leave-requests' AND record_id = %s"
                                  " AND field = 'certificate' AND student_id = %d AND class_id = %d AND school_id = %d"
                                  " AND township_id = %d", id, leave, S_ONE, U_CLASS, U_SCHOOL, U_TOWN), 1);

    for (size_t i = 0; i < COUNT(readers); i++) {
        assert_int_equal(read_file(readers[i].who, id), readers[i].draft);
    }

    snprintf(path, sizeof(path), "leave-requests/%s/submit", leave);
    assert_int_equal(change(A_GUARDIAN, "POST", path, "\"1\"", "{}"), 200);
    county_sql("DELETE FROM audit_event WHERE record = 'attachments'");

    for (size_t i = 0; i < COUNT(readers); i++) {
        assert_int_equal(read_file(readers[i].who, id), readers[i].submitted);
    }

    /* four others have seen it: on record in the school's chain */
    assert_int_equal(county_count(EVENTS "action = 'read' AND record = 'attachments'"
                                  " AND record_id = %s AND unit_id = %d", id, U_SCHOOL), 4);
    assert_int_equal(county_count(EVENTS "action = 'read' AND account_id = %d", A_TEACHER), 1);
}

static void
taken_only_when_loose_and_ones_own(void **state)
{
    const char  *mine = bring_one(A_GUARDIAN), *other = bring_one(A_GUARDIAN2);
    static const char *const  odd[] = { "\"x\"", "[1]", "[\"abc\"]", "[\"\"]", "[\"-5\"]", "[null]", "{}", "[[]]" };

    (void) state;
    assert_int_equal(ask_leave(A_GUARDIAN, "2026-09-22", ids(other, NULL), "save"), 422);
    assert_int_equal(ask_leave(A_GUARDIAN, "2026-09-22", ids(mine, other), "save"), 422);
    assert_int_equal(ask_leave(A_GUARDIAN, "2026-09-22", "[\"99\"]", "save"), 422);
    assert_int_equal(ask_leave(A_GUARDIAN, "2026-09-22", ids(mine, mine), "save"), 422);
    assert_int_equal(ask_leave(A_GUARDIAN, "2026-09-22", "[\"1\",\"2\",\"3\",\"4\"]", "save"), 422);
    for (size_t i = 0; i < COUNT(odd); i++) {
        assert_int_equal(ask_leave(A_GUARDIAN, "2026-09-22", odd[i], "save"), 422);
    }
    assert_int_equal(county_count("SELECT COUNT(*) FROM leave_request"), 0);
    assert_int_equal(county_count(ROWS "record_id IS NOT NULL"), 0);

    assert_int_equal(ask_leave(A_GUARDIAN, "2026-09-22", ids(mine, NULL), "save"), 201);
    assert_int_equal(ask_leave(A_GUARDIAN, "2026-09-23", ids(mine, NULL), "save"), 422);       /* taken */
    assert_int_equal(ask_leave(A_GUARDIAN, "2026-09-23", "null", "save"), 201);
    assert_int_equal(ask_leave(A_GUARDIAN, "2026-09-24", "[]", "save"), 201);
}

static void
a_draft_changes_its_files(void **state)
{
    const char   *a = bring_one(A_GUARDIAN), *b = bring_one(A_GUARDIAN), *c = bring_one(A_GUARDIAN);
    const json_t *list;
    char          leave[24], path[64], body[120];

    (void) state;
    assert_int_equal(ask_leave(A_GUARDIAN, "2026-09-22", ids(a, b), "save"), 201);
    snprintf(leave, sizeof(leave), "%s", answer_id());
    assert_int_equal(json_array_size(json_object_get(county_json(), "certificate")), 2);

    /* b stays, a goes, c comes */
    snprintf(path, sizeof(path), "leave-requests/%s", leave);
    snprintf(body, sizeof(body), "{\"certificate\":%s}", ids(c, b));
    assert_int_equal(change(A_GUARDIAN, "PATCH", path, "\"1\"", body), 200);
    assert_int_equal(county_count(ROWS "record_id = %s AND id IN (%s, %s)", leave, b, c), 2);
    assert_int_equal(county_count(ROWS "id = %s AND record IS NULL AND record_id IS NULL"
                                  " AND field IS NULL AND student_id IS NULL AND class_id IS NULL AND school_id IS NULL"
                                  " AND township_id IS NULL", a), 1);

    /* the row's answer says what there is */
    assert_int_equal(county_send(A_GUARDIAN, (county_request) { .method = "GET", .path = path })->status, 200);
    list = json_object_get(county_json(), "certificate");
    assert_int_equal(json_array_size(list), 2);
    assert_string_equal(json_string_value(json_object_get(json_array_get(list, 0), "id")), b);
    assert_string_equal(json_string_value(json_object_get(json_array_get(list, 1), "id")), c);
    assert_string_equal(json_string_value(json_object_get(json_array_get(list, 0), "media_type")), "image/jpeg");
    assert_true(json_integer_value(json_object_get(json_array_get(list, 0), "size")) > 100);

    /* and without the member nothing changes */
    assert_int_equal(change(A_GUARDIAN, "PATCH", path, "\"2\"", "{\"reason\":\"咳嗽\"}"), 200);
    assert_int_equal(county_count(ROWS "record_id = %s", leave), 2);
}

/* Two requests take the same file: the second to commit touches no row and is undone. */
static void
two_at_once(void **state)
{
    const char  *id = bring_one(A_GUARDIAN);
    bx_call     *one = county_call_as(A_GUARDIAN), *two = county_call_as(A_GUARDIAN);
    json_t      *list = json_pack("[s]", id);

    (void) state;
    assert_int_equal(bx_attachments_take(one, &(bx_attachment_place) { "leave-requests", "certificate", 11, S_ONE, U_CLASS,
                                         U_SCHOOL, U_TOWN, 3, false }, list), BX_OK);
    assert_int_equal(bx_attachments_take(two, &(bx_attachment_place) { "leave-requests", "certificate", 12, S_ONE, U_CLASS,
                                         U_SCHOOL, U_TOWN, 3, false }, list), BX_OK);
    assert_int_equal(bx_commit(one, U_SCHOOL, "take", "leave-requests", 11, NULL), BX_OK);
    assert_int_equal(bx_commit(two, U_SCHOOL, "take", "leave-requests", 12, NULL), BX_FAIL);
    assert_true(two->raced);
    assert_int_equal(two->problem.code, BX_E_CONFLICT);
    assert_int_equal(county_count("SELECT record_id FROM attachment WHERE id = %s", id), 11);

    json_decref(list);
    county_end(one);
    county_end(two);
}

static void
shown_with_every_row_of_a_page(void **state)
{
    bx_call      *c = county_call();
    json_t       *rows = json_array();
    bx_db_stats   stats;

    (void) state;
    for (int i = 0; i < 200; i++) {
        json_array_append_new(rows, json_pack("{s:o}", "id", json_sprintf("%d", 9000 - i)));
    }
    for (int i = 0; i < 30; i++) {
        county_sql("INSERT INTO attachment (id, record, record_id, field, account_id, name_hash, media_type, size,"
                   " created_at)"
                   " VALUES (%d, 'leave-requests', %d, '%s', 1, REPEAT('x', 32), 'image/png', %d, '2026-09-21')",
                   100 + i, 8990 + i / 2, i == 29 ? "other" : "certificate", i);
    }

    assert_int_equal(bx_attachments_attach(c, "leave-requests", rows, "certificate"), BX_OK);
    bx_conn_stats(c->conn, &stats);
    assert_int_equal(stats.statements, 1);

    for (size_t i = 0; i < 200; i++) {
        const json_t  *list = json_object_get(json_array_get(rows, i), "certificate");
        int            id = 9000 - (int) i;

        assert_int_equal(json_array_size(list), id < 8990 || id > 9004 ? 0 : id == 9004 ? 1 : 2);
        if (id >= 8990 && id < 9004) {
            assert_int_equal(json_integer_value(json_object_get(json_array_get(list, 1), "size")), (id - 8990) * 2 + 1);
        }
    }

    json_decref(rows);
    rows = json_array();
    assert_int_equal(bx_attachments_attach(c, "leave-requests", rows, "certificate"), BX_OK);
    json_decref(rows);
    county_end(c);
}

/* ------------------------------------------------------------------ damage */

static int
damage_file(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void) ftw;
    if (type == FTW_F) {
        FILE  *f = fopen(path, "r+b");

        fseek(f, st->st_size / 2, SEEK_SET);
        fputc('x', f);
        fputc('y', f);
        fclose(f);
    }
    return 0;
}

static void
damaged_and_missing_files(void **state)
{
    char  id[24];

    (void) state;
    assert_int_equal(bring(A_GUARDIAN, "image/jpeg", photo, photo_len), 201);
    snprintf(id, sizeof(id), "%s", answer_id());
    assert_int_equal(read_file(A_GUARDIAN, id), 200);
    nftw(county_attachments(), damage_file, 8, FTW_PHYS);
    assert_int_equal(read_file(A_GUARDIAN, id), 500);
    nftw(county_attachments(), remove_file, 8, FTW_PHYS);
    assert_int_equal(read_file(A_GUARDIAN, id), 500);

    /* the same photo brought again mends it */
    assert_int_equal(bring(A_GUARDIAN, "image/jpeg", photo, photo_len), 201);
    assert_int_equal(read_file(A_GUARDIAN, id), 200);
}

/* ------------------------------------------------------------------ purge */

static void
purge(void)
{
    bx_call  *c = county_call();

    assert_int_equal(bx_attachment_purge(c), BX_OK);
    county_end(c);
}

static void
purged_after_a_day(void **state)
{
    const char  *loose = bring_one(A_GUARDIAN), *taken = bring_one(A_GUARDIAN);

    (void) state;
    assert_int_equal(ask_leave(A_GUARDIAN, "2026-09-24", ids(taken, NULL), "submit"), 201);
    purge();
    assert_int_equal(files(), 2);
    county_clock(MONDAY + 24 * 3600 - 1);
    purge();
    assert_int_equal(files(), 2);
    county_clock(MONDAY + 24 * 3600 + 1);
    purge();
    assert_int_equal(county_count("SELECT COUNT(*) FROM attachment"), 1);
    assert_int_equal(county_count(ROWS "id = %s", taken), 1);
    assert_int_equal(files(), 1);
    assert_int_equal(read_file(A_GUARDIAN, taken), 200);
    assert_int_equal(read_file(A_GUARDIAN, loose), 404);
    assert_int_equal(county_count(EVENTS "action = 'purge' AND payload LIKE '%%\"count\":1%%'"), 1);

    purge();                                  /* nothing to do: no audit */
    assert_int_equal(county_count(EVENTS "action = 'purge'"), 1);
}

/* The same photo twice is one file; it goes with the last row. */
static void
one_file_of_two_rows(void **state)
{
    char  kept[24];

    (void) state;
    assert_int_equal(bring(A_GUARDIAN, "image/jpeg", photo, photo_len), 201);
    county_clock(MONDAY + 3600);
    assert_int_equal(bring(A_GUARDIAN2, "image/jpeg", photo, photo_len), 201);
    snprintf(kept, sizeof(kept), "%s", answer_id());
    assert_int_equal(files(), 1);

    county_clock(MONDAY + 24 * 3600 + 1);
    purge();
    assert_int_equal(county_count("SELECT COUNT(*) FROM attachment"), 1);
    assert_int_equal(files(), 1);
    assert_int_equal(read_file(A_GUARDIAN2, kept), 200);

    county_clock(MONDAY + 25 * 3600 + 1);
    purge();
    assert_int_equal(county_count("SELECT COUNT(*) FROM attachment"), 0);
    assert_int_equal(files(), 0);

    /* and brought anew it is a file again */
    assert_int_equal(bring(A_GUARDIAN, "image/jpeg", photo, photo_len), 201);
    assert_int_equal(files(), 1);
    assert_int_equal(read_file(A_GUARDIAN, answer_id()), 200);
}

static void *
purge_in_a_thread(void *arg)
{
    bx_call  *c = county_call();

    *(bx_rc *) arg = bx_attachment_purge(c);
    county_end(c);
    return NULL;
}

/* A photo is brought in the very moment when its file is purged, for the row of yesterday was the last: whichever comes
 * first, the new row has its file. */
static void
brought_while_it_is_purged(void **state)
{
    (void) state;

    for (int i = 0; i < 60; i++) {
        pthread_t  thread;
        bx_rc      rc = BX_FAIL;
        char       old[24], id[24];

        assert_int_equal(bring(A_GUARDIAN, "image/jpeg", photo, photo_len), 201);
        snprintf(old, sizeof(old), "%s", answer_id());
        county_sql("UPDATE attachment SET created_at = '2026-09-01'");

        assert_int_equal(pthread_create(&thread, NULL, purge_in_a_thread, &rc), 0);
        usleep((unsigned) (i % 20) * 300);
        assert_int_equal(bring(A_GUARDIAN2, "image/jpeg", photo, photo_len), 201);
        snprintf(id, sizeof(id), "%s", answer_id());
        assert_int_equal(pthread_join(thread, NULL), 0);
        assert_int_equal(rc, BX_OK);

        assert_int_equal(county_count(ROWS "id = %s", old), 0);
        assert_int_equal(read_file(A_GUARDIAN2, id), 200);
        county_sql("DELETE FROM attachment");
    }
}

static void
many_are_purged_in_steps(void **state)
{
    (void) state;
    for (int i = 0; i < 250; i++) {
        county_sql("INSERT INTO attachment (id, account_id, name_hash, media_type, size, created_at)"
                   " VALUES (%d, 1, LPAD('%d', 32, 'x'), 'image/png', 1, '2026-09-01')", 100 + i, i);
    }
    purge();
    assert_int_equal(county_count("SELECT COUNT(*) FROM attachment"), 50);
    purge();
    assert_int_equal(county_count("SELECT COUNT(*) FROM attachment"), 0);
}

static void
keys_are_purged_after_a_day(void **state)
{
    const bx_job  *job = bx_plugin_core.jobs;
    bx_call       *c;

    (void) state;
    while (strcmp(job->name, "core.purge") != 0) {
        job++;
    }

    bring_one(A_GUARDIAN);
    county_clock(MONDAY + 3600);
    bring_one(A_GUARDIAN);
    assert_int_equal(county_count("SELECT COUNT(*) FROM idempotency_key"), 2);

    county_clock(MONDAY + 24 * 3600 + 1);
    c = county_call();
    assert_int_equal(job->run(c), BX_OK);
    county_end(c);
    assert_int_equal(county_count("SELECT COUNT(*) FROM idempotency_key"), 1);
}

int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup(brought_and_read_back, setup),
        cmocka_unit_test_setup(every_kind, setup),
        cmocka_unit_test_setup(refused_content, setup),
        cmocka_unit_test_setup(same_key_same_answer, setup),
        cmocka_unit_test_setup(not_too_many_loose_ones, setup),
        cmocka_unit_test_setup(read_by_who_may_read_the_record, setup),
        cmocka_unit_test_setup(taken_only_when_loose_and_ones_own, setup),
        cmocka_unit_test_setup(a_draft_changes_its_files, setup),
        cmocka_unit_test_setup(two_at_once, setup),
        cmocka_unit_test_setup(shown_with_every_row_of_a_page, setup),
        cmocka_unit_test_setup(damaged_and_missing_files, setup),
        cmocka_unit_test_setup(purged_after_a_day, setup),
        cmocka_unit_test_setup(one_file_of_two_rows, setup),
        cmocka_unit_test_setup(brought_while_it_is_purged, setup),
        cmocka_unit_test_setup(many_are_purged_in_steps, setup),
        cmocka_unit_test_setup(keys_are_purged_after_a_day, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
