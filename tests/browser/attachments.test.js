// attachments.test.js: photos from the camera of a phone to whoever looks at them: reduced, turned the right way and without
// their place before they leave the phone, shown small and then over the whole screen, and struck out when they are wrong.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { launchChromium } from '../lib/browser.js';
import { top } from '../lib/database.js';
import { until } from '../lib/processes.js';
import { start } from '../lib/server.js';
import { buildWorld } from '../lib/world.js';

const sample = (name) => fs.readFileSync(path.join(top, 'tests/unit/files', name));
const place = 'N26.4107E106.6302';
let server, world, chromium, visitor, page;

before(async () => {
    server = await start({ clock: '2026-09-21T07:50:00+08:00' });
    world = await buildWorld(server);
    chromium = await launchChromium(server);
});
after(async () => {
    await chromium?.close();
    await server?.stop();
});
afterEach(async () => {
    const last = visitor;
    visitor = null;
    await last?.close();
});

async function enter(login, to, options = {}) {
    visitor = await chromium.visitor({ size: 'phone', ...options });
    ({ page } = visitor);
    await visitor.enter(login);
    await visitor.open(to);
}

const button = (name) => page.getByRole('button', { name, exact: true });

/** What a phone held upright takes: a large picture lying on its side, with an Exif that says so and where it was taken. */
async function fromTheCamera(name, color) {
    const jpeg = Buffer.from(await page.evaluate(async (fill) => {
        const canvas = document.createElement('canvas');
        const pen = canvas.getContext('2d');

        [canvas.width, canvas.height] = [2400, 1600];
        for (let i = 0; i < 40; i++) {
            pen.fillStyle = i % 2 ? fill : '#fff';
            pen.fillRect(i * 60, 0, 60, 1600);
        }
        const blob = await new Promise((resolve) => { canvas.toBlob(resolve, 'image/jpeg', 0.9); });
        return [...new Uint8Array(await blob.arrayBuffer())];
    }, color));
    const exif = Buffer.concat([Buffer.from('Exif\0\0MM\0*\0\0\0\x08\0\x01', 'latin1'), Buffer.from([0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0]), Buffer.alloc(4), Buffer.from(place)]);
    const buffer = Buffer.concat([jpeg.subarray(0, 2), Buffer.from([0xff, 0xe1, 0, exif.length + 2]), exif, jpeg.subarray(2)]);
    return { name, mimeType: 'image/jpeg', buffer };
}

test('a photo is reduced on the phone, upright, without its place, with a small one beside it', async () => {
    await enter('guardian', `my-leave/new?student=${world.students.siyu}`);
    const sent = [];
    page.on('request', (request) => /attachments/.test(request.url()) && request.method() === 'POST' && sent.push(request));
    const files = [await fromTheCamera('一.jpg', '#c33'), await fromTheCamera('二.jpg', '#3c3')];
    await page.setInputFiles('input[type=file]', [...files, { name: '病历.pdf', mimeType: 'application/pdf', buffer: sample('paper.pdf') }]);
    await page.locator('.file canvas').nth(1).waitFor();
    assert.deepEqual(await visitor.axe(), []);
    assert.equal(await visitor.overflow(), 0);
    await until('the files', async () => (await server.sql('SELECT id FROM attachment WHERE thumb_size IS NOT NULL OR width IS NULL')).length === 3);
    await page.waitForFunction(() => document.querySelectorAll('.file progress').length === 0);

    const rows = await server.sql('SELECT media_type, width, height, size, thumb_size FROM attachment ORDER BY media_type DESC, id');
    assert.equal(rows.length, 3);
    for (const row of rows.slice(0, 2)) {
        assert.deepEqual([row.media_type, row.width, row.height], ['image/jpeg', 853, 1280]);
        assert.ok(row.size < files[0].buffer.length && row.size < 300_000, `${row.size} bytes`);
        assert.ok(row.thumb_size > 300 && row.thumb_size < 20_000, `${row.thumb_size} bytes`);
    }
    assert.deepEqual([rows[2].media_type, rows[2].width, rows[2].thumb_size], ['application/pdf', null, null]);
    for (const request of sent) {
        assert.ok(!request.postDataBuffer()?.includes(place), 'the place never leaves the phone');
    }
});

test('a file nobody can read is not sent', async () => {
    await enter('guardian', `my-leave/new?student=${world.students.siyu}`);
    const n = (await server.sql('SELECT id FROM attachment')).length;
    await page.setInputFiles('input[type=file]', { name: '照片.heic', mimeType: 'image/heic', buffer: Buffer.from('ftypheic nothing') });
    await page.getByText('这个文件看不了').waitFor();
    assert.equal((await server.sql('SELECT id FROM attachment')).length, n);
});

let leave;

