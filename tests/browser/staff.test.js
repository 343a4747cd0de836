// staff.test.js: slips at a class teacher's desk: one tap decides and can be taken back; what was decided goes out once,
// however the page ends; what others did meanwhile is said in words. And the day of those who look after more than a class.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { launchChromium } from '../lib/browser.js';
import { top } from '../lib/database.js';
import { until } from '../lib/processes.js';
import { start } from '../lib/server.js';
import { buildWorld } from '../lib/world.js';

const morning = '2026-09-21T07:30:00+08:00';                          // a Monday
const clients = {};
let server, world, chromium, visitor, page;

before(async () => {
    server = await start({ clock: morning });
    world = await buildWorld(server);
    chromium = await launchChromium(server);
});
after(async () => {
    await chromium?.close();
    await server?.stop();
});

beforeEach(async () => {
    await server.sql('DELETE FROM session');                          // an account has ten, and the newest stay
    Object.keys(clients).forEach((login) => delete clients[login]);
    await server.sql('DELETE FROM leave_request');
    await server.sql('DELETE FROM history');
    await chromium.setClock(morning);
});
afterEach(async () => {
    const last = visitor;
    visitor = null;
    await last?.close();
});

const button = (name, exact = true) => page.getByRole('button', { name, exact });
const text = (words) => page.getByText(words);
const heading = (name) => page.getByRole('heading', { level: 1, name });
const as = async (login) => (clients[login] ??= await server.client(login));

/** Hands in a slip; days like '22.1-22.7' (of September). */
async function slip(guardian, child, days, more = {}) {
    const [from, to] = days.split('-').map((one) => one.split('.'));
    const answer = await (await as(guardian)).post('leave-requests', {
        student_id: world.students[child], kind: 'sick', reason: '发烧，去卫生院看病', action: 'submit', starts_on: `2026-09-${from[0]}`,
        starts_period: Number(from[1]), ends_on: `2026-09-${to[0]}`, ends_period: Number(to[1]), ...more,
    });
    assert.equal(answer.status, 201, answer.text);
    return answer.json;
}

const stateOf = async ({ id }) => (await server.sql('SELECT state FROM leave_request WHERE id = ?', [id]))[0].state;
const actsOn = async ({ id }) => (await server.sql('SELECT action, actor, comment FROM history WHERE record_id = ? ORDER BY id', [id])).slice(1);
const becomes = (leave, state, seconds = 15) => until(`the slip to be ${state}`, async () => (await stateOf(leave)) === state, seconds);

/** Somebody's desk, on a page. */
async function desk(login = 'teacher', to = 'leave', options = {}) {
    visitor = await chromium.visitor({ size: 'desktop', ...options });
    ({ page } = visitor);
    await visitor.enter(login);
    await visitor.open(to);
    return visitor;
}

