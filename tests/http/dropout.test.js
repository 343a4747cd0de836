// dropout.test.js mirrors lib/plugins/dropout*.c: the examples C1–C5 of the dropout case with their dates on the calendar of
// world.js, and each action allowed and refused. The machine walked at random is dropout_walk.test.js. The clock is set.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, beforeEach, describe, test } from 'node:test';
import {
    act, at, attempt, begin, clear, done, end, form, id, iso, made, midnight, notice, open, photo, read, refused, serve, served, server,
    steps, who, world,
} from '../lib/dropout.js';

before(begin);
after(end);
beforeEach(clear);

const cls = (name) => String(world.units[name].id);

/** A roll of 三年级1班 now: these are absent. */
async function roll(absent) {
    const answer = await who.teacher.post('roll-calls', { class_id: cls('class1'), marks: absent.map((one) => ({ student_id: id(one), kind: 'absent' })) });
    assert.equal(answer.status, 201, answer.text);
}

/** Both rolls of a day ('11-23'), and the jobs after its last bell. */
async function day(date, absent, until = '16:30') {
    const year = date < '08' ? 2027 : 2026;

    for (const time of ['08:05', '14:05']) {
        const [taken] = await server.sql('SELECT 1 AS one FROM roll_call WHERE day = ? AND session = ?', [`${year}-${date}`, time < '12' ? 1 : 2]);
        at(`${year}-${date}T${time}`);
        if (!taken) {
            await roll(absent);
        }
    }
    at(`${year}-${date}T${until}`);
    server.runJobs();
}

/** C1 to Monday, 23 November, when the child comes. */
async function backAtSchool() {
    const it = await untilTheOrder();

    at('2026-11-23T08:05');
    await roll([]);
    server.runJobs();
    return read('office', it);
}

/** C1 until the township's order is served, with every date of the example. */
async function untilTheOrder() {
    at('2026-10-14T16:20');
    let it = await made('teacher', 'dropout-cases', open());
    assert.equal(it.state, 'suspected');
    assert.equal(it.discovered_on, '2026-10-12');
    assert.equal(it.trigger_at, iso('2026-10-14T16:20'));
    assert.equal(it.week_at, iso('2026-10-16T16:20'));
    assert.equal(it.next_step, 'form');
    assert.equal(it.due_at, midnight('2026-10-19'));
    assert.equal(it.waits_for.name, '王晓梅');

    let step = await steps(it);
    assert.equal(step('list').nominal, midnight('2026-10-14'));
    assert.equal(step('list').late, false);
    assert.equal(step('form').nominal, midnight('2026-10-19'));
    assert.equal(step('report').nominal, midnight('2026-10-21'));

    at('2026-10-15T18:00');
    await made('vice', 'persuasions', attempt(it, { made_on: '2026-10-15', people: '何秀英' }));
    at('2026-10-19T09:00');
    it = await done('teacher', it, 'form', form);
    assert.equal(it.state, 'formal');
    it = await done('office', it, 'review', { review_text: '情况属实' });
    at('2026-10-20T10:00');
    it = await done('principal', it, 'report', {});
    assert.equal(it.state, 'reported');
    assert.equal(it.due_at, midnight('2026-10-27'), 'five working days after receipt');
    assert.equal(it.waits_for.name, '周启明');
    it = await done('county', it, 'receive');
    it = await done('township', it, 'township_receive');
    at('2026-10-22T18:00');
    await made('teacher', 'persuasions', attempt(it, { made_on: '2026-10-22', subject_teachers: 1 }));

    at('2026-10-26T15:00');
    it = await done('county', it, 'confirm', { verdict_text: '和公安户籍核过，没有在别处就读' });
    assert.deepEqual([it.state, it.due_at], ['confirmed', midnight('2026-10-28')]);
    at('2026-10-27T11:00');
    it = await done('county', it, 'notice', { addressee: '杨秀莲' });
    assert.equal(it.state, 'noticed');
    assert.equal((await notice(it, 'notice')).issuer_name, '澜溪县教育体育局');
    at('2026-10-28T17:00');
    assert.equal((await served('township', it, 'notice', serve('2026-10-28'))).status, 200);
    it = await read('office', it);
    assert.equal(it.return_by, iso('2026-11-04T16:20'));
    assert.equal(it.due_at, iso('2026-11-04T16:20'));

    at('2026-11-04T16:20');
    server.runJobs();
    it = await read('office', it);
    step = await steps(it);
    assert.equal(step('return').state, 'missed');
    assert.equal(step('tell_township').nominal, midnight('2026-11-05'));
    assert.equal(step('persuade').nominal, midnight('2026-11-09'));
    assert.equal((await notice(it, 'notice')).state, 'missed');

    at('2026-11-05T10:00');
    it = await done('office', it, 'tell_township', {});
    at('2026-11-06T19:00');
    await made('teacher', 'persuasions', attempt(it, { made_on: '2026-11-06', subject_teachers: 1, outcome: 'refused' }));
    const upload = await photo();
    await made('teacher', 'refusals', { student_id: it.student_id, case_id: it.id, refused_on: '2026-11-06', refused_by: 'both',
        reason: '不读了', people: '王晓梅、罗勇', receipt: 'signed', photos: [await upload('teacher')] });
    server.runJobs();
    it = await read('office', it);
    assert.equal(it.state, 'joint');
    assert.deepEqual([it.attempts, it.failed], [3, 3]);
    step = await steps(it);
    assert.equal(step('persuade').state, 'done');
    assert.equal(step('joint').nominal, midnight('2026-11-20'));

    at('2026-11-11T16:00');
    it = await done('county', it, 'joint_failed', { held_on: '2026-11-11', people: '县局、派出所、乡镇、学校', effect: '家长不松口' });
    assert.equal(it.state, 'township');
    assert.equal(it.due_at, midnight('2026-11-18'));
    at('2026-11-16T10:00');
    it = await done('township', it, 'order', { addressee: '杨秀莲' });
    at('2026-11-17T10:00');
    assert.equal((await served('township', it, 'order', serve('2026-11-17'))).status, 200);
    it = await read('office', it);
    assert.equal(it.return_by, iso('2026-11-24T16:20'));
    assert.equal(it.late, false, 'nothing the school had to do was late');
    return it;
}

