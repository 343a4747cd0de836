// export.test.js mirrors lib/flow/export.c and lib/plugins/import_rejected.c: lists as spreadsheets: the rows and columns of the
// list and no others, masked as it is, all cells text, a line in the audit, and a word when there would be more.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { start } from '../lib/server.js';
import { byHeading, readCsv, readXlsx } from '../lib/sheet.js';
import { buildWorld } from '../lib/world.js';

const xlsx = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet';
let server, world, teacher, office, principal2, mother, county;

before(async () => {
    server = await start({ clock: '2026-09-21T07:00:00+08:00' });
    world = await buildWorld(server);
    [teacher, office, principal2, mother, county] = await Promise.all(['teacher', 'office', 'principal2', 'guardian', 'county'].map((login) => server.client(login)));

    const ask = async (client, child, reason, more = {}) => {
        const answer = await client.post('leave-requests', { student_id: String(world.students[child]), kind: 'sick', starts_on: '2026-09-22',
            starts_period: 1, ends_on: '2026-09-22', ends_period: 4, reason, action: 'submit', ...more });
        assert.equal(answer.status, 201, answer.text);
    };

    await ask(mother, 'siyu', '=HYPERLINK("http://evil.example","去看病")');
    await ask(mother, 'yu', '+86 的亲戚来了', { kind: 'personal' });
    await ask(await server.client('guardian2'), 'xin', '发烧');
});
after(() => server?.stop());

const audit = async () => (await server.sql("SELECT unit_id, account_id, record, payload FROM audit_event WHERE action = 'export' ORDER BY at, seq"))
    .map((row) => ({ ...row, changes: JSON.parse(row.payload).changes }));

describe('what is in it', () => {
    test('the rows of the list, the columns one may see, all of them text', async () => {
        const answer = await office.get('leave-requests/export');

        assert.equal(answer.status, 200, answer.text);
        assert.equal(answer.headers['content-type'], xlsx);
        const rows = byHeading(readXlsx(answer.bytes));
        assert.deepEqual(rows.map((row) => row['姓名']).sort(), ['罗思宇', '罗思雨']);
        const row = rows.find((one) => one['姓名'] === '罗思雨');
        assert.equal(row['班级'], '三年级1班');
        assert.equal(row['类别'] ?? row['假别'] ?? row['请假类型'], '病假');
        assert.ok(Object.values(row).includes('=HYPERLINK("http://evil.example","去看病")'));       // a text, not a formula
        assert.ok(Object.values(row).includes('2026-09-22'));
        assert.ok(Object.values(row).includes('0.5'));
        assert.ok(Object.values(row).includes('松山乡中心学校'));
        assert.equal(answer.headers['x-rows'], '2');
    });

    test('CSV: a mark for Excel, and nothing that begins like a formula', async () => {
        const answer = await office.get('leave-requests/export?format=csv');

        assert.equal(answer.headers['content-type'], 'text/csv; charset=utf-8');
        assert.deepEqual([...answer.bytes.subarray(0, 3)], [0xef, 0xbb, 0xbf]);
        const cells = readCsv(answer.bytes).flat();
        assert.ok(cells.includes('\'=HYPERLINK("http://evil.example","去看病")'));
        assert.ok(cells.includes("'+86 的亲戚来了"));
        assert.ok(!cells.some((cell) => /^[=+\-@]/.test(cell)));
    });

    test('the same rows as xlsx and CSV, but for the guard', async () => {
        const [a, b] = await Promise.all(['xlsx', 'csv'].map((format) => office.get(`students/export?format=${format}`)));
        const cut = (rows) => rows.map((row) => row.join('|').replace(/\|+$/, ''));

        assert.deepEqual(cut(readXlsx(a.bytes)), cut(readCsv(b.bytes)));
        assert.equal(readCsv(b.bytes).length, 6);
    });

    test('identity numbers are masked as in the list', async () => {
        const listed = (await office.get('students')).json.items.map((one) => one.id_number).sort();
        const cells = readCsv((await office.get('students/export?format=csv')).bytes);
        const column = cells[0].indexOf('证件号') >= 0 ? cells[0].indexOf('证件号') : cells[0].findIndex((name) => /证/.test(name) && !/类型/.test(name));

        assert.ok(column >= 0, cells[0].join());
        assert.deepEqual(cells.slice(1).map((row) => row[column]).sort(), listed);
        for (const full of Object.values(world.idNumbers)) {
            assert.ok(!cells.flat().includes(full));
        }
    });

    test('a column that one may not see is not there', async () => {
        const [has, lacks] = await Promise.all([office.get('students/export?format=csv'), mother.get('students/export?format=csv')]);
        const { json } = await mother.get('plugins');
        const seen = json.records.find(({ name }) => name === 'students').fields.map(({ name }) => name);
        const all = (await office.get('plugins')).json.records.find(({ name }) => name === 'students').fields.map(({ name }) => name);

        assert.equal(lacks.status, 200, lacks.text);
        assert.ok(readCsv(lacks.bytes)[0].length <= readCsv(has.bytes)[0].length);
        assert.equal(readCsv(has.bytes)[0].length - readCsv(lacks.bytes)[0].length, all.length - seen.length);
    });

    test('in the language of the reader', async () => {
        const english = await server.client('office', { language: 'en' });
        const answer = await english.get('leave-requests/export?format=csv');
        const rows = byHeading(readCsv(answer.bytes));

        assert.ok(rows.every((row) => Object.values(row).some((cell) => /Grade 3 Class [12]/.test(cell))), answer.text);
        assert.match(answer.headers['content-disposition'], /^attachment; filename="leave-requests-2026-09-21\.csv"; filename\*=UTF-8''[A-Za-z]/);
    });

    test('the name of the file, for those who read Chinese and those who do not', async () => {
        const { headers } = await office.get('leave-requests/export');
        const [, name] = headers['content-disposition'].match(/^attachment; filename="leave-requests-2026-09-21\.xlsx"; filename\*=UTF-8''([A-Za-z0-9%._~-]+)$/);

        assert.match(decodeURIComponent(name), /^\p{Script=Han}+ 2026-09-21\.xlsx$/u);
        assert.equal(headers['x-content-type-options'], 'nosniff');
        assert.equal(headers['cache-control'], 'private, no-store');
    });
});

