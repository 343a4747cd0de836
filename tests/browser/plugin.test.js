// plugin.test.js: a workflow from outside the tree in the portal, with no JavaScript of its own: menu, list, form, actions,
// what is refused, history, both languages. What the server does with it is in tests/http/plugin.test.js.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { launchChromium } from '../lib/browser.js';
import { buildPlugin } from '../lib/plugin.js';
import { start } from '../lib/server.js';
import { buildWorld } from '../lib/world.js';

let server, world, chromium, visitor, page;

before(async () => {
    const plugin = buildPlugin();
    server = await start({ nginx: false, clock: '2026-09-21T07:30:00+08:00', http: `baoxue_load_plugin "${plugin}";` });
    world = await buildWorld(server);
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
    await page.locator('.toast').waitFor();                           // what was done is said inside a landmark
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
    await page.locator('.toast').waitFor();
    assert.deepEqual(await visitor.axe(), []);
    assert.deepEqual(await state(), ['granted']);
    assert.equal((await server.sql('SELECT amount FROM scholarship_payment'))[0].amount, 800);
});

test('filters are chips that can be taken away; columns are chosen and stay chosen; arrows go from row to row', async () => {
    const teacher = await server.client('teacher');
    for (const kind of ['hardship', 'contest']) {
        assert.equal((await teacher.post('scholarships', { action: 'apply', student_id: String(world.students.hao), kind, amount: 300, reason: '家里困难' })).status, 201);
    }
    await enter('office');
    await visitor.open('scholarships?kind=contest');
    await button('去掉“类别：竞赛获奖”').waitFor();
    const rows = () => page.locator('tbody tr').count();
    await page.getByRole('row', { name: /竞赛获奖/ }).waitFor();
    assert.equal(await rows(), 1);
    await page.getByLabel('状态').first().selectOption({ label: '已批准' });
    await text('没有符合的').waitFor();
    assert.deepEqual(await visitor.axe(), []);
    await button('全部清除').click();
    await page.getByRole('link', { name: '罗思雨' }).waitFor();
    assert.equal(await rows(), 3);

    const heads = () => page.locator('thead th').allTextContents();
    assert.deepEqual(await heads(), ['姓名', '班级', '类别', '申请金额（元）', '批准金额（元）', '状态']);
    await page.getByText('显示哪些列').click();
    await page.getByRole('checkbox', { name: '申请理由' }).check();
    await page.getByRole('checkbox', { name: '批准金额（元）' }).uncheck();
    assert.deepEqual(await heads(), ['姓名', '班级', '类别', '申请金额（元）', '状态', '申请理由']);
    assert.deepEqual(await visitor.axe(), []);
    await page.keyboard.press('Escape');
    await page.getByRole('checkbox', { name: '申请理由' }).waitFor({ state: 'hidden' });
    await page.reload();
    await page.getByRole('columnheader', { name: '申请理由' }).waitFor();
    await visitor.open('scholarships');                               // without the filter of the address
    await page.getByRole('link', { name: '罗思雨' }).waitFor();

    await page.locator('tbody a').first().focus();
    await page.keyboard.press('ArrowDown');
    assert.equal(await page.evaluate(() => [...document.querySelectorAll('tbody tr')].findIndex((row) => row.contains(document.activeElement))), 1);
    await page.keyboard.press('End');
    await page.keyboard.press('Enter');
    await heading('罗思雨').waitFor();
});

test('the session ends while the form is being filled: a dialog asks for the password, all that was typed is there, and one is made', async () => {
    await enter('teacher');
    await visitor.open('scholarships/new');
    await page.getByLabel('找学生').fill('韦敏');
    await page.getByRole('button', { name: /韦敏/ }).click();
    await page.getByText('家庭经济困难').click();
    await page.getByLabel('申请金额（元）').fill('400');
    await page.getByLabel('申请理由').fill('父亲住院，家里困难');
    await visitor.stopPolling();
    await (await server.client('teacher')).del('session?everywhere=true');
    await button('保存').click();

    const over = page.getByRole('dialog', { name: '登录到时间了' });
    await over.waitFor();
    assert.deepEqual(await visitor.axe(), []);
    assert.equal(await page.getByLabel('申请理由').inputValue(), '父亲住院，家里困难');
    await over.getByLabel('手机号或账号').fill('teacher');
    await over.getByLabel('密码', { exact: true }).fill(server.password);
    await over.getByRole('button', { name: '登录', exact: true }).click();
    await heading('韦敏').waitFor();
    await text('草稿').waitFor();
    const made = await server.sql("SELECT reason, amount, state FROM scholarship WHERE student_id = ?", [world.students.min]);
    assert.deepEqual(made, [{ reason: '父亲住院，家里困难', amount: 400, state: 'draft' }]);
});

