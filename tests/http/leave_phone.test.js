// leave_phone.test.js: leave the phone way (example V3): entered by the class teacher, the slip after the return, or
// unexcused; slips on paper; a proxy only with a reason; and many slips decided at once (POST leave-requests/bulk).

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, beforeEach, describe, test } from 'node:test';
import { start } from '../lib/server.js';
import { buildWorld } from '../lib/world.js';

const png = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');
let server, world;
const who = {};

before(async () => {
    server = await start({ clock: '2026-09-22T07:40:00+08:00' });
    world = await buildWorld(server);
    for (const login of ['guardian', 'guardianHao', 'teacher', 'teacherB', 'teacher2', 'grade', 'office', 'principal', 'county']) {
        who[login] = await server.client(login);
    }
});
after(() => server?.stop());

beforeEach(async () => {
    await server.sql('DELETE FROM leave_request');
    at('2026-09-22T07:40');
});

const at = (time) => {
    server.setClock(`${time}:00+08:00`);
    server.runJobs();
};
const id = (student) => String(world.students[student].id ?? world.students[student]);
const entry = (more = {}) => ({
    action: 'enter', student_id: id('siyu'), kind: 'sick', starts_on: '2026-09-22', starts_period: 1, ends_on: '2026-09-22',
    ends_period: 7, reason: '发烧，妈妈来电', requested_by: '杨秀莲', ...more,
});

async function enter(person, body) {
    const answer = await who[person].post('leave-requests', body);
    assert.equal(answer.status, 201, answer.text);
    return answer.json;
}

const read = async (person, record) => (await who[person].get(`leave-requests/${record.id}`)).json;
const act = (person, record, action, body) =>
    who[person].post(`leave-requests/${record.id}/${action}`, body, { version: record.version });

async function done(person, record, action, body) {
    const answer = await act(person, record, action, body);
    assert.equal(answer.status, 200, answer.text);
    return answer.json;
}

function refused(answer, status, field, reason) {
    assert.equal(answer.status, status, answer.text);
    if (field) {
        assert.deepEqual(answer.json.errors.map((e) => [e.field, e.code]), [[field, reason]], answer.text);
        assert.ok(!answer.json.errors[0].message.startsWith('error.'));
    }
}

const photo = async (person) => (await who[person].post('attachments', png, { headers: { 'content-type': 'image/png' } })).json.id;

/** What is open or done about the slip of a leave, and whom it was told. */
const slipTask = async (record) => (await server.sql("SELECT state, nominal_due FROM task WHERE kind = 'leave.paper' AND record_id = ?", [record.id]))
    .map((row) => `${row.state} ${row.nominal_due}`);
const slipTold = async (record) => (await server.sql(`SELECT a.login FROM notice n JOIN account a ON a.id = n.account_id
    WHERE n.kind = 'leave.paper' AND n.notice_key = ? ORDER BY a.login`, [String(record.id)])).map((row) => row.login);

