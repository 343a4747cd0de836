// demo.test.js: the demonstration county holds what README promises: its accounts sign in and see what is theirs, its leave is
// in every state, its records are as the engine would have left them.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { demoClock, start } from '../lib/server.js';
import { checkDigit } from '../lib/world.js';

let server;

before(async () => { server = await start({ demo: true }); });
after(() => server.stop());

const number = async (sql) => Number(Object.values((await server.sql(sql))[0])[0]);

test('a bureau, two townships, three schools, 36 classes, about 1,600 children with guardians', async () => {
    assert.equal(await number("SELECT COUNT(*) FROM org_unit WHERE level = 'county'"), 1);
    assert.equal(await number("SELECT COUNT(*) FROM org_unit WHERE level = 'township'"), 2);
    assert.equal(await number("SELECT COUNT(*) FROM org_unit WHERE level = 'school'"), 3);
    assert.equal(await number("SELECT COUNT(*) FROM org_unit WHERE level = 'class'"), 36);
    const students = await number('SELECT COUNT(*) FROM student');
    assert.ok(students > 1560 && students < 1640, `${students} children`);
    assert.equal(await number('SELECT COUNT(*) FROM student s WHERE NOT EXISTS (SELECT 1 FROM student_guardian g WHERE g.student_id = s.id)'), 0);
    assert.equal(await number(`SELECT COUNT(*) FROM org_unit u WHERE level = 'class' AND NOT EXISTS
        (SELECT 1 FROM position p WHERE p.unit_id = u.id AND p.role = 'teacher')`), 0);
    assert.equal(await number('SELECT SUM(rejected) FROM import'), 0);
});

test('its accounts are listed for their owner only, and all sign in', async () => {
    const file = path.join(server.dir, 'demo-accounts.txt');
    assert.equal(fs.statSync(file).mode & 0o777, 0o600);
    const logins = fs.readFileSync(file, 'utf8').trim().split('\n').slice(1).map((line) => line.split(' ')[0]);
    assert.deepEqual(logins.sort(), ['admin', 'county', 'grade', 'guardian', 'guardian2', 'office', 'principal', 'principal2', 'psych', 'registrar',
        'subject', 'teacher', 'teacher2', 'township', 'vice']);
    for (const login of logins) {
        const client = await server.client(login);
        assert.equal(client.session.account.must_change_password, false, login);
        assert.ok(client.session.capabilities.length > 0, login);
        client.close();
    }
});

test('the guardian has two children, one of them in the teacher\'s class', async () => {
    const guardian = await server.client('guardian');
    const children = (await guardian.get('my-children')).json.items;
    assert.deepEqual(children.map(({ class_name }) => class_name).sort(), ['三年级2班', '五年级1班']);
    const teacher = await server.client('teacher');
    const mine = teacher.session.positions[0].unit_id;
    assert.equal(children.filter(({ class_id }) => class_id === mine).length, 1);
});

test('leave is in every state, and waits in every queue', async () => {
    const states = (await server.sql('SELECT state, COUNT(*) AS n FROM leave_request GROUP BY state')).map(({ state }) => state);
    assert.deepEqual(states.sort(), ['approved', 'awaiting_paper', 'away', 'cancelled', 'draft', 'no_paper', 'overdue', 'provisional', 'rejected',
        'returned', 'submitted']);
    const total = await number('SELECT COUNT(*) FROM leave_request');
    assert.ok(total > 200 && total < 500, `${total} requests`);
    for (const login of ['teacher', 'office', 'principal']) {
        const client = await server.client(login);
        const queue = (await client.get('leave-requests?queue=mine')).json.items;
        assert.ok(queue.length > 0, `${login} has nothing to decide`);
    }
    const teacher = await server.client('teacher');
    for (const view of ['away', 'overdue', 'paper', 'day']) {
        assert.ok((await teacher.get(`leave-requests?view=${view}`)).json.items.length > 0, view);
    }
});

