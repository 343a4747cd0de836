// walk.test.js: every route × every role × rows of one's own, of the other class, of the other school, of another child. What is
// expected is computed here from the tables (baoxuectl routes --json), the roles' capabilities and the tree of units, by rules
// written down anew; what the server answers must agree. And no GET changes anything.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { accountPassword } from '../lib/database.js';
import { buildPlugin } from '../lib/plugin.js';
import { start } from '../lib/server.js';
import { buildWorld, libraryValues } from '../lib/world.js';

const today = '2026-09-22';
/** Everybody of the world. null: nobody is signed in. */
const logins = [null, 'nobody', 'county', 'township', 'principal', 'vice', 'office', 'registrar', 'grade', 'psych', 'teacher', 'subject', 'teacherB',
    'principal2', 'teacher2', 'guardian', 'father', 'guardianHao', 'guardian2'];

/** Written to by reading: the audit row of a sensitive read, and what a session leaves behind. */
const notDomain = ['audit_event', 'audit_chain', 'session', 'revocation', 'throttle', 'idempotency_key'];

/** Routes that would end or replace the session of the one who walks, or sign somebody in. */
const ofSessions = ['POST session', 'DELETE session', 'PATCH session', 'POST password', 'POST activation', 'POST activation/check'];

/** Handlers that are asked about a place: how, and in which scope its capability is judged. Others are asked without one. */
const placed = {
    'GET calendar': ['student', (place) => `student_id=${place.student}`],
    'GET rules': ['unit', (place) => `unit_id=${place.class}`],
    'GET activation-slips': ['unit', (place) => `class_id=${place.class}`],
    'GET leave-requests/preview': ['student', (place) => `student_id=${place.student}&starts_on=${today}&starts_period=1&ends_on=${today}&ends_period=7`,
        ['leave.request', 'leave.enter']],
};

let server, world, tables, units, capabilities;
const people = new Map();                                             // login → { client, account, grants, children }
const records = new Map();                                            // name → record of the tables

before(async () => {
    const plugin = buildPlugin();
    server = await start({ nginx: false, clock: `${today}T07:00:00+08:00`, http: `baoxue_load_plugin "${plugin}";` });
    world = await buildWorld(server);
    server.control('migrate', '--load-plugin', plugin);
    await server.startNginx();
    tables = JSON.parse(server.control('routes', '--json', '--load-plugin', plugin));
    tables.records.forEach((record) => records.set(record.name, record));
    units = new Map((await server.sql('SELECT id, parent_id, level, path, school_id, township_id FROM org_unit')).map((unit) => [String(unit.id), unit]));
    capabilities = new Map();
    for (const { role, capability } of await server.sql('SELECT role, capability FROM role_capability WHERE granted = 1')) {
        capabilities.set(role, (capabilities.get(role) || new Set()).add(capability));
    }
    await fillTables();
    for (const login of logins) {
        people.set(login, await person(login));
    }
});
after(() => server?.stop());

// ---------------------------------------------------------------- who may what, computed

async function person(login) {
    const client = await server.client(login, { password: accountPassword });
    const account = login === null ? '' : String(world.accounts[login]);
    const positions = await server.sql('SELECT role, unit_id FROM `position` WHERE account_id = ?', [account || 0]);
    const children = (await server.sql(`SELECT sg.student_id FROM guardian g JOIN student_guardian sg ON sg.guardian_id = g.id
        WHERE g.account_id = ? AND sg.ends_on IS NULL`, [account || 0])).map((row) => String(row.student_id));
    const grants = positions.map(({ role, unit_id: unit }) => ({ can: capabilities.get(role) || new Set(), unit: units.get(String(unit)) }));

    if (children.length) {
        grants.push({ can: capabilities.get('guardian'), children });
    }
    return { login, client, account, grants, children };
}

const can = (who, capability) => who.grants.some((grant) => grant.can.has(capability));
const below = (unit, top) => unit && unit.path.startsWith(top.path);

/** The unit whose subtree a row must lie in, of a grant's unit; a school's row is not its classes'. */
function holds(grant, scope, row) {
    if (grant.children) {
        return scope === 'student' && grant.children.includes(row.student);
    }
    if (scope === 'student') {
        return below(units.get(row.class), grant.unit);
    }
    return scope === 'school' ? below(units.get(row.school), grant.unit) : below(units.get(row.unit), grant.unit);
}

const allows = (who, capability, scope, row) => who.grants.some((grant) => grant.can.has(capability) && holds(grant, scope, row));
const words = (text) => (text ? text.split(' ') : []);

