// backup.test.js: baoxuectl backup and restore: a county with children, leave and photos goes into a directory and comes back as
// it was; what is damaged, of another version, or in the way is refused before anything is touched.

import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { baoxuectl, Database, databaseFlags, template, top } from '../lib/database.js';
import { temporary } from '../lib/processes.js';
import { start } from '../lib/server.js';

let server, other, otherDir, dir;

const photo = fs.readFileSync(path.join(top, 'tests/unit/files/photo.png'));

// { code, out, err } of one command on a state directory.
function ctl(state, ...args) {
    const done = spawnSync(baoxuectl, [...databaseFlags(state), '--language', 'en', ...args], {
        encoding: 'utf8', cwd: top, env: { ...process.env, BAOXUE_TEST_CLOCK: path.join(server.dir, 'clock') },
    });
    return { code: done.status, out: done.stdout, err: done.stderr };
}

function ok(state, ...args) {
    const result = ctl(state, ...args);
    assert.equal(result.code, 0, `${args.join(' ')}: ${result.out}${result.err}`);
    return result;
}

function refused(code, pattern, state, ...args) {
    const result = ctl(state, ...args);
    assert.equal(result.code, code, `${args.join(' ')}: ${result.out}${result.err}`);
    assert.match(result.err, pattern);
}

const counts = async (database) => {
    const tables = await database.sql('SELECT table_name AS name FROM information_schema.tables WHERE table_schema = DATABASE() ORDER BY 1');
    return Object.fromEntries(await Promise.all(tables.map(async ({ name }) => [name, Number((await database.sql(`SELECT COUNT(*) AS n FROM \`${name}\``))[0].n)])));
};
const checksums = async (database, tables) => (await database.sql(`CHECKSUM TABLE ${tables.map((one) => `\`${one}\``).join(', ')}`)).map((row) => String(row.Checksum));

// A database for the backup to go to: a server of its own, empty, with keys and attachments of its own.
async function empty() {
    for (const { table } of await other.sql('SELECT table_name AS `table` FROM information_schema.tables WHERE table_schema = DATABASE()')) {
        await other.sql(`DROP TABLE \`${table}\``);
    }
    fs.rmSync(path.join(otherDir, 'attachments'), { recursive: true, force: true });
    fs.rmSync(path.join(otherDir, 'secrets'), { force: true });
}

before(async () => {
    server = await start({ demo: true });
    const mother = await server.client('guardian');
    const made = await mother.post('attachments', photo, { headers: { 'content-type': 'image/png' } });
    assert.equal(made.status, 201, made.text);
    dir = path.join(server.dir, 'backup');

    otherDir = temporary();
    fs.cpSync(await template('empty'), otherDir, { recursive: true });
    other = new Database(otherDir);
    await other.start();
    await empty();
});
after(async () => {
    await other?.stop();
    fs.rmSync(otherDir, { recursive: true, force: true });
    await server?.stop();
});

test('a backup: dump, attachments, manifest; no keys, nothing that others may read, no password on a command line', async () => {
    const { out } = ok(server.dir, 'backup', dir);
    assert.match(out, /rows of \d+ tables and \d+ attachments are in .*the keys are not/s);
    assert.deepEqual(fs.readdirSync(dir).sort(), ['attachments', 'attachments.sha256', 'database.sql', 'manifest.json']);
    assert.equal(fs.statSync(dir).mode & 0o077, 0);
    assert.equal(fs.statSync(path.join(dir, 'database.sql')).mode & 0o077, 0);

    const manifest = JSON.parse(fs.readFileSync(path.join(dir, 'manifest.json')));
    assert.deepEqual(manifest.tables, await counts(server));
    assert.ok(manifest.tables.student > 1500 && manifest.tables.leave_request > 20);
    assert.equal(manifest.schema.baoxue, fs.readdirSync(path.join(top, 'schema')).length);
    assert.equal(manifest.missing, 0);
    assert.ok(manifest.attachments >= 1);
    const source = fs.readFileSync(path.join(top, 'lib/tools/backup_files.c'), 'utf8');
    assert.match(source, /--defaults-file=/);
    assert.deepEqual(fs.readdirSync('/tmp').filter((name) => name.startsWith('baoxuectl.')), []);
    refused(1, /is not empty/, server.dir, 'backup', dir);
});

