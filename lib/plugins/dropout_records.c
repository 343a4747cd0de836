/* dropout_records.c: what is kept in a dropout case, as tables: attempts to persuade, refusals, trackings, return notices and
 * orders, return reports, reviews of the follow-up; and reports of suspected harm, which belong to no case and no chain.
 * Owns no code: their hooks are in dropout_attempt.c, dropout_notice.c and dropout_return.c. */

#include "plugins/dropout.h"
#include "plugins/dropout_records.h"

const bx_code bx_persuasion_ways[] = { { "home_visit" }, { "phone" }, { "video" }, { "meeting" }, { "village" }, { "peers" }, { "joint" }, { NULL } };
const bx_code bx_persuasion_outcomes[] = { { "agreed" }, { "undecided" }, { "refused" }, { "nobody" }, { NULL } };
const bx_code bx_plan_kinds[] = { { "tutoring" }, { "aid" }, { "care" }, { "other" }, { NULL } };
const bx_code bx_refused_by[] = { { "guardian" }, { "child" }, { "both" }, { NULL } };
const bx_code bx_receipts[] = { { "signed" }, { "refused" }, { NULL } };
const bx_code bx_notice_kinds[] = { { "notice" }, { "order" }, { NULL } };
const bx_code bx_served_how[] = { { "in_person" }, { "left" }, { "mail" }, { NULL } };
const bx_code bx_evaluations[] = { { "steady" }, { "wavering" }, { "at_risk" }, { NULL } };
const bx_code bx_urgent_kinds[] = { { "harm" }, { "child_labour" }, { "early_marriage" }, { "other" }, { NULL } };

#define GIVEN  (BX_REQUIRED | BX_FIXED)
#define CODE(n, flags, list)    { n, BX_CODE, flags, 0, 0, list, NULL, NULL, NULL }
#define TEXT(n, flags, lo, hi)  { n, BX_TEXT, flags, lo, hi, NULL, NULL, NULL, NULL }
#define DAY(n, flags)           { n, BX_DATE, flags, 0, 0, NULL, NULL, NULL, NULL }
#define INSTANT(n)              { n, BX_TIME, BX_BY_HOOK, 0, 0, NULL, NULL, NULL, NULL }
#define COUNT(n, flags, hi)     { n, BX_INT, flags, 0, hi, NULL, NULL, NULL, NULL }
#define FILES(n, flags, hi)     { n, BX_FILES, flags, 0, hi, NULL, NULL, NULL, NULL }
#define END                     { NULL, 0, 0, 0, 0, NULL, NULL, NULL, NULL }
#define OF_CHILD                { "student_id", BX_REF, GIVEN, 0, 0, "students", NULL, NULL, NULL }
#define OF_CASE                 { "case_id", BX_REF, GIVEN | BX_FILTER, 0, 0, "dropout-cases", NULL, NULL, NULL }
#define OF_CASE_BY_HOOK         { "case_id", BX_REF, BX_BY_HOOK | BX_FILTER, 0, 0, "dropout-cases", NULL, NULL, NULL }

/* R11, R12: one attempt is one persuasion. */
const bx_field bx_persuasion_fields[] = {
    OF_CHILD, OF_CASE,
    COUNT("attempt_no", BX_BY_HOOK | BX_IN_LIST, 999),
    CODE("way", GIVEN | BX_IN_LIST | BX_FILTER, "persuasion_way"),
    DAY("made_on", GIVEN | BX_IN_LIST),
    { "made_time", BX_TEXT, BX_FIXED, 5, 5, NULL, "([01][0-9]|2[0-3]):[0-5][0-9]", NULL, NULL },
    TEXT("people", GIVEN | BX_IN_LIST, 2, 200),
    COUNT("subject_teachers", BX_FIXED, 9),
    TEXT("with_whom", GIVEN, 2, 200),
    TEXT("child_words", BX_FIXED, 0, 500), TEXT("guardian_words", BX_FIXED, 0, 500),
    CODE("outcome", GIVEN | BX_IN_LIST | BX_FILTER, "persuasion_outcome"),
    TEXT("effect", GIVEN, 2, 500),
    DAY("promised_on", BX_FIXED),
    CODE("plan_kind", BX_FIXED, "plan_kind"), TEXT("plan", BX_FIXED, 0, 500),
    FILES("photos", BX_FIXED, 6),
    END
};

