/* tools.h: what the commands of baoxuectl share. A command is a row of a table: its words, operands, options and a
 * function; baoxuectl.c parses the command line against that row, opens what the command needs and prints its result. */
#ifndef BX_TOOLS_H
#define BX_TOOLS_H

#include "flow/flow.h"
#include "flow/place.h"

/* Exit codes: 0 done, 1 refused or failed, 2 the command line is wrong, 3 configuration or database not reachable,
 * 4 a check (doctor, audit verify) found something. */
enum { CTL_OK = 0, CTL_FAILED = 1, CTL_USAGE = 2, CTL_NO_DATABASE = 3, CTL_FOUND = 4 };

/* What a command needs opened before it runs. */
enum {
    CTL_CALL = 0x1,                           /* a bx_call on the application: keys, texts, database */
    CTL_TEST = 0x2,                           /* only in builds for tests, not in the help */
    CTL_OFFLINE = 0x4,                        /* no database: none need be named */
    CTL_OWNER = 0x8                           /* the account that may change tables, in ctl.owner */
};

#define CTL_MAX_VALUES  64
#define CTL_MAX_PLUGINS 32

typedef struct ctl ctl;

typedef struct {
    const char *name;                         /* "--code" */
    const char *value;                        /* word for its value in the help; NULL: a switch */
    const char *help;
} ctl_option;

typedef struct {
    const char        *words;                 /* "unit add" */
    const char        *operands;              /* "LEVEL NAME", for the help */
    int                min, max;              /* how many operands */
    unsigned           needs;
    const ctl_option  *options;               /* ends with { NULL } ; NULL: none */
    int              (*run)(ctl *x);
    const char        *summary;
} ctl_command;

/* Where the database and the files are: flags, else environment, else the configuration file. */
typedef struct {
    const char *socket, *host, *port, *tls_ca, *user, *password_file, *owner, *owner_password_file, *database, *secrets, *attachments, *locale, *schema,
               *language;
} ctl_settings;

struct ctl {
    ctl_settings        set;
    const char         *plugins[CTL_MAX_PLUGINS + 1];                   /* files of --load-plugin, ends with NULL */
    bool                json;
    const ctl_command  *command;
    int                 noperands;
    const char         *operands[CTL_MAX_VALUES];
    size_t              nvalues;
    struct { const ctl_option *option; const char *value; } values[CTL_MAX_VALUES];
    bx_arena           *arena;                /* until the program ends */
    bx_db_config        db;                   /* from the settings */
    bx_db_config        owner;                /* CTL_OWNER: the same with the account of the tables' owner, or with the server's when
                                               * no owner is named */
    bx_app             *app;                  /* CTL_CALL */
    bx_call            *call;                 /* CTL_CALL */
};

/* What counts the versions of the keys in the i-th sealed column (version, n); NULL behind the last. keys.c */
const char *ctl_sealed_sql(bx_arena *a, size_t i);

/* Tables of commands, each ends with { NULL }. */
extern const ctl_command ctl_key_commands[], ctl_database_commands[], ctl_unit_commands[], ctl_calendar_commands[], ctl_account_commands[],
                         ctl_roster_commands[], ctl_audit_commands[], ctl_plugin_commands[], ctl_route_commands[], ctl_doctor_commands[],
                         ctl_demo_commands[], ctl_backup_commands[], ctl_restore_commands[], ctl_openapi_commands[], ctl_test_commands[];

/* ---- baoxuectl.c */

const char *ctl_get(const ctl *x, const char *option);                 /* value of the option (the last), NULL: not given */
const char *ctl_get_n(const ctl *x, const char *option, size_t n);     /* of an option that may come several times */
bool        ctl_has(const ctl *x, const char *option);
/* Opens the application and its call for a command that did not ask for CTL_CALL; prints why not. An exit code. */
int         ctl_open(ctl *x);

/* ---- database.c */

/* Gives the server's account the rights it lacks on the tables there are now; nothing to do without an owner. */
bx_rc       ctl_rights_give(ctl *x, unsigned *given, bx_error *err);
/* What to do about an error of an account that may not change tables, after its text; "" for any other. */
const char *ctl_owner_hint(ctl *x, const bx_error *err);

/* ---- output.c: every command ends with one of these; each returns the exit code. */

int         ctl_fail(ctl *x, const char *fmt, ...) BX_PRINTF(2, 3);    /* to stderr */
int         ctl_misuse(ctl *x, const char *fmt, ...) BX_PRINTF(2, 3);
int         ctl_refused(ctl *x);                                       /* why the call was refused */
/* Prints the object with --json, the text without. Steals result. */
int         ctl_done(ctl *x, json_t *result, const char *fmt, ...) BX_PRINTF(3, 4);
/* Prints an array of objects: JSON, or a table of the columns named ("id name code"). Steals items. */
int         ctl_list(ctl *x, json_t *items, const char *columns);
/* Rows of a query as an array of objects, column aliases as keys. NULL when refused. */
json_t     *ctl_query(ctl *x, const char *sql, const bx_value *args, size_t nargs);

/* ---- plugin.c */

/* Opens the plugins that are built in and those of --load-plugin, for commands without an application; NULL: see err. */
bx_tables  *ctl_tables(ctl *x, bx_error *err);
/* Do the tables of the loaded plugins have the columns that their records name? */
bx_rc       ctl_plugin_columns(ctl *x, bx_conn *conn, bx_error *err);

/* ---- resolve.c: what people type into what the database has. All print their error and return false. */

typedef bx_unit ctl_unit;

/* A unit by id, code, or CODE/CLASS: "2152001234/三年级2班". */
bool        ctl_unit_find(ctl *x, const char *text, ctl_unit *out);
/* A date as it is typed. */
bool        ctl_date(ctl *x, const char *text, bx_date *out);
bx_date     ctl_today(const ctl *x);
/* First line of a file, or of standard input for "-"; NULL after printing why. */
const char *ctl_first_line(ctl *x, const char *path);

#endif
