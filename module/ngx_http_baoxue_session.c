
/*
 * ngx_http_baoxue_session.c: sessions in shared memory, so that most requests
 * need no statement to learn who asks.
 *
 * The zone holds copies only; the database decides.  A copy counts while it is
 * young, not expired, and while the feed of revocations has been read within
 * the last two seconds.  Anything else is a miss, and a thread reads the
 * database.  The zone is locked in the event loop only and briefly: a pool
 * thread that is preempted while it holds the lock would stall every worker.
 *
 * An entry holds only the grants in use, so that most fit half a kilobyte.
 */


#include "ngx_http_baoxue.h"


/* what accounts read is counted in a sixteenth of the zone */
#define NGX_HTTP_BAOXUE_READS_SHARE  16


typedef struct {
    ngx_rbtree_t        rbtree;
    ngx_rbtree_node_t   sentinel;
    ngx_queue_t         queue;              /* most recently used first */

    ngx_http_baoxue_metrics_t  *metrics;
    bx_reads           *reads;              /* NULL: no room for it */

    ngx_msec_t          polled;             /* when the last good poll began */
    ngx_msec_t          claimed[NGX_HTTP_BAOXUE_NCLAIMS];
    unsigned            ever_polled:1;
    unsigned            ever_claimed[NGX_HTTP_BAOXUE_NCLAIMS];
} ngx_http_baoxue_sh_t;


typedef struct {
    ngx_http_baoxue_sh_t  *sh;
    ngx_slab_pool_t       *shpool;
} ngx_http_baoxue_zone_t;


typedef struct {
    ngx_rbtree_node_t   node;               /* key: the hash's first bytes */
    ngx_queue_t         queue;
    uint8_t             hash[32];
    bx_session          session;            /* cut after the last grant in use */
} ngx_http_baoxue_node_t;


static ngx_int_t ngx_http_baoxue_init_zone(ngx_shm_zone_t *shm_zone,
    void *data);
static void ngx_http_baoxue_rbtree_insert_value(ngx_rbtree_node_t *temp,
    ngx_rbtree_node_t *node, ngx_rbtree_node_t *sentinel);
static ngx_http_baoxue_node_t *ngx_http_baoxue_lookup(ngx_http_baoxue_sh_t *sh,
    const uint8_t hash[32]);
static void ngx_http_baoxue_delete(ngx_http_baoxue_zone_t *zone,
    ngx_http_baoxue_node_t *bn);
static void ngx_http_baoxue_store(ngx_http_baoxue_zone_t *zone,
    const uint8_t hash[32], const bx_session *session);
static void *ngx_http_baoxue_alloc(ngx_http_baoxue_zone_t *zone, size_t size);
static size_t ngx_http_baoxue_session_size(const bx_session *session);


ngx_shm_zone_t *
ngx_http_baoxue_add_zone(ngx_conf_t *cf, ngx_str_t *name, size_t size)
{
    ngx_shm_zone_t          *shm_zone;
    ngx_http_baoxue_zone_t  *zone;

    shm_zone = ngx_shared_memory_add(cf, name, size, &ngx_http_baoxue_module);
    if (shm_zone == NULL) {
        return NULL;
    }

    zone = ngx_pcalloc(cf->pool, sizeof(ngx_http_baoxue_zone_t));
    if (zone == NULL) {
        return NULL;
    }

    shm_zone->init = ngx_http_baoxue_init_zone;
    shm_zone->data = zone;

    return shm_zone;
}


