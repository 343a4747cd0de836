/*
 * people_copy.c: GET students/{id}/copy: what is stored about a guardian's own child, and about the guardian, as one file to keep (个保法 §45).
 *
 * Owns what such a copy holds and what it leaves out. It is for guardians alone: the child must be the account's own by a link that
 * has not ended, whatever else the account may see. Numbers are masked as on the pages. What somebody else said (calls, visits,
 * cases, reports of harm) and who else there is in the family is not in it: it is about them as well; the copy says so, and whom to ask.
 * Each part is bounded, and says when it was cut. Whoever takes a copy is in the audit chain; a few an hour are enough.
 */
#include "plugins/people.h"

#include "flow/export.h"
#include "flow/throttle.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define MOST        2000                      /* rows of a part; statements ask for one more */
#define LIMIT_MOST  " LIMIT 2001"
#define TRIES       10                        /* copies of an account in an hour */
#define WINDOW      3600

typedef enum {
    TEXT,
    INT,
    BOOL,
    CODE,                                     /* of: the beginning of the label's key */
    DAY,
    TIME,
    SECRET,                                   /* sealed, shown masked; of: its kind */
    CLASS                                     /* four cells: name, stage, entry year, number */
} column_type;

typedef struct { const char *name; column_type type; const char *of, *label; } column;

/* Statements take the child, the account, or both in this order. */
typedef enum { OF_CHILD = 1, OF_ACCOUNT, OF_BOTH } about;

typedef struct { const char *name, *label; about of; const char *sql; const column *columns; } part;

#define CLASS_CELLS  "u.name, u.stage, u.entry_year, u.class_no"

/* Leave that somebody else is still writing is nobody's business; the account's own drafts are in. */
#define HANDED_IN  " l.student_id = ? AND (l.state <> 'draft' OR l.created_by = ?)"

static const char sql_child[] =
    "SELECT s.name, s.former_name, s.sex, s.birth_on, s.ethnic, s.id_type, s.id_number, s.enrolment_no, sch.name AS school, " CLASS_CELLS ","
    " s.seat_no, s.status, s.enrolled_on, s.boarding, s.placement, s.left_behind, s.migrant, s.disability, s.updated_at"
    " FROM student s JOIN org_unit u ON u.id = s.class_id JOIN org_unit sch ON sch.id = s.school_id WHERE s.id = ?" LIMIT_MOST;

static const column child_columns[] = {
    { "name",         TEXT,   NULL,                   "students.name" },
    { "former_name",  TEXT,   NULL,                   "students.former_name" },
    { "sex",          CODE,   "code.sex",             "students.sex" },
    { "birth_on",     DAY,    NULL,                   "students.birth_on" },
    { "ethnic",       CODE,   "code.ethnic",          "students.ethnic" },
    { "id_type",      CODE,   "code.id_type",         "students.id_type" },
    { "id_number",    SECRET, "id",                   "students.id_number" },
    { "enrolment_no", SECRET, "id",                   "students.enrolment_no" },
    { "school",       TEXT,   NULL,                   "students.school_name" },
    { "class",        CLASS,  NULL,                   "students.class_name" },
    { "seat_no",      INT,    NULL,                   "students.seat_no" },
    { "status",       CODE,   "code.student_status",  "students.status" },
    { "enrolled_on",  DAY,    NULL,                   "students.enrolled_on" },
    { "boarding",     BOOL,   NULL,                   "students.boarding" },
    { "placement",    CODE,   "code.placement",       "students.placement" },
    { "left_behind",  CODE,   "code.left_behind",     "students.left_behind" },
    { "migrant",      BOOL,   NULL,                   "students.migrant" },
    { "disability",   CODE,   "code.disability",      "students.disability" },
    { "updated_at",   TIME,   NULL,                   "copy.updated_at" },
    { NULL, TEXT, NULL, NULL }
};

