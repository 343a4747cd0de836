// dropout_rules.test.js: what is around the dropout case: the central school in between, deadlines when the calendar changes, what is
// known and need not be typed, figures, the roster, the urgent report that nobody else sees, and who is responsible for whom.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { start } from '../lib/server.js';
import { buildWorld, libraryValues } from '../lib/world.js';

let server, world;
const who = {};
const logins = ['guardian', 'teacher', 'teacherB', 'teacher2', 'subject', 'grade', 'vice', 'office', 'registrar', 'principal', 'principal2', 'psych', 'township', 'county'];
const tables = ['task', 'notice', 'job', 'dropout_case', 'dropout_step', 'persuasion', 'return_notice', 'return_report', 'follow_up', 'urgent_report', 'responsibility', 'dropout_roster', 'contact', 'home_visit', 'rule_override',
    'closure_class', 'calendar_change', 'document', 'audit_event'];

before(async () => {
    server = await start({ clock: '2026-10-14T17:00:00+08:00' });
    world = await buildWorld(server);
    await makeCentral();
    for (const login of [...logins, 'central', 'admin']) {
        who[login] = await server.client(login);
    }
    await server.sql("UPDATE session SET expires_at = '2028-01-01'");
});
after(() => server?.stop());

beforeEach(async () => {
    for (const table of tables) {
        await server.sql(`DELETE FROM ${table}`).catch(() => {});
    }
    at('2026-10-14T17:00');
});

const at = (time) => server.setClock(`${time}:00+08:00`);
const id = (student) => String(world.students[student]);
const midnight = (date) => `${new Date(Date.parse(date) + 86400e3).toISOString().slice(0, 10)}T00:00:00+08:00`;
const open = (student = 'siyu') => made('office', 'dropout-cases', { student_id: id(student), last_seen_on: '2026-10-10', opened_why: '周一起没来' });
const read = async (person, it) => (await who[person].get(`dropout-cases/${it.id}`)).json;
const form = { cause: 'work', cause_text: '打工', whereabouts: 'home', measures: '上门', plan: '同学去请' };

async function made(person, record, body) {
    const answer = await who[person].post(record, body);
    assert.equal(answer.status, 201, answer.text);
    return answer.json;
}

const act = (person, it, action, body = {}) => who[person].post(`dropout-cases/${it.id}/${action}`, body, { version: it.version });

async function done(person, it, action, body) {
    const answer = await act(person, await read('county', it), action, body);
    assert.equal(answer.status, 200, `${action}: ${answer.text}`);
    return answer.json;
}

async function step(it, name, n = 1) {
    return (await who.county.get(`dropout-cases/${it.id}/steps`)).json.items.filter((one) => one.step === name)[n - 1];
}

/** A central school between the township and 松山乡中心学校, with a principal of its own. */
async function makeCentral() {
    const [unit, account, position, admin, post] = libraryValues(server, Array.from({ length: 5 }, () => ({ op: 'id' })));
    const [above] = await server.sql('SELECT * FROM org_unit WHERE id = ?', [world.units.township.id]);
    const before = (await server.sql('SELECT path FROM org_unit WHERE id = ?', [world.units.school.id]))[0].path;

    await server.sql("INSERT INTO org_unit (id, parent_id, level, name, code, path, township_id, created_at) VALUES (?, ?, 'central_school', '松山乡中心校', '5227991019', ?, ?, '2026-08-20')",
        [unit, above.id, `${above.path}${unit}/`, above.id]);
    await server.sql("UPDATE org_unit SET path = REPLACE(path, ?, ?) WHERE path LIKE CONCAT(?, '%')", [before, `${above.path}${unit}/${world.units.school.id}/`, before]);
    await server.sql('UPDATE org_unit SET parent_id = ? WHERE id = ?', [unit, world.units.school.id]);
    await server.sql("INSERT INTO account (id, login, name, password, must_change, created_at) SELECT ?, 'central', '覃正', password, must_change, created_at FROM account WHERE login = 'principal'", [account]);
    await server.sql("INSERT INTO `position` (id, account_id, role, unit_id, starts_on, created_at) VALUES (?, ?, 'principal', ?, '2026-08-01', '2026-08-01')", [position, account, unit]);
    await server.sql("INSERT INTO account (id, login, name, password, must_change, created_at) SELECT ?, 'admin', '邓立新', password, must_change, created_at FROM account WHERE login = 'principal'", [admin]);
    await server.sql("INSERT INTO `position` (id, account_id, role, unit_id, starts_on, created_at) VALUES (?, ?, 'admin', ?, '2026-08-01', '2026-08-01')", [post, admin, world.units.school.id]);
}

