/*
 * test_file.c: what an attachment is by its content (file_kind.c) and how it lies on disk (file_store.c). The samples
 * in tests/unit/files were made by a browser: pictures of 37 by 21 pixels and a page of PDF.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utime.h>

#include "flow/attachment.h"
#include "flow/file_store.h"

#define COUNT(a)  (sizeof(a) / sizeof((a)[0]))

static uint8_t  sample[16 * 1024];

static size_t
load(const char *name)
{
    char    path[256];
    size_t  n;
    FILE   *f;

    snprintf(path, sizeof(path), "tests/unit/files/%s", name);
    f = fopen(path, "rb");
    assert_non_null(f);
    n = fread(sample, 1, sizeof(sample), f);
    assert_true(n > 50 && n < sizeof(sample));
    fclose(f);

    return n;
}

static bx_file_info
sniff(size_t len)
{
    bx_file_info  info;
    uint8_t      *copy = malloc(len ? len : 1);           /* so that reading past the end is seen */

    memcpy(copy, sample, len);
    bx_file_sniff(copy, len, &info);
    free(copy);

    return info;
}

static const struct { const char *name; bx_file_kind kind; unsigned width, height; }  samples[] = {
    { "photo.jpg", BX_FILE_JPEG, 37, 21 },
    { "photo.png", BX_FILE_PNG, 37, 21 },
    { "lossy.webp", BX_FILE_WEBP, 37, 21 },
    { "lossless.webp", BX_FILE_WEBP, 37, 21 },
    { "extended.webp", BX_FILE_WEBP, 37, 21 },
    { "paper.pdf", BX_FILE_PDF, 0, 0 },
};

static void
samples_are_known(void **state)
{
    (void) state;

    for (size_t i = 0; i < COUNT(samples); i++) {
        bx_file_info  info = sniff(load(samples[i].name));

        assert_int_equal(info.kind, samples[i].kind);
        assert_true(info.sound);
        assert_int_equal(info.width, samples[i].width);
        assert_int_equal(info.height, samples[i].height);
    }
}

/* Cut anywhere, nothing is read past the end, and the kind is that of the beginning or none. */
static void
cut_short(void **state)
{
    (void) state;

    for (size_t i = 0; i < COUNT(samples); i++) {
        size_t  len = load(samples[i].name);

        for (size_t n = 0; n < len; n++) {
            bx_file_info  info = sniff(n);

            assert_true(info.kind == samples[i].kind || info.kind == BX_FILE_UNKNOWN);
            assert_false(info.sound && info.kind == BX_FILE_UNKNOWN);
            if (n < 24) {
                assert_false(info.sound);
            }
            if (info.kind == BX_FILE_WEBP || (info.kind == BX_FILE_PDF && n < len - 8)) {
                assert_false(info.sound);     /* these say how long they are, or how they end */
            }
        }
    }
}

static void
bent(void **state)
{
    unsigned  seed = 3;

    (void) state;

    for (int i = 0; i < 20000; i++) {
        size_t  len = load(samples[(size_t) i % COUNT(samples)].name);

        for (int k = 0; k < 4; k++) {
            seed = seed * 1103515245u + 12345u;
            sample[(seed >> 8) % (k < 2 ? 64 : len)] = (uint8_t) (seed >> 24);
        }
        (void) sniff(len);
    }
}

