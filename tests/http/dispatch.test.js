// dispatch.test.js mirrors lib/web/dispatch.c: the gates every request passes before a handler sees it, and how a refusal
// looks. Uses the session and leave routes as they are.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { start } from '../lib/server.js';
import { buildWorld } from '../lib/world.js';

let server, world, mother, teacher, stranger;

before(async () => {
    server = await start({ clock: '2026-09-21T07:00:00+08:00' });
    world = await buildWorld(server);
    mother = await server.client('guardian');
    teacher = await server.client('teacher');
    stranger = await server.client(null);
});
after(() => server?.stop());

const body = () => ({
    student_id: String(world.students.siyu.id ?? world.students.siyu), kind: 'sick', starts_on: '2026-09-22', starts_period: 1,
    ends_on: '2026-09-22', ends_period: 7, reason: '发烧，在家休息',
});

function problem(answer, status, code) {
    assert.equal(answer.status, status, answer.text);
    assert.equal(answer.headers['content-type'], 'application/problem+json; charset=utf-8');
    assert.deepEqual([answer.json.type, answer.json.status, answer.json.code], ['about:blank', status, code]);
    assert.ok(answer.json.title && !answer.json.title.startsWith('error.'), answer.text);
    assert.ok(Array.isArray(answer.json.errors));
}

describe('where a request comes from', () => {
    for (const [name, headers, status] of [
        ['this site', {}, 201],
        ['another origin', { origin: 'https://evil.example' }, 403],
        ['origin null', { origin: 'null' }, 403],
        ['the same host on another port', { origin: 'http://127.0.0.1:1' }, 403],
        ['a prefix of the origin', { origin: 'http://127.0.0.1' }, 403],
        ['no origin, fetched by this site', { origin: null, 'sec-fetch-site': 'same-origin' }, 201],
        ['no origin, fetched by another site', { origin: null, 'sec-fetch-site': 'cross-site' }, 403],
        ['no origin, a sister site', { origin: null, 'sec-fetch-site': 'same-site' }, 403],
        ['no origin at all, but a key no form can send', { origin: null }, 201],
    ]) {
        test(`${name}: ${status}`, async () => {
            const answer = await mother.post('leave-requests', body(), { headers });
            if (status === 403) {
                problem(answer, 403, 'wrong_origin');
            } else {
                assert.equal(answer.status, status, answer.text);
            }
        });
    }

    test('no origin and no key: refused before anything else', async () => {
        problem(await mother.post('leave-requests', body(), { key: null, headers: { origin: null } }), 403, 'wrong_origin');
        problem(await stranger.post('session', { login: 'x', password: 'y' }, { key: null, headers: { origin: null } }), 403, 'wrong_origin');
    });

    test('reading from elsewhere is left to the browser', async () => {
        const answer = await mother.get('session', { headers: { origin: 'https://evil.example' } });
        assert.equal(answer.status, 200);
        assert.equal(answer.headers['access-control-allow-origin'], undefined);
    });
});

describe('keys', () => {
    for (const [name, key] of [['none', null], ['empty', ''], ['65 characters', 'k'.repeat(65)], ['a space', 'a b']]) {
        test(`${name}: refused`, async () => {
            problem(await mother.post('leave-requests', body(), { key }), 400, 'no_idempotency_key');
        });
    }

    test('64 printable characters will do', async () => {
        assert.equal((await mother.post('leave-requests', body(), { key: `~!${'k'.repeat(62)}` })).status, 201);
    });

    test('a refusal is not kept: the same key may be used again for the mended request', async () => {
        const key = randomUUID();
        problem(await mother.post('leave-requests', { ...body(), reason: '' }, { key }), 422, 'invalid');
        assert.equal((await mother.post('leave-requests', body(), { key })).status, 201);
    });
});

describe('paths and methods', () => {
    test('nothing there', async () => {
        for (const path of ['nothing', 'leave-requests/1/nothing', 'leave-requests/x', '', 'session/', 'session/%2e%2e/nothing',
            'leave-requests/382812322618357789/history/x', 'a'.repeat(4000)]) {
            problem(await mother.get(path), 404, 'not_found');
        }
    });

    test('another method is told which there are', async () => {
        const answer = await mother.request('PUT', 'leave-requests', { body: {} });
        problem(answer, 405, 'method_not_allowed');
        assert.deepEqual(answer.headers.allow.split(', ').sort(), ['GET', 'POST']);
    });

    test('HEAD is GET without the body', async () => {
        const answer = await mother.request('HEAD', 'leave-requests');
        assert.equal(answer.status, 200);
        assert.equal(answer.text, '');
        assert.ok(Number(answer.headers['content-length']) > 0);
    });

    test('nobody signed in: 401 whatever the route, but for those that say public', async () => {
        const doc = (await stranger.get('openapi.json')).json;
        let walked = 0;
        for (const [path, methods] of Object.entries(doc.paths)) {
            for (const [method, operation] of Object.entries(methods)) {
                if (operation.security.length > 0) {
                    const answer = await stranger.request(method.toUpperCase(), path.slice(1).replace('{id}', '7'),
                        { body: method === 'get' ? undefined : {}, version: 1 });
                    assert.equal(answer.status, 401, `${method} ${path}: ${answer.text}`);
                    walked += 1;
                }
            }
        }
        assert.ok(walked > 15, `${walked} routes`);
    });

    test('somebody without any position is refused everywhere but at the own session', async () => {
        const nobody = await server.client('nobody');
        const doc = (await stranger.get('openapi.json')).json;
        const own = ['/session', '/password', '/plugins', '/activation', '/sessions', '/tasks', '/tasks/summary', '/notices', '/notices/read'];
        for (const [path, methods] of Object.entries(doc.paths)) {
            for (const [method, operation] of Object.entries(methods)) {
                if (operation.security.length > 0 && !own.includes(path) && !path.startsWith('/second-factor')) {
                    const answer = await nobody.request(method.toUpperCase(), path.slice(1).replace('{id}', '7'),
                        { body: method === 'get' ? undefined : {}, version: 1 });
                    assert.ok([403, 404, 415, 422].includes(answer.status), `${method} ${path}: ${answer.status} ${answer.text}`);
                    assert.equal(answer.json.items, undefined);
                }
            }
        }
        for (const path of ['tasks', 'notices']) {                  // one's own, of which there is nothing
            assert.deepEqual((await nobody.get(path)).json.items, [], path);
        }
    });
});

