// attachments.test.js: files that people bring: what is taken and what of it is kept, small pictures, how much there may be,
// who reads them, wrong ones struck out, and when they go: never by anybody's hand.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { start } from '../lib/server.js';
import { buildWorld } from '../lib/world.js';

const sample = (name) => fs.readFileSync(new URL(`../unit/files/${name}`, import.meta.url));
const photo = sample('photo.jpg');
const TYPES = { jpg: 'image/jpeg', png: 'image/png', webp: 'image/webp', pdf: 'application/pdf' };

let server;
let world;
const who = {};

before(async () => {
    server = await start({ clock: '2026-09-21T07:30:00+08:00' });
    world = await buildWorld(server);
    for (const login of ['guardian', 'father', 'guardianHao', 'teacher', 'teacherB', 'office', 'principal', 'vice', 'principal2', 'county', 'nobody']) {
        who[login] = await server.client(login);
    }
});
after(() => server?.stop());

/** A photo that differs from all others: how many dots it has an inch. */
let serial = 0;
function another() {
    const bytes = Buffer.from(photo);
    serial += 1;
    bytes.writeUInt16BE(serial, 14);
    return bytes;
}

const send = (login, bytes, type = TYPES.jpg, options = {}) => who[login].post('attachments', bytes, { ...options, headers: { 'content-type': type } });
const small = (login, id, bytes = another(), type = TYPES.jpg, options = {}) => who[login].post(`attachments/${id}/thumbnail`, bytes,
    { ...options, headers: { 'content-type': type } });
const strike = (login, id, body = { reason: '拍成了别人的单子' }, options = {}) => who[login].post(`attachments/${id}/strike`, body, options);
const status = async (login, at) => (await who[login].get(`attachments/${at}`)).status;
const count = async (sql, args) => Number((await server.sql(`SELECT COUNT(*) AS n FROM ${sql}`, args))[0].n);
const made = (answer) => {
    assert.equal(answer.status, 201, answer.text);
    return answer.json;
};
const filesBelow = (dir) => fs.readdirSync(dir, { withFileTypes: true })
    .flatMap((one) => (one.isDirectory() ? filesBelow(path.join(dir, one.name)) : [path.join(dir, one.name)]));
const onDisk = () => filesBelow(path.join(server.dir, 'attachments'));

let day = Date.parse('2026-10-20');
/** A leave request with files; a school day that nobody has asked for yet. */
async function ask(login, files, action = 'submit') {
    do {
        day += 86400e3;
    } while ([0, 6].includes(new Date(day).getUTCDay()));
    const date = new Date(day).toISOString().slice(0, 10);
    return who[login].post('leave-requests', { student_id: world.students[login === 'guardianHao' ? 'hao' : 'siyu'], kind: 'sick', starts_on: date, starts_period: 1,
        ends_on: date, ends_period: 7, reason: '发烧了', certificate: files, action });
}

async function setRule(key, value) {
    await server.sql('DELETE FROM rule_override WHERE rule = ?', [key]);
    if (value !== null) {
        await server.sql("INSERT INTO rule_override (rule, unit_id, value, reason, set_by, set_at) VALUES (?, ?, ?, 'test', ?, '2026-09-01 08:00:00')",
            [key, world.units.county.id, String(value), world.accounts.county]);
    }
}

