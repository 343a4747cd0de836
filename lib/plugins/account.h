/* account.h: what account.c (signing in, the tables), account_password.c (which passwords are accepted), account_factor.c (one-time codes), account_sessions.c
 * (where one is signed in) and account_activation.c (guardians' codes) share. Functions that return bx_rc have refused when they fail; texts are
 * owned by the arena. */
#ifndef BX_ACCOUNT_H
#define BX_ACCOUNT_H

#include "flow/staff.h"
#include "flow/throttle.h"

#define BX_ACCOUNT_TYPED  400                 /* bytes of a password as it comes */

/* ---- account.c: what the caller typed */

const char *bx_account_body_text(const bx_call *c, const char *name);  /* borrowed from the body; NULL: none */
/* A text of the body that must be there: 422 otherwise. At most max bytes, no control characters. Borrowed. */
bx_rc   bx_account_need_text(bx_call *c, const char *name, size_t max, const char **out);
char   *bx_account_lower(bx_arena *a, const char *s);                  /* small letters of ASCII; NULL: no memory */

/* ---- account.c: throttling */

/* The rules of the whole database: whoever signs in has no unit yet. */
typedef struct { bx_id root; int64_t window, block; } bx_account_policy;

bx_rc   bx_account_policy_load(bx_call *c, bx_account_policy *p);      /* [thread] */
/* Counts one attempt against the rule `key`, and refuses the one that is one too many. [thread] */
bx_rc   bx_account_count(bx_call *c, const bx_account_policy *p, const char *key, bx_value subject, bx_throttle *t);
/* 422 of `code`, with what remains. */
bx_rc   bx_account_refuse_code(bx_call *c, const bx_throttle *t);
/* What the chain says of a failure: who it was only as the keyed hash that the throttle uses too. Commits. */
bx_rc   bx_account_audit_failure(bx_call *c, const char *action, bx_id account, bx_value subject);

/* ---- account.c: sessions */

/* The chain of the school somebody works in, so that not everybody's sign-in waits for one row. 0: the root's. [thread] */
bx_rc   bx_account_home(bx_call *c, bx_id account, bx_id *school);
/* Commits in the name of the account whose session begins with this transaction: there is no caller yet. */
bx_rc   bx_account_commit(bx_call *c, bx_id account, const char *name, bx_id school, const char *action, const json_t *changes);
/* Whoever signs in leaves the session the browser had: its cookie is about to be overwritten. Queues. */
bx_rc   bx_account_leave_old(bx_call *c);
bx_rc   bx_account_answer(bx_call *c, const bx_session *s);            /* 200 with the session */

/* ---- account_password.c */

/* Is it good enough? 422 of `field` otherwise. login and phone may be NULL. */
bx_rc   bx_account_password_check(bx_call *c, const char *field, const char *password, const char *login, const char *phone);
bx_rc   bx_account_password_hash(bx_call *c, const char *password, char **out);    /* slow: [thread] */
bx_rc   bx_account_change_password(bx_call *c);                        /* POST password */
/* Is `field` of the body the caller's own password? Counted as at the door; 422 of `field` otherwise. Before anything is
 * queued: a wrong one is written into the chain. Slow: [thread] */
bx_rc   bx_account_confirm(bx_call *c, const char *field);

/* ---- account_factor.c */

typedef enum { BX_ACCOUNT_WRONG, BX_ACCOUNT_APP, BX_ACCOUNT_RECOVERY } bx_account_code;

/* Is it a code of the account's app, or a recovery code? Queues that it is used; wrong is BX_OK, too. Counts nothing. [thread] */
bx_rc   bx_account_code_use(bx_call *c, bx_id account, const char *typed, bx_account_code *out);
/* Queues that the account has no second factor; it must have one. */
bx_rc   bx_account_factor_queue_remove(bx_call *c, bx_id account);
bx_rc   bx_account_factor_show(bx_call *c);                            /* GET second-factor */
bx_rc   bx_account_factor_begin(bx_call *c);                           /* POST second-factor */
bx_rc   bx_account_factor_confirm(bx_call *c);                         /* POST second-factor/confirm */
bx_rc   bx_account_factor_remove(bx_call *c);                          /* POST second-factor/remove */
bx_rc   bx_account_factor_recovery(bx_call *c);                        /* POST second-factor/recovery-codes */

/* ---- account_sessions.c */

bx_rc   bx_account_sessions(bx_call *c);                               /* GET sessions */
bx_rc   bx_account_end_session(bx_call *c);                            /* POST sessions/{id}/end */
bx_rc   bx_account_purge_sessions(bx_call *c);                         /* job: what is over, and that it was ended */

/* ---- account_activation.c */

bx_rc   bx_account_check_code(bx_call *c);                             /* POST activation/check */
bx_rc   bx_account_activate(bx_call *c);                               /* POST activation */

#endif
