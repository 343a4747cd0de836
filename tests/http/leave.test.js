// leave.test.js mirrors lib/plugins/leave*.c: every action allowed, forbidden, outside scope, in the wrong state, with a stale
// version, with an invalid body, with a repeated key; and the examples of section 4 that leave alone decides, on the
// calendar of world.js. The clock is set, never waited for.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, beforeEach, describe, test } from 'node:test';
import { until } from '../lib/processes.js';
import { start } from '../lib/server.js';
import { buildWorld } from '../lib/world.js';

let server, world;
const who = {};

before(async () => {
    server = await start({ clock: '2026-09-21T07:00:00+08:00' });
    world = await buildWorld(server);
    for (const login of ['guardian', 'father', 'guardianHao', 'guardian2', 'teacher', 'teacherB', 'teacher2', 'grade', 'vice',
        'office', 'registrar', 'principal', 'principal2', 'township', 'county', 'psych', 'nobody']) {
        who[login] = await server.client(login);
    }
    await server.sql("UPDATE session SET expires_at = '2028-01-01'");   // the clock leaps over months
});
after(() => server?.stop());

beforeEach(async () => {
    await server.sql('DELETE FROM leave_request');
    at('2026-09-21T07:00');
});

const at = (time) => server.setClock(`${time}:00+08:00`);
const id = (student) => String(world.students[student].id ?? world.students[student]);

/** A request for leave: days as 'MM-DD', periods 1–7. */
const leave = (from, fromPeriod, to, toPeriod, more = {}) => ({
    student_id: id('siyu'), kind: 'sick', starts_on: `2026-${from}`, starts_period: fromPeriod, ends_on: `2026-${to}`,
    ends_period: toPeriod, reason: '夜里发烧，去卫生院看病', action: 'submit', ...more,
});

async function submit(person, body, options) {
    const answer = await who[person].post('leave-requests', body, options);
    assert.equal(answer.status, 201, answer.text);
    return answer.json;
}

const act = (person, record, action, body, options) =>
    who[person].post(`leave-requests/${record.id}/${action}`, body, { version: record.version, ...options });

async function done(person, record, action, body) {
    const answer = await act(person, record, action, body);
    assert.equal(answer.status, 200, answer.text);
    return answer.json;
}

async function read(person, record) {
    return (await who[person].get(`leave-requests/${record.id}`)).json;
}

const count = async (sql, args) => Number((await server.sql(sql, args))[0].n);
const queue = async (person) => (await who[person].get('leave-requests?queue=mine')).json.items.map((item) => item.id);
const closed = (answer) => assert.ok([403, 409].includes(answer.status), answer.text);
const actions = (record) => record.actions.map((a) => a.action);

function refused(answer, status, code, field, reason) {
    assert.equal(answer.status, status, answer.text);
    assert.equal(answer.headers['content-type'], 'application/problem+json; charset=utf-8');
    assert.equal(answer.json.code, code);
    assert.ok(answer.json.title.length > 0);
    if (field !== undefined) {
        assert.deepEqual(answer.json.errors.map((e) => [e.field, e.code]).find(([f]) => f === field), [field, reason], answer.text);
        assert.ok(!answer.json.errors[0].message.startsWith('error.'), 'a text stands behind the reason');
    }
}