static const char sql_enrolments[] =
    "SELECT e.starts_on, e.ends_on, sch.name AS school, " CLASS_CELLS " FROM enrolment e JOIN org_unit u ON u.id = e.class_id"
    " JOIN org_unit sch ON sch.id = e.school_id WHERE e.student_id = ? ORDER BY e.starts_on DESC, e.id DESC" LIMIT_MOST;

static const column enrolment_columns[] = {
    { "starts_on", DAY,   NULL, "copy.starts_on" },
    { "ends_on",   DAY,   NULL, "copy.ends_on" },
    { "school",    TEXT,  NULL, "students.school_name" },
    { "class",     CLASS, NULL, "students.class_name" },
    { NULL, TEXT, NULL, NULL }
};

static const char sql_account[] =
    "SELECT a.name, a.login, a.phone_sealed, a.language, a.created_at FROM account a WHERE a.id = ?" LIMIT_MOST;

static const column account_columns[] = {
    { "name",       TEXT,   NULL,    "students.name" },
    { "login",      TEXT,   NULL,    "copy.login" },
    { "phone",      SECRET, "phone", "students.phone" },
    { "language",   TEXT,   NULL,    "copy.language" },
    { "created_at", TIME,   NULL,    "copy.created_at" },
    { NULL, TEXT, NULL, NULL }
};

/* Only this account's: who else there is in the family is theirs to ask for. */
static const char sql_links[] =
    "SELECT g.name, sg.relation, sg.relation_text, g.phone, g.id_number, g.created_at FROM student_guardian sg"
    " JOIN guardian g ON g.id = sg.guardian_id WHERE sg.student_id = ? AND g.account_id = ? AND sg.ends_on IS NULL ORDER BY g.id" LIMIT_MOST;

static const column link_columns[] = {
    { "name",          TEXT,   NULL,            "students.name" },
    { "relation",      CODE,   "code.relation", "students.relation" },
    { "relation_text", TEXT,   NULL,            "copy.relation_text" },
    { "phone",         SECRET, "phone",         "students.phone" },
    { "id_number",     SECRET, "id",            "students.id_number" },
    { "created_at",    TIME,   NULL,            "copy.created_at" },
    { NULL, TEXT, NULL, NULL }
};

static const char sql_sessions[] =
    "SELECT n.created_at, n.expires_at, n.address, n.agent FROM session n WHERE n.account_id = ? ORDER BY n.created_at DESC" LIMIT_MOST;

static const column session_columns[] = {
    { "created_at", TIME, NULL, "copy.signed_in_at" },
    { "expires_at", TIME, NULL, "copy.expires_at" },
    { "address",    TEXT, NULL, "copy.network" },
    { "agent",      TEXT, NULL, "copy.browser" },
    { NULL, TEXT, NULL, NULL }
};

static const char sql_leave[] =
    "SELECT CAST(l.id AS CHAR), l.state, l.kind, l.starts_on, l.starts_period, l.ends_on, l.ends_period, l.reason, l.channel, l.submitted_at,"
    " l.requested_by, l.proxy_reason, l.route, l.decided_by, l.back_on, l.back_period, l.returned_at, l.needs_paper"
    " FROM leave_request l WHERE" HANDED_IN " ORDER BY l.ends_on DESC, l.id DESC" LIMIT_MOST;