static ngx_int_t
ngx_http_baoxue_init_zone(ngx_shm_zone_t *shm_zone, void *data)
{
    ngx_http_baoxue_zone_t  *old = data;

    size_t                   len;
    ngx_http_baoxue_zone_t  *zone;

    zone = shm_zone->data;

    if (old) {
        zone->sh = old->sh;
        zone->shpool = old->shpool;

        return NGX_OK;
    }

    zone->shpool = (ngx_slab_pool_t *) shm_zone->shm.addr;

    if (shm_zone->shm.exists) {
        zone->sh = zone->shpool->data;

        return NGX_OK;
    }

    zone->sh = ngx_slab_calloc(zone->shpool, sizeof(ngx_http_baoxue_sh_t));
    if (zone->sh == NULL) {
        return NGX_ERROR;
    }

    zone->shpool->data = zone->sh;

    ngx_rbtree_init(&zone->sh->rbtree, &zone->sh->sentinel,
                    ngx_http_baoxue_rbtree_insert_value);

    ngx_queue_init(&zone->sh->queue);

    zone->sh->metrics = ngx_http_baoxue_create_metrics(zone->shpool);
    if (zone->sh->metrics == NULL) {
        return NGX_ERROR;
    }

    len = bx_reads_size(shm_zone->shm.size / NGX_HTTP_BAOXUE_READS_SHARE);

    if (len) {
        zone->sh->reads = ngx_slab_alloc(zone->shpool, len);
        if (zone->sh->reads == NULL) {
            return NGX_ERROR;
        }

        bx_reads_init(zone->sh->reads, len);
    }

    len = sizeof(" in baoxue session zone \"\"") + shm_zone->shm.name.len;

    zone->shpool->log_ctx = ngx_slab_alloc(zone->shpool, len);
    if (zone->shpool->log_ctx == NULL) {
        return NGX_ERROR;
    }

    ngx_sprintf(zone->shpool->log_ctx, " in baoxue session zone \"%V\"%Z",
                &shm_zone->shm.name);

    /* a full zone gives up its least recently used entry: nothing to log */

    zone->shpool->log_nomem = 0;

    return NGX_OK;
}


static void
ngx_http_baoxue_rbtree_insert_value(ngx_rbtree_node_t *temp,
    ngx_rbtree_node_t *node, ngx_rbtree_node_t *sentinel)
{
    ngx_rbtree_node_t       **p;
    ngx_http_baoxue_node_t   *bn, *bnt;

    for ( ;; ) {

        if (node->key < temp->key) {
            p = &temp->left;

        } else if (node->key > temp->key) {
            p = &temp->right;

        } else {
            bn = (ngx_http_baoxue_node_t *) node;
            bnt = (ngx_http_baoxue_node_t *) temp;

            p = (ngx_memcmp(bn->hash, bnt->hash, sizeof(bn->hash)) < 0)
                ? &temp->left : &temp->right;
        }

        if (*p == sentinel) {
            break;
        }

        temp = *p;
    }

    *p = node;
    node->parent = temp;
    node->left = sentinel;
    node->right = sentinel;
    ngx_rbt_red(node);
}


/* The hash is one of a random token: its first bytes are as good a key as any. */

static ngx_rbtree_key_t
ngx_http_baoxue_key(const uint8_t hash[32])
{
    ngx_rbtree_key_t  key;

    ngx_memcpy(&key, hash, sizeof(ngx_rbtree_key_t));

    return key;
}


static ngx_http_baoxue_node_t *
ngx_http_baoxue_lookup(ngx_http_baoxue_sh_t *sh, const uint8_t hash[32])
{
    ngx_int_t                rc;
    ngx_rbtree_key_t         key;
    ngx_rbtree_node_t       *node;
    ngx_http_baoxue_node_t  *bn;

    key = ngx_http_baoxue_key(hash);
    node = sh->rbtree.root;

    while (node != &sh->sentinel) {

        if (key != node->key) {
            node = (key < node->key) ? node->left : node->right;
            continue;
        }

        bn = (ngx_http_baoxue_node_t *) node;

        rc = ngx_memcmp(hash, bn->hash, sizeof(bn->hash));

        if (rc == 0) {
            return bn;
        }

        node = (rc < 0) ? node->left : node->right;
    }

    return NULL;
}


/* Copies the entry out and returns 1, or returns 0: a miss. */

ngx_uint_t
ngx_http_baoxue_session_find(ngx_shm_zone_t *shm_zone, const uint8_t hash[32],
    bx_session *session)
{
    bx_time                  now;
    ngx_uint_t               found;
    ngx_http_baoxue_sh_t    *sh;
    ngx_http_baoxue_node_t  *bn;
    ngx_http_baoxue_zone_t  *zone;

    zone = shm_zone->data;
    sh = zone->sh;

    now = bx_now();
    found = 0;

    ngx_shmtx_lock(&zone->shpool->mutex);

    if (!sh->ever_polled
        || ngx_current_msec - sh->polled > NGX_HTTP_BAOXUE_POLL_FRESH)
    {
        goto done;
    }

    bn = ngx_http_baoxue_lookup(sh, hash);
    if (bn == NULL) {
        goto done;
    }

    if (bn->session.expires <= now
        || bn->session.loaded > now
        || now - bn->session.loaded > NGX_HTTP_BAOXUE_SESSION_FRESH)
    {
        ngx_http_baoxue_delete(zone, bn);
        goto done;
    }

    ngx_memcpy(session, &bn->session,
               ngx_http_baoxue_session_size(&bn->session));

    ngx_queue_remove(&bn->queue);
    ngx_queue_insert_head(&sh->queue, &bn->queue);

    found = 1;

done:

    ngx_shmtx_unlock(&zone->shpool->mutex);

    ngx_http_baoxue_count_lookup(sh->metrics, found);

    return found;
}


