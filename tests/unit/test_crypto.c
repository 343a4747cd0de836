/*
 * test_crypto.c: the secret file (its versions: test_key_file.c), passwords, tokens, sealing, hashes for look-up, masking.
 */
#include "secret_file.h"

#include <time.h>

static void
refuses(const char *word)
{
    bx_error  err = { BX_E_NONE, 0, "" };

    assert_int_equal(bx_keys_load(path, &err), BX_FAIL);
    if (strstr(err.text, word) == NULL) {
        fail_msg("\"%s\" is not in \"%s\"", word, err.text);
    }
}

#define K1  "1111111111111111111111111111111111111111111111111111111111111111"
#define K2  "222222222222222222222222222222222222222222222222222222222222AbCd"

/* The first test: no keys, no sealing, and no hash that anybody could compute. */
static void
test_without_keys(void **state)
{
    char       *out;
    bx_value    v;

    (void) state;

    assert_int_equal(bx_seal(a, "plain", &v), BX_FAIL);
    assert_int_equal(v.kind, BX_V_NULL);
    assert_int_equal(bx_lookup_hash(a, "id", "plain").kind, BX_V_NULL);
    v = bx_blob("0123456789012345678901234567890123456789012345678901234567890", 60);
    assert_int_equal(bx_unseal(a, &v, &out), BX_FAIL);
    assert_null(out);
}

static void
test_key_file(void **state)
{
    char         first[512], again[512];
    FILE        *f;
    size_t       n;
    bx_error     err = { BX_E_NONE, 0, "" };
    struct stat  st;

    (void) state;

    assert_int_equal(bx_keys_create(path, &err), BX_OK);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    f = fopen(path, "r");
    n = fread(first, 1, sizeof(first), f);
    fclose(f);
    assert_int_equal(n, 5 + 7 + 5 + 3 * 65);
    load();

    assert_int_equal(bx_keys_create(path, &err), BX_OK);      /* leaves it alone */
    f = fopen(path, "r");
    assert_int_equal(fread(again, 1, sizeof(again), f), n);
    fclose(f);
    assert_memory_equal(first, again, n);

    assert_int_equal(bx_keys_create("/nonexistent/secret", &err), BX_FAIL);
    assert_non_null(strstr(err.text, "/nonexistent/secret"));
}

static void
test_key_file_refused(void **state)
{
    static const char  good[] = "# keys\n\nseal " K1 "\nlookup " K2 "\r\nfile\t" K1 "\n";
    static const mode_t open_to_others[] = { 0604, 0644, 0620, 0602, 0601, 0666 };

    (void) state;

    refuses("No such file");
    put(good);
    load();
    assert_int_equal(chmod(path, 0640), 0);
    load();
    for (size_t i = 0; i < sizeof(open_to_others) / sizeof(open_to_others[0]); i++) {
        assert_int_equal(chmod(path, open_to_others[i]), 0);
        refuses("is open to others");
    }

    put("seal " K1 "\nlookup " K2 "\n");
    refuses("has no key \"file\"");
    put("seal " K1 "\nseal " K2 "\n");
    refuses("line 2");
    put("seal " K1 "00\n");
    refuses("line 1");
    put("seal 11\n");
    refuses("line 1");
    put("seal\n");
    refuses("line 1");
    put("\nother " K1 "\n");
    refuses("line 2");
    put("seal 11111111111111111111111111111111111111111111111111111111111111zz\n");
    refuses("line 1");

    unlink(path);
    assert_int_equal(mkdir(path, 0700), 0);
    refuses("not a regular file");
    rmdir(path);
    assert_int_equal(mkfifo(path, 0600), 0);
    refuses("not a regular file");            /* and does not wait for a writer */
}

