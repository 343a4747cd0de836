// calendar-admin.test.js: terms, holidays, closures and timetables as people set them up, and what becomes of leave when days
// become others.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { randomUUID } from 'node:crypto';
import { start } from '../lib/server.js';
import { buildWorld } from '../lib/world.js';

let server, world, county, office, principal2, teacher, mother;
const unit = (name) => String(world.units[name].id);
const code = (answer, field) => answer.json.errors?.find((one) => one.field === field)?.code;
const refused = (answer, field, reason) => assert.deepEqual([answer.status, code(answer, field)], [422, reason], answer.text);

before(async () => {
    server = await start({ clock: '2026-09-21T07:00:00+08:00' });
    world = await buildWorld(server);
    [county, office, principal2, teacher, mother] = await Promise.all(['county', 'office', 'principal2', 'teacher', 'guardian'].map((who) => server.client(who)));
});
after(() => server?.stop());

const count = async (sql) => Number((await server.sql(sql))[0].n);
const dayKind = async (who, className, date) => {
    const answer = await who.get(`calendar?class_id=${unit(className)}&from=${date}&to=${date}`);
    assert.equal(answer.status, 200, answer.text);
    return [answer.json.days[0].kind, answer.json.days[0].name];
};

// ------------------------------------------------------------------ terms

test('terms: a unit sees its own and those above, and which of them hold', async () => {
    const answer = await office.get(`terms?unit_id=${unit('school')}`);
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.json.editable, true);
    assert.deepEqual(answer.json.items.map((one) => [one.place, one.holds, one.number, one.starts_on]), [
        ['above', true, 1, '2026-09-01'], ['above', true, 2, '2027-03-01'],
    ]);
    assert.equal((await teacher.get(`terms?unit_id=${unit('class1')}`)).json.editable, false);
    assert.equal((await principal2.get(`terms?unit_id=${unit('school')}`)).status, 404);
});

test('terms: every error names its field', async () => {
    const make = (body) => county.post('terms', { unit_id: unit('county'), number: 1, starts_on: '2027-09-01', ends_on: '2028-01-28', ...body });
    refused(await make({ ends_on: '2027-09-01' }), 'ends_on', 'calendar.term_backwards');
    refused(await make({ ends_on: '2028-07-20' }), 'ends_on', 'calendar.term_long');
    refused(await make({ starts_on: '2027-06-01', ends_on: '2027-09-30' }), 'ends_on', 'calendar.term_two_years');
    refused(await make({ starts_on: '2026-08-20', ends_on: '2026-08-28' }), 'number', 'calendar.term_there');
    refused(await make({ number: 3 }), 'number', 'out_of_range');
    refused(await make({ starts_on: 'soon' }), 'starts_on', 'not_date');
    refused(await make({ number: undefined }), 'number', 'required');
    refused(await make({ more: 1 }), 'more', 'unknown_field');
    refused(await make({ number: 2, starts_on: '2027-07-01', ends_on: '2027-07-20' }), 'number', 'calendar.term_there');
    assert.equal((await county.get(`terms?unit_id=${unit('county')}`)).json.items.length, 2);
});

