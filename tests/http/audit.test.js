// audit.test.js: the audit trail as people read it, the chain as it is verified, and what whoever runs the server sees.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { start } from '../lib/server.js';
import { buildWorld } from '../lib/world.js';

let server, world, county, principal, principal2, teacher, mother, slip;
const unit = (name) => String(world.units[name].id);
const code = (answer, field) => answer.json.errors?.find((one) => one.field === field)?.code;

before(async () => {
    server = await start({ clock: '2026-09-21T07:00:00+08:00' });
    world = await buildWorld(server);
    [county, principal, principal2, teacher, mother] = await Promise.all(['county', 'principal', 'principal2', 'teacher', 'guardian'].map((who) => server.client(who)));
    slip = (await mother.post('leave-requests', { action: 'submit', student_id: String(world.students.siyu), kind: 'sick', reason: '发烧', starts_on: '2026-09-21',
        starts_period: 1, ends_on: '2026-09-21', ends_period: 7 })).json;
    slip = (await teacher.post(`leave-requests/${slip.id}/approve`, { comment: '好好休息' }, { version: slip.version })).json;
    assert.equal(slip.state, 'approved');
});
after(() => server?.stop());

const all = async (who, query = '') => {
    const answer = await who.get(`audit-events?limit=200${query}`);
    assert.equal(answer.status, 200, answer.text);
    return answer.json.items;
};

test('who may read it: the principal the own school, the county all, a teacher nothing', async () => {
    assert.equal((await teacher.get('audit-events')).status, 403);
    assert.equal((await mother.get('audit-events')).status, 403);
    assert.equal((await teacher.get('audit-chains')).status, 403);
    assert.ok((await all(principal)).every((one) => one.unit_id === unit('school')));
    assert.ok((await all(principal)).some((one) => one.record === 'leave-requests'));
    assert.equal((await all(principal2)).filter((one) => one.record === 'leave-requests').length, 0);
    assert.equal((await principal2.get(`audit-events?unit_id=${unit('school')}`)).status, 404);
    assert.equal((await principal2.get(`audit-chains/${unit('school')}/verify`)).status, 404);
    assert.ok(new Set((await all(county)).map((one) => one.unit_id)).size > 1);
    assert.equal((await all(county, `&unit_id=${unit('school')}`)).length, (await all(principal)).length);
});

test('an event is a sentence, its changes fields with words, in the language of the reader', async () => {
    const [approved] = await all(principal, `&record=leave-requests&record_id=${slip.id}&action=approve`);
    assert.equal(approved.sentence, '王晓梅 同意（请假：罗思雨）');
    assert.equal(approved.at, '2026-09-21T07:00:00+08:00');
    const change = (name) => approved.changes.find((one) => one.field === name);
    assert.deepEqual(change('state'), { field: 'state', label: '状态', from: '等老师同意', to: '已同意' });
    assert.deepEqual(change('decided_by'), { field: 'decided_by', label: '谁批的', from: null, to: '王晓梅' });
    assert.deepEqual(change('comment'), { field: 'comment', label: '说明', from: null, to: '好好休息' });

    const english = await server.client('principal', { language: 'en' });
    const [event] = await all(english, `&record=leave-requests&record_id=${slip.id}&action=submit`);
    assert.match(event.sentence, /^杨秀莲: Hand in \(leave, 罗思雨\)$/);
    assert.equal(event.changes.find((one) => one.field === 'kind').to, 'Sick leave');
});

test('an edited field has what it was and what it is', async () => {
    const draft = (await mother.post('leave-requests', { action: 'save', student_id: String(world.students.yu), kind: 'sick', reason: '牙疼', starts_on: '2026-09-24',
        starts_period: 1, ends_on: '2026-09-24', ends_period: 4 })).json;
    assert.equal((await mother.patch(`leave-requests/${draft.id}`, { reason: '看牙医', kind: 'sick' }, { version: 1 })).status, 200);
    const [edited] = await all(principal, `&record=leave-requests&record_id=${draft.id}&action=edit`);
    assert.deepEqual(edited.changes.find((one) => one.field === 'reason'), { field: 'reason', label: '事由', from: '牙疼', to: '看牙医' });
    assert.equal(edited.changes.some((one) => one.field === 'kind'), false, 'what stayed the same is no change');
});

