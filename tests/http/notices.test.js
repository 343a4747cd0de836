// notices.test.js mirrors lib/flow/notice.c, digest.c and lib/plugins/task_notice.c: who is told what, once; unread and read; the
// morning's and the afternoon's digest, quiet hours, what is urgent; the outbox.

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { start } from '../lib/server.js';
import { buildWorld } from '../lib/world.js';

let server, world;
const who = {};

before(async () => {
    server = await start({ clock: '2026-09-21T07:00:00+08:00' });
    world = await buildWorld(server);
    for (const login of ['guardian', 'father', 'guardian2', 'teacher', 'teacherB', 'office', 'vice', 'principal', 'county', 'nobody']) {
        who[login] = await server.client(login);
    }
    await server.sql("UPDATE session SET expires_at = '2028-01-01'");
});
after(() => server?.stop());

beforeEach(async () => {
    for (const table of ['leave_request', 'task', 'notice', 'outbox', 'rule_override']) {
        await server.sql(`DELETE FROM ${table}`);
    }
    await server.sql('UPDATE job SET ran_at = NULL, leased_until = NULL');
    at('2026-09-21T07:10');
});

const at = (time) => server.setClock(`${time}:00+08:00`);
const run = (time) => { at(time); server.runJobs(); };

const ok = (answer, status = 200) => {
    assert.equal(answer.status, status, answer.text);
    return answer.json;
};

const askLeave = async (day = '22', student = 'siyu', person = 'guardian') => ok(await who[person].post('leave-requests', {
    student_id: String(world.students[student]), kind: 'sick', starts_on: day.length > 2 ? day : `2026-09-${day}`, starts_period: 1, ends_on: day.length > 2 ? day : `2026-09-${day}`,
    ends_period: 7, reason: '夜里发烧，去卫生院看病', action: 'submit',
}), 201);
const decide = async (leave, action, body = {}) =>
    ok(await who.teacher.post(`leave-requests/${leave.id}/${action}`, body, { version: leave.version }));
const notices = async (person, query = '') => ok(await who[person].get(`notices?${query}`)).items;
const unread = async (person) => ok(await who[person].get('tasks/summary')).unread;
/** Of leave only: nobody takes a roll in these tests, and that has notices of its own. */
const outbox = async () => (await server.sql(`SELECT a.login, o.subject, o.items, o.body, o.due_at, o.sent_at, o.tries, o.channel FROM outbox o
    JOIN account a ON a.id = o.account_id ORDER BY o.id`))
    .map((row) => ({ ...row, kinds: JSON.parse(row.body).items.map((item) => item.kind).filter((kind) => kind.startsWith('leave.')) }))
    .filter((row) => row.kinds.length > 0).map((row) => ({ ...row, items: row.kinds.length }));

