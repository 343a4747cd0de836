// bench.js (make bench): how fast Baoxue is beside two limits that are measured in the same run: a bare C client that runs the same
// statements one at a time and makes the same JSON (bare.c), and nginx serving a static answer of the same size. L is what both
// together would allow: 1 / (1 / bare + 1 / static). Medians of interleaved rounds; ratios are what counts, for a machine that others
// share tells little by its absolute times.
//
//   BENCH_STUDENTS=20000  BENCH_ROUNDS=5  BENCH_SECONDS=3  BENCH_CONNECTIONS=1,16,64,256  BENCH_GROWTH=200,2000,20000,200000
//   BENCH_ONLY=list,submit: only these operations (row, list, submit, approve, roll, bulk, cases, or none), and growth only when its sizes are named
//   BENCH_SMOKE=1: small and short, only to see that it runs and that nothing is refused.
//
// Results go to build/bench/<commit>.json; those of the newest other commit there are compared with.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { accountPassword, top } from '../lib/database.js';
import { run, until } from '../lib/processes.js';
import { start } from '../lib/server.js';
import { libraryValues } from '../lib/world.js';
import { exportRows, importRows } from './bulk.js';
import { recorder, scriptOf } from './capture.js';
import { caseLists } from './cases.js';
import { asMade, classRows, forget, leaveRows, makeCounty, token, weekdays } from './county.js';
import { bareRows, rollOf, rollRows } from './roll.js';

const here = path.dirname(fileURLToPath(import.meta.url));
const smoke = Boolean(process.env.BENCH_SMOKE);
const numbers = (name, otherwise) => (process.env[name] ?? otherwise).split(',').map(Number);
const rounds = Number(process.env.BENCH_ROUNDS ?? (smoke ? 1 : 5));
const seconds = Number(process.env.BENCH_SECONDS ?? (smoke ? 1 : 3));
const connections = numbers('BENCH_CONNECTIONS', smoke ? '16' : '1,16,64,256');
const students = Number(process.env.BENCH_STUDENTS ?? (smoke ? 2000 : 20000));
const only = process.env.BENCH_ONLY?.split(',');
const growth = process.env.BENCH_GROWTH === '' || (only && process.env.BENCH_GROWTH === undefined) ? [] : numbers('BENCH_GROWTH', smoke ? '200' : '200,2000,20000,200000');
const out = path.join(top, 'build', 'bench');
const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];
const say = (text) => process.stdout.write(`${text}\n`);
const round = (x, digits = 2) => Number(x.toFixed(digits));

function build() {
    fs.mkdirSync(out, { recursive: true });
    const flags = run('pkg-config', ['--cflags', '--libs', 'libmariadb', 'jansson']).trim().split(/\s+/);
    run('gcc', ['-std=gnu11', '-O2', '-D_GNU_SOURCE', path.join(here, 'bare.c'), '-o', path.join(out, 'bare'), ...flags, '-lpthread']);
}

class Bench {
    constructor(server, dir) {
        this.server = server;
        this.dir = dir;
    }

    file(name, text) {
        const file = path.join(this.dir, name);
        fs.writeFileSync(file, text);
        return file;
    }

    cookie(account) { return `baoxue-${this.server.port}=${token(account)}`; }

    /** Runs wrk with lines of requests; { rate, p50, p99 }. */
    wrk(lines, conns, { rate } = {}) {
        const file = this.file('requests', `${lines.join('\n')}\n`);
        const each = rate === undefined ? [] : [String(rate / conns)];
        const text = run('wrk', ['-t', conns === 1 ? '1' : '2', '-c', String(conns), '-d', `${seconds}s`, '--timeout', '30s', '-s', path.join(here, 'load.lua'), this.server.origin, '--', file, ...each]);
        const result = JSON.parse(/^RESULT (.*)$/m.exec(text)[1]);
        assert.ok(result.errors + result.bad <= result.requests * 0.001, `${JSON.stringify(result)}: ${lines[0].slice(0, 200)}\n${this.refused()}`);
        return { rate: result.requests / result.seconds, p50: result.p50, p99: result.p99 };
    }

