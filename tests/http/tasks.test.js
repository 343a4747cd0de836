// tasks.test.js mirrors lib/plugins/task*.c and lib/flow/task*.c: whose a task is, what opens and closes it, how it climbs, what
// its owner may do with it, who sees whose. The tasks are those of leave and of the example plugin (tests/plugin/).

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { baoxuectl, databaseFlags, top } from '../lib/database.js';
import { buildPlugin } from '../lib/plugin.js';
import { start } from '../lib/server.js';
import { buildWorld } from '../lib/world.js';

let server, world, plugin;
const who = {};

before(async () => {
    plugin = buildPlugin();
    server = await start({ nginx: false, clock: '2026-09-21T07:00:00+08:00', http: `baoxue_load_plugin "${plugin}";` });
    world = await buildWorld(server);
    server.control('migrate', '--load-plugin', plugin);
    server.runJobs = () => server.control('--load-plugin', plugin, 'jobs', 'run');
    await server.startNginx();
    for (const login of ['guardian', 'guardian2', 'teacher', 'subject', 'teacherB', 'teacher2', 'grade', 'vice', 'office', 'principal',
        'principal2', 'township', 'county', 'nobody']) {
        who[login] = await server.client(login);
    }
    await server.sql("UPDATE session SET expires_at = '2028-01-01'");
});
after(() => server?.stop());

beforeEach(async () => {
    for (const table of ['leave_request', 'scholarship', 'task', 'task_count', 'notice', 'outbox']) {
        await server.sql(`DELETE FROM ${table}`);
    }
    await server.sql('UPDATE job SET ran_at = NULL, leased_until = NULL');
    at('2026-09-21T07:00');
});

const at = (time) => server.setClock(`${time}:00+08:00`);
const id = (student) => String(world.students[student]);

const ok = (answer, status = 200) => {
    assert.equal(answer.status, status, answer.text);
    return answer.json;
};

function refused(answer, status, field, reason) {
    assert.equal(answer.status, status, answer.text);
    if (field !== undefined) {
        assert.deepEqual(answer.json.errors.map((e) => [e.field, e.code])[0], [field, reason], answer.text);
        assert.ok(!answer.json.errors[0].message.startsWith('error.'), 'a text stands behind the reason');
    }
}

const askLeave = async (more = {}) => ok(await who.guardian.post('leave-requests', {
    student_id: id('siyu'), kind: 'sick', starts_on: '2026-09-22', starts_period: 1, ends_on: '2026-09-22', ends_period: 7,
    reason: '夜里发烧，去卫生院看病', action: 'submit', ...more,
}), 201);

/** An application of siyu's class teacher: the academic office has two days to endorse it. */
const apply = async (more = {}) => ok(await who.teacher.post('scholarships', {
    student_id: id('siyu'), kind: 'merit', amount: 800, reason: '三好学生', action: 'apply', ...more,
}), 201);

const tasks = async (person, query = '') => ok(await who[person].get(`tasks?${query}`)).items;
const only = async (person, query) => {
    const items = await tasks(person, query);
    assert.equal(items.length, 1, `${person} ${query}: ${JSON.stringify(items.map((t) => t.title))}`);
    return items[0];
};
const read = async (person, task) => ok(await who[person].get(`tasks/${task.id}`));
const act = (person, task, action, body, options) =>
    who[person].post(`tasks/${task.id}/${action}`, body, { version: task.version, ...options });
const actions = (task) => task.actions.map((a) => a.action);
const notices = async (person) => ok(await who[person].get('notices')).items.map((n) => n.kind);

