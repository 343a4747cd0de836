/* sheet_xlsx.h: what sheet_xlsx.c (sheets, cells) takes from sheet_xlsx_part.c (the package); nobody else includes it. */
#ifndef BX_SHEET_XLSX_H
#define BX_SHEET_XLSX_H

#include "flow/sheet.h"

#include <expat.h>
#include <zip.h>

#define BX_XLSX_SHEETS  256u

typedef struct { const char *id, *target; bool worksheet, document, strings, styles; } bx_xlsx_relation;

typedef struct {
    bx_sheet_builder *b;
    zip_t            *zip;
    uint64_t          unpacked;

    bx_xlsx_relation  relations[BX_XLSX_SHEETS + 64];     /* of the part read last */
    unsigned          nrelations;

    struct { const char *id; bool hidden; } sheets[BX_XLSX_SHEETS];
    unsigned          nsheets;
    bool              from_1904;

    const char      **strings;
    size_t            nstrings, strings_room;

    uint8_t          *date_styles;                    /* index of cellXfs → shows a date */
    size_t            nstyles;
    struct { unsigned id; bool date; } formats[512];
    unsigned          nformats;
} bx_xlsx;

/* What the handlers of one part share. */
typedef struct {
    bx_xlsx     *wb;
    XML_Parser   xml;
    uint64_t     packed, unpacked;                    /* bytes of the entry */
    bx_buf       text;
    bool         reading;                             /* inside <v> or <t> */
    unsigned     phonetic;                            /* inside <rPh>: how to say it, not what it says */
    bool         cell_styles;                         /* inside <cellXfs> */
    unsigned     row, col;                            /* row from 1, col from 0 */
    bool         in_row, in_cell;
    char         type;                                /* s i b e d n */
    unsigned     style;
} bx_xlsx_part;

/* A name without its prefix; borrowed from it. */
const char *bx_xlsx_local_name(const char *name);
/* The attribute of that name, whatever its prefix; borrowed from atts, NULL: there is none. */
const char *bx_xlsx_attribute(const XML_Char **atts, const char *name);
/* Ends the reading of a part with a fault of the sheet. */
void        bx_xlsx_stop(bx_xlsx_part *p, const char *reason, unsigned row, unsigned limit);
/* Runs the handlers over one entry; they get a bx_xlsx_part. `optional`: a package without it is as good. BX_FAIL: the fault of
 * the sheet says why. */
bx_rc       bx_xlsx_read_part(bx_xlsx *wb, const char *name, bool optional, XML_StartElementHandler on_start,
                              XML_EndElementHandler on_end);
/* The relations of a part ("": of the package) into wb->relations. BX_FAIL as above. */
bx_rc       bx_xlsx_read_relations(bx_xlsx *wb, const char *of);
/* A target is absolute in the package or relative to the part that names it. Owned by the arena or borrowed; NULL: no memory. */
const char *bx_xlsx_resolve(bx_xlsx *wb, const char *of, const char *target);

#endif
