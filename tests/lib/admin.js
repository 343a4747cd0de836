// admin.js: what tests of administration share: administrators of two schools and of the county, and accounts they make.

import assert from 'node:assert/strict';
import { start } from './server.js';
import { buildWorld, libraryValues } from './world.js';

export let server, world, admin, chief, other;
export const clients = {};

/** The small county with an administrator of a school, of another one and of the county. */
export async function begin() {
    server = await start({ clock: '2026-09-21T07:50:00+08:00' });
    world = await buildWorld(server);
    await appointed('admin1', '邓管理', 'admin', world.units.school.id);
    await appointed('admin2', '龙管理', 'admin', world.units.school2.id);
    await appointed('chief', '县管理', 'admin', world.units.county.id);
    admin = await as('admin1');
    other = await as('admin2');
    chief = await as('chief');
}

export const end = () => server?.stop();

export async function as(login) {
    clients[login] ??= await server.client(login);
    return clients[login];
}

/** An account with a position, written past the API. */
export async function appointed(login, name, role, unit) {
    const [id, position] = libraryValues(server, [{ op: 'id' }, { op: 'id' }]);

    await server.sql('INSERT INTO account (id, name, login, password, created_at) SELECT ?, ?, ?, password, created_at FROM account WHERE id = ?',
        [id, name, login, world.accounts.teacher]);
    await server.sql("INSERT INTO `position` (id, account_id, role, unit_id, starts_on, created_at) VALUES (?, ?, ?, ?, '2026-09-01', '2026-08-20 08:00:00')",
        [position, id, role, unit]);
    world.accounts[login] = id;
    return position;
}

export const one = async (sql, args) => Object.values((await server.sql(sql, args))[0])[0];
export const version = async (account) => Number(await one('SELECT version FROM account WHERE id = ?', [account]));
export const positionOf = (login, role) => one('SELECT id FROM `position` WHERE account_id = ? AND role = ? ORDER BY id DESC LIMIT 1', [world.accounts[login], role]);

export function refused(answer, status, field, code) {
    assert.equal(answer.status, status, answer.text);
    assert.deepEqual(answer.json.errors.map((e) => [e.field, e.code]), [[field, code]], answer.text);
    assert.ok(!/[{}]|^error\./.test(answer.json.errors[0].message), answer.json.errors[0].message);
}

/** Another person's session ends, or changes, within two seconds. */
export async function within(seconds, what) {
    const until = Date.now() + seconds * 1000;

    for (;;) {
        if (await what()) {
            return;
        }
        assert.ok(Date.now() < until, 'it took too long');
        await new Promise((resolve) => { setTimeout(resolve, 100); });
    }
}

let serial = 0;
export async function newTeacher(by = admin, more = {}) {
    serial += 1;
    const answer = await by.post('accounts', { name: `新老师${serial}`, login: `new${serial}`, role: 'subject', unit_id: world.units.class1.id, ...more });

    assert.equal(answer.status, 201, answer.text);
    world.accounts[answer.json.login] = answer.json.id;
    return answer.json;
}
