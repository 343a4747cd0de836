// sessions.test.js: where somebody is signed in, ending one of these, and the end of a session that nobody uses.

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { accountPassword, start } from '../lib/server.js';
import { buildWorld } from '../lib/world.js';

const now = '2026-09-21T07:50:00+08:00';
const agents = {
    wechat: 'Mozilla/5.0 (Linux; Android 13; M2102J2SC Build/TKQ1.221114.001; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/116.0.0.0 Mobile Safari/537.36 XWEB/1160117 MMWEBSDK/20240404 MicroMessenger/8.0.49',
    windows: 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36 Edg/120.0.0.0',
    iphone: 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Mobile/15E148 Safari/604.1',
    tablet: 'Mozilla/5.0 (Linux; Android 12; MatePad) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/99.0.0.0 Safari/537.36',
    kylin: 'Mozilla/5.0 (X11; Linux aarch64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/110.0.0.0 Safari/537.36',
    script: 'curl/8.1',
};
let server;
let node;
let world;

before(async () => {
    server = await start({
        clock: now, lifetime: '12h', idle: true,
        server: 'set_real_ip_from 127.0.0.1; real_ip_header X-Test-Address; add_header X-Statements $baoxue_statements always;',
    });
    world = await buildWorld(server);
    node = await server.startNode();
});
after(() => server?.stop());
beforeEach(async () => {
    server.setClock(now);
    await server.sql('DELETE FROM session');
    await server.sql('DELETE FROM throttle');
    await server.sql('DELETE FROM rule_override');
});

const later = (minutes, seconds = 0) => server.setClock(new Date(Date.parse(now) + (minutes * 60 + seconds) * 1000).toISOString());

/** A device: everything it asks comes from its network, with its name. */
async function device(login, { agent = 'windows', address = '192.168.7.21', at = server } = {}) {
    const client = await at.client(null);
    const request = client.request.bind(client);
    client.request = (method, path, options = {}) => request(method, path,
        { ...options, headers: { 'x-test-address': address, 'user-agent': agents[agent], ...options.headers } });
    const answer = await client.post('session', { login, password: accountPassword });
    assert.equal(answer.status, 201, answer.text);
    return client;
}

const list = async (client) => {
    const answer = await client.get('sessions');
    assert.equal(answer.status, 200, answer.text);
    return answer.json.items;
};
const own = async (client) => (await list(client)).find((one) => one.own);
const password = accountPassword;

async function soon(check, seconds = 2) {
    const end = Date.now() + seconds * 1000;
    while (!await check()) {
        assert.ok(Date.now() < end, `not within ${seconds} s`);
        await new Promise((resolve) => { setTimeout(resolve, 50); });
    }
}

describe('where I am signed in', () => {
    test('each device in plain words, its network but not its address, which one is this', async () => {
        await device('teacher', { agent: 'wechat', address: '10.3.4.5' });
        later(10);
        const here = await device('teacher', { address: '2001:db8:7:1::99' });
        await device('principal');
        const items = await list(here);
        assert.deepEqual(items.map((one) => ({ ...one, id: undefined })).map((one) => JSON.parse(JSON.stringify(one))), [
            { device: 'Windows 电脑·Edge 浏览器', network: '2001:db8:7::*', own: true, created_at: '2026-09-21T08:00:00+08:00', used_at: '2026-09-21T08:00:00+08:00', expires_at: '2026-09-21T20:00:00+08:00' },
            { device: '安卓手机·微信', network: '10.3.4.*', own: false, created_at: now, used_at: now, expires_at: '2026-09-21T19:50:00+08:00' },
        ]);
        assert.match(items[0].id, /^[1-9]\d+$/);
        assert.notEqual(items[0].id, items[1].id);
        const english = await here.get('sessions', { headers: { 'accept-language': 'en' } });
        assert.equal(english.json.items[1].device, 'Android phone, WeChat');
    });

    test('other devices, and one that is none', async () => {
        for (const [agent, words] of [['iphone', '苹果手机·Safari 浏览器'], ['tablet', '安卓平板·Chrome 浏览器'], ['kylin', 'Linux 电脑（如统信、麒麟）·Chrome 浏览器'], ['script', '认不出的设备']]) {
            assert.equal((await own(await device('teacher', { agent }))).device, words);
        }
    });

    test('says nothing of the token, and nothing that has ended', async () => {
        const gone = await device('teacher');
        await gone.del('session');
        const here = await device('teacher');
        const answer = await here.get('sessions');
        assert.equal(answer.json.items.length, 1);
        const [{ token_hash: hash }] = await server.sql('SELECT HEX(token_hash) AS token_hash FROM session');
        assert.ok(!answer.text.toUpperCase().includes(hash.slice(0, 12)));
    });

    test('nobody who is not signed in: 401', async () => {
        assert.equal((await (await server.client(null)).get('sessions')).status, 401);
    });
});

