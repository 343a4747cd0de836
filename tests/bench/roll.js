// roll.js: the roll of a class of forty with three children absent, handed in by its class teacher: an operation of bench.js. A class hands
// in once a session, so that each request and each turn of the bare client has a class, a day and children of its own.

import { weekdays } from './county.js';

/** Every class on every day, mornings and afternoons: day by day, other children each time. */
export function rollRows(classes, days) {
    return days.flatMap((day, i) => ['am', 'pm'].flatMap((session) => classes.map(({ children, ...row }) => ({
        ...row, day, session, ...Object.fromEntries([0, 1, 2].map((k) => [`child${k}`, children[(3 * i + k) % children.length]])),
    }))));
}

/** What is posted. */
export const rollOf = (row) => ({
    class_id: String(row.class), day: row.day, session: row.session, seconds: 12,
    marks: [row.child0, row.child1, row.child2].map((student_id) => ({ student_id, kind: 'absent' })),
});

/** Rows for the bare client: the mornings of days to come, when the same children are in the class and on leave. What one call of it wrote
 *  is taken away before the next, so the days begin again. */
export function* bareRows(rows) {
    const classes = rows.filter((row) => row.day === rows[0].day && row.session === 'am');

    for (;;) {
        for (const day of weekdays(20)) {
            yield* classes.map((row) => ({ ...row, day }));
        }
    }
}
