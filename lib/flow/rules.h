/*
 * rules.h: rules with overrides per unit, beside bx_rule_int() and bx_rule_text() of baoxue.h. Internal to libbaoxue.
 *
 * A rule is a constant of a plugin; an override in rule_override holds for the unit's subtree, the nearest one wins.
 * An override that is out of the rule's bounds (written past bx_rule_set()) is as if it were not there.
 */
#ifndef BX_RULES_H
#define BX_RULES_H

#include "baoxue.h"

/* Rules of the core itself: the school week and its bells, attachments. Part of bx_plugin_core. */
extern const bx_rule  bx_core_rules[];

#define BX_MAX_DEPTH  16                      /* units from the root down to the deepest */

/* Ids from the root down to the unit itself, from org_unit.path. Kept in the call, one query a unit. No unit of that
 * id: BX_OK with *n 0. [thread] */
bx_rc   bx_unit_path(bx_call *c, bx_id unit, const bx_id **ids, size_t *n);
/* The path of a unit, or the overrides on it, read along with something else: spares the call a query of its own. Rows of
 * overrides: 'rule' in the first column, then unit, a number that is passed over, rule and value. [thread] */
void    bx_unit_known(bx_call *c, bx_id unit, const char *path);
bx_rc   bx_overrides_known(bx_call *c, bx_id unit, const bx_rows *rows);
/* Fills args with the n ids and then with zeros, for "IN (" BX_PATH_MARKS ")". */
void    bx_path_args(const bx_id *ids, size_t n, bx_value args[BX_MAX_DEPTH]);
#define BX_PATH_MARKS  "?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?"

typedef struct {
    const bx_rule  *rule;
    int64_t         i;                        /* BX_RULE_INT */
    const char     *text;                     /* BX_RULE_TEXT */
    bx_id           origin;                   /* the unit whose override holds, 0: the default holds */
} bx_rule_value;

/* Effective value for a unit, with where it comes from. [thread] */
bx_rc   bx_rule_effective(bx_call *c, const bx_rule *rule, bx_id unit, bx_rule_value *out);
/* The value as a number or a text: a new reference. */
json_t *bx_rule_value_json(const bx_rule_value *v);
/* Is the text a value this rule may have? *i is set for BX_RULE_INT. */
bool    bx_rule_accepts(const bx_rule *rule, const char *text, int64_t *i);

/* Queues an override of a rule for a unit, or with value NULL its removal, and the old value into rule_change; the caller checks that the actor may, and
 * commits (audit action "set" or "unset", record "rules", id the unit). Refuses with 422: field "key" for an unknown
 * rule, "unit_id" for an unknown unit, "value" for one out of bounds, "reason" when it is missing or too long. With
 * changes it gives a new reference to {"rule", "from", "to", "reason"} for the audit row. [thread] */
bx_rc   bx_rule_set(bx_call *c, const char *key, bx_id unit, const char *value, const char *reason, json_t **changes);

/* Queues the same, unless the unit has that value already, for whoever has checked it: several rules that only fit together. */
bx_rc   bx_rule_write(bx_call *c, const char *key, bx_id unit, const char *value, const char *reason);

#endif