test('terms: a school sets its own; the nearest holds; dates change by version; removed again', async () => {
    const body = { unit_id: unit('school'), number: 1, starts_on: '2026-08-31', ends_on: '2027-01-22' };
    assert.equal((await teacher.post('terms', body)).status, 403);
    assert.equal((await principal2.post('terms', body)).status, 404);

    const key = randomUUID();
    const made = await office.post('terms', body, { key });
    assert.equal(made.status, 201, made.text);
    assert.equal((await office.post('terms', body, { key })).json.id, made.json.id);
    refused(await office.post('terms', body), 'number', 'calendar.term_there');
    refused(await office.post('terms', { ...body, number: 2, starts_on: '2027-01-20', ends_on: '2027-06-30' }), 'starts_on', 'calendar.term_overlap');
    refused(await office.post('terms', { ...body, number: 2, starts_on: '2026-08-03', ends_on: '2026-08-20' }), 'number', 'calendar.term_order');

    const list = (await office.get(`terms?unit_id=${unit('school')}`)).json.items;
    assert.deepEqual(list.map((one) => [one.place, one.number, one.holds]), [['above', 1, false], ['above', 2, false], ['own', 1, true]]);
    assert.deepEqual(await dayKind(teacher, 'class1', '2027-01-25'), ['outside_term', null]);
    assert.deepEqual((await dayKind(principal2, 'class3', '2027-01-25'))[0], 'school');

    const path = `terms/${made.json.id}`;
    const dates = { starts_on: '2026-08-31', ends_on: '2027-01-25' };
    assert.equal((await office.patch(path, dates)).status, 428);
    assert.equal((await office.patch(path, dates, { version: 7 })).status, 412);
    assert.equal((await teacher.patch(path, dates, { version: 1 })).status, 403);
    assert.equal((await principal2.patch(path, dates, { version: 1 })).status, 404);
    refused(await office.patch(path, { ...dates, starts_on: '2027-03-01', ends_on: '2027-02-01' }, { version: 1 }), 'ends_on', 'calendar.term_backwards');
    refused(await office.patch(path, { starts_on: '2027-09-01', ends_on: '2028-01-10' }, { version: 1 }), 'starts_on', 'calendar.term_other_year');
    const changed = await office.patch(path, dates, { version: 1 });
    assert.deepEqual([changed.status, changed.json.version, changed.json.ends_on], [200, 2, '2027-01-25'], changed.text);

    assert.equal((await office.del(path, { version: 1 })).status, 412);
    assert.equal((await office.del(path, { version: 2 })).status, 204);
    assert.equal((await office.del(path, { version: 2 })).status, 404);
    assert.deepEqual(await dayKind(teacher, 'class1', '2027-01-25'), ['school', null]);

    const audit = await server.sql("SELECT action, payload FROM audit_event WHERE record = 'terms' ORDER BY seq");
    assert.deepEqual(audit.map((one) => one.action), ['create', 'edit', 'remove']);
    assert.deepEqual(JSON.parse(audit[1].payload).changes.ends_on, ['2027-01-22', '2027-01-25']);
});

test('terms: two people at once cannot make them overlap', async () => {
    const vice = await server.client('vice');
    const answers = await Promise.all([office, vice].flatMap((who, i) => [1, 2, 3].map((k) => who.post('terms', {
        unit_id: unit('school'), number: 1 + (i + k) % 2, starts_on: '2028-09-01', ends_on: '2029-01-20' }))));
    assert.equal(answers.filter((one) => one.status === 201).length, 1, answers.map((one) => one.text).join('\n'));
    assert.ok(answers.every((one) => [201, 409, 422].includes(one.status)));
    await server.sql('DELETE FROM term WHERE school_year = 2028');
});

// ------------------------------------------------------------------ holidays and make-up days

