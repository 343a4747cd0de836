// opening.test.js mirrors lib/plugins/opening*.c: who comes at the start of a term, the list that is closed, whoever has not come and who
// brings them back; and what becomes of them on the absence ladder (lib/plugins/attendance_opening.c) and in the dropout case.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, beforeEach, describe, test } from 'node:test';
import { start } from '../lib/server.js';
import { buildWorld } from '../lib/world.js';

let server, world;
const who = {};

before(async () => {
    server = await start({ clock: '2026-08-31T09:00:00+08:00' });
    world = await buildWorld(server);
    for (const login of ['teacher', 'teacherB', 'office', 'grade', 'vice', 'subject', 'principal2', 'township', 'guardian', 'nobody']) {
        who[login] = await server.client(login);
    }
    await server.sql("UPDATE session SET expires_at = '2028-01-01'");
});
after(() => server?.stop());

beforeEach(async () => {
    for (const table of ['opening_entry', 'opening_register', 'no_show', 'roll_call', 'attendance_mark', 'roll_expected', 'absence_run', 'absence_rung', 'ladder_touch', 'ladder_night',
        'contact', 'home_visit', 'leave_request', 'task', 'notice', 'dropout_case', 'dropout_step', 'job', 'document', 'responsibility']) {
        await server.sql(`DELETE FROM ${table}`);
    }
    at('2026-08-31T09:00');
});

const at = (time) => server.setClock(`${time}:00+08:00`);
const jobs = (time) => { at(time); server.runJobs(); };
const id = (student) => String(world.students[student]);
const cls = (name) => String(world.units[name].id);
const list = async (person = 'teacher', query = `?class_id=${cls('class1')}`) => (await who[person].get(`opening${query}`)).json;
const status = async (...args) => (await list(...args)).students.map((one) => `${one.name} ${one.status}`).join(', ');
const marks = (person, body, options) => who[person].post('opening/marks', { class_id: cls('class1'), ...body }, options);
const close = (person = 'teacher', options = {}) => who[person].post('opening/close', { class_id: cls('class1') }, options);
const rungs = async (state = 'open') => (await server.sql('SELECT step FROM absence_rung WHERE state = ? ORDER BY run_id, step', [state])).map((r) => `S${r.step}`).join(' ');
const ok = (answer, code = 200) => { assert.equal(answer.status, code, answer.text); return answer.json; };
function refused(answer, code, field, reason) {
    assert.equal(answer.status, code, answer.text);
    if (field !== undefined) {
        assert.deepEqual(answer.json.errors.map((e) => [e.field, e.code]), [[field, reason]], answer.text);
        assert.ok(!answer.json.errors[0].message.startsWith('error.'), answer.text);
    }
}

describe('who has come', () => {
    test('tapped as they come, taken back, by class and school; the same key once', async () => {
        const first = await list();
        assert.deepEqual([first.term_on, first.first_day, first.classes.length, first.classes[0].due, first.classes[0].waiting], ['2026-09-01', '2026-09-01', 1, 3, 3]);
        const key = randomUUID();
        assert.deepEqual(ok(await marks('teacher', { came: [id('siyu'), id('hao')] }, { key })), { came: 2, not: 0 });
        assert.deepEqual(ok(await marks('teacher', { came: [id('siyu'), id('hao')] }, { key })), { came: 2, not: 0 });
        assert.equal(await status(), '罗思雨 come, 李浩 come, 韦敏 waiting');
        ok(await marks('office', { not: [id('hao')] }));
        assert.equal(await status(), '罗思雨 come, 李浩 waiting, 韦敏 waiting');
        const school = await list('office', '');
        assert.deepEqual(school.classes.map((k) => [k.class_name, k.due, k.come, k.waiting, k.closed_at]), [['三年级1班', 3, 1, 2, null], ['三年级2班', 2, 0, 2, null]]);
        assert.deepEqual(school.students, []);
        assert.equal((await list('teacherB', '')).classes.length, 1);
    });

    test('who was at school by a roll, or is on leave, need not be registered', async () => {
        at('2026-08-31T10:00');
        const leave = { student_id: id('siyu'), kind: 'sick', starts_on: '2026-09-01', starts_period: 1, ends_on: '2026-09-02', ends_period: 7, reason: '水痘', action: 'enter',
            requested_by: '杨秀莲' };
        ok(await who.teacher.post('leave-requests', leave), 201);
        at('2026-09-01T08:05');
        ok(await who.teacher.post('roll-calls', { marks: [{ student_id: id('min'), kind: 'absent' }] }), 201);
        assert.equal(await status(), '罗思雨 leave, 李浩 come, 韦敏 waiting');
    });

    test('who may', async () => {
        for (const [person, code] of [['grade', 403], ['subject', 404], ['teacherB', 404], ['principal2', 403], ['guardian', 403], ['nobody', 403]]) {
            const answer = await marks(person, { came: [id('hao')] });
            assert.ok([code, 403].includes(answer.status) && answer.status >= 403, `${person} ${answer.text}`);
        }
        refused(await who.principal2.get(`opening?class_id=${cls('class1')}`), 404);
        refused(await who.guardian.get('opening'), 403);
        refused(await marks('teacher', { came: [id('yu')] }), 422, 'came.0', 'student_not_found');
        refused(await marks('teacher', {}), 422, 'came', 'required');
        refused(await marks('teacher', { came: 'x' }), 422, 'came', 'not_list');
        refused(await who.teacher.post('opening/close', {}), 422, 'class_id', 'required');
        at('2027-08-01T09:00');
        refused(await who.teacher.get(`opening?class_id=${cls('class1')}`), 422, 'term', 'opening.no_term');
    });
});

