// plugin.test.js: a workflow from outside the tree (tests/plugin/): built against baoxue.h alone, loaded, migrated, driven;
// what is wrong with one is said before it is loaded; workflows that are off; reloads.
// BAOXUE_ASAN=1 runs it under AddressSanitizer and UBSan, after scripts/build-module --clock --asan.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { baoxuectl, databaseFlags, top } from '../lib/database.js';
import { buildPlugin } from '../lib/plugin.js';
import { run, temporary, until } from '../lib/processes.js';
import { start } from '../lib/server.js';
import { buildWorld } from '../lib/world.js';

const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` };
const lines = (text) => text.trim().split('\n');

let server, world, plugin;

before(async () => {
    plugin = buildPlugin();
    server = await start({
        nginx: false, clock: '2026-09-21T07:00:00+08:00', http: `baoxue_load_plugin "${plugin}";`, asan: Boolean(process.env.BAOXUE_ASAN),
    });
    world = await buildWorld(server);
    server.control('migrate', '--load-plugin', plugin);
    await server.startNginx();
});
after(() => server?.stop());

const conf = () => path.join(server.dir, 'nginx.conf');

/** Changes nginx.conf; returns what it was. */
function configure(find, replace) {
    const text = fs.readFileSync(conf(), 'utf8');
    const changed = text.replace(find, replace);
    assert.notEqual(changed, text, `${find} is not in nginx.conf`);
    fs.writeFileSync(conf(), changed);
    return text;
}

function nginxTest(line) {
    const file = path.join(server.dir, 'other.conf');
    fs.writeFileSync(file, fs.readFileSync(conf(), 'utf8').replace(/baoxue_load_plugin [^;]*;/, line).replace('/nginx.pid', '/other.pid')
        .replace('/module-clock-asan/', '/module-clock/'));
    const done = spawnSync('nginx', ['-t', '-p', server.dir, '-c', file, '-e', 'stderr'], { encoding: 'utf8', env });
    return { ok: done.status === 0, said: done.stderr };
}

function ctl(...args) {
    const done = spawnSync(baoxuectl, [...databaseFlags(server.dir), ...args],
        { encoding: 'utf8', cwd: top, env: { ...env, LC_ALL: 'C', BAOXUE_TEST_CLOCK: path.join(server.dir, 'clock') } });
    return { code: done.status, said: done.stdout + done.stderr };
}

const id = (name) => String(world.students[name]);
const wish = (more) => ({ student_id: id('siyu'), kind: 'merit', amount: 800, reason: '三好学生，成绩优秀', ...more });
const fieldErrors = (answer) => answer.json.errors.map(({ field, code }) => [field, code]);

describe('header, symbols and example agree', () => {
    const symbols = (file, ...flags) => lines(spawnSync('nm', ['-D', ...flags, file], { encoding: 'utf8' }).stdout)
        .map((line) => line.trim().split(' ').pop()).filter((name) => name.startsWith('bx_')).sort();
    const declared = lines(spawnSync(path.join(top, 'scripts/exports-map'), [path.join(top, 'lib/baoxue.h')], { encoding: 'utf8' }).stdout)
        .map((line) => line.trim().replace(';', '')).filter((name) => name.startsWith('bx_')).sort();

    test('nginx and baoxuectl show what baoxue.h declares', () => {
        const module = /load_module "([^"]*)"/.exec(fs.readFileSync(conf(), 'utf8'))[1];
        assert.ok(declared.length > 80);
        assert.deepEqual(symbols(module, '--defined-only'), declared);
        assert.deepEqual(symbols(baoxuectl, '--defined-only'), declared);
    });

    test('the example asks for nothing else and shows one name', () => {
        const wants = symbols(plugin, '--undefined-only');
        assert.ok(wants.length > 10);
        assert.deepEqual(wants.filter((name) => !declared.includes(name)), []);
        assert.deepEqual(symbols(plugin, '--defined-only'), ['bx_plugin_export']);
        assert.deepEqual([...fs.readFileSync(path.join(top, 'tests/plugin/scholarship.c'), 'utf8').matchAll(/#include (.*)/g)].map(([, name]) => name),
            ['<string.h>', '"baoxue.h"']);
    });
});

describe('what is wrong with a plugin is said by nginx -t and by baoxuectl', () => {
    const swap = (from, to, where = 'scholarship.c') => (file, text) => {
        if (file !== where) {
            return text;
        }
        assert.ok(text.includes(from), from);
        return text.replace(from, to);
    };
    const table = [
        ['another interface', swap('.abi = BX_PLUGIN_ABI', '.abi = 99'),
            /scholarship\.so" was built for interface 99, this server has \d+: build it again with this server's baoxue\.h/],
        ['a function that is not there', swap('bx_set_text(r, "open", NULL);', 'extern void bx_not_there(void); bx_not_there();'),
            /scholarship\.so" cannot be loaded: undefined symbol: bx_not_there, which this server's baoxue\.h does not declare/],
        ['nothing exported', swap('BX_PLUGIN_EXPORT =', 'const bx_plugin own ='), /exports no bx_plugin_export: write "BX_PLUGIN_EXPORT =/],
        ['a name that is taken', swap('.name = "scholarship", .records', '.name = "leave", .records'),
            /there is a plugin "leave" already, it is built in/],
        ['a record that is taken', swap('.name = "scholarships", .table', '.name = "students", .table'), /there is a record "students" already/],
        ['a state that is not there', swap('.to = "endorsed"', '.to = "endorst"'), /scholarships endorse: leads to "endorst", which is no state/],
        ['a code list that is not there', swap('.arg = "scholarship_kind"', '.arg = "kinds"'), /scholarships\.kind: there is no code list "kinds"/],
        ['an action of nobody', swap('.capability = "scholarship.grant",   .takes = grant_fields', '.takes = grant_fields'),
            /scholarships grant: names no capability: who may do it\?/],
        ['a capability that nobody has', swap('scholarship.read scholarship.endorse', 'scholarship.read'),
            /capability "scholarship\.endorse" is asked for, but its grants give it to no role/],
        ['a word that is missing', swap('"scholarships.state.granted": "Granted",', '', 'locale/en/scholarship.json'),
            /en: no text for "scholarships\.state\.granted"/],
        ['texts that are no JSON', swap('{', '', 'locale/en/scholarship.json'), /cannot read ".*scholarship\.json": line/],
    ];

    for (const [what, change, expected] of table) {
        test(what, () => {
            const flags = what === 'nothing exported' || what.startsWith('a function') ? '-Wno-error' : '';
            const so = buildPlugin({ change, flags });
            const { ok, said } = nginxTest(`baoxue_load_plugin "${so}";`);
            assert.ok(!ok, said);
            assert.match(said, expected);
            const checked = ctl('plugin', 'check', '--load-plugin', so);
            assert.match(checked.said, expected);
            assert.notEqual(checked.code, 0);
        });
    }

    test('a file that is not there, is no shared object, or may be written by everybody', () => {
        const text = path.join(path.dirname(plugin), 'text.so');
        fs.writeFileSync(text, 'not a shared object');
        assert.match(nginxTest('baoxue_load_plugin /nowhere/x.so;').said, /plugin file "\/nowhere\/x\.so": No such file or directory/);
        assert.match(nginxTest(`baoxue_load_plugin "${text}";`).said, /cannot be loaded: .*(file too short|invalid ELF header)/);
        assert.match(nginxTest(`baoxue_load_plugin "${path.dirname(plugin)}";`).said, /is no file/);
        fs.chmodSync(text, 0o666);
        assert.match(nginxTest(`baoxue_load_plugin "${text}";`).said, /may be written by everybody: run "chmod o-w"/);
        fs.rmSync(text);
    });

    test('the same plugin twice', () => {
        const { ok, said } = nginxTest(`baoxue_load_plugin "${plugin}"; baoxue_load_plugin "${plugin}";`);
        assert.ok(!ok);
        assert.match(said, /there is a plugin "scholarship" already: ".*scholarship\.so"/);
    });

    test('baoxue_plugins names what is there, once', () => {
        const load = `baoxue_load_plugin "${plugin}";`;
        assert.match(nginxTest(`${load} baoxue_plugins leev;`).said, /there is no plugin "leev" to turn on: there are import leave .*scholarship/);
        assert.match(nginxTest(`${load} baoxue_plugins all leave;`).said, /"baoxue_plugins" directive has "all" beside names/);
        assert.match(nginxTest(`${load} baoxue_plugins all; baoxue_plugins leave;`).said, /"baoxue_plugins" directive is duplicate/);
        assert.ok(nginxTest(`${load} baoxue_plugins import;`).ok);
        assert.ok(nginxTest(`${load} baoxue_plugins all;`).ok);
    });

    test('all faults at once', () => {
        const so = buildPlugin({ change: (file, text) => text.replace('.tone = "info"', '.tone = "blue"').replace('.min = 2, .max = 500', '.min = 2') });
        const { code, said } = ctl('plugin', 'check', '--load-plugin', so);
        assert.equal(code, 4);
        assert.match(said, /\.tone is one of/);
        assert.match(said, /a text without a greatest length/);
        assert.match(nginxTest(`baoxue_load_plugin "${so}";`).said, /more: baoxuectl plugin check tells them all/);
    });

    test('columns that the table does not have are said by migrate', () => {
        const so = buildPlugin({ change: swap('.name = "reason", ', '.name = "reasons",') });
        const { code, said } = ctl('migrate', '--load-plugin', so);
        assert.notEqual(code, 0);
        assert.match(said, /plugin "scholarship": table "scholarship" of scholarships: .*Unknown column 't\.reasons'/);
    });
});

test('docs/plugins.md: its files are a plugin without a fault', () => {
    const dir = path.join(temporary(), 'scholarship');
    const text = fs.readFileSync(path.join(top, 'docs/plugins.md'), 'utf8');
    const files = [...text.matchAll(/^```\w+ (\S+)\n([^]*?)^```$/gm)];
    assert.deepEqual(files.map(([, name]) => name), ['Makefile', 'scholarship.c', 'schema/0001_scholarship.sql',
        'locale/zh-CN/scholarship.json', 'locale/en/scholarship.json']);
    for (const [, name, body] of files) {
        fs.mkdirSync(path.dirname(path.join(dir, name)), { recursive: true });
        fs.writeFileSync(path.join(dir, name), body);
    }
    run('make', ['-s', '-C', dir, `BAOXUE=${path.join(top, 'lib')}`]);
    assert.deepEqual(ctl('plugin', 'check', '--load-plugin', path.join(dir, 'scholarship.so')), { code: 0, said: 'no faults\n' });

    // every type and flag there is has its word
    const header = fs.readFileSync(path.join(top, 'lib/baoxue.h'), 'utf8');
    const names = [...header.matchAll(/^#define (BX_[A-Z_]+) +0x/gm),
        ...header.matchAll(/^ {4}(BX_(?:TEXT|CODE|INT|HALVES|BOOL|DATE|TIME|REF|FILES|SECRET|SCOPE_[A-Z]+))\b/gm)].map(([, name]) => name);
    assert.ok(names.length > 30);
    assert.deepEqual(names.filter((name) => !text.includes(`\`${name}\``)), []);
});

