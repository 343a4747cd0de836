// roster.test.js: the registrar's roster, from a file on the desk to slips of paper with activation codes.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { launchChromium } from '../lib/browser.js';
import { top } from '../lib/database.js';
import { start } from '../lib/server.js';
import { buildWorld } from '../lib/world.js';

const roster = path.join(top, 'tests/data/roster-a.xlsx');
const expected = JSON.parse(fs.readFileSync(path.join(top, 'tests/data/roster-a.expected.json'), 'utf8'));
let server, chromium, visitor, page;

before(async () => {
    server = await start({ clock: '2026-09-21T09:00:00+08:00' });
    await buildWorld(server);
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

const text = (words) => page.getByText(words);
const button = (name) => page.getByRole('button', { name });

async function desk(to, options = {}) {
    visitor = await chromium.visitor({ size: 'desktop', ...options });
    ({ page } = visitor);
    await visitor.enter('registrar');
    await visitor.open(to);
}

const choose = (name, mimeType, buffer) => page.setInputFiles('input[type=file]', { name, mimeType, buffer });

describe('a file that cannot be a roster', () => {
    test('is refused with what to do instead, before it is sent or after', async () => {
        await desk('imports');
        await text('还没有名册').waitFor();

        await choose('名册.xls', 'application/vnd.ms-excel', Buffer.from('x'));
        await text('这是旧版“.xls”。').waitFor();
        await choose('名册.docx', 'application/msword', Buffer.from('x'));
        await text('这不是名册文件。').waitFor();
        await choose('名册.csv', 'text/csv', Buffer.alloc(0));
        await text('这个文件是空的').waitFor();
        assert.equal((await server.sql('SELECT id FROM import')).length, 0);

        await choose('名册.csv', 'text/csv', Buffer.from('姓名,性别\n张三,男\n'));
        await text('少了这些列').waitFor();
        await button('换一份文件').click();
        await text('少了这些列').waitFor({ state: 'hidden' });
        assert.equal((await server.sql('SELECT id FROM import')).length, 0);
    });
});

describe('the roster', () => {
    test('without a network it stays, and goes out once', async () => {
        await desk('imports');
        visitor.expects(/ERR_INTERNET_DISCONNECTED/);
        await visitor.offline(true);
        await page.setInputFiles('input[type=file]', roster);
        await text('没网，没传完。').waitFor();
        await visitor.offline(false);
        await button('再试一次').click();
        await page.getByRole('heading', { level: 1, name: 'roster-a.xlsx' }).waitFor({ timeout: 60_000 });
        assert.equal((await server.sql('SELECT id FROM import')).length, 1);
    });

    test('says what became of each row', async () => {
        const [{ id }] = await server.sql('SELECT CAST(id AS CHAR) id FROM import');
        await desk(`imports/${id}`);
        const figures = (await page.locator('.st b').allTextContents()).map((one) => one.replace(/[^\d]/g, ''));
        assert.deepEqual(figures, ['1600', '0', '0', '20']);
        await text('1,620 行，71 列').waitFor();

        const rows = page.locator('tbody tr');
        await rows.nth(Object.keys(expected.rejected).length - 1).waitFor();
        const numbers = (await rows.locator('td:first-child').allTextContents()).map(Number);
        assert.deepEqual(numbers, Object.keys(expected.rejected).map(Number));
        assert.deepEqual(await rows.first().locator('td').allTextContents(), ['83', '姓名', '（空）', '没有姓名。请补上姓名再传。', '—']);
        await page.getByRole('row', { name: /^364/ }).getByText('被 Excel 变成了科学计数').waitFor();
        assert.deepEqual(await visitor.axe(), []);
        await visitor.shot('roster-import');

        const [saved] = await Promise.all([page.waitForEvent('download'), button('下载退回的 20 行').click()]);
        assert.equal(saved.suggestedFilename(), 'roster-a-退回.csv');
        const csv = fs.readFileSync(await saved.path(), 'utf8');
        assert.equal(csv.trim().split('\r\n').length, 21);
        assert.match(csv, /^\ufeff"第几行"/);

        await page.getByText('新增 1,600').click();
        await page.getByRole('row').nth(40).waitFor();
        await button('再看一些').click();
        await page.getByRole('row').nth(41).waitFor();
    });

    test('fits a phone, in English too', async () => {
        const [{ id }] = await server.sql('SELECT CAST(id AS CHAR) id FROM import');
        await server.sql("UPDATE account SET language = 'en' WHERE login = 'registrar'");
        await desk(`imports/${id}`, { size: 'phone', language: 'en' });
        await text('Sent back 20').waitFor();
        assert.equal(await visitor.overflow(), 0);
        assert.deepEqual(await visitor.axe(), []);
        await visitor.shot('roster-import-phone-en', { fullPage: true });
        await visitor.open('imports');
        assert.equal(await visitor.overflow(), 0);
        assert.deepEqual(await visitor.axe(), []);
        await server.sql("UPDATE account SET language = NULL WHERE login = 'registrar'");
    });

    test('the same file again, dropped on the page, changes nothing', async () => {
        await desk('imports');
        const data = await page.evaluateHandle((base64) => {
            const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
            const transfer = new DataTransfer();

            transfer.items.add(new File([bytes], 'roster-a.xlsx'));
            return transfer;
        }, fs.readFileSync(roster).toString('base64'));
        await page.dispatchEvent('.drop', 'drop', { dataTransfer: data });
        await page.getByRole('heading', { level: 1, name: 'roster-a.xlsx' }).waitFor({ timeout: 60_000 });
        const figures = (await page.locator('.st b').allTextContents()).map((one) => one.replace(/[^\d]/g, ''));
        assert.deepEqual(figures, ['0', '0', '1600', '20']);
    });

    test('then slips for a class: who, which code, where, until when', async () => {
        const [{ id }] = await server.sql('SELECT CAST(class_id AS CHAR) id FROM activation a JOIN student_guardian g ON g.guardian_id = a.guardian_id '
            + 'JOIN student s ON s.id = g.student_id GROUP BY class_id ORDER BY COUNT(*) DESC LIMIT 1');
        await desk('slips');
        await page.locator(`a[href="#/slips/${id}"]`).click();
        const [{ n: count }] = await server.sql('SELECT COUNT(DISTINCT a.guardian_id) n FROM activation a JOIN student_guardian g ON g.guardian_id = a.guardian_id '
            + 'JOIN student s ON s.id = g.student_id WHERE s.class_id = ?', [id]);
        const n = Number(count);
        await button(`打印 ${n} 张`).waitFor();
        const slips = page.locator('.actslip');
        assert.equal(await slips.count(), n);
        assert.match(await slips.first().innerText(), new RegExp(`\\w{4} \\w{4}[^]*127\\.0\\.0\\.1:${server.port}[^]*10月21日前有效`));
        const seen = await server.sql("SELECT seq FROM audit_event WHERE action = 'print' AND record = 'activation-slips'");
        assert.ok(seen.length > 0);

        // eight to a sheet of A4, and nothing of the page around them
        const pdf = (await page.pdf({ preferCSSPageSize: true })).toString('latin1');
        assert.equal(pdf.match(/\/Type \/Page\n/g).length, Math.ceil(n / 8));
        await page.emulateMedia({ media: 'print' });
        assert.equal(await page.getByRole('navigation').count(), 0);
        const [first, last] = [await slips.nth(0).boundingBox(), await slips.nth(7).boundingBox()];
        assert.equal(Math.round(first.y), 0);
        assert.ok(last.y + last.height <= 1123, JSON.stringify(last));
    });
});
