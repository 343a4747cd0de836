// outage.test.js: what gives way around the server: a database that hangs, a disk that is full, a clock that is set, clients
// that dawdle, leave in the middle, or come by the thousand and say nothing.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { top } from '../lib/database.js';
import { until } from '../lib/processes.js';
import { start } from '../lib/server.js';
import { buildWorld } from '../lib/world.js';

const jpeg = fs.readFileSync(path.join(top, 'tests/unit/files', fs.readdirSync(path.join(top, 'tests/unit/files')).find((name) => name.endsWith('.jpg'))));
// as a photograph that fills a disk: what lies after a picture's end would be cut off before it is stored, so it lies in the scan
const large = Buffer.concat([jpeg.subarray(0, -2), randomBytes(200 * 1024).map((byte) => byte & 0x7f), jpeg.subarray(-2)]);
let server, world, mother;

before(async () => {
    server = await start({ clock: '2026-09-21T09:00:00+08:00', running: true, connections: 12000, main: 'worker_rlimit_nofile 16000;' });
    world = await buildWorld(server);
    mother = await server.client('guardian');
});
after(() => server.stop());

const draft = (reason, student = world.students.siyu) => ({
    action: 'save', student_id: student, kind: 'sick', starts_on: '2026-11-02', starts_period: 1, ends_on: '2026-11-02', ends_period: 7, reason,
});
const unhealthy = () => fs.readFileSync(server.errorLog, 'utf8').split('\n').filter((line) => /\[(alert|emerg)\]|exited on signal/.test(line));

/** Milliseconds of n requests for the portal's start page, sorted. */
async function startPage(n) {
    const client = await server.client(null);
    const times = [];
    for (let i = 0; i < n; i += 1) {
        const begun = performance.now();
        const answer = await client.get('/');
        assert.equal(answer.status, 200);
        times.push(performance.now() - begun);
    }
    client.close();
    return times.sort((a, b) => a - b);
}

describe('a database that hangs', () => {
    test('leaves the portal as fast as it was; the API says 503 and the same key makes one record', { timeout: 120_000 }, async () => {
        const calm = await startPage(400);
        const key = randomUUID();
        let hung;

        process.kill(server.database.child.pid, 'SIGSTOP');
        try {
            // more than there are threads
            const waiting = Array.from({ length: 24 }, () => mother.get('leave-requests', { signal: AbortSignal.timeout(90_000) }));
            const written = mother.post('leave-requests', draft('hung database'), { key, signal: AbortSignal.timeout(90_000) });
            await sleep(300);
            hung = await startPage(400);
            const answers = await Promise.all([...waiting, written]);
            answers.forEach((answer) => {
                assert.equal(answer.status, 503, answer.text);
                assert.ok(Number(answer.headers['retry-after']) > 0);
                assert.equal(answer.headers['content-type'], 'application/problem+json; charset=utf-8');
            });
        } finally {
            process.kill(server.database.child.pid, 'SIGCONT');
        }

        const p99 = (times) => times[Math.floor(times.length * 0.99)];
        process.stdout.write(`start page p99: ${p99(calm).toFixed(2)} ms, with the database hung ${p99(hung).toFixed(2)} ms\n`);
        assert.ok(p99(hung) < Math.max(2 * p99(calm), 10), `${p99(hung)} ms after ${p99(calm)} ms`);

        const made = await until('the write to be taken', async () => {
            const answer = await mother.post('leave-requests', draft('hung database'), { key });
            return answer.status < 500 ? answer : null;
        }, 40);
        assert.equal(made.status, 201, made.text);
        const rows = await server.sql("SELECT id FROM leave_request WHERE reason = 'hung database'");
        assert.equal(rows.length, 1);
    });
});