describe('C1 refusal, township order', () => {
    test('from suspicion to the order of the township, every date', async () => {
        const it = await untilTheOrder();
        const { items } = (await who.office.get(`dropout-cases/${it.id}/timeline`)).json;
        assert.ok(items.some((one) => one.kind === 'persuasion' && one.way === 'joint'));
        assert.ok(items.some((one) => one.kind === 'refusal'));
        assert.deepEqual([...items].sort((a, b) => (a.at < b.at ? 1 : -1)).map((one) => one.at), items.map((one) => one.at));
    });

    test('back at school: observed, reported, signed, followed up, closed', async () => {
        let it = await backAtSchool();
        assert.equal(it.state, 'observing');
        assert.deepEqual([it.returned_on, it.back_to, it.observed], ['2026-11-23', 'township', 0]);
        let step = await steps(it);
        assert.equal(step('return_report').nominal, midnight('2026-11-26'));
        assert.equal(step('return_order').held, true);
        assert.equal((await notice(it, 'order')).state, 'met');

        await day('11-23', []);
        at('2026-11-24T10:00');
        refused(await act('township', it, 'sign', {}), 409, 'wrong_state', 'state', 'dropout.no_return_report');
        it = await done('teacher', it, 'return_report', { placed_in: '三年级1班', brought_by: '母亲', helper: '罗勇' });
        step = await steps(it);
        assert.equal(step('sign').nominal, midnight('2026-11-27'));
        await day('11-24', []);
        await day('11-25', []);
        at('2026-11-26T10:00');
        for (const login of ['teacher', 'principal', 'county']) {
            refused(await act(login, await read('county', it), 'sign', {}), 403, 'forbidden');
        }
        it = await done('township', it, 'sign', {});
        assert.equal((await who.office.get(`return-reports?case_id=${it.id}`)).json.items[0].signed_by, '韦大明');
        await day('11-26', []);
        await day('11-27', [], '16:19');
        it = await read('office', it);
        assert.deepEqual([it.state, it.observed], ['observing', 4]);
        at('2026-11-27T16:20');
        server.runJobs();
        it = await read('office', it);
        assert.deepEqual([it.state, it.follow_up_from, it.follow_up_until], ['follow_up', iso('2026-11-27T16:20'), '2027-03-01']);
        const reviews = (await who.psych.get(`follow-ups?case_id=${it.id}`)).json.items.reverse();
        assert.deepEqual(reviews.map((one) => one.due_on), ['2026-12-28', '2027-01-27', '2027-03-01']);

        const review = { study: '跟得上', life: '住校', mind: '开朗些', makeup: '每周两次数学', guardian_talk: '支持', evaluation: 'steady' };
        for (const one of reviews) {
            at(`${one.due_on}T10:00`);
            if (one === reviews[2]) {
                refused(await act('vice', await read('vice', it), 'close', { comment: '稳定' }), 409, 'wrong_state', 'state', 'dropout.reviews_missing');
            } else {
                refused(await act('vice', await read('vice', it), 'close', { comment: '稳定' }), 409, 'wrong_state', 'state', 'dropout.follow_up_runs');
            }
            const answer = await who.psych.post(`follow-ups/${one.id}/review`, review, { version: one.version });
            assert.equal(answer.status, 200, answer.text);
        }
        refused(await act('principal', await read('vice', it), 'close', { comment: '稳定' }), 403, 'forbidden');
        it = await done('vice', it, 'close', { comment: '三个月没有缺课' });
        assert.equal(it.state, 'closed');
        assert.equal(Number((await server.sql("SELECT COUNT(*) AS n FROM task WHERE kind LIKE 'dropout.%' AND waits = 1"))[0].n), 0, 'no task is left');
        assert.equal((await server.sql('SELECT status FROM student WHERE id = ?', [it.student_id]))[0].status, '01', 'the enrolment was never touched');
    });
});