/* Does what a thread has decided about the zone. */

void
ngx_http_baoxue_session_update(ngx_shm_zone_t *shm_zone, const bx_response *res)
{
    bx_revoked               revoked;
    ngx_http_baoxue_node_t  *bn;
    ngx_http_baoxue_zone_t  *zone;

    zone = shm_zone->data;

    switch (res->zone) {

    case BX_ZONE_KEEP:
        return;

    case BX_ZONE_STORE:
        ngx_http_baoxue_store(zone, res->token_hash, &res->session);
        return;

    case BX_ZONE_DROP:
        ngx_shmtx_lock(&zone->shpool->mutex);

        bn = ngx_http_baoxue_lookup(zone->sh, res->token_hash);
        if (bn) {
            ngx_http_baoxue_delete(zone, bn);
        }

        ngx_shmtx_unlock(&zone->shpool->mutex);
        return;

    case BX_ZONE_DROP_ACCOUNT:
        ngx_memzero(&revoked, sizeof(bx_revoked));
        revoked.account = res->drop;
        revoked.all = 1;

        ngx_http_baoxue_session_revoke(shm_zone, &revoked, 1, 0);
        return;
    }
}


static void
ngx_http_baoxue_store(ngx_http_baoxue_zone_t *zone, const uint8_t hash[32],
    const bx_session *session)
{
    size_t                   size, all;
    bx_time                  now;
    ngx_http_baoxue_node_t  *bn;

    now = bx_now();

    if (session->expires <= now
        || session->loaded > now
        || now - session->loaded > NGX_HTTP_BAOXUE_SESSION_STORE
        || session->ngrants > BX_MAX_GRANTS)
    {
        return;
    }

    size = ngx_http_baoxue_session_size(session);
    all = offsetof(ngx_http_baoxue_node_t, session) + size;

    ngx_shmtx_lock(&zone->shpool->mutex);

    bn = ngx_http_baoxue_lookup(zone->sh, hash);
    if (bn) {
        ngx_http_baoxue_delete(zone, bn);
    }

    bn = ngx_http_baoxue_alloc(zone, all);

    if (bn) {
        bn->node.key = ngx_http_baoxue_key(hash);
        ngx_memcpy(bn->hash, hash, sizeof(bn->hash));
        ngx_memcpy(&bn->session, session, size);

        ngx_rbtree_insert(&zone->sh->rbtree, &bn->node);
        ngx_queue_insert_head(&zone->sh->queue, &bn->queue);

        ngx_http_baoxue_count_session(zone->sh->metrics, 1, 0);
    }

    ngx_shmtx_unlock(&zone->shpool->mutex);
}


/* When the zone is full, the sessions not used for the longest time go. */

static void *
ngx_http_baoxue_alloc(ngx_http_baoxue_zone_t *zone, size_t size)
{
    void         *p;
    ngx_queue_t  *q;

    for ( ;; ) {
        p = ngx_slab_alloc_locked(zone->shpool, size);

        if (p || ngx_queue_empty(&zone->sh->queue)) {
            return p;
        }

        q = ngx_queue_last(&zone->sh->queue);

        ngx_http_baoxue_delete(zone, ngx_queue_data(q, ngx_http_baoxue_node_t,
                                                    queue));

        ngx_http_baoxue_count_session(zone->sh->metrics, 0, 1);
    }
}


static size_t
ngx_http_baoxue_session_size(const bx_session *session)
{
    return offsetof(bx_session, grants)
           + session->ngrants * sizeof(bx_session_grant);
}


