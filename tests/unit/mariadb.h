/* mariadb.h: a private MariaDB server for a unit test: started once a program, in a directory of its own, gone when
 * it ends. */
#ifndef TEST_MARIADB_H
#define TEST_MARIADB_H

#include "db/db.h"

/* Starts the server on the first call; ends the program when that fails. Names an empty database of its own each
 * time. */
bx_db_config  test_mariadb(void);

void          test_mariadb_stop(void);        /* the data stay */
void          test_mariadb_start(void);       /* again, on the same socket */

const char   *test_mariadb_dir(void);         /* a directory that goes with the server, for the test's own files */

#endif
