/*
 * sheet_xlsx_part.c: the package of an .xlsx: its entries unpacked, run through expat, and found by their relations.
 * Owns what a package may cost and that a document type is refused, so that no entity is ever expanded. What the elements
 * mean is sheet_xlsx.c.
 */
#include "flow/sheet_xlsx.h"

#include <string.h>


const char *
bx_xlsx_local_name(const char *name)
{
    const char  *colon = strrchr(name, ':');

    return colon ? colon + 1 : name;
}


const char *
bx_xlsx_attribute(const XML_Char **atts, const char *name)
{
    for (; *atts; atts += 2) {
        if (strcmp(bx_xlsx_local_name(atts[0]), name) == 0) {
            return atts[1];
        }
    }

    return NULL;
}


void
bx_xlsx_stop(bx_xlsx_part *p, const char *reason, unsigned row, unsigned limit)
{
    bx_sheet_fail(p->wb->b, reason, row, limit);
    XML_StopParser(p->xml, XML_FALSE);
}


static void
on_text(void *ctx, const XML_Char *s, int len)
{
    bx_xlsx_part  *p = ctx;

    if (!p->reading || p->phonetic) {
        return;
    }

    bx_buf_add(&p->text, s, (size_t) len);
    if (p->text.failed || p->text.len > BX_SHEET_MAX_CELL) {
        bx_xlsx_stop(p, p->text.failed ? "import.internal" : "import.cell_too_long", p->row, BX_SHEET_MAX_CELL / 4);
    }
}


static void
on_doctype(void *ctx, const XML_Char *name, const XML_Char *sysid, const XML_Char *pubid, int internal)
{
    (void) name; (void) sysid; (void) pubid; (void) internal;
    bx_xlsx_stop(ctx, "import.damaged", 0, 0);
}


static bool
is_bomb(uint64_t unpacked, uint64_t packed)
{
    return unpacked > BX_SHEET_MAX_UNPACKED || (unpacked > (4u << 20) && unpacked / BX_SHEET_MAX_RATIO > packed);
}


/* Opens an entry and checks what the package claims about it. NULL without a fault: there is no such entry. */
static zip_file_t *
open_entry(bx_xlsx *wb, const char *name, uint64_t *packed)
{
    zip_stat_t   st;
    zip_file_t  *file;

    if (zip_stat(wb->zip, name, ZIP_FL_NOCASE, &st) != 0) {
        return NULL;
    }
    if ((st.valid & ZIP_STAT_ENCRYPTION_METHOD) && st.encryption_method != ZIP_EM_NONE) {
        bx_sheet_fail(wb->b, "import.old_excel", 0, 0);
        return NULL;
    }
    *packed = (st.valid & ZIP_STAT_COMP_SIZE) ? st.comp_size : 0;
    if ((st.valid & ZIP_STAT_SIZE) && is_bomb(st.size, *packed)) {
        bx_sheet_fail(wb->b, "import.too_large", 0, BX_SHEET_MAX_UNPACKED >> 20);
        return NULL;
    }

    file = zip_fopen_index(wb->zip, st.index, 0);
    if (file == NULL) {
        bx_sheet_fail(wb->b, "import.damaged", 0, 0);
    }

    return file;
}


static bx_rc
pump(bx_xlsx_part *p, zip_file_t *file)
{
    bx_xlsx  *wb = p->wb;

    for (;;) {
        void        *buf = XML_GetBuffer(p->xml, 65536);
        zip_int64_t  n;

        if (buf == NULL) {
            return bx_sheet_fail(wb->b, "import.internal", 0, 0);
        }
        n = zip_fread(file, buf, 65536);
        if (n < 0) {
            return bx_sheet_fail(wb->b, "import.damaged", p->row, 0);
        }

        p->unpacked += (uint64_t) n;          /* what an entry claims of its size need not be true */
        wb->unpacked += (uint64_t) n;
        if (wb->unpacked > BX_SHEET_MAX_UNPACKED || is_bomb(p->unpacked, p->packed)) {
            return bx_sheet_fail(wb->b, "import.too_large", 0, BX_SHEET_MAX_UNPACKED >> 20);
        }
        if (XML_ParseBuffer(p->xml, (int) n, n == 0) != XML_STATUS_OK) {
            return bx_sheet_fail(wb->b, "import.damaged", p->row, 0);
        }
        if (n == 0) {
            return BX_OK;
        }
    }
}