describe('what a camera wrote beside a picture', () => {
    const place = 'N26.4107E106.6302';

    /** A JPEG with an Exif that tells the place and that it is to be turned, XMP, a comment, and a film behind it. */
    function fromAPhone() {
        const segment = (marker, content) => Buffer.concat([Buffer.from([0xff, marker, (content.length + 2) >> 8, (content.length + 2) & 255]), content]);
        const exif = Buffer.concat([Buffer.from('Exif\0\0MM\0*\0\0\0\x08\0\x02', 'latin1'), Buffer.from([0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0]),
            Buffer.from([0x88, 0x25, 0, 4, 0, 0, 0, 1, 0, 0, 0, 38]), Buffer.alloc(4), Buffer.from(place)]);
        return Buffer.concat([photo.subarray(0, 20), segment(0xe1, exif), segment(0xe1, Buffer.from(`http://ns.adobe.com/xap/1.0/\0${place}`)),
            segment(0xfe, Buffer.from(place)), photo.subarray(20), Buffer.from(`MotionPhoto ${place}`)]);
    }

    test('does not reach the disk; how the picture is turned does', async () => {
        const bytes = fromAPhone();
        assert.ok(bytes.includes(place));
        const file = made(await send('guardian', bytes));
        assert.deepEqual([file.media_type, file.width, file.height, file.thumbnail, file.own], ['image/jpeg', 37, 21, false, true]);
        assert.ok(file.size < bytes.length);
        const back = await who.guardian.get(`attachments/${file.id}`);
        assert.equal(back.status, 200);
        assert.equal(back.bytes.length, file.size);
        assert.ok(!back.bytes.includes(place) && !back.bytes.includes('MotionPhoto') && !back.bytes.includes('adobe'));
        assert.ok(back.bytes.includes(Buffer.from([0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 6])));
        assert.deepEqual(back.bytes.subarray(-300), photo.subarray(-300), 'the picture itself is untouched');
        for (const one of onDisk()) {
            const sealed = fs.readFileSync(one);
            assert.ok(!sealed.includes(place) && !sealed.includes('JFIF'));
            assert.match(path.basename(one), /^[0-9a-f]{64}$/);
        }
    });

    test('a PDF comes back without who made it and with what, each byte in its place; a signed one as it was', async () => {
        const paper = sample('paper.pdf');
        const file = made(await send('guardian', paper, TYPES.pdf));
        const { bytes } = await who.guardian.get(`attachments/${file.id}`);
        assert.ok(paper.includes('HeadlessChrome') && paper.includes('D:2026'));
        assert.ok(!bytes.includes('HeadlessChrome') && !bytes.includes('D:2026') && !bytes.includes('Skia'));
        assert.deepEqual([bytes.length, bytes.indexOf('endobj'), bytes.subarray(bytes.indexOf('endobj'))], [paper.length, paper.indexOf('endobj'), paper.subarray(paper.indexOf('endobj'))]);
        const signed = Buffer.concat([paper, Buffer.from('\n% /ByteRange [0 1 2 3]\nstartxref\n0\n%%EOF\n')]);
        assert.deepEqual((await who.guardian.get(`attachments/${made(await send('guardian', signed, TYPES.pdf)).id}`)).bytes, signed);
        const at = path.join(server.dir, 'cleaned.pdf');
        fs.writeFileSync(at, bytes);
        assert.doesNotMatch(execFileSync('pdftotext', [at, '-'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }), /Error/);
    });

    test('every kind of file comes back as it was', async () => {
        for (const [name, type] of [['photo.png', TYPES.png], ['lossy.webp', TYPES.webp], ['lossless.webp', TYPES.webp], ['extended.webp', TYPES.webp], ['paper.pdf', TYPES.pdf]]) {
            const file = made(await send('guardian', sample(name), type));
            const back = await who.guardian.get(`attachments/${file.id}`);
            assert.deepEqual([back.status, back.headers['content-type']], [200, type], name);
            assert.equal(back.headers['x-content-type-options'], 'nosniff');
            assert.equal(back.headers['content-security-policy'], "sandbox; default-src 'none'; frame-ancestors 'none'");
            assert.equal(back.headers['cache-control'], 'private, no-store');
            assert.match(back.headers['content-disposition'], type === TYPES.pdf ? /^attachment; filename="\d+\.pdf"$/ : /^inline; /);
            if (name !== 'photo.png' && name !== 'paper.pdf') {
                assert.deepEqual(back.bytes, sample(name), name);
            }
        }
    });
});

