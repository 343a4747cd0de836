/* check_record.c: what the tables of a record must be like: its fields, states, transitions and views. Among it that every
 * state can be reached and left. Does not own what else a plugin declares (check.c). */

#include "web/check.h"
#include "flow/flow.h"

#include <string.h>

#define MAX_STATES   32
#define MAX_NAME     32                       /* record, action, state of table history; field of attachment */


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
check_field(bx_check *k, const bx_record_def *def, const bx_field *f)
{
    if (!bx_check_word(f->name, "_", 64)) {
        bx_check_fault(k, "%s.%s: a field's name is a column: small letters, digits and \"_\"", def->name, f->name);
    }
    if (bx_word_in("id version state", f->name)) {
        bx_check_fault(k, "%s.%s: this column is the engine's own, leave it out of the fields", def->name, f->name);
    }
    if (f->type == BX_CODE && (f->arg == NULL || bx_tables_codes(k->t, f->arg) == NULL)) {
        bx_check_fault(k, "%s.%s: there is no code list \"%s\"", def->name, f->name, f->arg == NULL ? "" : f->arg);
    }
    if (f->type == BX_REF && (f->arg == NULL || bx_tables_record(k->t, f->arg) == NULL)) {
        bx_check_fault(k, "%s.%s: there is no record \"%s\" to refer to", def->name, f->name, f->arg == NULL ? "" : f->arg);
    }
    if (f->type == BX_FILES && (f->max < 1 || strlen(f->name) > MAX_NAME)) {
        bx_check_fault(k, "%s.%s: .max says how many files, and the name has at most %d letters", def->name, f->name, MAX_NAME);
    }
    if (f->type == BX_TEXT && !(f->flags & BX_BY_HOOK) && f->max < 1) {
        bx_check_fault(k, "%s.%s: a text without a greatest length: write .max", def->name, f->name);
    }
    if (f->type == BX_HALVES && f->arg == NULL) {
        bx_check_fault(k, "%s.%s: half-days are shown under the name in .arg, which is missing", def->name, f->name);
    }
    if (f->type == BX_SECRET && f->arg == NULL) {
        bx_check_fault(k, "%s.%s: .arg of a secret says how it is masked: \"id\", \"phone\", or another word for wholly", def->name,
                       f->name);
    }
    if (f->type == BX_TIME && !(f->flags & BX_BY_HOOK)
        && (def->transitions != NULL || def->create != NULL || def->edit != NULL))
    {
        bx_check_fault(k, "%s.%s: a time is set by a hook only: write BX_BY_HOOK", def->name, f->name);
    }
    if ((f->flags & BX_BY_HOOK) && (f->flags & BX_REQUIRED)) {
        bx_check_fault(k, "%s.%s: BX_REQUIRED of a body that may not have it (BX_BY_HOOK)", def->name, f->name);
    }
    if (f->max < f->min) {
        bx_check_fault(k, "%s.%s: .max is less than .min", def->name, f->name);
    }

    bx_check_holder(k, f->read);
    bx_check_holder(k, f->write);
    if (!(f->flags & BX_NO_JSON)) {
        bx_check_text(k, bx_sprintf(k->arena, "%s.%s", def->name, f->type == BX_HALVES && f->arg != NULL ? f->arg : f->name));
    }
}


