// import_preview.test.js: what the preview of an import says, that nothing else is done, and what becomes of it when it is applied,
// given up or left alone.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { after, before, describe, test } from 'node:test';
import {
    addPerson, addSchool, as, at, begin, count, end, identity, lines, rowsOf, server, sums, toCsv, upload, world,
} from '../lib/import.js';
import { act, bring, preview, work } from '../lib/roster.js';

before(begin);
after(end);

describe('the preview', () => {
    let registrar;
    let school;                                // with children of its own

    const numbered = new Map();
    const names = (rows) => [...new Set(rows.map((row) => row.student_name))];
    const child = (name, change = () => {}) => {
        const row = [...lines[1]];
        if (!numbered.has(name)) {
            numbered.set(name, numbered.size);
        }
        const n = numbered.get(name);
        row[at('学校标识码')] = '2152000077';
        row[at('姓名')] = name;
        row[at('性别')] = '男';
        row[at('出生日期')] = '20180405';
        row[at('身份证件号')] = identity(`52042620180405${String(2 * n + 101).padStart(3, '0')}`);
        change(row);
        return row;
    };
    const csv = (...rows) => toCsv([lines[0], ...rows]);
    const look = (...rows) => preview(server, registrar, csv(...rows), { school });
    const finish = async (record) => {
        const answer = await act(registrar, record, 'apply');
        assert.equal(answer.status, 200, answer.text);
        work(server);
        return (await registrar.get(`imports/${record.id}`)).json;
    };
    const sealedFiles = (dir = `${server.dir}/attachments`) => fs.readdirSync(dir, { withFileTypes: true })
        .flatMap((one) => (one.isDirectory() ? sealedFiles(`${dir}/${one.name}`) : [`${dir}/${one.name}`]));

    before(async () => {
        school = await addSchool('预览小学', '2152000077');
        await addPerson('looker', 'registrar', school);
        registrar = await as('looker');
        await upload(registrar, csv(child('甲一'), child('乙二'), child('丙三')));
    });

    test('says everything and writes nothing, however often it is made', async () => {
        const before = await sums();
        const rows = [child('甲一', (row) => { row[at('民族')] = '苗族'; row[at('性别')] = '男'; row[at('成员1联系电话')] = '13955556666'; row[at('现住址')] = '松山乡新村9组'; }),
            child('乙二'), child('丁四', (row) => { row[at('班号')] = '二年级8班'; }), child('戊五', (row) => { row[at('性别')] = ''; })];
        for (let times = 0; times < 2; times += 1) {
            const { status, json } = await look(...rows);
            assert.equal(status, 200);
            assert.deepEqual([json.state, json.row_count, json.rows_done, json.added, json.changed, json.unchanged, json.rejected, json.classes],
                ['ready', 4, 4, 1, 1, 1, 1, 1]);
            assert.deepEqual((await rowsOf(registrar, json.id, 'changed')).map((r) => [r.row, r.student_name, r.field, r.old_value, r.value]), [
                [2, '甲一', '民族', '藏族', '苗族'], [2, '甲一', '现住址', null, null],
                [2, '甲一', '成员1联系电话', `${lines[1][at('成员1联系电话')].slice(0, 3)}****${lines[1][at('成员1联系电话')].slice(-4)}`, '139****6666'],
            ]);
            const [added] = await rowsOf(registrar, json.id, 'added');
            assert.deepEqual([added.student_name, added.student_id], ['丁四', null]);
            assert.deepEqual((await rowsOf(registrar, json.id, 'rejected')).map((r) => [r.row, r.reason]), [[5, 'missing_sex']]);
        }
        assert.deepEqual(await sums(), before);
    });

    test('is what is applied, and the rows say what became of them', async () => {
        const { json } = await look(child('甲一', (row) => { row[at('班号')] = '一（2）班'; }), child('丁四'), child('己六', (row) => { row[at('姓名')] = ''; }));
        const before = { rows: await rowsOf(registrar, json.id, 'changed'), counts: [json.added, json.changed, json.unchanged, json.rejected, json.classes, json.guardians] };
        assert.deepEqual(before.rows.map((r) => [r.field, r.old_value, r.value]), [['班号', `${lines[1][at('班号')].slice(0, 5)}1班`, '一（2）班']]);
        const done = await finish(json);
        assert.deepEqual([done.state, done.skipped], ['done', 0]);
        assert.deepEqual([done.added, done.changed, done.unchanged, done.rejected, done.classes, done.guardians], before.counts);
        assert.deepEqual(await rowsOf(registrar, json.id, 'changed'), before.rows);
        const [added] = await rowsOf(registrar, json.id, 'added');
        assert.equal(await count('student WHERE id = ? AND name = ?', [added.student_id, '丁四']), 1);
        const [event] = await server.sql("SELECT account_id, payload FROM audit_event WHERE record = 'imports' AND record_id = ? AND action = 'apply'", [json.id]);
        assert.equal(String(event.account_id), String(world.accounts.looker));
        const history = await registrar.get(`imports/${json.id}/history`);
        assert.deepEqual(history.json.items.map((one) => one.action).sort(), ['apply', 'begin', 'checked', 'finish', 'upload']);
    });

    test('a child that somebody changed in between is not written, and its row says so', async () => {
        const { json } = await look(child('甲一', (row) => { row[at('曾用名')] = '甲甲'; }), child('乙二', (row) => { row[at('曾用名')] = '乙乙'; }),
            child('丙三', (row) => { row[at('曾用名')] = '丙丙'; }), child('庚七'),
            child('辛八', (row) => { row[at('曾用名')] = '小辛'; }));
        assert.deepEqual([json.added, json.changed], [2, 3]);
        // 甲一: the same field is another one now; 乙二: somebody was faster with the very same; 丙三: another field, no matter;
        // 庚七: came in by another file, as he is; 辛八: came in, but otherwise
        await server.sql("UPDATE student SET former_name = '别的' WHERE school_id = ? AND name = '甲一'", [school]);
        await upload(registrar, csv(child('乙二', (row) => { row[at('曾用名')] = '乙乙'; }), child('庚七'), child('辛八', (row) => { row[at('曾用名')] = '老辛'; })), { school });
        await server.sql("UPDATE student SET leave_seq = leave_seq + 1, version = version + 1 WHERE school_id = ? AND name = '丙三'", [school]);
        const done = await finish(json);
        assert.deepEqual([done.state, done.added, done.changed, done.unchanged, done.rejected, done.skipped], ['done', 0, 1, 2, 2, 2]);
        const rejected = await rowsOf(registrar, json.id, 'rejected');
        assert.deepEqual(rejected.map((r) => [r.row, r.student_name, r.reason]), [[2, '甲一', 'changed_since'], [6, '辛八', 'changed_since']]);
        assert.match(rejected[0].message, /被别人改过/);
        assert.deepEqual(names(await rowsOf(registrar, json.id, 'changed')), ['丙三']);
        assert.deepEqual(names(await rowsOf(registrar, json.id, 'added')), []);
        const former = await server.sql("SELECT name, former_name FROM student WHERE school_id = ? AND name IN ('甲一', '丙三', '辛八') ORDER BY former_name", [school]);
        assert.deepEqual(former.map((one) => one.former_name).sort(), ['丙丙', '别的', '老辛'].sort());
    });

    test('what was sent back stays so, even when its reason has gone', async () => {
        await server.sql("UPDATE student SET status = '10' WHERE school_id = ? AND name = '乙二'", [school]);
        const { json } = await look(child('乙二', (row) => { row[at('曾用名')] = '小乙'; }));
        assert.equal(json.rejected, 1);
        await server.sql("UPDATE student SET status = '01' WHERE school_id = ? AND name = '乙二'", [school]);
        const done = await finish(json);
        assert.deepEqual([done.changed, done.rejected, done.skipped], [0, 1, 0]);
        assert.equal((await rowsOf(registrar, json.id, 'rejected'))[0].reason, 'left_school');
    });

    test('two rows of one child, one by each number, in batches far apart', async () => {
        const number = 'J520425201804050099';
        const file = (rows) => toCsv([['学籍号', ...lines[0]], ...rows]);
        await upload(registrar, file([[number, ...child('双号')]]), { school });
        const crowd = Array.from({ length: 250 }, (_, i) => ['', ...child('群众', (row) => { row[at('姓名')] = `群众${i}`; row[at('身份证件号')] = identity(`520427201804${String(10 + i % 20)}${String(101 + 2 * i).padStart(3, '0')}`); row[at('出生日期')] = `201804${10 + i % 20}`; row[at('性别')] = '男'; })]);
        const rows = [['', ...child('双号', (row) => { row[at('曾用名')] = '一'; })], ...crowd, [number, ...child('双号', (row) => { row[at('身份证件号')] = ''; row[at('曾用名')] = '二'; })]];
        const { json } = await preview(server, registrar, file(rows), { school });
        assert.deepEqual([json.added, json.changed, json.rejected], [250, 1, 1]);
        const done = await finish(json);
        assert.deepEqual([done.added, done.changed, done.rejected, done.skipped], [250, 1, 1, 0]);
    });

    test('brothers and sisters in batches far apart: classes and guardians are counted as they will be made', async () => {
        const crowd = Array.from({ length: 450 }, (_, i) => child('新生', (row) => {
            row[at('姓名')] = `新生${i}`;
            row[at('出生日期')] = `201905${10 + i % 20}`;
            row[at('身份证件号')] = identity(`520428201905${10 + i % 20}${String(101 + 2 * i).padStart(3, '0')}`);
            row[at('班号')] = `一年级${20 + i % 3}班`;
            row[at('成员1姓名')] = `家长${i % 90}`;
            row[at('成员1联系电话')] = `1377777${String(1000 + i % 90)}`;
            row[at('成员2是否监护人')] = '否';
        }));
        const { json } = await look(...crowd);
        assert.deepEqual([json.added, json.classes, json.guardians], [450, 3, 90]);
        const done = await finish(json);
        assert.deepEqual([done.added, done.classes, done.guardians, done.skipped], [450, 3, 90, 0]);
    });

    test('the file lies sealed until it has been applied or given up', async () => {
        work(server, 120);
        const before = sealedFiles();
        const { json } = await look(child('壬九'));
        const [file, ...others] = sealedFiles().filter((one) => !before.includes(one));
        assert.deepEqual(others, []);
        assert.match(file, /\/[0-9a-f]{64}$/);
        assert.ok(!fs.readFileSync(file).includes(child('壬九')[at('身份证件号')]));
        const given = await act(registrar, json, 'discard');
        assert.deepEqual([given.status, given.json.state], [200, 'discarded']);
        work(server, 120);
        assert.deepEqual(sealedFiles(), before);
        assert.deepEqual(await rowsOf(registrar, json.id, 'added'), []);
        assert.equal(await count('import_plan WHERE import_id = ?', [json.id]), 0);
        assert.equal(await count('student WHERE name = ?', ['壬九']), 0);
    });

    test('nobody decides: after the days of the rule it is let go', async () => {
        const { json } = await look(child('癸十'));
        work(server, 6 * 86400);
        assert.equal((await registrar.get(`imports/${json.id}`)).json.state, 'ready');
        work(server, 86400);
        work(server, 120);
        const gone = (await registrar.get(`imports/${json.id}`)).json;
        assert.deepEqual([gone.state, gone.actions], ['discarded', []]);
        assert.equal(await count('import_row WHERE import_id = ?', [json.id]), 0);
        server.setClock('2026-10-08T12:00:00+08:00');
    });

    test('each action: wrong state, stale, without version, repeated', async () => {
        const brought = (await bring(registrar, csv(child('子鼠')), { school })).json;
        assert.equal(brought.state, 'uploaded');
        const early = await act(registrar, brought, 'apply');
        assert.deepEqual([early.status, early.json.code, early.json.state], [409, 'wrong_state', 'uploaded']);
        work(server);
        const { json } = await registrar.get(`imports/${brought.id}`);
        for (const action of ['apply', 'discard', 'check', 'map']) {
            assert.equal((await act(registrar, json, action, {}, { version: json.version - 1 })).status, 412, action);
            assert.equal((await registrar.post(`imports/${json.id}/${action}`, {})).status, 428, action);
            assert.equal((await act(registrar, json, action, { what: 1 })).status, 422, action);
        }
        const other = await as('registrar3');
        assert.equal((await act(other, json, 'apply')).status, 404);
        const [one, again] = [await act(registrar, json, 'apply', {}, { key: 'once' }), await act(registrar, json, 'apply', {}, { key: 'once' })];
        assert.deepEqual([one.status, again.status], [200, 200]);
        assert.deepEqual(again.json, one.json);
        assert.equal((await act(registrar, one.json, 'discard')).status, 409);
        work(server);
        const done = (await registrar.get(`imports/${json.id}`)).json;
        assert.deepEqual([done.state, done.actions], ['done', []]);
        assert.equal((await act(registrar, done, 'check')).status, 409);
    });
});
