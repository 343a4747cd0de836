// heads.test.js: the heads of the audit chains leave the machine, and what was kept elsewhere finds a database that was written anew.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import dgram from 'node:dgram';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { baoxuectl, databaseFlags, top } from '../lib/database.js';
import { until } from '../lib/processes.js';
import { start } from '../lib/server.js';
import { buildWorld } from '../lib/world.js';

const monday = '2026-09-21T07:50:00+08:00';
const form = /^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d \[notice\] \d+#\d+: audit head unit=(\d+) seq=(\d+) head=([0-9a-f]{64})$/;
const sent = [];
let server, world, syslog;

before(async () => {
    syslog = dgram.createSocket('udp4');
    syslog.on('message', (message) => sent.push(message.toString()));
    await new Promise((resolve) => { syslog.bind(0, '127.0.0.1', resolve); });
    server = await start({
        clock: monday, workers: 2,
        http: `baoxue_chain_log log/chain.log; baoxue_chain_log syslog:server=127.0.0.1:${syslog.address().port},facility=authpriv,tag=baoxue_chain;`,
    });
    world = await buildWorld(server);
});
after(async () => {
    await server?.stop();
    syslog?.close();
});

const file = () => path.join(server.dir, 'log/chain.log');
const lines = () => fs.readFileSync(file(), 'utf8').split('\n').filter(Boolean);
const told = () => lines().map((line) => form.exec(line) ?? assert.fail(line)).map(([, unit, seq, head]) => `${unit} ${seq} ${head}`);
const chains = async () => (await server.sql('SELECT unit_id, seq, LOWER(HEX(head)) AS head FROM audit_chain ORDER BY unit_id')).map(({ unit_id: unit, seq, head }) => `${unit} ${seq} ${head}`);

/** The next day's run, by nginx itself. */
async function run(day) {
    const before = lines().length;
    server.setClock(`${day}T07:50:00+08:00`);
    server.options.jobs = true;
    await server.stopNginx();
    await server.startNginx();
    await until('the heads', () => lines().length > before, 20);
    await until('the end of the jobs', async () => (await server.sql("SELECT result FROM job WHERE name = 'audit.heads' AND leased_until IS NULL")).length === 1, 20);
    server.options.jobs = false;
    await server.stopNginx();
    await server.startNginx();
    return told().slice(before);
}

function verify(...args) {
    const { status, stdout, stderr } = spawnSync(baoxuectl, [...databaseFlags(server.dir), 'audit', 'verify', '--json', ...args],
        { encoding: 'utf8', cwd: top, env: { ...process.env, BAOXUE_TEST_CLOCK: path.join(server.dir, 'clock') } });
    return { code: status, rows: stdout ? JSON.parse(stdout) : null, err: stderr };
}

describe('heads of audit chains', () => {
    test('each day a line for each chain that moved, in the file and in the syslog, with nothing about anybody', async () => {
        await server.client('county');                                                              // to sign in is an event of the own unit
        await server.client('teacher');
        const first = await run('2026-09-21');
        assert.deepEqual(first.sort(), (await chains()).sort());
        assert.ok(first.length >= 2, String(first));
        await until('the syslog', () => sent.length >= first.length, 5);
        for (const one of first) {
            const [unit, seq, head] = one.split(' ');
            assert.ok(sent.some((line) => new RegExp(`^<85>.* baoxue_chain: .*audit head unit=${unit} seq=${seq} head=${head}$`).test(line)), `${one}\n${sent.join('\n')}`);
        }
        server.setClock('2026-10-20T07:00:00+08:00');
        await server.client('teacher');
        assert.deepEqual((await run('2026-10-20')).map((one) => one.split(' ')[0]), [String(world.units.school.id)]);      // the others stood still
        assert.ok(lines().every((line) => form.test(line)));
    });

    test('verify holds the chains against them', async () => {
        const { code, rows, err } = verify('--heads', file());
        assert.equal(code, 0, err);
        const school = rows.find((one) => one.unit_id === String(world.units.school.id));
        assert.deepEqual([school.whole, school.heads, school.first_lost], [true, 2, null]);
        const one = verify('--heads', file(), '--unit', '2152001234').rows;
        assert.deepEqual(one.map((row) => [row.code, row.heads]), [['2152001234', 2]]);
        const none = path.join(server.dir, 'none.log');
        fs.writeFileSync(none, 'nothing\n');
        assert.equal(verify('--heads', none).code, 1);
        assert.match(verify('--heads', none).err, /has no line with a head/);
    });

    test('a chain that was written anew fits in itself, but not what was kept', async () => {
        const unit = world.units.school.id;
        const school = (rows) => rows.find((one) => one.unit_id === String(unit));
        const events = await server.sql('SELECT * FROM audit_event WHERE unit_id = ? ORDER BY seq', [unit]);
        const [chain] = await server.sql('SELECT * FROM audit_chain WHERE unit_id = ?', [unit]);
        const last = events.at(-1);
        // whoever has the database changes who it was, and computes the rest again
        await server.sql(`UPDATE audit_event e JOIN (SELECT hash FROM audit_event WHERE unit_id = ? AND seq = ?) p
            SET e.payload = REPLACE(e.payload, '王晓梅', '陈志强'), e.hash = UNHEX(SHA2(CONCAT(p.hash, CAST(REPLACE(e.payload, '王晓梅', '陈志强') AS BINARY)), 256))
            WHERE e.unit_id = ? AND e.seq = ?`, [unit, last.seq - 1, unit, last.seq]);
        await server.sql('UPDATE audit_chain SET head = (SELECT hash FROM audit_event WHERE unit_id = ? AND seq = ?) WHERE unit_id = ?', [unit, last.seq, unit]);
        assert.equal(school(verify().rows).whole, true, 'nothing to see in the database alone');
        let found = verify('--heads', file());
        assert.equal(found.code, 4);
        assert.deepEqual([school(found.rows).whole, school(found.rows).first_lost], [true, Number(last.seq)]);
        assert.match(found.err, /1 chains are not those whose heads were kept/);

        // or takes the end away, head and all
        await server.sql('DELETE FROM audit_event WHERE unit_id = ? AND seq = ?', [unit, last.seq]);
        await server.sql('UPDATE audit_chain SET seq = seq - 1, head = ? WHERE unit_id = ?', [events.at(-2).hash, unit]);
        assert.equal(school(verify().rows).whole, true);
        found = verify('--heads', file());
        assert.deepEqual([found.code, school(found.rows).first_lost], [4, Number(last.seq)]);

        // or the whole of it
        await server.sql('DELETE FROM audit_event WHERE unit_id = ?', [unit]);
        await server.sql('DELETE FROM audit_chain WHERE unit_id = ?', [unit]);
        found = verify('--heads', file());
        assert.equal(found.code, 4);
        assert.equal(school(found.rows).first_lost, Number(told().find((one) => one.startsWith(`${unit} `)).split(' ')[1]));

        await server.sql('INSERT INTO audit_chain SET ?', [chain]);
        await server.sql('INSERT INTO audit_event (unit_id, seq, at, account_id, action, record, record_id, payload, hash) VALUES ?',
            [events.map((e) => [e.unit_id, e.seq, e.at, e.account_id, e.action, e.record, e.record_id, e.payload, e.hash])]);
        assert.equal(verify('--heads', file()).code, 0);
    });
});
