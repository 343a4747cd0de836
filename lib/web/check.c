/* check.c: what the tables of a plugin must be like. Everything that can be wrong with a declaration is said when the
 * server starts (nginx -t, baoxuectl), in words that name the row, so that no request has to find out. Only plugins that
 * are on are looked at. Owns no rule about what a workflow means. Records, which have most to say, are check_record.c;
 * documents are check_document.c. */

#include "web/check.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define MAX_PLUGIN   32                       /* schema_migration.plugin */
#define MAX_JOB      48                       /* job.name */
#define MAX_KIND     48                       /* task.kind, notice.kind */


void
bx_check_fault(bx_check *k, const char *fmt, ...)
{
    char     text[400];
    va_list  ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);

    k->n++;
    k->say(k->ctx, k->p, text);
}


void
bx_check_text(bx_check *k, const char *key)
{
    for (size_t i = 0; k->t->texts != NULL && key != NULL && i < BX_LANGUAGES; i++) {
        if (!bx_locale_says(k->t->texts, i, key)) {
            bx_check_fault(k, "%s: no text for \"%s\"", bx_language_name(i), key);
        }
    }
}


bool
bx_check_word(const char *s, const char *more, size_t max)
{
    size_t  n = s == NULL ? 0 : strlen(s);

    if (n == 0 || n > max || s[0] < 'a' || s[0] > 'z') {
        return false;
    }
    for (const char *p = s; *p != '\0'; p++) {
        if (!((*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9') || strchr(more, *p) != NULL)) {
            return false;
        }
    }

    return true;
}


/* ---- capabilities */

static bool
some_role_has(const bx_tables *t, const char *capability)
{
    for (size_t i = 0; i < t->nplugins; i++) {
        for (const bx_grant *g = t->plugins[i]->grants; g != NULL && g->role != NULL; g++) {
            if (bx_word_in(g->capabilities, capability)) {
                return true;
            }
        }
    }

    return false;
}


void
bx_check_holder(bx_check *k, const char *capability)
{
    if (capability == NULL || some_role_has(k->t, capability) || bx_word_in(k->ungranted.data, capability)) {
        return;
    }

    bx_buf_printf(&k->ungranted, "%s ", capability);
    bx_check_fault(k, "capability \"%s\" is asked for, but its grants give it to no role", capability);
}


static void
check_grants(bx_check *k)
{
    for (const bx_grant *g = k->p->grants; g != NULL && g->role != NULL; g++) {
        char *save = NULL, *words = bx_strdup(k->arena, g->capabilities == NULL ? "" : g->capabilities);

        bx_check_text(k, bx_sprintf(k->arena, "role.%s", g->role));
        for (char *w = strtok_r(words, " ,\n", &save); w != NULL; w = strtok_r(NULL, " ,\n", &save)) {
            if (bx_tables_capability(k->t, w) < 0) {
                bx_check_fault(k, "grants \"%s\" to role \"%s\", but nothing asks for it", w, g->role);
            }
        }
    }
}


/* A word there that no table asks for would leave open what somebody meant to narrow. */
static void
check_near(bx_check *k)
{
    char *save = NULL, *words = bx_strdup(k->arena, k->p->near == NULL ? "" : k->p->near);

    for (char *w = strtok_r(words, " ,\n", &save); w != NULL; w = strtok_r(NULL, " ,\n", &save)) {
        if (bx_tables_capability(k->t, w) < 0) {
            bx_check_fault(k, ".near names the capability \"%s\", but nothing asks for it", w);
        }
    }
}


/* ---- the rest of a plugin */

static void
check_rules(bx_check *k)
{
    for (const bx_rule *r = k->p->rules; r != NULL && r->key != NULL; r++) {
        if (bx_tables_rule(k->t, r->key) != r) {
            bx_check_fault(k, "rule \"%s\": there is one of that key already", r->key);
        }
        if (r->type == BX_RULE_INT && (r->def < r->min || r->def > r->max)) {
            bx_check_fault(k, "rule \"%s\": its default is out of its bounds", r->key);
        }
        if (r->type == BX_RULE_TEXT && r->text == NULL) {
            bx_check_fault(k, "rule \"%s\": a text without a default", r->key);
        }
        if (r->source == NULL || *r->source == '\0') {
            bx_check_fault(k, "rule \"%s\": .source says where the default comes from, which is missing", r->key);
        }
        bx_check_text(k, bx_sprintf(k->arena, "rule.%s", r->key));
        bx_check_text(k, r->unit == NULL ? NULL : bx_sprintf(k->arena, "rule.unit.%s", r->unit));
    }
}


static void
check_codes(bx_check *k)
{
    for (const bx_code_list *l = k->p->codes; l != NULL && l->name != NULL; l++) {
        if (bx_tables_codes(k->t, l->name) != l) {
            bx_check_fault(k, "code list \"%s\": there is one of that name already", l->name);
        }
        if (l->codes == NULL || l->codes[0].code == NULL) {
            bx_check_fault(k, "code list \"%s\" is empty", l->name);
        }
        for (const bx_code *code = l->codes; code != NULL && code->code != NULL; code++) {
            bx_check_text(k, bx_sprintf(k->arena, "code.%s.%s", l->name, code->code));
        }
    }
}


static void
check_route(bx_check *k, const bx_route *r)
{
    const char *id = strchr(r->path == NULL ? "" : r->path, '{');
    const char *name = bx_sprintf(k->arena, "route %s %s", r->method, r->path == NULL ? "" : r->path);

    if (!bx_word_in("GET POST PUT PATCH DELETE", r->method)) {
        bx_check_fault(k, "%s: no such method", name);
    }
    if (r->path == NULL || r->path[0] < 'a' || r->path[0] > 'z') {
        bx_check_fault(k, "%s: the path is below /api/v1/ and begins with a letter", name);
    }
    if (id != NULL && (strncmp(id, "{id}", 4) != 0 || strchr(id + 1, '{') != NULL)) {
        bx_check_fault(k, "%s: a path has at most one {id} and nothing else between braces", name);
    }
    if (r->handler == NULL) {
        bx_check_fault(k, "%s: has no handler", name);
    }
    if (r->capability == NULL && !(r->flags & (BX_PUBLIC | BX_ANY_USER))) {
        bx_check_fault(k, "%s: names no capability, and is neither BX_PUBLIC nor BX_ANY_USER", name);
    }
    if (r->summary == NULL) {
        bx_check_fault(k, "%s: .summary is missing, a line for openapi.json", name);
    }
    if (strcmp(r->method, "GET") == 0 && (r->flags & (BX_UNKEYED | BX_UPLOAD))) {
        bx_check_fault(k, "%s: has flags of a write", name);
    }
    bx_check_holder(k, r->capability);
}


static const bx_route_row *
route_row(const bx_tables *t, const char *method, const char *path)
{
    for (size_t i = 0; i < t->nroutes; i++) {
        if (strcmp(t->routes[i].route.method, method) == 0 && strcmp(t->routes[i].route.path, path) == 0) {
            return &t->routes[i];
        }
    }

    return NULL;
}


/* Of two routes alike the first is taken. A plugin may put a handler of its own before what the engine makes for its
 * records, and nothing before or behind another's. */
static void
check_routes(bx_check *k)
{
    for (const bx_route *r = k->p->routes; r != NULL && r->method != NULL; r++) {
        check_route(k, r);
    }

    for (size_t i = 0; i < k->t->nroutes; i++) {
        const bx_route_row *row = &k->t->routes[i], *first = route_row(k->t, row->route.method, row->route.path);

        if (row->plugin == k->p && first != row && (first->plugin != k->p || first->kind == row->kind)) {
            bx_check_fault(k, "route %s %s: there is one already, of plugin \"%s\"", row->route.method, row->route.path,
                           first->plugin == NULL ? "core" : first->plugin->name);
        }
    }
}


static const bx_job *
first_job(const bx_tables *t, const char *name)
{
    for (size_t i = 0; i < t->nplugins; i++) {
        for (const bx_job *job = t->plugins[i]->jobs; job != NULL && job->name != NULL; job++) {
            if (strcmp(job->name, name) == 0) {
                return job;
            }
        }
    }

    return NULL;
}


static void
check_jobs(bx_check *k)
{
    for (const bx_job *job = k->p->jobs; job != NULL && job->name != NULL; job++) {
        if (!bx_check_word(job->name, "._-", MAX_JOB)) {
            bx_check_fault(k, "job \"%s\": small letters, digits and \".\", as in \"%s.clock\"", job->name, k->p->name);
        }
        if (job->every < 1 || job->run == NULL) {
            bx_check_fault(k, "job \"%s\": .every is seconds, .run a function", job->name);
        }
        if (first_job(k->t, job->name) != job) {
            bx_check_fault(k, "job \"%s\": there is one of that name already", job->name);
        }
    }
}


/* Is the role one that some plugin grants capabilities to? */
static bool
role_known(const bx_tables *t, const char *role)
{
    for (size_t i = 0; i < t->nplugins; i++) {
        for (const bx_grant *g = t->plugins[i]->grants; role != NULL && g != NULL && g->role != NULL; g++) {
            if (strcmp(g->role, role) == 0) {
                return true;
            }
        }
    }

    return false;
}


/* Records that are no table of the engine's have routes of their own: "roll-calls". */
static bool
has_routes(const bx_tables *t, const char *name)
{
    size_t  n = strlen(name);

    for (size_t i = 0; i < t->nplugins; i++) {
        for (const bx_route *r = t->plugins[i]->routes; r != NULL && r->method != NULL; r++) {
            if (strcmp(r->method, "POST") == 0 && strncmp(r->path, name, n) == 0 && (r->path[n] == '\0' || r->path[n] == '/')) {
                return true;
            }
        }
    }

    return false;
}


static void
check_tasks(bx_check *k)
{
    for (const bx_task_kind *kind = k->p->tasks; kind != NULL && kind->kind != NULL; kind++) {
        char *save = NULL, *words = bx_strdup(k->arena, kind->record == NULL ? "" : kind->record);

        if (!bx_check_word(kind->kind, "._-", MAX_KIND)) {
            bx_check_fault(k, "task \"%s\": small letters, digits and \".\", as in \"%s.decide\", at most %d", kind->kind,
                           k->p->name, MAX_KIND);
        }
        if (bx_tables_task(k->t, kind->kind) != kind) {
            bx_check_fault(k, "task \"%s\": there is a kind of that name already", kind->kind);
        }
        if (!role_known(k->t, kind->role)) {
            bx_check_fault(k, "task \"%s\": nobody is given anything in the role \"%s\": whose duty is it?", kind->kind,
                           kind->role == NULL ? "" : kind->role);
        }
        if (kind->record == NULL || *kind->record == '\0') {
            bx_check_fault(k, "task \"%s\": .record names the records that prove it, which is missing", kind->kind);
        }
        for (char *w = strtok_r(words, " ", &save); w != NULL; w = strtok_r(NULL, " ", &save)) {
            if (bx_tables_record(k->t, w) == NULL && !has_routes(k->t, w)) {
                bx_check_fault(k, "task \"%s\": there is no record \"%s\" to prove it", kind->kind, w);
            }
        }
        if (kind->href == NULL || strncmp(kind->href, "#/", 2) != 0) {
            bx_check_fault(k, "task \"%s\": .href is the page where it is done, as in \"#/%s\"", kind->kind,
                           kind->record == NULL ? "things" : kind->record);
        }
        if (kind->rule != NULL && bx_tables_rule(k->t, kind->rule) == NULL) {
            bx_check_fault(k, "task \"%s\": there is no rule \"%s\"", kind->kind, kind->rule);
        }
        bx_check_text(k, bx_sprintf(k->arena, "task.%s", kind->kind));
        bx_check_text(k, bx_sprintf(k->arena, "task.%s.why", kind->kind));
        bx_check_text(k, bx_sprintf(k->arena, "task.%s.closes", kind->kind));
    }
}


static void
check_notices(bx_check *k)
{
    for (const bx_notice_kind *kind = k->p->notices; kind != NULL && kind->kind != NULL; kind++) {
        if (!bx_check_word(kind->kind, "._-", MAX_KIND)) {
            bx_check_fault(k, "notice \"%s\": small letters, digits and \".\", as in \"%s.granted\", at most %d", kind->kind,
                           k->p->name, MAX_KIND);
        }
        if (bx_tables_notice(k->t, kind->kind) != kind) {
            bx_check_fault(k, "notice \"%s\": there is a kind of that name already", kind->kind);
        }
        if (kind->href != NULL && strncmp(kind->href, "#/", 2) != 0) {
            bx_check_fault(k, "notice \"%s\": .href is a page of the portal, or NULL", kind->kind);
        }
        bx_check_text(k, bx_sprintf(k->arena, "notice.%s", kind->kind));
    }
}


static void
check_menu(bx_check *k)
{
    for (const bx_menu *m = k->p->menu; m != NULL && m->key != NULL; m++) {
        if (m->href == NULL || strncmp(m->href, "#/", 2) != 0) {
            bx_check_fault(k, "menu \"%s\": .href is a page of the portal, as in \"#/%s\"", m->key,
                           k->p->records == NULL ? "things" : k->p->records->name);
        }
        bx_check_holder(k, m->capability);
        bx_check_text(k, bx_sprintf(k->arena, "menu.%s", m->key));
    }
}


/* ---- documents: check_document.c says what is wrong, in the words of this check */

static void document_fault(void *ctx, const char *text) { bx_check_fault(ctx, "%s", text); }
static void document_text(void *ctx, const char *key) { bx_check_text(ctx, key); }
static void document_holder(void *ctx, const char *capability) { bx_check_holder(ctx, capability); }


unsigned
bx_tables_check(const bx_tables *t, bx_fault_fn say, void *ctx)
{
    bx_arena                 *a = bx_arena_create(16 * 1024);
    bx_check                  k = { .t = t, .arena = a, .say = say, .ctx = ctx };
    const bx_document_check   documents = { t, a, &k, document_fault, document_text, document_holder };

    if (a == NULL) {
        return 0;
    }

    bx_buf_init(&k.ungranted, a);
    for (size_t i = 0; i < t->nplugins; i++) {
        k.p = t->plugins[i];
        if (!bx_check_word(k.p->name, "_-", MAX_PLUGIN)) {
            bx_check_fault(&k, "a plugin's name is a word of small letters, at most %d", MAX_PLUGIN);
        }
        for (const bx_record_def *def = k.p->records; def != NULL && def->name != NULL; def++) {
            bx_check_record(&k, def);
        }
        check_rules(&k);
        check_codes(&k);
        check_grants(&k);
        check_near(&k);
        check_routes(&k);
        check_jobs(&k);
        check_menu(&k);
        check_tasks(&k);
        check_notices(&k);
        bx_documents_check(&documents, k.p);
    }

    bx_arena_destroy(a);
    return k.n;
}