describe('V3: a phone call, no paper', () => {
    test('entered provisional, away, back, slip awaited, reminder dates, no slip: unexcused', async () => {
        let it = await enter('teacher', entry());
        assert.deepEqual([it.state, it.channel, it.route, it.school_days, it.needs_paper, it.requested_by, it.decided_by],
            ['provisional', 'phone', 'teacher', 1, true, '杨秀莲', '王晓梅']);
        assert.equal(it.waits_for, null, 'the entry is the consent');
        assert.deepEqual((await who.teacher.get('leave-requests?queue=mine')).json.items, []);

        at('2026-09-22T08:00');
        assert.equal((await read('guardian', it)).state, 'away');
        at('2026-09-23T08:00');
        it = await read('teacher', it);
        assert.equal(it.state, 'overdue');
        it = await done('teacher', it, 'return', { back_on: '2026-09-23', back_period: 1 });
        assert.equal(it.state, 'awaiting_paper');
        assert.equal(it.paper_by, '2026-09-25T00:00:00+08:00', 'Thu 24 24:00');
        assert.equal(it.paper_until, '2026-09-29T00:00:00+08:00', 'Mon 28 24:00');
        assert.deepEqual((await who.teacher.get('leave-requests?view=paper')).json.items.map((i) => i.id), [it.id]);
        assert.deepEqual(await slipTask(it), ['open 2026-09-25 00:00:00'], 'the class teacher has it to see to');
        assert.deepEqual(await slipTold(it), ['father', 'guardian'], 'both guardians are reminded, once');

        at('2026-09-25T08:00');
        const [raised] = await server.sql("SELECT level, raised_role FROM task WHERE kind = 'leave.paper'");
        assert.deepEqual([Number(raised.level), raised.raised_role], [1, 'grade'], 'warned when it was due: who has it, and one level up');
        assert.deepEqual((await server.sql("SELECT a.login FROM notice n JOIN account a ON a.id = n.account_id WHERE n.kind = 'task.overdue'")).map((one) => one.login), ['teacher']);
        at('2026-09-28T23:59');
        assert.equal((await read('teacher', it)).state, 'awaiting_paper');
        at('2026-09-29T00:00');
        it = await read('office', it);
        assert.equal(it.state, 'no_paper');
        assert.deepEqual(await slipTask(it), ['withdrawn 2026-09-25 00:00:00'], 'it can no longer be done');
        refused(await act('teacher', it, 'accept', { comment: '家长补交了' }), 403);
        assert.equal((await done('office', it, 'accept', { comment: '家长补交了' })).state, 'returned');
    });

    test('the mother confirms in the portal: regular', async () => {
        let it = await enter('teacher', entry());
        at('2026-09-23T07:50');
        it = await done('teacher', await read('teacher', it), 'return', {});
        assert.equal(it.state, 'awaiting_paper');
        at('2026-09-23T08:00');
        assert.deepEqual([(await read('teacher', it)).state, it.paper_by, it.paper_until],
            ['awaiting_paper', '2026-09-25T00:00:00+08:00', '2026-09-29T00:00:00+08:00']);
        assert.deepEqual(await slipTold(it), ['father', 'guardian'], 'reminded on the day of return');
        at('2026-09-26T10:00');
        refused(await act('guardianHao', it, 'confirm'), 404);
        it = await done('guardian', it, 'confirm');
        assert.deepEqual([it.state, it.needs_paper], ['returned', false]);
        assert.deepEqual(await slipTask(it), ['done 2026-09-25 00:00:00']);
        at('2026-10-20T10:00');
        assert.equal((await read('guardian', it)).state, 'returned');
    });

    test('confirmed before the return: nothing is awaited', async () => {
        let it = await enter('teacher', entry());
        it = await done('guardian', it, 'confirm');
        assert.equal(it.state, 'provisional');
        at('2026-09-22T08:00');
        at('2026-09-23T07:50');
        assert.equal((await done('guardian', await read('guardian', it), 'return', {})).state, 'returned');
    });

    test('prolonged by phone and back once: both slips are awaited, with their dates', async () => {
        const first = await enter('teacher', entry());
        at('2026-09-22T08:00');
        const more = await enter('teacher', entry({ starts_on: '2026-09-23', ends_on: '2026-09-23', extends_id: first.id, reason: '还没退烧' }));
        await done('office', await read('office', more), 'approve');
        at('2026-09-23T08:00');
        at('2026-09-24T08:00');
        const both = (await server.sql('SELECT id, state, version FROM leave_request ORDER BY starts_on')).map((row) => ({ ...row, id: String(row.id) }));
        await done('teacher', await read('teacher', both[1]), 'return', { back_on: '2026-09-24', back_period: 1 });
        const rows = await server.sql('SELECT state, paper_by, paper_until FROM leave_request ORDER BY starts_on');
        for (const row of rows) {
            assert.deepEqual([row.state, row.paper_by, row.paper_until], ['awaiting_paper', '2026-09-26 00:00:00', '2026-09-30 00:00:00']);
        }
        assert.equal(rows.length, 2);
    });

    test('a photo of the signed slip does as well, and must be one', async () => {
        let it = await enter('teacher', entry());
        at('2026-09-23T07:50');
        it = await done('teacher', await read('teacher', it), 'return', {});
        refused(await act('teacher', it, 'attach_paper', {}), 422, 'certificate', 'required');
        it = await done('teacher', it, 'attach_paper', { certificate: [await photo('teacher')] });
        assert.equal(it.state, 'returned');
        assert.equal(it.certificate.length, 1);
    });
});

test('what entering would mean is told beforehand, to those who may enter for the child', async () => {
    const query = `leave-requests/preview?student_id=${id('siyu')}&starts_on=2026-09-22&starts_period=1&ends_on=2026-09-23&ends_period=7`;
    for (const person of ['teacher', 'office', 'guardian']) {
        const seen = (await who[person].get(query)).json;
        assert.deepEqual([seen.school_days, seen.route, seen.then.role], [2, 'office', 'office'], person);
    }
    refused(await who.teacherB.get(query), 422, 'student_id', 'student_not_found');
    refused(await who.teacher2.get(query), 422, 'student_id', 'student_not_found');
    refused(await who.county.get(query), 403);
    const own = query.replace(id('siyu'), id('bin'));
    assert.equal((await who.teacherB.get(own)).json.school_days, 2, 'a teacher who is a guardian asks for her own child');
});

