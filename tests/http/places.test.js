// places.test.js: a school comes to another township, with its records, and nobody sees what is no longer theirs; words on documents
// that a school says in its own way; the numbers by which something is decided, shown with whose they are.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { start } from '../lib/server.js';
import { buildWorld, libraryValues } from '../lib/world.js';

let server, world, leave;
const who = {};

/** An account with a position, written past the API. */
async function appointed(login, role, unit) {
    const [id, position] = libraryValues(server, [{ op: 'id' }, { op: 'id' }]);

    await server.sql('INSERT INTO account (id, name, login, password, created_at) SELECT ?, ?, ?, password, created_at FROM account WHERE id = ?',
        [id, `${login}管理`, login, world.accounts.teacher]);
    await server.sql("INSERT INTO `position` (id, account_id, role, unit_id, starts_on, created_at) VALUES (?, ?, ?, ?, '2026-09-01', '2026-08-20 08:00:00')",
        [position, id, role, unit]);
    who[login] = await server.client(login);
}

function refused(answer, status, field, code) {
    assert.equal(answer.status, status, answer.text);
    assert.deepEqual(answer.json.errors.map((e) => [e.field, e.code]), [[field, code]], answer.text);
    assert.ok(!/^error\./.test(answer.json.errors[0].message), answer.json.errors[0].message);
}

before(async () => {
    server = await start({ clock: '2026-09-21T07:30:00+08:00' });
    world = await buildWorld(server);
    for (const login of ['county', 'township', 'principal', 'office', 'teacher', 'guardian', 'guardian2']) {
        who[login] = await server.client(login);
    }
    await appointed('chief', 'admin', world.units.county.id);
    await appointed('deng', 'admin', world.units.school.id);
    await appointed('long', 'admin', world.units.school2.id);
    await appointed('township2', 'township', world.units.township2.id);

    const made = await who.guardian.post('leave-requests', { student_id: String(world.students.siyu), kind: 'sick', starts_on: '2026-09-22', starts_period: 1,
        ends_on: '2026-09-22', ends_period: 7, reason: '发烧了', action: 'submit' });

    leave = (await who.teacher.post(`leave-requests/${made.json.id}/approve`, {}, { version: made.json.version })).json;
    assert.equal(leave.state, 'approved');
});
after(() => server?.stop());

describe('the numbers by which something is decided', () => {
    const ofLeave = async (login) => {
        const answer = await who[login].get(`leave-requests/${leave.id}/rules`);

        return answer.status === 200 ? Object.fromEntries(answer.json.items.map((one) => [one.key, one])) : answer.status;
    };

    test('of a row, for whoever may read it: as they hold for its class, with whose they are', async () => {
        assert.deepEqual([(await ofLeave('teacher'))['leave.teacher_days'].value, (await ofLeave('teacher'))['leave.teacher_days'].origin], [1, null]);
        assert.equal((await who.deng.post('rules/set', { key: 'leave.teacher_days', unit_id: world.units.school.id, value: '2', reason: '离村子远' }, { version: 0 })).status, 200);
        const rule = (await ofLeave('teacher'))['leave.teacher_days'];
        assert.deepEqual([rule.value, rule.origin.unit_name, rule.origin.by, rule.origin.reason], [2, '松山乡中心学校', 'deng管理', '离村子远']);
        assert.ok(Object.keys(await ofLeave('teacher')).every((key) => key.startsWith('leave.')));
        assert.equal(await ofLeave('guardian2'), 404);
    });

    test('a guardian sees the number and the school, not who in it', async () => {
        const rule = (await ofLeave('guardian'))['leave.teacher_days'];
        assert.deepEqual([rule.value, rule.origin.unit_name, rule.origin.by], [2, '松山乡中心学校', null]);
    });

    test('what asking would mean says by which', async () => {
        const { json } = await who.guardian.get(`leave-requests/preview?student_id=${world.students.siyu}&starts_on=2026-09-28&starts_period=1&ends_on=2026-09-29&ends_period=7`);
        assert.equal(json.then, null);                                // two days are the class teacher's now
        assert.deepEqual(json.rules.map(({ key, value }) => [key, value]),
            [['leave.teacher_days', 2], ['leave.office_days', 5], ['leave.decide_minutes', 60], ['leave.backdate_days', 3]]);
    });
});

