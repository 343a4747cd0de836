/* bare.c: what MariaDB and JSON alone could do: runs the statements that one request runs, one at a time, on N connections with a
 * thread each, and makes the same JSON, without HTTP, permissions or anything else of Baoxue. The benchmark's yardstick.
 *
 *   bare SOCKET USER PASSWORD DATABASE THREADS SECONDS SCRIPT ROWS
 *
 * SCRIPT has a statement a line: kind TAB text TAB parameter TAB … A parameter is i:<template> or s:<template>, where {name} stands
 * for a column of ROWS, {new0} to {new63} for ids that are fresh in each turn and {uuid} for a fresh key. kind "row" makes an object of each row, "list" an array
 * under "items", "do" is a write, "begin" and "commit" frame a transaction. ROWS is a table with a heading, tab-separated; each
 * turn takes the next row. Prints turns per second. */

#include <jansson.h>
#include <mysql.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MAX_STATEMENTS  96
#define MAX_PARAMS      512
#define MAX_COLUMNS     96
#define CELL            8192

typedef struct { bool text; const char *template; } param;
typedef struct { const char *kind, *sql; param params[MAX_PARAMS]; unsigned nparams; } statement;

typedef struct {
    statement    statements[MAX_STATEMENTS];
    unsigned     nstatements;
    char       **names;
    unsigned     ncolumns;
    char      ***rows;
    size_t       nrows;
    const char **argv;
} script;

static atomic_size_t   next_row, turns;
static atomic_llong    next_id;           /* from the clock on: what an earlier run wrote is still there */
static atomic_bool     stopping;
static pthread_barrier_t ready;           /* everybody is connected and has prepared: the time runs from here */

static void
die(const char *what, const char *why)
{
    fprintf(stderr, "bare: %s: %s\n", what, why);
    exit(1);
}


static char *
read_file(const char *name)
{
    FILE   *f = fopen(name, "rb");
    char   *text;
    long    n;

    if (f == NULL || fseek(f, 0, SEEK_END) != 0 || (n = ftell(f)) < 0) {
        die(name, "cannot be read");
    }
    rewind(f);
    text = malloc((size_t) n + 1);
    if (text == NULL || fread(text, 1, (size_t) n, f) != (size_t) n) {
        die(name, "cannot be read");
    }
    text[n] = '\0';
    fclose(f);
    return text;
}


static void
load_script(script *s, const char *name)
{
    char *save = NULL, *text = read_file(name);

    for (char *l = strtok_r(text, "\n", &save); l != NULL; l = strtok_r(NULL, "\n", &save)) {
        statement *st = &s->statements[s->nstatements++];
        char      *cell;

        if (s->nstatements > MAX_STATEMENTS) {
            die(name, "has too many statements");
        }
        st->kind = strsep(&l, "\t");
        st->sql = strsep(&l, "\t");
        while ((cell = strsep(&l, "\t")) != NULL) {
            if (st->nparams == MAX_PARAMS) {
                die(name, "has a statement with too many parameters");
            }
            st->params[st->nparams++] = (param) { cell[0] == 's', cell + 2 };
        }
    }
}


static void
load_rows(script *s, const char *name)
{
    char   *save = NULL, *text = read_file(name), *l = strtok_r(text, "\n", &save), *cell;
    size_t  room = 1024;

    s->names = calloc(MAX_COLUMNS, sizeof(char *));
    while ((cell = strsep(&l, "\t")) != NULL) {
        s->names[s->ncolumns++] = cell;
    }

    s->rows = malloc(room * sizeof(char **));
    while ((l = strtok_r(NULL, "\n", &save)) != NULL) {
        char **row = calloc(s->ncolumns, sizeof(char *));

        for (unsigned i = 0; i < s->ncolumns; i++) {
            row[i] = strsep(&l, "\t");
        }
        if (s->nrows == room) {
            room *= 2;
            s->rows = realloc(s->rows, room * sizeof(char **));
        }
        s->rows[s->nrows++] = row;
    }
    if (s->nrows == 0) {
        die(name, "has no rows");
    }
}


