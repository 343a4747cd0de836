// session.test.js: signing in and out, the own password, activation codes, and how often a secret may be tried.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { accountPassword, start } from '../lib/server.js';
import { buildWorld, libraryValues } from '../lib/world.js';

const now = '2026-09-21T07:50:00+08:00';
let server;
let world;
let networks = 1;

before(async () => {
    server = await start({
        clock: now, lifetime: '12h', server: 'set_real_ip_from 127.0.0.1; real_ip_header X-Test-Address;',
    });
    world = await buildWorld(server);
});
after(() => server.stop());

/** A network nobody has used yet. */
function network() {
    networks += 1;
    return `10.${networks >> 8}.${networks & 255}.1`;
}

/** A client that is nobody; its requests come from `address`. */
async function visitor(address = network()) {
    const client = await server.client(null);
    const request = client.request.bind(client);
    client.request = (method, path, options = {}) => request(method, path,
        { ...options, headers: { 'x-test-address': address, ...options.headers } });
    return client;
}

async function signIn(login, password = accountPassword, address = network()) {
    const client = await visitor(address);
    return { client, answer: await client.post('session', { login, password }) };
}

const setCookie = (answer) => answer.headers['set-cookie']?.[0] ?? '';
const tokenOf = (answer) => /^[^=]+=([^;]*)/.exec(setCookie(answer))?.[1];
const events = (action, id) => server.sql(
    'SELECT unit_id, account_id, payload FROM audit_event WHERE action = ? AND record_id <=> ? ORDER BY at, seq', [action, id]);

async function makeCode(guardian, { code, expires = '2026-10-21', used = null }) {
    const [sealed, hash, id] = libraryValues(server,
        [{ op: 'seal', text: code }, { op: 'hash', purpose: 'code', text: code }, { op: 'id' }]);
    await server.sql(`INSERT INTO activation (id, guardian_id, school_id, code, code_hash, expires_on, used_at, created_at)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?)`, [id, guardian, world.units.school.id, Buffer.from(sealed, 'hex'),
        Buffer.from(hash, 'hex'), expires, used, '2026-09-01 08:00:00']);
    return id;
}

/** A guardian without an account, with children. phone null: the roster had none. */
async function makeGuardian(name, phone, children) {
    const [sealed, hash, id] = libraryValues(server, [
        { op: 'seal', text: phone ?? '0' }, { op: 'hash', purpose: 'phone', text: phone ?? '0' }, { op: 'id' }]);
    await server.sql('INSERT INTO guardian (id, name, phone, phone_hash, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?)',
        [id, name, phone && Buffer.from(sealed, 'hex'), phone && Buffer.from(hash, 'hex'),
            '2026-09-01 08:00:00', '2026-09-01 08:00:00']);
    for (const child of children) {
        await server.sql("INSERT INTO student_guardian (student_id, guardian_id, relation) VALUES (?, ?, 'mother')",
            [world.students[child], id]);
    }
    return id;
}