static const column leave_columns[] = {
    { "id",            TEXT, NULL,                   "copy.leave" },
    { "state",         CODE, "leave-requests.state", "leave-requests.state" },
    { "kind",          CODE, "code.leave_kind",      "leave-requests.kind" },
    { "starts_on",     DAY,  NULL,                   "leave-requests.starts_on" },
    { "starts_period", INT,  NULL,                   "leave-requests.starts_period" },
    { "ends_on",       DAY,  NULL,                   "leave-requests.ends_on" },
    { "ends_period",   INT,  NULL,                   "leave-requests.ends_period" },
    { "reason",        TEXT, NULL,                   "leave-requests.reason" },
    { "channel",       CODE, "code.leave_channel",   "leave-requests.channel" },
    { "submitted_at",  TIME, NULL,                   "leave-requests.submitted_at" },
    { "requested_by",  TEXT, NULL,                   "leave-requests.requested_by" },
    { "proxy_reason",  TEXT, NULL,                   "leave-requests.proxy_reason" },
    { "route",         CODE, "code.leave_route",     "copy.route" },
    { "decided_by",    TEXT, NULL,                   "leave-requests.decided_by" },
    { "back_on",       DAY,  NULL,                   "leave-requests.back_on" },
    { "back_period",   INT,  NULL,                   "leave-requests.back_period" },
    { "returned_at",   TIME, NULL,                   "leave-requests.returned_at" },
    { "needs_paper",   BOOL, NULL,                   "leave-requests.needs_paper" },
    { NULL, TEXT, NULL, NULL }
};

static const char sql_history[] =
    "SELECT CAST(l.id AS CHAR), h.at, h.action, h.from_state, h.to_state, h.actor, h.role, h.comment FROM leave_request l"
    " JOIN history h ON h.record = 'leave-requests' AND h.record_id = l.id WHERE" HANDED_IN " ORDER BY h.id DESC" LIMIT_MOST;

static const column history_columns[] = {
    { "leave_id",   TEXT, NULL,                    "copy.leave" },
    { "at",         TIME, NULL,                    "copy.at" },
    { "action",     CODE, "leave-requests.action", "copy.action" },
    { "from",       CODE, "leave-requests.state",  "copy.from" },
    { "to",         CODE, "leave-requests.state",  "copy.to" },
    { "actor",      TEXT, NULL,                    "copy.actor" },
    { "role",       CODE, "role",                  "copy.role" },
    { "comment",    TEXT, NULL,                    "leave-requests.comment" },
    { NULL, TEXT, NULL, NULL }
};

/* A file has no name of its own: what it is, how large it is, when it was brought. */
static const char sql_files[] =
    "SELECT CAST(l.id AS CHAR), CAST(a.id AS CHAR), a.media_type, a.size, a.created_at, a.struck_at, a.struck_reason FROM leave_request l"
    " JOIN attachment a ON a.record = 'leave-requests' AND a.record_id = l.id WHERE" HANDED_IN " ORDER BY a.id DESC" LIMIT_MOST;

static const column file_columns[] = {
    { "leave_id",      TEXT, NULL, "copy.leave" },
    { "id",            TEXT, NULL, "copy.file" },
    { "media_type",    TEXT, NULL, "copy.media_type" },
    { "size",          INT,  NULL, "copy.size" },
    { "created_at",    TIME, NULL, "copy.created_at" },
    { "struck_at",     TIME, NULL, "copy.struck_at" },
    { "struck_reason", TEXT, NULL, "copy.struck_reason" },
    { NULL, TEXT, NULL, NULL }
};

/* Papers made for the family; reports between offices are not. */
static const char sql_documents[] =
    "SELECT d.number, d.title, d.issuer, d.issued_at, d.voided_at FROM document d WHERE d.student_id = ?"
    " AND d.kind IN ('leave.slip', 'dropout.notice', 'dropout.order') ORDER BY d.id DESC" LIMIT_MOST;

static const column document_columns[] = {
    { "number",    TEXT, NULL, "copy.number" },
    { "title",     TEXT, NULL, "copy.paper" },
    { "issuer",    TEXT, NULL, "copy.issuer" },
    { "issued_at", TIME, NULL, "copy.issued_at" },
    { "voided_at", TIME, NULL, "copy.voided_at" },
    { NULL, TEXT, NULL, NULL }
};