describe('the normal way', () => {
    test('asked for, approved, away, returned; both sides see the history', async () => {
        at('2026-09-21T20:00');
        let it = await submit('guardian', leave('09-22', 1, '09-22', 7));
        assert.equal(it.state, 'submitted');
        assert.equal(it.school_days, 1);
        assert.equal(it.route, 'teacher');
        assert.equal(it.requested_by, '杨秀莲');
        assert.equal(it.waits_for.name, '王晓梅');
        assert.equal(it.class_name, '三年级1班');
        assert.deepEqual(actions(it), ['cancel']);

        assert.deepEqual(await queue('teacher'), [it.id]);
        assert.deepEqual(await queue('office'), []);
        it = await done('teacher', await read('teacher', it), 'approve', { comment: '好好休息' });
        assert.equal(it.state, 'approved');
        assert.equal(it.decided_by, '王晓梅');
        assert.deepEqual(await queue('teacher'), []);

        at('2026-09-22T08:00');
        server.runJobs();
        it = await read('guardian', it);
        assert.equal(it.state, 'away');
        assert.equal(it.back_at, '2026-09-23T08:00:00+08:00');

        at('2026-09-23T07:50');
        it = await done('guardian', it, 'return', {});
        assert.equal(it.state, 'returned');
        assert.equal(it.back_on, '2026-09-23');
        assert.equal(it.back_period, 1);

        for (const person of ['guardian', 'teacher']) {
            const history = (await who[person].get(`leave-requests/${it.id}/history`)).json.items;
            assert.deepEqual(history.map((h) => [h.action, h.from, h.to, h.actor]), [
                ['return', 'away', 'returned', '杨秀莲'], ['start', 'approved', 'away', null],
                ['approve', 'submitted', 'approved', '王晓梅'], ['submit', null, 'submitted', '杨秀莲']]);
            assert.equal(history[2].comment, '好好休息');
            assert.equal(history[2].role_label, '班主任');
        }
    });

    test('a draft is seen by its writer only, edited, handed in', async () => {
        let it = await submit('guardian', leave('09-22', 1, '09-22', 7, { action: 'save' }));
        assert.equal(it.state, 'draft');
        for (const person of ['father', 'teacher', 'county']) {
            assert.equal((await who[person].get(`leave-requests/${it.id}`)).status, 404);
            assert.deepEqual((await who[person].get('leave-requests')).json.items, []);
        }
        const patched = await who.guardian.patch(`leave-requests/${it.id}`, { reason: '牙痛，去镇上拔牙', ends_on: '2026-09-23' },
            { version: it.version });
        assert.equal(patched.status, 200, patched.text);
        assert.equal(patched.json.reason, '牙痛，去镇上拔牙');
        it = await done('guardian', patched.json, 'submit');
        assert.equal(it.state, 'submitted');
        assert.equal(it.school_days, 2);
        refused(await who.guardian.patch(`leave-requests/${it.id}`, { reason: '改一下理由' }, { version: it.version }), 409, 'wrong_state');
    });

    test('the class teacher may set the return, the day and the period', async () => {
        let it = await submit('guardian', leave('09-21', 1, '09-22', 7));
        it = await done('teacher', it, 'consent');
        it = await done('office', it, 'approve');
        at('2026-09-22T14:30');
        server.runJobs();
        it = await read('teacher', it);
        refused(await act('teacher', it, 'return', { back_on: '2026-09-24' }), 422, 'invalid', 'back_on', 'leave.back_in_future');
        refused(await act('teacher', it, 'return', { back_on: '2026-09-21' }), 422, 'invalid', 'back_on', 'leave.back_before_start');
        refused(await act('teacher', it, 'return', { back_on: '2026-09-20' }), 422, 'invalid', 'back_on', 'leave.no_school_days');
        it = await done('teacher', it, 'return', { back_on: '2026-09-22', back_period: 3 });
        assert.deepEqual([it.state, it.back_on, it.back_period], ['returned', '2026-09-22', 3]);
        // the days after the return are free again
        await submit('guardian', leave('09-22', 5, '09-22', 7));
    });
});

