// nodes.test.js: two nginx nodes on one database: each job runs once, a session holds on both, what is ended on one is ended
// on the other within two seconds; an upgrade of nginx under load.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { run, until } from '../lib/processes.js';
import { start } from '../lib/server.js';
import { buildWorld } from '../lib/world.js';
import { Writers } from './writers.js';

let server, other, world;

before(async () => {
    server = await start({ clock: '2026-09-21T09:00:00+08:00', running: true, workers: 2, jobs: true });
    world = await buildWorld(server);
    other = await server.startNode();
});
after(() => server.stop());

/** The same person with the same session at the other node. The cookie's name carries the port. */
async function follow(client) {
    const there = await other.client(null);
    for (const [name, value] of client.cookies) {
        there.cookies.set(name.replace(String(server.port), String(other.port)), value);
    }
    return there;
}

async function within(seconds, what, ask) {
    const begun = Date.now();
    await until(what, ask, seconds + 8);
    return Date.now() - begun;
}

describe('two nodes', () => {
    test('a session begun on one holds on the other, and ends on both within two seconds', async () => {
        const here = await server.client('teacher');
        const there = await follow(here);
        assert.equal((await there.get('session')).status, 200);
        assert.equal((await here.del('session')).status, 204);
        const took = await within(2, 'the session to end', async () => (await there.get('session')).status === 401);
        assert.ok(took <= 2500, `${took} ms`);
    });

    test('a position that is taken away is gone on both within two seconds of the administrator\'s word', async () => {
        const here = await server.client('teacher2');
        const there = await follow(here);
        assert.ok((await there.get('leave-requests')).status === 200);
        server.control('account', 'disable', 'teacher2');
        const took = await within(2, 'the account to be out', async () => (await there.get('leave-requests')).status === 401);
        assert.ok(took <= 2500, `${took} ms`);
        server.control('account', 'enable', 'teacher2');
    });

    test('each job runs once, whichever node takes it', async () => {
        const mother = await server.client('guardian');
        const teacher = await other.client('teacher');
        const made = await mother.post('leave-requests', {
            action: 'submit', student_id: world.students.siyu, kind: 'sick', starts_on: '2026-09-22', starts_period: 1, ends_on: '2026-09-22', ends_period: 7, reason: '发烧',
        });
        assert.equal(made.status, 201, made.text);
        assert.equal((await teacher.post(`leave-requests/${made.json.id}/approve`, {}, { version: 1 })).status, 200);
        server.setClock('2026-09-22T08:30:00+08:00', { running: true });
        await until('the leave to begin', async () => (await mother.get(`leave-requests/${made.json.id}`)).json.state === 'away', 40);
        await sleep(3000);
        const history = (await mother.get(`leave-requests/${made.json.id}/history`)).json.items;
        assert.equal(history.filter(({ action }) => action === 'start').length, 1);
        const nodes = await server.sql('SELECT name, node, result FROM job');
        assert.ok(nodes.length > 0 && nodes.every(({ result }) => result === null || result === 'ok'), JSON.stringify(nodes));
    });

    test('one node is stopped hard: the other goes on, jobs too', async () => {
        await other.stopNginx('SIGKILL');
        server.setClock('2026-09-22T09:30:00+08:00', { running: true });
        await until('the jobs to run', async () => {
            const rows = await server.sql("SELECT name FROM job WHERE ran_at >= '2026-09-22 09:30:00' AND name = 'leave.clock'");
            return rows.length === 1;
        }, 200);
    });
});

describe('upgrade of nginx', () => {
    const pidFile = () => path.join(server.dir, 'nginx.pid');
    const pidIn = (file) => (fs.existsSync(file) ? Number(fs.readFileSync(file, 'utf8')) : 0);
    const runs = (pid) => fs.existsSync(`/proc/${pid}`);

    test('under load: no request is lost', { timeout: 120_000 }, async (t) => {
        const people = [{ client: await server.client('guardian', { keepAlive: false }), student: world.students.siyu },
            { client: await server.client('guardianHao', { keepAlive: false }), student: world.students.hao }];
        const writers = new Writers(server, people);

        // an nginx whose parent has gone, as a service's: one whose parent is still the one it began with does not upgrade,
        // so the shell stays until nginx has written who it is
        await server.stopNginx();
        run('sh', ['-c', '"$(command -v nginx)" -p "$0" -c "$0/nginx.conf" -e "$0/log/error.log" >/dev/null 2>&1 & while [ ! -s "$0/nginx.pid" ]; do sleep 0.1; done', server.dir]);
        const old = await until('nginx', () => pidIn(pidFile()));
        t.after(() => [pidIn(pidFile()), old].filter((pid) => pid !== 0 && runs(pid)).forEach((pid) => process.kill(pid, 'SIGTERM')));
        await until('/readyz', async () => (await people[0].client.get('/readyz').catch(() => null))?.status === 200);

        writers.start();
        await sleep(500);
        process.kill(old, 'SIGUSR2');
        const fresh = await until('a second master', () => (fs.existsSync(`${pidFile()}.oldbin`) && pidIn(pidFile()) !== old ? pidIn(pidFile()) : 0));
        await sleep(500);
        process.kill(old, 'SIGWINCH');
        await sleep(1000);
        process.kill(old, 'SIGQUIT');
        await until('the old master to end', () => !runs(old), 70);
        await sleep(500);
        await writers.stop();
        await writers.check();
        assert.ok(writers.done.length > 20);
        assert.equal(writers.retries, 0, 'requests were lost');
        process.kill(fresh, 'SIGTERM');
        await until('the new master to end', () => !runs(fresh), 10);
    });
});
