// rules.test.js: the numbers by which something is decided, shown with whose they are: of any row, for whoever may read it.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { start } from '../lib/server.js';
import { buildWorld, libraryValues } from '../lib/world.js';

let server, world, leave;
const who = {};

/** An account with a position, written past the API. */
async function appointed(login, role, unit) {
    const [id, position] = libraryValues(server, [{ op: 'id' }, { op: 'id' }]);

    await server.sql('INSERT INTO account (id, name, login, password, created_at) SELECT ?, ?, ?, password, created_at FROM account WHERE id = ?',
        [id, `${login}管理`, login, world.accounts.teacher]);
    await server.sql("INSERT INTO `position` (id, account_id, role, unit_id, starts_on, created_at) VALUES (?, ?, ?, ?, '2026-09-01', '2026-08-20 08:00:00')",
        [position, id, role, unit]);
    who[login] = await server.client(login);
}

before(async () => {
    server = await start({ clock: '2026-09-21T07:30:00+08:00' });
    world = await buildWorld(server);
    for (const login of ['county', 'township', 'principal', 'office', 'teacher', 'guardian', 'guardian2']) {
        who[login] = await server.client(login);
    }
    await appointed('deng', 'admin', world.units.school.id);

    const made = await who.guardian.post('leave-requests', { student_id: String(world.students.siyu), kind: 'sick', starts_on: '2026-09-22', starts_period: 1,
        ends_on: '2026-09-22', ends_period: 7, reason: '发烧了', action: 'submit' });

    leave = (await who.teacher.post(`leave-requests/${made.json.id}/approve`, {}, { version: made.json.version })).json;
    assert.equal(leave.state, 'approved');
});
after(() => server?.stop());

describe('the numbers by which something is decided', () => {
    const ofLeave = async (login) => {
        const answer = await who[login].get(`leave-requests/${leave.id}/rules`);

        return answer.status === 200 ? Object.fromEntries(answer.json.items.map((one) => [one.key, one])) : answer.status;
    };

    test('of a row, for whoever may read it: as they hold for its class, with whose they are', async () => {
        assert.deepEqual([(await ofLeave('teacher'))['leave.teacher_days'].value, (await ofLeave('teacher'))['leave.teacher_days'].origin], [1, null]);
        assert.equal((await who.deng.post('rules/set', { key: 'leave.teacher_days', unit_id: world.units.school.id, value: '2', reason: '离村子远' }, { version: 0 })).status, 200);
        const rule = (await ofLeave('teacher'))['leave.teacher_days'];
        assert.deepEqual([rule.value, rule.origin.unit_name, rule.origin.by, rule.origin.reason], [2, '松山乡中心学校', 'deng管理', '离村子远']);
        assert.ok(Object.keys(await ofLeave('teacher')).every((key) => key.startsWith('leave.')));
        assert.equal(await ofLeave('guardian2'), 404);
    });

    test('a guardian sees the number and the school, not who in it', async () => {
        const rule = (await ofLeave('guardian'))['leave.teacher_days'];
        assert.deepEqual([rule.value, rule.origin.unit_name, rule.origin.by], [2, '松山乡中心学校', null]);
    });

    test('what asking would mean says by which', async () => {
        const { json } = await who.guardian.get(`leave-requests/preview?student_id=${world.students.siyu}&starts_on=2026-09-28&starts_period=1&ends_on=2026-09-29&ends_period=7`);
        assert.equal(json.then, null);                                // two days are the class teacher's now
        assert.deepEqual(json.rules.map(({ key, value }) => [key, value]),
            [['leave.teacher_days', 2], ['leave.office_days', 5], ['leave.decide_minutes', 60], ['leave.backdate_days', 3]]);
    });
});
