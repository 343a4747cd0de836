/* baoxuectl.c: the command line of Baoxue: finds the command, parses its options, opens the database, runs it.
 * Owns no command: those are in the other files of this directory, one a group. docs/baoxuectl.md describes them all. */

#include "tools/tools.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_CONFIG  "/etc/baoxue/baoxuectl.conf"
#define DEFAULT_SHARE   "/usr/share/baoxue"

static const ctl_command *const groups[] = {
    ctl_key_commands, ctl_database_commands, ctl_unit_commands, ctl_calendar_commands, ctl_account_commands, ctl_roster_commands,
    ctl_audit_commands, ctl_plugin_commands, ctl_route_commands, ctl_doctor_commands, ctl_backup_commands,
    ctl_restore_commands, ctl_openapi_commands, ctl_demo_commands,
#ifdef BX_TEST_CLOCK
    ctl_test_commands,
#endif
};

/* Options every command takes, and where else their values come from. */
static const struct {
    ctl_option   option;
    const char  *env, *key;                   /* key of the configuration file */
    size_t       at;                          /* in ctl_settings */
} settings[] = {
    { { "--socket", "FILE", "socket of MariaDB" }, "BAOXUE_DB_SOCKET", "socket", offsetof(ctl_settings, socket) },
    { { "--host", "HOST", "or its host" }, "BAOXUE_DB_HOST", "host", offsetof(ctl_settings, host) },
    { { "--port", "PORT", "and port" }, "BAOXUE_DB_PORT", "port", offsetof(ctl_settings, port) },
    { { "--tls-ca", "FILE", "authorities of the host's certificate" }, "BAOXUE_DB_TLS_CA", "tls_ca", offsetof(ctl_settings, tls_ca) },
    { { "--user", "NAME", "database user (baoxue)" }, "BAOXUE_DB_USER", "user", offsetof(ctl_settings, user) },
    { { "--password-file", "FILE", "file whose first line is its password" },
      "BAOXUE_DB_PASSWORD_FILE", "password_file", offsetof(ctl_settings, password_file) },
    { { "--owner", "NAME", "database user that may change tables, for migrate and restore" }, "BAOXUE_DB_OWNER", "owner", offsetof(ctl_settings, owner) },
    { { "--owner-password-file", "FILE", "file whose first line is its password" },
      "BAOXUE_DB_OWNER_PASSWORD_FILE", "owner_password_file", offsetof(ctl_settings, owner_password_file) },
    { { "--database", "NAME", "database (baoxue)" }, "BAOXUE_DB_NAME", "database", offsetof(ctl_settings, database) },
    { { "--secrets", "FILE", "keys that seal numbers of persons" }, "BAOXUE_SECRETS", "secrets", offsetof(ctl_settings, secrets) },
    { { "--attachments", "DIR", "directory of uploaded files" },
      "BAOXUE_ATTACHMENTS", "attachments", offsetof(ctl_settings, attachments) },
    { { "--locale", "DIR", "html/locale" }, "BAOXUE_LOCALE", "locale", offsetof(ctl_settings, locale) },
    { { "--schema", "DIR", "schema" }, "BAOXUE_SCHEMA", "schema", offsetof(ctl_settings, schema) },
    { { "--language", "zh-CN|en", "language of reasons (from the environment)" },
      "BAOXUE_LANGUAGE", "language", offsetof(ctl_settings, language) },
};

#define NSETTINGS  (sizeof(settings) / sizeof(settings[0]))

static const ctl_option config_option = { "--config", "FILE", "read these settings from a file (" DEFAULT_CONFIG ")" };
static const ctl_option load_option = { "--load-plugin", "FILE", "a plugin that is not built in; may be repeated" };
static const ctl_option json_option = { "--json", NULL, "print JSON" };


static const char **
setting(ctl *x, size_t i)
{
    return (const char **) ((char *) &x->set + settings[i].at);
}


/* ---- help */

static void
help_options(const ctl_option *options)
{
    for (const ctl_option *o = options; o != NULL && o->name != NULL; o++) {
        printf("  %s%s%s%*s%s\n", o->name, o->value == NULL ? "" : " ", o->value == NULL ? "" : o->value,
               (int) (30 - strlen(o->name) - (o->value == NULL ? 0 : strlen(o->value) + 1)), "", o->help);
    }
}