describe('ending one of them', () => {
    test('with the own password: gone here and on the other node within two seconds, the rest go on', async () => {
        const lost = await device('teacher', { agent: 'wechat' });
        const there = await device('teacher', { at: node });
        const here = await device('teacher');
        for (const client of [lost, there]) {
            assert.equal((await client.get('session')).status, 200);
        }
        const { id } = await own(lost);
        const { id: far } = await own(there);
        const before_ = (await server.sql("SELECT COUNT(*) AS n FROM audit_event WHERE action = 'end_session'"))[0].n;
        assert.equal((await here.post(`sessions/${id}/end`, { password })).status, 204);
        assert.equal((await lost.get('session')).status, 401, 'at once where it was ended');
        assert.equal((await there.get('session')).status, 200);
        assert.equal((await here.post(`sessions/${far}/end`, { password })).status, 204);
        await soon(async () => (await there.get('session')).status === 401);
        assert.equal((await here.get('session')).status, 200);
        assert.equal((await list(here)).length, 1);
        const events = await server.sql("SELECT account_id, payload FROM audit_event WHERE action = 'end_session' ORDER BY seq");
        assert.equal(events.length, Number(before_) + 2);
        assert.equal(events.at(-1).account_id, world.accounts.teacher);
        assert.equal(JSON.parse(events.at(-1).payload).changes.device, 'windows');
    });

    test('without the password, or with a wrong one, nothing ends; guesses are counted as at the door', async () => {
        const other = await device('teacher');
        const here = await device('teacher');
        const { id } = await own(other);
        const none = await here.post(`sessions/${id}/end`, {});
        assert.deepEqual([none.status, none.json.errors[0].field], [422, 'password']);
        for (let i = 0; i < 5; i += 1) {
            const wrong = await here.post(`sessions/${id}/end`, { password: 'guess' });
            assert.deepEqual([wrong.status, wrong.json.errors[0].field, wrong.json.errors[0].code], [422, 'password', 'password.own']);
        }
        const blocked = await here.post(`sessions/${id}/end`, { password });
        assert.equal(blocked.status, 429);
        assert.equal(blocked.headers['retry-after'], '900');
        assert.equal((await here.post('password', { current: password, new: 'a sentence for baoxue' })).status, 429, 'one counter for one password');
        assert.equal((await other.get('session')).status, 200);
        later(16);
        assert.equal((await here.post(`sessions/${id}/end`, { password })).status, 204);
    });

    test('somebody else\'s, or one that has ended: 404, whatever the password', async () => {
        const principal = await device('principal');
        const here = await device('teacher');
        const { id } = await own(principal);
        assert.equal((await here.post(`sessions/${id}/end`, { password })).status, 404);
        assert.equal((await principal.get('session')).status, 200);
        const mine = await own(here);
        assert.equal((await here.post(`sessions/${BigInt(mine.id) + 1n}/end`, { password })).status, 404);
    });

    test('this one: as signing out', async () => {
        const here = await device('teacher');
        const answer = await here.post(`sessions/${(await own(here)).id}/end`, { password });
        assert.equal(answer.status, 204);
        assert.match(answer.headers['set-cookie'][0], /Max-Age=0/);
        assert.equal((await server.sql('SELECT 1 FROM session')).length, 0);
    });

    test('another site cannot', async () => {
        const here = await device('teacher');
        const { id } = await own(here);
        const refused = await here.post(`sessions/${id}/end`, { password }, { headers: { origin: 'https://evil.example' } });
        assert.equal(refused.status, 403);
    });
});