describe('bodies', () => {
    const json = { headers: { 'content-type': 'application/json' } };

    for (const [name, text] of [['cut off', '{"kind": "si'], ['empty object key twice', '{"kind":"sick","kind":"other"}'],
        ['a NUL in a string', '{"kind":"a\\u0000b"}'], ['broken UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
        ['a lone surrogate', '{"reason":"\\ud800"}'], ['nested without end', '['.repeat(100000)], ['a number', '7'], ['a word', 'null']]) {
        test(`${name}: 400`, async () => {
            const answer = await mother.post('leave-requests', text, json);
            problem(answer, 400, 'bad_json');
        });
    }

    test('whatever Unicode people write comes back byte for byte', async () => {
        for (const reason of ['𠮷野家 👩‍👧‍👦 看病', 'مرض مفاجئ', 'a\u200db\u2028c 病', '‮反向‬文字', '᠎ 蒙文 ᠮᠣᠩᠭᠣᠯ', '"\\/<script>&amp;', 'é é']) {
            const made = await mother.post('leave-requests', { ...body(), reason });
            assert.equal(made.status, 201, made.text);
            assert.equal(made.json.reason, reason);
            assert.equal((await mother.get(`leave-requests/${made.json.id}`)).json.reason, reason);
        }
    });

    test('a declared type that is not JSON', async () => {
        for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/jsonp', 'multipart/form-data; boundary=x']) {
            problem(await mother.post('leave-requests', '{}', { headers: { 'content-type': type } }), 415, 'media_type');
        }
        const answer = await mother.post('leave-requests', JSON.stringify(body()),
            { headers: { 'content-type': 'application/json; charset=utf-8' } });
        assert.equal(answer.status, 201, answer.text);
    });
});

describe('language', () => {
    test('what the browser asks for, until the account has chosen', async () => {
        const title = async (client, language) =>
            (await client.get('leave-requests/7', { headers: { 'accept-language': language } })).json.title;
        assert.equal(await title(mother, 'zh-CN,zh;q=0.9,en;q=0.8'), '没有找到，或者您看不到');
        assert.equal(await title(mother, 'en-GB,en;q=0.9'), 'Not found, or not yours to see.');
        assert.equal(await title(mother, 'fr'), '没有找到，或者您看不到');
    });
});

describe('when the database is away', () => {
    test('503 with Retry-After, the page stays up, and the same key makes one record afterwards', async () => {
        const key = randomUUID();
        const request = body();
        await server.stopDatabase('SIGKILL');
        const answer = await mother.post('leave-requests', request, { key });
        problem(answer, 503, 'unavailable');
        assert.ok(Number(answer.headers['retry-after']) >= 1);
        assert.equal((await stranger.get('/')).status, 200);
        assert.equal((await stranger.get('/healthz')).status, 200);
        assert.equal((await stranger.get('/readyz')).status, 503);
        await server.startDatabase();
        const first = await mother.post('leave-requests', request, { key });
        assert.equal(first.status, 201, first.text);
        assert.equal((await mother.post('leave-requests', request, { key })).text, first.text);
        assert.equal((await stranger.get('/readyz')).status, 200);
        assert.ok(!/发烧|罗思雨|520402/.test(server.logs()), 'nothing about a child in any log');
    });
});

test('reading changes nothing: every GET of every role leaves the domain as it was', async () => {
    const tables = ['student', 'guardian', 'student_guardian', 'enrolment', 'org_unit', 'leave_request', 'history', 'account',
        'activation', 'attachment', 'import', 'rule_override', 'term'];
    const sums = async () => JSON.stringify(await server.sql(`CHECKSUM TABLE ${tables.join(', ')}`));
    const doc = (await stranger.get('openapi.json')).json;
    const people = ['guardian', 'teacher', 'office', 'principal', 'county'];
    const clients = await Promise.all(people.map((login) => server.client(login)));      // signing in writes
    const before = await sums();
    for (const [i, client] of clients.entries()) {
        for (const [path, methods] of Object.entries(doc.paths)) {
            if (methods.get) {
                const answer = await client.get(path.slice(1).replace('{id}', String(world.students.siyu.id ?? world.students.siyu)));
                assert.ok(answer.status < 500, `${people[i]} GET ${path}: ${answer.text}`);
            }
        }
    }
    assert.equal(await sums(), before);
    assert.ok(teacher);
});
