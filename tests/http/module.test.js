// module.test.js: the nginx module itself: what happens to requests when workers are reloaded, quit or are busy, when
// clients leave or send too much, and what nginx -t says to a wrong configuration. Not what the answers mean.
// BAOXUE_ASAN=1 runs it under AddressSanitizer and UBSan, after scripts/build-module --clock --asan.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import mysql from 'mysql2/promise';
import { password, top } from '../lib/database.js';
import { until } from '../lib/processes.js';
import { accountPassword, start } from '../lib/server.js';
import { buildWorld } from '../lib/world.js';

const now = '2026-09-21T07:50:00+08:00';
const programs = `${process.env.PATH}:/usr/sbin:/sbin`;
const asked = { cookie: null };      // a cookie that nobody has: to refuse it, the database must be asked
let server;

before(async () => {
    server = await start({
        clock: now, running: true, workers: 2, asan: Boolean(process.env.BAOXUE_ASAN),
        main: 'thread_pool narrow threads=1 max_queue=4;',
        // visible from outside: how many statements an answer took
        server: 'add_header X-Statements $baoxue_statements always; add_header X-Route $baoxue_route always;',
    });
    asked.cookie = `baoxue-${server.port}=${'A'.repeat(43)}`;
    await buildWorld(server);
});
after(() => server.stop());

/** What nginx has logged that it never should, and what sanitizers have found. */
function unhealthyLog() {
    return [...fs.readFileSync(server.errorLog, 'utf8').split('\n')
        .filter((line) => /\[(alert|emerg|crit)\]|exited on signal|runtime error|AddressSanitizer/.test(line)),
    ...server.sanitizerReports().split('\n').filter(Boolean)];
}

/** One request on a connection of its own. */
function ask(method, url, { headers = {}, body, chunked = false, agent = false } = {}) {
    return new Promise((resolve, reject) => {
        const request = http.request({ host: '127.0.0.1', port: server.port, method, path: url, agent, headers: {
            ...(body !== undefined && !chunked ? { 'content-length': Buffer.byteLength(body) } : {}), ...headers,
        } });
        request.on('response', async (response) => {
            const chunks = [];
            try {
                for await (const chunk of response) {
                    chunks.push(chunk);
                }
            } catch (e) {
                reject(e);
                return;
            }
            const text = Buffer.concat(chunks).toString('utf8');
            resolve({ status: response.statusCode, headers: response.headers, text });
        });
        // an answer that came before all of the body was sent is an answer
        request.on('error', (e) => (request.res ? undefined : reject(e)));
        request.end(body);
    });
}

/** Holds every statement that reads a table, until the function it returns is called or the test ends. */
async function hold(t, table) {
    const connection = await mysql.createConnection({
        socketPath: server.database.socket, user: 'tester', password, database: 'baoxue',
    });
    await connection.query(`LOCK TABLES ${table} WRITE`);
    let held = true;
    const release = async () => {
        if (held) {
            held = false;
            await connection.query('UNLOCK TABLES');
            await connection.end();
        }
    };
    t.after(release);
    return release;
}

const holdSessions = (t) => hold(t, 'session');

async function waiters() {
    const [row] = await server.sql(`SELECT COUNT(*) AS n FROM information_schema.processlist
        WHERE user = 'baoxue' AND state = 'Waiting for table metadata lock'`);
    return Number(row.n);
}

async function waiting(n) {
    await until(`${n} requests to wait for the table`, async () => await waiters() >= n);
}

const outcome = (promise) => promise.then((answer) => answer.status, (e) => e.code ?? e.message);

