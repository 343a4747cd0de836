// roll.js: the roll of a class of forty with three children absent, handed in by its class teacher: an operation of bench.js. A class hands
// in once a session, so that each request and each turn of the bare client has a class, a day and children of its own.

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

/** Rows for `turns` turns of the bare client, which asks nobody whether there was school: days that no other call of it has had. */
export function* bareRows(rows) {
    let day = Date.UTC(1900, 0, 1);
    const classes = rows.filter((row) => row.day === rows[0].day && row.session === 'am');

    for (;;) {
        const iso = new Date(day).toISOString().slice(0, 10);
        day += 86400_000;
        yield* classes.map((row) => ({ ...row, day: iso }));
    }
}
