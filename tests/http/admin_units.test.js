// admin_units.test.js mirrors the rest of lib/plugins/admin*.c: units, positions, roles and rules, what a new school lacks, and what
// is installed. For each action: allowed, forbidden, outside the scope, wrong state, stale version, invalid body, repeated key.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { admin, as, begin, chief, end, newTeacher, one, other, positionOf, refused, server, within, world } from '../lib/admin.js';

before(begin);
after(end);

describe('units', () => {
    const unit = async (key) => (await chief.get(`org-units/${world.units[key].id}/overview`)).json;

    test('the tree begins where one works', async () => {
        assert.deepEqual((await admin.get('org-units/tree')).json.items.map(({ name }) => name), ['松山乡中心学校']);
        assert.deepEqual((await chief.get('org-units/tree')).json.items.map(({ name }) => name), ['澜溪县教育体育局']);
        assert.deepEqual((await (await as('teacher')).get('org-units/tree')).json.items.map(({ name }) => name), ['三年级1班']);
        assert.equal((await (await as('guardian')).get('org-units/tree')).status, 403);
        assert.equal((await (await as('guardian')).get(`org-units/${world.units.class1.id}/overview`)).status, 403);
    });

    test('what is searched for is found within the scope', async () => {
        const found = async (client, q) => (await client.get(`org-units/tree?q=${encodeURIComponent(q)}`)).json.items.map(({ name }) => name);
        assert.deepEqual(await found(chief, '中心学校'), ['松山乡中心学校', '云岭乡中心学校']);
        assert.deepEqual(await found(admin, '中心学校'), ['松山乡中心学校']);
        assert.deepEqual(await found(chief, '2152005678'), ['云岭乡中心学校']);
        assert.deepEqual(await found(chief, '%'), []);
    });

    test('a school with its classes, their teachers and children', async () => {
        const { json } = await admin.get(`org-units/${world.units.school.id}/overview`);
        assert.deepEqual(json.path, []);
        assert.match(json.head, /^刘建国/);
        const [first] = json.classes;
        assert.deepEqual([first.name, first.head, first.students], ['三年级1班', '王晓梅', 3]);
        assert.deepEqual(json.actions, { rename: true, move: false, close: true, reopen: false, classes: true, units: false, appoint: true, accounts: true });
        assert.deepEqual((await chief.get(`org-units/${world.units.class1.id}/overview`)).json.path.map(({ name }) => name),
            ['澜溪县教育体育局', '松山乡', '松山乡中心学校', '三年级']);
        assert.equal((await admin.get(`org-units/${world.units.school2.id}/overview`)).status, 404);
    });

    test('a new township and a school in it, by the county', async () => {
        const township = await chief.post('org-units', { parent_id: world.units.county.id, level: 'township', name: '新塘乡', code: '522799109' });
        assert.equal(township.status, 201, township.text);
        const key = randomUUID();
        const body = { parent_id: township.json.id, level: 'school', name: '新塘小学', code: '2152009999', stage: 'primary' };
        const school = await chief.post('org-units', body, { key });
        assert.equal(school.status, 201);
        assert.equal((await chief.post('org-units', body, { key })).json.id, school.json.id);
        const [row] = await server.sql('SELECT path, township_id, school_id FROM org_unit WHERE id = ?', [school.json.id]);
        assert.deepEqual([row.path, String(row.township_id), String(row.school_id)],
            [`${world.units.county.path}${township.json.id}/${school.json.id}/`, township.json.id, school.json.id]);
        world.units.newSchool = { id: school.json.id };
        world.units.newTownship = { id: township.json.id };
    });

    for (const [what, change, field, code, status = 422] of [
        ['a school without a stage', { stage: undefined }, 'stage', 'required'],
        ['a code with nine digits', { code: '215200123' }, 'code', 'admin.school_code'],
        ['a code that is taken', { code: '2152001234' }, 'code', 'admin.code_taken', 409],
        ['a class', { level: 'class' }, 'level', 'admin.level'],
        ['a county', { level: 'county' }, 'level', 'admin.level'],
        ['no name', { name: '' }, 'name', 'required'],
        ['a township below a school', { level: 'township', parent_id: 'school' }, 'parent_id', 'admin.parent_level'],
    ]) {
        test(`${what}: ${code}`, async () => {
            const body = { parent_id: world.units.township.id, level: 'school', name: '某小学', code: '2152008888', stage: 'primary', ...change };
            body.parent_id = body.parent_id === 'school' ? world.units.school.id : body.parent_id;
            refused(await chief.post('org-units', body), status, field, code);
        });
    }

    test('a school makes no school', async () => {
        refused(await admin.post('org-units', { parent_id: world.units.township.id, level: 'school', name: '某小学', code: '2152008888', stage: 'primary' }),
            422, 'parent_id', 'admin.unit_not_found');
    });

    test('classes grade by grade, those that are missing', async () => {
        const grades = [{ stage: 'primary', entry_year: 2026, count: 2 }, { stage: 'primary', entry_year: 2024, count: 3 }];
        const key = randomUUID();
        const answer = await admin.post('org-units/classes', { school_id: world.units.school.id, grades }, { key });
        assert.equal(answer.status, 201, answer.text);
        assert.deepEqual(answer.json.created.map(({ name }) => name), ['一年级1班', '一年级2班', '三年级3班']);
        assert.deepEqual((await admin.post('org-units/classes', { school_id: world.units.school.id, grades }, { key })).json, answer.json);
        refused(await admin.post('org-units/classes', { school_id: world.units.school.id, grades }), 422, 'grades', 'admin.nothing_new');
        assert.equal(await one("SELECT COUNT(*) FROM org_unit WHERE school_id = ? AND level = 'grade' AND entry_year = 2026", [world.units.school.id]), '1');
        world.units.spare = answer.json.created[1];
    });

    for (const [what, grades, code] of [
        ['none', [], 'admin.grade'], ['no list', 'x', 'admin.grade'], ['a grade of another stage', [{ stage: 'junior', entry_year: 2026, count: 1 }], 'admin.grade'],
        ['a grade that has left', [{ stage: 'primary', entry_year: 2010, count: 1 }], 'admin.grade'],
        ['too many', [{ stage: 'primary', entry_year: 2026, count: 31 }], 'out_of_range'],
        ['a grade twice', [{ stage: 'primary', entry_year: 2025, count: 1 }, { stage: 'primary', entry_year: 2025, count: 2 }], 'admin.grade'],
    ]) {
        test(`classes, ${what}: ${code}`, async () => {
            refused(await admin.post('org-units/classes', { school_id: world.units.school.id, grades }), 422, 'grades', code);
        });
    }

    test('renamed, with the version that was seen', async () => {
        const { version: seen } = await unit('school');
        const path = `org-units/${world.units.school.id}`;
        assert.equal((await admin.patch(path, { name: '松山乡中心小学' }, { version: seen })).status, 200);
        assert.equal((await admin.patch(path, { name: '松山' }, { version: seen })).status, 412);
        assert.equal((await admin.patch(path, { name: '松山' })).status, 428);
        refused(await admin.patch(path, { name: '松山', code: '2152005678' }, { version: seen + 1 }), 409, 'code', 'admin.code_taken');
        refused(await admin.patch(`org-units/${world.units.class1.id}`, { name: '快班' }, { version: 1 }), 422, 'name', 'admin.class_name');
        assert.equal((await other.patch(path, { name: '松山' }, { version: seen + 1 })).status, 404);
        assert.equal((await (await as('principal')).patch(path, { name: '松山' }, { version: seen + 1 })).status, 403);
        assert.equal((await admin.patch(path, { name: '松山乡中心学校' }, { version: seen + 1 })).status, 200);
    });

    test('a class without children is closed and opened again', async () => {
        const path = `org-units/${world.units.spare.id}`;
        refused(await admin.post(`${path}/close`, {}, { version: 1 }), 422, 'reason', 'required');
        refused(await admin.post(`${path}/close`, { reason: '没有招满', closed_on: '2026-09-22' }, { version: 1 }), 422, 'closed_on', 'admin.close_future');
        assert.equal((await admin.post(`${path}/close`, { reason: '没有招满' }, { version: 9 })).status, 412);
        assert.equal((await other.post(`${path}/close`, { reason: '没有招满' }, { version: 1 })).status, 404);
        assert.equal((await (await as('principal')).post(`${path}/close`, { reason: '没有招满' }, { version: 1 })).status, 403);
        assert.equal((await admin.post(`${path}/reopen`, {}, { version: 1 })).status, 409);
        const key = randomUUID();
        assert.equal((await admin.post(`${path}/close`, { reason: '没有招满' }, { version: 1, key })).status, 200);
        assert.equal((await admin.post(`${path}/close`, { reason: '没有招满' }, { version: 1, key })).status, 200);
        assert.equal((await admin.post(`${path}/close`, { reason: '没有招满' }, { version: 2 })).status, 409);
        assert.ok(!(await admin.get('classes')).json?.items?.some(({ id }) => id === world.units.spare.id));
        refused(await admin.post('positions', { account_id: world.accounts.subject, role: 'teacher', unit_id: world.units.spare.id }), 422, 'unit_id', 'admin.unit_closed');
        assert.equal((await admin.post(`${path}/reopen`, {}, { version: 2 })).status, 200);
    });

    test('children keep a class, a school and a township open', async () => {
        for (const key of ['class1', 'school', 'township']) {
            const { version: seen } = await unit(key);
            refused(await chief.post(`org-units/${world.units[key].id}/close`, { reason: '撤并' }, { version: seen }), 409, 'closed_on', 'admin.has_children');
        }
        refused(await chief.post(`org-units/${world.units.county.id}/close`, { reason: '撤并' }, { version: 1 }), 422, 'closed_on', 'admin.close_root');
    });

    test('what lies under a unit closes with it and opens after it', async () => {
        await chief.post('org-units/classes', { school_id: world.units.newSchool.id, grades: [{ stage: 'primary', entry_year: 2026, count: 1 }] });
        assert.equal((await chief.post(`org-units/${world.units.newTownship.id}/close`, { reason: '撤乡' }, { version: 1 })).status, 200);
        const { json } = await chief.get(`org-units/${world.units.newSchool.id}/overview`);
        assert.equal(json.closed_on, '2026-09-21');
        refused(await chief.post(`org-units/${world.units.newSchool.id}/reopen`, {}, { version: json.version }), 409, 'parent_id', 'admin.parent_closed');
    });
});

