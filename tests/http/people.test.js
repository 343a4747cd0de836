// people.test.js: who sees which child, what of it, and what it takes to see a number in full.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { start } from '../lib/server.js';
import { buildWorld, libraryValues } from '../lib/world.js';

let server;
let world;
const clients = {};

before(async () => {
    server = await start({ clock: '2026-09-21T07:50:00+08:00' });
    world = await buildWorld(server);
    await fillNumbers();
    await positionAt('central', '中心学校长', 'principal', await centralSchool());
});
after(() => server.stop());

/** The signed-in client of a person of the world. */
async function as(login) {
    clients[login] ??= await server.client(login);
    return clients[login];
}

/** Phone, address and enrolment number of every child, and a phone of the class teacher. */
async function fillNumbers() {
    const keys = Object.keys(world.students);
    world.studentPhones = Object.fromEntries(keys.map((key, i) => [key, `1360000000${i}`]));
    world.addresses = Object.fromEntries(keys.map((key, i) => [key, `松山乡红旗村${i + 1}组`]));
    world.enrolmentNumbers = Object.fromEntries(keys.map((key) => [key, `G${world.idNumbers[key]}`]));
    world.teacherPhone = '13500007788';
    const texts = [...keys.flatMap((key) => [world.studentPhones[key], world.addresses[key], world.enrolmentNumbers[key]]),
        world.teacherPhone];
    const sealed = libraryValues(server, texts.map((text) => ({ op: 'seal', text }))).map((hex) => Buffer.from(hex, 'hex'));
    for (const [i, key] of keys.entries()) {
        await server.sql('UPDATE student SET phone = ?, address = ?, enrolment_no = ? WHERE id = ?',
            [...sealed.slice(3 * i, 3 * i + 3), world.students[key]]);
    }
    await server.sql('UPDATE account SET phone_sealed = ? WHERE id = ?', [sealed.at(-1), world.accounts.teacher]);
}

/** A central school above school2, in township2. */
async function centralSchool() {
    const [id] = libraryValues(server, [{ op: 'id' }]);
    const { township2, school2 } = world.units;
    await server.sql(`INSERT INTO org_unit (id, parent_id, level, name, path, township_id, created_at)
        VALUES (?, ?, 'central_school', '云岭中心校', ?, ?, '2026-08-20 08:00:00')`, [id, township2.id, `${township2.path}${id}/`, township2.id]);
    await server.sql('UPDATE org_unit SET parent_id = ? WHERE id = ?', [id, school2.id]);
    await server.sql('UPDATE org_unit SET path = REPLACE(path, ?, ?) WHERE path LIKE ?',
        [`${township2.path}${school2.id}/`, `${township2.path}${id}/${school2.id}/`, `${township2.path}${school2.id}/%`]);
    return id;
}

async function positionAt(login, name, role, unit) {
    const [id, positionId] = libraryValues(server, [{ op: 'id' }, { op: 'id' }]);
    await server.sql(`INSERT INTO account (id, name, login, password, created_at)
        SELECT ?, ?, ?, password, created_at FROM account WHERE id = ?`, [id, name, login, world.accounts.teacher]);
    await server.sql("INSERT INTO `position` (id, account_id, role, unit_id, starts_on, created_at) VALUES (?, ?, ?, ?, '2026-09-01', '2026-08-20 08:00:00')",
        [positionId, id, role, unit]);
    world.accounts[login] = id;
}

const everybody = ['siyu', 'hao', 'min', 'yu', 'bin', 'xin'];
const school = ['siyu', 'hao', 'min', 'yu', 'bin'];
const class1 = ['siyu', 'hao', 'min'];
const sees = {
    county: everybody, township: school, principal: school, vice: school, office: school, registrar: school, psych: school,
    grade: school, teacher: class1, subject: class1, teacherB: ['yu', 'bin'], principal2: ['xin'], teacher2: ['xin'], central: ['xin'],
    guardian: ['siyu', 'yu'], father: ['siyu', 'yu'], guardianHao: ['hao'], guardian2: ['xin'],
};
const reveals = ['office', 'registrar', 'teacher', 'teacherB', 'teacher2'];

