// refused.test.js: the log of refusals: who was turned away, from where, on which route and why, and nothing else about anybody.

import assert from 'node:assert/strict';
import dgram from 'node:dgram';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { until } from '../lib/processes.js';
import { accountPassword, start } from '../lib/server.js';
import { buildWorld } from '../lib/world.js';

const now = '2026-09-21T07:50:00+08:00';
const form = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d refused status=(\d{3}) reason=([a-z_.]+) method=([A-Z]+) route=(\S+) account=(\d+|-) address=(\S+)$/;
const sent = [];
let server;
let world;
let syslog;

before(async () => {
    syslog = dgram.createSocket('udp4');
    syslog.on('message', (message) => sent.push(message.toString()));
    await new Promise((resolve) => { syslog.bind(0, '127.0.0.1', resolve); });
    server = await start({
        clock: now, idle: true,
        server: 'set_real_ip_from 127.0.0.1; real_ip_header X-Test-Address;' +
            'access_log "log/access.log" baoxue; access_log "log/refused.log" baoxue_refused if=$baoxue_refused;' +
            `access_log syslog:server=127.0.0.1:${syslog.address().port},facility=authpriv,tag=baoxue,severity=warn baoxue_refused if=$baoxue_refused;`,
    });
    world = await buildWorld(server);
});
after(async () => {
    await server?.stop();
    syslog?.close();
});

const lines = () => fs.readFileSync(path.join(server.dir, 'log/refused.log'), 'utf8').split('\n').filter(Boolean);
let address = 1;

/** A client of a network of its own, by which its lines are known. */
async function person(login) {
    const client = await server.client(null);
    const request = client.request.bind(client);
    address += 1;
    client.address = `10.9.${address >> 8}.${address & 255}`;
    client.request = (method, to, options = {}) => request(method, to, { ...options, headers: { 'x-test-address': client.address, ...options.headers } });
    if (login) {
        const answer = await client.post('session', { login, password: accountPassword });
        assert.equal(answer.status, 201, answer.text);
    }
    return client;
}

/** The fields of the lines that came from there, once there are so many: nginx writes them after the answer has gone. */
async function told(client, n = 1) {
    const mine = () => lines().map((line) => form.exec(line)).filter((found) => found?.[6] === client.address);
    await until(`${n} lines`, () => mine().length >= n, 5);
    assert.equal(mine().length, n);
    return mine().map(([, status, reason, method, route, account]) => [Number(status), reason, method, route, account]);
}

/** The same request so many times over one connection, all sent at once. */
const pipeline = (request, times) => new Promise((resolve, reject) => {
    const socket = net.connect(server.port, '127.0.0.1');
    let text = '';

    socket.on('error', reject);
    socket.on('data', (bytes) => {
        text += bytes.toString('latin1');
        if (text.split('HTTP/1.1 405').length > times) {
            socket.destroy();
            resolve();
        }
    });
    socket.on('close', () => reject(new Error(`too few answers: ${text.slice(-400)}`)));
    socket.write(request.repeat(times));
});

