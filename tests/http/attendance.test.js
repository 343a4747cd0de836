// attendance.test.js mirrors lib/plugins/attendance*.c and visit.c: rolls taken, corrected, repeated, refused; the sheet and the lists;
// what the clock does; and the examples of the ladder that go through the database: marks, leave, contacts, visits, tasks. The ladder
// itself is tests/unit/test_ladder*.c. The clock is set, never waited for. Sums are in attendance_figures.test.js.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, beforeEach, describe, test } from 'node:test';
import {
    absentOn, alerts, at, begin, clear, cls, contact, end, id, jobs, mark, ok, refused, roll, rungs, seat, server, taken, tasks, visit, who,
    world,
} from '../lib/attendance.js';

before(begin);
after(end);
beforeEach(clear);

describe('taking a roll', () => {
    test('all are there but those who are named; the sheet says so', async () => {
        const sheet = (await who.teacher.get('roll-calls/sheet')).json;
        assert.deepEqual([sheet.class_name, sheet.day, sheet.session, sheet.mode, sheet.begins, sheet.due_at, sheet.taken, sheet.may_save],
            ['三年级1班', '2026-09-21', 'am', 'half_day', '08:00', '2026-09-21T08:30:00+08:00', null, true]);
        assert.deepEqual(sheet.students.map((s) => [s.name, s.seat_no, s.mark, s.leave]),
            [['罗思雨', 1, null, null], ['李浩', 2, null, null], ['韦敏', 3, null, null]]);
        assert.deepEqual(sheet.sessions.map((s) => [s.session, s.first, s.last, s.begins]), [['am', 1, 4, '08:00'], ['pm', 5, 7, '14:00']]);

        const made = await taken('teacher', [mark('hao', 'absent', { reason: 'unreachable' }), mark('min', 'late', { clock: '08:20' })]);
        assert.equal(made.taken.by, '王晓梅');
        assert.equal(made.taken.late_entry, false);
        assert.deepEqual([seat(made, 'hao').mark.kind, seat(made, 'hao').mark.reason, seat(made, 'min').mark.clock, seat(made, 'siyu').mark],
            ['absent', 'unreachable', '08:20', null]);
        const again = (await who.teacher.get('roll-calls/sheet?session=am')).json;
        assert.deepEqual(again.students.map((s) => s.mark?.kind ?? null), [null, 'absent', 'late']);
        assert.deepEqual((await who.office.get(`roll-calls/${made.taken.id}`)).json.students, again.students);
        const [row] = await server.sql('SELECT due, exceptions, late_entry FROM roll_call');
        assert.deepEqual({ ...row }, { due: 3, exceptions: 2, late_entry: 0 });
        assert.equal(Number((await server.sql('SELECT COUNT(*) n FROM attendance_mark'))[0].n), 2);
    });

    test('the same key twice is one roll; another one meets a roll that is there', async () => {
        const key = randomUUID();
        const first = await roll('teacher', [mark('hao', 'absent')], {}, { key });
        const second = await roll('teacher', [mark('hao', 'absent')], {}, { key });
        assert.equal(first.status, 201);
        assert.equal(second.status, 201);
        assert.equal(second.text, first.text);
        const other = await roll('office', []);
        refused(other, 409, 'conflict', 'session', 'attendance.taken');
        assert.deepEqual([other.json.roll.id, other.json.roll.version, other.json.roll.by], [first.json.taken.id, 1, '王晓梅']);
    });

    test('two phones at once: one roll', async () => {
        const answers = await Promise.all([roll('teacher', []), roll('office', [mark('hao', 'absent')])]);
        assert.deepEqual(answers.map((a) => a.status).sort(), [201, 409], answers.map((a) => a.text).join('\n'));
        assert.equal(Number((await server.sql('SELECT COUNT(*) n FROM roll_call'))[0].n), 1);
    });

    test('who may: the class teacher and the office, of this class only', async () => {
        for (const person of ['subject', 'grade', 'vice', 'principal', 'registrar', 'township', 'county', 'psych', 'guardian', 'nobody']) {
            refused(await roll(person, []), 403, 'forbidden');
        }
        for (const person of ['teacherB', 'teacher2']) {
            refused(await roll(person, []), 404, 'not_found');
            refused(await who[person].get(`roll-calls/sheet?class_id=${cls('class1')}`), 404, 'not_found');
        }
        for (const person of ['subject', 'grade', 'vice', 'principal', 'registrar', 'township', 'county', 'psych']) {
            assert.equal((await who[person].get(`roll-calls/sheet?class_id=${cls('class1')}`)).status, 200, person);
        }
        refused(await who.guardian.get(`roll-calls/sheet?class_id=${cls('class1')}`), 403, 'forbidden');
        await taken('office', []);
    });

    test('what is no roll', async () => {
        refused(await roll('teacher', undefined), 422, 'invalid', 'marks', 'required');
        refused(await roll('teacher', {}), 422, 'invalid', 'marks', 'not_list');
        refused(await roll('teacher', [mark('xin', 'absent')]), 422, 'invalid', 'marks.0.student_id', 'student_not_found');
        refused(await roll('teacher', [mark('hao', 'gone')]), 422, 'invalid', 'marks.0.kind', 'not_in_list');
        refused(await roll('teacher', [mark('hao', 'absent'), mark('hao', 'late')]), 422, 'invalid', 'marks.1.student_id', 'attendance.twice');
        refused(await roll('teacher', [mark('hao', 'late', { clock: '8:20' })]), 422, 'invalid', 'marks.0.clock', 'attendance.clock');
        refused(await roll('teacher', [mark('hao', 'absent', { reason: 'x' })]), 422, 'invalid', 'marks.0.reason', 'not_in_list');
        refused(await roll('teacher', [mark('hao', 'absent', { note: '长'.repeat(101) })]), 422, 'invalid', 'marks.0.note', 'too_long');
        refused(await roll('teacher', [], { day: '2026-09-20' }), 422, 'invalid', 'day', 'attendance.no_school');
        refused(await roll('teacher', [], { day: '2026-9-20' }), 422, 'invalid', 'day', 'not_date');
        refused(await roll('teacher', [], { session: 'p1' }), 422, 'invalid', 'session', 'attendance.no_session');
        refused(await roll('teacher', [], { session: 'night' }), 422, 'invalid', 'session', 'attendance.no_session');
        refused(await roll('teacher', [], { session: 'pm' }), 422, 'invalid', 'session', 'attendance.too_early');
        refused(await roll('teacher', [], { day: '2026-09-22' }), 422, 'invalid', 'session', 'attendance.too_early');
        refused(await who.office.post('roll-calls', { marks: [] }), 422, 'invalid', 'class_id', 'required');
        refused(await who.office.post('roll-calls', { class_id: '17', marks: [] }), 404, 'not_found');
        refused(await roll('teacher', [], {}, { key: null }), 400, 'no_idempotency_key');
        assert.equal(Number((await server.sql('SELECT COUNT(*) n FROM roll_call'))[0].n), 0);
    });

    test('corrections: on its day the class teacher, later the office; both marks are kept', async () => {
        const made = await taken('teacher', [mark('hao', 'absent')]);
        const fix = (person, way, marks, version) => who[person].post(`roll-calls/${made.taken.id}/${way}`, { marks }, { version });
        refused(await fix('teacher', 'marks', [mark('hao', 'late', { clock: '08:20' })]), 428, 'no_if_match');
        const fixed = await fix('teacher', 'marks', [mark('hao', 'late', { clock: '08:20', reason: 'overslept' })], 1);
        assert.equal(fixed.status, 200, fixed.text);
        assert.equal(fixed.json.taken.version, 2);
        assert.deepEqual([seat(fixed.json, 'hao').mark.kind, seat(fixed.json, 'hao').was.kind], ['late', 'absent']);
        refused(await fix('teacher', 'marks', [mark('hao', 'present')], 1), 412, 'stale');
        refused(await fix('teacher', 'correct', [mark('hao', 'present')], 2), 403, 'forbidden');
        refused(await fix('teacherB', 'marks', [mark('hao', 'present')], 2), 404, 'not_found');
        refused(await fix('teacher', 'marks', [], 2), 422, 'invalid', 'marks', 'not_list');

        at('2026-09-22T08:05');
        refused(await fix('teacher', 'marks', [mark('hao', 'present')], 2), 403, 'forbidden');
        assert.equal((await fix('office', 'correct', [mark('min', 'absent', { note: '补记' })], 2)).status, 200);
        const marks = await server.sql('SELECT kind, supersedes IS NOT NULL s FROM attendance_mark ORDER BY id');
        assert.deepEqual(marks.map((m) => [Number(m.kind), Number(m.s)]), [[3, 0], [1, 1], [3, 0]]);
        refused(await who.office.post('roll-calls/17/correct', { marks: [mark('hao', 'absent')] }, { version: 1 }), 404, 'not_found');
        // a whole roll once more, with the version it had: who is not named is there
        const whole = await roll('office', [], { day: '2026-09-21', session: 'am' }, { version: 3 });
        assert.equal(whole.status, 200, whole.text);
        assert.deepEqual(whole.json.students.map((s) => s.mark?.kind ?? null), [null, 'present', 'present']);
    });

    test('a class with a rule of its own: by the day, by the period', async () => {
        const rule = (value) => server.sql("INSERT INTO rule_override (rule, unit_id, value, reason, set_by, set_at) VALUES ('roll.mode', ?, ?, 'x', 1, '2026-09-01')"
            + ' ON DUPLICATE KEY UPDATE value = VALUES(value)', [world.units.class1.id, value]);
        await rule('day');
        assert.deepEqual((await who.teacher.get('roll-calls/sheet')).json.sessions.map((s) => [s.session, s.first, s.last]), [['day', 1, 7]]);
        await rule('period');
        at('2026-09-21T15:45');
        const sheet = (await who.teacher.get('roll-calls/sheet')).json;
        assert.deepEqual([sheet.session, sheet.sessions.length], ['p7', 7]);
        const made = await taken('teacher', [mark('hao', 'absent')]);
        assert.equal(made.session, 'p7');
        assert.equal(await rungs(), 'S0');
    });

    test('no school: the sheet says when there is again', async () => {
        at('2026-10-03T09:00');
        const sheet = (await who.teacher.get('roll-calls/sheet')).json;
        assert.deepEqual([sheet.sessions, sheet.next, sheet.students], [[], '2026-10-08', []]);
    });
});

