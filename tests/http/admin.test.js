// admin.test.js mirrors lib/plugins/admin_account.c, admin_people.c and admin_bulk.c: accounts, one by one and pasted, and who may
// change which of them. For each action: allowed, forbidden, outside the scope, wrong state, stale version, invalid body, repeated
// key; and what an administrator might try in order to become more than one. Units and what holds there are admin_units.test.js.

import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import {
    admin, as, begin, chief, clients, end, newTeacher, one, other, positionOf, refused, server, version, within, world,
} from '../lib/admin.js';
import { accountPassword } from '../lib/database.js';

before(begin);
after(end);

describe('accounts: who sees which', () => {
    test('a school sees its own staff', async () => {
        const answer = await admin.get('accounts?limit=200');
        assert.equal(answer.status, 200);
        const logins = answer.json.items.map(({ login }) => login).sort();
        assert.deepEqual(logins, ['admin1', 'grade', 'office', 'principal', 'psych', 'registrar', 'subject', 'teacher', 'teacherb', 'vice']);
        assert.equal(answer.json.next, null);
    });

    test('the county sees everybody who has a position', async () => {
        const logins = (await chief.get('accounts?limit=200')).json.items.map(({ login }) => login);
        for (const login of ['admin1', 'admin2', 'county', 'principal2', 'teacher']) {
            assert.ok(logins.includes(login), login);
        }
        assert.ok(!logins.includes('guardian') && !logins.includes('nobody'));
    });

    test('pages follow each other', async () => {
        const seen = [];
        let after = '';
        for (let i = 0; i < 20; i += 1) {
            const { json } = await admin.get(`accounts?limit=3${after}`);
            seen.push(...json.items.map(({ id }) => id));
            if (json.next === null) {
                break;
            }
            after = `&after=${json.next}`;
        }
        assert.equal(seen.length, 10);
        assert.equal(new Set(seen).size, 10);
    });

    for (const [query, logins] of [
        ['q=%E7%8E%8B', ['teacher']], ['q=teach', ['teacher', 'teacherb']], ['role=teacher', ['teacher', 'teacherb']],
        ['q=%25', []], ['q=_', []],
    ]) {
        test(`?${decodeURIComponent(query)}`, async () => {
            assert.deepEqual((await admin.get(`accounts?${query}`)).json.items.map(({ login }) => login).sort(), logins);
        });
    }

    test('a unit narrows, another school shows nothing', async () => {
        const at = async (unit) => (await admin.get(`accounts?unit_id=${unit}`)).json.items.map(({ login }) => login).sort();
        assert.deepEqual(await at(world.units.class1.id), ['subject', 'teacher']);
        assert.deepEqual(await at(world.units.school2.id), []);
    });

    test('guardians apart: by name, phone or unit, only with a child here', async () => {
        assert.equal((await admin.get('accounts?kind=guardian')).json.narrow, true);
        const names = async (query) => (await admin.get(`accounts?kind=guardian&${query}`)).json.items.map(({ name }) => name).sort();
        assert.deepEqual(await names(`q=${encodeURIComponent('杨秀莲')}`), ['杨秀莲']);
        assert.deepEqual(await names(`q=${world.phones.guardianHao}`), ['李春花']);
        assert.deepEqual(await names(`q=${encodeURIComponent('吴桂英')}`), []);
        assert.deepEqual(await names(`unit_id=${world.units.class1.id}`), ['李春花', '杨秀莲', '罗国平']);
        const { json } = await admin.get(`accounts?kind=guardian&unit_id=${world.units.class1.id}`);
        const hao = json.items.find(({ name }) => name === '李春花');
        assert.deepEqual(hao.children, [{ name: '李浩', class_name: '三年级1班' }]);
        assert.match(hao.phone, /^139\*{4}0003$/);
    });

    test('one account with positions, last sign-in and what may be done', async () => {
        const { json } = await admin.get(`accounts/${world.accounts.teacher}`);
        assert.equal(json.manageable, true);
        assert.equal(json.why, null);
        assert.deepEqual(json.positions.map(({ role, unit_name: unit, state }) => [role, unit, state]), [['teacher', '三年级1班', 'now']]);
        assert.equal(json.signed_in_at, null);
        await as('teacher');
        assert.match((await admin.get(`accounts/${world.accounts.teacher}`)).json.signed_in_at, /^2026-09-21T07:5/);
    });

    test('outside the scope there is none', async () => {
        for (const login of ['teacher2', 'county', 'guardian2', 'nobody']) {
            assert.equal((await admin.get(`accounts/${world.accounts[login]}`)).status, 404, login);
        }
        assert.equal((await chief.get(`accounts/${world.accounts.nobody}`)).status, 200);
    });

    for (const login of ['teacher', 'office', 'registrar', 'grade', 'subject', 'guardian', 'nobody']) {
        test(`${login} lists none`, async () => {
            assert.equal((await (await as(login)).get('accounts')).status, 403);
        });
    }

    test('a principal reads, and changes nothing', async () => {
        const principal = await as('principal');
        const { json } = await principal.get(`accounts/${world.accounts.teacher}`);
        assert.equal(json.manageable, false);
        assert.ok(json.why);
        assert.equal((await principal.post(`accounts/${world.accounts.teacher}/disable`, {}, { version: json.version })).status, 403);
    });
});

