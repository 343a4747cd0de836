/*
 * file_store.c: files named by a hash, written whole and removed in two steps. Owns the layout of the directory; see
 * file_store.h. Error texts name no path below the directory: a file's name is a hash of its content.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "flow/file_store.h"

static bx_rc
failed(bx_error *err, const char *what)
{
    bx_err  code = errno == ENOSPC || errno == EDQUOT ? BX_E_STORAGE : BX_E_INTERNAL;

    return bx_error_set(err, code, "%s of an attachment failed: %s", what, strerror(errno));
}

static bool
name_ok(const char *name)
{
    return strlen(name) == BX_FILE_NAME && strspn(name, "0123456789abcdef") == BX_FILE_NAME;
}

static bx_rc
path_of(char *path, const char *dir, const char *name, bx_error *err)
{
    if (!name_ok(name) || snprintf(path, PATH_MAX, "%s/%.2s/%s", dir, name, name) >= PATH_MAX) {
        return bx_error_set(err, BX_E_INTERNAL, "name of an attachment's file is not possible");
    }

    return BX_OK;
}

/* A name in <dir>/tmp that nobody else takes: this process, and a number that differs at every call. */
static bx_rc
temporary(char *path, const char *dir, bx_error *err)
{
    if (snprintf(path, PATH_MAX, "%s/tmp", dir) >= PATH_MAX - 64) {
        return bx_error_set(err, BX_E_INTERNAL, "path of the attachments directory is too long");
    }

    if (mkdir(path, 0700) != 0 && errno != EEXIST) {
        return failed(err, "making a directory");
    }

    snprintf(path + strlen(path), 64, "/%ld-%" PRId64, (long) getpid(), bx_id_new());
    return BX_OK;
}

/* ------------------------------------------------------------------ writing */

static bx_rc
write_all(int fd, const char *data, size_t len)
{
    ssize_t  n;

    while (len > 0) {
        n = write(fd, data, len);
        if (n < 0 && errno == EINTR) {
            continue;
        }

        if (n <= 0) {
            return BX_FAIL;
        }

        data += n;
        len -= (size_t) n;
    }

    return BX_OK;
}

/* Writes and synchronises a new file; nothing is left of it after a failure. */
static bx_rc
write_new(const char *path, const void *data, size_t len, bx_error *err)
{
    int   fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    bool  ok;

    if (fd < 0) {
        return failed(err, "creating the file");
    }

    ok = write_all(fd, data, len) == BX_OK && fsync(fd) == 0;
    if (close(fd) != 0) {
        ok = false;
    }

    if (!ok) {
        failed(err, "writing the file");
        unlink(path);
        return BX_FAIL;
    }

    return BX_OK;
}

/* A rename is safe on disk once its directory is. */
static bx_rc
sync_directory_of(const char *path, bx_error *err)
{
    char   dir[PATH_MAX];
    char  *slash;
    bool   ok;
    int    fd;

    snprintf(dir, sizeof(dir), "%s", path);
    slash = strrchr(dir, '/');
    if (slash != NULL) {
        *slash = '\0';
    }

    fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return failed(err, "opening the directory");
    }

    /* some shared file systems cannot synchronise a directory and say EINVAL */
    ok = fsync(fd) == 0 || errno == EINVAL;
    close(fd);

    return ok ? BX_OK : failed(err, "synchronising the directory");
}

static bx_rc
make_directory_of(const char *path, bx_error *err)
{
    char   dir[PATH_MAX];
    char  *slash;

    snprintf(dir, sizeof(dir), "%s", path);
    slash = strrchr(dir, '/');
    *slash = '\0';

    if (mkdir(dir, 0700) == 0) {
        return sync_directory_of(dir, err);
    }

    return errno == EEXIST ? BX_OK : failed(err, "making a directory");
}

bx_rc
bx_file_put(const char *dir, const char *name, const void *data, size_t len, bx_error *err)
{
    char  path[PATH_MAX], tmp[PATH_MAX];

    if (path_of(path, dir, name, err) != BX_OK || temporary(tmp, dir, err) != BX_OK
        || make_directory_of(path, err) != BX_OK || write_new(tmp, data, len, err) != BX_OK)
    {
        return BX_FAIL;
    }

    if (rename(tmp, path) != 0) {
        failed(err, "renaming the file");
        unlink(tmp);
        return BX_FAIL;
    }

    return sync_directory_of(path, err);
}

/* The new one gets the name and the old one the temporary name, in one step that fails when there is no old one. */
static int
exchange(const char *tmp, const char *path)
{
    if (renameat2(AT_FDCWD, tmp, AT_FDCWD, path, RENAME_EXCHANGE) == 0) {
        (void) unlink(tmp);
        return 0;
    }

    return (errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP) && access(path, F_OK) == 0 ? rename(tmp, path) : -1;
}