test('it ends inside a dialog over a record: the action is done once', async () => {
    await enter('office');
    await visitor.open('scholarships?queue=mine');
    await page.getByRole('link', { name: '李浩' }).first().click();
    await button('审核通过').click();
    await page.getByRole('dialog').getByLabel('意见').fill('材料齐全，同意');
    await visitor.stopPolling();
    await (await server.client('office')).del('session?everywhere=true');
    await dialog('审核通过').click();

    const over = page.getByRole('dialog', { name: '登录到时间了' });
    await over.waitFor();
    await over.getByLabel('手机号或账号').fill('office');
    await over.getByLabel('密码', { exact: true }).fill(server.password);
    await over.getByRole('button', { name: '登录', exact: true }).click();
    await text('待校长批准').waitFor();
    assert.equal(Number((await server.sql("SELECT COUNT(*) AS n FROM history WHERE action = 'endorse' AND comment = '材料齐全，同意'"))[0].n), 1);
});

test('a record of a school is made where it can only be, or is asked for; one of a unit too', async () => {
    await enter('office');
    await visitor.open('scholarship-funds/new');
    await page.getByLabel('名称').fill('春雷助学金');
    await page.getByText('捐赠').click();
    await page.getByLabel('每年金额（元）').fill('20000');
    assert.equal(await page.getByText('学校', { exact: true }).count(), 0);
    await button('保存').click();
    await heading('春雷助学金').waitFor();
    await visitor.close();

    await enter('county');
    await visitor.open('scholarship-funds/new');
    await page.getByLabel('名称').fill('县里的');
    await page.getByText('财政').click();
    await page.getByLabel('每年金额（元）').fill('5000');
    await button('保存').click();
    await text('这一项要填').waitFor();
    await page.getByLabel('找学校').fill('云岭');
    await page.getByRole('button', { name: '云岭乡中心学校' }).click();
    assert.deepEqual(await visitor.axe(), []);
    await button('保存').click();
    await heading('县里的').waitFor();
    await page.getByRole('definition').filter({ hasText: '云岭乡中心学校' }).waitFor();
    await visitor.close();

    await enter('teacher');
    await visitor.open('scholarship-quotas/new');
    await page.getByText('三年级1班').last().waitFor();
    await page.getByLabel('年度').fill('2026');
    await page.getByLabel('人数').fill('3');
    await button('保存').click();
    await heading('三年级1班').waitFor();
    assert.deepEqual((await server.sql('SELECT CAST(unit_id AS CHAR) unit_id, places FROM scholarship_quota'))
        .map((row) => ({ ...row })), [{ unit_id: String(world.units.class1.id), places: 3 }]);
});

test('a guardian sees what there is about the children on the page one starts with, and reads it in pages of guardians', async () => {
    await enter('guardian', { size: 'phone' });
    await heading('杨秀莲，您好').waitFor();
    await page.getByRole('heading', { name: '奖学金与助学' }).waitFor();
    await page.getByRole('link', { name: '罗思雨 品学兼优 已批准' }).waitFor();
    assert.deepEqual(await visitor.axe(), []);
    assert.equal(await visitor.overflow(), 0);
    await visitor.shot('guardian-others', { fullPage: true });
    await page.getByRole('link', { name: '看全部' }).click();
    await heading('奖学金与助学申请').waitFor();
    assert.deepEqual(await visitor.axe(), []);
    await page.getByRole('link', { name: '罗思雨' }).click();
    await heading('罗思雨').waitFor();
    await text('王晓梅 提交申请').waitFor();
    assert.deepEqual(await visitor.axe(), []);
    await page.getByRole('link', { name: '返回' }).click();
    await heading('奖学金与助学申请').waitFor();
    await page.getByRole('link', { name: '返回' }).click();
    await heading('杨秀莲，您好').waitFor();
});

test('staff have their places beside them on their own page', async () => {
    await enter('office');
    await page.getByRole('navigation').getByRole('link', { name: /陈志强/ }).click();
    await page.getByRole('heading', { level: 1, name: '陈志强', exact: true }).waitFor();
    await page.getByRole('navigation').getByRole('link', { name: '学生' }).waitFor();
    await page.locator('.side a[href="#/me"][aria-current=page]').waitFor();
    assert.equal(await page.locator('.side [aria-current=page]').count(), 1);
    assert.deepEqual(await visitor.axe(), []);
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
