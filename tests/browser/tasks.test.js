// tasks.test.js: what waits for me, on a phone and at a desk: the first page, the list, why a task is there and what closes it,
// what its owner may do with it, a leader's numbers down to the task; the bell and what stands behind it.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { launchChromium } from '../lib/browser.js';
import { buildPlugin } from '../lib/plugin.js';
import { start } from '../lib/server.js';
import { buildWorld } from '../lib/world.js';

const monday = '2026-09-21T08:30:00+08:00';
const clients = {};
let server, world, chromium, plugin, visitor, page;

before(async () => {
    plugin = buildPlugin();
    server = await start({ nginx: false, clock: monday, http: `baoxue_load_plugin "${plugin}";` });
    world = await buildWorld(server);
    server.control('migrate', '--load-plugin', plugin);
    await server.startNginx();
    chromium = await launchChromium(server);
});
after(async () => {
    await chromium?.close();
    await server?.stop();
});

beforeEach(async () => {
    for (const table of ['session', 'leave_request', 'scholarship', 'task', 'task_count', 'notice', 'outbox', 'history']) {
        await server.sql(`DELETE FROM ${table}`);
    }
    Object.keys(clients).forEach((login) => delete clients[login]);
    await chromium.setClock(monday);
});
afterEach(async () => {
    const last = visitor;
    visitor = null;
    await last?.close();
});

const as = async (login) => (clients[login] ??= await server.client(login));
const button = (name, exact = true) => page.getByRole('button', { name, exact });
const link = (name, exact = false) => page.getByRole('link', { name, exact });
const heading = (name, level = 1) => page.getByRole('heading', { level, name });
const text = (words) => page.getByText(words);

async function apply(child, kind = 'merit', amount = 800) {
    const answer = await (await as(child === 'yu' ? 'teacherB' : 'teacher')).post('scholarships', {
        student_id: String(world.students[child]), kind, amount, reason: '三好学生', action: 'apply' });
    assert.equal(answer.status, 201, answer.text);
    return answer.json;
}

/** The jobs run at that time. */
async function clock(time) {
    await chromium.setClock(`${time}:00+08:00`);
    await server.sql('UPDATE job SET ran_at = NULL');
    server.control('--load-plugin', plugin, 'jobs', 'run');
}

async function enter(login, to = 'today', options = {}) {
    visitor = await chromium.visitor(options);
    ({ page } = visitor);
    await visitor.enter(login);
    await visitor.open(to);
}

