/* dropout_observe.c: what days at school mean for a child that came back. Pure: no database, no clock. */

#include "plugins/dropout.h"


bx_observation
bx_observe(const bx_presence_day *days, size_t n, int wanted)
{
    bx_observation  o = { .at = BX_NO_TIME };

    for (size_t i = 0; i < n && o.attended < wanted; i++) {
        if (days[i].what == BX_PRESENCE_UNEXCUSED) {
            o.failed = true;
            o.at = days[i].ends;
            return o;
        }
        if (days[i].what == BX_PRESENCE_ATTENDED) {
            o.attended++;
            o.at = days[i].ends;
        }
    }

    return o;
}


bx_date
bx_months_after(bx_date d, int n)
{
    bx_civil  t = bx_civil_of_date(d);
    int       months = t.year * 12 + t.month - 1 + n;
    bx_date   out = BX_NO_DATE;

    for (int day = t.day; out == BX_NO_DATE && day > 27; day--) {
        out = bx_date_make(months / 12, months % 12 + 1, day);
    }

    return out == BX_NO_DATE ? bx_date_make(months / 12, months % 12 + 1, t.day) : out;
}