describe('who has not come', () => {
    async function closed() {
        ok(await marks('teacher', { came: [id('siyu')] }));
        return ok(await close(), 201);
    }

    test('the list is closed once: each has somebody who is responsible, by when', async () => {
        await server.sql(`INSERT INTO responsibility (id, school_id, unit_id, student_id, person, duty, starts_on, created_at, updated_at)
            VALUES (7, ?, ?, ?, '驻村干部罗主任', 'student', '2026-08-01', '2026-08-01', '2026-08-01')`, [world.units.school.id, world.units.class1.id, world.students.min]);
        assert.deepEqual([(await closed()).missing], [2]);
        refused(await close(), 409, 'class_id', 'opening.closed');
        const sheet = await list();
        assert.deepEqual(sheet.students.filter((one) => one.no_show).map((one) => [one.name, one.no_show.responsible, one.no_show.due_on]),
            [['李浩', '王晓梅', '2026-09-02'], ['韦敏', '驻村干部罗主任', '2026-09-02']]);
        refused(await marks('teacher', { came: [id('hao')] }), 409, 'came.0', 'opening.listed');
        refused(await marks('teacher', { not: [id('siyu')] }), 409, 'not', 'opening.closed');
        const show = sheet.students[1].no_show;
        refused(await who.subject.post(`no-shows/${show.id}/assign`, { responsible: '何秀英' }, { version: show.version }), 403);
        const given = ok(await who.vice.post(`no-shows/${show.id}/assign`, { responsible: '何秀英', due_on: '2026-09-03', reason: 'unwilling', measure: '包联领导上门' }, { version: show.version }));
        assert.deepEqual([given.responsible, given.state], ['何秀英', 'missing']);
        refused(await who.vice.post(`no-shows/${show.id}/come`, {}, { version: given.version }), 403);
        const came = ok(await who.teacher.post(`no-shows/${show.id}/come`, {}, { version: given.version }));
        assert.equal(came.state, 'come');
        assert.equal(await status(), '罗思雨 come, 李浩 come, 韦敏 missing');
        const history = (await who.office.get(`no-shows/${show.id}/history`)).json.items;
        assert.deepEqual(history.map((one) => one.action), ['come', 'assign', 'list']);
        assert.equal((await who.township.get('no-shows')).json.items.length, 2);
        assert.equal((await who.principal2.get('no-shows')).json.items.length, 0);
    });

    test('the numbered sheet has its columns and nothing of whoever came', async () => {
        const { register_id: register } = await closed();
        const printed = ok(await who.office.post('documents', { kind: 'opening.sheet', record_id: register }), 201);
        const { text, json: paper } = await who.office.get(`documents/${printed.id}/content`);
        assert.equal(paper.number, '2152001234-FX-2026-0001');
        assert.equal(paper.title, '动员未及时到校学生返校任务落实表');
        for (const word of ['责任人', '李浩', '韦敏', '王晓梅', '139****0003', '三年级1班']) {
            assert.ok(text.includes(word), `${word} ${text.slice(0, 2000)}`);
        }
        assert.ok(!text.includes('罗思雨'));
        refused(await who.principal2.post('documents', { kind: 'opening.sheet', record_id: register }), 404);
    });

    test('discovery is the first school day missed, without any roll; the roll of a later day opens the case as a no-show', async () => {
        await closed();
        jobs('2026-08-31T09:30');
        assert.equal(await rungs(), '', 'before the first bell nobody is absent');
        jobs('2026-09-01T07:50');
        jobs('2026-09-01T08:01');
        assert.equal(await rungs(), 'S0 S0');
        jobs('2026-09-01T16:21');
        assert.equal(await rungs(), 'S0 S1 S2 S3 S4 S0 S1 S2 S3 S4');
        const runs = (await who.teacher.get('absences/runs')).json.items;
        assert.deepEqual(runs.map((run) => [run.since, run.period, run.days, run.presumed_days]), [['2026-09-01', 1, 1, 0], ['2026-09-01', 1, 1, 0]]);
        jobs('2026-09-03T16:21');
        assert.equal((await server.sql('SELECT 1 FROM dropout_case')).length, 0, 'two days of silence: presumed');
        at('2026-09-04T08:05');
        const absent = ['hao', 'min'].map((one) => ({ student_id: id(one), kind: 'absent' }));
        ok(await who.teacher.post('roll-calls', { marks: absent }), 201);
        jobs('2026-09-04T16:21');
        const cases = await server.sql("SELECT state, origin, DATE_FORMAT(discovered_on, '%m-%d') d FROM dropout_case");
        assert.deepEqual(cases.map((one) => [one.state, one.origin, one.d]), [['suspected', 'no_show', '09-01'], ['suspected', 'no_show', '09-01']]);
    });

    test('who comes late ends it: by the roll, or by a word where no roll was taken', async () => {
        await closed();
        jobs('2026-09-01T10:00');
        assert.equal(await rungs(), 'S0 S0');
        const sheet = (await who.teacher.get('roll-calls/sheet')).json;
        assert.deepEqual(sheet.students.map((one) => one.no_show), [false, true, true]);
        const [hao] = (await list()).students.filter((one) => one.name === '李浩');
        ok(await who.teacher.post(`no-shows/${hao.no_show.id}/come`, {}, { version: hao.no_show.version }));
        jobs('2026-09-01T10:01');
        assert.equal(await rungs(), 'S0', 'came in the third period: the first two were missed');
        const [run] = (await who.teacher.get(`absences/runs?student_id=${id('hao')}`)).json.items;
        assert.deepEqual([run.state, run.ended_by, run.days, run.ended_at], ['ended', 'returned', 0, '2026-09-01T10:00:00+08:00']);
        at('2026-09-01T14:05');
        ok(await who.teacher.post('roll-calls', { marks: [] }), 201);
        assert.equal(await rungs(), '');
        jobs('2026-09-01T14:06');
        const shows = await server.sql("SELECT state, DATE_FORMAT(came_at, '%H:%i') t FROM no_show ORDER BY t");
        assert.deepEqual(shows.map((one) => [one.state, one.t]), [['come', '10:00'], ['come', '14:00']]);
    });

    test('a mistake takes the whole run back; whoever is found missing later is declared alone', async () => {
        await closed();
        jobs('2026-09-01T08:10');
        const [, hao, min] = (await list()).students;
        refused(await who.teacher.post(`no-shows/${hao.no_show.id}/mistake`, {}, { version: hao.no_show.version }), 422, 'comment', 'required');
        ok(await who.teacher.post(`no-shows/${hao.no_show.id}/mistake`, { comment: '点错了，孩子在教室' }, { version: hao.no_show.version }));
        ok(await who.office.post(`no-shows/${min.no_show.id}/settle`, { comment: '已转到县城二小' }, { version: min.no_show.version }));
        jobs('2026-09-01T08:11');
        assert.equal(await rungs(), '');
        const again = ok(await who.teacher.post('no-shows', { action: 'declare', student_id: id('hao') }), 201);
        assert.deepEqual([again.state, again.term_on], ['missing', '2026-09-01']);
        jobs('2026-09-01T08:12');
        assert.equal(await rungs(), 'S0');
        assert.equal((await who.teacher.post('no-shows', { action: 'declare', student_id: id('hao') })).status, 409);
    });
});