static void
ngx_http_baoxue_delete(ngx_http_baoxue_zone_t *zone, ngx_http_baoxue_node_t *bn)
{
    ngx_queue_remove(&bn->queue);
    ngx_rbtree_delete(&zone->sh->rbtree, &bn->node);

    ngx_slab_free_locked(zone->shpool, bn);

    ngx_http_baoxue_count_session(zone->sh->metrics, -1, 0);
}


/*
 * Drops what has been revoked.  With "began", when the poll that found it was
 * posted, lookups are good for another two seconds from then.
 */

void
ngx_http_baoxue_session_revoke(ngx_shm_zone_t *shm_zone,
    const bx_revoked *revoked, size_t n, ngx_msec_t began)
{
    size_t                   i;
    ngx_uint_t               all;
    ngx_queue_t             *q, *next;
    ngx_http_baoxue_node_t  *bn;
    ngx_http_baoxue_zone_t  *zone;

    zone = shm_zone->data;
    all = 0;

    ngx_shmtx_lock(&zone->shpool->mutex);

    for (i = 0; i < n; i++) {
        if (revoked[i].all) {
            all = 1;
            continue;
        }

        bn = ngx_http_baoxue_lookup(zone->sh, revoked[i].token_hash);
        if (bn) {
            ngx_http_baoxue_delete(zone, bn);
        }
    }

    /* whole accounts are rare: one walk for all of them, without an index */

    for (q = ngx_queue_head(&zone->sh->queue);
         all && q != ngx_queue_sentinel(&zone->sh->queue);
         q = next)
    {
        next = ngx_queue_next(q);
        bn = ngx_queue_data(q, ngx_http_baoxue_node_t, queue);

        for (i = 0; i < n; i++) {
            if (revoked[i].all && revoked[i].account == bn->session.account) {
                ngx_http_baoxue_delete(zone, bn);
                break;
            }
        }
    }

    if (began
        && (!zone->sh->ever_polled
            || (ngx_msec_int_t) (began - zone->sh->polled) > 0))
    {
        zone->sh->polled = began;
        zone->sh->ever_polled = 1;
    }

    ngx_shmtx_unlock(&zone->shpool->mutex);
}


/*
 * One worker of those that share the zone gets 1 and does what "claim" stands
 * for; the others get 0 for as long as "every" says.
 */

ngx_uint_t
ngx_http_baoxue_claim(ngx_shm_zone_t *shm_zone, ngx_http_baoxue_claim_e claim,
    ngx_msec_t every)
{
    ngx_uint_t               mine;
    ngx_http_baoxue_sh_t    *sh;
    ngx_http_baoxue_zone_t  *zone;

    zone = shm_zone->data;
    sh = zone->sh;

    ngx_shmtx_lock(&zone->shpool->mutex);

    mine = !sh->ever_claimed[claim]
           || ngx_current_msec - sh->claimed[claim] >= every;

    if (mine) {
        sh->ever_claimed[claim] = 1;
        sh->claimed[claim] = ngx_current_msec;
    }

    ngx_shmtx_unlock(&zone->shpool->mutex);

    return mine;
}


ngx_http_baoxue_metrics_t *
ngx_http_baoxue_zone_metrics(ngx_shm_zone_t *shm_zone)
{
    ngx_http_baoxue_zone_t  *zone;

    zone = shm_zone->data;

    return zone->sh->metrics;
}


bx_reads *
ngx_http_baoxue_zone_reads(ngx_shm_zone_t *shm_zone)
{
    ngx_http_baoxue_zone_t  *zone;

    zone = shm_zone->data;

    return zone->sh->reads;
}


void
ngx_http_baoxue_zone_lock(ngx_shm_zone_t *shm_zone)
{
    ngx_http_baoxue_zone_t  *zone;

    zone = shm_zone->data;

    ngx_shmtx_lock(&zone->shpool->mutex);
}


void
ngx_http_baoxue_zone_unlock(ngx_shm_zone_t *shm_zone)
{
    ngx_http_baoxue_zone_t  *zone;

    zone = shm_zone->data;

    ngx_shmtx_unlock(&zone->shpool->mutex);
}


void *
ngx_http_baoxue_zone_alloc_locked(ngx_shm_zone_t *shm_zone, size_t size)
{
    void  *p;

    p = ngx_http_baoxue_alloc(shm_zone->data, size);

    if (p) {
        ngx_memzero(p, size);
    }

    return p;
}