describe('accounts: made', () => {
    test('with a password that is told once and must be changed', async () => {
        const made = await newTeacher(admin, { name: '新来的', login: 'Xin.Lai', phone: '138 0000 1111' });
        assert.equal(made.login, 'xin.lai');
        assert.equal(made.phone, '138****1111');
        assert.match(made.password, /^[2-9A-Z]{10}$/);

        const client = await server.client('xin.lai', { password: made.password });
        assert.equal(client.session.account.must_change_password, true);
        assert.equal((await client.get('students')).json.code, 'must_change_password');
        assert.equal((await client.post('password', { current: made.password, new: 'xian-zai-hao-le-2026' })).status, 200);
        assert.deepEqual((await client.get('students')).json.items.map(({ name }) => name), ['罗思雨', '李浩', '韦敏']);
        assert.equal((await server.client('13800001111', { password: 'xian-zai-hao-le-2026' })).session.account.login, 'xin.lai');
    });

    test('the same key makes one account and does not tell the password again', async () => {
        const body = { name: '只有一个', login: 'onlyone', role: 'subject', unit_id: world.units.class1.id };
        const key = randomUUID();
        const [first, again] = [await admin.post('accounts', body, { key }), await admin.post('accounts', body, { key })];
        assert.ok(first.json.password);
        assert.deepEqual([again.status, again.json.id, again.json.password], [201, first.json.id, null]);
        assert.equal(await one("SELECT COUNT(*) FROM account WHERE login = 'onlyone'"), '1');
        const stored = await server.sql('SELECT body FROM idempotency_key WHERE idem_key = ?', [key]);
        assert.ok(!String(stored[0].body).includes(first.json.password));
        assert.equal((await admin.post('accounts', { ...body, name: '另一个' }, { key })).json.code, 'key_reused');
    });

    test('the chain has who and what, and no password', async () => {
        const made = await newTeacher();
        const [row] = await server.sql("SELECT payload FROM audit_event WHERE record = 'accounts' AND record_id = ?", [made.id]);
        assert.match(row.payload, /"action":"create"/);
        assert.ok(!row.payload.includes(made.password));
    });

    const good = () => ({ name: '某某', login: `m${randomUUID().slice(0, 8)}`, role: 'subject', unit_id: world.units.class1.id });

    for (const [what, change, status, field, code] of [
        ['no name', { name: ' ' }, 422, 'name', 'required'],
        ['no role', { role: undefined }, 422, 'role', 'required'],
        ['a role nobody knows', { role: 'wizard' }, 422, 'role', 'admin.role_unknown'],
        ['a guardian', { role: 'guardian' }, 422, 'role', 'admin.role_unknown'],
        ['a login that is a number', { login: '13800000000' }, 422, 'login', 'pattern'],
        ['neither login nor phone', { login: undefined }, 422, 'login', 'admin.login_or_phone'],
        ['a phone that is none', { phone: '12ab5' }, 422, 'phone', 'admin.phone_form'],
        ['a login that is taken', { login: 'TEACHER' }, 409, 'login', 'admin.login_taken'],
        ['a day that is none', { starts_on: '2026-13-01' }, 422, 'starts_on', 'not_date'],
        ['a field nobody knows', { password: 'x' }, 422, 'password', 'unknown_field'],
    ]) {
        test(`${what}: ${code}`, async () => {
            refused(await admin.post('accounts', { ...good(), ...change }), status, field, code);
        });
    }

    test('a phone that somebody has: appoint that account', async () => {
        refused(await admin.post('accounts', { ...good(), phone: world.phones.guardian }), 409, 'phone', 'admin.phone_taken');
    });

    test('at another school: not found', async () => {
        refused(await admin.post('accounts', { ...good(), unit_id: world.units.class3.id }), 422, 'unit_id', 'admin.unit_not_found');
        refused(await admin.post('accounts', { ...good(), role: 'admin', unit_id: world.units.county.id }), 422, 'unit_id', 'admin.unit_not_found');
    });

    test('roles have their level', async () => {
        refused(await admin.post('accounts', { ...good(), role: 'teacher', unit_id: world.units.school.id }), 422, 'role', 'admin.role_level');
        refused(await admin.post('accounts', { ...good(), role: 'principal' }), 422, 'role', 'admin.role_level');
        refused(await admin.post('accounts', { ...good(), role: 'county', unit_id: world.units.school.id }), 422, 'role', 'admin.role_level');
    });

    for (const login of ['principal', 'office', 'teacher', 'guardian']) {
        test(`${login} makes none`, async () => {
            assert.equal((await (await as(login)).post('accounts', good())).status, 403);
        });
    }
});

