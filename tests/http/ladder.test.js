// ladder.test.js: the dated examples that need more than one workflow: absence with leave (L7, V1, V4, V5, V6, V8), absence with the
// dropout case (L5, L8, L10, C1 before the case, C4, C5). What one workflow alone decides of them is in attendance.test.js,
// leave*.test.js, dropout.test.js and tests/unit/test_ladder*.c. The clock is set, never waited for.

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import {
    absentOn, alerts, at, begin, clear, cls, contact, end, id, jobs, mark, ok, rungs, seat, server, taken, tasks, visit, who, world,
} from '../lib/attendance.js';

before(begin);
after(end);
beforeEach(async () => {
    await clear();
    for (const table of ['persuasion', 'refusal', 'follow_up', 'return_report', 'return_notice']) {
        await server.sql(`DELETE FROM ${table}`);
    }
});

const midnight = (date) => `${new Date(Date.parse(date) + 86400e3).toISOString().slice(0, 10)} 00:00:00`;           // 24:00 of a day
const full = (date) => `2026-${date}`;

/** The dues of the rungs there are, in every state: { S4: '2026-09-23 00:00:00' }; with working ones behind a slash where they differ. */
async function dues() {
    const rows = await server.sql(`SELECT step, DATE_FORMAT(nominal_at, '%Y-%m-%d %H:%i:%s') n, DATE_FORMAT(working_at, '%Y-%m-%d %H:%i:%s') w
        FROM absence_rung WHERE nominal_at IS NOT NULL ORDER BY run_id, step, turn`);
    return Object.fromEntries(rows.map((r) => [`S${r.step}`, r.n === r.w ? r.n : `${r.n} / ${r.w}`]));
}

/** When each fired. */
const fired = async () => Object.fromEntries((await server.sql("SELECT step, DATE_FORMAT(trigger_at, '%m-%d %H:%i') t FROM absence_rung ORDER BY run_id, step, turn"))
    .map((r) => [`S${r.step}`, r.t]));

const leave = (from, fromPeriod, to, toPeriod, more = {}) => ({
    student_id: id('siyu'), kind: 'sick', starts_on: from.length > 5 ? from : full(from), starts_period: fromPeriod, ends_on: to.length > 5 ? to : full(to), ends_period: toPeriod,
    reason: '夜里发烧，去卫生院看病', action: 'submit', ...more,
});
const ask = async (body) => ok(await who.guardian.post('leave-requests', body), 201);
async function decide(person, record, action, body = {}) {
    const now = ok(await who[person].get(`leave-requests/${record.id}`));
    return ok(await who[person].post(`leave-requests/${record.id}/${action}`, body, { version: now.version }));
}

const cases = async () => (await who.office.get('dropout-cases')).json.items;
const step = async (it, name) => (await who.county.get(`dropout-cases/${it.id}/steps`)).json.items.find((one) => one.step === name);
async function act(person, it, action, body = {}) {
    const now = ok(await who[person].get(`dropout-cases/${it.id}`));
    return ok(await who[person].post(`dropout-cases/${it.id}/${action}`, body, { version: now.version }));
}
const form = { cause: 'work', cause_text: '说要跟表哥去打工', whereabouts: 'home', measures: '班主任上门', plan: '请同村同学一起去' };

/** Both rolls of these days, all there. */
async function presentOn(days) {
    for (const day of days) {
        for (const time of ['08:05', '14:05']) {
            at(`2026-${day}T${time}`);
            await taken('teacher', []);
        }
    }
}

