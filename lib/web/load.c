/* load.c: plugins from files of their own: a shared object that exports bx_plugin_export (BX_PLUGIN_EXPORT of baoxue.h).
 * Owns what dlopen() is asked for and what is said when it fails. What the plugin declares is checked in check.c. */

#include "web/registry.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define SHOWN  110                            /* characters of a path in a message, which has 255 */


/* The end of a long path: it says more than the beginning. */
static const char *
shown(bx_arena *a, const char *path)
{
    size_t  n = strlen(path);

    return n <= SHOWN ? path : bx_sprintf(a, "…%s", path + n - SHOWN);
}


/* dlopen() answers with what it opened before when it has seen the path, even if another file lies there by now. A file
 * that was replaced (by rename, as `install` and linkers do) must be loaded by the next reload, so which file it is goes
 * into the path, in a way the file system does not notice: "./" and ".//". */
static char *
path_of_this_file(bx_arena *a, const char *file, const struct stat *st)
{
    const char *slash = strrchr(file, '/');
    uint64_t    mark = ((uint64_t) st->st_ino * 1000003u) ^ ((uint64_t) st->st_mtim.tv_sec * 31u)
                       ^ (uint64_t) st->st_mtim.tv_nsec ^ (uint64_t) st->st_dev;
    bx_buf      b;

    bx_buf_init(&b, a);
    bx_buf_add(&b, slash == NULL ? "./" : file, slash == NULL ? 2 : (size_t) (slash - file) + 1);
    for (int i = 0; i < 32; i++) {
        bx_buf_str(&b, (mark >> i ^ mark >> (i + 32)) & 1 ? ".//" : "./");
    }
    bx_buf_str(&b, slash == NULL ? file : slash + 1);
    return b.failed ? NULL : b.data;
}


/* What dlerror() says, without the path that only dlopen() needs. */
static bx_rc
refuse_dl(bx_tables *t, const char *file, bx_error *err)
{
    const char *why = dlerror(), *colon = why == NULL ? NULL : strstr(why, ": ");
    bool        symbol;

    why = why == NULL ? "unknown error" : colon != NULL && why[0] == '/' ? colon + 2 : why;
    symbol = strstr(why, "undefined symbol: bx_") != NULL;

    return bx_error_set(err, BX_E_INTERNAL, "plugin file \"%s\" cannot be loaded: %s%s", shown(t->arena, file), why,
                        symbol ? ", which this server's baoxue.h does not declare: build it again with that one" : "");
}


static const bx_plugin *
plugin_in(bx_tables *t, void *handle, const char *file, bx_error *err)
{
    const bx_plugin *p = dlsym(handle, "bx_plugin_export");

    if (p == NULL) {
        bx_error_set(err, BX_E_INTERNAL, "plugin file \"%s\" exports no bx_plugin_export: write \"BX_PLUGIN_EXPORT = "
                     "{ .abi = BX_PLUGIN_ABI, .name = ... };\"", shown(t->arena, file));
        return NULL;
    }
    if (p->abi != BX_PLUGIN_ABI) {
        bx_error_set(err, BX_E_INTERNAL, "plugin file \"%s\" was built for interface %u, this server has %u: build it "
                     "again with this server's baoxue.h", shown(t->arena, file), p->abi, (unsigned) BX_PLUGIN_ABI);
        return NULL;
    }

    return p;
}


/* The newest number in schema/ beside the file; 0 when there is none. Gaps and names are bx_migrate()'s to complain of. */
static int
newest_in(const char *dir)
{
    DIR            *d = opendir(dir);
    struct dirent  *entry;
    int             newest = 0;

    while (d != NULL && (entry = readdir(d)) != NULL) {
        size_t  n = strlen(entry->d_name);
        int     number = n > 4 && strcmp(entry->d_name + n - 4, ".sql") == 0 ? atoi(entry->d_name) : 0;

        newest = number > newest ? number : newest;
    }

    if (d != NULL) {
        closedir(d);
    }
    return newest;
}


static bx_rc
check_file(bx_tables *t, const char *file, struct stat *st, bx_error *err)
{
    if (stat(file, st) != 0) {
        return bx_error_set(err, BX_E_INTERNAL, "plugin file \"%s\": %s", shown(t->arena, file), strerror(errno));
    }
    if (!S_ISREG(st->st_mode)) {
        return bx_error_set(err, BX_E_INTERNAL, "plugin file \"%s\" is no file", shown(t->arena, file));
    }
    if (st->st_mode & S_IWOTH) {
        return bx_error_set(err, BX_E_INTERNAL, "plugin file \"%s\" may be written by everybody: run \"chmod o-w\" on it",
                            shown(t->arena, file));
    }

    return BX_OK;
}


bx_rc
bx_plugin_load(bx_tables *t, const char *file, bx_plugin_row *row, bx_error *err)
{
    struct stat  st;
    char        *path;
    const char  *slash = strrchr(file, '/');

    if (check_file(t, file, &st, err) != BX_OK) {
        return BX_FAIL;
    }

    row->file = bx_strdup(t->arena, file);
    row->dir = slash == NULL ? "." : bx_strndup(t->arena, file, (size_t) (slash - file));
    row->schema_dir = row->dir == NULL ? NULL : bx_sprintf(t->arena, "%s/schema", row->dir);
    path = path_of_this_file(t->arena, file, &st);
    if (row->file == NULL || row->schema_dir == NULL || path == NULL) {
        return bx_error_set(err, BX_E_MEMORY, "out of memory while loading a plugin");
    }

    /* first without looking its functions up: one that was built for other functions shall say so by its number */
    row->handle = dlopen(path, RTLD_LAZY | RTLD_LOCAL);
    if (row->handle == NULL) {
        return refuse_dl(t, file, err);
    }
    if (plugin_in(t, row->handle, file, err) == NULL) {
        bx_plugin_unload(row);
        return BX_FAIL;
    }
    bx_plugin_unload(row);

    row->handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (row->handle == NULL) {
        return refuse_dl(t, file, err);
    }

    row->plugin = plugin_in(t, row->handle, file, err);
    if (row->plugin == NULL || row->plugin->name == NULL || row->plugin->name[0] == '\0') {
        bx_error_set(err, BX_E_INTERNAL, "plugin file \"%s\": its plugin has no name", shown(t->arena, file));
        bx_plugin_unload(row);
        return BX_FAIL;
    }

    row->schema = newest_in(row->schema_dir);
    return BX_OK;
}


void
bx_plugin_unload(bx_plugin_row *row)
{
    if (row->handle != NULL) {
        dlclose(row->handle);
        row->handle = NULL;
    }
}
