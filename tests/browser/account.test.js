// account.test.js: getting in and out on a phone: passwords, activation codes, the keyboard, languages, large print, and what
// is left on the device. And what axe says of every page of guardians and accounts.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { launchChromium } from '../lib/browser.js';
import { until } from '../lib/processes.js';
import { start } from '../lib/server.js';
import { buildWorld } from '../lib/world.js';

const evening = '2026-09-21T20:00:00+08:00';                          // a Monday
let server, world, chromium, visitor, page;

before(async () => {
    server = await start({ clock: evening });
    world = await buildWorld(server);
    chromium = await launchChromium(server);
});
after(async () => {
    await chromium?.close();
    await server?.stop();
});

beforeEach(async () => {
    await server.sql('DELETE FROM session');                          // an account has ten, and the newest stay
    await server.sql('DELETE FROM leave_request');
    await server.sql('UPDATE account SET language = NULL');
    await chromium.setClock(evening);
});
afterEach(async () => {
    const last = visitor;
    visitor = null;
    await last?.close();
});

const button = (name, exact = true) => page.getByRole('button', { name, exact });
const link = (name) => page.getByRole('link', { name });
const text = (words) => page.getByText(words);
const heading = (name) => page.getByRole('heading', { name });
const choose = (words) => page.locator('label', { hasText: words }).click();
const toast = (words) => page.locator('.toast', { hasText: words }).waitFor();
const font = () => page.evaluate(() => parseFloat(getComputedStyle(document.querySelector('main')).fontSize));

/** A phone that nobody is signed in on, or somebody is, on a page. */
async function phone(to = 'sign-in', { login, ...options } = {}) {
    visitor = await chromium.visitor(options);
    ({ page } = visitor);
    if (login) {
        await visitor.enter(login);
    }
    await visitor.open(to);
}

async function leave(login, days, more = {}) {
    const client = await server.client(login);
    const answer = await client.post('leave-requests', { student_id: world.students.siyu, kind: 'sick', reason: '咳嗽', action: 'submit',
        starts_on: '2026-09-23', starts_period: 1, ends_on: '2026-09-23', ends_period: 7, ...days, ...more });
    assert.equal(answer.status, 201, answer.text);
    return answer.json;
}

async function act(login, slip, action, body = {}) {
    const client = await server.client(login);
    const { json } = await client.get(`leave-requests/${slip.id}`);
    const answer = await client.post(`leave-requests/${slip.id}/${action}`, body, { version: json.version });
    assert.equal(answer.status, 200, answer.text);
}

/** The guardian has no account any more, and a slip with a code. Returns the code. */
async function withoutAccount(guardian, className = 'class1', teacher = 'teacher') {
    await server.sql('UPDATE guardian SET account_id = NULL WHERE id = ?', [world.guardians[guardian]]);
    await server.sql("UPDATE account SET phone_hash = NULL, phone_sealed = NULL, login = CONCAT('gone', id) WHERE id = ?", [world.accounts[guardian]]);
    const answer = await (await server.client(teacher)).post('activation-slips', { class_id: world.units[className].id }, { key: null });
    assert.equal(answer.status, 200, answer.text);
    return answer.json.items.at(-1).code;
}