const rule = (key, value) => server.sql("INSERT INTO rule_override (rule, unit_id, value, reason, set_by, set_at) VALUES (?, ?, ?, 'test', 1, '2026-09-01 08:00:00')",
    [key, world.units.county.id, String(value)]);

async function reported(it) {
    await done('teacher', it, 'form', form);
    await done('office', it, 'review', { review_text: '属实' });
    return done('principal', it, 'report', {});
}

describe('a central school in between', () => {
    test('a setting: off, the report goes to the bureau though there is one', async () => {
        const it = await reported(await open());
        assert.deepEqual([it.via, it.next_step, it.waits_for.name], ['bureau', 'verify', '周启明']);
    });

    test('on: it reads first, has the task, sends on or back; the bureau cannot act before, the school neither', async () => {
        await rule('dropout.via_central', 1);
        let it = await reported(await open());
        assert.deepEqual([it.via, it.next_step, it.waits_for.name], ['central', 'forward', '覃正']);
        assert.equal((await step(it, 'forward')).nominal, midnight('2026-10-15'), 'a working day');
        const tasks = async (login) => (await who[login].get('tasks?queue=mine&limit=100')).json.items.filter((task) => task.kind === 'dropout.forward').length;
        assert.deepEqual([await tasks('central'), await tasks('principal')], [1, 0]);
        assert.equal((await act('county', it, 'confirm', { verdict_text: '属实' })).status, 409);
        for (const action of ['forward', 'correct']) {
            assert.equal((await act('principal', it, action, { comment: '自己转' })).status, 403, `the school's own principal: ${action}`);
        }
        assert.equal((await who.township.get('dropout-cases?view=incoming')).json.items.length, 1, 'the township has it at the same time');

        it = await done('central', it, 'correct', { comment: '去向没写清楚' });
        assert.deepEqual([it.state, it.received_at, it.next_step], ['correction', null, 'correct']);
        await done('office', it, 'review', { review_text: '已补' });
        it = await done('principal', it, 'report', {});
        assert.equal(it.via, 'central');
        it = await done('central', it, 'forward', {});
        assert.deepEqual([it.via, it.next_step, it.waits_for.name], ['bureau', 'verify', '周启明']);
        assert.equal((await act('central', it, 'correct', { comment: '再看看' })).status, 403, 'it is the bureau\'s now');
        assert.equal((await done('county', it, 'confirm', { verdict_text: '属实' })).state, 'confirmed');
    });
});


describe('when the calendar changes', () => {
    const close = async (from, to, name = '大雪停课') => {
        const answer = await who.office.post('calendar-days', { unit_id: String(world.units.school.id), kind: 'holiday', name, starts_on: from, ends_on: to });
        assert.equal(answer.status, 201, answer.text);
        at('2026-10-14T17:30');
        server.runJobs();
        return answer.json;
    };

    test('the form is due after the school days there are now, its task moves along, and back again', async () => {
        const it = await open();
        assert.deepEqual([(await step(it, 'form')).nominal, (await step(it, 'report')).nominal], [midnight('2026-10-19'), midnight('2026-10-21')]);
        const days = await close('2026-10-15', '2026-10-16');
        assert.equal((await read('office', it)).week_at, '2026-10-20T16:20:00+08:00', 'Monday and Tuesday are the fourth and fifth day');
        assert.equal((await step(it, 'form')).nominal, midnight('2026-10-21'));
        assert.equal((await read('office', it)).due_at, midnight('2026-10-21'));
        const history = (await who.office.get(`dropout-cases/${it.id}/timeline`)).json.items;
        assert.ok(history.some((one) => one.action === 'recalculate'), 'it stands in the timeline');

        assert.equal((await who.office.del(`calendar-days/${days.id}`, { version: days.version ?? 1 })).status, 204);
        at('2026-10-14T17:40');
        server.runJobs();
        assert.equal((await step(it, 'form')).nominal, midnight('2026-10-19'));
    });

    test('a notice that ends on a day that is none any more ends on the next; what was missed stays missed', async () => {
        let it = await reported(await open());
        it = await done('county', it, 'confirm', { verdict_text: '属实' });
        it = await done('county', it, 'notice', { addressee: '杨秀莲' });
        const [paper] = (await who.county.get(`return-notices?case_id=${it.id}`)).json.items;
        await who.township.post(`return-notices/${paper.id}/serve`, { served_on: '2026-10-14', served_how: 'in_person', served_by: '韦大明', receipt: 'signed', receiver: '杨秀莲' }, { version: paper.version });
        assert.equal((await read('county', it)).return_by, '2026-10-21T16:20:00+08:00');
        await close('2026-10-21', '2026-10-22');
        assert.equal((await read('county', it)).return_by, '2026-10-23T16:20:00+08:00');
        assert.equal((await step(it, 'return')).nominal, '2026-10-23T16:20:00+08:00');
        assert.equal((await who.county.get(`return-notices/${paper.id}`)).json.return_by, '2026-10-23T16:20:00+08:00');
        at('2026-10-23T16:21');
        server.runJobs();
        await server.sql('DELETE FROM calendar_day WHERE unit_id = ?', [world.units.school.id]);
        assert.equal((await step(it, 'return')).state, 'missed');
    });
});

