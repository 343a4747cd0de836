/* system.h: what the files of the plugin system share: system.c (tables, jobs, system), system_audit.c (the audit trail). */
#ifndef BX_PLUGIN_SYSTEM_H
#define BX_PLUGIN_SYSTEM_H

#include "flow/flow.h"

/* system_audit.c [thread] */
bx_rc   bx_sys_audit_list(bx_call *c);
bx_rc   bx_sys_audit_chains(bx_call *c);
bx_rc   bx_sys_audit_verify(bx_call *c);

#endif
