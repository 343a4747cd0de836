/*
 * crypto.c: keys, passwords, tokens, sealing at rest, hashes for look-up, masking. All primitives are libsodium's.
 *
 * A sealed value is: a byte that says which version of the key sealed it, 24 bytes of nonce, XChaCha20-Poly1305 of the
 * plain bytes with the version as associated data. Every version in the secret file can be read; the one in use seals.
 * The keys are the process's: loaded once before threads start, never written after. Owns no table and no file but the
 * secret one; key_file.c changes that.
 */
#include "core/core.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#define KEY_BYTES      32
#define NONCE_BYTES    crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG_BYTES      crypto_aead_xchacha20poly1305_ietf_ABYTES
#define OVERHEAD       (1 + NONCE_BYTES + TAG_BYTES)

#define ARGON_PASSES   2
#define ARGON_MEMORY   (19u * 1024 * 1024)

typedef enum { SEAL, LOOKUP, FILES, KEYS } key_name;

static const char *const  key_names[KEYS] = { "seal", "lookup", "file" };

/* Of the look-up key there is version 1 alone. */
typedef struct {
    bool     loaded;
    uint8_t  use;                             /* the version that seals */
    bool     seen[KEYS][BX_KEY_VERSIONS + 1];
    uint8_t  key[KEYS][BX_KEY_VERSIONS + 1][KEY_BYTES];
} ring;

static ring  keys;

/* ---- the secret file */

/* "2", 1 to BX_KEY_VERSIONS; 0: it is none. */
static unsigned
read_version(const char *text)
{
    char           *end;
    unsigned long   n = *text >= '1' && *text <= '9' ? strtoul(text, &end, 10) : 0;

    return n == 0 || *end != '\0' || n > BX_KEY_VERSIONS ? 0 : (unsigned) n;
}

/* The key's name may have a version behind it, "seal.2". */
static bool
read_name(char *name, int *k, unsigned *version)
{
    char  *dot = strchr(name, '.');

    *version = dot == NULL ? 1 : read_version(dot + 1);
    if (dot != NULL) {
        *dot = '\0';
    }

    for (*k = 0; *k < KEYS && strcmp(name, key_names[*k]) != 0; (*k)++) { /* void */ }

    return *k < KEYS && *version != 0 && (*k != LOOKUP || dot == NULL);
}

/* One line "name hex" into one key, or "use version"; blank lines and lines that begin with # are passed over. */
static bx_rc
read_key_line(char *line, ring *out, const char *path, unsigned number, bx_error *err)
{
    int        k = 0;
    char      *name, *hex, *more, *save = NULL;
    size_t     n = 0;
    unsigned   version = 0;

    name = strtok_r(line, " \t\r\n", &save);
    if (name == NULL || name[0] == '#') {
        return BX_OK;
    }

    hex = strtok_r(NULL, " \t\r\n", &save);
    more = strtok_r(NULL, " \t\r\n", &save);

    if (strcmp(name, "use") == 0 && hex != NULL && more == NULL && out->use == 0 && read_version(hex) != 0) {
        out->use = (uint8_t) read_version(hex);
        return BX_OK;
    }

    if (!read_name(name, &k, &version) || hex == NULL || more != NULL || out->seen[k][version] || strlen(hex) != KEY_BYTES * 2
        || sodium_hex2bin(out->key[k][version], KEY_BYTES, hex, KEY_BYTES * 2, NULL, &n, NULL) != 0 || n != KEY_BYTES)
    {
        return bx_error_set(err, BX_E_INTERNAL, "line %u of secret file \"%s\" is not a key", number, path);
    }

    out->seen[k][version] = true;

    return BX_OK;
}

/* The version in use must be there, and each version whole. */
static bx_rc
check_ring(ring *r, const char *path, bx_error *err)
{
    int       k;
    unsigned  v;

    r->use = r->use == 0 ? 1 : r->use;

    for (k = 0; k < KEYS; k++) {
        v = k == LOOKUP ? 1 : r->use;
        if (!r->seen[k][v]) {
            return v == 1 ? bx_error_set(err, BX_E_INTERNAL, "secret file \"%s\" has no key \"%s\"", path, key_names[k])
                          : bx_error_set(err, BX_E_INTERNAL, "secret file \"%s\" has no key \"%s.%u\"", path, key_names[k], v);
        }
    }

    for (v = 1; v <= BX_KEY_VERSIONS; v++) {
        if (r->seen[SEAL][v] != r->seen[FILES][v]) {
            return bx_error_set(err, BX_E_INTERNAL, "secret file \"%s\" has one key of version %u without the other", path, v);
        }
    }

    return BX_OK;
}

