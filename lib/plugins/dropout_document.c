/* dropout_document.c: the papers of a case: report form (R5, R6), return notice and order with their proof of service (R8), refusal
 * record (R13), return report (R9), proof of service as it was recorded, roster (R5), and the cover of the case file. Owns their values and layout;
 * numbers, QR and keeping are the documents' own. A school prints no notice: who issues it is the bureau or the township. */

#include "flow/flow.h"
#include "plugins/dropout.h"

#include <inttypes.h>
#include <string.h>


static void
set(json_t *values, const char *name, const char *text)
{
    json_object_set_new(values, name, json_string(text == NULL ? "" : text));
}


static const char *
say(bx_call *c, const char *key)
{
    return bx_tr(bx_call_arena(c), bx_call_lang(c), key, NULL);
}


static const char *
day_text(bx_call *c, bx_date day)
{
    bx_civil  t = bx_civil_of_date(day);

    return day == BX_NO_DATE ? "" : bx_sprintf(bx_call_arena(c), "%d年%d月%d日", t.year, t.month, t.day);
}


static void
set_day(bx_call *c, const bx_record *r, json_t *values, const char *name)
{
    set(values, name, day_text(c, bx_rec_date(r, name)));
}


/* The day of an instant; 24:00 is of the day that ends. */
static void
set_instant(bx_call *c, const bx_record *r, json_t *values, const char *name)
{
    bx_time  t = bx_rec_time(r, name);

    set(values, name, t == BX_NO_TIME ? "" : day_text(c, bx_date_of(t - 1)));
}


/* Sex, birth, masked numbers, and the first guardian. */
static bx_rc
set_child(bx_call *c, const bx_record *r, json_t *values)
{
    static const char  sql[] =
        "SELECT s.sex, s.birth_on, s.id_number, s.enrolment_no, g.name, sg.relation, sg.relation_text, g.phone FROM student s"
        " LEFT JOIN student_guardian sg ON sg.student_id = s.id AND sg.ends_on IS NULL LEFT JOIN guardian g ON g.id = sg.guardian_id"
        " WHERE s.id = ? ORDER BY sg.ordinal, g.id LIMIT 1";
    static const struct { const char *name, *kind; int column; }  secrets[] = {
        { "id_number", "id", 2 }, { "enrolment_no", "id", 3 }, { "phone", "phone", 7 }
    };
    bx_arena          *a = bx_call_arena(c);
    const char        *relation;
    bx_rows            rows;

    if (bx_query(c, &rows, sql, BX_ARGS(bx_int(bx_rec_student(r)))) != BX_OK) {
        return BX_FAIL;
    }
    if (rows.nrows == 0) {
        return BX_OK;
    }

    set(values, "sex", say(c, bx_sprintf(a, "code.sex.%s", bx_cell_text(&rows, 0, 0))));
    set(values, "birth_on", day_text(c, bx_date_parse(bx_cell_text(&rows, 0, 1))));
    for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++) {
        char *plain;

        set(values, secrets[i].name, "");
        if (bx_cell(&rows, 0, (size_t) secrets[i].column)->kind != BX_V_NULL
            && bx_unseal(a, bx_cell(&rows, 0, (size_t) secrets[i].column), &plain) == BX_OK)
        {
            set(values, secrets[i].name, bx_mask(a, secrets[i].kind, plain));
        }
    }

    relation = bx_cell_text(&rows, 0, 6) != NULL ? bx_cell_text(&rows, 0, 6) : bx_cell_text(&rows, 0, 5) == NULL ? NULL
             : say(c, bx_sprintf(a, "code.relation.%s", bx_cell_text(&rows, 0, 5)));
    set(values, "guardian", bx_cell_text(&rows, 0, 4) == NULL ? ""
        : bx_sprintf(a, relation == NULL ? "%s" : "%s（%s）", bx_cell_text(&rows, 0, 4), relation));
    return BX_OK;
}