test('days: the county enters a holiday for everybody, a school one of its own', async () => {
    const body = { unit_id: unit('county'), kind: 'holiday', name: '劳动节', starts_on: '2027-05-01', ends_on: '2027-05-03' };
    assert.equal((await office.post('calendar-days', body)).status, 404);
    assert.equal((await teacher.post('calendar-days', body)).status, 403);
    const made = await county.post('calendar-days', body);
    assert.deepEqual([made.status, made.json.days, made.json.statutory], [201, 3, true], made.text);
    assert.deepEqual(await dayKind(teacher, 'class1', '2027-05-03'), ['holiday', '劳动节']);

    const own = await office.post('calendar-days', { ...body, unit_id: unit('school'), name: '校运会', starts_on: '2026-11-05', ends_on: '2026-11-05' });
    assert.deepEqual([own.status, own.json.statutory], [201, false], own.text);
    assert.deepEqual(await dayKind(teacher, 'class1', '2026-11-05'), ['holiday', '校运会']);
    assert.deepEqual(await dayKind(principal2, 'class3', '2026-11-05'), ['school', null]);

    // what a school has for itself is no holiday of its office
    const week = (await office.get(`workdays?unit_id=${unit('school')}&from=2026-11-02&to=2026-11-08`)).json;
    assert.equal(week.working_days, 5);
    assert.equal((await office.get(`workdays?unit_id=${unit('school')}&from=2027-05-01&to=2027-05-09`)).json.working_days, 4);
    assert.equal((await office.get(`workdays?unit_id=${unit('school')}&from=2026-10-01&to=2026-10-11`)).json.working_days, 3);

    const list = (await office.get(`calendar-days?unit_id=${unit('school')}`)).json;
    assert.deepEqual(list.items.filter((one) => one.name !== '元旦').map((one) => [one.name, one.place, one.days]), [
        ['国庆节', 'above', 1], ['国庆节', 'above', 1], ['国庆节', 'above', 1], ['国庆节', 'above', 1], ['国庆节', 'above', 1],
        ['国庆节', 'above', 1], ['国庆节', 'above', 1], ['国庆调休', 'above', 1], ['校运会', 'own', 1], ['劳动节', 'above', 3]]);

    const path = `calendar-days/${own.json.id}`;
    const other = { name: '校运会', starts_on: '2026-11-05', ends_on: '2026-11-06' };
    assert.equal((await office.patch(path, other)).status, 428);
    assert.equal((await principal2.patch(path, other, { version: 1 })).status, 404);
    const moved = await office.patch(path, other, { version: 1 });
    assert.deepEqual([moved.status, moved.json.version, moved.json.days], [200, 2, 2], moved.text);
    assert.equal((await office.patch(path, other, { version: 1 })).status, 412);
    assert.equal((await dayKind(teacher, 'class1', '2026-11-06'))[0], 'holiday');
    assert.equal((await office.del(path, { version: 2 })).status, 204);
    assert.equal((await dayKind(teacher, 'class1', '2026-11-06'))[0], 'school');
    assert.equal((await office.del(path, { version: 2 })).status, 404);
    assert.equal((await county.del(`calendar-days/${made.json.id}`, { version: 1 })).status, 204);
});

test('days: bounds, each with its field', async () => {
    const make = (body) => office.post('calendar-days', { unit_id: unit('school'), kind: 'holiday', name: '校庆', starts_on: '2026-11-05', ends_on: '2026-11-05', ...body });
    refused(await make({ ends_on: '2026-11-04' }), 'ends_on', 'calendar.backwards');
    refused(await make({ ends_on: '2027-02-04' }), 'ends_on', 'calendar.days_long');
    refused(await make({ kind: 'party' }), 'kind', 'not_in_list');
    refused(await make({ name: '' }), 'name', 'required');
    refused(await make({ kind: 'makeup' }), 'starts_on', 'calendar.makeup_weekday');
    assert.equal((await make({ kind: 'makeup', starts_on: '2026-10-02', ends_on: '2026-10-02' })).status, 201);   // the county has a holiday then
    refused(await make({ starts_on: '2026-10-01', ends_on: '2026-10-04' }), 'starts_on', 'calendar.day_taken');
    const saturday = await make({ kind: 'makeup', name: '补课', starts_on: '2026-11-07', ends_on: '2026-11-07' });
    assert.equal(saturday.status, 201, saturday.text);
    assert.deepEqual(await dayKind(teacher, 'class1', '2026-11-07'), ['makeup', '补课']);
    await server.sql('DELETE FROM calendar_day WHERE unit_id = ?', [world.units.school.id]);
});

const announcement = `国务院办公厅关于2027年部分节假日安排的通知
国办发明电〔2026〕7号
各省、自治区、直辖市人民政府：
经国务院批准，现将2027年元旦、春节、清明节放假调休日期的具体安排通知如下。
一、元旦：1月1日（周五）至3日（周日）放假，共3天。
二、春节：2月5日（农历除夕、周五）至11日（农历正月初六、周四）放假调休，共7天。1月31日（周日）、2月13日（周六）上班。
三、清明节：4月5日（周一）放假，与周末连休。
2026年11月4日`;