describe('words on documents', () => {
    const key = 'document.leave.slip.note';
    const set = (login, change, options) => who[login].post('unit-texts/set', { key, unit_id: world.units.school.id, zh: '请凭此条出校门。', reason: '门卫要这样写', ...change }, options);
    const texts = async (login, unit) => Object.fromEntries((await who[login].get(`unit-texts${unit ? `?unit_id=${unit}` : ''}`)).json.items.map((one) => [one.key, one]));
    const print = async () => (await who.teacher.get(`documents/${(await who.teacher.post('documents', { kind: 'leave.slip', record_id: leave.id })).json.id}/content`)).json;
    const noteOf = (doc) => doc.parts.find(({ type }) => type === 'fine').paragraphs[0];

    test('in the original words until somebody says them otherwise; the school\'s own hold for the school', async () => {
        const before_ = await print();
        const note = (await texts('deng'))[key];
        assert.deepEqual([note.zh, note.origin, note.version], [note.default_zh, null, 0]);
        assert.equal(noteOf(before_), note.default_zh);
        assert.deepEqual((await set('deng', { en: 'Show this at the gate.' }, { version: 0 })).json, { key, unit_id: String(world.units.school.id), version: 1 });

        const own = (await texts('deng'))[key];
        assert.deepEqual([own.zh, own.en, own.origin.unit_name, own.origin.by, own.version], ['请凭此条出校门。', 'Show this at the gate.', '松山乡中心学校', 'deng管理', 1]);
        assert.equal((await texts('long'))[key].origin, null);

        const after_ = await print();
        assert.equal(noteOf(after_), '请凭此条出校门。');
        assert.notEqual(after_.number, before_.number);               // other words are another paper; the old one stays as it was
        const old = (await who.teacher.get(`documents/${before_.id ?? (await server.sql('SELECT CAST(id AS CHAR) id FROM document WHERE number = ?', [before_.number]))[0].id}/content`)).json;
        assert.equal(noteOf(old), note.default_zh);
    });

    test('the nearest one counts: of the county, for schools that have none of their own', async () => {
        assert.equal((await set('chief', { unit_id: world.units.county.id, zh: '同意后凭本条离校，由家长接。' }, { version: 0 })).status, 200);
        assert.equal((await texts('long'))[key].origin.unit_name, '澜溪县教育体育局');
        assert.equal((await texts('deng'))[key].zh, '请凭此条出校门。');
    });

    test('with the version that was seen; taken back; what it was stays to be read', async () => {
        assert.equal((await set('deng', {})).status, 428);
        assert.equal((await set('deng', {}, { version: 0 })).status, 412);
        assert.equal((await set('deng', { zh: '请凭本条出校门。', reason: '改一个字' }, { version: 1 })).json.version, 2);
        const clear = (options) => who.deng.post('unit-texts/clear', { key, unit_id: world.units.school.id, reason: '照县里的' }, options);
        assert.equal((await clear({ version: 1 })).status, 412);
        assert.equal((await clear({ version: 2 })).status, 200);
        assert.equal((await clear({ version: 0 })).status, 409);
        assert.equal(noteOf(await print()), '同意后凭本条离校，由家长接。');
        assert.deepEqual((await who.deng.get(`unit-texts/history?key=${key}&unit_id=${world.units.school.id}`)).json.items.map(({ from, to, unit_name: unit }) => [from, to, unit]), [
            ['请凭本条出校门。', null, '松山乡中心学校'], ['请凭此条出校门。', '请凭本条出校门。', '松山乡中心学校'],
            [null, '同意后凭本条离校，由家长接。', '澜溪县教育体育局'], [null, '请凭此条出校门。', '松山乡中心学校']]);
    });

    for (const [what, change, field, code] of [
        ['no such text', { key: 'document.leave.slip.nothing' }, 'key', 'admin.text_unknown'], ['a word of the portal', { key: 'menu.leave' }, 'key', 'admin.text_unknown'],
        ['the name of the document', { key: 'document.leave.slip' }, 'key', 'admin.text_unknown'], ['no words', { zh: ' ' }, 'zh', 'required'],
        ['a name that is not filled', { zh: '{who} 可以离校' }, 'zh', 'admin.text_name'], ['a brace left open', { zh: '凭本条 {' }, 'zh', 'admin.text_name'],
        ['no reason', { reason: '' }, 'reason', 'required'], ['another school', { unit_id: '0' }, 'unit_id', 'admin.unit_not_found'],
    ]) {
        test(`${what}: ${code}`, async () => refused(await set('deng', change.unit_id ? { unit_id: String(world.units.school2.id) } : change, { version: 0 }), 422, field, code));
    }

    test('by those who administrate, nobody else', async () => {
        for (const login of ['principal', 'teacher', 'guardian']) {
            assert.equal((await set(login, {}, { version: 0 })).status, 403, login);
            assert.equal((await who[login].get('unit-texts')).status, 403, login);
        }
    });
});