describe('workers that come and go', () => {
    test('a reload under load loses no request', async () => {
        let stop = false;
        const outcomes = new Map();
        async function person() {
            while (!stop) {
                const status = await outcome(ask('GET', '/api/v1/session', { headers: asked }));
                outcomes.set(status, (outcomes.get(status) ?? 0) + 1);
            }
        }
        const people = Array.from({ length: 12 }, person);
        for (let i = 0; i < 4; i += 1) {
            await sleep(300);
            await server.reload();
        }
        stop = true;
        await Promise.all(people);
        assert.deepEqual([...outcomes.keys()], [401]);
        assert.ok(outcomes.get(401) > 100, `only ${outcomes.get(401)} requests`);
        assert.deepEqual(unhealthyLog(), []);
    });

    test('a request in flight is answered by the worker that is being replaced, which then ends', async (t) => {
        const old = server.workerPids();
        const release = await holdSessions(t);
        const requests = Array.from({ length: 6 }, () => outcome(ask('GET', '/api/v1/session', { headers: asked })));
        await waiting(6);
        await server.reload();
        assert.ok(server.workerPids().some((pid) => old.includes(pid)), 'the old workers did not wait');
        await release();
        assert.deepEqual(await Promise.all(requests), Array(6).fill(401));
        await until('old workers to be gone', () => !server.workerPids().some((pid) => old.includes(pid)));
        assert.deepEqual(unhealthyLog(), []);
    });

    test('a graceful quit answers what is in flight', async (t) => {
        const release = await holdSessions(t);
        const requests = Array.from({ length: 6 }, () => outcome(ask('GET', '/api/v1/session', { headers: asked })));
        await waiting(6);
        const stopped = server.stopNginx('SIGQUIT');
        await sleep(500);
        await release();
        assert.deepEqual(await Promise.all(requests), Array(6).fill(401));
        await stopped;
        assert.deepEqual(unhealthyLog(), []);
        await server.startNginx();
        asked.cookie = `baoxue-${server.port}=${'A'.repeat(43)}`;
    });

    test('a worker that may wait no longer ends its connections, not the requests under their threads', async (t) => {
        const conf = path.join(server.dir, 'nginx.conf');
        const text = fs.readFileSync(conf, 'utf8');
        fs.writeFileSync(conf, text.replace('worker_shutdown_timeout 60s', 'worker_shutdown_timeout 1s'));
        await server.reload({ drained: true });
        const old = server.workerPids();
        const release = await holdSessions(t);
        const requests = Array.from({ length: 6 }, () => outcome(ask('GET', '/api/v1/session', { headers: asked })));
        await waiting(6);
        await server.reload();
        await sleep(1500);
        assert.ok(server.workerPids().some((pid) => old.includes(pid)), 'the old workers did not wait for their threads');
        await release();
        assert.deepEqual(await Promise.all(requests), Array(6).fill('ECONNRESET'));
        await until('old workers to be gone', () => !server.workerPids().some((pid) => old.includes(pid)));
        assert.deepEqual(unhealthyLog(), []);
        fs.writeFileSync(conf, text);
        await server.reload({ drained: true });
    });

    test('a fast stop with requests queued ends, and crashes nothing', async (t) => {
        const release = await holdSessions(t);
        const requests = Array.from({ length: 40 }, () => outcome(ask('GET', '/api/v1/session', { headers: asked })));
        await waiting(8);
        const stopped = server.stopNginx('SIGTERM');
        await sleep(300);
        await release();
        assert.ok((await Promise.all(requests)).every((status) => status === 401 || typeof status === 'string'));
        await stopped;
        assert.deepEqual(unhealthyLog(), []);
        await server.startNginx();
        asked.cookie = `baoxue-${server.port}=${'A'.repeat(43)}`;
    });
});

