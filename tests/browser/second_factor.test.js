// second_factor.test.js: one-time codes on a phone: set up, sign in, recovery code, switched off; the post that must; the administrator.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { launchChromium, screenshots } from '../lib/browser.js';
import { accountPassword, start } from '../lib/server.js';
import { buildWorld, libraryValues } from '../lib/world.js';

const axe = fs.readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
let clock = Date.parse('2026-09-21T08:00:00+08:00');
let server, world, chromium, visitor, page;

before(async () => {
    server = await start({ clock: new Date(clock).toISOString() });
    world = await buildWorld(server);
    chromium = await launchChromium(server);
});
after(async () => {
    await chromium?.close();
    await server?.stop();
});
beforeEach(async () => {
    for (const table of ['second_factor', 'recovery_code', 'session', 'throttle']) {
        await server.sql(`DELETE FROM ${table}`);
    }
    await later();
});
afterEach(async () => {
    const last = visitor;
    visitor = null;
    await last?.close();
});

async function later(seconds = 31) {
    clock += seconds * 1000;
    await chromium.setClock(new Date(clock).toISOString());
}

const codeOf = (secret) => libraryValues(server, [{ op: 'totp', text: secret.replaceAll(' ', ''), at: Math.floor(clock / 1000) }])[0];
const button = (name) => page.getByRole('button', { name, exact: true });
const heading = (name) => page.getByRole('heading', { name });
const text = (words) => page.getByText(words);

async function look(name) {
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${name}: wider than the screen`);
    await page.evaluate(axe);
    const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
    assert.deepEqual(found.violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.target).join()}`), [], name);
    if (process.env.BAOXUE_PICTURES) {
        await page.screenshot({ path: `${screenshots}/second-factor-${name}.png`, fullPage: true });
    }
}

async function signIn(login) {
    await visitor.open('sign-in');
    await page.fill('#login', login);
    await page.fill('#secret', accountPassword);
    await button('登录').click();
}

async function signOut() {
    await button('退出登录').click();
    await page.locator('#login').waitFor();
}

/** From the page that asks for the own password to the recovery codes. */
async function setUp() {
    await page.fill('#own-password', accountPassword);
    await button('开始').click();
    await page.locator('.qrcode').waitFor();
    const secret = await page.locator('.secret').innerText();
    await look('scan');
    await page.fill('#code', '000000');
    await button('开通').click();
    await text('动态码不对，或者刚才用过了。还可以再试 4 次。').waitFor();
    await page.fill('#code', codeOf(secret));
    await button('开通').click();
    await heading('十个备用码').waitFor();
    const codes = await page.locator('.codes li').allInnerTexts();
    assert.equal(codes.length, 10);
    await look('codes');
    await button('记好了').click();
    await later();
    return { secret, codes };
}

describe('one-time codes on a phone', () => {
    test('set up from 我的, asked for at the next sign-in, a recovery code instead, switched off', async () => {
        visitor = await chromium.visitor();
        ({ page } = visitor);
        await signIn('teacher');
        await page.waitForURL(/#\/today/);
        await visitor.open('me');
        await look('me');
        await page.getByRole('link', { name: '登录动态码 没开通' }).click();
        await text('开通以后，登录时除了密码').waitFor();
        await look('begin');
        await page.fill('#own-password', 'not mine at all');
        await button('开始').click();
        await text('密码不对，请再输一遍您自己的登录密码。').waitFor();
        const { secret, codes } = await setUp();
        await page.getByRole('link', { name: '登录动态码 已开通' }).waitFor();

        await signOut();
        await signIn('teacher');
        await page.locator('#code').waitFor();
        await page.waitForFunction(() => document.activeElement.id === 'code');
        await look('sign-in');
        await button('登录').click();
        await text('请写动态码').waitFor();
        await page.fill('#code', '123 456');
        await button('登录').click();
        await text('动态码不对，或者刚才用过了。还可以再试 4 次。').waitFor();
        await page.reload();
        await page.locator('#login').waitFor();                       // the password alone has brought no session
        await signIn('teacher');
        await page.fill('#code', codeOf(secret));
        await button('登录').click();
        await page.waitForURL(/#\/today/);

        await visitor.open('me');
        await signOut();
        await signIn('teacher');
        await button('手机不在身边，用备用码').click();
        await text('请输入一个没用过的备用码').waitFor();
        await look('recovery');
        await page.fill('#code', codes[0].toLowerCase());
        await button('登录').click();
        await page.waitForURL(/#\/today/);
        await visitor.open('second-factor');
        await text('备用码还剩 9 个没用。').waitFor();
        await look('on');

        await later();
        await button('停用动态码').first().click();
        await page.fill('#own-password', accountPassword);
        await page.fill('#code', codeOf(secret));
        await page.locator('form').getByRole('button', { name: '停用动态码' }).click();
        await page.getByRole('link', { name: '登录动态码 没开通' }).waitFor();
    });

    test('five minutes for the code, then the password again', async () => {
        visitor = await chromium.visitor();
        ({ page } = visitor);
        await signIn('teacher');
        await page.waitForURL(/#\/today/);
        await visitor.open('second-factor');
        const { secret } = await setUp();
        await visitor.open('me');
        await signOut();
        await signIn('teacher');
        await page.locator('#code').waitFor();
        await later(301);
        await page.fill('#code', codeOf(secret));
        await button('登录').click();
        await text('等得太久了，请重新输入密码。').waitFor();
        await page.locator('#login').waitFor();
    });
});

describe('a post that must have them', () => {
    after(() => server.sql("DELETE FROM rule_override WHERE rule = 'signin.factor_roles'"));

    test('is led there, and nowhere else before', async () => {
        await server.sql("INSERT INTO rule_override (rule, unit_id, value, set_by, set_at, reason) VALUES ('signin.factor_roles', ?, 'principal', 1, '2026-09-01 08:00:00', 'x')",
            [world.units.county.id]);
        visitor = await chromium.visitor();
        ({ page } = visitor);
        await signIn('principal');
        await heading('先开通动态码').waitFor();
        await look('forced');
        await page.goto('/#/students');
        await heading('先开通动态码').waitFor();
        await setUp();
        await page.waitForURL(/#\/(today|students)/);
        await visitor.open('students');
        await heading('先开通动态码').waitFor({ state: 'detached' });
        assert.equal((await page.evaluate(() => fetch('api/v1/tasks').then((answer) => answer.status))), 200);
    });
});