test('the dump is of one moment, whatever is written meanwhile', async () => {
    const second = path.join(server.dir, 'busy');
    const clients = await Promise.all(['office', 'principal'].map((who) => server.client(who)));
    let going = true;
    const busy = Promise.all(clients.map(async (who, i) => {
        let n = 0;
        for (; going; n += 1) {
            await who.post('calendar-days', { unit_id: who.session.positions[0].unit_id, kind: 'holiday', name: `第${i}.${n}天`,
                starts_on: `20${30 + 2 * i}-0${1 + (n % 9)}-${10 + (n % 18)}`, ends_on: `20${30 + 2 * i}-0${1 + (n % 9)}-${10 + (n % 18)}` });
        }
        return n;
    }));
    await new Promise((resolve) => { setTimeout(resolve, 300); });
    await promisify(execFile)(baoxuectl, [...databaseFlags(server.dir), 'backup', second], { cwd: top, env: { ...process.env, BAOXUE_TEST_CLOCK: path.join(server.dir, 'clock') } });
    going = false;
    const written = await busy;
    assert.ok(written.every((n) => n > 3), 'there was something to write meanwhile');
    // each chain's head is the last event that the dump has: they are written in one transaction
    await empty();
    fs.copyFileSync(path.join(server.dir, 'secrets'), path.join(otherDir, 'secrets'));
    assert.match(ok(otherDir, 'restore', second).out, /audit chains are whole/);
});

test('it comes back as it was, in an empty database', async () => {
    await empty();
    // a server of its own has never seen these tables: its accounts are as docs/install.md makes them
    await other.sql('REVOKE ALL PRIVILEGES, GRANT OPTION FROM baoxue@localhost');
    await other.sql('GRANT SELECT, INSERT ON baoxue.* TO baoxue@localhost');
    refused(1, /the keys in .* are not there, nor in the backup/, otherDir, 'restore', dir);
    fs.copyFileSync(path.join(server.dir, 'secrets'), path.join(otherDir, 'secrets'));
    const done = JSON.parse(ok(otherDir, 'restore', dir, '--json').out);
    assert.ok(done.chains > 2);
    const manifest = JSON.parse(fs.readFileSync(path.join(dir, 'manifest.json')));
    assert.deepEqual(await counts(other), manifest.tables);
    const tables = ['student', 'guardian', 'leave_request', 'org_unit', 'attachment', 'enrolment'];
    assert.deepEqual(await checksums(other, tables), await checksums(server, tables));
    const names = (root) => fs.readdirSync(root, { recursive: true }).filter((name) => name.length > 60).sort();
    assert.deepEqual(names(path.join(otherDir, 'attachments')), names(path.join(dir, 'attachments')));
    assert.equal(JSON.parse(ok(otherDir, 'audit', 'verify', '--json').out).every((one) => one.whole), true);
    assert.equal(JSON.parse(ok(otherDir, 'migrate', '--json').out).rights, 0, 'the server has its rights on the tables again');
});

test('what is in the database already is not thrown away unless that is said', async () => {
    refused(1, /is not empty: --replace/, otherDir, 'restore', dir);
    await other.sql("UPDATE student SET name = 'x' LIMIT 5");
    ok(otherDir, 'restore', dir, '--replace');
    assert.equal(Number((await other.sql("SELECT COUNT(*) AS n FROM student WHERE name = 'x'"))[0].n), 0);
});