describe('C4 relapse', () => {
    test('a day missed in the follow-up opens a linked case, and the bureau is told', async () => {
        let it = await backAtSchool();
        await day('11-23', []);
        it = await done('teacher', it, 'return_report', { placed_in: '三年级1班' });
        it = await done('township', it, 'sign', {});
        for (const date of ['11-24', '11-25', '11-26', '11-27']) {
            await day(date, []);
        }
        it = await read('office', it);
        assert.equal(it.state, 'follow_up');

        await day('12-10', ['siyu']);
        const before = await read('office', it);
        assert.equal(before.state, 'relapsed');
        const [next] = (await who.office.get(`dropout-cases?student_id=${it.student_id}&view=open`)).json.items;
        assert.deepEqual([next.state, next.linked_id, next.relapse_no, next.origin, next.discovered_on, next.trigger_at, next.attempts],
            ['suspected', it.id, 1, 'relapse', '2026-12-10', iso('2026-12-10T16:20'), 0]);
        assert.equal((await steps(next))('tell_bureau').nominal, midnight('2026-12-11'));
        assert.equal((await steps(next))('form').nominal, midnight('2026-12-17'), 'a week without return: the form as ever');
        assert.ok((await who.office.get(`follow-ups?case_id=${it.id}`)).json.items.every((one) => one.state === 'void'));
        const { items } = (await who.office.get(`dropout-cases/${next.id}/timeline`)).json;
        assert.deepEqual([...new Set(items.filter((one) => one.kind === 'action').map((one) => one.case_id))].sort(), [it.id, next.id].sort(), 'both in one timeline');
        assert.equal((await who.county.get('dropout-cases/figures')).json.items[0].relapsed, 1);
        assert.ok((await done('office', next, 'tell_bureau', {})).id);
    });

    test('a day missed while observed leads back to the township, whose deadline stays passed', async () => {
        let it = await backAtSchool();
        await day('11-23', []);
        await day('11-24', []);
        await day('11-25', []);
        assert.equal((await read('office', it)).observed, 3);
        await day('11-26', ['siyu']);
        it = await read('office', it);
        assert.deepEqual([it.state, it.observed, it.back_to, it.return_by], ['township', 0, null, iso('2026-11-24T16:20')]);
        server.runJobs();
        assert.equal((await steps(it))('return_order').state, 'missed');
        assert.equal((await steps(it))('return_report').state, 'dropped');
    });

    test('leave pauses the count, half a day is not enough', async () => {
        let it = await backAtSchool();
        await day('11-23', []);
        at('2026-11-24T08:05');
        await roll(['siyu']);
        at('2026-11-24T14:05');
        await roll([]);                                                  // three of seven periods
        at('2026-11-24T16:30');
        server.runJobs();
        it = await read('office', it);
        assert.deepEqual([it.state, it.observed], ['observing', 1]);
        assert.equal(it.return_signed_at, null);
    });
});

