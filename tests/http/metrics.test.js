// metrics.test.js mirrors module/ngx_http_baoxue_metrics.c: what Prometheus reads, summed over two workers and kept across a
// reload, and that it says nothing about anybody.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import mysql from 'mysql2/promise';
import { password } from '../lib/database.js';
import { until } from '../lib/processes.js';
import { start } from '../lib/server.js';
import { buildWorld } from '../lib/world.js';

let server, nobody;

before(async () => {
    server = await start({
        clock: '2026-09-21T07:50:00+08:00', running: true, workers: 2, asan: Boolean(process.env.BAOXUE_ASAN),
        main: 'thread_pool narrow threads=1 max_queue=4;',
    });
    await buildWorld(server);
    nobody = await server.client(null);
});
after(() => server?.stop());

/** One line of a label set: {a="b",c="d"} → { a: 'b', c: 'd' }. */
function labelsOf(text) {
    return Object.fromEntries([...text.matchAll(/([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g)].map(([, name, value]) => [name, value]));
}

/** Reads /metrics strictly: each sample belongs to the HELP and TYPE above it. { families, samples: [{ name, labels, value }] }. */
async function metrics() {
    const answer = await nobody.get('/metrics');
    assert.equal(answer.status, 200, answer.text);
    assert.ok(answer.text.endsWith('\n'));

    const families = new Map();
    const samples = [];
    let family = null;
    for (const line of answer.text.slice(0, -1).split('\n')) {
        const head = /^# (HELP|TYPE) ([a-z_]+) (.+)$/.exec(line);
        if (head?.[1] === 'HELP') {
            assert.ok(!families.has(head[2]), `${head[2]} twice`);
            family = { name: head[2], help: head[3], type: null };
            families.set(head[2], family);
        } else if (head) {
            assert.equal(head[2], family.name);
            family.type = head[3];
        } else {
            const sample = /^([a-z_]+)((?:\{[^}]*(?:\{id\}[^}]*)*\})?) ([0-9.]+)$/.exec(line);
            assert.ok(sample, line);
            const suffix = family.type === 'histogram' ? /^(_bucket|_sum|_count)$/ : /^$/;
            assert.ok(sample[1].startsWith(family.name) && suffix.test(sample[1].slice(family.name.length)), line);
            samples.push({ name: sample[1], labels: labelsOf(sample[2]), value: Number(sample[3]) });
        }
    }
    for (const one of families.values()) {
        assert.match(one.type, /^(counter|gauge|histogram)$/);
    }
    return { text: answer.text, families, samples };
}

const fits = (sample, name, labels) => sample.name === name && Object.entries(labels).every(([key, value]) => sample.labels[key] === value);
const sum = ({ samples }, name, labels = {}) => samples.filter((one) => fits(one, name, labels)).reduce((all, one) => all + one.value, 0);
const value = (read, name, labels = {}) => {
    const found = read.samples.filter((one) => fits(one, name, labels));
    assert.equal(found.length, 1, `${name} ${JSON.stringify(labels)}: ${found.length} samples`);
    return found[0].value;
};