describe('leave opens and closes its own', () => {
    test('the class teacher has it until it is decided', async () => {
        const leave = await askLeave();
        const task = await only('teacher');
        assert.equal(task.kind, 'leave.decide');
        assert.equal(task.title, '审批罗思雨的请假（9月22日起）');
        assert.equal(task.student_name, '罗思雨');
        assert.equal(task.owner.role_label, '班主任');
        assert.equal(task.owner.unit_name, '三年级1班');
        assert.equal(task.href, `#/leave/${leave.id}`);
        assert.equal(task.record_id, leave.id);
        assert.equal(task.working_due, leave.decide_by);
        assert.equal(task.mine, true);
        assert.equal(task.state, 'open');
        for (const person of ['grade', 'vice', 'office', 'principal', 'teacherB', 'teacher2', 'guardian', 'county', 'nobody']) {
            assert.deepEqual(await tasks(person), [], person);
        }

        ok(await who.teacher.post(`leave-requests/${leave.id}/approve`, {}, { version: leave.version }));
        assert.deepEqual(await tasks('teacher'), []);
        const done = await read('teacher', task);
        assert.deepEqual([done.state, done.closed_record, done.closed_id, done.closed_by, done.mine],
            ['done', 'leave-requests', leave.id, '王晓梅', false]);
    });

    test('why, what closes it, and the rule with where its value comes from', async () => {
        await askLeave();
        const task = await read('teacher', await only('teacher'));
        assert.match(task.why, /家长已提交请假/);
        assert.match(task.closes, /自动完成/);
        assert.deepEqual(task.people, ['王晓梅']);
        assert.equal(task.rule.key, 'leave.decide_minutes');
        assert.equal(task.rule.value, 60);
        assert.equal(task.rule.unit, '分钟');
        assert.equal(task.rule.origin, null);

        await server.sql("INSERT INTO rule_override (rule, unit_id, value, reason, set_by, set_at) VALUES ('leave.decide_minutes', ?, '30', '本校规定', 1, '2026-09-01')",
            [world.units.school.id]);
        const again = await read('teacher', task);
        assert.deepEqual([again.rule.value, again.rule.origin.unit_name], [30, '松山乡中心学校']);
        await server.sql('DELETE FROM rule_override');
    });

    test('a longer leave goes on to the office; each has its own', async () => {
        let leave = await askLeave({ ends_on: '2026-09-24' });
        const first = await only('teacher');
        leave = ok(await who.teacher.post(`leave-requests/${leave.id}/consent`, {}, { version: leave.version }));
        assert.deepEqual(await tasks('teacher'), []);
        const second = await only('office');
        assert.notEqual(second.id, first.id);
        assert.equal(second.owner.role, 'office');
        ok(await who.office.post(`leave-requests/${leave.id}/reject`, { comment: '那天考试' }, { version: leave.version }));
        assert.deepEqual(await tasks('office'), []);
        assert.deepEqual((await server.sql("SELECT state FROM task ORDER BY id")).map((t) => t.state), ['done', 'done']);
    });

    test('taken back: withdrawn, and why', async () => {
        const leave = await askLeave();
        const task = await only('teacher');
        ok(await who.guardian.post(`leave-requests/${leave.id}/cancel`, {}, { version: leave.version }));
        assert.deepEqual(await tasks('teacher'), []);
        const gone = await read('teacher', task);
        assert.deepEqual([gone.state, gone.closed_reason, gone.closed_text], ['withdrawn', 'cancelled', '申请已撤回']);
    });

    test('entered by phone, longer: the office has it at once', async () => {
        ok(await who.teacher.post('leave-requests', {
            student_id: id('siyu'), kind: 'sick', starts_on: '2026-09-22', starts_period: 1, ends_on: '2026-09-24', ends_period: 7,
            reason: '发烧', action: 'enter', channel: 'phone', requested_by: '杨秀莲',
        }), 201);
        assert.deepEqual(await tasks('teacher'), []);
        assert.equal((await only('office')).kind, 'leave.decide');
    });

    test('a teacher who is the child\'s guardian does not get it: one level up', async () => {
        ok(await who.teacherB.post('leave-requests', {
            student_id: id('bin'), kind: 'sick', starts_on: '2026-09-22', starts_period: 1, ends_on: '2026-09-22', ends_period: 7,
            reason: '发烧', action: 'submit',
        }), 201);
        assert.deepEqual(await tasks('teacherB'), []);
        assert.equal((await only('grade')).owner.role, 'grade');
    });

    test('leave climbs inside the school and no further', async () => {
        await askLeave();
        const levels = [];
        at('2026-09-22T08:00');                        // the leave's first bell: due
        server.runJobs();
        for (const day of ['23', '24', '25', '28', '29']) {
            levels.push(Object.fromEntries(await Promise.all(['teacher', 'grade', 'vice', 'principal', 'county']
                .map(async (p) => [p, (await tasks(p)).length]))));
            at(`2026-09-${day}T08:00`);
            server.runJobs();
        }
        assert.deepEqual(levels.slice(0, 3), [
            { teacher: 1, grade: 1, vice: 0, principal: 0, county: 0 },
            { teacher: 1, grade: 0, vice: 1, principal: 0, county: 0 },
            { teacher: 1, grade: 0, vice: 0, principal: 1, county: 0 },
        ]);
        assert.equal(levels.at(-1).county, 0);
        assert.equal(levels.at(-1).principal, 1);
    });
});