/* {name} filled in. */
static size_t
fill(const script *s, char **row, long long fresh, const char *template, char *out, size_t room)
{
    size_t  n = 0;

    for (const char *p = template; *p != '\0' && n + 64 < room; ) {
        const char *end = *p == '{' ? strchr(p, '}') : NULL;
        bool        known = false;

        if (end != NULL && strncmp(p, "{new", 4) == 0) {
            n += (size_t) snprintf(out + n, room - n, "%lld", fresh + strtoll(p + 4, NULL, 10));
            known = true;
        } else if (end != NULL && strncmp(p, "{uuid}", 6) == 0) {
            n += (size_t) snprintf(out + n, room - n, "bare-%lld", fresh);
            known = true;
        }
        for (unsigned i = 0; end != NULL && !known && i < s->ncolumns; i++) {
            if (strlen(s->names[i]) == (size_t) (end - p - 1) && strncmp(s->names[i], p + 1, (size_t) (end - p - 1)) == 0) {
                n += (size_t) snprintf(out + n, room - n, "%s", row[i]);
                known = true;
            }
        }
        if (known) {
            p = end + 1;
        } else {
            out[n++] = *p++;
        }
    }

    out[n] = '\0';
    return n;
}


static json_t *
cell_json(const MYSQL_FIELD *f, const char *data, unsigned long len, bool null)
{
    if (null) {
        return json_null();
    }
    if (IS_NUM(f->type) && f->type != MYSQL_TYPE_LONGLONG) {
        return json_integer(strtoll(data, NULL, 10));
    }
    return json_stringn_nocheck(data, len);
}


/* Reads the whole result as JSON objects into items. */
static void
fetch(MYSQL_STMT *stmt, json_t *items, char *cells, unsigned long *lens, my_bool *nulls)
{
    MYSQL_RES   *meta = mysql_stmt_result_metadata(stmt);
    MYSQL_BIND   binds[MAX_COLUMNS];
    MYSQL_FIELD *fields;
    unsigned     n;

    if (meta == NULL) {
        return;
    }
    n = mysql_num_fields(meta);
    fields = mysql_fetch_fields(meta);
    memset(binds, 0, sizeof(binds));
    for (unsigned i = 0; i < n; i++) {
        binds[i].buffer_type = MYSQL_TYPE_STRING;
        binds[i].buffer = cells + (size_t) i * CELL;
        binds[i].buffer_length = CELL;
        binds[i].length = &lens[i];
        binds[i].is_null = &nulls[i];
    }
    mysql_stmt_bind_result(stmt, binds);
    mysql_stmt_store_result(stmt);

    while (mysql_stmt_fetch(stmt) != MYSQL_NO_DATA) {
        json_t *o = json_object();

        for (unsigned i = 0; i < n; i++) {
            json_object_set_new_nocheck(o, fields[i].name,
                                        cell_json(&fields[i], cells + (size_t) i * CELL, lens[i] < CELL ? lens[i] : CELL - 1, nulls[i]));
        }
        json_array_append_new(items, o);
    }

    mysql_free_result(meta);
    mysql_stmt_free_result(stmt);
}


static void
run_statement(const script *s, const statement *st, MYSQL_STMT *stmt, char **row, long long fresh, json_t *answer, char *cells,
              unsigned long *lens, my_bool *nulls)
{
    static _Thread_local char  text[MAX_PARAMS][CELL];
    MYSQL_BIND                 binds[MAX_PARAMS];
    unsigned long              sizes[MAX_PARAMS];
    long long                  numbers[MAX_PARAMS];
    json_t                    *items = json_array();

    memset(binds, 0, sizeof(binds));
    for (unsigned i = 0; i < st->nparams; i++) {
        sizes[i] = fill(s, row, fresh, st->params[i].template, text[i], CELL);
        if (st->params[i].text) {
            binds[i].buffer_type = MYSQL_TYPE_STRING;
            binds[i].buffer = text[i];
            binds[i].buffer_length = sizes[i];
            binds[i].length = &sizes[i];
        } else {
            numbers[i] = strtoll(text[i], NULL, 10);
            binds[i].buffer_type = MYSQL_TYPE_LONGLONG;
            binds[i].buffer = &numbers[i];
        }
    }

    if (mysql_stmt_bind_param(stmt, binds) != 0 || mysql_stmt_execute(stmt) != 0) {
        die(st->sql, mysql_stmt_error(stmt));
    }
    fetch(stmt, items, cells, lens, nulls);
    if (json_array_size(items) > 0) {
        json_array_append(answer, items);
    }
    json_decref(items);
}