describe('leave and the roll', () => {
    const leave = { kind: 'sick', starts_on: '2026-09-21', starts_period: 1, ends_on: '2026-09-21', ends_period: 7, reason: '夜里发烧', action: 'submit' };

    async function onLeave(student, more = {}) {
        const answer = await who.guardian.post('leave-requests', { ...leave, student_id: id(student), ...more });
        assert.equal(answer.status, 201, answer.text);
        const approved = await who.teacher.post(`leave-requests/${answer.json.id}/approve`, {}, { version: answer.json.version });
        assert.equal(approved.status, 200, approved.text);
        return approved.json;
    }

    test('children on leave are filled in; present though on leave is said and kept', async () => {
        at('2026-09-21T07:00');
        await onLeave('siyu');
        at('2026-09-21T08:05');
        const sheet = (await who.teacher.get('roll-calls/sheet')).json;
        assert.deepEqual([seat(sheet, 'siyu').leave.kind, seat(sheet, 'siyu').leave.excuses], ['sick', true]);
        const made = await taken('teacher', []);
        assert.equal(seat(made, 'siyu').mark.kind, 'leave');
        assert.equal(seat(made, 'siyu').present_on_leave, false);
        assert.equal(await rungs(), '');

        const back = await who.teacher.post(`roll-calls/${made.taken.id}/marks`, { marks: [mark('siyu', 'present')] }, { version: 1 });
        assert.equal(seat(back.json, 'siyu').mark.kind, 'present');
        assert.equal(seat(back.json, 'siyu').present_on_leave, true);
        assert.equal(seat(back.json, 'siyu').leave.kind, 'sick');
        // at noon: named present from the start
        at('2026-09-21T14:05');
        const noon = await taken('teacher', [mark('siyu', 'present')]);
        assert.equal(seat(noon, 'siyu').present_on_leave, true);
    });

    test('V6: sent before the first bell and not decided: it closes the call, not the rest; approved in the evening it takes all away', async () => {
        at('2026-09-21T07:50');
        const asked = (await who.guardian.post('leave-requests', { ...leave, student_id: id('siyu') })).json;
        assert.deepEqual([asked.school_days, asked.route, asked.decide_by], [1, 'teacher', '2026-09-21T08:50:00+08:00']);
        at('2026-09-21T08:05');
        const sheet = (await who.teacher.get('roll-calls/sheet')).json;
        assert.equal(seat(sheet, 'siyu').leave.excuses, false);
        await taken('teacher', [mark('siyu', 'absent')]);
        assert.deepEqual([await rungs(), await rungs('done'), await tasks()], ['', 'S0', '']);
        jobs('2026-09-21T11:30');
        assert.deepEqual([await rungs(), await rungs('done'), await tasks()], ['S2 S3', 'S0 S1', 'report']);
        at('2026-09-21T14:05');
        await taken('teacher', [mark('siyu', 'absent')]);
        jobs('2026-09-21T16:20');
        assert.deepEqual([await rungs(), await tasks()], ['S2 S3 S4', 'report visit']);
        at('2026-09-21T17:00');
        const yes = await who.grade.post(`leave-requests/${asked.id}/approve`, {}, { version: (await who.grade.get(`leave-requests/${asked.id}`)).json.version });
        assert.equal(yes.status, 200, yes.text);
        jobs('2026-09-21T17:01');
        assert.deepEqual([await rungs(), await rungs('withdrawn'), await tasks(), await tasks('withdrawn')],
            ['', 'S2:excused S3:excused S4:excused', '', 'report visit']);
        assert.equal((await who.teacher.get('absences/runs')).json.items.length, 0);
        const day = (await who.office.get('roll-calls/day')).json.classes.find((k) => k.class_id === cls('class1'));
        assert.deepEqual(day.sessions.map((s) => [s.absent, s.leave]), [[0, 1], [0, 1]]);
    });

    test('V2: consent, then refused by the office: its periods are missed from the start', async () => {
        at('2026-09-21T18:00');
        let it = (await who.guardian.post('leave-requests', { ...leave, student_id: id('siyu'), starts_on: '2026-09-22', ends_on: '2026-09-23', ends_period: 4 })).json;
        it = (await who.teacher.post(`leave-requests/${it.id}/consent`, {}, { version: it.version })).json;
        at('2026-09-22T08:05');
        await taken('teacher', []);
        assert.equal(await rungs(), '');
        at('2026-09-22T09:00');
        const no = await who.office.post(`leave-requests/${it.id}/reject`, { comment: '请带孩子来说明' }, { version: it.version });
        assert.equal(no.status, 200, no.text);
        jobs('2026-09-22T09:01');
        assert.deepEqual([await rungs('done'), await rungs()], ['S0', '']);
        const [first] = await server.sql("SELECT DATE_FORMAT(trigger_at, '%m-%d %H:%i') t FROM absence_rung WHERE step = 0");
        assert.equal(first.t, '09-22 08:00', 'from the first period on');
        const day = (await who.office.get('roll-calls/day')).json.classes.find((k) => k.class_id === cls('class1'));
        assert.deepEqual([day.sessions[0].absent, day.sessions[0].leave], [1, 0]);
        jobs('2026-09-22T11:30');
        assert.equal(await rungs(), 'S2 S3');
    });
});

