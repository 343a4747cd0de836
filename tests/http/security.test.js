// security.test.js: what a stranger, another site or a curious user might try against the whole of it, by the bytes on the
// wire: every write route from another site, headers of every answer, redirects, names of hosts, paths that climb, lines
// smuggled into headers, requests smuggled into requests, tokens in wrong places, cookies over TLS, locking others out.
//
// Gates of one route each are in dispatch.test.js, passwords and counting in session.test.js, files in attachments.test.js,
// who may what in walk.test.js, text that is odd in fuzz_api.test.js and unicode.test.js, files that swell in bombs.test.js.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { connect as connectTls } from 'node:tls';
import { after, before, describe, test } from 'node:test';
import { accountPassword, start } from '../lib/server.js';
import { baoxuectl, top } from '../lib/database.js';
import { freePort, run, temporary, until } from '../lib/processes.js';
import mysql from 'mysql2/promise';
import { buildWorld } from '../lib/world.js';

const now = '2026-09-21T07:50:00+08:00';
const evil = 'https://evil.example';
let server;
let world;
let stranger;
let mother;
let teacher;
let county;
let api;
let tlsPort;
let certificate;
let plainPort;

before(async () => {
    const dir = certificate = temporary();
    tlsPort = await freePort();
    plainPort = await freePort();
    // as an administrator is given it, with another port and name
    const installed = fs.readFileSync(path.join(top, 'conf/baoxue.conf'), 'utf8');
    const [plain] = /^server \{\n {4}listen 80;[^]*?^\}$/m.exec(installed);
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=localhost',
        '-keyout', `${dir}/key.pem`, '-out', `${dir}/cert.pem`], { stdio: 'ignore' });
    server = await start({
        clock: now, lifetime: '12h', http: plain.replace('listen 80;', `listen 127.0.0.1:${plainPort};`).replace('baoxue.example.cn', 'school.example')
            .replace(/access_log .*;/, ''), server: `set_real_ip_from 127.0.0.1; real_ip_header X-Test-Address;
            listen 127.0.0.1:${tlsPort} ssl; ssl_certificate "${dir}/cert.pem"; ssl_certificate_key "${dir}/key.pem";`,
    });
    world = await buildWorld(server);
    [stranger, mother, teacher, county] = await Promise.all([null, 'guardian', 'teacher', 'county'].map((login) => server.client(login)));
    api = (await stranger.get('openapi.json')).json;
});
after(async () => {
    await server?.stop();
    fs.rmSync(certificate, { recursive: true, force: true });
});

const operations = () => Object.entries(api.paths).flatMap(([at, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ at: at.slice(1).replace('{id}', world.students.siyu), method: method.toUpperCase(), operation })));

/** Bytes on a connection of their own; comes back with whatever was answered until it is closed or quiet. */
function raw(bytes, { port = server.port, secure = false, quiet = 400 } = {}) {
    return new Promise((resolve, reject) => {
        const socket = secure ? connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false }) : net.connect(port, '127.0.0.1');
        const chunks = [];
        let timer;
        const done = () => { clearTimeout(timer); socket.destroy(); resolve(Buffer.concat(chunks).toString('latin1')); };
        const wait = (ms) => { clearTimeout(timer); timer = setTimeout(done, ms); };
        socket.on(secure ? 'secureConnect' : 'connect', () => { socket.write(bytes, 'latin1'); wait(5000); });
        socket.on('data', (chunk) => { chunks.push(chunk); wait(quiet); });
        socket.on('end', done);
        socket.on('error', (e) => (chunks.length > 0 || e.code === 'ECONNRESET' || e.code === 'EPIPE' ? done() : reject(e)));
    });
}

