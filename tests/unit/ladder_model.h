/* ladder_model.h: the absence ladder once more, slow and obvious, to compare lib/flow/ladder.c with. */
#ifndef LADDER_MODEL_H
#define LADDER_MODEL_H

#include "flow/ladder.h"

#define MODEL_RUNS  200

typedef struct {
    bx_ladder_run  runs[MODEL_RUNS];          /* next_at stays empty */
    size_t         n;
} model_result;

void  ladder_model(const bx_ladder_in *in, model_result *out);

#endif
