/*
 * test_key_file.c: versions of the keys: what each has sealed is read as long as it is in the file, one seals, files that are not whole
 * are refused, and changes of the file are whole or not at all.
 */
#include "secret_file.h"

#define HEX(c)  c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c
#define FIRST   "seal " HEX("1") "\nlookup " HEX("2") "\nfile " HEX("3") "\n"
#define SECOND  "seal.2 " HEX("4") "\nfile.2 " HEX("5") "\n"

static char *
read_all(const char *file)
{
    char    *text = bx_alloc(a, 8192);
    size_t   n;
    FILE    *f = fopen(file, "r");

    assert_non_null(f);
    n = fread(text, 1, 8191, f);
    text[n] = '\0';
    fclose(f);

    return text;
}

static bx_value
sealed(const char *plain)
{
    bx_value  v;

    assert_int_equal(bx_seal(a, plain, &v), BX_OK);
    return v;
}

static void
reads(const bx_value *v, const char *plain)
{
    char  *out;

    assert_int_equal(bx_unseal(a, v, &out), BX_OK);
    assert_string_equal(out, plain);
}

static void
reads_not(const bx_value *v)
{
    char  *out;

    assert_int_equal(bx_unseal(a, v, &out), BX_FAIL);
}

static unsigned
version(const bx_value *v)
{
    return (unsigned char) v->s[0];
}

/* ---- the versions */

static void
test_one_seals_and_all_read(void **state)
{
    bx_value  old, fresh;

    (void) state;

    put(FIRST);
    load();
    old = sealed("522635201003150026");
    assert_int_equal(version(&old), 1);
    assert_int_equal(bx_keys_use(), 1);

    put(FIRST SECOND);
    load();
    reads(&old, "522635201003150026");
    fresh = sealed("13812345678");
    assert_int_equal(version(&fresh), 1);             /* it waits */
    assert_true(bx_keys_have(1) && bx_keys_have(2) && !bx_keys_have(3) && !bx_keys_have(0) && !bx_keys_have(255));

    put(FIRST SECOND "use 2\n");
    load();
    reads(&old, "522635201003150026");
    fresh = sealed("13812345678");
    assert_int_equal(version(&fresh), 2);
    reads(&fresh, "13812345678");

    put("lookup " HEX("2") "\n" SECOND "use 2\n");
    load();
    reads(&fresh, "13812345678");
    reads_not(&old);
}

static void
test_the_version_cannot_be_changed_in_the_value(void **state)
{
    bx_value  v;

    (void) state;

    /* the same bytes as key of both: only the version, which is authenticated, tells them apart */
    put(FIRST "seal.2 " HEX("1") "\nfile.2 " HEX("3") "\n");
    load();
    v = sealed("522635201003150026");
    ((char *) (uintptr_t) v.s)[0] = 2;
    reads_not(&v);
}

static void
test_files_have_keys_of_their_own(void **state)
{
    bx_value  v, other;
    void     *out;
    size_t    len;

    (void) state;

    put(FIRST SECOND "use 2\n");
    load();
    assert_int_equal(bx_seal_bytes(a, "a\0b", 3, &v), BX_OK);
    assert_int_equal(version(&v), 2);
    assert_int_equal(bx_unseal_bytes(a, &v, &out, &len), BX_OK);
    assert_int_equal(len, 3);
    assert_memory_equal(out, "a\0b", 3);
    other = sealed("abc");
    assert_int_equal(bx_unseal_bytes(a, &other, &out, &len), BX_FAIL);
}

static void
test_what_is_found_by_hash_is_found_by_it_later(void **state)
{
    bx_value  before, after;

    (void) state;

    put(FIRST);
    load();
    before = bx_lookup_hash(a, "id", "522635201003150026");
    put(FIRST SECOND "use 2\n");
    load();
    after = bx_lookup_hash(a, "id", "522635201003150026");
    assert_memory_equal(before.s, after.s, 32);
}

/* ---- files that are none */

static void
refuses(const char *text, const char *why)
{
    bx_error  err = { BX_E_NONE, 0, "" };

    put(FIRST);
    load();
    put(text);
    assert_int_equal(bx_keys_load(path, &err), BX_FAIL);
    if (strstr(err.text, why) == NULL) {
        fail_msg("\"%s\" says nothing of \"%s\"", err.text, why);
    }
    assert_int_equal(bx_keys_use(), 1);               /* what was loaded stays */
}

static void
test_files_that_are_not_whole(void **state)
{
    (void) state;

    refuses(FIRST "seal.2 " HEX("4") "\n", "one key of version 2 without the other");
    refuses(FIRST "file.2 " HEX("4") "\n", "one key of version 2 without the other");
    refuses(FIRST SECOND "use 3\n", "no key \"seal.3\"");
    refuses(FIRST SECOND "use 2\nuse 2\n", "line 7");
    refuses(FIRST SECOND "use 0\n", "line 6");
    refuses(FIRST SECOND "use two\n", "line 6");
    refuses(FIRST SECOND SECOND, "line 6");
    refuses(FIRST "seal.1 " HEX("4") "\n", "line 4");
    refuses(FIRST "seal.0 " HEX("4") "\n", "line 4");
    refuses(FIRST "seal.02 " HEX("4") "\n", "line 4");
    refuses(FIRST "seal.100 " HEX("4") "\n", "line 4");
    refuses(FIRST "seal. " HEX("4") "\n", "line 4");
    refuses(FIRST "seal.2 4444\n", "line 4");
    refuses(FIRST "lookup.2 " HEX("4") "\n", "line 4");
    refuses(SECOND "use 2\n", "no key \"lookup\"");
    refuses("lookup " HEX("2") "\n" SECOND, "no key \"seal\"");
}