const statusOf = (text) => Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1]);
const statuses = (text) => [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
const cookieOf = (client) => [...client.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
const checksums = async () => {
    const tables = (await server.sql('SHOW TABLES')).map((row) => Object.values(row)[0])
        .filter((name) => !['throttle', 'session', 'revocation', 'audit_event', 'audit_chain', 'idempotency_key'].includes(name));
    return JSON.stringify(await server.sql(`CHECKSUM TABLE ${tables.map((name) => `\`${name}\``).join(', ')}`));
};

describe('from another site', () => {
    test('every route that writes is refused, whatever it is sent, and nothing has changed', async () => {
        const sums = await checksums();
        let tried = 0;
        for (const { at, method } of operations().filter((one) => one.method !== 'GET')) {
            for (const [name, options] of [
                ['with the page\'s script', { headers: { origin: evil } }],
                ['from a sandbox', { headers: { origin: 'null' } }],
                ['as a form sends it', { key: null, headers: { origin: evil, 'content-type': 'application/x-www-form-urlencoded' }, body: 'reason=x' }],
                ['as a form sends it that hides where it is', { key: null, headers: { origin: null, 'content-type': 'text/plain' }, body: '{"reason":"x"}' }],
                ['by a browser that says so', { headers: { origin: null, 'sec-fetch-site': 'cross-site' } }],
            ]) {
                const answer = await county.request(method, at, { body: {}, version: 1, ...options });
                assert.equal(answer.status, 403, `${method} ${at} ${name}: ${answer.status} ${answer.text}`);
                assert.equal(answer.json.code, 'wrong_origin');
                assert.equal(answer.headers['access-control-allow-origin'], undefined);
                tried += 1;
            }
        }
        assert.ok(tried > 300, `${tried}`);
        assert.equal(await checksums(), sums);
    });

    test('signing somebody in or out is refused too', async () => {
        const victim = await server.client('teacherB');
        assert.equal((await victim.post('session', { login: 'teacher', password: accountPassword }, { headers: { origin: evil } })).status, 403);
        assert.equal((await victim.del('session', { headers: { origin: evil } })).status, 403);
        assert.equal((await victim.get('session')).json.account.login, 'teacherb');
    });

    test('a preflight is promised nothing', async () => {
        for (const at of ['leave-requests', 'session', 'students']) {
            const answer = await stranger.request('OPTIONS', at, { key: null, headers: { origin: evil, 'access-control-request-method': 'POST', 'access-control-request-headers': 'idempotency-key' } });
            assert.ok(answer.status >= 400, `${answer.status}`);
            assert.deepEqual(Object.keys(answer.headers).filter((name) => name.startsWith('access-control-')), []);
        }
    });

    test('a GET is a GET, whatever it says it should be', async () => {
        const sums = await checksums();
        const override = { 'x-http-method-override': 'DELETE', 'x-http-method': 'POST', 'x-method-override': 'PATCH' };
        for (const { at } of operations().filter((one) => one.method === 'POST')) {
            const answer = await county.get(`${at}?_method=POST&method=POST`, { headers: { ...override, 'idempotency-key': 'k' } });
            assert.ok(answer.status < 500, `${at}: ${answer.status}`);
        }
        assert.equal((await mother.get('session', { headers: override })).json.account.id, world.accounts.guardian);
        assert.equal(await checksums(), sums);
    });
});

describe('tokens', () => {
    test('count in the cookie and nowhere else', async () => {
        const [[name, token]] = [...mother.cookies];
        for (const [at, headers] of [[`session?${name}=${token}`, {}], [`session?token=${token}`, {}], ['session', { authorization: `Bearer ${token}` }],
            ['session', { 'x-session': token }], ['session', { cookie: `__Host-baoxue=${token}` }], ['session', { cookie: `${name}x=${token}` }], ['session', { cookie: `x${name}=${token}` }]]) {
            assert.equal((await stranger.get(at, { headers })).status, 401, JSON.stringify([at, headers]));
        }
        assert.equal((await stranger.get('session', { headers: { cookie: `${name}=${token}` } })).status, 200);
    });

    test('that are almost right are wrong', async () => {
        const [[name, token]] = [...mother.cookies];
        const other = token.endsWith('A') ? 'Q' : 'A';
        for (const value of [token.slice(0, -1) + other, token.slice(0, -1), `${token}A`, token.toUpperCase(), ` ${token}x`, `${token}\u0000`.slice(0, -1).repeat(2), '', '%00', 'A'.repeat(8000)]) {
            const answer = await raw(`GET /api/v1/session HTTP/1.1\r\nHost: x\r\nConnection: close\r\nCookie: ${name}=${value}\r\n\r\n`);
            assert.ok([400, 401].includes(statusOf(answer)), `${JSON.stringify(value.slice(0, 60))}: ${statusOf(answer)}`);
        }
    });

    test('planted beside the right one do not replace who is signed in', async () => {
        const planted = await server.client('father');
        const [[name, thief]] = [...planted.cookies];
        const [[, own]] = [...mother.cookies];
        for (const cookie of [`${name}=${thief}; ${name}=${own}`, `${name}=${own}; ${name}=${thief}`]) {
            const answer = await stranger.get('session', { headers: { cookie } });
            assert.ok(answer.status === 401 || [world.accounts.guardian, world.accounts.father].includes(answer.json.account.id));
        }
        const before = (await mother.get('session')).json.account.id;
        const again = await stranger.post('session', { login: 'guardian', password: accountPassword }, { headers: { cookie: `${name}=${'B'.repeat(43)}`, 'x-test-address': '10.77.0.1' } });
        assert.equal(again.status, 201);
        assert.doesNotMatch(again.headers['set-cookie'][0], /B{43}/);
        assert.equal(again.json.account.id, before);
        stranger.cookies.clear();
    });

    test('never stand in an answer, a log or a page', async () => {
        const [[, token]] = [...mother.cookies];
        for (const at of ['session', 'plugins', 'my-children', 'nothing']) {
            assert.ok(!(await mother.get(at)).text.includes(token), at);
        }
        assert.ok(!server.logs().includes(token));
    });
});

describe('over TLS', () => {
    const sign = (headers = '') => {
        const body = JSON.stringify({ login: 'guardianhao', password: accountPassword });
        return `POST /api/v1/session HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nOrigin: ${server.origin}\r\nIdempotency-Key: ${Math.random()}\r\nContent-Type: application/json\r\n${headers}Content-Length: ${body.length}\r\n\r\n${body}`;
    };

    test('the cookie goes to this host alone, over TLS alone, and not to scripts', async () => {
        // the name says what the browser must insist on: the development cookie is for servers without TLS
        const conf = fs.readFileSync(path.join(server.dir, 'nginx.conf'), 'utf8');
        fs.writeFileSync(path.join(server.dir, 'nginx.conf'), conf.replace('baoxue_insecure_cookie on;', ''));
        try {
            await server.reload({ drained: true });
            const answer = await raw(sign(), { port: tlsPort, secure: true });
            assert.equal(statusOf(answer), 201, answer);
            const cookies = [...answer.matchAll(/^set-cookie: (.*)\r$/gim)].map(([, value]) => value);
            assert.equal(cookies.length, 1);
            assert.match(cookies[0], /^__Host-baoxue=[\w-]{43}; /);
            const attributes = cookies[0].split('; ').slice(1);
            for (const one of ['Path=/', 'HttpOnly', 'Secure', 'SameSite=Lax']) {
                assert.ok(attributes.includes(one), `${one} in ${cookies[0]}`);
            }
            assert.ok(!attributes.some((one) => /^domain/i.test(one)), 'a __Host- cookie has no domain');
            const signedOut = await raw(`DELETE /api/v1/session HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nOrigin: ${server.origin}\r\nIdempotency-Key: out\r\nCookie: ${cookies[0].split(';')[0]}\r\n\r\n`,
                { port: tlsPort, secure: true });
            assert.match(signedOut, /^set-cookie: __Host-baoxue=;.*(Max-Age=0|1970)/im);
            assert.match(signedOut, /^set-cookie: .*; Secure/im, 'a browser keeps a __Host- cookie that is deleted without Secure');
        } finally {
            fs.writeFileSync(path.join(server.dir, 'nginx.conf'), conf);
            await server.reload({ drained: true });
        }
    });

    test('the browser is told to stay with it, by every answer', async () => {
        for (const at of ['/', '/js/app.js', '/nothing', '/.git/config', '/api/v1/session', '/api/v1/nothing', '/healthz', '/readyz', '/metrics']) {
            const answer = await raw(`GET ${at} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`, { port: tlsPort, secure: true });
            assert.match(answer, /^strict-transport-security: max-age=31536000; includeSubDomains\r$/im, at);
            assert.doesNotMatch(await raw(`GET ${at} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`), /^strict-transport-security:/im, at);
        }
    });
});

describe('without TLS', () => {
    const ask = (method, at, more = '') => raw(`${method} ${at} HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n${more}\r\n`, { port: plainPort });

    test('a page is sent on to TLS, to the name of the server whatever name was asked for', async () => {
        for (const at of ['/', '/index.html', '/js/app.js', '/verify.html?code=1', '/apis', '/nothing']) {
            for (const method of ['GET', 'HEAD']) {
                const answer = await ask(method, at);
                assert.equal(statusOf(answer), 301, `${method} ${at}`);
                assert.ok(answer.includes(`\r\nLocation: https://school.example${at}\r\n`), answer);
                assert.doesNotMatch(answer, /^(set-cookie|strict-transport-security):/im);
            }
        }
        assert.equal(statusOf(await ask('POST', '/', 'Content-Length: 0\r\n')), 405);
    });

    test('nothing of the API is answered or sent on, and nothing is done', async () => {
        const sessions = async () => Number((await server.sql('SELECT COUNT(*) AS n FROM session'))[0].n);
        const had = await sessions();
        const body = JSON.stringify({ login: 'guardianhao', password: accountPassword });
        const right = `Origin: ${server.origin}\r\nIdempotency-Key: plain\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
        const asked = [['POST', '/api/v1/session', right], ...operations().map(({ at, method }) => [method, `/api/v1/${at}`, 'Content-Length: 0\r\n']),
            ['GET', '/api', ''], ['GET', '/%61pi/v1/session', ''], ['GET', '/x/../api/v1/session', ''], ['GET', '//api/v1/session', ''],
            ['GET', '/readyz', ''], ['GET', '/healthz', ''], ['GET', '/metrics', '']];
        for (const [method, at, more] of asked) {
            const answer = await ask(method, at, more);
            assert.equal(statusOf(answer), 403, `${method} ${at}: ${answer}`);
            assert.match(answer, /^content-type: application\/problem\+json; charset=utf-8\r$/im);
            assert.doesNotMatch(answer, /^(location|set-cookie):/im);
            if (method !== 'HEAD') {
                const problem = JSON.parse(Buffer.from(answer.split('\r\n\r\n')[1], 'latin1').toString());
                assert.deepEqual([problem.status, problem.code], [403, 'https_only']);
            }
        }
        assert.ok(asked.length > 100, `${asked.length}`);
        assert.equal(await sessions(), had);
    });

    test('plain HTTP to the port of TLS is refused, too', async () => {
        for (const at of ['/', '/api/v1/session']) {
            const answer = await raw(`GET ${at} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`, { port: tlsPort });
            assert.equal(statusOf(answer), 400, at);
            assert.match(answer, /plain HTTP request was sent to HTTPS port/);
        }
    });
});

describe('pages', () => {
    const everything = ['/', '/index.html', '/js/app.js', '/css/baoxue.css', '/sw.js', '/manifest.webmanifest', '/icon.svg', '/locale/zh-CN/core.json', '/nothing', '/.git/config', '/js', '/healthz', '/readyz',
        '/api/', '/api/v1/session', '/api/v1/openapi.json', '/api/v1/texts?lang=en', '/api/v1/nothing', '/api/v2/x'];

    test('are not framed and not guessed at, whatever is asked for', async () => {
        for (const client of [stranger, county]) {
            for (const at of everything) {
                const { headers, status } = await client.get(at);
                assert.match(headers['content-security-policy'] ?? '', /frame-ancestors 'none'/, `${at} ${status}`);
                assert.match(headers['content-security-policy'], /default-src 'none'/, at);
                assert.doesNotMatch(headers['content-security-policy'], /unsafe|\*|http:/, at);
                assert.equal(headers['x-content-type-options'], 'nosniff', at);
                assert.doesNotMatch(headers.server ?? '', /\d/, `${at}: the version of nginx is nobody's business`);
                assert.equal(headers['x-powered-by'], undefined);
            }
        }
    });

    test('of data say so, in UTF-8, and are kept by nobody', async () => {
        for (const { at } of operations().filter(({ method }) => method === 'GET')) {
            const { headers, status, text } = await county.get(at);
            assert.ok(text === '' || headers['content-type'] !== undefined, at);
            assert.doesNotMatch(headers['content-type'], /html/, at);
            assert.equal(headers['x-content-type-options'], 'nosniff', at);
            assert.ok(!/json|text|csv/.test(headers['content-type']) || /charset=utf-8/i.test(headers['content-type']), `${at}: ${headers['content-type']}`);
            assert.match(headers['cache-control'], at === 'texts' || at === 'openapi.json' ? /./ : /no-store/, `${at} ${status}`);
        }
    });

    test('carry no script, style or handler of their own', () => {
        const page = fs.readFileSync(path.join(top, 'html/index.html'), 'utf8');
        assert.doesNotMatch(page, /<script(?![^>]*\ssrc=)[^>]*>/i);
        assert.doesNotMatch(page, /<style|\son\w+=|\sstyle=|javascript:|https?:\/\/(?!www\.w3\.org)/i);
    });

    test('and no script makes markup or code of text', () => {
        const scripts = fs.readdirSync(path.join(top, 'html/js'), { recursive: true }).filter((name) => name.endsWith('.js'));
        assert.ok(scripts.length > 40);
        for (const name of scripts) {
            const text = fs.readFileSync(path.join(top, 'html/js', name), 'utf8');
            assert.doesNotMatch(text, /\beval\(|new Function\(|dangerouslySetInnerHTML|\.outerHTML\s*=|insertAdjacentHTML|document\.write|postMessage\(.*['"]\*['"]|setTimeout\(['"`]/, name);
        }
    });
});

describe('redirects and names of hosts', () => {
    const elsewhere = ['//evil.example', '//evil.example/', '//evil.example/%2e%2e', '/%2f%2fevil.example', '/\\evil.example', '/%5cevil.example', '/https://evil.example', '//evil.example/js', '/js//evil.example/..',
        '/js', '/css', '/locale/en', '/vendor', '/?next=https://evil.example', '/?url=//evil.example', '/index.html?redirect=https://evil.example', '/api', '/api/v1', '/%0d%0alocation:%20https://evil.example'];

    test('no answer sends anybody elsewhere', async () => {
        for (const host of ['evil.example', `127.0.0.1:${server.port}`]) {
            for (const at of elsewhere) {
                const text = await raw(`GET ${at} HTTP/1.1\r\nHost: ${host}\r\nX-Forwarded-Host: evil.example\r\nConnection: close\r\n\r\n`);
                const to = /^location: (.*)\r$/im.exec(text)?.[1];
                if (to !== undefined) {
                    assert.match(to, /^\/(?![/\\])/, `${at} at ${host}: ${to}`);
                    assert.doesNotMatch(to, /^[^?#]*evil\.example\/?$/, at);
                }
            }
        }
    });

    test('nothing that is written down or answered takes the name of the server from the request', async () => {
        const made = await mother.post('leave-requests', {
            action: 'save', student_id: world.students.siyu, kind: 'sick', starts_on: '2026-09-22', starts_period: 1, ends_on: '2026-09-22', ends_period: 7, reason: '发烧',
        }, { headers: { host: 'evil.example' } });
        assert.equal(made.status, 201, made.text);
        assert.ok(made.headers.location.startsWith('/api/v1/leave-requests/'), made.headers.location);
        for (const { at } of operations().filter(({ method }) => method === 'GET')) {
            const { text, headers } = await county.get(at, { headers: { host: 'evil.example', 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'gopher', forwarded: 'host=evil.example' } });
            assert.doesNotMatch(text + JSON.stringify(headers), /evil\.example|gopher/, at);
        }
    });

    test('an origin that is the name in the request is no reason to trust it', async () => {
        const answer = await mother.post('leave-requests', {}, { headers: { host: 'evil.example', origin: 'http://evil.example' } });
        assert.equal(answer.json.code, 'wrong_origin');
    });

    test('who asks is who is connected, not who a header says', async () => {
        const client = await server.client('grade');
        const own = (await server.sql('SELECT address FROM session WHERE account_id = ? ORDER BY created_at DESC', [world.accounts.grade]))[0].address;
        await client.post('session', { login: 'grade', password: accountPassword },
            { headers: { 'x-forwarded-for': '203.0.113.9', 'x-real-ip': '203.0.113.9', forwarded: 'for=203.0.113.9', 'client-ip': '203.0.113.9' } });
        const rows = await server.sql('SELECT DISTINCT address FROM session WHERE account_id = ?', [world.accounts.grade]);
        assert.deepEqual(rows.map(({ address }) => address), [own]);
    });
});

describe('with the database account of the server', () => {
    const refused = [1142, 1044, 1227, 1370];
    const denied = async (as, sql) => {
        const error = await as.query(sql).then(() => null, (e) => e);
        assert.ok(error !== null && refused.includes(error.errno), `${sql}: ${error?.message ?? 'done'}`);
    };
    let account;
    before(async () => {
        account = await mysql.createConnection({ socketPath: server.database.socket, user: 'baoxue', database: 'baoxue',
            password: fs.readFileSync(path.join(server.dir, 'db-password'), 'utf8').trim() });
    });
    after(() => account.end());

    test('what is in the audit chain cannot be rewritten, only added to', async () => {
        assert.ok((await account.query('SELECT COUNT(*) AS n FROM audit_event'))[0][0].n > 0);
        for (const sql of ["UPDATE audit_event SET payload = '{}' LIMIT 1", 'DELETE FROM audit_event LIMIT 1', 'TRUNCATE TABLE audit_event', 'DROP TABLE audit_event',
            'REPLACE INTO audit_event SELECT * FROM audit_event LIMIT 1', 'RENAME TABLE audit_event TO audit_gone',
            "INSERT INTO audit_event SELECT * FROM audit_event LIMIT 1 ON DUPLICATE KEY UPDATE payload = '{}'"]) {
            await denied(account, sql);
        }
    });

    test('rows are all it may change: no tables, no accounts, no other database, no files', async () => {
        await account.query('UPDATE student SET name = name WHERE FALSE');
        await account.query('DELETE FROM student WHERE FALSE');
        await account.query('BEGIN NOT ATOMIC DECLARE n INT DEFAULT 1; UPDATE student SET version = n WHERE FALSE; END');
        for (const sql of ['CREATE TABLE more (id INT)', 'ALTER TABLE student ADD COLUMN more INT', 'DROP TABLE student', 'CREATE INDEX more ON student (name)',
            'CREATE VIEW more AS SELECT 1', 'CREATE TRIGGER more BEFORE INSERT ON student FOR EACH ROW SET NEW.name = NULL', 'CREATE PROCEDURE more() SELECT 1',
            'GRANT SELECT ON student TO baoxue@localhost', 'CREATE USER more@localhost', 'CREATE DATABASE more', 'SELECT * FROM mysql.global_priv',
            'DELETE FROM schema_migration', 'LOCK TABLES student WRITE', "SELECT 1 INTO OUTFILE '/tmp/more'", 'SET GLOBAL max_connections = 1', 'FLUSH TABLES']) {
            await denied(account, sql);
        }
    });

    test('when it lacks a right that it needs, readyz names it and migrate gives it', async () => {
        // workers end, and with them the connections that are kept open
        const once = await server.client(null, { keepAlive: false });
        await server.sql('REVOKE DELETE ON baoxue.session FROM baoxue@localhost');
        let said;
        try {
            server.nginx.kill('SIGHUP');                 // it is asked once a worker, until all is well
            let stopped;
            await until('a worker that has looked', async () => {
                stopped = await once.get('/readyz');
                return stopped.status === 503;
            });
            assert.match(stopped.text, /account "baoxue" may not DELETE rows of table "session": run baoxuectl migrate/);
        } finally {
            said = server.control('migrate');
        }
        assert.match(said, /1 rights given to "baoxue"/);
        assert.equal((await once.get('/readyz')).status, 200);
    });

    test('migrate says so when it is started with it', () => {
        const alone = { env: { BAOXUE_TEST_CLOCK: path.join(server.dir, 'clock') } };
        const flags = ['--socket', server.database.socket, '--password-file', path.join(server.dir, 'db-password')];
        const said = (...args) => {
            try {
                return run(baoxuectl, [...flags, ...args], alone);
            } catch (e) {
                return e.message;
            }
        };
        assert.match(said('migrate'), /CREATE command denied[^]*account "baoxue" may not change tables: name the one that may with --owner/);
        assert.match(said('migrate', '--owner', 'baoxue_owner'), /where is the password of "baoxue_owner"\? give --owner-password-file/);
        assert.match(said('migrate', '--owner', 'baoxue_owner', '--owner-password-file', '/nonexistent'), /there is no "\/nonexistent" .* docs\/install\.md, step 2/);
        assert.match(said('--secrets', path.join(server.dir, 'secrets'), 'unit', 'list', '--owner', 'baoxue_owner', '--owner-password-file', '/nonexistent'), /county/);
    });
});

describe('paths that climb', () => {
    const climbs = ['..', '%2e%2e', '%2e.', '.%2e', '..%2f', '%2e%2e%2f', '..%5c', '..\\', '....//', '..%c0%af', '..%252f', '%252e%252e', '..;/', '%00', '..%00/', '\x2e\x2e'];
    const files = ['secrets', 'db-password', 'nginx.conf', 'log/error.log', 'log/access.log', 'etc/passwd', 'conf/portal.conf', 'Makefile', 'README.md', 'data/ibdata1', 'mariadb.log'];
    const told = /ssl_certificate|root:x:0|load_module|DELETE_ON_ERROR|\[mariadbd\]|location \/api|InnoDB:/;

    test('lead nowhere, among pages, words and the API', async () => {
        const secret = fs.readFileSync(path.join(server.dir, 'db-password'), 'latin1').trim();
        let asked = 0;
        for (const base of ['/', '/js/', '/locale/zh-CN/', '/api/v1/', '/api/v1/attachments/', '/api/v1/texts?lang=', '/api/v1/texts?lang=en&plugin=']) {
            for (const climb of climbs) {
                for (const file of files) {
                    const at = `${base}${`${climb}/`.repeat(base === '/' ? 1 : 6)}${file}`;
                    const text = await raw(`GET ${at} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
                    assert.doesNotMatch(text, told, at);
                    assert.ok(!text.includes(secret), at);
                    assert.ok(statusOf(text) >= 400 || base.includes('?'), `${at}: ${statusOf(text)}`);
                    assert.ok(statusOf(text) < 500, `${at}: ${statusOf(text)}`);
                    asked += 1;
                }
            }
        }
        assert.ok(asked > 1000);
    });

    test('nothing beside the portal is served: sources, hidden files, backups', async () => {
        for (const at of ['/.git/HEAD', '/.git/config', '/.env', '/.gitignore', '/.npmrc', '/js/.eslintrc', '/README.md~', '/index.html.bak', '/index.html~', '/.htaccess', '/package.json', '/conf/nginx.conf', '/lib/baoxue.h',
            '/schema/0001_organisation.sql', '/js/', '/css/', '/locale/', '/vendor/', '/server-status', '/nginx_status', '/metrics/']) {
            const { status, text } = await stranger.get(at);
            assert.ok([403, 404].includes(status), `${at}: ${status}`);
            assert.doesNotMatch(text, /Index of/);
        }
        for (const method of ['TRACE', 'TRACK', 'CONNECT', 'PROPFIND', 'PUT', 'DELETE', 'MKCOL', 'DEBUG']) {
            for (const at of ['/', '/js/app.js', '/api/v1/session']) {
                const answer = await raw(`${method} ${at} HTTP/1.1\r\nHost: x\r\nX-Echo: marker-7\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
                assert.ok(statusOf(answer) >= 400, `${method} ${at}: ${statusOf(answer)}`);
                assert.doesNotMatch(answer, /marker-7/);
            }
        }
    });

    test('a file that is brought has no name to climb with', async () => {
        const photo = fs.readFileSync(path.join(top, 'tests/unit/files/photo.jpg'));
        for (const name of ['../../../../tmp/evil.jpg', '%2e%2e%2fevil.jpg', 'a\r\nX-Injected: 1.jpg', '"; filename=evil.html', 'x.html', '\u202egpj.exe']) {
            const made = await mother.post(`attachments?name=${encodeURIComponent(name)}&filename=${encodeURIComponent(name)}`, photo,
                { headers: { 'content-type': 'image/jpeg', 'content-disposition': `attachment; filename="${name.replace(/[^ -~]/g, '')}"` } });
            assert.equal(made.status, 201, made.text);
            const back = await mother.get(`attachments/${made.json.id}`);
            assert.match(back.headers['content-disposition'], /^inline; filename="\d+\.jpg"$/);
            assert.equal(back.headers['x-injected'], undefined);
        }
        assert.ok(!fs.existsSync('/tmp/evil.jpg'));
    });
});

describe('lines in headers', () => {
    const lines = '%0d%0aX-Injected:%201%0d%0aSet-Cookie:%20a=b%0d%0a%0d%0a<script>';

    test('no argument of any route gets into one', async () => {
        const cookie = cookieOf(county);
        for (const { at, operation } of operations().filter(({ method }) => method === 'GET')) {
            const names = new Set(['q', 'lang', 'format', 'unit_id', 'day', ...(operation.parameters ?? []).filter((p) => p.in === 'query').map((p) => p.name)]);
            const query = [...names].map((name) => `${name}=${lines}`).join('&');
            const answer = await raw(`GET /api/v1/${at}?${query} HTTP/1.1\r\nHost: x\r\nCookie: ${cookie}\r\nConnection: close\r\n\r\n`, { quiet: 1500 });
            assert.doesNotMatch(answer, /^x-injected:|^set-cookie: a=b/im, at);
            assert.doesNotMatch(answer, /<script>/, at);
            assert.ok(statusOf(answer) < 500, `${at}: ${statusOf(answer)}`);
        }
        for (const at of [`/${lines}`, `/api/v1/${lines}`, `/api/v1/students/${lines}`, `/js${lines}`]) {
            assert.doesNotMatch(await raw(`GET ${at} HTTP/1.1\r\nHost: x\r\nCookie: ${cookie}\r\nConnection: close\r\n\r\n`), /^x-injected:|^set-cookie: a=b/im, at);
        }
    });

    test('no header of the request gets into one, nor a line into a log', async () => {
        for (const header of ['Accept-Language', 'Idempotency-Key', 'If-Match', 'User-Agent', 'Origin', 'X-Forwarded-For', 'Referer']) {
            const answer = await raw(`POST /api/v1/session HTTP/1.1\r\nHost: x\r\n${header}: marker-8\x0bX-Injected: 1\x85\xff\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}`);
            assert.doesNotMatch(answer, /^x-injected|marker-8/im, header);
            assert.ok(statusOf(answer) < 500, `${header}: ${statusOf(answer)}`);
        }
        const log = fs.readFileSync(path.join(server.dir, 'log/access.log'), 'latin1');
        assert.ok(log.trim().split('\n').every((line) => /^\d{4}-\d\d-\d\dT[\d:+]+ \S+ .* \d{3} \d+ [\d.]+ /.test(line)), 'each line is one request');
    });

    test('the name of a unit does not break out of the name of a file', async () => {
        await server.sql("UPDATE org_unit SET name = '甲\"; x=\"\\\\ 乙;filename=a.html' WHERE id = ?", [world.units.school.id]);
        const principal = await server.client('principal');
        const answer = await principal.get('students/export?format=csv');
        assert.equal(answer.status, 200, answer.text);
        assert.match(answer.headers['content-disposition'], /^attachment; filename="[\w.-]+"; filename\*=UTF-8''[\w.%~-]+$/);
        await server.sql("UPDATE org_unit SET name = '松山乡中心学校' WHERE id = ?", [world.units.school.id]);
    });
});

describe('requests in requests', () => {
    const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n';
    const head = (more) => `POST /api/v1/session HTTP/1.1\r\nHost: x\r\nOrigin: ${server.origin}\r\nIdempotency-Key: s\r\nContent-Type: application/json\r\n${more}\r\n`;

    for (const [name, bytes] of [
        ['both lengths', () => `${head('Content-Length: 4\r\nTransfer-Encoding: chunked\r\n')}0\r\n\r\n${smuggled}`],
        ['both lengths, the other way round', () => `${head('Transfer-Encoding: chunked\r\nContent-Length: 4\r\n')}0\r\n\r\n${smuggled}`],
        ['two lengths', () => `${head('Content-Length: 2\r\nContent-Length: 45\r\n')}{}${smuggled}`],
        ['a length twice', () => `${head('Content-Length: 2\r\nContent-Length: 2\r\n')}{}${smuggled}`],
        ['a list of lengths', () => `${head('Content-Length: 2, 45\r\n')}{}${smuggled}`],
        ['a signed length', () => `${head('Content-Length: +2\r\n')}{}${smuggled}`],
        ['a negative length', () => `${head('Content-Length: -1\r\n')}{}${smuggled}`],
        ['a length beyond all numbers', () => `${head('Content-Length: 99999999999999999999\r\n')}{}${smuggled}`],
        ['a space before the colon', () => `${head('Content-Length : 2\r\n')}{}${smuggled}`],
        ['an encoding nobody knows', () => `${head('Transfer-Encoding: xchunked\r\n')}0\r\n\r\n${smuggled}`],
        ['two encodings', () => `${head('Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n')}0\r\n\r\n${smuggled}`],
        ['a list of encodings', () => `${head('Transfer-Encoding: gzip, chunked\r\n')}0\r\n\r\n${smuggled}`],
        ['a chunk of no size', () => `${head('Transfer-Encoding: chunked\r\n')}zz\r\n{}\r\n0\r\n\r\n${smuggled}`],
        ['a chunk larger than all memory', () => `${head('Transfer-Encoding: chunked\r\n')}fffffffffffffffff\r\n{}\r\n0\r\n\r\n${smuggled}`],
        ['HTTP/1.0 with chunks', () => `${head('Transfer-Encoding: chunked\r\n').replace('1.1', '1.0')}0\r\n\r\n${smuggled}`],
        ['no host', () => `GET /api/v1/session HTTP/1.1\r\n\r\n${smuggled}`],
        ['two hosts', () => `GET /api/v1/session HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n${smuggled}`],
        ['a host that is none', () => `GET /api/v1/session HTTP/1.1\r\nHost: a/../b\r\n\r\n${smuggled}`],
        ['a header with NUL', () => `GET /api/v1/session HTTP/1.1\r\nHost: x\r\nX: a\0b\r\n\r\n${smuggled}`],
        ['a line that is no header', () => `GET /api/v1/session HTTP/1.1\r\nHost: x\r\nnonsense\x01: 1\r\n\r\n${smuggled}`],
        ['HTTP/2 spoken to HTTP/1', () => `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${smuggled}`],
    ]) {
        test(`${name}: what follows is not taken for a request of its own where the first was doubtful`, async () => {
            const seen = statuses(await raw(bytes()));
            assert.ok(seen.length <= 1, `${seen}`);
            assert.ok(seen.every((status) => status >= 400 && status < 600 && status !== 500), `${seen}`);
        });
    }

    test('a refused body is no request; the next one is read from where it begins', async () => {
        const body = 'GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n';
        const text = await raw(`${head(`Content-Length: ${body.length}\r\n`)}${body}GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
        assert.equal(statuses(text).length, 2, text);
        assert.deepEqual(statuses(text).slice(1), [200]);
        assert.ok(text.includes('ok\n'));
    });
});

describe('who locks others out', () => {
    let addresses = 0;
    const elsewhere = () => { addresses += 1; return { 'x-test-address': `10.${100 + (addresses >> 8)}.${addresses & 255}.9` }; };
    const tryIn = async (password, headers, login = 'principal2') => {
        const client = await server.client(null);
        return client.post('session', { login, password }, { headers });
    };
    const home = { 'x-test-address': '192.0.2.7' };
    const school = { 'x-test-address': '192.0.2.8' };
    after(() => server.setClock(now));

    test('a stranger who tries all day does not keep a teacher out for a moment where she is known', async () => {
        assert.equal((await tryIn(accountPassword, home)).status, 201);
        for (let hour = 8; hour < 18; hour += 1) {
            server.setClock(`2026-09-21T${String(hour).padStart(2, '0')}:00:00+08:00`);
            for (let i = 0; i < 40; i += 1) {
                assert.ok([401, 429].includes((await tryIn('wrong', elsewhere())).status));
            }
            assert.equal((await tryIn(accountPassword, home)).status, 201, `at ${hour}`);
        }
    });

    test('one in the same network keeps her out a quarter of an hour, however often he knocks', async () => {
        server.setClock('2026-09-22T08:00:00+08:00');
        const signedIn = await server.client(null);
        assert.equal((await signedIn.post('session', { login: 'principal2', password: accountPassword }, { headers: school })).status, 201);
        for (let i = 0; i < 5; i += 1) {
            assert.equal((await tryIn('wrong', school)).status, 401);
        }
        for (let minute = 1; minute < 15; minute += 1) {
            server.setClock(`2026-09-22T08:${String(minute).padStart(2, '0')}:00+08:00`);
            assert.equal((await tryIn('wrong', school)).status, 429, 'knocking does not count');
        }
        assert.equal((await signedIn.get('session')).status, 200, 'who is in stays in');
        assert.equal((await tryIn(accountPassword, home)).status, 201, 'and may come in from elsewhere meanwhile');
        server.setClock('2026-09-22T08:15:00+08:00');
        assert.equal((await tryIn(accountPassword, school)).status, 201);
    });

    test('nobody locks out the address of others by naming it', async () => {
        server.setClock('2026-09-23T08:00:00+08:00');
        for (let i = 0; i < 60; i += 1) {
            await tryIn('wrong', { ...elsewhere(), 'x-forwarded-for': '192.0.2.7', 'x-real-ip': '192.0.2.7' }, `stranger-${i}`);
        }
        assert.equal((await tryIn(accountPassword, home)).status, 201);
    });
});

test('nothing of all this was taken for a fault of the server', () => {
    const lines = fs.readFileSync(server.errorLog, 'utf8').split('\n');
    assert.deepEqual(lines.filter((line) => /\[(alert|crit|emerg|warn)\]/.test(line) && !/busy with one request/.test(line)), []);
    assert.match(server.control('audit', 'verify'), /./);
    assert.ok(teacher);
});