static bx_rc
read_keys(FILE *f, ring *out, const char *path, bx_error *err)
{
    char      line[256];
    bx_rc     rc = BX_OK;
    unsigned  number;

    for (number = 1; rc == BX_OK && fgets(line, sizeof(line), f) != NULL; number++) {
        rc = read_key_line(line, out, path, number, err);
    }

    sodium_memzero(line, sizeof(line));

    return rc == BX_OK ? check_ring(out, path, err) : rc;
}

unsigned
bx_keys_use(void)
{
    return keys.loaded ? keys.use : 0;
}

bool
bx_keys_have(unsigned version)
{
    return keys.loaded && version > 0 && version <= BX_KEY_VERSIONS && keys.seen[SEAL][version];
}

/* The group may read the file, for a service that is started by its own account; nobody else may, and only the owner
 * may write. */
bx_rc
bx_keys_load(const char *path, bx_error *err)
{
    int          fd;
    char         buffer[1024];
    FILE        *f;
    bx_rc        rc = BX_FAIL;
    ring         fresh = { 0 };
    struct stat  st;

    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd == -1) {
        return bx_error_set(err, BX_E_INTERNAL, "cannot open secret file \"%s\": %s", path, strerror(errno));
    }

    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        close(fd);
        return bx_error_set(err, BX_E_INTERNAL, "secret file \"%s\" is not a regular file", path);
    }

    if (st.st_mode & (S_IWGRP | S_IRWXO)) {
        close(fd);
        return bx_error_set(err, BX_E_INTERNAL, "secret file \"%s\" is open to others (mode %04o): chmod 600 it", path,
                            (unsigned) st.st_mode & 07777u);
    }

    f = fdopen(fd, "r");
    if (f == NULL) {
        close(fd);
        return bx_error_set(err, BX_E_MEMORY, "out of memory while reading secret file \"%s\"", path);
    }
    setvbuf(f, buffer, _IOFBF, sizeof(buffer));

    rc = read_keys(f, &fresh, path, err);
    if (rc == BX_OK) {
        (void) sodium_mlock(&keys, sizeof(keys));         /* out of swap and core dumps, where the system allows it */
        keys = fresh;
        keys.loaded = true;
    }

    fclose(f);
    sodium_memzero(buffer, sizeof(buffer));
    sodium_memzero(&fresh, sizeof(fresh));

    return rc;
}

static bx_rc
write_keys(int fd)
{
    int      k, n;
    char     text[512], hex[KEY_BYTES * 2 + 1];
    size_t   len = 0;
    bx_rc    rc;
    uint8_t  key[KEY_BYTES];

    for (k = 0; k < KEYS; k++) {
        randombytes_buf(key, sizeof(key));
        sodium_bin2hex(hex, sizeof(hex), key, sizeof(key));
        n = snprintf(text + len, sizeof(text) - len, "%s %s\n", key_names[k], hex);
        len += (size_t) n;
    }

    rc = write(fd, text, len) == (ssize_t) len && fsync(fd) == 0 ? BX_OK : BX_FAIL;

    sodium_memzero(text, sizeof(text));
    sodium_memzero(hex, sizeof(hex));
    sodium_memzero(key, sizeof(key));

    return rc;
}

/* Written beside its place and linked into it, so that two who make it at once agree and none sees half of it. */
bx_rc
bx_keys_create(const char *path, bx_error *err)
{
    int    fd, failed = 0;
    char   temporary[PATH_MAX];

    if (access(path, F_OK) == 0) {
        return BX_OK;
    }

    if (snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path) >= (int) sizeof(temporary)) {
        return bx_error_set(err, BX_E_INTERNAL, "path of secret file too long");
    }

    fd = mkostemp(temporary, O_CLOEXEC);      /* mode 0600 */
    if (fd == -1) {
        return bx_error_set(err, BX_E_INTERNAL, "cannot make secret file \"%s\": %s", path, strerror(errno));
    }

    if (write_keys(fd) != BX_OK || (link(temporary, path) != 0 && errno != EEXIST)) {
        failed = errno;
    }

    close(fd);
    unlink(temporary);

    if (failed) {
        return bx_error_set(err, BX_E_INTERNAL, "cannot write secret file \"%s\": %s", path, strerror(failed));
    }

    return BX_OK;
}

