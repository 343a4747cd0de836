// roster.test.js: the registrar's roster, from a file on the desk to slips of paper with activation codes: checked, looked at,
// written, with the page loaded anew in the middle of it.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { launchChromium } from '../lib/browser.js';
import { top } from '../lib/database.js';
import { start } from '../lib/server.js';
import { readXlsx } from '../lib/sheet.js';
import { buildWorld, libraryValues } from '../lib/world.js';

const roster = path.join(top, 'tests/data/roster-a.xlsx');
const expected = JSON.parse(fs.readFileSync(path.join(top, 'tests/data/roster-a.expected.json'), 'utf8'));
let server, world, chromium, visitor, page;

before(async () => {
    server = await start({ clock: '2026-09-21T09:00:00+08:00', running: true, jobs: true });
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

const text = (words) => page.getByText(words);
const button = (name) => page.getByRole('button', { name });

async function desk(to, options = {}) {
    visitor = await chromium.visitor({ size: 'desktop', ...options });
    ({ page } = visitor);
    await visitor.enter('registrar');
    await visitor.open(to);
}

const figures = async () => {
    await page.locator('.st b').first().waitFor();
    return (await page.locator('.st b').allTextContents()).map((one) => one.replace(/[^\d]/g, ''));
};
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

        await choose('照片.csv', 'text/csv', fs.readFileSync(path.join(top, 'tests/unit/files/photo.png')));
        await text('这不是表格文件').waitFor();
        await choose('账本.csv', 'text/csv', Buffer.from('日期,金额\n1,2\n'));
        await text('没有找到列名').waitFor();
        await button('换一份文件').click();
        await text('没有找到列名').waitFor({ state: 'hidden' });
        assert.equal((await server.sql('SELECT id FROM import')).length, 0);
    });
});