describe('accounts: changed', () => {
    test('renamed; the login goes, the phone stays', async () => {
        const made = await newTeacher(admin, { phone: '13800002222' });
        const answer = await admin.patch(`accounts/${made.id}`, { name: '改过名', login: '', password: accountPassword }, { version: 1 });
        assert.deepEqual([answer.status, answer.json.version], [200, 2]);
        const { json } = await admin.get(`accounts/${made.id}`);
        assert.deepEqual([json.name, json.login, json.phone], ['改过名', null, '138****2222']);
        refused(await admin.patch(`accounts/${made.id}`, { name: '改过名', phone: '' }, { version: 2 }), 422, 'login', 'admin.login_or_phone');
        refused(await admin.patch(`accounts/${made.id}`, { name: '改过名', login: 'teacher' }, { version: 2 }), 409, 'login', 'admin.login_taken');
        assert.equal((await admin.patch(`accounts/${made.id}`, { name: '再改' }, { version: 1 })).status, 412);
        assert.equal((await admin.patch(`accounts/${made.id}`, { name: '再改' })).status, 428);
    });

    test('a login or phone only with the own password; a name without', async () => {
        const made = await newTeacher(admin, { phone: '13800002233' });
        const change = (body, seen = 1, options = {}) => admin.patch(`accounts/${made.id}`, { name: '石文', ...body }, { version: seen, ...options });
        await server.sql('DELETE FROM throttle');
        for (const body of [{ login: 'shi.wen' }, { phone: '13800002234' }, { login: '' }, { phone: '' }]) {
            refused(await change(body), 422, 'password', 'required');
        }
        for (let i = 0; i < 5; i += 1) {
            refused(await change({ phone: '13800002234', password: 'guess' }), 422, 'password', 'password.own');
        }
        assert.equal((await change({ phone: '13800002234', password: accountPassword })).status, 429);
        const named = await change({ name: '石小文', login: made.login });
        assert.equal(named.status, 200, named.text);
        const [guess] = await server.sql("SELECT COUNT(*) AS n FROM audit_event WHERE action = 'password_failed' AND account_id = ?", [world.accounts.admin1]);
        assert.equal(Number(guess.n), 5);
        await server.sql('DELETE FROM throttle');
        const key = randomUUID();
        for (let i = 0; i < 2; i += 1) {
            assert.equal((await change({ phone: '13800002234', password: accountPassword }, 2, { key })).status, 200);
        }
        const { json } = await admin.get(`accounts/${made.id}`);
        assert.deepEqual([json.name, json.login, json.phone, json.version], ['石文', made.login, '138****2234', 3]);
        assert.equal((await server.client('13800002234', { password: made.password })).session.account.id, made.id);
    });

    test('no password can be guessed from the hash of a request', async () => {
        const made = await newTeacher(admin);
        const body = { name: '石文', login: `${made.login}.x`, password: accountPassword };
        const key = randomUUID();
        assert.equal((await admin.patch(`accounts/${made.id}`, body, { version: 1, key })).status, 200);
        const [{ hash }] = await server.sql('SELECT HEX(request_hash) AS hash FROM idempotency_key WHERE idem_key = ?', [key]);
        const plain = createHash('sha256').update(`PATCH\n/api/v1/accounts/${made.id}?\n${JSON.stringify(body)}`).digest('hex').toUpperCase();
        assert.notEqual(hash, plain);
    });

    test('a new password ends every session and is told once', async () => {
        const made = await newTeacher();
        const client = await server.client(made.login, { password: made.password });
        const key = randomUUID();
        const answer = await admin.post(`accounts/${made.id}/reset-password`, {}, { version: 1, key });
        assert.equal(answer.status, 200);
        assert.notEqual(answer.json.password, made.password);
        assert.equal((await admin.post(`accounts/${made.id}/reset-password`, {}, { version: 1, key })).json.password, null);
        await within(2, async () => (await client.get('session')).status === 401);
        await assert.rejects(server.client(made.login, { password: made.password }));
        assert.equal((await server.client(made.login, { password: answer.json.password })).session.account.must_change_password, true);
        assert.equal((await admin.post(`accounts/${made.id}/reset-password`, {}, { version: 1 })).status, 412);
    });

    test('disabled at once, and enabled again', async () => {
        const made = await newTeacher();
        const client = await server.client(made.login, { password: made.password });
        assert.equal((await admin.post(`accounts/${made.id}/enable`, {}, { version: 1 })).status, 409);
        assert.equal((await admin.post(`accounts/${made.id}/disable`, { reason: '离职' }, { version: 1 })).status, 200);
        await within(2, async () => (await client.get('session')).status === 401);
        await assert.rejects(server.client(made.login, { password: made.password }));
        assert.deepEqual((await admin.get('accounts?state=disabled')).json.items.map(({ id }) => id), [made.id]);
        assert.equal((await admin.post(`accounts/${made.id}/disable`, {}, { version: 2 })).status, 409);
        assert.equal((await admin.post(`accounts/${made.id}/enable`, {}, { version: 1 })).status, 412);
        assert.equal((await admin.post(`accounts/${made.id}/enable`, {}, { version: 2 })).status, 200);
        await server.client(made.login, { password: made.password });
    });

    test('signed out everywhere', async () => {
        const made = await newTeacher();
        const client = await server.client(made.login, { password: made.password });
        assert.equal((await admin.post(`accounts/${made.id}/sign-out`, {}, { version: 1 })).status, 200);
        await within(2, async () => (await client.get('session')).status === 401);
        await server.client(made.login, { password: made.password });
    });

    test('a guardian of this school gets a password, and no other name', async () => {
        const id = world.accounts.guardianHao;
        const before = await version(id);
        refused(await admin.patch(`accounts/${id}`, { name: '别的名字' }, { version: before }), 422, 'name', 'admin.guardian_roster');
        const answer = await admin.post(`accounts/${id}/reset-password`, {}, { version: before });
        assert.equal((await server.client(world.phones.guardianHao, { password: answer.json.password })).session.has_children, true);
        assert.equal((await other.post(`accounts/${id}/reset-password`, {}, { version: before + 1 })).status, 404);
    });

    for (const action of ['reset-password', 'disable', 'enable', 'sign-out']) {
        test(`${action}: not of another school, not by others`, async () => {
            assert.equal((await admin.post(`accounts/${world.accounts.teacher2}/${action}`, {}, { version: 1 })).status, 404);
            for (const login of ['principal', 'office', 'teacher', 'guardian']) {
                assert.equal((await (await as(login)).post(`accounts/${world.accounts.subject}/${action}`, {}, { version: 1 })).status, 403, login);
            }
            assert.equal((await admin.post(`accounts/${world.accounts.subject}/${action}`, {})).status, 428);
            refused(await admin.post(`accounts/${world.accounts.subject}/${action}`, { why: 1 }, { version: 1 }), 422, 'why', 'unknown_field');
        });
    }
});

