/* scholarship.c: applications for a scholarship or a grant: an example of a workflow outside the tree (docs/plugins.md).
 * Built against baoxue.h alone; the server loads it with baoxue_load_plugin.
 *
 * The class teacher applies for a child, the academic office endorses, the principal grants an amount, which goes into the
 * list of payments. Below, first what happens (hooks), then what there is (tables). */

#include <string.h>

#include "baoxue.h"

/* ---- hooks: a transition's own checks and writes. They read r, refuse, set fields and queue writes; they never commit. */

/* The academic office has to endorse it: a task, due after so many days, that ends when the application moves on. */
static bx_rc
open_task(bx_call *c, bx_record *r)
{
    bx_arena *a = bx_call_arena(c);
    int64_t   days;
    bx_task   t = {
        .kind = "scholarship.endorse", .key = bx_sprintf(a, "%lld", (long long) bx_rec_id(r)), .student = bx_rec_student(r),
        .class_id = bx_rec_class(r), .school = bx_rec_school(r), .record = "scholarships", .record_id = bx_rec_id(r),
        .trigger = bx_call_now(c), .params = bx_own(a, json_pack("{s:I}", "amount", (json_int_t) bx_rec_int(r, "amount")))
    };

    if (bx_rule_int(c, "scholarship.endorse_days", bx_rec_school(r), &days) != BX_OK) {
        return BX_FAIL;
    }
    t.nominal = bx_time_at(bx_date_of(bx_call_now(c)) + (bx_date) days, 24 * 60);
    return bx_task_open(c, &t);
}


/* how: "done", or "withdrawn" because … */
static bx_rc
close_task(bx_call *c, const bx_record *r, const char *how, const char *reason)
{
    return bx_task_close(c, "scholarship.endorse", bx_sprintf(bx_call_arena(c), "%lld", (long long) bx_rec_id(r)), how, reason,
                         "scholarships", bx_rec_id(r));
}


/* Not more than the school's rule allows, and not a second application of the kind while one is open. */
static bx_rc
apply(bx_call *c, bx_record *r)
{
    int64_t  max;
    bx_rows  rows;

    if (bx_rule_int(c, "scholarship.max_amount", bx_rec_school(r), &max) != BX_OK) {
        return BX_FAIL;
    }
    if (bx_rec_int(r, "amount") > max) {
        return bx_refuse(c, BX_E_INVALID, "amount", "scholarship_max", json_pack("{s:I}", "max", (json_int_t) max));
    }

    if (bx_query(c, &rows, "SELECT id AS id FROM scholarship WHERE student_id = ? AND kind = ? AND open = 1 AND id <> ?",
                 BX_ARGS(bx_int(bx_rec_student(r)), bx_text(bx_rec_text(r, "kind")), bx_int(bx_rec_id(r)))) != BX_OK)
    {
        return BX_FAIL;
    }
    if (rows.nrows > 0) {
        return bx_refuse(c, BX_E_INVALID, "kind", "scholarship_open", NULL);
    }

    /* two people at once: the unique key on (student_id, kind, open) lets only one of them through */
    bx_set_int(r, "open", 1);
    bx_set_time(r, "applied_at", bx_call_now(c));
    return open_task(c, r);
}


static bx_rc
endorse(bx_call *c, bx_record *r)
{
    return close_task(c, r, "done", NULL);
}


/* Whoever closes an application is remembered, and it makes room for another of its kind. */
static bx_rc
close_it(bx_call *c, bx_record *r)
{
    if (bx_call_actor(c) != NULL && strcmp(bx_rec_state(r), "draft") != 0) {
        bx_set_text(r, "decided_by", bx_call_actor(c));
    }
    bx_set_text(r, "open", NULL);
    return close_task(c, r, "done", NULL);    /* only one that waits is closed */
}


static bx_rc
withdraw(bx_call *c, bx_record *r)
{
    return close_task(c, r, "withdrawn", "cancelled") == BX_OK ? close_it(c, r) : BX_FAIL;
}