describe('positions', () => {
    test('who holds what at a unit and under it', async () => {
        const at = (await admin.get(`positions?unit_id=${world.units.class2.id}`)).json.items.filter(({ role }) => role === 'teacher');
        assert.deepEqual(at.map(({ account_name: name, starts_on: from, ends_on: to, state }) => [name, from, to, state]), [['冯兰', '2026-08-20', null, 'now']]);
        const below = (await admin.get(`positions?unit_id=${world.units.school.id}&below=true`)).json.items;
        assert.ok(below.some(({ account_name: name }) => name === '刘建国') && below.some(({ account_name: name }) => name === '冯兰'));
        assert.equal((await admin.get(`positions?unit_id=${world.units.school2.id}`)).status, 404);
        refused(await admin.get('positions'), 422, 'unit_id', 'required');
        assert.equal((await (await as('teacher')).get(`positions?unit_id=${world.units.class1.id}`)).status, 403);
    });

    test('takes effect within two seconds, and ends so', async () => {
        const made = await newTeacher();
        await server.sql('UPDATE account SET must_change = 0 WHERE id = ?', [made.id]);
        const client = await server.client(made.login, { password: made.password });
        const children = async () => (await client.get('students')).json.items?.length;
        assert.equal(await children(), 3);
        const key = randomUUID();
        const body = { account_id: made.id, role: 'subject', unit_id: world.units.class2.id };
        const answer = await admin.post('positions', body, { key });
        assert.equal(answer.status, 201, answer.text);
        assert.equal((await admin.post('positions', body, { key })).json.id, answer.json.id);
        await within(2, async () => await children() === 5);
        refused(await admin.post('positions', body), 409, 'role', 'admin.has_position');
        assert.equal((await admin.post(`positions/${answer.json.id}/end`, {}, { version: 1 })).status, 200);
        await within(2, async () => await children() === 3);
        assert.equal((await admin.post(`positions/${answer.json.id}/end`, {}, { version: 2 })).status, 409);
    });

    test('a second class teacher is warned of', async () => {
        const made = await newTeacher();
        const { status, json } = await admin.post('positions', { account_id: made.id, role: 'teacher', unit_id: world.units.class1.id, ends_on: '2026-09-30' });
        assert.equal(status, 201);
        assert.match(json.warnings[0].message, /王晓梅/);
        assert.equal((await admin.post(`positions/${json.id}/end`, { ends_on: '2026-09-25' }, { version: 1 })).json.ends_on, '2026-09-25');
    });

    test('handed over: one ends, the next begins, in one transaction', async () => {
        const made = await newTeacher();
        const old = await positionOf('teacherB', 'teacher');
        const key = randomUUID();
        const answer = await admin.post(`positions/${old}/hand-over`, { account_id: made.id }, { version: 1, key });
        assert.equal(answer.status, 201, answer.text);
        assert.deepEqual(answer.json.warnings, []);
        assert.equal((await admin.post(`positions/${old}/hand-over`, { account_id: made.id }, { version: 1, key })).json.id, answer.json.id);
        const rows = await server.sql("SELECT account_id, DATE_FORMAT(starts_on, '%Y-%m-%d') s, DATE_FORMAT(ends_on, '%Y-%m-%d') e FROM `position` WHERE unit_id = ? AND role = 'teacher' ORDER BY id", [world.units.class2.id]);
        assert.deepEqual(rows.map((r) => [String(r.account_id), r.s, r.e]), [[world.accounts.teacherB, '2026-08-20', '2026-09-20'], [made.id, '2026-09-21', null]]);
        assert.equal((await admin.post(`positions/${old}/hand-over`, { account_id: made.id }, { version: 2 })).status, 409);
        const back = await admin.post(`positions/${answer.json.id}/hand-over`, { account_id: world.accounts.teacherB, starts_on: '2026-10-08' }, { version: 1 });
        assert.equal(back.json.state, 'coming');
    });

    test('who, where and when must fit', async () => {
        const body = { account_id: world.accounts.subject, role: 'teacher', unit_id: world.units.class2.id };
        refused(await admin.post('positions', { ...body, account_id: world.accounts.teacher2 }), 422, 'account_id', 'admin.nobody');
        refused(await admin.post('positions', { ...body, account_id: undefined }), 422, 'who', 'required');
        refused(await admin.post('positions', { ...body, account_id: undefined, who: '没有这个人' }), 422, 'who', 'admin.nobody');
        refused(await admin.post('positions', { ...body, unit_id: world.units.class3.id }), 422, 'unit_id', 'admin.unit_not_found');
        refused(await admin.post('positions', { ...body, unit_id: world.units.school.id }), 422, 'role', 'admin.role_level');
        refused(await admin.post('positions', { ...body, starts_on: '2026-10-01', ends_on: '2026-09-30' }), 422, 'ends_on', 'admin.backwards');
        refused(await admin.post('positions', { ...body, role: 'guardian' }), 422, 'role', 'admin.role_unknown');
        assert.equal((await (await as('principal')).post('positions', body)).status, 403);
    });

    test('ending: version, scope, days', async () => {
        const id = await positionOf('psych', 'psych');
        assert.equal((await admin.post(`positions/${id}/end`, {})).status, 428);
        assert.equal((await admin.post(`positions/${id}/end`, {}, { version: 7 })).status, 412);
        assert.equal((await other.post(`positions/${id}/end`, {}, { version: 1 })).status, 404);
        assert.equal((await (await as('principal')).post(`positions/${id}/end`, {}, { version: 1 })).status, 403);
        refused(await admin.post(`positions/${id}/end`, { ends_on: '2026-09-01' }, { version: 1 }), 422, 'ends_on', 'admin.ended_past');
        refused(await admin.post(`positions/${id}/end`, { ends_on: '2026-08-01' }, { version: 1 }), 422, 'ends_on', 'admin.before_start');
        refused(await admin.post(`positions/${id}/end`, { ends_on: 'x' }, { version: 1 }), 422, 'ends_on', 'not_date');
    });

    test('handing over: version, scope, who and when', async () => {
        const id = await positionOf('psych', 'psych');
        const to = { account_id: world.accounts.subject };
        assert.equal((await admin.post(`positions/${id}/hand-over`, to)).status, 428);
        assert.equal((await admin.post(`positions/${id}/hand-over`, to, { version: 7 })).status, 412);
        assert.equal((await other.post(`positions/${id}/hand-over`, to, { version: 1 })).status, 404);
        assert.equal((await (await as('principal')).post(`positions/${id}/hand-over`, to, { version: 1 })).status, 403);
        refused(await admin.post(`positions/${id}/hand-over`, { account_id: world.accounts.psych }, { version: 1 }), 422, 'account_id', 'admin.same_holder');
        refused(await admin.post(`positions/${id}/hand-over`, { ...to, starts_on: '2026-09-20' }, { version: 1 }), 422, 'starts_on', 'admin.hand_over_past');
        refused(await admin.post(`positions/${id}/hand-over`, { account_id: world.accounts.admin1 }, { version: 1 }), 403, 'account_id', 'admin.self');
    });

    test('a disabled account is not appointed', async () => {
        const made = await newTeacher();
        await admin.post(`accounts/${made.id}/disable`, {}, { version: 1 });
        refused(await admin.post('positions', { account_id: made.id, role: 'subject', unit_id: world.units.class2.id }), 422, 'account_id', 'admin.disabled');
    });
});