describe('deciding', () => {
    test('from the day to the queue, with one tap each', async () => {
        const first = await slip('guardian', 'siyu', '22.1-22.7');
        const second = await slip('guardianHao', 'hao', '22.5-22.7', { kind: 'personal', reason: '回老家' });

        visitor = await chromium.visitor({ size: 'desktop' });
        ({ page } = visitor);
        await visitor.signIn('teacher');
        await heading('王老师，早').waitFor();
        await text('9月21日 星期一·第 4 周').waitFor();
        await text('2 张假条等您同意').waitFor();
        await page.getByRole('img', { name: '3 个座位：0 个休假，0 个逾期未归' }).waitFor();
        await page.getByRole('navigation').getByText('请假').click();
        await heading('2 张假条等您看').waitFor();
        await visitor.shot('staff-queue');

        await button('同意，罗思雨').click();
        await heading('1 张假条等您看').waitFor();
        await text('同意了罗思雨的假条').last().waitFor();
        assert.equal(await stateOf(first), 'submitted');              // it can still be taken back
        await button('同意，李浩').click();                            // the next one sends the one before
        await becomes(first, 'approved');
        await heading('假条都看完了').waitFor();
        await text('今天没有假条').waitFor();
        await visitor.open('today');                                  // and so does leaving the page
        await becomes(second, 'approved');
        await text('都办完了').waitFor();
        assert.deepEqual((await actsOn(first)).map((one) => one.action), ['approve']);
        assert.deepEqual((await actsOn(second)).map((one) => one.action), ['approve']);
    });

    test('by keyboard: arrows, Y, Z takes it back, N asks why, the space bar selects', async () => {
        const first = await slip('guardian', 'siyu', '22.1-22.7');
        const second = await slip('guardianHao', 'hao', '22.5-22.7');

        await desk();
        await page.keyboard.press('ArrowDown');                       // the heading has the focus: nothing happens yet
        await page.locator('.rails ul a').first().focus();
        await page.keyboard.press('ArrowDown');
        const name = await page.evaluate(() => document.activeElement.querySelector('b').firstChild.textContent.trim());
        const [chosen, other] = name === '罗思雨' ? [first, second] : [second, first];
        await page.getByRole('complementary').getByText(name).waitFor();

        await page.keyboard.press('y');
        await text(`同意了${name}的假条`).last().waitFor();
        await page.keyboard.press('z');
        await heading('2 张假条等您看').waitFor();
        await page.locator(`#slip-${chosen.id}`).focus();
        await page.keyboard.press('n');
        await page.getByRole('dialog').waitFor();
        await button('不同意', true).last().click();
        await text('写几个字').waitFor();
        assert.equal(await page.getByLabel('告诉家长为什么').getAttribute('aria-invalid'), 'true');
        await page.keyboard.type('这天有期中测验');
        await button('不同意', true).last().click();
        await text(`没同意${name}的假条`).last().waitFor();

        await page.locator(`#slip-${other.id}`).focus();
        await page.keyboard.press('y');
        await visitor.open('today');
        await becomes(chosen, 'rejected');
        await becomes(other, 'approved');
        assert.deepEqual((await actsOn(chosen)).map(({ action, comment }) => [action, comment]), [['reject', '这天有期中测验']]);
    });

    test('several at once, and taken back at once', async () => {
        const slips = [await slip('guardian', 'siyu', '22.1-22.7'), await slip('guardianHao', 'hao', '22.5-22.7')];

        await desk();
        await page.getByLabel('全选').check();
        await button('同意所选 2 张').click();
        await text('同意了 2 张假条').last().waitFor();
        await button('撤销').click();
        await heading('2 张假条等您看').waitFor();
        assert.deepEqual(await Promise.all(slips.map(stateOf)), ['submitted', 'submitted']);
        await page.getByLabel('全选').check();
        await button('同意所选 2 张').click();
        await becomes(slips[0], 'approved', 20);                      // eight seconds later, by itself
        await becomes(slips[1], 'approved');
    });

    test('a longer leave is passed on; the office agrees after the teacher', async () => {
        const long = await slip('guardian', 'siyu', '22.1-24.7');

        await desk();
        await text('您同意后，再由教导处定').waitFor();
        await page.getByLabel('给家长带句话').fill('好好休息');
        await page.getByRole('complementary').getByRole('button', { name: '同意并转教导处' }).click();
        await visitor.open('today');
        await becomes(long, 'provisional');
        assert.equal((await actsOn(long))[0].comment, '好好休息');
        await visitor.close();

        await desk('office', 'today');
        await heading('陈志强，早').waitFor();
        await text('1 张假条等您同意').click();
        await text('王晓梅先同意了，等您定').waitFor();
        await button('同意', true).click();
        await visitor.open('today');
        await becomes(long, 'approved');
    });

    test('with a look at the certificate', async () => {
        const photo = fs.readFileSync(path.join(top, 'tests/unit/files/photo.jpg'));
        const file = await (await as('guardian')).post('attachments', photo, { headers: { 'content-type': 'image/jpeg' } });
        assert.equal(file.status, 201, file.text);
        await slip('guardian', 'siyu', '22.1-22.7', { certificate: [file.json.id] });

        await desk();
        await button('第 1 张照片').click();
        const shown = page.getByRole('dialog').getByRole('img', { name: '第 1 张照片' });
        await shown.waitFor();
        assert.ok(await shown.evaluate((image) => image.complete && image.naturalWidth > 0));
        assert.deepEqual(await visitor.axe(), []);
        await page.keyboard.press('Escape');
        await page.getByRole('dialog').waitFor({ state: 'hidden' });
        assert.equal(await page.evaluate(() => document.activeElement.getAttribute('aria-label')), '第 1 张照片');
    });

    test('on a phone: the slip has a page of its own, with its buttons at the thumb', async () => {
        const one = await slip('guardian', 'siyu', '22.1-22.7');

        await desk('teacher', 'leave', { size: 'phone' });
        await text('发烧，去卫生院看病').click();
        await heading('罗思雨的病假').waitFor();
        assert.equal(await visitor.overflow(), 0);
        await page.locator('.dock').getByRole('button', { name: '同意', exact: true }).click();
        await heading('假条都看完了').waitFor();
        await button('撤销').click();
        await heading('1 张假条等您看').waitFor();
        assert.equal(await stateOf(one), 'submitted');
    });
});