    /** The last answers of the access log that were refusals. */
    refused() {
        const log = fs.readFileSync(path.join(this.server.dir, 'log/access.log'), 'utf8').split('\n');
        return log.filter((line) => / [45]\d\d \d+ /.test(line)).slice(-5).join('\n');
    }

    /** Turns a second of the bare client; rows: its table, or a generator of rows that no two turns may share. */
    bare(script, given, threads) {
        const rows = Array.isArray(given) ? given : Array.from({ length: 2000 * seconds }, () => given.next().value);
        const names = Object.keys(rows[0]);
        const table = this.file('rows', `${[names, ...rows.map((row) => names.map((name) => row[name]))].map((cells) => cells.join('\t')).join('\n')}\n`);
        return Number(run(path.join(out, 'bare'), [this.server.database.socket, 'tester', 'test', 'baoxue', String(threads), String(seconds), this.file('script', script), table]));
    }

    /** CPU seconds of nginx and of mariadbd so far. */
    cpu() {
        const ticks = (pid) => {
            const cells = fs.readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /s, '').split(' ');
            return (Number(cells[11]) + Number(cells[12])) / 100;
        };
        return { nginx: this.server.workerPids().reduce((sum, pid) => sum + ticks(pid), 0), mariadbd: ticks(this.server.database.child.pid) };
    }

    /** wrk(), and what it cost: { rate, p50, p99, requests, cpu: { nginx, mariadbd } }. */
    wrkCpu(lines, conns) {
        const before = this.cpu();
        const got = this.wrk(lines, conns);
        const after = this.cpu();
        return { ...got, requests: got.rate * seconds, cpu: { nginx: after.nginx - before.nginx, mariadbd: after.mariadbd - before.mariadbd } };
    }
}

/** The operations: what to send, what a bare client does for it. */
async function operations(bench, log, size, alone) {
    const { server } = bench;
    const decided = await leaveRows(server, 'returned', Math.min(20000, 3 * size));
    const waiting = await leaveRows(server, 'submitted', 200000);
    // what one decides the other cannot: a half each, and forget() gives the bare client its half back
    const ours = alone ? waiting : waiting.filter(({ id }) => BigInt(id) % 2n === 0n);
    const bares = waiting.filter(({ id }) => BigInt(id) % 2n === 1n);
    // a day of a child is asked for once
    const children = [...new Map(decided.map((row) => [row.student, row])).values()];
    const days = weekdays(64).filter((_, i) => i % 2 === 1);
    const get = (url) => (row, who) => `GET\t${url(row)}\t${bench.cookie(row[who])}`;
    const ask = async (who, method, url, body) => {
        const client = await server.client(null);
        client.cookies.set(`baoxue-${server.port}`, token(who));
        await client.get('session');
        log.forget();
        const answer = await client.request(method, url, { body, headers: { 'if-match': '*' } });
        assert.ok(answer.status < 300, answer.text);
        await new Promise((resolve) => { setTimeout(resolve, 300); });
        return { answer, statements: log.read() };
    };
    const submission = (row, day) => ({ action: 'submit', student_id: String(row.student), kind: 'sick', starts_on: day, starts_period: 1, ends_on: day, ends_period: 7, reason: '感冒发烧，在家休息' });

    const one = decided[0];
    const rolls = rollRows(await classRows(server), weekdays(50, -1));
    const called = await ask(rolls[0].teacher, 'POST', 'roll-calls', rollOf(rolls[0]));
    const read = await ask(one.teacher, 'GET', `leave-requests/${one.id}`);
    const list = await ask(one.teacher, 'GET', 'leave-requests?limit=40');
    const asked = await ask(one.parent, 'POST', 'leave-requests', submission(one, days.at(-1)));
    const approved = await ask(ours[0].teacher, 'POST', `leave-requests/${ours[0].id}/approve`, {});
    const key = (text) => /idempotency_key[^(]*\([^)]*\) VALUES \(\d+, '([^']+)'/.exec(text.map((s) => s.text).join('\n'))?.[1];
    const all = (recorded, row, options) => scriptOf(recorded.statements, row, { key: key(recorded.statements), ...options });
    const left = { submit: 0, approve: 1, roll: 1 };
    const take = (rows, what, n) => Array.from({ length: n }, () => {
        const i = left[what];
        left[what] += 1;
        return [rows[i % rows.length], Math.floor(i / rows.length)];
    });

    const ops = {
        row: { rows: decided, script: all(read, one), size: read.answer.bytes.length, lines: () => decided.map((row) => get((r) => `/api/v1/leave-requests/${r.id}`)(row, 'teacher')) },
        list: { rows: decided, script: all(list, one, { list: true }), size: list.answer.bytes.length, lines: () => decided.map((row) => get(() => '/api/v1/leave-requests?limit=40')(row, 'teacher')) },
        submit: { rows: decided, write: true, script: all(asked, { ...one, id: '' }), size: asked.answer.bytes.length,
            lines: (n) => take(children, 'submit', n)
                .map(([row, turn]) => `POST\t/api/v1/leave-requests\t${bench.cookie(row.parent)}\t${JSON.stringify(submission(row, days[turn % (days.length - 1)]))}`) },
        roll: { rows: bareRows(rolls), write: true, guess: 600, script: all(called, rolls[0]), size: called.answer.bytes.length,
            lines: (n) => take(rolls, 'roll', Math.min(n, rolls.length - left.roll)).map(([row]) => `POST\t/api/v1/roll-calls\t${bench.cookie(row.teacher)}\t${JSON.stringify(rollOf(row))}`) },
        approve: { rows: bares, write: true, script: all(approved, ours[0]), size: approved.answer.bytes.length,
            lines: (n) => take(ours, 'approve', Math.min(n, ours.length - left.approve)).map(([row]) => `POST\t/api/v1/leave-requests/${row.id}/approve\t${bench.cookie(row.teacher)}\t{}`) },
    };
    // not an operation: the rows are handed out from the first again
    return Object.defineProperty(ops, 'restart', { value: () => Object.assign(left, { submit: 0, approve: 1, roll: 1 }) });
}