describe('schema', () => {
    test('numbers of a plugin are its own', async () => {
        const rows = await server.sql("SELECT plugin, number, name, applied_at IS NOT NULL AS applied FROM schema_migration WHERE number > 0 ORDER BY plugin, number");
        assert.deepEqual(rows.filter((row) => row.plugin !== '').map(({ plugin: p, number, name, applied }) => [p, number, name, applied]),
            [['scholarship', 1, '0001_scholarship', 1], ['scholarship', 2, '0002_paid', 1], ['scholarship', 3, '0003_funds', 1]]);
        assert.equal(rows[0].name, '0001_organisation');
    });

    test('again there is nothing to do', () => {
        assert.match(server.control('migrate', '--load-plugin', plugin), /scholarship\/0003_funds: applied before\n0 files applied/);
        assert.match(server.control('plugin', 'list', '--load-plugin', plugin), /scholarship +\/.*scholarship\.so +3/);
    });

    test('a plugin whose schema is behind is not ready', async () => {
        const nobody = await server.client(null);
        await server.sql("UPDATE schema_migration SET applied_at = NULL WHERE plugin = 'scholarship' AND number = 3");
        const answer = await nobody.get('/readyz');
        assert.equal(answer.status, 503);
        assert.match(answer.text, /schema of plugin "scholarship" is at 2, its files go to 3: run baoxuectl migrate --load-plugin /);
        await server.sql("UPDATE schema_migration SET applied_at = '2026-09-01' WHERE plugin = 'scholarship' AND number = 3");
        assert.equal((await nobody.get('/readyz')).status, 200);
    });

    test('a settings file may name plugins', () => {
        const file = path.join(server.dir, 'ctl.conf');
        fs.writeFileSync(file, `# settings\nload_plugin ${plugin}\n`);
        assert.match(ctl('plugin', 'list', '--config', file).said, /scholarship/);
    });
});