describe('who may be entered for whom', () => {
    test('a proxy only with a reason', async () => {
        refused(await who.teacher.post('leave-requests', entry({ requested_by: '姑妈李芳' })), 422, 'proxy_reason', 'leave.proxy_reason');
        refused(await who.teacher.post('leave-requests', entry({ requested_by: undefined })), 422, 'requested_by', 'required');
        const it = await enter('teacher', entry({ requested_by: '姑妈李芳', proxy_reason: '父母在外地，姑妈照看' }));
        assert.equal(it.proxy_reason, '父母在外地，姑妈照看');
    });

    test('a paper slip needs its photo and no other paper', async () => {
        refused(await who.teacher.post('leave-requests', entry({ channel: 'paper' })), 422, 'certificate', 'leave.paper_photo');
        const it = await enter('teacher', entry({ channel: 'paper', certificate: [await photo('teacher')] }));
        assert.deepEqual([it.state, it.channel, it.needs_paper], ['provisional', 'paper', false]);
        refused(await who.teacher.post('leave-requests', entry({ channel: 'portal', student_id: id('hao'), requested_by: '李春花' })),
            422, 'channel', 'not_in_list');
    });

    test('a longer one goes on to the office', async () => {
        let it = await enter('teacher', entry({ ends_on: '2026-09-23' }));
        assert.deepEqual([it.state, it.route], ['provisional', 'office']);
        assert.equal(it.waits_for.role, 'office');
        at('2026-09-22T08:00');
        assert.equal((await read('teacher', it)).state, 'provisional');
        it = await done('office', await read('office', it), 'approve');
        assert.equal(it.state, 'approved');
        at('2026-09-22T08:01');
        at('2026-09-24T07:55');
        assert.equal((await done('guardian', await read('guardian', it), 'return', {})).state, 'awaiting_paper');
    });

    test('staff of the class and the office; no guardian, no other class, not for the own child', async () => {
        refused(await who.guardian.post('leave-requests', entry()), 403);
        refused(await who.teacherB.post('leave-requests', entry()), 422, 'student_id', 'student_not_found');
        refused(await who.teacher2.post('leave-requests', entry()), 422, 'student_id', 'student_not_found');
        refused(await who.county.post('leave-requests', entry()), 403);
        refused(await who.teacherB.post('leave-requests', entry({ student_id: id('bin'), requested_by: '冯兰' })), 403);
        await enter('office', entry());
    });

    test('a guardian cannot set what only staff may', async () => {
        for (const [field, value] of [['channel', 'phone'], ['requested_by', '别人'], ['proxy_reason', '没有理由']]) {
            const answer = await who.guardian.post('leave-requests', entry({ action: 'submit', requested_by: undefined, [field]: value }));
            refused(answer, 422, field, 'not_allowed');
        }
        const mine = await who.guardian.post('leave-requests', entry({ action: 'submit', requested_by: undefined }));
        assert.deepEqual([mine.status, mine.json.channel, mine.json.requested_by], [201, 'portal', '杨秀莲']);
    });

    test('entered for the wrong child: taken back with a word, begun or not', async () => {
        let it = await enter('teacher', entry());
        at('2026-09-22T09:00');
        it = await read('teacher', it);
        refused(await act('teacher', it, 'cancel', {}), 422, 'comment', 'required');
        assert.equal((await done('teacher', it, 'cancel', { comment: '登记错人了' })).state, 'cancelled');
    });
});