/* ---- changes */

static void
test_a_life_of_a_key(void **state)
{
    bx_value     old, fresh;
    bx_error     err = { BX_E_NONE, 0, "" };
    unsigned     v;
    struct stat  st;
    char         retired[128];

    (void) state;

    put("# kept by the office\n" FIRST);
    assert_int_equal(chmod(path, 0640), 0);
    load();
    old = sealed("522635201003150026");

    assert_int_equal(bx_keys_add(path, &v, &err), BX_OK);
    assert_int_equal(v, 2);
    assert_int_equal(strncmp(read_all(path), "# kept by the office\n" FIRST, strlen("# kept by the office\n" FIRST)), 0);
    load();
    assert_int_equal(bx_keys_use(), 1);

    /* one at a time */
    assert_int_equal(bx_keys_add(path, &v, &err), BX_FAIL);
    assert_non_null(strstr(err.text, "version 2"));
    assert_int_equal(v, 0);

    assert_int_equal(bx_keys_put_in_use(path, 3, &err), BX_FAIL);
    assert_int_equal(bx_keys_put_in_use(path, 2, &err), BX_OK);
    load();
    assert_int_equal(bx_keys_use(), 2);
    reads(&old, "522635201003150026");
    fresh = sealed("13812345678");

    assert_int_equal(bx_keys_retire(path, 2, &err), BX_FAIL);
    assert_non_null(strstr(err.text, "in use"));
    assert_int_equal(bx_keys_retire(path, 3, &err), BX_FAIL);
    assert_int_equal(bx_keys_retire(path, 1, &err), BX_OK);
    load();
    reads(&fresh, "13812345678");
    reads_not(&old);

    /* nothing is lost: the retired ones lie beside, the rest is as it was */
    snprintf(retired, sizeof(retired), "%s.retired-1", path);
    assert_string_equal(read_all(retired), "seal " HEX("1") "\nfile " HEX("3") "\n");
    assert_non_null(strstr(read_all(path), "# kept by the office\nlookup " HEX("2") "\nseal.2 "));
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0640);
    assert_int_equal(stat(retired, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0640);

    /* no number comes again */
    assert_int_equal(bx_keys_add(path, &v, &err), BX_OK);
    assert_int_equal(v, 3);
    assert_int_equal(bx_keys_put_in_use(path, 3, &err), BX_OK);
    load();
    assert_int_equal(bx_keys_use(), 3);
    reads(&fresh, "13812345678");
}

static void
test_two_new_keys_are_not_the_same(void **state)
{
    bx_error  err = { BX_E_NONE, 0, "" };
    unsigned  v;
    char     *seal, *file;

    (void) state;

    put(FIRST);
    assert_int_equal(bx_keys_add(path, &v, &err), BX_OK);
    seal = strstr(read_all(path), "seal.2 ");
    file = strstr(read_all(path), "file.2 ");
    assert_non_null(seal);
    assert_non_null(file);
    assert_memory_not_equal(seal + 7, file + 7, 64);
    assert_true(strspn(seal + 7, "0123456789abcdef") == 64 && strspn(file + 7, "0123456789abcdef") == 64);
}

static void
test_a_file_without_its_last_line_end_is_not_glued(void **state)
{
    bx_error  err = { BX_E_NONE, 0, "" };
    unsigned  v;

    (void) state;

    put("seal " HEX("1") "\nlookup " HEX("2") "\nfile " HEX("3"));
    assert_int_equal(bx_keys_add(path, &v, &err), BX_OK);
    load();
    assert_true(bx_keys_have(2));
}

static void
test_a_link_stays_a_link(void **state)
{
    bx_error     err = { BX_E_NONE, 0, "" };
    unsigned     v;
    char         link[128];
    struct stat  st;

    (void) state;

    put(FIRST);
    snprintf(link, sizeof(link), "%s/link", dir);
    assert_int_equal(symlink(path, link), 0);
    assert_int_equal(bx_keys_add(link, &v, &err), BX_OK);
    assert_int_equal(lstat(link, &st), 0);
    assert_true(S_ISLNK(st.st_mode));
    load();
    assert_true(bx_keys_have(2));
}

static void
test_a_damaged_file_is_not_changed(void **state)
{
    bx_error  err = { BX_E_NONE, 0, "" };
    unsigned  v;

    (void) state;

    put(FIRST "seal.2 44\n");
    assert_int_equal(bx_keys_add(path, &v, &err), BX_FAIL);
    assert_string_equal(read_all(path), FIRST "seal.2 44\n");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(bx_keys_add(path, &v, &err), BX_FAIL);
    assert_non_null(strstr(err.text, path));
    assert_int_equal(access(path, F_OK), -1);
}

#define T(name)  cmocka_unit_test_setup_teardown(test_##name, set_up, tear_down)

int
main(void)
{
    static const struct CMUnitTest  tests[] = {
        T(one_seals_and_all_read),
        T(the_version_cannot_be_changed_in_the_value),
        T(files_have_keys_of_their_own),
        T(what_is_found_by_hash_is_found_by_it_later),
        T(files_that_are_not_whole),
        T(a_life_of_a_key),
        T(two_new_keys_are_not_the_same),
        T(a_file_without_its_last_line_end_is_not_glued),
        T(a_link_stays_a_link),
        T(a_damaged_file_is_not_changed)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
