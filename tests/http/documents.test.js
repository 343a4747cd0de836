// documents.test.js mirrors lib/flow/document.c, document_show.c and lib/plugins/document.c: paper from a record: who may print what and
// when, one number for one content, no gaps, what is kept, what is void, and what the public is told.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { start } from '../lib/server.js';
import { buildWorld } from '../lib/world.js';

let server, world, teacher, teacherB, office, principal, principal2, mother, county, nobody;
let leave, slip;

const ask = async (client, child, more = {}) => {
    const answer = await client.post('leave-requests', { student_id: String(world.students[child]), kind: 'sick', starts_on: '2026-09-22',
        starts_period: 1, ends_on: '2026-09-22', ends_period: 4, reason: '夜里发烧，去乡卫生院看病', action: 'submit', ...more });
    assert.equal(answer.status, 201, answer.text);
    return answer.json;
};
const approve = async (client, request) => {
    const answer = await client.post(`leave-requests/${request.id}/approve`, {}, { version: request.version });
    assert.equal(answer.status, 200, answer.text);
    return answer.json;
};
const issue = (client, id, options) => client.post('documents', { kind: 'leave.slip', record_id: String(id) }, options);
const content = async (client, id) => (await client.get(`documents/${id}/content`)).json;
const verify = async (number, mark) => (await nobody.get(`verify?number=${number}&mark=${mark}`)).json;
const cells = (document) => Object.fromEntries(document.parts.filter(({ type }) => type === 'form').flatMap(({ rows }) => rows.flat()).map((cell) => [cell.label, cell.value]));
const numbers = async () => (await server.sql('SELECT number FROM document ORDER BY seq')).map(({ number }) => number);
const events = async (action) => Number((await server.sql("SELECT COUNT(*) n FROM audit_event WHERE record = 'documents' AND action = ?", [action]))[0].n);

before(async () => {
    server = await start({ clock: '2026-09-21T07:00:00+08:00' });
    world = await buildWorld(server);
    [teacher, teacherB, office, principal, principal2, mother, county, nobody] = await Promise.all(
        ['teacher', 'teacherB', 'office', 'principal', 'principal2', 'guardian', 'county', null].map((login) => server.client(login)));
    leave = await approve(teacher, await ask(mother, 'siyu'));
});
after(() => server?.stop());