describe('the log of refusals', () => {
    test('without the right: who, what, from where', async () => {
        const client = await person('teacher');
        assert.equal((await client.post('accounts', { name: '王小明', login: 'xiaoming', role: 'teacher', unit_id: world.units.school.id })).status, 403);
        assert.deepEqual(await told(client), [[403, 'forbidden', 'POST', 'accounts', world.accounts.teacher]]);
    });

    test('from another site: whose browser it was', async () => {
        const client = await person('teacher');
        await until('the session remembered', async () => (await client.get('session')).status === 200);
        const { id } = (await client.get('sessions')).json.items[0];
        assert.equal((await client.post(`sessions/${id}/end`, {}, { headers: { origin: 'https://evil.example' } })).status, 403);
        assert.deepEqual(await told(client), [[403, 'wrong_origin', 'POST', 'sessions/{id}/end', world.accounts.teacher]]);
    });

    test('a session that has ended, that nobody used, and none', async () => {
        const client = await person('principal');
        const [cookie] = client.cookies;
        assert.equal((await client.del('session')).status, 204);
        client.cookies.set(...cookie);
        assert.equal((await client.get('students')).status, 401);
        assert.deepEqual(await told(client), [[401, 'session_over', 'GET', 'students', '-']]);

        const idle = await person('principal');
        await server.sql('UPDATE session SET used_at = used_at - INTERVAL 126 MINUTE');
        server.setClock('2026-09-21T07:51:01+08:00');
        assert.equal((await idle.get('students')).status, 401);
        assert.deepEqual(await told(idle), [[401, 'session_idle', 'GET', 'students', world.accounts.principal]]);
        server.setClock(now);

        const nobody = await person();
        assert.equal((await nobody.get('session')).status, 401);
        assert.equal((await nobody.get(`students?q=${encodeURIComponent('王小明')}`)).status, 401);
        assert.deepEqual(await told(nobody), [[401, 'unauthenticated', 'GET', 'students', '-']]);
    });

    test('passwords that are guessed, until that is too often', async () => {
        const client = await person();
        for (let i = 0; i < 6; i += 1) {
            await client.post('session', { login: 'vice', password: `secret mistake ${i}` });
        }
        const seen = await told(client, 6);
        assert.deepEqual(seen.slice(0, 5), Array(5).fill([401, 'sign_in_failed', 'POST', 'session', '-']));
        assert.deepEqual(seen[5], [429, 'throttled', 'POST', 'session', '-']);
    });

    test('what no page sends: fields, bodies, methods, keys, lengths', async () => {
        const client = await person('guardian');
        const ask = [
            [() => client.post('leave-requests', { student_id: world.students.siyu, state: 'approved' }), 422, 'unknown_field', 'leave-requests'],
            [() => client.post('leave-requests', '{"a":', { headers: { 'content-type': 'application/json' } }), 400, 'bad_json', 'leave-requests'],
            [() => client.post('leave-requests', '<a/>', { headers: { 'content-type': 'text/xml' } }), 415, 'media_type', 'leave-requests'],
            [() => client.post('leave-requests', {}, { key: null, headers: { origin: null } }), 403, 'wrong_origin', 'leave-requests'],
            [() => client.post('leave-requests', {}, { key: 'x'.repeat(65) }), 400, 'no_idempotency_key', 'leave-requests'],
            [() => client.request('PUT', 'leave-requests'), 405, 'method_not_allowed', 'unknown'],
            [() => client.post('leave-requests', `"${'x'.repeat(300 * 1024)}"`, { headers: { 'content-type': 'application/json' } }), 413, 'too_large', 'refused'],
        ];
        for (const [send, status, reason] of ask) {
            const answer = await send();
            assert.equal(answer.status, status, `${reason}: ${answer.text}`);
        }
        const seen = await told(client, ask.length);
        assert.deepEqual(seen.map(([status, reason, , route]) => [status, reason, route]), ask.map(([, status, reason, route]) => [status, reason, route]));
        assert.ok(seen.slice(0, 5).every(([, , , , account]) => account === world.accounts.guardian));
    });

    test('not: a form filled in wrongly, what is not there, what is well', async () => {
        const client = await person('guardian');
        assert.equal((await client.post('leave-requests', { student_id: world.students.siyu })).status, 422);
        assert.equal((await client.get('accounts')).status, 403);
        assert.equal((await client.get('leave-requests/123456789')).status, 404);
        assert.equal((await client.get('my-children')).status, 200);
        assert.deepEqual(await told(client), [[403, 'forbidden', 'GET', 'accounts', world.accounts.guardian]]);
    });

    test('an administrator who ends a teacher\'s sessions is not taken for the teacher', async () => {
        const admin = await person('county');
        const { json } = await admin.get(`accounts/${world.accounts.teacherB}`);
        assert.equal((await admin.post(`accounts/${json.id}/sign-out`, {}, { version: json.version })).status, 200);
        assert.equal((await admin.post(`accounts/${json.id}/sign-out`, { other: 1 }, { version: json.version })).status, 422);
        assert.deepEqual(await told(admin), [[422, 'unknown_field', 'POST', 'accounts/{id}/sign-out', world.accounts.county]]);
    });

    test('one form, no name, number, query or body in it', async () => {
        const all = lines();
        assert.ok(all.length > 15);
        all.forEach((line) => assert.match(line, form));
        const text = fs.readFileSync(path.join(server.dir, 'log/refused.log'), 'latin1') + fs.readFileSync(server.errorLog, 'latin1');
        for (const word of ['王小明', 'xiaoming', 'secret mistake', '%E7%8E%8B', world.students.siyu, 'evil.example']) {
            assert.ok(!text.includes(Buffer.from(String(word)).toString('latin1')), word);
        }
    });

    test('goes to a syslog as docs/install.md says', async () => {
        await until('lines there', () => sent.length >= lines().length, 5);
        const of = /^<84>\w{3} [ \d]\d \d\d:\d\d:\d\d \S+ baoxue: (.*)$/.exec(sent[0]);           // authpriv, warning
        assert.match(of[1], form);
        const install = fs.readFileSync(new URL('../../docs/install.md', import.meta.url), 'utf8');
        assert.match(install, /access_log syslog:server=\S+,facility=authpriv,tag=baoxue,severity=warn baoxue_refused if=\$baoxue_refused;/);
    });

    test('of a flood the first hundred of a second; all are counted', async () => {
        const before_ = lines().length;
        const plain = await server.client(null);
        const figure = async (name) => Number(new RegExp(`^${name} (\\d+)$`, 'm').exec((await plain.get('/metrics')).text)[1]);
        const counted = await figure('baoxue_refused_total');
        const begun = Date.now();
        await Promise.all(Array.from({ length: 4 }, () => pipeline('PUT /api/v1/students HTTP/1.1\r\nHost: localhost\r\n\r\n', 300)));
        const took = Date.now() - begun;
        assert.equal(await figure('baoxue_refused_total') - counted, 1200);
        const unlogged = await figure('baoxue_refused_unlogged_total');
        await until('the last line', () => lines().length - before_ + unlogged === 1200, 5);
        const seconds = new Map();
        lines().slice(before_).forEach((line) => seconds.set(line.slice(0, 19), (seconds.get(line.slice(0, 19)) || 0) + 1));
        assert.ok([...seconds.values()].every((n) => n <= 110), JSON.stringify([...seconds]));
        assert.ok(took > 6000 || unlogged > 0, `${took} ms`);
        if (unlogged > 0) {
            assert.match(fs.readFileSync(server.errorLog, 'utf8'), /\[notice\] .* more than 100 refusals in a second/);
        }
    });
});