describe('becoming more than an administrator', () => {
    test('nobody changes the own account or position', async () => {
        const mine = await version(world.accounts.admin1);
        for (const action of ['reset-password', 'disable', 'sign-out']) {
            refused(await admin.post(`accounts/${world.accounts.admin1}/${action}`, {}, { version: mine }), 403, 'account_id', 'admin.self');
        }
        refused(await admin.patch(`accounts/${world.accounts.admin1}`, { name: '我' }, { version: mine }), 403, 'account_id', 'admin.self');
        refused(await admin.post('positions', { account_id: world.accounts.admin1, role: 'principal', unit_id: world.units.school.id }), 403, 'account_id', 'admin.self');
        refused(await admin.post('positions', { who: 'admin1', role: 'principal', unit_id: world.units.school.id }), 403, 'who', 'admin.self');
        refused(await admin.post(`positions/${await positionOf('admin1', 'admin')}/end`, {}, { version: 1 }), 403, 'account_id', 'admin.self');
    });

    test('a person who works elsewhere too is not managed here', async () => {
        const made = await newTeacher();
        assert.equal((await other.post('positions', { who: made.login, role: 'subject', unit_id: world.units.class3.id })).status, 201);
        refused(await admin.post(`accounts/${made.id}/reset-password`, {}, { version: 1 }), 403, 'account_id', 'admin.elsewhere');
        refused(await other.post(`accounts/${made.id}/disable`, {}, { version: 1 }), 403, 'account_id', 'admin.elsewhere');
        assert.equal((await chief.post(`accounts/${made.id}/disable`, {}, { version: 1 })).status, 200);
    });

    test('appointing a guardian of another school does not open their account', async () => {
        assert.equal((await admin.post('positions', { who: world.phones.guardian2, role: 'subject', unit_id: world.units.class1.id })).status, 201);
        refused(await admin.post(`accounts/${world.accounts.guardian2}/reset-password`, {}, { version: await version(world.accounts.guardian2) }),
            403, 'account_id', 'admin.child_elsewhere');
        const { json } = await admin.get(`accounts/${world.accounts.guardian2}`);
        assert.deepEqual(json.children, []);
    });

    test('a role that was given more than the giver has cannot be given, nor its holders managed', async () => {
        const { version: seen } = (await chief.get('roles')).json.capabilities.find(({ capability }) => capability === 'role.manage').roles.office ?? { version: 0 };
        await server.sql("DELETE FROM role_capability WHERE role = 'admin' AND capability = 'plugin.read'");
        await server.sql("INSERT INTO role_capability (role, capability, granted) VALUES ('office', 'plugin.read', 1)");
        assert.equal(seen, 0);
        clients.weak = await server.client('admin1');
        refused(await clients.weak.post('accounts', { name: '越权', login: 'yuequan', role: 'office', unit_id: world.units.school.id }), 403, 'role', 'admin.role_exceeds');
        refused(await clients.weak.post(`accounts/${world.accounts.office}/reset-password`, {}, { version: 1 }), 403, 'account_id', 'admin.above');
        refused(await clients.weak.post(`positions/${await positionOf('office', 'office')}/end`, {}, { version: 1 }), 403, 'role', 'admin.role_exceeds');
        await server.sql("DELETE FROM role_capability WHERE role = 'office' AND capability = 'plugin.read'");
        await server.sql("INSERT INTO role_capability (role, capability, granted) VALUES ('admin', 'plugin.read', 1)");
    });

    test('a school changes no role and no sign-in rule', async () => {
        refused(await admin.post('roles/set', { role: 'admin', capability: 'student.reveal', granted: true }, { version: 0 }), 403, 'role', 'admin.roles_root');
        refused(await admin.post('rules/set', { key: 'signin.max_failures', unit_id: world.units.school.id, value: '20', reason: '试试看' }, { version: 0 }), 422, 'unit_id', 'admin.rule_root');
        refused(await admin.post('rules/set', { key: 'leave.teacher_days', unit_id: world.units.county.id, value: '20', reason: '试试看' }, { version: 0 }), 422, 'unit_id', 'admin.unit_not_found');
    });
});

