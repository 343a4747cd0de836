/* flow.h: the engine behind the tables: scope, rows and their JSON, transitions, audit. Internal to libbaoxue. */
#ifndef BX_FLOW_H
#define BX_FLOW_H

#include "web/call.h"
#include "web/tables.h"

/* ---- scope.c: who may touch which row. One set of grants, asked in two ways: as SQL for rows not read yet, and in C for
 * a row in hand. Both deny when in doubt. */

typedef struct { bx_id student, class_id, grade, school, central, township, unit; bool own_child; } bx_row_scope;

bool    bx_scope_allows(const bx_call *c, const char *capability, const bx_row_scope *row);
/* The rows of `scope` that the caller may touch with `capability` in parts, one for each township, school or class that is open
 * and one for the own children: a list reads each by its own key. As bx_scope_where() otherwise, with room for BX_MAX_PARTS in
 * out; not for BX_SCOPE_UNIT. */
#define BX_MAX_PARTS  64
typedef struct { const char *sql; bx_value arg; size_t nargs; } bx_scope_part;
bx_rc   bx_scope_parts(bx_call *c, bx_scope scope, const char *alias, const char *capability, bx_scope_part *out, size_t *n);
/* SQL expression that is 1 when the caller is a guardian of t.student_id, or "0" when the caller has no children. */
bx_rc   bx_own_child_sql(bx_call *c, const char *alias, bx_buf *sql, bx_value *args, size_t *nargs, size_t room);
/* The same asked of the database whatever the session says: where a guardian who was entered a minute ago must not see it either. */
bx_rc   bx_own_child_ask(bx_call *c, const char *alias, bx_buf *sql, bx_value *args, size_t *nargs, size_t room);

/* ---- record.c: rows of a record definition, read, rendered, taken from a body. */

#define BX_MAX_FIELDS  56

struct bx_record {
    const bx_record_def *def;
    bx_call             *call;
    bx_id                id, creator;
    int64_t              version;
    bool                 fresh;               /* being created */
    const char          *state;               /* as read; NULL while being created */
    const char          *to;                  /* the state it is going to; NULL: it stays */
    bx_row_scope         scope;
    size_t               nfields;
    bx_value             values[BX_MAX_FIELDS];
    bool                 taken[BX_MAX_FIELDS], changed[BX_MAX_FIELDS];
    const bx_value      *before;              /* the values as they were read, for the audit row; NULL while being created */
    json_t              *files[BX_MAX_FIELDS];                          /* BX_FILES: ids of the body, borrowed */
    const char          *comment;
    const char          *student_name, *class_name, *school_name;
};

/* Which alias has the columns of a row's place: "t" the row itself, "un" the unit it hangs on (BX_SCOPE_UNIT with unit_id). */
const char *bx_record_alias(const bx_record_def *def);
/* Appends "SELECT … FROM table t …" with the columns every row of def is read with; values go to args in order. */
bx_rc   bx_record_select(bx_call *c, const bx_record_def *def, bx_buf *sql, bx_value *args, size_t *nargs, size_t room);
/* The same in two halves: "SELECT …", and the joins behind "FROM … t". */
bx_rc   bx_record_columns(bx_call *c, const bx_record_def *def, bx_buf *sql, bx_value *args, size_t *nargs, size_t room);
void    bx_record_joins(const bx_record_def *def, bx_buf *sql);
/* Fills a record from row i of a result made with bx_record_select(). */
void    bx_record_from_row(bx_call *c, const bx_record_def *def, const bx_rows *rows, size_t i, bx_record *out);
/* Reads one row in the scope of def->read; *found false when there is none the caller may see. */
bx_rc   bx_record_read(bx_call *c, const bx_record_def *def, bx_id id, bx_record *out, bool *found);
/* Is it read by a capability that is near? Then nobody reads such a row about a child of their own. */
bool    bx_record_near(const bx_record_def *def);
/* Predicate for the rows of def the caller may see with capability: scope, private states, own children. */
bx_rc   bx_record_where(bx_call *c, const bx_record_def *def, const char *capability, bx_buf *sql, bx_value *args, size_t *nargs,
                        size_t room);