const nameOf = {
    siyu: '罗思雨', hao: '李浩', min: '韦敏', yu: '罗思宇', bin: '冯斌', xin: '龙欣',
};

describe('scope', () => {
    for (const [login, children] of Object.entries(sees)) {
        test(`${login} lists ${children.join(', ')}`, async () => {
            const answer = await (await as(login)).get('students?limit=200');
            assert.equal(answer.status, 200);
            assert.deepEqual(answer.json.items.map(({ name }) => name).sort(), children.map((key) => nameOf[key]).sort());
        });

        test(`${login} reads these and no other`, async () => {
            const client = await as(login);
            for (const key of everybody) {
                const answer = await client.get(`students/${world.students[key]}`);
                assert.equal(answer.status, children.includes(key) ? 200 : 404, key);
            }
        });

        test(`${login} reveals ${reveals.includes(login) ? 'these and no other' : 'nothing'}`, async () => {
            const client = await as(login);
            for (const key of everybody) {
                const answer = await client.post(`students/${world.students[key]}/reveal`, { field: 'id_number', reason: '核对学籍' });
                const expected = !reveals.includes(login) ? 403 : children.includes(key) ? 200 : 404;
                assert.equal(answer.status, expected, key);
                assert.equal(answer.json.value, expected === 200 ? world.idNumbers[key] : undefined);
            }
        });
    }

    test('another class, another school and a filter do not widen it', async () => {
        const teacher = await as('teacher');
        for (const query of [`class_id=${world.units.class2.id}`, `school_id=${world.units.school2.id}`, `student_id=${world.students.xin}`]) {
            assert.deepEqual((await teacher.get(`students?${query}`)).json.items, [], query);
        }
        const guardian = await as('guardian');
        assert.deepEqual((await guardian.get(`students?class_id=${world.units.class1.id}`)).json.items.map(({ name }) => name), ['罗思雨']);
    });

    test('a guardianship that has ended opens nothing', async () => {
        await server.sql("UPDATE student_guardian SET ends_on = '2026-09-01' WHERE guardian_id = ? AND student_id = ?",
            [world.guardians.father, world.students.siyu]);
        const father = await as('father');
        assert.equal((await father.get(`students/${world.students.siyu}`)).status, 404);
        assert.deepEqual((await father.get('my-children')).json.items.map(({ name }) => name), ['罗思宇']);
        await server.sql('UPDATE student_guardian SET ends_on = NULL WHERE guardian_id = ?', [world.guardians.father]);
    });

    test('a child that is no child: 404, an id that is none: 404', async () => {
        const county = await as('county');
        for (const id of ['1', '0', 'abc', '99999999999999999999', world.units.school.id]) {
            assert.equal((await county.get(`students/${id}`)).status, 404, id);
        }
    });

    test('children are read-only here', async () => {
        const county = await as('county');
        assert.equal((await county.post('students', { name: '新' })).status, 405);
        assert.equal((await county.patch(`students/${world.students.siyu}`, { name: '新' }, { version: 1 })).status, 405);
        assert.equal((await county.del(`students/${world.students.siyu}`)).status, 405);
    });
});

