/* fuzz.h: what the fuzz targets share. A target is a parser that sees bytes from outside; libFuzzer calls it with whatever
 * it thinks of, under AddressSanitizer and UBSan. A finding is a crash, a leak, a hang, or a broken promise of the parser
 * (must() below). scripts/fuzz builds and runs them. */
#ifndef BX_FUZZ_H
#define BX_FUZZ_H

#include "baoxue.h"
#include "core/core.h"

#include <stdio.h>
#include <stdlib.h>

/* A promise of what is tested: in every build, unlike assert(). */
#define must(condition)                                                                                               \
    do {                                                                                                              \
        if (!(condition)) {                                                                                           \
            fprintf(stderr, "%s:%d: promised, not kept: %s\n", __FILE__, __LINE__, #condition);                        \
            abort();                                                                                                  \
        }                                                                                                             \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

#endif