describe('signing in', () => {
    test('a wrong password: what is wrong, and how often it may still be tried', async () => {
        await phone();
        await page.fill('#login', '1398555000');
        await page.fill('#secret', 'x');
        await button('登录').click();
        await text('手机号少了 1 位，请再看看').waitFor();
        assert.equal(await page.evaluate(() => document.activeElement.id), 'login');

        await page.fill('#login', `+86 ${world.phones.father.replace(/(...)(....)/, '$1 $2-')}`);
        await page.fill('#secret', 'wrong horse 9');
        await button('登录').click();
        await text('手机号和密码对不上。还可以再试 4 次。').waitFor();
        assert.equal(await page.evaluate(() => document.activeElement.id), 'secret');
        assert.equal(await page.inputValue('#secret'), 'wrong horse 9');
        await button('登录').click();
        await text('还可以再试 3 次。').waitFor();
        await choose('显示密码');
        assert.equal(await page.getAttribute('#secret', 'type'), 'text');
        await page.fill('#secret', server.password);
        await button('登录').click();
        await heading('罗国平，您好').waitFor();
    });

    test('too often wrong: for how long nobody gets in, in words', async () => {
        await phone();
        await page.fill('#login', 'grade');
        for (const left of [4, 3, 2, 1]) {
            await page.fill('#secret', `wrong horse ${left}`);
            await button('登录').click();
            await text(`还可以再试 ${left} 次。`).waitFor();
        }
        await page.fill('#secret', 'wrong horse');
        await button('登录').click();
        await text(/请过 \d+ 分钟再试/).waitFor();
    });

    test('with the keyboard alone, to the end of a slip', async () => {
        const press = async (...keys) => {
            for (const key of keys) {
                await page.keyboard.press(key);
            }
        };
        const reach = async (name) => {
            for (let i = 0; i < 40; i++) {
                await press('Tab');
                const at = await page.evaluate(() => {
                    const { activeElement: a } = document;
                    return `${a.getAttribute('aria-label') || a.textContent || ''} ${a.id} ${a.closest('label')?.textContent || ''}`.trim();
                });
                if (at.includes(name)) {
                    assert.ok(await page.evaluate(() => document.activeElement.matches(':focus-visible')), name);
                    return;
                }
            }
            assert.fail(`Tab does not come to ${name}`);
        };

        await phone('', { size: 'desktop' });
        await press('Tab');
        assert.equal(await page.evaluate(() => document.activeElement.className), 'skip');
        await press('Enter');
        assert.equal(await page.evaluate(() => document.activeElement.id), 'main');
        await reach('login');
        await page.keyboard.type(world.phones.guardian);
        await press('Tab');
        await page.keyboard.type(server.password);
        await press('Enter');
        await heading('杨秀莲，您好').waitFor();
        await visitor.settled();
        await reach('给思雨请假');
        await press('Enter');
        await heading('请假').waitFor();
        await visitor.settled();
        await reach('生病');
        await press('Space');
        await reach('明天一天');
        await press('ArrowRight');                                    // 自己选
        await reach('9月22日 周二 下午');
        await press('Enter');
        await reach('reason');
        await page.keyboard.type('发烧');
        await reach('交给王晓梅老师·0.5 天');
        await press('Enter');
        await text('假条交给王晓梅老师了，等老师同意。').waitFor();
        const [{ n }] = await server.sql('SELECT COUNT(*) n FROM leave_request');
        assert.equal(Number(n), 1);
    });

    test('a given password has to be changed first', async () => {
        await server.sql('UPDATE account SET must_change = 1 WHERE id = ?', [world.accounts.guardian2]);
        await phone();
        await visitor.signIn(world.phones.guardian2).catch(() => {});
        await heading('先换一个自己的密码').waitFor();
        await page.fill('#current', server.password);
        await page.fill('#new', 'short');
        await button('换成新密码').click();
        await text('密码还少 3 位').waitFor();
        await page.fill('#new', server.password);
        await button('换成新密码').click();
        await text('新密码和原来的一样，请换一个。').waitFor();
        await page.fill('#new', '12345678');
        await button('换成新密码').click();
        await text('这个密码太常见，容易被猜到，请换一个。').waitFor();
        await page.fill('#new', 'my own words 7');
        await button('换成新密码').click();
        await toast('密码换好了');
        await heading('吴桂英，您好').waitFor();
        assert.equal((await (await server.client(null)).post('session', { login: world.phones.guardian2, password: 'my own words 7' })).status, 201);
    });
});