/* The attempts of a case up to a day as a table, and how many there were. */
static bx_rc
set_attempts(bx_call *c, bx_id id, const char *until, json_t *values)
{
    static const char *const  columns[] = { "attempt_no", "made_on", "way", "people", "with_whom", "outcome", "effect" };
    bx_arena                 *a = bx_call_arena(c);
    bx_rows                   rows;
    json_t                   *heads = json_array(), *lines = json_array();

    json_object_set_new(values, "attempts_table", json_pack("{s:o, s:o}", "columns", heads, "rows", lines));
    if (bx_query(c, &rows, "SELECT attempt_no, made_on, way, people, with_whom, outcome, effect FROM persuasion WHERE case_id = ?"
                 " AND made_on <= ? ORDER BY attempt_no LIMIT 200", BX_ARGS(bx_int(id), bx_text(until))) != BX_OK)
    {
        return BX_FAIL;
    }

    for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
        json_array_append_new(heads, json_string(say(c, bx_sprintf(a, "persuasions.%s", columns[i]))));
    }
    for (size_t i = 0; i < rows.nrows; i++) {
        json_array_append_new(lines, json_pack("[s, s, s, s, s, s, s]",
            bx_sprintf(a, "%d", (int) bx_cell_int(&rows, i, 0)), day_text(c, bx_date_parse(bx_cell_text(&rows, i, 1))),
            say(c, bx_sprintf(a, "code.persuasion_way.%s", bx_cell_text(&rows, i, 2))), bx_cell_text(&rows, i, 3), bx_cell_text(&rows, i, 4),
            say(c, bx_sprintf(a, "code.persuasion_outcome.%s", bx_cell_text(&rows, i, 5))), bx_cell_text(&rows, i, 6)));
    }

    set(values, "attempts", bx_sprintf(a, "%zu", rows.nrows));
    return BX_OK;
}


static bx_rc
fill_report(bx_call *c, const bx_record *r, json_t *values)
{
    set_day(c, r, values, "discovered_on");
    return set_child(c, r, values) == BX_OK ? set_attempts(c, bx_rec_id(r), "9999-12-31", values) : BX_FAIL;
}


/* What lies in the case file, by kind and number. */
static bx_rc
fill_cover(bx_call *c, const bx_record *r, json_t *values)
{
    static const struct { const char *label, *sql; }  kinds[] = {
        { "form",       "SELECT COUNT(*) FROM dropout_step WHERE case_id = ? AND step = 'form' AND state = 'done'" },
        { "persuasions", "SELECT COUNT(*) FROM persuasion WHERE case_id = ?" },
        { "refusals",   "SELECT COUNT(*) FROM refusal WHERE case_id = ?" },
        { "notices",    "SELECT COUNT(*) FROM return_notice WHERE case_id = ?" },
        { "proofs",     "SELECT COUNT(*) FROM return_notice WHERE case_id = ? AND served_on IS NOT NULL" },
        { "trackings",  "SELECT COUNT(*) FROM tracking WHERE case_id = ?" },
        { "returns",    "SELECT COUNT(*) FROM return_report WHERE case_id = ?" },
        { "reviews",    "SELECT COUNT(*) FROM follow_up WHERE case_id = ? AND state = 'done'" },
    };
    bx_arena          *a = bx_call_arena(c);
    json_t            *lines = json_array();
    bx_rows            rows;
    int                no = 0;

    json_object_set_new(values, "contents", json_pack("{s:[s, s, s], s:o}", "columns", say(c, "document.dropout.cover.no"),
        say(c, "document.dropout.cover.what"), say(c, "document.dropout.cover.pieces"), "rows", lines));
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (bx_query(c, &rows, kinds[i].sql, BX_ARGS(bx_int(bx_rec_id(r)))) != BX_OK) {
            return BX_FAIL;
        }
        if (bx_cell_int(&rows, 0, 0) > 0) {
            json_array_append_new(lines, json_pack("[s, s, s]", bx_sprintf(a, "%d", ++no),
                say(c, bx_sprintf(a, "document.dropout.cover.%s", kinds[i].label)), bx_sprintf(a, "%d", (int) bx_cell_int(&rows, 0, 0))));
        }
    }

    set_day(c, r, values, "discovered_on");
    set_instant(c, r, values, "closed_at");
    return set_child(c, r, values);
}


