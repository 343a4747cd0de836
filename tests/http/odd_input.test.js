// odd_input.test.js: input that is odd but legal comes back byte for byte, in every record that people write text into, or is
// refused with the field and the reason; and input that is made to swell (spreadsheets, pictures, bodies) is refused before it
// has swollen: the worker stays as small as it was and answers others meanwhile.
//
// The leave request's reason is in fuzz_api.test.js; what a spreadsheet may be, byte by byte, in tests/unit/test_sheet.c.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import zlib from 'node:zlib';
import { after, before, describe, test } from 'node:test';
import { legalTexts } from '../lib/odd.js';
import { bring, work } from '../lib/roster.js';
import { accountPassword, start } from '../lib/server.js';
import { buildWorld } from '../lib/world.js';

const BREAKS = /\p{Cc}/u;                        // what a text in one line or many may not hold
let server;
let world;
const who = {};

before(async () => {
    server = await start({ clock: '2026-09-21T15:00:00+08:00' });
    world = await buildWorld(server);
    await server.sql("UPDATE `position` SET role = 'admin' WHERE account_id = ?", [world.accounts.registrar]);
    for (const login of ['teacher', 'guardian', 'county', 'principal', 'office', 'registrar', 'vice']) {
        who[login] = await server.client(login);
    }
});
after(() => server?.stop());

let serial = 0;
const student = () => world.students.siyu;

/** Where people write: who, where to, a body around one text, how it is read again, and how long it may be. */
const places = [
    ['teacher', 'contacts', 'words', 500, () => ({ student_id: student(), happened_on: '2026-09-21', clock: '14:00', channel: 'phone', reached: true, person: '妈妈', reason: 'other' })],
    ['teacher', 'contacts', 'person', 60, () => ({ student_id: student(), happened_on: '2026-09-21', clock: '14:00', channel: 'phone', reached: true, reason: 'other' })],
    ['teacher', 'home-visits', 'words', 1000, () => ({ student_id: student(), kind: 'general', happened_on: '2026-09-21', clock: '14:00', way: 'in_person', visitors: '王晓梅、罗勇', talked_to: '妈妈', effect: 'settled',
        with_teacher: true, no_evidence: '家长不愿意拍照', witness: '村主任', place: '家里' })],
    ['teacher', 'urgent-reports', 'signs', 1000, () => ({ student_id: student(), kind: 'other' }), 'principal'],
    ['registrar', 'accounts', 'name', 60, () => { serial += 1; return { login: `odd${serial}`, role: 'subject', unit_id: world.units.class1.id }; }],
];