describe('never lost, never twice', () => {
    test('a page that is closed sends what it holds', async () => {
        const one = await slip('guardian', 'siyu', '22.1-22.7');

        await desk();
        await button('同意，罗思雨').click();
        await text('同意了罗思雨的假条').last().waitFor();
        await page.goto('about:blank');
        await becomes(one, 'approved');
        await chromium.setClock('2026-09-21T07:40:00+08:00');
        await visitor.open('leave');                                  // sent again under its key, it is the same one
        await text('今天没有假条').waitFor();
        await until('the device to know', async () => !(await visitor.kept()).includes('"status":"held"'));
        assert.equal((await actsOn(one)).length, 1);
    });

    test('a page that dies sends it when the portal is opened again', async () => {
        const one = await slip('guardian', 'siyu', '22.1-22.7');

        await desk();
        await button('同意，罗思雨').click();
        await text('同意了罗思雨的假条').last().waitFor();
        await until('it to be on the device', async () => (await visitor.kept()).includes('"status":"held"'));
        await page.goto('chrome://crash').catch(() => {});            // no last word
        await page.close();
        await visitor.begin();
        ({ page } = visitor);
        assert.equal(await stateOf(one), 'submitted');
        await chromium.setClock('2026-09-21T07:40:00+08:00');
        await visitor.open('today');
        await becomes(one, 'approved');
        assert.equal((await actsOn(one)).length, 1);
    });

    test('without a network it waits, and says so', async () => {
        const one = await slip('guardian', 'siyu', '22.1-22.7');

        await desk();
        visitor.expects(/ERR_INTERNET_DISCONNECTED/);
        await visitor.offline(true);
        await button('同意，罗思雨').click();
        await page.evaluate(() => { window.location.hash = '#/today'; });
        await text('没网，有 1 件已存在这台设备上').waitFor();
        assert.equal(await stateOf(one), 'submitted');
        await visitor.offline(false);
        await becomes(one, 'approved');
        await text('没网，有 1 件已存在这台设备上').waitFor({ state: 'hidden' });
        assert.equal((await actsOn(one)).length, 1);
    });

    test('somebody was faster: said in words, with the slip as it is now', async () => {
        const one = await slip('guardian', 'siyu', '22.1-22.7');

        await desk();
        await button('同意，罗思雨').click();
        const taken = await (await as('guardian')).post(`leave-requests/${one.id}/cancel`, {}, { version: one.version });
        assert.equal(taken.status, 200, taken.text);
        await visitor.open('today');
        await text('罗思雨：“同意”没办成。').waitFor();
        await text('别人刚改过这张假条').waitFor();
        assert.equal(await stateOf(one), 'cancelled');
        await page.getByRole('link', { name: '看看' }).click();
        await heading('罗思雨的病假').waitFor();
        await text('家长撤回了，孩子照常上学。').waitFor();
        await button('知道了').click();
        await text('没办成').waitFor({ state: 'hidden' });
    });

    test('a tap too many makes one', async () => {
        const one = await slip('guardian', 'siyu', '22.1-22.7');

        await desk();
        await page.locator(`#slip-${one.id}`).focus();
        await page.keyboard.press('y');
        await page.keyboard.press('y');
        await page.keyboard.press('y');
        await visitor.open('today');
        await becomes(one, 'approved');
        assert.equal((await actsOn(one)).length, 1);
    });
});

