
/*
 * ngx_http_baoxue_conf.c: what the values of directives mean.
 *
 * Every message names the value and says what to write.  Does not own the
 * directive table, which is in ngx_http_baoxue_module.c, nor what is made of
 * the values together, which is in ngx_http_baoxue_app.c.  All of it runs in
 * the master, with its privileges.
 */


#include "ngx_http_baoxue.h"


static ngx_int_t ngx_http_baoxue_database_word(ngx_conf_t *cf,
    ngx_http_baoxue_main_conf_t *bmcf, ngx_str_t *word);
static char *ngx_http_baoxue_database_set(ngx_conf_t *cf,
    ngx_http_baoxue_main_conf_t *bmcf, ngx_str_t *key, ngx_str_t *value);
static ngx_uint_t ngx_http_baoxue_is(ngx_str_t *key, const char *name);
static char **ngx_http_baoxue_push(ngx_conf_t *cf, ngx_array_t **list);


static const struct {
    const char  *name;
    size_t       offset;
} ngx_http_baoxue_database_texts[] = {
    { "socket", offsetof(bx_db_config, socket) },
    { "host", offsetof(bx_db_config, host) },
    { "tls_ca", offsetof(bx_db_config, tls_ca) },
    { "user", offsetof(bx_db_config, user) },
    { "password", offsetof(bx_db_config, password) },
    { "name", offsetof(bx_db_config, database) },
    { NULL, 0 }
};


char *
ngx_http_baoxue_database(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_baoxue_main_conf_t *bmcf = conf;

    ngx_str_t      ca;
    ngx_str_t     *value;
    ngx_uint_t     i;
    bx_db_config  *db;

    db = &bmcf->db;

    if (db->database) {
        return "is duplicate";
    }

    value = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {
        if (ngx_http_baoxue_database_word(cf, bmcf, &value[i]) != NGX_OK) {
            return NGX_CONF_ERROR;
        }
    }

    if ((db->socket == NULL) == (db->host == NULL)) {
        return "needs either \"socket=\" or \"host=\", "
               "as in \"socket=/run/mysqld/mysqld.sock\"";
    }

    if (db->socket && db->port) {
        return "has a \"port=\" beside \"socket=\": leave one of them out";
    }

    if (db->socket && db->tls_ca) {
        return "has a \"tls_ca=\" beside \"socket=\", which needs none: "
               "leave one of them out";
    }

    if (db->tls_ca) {
        ca.data = (u_char *) db->tls_ca;
        ca.len = ngx_strlen(db->tls_ca);

        if (ngx_conf_full_name(cf->cycle, &ca, 1) != NGX_OK) {
            return NGX_CONF_ERROR;
        }

        db->tls_ca = (char *) ca.data;
    }

    if (db->tls_ca && access(db->tls_ca, R_OK) != 0) {
        return "has a \"tls_ca=\" that cannot be read: write the path of the "
               "file with the authority's certificate";
    }

    if (db->user == NULL || db->database == NULL) {
        return "needs \"user=\" and \"name=\", as in \"user=baoxue name=baoxue\"";
    }

    if (db->password && bmcf->password_file.len) {
        return "has both \"password=\" and \"password_file=\": leave one of them out";
    }

    if (db->host && db->port == 0) {
        db->port = 3306;
    }

    return NGX_CONF_OK;
}


/* A value is never repeated in a message: it may be the password. */

static ngx_int_t
ngx_http_baoxue_database_word(ngx_conf_t *cf, ngx_http_baoxue_main_conf_t *bmcf,
    ngx_str_t *word)
{
    u_char     *p;
    char       *rv;
    ngx_str_t   key, value;

    p = (u_char *) ngx_strchr(word->data, '=');

    if (p == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "baoxue_database: a word without \"=\": write "
                           "\"baoxue_database socket=/run/mysqld/mysqld.sock "
                           "user=baoxue password_file=baoxue.password "
                           "name=baoxue;\"");
        return NGX_ERROR;
    }

    key.data = word->data;
    key.len = p - word->data;

    value.data = p + 1;
    value.len = word->data + word->len - value.data;

    if (value.len == 0) {
        rv = "has no value";

    } else {
        rv = ngx_http_baoxue_database_set(cf, bmcf, &key, &value);
    }

    if (rv == NGX_CONF_OK) {
        return NGX_OK;
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "baoxue_database: \"%V=\" %s",
                       &key, rv);

    return NGX_ERROR;
}


/* Returns what is wrong with the word, or NGX_CONF_OK. */