describe('a disk that is full', { skip: process.getuid() === 0 ? false : 'needs root to make a small disk' }, () => {
    /** A small file system at a directory, with what was there, until the test ends. */
    function small(t, dir, size) {
        const copy = `${dir}.copy`;
        fs.cpSync(dir, copy, { recursive: true });
        const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size},mode=755`, 'tmpfs', dir]);
        if (mounted.status !== 0) {
            t.skip('no file system can be mounted here');
            return false;
        }
        t.after(() => spawnSync('umount', ['-l', dir]));
        fs.cpSync(copy, dir, { recursive: true });
        return true;
    }

    test('for attachments: refused with 503, nothing half written, and taken once there is room', async (t) => {
        const dir = path.join(server.dir, 'attachments');
        if (!small(t, dir, '256k')) {
            return;
        }
        fs.writeFileSync(path.join(dir, 'filler'), randomBytes(256 * 1024 - 8192));
        const upload = () => mother.post('attachments', large, { headers: { 'content-type': 'image/jpeg' } });

        const refused = await upload();
        assert.deepEqual([refused.status, refused.json?.code], [503, 'storage_full'], refused.text);
        assert.deepEqual(fs.readdirSync(dir, { recursive: true }).filter((name) => fs.statSync(path.join(dir, name)).isFile()), ['filler']);
        const [{ n }] = await server.sql('SELECT COUNT(*) AS n FROM attachment');
        assert.equal(Number(n), 0);

        fs.rmSync(path.join(dir, 'filler'));
        const taken = await mother.post('attachments', jpeg, { headers: { 'content-type': 'image/jpeg' } });
        assert.equal(taken.status, 201, taken.text);
    });

    test('for the database: writes are refused with 503, reads go on, and writes go on once there is room', { timeout: 180_000 }, async (t) => {
        const data = path.join(server.dir, 'data');
        await server.stopDatabase('SIGTERM');
        if (!small(t, data, '160m')) {
            await server.startDatabase();
            return;
        }
        t.after(async () => {
            await server.stopDatabase('SIGTERM');
            spawnSync('umount', ['-l', data]);
            fs.cpSync(`${data}.copy`, data, { recursive: true });
            await server.startDatabase();
        });
        await server.startDatabase();
        await until('/readyz', async () => (await mother.get('/readyz')).status === 200, 30);
        await mother.post('leave-requests', draft('before the disk was full'));

        const filler = path.join(data, 'filler');
        spawnSync('dd', ['if=/dev/zero', `of=${filler}`, 'bs=64k'], { stdio: 'ignore' });
        const answers = [];
        const deadline = Date.now() + 60_000;
        while (Date.now() < deadline && !answers.some(({ status }) => status >= 500)) {
            answers.push(...await Promise.all(Array.from({ length: 20 }, (_, i) =>
                mother.post('leave-requests', draft(`${'满'.repeat(480)} ${i}`), { signal: AbortSignal.timeout(40_000) }))));
        }
        const failed = answers.filter(({ status }) => status >= 500);
        assert.ok(failed.length > 0, 'the disk was never full');
        failed.forEach(({ status, text }) => assert.equal(status, 503, text));
        assert.equal((await mother.get('leave-requests?limit=5')).status, 200);

        fs.rmSync(filler);
        await until('writes to go on', async () => (await mother.post('leave-requests', draft('after'))).status === 201, 90);
        const [{ n }] = await server.sql("SELECT COUNT(*) AS n FROM leave_request WHERE reason LIKE '满%'");
        assert.equal(Number(n), answers.filter(({ status }) => status === 201).length);
        server.control('audit', 'verify');
    });
});

describe('a clock that is set', () => {
    test('back an hour, forward a day, back again: writes go on, keys hold, chains verify, jobs run', async () => {
        const at = (iso) => server.setClock(iso, { running: true });
        const key = randomUUID();
        const first = await mother.post('leave-requests', draft('clock 1'), { key });
        assert.equal(first.status, 201);
        at('2026-09-21T08:00:00+08:00');
        const again = await mother.post('leave-requests', draft('clock 1'), { key });
        assert.deepEqual([again.status, again.json.id], [201, first.json.id]);
        assert.equal((await mother.post('leave-requests', draft('clock 2'))).status, 201);
        server.runJobs();
        at('2026-09-22T09:00:00+08:00');
        assert.equal((await mother.post('leave-requests', draft('clock 3'))).status, 201);
        server.runJobs();
        at('2026-09-21T09:00:00+08:00');
        assert.equal((await mother.post('leave-requests', draft('clock 4'))).status, 201);
        server.runJobs();
        const jobs = await server.sql('SELECT name, result FROM job');
        assert.ok(jobs.every(({ result }) => result === 'ok'), JSON.stringify(jobs));
        const ids = (await server.sql("SELECT id FROM leave_request WHERE reason LIKE 'clock _'")).map(({ id }) => id);
        assert.equal(new Set(ids).size, 4);
        server.control('audit', 'verify');
    });
});

describe('clients', () => {
    const connect = () => new Promise((resolve, reject) => {
        const socket = net.connect(server.port, '127.0.0.1', () => resolve(socket));
        socket.once('error', reject);
    });
    const cookie = () => [...mother.cookies].map(([name, value]) => `${name}=${value}`).join('; ');

    test('that send a byte at a time, or half a request, hold up nobody', { timeout: 60_000 }, async () => {
        const slow = await Promise.all(Array.from({ length: 200 }, connect));
        const text = `POST /api/v1/leave-requests HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: ${cookie()}\r\nContent-Length: 4000\r\n\r\n{"action"`;
        const dribble = setInterval(() => slow.forEach((socket, i) => {
            socket.at = (socket.at ?? 0) + 1;
            socket.write(text.slice(socket.at - 1, socket.at));
            if (i % 2 === 0 && socket.at === 20) {
                socket.end();                                           // half closed in the middle of a header
            }
        }), 20);
        slow.forEach((socket) => socket.on('error', () => {}));
        try {
            const begun = Date.now();
            for (let i = 0; i < 50; i += 1) {
                assert.equal((await mother.get('leave-requests?limit=1')).status, 200);
            }
            assert.ok(Date.now() - begun < 10_000);
            await until('the slow ones to be in the middle', () => slow.every(({ at }) => at > 100));
            assert.equal((await mother.get('leave-requests?limit=1')).status, 200);
        } finally {
            clearInterval(dribble);
            slow.forEach((socket) => socket.destroy());
        }
    });

    test('that close their half after the request get their answer', async () => {
        const socket = await connect();
        socket.end(`GET /api/v1/leave-requests?limit=1 HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: ${cookie()}\r\nConnection: close\r\n\r\n`);
        const chunks = [];
        socket.on('data', (chunk) => chunks.push(chunk));
        await once(socket, 'close');
        assert.match(Buffer.concat(chunks).toString(), /^HTTP\/1\.1 200 /);
    });

    test('that leave in the middle of an upload leave nothing behind', async () => {
        const before = await server.sql('SELECT COUNT(*) AS n FROM attachment');
        for (let i = 0; i < 30; i += 1) {
            const socket = await connect();
            socket.on('error', () => {});
            socket.write(`POST /api/v1/attachments HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nOrigin: http://127.0.0.1:${server.port}\r\nCookie: ${cookie()}\r\nIdempotency-Key: ${randomUUID()}\r\n` +
                `Content-Type: image/jpeg\r\nContent-Length: ${2 * 1024 * 1024}\r\n\r\n`);
            socket.write(Buffer.concat([jpeg, randomBytes(300 * 1024)]));
            await sleep(10);
            socket.destroy();
        }
        await sleep(500);
        assert.deepEqual(await server.sql('SELECT COUNT(*) AS n FROM attachment'), before);
        const temporary = fs.readdirSync(path.join(server.dir, 'tmp'), { recursive: true }).filter((name) => fs.statSync(path.join(server.dir, 'tmp', name)).isFile());
        assert.deepEqual(temporary, []);
    });

    // 1,000 of them are this process's, the others a child's: each process has its own limit of open files
    test('10,000 that say nothing: those who ask are answered, the worker stays small', { timeout: 120_000 }, async (t) => {
        const limit = Number(spawnSync('sh', ['-c', 'ulimit -Hn'], { encoding: 'utf8' }).stdout) || Infinity;
        if (limit < 12_000) {
            t.skip('fewer than 12,000 open files are allowed here');
            return;
        }
        const rss = () => Number(/^VmRSS:\s+(\d+)/m.exec(fs.readFileSync(`/proc/${server.workerPids()[0]}/status`, 'utf8'))[1]) / 1024;
        const idle = [];
        const crowd = (n) => {
            const child = spawn('sh', ['-c', `ulimit -n ${Math.min(limit, 12000)}; exec "$0" -e '
                const net = require("net"); let open = 0;
                for (let i = 0; i < ${n}; i += 1) { const s = net.connect(${server.port}, "127.0.0.1", () => { open += 1; if (open === ${n}) console.log("open"); }); s.on("error", (e) => { console.log(e.code); process.exit(1); }); }'`, process.execPath],
            { stdio: ['ignore', 'pipe', 'inherit'] });
            idle.push(child);
            return once(child.stdout, 'data').then(([text]) => assert.equal(text.toString().trim(), 'open'));
        };
        try {
            await crowd(1000);
            const [thousand] = [rss()];
            await crowd(9000);
            const begun = Date.now();
            for (let i = 0; i < 100; i += 1) {
                assert.equal((await mother.get('leave-requests?limit=1')).status, 200);
            }
            process.stdout.write(`worker: ${thousand.toFixed(0)} MiB with 1,000 idle connections, ${rss().toFixed(0)} MiB with 10,000; 100 answers in ${Date.now() - begun} ms\n`);
            assert.ok(thousand <= 64, `${thousand} MiB`);
        } finally {
            idle.forEach((child) => child.kill('SIGKILL'));
        }
        await until('the connections to go', async () => (await mother.get('leave-requests?limit=1')).status === 200);
    });
});

test('nothing crashed meanwhile', () => {
    assert.deepEqual(unhealthy(), []);
});
