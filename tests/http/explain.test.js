// explain.test.js: every statement that requests and jobs send to the database, on tables as large as years make them: what
// MariaDB made of it, by which key, and how many rows it looked at. Nothing may read a table that grows from end to end.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { grow } from '../lib/grown.js';
import { buildPlugin } from '../lib/plugin.js';
import { importRoster } from '../lib/roster.js';
import { start } from '../lib/server.js';
import { record } from '../lib/statements.js';

/** Tables that stay small whatever happens. */
const small = new Set(['role_capability', 'job', 'org_unit', 'term', 'calendar_day', 'throttle', 'audit_chain', 'schema_migration', 'task_count',
    'TABLES', 'USER_PRIVILEGES', 'SCHEMA_PRIVILEGES', 'TABLE_PRIVILEGES'  /* of information_schema */]);

/** Tables of which even a grown county has a handful of rows here: while they have, any plan is good, and which one MariaDB takes depends on
 *  when it last counted them. */
const sparse = new Set(['absence_run', 'absence_rung', 'absence_report', 'contact', 'home_visit', 'dropout_case', 'dropout_step', 'no_show', 'revocation']);
const handful = 40;

/** Statements that look at more rows than a page has, how, and why they may. */
const wide = [
    [/ FROM (?:\(\(SELECT t\.id FROM )?(?:scholarship|dropout_roster) t /, ['ALL'], 'what nobody has used yet: of an empty table any plan is good'],
    [/ st\.name LIKE /, ['ref', 'ref|filter', 'range'], 'a search by name looks at the leave of everybody who bears it'],
    [/^SELECT s\.class_id, COUNT\(DISTINCT g\.id\)/, ['ref'], 'figures of one school, asked for with its roster'],
    [/^SELECT p\.unit_id, p\.role, a\.name FROM position p JOIN account a .*(,\d+){100}/s, ['index'], 'who decides the leave of 90 children at once'],
    [/ FROM dropout_case t FORCE INDEX \(trend\)/, ['index', 'range', 'ref'], 'how far cases came, counted from one key without the rows'],
    [/ FROM dropout_case t FORCE INDEX \(figures\)/, ['index', 'range', 'ref'], 'figures of units, counted from one key without the rows'],
    [/^SELECT p\.role, COUNT\(DISTINCT p\.account_id\)/, ['ALL', 'index'], 'holders of each role, for the one page of whoever gives rights: a few thousand in a county'],
    [/^INSERT INTO task_count /, ['ref', 'range'], 'what waits is counted by the clock, so that no page has to'],
    [/^SELECT COUNT\(\*\) FROM \(SELECT 1 AS one FROM .* LIMIT 100\) x$/s, ['ALL', 'index', 'range', 'ref', 'ref|filter'], 'how many wait: counted to a hundred'],
    [/ - INTERVAL 60 DAY AND /, ['range', 'ref', 'ref|filter'], 'the list of a day: whoever is not back yet may have left two months ago'],
    [/^SELECT id FROM dropout_case WHERE state IN \(.* LIMIT 500$/, ['index', 'range'], 'the clock goes through the open cases, 500 at once'],
    [/^SELECT s\.id, s\.name, s\.seat_no, s\.class_id, e\.came_at/, ['ref', 'range', 'eq_ref'], 'the start of a term: every child of a school once'],
    [/ FROM no_show t .* LIMIT 5000$/s, ['ALL', 'index', 'range', 'ref', 'eq_ref'], 'the clock goes through the children who have not come: few, and for days'],
    [/ FROM ladder_touch t /, ['ALL', 'index'], 'children whose ladder waits: a queue that is empty again within seconds'],
    [/ FROM absence_run r WHERE r\.state = 'open' AND r\.next_at <= /, ['ALL', 'range', 'ref'], 'children who are missing now: few, and this many in a demonstration'],
    [/ absence_rung g | FROM contact x |^INSERT IGNORE INTO ladder_night /, ['ALL', 'ref', 'range', 'index'], 'a grown county has no absences yet: of empty tables any plan is good'],
    [/^SELECT DISTINCT d\.id FROM dropout_step s JOIN dropout_case d /, ['ref', 'range', 'eq_ref', 'index'], 'the clock goes through the steps that are due'],
    [/^SELECT account_id, token_hash FROM revocation WHERE at >= /, ['ALL', 'range'], 'rows of a minute: older ones are gone'],
    [/^SELECT t\.id FROM .* LIMIT \d{5}$/s, ['ref', 'ref|filter', 'range', 'index', 'ALL'], 'an export takes the ids of all its rows, once'],
    [/ FROM closure x JOIN org_unit u .*(,\d+){15}/s, ['range', 'eq_ref', 'ref', 'ALL'], 'the classes of as many closures as a page has'],
    [/^SELECT seq, payload, hash FROM audit_event /, ['range'], 'a chain is computed again, five hundred events at a time'],
    [/^SELECT DISTINCT e\.record FROM audit_event e /, ['index', 'range'], 'kinds of records there are, for the one page of the audit trail'],
    [/^SELECT COUNT\(DISTINCT g\.id\), COUNT\(DISTINCT CASE /, ['ref'], 'figures of one school, for the page that says what it still needs'],
    [/^SELECT \(SELECT COUNT\(\*\) FROM org_unit k WHERE k\.school_id = u\.id /, ['ref', 'ref|filter'], 'the same page'],
    [/^DELETE FROM \w+ WHERE \w+ < .* LIMIT 1000$/, ['range', 'index'], 'what is out of date goes, a thousand rows at a time'],
];

const mostOfOneKey = 400;                     // rows of one table that a statement may go through; a page has up to 200
const mostOfAll = 2000;                       // of all tables together

const roles = ['county', 'township', 'principal', 'office', 'registrar', 'grade', 'teacher', 'guardian', 'admin', 'both', 'several'];

let server;
let statements;
let api;
let class1;
let class2;
let someClass;
let schools;
const who = {};

before(async () => {
    const plugin = buildPlugin();
    server = await start({ demo: true, nginx: false, http: `baoxue_load_plugin "${plugin}";` });
    server.control('migrate', '--load-plugin', plugin);
    await grow(server);
    schools = (await server.sql("SELECT id FROM org_unit WHERE level = 'school' ORDER BY id")).map(({ id }) => String(id));
    await people();
    statements = await record(server);
    await server.startNginx();
    for (const login of roles) {
        who[login] = await server.client(login);
    }
    api = (await who.county.get('openapi.json')).json;
});
after(() => server?.stop());

/** Beside the county's: a class teacher with a child in another class; a teacher of two classes of one school who sits in the
 *  office of another. */
async function people() {
    const [teacher] = await server.sql(`SELECT a.password, p.unit_id, u.school_id FROM account a
        JOIN \`position\` p ON p.account_id = a.id JOIN org_unit u ON u.id = p.unit_id WHERE a.login = 'teacher'`);
    [class1, class2] = await server.sql(`SELECT id, school_id FROM org_unit WHERE level = 'class' AND school_id = ? AND id <> ?
        ORDER BY id LIMIT 2`, [teacher.school_id, teacher.unit_id]);
    const [elsewhere] = await server.sql("SELECT id FROM org_unit WHERE level = 'school' AND id <> ? LIMIT 1", [teacher.school_id]);
    const positions = [['both', 11, 'teacher', class1.id], ['several', 12, 'teacher', class1.id], ['several', 12, 'teacher', class2.id],
        ['several', 12, 'office', elsewhere.id]];
    for (const [i, [login, account, role, unit]] of positions.entries()) {
        await server.sql("INSERT IGNORE INTO account (id, name, login, password, created_at) VALUES (?, ?, ?, ?, '2026-08-01')",
            [account, login, login, teacher.password]);
        await server.sql(`INSERT INTO \`position\` (id, account_id, role, unit_id, starts_on, created_at)
            VALUES (?, ?, ?, ?, '2026-08-01', '2026-08-01')`, [i + 1, account, role, unit]);
    }
    await server.sql(`UPDATE guardian SET account_id = 11 WHERE id = (SELECT MIN(l.guardian_id) FROM student_guardian l
        JOIN student s ON s.id = l.student_id WHERE s.class_id = ?)`, [class2.id]);
    someClass = teacher.unit_id;
}

const ok = (answer, status = 200) => {
    assert.equal(answer.status, status, answer.text);
    return answer.json;
};

// ---------------------------------------------------------------- reading everything

/** Paths of openapi.json that were answered to somebody. */
const answered = new Set();

async function get(login, path, query = '') {
    const answer = await who[login].get(`${path.slice(1)}${query && `?${query}`}`);
    assert.ok(answer.status < 500, `${login}: ${path}?${query}: ${answer.status}`);
    return answer;
}

/** The same list in every way its parameters, states and views allow, and its second page each time. */
async function readList(login, path, described) {
    const first = await get(login, path, 'limit=20');
    if (first.status !== 200) {
        return [];
    }
    answered.add(path);
    const name = path.slice(1);
    const item = first.json.items.at(-1) ?? {};
    const parameters = described.parameters.map((parameter) => parameter.name);
    const workflow = ok(await get(login, '/plugins')).records.find((r) => r.name === name);
    const states = (workflow?.states ?? []).map((state) => state.name);
    const places = ['student_id', 'class_id', 'school_id'].filter((column) => item[column]).map((column) => `${column}=${item[column]}`);
    const filters = parameters.filter((p) => !['limit', 'after', 'q', 'state', 'queue'].includes(p) && (item[p] ?? null) !== null);
    const queries = [
        ...places, ...filters.map((p) => `${p}=${item[p]}`), ...states.map((state) => `state=${state}`),
        ...(workflow?.views ?? []).map((view) => `view=${view}`),
        ...(states.length > 0 ? [`state=${states.join(',')}`] : []),
        ...(states.length > 0 ? places.map((place) => `${place}&state=${states.slice(0, 3).join(',')}`) : []),
        ...(parameters.includes('q') ? [`q=${encodeURIComponent((item.student_name ?? item.name ?? '罗').slice(0, 1))}`] : []),
        ...(parameters.includes('queue') ? ['queue=mine'] : []),
    ];
    for (const query of ['', ...queries]) {
        const page = ok(await get(login, path, `${query}&limit=5`));
        if (page.next) {
            ok(await get(login, path, `${query}&limit=5&after=${encodeURIComponent(page.next)}`));
        }
    }
    ok(await get(login, path));
    if (first.json.next) {
        const second = ok(await get(login, path, `limit=20&after=${encodeURIComponent(first.json.next)}`));
        if (second.next) {
            ok(await get(login, path, `limit=100&after=${encodeURIComponent(second.next)}`));
        }
    }
    return first.json.items;
}

async function readAll(login) {
    const ids = {};
    const gets = Object.entries(api.paths).filter(([, methods]) => methods.get);
    for (const [path, { get: described }] of gets.filter(([p]) => !p.includes('{id}'))) {
        if ((described.parameters ?? []).some((parameter) => parameter.name === 'after')) {
            const items = await readList(login, path, described);
            ids[path.slice(1)] = items.slice(0, 2).map((item) => item.id);
        } else if ((await get(login, path)).status === 200) {
            answered.add(path);
        }
    }
    for (const [path] of gets.filter(([p]) => p.includes('{id}'))) {
        for (const id of ids[path.split('/')[1]] ?? []) {
            if ((await get(login, path.replace('{id}', id))).status === 200) {
                answered.add(path);
            }
        }
    }
    await readWithArguments(login);
}

/** What waits for somebody, in every way a list of tasks can be asked for; one of them with all about it. */
async function readTasks(login) {
    const ways = ['', ...['overdue', 'today', 'coming', 'delegated', 'unit'].map((view) => `view=${view}`),
        ...['overdue', 'today', 'coming', 'raised'].map((due) => `view=unit&due=${due}`)];
    for (const way of ways) {
        const page = await get(login, '/tasks', `${way}&limit=5`);
        if (page.status !== 200) {
            continue;
        }
        answered.add('/tasks');
        if (page.json.next) {
            ok(await get(login, '/tasks', `${way}&limit=5&after=${page.json.next}`));
        }
        for (const { id, class_id: unit, school_id: school } of page.json.items.slice(0, 1)) {
            for (const path of ['/tasks/{id}', '/tasks/{id}/history', '/tasks/{id}/colleagues']) {
                if ((await get(login, path.replace('{id}', id))).status === 200) {
                    answered.add(path);
                }
            }
            await get(login, '/tasks', `view=unit&class_id=${unit}&school_id=${school}`);
            await get(login, '/tasks/counts', `unit_id=${school}`);
        }
    }
    ok(await get(login, '/notices', 'unread=true'));
}

/** What administration asks with arguments; the chain of a school; one account, roll and closure with all about it. */
async function readPlaces(login) {
    const mine = (await get(login, '/org-units/tree')).json?.items?.[0];
    const queries = mine ? [['/positions', `unit_id=${mine.id}&below=true&past=true`], ['/rules/history', `key=leave.teacher_days&unit_id=${mine.id}`], ['/setup', `school_id=${mine.school_id ?? schools[0]}`],
        ['/calendar/year', `unit_id=${mine.id}`], ['/unit-texts', `unit_id=${mine.id}`], ['/unit-texts/history', `key=document.leave.slip.note&unit_id=${mine.id}`],
        ['/accounts', `unit_id=${mine.id}&kind=staff`]] : [];
    for (const [path, query] of [...queries, ['/texts', 'plugin=scholarship&lang=en']]) {
        if ((await get(login, path, query)).status === 200) {
            answered.add(path);
        }
    }
    for (const [list, member, ...below] of [['/accounts?kind=staff', 'id', '/accounts/{id}'], ['/audit-chains', 'unit_id', '/audit-chains/{id}/verify'],
        ['/calendar/closures', 'id', '/closures/{id}', '/closures/{id}/history'], ['/closures?view=over', 'id', '/closures/{id}', '/closures/{id}/history'],
        ['/roll-calls?day=2026-09-02', 'id', '/roll-calls/{id}'], [`/org-units/tree?q=${encodeURIComponent('学校')}`, 'id', '/org-units/{id}/overview', '/org-units/{id}/moves']]) {
        const [path, query] = list.split('?');
        const id = (await get(login, path, query)).json?.items?.[0]?.[member];
        for (const one of id ? below : []) {
            if ((await get(login, one.replace('{id}', id))).status === 200) {
                answered.add(one);
            }
        }
    }
}

async function readWithArguments(login) {
    await readTasks(login);
    await readPlaces(login);
    const { items = [] } = (await get(login, '/students', 'limit=1')).json;
    for (const { id, class_id: unit, school_id: school } of items) {
        for (const [path, query] of [
            ['/calendar', `class_id=${unit}`], ['/calendar', `student_id=${id}`], ['/rules', `unit_id=${unit}`],
            ['/classes', `school_id=${school}&with=term,seats,guardians`], ['/activation-slips', `class_id=${unit}`],
            ['/responsibilities/chart', `unit_id=${unit}`], ['/leave-requests/preview', `student_id=${id}&starts_on=2026-11-30&starts_period=1&ends_on=2026-12-01&ends_period=7`],
        ]) {
            if ((await get(login, path, query)).status === 200) {
                answered.add(path);
            }
        }
    }
}

// ---------------------------------------------------------------- what is wrong with a statement

/** Which table an alias is; a name that stands for several in one statement stands for those that grow. */
function tablesOf(text) {
    const words = 'WHERE|ON|ORDER|LIMIT|SET|JOIN|LEFT|USING|GROUP|UNION|VALUES|SELECT|IGNORE';
    const mentions = new RegExp(`\\b(?:FROM|JOIN|UPDATE|INTO)\\s+(\\w+)(?:\\s+(?!(?:${words})\\b)(?:AS\\s+)?(\\w+))?`, 'g');
    const tables = new Map();
    for (const [, table, alias] of text.matchAll(mentions)) {
        const name = alias ?? table;
        if (!tables.has(name) || small.has(tables.get(name))) {
            tables.set(name, table);
        }
    }
    return tables;
}

function faultsOf({ text, examined, plan }) {
    const tables = tablesOf(text);
    const reason = wide.find(([pattern]) => pattern.test(text));
    const faults = [];
    for (const { table, type, key, r_rows: rows } of plan) {
        const name = tables.get(table) ?? table;
        if (table === 'NULL' || table.startsWith('<') || small.has(name)) {
            continue;
        }
        const seen = Number.parseFloat(rows) || 0;
        if (sparse.has(name) && seen <= handful) {
            continue;
        }
        if (type === 'ALL' && /^(INSERT|REPLACE) INTO \w+ \([^()]*\) VALUES /.test(text)) {
            continue;                          // writes what it was given: nothing is read
        }
        if (type === 'ALL' && !reason?.[1].includes('ALL')) {
            faults.push(`reads all of ${name}`);
        } else if (seen > mostOfOneKey && !reason?.[1].includes(type)) {
            faults.push(`reads ${seen} rows of ${name} by key ${key} (${type})`);
        }
    }
    if (examined > mostOfAll && !reason) {
        faults.push(`looks at ${examined} rows`);
    }
    const shown = text.replaceAll(/\b\d{15,}\b/g, 'N').replace(/^SELECT t\.id.{300,}? FROM /s, 'SELECT … FROM ').slice(0, 600);
    return faults.map((fault) => `${fault}: ${shown}`);
}

function judge() {
    const byShape = new Map();
    for (const statement of statements.read()) {
        for (const fault of faultsOf(statement)) {
            byShape.set(statement.shape, fault);
        }
    }
    assert.deepEqual([...byShape.values()].slice(0, 12), []);
}

// ----------------------------------------------------------------

describe('the rules of this test', () => {
    const plan = (table, type, rows) => [{ table, type, key: 'k', r_rows: rows }];

    test('tell a walk through a table from a page of it', () => {
        const text = 'SELECT t.id FROM leave_request t LEFT JOIN org_unit cl ON cl.id = t.class_id WHERE TRUE';
        assert.equal(faultsOf({ text, examined: 6, plan: plan('t', 'ALL', '6.00') }).length, 1);
        assert.equal(faultsOf({ text, examined: 5000, plan: plan('t', 'index', '5000.00') }).length, 2);
        assert.equal(faultsOf({ text, examined: 41, plan: plan('t', 'index', '41.00') }).length, 0);
        assert.equal(faultsOf({ text, examined: 41, plan: plan('cl', 'ALL', '41.00') }).length, 0);
        assert.equal(faultsOf({ text: 'UPDATE student SET name = name', examined: 9000, plan: [] }).length, 1);
    });

    test('find what is wrong with a statement of the application', () => {
        const seen = statements.read().length;
        server.control('account', 'list');
        const [list] = statements.read().slice(seen).filter(({ text }) => /^SELECT .* FROM account\b/s.test(text));
        assert.match(faultsOf(list)[0], /^reads (all|\d{4} rows) of account/);
        statements.forget();
    });

    test('the tables are larger than what they allow', async () => {
        for (const table of ['student', 'guardian', 'student_guardian', 'enrolment', 'leave_request', 'history', 'audit_event',
            'idempotency_key', 'session', 'activation', 'attachment', 'import_row', 'account']) {
            const [{ n }] = await server.sql(`SELECT COUNT(*) AS n FROM \`${table}\``);
            assert.ok(Number(n) > 1.2 * mostOfAll, `${table}: ${n}`);
        }
    });
});

describe('every GET in every way', () => {
    for (const login of roles) {
        test(`as ${login}`, async () => {
            await readAll(login);
            judge();
        });
    }
});

describe('a page of a list is read by the key of its scope', () => {
    const lists = [
        // who        list              query             key
        ['teacher',   'leave-requests', '',               'class'],
        ['teacher',   'leave-requests', 'state=returned', 'class_state'],
        ['principal', 'leave-requests', '',               'school'],
        ['principal', 'leave-requests', 'state=rejected', 'school_state'],
        ['principal', 'leave-requests', 'view=today',     'school_ends'],
        ['township',  'leave-requests', 'state=rejected', 'township_state'],
        ['county',    'leave-requests', '',               'PRIMARY'],
        ['county',    'leave-requests', 'state=away',     'state'],
        ['guardian',  'leave-requests', '',               'student'],
        ['teacher',   'students',       '',               'class'],
        ['principal', 'students',       '',               'school'],
        ['township',  'students',       '',               'township'],
        ['county',    'students',       '',               'class'],
        ['registrar', 'imports',        '',               'school'],
    ];

    for (const [login, list, query, key] of lists) {
        test(`${list}?${query} of ${login}: ${key}`, async () => {
            const before = statements.read().length;
            const { items } = ok(await who[login].get(`${list}?${query}&limit=30`));
            const table = { 'leave-requests': 'leave_request', students: 'student', imports: 'import' }[list];
            const [{ plan, examined }] = statements.read().slice(before).filter(({ text }) => text.includes(`FROM ${table} t `));
            const line = plan.find((candidate) => candidate.table === 't');
            assert.equal(line.key, key);
            assert.ok(Number(line.r_rows) <= Math.max(2 * items.length, 60), `${line.r_rows} rows for ${items.length}`);
            assert.ok(examined <= 400, `${examined} rows`);
        });
    }
});

describe('whoever has several places', () => {
    /** All pages of a list. */
    async function pages(login, query) {
        const ids = [];
        for (let next = ''; next !== null;) {
            const page = ok(await who[login].get(`${query}&limit=37${next && `&after=${encodeURIComponent(next)}`}`));
            ids.push(...page.items.map((item) => item.id));
            next = page.next;
        }
        return ids;
    }

    const scopes = {
        both: `t.class_id = ? OR t.student_id IN
            (SELECT l.student_id FROM student_guardian l JOIN guardian g ON g.id = l.guardian_id WHERE g.account_id = 11)`,
        several: "t.class_id IN (?, ?) OR t.school_id = (SELECT unit_id FROM `position` WHERE account_id = 12 AND role = 'office')",
    };
    for (const [login, where] of Object.entries(scopes)) {
        test(`${login}: sees each child once, in order, over all pages`, async () => {
            const expected = await server.sql(`SELECT t.id FROM student t WHERE ${where} ORDER BY t.class_id, t.seat_no, t.id`,
                [class1.id, class2.id]);
            assert.ok(expected.length > 40);
            assert.deepEqual(await pages(login, 'students?'), expected.map(({ id }) => id));
        });

        test(`${login}: sees each leave once, newest first, all of them and those of a state`, async () => {
            for (const [query, more] of [['', "t.state <> 'draft'"], ['state=returned', "t.state = 'returned'"]]) {
                const expected = await server.sql(`SELECT t.id FROM leave_request t WHERE (${where}) AND ${more} ORDER BY t.id DESC`,
                    [class1.id, class2.id]);
                assert.ok(expected.length > 40, `${login} ${query}: ${expected.length}`);
                assert.deepEqual(await pages(login, `leave-requests?${query}`), expected.map(({ id }) => id));
            }
        });
    }
});

describe('writing', () => {
    const leave = (child, day, more = {}) => ({ student_id: child.id, kind: 'personal', starts_on: `2026-12-${day}`, starts_period: 1,
        ends_on: `2026-12-${day}`, ends_period: 7, reason: '家里有事', ...more });
    const act = async (login, { id, version }, action, body = {}) =>
        ok(await who[login].post(`leave-requests/${id}/${action}`, body, { version }));

    test('leave: kept, changed, handed in, agreed to, refused, taken back, many at once', async () => {
        const child = ok(await who.guardian.get('my-children')).items.find((item) => item.class_id === someClass);
        const photo = fs.readFileSync(new URL('../unit/files/photo.png', import.meta.url));
        const file = ok(await who.guardian.post('attachments', photo, { headers: { 'content-type': 'image/png' } }), 201);
        assert.equal((await get('guardian', '/attachments/' + file.id)).status, 200);
        answered.add('/attachments/{id}');
        ok(await who.guardian.post(`attachments/${file.id}/thumbnail`, photo, { headers: { 'content-type': 'image/png' } }), 201);
        assert.equal((await get('guardian', `/attachments/${file.id}/thumbnail`)).status, 200);
        answered.add('/attachments/{id}/thumbnail');
        const kept = ok(await who.guardian.post('leave-requests', leave(child, '07', { certificate: [file.id], action: 'save' })), 201);
        const changed = ok(await who.guardian.patch(`leave-requests/${kept.id}`, { reason: '去县城看牙' }, { version: kept.version }));
        const asked = await act('guardian', changed, 'submit');
        const approved = await act('teacher', asked, 'approve', { comment: '好' });
        await act('guardian', approved, 'cancel');
        const second = ok(await who.guardian.post('leave-requests', leave(child, '09', { action: 'submit' })), 201);
        await act('teacher', second, 'reject', { comment: '那天考试' });
        const many = [];
        for (const day of ['14', '16']) {
            many.push(ok(await who.guardian.post('leave-requests', leave(child, day, { action: 'submit' })), 201));
        }
        const items = many.map(({ id, version }) => ({ id, version }));
        const done = ok(await who.teacher.post('leave-requests/bulk', { action: 'approve', items }));
        assert.deepEqual(done.items.map((item) => item.status), [200, 200]);
        judge();
    });

    test('documents: given out, printed again, listed, read, verified, made void', async () => {
        const [{ id }] = ok(await who.teacher.get('leave-requests?state=approved&limit=1')).items;
        const paper = ok(await who.teacher.post('documents', { kind: 'leave.slip', record_id: id }), 201);
        ok(await who.teacher.post('documents', { kind: 'leave.slip', record_id: id }));
        const { number, mark, version } = ok(await get('office', `/documents/${paper.id}/content`));
        assert.equal(ok(await get('teacher', '/verify', `number=${number}&mark=${mark}`)).result, 'genuine');
        ok(await get('teacher', `/leave-requests/${id}/documents`));
        ok(await get('office', `/documents/${paper.id}`));
        ok(await who.office.post(`documents/${paper.id}/void`, { reason: '打错了' }, { version }));
        ['/documents/{id}/content', '/documents/{id}', '/verify'].forEach((path) => answered.add(path));
        judge();
    });

    test('numbers, slips, a roster, an account, the jobs', async () => {
        const [child] = ok(await who.office.get(`students?class_id=${someClass}&limit=1`)).items;
        ok(await who.office.post(`students/${child.id}/reveal`, { field: 'phone', reason: '打电话' }));
        await server.sql(`DELETE v FROM activation v JOIN student_guardian l ON l.guardian_id = v.guardian_id
            JOIN student s ON s.id = l.student_id WHERE s.class_id = ?`, [someClass]);
        const slips = ok(await who.office.post('activation-slips', { class_id: someClass }));
        const family = await server.client(null);
        ok(await family.post('activation', { code: slips.items[0].code, password: 'ein langer Weg 7' }), 201);
        ok(await family.post('password', { current: 'ein langer Weg 7', new: 'zwei lange Wege 7' }));
        ok(await family.patch('session', { language: 'en' }));
        assert.equal((await family.post('session', { login: 'teacher', password: 'wrong' })).status, 401);
        assert.equal((await family.del('session?everywhere=true')).status, 204);
        ok(await importRoster(server, who.registrar, roster(child)), 201);
        server.setClock('2026-12-20T07:30:00+08:00');
        server.runJobs();
        judge();
        const texts = statements.read().map(({ text }) => text);
        for (const part of ['UPDATE leave_request', 'UPDATE student SET leave_seq', 'DELETE FROM session', 'INSERT INTO import_row',
            'INSERT INTO activation', 'DELETE FROM idempotency_key', 'FROM attachment']) {
            assert.ok(texts.some((text) => text.includes(part)), part);
        }
    });

    test('no GET was left out', () => {
        // what a grown county has no rows of yet
        const silent = /^\/(no-shows|opening-registers|dropout-rosters|scholarships|scholarship-funds|scholarship-quotas|roll-calls)\/\{id\}/;
        const paths = Object.keys(api.paths).filter((path) => api.paths[path].get && !silent.test(path));
        assert.deepEqual(paths.filter((path) => !answered.has(path)), []);
    });

    const roster = ({ name, sex, birth_on: born }) => Buffer.from(['姓名,性别,出生日期,身份证件类型,身份证件号,班号',
        `${name},${sex === '1' ? '男' : '女'},${born},护照,E12345678,三年级2班`, '新来,男,20180101,护照,E87654321,三年级2班'].join('\n'));
});