describe('coming back', () => {
    test('the class teacher reports it, with day and period', async () => {
        const one = await slip('guardian', 'siyu', '21.1-21.7');
        await (await as('teacher')).post(`leave-requests/${one.id}/approve`, {}, { version: one.version });
        await chromium.setClock('2026-09-22T09:50:00+08:00');
        server.runJobs();
        assert.equal(await stateOf(one), 'overdue');

        await desk('teacher', 'today');
        await page.getByRole('img', { name: '3 个座位：0 个休假，1 个逾期未归' }).waitFor();
        await text('罗思雨该回没回').click();
        await text('还没回来').waitFor();
        await button('回校销假').click();
        await page.getByLabel('从第几节上的课').selectOption({ index: 0 });
        await button('回来了').click();
        await text('罗思雨回来了，假已销').last().waitFor();
        await text('回来了，今天 09:50销的假。').waitFor();
        const [row] = await server.sql('SELECT state, back_on, back_period FROM leave_request WHERE id = ?', [one.id]);
        assert.deepEqual({ ...row }, { state: 'returned', back_on: '2026-09-22', back_period: 1 });
        await visitor.open('leave?show=overdue');
        await heading('该回的都回来了').waitFor();
    });
});

describe('children', () => {
    test('seats tell who is away; whoever may not know that is shown none', async () => {
        await desk('teacher', 'today');
        await page.locator('svg.seats').waitFor();
        await visitor.close();
        await desk('subject', 'today');
        await page.getByRole('link', { name: /年级/ }).first().waitFor();
        assert.equal(await page.locator('svg.seats').count(), 0);
    });

    test('a number is shown in full with a reason, which is kept', async () => {
        await desk('teacher', `students/${world.students.siyu}`);
        await heading('罗思雨').waitFor();
        await text('杨秀莲').waitFor();
        assert.equal(await page.getByText(world.phones.guardian).count(), 0);
        await button('查看杨秀莲的联系电话').click();
        await button('查看', true).click();
        await text('写几个字').waitFor();
        await page.getByLabel('为什么要看').fill('打电话问孩子为什么没来');
        await button('查看', true).click();
        await text(world.phones.guardian).waitFor();
        await button('看完了').click();
        assert.equal(await page.getByText(world.phones.guardian).count(), 0);
        const [row] = await server.sql("SELECT payload FROM audit_event WHERE action = 'reveal' ORDER BY seq DESC LIMIT 1");
        assert.match(row.payload, /打电话问孩子为什么没来/);
        assert.ok(!(await visitor.kept()).includes(world.phones.guardian));
    });

    test('a phone has room for four places; the others are reached from 我的', async () => {
        await desk('principal', 'me', { size: 'phone' });
        await page.getByRole('navigation', { name: '其他页面' }).getByRole('link', { name: '学额日报' }).click();
        await page.getByRole('heading', { name: /学额日报/ }).waitFor();
        await visitor.close();
        await desk('teacher', 'today', { size: 'phone' });
        await page.getByRole('link', { name: '点名' }).click();
        await heading('三年级1班').waitFor();
    });

    test('the county goes from school to class to child', async () => {
        await desk('county', 'students');
        await text('松山乡中心学校').click();
        await page.getByRole('link', { name: /三年级1班/ }).click();
        await page.getByRole('link', { name: /李浩/ }).click();
        await heading('李浩').waitFor();
        assert.equal(await page.getByRole('button', { name: /查看/ }).count(), 0);      // the county asks no numbers
    });

    test('whom one looks for is in no address', async () => {
        await desk('office', 'students');
        const asked = [];
        page.on('request', (request) => asked.push([decodeURIComponent(request.url()), request.headers()['baoxue-query']]));
        await page.getByRole('searchbox').fill('罗思雨');
        await page.getByRole('link', { name: /罗思雨/ }).waitFor();
        await page.getByRole('link', { name: /罗思宇/ }).waitFor({ state: 'hidden' });
        assert.ok(asked.some(([url, header]) => url.endsWith('/api/v1/students') && header === `q=${encodeURIComponent('罗思雨')}`), JSON.stringify(asked));
        assert.deepEqual(asked.filter(([url]) => /罗思|[?&]q=/.test(url)), []);
        assert.doesNotMatch(decodeURIComponent(page.url()), /罗思/);
    });
});