function sees(who, record, row) {
    return allows(who, record.read, record.scope, row) && (!words(record.private_states).includes(row.state) || row.creator === who.account);
}

/** "route=office,principal escalated=1" */
const whenHolds = (row, when) => words(when).every((clause) => {
    const [column, values] = clause.split('=');

    return row.cells[column] !== null && values.split(',').includes(String(row.cells[column]));
});

/** What acting on a visible row is answered before the body is looked at: 0 means the body is. */
function actStatus(who, record, row, action) {
    let status = 404;

    for (const move of record.transitions.filter((one) => one.action === action && !one.by_job)) {
        const mine = record.scope === 'student' && who.children.includes(row.student);

        if (!words(move.from).includes(row.state) || !whenHolds(row, move.when)) {
            status = status === 404 ? 409 : status;
        } else if (!allows(who, move.capability, record.scope, row) || (move.not_own_child && mine)) {
            status = 403;
        } else {
            return 0;
        }
    }
    return status;
}

// ---------------------------------------------------------------- rows of every record in every place

const places = () => ['siyu', 'hao', 'yu', 'bin', 'xin'].map((student) => {
    const unit = { siyu: 'class1', hao: 'class1', yu: 'class2', bin: 'class2', xin: 'class3' }[student];

    return { name: student, student: String(world.students[student]), class: String(world.units[unit].id), school: String(world.units[unit].school) };
});

/** Something that fits a column. k: another one each time. */
function filler(column, field, k) {
    if (field?.type === 'code') {
        return field.codes[0];
    }
    if (/date|time/.test(column.DATA_TYPE)) {
        const day = `2026-09-${String(1 + (k % 28)).padStart(2, '0')}`;

        return column.DATA_TYPE === 'date' ? day : `${day} 08:00:00`;
    }
    if (/int|decimal|double|float/.test(column.DATA_TYPE)) {
        return field?.min > 0 ? field.min : 1 + (k % 8);
    }
    return /blob|binary/.test(column.DATA_TYPE) ? Buffer.alloc(Math.min(Number(column.CHARACTER_MAXIMUM_LENGTH) || 32, 64), k % 256)
        : `${column.CHARACTER_SET_NAME === 'ascii' ? 'r' : '行'}${k}`.slice(0, Number(column.CHARACTER_MAXIMUM_LENGTH) || 8);
}

let made = 0;

/** One row by SQL, as the workflow would have left it: scope columns, state, and whatever the table demands. */
async function insertRow(record, place, state, creator) {
    const columns = await server.sql(`SELECT COLUMN_NAME, DATA_TYPE, IS_NULLABLE, COLUMN_DEFAULT, CHARACTER_MAXIMUM_LENGTH, CHARACTER_SET_NAME FROM information_schema.columns
        WHERE table_schema = 'baoxue' AND table_name = ?`, [record.table]);
    const fixed = {
        id: libraryValues(server, [{ op: 'id' }])[0], version: 1, state, student_id: place.student, class_id: place.class, school_id: place.school, unit_id: place.unit,
        township_id: units.get(place.school ?? place.unit)?.township_id ?? null, created_by: creator, created_at: '2026-09-20 08:00:00', updated_at: '2026-09-20 08:00:00',
    };
    const row = {};

    made += 1;
    for (const column of columns) {
        const name = column.COLUMN_NAME;
        const field = record.fields.find((one) => one.name === name);

        if (name in fixed && fixed[name] !== undefined) {
            row[name] = fixed[name];
        } else if (field?.type === 'code' || (column.IS_NULLABLE === 'NO' && column.COLUMN_DEFAULT === null)) {
            row[name] = filler(column, field, made);
        }
    }
    const names = Object.keys(row);
    await server.sql(`INSERT INTO \`${record.table}\` (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})`, Object.values(row));
}