static void
refused(void **state)
{
    bx_file_info  info;
    size_t        n;

    (void) state;

    n = load("photo.png");
    sample[16] = 0x7f;                        /* a width of two thousand million, with a checksum that does not fit */
    assert_false(sniff(n).sound);
    load("photo.png");
    sample[20] ^= 1;
    assert_false(sniff(n).sound);

    n = load("photo.jpg");
    for (size_t i = 0; i + 9 < n; i++) {
        if (sample[i] == 0xff && sample[i + 1] == 0xc0) {
            sample[i + 5] = sample[i + 6] = 0;            /* no height */
            break;
        }
    }
    assert_false(sniff(n).sound);

    n = load("extended.webp");
    sample[24] = sample[25] = sample[26] = 0xff;          /* sixteen million wide */
    assert_false(sniff(n).sound);

    n = load("extended.webp");
    sample[4]++;                              /* longer than the file is */
    assert_false(sniff(n).sound);

    n = load("paper.pdf");
    memcpy(sample + n - 6, "xxxxx", 5);
    info = sniff(n);
    assert_int_equal(info.kind, BX_FILE_PDF);
    assert_false(info.sound);

    snprintf((char *) sample, sizeof(sample), "<!doctype html><script>alert(1)</script>%%PDF-1.4");
    assert_int_equal(sniff(64).kind, BX_FILE_UNKNOWN);
    snprintf((char *) sample, sizeof(sample), "<svg xmlns='http://www.w3.org/2000/svg' onload='x()'/>");
    assert_int_equal(sniff(50).kind, BX_FILE_UNKNOWN);
    snprintf((char *) sample, sizeof(sample), "GIF89a");
    assert_int_equal(sniff(20).kind, BX_FILE_UNKNOWN);
    memset(sample, 0, 64);
    assert_int_equal(sniff(64).kind, BX_FILE_UNKNOWN);
    assert_int_equal(sniff(0).kind, BX_FILE_UNKNOWN);
}

static void
media_types(void **state)
{
    (void) state;

    assert_int_equal(bx_file_kind_of("image/jpeg"), BX_FILE_JPEG);
    assert_int_equal(bx_file_kind_of("IMAGE/JPEG"), BX_FILE_JPEG);
    assert_int_equal(bx_file_kind_of("image/jpg"), BX_FILE_JPEG);
    assert_int_equal(bx_file_kind_of(" image/png ; charset=binary"), BX_FILE_PNG);
    assert_int_equal(bx_file_kind_of("image/webp"), BX_FILE_WEBP);
    assert_int_equal(bx_file_kind_of("application/pdf"), BX_FILE_PDF);
    assert_int_equal(bx_file_kind_of("image/jpegx"), BX_FILE_UNKNOWN);
    assert_int_equal(bx_file_kind_of("image/svg+xml"), BX_FILE_UNKNOWN);
    assert_int_equal(bx_file_kind_of("text/html"), BX_FILE_UNKNOWN);
    assert_int_equal(bx_file_kind_of(""), BX_FILE_UNKNOWN);
    assert_int_equal(bx_file_kind_of(NULL), BX_FILE_UNKNOWN);
    assert_string_equal(bx_file_media_type(BX_FILE_JPEG), "image/jpeg");
    assert_string_equal(bx_file_media_type(BX_FILE_PDF), "application/pdf");
    assert_null(bx_file_media_type(BX_FILE_UNKNOWN));
}

/* ------------------------------------------------------------------ on disk */

#define NAME   "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define OTHER  "ff112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

typedef struct { bx_arena *arena; char dir[64]; } disk;

static int
setup(void **state)
{
    static disk  d;

    strcpy(d.dir, "/tmp/bx-file-XXXXXX");
    assert_non_null(mkdtemp(d.dir));
    d.arena = bx_arena_create(4096);
    *state = &d;
    return 0;
}

static int
teardown(void **state)
{
    disk  *d = *state;
    char   command[128];

    snprintf(command, sizeof(command), "rm -rf %s", d->dir);
    bx_arena_destroy(d->arena);
    return system(command);
}

static int
files_in(const char *dir, const char *sub)
{
    char            path[256];
    struct dirent  *e;
    DIR            *h;
    int             n = 0;

    snprintf(path, sizeof(path), "%s/%s", dir, sub);
    h = opendir(path);
    if (h == NULL) {
        return 0;
    }

    while ((e = readdir(h)) != NULL) {
        n += e->d_name[0] != '.';
    }
    closedir(h);
    return n;
}