describe('worked examples, section 4', () => {
    const preview = async (body, person = 'guardian') => {
        const query = Object.fromEntries(['student_id', 'starts_on', 'starts_period', 'ends_on', 'ends_period'].map((name) => [name, body[name]]));
        return (await who[person].get(`leave-requests/preview?${new URLSearchParams(query)}`)).json;
    };

    test('V1 periods: the afternoon counts 0.5; due at the first bell, or an hour after asking', async () => {
        at('2026-09-23T10:00');
        const body = leave('09-23', 5, '09-23', 7, { reason: '看牙医' });
        const seen = await preview(body);
        assert.equal(seen.school_days, 0.5);
        assert.equal(seen.route, 'teacher');
        assert.equal(seen.decide_by, '2026-09-23T14:00:00+08:00');
        assert.equal(seen.decider.name, '王晓梅');
        assert.equal(seen.back_at, '2026-09-24T08:00:00+08:00');
        at('2026-09-23T13:40');
        assert.equal((await preview(body)).decide_by, '2026-09-23T14:40:00+08:00');
        const it = await submit('guardian', body);
        assert.deepEqual([it.starts_half, it.ends_half, it.decide_by], ['pm', 'pm', '2026-09-23T14:40:00+08:00']);
    });

    test('V2 a–d: the route by length', async () => {
        for (const [body, days, route] of [
            [leave('09-22', 1, '09-22', 7), 1, 'teacher'], [leave('09-22', 1, '09-23', 4), 1.5, 'office'],
            [leave('10-12', 1, '10-16', 7), 5, 'office'], [leave('10-12', 1, '10-21', 7), 8, 'principal'],
        ]) {
            const seen = await preview(body);
            assert.deepEqual([seen.school_days, seen.route], [days, route], JSON.stringify(body));
        }
    });

    test('V2 e: three one-day requests are one chain', async () => {
        const routes = [];
        for (const day of ['09-21', '09-22', '09-23']) {
            const it = await submit('guardian', leave(day, 1, day, 7));
            routes.push([it.chain_days, it.route]);
        }
        assert.deepEqual(routes, [[1, 'teacher'], [2, 'office'], [3, 'office']]);
    });

    test('V2: consent makes it provisional, the office decides, its rejection stands', async () => {
        at('2026-09-21T18:00');
        let it = await submit('guardian', leave('09-22', 1, '09-23', 4));
        assert.deepEqual(actions(await read('teacher', it)).sort(), ['consent', 'reject']);
        closed(await act('office', it, 'approve'));
        it = await done('teacher', it, 'consent');
        assert.equal(it.state, 'provisional');
        assert.deepEqual(await queue('office'), [it.id]);
        assert.deepEqual(await queue('principal'), []);
        at('2026-09-22T09:00');
        it = await done('office', await read('office', it), 'reject', { comment: '请带孩子来校说明' });
        assert.equal(it.state, 'rejected');
    });

    test('V2 c: a week is provisional by the class teacher\'s consent, and the office decides', async () => {
        at('2026-10-09T10:00');
        let it = await submit('guardian', leave('10-12', 1, '10-16', 7));
        it = await done('teacher', it, 'consent');
        assert.equal(it.state, 'provisional');
        assert.deepEqual([await queue('office'), await queue('principal')], [[it.id], []]);
        assert.equal((await done('office', it, 'approve')).state, 'approved');
    });

    test('V2 d: the principal decides what is longer than the office may', async () => {
        at('2026-10-09T10:00');
        let it = await submit('guardian', leave('10-12', 1, '10-21', 7));
        it = await done('teacher', it, 'consent');
        assert.equal(it.state, 'provisional');
        closed(await act('office', it, 'approve'));
        assert.deepEqual(await queue('principal'), [it.id]);
        assert.equal((await done('principal', it, 'approve')).state, 'approved');
    });

    test('V4 across the holiday: 3.0 days, back on the make-up Saturday, overdue when not', async () => {
        at('2026-09-29T10:00');
        let it = await submit('guardian', leave('09-30', 1, '10-09', 7));
        assert.deepEqual([it.school_days, it.route, it.back_at], [3, 'office', '2026-10-10T08:00:00+08:00']);
        it = await done('teacher', it, 'consent');
        it = await done('office', it, 'approve');
        at('2026-10-09T20:00');
        server.runJobs();
        assert.equal((await read('guardian', it)).state, 'away');
        at('2026-10-10T08:00');
        server.runJobs();
        it = await read('teacher', it);
        assert.equal(it.state, 'overdue');
        assert.deepEqual((await who.teacher.get('leave-requests?view=overdue')).json.items.map((i) => i.id), [it.id]);
        at('2026-10-10T14:20');
        it = await done('teacher', it, 'return', {});
        assert.deepEqual([it.back_on, it.back_period], ['2026-10-10', 5]);
    });

    test('V5 across the end of term: refused, the shorter one is offered; the new term is no chain', async () => {
        at('2027-01-27T10:00');
        const body = { ...leave('01-01', 1, '01-01', 7), starts_on: '2027-01-28', ends_on: '2027-03-02' };
        const answer = await who.guardian.post('leave-requests', body);
        refused(answer, 422, 'invalid', 'ends_on', 'leave.past_term');
        assert.deepEqual([answer.json.offer.starts_on, answer.json.offer.ends_on, answer.json.offer.school_days, answer.json.offer.route], ['2027-01-28', '2027-01-29', 2, 'office']);
        assert.deepEqual((await preview(body)).past_term, answer.json.offer);
        await submit('guardian', { ...body, ends_on: '2027-01-29' });
        at('2027-03-01T09:10');
        const next = await submit('guardian', { ...body, starts_on: '2027-03-01', ends_on: '2027-03-02' });
        assert.deepEqual([next.school_days, next.chain_days, next.route], [2, 2, 'office']);
    });

    test('V6 undecided: to the delegate at the due time', async () => {
        at('2026-09-21T07:50');
        let it = await submit('guardian', leave('09-21', 1, '09-21', 7));
        assert.equal(it.decide_by, '2026-09-21T08:50:00+08:00');
        assert.deepEqual(await queue('grade'), []);
        closed(await act('grade', it, 'approve'));
        at('2026-09-21T08:49');
        server.runJobs();
        assert.deepEqual(await queue('grade'), []);
        at('2026-09-21T08:50');
        server.runJobs();
        assert.deepEqual(await queue('grade'), [it.id]);
        it = await read('grade', it);
        assert.equal(it.escalated, true);
        it = await done('grade', it, 'approve');
        assert.equal(it.decided_by, '罗永福');
    });

    test('V7 overlap: the second is refused, names the first and is offered as an extension; two taps make one', async () => {
        let first = await submit('guardian', leave('09-21', 1, '09-22', 7));
        first = await done('office', await done('teacher', first, 'consent'), 'approve');
        assert.equal(first.state, 'approved');
        const answer = await who.father.post('leave-requests', leave('09-22', 1, '09-23', 7));
        refused(answer, 409, 'conflict', 'starts_on', 'leave.taken');
        assert.equal(answer.json.conflict.id, first.id);
        const { extension } = answer.json;
        assert.deepEqual([extension.starts_on, extension.ends_on, extension.chain_days, extension.route, extension.extends_id],
            ['2026-09-23', '2026-09-23', 3, 'office', first.id]);
        const { starts_on, starts_period, ends_on, ends_period, extends_id } = extension;
        const more = await submit('father', { ...leave('09-23', 1, '09-23', 7), starts_on, starts_period, ends_on, ends_period, extends_id });
        assert.deepEqual([more.chain_days, more.route, more.extends_id], [3, 'office', first.id]);
        for (const person of ['guardian', 'father']) {
            const names = (await who[person].get('leave-requests')).json.items.map((i) => i.requested_by);
            assert.deepEqual(names.sort(), ['杨秀莲', '罗国平']);
        }
        const key = randomUUID();
        const body = leave('10-12', 1, '10-12', 7);
        const taps = await Promise.all([1, 2, 3, 4].map(() => who.guardian.post('leave-requests', body, { key })));
        assert.deepEqual(new Set(taps.map((t) => t.text)).size, 1, taps.map((t) => t.text).join('\n'));
        assert.equal(taps[0].status, 201);
        assert.equal(await count("SELECT COUNT(*) AS n FROM leave_request WHERE starts_on = '2026-10-12'"), 1);
    });

    test('V8 extension: the first leave lasts as long, an overdue child is on leave again', async () => {
        let first = await submit('guardian', leave('09-21', 1, '09-22', 7));
        first = await done('office', await done('teacher', first, 'consent'), 'approve');
        at('2026-09-22T18:00');
        server.runJobs();
        let more = await submit('guardian', leave('09-23', 1, '09-24', 7));
        assert.deepEqual([more.chain_days, more.route], [4, 'office']);
        at('2026-09-22T18:30');
        more = await done('teacher', more, 'consent');
        assert.deepEqual([more.state, more.back_at, more.decide_by], ['provisional', '2026-09-25T08:00:00+08:00', '2026-09-23T08:00:00+08:00']);
        at('2026-09-23T08:00');
        server.runJobs();
        first = await read('guardian', first);
        assert.deepEqual([first.state, first.back_at], ['away', '2026-09-25T08:00:00+08:00'], 'carried on');
        more = await done('office', await read('office', more), 'approve');
        server.runJobs();
        at('2026-09-25T07:55');
        await done('guardian', await read('guardian', more), 'return');
        assert.deepEqual([(await read('guardian', first)).state, (await read('guardian', more)).state], ['returned', 'returned']);
    });

    test('V8 asked for too late: overdue until it is decided', async () => {
        let first = await submit('guardian', leave('09-21', 1, '09-22', 7));
        assert.deepEqual([first.school_days, first.route], [2, 'office']);
        first = await done('office', await done('teacher', first, 'consent'), 'approve');
        at('2026-09-21T08:00');
        server.runJobs();
        at('2026-09-23T07:59');
        server.runJobs();
        assert.equal((await read('guardian', first)).state, 'away');
        at('2026-09-23T08:00');
        server.runJobs();
        assert.equal((await read('guardian', first)).state, 'overdue');
        at('2026-09-23T10:00');
        const more = await submit('guardian', leave('09-23', 3, '09-24', 7));
        assert.deepEqual([more.chain_days, more.route], [4, 'office'], 'one chain with the first');
        await done('teacher', more, 'consent');
        first = await read('guardian', first);
        assert.deepEqual([first.state, first.back_at], ['away', '2026-09-25T08:00:00+08:00']);
    });
});