static bx_rc
grant(bx_call *c, bx_record *r)
{
    static const char  sql_pay[] =
        "INSERT INTO scholarship_payment (id, scholarship_id, school_id, amount, due_on) VALUES (?, ?, ?, ?, ?)";
    int64_t            granted = bx_rec_int(r, "granted"), amount = bx_rec_int(r, "amount");
    bx_arena          *a = bx_call_arena(c);
    bx_notice          n = { .kind = "scholarship.granted", .guardians_of = bx_rec_student(r) };

    if (granted > amount) {
        return bx_refuse(c, BX_E_INVALID, "granted", "scholarship_more", json_pack("{s:I}", "amount", (json_int_t) amount));
    }
    if (bx_queue(c, 1, sql_pay,
                 BX_ARGS(bx_int(bx_id_new()), bx_int(bx_rec_id(r)), bx_int(bx_rec_school(r)), bx_int(granted),
                         bx_text(bx_date_text(bx_call_arena(c), bx_date_of(bx_call_now(c)) + 14)))) != BX_OK)
    {
        return BX_FAIL;
    }

    n.key = bx_sprintf(a, "%lld", (long long) bx_rec_id(r));
    n.params = bx_own(a, json_pack("{s:s, s:s, s:I}", "id", n.key, "student", bx_rec_student_name(r), "granted", (json_int_t) granted));
    return bx_notice_send(c, &n) == BX_OK ? close_it(c, r) : BX_FAIL;
}


/* ---- fields */

static const bx_code kinds[] = { { "merit" }, { "hardship" }, { "contest" }, BX_END };

static const bx_code sources[] = { { "state" }, { "donation" }, BX_END };

static const bx_code_list code_lists[] = {
    { .name = "scholarship_kind", .codes = kinds }, { .name = "scholarship_source", .codes = sources }, BX_END
};

static const bx_field fields[] = {
    { .name = "student_id",  .type = BX_REF,   .flags = BX_REQUIRED | BX_FIXED, .arg = "students" },
    { .name = "kind",        .type = BX_CODE,  .flags = BX_REQUIRED | BX_IN_LIST | BX_FILTER, .arg = "scholarship_kind" },
    { .name = "amount",      .type = BX_INT,   .flags = BX_REQUIRED | BX_IN_LIST, .min = 50, .max = 20000 },
    { .name = "reason",      .type = BX_TEXT,  .flags = BX_REQUIRED, .min = 2, .max = 500 },
    { .name = "certificate", .type = BX_FILES, .max = 3 },
    { .name = "granted",     .type = BX_INT,   .flags = BX_BY_HOOK | BX_IN_LIST },
    { .name = "applied_at",  .type = BX_TIME,  .flags = BX_BY_HOOK },
    { .name = "decided_by",  .type = BX_TEXT,  .flags = BX_BY_HOOK },
    { .name = "open",        .type = BX_INT,   .flags = BX_BY_HOOK | BX_NO_JSON },
    BX_END
};

static const bx_field note_fields[] = {
    { .name = "comment", .type = BX_TEXT, .max = 200 },
    BX_END
};

static const bx_field grant_fields[] = {
    { .name = "granted", .type = BX_INT,  .flags = BX_REQUIRED, .min = 50, .max = 20000 },
    { .name = "comment", .type = BX_TEXT, .max = 200 },
    BX_END
};

static const bx_field refuse_fields[] = {
    { .name = "comment", .type = BX_TEXT, .flags = BX_REQUIRED, .min = 2, .max = 200 },
    BX_END
};

/* ---- states, and who may go from one to the other */

static const bx_state states[] = {
    { .name = "draft",     .tone = "draft" },
    { .name = "applied",   .tone = "wait" },
    { .name = "endorsed",  .tone = "info" },
    { .name = "granted",   .tone = "ok",   .flags = BX_TERMINAL },
    { .name = "refused",   .tone = "no",   .flags = BX_TERMINAL },
    { .name = "withdrawn", .tone = "none", .flags = BX_TERMINAL },
    BX_END
};

#define DECISION  (BX_DECIDES | BX_NOT_OWN_CHILD)

static const bx_transition transitions[] = {
    { .action = "save",     .from = BX_NEW,     .to = "draft",    .capability = "scholarship.apply" },
    { .action = "apply",    .from = BX_NEW,     .to = "applied",  .capability = "scholarship.apply",   .hook = apply },
    { .action = "apply",    .from = "draft",    .to = "applied",  .capability = "scholarship.apply",   .hook = apply },
    { .action = "endorse",  .from = "applied",  .to = "endorsed", .capability = "scholarship.endorse", .takes = note_fields,
      .hook = endorse, .flags = DECISION },
    { .action = "grant",    .from = "endorsed", .to = "granted",  .capability = "scholarship.grant",   .takes = grant_fields,
      .hook = grant, .flags = DECISION },
    { .action = "refuse",   .from = "applied",  .to = "refused",  .capability = "scholarship.endorse", .takes = refuse_fields,
      .hook = close_it, .flags = DECISION | BX_MAKES_RELEASE },
    { .action = "refuse",   .from = "endorsed", .to = "refused",  .capability = "scholarship.grant",   .takes = refuse_fields,
      .hook = close_it, .flags = DECISION | BX_MAKES_RELEASE },
    { .action = "withdraw", .from = "draft applied endorsed", .to = "withdrawn", .capability = "scholarship.apply",
      .takes = note_fields, .hook = withdraw, .flags = BX_MAKES_RELEASE },
    { .action = "lapse",    .from = "draft",    .to = "withdrawn", .flags = BX_BY_JOB },
    BX_END
};

