// keys.test.js: baoxuectl keys new, list, reseal, retire against a server that serves: everything that is sealed can be read before, meanwhile
// and after, by whoever was reloaded; a killed run goes on; nothing that still needs a key loses it.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { baoxuectl, databaseFlags, top } from '../lib/database.js';
import { until } from '../lib/processes.js';
import { start } from '../lib/server.js';

const photo = fs.readFileSync(path.join(top, 'tests/unit/files/photo.png'));
let server, office, mother, child, file, number, picture;

const secrets = () => path.join(server.dir, 'secrets');
const flags = ({ attachments = true } = {}) => databaseFlags(server.dir).filter((flag, i, all) => attachments || (flag !== '--attachments' && all[i - 1] !== '--attachments'));
const env = () => ({ ...process.env, BAOXUE_TEST_CLOCK: path.join(server.dir, 'clock') });

function ctl(...args) {
    const options = typeof args.at(-1) === 'object' ? args.pop() : {};
    const done = spawnSync(baoxuectl, [...flags(options), '--language', 'en', ...args], { encoding: 'utf8', cwd: top, env: env() });
    return { code: done.status, out: done.stdout, err: done.stderr };
}

function keys(...args) {
    const result = ctl('keys', ...args);
    assert.equal(result.code, 0, `${args.join(' ')}: ${result.out}${result.err}`);
    return result;
}

function refused(code, pattern, ...args) {
    const before = fs.readFileSync(secrets(), 'utf8');
    const result = ctl('keys', ...args);
    assert.equal(result.code, code, `${JSON.stringify(args)}: ${result.out}${result.err}`);
    assert.match(result.err, pattern);
    assert.equal(fs.readFileSync(secrets(), 'utf8'), before, 'the file of keys was changed');
}

/** { version: { key, values, files } } */
const list = () => Object.fromEntries(JSON.parse(keys('list', '--json').out).map(({ version, ...rest }) => [version, rest]));

/** A sealed number, a phone, a photo, a roster's columns: as people see them. */
async function readable(client = office, parent = mother) {
    const answer = await client.post(`students/${child}/reveal`, { field: 'id_number', reason: '核对学籍' });
    assert.deepEqual([answer.status, answer.json?.value], [200, number], answer.text);
    const bytes = await parent.get(`attachments/${file}`);
    assert.equal(bytes.status, 200, bytes.text);
    assert.ok(picture.equals(bytes.bytes));
}

before(async () => {
    server = await start({ demo: true });
    office = await server.client('office');
    mother = await server.client('guardian');
    const made = await mother.post('attachments', photo, { headers: { 'content-type': 'image/png' } });
    assert.equal(made.status, 201, made.text);
    file = made.json.id;
    picture = (await mother.get(`attachments/${file}`)).bytes;
    const { items } = (await office.get('students?limit=5')).json;
    child = items[0].id;
    number = (await office.post(`students/${child}/reveal`, { field: 'id_number', reason: '核对学籍' })).json.value;
    assert.match(number, /^\d{17}[\dX]$/);
});
after(async () => {
    await server?.stop();
});

test('every column of bytes of the schema is a hash, or is sealed and known to the command', async () => {
    const plain = ['audit_chain.head', 'audit_event.hash', 'document.hash', 'schema_migration.checksum', 'idempotency_key.body', 'idempotency_key.idem_key', 'import_plan.plan'];
    const source = fs.readFileSync(path.join(top, 'lib/tools/keys.c'), 'utf8');
    const known = [...source.matchAll(/^ {4}\{ "(\w+)",\s+"(\w+)",\s+"\w+"\s+\},?$/gm)].map(([, table, column]) => `${table}.${column}`);
    const rows = await server.sql(`SELECT CONCAT(table_name, '.', column_name) AS name FROM information_schema.columns
        WHERE table_schema = DATABASE() AND data_type IN ('binary', 'varbinary', 'blob', 'mediumblob', 'longblob', 'tinyblob')`);
    const columns = rows.map(({ name }) => name).filter((name) => !/(_hash|\.subject|\.id_last4)$/.test(name) && !plain.includes(name));
    assert.deepEqual(columns.sort(), known.sort());
    const [{ n }] = await server.sql('SELECT COUNT(*) AS n FROM student WHERE id_number IS NOT NULL');
    const before = list();
    assert.deepEqual(Object.keys(before), ['1']);
    assert.ok(before[1].values > Number(n) && before[1].files > 0, JSON.stringify(before));
});

