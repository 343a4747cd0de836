// leave_phone.test.js: leave the phone way: the class teacher enters it for a guardian who phoned, or photographs the slip a pupil
// brought; the slip that is still to come; the guardian's word in the portal; the office takes one late; many at once; the list
// of a day. (Example V3.)

import assert from 'node:assert/strict';
import path from 'node:path';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { launchChromium } from '../lib/browser.js';
import { top } from '../lib/database.js';
import { until } from '../lib/processes.js';
import { start } from '../lib/server.js';
import { buildWorld } from '../lib/world.js';

const morning = '2026-09-22T07:40:00+08:00';                          // a Tuesday
const photo = path.join(top, 'tests/unit/files/photo.jpg');
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
    await server.sql('DELETE FROM session');
    await server.sql('DELETE FROM leave_request');
    await server.sql('DELETE FROM attachment');
    await chromium.setClock(morning);
});
afterEach(async () => {
    const last = visitor;
    visitor = null;
    await last?.close();
});

const button = (name, exact = true) => page.getByRole('button', { name, exact });
const heading = (name) => page.getByRole('heading', { level: 1, name });
const text = (words) => page.getByText(words).first();
const choose = (words) => page.locator('label', { hasText: words }).first().click();
const toast = (words) => page.locator('.toast', { hasText: words }).waitFor();
const slips = () => server.sql(`SELECT CAST(id AS CHAR) id, state, channel, requested_by, proxy_reason, kind, reason, needs_paper, DATE_FORMAT(starts_on, '%m-%d') AS \`from\`,
    starts_period, DATE_FORMAT(ends_on, '%m-%d') AS \`to\`, ends_period, CAST(student_id AS CHAR) student_id FROM leave_request ORDER BY id`);
const id = (student) => String(world.students[student]);

async function at(iso) {
    await chromium.setClock(`${iso}:00+08:00`);
    server.runJobs();
}

async function as(login, to, options = {}) {
    await visitor?.close();
    visitor = await chromium.visitor(options);
    ({ page } = visitor);
    await visitor.enter(login);
    await visitor.open(to);
}

/** A slip by the API. */
async function made(login, more = {}) {
    const client = await server.client(login);
    const answer = await client.post('leave-requests', { student_id: id('siyu'), kind: 'sick', starts_on: '2026-09-22', starts_period: 1, ends_on: '2026-09-22', ends_period: 7,
        reason: '发烧', ...(login === 'teacher' ? { action: 'enter', requested_by: '杨秀莲' } : { action: 'submit' }), ...more });
    assert.equal(answer.status, 201, answer.text);
    client.close();
    return answer.json;
}

async function returned(slip) {
    const client = await server.client('teacher');
    const now = (await client.get(`leave-requests/${slip.id}`)).json;
    const answer = await client.post(`leave-requests/${slip.id}/return`, {}, { version: now.version });
    assert.equal(answer.status, 200, answer.text);
    client.close();
}