describe('when', () => {
    test('overdue, today and coming; the clock raises on working days', async () => {
        at('2026-09-24T10:00');                        // Thursday; due Saturday 24:00
        await apply();
        assert.deepEqual((await tasks('office', 'view=coming')).length, 1);
        assert.deepEqual(await tasks('office', 'view=today'), []);
        const task = await only('office');
        assert.equal(task.due_on, '2026-09-26');
        assert.equal(task.working_due, '2026-09-27T00:00:00+08:00');
        assert.equal(task.overdue, false);

        at('2026-09-26T09:00');
        server.runJobs();
        assert.equal((await tasks('office', 'view=today')).length, 1);
        assert.deepEqual(await notices('office'), ['task.due']);

        at('2026-09-27T00:05');                        // Sunday: overdue, raised; again on Monday at that time
        server.runJobs();
        assert.equal((await tasks('office', 'view=overdue')).length, 1);
        assert.equal((await only('office')).overdue, true);
        const up = await only('vice');
        assert.equal(up.raised.role_label, '分管副校长');
        assert.equal(up.level, 1);
        assert.deepEqual(await tasks('principal'), []);

        at('2026-09-28T00:04');
        server.runJobs();
        assert.deepEqual(await tasks('principal'), []);
        at('2026-09-28T00:06');
        server.runJobs();
        assert.equal((await only('principal')).level, 2);
        assert.deepEqual(await tasks('vice'), [], 'it is with one person above the owner');
        at('2026-09-29T00:10');
        server.runJobs();
        assert.equal((await only('county')).level, 3);

        const history = ok(await who.office.get(`tasks/${task.id}/history`)).items;
        assert.deepEqual(history.map((h) => [h.action, h.role_label]),
            [['raise', '县教体局'], ['raise', '校长'], ['raise', '分管副校长']]);
        assert.deepEqual(await notices('office'), ['task.overdue', 'task.due']);
        assert.deepEqual(await notices('principal'), ['task.raised']);
        assert.match(ok(await who.principal.get('notices')).items[0].text, /初审罗思雨的奖助申请（800 元），原办理人：分管副校长/);
        server.control('audit', 'verify');
    });

    test('the jobs run again do nothing again', async () => {
        await apply();
        at('2026-09-24T08:00');
        server.runJobs();
        const before = await server.sql('SELECT id, version, level FROM task');
        const told = (await server.sql('SELECT id FROM notice')).length;
        await server.sql('UPDATE job SET ran_at = NULL');
        server.runJobs();
        assert.deepEqual(await server.sql('SELECT id, version, level FROM task'), before);
        assert.equal((await server.sql('SELECT id FROM notice')).length, told);
    });

    test('done before it was due: nobody is told any more', async () => {
        const it = await apply();
        ok(await who.office.post(`scholarships/${it.id}/endorse`, {}, { version: it.version }));
        at('2026-09-24T08:00');
        server.runJobs();
        assert.deepEqual(await notices('office'), []);
        assert.deepEqual(await tasks('vice'), []);
    });

    test('pages, first due first', async () => {
        for (const kind of ['merit', 'hardship', 'contest']) {
            await apply({ kind });
            at('2026-09-22T07:00');
        }
        const all = await tasks('office');
        assert.equal(all.length, 3);
        const first = ok(await who.office.get('tasks?limit=2'));
        assert.deepEqual(first.items.map((t) => t.id), all.slice(0, 2).map((t) => t.id));
        const second = ok(await who.office.get(`tasks?limit=2&after=${first.next}`));
        assert.deepEqual(second.items.map((t) => t.id), [all[2].id]);
        assert.equal(second.next, null);
        refused(await who.office.get('tasks?after=junk'), 422, 'after', 'filter');
        refused(await who.office.get('tasks?view=everything'), 422, 'view', 'not_in_list');
        refused(await who.office.get('tasks?limit=0'), 422, 'limit', 'out_of_range');
    });
});

