// import_progress.test.js: a roster is worked on off the request, by one worker of many, and what dies in between is gone on
// with: nothing is lost, nothing is there twice. nginx runs the jobs here, as it does in a school.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { baoxuectl, databaseFlags } from '../lib/database.js';
import { until } from '../lib/processes.js';
import { act, bring, tick } from '../lib/roster.js';
import { start } from '../lib/server.js';
import { buildWorld, checkDigit, libraryValues } from '../lib/world.js';

const data = (name) => fs.readFileSync(new URL(`../data/${name}`, import.meta.url));
const expected = JSON.parse(data('roster-a.expected.json'));
const lines = data('roster-a.utf8.csv').toString('utf8').replace(/^\ufeff/, '').trimEnd().split('\r\n').map((line) => line.split(','));
const at = (heading) => lines[0].indexOf(heading);
const toCsv = (rows) => `${rows.map((row) => row.join(',')).join('\r\n')}\r\n`;
const identity = (first17) => first17 + checkDigit(`${first17}0`);

let server;
let world;
const schools = [];
const rosters = [];                            // the roster as if it were of each of these schools
const codes = ['2152000011', '2152000012', '2152000013', '2152000014', '2152000015', '2152000016', '2152000017'];

/** Other children: their numbers begin with another division and end with another check digit. Some become twins by that. */
function moved(division, code) {
    return lines.map((row, i) => {
        const copy = [...row];
        if (i > 0) {
            copy[at('学校标识码')] = code;
            if (/^\d{17}[\dX]$/.test(row[at('身份证件号')]) && expected.rejected[i + 1] !== 'bad_check_digit') {
                copy[at('身份证件号')] = identity(division + row[at('身份证件号')].slice(6, 17));
            }
        }
        return copy;
    });
}

/** How many of its rows can be written. */
function accepted(rows) {
    const seen = new Set();
    return rows.slice(1).filter((row, i) => {
        const twin = seen.has(row[at('身份证件号')]);
        seen.add(row[at('身份证件号')]);
        return !twin && expected.rejected[i + 2] === undefined;
    }).length;
}

async function addSchool(n, code) {
    const [id, account, position] = libraryValues(server, [{ op: 'id' }, { op: 'id' }, { op: 'id' }]);
    const up = world.units.township;
    await server.sql(`INSERT INTO org_unit (id, parent_id, level, name, code, path, township_id, school_id, stage, created_at)
        VALUES (?, ?, 'school', ?, ?, ?, ?, ?, 'primary', '2026-08-20 08:00:00')`, [id, up.id, `第${n}小学`, code, `${up.path}${id}/`, up.id, id]);
    await server.sql('INSERT INTO account (id, name, login, password, created_at) SELECT ?, ?, ?, password, created_at FROM account WHERE id = ?',
        [account, `clerk${n}`, `clerk${n}`, world.accounts.teacher]);
    await server.sql("INSERT INTO `position` (id, account_id, role, unit_id, starts_on, created_at) VALUES (?, ?, 'registrar', ?, '2026-09-01', '2026-08-20 08:00:00')",
        [position, account, id]);
    return id;
}

before(async () => {
    server = await start({ clock: '2026-10-08T09:00:00+08:00', running: true, jobs: true, workers: 2 });
    world = await buildWorld(server);
    for (const [i, code] of codes.entries()) {
        schools.push(await addSchool(i, code));
        rosters.push(moved(`5224${20 + i}`, code));
    }
});
after(() => server?.stop());

const count = async (sql, args) => Number((await server.sql(`SELECT COUNT(*) AS n FROM ${sql}`, args))[0].n);
const read = async (client, record) => (await client.get(`imports/${record.id}`)).json;
const becomes = (client, record, ...states) => until(`the import to be ${states}`, async () => {
    const now = await read(client, record).catch(() => null);
    return states.includes(now?.state) && now;
}, 60);

async function ready(client, csv) {
    const brought = await bring(client, csv);
    assert.equal(brought.status, 201, brought.text);
    return becomes(client, brought.json, 'ready', 'failed');
}

async function apply(client, record) {
    const answer = await act(client, record, 'apply');
    assert.equal(answer.status, 200, answer.text);
    return answer.json;
}

/** Somebody else has the number of a child in the seventh batch and has not said yet whether it stays so. */
async function inTheWay(rows) {
    const [id, hash] = libraryValues(server, [{ op: 'id' }, { op: 'hash', purpose: 'id', text: rows[1300][at('身份证件号')] }]);
    return server.database.hold(`INSERT INTO student (id, class_id, school_id, name, sex, birth_on, id_hash, created_at, updated_at)
        VALUES (?, ?, ?, 'x', '1', '2018-01-01', ?, '2026-10-01', '2026-10-01')`, [id, world.units.class1.id, world.units.school.id, Buffer.from(hash, 'hex')]);
}