describe('who may', () => {
    let it;
    beforeEach(async () => { it = await submit('guardian', leave('09-22', 1, '09-22', 7)); });

    test('see it: the family, the class, the school, the county; nobody else', async () => {
        for (const person of ['guardian', 'father', 'teacher', 'grade', 'vice', 'office', 'registrar', 'principal', 'township', 'county']) {
            assert.equal((await who[person].get(`leave-requests/${it.id}`)).status, 200, person);
            assert.equal((await who[person].get('leave-requests')).json.items.length, 1, person);
            assert.equal((await who[person].get(`leave-requests/${it.id}/history`)).status, 200, person);
        }
        for (const person of ['guardianHao', 'guardian2', 'teacherB', 'teacher2', 'principal2']) {
            assert.equal((await who[person].get(`leave-requests/${it.id}`)).status, 404, person);
            assert.equal((await who[person].get(`leave-requests/${it.id}/history`)).status, 404, person);
            assert.deepEqual((await who[person].get('leave-requests')).json.items, [], person);
        }
        refused(await who.nobody.get('leave-requests'), 403, 'forbidden');
        refused(await (await server.client(null)).get('leave-requests'), 401, 'unauthenticated');
    });

    test('ask for it: a guardian, for the own child', async () => {
        refused(await who.guardianHao.post('leave-requests', leave('09-23', 1, '09-23', 7)), 422, 'invalid', 'student_id', 'student_not_found');
        refused(await who.guardianHao.get(`leave-requests/preview?student_id=${id('siyu')}&starts_on=2026-09-23&starts_period=1&ends_on=2026-09-23&ends_period=7`),
            422, 'invalid', 'student_id', 'student_not_found');
        refused(await who.teacher.post('leave-requests', leave('09-23', 1, '09-23', 7)), 403, 'forbidden');
    });

    for (const [action, body, forbidden, outside] of [
        ['approve', {}, ['guardian', 'office', 'principal', 'registrar', 'county', 'township'], ['teacherB', 'teacher2', 'principal2', 'guardian2']],
        ['reject', { comment: '请当面说明' }, ['guardian', 'office', 'principal', 'registrar', 'county'], ['teacherB', 'teacher2', 'principal2']],
        ['cancel', {}, ['teacher', 'office', 'county'], ['guardian2', 'guardianHao', 'teacher2']],
    ]) {
        test(`${action}: neither the wrong role nor the wrong class`, async () => {
            for (const person of forbidden) {
                closed(await act(person, it, action, body));
            }
            for (const person of outside) {
                refused(await act(person, it, action, body), 404, 'not_found');
            }
            assert.equal((await read('guardian', it)).version, it.version);
        });
    }

    test('return: not the wrong role, not the wrong class, not before it began', async () => {
        closed(await act('guardian', it, 'return'));
        it = await done('teacher', it, 'approve');
        refused(await act('guardian', it, 'return'), 409, 'wrong_state', 'state', 'leave.not_begun');
        at('2026-09-22T08:00');
        server.runJobs();
        it = await read('guardian', it);
        refused(await act('principal', it, 'return'), 403, 'forbidden');
        refused(await act('teacherB', it, 'return'), 404, 'not_found');
    });

    test('nobody decides about the own child, by account or by phone', async () => {
        const own = await who.teacherB.post('leave-requests', leave('09-22', 1, '09-22', 7, { student_id: id('bin') }));
        assert.equal(own.status, 201, own.text);
        assert.equal(own.json.escalated, true, 'no class teacher who is not the parent: the delegate decides at once');
        assert.ok(!actions(own.json).includes('approve'));
        refused(await act('teacherB', own.json, 'approve'), 403, 'own_child');
        refused(await act('teacherB', own.json, 'reject', { comment: '不行不行' }), 403, 'own_child');
        assert.deepEqual(await queue('teacherB'), []);
        assert.equal((await done('grade', own.json, 'approve')).state, 'approved');
    });
});