test('a backup that was damaged, changed or made by a newer version is refused before anything is touched', async () => {
    const before_ = await counts(other);
    const spoil = (name, change) => {
        const copy = path.join(server.dir, 'spoiled');
        fs.rmSync(copy, { recursive: true, force: true });
        fs.cpSync(dir, copy, { recursive: true });
        const file = path.join(copy, name);
        fs.writeFileSync(file, change(fs.readFileSync(file)));
        return copy;
    };
    const manifest = (change) => spoil('manifest.json', (text) => { const all = JSON.parse(text); change(all); return JSON.stringify(all); });
    const picture = fs.readFileSync(path.join(dir, 'attachments.sha256'), 'utf8').slice(66).split('\n')[0];

    refused(1, /"database.sql" is not as the manifest has it/, otherDir, 'restore', '--replace', spoil('database.sql', (text) => Buffer.concat([text, Buffer.from('\n')])));
    refused(1, /attachment .* is not as the manifest has it/, otherDir, 'restore', '--replace', spoil(`attachments/${picture}`, (bytes) => { bytes[9] ^= 1; return bytes; }));
    refused(1, /"attachments.sha256" is not as/, otherDir, 'restore', '--replace', spoil('attachments.sha256', (text) => `${text}x\n`));
    refused(1, /schema is at 999/, otherDir, 'restore', '--replace', manifest((all) => { all.schema.baoxue = 999; }));
    refused(1, /another version/, otherDir, 'restore', '--replace', manifest((all) => { all.format = 7; }));
    refused(1, /holds no backup/, otherDir, 'restore', '--replace', spoil('manifest.json', () => 'x'));
    refused(1, /holds no backup/, otherDir, 'restore', '--replace', top);
    assert.deepEqual(await counts(other), before_);

    // rows that are not what the manifest says are found afterwards
    refused(4, /table "student" has/, otherDir, 'restore', '--replace', manifest((all) => { all.tables.student += 1; }));
});

test('with the keys only when that is asked for; other keys in the way are not written over', async () => {
    const second = path.join(server.dir, 'with-keys');
    assert.match(ok(server.dir, 'backup', second, '--with-secrets').out, /whoever has this directory can read/);
    refused(1, /has not all the keys of the backup/, otherDir, 'restore', second, '--replace', '--secrets', path.join(server.dir, 'db-password'));
    await empty();
    ok(otherDir, 'restore', second);
    assert.deepEqual(fs.readFileSync(path.join(otherDir, 'secrets')), fs.readFileSync(path.join(server.dir, 'secrets')));
    assert.equal(fs.statSync(path.join(otherDir, 'secrets')).mode & 0o077, 0);
    // a key was added since: it is as good
    const kept = `${fs.readFileSync(path.join(server.dir, 'secrets'), 'utf8')}seal.2 ${'4'.repeat(64)}\nfile.2 ${'5'.repeat(64)}\nuse 2\n`;
    fs.writeFileSync(path.join(otherDir, 'secrets'), kept);
    ok(otherDir, 'restore', second, '--replace');
    assert.equal(fs.readFileSync(path.join(otherDir, 'secrets'), 'utf8'), kept);
});

test('openapi is what the server answers; every command explains itself', async () => {
    const printed = JSON.parse(ok(server.dir, 'openapi').out);
    const answered = (await server.client(null).then((nobody) => nobody.get('openapi.json'))).json;
    assert.deepEqual(printed, answered);
    const list = spawnSync(baoxuectl, ['help'], { encoding: 'utf8' }).stdout.split('\n').filter((line) => /^ {2}[a-z]/.test(line) && !/^ {2}--/.test(line));
    assert.ok(list.length > 25, list.join('\n'));
    for (const line of list) {
        const words = line.trim().split(/ {1,}/).filter((word) => /^[a-z][a-z-]*$/.test(word)).slice(0, 2);
        const help = spawnSync(baoxuectl, [...words, '--help'], { encoding: 'utf8' });
        assert.equal(help.status, 0, line);
        assert.match(help.stdout, /^Usage: baoxuectl .*\n\n.*\n[^]*Exit codes: 0 done/, line);
    }
    const manual = fs.readFileSync(path.join(top, 'docs/baoxuectl.md'), 'utf8');
    for (const line of list) {
        const words = line.trim().split(/ {1,}/).filter((word) => /^[a-z][a-z-]*$/.test(word));
        assert.ok(manual.includes(words.slice(0, 2).join(' ')) || manual.includes(`### ${words[0]}`), `docs/baoxuectl.md says nothing of ${words.slice(0, 2).join(' ')}`);
    }
});