describe('an activation code', () => {
    test('from the printed slip to the first leave', async () => {
        const code = await withoutAccount('guardianHao');

        await phone();
        await link('我有激活码').click();
        await page.fill('#code', 'ab');
        await button('下一步').click();
        await text('激活码还少 6 位，请对照纸条').waitFor();
        await page.fill('#code', 'AAAA-2222');
        await button('下一步').click();
        await text('没有这个激活码，请对照纸条再看看。').waitFor();
        await page.fill('#code', '');
        await page.locator('#code').pressSequentially(code.replace('-', '').toLowerCase());
        assert.equal(await page.inputValue('#code'), `${code.replace('-', '').slice(0, 4)}-${code.replace('-', '').slice(4)}`);
        await button('下一步').click();
        await heading('这是您的孩子吗？').waitFor();
        await text('李浩').waitFor();
        assert.ok(!(await page.content()).includes(world.phones.guardianHao), 'the phone is masked');
        await button('不是').click();
        await text('纸条可能发错了').waitFor();
        await button('换一个激活码').click();
        await page.fill('#code', code);
        await button('下一步').click();
        await button('是我的孩子，下一步').click();
        await page.fill('#new', 'a song of rice 5');
        await button('设好密码，开始用').click();
        await heading('李春花，您好').waitFor();
        await toast('好了，可以给孩子请假了');

        await link('给李浩请假').click();
        await choose('其他');
        await choose('明天一天');
        await page.getByLabel('说一下情况').fill('走亲戚');
        await button('交给王晓梅老师·1 天').click();
        await text('假条交给王晓梅老师了，等老师同意。').waitFor();
        assert.equal((await server.sql('SELECT state FROM leave_request')).length, 1);
        assert.equal((await (await server.client(null)).post('session', { login: world.phones.guardianHao, password: 'a song of rice 5' })).status, 201);
    });

    test('adds a child to an account', async () => {
        await server.sql('DELETE FROM activation');
        await server.sql('UPDATE guardian SET account_id = NULL WHERE id = ?', [world.guardians.guardian2]);
        const { json } = await (await server.client('teacher2')).post('activation-slips', { class_id: world.units.class3.id }, { key: null });

        await phone('me', { login: 'father' });
        await link('再输一个激活码').click();
        await page.fill('#code', json.items[0].code);
        await button('下一步').click();
        await text('龙欣').waitFor();
        await button('是我的孩子，下一步').click();
        await toast('孩子加好了');
        await text('龙欣').first().waitFor();
        await text('罗思宇').first().waitFor();
    });
});