describe('who sees what', () => {
    test('outside one\'s unit there is nothing; leaders see what waits below them', async () => {
        await askLeave();
        const task = await only('teacher');
        for (const person of ['teacherB', 'teacher2', 'principal2', 'subject', 'guardian', 'nobody']) {
            refused(await who[person].get(`tasks/${task.id}`), 404);
            refused(await who[person].get(`tasks/${task.id}/history`), 404);
            refused(await act(person, task, 'delegate', { account_id: String(world.accounts.subject) }), 404);
        }
        for (const person of ['grade', 'office', 'vice', 'principal', 'township', 'county']) {
            assert.equal((await read(person, task)).mine, false, person);
            assert.deepEqual((await tasks(person, 'view=unit')).map((t) => t.id), [task.id], person);
        }
        refused(await who.teacher.get('tasks?view=unit'), 403);
        refused(await who.teacher.get('tasks/counts'), 403);
        assert.deepEqual(await tasks('principal2', 'view=unit'), []);
    });

    test('numbers by class in a school, by school above, then the list behind a number', async () => {
        await askLeave();
        await apply();
        at('2026-09-24T08:00');
        server.runJobs();
        const school = ok(await who.principal.get('tasks/counts'));
        assert.equal(school.unit.level, 'school');
        assert.deepEqual(school.items.map((u) => [u.unit_name, u.waiting, u.overdue, u.raised]), [['三年级1班', 2, 2, 2]]);
        const grade = ok(await who.grade.get('tasks/counts'));
        assert.deepEqual(grade.items.map((u) => u.overdue), [2]);

        const county = ok(await who.county.get('tasks/counts'));
        assert.deepEqual(county.items.map((u) => [u.unit_id, u.waiting, u.overdue]), [[String(world.units.school.id), 2, 2]]);
        const inside = ok(await who.county.get(`tasks/counts?unit_id=${county.items[0].unit_id}`));
        assert.equal(inside.items.length, 1);
        const list = await tasks('county', `view=unit&due=overdue&class_id=${inside.items[0].unit_id}`);
        assert.equal(list.length, 2);
        assert.deepEqual(await tasks('county', 'view=unit&due=today'), []);
        refused(await who.principal2.get(`tasks/counts?unit_id=${world.units.school.id}`), 404);
        assert.deepEqual(ok(await who.township.get('tasks/counts')).items.length, 1);

        await server.sql("UPDATE task SET state = 'done'");
        at('2026-09-24T08:05');
        server.runJobs();
        assert.deepEqual(ok(await who.county.get('tasks/counts')).items, []);
    });

    test('what is private is in no leader\'s list', async () => {
        await askLeave();
        await server.sql('UPDATE task SET confidential = 1');
        const task = await only('teacher');
        assert.deepEqual(await tasks('principal', 'view=unit'), []);
        refused(await who.principal.get(`tasks/${task.id}`), 404);
    });

    test('it goes with the position', async () => {
        await askLeave();
        await server.sql("UPDATE `position` SET account_id = ? WHERE role = 'teacher' AND unit_id = ?",
            [world.accounts.nobody, world.units.class1.id]);
        const heir = await server.client('nobody');
        assert.equal(ok(await heir.get('tasks')).items.length, 1);
        await server.sql("UPDATE `position` SET account_id = ? WHERE role = 'teacher' AND unit_id = ?",
            [world.accounts.teacher, world.units.class1.id]);
    });

    test('the summary counts what is mine, and has the first of it', async () => {
        const summary = async (person) => {
            const { items, queues, ...numbers } = ok(await who[person].get('tasks/summary'));
            assert.equal(queues.scholarships ?? 0, person === 'office' ? 1 : 0);
            return [...Object.values(numbers), items.length];
        };
        await apply();
        assert.deepEqual(await summary('office'), [0, 0, 0, 1, 0]);
        at('2026-09-23T08:00');
        server.runJobs();
        assert.deepEqual(await summary('office'), [1, 0, 1, 0, 1]);
        at('2026-09-24T08:00');
        server.runJobs();
        assert.deepEqual(await summary('office'), [2, 1, 0, 0, 1]);
        assert.deepEqual(await summary('nobody'), [0, 0, 0, 0, 0]);
    });
});

