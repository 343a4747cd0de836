/* check.c: what the tables of a plugin must be like. Everything that can be wrong with a declaration is said when the
 * server starts (nginx -t, baoxuectl), in words that name the row, so that no request has to find out. Only plugins that
 * are on are looked at. Owns no rule about what a workflow means. */

#include "web/registry.h"
#include "flow/flow.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define MAX_STATES   32
#define MAX_PLUGIN   32                       /* schema_migration.plugin */
#define MAX_NAME     32                       /* record, action, state of table history; field of attachment */
#define MAX_JOB      48                       /* job.name */
#define MAX_KIND     48                       /* task.kind, notice.kind */

typedef struct {
    const bx_tables  *t;
    const bx_plugin  *p;                      /* being looked at */
    bx_arena         *arena;
    bx_fault_fn       say;
    void             *ctx;
    unsigned          n;
    bx_buf            ungranted;              /* capabilities that were complained of */
} check;


static void fault(check *k, const char *fmt, ...) BX_PRINTF(2, 3);

static void
fault(check *k, const char *fmt, ...)
{
    char     text[400];
    va_list  ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);

    k->n++;
    k->say(k->ctx, k->p, text);
}


static void
need_text(check *k, const char *key)
{
    for (size_t i = 0; k->t->texts != NULL && key != NULL && i < BX_LANGUAGES; i++) {
        if (!bx_locale_says(k->t->texts, i, key)) {
            fault(k, "%s: no text for \"%s\"", bx_language_name(i), key);
        }
    }
}


/* A word of small letters, digits and what `more` has, beginning with a letter: it is pasted into SQL and paths. */
static bool
is_word(const char *s, const char *more, size_t max)
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


static void
need_holder(check *k, const char *capability)
{
    if (capability == NULL || some_role_has(k->t, capability) || bx_word_in(k->ungranted.data, capability)) {
        return;
    }

    bx_buf_printf(&k->ungranted, "%s ", capability);
    fault(k, "capability \"%s\" is asked for, but its grants give it to no role", capability);
}


static void
check_grants(check *k)
{
    for (const bx_grant *g = k->p->grants; g != NULL && g->role != NULL; g++) {
        char *save = NULL, *words = bx_strdup(k->arena, g->capabilities == NULL ? "" : g->capabilities);

        need_text(k, bx_sprintf(k->arena, "role.%s", g->role));
        for (char *w = strtok_r(words, " ,\n", &save); w != NULL; w = strtok_r(NULL, " ,\n", &save)) {
            if (bx_tables_capability(k->t, w) < 0) {
                fault(k, "grants \"%s\" to role \"%s\", but nothing asks for it", w, g->role);
            }
        }
    }
}


/* ---- fields */

static int
field_index(const bx_record_def *def, const char *name, size_t n)
{
    for (int i = 0; def->fields[i].name != NULL; i++) {
        if (strlen(def->fields[i].name) == n && strncmp(def->fields[i].name, name, n) == 0) {
            return i;
        }
    }

    return -1;
}