static void
help_settings(void)
{
    puts("\nOptions of every command (environment variable, key of the configuration file):");
    for (size_t i = 0; i < NSETTINGS; i++) {
        const ctl_option *o = &settings[i].option;

        printf("  %s %s%*s%s (%s, %s)\n", o->name, o->value, (int) (29 - strlen(o->name) - strlen(o->value)), "", o->help,
               settings[i].env, settings[i].key);
    }
    printf("  %s %s%*s%s (load_plugin)\n", load_option.name, load_option.value,
           (int) (29 - strlen(load_option.name) - strlen(load_option.value)), "", load_option.help);
    printf("  %s %s%*s%s (BAOXUE_CONFIG)\n", config_option.name, config_option.value,
           (int) (29 - strlen(config_option.name) - strlen(config_option.value)), "", config_option.help);
    printf("  %s%*s%s\n", json_option.name, (int) (30 - strlen(json_option.name)), "", json_option.help);
    puts("\nExit codes: 0 done, 1 refused or failed, 2 wrong command line, 3 configuration or database not reachable,\n"
         "4 a check found something.");
}


static void
help_all(void)
{
    puts("baoxuectl: sets up and looks after Baoxue from the command line\n\nUsage: baoxuectl COMMAND [OPTION...] [OPERAND...]\n");
    for (size_t g = 0; g < sizeof(groups) / sizeof(groups[0]); g++) {
        for (const ctl_command *c = groups[g]; c->words != NULL; c++) {
            if (!(c->needs & CTL_TEST)) {
                printf("  %s %s%*s%s\n", c->words, c->operands,
                       (int) (38 - strlen(c->words) - strlen(c->operands)), "", c->summary);
            }
        }
    }
    puts("\nbaoxuectl help COMMAND tells its options. docs/baoxuectl.md describes every command with examples.");
    help_settings();
}


static int
help(const ctl_command *command)
{
    if (command == NULL) {
        help_all();
        return CTL_OK;
    }

    printf("Usage: baoxuectl %s [OPTION...] %s\n\n%s\n\n", command->words, command->operands, command->summary);
    help_options(command->options);
    help_settings();
    return CTL_OK;
}


/* ---- command line */

const char *
ctl_get_n(const ctl *x, const char *option, size_t n)
{
    for (size_t i = 0; i < x->nvalues; i++) {
        if (strcmp(x->values[i].option->name, option) == 0 && n-- == 0) {
            return x->values[i].value;
        }
    }

    return NULL;
}


/* Of an option given twice, the later one. */
const char *
ctl_get(const ctl *x, const char *option)
{
    for (size_t i = x->nvalues; i > 0; i--) {
        if (strcmp(x->values[i - 1].option->name, option) == 0) {
            return x->values[i - 1].value;
        }
    }

    return NULL;
}


bool
ctl_has(const ctl *x, const char *option)
{
    return ctl_get(x, option) != NULL;
}


static const ctl_command *
command_find(const char *first, const char *second)
{
    size_t  n = strlen(first);

    for (size_t g = 0; g < sizeof(groups) / sizeof(groups[0]); g++) {
        for (const ctl_command *c = groups[g]; c->words != NULL; c++) {
            const char *space = strchr(c->words, ' ');

            if (strncmp(c->words, first, n) != 0 || (c->words[n] != ' ' && c->words[n] != '\0')) {
                continue;
            }
            if (space == NULL || (second != NULL && strcmp(space + 1, second) == 0)) {
                return c;
            }
        }
    }

    return NULL;
}


static const ctl_option *
option_find(const ctl *x, const char *name, size_t len)
{
    const ctl_option *o;

    for (o = x->command == NULL ? NULL : x->command->options; o != NULL && o->name != NULL; o++) {
        if (strlen(o->name) == len && strncmp(o->name, name, len) == 0) {
            return o;
        }
    }
    for (size_t i = 0; i < NSETTINGS; i++) {
        o = &settings[i].option;
        if (strlen(o->name) == len && strncmp(o->name, name, len) == 0) {
            return o;
        }
    }
    if (strlen(config_option.name) == len && strncmp(config_option.name, name, len) == 0) {
        return &config_option;
    }
    if (strlen(load_option.name) == len && strncmp(load_option.name, name, len) == 0) {
        return &load_option;
    }

    return strlen(json_option.name) == len && strncmp(json_option.name, name, len) == 0 ? &json_option : NULL;
}


