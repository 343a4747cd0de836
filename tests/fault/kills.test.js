// kills.test.js: kill -9 of a worker or of mariadbd at moments nobody chooses, while people write: every acknowledged write is
// there exactly once, the audit chains verify, and the service comes back without hands.
//
// BAOXUE_ROUNDS says how many kills (6; `make fault` 100), BAOXUE_SEED repeats the choice of victims and moments.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { generator } from '../lib/odd.js';
import { until } from '../lib/processes.js';
import { start } from '../lib/server.js';
import { buildWorld } from '../lib/world.js';
import { Writers } from './writers.js';

const rounds = Number(process.env.BAOXUE_ROUNDS ?? 6);
const seed = Number(process.env.BAOXUE_SEED ?? Math.floor(Math.random() * 2 ** 31));
const random = generator(seed);
let server, writers;

before(async () => {
    process.stdout.write(`seed ${seed}, ${rounds} rounds\n`);
    server = await start({ clock: '2026-09-21T09:00:00+08:00', running: true, workers: 2, jobs: true });
    const world = await buildWorld(server);
    const pairs = [['guardian', 'siyu'], ['guardian', 'yu'], ['father', 'siyu'], ['father', 'yu'], ['guardianHao', 'hao'], ['guardian2', 'xin']];
    const people = await Promise.all(pairs.map(async ([login, child]) => ({ client: await server.client(login), student: world.students[child] })));
    writers = new Writers(server, people);
});
after(() => server.stop());

const ready = () => until('/readyz', async () => {
    const client = await server.client(null);
    const answer = await client.get('/readyz', { signal: AbortSignal.timeout(3000) }).catch(() => null);
    client.close();
    return answer?.status === 200;
}, 60);

async function killWorker() {
    const pids = server.workerPids();
    const victim = pids[Math.floor(random() * pids.length)];
    process.kill(victim, 'SIGKILL');
    await until('a new worker', () => server.workerPids().length === 2 && !server.workerPids().includes(victim));
}

async function killDatabase() {
    await server.stopDatabase('SIGKILL');
    await sleep(random() * 400);
    await server.startDatabase();
}

test(`${rounds} kills under load`, { timeout: 30_000 + rounds * 30_000 }, async () => {
    const killed = { worker: 0, database: 0 };
    writers.start();
    for (let round = 0; round < rounds; round += 1) {
        const before = writers.done.length;
        await sleep(200 + random() * 900);
        if (round % 2 === 0) {
            await killWorker();
            killed.worker += 1;
        } else {
            await killDatabase();
            killed.database += 1;
        }
        await ready();
        await until('writes to go on', () => writers.done.length > before + writers.people.length || writers.unexpected.length > 0, 60);
    }
    await writers.stop();
    await writers.check();
    assert.ok(writers.done.length > rounds * 5, 'there was no load');
    assert.ok(writers.retries > 0, 'nothing was interrupted');
    process.stdout.write(`workers killed ${killed.worker}, databases ${killed.database}: ${writers.done.length} records acknowledged, ${writers.retries} requests sent again, ` +
        `longest wait ${writers.longest} ms\n`);
});