describe('the ladder', () => {
    test('L3 one day: the report must be there by the next bell, the visit is withdrawn by the return', async () => {
        await absentOn('hao', ['09-22']);
        at('2026-09-22T15:00');
        ok(await who.teacher.post('contacts', contact('hao', { happened_on: '2026-09-22', clock: '09:00' })), 201);
        jobs('2026-09-22T16:20');
        assert.deepEqual(await dues(), { S0: midnight('2026-09-22'), S1: midnight('2026-09-22'), S3: '2026-09-23 08:00:00', S4: midnight('2026-09-23') });
        assert.deepEqual([await tasks(), await rungs('done')], ['report visit', 'S0 S1']);
        at('2026-09-23T08:05');
        await taken('teacher', []);
        assert.equal(await rungs('withdrawn'), 'S2:returned S3:returned! S4:returned', 'the report is missed, the visit is not');
        assert.equal(await tasks(), '');
    });

    test('L5 holiday: it counts nothing and breaks nothing; the cap brings the second visit into it; the form is due on the Monday', async () => {
        await absentOn('hao', ['09-29', '09-30']);
        jobs('2026-09-30T16:20');
        assert.equal((await dues()).S5, midnight('2026-10-03'));
        at('2026-10-03T15:00');                                          // on the holiday
        ok(await who.grade.post('home-visits', visit('hao', { with_middle: true, visitors: '罗永福、王晓梅' })), 201);
        assert.equal(await rungs('done'), 'S4 S5');
        await absentOn('hao', ['10-08']);
        jobs('2026-10-08T16:20');
        assert.equal((await dues()).S6, midnight('2026-10-09'));
        const [it] = await cases();
        assert.deepEqual([it.discovered_on, it.trigger_at, it.week_at], ['2026-09-29', '2026-10-08T16:20:00+08:00', '2026-10-10T16:20:00+08:00']);
        await absentOn('hao', ['10-09', '10-10']);
        jobs('2026-10-10T16:20');
        const [run] = (await who.teacher.get('absences/runs')).json.items;
        assert.deepEqual([run.days, run.presumed_days, run.since], [5, 0, '2026-09-29']);
        assert.deepEqual([(await fired()).S7, (await dues()).S7], ['10-10 16:20', midnight('2026-10-12')]);
        assert.equal((await step(it, 'form')).nominal, '2026-10-13T00:00:00+08:00');
    });

    test('L7 leave afterwards: the run vanishes, what was done is kept, nothing counts as missed; no dropout by the vice principal', async () => {
        await absentOn('siyu', ['09-21']);
        jobs('2026-09-21T16:20');
        await absentOn('siyu', ['09-22']);
        jobs('2026-09-22T16:20');
        at('2026-09-22T18:00');
        ok(await who.teacher.post('home-visits', visit('siyu')), 201);
        await absentOn('siyu', ['09-23']);
        jobs('2026-09-23T16:20');
        const before = await dues();
        assert.deepEqual([before.S4, before.S5, before.S6], [midnight('2026-09-22'), midnight('2026-09-23'), midnight('2026-09-24')]);
        assert.equal(await rungs('done'), 'S4');
        const [it] = await cases();
        assert.deepEqual([it.state, it.trigger_at], ['suspected', '2026-09-23T16:20:00+08:00']);

        at('2026-09-24T09:50');
        const asked = await ask(leave('09-21', 1, '09-25', 7, { reason: '周日起住院，有诊断证明' }));
        jobs('2026-09-24T10:00');
        assert.equal((await decide('teacher', asked, 'consent')).state, 'provisional');
        jobs('2026-09-24T10:01');
        assert.deepEqual([await rungs(), await tasks()], ['', '']);
        assert.match(await rungs('withdrawn'), /S5:excused S6:excused S8:excused$/);
        assert.equal(await rungs('done').then((all) => all.includes('S4')), true, 'the visit is kept');
        assert.equal((await who.teacher.get('home-visits')).json.items.length >= 1, true);
        assert.equal((await who.teacher.get('absences/runs')).json.items.length, 0);
        assert.equal((await act('vice', it, 'not_dropout', { cause: 'illness', verdict_text: '住院，有诊断证明' })).state, 'not_dropout');
    });

    test('L8 back-filled: alerts on both days at 08:30; the third day opens the case; one joint visit closes S4 to S6', async () => {
        jobs('2026-09-21T08:29');
        assert.equal(await alerts(), '');
        for (const day of ['2026-09-21', '2026-09-22']) {
            await server.sql('DELETE FROM task');
            jobs(`${day}T08:30`);
            assert.equal((await alerts()).split(' ').filter((one) => one === 'roll').length, 3, day);
        }
        at('2026-09-23T09:00');
        for (const day of ['2026-09-21', '2026-09-22']) {
            for (const session of ['am', 'pm']) {
                await taken('teacher', [mark('hao', 'absent')], { day, session });
            }
        }
        await taken('teacher', [mark('hao', 'absent')]);
        at('2026-09-23T14:05');
        await taken('teacher', [mark('hao', 'absent')]);
        jobs('2026-09-23T16:20');
        assert.equal(await rungs(), 'S0 S1 S2 S3 S4 S5 S6 S8');
        const thursday = midnight('2026-09-24');
        assert.deepEqual(await dues(), { S0: `${midnight('2026-09-21')} / ${thursday}`, S1: `${midnight('2026-09-21')} / ${thursday}`, S3: `2026-09-22 08:00:00 / ${thursday}`,
            S4: `${midnight('2026-09-22')} / ${thursday}`, S5: `${midnight('2026-09-23')} / ${thursday}`, S6: thursday, S8: midnight('2026-09-23') });
        at('2026-09-24T07:30');
        ok(await who.teacher.post('contacts', contact('hao')), 201);
        ok(await who.teacher.post('absence-reports', { student_id: id('hao'), measure: '今天一起上门' }), 201);
        ok(await who.vice.post('home-visits', visit('hao', { with_middle: true, with_leader: true, visitors: '何秀英、罗永福、王晓梅' })), 201);
        assert.deepEqual([await rungs(), await tasks()], ['S2 S8', '']);
    });

    test('L10 transfer: the claim stops nothing; confirmed, rungs and form are withdrawn as transferred', async () => {
        for (const day of ['10-12', '10-13', '10-14']) {
            await absentOn('hao', [day]);
            jobs(`2026-${day}T16:20`);
        }
        const [it] = await cases();
        assert.equal(it.trigger_at, '2026-10-14T16:20:00+08:00');
        at('2026-10-14T17:00');
        await act('teacher', it, 'claim', { claim_on: '2026-10-13', claim_text: '搬到东莞去了' });
        await absentOn('hao', ['10-15', '10-16']);
        jobs('2026-10-16T16:20');
        const due = await dues();
        assert.deepEqual([due.S4, due.S5, due.S6, due.S7], ['2026-10-13', '2026-10-14', '2026-10-15', '2026-10-19'].map(midnight));
        assert.match(await rungs(), /S4 S5 S6 S7 S8/);
        assert.deepEqual([(await step(it, 'form')).state, (await step(it, 'form')).nominal], ['open', '2026-10-20T00:00:00+08:00']);

        at('2026-10-19T10:00');
        const [was] = await server.sql('SELECT id FROM enrolment WHERE student_id = ? AND ends_on IS NULL', [world.students.hao]);
        const png = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');
        const proof = ok(await who.registrar.post('attachments', png, { headers: { 'content-type': 'image/png' } }), 201);
        await act('registrar', it, 'accept', { transfer_to: '长安镇第一小学', transfer_on: '2026-10-13', acceptance: [proof.id] });
        await server.sql("UPDATE enrolment SET ends_on = '2026-10-12' WHERE id = ?", [was.id]);
        await server.sql("INSERT INTO ladder_touch (student_id, at) VALUES (?, '2026-10-19 10:00:00')", [world.students.hao]);
        assert.equal((await act('vice', it, 'transfer')).state, 'transferred');
        jobs('2026-10-19T10:01');
        await server.sql('UPDATE enrolment SET ends_on = NULL WHERE id = ?', [was.id]);
        assert.deepEqual([await rungs(), await tasks()], ['', '']);
        assert.match(await rungs('withdrawn'), /^S0:transferred .* S7:transferred S8:transferred$/, 'nothing counts as missed');
        assert.equal((await step(it, 'form')).state, 'dropped');
        assert.deepEqual(await server.sql("SELECT 1 FROM task WHERE kind LIKE 'dropout.%' AND waits = 1"), []);
        const [run] = (await who.office.get(`absences/runs?student_id=${id('hao')}`)).json.items;
        assert.deepEqual([run.days, run.ended_by], [1, 'transferred']);
    });
});

