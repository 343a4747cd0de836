// copy.test.js: a guardian's own copy of what is stored about a child and about the guardian: for whom it is, what is in it, what
// never is, and the line that it leaves.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { start } from '../lib/server.js';
import { buildWorld, libraryValues } from '../lib/world.js';

const photo = fs.readFileSync(new URL('../unit/files/photo.png', import.meta.url));
const clients = {};
let server;
let world;
let leave;
let ids;

const as = async (login) => { clients[login] ??= await server.client(login); return clients[login]; };
const ok = (answer, status = 200) => { assert.equal(answer.status, status, answer.text); return answer.json; };
const at = '2026-09-21 10:00:00';

function insert(table, row) {
    const names = Object.keys(row);
    return server.sql(`INSERT INTO ${table} (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})`, Object.values(row));
}

/** Somebody's words that must be in no copy. */
const words = ['邻居说孩子身上有伤', '劝返时父亲发了火', '孩子说不敢回家', '奶奶说家里没人管', '村干部赵二', '点名时看见瘀青', '案由丙', '家访见邻居钱大婶'];

before(async () => {
    server = await start({ clock: '2026-09-22T10:00:00+08:00' });
    world = await buildWorld(server);
    ids = libraryValues(server, Array.from({ length: 20 }, () => ({ op: 'id' })));
    const [address, phone] = libraryValues(server, [{ op: 'seal', text: '松山乡红旗村3组' }, { op: 'seal', text: '13600009999' }]).map((hex) => Buffer.from(hex, 'hex'));
    await server.sql('UPDATE student SET address = ?, phone = ?, ethnic = ? WHERE id = ?', [address, phone, '15', world.students.siyu]);
    const place = { student_id: world.students.siyu, class_id: world.units.class1.id, school_id: world.units.school.id };
    const scoped = { ...place, township_id: world.units.township.id };
    const made = { created_at: at, updated_at: at };
    await insert('attendance_mark', { ...place, id: ids.pop(), day: '2026-09-18', first_period: 1, last_period: 1, kind: 1, minute: 495, reason: 'overslept',
        note: words[5], roll_id: ids.pop(), saved_at: at, saved_by: world.accounts.teacher });
    await insert('contact', { ...scoped, ...made, id: ids.pop(), happened_on: '2026-09-18', clock: '09:10', at, channel: 'phone', reached: 1, person: words[4], reason: 'other',
        words: words[3], made_by: '王晓梅' });
    const visit = { ...scoped, ...made, happened_on: '2026-09-19', clock: '17:20', at, way: 'in_person', visitors: '王晓梅', talked_to: words[7], words: words[2],
        effect: 'thinks', made_by: '王晓梅' };
    const [general, attempt, signs, dropout] = [ids.pop(), ids.pop(), ids.pop(), ids.pop()];
    await insert('home_visit', { ...visit, id: general, kind: 'general' });
    await insert('home_visit', { ...visit, id: signs, kind: 'signs', happened_on: '2026-09-14' });
    await insert('home_visit', { ...visit, id: attempt, kind: 'focused', happened_on: '2026-09-15' });
    await insert('dropout_case', { ...scoped, ...made, id: dropout, state: 'opened', discovered_on: '2026-09-10', trigger_at: at, week_at: at, opened_why: words[6] });
    await insert('persuasion', { ...scoped, ...made, id: ids.pop(), case_id: dropout, attempt_no: 1, way: 'visit', made_on: '2026-09-15', people: '何秀英', with_whom: '家长',
        guardian_words: words[1], outcome: 'refuses', effect: words[1], visit_id: attempt });
    await insert('urgent_report', { ...scoped, ...made, id: ids.pop(), state: 'raised', kind: 'harm', signs: words[0], raised_by: '石兰' });
    const paper = { unit_id: world.units.school.id, year: 2026, issuer: '松山乡中心学校', record_id: ids.pop(), ...scoped, ...made, content: Buffer.from('x'), live: 1, issued_at: at };
    await insert('document', { ...paper, id: ids.pop(), number: 'A-QJ-2026-0001', code: 'QJ', seq: 1, kind: 'leave.slip', title: '请假条', record: 'leave-requests', hash: Buffer.alloc(32, 1) });
    await insert('document', { ...paper, id: ids.pop(), number: 'A-CXB-2026-0001', code: 'CXB', seq: 1, kind: 'dropout.report', title: '辍学报告', record: 'dropout-cases', hash: Buffer.alloc(32, 2) });

    const guardian = await as('guardian');
    const file = ok(await guardian.post('attachments', photo, { headers: { 'content-type': 'image/png' } }), 201);
    const day = { kind: 'sick', starts_on: '2026-09-23', starts_period: 1, ends_on: '2026-09-23', ends_period: 7 };
    leave = ok(await guardian.post('leave-requests', { ...day, student_id: world.students.siyu, reason: '发烧要看医生', certificate: [file.id], action: 'submit' }), 201);
    leave = ok(await (await as('teacher')).post(`leave-requests/${leave.id}/approve`, { comment: '好好休息' }, { version: leave.version }));
    ok(await (await as('father')).post('leave-requests', { ...day, starts_on: '2026-09-28', ends_on: '2026-09-28', student_id: world.students.siyu, reason: '父亲还没写完的假条', action: 'save' }), 201);
});
after(() => server?.stop());