static void *
work(void *arg)
{
    const script  *s = arg;
    MYSQL         *mysql = mysql_init(NULL);
    MYSQL_STMT    *stmts[MAX_STATEMENTS] = { NULL };
    char          *cells = malloc((size_t) MAX_COLUMNS * CELL);
    unsigned long  lens[MAX_COLUMNS];
    my_bool        nulls[MAX_COLUMNS];

    mysql_options(mysql, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    if (mysql_real_connect(mysql, NULL, s->argv[2], s->argv[3], s->argv[4], 0, s->argv[1], 0) == NULL) {
        die("connect", mysql_error(mysql));
    }
    mysql_query(mysql, "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED");
    for (unsigned i = 0; i < s->nstatements; i++) {
        const char *sql = s->statements[i].sql;

        if (strcmp(s->statements[i].kind, "begin") == 0 || strcmp(s->statements[i].kind, "commit") == 0) {
            continue;
        }
        stmts[i] = mysql_stmt_init(mysql);
        if (mysql_stmt_prepare(stmts[i], sql, strlen(sql)) != 0) {
            die(sql, mysql_stmt_error(stmts[i]));
        }
    }

    pthread_barrier_wait(&ready);

    while (!atomic_load(&stopping)) {
        size_t     at = atomic_fetch_add(&next_row, 1);
        long long  fresh = atomic_fetch_add(&next_id, 64);
        json_t    *answer = json_array();
        char      *text;

        for (unsigned i = 0; i < s->nstatements; i++) {
            const statement *st = &s->statements[i];

            if (strcmp(st->kind, "begin") == 0) {
                mysql_query(mysql, "START TRANSACTION");
            } else if (strcmp(st->kind, "commit") == 0) {
                mysql_query(mysql, "COMMIT");
            } else {
                run_statement(s, st, stmts[i], s->rows[at % s->nrows], fresh, answer, cells, lens, nulls);
            }
        }
        text = json_dumps(answer, JSON_COMPACT);
        if (text == NULL) {
            die("json", "no text");
        }
        free(text);
        json_decref(answer);
        atomic_fetch_add(&turns, 1);
    }

    for (unsigned i = 0; i < s->nstatements; i++) {
        if (stmts[i] != NULL) {
            mysql_stmt_close(stmts[i]);
        }
    }
    mysql_close(mysql);
    free(cells);
    return NULL;
}


int
main(int argc, const char **argv)
{
    static script    s;
    pthread_t        threads[256];
    int              n = argc == 9 ? atoi(argv[5]) : 0;
    double           seconds = argc == 9 ? atof(argv[6]) : 0;
    struct timespec  begun, ended, pause;
    size_t           done;

    if (n < 1 || n > 256 || seconds <= 0) {
        die("usage", "bare SOCKET USER PASSWORD DATABASE THREADS SECONDS SCRIPT ROWS");
    }
    s.argv = argv;
    json_object_seed(0);
    mysql_library_init(0, NULL, NULL);
    load_script(&s, argv[7]);
    load_rows(&s, argv[8]);

    clock_gettime(CLOCK_REALTIME, &begun);
    atomic_store(&next_id, 4000000000000000000 + (long long) begun.tv_sec * 1000000000 + begun.tv_nsec);
    pthread_barrier_init(&ready, NULL, (unsigned) n + 1);
    for (int i = 0; i < n; i++) {
        pthread_create(&threads[i], NULL, work, &s);
    }
    pthread_barrier_wait(&ready);
    clock_gettime(CLOCK_MONOTONIC, &begun);
    pause = (struct timespec) { (time_t) seconds, (long) ((seconds - (double) (time_t) seconds) * 1e9) };
    nanosleep(&pause, NULL);
    done = atomic_load(&turns);
    clock_gettime(CLOCK_MONOTONIC, &ended);
    atomic_store(&stopping, true);
    for (int i = 0; i < n; i++) {
        pthread_join(threads[i], NULL);
    }

    printf("%.1f\n", (double) done / ((double) (ended.tv_sec - begun.tv_sec) + (double) (ended.tv_nsec - begun.tv_nsec) / 1e9));
    return 0;
}