describe('from the roll', () => {
    test('the third day of absence opens the case, wrong marks withdraw it', async () => {
        for (const date of ['09-21', '09-22', '09-23']) {
            await day(date, ['siyu']);
        }
        const [it] = (await who.teacher.get('dropout-cases?view=open')).json.items;
        assert.deepEqual([it.state, it.origin, it.discovered_on, it.trigger_at, it.due_at], ['suspected', 'ladder', '2026-09-21', iso('2026-09-23T16:20'), midnight('2026-09-28')]);
        assert.equal((await steps(it))('list').late, false);

        at('2026-09-24T18:00');                                          // one visit: a rung of the ladder, and the first attempt
        await made('teacher', 'home-visits', { student_id: id('siyu'), kind: 'absence', way: 'in_person', place: '孩子家里', with_teacher: true, with_subject: true,
            visitors: '王晓梅、罗勇', talked_to: '奶奶', words: '孩子不肯去', effect: 'refuses', witness: '村委会罗主任' });
        const [one] = (await who.teacher.get(`persuasions?case_id=${it.id}`)).json.items;
        assert.deepEqual([one.attempt_no, one.way, one.people, one.outcome, one.subject_teachers, one.with_whom], [1, 'home_visit', '王晓梅、罗勇', 'refused', 1, '奶奶']);
        assert.equal((await read('teacher', it)).failed, 1);
    });
});

describe('C2 wrong suspicion', () => {
    test('the vice principal decides before the report, afterwards only the bureau', async () => {
        for (const date of ['09-21', '09-22', '09-23']) {
            await day(date, ['siyu'], '16:20');
            at(`2026-${date}T17:00`);                                     // nobody reached
            await made('teacher', 'contacts', { student_id: id('siyu'), channel: 'phone', reached: false });
        }
        let [it] = (await who.vice.get('dropout-cases?view=open')).json.items;
        assert.deepEqual([it.state, it.origin, it.discovered_on, it.trigger_at], ['suspected', 'ladder', '2026-09-21', iso('2026-09-23T16:20')]);

        at('2026-09-24T09:30');
        await made('teacher', 'home-visits', { student_id: id('siyu'), kind: 'absence', way: 'in_person', place: '县医院', with_teacher: true,
            visitors: '王晓梅', talked_to: '母亲', words: '周日起住院', effect: 'comes_back', witness: '护士站' });
        const slip = await made('guardian', 'leave-requests', { student_id: id('siyu'), kind: 'sick', starts_on: '2026-09-21', starts_period: 1, ends_on: '2026-09-25',
            ends_period: 7, reason: '周日起住院，有诊断证明', action: 'submit' });
        at('2026-09-24T10:00');
        const consented = await who.teacher.post(`leave-requests/${slip.id}/consent`, {}, { version: slip.version });
        assert.equal(consented.json.state, 'provisional', consented.text);
        server.runJobs();
        it = await read('vice', it);
        assert.equal(it.state, 'suspected', 'that it is none is for somebody to say');
        const none = { cause: 'illness', verdict_text: '周日起住院，有诊断证明' };
        refused(await act('county', it, 'not_dropout', none), 403, 'forbidden');
        refused(await act('teacher', it, 'not_dropout', none), 403, 'forbidden');
        it = await done('vice', it, 'not_dropout', none);
        assert.equal(it.state, 'not_dropout');
        assert.equal(it.cause, 'illness');
        assert.equal(it.due_at, null);
        const step = await steps(it);
        assert.deepEqual(['form', 'report', 'tracking'].map((name) => step(name).state), ['dropped', 'dropped', 'dropped']);
        const { items } = (await who.county.get('dropout-cases/figures')).json;
        assert.deepEqual(items, [], 'in no rate');
        assert.ok((await who.vice.get(`dropout-cases/${it.id}/history`)).json.items.length >= 2, 'the history stays');

        at('2026-09-25T16:20');
        it = await made('teacher', 'dropout-cases', open('hao', { last_seen_on: '2026-09-18' }));
        it = await done('teacher', it, 'form', form);
        it = await done('office', it, 'review', { review_text: '属实' });
        it = await done('principal', it, 'report', {});
        refused(await act('vice', it, 'not_dropout', none), 403, 'forbidden');
        assert.equal((await done('county', it, 'not_dropout', none)).state, 'not_dropout');
    });
});