describe('printing', () => {
    test('a slip: numbered by school, kind and year, filled from the record, masked', async () => {
        const answer = await issue(teacher, leave.id);

        assert.equal(answer.status, 201, answer.text);
        assert.equal(answer.headers.location, `/api/v1/documents/${answer.json.id}`);
        slip = await content(teacher, answer.json.id);
        assert.deepEqual([slip.number, slip.kind, slip.title, slip.size, slip.issuer, slip.issued_by],
            ['2152001234-QJ-2026-0001', 'leave.slip', '学生请假条', 'half', '松山乡中心学校', '王晓梅']);
        assert.deepEqual(cells(slip), {
            姓名: '罗思雨', 班级: '三年级1班', 学号: '1', 类别: '病假', 事由: '夜里发烧，去乡卫生院看病', 起止: '9月22日（周二）上午 至 9月22日（周二）上午',
            上学日: '0.5 天', 家长: '杨秀莲（母亲）', 电话: '139****0001', 提交: '9月21日 07:00', 审批: '班主任 王晓梅　同意　9月21日 07:00',
            离校: '　　月　　日　　时　　分', 门卫: '', 销假: '　　月　　日　　时　　分回校', 班主任: '', 续假: '至　　月　　日　　时　　　□ 已补假条', 家长签名: '',
        });
        assert.deepEqual(slip.parts[1].paragraphs, ['同意后凭本条离校。回校当天交班主任销假，过期没回校按缺课处理。扫码可核真伪，不显示学生信息。']);
        assert.match(slip.mark, /^[0-9a-f]{20}$/);
        assert.equal(slip.url, `${server.origin}/#/verify/${slip.number}/${slip.mark}`);
        assert.match(slip.qr.path, /^(M\d+ \d+h\d+v1h-\d+z)+$/);
        assert.deepEqual([slip.voided_at, slip.superseded_by], [null, null]);
    });

    test('the same content has the same number, whoever prints it, in whatever language', async () => {
        const english = await server.client('teacher', { language: 'en' });

        for (const client of [teacher, english, office, mother]) {
            const answer = await issue(client, leave.id);

            assert.equal(answer.status, 200, answer.text);
            assert.equal(answer.json.id, slip.id);
        }
        assert.deepEqual((await content(english, slip.id)).parts, slip.parts);
        assert.deepEqual(await numbers(), ['2152001234-QJ-2026-0001']);
    });

    test('the same key again answers the same and counts nothing', async () => {
        const second = await approve(teacherB, await ask(mother, 'yu'));
        const key = randomUUID();
        const [a, b] = [await issue(teacherB, second.id, { key }), await issue(teacherB, second.id, { key })];

        assert.deepEqual([a.status, b.status, a.json], [201, 201, b.json]);
        assert.equal((await content(teacherB, a.json.id)).number, '2152001234-QJ-2026-0002');
        assert.equal((await server.sql('SELECT used FROM document_counter'))[0].used, 2);
        assert.equal((await issue(teacherB, leave.id, { key })).status, 422);
    });

    test('what has changed gets another number, and supersedes the old', async () => {
        await server.sql("UPDATE leave_request SET reason = '住院观察' WHERE id = ?", [leave.id]);
        const answer = await issue(teacher, leave.id);

        assert.equal(answer.status, 201);
        const newer = await content(teacher, answer.json.id);
        assert.equal(newer.number, '2152001234-QJ-2026-0003');
        assert.equal(cells(newer)['事由'], '住院观察');
        const old = await content(teacher, slip.id);
        assert.equal(old.superseded_by, newer.number);
        assert.deepEqual(old.parts, slip.parts);                       // kept as it was printed
        assert.equal((await verify(slip.number, slip.mark)).result, 'superseded');
        assert.equal((await verify(newer.number, newer.mark)).result, 'genuine');
    });

    test('every school counts for itself', async () => {
        const other = await server.client('teacher2');
        const request = await approve(other, await ask(await server.client('guardian2'), 'xin'));

        assert.equal((await content(other, (await issue(other, request.id)).json.id)).number, '2152005678-QJ-2026-0001');
    });

    test('a new year begins at one', async () => {
        server.setClock('2027-01-04T07:00:00+08:00');
        const [then, parent] = await Promise.all(['teacher', 'guardian'].map((login) => server.client(login)));
        const request = await approve(then, await ask(parent, 'siyu', { starts_on: '2027-01-05', ends_on: '2027-01-05' }));

        assert.equal((await content(then, (await issue(then, request.id)).json.id)).number, '2152001234-QJ-2027-0001');
        server.setClock('2026-09-21T07:00:00+08:00');
    });
});

describe('who may', () => {
    test('not another class, not another school, not another child', async () => {
        const hao = await server.client('guardianHao');

        for (const client of [teacherB, principal2, hao]) {
            assert.equal((await issue(client, leave.id)).status, 404);
            assert.equal((await client.get(`documents/${slip.id}/content`)).status, 404);
        }
        assert.equal((await issue(nobody, leave.id)).status, 401);
        assert.equal((await nobody.get(`documents/${slip.id}/content`)).status, 401);
        assert.equal((await issue(await server.client('nobody'), leave.id)).status, 403);
        assert.equal((await (await server.client('nobody')).get(`documents/${slip.id}/content`)).status, 404);
    });

    test('not before it was agreed to, and not what does not exist', async () => {
        const request = await ask(await server.client('guardianHao'), 'hao');
        const answer = await issue(teacher, request.id);

        assert.deepEqual([answer.status, answer.json.code, answer.json.state], [409, 'wrong_state', 'submitted']);
        assert.equal((await teacher.post('documents', { kind: 'leave.none', record_id: '1' })).json.errors[0].field, 'kind');
        assert.equal((await teacher.post('documents', { kind: 'leave.slip', record_id: 'x' })).json.errors[0].field, 'record_id');
        assert.equal((await teacher.post('documents', { kind: 'leave.slip' })).status, 422);
        assert.equal((await issue(teacher, '999')).status, 404);
        assert.equal((await teacher.get('documents/999/content')).status, 404);
    });

    test('a record tells what may be printed of it, and what was', async () => {
        const { json } = await teacher.get(`leave-requests/${leave.id}/documents`);

        assert.deepEqual(json.kinds, [{ kind: 'leave.slip', title: '学生请假条', size: 'half', ready: true }]);
        assert.deepEqual(json.items.map(({ number }) => number), ['2152001234-QJ-2026-0003', '2152001234-QJ-2026-0001']);
        assert.equal((await teacherB.get(`leave-requests/${leave.id}/documents`)).status, 404);
        assert.equal((await teacher.get('plugins')).json.records.find(({ name }) => name === 'leave-requests').documents, true);
    });

    test('the register: numbers of the school, for those who keep it', async () => {
        const { json } = await office.get('documents');

        assert.deepEqual(json.items.map(({ number }) => number).sort(), ['2152001234-QJ-2026-0001', '2152001234-QJ-2026-0002', '2152001234-QJ-2026-0003', '2152001234-QJ-2027-0001']);
        assert.ok(json.items.every((item) => !('content' in item) && !('hash' in item)));
        assert.equal((await county.get('documents')).json.items.length, 5);
        assert.equal((await office.get('documents?q=2152001234-QJ-2027')).json.items.length, 1);
        assert.equal((await teacher.get('documents')).status, 403);
        assert.equal((await mother.get('documents')).status, 403);
    });
});