/* One argument that begins with "--"; *i moves on when its value is the next one. */
static int
option_take(ctl *x, int argc, char **argv, int *i)
{
    const char        *arg = argv[*i], *equals = strchr(arg, '=');
    size_t             len = equals == NULL ? strlen(arg) : (size_t) (equals - arg);
    const ctl_option  *o = option_find(x, arg, len);
    const char        *value = "";

    if (o == NULL) {
        return ctl_misuse(x, "unknown option \"%.*s\"", (int) len, arg);
    }
    if (o->value == NULL && equals != NULL) {
        return ctl_misuse(x, "option \"%s\" takes no value", o->name);
    }
    if (o->value != NULL) {
        if (equals == NULL && *i + 1 >= argc) {
            return ctl_misuse(x, "option \"%s\" wants a value", o->name);
        }
        value = equals != NULL ? equals + 1 : argv[++*i];
    }
    if (x->nvalues == CTL_MAX_VALUES) {
        return ctl_misuse(x, "too many options");
    }

    x->values[x->nvalues].option = o;
    x->values[x->nvalues++].value = value;
    return CTL_OK;
}


static bool
is_option(const char *arg)
{
    return arg[0] == '-' && arg[1] == '-' && arg[2] != '\0';
}


/* Words that are neither options nor values of the options every command takes: the first two may name the command, or
 * the two behind "help". */
static void
command_words(ctl *x, int argc, char **argv, const char *words[3])
{
    int  n = 0;

    for (int i = 1; i < argc && n < 3; i++) {
        const ctl_option *o = is_option(argv[i]) ? option_find(x, argv[i], strlen(argv[i])) : NULL;

        if (o != NULL && o->value != NULL) {
            i++;
        } else if (!is_option(argv[i])) {
            words[n++] = argv[i];
        }
    }
}


static int
operands_take(ctl *x, int argc, char **argv, int skip)
{
    bool  only_operands = false;

    for (int i = 1; i < argc; i++) {
        if (!only_operands && strcmp(argv[i], "--") == 0) {
            only_operands = true;
        } else if (!only_operands && is_option(argv[i])) {
            int  rc = option_take(x, argc, argv, &i);

            if (rc != CTL_OK) {
                return rc;
            }
        } else if (skip > 0) {
            skip--;
        } else if (x->noperands < CTL_MAX_VALUES) {
            x->operands[x->noperands++] = argv[i];
        }
    }

    if (x->noperands < x->command->min || x->noperands > x->command->max) {
        return ctl_misuse(x, "usage: baoxuectl %s [OPTION...] %s", x->command->words, x->command->operands);
    }

    x->json = ctl_has(x, "--json");
    return CTL_OK;
}


/* ---- settings */

static int
plugin_add(ctl *x, const char *file)
{
    size_t  n = 0;

    while (x->plugins[n] != NULL) {
        n++;
    }
    if (n == CTL_MAX_PLUGINS) {
        return ctl_misuse(x, "more than %d plugins", CTL_MAX_PLUGINS);
    }

    x->plugins[n] = bx_strdup(x->arena, file);
    return CTL_OK;
}


static int
config_line(ctl *x, const char *path, int number, char *line)
{
    char   *key = line + strspn(line, " \t"), *value;
    size_t  n = strcspn(key, " \t=\n");

    if (key[0] == '#' || key[0] == '\n' || key[0] == '\0') {
        return CTL_OK;
    }

    value = key + n + strspn(key + n, " \t=");
    value[strcspn(value, "\r\n")] = '\0';
    key[n] = '\0';

    for (size_t i = 0; i < NSETTINGS; i++) {
        if (strcmp(settings[i].key, key) == 0) {
            if (*setting(x, i) == NULL) {
                *setting(x, i) = bx_strdup(x->arena, value);
            }
            return CTL_OK;
        }
    }

    if (strcmp(key, "load_plugin") == 0) {
        return plugin_add(x, value);
    }

    ctl_fail(x, "%s, line %d: unknown setting \"%s\"", path, number, key);
    return CTL_NO_DATABASE;
}


