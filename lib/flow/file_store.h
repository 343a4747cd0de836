/*
 * file_store.h: files under one directory, each named by 64 hexadecimal digits: <dir>/<first two>/<name>. Internal to
 * libbaoxue; knows neither what is in them nor the database. Several nodes may share the directory. [thread]
 *
 * A file appears whole or not at all: it is written to <dir>/tmp, synchronised and renamed. Writing a name again
 * replaces the file. It is removed in two steps, so that nobody's file is lost who writes the same name in between: set
 * aside, then, when still nobody wants it, dropped; see bx_attachment_purge().
 */
#ifndef BX_FILE_STORE_H
#define BX_FILE_STORE_H

#include "baoxue.h"

#define BX_FILE_NAME  64                      /* hexadecimal digits of a name */

bx_rc  bx_file_put(const char *dir, const char *name, const void *data, size_t len, bx_error *err);
/* The same, of a file that is there, under other keys: BX_E_NOT_FOUND and nothing is written when it was set aside meanwhile, so that
 * what was thrown away does not come back. On a file system that cannot exchange two names there is a moment in which it would. */
bx_rc  bx_file_replace(const char *dir, const char *name, const void *data, size_t len, bx_error *err);
/* Reads a whole file of at most max bytes; BX_E_NOT_FOUND when there is none. */
bx_rc  bx_file_get(bx_arena *a, const char *dir, const char *name, size_t max, bx_value *out, bx_error *err);
bool   bx_file_exists(const char *dir, const char *name);
/* Moves a file out of the way; *aside tells bx_file_back() and bx_file_drop() where it is, NULL when there was none. */
bx_rc  bx_file_aside(bx_arena *a, const char *dir, const char *name, const char **aside, bx_error *err);
/* Puts it back unless the name has been written again meanwhile. */
bx_rc  bx_file_back(const char *dir, const char *name, const char *aside, bx_error *err);
void   bx_file_drop(const char *aside);
/* Removes what crashed writers left in <dir>/tmp before `before` (the file system's time). Returns how many. */
int    bx_file_sweep(const char *dir, bx_time before);

#endif
