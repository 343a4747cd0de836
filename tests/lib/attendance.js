// attendance.js: what tests of attendance share: a county whose people are signed in, and rolls taken on a clock that is set.

import assert from 'node:assert/strict';
import { start } from './server.js';
import { buildWorld } from './world.js';

export let server, world;
export const who = {};

/** The small county, with everybody signed in. */
export async function begin() {
    server = await start({ clock: '2026-09-21T07:30:00+08:00' });
    world = await buildWorld(server);
    for (const login of ['guardian', 'guardianHao', 'teacher', 'teacherB', 'teacher2', 'subject', 'grade', 'vice', 'office', 'registrar',
        'principal', 'principal2', 'township', 'county', 'psych', 'nobody']) {
        who[login] = await server.client(login);
    }
    await server.sql("UPDATE session SET expires_at = '2028-01-01'");
}

export const end = () => server?.stop();

/** No rolls, no leave, no tasks; Monday, 21 September, when the first period has begun. */
export async function clear() {
    for (const table of ['roll_call', 'attendance_mark', 'roll_expected', 'absence_run', 'absence_rung', 'ladder_touch', 'ladder_night', 'contact',
        'absence_report', 'home_visit', 'leave_request', 'task', 'notice', 'dropout_case', 'dropout_step', 'rule_override', 'job']) {
        await server.sql(`DELETE FROM ${table}`);
    }
    at('2026-09-21T08:05');
}

export const at = (time) => server.setClock(`${time}:00+08:00`);
export const id = (student) => String(world.students[student].id ?? world.students[student]);
export const cls = (name) => String(world.units[name].id);
export const mark = (student, kind, more = {}) => ({ student_id: id(student), kind, ...more });

export const roll = (person, marks, body = {}, options = {}) =>
    who[person].post('roll-calls', { class_id: cls('class1'), marks, ...body }, options);

export async function taken(person, marks, body, options) {
    const answer = await roll(person, marks, body, options);
    assert.equal(answer.status, 201, answer.text);
    return answer.json;
}

/** Absent on whole days, as two rolls a day taken in time. */
export async function absentOn(student, days, others = []) {
    for (const day of days) {
        for (const time of ['08:05', '14:05']) {
            at(`2026-${day}T${time}`);
            await taken('teacher', [mark(student, 'absent'), ...others]);
        }
    }
}

export function refused(answer, status, code, field, reason) {
    assert.equal(answer.status, status, answer.text);
    assert.equal(answer.json.code, code, answer.text);
    if (field !== undefined) {
        assert.deepEqual(answer.json.errors.map((e) => [e.field, e.code]), [[field, reason]], answer.text);
        assert.ok(!answer.json.errors[0].message.startsWith('error.'), answer.text);
    }
}

export const ok = (answer, status = 200) => {
    assert.equal(answer.status, status, answer.text);
    return answer.json;
};
export const jobs = (time) => {
    at(time);
    server.runJobs();
};
export const rungs = async (state = 'open') => (await server.sql(
    'SELECT step, turn, reason, missed FROM absence_rung WHERE state = ? ORDER BY run_id, step, turn', [state]))
    .map((r) => `S${r.step}${r.turn > 1 ? `.${r.turn}` : ''}${r.reason ? `:${r.reason}` : ''}${r.missed ? '!' : ''}`).join(' ');
export const tasks = async (state = 'open') => (await server.sql("SELECT kind FROM task WHERE state = ? AND kind LIKE 'attendance.%' AND kind NOT LIKE 'attendance.roll%' ORDER BY kind", [state]))
    .map((t) => t.kind.replace('attendance.', '')).join(' ');
export const alerts = async (state = 'open') => (await server.sql("SELECT kind FROM task WHERE state = ? AND kind LIKE 'attendance.roll%' ORDER BY kind", [state]))
    .map((t) => t.kind.replace('attendance.', '')).join(' ');
export const seat = (sheet, student) => sheet.students.find((s) => s.id === id(student));

export const visit = (student, more = {}) => ({
    student_id: id(student), kind: 'absence', way: 'in_person', place: '孩子家里', with_teacher: true, visitors: '王晓梅', talked_to: '奶奶',
    words: '孩子说明天来', effect: 'comes_back', witness: '村委会罗主任', ...more,
});
export const contact = (student, more = {}) => ({ student_id: id(student), channel: 'phone', reached: true, person: '李春花', reason: 'sick', ...more });