describe('students', () => {
    test('a class in the order of its numbers', async () => {
        const answer = await (await as('office')).get(`students?class_id=${world.units.class1.id}`);
        assert.deepEqual(answer.json.items.map(({ name, seat_no: seat }) => [name, seat]), [['罗思雨', 1], ['李浩', 2], ['韦敏', 3]]);
        const [siyu] = answer.json.items;
        assert.equal(siyu.id, world.students.siyu);
        assert.equal(siyu.sex, '2');
        assert.equal(siyu.class_name, '三年级1班');
        assert.equal(siyu.school_name, '松山乡中心学校');
        assert.equal(siyu.id_number, `5204******${world.idNumbers.siyu.slice(-4)}`);
        assert.equal(siyu.enrolment_no, `G5204******${world.idNumbers.siyu.slice(-4)}`);
        assert.equal(siyu.phone, '136****0000');
        assert.equal(siyu.address, '****');
        assert.equal(siyu.version, 1);
    });

    test('pages follow each other without gap or repetition', async () => {
        const county = await as('county');
        const names = [];
        let after = '';
        do {
            const page = await county.get(`students?limit=2&after=${after}`);
            assert.equal(page.status, 200);
            assert.ok(page.json.items.length <= 2);
            names.push(...page.json.items.map(({ name }) => name));
            after = page.json.next;
        } while (after);
        assert.deepEqual(names.sort(), Object.values(nameOf).sort());
    });

    test('found by the beginning of the name; what looks like a pattern is none', async () => {
        const office = await as('office');
        const found = async (q) => (await office.get(`students?q=${encodeURIComponent(q)}`)).json.items.map(({ name }) => name).sort();
        assert.deepEqual(await found('罗'), ['罗思宇', '罗思雨']);
        assert.deepEqual(await found(' 罗思雨 '), ['罗思雨']);
        assert.deepEqual(await found('思'), []);
        assert.deepEqual(await found('%'), []);
        assert.deepEqual(await found("' OR '1'='1"), []);
    });

    test('what is searched for may stand in a header, which goes before the address', async () => {
        const office = await as('office');
        const found = async (query, header) => {
            const answer = await office.get(`students${query}`, { headers: { 'baoxue-query': header ?? null } });
            assert.equal(answer.status, 200, answer.text);
            return answer.json.items.map(({ name }) => name).sort();
        };
        assert.deepEqual(await found('', `q=${encodeURIComponent('罗思雨')}`), ['罗思雨']);
        assert.deepEqual(await found(`?q=${encodeURIComponent('罗思宇')}`, `q=${encodeURIComponent('罗思雨')}`), ['罗思雨']);
        assert.deepEqual(await found(`?q=${encodeURIComponent('罗')}`, 'limit=1'), (await found(`?q=${encodeURIComponent('罗')}&limit=1`)));
        const { next, items } = (await office.get('students?limit=1')).json;
        const [second] = await found('?limit=1', `after=${next}`);
        assert.notEqual(second, items[0].name);
        assert.deepEqual(await found('', 'q=%00'), await found(''));
        assert.equal((await office.get('students', { headers: { 'baoxue-query': `q=${'x'.repeat(41)}` } })).json.errors[0].field, 'q');
        const csv = await office.get('students/export?format=csv', { headers: { 'baoxue-query': `q=${encodeURIComponent('罗思雨')}` } });
        assert.equal(csv.headers['x-rows'], '1');
    });

    test('one child with its guardians, for those who call homes', async () => {
        for (const login of ['teacher', 'office', 'registrar', 'principal', 'grade', 'psych', 'township', 'county']) {
            const answer = await (await as(login)).get(`students/${world.students.siyu}`);
            assert.deepEqual(answer.json.guardians.map(({ name, relation, phone }) => [relation, name, phone]).sort(),
                [['father', '罗国平', '139****0002'], ['mother', '杨秀莲', '139****0001']], login);
        }
    });

    test('not for a subject teacher, who sees no number either; not for a guardian', async () => {
        for (const login of ['subject', 'guardian']) {
            const { json } = await (await as(login)).get(`students/${world.students.siyu}`);
            assert.equal(json.name, '罗思雨', login);
            for (const member of ['guardians', 'phone', 'address']) {
                assert.equal(json[member], undefined, `${login} ${member}`);
            }
        }
        const { json } = await (await as('subject')).get(`students/${world.students.siyu}`);
        for (const member of ['id_number', 'enrolment_no', 'left_behind', 'disability', 'ethnic', 'migrant']) {
            assert.equal(json[member], undefined, member);
        }
    });
});

