// dropout.test.js: cases in the portal: the board of a school, a case whose next step is done in place, an attempt added, the
// units of a bureau, the student file; on a phone and on a desk, in both languages, with nothing for axe to find.

import assert from 'node:assert/strict';
import path from 'node:path';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { launchChromium, screenshots } from '../lib/browser.js';
import { dense, print } from '../lib/paper.js';
import { start } from '../lib/server.js';
import { buildWorld } from '../lib/world.js';

const monday = '2026-10-19T09:00:00+08:00';
const form = { cause: 'work', cause_text: '说要跟表哥去打工', whereabouts: 'home', measures: '班主任、年级组长上门三次', plan: '请同村同学一起去' };
const clients = {};
let server, world, chromium, visitor, page;

before(async () => {
    server = await start({ clock: monday });
    world = await buildWorld(server);
    chromium = await launchChromium(server);
});
after(async () => {
    await chromium?.close();
    await server?.stop();
});
beforeEach(async () => {
    for (const table of ['session', 'dropout_case', 'dropout_step', 'persuasion', 'refusal', 'tracking', 'return_notice', 'return_report', 'follow_up', 'task', 'history']) {
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
const text = (words) => page.getByText(words);

async function post(login, to, body, version) {
    const answer = await (await as(login)).post(to, body, { version });
    assert.ok(answer.status < 300, `${to}: ${answer.text}`);
    return answer.json;
}

const open = (student = 'siyu', seen = '2026-10-10') => post('office', 'dropout-cases', { student_id: String(world.students[student]), last_seen_on: seen, opened_why: '周一起没来，电话打不通' });
const act = async (login, it, action, body = {}) => post(login, `dropout-cases/${it.id}/${action}`, body, (await (await as('county')).get(`dropout-cases/${it.id}`)).json.version);
const attempt = (it, more) => post('teacher', 'persuasions', { student_id: it.student_id, case_id: it.id, way: 'home_visit', made_on: '2026-10-15', people: '王晓梅', with_whom: '母亲和奶奶',
    outcome: 'undecided', effect: '在家谈了四十分钟', child_words: '读不进去，想跟表哥去广东', guardian_words: '劝过了，他爸在外面', ...more });

async function report(it) {
    await act('teacher', it, 'form', form);
    await act('office', it, 'review', { review_text: '情况属实' });
    return act('principal', it, 'report');
}

async function visit(login, to, options = {}) {
    visitor = await chromium.visitor({ size: 'desktop', ...options });
    ({ page } = visitor);
    await visitor.enter(login);
    await visitor.open(to);
}

const picture = (name) => page.screenshot({ path: path.join(screenshots, `dropout-${name}.png`), fullPage: true });

describe('a school', () => {
    test('the board shows each child under its state; the case says whose turn it is, and the form is handed in there', async () => {
        const it = await open();
        await attempt(it);
        await open('hao', '2026-10-08');
        const yu = await open('yu', '2026-10-08');
        await act('office', yu, 'form', form);
        await visit('office', 'dropout');
        await page.getByRole('region', { name: '按状态排的个案' }).waitFor();
        assert.deepEqual(await visitor.axe(), []);
        assert.equal(await visitor.overflow(), 0);
        await picture('board-desk');
        await page.getByRole('link', { name: /罗思雨/ }).click();
        await page.getByRole('heading', { level: 2, name: '王晓梅·交辍学报告单' }).waitFor();
        await text('第 1 次劝返（上门）：没说定').waitFor();
        assert.deepEqual(await visitor.axe(), []);
        assert.equal(await visitor.overflow(), 0);
        await picture('case-desk');

        await button('交报告单').click();
        await page.getByLabel('原因', { exact: true }).selectOption('work');
        await page.getByLabel('原因分析').fill('家里要人手');
        await page.getByText('在家', { exact: true }).click();
        await page.getByLabel('劝返措施和效果').fill('上门三次');
        await page.getByLabel('下一步打算').fill('请同村同学一起去');
        await page.getByRole('dialog').getByRole('button', { name: '交报告单' }).click();
        await button('教导处核对').waitFor();
        assert.equal((await server.sql('SELECT state FROM dropout_case WHERE id = ?', [it.id]))[0].state, 'formal');
        await text('已交报告单').first().waitFor();
    });

    test('on a phone the class teacher adds an attempt in place', async () => {
        const it = await open();
        await visit('teacher', 'dropout', { size: 'phone' });
        await page.getByRole('link', { name: /罗思雨/ }).waitFor();
        await picture('board-phone');
        await page.getByRole('link', { name: /罗思雨/ }).click();
        await button('记一次劝返').click();
        await page.getByLabel('方式').selectOption('home_visit');
        await page.getByLabel('日期', { exact: true }).fill('2026-10-15');
        await page.getByLabel('去的人').fill('王晓梅、罗勇');
        await page.getByLabel(/科任教师人数/).fill('1');
        await page.getByLabel('和谁谈').fill('奶奶');
        await page.getByText('没见到人', { exact: true }).click();
        await page.getByLabel('经过和效果').fill('孩子去了外婆家');
        assert.deepEqual(await visitor.axe(), []);
        assert.equal(await visitor.overflow(), 0);
        await picture('attempt-phone');
        await page.getByRole('dialog').getByRole('button', { name: '记一次劝返' }).click();
        await text('第 1 次劝返（上门）：没见到人').waitFor();
        await page.reload();
        await text('第 1 次劝返（上门）：没见到人').waitFor();
        assert.deepEqual(await visitor.axe(), []);
        assert.equal(await visitor.overflow(), 0);
        await picture('case-phone');
        assert.deepEqual(await server.sql('SELECT attempts, failed FROM dropout_case WHERE id = ?', [it.id]), [{ attempts: 1, failed: 1 }]);
    });

    test('somebody was faster: it is said, and what was typed stays', async () => {
        const it = await open();
        await visit('teacher', `dropout/${it.id}`);
        await button('家长说转学了').click();
        await page.getByLabel('说转学的日期').fill('2026-10-13');
        await page.getByLabel('说转到哪里').fill('广东东莞');
        await act('office', it, 'form', form);
        visitor.expects(/412/);
        await page.getByRole('dialog').getByRole('button', { name: '家长说转学了' }).click();
        await page.getByRole('alert').waitFor();
        assert.equal(await page.getByLabel('说转到哪里').inputValue(), '广东东莞');
    });
});

describe('above the school', () => {
    test('units by open cases, the reports that came in, and the answer', async () => {
        const it = await open();
        await attempt(it);
        await report(it);
        await visit('county', 'dropout');
        await page.getByRole('heading', { level: 2, name: '各单位没办完的个案' }).waitFor();
        assert.deepEqual(await visitor.axe(), []);
        assert.equal(await visitor.overflow(), 0);
        await picture('units-desk');
        await button('松山乡').click();
        await button('松山乡中心学校').waitFor();
        await page.getByText('收件', { exact: true }).click();
        await page.getByRole('link', { name: /罗思雨/ }).click();
        await button('核查属实').click();
        await page.getByLabel('核查情况').fill('和公安户籍、邻县学籍都核过');
        await page.getByRole('dialog').getByRole('button', { name: '核查属实' }).click();
        await button('发返校通知书').waitFor();
        await picture('confirmed-desk');
    });

    test('a township on a phone, in English', async () => {
        const it = await open();
        await report(it);
        await visit('township', 'dropout', { size: 'phone', language: 'en' });
        await page.getByText('Incoming', { exact: true }).click();
        await page.getByRole('link', { name: /罗思雨/ }).click();
        await button('Receive (township)').click();
        await text('Receive (township), done').first().waitFor();
        await page.reload();
        await page.getByText('Being verified').first().waitFor();
        assert.deepEqual(await visitor.axe(), []);
        assert.equal(await visitor.overflow(), 0);
        await picture('township-phone-en');
        assert.notEqual((await server.sql('SELECT township_received_at AS at FROM dropout_case WHERE id = ?', [it.id]))[0].at, null);
    });
});

test('the student file is one timeline of what the reader may see', async () => {
    const it = await open();
    await attempt(it);
    await visit('vice', `students/${world.students.siyu}/file`);
    await text('第 1 次劝返（上门）：没说定').waitFor();
    await text('列为疑似').first().waitFor();
    assert.deepEqual(await visitor.axe(), []);
        assert.equal(await visitor.overflow(), 0);
    await picture('file-desk');
});

test('who is responsible: added, in the chart by duty, ended', async () => {
    await server.sql('DELETE FROM responsibility');
    await visit('vice', 'responsibility');
    await text('还没有登记包保责任。').waitFor();
    await button('加一条').click();
    await page.getByLabel('包什么').selectOption('grade');
    await page.getByLabel(/搜|找|单位/).first().fill('2024级');
    await page.getByRole('dialog').getByRole('button', { name: /2024级/ }).first().click();
    await page.getByLabel('责任人').fill('何秀英');
    await page.getByLabel(/职务/).fill('副校长');
    await page.getByLabel('从哪天').fill('2026-09-01');
    await page.getByRole('dialog').getByRole('button', { name: '加一条' }).click();
    await page.getByRole('cell', { name: '何秀英', exact: true }).waitFor();
    await page.reload();
    await page.getByRole('region', { name: '包级' }).waitFor();
    assert.deepEqual(await visitor.axe(), []);
    await picture('responsibility-desk');
    const paper = await print(page, 'responsibility');
    for (const words of ['松山乡中心学校控辍保学包保责任一览表', '包级1', '三年级何秀英副校长', '填表人']) {
        assert.ok(dense(paper.text).includes(words), `${words}: ${paper.text}`);
    }
    assert.ok(!paper.text.includes('到期') && !paper.text.includes('加一条'), 'no buttons on paper');
    assert.equal(paper.pages, 1);
    await visitor.close();
    await visit('vice', 'responsibility', { size: 'phone' });
    await page.getByRole('region', { name: '包级' }).waitFor();
    assert.equal(await visitor.overflow(), 0);
    assert.deepEqual(await visitor.axe(), []);
    assert.equal((await (await as('vice')).get('responsibilities?view=now')).json.items.length, 1);
    assert.equal((await (await as('teacher')).get('responsibilities')).status, 403);
    assert.equal((await (await as('vice')).post('responsibilities', { duty: 'class', unit_id: String(world.units.class3.id), person: '某某', starts_on: '2026-09-01' })).status, 422, 'another school');
    assert.equal((await (await as('vice')).post('responsibilities', { duty: 'class', unit_id: String(world.units.gradeUnit.id), person: '某某', starts_on: '2026-09-01' })).json.errors[0].code, 'responsibility.level');
});
