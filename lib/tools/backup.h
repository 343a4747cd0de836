/* backup.h: what backup.c and restore.c share: backup_files.c. */
#ifndef BX_BACKUP_H
#define BX_BACKUP_H

#include "tools/tools.h"

#define BACKUP_FORMAT  1

typedef struct { int64_t bytes; char sha256[65]; } ctl_digest;

/* ---- backup_files.c: all of them print what is wrong and return false */

bool        ctl_digest_file(ctl *x, const char *path, ctl_digest *out);
/* Copies with mode 0600, synchronised; digest of what was written. An existing file is replaced. */
bool        ctl_copy_file(ctl *x, const char *from, const char *to, ctl_digest *out);
bool        ctl_make_dir(ctl *x, const char *path);                    /* 0700; may be there */
/* Is there nothing in the directory? A directory that is not there is empty. */
bool        ctl_dir_empty(const char *path);
/* Calls fn with "aa/aabb…" for each file of an attachments directory, in order of their names; false when fn says so. */
typedef bool (*ctl_file_fn)(ctl *x, void *ctx, const char *name);
bool        ctl_each_attachment(ctl *x, const char *dir, ctl_file_fn fn, void *ctx);

/* Runs a program of MariaDB's (the first name that is installed) against the database of a configuration: the connection is in a file
 * that only the owner may read, never on the command line. input and output: files for it, NULL: none. */
bool        ctl_client_run(ctl *x, const bx_db_config *db, const char *const names[2], const char *const *args, const char *input, const char *output);

#endif