static void
check_field(check *k, const bx_record_def *def, const bx_field *f)
{
    if (!is_word(f->name, "_", 64)) {
        fault(k, "%s.%s: a field's name is a column: small letters, digits and \"_\"", def->name, f->name);
    }
    if (bx_word_in("id version state", f->name)) {
        fault(k, "%s.%s: this column is the engine's own, leave it out of the fields", def->name, f->name);
    }
    if (f->type == BX_CODE && (f->arg == NULL || bx_tables_codes(k->t, f->arg) == NULL)) {
        fault(k, "%s.%s: there is no code list \"%s\"", def->name, f->name, f->arg == NULL ? "" : f->arg);
    }
    if (f->type == BX_REF && (f->arg == NULL || bx_tables_record(k->t, f->arg) == NULL)) {
        fault(k, "%s.%s: there is no record \"%s\" to refer to", def->name, f->name, f->arg == NULL ? "" : f->arg);
    }
    if (f->type == BX_FILES && (f->max < 1 || strlen(f->name) > MAX_NAME)) {
        fault(k, "%s.%s: .max says how many files, and the name has at most %d letters", def->name, f->name, MAX_NAME);
    }
    if (f->type == BX_TEXT && !(f->flags & BX_BY_HOOK) && f->max < 1) {
        fault(k, "%s.%s: a text without a greatest length: write .max", def->name, f->name);
    }
    if (f->type == BX_HALVES && f->arg == NULL) {
        fault(k, "%s.%s: half-days are shown under the name in .arg, which is missing", def->name, f->name);
    }
    if (f->type == BX_SECRET && f->arg == NULL) {
        fault(k, "%s.%s: .arg of a secret says how it is masked: \"id\", \"phone\", or another word for wholly", def->name,
              f->name);
    }
    if (f->type == BX_TIME && !(f->flags & BX_BY_HOOK)
        && (def->transitions != NULL || def->create != NULL || def->edit != NULL))
    {
        fault(k, "%s.%s: a time is set by a hook only: write BX_BY_HOOK", def->name, f->name);
    }
    if ((f->flags & BX_BY_HOOK) && (f->flags & BX_REQUIRED)) {
        fault(k, "%s.%s: BX_REQUIRED of a body that may not have it (BX_BY_HOOK)", def->name, f->name);
    }
    if (f->max < f->min) {
        fault(k, "%s.%s: .max is less than .min", def->name, f->name);
    }

    need_holder(k, f->read);
    need_holder(k, f->write);
    if (!(f->flags & BX_NO_JSON)) {
        need_text(k, bx_sprintf(k->arena, "%s.%s", def->name, f->type == BX_HALVES && f->arg != NULL ? f->arg : f->name));
    }
}


static void
check_fields(check *k, const bx_record_def *def)
{
    size_t  n = 0;

    for (const bx_field *f = def->fields; f->name != NULL; f++, n++) {
        check_field(k, def, f);
        if (field_index(def, f->name, strlen(f->name)) != f - def->fields) {
            fault(k, "%s.%s: declared twice", def->name, f->name);
        }
    }
    if (n > BX_MAX_FIELDS) {
        fault(k, "%s: more than %d fields", def->name, BX_MAX_FIELDS);
    }
}


/* ---- states */

static int
state_index(const bx_record_def *def, const char *name, size_t n)
{
    for (int i = 0; i < MAX_STATES && def->states[i].name != NULL; i++) {
        if (strlen(def->states[i].name) == n && strncmp(def->states[i].name, name, n) == 0) {
            return i;
        }
    }

    return -1;
}


static void
check_state_words(check *k, const bx_record_def *def, const char *what, const char *words)
{
    for (const char *s = words; s != NULL && *s != '\0'; s += strspn(s, " ")) {
        size_t  n = strcspn(s, " ");

        if (state_index(def, s, n) < 0) {
            fault(k, "%s: %s \"%.*s\", which is no state", def->name, what, (int) n, s);
        }
        s += n;
    }
}


static bool
some_creates(const bx_record_def *def)
{
    for (const bx_transition *move = def->transitions; move->action != NULL; move++) {
        if (move->from == BX_NEW) {
            return true;
        }
    }

    return false;
}


/* Marks what can be reached from a set of states, once; true when something new was found. */
static bool
spread(const bx_record_def *def, bool *reached, bool *left)
{
    bool  grew = false;

    for (const bx_transition *move = def->transitions; move->action != NULL; move++) {
        int   to = move->to == NULL ? -1 : state_index(def, move->to, strlen(move->to));
        bool  can = move->from == BX_NEW;

        for (const char *s = move->from; s != NULL && *s != '\0'; s += strspn(s, " ")) {
            size_t  n = strcspn(s, " ");
            int     from = state_index(def, s, n);

            can = can || (from >= 0 && reached[from]);
            if (from >= 0 && from != to) {
                left[from] = true;
            }
            s += n;
        }
        if (can && to >= 0 && !reached[to]) {
            reached[to] = grew = true;
        }
    }

    return grew;
}