static const bx_view views[] = {
    { .name = "open", .where = "t.state IN ('applied', 'endorsed')" },
    { .name = "decided", .where = "t.state IN ('granted', 'refused')" },
    BX_END
};

/* ---- what belongs to a school, and what hangs on a unit: the engine asks where a new one belongs (school_id, unit_id) */

static const bx_field fund_fields[] = {
    { .name = "name",   .type = BX_TEXT, .flags = BX_REQUIRED | BX_IN_LIST | BX_SEARCH, .min = 2, .max = 60 },
    { .name = "source", .type = BX_CODE, .flags = BX_REQUIRED | BX_IN_LIST | BX_FILTER, .arg = "scholarship_source" },
    { .name = "amount", .type = BX_INT,  .flags = BX_REQUIRED | BX_IN_LIST, .min = 1, .max = 10000000 },
    BX_END
};

static const bx_field quota_fields[] = {
    { .name = "year",   .type = BX_INT, .flags = BX_REQUIRED | BX_FIXED | BX_IN_LIST, .min = 2000, .max = 2100 },
    { .name = "places", .type = BX_INT, .flags = BX_REQUIRED | BX_IN_LIST, .min = 1, .max = 5000 },
    BX_END
};

static const bx_state quota_states[] = {
    { .name = "proposed", .tone = "wait" },
    { .name = "fixed",    .tone = "ok", .flags = BX_TERMINAL },
    BX_END
};

static const bx_transition quota_transitions[] = {
    { .action = "propose", .from = BX_NEW,     .to = "proposed", .capability = "scholarship.quota" },
    { .action = "fix",     .from = "proposed", .to = "fixed",    .capability = "scholarship.quota_fix", .flags = BX_DECIDES },
    BX_END
};

static const bx_record_def records[] = {
    { .name = "scholarships", .table = "scholarship", .scope = BX_SCOPE_STUDENT, .fields = fields, .states = states,
      .transitions = transitions, .views = views, .read = "scholarship.read", .edit = "scholarship.apply", .editable = "draft",
      .private_states = "draft" },
    { .name = "scholarship-funds", .table = "scholarship_fund", .scope = BX_SCOPE_SCHOOL, .fields = fund_fields,
      .read = "scholarship.funds", .create = "scholarship.fund", .edit = "scholarship.fund" },
    { .name = "scholarship-quotas", .table = "scholarship_quota", .scope = BX_SCOPE_UNIT, .fields = quota_fields,
      .states = quota_states, .transitions = quota_transitions, .read = "scholarship.quotas" },
    BX_END
};

/* ---- what is printed: the notice that the principal signs, with a stub that the family signs and the school keeps */

/* Amount and day of the payment are not the application's own fields. The same row gives the same values. */
static bx_rc
fill_notice(bx_call *c, const bx_record *r, json_t *values)
{
    bx_rows  rows;

    if (bx_query(c, &rows, "SELECT amount AS amount, due_on AS due_on FROM scholarship_payment WHERE scholarship_id = ?",
                 BX_ARGS(bx_int(bx_rec_id(r)))) != BX_OK)
    {
        return BX_FAIL;
    }
    if (rows.nrows > 0) {
        json_object_set_new(values, "due", json_string(bx_cell_text(&rows, 0, 1)));
        json_object_set_new(values, "payments", json_pack("{s:[s, s], s:[[s, s]]}", "columns", "金额（元）", "发放日期", "rows",
            bx_sprintf(bx_call_arena(c), "%d", (int) bx_cell_int(&rows, 0, 0)), bx_cell_text(&rows, 0, 1)));
    }

    return BX_OK;
}

static const bx_part notice_parts[] = {
    { .type = BX_PART_LINE,  .of = "to" },
    { .type = BX_PART_TEXT,  .of = "body thanks" },
    { .type = BX_PART_TABLE, .of = "payments", .title = "payment" },
    { .type = BX_PART_SEAL },
    { .type = BX_PART_CUT,   .of = "stub" },
    { .type = BX_PART_FORM,  .of = "student_name class_name kind | granted decided_by | _received:2 _signed" },
    { .type = BX_PART_SIGN,  .of = "family teacher" },
    BX_END
};

static const bx_document documents[] = {
    { .name = "scholarship.notice", .record = "scholarships", .code = "JXJ", .size = BX_PAPER_A4, .capability = "scholarship.read",
      .states = "granted", .parts = notice_parts, .fill = fill_notice },
    BX_END
};

/* ---- rules, jobs, a route, who gets what, the menu */

