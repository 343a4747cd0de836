// odd.js: values that are odd, made from a seed that can be given again: for fuzzing the API and for what must come back as it was.

/** A generator of numbers 0 ≤ x < 1 that a seed repeats (mulberry32). */
export function generator(seed) {
    let state = seed >>> 0;
    return () => {
        state = (state + 0x6d2b79f5) >>> 0;
        let t = Math.imul(state ^ (state >>> 15), 1 | state);
        t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
        return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
    };
}

/** Texts that people could mean: any script, any direction, any length. */
export const legalTexts = [
    '发烧，体温38.5℃', 'ﷺ عربي', 'שלום', '\u202eevil\u202c', 'zero\u200bwidth\u200d', '👨‍👩‍👧‍👦', '𠮷野家', '𡃁𪚥', 'e\u0301 é', '\u{10ffff}', 'ＦＵＬＬ　ｗｉｄｔｈ',
    '"quotes" \'and\' `ticks`', '<script>alert(1)</script>', "'; DROP TABLE student; --", '%s%n%d', '{{7*7}} ${7*7} {name}', '\\u0000 \\', '../../etc/passwd', '=1+1|cmd', 'a\nb\tc',
    '蒙古 ᠮᠣᠩᠭᠣᠯ', 'བོད་སྐད་', 'ئۇيغۇرچە', '·', '\u00a0\u2003间隔', '\ufeffBOM', 'Z\u0351\u036b\u0343\u036a\u0302\u036b\u033d\u034f\u0334\u0319',
    '长'.repeat(120), '🙂'.repeat(60),
];

/** Values that no field expects. */
export const wrongValues = [
    null, true, false, 0, -1, 1, 1.5, 1e308, -1e308, 2 ** 53, '', ' ', '\u0000', 'x'.repeat(5000), [], {}, [[]], [null], { $gt: '' }, [{ id: 1 }],
    '9223372036854775807', '9223372036854775808', '-1', '0x1f', '00', '2026-02-30', '0000-00-00', '9999-12-31', '2026-09-21T08:00:00+08:00', 'NaN', 'null', 'true', '\ud800',
];