describe('the reader’s own page', () => {
    test('the language is the account’s, here and on the next device', async () => {
        await phone();
        await button('English').click();
        await heading('Baoxue').waitFor();
        assert.equal(await page.getAttribute('html', 'lang'), 'en');
        assert.equal(await page.title(), 'Sign in · Baoxue');
        await button('中文').click();
        await heading('保学').waitFor();
        await visitor.signIn('father');
        await heading('罗国平，您好').waitFor();
        await visitor.open('me');
        await choose('English');
        await page.getByRole('link', { name: 'Home' }).click();
        await heading('Hello, 罗国平').waitFor();
        await page.reload();
        await heading('Hello, 罗国平').waitFor();
        await visitor.close();

        await phone('children', { login: 'father' });
        await heading('Hello, 罗国平').waitFor();
        assert.doesNotMatch((await page.locator('main').innerText()).replace(/罗国平|罗?思[雨宇]|龙欣|松山乡中心学校|云岭乡中心学校/g, ''), /\p{Script=Han}{2}/u);
    });

    test('large print stays, and nothing is cut off', async () => {
        await phone('children', { login: 'guardian' });

        const before = await font();

        await button('大字').click();
        assert.ok(await font() >= before * 1.19);
        await page.reload();
        await heading('杨秀莲，您好').waitFor();
        assert.ok(await font() >= before * 1.19);
        for (const to of ['children', 'my-leave', 'my-leave/new', 'me', 'password', 'activate']) {
            await visitor.open(to);
            assert.equal(await visitor.overflow(), 0, to);
        }
        await visitor.open('me');
        await choose('标准');
        assert.equal(await font(), before);
    });

    test('signing out leaves nothing of the children on the device', async () => {
        const slip = await leave('guardian');

        await phone('children', { login: 'guardian' });
        await visitor.shellKept();
        for (const to of ['my-leave', `my-leave/${slip.id}`, 'my-leave/new', 'me']) {
            await visitor.open(to);
        }
        await visitor.open('my-leave/new');
        await page.getByLabel('说一下情况').fill('还没写完');
        await until('the draft', async () => (await visitor.kept()).includes('还没写完'));
        assert.match(await visitor.kept(), /思雨/);
        await visitor.open('me');
        await button('退出登录').click();
        await toast('已退出');
        await heading('保学').waitFor();

        const left = await visitor.kept();

        for (const word of ['思雨', '思宇', '杨秀莲', '还没写完', '咳嗽', '王晓梅', String(world.students.siyu), slip.id]) {
            assert.ok(!left.includes(word), `${word} is still there: ${left.slice(0, 400)}`);
        }
        const cookies = await visitor.context.cookies();

        assert.deepEqual(cookies, []);
        await page.goBack();
        await heading('保学').waitFor();
        assert.equal(await text('思雨').count(), 0);
    });

    test('with something not yet sent, signing out asks first', async () => {
        await phone('my-leave/new?child=' + world.students.siyu, { login: 'guardian' });
        await visitor.shellKept();
        await choose('生病');
        await choose('明天一天');
        await page.getByLabel('说一下情况').fill('发烧');
        await visitor.settled();
        await visitor.offline(true);
        await button('交给王晓梅老师·1 天').click();
        await toast('没网，已存手机');
        await link('我的').click();
        await button('退出登录').click();
        await heading('还有东西没送出去').waitFor();
        await text('手机里还有 1 件没送到，退出就没了。').waitFor();
        assert.equal(await page.evaluate(() => document.activeElement.textContent.trim()), '先不退');
        await button('先不退').click();
        await visitor.offline(false);
        await until('the slip', async () => (await server.sql('SELECT id FROM leave_request')).length === 1);
    });

    test('signed out everywhere, the other device asks for the password', async () => {
        await phone('children', { login: 'father' });

        const other = visitor;
        const otherPage = page;

        await phone('me', { login: 'father' });
        await button('在所有手机和电脑上退出').click();
        await page.getByRole('dialog').getByRole('button', { name: '退出登录' }).click();
        await toast('所有手机和电脑上都退出了');
        await otherPage.getByRole('link', { name: '请假', exact: true }).click();
        await otherPage.getByRole('heading', { name: '登录到时间了' }).waitFor();
        await other.close();
    });

    test('the list of devices: one is signed out with the password, and only that one', async () => {
        await phone('children', { login: 'father' });

        const other = visitor;
        const otherPage = page;

        await phone('me', { login: 'father' });
        await heading('登录着的设备').waitFor();
        await text('这一台').waitFor();
        assert.equal(await button('让它退出', false).count() + await page.getByRole('button', { name: /^让“/ }).count(), 1, 'not this one');
        await page.getByRole('button', { name: /^让“/ }).click();

        const dialog = page.getByRole('dialog', { name: '让这台设备退出？' });

        await dialog.waitFor();
        assert.deepEqual(await visitor.axe(), []);
        assert.equal(await page.evaluate(() => document.activeElement.id), 'own-password');
        await dialog.getByRole('button', { name: '让它退出' }).click();
        await dialog.getByText('请写密码').waitFor();
        await dialog.getByLabel('您的密码').fill('wrong horse 9');
        await dialog.getByRole('button', { name: '让它退出' }).click();
        await dialog.getByText('密码不对，请再输一遍您自己的登录密码。').waitFor();
        await dialog.getByLabel('您的密码').fill(server.password);
        await dialog.getByRole('button', { name: '让它退出' }).click();
        await toast('那台设备已经退出');
        await until('one device', async () => await page.getByRole('button', { name: /^让“/ }).count() === 0);
        await otherPage.getByRole('link', { name: '请假', exact: true }).click();
        await otherPage.getByRole('heading', { name: '登录到时间了' }).waitFor();
        await other.close();
    });

    test('another person signing in over a page sees nothing of the one before', async () => {
        await phone('children', { login: 'guardian' });
        await visitor.stopPolling();
        await (await server.client('guardian')).del('session?everywhere=true');
        await link('请假').first().click();
        await heading('登录到时间了').waitFor();
        await page.fill('#login', world.phones.father);
        await page.fill('#secret', server.password);
        await button('登录').click();
        await heading('罗国平，您好').waitFor();
        assert.equal(await text('杨秀莲').count(), 0);
        assert.ok(!(await visitor.kept()).includes('杨秀莲'));
    });
});