describe('roles', () => {
    const cell = async (role, capability) => (await chief.get('roles')).json.capabilities.find((one_) => one_.capability === capability).roles[role];

    test('the matrix, with words', async () => {
        const { json } = await chief.get('roles');
        assert.equal(json.changeable, true);
        assert.ok(json.roles.some(({ role, label, holders, own }) => role === 'admin' && label === '系统管理员' && holders === 3 && own));
        assert.ok(json.capabilities.every(({ capability, label }) => label && !label.startsWith('capability.') && capability));
        assert.equal((await admin.get('roles')).json.changeable, false);
        assert.equal((await (await as('teacher')).get('roles')).status, 403);
    });

    test('withdrawn: gone within two seconds, and stays so over migrate', async () => {
        const vice = await as('vice');
        assert.equal((await vice.get('accounts')).status, 200);
        const key = randomUUID();
        const body = { role: 'vice', capability: 'account.read', granted: false };
        const answer = await chief.post('roles/set', body, { version: 1, key });
        assert.deepEqual([answer.status, answer.json.version], [200, 2], answer.text);
        assert.equal((await chief.post('roles/set', body, { version: 1, key })).json.version, 2);
        await within(2, async () => (await vice.get('accounts')).status === 403);
        server.control('migrate');
        assert.deepEqual(await cell('vice', 'account.read'), { granted: false, version: 2 });
        assert.equal((await chief.post('roles/set', body, { version: 2 })).status, 409);
        assert.equal((await chief.post('roles/set', { ...body, granted: true }, { version: 1 })).status, 412);
        assert.equal((await chief.post('roles/set', { ...body, granted: true }, { version: 2 })).status, 200);
        await within(2, async () => (await vice.get('accounts')).status === 200);
    });

    test('what a role never had is granted with version 0', async () => {
        assert.equal(await cell('psych', 'leave.read'), undefined);
        const body = { role: 'psych', capability: 'leave.read', granted: true };
        assert.equal((await chief.post('roles/set', body)).status, 428);
        assert.equal((await chief.post('roles/set', body, { version: 0 })).status, 200);
        assert.deepEqual(await cell('psych', 'leave.read'), { granted: true, version: 1 });
    });

    for (const [what, body, status, field, code] of [
        ['locking oneself out', { role: 'admin', capability: 'role.manage', granted: false }, 409, 'capability', 'admin.lock_out'],
        ['promoting oneself', { role: 'admin', capability: 'leave.principal', granted: true }, 403, 'role', 'admin.self_promotion'],
        ['guardians who administrate', { role: 'guardian', capability: 'account.manage', granted: true }, 403, 'capability', 'admin.not_guardian'],
        ['a role nobody knows', { role: 'wizard', capability: 'leave.read', granted: true }, 422, 'role', 'admin.role_unknown'],
        ['a capability nobody knows', { role: 'vice', capability: 'no.such', granted: true }, 422, 'capability', 'admin.capability_unknown'],
    ]) {
        test(`${what}: ${code}`, async () => {
            refused(await chief.post('roles/set', body, { version: body.role === 'admin' && !body.granted ? 1 : 0 }), status, field, code);
        });
    }

    test('the county does it, no school', async () => {
        for (const login of ['principal', 'teacher', 'guardian']) {
            assert.equal((await (await as(login)).post('roles/set', { role: 'vice', capability: 'leave.read', granted: false }, { version: 1 })).status, 403, login);
        }
        refused(await chief.post('roles/set', { role: 'vice', capability: 'leave.read' }, { version: 1 }), 422, 'granted', 'required');
    });
});