describe('C3 confirmed transfer', () => {
    test('the claim stops nothing; confirmed by the receiving school\'s proof the bureau closes', async () => {
        at('2026-10-14T16:20');
        let it = await made('teacher', 'dropout-cases', open('siyu'));
        assert.deepEqual([it.state, it.trigger_at], ['suspected', iso('2026-10-14T16:20')]);
        it = await done('teacher', it, 'claim', { claim_on: '2026-10-13', claim_text: '广东东莞 长安镇某小学' });
        let step = await steps(it);
        assert.equal(step('transfer').nominal, midnight('2026-10-27'));
        assert.equal(step('form').nominal, midnight('2026-10-19'));
        assert.equal(step('report').nominal, midnight('2026-10-21'));
        refused(await act('vice', it, 'transfer', {}), 409, 'wrong_state', 'state', 'dropout.no_acceptance');

        at('2026-10-19T10:00');
        it = await done('teacher', it, 'form', form);
        it = await done('office', it, 'review', { review_text: '转学待查实' });
        at('2026-10-21T10:00');
        it = await done('principal', it, 'report', {});
        assert.deepEqual([it.state, (await steps(it))('report').late, (await steps(it))('verify').state], ['reported', false, 'open']);
        at('2026-10-22T10:00');
        const upload = await photo();
        it = await done('registrar', it, 'accept', { transfer_to: '长安镇第一小学', transfer_on: '2026-10-13', acceptance: [await upload('registrar')] });
        refused(await act('vice', it, 'transfer', {}), 403, 'forbidden');
        it = await done('county', it, 'transfer', {});
        assert.equal(it.state, 'transferred');
        step = await steps(it);
        assert.equal(step('transfer').state, 'done');
        assert.equal(step('verify').state, 'done');
        const figures = (await who.county.get('dropout-cases/figures')).json.items;
        assert.deepEqual(figures.map((one) => [one.open, one.absent]), [[0, 0]], 'a transfer out, no loss');
    });

    test('without it the child is lost, whereabouts unknown, and the case goes on', async () => {
        at('2026-10-14T16:20');
        let it = await made('teacher', 'dropout-cases', open('siyu'));
        it = await done('teacher', it, 'claim', { claim_on: '2026-10-13', claim_text: '广东' });
        at('2026-10-27T23:59');
        server.runJobs();
        assert.notEqual((await read('office', it)).whereabouts, 'unknown');
        at('2026-10-28T00:01');
        server.runJobs();
        it = await read('office', it);
        assert.equal(it.whereabouts, 'unknown');
        assert.equal(it.state, 'suspected');
        assert.equal((await steps(it))('transfer').late, true, 'still to be found out');
    });
});

describe('C5 reported late', () => {
    test('working due of all is Monday, lateness is counted from what happened', async () => {
        at('2026-10-16T15:00');
        let it = await made('office', 'dropout-cases', open('siyu', { last_seen_on: '2026-09-18', opened_why: '点名一直照抄，今天才发现' }));
        assert.equal(it.discovered_on, '2026-09-21');
        const monday = midnight('2026-10-19');
        let step = await steps(it);
        for (const [name, nominal] of [['list', '2026-09-23'], ['form', '2026-09-28'], ['report', '2026-09-30']]) {
            assert.deepEqual([step(name).nominal, step(name).working], [midnight(nominal), monday], name);
        }
        assert.equal(step('list').late, true);
        assert.equal(Math.ceil((Date.parse(step('list').done_at) - Date.parse(step('list').nominal)) / 86400e3), 23, 'the list is 23 days late');
        assert.equal(it.late, true);

        at('2026-10-19T10:00');
        it = await done('teacher', it, 'form', form);
        it = await done('office', it, 'review', { review_text: '查实' });
        it = await done('principal', it, 'report', {});
        step = await steps(it);
        assert.ok(step('report').done_at < step('report').working, 'in time by working due');
        assert.equal(step('report').late, true, 'late by nominal');
        assert.equal(step('report').late_days, 9);
        const figures = (await who.county.get('dropout-cases/figures')).json;
        assert.deepEqual(figures.items.map((one) => [one.name, one.open, one.late]), [['松山乡', 1, 1]]);
    });
});