static void
check_ways(check *k, const bx_record_def *def)
{
    bool  reached[MAX_STATES] = { false }, left[MAX_STATES] = { false };

    reached[0] = !some_creates(def);          /* rows that hooks of other records make begin in the first state */
    while (spread(def, reached, left)) {
        /* until nothing new is found */
    }

    for (int i = 0; i < MAX_STATES && def->states[i].name != NULL; i++) {
        const char *name = def->states[i].name;
        bool        terminal = (def->states[i].flags & BX_TERMINAL) != 0;

        if (!reached[i]) {
            fault(k, "%s: no action leads to the state \"%s\"", def->name, name);
        }
        if (!terminal && !left[i]) {
            fault(k, "%s: no way out of \"%s\": add an action, or BX_TERMINAL", def->name, name);
        }
        if (terminal && left[i]) {
            fault(k, "%s: \"%s\" is BX_TERMINAL, but an action leaves it", def->name, name);
        }
    }
}


static void
check_states(check *k, const bx_record_def *def)
{
    int  n = 0;

    for (const bx_state *s = def->states; s->name != NULL; s++, n++) {
        if (!is_word(s->name, "_", MAX_NAME)) {
            fault(k, "%s: state \"%s\": small letters, digits and \"_\", at most %d", def->name, s->name, MAX_NAME);
        }
        if (state_index(def, s->name, strlen(s->name)) != n) {
            fault(k, "%s: state \"%s\" is declared twice", def->name, s->name);
        }
        if (s->tone == NULL || !bx_word_in("draft wait info ok no sum none late", s->tone)) {
            fault(k, "%s: state \"%s\": .tone is one of draft wait info ok no sum none late", def->name, s->name);
        }
        need_text(k, bx_sprintf(k->arena, "%s.state.%s", def->name, s->name));
    }

    if (n == 0 || n > MAX_STATES) {
        fault(k, "%s: has %d states: from 1 to %d", def->name, n, MAX_STATES);
    }
}


/* ---- transitions */

static void
check_when(check *k, const bx_record_def *def, const bx_transition *move)
{
    for (const char *w = move->when; w != NULL && *w != '\0'; w += strcspn(w, " "), w += strspn(w, " ")) {
        size_t  n = strcspn(w, "= ");

        if (w[n] != '=' || field_index(def, w, n) < 0) {
            fault(k, "%s %s: condition on \"%.*s\", which is no field", def->name, move->action, (int) n, w);
        }
    }
}


static void
check_takes(check *k, const bx_record_def *def, const bx_transition *move)
{
    for (const bx_field *f = move->takes; f != NULL && f->name != NULL; f++) {
        check_field(k, def, f);
        if (strcmp(f->name, "comment") != 0 && field_index(def, f->name, strlen(f->name)) < 0 && move->hook == NULL) {
            fault(k, "%s %s: takes \"%s\", which is no field, and there is no hook to read it", def->name, move->action,
                  f->name);
        }
    }
    if (move->from == BX_NEW && move->takes != NULL) {
        fault(k, "%s %s: what creates a record takes the record's fields: leave .takes out", def->name, move->action);
    }
}


static void
check_transition(check *k, const bx_record_def *def, const bx_transition *move)
{
    const char *name = bx_sprintf(k->arena, "%s %s", def->name, move->action);

    if (!is_word(move->action, "_-", MAX_NAME)) {
        fault(k, "%s: an action is a word of small letters, at most %d", name, MAX_NAME);
    }
    if (move->to == NULL || state_index(def, move->to, strlen(move->to)) < 0) {
        fault(k, "%s: leads to \"%s\", which is no state", name, move->to == NULL ? "" : move->to);
    }
    if (move->from != BX_NEW) {
        check_state_words(k, def, bx_sprintf(k->arena, "\"%s\" leaves", move->action), move->from);
    }
    if (move->capability == NULL && !(move->flags & BX_BY_JOB)) {
        fault(k, "%s: names no capability: who may do it?", name);
    }
    if (move->capability != NULL && (move->flags & BX_BY_JOB)) {
        fault(k, "%s: BX_BY_JOB and a capability: nobody can ask for it", name);
    }
    if (move->from == BX_NEW && (move->flags & BX_DECIDES)) {
        fault(k, "%s: what creates a record is no BX_DECIDES", name);
    }
    if (move->sets != NULL && !(move->flags & BX_BY_JOB)) {
        fault(k, "%s: .sets is for BX_BY_JOB only: let the hook set it", name);
    }
    if ((move->flags & BX_NOT_OWN_CHILD) && def->scope != BX_SCOPE_STUDENT) {
        fault(k, "%s: BX_NOT_OWN_CHILD of a record that has no child", name);
    }

    need_holder(k, move->capability);
    check_when(k, def, move);
    check_takes(k, def, move);
    need_text(k, bx_sprintf(k->arena, "%s.action.%s", def->name, move->action));
}