static char *
ngx_http_baoxue_database_set(ngx_conf_t *cf, ngx_http_baoxue_main_conf_t *bmcf,
    ngx_str_t *key, ngx_str_t *value)
{
    ngx_int_t      port;
    ngx_uint_t     i;
    const char   **slot;
    bx_db_config  *db;

    db = &bmcf->db;

    if (ngx_http_baoxue_is(key, "port")) {
        port = ngx_atoi(value->data, value->len);

        if (port < 1 || port > 65535) {
            return "is no port: write a number from 1 to 65535, "
                   "as in \"port=3306\"";
        }

        if (db->port) {
            return "is given twice";
        }

        db->port = port;

        return NGX_CONF_OK;
    }

    if (ngx_http_baoxue_is(key, "password_file")) {
        if (bmcf->password_file.len) {
            return "is given twice";
        }

        bmcf->password_file = *value;

        if (ngx_conf_full_name(cf->cycle, &bmcf->password_file, 1) != NGX_OK) {
            return "cannot be kept: out of memory";
        }

        return NGX_CONF_OK;
    }

    for (i = 0; ngx_http_baoxue_database_texts[i].name; i++) {

        if (!ngx_http_baoxue_is(key, ngx_http_baoxue_database_texts[i].name)) {
            continue;
        }

        slot = (const char **) ((char *) db
                                + ngx_http_baoxue_database_texts[i].offset);

        if (*slot) {
            return "is given twice";
        }

        *slot = (char *) value->data;

        return NGX_CONF_OK;
    }

    return "is unknown: it takes socket= host= port= tls_ca= user= password= "
           "password_file= name=";
}


static ngx_uint_t
ngx_http_baoxue_is(ngx_str_t *key, const char *name)
{
    return key->len == ngx_strlen(name)
           && ngx_strncmp(key->data, name, key->len) == 0;
}


char *
ngx_http_baoxue_path(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char       *rv;
    ngx_str_t  *path;

    rv = ngx_conf_set_str_slot(cf, cmd, conf);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    path = (ngx_str_t *) ((char *) conf + cmd->offset);

    if (path->len == 0) {
        return "needs the name of a file or directory";
    }

    if (ngx_conf_full_name(cf->cycle, path, 1) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


char *
ngx_http_baoxue_origin(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_baoxue_main_conf_t *bmcf = conf;

    char       **origin;
    u_char      *p, *last;
    ngx_str_t   *value;

    value = cf->args->elts;
    p = value[1].data;
    last = p + value[1].len;

    if (ngx_strncmp(p, "https://", 8) == 0) {
        p += 8;

    } else if (ngx_strncmp(p, "http://", 7) == 0) {
        p += 7;

    } else {
        goto invalid;
    }

    if (p == last) {
        goto invalid;
    }

    for ( /* void */ ; p < last; p++) {

        /* a browser sends it in lower case, without a path */

        if (*p <= ' ' || *p == '/' || *p == '*' || *p == '?' || *p == '#'
            || *p == '@' || (*p >= 'A' && *p <= 'Z') || *p >= 0x7f)
        {
            goto invalid;
        }
    }

    origin = ngx_http_baoxue_push(cf, &bmcf->origins);
    if (origin == NULL) {
        return NGX_CONF_ERROR;
    }

    *origin = (char *) value[1].data;

    return NGX_CONF_OK;

invalid:

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid origin \"%V\": write scheme, host and port as "
                       "the browser's address bar has them, lower case and "
                       "without a slash at the end, as in "
                       "\"https://baoxue.example.cn\"", &value[1]);

    return NGX_CONF_ERROR;
}


char *
ngx_http_baoxue_load_plugin(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_baoxue_main_conf_t *bmcf = conf;

    char       **file;
    ngx_str_t   *value;

    value = cf->args->elts;

    if (value[1].len == 0) {
        return "needs the name of a shared object";
    }

    if (ngx_conf_full_name(cf->cycle, &value[1], 1) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    file = ngx_http_baoxue_push(cf, &bmcf->plugins);
    if (file == NULL) {
        return NGX_CONF_ERROR;
    }

    *file = (char *) value[1].data;

    return NGX_CONF_OK;
}


/* Whether the names are those of plugins is known when all have been loaded. */

char *
ngx_http_baoxue_plugins(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_baoxue_main_conf_t *bmcf = conf;

    char       **name;
    ngx_str_t   *value;
    ngx_uint_t   i;

    if (bmcf->workflows || bmcf->all_workflows) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (cf->args->nelts == 2 && ngx_strcmp(value[1].data, "all") == 0) {
        bmcf->all_workflows = 1;
        return NGX_CONF_OK;
    }

    for (i = 1; i < cf->args->nelts; i++) {

        if (ngx_strcmp(value[i].data, "all") == 0) {
            return "has \"all\" beside names: leave one of them out";
        }

        name = ngx_http_baoxue_push(cf, &bmcf->workflows);
        if (name == NULL) {
            return NGX_CONF_ERROR;
        }

        *name = (char *) value[i].data;
    }

    return NGX_CONF_OK;
}


/* The list is made with its first entry; a NULL is pushed behind the last. */

static char **
ngx_http_baoxue_push(ngx_conf_t *cf, ngx_array_t **list)
{
    if (*list == NULL) {
        *list = ngx_array_create(cf->pool, 4, sizeof(char *));
        if (*list == NULL) {
            return NULL;
        }
    }

    return ngx_array_push(*list);
}


char *
ngx_http_baoxue_timezone(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_baoxue_main_conf_t *bmcf = conf;

    u_char     *p;
    ngx_int_t   hours, minutes;
    ngx_str_t  *value;

    if (bmcf->utc_offset != NGX_CONF_UNSET) {
        return "is duplicate";
    }

    value = cf->args->elts;
    p = value[1].data;

    if (value[1].len != 6 || (p[0] != '+' && p[0] != '-') || p[3] != ':') {
        goto invalid;
    }

    hours = ngx_atoi(p + 1, 2);
    minutes = ngx_atoi(p + 4, 2);

    if (hours == NGX_ERROR || hours > 14
        || minutes == NGX_ERROR || minutes > 59)
    {
        goto invalid;
    }

    bmcf->utc_offset = hours * 3600 + minutes * 60;

    if (p[0] == '-') {
        bmcf->utc_offset = -bmcf->utc_offset;
    }

    return NGX_CONF_OK;

invalid:

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid time zone \"%V\": write its distance from UTC, "
                       "as in \"baoxue_timezone +08:00;\"", &value[1]);

    return NGX_CONF_ERROR;
}


char *
ngx_http_baoxue_size(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char       *rv;
    size_t     *size;
    ngx_str_t  *value;

    value = cf->args->elts;
    size = (size_t *) ((char *) conf + cmd->offset);

    rv = ngx_conf_set_size_slot(cf, cmd, conf);

    if (rv == NGX_CONF_OK && *size >= 1024 && *size <= 1024 * 1024 * 1024) {
        return NGX_CONF_OK;
    }

    if (rv != NGX_CONF_OK && ngx_strcmp(rv, "is duplicate") == 0) {
        return rv;
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid size \"%V\" in \"%V\": write from 1k to 1g, "
                       "as in \"%V 16m;\"", &value[1], &cmd->name, &cmd->name);

    return NGX_CONF_ERROR;
}


char *
ngx_http_baoxue_lifetime(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_baoxue_main_conf_t *bmcf = conf;

    time_t      t;
    ngx_str_t  *value;

    if (bmcf->session_lifetime != NGX_CONF_UNSET) {
        return "is duplicate";
    }

    value = cf->args->elts;

    t = ngx_parse_time(&value[1], 1);

    if (t == (time_t) NGX_ERROR || t < 60 || t > 31 * 24 * 3600) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid lifetime \"%V\": write from 1m to 31d, "
                           "as in \"baoxue_session_lifetime 12h;\"", &value[1]);
        return NGX_CONF_ERROR;
    }

    bmcf->session_lifetime = t;

    return NGX_CONF_OK;
}