static void
check_fields(bx_check *k, const bx_record_def *def)
{
    size_t  n = 0;

    for (const bx_field *f = def->fields; f->name != NULL; f++, n++) {
        check_field(k, def, f);
        if (field_index(def, f->name, strlen(f->name)) != f - def->fields) {
            bx_check_fault(k, "%s.%s: declared twice", def->name, f->name);
        }
    }
    if (n > BX_MAX_FIELDS) {
        bx_check_fault(k, "%s: more than %d fields", def->name, BX_MAX_FIELDS);
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
check_state_words(bx_check *k, const bx_record_def *def, const char *what, const char *words)
{
    for (const char *s = words; s != NULL && *s != '\0'; s += strspn(s, " ")) {
        size_t  n = strcspn(s, " ");

        if (state_index(def, s, n) < 0) {
            bx_check_fault(k, "%s: %s \"%.*s\", which is no state", def->name, what, (int) n, s);
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
check_ways(bx_check *k, const bx_record_def *def)
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
            bx_check_fault(k, "%s: no action leads to the state \"%s\"", def->name, name);
        }
        if (!terminal && !left[i]) {
            bx_check_fault(k, "%s: no way out of \"%s\": add an action, or BX_TERMINAL", def->name, name);
        }
        if (terminal && left[i]) {
            bx_check_fault(k, "%s: \"%s\" is BX_TERMINAL, but an action leaves it", def->name, name);
        }
    }
}


static void
check_states(bx_check *k, const bx_record_def *def)
{
    int  n = 0;

    for (const bx_state *s = def->states; s->name != NULL; s++, n++) {
        if (!bx_check_word(s->name, "_", MAX_NAME)) {
            bx_check_fault(k, "%s: state \"%s\": small letters, digits and \"_\", at most %d", def->name, s->name, MAX_NAME);
        }
        if (state_index(def, s->name, strlen(s->name)) != n) {
            bx_check_fault(k, "%s: state \"%s\" is declared twice", def->name, s->name);
        }
        if (s->tone == NULL || !bx_word_in("draft wait info ok no sum none late", s->tone)) {
            bx_check_fault(k, "%s: state \"%s\": .tone is one of draft wait info ok no sum none late", def->name, s->name);
        }
        bx_check_text(k, bx_sprintf(k->arena, "%s.state.%s", def->name, s->name));
    }

    if (n == 0 || n > MAX_STATES) {
        bx_check_fault(k, "%s: has %d states: from 1 to %d", def->name, n, MAX_STATES);
    }
}


/* ---- transitions */

static void
check_when(bx_check *k, const bx_record_def *def, const bx_transition *move)
{
    for (const char *w = move->when; w != NULL && *w != '\0'; w += strcspn(w, " "), w += strspn(w, " ")) {
        size_t  n = strcspn(w, "= ");

        if (w[n] != '=' || field_index(def, w, n) < 0) {
            bx_check_fault(k, "%s %s: condition on \"%.*s\", which is no field", def->name, move->action, (int) n, w);
        }
    }
}


static void
check_takes(bx_check *k, const bx_record_def *def, const bx_transition *move)
{
    for (const bx_field *f = move->takes; f != NULL && f->name != NULL; f++) {
        check_field(k, def, f);
        if (strcmp(f->name, "comment") != 0 && field_index(def, f->name, strlen(f->name)) < 0 && move->hook == NULL) {
            bx_check_fault(k, "%s %s: takes \"%s\", which is no field, and there is no hook to read it", def->name, move->action,
                           f->name);
        }
    }
    if (move->from == BX_NEW && move->takes != NULL) {
        bx_check_fault(k, "%s %s: what creates a record takes the record's fields: leave .takes out", def->name, move->action);
    }
}


static void
check_transition(bx_check *k, const bx_record_def *def, const bx_transition *move)
{
    const char *name = bx_sprintf(k->arena, "%s %s", def->name, move->action);

    if (!bx_check_word(move->action, "_-", MAX_NAME)) {
        bx_check_fault(k, "%s: an action is a word of small letters, at most %d", name, MAX_NAME);
    }
    if (move->to == NULL || state_index(def, move->to, strlen(move->to)) < 0) {
        bx_check_fault(k, "%s: leads to \"%s\", which is no state", name, move->to == NULL ? "" : move->to);
    }
    if (move->from != BX_NEW) {
        check_state_words(k, def, bx_sprintf(k->arena, "\"%s\" leaves", move->action), move->from);
    }
    if (move->capability == NULL && !(move->flags & BX_BY_JOB)) {
        bx_check_fault(k, "%s: names no capability: who may do it?", name);
    }
    if (move->capability != NULL && (move->flags & BX_BY_JOB)) {
        bx_check_fault(k, "%s: BX_BY_JOB and a capability: nobody can ask for it", name);
    }
    if (move->from == BX_NEW && (move->flags & BX_DECIDES)) {
        bx_check_fault(k, "%s: what creates a record is no BX_DECIDES", name);
    }
    if (move->sets != NULL && !(move->flags & BX_BY_JOB)) {
        bx_check_fault(k, "%s: .sets is for BX_BY_JOB only: let the hook set it", name);
    }
    if ((move->flags & BX_NOT_OWN_CHILD) && def->scope != BX_SCOPE_STUDENT) {
        bx_check_fault(k, "%s: BX_NOT_OWN_CHILD of a record that has no child", name);
    }

    bx_check_holder(k, move->capability);
    check_when(k, def, move);
    check_takes(k, def, move);
    bx_check_text(k, bx_sprintf(k->arena, "%s.action.%s", def->name, move->action));
}


/* ---- records */

static void
check_student(bx_check *k, const bx_record_def *def)
{
    int  i = field_index(def, "student_id", sizeof("student_id") - 1);

    if (def->scope != BX_SCOPE_STUDENT || strcmp(def->table, "student") == 0) {
        return;
    }
    if (i < 0 || def->fields[i].type != BX_REF || def->fields[i].arg == NULL
        || strcmp(def->fields[i].arg, "students") != 0)
    {
        bx_check_fault(k, "%s: a record of BX_SCOPE_STUDENT has a field student_id, BX_REF to \"students\"", def->name);
    } else if ((def->fields[i].flags & (BX_REQUIRED | BX_FIXED)) != (BX_REQUIRED | BX_FIXED)) {
        bx_check_fault(k, "%s.student_id: write BX_REQUIRED | BX_FIXED", def->name);
    }
}


static void
check_order(bx_check *k, const bx_record_def *def)
{
    const char *last = def->order == NULL ? "t.id" : strrchr(def->order, ',');

    last = last == NULL ? def->order : *last == ',' ? last + 1 : last;
    last += strspn(last, " ");
    if (strcmp(last, "t.id") != 0 && strcmp(last, "t.id DESC") != 0) {
        bx_check_fault(k, "%s: .order must end with t.id or t.id DESC, so that pages do not overlap", def->name);
    }
}


static void
check_views(bx_check *k, const bx_record_def *def)
{
    for (const bx_view *v = def->views; v != NULL && v->name != NULL; v++) {
        if (v->where == NULL) {
            bx_check_fault(k, "%s: view \"%s\" has no condition", def->name, v->name);
        }
        bx_check_holder(k, v->capability);
        bx_check_text(k, bx_sprintf(k->arena, "%s.view.%s", def->name, v->name));
    }
}


void
bx_check_record(bx_check *k, const bx_record_def *def)
{
    if (!bx_check_word(def->name, "-", MAX_NAME)) {
        bx_check_fault(k, "record \"%s\": small letters, digits and \"-\", at most %d, in the plural", def->name, MAX_NAME);
    }
    if (bx_tables_record(k->t, def->name) != def) {
        bx_check_fault(k, "there is a record \"%s\" already", def->name);
    }
    if (!bx_check_word(def->table, "_", 64)) {
        bx_check_fault(k, "%s: .table is the name of a table: small letters, digits and \"_\"", def->name);
        return;
    }
    if (def->fields == NULL) {
        bx_check_fault(k, "%s: has no fields", def->name);
        return;
    }
    if (def->read == NULL) {
        bx_check_fault(k, "%s: names no capability in .read: who may read it?", def->name);
    }

    bx_check_text(k, def->name);
    bx_check_holder(k, def->read);
    bx_check_holder(k, def->create);
    bx_check_holder(k, def->edit);
    check_fields(k, def);
    check_student(k, def);
    check_order(k, def);
    check_views(k, def);

    if (def->states == NULL) {
        if (def->transitions != NULL || def->private_states != NULL || def->editable != NULL) {
            bx_check_fault(k, "%s: has transitions or names states, but no .states", def->name);
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