describe('text that is odd but legal', () => {
    for (const [login, at, field, max, body, reader = login] of places) {
        test(`${at}.${field}: as it was, or refused with the reason`, async () => {
            let kept = 0;
            for (const text of [...legalTexts.filter((one) => [...one].length <= max), '🙂'.repeat(max), '\u{20000}'.repeat(max), '长'.repeat(max)]) {
                const made = await who[login].post(at, { ...body(), [field]: text });
                if (made.status === 201) {
                    const back = await who[reader].get(`${at}/${made.json.id}`);
                    assert.equal(back.status, 200, back.text);
                    assert.equal(back.json[field], text, `${at}.${field}`);
                    kept += 1;
                } else {
                    assert.equal(made.status, 422, `${made.status} ${made.text}`);
                    assert.deepEqual(made.json.errors.map((one) => one.field), [field], made.text);
                    assert.doesNotMatch(made.json.errors[0].message, /^error\.|\{/);
                    assert.ok(made.json.errors[0].code === 'too_short' || BREAKS.test(text) || /\n/.test(text) || text.trim() !== text || /[\u202a-\u202e\u2066-\u2069\u200b-\u200f\ufeff]/.test(text), `refused: ${JSON.stringify(text)}: ${made.json.errors[0].message}`);
                }
            }
            assert.ok(kept > legalTexts.length * 0.7, `${kept} of ${legalTexts.length}`);
        });

        test(`${at}.${field}: one character too many is too long, whatever its width`, async () => {
            for (const one of ['a', '长', '🙂']) {
                const made = await who[login].post(at, { ...body(), [field]: one.repeat(max + 1) });
                assert.equal(made.status, 422, made.text);
                assert.deepEqual([made.json.errors[0].field, made.json.errors[0].code], [field, 'too_long'], made.text);
            }
        });
    }

    test('what was kept is found again, and is the same in a list and in an export', async () => {
        const text = '𠮷野·ئۇيغۇر';
        await server.sql('UPDATE student SET name = ? WHERE id = ?', [text, world.students.hao]);
        const found = await who.teacher.get(`students?q=${encodeURIComponent(text)}`);
        assert.deepEqual(found.json.items.map(({ name }) => name), [text]);
        const csv = await who.office.get(`students/export?format=csv&q=${encodeURIComponent('𠮷')}`);
        assert.ok(csv.bytes.toString('utf8').includes(text));
    });

    test('a login that is written in another way is another\'s, or is counted as the same', async () => {
        const spellings = ['teacher', 'TEACHER', 'teacher\u200b', 'te\u0301acher', ' teacher ', 'ｔｅａｃｈｅｒ', 'teacher\u00ad', 'Teacher\u202e', 'téacher', 'teacher\u2060'];
        const seen = [];
        for (const login of spellings) {
            const stranger = await server.client(null);
            seen.push((await stranger.post('session', { login, password: 'wrong' })).status);
        }
        const known = await server.sql("SELECT COUNT(*) AS n FROM audit_event WHERE action = 'sign_in_failed' AND record_id = ?", [world.accounts.teacher]);
        assert.ok(Number(known[0].n) <= 5, `five tries of one account, however it is written: ${known[0].n}, ${seen}`);
        for (const login of ['tеacher', 'teacher%', 'teach_r', "teacher'--", 'teacher\\', 'teacher\u0000', "teacher' OR 'a'='a"]) {
            const stranger = await server.client(null);
            const answer = await stranger.post('session', { login, password: accountPassword });
            assert.ok([400, 401, 422].includes(answer.status), `${JSON.stringify(login)}: ${answer.status}`);
        }
        await server.sql('DELETE FROM throttle');
    });

    test('a number is a number and a day a day, not something like it', async () => {
        for (const change of [{ student_id: Number(student()) }, { student_id: ` ${student()}` }, { student_id: `${student()}.0` }, { student_id: [student()] }, { reached: 'true' }, { reached: 1 },
            { happened_on: '2026-9-21' }, { happened_on: '２０２６-09-21' }, { happened_on: '2026-09-21T00:00:00Z' }, { happened_on: 20260921 }, { clock: '24:00' }, { clock: '1４:00' }, { channel: 'PHONE' }, { channel: ['phone'] }]) {
            const answer = await who.teacher.post('contacts', { ...places[0][4](), words: 'x', ...change });
            assert.ok([404, 422].includes(answer.status), `${JSON.stringify(change)}: ${answer.status} ${answer.text}`);
            assert.equal(answer.json.errors[0]?.field ?? 'student_id', Object.keys(change)[0]);
        }
    });

    test('what nobody asked for is refused: no field is filled by naming it', async () => {
        for (const more of [{ id: '7' }, { version: 9 }, { school_id: world.units.school2.id }, { class_id: '7' }, { created_by: world.accounts.county }, { created_at: '2020-01-01 00:00:00' }, { made_by: 'x' }, { state: 'done' },
            { __proto__x: 1 }, { constructor: {} }]) {
            const answer = await who.teacher.post('contacts', { ...places[0][4](), words: 'x', ...more });
            assert.equal(answer.status, 422, JSON.stringify(more));
            assert.equal(answer.json.errors[0].field, Object.keys(more)[0]);
        }
        const twice = await who.teacher.post('contacts', `{"student_id":"${student()}","student_id":"${world.students.xin}","channel":"phone","reached":true}`, { headers: { 'content-type': 'application/json' } });
        assert.equal(twice.status, 400);
    });

    test('an argument that comes twice counts once, and the same way everywhere', async () => {
        const answers = await Promise.all(['limit=1&limit=2', 'limit=2&limit=1'].map((query) => who.office.get(`students?${query}`)));
        answers.forEach(({ status }) => assert.ok([200, 422].includes(status)));
        assert.ok(answers[0].status !== 200 || answers[0].json.items.length !== answers[1].json.items.length || answers[0].json.items.length === 0);
    });
});

// ---------------------------------------------------------------- what is made to swell

const resident = () => server.workerPids().reduce((sum, pid) => sum + Number(/VmRSS:\s+(\d+)/.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))[1]), 0) / 1024;

