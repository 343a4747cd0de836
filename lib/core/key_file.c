/*
 * key_file.c: changes of the secret file: a version more, another in use, one less. The new text is written beside the
 * file and renamed over it with the old one's owner and mode, under a lock, so that nobody sees half of it and two
 * changes do not undo each other. crypto.c reads the file; what must hold of it is said there.
 */
#include "core/core.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#define TEXT_BYTES  (32 * 1024)

typedef struct {
    char         path[PATH_MAX];              /* a symbolic link stays one: its target is replaced */
    int          dir;                         /* locked */
    struct stat  st;
    char         text[TEXT_BYTES];
    char         aside[TEXT_BYTES];           /* lines that leave the file */
} key_file;

static bx_rc
cannot(const char *what, const char *path, bx_error *err)
{
    return bx_error_set(err, BX_E_INTERNAL, "cannot %s secret file \"%s\": %s", what, path, strerror(errno));
}

/* The directory carries the lock: the file itself is replaced. */
static int
lock_directory(const char *path)
{
    int    fd;
    char   dir[PATH_MAX], *slash;

    if (snprintf(dir, sizeof(dir), "%s", path) >= (int) sizeof(dir)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    slash = strrchr(dir, '/');
    if (slash != NULL) {
        slash[1] = '\0';
    }

    fd = open(slash == NULL ? "." : dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd != -1 && flock(fd, LOCK_EX) != 0) {
        close(fd);
        return -1;
    }

    return fd;
}

static void
close_file(key_file *f)
{
    if (f != NULL) {
        if (f->dir != -1) {
            close(f->dir);
        }
        sodium_memzero(f, sizeof(*f));
        free(f);
    }
}

/* Only a file that is well is changed: it is loaded first, which is also how its versions are known. */
static key_file *
open_file(const char *path, bx_error *err)
{
    int        fd = -1;
    ssize_t    n = -1;
    key_file  *f = calloc(1, sizeof(*f));

    if (f == NULL) {
        bx_error_set(err, BX_E_MEMORY, "out of memory while reading secret file \"%s\"", path);
        return NULL;
    }

    f->dir = -1;
    if (realpath(path, f->path) == NULL || (f->dir = lock_directory(f->path)) == -1) {
        cannot("lock the directory of", path, err);
        goto failed;
    }
    if (bx_keys_load(path, err) != BX_OK) {
        goto failed;
    }

    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd == -1 || fstat(fd, &f->st) != 0 || (n = read(fd, f->text, TEXT_BYTES - 512)) < 0 || n != f->st.st_size) {
        cannot("read all of", path, err);
        goto failed;
    }
    close(fd);
    if (n > 0 && f->text[n - 1] != '\n') {
        f->text[n] = '\n';
    }

    return f;

failed:
    if (fd != -1) {
        close(fd);
    }
    close_file(f);
    return NULL;
}

static bool
write_text(int fd, const char *text)
{
    size_t  n = strlen(text);

    return write(fd, text, n) == (ssize_t) n && fsync(fd) == 0;
}

static bx_rc
save_file(key_file *f, const char *path, const char *text, bx_error *err)
{
    int    fd, failed = 0;
    char   temporary[PATH_MAX];

    if (snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path) >= (int) sizeof(temporary)) {
        return bx_error_set(err, BX_E_INTERNAL, "path of secret file too long");
    }

    fd = mkostemp(temporary, O_CLOEXEC);      /* mode 0600 */
    if (fd == -1) {
        return cannot("write", path, err);
    }

    if ((fchown(fd, f->st.st_uid, f->st.st_gid) != 0 && f->st.st_uid != geteuid()) || fchmod(fd, f->st.st_mode & 0640) != 0
        || !write_text(fd, text) || rename(temporary, path) != 0 || fsync(f->dir) != 0)
    {
        failed = errno;
        unlink(temporary);
    }
    close(fd);

    errno = failed;
    return failed == 0 ? BX_OK : cannot("write", path, err);
}