/* R13: the teacher's record, and the guardian's signature or a witness for its refusal. */
const bx_field bx_refusal_fields[] = {
    OF_CHILD, OF_CASE,
    DAY("refused_on", GIVEN | BX_IN_LIST),
    CODE("refused_by", GIVEN | BX_IN_LIST, "refused_by"),
    TEXT("reason", GIVEN | BX_IN_LIST, 2, 500),
    TEXT("people", GIVEN, 2, 200),
    CODE("receipt", GIVEN, "receipt"),
    TEXT("witness", BX_FIXED, 2, 100),
    FILES("photos", BX_FIXED, 6),             /* required: its hook says so, once it is known whose record this is */
    END
};

/* R10 */
const bx_field bx_tracking_fields[] = {
    OF_CHILD, OF_CASE,
    DAY("tracked_on", GIVEN | BX_IN_LIST),
    TEXT("people", GIVEN | BX_IN_LIST, 2, 200),
    TEXT("thoughts", GIVEN, 2, 500), TEXT("guardian_view", BX_FIXED, 0, 500),
    TEXT("whereabouts", GIVEN | BX_IN_LIST, 2, 300), TEXT("fed_back_to", GIVEN, 2, 100),
    END
};

/* R8: issued by an action of the case, served here. */
const bx_field bx_notice_fields[] = {
    OF_CHILD, OF_CASE_BY_HOOK,
    CODE("kind", BX_BY_HOOK | BX_IN_LIST | BX_FILTER, "notice_kind"),
    COUNT("ordinal", BX_BY_HOOK, 99),
    { "issuer_id", BX_REF, BX_BY_HOOK, 0, 0, "org-units", NULL, NULL, NULL },
    TEXT("issuer_name", BX_BY_HOOK | BX_IN_LIST, 0, 100), TEXT("addressee", BX_BY_HOOK | BX_IN_LIST, 0, 60),
    DAY("issued_on", BX_BY_HOOK | BX_IN_LIST), COUNT("days", BX_BY_HOOK, 60),
    DAY("served_on", BX_BY_HOOK | BX_IN_LIST), CODE("served_how", BX_BY_HOOK, "served_how"), TEXT("served_by", BX_BY_HOOK, 0, 100),
    CODE("receipt", BX_BY_HOOK, "receipt"), TEXT("receiver", BX_BY_HOOK, 0, 60), TEXT("witness", BX_BY_HOOK, 0, 100),
    FILES("photos", BX_BY_HOOK, 6),
    INSTANT("return_by"),
    END
};

static const bx_field serve_fields[] = {
    DAY("served_on", BX_REQUIRED), CODE("served_how", BX_REQUIRED, "served_how"), TEXT("served_by", BX_REQUIRED, 2, 100),
    CODE("receipt", BX_REQUIRED, "receipt"), TEXT("receiver", 0, 2, 60), TEXT("witness", 0, 2, 100), FILES("photos", 0, 6), END
};

const bx_state bx_notice_states[] = {
    { "issued", 0,           "wait" },
    { "served", 0,           "info" },
    { "met",    BX_TERMINAL, "ok" },
    { "missed", BX_TERMINAL, "late" },
    { "void",   BX_TERMINAL, "none" },
    { NULL, 0, NULL }
};

#define JOB(action, from, to)  { action, from, to, NULL, NULL, NULL, NULL, BX_BY_JOB, NULL }

const bx_transition bx_notice_transitions[] = {
    { "serve", "issued", "served", "dropout.serve", NULL, serve_fields, bx_notice_serve, BX_DECIDES, NULL },
    JOB("meet", "served", "met"), JOB("miss", "served", "missed"), JOB("drop", "issued served", "void"),
    { NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL }
};

