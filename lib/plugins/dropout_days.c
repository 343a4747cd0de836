/* dropout_days.c: the days a case counts by: when it opens, its week, deadlines of notices, days observed at school, reviews. Pure:
 * calendars in, days out; no database, no clock. A calendar that is not written yet must not leave a step without a due: where it
 * ends every day counts. */

#include "plugins/dropout.h"


/* The end of the last period of a day; 24:00 when there is no school. */
static bx_time
last_bell(const bx_calendar *cal, bx_date day)
{
    const bx_bells *bells = bx_calendar_bells(cal, day);

    return bells == NULL ? bx_time_at(day, 24 * 60) : bx_time_at(day, bells->ends[bells->am + bells->pm - 1]);
}


bx_time
bx_case_trigger(const bx_calendar *cal, bx_date discovered, int n)
{
    bx_date  day = bx_add_school_days(cal, discovered - 1, n);

    return day == BX_NO_DATE ? bx_time_at(discovered + n, 24 * 60) : last_bell(cal, day);
}


bx_time
bx_case_week(const bx_calendar *cal, bx_time trigger, int open_days, int week_days)
{
    bx_date  day;

    if (week_days <= open_days) {
        return trigger;
    }

    day = bx_add_school_days(cal, bx_date_of(trigger), week_days - open_days);
    return day == BX_NO_DATE ? trigger + (week_days - open_days) * 24 * 3600 : last_bell(cal, day);
}


bx_time
bx_return_deadline(const bx_calendar *cal, bx_date served, int days)
{
    bx_date  day = served + days, school = bx_is_school_day(cal, day) ? day : bx_add_school_days(cal, day, 1);

    return last_bell(cal, school == BX_NO_DATE ? day : school);
}


bx_date
bx_review_day(const bx_calendar *cal, bx_date from, int n)
{
    bx_date  day = bx_months_after(from, n), school = bx_is_school_day(cal, day) ? day : bx_add_school_days(cal, day, 1);

    return school == BX_NO_DATE ? day : school;
}


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
