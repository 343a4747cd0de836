/*
 * mariadb.c: starts and stops the private server of a unit test. It works as root and as a plain user, needs
 * mariadb-server-core and mariadb-client-core (mariadb-install-db), and listens on a socket only.
 */
#include "mariadb.h"

#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WAIT_SECONDS  120

static char      dir[64];                     /* "" until the server was started */
static char      socket_path[96];
static pid_t     server;                      /* 0: not running */
static pid_t     starter;                     /* who cleans up: not a child that a test forked */
static unsigned  ndatabases;

static void
give_up(const char *what)
{
    char  command[128];

    fprintf(stderr, "mariadb.c: %s\n", what);
    snprintf(command, sizeof(command), "tail -n 20 %s/*log >&2", dir);
    if (system(command) != 0) {
        fprintf(stderr, "mariadb.c: no log\n");
    }
    exit(1);
}

static int
remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void) st;
    (void) type;
    (void) ftw;

    return remove(path);
}

static void
clean_up(void)
{
    if (getpid() != starter) {
        return;
    }

    test_mariadb_stop();
    nftw(dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

/* Runs a program with its output in a log; the server dies with the test, however that ends. */
static pid_t
spawn(const char *const argv[], const char *log)
{
    int    fd;
    char   path[128];
    pid_t  pid, parent = getpid();

    pid = fork();
    if (pid != 0) {
        return pid;
    }

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) {
        _exit(127);
    }

    snprintf(path, sizeof(path), "%s/%s", dir, log);
    fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (fd == -1 || dup2(fd, 1) == -1 || dup2(fd, 2) == -1) {
        _exit(127);
    }

    /* a server that starts removes the temporary tables it finds in its tmpdir, whosever they are */
    setenv("TMPDIR", dir, 1);
    execvp(argv[0], (char *const *) argv);
    _exit(127);
}

static void
install(void)
{
    int         status;
    char        data[96], user[32];
    pid_t       pid;
    const char *argv[] = { "mariadb-install-db", "--no-defaults", "--auth-root-authentication-method=normal",
                           "--skip-test-db", "--skip-name-resolve", "--innodb-log-file-size=8M", data, user, NULL };

    snprintf(data, sizeof(data), "--datadir=%s/data", dir);
    snprintf(user, sizeof(user), geteuid() == 0 ? "--user=root" : "--skip-log-bin");

    pid = spawn(argv, "install.log");
    if (pid == -1 || waitpid(pid, &status, 0) != pid || status != 0) {
        give_up("mariadb-install-db failed");
    }
}

static bx_rc
try_connect(void)
{
    bx_rc         rc = BX_FAIL;
    bx_db        *db;
    bx_conn      *conn;
    bx_error      err = { BX_E_NONE, 0, "" };
    bx_db_config  conf = { .socket = socket_path, .user = "root", .password = "" };

    db = bx_db_create(&conf, &err);
    conn = db == NULL ? NULL : bx_db_take(db, &err);
    if (conn != NULL) {
        bx_db_give(db, conn);
        rc = BX_OK;
    }
    bx_db_destroy(db);

    return rc;
}

void
test_mariadb_start(void)
{
    int              tries, status;
    char             data[96], sock[128], user[32];
    struct timespec  pause = { 0, 50000000 };
    const char      *argv[] = { "mariadbd", "--no-defaults", data, sock, user, "--skip-networking",
                                "--skip-name-resolve", "--character-set-server=utf8mb4",
                                "--collation-server=utf8mb4_unicode_ci", "--innodb-buffer-pool-size=32M",
                                "--innodb-log-file-size=8M", "--innodb-flush-log-at-trx-commit=0",
                                "--performance-schema=off", "--max-allowed-packet=32M", NULL };

    snprintf(data, sizeof(data), "--datadir=%s/data", dir);
    snprintf(sock, sizeof(sock), "--socket=%s", socket_path);
    snprintf(user, sizeof(user), geteuid() == 0 ? "--user=root" : "--skip-log-bin");

    server = spawn(argv, "server.log");
    if (server == -1) {
        server = 0;
        give_up("cannot fork");
    }

    for (tries = 0; tries < WAIT_SECONDS * 20; tries++) {
        if (waitpid(server, &status, WNOHANG) != 0) {
            server = 0;
            give_up("mariadbd did not start");
        }
        if (try_connect() == BX_OK) {
            return;
        }
        nanosleep(&pause, NULL);
    }

    give_up("mariadbd does not answer");
}

void
test_mariadb_stop(void)
{
    if (server != 0) {
        kill(server, SIGTERM);
        waitpid(server, NULL, 0);
        server = 0;
    }
}

static void
start_first(void)
{
    char         path[512];
    const char  *tmp = getenv("TMPDIR");

    /* a socket's path has 107 bytes */
    snprintf(dir, sizeof(dir), "%s/baoxue-unit-XXXXXX", tmp != NULL && strlen(tmp) < 30 ? tmp : "/tmp");
    if (mkdtemp(dir) == NULL) {
        perror(dir);
        exit(1);
    }
    snprintf(socket_path, sizeof(socket_path), "%s/socket", dir);

    snprintf(path, sizeof(path), "%s:/usr/sbin:/sbin", getenv("PATH") ? getenv("PATH") : "/usr/bin:/bin");
    setenv("PATH", path, 1);

    starter = getpid();
    atexit(clean_up);
    if (bx_db_library_init() != BX_OK) {
        give_up("Connector/C does not start");
    }

    install();
    test_mariadb_start();
}

bx_db_config
test_mariadb(void)
{
    bx_db        *db;
    bx_conn      *conn;
    static char   name[16][32];
    char          sql[64];
    bx_error      err = { BX_E_NONE, 0, "" };
    bx_db_config  conf = { .socket = socket_path, .user = "root", .password = "" };

    if (dir[0] == '\0') {
        start_first();
    }

    if (ndatabases == sizeof(name) / sizeof(name[0])) {
        give_up("more databases than mariadb.c counts on");
    }
    snprintf(name[ndatabases], sizeof(name[0]), "test_%u", ndatabases);
    snprintf(sql, sizeof(sql), "CREATE DATABASE %s", name[ndatabases]);

    db = bx_db_create(&conf, &err);
    conn = db == NULL ? NULL : bx_db_take(db, &err);
    if (conn == NULL || bx_conn_run(conn, sql, &err) != BX_OK) {
        give_up(err.text);
    }
    bx_db_give(db, conn);
    bx_db_destroy(db);

    conf.database = name[ndatabases++];

    return conf;
}

const char *
test_mariadb_dir(void)
{
    if (dir[0] == '\0') {
        start_first();
    }

    return dir;
}