/* Moves the lines that begin with the word to the other text, or nowhere. */
static void
take_lines(char *text, const char *word, char *to)
{
    char    *line = text, *end;
    size_t   n, len = strlen(word);

    while (*line != '\0') {
        end = strchr(line, '\n');
        n = end == NULL ? strlen(line) : (size_t) (end - line) + 1;
        if (strncmp(line + strspn(line, " \t"), word, len) == 0 && strchr(" \t", line[strspn(line, " \t") + len]) != NULL) {
            if (to != NULL) {
                strncat(to, line, n);
            }
            memmove(line, line + n, strlen(line + n) + 1);
        } else {
            line += n;
        }
    }
}

static void
add_key(char *text, const char *name, unsigned version)
{
    char     hex[65];
    size_t   len = strlen(text);
    uint8_t  key[32];

    randombytes_buf(key, sizeof(key));
    sodium_bin2hex(hex, sizeof(hex), key, sizeof(key));
    snprintf(text + len, TEXT_BYTES - len, "%s.%u %s\n", name, version, hex);
    sodium_memzero(key, sizeof(key));
    sodium_memzero(hex, sizeof(hex));
}

/* One version at a time: what waits must be put in use first. A number is never used twice, not even a retired one's. */
bx_rc
bx_keys_add(const char *path, unsigned *version, bx_error *err)
{
    bx_rc      rc = BX_FAIL;
    unsigned   v;
    key_file  *f = open_file(path, err);

    *version = 0;
    if (f == NULL) {
        return BX_FAIL;
    }

    for (v = BX_KEY_VERSIONS; v > bx_keys_use() && !bx_keys_have(v); v--) { /* void */ }

    if (v > bx_keys_use()) {
        bx_error_set(err, BX_E_INVALID, "version %u is in \"%s\" and not in use yet: reload the servers, then baoxuectl keys reseal --reloaded", v, path);
    } else if (v == BX_KEY_VERSIONS) {
        bx_error_set(err, BX_E_INVALID, "there can be no version after %u", v);
    } else {
        add_key(f->text, "seal", v + 1);
        add_key(f->text, "file", v + 1);
        rc = save_file(f, f->path, f->text, err);
        *version = rc == BX_OK ? v + 1 : 0;
    }

    close_file(f);
    return rc;
}

bx_rc
bx_keys_put_in_use(const char *path, unsigned version, bx_error *err)
{
    bx_rc      rc;
    size_t     len;
    key_file  *f = open_file(path, err);

    if (f == NULL) {
        return BX_FAIL;
    }

    if (!bx_keys_have(version)) {
        rc = bx_error_set(err, BX_E_INVALID, "\"%s\" has no version %u", path, version);
    } else {
        take_lines(f->text, "use", NULL);
        len = strlen(f->text);
        snprintf(f->text + len, TEXT_BYTES - len, "use %u\n", version);
        rc = save_file(f, f->path, f->text, err);
    }

    close_file(f);
    return rc;
}

bx_rc
bx_keys_retire(const char *path, unsigned version, bx_error *err)
{
    char       aside[PATH_MAX], word[16];
    bx_rc      rc = BX_FAIL;
    key_file  *f = open_file(path, err);

    if (f == NULL) {
        return BX_FAIL;
    }

    if (!bx_keys_have(version) || version >= bx_keys_use()) {
        bx_error_set(err, BX_E_INVALID, version == bx_keys_use() ? "version %u is in use: baoxuectl keys new makes another first"
                     : "there is no version %u before the one in use", version);
    } else if (snprintf(aside, sizeof(aside), "%s.retired-%u", f->path, version) < (int) sizeof(aside)) {
        snprintf(word, sizeof(word), "seal.%u", version);
        take_lines(f->text, word, f->aside);
        snprintf(word, sizeof(word), "file.%u", version);
        take_lines(f->text, word, f->aside);
        if (version == 1) {
            take_lines(f->text, "seal", f->aside);
            take_lines(f->text, "file", f->aside);
        }
        rc = save_file(f, aside, f->aside, err) == BX_OK && save_file(f, f->path, f->text, err) == BX_OK ? BX_OK : BX_FAIL;
    }

    close_file(f);
    return rc;
}