describe('revealing a number', () => {
    const path = (key) => `students/${world.students[key]}/reveal`;
    const lines = () => server.sql("SELECT unit_id, account_id, record_id, payload FROM audit_event WHERE action = 'reveal' ORDER BY unit_id, seq");

    test('each of the five, in full, with a line in the school\'s chain', async () => {
        const teacher = await as('teacher');
        for (const [field, more, value] of [
            ['id_number', {}, world.idNumbers.siyu], ['enrolment_no', {}, world.enrolmentNumbers.siyu],
            ['phone', {}, world.studentPhones.siyu], ['address', {}, world.addresses.siyu],
            ['guardian_phone', { guardian_id: world.guardians.father }, world.phones.father],
        ]) {
            const earlier = (await lines()).length;
            const answer = await teacher.post(path('siyu'), { field, reason: '孩子没来，打电话问一问', ...more });
            assert.equal(answer.status, 200, field);
            assert.deepEqual(answer.json, { value });
            const all = await lines();
            assert.equal(all.length, earlier + 1);
            const line = all.filter(({ account_id: account }) => account === world.accounts.teacher).at(-1);
            assert.equal(line.unit_id, world.units.school.id);
            assert.equal(line.record_id, world.students.siyu);
            assert.deepEqual(JSON.parse(line.payload).changes, { field, reason: '孩子没来，打电话问一问', ...more });
            assert.ok(!line.payload.includes(value), 'the value itself is not in the chain');
        }
    });

    test('the value is stored nowhere, the same key reads and is written down again', async () => {
        const teacher = await as('teacher');
        const earlier = (await lines()).length;
        for (let i = 0; i < 2; i += 1) {
            const answer = await teacher.post(path('hao'), { field: 'id_number', reason: '核对学籍' }, { key: 'the-same-key' });
            assert.equal(answer.json.value, world.idNumbers.hao);
        }
        assert.equal((await lines()).length, earlier + 2);
        const kept = await server.sql('SELECT COUNT(*) AS n FROM idempotency_key WHERE body LIKE ?', [`%${world.idNumbers.hao}%`]);
        assert.equal(Number(kept[0].n), 0);
        assert.ok(!server.logs().includes(world.idNumbers.hao));
    });

    test('a refusal writes no line', async () => {
        const earlier = (await lines()).length;
        assert.equal((await (await as('teacher')).post(path('xin'), { field: 'phone', reason: '打电话' })).status, 404);
        assert.equal((await (await as('principal')).post(path('siyu'), { field: 'phone', reason: '打电话' })).status, 403);
        assert.equal((await lines()).length, earlier);
    });

    for (const [name, body, field] of [
        ['no reason', { field: 'phone' }, 'reason'], ['a reason of one character', { field: 'phone', reason: '问' }, 'reason'],
        ['a reason of spaces', { field: 'phone', reason: '     ' }, 'reason'],
        ['a reason of 201 characters', { field: 'phone', reason: '问'.repeat(201) }, 'reason'],
        ['no field', { reason: '打电话' }, 'field'], ['another field', { field: 'name', reason: '打电话' }, 'field'],
        ['a column of the table', { field: 'extra', reason: '打电话' }, 'field'],
        ['no guardian', { field: 'guardian_phone', reason: '打电话' }, 'guardian_id'],
        ['a guardian that is no id', { field: 'guardian_phone', guardian_id: 'x', reason: '打电话' }, 'guardian_id'],
    ]) {
        test(`refused: ${name}`, async () => {
            const answer = await (await as('teacher')).post(path('siyu'), body);
            assert.equal(answer.status, 422);
            assert.ok(answer.json.errors.some((error) => error.field === field), answer.text);
        });
    }

    test('refused: somebody else\'s guardian', async () => {
        const answer = await (await as('teacher')).post(path('siyu'),
            { field: 'guardian_phone', guardian_id: world.guardians.guardian2, reason: '打电话' });
        assert.equal(answer.status, 422);
        assert.equal(answer.json.errors[0].field, 'guardian_id');
    });

    test('a number that is not known: null', async () => {
        await server.sql('UPDATE student SET phone = NULL WHERE id = ?', [world.students.min]);
        const answer = await (await as('teacher')).post(path('min'), { field: 'phone', reason: '打电话' });
        assert.deepEqual(answer.json, { value: null });
    });
});