describe('which rows', () => {
    const names = async (client, query) => readCsv((await client.get(`leave-requests/export?format=csv${query}`)).bytes).slice(1).map((row) => row[0]).sort();

    test('filters, search, views and the queue are the list\'s', async () => {
        for (const query of ['', '&state=submitted', '&state=approved', '&kind=personal', '&q=罗思雨', '&view=open', '&view=decided', '&queue=mine',
            `&class_id=${world.units.class1.id}`, `&student_id=${world.students.yu}`]) {
            const listed = (await teacher.get(`leave-requests?${encodeURI(query.slice(1))}`)).json.items.map((one) => one.student_name).sort();

            assert.deepEqual(await names(teacher, encodeURI(query)), listed, query);
        }
    });

    test('nobody gets another school\'s, another class\'s, another child\'s', async () => {
        assert.deepEqual(await names(principal2, ''), ['龙欣']);
        assert.deepEqual(await names(teacher, ''), ['罗思雨']);
        assert.deepEqual(await names(mother, ''), ['罗思宇', '罗思雨']);
        assert.deepEqual(await names(county, ''), ['罗思宇', '罗思雨', '龙欣']);
    });

    test('wrong questions are refused as those of the list', async () => {
        for (const [query, field] of [['format=pdf', 'format'], ['state=a%20b', 'state'], ['view=none', 'view'], ['class_id=x', 'class_id']]) {
            const answer = await office.get(`leave-requests/export?${query}`);

            assert.equal(answer.status, 422, query);
            assert.equal(answer.json.errors[0].field, field);
        }
    });

    test('without a session, or without the capability: nothing', async () => {
        assert.equal((await (await server.client(null)).get('leave-requests/export')).status, 401);
        assert.equal((await (await server.client('nobody')).get('leave-requests/export')).status, 403);
        assert.equal((await teacher.get('imports/export')).status, 403);
    });

    test('more pages than one, in the order of the list', async () => {
        const at = '2026-09-01 08:00:00';
        const [one] = await server.sql('SELECT class_id, school_id, township_id FROM student WHERE id = ?', [world.students.xin]);

        for (let i = 0; i < 450; i += 1) {
            await server.sql('INSERT INTO student (id, class_id, school_id, township_id, name, sex, birth_on, seat_no, created_at, updated_at)'
                + ' VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)', [1000 + i, one.class_id, one.school_id, one.township_id, `甲${i}`, '1', '2018-01-01', 10 + i, at, at]);
        }
        const rows = readXlsx((await principal2.get('students/export')).bytes);
        const column = rows[0].indexOf('姓名');

        assert.deepEqual(rows.slice(1).map((row) => row[column]), ['龙欣', ...Array.from({ length: 450 }, (_, i) => `甲${i}`)]);
    });

    test('at most as many as the rule says, and it says so', async () => {
        const unit = world.units.school2.id;

        await server.sql("INSERT INTO rule_override (rule, unit_id, value, reason, set_by, set_at) VALUES ('export.max_rows', ?, '210', 'test', 1, '2026-09-01')", [unit]);
        const answer = await principal2.get('students/export');
        const rows = readXlsx(answer.bytes);

        assert.equal(answer.headers['x-rows'], '210; cut');
        assert.equal(rows.length, 1 + 210 + 1);
        assert.equal(rows[211][0], '只导出了前 210 行。请缩小筛选范围，分几次导出。');
        await server.sql('DELETE FROM rule_override WHERE unit_id = ?', [unit]);
    });
});

