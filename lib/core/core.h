/* core.h: services below the database that are not part of the public header. Internal to libbaoxue. */
#ifndef BX_CORE_H
#define BX_CORE_H

#include "baoxue.h"

/* ---- init.c */

bx_rc   bx_core_init(bx_error *err);                                                      /* once a process, before threads; again is harmless */

/* ---- arena.c: the memory of JSON */

void    bx_json_init(void);                                                               /* before any JSON is made; by bx_core_init() */
/* From now on the JSON this thread makes lies in memory that ends with the arena, and releasing it costs nothing; NULL: on the heap,
 * as before. What was made on the heap goes on being released there. For requests: JSON that outlives the arena must not be made in it. */
void    bx_json_here(bx_arena *a);

/* ---- clock.c */

#ifdef BX_TEST_CLOCK
/* The file holds epoch seconds as text, and "run" behind them when the clock goes on from there since the file's mtime. It is read
 * by each bx_now(); replace it by rename. NULL, or a file that is not there: the real clock. Set before threads start. */
void    bx_clock_set_file(const char *path);
#endif

/* ---- crypto.c: libsodium. Keys are process-wide, loaded once before threads start, never written after. */

#define BX_KEY_VERSIONS  99

/* Reads a secret file: lines "seal <64 hex>", "lookup <64 hex>", "file <64 hex>", later versions "seal.2 <64 hex>" and "file.2 <64 hex>",
 * and "use 2" for the one that seals (without it: 1); refuses a file that others may read. */
bx_rc   bx_keys_load(const char *path, bx_error *err);
/* Makes such a file with mode 0600 unless it exists. */
bx_rc   bx_keys_create(const char *path, bx_error *err);
unsigned bx_keys_use(void);                                                               /* the version that seals; 0: no keys are loaded */
bool    bx_keys_have(unsigned version);                                                   /* can what it sealed be read? */
/* ---- key_file.c: changes of a secret file, whole or not at all; what is loaded stays as it is. */

/* The next version, which can be read from now on and seals nothing before bx_keys_put_in_use(). */
bx_rc   bx_keys_add(const char *path, unsigned *version, bx_error *err);
bx_rc   bx_keys_put_in_use(const char *path, unsigned version, bx_error *err);
/* Takes a version that is not in use out of the file and into "<path>.retired-<version>". */
bx_rc   bx_keys_retire(const char *path, unsigned version, bx_error *err);
bx_rc   bx_password_hash(bx_arena *a, const char *plain, char **out, bx_error *err);      /* Argon2id, 19 MiB, 2 passes: [thread], slow */
bool    bx_password_verify(const char *hash, const char *plain);                         /* NULL hash: takes as long and fails */
bool    bx_password_common(const char *low);                                              /* in small letters: one of those that everybody tries */
void    bx_random(void *out, size_t n);
char   *bx_token_new(bx_arena *a, uint8_t hash[32]);                                      /* 256 bits, base64url, and its hash */
void    bx_token_hash(const char *token, size_t len, uint8_t hash[32]);                   /* [loop] SHA-256 */
void    bx_sha256(const void *data, size_t len, uint8_t hash[32]);
/* Human code without 0 O 1 I L etc., n characters from a 30-letter alphabet ("SZ7K92MD"). */
char   *bx_code_new(bx_arena *a, unsigned n);
/* Whole-file sealing for attachments with the key "file"; the sealed form is a blob. */
bx_rc   bx_seal_bytes(bx_arena *a, const void *plain, size_t len, bx_value *out);
bx_rc   bx_unseal_bytes(bx_arena *a, const bx_value *sealed, void **out, size_t *len);

/* ---- totp.c: RFC 6238 by liboath. Secrets are base32 texts. */

char   *bx_totp_secret(bx_arena *a);                                                      /* a new one, 160 bits; NULL: no memory */
/* The code of that instant: six digits; NULL: no base32. */
char   *bx_totp_code(bx_arena *a, const char *secret, bx_time at);
/* Is it the code of this half-minute or of one beside it, and of one later than `after`? Then *step says of which: the caller
 * keeps it, so that no code is taken twice. */
bool    bx_totp_check(const char *secret, const char *typed, bx_time now, int64_t after, int64_t *step);

/* ---- text.c */

bool    bx_utf8_valid(const char *s, size_t len);
size_t  bx_utf8_count(const char *s);                                                    /* characters */
char   *bx_trim(bx_arena *a, const char *s);                                              /* ASCII and ideographic spaces off both ends */
char   *bx_fold_width(bx_arena *a, const char *s);                                        /* full-width ASCII → ASCII, no-break spaces → space */
char   *bx_hex(bx_arena *a, const void *p, size_t n);
bool    bx_text_clean(const char *s);                                                     /* no control characters but \n and \t */

/* ---- phone.c */

/* Digits of a phone number as people write it: full-width, spaces, dashes, +86 before a mobile. NULL: not a phone number. */
char   *bx_phone_normal(bx_arena *a, const char *text);

/* ---- locale.c: html/locale/<lang>/ *.json, flat objects of key → text with {names}. A set is read-only once it is used. */

#define BX_LANGUAGES  2

typedef struct bx_locale bx_locale;

bx_locale  *bx_locale_open(void);                                                         /* an empty set; NULL when out of memory */
void        bx_locale_close(bx_locale *set);
/* Adds the texts below a directory. said, unless NULL, gets what they are by language: new references. */
bx_rc       bx_locale_read(bx_locale *set, const char *dir, json_t *said[BX_LANGUAGES], bx_error *err);
void        bx_locale_use(const bx_locale *set);                                          /* what bx_tr() reads; NULL: what bx_locale_load() read */
bool        bx_locale_says(const bx_locale *set, size_t language, const char *key);
size_t      bx_language(const char *lang);                                                /* index; 0 for NULL or an unknown one */
const char *bx_language_name(size_t i);                                                   /* NULL past the last */
/* A set of its own for what has no application; read while none is in use. */
bx_rc       bx_locale_load(const char *dir, bx_error *err);
bool        bx_locale_has(const char *lang, const char *key);
json_t     *bx_locale_like(const char *lang, const char *prefix);                         /* texts whose keys begin so: a new reference */
/* A text with its {names} filled from params (borrowed, may be NULL): what bx_tr() does with the one it finds. */
const char *bx_text_fill(bx_arena *a, const char *text, const json_t *params);
void        bx_locale_free(void);

/* ---- idcard.c: GB 11643 */

typedef enum { BX_ID_OK, BX_ID_LENGTH, BX_ID_CHARS, BX_ID_DATE, BX_ID_CHECK, BX_ID_SCIENTIFIC } bx_id_fault;

bx_id_fault bx_idcard_check(const char *id, bx_date *birth, int *sex);                    /* sex 1 male, 2 female; lower-case x is accepted */

#endif