describe('units and classes', () => {
    const names = async (login, query) => {
        const answer = await (await as(login)).get(`org-units?${query}`);
        assert.equal(answer.status, 200);
        return answer.json.items.map(({ name }) => name);
    };

    test('the tree as far as one may see it', async () => {
        assert.deepEqual((await names('county', 'level=township')).sort(), ['云岭乡', '松山乡'].sort());
        assert.deepEqual(await names('county', `parent_id=${world.units.school.id}`), ['2024级'], 'ids that differ by one are two');
        assert.deepEqual(await names('township', 'level=school'), ['松山乡中心学校']);
        assert.deepEqual(await names('principal', `parent_id=${world.units.school.id}`), ['2024级']);
        assert.deepEqual((await names('grade', 'level=class')).sort(), ['三年级1班', '三年级2班']);
        assert.deepEqual(await names('teacher', 'level=class'), ['三年级1班']);
        assert.deepEqual(await names('teacher', `parent_id=${world.units.county.id}`), []);
        assert.deepEqual(await names('central', 'level=school'), ['云岭乡中心学校']);
    });

    test('a class is called by its grade of this school year', async () => {
        server.setClock('2027-08-01T08:00:00+08:00');
        assert.deepEqual((await (await server.client('teacher')).get(`org-units/${world.units.class1.id}`)).json.name, '四年级1班');
        server.setClock('2026-09-21T07:50:00+08:00');
        assert.deepEqual((await (await server.client('teacher')).get(`org-units/${world.units.class1.id}`)).json.name, '三年级1班');
    });

    test('another unit: 404', async () => {
        assert.equal((await (await as('teacher')).get(`org-units/${world.units.class2.id}`)).status, 404);
        assert.equal((await (await as('principal')).get(`org-units/${world.units.school2.id}`)).status, 404);
        assert.equal((await (await as('guardian')).get('org-units')).status, 403);
    });

    test('classes of a school with their size and teacher', async () => {
        const answer = await (await as('office')).get('classes');
        assert.deepEqual(answer.json.items.map(({ name, students, teacher }) => [name, students, teacher]),
            [['三年级1班', 3, '王晓梅'], ['三年级2班', 2, '冯兰']]);
        assert.equal(answer.json.items[0].id, world.units.class1.id);
        const county = await as('county');
        assert.equal((await county.get('classes')).status, 422);
        assert.deepEqual((await county.get(`classes?school_id=${world.units.school2.id}`)).json.items.map(({ teacher }) => teacher), ['龙文华']);
        assert.deepEqual((await (await as('office')).get(`classes?school_id=${world.units.school2.id}`)).json.items, []);
        assert.equal((await (await as('guardian')).get('classes')).status, 403);
        assert.equal((await county.get('classes?school_id=x')).status, 422);
    });

    test('children who have left are not counted', async () => {
        await server.sql("UPDATE student SET status = '10' WHERE id = ?", [world.students.min]);
        assert.equal((await (await as('teacher')).get('classes')).json.items[0].students, 2);
        await server.sql("UPDATE student SET status = '01' WHERE id = ?", [world.students.min]);
    });
});