/* ---- passwords */

bx_rc
bx_password_hash(bx_arena *a, const char *plain, char **out, bx_error *err)
{
    *out = bx_alloc(a, crypto_pwhash_STRBYTES);

    if (*out == NULL
        || crypto_pwhash_str_alg(*out, plain, strlen(plain), ARGON_PASSES, ARGON_MEMORY,
                                 crypto_pwhash_ALG_ARGON2ID13) != 0)
    {
        *out = NULL;
        return bx_error_set(err, BX_E_MEMORY, "out of memory while hashing a password");
    }

    return BX_OK;
}

bool
bx_password_verify(const char *hash, const char *plain)
{
    uint8_t  out[32], salt[crypto_pwhash_SALTBYTES] = { 0 };

    if (hash == NULL) {
        /* nobody by that name: the answer must not come sooner */
        (void) !crypto_pwhash(out, sizeof(out), plain, strlen(plain), salt, ARGON_PASSES, ARGON_MEMORY,
                              crypto_pwhash_ALG_ARGON2ID13);
        return false;
    }

    return crypto_pwhash_str_verify(hash, plain, strlen(plain)) == 0;
}

/* ---- random things and plain hashes */

void
bx_random(void *out, size_t n)
{
    randombytes_buf(out, n);
}

void
bx_sha256(const void *data, size_t len, uint8_t hash[32])
{
    crypto_hash_sha256(hash, data, len);
}

void
bx_token_hash(const char *token, size_t len, uint8_t hash[32])
{
    bx_sha256(token, len, hash);
}