bx_rc
bx_file_replace(const char *dir, const char *name, const void *data, size_t len, bx_error *err)
{
    char  path[PATH_MAX], tmp[PATH_MAX];

    if (path_of(path, dir, name, err) != BX_OK || temporary(tmp, dir, err) != BX_OK || write_new(tmp, data, len, err) != BX_OK) {
        return BX_FAIL;
    }

    if (exchange(tmp, path) != 0) {
        (void) (errno == ENOENT ? bx_error_set(err, BX_E_NOT_FOUND, "there is no such file") : failed(err, "replacing the file"));
        unlink(tmp);
        return BX_FAIL;
    }

    return sync_directory_of(path, err);
}

/* ------------------------------------------------------------------ reading */

static bx_rc
read_open(bx_arena *a, int fd, size_t max, bx_value *out, bx_error *err)
{
    struct stat  st;
    size_t       size, got = 0;
    ssize_t      n;
    char        *data;

    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size < 0 || (uint64_t) st.st_size > max) {
        return bx_error_set(err, BX_E_INTERNAL, "file of an attachment is not a file of its size");
    }

    size = (size_t) st.st_size;
    data = bx_alloc(a, size + 1);
    if (data == NULL) {
        return bx_error_set(err, BX_E_MEMORY, "out of memory for an attachment");
    }

    while (got < size) {
        n = read(fd, data + got, size - got);
        if (n < 0 && errno == EINTR) {
            continue;
        }

        if (n <= 0) {
            return failed(err, "reading the file");
        }
        got += (size_t) n;
    }

    *out = bx_blob(data, size);
    return BX_OK;
}

bx_rc
bx_file_get(bx_arena *a, const char *dir, const char *name, size_t max, bx_value *out, bx_error *err)
{
    char   path[PATH_MAX];
    bx_rc  rc;
    int    fd;

    if (path_of(path, dir, name, err) != BX_OK) {
        return BX_FAIL;
    }

    fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        return errno == ENOENT ? bx_error_set(err, BX_E_NOT_FOUND, "file of an attachment is missing")
                               : failed(err, "opening the file");
    }

    rc = read_open(a, fd, max, out, err);
    close(fd);
    return rc;
}

bool
bx_file_exists(const char *dir, const char *name)
{
    bx_error  err = { 0 };
    char      path[PATH_MAX];

    return path_of(path, dir, name, &err) == BX_OK && access(path, F_OK) == 0;
}

/* ------------------------------------------------------------------ removing */

bx_rc
bx_file_aside(bx_arena *a, const char *dir, const char *name, const char **aside, bx_error *err)
{
    char  path[PATH_MAX], tmp[PATH_MAX];

    *aside = NULL;

    if (path_of(path, dir, name, err) != BX_OK || temporary(tmp, dir, err) != BX_OK) {
        return BX_FAIL;
    }

    if (rename(path, tmp) != 0) {
        return errno == ENOENT ? BX_OK : failed(err, "renaming the file");
    }

    *aside = bx_strdup(a, tmp);
    if (*aside == NULL) {
        (void) bx_file_back(dir, name, tmp, err);
        return bx_error_set(err, BX_E_MEMORY, "out of memory for an attachment");
    }

    return BX_OK;
}

bx_rc
bx_file_back(const char *dir, const char *name, const char *aside, bx_error *err)
{
    char  path[PATH_MAX];

    if (path_of(path, dir, name, err) != BX_OK) {
        return BX_FAIL;
    }

    if (link(aside, path) != 0 && errno != EEXIST) {
        /* a file system without links: the content is the same either way */
        return rename(aside, path) == 0 ? sync_directory_of(path, err) : failed(err, "renaming the file");
    }

    unlink(aside);
    return sync_directory_of(path, err);
}

void
bx_file_drop(const char *aside)
{
    unlink(aside);
}

int
bx_file_sweep(const char *dir, bx_time before)
{
    char            path[PATH_MAX];
    struct dirent  *e;
    struct stat     st;
    DIR            *d;
    int             n = 0;

    if (snprintf(path, sizeof(path), "%s/tmp", dir) >= (int) sizeof(path) || (d = opendir(path)) == NULL) {
        return 0;
    }

    while ((e = readdir(d)) != NULL) {
        if (fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode)
            && st.st_mtime < before)
        {
            n += unlinkat(dirfd(d), e->d_name, 0) == 0;
        }
    }

    closedir(d);
    return n;
}