/** A zip of files, each given packed, with the size it claims. */
function zip(files) {
    const parts = [];
    const directory = [];
    let at = 0;
    for (const [name, packed, size, crc] of files) {
        const head = Buffer.alloc(30);
        head.writeUInt32LE(0x04034b50, 0);
        head.writeUInt16LE(20, 4);
        head.writeUInt16LE(8, 8);
        head.writeUInt32LE(crc, 14);
        head.writeUInt32LE(packed.length, 18);
        head.writeUInt32LE(size, 22);
        head.writeUInt16LE(name.length, 26);
        const entry = Buffer.alloc(46);
        entry.writeUInt32LE(0x02014b50, 0);
        entry.writeUInt16LE(20, 6);
        head.copy(entry, 8, 6, 30);
        entry.writeUInt32LE(at, 42);
        directory.push(entry, Buffer.from(name));
        parts.push(head, Buffer.from(name), packed);
        at += 30 + name.length + packed.length;
    }
    const size = directory.reduce((sum, one) => sum + one.length, 0);
    const end = Buffer.alloc(22);
    end.writeUInt32LE(0x06054b50, 0);
    end.writeUInt16LE(files.length, 8);
    end.writeUInt16LE(files.length, 10);
    end.writeUInt32LE(size, 12);
    end.writeUInt32LE(at, 16);
    return Buffer.concat([...parts, ...directory, end]);
}

/** The checksum of zips and PNGs. */
function crc32(bytes) {
    let crc = -1;
    for (const byte of Buffer.from(bytes)) {
        crc ^= byte;
        for (let bit = 0; bit < 8; bit += 1) {
            crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
        }
    }
    return ~crc >>> 0;
}

const entry = (name, text) => [name, zlib.deflateRawSync(text), Buffer.byteLength(text), crc32(text)];
const book = (sheet) => zip([
    entry('[Content_Types].xml', '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'),
    entry('_rels/.rels', '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>'),
    entry('xl/workbook.xml', '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="a" sheetId="1" r:id="r1"/></sheets></workbook>'),
    entry('xl/_rels/workbook.xml.rels', '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>'),
    sheet,
]);
const opening = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>';