describe('what is counted', () => {
    test('is in the text format, version 0.0.4, and not kept', async () => {
        const answer = await nobody.get('/metrics');
        assert.equal(answer.headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8');
        const read = await metrics();
        assert.equal(value(read, 'baoxue_build_info'), 1);
        assert.match(read.text, /baoxue_build_info\{version="\d+\.\d+\.\d+",nginx="1\.\d+\.\d+",schema="\d+"\} 1\n/);
        assert.equal((await nobody.post('/metrics', {})).status, 405);
        const head = await nobody.request('HEAD', '/metrics');
        assert.deepEqual([head.status, head.text], [200, '']);
    });

    test('requests of both workers by route and class of status, and how long they took', async () => {
        const route = { method: 'GET', route: 'session' };
        const earlier = await metrics();
        const people = await Promise.all(Array.from({ length: 20 }, () => server.client('teacher')));
        const answers = await Promise.all(people.map((one) => one.get('session')));
        assert.ok(answers.every((answer) => answer.status === 200));
        await nobody.get('session');
        const read = await metrics();

        const grown = (name, labels) => sum(read, name, labels) - sum(earlier, name, labels);
        assert.equal(grown('baoxue_requests_total', { ...route, status: '2xx' }), 20);
        assert.equal(grown('baoxue_requests_total', { ...route, status: '4xx' }), 1);
        assert.equal(grown('baoxue_requests_total', { method: 'POST', route: 'session', status: '2xx' }), 20);
        assert.equal(grown('baoxue_request_duration_seconds_count', route), 21);
        assert.ok(grown('baoxue_request_duration_seconds_sum', route) > 0);

        const buckets = read.samples.filter((one) => fits(one, 'baoxue_request_duration_seconds_bucket', route));
        const limits = buckets.map((one) => (one.labels.le === '+Inf' ? Infinity : Number(one.labels.le)));
        assert.deepEqual(limits, [...limits].sort((a, b) => a - b));
        assert.equal(limits.at(-1), Infinity);
        assert.ok(buckets.every((one, i) => i === 0 || one.value >= buckets[i - 1].value), 'a bucket holds less than the one before');
        assert.equal(buckets.at(-1).value, value(read, 'baoxue_request_duration_seconds_count', route));
        // Argon2id takes its time, which a histogram must show
        assert.equal(sum(read, 'baoxue_request_duration_seconds_bucket', { method: 'POST', route: 'session', le: '0.0025' }), 0);
    });

    test('routes without their ids, and nothing that somebody made up or is called', async () => {
        const teacher = await server.client('teacher');
        await teacher.get('leave-requests/123456789');
        await teacher.get('students?q=%E6%9D%8E');
        await nobody.get('no/such/thing');
        await nobody.request('BREW', 'session');
        await nobody.get('/api/v1/%22%7D%0Abaoxue_forged%201');
        const { text, samples } = await metrics();
        assert.ok(samples.some(({ labels }) => labels.route === 'leave-requests/{id}'));
        assert.ok(samples.some(({ labels }) => labels.route === 'unknown' && labels.method === 'other'));
        assert.ok(samples.some(({ labels }) => labels.route === 'unknown' && labels.method === 'GET'));
        assert.doesNotMatch(text, /123456789|such|BREW|forged|teacher|[^\x20-\x7e\n]/);
    });

    test('sessions that were remembered and those that were not', async () => {
        const teacher = await server.client('teacher');
        await sleep(1200);                                      // the zone is believed once revocations have been read
        const earlier = await metrics();
        for (let i = 0; i < 10; i += 1) {
            await teacher.get('session');
        }
        const [name] = [...teacher.cookies.keys()];
        await nobody.get('session', { headers: { cookie: `${name}=${'A'.repeat(43)}` } });
        const read = await metrics();
        assert.ok(sum(read, 'baoxue_session_zone_lookups_total', { result: 'hit' })
            - sum(earlier, 'baoxue_session_zone_lookups_total', { result: 'hit' }) >= 9);
        assert.ok(sum(read, 'baoxue_session_zone_lookups_total', { result: 'miss' })
            > sum(earlier, 'baoxue_session_zone_lookups_total', { result: 'miss' }));
        const entries = value(read, 'baoxue_session_zone_entries');
        assert.ok(entries > 20, `${entries} entries`);
        assert.equal(value(read, 'baoxue_session_zone_evictions_total'), 0);
        assert.ok(value(read, 'baoxue_session_zone_free_bytes') > 4e6);

        assert.equal((await teacher.del('session')).status, 204);
        assert.equal(value(await metrics(), 'baoxue_session_zone_entries'), entries - 1);
    });

    test('the database: connections, statements, time', async () => {
        const earlier = await metrics();
        const [row] = await server.sql("SELECT COUNT(*) AS n FROM information_schema.processlist WHERE user = 'baoxue'");
        await nobody.get('session', { headers: { cookie: `baoxue-${server.port}=${'A'.repeat(43)}` } });
        const read = await metrics();
        const connections = sum(earlier, 'baoxue_db_connections');
        assert.ok(Math.abs(connections - Number(row.n)) <= 1, `${connections}, MariaDB says ${row.n}`);
        assert.ok(value(read, 'baoxue_db_connections_opened_total') >= connections);
        assert.ok(value(read, 'baoxue_db_statements_total') > value(earlier, 'baoxue_db_statements_total'));
        assert.ok(value(read, 'baoxue_db_seconds_total') > value(earlier, 'baoxue_db_seconds_total'));
        assert.equal(value(read, 'baoxue_db_errors_total', { kind: 'lost' }), 0);
        assert.equal(value(read, 'baoxue_db_errors_total', { kind: 'other' }), 0);
    });
});

test('tasks that wait and that run, by pool, while the database holds them', async (t) => {
    const teacher = await server.client('teacher');
    const connection = await mysql.createConnection({
        socketPath: server.database.socket, user: 'tester', password, database: 'baoxue',
    });
    t.after(() => connection.end());
    await connection.query('LOCK TABLES attachment WRITE');
    // as many as one client has connections
    const slow = Array.from({ length: 16 }, () => teacher.get('attachments/123', { headers: { connection: 'close' } }));
    const read = await until('the slow pool to be busy', async () => {
        const now = await metrics();
        // a task runs a moment before it has its connection
        return sum(now, 'baoxue_tasks', { pool: 'slow' }) === 16 && value(now, 'baoxue_tasks', { pool: 'slow', state: 'running' }) >= 4
            && value(now, 'baoxue_db_connections', { state: 'busy' }) >= 4 && now;
    });
    assert.ok(value(read, 'baoxue_tasks', { pool: 'slow', state: 'running' }) <= 8);
    assert.equal(value(read, 'baoxue_tasks', { pool: 'password', state: 'waiting' }), 0);
    assert.equal(value(read, 'baoxue_workers'), 2);
    await connection.query('UNLOCK TABLES');
    assert.ok((await Promise.all(slow)).every((answer) => answer.status === 404));
    await until('nothing to be left', async () => sum(await metrics(), 'baoxue_tasks', { pool: 'slow' }) === 0);
});

test('a connection that is lost, and one that cannot be made', async () => {
    const cookie = () => ({ headers: { cookie: `baoxue-${server.port}=${Math.random().toString(36).slice(2).padEnd(43, 'A')}` } });
    const earlier = await metrics();
    assert.ok(await server.dropConnections() > 0);
    for (let i = 0; i < 20; i += 1) {
        assert.equal((await nobody.get('session', cookie())).status, 401);
    }
    const lost = await metrics();
    assert.ok(sum(lost, 'baoxue_db_errors_total', { kind: 'lost' }) > 0);
    assert.ok(sum(lost, 'baoxue_db_connections_opened_total') > sum(earlier, 'baoxue_db_connections_opened_total'));

    await server.stopDatabase();
    assert.equal((await nobody.get('session', cookie())).status, 503);
    const gone = await metrics();                                // it is answered without a database
    assert.ok(value(gone, 'baoxue_db_errors_total', { kind: 'connect' }) > 0);
    assert.equal(sum(gone, 'baoxue_requests_total', { method: 'GET', route: 'session', status: '5xx' }), 1);
    await server.startDatabase();
    await until('the server to be ready', async () => (await nobody.get('/readyz')).status === 200);
});

describe('a reload', () => {
    const conf = () => path.join(server.dir, 'nginx.conf');

    test('keeps the counters, and counts on', async () => {
        const route = { method: 'GET', route: 'session' };
        const earlier = await metrics();
        await server.reload({ drained: true });
        const read = await metrics();
        for (const { name, labels, value: was } of earlier.samples.filter((one) => /_total$|_count$/.test(one.name))) {
            assert.ok(value(read, name, labels) >= was, `${name} ${JSON.stringify(labels)} fell from ${was}`);
        }
        assert.equal(value(read, 'baoxue_requests_total', { ...route, status: '2xx' }),
            value(earlier, 'baoxue_requests_total', { ...route, status: '2xx' }));
        assert.equal(value(read, 'baoxue_workers'), 2);
        await nobody.get('session');
        assert.equal(value(await metrics(), 'baoxue_requests_total', { ...route, status: '4xx' }),
            value(earlier, 'baoxue_requests_total', { ...route, status: '4xx' }) + 1);
    });

    test('and a worker that was killed is no longer counted', async () => {
        const [victim] = server.workerPids();
        process.kill(victim, 'SIGKILL');
        await until('another worker', () => server.workerPids().length === 2 && !server.workerPids().includes(victim));
        nobody = await server.client(null);                      // a connection of the old one went with the worker
        await until('two workers', async () => value(await metrics(), 'baoxue_workers') === 2);
        const [row] = await server.sql("SELECT COUNT(*) AS n FROM information_schema.processlist WHERE user = 'baoxue'");
        assert.ok(sum(await metrics(), 'baoxue_db_connections') <= Number(row.n) + 1);
    });

    test('jobs: when each ran last, and whether it went well', async () => {
        const text = fs.readFileSync(conf(), 'utf8');
        assert.equal(sum(await metrics(), 'baoxue_job_runs_total'), 0);
        fs.writeFileSync(conf(), text.replace('baoxue_jobs off;', 'baoxue_jobs on;'));
        await server.reload({ drained: true });
        const jobs = (await server.sql('SELECT name FROM job')).map(({ name }) => name);
        const read = await until('jobs to have run', async () => {
            const now = await metrics();
            return jobs.length > 0 && sum(now, 'baoxue_job_runs_total', { result: 'ok' }) >= jobs.length && now;
        }, 15).catch(() => metrics());
        const ran = await server.sql('SELECT name, result FROM job WHERE ran_at IS NOT NULL');
        assert.ok(ran.length > 0);
        for (const { name, result } of ran) {
            assert.equal(value(read, 'baoxue_job_last_run_success', { job: name }), result === 'ok' ? 1 : 0, `${name}: ${result}`);
            assert.ok(Math.abs(value(read, 'baoxue_job_last_run_timestamp_seconds', { job: name }) - Date.now() / 1000) < 60);
            assert.ok(value(read, 'baoxue_job_last_run_seconds', { job: name }) < 10);
        }

        // what waits was counted by one of them
        const task = (id, due) => server.sql(`INSERT INTO task (id, state, kind, task_key, school_id, owner_role, owner_unit, working_due, due_sort, created_at,
            updated_at) VALUES (?, 'open', 'leave.decide', ?, 7, 'teacher', 7, ?, ?, ?, ?)`, [id, `k${id}`, due, due, due, due]);
        await task(1, '2026-09-20');
        await task(2, '2027-01-01');
        server.setClock('2026-09-23T07:48:00+08:00', { running: true });
        const counted = await until('them in /metrics', async () => {
            const now = await metrics();
            return value(now, 'baoxue_tasks_waiting') === 2 && now;
        }, 60);
        assert.equal(value(counted, 'baoxue_tasks_overdue'), 1);
        await server.sql('DELETE FROM task');

        // a job that fails says so
        await server.sql('RENAME TABLE attachment TO attachment_away');
        server.setClock('2026-09-23T08:10:00+08:00', { running: true });
        await until('a job to fail', async () => sum(await metrics(), 'baoxue_job_runs_total', { result: 'failed' }) > 0, 15);
        assert.ok((await metrics()).samples.some((one) => one.name === 'baoxue_job_last_run_success' && one.value === 0));
        await server.sql('RENAME TABLE attachment_away TO attachment');
        fs.writeFileSync(conf(), text);
        await server.reload({ drained: true });
    });

    test('a full queue is counted for its pool', async (t) => {
        const text = fs.readFileSync(conf(), 'utf8');
        fs.writeFileSync(conf(), text.replace('baoxue_insecure_cookie on;', '$&\nbaoxue_thread_pool narrow;'));
        await server.reload({ drained: true });
        const connection = await mysql.createConnection({
            socketPath: server.database.socket, user: 'tester', password, database: 'baoxue',
        });
        t.after(() => connection.end());
        await connection.query('LOCK TABLES session WRITE');
        const headers = { cookie: `baoxue-${server.port}=${'A'.repeat(43)}`, connection: 'close' };
        const answers = Array.from({ length: 40 }, () => nobody.get('session', { headers }));
        const read = await until('the queue to be full', async () => {
            const now = await metrics();
            return sum(now, 'baoxue_queue_full_total', { pool: 'fast' }) >= 20 && now;
        });
        await connection.query('UNLOCK TABLES');
        const refused = (await Promise.all(answers)).filter((answer) => answer.status === 503).length;
        assert.ok(sum(await metrics(), 'baoxue_queue_full_total', { pool: 'fast' }) >= refused);
        assert.equal(sum(read, 'baoxue_queue_full_total', { pool: 'password' }), 0);
        assert.equal(value(await metrics(), 'baoxue_requests_total', { route: 'refused', status: '5xx' }), refused);
        fs.writeFileSync(conf(), text);
        await server.reload({ drained: true });
    });

    test('others may not read it', async () => {
        const text = fs.readFileSync(conf(), 'utf8');
        // portal.conf allows this machine's addresses only: the test comes from another
        fs.writeFileSync(conf(), text.replace('listen 127.0.0.1:', 'set_real_ip_from 127.0.0.1; real_ip_header X-Real-IP; listen 127.0.0.1:'));
        await server.reload({ drained: true });
        assert.equal((await nobody.get('/metrics', { headers: { 'x-real-ip': '203.0.113.9' } })).status, 403);
        assert.equal((await nobody.get('/metrics', { headers: { 'x-real-ip': '::1' } })).status, 200);
        fs.writeFileSync(conf(), text);
        await server.reload({ drained: true });
    });
});

test('nothing was logged that should not be, and no sanitizer complained', () => {
    const log = fs.readFileSync(server.errorLog, 'utf8').split('\n')
        .filter((line) => /\[(alert|emerg|crit)\]|exited on signal|runtime error|AddressSanitizer/.test(line))
        .filter((line) => !/exited on signal 9/.test(line));
    assert.deepEqual([log, server.sanitizerReports()], [[], '']);
});
