/* backup_files.c: files and programs for backup and restore: digests, copies, the attachments directory, MariaDB's own clients.
 * Owns how the password gets to them: in a file of mode 0600 that is gone afterwards. */

#include "tools/backup.h"
#include "flow/file_store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PART  (256 * 1024)

extern char **environ;


static bool
wrong(ctl *x, const char *path)
{
    ctl_fail(x, "\"%s\": %s", path, strerror(errno));
    return false;
}


static bool
write_whole(int fd, const char *data, size_t n)
{
    while (n > 0) {
        ssize_t  done = write(fd, data, n);

        if (done < 0 && errno != EINTR) {
            return false;
        }
        if (done > 0) {
            data += done;
            n -= (size_t) done;
        }
    }

    return true;
}


/* Reads all of `from`, into `to` unless that is -1. */
static bool
pour(int from, int to, char *part, ctl_digest *out)
{
    crypto_hash_sha256_state  sum;
    unsigned char             hash[crypto_hash_sha256_BYTES];
    ssize_t                   n;

    crypto_hash_sha256_init(&sum);
    out->bytes = 0;

    while ((n = read(from, part, PART)) != 0) {
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0 || (to >= 0 && !write_whole(to, part, (size_t) n))) {
            return false;
        }
        crypto_hash_sha256_update(&sum, (const unsigned char *) part, (unsigned long long) n);
        out->bytes += n;
    }

    crypto_hash_sha256_final(&sum, hash);
    sodium_bin2hex(out->sha256, sizeof(out->sha256), hash, sizeof(hash));
    return true;
}


bool
ctl_digest_file(ctl *x, const char *path, ctl_digest *out)
{
    char  *part = malloc(PART);
    int    fd = open(path, O_RDONLY | O_CLOEXEC);
    bool   ok = part != NULL && fd >= 0 && pour(fd, -1, part, out);

    if (!ok) {
        wrong(x, path);
    }
    if (fd >= 0) {
        close(fd);
    }
    free(part);
    return ok;
}


bool
ctl_copy_file(ctl *x, const char *from, const char *to, ctl_digest *out)
{
    char  *part = malloc(PART);
    int    in = open(from, O_RDONLY | O_CLOEXEC), fd = -1;
    bool   ok = false;

    if (part == NULL || in < 0) {
        wrong(x, from);
        goto done;
    }
    fd = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || !pour(in, fd, part, out) || fsync(fd) != 0) {
        wrong(x, to);
        goto done;
    }
    ok = true;

done:
    if (in >= 0) {
        close(in);
    }
    if (fd >= 0) {
        close(fd);
    }
    free(part);
    return ok;
}


bool
ctl_make_dir(ctl *x, const char *path)
{
    struct stat  st;

    if (mkdir(path, 0700) == 0 || (errno == EEXIST && stat(path, &st) == 0 && S_ISDIR(st.st_mode))) {
        return true;
    }

    return wrong(x, path);
}


bool
ctl_dir_empty(const char *path)
{
    DIR            *dir = opendir(path);
    struct dirent  *entry;
    bool            empty = dir != NULL || errno == ENOENT;

    while (dir != NULL && empty && (entry = readdir(dir)) != NULL) {
        empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
    }
    if (dir != NULL) {
        closedir(dir);
    }

    return empty;
}


/* ---- attachments: <dir>/<first two digits>/<64 digits>; what writers have left in <dir>/tmp is none */

static int
is_hex(const struct dirent *entry)
{
    size_t  n = strlen(entry->d_name);

    return (n == 2 || n == BX_FILE_NAME) && strspn(entry->d_name, "0123456789abcdef") == n;
}


static bool
each_below(ctl *x, const char *dir, const char *two, ctl_file_fn fn, void *ctx)
{
    struct dirent  **names = NULL;
    char             path[PATH_MAX], name[BX_FILE_NAME + 4];
    bool             ok = true;
    int              n;

    snprintf(path, sizeof(path), "%s/%s", dir, two);
    n = scandir(path, &names, is_hex, alphasort);
    if (n < 0) {
        return wrong(x, path);
    }

    for (int i = 0; i < n; i++) {
        if (ok && strlen(names[i]->d_name) == BX_FILE_NAME) {
            snprintf(name, sizeof(name), "%.2s/%.64s", two, names[i]->d_name);
            ok = fn(x, ctx, name);
        }
        free(names[i]);
    }

    free(names);
    return ok;
}