describe('axe finds nothing, nothing is cut off', () => {
    const looks = [['phone', 'zh-CN', false], ['phone', 'en', true], ['desktop', 'zh-CN', true], ['desktop', 'en', false]];

    async function sound(name, size) {
        assert.deepEqual(await visitor.axe(), [], name);
        assert.equal(await visitor.overflow(), 0, name);
        if (size === 'phone') {
            await page.setViewportSize({ width: 320, height: 740 });
            assert.equal(await visitor.overflow(), 0, `${name} at 320`);
            await page.setViewportSize({ width: 360, height: 740 });
        }
    }

    for (const [size, language, dark] of looks) {
        test(`before signing in: ${size}, ${language}${dark ? ', dark' : ''}`, async () => {
            await server.sql('DELETE FROM activation');
            const code = await withoutAccount('guardianHao');

            await phone('sign-in', { size, language, dark });
            await sound('sign-in', size);
            await page.click('form button[type=submit]');
            await sound('sign-in with errors', size);
            await visitor.open('activate');
            await sound('activate', size);
            await page.fill('#code', 'AAAA-2222');
            await page.click('form button[type=submit]');
            await page.locator('.err').waitFor();
            await sound('activate with an error', size);
            await page.fill('#code', code);
            await page.click('form button[type=submit]');
            await page.locator('.dock .pri').waitFor();
            await sound('activate, children', size);
            await page.locator('.dock .pri').click();
            await page.locator('#new').waitFor();
            await sound('activate, password', size);
        });

        test(`a guardian: ${size}, ${language}${dark ? ', dark' : ''}`, async () => {
            const slips = {};

            await server.sql('UPDATE account SET language = ?', [language]);
            await chromium.setClock('2026-09-17T20:00:00+08:00');
            for (const [name, day] of [['rejected', 24], ['cancelled', 25], ['returned', 18]]) {
                slips[name] = await leave('guardian', { starts_on: `2026-09-${day}`, ends_on: `2026-09-${day}` });
            }
            await act('teacher', slips.rejected, 'reject', { comment: '月考，看完病回来补考行吗' });
            await act('guardian', slips.cancelled, 'cancel');
            await act('teacher', slips.returned, 'approve', { comment: '好好休息' });
            await chromium.setClock('2026-09-21T07:30:00+08:00');
            await act('guardian', slips.returned, 'return');
            slips.overdue = await leave('guardian', { starts_on: '2026-09-21', ends_on: '2026-09-21', student_id: world.students.yu });
            await act('teacherB', slips.overdue, 'approve');
            slips.submitted = await leave('guardian', { starts_on: '2026-09-23', ends_on: '2026-10-09' });
            await chromium.setClock('2026-09-22T12:00:00+08:00');
            server.runJobs();

            await phone('children', { login: 'guardian', size, language, dark });
            await sound('children', size);
            for (const to of ['my-leave', 'me', 'password', 'activate', 'nonsense', ...Object.values(slips).map((slip) => `my-leave/${slip.id}`), 'my-leave/new',
                `my-leave/new?extends=${slips.overdue.id}`]) {
                await visitor.open(to);
                await sound(to, size);
            }
            await visitor.open(`my-leave/new?child=${world.students.siyu}`);
            await page.locator('label', { hasText: /自己选|Choose/ }).click();
            await page.locator('.pick button:enabled').nth(2).click();
            await page.locator('.dock .pri').click();
            await page.locator('.err').first().waitFor();
            await sound('form with errors', size);
            await visitor.open(`my-leave/${slips.overdue.id}?do=return`);
            await page.locator('dialog .pri:enabled').waitFor();
            await sound('return dialog', size);
        });

        test(`who has no child: ${size}, ${language}${dark ? ', dark' : ''}`, async () => {
            await server.sql('UPDATE account SET language = ?', [language]);
            await phone('children', { login: 'nobody', size, language, dark });
            await sound('children', size);
            await visitor.open('my-leave');
            await sound('my-leave', size);
        });
    }
});