describe('many at once', () => {
    test('two dozen different slips at the same moment: no number twice, none left out', async () => {
        const [one] = await server.sql('SELECT * FROM leave_request WHERE id = ?', [leave.id]);
        const ids = Array.from({ length: 24 }, (_, i) => 5000 + i);

        for (const id of ids) {
            const row = { ...one, id, reason: `第 ${id} 张` };
            await server.sql(`INSERT INTO leave_request (${Object.keys(row).join(', ')}) VALUES (${Object.keys(row).map(() => '?').join(', ')})`, Object.values(row));
        }
        const answers = await Promise.all(ids.map((id) => issue(office, id)));

        assert.deepEqual([...new Set(answers.map(({ status }) => status))], [201]);
        const seqs = (await server.sql("SELECT seq FROM document WHERE unit_id = ? AND year = 2026 ORDER BY seq", [world.units.school.id])).map(({ seq }) => seq);
        assert.deepEqual(seqs, Array.from({ length: 27 }, (_, i) => i + 1));
    });

    test('the same slip from eight hands at once: one number', async () => {
        await server.sql("UPDATE leave_request SET reason = '同时打印' WHERE id = 5000");
        const answers = await Promise.all(Array.from({ length: 8 }, () => issue(office, 5000)));

        assert.ok(answers.every(({ status }) => status === 200 || status === 201), answers.map(({ status }) => status).join());
        assert.equal(new Set(answers.map(({ json }) => json.id)).size, 1);
        assert.equal((await server.sql('SELECT used FROM document_counter WHERE unit_id = ? AND year = 2026', [world.units.school.id]))[0].used, 28);
    });

    test('one that fails gives its number back', async () => {
        await server.sql("UPDATE leave_request SET reason = '失败' WHERE id = 5001");
        await server.sql('RENAME TABLE audit_chain TO audit_chain_away');
        const failed = await issue(office, 5001);
        await server.sql('RENAME TABLE audit_chain_away TO audit_chain');

        assert.ok(failed.status >= 500, failed.text);
        assert.equal((await server.sql('SELECT used FROM document_counter WHERE unit_id = ? AND year = 2026', [world.units.school.id]))[0].used, 28);
        assert.equal((await content(office, (await issue(office, 5001)).json.id)).number, '2152001234-QJ-2026-0029');
    });
});