static const bx_rule rules[] = {
    { .key = "scholarship.max_amount", .type = BX_RULE_INT, .def = 1000, .min = 50, .max = 20000, .unit = "yuan",
      .source = "an example: put the document of your county here" },
    { .key = "scholarship.draft_days", .type = BX_RULE_INT, .def = 30, .min = 1, .max = 366, .unit = "calendar_day",
      .source = "an example" },
    { .key = "scholarship.endorse_days", .type = BX_RULE_INT, .def = 2, .min = 0, .max = 60, .unit = "calendar_day",
      .source = "an example" },
    BX_END
};

/* Drafts that nobody has touched for so long are withdrawn. The rule is the root's: a job knows no school. */
static bx_rc
clock_run(bx_call *c)
{
    int64_t      days;
    unsigned     moved;
    const char  *before;

    if (bx_rule_int(c, "scholarship.draft_days", 0, &days) != BX_OK) {
        return BX_FAIL;
    }

    before = bx_time_sql(bx_call_arena(c), bx_call_now(c) - days * 24 * 3600);
    return bx_sweep(c, &records[0], "lapse", "t.updated_at < ?", BX_ARGS(bx_text(before)), &moved);
}

static const bx_job jobs[] = {
    { .name = "scholarship.clock", .every = 3600, .run = clock_run },
    BX_END
};

/* GET scholarships/summary: what was asked for and granted, of the children the caller may see. */
static bx_rc
summary(bx_call *c)
{
    bx_buf    sql;
    bx_rows   rows;
    bx_value  args[64];
    size_t    n = 0;

    bx_buf_init(&sql, bx_call_arena(c));
    bx_buf_str(&sql, "SELECT COUNT(*) AS n, COALESCE(SUM(t.amount), 0) AS asked, COALESCE(SUM(t.granted), 0) AS granted"
                     " FROM scholarship t WHERE t.state <> 'draft' AND ");
    if (bx_scope_where(c, BX_SCOPE_STUDENT, "t", "scholarship.read", &sql, args, &n, 64) != BX_OK
        || bx_query(c, &rows, sql.data, args, n) != BX_OK)
    {
        return BX_FAIL;
    }

    return bx_answer(c, 200, json_pack("{s:I, s:I, s:I}", "applications", (json_int_t) bx_cell_int(&rows, 0, 0),
                                       "asked", (json_int_t) bx_cell_int(&rows, 0, 1),
                                       "granted", (json_int_t) bx_cell_int(&rows, 0, 2)));
}

static const bx_route routes[] = {
    { .method = "GET", .path = "scholarships/summary", .capability = "scholarship.read", .handler = summary,
      .summary = "How much was asked for and granted" },
    BX_END
};

static const bx_grant grants[] = {
    { .role = "teacher",   .capabilities = "scholarship.read scholarship.apply scholarship.quotas scholarship.quota" },
    { .role = "office",    .capabilities = "scholarship.read scholarship.endorse scholarship.funds scholarship.fund" },
    { .role = "principal", .capabilities = "scholarship.read scholarship.grant scholarship.funds scholarship.quotas"
                                           " scholarship.quota scholarship.quota_fix" },
    { .role = "township",  .capabilities = "scholarship.funds scholarship.fund" },
    { .role = "county",    .capabilities = "scholarship.funds scholarship.fund scholarship.quotas scholarship.quota scholarship.quota_fix" },
    { .role = "guardian",  .capabilities = "scholarship.read" },
    BX_END
};

static const bx_menu menu[] = {
    { .key = "scholarships", .href = "#/scholarships", .icon = "stamp", .capability = "scholarship.read" },
    { .key = "scholarship-funds", .href = "#/scholarship-funds", .icon = "box", .capability = "scholarship.funds" },
    { .key = "scholarship-quotas", .href = "#/scholarship-quotas", .icon = "list", .capability = "scholarship.quotas" },
    BX_END
};

/* ---- what somebody must do, what somebody should know */

static const bx_task_kind tasks[] = {
    { .kind = "scholarship.endorse", .role = "office", .record = "scholarships", .href = "#/scholarships/{record_id}",
      .rule = "scholarship.endorse_days", .flags = BX_TASK_EXCUSABLE },
    BX_END
};

static const bx_notice_kind notices[] = {
    { .kind = "scholarship.granted", .href = "#/scholarships/{id}" },
    BX_END
};

BX_PLUGIN_EXPORT = {
    .abi = BX_PLUGIN_ABI, .name = "scholarship", .records = records, .rules = rules, .routes = routes, .jobs = jobs,
    .codes = code_lists, .grants = grants, .menu = menu, .tasks = tasks, .documents = documents, .notices = notices
};