describe('a guardian\'s own children', () => {
    const mine = async (login) => {
        const answer = await (await as(login)).get('my-children');
        assert.equal(answer.status, 200);
        return answer.json.items;
    };

    async function leave(key, id, state, from, to) {
        const unit = world.units[key === 'siyu' ? 'class1' : 'class2'];
        await server.sql(`INSERT INTO leave_request (id, state, student_id, class_id, school_id, township_id, kind, starts_on,
            starts_period, ends_on, ends_period, reason, half_days, created_at, created_by, updated_at)
            VALUES (?, ?, ?, ?, ?, ?, 'sick', ?, 1, ?, 7, '发烧', 2, '2026-09-20 08:00:00', ?, '2026-09-20 08:00:00')`,
        [id, state, world.students[key], unit.id, unit.school, unit.township, from, to, world.accounts.guardian]);
    }

    test('with class, class teacher to call and where the child is today', async () => {
        const items = await mine('guardian');
        assert.deepEqual(items.map(({ name, today, leave: request }) => [name, today, request]),
            [['罗思宇', 'school', null], ['罗思雨', 'school', null]]);
        const siyu = items.find(({ name }) => name === '罗思雨');
        assert.equal(siyu.id, world.students.siyu);
        assert.equal(siyu.class_id, world.units.class1.id);
        assert.equal(siyu.class_name, '三年级1班');
        assert.equal(siyu.school_name, '松山乡中心学校');
        assert.deepEqual(siyu.teachers, [{ name: '王晓梅', phone: world.teacherPhone }]);
        assert.deepEqual(items.find(({ name }) => name === '罗思宇').teachers, [{ name: '冯兰', phone: null }]);
    });

    test('a teacher sees her own child, not her class', async () => {
        assert.deepEqual((await mine('teacherB')).map(({ name }) => name), ['冯斌']);
        assert.equal((await (await as('teacher')).get('my-children')).status, 403);
    });

    test('the leave that covers now, else the next; today follows it', async () => {
        await leave('siyu', 501, 'approved', '2026-09-28', '2026-09-28');
        await leave('siyu', 502, 'rejected', '2026-09-21', '2026-09-21');
        let siyu = (await mine('guardian')).find(({ name }) => name === '罗思雨');
        assert.equal(siyu.leave.id, '501');
        assert.equal(siyu.today, 'school');

        await leave('siyu', 503, 'submitted', '2026-09-21', '2026-09-21');
        siyu = (await mine('guardian')).find(({ name }) => name === '罗思雨');
        assert.equal(siyu.leave.id, '503');
        assert.equal(siyu.leave.state, 'submitted');
        assert.equal(siyu.leave.school_days, 1);
        assert.equal(siyu.today, 'school', 'nobody has agreed yet');

        await server.sql("UPDATE leave_request SET state = 'approved' WHERE id = 503");
        siyu = (await mine('guardian')).find(({ name }) => name === '罗思雨');
        assert.equal(siyu.today, 'leave');

        await leave('siyu', 504, 'overdue', '2026-09-15', '2026-09-16');
        siyu = (await mine('guardian')).find(({ name }) => name === '罗思雨');
        assert.equal(siyu.leave.id, '504');
        const brother = (await mine('guardian')).find(({ name }) => name === '罗思宇');
        assert.equal(brother.leave, null);
        await server.sql('DELETE FROM leave_request');
    });

    test('a day without school is off', async () => {
        for (const day of ['2026-09-20', '2026-10-01', '2027-02-10']) {
            server.setClock(`${day}T09:00:00+08:00`);
            const client = await server.client('guardian');
            const { json } = await client.get('my-children');
            assert.deepEqual(json.items.map(({ today }) => today), ['off', 'off'], day);
        }
        server.setClock('2026-09-21T07:50:00+08:00');
    });

    test('costs the same for one child and for two of a class', async () => {
        const statements = async () => {
            const [row] = await server.sql("SHOW GLOBAL STATUS LIKE 'Com_stmt_execute'");
            return Number(row.Value);
        };
        const cost = async (client) => {
            const costs = [];
            for (let i = 0; i < 6; i += 1) {      // the least of them: the timer's own statements fall between now and then
                const begun = await statements();
                await client.get('my-children');
                costs.push(await statements() - begun);
            }
            return Math.min(...costs);
        };
        const one = await cost(await as('guardian2'));
        await server.sql('UPDATE student SET class_id = ? WHERE id = ?', [world.units.class1.id, world.students.yu]);
        const two = await cost(await as('guardian'));
        await server.sql('UPDATE student SET class_id = ? WHERE id = ?', [world.units.class2.id, world.students.yu]);
        assert.equal(two, one);
    });
});