describe('rules', () => {
    const rule = async (key, unit = world.units.class1.id) => (await admin.get(`rules?unit_id=${unit}`)).json.items.find((one_) => one_.key === key);
    const set = (client, change, options) => client.post('rules/set', { key: 'leave.teacher_days', unit_id: world.units.school.id, value: '2', reason: '学校离村子远', ...change }, options);

    test('set for a school: what holds, whose it is, since when and why', async () => {
        const before = await rule('leave.teacher_days');
        assert.deepEqual([before.value, before.origin, before.version], [1, null, 0]);
        const key = randomUUID();
        const answer = await set(admin, {}, { version: 0, key });
        assert.equal(answer.status, 200, answer.text);
        assert.equal((await set(admin, {}, { version: 0, key })).status, 200);
        const after_ = await rule('leave.teacher_days');
        assert.equal(after_.value, 2);
        assert.deepEqual([after_.origin.unit_name, after_.origin.reason, after_.origin.by], ['松山乡中心学校', '学校离村子远', '邓管理']);
        assert.match(after_.origin.since, /^2026-09-21T/);
        assert.deepEqual([after_.label.length > 0, after_.unit_label.length > 0, after_.plugin], [true, true, 'leave']);
    });

    test('changed and taken away with the version that was seen; old values stay to be read', async () => {
        assert.equal((await set(admin, { value: '3' })).status, 428);
        assert.equal((await set(admin, { value: '3' }, { version: 0 })).status, 412);
        assert.equal((await set(admin, { value: '3', reason: '家长会定的' }, { version: 1 })).json.version, 2);
        const clear = (options) => admin.post('rules/clear', { key: 'leave.teacher_days', unit_id: world.units.school.id, reason: '照县里的' }, options);
        assert.equal((await clear({ version: 1 })).status, 412);
        assert.equal((await clear({ version: 2 })).status, 200);
        assert.equal((await clear({ version: 0 })).status, 409);
        assert.equal((await rule('leave.teacher_days')).value, 1);
        const { json } = await admin.get(`rules/history?key=leave.teacher_days&unit_id=${world.units.class1.id}`);
        assert.deepEqual(json.items.map(({ from, to, reason, by }) => [from, to, reason, by]), [
            ['3', null, '照县里的', '邓管理'], ['2', '3', '家长会定的', '邓管理'], [null, '2', '学校离村子远', '邓管理']]);
        assert.equal((await admin.get(`rules/history?key=leave.teacher_days&unit_id=${world.units.school2.id}`)).status, 404);
    });

    for (const [what, change, field, code] of [
        ['out of bounds', { value: '367' }, 'value', 'rule.out_of_bounds'], ['no number', { value: 'viele' }, 'value', 'rule.out_of_bounds'],
        ['no reason', { reason: '' }, 'reason', 'required'], ['no such rule', { key: 'no.such' }, 'key', 'rule.unknown'],
    ]) {
        test(`${what}: ${code}`, async () => refused(await set(admin, change, { version: 0 }), 422, field, code));
    }

    test('not at another school, not by others', async () => {
        refused(await set(other, {}, { version: 0 }), 422, 'unit_id', 'admin.unit_not_found');
        for (const login of ['principal', 'teacher', 'guardian']) {
            assert.equal((await set(await as(login), {}, { version: 0 })).status, 403, login);
            assert.equal((await (await as(login)).post('rules/clear', { key: 'leave.teacher_days', unit_id: world.units.school.id, reason: '照县里的' }, { version: 0 })).status, 403, login);
        }
    });

    test('a timetable that cannot be is refused', async () => {
        refused(await set(admin, { key: 'day.periods', value: '9+9' }, { version: 0 }), 422, 'value', 'rule.text');
        assert.equal((await set(admin, { key: 'day.periods', value: '4+2' }, { version: 0 })).status, 200);
    });
});

