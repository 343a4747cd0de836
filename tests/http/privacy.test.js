// privacy.test.js: after a roster came in and people worked with it, no identity number, phone or address of anybody stands
// in the clear anywhere: not in a table, a log, a file of the database, an attachment or a file nginx left behind.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { importRoster } from '../lib/roster.js';
import { accountPassword, start } from '../lib/server.js';
import { buildWorld, libraryValues } from '../lib/world.js';

const csv = fs.readFileSync(new URL('../data/roster-a.utf8.csv', import.meta.url), 'utf8').replace(/^\ufeff/, '');
const [headings, ...rows] = csv.trimEnd().split('\r\n').map((line) => line.split(','));
const at = (heading) => headings.indexOf(heading);
const cells = (row, names) => names.map((name) => row[at(name)]).filter(Boolean);

const numberColumns = ['身份证件号', '成员1身份证件号', '成员2身份证件号'];
const phoneColumns = ['联系电话', '成员1联系电话', '成员2联系电话'];
const addressColumns = ['现住址', '通信地址', '家庭地址', '成员1现住址', '成员2现住址'];

/** Everything about people that must be nowhere. What the roster has wrong on purpose (too short, rounded) is no number. */
const secrets = { numbers: new Set(), phones: new Set(), addresses: new Set() };

function keepSecret(row) {
    cells(row, numberColumns).filter((text) => /^\d{17}[\dX]$/.test(text)).forEach((text) => secrets.numbers.add(text));
    cells(row, phoneColumns).filter((text) => /^\d{11}$/.test(text)).forEach((text) => secrets.phones.add(text));
    cells(row, addressColumns).forEach((text) => secrets.addresses.add(text));
}

/**
 * The first secret in some bytes, or null. Digits are looked at where they stand together: any 18 of them may be an identity
 * number; 11 a phone, unless there are so many that they are one of our ids or an identity number.
 */
function secretIn(bytes) {
    const text = bytes.toString('latin1');
    for (const [run] of text.matchAll(/\d{11,}[Xx]?/g)) {
        for (let i = 0; i + 18 <= run.length; i += 1) {
            if (secrets.numbers.has(run.slice(i, i + 18).toUpperCase())) {
                return run;
            }
        }
        for (let i = 0; run.length <= 16 && i + 11 <= run.length; i += 1) {
            if (secrets.phones.has(run.slice(i, i + 11))) {
                return run;
            }
        }
    }
    const groups = bytes.includes('组') ? [...secrets.addresses] : [];
    return groups.find((address) => bytes.includes(address)) ?? null;
}

let server;
let world;
let school;
const who = {};

async function addPerson(login, role, unit) {
    const [id, position] = libraryValues(server, [{ op: 'id' }, { op: 'id' }]);
    await server.sql(`INSERT INTO account (id, name, login, password, created_at)
        SELECT ?, ?, ?, password, created_at FROM account WHERE id = ?`, [id, login, login, world.accounts.teacher]);
    await server.sql(`INSERT INTO \`position\` (id, account_id, role, unit_id, starts_on, created_at)
        VALUES (?, ?, ?, ?, '2026-09-01', '2026-08-20 08:00:00')`, [position, id, role, unit]);
    who[login] = await server.client(login);
    return who[login];
}

async function addSchool() {
    const [id] = libraryValues(server, [{ op: 'id' }]);
    const up = world.units.township;
    await server.sql(`INSERT INTO org_unit (id, parent_id, level, name, code, path, township_id, school_id, stage, created_at)
        VALUES (?, ?, 'school', '板桥乡小学', ?, ?, ?, ?, 'primary', '2026-08-20 08:00:00')`,
    [id, up.id, rows[0][at('学校标识码')], `${up.path}${id}/`, up.id, id]);
    return id;
}

const sheet = (list) => Buffer.from(`${[['学籍号', ...headings], ...list].map((row) => row.join(',')).join('\r\n')}\r\n`);

async function upload(list, options) {
    const answer = await importRoster(server, who.registrar3, Buffer.isBuffer(list) ? list : sheet(list), options);
    assert.equal(answer.status, 201, answer.text);
    return answer.json;
}

const filesBelow = (dir) => fs.readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    const name = path.join(dir, entry.name);
    return entry.isDirectory() ? filesBelow(name) : entry.isFile() ? [name] : [];
});
const enrolled = (row) => [`G${row[at('身份证件号')]}`, ...row];
const changed = (row, changes) => headings.map((heading, i) => changes[heading] ?? row[i]);
const ok = (answer, status = 200) => {
    assert.equal(answer.status, status, answer.text);
    return answer.json;
};

before(async () => {
    rows.forEach(keepSecret);
    server = await start({ clock: '2026-10-08T09:00:00+08:00' });
    world = await buildWorld(server);
    await server.sql('UPDATE org_unit SET code = NULL WHERE id = ?', [world.units.school.id]);
    school = await addSchool();
    await addPerson('registrar3', 'registrar', school);
    await addPerson('office3', 'office', school);
    await addPerson('principal3', 'principal', school);
});
after(() => server?.stop());

