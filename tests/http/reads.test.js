// reads.test.js: how much about people an account may read in an hour and on a day: what counts, what does not, and what is said
// when it has come to its end.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { until } from '../lib/processes.js';
import { start } from '../lib/server.js';
import { buildWorld } from '../lib/world.js';

const morning = '2026-09-21T08:10:00+08:00';                          // a Monday
const least = { hour: 500, day: 1000, export: 100 };
const children = 5;                                                   // of the school
let server, world, who, turn = 0;

before(async () => {
    server = await start({ clock: morning, workers: 2, server: 'access_log "log/refused.log" baoxue_refused if=$baoxue_refused;' });
    world = await buildWorld(server);
    await rule('read.per_hour', least.hour);
    await rule('read.per_day', least.day);
    await rule('export.day_rows', least.export);
});
after(() => server?.stop());

/* Every test has an hour, and mostly a day, of its own. */
beforeEach(async () => {
    turn += 1;
    server.setClock(`2026-09-${21 + turn}T08:10:00+08:00`);
    who = {};
});

const rule = (name, value, unit = world.units.county.id) => server.sql(
    "REPLACE INTO rule_override (rule, unit_id, value, reason, set_by, set_at) VALUES (?, ?, ?, 'test', 1, '2026-09-01')", [name, unit, String(value)]);
const as = async (login) => (who[login] ??= await server.client(login));
let mark = 0;

/** Another page that has the same children: each address is another. */
const page = (client) => client.get(`students?limit=200&x=${mark += 1}`);

/** Reads so many children, five at a time. */
async function read(client, records) {
    for (let n = 0; n < records; n += children) {
        const answer = await page(client);
        assert.equal(answer.status, 200, `after ${n}: ${answer.text}`);
        assert.equal(answer.json.items.length, children);
    }
}

const refused = (answer, seconds) => {
    assert.equal(answer.status, 429, answer.text);
    assert.equal(answer.json.code, 'read_limit');
    assert.equal(answer.headers['retry-after'], String(seconds));
};
const lines = () => fs.readFileSync(path.join(server.dir, 'log/refused.log'), 'utf8').split('\n').filter((line) => line.includes('reason=read_limit'));