test('days: the announcement of a year is pasted, looked at, entered once', async () => {
    const ask = (body) => county.post('calendar-days/paste', { unit_id: unit('county'), text: announcement, ...body });
    assert.equal((await office.post('calendar-days/paste', { unit_id: unit('county'), text: announcement })).status, 404);
    const seen = await ask({});
    assert.equal(seen.status, 200, seen.text);
    assert.deepEqual(seen.json.faults, []);
    assert.deepEqual(seen.json.items.map((one) => [one.kind, one.name, one.starts_on, one.ends_on, one.verdict]), [
        ['holiday', '元旦', '2027-01-01', '2027-01-03', 'taken'],
        ['holiday', '春节', '2027-02-05', '2027-02-11', 'new'],
        ['makeup', '春节', '2027-01-31', '2027-01-31', 'new'],
        ['makeup', '春节', '2027-02-13', '2027-02-13', 'new'],
        ['holiday', '清明节', '2027-04-05', '2027-04-05', 'new'],
    ]);
    assert.equal(await count("SELECT COUNT(*) AS n FROM calendar_day WHERE name = '春节'"), 0);

    const done = await ask({ apply: true });
    assert.deepEqual([done.status, done.json.added], [200, 4], done.text);
    assert.equal(await count("SELECT COUNT(*) AS n FROM calendar_day WHERE name = '春节'"), 9);
    const again = await ask({ apply: true });
    assert.deepEqual([again.json.added, again.json.items.map((one) => one.verdict)], [0, ['taken', 'same', 'same', 'same', 'same']]);

    refused(await ask({ text: '没有日子' }), 'text', 'calendar.no_dates');
    refused(await ask({ text: '元旦：2月30日放假' }), 'text', 'calendar.no_such_day');
    refused(await ask({ text: '2027-06-09 2027-06-09 放假 端午节\n6月20日', year: 2027, apply: true }), 'text', 'calendar.paste_kind');
    await server.sql("DELETE FROM calendar_day WHERE name IN ('春节', '清明节')");
});

// ------------------------------------------------------------------ closures

test('closures: two classes of a school close for snow; another last day; cancelled, with history', async () => {
    const body = { kind: 'weather', reason: '大雪封路', starts_on: '2026-12-07', ends_on: '2026-12-09', class_ids: [unit('class1'), unit('class2')] };
    assert.equal((await teacher.post('closures', body)).status, 403);
    refused(await principal2.post('closures', body), 'class_ids', 'calendar.closure_scope');
    refused(await office.post('closures', { ...body, class_ids: [] }), 'class_ids', 'calendar.closure_which');
    refused(await office.post('closures', { ...body, class_ids: ['x'] }), 'class_ids', 'not_found');
    refused(await county.post('closures', { ...body, class_ids: [unit('class1'), unit('class3')] }), 'class_ids', 'calendar.closure_school');
    refused(await office.post('closures', { ...body, kind: 'fun' }), 'kind', 'not_in_list');
    refused(await office.post('closures', { ...body, ends_on: '2026-12-01' }), 'ends_on', 'calendar.backwards');
    refused(await office.post('closures', { ...body, starts_on: '2027-02-10', ends_on: '2027-02-11' }), 'starts_on', 'calendar.closure_term');
    refused(await office.post('closures', { ...body, starts_on: '2027-01-28', ends_on: '2027-02-11' }), 'ends_on', 'calendar.closure_past_term');

    const key = randomUUID();
    const made = await office.post('closures', body, { key });
    assert.equal(made.status, 201, made.text);
    assert.equal((await office.post('closures', body, { key })).json.id, made.json.id);
    assert.equal(made.json.classes.length, 2);
    refused(await office.post('closures', { ...body, class_ids: [unit('class2')] }), 'class_ids', 'calendar.closure_there');
    assert.deepEqual(await dayKind(teacher, 'class1', '2026-12-08'), ['closed', '大雪封路']);
    assert.equal(await count('SELECT COUNT(*) AS n FROM closure'), 2);

    const path = `closures/${made.json.id}`;
    const seen = (await office.get('closures?view=coming')).json.items;
    assert.deepEqual(seen.map((one) => [one.id, one.class_count, one.classes.length, one.actions.map((a) => a.action)]), [[made.json.id, 2, 2, ['end', 'cancel']]]);
    assert.equal((await principal2.get(path)).status, 404);

    assert.equal((await office.post(`${path}/end`, { ends_on: '2026-12-08' })).status, 428);
    assert.equal((await office.post(`${path}/end`, { ends_on: '2026-12-08' }, { version: 9 })).status, 412);
    refused(await office.post(`${path}/end`, { ends_on: '2026-12-01' }, { version: 1 }), 'ends_on', 'calendar.backwards');
    refused(await office.post(`${path}/end`, { ends_on: '2026-12-09' }, { version: 1 }), 'ends_on', 'calendar.closure_same');
    refused(await office.post(`${path}/end`, {}, { version: 1 }), 'ends_on', 'required');
    const ended = await office.post(`${path}/end`, { ends_on: '2026-12-08', comment: '路通了' }, { version: 1 });
    assert.deepEqual([ended.status, ended.json.ends_on, ended.json.version], [200, '2026-12-08', 2], ended.text);
    assert.deepEqual(await dayKind(teacher, 'class1', '2026-12-09'), ['school', null]);
    assert.deepEqual(await dayKind(teacher, 'class1', '2026-12-08'), ['closed', '大雪封路']);

    refused(await office.post(`${path}/cancel`, {}, { version: 2 }), 'comment', 'required');
    assert.equal((await office.post(`${path}/cancel`, { comment: '没下雪' }, { version: 2 })).status, 200);
    assert.equal((await office.post(`${path}/cancel`, { comment: '没下雪' }, { version: 3 })).status, 409);
    assert.deepEqual(await dayKind(teacher, 'class1', '2026-12-08'), ['school', null]);
    assert.deepEqual((await office.get(`${path}/history`)).json.items.map((one) => [one.action, one.comment]),
        [['cancel', '没下雪'], ['end', '路通了'], ['order', null]]);
});

