// baoxuectl.test.js: an empty school set up from the command line, as docs/baoxuectl.md says, up to a guardian who signs in;
// then what the commands refuse, and what doctor and audit verify find.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { baoxuectl, databaseFlags, top } from '../lib/database.js';
import { start } from '../lib/server.js';

let server;

// { code, out, err } of one command; json when it was asked for.
function ctl(...args) {
    const done = spawnSync(baoxuectl, [...databaseFlags(server.dir), '--language', 'en',
        '--attachments', path.join(server.dir, 'attachments'), ...args], {
        encoding: 'utf8', cwd: top, env: { ...process.env, BAOXUE_TEST_CLOCK: path.join(server.dir, 'clock') },
    });
    const result = { code: done.status, out: done.stdout, err: done.stderr };
    if (args.includes('--json') && done.status !== 2 && done.stdout.trim() !== '') {
        result.json = JSON.parse(done.stdout);
    }
    return result;
}

function ok(...args) {
    const result = ctl(...args);
    assert.equal(result.code, 0, `${args.join(' ')}: ${result.out}${result.err}`);
    return result;
}

function refused(code, pattern, ...args) {
    const result = ctl(...args);
    assert.equal(result.code, code, `${args.join(' ')}: ${result.out}${result.err}`);
    assert.match(result.err, pattern);
    return result;
}

before(async () => {
    server = await start({ clock: '2026-09-21T07:50:00+08:00' });
    fs.chmodSync(path.join(server.dir, 'attachments'), 0o700);
});
after(() => server.stop());

test('an empty database is not ready to work, and doctor says what to do', () => {
    const { code, json } = ctl('doctor', '--json');
    assert.equal(code, 0);
    const advice = json.filter(({ level }) => level === 'advice').map(({ check }) => check);
    // the tests' own server does not wait for the disk
    assert.deepEqual(advice.sort(), ['accounts', 'county', 'durable', 'terms', 'timer']);
    assert.equal(json.find(({ check }) => check === 'strict').level, 'ok');
    assert.equal(json.find(({ check }) => check === 'isolation').level, 'ok');
    json.forEach(({ text, mend }) => assert.doesNotMatch(`${text}${mend}`, /doctor\./));
});

test('a school from nothing to the first guardian', async () => {
    ok('unit', 'add', 'county', '澜溪县教育体育局', '--code', '522799');
    ok('unit', 'add', 'township', '松山乡', '--code', '522799101', '--parent', '522799');
    const school = ok('unit', 'add', 'school', '松山乡中心学校', '--code', '2152001234', '--parent', '522799101', '--stage', 'primary',
        '--json').json;
    assert.match(school.id, /^\d+$/);
    ok('term', 'add', '1', '2026-09-01', '2027-01-29');
    ok('term', 'add', '2', '2027-03-01', '2027-07-09');
    ok('holiday', 'add', '2026-10-01', '2026-10-07', '国庆节');
    ok('makeup', 'add', '2026-10-10', '国庆调休');
    const made = ok('account', 'add', 'wumin', '--name', '吴敏', '--position', 'registrar@2152001234', '--json').json;
    assert.equal(made.password.length, 10);

    const result = ok('import', path.join(top, 'tests/data/roster-a.gbk.csv'), '--school', '2152001234', '--json').json;
    const expected = JSON.parse(fs.readFileSync(path.join(top, 'tests/data/roster-a.expected.json'), 'utf8'));
    assert.equal(result.added, expected.accepted);
    assert.equal(result.classes, expected.classes);
    assert.deepEqual([...new Set(result.rejections.map(({ row }) => row))].length, Object.keys(expected.rejected).length);
    const again = ok('import', path.join(top, 'tests/data/roster-a.gbk.csv'), '--school', '2152001234', '--json').json;
    assert.deepEqual([again.added, again.changed, again.unchanged], [0, 0, expected.accepted]);

    ok('account', 'add', 'wangxm', '--name', '王晓梅', '--position', 'teacher@2152001234/三年级2班');
    const slips = ok('slips', '2152001234/三年级2班', '--json').json;
    assert.ok(slips.length >= 40);
    assert.match(slips[0].code, /^[A-Z2-9]{8}$/);

    const somebody = await server.client(null);
    const activated = await somebody.post('activation', { code: slips[0].code, password: 'a good password' });
    assert.equal(activated.status, 201, activated.text);
    const children = (await somebody.get('my-children')).json.items;
    assert.ok(children.some(({ class_name }) => class_name === '三年级2班'));
    assert.deepEqual(children.find(({ class_name }) => class_name === '三年级2班').teachers.map(({ name }) => name), ['王晓梅']);

    const registrar = await server.client('wumin', { password: made.password });
    assert.equal(registrar.session.account.must_change_password, true);
});