describe('above the school', () => {
    test('a case opened in time whose child came back counts against nobody; late, reported and relapsed ones are seen', async () => {
        const it = await open();
        const seen = async () => (await who.county.get('dropout-cases/figures')).json.items.map((one) => [one.name, one.open, one.late]);
        const trend = async (login) => (await who[login].get('dropout-cases/trend')).json;
        assert.deepEqual(await seen(), []);
        at('2026-10-15T17:00');
        await done('teacher', it, 'return', { returned_on: '2026-10-15', comment: '今天来了' });
        assert.deepEqual(await seen(), []);
        assert.equal((await trend('county')).funnel[0].n, 0);
        assert.equal((await trend('office')).funnel[0].n, 1, 'the school sees its own');

        await server.sql('DELETE FROM dropout_case');
        at('2026-10-20T17:00');
        const late = await made('office', 'dropout-cases', { student_id: id('hao'), last_seen_on: '2026-09-30', opened_why: '才发现' });
        assert.equal(late.late, true);
        assert.deepEqual(await seen(), [['松山乡', 1, 1]], 'listed two weeks late');
        const { funnel, months, reported_or_late: some } = await trend('county');
        assert.deepEqual([some, funnel.map((one) => one.n), months.map((one) => [one.month, one.began, one.late])],
            [true, [1, 0, 0, 0, 0, 0, 0], [['2026-08', 0, 0], ['2026-09', 0, 0], ['2026-10', 1, 1]]]);
        assert.equal((await trend('township')).funnel[0].n, 1);
        assert.equal((await trend('principal2')).funnel[0].n, 0, 'another school');
        assert.equal((await who.county.get('dropout-cases?late=true')).json.items.length, 1);
        assert.equal((await who.county.get('dropout-cases?late=false')).json.items.length, 0);
        assert.equal((await who.county.get('dropout-cases?late=maybe')).status, 422);
        assert.equal((await who.county.get('dropout-cases/trend?unit_id=x')).status, 422);
        assert.equal((await who.guardian.get('dropout-cases/trend')).status, 403);
    });
});

describe('what is known', () => {
    test('guardian, helper and what was done fill the forms; nobody sees more of it than is theirs', async () => {
        await made('teacher', 'contacts', { student_id: id('siyu'), channel: 'phone', reached: true, person: '杨秀莲', reason: 'unwilling', words: '说读不进去', happened_on: '2026-10-12', clock: '10:15' });
        await made('vice', 'responsibilities', { duty: 'student', unit_id: String(world.units.class1.id), student_id: id('siyu'), person: '罗勇', starts_on: '2026-09-01' });
        const it = await open();
        const known = async (login) => (await read(login, it)).known;
        assert.deepEqual(await known('teacher'), { guardian: '杨秀莲', helper: '罗勇', measures: '10月12日 王晓梅联系杨秀莲（电话）：不想上学。', words: '说读不进去' });
        assert.deepEqual(await known('township'), { guardian: '杨秀莲', helper: '罗勇' });
        assert.deepEqual(await known('psych'), {});
        assert.equal((await who.teacher.get('dropout-cases?view=open')).json.items[0].known, undefined, 'of one case only');
    });
});