describe('not possible, because …', () => {
    const reason = { reason: '家长已撤回书面申请' };

    test('asked, agreed to by the vice principal', async () => {
        await apply();
        let task = await only('office');
        assert.deepEqual(actions(task), ['ask_excuse', 'delegate']);
        task = ok(await act('office', task, 'ask_excuse', reason));
        assert.deepEqual([task.state, task.excuse_reason, task.excuse_name], ['excuse_asked', reason.reason, '陈志强']);
        assert.equal((await only('office')).state, 'excuse_asked', 'still on the list of whoever asks');
        assert.deepEqual(await notices('vice'), ['task.excuse_asked']);

        const seen = await only('vice');
        assert.deepEqual(actions(seen), ['approve_excuse', 'refuse_excuse']);
        const done = ok(await act('vice', seen, 'approve_excuse', {}));
        assert.deepEqual([done.state, done.closed_by, done.actions], ['excused', '何秀英', []]);
        assert.deepEqual(await tasks('vice'), []);
        assert.deepEqual(await tasks('office'), []);
        assert.deepEqual(await notices('office'), ['task.excused']);
        const history = ok(await who.office.get(`tasks/${task.id}/history`)).items;
        assert.deepEqual(history.map((h) => [h.action, h.actor, h.comment]),
            [['approve_excuse', '何秀英', null], ['ask_excuse', '陈志强', reason.reason]]);
    });

    test('not agreed to: it is to be done all the same', async () => {
        await apply();
        let task = ok(await act('office', await only('office'), 'ask_excuse', reason));
        refused(await act('vice', task, 'refuse_excuse', {}), 422, 'comment', 'required');
        task = ok(await act('vice', task, 'refuse_excuse', { comment: '请先审核材料' }));
        assert.equal(task.state, 'open');
        assert.deepEqual(await tasks('vice'), []);
        assert.deepEqual(await notices('office'), ['task.not_excused']);
        assert.equal((await only('office')).state, 'open');
    });

    test('never one\'s own; whoever is above decides', async () => {
        await server.sql('INSERT INTO `position` (id, account_id, role, unit_id, starts_on, created_at) VALUES (77, ?, ?, ?, ?, ?)',
            [world.accounts.office, 'vice', world.units.school.id, '2026-08-01', '2026-08-01']);
        const both = await server.client('office');
        await apply();
        const task = await only('office');
        const asked = ok(await both.post(`tasks/${task.id}/ask_excuse`, reason, { version: task.version }));
        refused(await both.post(`tasks/${task.id}/approve_excuse`, {}, { version: asked.version }), 403, 'state', 'task.own_excuse');
        ok(await act('vice', asked, 'approve_excuse', {}));
        await server.sql('DELETE FROM `position` WHERE id = 77');
    });

    test('not everybody, not every kind, not twice, not an old version, not without a word', async () => {
        await askLeave();
        refused(await act('teacher', await only('teacher'), 'ask_excuse', reason), 422, 'reason', 'task.not_excusable');
        await apply();
        const task = await only('office');
        refused(await act('principal', task, 'ask_excuse', reason), 403);
        refused(await act('office', task, 'ask_excuse', {}), 422, 'reason', 'required');
        refused(await act('office', task, 'ask_excuse', { ...reason, done: true }), 422, 'done', 'unknown_field');
        refused(await act('office', task, 'ask_excuse', reason, { version: undefined }), 428);
        refused(await act('office', task, 'ask_excuse', reason, { version: 17 }), 412);
        refused(await act('vice', task, 'approve_excuse', {}), 409);
        refused(await act('teacher', task, 'approve_excuse', {}), 403);
        const asked = ok(await act('office', task, 'ask_excuse', reason));
        refused(await act('office', asked, 'ask_excuse', reason), 409);
        refused(await act('principal2', asked, 'approve_excuse', {}), 404);
    });

    test('a repeated key is one request', async () => {
        await apply();
        const task = await only('office'), key = randomUUID();
        const one = await act('office', task, 'ask_excuse', reason, { key });
        const two = await act('office', task, 'ask_excuse', reason, { key });
        assert.equal(ok(one).version, ok(two).version);
        assert.equal((await server.sql("SELECT id FROM history WHERE record = 'tasks' AND record_id = ?", [task.id])).length, 1);
        refused(await act('office', task, 'ask_excuse', { reason: '另一个原因' }, { key }), 422);
    });

    test('the record is quicker: there is nothing left to decide', async () => {
        const it = await apply();
        const task = ok(await act('office', await only('office'), 'ask_excuse', reason));
        ok(await who.office.post(`scholarships/${it.id}/endorse`, {}, { version: it.version }));
        assert.deepEqual(await tasks('vice'), []);
        refused(await act('vice', task, 'approve_excuse', {}), 412);
        assert.equal((await read('office', task)).state, 'done');
        assert.deepEqual(await notices('vice'), [], 'and nobody is told of what waits no more');
    });
});