describe('many at once', () => {
    const slip = (student, person, day) => enter(person, entry({ action: 'submit', requested_by: undefined, student_id: id(student),
        starts_on: day, ends_on: day }));
    const bulk = (person, items, more, options) =>
        who[person].post('leave-requests/bulk', { action: 'approve', items: items.map((i) => ({ id: i.id, version: i.version })), ...more }, options);

    test('one result an item; what cannot be done says why', async () => {
        const good = [await slip('siyu', 'guardian', '2026-09-23'), await slip('hao', 'guardianHao', '2026-09-23')];
        const stale = { ...await slip('hao', 'guardianHao', '2026-09-24'), version: 9 };
        const longer = await enter('guardian', entry({ action: 'submit', requested_by: undefined, starts_on: '2026-09-28', ends_on: '2026-09-30' }));
        const foreign = { id: '382812322618357789', version: 1 };
        const answer = await bulk('teacher', [...good, stale, longer, foreign], { comment: '都好好休息' });
        assert.equal(answer.status, 200, answer.text);
        assert.deepEqual(answer.json.items.map((i) => i.status), [200, 200, 412, 409, 404], answer.text);
        assert.deepEqual([answer.json.done, answer.json.refused], [2, 3]);
        assert.equal(answer.json.items[0].record.state, 'approved');
        assert.ok(answer.json.items.slice(2).every((i) => i.title && !i.title.startsWith('error.')));
        const history = (await who.guardian.get(`leave-requests/${good[0].id}/history`)).json.items;
        assert.equal(history[0].comment, '都好好休息');
    });

    test('sent again with the same key: the same answer, nothing twice; another body with it is refused item by item', async () => {
        const items = [await slip('siyu', 'guardian', '2026-09-23'), await slip('hao', 'guardianHao', '2026-09-23')];
        const key = randomUUID();
        const first = await bulk('teacher', items, {}, { key });
        const again = await bulk('teacher', items, {}, { key });
        assert.equal(again.text, first.text);
        assert.equal(Number((await server.sql("SELECT COUNT(*) AS n FROM history WHERE action = 'approve' AND record_id IN (?)",
            [items.map((i) => i.id)]))[0].n), 2);
        const other = await bulk('teacher', items, { action: 'reject', comment: '改主意了' }, { key });
        assert.deepEqual(other.json.items.map((i) => i.code), ['key_reused', 'key_reused']);
    });

    test('nonsense', async () => {
        refused(await bulk('teacher', []), 422, 'items', 'required');
        refused(await bulk('teacher', [{ id: 'x', version: 1 }]), 422, 'items', 'not_found');
        refused(await bulk('teacher', Array.from({ length: 101 }, () => ({ id: '7', version: 1 }))), 422, 'items', 'too_many');
        refused(await bulk('teacher', [{ id: '7', version: 1 }], { action: 'overrun' }), 422, 'action', 'not_in_list');
        const it = await slip('siyu', 'guardian', '2026-09-23');
        assert.deepEqual((await bulk('teacher', [it], { action: 'reject' })).json.items.map((i) => i.status), [422]);
        assert.deepEqual((await bulk('guardian', [it])).json.items.map((i) => i.status), [403]);
    });
});

test('who is away today', async () => {
    await enter('teacher', entry());
    await enter('teacher', entry({ student_id: id('hao'), requested_by: '李春花', starts_on: '2026-09-23', ends_on: '2026-09-23' }));
    const names = async () => (await who.office.get('leave-requests?view=today')).json.items.map((i) => i.student_name);
    assert.deepEqual(await names(), ['罗思雨']);
    at('2026-09-23T09:00');
    assert.deepEqual(await names(), ['李浩']);
});

test('the list of a day: who is on leave, waits, is overdue, came back on it; the slips that are still to come', async () => {
    const list = async (query) => (await who.office.get(`leave-requests?${query}`)).json.items.map((i) => `${i.student_name} ${i.state}`).sort();
    const it = await enter('teacher', entry());
    await enter('teacher', entry({ student_id: id('min'), channel: 'paper', certificate: [await photo('teacher')], requested_by: '姑妈', proxy_reason: '父母在外地' }));
    const asked = await who.guardianHao.post('leave-requests', entry({ action: 'submit', requested_by: undefined, student_id: id('hao'), starts_on: '2026-09-23', ends_on: '2026-09-23' }));
    assert.equal(asked.status, 201, asked.text);
    at('2026-09-22T09:00');
    assert.deepEqual(await list('view=day'), ['韦敏 away', '罗思雨 away'].sort());
    assert.deepEqual(await list('view=day&date=2026-09-23'), ['李浩 submitted'].sort());
    assert.deepEqual(await list('view=day&date=2026-09-21'), []);
    assert.deepEqual(await list('view=paper'), ['罗思雨 away'].sort(), 'to come, though the child is not back');

    at('2026-09-23T09:00');
    assert.deepEqual(await list('view=day'), ['韦敏 overdue', '李浩 submitted', '罗思雨 overdue'].sort());
    await done('teacher', await read('teacher', it), 'return', {});
    assert.deepEqual(await list('view=day'), ['韦敏 overdue', '李浩 submitted', '罗思雨 awaiting_paper'].sort());
    assert.deepEqual(await list('view=day&date=2026-09-24'), ['韦敏 overdue'].sort());
    assert.deepEqual(await list('view=paper'), ['罗思雨 awaiting_paper'].sort());
    refused(await who.office.get('leave-requests?view=day&date=2026-02-30'), 422, 'date', 'not_date');
    assert.deepEqual((await who.teacher2.get('leave-requests?view=day&date=2026-09-23')).json.items, []);
});