async function whole(school, rows, done) {
    const total = accepted(rows);
    assert.deepEqual([done.state, done.added, done.skipped, done.rows_done, done.added + done.rejected], ['done', total, 0, 1620, 1620]);
    assert.equal(await count('student WHERE school_id = ?', [school]), total);
    assert.equal(await count('enrolment WHERE school_id = ?', [school]), total);
    assert.equal(await count("org_unit WHERE school_id = ? AND level = 'class'", [school]), 36);
    assert.equal(await count("org_unit WHERE school_id = ? AND level = 'grade'", [school]), 6);
    assert.equal(await count("import_row WHERE import_id = ? AND outcome = 'added' AND student_id IS NOT NULL", [done.id]), total);
    assert.equal(await count("audit_event WHERE record = 'imports' AND record_id = ? AND action = 'import.batch'", [done.id]), 9);
    assert.match(server.control('audit', 'verify'), /\S/);
}

describe('a roster is worked on', () => {
    test('while its page shows how far it is, from whatever worker', async () => {
        const clerk = await server.client('clerk0');
        const brought = await bring(clerk, toCsv(rosters[0]));
        assert.deepEqual([brought.status, brought.json.state, brought.json.row_count], [201, 'uploaded', 1620]);
        const checked = await becomes(clerk, brought.json, 'ready');
        assert.deepEqual([checked.rows_done, checked.added, checked.classes], [1620, accepted(rosters[0]), 36]);
        const lock = await inTheWay(rosters[0]);
        await apply(clerk, checked);
        await lock.waiter();
        const progress = await read(clerk, checked);
        assert.deepEqual([progress.state, progress.rows_done, progress.row_count, progress.added], ['applying', 1200, 1620, checked.added]);
        assert.equal(await count('student WHERE school_id = ?', [schools[0]]), 1200 - Object.keys(expected.rejected).filter((row) => row <= 1201).length);
        await lock.release();
        await whole(schools[0], rosters[0], await becomes(clerk, checked, 'done', 'failed'));
    });
});

describe('what dies in between', () => {
    test('a server killed while it writes: another one goes on behind the last batch', async () => {
        let clerk = await server.client('clerk1');
        const checked = await ready(clerk, toCsv(rosters[1]));
        const lock = await inTheWay(rosters[1]);
        await apply(clerk, checked);
        await lock.waiter();
        await server.stopNginx('SIGKILL');
        await lock.release();
        // the database still ends the batch it was given, or does not; nothing is left half done
        await until('the last statement', async () => await count("information_schema.processlist WHERE user = 'baoxue'") === 0);
        const present = await count('student WHERE school_id = ?', [schools[1]]);
        assert.ok(present > 1000 && present < accepted(rosters[1]));
        await server.startNginx();
        clerk = await server.client('clerk1');                       // another port, another cookie
        assert.equal((await read(clerk, checked)).state, 'applying', 'the lease of the dead still runs');
        tick(server, 150);                             // the leases of the dead run out
        await whole(schools[1], rosters[1], await becomes(clerk, checked, 'done', 'failed'));
    });

    test('a server killed while it checks: the check begins anew', async () => {
        let clerk = await server.client('clerk2');
        // the upload is not worked on before somebody holds a lock in its way
        await server.sql("UPDATE job SET leased_until = '2026-10-08 10:00:30' WHERE name = 'import.work'");
        const held = await bring(clerk, toCsv(rosters[2]));
        const lock = await server.database.hold("INSERT INTO import_plan (import_id, first_row, plan) VALUES (?, 1000, '')", [held.json.id]);
        await server.sql("UPDATE job SET leased_until = NULL WHERE name = 'import.work'");
        await lock.waiter();
        await server.stopNginx('SIGKILL');
        await lock.release();
        await until('the last statement', async () => await count("information_schema.processlist WHERE user = 'baoxue'") === 0);
        await server.startNginx();
        clerk = await server.client('clerk2');
        assert.equal((await read(clerk, held.json)).state, 'checking');
        tick(server, 200);
        const checked = await becomes(clerk, held.json, 'ready', 'failed');
        assert.deepEqual([checked.state, checked.added, checked.rejected], ['ready', accepted(rosters[2]), 1620 - accepted(rosters[2])]);
        await apply(clerk, checked);
        await whole(schools[2], rosters[2], await becomes(clerk, checked, 'done', 'failed'));
    });

    test('connections lost: it goes on by itself', async () => {
        const clerk = await server.client('clerk3');
        const checked = await ready(clerk, toCsv(rosters[3]));
        const lock = await inTheWay(rosters[3]);
        await apply(clerk, checked);
        await lock.waiter();
        assert.ok(await server.dropConnections() >= 1);
        await lock.release();
        tick(server, 150);                             // the leases of the dead run out
        await whole(schools[3], rosters[3], await becomes(clerk, checked, 'done', 'failed'));
    });

    test('nginx reloaded: old workers end, new ones go on', async () => {
        const clerk = await server.client('clerk4');
        const checked = await ready(clerk, toCsv(rosters[4]));
        await apply(clerk, checked);
        await server.reload({ drained: true });
        tick(server, 150);                             // the leases of the dead run out
        await whole(schools[4], rosters[4], await becomes(clerk, checked, 'done', 'failed'));
    });

    test('a file that is no longer there: it says so in the end and can be given up', async () => {
        const clerk = await server.client('clerk5');
        const checked = await ready(clerk, toCsv(rosters[5].slice(0, 5)));
        for (const one of fs.readdirSync(path.join(server.dir, 'attachments'), { recursive: true, withFileTypes: true }).filter((file) => file.isFile())) {
            fs.renameSync(path.join(one.path, one.name), path.join(server.dir, 'tmp', one.name));
        }
        await apply(clerk, checked);
        const failed = await until('the import to fail', async () => {
            tick(server, 60);
            const now = await read(clerk, checked);
            return now.state === 'failed' && now;
        }, 60);
        assert.deepEqual([failed.fault.code, failed.rows_done], ['import.file_lost', 0]);
        assert.equal((await act(clerk, failed, 'discard')).json.state, 'discarded');
    });
});

