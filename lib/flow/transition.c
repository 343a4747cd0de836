/* transition.c: which transition of a record's table fits a row and a caller, and how the actions that do look to a reader.
 * Owns why one does not fit; does not own taking it (machine.c) nor conditions on fields (record.c). */

#include "flow/flow.h"

#include <string.h>


static bool
fits_from(const bx_transition *t, const bx_record *r)
{
    if (r->state == NULL) {
        return t->from == BX_NEW;
    }
    return t->from != BX_NEW && bx_word_in(t->from, r->state);
}


const bx_transition *
bx_transition_for(const bx_call *c, const bx_record *r, const char *action, bx_err *why)
{
    bx_err  best = BX_E_NOT_FOUND;

    for (const bx_transition *t = r->def->transitions; t != NULL && t->action != NULL; t++) {
        if (strcmp(t->action, action) != 0 || (t->flags & BX_BY_JOB)) {
            continue;
        }
        if (!fits_from(t, r) || !bx_when_holds(r, t->when)) {
            best = best == BX_E_NOT_FOUND ? BX_E_WRONG_STATE : best;
            continue;
        }
        if (!bx_scope_allows(c, t->capability, &r->scope)) {
            best = best == BX_E_OWN_CHILD ? best : BX_E_FORBIDDEN;
            continue;
        }
        if ((t->flags & BX_NOT_OWN_CHILD) && r->scope.own_child) {
            best = BX_E_OWN_CHILD;
            continue;
        }

        *why = BX_E_NONE;
        return t;
    }

    *why = best;
    return NULL;
}


static json_t *
takes_json(const bx_transition *t)
{
    json_t *fields = json_array();

    for (const bx_field *f = t->takes; f != NULL && f->name != NULL; f++) {
        json_array_append_new(fields, json_pack("{s:s, s:s, s:s?, s:b, s:i, s:i}", "name", f->name,
            "type", bx_type_name(f->type), "of", f->type == BX_CODE || f->type == BX_REF ? f->arg : NULL,
            "required", (f->flags & BX_REQUIRED) != 0, "min", (int) f->min, "max", (int) f->max));
    }

    return fields;
}


/* What an action looks like to a reader, made once a call: the rows of a list have it in common. */
static json_t *
action_json(bx_call *c, const bx_record_def *def, const bx_transition *t)
{
    size_t   i = (size_t) (t - def->transitions);
    json_t  *o;
    bool     kept;

    if (c->actions == NULL) {
        c->actions = bx_alloc(c->arena, sizeof(*c->actions));
        if (c->actions != NULL) {
            c->actions->def = def;
        }
    }
    kept = c->actions != NULL && c->actions->def == def && i < BX_MAX_ACTIONS;
    if (kept && c->actions->json[i] != NULL) {
        return json_incref(c->actions->json[i]);
    }

    o = json_pack("{s:s, s:s, s:o, s:b, s:b}", "action", t->action, "to", t->to, "fields", takes_json(t),
                  "destructive", (t->flags & BX_MAKES_RELEASE) != 0, "decides", (t->flags & BX_DECIDES) != 0);
    if (kept && o != NULL) {
        c->actions->json[i] = bx_own(c->arena, json_incref(o));
    }

    return o;
}


/* Each action once: the first row that fits is the one that would be taken (bx_transition_for()). */
json_t *
bx_record_actions(bx_call *c, const bx_record *r)
{
    json_t           *out = json_array();
    struct bx_record  now = *r;
    const char       *taken[BX_MAX_ACTIONS];
    size_t            ntaken = 0;

    now.state = r->to != NULL ? r->to : r->state;

    for (const bx_transition *t = r->def->transitions; t->action != NULL && ntaken < BX_MAX_ACTIONS; t++) {
        bool  seen = (t->flags & BX_BY_JOB) != 0 || !fits_from(t, &now);

        for (size_t i = 0; i < ntaken && !seen; i++) {
            seen = strcmp(taken[i], t->action) == 0;
        }
        if (!seen && bx_when_holds(&now, t->when) && bx_scope_allows(c, t->capability, &now.scope)
            && !((t->flags & BX_NOT_OWN_CHILD) && now.scope.own_child))
        {
            taken[ntaken++] = t->action;
            json_array_append_new(out, action_json(c, r->def, t));
        }
    }

    return out;
}
