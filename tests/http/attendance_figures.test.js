// attendance_figures.test.js mirrors lib/plugins/attendance_figures.c and attendance_integrity.c: sums of a week by class, grade and
// school, and how rolls are taken.

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { at, begin, clear, cls, contact, end, id, jobs, mark, ok, refused, roll, server, taken, who, world } from '../lib/attendance.js';

before(begin);
after(end);
beforeEach(clear);

describe('sums of a week', () => {
    const figures = async (person = 'office', query = '?from=2026-09-21&to=2026-09-27') => (await who[person].get(`attendance-figures${query}`)).json;

    test('by class, grade and school, from rolls and marks: corrections count once, leave entered later is leave', async () => {
        jobs('2026-09-21T06:00');
        at('2026-09-21T08:05');
        const made = await taken('teacher', [mark('hao', 'absent'), mark('min', 'late', { clock: '08:20' }), mark('siyu', 'absent')]);
        ok(await who.teacher.post(`roll-calls/${made.taken.id}/marks`, { marks: [mark('siyu', 'present')] }, { version: 1 }));
        at('2026-09-21T14:05');
        await taken('teacher', [mark('hao', 'absent')]);
        jobs('2026-09-21T15:00');
        let week = await figures();
        assert.deepEqual(week.classes.map((k) => [k.class_name, k.due, k.attended, k.absent, k.leave, k.late, k.taken, k.expected, k.rate]),
            [['三年级1班', 21, 14, 7, 0, 1, 2, 2, 66.66], ['三年级2班', 0, 0, 0, 0, 0, 0, 2, null]]);
        assert.deepEqual([week.school.due, week.school.absent, week.grades.length, week.grades[0].due, week.school.taken, week.school.expected], [21,
            7, 1, 21, 2, 4]);
        ok(await who.teacher.post('leave-requests', { student_id: id('hao'), kind: 'sick', starts_on: '2026-09-21', starts_period: 5, ends_on: '2026-09-21', ends_period: 7,
            reason: '发烧', action: 'enter', requested_by: '李春花' }), 201);
        week = await figures();
        assert.deepEqual([week.school.absent, week.school.leave, week.school.attended], [4, 3, 14]);
        assert.equal((await figures('teacher')).classes.length, 1);
        assert.deepEqual((await figures('office', '?from=2026-09-28&to=2026-09-30')).school.due, 0);
    });

    test('who came back early from leave and stays away the next day is absent, in the sums, on the sheet and for the ladder', async () => {
        at('2026-09-20T18:00');
        const asked = ok(await who.guardian.post('leave-requests', { student_id: id('siyu'), kind: 'sick', starts_on: '2026-09-21', starts_period: 1, ends_on: '2026-09-22', ends_period: 7,
            reason: '夜里发烧', action: 'submit' }), 201);
        for (const [person, action] of [['teacher', 'consent'], ['office', 'approve']]) {
            const now = ok(await who[person].get(`leave-requests/${asked.id}`));
            ok(await who[person].post(`leave-requests/${asked.id}/${action}`, {}, { version: now.version }));
        }
        jobs('2026-09-21T08:00');
        at('2026-09-21T08:05');
        await taken('teacher', []);
        at('2026-09-21T14:05');
        await taken('teacher', [mark('siyu', 'present')]);
        const away = ok(await who.teacher.get(`leave-requests/${asked.id}`));
        ok(await who.teacher.post(`leave-requests/${asked.id}/return`, { back_on: '2026-09-21', back_period: 5 }, { version: away.version }));
        for (const time of ['08:05', '14:05']) {
            at(`2026-09-22T${time}`);
            await taken('teacher', [mark('siyu', 'absent')]);
        }
        jobs('2026-09-22T16:30');
        const { school } = await figures();
        assert.deepEqual([school.leave, school.absent], [4, 7]);
        const day = ok(await who.office.get('roll-calls/day')).classes.find((k) => k.class_id === cls('class1'));
        assert.deepEqual(day.sessions.map((s) => [s.absent, s.leave]), [[1, 0], [1, 0]]);
        assert.equal((await who.teacher.get('absences/runs')).json.items[0].days, 1);
    });

    test('as a spreadsheet; in scope; spans that are none', async () => {
        await taken('teacher', [mark('hao', 'absent')]);
        const file = await who.office.get('attendance-figures/export?from=2026-09-21&to=2026-09-21&format=csv');
        assert.equal(file.status, 200, file.text);
        const lines = file.text.replace(/^\ufeff/, '').trim().split(/\r?\n/);
        assert.match(lines[1], /三年级1班.*12.*8.*66\.66%/);
        assert.match(lines.at(-1), /松山乡中心学校.*12/);
        refused(await who.principal2.get(`attendance-figures?school_id=${world.units.school.id}`), 404, 'not_found');
        refused(await who.guardian.get('attendance-figures'), 403, 'forbidden');
        refused(await who.county.get('attendance-figures'), 422, 'invalid', 'school_id', 'required');
        refused(await who.office.get('attendance-figures?from=x'), 422, 'invalid', 'from', 'not_date');
        refused(await who.office.get('attendance-figures?from=2026-01-01&to=2026-12-31'), 422, 'invalid', 'from', 'filter');
    });
});

