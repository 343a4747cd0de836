// plugin.test.js: a workflow from outside the tree in the portal, with no JavaScript of its own: menu, list, form, actions,
// what is refused, history, both languages. What the server does with it is in tests/http/plugin.test.js.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { launchChromium } from '../lib/browser.js';
import { buildPlugin } from '../lib/plugin.js';
import { start } from '../lib/server.js';
import { buildWorld } from '../lib/world.js';

let server, chromium, visitor, page;

before(async () => {
    const plugin = buildPlugin();
    server = await start({ nginx: false, clock: '2026-09-21T07:30:00+08:00', http: `baoxue_load_plugin "${plugin}";` });
    await buildWorld(server);
    server.control('migrate', '--load-plugin', plugin);
    await server.startNginx();
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

const button = (name) => page.getByRole('button', { name, exact: true });
const heading = (name) => page.getByRole('heading', { level: 1, name });
const text = (words) => page.getByText(words, { exact: true }).first();
const dialog = (name) => page.getByRole('dialog').getByRole('button', { name, exact: true });
const state = async () => (await server.sql('SELECT state FROM scholarship')).map((row) => row.state);

async function enter(login, options) {
    visitor = await chromium.visitor({ size: 'desktop', ...options });
    ({ page } = visitor);
    await visitor.signIn(login);
}

test('the class teacher finds it in the menu, fills the form, is told what is too much, and hands in', async () => {
    await enter('teacher');
    await page.getByRole('navigation').getByRole('link', { name: '奖学金与助学' }).click();
    await heading('奖学金与助学申请').waitFor();
    await text('还没有记录').waitFor();
    assert.deepEqual(await visitor.axe(), []);
    await page.getByRole('link', { name: '新建' }).first().click();

    await heading('新建奖学金与助学申请').waitFor();
    await button('保存').click();
    await text('这一项要填').waitFor();
    await page.getByLabel('找学生').fill('罗思');
    await page.getByRole('button', { name: /罗思雨/ }).click();
    await page.getByText('品学兼优').click();
    await page.getByLabel('申请金额（元）').fill('5');
    await page.getByLabel('申请理由').fill('成绩优秀，乐于助人');
    await button('保存').click();
    await page.locator('#f-amount-e').waitFor();                       // what the server finds wrong is beside its field
    assert.deepEqual(await visitor.axe(), []);
    await page.getByLabel('申请金额（元）').fill('3000');
    await button('保存').click();

    await heading('罗思雨').waitFor();
    await text('草稿').waitFor();
    await button('提交申请').click();
    await text('本校每次最多申请 1000 元').waitFor();                    // the hook's own words
    await button('修改').click();
    await page.getByRole('dialog').getByLabel('申请金额（元）').fill('900');
    await dialog('保存').click();
    await page.getByRole('definition').filter({ hasText: /^900$/ }).waitFor();
    await button('提交申请').click();
    await text('待教务处审核').waitFor();
    await button('修改').waitFor({ state: 'hidden' });
    await page.locator('.toast').waitFor({ state: 'hidden' });
    assert.deepEqual(await visitor.axe(), []);
    assert.deepEqual(await state(), ['applied']);
});

test('the office endorses what waits for it', async () => {
    await enter('office');
    await visitor.open('scholarships?queue=mine');
    await page.getByRole('row', { name: /罗思雨.*品学兼优.*900/ }).waitFor();
    await page.getByRole('link', { name: '罗思雨' }).click();
    await button('审核通过').click();
    await page.getByRole('dialog').getByLabel('意见').fill('材料齐全');
    await dialog('审核通过').click();
    await text('待校长批准').waitFor();
    assert.deepEqual(await state(), ['endorsed']);
});

test('the principal grants, not more than was asked for; the way is told', async () => {
    await enter('principal');
    await visitor.open('scholarships');
    await page.getByRole('link', { name: '罗思雨' }).click();
    await button('批准').click();
    await page.getByLabel('批准金额（元）').fill('1000');
    await dialog('批准').click();
    await text('批准金额不能超过申请的 900 元').waitFor();
    await page.getByLabel('批准金额（元）').fill('800');
    await dialog('批准').click();
    await text('已批准').waitFor();
    await text('刘建国 批准').waitFor();
    await text('陈志强 审核通过').waitFor();
    await page.getByText('材料齐全').waitFor();
    await text('王晓梅 提交申请').waitFor();
    await page.locator('.toast').waitFor({ state: 'hidden' });
    assert.deepEqual(await visitor.axe(), []);
    assert.deepEqual(await state(), ['granted']);
    assert.equal((await server.sql('SELECT amount FROM scholarship_payment'))[0].amount, 800);
});

test('on a phone, and in English', async () => {
    await enter('teacher', { size: 'phone', language: 'en' });
    await visitor.open('scholarships');
    await page.getByRole('heading', { level: 1 }).waitFor();
    assert.ok(await visitor.overflow() <= 0);
    assert.deepEqual(await visitor.axe(), []);
    await page.getByRole('link', { name: '罗思雨' }).click();
    await heading('罗思雨').waitFor();
    assert.ok(await visitor.overflow() <= 0);
    await visitor.open('me');
    await page.getByText('English').click();
    await visitor.open('scholarships');
    await heading('Scholarships and grants').waitFor();
    await page.locator('td', { hasText: 'Good conduct and learning' }).waitFor();
    await page.locator('td', { hasText: /^Granted$/ }).waitFor();
});