/* Only the second half of it: " AND …", or nothing. */
bx_rc   bx_record_where_private(bx_call *c, const bx_record_def *def, bx_buf *sql, bx_value *args, size_t *nargs, size_t room);
/* The row as JSON, fields the caller may see, secrets masked. A new reference. */
json_t *bx_record_json(bx_call *c, const bx_record *r);
/* Finishes a page: attachments, the plugin's decorate. */
bx_rc   bx_record_dress(bx_call *c, const bx_record_def *def, json_t *rows, bool one);
const char *bx_type_name(bx_type type);       /* as GET plugins, actions and openapi.json call it */
int     bx_record_field(const bx_record_def *def, const char *name);   /* index, or -1 */
/* Takes a body's members into r by a field table: every fault is added to the problem. known: further members that are no error. */
bx_rc   bx_record_take(bx_call *c, bx_record *r, const bx_field *takes, json_t *body, bool creating, const char *known);
/* May the caller set every field that was taken? Asked again when the place of a new record is known. */
bx_rc   bx_record_writable(bx_call *c, const bx_record *r);
/* Checks a body against a field table without a record. */
bx_rc   bx_body_check(bx_call *c, const bx_field *takes, json_t *body);
/* Where a record being created belongs, which must be in the scope of capability: of a student the place of student_id; of a
 * school that of the body's school_id, of a unit that of its unit_id, each without it the only one there can be. (record_place.c) */
bx_rc   bx_record_place(bx_call *c, bx_record *r, const char *capability);
/* The body's member that says where a new record belongs and is no field, or NULL. */
const char *bx_record_place_member(const bx_record_def *def);
/* Does "route=office,principal escalated=1" hold for the row? */
bool    bx_when_holds(const bx_record *r, const char *when);
/* The same as SQL over t.*; the text is static, so its words are safe to paste. */
void    bx_when_sql(const char *when, bx_buf *sql);

/* ---- route handlers of generic records: list.c, machine.c, history.c */

bx_rc   bx_generic_list(bx_call *c, const bx_record_def *def);
bx_rc   bx_generic_export(bx_call *c, const bx_record_def *def);      /* export.c: the same rows as a spreadsheet */
/* list_token.c: a text as a token and back; NULL for what is none. The JSON belongs to the arena. */
char   *bx_token_encode(bx_arena *a, const char *s);
json_t *bx_token_decode(bx_arena *a, const char *s);
/* One page of the list that the call's query asks for, after a token (NULL: from the start): the rows as JSON and the token of the
 * next page or null, both in the call's arena. rows_max: at most BX_LIST_MAX. */
#define BX_LIST_MAX  200
bx_rc   bx_list_page(bx_call *c, const bx_record_def *def, int rows_max, const char *token, json_t **items, json_t **next);
/* For an export: the ids of all rows of the list that the call's query asks for, in its order, at most rows_max and one more. */
bx_rc   bx_list_ids(bx_call *c, const bx_record_def *def, int rows_max, bx_id **out, size_t *n);
bx_rc   bx_generic_read(bx_call *c, const bx_record_def *def);
bx_rc   bx_generic_create(bx_call *c, const bx_record_def *def);
bx_rc   bx_generic_patch(bx_call *c, const bx_record_def *def);
bx_rc   bx_generic_act(bx_call *c, const bx_record_def *def, const char *action);
bx_rc   bx_generic_bulk(bx_call *c, const bx_record_def *def);
bx_rc   bx_generic_history(bx_call *c, const bx_record_def *def);
/* The answer of it, for a row that the caller may see. */
bx_rc   bx_history_answer(bx_call *c, const bx_record *r);
/* rules.c: the numbers of the record's workflow as they hold where the row is, with where they come from. */
bx_rc   bx_generic_rules(bx_call *c, const bx_record_def *def, const bx_plugin *plugin);
/* Refuses with 428 or 412 unless If-Match names this version. */
bx_rc   bx_version_check(bx_call *c, int64_t version);
/* How many rows of def wait for a decision of the caller (?queue=mine), 100 at most. */
bx_rc   bx_queue_count(bx_call *c, const bx_record_def *def, int64_t *n);
/* transition.c: the transition the caller could take now, with why not otherwise (BX_E_NONE, NOT_FOUND, WRONG_STATE, FORBIDDEN,
 * OWN_CHILD). */