describe('signing in', () => {
    test('by login: 201, who I am and what I may do', async () => {
        const { answer } = await signIn('teacher');
        assert.equal(answer.status, 201);
        assert.equal(answer.json.account.id, world.accounts.teacher);
        assert.equal(answer.json.account.login, 'teacher');
        assert.equal(answer.json.account.must_change_password, false);
        assert.deepEqual(answer.json.positions, [{
            role: 'teacher', role_label: '班主任', unit_id: world.units.class1.id, unit_name: '三年级1班', level: 'class',
            school_id: world.units.school.id, school_name: '松山乡中心学校',
        }]);
        assert.ok(answer.json.capabilities.includes('student.reveal'));
        assert.equal(answer.json.has_children, false);
        assert.equal(answer.json.today, '2026-09-21');
        assert.equal(answer.json.now, now);
    });

    test('the cookie is closed to scripts and other sites', async () => {
        const { answer } = await signIn('teacher');
        assert.match(setCookie(answer), /^baoxue-\d+=[\w-]{43};/);
        for (const attribute of ['Path=/', 'HttpOnly', 'SameSite=Lax', 'Max-Age=43200']) {
            assert.ok(setCookie(answer).split('; ').includes(attribute), attribute);
        }
    });

    test('the token is stored as a hash only', async () => {
        const { answer } = await signIn('teacher');
        const rows = await server.sql('SELECT 1 FROM session WHERE token_hash = UNHEX(SHA2(?, 256))', [tokenOf(answer)]);
        assert.equal(rows.length, 1);
        const plain = await server.sql('SELECT 1 FROM session WHERE token_hash = ?', [tokenOf(answer)]);
        assert.equal(plain.length, 0);
    });

    for (const typed of ['13985550001', '139 8555 0001', '+86-139-8555-0001', '8613985550001', '１３９８５５５０００１', ' GUARDIAN ']) {
        test(`a guardian by "${typed}"`, async () => {
            const { answer } = await signIn(typed);
            assert.equal(answer.status, 201);
            assert.equal(answer.json.account.id, world.accounts.guardian);
            assert.equal(answer.json.account.phone, '139****0001');
            assert.equal(answer.json.has_children, true);
            assert.deepEqual(answer.json.positions, []);
        });
    }

    test('a wrong password: 401 with what remains, no cookie, in the reader\'s language', async () => {
        const address = network();
        const { answer } = await signIn('teacher', 'wrong', address);
        assert.equal(answer.status, 401);
        assert.equal(answer.json.code, 'sign_in_failed');
        assert.equal(answer.json.remaining, 4);
        assert.equal(answer.json.detail, '手机号和密码对不上。还可以再试 4 次。');
        assert.equal(setCookie(answer), '');
        const english = await visitor(address);
        english.language = 'en';
        const again = await english.post('session', { login: 'teacher', password: 'wrong' });
        assert.equal(again.json.remaining, 3);
        assert.match(again.json.detail, /3 more tries/);
    });

    test('an unknown login is answered like a wrong password', async () => {
        const known = await signIn('teacher', 'wrong');
        const unknown = await signIn('teacher-x', 'wrong');
        const phone = await signIn('13000000000', 'wrong');
        for (const { answer } of [unknown, phone]) {
            assert.equal(answer.status, 401);
            assert.deepEqual(answer.json, known.answer.json);
        }
    });

    test('an unknown login takes as long as a wrong password', async () => {
        // One after the other in turn, and the shortest of each: what else the machine does only makes a try longer.
        const shortest = { office: Infinity, 'office-x': Infinity };
        for (let i = 0; i < 9; i += 1) {
            for (const login of Object.keys(shortest)) {
                const client = await visitor();
                const begun = process.hrtime.bigint();
                await client.post('session', { login, password: 'wrong' });
                shortest[login] = Math.min(shortest[login], Number(process.hrtime.bigint() - begun));
            }
        }
        const [known, unknown] = Object.values(shortest);
        assert.ok(unknown > known / 2 && unknown < known * 2, `${unknown} ns against ${known} ns`);
    });

    test('fields that are missing or too long: 422', async () => {
        const client = await visitor();
        for (const [body, field] of [[{ password: 'x' }, 'login'], [{ login: 'teacher' }, 'password'],
            [{ login: 'teacher', password: '' }, 'password'], [{ login: 'x'.repeat(65), password: 'x' }, 'login'],
            [{ login: 'teacher', password: 'x'.repeat(401) }, 'password'], [{ login: 7, password: 'x' }, 'login']]) {
            const answer = await client.post('session', body);
            assert.equal(answer.status, 422, JSON.stringify(body));
            assert.equal(answer.json.errors[0].field, field);
        }
        assert.equal((await client.post('session', [])).status, 422);
    });

    test('an account that is disabled cannot sign in, and its sessions end', async () => {
        const { client } = await signIn('psych');
        await server.sql('UPDATE account SET disabled_at = ? WHERE id = ?', ['2026-09-21 07:00:00', world.accounts.psych]);
        await server.sql('INSERT INTO revocation (id, account_id, token_hash, at) VALUES (1, ?, NULL, ?)',
            [world.accounts.psych, '2026-09-21 07:50:00']);
        const { answer } = await signIn('psych');
        assert.equal(answer.status, 401);
        await soon(async () => (await client.get('session')).status === 401);
        await server.sql('UPDATE account SET disabled_at = NULL WHERE id = ?', [world.accounts.psych]);
    });

    test('each sign-in makes a new token; the old one of the browser ends', async () => {
        const { client, answer } = await signIn('teacher');
        const [cookie] = client.cookies;
        const again = await client.post('session', { login: 'teacher', password: accountPassword });
        assert.equal(again.status, 201);
        assert.notEqual(tokenOf(again), tokenOf(answer));
        const thief = await visitor();
        thief.cookies.set(...cookie);
        await soon(async () => (await thief.get('session')).status === 401);
        assert.equal((await client.get('session')).status, 200);
    });

    test('a token that somebody planted is never used', async () => {
        const client = await visitor();
        const { answer } = await signIn('teacher');
        const name = /^([^=]+)=/.exec(setCookie(answer))[1];
        client.cookies.set(name, 'A'.repeat(43));
        const signedIn = await client.post('session', { login: 'teacher', password: accountPassword });
        assert.equal(signedIn.status, 201);
        assert.notEqual(tokenOf(signedIn), 'A'.repeat(43));
    });

    test('at most ten sessions an account: the oldest go', async () => {
        const made = [];
        for (let i = 0; i < 12; i += 1) {
            server.setClock(new Date(Date.parse(now) + i * 1000).toISOString());
            made.push((await signIn('vice')).client);
        }
        server.setClock(now);
        const rows = await server.sql('SELECT COUNT(*) AS n FROM session WHERE account_id = ?', [world.accounts.vice]);
        assert.equal(Number(rows[0].n), 10);
        const statuses = await Promise.all(made.map(async (client) => {
            const rowsOf = await server.sql('SELECT 1 FROM session WHERE token_hash = UNHEX(SHA2(?, 256))',
                [[...client.cookies.values()][0]]);
            return rowsOf.length;
        }));
        assert.deepEqual(statuses, [0, 0, ...Array(10).fill(1)]);
    });

    test('leaves a line in the chain: the school\'s for staff, by keyed hash only for failures', async () => {
        const { teacher } = world.accounts;
        const earlier = [await events('sign_in', teacher), await events('sign_in_failed', teacher), await events('sign_in_failed', null)];
        await signIn('teacher', 'a secret mistake');
        await signIn('not-a-login', 'a secret mistake');
        await signIn('teacher');
        const [good, bad, unknown] = (await Promise.all([events('sign_in', teacher), events('sign_in_failed', teacher),
            events('sign_in_failed', null)])).map((rows, i) => {
            assert.equal(rows.length, earlier[i].length + 1);
            return rows.at(-1);
        });
        assert.equal(good.unit_id, world.units.school.id);
        assert.equal(good.account_id, teacher);
        for (const event of [bad, unknown]) {
            assert.match(JSON.parse(event.payload).changes.subject, /^[0-9a-f]{16}$/);
            assert.doesNotMatch(event.payload, /mistake|not-a-login|"teacher"/);
        }
    });
});