describe('clients', () => {
    test('clients that leave while a thread works for them leave the worker as it was', async (t) => {
        const workers = server.workerPids();
        const release = await holdSessions(t);
        const sockets = Array.from({ length: 20 }, (_, i) => {
            const socket = net.connect(server.port, '127.0.0.1');
            socket.on('error', () => {});
            socket.write(`GET /api/v1/session HTTP/1.1\r\nHost: x\r\nCookie: ${asked.cookie}\r\n\r\n`);
            setTimeout(() => (i % 2 ? socket.resetAndDestroy() : socket.destroy()), 200 + i);
            return socket;
        });
        await waiting(8);
        await Promise.all(sockets.map((socket) => (socket.closed ? null : once(socket, 'close'))));
        await release();
        assert.equal((await ask('GET', '/api/v1/session', { headers: asked })).status, 401);
        assert.deepEqual(server.workerPids(), workers);
        assert.deepEqual(unhealthyLog(), []);
    });

    test('requests on one connection are answered in order, HEAD without a body', async () => {
        const socket = net.connect(server.port, '127.0.0.1');
        const wanted = ['GET', 'HEAD', 'GET'];
        socket.write(wanted.map((method, i) => `${method} /api/v1/nothing-${i} HTTP/1.1\r\nHost: x\r\n` +
            `${i === 2 ? 'Connection: close\r\n' : ''}\r\n`).join(''));
        const chunks = [];
        for await (const chunk of socket) {
            chunks.push(chunk);
        }
        const text = Buffer.concat(chunks).toString('utf8');
        const heads = [...text.matchAll(/HTTP\/1\.1 (\d+)[^]*?\r\n\r\n/g)];
        assert.deepEqual(heads.map((head) => head[1]), ['404', '404', '404']);
        const body = text.slice(heads[0].index + heads[0][0].length, heads[1].index);
        assert.equal(JSON.parse(body).code, 'not_found');
        assert.equal(heads[1].index + heads[1][0].length, heads[2].index, 'HEAD was answered with a body');
        assert.match(heads[1][0], new RegExp(`content-length: ${Buffer.byteLength(body)}\\r\\n`, 'i'));
    });
});

describe('bodies', () => {
    /** Signs in with a body of `size` bytes, of which the last ones matter. */
    const post = (size, options) => {
        const body = JSON.stringify({ login: 'teacher', password: accountPassword });
        return ask('POST', '/api/v1/session', {
            body: `{${' '.repeat(Math.max(0, size - body.length))}${body.slice(1)}`, ...options,
            headers: { 'content-type': 'application/json', origin: server.origin, ...options?.headers },
        });
    };

    for (const chunked of [false, true]) {
        const how = chunked ? 'without Content-Length' : 'with Content-Length';

        test(`a body ${how} that is too long is answered 413 in the API's form`, async () => {
            for (const size of [300 << 10, 3 << 20]) {
                const answer = await post(size, { chunked });
                assert.equal(answer.status, 413);
                assert.match(answer.headers['content-type'], /^application\/problem\+json/);
                assert.equal(JSON.parse(answer.text).code, 'too_large');
            }
            assert.deepEqual(unhealthyLog(), []);
        });

        test(`a body ${how} that went through a file is read as one from memory`, async () => {
            for (const size of [10, 1000, 20_000, 200_000, 256 << 10]) {
                assert.equal((await post(size, { chunked })).status, 201, `${size} bytes`);
            }
        });
    }

    test('a body that has grown too long is not waited for', { timeout: 10_000 }, async () => {
        const socket = net.connect(server.port, '127.0.0.1');
        socket.write('POST /api/v1/session HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n');
        socket.write(`50000\r\n${'x'.repeat(0x50000)}\r\n`);
        const [first] = await once(socket, 'data');
        assert.match(first.toString(), /^HTTP\/1\.1 413 /);
        socket.destroy();
    });

    test('a body that is refused by its length is not waited for', { timeout: 10_000 }, async () => {
        const socket = net.connect(server.port, '127.0.0.1');
        socket.write('POST /api/v1/session HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 99000000\r\n\r\n');
        const [first] = await once(socket, 'data');
        assert.match(first.toString(), /^HTTP\/1\.1 413 /);
        socket.destroy();
    });
});