const path = (key) => `students/${world.students[key]}/copy`;
const copyOf = async (login, key, options) => ok(await (await as(login)).get(path(key), options));
const part = (copy, name) => copy.parts.find((one) => one.name === name);
/** Rows by the names of their columns. */
function rows(copy, name) {
    const { columns, rows: list } = part(copy, name);
    return list.map((row) => Object.fromEntries(Object.entries(columns).map(([column, label]) => [column, row[label]])));
}

describe('for whom', () => {
    test('the own children, no other child', async () => {
        for (const [login, own] of [['guardian', ['siyu', 'yu']], ['guardianHao', ['hao']], ['teacherB', ['bin']]]) {
            for (const key of Object.keys(world.students)) {
                assert.equal((await (await as(login)).get(path(key))).status, own.includes(key) ? 200 : 404, `${login} ${key}`);
            }
        }
    });

    test('a child that is none is not there', async () => {
        for (const id of ['382812322618357789', '0']) {
            assert.equal((await (await as('guardian')).get(`students/${id}/copy`)).status, 404, id);
        }
    });

    test('not for staff, not for nobody', async () => {
        for (const login of ['county', 'principal', 'office', 'registrar', 'teacher', 'subject', 'nobody']) {
            assert.equal((await (await as(login)).get(path('siyu'))).status, 403, login);
        }
        assert.equal((await (await server.client(null)).get(path('siyu'))).status, 401);
    });

    test('not even when staff are given the right: the child must be their own', async () => {
        await server.sql("INSERT INTO role_capability (role, capability) VALUES ('grade', 'child.read')");
        const grade = await server.client('grade');
        assert.equal((await grade.get(path('siyu'))).status, 404);
        await server.sql("DELETE FROM role_capability WHERE role = 'grade' AND capability = 'child.read'");
    });

    test('nor when the guardianship has ended', async () => {
        const father = await as('father');
        await server.sql("UPDATE student_guardian SET ends_on = '2026-09-01' WHERE guardian_id = ? AND student_id = ?", [world.guardians.father, world.students.yu]);
        assert.equal((await father.get(path('yu'))).status, 404);
        await server.sql('UPDATE student_guardian SET ends_on = NULL WHERE guardian_id = ?', [world.guardians.father]);
    });
});

describe('what is in it', () => {
    test('the child, in words, numbers masked', async () => {
        const copy = await copyOf('guardian', 'siyu');
        assert.equal(copy.title, '罗思雨的数据副本');
        const [child] = rows(copy, 'child');
        assert.deepEqual([child.name, child.sex, child.birth_on, child.ethnic, child.class, child.school], ['罗思雨', '女', '2018-02-03', '土家族', '三年级1班', '松山乡中心学校']);
        assert.match(child.id_number, /^5204\*+\d{3}[\dX]$/);
        assert.equal(rows(copy, 'enrolments')[0].starts_on, '2024-09-01');
    });

    test('the guardian: account and link', async () => {
        const copy = await copyOf('guardian', 'siyu');
        assert.deepEqual(rows(copy, 'account').map(({ name, phone }) => [name, phone]), [['杨秀莲', '139****0001']]);
        assert.deepEqual(rows(copy, 'guardian').map(({ name, relation }) => [name, relation]), [['杨秀莲', '母亲']]);
        assert.ok(rows(copy, 'sessions').length >= 1);
    });

    test('leave with what became of it and its files', async () => {
        const copy = await copyOf('guardian', 'siyu');
        const [asked, ...others] = rows(copy, 'leave-requests');
        assert.deepEqual(others, []);
        assert.deepEqual([asked.id, asked.kind, asked.reason, asked.decided_by, asked.starts_on], [leave.id, '病假', '发烧要看医生', '王晓梅', '2026-09-23']);
        assert.deepEqual(rows(copy, 'history').map(({ actor, comment }) => [actor, comment]), [['王晓梅', '好好休息'], ['杨秀莲', null]]);
        const [file] = rows(copy, 'files');
        assert.equal(file.leave_id, leave.id);
        assert.equal(file.media_type, 'image/png');
        assert.ok(file.size > 0);
    });

    test('attendance, calls, visits and papers: that they were', async () => {
        const copy = await copyOf('guardian', 'siyu');
        assert.deepEqual(rows(copy, 'attendance').map(({ day, kind, clock, reason }) => [day, kind, clock, reason]), [['2026-09-18', '迟到', '08:15', '起晚了']]);
        assert.deepEqual(rows(copy, 'contacts').map(({ happened_on: day, channel, made_by: by }) => [day, channel, by]), [['2026-09-18', '电话', '王晓梅']]);
        assert.deepEqual(rows(copy, 'home-visits').map(({ happened_on: day, kind }) => [day, kind]), [['2026-09-19', '普遍家访']]);
        assert.deepEqual(rows(copy, 'documents').map(({ title }) => title), ['请假条']);
    });

    for (const language of ['zh-CN', 'en']) {
        test(`every column has a label of its own, every part a name: ${language}`, async () => {
            clients.other = await server.client('guardian');
            const copy = await copyOf('other', 'siyu', { headers: { 'accept-language': language } });
            for (const { name, label, columns, rows: list, cut } of copy.parts) {
                assert.doesNotMatch(label, /^[a-z-]+$|^\w+\.\w/, name);
                assert.equal(new Set(Object.values(columns)).size, Object.keys(columns).length, `${name}: two columns of one label`);
                Object.values(columns).forEach((one) => assert.doesNotMatch(one, /^[\w-]+\.[\w.]+$/, name));
                list.forEach((row) => assert.equal(Object.keys(row).length, Object.keys(columns).length, name));
                assert.equal(cut, false);
            }
            assert.equal(copy.left_out.length, 6);
            [copy.note, ...copy.left_out].forEach((one) => assert.doesNotMatch(one, /^copy\./));
        });
    }

    test('a file to keep, named by child and day, that nobody keeps on the way', async () => {
        clients.named = await server.client('guardian');
        const { headers } = await (await as('named')).get(path('yu'));
        assert.equal(decodeURIComponent(/filename\*=UTF-8''(.+)$/.exec(headers['content-disposition'])[1]), '罗思宇-数据副本-2026-09-22.json');
        assert.match(headers['cache-control'], /no-store/);
    });
});