describe('a new key', () => {
    let node, all;

    before(async () => {
        node = await server.startNode();
        all = list()[1];
    });

    test('waits: it is in the file, seals nothing, and there is one at a time', async () => {
        const before = fs.readFileSync(secrets(), 'utf8');
        const { out } = keys('new');
        assert.match(out, /version 2/);
        assert.ok(fs.readFileSync(secrets(), 'utf8').startsWith(before));
        assert.equal(fs.statSync(secrets()).mode & 0o777, 0o600);
        assert.doesNotMatch(out, /[0-9a-f]{64}/, 'a key was printed');
        assert.deepEqual(list(), { 1: { ...all, key: 'in use' }, 2: { key: 'waits', values: 0, files: 0 } });
        refused(1, /version 2 .*not in use yet/, 'new');
        await readable();
    });

    test('nothing is sealed anew before somebody says that the servers were reloaded, nor without the files', async () => {
        refused(2, /reload nginx on each, then say --reloaded/, 'reseal');
        refused(1, /--attachments/, 'reseal', '--reloaded', { attachments: false });
        refused(1, /--attachments/, 'list', { attachments: false });
        assert.equal(list()[2].values, 0);
    });

    test('killed in the middle and run again while people work: always readable, and in the end everything is the new one\'s', async () => {
        await server.reload();
        await node.reload();
        const other = await node.client('office');
        let killed = 0;

        for (let round = 0; round < 3; round += 1) {
            const run = spawn(baoxuectl, [...flags(), '--language', 'en', 'keys', 'reseal', '--reloaded'], { cwd: top, env: env() });
            const wanted = ['student.id_number', 'guardian.phone', 'document.content'][round];
            let seen = '';
            run.stdout.on('data', (data) => { seen += data; });
            const ended = new Promise((resolve) => { run.on('exit', (code, signal) => resolve(signal)); });
            await until('a part to be done', () => seen.includes(wanted) || run.exitCode !== null);
            run.kill('SIGKILL');
            killed += await ended === 'SIGKILL' ? 1 : 0;
            await readable();
            await readable(other);
        }
        assert.ok(killed > 0, 'no run was killed in its middle');
        assert.match(fs.readFileSync(secrets(), 'utf8'), /^use 2$/m);

        // these servers still seal with the first one
        const late = await mother.post('attachments', Buffer.concat([photo]), { headers: { 'content-type': 'image/png' } });
        assert.equal(late.status, 201, late.text);
        keys('reseal', '--reloaded');
        await server.reload({ drained: true });
        await node.reload({ drained: true });
        const { out } = keys('reseal', '--reloaded');
        assert.match(out, /, 0 left/);
        const now = list();
        assert.deepEqual([now[1].values, now[1].files, now[1].key, now[2].key], [0, 0, 'reads', 'in use']);
        assert.equal(now[2].values, all.values);
        assert.ok(now[2].files >= all.files);
        await readable();
        await readable(other);
    });

    test('what is written now is the new one\'s', async () => {
        const [{ version }] = await server.sql("SELECT ORD(LEFT(phone, 1)) AS version FROM guardian WHERE phone IS NOT NULL LIMIT 1");
        assert.equal(Number(version), 2);
        const again = await mother.post('attachments', fs.readFileSync(path.join(top, 'tests/unit/files/photo.jpg')), { headers: { 'content-type': 'image/jpeg' } });
        assert.equal(again.status, 201, again.text);
        assert.deepEqual([list()[1].values, list()[1].files], [0, 0]);
    });

    test('the old one goes when nothing needs it, and lies beside for old backups', async () => {
        refused(2, /reload nginx on each, then say --reloaded/, 'retire', '1');
        refused(1, /in use/, 'retire', '2', '--reloaded');
        refused(1, /--attachments/, 'retire', '1', '--reloaded', { attachments: false });
        refused(2, /no version of the keys/, 'retire', 'one', '--reloaded');
        // one value is left with it
        const [{ id, sealed }] = await server.sql('SELECT id, phone AS sealed FROM guardian WHERE phone IS NOT NULL LIMIT 1');
        await server.sql('UPDATE guardian SET phone = CONCAT(CHAR(1), SUBSTR(phone, 2)) WHERE id = ?', [id]);
        refused(1, /version 1 is still needed by 1 values and 0 files/, 'retire', '1', '--reloaded');
        await server.sql('UPDATE guardian SET phone = ? WHERE id = ?', [sealed, id]);

        keys('retire', '1', '--reloaded');
        assert.doesNotMatch(fs.readFileSync(secrets(), 'utf8'), /^(seal|file) /m);
        assert.match(fs.readFileSync(`${secrets()}.retired-1`, 'utf8'), /^seal [0-9a-f]{64}\nfile [0-9a-f]{64}\n$/);
        await server.reload({ drained: true });
        await node.reload({ drained: true });
        await readable();
        await readable(await node.client('office'));
        assert.deepEqual(Object.keys(list()), ['2']);
    });

    test('each step is in the audit chain, in words, before it was done', async () => {
        const steps = (await server.sql("SELECT action FROM audit_event WHERE record = 'keys' ORDER BY seq")).map(({ action }) => action);
        assert.deepEqual([...new Set(steps)], ['key_new', 'key_use', 'reseal', 'key_retire']);
        assert.equal(ctl('audit', 'verify').code, 0);
        const events = await server.sql("SELECT payload FROM audit_event WHERE record = 'keys'");
        assert.ok(events.every(({ payload }) => !/[0-9a-f]{64}/.test(String(payload))));
    });
});