static int
config_read(ctl *x)
{
    char         line[PATH_MAX + 64];
    int          rc = CTL_OK;
    FILE        *f;
    const char  *path = ctl_get(x, "--config");

    path = path != NULL ? path : getenv("BAOXUE_CONFIG");
    f = fopen(path != NULL ? path : DEFAULT_CONFIG, "re");
    if (f == NULL) {
        if (path == NULL) {
            return CTL_OK;
        }
        ctl_fail(x, "configuration file \"%s\": %s", path, strerror(errno));
        return CTL_NO_DATABASE;
    }

    for (int number = 1; rc == CTL_OK && fgets(line, sizeof(line), f) != NULL; number++) {
        rc = config_line(x, path != NULL ? path : DEFAULT_CONFIG, number, line);
    }

    fclose(f);
    return rc;
}


/* The directory that holds schema/ and html/: the one the program was built in, or where it is installed. */
static const char *
share_dir(ctl *x)
{
    char     exe[PATH_MAX];
    ssize_t  n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

    for (int up = 0; n > 0 && up < 4; up++) {
        char *slash;

        exe[n] = '\0';
        slash = strrchr(exe, '/');
        if (slash == NULL) {
            break;
        }
        *slash = '\0';
        n = slash - exe;
        if (access(bx_sprintf(x->arena, "%s/schema/0001_organisation.sql", exe), R_OK) == 0) {
            return bx_strdup(x->arena, exe);
        }
        if (access(bx_sprintf(x->arena, "%s/share/baoxue/schema/0001_organisation.sql", exe), R_OK) == 0) {
            return bx_sprintf(x->arena, "%s/share/baoxue", exe);
        }
    }

    return DEFAULT_SHARE;
}


static const char *
language_of_environment(void)
{
    const char *names[] = { "LC_ALL", "LC_MESSAGES", "LANG" };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *v = getenv(names[i]);

        if (v != NULL && v[0] != '\0') {
            return strncmp(v, "zh", 2) == 0 ? "zh-CN" : "en";
        }
    }

    return "en";
}


static int
settings_take(ctl *x)
{
    int          rc;
    const char  *share;

    for (size_t i = 0; i < NSETTINGS; i++) {
        const char *v = ctl_get(x, settings[i].option.name);

        *setting(x, i) = v != NULL ? v : getenv(settings[i].env);
    }

    rc = config_read(x);
    for (size_t i = 0; rc == CTL_OK && ctl_get_n(x, load_option.name, i) != NULL; i++) {
        rc = plugin_add(x, ctl_get_n(x, load_option.name, i));
    }
    if (rc != CTL_OK) {
        return rc;
    }

    share = share_dir(x);
    x->set.user = x->set.user != NULL ? x->set.user : "baoxue";
    x->set.database = x->set.database != NULL ? x->set.database : "baoxue";
    x->set.schema = x->set.schema != NULL ? x->set.schema : bx_sprintf(x->arena, "%s/schema", share);
    x->set.locale = x->set.locale != NULL ? x->set.locale : bx_sprintf(x->arena, "%s/html/locale", share);
    x->set.language = x->set.language != NULL ? x->set.language : language_of_environment();
    return CTL_OK;
}


/* An installation of before there were two accounts names no owner. */
static int
owner_config(ctl *x)
{
    x->owner = x->db;
    if (x->set.owner == NULL) {
        return CTL_OK;
    }
    if (x->set.owner_password_file == NULL) {
        ctl_fail(x, "where is the password of \"%s\"? give --owner-password-file, or owner_password_file in the configuration file", x->set.owner);
        return CTL_NO_DATABASE;
    }
    if (access(x->set.owner_password_file, F_OK) != 0 && errno == ENOENT) {
        ctl_fail(x, "there is no \"%s\" with the password of \"%s\", who owns the tables: docs/install.md, step 2, makes that account",
                 x->set.owner_password_file, x->set.owner);
        return CTL_NO_DATABASE;
    }

    x->owner.user = x->set.owner;
    x->owner.password = ctl_first_line(x, x->set.owner_password_file);
    return x->owner.password == NULL ? CTL_NO_DATABASE : CTL_OK;
}