/* A notice names the child, the facts, the law, and the deadline as it counts: from service. */
static bx_rc
fill_paper(bx_call *c, const bx_record *r, json_t *values, const char *kind)
{
    bx_rows  rows;
    bx_id    id = bx_rec_int(r, "case_id");

    if (strcmp(bx_rec_text(r, "kind"), kind) != 0) {
        return bx_refuse(c, BX_E_WRONG_STATE, "kind", "dropout.other_paper", NULL);
    }
    if (set_child(c, r, values) != BX_OK || set_attempts(c, id, bx_rec_text(r, "issued_on"), values) != BX_OK
        || bx_query(c, &rows, "SELECT discovered_on FROM dropout_case WHERE id = ?", BX_ARGS(bx_int(id))) != BX_OK)
    {
        return BX_FAIL;
    }

    set(values, "discovered_on", rows.nrows == 0 ? "" : day_text(c, bx_date_parse(bx_cell_text(&rows, 0, 0))));
    set(values, "days", bx_sprintf(bx_call_arena(c), "%" PRId64, bx_rec_int(r, "days")));
    return BX_OK;
}


static bx_rc
fill_notice(bx_call *c, const bx_record *r, json_t *values)
{
    set(values, "paper", say(c, "document.dropout.notice"));
    return fill_paper(c, r, values, "notice");
}


static bx_rc
fill_order(bx_call *c, const bx_record *r, json_t *values)
{
    set(values, "paper", say(c, "document.dropout.order"));
    return fill_paper(c, r, values, "order");
}


/* What was recorded of the service: by whom, how, and who signed, or who saw that it was refused. */
static bx_rc
fill_proof(bx_call *c, const bx_record *r, json_t *values)
{
    bool  order = strcmp(bx_rec_text(r, "kind"), "order") == 0;

    set(values, "paper", say(c, order ? "document.dropout.order" : "document.dropout.notice"));
    set_day(c, r, values, "issued_on");
    set_day(c, r, values, "served_on");
    set_instant(c, r, values, "return_by");
    return set_child(c, r, values);
}


static bx_rc
fill_refusal(bx_call *c, const bx_record *r, json_t *values)
{
    set_day(c, r, values, "refused_on");
    return set_child(c, r, values);
}


static bx_rc
fill_return(bx_call *c, const bx_record *r, json_t *values)
{
    set_day(c, r, values, "returned_on");
    set_instant(c, r, values, "reported_at");
    set_instant(c, r, values, "signed_at");
    return set_child(c, r, values);
}


/* ---- layouts */

#define PERSON  "student_name sex | birth_on id_number | school_name class_name | enrolment_no guardian | phone"

static const bx_part report_parts[] = {
    { BX_PART_FORM, PERSON " discovered_on | cause whereabouts | cause_text | whereabouts_text | measures | plan | review_text", NULL },
    { BX_PART_TABLE, "attempts_table", "attempts_title" },
    { BX_PART_SIGN, "teacher office principal", NULL },
    { BX_PART_SEAL, NULL, NULL },
    BX_END
};

static const bx_part notice_parts[] = {
    { BX_PART_LINE, "to", NULL },
    { BX_PART_TEXT, "facts law first second third", NULL },
    { BX_PART_SEAL, NULL, NULL },
    { BX_PART_CUT, "cut", NULL },
    { BX_PART_FORM, "paper | addressee _how | _when _where | _received _servers | _refused _witness", "proof" },
    BX_END
};

