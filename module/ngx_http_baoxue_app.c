
/*
 * ngx_http_baoxue_app.c: the application, made out of the directives when all
 * have been read, and destroyed with the configuration.
 *
 * Owns what is asked of the directives together: that none is missing, the
 * password file, the thread pools.  Every message says what to write.  All of
 * it runs in the master, with its privileges.
 */


#include "ngx_http_baoxue.h"


#define NGX_HTTP_BAOXUE_PASSWORD_MAX  512


static ngx_int_t ngx_http_baoxue_check_attachments(ngx_conf_t *cf,
    ngx_http_baoxue_main_conf_t *bmcf);
static ngx_int_t ngx_http_baoxue_complete(ngx_conf_t *cf,
    ngx_http_baoxue_main_conf_t *bmcf);
static ngx_int_t ngx_http_baoxue_password(ngx_conf_t *cf,
    ngx_http_baoxue_main_conf_t *bmcf);
static ngx_int_t ngx_http_baoxue_thread_pools(ngx_conf_t *cf,
    ngx_http_baoxue_main_conf_t *bmcf);
static unsigned ngx_http_baoxue_port(ngx_conf_t *cf,
    ngx_http_baoxue_main_conf_t *bmcf);
static void ngx_http_baoxue_destroy_app(void *data);


ngx_int_t
ngx_http_baoxue_create_app(ngx_conf_t *cf, ngx_http_baoxue_main_conf_t *bmcf)
{
    bx_error             err;
    char               **last;
    ngx_str_t            name;
    ngx_uint_t           i;
    bx_app_config        conf;
    ngx_pool_cleanup_t  *cln;

    if (ngx_http_baoxue_complete(cf, bmcf) != NGX_OK
        || ngx_http_baoxue_password(cf, bmcf) != NGX_OK
        || ngx_http_baoxue_thread_pools(cf, bmcf) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (bmcf->zone == NULL) {
        ngx_str_set(&name, "baoxue_sessions");

        bmcf->zone = ngx_http_baoxue_add_zone(cf, &name, 8 * 1024 * 1024);
        if (bmcf->zone == NULL) {
            return NGX_ERROR;
        }
    }

    ngx_memzero(&conf, sizeof(bx_app_config));

    conf.cookie_port = ngx_http_baoxue_port(cf, bmcf);

    struct { ngx_array_t *list; void *to; }  lists[] = {
        { bmcf->origins, &conf.origins },
        { bmcf->plugins, &conf.plugins },
        { bmcf->workflows, &conf.workflows }
    };

    for (i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {

        if (lists[i].list == NULL) {
            continue;
        }

        last = ngx_array_push(lists[i].list);
        if (last == NULL) {
            return NGX_ERROR;
        }

        *last = NULL;

        *(void **) lists[i].to = lists[i].list->elts;
    }

    conf.db = bmcf->db;
    conf.secret_file = (char *) bmcf->secret_file.data;
    conf.locale_dir = (char *) bmcf->locale.data;
    conf.attachments = (char *) bmcf->attachments.data;
    conf.insecure_cookie = bmcf->insecure_cookie;
    conf.utc_offset = bmcf->utc_offset;
    conf.max_json = bmcf->max_json;
    conf.max_upload = bmcf->max_upload;
    conf.session_seconds = bmcf->session_lifetime;

    cln = ngx_pool_cleanup_add(cf->pool, 0);
    if (cln == NULL) {
        return NGX_ERROR;
    }

#if (BX_TEST_CLOCK)
    if (bmcf->test_clock.len) {
        bx_clock_set_file((char *) bmcf->test_clock.data);
    }
#endif

    ngx_memzero(&err, sizeof(bx_error));

    bmcf->app = bx_app_create(&conf, &err);

    if (bmcf->app == NULL) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0, "baoxue: %s", err.text);
        return NGX_ERROR;
    }

    cln->handler = ngx_http_baoxue_destroy_app;
    cln->data = bmcf;

    return NGX_OK;
}


/* a file system that is not mounted must not be taken for an empty one */

static ngx_int_t
ngx_http_baoxue_check_attachments(ngx_conf_t *cf,
    ngx_http_baoxue_main_conf_t *bmcf)
{
    ngx_file_info_t  fi;

    if (bmcf->attachments.len == 0) {
        return NGX_OK;
    }

    if (ngx_file_info(bmcf->attachments.data, &fi) != NGX_FILE_ERROR
        && ngx_is_dir(&fi))
    {
        return NGX_OK;
    }

    ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                  "baoxue: \"%V\" of baoxue_attachments is no directory: "
                  "make it, or mount it, with \"install -d -m 700 -o USER "
                  "%V\", USER being that of the worker processes",
                  &bmcf->attachments, &bmcf->attachments);

    return NGX_ERROR;
}