describe('the ladder through the database', () => {
    test('L1 late: the call is withdrawn as soon as he is there', async () => {
        const made = await taken('teacher', [mark('hao', 'absent')]);
        assert.deepEqual([await rungs(), await tasks()], ['S0', 'contact']);
        const [t] = await server.sql("SELECT trigger_at, nominal_due, working_due, owner_role FROM task WHERE kind = 'attendance.contact'");
        assert.deepEqual([t.owner_role, String(t.nominal_due).slice(0, 19)], ['teacher', String(t.working_due).slice(0, 19)]);
        at('2026-09-21T08:20');
        await who.teacher.post(`roll-calls/${made.taken.id}/marks`, { marks: [mark('hao', 'late', { clock: '08:20', reason: 'road' })] }, { version: 1 });
        assert.deepEqual([await rungs(), await rungs('withdrawn'), await tasks(), await tasks('withdrawn')], ['', 'S0:returned', '', 'contact']);
    });

    test('L2 half day: one call closes S0 and S1, the return withdraws the report', async () => {
        await taken('teacher', [mark('hao', 'absent')]);
        at('2026-09-21T10:15');
        const called = await who.teacher.post('contacts', contact('hao'));
        assert.equal(called.status, 201, called.text);
        assert.deepEqual([await rungs('done'), await tasks()], ['S0', '']);
        jobs('2026-09-21T11:30');
        assert.deepEqual([await rungs(), await rungs('done'), await tasks()], ['S2 S3', 'S0 S1', 'report']);
        const day = (await who.office.get('roll-calls/day')).json;
        assert.deepEqual(day.half_days.map((h) => [h.name, h.at]), [['李浩', '2026-09-21T11:30:00+08:00']]);
        at('2026-09-21T14:05');
        await taken('teacher', []);
        assert.deepEqual([await rungs(), await rungs('withdrawn'), await tasks('withdrawn')], ['', 'S2:returned S3:returned', 'report']);
        const [done] = await server.sql("SELECT closed_record, closed_id FROM task WHERE kind = 'attendance.contact'");
        assert.deepEqual([done.closed_record, String(done.closed_id)], ['contacts', called.json.id]);
    });

    test('L4 weekend: visits close their rungs, the third day opens the case, the return withdraws S6', async () => {
        await absentOn('hao', ['09-25']);
        at('2026-09-25T15:00');
        await who.teacher.post('contacts', contact('hao'));
        jobs('2026-09-25T16:20');
        assert.deepEqual([await rungs(), await tasks()], ['S2 S3 S4', 'report visit']);
        at('2026-09-25T20:00');
        const report = await who.teacher.post('absence-reports', { student_id: id('hao'), measure: '明天上午去家里看看' });
        assert.equal(report.status, 201, report.text);
        assert.deepEqual([report.json.first_on, report.json.first_period, report.json.contacted, report.json.reason], ['2026-09-25', 1, '李春花', 'sick']);
        at('2026-09-26T10:00');
        const seen = await who.teacher.post('home-visits', visit('hao'));
        assert.equal(seen.status, 201, seen.text);
        assert.deepEqual([await rungs(), await tasks()], ['S2', '']);

        await absentOn('hao', ['09-28']);
        jobs('2026-09-28T16:20');
        assert.deepEqual([await rungs(), await tasks()], ['S2 S5', 'visit_middle']);
        const [five] = await server.sql("SELECT owner_role, owner_unit FROM task WHERE kind = 'attendance.visit_middle'");
        assert.deepEqual([five.owner_role, String(five.owner_unit)], ['grade', String(world.units.gradeUnit.id)]);
        await absentOn('hao', ['09-29']);
        at('2026-09-29T15:00');
        await who.grade.post('home-visits', visit('hao', { with_teacher: true, with_middle: true, visitors: '罗永福、王晓梅' }));
        assert.equal(await tasks(), '');
        jobs('2026-09-29T16:20');
        assert.deepEqual([await rungs(), await tasks()], ['S2 S6 S8', 'visit_leader']);
        const cases = async () => (await server.sql("SELECT state, DATE_FORMAT(discovered_on, '%m-%d') d FROM dropout_case")).map((k) => [k.state, k.d]);
        assert.deepEqual(await cases(), [['suspected', '09-25']]);
        const [run] = (await who.vice.get('absences/runs')).json.items;
        assert.deepEqual([run.student_name, run.since, run.days, run.presumed_days, run.contact.person], ['李浩', '2026-09-25', 3, 0, '李春花']);
        assert.deepEqual(run.rungs.map((r) => [r.step, r.state]), [['S0', 'done'], ['S1', 'done'], ['S2', 'open'], ['S3', 'done'], ['S4', 'done'],
            ['S5', 'done'], ['S6', 'open'], ['case', 'open']]);
        at('2026-09-30T08:05');
        await taken('teacher', []);
        assert.deepEqual([await rungs(), await tasks(), await rungs('withdrawn')], ['', '', 'S2:returned S6:returned S8:returned']);
        assert.deepEqual(await cases(), [['observing', '09-25']]);
    });

    test('L6 skipped periods: a call each day; four periods in a week notify once, and are used up', async () => {
        await server.sql("INSERT INTO rule_override (rule, unit_id, value, reason, set_by, set_at) VALUES ('roll.mode', ?, 'period', 'x', 1, '2026-09-01')", [world.units.class1.id]);
        const bells = ['08:05', '08:55', '10:05', '10:55', '14:05', '14:55', '15:45'];
        /** Every roll of a day: absent from this period on, there before it; the jobs at the last bell. */
        async function skips(day, from) {
            for (const [i, time] of bells.entries()) {
                at(`2026-${day}T${time}`);
                await taken('teacher', i + 1 >= from ? [mark('hao', 'absent')] : [], { session: `p${i + 1}` });
            }
            jobs(`2026-${day}T16:20`);
        }
        const all = async () => (await server.sql(`SELECT DATE_FORMAT(trigger_at, '%m-%d %H:%i') t, step, DATE_FORMAT(nominal_at, '%m-%d %H:%i') n,
            DATE_FORMAT(working_at, '%m-%d %H:%i') w, state FROM absence_rung ORDER BY trigger_at, step`)).map((r) => [`S${r.step}`, r.t, r.n, r.w, r.state]);
        const s0 = (t, due) => ['S0', t, due, due, 'done'];
        const none = 8;

        for (const [day, from, open] of [['09-21', 7, 'S0'], ['09-22', none, ''], ['09-23', 7, 'S0'], ['09-24', none, ''], ['09-25', 6, 'S0 S1'], ['09-28', 7, 'S0'],
            ['09-29', none, '']]) {
            await skips(day, from);
            assert.equal(await rungs(), open, day);
            if (open) {
                assert.equal(await tasks(), open === 'S0' ? 'contact' : 'contact notify', day);
                at(`2026-${day}T17:00`);
                ok(await who.teacher.post('contacts', contact('hao')), 201);
                assert.deepEqual([await rungs(), await tasks()], ['', ''], `${day}: closed by the call of the day`);
            }
        }
        assert.deepEqual(await all(), [s0('09-21 15:40', '09-22 00:00'), s0('09-23 15:40', '09-24 00:00'), s0('09-25 14:50', '09-26 00:00'),
            ['S1', '09-25 16:20', '09-26 00:00', '09-26 00:00', 'done'], s0('09-28 15:40', '09-29 00:00')], 'no half-day, and none notified again on the 28th');
        assert.deepEqual((await who.office.get(`absences/runs?student_id=${id('hao')}`)).json.items.map((run) => [run.since, run.days]),
            [['2026-09-28', 0], ['2026-09-25', 0], ['2026-09-23', 0], ['2026-09-21', 0]]);
    });

    test('L8 back-filled: nobody is accused by silence; late entries are due the next school day', async () => {
        jobs('2026-09-22T18:00');
        assert.equal(await rungs(), '');
        at('2026-09-23T09:00');
        for (const day of ['2026-09-21', '2026-09-22']) {
            for (const session of ['am', 'pm']) {
                const made = await taken('teacher', [mark('hao', 'absent')], { day, session });
                assert.equal(made.taken.late_entry, true);
            }
        }
        await taken('teacher', [mark('hao', 'absent')]);
        assert.deepEqual([await rungs(), await tasks()], ['S0 S1 S2 S3 S4 S5', 'contact notify report visit visit_middle']);
        const due = await server.sql("SELECT kind, DATE_FORMAT(nominal_due, '%m-%d %H:%i') n, DATE_FORMAT(working_due, '%m-%d %H:%i') w, late_entry l FROM task"
            + " WHERE kind LIKE 'attendance.%' AND kind NOT LIKE 'attendance.roll%' ORDER BY kind");
        assert.deepEqual(due.map((d) => [d.kind.slice(11), d.n, d.w, Number(d.l)]), [['contact', '09-22 00:00', '09-25 00:00', 1],
            ['notify', '09-22 00:00', '09-25 00:00', 1], ['report', '09-22 08:00', '09-25 00:00', 1], ['visit', '09-23 00:00', '09-25 00:00', 1],
            ['visit_middle', '09-24 00:00', '09-25 00:00', 1]]);
    });

    test('L9 an unmarked day in a run: presumed, and taken back when the roll comes', async () => {
        await absentOn('hao', ['09-21', '09-22']);
        jobs('2026-09-23T16:20');
        assert.equal(await rungs(), 'S0 S1 S2 S3 S4 S5 S6');
        await absentOn('hao', ['09-24']);
        jobs('2026-09-24T16:20');
        assert.equal(await rungs(), 'S0 S1 S2 S3 S4 S5 S6 S8');
        at('2026-09-24T17:00');
        for (const session of ['am', 'pm']) {
            await taken('teacher', [], { day: '2026-09-23', session });
        }
        assert.equal(await rungs(), 'S0 S1 S2 S3 S4');
        assert.match(await rungs('withdrawn'), /S6:corrected S8:corrected$/);
        assert.deepEqual((await server.sql('SELECT state FROM dropout_case')).map((k) => k.state), ['in_error']);
        const runs = (await who.teacher.get(`absences/runs?student_id=${id('hao')}`)).json.items;
        assert.deepEqual(runs.map((r) => [r.since, r.state, r.days]), [['2026-09-24', 'open', 1], ['2026-09-21', 'ended', 2]]);
        assert.equal(await tasks(), 'contact notify report visit');
    });

    test('L10 transfer: from the effective date nothing is due any more', async () => {
        await absentOn('hao', ['10-12']);
        jobs('2026-10-16T16:20');
        assert.equal(await rungs(), 'S0 S1 S2 S3 S4 S5 S6');      // four days of silence: presumed, no case
        at('2026-10-19T10:00');
        await server.sql("UPDATE enrolment SET ends_on = '2026-10-12' WHERE student_id = ?", [world.students.hao]);
        await server.sql("INSERT INTO ladder_touch (student_id, at) VALUES (?, '2026-10-19 10:00:00')", [world.students.hao]);
        jobs('2026-10-19T10:00');
        assert.equal(await rungs(), '');
        assert.equal(await tasks(), '');
        assert.match(await rungs('withdrawn'), /^S0:transferred .* S6:transferred$/);
        const [run] = (await who.office.get(`absences/runs?student_id=${id('hao')}`)).json.items;
        assert.deepEqual([run.state, run.ended_by, run.days], ['ended', 'transferred', 1]);
        await server.sql('UPDATE enrolment SET ends_on = NULL WHERE student_id = ?', [world.students.hao]);
    });

    test('guardians hear of it once a day, in words that accuse nobody', async () => {
        await taken('teacher', [mark('siyu', 'absent')]);
        at('2026-09-21T14:05');
        await taken('teacher', [mark('siyu', 'absent')]);
        const notices = await server.sql("SELECT account_id, kind FROM notice WHERE kind = 'attendance.missed'");
        assert.equal(notices.length, 2, 'both parents, once');
    });
});