describe('each action', () => {
    test('opening: by whom, for whom, once', async () => {
        at('2026-10-14T17:00');
        refused(await who.guardian.post('dropout-cases', open()), 403, 'forbidden');
        refused(await who.subject.post('dropout-cases', open()), 403, 'forbidden');
        refused(await who.teacher2.post('dropout-cases', open()), 422, 'invalid', 'student_id', 'student_not_found');
        refused(await who.teacher.post('dropout-cases', open('siyu', { last_seen_on: undefined })), 422, 'invalid', 'last_seen_on', 'required');
        refused(await who.teacher.post('dropout-cases', open('siyu', { last_seen_on: '2026-10-15' })), 422, 'invalid', 'last_seen_on', 'dropout.in_future');
        refused(await who.teacher.post('dropout-cases', open('siyu', { last_seen_on: '2026-10-14' })), 422, 'invalid', 'last_seen_on', 'dropout.nothing_missed');
        refused(await who.teacher.post('dropout-cases', open('siyu', { origin: 'ladder' })), 422, 'invalid', 'origin', 'not_in_list');
        refused(await who.teacher.post('dropout-cases', open('siyu', { discovered_on: '2026-10-13' })), 422, 'invalid', 'discovered_on', 'not_allowed');
        refused(await who.teacher.post('dropout-cases', open(), { key: null }), 400, 'no_idempotency_key');

        const key = randomUUID();
        const first = await who.teacher.post('dropout-cases', open(), { key });
        assert.equal(first.status, 201, first.text);
        const again = await who.teacher.post('dropout-cases', open(), { key });
        assert.equal(again.json.id, first.json.id);
        const other = await who.office.post('dropout-cases', open());
        refused(other, 409, 'conflict', 'student_id', 'dropout.open_already');
        assert.equal(other.json.conflict.id, first.json.id);
        assert.equal(Number((await server.sql('SELECT COUNT(*) AS n FROM dropout_step'))[0].n), 5);
    });

    test('two who open at once: one case', async () => {
        at('2026-10-14T17:00');
        const answers = await Promise.all(['teacher', 'office', 'grade', 'vice'].map((login) => who[login].post('dropout-cases', open())));
        assert.deepEqual(answers.map((a) => a.status).sort(), [201, 409, 409, 409]);
        assert.equal(Number((await server.sql('SELECT COUNT(*) AS n FROM dropout_case'))[0].n), 1);
    });

    test('seen in scope only', async () => {
        at('2026-10-14T17:00');
        const it = await made('teacher', 'dropout-cases', open());
        for (const login of ['teacher', 'subject', 'grade', 'vice', 'office', 'registrar', 'principal', 'psych', 'township', 'county']) {
            assert.equal((await who[login].get(`dropout-cases/${it.id}`)).status, 200, login);
            assert.equal((await who[login].get('dropout-cases?view=open')).json.items.length, 1, login);
        }
        for (const login of ['teacherB', 'teacher2', 'principal2']) {
            for (const path of ['', '/steps', '/timeline', '/history']) {
                assert.equal((await who[login].get(`dropout-cases/${it.id}${path}`)).status, 404, login + path);
            }
        }
        for (const login of ['guardian', 'nobody']) {
            assert.equal((await who[login].get(`dropout-cases/${it.id}`)).status, 403, login);
            assert.equal((await who[login].get(`dropout-cases/${it.id}/timeline`)).status, 403, login);
        }
    });

    test('wrong state, stale version, missing version, invalid body, repeated key', async () => {
        at('2026-10-19T09:00');
        let it = await made('teacher', 'dropout-cases', open());
        refused(await act('principal', it, 'report', {}), 409, 'wrong_state');
        refused(await act('county', it, 'confirm', { verdict_text: '属实' }), 409, 'wrong_state');
        refused(await act('teacher', { ...it, version: 7 }, 'form', form), 412, 'stale');
        refused(await who.teacher.post(`dropout-cases/${it.id}/form`, form), 428, 'no_if_match');
        refused(await act('teacher', it, 'form', { ...form, cause: 'lazy' }), 422, 'invalid', 'cause', 'not_in_list');
        refused(await act('teacher', it, 'form', { ...form, plan: undefined }), 422, 'invalid', 'plan', 'required');
        refused(await act('teacher', it, 'form', { ...form, whereabouts: 'elsewhere' }), 422, 'invalid', 'whereabouts_text', 'dropout.where');
        refused(await act('grade', it, 'form', form), 403, 'forbidden');
        refused(await act('teacher', it, 'expel', {}), 404, 'not_found');

        const key = randomUUID();
        const first = await act('teacher', it, 'form', form, { key });
        assert.equal(first.status, 200, first.text);
        assert.equal((await act('teacher', it, 'form', form, { key })).text, first.text);
        it = await read('teacher', it);
        refused(await act('principal', it, 'report', {}), 409, 'wrong_state');          // not reviewed yet
        it = await done('office', it, 'send_back', { comment: '去向没写清楚' });
        assert.equal(it.state, 'suspected');
        assert.equal((await steps(it))('form').state, 'open');
        it = await done('teacher', it, 'form', form);
        it = await done('office', it, 'review', { review_text: '可以' });
        for (const login of ['teacher', 'office', 'vice', 'county']) {
            refused(await act(login, it, 'report', {}), 403, 'forbidden');
        }
        it = await done('principal', it, 'report', {});
        for (const login of ['principal', 'township', 'office']) {
            refused(await act(login, it, 'confirm', { verdict_text: '属实' }), 403, 'forbidden');
        }
        it = await done('county', it, 'correct', { comment: '身份证号不对' });
        assert.equal((await steps(it))('correct').nominal, midnight('2026-10-21'));
        refused(await act('principal', it, 'report', {}), 409, 'wrong_state');
        it = await done('office', it, 'review', { review_text: '已更正' });
        it = await done('principal', it, 'report', {});
        assert.equal((await steps(it))('verify', 2).state, 'open');
        it = await done('county', it, 'receive');
        refused(await act('county', it, 'receive'), 409, 'wrong_state', 'state', 'dropout.received');
        it = await done('county', it, 'confirm', { verdict_text: '属实' });
        for (const login of ['teacher', 'office', 'vice', 'principal', 'registrar']) {
            refused(await act(login, it, 'notice', { addressee: '杨秀莲' }), 403, 'forbidden');       // a school issues none
        }
        it = await done('township', it, 'notice', { addressee: '杨秀莲' });
        assert.equal((await notice(it, 'notice')).issuer_name, '松山乡');
        const cut = serve('2026-10-19');
        refused(await served('township', it, 'notice', { ...cut, served_on: '2026-10-18' }), 422, 'invalid', 'served_on', 'dropout.before_issue');
        refused(await served('township', it, 'notice', { ...cut, receipt: 'refused' }), 422, 'invalid', 'witness', 'dropout.witness');
        refused(await served('township', it, 'notice', { ...cut, receiver: undefined }), 422, 'invalid', 'receiver', 'dropout.who_signed');
        refused(await served('teacher', it, 'notice', cut), 403, 'forbidden');
        assert.equal((await served('office', it, 'notice', { ...cut, receipt: 'refused', witness: '村主任 罗大勇' })).status, 200);
        refused(await served('office', it, 'notice', cut), 409, 'wrong_state');
    });

    test('two who act at once: one is told, and nothing is lost', async () => {
        at('2026-10-19T09:00');
        const it = await made('teacher', 'dropout-cases', open());
        const answers = await Promise.all([act('teacher', it, 'form', form), act('office', it, 'form', { ...form, plan: '另一个打算' })]);
        assert.deepEqual(answers.map((a) => a.status).sort(), [200, 412]);
        const say = (login) => who[login].post('persuasions', attempt(it, { made_on: '2026-10-15' }));
        const attempts = await Promise.all(['teacher', 'subject', 'grade', 'psych'].map(async (login) => {
            const answer = await say(login);
            return answer.status === 409 ? say(login) : answer;         // three tries of the server lost against three others
        }));
        assert.deepEqual(attempts.map((a) => a.status), [201, 201, 201, 201], attempts.map((a) => a.text).join());
        const numbers = (await who.teacher.get(`persuasions?case_id=${it.id}`)).json.items.map((one) => one.attempt_no).sort();
        assert.deepEqual(numbers, [1, 2, 3, 4]);
        assert.deepEqual([(await read('teacher', it)).attempts, (await read('teacher', it)).failed], [4, 4]);
    });

    test('attempts, refusals and trackings: of this child, in an open case, of a day that has been', async () => {
        at('2026-10-19T09:00');
        const it = await made('teacher', 'dropout-cases', open());
        const ok = attempt(it, { made_on: '2026-10-15' });
        refused(await who.teacher.post('persuasions', { ...ok, made_on: '2026-10-20' }), 422, 'invalid', 'made_on', 'dropout.in_future');
        refused(await who.teacher.post('persuasions', { ...ok, made_on: '2026-10-09' }), 422, 'invalid', 'made_on', 'dropout.before_discovery');
        refused(await who.teacher.post('persuasions', { ...ok, outcome: 'agreed' }), 422, 'invalid', 'promised_on', 'required');
        refused(await who.teacher.post('persuasions', { ...ok, way: 'joint' }), 422, 'invalid', 'way', 'dropout.joint_by_bureau');
        refused(await who.teacher.post('persuasions', { ...ok, student_id: id('hao') }), 422, 'invalid', 'case_id', 'not_found');
        refused(await who.teacher2.post('persuasions', ok), 422, 'invalid', 'student_id', 'student_not_found');
        refused(await who.registrar.post('persuasions', ok), 403, 'forbidden');
        const refusal = { student_id: it.student_id, case_id: it.id, refused_on: '2026-10-16', refused_by: 'guardian', reason: '家里要人手', people: '王晓梅',
            receipt: 'refused' };
        refused(await who.teacher.post('refusals', { ...refusal, photos: [] }), 422, 'invalid', 'witness', 'dropout.witness');
        refused(await who.teacher.post('refusals', { ...refusal, witness: '村主任', photos: [] }), 422, 'invalid', 'photos', 'required');
        await made('teacher', 'trackings', { student_id: it.student_id, case_id: it.id, tracked_on: '2026-10-19', people: '王晓梅', thoughts: '有点想回来',
            whereabouts: '在家', fed_back_to: '教导处' });
        const step = await steps(it);
        assert.deepEqual([step('tracking').state, step('tracking', 2).state], ['done', 'open']);
        assert.equal(step('tracking', 2).nominal, midnight('2027-01-29'));
        await done('vice', it, 'not_dropout', { cause: 'illness', verdict_text: '住院' });
        refused(await who.teacher.post('persuasions', ok), 409, 'wrong_state', 'state', 'dropout.case_closed');
    });

    test('suspected harm goes to those who must know, and to nobody else', async () => {
        const body = { student_id: id('siyu'), kind: 'child_labour', signs: '同学说她在砖厂干活' };
        for (const login of ['teacher', 'subject', 'psych', 'township']) {
            await made(login, 'urgent-reports', body);
        }
        refused(await who.guardian.post('urgent-reports', body), 403, 'forbidden');
        for (const login of ['principal', 'county']) {
            assert.equal((await who[login].get('urgent-reports')).json.items.length, 4, login);
        }
        for (const login of ['teacher', 'vice', 'office', 'registrar', 'psych', 'township', 'guardian']) {
            assert.equal((await who[login].get('urgent-reports')).status, 403, login);
        }
        assert.equal((await who.principal2.get('urgent-reports')).json.items.length, 0);
        const [it] = (await who.principal.get('urgent-reports')).json.items;
        const told = await who.principal.post(`urgent-reports/${it.id}/tell`, { told: '派出所、民政', measures: '当天去砖厂' }, { version: it.version });
        assert.equal(told.json.state, 'told', told.text);
    });
});