test('lists', () => {
    const units = ok('unit', 'list', '--json').json;
    assert.equal(units.filter(({ level }) => level === 'class').length, 36);
    assert.equal(ok('unit', 'list', '--level', 'school', '--json').json.length, 1);
    assert.equal(ok('unit', 'list', '--under', '2152001234/三（2）班', '--json').json[0].name, '2024级2班');
    assert.equal(ok('term', 'list', '--json').json.length, 2);
    assert.equal(ok('day', 'list', '--json').json.length, 8);
    const accounts = ok('account', 'list', '--json').json;
    assert.equal(accounts.find(({ login }) => login === 'wangxm').positions, 'teacher@2152001234/2024级2班');
    assert.ok(ok('role', 'list', '--json').json.find(({ role }) => role === 'teacher').capabilities.includes('leave.consent'));
    assert.match(ok('unit', 'list').out, /^level +code +name/);
});

test('a class by hand brings its grade, once', () => {
    ok('unit', 'add', 'school', '大寨小学', '--code', '2152005555', '--parent', '522799101', '--stage', 'primary');
    ok('unit', 'add', 'class', '二年级1班', '--parent', '2152005555');
    ok('unit', 'add', 'class', '二年级2班', '--parent', '2152005555');
    const under = ok('unit', 'list', '--under', '2152005555', '--json').json;
    assert.deepEqual(under.map(({ level }) => level).sort(), ['class', 'class', 'grade', 'school']);
    refused(1, /has class "二年级2班" already/, 'unit', 'add', 'class', '二年级2班', '--parent', '2152005555');
    refused(1, /names no class/, 'unit', 'add', 'class', '3班', '--parent', '2152005555');
});

test('what is refused says why', () => {
    refused(1, /there is a root already/, 'unit', 'add', 'county', '又一个县', '--code', '522798');
    refused(1, /no --parent/, 'unit', 'add', 'county', '又一个县', '--code', '522798', '--parent', '522799');
    refused(1, /10 digits/, 'unit', 'add', 'school', 'x', '--code', '21520', '--parent', '522799101', '--stage', 'primary');
    refused(1, /--stage/, 'unit', 'add', 'school', 'x', '--code', '2152009999', '--parent', '522799101');
    refused(1, /already/, 'unit', 'add', 'school', 'x', '--code', '2152001234', '--parent', '522799101', '--stage', 'primary');
    refused(1, /cannot lie under/, 'unit', 'add', 'township', 'x', '--code', '522799109', '--parent', '2152001234');
    refused(1, /no unit with code/, 'unit', 'list', '--under', '999');
    refused(1, /1 \(autumn\) or 2/, 'term', 'add', '3', '2026-09-01', '2027-01-29');
    refused(1, /no date/, 'term', 'add', '1', '2026-02-30', '2027-01-29');
    refused(1, /before it ends/, 'term', 'add', '1', '2027-01-29', '2026-09-01');
    refused(1, /overlaps term 1/, 'term', 'add', '2', '2027-01-20', '2027-07-09');
    refused(1, /neither a holiday/, 'day', 'remove', '2026-11-02');
    refused(1, /login has/, 'account', 'add', 'Wang', '--name', 'x');
    refused(1, /wants --name/, 'account', 'add', 'wang');
    refused(1, /is taken/, 'account', 'add', 'wumin', '--name', '另一个');
    refused(1, /no phone/, 'account', 'add', 'wang', '--name', 'x', '--phone', '12');
    refused(1, /no role "boss"/, 'account', 'add', 'wang', '--name', 'x', '--position', 'boss@2152001234');
    refused(1, /ROLE@UNIT/, 'account', 'add', 'wang', '--name', 'x', '--position', 'teacher');
    refused(1, /no account/, 'account', 'disable', 'nobody-here');
    refused(1, /is a school: name a class/, 'slips', '2152001234');
    refused(1, /No such file/, 'import', '/nonexistent.csv', '--school', '2152001234');
    refused(1, /is a township, not a school/, 'import', path.join(top, 'tests/data/roster-a.gbk.csv'), '--school', '522799101');
    refused(1, /empty database/, 'demo');
    assert.equal(ok('account', 'list', '--json').json.filter(({ login }) => login === 'wang').length, 0);
});