describe('columns of another province', () => {
    test('are named by hand, checked, and the roster given up', async () => {
        await desk('imports');
        await choose('外省名册.csv', 'text/csv', Buffer.from('孩子叫什么,性别,哪天生的,身份证件号,班级\n王一,男,20180405,52042920180405111X,三年级1班\n'));
        await page.getByRole('heading', { level: 1, name: '外省名册.csv' }).waitFor();
        await text('少了“姓名、出生日期”，还不能核对。').waitFor();
        assert.deepEqual(await visitor.axe(), []);
        await visitor.shot('roster-columns');
        await page.getByLabel('孩子叫什么').selectOption({ label: '姓名（必须有）' });
        await button('按这样重新核对').click();
        await text('少了“出生日期”，还不能核对。').waitFor({ timeout: 20_000 });
        await page.getByLabel('哪天生的').selectOption({ label: '出生日期（必须有）' });
        await button('按这样重新核对').click();
        await text('核对好了，还没有写入。退回 1 行不写。').waitFor({ timeout: 20_000 });
        await page.getByRole('row', { name: /最后一位校验码不对/ }).waitFor();
        await button('不写了').click();
        await button('不写了，清除').click();
        await text('这份没有写入。').waitFor();
        await visitor.open('imports');
        await text('没有写入').waitFor();
        await server.sql('DELETE FROM import');
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
        await text('核对好了，还没有写入。').waitFor({ timeout: 60_000 });
        assert.equal((await server.sql('SELECT id FROM student')).length, 6);
    });

    test('is looked at before anything is written', async () => {
        const [{ id }] = await server.sql('SELECT CAST(id AS CHAR) id FROM import');
        await desk(`imports/${id}`);
        await text('核对好了，还没有写入。会新增 1,600 个孩子，退回 20 行不写。').waitFor();
        assert.deepEqual(await figures(), ['1600', '0', '0', '20']);
        await text('1,620 行，71 列').waitFor();
        await text('71 列都认得').waitFor();
        await page.getByText('退回 20', { exact: true }).click();
        const rows = page.locator('tbody tr');
        await rows.nth(Object.keys(expected.rejected).length - 1).waitFor();
        assert.deepEqual(await rows.first().locator('td').allTextContents(), ['83', '姓名', '（空）', '没有姓名。请补上姓名再传。', '—']);
        assert.deepEqual(await visitor.axe(), []);
        await visitor.shot('roster-preview', { fullPage: true });
        await page.getByText('列名对照').click();
        await page.getByLabel(/^就读方式/).waitFor();
        assert.equal(await page.locator('details select').count(), 71);
        assert.deepEqual(await visitor.axe(), []);
    });

    test('is written while the page is left and opened again', async () => {
        const [{ id }] = await server.sql('SELECT CAST(id AS CHAR) id FROM import');
        const line = fs.readFileSync(path.join(top, 'tests/data/roster-a.utf8.csv'), 'utf8').split('\r\n');
        const number = line[1300].split(',')[line[0].replace(/^\ufeff/, '').split(',').indexOf('身份证件号')];
        const [own, hash] = libraryValues(server, [{ op: 'id' }, { op: 'hash', purpose: 'id', text: number }]);
        // the seventh batch has to wait for somebody
        const lock = await server.database.hold(`INSERT INTO student (id, class_id, school_id, name, sex, birth_on, id_hash, created_at, updated_at)
            VALUES (?, ?, ?, 'x', '1', '2018-01-01', ?, '2026-09-01', '2026-09-01')`, [own, world.units.class1.id, world.units.school.id, Buffer.from(hash, 'hex')]);
        await desk(`imports/${id}`);
        await button('写入 1,600 个孩子').click();
        await lock.waiter();
        await text('正在写入，已写好 1,200 / 1,620 行').waitFor();
        assert.equal(await page.locator('progress').getAttribute('value'), '1200');
        await visitor.shot('roster-applying');
        await page.reload();
        await text('正在写入，已写好 1,200 / 1,620 行').waitFor();
        await text('可以关掉这一页').waitFor();
        assert.deepEqual(await visitor.axe(), []);
        await visitor.open('imports');
        await text('正在写入，已写好 1,200 / 1,620 行').waitFor();
        await visitor.open(`imports/${id}`);
        await lock.release();
        await page.getByRole('link', { name: '激活码' }).first().waitFor({ timeout: 60_000 });
        assert.deepEqual(await figures(), ['1600', '0', '0', '20']);
        assert.equal((await server.sql('SELECT id FROM student')).length, 1606);
    });

    test('says what became of each row', async () => {
        const [{ id }] = await server.sql('SELECT CAST(id AS CHAR) id FROM import');
        await desk(`imports/${id}`);
        assert.deepEqual(await figures(), ['1600', '0', '0', '20']);
        const rows = page.locator('tbody tr');
        await rows.nth(Object.keys(expected.rejected).length - 1).waitFor();
        const numbers = (await rows.locator('td:first-child').allTextContents()).map(Number);
        assert.deepEqual(numbers, Object.keys(expected.rejected).map(Number));
        await page.getByRole('row', { name: /^364/ }).getByText('被 Excel 变成了科学计数').waitFor();
        assert.deepEqual(await visitor.axe(), []);
        await visitor.shot('roster-import');

        const [saved] = await Promise.all([page.waitForEvent('download'), button('下载退回的 20 行').click()]);
        assert.match(saved.suggestedFilename(), /^roster-a 退回的行 \d{4}-\d\d-\d\d\.xlsx$/);
        const rejected = readXlsx(fs.readFileSync(await saved.path()));
        assert.equal(rejected.length, 21);
        assert.deepEqual(rejected[0], ['第几行', '孩子', '列', '表里写的', '为什么退回，怎么改']);

        await page.getByText('新增 1,600').click();
        await page.getByRole('row').nth(40).waitFor();
        await button('再看一些').click();
        await page.getByRole('row').nth(41).waitFor();
    });

    test('what has changed is shown field by field, before and now', async () => {
        const [headings, ...rows] = fs.readFileSync(path.join(top, 'tests/data/roster-a.utf8.csv'), 'utf8').replace(/^\ufeff/, '').split('\r\n').slice(0, 3).map((one) => one.split(','));
        rows[0][headings.indexOf('民族')] = '侗族';
        rows[0][headings.indexOf('成员1联系电话')] = '13955556666';
        rows[1][headings.indexOf('现住址')] = '松山乡新村9组12号';
        await desk('imports', { size: 'phone' });
        await choose('改过的.csv', 'text/csv', Buffer.from([headings, ...rows].map((row) => row.join(',')).join('\r\n')));
        await text('核对好了，还没有写入。会改 2 个孩子的资料。').waitFor({ timeout: 30_000 });
        const seen = (await page.locator('tbody tr').allTextContents());
        assert.equal(seen.length, 3);
        assert.match(seen[0], /民族藏族侗族/);
        assert.match(seen[1], /成员1联系电话1\d\d\*{4}\d{4}139\*{4}6666/);
        assert.match(seen[2], /现住址（不显示）（不显示）/);
        assert.equal(await visitor.overflow(), 0);
        assert.deepEqual(await visitor.axe(), []);
        await visitor.shot('roster-changed-phone', { fullPage: true });
        await button('不写了').click();
        await button('不写了，清除').click();
        await text('这份没有写入。').waitFor();
        await server.sql("DELETE FROM import WHERE state = 'discarded'");
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
        await text('核对好了，还没有写入。退回 20 行不写。').waitFor({ timeout: 60_000 });
        assert.deepEqual(await figures(), ['0', '0', '1600', '20']);
        assert.equal(await button(/^写入/).count(), 0);
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