describe('the roster', () => {
    const print = (login, roster) => who[login].post('documents', { kind: 'dropout.roster', record_id: roster.id });

    test('of the school\'s open cases as they stood, numbered; printed again it says the same', async () => {
        assert.equal((await who.office.post('dropout-rosters', {})).status, 422, 'nobody is on it');
        const it = await open();
        await open('hao');
        await done('teacher', it, 'form', form);
        const roster = await made('office', 'dropout-rosters', {});
        assert.deepEqual([roster.children, roster.as_of, roster.made_by, roster.entries], [2, '2026-10-14', '陈志强', undefined]);
        const paper = await print('office', roster);
        assert.equal(paper.status, 201, paper.text);
        const content = (await who.office.get(`documents/${paper.json.id}/content`)).json;
        assert.equal(content.number, '2152001234-CXHM-2026-0001');
        const [table] = content.parts.filter((part) => part.type === 'table');
        assert.deepEqual(table.columns, ['序号', '姓名', '性别', '出生日期', '班级', '缺课开始', '原因、去向', '监护人、电话', '劝返', '状态']);
        assert.deepEqual(table.rows.map((row) => row.filter((cell, i) => ![3].includes(i))), [
            ['1', '罗思雨', '女', '三年级1班', '2026-10-12', '务农、务工或经商 在家', '杨秀莲 139****0001', '0', '已交报告单'],
            ['2', '李浩', '男', '三年级1班', '2026-10-12', ' ', '李春花 139****0003', '0', '疑似辍学'],
        ]);
        at('2026-10-14T17:30');
        await done('office', it, 'review', { review_text: '属实' });
        assert.equal((await print('office', roster)).json.id, paper.json.id, 'what happened since is not on it');
        const next = await made('principal', 'dropout-rosters', {});
        assert.notEqual((await print('principal', next)).json.id, paper.json.id);
    });

    test('by whom and of which school', async () => {
        await open();
        for (const login of ['teacher', 'subject', 'psych', 'guardian']) {
            assert.equal((await who[login].post('dropout-rosters', {})).status, 403, login);
        }
        assert.equal((await who.principal2.post('dropout-rosters', {})).status, 422, 'no case there');
        assert.equal((await who.principal2.post('dropout-rosters', { school_id: String(world.units.school.id) })).status, 422, 'another school');
        const roster = await made('township', 'dropout-rosters', { school_id: String(world.units.school.id) });
        assert.equal((await who.principal2.get(`dropout-rosters/${roster.id}`)).status, 404);
        assert.equal((await print('principal2', roster)).status, 404);
        assert.equal((await print('township', roster)).status, 201);
    });
});

describe('notices on paper', () => {
    test('a township\'s notice bears its name and number; proof of service signed, or refused before a witness', async () => {
        let it = await reported(await open());
        it = await done('county', it, 'confirm', { verdict_text: '属实' });
        it = await done('township', it, 'notice', { addressee: '杨秀莲' });
        const [paper] = (await who.county.get(`return-notices?case_id=${it.id}`)).json.items;
        const print = async (login, kind) => {
            const answer = await who[login].post('documents', { kind, record_id: paper.id });
            return answer.status < 300 ? (await who[login].get(`documents/${answer.json.id}/content`)).json : answer.status;
        };
        const issued = await print('township', 'dropout.notice');
        assert.deepEqual([issued.issuer, issued.number], ['松山乡', '522799101-FX-2026-0001']);
        assert.equal(await print('township', 'dropout.proof'), 409, 'not served yet');
        await who.township.post(`return-notices/${paper.id}/serve`, { served_on: '2026-10-14', served_how: 'left', served_by: '韦大明、陈志强', receipt: 'refused', receiver: '杨秀莲', witness: '村主任罗大勇' }, { version: paper.version });
        const proof = await print('township', 'dropout.proof');
        const text = JSON.stringify(proof.parts);
        assert.equal(proof.issuer, '松山乡');
        for (const words of ['返校通知书', '2026年10月14日', '韦大明、陈志强', '村主任罗大勇', '拒']) {
            assert.ok(text.includes(words), `${words}: ${text}`);
        }
        assert.equal((await who.county.get(`return-notices/${paper.id}`)).json.receiver, null, 'who refused has not signed');
        assert.equal(await print('teacher', 'dropout.proof'), 403);
        const again = await print('township', 'dropout.notice');
        assert.equal(again.number, issued.number, 'attempts made later are not on it');
    });
});