test('the command line itself', () => {
    refused(2, /unknown command/, 'unit', 'burn');
    refused(2, /unknown option "--colour"/, 'unit', 'list', '--colour', 'red');
    refused(2, /wants a value/, 'unit', 'list', '--level');
    refused(2, /usage/, 'unit', 'add', 'school');
    refused(2, /which school/, 'import', 'x.csv');
    assert.match(ok('help').out, /audit verify/);
    assert.match(ok('help', 'unit', 'add').out, /--stage/);
    assert.match(ok('unit', 'add', '--help').out, /--stage/);
    const away = spawnSync(baoxuectl, ['unit', 'list', '--socket', '/nonexistent', '--secrets', path.join(server.dir, 'secrets')], { encoding: 'utf8' });
    assert.equal(away.status, 3);
    const unset = spawnSync(baoxuectl, ['unit', 'list'], { encoding: 'utf8', env: { PATH: process.env.PATH } });
    assert.equal(unset.status, 3);
    assert.match(unset.stderr, /which database/);
});

test('settings from the environment and from a file', () => {
    const file = path.join(server.dir, 'ctl.conf');
    fs.writeFileSync(file, `# a comment\nsocket ${server.dir}/db.sock\npassword_file=${server.dir}/db-password\nsecrets ${server.dir}/secrets\n`);
    const clean = { PATH: process.env.PATH, BAOXUE_TEST_CLOCK: path.join(server.dir, 'clock') };
    const byFile = spawnSync(baoxuectl, ['--config', file, 'term', 'list', '--json'], { encoding: 'utf8', env: clean });
    assert.equal(byFile.status, 0, byFile.stderr);
    assert.equal(JSON.parse(byFile.stdout).length, 2);
    const byEnvironment = spawnSync(baoxuectl, ['term', 'list'], { encoding: 'utf8', env: { ...clean,
        BAOXUE_DB_SOCKET: `${server.dir}/db.sock`, BAOXUE_DB_PASSWORD_FILE: `${server.dir}/db-password`, BAOXUE_SECRETS: `${server.dir}/secrets` } });
    assert.equal(byEnvironment.status, 0, byEnvironment.stderr);
    fs.appendFileSync(file, 'colour red\n');
    const wrong = spawnSync(baoxuectl, ['--config', file, 'term', 'list'], { encoding: 'utf8', env: clean });
    assert.equal(wrong.status, 3);
    assert.match(wrong.stderr, /line 5: unknown setting "colour"/);
});

test('passwords, locking out, positions that end', async () => {
    const password = path.join(server.dir, 'new-password');
    fs.writeFileSync(password, 'a new password\n');
    ok('account', 'add', 'heying', '--name', '何秀英', '--position', 'vice@2152001234', '--new-password-file', password, '--keep');
    const vice = await server.client('heying', { password: 'a new password' });
    assert.equal(vice.session.account.must_change_password, false);
    assert.ok(vice.session.capabilities.includes('leave.delegate'));

    fs.writeFileSync(password, 'short\n');
    refused(1, /8 to 256/, 'account', 'passwd', 'heying', '--new-password-file', password);
    fs.writeFileSync(password, 'another password\n');
    ok('account', 'passwd', 'heying', '--new-password-file', password);
    const over = async () => (await vice.get('session')).status;
    for (let i = 0; i < 60 && await over() !== 401; i += 1) {
        await new Promise((resolve) => { setTimeout(resolve, 100); });
    }
    assert.equal(await over(), 401, 'its sessions are over');
    const again = await server.client('heying', { password: 'another password' });
    assert.equal(again.session.account.must_change_password, true);

    ok('account', 'disable', 'heying');
    const late = await server.client(null);
    assert.equal((await late.post('session', { login: 'heying', password: 'another password' })).status, 401);
    ok('account', 'enable', 'heying');
    await server.client('heying', { password: 'another password' });

    ok('position', 'end', 'heying', 'vice@2152001234', '--on', '2026-09-20');
    const without = await server.client('heying', { password: 'another password' });
    assert.deepEqual(without.session.positions, []);
    refused(1, /is not vice/, 'position', 'end', 'heying', 'vice@2152001234');
    ok('position', 'add', 'heying', 'psych@2152001234', '--from', '2026-09-01', '--until', '2026-12-31');
    assert.deepEqual((await server.client('heying', { password: 'another password' })).session.positions.map(({ role }) => role), ['psych']);
});

test('migrate may be repeated, and gives back nothing that was taken away', async () => {
    await server.sql("UPDATE role_capability SET granted = 0 WHERE role = 'psych' AND capability = 'student.read'");
    await server.sql("DELETE FROM role_capability WHERE role = 'registrar'");
    assert.match(ok('migrate', '--dry-run').out, /nothing to do/);
    assert.equal((await server.sql("SELECT COUNT(*) AS n FROM role_capability WHERE role = 'registrar'"))[0].n, '0');
    const { json } = ok('migrate', '--json');
    assert.equal(json.files, 0);
    assert.ok(json.grants > 0);
    const [row] = await server.sql("SELECT granted FROM role_capability WHERE role = 'psych' AND capability = 'student.read'");
    assert.equal(row.granted, 0);
});