static void
put_and_get(void **state)
{
    disk         *d = *state;
    bx_error      err = { 0 };
    bx_value      v;
    struct stat   st;
    char          path[256];

    assert_false(bx_file_exists(d->dir, NAME));
    assert_int_equal(bx_file_put(d->dir, NAME, "a\0b", 3, &err), BX_OK);
    assert_true(bx_file_exists(d->dir, NAME));
    assert_int_equal(bx_file_get(d->arena, d->dir, NAME, 100, &v, &err), BX_OK);
    assert_int_equal(v.len, 3);
    assert_memory_equal(v.s, "a\0b", 3);
    assert_int_equal(files_in(d->dir, "tmp"), 0);

    snprintf(path, sizeof(path), "%s/00/" NAME, d->dir);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    snprintf(path, sizeof(path), "%s/00", d->dir);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);

    /* written again: replaced */
    assert_int_equal(bx_file_put(d->dir, NAME, "second", 6, &err), BX_OK);
    assert_int_equal(bx_file_get(d->arena, d->dir, NAME, 6, &v, &err), BX_OK);
    assert_memory_equal(v.s, "second", 6);
    assert_int_equal(bx_file_get(d->arena, d->dir, NAME, 5, &v, &err), BX_FAIL);
    assert_int_equal(err.code, BX_E_INTERNAL);

    /* empty files and larger ones than a pipe takes at once */
    err = (bx_error) { 0 };
    assert_int_equal(bx_file_put(d->dir, OTHER, "", 0, &err), BX_OK);
    assert_int_equal(bx_file_get(d->arena, d->dir, OTHER, 100, &v, &err), BX_OK);
    assert_int_equal(v.len, 0);
}

static void
replaced_only_where_it_is(void **state)
{
    disk       *d = *state;
    bx_error    err = { 0 };
    bx_value    v;
    const char *aside;

    assert_int_equal(bx_file_replace(d->dir, NAME, "new", 3, &err), BX_FAIL);
    assert_int_equal(err.code, BX_E_NOT_FOUND);
    assert_false(bx_file_exists(d->dir, NAME));

    err = (bx_error) { 0 };
    assert_int_equal(bx_file_put(d->dir, NAME, "old", 3, &err), BX_OK);
    assert_int_equal(bx_file_replace(d->dir, NAME, "newer", 5, &err), BX_OK);
    assert_int_equal(bx_file_get(d->arena, d->dir, NAME, 10, &v, &err), BX_OK);
    assert_int_equal(v.len, 5);
    assert_memory_equal(v.s, "newer", 5);

    /* what was set aside meanwhile does not come back */
    err = (bx_error) { 0 };
    assert_int_equal(bx_file_aside(d->arena, d->dir, NAME, &aside, &err), BX_OK);
    assert_int_equal(bx_file_replace(d->dir, NAME, "newest", 6, &err), BX_FAIL);
    assert_int_equal(err.code, BX_E_NOT_FOUND);
    assert_false(bx_file_exists(d->dir, NAME));
    bx_file_drop(aside);
    assert_int_equal(files_in(d->dir, "tmp"), 0);
}

static void
not_there(void **state)
{
    disk      *d = *state;
    bx_error   err = { 0 };
    bx_value   v;

    assert_int_equal(bx_file_get(d->arena, d->dir, NAME, 100, &v, &err), BX_FAIL);
    assert_int_equal(err.code, BX_E_NOT_FOUND);

    err = (bx_error) { 0 };
    assert_int_equal(bx_file_get(d->arena, d->dir, "../../etc/passwd", 100, &v, &err), BX_FAIL);
    assert_int_equal(err.code, BX_E_INTERNAL);

    err = (bx_error) { 0 };
    assert_int_equal(bx_file_put(d->dir, "00/" NAME, "x", 1, &err), BX_FAIL);

    err = (bx_error) { 0 };
    assert_int_equal(bx_file_put("/nonexistent/dir", NAME, "x", 1, &err), BX_FAIL);
    assert_null(strstr(err.text, NAME));      /* names are hashes of what people sent: not for the log */
}