/* Without the note, which is in somebody's own words. */
static const char sql_marks[] =
    "SELECT m.day, ELT(m.kind + 1, 'present', 'late', 'left_early', 'absent', 'leave', 'sent') AS kind, m.first_period, m.last_period,"
    " IF(m.minute IS NULL, NULL, CONCAT(LPAD(m.minute DIV 60, 2, '0'), ':', LPAD(m.minute MOD 60, 2, '0'))) AS clock, m.reason,"
    " m.supersedes IS NOT NULL AS corrects, m.saved_at FROM attendance_mark m WHERE m.student_id = ? ORDER BY m.day DESC, m.id DESC" LIMIT_MOST;

static const column mark_columns[] = {
    { "day",          DAY,  NULL,                   "copy.day" },
    { "kind",         CODE, "code.attendance_kind", "copy.mark" },
    { "first_period", INT,  NULL,                   "leave-requests.starts_period" },
    { "last_period",  INT,  NULL,                   "leave-requests.ends_period" },
    { "clock",        TEXT, NULL,                   "contacts.clock" },
    { "reason",       CODE, "code.absence_reason",  "contacts.reason" },
    { "corrects",     BOOL, NULL,                   "copy.corrects" },
    { "saved_at",     TIME, NULL,                   "copy.created_at" },
    { NULL, TEXT, NULL, NULL }
};

/* That somebody called, not who said what. */
static const char sql_contacts[] =
    "SELECT k.happened_on, k.clock, k.channel, k.reached, k.made_by FROM contact k WHERE k.student_id = ? ORDER BY k.at DESC, k.id DESC" LIMIT_MOST;

static const column contact_columns[] = {
    { "happened_on", DAY,  NULL,                   "contacts.happened_on" },
    { "clock",       TEXT, NULL,                   "contacts.clock" },
    { "channel",     CODE, "code.contact_channel", "contacts.channel" },
    { "reached",     BOOL, NULL,                   "contacts.reached" },
    { "made_by",     TEXT, NULL,                   "contacts.made_by" },
    { NULL, TEXT, NULL, NULL }
};

/* Visits that are part of the work on a case are the case's. */
static const char sql_visits[] =
    "SELECT v.happened_on, v.clock, v.kind, v.way, v.made_by FROM home_visit v WHERE v.student_id = ?"
    " AND v.kind IN ('absence', 'general', 'focused', 'opening', 'no_show', 'comfort', 'follow_up')"
    " AND NOT EXISTS (SELECT 1 FROM persuasion q WHERE q.visit_id = v.id) ORDER BY v.at DESC, v.id DESC" LIMIT_MOST;

static const column visit_columns[] = {
    { "happened_on", DAY,  NULL,              "home-visits.happened_on" },
    { "clock",       TEXT, NULL,              "home-visits.clock" },
    { "kind",        CODE, "code.visit_kind", "home-visits.kind" },
    { "way",         CODE, "code.visit_way",  "home-visits.way" },
    { "made_by",     TEXT, NULL,              "home-visits.made_by" },
    { NULL, TEXT, NULL, NULL }
};

static const part parts[] = {
    { "child",          "copy.child",      OF_CHILD,   sql_child,      child_columns },
    { "enrolments",     "copy.enrolments", OF_CHILD,   sql_enrolments, enrolment_columns },
    { "guardian",       "copy.guardian",   OF_BOTH,    sql_links,      link_columns },
    { "account",        "copy.account",    OF_ACCOUNT, sql_account,    account_columns },
    { "sessions",       "copy.sessions",   OF_ACCOUNT, sql_sessions,   session_columns },
    { "leave-requests", "leave-requests",  OF_BOTH,    sql_leave,      leave_columns },
    { "history",        "copy.history",    OF_BOTH,    sql_history,    history_columns },
    { "files",          "copy.files",      OF_BOTH,    sql_files,      file_columns },
    { "documents",      "copy.documents",  OF_CHILD,   sql_documents,  document_columns },
    { "attendance",     "copy.marks",      OF_CHILD,   sql_marks,      mark_columns },
    { "contacts",       "contacts",        OF_CHILD,   sql_contacts,   contact_columns },
    { "home-visits",    "home-visits",     OF_CHILD,   sql_visits,     visit_columns },
    { NULL, NULL, OF_CHILD, NULL, NULL }
};