describe('answers', () => {
    test('are not to be kept or guessed at', async () => {
        const answer = await ask('GET', '/api/v1/nothing');
        assert.equal(answer.headers['cache-control'], 'no-store');
        assert.equal(answer.headers['x-content-type-options'], 'nosniff');
    });

    test('are not turned into 412 by nginx, which knows nothing of versions', async () => {
        const answer = await ask('GET', '/api/v1/openapi.json', { headers: { 'if-match': '"7"' } });
        assert.equal(answer.status, 200);
    });

    test('of probes', async () => {
        assert.equal((await ask('GET', '/healthz')).text, 'ok\n');
        assert.equal((await ask('GET', '/readyz')).text, 'ready\n');
        assert.equal((await ask('POST', '/readyz')).status, 405);
    });

    test('leave neither query nor ids in the access log', async () => {
        await ask('GET', '/api/v1/students/123456789?q=somebody', { headers: { ...asked, 'baoxue-query': 'q=somebody' } });
        await ask('GET', '/index.html?who=somebody');
        // nginx writes its line after the answer has gone
        const log = await until('the last line of the log', () => {
            const lines = fs.readFileSync(path.join(server.dir, 'log/access.log'), 'utf8');
            return /GET \/index\.html/.test(lines) ? lines : null;
        }, 5);
        assert.match(log, /GET api\/v1\/students\/\{id\} 401 /);
        assert.match(log, /GET \/index\.html 200 /);
        assert.doesNotMatch(log, /somebody|123456789|127\.0\.0\.1/);
    });
});

describe('sessions in shared memory', () => {
    test('spare the database in every worker, for a minute', async () => {
        server.setClock('2026-09-21T07:55:00+08:00', { running: true });
        const teacher = await server.client('teacher');
        const cookie = [...teacher.cookies].map((pair) => pair.join('=')).join('; ');
        const statements = async () => {
            const answer = await ask('GET', '/api/v1/session', { headers: { cookie } });
            assert.equal(answer.status, 200);
            return Number(answer.headers['x-statements']);
        };
        server.setClock('2026-09-21T07:57:00+08:00', { running: true });
        const read = await statements();
        let remembered = read;
        await until('the session to be remembered', async () => {
            remembered = await statements();
            return remembered < read;
        });
        for (let i = 0; i < 20; i += 1) {
            assert.equal(await statements(), remembered);
        }
        server.setClock('2026-09-21T07:59:00+08:00', { running: true });
        assert.equal(await statements(), read, 'what was remembered two minutes ago was believed');
        server.setClock('2026-09-21T08:03:00+08:00', { running: true });
        assert.equal(await statements(), read + 1, 'and that it is used is written down each five');
    });

    test('that are ended in the database are refused within two seconds', async () => {
        const teacher = await server.client('teacher');
        assert.equal((await teacher.get('session')).status, 200);
        const other = await server.client('teacher');
        assert.equal((await other.del('session?everywhere=true')).status, 204);
        const began = Date.now();
        await until('the session to be refused', async () => (await teacher.get('session')).status === 401, 5);
        assert.ok(Date.now() - began < 2500, `it took ${Date.now() - began} ms`);
    });

    test('of another name are nobody\'s', async () => {
        const teacher = await server.client('teacher');
        const [[name, token]] = [...teacher.cookies];
        for (const cookie of [`x${name}=${token}`, `${name}x=${token}`, `a="${name}=${token}"`, `${name.toUpperCase()}=${token}`]) {
            assert.equal((await ask('GET', '/api/v1/session', { headers: { cookie } })).status, 401, cookie);
        }
        for (const cookie of [`a=b; ${name}=${token}`, `${name}=${token}; a=b`, `a=b;${name}=${token};c=d`]) {
            assert.equal((await ask('GET', '/api/v1/session', { headers: { cookie } })).status, 200, cookie);
        }
    });
});

test('jobs are run when it is time, by a worker', async () => {
    const conf = path.join(server.dir, 'nginx.conf');
    const text = fs.readFileSync(conf, 'utf8');
    const ran = () => server.sql('SELECT name, node FROM job WHERE ran_at IS NOT NULL');
    assert.deepEqual(await ran(), []);
    fs.writeFileSync(conf, text.replace('baoxue_jobs off;', 'baoxue_jobs on;'));
    await server.reload({ drained: true });
    const pids = server.workerPids().map(String);
    await until('jobs to have run', async () => (await ran()).length > 0);
    assert.ok((await ran()).every(({ node }) => pids.includes(node.split(':').pop())));
    fs.writeFileSync(conf, text);
    await server.reload({ drained: true });
    assert.deepEqual(unhealthyLog(), []);
});

