/* fuzz_sheet.c: a file that somebody uploads as a roster: CSV in three encodings or xlsx (zip and XML), then the checks of
 * every row. Nothing is known of the bytes. */

#include "fuzz.h"
#include "flow/roster.h"
#include "flow/sheet.h"

#include <string.h>


int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
    bx_error  err = { 0 };

    (void) argc;
    (void) argv;
    must(bx_core_init(&err) == BX_OK);
    must(bx_locale_load("html/locale", &err) == BX_OK);
    return 0;
}


/* Whatever is shown of a row is text that an answer can carry. */
static void
look_at(bx_arena *a, const bx_roster *roster)
{
    for (size_t i = 0; i < roster->nrows; i++) {
        const bx_roster_row *row = &roster->rows[i];

        for (unsigned k = 0; k < row->nfaults; k++) {
            const char *said = bx_roster_message(a, "zh-CN", row->faults[k].reason, row->faults[k].params);

            must(said != NULL && bx_utf8_valid(said, strlen(said)));
            must(row->faults[k].value == NULL || bx_utf8_valid(row->faults[k].value, strlen(row->faults[k].value)));
        }
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bx_arena          *a = bx_arena_create(4096);
    bx_sheet           sheet;
    bx_sheet_fault     fault = { 0 };
    bx_roster          roster;
    bx_roster_refusal  why = { 0 };
    bx_roster_school   school = { "2152001234", "nine", 2026, bx_date_make(2026, 9, 21) };

    must(a != NULL);

    if (bx_sheet_read(a, data, size, &sheet, &fault) != BX_OK) {
        must(fault.reason != NULL);
    } else {
        for (size_t i = 0; i < sheet.nrows; i++) {
            for (unsigned k = 0; k < sheet.rows[i].ncells; k++) {
                must(bx_utf8_valid(sheet.rows[i].cells[k], strlen(sheet.rows[i].cells[k])));
            }
        }
        if (bx_roster_check(a, &sheet, NULL, &school, &roster, &why) == BX_OK) {
            look_at(a, &roster);
        } else {
            must(why.reason != NULL);
        }
    }

    bx_arena_destroy(a);
    return 0;
}