describe('the clock', () => {
    test('a class without a roll: the class teacher, then the office; the roll closes both', async () => {
        jobs('2026-09-21T08:29');
        assert.equal(await alerts(), '');
        jobs('2026-09-21T08:30');
        const rows = await server.sql("SELECT kind, owner_role, class_id FROM task WHERE state = 'open' ORDER BY id");
        assert.equal(rows.length, 3);
        assert.deepEqual([...new Set(rows.map((r) => `${r.kind} ${r.owner_role}`))], ['attendance.roll teacher']);
        jobs('2026-09-21T09:00');
        assert.equal(await alerts(), 'roll roll roll roll_missing roll_missing roll_missing');
        at('2026-09-21T09:05');
        await taken('teacher', []);
        assert.equal(await alerts(), 'roll roll roll_missing roll_missing');
        assert.equal(await alerts('done'), 'roll roll_missing');
        const day = (await who.office.get('roll-calls/day')).json;
        assert.deepEqual(day.classes.map((k) => [k.class_name, k.sessions.map((s) => [s.session, s.taken])]),
            [['三年级1班', [['am', true], ['pm', false]]], ['三年级2班', [['am', false], ['pm', false]]]]);
        assert.deepEqual([day.classes[0].sessions[0].due, day.classes[0].sessions[0].present], [3, 3]);
        jobs('2026-09-21T14:30');
        assert.equal((await alerts()).split(' ').length, 2 + 2 + 3);
    });

    test('a closure that is declared later takes its days out of a run', async () => {
        await absentOn('hao', ['09-21', '09-22']);
        jobs('2026-09-22T16:20');
        assert.equal(await rungs(), 'S0 S1 S2 S3 S4 S5');
        await server.sql("INSERT INTO closure (id, class_id, starts_on, ends_on, reason) VALUES (9, ?, '2026-09-22', '2026-09-23', '流感')", [world.units.class1.id]);
        await server.sql("INSERT INTO ladder_touch (student_id, at) VALUES (?, '2026-09-22 16:30:00')", [world.students.hao]);
        jobs('2026-09-22T16:30');
        assert.deepEqual([await rungs(), await rungs('withdrawn')], ['S0 S1 S2 S3 S4', 'S5:corrected']);
        await server.sql('DELETE FROM closure');
    });

    test('a holiday that is declared over days with marks, and taken back: the ladder follows the calendar by itself', async () => {
        await absentOn('hao', ['09-21', '09-22']);
        jobs('2026-09-22T16:20');
        assert.equal(await rungs(), 'S0 S1 S2 S3 S4 S5');
        const made = await who.office.post('closures', { kind: 'infection', reason: '流感', starts_on: '2026-09-21', ends_on: '2026-09-22',
            class_ids: [cls('class1')] });
        assert.equal(made.status, 201, made.text);
        jobs('2026-09-22T16:31');
        assert.deepEqual([await rungs(), await tasks()], ['', '']);
        const back = await who.office.post(`closures/${made.json.id}/cancel`, { comment: '没有流感' }, { version: made.json.version });
        assert.equal(back.status, 200, back.text);
        // nobody has a run any more: who has marks in those days is computed again
        jobs('2026-09-22T16:41');
        assert.equal((await rungs()).split(' ').at(-1).slice(0, 2), 'S5');
        await server.sql('DELETE FROM closure');
    });

    test('a child who changes class takes run, rungs and tasks along; a roll taken before says nothing of the child', async () => {
        await absentOn('hao', ['09-21', '09-22']);
        jobs('2026-09-22T16:20');
        at('2026-09-23T08:05');
        const other = await roll('teacherB', [], { class_id: cls('class2') });
        assert.equal(other.status, 201, other.text);
        at('2026-09-23T10:00');
        const [{ n: newest }] = await server.sql('SELECT MAX(id) n FROM roll_call');
        const before = await server.sql('SELECT * FROM enrolment WHERE student_id = ?', [world.students.hao]);
        await server.sql("UPDATE enrolment SET ends_on = '2026-09-22' WHERE student_id = ?", [world.students.hao]);
        await server.sql("INSERT INTO enrolment (id, student_id, class_id, school_id, starts_on) VALUES (?, ?, ?, ?, '2026-09-23')",
            [BigInt(newest) + 1n, world.students.hao, world.units.class2.id, world.units.school.id]);
        await server.sql('UPDATE student SET class_id = ? WHERE id = ?', [world.units.class2.id, world.students.hao]);
        await server.sql("INSERT INTO ladder_touch (student_id, at) VALUES (?, '2026-09-23 10:00:00')", [world.students.hao]);
        jobs('2026-09-23T10:00');
        assert.equal(await rungs(), 'S0 S1 S2 S3 S4 S5', 'not back by a roll that did not know him');
        const owners = await server.sql("SELECT DISTINCT class_id, owner_role, owner_unit FROM task WHERE state = 'open' AND student_id = ? ORDER BY owner_role", [world.students.hao]);
        assert.deepEqual(owners.map((o) => [String(o.class_id), o.owner_role, String(o.owner_unit)]), [
            [cls('class2'), 'grade', String(world.units.gradeUnit.id)], [cls('class2'), 'teacher', cls('class2')]]);
        assert.equal((await who.teacherB.get('absences/runs')).json.items.length, 1);
        assert.equal((await who.teacher.get('absences/runs')).json.items.length, 0);
        assert.ok((await who.teacherB.get('tasks')).json.items.some((one) => one.student_id === id('hao')));
        at('2026-09-23T14:05');
        const noon = await roll('teacherB', [], { class_id: cls('class2') });
        assert.equal(noon.status, 201, noon.text);
        assert.equal(await rungs(), '', 'the roll that knows him ends the run');
        await server.sql('DELETE FROM enrolment WHERE student_id = ?', [world.students.hao]);
        for (const row of before) {
            await server.sql("INSERT INTO enrolment (id, student_id, class_id, school_id, starts_on) VALUES (?, ?, ?, ?, '2024-09-01')", [row.id, row.student_id, row.class_id, row.school_id]);
        }
        await server.sql('UPDATE student SET class_id = ? WHERE id = ?', [world.units.class1.id, world.students.hao]);
    });

    test('no alert on days without school', async () => {
        jobs('2026-10-03T08:45');
        assert.equal(await alerts(), '');
        assert.equal(Number((await server.sql('SELECT COUNT(*) n FROM roll_expected'))[0].n), 0);
    });
});

