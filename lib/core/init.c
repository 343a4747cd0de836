/*
 * init.c: what libraries below want done once a process, before threads start.
 */
#include "core/core.h"

#include <liboath/oath.h>
#include <sodium.h>

/* May be called again. */
bx_rc
bx_core_init(bx_error *err)
{
    if (sodium_init() < 0) {
        return bx_error_set(err, BX_E_INTERNAL, "libsodium cannot start");
    }

    if (oath_init() != OATH_OK) {
        return bx_error_set(err, BX_E_INTERNAL, "liboath cannot start");
    }

    bx_json_init();
    json_object_seed(0);

    return BX_OK;
}