describe('what the portal is told', () => {
    test('menu, record and where its words are', async () => {
        const teacher = await server.client('teacher');
        const { json } = await teacher.get('plugins');
        const entry = json.menu.find(({ key }) => key === 'scholarships');
        assert.deepEqual([entry.href, entry.label, entry.texts, entry.decides], ['#/scholarships', '奖学金与助学', 'plugin/scholarship', []]);
        const record = json.records.find(({ name }) => name === 'scholarships');
        assert.deepEqual([record.plugin, record.texts, record.create, record.edit, record.editable], ['scholarship', 'plugin/scholarship', true, true, ['draft']]);
        assert.deepEqual(record.list, ['student_name', 'class_name', 'kind', 'amount', 'granted', 'state']);
        assert.ok(!record.fields.some(({ name }) => name === 'open'));
        assert.deepEqual(json.codes.scholarship_kind, ['merit', 'hardship', 'contest']);
        assert.equal(json.records.find(({ name }) => name === 'leave-requests').texts, 'leave');

        const principal = await server.client('principal');
        const seen = (await principal.get('plugins')).json;
        assert.deepEqual(seen.menu.filter(({ texts }) => texts === 'plugin/scholarship').map(({ decides }) => decides),
            [['scholarships'], [], ['scholarship-quotas']], 'each entry counts what waits in its own list');
        assert.deepEqual(seen.records.filter(({ texts }) => texts === 'plugin/scholarship').map(({ place, list }) => [place, list[0]]),
            [[null, 'student_name'], ['school_id', 'school_name'], ['unit_id', 'unit_name']]);
        assert.equal(seen.records.find(({ name }) => name === 'scholarships').create, false);
        const registrar = await server.client('registrar');
        assert.ok(!(await registrar.get('plugins')).json.records.some(({ name }) => name === 'scholarships'));
    });

    test('its words, for anybody, in both languages', async () => {
        const nobody = await server.client(null);
        const chinese = await nobody.get('texts?plugin=scholarship&lang=zh-CN');
        assert.equal(chinese.status, 200);
        assert.equal(chinese.json['scholarships.action.grant'], '批准');
        assert.equal(chinese.headers['cache-control'], 'public, max-age=60');
        assert.equal((await nobody.get('texts?plugin=scholarship&lang=en')).json['scholarships.action.grant'], 'Grant');
        assert.equal((await nobody.get('texts?plugin=leave&lang=en')).status, 404);
        assert.equal((await nobody.get('texts?plugin=nothing')).status, 404);
        assert.equal((await nobody.get('texts')).status, 404);
    });

    test('openapi.json describes its routes', async () => {
        const nobody = await server.client(null);
        const { json } = await nobody.get('openapi.json');
        assert.ok(json.paths['/scholarships/{id}/grant'].post);
        assert.ok(json.paths['/scholarships/summary'].get);
    });
});