/** Until it is so; the zone of a node may believe a revoked session for at most two seconds. */
async function soon(check, seconds = 2) {
    const end = Date.now() + seconds * 1000;
    while (!await check()) {
        assert.ok(Date.now() < end, `not within ${seconds} s`);
        await new Promise((resolve) => { setTimeout(resolve, 50); });
    }
}

describe('throttling', () => {
    test('five wrong passwords from one place: then 429 with Retry-After, the right one too, for 15 minutes', async () => {
        const address = network();
        const seen = [];
        for (let i = 0; i < 5; i += 1) {
            const { answer } = await signIn('principal', 'wrong', address);
            seen.push([answer.status, answer.json.remaining]);
        }
        assert.deepEqual(seen, [[401, 4], [401, 3], [401, 2], [401, 1], [401, 0]]);
        const blocked = (await signIn('principal', accountPassword, address)).answer;
        assert.equal(blocked.status, 429);
        assert.equal(blocked.json.code, 'throttled');
        assert.equal(blocked.headers['retry-after'], '900');
        assert.equal(blocked.json.detail, '试得太多了，请过 15 分钟再试。');

        server.setClock('2026-09-21T08:04:59+08:00');
        assert.equal((await signIn('principal', accountPassword, address)).answer.headers['retry-after'], '1');
        server.setClock('2026-09-21T08:05:00+08:00');
        assert.equal((await signIn('principal', accountPassword, address)).answer.status, 201);
        server.setClock(now);
    });

    test('nobody is locked out from another place', async () => {
        const address = network();
        for (let i = 0; i < 6; i += 1) {
            await signIn('office', 'wrong', address);
        }
        assert.equal((await signIn('office', accountPassword, address)).answer.status, 429);
        assert.equal((await signIn('office')).answer.status, 201);
    });

    test('login and phone of one account are one account', async () => {
        const address = network();
        for (let i = 0; i < 3; i += 1) {
            await signIn('guardian2', 'wrong', address);
        }
        const { answer } = await signIn('13985550005', 'wrong', address);
        assert.equal(answer.json.remaining, 1);
    });

    test('the right password forgets the wrong ones', async () => {
        const address = network();
        for (let i = 0; i < 4; i += 1) {
            await signIn('grade', 'wrong', address);
        }
        assert.equal((await signIn('grade', accountPassword, address)).answer.status, 201);
        assert.equal((await signIn('grade', 'wrong', address)).answer.json.remaining, 4);
    });

    test('wrong passwords are forgotten after the window', async () => {
        const address = network();
        for (let i = 0; i < 4; i += 1) {
            await signIn('registrar', 'wrong', address);
        }
        server.setClock('2026-09-21T08:05:01+08:00');
        assert.equal((await signIn('registrar', 'wrong', address)).answer.json.remaining, 4);
        server.setClock(now);
    });

    test('many at once do not pass the limit', async () => {
        const address = network();
        const answers = await Promise.all(Array.from({ length: 12 }, () => signIn('subject', 'wrong', address)));
        const tried = answers.filter(({ answer }) => answer.status === 401).length;
        assert.ok(tried >= 1 && tried <= 5, `${tried} were tried`);
        assert.equal(answers.filter(({ answer }) => answer.status === 429).length, 12 - tried);
    });

    test('one network may fail fifty times, with however many logins', async () => {
        const address = network();
        assert.equal((await signIn('vice', accountPassword, address)).answer.status, 201);
        const answers = [];
        for (let i = 0; i < 51; i += 1) {
            answers.push((await signIn(`stranger-${i}`, 'wrong', address)).answer.status);
        }
        assert.deepEqual(answers.slice(0, 50), Array(50).fill(401));
        assert.equal(answers[50], 429);
        assert.equal((await signIn('teacher', accountPassword, address)).answer.status, 429);
        assert.equal((await signIn('vice', accountPassword, address)).answer.status, 201, 'who has signed in from there before');
    });

    test('addresses of one IPv6 network are one', async () => {
        for (let i = 0; i < 5; i += 1) {
            await signIn('township', 'wrong', `2001:db8:7:1::${i + 1}`);
        }
        assert.equal((await signIn('township', accountPassword, '2001:db8:7:1::99')).answer.status, 429);
        assert.equal((await signIn('township', accountPassword, '2001:db8:7:2::99')).answer.status, 201);
    });

    test('an attack from everywhere slows strangers down and leaves known places alone', async () => {
        const home = network();
        assert.equal((await signIn('county', accountPassword, home)).answer.status, 201);
        for (let i = 0; i < 30; i += 1) {
            await signIn('county', 'wrong');
        }
        const turn = (await signIn('county', 'wrong')).answer;
        assert.equal(turn.status, 401, 'one stranger in ten seconds is heard');
        const waits = (await signIn('county')).answer;
        assert.equal(waits.status, 429);
        assert.equal(waits.headers['retry-after'], '10');
        assert.equal((await signIn('county', accountPassword, home)).answer.status, 201, 'where she has signed in before');
        server.setClock('2026-09-21T07:50:11+08:00');
        assert.equal((await signIn('county')).answer.status, 201, 'ten seconds later a stranger is heard again');
        server.setClock(now);
    });

    test('no login and no address is kept in the clear', async () => {
        const rows = await server.sql('SELECT HEX(subject) AS subject FROM throttle');
        assert.ok(rows.length > 10);
        rows.forEach(({ subject }) => assert.match(subject, /^[0-9A-F]{64}$/));
    });
});

