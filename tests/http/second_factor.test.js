// second_factor.test.js: one-time codes of an authenticator app: switching on and off, signing in, tries, roles that must.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { accountPassword, start } from '../lib/server.js';
import { buildWorld, libraryValues } from '../lib/world.js';

const now = '2026-09-21T07:50:00+08:00';
let server;
let world;
let clock = Date.parse(now);
let networks = 1;

before(async () => {
    server = await start({ clock: now, lifetime: '12h', server: 'set_real_ip_from 127.0.0.1; real_ip_header X-Test-Address;' });
    world = await buildWorld(server);
    await appointed('admin1', '邓管理', world.units.school.id);
    await appointed('chief', '县管理', world.units.county.id);
});
after(() => server.stop());

/** Half a minute and a little: the next code. */
async function later(seconds = 31) {
    clock += seconds * 1000;
    await server.setClock(new Date(clock).toISOString());
}

async function appointed(login, name, unit) {
    const [id, position] = libraryValues(server, [{ op: 'id' }, { op: 'id' }]);
    await server.sql('INSERT INTO account (id, name, login, password, created_at) SELECT ?, ?, ?, password, created_at FROM account WHERE id = ?',
        [id, name, login, world.accounts.teacher]);
    await server.sql("INSERT INTO `position` (id, account_id, role, unit_id, starts_on, created_at) VALUES (?, ?, 'admin', ?, '2026-09-01', '2026-08-20 08:00:00')",
        [position, id, unit]);
    world.accounts[login] = id;
}

/** A client that is nobody, from a network of its own. */
async function visitor(address) {
    const client = await server.client(null);
    const request = client.request.bind(client);
    networks += 1;
    const from = address ?? `10.${networks >> 8}.${networks & 255}.1`;
    client.request = (method, path, options = {}) => request(method, path, { ...options, headers: { 'x-test-address': from, ...options.headers } });
    return client;
}

/** What the app shows now, or `off` half-minutes from now. */
const codeOf = (secret, off = 0) => libraryValues(server, [{ op: 'totp', text: secret, at: Math.floor(clock / 1000) + 30 * off }])[0];

async function begin(login, address) {
    const client = await visitor(address);
    return { client, answer: await client.post('session', { login, password: accountPassword }) };
}

/** Signs in and switches codes on. */
async function enrol(login) {
    const { client } = await begin(login);
    const { secret, qr, uri } = (await client.post('second-factor', { password: accountPassword })).json;
    const confirmed = await client.post('second-factor/confirm', { code: codeOf(secret) });
    assert.equal(confirmed.status, 200, confirmed.text);
    await later();
    return { client, secret, qr, uri, codes: confirmed.json.recovery_codes };
}

async function clear(login) {
    await server.sql('DELETE FROM second_factor WHERE account_id = ?', [world.accounts[login]]);
    await server.sql('DELETE FROM recovery_code WHERE account_id = ?', [world.accounts[login]]);
    await server.sql('DELETE FROM throttle');
}

const events = (action, login) => server.sql('SELECT payload FROM audit_event WHERE action = ? AND record_id = ?', [action, world.accounts[login]]);

function wrong(answer, remaining) {
    assert.equal(answer.status, 422, answer.text);
    assert.equal(answer.json.errors[0].field, 'code');
    assert.equal(answer.json.errors[0].code, 'factor.wrong');
    assert.match(answer.json.detail, /^动态码不对，或者刚才用过了。/);
    if (remaining !== undefined) {
        assert.equal(answer.json.remaining, remaining);
    }
}