describe('what is not', () => {
    test('no password, no sealed byte, no other person, nobody\'s words, no case', async () => {
        await server.sql('DELETE FROM throttle');
        const { text } = await (await as('guardian')).get(path('siyu'));
        assert.ok(text.includes('罗思雨'));
        for (const word of [...words, '$argon2', world.idNumbers.siyu, world.phones.guardian, '13600009999', '139****0002', '136****9999', '红旗村', '罗思宇', '李浩', '韦敏', '罗国平', '父亲还没写完',
            '厌学苗头', '重点家访', '辍学报告', '石兰']) {
            assert.ok(!text.includes(word), word);
        }
        assert.doesNotMatch(text, /token|hash|roster_hash/);
    });

    test('a part that is longer than it may be says so, and has the newest', async () => {
        await server.sql(`INSERT INTO attendance_mark (student_id, day, id, class_id, school_id, first_period, last_period, kind, roll_id, saved_at, saved_by)
            SELECT ?, '2025-01-01' + INTERVAL seq DIV 10 DAY, 1000 + seq, ?, ?, 1, 1, 3, 1, ?, 1 FROM seq_0_to_2400`,
        [world.students.yu, world.units.class2.id, world.units.school.id, at]);
        const marks = part(await copyOf('guardian', 'yu'), 'attendance');
        assert.equal(marks.cut, true);
        assert.equal(marks.rows.length, 2000);
        assert.equal(marks.rows[0][marks.columns.day], '2025-08-29');
        await server.sql('DELETE FROM attendance_mark WHERE student_id = ?', [world.students.yu]);
    });
});

describe('what it leaves', () => {
    const lines = () => server.sql("SELECT unit_id, account_id, record_id, payload FROM audit_event WHERE action = 'export' AND record = 'students' ORDER BY seq");

    test('a line in the school\'s chain each time, with no word of what was in it; a refusal leaves none', async () => {
        const earlier = (await lines()).length;
        await copyOf('guardianHao', 'hao');
        assert.equal((await (await as('guardianHao')).get(path('siyu'))).status, 404);
        const all = await lines();
        assert.equal(all.length, earlier + 1);
        const line = all.find(({ record_id: id }) => String(id) === String(world.students.hao));
        assert.equal(String(line.unit_id), String(world.units.school.id));
        assert.equal(String(line.account_id), String(world.accounts.guardianHao));
        assert.equal(JSON.parse(line.payload).changes.format, 'json');
        assert.doesNotMatch(line.payload, /李浩/);
    });

    test('ten an hour, then 429; another account is not held up', async () => {
        await server.sql('DELETE FROM throttle');
        const statuses = [];
        for (let i = 0; i < 11; i += 1) {
            statuses.push((await (await as('guardian2')).get(path('xin'))).status);
        }
        assert.deepEqual(statuses, [...Array(10).fill(200), 429]);
        const refused = await (await as('guardian2')).get(path('xin'));
        assert.ok(Number(refused.headers['retry-after']) > 0);
        await copyOf('guardianHao', 'hao');
    });
});