static const bx_part order_parts[] = {
    { BX_PART_LINE, "to", NULL },
    { BX_PART_TEXT, "facts law first second", NULL },
    { BX_PART_SEAL, NULL, NULL },
    { BX_PART_CUT, "cut", NULL },
    { BX_PART_FORM, "paper | addressee _how | _when _where | _received _servers | _refused _witness", "proof" },
    BX_END
};

static const bx_part proof_parts[] = {
    { BX_PART_FORM, "paper issuer_name | issued_on addressee | student_name class_name | served_on served_how | served_by:2 | receipt receiver | witness:2"
                    " | return_by:2 | _place:2", NULL },
    { BX_PART_TEXT, "words", NULL },
    { BX_PART_SIGN, "receiver_sign server_sign witness_sign", NULL },
    { BX_PART_SEAL, NULL, NULL },
    BX_END
};

static const bx_part roster_parts[] = {
    { BX_PART_FORM, "school_name as_of | children made_by", NULL },
    { BX_PART_TABLE, "lines", NULL },
    { BX_PART_SIGN, "office registrar principal", NULL },
    { BX_PART_SEAL, NULL, NULL },
    BX_END
};

static const bx_part refusal_parts[] = {
    { BX_PART_FORM, PERSON " refused_on | refused_by people | reason | receipt witness | _guardian_words", NULL },
    { BX_PART_SIGN, "guardian_sign teacher witness_sign", NULL },
    { BX_PART_SEAL, NULL, NULL },
    BX_END
};

static const bx_part return_parts[] = {
    { BX_PART_FORM, PERSON " returned_on | placed_in helper | brought_by reported_by | reported_at", NULL },
    { BX_PART_TEXT, "words", NULL },
    { BX_PART_SEAL, NULL, NULL },
    { BX_PART_FORM, "signed_by signed_at | _opinion", "township" },
    { BX_PART_SIGN, "receiver", NULL },
    BX_END
};

static const bx_part cover_parts[] = {
    { BX_PART_FORM, PERSON " discovered_on | state closed_at", NULL },
    { BX_PART_TABLE, "contents", "contents_title" },
    { BX_PART_SIGN, "keeper", NULL },
    BX_END
};

#define REPORTED  "reported correction confirmed noticed joint township observing follow_up closed not_dropout transferred relapsed"

const bx_document bx_dropout_documents[] = {
    { .name = "dropout.report", .record = "dropout-cases", .code = "CXB", .size = BX_PAPER_A4, .capability = "dropout.read",
      .states = "formal " REPORTED, .parts = report_parts, .fill = fill_report },
    { .name = "dropout.cover", .record = "dropout-cases", .code = "JZ", .size = BX_PAPER_A4, .capability = "dropout.read", .parts = cover_parts,
      .fill = fill_cover },
    { .name = "dropout.notice", .record = "return-notices", .code = "FX", .size = BX_PAPER_A4, .capability = "dropout.notice", .issuer = "=issuer_id",
      .parts = notice_parts, .fill = fill_notice },
    { .name = "dropout.order", .record = "return-notices", .code = "XQ", .size = BX_PAPER_A4, .capability = "dropout.order", .issuer = "=issuer_id",
      .parts = order_parts, .fill = fill_order },
    { .name = "dropout.proof", .record = "return-notices", .code = "SDHZ", .size = BX_PAPER_A4, .capability = "dropout.serve", .issuer = "=issuer_id",
      .states = "served met missed", .parts = proof_parts, .fill = fill_proof },
    { .name = "dropout.roster", .record = "dropout-rosters", .code = "CXHM", .size = BX_PAPER_A4, .capability = "dropout.roster",
      .parts = roster_parts, .fill = bx_dropout_roster_fill },
    { .name = "dropout.refusal", .record = "refusals", .code = "JF", .size = BX_PAPER_A4, .capability = "dropout.refusal",
      .parts = refusal_parts, .fill = fill_refusal },
    { .name = "dropout.return", .record = "return-reports", .code = "FXB", .size = BX_PAPER_A4, .capability = "dropout.read",
      .parts = return_parts, .fill = fill_return },
    BX_END
};