static int
database_config(ctl *x)
{
    const char *password = "";

    if (x->set.socket == NULL && x->set.host == NULL) {
        ctl_fail(x, "which database? give --socket or --host, or a configuration file with --config");
        return CTL_NO_DATABASE;
    }
    if (x->set.tls_ca != NULL && x->set.socket != NULL) {
        ctl_fail(x, "--tls-ca is for a database on another machine, with --host: a socket needs none");
        return CTL_NO_DATABASE;
    }
    if (x->set.password_file != NULL) {
        password = ctl_first_line(x, x->set.password_file);
        if (password == NULL) {
            return CTL_NO_DATABASE;
        }
    }

    x->db = (bx_db_config) {
        .socket = x->set.socket, .host = x->set.host, .tls_ca = x->set.tls_ca,
        .port = x->set.port == NULL ? 3306 : (unsigned) strtoul(x->set.port, NULL, 10),
        .user = x->set.user, .password = password, .database = x->set.database,
        .read_seconds = 120, .statement_ms = 100000
    };
    return x->command->needs & CTL_OWNER ? owner_config(x) : CTL_OK;
}


/* ---- running */

int
ctl_open(ctl *x)
{
    bx_error       err = { 0 };
    bx_app_config  conf = { .db = x->db, .secret_file = x->set.secrets, .locale_dir = x->set.locale,
                            .attachments = x->set.attachments, .utc_offset = 28800, .plugins = x->plugins };

    if (x->set.secrets == NULL) {
        ctl_fail(x, "which keys? give --secrets, or a configuration file with --config");
        return CTL_NO_DATABASE;
    }

    x->app = bx_app_create(&conf, &err);
    if (x->app == NULL || bx_app_start(x->app, &err) != BX_OK) {
        ctl_fail(x, "%s", err.text);
        return CTL_NO_DATABASE;
    }

    x->call = bx_call_program(x->app, x->arena, bx_sprintf(x->arena, "baoxuectl %s", x->command->words));
    if (x->call == NULL) {
        ctl_fail(x, "out of memory");
        return CTL_NO_DATABASE;
    }
    x->call->lang = strcmp(x->set.language, "en") == 0 ? "en" : "zh-CN";

    if (bx_call_connect(x->call) != BX_OK) {
        ctl_fail(x, "no connection to MariaDB: %s", x->call->error.text);
        return CTL_NO_DATABASE;
    }

    return CTL_OK;
}


static int
run(ctl *x)
{
    int  rc = x->command->needs & CTL_OFFLINE ? CTL_OK : database_config(x);

    if (rc == CTL_OK && (x->command->needs & CTL_CALL)) {
        rc = ctl_open(x);
    }
    if (rc == CTL_OK) {
        rc = x->command->run(x);
    }

    if (x->call != NULL) {
        bx_call_end(x->call);
    }
    if (x->app != NULL) {
        bx_app_stop(x->app);
        bx_app_destroy(x->app);
    }

    return rc;
}


static int
find_and_run(ctl *x, int argc, char **argv)
{
    int          rc;
    const char  *words[3] = { NULL, NULL, NULL };

    command_words(x, argc, argv, words);
    if (words[0] == NULL || strcmp(words[0], "help") == 0) {
        return help(words[0] == NULL || words[1] == NULL ? NULL : command_find(words[1], words[2]));
    }

    x->command = command_find(words[0], words[1]);
    if (x->command == NULL) {
        ctl_fail(x, "unknown command \"%s%s%s\"; baoxuectl help lists them", words[0], words[1] == NULL ? "" : " ",
                 words[1] == NULL ? "" : words[1]);
        return CTL_USAGE;
    }
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            return help(x->command);
        }
    }

    rc = operands_take(x, argc, argv, strchr(x->command->words, ' ') == NULL ? 1 : 2);
    if (rc == CTL_OK) {
        rc = settings_take(x);
    }

    return rc == CTL_OK ? run(x) : rc;
}


int
main(int argc, char **argv)
{
    int  rc;
    ctl  x = { 0 };

    x.arena = bx_arena_create(64 * 1024);
    if (x.arena == NULL || bx_db_library_init() != BX_OK) {
        fputs("baoxuectl: out of memory\n", stderr);
        return CTL_FAILED;
    }
    json_object_seed(0);
#ifdef BX_TEST_CLOCK
    bx_clock_set_file(getenv("BAOXUE_TEST_CLOCK"));
#endif

    rc = find_and_run(&x, argc, argv);

    bx_arena_destroy(x.arena);
    bx_db_library_end();
    return rc;
}