describe('to a colleague', () => {
    const to = (login) => ({ account_id: String(world.accounts[login]) });

    test('handed on, and taken back', async () => {
        await askLeave();
        let task = await only('teacher');
        const people = ok(await who.teacher.get(`tasks/${task.id}/colleagues`)).items;
        assert.ok(people.some((p) => p.name === '罗勇' && p.role_label === '科任教师'));
        assert.ok(people.every((p) => !['王晓梅', '龙文华', '杨再兴', '周启明'].includes(p.name)), 'colleagues of this school only');

        task = ok(await act('teacher', task, 'delegate', to('subject')));
        assert.equal(task.assignee.name, '罗勇');
        assert.equal(task.delegated_by.name, '王晓梅');
        assert.deepEqual(await tasks('teacher'), []);
        assert.deepEqual((await tasks('teacher', 'view=delegated')).map((t) => t.id), [task.id]);
        assert.equal((await only('subject')).id, task.id);
        assert.deepEqual(await notices('subject'), ['task.delegated']);
        assert.deepEqual(actions(await only('subject')), ['delegate', 'take_back']);

        task = ok(await act('teacher', task, 'take_back', {}));
        assert.equal(task.assignee, null);
        assert.equal((await only('teacher')).id, task.id);
        assert.deepEqual(await tasks('subject'), []);
        refused(await act('teacher', task, 'take_back', {}), 409);
    });

    test('not to strangers, not of others, not when it is done', async () => {
        const leave = await askLeave();
        const task = await only('teacher');
        for (const login of ['teacher2', 'guardian', 'nobody', 'county', 'teacher']) {
            refused(await act('teacher', task, 'delegate', to(login)), 422, 'account_id', 'task.no_colleague');
        }
        refused(await act('teacher', task, 'delegate', {}), 422, 'account_id', 'required');
        refused(await act('teacher', task, 'delegate', { account_id: 'x' }), 422, 'account_id', 'not_found');
        refused(await act('principal', task, 'delegate', to('subject')), 403);
        refused(await who.principal.get(`tasks/${task.id}/colleagues`), 403);
        refused(await act('teacher', task, 'delegate', to('subject'), { version: undefined }), 428);
        refused(await act('teacher', task, 'delegate', to('subject'), { version: 9 }), 412);
        ok(await who.teacher.post(`leave-requests/${leave.id}/approve`, {}, { version: leave.version }));
        const done = await read('teacher', task);
        refused(await act('teacher', done, 'delegate', to('subject')), 409);
    });

    test('an overdue one that was handed on is raised all the same', async () => {
        await apply();
        await act('office', await only('office'), 'delegate', to('registrar'));
        at('2026-09-24T08:00');
        server.runJobs();
        assert.equal((await only('vice')).assignee.name, '吴敏');
    });
});

