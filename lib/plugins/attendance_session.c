/*
 * attendance_session.c: the words of rolls: sessions of a day by roll.mode, kinds of marks, and how they are written in JSON.
 */

#include "plugins/attendance.h"

#include <string.h>

static const char *const  kind_names[] = { "present", "late", "left_early", "absent", "leave", "sent", NULL };

json_t *
bx_clock_json(int minute)
{
    return minute < 0 ? json_null() : json_sprintf("%02d:%02d", minute / 60, minute % 60);
}

const char *
bx_mark_kind_name(int kind)
{
    return kind >= 0 && kind < 6 ? kind_names[kind] : NULL;
}

int
bx_mark_kind_parse(const char *name)
{
    for (int i = 0; name != NULL && kind_names[i] != NULL; i++) {
        if (strcmp(name, kind_names[i]) == 0) {
            return i;
        }
    }

    return -1;
}

int
bx_sessions_of(const bx_bells *b, const char *mode, bx_session_span out[BX_MAX_PERIODS])
{
    int  n = 0, periods = b->am + b->pm;

    if (strcmp(mode, "day") == 0) {
        out[n++] = (bx_session_span) { BX_SESSION_DAY, 1, periods };

    } else if (strcmp(mode, "period") == 0) {
        for (int p = 1; p <= periods; p++) {
            out[n++] = (bx_session_span) { BX_SESSION_PERIOD + p, p, p };
        }

    } else {
        if (b->am > 0) {
            out[n++] = (bx_session_span) { BX_SESSION_AM, 1, b->am };
        }
        if (b->pm > 0) {
            out[n++] = (bx_session_span) { BX_SESSION_PM, b->am + 1, periods };
        }
    }

    return n;
}

const char *
bx_session_text(bx_arena *a, int session)
{
    static const char *const  names[] = { "day", "am", "pm" };

    return session >= 0 && session <= BX_SESSION_PM ? names[session] : bx_sprintf(a, "p%d", session - BX_SESSION_PERIOD);
}

bool
bx_session_parse(const char *text, int *session)
{
    static const char *const  names[] = { "day", "am", "pm" };
    int                       n = 0;

    for (int i = 0; text != NULL && i < 3; i++) {
        if (strcmp(text, names[i]) == 0) {
            *session = i;
            return true;
        }
    }
    if (text == NULL || text[0] != 'p') {
        return false;
    }
    for (const char *p = text + 1; *p >= '0' && *p <= '9' && n < 100; p++) {
        n = n * 10 + (*p - '0');
    }

    *session = BX_SESSION_PERIOD + n;
    return n >= 1 && n <= BX_MAX_PERIODS && strlen(text) == (n > 9 ? 3u : 2u);
}
