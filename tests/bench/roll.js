// roll.js (node tests/bench/roll.js): the roll of a class of 45 with three children absent, handed in by its class teacher: how long one
// takes alone, and how many a second when a county's classes hand in at the first bell. Each class hands in once a session, so it is a number
// of requests and not of seconds, and no ratio to a bare client: bench.js has those.
//
//   BENCH_STUDENTS=20000   BENCH_CONNECTIONS=1,16,64   BENCH_SMOKE=1: small and short

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { accountPassword, top } from '../lib/database.js';
import { start } from '../lib/server.js';
import { libraryValues } from '../lib/world.js';
import { makeCounty, token } from './county.js';

const smoke = Boolean(process.env.BENCH_SMOKE);
const students = Number(process.env.BENCH_STUDENTS ?? (smoke ? 900 : 20000));
const connections = (process.env.BENCH_CONNECTIONS ?? (smoke ? '4' : '1,16,64')).split(',').map(Number);

/** One request on a connection of the agent; its milliseconds. */
function send(server, agent, account, body) {
    return new Promise((resolve, reject) => {
        const began = process.hrtime.bigint();
        const text = JSON.stringify(body);
        const request = http.request({ agent, host: '127.0.0.1', port: server.port, method: 'POST', path: '/api/v1/roll-calls', headers: {
            'content-type': 'application/json', 'content-length': Buffer.byteLength(text), cookie: `baoxue-${server.port}=${token(account)}`, origin: server.origin,
            'idempotency-key': randomUUID() } }, (answer) => {
            const parts = [];

            answer.on('data', (part) => parts.push(part));
            answer.on('end', () => (answer.statusCode === 201 ? resolve(Number(process.hrtime.bigint() - began) / 1e6) : reject(new Error(`${answer.statusCode} ${Buffer.concat(parts)}`))));
        });
        request.on('error', reject);
        request.end(text);
    });
}

async function round(server, classes, days, conns) {
    const agent = new http.Agent({ keepAlive: true, maxSockets: conns });
    const work = days.flatMap((day) => ['am', 'pm'].flatMap((session) => classes.map((one) => [one, day, session])));
    const times = [];
    const began = process.hrtime.bigint();

    await Promise.all(Array.from({ length: conns }, async () => {
        for (let next = work.pop(); next; next = work.pop()) {
            const [{ id, teacher, children }, day, session] = next;
            const marks = children.slice(0, 3).map((student_id) => ({ student_id, kind: 'absent' }));

            times.push(await send(server, agent, teacher, { class_id: id, day, session, marks, seconds: 12 }));
        }
    }));

    const seconds = Number(process.hrtime.bigint() - began) / 1e9;
    agent.destroy();
    times.sort((a, b) => a - b);
    return { connections: conns, rolls: times.length, rate: Math.round(times.length / seconds), p50: Number(times[Math.floor(times.length / 2)].toFixed(1)),
        p99: Number(times[Math.floor(times.length * 0.99)].toFixed(1)) };
}

const server = await start({ clock: null, nginx: false, release: true, workers: 2 });
const [password] = libraryValues(server, [{ op: 'password', text: accountPassword }]);
await makeCounty(server, { students, waiting: 0, password });
await server.sql("INSERT INTO enrolment (id, student_id, class_id, school_id, starts_on) SELECT id, id, class_id, school_id, CURRENT_DATE - INTERVAL 80 DAY FROM student");
await server.startNginx();

const rows = await server.sql(`SELECT s.class_id, p.account_id, GROUP_CONCAT(s.id ORDER BY s.id LIMIT 3) children FROM student s
    JOIN \`position\` p ON p.unit_id = s.class_id AND p.role = 'teacher' GROUP BY s.class_id, p.account_id LIMIT 400`);
const classes = rows.map((row) => ({ id: String(row.class_id), teacher: row.account_id, children: String(row.children).split(',') }));
assert.ok(classes.length > 0);

const past = Array.from({ length: 60 }, (_, i) => new Date(Date.now() + 8 * 3600e3 - (i + 1) * 86400e3))
    .filter((day) => ![0, 6].includes(day.getUTCDay()))
    .map((day) => day.toISOString().slice(0, 10));
const results = [];
for (const [i, conns] of connections.entries()) {
    results.push(await round(server, classes, [past[i]], conns));
    process.stdout.write(`${JSON.stringify(results.at(-1))}\n`);
}
await server.stop();
fs.mkdirSync(path.join(top, 'build', 'bench'), { recursive: true });
fs.writeFileSync(path.join(top, 'build', 'bench', 'roll.json'), JSON.stringify(results, null, 2));