static const char *const left_out[] = {
    "copy.left_out.numbers", "copy.left_out.family", "copy.left_out.words", "copy.left_out.case", "copy.left_out.files", "copy.left_out.rest", NULL
};


static const char *
tr(bx_call *c, const char *key)
{
    return bx_tr(c->arena, c->lang, key, NULL);
}


/* ---- cells */

static json_t *
text_json(const char *s)
{
    return s == NULL ? json_null() : json_string(s);
}


static json_t *
code_json(bx_call *c, const char *of, const char *code)
{
    const char *key = bx_sprintf(c->arena, "%s.%s", of, code), *text = tr(c, key);

    return json_string(strcmp(text, key) == 0 ? code : text);           /* a code that nobody knows any more */
}


static json_t *
secret_json(bx_call *c, const char *kind, const bx_value *sealed)
{
    char *plain;

    return bx_unseal(c->arena, sealed, &plain) == BX_OK ? text_json(bx_mask(c->arena, kind, plain)) : json_null();
}


static json_t *
class_json(bx_call *c, const bx_rows *rows, size_t i, size_t first)
{
    const char *stage = bx_cell_text(rows, i, first + 1);

    return stage == NULL ? text_json(bx_cell_text(rows, i, first))
         : text_json(bx_class_label(c->arena, c->lang, stage, (int) bx_cell_int(rows, i, first + 2), (int) bx_cell_int(rows, i, first + 3),
                                    bx_date_of(c->now)));
}


/* The cell at `at`, in words; null for nothing. */
static json_t *
cell_json(bx_call *c, const column *col, const bx_rows *rows, size_t i, size_t at)
{
    const char *s = bx_cell_text(rows, i, at);

    if (bx_cell(rows, i, at)->kind == BX_V_NULL) {
        return json_null();
    }

    switch (col->type) {
    case INT:
        return json_integer(bx_cell_int(rows, i, at));
    case BOOL:
        return json_string(tr(c, bx_cell_int(rows, i, at) != 0 ? "field.yes" : "field.no"));
    case CODE:
        return s == NULL ? json_null() : code_json(c, col->of, s);
    case TIME:
        return s == NULL ? json_null() : json_string(bx_sprintf(c->arena, "%.16s", s));
    case SECRET:
        return secret_json(c, col->of, bx_cell(rows, i, at));
    case CLASS:
        return class_json(c, rows, i, at);
    case TEXT:
    case DAY:
        break;
    }

    return text_json(s);
}


/* ---- parts */

/* What each label stands for, by the name it has everywhere else. */
static json_t *
columns_json(bx_call *c, const part *p)
{
    json_t *o = json_object();

    for (const column *col = p->columns; col->name != NULL; col++) {
        json_object_set_new(o, col->name, json_string(tr(c, col->label)));
    }

    return o;
}


static json_t *
row_json(bx_call *c, const part *p, const bx_rows *rows, size_t i)
{
    json_t *o = json_object();
    size_t  at = 0;

    for (const column *col = p->columns; col->name != NULL; col++) {
        json_object_set_new(o, tr(c, col->label), cell_json(c, col, rows, i, at));
        at += col->type == CLASS ? 4 : 1;
    }

    return o;
}


static bx_rc
add_part(bx_call *c, const part *p, json_t *list, int64_t *taken)
{
    bx_value  both[] = { bx_int(c->path_id), bx_int(bx_call_account(c)) };
    bool      cut;
    bx_rows   rows;
    json_t   *items;

    if (bx_query(c, &rows, p->sql, p->of == OF_ACCOUNT ? both + 1 : both, p->of == OF_BOTH ? 2 : 1) != BX_OK) {
        return BX_FAIL;
    }

    cut = rows.nrows > MOST;
    items = json_array();
    for (size_t i = 0; i < rows.nrows && i < MOST; i++) {
        json_array_append_new(items, row_json(c, p, &rows, i));
    }

    *taken += (int64_t) json_array_size(items);
    json_array_append_new(list, json_pack("{s:s, s:s, s:o, s:b, s:o}", "name", p->name, "label", tr(c, p->label),
                                          "columns", columns_json(c, p), "cut", cut, "rows", items));
    return BX_OK;
}