describe('records of a school and of a unit', () => {
    const who = {};
    const unit = (name) => String(world.units[name].id);
    const fund = (more) => ({ name: '春雷助学金', source: 'donation', amount: 20000, ...more });
    const quota = (more) => ({ year: 2026, places: 3, ...more });

    before(async () => {
        for (const login of ['office', 'township', 'county', 'principal', 'principal2', 'teacher', 'teacherB', 'guardian']) {
            who[login] = await server.client(login);
        }
    });

    test('a school record goes to the only school there is, or to the one that is named', async () => {
        const own = await who.office.post('scholarship-funds', fund());
        assert.equal(own.status, 201, own.text);
        assert.deepEqual([own.json.school_id, own.json.school_name, own.json.version], [unit('school'), '松山乡中心学校', 1]);
        const only = await who.township.post('scholarship-funds', fund({ name: '乡里的' }));
        assert.equal(only.json.school_id, unit('school'), 'the township has one school');
        const [row] = await server.sql('SELECT school_id, township_id FROM scholarship_fund WHERE id = ?', [own.json.id]);
        assert.deepEqual([String(row.school_id), String(row.township_id)], [unit('school'), unit('township')]);

        assert.deepEqual(fieldErrors(await who.county.post('scholarship-funds', fund())), [['school_id', 'required']], 'which of two?');
        const named = await who.county.post('scholarship-funds', fund({ school_id: unit('school2') }));
        assert.deepEqual([named.status, named.json.school_id], [201, unit('school2')], named.text);
        for (const [login, school] of [['office', 'school2'], ['township', 'school2'], ['county', 'class1'], ['county', 'township']]) {
            assert.deepEqual(fieldErrors(await who[login].post('scholarship-funds', fund({ school_id: unit(school) }))), [['school_id', 'not_found']], `${login} ${school}`);
        }
        assert.deepEqual(fieldErrors(await who.county.post('scholarship-funds', fund({ school_id: 7 }))), [['school_id', 'not_found']]);
        assert.equal((await who.principal.post('scholarship-funds', fund())).status, 403, 'may read, not write');
        assert.equal((await who.guardian.post('scholarship-funds', fund())).status, 403);
    });

    test('it is seen, edited and repeated as any record', async () => {
        const key = '10000000-0000-4000-8000-000000000008';
        const one = await who.office.post('scholarship-funds', fund({ name: '同一笔' }), { key });
        const again = await who.office.post('scholarship-funds', fund({ name: '同一笔' }), { key });
        assert.deepEqual([one.status, again.text], [201, one.text]);
        assert.equal((await who.principal2.get(`scholarship-funds/${one.json.id}`)).status, 404);
        assert.equal((await who.principal.get(`scholarship-funds/${one.json.id}`)).status, 200);
        assert.equal((await who.principal2.get('scholarship-funds')).json.items.length, 1);
        assert.equal((await who.office.patch(`scholarship-funds/${one.json.id}`, { amount: 5 })).status, 428);
        assert.deepEqual(fieldErrors(await who.office.patch(`scholarship-funds/${one.json.id}`, { school_id: unit('school2') }, { version: 1 })),
            [['school_id', 'unknown_field']], 'it stays where it is');
        const changed = await who.office.patch(`scholarship-funds/${one.json.id}`, { amount: 5 }, { version: 1 });
        assert.deepEqual([changed.status, changed.json.amount, changed.json.version], [200, 5, 2]);
        assert.equal((await who.office.patch(`scholarship-funds/${one.json.id}`, { amount: 6 }, { version: 1 })).status, 412);
        assert.deepEqual(fieldErrors(await who.office.post('scholarship-funds', fund({ source: 'luck', more: 1 }))).sort(), [['more', 'unknown_field'], ['source', 'not_in_list']]);
        assert.deepEqual((await who.county.get(`scholarship-funds?school_id=${unit('school2')}`)).json.items.map((one2) => one2.school_id), [unit('school2')]);
        assert.match(server.control('audit', 'verify'), /2152001234/);
    });

    test('a unit record hangs on a unit of the scope, at any level, or on the only one', async () => {
        const own = await who.teacher.post('scholarship-quotas', quota());
        assert.equal(own.status, 201, own.text);
        assert.deepEqual([own.json.unit_id, own.json.unit_name, own.json.state], [unit('class1'), '三年级1班', 'proposed']);
        const county = await who.county.post('scholarship-quotas', quota({ places: 90 }));
        assert.deepEqual([county.json.unit_id, county.json.unit_name], [unit('county'), '澜溪县教育体育局']);
        const grade = await who.principal.post('scholarship-quotas', quota({ unit_id: unit('gradeUnit') }));
        assert.deepEqual([grade.status, grade.json.unit_name], [201, '2024级'], grade.text);
        for (const [login, where] of [['teacher', 'class2'], ['teacher', 'school'], ['principal', 'school2'], ['principal', 'township']]) {
            assert.deepEqual(fieldErrors(await who[login].post('scholarship-quotas', quota({ unit_id: unit(where) }))), [['unit_id', 'not_found']], `${login} ${where}`);
        }
        assert.equal((await who.office.post('scholarship-quotas', quota())).status, 403);

        const seen = async (login) => (await who[login].get('scholarship-quotas')).json.items.map((one) => one.unit_name).sort();
        assert.deepEqual(await seen('teacher'), ['三年级1班']);
        assert.deepEqual(await seen('teacherB'), []);
        assert.deepEqual(await seen('principal'), ['2024级', '三年级1班']);
        assert.deepEqual(await seen('principal2'), []);
        assert.deepEqual(await seen('county'), ['2024级', '三年级1班', '澜溪县教育体育局']);
        assert.deepEqual((await who.county.get(`scholarship-quotas?unit_id=${unit('class1')}`)).json.items.map((one) => one.id), [own.json.id]);
        assert.deepEqual((await who.county.get('scholarship-quotas?limit=1')).json.next !== null, true);
        const page = (await who.county.get('scholarship-quotas?limit=2')).json;
        assert.equal((await who.county.get(`scholarship-quotas?limit=2&after=${page.next}`)).json.items.length, 1);

        assert.deepEqual((await who.principal.get('scholarship-quotas?queue=mine')).json.items.map((one) => one.unit_name).sort(), ['2024级', '三年级1班']);
        assert.equal((await who.principal2.post(`scholarship-quotas/${own.json.id}/fix`, {}, { version: 1 })).status, 404);
        assert.equal((await who.teacher.post(`scholarship-quotas/${own.json.id}/fix`, {}, { version: 1 })).status, 403);
        assert.equal((await who.principal.post(`scholarship-quotas/${county.json.id}/fix`, {}, { version: 1 })).status, 404);
        const fixed = await who.principal.post(`scholarship-quotas/${own.json.id}/fix`, {}, { version: 1 });
        assert.deepEqual([fixed.status, fixed.json.state], [200, 'fixed'], fixed.text);
        assert.equal((await who.county.post(`scholarship-quotas/${county.json.id}/fix`, {}, { version: 1 })).status, 200);
        assert.match(server.control('audit', 'verify'), /2152001234/);
    });
});