/** Of each record a row in every place; in the first place one in every state; private ones of two people. */
async function fillTables() {
    // "one open case a child", "the first notice of a case" and the like: here a child has a row in every state
    const mine = tables.records.map(({ table }) => table).filter((table) => !['student', 'org_unit', 'account'].includes(table));
    const guards = await server.sql(`SELECT DISTINCT table_name AS tab, index_name AS idx FROM information_schema.statistics
        WHERE table_schema = 'baoxue' AND non_unique = 0 AND index_name <> 'PRIMARY' AND table_name IN (${mine.map(() => '?').join(', ')})`, mine);
    for (const { tab, idx } of guards) {
        await server.sql(`ALTER TABLE \`${tab}\` DROP INDEX \`${idx}\``);
    }

    for (const record of tables.records.filter(({ table }) => !['student', 'org_unit'].includes(table))) {
        const secret = words(record.private_states);
        const first = record.states.find((state) => !secret.includes(state));
        const where = record.scope === 'student' ? places() : record.scope === 'school' ? [{ school: String(world.units.school.id) }, { school: String(world.units.school2.id) }]
            : ['county', 'township', 'school', 'gradeUnit', 'class1', 'class2', 'class3'].map((name) => ({ unit: String(world.units[name].id) }));

        for (const [i, place] of where.entries()) {
            await insertRow(record, place, first, world.accounts.county);
            for (const state of i === 0 ? record.states.filter((one) => one !== first && !secret.includes(one)) : []) {
                await insertRow(record, place, state, world.accounts.county);
            }
            for (const state of secret) {
                await insertRow(record, place, state, world.accounts[['guardian', 'teacher'][i % 2]]);
            }
        }
    }
}

/** Every row of a record as the computation needs it. */
async function rowsOf(record) {
    return (await server.sql(`SELECT * FROM \`${record.table}\``)).map((cells) => {
        const text = (name) => (cells[name] === null || cells[name] === undefined ? '' : String(cells[name]));

        return { id: text('id'), state: text('state'), creator: text('created_by'), student: record.table === 'student' ? text('id') : text('student_id'), class: text('class_id'),
            school: text('school_id'), unit: record.table === 'org_unit' ? text('id') : text('unit_id'), cells };
    });
}

// ---------------------------------------------------------------- asking

const wrong = [];

/** Asks, and notes what is not as computed. */
async function ask(who, method, path, expected, { body } = {}) {
    const answer = await who.client.request(method, path, { body, headers: { 'if-match': '*' } });
    const ok = typeof expected === 'function' ? expected(answer.status, answer) : answer.status === expected;

    if (!ok || answer.status >= 500) {
        wrong.push(`${who.login} ${method} ${path}: ${answer.status}, expected ${expected}`);
    }
    return answer;
}

const nothingWrong = () => assert.deepEqual(wrong.splice(0), []);

async function checksums() {
    const names = (await server.sql("SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'baoxue' AND table_type = 'BASE TABLE'"))
        .map(({ name }) => name).filter((name) => !notDomain.includes(name)).sort();
    const sums = await server.sql(`CHECKSUM TABLE ${names.map((name) => `\`${name}\``).join(', ')}`);
    const out = {};

    for (const { Table: table, Checksum: sum } of sums) {
        const name = table.split('.').pop();

        // CHECKSUM TABLE of no_show differs between two readings of the same rows: these are compared as they are
        out[name] = [Number((await server.sql(`SELECT COUNT(*) AS n FROM \`${name}\``))[0].n), name === 'no_show'
            ? JSON.stringify(await server.sql('SELECT * FROM no_show ORDER BY id'), (key, value) => (typeof value === 'bigint' ? String(value) : value)) : String(sum)];
    }
    return out;
}

const everybody = (routes, ask1) => async () => {
    for (const who of people.values()) {
        for (const route of routes()) {
            await ask1(who, route);
        }
    }
    nothingWrong();
};

/** A handler of the same path goes before the route that the engine makes. */
const shadowed = (route) => tables.routes.some((other) => other.kind === 'handler' && other.method === route.method && other.path === route.path);
const generic = (...kinds) => () => tables.routes.filter((route) => kinds.includes(route.kind) && !shadowed(route));
const handlers = (reading) => () => tables.routes.filter((route) => route.kind === 'handler' && (route.method === 'GET') === reading
    && !ofSessions.includes(`${route.method} ${route.path}`));

/** What a route without a row in question asks of somebody: 401, 403 or 0. */
const gate = (who, route) => (route.public ? 0 : who.login === null ? 401 : route.any_user || can(who, route.capability) ? 0 : 403);

test('the tables are there, with rows in every place', async () => {
    assert.ok(tables.routes.length > 40);
    for (const record of records.values()) {
        const rows = await rowsOf(record);

        assert.ok(rows.length >= 2, `${record.name} has ${rows.length} rows`);
        if (record.scope === 'student') {
            assert.deepEqual(places().filter(({ student }) => !rows.some((row) => row.student === student)), [], record.name);
        }
    }
    for (const [login, who] of people) {
        const known = new Set(who.client.session?.capabilities || []);

        assert.deepEqual([...known].filter((capability) => !can(who, capability)), [], `${login} has more than was computed`);
        assert.deepEqual(who.grants.flatMap((grant) => [...grant.can]).filter((capability) => !known.has(capability) && tables.routes.some((route) =>
            words(route.capability).includes(capability))), [], `${login} has less than was computed`);
    }
});