describe('switching on', () => {
    test('own password, a secret as text and as a picture, a first code, ten recovery codes', async () => {
        const { client } = await begin('teacher');
        assert.deepEqual((await client.get('second-factor')).json, { on: false, enrolled_at: null, recovery_left: 0, must: false });
        const refused = await client.post('second-factor', { password: 'not mine at all' });
        assert.equal(refused.status, 422);
        assert.equal(refused.json.errors[0].code, 'password.own');
        const begun = await client.post('second-factor', { password: accountPassword });
        assert.equal(begun.status, 201, begun.text);
        assert.match(begun.json.secret, /^[A-Z2-7]{32}$/);
        assert.equal(begun.json.uri, `otpauth://totp/${encodeURIComponent('保学')}:teacher?secret=${begun.json.secret}&issuer=${encodeURIComponent('保学')}`);
        assert.match(begun.json.qr.path, /^M\d+ \d+h/);
        assert.ok(begun.json.qr.size >= 25);
        assert.equal((await client.get('second-factor')).json.on, false);
        wrong(await client.post('second-factor/confirm', { code: codeOf(begun.json.secret, -9) }), 4);
        assert.equal((await begin('teacher')).answer.status, 201, 'not asked for before the first code');

        const code = codeOf(begun.json.secret);
        const confirmed = await client.post('second-factor/confirm', { code: ` ${code.slice(0, 3)} ${code.slice(3)}` });
        assert.equal(confirmed.status, 200, confirmed.text);
        assert.equal(new Set(confirmed.json.recovery_codes).size, 10);
        assert.ok(confirmed.json.recovery_codes.every((one) => /^[2-9A-Z]{5}-[2-9A-Z]{5}$/.test(one)));
        const about = (await client.get('second-factor')).json;
        assert.equal(about.on, true);
        assert.equal(about.recovery_left, 10);
        assert.equal((await client.get('session')).json.account.second_factor, true);
        assert.equal((await client.post('second-factor', { password: accountPassword })).status, 409);
        assert.equal((await events('factor_on', 'teacher')).length, 1);
        await clear('teacher');
    });

    test('the secret is sealed, recovery codes are hashes, neither lies with a stored answer', async () => {
        const { secret, codes } = await enrol('teacher');
        const dump = JSON.stringify(await server.sql('SELECT f.*, k.body FROM second_factor f LEFT JOIN idempotency_key k ON k.account_id = f.account_id WHERE f.account_id = ?', [world.accounts.teacher]),
            (key, value) => (value?.type === 'Buffer' ? Buffer.from(value.data).toString('latin1') : value));
        assert.ok(dump.includes('recovery_codes'), 'the stored answers are looked at');
        assert.ok(!dump.includes(secret) && !codes.some((one) => dump.includes(one)));
        const rows = await server.sql('SELECT HEX(code_hash) AS h FROM recovery_code WHERE account_id = ?', [world.accounts.teacher]);
        assert.equal(rows.length, 10);
        await clear('teacher');
    });

    test('the same request again tells nothing', async () => {
        const { client } = await begin('teacher');
        const key = 'twice-the-same';
        const first = await client.post('second-factor', { password: accountPassword }, { key });
        assert.ok(first.json.secret);
        const again = await client.post('second-factor', { password: accountPassword }, { key });
        assert.equal(again.status, 201);
        assert.equal(again.json.secret, null);
        await clear('teacher');
    });

    test('every other session ends', async () => {
        const other = (await begin('teacher')).client;
        assert.equal((await other.get('session')).status, 200);
        await enrol('teacher');
        assert.equal((await other.get('session')).status, 401);
        await clear('teacher');
    });
});