describe('what remains of it', () => {
    test('a line in the chain of the school: who, what, how many; not what was searched for', async () => {
        const before = (await audit()).length;

        await teacher.get('leave-requests/export?format=csv&state=submitted&q=%E7%BD%97%E6%80%9D');
        const lines = await audit();
        const line = lines[lines.length - 1];

        assert.equal(lines.length, before + 1);
        assert.equal(String(line.account_id), String(world.accounts.teacher));
        assert.equal(String(line.unit_id), String(world.units.school.id));
        assert.equal(line.record, 'leave-requests');
        assert.deepEqual(line.changes, { format: 'csv', rows: 1, state: 'submitted' });
        assert.doesNotMatch(line.payload, /罗/);
    });

    test('a refused one leaves none, and the chains hold', async () => {
        const before = (await audit()).length;

        await office.get('leave-requests/export?format=pdf');
        assert.equal((await audit()).length, before);
        assert.match(server.control('audit', 'verify'), /./);
    });

    test('it is described', async () => {
        const { json } = await office.get('openapi.json');
        const { parameters, responses } = json.paths['/leave-requests/export'].get;

        assert.deepEqual(parameters.map(({ name }) => name).filter((name) => ['format', 'q', 'state', 'queue', 'kind', 'limit', 'after'].includes(name)),
            ['format', 'q', 'state', 'queue', 'kind']);
        assert.deepEqual(Object.keys(responses['200'].content), [xlsx, 'text/csv; charset=utf-8']);
    });
});

describe('rows of a roster that were sent back', () => {
    let record, registrar;

    before(async () => {
        registrar = await server.client('registrar');
        const file = '姓名,性别,出生日期,年级,班级,身份证件类型,身份证件号\r\n甲一,男,20180101,三年级,1班,居民身份证,520402201801019999\r\n乙二,男,20181301,三年级,1班,居民身份证,\r\n';
        const answer = await registrar.post('imports', Buffer.from(file), { headers: { 'content-type': 'application/octet-stream', 'x-filename': encodeURIComponent('名册=1.csv') } });

        assert.equal(answer.status, 201, answer.text);
        server.runJobs();
        record = (await registrar.get(`imports/${answer.json.id}`)).json;
        assert.ok(record.rejected > 0, JSON.stringify(record));
    });

    test('each with its reason, as text, under the name of the roster', async () => {
        const answer = await registrar.get(`imports/${record.id}/rejected.xlsx`);
        const listed = (await registrar.get(`imports/${record.id}/rows?outcome=rejected&limit=200`)).json.items;
        const rows = readXlsx(answer.bytes);

        assert.equal(answer.status, 200, answer.text);
        assert.deepEqual(rows[0], ['第几行', '孩子', '列', '表里写的', '为什么退回，怎么改']);
        assert.deepEqual(rows.slice(1).map((row) => [row[0], row[2] ?? '', row[3] ?? '', row[4] ?? '']),
            listed.map((one) => [String(one.row), one.field ?? '', one.value ?? '', one.message ?? '']));
        assert.match(decodeURIComponent(answer.headers['content-disposition'].split("''")[1]), /^名册=1 退回的行 2026-09-21\.xlsx$/);
        assert.ok(!answer.bytes.includes('520402201801019999'));
    });

    test('for whoever may see the import only', async () => {
        assert.equal((await teacher.get(`imports/${record.id}/rejected.xlsx`)).status, 403);
        await server.sql("INSERT INTO role_capability (role, capability, granted) VALUES ('principal', 'roster.import', 1)");
        assert.equal((await (await server.client('principal2')).get(`imports/${record.id}/rejected.xlsx`)).status, 404);
        assert.equal((await (await server.client('principal')).get(`imports/${record.id}/rejected.xlsx`)).status, 200);
    });
});