describe('how rolls are taken', () => {
    test('not taken, entered late, corrected; all present in seconds, or while others miss children', async () => {
        const rule = (key, value) => server.sql("INSERT INTO rule_override (rule, unit_id, value, reason, set_by, set_at) VALUES (?, ?, ?, 'x', 1, '2026-09-01')",
            [key, world.units.school.id, value]);
        await rule('roll.rote_rolls', '4');
        for (const day of ['09-21', '09-22']) {
            jobs(`2026-${day}T06:00`);
            for (const time of ['08:05', '14:05']) {
                at(`2026-${day}T${time}`);
                await taken('teacher', [mark('hao', 'absent')], { seconds: 30 });
                assert.equal((await roll('teacherB', [], { class_id: cls('class2'), seconds: 9 })).status, 201);
            }
        }
        jobs('2026-09-23T06:00');
        jobs('2026-09-23T08:40');
        at('2026-09-24T09:00');
        const late = await taken('teacher', [], { day: '2026-09-23', session: 'am' });
        ok(await who.office.post(`roll-calls/${late.taken.id}/correct`, { marks: [mark('hao', 'absent')] }, { version: 1 }));
        const look = async () => (await who.office.get('attendance-integrity?from=2026-09-21&to=2026-09-24')).json;
        let value = await look();
        assert.deepEqual(value.classes.map((k) => [k.taken, k.missing, k.late_entries, k.corrected, k.full, k.rote]), [[5, 1, 1, 1, 0, null], [4, 2, 0, 0, 4, 'others']]);
        assert.equal(value.rules['roll.rote_rolls'], 4);
        await rule('roll.rote_percent', '50');
        assert.equal((await look()).classes[1].rote, null, 'a third of the others is less than half');
        await rule('roll.rote_seconds', '9');
        value = await look();
        assert.deepEqual([value.classes[1].rote, value.classes[1].quick], ['quick', 4]);
        assert.equal(value.rules['roll.rote_days'], 10);
        assert.deepEqual(value.classes.map((k) => k.same), [3, 0], 'the days with the same child absent are counted, but are not yet too many');
        refused(await who.teacher.get('attendance-integrity'), 403, 'forbidden');
        refused(await who.principal2.get(`attendance-integrity?school_id=${world.units.school.id}`), 404, 'not_found');
    });

    test('the same children absent day after day, and one of them nobody has asked for', async () => {
        const rule = (value) => server.sql("REPLACE INTO rule_override (rule, unit_id, value, reason, set_by, set_at) VALUES ('roll.rote_days', ?, ?, 'x', 1, '2026-09-01')",
            [world.units.school.id, value]);
        const look = async () => (await who.office.get('attendance-integrity?from=2026-09-21&to=2026-09-24')).json.classes.map((k) => [k.same, k.rote]);
        const day = async (date, absent) => {
            jobs(`${date}T06:00`);
            at(`${date}T08:05`);
            await taken('teacher', absent.map((one) => mark(one, 'absent')));
        };

        await rule('3');
        await day('2026-09-21', ['siyu']);
        await day('2026-09-22', ['hao', 'siyu']);
        await day('2026-09-23', ['siyu', 'hao']);
        assert.deepEqual(await look(), [[2, null], [0, null]], 'on Monday it was another list');
        await day('2026-09-24', ['hao', 'siyu']);
        assert.deepEqual(await look(), [[3, 'same'], [0, null]]);

        const called = (student) => who.teacher.post('contacts', contact(student, { happened_on: '2026-09-23', clock: '12:30' }));
        ok(await called('hao'), 201);
        assert.deepEqual((await look())[0], [3, 'same'], 'with the family of one of the two nobody has spoken');
        ok(await called('siyu'), 201);
        assert.deepEqual((await look())[0], [3, null], 'all were asked for');
        await server.sql("UPDATE contact SET happened_on = '2026-09-21', at = '2026-09-21 12:30:00' WHERE student_id = ?", [id('siyu')]);
        assert.deepEqual((await look())[0], [3, 'same'], 'before the list began to stay the same');
        ok(await who.teacher.post('leave-requests', { student_id: id('siyu'), kind: 'sick', starts_on: '2026-09-24', starts_period: 1, ends_on: '2026-09-24', ends_period: 7,
            reason: '发烧', action: 'enter', requested_by: '李春花', proxy_reason: '妈妈不在家' }), 201);
        assert.deepEqual((await look())[0], [1, null], 'who is on leave is not on the list');
    });
});