describe('the urgent report', () => {
    test('goes at once to the principal and the bureau, and is in nothing that anybody else sees', async () => {
        const signs = '同学说她在砖厂搬砖';
        const it = await open();
        const report = await made('teacher', 'urgent-reports', { student_id: id('siyu'), kind: 'child_labour', signs });
        const told = (await server.sql("SELECT a.login FROM notice n JOIN account a ON a.id = n.account_id WHERE n.kind = 'dropout.urgent'")).map((one) => one.login).sort();
        assert.deepEqual(told, ['county', 'principal'], 'not the township, not the other principal, nobody of the approval chain');
        assert.ok(!JSON.stringify(await server.sql("SELECT * FROM notice WHERE kind = 'dropout.urgent'")).includes('砖'), 'the notice says that there is one, not what');

        for (const login of ['teacher', 'subject', 'grade', 'vice', 'office', 'registrar', 'psych', 'township', 'principal2', 'central', 'admin', 'guardian']) {
            for (const path of ['', `/${report.id}`, `/${report.id}/history`]) {
                const answer = await who[login].get(`urgent-reports${path}`);
                const other = ['principal2', 'central'].includes(login);                         // of another school; over this one
                assert.equal(answer.status, !other ? 403 : path ? 404 : 200, `${login} ${path}`);
                assert.ok(!answer.text.includes(report.id), `${login} ${path}`);
            }
            for (const path of [`students/${id('siyu')}/timeline`, `dropout-cases/${it.id}/timeline`, `dropout-cases/${it.id}`, 'tasks?queue=mine&limit=100', 'notices', 'audit-events?limit=100', `students/${id('siyu')}`]) {
                const answer = await who[login].get(path);
                assert.ok(!answer.text.includes('砖') && !answer.text.includes('child_labour') && !answer.text.includes('童工'), `${login} ${path}`);
            }
        }
        assert.ok((await who.admin.get('audit-events?limit=100')).json.items.some((one) => one.record === 'urgent-reports' && one.changes.length === 0), 'that there is one, not what it says');
        assert.equal((await who.principal.get(`urgent-reports/${report.id}`)).json.signs, signs);
    });

    test('a central school in between neither reads it nor handles it nor hears of it; the own school and the bureau do', async () => {
        const signs = '同学说她在砖厂搬砖';
        const report = await made('subject', 'urgent-reports', { student_id: id('siyu'), kind: 'child_labour', signs });
        const urgent = (login) => who[login].get('urgent-reports');
        const look = (login, path = '') => who[login].get(`urgent-reports/${report.id}${path}`);
        const chain = async (login) => (await who[login].get('audit-events?limit=100')).json.items.find((one) => one.record === 'urgent-reports');

        assert.deepEqual([(await urgent('central')).json.items, (await who.central.get('urgent-reports?queue=mine')).json.items, (await who.central.get('notices')).json.items], [[], [], []]);
        for (const answer of [await look('central'), await look('central', '/history'), await look('central', '/rules'),
            await who.central.post(`urgent-reports/${report.id}/tell`, { told: '派出所', measures: '去过砖厂' }, { version: report.version })]) {
            assert.deepEqual([answer.status, answer.json.code], [404, 'not_found']);
        }
        assert.ok(!(await who.central.get('urgent-reports/export')).text.includes('砖'));
        assert.equal((await who.central.get(`students/${id('siyu')}`)).status, 200, 'the child is hers to see all the same');
        const above = await chain('central');
        assert.deepEqual([above?.changes ?? [], above?.about ?? null], [[], null]);

        for (const login of ['principal', 'county']) {
            assert.deepEqual((await urgent(login)).json.items.map((one) => one.id), [report.id], login);
            assert.equal((await look(login)).json.signs, signs, login);
            assert.equal((await look(login, '/history')).json.items.length, 1, login);
            assert.equal((await who[login].get('notices')).json.items.filter((one) => one.kind === 'dropout.urgent').length, 1, login);
            assert.ok((await chain(login)).changes.length > 0, login);
        }
        const told = await who.principal.post(`urgent-reports/${report.id}/tell`, { told: '派出所', measures: '去过砖厂' }, { version: report.version });
        assert.equal(told.json.state, 'told', told.text);
    });

    test('a school without a principal: the bureau is told, and nobody in the principal\'s place', async () => {
        await server.sql("UPDATE `position` SET ends_on = '2026-10-01' WHERE role = 'principal' AND unit_id = ?", [world.units.school.id]);
        try {
            await made('teacher', 'urgent-reports', { student_id: id('siyu'), kind: 'early_marriage', signs: '家里在办酒席' });
            assert.deepEqual((await server.sql("SELECT a.login FROM notice n JOIN account a ON a.id = n.account_id WHERE n.kind = 'dropout.urgent'")).map((one) => one.login), ['county']);
        } finally {
            await server.sql("UPDATE `position` SET ends_on = NULL WHERE role = 'principal' AND unit_id = ?", [world.units.school.id]);
        }
    });
});