bool
ctl_each_attachment(ctl *x, const char *dir, ctl_file_fn fn, void *ctx)
{
    struct dirent  **names = NULL;
    bool             ok = true;
    int              n = scandir(dir, &names, is_hex, alphasort);

    if (n < 0) {
        return wrong(x, dir);
    }

    for (int i = 0; i < n; i++) {
        if (ok && strlen(names[i]->d_name) == 2) {
            ok = each_below(x, dir, names[i]->d_name, fn, ctx);
        }
        free(names[i]);
    }

    free(names);
    return ok;
}


/* ---- programs */

/* A value of an option file. */
static void
add_option(bx_buf *b, const char *name, const char *value)
{
    if (value == NULL || *value == '\0') {
        return;
    }

    bx_buf_printf(b, "%s=\"", name);
    for (const char *p = value; *p != '\0'; p++) {
        if (*p == '\\' || *p == '"') {
            bx_buf_str(b, "\\");
        }
        bx_buf_add(b, p, 1);
    }
    bx_buf_str(b, "\"\n");
}


static bool
write_options(ctl *x, const bx_db_config *db, char path[])
{
    bx_buf  b;
    int     fd = mkstemp(path);             /* 0600 */
    bool    ok;

    bx_buf_init(&b, x->arena);
    bx_buf_str(&b, "[client]\n");
    add_option(&b, "user", db->user);
    add_option(&b, "password", db->password);
    add_option(&b, "socket", db->socket);
    if (db->socket == NULL) {
        add_option(&b, "host", db->host);
        bx_buf_printf(&b, "port=%u\n", db->port);
        if (db->tls_ca != NULL) {
            add_option(&b, "ssl-ca", db->tls_ca);
            bx_buf_str(&b, "ssl-verify-server-cert\n");
        }
    }

    ok = fd >= 0 && !b.failed && write_whole(fd, b.data, b.len);
    if (!ok) {
        wrong(x, path);
    }
    if (fd >= 0) {
        close(fd);
    }
    if (b.data != NULL) {
        sodium_memzero(b.data, b.len);
    }
    return ok;
}


static pid_t
start(char *const argv[], const char *input, const char *output)
{
    posix_spawn_file_actions_t  files;
    pid_t                       pid = -1;
    int                         rc;

    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 0, input != NULL ? input : "/dev/null", O_RDONLY, 0);
    if (output != NULL) {
        posix_spawn_file_actions_addopen(&files, 1, output, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    }

    rc = posix_spawnp(&pid, argv[0], &files, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&files);
    errno = rc;
    return rc == 0 ? pid : -1;
}


static bool
ended_well(ctl *x, pid_t pid, const char *name)
{
    int  status = 0;

    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) { /* void */ }

    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        return true;
    }

    ctl_fail(x, "%s failed (%s %d)", name, WIFEXITED(status) ? "exit" : "signal", WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
    return false;
}


#define MAX_ARGS  32

bool
ctl_client_run(ctl *x, const bx_db_config *db, const char *const names[2], const char *const *args, const char *input, const char *output)
{
    char    path[] = "/tmp/baoxuectl.XXXXXX", defaults[64];
    char   *argv[MAX_ARGS];
    int     n = 2;
    pid_t   pid;
    bool    ok = false;

    if (!write_options(x, db, path)) {
        return false;
    }

    snprintf(defaults, sizeof(defaults), "--defaults-file=%s", path);
    argv[1] = defaults;
    for (; *args != NULL && n < MAX_ARGS - 1; args++) {
        argv[n++] = bx_strdup(x->arena, *args);
    }
    argv[n] = NULL;

    argv[0] = bx_strdup(x->arena, names[0]);
    pid = start(argv, input, output);
    if (pid < 0 && errno == ENOENT) {
        argv[0] = bx_strdup(x->arena, names[1]);
        pid = start(argv, input, output);
    }

    if (pid >= 0) {
        ok = ended_well(x, pid, argv[0]);
    } else {
        ctl_fail(x, "%s cannot be run: %s; Debian has it in the package mariadb-client", names[0], strerror(errno));
    }

    unlink(path);
    return ok;
}