describe('what is made to swell', () => {
    const bad = new URL('../data/sheets/bad/', import.meta.url);
    const bomb = (bytes, name) => bring(who.office, bytes, { school: world.units.school.id, name });
    const megabytes = 400;
    const blank = Buffer.alloc(megabytes << 20, 0x20);
    const packed = zlib.deflateRawSync(blank, { level: 9 });

    test('a spreadsheet of a few kilobytes that would be hundreds of megabytes, honest or not about it', { timeout: 120_000 }, async () => {
        const bombs = [
            ['honest', book(['xl/worksheets/sheet1.xml', packed, blank.length, 0])],
            ['lying', book(['xl/worksheets/sheet1.xml', packed, 1000, 0])],
            ['in another part', zip([['xl/sharedStrings.xml', packed, blank.length, 0], ['xl/workbook.xml', packed, 1000, 0], entry('xl/worksheets/sheet1.xml', opening)])],
            ...fs.readdirSync(bad).filter((name) => /bomb|lie|entit/.test(name)).map((name) => [name, fs.readFileSync(new URL(name, bad))]),
        ];
        assert.ok(bombs.length >= 6 && packed.length < 2 << 20);
        const before = resident();
        for (const [name, bytes] of bombs) {
            const answers = await Promise.all([...Array.from({ length: 4 }, () => bomb(bytes, `${name}.xlsx`)), who.teacher.get('students')]);
            assert.equal(answers.pop().status, 200, 'others go on meanwhile');
            for (const answer of answers) {
                if (answer.status === 202 || answer.status === 201) {
                    work(server);
                    const { json } = await who.office.get(`imports/${answer.json.id}`);
                    assert.match(json.state, /refused|failed|rejected|discarded|broken|faulty|stuck/, `${name}: ${JSON.stringify(json).slice(0, 300)}`);
                } else {
                    assert.ok([400, 413, 422, 429, 503].includes(answer.status), `${name}: ${answer.status} ${answer.text}`);
                }
            }
        }
        assert.ok(resident() < before + 120, `${before} MB, then ${resident()} MB`);
    });

    test('a picture that says it is larger than any screen is not taken; none is ever unpacked', async () => {
        const chunk = (type, data) => {
            const body = Buffer.concat([Buffer.from(type), data]);
            const out = Buffer.alloc(body.length + 8);
            out.writeUInt32BE(data.length, 0);
            body.copy(out, 4);
            out.writeUInt32BE(crc32(body), body.length + 4);
            return out;
        };
        const picture = (width, height, ...more) => {
            const head = Buffer.alloc(13);
            head.writeUInt32BE(width, 0);
            head.writeUInt32BE(height, 4);
            head.writeUInt8(1, 8);
            return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), chunk('IHDR', head), ...more, chunk('IDAT', zlib.deflateSync(Buffer.alloc(1 << 20))), chunk('IEND', Buffer.alloc(0))]);
        };
        const send = (bytes) => who.guardian.post('attachments', bytes, { headers: { 'content-type': 'image/png' } });
        const before = resident();
        for (const [width, height] of [[65535, 65535], [30001, 1], [2 ** 31 - 1, 2 ** 31 - 1], [20000, 20000], [0, 1]]) {
            const answer = await send(picture(width, height));
            assert.equal(answer.status, 422, `${width} × ${height}: ${answer.text}`);
            assert.match(answer.json.errors[0].code, /^attachment\./);
        }
        const text = await send(picture(100, 100, chunk('zTXt', Buffer.concat([Buffer.from('Comment\0\0'), zlib.deflateSync(Buffer.alloc(64 << 20))]))));
        assert.equal(text.status, 201, text.text);
        assert.ok(text.json.size < 10_000, 'what would swell has been left out');
        assert.ok(resident() < before + 60);
    });

    test('a body that is packed is not unpacked, and one that nests or repeats is refused at once', async () => {
        const gz = zlib.gzipSync(Buffer.alloc(64 << 20, 0x20));
        for (const [body, headers] of [
            [gz, { 'content-type': 'application/json', 'content-encoding': 'gzip' }],
            [zlib.brotliCompressSync(Buffer.from('{}')), { 'content-type': 'application/json', 'content-encoding': 'br' }],
            [`{"words":${'['.repeat(100_000)}`, { 'content-type': 'application/json' }],
            [`{${Array.from({ length: 20_000 }, (_, i) => `"k${i}":1`).join(',')}}`, { 'content-type': 'application/json' }],
            [`{"words":1${'0'.repeat(200_000)}}`, { 'content-type': 'application/json' }],
        ]) {
            const begun = Date.now();
            const answer = await who.teacher.post('contacts', body, { headers });
            assert.ok([400, 413, 415, 422].includes(answer.status), `${answer.status} ${answer.text.slice(0, 200)}`);
            assert.ok(answer.text.length < 100_000);
            assert.ok(Date.now() - begun < 3000);
        }
    });
});