describe('what is refused', () => {
    test('bodies that make no sense, each naming its field', async () => {
        for (const [change, field, reason] of [
            [{ student_id: undefined }, 'student_id', 'required'], [{ student_id: 'x' }, 'student_id', 'not_found'],
            [{ kind: 'holiday' }, 'kind', 'not_in_list'], [{ kind: 7 }, 'kind', 'not_in_list'],
            [{ reason: '' }, 'reason', 'required'], [{ reason: '病' }, 'reason', 'too_short'],
            [{ reason: '长'.repeat(501) }, 'reason', 'too_long'], [{ reason: 'a\u0007b' }, 'reason', 'control_characters'],
            [{ reason: ['x'] }, 'reason', 'not_text'],
            [{ starts_on: '2026-02-30' }, 'starts_on', 'not_date'], [{ starts_on: '22.9.2026' }, 'starts_on', 'not_date'],
            [{ starts_period: 0 }, 'starts_period', 'out_of_range'], [{ starts_period: 1.5 }, 'starts_period', 'not_number'],
            [{ ends_period: '7' }, 'ends_period', 'not_number'], [{ ends_on: '2026-09-21' }, 'ends_on', 'leave.backwards'],
            [{ starts_on: '2026-09-26', ends_on: '2026-09-27' }, 'starts_on', 'leave.no_school_days'],
            [{ starts_on: '9999-01-01', ends_on: '9999-01-02' }, 'starts_on', 'leave.no_school_days'],
            [{ ends_on: '9999-12-31' }, 'ends_on', 'leave.past_term'],
            [{ state: 'approved' }, 'state', 'unknown_field'], [{ route: 'teacher' }, 'route', 'not_allowed'],
            [{ certificate: 'x' }, 'certificate', 'not_list'], [{ certificate: ['1'] }, 'certificate', undefined],
            [{ extends_id: '12345' }, 'extends_id', 'not_found'],
        ]) {
            const answer = await who.guardian.post('leave-requests', leave('09-22', 1, '09-22', 7, change));
            assert.equal(answer.status, 422, `${JSON.stringify(change)}: ${answer.text}`);
            const error = answer.json.errors.find((e) => e.field === field);
            assert.ok(error, `${JSON.stringify(change)}: ${answer.text}`);
            assert.ok(!error.message.startsWith('error.'), error.message);
            if (reason !== undefined) {
                assert.equal(error.code, reason, answer.text);
            }
        }
        assert.equal(await count('SELECT COUNT(*) AS n FROM leave_request'), 0);
        refused(await who.guardian.post('leave-requests', '{"kind":', { headers: { 'content-type': 'application/json' } }), 400, 'bad_json');
        refused(await who.guardian.post('leave-requests', '[]', { headers: { 'content-type': 'application/json' } }), 400, 'bad_json');
        refused(await who.guardian.post('leave-requests', 'x=1', { headers: { 'content-type': 'text/plain' } }), 415, 'media_type');
        refused(await who.guardian.post('leave-requests', leave('09-22', 1, '09-22', 7, { action: 'approve' })), 422, 'invalid', 'action', 'not_in_list');
    });

    test('in English when the reader asks for it', async () => {
        const english = await server.client('guardian', { language: 'en' });
        const answer = await english.post('leave-requests', leave('09-22', 1, '09-22', 7, { reason: 'x' }));
        assert.match(answer.json.errors[0].message, /at least 2/);
    });

    test('a decision without a reason, without a version, on an old version', async () => {
        const it = await submit('guardian', leave('09-22', 1, '09-22', 7));
        refused(await act('teacher', it, 'reject', {}), 422, 'invalid', 'comment', 'required');
        refused(await who.teacher.post(`leave-requests/${it.id}/approve`, {}), 428, 'no_if_match');
        refused(await act('teacher', { ...it, version: 7 }, 'approve'), 412, 'stale');
        refused(await act('teacher', it, 'approve', {}, { key: null }), 400, 'no_idempotency_key');
        refused(await act('teacher', it, 'explode'), 404, 'not_found');
        refused(await who.teacher.request('PUT', `leave-requests/${it.id}`, { body: {} }), 405, 'method_not_allowed');
        await done('teacher', it, 'approve');
        refused(await act('teacher', await read('teacher', it), 'approve'), 409, 'wrong_state');
        refused(await act('teacher', await read('teacher', it), 'reject', { comment: '改主意了' }), 409, 'wrong_state');
    });

    test('taking it back: before it begins, not after', async () => {
        let it = await submit('guardian', leave('09-22', 1, '09-22', 7));
        it = await done('teacher', it, 'approve');
        at('2026-09-22T08:00');
        refused(await act('guardian', it, 'cancel'), 409, 'wrong_state', 'state', 'leave.has_begun');
        at('2026-09-22T07:59');
        assert.equal((await done('father', it, 'cancel')).state, 'cancelled', 'the other guardian may, too');
        await submit('guardian', leave('09-22', 1, '09-22', 7));
    });

    test('backdated further than a class teacher may accept goes to the office', async () => {
        at('2026-09-24T12:00');
        const near = await who.guardian.get(`leave-requests/preview?student_id=${id('siyu')}&starts_on=2026-09-21&starts_period=1&ends_on=2026-09-21&ends_period=7`);
        assert.equal(near.json.route, 'teacher', near.text);
        const far = await who.guardian.get(`leave-requests/preview?student_id=${id('siyu')}&starts_on=2026-09-18&starts_period=1&ends_on=2026-09-18&ends_period=7`);
        assert.equal(far.json.route, 'office', far.text);
    });
});