describe('keys that are lost', () => {
    test('a file with another key is noticed: the list says so, reseal stops and names the row, nothing is changed', async () => {
        const good = fs.readFileSync(secrets(), 'utf8');
        try {
            fs.writeFileSync(secrets(), good.replace(/^seal\.2 .*$/m, `seal.2 ${'ab'.repeat(32)}`));
            keys('new');
            const result = ctl('keys', 'reseal', '--reloaded');
            assert.equal(result.code, 1, result.out);
            assert.match(result.err, /cannot be opened with version 2 of the keys/);
            assert.match(result.err, /row \d+/);
        } finally {
            fs.writeFileSync(secrets(), good);
        }
        assert.equal(list()[2].key, 'in use');
        await readable();
    });

    test('values of a version that is not in the file: list ends with 4', async () => {
        const [{ id, sealed }] = await server.sql('SELECT id, phone AS sealed FROM guardian WHERE phone IS NOT NULL LIMIT 1');
        await server.sql('UPDATE guardian SET phone = CONCAT(CHAR(7), SUBSTR(phone, 2)) WHERE id = ?', [id]);
        const result = ctl('keys', 'list');
        assert.equal(result.code, 4, result.err);
        assert.match(result.out, /7\s+missing/);
        assert.match(result.err, /a key that is not in/);
        const doctor = ctl('doctor', '--locale', path.join(top, 'html/locale'), '--schema', path.join(top, 'schema'));
        assert.equal(doctor.code, 4);
        assert.match(doctor.out, /1 sealed values need a version of the keys that is not in the file/);
        await server.sql('UPDATE guardian SET phone = ? WHERE id = ?', [sealed, id]);
        assert.equal(ctl('keys', 'list').code, 0);
        assert.match(ctl('doctor', '--locale', path.join(top, 'html/locale'), '--schema', path.join(top, 'schema')).out, /all \d+ sealed values have their key \(version 2 is in use\)/);
    });
});
