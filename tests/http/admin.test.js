// admin.test.js mirrors lib/plugins/admin*.c: accounts, units, positions, roles and rules, and who may change which of them.
// For each action: allowed, forbidden, outside the scope, wrong state, stale version, invalid body, repeated key; and what an
// administrator might try in order to become more than one.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { accountPassword } from '../lib/database.js';
import { start } from '../lib/server.js';
import { buildWorld, libraryValues } from '../lib/world.js';

let server, world, admin, chief, other;
const clients = {};

before(async () => {
    server = await start({ clock: '2026-09-21T07:50:00+08:00' });
    world = await buildWorld(server);
    await appointed('admin1', '邓管理', 'admin', world.units.school.id);
    await appointed('admin2', '龙管理', 'admin', world.units.school2.id);
    await appointed('chief', '县管理', 'admin', world.units.county.id);
    admin = await as('admin1');
    other = await as('admin2');
    chief = await as('chief');
});
after(() => server?.stop());

async function as(login) {
    clients[login] ??= await server.client(login);
    return clients[login];
}

/** An account with a position, written past the API. */
async function appointed(login, name, role, unit) {
    const [id, position] = libraryValues(server, [{ op: 'id' }, { op: 'id' }]);

    await server.sql('INSERT INTO account (id, name, login, password, created_at) SELECT ?, ?, ?, password, created_at FROM account WHERE id = ?',
        [id, name, login, world.accounts.teacher]);
    await server.sql("INSERT INTO `position` (id, account_id, role, unit_id, starts_on, created_at) VALUES (?, ?, ?, ?, '2026-09-01', '2026-08-20 08:00:00')",
        [position, id, role, unit]);
    world.accounts[login] = id;
    return position;
}

const one = async (sql, args) => Object.values((await server.sql(sql, args))[0])[0];
const version = async (account) => Number(await one('SELECT version FROM account WHERE id = ?', [account]));
const positionOf = (login, role) => one('SELECT id FROM `position` WHERE account_id = ? AND role = ? ORDER BY id DESC LIMIT 1', [world.accounts[login], role]);

function refused(answer, status, field, code) {
    assert.equal(answer.status, status, answer.text);
    assert.deepEqual(answer.json.errors.map((e) => [e.field, e.code]), [[field, code]], answer.text);
    assert.ok(!/[{}]|^error\./.test(answer.json.errors[0].message), answer.json.errors[0].message);
}

/** Another person's session ends, or changes, within two seconds. */
async function within(seconds, what) {
    const until = Date.now() + seconds * 1000;

    for (;;) {
        if (await what()) {
            return;
        }
        assert.ok(Date.now() < until, 'it took too long');
        await new Promise((resolve) => { setTimeout(resolve, 100); });
    }
}

let serial = 0;
async function newTeacher(by = admin, more = {}) {
    serial += 1;
    const answer = await by.post('accounts', { name: `新老师${serial}`, login: `new${serial}`, role: 'subject', unit_id: world.units.class1.id, ...more });

    assert.equal(answer.status, 201, answer.text);
    world.accounts[answer.json.login] = answer.json.id;
    return answer.json;
}

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
        const answer = await admin.patch(`accounts/${made.id}`, { name: '改过名', login: '' }, { version: 1 });
        assert.deepEqual([answer.status, answer.json.version], [200, 2]);
        const { json } = await admin.get(`accounts/${made.id}`);
        assert.deepEqual([json.name, json.login, json.phone], ['改过名', null, '138****2222']);
        refused(await admin.patch(`accounts/${made.id}`, { name: '改过名', phone: '' }, { version: 2 }), 422, 'login', 'admin.login_or_phone');
        refused(await admin.patch(`accounts/${made.id}`, { name: '改过名', login: 'teacher' }, { version: 2 }), 409, 'login', 'admin.login_taken');
        assert.equal((await admin.patch(`accounts/${made.id}`, { name: '再改' }, { version: 1 })).status, 412);
        assert.equal((await admin.patch(`accounts/${made.id}`, { name: '再改' })).status, 428);
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

    test('nobody else has become what they were not', async () => {
        assert.equal((await server.client('teacher', { password: accountPassword })).session.capabilities.includes('account.manage'), false);
    });
});