describe('the urgent report about one\'s own child', () => {
    let kin;

    /** This person becomes a guardian of siyu: by the account, or by nothing but the phone of the staff account. */
    async function makeGuardian(login, by) {
        const [{ sealed, hash }] = await server.sql('SELECT phone AS sealed, phone_hash AS hash FROM guardian WHERE id = ?', [world.guardians.guardian2]);
        const phone = by === 'phone' ? hash : Buffer.alloc(32, 7);
        kin = libraryValues(server, [{ op: 'id' }])[0];
        await server.sql('UPDATE account SET phone_hash = NULL WHERE id = ?', [world.accounts.guardian2]);
        await server.sql(`INSERT INTO guardian (id, name, phone, phone_hash, account_id, created_at, updated_at) SELECT ?, '罗国安', ?, ?, ${by === 'phone' ? 'NULL' : 'a.id'}, NOW(), NOW()
            FROM account a WHERE a.login = ?`, [kin, sealed, phone, login]);
        await server.sql('UPDATE account SET phone_hash = ? WHERE login = ?', [by === 'phone' ? hash : null, login]);
        await server.sql("INSERT INTO student_guardian (student_id, guardian_id, relation) VALUES (?, ?, 'other')", [world.students.siyu, kin]);
    }

    afterEach(async () => {
        const [{ hash }] = await server.sql('SELECT phone_hash AS hash FROM guardian WHERE id = ?', [world.guardians.guardian2]);
        await server.sql('DELETE FROM student_guardian WHERE guardian_id = ?', [kin]);
        await server.sql('DELETE FROM guardian WHERE id = ?', [kin]);
        await server.sql("UPDATE account SET phone_hash = NULL WHERE login IN ('principal', 'county', 'admin')");
        await server.sql('UPDATE account SET phone_hash = ? WHERE id = ?', [hash, world.accounts.guardian2]);
    });

    const raise = (student, signs) => made('subject', 'urgent-reports', { student_id: id(student), kind: 'harm', signs });
    const told = async (report) => (await server.sql("SELECT a.login FROM notice n JOIN account a ON a.id = n.account_id WHERE n.kind = 'dropout.urgent' AND n.notice_key = ?", [report.id]))
        .map((one) => one.login).sort();
    const trail = async (login, query = '') => (await who[login].get(`audit-events?limit=200${query}`)).json.items
        .filter((one) => one.record === 'urgent-reports' && one.action !== 'export').map((one) => one.record_id);

    async function seesNothing(login, report) {
        for (const path of ['', '?queue=mine', '?state=raised']) {
            const { items } = (await who[login].get(`urgent-reports${path}`)).json;
            assert.ok(!items.some((one) => one.id === report.id), `${login} ${path}`);
        }
        for (const answer of [await who[login].get(`urgent-reports/${report.id}`), await who[login].get(`urgent-reports/${report.id}/history`),
            await who[login].post(`urgent-reports/${report.id}/tell`, { told: '没有的事', measures: '不用管' }, { version: report.version })]) {
            assert.deepEqual([answer.status, answer.json.code], [404, 'not_found']);
        }
        assert.ok(!(await who[login].get('urgent-reports/export')).text.includes('淤青'));
        assert.ok(!(await trail(login)).includes(report.id), 'not even that there is one');
        assert.deepEqual(await trail(login, `&record=urgent-reports&record_id=${report.id}`), []);
        for (const path of ['notices', 'tasks?queue=mine&limit=100', `students/${id('siyu')}/timeline`, 'desk']) {
            const answer = await who[login].get(path);
            assert.ok(!answer.text.includes(report.id) && !answer.text.includes('淤青'), `${login} ${path}`);
        }
    }

    for (const by of ['account', 'phone']) {
        test(`a principal who is a guardian, by the ${by}: neither reads nor hears of it; the bureau does, and the principal still does of other children`, async () => {
            await makeGuardian('principal', by);
            const report = await raise('siyu', '手臂上有淤青，说是家里人打的');
            assert.deepEqual(await told(report), ['county']);
            await seesNothing('principal', report);
            const other = await raise('hao', '几天没吃早饭');
            assert.deepEqual(await told(other), ['county', 'principal']);
            assert.deepEqual((await who.principal.get('urgent-reports')).json.items.map((one) => one.id), [other.id]);
            assert.deepEqual(await trail('principal'), [other.id]);
            assert.deepEqual((await who.county.get('urgent-reports')).json.items.map((one) => one.id).sort(), [report.id, other.id].sort());
            assert.ok((await trail('county')).includes(report.id));
            const handled = await who.county.post(`urgent-reports/${report.id}/tell`, { told: '派出所', measures: '当天上门' }, { version: report.version });
            assert.equal(handled.json.state, 'told', handled.text);
            await seesNothing('principal', report);
        });
    }

    test('an officer of the bureau who is a guardian: the principal is told', async () => {
        await makeGuardian('county', 'account');
        const report = await raise('siyu', '手臂上有淤青，说是家里人打的');
        assert.deepEqual(await told(report), ['principal']);
        await seesNothing('county', report);
        assert.equal((await who.principal.get(`urgent-reports/${report.id}`)).status, 200);
    });

    test('all who must know are guardians, or there is none of them: who administers the system hears that there is one, and nothing else', async () => {
        const unheard = async () => (await server.sql("SELECT a.login, n.params, n.href, n.urgent, n.notice_key AS k FROM notice n JOIN account a ON a.id = n.account_id WHERE n.kind = 'dropout.urgent_unheard' ORDER BY n.id"))
            .map((one) => ({ ...one, params: typeof one.params === 'string' ? JSON.parse(one.params) : one.params }));
        const post = (role, ends) => server.sql('UPDATE `position` SET ends_on = ? WHERE role = ? AND unit_id IN (?, ?)', [ends, role, world.units.school.id, world.units.county.id]);
        await makeGuardian('county', 'account');
        await post('principal', '2026-10-01');
        try {
            const report = await raise('siyu', '手臂上有淤青，说是家里人打的');
            assert.deepEqual(await told(report), []);
            const [one, ...more] = await unheard();
            assert.deepEqual([one.login, one.params, one.href, Number(one.urgent), more], ['admin', { school: '松山乡中心学校' }, null, 1, []]);
            assert.notEqual(one.k, String(report.id));
            const answer = await who.admin.get('notices');
            const [shown] = answer.json.items.filter((each) => each.kind === 'dropout.urgent_unheard');
            assert.match(shown.text, /^松山乡中心学校有一条紧急情况，/);
            assert.ok(!answer.text.includes(report.id) && !answer.text.includes('罗思雨') && !answer.text.includes('淤青'), answer.text);
            assert.equal((await who.admin.get(`urgent-reports/${report.id}`)).status, 403);
            await seesNothing('county', report);

            await server.sql('DELETE FROM notice');
            assert.deepEqual(await told(await raise('hao', '几天没吃早饭')), ['county'], 'no guardian of this one');
            assert.deepEqual(await unheard(), []);
            await post('county', '2026-10-01');
            await raise('hao', '又没吃早饭');
            assert.deepEqual((await unheard()).map((each) => each.login), ['admin'], 'nobody holds the posts');
            await post('principal', null);
            await server.sql('DELETE FROM notice');
            await made('principal', 'urgent-reports', { student_id: id('hao'), kind: 'harm', signs: '又没吃早饭' });
            assert.deepEqual(await unheard(), [], 'the principal wrote it and knows');
        } finally {
            await post('principal', null);
            await post('county', null);
        }
    });

    test('an administrator who is a guardian as well is not told', async () => {
        await makeGuardian('admin', 'account');
        await server.sql("UPDATE `position` SET ends_on = '2026-10-01' WHERE role IN ('principal', 'county') AND unit_id IN (?, ?)", [world.units.school.id, world.units.county.id]);
        try {
            await raise('siyu', '手臂上有淤青，说是家里人打的');
            assert.deepEqual((await who.admin.get('notices')).json.items, []);
        } finally {
            await server.sql("UPDATE `position` SET ends_on = NULL WHERE role IN ('principal', 'county') AND unit_id IN (?, ?)", [world.units.school.id, world.units.county.id]);
        }
    });

    test('an administrator of the school who is a guardian does not find it in the audit trail; others see that there is one', async () => {
        await makeGuardian('admin', 'account');
        const report = await raise('siyu', '手臂上有淤青，说是家里人打的');
        assert.deepEqual(await trail('admin'), []);
        const other = await raise('hao', '几天没吃早饭');
        assert.deepEqual(await trail('admin'), [other.id]);
        assert.ok((await trail('principal')).includes(report.id));
    });

    test('who raises it about an own child is told nothing more of it', async () => {
        await makeGuardian('principal', 'account');
        const report = await made('principal', 'urgent-reports', { student_id: id('siyu'), kind: 'harm', signs: '手臂上有淤青，是她爸打的' });
        assert.deepEqual(await told(report), ['county']);
        assert.equal((await who.principal.get(`urgent-reports/${report.id}`)).status, 404);
    });
});