/* ---- records */

static void
check_student(check *k, const bx_record_def *def)
{
    int  i = field_index(def, "student_id", sizeof("student_id") - 1);

    if (def->scope != BX_SCOPE_STUDENT || strcmp(def->table, "student") == 0) {
        return;
    }
    if (i < 0 || def->fields[i].type != BX_REF || def->fields[i].arg == NULL
        || strcmp(def->fields[i].arg, "students") != 0)
    {
        fault(k, "%s: a record of BX_SCOPE_STUDENT has a field student_id, BX_REF to \"students\"", def->name);
    } else if ((def->fields[i].flags & (BX_REQUIRED | BX_FIXED)) != (BX_REQUIRED | BX_FIXED)) {
        fault(k, "%s.student_id: write BX_REQUIRED | BX_FIXED", def->name);
    }
}


static void
check_order(check *k, const bx_record_def *def)
{
    const char *last = def->order == NULL ? "t.id" : strrchr(def->order, ',');

    last = last == NULL ? def->order : *last == ',' ? last + 1 : last;
    last += strspn(last, " ");
    if (strcmp(last, "t.id") != 0 && strcmp(last, "t.id DESC") != 0) {
        fault(k, "%s: .order must end with t.id or t.id DESC, so that pages do not overlap", def->name);
    }
}


static void
check_views(check *k, const bx_record_def *def)
{
    for (const bx_view *v = def->views; v != NULL && v->name != NULL; v++) {
        if (v->where == NULL) {
            fault(k, "%s: view \"%s\" has no condition", def->name, v->name);
        }
        need_holder(k, v->capability);
        need_text(k, bx_sprintf(k->arena, "%s.view.%s", def->name, v->name));
    }
}


static void
check_record(check *k, const bx_record_def *def)
{
    if (!is_word(def->name, "-", MAX_NAME)) {
        fault(k, "record \"%s\": small letters, digits and \"-\", at most %d, in the plural", def->name, MAX_NAME);
    }
    if (bx_tables_record(k->t, def->name) != def) {
        fault(k, "there is a record \"%s\" already", def->name);
    }
    if (!is_word(def->table, "_", 64)) {
        fault(k, "%s: .table is the name of a table: small letters, digits and \"_\"", def->name);
        return;
    }
    if (def->fields == NULL) {
        fault(k, "%s: has no fields", def->name);
        return;
    }
    if (def->read == NULL) {
        fault(k, "%s: names no capability in .read: who may read it?", def->name);
    }

    need_text(k, def->name);
    need_holder(k, def->read);
    need_holder(k, def->create);
    need_holder(k, def->edit);
    check_fields(k, def);
    check_student(k, def);
    check_order(k, def);
    check_views(k, def);

    if (def->states == NULL) {
        if (def->transitions != NULL || def->private_states != NULL || def->editable != NULL) {
            fault(k, "%s: has transitions or names states, but no .states", def->name);
        }
        return;
    }

    check_states(k, def);
    check_state_words(k, def, ".private_states names", def->private_states);
    check_state_words(k, def, ".editable names", def->editable);
    for (const bx_transition *move = def->transitions; move != NULL && move->action != NULL; move++) {
        check_transition(k, def, move);
    }
    if (def->transitions != NULL) {
        check_ways(k, def);
    }
}


/* ---- the rest of a plugin */

static void
check_rules(check *k)
{
    for (const bx_rule *r = k->p->rules; r != NULL && r->key != NULL; r++) {
        if (bx_tables_rule(k->t, r->key) != r) {
            fault(k, "rule \"%s\": there is one of that key already", r->key);
        }
        if (r->type == BX_RULE_INT && (r->def < r->min || r->def > r->max)) {
            fault(k, "rule \"%s\": its default is out of its bounds", r->key);
        }
        if (r->type == BX_RULE_TEXT && r->text == NULL) {
            fault(k, "rule \"%s\": a text without a default", r->key);
        }
        if (r->source == NULL || *r->source == '\0') {
            fault(k, "rule \"%s\": .source says where the default comes from, which is missing", r->key);
        }
        need_text(k, bx_sprintf(k->arena, "rule.%s", r->key));
        need_text(k, r->unit == NULL ? NULL : bx_sprintf(k->arena, "rule.unit.%s", r->unit));
    }
}