describe('the session', () => {
    test('without one: 401', async () => {
        const client = await visitor();
        for (const path of ['session', 'students', 'my-children', 'classes', 'org-units', 'calendar']) {
            assert.equal((await client.get(path)).status, 401, path);
        }
        assert.equal((await client.del('session')).status, 401);
        assert.equal((await client.post('password', { current: 'x', new: 'y' })).status, 401);
    });

    test('signing out ends this session here at once and leaves the others', async () => {
        const one = await signIn('teacher2');
        const two = await signIn('teacher2');
        const [cookie] = one.client.cookies;
        const out = await one.client.del('session');
        assert.equal(out.status, 204);
        assert.match(setCookie(out), /Max-Age=0/);
        one.client.cookies.set(...cookie);
        assert.equal((await one.client.get('session')).status, 401);
        assert.equal((await two.client.get('session')).status, 200);
        assert.equal((await events('sign_out', world.accounts.teacher2)).length, 1);
    });

    test('signing out everywhere ends the others within two seconds', async () => {
        const one = await signIn('principal2');
        const two = await signIn('principal2');
        assert.equal((await two.client.get('session')).status, 200);
        assert.equal((await one.client.del('session?everywhere=true')).status, 204);
        await soon(async () => (await two.client.get('session')).status === 401);
        assert.equal((await events('sign_out_everywhere', world.accounts.principal2)).length, 1);
    });

    test('a session ends after twelve hours', async () => {
        const { client } = await signIn('guardian');
        server.setClock('2026-09-21T19:49:59+08:00');
        assert.equal((await client.get('session')).status, 200);
        server.setClock('2026-09-21T19:50:00+08:00');
        assert.equal((await client.get('session')).status, 401);
        server.setClock(now);
    });

    test('the language is the account\'s, in this answer and in those that follow', async () => {
        const { client } = await signIn('teacherB');
        const changed = await client.patch('session', { language: 'en' });
        assert.equal(changed.status, 200);
        assert.equal(changed.json.language, 'en');
        assert.equal(changed.json.positions[0].role_label, 'Class teacher');
        await soon(async () => (await client.get('session')).json.language === 'en');
        const refused = await client.patch('session', { language: 'fr' });
        assert.equal(refused.status, 422);
        assert.match(refused.json.detail, /^[A-Z]/);
        await client.patch('session', { language: 'zh-CN' });
    });

    test('positions hold on their days only, the last one included', async () => {
        const give = async (id, role, unit, from, to) => server.sql(
            'INSERT INTO `position` (id, account_id, role, unit_id, starts_on, ends_on, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)',
            [id, world.accounts.nobody, role, world.units[unit].id, from, to, '2026-08-20 08:00:00']);
        await give(11, 'teacher', 'class1', '2026-09-01', '2026-09-20');
        await give(12, 'teacher', 'class2', '2026-09-22', null);
        await give(13, 'subject', 'class3', '2026-09-01', '2026-09-21');
        const { client, answer } = await signIn('nobody');
        assert.deepEqual(answer.json.positions.map(({ role, unit_id: unit }) => [role, unit]), [['subject', world.units.class3.id]]);
        const seen = await client.get('students');
        assert.deepEqual(seen.json.items.map(({ name }) => name), ['龙欣']);
        await server.sql('DELETE FROM position WHERE account_id = ?', [world.accounts.nobody]);
    });

    test('whoever has no position and no child may sign in and do nothing', async () => {
        const { client, answer } = await signIn('nobody');
        assert.deepEqual(answer.json.capabilities, []);
        assert.equal(answer.json.has_children, false);
        for (const path of ['students', 'my-children', 'classes', 'org-units']) {
            assert.equal((await client.get(path)).status, 403, path);
        }
    });

    test('a capability taken away in the database is gone', async () => {
        await server.sql("UPDATE role_capability SET granted = 0 WHERE role = 'registrar' AND capability = 'student.reveal'");
        const { client, answer } = await signIn('registrar');
        assert.ok(!answer.json.capabilities.includes('student.reveal'));
        const refused = await client.post(`students/${world.students.siyu}/reveal`, { field: 'phone', reason: '核对' });
        assert.equal(refused.status, 403);
        await server.sql("UPDATE role_capability SET granted = 1 WHERE role = 'registrar' AND capability = 'student.reveal'");
    });
});

