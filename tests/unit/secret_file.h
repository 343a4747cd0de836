/*
 * secret_file.h: a secret file in a directory of its own, for the tests that read one; each of them gets its own copy.
 */
#ifndef SECRET_FILE_H
#define SECRET_FILE_H

#include "core/core.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char       dir[64];
static char       path[96];
static bx_arena  *a;

static int
remove_entry(const char *entry, const struct stat *st, int type, struct FTW *ftw)
{
    (void) st;
    (void) type;
    (void) ftw;

    return remove(entry);
}

static int
set_up(void **state)
{
    bx_error  err = { BX_E_NONE, 0, "" };

    (void) state;

    a = bx_arena_create(0);
    snprintf(dir, sizeof(dir), "/tmp/baoxue-secret-XXXXXX");
    if (bx_core_init(&err) != BX_OK || mkdtemp(dir) == NULL) {
        return -1;
    }
    snprintf(path, sizeof(path), "%s/secret", dir);

    return 0;
}

static int
tear_down(void **state)
{
    (void) state;
    bx_arena_destroy(a);

    return nftw(dir, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static void
put(const char *text)
{
    FILE  *f = fopen(path, "w");

    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(chmod(path, 0600), 0);
}

static void
load(void)
{
    bx_error  err = { BX_E_NONE, 0, "" };

    if (bx_keys_load(path, &err) != BX_OK) {
        fail_msg("%s", err.text);
    }
}

#endif