static void
check_codes(check *k)
{
    for (const bx_code_list *l = k->p->codes; l != NULL && l->name != NULL; l++) {
        if (bx_tables_codes(k->t, l->name) != l) {
            fault(k, "code list \"%s\": there is one of that name already", l->name);
        }
        if (l->codes == NULL || l->codes[0].code == NULL) {
            fault(k, "code list \"%s\" is empty", l->name);
        }
        for (const bx_code *code = l->codes; code != NULL && code->code != NULL; code++) {
            need_text(k, bx_sprintf(k->arena, "code.%s.%s", l->name, code->code));
        }
    }
}


static void
check_route(check *k, const bx_route *r)
{
    const char *id = strchr(r->path == NULL ? "" : r->path, '{');
    const char *name = bx_sprintf(k->arena, "route %s %s", r->method, r->path == NULL ? "" : r->path);

    if (!bx_word_in("GET POST PUT PATCH DELETE", r->method)) {
        fault(k, "%s: no such method", name);
    }
    if (r->path == NULL || r->path[0] < 'a' || r->path[0] > 'z') {
        fault(k, "%s: the path is below /api/v1/ and begins with a letter", name);
    }
    if (id != NULL && (strncmp(id, "{id}", 4) != 0 || strchr(id + 1, '{') != NULL)) {
        fault(k, "%s: a path has at most one {id} and nothing else between braces", name);
    }
    if (r->handler == NULL) {
        fault(k, "%s: has no handler", name);
    }
    if (r->capability == NULL && !(r->flags & (BX_PUBLIC | BX_ANY_USER))) {
        fault(k, "%s: names no capability, and is neither BX_PUBLIC nor BX_ANY_USER", name);
    }
    if (r->summary == NULL) {
        fault(k, "%s: .summary is missing, a line for openapi.json", name);
    }
    if (strcmp(r->method, "GET") == 0 && (r->flags & (BX_UNKEYED | BX_UPLOAD))) {
        fault(k, "%s: has flags of a write", name);
    }
    need_holder(k, r->capability);
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
check_routes(check *k)
{
    for (const bx_route *r = k->p->routes; r != NULL && r->method != NULL; r++) {
        check_route(k, r);
    }

    for (size_t i = 0; i < k->t->nroutes; i++) {
        const bx_route_row *row = &k->t->routes[i], *first = route_row(k->t, row->route.method, row->route.path);

        if (row->plugin == k->p && first != row && (first->plugin != k->p || first->kind == row->kind)) {
            fault(k, "route %s %s: there is one already, of plugin \"%s\"", row->route.method, row->route.path,
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
check_jobs(check *k)
{
    for (const bx_job *job = k->p->jobs; job != NULL && job->name != NULL; job++) {
        if (!is_word(job->name, "._-", MAX_JOB)) {
            fault(k, "job \"%s\": small letters, digits and \".\", as in \"%s.clock\"", job->name, k->p->name);
        }
        if (job->every < 1 || job->run == NULL) {
            fault(k, "job \"%s\": .every is seconds, .run a function", job->name);
        }
        if (first_job(k->t, job->name) != job) {
            fault(k, "job \"%s\": there is one of that name already", job->name);
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
check_tasks(check *k)
{
    for (const bx_task_kind *kind = k->p->tasks; kind != NULL && kind->kind != NULL; kind++) {
        char *save = NULL, *words = bx_strdup(k->arena, kind->record == NULL ? "" : kind->record);

        if (!is_word(kind->kind, "._-", MAX_KIND)) {
            fault(k, "task \"%s\": small letters, digits and \".\", as in \"%s.decide\", at most %d", kind->kind, k->p->name,
                  MAX_KIND);
        }
        if (bx_tables_task(k->t, kind->kind) != kind) {
            fault(k, "task \"%s\": there is a kind of that name already", kind->kind);
        }
        if (!role_known(k->t, kind->role)) {
            fault(k, "task \"%s\": nobody is given anything in the role \"%s\": whose duty is it?", kind->kind,
                  kind->role == NULL ? "" : kind->role);
        }
        if (kind->record == NULL || *kind->record == '\0') {
            fault(k, "task \"%s\": .record names the records that prove it, which is missing", kind->kind);
        }
        for (char *w = strtok_r(words, " ", &save); w != NULL; w = strtok_r(NULL, " ", &save)) {
            if (bx_tables_record(k->t, w) == NULL && !has_routes(k->t, w)) {
                fault(k, "task \"%s\": there is no record \"%s\" to prove it", kind->kind, w);
            }
        }
        if (kind->href == NULL || strncmp(kind->href, "#/", 2) != 0) {
            fault(k, "task \"%s\": .href is the page where it is done, as in \"#/%s\"", kind->kind,
                  kind->record == NULL ? "things" : kind->record);
        }
        if (kind->rule != NULL && bx_tables_rule(k->t, kind->rule) == NULL) {
            fault(k, "task \"%s\": there is no rule \"%s\"", kind->kind, kind->rule);
        }
        need_text(k, bx_sprintf(k->arena, "task.%s", kind->kind));
        need_text(k, bx_sprintf(k->arena, "task.%s.why", kind->kind));
        need_text(k, bx_sprintf(k->arena, "task.%s.closes", kind->kind));
    }
}


static void
check_notices(check *k)
{
    for (const bx_notice_kind *kind = k->p->notices; kind != NULL && kind->kind != NULL; kind++) {
        if (!is_word(kind->kind, "._-", MAX_KIND)) {
            fault(k, "notice \"%s\": small letters, digits and \".\", as in \"%s.granted\", at most %d", kind->kind,
                  k->p->name, MAX_KIND);
        }
        if (bx_tables_notice(k->t, kind->kind) != kind) {
            fault(k, "notice \"%s\": there is a kind of that name already", kind->kind);
        }
        if (kind->href != NULL && strncmp(kind->href, "#/", 2) != 0) {
            fault(k, "notice \"%s\": .href is a page of the portal, or NULL", kind->kind);
        }
        need_text(k, bx_sprintf(k->arena, "notice.%s", kind->kind));
    }
}


static void
check_menu(check *k)
{
    for (const bx_menu *m = k->p->menu; m != NULL && m->key != NULL; m++) {
        if (m->href == NULL || strncmp(m->href, "#/", 2) != 0) {
            fault(k, "menu \"%s\": .href is a page of the portal, as in \"#/%s\"", m->key,
                  k->p->records == NULL ? "things" : k->p->records->name);
        }
        need_holder(k, m->capability);
        need_text(k, bx_sprintf(k->arena, "menu.%s", m->key));
    }
}


/* ---- documents: check_document.c says what is wrong, in the words of this check */

static void document_fault(void *ctx, const char *text) { fault(ctx, "%s", text); }
static void document_text(void *ctx, const char *key) { need_text(ctx, key); }
static void document_holder(void *ctx, const char *capability) { need_holder(ctx, capability); }


unsigned
bx_tables_check(const bx_tables *t, bx_fault_fn say, void *ctx)
{
    bx_arena *a = bx_arena_create(16 * 1024);
    check     k = { .t = t, .arena = a, .say = say, .ctx = ctx };
    const bx_document_check  documents = { t, a, &k, document_fault, document_text, document_holder };

    if (a == NULL) {
        return 0;
    }

    bx_buf_init(&k.ungranted, a);
    for (size_t i = 0; i < t->nplugins; i++) {
        k.p = t->plugins[i];
        if (!is_word(k.p->name, "_-", MAX_PLUGIN)) {
            fault(&k, "a plugin's name is a word of small letters, at most %d", MAX_PLUGIN);
        }
        for (const bx_record_def *def = k.p->records; def != NULL && def->name != NULL; def++) {
            check_record(&k, def);
        }
        check_rules(&k);
        check_codes(&k);
        check_grants(&k);
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