describe('papers', () => {
    test('each in its layout, numbered by who issues it; a school prints no notice', async () => {
        const it = await untilTheOrder();
        const print = (login, kind, record) => who[login].post('documents', { kind, record_id: record });
        const said = async (login, kind, record) => {
            const answer = await print(login, kind, record);
            assert.equal(answer.status, 201, `${kind}: ${answer.text}`);
            const doc = (await who[login].get(`documents/${answer.json.id}/content`)).json;
            assert.ok(!/document\.|\{\w+\}/.test(JSON.stringify(doc.parts)), `${kind}: words are missing: ${JSON.stringify(doc.parts)}`);
            return { doc, text: JSON.stringify(doc) };
        };

        const report = await said('teacher', 'dropout.report', it.id);
        assert.equal(report.doc.title, '辍学学生情况报告表');
        for (const words of ['罗思雨', '务农、务工或经商', '2026年10月12日', '5204**', '杨秀莲（母亲）', '联合劝返']) {
            assert.ok(report.text.includes(words), `${words}: ${report.text}`);
        }
        assert.ok(!report.text.includes(world.idNumbers.siyu), 'numbers are masked');
        await said('office', 'dropout.cover', it.id);

        const [paper, order] = [await notice(it, 'notice'), await notice(it, 'order')];
        for (const login of ['teacher', 'office', 'principal']) {
            refused(await print(login, 'dropout.notice', paper.id), 403, 'forbidden');
        }
        const issued = await said('county', 'dropout.notice', paper.id);
        assert.equal(issued.doc.issuer, '澜溪县教育体育局');
        for (const words of ['返校通知书', '杨秀莲（监护人）：', '自2026年10月12日起没有到校上课', '送达之日起7日内', '孩子的学籍一直保留', '送达回证', '见证人']) {
            assert.ok(issued.text.includes(words), `${words}: ${issued.text}`);
        }
        const ordered = await said('township', 'dropout.order', order.id);
        assert.equal(ordered.doc.issuer, '松山乡');
        refused(await print('county', 'dropout.notice', order.id), 409, 'wrong_state');
        const [refusal] = (await who.teacher.get(`refusals?case_id=${it.id}`)).json.items;
        assert.ok((await said('teacher', 'dropout.refusal', refusal.id)).text.includes('不读了'));
    });
});