describe('a workflow without pages of its own', () => {
    /** The portal as it would be had leave brought no JavaScript. */
    async function plain(login, to, options) {
        await desk(login, 'me', { worker: false, ...options });
        visitor.expects(/Service Worker/);
        await visitor.context.route('**/js/app.js', async (route) => {
            const answer = await route.fetch();
            const body = (await answer.text()).replace(/.*path: 'leave-requests.*/g, '');

            await route.fulfill({ response: answer, body });
        });
        await page.goto('about:blank');
        await visitor.open(to);
    }

    test('is listed, decided and followed', async () => {
        const one = await slip('guardian', 'siyu', '22.1-22.7');
        await slip('guardianHao', 'hao', '22.1-22.7', { kind: 'personal', reason: '回老家' });

        await plain('teacher', 'leave-requests');
        await page.getByRole('row', { name: /罗思雨/ }).waitFor();
        await page.locator('select[aria-label="类别"]').selectOption('personal');
        await page.getByRole('row', { name: /罗思雨/ }).waitFor({ state: 'hidden' });
        await page.getByRole('row', { name: /李浩/ }).waitFor();
        await page.locator('select[aria-label="类别"]').selectOption('');
        await page.getByLabel('按名字找').fill('罗思');
        await page.getByRole('row', { name: /李浩/ }).waitFor({ state: 'hidden' });
        assert.deepEqual(await visitor.axe(), []);
        await page.getByRole('link', { name: '罗思雨' }).click();

        await heading('罗思雨').waitFor();
        await text('发烧，去卫生院看病').waitFor();
        assert.deepEqual(await visitor.axe(), []);
        await visitor.shot('record', { fullPage: true });
        await button('不同意', true).click();
        await page.getByRole('dialog').getByRole('button', { name: '不同意' }).click();
        await text('这一项要填').waitFor();
        await page.getByLabel('说明').fill('x');
        await page.getByRole('dialog').getByRole('button', { name: '不同意' }).click();
        await text('再多写几个字').waitFor();                          // what the server finds wrong is at its field
        assert.deepEqual(await visitor.axe(), []);
        await page.getByLabel('说明').fill('这天有期中测验');
        await page.getByRole('dialog').getByRole('button', { name: '不同意' }).click();
        await text('罗思雨：不同意，办好了').last().waitFor();
        assert.equal(await stateOf(one), 'rejected');
        await page.locator('.tl').getByText('这天有期中测验').waitFor();
        assert.equal(await page.getByRole('button', { name: '同意', exact: true }).count(), 0);
    });

    test('is begun, mended and handed in with nothing but its declaration', async () => {
        await plain('guardian', 'leave-requests/new', { size: 'phone' });
        await button('保存').click();
        assert.equal(await text('这一项要填').count(), 7);
        await page.getByLabel('找学生').fill('罗思雨');
        await button('罗思雨', false).click();
        await page.getByText('病假', { exact: true }).click();
        await page.getByLabel('开始日期').fill('2026-09-23');
        await page.getByLabel('从第几节').fill('1');
        await page.getByLabel('结束日期').fill('2026-09-22');
        await page.getByLabel('到第几节').fill('99');
        await page.getByLabel('事由').fill('发烧');
        assert.deepEqual(await visitor.axe(), []);
        assert.equal(await visitor.overflow(), 0);
        await visitor.shot('record-new', { fullPage: true });
        await button('保存').click();
        await text('要在 1 到 16 之间').waitFor();
        await page.getByLabel('到第几节').fill('7');
        await button('保存').click();
        await text('结束要在开始之后').waitFor();
        await page.getByLabel('结束日期').fill('2026-09-23');
        await button('保存').click();

        await heading('罗思雨').waitFor();
        await button('修改').click();
        await page.getByLabel('事由').fill('发烧，去卫生院看病');
        await button('保存').click();
        await text('发烧，去卫生院看病').waitFor();
        await button('交假条').click();
        await text('等老师同意').first().waitFor();
        const [row] = await server.sql('SELECT state, reason, starts_on FROM leave_request');
        assert.deepEqual({ ...row }, { state: 'submitted', reason: '发烧，去卫生院看病', starts_on: '2026-09-23' });
    });
});

describe('every page', () => {
    test('speaks the other language at once, menu included', async () => {
        await desk('teacher', 'today');
        await visitor.open('me');
        await page.getByText('English', { exact: true }).click();
        await heading('王晓梅').waitFor();
        await visitor.open('today');
        await heading('Good morning, 王晓梅').waitFor();
        const menu = page.getByRole('navigation', { name: 'Main places' });
        assert.deepEqual((await menu.getByRole('link').allInnerTexts()).slice(0, 4), ['Baoxue', 'Today', 'To do', 'Roll call']);
        await page.getByText('Grade 3 Class 1').first().waitFor();
        await server.sql('UPDATE account SET language = NULL');
    });

    const budget = { requests: 12, bytes: 60 * 1024 };

    test('the first page after signing in comes in few requests', async () => {
        for (const login of ['teacher', 'office', 'registrar', 'county']) {
            await desk(login, 'today', { worker: false });
            visitor.expects(/Service Worker/);

            const asked = [];
            page.on('requestfinished', (request) => asked.push(request));
            await visitor.context.clearCookies();
            await visitor.enter(login);
            await page.goto('about:blank');
            const cache = await visitor.context.newCDPSession(page);
            await cache.send('Network.clearBrowserCache');
            await visitor.open('today');
            const sizes = await Promise.all(asked.map((request) => request.sizes()));
            const bytes = sizes.reduce((n, one) => n + one.responseBodySize + one.responseHeadersSize, 0);
            const list = asked.map((request) => new URL(request.url()).pathname).join(' ');
            assert.ok(asked.length <= budget.requests, `${login}: ${asked.length} requests: ${list}`);
            assert.ok(bytes <= budget.bytes && bytes > 20000, `${login}: ${bytes} bytes: ${list}`);
            await visitor.close();
        }
        visitor = null;
    });

    for (const [language, size, minute] of [['zh-CN', 'phone', 10], ['zh-CN', 'desktop', 20], ['en', 'phone', 30], ['en', 'desktop', 40]]) {
        test(`axe finds nothing, nothing is cut off: ${language}, ${size}`, async () => {
            const away = await slip('guardianHao', 'hao', '21.1-21.7');
            await (await as('teacher')).post(`leave-requests/${away.id}/approve`, {}, { version: away.version });
            await chromium.setClock(`2026-09-21T08:${minute}:00+08:00`);   // later each time: jobs run by it
            server.runJobs();
            assert.equal(await stateOf(away), 'away');
            const one = await slip('guardian', 'siyu', '22.1-24.7');
            const unit = world.units.township.id;
            await server.sql('UPDATE account SET language = ?', [language]);

            for (const [login, pages] of [
                ['teacher', ['today', 'leave', `leave/${one.id}`, 'leave?show=away', 'leave?show=all', 'students', `students/${world.students.siyu}`, 'nonsense']],
                ['registrar', ['today', 'imports', 'slips', `slips/${world.units.class1.id}`, 'students']],
                ['county', ['today', 'leave', 'students', 'org-units', `org-units/${unit}`]],
                ['subject', ['today']],
            ]) {
                await desk(login, pages[0], { size, language, dark: login === 'county' });
                for (const to of pages) {
                    await visitor.open(to);
                    assert.deepEqual(await visitor.axe(), [], `${login} ${to}`);
                    assert.equal(await visitor.overflow(), 0, `${login} ${to}`);
                    if (size === 'phone') {
                        await page.setViewportSize({ width: 320, height: 740 });
                        assert.equal(await visitor.overflow(), 0, `${login} ${to} at 320`);
                        await page.setViewportSize({ width: 360, height: 740 });
                    }
                    await visitor.shot(`${login}-${to.replace(/\d+/, 'one').replace(/[^a-z-]+/g, '-')}-${size}-${language}`, { fullPage: true });
                }
                await visitor.close();
            }
            visitor = null;
            await server.sql('UPDATE account SET language = NULL');
        });
    }
});
