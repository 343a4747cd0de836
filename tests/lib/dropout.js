// dropout.js: what tests of the dropout case share: a county whose people are signed in, a case and what is written into it, on a
// clock that is set.

import assert from 'node:assert/strict';
import { start } from './server.js';
import { buildWorld } from './world.js';

export let server, world;
export const who = {};
const logins = ['guardian', 'teacher', 'teacherB', 'teacher2', 'subject', 'grade', 'vice', 'office', 'registrar', 'principal', 'principal2', 'psych',
    'township', 'county', 'nobody'];
const tables = ['roll_call', 'attendance_mark', 'absence_run', 'absence_rung', 'ladder_touch', 'home_visit', 'contact', 'leave_request', 'task', 'notice', 'job', 'dropout_case', 'dropout_step', 'persuasion', 'refusal', 'tracking', 'return_notice', 'return_report', 'follow_up', 'urgent_report'];

/** The small county, with everybody signed in. */
export async function begin() {
    server = await start({ clock: '2026-09-21T07:00:00+08:00' });
    world = await buildWorld(server);
    for (const login of logins) {
        who[login] = await server.client(login);
    }
    await server.sql("UPDATE session SET expires_at = '2028-01-01'");
}

export const end = () => server?.stop();

/** No cases, no rolls, no tasks; Monday, 21 September, before school. */
export async function clear() {
    for (const table of tables) {
        await server.sql(`DELETE FROM ${table}`);
    }
    at('2026-09-21T07:00');
}

export const at = (time) => server.setClock(`${time}:00+08:00`);
export const id = (student) => String(world.students[student].id ?? world.students[student]);
export const iso = (time) => `${time}:00+08:00`;
export const midnight = (date) => `${new Date(Date.parse(date) + 86400e3).toISOString().slice(0, 10)}T00:00:00+08:00`;   // 24:00 of a day

export async function made(person, record, body) {
    const answer = await who[person].post(record, body);
    assert.equal(answer.status, 201, answer.text);
    return answer.json;
}

export const read = async (person, it) => (await who[person].get(`dropout-cases/${it.id}`)).json;
export const act = (person, it, action, body, options) =>
    who[person].post(`dropout-cases/${it.id}/${action}`, body, { version: it.version, ...options });

/** Acts on the case as it is now; answers the case after it. */
export async function done(person, it, action, body) {
    const answer = await act(person, await read('county', it), action, body);
    assert.equal(answer.status, 200, `${action}: ${answer.text}`);
    return answer.json;
}

export async function steps(it) {
    const { items } = (await who.county.get(`dropout-cases/${it.id}/steps`)).json;
    return (name, n = 1) => items.filter((step) => step.step === name)[n - 1];
}

export async function photo() {
    const png = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');
    return (login) => who[login].post('attachments', png, { headers: { 'content-type': 'image/png' } }).then((a) => {
        assert.equal(a.status, 201, a.text);
        return a.json.id;
    });
}

export function refused(answer, status, code, field, reason) {
    assert.equal(answer.status, status, answer.text);
    assert.equal(answer.json.code, code);
    if (field !== undefined) {
        assert.deepEqual(answer.json.errors.map((e) => [e.field, e.code]).find(([f]) => f === field), [field, reason], answer.text);
        assert.ok(!answer.json.errors[0].message.startsWith('error.'), 'a text stands behind the reason');
    }
}

export const open = (student = 'siyu', more = {}) => ({ student_id: id(student), last_seen_on: '2026-10-10', opened_why: '周一起没来，电话打不通', ...more });
export const form = { cause: 'work', cause_text: '说要跟表哥去打工', whereabouts: 'home', measures: '班主任、年级组长上门三次', plan: '请同村同学一起去' };
export const attempt = (it, more) => ({ student_id: it.student_id, case_id: it.id, way: 'home_visit', people: '王晓梅', with_whom: '母亲和奶奶', outcome: 'undecided',
    effect: '孩子躲着不见', child_words: '读不进去', guardian_words: '劝过了', ...more });
export const serve = (served_on, more) => ({ served_on, served_how: 'in_person', served_by: '韦大明、陈志强', receipt: 'signed', receiver: '杨秀莲', ...more });

export async function notice(it, kind) {
    const { items } = (await who.county.get(`return-notices?case_id=${it.id}`)).json;
    return items.find((one) => one.kind === kind);
}

export const served = async (person, it, kind, body) => {
    const one = await notice(it, kind);
    return who[person].post(`return-notices/${one.id}/serve`, body, { version: one.version });
};