/** alone: no bare client will take its half of what there is to decide. */
async function prepare(size, seeding, { alone = false } = {}) {
    const dir = fs.mkdtempSync('/tmp/bx-bench-');
    const same = path.join(dir, 'same-size');
    fs.mkdirSync(same);
    const server = await start({ clock: null, nginx: false, release: true, workers: 2, server: `location /same-size/ { alias "${same}/"; }` });
    await server.stopDatabase('SIGTERM');
    await server.startDatabase(['--innodb-buffer-pool-size=1G', '--innodb-log-file-size=128M']);
    const [password] = libraryValues(server, [{ op: 'password', text: accountPassword }]);
    await makeCounty(server, { students: size, waiting: seeding, password });
    await server.readFreely();
    const log = await recorder(server);
    await server.startNginx();
    const bench = new Bench(server, dir);
    const ops = await operations(bench, log, size, alone);
    await server.sql('SET GLOBAL slow_query_log = 0');
    const { port } = server;
    await server.stopNginx();
    server.port = port;
    await server.startNginx();
    return { bench, ops, same, finish: async () => { await server.stop(); fs.rmSync(dir, { recursive: true, force: true }); } };
}

/** One operation at some connections, interleaved with its limits. */
async function measure({ bench, same }, name, op, conns) {
    fs.writeFileSync(path.join(same, name), Buffer.alloc(op.size, 'x'));
    const rates = { bare: [], compound: [], static: [], baoxue: [] };
    const times = { p50: [], p99: [] };
    const cpu = { nginx: 0, mariadbd: 0, requests: 0 };
    for (let i = 0; i < rounds; i += 1) {
        const bare = [];
        for (const threads of smoke ? [16] : [4, 16]) {
            bare.push(bench.bare(op.script.text, op.rows, threads));
            if (op.write) {
                await forget(bench.server);
            }
        }
        rates.bare.push(Math.max(...bare));
        if (op.write) {
            rates.compound.push(bench.bare(op.script.compound, op.rows, 4));
            await forget(bench.server);
        }
        rates.static.push(bench.wrk([`GET\t/same-size/${name}\t`], conns).rate);
        // written ones are used up: enough lines for the time there is, never one twice
        const guess = op.guess ?? (op.write ? 1200 : 4000);
        const lines = op.lines(Math.ceil(Math.max(rates.baoxue.at(-1) ?? 0, guess) * seconds * 1.6));
        // nobody's first request of the minute: who asks has looked at a page before
        bench.wrk(lines.map((line) => `GET\t/api/v1/session\t${line.split('\t')[2]}`), conns);
        const got = bench.wrkCpu(lines, conns);
        rates.baoxue.push(got.rate);
        times.p50.push(got.p50);
        times.p99.push(got.p99);
        cpu.nginx += got.cpu.nginx;
        cpu.mariadbd += got.cpu.mariadbd;
        cpu.requests += got.requests;
    }
    const [bare, fixed, baoxue] = [median(rates.bare), median(rates.static), median(rates.baoxue)];
    const limit = 1 / (1 / bare + 1 / fixed);
    const compound = op.write ? { compound: round(median(rates.compound) / bare) } : {};
    return {
        connections: conns, rate: round(baoxue, 0), bare: round(bare, 0), ...compound, static: round(fixed, 0), ofL: round(baoxue / limit),
        p50: round(median(times.p50)), p99: round(median(times.p99)), statements: op.script.statements, bytes: op.size,
        cpuMicroseconds: { nginx: round(1e6 * cpu.nginx / cpu.requests, 0), mariadbd: round(1e6 * cpu.mariadbd / cpu.requests, 0) },
    };
}