describe('who is responsible', () => {
    test('the tracking of a child goes to its helper; when nobody helps, to the class teacher', async () => {
        const tasks = async (login) => (await who[login].get('tasks?queue=mine&limit=100')).json.items.filter((task) => task.kind === 'dropout.tracking').length;
        await made('vice', 'responsibilities', { duty: 'student', unit_id: String(world.units.class1.id), student_id: id('siyu'), person: '石兰', login: 'psych', starts_on: '2026-09-01' });
        await open();
        assert.ok(await tasks('psych') > 0);
        assert.equal(await tasks('teacher'), 0);
        await open('hao');
        assert.ok(await tasks('teacher') > 0);
    });

    test('the chart: area, township, village, school, grade, class, child, in that order, of today', async () => {
        const entry = (login, duty, unit, more) => made(login, 'responsibilities', { duty, unit_id: String(world.units[unit].id), person: `${duty}的人`, starts_on: '2026-09-01', ...more });
        await entry('vice', 'student', 'class1', { student_id: id('siyu'), office: '科任教师' });
        await entry('vice', 'class', 'class1');
        await entry('vice', 'grade', 'gradeUnit');
        await entry('principal', 'school', 'school');
        await entry('township', 'village', 'township', { area: '岩脚村' });
        await entry('county', 'township', 'township');
        await entry('county', 'area', 'township', { area: '东片' });
        const gone = await entry('vice', 'class', 'class2');
        at('2026-10-15T08:00');
        assert.equal((await who.vice.post(`responsibilities/${gone.id}/end`, { ends_on: '2026-10-14' })).status, 200);
        const { items } = (await who.county.get(`responsibilities/chart?unit_id=${world.units.township.id}`)).json;
        assert.deepEqual(items.map((one) => [one.duty, one.person]), ['area', 'township', 'village', 'school', 'grade', 'class', 'student'].map((duty) => [duty, `${duty}的人`]));
        assert.deepEqual([items[4].unit_name, items[5].unit_name], ['三年级', '三年级1班'], 'as people call them this year');
        assert.deepEqual([items[6].student_name, items[6].school_name, items[6].office], ['罗思雨', '松山乡中心学校', '科任教师']);
        assert.equal((await who.vice.get(`responsibilities/chart?unit_id=${world.units.school.id}`)).json.items.length, 4, 'a school sees its own');
        assert.deepEqual((await who.principal2.get(`responsibilities/chart?unit_id=${world.units.school.id}`)).json.items, []);
    });
});