describe('a session that nobody uses', () => {
    test('of staff ends: never earlier than the rule says, at most five minutes later, and says why', async () => {
        const client = await device('teacher');
        later(4);
        assert.equal((await client.get('session')).status, 200);
        later(123, 59);
        assert.equal((await client.get('session')).status, 200, 'two hours after the last use');
        later(123 + 124);
        assert.equal((await client.get('session')).status, 200, 'it was used');
        later(123 + 124 + 126);
        const over = await client.get('session');
        assert.equal(over.status, 401);
        assert.equal(over.json.code, 'unauthenticated');
        assert.equal(over.json.idle_minutes, 120);
        const again = await device('teacher');
        assert.equal((await list(again)).length, 1, 'and is in no list');
        const plain = await (await server.client(null)).get('session');
        assert.equal(plain.json.idle_minutes, undefined);
    });

    test('a page that asks by itself keeps nothing open', async () => {
        const client = await device('teacher');
        for (let minutes = 0; minutes < 125; minutes += 1) {
            later(minutes);
            const answer = await client.get('tasks/summary', { headers: { 'x-unattended': '1' } });
            assert.equal(answer.status, 200, `${minutes} minutes`);
        }
        later(126);
        assert.equal((await client.get('tasks/summary', { headers: { 'x-unattended': '1' } })).status, 401);
    });

    test('what is done between two such questions does', async () => {
        const client = await device('teacher');
        for (let minutes = 0; minutes < 250; minutes += 1) {
            later(minutes);
            assert.equal((await client.get('tasks/summary', { headers: { 'x-unattended': '1' } })).status, 200);
            if (minutes % 100 === 40) {
                assert.equal((await client.get('session')).status, 200);
            }
        }
    });

    test('of a guardian lasts its twelve hours', async () => {
        const client = await device('guardian', { agent: 'wechat' });
        later(12 * 60 - 1);
        assert.equal((await client.get('my-children')).status, 200);
        later(12 * 60);
        assert.equal((await client.get('my-children')).status, 401);
    });

    test('a school sets its own time, within bounds', async () => {
        const set = async (unit, value) => server.sql(`INSERT INTO rule_override (rule, unit_id, value, reason, set_by, set_at)
            VALUES ('session.idle_minutes', ?, ?, 'x', ?, ?)`, [world.units[unit].id, value, world.accounts.principal, '2026-09-01 08:00:00']);
        await set('school', '30');
        const client = await device('teacher');
        const elsewhere = await device('teacher2');
        later(36);
        assert.equal((await client.get('session')).status, 401);
        assert.equal((await elsewhere.get('session')).status, 200, 'of another school');
        const admin = await device('county');
        const refused = await admin.post('rules/set', { key: 'session.idle_minutes', unit_id: world.units.county.id, value: '5', reason: '太短' }, { version: 0 });
        assert.deepEqual([refused.status, refused.json.errors[0].field], [422, 'value'], refused.text);
    });

    test('costs a normal request no statement; use is written down each five minutes', async () => {
        const client = await device('teacher');
        const used = async () => (await server.sql("SELECT DATE_FORMAT(used_at, '%H:%i:%s') AS t FROM session"))[0].t;
        const statements = async () => Number((await client.get('sessions')).headers['x-statements']);
        await soon(async () => await statements() === 1);              // once the feed of revocations is read, the zone is believed
        later(0, 50);
        assert.equal(await statements(), 1, 'the list itself');
        assert.equal(await used(), '07:50:00');
        later(4, 59);
        await statements();
        assert.equal(await used(), '07:50:00');
        later(5);
        assert.ok(await statements() > 1);
        assert.equal(await used(), '07:55:00');
        assert.equal(await statements(), 1);
    });

    test('rows of sessions that are over do not stay, nor that they were ended', async () => {
        const client = await device('guardian');
        await client.del('session');
        await device('guardian');
        await device('teacher');
        later(12 * 60 + 1);
        const here = await device('teacher');
        server.runJobs();
        assert.equal((await server.sql('SELECT 1 FROM session')).length, 1);
        assert.equal((await server.sql('SELECT 1 FROM revocation WHERE at < ?', ['2026-09-21 18:00:00'])).length, 0);
        assert.equal((await here.get('session')).status, 200);
    });
});