describe('who is told', () => {
    test('of leave: the class teacher when it comes, every guardian when it is decided', async () => {
        const leave = await askLeave();
        const [told] = await notices('teacher');
        assert.equal(told.kind, 'leave.submitted');
        assert.equal(told.text, '罗思雨的家长提交了请假（9月22日起），请审批');
        assert.equal(told.href, `#/leave/${leave.id}`);
        assert.equal(told.read_at, null);
        assert.deepEqual(await notices('guardian'), []);

        await decide(leave, 'approve');
        assert.deepEqual(await notices('teacher'), [], 'decided: nothing to be told of any more');
        for (const person of ['guardian', 'father']) {
            const [one, ...more] = await notices(person);
            assert.deepEqual([one.kind, one.href, more], ['leave.approved', `#/my-leave/${leave.id}`, []]);
        }
        for (const person of ['guardian2', 'teacherB', 'principal', 'county', 'nobody']) {
            assert.deepEqual(await notices(person), [], person);
        }
    });

    test('in the language of whoever reads', async () => {
        const leave = await askLeave();
        await decide(leave, 'reject', { comment: '那天考试' });
        const english = await server.client('guardian', { language: 'en' });
        assert.match(ok(await english.get('notices')).items[0].text, /^罗思雨's leave is not approved/);
    });

    test('of a child that is not back: at once, and once', async () => {
        const leave = await askLeave();
        await decide(leave, 'approve');
        run('2026-09-22T08:00');
        run('2026-09-23T08:00');
        run('2026-09-23T09:00');
        const [first] = await notices('guardian');
        assert.deepEqual([first.kind, first.urgent], ['leave.overdue', true]);
        assert.equal((await notices('guardian')).filter((n) => n.kind === 'leave.overdue').length, 1);
    });

    test('nobody about what they did themselves', async () => {
        await server.sql("UPDATE guardian SET account_id = ? WHERE id = ?", [world.accounts.teacher, world.guardians.father]);
        const leave = await askLeave();
        await decide(leave, 'approve');
        assert.deepEqual(await notices('teacher'), []);
        await server.sql("UPDATE guardian SET account_id = ? WHERE id = ?", [world.accounts.father, world.guardians.father]);
    });
});

describe('unread and read', () => {
    test('one by one, and all at once; each their own', async () => {
        const [a, b] = [await askLeave('22'), await askLeave('23')];
        await decide(a, 'approve');
        await decide(b, 'reject', { comment: '那天考试' });
        assert.equal(await unread('guardian'), 2);
        const [newest] = await notices('guardian');
        assert.equal((await who.father.post(`notices/${newest.id}/read`, {})).status, 404);
        assert.equal((await who.guardian.post(`notices/${newest.id}/read`, {})).status, 204);
        assert.equal((await who.guardian.post(`notices/${newest.id}/read`, {})).status, 204);
        assert.equal(await unread('guardian'), 1);
        assert.deepEqual((await notices('guardian', 'unread=true')).map((n) => n.kind), ['leave.approved']);
        assert.equal((await who.guardian.post('notices/read', {})).status, 204);
        assert.equal(await unread('guardian'), 0);
        assert.equal((await notices('guardian')).length, 2);
        assert.equal(await unread('father'), 2);
    });

    test('pages, newest first', async () => {
        for (const day of ['22', '24', '28', '30']) {  // a day at school between them: each decided by the class teacher
            await decide(await askLeave(day), 'approve');
        }
        const all = await notices('guardian');
        const first = ok(await who.guardian.get('notices?limit=3'));
        const second = ok(await who.guardian.get(`notices?limit=3&after=${first.next}`));
        assert.deepEqual([...first.items, ...second.items], all);
        assert.equal(second.next, null);
        for (const query of ['limit=0', 'limit=x', 'after=x']) {
            assert.equal((await who.guardian.get(`notices?${query}`)).status, 422, query);
        }
        assert.equal((await (await server.client(null)).get('notices')).status, 401);
    });
});

describe('digests', () => {
    test('what came in the night goes out in the morning, what came in the day in the afternoon; one row an account', async () => {
        at('2026-09-20T23:00');
        await decide(await askLeave('22'), 'approve');
        await decide(await askLeave('23'), 'reject', { comment: '那天考试' });
        run('2026-09-21T07:29');
        assert.deepEqual(await outbox(), []);
        run('2026-09-21T07:30');
        const morning = await outbox();
        assert.deepEqual(morning.map((row) => [row.login, row.subject, row.items]), [
            ['guardian', 'digest.morning', 2], ['father', 'digest.morning', 2]]
            .sort((x, y) => morning.findIndex((row) => row.login === x[0]) - morning.findIndex((row) => row.login === y[0])));
        const { body, ...row } = morning.find((one) => one.login === 'guardian');
        assert.deepEqual([row.channel, row.tries, row.sent_at], ['any', 0, null]);
        assert.deepEqual(row.kinds, ['leave.approved', 'leave.rejected']);
        assert.equal(JSON.parse(body).items[0].params.student, '罗思雨');

        at('2026-09-21T10:00');
        await decide(await askLeave('24'), 'approve');
        run('2026-09-21T16:29');
        assert.equal((await outbox()).length, 2);
        await askLeave('30');
        run('2026-09-21T16:30');
        assert.deepEqual((await outbox()).slice(2).map((one) => [one.subject, one.items, one.kinds[0]]).sort(), [['digest.afternoon', 1, 'leave.approved'],
            ['digest.afternoon', 1, 'leave.approved'], ['digest.afternoon', 1, 'leave.submitted']]);
        run('2026-09-22T07:30');
        assert.equal((await outbox()).length, 5, 'nothing goes out twice');
    });

    test('what was read, or is decided, is not sent', async () => {
        const leave = await askLeave();
        await decide(leave, 'approve');
        await who.guardian.post('notices/read', {});
        run('2026-09-21T07:31');
        assert.deepEqual((await outbox()).map((row) => row.login).sort(), ['father']);
    });

    test('staff are left in peace on days that are no working days, guardians hear every day', async () => {
        at('2026-09-30T18:00');                        // the eve of the holiday
        await decide(await askLeave('2026-10-08'), 'approve');
        await askLeave('2026-10-10');
        run('2026-10-01T07:30');
        assert.deepEqual((await outbox()).map((row) => row.login).sort(), ['father', 'guardian']);
        run('2026-10-07T16:30');
        assert.equal((await outbox()).length, 2);
        run('2026-10-08T07:30');
        assert.deepEqual((await outbox()).slice(2).map((row) => row.login), ['teacher']);
    });

    test('the times are the school\'s; the quiet hours hold all but what is urgent', async () => {
        for (const [rule, value] of [['notice.morning', '06:00'], ['notice.quiet_from', '20:00'], ['notice.quiet_to', '06:45']]) {
            await server.sql("INSERT INTO rule_override (rule, unit_id, value, reason, set_by, set_at) VALUES (?, ?, ?, '本校作息', 1, '2026-09-01')",
                [rule, world.units.school.id, value]);
        }
        at('2026-09-21T20:00');
        await decide(await askLeave('22'), 'approve');
        run('2026-09-22T06:44');
        assert.deepEqual(await outbox(), []);
        run('2026-09-22T06:45');
        assert.equal((await outbox()).length, 2);

        await server.sql('DELETE FROM outbox');
        run('2026-09-22T08:00');
        await server.sql("UPDATE leave_request SET back_at = '2026-09-22 21:00:00'");
        run('2026-09-22T21:30');
        run('2026-09-22T21:31');
        assert.deepEqual((await outbox()).map((row) => [row.subject, row.kinds]), [['urgent', ['leave.overdue']], ['urgent', ['leave.overdue']]]);
    });

    test('not to an account that is disabled', async () => {
        await decide(await askLeave(), 'approve');
        await server.sql("UPDATE account SET disabled_at = '2026-09-21' WHERE id = ?", [world.accounts.father]);
        run('2026-09-21T07:31');
        assert.ok(!(await outbox()).some((row) => row.login === 'father'));
        await server.sql('UPDATE account SET disabled_at = NULL');
    });
});

describe('the outbox', () => {
    test('administrators see to whom and when, never what about', async () => {
        await decide(await askLeave(), 'approve');
        run('2026-09-21T07:31');
        const page = ok(await who.county.get('outbox'));
        assert.equal(page.items.length, 2);
        const one = page.items.find((item) => item.account_name === '杨秀莲');
        assert.deepEqual([one.channel, one.subject, one.subject_text, one.items, one.tries, one.sent_at, one.error],
            ['any', 'digest.morning', '早间汇总', 1, 0, null, null]);
        assert.ok(!JSON.stringify(page).includes('罗思雨'));
        for (const person of ['teacher', 'office', 'vice', 'principal', 'guardian']) {
            assert.equal((await who[person].get('outbox')).status, 403, person);
        }
    });

    test('old notices and letters are thrown away', async () => {
        await decide(await askLeave(), 'approve');
        run('2026-09-21T07:31');
        run('2027-03-22T07:31');
        assert.deepEqual(await server.sql('SELECT id FROM notice WHERE created_at < ?', ['2026-09-22']), []);
        assert.deepEqual((await outbox()).filter((row) => row.subject === 'digest.morning' && row.kinds.includes('leave.approved')), []);
    });
});