describe('lists', () => {
    test('the sheet of a day before the clock has written its rolls: from the timetable, class by class', async () => {
        const sessions = async (person = 'office', day = '') => (await who[person].get(`roll-calls/day${day}`)).json.classes.map((k) => k.sessions.map((s) => `${s.session} ${s.due_at.slice(11, 16)} ${s.taken}`));
        assert.equal(Number((await server.sql('SELECT COUNT(*) n FROM roll_expected'))[0].n), 0);
        const both = [['am 08:30 false', 'pm 14:30 false'], ['am 08:30 false', 'pm 14:30 false']];
        assert.deepEqual(await sessions(), both);
        assert.deepEqual(await sessions('teacher'), both.slice(1));
        assert.deepEqual(await sessions('office', '?day=2026-09-22'), both);
        assert.deepEqual(await sessions('office', '?day=2026-10-03'), [[], []]);
        await server.sql("INSERT INTO rule_override (rule, unit_id, value, reason, set_by, set_at) VALUES ('roll.mode', ?, 'day', 'x', 1, '2026-09-01')", [world.units.class1.id]);
        await server.sql("INSERT INTO closure (id, class_id, starts_on, ends_on, reason) VALUES (9, ?, '2026-09-21', '2026-09-21', '流感')", [world.units.class2.id]);
        assert.deepEqual(await sessions(), [['day 08:30 false'], []]);
        await server.sql("INSERT INTO rule_override (rule, unit_id, value, reason, set_by, set_at) VALUES ('roll.due_minutes', ?, '45', 'x', 1, '2026-09-01')", [world.units.gradeUnit.id]);
        await server.sql('DELETE FROM closure');
        assert.deepEqual(await sessions(), [['day 08:45 false'], ['am 08:45 false', 'pm 14:45 false']]);
        await server.sql("DELETE FROM rule_override");
        await taken('teacher', []);
        assert.deepEqual(await sessions(), [['am 08:30 true', 'pm 14:30 false'], ['am 08:30 false', 'pm 14:30 false']]);
        jobs('2026-09-21T08:10');
        assert.deepEqual(await sessions(), [['am 08:30 true', 'pm 14:30 false'], ['am 08:30 false', 'pm 14:30 false']]);
    });

    test('the sheet of a school for whoever works there, or above', async () => {
        await taken('teacher', [mark('hao', 'absent', { reason: 'sick', note: '发烧' }), mark('min', 'sent')]);
        for (const [person, n] of [['office', 2], ['principal', 2], ['grade', 2], ['teacher', 1], ['teacherB', 1]]) {
            const day = await who[person].get('roll-calls/day');
            assert.equal(day.json.classes.length, n, `${person} ${day.text}`);
        }
        refused(await who.county.get('roll-calls/day'), 422, 'invalid', 'school_id', 'required');
        const day = (await who.county.get(`roll-calls/day?school_id=${world.units.school.id}`)).json;
        const [am] = day.classes[0].sessions;
        assert.deepEqual([am.due, am.present, am.absent, am.leave, am.late, am.sent], [3, 1, 1, 0, 0, 1]);
        assert.deepEqual(am.exceptions.map((e) => [e.name, e.kind, e.reason, e.note]), [['李浩', 'absent', 'sick', '发烧'], ['韦敏', 'sent', null, null]]);
        refused(await who.principal2.get(`roll-calls/day?school_id=${world.units.school.id}`), 404, 'not_found');
        refused(await who.guardian.get('roll-calls/day'), 403, 'forbidden');
    });

    test('marks of a child, of a class; in scope only', async () => {
        const made = await taken('teacher', [mark('hao', 'absent')]);
        await who.teacher.post(`roll-calls/${made.taken.id}/marks`, { marks: [mark('hao', 'late', { clock: '08:30' })] }, { version: 1 });
        const list = (await who.teacher.get(`absences?student_id=${id('hao')}`)).json.items;
        assert.deepEqual(list.map((m) => [m.day, m.session, m.kind, m.clock, m.by, m.supersedes !== null]),
            [['2026-09-21', 'am', 'absent', null, '王晓梅', false], ['2026-09-21', 'am', 'late', '08:30', '王晓梅', true]]);
        assert.equal((await who.office.get(`absences?class_id=${cls('class1')}`)).json.items.length, 2);
        assert.equal((await who.principal.get('absences')).json.items.length, 2);
        assert.equal((await who.teacherB.get(`absences?student_id=${id('hao')}`)).json.items.length, 0);
        assert.equal((await who.principal2.get(`absences?class_id=${cls('class1')}`)).json.items.length, 0);
        refused(await who.county.get('absences'), 422, 'invalid', 'school_id', 'required');
        refused(await who.office.get(`absences?student_id=${id('hao')}&from=x`), 422, 'invalid', 'from', 'not_date');
        refused(await who.office.get('absences?from=2026-01-01'), 422, 'invalid', 'from', 'filter');
    });

    test('who is missing, in scope only', async () => {
        await taken('teacher', [mark('hao', 'absent')]);
        for (const [person, n] of [['teacher', 1], ['office', 1], ['grade', 1], ['township', 1], ['county', 1], ['teacherB', 0], ['principal2', 0]]) {
            assert.equal((await who[person].get('absences/runs')).json.items.length, n, person);
        }
        refused(await who.guardian.get('absences/runs'), 403, 'forbidden');
    });
});