describe('how much an account reads', () => {
    test('ends with the hour\'s limit, for every record about people, and begins again with the next', async () => {
        const office = await as('office');
        await read(office, least.hour);
        refused(await page(office), 50 * 60);
        refused(await office.get(`students/${world.students.siyu}`), 50 * 60);
        refused(await office.get('leave-requests'), 50 * 60);
        refused(await office.get('tasks?view=unit'), 50 * 60);
        refused(await office.get('absences'), 50 * 60);
        refused(await office.post(`students/${world.students.siyu}/reveal`, { field: 'id_number', reason: '核对学籍' }), 50 * 60);
        assert.match((await page(office)).json.detail, /^这段时间查看或导出的学生信息太多了.*要过50分钟才能再看/);
        assert.equal((await office.get('session')).status, 200);
        assert.equal((await office.get('tasks/summary')).status, 200);
        assert.equal((await office.get('classes')).status, 200);
        assert.equal((await page(await as('registrar'))).status, 200);      // others go on
        server.setClock(`2026-09-${21 + turn}T09:00:00+08:00`);
        assert.equal((await page(office)).status, 200);
    });

    test('is counted in all workers together, and over sessions', async () => {
        const [one, two] = [await as('office'), await server.client('office')];
        for (let n = 0; n < least.hour; n += 2 * children) {
            assert.equal((await page(one)).status, 200);
            assert.equal((await page(two)).status, 200);
        }
        refused(await page(one), 50 * 60);
        refused(await page(await server.client('office')), 50 * 60);
    });

    test('what is asked for again within the hour counts once: a page that asks by itself uses nothing up', async () => {
        const office = await as('office');
        await rule('read.per_hour', least.hour + children, world.units.school.id);
        await read(office, least.hour - children);
        for (let i = 0; i < 50; i += 1) {
            assert.equal((await office.get('students?limit=200', { headers: { 'x-unattended': '1' } })).status, 200);
        }
        assert.equal((await page(office)).status, 200);
        assert.equal((await page(office)).status, 429);
        assert.equal((await office.get(`students?limit=200&x=${mark += 1}`, { headers: { 'x-unattended': '1' } })).status, 429);      // to say that nobody asked does not help
        await server.sql("DELETE FROM rule_override WHERE rule = 'read.per_hour' AND unit_id = ?", [world.units.school.id]);
    });

    test('ends with the day\'s limit until midnight', async () => {
        const office = await as('office');
        const day = 21 + turn;
        await read(office, least.hour);
        server.setClock(`2026-09-${day}T09:30:00+08:00`);
        await read(office, least.day - least.hour);
        refused(await page(office), 14.5 * 3600);
        assert.match((await page(office)).json.detail, /要过15小时才能再看/);
        server.setClock(`2026-09-${day}T23:59:59+08:00`);
        refused(await page(office), 1);
        server.setClock(`2026-09-${day + 1}T00:00:00+08:00`);
        assert.equal((await page(office)).status, 200);
        turn += 1;
    });

    test('rows of exports count by themselves', async () => {
        const office = await as('office');
        for (let n = 0; n < least.export; n += children) {
            assert.equal((await office.get('students/export?format=csv')).status, 200);
        }
        refused(await office.get('students/export?format=csv'), 15 * 3600 + 50 * 60);
        refused(await office.get('leave-requests/export?format=csv'), 15 * 3600 + 50 * 60);
        assert.equal((await page(office)).status, 200);
    });

    test('the end is in the log of refusals each time, in the chain and among the notices once', async () => {
        const office = await as('office');
        const events = () => server.sql("SELECT unit_id, record_id, account_id, payload FROM audit_event WHERE action = 'read_limit' AND at >= ?", [`2026-09-${21 + turn} 00:00:00`]);
        const notices = () => server.sql("SELECT n.account_id, n.href, n.params FROM notice n WHERE n.kind = 'core.read_limit' AND n.created_at >= ?", [`2026-09-${21 + turn} 00:00:00`]);
        const before = lines().length;
        await read(office, least.hour);
        await Promise.all(Array.from({ length: 8 }, () => page(office)));
        await until('the lines', () => lines().length >= before + 8, 5);
        assert.match(lines().at(-1), new RegExp(`status=429 reason=read_limit method=GET route=students account=${world.accounts.office} address=127\\.0\\.0\\.1$`));
        const rows = await events();
        assert.equal(rows.length, 1);
        assert.equal(String(rows[0].unit_id), String(world.units.school.id));
        assert.equal(String(rows[0].record_id), String(world.accounts.office));
        assert.deepEqual(JSON.parse(rows[0].payload).changes, { rule: 'read.per_hour', read: least.hour, limit: least.hour });
        const [told, ...more] = await notices();
        assert.deepEqual(more, []);
        assert.equal(String(told.account_id), String(world.accounts.county));      // no administrator here: the bureau
        assert.equal(told.href, `#/accounts/${world.accounts.office}`);
        const county = await as('county');
        const { items } = (await county.get('notices')).json;
        assert.match(items[0].text, /^陈志强的账号短时间内查看或导出了500条学生信息，到了上限/);
        assert.match((await county.get(`audit-events?record=accounts&record_id=${world.accounts.office}`)).json.items.map((one) => one.sentence).join(), /陈志强 查看或导出到了上限/);
        server.setClock(`2026-09-${21 + turn}T12:00:00+08:00`);
        await read(office, least.hour);                                           // the day's limit as well
        assert.equal((await page(office)).status, 429);
        assert.equal((await events()).length, 1);
    });

    test('guardians are not counted: they have nobody\'s children but their own', async () => {
        const mother = await as('guardian');
        for (let i = 0; i < 300; i += 1) {
            assert.equal((await mother.get(`leave-requests?x=${i}`)).status, 200);
        }
    });

    test('a reload of nginx forgets nothing', async () => {
        const office = await as('office');
        await read(office, least.hour);
        await server.reload();
        refused(await page(office), 50 * 60);
    });
});