describe('a full queue', () => {
    const conf = () => path.join(server.dir, 'nginx.conf');
    let text;

    before(async () => {
        text = fs.readFileSync(conf(), 'utf8');
        fs.writeFileSync(conf(), text.replace('baoxue_insecure_cookie on;', '$&\nbaoxue_thread_pool narrow;'));
        await server.reload({ drained: true });
    });
    after(async () => {
        fs.writeFileSync(conf(), text);
        await server.reload({ drained: true });
    });

    test('is answered 503 with Retry-After at once, and those that had a place are answered', async (t) => {
        const release = await holdSessions(t);
        const began = Date.now();
        let late = 0;
        const requests = Array.from({ length: 60 }, async () => {
            const answer = await ask('GET', '/api/v1/session', { headers: { ...asked, 'accept-language': 'en' } });
            late = answer.status === 503 ? Math.max(late, Date.now() - began) : late;
            return answer;
        });
        await sleep(1500);
        await release();
        const answers = await Promise.all(requests);
        const refused = answers.filter((answer) => answer.status === 503);
        assert.ok(refused.length >= 40, `${refused.length} were refused`);
        assert.ok(answers.length - refused.length >= 2, 'nobody was answered');
        assert.ok(answers.every((answer) => [401, 503].includes(answer.status)));
        assert.ok(late < 1500, `a refusal took ${late} ms`);
        for (const answer of refused) {
            assert.ok(Number(answer.headers['retry-after']) >= 1);
            assert.equal(JSON.parse(answer.text).code, 'busy');
        }
        // files are served meanwhile and the worker lives
        assert.equal((await ask('GET', '/healthz')).status, 200);
        assert.deepEqual(unhealthyLog(), []);
    });
});

test('people sign in while every thread for slow work is busy', async (t) => {
    const teacher = await server.client('teacher');
    const cookie = [...teacher.cookies].map((pair) => pair.join('=')).join('; ');
    const release = await hold(t, 'attachment');
    const began = Date.now();
    const slow = [];
    await until('the threads of both workers to wait', async () => {
        if (slow.length < 100) {
            slow.push(...Array.from({ length: 10 }, () => outcome(ask('GET', '/api/v1/attachments/123', { headers: { cookie } }))));
        }
        await sleep(200);
        return await waiters() >= 8;
    }, 5);
    for (const login of ['teacher', 'guardian', 'principal', 'office']) {
        await server.client(login);
    }
    assert.ok(Date.now() - began < 9000, 'they signed in only when the first threads had waited for ten seconds');
    assert.ok(await waiters() >= 8);
    await release();
    assert.ok((await Promise.all(slow)).every((status) => status === 404 || status === 503));
    assert.deepEqual(unhealthyLog(), []);
});

