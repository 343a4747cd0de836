// import.js: what tests of imports share: an empty school for roster-a, its lines, and excerpts of them as files.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { importRoster } from './roster.js';
import { start } from './server.js';
import { buildWorld, checkDigit, libraryValues } from './world.js';

export const data = (name) => fs.readFileSync(new URL(`../data/${name}`, import.meta.url));
export const expected = JSON.parse(data('roster-a.expected.json'));
export const utf8 = data('roster-a.utf8.csv').toString('utf8').replace(/^\ufeff/, '');

export let server, world;
export let empty;                              // the school of roster-a, without children
const clients = {};

/** The small county, and a school with its people for the roster. */
export async function begin() {
    server = await start({ clock: '2026-10-08T09:00:00+08:00' });
    world = await buildWorld(server);
    await server.sql('UPDATE org_unit SET code = NULL WHERE id = ?', [world.units.school.id]);
    empty = await addSchool('板桥乡小学', expected.school);
    await addPerson('registrar3', 'registrar', empty);
    await addPerson('office3', 'office', empty);
    await addPerson('principal3', 'principal', empty);
    await addPerson('both', 'registrar', empty);
    await addPosition(world.accounts.both, 'registrar', world.units.school.id);
}

export const end = () => server?.stop();

export async function as(login) {
    clients[login] ??= await server.client(login);
    return clients[login];
}

export async function addSchool(name, code) {
    const [id] = libraryValues(server, [{ op: 'id' }]);
    const up = world.units.township;
    await server.sql(`INSERT INTO org_unit (id, parent_id, level, name, code, path, township_id, school_id, stage, created_at)
        VALUES (?, ?, 'school', ?, ?, ?, ?, ?, 'primary', '2026-08-20 08:00:00')`, [id, up.id, name, code, `${up.path}${id}/`, up.id, id]);
    return id;
}

export async function addPosition(account, role, unit) {
    const [id] = libraryValues(server, [{ op: 'id' }]);
    await server.sql("INSERT INTO `position` (id, account_id, role, unit_id, starts_on, created_at) VALUES (?, ?, ?, ?, '2026-09-01', '2026-08-20 08:00:00')",
        [id, account, role, unit]);
}

export async function addPerson(login, role, unit) {
    const [id] = libraryValues(server, [{ op: 'id' }]);
    await server.sql(`INSERT INTO account (id, name, login, password, created_at)
        SELECT ?, ?, ?, password, created_at FROM account WHERE id = ?`, [id, login, login, world.accounts.teacher]);
    world.accounts[login] = id;
    await addPosition(id, role, unit);
}

/** Brings a roster, looks at nothing, has it applied. */
export const upload = (client, body, options) => importRoster(server, client, body, options);

export async function rowsOf(client, id, outcome, limit = 200) {
    const items = [];
    for (let after = ''; after !== null;) {
        const answer = await client.get(`imports/${id}/rows?outcome=${outcome}&limit=${limit}${after && `&after=${after}`}`);
        assert.equal(answer.status, 200, answer.text);
        items.push(...answer.json.items);
        after = answer.json.next;
    }
    return items;
}

const tables = ['student', 'enrolment', 'guardian', 'student_guardian', 'activation', 'org_unit'];
export const sums = async () => Object.fromEntries((await server.sql(`CHECKSUM TABLE ${tables.join(', ')}`)).map((r) => [r.Table, r.Checksum]));
export const count = async (sql, args) => Number((await server.sql(`SELECT COUNT(*) AS n FROM ${sql}`, args))[0].n);

/** The roster as records; quotes do not occur in it. */
export const lines = utf8.trimEnd().split('\r\n').map((line) => line.split(','));
export const at = (heading) => lines[0].indexOf(heading);
export const toCsv = (rows) => `${rows.map((row) => row.join(',')).join('\r\n')}\r\n`;

/** Heading and some rows of the roster (numbered as in the spreadsheet), changed. */
export function excerpt(numbers, change = () => {}) {
    const rows = numbers.map((n) => [...lines[n - 1]]);
    rows.forEach((row, i) => change(row, i));
    return toCsv([lines[0], ...rows]);
}

export function identity(first17) {
    return first17 + checkDigit(`${first17}0`);
}