static void
test_seal(void **state)
{
    char       *out, *changed;
    bx_value    v, again, cut;

    (void) state;
    put("seal " K1 "\nlookup " K2 "\nfile " K2 "\n");
    load();

    assert_int_equal(bx_seal(a, "520425201203040018", &v), BX_OK);
    assert_int_equal(v.kind, BX_V_BLOB);
    assert_int_equal(v.len, 18 + 41);
    assert_null(memmem(v.s, v.len, "5204", 4));
    assert_int_equal(bx_unseal(a, &v, &out), BX_OK);
    assert_string_equal(out, "520425201203040018");

    assert_int_equal(bx_seal(a, "520425201203040018", &again), BX_OK);
    assert_memory_not_equal(v.s, again.s, v.len);             /* never the same twice */

    assert_int_equal(bx_seal(a, "", &v), BX_OK);
    assert_int_equal(bx_unseal(a, &v, &out), BX_OK);
    assert_string_equal(out, "");

    assert_int_equal(bx_seal(a, NULL, &v), BX_OK);
    assert_int_equal(v.kind, BX_V_NULL);
    assert_int_equal(bx_unseal(a, &v, &out), BX_OK);
    assert_null(out);

    for (size_t i = 0; i < again.len; i++) {                  /* any changed byte is seen */
        changed = bx_strndup(a, again.s, again.len);
        changed[i] = (char) (changed[i] ^ 1);
        cut = bx_blob(changed, again.len);
        assert_int_equal(bx_unseal(a, &cut, &out), BX_FAIL);
        assert_null(out);
    }
    for (size_t n = 0; n < again.len; n++) {
        cut = bx_blob(again.s, n);
        assert_int_equal(bx_unseal(a, &cut, &out), BX_FAIL);
    }

    put("seal " K2 "\nlookup " K2 "\nfile " K2 "\n");         /* another key */
    load();
    assert_int_equal(bx_unseal(a, &again, &out), BX_FAIL);
}

static void
test_seal_bytes(void **state)
{
    char      *text;
    void      *out;
    char      *big = bx_alloc(a, 3000000);
    size_t     len;
    bx_value   v;

    (void) state;
    put("seal " K1 "\nlookup " K2 "\nfile " K2 "\n");
    load();

    memset(big + 1000, 7, 1000);
    assert_int_equal(bx_seal_bytes(a, big, 3000000, &v), BX_OK);
    assert_int_equal(bx_unseal_bytes(a, &v, &out, &len), BX_OK);
    assert_int_equal(len, 3000000);
    assert_memory_equal(out, big, len);
    assert_int_equal(bx_unseal(a, &v, &text), BX_FAIL);       /* files have a key of their own */

    assert_int_equal(bx_seal_bytes(a, NULL, 0, &v), BX_OK);
    assert_int_equal(bx_unseal_bytes(a, &v, &out, &len), BX_OK);
    assert_int_equal(len, 0);
    assert_non_null(out);
}

static void
test_lookup_hash(void **state)
{
    bx_value  id, other;

    (void) state;
    put("seal " K1 "\nlookup " K1 "\nfile " K1 "\n");
    load();

    id = bx_lookup_hash(a, "id", "11010519491231002X");
    assert_int_equal(id.kind, BX_V_BLOB);
    assert_int_equal(id.len, 32);
    other = bx_lookup_hash(a, "id", "11010519491231002x");
    assert_memory_equal(id.s, other.s, 32);                   /* capitals or not */
    other = bx_lookup_hash(a, "id4", "11010519491231002X");
    assert_memory_not_equal(id.s, other.s, 32);
    other = bx_lookup_hash(a, "id", "110105194912310020");
    assert_memory_not_equal(id.s, other.s, 32);
    assert_memory_not_equal(bx_lookup_hash(a, "login", "a").s, bx_lookup_hash(a, "login", "A").s, 32);
    assert_memory_not_equal(bx_lookup_hash(a, "ab", "c").s, bx_lookup_hash(a, "a", "bc").s, 32);
    assert_int_equal(bx_lookup_hash(a, "id", NULL).kind, BX_V_NULL);

    put("seal " K1 "\nlookup " K2 "\nfile " K1 "\n");
    load();
    other = bx_lookup_hash(a, "id", "11010519491231002X");
    assert_memory_not_equal(id.s, other.s, 32);
}