describe('many at once', () => {
    test('two of the same roster, and more workers than imports: every child, class and guardian once', async () => {
        const [, , , , , , school] = schools;
        const clerk = await server.client('clerk6');
        const both = await Promise.all([ready(clerk, toCsv(rosters[6])), ready(clerk, toCsv(rosters[6]))]);
        assert.deepEqual(both.map((one) => one.added), Array(2).fill(accepted(rosters[6])));
        await Promise.all(both.map((one) => apply(clerk, one)));
        const jobs = () => promisify(execFile)(baoxuectl, [...databaseFlags(server.dir), 'jobs', 'run'],
            { env: { ...process.env, BAOXUE_TEST_CLOCK: path.join(server.dir, 'clock') } });
        await Promise.all([jobs(), jobs(), jobs()]);
        const done = await Promise.all(both.map((one) => becomes(clerk, one, 'done', 'failed')));
        const total = accepted(rosters[6]);
        assert.deepEqual(done.map((one) => [one.state, one.skipped]), [['done', 0], ['done', 0]]);
        assert.equal(done[0].added + done[1].added, total);
        assert.equal(done[0].unchanged + done[1].unchanged, total);
        assert.equal(await count('student WHERE school_id = ?', [school]), total);
        assert.equal(await count("org_unit WHERE school_id = ? AND level = 'class'", [school]), 36);
        assert.equal(await count("org_unit WHERE school_id = ? AND level = 'grade'", [school]), 6);
        const twice = await server.sql(`SELECT g.phone_hash FROM guardian g JOIN student_guardian l ON l.guardian_id = g.id JOIN student s
            ON s.id = l.student_id WHERE s.school_id = ? GROUP BY g.name, g.phone_hash HAVING COUNT(DISTINCT g.id) > 1`, [school]);
        assert.equal(twice.length, 0);
        assert.match(server.control('audit', 'verify'), /\S/);
    });
});

describe('a large one', () => {
    const row = (i) => [`学生${i}`, '男', `2018${String(1 + i % 12).padStart(2, '0')}${String(1 + i % 28).padStart(2, '0')}`,
        identity(`5225${String(Math.floor(i / 400) % 90 + 10)}2018${String(1 + i % 12).padStart(2, '0')}${String(1 + i % 28).padStart(2, '0')}${String(2 * (i % 400) + 101).padStart(3, '0')}`),
        `一年级${1 + i % 90}班`, `家长${i}`, '父亲', '是', `13${String(600000000 + i)}`];
    const file = (n) => toCsv([['姓名', '性别', '出生日期', '身份证件号', '班号', '成员1姓名', '成员1关系', '成员1是否监护人', '成员1联系电话'],
        ...Array.from({ length: n }, (_, i) => row(i))]);

    test('20,000 rows with their heading are checked and written; one more is too many', async (t) => {
        const clerk = await server.client('clerk5');
        const one = await bring(clerk, file(20000));
        assert.deepEqual([one.status, one.json.errors[0].code], [422, 'import.too_many_rows'], one.text);
        const began = Date.now();
        const checked = await ready(clerk, file(19999));
        t.diagnostic(`checked in ${((Date.now() - began) / 1000).toFixed(1)} s`);
        assert.deepEqual([checked.state, checked.added, checked.guardians, checked.classes], ['ready', 19999, 19999, 90]);
        const from = Date.now();
        await apply(clerk, checked);
        let seen = 0;
        const done = await until('the import to be done', async () => {
            const now = await read(clerk, checked);
            assert.ok(now.rows_done >= seen);
            seen = now.rows_done;
            return now.state !== 'applying' && now;
        }, 180);
        t.diagnostic(`written in ${((Date.now() - from) / 1000).toFixed(1)} s`);
        assert.deepEqual([done.state, done.added, done.skipped], ['done', 19999, 0]);
        assert.equal(await count('student WHERE school_id = ?', [schools[5]]), 19999);
    });
});