describe('what is refused', () => {
    const cases = [
        ['a page under a picture\'s name', Buffer.from('<!doctype html><script>alert(1)</script>'), TYPES.jpg, 422, 'attachment.content'],
        ['a drawing that can run scripts', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" onload="x()"/>'), 'image/svg+xml', 415, 'attachment.type'],
        ['a picture under another name', photo, TYPES.png, 422, 'attachment.mismatch'],
        ['half a picture', photo.subarray(0, photo.length / 2), TYPES.jpg, 422, 'attachment.broken'],
        ['a picture without its end', photo.subarray(0, photo.length - 2), TYPES.jpg, 422, 'attachment.broken'],
        ['nothing', Buffer.alloc(0), TYPES.jpg, 422, 'attachment.empty'],
        ['one that is too large', Buffer.concat([photo, Buffer.alloc(8 * 2 ** 20)]), TYPES.jpg, 413, 'attachment.too_large'],
        ['a program', Buffer.from('MZ\x90\0\x03', 'latin1'), TYPES.pdf, 422, 'attachment.content'],
    ];

    for (const [what, bytes, type, code, reason] of cases) {
        test(what, async () => {
            const before = onDisk().length;
            const answer = await send('guardian', bytes, type);
            assert.equal(answer.status, code, answer.text);
            assert.equal(answer.json.errors[0].code, reason);
            assert.doesNotMatch(answer.json.errors[0].message, /^error\.|\{/);
            assert.equal(onDisk().length, before);
        });
    }

    test('not without a session, not without a key; the same key brings one file', async () => {
        assert.equal((await (await server.client(null)).post('attachments', photo, { headers: { 'content-type': TYPES.jpg } })).status, 401);
        assert.equal((await send('guardian', photo, TYPES.jpg, { key: null })).json.code, 'no_idempotency_key');
        const bytes = another();
        const [one, two] = [made(await send('guardian', bytes, TYPES.jpg, { key: 'one' })), made(await send('guardian', bytes, TYPES.jpg, { key: 'one' }))];
        assert.equal(one.id, two.id);
        assert.equal((await send('guardian', another(), TYPES.jpg, { key: 'one' })).json.code, 'key_reused');
    });
});

describe('small pictures', () => {
    test('brought beside the photo by whoever brought it, once, and shown with it', async () => {
        const file = made(await send('guardian', another()));
        assert.equal(await status('guardian', `${file.id}/thumbnail`), 404);
        assert.equal((await small('father', file.id)).status, 404);
        assert.equal((await small('teacher', file.id)).status, 404);
        const bytes = another();
        const answer = made(await small('guardian', file.id, bytes));
        assert.deepEqual([answer.id, answer.media_type, answer.size], [file.id, 'image/jpeg', bytes.length]);
        assert.equal((await small('guardian', file.id)).json.code, 'wrong_state');
        const back = await who.guardian.get(`attachments/${file.id}/thumbnail`);
        assert.deepEqual([back.status, back.headers['content-type'], back.headers['x-content-type-options']], [200, 'image/jpeg', 'nosniff']);
        assert.deepEqual(back.bytes, bytes);
        const leave = made(await ask('guardian', [file.id]));
        assert.deepEqual(leave.certificate.map((one) => [one.id, one.thumbnail, one.own]), [[file.id, true, true]]);
        const [seen] = (await who.teacher.get(`leave-requests/${leave.id}`)).json.certificate;
        assert.deepEqual([seen.thumbnail, seen.own], [true, false]);
        assert.equal(await status('teacher', `${file.id}/thumbnail`), 200);
        assert.equal(await status('teacherB', `${file.id}/thumbnail`), 404);
        assert.equal(await count("audit_event WHERE action = 'read' AND record = 'attachments' AND record_id = ?", [file.id]), 1, 'who reads a small one is on record too');
    });

    test('must be small, and pictures', async () => {
        const file = made(await send('guardian', another()));
        const comment = Buffer.concat([Buffer.from([0xff, 0xfe, 0x75, 0x30]), Buffer.alloc(0x7530 - 2)]);
        const large = Buffer.concat([photo.subarray(0, 20), comment, comment, photo.subarray(20)]);
        assert.equal((await small('guardian', file.id, large)).json.errors[0].code, 'attachment.thumbnail_large');
        const wide = Buffer.from(photo);
        wide.writeUInt16BE(481, wide.indexOf(Buffer.from([0xff, 0xc0])) + 7);
        assert.equal((await small('guardian', file.id, wide)).json.errors[0].code, 'attachment.thumbnail');
        assert.equal((await small('guardian', file.id, sample('paper.pdf'), TYPES.pdf)).json.errors[0].code, 'attachment.thumbnail');
        assert.equal((await small('guardian', file.id, photo.subarray(0, 100))).json.errors[0].code, 'attachment.broken');
        assert.equal((await small('guardian', file.id, photo, TYPES.jpg, { key: null })).status, 400);
        const paper = made(await send('guardian', sample('paper.pdf'), TYPES.pdf));
        assert.equal((await small('guardian', paper.id)).status, 404, 'a PDF has none');
    });
});

describe('how much there may be', () => {
    beforeEach(async () => {
        server.setClock(`2026-09-${21 + serial % 3}T08:00:00+08:00`);
        await server.sql("UPDATE attachment SET created_at = '2026-09-01 08:00:00'");
    });

    test('loose ones of a day', async () => {
        await setRule('attachment.loose_max', 2);
        made(await send('father', another()));
        made(await send('father', another()));
        const third = await send('father', another());
        assert.deepEqual([third.status, third.json.errors[0].code], [422, 'attachment.quota']);
        assert.match(third.json.errors[0].message, /2 个/);
        await setRule('attachment.loose_max', null);
    });

    test('files and megabytes of a day, taken or not', async () => {
        await setRule('attachment.day_files', 10);
        for (let i = 0; i < 10; i += 3) {
            const ids = [];
            for (let k = 0; k < Math.min(3, 10 - i); k += 1) {
                ids.push(made(await send('guardian', another())).id);
            }
            made(await ask('guardian', ids));
        }
        assert.equal((await send('guardian', another())).json.errors[0].code, 'attachment.day_files');
        await setRule('attachment.day_files', null);
        made(await send('guardian', another()));
        await setRule('attachment.day_mb', 10);
        const [newest] = await server.sql('SELECT CAST(id AS CHAR) AS id, size FROM attachment WHERE account_id = ? ORDER BY id DESC LIMIT 1', [world.accounts.guardian]);
        await server.sql('UPDATE attachment SET size = 10485000 WHERE id = ?', [newest.id]);
        assert.equal((await send('guardian', another())).json.errors[0].code, 'attachment.day_mb');
        await server.sql('UPDATE attachment SET size = ? WHERE id = ?', [newest.size, newest.id]);
        await setRule('attachment.day_mb', null);
    });

    test('of one record, and of a school', async () => {
        await setRule('attachment.record_files', 3);
        const leave = made(await ask('guardian', [made(await send('guardian', another())).id], 'save'));
        await server.sql(`INSERT INTO attachment (id, record, record_id, field, account_id, name_hash, media_type, size, created_at)
            SELECT id - 1, record, record_id, 'other', account_id, name_hash, media_type, size, created_at FROM attachment WHERE record_id = ?
            UNION ALL SELECT id - 2, record, record_id, 'other', account_id, name_hash, media_type, size, created_at FROM attachment WHERE record_id = ?`, [leave.id, leave.id]);
        const more = await who.guardian.patch(`leave-requests/${leave.id}`, { certificate: [leave.certificate[0].id, made(await send('guardian', another())).id] }, { version: leave.version });
        assert.deepEqual([more.status, more.json.errors?.[0].code], [422, 'attachment.record_full']);
        await server.sql("DELETE FROM attachment WHERE field = 'other'");
        await setRule('attachment.record_files', null);

        const brought = made(await send('guardian', another()));
        await setRule('attachment.school_gb', 1);
        const [{ bytes }] = await server.sql('SELECT bytes FROM attachment_total WHERE school_id = ?', [world.units.school.id]);
        await server.sql('UPDATE attachment_total SET bytes = 1073741800 WHERE school_id = ?', [world.units.school.id]);
        const full = await ask('guardian', [brought.id]);
        assert.deepEqual([full.status, full.json.errors?.[0].code], [422, 'attachment.school_full']);
        for (const login of ['teacher', 'guardian']) {
            assert.equal((await send(login, another())).json.errors[0].code, 'attachment.school_full', 'it is told at once');
        }
        await setRule('attachment.school_gb', null);
        await server.sql('UPDATE attachment_total SET bytes = ? WHERE school_id = ?', [bytes, world.units.school.id]);
    });
});

describe('what was handed in stays', () => {
    test('a draft lets go of a file; a request that has been handed in does not', async () => {
        const [a, b] = [made(await send('guardian', another())), made(await send('guardian', another()))];
        const draft = made(await ask('guardian', [a.id, b.id], 'save'));
        const less = await who.guardian.patch(`leave-requests/${draft.id}`, { certificate: [a.id] }, { version: draft.version });
        assert.equal(less.status, 200, less.text);
        assert.deepEqual(less.json.certificate.map((one) => one.id), [a.id]);
        assert.equal(await count('attachment WHERE id = ? AND record_id IS NULL', [b.id]), 1);
        for (const [login, method] of [['guardian', 'del'], ['principal', 'del'], ['county', 'del']]) {
            assert.equal((await who[login][method](`attachments/${a.id}`)).status, 405, 'nobody deletes a file');
        }
    });
});

describe('a wrong file is struck out', () => {
    let file;
    let other;
    let leave;
    const read = async (login) => (await who[login].get(`leave-requests/${leave.id}`)).json.certificate;

    before(async () => {
        server.setClock('2026-09-25T10:00:00+08:00');
        [file, other] = [made(await send('guardian', another())), made(await send('guardian', another()))];
        made(await small('guardian', file.id));
        leave = made(await ask('guardian', [file.id, other.id]));
    });

    test('by whoever brought it or answers for the school, with a reason', async () => {
        const loose = made(await send('guardian', another()));
        assert.deepEqual([(await strike('guardian', loose.id)).status, (await strike('teacher', loose.id)).status], [409, 404]);
        assert.equal((await strike('teacher', file.id)).status, 403);
        assert.equal((await strike('father', file.id)).status, 403);
        for (const login of ['teacherB', 'guardianHao', 'principal2', 'nobody']) {
            assert.equal((await strike(login, file.id)).status, 404, login);
        }
        for (const body of [{}, { reason: '' }, { reason: '1' }, { reason: 'x'.repeat(201) }, { reason: '对', more: 1 }]) {
            assert.equal((await strike('guardian', file.id, body)).status, 422, JSON.stringify(body));
        }
        assert.equal((await strike('guardian', file.id, undefined, { key: null })).status, 400);
        const before = onDisk().length;
        const answer = await strike('guardian', file.id, { reason: '拍成了别人的单子' }, { key: 'strike' });
        assert.deepEqual([answer.status, answer.json.struck.by, answer.json.struck.reason], [200, '杨秀莲', '拍成了别人的单子'], answer.text);
        assert.deepEqual((await strike('guardian', file.id, { reason: '拍成了别人的单子' }, { key: 'strike' })).json, answer.json);
        assert.equal((await strike('guardian', file.id)).status, 404, 'it is out of sight for who may not strike out');
        assert.equal((await strike('vice', file.id)).status, 409);
        assert.equal(onDisk().length, before, 'it is kept');
    });

    test('then hidden, and shown that there was one', async () => {
        for (const login of ['guardian', 'teacher', 'office']) {
            const [gone, stays] = await read(login);
            assert.deepEqual([gone.id, gone.struck.by, gone.struck.reason, gone.struck.at], [file.id, '杨秀莲', '拍成了别人的单子', '2026-09-25T10:00:00+08:00'], login);
            assert.deepEqual([stays.id, stays.struck], [other.id, undefined]);
        }
        for (const [login, wanted] of [['guardian', 404], ['teacher', 404], ['office', 200], ['vice', 200], ['principal', 200], ['principal2', 404]]) {
            assert.equal(await status(login, file.id), wanted, login);
            assert.equal(await status(login, `${file.id}/thumbnail`), wanted, login);
        }
        const history = (await who.teacher.get(`leave-requests/${leave.id}/history`)).json.items;
        assert.ok(history.some((one) => one.action === 'strike' && one.comment === '拍成了别人的单子'));
        const [event] = await server.sql("SELECT account_id, payload FROM audit_event WHERE action = 'strike' AND record_id = ?", [file.id]);
        assert.equal(String(event.account_id), String(world.accounts.guardian));
        assert.equal(JSON.parse(event.payload).changes.record_id, leave.id);
    });

    test('the office strikes out what somebody else brought', async () => {
        assert.equal((await strike('office', other.id, { reason: '看不清，已请家长重拍' })).status, 200);
        assert.equal((await read('teacher')).filter((one) => one.struck).length, 2);
    });
});

describe('when they go', () => {
    test('loose ones after a day, with their small pictures, and the job says so', async () => {
        server.setClock('2026-10-12T10:00:00+08:00');
        server.runJobs();
        const before = onDisk();
        const file = made(await send('guardian', another()));
        made(await small('guardian', file.id));
        assert.equal(onDisk().length, before.length + 2);
        server.setClock('2026-10-13T11:00:00+08:00');
        server.runJobs();
        assert.deepEqual(onDisk().sort(), before.sort());
        assert.equal(await count('attachment WHERE id = ?', [file.id]), 0);
        assert.ok(await count("audit_event WHERE action = 'purge' AND payload LIKE ?", [`%${file.id}%`]) === 1);
    });

    test('those of records only when a county has said after how many years', async () => {
        server.setClock('2026-10-14T10:00:00+08:00');
        const [own, shared] = [another(), another()];
        const old = made(await send('guardian', own));
        const twin = made(await send('guardian', shared));
        const leave = made(await ask('guardian', [old.id, twin.id]));
        const late = made(await send('guardianHao', shared));          // the same picture, brought by somebody else
        made(await ask('guardianHao', [late.id]));
        const n = onDisk().length;
        await server.sql("UPDATE attachment SET created_at = '2020-10-10 08:00:00' WHERE id IN (?, ?)", [old.id, twin.id]);

        server.setClock('2026-10-16T10:00:00+08:00');
        server.runJobs();
        assert.equal(await count('attachment WHERE id IN (?, ?)', [old.id, twin.id]), 2, 'no county has said');
        await setRule('attachment.keep_years', 7);
        server.setClock('2026-10-18T10:00:00+08:00');
        server.runJobs();
        assert.equal(await count('attachment WHERE id IN (?, ?)', [old.id, twin.id]), 2, 'seven years have not passed');
        await setRule('attachment.keep_years', 6);
        server.setClock('2026-10-20T10:00:00+08:00');
        server.runJobs();
        assert.equal(await count('attachment WHERE id IN (?, ?)', [old.id, twin.id]), 0);
        assert.equal(await count('attachment WHERE id = ?', [late.id]), 1);
        assert.equal(onDisk().length, n - 1, 'the picture that another record has stays');
        assert.equal(await status('guardianHao', late.id), 200);
        assert.equal((await who.guardian.get(`leave-requests/${leave.id}`)).json.certificate.length, 0);
        const [event] = await server.sql("SELECT unit_id, payload FROM audit_event WHERE action = 'retire'");
        assert.equal(String(event.unit_id), String(world.units.school.id));
        assert.deepEqual(JSON.parse(event.payload).changes.ids.sort(), [old.id, twin.id].sort());
        await setRule('attachment.keep_years', null);
    });

    test('every chain verifies after all this', () => {
        assert.doesNotThrow(() => server.control('audit', 'verify'));
    });
});

describe('what a school\'s files amount to', () => {
    test('is what was counted as they came and went, whatever was done before', async () => {
        const [{ n }] = await server.sql('SELECT COUNT(*) AS n FROM attachment WHERE school_id IS NOT NULL');
        assert.ok(Number(n) > 5);
        const odd = await server.sql(`SELECT s.school_id, s.bytes, o.bytes AS counted FROM (SELECT school_id, SUM(size) AS bytes FROM attachment WHERE school_id IS NOT NULL
            GROUP BY school_id) s LEFT JOIN attachment_total o ON o.school_id = s.school_id WHERE NOT (s.bytes <=> o.bytes)
            UNION ALL SELECT o.school_id, NULL, o.bytes FROM attachment_total o WHERE o.bytes <> 0 AND NOT EXISTS (SELECT 1 FROM attachment a WHERE a.school_id = o.school_id)`);
        assert.deepEqual(odd, []);
    });

    test('goes up with a draft\'s photo, and down when it is taken out', async () => {
        const bytes = async () => Number((await server.sql('SELECT COALESCE(SUM(bytes), 0) AS n FROM attachment_total'))[0].n);
        const before_ = await bytes();
        const file = made(await send('guardian', another()));
        assert.equal(await bytes(), before_);                         // nobody's yet
        const draft = made(await ask('guardian', [file.id], 'save'));
        assert.ok(await bytes() > before_);
        assert.equal((await who.guardian.patch(`leave-requests/${draft.id}`, { certificate: [] }, { version: draft.version })).status, 200);
        assert.equal(await bytes(), before_);
    });
});