static void
test_password(void **state)
{
    char      *hash, *again;
    bx_error   err = { BX_E_NONE, 0, "" };

    (void) state;

    assert_int_equal(bx_password_hash(a, "保学 2026", &hash, &err), BX_OK);
    assert_non_null(strstr(hash, "$argon2id$v=19$m=19456,t=2,p=1$"));
    assert_true(strlen(hash) < 128);
    assert_true(bx_password_verify(hash, "保学 2026"));
    assert_false(bx_password_verify(hash, "保学 2027"));
    assert_false(bx_password_verify(hash, ""));
    assert_false(bx_password_verify("", ""));
    assert_false(bx_password_verify("not a hash", "not a hash"));

    assert_int_equal(bx_password_hash(a, "保学 2026", &again, &err), BX_OK);
    assert_string_not_equal(hash, again);
    assert_true(bx_password_verify(again, "保学 2026"));
}

static int64_t
nanoseconds(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);

    return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

/* An unknown login answers no sooner than a known one. */
static void
test_password_of_nobody(void **state)
{
    char      *hash;
    int64_t    began, known = 0, unknown = 0;
    bx_error   err = { BX_E_NONE, 0, "" };

    (void) state;
    assert_int_equal(bx_password_hash(a, "secret", &hash, &err), BX_OK);

    for (int i = 0; i < 10; i++) {
        began = nanoseconds();
        assert_false(bx_password_verify(hash, "guess"));
        known += nanoseconds() - began;
        began = nanoseconds();
        assert_false(bx_password_verify(NULL, "guess"));
        unknown += nanoseconds() - began;
    }

    assert_in_range(unknown, known / 2, known * 2);
}

static void
test_token(void **state)
{
    char      *token, *other;
    uint8_t    hash[32], again[32];

    (void) state;

    token = bx_token_new(a, hash);
    assert_int_equal(strlen(token), 43);
    assert_int_equal(strspn(token, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"), 43);
    bx_token_hash(token, strlen(token), again);
    assert_memory_equal(hash, again, 32);

    other = bx_token_new(a, again);
    assert_string_not_equal(token, other);
    assert_memory_not_equal(hash, again, 32);

    bx_sha256("abc", 3, hash);
    assert_string_equal(bx_hex(a, hash, 32), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    bx_sha256(NULL, 0, hash);
    assert_string_equal(bx_hex(a, hash, 32), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static void
test_code(void **state)
{
    char      *code;
    unsigned   seen[128] = { 0 }, letters = 0;

    (void) state;

    for (int i = 0; i < 3000; i++) {
        code = bx_code_new(a, 8);
        assert_int_equal(strlen(code), 8);
        for (const char *p = code; *p != '\0'; p++) {
            seen[(unsigned char) *p & 127]++;
        }
    }

    for (unsigned c = 0; c < 128; c++) {
        letters += seen[c] > 0;
        if (seen[c] > 0) {
            assert_in_range(seen[c], 500, 1200);              /* 800 on the average, 28 the deviation */
        }
    }
    assert_int_equal(letters, 30);
    for (const char *p = "0O1ILilo"; *p != '\0'; p++) {
        assert_int_equal(seen[(unsigned char) *p], 0);
    }
    assert_string_equal(bx_code_new(a, 0), "");
}

static void
test_mask(void **state)
{
    static const struct { const char *kind, *plain, *masked; } cases[] = {
        { "id", "52042520120304373X", "5204******373X" },
        { "id", "520425201203", "5204******1203" },
        { "id", "G52042520120304373X", "G5204******373X" },
        { "id", "L520425201203043736", "L5204******3736" },
        { "id", "A52042520120304373X", "A520******373X" },
        { "id", "E12345678", "E****" },
        { "id", "护照12345678", "护****" },
        { "id", "护照1234567890", "护照12******7890" },
        { "id", "1", "****" },
        { "id", "", "" },
        { "phone", "13800138000", "138****8000" },
        { "phone", "085112345678", "085****5678" },
        { "phone", "1234567", "1****" },
        { "other", "13800138000", "****" },
    };

    (void) state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_string_equal(bx_mask(a, cases[i].kind, cases[i].plain), cases[i].masked);
    }
    assert_null(bx_mask(a, "id", NULL));
}

int
main(void)
{
#define T(name)  cmocka_unit_test_setup_teardown(test_##name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(without_keys), T(key_file), T(key_file_refused), T(seal), T(seal_bytes), T(lookup_hash), T(password),
        T(password_of_nobody), T(token), T(code), T(mask),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