static ngx_int_t
ngx_http_baoxue_complete(ngx_conf_t *cf, ngx_http_baoxue_main_conf_t *bmcf)
{
    const char  *write;

    if (bmcf->db.database == NULL) {
        write = "baoxue_database socket=/run/mysqld/mysqld.sock user=baoxue "
                "password_file=baoxue.password name=baoxue;";

    } else if (bmcf->secret_file.len == 0) {
        write = "baoxue_secret_file baoxue.secret;";

    } else if (bmcf->locale.len == 0) {
        write = "baoxue_locale /usr/share/baoxue/html/locale;";

    } else {
        return ngx_http_baoxue_check_attachments(cf, bmcf);
    }

    ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                  "baoxue is used in %s:%ui, but a directive is missing: "
                  "write \"%s\" in the \"http\" block",
                  bmcf->used_file, bmcf->used_line, write);

    return NGX_ERROR;
}


static ngx_int_t
ngx_http_baoxue_password(ngx_conf_t *cf, ngx_http_baoxue_main_conf_t *bmcf)
{
    char             *password;
    size_t            len;
    ssize_t           n;
    ngx_fd_t          fd;
    ngx_file_info_t   fi;

    if (bmcf->password_file.len == 0) {
        return NGX_OK;
    }

    password = ngx_palloc(cf->pool, NGX_HTTP_BAOXUE_PASSWORD_MAX + 1);
    if (password == NULL) {
        return NGX_ERROR;
    }

    fd = ngx_open_file(bmcf->password_file.data, NGX_FILE_RDONLY,
                       NGX_FILE_OPEN, 0);

    if (fd == NGX_INVALID_FILE) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, ngx_errno,
                      ngx_open_file_n " \"%V\" failed: it should hold the "
                      "password of the database user",
                      &bmcf->password_file);
        return NGX_ERROR;
    }

    if (ngx_fd_info(fd, &fi) == NGX_FILE_ERROR) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, ngx_errno,
                      ngx_fd_info_n " \"%V\" failed", &bmcf->password_file);
        goto failed;
    }

    if (fi.st_mode & S_IRWXO) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "password file \"%V\" is open to everybody: "
                      "run \"chmod 600 %V\"",
                      &bmcf->password_file, &bmcf->password_file);
        goto failed;
    }

    n = ngx_read_fd(fd, password, NGX_HTTP_BAOXUE_PASSWORD_MAX);

    if (n == -1) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, ngx_errno,
                      ngx_read_fd_n " \"%V\" failed", &bmcf->password_file);
        goto failed;
    }

    ngx_close_file(fd);

    password[n] = '\0';

    len = strcspn(password, "\r\n");
    password[len] = '\0';

    if (len == 0) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "password file \"%V\" is empty: its first line should "
                      "be the password", &bmcf->password_file);
        return NGX_ERROR;
    }

    bmcf->db.password = password;

    return NGX_OK;

failed:

    ngx_close_file(fd);

    return NGX_ERROR;
}


static ngx_int_t
ngx_http_baoxue_thread_pools(ngx_conf_t *cf, ngx_http_baoxue_main_conf_t *bmcf)
{
    ngx_str_t          *name;
    ngx_uint_t          i;
    static const char  *threads[BX_NPOOLS] = {
        "8 max_queue=256", "4 max_queue=64", "2 max_queue=64"
    };

    for (i = 0; i < BX_NPOOLS; i++) {
        name = &bmcf->pool_names[i];

        bmcf->pools[i] = ngx_thread_pool_get(cf->cycle, name);

        if (bmcf->pools[i] == NULL) {
            ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                          "baoxue is used in %s:%ui, but there is no thread "
                          "pool \"%V\": write \"thread_pool %V threads=%s;\" "
                          "above the \"http\" block",
                          bmcf->used_file, bmcf->used_line, name, name,
                          threads[i]);
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/*
 * The port that a development cookie carries in its name: that of the first
 * origin, or else of the first server.
 */

static unsigned
ngx_http_baoxue_port(ngx_conf_t *cf, ngx_http_baoxue_main_conf_t *bmcf)
{
    char                       *origin, *p;
    ngx_int_t                   port;
    ngx_http_conf_port_t       *ports;
    ngx_http_core_main_conf_t  *cmcf;

    if (bmcf->origins) {
        origin = ((char **) bmcf->origins->elts)[0];

        p = strrchr(origin, ':') + 1;

        port = ngx_atoi((u_char *) p, strlen(p));

        if (port > 0) {
            return port;
        }

        return (ngx_strncmp(origin, "https", 5) == 0) ? 443 : 80;
    }

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    if (cmcf->ports == NULL || cmcf->ports->nelts == 0) {
        return 0;
    }

    ports = cmcf->ports->elts;

    return ports[0].port;
}


static void
ngx_http_baoxue_destroy_app(void *data)
{
    ngx_http_baoxue_main_conf_t *bmcf = data;

    /* a thread that could not be waited for still uses it */

    if (bmcf->running == 0) {
        bx_app_destroy(bmcf->app);
    }
}