describe('what waits for me', () => {
    beforeEach(async () => {
        await apply('siyu');                           // due Wednesday 24:00
        await chromium.setClock('2026-09-22T09:00:00+08:00');
        await apply('hao', 'hardship', 500);           // due Thursday 24:00
        await clock('2026-09-24T07:50');               // the first is overdue, the second due today; no roll is yet
    });

    test('the first page begins with it; a tap leads to where it is done', async () => {
        await enter('office', 'tasks');
        await visitor.open('today');
        await link('初审罗思雨的奖助申请').first().waitFor();
        assert.equal(await page.locator('.li.task.over', { hasText: '罗思雨' }).count(), 1);
        assert.equal(await text('件等您办').count(), 0, 'nothing is named twice');
        await visitor.shot('today-360', { fullPage: true });
        await visitor.open('tasks');
        const cards = page.locator('li.card');
        assert.equal(await cards.count(), 2);
        await heading('逾期', 2).waitFor();
        await heading('今天', 2).waitFor();
        assert.match(await cards.nth(0).innerText(), /初审罗思雨的奖助申请[^]*超 1 天[^]*教导处须在规定期限内初审[^]*退回后自动完成[^]*已上报分管副校长/);
        assert.match(await cards.nth(1).innerText(), /初审李浩的奖助申请[^]*今天内/);
        assert.equal(await visitor.overflow(), 0);
        await visitor.shot('tasks-360', { fullPage: true });
        await cards.nth(0).getByRole('link', { name: '去办' }).click();
        await page.waitForURL(/#\/scholarships\//);
        await visitor.settled();
        await heading('罗思雨').waitFor();
    });

    test('done where it is done, it is gone', async () => {
        await enter('office', 'tasks', { size: 'desktop' });
        await page.locator('li.card', { hasText: '罗思雨' }).getByRole('link', { name: '去办' }).click();
        await visitor.settled();
        await page.getByRole('button').filter({ hasText: /endorse|初审|通过|同意/ }).first().click();
        await page.getByRole('dialog').getByRole('button').last().click();
        await visitor.settled();
        await visitor.open('tasks');
        assert.equal(await page.locator('li.card').count(), 1);
        assert.equal(await page.locator('li.card', { hasText: '罗思雨' }).count(), 0);
    });

    test('why, by which rule, whose it is', async () => {
        await enter('office', 'tasks', { size: 'desktop' });
        await heading('初审罗思雨的奖助申请（800 元）', 3).getByRole('link').click();
        await heading('初审罗思雨的奖助申请（800 元）').waitFor();
        await visitor.settled();
        const facts = await page.locator('dl.facts').innerText();
        assert.match(facts, /陈志强[^]*教导处/);
        assert.match(facts, /教导处初审期限：2 天/);
        assert.match(facts, /来源：an example/);
        assert.match(facts, /分管副校长/);
        await visitor.shot('task-1440', { fullPage: true });
    });

    test('not possible, because …: asked, and agreed to by the vice principal', async () => {
        await enter('office', 'tasks');
        await heading('初审罗思雨的奖助申请（800 元）', 3).getByRole('link').click();
        await button('无法办理').click();
        const dialog = page.getByRole('dialog');
        await dialog.getByRole('button', { name: '无法办理' }).click();
        await dialog.locator('.err').waitFor();        // not without a word
        await dialog.getByLabel('为什么无法办理').fill('家长已撤回书面申请');
        await dialog.getByRole('button', { name: '无法办理' }).click();
        await page.locator('.toast', { hasText: '无法办理：好了' }).waitFor();
        await visitor.settled();
        await page.locator('.bg', { hasText: '申请免办' }).waitFor();
        await visitor.close();

        await enter('vice', 'today');
        await page.getByRole('link', { name: /^通知，\d+ 条没看$/ }).first().click();
        await visitor.settled();
        await link('陈志强说明无法办理：初审罗思雨的奖助申请（800 元）').click();
        await visitor.settled();
        await text('家长已撤回书面申请').first().waitFor();
        await button('同意免办').click();
        await page.getByRole('dialog').getByRole('button', { name: '同意免办' }).click();
        await page.locator('.toast', { hasText: '同意免办：好了' }).waitFor();
        await visitor.settled();
        await page.locator('.bg', { hasText: '已同意免办' }).waitFor();
        await visitor.close();

        await enter('office', 'notices');
        await text('已同意免办：初审罗思雨的奖助申请（800 元）').waitFor();
    });

    test('handed to a colleague, and taken back', async () => {
        await enter('office', 'tasks', { size: 'desktop' });
        await heading('初审李浩的奖助申请（500 元）', 3).getByRole('link').click();
        await button('转交同事').click();
        const dialog = page.getByRole('dialog');
        await dialog.getByLabel('交给谁').selectOption({ label: '吴敏·学籍管理员' });
        await dialog.getByRole('button', { name: '转交同事' }).click();
        await page.locator('.toast', { hasText: '转交同事：好了' }).waitFor();
        await visitor.open('tasks?show=delegated');
        await page.locator('li.card', { hasText: '吴敏办' }).waitFor();
        await visitor.close();

        await enter('registrar', 'today');
        await link('初审李浩的奖助申请').waitFor();
        await visitor.close();

        await enter('office', 'tasks?show=delegated', { size: 'desktop' });
        await page.locator('li.card .name a').click();
        await button('收回').click();
        await page.locator('.toast', { hasText: '收回：好了' }).waitFor();
        await visitor.open('tasks');
        assert.equal(await page.locator('li.card').count(), 2);
    });
});

describe('a leader\'s unit', () => {
    test('from the county\'s numbers down to the task', async () => {
        await apply('siyu');
        await apply('yu', 'hardship');
        await clock('2026-09-24T07:50');
        await enter('county', 'tasks', { size: 'desktop' });
        await page.getByText('本单位', { exact: true }).click();
        await visitor.settled();
        const row = page.locator('tbody tr', { hasText: '松山乡中心学校' });
        assert.deepEqual((await row.locator('td.r').allInnerTexts()).map(Number), [2, 2, 2]);
        assert.equal(await page.locator('li.card').count(), 2);
        await visitor.shot('tasks-unit-1440', { fullPage: true });
        await row.getByRole('link').click();
        await visitor.settled();
        await page.locator('tbody tr', { hasText: '三年级1班' }).getByRole('link').click();
        await visitor.settled();
        assert.equal(await page.locator('li.card').count(), 1);
        await page.locator('li.card').getByRole('link', { name: '查看' }).click();
        await heading('初审罗思雨的奖助申请（800 元）').waitFor();
        assert.equal(await button('无法办理').count(), 0, 'it is not the county\'s to do');
    });
});

describe('the bell', () => {
    test('a guardian sees how much is new, reads, and goes where it leads', async () => {
        for (const [day, action, body] of [['22', 'approve', {}], ['24', 'reject', { comment: '那天考试' }]]) {
            const asked = await (await as('guardian')).post('leave-requests', { student_id: String(world.students.siyu), kind: 'sick',
                starts_on: `2026-09-${day}`, starts_period: 1, ends_on: `2026-09-${day}`, ends_period: 7, reason: '发烧，去卫生院看病', action: 'submit' });
            assert.equal(asked.status, 201, asked.text);
            const { id, version } = asked.json;
            const decided = await (await as('teacher')).post(`leave-requests/${id}/${action}`, body, { version });
            assert.equal(decided.status, 200, decided.text);
        }
        await enter('guardian', 'children');
        await link('通知，2 条没看', true).click();
        await visitor.settled();
        assert.equal(await page.locator('.li').count(), 2);
        assert.deepEqual(await visitor.axe(), []);
        await visitor.shot('notices-360', { fullPage: true });
        await link('罗思雨的请假未批准').click();
        await page.waitForURL(/#\/my-leave\//);
        await visitor.settled();
        await visitor.open('children');
        await link('通知，1 条没看', true).waitFor();
        await visitor.open('notices');
        await button('都看过了').click();
        await visitor.settled();
        assert.equal(await page.locator('.bg.wait').count(), 0);
        await visitor.open('children');
        await link('通知', true).waitFor();
    });

    test('nothing yet: what will stand there', async () => {
        await enter('father', 'notices');
        await text('没有通知').waitFor();
    });
});

describe('every page, both sizes, both languages', () => {
    for (const size of ['phone', 'desktop']) {
        for (const language of ['zh-CN', 'en']) {
            test(`axe finds nothing: ${size}, ${language}`, async () => {
                await apply('siyu');
                await chromium.setClock('2026-09-22T09:00:00+08:00');
                await apply('hao', 'hardship', 500);
                await clock('2026-09-24T07:50');
                const [{ id }] = await server.sql('SELECT id FROM task ORDER BY id LIMIT 1');
                await enter('vice', 'today', { size, language });
                for (const to of ['today', 'tasks', 'tasks?show=unit', 'tasks?show=delegated', `tasks/${id}`, 'notices']) {
                    await visitor.open(to);
                    assert.deepEqual(await visitor.axe(), [], to);
                    assert.equal(await visitor.overflow(), 0, to);
                    await visitor.shot(`t-${size}-${language}-${to.replace(/\W+/g, '-').slice(0, 18)}`, { fullPage: true });
                }
                await visitor.close();
                await enter('county', 'outbox', { size, language });
                assert.deepEqual(await visitor.axe(), []);
                assert.equal(await visitor.overflow(), 0);
                await visitor.shot(`t-${size}-${language}-outbox`, { fullPage: true });
            });
        }
    }
});
