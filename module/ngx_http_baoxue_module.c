
/*
 * ngx_http_baoxue_module.c: the module's directives, configuration and life.
 *
 * Owns the tables that nginx reads, the creation of the configuration and what
 * happens when a worker begins and ends.  What a directive's value means is in
 * ngx_http_baoxue_conf.c; what happens to a request is in
 * ngx_http_baoxue_request.c, _task.c and _response.c.
 */


#include "ngx_http_baoxue.h"


static char *ngx_http_baoxue(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
static char *ngx_http_baoxue_health(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_baoxue_ready(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_baoxue_metrics(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static void ngx_http_baoxue_use(ngx_conf_t *cf);
static void *ngx_http_baoxue_create_main_conf(ngx_conf_t *cf);
static char *ngx_http_baoxue_init_main_conf(ngx_conf_t *cf, void *conf);
static void *ngx_http_baoxue_create_loc_conf(ngx_conf_t *cf);
static char *ngx_http_baoxue_merge_loc_conf(ngx_conf_t *cf, void *parent,
    void *child);
static ngx_int_t ngx_http_baoxue_init(ngx_conf_t *cf);
static ngx_int_t ngx_http_baoxue_init_process(ngx_cycle_t *cycle);
static void ngx_http_baoxue_exit_process(ngx_cycle_t *cycle);


/* the names of thread pools unless directives give others */

static ngx_str_t  ngx_http_baoxue_pools[BX_NPOOLS] = {
    ngx_string("baoxue"),
    ngx_string("baoxue_slow"),
    ngx_string("baoxue_password")
};


static ngx_command_t  ngx_http_baoxue_commands[] = {

    { ngx_string("baoxue"),
      NGX_HTTP_LOC_CONF|NGX_CONF_FLAG,
      ngx_http_baoxue,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_baoxue_loc_conf_t, enable),
      NULL },

    { ngx_string("baoxue_health"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_baoxue_health,
      0,
      0,
      NULL },

    { ngx_string("baoxue_ready"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_baoxue_ready,
      0,
      0,
      NULL },

    { ngx_string("baoxue_metrics"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_baoxue_metrics,
      0,
      0,
      NULL },

    { ngx_string("baoxue_database"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_1MORE,
      ngx_http_baoxue_database,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("baoxue_secret_file"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_baoxue_path,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_baoxue_main_conf_t, secret_file),
      NULL },

    { ngx_string("baoxue_locale"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_baoxue_path,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_baoxue_main_conf_t, locale),
      NULL },

    { ngx_string("baoxue_attachments"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_baoxue_path,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_baoxue_main_conf_t, attachments),
      NULL },

    { ngx_string("baoxue_thread_pool"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_baoxue_main_conf_t, pool_names[BX_POOL_FAST]),
      NULL },

    { ngx_string("baoxue_slow_pool"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_baoxue_main_conf_t, pool_names[BX_POOL_SLOW]),
      NULL },

    { ngx_string("baoxue_password_pool"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_baoxue_main_conf_t, pool_names[BX_POOL_PASSWORD]),
      NULL },

    { ngx_string("baoxue_session_zone"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_baoxue_session_zone,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("baoxue_session_lifetime"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_baoxue_lifetime,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("baoxue_origin"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_baoxue_origin,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("baoxue_load_plugin"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_baoxue_load_plugin,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("baoxue_plugins"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_1MORE,
      ngx_http_baoxue_plugins,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("baoxue_insecure_cookie"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_baoxue_main_conf_t, insecure_cookie),
      NULL },

    { ngx_string("baoxue_jobs"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_baoxue_main_conf_t, jobs),
      NULL },

    { ngx_string("baoxue_chain_log"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_baoxue_chain_log,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("baoxue_timezone"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_baoxue_timezone,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("baoxue_max_json"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_baoxue_size,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_baoxue_main_conf_t, max_json),
      NULL },

    { ngx_string("baoxue_max_upload"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_baoxue_size,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_baoxue_main_conf_t, max_upload),
      NULL },

#if (BX_TEST_CLOCK)

    { ngx_string("baoxue_test_clock"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_baoxue_path,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_baoxue_main_conf_t, test_clock),
      NULL },

#endif

      ngx_null_command
};


static ngx_http_module_t  ngx_http_baoxue_module_ctx = {
    ngx_http_baoxue_add_variables,         /* preconfiguration */
    ngx_http_baoxue_init,                  /* postconfiguration */

    ngx_http_baoxue_create_main_conf,      /* create main configuration */
    ngx_http_baoxue_init_main_conf,        /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_http_baoxue_create_loc_conf,       /* create location configuration */
    ngx_http_baoxue_merge_loc_conf         /* merge location configuration */
};


ngx_module_t  ngx_http_baoxue_module = {
    NGX_MODULE_V1,
    &ngx_http_baoxue_module_ctx,           /* module context */
    ngx_http_baoxue_commands,              /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    ngx_http_baoxue_init_process,          /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    ngx_http_baoxue_exit_process,          /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static char *
ngx_http_baoxue(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_baoxue_loc_conf_t *blcf = conf;

    char  *rv;

    rv = ngx_conf_set_flag_slot(cf, cmd, conf);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    if (blcf->enable) {
        ngx_http_baoxue_use(cf);
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_baoxue_health(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    clcf->handler = ngx_http_baoxue_health_handler;

    return NGX_CONF_OK;
}


static char *
ngx_http_baoxue_ready(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    clcf->handler = ngx_http_baoxue_ready_handler;

    ngx_http_baoxue_use(cf);

    return NGX_CONF_OK;
}


static char *
ngx_http_baoxue_metrics(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    clcf->handler = ngx_http_baoxue_metrics_handler;

    ngx_http_baoxue_use(cf);

    return NGX_CONF_OK;
}


static void
ngx_http_baoxue_use(ngx_conf_t *cf)
{
    ngx_http_baoxue_main_conf_t  *bmcf;

    bmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_baoxue_module);

    if (!bmcf->used) {
        bmcf->used = 1;
        bmcf->used_file = cf->conf_file->file.name.data;
        bmcf->used_line = cf->conf_file->line;
    }
}


static void *
ngx_http_baoxue_create_main_conf(ngx_conf_t *cf)
{
    ngx_http_baoxue_main_conf_t  *bmcf;

    bmcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_baoxue_main_conf_t));
    if (bmcf == NULL) {
        return NULL;
    }

    /*
     * set by ngx_pcalloc():
     *
     *     bmcf->app = NULL;
     *     bmcf->pools = { NULL };
     *     bmcf->zone = NULL;
     *     bmcf->running = 0;
     *     bmcf->gauges = NULL;
     *     bmcf->db = { NULL };
     *     bmcf->password_file = { 0, NULL };
     *     bmcf->secret_file = { 0, NULL };
     *     bmcf->pool_names = { { 0, NULL } };
     *     bmcf->attachments = { 0, NULL };
     *     bmcf->locale = { 0, NULL };
     *     bmcf->origins = NULL;
     *     bmcf->plugins = NULL;
     *     bmcf->workflows = NULL;
     *     bmcf->chain_log = NULL;
     *     bmcf->used = 0;
     */

    bmcf->insecure_cookie = NGX_CONF_UNSET;
    bmcf->jobs = NGX_CONF_UNSET;
    bmcf->utc_offset = NGX_CONF_UNSET;
    bmcf->max_json = NGX_CONF_UNSET_SIZE;
    bmcf->max_upload = NGX_CONF_UNSET_SIZE;
    bmcf->session_lifetime = NGX_CONF_UNSET;

    return bmcf;
}


static char *
ngx_http_baoxue_init_main_conf(ngx_conf_t *cf, void *conf)
{
    ngx_http_baoxue_main_conf_t *bmcf = conf;

    ngx_uint_t  i;

    ngx_conf_init_value(bmcf->insecure_cookie, 0);
    ngx_conf_init_value(bmcf->jobs, 1);
    ngx_conf_init_value(bmcf->utc_offset, 8 * 3600);
    ngx_conf_init_size_value(bmcf->max_json, 256 * 1024);
    ngx_conf_init_size_value(bmcf->max_upload, 16 * 1024 * 1024);
    ngx_conf_init_value(bmcf->session_lifetime, 12 * 3600);

    for (i = 0; i < BX_NPOOLS; i++) {
        if (bmcf->pool_names[i].data == NULL) {
            bmcf->pool_names[i] = ngx_http_baoxue_pools[i];
        }
    }

    return NGX_CONF_OK;
}


static void *
ngx_http_baoxue_create_loc_conf(ngx_conf_t *cf)
{
    ngx_http_baoxue_loc_conf_t  *blcf;

    blcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_baoxue_loc_conf_t));
    if (blcf == NULL) {
        return NULL;
    }

    blcf->enable = NGX_CONF_UNSET;

    return blcf;
}


static char *
ngx_http_baoxue_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_baoxue_loc_conf_t *prev = parent;
    ngx_http_baoxue_loc_conf_t *conf = child;

    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (conf->enable == NGX_CONF_UNSET) {

        /*
         * as with other content handlers, a location inside does not inherit
         * it, but "if" and "limit_except" belong to the location around them
         */

        conf->enable = clcf->noname ? prev->enable : 0;
    }

    if (conf->enable == 1) {
        clcf->handler = ngx_http_baoxue_handler;

        /*
         * each route has its own limit, which answers in the form that the API
         * has for errors; nginx's would answer a page of HTML before that
         */

        clcf->client_max_body_size = 0;
    }

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_baoxue_init(ngx_conf_t *cf)
{
    ngx_http_baoxue_main_conf_t  *bmcf;

    bmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_baoxue_module);

    if (!bmcf->used) {
        return NGX_OK;
    }

    if (ngx_http_baoxue_body_filter_init(cf) != NGX_OK) {
        return NGX_ERROR;
    }

    /*
     * The application is made here, not in init_module: here the master still
     * has its privileges as well, and a mistake fails "nginx -t" or leaves the
     * running configuration in place, where init_module would end the master.
     */

    return ngx_http_baoxue_create_app(cf, bmcf);
}


static ngx_int_t
ngx_http_baoxue_init_process(ngx_cycle_t *cycle)
{
    bx_error                      err;
    ngx_http_baoxue_main_conf_t  *bmcf;

    if (ngx_process != NGX_PROCESS_WORKER
        && ngx_process != NGX_PROCESS_SINGLE)
    {
        return NGX_OK;
    }

    bmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_baoxue_module);

    if (bmcf == NULL || bmcf->app == NULL) {
        return NGX_OK;
    }

    ngx_memzero(&err, sizeof(bx_error));

    if (bx_app_start(bmcf->app, &err) != BX_OK) {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, 0, "baoxue: %s", err.text);
        return NGX_ERROR;
    }

    bx_app_share_reads(bmcf->app, ngx_http_baoxue_zone_reads(bmcf->zone));

    if (ngx_http_baoxue_start_metrics(bmcf) != NGX_OK) {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, 0,
                      "baoxue: no room in the session zone: write a larger "
                      "\"baoxue_session_zone\"");
        return NGX_ERROR;
    }

    return ngx_http_baoxue_start_timers(cycle, bmcf);
}


static void
ngx_http_baoxue_exit_process(ngx_cycle_t *cycle)
{
    ngx_http_baoxue_main_conf_t  *bmcf;

    if (ngx_process != NGX_PROCESS_WORKER
        && ngx_process != NGX_PROCESS_SINGLE)
    {
        return;
    }

    bmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_baoxue_module);

    if (bmcf == NULL || bmcf->app == NULL) {
        return;
    }

    ngx_http_baoxue_drain(cycle, bmcf);
}