// ------------------------------------------------------------------ timetable

test('timetable: of a class, of every weekday; the rest as above', async () => {
    const path = `timetable?unit_id=${unit('class1')}`;
    const before_ = (await office.get(path)).json;
    assert.deepEqual([before_.version, before_.week.value, before_.periods.origin, before_.days[0].periods.length], [0, '1-5', null, 7]);

    const set = (body, version, who = office) => who.post('timetable', { unit_id: unit('class1'), reason: '午后放学', ...body }, { version });
    assert.equal((await set({ periods: '4+3' }, undefined)).status, 428);
    assert.equal((await set({ periods: '4+3' }, 5)).status, 412);
    assert.equal((await set({ periods: '4+3' }, 0, teacher)).status, 403);
    assert.equal((await set({ periods: '4+3' }, 0, principal2)).status, 404);
    refused(await set({ periods: 'many' }, 0), 'periods', 'calendar.periods_text');
    refused(await set({ week: '8' }, 0), 'week', 'calendar.week_text');
    refused(await set({ bells: '08:40-08:00' }, 0), 'bells', 'calendar.bells_text');
    refused(await set({ periods: '6+6' }, 0), 'bells', 'rule.short_of_bells');
    refused(await set({ periods: '0,0,0,0,0,4+3,0' }, 0), 'periods', 'rule.no_school_day');
    refused(await set({ periods: '4+3', reason: '' }, 0), 'reason', 'required');

    const done = await set({ periods: '4+3,4+3,4+3,4+3,4+0,0,0' }, 0);
    assert.deepEqual([done.status, done.json.version], [200, 1], done.text);
    const friday = (await teacher.get(`calendar?class_id=${unit('class1')}&from=2026-09-25&to=2026-09-25`)).json.days[0];
    assert.deepEqual([friday.am, friday.pm], [4, 0]);
    assert.equal((await office.get(`timetable?unit_id=${unit('school')}`)).json.below[0].unit_id, unit('class1'));
    assert.equal((await office.get(path)).json.periods.own, true);

    const reset = await set({ reason: '改回' }, 1);
    assert.equal(reset.status, 200, reset.text);
    assert.equal((await office.get(path)).json.periods.own, false);
    assert.equal(await count('SELECT COUNT(*) AS n FROM rule_override'), 0);
    const audit = await server.sql("SELECT payload FROM audit_event WHERE action = 'timetable' ORDER BY seq");
    assert.deepEqual(JSON.parse(audit[0].payload).changes['day.periods'], ['4+3', '4+3,4+3,4+3,4+3,4+0,0,0']);
});