describe('void', () => {
    let id, version;

    before(async () => {
        id = (await issue(office, 5002)).json.id;
        ({ version } = await content(office, id));
    });

    const drop = (client, body = { reason: '打错了' }, options = { version }) => client.post(`documents/${id}/void`, body, options);

    test('with a reason, by those over the school, at the version they saw', async () => {
        assert.equal((await drop(teacher)).status, 403);
        assert.equal((await drop(principal2)).status, 404);
        assert.equal((await drop(office, {})).json.errors[0].field, 'reason');
        assert.equal((await drop(office, { reason: '打错了' }, {})).status, 428);
        assert.equal((await drop(office, { reason: '打错了' }, { version: 99 })).status, 412);
        assert.equal((await drop(nobody)).status, 401);
        assert.equal((await content(teacher, id)).may_void, false);
        assert.equal((await content(office, id)).may_void, true);

        const key = randomUUID();
        const done = await drop(office, { reason: '打错了' }, { version, key });
        assert.equal(done.status, 200, done.text);
        assert.deepEqual((await drop(office, { reason: '打错了' }, { version, key })).json, done.json);
        assert.equal((await drop(office, { reason: '再来' }, { version: version + 1 })).status, 409);

        const document = await content(office, id);
        assert.deepEqual([document.void_reason, document.voided_by, document.may_void], ['打错了', '陈志强', false]);
        assert.equal((await verify(document.number, document.mark)).result, 'void');
        assert.equal(await events('void'), 1);
    });

    test('then the same content gets a new number; the old stays used', async () => {
        const again = await issue(office, 5002);

        assert.equal(again.status, 201);
        assert.notEqual(again.json.id, id);
        assert.equal((await verify((await content(office, id)).number, (await content(office, id)).mark)).result, 'void');
    });

    test('the register tells valid from void', async () => {
        assert.deepEqual((await office.get('documents?view=void')).json.items.map((item) => item.void_reason), ['打错了']);
        assert.ok((await office.get('documents?view=valid')).json.items.every((item) => item.voided_at === null));
    });
});

describe('is it genuine?', () => {
    test('anybody is told kind, issuer and day, and nothing else', async () => {
        const document = await content(office, (await issue(office, 5003)).json.id);
        const answer = await nobody.get(`verify?number=${document.number}&mark=${document.mark.toUpperCase()}`);

        assert.deepEqual(answer.json, { result: 'genuine', kind: 'leave.slip', title: '学生请假条', issuer: '松山乡中心学校', issued_on: '2026-09-21' });
        assert.equal(answer.headers['cache-control'], 'no-store');
        assert.equal((await (await server.client(null, { language: 'en' })).get(`verify?number=${document.number}&mark=${document.mark}`)).json.title, 'Leave slip');
    });

    test('a number with another mark is as unknown as a number that was never given', async () => {
        for (const [number, mark] of [[slip.number, '0'.repeat(20)], [slip.number, slip.mark.slice(0, 19)], ['2152001234-QJ-2026-9999', slip.mark]]) {
            assert.deepEqual(await verify(number, mark), { result: 'unknown' });
        }
        assert.equal((await nobody.get('verify?number=&mark=1')).json.errors[0].field, 'number');
        assert.equal((await nobody.get("verify?number=a'b&mark=1")).status, 422);
        assert.equal((await nobody.get('verify?number=a')).json.errors[0].field, 'mark');
    });

    test('the mark is keyed: nobody makes it from what is on the paper; what is kept is sealed', async () => {
        const [row] = await server.sql('SELECT HEX(hash) hash, content FROM document WHERE id = ?', [slip.id]);

        assert.equal(row.hash.toLowerCase().slice(0, 20), slip.mark);
        assert.ok(!row.content.includes('罗思雨'));
    });

    test('who guesses has to wait; who asks for what exists does not', async () => {
        for (let i = 0; i < 40; i += 1) {
            assert.notEqual((await verify(slip.number, slip.mark)).result, 'unknown');
        }
        let answer;
        for (let i = 0; i < 40 && answer?.status !== 429; i += 1) {
            answer = await nobody.get(`verify?number=2152001234-QJ-2026-${1000 + i}&mark=${slip.mark}`);
        }
        assert.equal(answer.status, 429);
        assert.ok(Number(answer.headers['retry-after']) > 0);
        server.setClock('2026-09-21T07:30:00+08:00');
        assert.equal((await verify(slip.number, slip.mark)).result, 'superseded');
    });
});

describe('what remains', () => {
    test('who printed, printed again and read is in the chain, which holds', async () => {
        assert.ok(await events('issue') > 20 && await events('print') > 3 && await events('read') > 5);
        const [row] = await server.sql("SELECT payload FROM audit_event WHERE record = 'documents' AND action = 'issue' LIMIT 1");
        assert.doesNotMatch(row.payload, /罗思雨|发烧/);
        server.control('audit', 'verify');
    });

    test('principals see theirs', async () => {
        assert.equal((await principal.get(`documents/${slip.id}/content`)).status, 200);
    });
});