describe('a scholarship from draft to payment', () => {
    let teacher, office, principal, mother, made;

    before(async () => {
        [teacher, office, principal, mother] = await Promise.all(['teacher', 'office', 'principal', 'guardian'].map((login) => server.client(login)));
    });

    test('a draft is its writer\'s alone and may be edited', async () => {
        made = await teacher.post('scholarships', wish({ amount: 5000 }));
        assert.equal(made.status, 201, made.text);
        assert.deepEqual([made.json.state, made.json.student_name, made.json.amount, made.json.open], ['draft', '罗思雨', 5000, undefined]);
        assert.equal((await office.get(`scholarships/${made.json.id}`)).status, 404);
        made = await teacher.patch(`scholarships/${made.json.id}`, { amount: 4000 }, { version: 1 });
        assert.deepEqual([made.status, made.json.amount], [200, 4000], made.text);
    });

    test('bodies are checked by the field table', async () => {
        const wrong = await teacher.post('scholarships', { student_id: id('siyu'), kind: 'luck', amount: 1, reason: '', granted: 5, more: 1 });
        assert.equal(wrong.status, 422);
        assert.deepEqual(fieldErrors(wrong).sort(), [['amount', 'out_of_range'], ['granted', 'not_allowed'], ['kind', 'not_in_list'], ['more', 'unknown_field'], ['reason', 'required']]);
        assert.equal((await teacher.post('scholarships', wish({ student_id: id('yu') }))).status, 422, 'a child of another class');
    });

    test('the hook refuses too much, in the words of the plugin, by the rule of the school', async () => {
        const refused = await teacher.post(`scholarships/${made.json.id}/apply`, {}, { version: 2 });
        assert.equal(refused.status, 422, refused.text);
        assert.deepEqual(refused.json.errors, [{ field: 'amount', code: 'scholarship_max', message: '本校每次最多申请 1000 元' }]);
        const english = await teacher.get('session');
        assert.equal(english.status, 200);
        made = await teacher.patch(`scholarships/${made.json.id}`, { amount: 900 }, { version: 2 });
        made = await teacher.post(`scholarships/${made.json.id}/apply`, {}, { version: 3 });
        assert.deepEqual([made.status, made.json.state, made.json.applied_at], [200, 'applied', '2026-09-21T07:00:00+08:00'], made.text);
    });

    test('one open application of a kind', async () => {
        const second = await teacher.post('scholarships', wish({ action: 'apply' }));
        assert.deepEqual(fieldErrors(second), [['kind', 'scholarship_open']]);
        const other = await teacher.post('scholarships', wish({ action: 'apply', kind: 'contest' }));
        assert.equal(other.status, 201, other.text);
        assert.equal((await teacher.post(`scholarships/${other.json.id}/withdraw`, {}, { version: 1 })).json.state, 'withdrawn');
        assert.equal((await teacher.post('scholarships', wish({ action: 'apply', kind: 'contest', amount: 100 }))).status, 201);
    });

    test('two at once: one gets through', async () => {
        const answers = await Promise.all([1, 2, 3, 4].map(() => teacher.post('scholarships', wish({ action: 'apply', student_id: id('hao') }))));
        assert.deepEqual(answers.map(({ status }) => status).filter((status) => status === 201).length, 1);
        const [{ n }] = await server.sql("SELECT COUNT(*) AS n FROM scholarship WHERE student_id = ? AND open = 1", [id('hao')]);
        assert.equal(Number(n), 1);
    });

    test('each step is its own role\'s', async () => {
        const path1 = `scholarships/${made.json.id}`;
        assert.equal((await teacher.post(`${path1}/endorse`, {}, { version: made.json.version })).status, 403);
        assert.equal((await mother.post(`${path1}/endorse`, {}, { version: made.json.version })).status, 403);
        assert.equal((await principal.post(`${path1}/grant`, { granted: 1 }, { version: made.json.version })).status, 409);
        assert.equal((await office.get('scholarships?queue=mine')).json.items.length, 3);
        made = await office.post(`${path1}/endorse`, { comment: '材料齐全' }, { version: made.json.version });
        assert.deepEqual([made.status, made.json.state], [200, 'endorsed'], made.text);
        assert.equal((await office.post(`${path1}/endorse`, {}, { version: made.json.version })).status, 409);
        assert.equal((await office.post(`${path1}/endorse`, {}, { version: 1 })).status, 412);
    });

    test('the principal grants, and the payment is written with it', async () => {
        const path1 = `scholarships/${made.json.id}/grant`;
        const actions = (await principal.get(`scholarships/${made.json.id}`)).json.actions;
        assert.deepEqual(actions.map(({ action }) => action), ['grant', 'refuse']);
        assert.deepEqual(fieldErrors(await principal.post(path1, {}, { version: made.json.version })), [['granted', 'required']]);
        assert.deepEqual(fieldErrors(await principal.post(path1, { granted: 901 }, { version: made.json.version })), [['granted', 'scholarship_more']]);
        assert.deepEqual(await server.sql('SELECT * FROM scholarship_payment'), []);

        const key = '10000000-0000-4000-8000-000000000001';
        const granted = await principal.post(path1, { granted: 700 }, { version: made.json.version, key });
        const again = await principal.post(path1, { granted: 700 }, { version: made.json.version, key });
        assert.deepEqual([granted.status, granted.json.state, granted.json.granted, granted.json.decided_by], [200, 'granted', 700, '刘建国'], granted.text);
        assert.equal(again.text, granted.text);
        const rows = await server.sql('SELECT scholarship_id, amount, due_on FROM scholarship_payment');
        assert.deepEqual(rows.map((row) => ({ ...row })), [{ scholarship_id: made.json.id, amount: 700, due_on: '2026-10-05' }]);
    });

    test('history tells who did what', async () => {
        const { json } = await mother.get(`scholarships/${made.json.id}/history`);
        assert.deepEqual(json.items.map(({ action, actor, to, comment }) => [action, actor, to, comment]), [
            ['grant', '刘建国', 'granted', null], ['endorse', '陈志强', 'endorsed', '材料齐全'], ['apply', '王晓梅', 'applied', null],
            ['edit', '王晓梅', 'draft', null], ['edit', '王晓梅', 'draft', null], ['save', '王晓梅', 'draft', null]]);
    });

    test('lists: filter, view, scope', async () => {
        const names = async (who, query) => (await who.get(`scholarships${query}`)).json.items.map(({ kind, state }) => `${kind} ${state}`).sort();
        assert.deepEqual(await names(mother, ''), ['contest applied', 'contest withdrawn', 'merit granted']);
        assert.deepEqual(await names(principal, '?view=decided'), ['merit granted']);
        assert.deepEqual(await names(office, '?kind=contest&state=applied'), ['contest applied']);
        assert.deepEqual(await names(await server.client('principal2'), ''), []);
        assert.equal((await mother.get('scholarships?view=none')).status, 422);
    });

    test('its own route keeps to the caller\'s scope', async () => {
        assert.deepEqual((await office.get('scholarships/summary')).json, { applications: 4, asked: 2600, granted: 700 });
        assert.deepEqual((await mother.get('scholarships/summary')).json, { applications: 3, asked: 1800, granted: 700 });
        assert.equal((await (await server.client('registrar')).get('scholarships/summary')).status, 403);
        assert.equal((await (await server.client(null)).get('scholarships/summary')).status, 401);
    });

    test('a certificate is seen by whoever may see the application', async () => {
        const png = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');
        const file = await teacher.post('attachments', png, { headers: { 'content-type': 'image/png' } });
        assert.equal(file.status, 201, file.text);
        const one = await teacher.post('scholarships', wish({ action: 'apply', kind: 'hardship', certificate: [file.json.id] }));
        assert.equal(one.json.certificate[0].id, file.json.id, one.text);
        assert.equal((await mother.get(`attachments/${file.json.id}`)).status, 200);
        assert.equal((await (await server.client('teacherB')).get(`attachments/${file.json.id}`)).status, 404);
    });

    test('a role\'s right can be taken away and given back, as any other', async () => {
        await server.sql("UPDATE role_capability SET granted = 0 WHERE role = 'teacher' AND capability = 'scholarship.apply'");
        server.control('migrate', '--load-plugin', plugin);
        const again = await server.client('teacher');
        assert.equal((await again.post('scholarships', wish({ kind: 'contest' }))).status, 403);
        await server.sql("UPDATE role_capability SET granted = 1 WHERE role = 'teacher' AND capability = 'scholarship.apply'");
    });

    test('the job withdraws drafts that nobody touches', async () => {
        const draft = await teacher.post('scholarships', wish({ student_id: id('min') }));
        assert.equal(draft.status, 201, draft.text);
        const jobs = () => server.control('jobs', 'run', '--load-plugin', plugin);
        jobs();
        assert.equal((await teacher.get(`scholarships/${draft.json.id}`)).json.state, 'draft');
        server.setClock('2026-10-21T08:00:00+08:00');
        jobs();
        const gone = await teacher.get(`scholarships/${draft.json.id}`);
        assert.equal(gone.json.state, 'withdrawn');
        const { json } = await teacher.get(`scholarships/${draft.json.id}/history`);
        assert.deepEqual([json.items[0].action, json.items[0].actor], ['lapse', null]);
        assert.match(server.control('audit', 'verify'), /whole|ok|no fault|0/);
        server.setClock('2026-09-21T07:00:00+08:00');
    });
});