/* R9: made by the school's action return_report, signed by the township's action sign. */
const bx_field bx_return_report_fields[] = {
    OF_CHILD, OF_CASE_BY_HOOK,
    COUNT("ordinal", BX_BY_HOOK, 99),
    DAY("returned_on", BX_BY_HOOK | BX_IN_LIST), TEXT("placed_in", BX_BY_HOOK | BX_IN_LIST, 0, 100),
    TEXT("brought_by", BX_BY_HOOK, 0, 100), TEXT("helper", BX_BY_HOOK, 0, 100),
    INSTANT("reported_at"), TEXT("reported_by", BX_BY_HOOK, 0, 60), INSTANT("signed_at"), TEXT("signed_by", BX_BY_HOOK | BX_IN_LIST, 0, 60),
    END
};

/* R33 */
const bx_field bx_follow_up_fields[] = {
    OF_CHILD, OF_CASE_BY_HOOK,
    COUNT("ordinal", BX_BY_HOOK | BX_IN_LIST, 99), DAY("due_on", BX_BY_HOOK | BX_IN_LIST),
    DAY("reviewed_on", BX_BY_HOOK | BX_IN_LIST), TEXT("reviewed_by", BX_BY_HOOK, 0, 60),
    TEXT("study", BX_BY_HOOK, 0, 500), TEXT("life", BX_BY_HOOK, 0, 500), TEXT("mind", BX_BY_HOOK, 0, 500),
    TEXT("makeup", BX_BY_HOOK, 0, 500), TEXT("guardian_talk", BX_BY_HOOK, 0, 500), CODE("evaluation", BX_BY_HOOK | BX_IN_LIST, "evaluation"),
    END
};

static const bx_field review_fields[] = {
    TEXT("study", BX_REQUIRED, 2, 500), TEXT("life", BX_REQUIRED, 2, 500), TEXT("mind", BX_REQUIRED, 2, 500), TEXT("makeup", BX_REQUIRED, 2, 500),
    TEXT("guardian_talk", BX_REQUIRED, 2, 500), CODE("evaluation", BX_REQUIRED, "evaluation"), END
};

const bx_state bx_follow_up_states[] = {
    { "due",  0,           "wait" },
    { "done", BX_TERMINAL, "ok" },
    { "void", BX_TERMINAL, "none" },
    { NULL, 0, NULL }
};

const bx_transition bx_follow_up_transitions[] = {
    { "review", "due", "done", "dropout.follow", NULL, review_fields, bx_follow_up_review, 0, NULL },
    JOB("drop", "due", "void"),
    { NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL }
};

/* Suspected harm, child labour, early marriage: straight to those who must know (未成年人保护法 §11), in no list of anybody else. */
const bx_field bx_urgent_fields[] = {
    OF_CHILD,
    CODE("kind", GIVEN | BX_IN_LIST | BX_FILTER, "urgent_kind"),
    TEXT("signs", GIVEN, 2, 1000), TEXT("raised_by", BX_BY_HOOK | BX_IN_LIST, 0, 60),
    TEXT("told", BX_BY_HOOK, 0, 300), TEXT("measures", BX_BY_HOOK, 0, 1000),
    END
};

static const bx_field handle_fields[] = { TEXT("told", BX_REQUIRED, 2, 300), TEXT("measures", BX_REQUIRED, 2, 1000), END };

const bx_state bx_urgent_states[] = {
    { "raised",  0,           "late" },
    { "told",    0,           "info" },
    { "settled", BX_TERMINAL, "sum" },
    { NULL, 0, NULL }
};

const bx_transition bx_urgent_transitions[] = {
    { "raise",  BX_NEW,   "raised",  "urgent.raise",  NULL, NULL,          bx_urgent_raise, 0, NULL },
    { "tell",   "raised", "told",    "urgent.handle", NULL, handle_fields, NULL, BX_DECIDES, NULL },
    { "settle", "told",   "settled", "urgent.handle", NULL, handle_fields, NULL, BX_DECIDES, NULL },
    { NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL }
};