describe('a pasted table', () => {
    const table = [
        '姓名\t登录名\t手机号\t职务\t班级',
        '石文\tshiwen\t13700000001\t班主任\t三年级1班',
        '潘月\t\t13700000002\t科任教师\t2024级2班',
        '韦主任\tweizhuren\t\t教导处\t',
        '罗组长\tluozuzhang\t\t年级组长\t三年级',
    ];

    test('the preview says what each row makes', async () => {
        const { status, json } = await admin.post('accounts/preview', { school_id: world.units.school.id, text: table.join('\n') });
        assert.equal(status, 200);
        assert.deepEqual([json.good, json.bad], [4, 0], JSON.stringify(json.rows));
        assert.deepEqual(json.rows.map(({ row, role_label: role, unit_name: unit }) => [row, role, unit]), [
            [2, '班主任', '三年级1班'], [3, '科任教师', '三年级2班'], [4, '教导处', '松山乡中心学校'], [5, '年级组长', '三年级']]);
        assert.equal(await one("SELECT COUNT(*) FROM account WHERE login = 'shiwen'"), '0');
    });

    test('every fault is named in its row, and nothing is made', async () => {
        const text = ['王甲,wangjia,,班主任,三年级9班', '王乙,wangjia,,科任教师,三年级1班', '王丙,teacher,,科任教师,三年级1班', ',wangding,,科任教师,三年级1班',
            '王戊,wangwu,123,校长,', '王己,wangji,,魔法师,', '王庚,,,校长,', '王辛,wangxin,13985550001,校长,三年级1班', '王壬，wangren，，校长，'].join('\n');
        const body = { school_id: world.units.school.id, text };
        const { json } = await admin.post('accounts/preview', body);
        assert.deepEqual(json.rows.map(({ errors }) => errors.map((e) => `${e.field} ${e.code}`)), [
            ['class admin.no_class'], ['login admin.same_row'], ['login admin.login_taken'], ['name required'], ['phone admin.phone_form'],
            ['role admin.role_unknown'], ['login admin.login_or_phone'], ['role admin.role_level', 'phone admin.phone_taken'], []]);
        const answer = await admin.post('accounts/bulk-create', body);
        refused(answer, 422, 'text', 'admin.rows_bad');
        assert.equal(answer.json.rows.length, 9);
        assert.equal(await one("SELECT COUNT(*) FROM account WHERE login = 'wangren'"), '0');

        const good = await admin.post('accounts/bulk-create', { ...body, only_good: true });
        assert.equal(good.status, 201);
        assert.deepEqual(good.json.created.map(({ login }) => login), ['wangren']);
    });

    test('forty at once; each signs in; the same key tells no password', async () => {
        const text = Array.from({ length: 40 }, (_, i) => `教师${i}\tstaff${i}\t1390000${String(i).padStart(4, '0')}\t科任教师\t三年级${1 + (i % 2)}班`).join('\n');
        const body = { school_id: world.units.school.id, text };
        const key = randomUUID();
        const answer = await admin.post('accounts/bulk-create', body, { key });
        assert.equal(answer.status, 201, answer.text);
        assert.equal(answer.json.created.length, 40);
        assert.equal(new Set(answer.json.created.map(({ password }) => password)).size, 40);
        const { login, password } = answer.json.created[39];
        assert.equal((await server.client(login, { password })).session.positions[0].unit_name, '三年级2班');
        const again = await admin.post('accounts/bulk-create', body, { key });
        assert.equal(again.status, 201);
        assert.ok(again.json.created.every((row) => row.password === null));
        assert.equal(await one("SELECT COUNT(*) FROM account WHERE login LIKE 'staff%'"), '40');
    });

    test('headings in another order, English words, folded letters', async () => {
        const text = 'Role,Class,Name,Login\nSubject teacher,三年级1班,Anna,ANNA';
        const { json } = await admin.post('accounts/preview', { school_id: world.units.school.id, text });
        assert.deepEqual(json.rows.map(({ name, role_label: role, errors }) => [name, role, errors]), [['Anna', '科任教师', []]]);
    });

    for (const path of ['preview', 'bulk-create']) {
        test(`${path}: not of another school, not by others, not nothing, not too much`, async () => {
            const text = table.join('\n');
            refused(await admin.post(`accounts/${path}`, { school_id: world.units.school2.id, text }), 422, 'school_id', 'admin.unit_not_found');
            refused(await chief.post(`accounts/${path}`, { school_id: world.units.county.id, text }), 422, 'school_id', 'admin.not_school');
            refused(await admin.post(`accounts/${path}`, { school_id: world.units.school.id, text: table[0] }), 422, 'text', 'admin.no_rows');
            refused(await admin.post(`accounts/${path}`, { school_id: world.units.school.id, text: 'a,b\n'.repeat(101) }), 422, 'text', 'admin.too_many_rows');
            for (const login of ['principal', 'office', 'teacher', 'guardian']) {
                assert.equal((await (await as(login)).post(`accounts/${path}`, { school_id: world.units.school.id, text })).status, 403, login);
            }
        });
    }
});

describe('the chain', () => {
    test('holds everything that was done and is whole', () => {
        assert.match(server.control('audit', 'verify'), /./);
    });

    test('nobody else has become what they were not', async () => {
        assert.equal((await server.client('teacher', { password: accountPassword })).session.capabilities.includes('account.manage'), false);
    });
});