describe('reloads', () => {
    test('a configuration that fails leaves plugins as they are', async () => {
        const teacher = await server.client('teacher');
        const was = configure(/baoxue_load_plugin [^;]*;/, 'baoxue_load_plugin "/nowhere/broken.so";');
        try {
            server.nginx.kill('SIGHUP');
            await until('nginx to complain', () => fs.readFileSync(server.errorLog, 'utf8').includes('/nowhere/broken.so'));
        } finally {
            fs.writeFileSync(conf(), was);
        }
        assert.equal((await teacher.get('scholarships')).status, 200);

        // it fails after the plugins were loaded, and a worker that is made afterwards has what was there before
        configure('baoxue_load_plugin', 'baoxue_plugins import; server { listen 192.0.2.1:1; } baoxue_load_plugin');
        try {
            server.nginx.kill('SIGHUP');
            await until('nginx to complain', () => fs.readFileSync(server.errorLog, 'utf8').includes('192.0.2.1'));
        } finally {
            fs.writeFileSync(conf(), was);
        }
        const [pid] = server.workerPids();
        process.kill(pid, 'SIGKILL');
        await until('another worker to answer', async () => (await teacher.get('scholarships').catch(() => null))?.status === 200);
        assert.equal((await teacher.get('leave-requests')).status, 200);
    });

    test('a workflow is turned off and on again while requests run', async () => {
        const [teacher, office] = await Promise.all(['teacher', 'office'].map((login) => server.client(login)));
        const seen = { 'leave-requests': new Set(), scholarships: new Set(), session: new Set() };
        let going = true;
        const load = ['leave-requests', 'scholarships', 'session'].map(async (what) => {
            while (going) {
                seen[what].add((await office.get(what, { headers: { connection: 'close' } })).status);
            }
        });

        try {
            const was = configure('baoxue_load_plugin', 'baoxue_plugins scholarship import; baoxue_load_plugin');
            await server.reload({ drained: true });
            assert.equal((await teacher.get('leave-requests')).status, 404);
            assert.equal((await teacher.get('leave-requests/preview')).status, 404);
            const { json } = await teacher.get('plugins');
            assert.ok(!json.menu.some(({ key }) => key === 'leave') && !json.records.some(({ name }) => name === 'leave-requests'));
            assert.ok(json.menu.some(({ key }) => key === 'scholarships'));
            assert.equal((await (await server.client('guardian')).get('session')).status, 200);

            configure('baoxue_plugins scholarship import;', 'baoxue_plugins leave;');
            await server.reload({ drained: true });
            assert.equal((await teacher.get('leave-requests')).status, 200);
            assert.equal((await teacher.get('scholarships')).status, 404);
            assert.equal((await teacher.get('texts?plugin=scholarship&lang=en')).status, 404);

            fs.writeFileSync(conf(), was);
            await server.reload({ drained: true });
            assert.equal((await teacher.get('leave-requests')).status, 200);
            assert.ok((await teacher.get('scholarships')).json.items.length > 0);
        } finally {
            going = false;
            await Promise.all(load);
        }
        assert.deepEqual([...seen['leave-requests']].sort(), [200, 404]);
        assert.deepEqual([...seen.scholarships].sort(), [200, 404]);
        assert.deepEqual([...seen.session], [200]);
    });

    test('a plugin that was built again is taken by a reload, without a restart', async () => {
        const teacher = await server.client('teacher');
        const next = buildPlugin({ change: (file, text) => text.replace('"applications", (json_int_t)', '"forms", (json_int_t)') });
        assert.ok('applications' in (await teacher.get('scholarships/summary')).json);
        fs.copyFileSync(next, `${plugin}.new`);
        fs.renameSync(`${plugin}.new`, plugin);
        await server.reload({ drained: true });
        assert.ok('forms' in (await teacher.get('scholarships/summary')).json);
    });

    test('nothing went wrong meanwhile', () => {
        const log = lines(fs.readFileSync(server.errorLog, 'utf8')).filter((line) => /\[(alert|crit|emerg)\]/.test(line)
            && !/broken\.so|192\.0\.2\.1|exited on signal 9/.test(line));
        assert.deepEqual(log, []);
        assert.equal(server.sanitizerReports(), '');
    });
});