test('what is looked for is found', () => {
    const [number] = secrets.numbers;
    const [phone] = secrets.phones;
    const [address] = secrets.addresses;
    assert.ok(secrets.numbers.size > 3000 && secrets.phones.size > 2000 && secrets.addresses.size > 100);
    for (const text of [number, phone, address, `G${number}`, `{"a":"${number.toLowerCase()}"}`, `x${phone}0`,
        `家住${address}。`]) {
        assert.ok(secretIn(Buffer.from(text)) !== null, text);
    }
    for (const text of [`${number.slice(0, 4)}******${number.slice(-4)}`, `${phone.slice(0, 3)}****${phone.slice(-4)}`, '',
        '1234567890123456789']) {
        assert.equal(secretIn(Buffer.from(text)), null, text);
    }
});

describe('people work', () => {
    let someone;

    test('a roster comes in, then another that changes numbers, then what is wrong with one', async () => {
        const first = await upload(rows.map(enrolled));
        assert.ok(first.added > 1550, JSON.stringify(first));
        const moved = rows.slice(20, 60).map((row, i) => changed(row, {
            联系电话: `139100000${i + 10}`, 成员1联系电话: `139200000${i + 10}`,
            现住址: `松山乡新民村${i + 40}组`, 家庭地址: `松山乡新民村${i + 90}组`,
        }));
        moved.forEach(keepSecret);
        const second = await upload(moved.map(enrolled));
        assert.ok(second.changed > 35, JSON.stringify(second));
    });

    test('rows that have slipped by a column, each by one more, are sent back', async () => {
        const row = enrolled(rows[200]);
        const slipped = Array.from({ length: row.length - 1 }, (_, n) => [...row.slice(0, n), '', ...row.slice(n, -1)]);
        const back = Array.from({ length: row.length - 1 }, (_, n) => [...row.slice(0, n), ...row.slice(n + 1), '']);
        const answer = await upload([...slipped, ...back]);
        assert.ok(answer.rejected > 40, JSON.stringify(answer));
        const long = [...row];
        long[1 + at('家庭地址')] = `${row[1 + at('家庭地址')]}${'，再往前走'.repeat(80)}`;
        long[1 + at('现住址')] = `${row[1 + at('现住址')]}\u0085`;
        long[1 + at('身份证件号')] = `${row[1 + at('身份证件号')]}\u0085`;
        assert.equal((await upload([long])).rejected, 1);
    });

    test('a heading that holds a number, and the command line', async () => {
        const [phone] = secrets.phones;
        const text = sheet([enrolled(rows[300])]).toString('utf8').replace('\r\n', `,有事找张老师${phone}\r\n`);
        assert.deepEqual((await upload(Buffer.from(text))).unknown_columns, ['****']);
        const file = path.join(server.dir, 'tmp', 'roster.csv');
        fs.writeFileSync(file, sheet([enrolled(changed(rows[301], { 性别: rows[301][at('联系电话')] }))]));
        const printed = server.control('import', '--school', rows[0][at('学校标识码')], file);
        fs.rmSync(file);
        assert.match(printed, /1 rejected/);
        assert.equal(secretIn(Buffer.from(printed)), null);
    });

    test('children are looked up, by number too, and their numbers are revealed', async () => {
        const { office3 } = who;
        const [number] = secrets.numbers;
        const [phone] = secrets.phones;
        for (const q of [number, phone, rows[9][at('姓名')]]) {
            ok(await office3.get(`students?q=${encodeURIComponent(q)}`));
        }
        ok(await office3.get(`students?id_number=${number}&limit=200`));
        const { items } = ok(await office3.get(`students?q=${encodeURIComponent(rows[9][at('姓名')])}`));
        someone = ok(await office3.get(`students/${items[0].id}`));
        for (const field of ['id_number', 'enrolment_no', 'phone', 'address', 'guardian_phone']) {
            const guardian = field === 'guardian_phone' ? { guardian_id: someone.guardians[0].id } : {};
            const body = { field, reason: '打电话问一问', ...guardian };
            const { value } = ok(await office3.post(`students/${someone.id}/reveal`, body));
            assert.ok(secretIn(Buffer.from(value)) !== null, `${field} is one of the roster's`);
        }
    });

    test('a guardian comes in with a code, asks for leave with a certificate, and is answered', async () => {
        const slips = ok(await who.office3.post('activation-slips', { class_id: someone.class_id }));
        ok(await who.office3.get(`activation-slips?class_id=${someone.class_id}`));
        const slip = slips.items.find(({ guardian_name: name }) => name === someone.guardians[0].name);
        const phone = rows[9][at('成员1联系电话')];
        const guardian = await server.client(null);
        assert.equal((await guardian.post('session', { login: phone, password: 'no password yet' })).status, 401);
        ok(await guardian.post('activation/check', { code: slip.code }));
        ok(await guardian.post('activation', { code: slip.code, password: accountPassword }), 201);
        const mother = await server.client(phone);
        assert.equal((await guardian.post('session', { login: phone, password: 'wrong' })).status, 401);
        ok(await mother.patch('session', { language: 'en' }));

        const photo = fs.readFileSync(new URL('../unit/files/photo.png', import.meta.url));
        const picture = Buffer.concat([photo, Buffer.from(phone)]);
        const file = ok(await mother.post('attachments', picture, { headers: { 'content-type': 'image/png' } }), 201);
        const { items: [child] } = ok(await mother.get('my-children'));
        const request = ok(await mother.post('leave-requests', {
            student_id: child.id, kind: 'sick', starts_on: '2026-10-09', starts_period: 1, ends_on: '2026-10-09',
            ends_period: 7, reason: '发烧', certificate: [file.id], action: 'submit',
        }), 201);
        ok(await mother.get(`attachments/${file.id}`));
        const given = ok(await who.principal3.get(`leave-requests/${request.id}`));
        const teacher = await addPerson('teacher3', 'teacher', someone.class_id);
        const approved = ok(await teacher.post(`leave-requests/${request.id}/approve`, {}, { version: given.version }));
        ok(await mother.post(`leave-requests/${request.id}/cancel`, { comment: '好了' }, { version: approved.version }));
        ok(await mother.get(`leave-requests/${request.id}/history`));
    });

    test('requests that are refused, and a database that is gone', async () => {
        const [number] = secrets.numbers;
        const [phone] = secrets.phones;
        const [address] = secrets.addresses;
        const { office3 } = who;
        for (const [method, url, body] of [
            ['GET', `students/${number}`], ['GET', `nothing/${phone}`], ['GET', `/api/v1/${'x'.repeat(900)}?q=${phone}`],
            ['POST', `leave-requests?note=${encodeURIComponent(address)}`, `{"reason": "${address}`],
            ['POST', 'leave-requests', { reason: number, student_id: phone, kind: address }],
            ['POST', `imports?school_id=${phone}`, sheet([enrolled(rows[0])])], ['PUT', `students?q=${phone}`, { a: 1 }],
            ['POST', 'session', { login: phone, password: number }], ['POST', 'activation/check', { code: phone }],
            ['POST', `attachments?name=${phone}`, Buffer.from(`%PDF-1.7 ${number}`)],
            ['POST', 'leave-requests', Buffer.alloc(400_000, `${phone} `)],
        ]) {
            const answer = await office3.request(method, url, { body, key: phone });
            assert.ok(answer.status >= 400 && answer.status < 500, `${method} ${url}: ${answer.status}`);
        }
        await server.stopDatabase();
        const answer = await office3.get(`students?q=${encodeURIComponent(address)}`);
        assert.equal(answer.status, 503);
        await office3.post(`leave-requests?q=${phone}`, { reason: number });
        await server.startDatabase();
        ok(await office3.get('students?limit=1'));
    });
});