describe('passwords', () => {
    const fresh = 'a sentence for baoxue';

    async function give(login, mustChange) {
        await server.sql('UPDATE account SET must_change = ?, password = (SELECT p.password FROM' +
            ' (SELECT password FROM account WHERE id = ?) p) WHERE id = ?',
        [mustChange ? 1 : 0, world.accounts.teacher, world.accounts[login]]);
    }

    test('a given password must be changed first', async () => {
        await give('office', true);
        const { client, answer } = await signIn('office');
        assert.equal(answer.status, 201);
        assert.equal(answer.json.account.must_change_password, true);
        for (const path of ['students', 'classes', 'org-units', 'plugins']) {
            const refused = await client.get(path);
            assert.equal(refused.status, 403, path);
            assert.equal(refused.json.code, 'must_change_password');
        }
        assert.equal((await client.patch('session', { language: 'en' })).status, 403);
        assert.equal((await client.post('activation', { code: 'AAAA2222' })).status, 403);
        assert.equal((await client.get('session')).status, 200);

        const changed = await client.post('password', { current: accountPassword, new: fresh });
        assert.equal(changed.status, 200);
        assert.equal(changed.json.account.must_change_password, false);
        assert.equal((await client.get('students')).status, 200);
        assert.equal((await signIn('office', accountPassword)).answer.status, 401);
        assert.equal((await signIn('office', fresh)).answer.status, 201);
        assert.equal((await events('change_password', world.accounts.office)).length, 1);
        await give('office', false);
    });

    for (const [name, password, code] of [
        ['short', 'abc 123', 'password.short'], ['longer than 256 bytes', '密'.repeat(86), 'password.long'],
        ['the login', 'registrar', 'password.login'], ['the login in capitals', 'REGISTRAR', 'password.login'],
        ['the login with something to it', 'Registrar-2026', 'password.login'], ['common', 'Password1', 'password.common'], ['common elsewhere', 'Trustno1', 'password.common'],
        ['common, far down the list', 'seahawks', 'password.common'], ['made of the product', 'BaoXue 2027!', 'password.common'], ['made of the product in Chinese', '保学888', 'password.common'],
        ['common in China', 'woaini1314', 'password.common'], ['a run', '12345678', 'password.common'], ['a run down', 'hgfedcba', 'password.common'],
        ['one character', '88888888', 'password.common'], ['the old one', accountPassword, 'password.same'],
    ]) {
        test(`refused: ${name}`, async () => {
            const { client } = await signIn('registrar');
            const refused = await client.post('password', { current: accountPassword, new: password });
            assert.equal(refused.status, 422);
            assert.deepEqual(refused.json.errors.map(({ field, code: reason }) => [field, reason]), [['new', code]]);
            assert.doesNotMatch(refused.json.detail, /error\.|\{/);
        });
    }

    test('64 characters of any script are accepted, and each of them counts', async () => {
        const { client } = await signIn('registrar');
        assert.equal((await client.post('password', { current: accountPassword, new: '𡃁'.repeat(64) })).status, 200);
        assert.equal((await signIn('registrar', '𡃁'.repeat(63))).answer.status, 401);
        assert.equal((await signIn('registrar', '𡃁'.repeat(64))).answer.status, 201);
        await give('registrar', false);
    });

    test('a guardian\'s phone is no password', async () => {
        const { client } = await signIn('guardianHao');
        const refused = await client.post('password', { current: accountPassword, new: '13985550003' });
        assert.equal(refused.json.errors[0].code, 'password.login');
        assert.equal((await client.post('password', { current: accountPassword, new: 'a13985550003' })).json.errors[0].code, 'password.login');
    });

    test('the current password is asked for, and may be guessed five times only', async () => {
        const { client } = await signIn('grade');
        for (let i = 0; i < 5; i += 1) {
            const refused = await client.post('password', { current: 'guess', new: fresh });
            assert.equal(refused.status, 422);
            assert.equal(refused.json.errors[0].field, 'current');
        }
        assert.equal((await client.post('password', { current: accountPassword, new: fresh })).status, 429);
        assert.equal((await events('password_failed', world.accounts.grade)).length, 5);
    });

    test('a change ends the other sessions and keeps this one', async () => {
        const one = await signIn('teacher2');
        const two = await signIn('teacher2');
        assert.equal((await two.client.get('session')).status, 200);
        assert.equal((await one.client.post('password', { current: accountPassword, new: fresh })).status, 200);
        await soon(async () => (await two.client.get('session')).status === 401);
        assert.equal((await one.client.get('session')).status, 200);
        await give('teacher2', false);
    });

    test('the same request again gets the same answer', async () => {
        const { client } = await signIn('teacherB');
        const body = { current: accountPassword, new: fresh };
        const first = await client.post('password', body, { key: 'change-once' });
        const second = await client.post('password', body, { key: 'change-once' });
        assert.equal(first.status, 200);
        assert.equal(second.status, 200);
        assert.equal((await events('change_password', world.accounts.teacherB)).length, 1);
        const other = await client.post('password', { current: fresh, new: accountPassword }, { key: 'change-once' });
        assert.equal(other.status, 422);
        assert.equal(other.json.code, 'key_reused');
        await give('teacherB', false);
    });

    test('no password is stored or logged in the clear', async () => {
        const keys = await server.sql('SELECT COUNT(*) AS n FROM idempotency_key WHERE body LIKE ?', [`%${fresh}%`]);
        const audit = await server.sql('SELECT COUNT(*) AS n FROM audit_event WHERE payload LIKE ?', [`%${fresh}%`]);
        assert.deepEqual([Number(keys[0].n), Number(audit[0].n)], [0, 0]);
        assert.ok(!server.logs().includes(fresh));
    });
});

describe('activation', () => {
    const password = '思雨和小川 2018';

    test('the whole way: check, account, children, signing in by phone', async () => {
        const mother = await makeGuardian('石秀英', '13711110001', ['hao']);
        const again = await makeGuardian('石秀英', '13711110001', ['xin']);           // the same person in another school
        await makeCode(mother, { code: 'SZ7K92MD' });
        const client = await visitor();

        const check = await client.post('activation/check', { code: ' sz7k-92md ' });
        assert.equal(check.status, 200);
        assert.deepEqual(check.json, {
            guardian: { name: '石秀英' }, phone: '137****0001', expires_on: '2026-10-21',
            children: [
                { name: '李浩', class_name: '三年级1班', school_name: '松山乡中心学校', relation: 'mother' },
                { name: '龙欣', class_name: '三年级1班', school_name: '云岭乡中心学校', relation: 'mother' },
            ],
        });
        const [untouched] = await server.sql('SELECT used_at FROM activation WHERE guardian_id = ?', [mother]);
        assert.equal(untouched.used_at, null);

        const made = await client.post('activation', { code: 'ＳＺ７Ｋ９２ＭＤ', password });
        assert.equal(made.status, 201);
        assert.equal(made.json.account.name, '石秀英');
        assert.equal(made.json.account.phone, '137****0001');
        assert.equal(made.json.account.must_change_password, false);
        assert.equal(made.json.has_children, true);
        const children = await client.get('my-children');
        assert.deepEqual(children.json.items.map(({ name }) => name), ['李浩', '龙欣']);

        const links = await server.sql('SELECT id, account_id FROM guardian WHERE id IN (?, ?)', [mother, again]);
        links.forEach(({ account_id: account }) => assert.equal(account, made.json.account.id));
        assert.equal((await events('activate', made.json.account.id)).length, 1);
        assert.equal((await signIn('137 1111 0001', password)).answer.status, 201);

        const used = await (await visitor()).post('activation', { code: 'SZ7K92MD', password });
        assert.equal(used.status, 422);
        assert.equal(used.json.errors[0].code, 'activation.used');
        assert.equal((await (await visitor()).post('activation/check', { code: 'SZ7K92MD' })).json.errors[0].code, 'activation.used');

        const tap = await client.post('activation', { code: 'SZ7K92MD' });
        assert.equal(tap.status, 200, 'whoever used it may tap again');
    });

    test('unknown, expired and ended codes: 422 with the reason', async () => {
        const father = await makeGuardian('石大勇', '13711110002', ['hao']);
        await makeCode(father, { code: 'EXPRD234', expires: '2026-09-20' });
        await makeCode(father, { code: 'LASTDAY2', expires: '2026-09-21' });
        const client = await visitor();
        for (const path of ['activation/check', 'activation']) {
            const unknown = await client.post(path, { code: 'NXSUCHCD', password });
            assert.equal(unknown.status, 422);
            assert.equal(unknown.json.errors[0].code, 'activation.unknown');
            const expired = await client.post(path, { code: 'EXPRD234', password });
            assert.equal(expired.json.errors[0].code, 'activation.expired');
            assert.match(expired.json.detail, /9月20日/);
        }
        assert.equal((await client.post('activation/check', { code: 'LASTDAY2' })).status, 200);
        assert.equal((await client.post('activation/check', {})).status, 422);
        assert.equal((await client.post('activation', { code: 'LASTDAY2' })).json.errors[0].field, 'password');
        assert.equal((await client.post('activation', { code: 'LASTDAY2', password: '13711110002' })).json.errors[0].code, 'password.login');
        const rows = await server.sql('SELECT used_at FROM activation WHERE guardian_id = ?', [father]);
        rows.forEach(({ used_at: used }) => assert.equal(used, null));
    });

    test('a phone that has an account: 409, sign in and add the code', async () => {
        const woman = await makeGuardian('李春花', '13985550003', ['min']);           // guardianHao's name and phone
        await makeCode(woman, { code: 'TEACHR22' });
        const stranger = await (await visitor()).post('activation', { code: 'TEACHR22', password });
        assert.equal(stranger.status, 409);
        assert.equal(stranger.json.errors[0].code, 'phone_taken');
        assert.match(stranger.json.detail, /139\*\*\*\*0003/);

        const { client, answer } = await signIn('13985550003');
        assert.equal(answer.status, 201);
        const added = await client.post('activation', { code: 'TEACHR22' });
        assert.equal(added.status, 200);
        assert.ok(added.json.has_children);
        const children = await client.get('my-children');
        assert.deepEqual(children.json.items.map(({ name }) => name).sort(), ['李浩', '韦敏'].sort());
        assert.equal((await events('add_children', world.accounts.guardianHao)).length, 1);
        await server.sql('DELETE FROM student_guardian WHERE guardian_id = ?', [woman]);
    });

    test('without a phone in the roster there is no account', async () => {
        const man = await makeGuardian('石无号', null, ['hao']);
        await makeCode(man, { code: 'NXPHXNE2' });
        const check = await (await visitor()).post('activation/check', { code: 'NXPHXNE2' });
        assert.equal(check.json.phone, null);
        const refused = await (await visitor()).post('activation', { code: 'NXPHXNE2', password });
        assert.equal(refused.json.errors[0].code, 'activation.no_phone');
    });

    test('two at once make one account', async () => {
        const aunt = await makeGuardian('石小妹', '13711110005', ['hao']);
        await makeCode(aunt, { code: 'TWXATXNC' });
        const clients = await Promise.all([visitor(), visitor(), visitor()]);
        const answers = await Promise.all(clients.map((client) => client.post('activation', { code: 'TWXATXNC', password })));
        assert.equal(answers.filter(({ status }) => status === 201).length, 1, answers.map(({ text }) => text).join('\n'));
        answers.filter(({ status }) => status !== 201).forEach(({ status }) => assert.ok([409, 422].includes(status)));
        const rows = await server.sql("SELECT COUNT(*) AS n FROM account WHERE name = '石小妹'");
        assert.equal(Number(rows[0].n), 1);
    });

    test('codes are guessed thirty times from one network, then 429', async () => {
        const client = await visitor();
        const statuses = [];
        for (let i = 0; i < 31; i += 1) {
            statuses.push((await client.post('activation/check', { code: `GVESS${100 + i}` })).status);
        }
        assert.deepEqual(statuses.slice(0, 30), Array(30).fill(422));
        assert.equal(statuses[30], 429);
        assert.equal((await (await visitor()).post('activation/check', { code: 'GVESS999' })).status, 422);
    });

    test('codes that are right do not count', async () => {
        const uncle = await makeGuardian('石大叔', '13711110006', ['hao']);
        await makeCode(uncle, { code: 'RIGHTCDE' });
        const client = await visitor();
        for (let i = 0; i < 35; i += 1) {
            assert.equal((await client.post('activation/check', { code: 'RIGHTCDE' })).status, 200);
        }
    });
});

test('after all this every audit chain is whole', () => {
    server.control('audit', 'verify');            // throws unless it is
});
