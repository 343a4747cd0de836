// opening.test.js: registration at the start of a term on a class teacher's phone, and the school's sheet of whoever has not come.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { launchChromium } from '../lib/browser.js';
import { start } from '../lib/server.js';
import { buildWorld } from '../lib/world.js';

let server, chromium, visitor, page;

before(async () => {
    server = await start({ clock: '2026-09-01T07:40:00+08:00' });
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

async function as(login, to, options = {}) {
    visitor = await chromium.visitor(options);
    ({ page } = visitor);
    await visitor.enter(login);
    await visitor.open(to);
}

const button = (name) => page.getByRole('button', { name, exact: true });
const toast = (words) => page.locator('.toast', { hasText: words }).waitFor();
const look = (name) => process.env.LOOK && page.screenshot({ path: `${process.env.LOOK}/opening.${name}.png`, fullPage: true });

test('a class teacher taps who is here, closes the list, says who goes; the roll knows', async () => {
    await as('teacher', 'opening');
    await page.locator('.roll button', { hasText: '罗思雨' }).click();
    await look('taps');
    assert.deepEqual(await visitor.axe(), []);
    await visitor.open('today');
    await visitor.open('opening');
    await page.locator('.roll button[aria-pressed=true]', { hasText: '罗思雨' }).waitFor();       // what was tapped is kept
    await button('交已到名单·1 人').click();
    await toast('已交，1 人已到');
    assert.equal(Number((await server.sql('SELECT COUNT(*) n FROM opening_entry'))[0].n), 1);
    await button('登记完毕').click();
    await page.getByText('李浩、韦敏').waitFor();
    await look('close');
    await page.getByRole('dialog').getByRole('button', { name: '登记完毕' }).click();
    await toast('登记完毕，2 人未到校');
    const row = page.locator('tr', { hasText: '李浩' });
    await row.getByRole('button', { name: '落实责任' }).click();
    await page.locator('#reason').selectOption('unwilling');
    await page.locator('#measure').fill('放学后和村干部一起上门');
    await button('记下').click();
    await toast('已记下');
    await page.locator('tr', { hasText: '韦敏' }).getByRole('button', { name: '到校了' }).click();
    await toast('韦敏已到校');
    await look('list');
    assert.deepEqual(await visitor.axe(), []);
    await visitor.open('roll');
    await page.locator('.roll button', { hasText: '李浩' }).waitFor();
    assert.equal(await page.locator('.roll button', { hasText: '李浩' }).getAttribute('aria-pressed'), 'true');
    assert.equal(await page.locator('.roll button', { hasText: '韦敏' }).getAttribute('aria-pressed'), 'false');
});

test('the office sees the school, prints the sheet; a numbered one of the class', async () => {
    for (const language of ['en', 'zh-CN']) {
        await visitor?.close();
        await as('office', 'opening', { size: 'desktop', language });
        await page.locator('tr', { hasText: '李浩' }).waitFor();
        assert.deepEqual(await visitor.axe(), [], language);
    }
    const cells = (await page.locator('tr', { hasText: '王晓梅' }).first().locator('td').allInnerTexts()).map((one) => one.trim());
    assert.deepEqual(cells.slice(0, 6), ['王晓梅', '3', '2', '0', '1', '0']);
    await look('office');
    await page.emulateMedia({ media: 'print' });
    assert.ok(await page.getByRole('heading', { name: '未到校学生动员落实', exact: false }).first().isVisible());
    assert.ok(!(await button('落实责任').first().isVisible()), 'paper has no buttons');
    await look('print');
    await page.emulateMedia({ media: 'screen' });
    await page.getByRole('link', { name: '三年级1班' }).first().click();
    await button('打印落实表').click();
    await page.getByText('FX-2026-0001').first().waitFor();
    await page.getByText('责任人').first().waitFor();
    await look('document');
});
