/* ladder_match.c: which run of absence goes on a run that was there before. Pure; the rows are somebody else's. */

#include "flow/ladder.h"

static bool
before_slot(bx_slot a, bx_slot b)
{
    return a.day < b.day || (a.day == b.day && a.period < b.period);
}

/* Every due period between the first and the last of a run is missed, so two runs share one when they overlap. */
static bool
overlap(const bx_ladder_run *run, const bx_run_before *old)
{
    return !before_slot(run->last, old->first) && !before_slot(old->last, run->first);
}

void
bx_ladder_match(const bx_ladder_run *runs, size_t n, const bx_run_before *before, size_t nbefore, int *match)
{
    size_t  i, k, next = 0;

    for (i = 0; i < n; i++) {
        match[i] = -1;
        for (k = next; k < nbefore; k++) {
            if (overlap(&runs[i], &before[k])) {
                match[i] = (int) k;
                next = k + 1;                 /* what lies before it is older than every later run */
                break;
            }
        }
    }
}
