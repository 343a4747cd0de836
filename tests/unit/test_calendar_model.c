/*
 * test_calendar_model.c: the school calendar and the working days of offices against a slow and obvious model, on random
 * calendars.
 */

#include "calendar_example.h"

typedef struct {
    bx_calendar_source  src;
    bx_term_row         terms[4];
    bx_day_row          days[40];
    bx_closure_row      closures[3];
    unsigned            week;
    int                 am[7], pm[7];
    char                week_text[32], periods_text[64];
    bx_date             first, last;          /* a margin around all terms */
} model;

static unsigned
rnd(unsigned *seed, unsigned n)
{
    *seed = *seed * 1103515245u + 12345u;
    return (*seed >> 16) % n;
}

static void
random_model(model *m, unsigned *seed)
{
    bx_date  d = D(2026, 1, 1) + (bx_date) rnd(seed, 200);

    memset(m, 0, sizeof(*m));
    m->first = d - 40;

    m->src.nterms = 1 + rnd(seed, 4);
    for (size_t i = 0; i < m->src.nterms; i++) {
        d += (bx_date) rnd(seed, 50);
        m->terms[i].starts = d;
        d += (bx_date) rnd(seed, 60);
        m->terms[i].ends = d;
        d += 1;
    }
    m->last = d + 40;

    m->src.ndays = rnd(seed, 40);
    for (size_t i = 0; i < m->src.ndays; i++) {
        m->days[i].day = m->first + (bx_date) rnd(seed, (unsigned) (m->last - m->first));
        m->days[i].makeup = rnd(seed, 3) == 0;
    }

    m->src.nclosures = rnd(seed, 4);
    for (size_t i = 0; i < m->src.nclosures; i++) {
        m->closures[i].starts = m->first + (bx_date) rnd(seed, (unsigned) (m->last - m->first));
        m->closures[i].ends = m->closures[i].starts + (bx_date) rnd(seed, 6) - 1;
    }

    for (int w = 0; w < 7; w++) {
        if (w == 0 || (w < 5 ? rnd(seed, 10) : rnd(seed, 4) == 0)) {
            m->week |= 1u << w;
            snprintf(m->week_text + strlen(m->week_text), 4, "%s%d", m->week_text[0] ? "," : "", w + 1);
        }
        m->am[w] = w == 0 ? 1 + (int) rnd(seed, 4) : (int) rnd(seed, 5);
        m->pm[w] = (int) rnd(seed, 4);
        snprintf(m->periods_text + strlen(m->periods_text), 8, "%s%d+%d", w ? "," : "", m->am[w], m->pm[w]);
    }

    m->src.terms = m->terms;
    m->src.days = m->days;
    m->src.closures = m->closures;
    m->src.week = m->week_text;
    m->src.periods = m->periods_text;
}

/* The definition of a school day, word by word. Returns the weekday whose periods are due, 0 for none. */
static int
model_day(const model *m, bx_date d)
{
    int   w = bx_weekday(d);
    bool  in_term = false, due = (m->week & (1u << (w - 1))) && m->am[w - 1] + m->pm[w - 1] > 0, makeup = false;

    for (size_t i = 0; i < m->src.nterms; i++) {
        in_term = in_term || (d >= m->terms[i].starts && d <= m->terms[i].ends);
    }
    if (!in_term) {
        return 0;
    }

    for (size_t i = 0; i < m->src.nclosures; i++) {
        if (d >= m->closures[i].starts && d <= m->closures[i].ends) {
            return 0;
        }
    }

    for (size_t i = m->src.ndays; i > 0; i--) {
        if (m->days[i - 1].day == d) {
            if (!m->days[i - 1].makeup) {
                return 0;
            }
            makeup = true;
            break;
        }
    }

    return due ? w : makeup ? 1 : 0;
}

static int
model_periods(const model *m, bx_date d)
{
    int  w = model_day(m, d);

    return w ? m->am[w - 1] + m->pm[w - 1] : 0;
}

static int
model_half_days(const model *m, bx_span s)
{
    int  halves = 0;

    for (bx_date d = m->first; d <= m->last; d++) {
        int   w = model_day(m, d);
        bool  am = false, pm = false;

        for (int p = 1; p <= model_periods(m, d); p++) {
            bool  after = d > s.from.day || (d == s.from.day && p >= s.from.period);
            bool  before = d < s.to.day || (d == s.to.day && p <= s.to.period);

            if (after && before) {
                *(p <= m->am[w - 1] ? &am : &pm) = true;
            }
        }
        halves += am + pm;
    }

    return halves;
}