describe('the calendar', () => {
    test('of a class: kinds, names, periods', async () => {
        const answer = await (await as('teacher')).get(`calendar?class_id=${world.units.class1.id}&from=2026-09-30&to=2026-10-10`);
        assert.equal(answer.status, 200);
        assert.deepEqual(answer.json.term, { starts_on: '2026-09-01', ends_on: '2027-01-29' });
        const kinds = Object.fromEntries(answer.json.days.map(({ date, kind, am, pm }) => [date.slice(5), [kind, am + pm]]));
        assert.deepEqual(kinds['09-30'], ['school', 7]);
        assert.deepEqual(kinds['10-01'], ['holiday', 0]);
        assert.deepEqual(kinds['10-08'], ['school', 7]);
        assert.deepEqual(kinds['10-10'], ['makeup', 7]);
        assert.equal(answer.json.days[1].name, '国庆节');
        assert.deepEqual(answer.json.days[0].periods[0], ['08:00', '08:40']);
        assert.equal(answer.json.days.length, 11);
    });

    test('for a guardian by child, or by the class of the child', async () => {
        const guardian = await as('guardian');
        const range = 'from=2026-09-21&to=2026-09-21';
        assert.equal((await guardian.get(`calendar?student_id=${world.students.siyu}&${range}`)).status, 200);
        assert.equal((await guardian.get(`calendar?class_id=${world.units.class1.id}&${range}`)).status, 200);
        assert.equal((await guardian.get(`calendar?student_id=${world.students.hao}&${range}`)).status, 404);
        assert.equal((await guardian.get(`calendar?class_id=${world.units.class3.id}&${range}`)).status, 404);
    });

    test('out of scope: 404; a range that makes no sense: 422', async () => {
        const teacher = await as('teacher');
        assert.equal((await teacher.get(`calendar?class_id=${world.units.class2.id}&from=2026-09-21&to=2026-09-21`)).status, 404);
        assert.equal((await teacher.get(`calendar?class_id=${world.units.school.id}&from=2026-09-21&to=2026-09-21`)).status, 404);
        const id = world.units.class1.id;
        for (const [query, field] of [
            ['from=2026-09-21&to=2026-09-21', 'class_id'], ['class_id=x', 'class_id'], ['student_id=', 'student_id'],
            [`class_id=${id}&from=2026-09-31`, 'from'], [`class_id=${id}&from=2026-09-21&to=2026-09-20`, 'to'],
            [`class_id=${id}&from=2026-09-01&to=2026-11-02`, 'to'],
        ]) {
            const answer = await teacher.get(`calendar?${query}`);
            assert.equal(answer.status, 422, query);
            assert.equal(answer.json.errors[0].field, field, query);
        }
        assert.equal((await teacher.get(`calendar?class_id=${id}&from=2026-09-01&to=2026-11-01`)).json.days.length, 62);
    });
});

describe('everywhere', () => {
    const paths = () => ['session', 'students?limit=200', ...everybody.map((key) => `students/${world.students[key]}`), 'my-children',
        'org-units?limit=200', 'classes', `classes?school_id=${world.units.school.id}`, 'leave-requests', 'plugins',
        `calendar?class_id=${world.units.class1.id}&from=2026-09-21&to=2026-09-27`];

    test('no number of a child or guardian is shown in full by any GET', async () => {
        const secrets = [...Object.values(world.idNumbers), ...Object.values(world.phones), ...Object.values(world.studentPhones),
            ...Object.values(world.addresses)];
        for (const login of Object.keys(sees)) {
            const client = await as(login);
            for (const path of paths()) {
                const { text } = await client.get(path);
                for (const secret of secrets) {
                    assert.ok(!text.includes(secret), `${login} ${path} shows ${secret}`);
                }
            }
        }
    });

    test('no GET changes anything', async () => {
        const tables = (await server.sql('SHOW TABLES')).map((row) => Object.values(row)[0])
            .filter((name) => name !== 'job');    // the timer's
        const sums = () => server.sql(`CHECKSUM TABLE ${tables.map((name) => `\`${name}\``).join(', ')}`);
        for (const login of Object.keys(sees)) {
            await as(login);
        }
        const earlier = await sums();
        for (const login of Object.keys(sees)) {
            for (const path of paths()) {
                await clients[login].get(path);
            }
        }
        assert.deepEqual(await sums(), earlier);
    });

    test('every audit chain is whole', () => {
        server.control('audit', 'verify');        // throws unless it is
    });
});