test('who may see the request sees small pictures, and each over the whole screen: keys, zoom, next and previous', async () => {
    const mother = await server.client('guardian');
    const files = await server.sql('SELECT CAST(id AS CHAR) id FROM attachment WHERE record_id IS NULL ORDER BY media_type DESC, id LIMIT 3');
    const made = await mother.post('leave-requests', { student_id: world.students.siyu, kind: 'sick', starts_on: '2026-09-22', starts_period: 1, ends_on: '2026-09-22', ends_period: 7,
        reason: '发烧', certificate: files.map((one) => one.id), action: 'submit' });
    assert.equal(made.status, 201, made.text);
    leave = made.json;

    await enter('teacher', `leave/${leave.id}`, { size: 'desktop' });
    const loaded = [];
    page.on('response', (response) => /attachments\/\d+/.test(response.url()) && loaded.push(new URL(response.url()).pathname));
    await page.reload();
    await button('第 1 张照片').waitFor();
    await page.waitForFunction(() => [...document.querySelectorAll('.file.look img')].every((one) => one.complete && one.naturalWidth > 0 && one.naturalWidth <= 240));
    assert.ok(loaded.length === 2 && loaded.every((one) => one.endsWith('/thumbnail')), loaded.join());
    assert.deepEqual(await visitor.axe(), []);

    await button('第 1 张照片').click();
    const stage = page.getByRole('dialog').getByRole('img', { name: '第 1 张照片' });
    await stage.waitFor();
    await page.getByText('1 / 2').waitFor();
    await page.waitForFunction(() => document.querySelector('.stage img').naturalHeight === 1280);
    assert.deepEqual(await visitor.axe(), []);
    await visitor.shot('viewer');
    const width = async () => Math.round((await page.locator('.stage img').boundingBox()).width);
    const fit = await width();
    await page.keyboard.press('+');
    await page.waitForFunction((before) => document.querySelector('.stage img').getBoundingClientRect().width > before * 1.5, fit);
    await page.keyboard.press('-');
    await page.keyboard.press('ArrowRight');
    await page.getByText('2 / 2').waitFor();
    await page.keyboard.press('ArrowRight');
    await page.getByText('1 / 2').waitFor();
    await button('上一张').click();
    await page.getByText('2 / 2').waitFor();
    assert.equal(await button('传错了，划掉').count(), 0, 'the teacher did not bring it');
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    await page.waitForFunction(() => document.activeElement.getAttribute('aria-label') === '第 1 张照片', null, { timeout: 5000 });      // the focus is back where it was

    const [saved] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: /^存下第 . 份（PDF）$/ }).click()]);
    const [paper, kept] = [sample('paper.pdf'), fs.readFileSync(await saved.path())];
    const from = paper.indexOf('endobj');                          // before it: who made it, which is gone
    assert.deepEqual([kept.length, kept.subarray(from)], [paper.length, paper.subarray(from)]);
});

test('whoever brought a wrong one strikes it out, with a reason, on the phone', async () => {
    await enter('guardian', `my-leave/${leave.id}`);
    await button('第 2 张照片').click();
    await button('传错了，划掉').click();
    await page.getByText('划掉后看不到了').waitFor();
    await button('传错了，划掉').last().click();
    await page.getByText('请写一句为什么').waitFor();
    assert.deepEqual(await visitor.axe(), []);
    await visitor.shot('viewer-strike-phone');
    await page.getByLabel('为什么划掉').fill('拍成了弟弟的单子');
    await button('传错了，划掉').last().click();
    await page.getByText(/杨秀莲 .*划掉了一份：拍成了弟弟的单子/).waitFor();
    assert.equal(await page.locator('.file.look').count(), 1);
    await page.reload();
    await page.getByText(/划掉了一份：拍成了弟弟的单子/).waitFor();
    assert.equal(await page.locator('.file.look').count(), 1);
    assert.equal(await visitor.overflow(), 0);
    assert.deepEqual(await visitor.axe(), []);
    await page.getByText('划掉了一份附件').waitFor();
    assert.equal((await server.sql('SELECT id FROM attachment WHERE struck_at IS NOT NULL')).length, 1);
});

test('in English, and by the office', async () => {
    await server.sql("UPDATE account SET language = 'en' WHERE login = 'office'");
    await enter('office', `leave/${leave.id}`, { language: 'en' });
    await page.getByText(/struck out a file: 拍成了弟弟的单子/).waitFor();
    await button('Photo 1').click();
    await button('Wrong photo: strike out').click();
    await page.getByLabel('Why it is struck out').fill('somebody else');
    await button('Wrong photo: strike out').last().click();
    await page.getByText(/struck out a file: somebody else/).waitFor();
    assert.equal(await page.locator('.file.look').count(), 0);
    await server.sql("UPDATE account SET language = NULL WHERE login = 'office'");
});