async function main() {
    build();
    const commit = run('git', ['rev-parse', '--short', 'HEAD'], { cwd: top }).trim();
    const results = { commit, at: new Date().toISOString(), students, rounds, seconds, operations: {}, growth: {} };

    const prepared = await prepare(students, smoke ? 4 : 8);
    for (const [name, op] of Object.entries(prepared.ops).filter(([n]) => only === undefined || only.includes(n))) {
        results.operations[name] = [];
        for (const conns of connections) {
            const got = await measure(prepared, name, op, conns);
            results.operations[name].push(got);
            say(`${name.padEnd(8)} ${String(conns).padStart(3)} connections: ${got.rate}/s = ${got.ofL} L (bare ${got.bare}/s${got.compound ? `, with its writes in one compound ${got.compound} × that` : ''}, ` +
                `static ${got.static}/s), p50 ${got.p50} ms, p99 ${got.p99} ms, ` +
                `${got.statements} statements, CPU ${got.cpuMicroseconds.nginx} + ${got.cpuMicroseconds.mariadbd} µs`);
        }
        if (!op.write) {
            const rate = results.operations[name].at(-1).rate / 2;
            const half = prepared.bench.wrk(op.lines(), 32, { rate });
            results.operations[name].push({
                halfRate: round(half.rate, 0), p50: round(half.p50), p99: round(half.p99), p99ofP50: round(half.p99 / half.p50),
            });
            say(`${name.padEnd(8)} at half that rate: p50 ${round(half.p50)} ms, p99 ${round(half.p99)} ms = ${round(half.p99 / half.p50)} × p50`);
        }
    }
    results.operations.startPage = prepared.bench.wrk(['GET\t/\t'], 64);
    say(`start page 64 connections: ${round(results.operations.startPage.rate, 0)}/s, p99 ${round(results.operations.startPage.p99)} ms`);
    const signIns = Array.from({ length: 400 }, (_, i) => `POST\t/api/v1/session\t\t${JSON.stringify({ login: `p${i}`, password: accountPassword })}`);
    results.operations.signIn = prepared.bench.wrk(signIns, 4);
    say(`sign-in    4 connections: ${round(results.operations.signIn.rate, 1)}/s, p50 ${round(results.operations.signIn.p50)} ms (Argon2id, 19 MiB)`);
    if (only === undefined || only.includes('bulk')) {
        const { server } = prepared.bench;
        const sheet = await exportRows(server, smoke ? 1000 : 5000);
        say(`export     ${sheet.rows} rows as xlsx (${sheet.bytes} bytes): ${round(sheet.perSecond, 0)} rows/s`);
        const load = await importRows(server);
        say(`import     ${load.rows} rows: ${round(load.perSecond, 0)} rows/s, the same again ${round(load.againPerSecond, 0)} rows/s, ` +
            `LOAD DATA ${round(load.loadDataPerSecond, 0)} rows/s: ${round(load.loadDataPerSecond / load.perSecond, 1)} × as fast`);
        results.operations.export = sheet;
        results.operations.import = load;
    }
    if (smoke || only?.includes('cases')) {
        results.operations.cases = await cases(prepared.bench, students);
    }
    await prepared.finish();

    for (const size of growth) {
        const small = await prepare(size, Math.max(1, Math.min(30, Math.ceil(12000 / size))), { alone: true });
        results.growth[size] = {};
        for (const [name, op] of Object.entries(small.ops).filter(([n]) => n !== 'roll')) {
            results.growth[size][name] = await grown(small, op);
        }
        say(`${String(size).padStart(6)} students: ${Object.entries(results.growth[size])
            .map(([name, { p50, cpuMicroseconds: cpu }]) => `${name} p50 ${p50} ms, CPU ${cpu.nginx} + ${cpu.mariadbd} µs`).join('; ')}`);
        if (size === Math.max(...growth)) {
            results.growth[size].cases = await cases(small.bench, size);
        }
        await small.finish();
    }

    compare(results, commit);
    fs.writeFileSync(path.join(out, `${commit}.json`), `${JSON.stringify(results, null, 2)}\n`);
}