static void
links_are_not_followed(void **state)
{
    disk      *d = *state;
    bx_error   err = { 0 };
    bx_value   v;
    char       path[256];

    assert_int_equal(bx_file_put(d->dir, OTHER, "secret", 6, &err), BX_OK);
    assert_int_equal(bx_file_put(d->dir, NAME, "x", 1, &err), BX_OK);
    snprintf(path, sizeof(path), "%s/00/" NAME, d->dir);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink("/etc/hostname", path), 0);
    assert_int_equal(bx_file_get(d->arena, d->dir, NAME, 1000, &v, &err), BX_FAIL);
}

static void
set_aside(void **state)
{
    disk        *d = *state;
    bx_error     err = { 0 };
    bx_value     v;
    const char  *aside;

    assert_int_equal(bx_file_aside(d->arena, d->dir, NAME, &aside, &err), BX_OK);
    assert_null(aside);                       /* there was none */

    /* dropped */
    assert_int_equal(bx_file_put(d->dir, NAME, "old", 3, &err), BX_OK);
    assert_int_equal(bx_file_aside(d->arena, d->dir, NAME, &aside, &err), BX_OK);
    assert_non_null(aside);
    assert_false(bx_file_exists(d->dir, NAME));
    bx_file_drop(aside);
    assert_int_equal(files_in(d->dir, "tmp"), 0);

    /* put back */
    assert_int_equal(bx_file_put(d->dir, NAME, "old", 3, &err), BX_OK);
    assert_int_equal(bx_file_aside(d->arena, d->dir, NAME, &aside, &err), BX_OK);
    assert_int_equal(bx_file_back(d->dir, NAME, aside, &err), BX_OK);
    assert_int_equal(bx_file_get(d->arena, d->dir, NAME, 10, &v, &err), BX_OK);
    assert_memory_equal(v.s, "old", 3);

    /* written again while it was aside: the new one stays */
    assert_int_equal(bx_file_aside(d->arena, d->dir, NAME, &aside, &err), BX_OK);
    assert_int_equal(bx_file_put(d->dir, NAME, "new", 3, &err), BX_OK);
    assert_int_equal(bx_file_back(d->dir, NAME, aside, &err), BX_OK);
    assert_int_equal(bx_file_get(d->arena, d->dir, NAME, 10, &v, &err), BX_OK);
    assert_memory_equal(v.s, "new", 3);
    assert_int_equal(files_in(d->dir, "tmp"), 0);
}

static void
leftovers(void **state)
{
    disk            *d = *state;
    bx_error         err = { 0 };
    struct utimbuf   old = { 1000, 1000 };
    char             path[256];
    FILE            *f;

    assert_int_equal(bx_file_sweep(d->dir, 2000), 0);     /* no tmp yet */
    assert_int_equal(bx_file_put(d->dir, NAME, "kept", 4, &err), BX_OK);

    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof(path), "%s/tmp/left-%d", d->dir, i);
        f = fopen(path, "w");
        assert_non_null(f);
        fclose(f);
    }
    assert_int_equal(utime(path, &old), 0);

    assert_int_equal(bx_file_sweep(d->dir, 2000), 1);
    assert_int_equal(files_in(d->dir, "tmp"), 1);
    assert_true(bx_file_exists(d->dir, NAME));
}

int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(samples_are_known),
        cmocka_unit_test(cut_short),
        cmocka_unit_test(bent),
        cmocka_unit_test(refused),
        cmocka_unit_test(media_types),
        cmocka_unit_test_setup_teardown(put_and_get, setup, teardown),
        cmocka_unit_test_setup_teardown(replaced_only_where_it_is, setup, teardown),
        cmocka_unit_test_setup_teardown(not_there, setup, teardown),
        cmocka_unit_test_setup_teardown(links_are_not_followed, setup, teardown),
        cmocka_unit_test_setup_teardown(set_aside, setup, teardown),
        cmocka_unit_test_setup_teardown(leftovers, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
