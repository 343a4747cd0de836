// desk.test.js: what the desk of staff is drawn from: the menu of the session, what GET plugins declares, classes with
// their term, their seats and who of the guardians has an account.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { start } from '../lib/server.js';
import { buildWorld } from '../lib/world.js';

let server;
let world;

before(async () => {
    server = await start({ clock: '2026-09-21T07:50:00+08:00' });
    world = await buildWorld(server);
});
after(() => server.stop());

const get = async (login, path, options) => (await server.client(login, options)).get(path);
const entry = (session, key) => session.menu.find((one) => one.key === key);

describe('the menu', () => {
    test('has what the session may open, and says where something may wait', async () => {
        const { json: teacher } = await get('teacher', 'session');
        assert.deepEqual(teacher.menu.map((one) => one.key).sort(), ['absences', 'day', 'dropout', 'home-visits', 'leave', 'opening', 'roll', 'students', 'tasks']);
        assert.deepEqual(entry(teacher, 'leave'), { key: 'leave', href: '#/leave', icon: 'leave', label: '请假', texts: 'leave', decides: ['leave-requests'] });

        const { json: registrar } = await get('registrar', 'session');
        assert.equal(entry(registrar, 'imports').href, '#/imports');
        assert.deepEqual(entry(registrar, 'leave').decides, []);

        const { json: nobody } = await get('nobody', 'session');
        assert.deepEqual(nobody.menu, []);
    });

    test('speaks the language of the account, from the change on', async () => {
        const client = await server.client('subject');
        assert.equal(entry((await client.get('session')).json, 'students').label, '学生');
        const changed = await client.patch('session', { language: 'en' });
        assert.equal(entry(changed.json, 'students').label, 'Students');
        assert.equal(entry((await client.get('session')).json, 'students').label, 'Students');
    });

    test('is that of GET plugins, whose records name their locale file', async () => {
        const { json: session } = await get('office', 'session');
        const { json: plugins } = await get('office', 'plugins');
        assert.deepEqual(plugins.menu, session.menu);
        const texts = Object.fromEntries(plugins.records.map((one) => [one.name, one.texts]));
        assert.deepEqual([texts.students, texts['org-units'], texts.imports, texts['leave-requests']], ['people', 'people', 'import', 'leave']);
    });
});

test('an action says what it takes, so that a form can be made of it', async () => {
    const mother = await server.client('guardian');
    const made = await mother.post('leave-requests', { student_id: world.students.siyu, kind: 'sick', reason: '发烧', action: 'submit',
        starts_on: '2026-09-22', starts_period: 1, ends_on: '2026-09-22', ends_period: 7 });
    assert.equal(made.status, 201, made.text);
    const { json } = await get('teacher', `leave-requests/${made.json.id}`);
    assert.deepEqual(json.actions.find((one) => one.action === 'reject').fields,
        [{ name: 'comment', type: 'text', of: null, required: true, min: 2, max: 200 }]);
});

describe('classes', () => {
    const terms = { starts_on: '2026-09-01', ends_on: '2027-01-29' };

    test('come plain unless more is asked for', async () => {
        const { json } = await get('teacher', 'classes');
        assert.deepEqual(Object.keys(json), ['items']);
        assert.equal(json.items.length, 1);
        assert.equal(json.items[0].seats, undefined);
        assert.equal(json.items[0].guardians, undefined);
    });

    test('a teacher gets the term and the seats of the own class only', async () => {
        const { json } = await get('teacher', 'classes?with=term,seats');
        assert.deepEqual(json.term, terms);
        assert.deepEqual(json.items.map((one) => one.id), [String(world.units.class1.id)]);
        assert.deepEqual(json.items[0].seats, [['siyu', '罗思雨', 1], ['hao', '李浩', 2], ['min', '韦敏', 3]]
            .map(([key, name, seat_no]) => ({ id: String(world.students[key]), name, seat_no })));
    });

    test('who has gone has no seat', async () => {
        await server.sql("UPDATE student SET status = '10' WHERE id = ?", [world.students.min]);
        const { json } = await get('teacher', 'classes?with=seats');
        await server.sql("UPDATE student SET status = '01' WHERE id = ?", [world.students.min]);
        assert.deepEqual(json.items[0].seats.map((one) => one.name), ['罗思雨', '李浩']);
    });

    test('the registrar gets how many guardians have an account', async () => {
        await server.sql('UPDATE guardian SET account_id = NULL WHERE id = ?', [world.guardians.father]);
        const { json } = await get('registrar', 'classes?with=guardians');
        await server.sql('UPDATE guardian SET account_id = ? WHERE id = ?', [world.accounts.father, world.guardians.father]);
        assert.deepEqual(json.items.map((one) => [one.guardians, one.guardians_active]), [[3, 2], [3, 2]]);
    });

    test('whoever may not see guardians gets no count', async () => {
        const { json } = await get('subject', 'classes?with=guardians,seats');
        assert.equal(json.items[0].guardians, undefined);
        assert.equal(json.items[0].seats.length, 3);
    });

    test('in vacations there is no term', async () => {
        server.setClock('2027-02-10T08:00:00+08:00');
        const { json } = await get('teacher', 'classes?with=term');
        server.setClock('2026-09-21T07:50:00+08:00');
        assert.equal(json.term, null);
    });

    test('a school with many classes comes without seats', async () => {
        const { school, gradeUnit } = world.units;
        for (let i = 3; i <= 5; i += 1) {
            await server.sql(`INSERT INTO org_unit (id, parent_id, level, name, path, township_id, school_id, stage, entry_year, class_no, created_at)
                VALUES (?, ?, 'class', ?, ?, ?, ?, 'primary', 2024, ?, '2026-08-20 08:00:00')`,
            [i, gradeUnit.id, `2024级${i}班`, `${gradeUnit.path}${i}/`, school.township, school.id, i]);
        }
        const { json } = await get('office', 'classes?with=seats');
        await server.sql('DELETE FROM org_unit WHERE id < 10');
        assert.equal(json.items.length, 5);
        assert.ok(json.items.every((one) => one.seats === undefined));
    });
});