static bool
model_next(const model *m, bx_slot s, int dir, bx_slot *out)
{
    for (bx_date d = s.day; d >= m->first && d <= m->last && abs(d - s.day) <= 366; d += dir) {
        int  n = model_periods(m, d);

        for (int p = dir > 0 ? 1 : n; p >= 1 && p <= n; p += dir) {
            if (d != s.day || (dir > 0 ? p > s.period : p < s.period)) {
                *out = (bx_slot) { d, p };
                return true;
            }
        }
    }

    return false;
}

static bx_date
model_add(const model *m, bx_date d, int n)
{
    int  dir = n < 0 ? -1 : 1;

    while (n != 0) {
        d += dir;
        if (d < m->first || d > m->last) {
            return BX_NO_DATE;
        }
        n -= model_day(m, d) ? dir : 0;
    }

    return d;
}

static void
compare(const model *m, const bx_calendar *cal, unsigned *seed)
{
    unsigned  days = (unsigned) (m->last - m->first + 1);

    for (bx_date d = m->first; d <= m->last; d++) {
        const bx_bells  *b = bx_calendar_bells(cal, d);

        assert_int_equal(bx_is_school_day(cal, d), model_day(m, d) != 0);
        assert_int_equal(b ? b->am + b->pm : 0, model_periods(m, d));
        assert_int_equal(b ? b->am : 0, model_day(m, d) ? m->am[model_day(m, d) - 1] : 0);
    }

    for (int i = 0; i < 60; i++) {
        bx_slot  s = { m->first + (bx_date) rnd(seed, days), (int) rnd(seed, 9) };
        bx_slot  t = { m->first + (bx_date) rnd(seed, days), (int) rnd(seed, 9) };
        bx_slot  want = { 0, 0 }, got = { 0, 0 };
        int      n = (int) rnd(seed, 61) - 30;
        bool     found;

        assert_int_equal(bx_half_days(cal, (bx_span) { s, t }), model_half_days(m, (bx_span) { s, t }));
        assert_int_equal(bx_add_school_days(cal, s.day, n), model_add(m, s.day, n));

        found = model_next(m, s, 1, &want);
        assert_int_equal(bx_next_slot(cal, s, &got), found);
        assert_string_equal(slot(found, got), slot(found, want));

        found = model_next(m, s, -1, &want);
        assert_int_equal(bx_previous_slot(cal, s, &got), found);
        assert_string_equal(slot(found, got), slot(found, want));

        if (found) {                          /* while a due period runs it is the one found by time */
            assert_true(bx_slot_begins(cal, got) < bx_slot_ends(cal, got));
            assert_string_equal(at(cal, bx_slot_begins(cal, got)), slot(true, got));
            assert_string_equal(at(cal, bx_slot_ends(cal, got) - 1), slot(true, got));
        }
    }
}

static void
random_calendars(void **state)
{
    unsigned  seed = 20260901;
    int       school_days = 0;

    (void) state;

    for (int i = 0; i < 300; i++) {
        bx_arena           *a = bx_arena_create(16384);
        model               m;
        const bx_calendar  *cal;

        random_model(&m, &seed);
        cal = build(a, &m.src);
        compare(&m, cal, &seed);
        school_days += bx_half_days(cal, (bx_span) { { m.first, 1 }, { m.last, 16 } });
        bx_arena_destroy(a);
    }

    assert_true(school_days > 10000);         /* the calendars had something in them */
}

static void
random_working_days(void **state)
{
    unsigned  seed = 7;

    (void) state;

    for (int i = 0; i < 100; i++) {
        bx_arena           *a = bx_arena_create(4096);
        const bx_workdays  *work;
        bx_error            err = { 0 };
        bx_day_row          days[30];
        size_t              n = rnd(&seed, 30);
        bx_date             base = D(2026, 9, 1);

        for (size_t k = 0; k < n; k++) {
            days[k] = (bx_day_row) { base + (bx_date) rnd(&seed, 60), rnd(&seed, 2) == 0, NULL };
        }
        assert_int_equal(bx_workdays_build(a, days, n, &work, &err), BX_OK);

        for (bx_date d = base - 5; d < base + 70; d++) {
            bool  want = bx_weekday(d) <= 5;
            int   step = (int) rnd(&seed, 15);

            for (size_t k = 0; k < n; k++) {
                want = days[k].day == d ? days[k].makeup : want;
            }
            assert_int_equal(bx_is_workday(work, d), want);
            /* moving and counting agree */
            assert_int_equal(bx_workdays_between(work, d, bx_add_workdays(work, d, step)), step);
            if (want) {
                assert_int_equal(bx_add_workdays(work, bx_add_workdays(work, d, step), -step), d);
            }
        }
        bx_arena_destroy(a);
    }
}

int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(random_calendars),
        cmocka_unit_test(random_working_days),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
