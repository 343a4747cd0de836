/*
 * document.c: the register of documents: which papers were given out, and the routes that give them out, show them again, make them
 * void and tell whether one is genuine. What a document says is its workflow's; how it is made is lib/flow/document.h.
 */
#include "flow/document.h"

static const bx_field fields[] = {
    { .name = "student_id",  .type = BX_REF,  .flags = BX_REQUIRED | BX_FIXED, .arg = "students" },
    { .name = "number",      .type = BX_TEXT, .flags = BX_BY_HOOK | BX_IN_LIST | BX_SEARCH },
    { .name = "title",       .type = BX_TEXT, .flags = BX_BY_HOOK | BX_IN_LIST },
    { .name = "issuer",      .type = BX_TEXT, .flags = BX_BY_HOOK },
    { .name = "issued_at",   .type = BX_TIME, .flags = BX_BY_HOOK | BX_IN_LIST },
    { .name = "issued_by",   .type = BX_TEXT, .flags = BX_BY_HOOK | BX_IN_LIST },
    { .name = "voided_at",   .type = BX_TIME, .flags = BX_BY_HOOK | BX_IN_LIST },
    { .name = "voided_by",   .type = BX_TEXT, .flags = BX_BY_HOOK },
    { .name = "void_reason", .type = BX_TEXT, .flags = BX_BY_HOOK },
    BX_END
};

static const bx_field issue_fields[] = {
    { .name = "kind",      .type = BX_TEXT, .flags = BX_REQUIRED, .min = 1, .max = 48 },
    { .name = "record_id", .type = BX_TEXT, .flags = BX_REQUIRED, .min = 1, .max = 19, .pattern = "[1-9][0-9]*" },
    BX_END
};

static const bx_field void_fields[] = {
    { .name = "reason", .type = BX_TEXT, .flags = BX_REQUIRED, .min = 2, .max = 200 },
    BX_END
};

static const bx_view views[] = {
    { .name = "valid", .where = "t.voided_at IS NULL" },
    { .name = "void",  .where = "t.voided_at IS NOT NULL" },
    BX_END
};

static const bx_record_def records[] = {
    { .name = "documents", .table = "document", .scope = BX_SCOPE_STUDENT, .fields = fields, .views = views, .read = "document.read" },
    BX_END
};

static const bx_route routes[] = {
    { .method = "POST", .path = "documents", .handler = bx_document_issue, .flags = BX_ANY_USER | BX_SELF_KEYED, .takes = issue_fields,
      .summary = "Give out a document of a record: the number it has when it says the same, else the next" },
    { .method = "GET", .path = "documents/{id}/content", .handler = bx_document_read, .flags = BX_ANY_USER | BX_PERSONAL,
      .summary = "A document as it was printed, for whoever may print such a one; the read is logged" },
    { .method = "POST", .path = "documents/{id}/void", .capability = "document.void", .handler = bx_document_void,
      .flags = BX_SELF_KEYED, .takes = void_fields, .summary = "Make a document void; its number stays used" },
    { .method = "GET", .path = "verify", .handler = bx_document_verify, .flags = BX_PUBLIC,
      .summary = "Is the paper of this number and mark genuine? Nothing personal" },
    BX_END
};

static const bx_grant grants[] = {
    { .role = "county",    .capabilities = "document.read document.void" },
    { .role = "township",  .capabilities = "document.read document.void" },
    { .role = "principal", .capabilities = "document.read document.void" },
    { .role = "vice",      .capabilities = "document.read document.void" },
    { .role = "office",    .capabilities = "document.read document.void" },
    { .role = "registrar", .capabilities = "document.read" },
    BX_END
};

static const bx_menu menu[] = {
    { .key = "documents", .href = "#/documents", .icon = "stamp", .capability = "document.read" },
    BX_END
};

const bx_plugin bx_plugin_document = {
    .abi = BX_PLUGIN_ABI, .name = "document", .records = records, .routes = routes, .grants = grants, .menu = menu
};