describe('repeats', () => {
    test('the same key gets the same answer, another request with it is refused', async () => {
        const key = randomUUID();
        const body = leave('09-22', 1, '09-22', 7);
        const first = await who.guardian.post('leave-requests', body, { key });
        const again = await who.guardian.post('leave-requests', body, { key });
        assert.deepEqual([again.status, again.text, again.headers.location], [201, first.text, first.headers.location]);
        refused(await who.guardian.post('leave-requests', { ...body, reason: '别的理由' }, { key }), 422, 'key_reused');

        const approveKey = randomUUID();
        const it = first.json;
        const one = await act('teacher', it, 'approve', {}, { key: approveKey });
        const two = await act('teacher', it, 'approve', {}, { key: approveKey });
        assert.deepEqual([two.status, two.text], [200, one.text]);
        refused(await act('teacher', it, 'reject', { comment: '改主意' }, { key: approveKey }), 422, 'key_reused');
        assert.equal(await count('SELECT COUNT(*) AS n FROM history WHERE record_id = ?', [it.id]), 2);
        // the key belongs to the account
        assert.equal((await who.guardianHao.post('leave-requests', { ...body, student_id: id('hao') }, { key })).status, 201);
    });

    test('eight approvals at once: one is made, the others are told', async () => {
        const it = await submit('guardian', leave('09-22', 1, '09-22', 7));
        const answers = await Promise.all(Array.from({ length: 8 }, () => act('teacher', it, 'approve', {})));
        assert.equal(answers.filter((a) => a.status === 200).length, 1, answers.map((a) => a.text).join('\n'));
        assert.ok(answers.every((a) => [200, 409, 412].includes(a.status)));
        assert.equal(await count("SELECT COUNT(*) AS n FROM history WHERE record_id = ? AND action = 'approve'", [it.id]), 1);
    });

    test('both guardians at once for overlapping days: one of them gets it', async () => {
        const answers = await Promise.all([['guardian', '09-22'], ['father', '09-23'], ['guardian', '09-23'], ['father', '09-22']]
            .map(([person, to]) => who[person].post('leave-requests', leave('09-22', 1, to, 7))));
        assert.equal(answers.filter((a) => a.status === 201).length, 1, answers.map((a) => a.text).join('\n'));
        assert.ok(answers.every((a) => [201, 409].includes(a.status)), answers.map((a) => a.text).join('\n'));
    });

    test('a connection that breaks in the middle of an approval: one record, the same answer', async () => {
        const it = await submit('guardian', leave('09-22', 1, '09-22', 7));
        const key = randomUUID();
        // hold the row, so that the approval waits inside its transaction; break its connection there; let go
        const lock = await server.database.hold('SELECT id FROM leave_request WHERE id = ? FOR UPDATE', [it.id]);
        const pending = act('teacher', it, 'approve', {}, { key });
        await lock.waiter();
        assert.ok(await server.dropConnections() >= 1);
        await lock.release();
        const first = await pending;
        const second = first.status === 200 ? first : await act('teacher', it, 'approve', {}, { key });
        assert.equal(second.status, 200, second.text);
        const third = await act('teacher', it, 'approve', {}, { key });
        assert.equal(third.text, second.text);
        assert.equal(await count("SELECT COUNT(*) AS n FROM history WHERE record_id = ? AND action = 'approve'", [it.id]), 1);
    });

    test('nginx reloaded in the middle of an approval: it is answered, once', async () => {
        const it = await submit('guardian', leave('09-22', 1, '09-22', 7));
        const key = randomUUID();
        const lock = await server.database.hold('SELECT id FROM leave_request WHERE id = ? FOR UPDATE', [it.id]);
        const pending = act('teacher', it, 'approve', {}, { key });
        await lock.waiter();
        const old = server.workerPids();
        await server.reload();
        await lock.release();
        const first = await pending;
        assert.equal(first.status, 200, first.text);
        const again = await act('teacher', it, 'approve', {}, { key });
        assert.equal(again.text, first.text, 'the new workers know the answer of the old ones');
        await until('the old worker to be gone', () => !server.workerPids().some((pid) => old.includes(pid)), 30);
        Object.values(who).forEach((client) => client.close());             // connections it had kept alive
        assert.equal(await count("SELECT COUNT(*) AS n FROM history WHERE record_id = ? AND action = 'approve'", [it.id]), 1);
    });

    test('a client that hangs up has its request made once', async () => {
        const it = await submit('guardian', leave('09-22', 1, '09-22', 7));
        const key = randomUUID();
        const abort = new AbortController();
        const gone = act('teacher', it, 'approve', {}, { key, signal: abort.signal }).catch(() => 'gone');
        setTimeout(() => abort.abort(), 2);
        await gone;
        const again = await act('teacher', it, 'approve', {}, { key });
        assert.equal(again.status, 200, again.text);
        assert.equal(again.json.state, 'approved');
        assert.equal(await count("SELECT COUNT(*) AS n FROM history WHERE record_id = ? AND action = 'approve'", [it.id]), 1);
    });
});