describe('reading', () => {
    let sums;

    before(async () => { sums = await checksums(); });

    test('lists hold the rows of the scope and no other', everybody(generic('list'), async (who, route) => {
        const record = records.get(route.record);
        const expected = who.login === null ? 401 : can(who, record.read) ? 200 : 403;
        const seen = [];
        let next = '';

        do {
            const answer = await ask(who, 'GET', `${route.path}?limit=200${next && `&after=${encodeURIComponent(next)}`}`, expected);

            seen.push(...(answer.json?.items || []).map(({ id }) => id));
            next = answer.json?.next;
        } while (next);
        if (expected === 200) {
            const wanted = (await rowsOf(record)).filter((row) => sees(who, record, row)).map(({ id }) => id);
            const odd = [...seen.filter((id) => !wanted.includes(id)).map((id) => `+${id}`), ...wanted.filter((id) => !seen.includes(id)).map((id) => `-${id}`)];

            if (odd.length || seen.length !== wanted.length) {
                wrong.push(`${who.login} GET ${route.path}: ${odd.join(' ')}`);
            }
        }
    }));

    test('exports hold as many rows as one may see', everybody(generic('export'), async (who, route) => {
        const record = records.get(route.record);
        const answer = await ask(who, 'GET', `${route.path}?format=csv`, who.login === null ? 401 : can(who, record.read) ? 200 : 403);
        const wanted = (await rowsOf(record)).filter((row) => sees(who, record, row)).length;

        if (answer.status === 200 && Number(answer.headers['x-rows']) !== wanted) {
            wrong.push(`${who.login} GET ${route.path}: ${answer.headers['x-rows']} rows, expected ${wanted}`);
        }
    }));

    test('one row, its history, its documents and its rules', everybody(generic('read', 'history', 'documents', 'rules'), async (who, route) => {
        const record = records.get(route.record);

        for (const row of await rowsOf(record)) {
            await ask(who, 'GET', route.path.replace('{id}', row.id), who.login === null ? 401 : !can(who, record.read) ? 403 : sees(who, record, row) ? 200 : 404);
        }
    }));

    test('what handlers answer', everybody(handlers(true), async (who, route) => {
        const [scope, query, needed] = placed[`GET ${route.path}`] || [];
        const record = records.get(route.path.split('/')[0]);
        const open = gate(who, route);

        if (route.path === 'classes') {
            for (const school of ['school', 'school2'].map((name) => String(world.units[name].id))) {
                const mine = [...units.values()].filter((unit) => unit.level === 'class' && String(unit.school_id) === school)
                    .map((unit) => String(unit.id)).filter((unit) => allows(who, route.capability, 'unit', { unit }));

                await ask(who, 'GET', `classes?school_id=${school}`, open || ((status, answer) => status === 200
                    && JSON.stringify(answer.json.items.map(({ id }) => id).sort()) === JSON.stringify(mine.sort())));
            }
        } else if (query) {
            for (const place of places()) {
                const may = (needed || [route.capability]).some((capability) => allows(who, capability, scope, { ...place, unit: place.class }));

                await ask(who, 'GET', `${route.path}?${query(place)}`, open || (may ? 200 : (status) => [403, 404, 422].includes(status)));
            }
        } else if (route.path.includes('{id}') && record) {
            for (const row of await rowsOf(record)) {
                const may = allows(who, route.capability, record.scope, row);

                await ask(who, 'GET', route.path.replace('{id}', row.id), open || (may ? 200 : 404));
            }
        } else {
            await ask(who, 'GET', route.path.replace('{id}', '382812322618357789'), open || ((status) => ![401, ...(route.any_user || route.public ? [403] : [])].includes(status)));
        }
    }));

    test('a path that is none, and a row that is none', async () => {
        for (const who of people.values()) {
            await ask(who, 'GET', 'nothing-of-the-kind', 404);
            for (const record of records.values()) {
                await ask(who, 'GET', `${record.name}/382812322618357789`, who.login === null ? 401 : can(who, record.read) ? 404 : 403);
            }
        }
        nothingWrong();
    });

    test('no GET has changed anything: rows and checksums of all domain tables', async () => {
        assert.deepEqual(await checksums(), sums);
    });
});