describe('a school sets itself up', () => {
    test('the list says what is done, by the data', async () => {
        const items = async (id, client = chief) => Object.fromEntries((await client.get(`setup?school_id=${id}`)).json.items.map((item) => [item.key, item]));
        const mine = await items(world.units.school.id, admin);
        assert.deepEqual(Object.keys(mine), ['unit', 'term', 'classes', 'accounts', 'positions', 'roster', 'slips']);
        assert.equal(mine.unit.done && mine.term.done && mine.classes.done && mine.roster.done, true);
        assert.equal(mine.term.starts_on, '2026-09-01');
        assert.equal(mine.positions.done, false);                     // classes were made without a teacher
        assert.ok(mine.positions.no_teacher > 0);
        const empty = await items(world.units.newSchool.id);
        assert.deepEqual([empty.accounts.done, empty.roster.done, empty.slips.done, empty.term.done], [false, false, false, true]);
        assert.equal((await admin.get(`setup?school_id=${world.units.school2.id}`)).status, 404);
        assert.equal((await (await as('principal')).get(`setup?school_id=${world.units.school.id}`)).status, 403);
    });
});

describe('installed workflows', () => {
    test('what there is, read only', async () => {
        const { json } = await chief.get('installed-plugins');
        const leave = json.items.find(({ name }) => name === 'leave');
        assert.deepEqual([leave.built_in, leave.on, leave.base, leave.records], [true, true, false, ['leave-requests']]);
        assert.ok(leave.routes > 0 && leave.jobs > 0 && leave.rules > 0 && leave.abi === json.abi);
        assert.equal((await (await as('principal')).get('installed-plugins')).status, 403);
    });
});

describe('the chain', () => {
    test('holds everything that was done and is whole', () => {
        assert.match(server.control('audit', 'verify'), /./);
    });
});