describe('lists', () => {
    test('paged by key, filtered, searched', async () => {
        for (let day = 21; day <= 25; day += 1) {
            await submit('guardianHao', leave(`09-${day}`, 1, `09-${day}`, 4, { student_id: id('hao') }));
        }
        await submit('guardian', leave('09-22', 1, '09-22', 7));
        const seen = [];
        let next = '';
        do {
            const page = (await who.teacher.get(`leave-requests?limit=2${next && `&after=${next}`}`)).json;
            assert.ok(page.items.length <= 2);
            seen.push(...page.items.map((i) => i.id));
            next = page.next;
        } while (next);
        assert.equal(seen.length, 6);
        assert.equal(new Set(seen).size, 6);
        assert.deepEqual([...seen].sort((a, b) => (BigInt(a) < BigInt(b) ? 1 : -1)), seen, 'newest first');

        const listed = async (query) => (await who.teacher.get(`leave-requests?${query}`)).json.items.length;
        assert.equal(await listed(`student_id=${id('hao')}`), 5);
        assert.equal(await listed('state=submitted'), 6);
        assert.equal(await listed('state=approved,rejected'), 0);
        assert.equal(await listed(`q=${encodeURIComponent('李')}`), 5);
        assert.equal(await listed(`q=${encodeURIComponent('%')}`), 0);
        for (const bad of ['limit=0', 'limit=x', 'after=%21', 'after=AAAA', 'view=nothing', 'queue=yours', 'student_id=x', "state=a'b"]) {
            assert.equal((await who.teacher.get(`leave-requests?${bad}`)).status, 422, bad);
        }
    });
});