describe('leave and absence', () => {
    test('V1 periods: approved at 10:20, in class in the morning, excused in the afternoon', async () => {
        at('2026-09-23T08:05');
        await taken('teacher', []);
        at('2026-09-23T10:00');
        const it = await ask(leave('09-23', 5, '09-23', 7, { reason: '看牙医' }));
        at('2026-09-23T10:20');
        assert.equal((await decide('teacher', it, 'approve')).state, 'approved');
        at('2026-09-23T14:05');
        const noon = await taken('teacher', []);
        assert.equal(seat(noon, 'siyu').mark.kind, 'leave');
        jobs('2026-09-23T16:20');
        assert.equal(await rungs(), '');
        const day = (await who.office.get('roll-calls/day')).json.classes.find((k) => k.class_id === cls('class1'));
        assert.deepEqual(day.sessions.map((s) => [s.present, s.leave, s.absent]), [[3, 0, 0], [2, 1, 0]]);
    });

    test('V3 a phone call, no paper: Tuesday is leave in the figures until the grace ends, then missed; no rung opens', async () => {
        const figures = async () => {
            const { school } = (await who.office.get('attendance-figures?from=2026-09-22&to=2026-09-22')).json;
            return [school.leave, school.absent];
        };
        at('2026-09-22T07:40');
        const it = ok(await who.teacher.post('leave-requests', leave('09-22', 1, '09-22', 7, { action: 'enter', channel: 'phone', requested_by: '杨秀莲', reason: '发烧' })), 201);
        for (const time of ['08:05', '14:05']) {
            at(`2026-09-22T${time}`);
            await taken('teacher', []);
        }
        jobs('2026-09-23T08:00');
        at('2026-09-23T08:05');
        await taken('teacher', []);
        const back = ok(await who.teacher.get(`leave-requests/${it.id}`));
        assert.deepEqual([back.state, back.back_on, back.back_period, back.paper_by], ['awaiting_paper', '2026-09-23', 1, '2026-09-25T00:00:00+08:00'], 'the roll is the return');
        assert.deepEqual((await server.sql("SELECT state FROM task WHERE kind = 'leave.paper'")).length, 1);
        const said = (await who.teacher.get(`leave-requests/${it.id}/history`)).json.items;
        assert.ok(said.some((one) => one.action === 'came_back_paper'), JSON.stringify(said));
        jobs('2026-09-28T23:59');
        assert.deepEqual(await figures(), [7, 0]);
        jobs('2026-09-29T00:00');
        assert.equal(ok(await who.teacher.get(`leave-requests/${it.id}`)).state, 'no_paper');
        assert.deepEqual(await figures(), [0, 7]);
        assert.deepEqual([await rungs(), await rungs('withdrawn'), await tasks(), (await who.teacher.get('absences/runs')).json.items.length], ['', '', '', 0]);
    });

    test('the roll is the return: only of who is there, in or after the expected period; absence after it is an ordinary one', async () => {
        const state = async (it) => { const now = ok(await who.teacher.get(`leave-requests/${it.id}`)); return [now.state, now.back_on, now.back_period]; };
        const enter = async (child) => ok(await who.teacher.post('leave-requests', { ...leave('09-22', 1, '09-22', 7), student_id: id(child), action: 'enter', channel: 'phone',
            requested_by: '罗阿姨', proxy_reason: '邻居代说' }), 201);
        at('2026-09-22T07:40');
        const [siyu, hao] = [await enter('siyu'), await enter('hao')];
        at('2026-09-22T08:05');
        await taken('teacher', [mark('siyu', 'present')]);
        assert.deepEqual(await state(siyu), ['provisional', '2026-09-23', 1], 'seen before: the word of the teacher');
        jobs('2026-09-23T08:00');
        at('2026-09-23T08:05');
        const roll = await taken('teacher', [mark('siyu', 'absent'), mark('hao', 'late', { clock: '09:00' })]);
        assert.deepEqual([await state(siyu), await state(hao)], [['overdue', '2026-09-23', 1], ['awaiting_paper', '2026-09-23', 2]]);
        ok(await who.teacher.post(`roll-calls/${roll.taken.id}/marks`, { marks: [mark('hao', 'absent')] }, { version: 1 }));
        jobs('2026-09-23T11:30');
        assert.deepEqual(await state(hao), ['awaiting_paper', '2026-09-23', 2], 'absent after all: the leave is over, the slip due');
        assert.ok((await server.sql('SELECT 1 FROM absence_run WHERE student_id = ? AND state = \'open\'', [world.students.hao])).length === 1);
        at('2026-09-23T14:05');
        await taken('teacher', [mark('hao', 'absent')]);
        assert.deepEqual(await state(siyu), ['awaiting_paper', '2026-09-23', 5], 'in the afternoon');
        ok(await who.teacher.post(`roll-calls/${roll.taken.id}/marks`, { marks: [mark('hao', 'present')] }, { version: 2 }));
        assert.deepEqual(await state(hao), ['awaiting_paper', '2026-09-23', 2]);
    });

    test('a correction from absent to present brings an overdue child back', async () => {
        at('2026-09-22T07:40');
        const it = ok(await who.teacher.post('leave-requests', leave('09-22', 1, '09-22', 7, { action: 'enter', channel: 'phone', requested_by: '杨秀莲' })), 201);
        jobs('2026-09-23T08:00');
        at('2026-09-23T08:05');
        const roll = await taken('teacher', [mark('siyu', 'absent')]);
        assert.equal(ok(await who.teacher.get(`leave-requests/${it.id}`)).state, 'overdue');
        ok(await who.teacher.post(`roll-calls/${roll.taken.id}/marks`, { marks: [mark('siyu', 'present')] }, { version: 1 }));
        const now = ok(await who.teacher.get(`leave-requests/${it.id}`));
        assert.deepEqual([now.state, now.back_period], ['awaiting_paper', 1]);
    });

    test('V4 across the holiday: not back on the make-up Saturday, the run begins there; no leave day is counted in it', async () => {
        at('2026-09-29T18:00');
        const it = await ask(leave('09-30', 1, '10-09', 7));
        await decide('teacher', it, 'consent');
        await decide('office', it, 'approve');
        jobs('2026-10-09T20:00');
        at('2026-10-10T08:05');
        await taken('teacher', [mark('siyu', 'absent')]);
        at('2026-10-10T14:05');
        await taken('teacher', [mark('siyu', 'absent')]);
        jobs('2026-10-10T16:20');
        assert.equal(ok(await who.teacher.get(`leave-requests/${it.id}`)).state, 'overdue');
        const [run] = (await who.teacher.get('absences/runs')).json.items;
        assert.deepEqual([run.since, run.days], ['2026-10-10', 1]);
        const [when, due] = [await fired(), await dues()];
        assert.deepEqual([when.S0, when.S4, due.S4], ['10-10 08:00', '10-10 16:20', midnight('2026-10-12')]);
    });

    test('V5 late back in the new term: missed until the class teacher consents, then excused from the first period', async () => {
        at('2027-03-01T08:05');
        await taken('teacher', [mark('siyu', 'absent')]);
        assert.deepEqual([await rungs(), (await fired()).S0], ['S0', '03-01 08:00']);
        at('2027-03-01T09:10');
        const it = await ask(leave('2027-03-01', 1, '2027-03-02', 7, { reason: '在外婆家，路上没车' }));
        assert.deepEqual([it.school_days, it.chain_days, it.route], [2, 2, 'office']);
        jobs('2027-03-01T09:11');
        assert.deepEqual([await rungs(), await rungs('done')], ['', 'S0'], 'the request closes the call');
        assert.equal((await who.teacher.get('absences/runs')).json.items.length, 1, 'missed all the same');
        at('2027-03-01T10:00');
        assert.equal((await decide('teacher', it, 'consent')).state, 'provisional');
        jobs('2027-03-01T16:20');
        assert.equal((await who.teacher.get('absences/runs')).json.items.length, 0);
        assert.equal(await rungs(), '');
        const day = (await who.office.get('roll-calls/day')).json.classes.find((k) => k.class_id === cls('class1'));
        assert.deepEqual([day.sessions[0].absent, day.sessions[0].leave], [0, 1], 'from p1 on');
    });

    test('V6 rejected at 17:00: the visit and the report stay, with their dues', async () => {
        at('2026-09-21T07:50');
        const it = await ask(leave('09-21', 1, '09-21', 7));
        assert.equal(it.decide_by, '2026-09-21T08:50:00+08:00');
        for (const time of ['08:05', '14:05']) {
            at(`2026-09-21T${time}`);
            await taken('teacher', [mark('siyu', 'absent')]);
        }
        jobs('2026-09-21T16:20');
        at('2026-09-21T17:00');
        assert.equal((await decide('grade', it, 'reject', { comment: '请当面说明' })).state, 'rejected');
        jobs('2026-09-21T17:01');
        assert.deepEqual([await rungs(), await tasks()], ['S2 S3 S4', 'report visit']);
        const [due, when] = [await dues(), await fired()];
        assert.deepEqual([due.S4, due.S3, when.S3, when.S4], [midnight('2026-09-22'), '2026-09-22 08:00:00', '09-21 11:30', '09-21 16:20']);
    });

    test('V8 extension: to be decided before the first bell it adds, or by the delegate; its days are excused from the consent on', async () => {
        at('2026-09-20T18:00');
        const first = await ask(leave('09-21', 1, '09-22', 7));
        await decide('teacher', first, 'consent');
        await decide('office', first, 'approve');
        at('2026-09-22T18:00');
        const more = await ask(leave('09-23', 1, '09-24', 7, { reason: '还没退烧' }));
        at('2026-09-22T18:30');
        const on = await decide('teacher', more, 'consent');
        assert.deepEqual([on.chain_days, on.decide_by, on.back_at], [4, '2026-09-23T08:00:00+08:00', '2026-09-25T08:00:00+08:00']);
        at('2026-09-23T08:05');
        assert.equal(seat(await taken('teacher', []), 'siyu').mark.kind, 'leave');
        jobs('2026-09-23T08:06');
        const late = ok(await who.vice.get(`leave-requests/${more.id}`));
        assert.equal(late.escalated, true);
        assert.deepEqual((await who.vice.get('leave-requests?queue=mine')).json.items.map((one) => one.id), [more.id]);
        assert.equal(await rungs(), '');
    });
});