test('year: the days of a class in runs, with reasons, school days of months and terms', async () => {
    const year = (await teacher.get(`calendar/year?unit_id=${unit('class1')}`)).json;
    assert.equal(year.school_year, 2026);
    assert.equal(year.runs[0].from, '2026-08-01');
    assert.equal(year.runs[year.runs.length - 1].to, '2027-07-31');
    assert.deepEqual(year.runs.find((run) => run.name === '国庆节'), { from: '2026-10-01', to: '2026-10-07', kind: 'holiday', name: '国庆节' });
    assert.deepEqual(year.months.slice(0, 3).map((one) => [one.month, one.days, one.school_days]), [['2026-08', 31, 0], ['2026-09', 30, 22], ['2026-10', 31, 18]]);
    assert.deepEqual(year.terms.map((one) => one.starts_on), ['2026-09-01', '2027-03-01']);
    const sum = year.runs.reduce((n, run) => n + (['school', 'makeup'].includes(run.kind) ? (Date.parse(run.to) - Date.parse(run.from)) / 86400e3 + 1 : 0), 0);
    assert.equal(sum, year.terms.reduce((n, one) => n + one.school_days, 0));
    assert.equal((await principal2.get(`calendar/year?unit_id=${unit('class1')}`)).status, 404);
    refused(await teacher.get(`calendar/year?unit_id=${unit('class1')}&school_year=x`), 'school_year', 'filter');
});

// ------------------------------------------------------------------ what follows

const ask = (who, body) => who.post('leave-requests', { action: 'submit', student_id: String(world.students.siyu), kind: 'sick', reason: '发烧去医院',
    starts_period: 1, ends_period: 7, ...body });
const leave = async (id) => (await mother.get(`leave-requests/${id}`)).json;

test('leave that is asked for or going on is worked out again when its days become others', async () => {
    const made = await ask(mother, { starts_on: '2026-09-21', ends_on: '2026-09-22' });
    assert.equal(made.status, 201, made.text);
    assert.deepEqual([made.json.school_days, made.json.back_on, made.json.route], [2, '2026-09-23', 'office']);

    const snow = await office.post('closures', { kind: 'weather', reason: '大雪', starts_on: '2026-09-22', ends_on: '2026-09-24', class_ids: [unit('class1')] });
    assert.equal(snow.status, 201, snow.text);
    server.runJobs();
    const closed = await leave(made.json.id);
    assert.deepEqual([closed.school_days, closed.back_on, closed.route, closed.version], [1, '2026-09-25', 'teacher', 2]);
    assert.equal((await mother.get(`leave-requests/${made.json.id}/history`)).json.items[0].action, 'recalculate');
    assert.equal(await count('SELECT COUNT(*) AS n FROM calendar_change'), 0);

    assert.equal((await teacher.post(`leave-requests/${made.json.id}/approve`, {}, { version: 2 })).status, 200);
    server.setClock('2026-09-21T08:10:00+08:00');
    server.runJobs();
    assert.equal((await leave(made.json.id)).state, 'away');

    // the snow is gone earlier: back on Wednesday
    assert.equal((await office.post(`closures/${snow.json.id}/end`, { ends_on: '2026-09-22' }, { version: 1 })).status, 200);
    server.setClock('2026-09-21T08:11:00+08:00');
    server.runJobs();
    assert.deepEqual([(await leave(made.json.id)).back_on, (await leave(made.json.id)).school_days], ['2026-09-23', 1]);

    // Wednesday passes without the child; that evening it is said that the class was closed after all
    server.setClock('2026-09-23T08:05:00+08:00');
    server.runJobs();
    assert.equal((await leave(made.json.id)).state, 'overdue');
    assert.equal((await office.post(`closures/${snow.json.id}/end`, { ends_on: '2026-09-23' }, { version: 2 })).status, 200);
    server.setClock('2026-09-23T08:30:00+08:00');
    server.runJobs();
    const again = await leave(made.json.id);
    assert.deepEqual([again.state, again.back_on], ['away', '2026-09-24']);

    // nothing more to do: told again, nothing changes
    await server.sql('INSERT INTO calendar_change (id, class_id, from_on, to_on, at) VALUES (5, ?, ?, ?, ?)',
        [world.units.class1.id, '2026-09-01', '2026-10-01', '2026-09-23 08:30:00']);
    server.setClock('2026-09-23T08:31:00+08:00');
    server.runJobs();
    assert.equal((await leave(made.json.id)).version, again.version);
});