describe('certificates', () => {
    const png = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');
    const upload = (person) => who[person].post('attachments', png, { headers: { 'content-type': 'image/png' } });

    test('brought, taken by the request, seen by those who may see the request', async () => {
        const file = await upload('guardian');
        assert.equal(file.status, 201, file.text);
        const it = await submit('guardian', leave('09-22', 1, '09-22', 7, { certificate: [file.json.id] }));
        assert.deepEqual(it.certificate, [{ id: file.json.id, media_type: 'image/png', size: png.length, width: 1, height: 1, thumbnail: false, own: true }]);
        assert.deepEqual((await read('teacher', it)).certificate, it.certificate.map((one) => ({ ...one, own: false })));
        for (const [person, status] of [['guardian', 200], ['father', 200], ['teacher', 200], ['office', 200],
            ['teacherB', 404], ['guardianHao', 404], ['principal2', 404]]) {
            const seen = await who[person].get(`attachments/${file.json.id}`);
            assert.equal(seen.status, status, person);
            if (status === 200) {
                assert.deepEqual(seen.bytes, png);
            }
        }
        const stolen = await who.guardianHao.post('leave-requests', leave('09-22', 1, '09-22', 7, { student_id: id('hao'), certificate: [file.json.id] }));
        assert.equal(stolen.status, 422, stolen.text);
    });
});

test('every chain verifies after all this', () => {
    assert.doesNotThrow(() => server.control('audit', 'verify'));
});