describe('contacts, reports, visits', () => {
    test('a call that nobody answered is kept and closes nothing', async () => {
        await taken('teacher', [mark('hao', 'absent')]);
        const tried = await who.teacher.post('contacts', { student_id: id('hao'), channel: 'phone', reached: false, words: '没人接' });
        const reached = async (value) => (await who.teacher.get(`contacts?reached=${value}&limit=200`)).json.items.map((one) => one.reached);
        assert.ok((await reached('false')).length > 0 && (await reached('false')).every((one) => one === false));
        assert.ok((await reached('true')).every((one) => one === true));
        assert.equal((await who.teacher.get('contacts?reached=perhaps')).status, 422);
        assert.equal(tried.status, 201, tried.text);
        assert.deepEqual([tried.json.clock, tried.json.made_by], ['08:05', '王晓梅']);
        assert.equal(await rungs(), 'S0');
        refused(await who.teacher.post('contacts', contact('hao', { person: null })), 422, 'invalid', 'person', 'required');
        refused(await who.teacher.post('contacts', contact('hao', { reason: null })), 422, 'invalid', 'reason', 'required');
        refused(await who.teacher.post('contacts', contact('hao', { clock: '09:00' })), 422, 'invalid', 'clock', 'visit.in_future');
        refused(await who.teacher.post('contacts', contact('hao', { happened_on: '2026-09-22', clock: '08:00' })), 422, 'invalid', 'happened_on', 'visit.in_future');
        refused(await who.teacher.post('contacts', contact('hao', { happened_on: '2025-09-01', clock: '08:00' })), 422, 'invalid', 'happened_on', 'visit.long_ago');
        refused(await who.teacher.post('contacts', contact('hao', { happened_on: '2026-09-18' })), 422, 'invalid', 'clock', 'required');
        refused(await who.teacherB.post('contacts', contact('hao')), 422, 'invalid', 'student_id', 'student_not_found');
        refused(await who.guardian.post('contacts', contact('siyu')), 403, 'forbidden');
        const key = randomUUID();
        const once = await who.teacher.post('contacts', contact('hao'), { key });
        assert.equal((await who.teacher.post('contacts', contact('hao'), { key })).text, once.text);
        assert.equal((await who.office.get(`contacts?student_id=${id('hao')}`)).json.items.length, 2);
        assert.equal((await who.teacherB.get('contacts')).json.items.length, 0);
    });

    test('a report needs an absence', async () => {
        refused(await who.teacher.post('absence-reports', { student_id: id('hao'), measure: '家访' }), 422, 'invalid', 'student_id', 'visit.no_absence');
        refused(await who.teacher.post('absence-reports', { student_id: id('hao') }), 422, 'invalid', 'measure', 'required');
        refused(await who.office.post('absence-reports', { student_id: id('hao'), measure: '家访' }), 403, 'forbidden');
    });

    test('a visit needs people, a place, and evidence or why there is none', async () => {
        refused(await who.teacher.post('home-visits', visit('hao', { with_teacher: false })), 422, 'invalid', 'with_teacher', 'visit.nobody');
        refused(await who.teacher.post('home-visits', visit('hao', { witness: null })), 422, 'invalid', 'photos', 'visit.evidence');
        refused(await who.teacher.post('home-visits', visit('hao', { place: null })), 422, 'invalid', 'place', 'required');
        refused(await who.teacher.post('home-visits', visit('hao', { way: 'phone' })), 422, 'invalid', 'way_reason', 'visit.why_not_there');
        const photo = await who.teacher.post('attachments', Buffer.from(
            '89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360000002000001e221bc330000000049454e44ae426082', 'hex'),
        { headers: { 'content-type': 'image/png' } });
        const seen = await who.teacher.post('home-visits', visit('hao', { witness: null, photos: photo.status === 201 ? [photo.json.id] : [],
            no_evidence: photo.status === 201 ? null : '家长不愿拍照' }));
        assert.equal(seen.status, 201, seen.text);
        assert.deepEqual([seen.json.happened_on, seen.json.clock, seen.json.made_by], ['2026-09-21', '08:05', '王晓梅']);
        assert.equal((await who.county.get('home-visits')).json.items.length, 1);
        assert.equal((await who.principal2.get('home-visits')).json.items.length, 0);
        refused(await who.registrar.post('home-visits', visit('hao')), 403, 'forbidden');
    });

    test('a phone call with a reason stands for the class teacher, not for the leaders', async () => {
        await absentOn('hao', ['09-21', '09-22']);
        jobs('2026-09-22T16:20');
        at('2026-09-22T17:00');
        const called = await who.grade.post('home-visits', visit('hao', { way: 'phone', way_reason: '山路塌方', place: null, with_middle: true }));
        assert.equal(called.status, 201, called.text);
        assert.equal(await rungs(), 'S0 S1 S2 S3 S5');
    });
});

