/* fuzz_xlsx.c: the XML inside an .xlsx. A zip's checksums keep a fuzzer out, so the zip is made here: the input is the parts
 * of a workbook, with a line "%%" between them: workbook, its relations, styles, shared strings, the sheet. */

#include "fuzz.h"
#include "flow/sheet.h"

#include <string.h>
#include <zip.h>

static const char *const  parts[] = {
    "xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/styles.xml", "xl/sharedStrings.xml", "xl/worksheets/sheet1.xml"
};


int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
    bx_error  err = { 0 };

    (void) argc;
    (void) argv;
    must(bx_core_init(&err) == BX_OK);
    return 0;
}


static void
add(zip_t *zip, const char *name, const char *data, size_t len)
{
    zip_source_t *source = zip_source_buffer(zip, data, len, 0);
    zip_int64_t   at;

    must(source != NULL);
    at = zip_file_add(zip, name, source, ZIP_FL_ENC_UTF_8);
    must(at >= 0);
    must(zip_set_file_compression(zip, (zip_uint64_t) at, ZIP_CM_STORE, 0) == 0);
}


/* The bytes of a zip that holds the parts of the input, NULL when it names none. */
static char *
pack(bx_arena *a, const char *data, size_t size, size_t *len)
{
    zip_error_t   err;
    zip_source_t *out;
    zip_t        *zip;
    zip_stat_t    st;
    const char   *p = data, *end = data + size;
    char         *bytes;
    bool          any = false;

    zip_error_init(&err);
    out = zip_source_buffer_create(NULL, 0, 0, &err);
    must(out != NULL);
    zip = zip_open_from_source(out, ZIP_CREATE | ZIP_TRUNCATE, &err);
    must(zip != NULL);
    zip_source_keep(out);

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        const char *cut = memmem(p, (size_t) (end - p), "\n%%\n", 4);
        const char *stop = cut == NULL ? end : cut;

        if (stop > p) {
            add(zip, parts[i], p, (size_t) (stop - p));
            any = true;
        }
        p = cut == NULL ? end : cut + 4;
    }

    if (!any) {
        zip_discard(zip);
        zip_source_free(out);
        return NULL;
    }

    must(zip_close(zip) == 0);
    must(zip_source_stat(out, &st) == 0);
    *len = (size_t) st.size;
    bytes = bx_alloc(a, *len + 1);
    must(bytes != NULL && zip_source_open(out) == 0);
    must(zip_source_read(out, bytes, *len) == (zip_int64_t) *len);
    zip_source_close(out);
    zip_source_free(out);
    zip_error_fini(&err);
    return bytes;
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bx_arena       *a = bx_arena_create(4096);
    bx_sheet        sheet;
    bx_sheet_fault  fault = { 0 };
    size_t          len;
    char           *bytes;

    must(a != NULL);
    bytes = pack(a, (const char *) data, size, &len);
    if (bytes == NULL) {
        bx_arena_destroy(a);
        return 0;
    }

    if (bx_sheet_read(a, bytes, len, &sheet, &fault) == BX_OK) {
        for (size_t i = 0; i < sheet.nrows; i++) {
            for (unsigned k = 0; k < sheet.rows[i].ncells; k++) {
                must(bx_utf8_valid(sheet.rows[i].cells[k], strlen(sheet.rows[i].cells[k])));
            }
        }
    } else {
        must(fault.reason != NULL);
    }

    bx_arena_destroy(a);
    return 0;
}