bx_rc
bx_xlsx_read_part(bx_xlsx *wb, const char *name, bool optional, XML_StartElementHandler on_start, XML_EndElementHandler on_end)
{
    bx_xlsx_part   p = { .wb = wb };
    zip_file_t    *file = open_entry(wb, name, &p.packed);
    bx_rc          rc;

    if (file == NULL) {
        return optional && wb->b->fault->reason == NULL ? BX_OK : bx_sheet_fail(wb->b, "import.damaged", 0, 0);
    }

    bx_buf_init(&p.text, wb->b->arena);
    p.xml = XML_ParserCreate(NULL);
    if (p.xml == NULL) {
        zip_fclose(file);
        return bx_sheet_fail(wb->b, "import.internal", 0, 0);
    }

    XML_SetUserData(p.xml, &p);
    XML_SetElementHandler(p.xml, on_start, on_end);
    XML_SetCharacterDataHandler(p.xml, on_text);
    XML_SetStartDoctypeDeclHandler(p.xml, on_doctype);
    rc = pump(&p, file);

    XML_ParserFree(p.xml);
    zip_fclose(file);
    return rc;
}


static bool
ends_with(const char *s, const char *tail)
{
    size_t  n = strlen(s), t = strlen(tail);

    return n >= t && strcmp(s + n - t, tail) == 0;
}


static void
start_relation(void *ctx, const XML_Char *name, const XML_Char **atts)
{
    bx_xlsx_part      *p = ctx;
    bx_xlsx           *wb = p->wb;
    const char        *id = bx_xlsx_attribute(atts, "Id"), *type = bx_xlsx_attribute(atts, "Type");
    const char        *target = bx_xlsx_attribute(atts, "Target");
    bx_xlsx_relation  *r = &wb->relations[wb->nrelations];

    if (strcmp(bx_xlsx_local_name(name), "Relationship") != 0 || id == NULL || type == NULL || target == NULL
        || wb->nrelations == sizeof(wb->relations) / sizeof(wb->relations[0]))
    {
        return;
    }

    r->id = bx_strdup(wb->b->arena, id);
    r->target = bx_strdup(wb->b->arena, target);
    r->worksheet = ends_with(type, "/worksheet");
    r->document = ends_with(type, "/officeDocument");
    r->strings = ends_with(type, "/sharedStrings");
    r->styles = ends_with(type, "/styles");
    if (r->id == NULL || r->target == NULL) {
        bx_xlsx_stop(p, "import.internal", 0, 0);
        return;
    }
    wb->nrelations++;
}


bx_rc
bx_xlsx_read_relations(bx_xlsx *wb, const char *of)
{
    const char  *slash = strrchr(of, '/');
    const char  *base = slash ? slash + 1 : of;
    char        *name = bx_sprintf(wb->b->arena, "%.*s_rels/%s.rels", (int) (base - of), of, base);

    wb->nrelations = 0;
    if (name == NULL) {
        return bx_sheet_fail(wb->b, "import.internal", 0, 0);
    }

    return bx_xlsx_read_part(wb, name, true, start_relation, NULL);
}


const char *
bx_xlsx_resolve(bx_xlsx *wb, const char *of, const char *target)
{
    const char  *slash = strrchr(of, '/');
    size_t       dir = slash ? (size_t) (slash - of) + 1 : 0;

    if (target[0] == '/') {
        return target + 1;
    }

    for (; strncmp(target, "../", 3) == 0 && dir > 0; target += 3) {
        for (dir--; dir > 0 && of[dir - 1] != '/'; dir--) { /* void */ }
    }
    if (strncmp(target, "./", 2) == 0) {
        target += 2;
    }

    return bx_sprintf(wb->b->arena, "%.*s%s", (int) dir, of, target);
}