test('audit verify finds what was changed afterwards', async () => {
    assert.ok(ok('audit', 'verify', '--json').json.every(({ whole }) => whole));
    const [event] = await server.sql("SELECT * FROM audit_event WHERE action = 'import' OR record = 'imports' ORDER BY unit_id, seq LIMIT 1");
    await server.sql('UPDATE audit_event SET payload = REPLACE(payload, \'"action"\', \'"Action"\') WHERE unit_id = ? AND seq = ?', [event.unit_id, event.seq]);
    const { code, json, err } = ctl('audit', 'verify', '--json');
    assert.equal(code, 4);
    assert.match(err, /changed after they were written/);
    assert.deepEqual(json.filter(({ whole }) => !whole).map(({ first_bad }) => first_bad), [Number(event.seq)]);
    await server.sql('UPDATE audit_event SET payload = ? WHERE unit_id = ? AND seq = ?', [event.payload, event.unit_id, event.seq]);
    ok('audit', 'verify');
});

test('doctor finds what is broken', async () => {
    const faults = (...args) => ctl('doctor', '--json', ...args).json.filter(({ level }) => level === 'fault').map(({ check }) => check);
    assert.deepEqual(faults(), []);
    assert.deepEqual(faults('--nginx', path.join(server.dir, 'nginx.conf')), []);
    assert.deepEqual(faults('--nginx', path.join(server.dir, 'nginx.conf'), '--nodes', '100'), ['pools']);
    assert.deepEqual(faults('--nginx', '/nonexistent'), ['nginx_file']);

    const secrets = path.join(server.dir, 'secrets');
    fs.chmodSync(secrets, 0o644);
    assert.deepEqual(faults(), ['keys']);
    fs.chmodSync(secrets, 0o600);
    fs.chmodSync(path.join(server.dir, 'db-password'), 0o644);
    assert.deepEqual(faults(), ['password_file']);
    fs.chmodSync(path.join(server.dir, 'db-password'), 0o600);
    assert.deepEqual(faults('--attachments', '/nonexistent'), ['attachments']);

    await server.sql('CREATE TABLE baoxue.stray (id INT PRIMARY KEY) ENGINE=Aria');
    assert.deepEqual(faults(), ['tables', 'rights'], 'and nobody has given the server its rights on it');
    await server.sql('DROP TABLE baoxue.stray');

    const needless = () => ctl('doctor', '--json').json.filter(({ check }) => check === 'rights_needless').map(({ text }) => text);
    assert.deepEqual(needless(), []);
    await server.sql('GRANT ALTER, UPDATE ON baoxue.* TO baoxue@localhost');
    assert.match(needless()[0], /more in the database than it needs: ALTER, UPDATE$/);
    await server.sql('REVOKE ALTER, UPDATE ON baoxue.* FROM baoxue@localhost');
    await server.sql('GRANT DELETE ON baoxue.audit_event TO baoxue@localhost');
    assert.match(needless()[0], /: DELETE audit_event$/);
    await server.sql('REVOKE DELETE ON baoxue.audit_event FROM baoxue@localhost');
    await server.sql('REVOKE UPDATE ON baoxue.task FROM baoxue@localhost');
    assert.deepEqual(faults(), ['rights']);
    ok('migrate');
    assert.deepEqual(faults(), []);

    const schema = path.join(server.dir, 'schema');
    fs.cpSync(path.join(top, 'schema'), schema, { recursive: true });
    const next = String(fs.readdirSync(schema).length + 1).padStart(4, '0');
    fs.writeFileSync(path.join(schema, `${next}_more.sql`), 'CREATE TABLE more (id INT PRIMARY KEY);\n');
    assert.deepEqual(faults('--schema', schema), ['schema']);
    fs.appendFileSync(path.join(schema, '0001_organisation.sql'), '-- changed\n');
    assert.deepEqual(faults('--schema', schema), ['schema_files']);

    await server.sql("INSERT INTO job (name, ran_at, result) VALUES ('x.y', '2026-09-21 07:49:00', 'unavailable')");
    assert.deepEqual(faults(), ['job']);
    assert.equal(ctl('doctor').code, 4);
    assert.match(ctl('doctor', '--language', 'zh-CN').out, /定时任务 x\.y 没跑成/);
});