describe('nothing of it is in the clear', () => {
    test('in any column of any table', async () => {
        const tables = (await server.sql('SHOW TABLES')).map((row) => Object.values(row)[0]);
        assert.ok(tables.length > 20);
        let seen = 0;
        for (const table of tables) {
            for (const row of await server.sql(`SELECT * FROM \`${table}\``)) {
                for (const [column, value] of Object.entries(row)) {
                    if (value !== null) {
                        const found = secretIn(Buffer.isBuffer(value) ? value : Buffer.from(String(value)));
                        assert.equal(found, null, `${table}.${column}`);
                        seen += 1;
                    }
                }
            }
        }
        assert.ok(seen > 50_000, 'there was much to look at');
    });

    test('in what is stored of answers and faults there is something to see', async () => {
        for (const [what, least] of [['import_row WHERE value IS NOT NULL', 100], ['idempotency_key WHERE body IS NOT NULL', 3],
            ["audit_event WHERE action = 'reveal'", 5], ['history', 3], ['attachment', 1], ['throttle', 1],
            ['account WHERE phone_sealed IS NOT NULL', 1]]) {
            const [{ n }] = await server.sql(`SELECT COUNT(*) AS n FROM ${what}`);
            assert.ok(Number(n) >= least, `${what}: ${n}`);
        }
    });

    test('in the logs', () => {
        const logs = server.logs();
        assert.ok(logs.includes('students') && logs.length > 1000);
        assert.equal(secretIn(Buffer.from(logs)), null);
    });

    test('in any file: the database\'s own, sealed attachments, what nginx put aside', async () => {
        await server.stopNginx();
        await server.stopDatabase();
        const digests = new Set();
        for (const file of filesBelow(server.dir)) {
            const bytes = fs.readFileSync(file);
            assert.equal(secretIn(bytes), null, path.relative(server.dir, file));
            digests.add(createHash('sha256').update(bytes).digest('hex'));
        }
        assert.ok(digests.size > 100, 'the database\'s files were among them');
    });
});
