/* fuzz_file.c: a file that somebody attaches: a picture or a PDF by its content. */

#include "fuzz.h"
#include "flow/attachment.h"


int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
    bx_error  err = { 0 };

    (void) argc;
    (void) argv;
    must(bx_core_init(&err) == BX_OK);
    return 0;
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bx_file_info  info = { 0 }, again = { 0 };
    bx_arena     *a = bx_arena_create(4096);
    bx_value      out;

    bx_file_sniff(data, size, &info);
    must(!info.sound || info.kind != BX_FILE_UNKNOWN);
    must(!info.sound || info.kind == BX_FILE_PDF || (info.width > 0 && info.height > 0));
    must((bx_file_media_type(info.kind) == NULL) == (info.kind == BX_FILE_UNKNOWN));
    if (bx_file_clean(a, data, size, &info, &out) == BX_OK) {
        bx_file_sniff(out.s, out.len, &again);
        must(again.sound && again.kind == info.kind && again.width == info.width && again.height == info.height);
    }
    bx_arena_destroy(a);
    return 0;
}