describe('nginx -t', () => {
    /** Tests the server's configuration with one text replaced; returns what nginx says and whether it was content. */
    function check(find, replace) {
        const text = fs.readFileSync(path.join(server.dir, 'nginx.conf'), 'utf8');
        const changed = text.replace(find, replace);
        assert.notEqual(changed, text, `${find} is not in nginx.conf`);
        const file = path.join(server.dir, 'wrong.conf');
        fs.writeFileSync(file, changed.replace('/nginx.pid', '/wrong.pid').replace('/module-clock-asan/', '/module-clock/'));
        const done = spawnSync('nginx', ['-t', '-p', server.dir, '-c', file, '-e', 'stderr'],
            { encoding: 'utf8', env: { ...process.env, PATH: programs } });
        return { ok: done.status === 0, said: done.stderr };
    }
    const add = (line) => ['baoxue_insecure_cookie on;', `baoxue_insecure_cookie on; ${line}`];
    const database = /baoxue_database [^;]*;/;

    const wrong = [
        ['no database', [database, ''], /write "baoxue_database /],
        ['no secret file', [/baoxue_secret_file [^;]*;/, ''], /write "baoxue_secret_file /],
        ['no texts', [/baoxue_locale [^;]*;/, ''], /write "baoxue_locale /],
        ['texts that are not there', [/(baoxue_locale "[^"]*)"/, '$1-none"'], /-none/],
        ['a secret file that is not there', [/(baoxue_secret_file "[^"]*)"/, '$1-none"'], /secrets-none/],
        ['a password file that is not there', ['/db-password', '/db-none'], /db-none/],
        ['a database without a place', [database, 'baoxue_database user=a name=b;'], /needs either "socket=" or "host="/],
        ['a database at two places', [database, 'baoxue_database socket=/a host=b user=a name=b;'], /needs either/],
        ['a database without a user', [database, 'baoxue_database socket=/a name=b;'], /needs "user=" and "name="/],
        ['an unknown word', [database, 'baoxue_database socket=/a usr=a name=b;'], /"usr=" is unknown: it takes socket= /],
        ['a word twice', [database, 'baoxue_database socket=/a socket=/b user=a name=b;'], /"socket=" is given twice/],
        ['a word without a value', [database, 'baoxue_database socket= user=a name=b;'], /"socket=" has no value/],
        ['a wrong port', [database, 'baoxue_database host=a port=x user=a name=b;'], /write a number from 1 to 65535/],
        ['a password that is no word', [database, 'baoxue_database socket=/a user=a name=b hunter2;'], /without "="/],
        ['an unknown pool', add('baoxue_thread_pool none;'), /write "thread_pool none threads=/],
        ['an unknown slow pool', add('baoxue_slow_pool none;'), /write "thread_pool none threads=4 max_queue=64;"/],
        ['an unknown password pool', add('baoxue_password_pool none;'), /write "thread_pool none threads=2 max_queue=64;"/],
        ['no pool for passwords', [/thread_pool baoxue_password [^;]*;/, ''], /write "thread_pool baoxue_password threads=2 /],
        ['a zone without a size', add('baoxue_session_zone a;'), /as in "baoxue_session_zone/],
        ['a zone that is too small', add('baoxue_session_zone a:1k;'), /too small: write at least/],
        ['an origin with a path', add('baoxue_origin https://a/b;'), /invalid origin .*write scheme, host and port/],
        ['an origin without a scheme', add('baoxue_origin a.example;'), /invalid origin/],
        ['an origin in capitals', add('baoxue_origin https://A.example;'), /lower case/],
        ['a zone of time by name', add('baoxue_timezone Asia/Shanghai;'), /as in "baoxue_timezone \+08:00;"/],
        ['a limit that is no size', add('baoxue_max_json much;'), /write from 1k to 1g/],
        ['a limit of nothing', add('baoxue_max_upload 0;'), /write from 1k to 1g/],
        ['a lifetime that is no time', [/baoxue_session_lifetime [^;]*;/, 'baoxue_session_lifetime long;'], /write from 1m to 31d/],
    ];

    test('is content with the configuration as it is', () => {
        const { ok, said } = check('worker_shutdown_timeout 60s', 'worker_shutdown_timeout 61s');
        assert.ok(ok, said);
    });

    for (const [what, [find, replace], expected] of wrong) {
        test(`refuses ${what} and says what to write`, () => {
            const { ok, said } = check(find, replace);
            assert.ok(!ok, 'it was accepted');
            assert.match(said, expected);
            assert.doesNotMatch(said, /hunter2/);
        });
    }

    test('refuses a password file that everybody may read', () => {
        const file = path.join(server.dir, 'db-password');
        fs.chmodSync(file, 0o644);
        try {
            const { ok, said } = check('worker_shutdown_timeout 60s', 'worker_shutdown_timeout 61s');
            assert.ok(!ok);
            assert.match(said, /run "chmod 600 /);
        } finally {
            fs.chmodSync(file, 0o600);
        }
    });

    test('a reload with a wrong configuration leaves the server as it is', async () => {
        const conf = path.join(server.dir, 'nginx.conf');
        const text = fs.readFileSync(conf, 'utf8');
        const workers = server.workerPids();
        fs.writeFileSync(conf, text.replace(/(baoxue_secret_file "[^"]*)"/, '$1-none"'));
        try {
            server.nginx.kill('SIGHUP');
            await until('nginx to complain', () => fs.readFileSync(server.errorLog, 'utf8').includes('secrets-none'));
        } finally {
            fs.writeFileSync(conf, text);
        }
        assert.equal((await ask('GET', '/readyz')).status, 200);
        assert.deepEqual(server.workerPids(), workers);
    });

    test('is content with conf/baoxue.conf once its paths and its certificate are those of a server', () => {
        const own = (name) => fs.readFileSync(path.join(top, 'conf', name), 'utf8');
        const made = fs.readFileSync(path.join(server.dir, 'nginx.conf'), 'utf8');
        const module = own('baoxue-module.conf').replace(/load_module [^;]*;/, /load_module [^;]*;/.exec(made)[0])
            .replace('/module-clock-asan/', '/module-clock/');
        const site = own('baoxue.conf')
            .replace('listen 443 ssl http2;', `listen unix:${server.dir}/site.sock;`).replace('listen 80;', `listen unix:${server.dir}/plain.sock;`).replace(/ssl_certificate(_key)? [^;]*;/g, '')
            .replaceAll('/usr/share/baoxue/html', `"${top}/html`).replaceAll('/usr/share/baoxue/conf', `"${top}/conf`)
            .replace(/("[^";\n]*\/(?:html|conf)[^";\n]*);/g, '$1";')
            .replaceAll('/etc/baoxue/', `${server.dir}/`).replaceAll('/var/lib/baoxue/', `${server.dir}/`).replaceAll('/var/log/nginx/', `${server.dir}/log/`);
        // nginx makes these where it was built for, which only root may
        const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path "${server.dir}/site-${name}";`).join('\n');
        const file = path.join(server.dir, 'site.conf');
        fs.writeFileSync(file, `${module}\npid "${server.dir}/site.pid";\nevents { }\nhttp {\n${temporary}\n${site}\n}\n`);
        const done = spawnSync('nginx', ['-t', '-p', server.dir, '-c', file, '-e', 'stderr'],
            { encoding: 'utf8', env: { ...process.env, PATH: programs } });
        assert.equal(done.status, 0, done.stderr);
    });
});

describe('the module as a shared object', () => {
    test('shows what nginx looks for and what baoxue.h declares, and nothing else', () => {
        const header = fs.readFileSync(path.join(top, 'lib/baoxue.h'), 'utf8')
            .replace(/\/\*[^]*?\*\//g, '').replace(/^#.*(\\\n.*)*$/gm, '').replace(/static inline[^;{]*\{[^]*?\n?\}/g, '');
        const declared = [...header.matchAll(/^[a-z][\w ]*[ *](bx_\w+)\(/gm)].map((match) => match[1]);
        const so = /load_module "([^"]*)"/.exec(fs.readFileSync(path.join(server.dir, 'nginx.conf'), 'utf8'))[1];
        const symbols = spawnSync('nm', ['-D', '--defined-only', so], { encoding: 'utf8' }).stdout
            .trim().split('\n').map((line) => line.split(' ')[2]);
        assert.ok(declared.length > 50);
        // what the header declares and nobody has written yet cannot be shown
        const missing = declared.filter((name) => !symbols.includes(name));
        assert.deepEqual(missing, []);
        assert.deepEqual(symbols.filter((name) => !declared.includes(name)).sort(),
            ['ngx_module_names', 'ngx_module_order', 'ngx_modules']);
    });
});