describe('signing in', () => {
    let secret;
    let codes;
    before(async () => { ({ secret, codes } = await enrol('office')); });

    test('the password alone is no session, and opens no route', async () => {
        const { client, answer } = await begin('office');
        assert.equal(answer.status, 200, answer.text);
        assert.deepEqual(Object.keys(answer.json), ['second_factor', 'until']);
        assert.match(answer.headers['set-cookie'][0], /HttpOnly; SameSite=Lax/);
        const described = (await client.get('openapi.json')).json;
        for (const [path, methods] of Object.entries(described.paths)) {
            for (const [method, about] of Object.entries(methods)) {
                if (about.security?.length === 0 || !['get', 'post', 'patch', 'delete'].includes(method)) {
                    continue;
                }
                const sent = await client.request(method.toUpperCase(), path.replace('/api/v1/', '').replace(/^\//, '').replace('{id}', '1'),
                    { ...(method !== 'get' && { body: {} }) });
                assert.equal(sent.status, 401, `${method} ${path}: ${sent.text}`);
            }
        }
        assert.equal((await server.sql('SELECT 1 FROM session WHERE account_id = ? AND agent = ?', [world.accounts.office, 'none'])).length, 0);
    });

    test('with the code: a session with a new token; the step is gone', async () => {
        await later();
        const { client } = await begin('office');
        const step = [...client.cookies.values()][0];
        const answer = await client.post('session/code', { code: codeOf(secret) });
        assert.equal(answer.status, 201, answer.text);
        assert.equal(answer.json.account.id, world.accounts.office);
        assert.notEqual([...client.cookies.values()][0], step);
        assert.equal((await client.get('session')).status, 200);
        assert.equal((await server.sql('SELECT 1 FROM sign_in_step WHERE token_hash = UNHEX(SHA2(?, 256))', [step])).length, 0);
        assert.equal(JSON.parse((await events('sign_in', 'office')).at(-1).payload).changes.code, 'app');
    });

    test('a code is taken once, and none older than it', async () => {
        await later();
        const code = codeOf(secret);
        const first = (await begin('office')).client;
        assert.equal((await first.post('session/code', { code })).status, 201);
        const second = (await begin('office')).client;
        wrong(await second.post('session/code', { code }));
        wrong(await second.post('session/code', { code: codeOf(secret, -1) }));
        await later();
        assert.equal((await second.post('session/code', { code: codeOf(secret) })).status, 201);
    });

    test('two at once with one code: one comes in', async () => {
        await later();
        const both = [(await begin('office')).client, (await begin('office')).client];
        const code = codeOf(secret);
        const answers = await Promise.all(both.map((client) => client.post('session/code', { code })));
        assert.equal(answers.filter((one) => one.status === 201).length, 1, answers.map((one) => one.text).join());
        assert.ok(answers.every((one) => [201, 409, 422].includes(one.status)));
    });

    test('the half-minute before and after are taken, others not', async () => {
        await later(120);
        await server.sql('DELETE FROM throttle');
        const { client } = await begin('office');
        wrong(await client.post('session/code', { code: codeOf(secret, -2) }), 4);
        wrong(await client.post('session/code', { code: codeOf(secret, 2) }), 3);
        assert.equal((await client.post('session/code', { code: codeOf(secret, -1) })).status, 201);
        const next = (await begin('office')).client;
        assert.equal((await next.post('session/code', { code: codeOf(secret, 1) })).status, 201);
        await later(61);
    });

    test('a recovery code once, as it was printed or in small letters', async () => {
        const { client } = await begin('office');
        const answer = await client.post('session/code', { code: codes[0].toLowerCase() });
        assert.equal(answer.status, 201, answer.text);
        assert.equal((await client.get('second-factor')).json.recovery_left, 9);
        assert.equal(JSON.parse((await events('sign_in', 'office')).at(-1).payload).changes.code, 'recovery');
        const again = (await begin('office')).client;
        wrong(await again.post('session/code', { code: codes[0] }));
        assert.equal((await again.post('session/code', { code: codes[1].replace('-', ' ') })).status, 201);
    });

    test('the step lasts five minutes', async () => {
        const { client } = await begin('office');
        await later(301);
        const answer = await client.post('session/code', { code: codeOf(secret) });
        assert.equal(answer.status, 401);
        assert.equal(answer.json.code, 'sign_in_step_over');
        assert.equal(answer.json.detail, '等得太久了，请重新输入密码。');
    });

    test('without a step, with the cookie of a session, or with an empty code', async () => {
        const nobody = await visitor();
        assert.equal((await nobody.post('session/code', { code: '123456' })).status, 401);
        const teacher = (await begin('teacher')).client;
        assert.equal((await teacher.post('session/code', { code: codeOf(secret) })).status, 401);
        const { client } = await begin('office');
        assert.equal((await client.post('session/code', {})).json.errors[0].code, 'required');
    });

    test('a password that was changed meanwhile is asked for anew', async () => {
        await later();
        const { client } = await begin('office');
        await server.sql('UPDATE account SET version = version + 1 WHERE id = ?', [world.accounts.office]);
        assert.equal((await client.post('session/code', { code: codeOf(secret) })).json.code, 'sign_in_step_over');
    });
});

describe('tries', () => {
    let secret;
    before(async () => { ({ secret } = await enrol('vice')); });

    test('wrong codes lock the account for this network; the right password between them does not help', async () => {
        const address = '10.200.1.1';
        for (let i = 0; i < 5; i += 1) {
            const { client, answer } = await begin('vice', address);
            assert.equal(answer.status, 200, `${i} ${answer.text}`);
            wrong(await client.post('session/code', { code: '000000' }), 4 - i);
        }
        const { answer } = await begin('vice', address);
        assert.equal(answer.status, 429);
        assert.match(answer.json.detail, /分钟再试/);
        assert.ok(Number(answer.headers['retry-after']) > 0);
        assert.ok((await events('code_failed', 'vice')).length >= 5);
    });

    test('strangers of all networks share their tries at the code', async () => {
        await server.sql('DELETE FROM throttle');
        for (let i = 0; i < 5; i += 1) {
            wrong(await (await begin('vice')).client.post('session/code', { code: '000000' }), 4 - i);
        }
        const { client } = await begin('vice');
        assert.equal((await client.post('session/code', { code: codeOf(secret) })).status, 429);
        await later(16 * 60);
        const open = (await begin('vice')).client;
        assert.equal((await open.post('session/code', { code: codeOf(secret) })).status, 201);
    });

    test('where somebody has signed in before, strangers keep nobody out', async () => {
        await server.sql('DELETE FROM throttle');
        await later();
        const own = (await begin('vice', '10.201.1.1')).client;
        assert.equal((await own.post('session/code', { code: codeOf(secret) })).status, 201);
        for (let i = 0; i < 6; i += 1) {
            await (await begin('vice')).client.post('session/code', { code: '000000' });
        }
        await later();
        const again = (await begin('vice', '10.201.1.1')).client;
        assert.equal((await again.post('session/code', { code: codeOf(secret) })).status, 201);
        await server.sql('DELETE FROM throttle');
    });
});

describe('switching off, and new recovery codes', () => {
    test('both want the password and a code', async () => {
        const { client, secret, codes } = await enrol('registrar');
        wrong(await client.post('second-factor/recovery-codes', { password: accountPassword, code: '000000' }));
        assert.equal((await client.post('second-factor/recovery-codes', { password: 'not mine at all', code: codeOf(secret) })).json.errors[0].code, 'password.own');
        const made = await client.post('second-factor/recovery-codes', { password: accountPassword, code: codeOf(secret) });
        assert.equal(made.status, 200, made.text);
        assert.equal(made.json.recovery_codes.length, 10);
        assert.ok(!made.json.recovery_codes.includes(codes[0]));
        wrong(await (await begin('registrar')).client.post('session/code', { code: codes[0] }));

        wrong(await client.post('second-factor/remove', { password: accountPassword, code: codeOf(secret) }));
        await later();
        const removed = await client.post('second-factor/remove', { password: accountPassword, code: codeOf(secret) });
        assert.equal(removed.status, 204, removed.text);
        assert.equal((await begin('registrar')).answer.status, 201);
        assert.equal((await client.post('second-factor/remove', { password: accountPassword, code: '000000' })).status, 409);
        assert.equal((await server.sql('SELECT 1 FROM recovery_code WHERE account_id = ?', [world.accounts.registrar])).length, 0);
    });
});

describe('an administrator', () => {
    const account = (client) => client.get(`accounts/${world.accounts.teacher}`);

    test('removes a lost factor with the own password; the person is told', async () => {
        const { client: teacher } = await enrol('teacher');
        const admin = (await begin('admin1')).client;
        const shown = (await account(admin)).json;
        assert.equal(shown.second_factor, true);
        const path = `accounts/${shown.id}/remove-factor`;
        const body = { password: accountPassword, reason: '手机丢了' };
        assert.equal((await admin.post(path, { reason: '手机丢了' }, { version: shown.version })).json.errors[0].field, 'password');
        assert.equal((await admin.post(path, { ...body, password: 'not mine at all' }, { version: shown.version })).json.errors[0].code, 'password.own');
        assert.equal((await account(admin)).json.second_factor, true);
        const removed = await admin.post(path, body, { version: shown.version });
        assert.equal(removed.status, 200, removed.text);
        assert.equal((await teacher.get('session')).status, 401, 'sessions end');
        assert.equal(JSON.parse((await events('remove_factor', 'teacher'))[0].payload).changes.reason, '手机丢了');
        assert.equal((await admin.post(path, body, { version: shown.version })).status, 409);

        const { client, answer } = await begin('teacher');
        assert.equal(answer.status, 201, 'the password is enough again');
        const told = (await client.get('notices')).json.items.find((one) => one.kind === 'account.factor_removed');
        assert.match(told.text, /停用了您的登录动态码/);
    });

    test('nobody else may', async () => {
        await enrol('teacher');
        const office = (await begin('subject')).client;
        const answer = await office.post(`accounts/${world.accounts.teacher}/remove-factor`, { password: accountPassword }, { version: 1 });
        assert.equal(answer.status, 403);
        await clear('teacher');
    });
});

describe('roles that must have one', () => {
    const root = async () => (await server.sql('SELECT id FROM org_unit WHERE parent_id IS NULL'))[0].id;

    async function demand(value) {
        await server.sql("DELETE FROM rule_override WHERE rule = 'signin.factor_roles'");
        await server.sql("INSERT INTO rule_override (rule, unit_id, value, set_by, set_at, reason) VALUES ('signin.factor_roles', ?, ?, ?, '2026-09-01 08:00:00', 'test')",
            [await root(), value, world.accounts.county]);
    }
    after(() => server.sql("DELETE FROM rule_override WHERE rule = 'signin.factor_roles'"));

    test('get nothing before they have enrolled, and everything afterwards', async () => {
        await demand('principal teacher');
        const { client, answer } = await begin('principal');
        assert.equal(answer.status, 201);
        assert.equal(answer.json.account.must_enrol_factor, true);
        assert.equal((await client.get('session?with=summary')).json.summary, undefined);
        const open = new Set(['get /session', 'delete /session', 'post /password', 'get /second-factor', 'post /second-factor', 'post /second-factor/confirm']);
        for (const [path, methods] of Object.entries((await client.get('openapi.json')).json.paths)) {
            for (const [method, about] of Object.entries(methods)) {
                if (about.security?.length === 0 || !['get', 'post', 'patch', 'delete'].includes(method) || open.has(`${method} ${path.replace('/api/v1', '')}`)) {
                    continue;
                }
                const sent = await client.request(method.toUpperCase(), path.replace('/api/v1/', '').replace(/^\//, '').replace('{id}', '1'), { ...(method !== 'get' && { body: {} }) });
                assert.equal(sent.json?.code, 'must_enrol_factor', `${method} ${path}: ${sent.status} ${sent.text}`);
            }
        }
        const { secret } = (await client.post('second-factor', { password: accountPassword })).json;
        assert.equal((await client.get('students')).status, 403);
        assert.equal((await client.post('second-factor/confirm', { code: codeOf(secret) })).status, 200);
        assert.equal((await client.get('students')).status, 200);
        assert.equal((await client.get('session')).json.account.must_enrol_factor, false);
        await clear('principal');
    });

    test('whoever has one, and whoever holds no such post, is not led there', async () => {
        await later();
        const { secret } = await (async () => { await demand('none'); return enrol('teacher'); })();
        await demand('teacher admin');
        const { client } = await begin('teacher');
        assert.equal((await client.post('session/code', { code: codeOf(secret) })).json.account.must_enrol_factor, false);
        assert.equal((await begin('office')).answer.json.account?.must_enrol_factor ?? false, false);
        assert.equal((await begin('subject')).answer.json.account.must_enrol_factor, false);
        await clear('teacher');
    });

    test('guardians never, whatever the rule says', async () => {
        await demand('all');
        const { client, answer } = await begin('guardian');
        assert.equal(answer.json.account.must_enrol_factor, false);
        assert.equal((await client.get('notices')).status, 200);
        assert.equal((await begin('subject')).answer.json.account.must_enrol_factor, true);
    });

    test('the rule takes posts that there are, and nothing else', async () => {
        await server.sql("DELETE FROM rule_override WHERE rule = 'signin.factor_roles'");
        const chief = (await begin('chief')).client;
        const unit = String(await root());
        for (const value of ['admins', 'admin,county', 'all admin x', '老师']) {
            const answer = await chief.post('rules/set', { key: 'signin.factor_roles', unit_id: unit, value, reason: '试一试' }, { version: 0 });
            assert.equal(answer.status, 422, `${value}: ${answer.text}`);
            assert.equal(answer.json.errors[0].field, 'value');
        }
        const set = await chief.post('rules/set', { key: 'signin.factor_roles', unit_id: unit, value: 'admin principal', reason: '县里的要求' }, { version: 0 });
        assert.equal(set.status, 200, set.text);
        assert.equal((await begin('principal')).answer.json.account.must_enrol_factor, true);
    });
});
