/* routes.h: every route there is, those the plugins name and those the engine makes for their records, in one table. */
#ifndef BX_ROUTES_H
#define BX_ROUTES_H

#include "web/call.h"

typedef enum { BX_RT_HANDLER, BX_RT_LIST, BX_RT_READ, BX_RT_CREATE, BX_RT_PATCH, BX_RT_HISTORY, BX_RT_ACT, BX_RT_BULK,
               BX_RT_EXPORT, BX_RT_DOCUMENTS, BX_RT_RULES } bx_route_kind;

typedef struct {
    bx_route              route;              /* of generic ones: capability NULL, the engine asks per row */
    bx_route_kind         kind;
    const bx_record_def  *def;                /* generic ones */
    const char           *action;
    const bx_plugin      *plugin;
} bx_route_row;

const bx_route_row *bx_routes(size_t *n);                             /* of the set of plugins in use */
/* The row of method and path (below /api/v1/), with the id of its {id}. NULL: none; *allow then lists other methods of the
 * path, space-separated, or is "". */
const bx_route_row *bx_route_match(const char *method, const char *path, bx_id *id, char allow[64]);
bx_rc               bx_route_run(bx_call *c, const bx_route_row *row);

/* plugins.c and openapi.c */
json_t             *bx_menu_json(bx_call *c);                          /* what the menu offers to the call's session; new reference */
bx_rc               bx_answer_plugins(bx_call *c);
bx_rc               bx_answer_texts(bx_call *c);
bx_rc               bx_answer_openapi(bx_call *c);
json_t             *bx_openapi(void);                                  /* new reference */

#endif