/* ---- the copy */

static const char sql_own[] =
    "SELECT s.name, s.school_id FROM student s WHERE s.id = ? AND s.id IN"
    " (SELECT sg.student_id FROM student_guardian sg JOIN guardian g ON g.id = sg.guardian_id WHERE sg.ends_on IS NULL AND g.account_id = ?)";

/* A copy is work, and nobody needs it every minute. */
static bx_rc
count_copy(bx_call *c)
{
    bx_throttle  t = { .limit = TRIES, .window = WINDOW, .block = WINDOW };

    t.subject = bx_throttle_subject(c, "copy", bx_sprintf(c->arena, "%" PRId64, bx_call_account(c)), NULL);
    if (bx_throttle_count(c, &t) != BX_OK) {
        return BX_FAIL;
    }

    return t.wait == 0 ? BX_OK : bx_throttle_refuse(c, t.wait);
}


static json_t *
left_out_json(bx_call *c)
{
    json_t *list = json_array();

    for (const char *const *key = left_out; *key != NULL; key++) {
        json_array_append_new(list, json_string(tr(c, *key)));
    }

    return list;
}


static bx_rc
answer_file(bx_call *c, const json_t *copy, const char *child)
{
    const char *day = bx_date_text(c->arena, bx_date_of(c->now));
    char       *text = bx_json_text(c->arena, copy, JSON_INDENT(2));

    if (text == NULL) {
        return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
    }

    bx_export_headers(c, bx_sprintf(c->arena, "%s-%s-%s.json", child, tr(c, "copy.name"), day), bx_sprintf(c->arena, "copy-%s.json", day));
    return bx_answer_bytes(c, 200, "application/json", text, strlen(text));
}


bx_rc
bx_people_copy(bx_call *c)
{
    bx_rows      own;
    int64_t      taken = 0;
    json_t      *list = json_array(), *copy, *changes;
    const char  *child;

    (void) bx_own(c->arena, list);
    if (bx_query(c, &own, sql_own, BX_ARGS(bx_int(c->path_id), bx_int(bx_call_account(c)))) != BX_OK) {
        return BX_FAIL;
    }
    if (own.nrows != 1) {
        return bx_refuse(c, BX_E_NOT_FOUND, NULL, NULL, NULL);
    }
    if (count_copy(c) != BX_OK) {
        return BX_FAIL;
    }

    for (const part *p = parts; p->name != NULL; p++) {
        if (add_part(c, p, list, &taken) != BX_OK) {
            return BX_FAIL;
        }
    }

    child = bx_cell_text(&own, 0, 0);
    copy = bx_own(c->arena, json_pack("{s:s, s:s, s:s, s:s?, s:s, s:O, s:o}",
        "title", bx_tr(c->arena, c->lang, "copy.title", bx_own(c->arena, json_pack("{s:s}", "name", child))), "child", child,
        "made_at", bx_time_iso(c->arena, c->now), "made_for", bx_call_actor(c), "note", tr(c, "copy.note"), "parts", list,
        "left_out", left_out_json(c)));
    if (copy == NULL) {
        return bx_refuse(c, BX_E_MEMORY, NULL, NULL, NULL);
    }

    /* first the line in the chain, then the copy */
    changes = bx_own(c->arena, json_pack("{s:s, s:I}", "format", "json", "rows", (json_int_t) taken));
    if (bx_commit(c, bx_cell_int(&own, 0, 1), "export", "students", c->path_id, changes) != BX_OK) {
        return BX_FAIL;
    }

    return answer_file(c, copy, child);
}