test('secrets are named, never quoted', async () => {
    const answer = await teacher.post(`students/${world.students.siyu}/reveal`, { field: 'id_number', reason: '核对学籍' });
    assert.equal(answer.status, 200, answer.text);
    const text = (await principal.get('audit-events?limit=200')).text;
    assert.equal(text.includes(world.idNumbers.siyu), false);
    const [event] = await all(principal, '&action=reveal');
    assert.equal(event.about, '罗思雨');
    assert.equal(event.changes.find((one) => one.field === 'reason').to, '核对学籍');
});

test('filters: who, record, action, days; pages without a gap', async () => {
    assert.ok((await all(principal, `&who=${encodeURIComponent('王晓梅')}`)).every((one) => one.by === '王晓梅'));
    assert.ok((await all(principal, '&who=teacher')).length > 0);
    assert.equal((await all(principal, '&who=somebody')).length, 0);
    assert.ok((await all(principal, `&account_id=${world.accounts.guardian}`)).every((one) => one.by === '杨秀莲'));
    assert.equal((await all(principal, '&from=2026-09-01&to=2026-09-20')).length, 0);
    assert.ok((await all(principal, '&from=2026-09-21')).length > 0);

    const whole = await all(county);
    const seen = [];
    for (let after = ''; after !== null;) {
        const page = (await county.get(`audit-events?limit=3${after && `&after=${after}`}`)).json;
        seen.push(...page.items);
        after = page.next;
    }
    assert.deepEqual(seen.map((one) => `${one.unit_id}.${one.number}`), whole.map((one) => `${one.unit_id}.${one.number}`));

    for (const [query, field, reason] of [['from=x', 'from', 'not_date'], ['from=2026-09-20&to=2026-09-01', 'to', 'calendar.backwards'],
        ['from=2020-01-01&to=2026-09-01', 'from', 'audit.too_long'], ['record_id=5', 'record', 'required'], ['record_id=x&record=terms', 'record_id', 'filter'],
        ['limit=0', 'limit', 'filter'], ['after=1.2', 'after', 'filter'], ['unit_id=x', 'unit_id', 'filter']]) {
        const answer = await county.get(`audit-events?${query}`);
        assert.deepEqual([query, answer.status, code(answer, field)], [query, 422, reason]);
    }
});