describe('an influenza week: many children at once', () => {
    const both = () => [{ student_id: id('hao'), person: '李春花' }, { student_id: id('siyu'), person: '杨秀莲' }];
    const shared = { channel: 'phone', reached: true, reason: 'sick', words: '流感，在家休息' };

    test('one request, one contact a child, a result an item; the same key again makes nothing new', async () => {
        await taken('teacher', [mark('hao', 'absent'), mark('siyu', 'absent'), mark('min', 'absent')]);
        assert.equal(await rungs(), 'S0 S0 S0');
        const key = randomUUID();
        const items = [...both(), { student_id: id('min') }, { student_id: id('xin'), person: '吴桂英' }];
        const answer = await who.teacher.post('contacts/bulk', { items, ...shared }, { key });
        assert.equal(answer.status, 200, answer.text);
        assert.deepEqual(answer.json.items.map((one) => [one.student_id, one.status]), [[id('hao'), 201], [id('siyu'), 201], [id('min'), 422], [id('xin'), 422]]);
        assert.deepEqual([answer.json.done, answer.json.refused], [2, 2]);
        assert.deepEqual([answer.json.items[1].record.person, answer.json.items[1].record.words], ['杨秀莲', '流感，在家休息']);
        assert.ok(answer.json.items[2].title.length > 2 && !answer.json.items[2].title.startsWith('error.'), answer.text);
        assert.deepEqual([await rungs(), await rungs('done'), await tasks()], ['S0', 'S0 S0', 'contact']);
        const again = await who.teacher.post('contacts/bulk', { items, ...shared }, { key });
        assert.deepEqual(again.json.items.map((one) => [one.status, one.record?.id]), answer.json.items.map((one) => [one.status, one.record?.id]));
        assert.equal(Number((await server.sql('SELECT COUNT(*) n FROM contact'))[0].n), 2);
        assert.deepEqual((await who.teacher.get('contacts')).json.items.map((one) => one.person).sort(), ['李春花', '杨秀莲'].sort());
    });

    test('what is no list of children', async () => {
        refused(await who.teacher.post('contacts/bulk', { items: [], ...shared }), 422, 'invalid', 'action', 'not_in_list');
        refused(await who.teacher.post('contacts/bulk', { items: [{ student_id: id('hao') }, { student_id: id('hao') }], ...shared }), 422, 'invalid', 'items.1.student_id', 'twice');
        refused(await who.teacher.post('contacts/bulk', { items: [{ student_id: id('hao') }, {}], ...shared }), 422, 'invalid', 'items.1.student_id', 'required');
        const guardian = await who.guardian.post('contacts/bulk', { items: [{ student_id: id('siyu'), person: 'x' }], ...shared });
        assert.deepEqual(guardian.json.items.map((one) => one.status), [403], guardian.text);
        assert.equal(Number((await server.sql('SELECT COUNT(*) n FROM contact'))[0].n), 0);
    });

    test('unexcused absence becomes a leave entered for the guardian who phoned, each for itself', async () => {
        const absent = [mark('hao', 'absent'), mark('siyu', 'absent')];
        for (const time of ['2026-09-21T08:05', '2026-09-21T14:05', '2026-09-22T08:05']) {
            at(time);
            await taken('teacher', absent);
        }
        jobs('2026-09-22T09:00');
        const missing = (await who.teacher.get('absences/runs')).json.items;
        assert.deepEqual(missing.map((run) => [run.student_name, run.guardians.map((one) => one.name)]).sort(), [['李浩', ['李春花']], ['罗思雨', ['杨秀莲', '罗国平']]]);
        const neighbour = { student_id: id('min'), requested_by: '邻居', starts_on: '2026-09-22', starts_period: 1 };
        const items = missing.map((run) => ({ student_id: run.student_id, requested_by: run.guardians[0].name, starts_on: run.since,
            starts_period: run.period }));
        const body = { action: 'enter', channel: 'phone', kind: 'sick', reason: '流感，在家休息', ends_on: '2026-09-22', ends_period: 16, items };
        const key = randomUUID();
        const answer = await who.teacher.post('leave-requests/bulk', body, { key });
        assert.deepEqual(answer.json.items.map((one) => [one.status, one.record?.state, one.record?.school_days]), [[201, 'provisional', 2], [201, 'provisional', 2]], answer.text);
        assert.equal((await who.teacher.post('leave-requests/bulk', body, { key })).json.done, 2);
        assert.equal(Number((await server.sql('SELECT COUNT(*) n FROM leave_request'))[0].n), 2);
        jobs('2026-09-22T09:01');
        assert.deepEqual([await rungs(), await tasks()], ['', '']);
        assert.match(await rungs('withdrawn'), /S4:excused/);
        // once more: each is told that there is leave already
        const twice = await who.teacher.post('leave-requests/bulk', body);
        assert.deepEqual(twice.json.items.map((one) => one.status), [409, 409]);
        const proxy = await who.teacher.post('leave-requests/bulk', { ...body, items: [neighbour] });
        assert.deepEqual(proxy.json.items.map((one) => [one.status, one.code]), [[422, 'invalid']], proxy.text);
        refused(await who.teacher.post('leave-requests/bulk', { ...body, action: 'return' }), 422, 'invalid', 'action', 'not_in_list');
    });
});