const bx_transition *bx_transition_for(const bx_call *c, const bx_record *r, const char *action, bx_err *why);
/* Does If-Match name this version? Refuses with 428 without one, with 412 when it is another. */
bx_rc   bx_version_check(bx_call *c, int64_t version);
/* Queues the history row of a change; capability chooses the role it is shown with. */
bx_rc   bx_history_queue(bx_call *c, const bx_record *r, const char *action, const char *to, const char *capability);
json_t *bx_record_actions(bx_call *c, const bx_record *r);       /* new reference: [{action, fields, destructive}] */

/* ---- sweep.c: bx_queue_move() of every row of a record that `where` (over t.*, static) finds, at most 200. */
bx_rc   bx_queue_moves(bx_call *c, const char *record, const char *action, const char *where, const bx_value *args, size_t nargs);

/* ---- commit.c: the tail of a transition as one compound statement, audit chain, stored answers. */

typedef struct {
    bx_id          chain;                     /* unit whose chain it goes to; 0: the root's */
    const char    *action, *record;
    bx_id          id;
    const json_t  *changes;                   /* borrowed */
    bool           keyed;                     /* store key and answer */
    const char    *update;                    /* the record's UPDATE: must touch one row; NULL: none */
    const bx_value *update_args;
    size_t         update_nargs;
} bx_tail;

/* REPLAYED: the key was answered before, and the answer or its refusal is in the call. STALE: the record's UPDATE found no row.
 * RACED: a queued write found other rows than it expected, or a unique key that was taken meanwhile. After both of these nothing
 * is written and no problem is set: the hook may run again. FAILED: the problem says why. */
typedef enum { BX_TAIL_DONE, BX_TAIL_REPLAYED, BX_TAIL_STALE, BX_TAIL_RACED, BX_TAIL_FAILED } bx_tail_result;

bx_tail_result bx_tail_run(bx_call *c, const bx_tail *tail);
/* Has the request's key been answered before? Takes the stored answer (or refuses with key_reused) and says so. */
bool           bx_key_replay(bx_call *c);

/* ---- audit.c: is the chain as it was written? */

typedef struct { int64_t seq, bad; bool more; } bx_audit_slice;        /* verified up to seq; bad 0: all of it fits */

/* Recomputes a chain from its payloads. *bad 0: whole, else the first sequence number that does not fit. */
bx_rc          bx_audit_verify(bx_call *c, bx_id unit, int64_t *events, int64_t *bad);
/* Goes on behind event `from`, which a slice before has found to be right (0: from the beginning), for at most max events (0: to
 * the end). more: there are further ones. */
bx_rc          bx_audit_heads(bx_call *c);                            /* a job */
bx_rc          bx_audit_verify_slice(bx_call *c, bx_id unit, int64_t from, int64_t max, bx_audit_slice *out);

/* ---- ladder_touch.c */

/* Queues a word to attendance.clock that this child's absence ladder is to be computed again: leave or enrolment changed. */
bx_rc   bx_ladder_touch(bx_call *c, bx_id student);
/* The same when what changed is longer ago than attendance looks by itself: from that day on. */
bx_rc   bx_ladder_touch_since(bx_call *c, bx_id student, bx_date since);

#endif