describe('a list that nobody closes', () => {
    const asked = async (state = 'open') => (await server.sql(`SELECT u.name, t.owner_role, t.raised_role, DATE_FORMAT(t.trigger_at, '%m-%d %H:%i') f, DATE_FORMAT(t.nominal_due, '%m-%d %H:%i') n,
        t.class_id FROM task t JOIN org_unit u ON u.id = t.class_id WHERE t.kind = 'opening.close' AND t.state = ? ORDER BY t.class_id`, [state]));
    const classes = async (state) => (await asked(state)).map((one) => String(one.class_id));
    const mine = async (person) => (await who[person].get('tasks?queue=mine&limit=100')).json.items.filter((one) => one.kind === 'opening.close').map((one) => one.class_id);

    test('is a task of the class teacher from the first bell on, with its rule; overdue it climbs; the closed list ends it and nothing else', async () => {
        jobs('2026-08-31T12:00');
        jobs('2026-09-01T07:59');
        assert.deepEqual(await asked(), []);
        jobs('2026-09-01T08:00');
        assert.deepEqual((await asked()).map((one) => [one.owner_role, one.raised_role, one.f, one.n]), Array(3).fill(['teacher', null, '09-01 08:00', '09-02 00:00']));
        assert.deepEqual(await mine('teacher'), [cls('class1')]);
        const [task] = (await who.teacher.get('tasks?queue=mine&limit=100')).json.items.filter((one) => one.kind === 'opening.close');
        const { text } = await who.teacher.get(`tasks/${task.id}`);
        for (const words of ['三年级1班：开学报到还没登记完毕', '报到名单登记完毕的时限', '点“登记完毕”', `#/opening?class=${cls('class1')}`]) {
            assert.ok(text.includes(words), `${words}: ${text}`);
        }
        for (const person of ['grade', 'vice', 'office', 'subject', 'township', 'guardian']) {
            assert.deepEqual(person === 'guardian' ? [] : await mine(person), [], person);
        }
        ok(await marks('teacher', { came: [id('siyu'), id('hao'), id('min')] }));
        jobs('2026-09-01T18:00');
        assert.equal((await asked()).length, 3, 'all children there, and yet the list is not closed');

        jobs('2026-09-02T00:01');
        assert.deepEqual((await mine('grade')).sort(), [cls('class1'), cls('class2')].sort());
        assert.deepEqual(await mine('principal2'), [cls('class3')], 'no grade leader and no vice principal there');
        jobs('2026-09-03T00:02');
        assert.deepEqual((await mine('vice')).sort(), [cls('class1'), cls('class2')].sort());
        at('2026-09-03T09:00');
        const register = ok(await close('office'), 201);
        assert.deepEqual(await classes('done'), [cls('class1')]);
        const [done] = await server.sql("SELECT closed_record, closed_id, closed_by FROM task WHERE kind = 'opening.close' AND state = 'done'");
        assert.deepEqual([done.closed_record, String(done.closed_id), done.closed_by], ['opening-registers', register.register_id, '陈志强']);
        assert.deepEqual(await mine('vice'), [cls('class2')]);
        jobs('2026-09-03T09:05');
        assert.deepEqual(await classes('done'), [cls('class1')], 'it does not come again');
        assert.equal((await asked()).length, 2);
    });

    test('closed before the first bell it never appears; the rule gives days; a class without children is not asked', async () => {
        await server.sql("INSERT INTO rule_override (rule, unit_id, value, reason, set_by, set_at) VALUES ('opening.close_days', ?, '2', 'x', 1, '2026-08-01')", [world.units.school2.id]);
        await server.sql("UPDATE student SET status = '02' WHERE class_id = ?", [world.units.class2.id]);
        try {
            ok(await close(), 201);
            jobs('2026-09-01T08:01');
            assert.deepEqual((await asked()).map((one) => [String(one.class_id), one.n]), [[cls('class3'), '09-04 00:00']]);
        } finally {
            await server.sql("UPDATE student SET status = '01' WHERE class_id = ?", [world.units.class2.id]);
            await server.sql("DELETE FROM rule_override WHERE rule = 'opening.close_days'");
        }
        jobs('2026-09-01T08:03');
        assert.deepEqual((await asked()).length, 2, 'the children are there again');
        await server.sql("UPDATE org_unit SET closed_on = '2026-09-01' WHERE id = ?", [world.units.class2.id]);
        jobs('2026-09-02T08:03');
        assert.deepEqual([await classes(), await classes('withdrawn')], [[cls('class3')], [cls('class2')]], 'who has no class any more need not close its list');
        await server.sql('UPDATE org_unit SET closed_on = NULL WHERE id = ?', [world.units.class2.id]);
    });

    test('when the first day moves the task is taken back and asked anew on that day', async () => {
        jobs('2026-09-01T08:01');
        assert.equal((await asked()).length, 3);
        const day = ok(await who.office.post('calendar-days', { unit_id: String(world.units.school.id), kind: 'holiday', name: '暴雨停课', starts_on: '2026-09-01', ends_on: '2026-09-02' }), 201);
        jobs('2026-09-01T08:30');
        assert.deepEqual([await classes(), await classes('withdrawn')], [[cls('class3')], [cls('class1'), cls('class2')].sort()]);
        jobs('2026-09-02T12:00');
        assert.deepEqual(await classes(), [cls('class3')]);
        jobs('2026-09-03T08:01');
        assert.deepEqual((await asked()).filter((one) => String(one.class_id) !== cls('class3')).map((one) => [one.f, one.n]), Array(2).fill(['09-03 08:00', '09-04 00:00']));
        assert.equal((await who.office.del(`calendar-days/${day.id}`, { version: day.version ?? 1 })).status, 204);
    });

    test('a server that is set up in the middle of a term asks nobody', async () => {
        jobs('2026-09-16T08:31');
        assert.deepEqual(await asked(), []);
    });
});