describe('a school comes to another township', () => {
    const overview = async () => (await who.chief.get(`org-units/${world.units.school.id}/overview`)).json;
    const move = (login, change, options) => who[login].post(`org-units/${world.units.school.id}/move`, { parent_id: world.units.township2.id, reason: '两个乡合并', ...change }, options);
    const seen = async (login) => (await who[login].get('leave-requests?limit=50')).json?.items.length ?? 0;
    const children = async (login) => (await who[login].get('students?limit=50')).json?.items.length ?? 0;

    test('refused: where it is already, under a school, without a reason, by others, from an old page', async () => {
        const { version } = await overview();
        refused(await move('chief', { parent_id: world.units.township.id }, { version }), 422, 'parent_id', 'admin.move_same');
        refused(await move('chief', { parent_id: world.units.school2.id }, { version }), 422, 'parent_id', 'admin.parent_level');
        refused(await move('chief', { reason: '' }, { version }), 422, 'reason', 'required');
        refused(await move('deng', {}, { version }), 422, 'parent_id', 'admin.unit_not_found');
        refused(await who.chief.post(`org-units/${world.units.class1.id}/move`, { parent_id: world.units.township2.id, reason: '两个乡合并' }, { version: 1 }), 422, 'parent_id', 'admin.move_school');
        assert.equal((await move('long', {}, { version })).status, 404);
        for (const login of ['principal', 'teacher', 'guardian', 'township']) {
            assert.equal((await move(login, {}, { version })).status, 403, login);
        }
        assert.equal((await move('chief', {})).status, 428);
        assert.equal((await move('chief', {}, { version: version + 1 })).status, 412);
        assert.equal((await overview()).actions.move, true);
        assert.equal((await who.deng.get(`org-units/${world.units.school.id}/overview`)).json.actions.move, false);
    });

    test('with its classes at once, its records within a minute; history and audit keep what was', async () => {
        const before_ = await overview();
        assert.deepEqual([await children('township'), await children('township2')], [5, 1]);
        assert.ok(await seen('township') > 0);

        const answer = await move('chief', {}, { version: before_.version });
        assert.equal(answer.status, 200, answer.text);
        assert.equal(answer.json.version, before_.version + 1);
        assert.deepEqual((await overview()).path.map(({ name }) => name).slice(0, 2), ['澜溪县教育体育局', '云岭乡']);
        const [row] = await server.sql('SELECT path, township_id FROM org_unit WHERE id = ?', [world.units.class1.id]);
        assert.equal(row.path, `${world.units.county.path}${world.units.township2.id}/${world.units.school.id}/${world.units.gradeUnit.id}/${world.units.class1.id}/`);
        assert.equal(String(row.township_id), String(world.units.township2.id));

        server.runJobs();
        assert.deepEqual([await children('township'), await children('township2')], [0, 6]);
        assert.equal(await seen('township'), 0);
        assert.ok(await seen('township2') > 0);
        assert.equal((await who.township.get(`leave-requests/${leave.id}`)).status, 404);
        assert.equal((await who.township2.get(`leave-requests/${leave.id}`)).status, 200);
        assert.equal((await who.teacher.get(`leave-requests/${leave.id}`)).status, 200);
        assert.equal((await who.principal.get('students')).json.items.length, 5);

        // nothing of the school is left anywhere with the old township
        const tables = await server.sql(`SELECT t.table_name AS name FROM information_schema.columns t JOIN information_schema.columns s ON s.table_schema = t.table_schema
            AND s.table_name = t.table_name AND s.column_name = 'school_id' WHERE t.table_schema = 'baoxue' AND t.column_name = 'township_id'`);
        assert.ok(tables.length > 15);
        for (const { name } of tables) {
            const [{ n }] = await server.sql(`SELECT COUNT(*) AS n FROM \`${name}\` WHERE school_id = ? AND township_id = ?`, [world.units.school.id, world.units.township.id]);
            assert.equal(Number(n), 0, name);
        }

        const moves = (await who.chief.get(`org-units/${world.units.school.id}/moves`)).json.items;
        assert.deepEqual(moves.map(({ from, to, reason, by, done }) => [from, to, reason, by, done]), [['松山乡', '云岭乡', '两个乡合并', 'chief管理', false]]);
    });

    test('what was written meanwhile follows, too; then it is done', async () => {
        await server.sql('UPDATE student SET township_id = ? WHERE id = ?', [world.units.township.id, world.students.hao]);
        server.setClock('2026-09-21T07:32:00+08:00');
        server.runJobs();
        assert.equal(await children('township'), 0);
        assert.equal((await who.chief.get(`org-units/${world.units.school.id}/moves`)).json.items[0].done, true);
        const [event] = (await who.chief.get(`audit-events?unit_id=${world.units.school.id}&record=org-units&action=move`)).json.items;
        assert.equal(event.by, 'chief管理');
        assert.match(server.control('audit', 'verify'), /./);
    });
});