describe('writing what is refused', () => {
    let sums;

    before(async () => { sums = await checksums(); });

    test('every action on every row', everybody(generic('act'), async (who, route) => {
        const record = records.get(route.record);

        for (const row of await rowsOf(record)) {
            const expected = who.login === null ? 401 : !can(who, record.read) ? 403 : !sees(who, record, row) ? 404
                : actStatus(who, record, row, route.action) || 422;

            await ask(who, 'POST', route.path.replace('{id}', row.id), expected, { body: { __walk: true } });
        }
    }));

    test('changing every row', everybody(generic('patch'), async (who, route) => {
        const record = records.get(route.record);

        for (const row of await rowsOf(record)) {
            const locked = record.editable !== null && !words(record.editable).includes(row.state);
            const expected = who.login === null ? 401 : !can(who, record.read) ? 403 : !sees(who, record, row) ? 404
                : !allows(who, record.edit, record.scope, row) ? 403 : locked ? 409 : 422;

            await ask(who, 'PATCH', route.path.replace('{id}', row.id), expected, { body: { __walk: true } });
        }
    }));

    test('many at once', everybody(generic('bulk'), async (who, route) => {
        const record = records.get(route.record);

        await ask(who, 'POST', route.path, who.login === null ? 401 : 422, { body: { action: 'no such action', items: [] } });
        if (record.transitions.length === 0) {
            // one record a child: as making one of them, each for itself; a body that says nonsense is refused before anything else
            for (const place of who.login === null ? [] : places()) {
                const answer = await ask(who, 'POST', route.path, 200, { body: { items: [{ student_id: place.student }], __walk: true } });

                if (answer.json?.items?.[0].status !== 422) {
                    wrong.push(`${who.login} bulk of ${record.name}: ${answer.text}`);
                }
            }
            return;
        }

        const action = record.transitions.find((move) => move.from !== null && !move.by_job).action;

        for (const row of (await rowsOf(record)).slice(0, 30)) {
            const body = { action, items: [{ id: row.id, version: 1 }], __walk: true };
            const answer = await ask(who, 'POST', route.path, who.login === null ? 401 : 200, { body });
            const status = !can(who, record.read) ? 403 : !sees(who, record, row) ? 404
                : Number(row.cells.version) !== 1 ? 412 : actStatus(who, record, row, action) || 422;

            if (who.login !== null && answer.json?.items?.[0].status !== status) {
                wrong.push(`${who.login} bulk ${action} of ${record.name} ${row.state}: ${answer.json?.items?.[0].status}, expected ${status}`);
            }
        }
    }));

    test('handlers ask for their capability', everybody(handlers(false), async (who, route) => {
        const open = gate(who, route);

        await ask(who, route.method, route.path.replace('{id}', '382812322618357789'), open || ((status) => status !== 401 && status >= 400), { body: { __walk: true } });
    }));

    test('nothing of it has changed anything', async () => {
        assert.deepEqual(await checksums(), sums);
    });
});

describe('creating', () => {
    /** A body with the least that the fields demand. */
    function bodyOf(record, place, action) {
        const body = {};

        for (const field of record.fields.filter((one) => one.required && !one.by_hook)) {
            body[field.name] = { code: field.codes[0], int: field.min, bool: true, date: today, text: '走一遍'.padEnd(field.min, '。') }[field.type]
                ?? (field.of === 'students' ? place.student : place.unit ?? '1');
        }
        return { ...body, ...(record.transitions.length > 0 && { action }),
            ...(record.place && { [record.place]: record.place === 'school_id' ? place.school : place.class }) };
    }

    test('each in each place: the place is judged before anything else', everybody(generic('create'), async (who, route) => {
        const record = records.get(route.record);
        const ways = record.transitions.filter((move) => move.from === null && !move.by_job);

        for (const { action, capability, not_own_child: notOwn } of ways.length > 0 ? ways : [{ capability: record.create }]) {
            for (const place of places()) {
                const inside = allows(who, capability, record.scope, { ...place, unit: place.class });
                const mine = notOwn && who.children.includes(place.student);
                const field = { student: 'student_id', school: 'school_id', unit: 'unit_id' }[record.scope];
                const outside = (answer) => answer.json?.errors?.some((one) => one.field === field && ['student_not_found', 'not_found'].includes(one.code));
                const expected = who.login === null ? 401 : !can(who, capability) || (inside && mine) ? 403
                    : (status, answer) => (inside ? ![401, 403, 404].includes(status) && !outside(answer) : status === 422 && outside(answer));

                await ask(who, 'POST', route.path, expected, { body: bodyOf(record, place, action) });
            }
        }
    }));
});