describe('the dropout case and the ladder before it', () => {
    test('C1: visits before the case opened are history, the first attempt is the one after', async () => {
        for (const day of ['10-12', '10-13']) {
            await absentOn('siyu', [day]);
            jobs(`2026-${day}T16:20`);
        }
        at('2026-10-13T18:00');
        ok(await who.teacher.post('home-visits', visit('siyu', { effect: 'thinks' })), 201);
        await absentOn('siyu', ['10-14']);
        at('2026-10-14T15:00');
        ok(await who.grade.post('home-visits', visit('siyu', { with_middle: true, visitors: '罗永福', effect: 'refuses' })), 201);
        jobs('2026-10-14T16:20');
        const [it] = await cases();
        assert.deepEqual([it.state, it.trigger_at, it.attempts, it.failed], ['suspected', '2026-10-14T16:20:00+08:00', 0, 0]);
        const { items } = (await who.office.get(`students/${id('siyu')}/timeline`)).json;
        assert.equal(items.filter((one) => one.kind === 'visit').length, 2, JSON.stringify(items.map((one) => one.kind)));
        await absentOn('siyu', ['10-15']);
        at('2026-10-15T18:00');
        ok(await who.vice.post('home-visits', visit('siyu', { with_leader: true, visitors: '何秀英', effect: 'refuses' })), 201);
        const now = ok(await who.office.get(`dropout-cases/${it.id}`));
        assert.deepEqual([now.attempts, now.failed], [1, 1]);
    });

    test('C4: after a relapse the class teacher visits on the next school day, as the ladder says', async () => {
        await server.sql(`INSERT INTO dropout_case (id, version, state, student_id, class_id, school_id, township_id, origin, opened_why, discovered_on, trigger_at, week_at,
            returned_on, follow_up_from, follow_up_until, created_at, updated_at) VALUES (77, 1, 'follow_up', ?, ?, ?, ?, 'ladder', NULL, '2026-10-12', '2026-10-14 16:20', '2026-10-16 16:20',
            '2026-11-23', '2026-11-27 16:20', '2027-03-01', '2026-10-14', '2026-11-27')`,
        [world.students.siyu, world.units.class1.id, world.units.school.id, world.units.township.id]);
        await absentOn('siyu', ['12-10']);
        jobs('2026-12-10T16:20');
        assert.equal((await dues()).S4, midnight('2026-12-11'));
        const linked = (await cases()).find((one) => one.linked_id === '77');
        assert.deepEqual([linked?.state, linked?.relapse_no, linked?.trigger_at, linked?.attempts], ['suspected', 1, '2026-12-10T16:20:00+08:00', 0]);
        assert.equal((await step(linked, 'tell_bureau')).nominal, '2026-12-12T00:00:00+08:00');
        for (const login of ['teacher', 'psych']) {
            assert.ok((await who[login].get('notices')).json.items.some((one) => one.kind === 'dropout.relapsed'), `${login} is told at once`);
        }
    });

    test('C5 reported late: marked present by rote for 16 days; corrected, everything is due on the Monday and late by its own day', { timeout: 120_000 }, async () => {
        const days = ['09-21', '09-22', '09-23', '09-24', '09-25', '09-28', '09-29', '09-30', '10-08', '10-09', '10-10', '10-12', '10-13', '10-14', '10-15'];
        await presentOn(days);
        at('2026-10-16T08:05');
        await taken('teacher', []);
        at('2026-10-16T14:05');
        await taken('teacher', []);
        at('2026-10-16T15:00');
        assert.equal(await rungs(), '');
        for (const roll of await server.sql('SELECT id, version FROM roll_call WHERE class_id = ? ORDER BY id', [world.units.class1.id])) {
            ok(await who.office.post(`roll-calls/${roll.id}/correct`, { marks: [mark('siyu', 'absent', { note: '当时照抄' })] }, { version: Number(roll.version) }));
        }
        jobs('2026-10-16T16:20');
        const [run] = (await who.office.get('absences/runs')).json.items;
        assert.deepEqual([run.since, run.days], ['2026-09-21', 16]);
        const due = await dues(), monday = midnight('2026-10-19');
        for (const [rung, nominal] of [['S4', '2026-09-22'], ['S5', '2026-09-23'], ['S6', '2026-09-24'], ['S7', '2026-09-28']]) {
            assert.equal(due[rung], `${midnight(nominal)} / ${monday}`, rung);
        }
        const all = await cases();
        assert.equal(all.length, 1, 'the corrected marks have opened it');
        assert.deepEqual([all[0].discovered_on, all[0].trigger_at, all[0].week_at, all[0].late], ['2026-09-21', '2026-09-23T16:20:00+08:00', '2026-09-25T16:20:00+08:00', true]);
        for (const [name, nominal] of [['list', '2026-09-23'], ['form', '2026-09-28'], ['report', '2026-09-30']]) {
            const one = await step(all[0], name);
            assert.deepEqual([one.nominal, one.working], [midnight(nominal), monday].map((t) => `${t.replace(' ', 'T')}+08:00`), name);
        }
        at('2026-10-19T10:00');
        ok(await who.vice.post('home-visits', visit('siyu', { with_middle: true, with_leader: true, visitors: '何秀英、罗永福、王晓梅' })), 201);
        assert.deepEqual((await rungs('done')).split(' ').map((one) => one.split('.')[0]).filter((one) => /^S[456]/.test(one)), ['S4', 'S5', 'S6']);
        await act('teacher', all[0], 'form', form);
        await act('office', all[0], 'review', { review_text: '查实' });
        await act('principal', all[0], 'report');
        assert.deepEqual([(await step(all[0], 'report')).late, (await step(all[0], 'report')).late_days], [true, 9]);
        const marks = (await who.office.get(`absences?student_id=${id('siyu')}&from=2026-09-21&to=2026-09-21`)).json.items;
        assert.deepEqual(marks.map((one) => [one.kind, one.by]), [['absent', '陈志强'], ['absent', '陈志强']], 'who corrected');
        const rolls = await server.sql('SELECT DISTINCT a.login FROM roll_call r JOIN account a ON a.id = r.saved_by');
        assert.deepEqual(rolls.map((one) => one.login), ['teacher'], 'who had marked the days by rote stays on record');
    });
});