describe('entered by the class teacher', () => {
    test('a mother phones: child by class list, who asked, the days; it counts at once', async () => {
        await as('teacher', 'leave');
        await page.getByRole('link', { name: '登记请假' }).click();
        await heading('登记请假').waitFor();
        await page.getByRole('group', { name: '三年级1班' }).getByRole('button', { name: /罗思雨/ }).click();
        await choose('杨秀莲');
        await choose('生病');
        await choose('今天一天');
        await text('您登记就算同意，马上生效。').waitFor();
        await button('登记·1 天').first().click();
        await text('写几个字').waitFor();
        assert.deepEqual(await slips(), []);
        await page.getByLabel('说一下情况').fill('发烧，妈妈来电');
        assert.deepEqual(await visitor.axe(), []);
        assert.equal(await visitor.overflow(), 0);
        await button('登记·1 天').first().click();
        await toast('登记好了罗思雨的假');
        await text('王晓梅登记的').waitFor();
        await text('回校后要补一张假条').waitFor();
        const [slip, ...rest] = await slips();
        assert.deepEqual(rest, []);
        assert.deepEqual({ ...slip, id: '' }, { id: '', state: 'provisional', channel: 'phone', requested_by: '杨秀莲', proxy_reason: null, kind: 'sick', reason: '发烧，妈妈来电',
            needs_paper: 1, from: '09-22', starts_period: 1, to: '09-22', ends_period: 7, student_id: id('siyu') });
    });

    test('an aunt phones: only with a reason; two days go on to the office; the child is found by name', async () => {
        await as('office', 'leave/new', { size: 'desktop' });
        await page.getByLabel('找孩子的姓名').fill('李');
        await page.getByRole('group', { name: '找到的孩子' }).getByRole('button', { name: /李浩/ }).click();
        await choose('别人');
        await page.getByLabel('请假人的姓名').fill('姑妈李芳');
        await choose('家里有事');
        await choose('自己选');
        await button('9月22日 周二 上午').click();
        await button('9月23日 周三 下午').click();
        await text('再由教导处定').waitFor();
        await page.getByLabel('说一下情况').fill('奶奶住院');
        await button('登记·2 天').last().click();
        await text('请写明为什么由他代请').waitFor();
        assert.deepEqual(await slips(), []);
        await page.getByLabel('代请的原因').fill('父母在外地，姑妈照看');
        await button('登记·2 天').last().click();
        await toast('登记好了李浩的假');
        await text('姑妈李芳代请：父母在外地，姑妈照看').waitFor();
        const [slip] = await slips();
        assert.deepEqual([slip.state, slip.requested_by, slip.proxy_reason], ['provisional', '姑妈李芳', '父母在外地，姑妈照看']);
    });

    test('a pupil brings a slip: its photo is needed, and no other paper', async () => {
        await as('teacher', 'leave/new');
        await button(/罗思雨/).click();
        await choose('带来纸条');
        await choose('杨秀莲');
        await choose('生病');
        await choose('今天一天');
        await page.getByLabel('说一下情况').fill('肚子疼');
        await button('登记·1 天').first().click();
        await text('请拍下带家长签名的假条').waitFor();
        assert.deepEqual(await slips(), []);
        await page.setInputFiles('input[type=file]', photo);
        await page.locator('.file canvas').waitFor();
        await button('登记·1 天').first().click();
        await toast('登记好了');
        const [slip] = await slips();
        assert.deepEqual([slip.state, slip.channel, slip.needs_paper], ['provisional', 'paper', 0]);
        assert.equal(String((await server.sql('SELECT record_id FROM attachment'))[0].record_id), slip.id);
    });

    test('without a network it stays on the phone and goes out once', async () => {
        await as('teacher', 'leave/new');
        await visitor.shellKept();
        await button(/罗思雨/).click();
        await choose('杨秀莲');
        await choose('生病');
        await choose('今天一天');
        await page.getByLabel('说一下情况').fill('发烧，妈妈来电');
        await button('登记·1 天').first().waitFor();
        await visitor.offline(true);
        await button('登记·1 天').first().click();
        await toast('没网，已存手机');
        assert.deepEqual(await slips(), []);
        await visitor.offline(false);
        await until('the entry', async () => (await slips()).length === 1);
    });

    test('the session ends in the middle of it: nothing typed is lost, and it is sent once', async () => {
        await as('teacher', 'leave/new');
        await button(/罗思雨/).click();
        await choose('杨秀莲');
        await choose('生病');
        await choose('今天一天');
        await page.getByLabel('说一下情况').fill('发烧，妈妈来电');
        await button('登记·1 天').first().waitFor();
        await visitor.stopPolling();
        await (await server.client('teacher')).del('session?everywhere=true');
        await button('登记·1 天').first().click();
        const dialog = page.getByRole('dialog', { name: '登录到时间了' });
        await dialog.waitFor();
        assert.deepEqual(await visitor.axe(), []);
        assert.equal(await page.getByLabel('说一下情况').inputValue(), '发烧，妈妈来电');
        await dialog.getByLabel('手机号或账号').fill('teacher');
        await dialog.getByLabel('密码', { exact: true }).fill(server.password);
        await dialog.getByRole('button', { name: '登录', exact: true }).click();
        await toast('登记好了罗思雨的假');
        assert.equal((await slips()).length, 1);
    });

    test('nobody used it for two hours: why, nothing of the page in sight, nothing typed is lost', async () => {
        await as('teacher', 'leave/new');
        await button(/罗思雨/).click();
        await choose('杨秀莲');
        await choose('生病');
        await choose('今天一天');
        await page.getByLabel('说一下情况').fill('发烧，妈妈来电');
        await button('登记·1 天').first().waitFor();
        await visitor.stopPolling();
        await server.sql('UPDATE session SET idle_minutes = 120, used_at = created_at - INTERVAL 126 MINUTE');
        server.setClock(new Date(Date.parse(chromium.now) + 61e3).toISOString());          // what the worker remembers is a minute old
        await button('登记·1 天').first().click();
        const dialog = page.getByRole('dialog', { name: '好一会儿没用了' });
        await dialog.getByText('120 分钟没有使用').waitFor();
        assert.deepEqual(await visitor.axe(), []);
        assert.match(await page.evaluate(() => getComputedStyle(document.querySelector('dialog'), '::backdrop').backgroundColor), /^rgb\(/, 'no shade: a cover');
        await dialog.getByLabel('手机号或账号').fill('teacher');
        await dialog.getByLabel('密码', { exact: true }).fill(server.password);
        await dialog.getByRole('button', { name: '登录', exact: true }).click();
        await toast('登记好了罗思雨的假');
        assert.equal((await slips()).length, 1);
    });

    test('the days are taken: the slip in the way is named', async () => {
        await made('guardian');
        await as('teacher', 'leave/new');
        await button(/罗思雨/).click();
        await choose('杨秀莲');
        await choose('生病');
        await choose('今天一天');
        await text('这几天里已经有一张假条').waitFor();
        await page.getByRole('link', { name: '看那张' }).waitFor();
        await page.getByLabel('说一下情况').fill('发烧');
        // the link was there before: only the answer tells that the request is no longer on its way
        const answer = page.waitForResponse((one) => one.request().method() === 'POST' && new URL(one.url()).pathname.endsWith('/leave-requests'));
        await button('登记·1 天').first().click();
        assert.equal((await answer).status(), 409);
        assert.equal((await slips()).length, 1);
    });

    test('entered by mistake: taken back with a word about it', async () => {
        const slip = await made('teacher');
        await as('teacher', `leave/${slip.id}`, { size: 'desktop' });
        await button('登记错了').click();
        await button('撤回').click();
        await text('写几个字').waitFor();
        await page.getByLabel('写明原因').fill('登记错人了');
        await button('撤回').click();
        await toast('罗思雨的假条撤回了');
        assert.equal((await slips())[0].state, 'cancelled');
    });
});

describe('the slip that is still to come', () => {
    test('on the day of return, in its grace, lapsed; the office takes it late, with a reason', async () => {
        const slip = await made('teacher');
        await at('2026-09-22T08:00');
        await at('2026-09-23T07:50');
        await returned(slip);
        await as('teacher', 'today', { size: 'desktop' });
        await page.getByRole('link', { name: '1 张假条还没补' }).click();
        await heading('1 张假条还没补').waitFor();
        await text('最晚明天补假条').waitFor();
        assert.deepEqual(await visitor.axe(), []);
        await at('2026-09-25T08:00');
        await visitor.open('today');
        await visitor.open('leave?show=paper');
        await page.reload();
        await text('过了补假条的日子，宽限到9月28日').waitFor();
        await at('2026-09-29T00:10');
        await as('office', 'leave?show=paper');
        await heading('没有还能补的假条').waitFor();
        await text('没补假条，这几天按没请假算').waitFor();
        await button('补认假条，罗思雨').click();
        assert.deepEqual(await visitor.axe(), []);
        await page.getByRole('dialog').getByRole('button', { name: '补认', exact: true }).click();
        await text('写几个字').waitFor();
        await page.getByLabel('写明原因').fill('家长在外地，今天寄到');
        await page.getByRole('dialog').getByRole('button', { name: '补认', exact: true }).click();
        await toast('补认了罗思雨的假条');
        assert.equal((await slips())[0].state, 'returned');
    });

    test('its photo, taken by the class teacher on the phone', async () => {
        const slip = await made('teacher');
        await at('2026-09-23T07:50');
        await returned(slip);
        await as('teacher', `leave/${slip.id}`);
        await button('上传假条').first().click();
        await page.getByRole('dialog').getByRole('button', { name: '上传假条' }).click();
        await page.getByRole('dialog').getByText('请拍下带家长签名的假条').waitFor();
        await page.setInputFiles('dialog input[type=file]', photo);
        await page.locator('dialog .file canvas').waitFor();
        assert.deepEqual(await visitor.axe(), []);
        await page.getByRole('dialog').getByRole('button', { name: '上传假条' }).click();
        await toast('罗思雨的假条传好了');
        assert.equal((await slips())[0].state, 'returned');
        await page.getByRole('button', { name: '第 1 张照片' }).waitFor();
    });

    test('the mother says in the portal that she asked', async () => {
        const slip = await made('teacher');
        await at('2026-09-23T07:50');
        await returned(slip);
        await as('guardian', 'children');
        await page.getByRole('link', { name: '思雨的假还差一张假条' }).click();
        await text('思雨回到学校了，还差一张假条。').waitFor();
        await text('这次是杨秀莲打电话请的').waitFor();
        assert.deepEqual(await visitor.axe(), []);
        await button('确认，这次假是我们请的').click();
        await toast('确认好了，不用交纸条了');
        assert.deepEqual((await slips()).map((one) => [one.state, one.needs_paper]), [['returned', 0]]);
        await visitor.open('children');
        assert.equal(await page.getByText('还差一张假条').count(), 0);
    });
});

describe('many at once', () => {
    test('chosen on a phone, sent as one; what was refused is shown by itself', async () => {
        await made('guardian', { starts_on: '2026-09-23', ends_on: '2026-09-23' });
        await made('guardianHao', { student_id: id('hao'), starts_on: '2026-09-23', ends_on: '2026-09-23' });
        const gone = await made('guardian', { starts_on: '2026-09-28', ends_on: '2026-09-28' });
        await as('teacher', 'leave');
        await heading('3 张假条等您看').waitFor();
        await button('选几张').click();
        await page.getByLabel('全选').check();
        assert.deepEqual(await visitor.axe(), []);
        const mother = await server.client('guardian');
        assert.equal((await mother.post(`leave-requests/${gone.id}/cancel`, {}, { version: gone.version })).status, 200);
        const sent = [];
        page.on('request', (request) => request.method() === 'POST' && sent.push(new URL(request.url()).pathname));
        await button('同意所选 3 张').click();
        await toast('同意了 3 张假条');
        await visitor.open('today');
        await page.getByText('罗思雨：“同意”没办成。').waitFor();
        assert.deepEqual(sent, ['/api/v1/leave-requests/bulk']);
        assert.deepEqual((await slips()).map((one) => one.state), ['approved', 'approved', 'cancelled']);
        assert.equal(await page.getByText('没办成').count(), 1, 'only the one that was refused');
        await page.getByRole('link', { name: '看看', exact: true }).click();
        await text('家长撤回了').waitFor();
    });
});

describe('the list of a day', () => {
    test('who is away, waits, is not back, by class; filters; another day; on paper', async () => {
        await made('teacher');
        await made('guardianHao', { student_id: id('hao'), starts_on: '2026-09-23', ends_on: '2026-09-23' });
        await made('guardian', { student_id: id('yu'), starts_on: '2026-09-22', ends_on: '2026-09-23' });
        await at('2026-09-22T09:00');
        await as('office', 'leave', { size: 'desktop' });
        await page.getByRole('link', { name: '每日名单' }).click();
        await heading('9月22日 星期二的请假').waitFor();
        const rows = async () => (await page.locator('.daylist tr:has(td) td:first-child').allTextContents()).map((one) => one.trim());
        await page.getByRole('cell', { name: '罗思宇' }).waitFor();
        assert.deepEqual(await rows(), ['罗思雨', '罗思宇']);
        assert.deepEqual(await page.locator('.daylist th[scope=rowgroup]').allTextContents(), ['三年级1班 1 人', '三年级2班 1 人']);
        await choose('等同意');
        assert.deepEqual(await rows(), ['罗思宇']);
        await choose('全部');
        await page.getByLabel('班级').selectOption({ label: '三年级1班' });
        assert.deepEqual(await rows(), ['罗思雨']);
        await page.getByLabel('班级').selectOption('');
        await button('后一天').click();
        await heading('9月23日 星期三的请假').waitFor();
        await page.getByRole('cell', { name: '李浩' }).waitFor();
        assert.deepEqual(await visitor.axe(), []);
        await button('今天').click();
        await heading('9月22日 星期二的请假').waitFor();

        await page.emulateMedia({ media: 'print' });
        await page.getByText('松山乡中心学校·2026-09-22 09:00 打印').waitFor();
        assert.ok(await page.getByRole('cell', { name: '罗思雨' }).isVisible());
        assert.equal(await page.getByRole('navigation').first().isVisible(), false);
        assert.equal(await button('打印').isVisible(), false);
        await page.emulateMedia({ media: 'screen' });
    });

    test('a class teacher has the own class, the next school nothing of it', async () => {
        await made('teacher');
        await as('teacher2', 'leave/day');
        await text('这天没有人请假').waitFor();
        assert.equal(await page.getByText('罗思雨').count(), 0);
    });
});