/** One operation on four connections; every round finds the county as it was made. */
async function grown({ bench, ops }, op) {
    const got = [];
    for (let i = 0; i < rounds; i += 1) {
        if (op.write) {
            await asMade(bench.server);
            ops.restart();
        }
        const lines = op.lines(Math.ceil(1500 * seconds));
        bench.wrk(lines.slice(0, 2000).map((line) => `GET\t/api/v1/session\t${line.split('\t')[2]}`), 4);
        got.push(bench.wrkCpu(lines, 4));
    }
    const all = (of) => round(1e6 * got.reduce((sum, one) => sum + one.cpu[of], 0) / got.reduce((sum, one) => sum + one.requests, 0), 0);
    return { rate: round(median(got.map(({ rate }) => rate)), 0), p50: round(median(got.map(({ p50 }) => p50)), 3), cpuMicroseconds: { nginx: all('nginx'), mariadbd: all('mariadbd') } };
}

async function cases(bench, size) {
    const lists = await caseLists(bench, size);
    say(`cases      ${lists.open} open among ${size} students, pages of ${lists.rows}: p50 ${round(lists.school)} ms at a school, ${round(lists.county)} ms at the county: ${round(lists.ratio)} ×`);
    return lists;
}

function compare(results, commit) {
    const others = fs.readdirSync(out).filter((name) => name.endsWith('.json') && name !== `${commit}.json`)
        .map((name) => path.join(out, name)).sort((a, b) => fs.statSync(b).mtimeMs - fs.statSync(a).mtimeMs);
    if (others.length === 0) {
        return;
    }
    const before = JSON.parse(fs.readFileSync(others[0], 'utf8'));
    for (const [name, list] of Object.entries(results.operations).filter(([, of]) => Array.isArray(of))) {
        for (const got of list.filter(({ ofL }) => ofL)) {
            const then = before.operations[name]?.find(({ connections: n }) => n === got.connections);
            if (then) {
                say(`${name} at ${got.connections}: ${round(got.ofL / then.ofL)} × of ${before.commit} (in L)`);
            }
        }
    }
}

await until('nothing', () => true);
await main();
process.exit(0);