test('nobody can tick a task off, or make one', async () => {
    await askLeave();
    const task = await only('teacher');
    for (const to of ['tasks', `tasks/${task.id}/done`, `tasks/${task.id}/close`]) {
        assert.ok([404, 405].includes((await who.teacher.post(to, {}, { version: 1 })).status), to);
    }
    assert.ok([404, 405].includes((await who.teacher.patch(`tasks/${task.id}`, { state: 'done' }, { version: 1 })).status));
});

describe('nodes', () => {
    const levels = async () => (await server.sql('SELECT level FROM task')).map((t) => t.level);

    /** A node of its own: the jobs that are due, by a process that runs beside others. */
    const node = () => new Promise((resolve, reject) => {
        const child = spawn(baoxuectl, [...databaseFlags(server.dir), '--load-plugin', plugin, 'jobs', 'run'],
            { cwd: top, env: { ...process.env, BAOXUE_TEST_CLOCK: path.join(server.dir, 'clock') }, stdio: 'ignore' });
        child.on('error', reject);
        child.on('exit', resolve);
    });

    test('five at once on one database: each job runs once', async () => {
        await apply();
        at('2026-09-24T08:00');
        const raises = async () => (await server.sql("SELECT seq FROM audit_event WHERE record = 'tasks' AND action = 'raise'")).length;
        const before = await raises();
        assert.deepEqual(await Promise.all([1, 2, 3, 4, 5].map(node)), [0, 0, 0, 0, 0]);
        assert.deepEqual(await levels(), [1]);
        assert.equal(await raises(), before + 1);
        assert.equal((await server.sql("SELECT id FROM notice WHERE kind = 'task.raised'")).length, 1);
    });

    test('what another node has leased is left to it, until the lease is over', async () => {
        await apply();
        at('2026-09-24T08:00');
        await server.sql("UPDATE job SET node = 'other:1', leased_until = '2026-09-24 08:01:00', ran_at = '2026-09-24 07:00:00' WHERE name = 'tasks.clock'");
        await node();
        assert.deepEqual(await levels(), [0]);
        at('2026-09-24T08:02');
        await node();
        assert.deepEqual(await levels(), [1]);
        assert.equal((await server.sql("SELECT leased_until FROM job WHERE name = 'tasks.clock'"))[0].leased_until, null);
    });
});