char *
bx_token_new(bx_arena *a, uint8_t hash[32])
{
    char     *token;
    size_t    size = sodium_base64_ENCODED_LEN(32, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    uint8_t   bytes[32];

    token = bx_alloc(a, size);
    if (token == NULL) {
        return NULL;
    }

    randombytes_buf(bytes, sizeof(bytes));
    sodium_bin2base64(token, size, bytes, sizeof(bytes), sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    sodium_memzero(bytes, sizeof(bytes));

    bx_token_hash(token, strlen(token), hash);

    return token;
}

char *
bx_code_new(bx_arena *a, unsigned n)
{
    /* no 0 O, no 1 I L, and no U, which is read as V */
    static const char  alphabet[] = "23456789ABCDEFGHJKMNPQRSTVWXYZ";
    char              *code = bx_alloc(a, (size_t) n + 1);
    unsigned           i;

    for (i = 0; code != NULL && i < n; i++) {
        code[i] = alphabet[randombytes_uniform(sizeof(alphabet) - 1)];
    }

    return code;
}

/* ---- sealing */

static bx_rc
seal(bx_arena *a, key_name name, const void *plain, size_t len, bx_value *out)
{
    uint8_t             *p;
    unsigned long long   n;

    *out = bx_null();
    if (!keys.loaded || len > SIZE_MAX - OVERHEAD) {
        return BX_FAIL;
    }

    p = bx_alloc(a, len + OVERHEAD);
    if (p == NULL) {
        return BX_FAIL;
    }

    p[0] = keys.use;
    randombytes_buf(p + 1, NONCE_BYTES);
    crypto_aead_xchacha20poly1305_ietf_encrypt(p + 1 + NONCE_BYTES, &n, plain, len, p, 1, NULL, p + 1,
                                               keys.key[name][keys.use]);
    *out = bx_blob(p, len + OVERHEAD);

    return BX_OK;
}

/* The plain bytes get a NUL behind them. */
static bx_rc
unseal(bx_arena *a, key_name name, const bx_value *sealed, void **out, size_t *len)
{
    uint8_t             *plain;
    const uint8_t       *p = (const uint8_t *) sealed->s;
    unsigned long long   n;

    *out = NULL;
    *len = 0;

    if (!keys.loaded || (sealed->kind != BX_V_BLOB && sealed->kind != BX_V_TEXT) || sealed->len < OVERHEAD
        || !bx_keys_have(p[0]))
    {
        return BX_FAIL;
    }

    plain = bx_alloc(a, sealed->len - OVERHEAD + 1);
    if (plain == NULL
        || crypto_aead_xchacha20poly1305_ietf_decrypt(plain, &n, NULL, p + 1 + NONCE_BYTES,
                                                      sealed->len - 1 - NONCE_BYTES, p, 1, p + 1,
                                                      keys.key[name][p[0]]) != 0)
    {
        return BX_FAIL;
    }

    *out = plain;
    *len = (size_t) n;

    return BX_OK;
}

/* NULL seals to SQL NULL, and SQL NULL unseals to NULL. */
bx_rc
bx_seal(bx_arena *a, const char *plain, bx_value *out)
{
    if (plain == NULL) {
        *out = bx_null();
        return BX_OK;
    }

    return seal(a, SEAL, plain, strlen(plain), out);
}

bx_rc
bx_unseal(bx_arena *a, const bx_value *sealed, char **out)
{
    void    *plain = NULL;
    bx_rc    rc = BX_OK;
    size_t   len;

    if (sealed->kind != BX_V_NULL) {
        rc = unseal(a, SEAL, sealed, &plain, &len);
    }

    *out = plain;

    return rc;
}

bx_rc
bx_seal_bytes(bx_arena *a, const void *plain, size_t len, bx_value *out)
{
    return seal(a, FILES, plain, len, out);
}

bx_rc
bx_unseal_bytes(bx_arena *a, const bx_value *sealed, void **out, size_t *len)
{
    return unseal(a, FILES, sealed, out, len);
}

/* SQL NULL for NULL, and when no key is loaded: it equals nothing. Letters of identity and enrolment numbers and of
 * codes count as capitals. */
bx_value
bx_lookup_hash(bx_arena *a, const char *purpose, const char *plain)
{
    char                       c;
    bool                       capitals;
    uint8_t                   *hash;
    crypto_generichash_state   st;

    hash = plain == NULL || !keys.loaded ? NULL : bx_alloc(a, 32);
    if (hash == NULL) {
        return bx_null();
    }

    capitals = strcmp(purpose, "id") == 0 || strcmp(purpose, "id4") == 0 || strcmp(purpose, "enrolment") == 0
               || strcmp(purpose, "code") == 0;

    crypto_generichash_init(&st, keys.key[LOOKUP][1], KEY_BYTES, 32);
    crypto_generichash_update(&st, (const uint8_t *) purpose, strlen(purpose) + 1);

    for ( /* void */ ; *plain != '\0'; plain++) {
        c = capitals && *plain >= 'a' && *plain <= 'z' ? (char) (*plain - 'a' + 'A') : *plain;
        crypto_generichash_update(&st, (const uint8_t *) &c, 1);
    }

    crypto_generichash_final(&st, hash, 32);

    return bx_blob(hash, 32);
}

/* ---- masking */

/* Bytes of the first n characters of s. */
static size_t
bytes_of(const char *s, size_t n)
{
    const char  *p = s;

    for ( /* void */ ; n > 0 && *p != '\0'; n--) {
        for (p++; ((unsigned char) *p & 0xc0) == 0x80; p++) { /* void */ }
    }

    return (size_t) (p - s);
}

/* G, J or L and 18 more: an enrolment number, which is most often an identity number with a letter in front. */
static bool
is_enrolment_no(const char *s, size_t n)
{
    return n == 19 && strchr("GJLgjl", *s) != NULL;
}

/* The number of stars does not tell how much they hide. What is too short to hide four characters so keeps only its
 * first; an unknown kind keeps nothing. The letter of an enrolment number stays besides the four. */
char *
bx_mask(bx_arena *a, const char *kind, const char *plain)
{
    bool         id, phone;
    size_t       n, head, tail;
    const char  *stars = "****";

    if (plain == NULL) {
        return NULL;
    }

    id = strcmp(kind, "id") == 0;
    phone = strcmp(kind, "phone") == 0;
    head = id ? 4 : phone ? 3 : 0;
    tail = id || phone ? 4 : 0;
    n = bx_utf8_count(plain);
    head += id && is_enrolment_no(plain, n);

    if (n < head + tail + 4) {
        head = n > 1 && (id || phone) ? 1 : 0;
        tail = 0;
    } else if (id) {
        stars = "******";
    }

    return bx_sprintf(a, "%.*s%s%s", (int) bytes_of(plain, head), plain, n == 0 ? "" : stars,
                      plain + bytes_of(plain, n - tail));
}