char *
ngx_http_baoxue_session_zone(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_baoxue_main_conf_t *bmcf = conf;

    u_char     *p;
    ssize_t     size;
    ngx_str_t  *value, name, s;

    if (bmcf->zone) {
        return "is duplicate";
    }

    value = cf->args->elts;

    name.data = value[1].data;

    p = (u_char *) ngx_strchr(name.data, ':');
    if (p == NULL) {
        goto invalid;
    }

    name.len = p - name.data;

    s.data = p + 1;
    s.len = value[1].data + value[1].len - s.data;

    size = ngx_parse_size(&s);

    if (name.len == 0 || size == NGX_ERROR) {
        goto invalid;
    }

    if (size < (ssize_t) (32 * ngx_pagesize)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "session zone \"%V\" is too small: write at least "
                           "%uzk; a session takes half to two kilobytes",
                           &value[1], (size_t) (32 * ngx_pagesize / 1024));
        return NGX_CONF_ERROR;
    }

    bmcf->zone = ngx_http_baoxue_add_zone(cf, &name, size);

    return bmcf->zone ? NGX_CONF_OK : NGX_CONF_ERROR;

invalid:

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid session zone \"%V\": write a name and a size, "
                       "as in \"baoxue_session_zone baoxue_sessions:8m;\"",
                       &value[1]);

    return NGX_CONF_ERROR;
}


/* Where heads of audit chains go: what error_log takes, several times if wanted. */

char *
ngx_http_baoxue_chain_log(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_baoxue_main_conf_t *bmcf = conf;

    char       *rv;
    ngx_log_t  *log;

    rv = ngx_log_set_log(cf, &bmcf->chain_log);

    if (rv != NGX_CONF_OK) {
        return rv;
    }

    /* a head is no error: without this it would be below the level */

    for (log = bmcf->chain_log; log; log = log->next) {
        log->log_level = NGX_LOG_NOTICE;
    }

    return NGX_CONF_OK;
}