test('a chain is verified in slices, and what was changed, taken out or cut off is found', async () => {
    const chains = (await principal.get('audit-chains')).json;
    assert.deepEqual(chains.items.map((one) => one.unit_id), [unit('school')]);
    assert.ok(chains.records.some((one) => one.record === 'leave-requests' && one.label === '请假'));
    assert.equal(chains.all, false);

    const verify = async (after = '') => {
        const answer = await principal.get(`audit-chains/${unit('school')}/verify${after && `?after=${after}`}`);
        assert.equal(answer.status, 200, answer.text);
        return answer.json;
    };
    const whole = await verify();
    assert.deepEqual([whole.whole, whole.first_bad, whole.next, whole.verified], [true, null, null, whole.events]);

    // as many as one slice and some more: written here as the server writes them
    await server.sql(`INSERT INTO audit_event (unit_id, seq, at, account_id, action, record, record_id, payload, hash)
        WITH RECURSIVE n (seq, payload, hash) AS (
            SELECT k.seq, CAST('x' AS CHAR(20)), k.head FROM audit_chain k WHERE k.unit_id = ${unit('school')}
            UNION ALL SELECT seq + 1, CONCAT('{"n":', seq + 1, '}'), UNHEX(SHA2(CONCAT(hash, CONCAT('{"n":', seq + 1, '}')), 256)) FROM n WHERE seq < ${whole.events} + 900)
        SELECT ${unit('school')}, seq, '2026-09-21 07:00:00', NULL, 'test', 'tests', NULL, payload, hash FROM n WHERE seq > ${whole.events}`);
    await server.sql(`UPDATE audit_chain SET seq = seq + 900, head = (SELECT hash FROM audit_event WHERE unit_id = ${unit('school')} ORDER BY seq DESC LIMIT 1)
        WHERE unit_id = ${unit('school')}`);
    assert.deepEqual([(await verify()).whole, (await verify()).verified], [true, whole.events + 900]);
    assert.equal((await verify(String(whole.events))).whole, true);

    const bad = whole.events + 700;
    await server.sql(`UPDATE audit_event SET payload = '{"n":0}' WHERE unit_id = ${unit('school')} AND seq = ${bad}`);
    assert.deepEqual([(await verify()).whole, (await verify()).first_bad], [false, bad]);
    assert.equal((await verify(String(bad - 1))).first_bad, bad);
    await server.sql(`UPDATE audit_event SET payload = '{"n":${bad}}' WHERE unit_id = ${unit('school')} AND seq = ${bad}`);
    assert.equal((await verify()).whole, true);

    await server.sql(`DELETE FROM audit_event WHERE unit_id = ${unit('school')} AND seq = ${bad}`);
    assert.equal((await verify()).first_bad, bad);
    assert.equal((await verify(String(bad))).first_bad, bad);
    await server.sql(`DELETE FROM audit_event WHERE unit_id = ${unit('school')} AND seq > ${bad}`);
    assert.equal((await verify()).first_bad, bad);
});

test('jobs: what each is, when it ran, what became of it', async () => {
    assert.equal((await principal.get('jobs')).status, 403);
    const job = async (name) => (await county.get('jobs')).json.items.find((one) => one.name === name);
    assert.equal((await job('leave.clock')).state, 'never');
    server.runJobs();
    const ran = await job('leave.clock');
    assert.deepEqual([ran.state, ran.result, ran.every, ran.ran_at, ran.next_at], ['ok', 'ok', 15, '2026-09-21T07:00:00+08:00', '2026-09-21T07:00:15+08:00']);
    assert.match(ran.node, /baoxuectl/);
    assert.equal(ran.label, '请假到点：开始、逾期、转代批');
    assert.deepEqual((await county.get('jobs')).json.items.filter((one) => one.label === one.name), [], 'every job has words');
    await server.sql("UPDATE job SET result = 'unavailable' WHERE name = 'leave.clock'");
    assert.equal((await job('leave.clock')).state, 'failed');
    await server.sql("UPDATE job SET result = 'ok', ran_at = '2026-09-20 07:00:00' WHERE name = 'leave.clock'");
    assert.equal((await job('leave.clock')).state, 'late');
    await server.sql("UPDATE job SET leased_until = '2026-09-21 07:01:00' WHERE name = 'leave.clock'");
    assert.equal((await job('leave.clock')).state, 'running');
});

test('system: version, schema, database, disk, and what the doctor finds', async () => {
    assert.equal((await principal.get('system')).status, 403);
    await server.sql("UPDATE job SET result = 'ok', leased_until = NULL");
    const seen = (await county.get('system')).json;
    assert.match(seen.version, /^\d+\.\d+\.\d+/);
    assert.equal(seen.database.schema, seen.database.schema_newest);
    assert.match(seen.database.version, /MariaDB/);
    assert.ok(seen.database.milliseconds > 0 && seen.connections.open > 0 && seen.connections.statements > 0);
    assert.ok(seen.attachments.free_bytes > 0);
    assert.ok(seen.findings.some((one) => one.check === 'version' && one.level === 'ok'));
    assert.ok(seen.plugins.includes('leave'));
    await server.sql("UPDATE job SET result = 'internal' WHERE name = 'leave.clock'");
    const ill = (await county.get('system')).json;
    assert.equal(ill.faults, seen.faults + 1);
    assert.match(ill.findings.find((one) => one.check === 'job').mend, /error\.log/);
});
