/* import_rejected.h: rows of a roster that were sent back, as a spreadsheet. */
#ifndef BX_IMPORT_REJECTED_H
#define BX_IMPORT_REJECTED_H

#include "baoxue.h"

/* GET imports/{id}/rejected.xlsx */
bx_rc  bx_import_rejected(bx_call *c);

#endif