test('nothing of it happens in the future, and every request has the history of its state', async () => {
    const now = demoClock.slice(0, 19).replace('T', ' ');
    assert.equal(await number(`SELECT COUNT(*) FROM history WHERE at > '${now}'`), 0);
    assert.equal(await number(`SELECT COUNT(*) FROM leave_request l WHERE state <> (SELECT to_state FROM history h
        WHERE h.record = 'leave-requests' AND h.record_id = l.id ORDER BY h.id DESC LIMIT 1)`), 0);
    assert.equal(await number('SELECT COUNT(*) FROM leave_request WHERE submitted_at IS NOT NULL AND submitted_at > updated_at'), 0);
    assert.match(server.control('audit', 'verify'), /2152001234/);
});

test('the second school\'s people do not see the first', async () => {
    const teacher2 = await server.client('teacher2');
    const seen = (await teacher2.get('leave-requests?limit=200')).json.items;
    const school = teacher2.session.positions[0].school_id;
    assert.ok(seen.length > 0);
    seen.forEach((item) => assert.equal(item.school_id, school));
    const first = (await server.sql("SELECT l.id FROM leave_request l JOIN org_unit s ON s.id = l.school_id WHERE s.code = '2152001234' LIMIT 1"))[0];
    assert.equal((await teacher2.get(`leave-requests/${first.id}`)).status, 404);
    const guardian2 = await server.client('guardian2');
    assert.equal((await guardian2.get(`leave-requests/${first.id}`)).status, 404);
});

test('identity numbers are sealed and of a division that does not exist', async () => {
    const registrar = await server.client('registrar');
    const classes = (await registrar.get(`classes?school_id=${registrar.session.positions[0].school_id}`)).json.items;
    const student = (await registrar.get(`students?class_id=${classes[0].id}&limit=1`)).json.items[0];
    const shown = await registrar.post(`students/${student.id}/reveal`, { field: 'id_number', reason: '核对学籍' });
    assert.equal(shown.status, 200, shown.text);
    assert.match(shown.json.value, /^522799\d{11}[\dX]$/);
    assert.equal(checkDigit(shown.json.value), shown.json.value[17]);
    const dump = JSON.stringify(await server.sql('SELECT * FROM student WHERE id = ?', [student.id]));
    assert.ok(!dump.includes(shown.json.value));
});

test('somebody is responsible at every level, and each chart is full', async () => {
    const chart = async (login, unit) => {
        const client = await server.client(login);
        const [place] = client.session.positions;
        const { items } = (await client.get(`responsibilities/chart?unit_id=${unit ?? place.school_id ?? place.unit_id}`)).json;
        return Object.fromEntries(['area', 'township', 'village', 'school', 'grade', 'class', 'student'].map((duty) => [duty, items.filter((one) => one.duty === duty)]));
    };
    const county = await chart('county');
    assert.deepEqual(Object.values(county).slice(0, 6).map((all) => all.length), [2, 4, 28, 12, 15, 36]);
    assert.ok(county.student.length >= 20, `${county.student.length} one to one`);
    const school = await chart('office');
    assert.deepEqual(Object.values(school).map((all) => all.length > 0), [false, false, true, true, true, true, true]);
    assert.deepEqual(school.grade.map((one) => one.unit_name), ['一年级', '二年级', '三年级', '四年级', '五年级', '六年级']);
    assert.ok(school.class.some((one) => one.person === '王晓梅' && one.unit_name === '三年级2班'));
    assert.equal(await number(`SELECT COUNT(*) FROM dropout_case d WHERE d.open_student IS NOT NULL AND NOT EXISTS
        (SELECT 1 FROM responsibility r WHERE r.student_id = d.student_id AND r.duty = 'student')`), 0, 'nobody who stays away is without a person');
    assert.equal(await number('SELECT COUNT(*) FROM responsibility r LEFT JOIN account a ON a.id = r.account_id WHERE r.account_id IS NOT NULL AND (a.id IS NULL OR a.name <> r.person)'), 0);
});
