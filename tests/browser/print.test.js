// print.test.js: what comes out of the printer: the text of Chromium's PDF, one page each, a QR that a scanner reads and that leads to the
// page that says whether it is genuine. Slips, a letter of a workflow from outside, sheets of activation slips; lists saved as files.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { after, afterEach, before, describe, test } from 'node:test';
import { launchChromium } from '../lib/browser.js';
import { dense, print } from '../lib/paper.js';
import { buildPlugin } from '../lib/plugin.js';
import { start } from '../lib/server.js';
import { byHeading, readCsv, readXlsx } from '../lib/sheet.js';
import { buildWorld } from '../lib/world.js';

const a4 = /^59[45]\S* x 84[12]/;
let server, world, chromium, visitor, page, leave;

before(async () => {
    // with a cell that the family may not see
    const plugin = buildPlugin({ change: (file, text) => text.replace(/(\.name = "reason",\s+\.type = BX_TEXT,)/, '$1 .read = "scholarship.apply",')
        .replace('| granted decided_by |', '| reason | granted decided_by |') });

    server = await start({ nginx: false, clock: '2026-09-21T07:30:00+08:00', http: `baoxue_load_plugin "${plugin}";` });
    world = await buildWorld(server);
    server.control('migrate', '--load-plugin', plugin);
    await server.startNginx();
    chromium = await launchChromium(server);

    const [mother, teacher] = await Promise.all(['guardian', 'teacher'].map((login) => server.client(login)));
    const asked = (await mother.post('leave-requests', { student_id: String(world.students.siyu), kind: 'sick', starts_on: '2026-09-22', starts_period: 1,
        ends_on: '2026-09-24', ends_period: 4, reason: '夜里发烧 38.5 度，去乡卫生院看病', action: 'submit' })).json;

    await teacher.post(`leave-requests/${asked.id}/consent`, {}, { version: asked.version });
    leave = (await teacher.get(`leave-requests/${asked.id}`)).json;
    if (leave.state === 'submitted') {
        leave = (await teacher.post(`leave-requests/${asked.id}/approve`, {}, { version: asked.version })).json;
    }
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

async function enter(login, options) {
    visitor = await chromium.visitor({ size: 'desktop', ...options });
    ({ page } = visitor);
    if (login) {
        await visitor.enter(login);
    }
}

describe('a leave slip', () => {
    let url;

    test('from the slip\'s page to paper: all that is on it, one page, a QR that a scanner reads', async () => {
        await enter('teacher');
        await visitor.open(`leave/${leave.id}`);
        assert.deepEqual(await visitor.axe(), []);
        await button('打印学生请假条').click();
        await page.getByRole('heading', { level: 1, name: '学生请假条 2152001234-QJ-2026-0001' }).waitFor();
        await visitor.settled();
        assert.deepEqual(await visitor.axe(), []);
        await visitor.shot('print-slip');

        const paper = await print(page, 'slip');
        const text = dense(paper.text);

        assert.equal(paper.pages, 1);
        assert.match(paper.size, a4);
        for (const words of ['学生请假条', '松山乡中心学校2152001234-QJ-2026-0001', '姓名罗思雨班级三年级1班学号1', '类别病假事由夜里发烧38.5度，去乡卫生院看病',
            '起止9月22日（周二）上午至9月24日（周四）上午上学日2.5天', '家长杨秀莲（母亲）电话139****0001提交9月21日07:30', '审批班主任王晓梅同意9月21日07:30',
            '离校月日时分门卫', '销假月日时分回校班主任', '续假至月日时□已补假条家长签名', '同意后凭本条离校。', '沿此线裁开', '核验码']) {
            assert.ok(text.includes(dense(words)), `${words} is not in ${text}`);
        }
        for (const words of ['今天', '打印', '作废', '返回', '13985550001']) {       // the page around it stays on the screen
            assert.ok(!text.includes(words), words);
        }
        url = paper.qr();
        assert.match(url, new RegExp(`^${server.origin}/#/verify/2152001234-QJ-2026-0001/[0-9a-f]{20}$`));
        assert.ok(text.includes(url.split('/').pop()));
    });

    test('on A5 across: one page of that size', async () => {
        await enter('teacher');
        await visitor.open(`leave/${leave.id}`);
        await page.getByRole('link', { name: /2152001234-QJ-2026-0001/ }).click();
        await page.getByText('A5 横放').click();
        await page.locator('.doc.a5').waitFor();
        await visitor.settled();

        const paper = await print(page, 'a5');

        assert.equal(paper.pages, 1);
        assert.match(paper.size, /^59\d(\.\d+)? x 4(19|20)/);
        assert.equal(paper.qr(), url);
    });

    test('whoever scans it is told that it is genuine, and nothing about anybody', async () => {
        await enter(null, { size: 'phone' });
        await page.goto(url);
        await page.getByRole('heading', { name: '是真的', exact: true }).waitFor();
        await page.getByText('松山乡中心学校在 9月21日 开具过这份学生请假条').waitFor();
        assert.doesNotMatch(await page.locator('body').innerText(), /罗思雨|发烧|三年级|王晓梅/);
        assert.deepEqual(await visitor.axe(), []);
        assert.ok(await visitor.overflow() <= 0);
        await visitor.shot('verify-genuine');

        await page.getByRole('link', { name: '核验另一张' }).click();
        await page.getByLabel('编号').fill('2152001234-qj-2026-0001');
        await button('核验').click();
        await page.getByText('核验码由数字和字母组成，请照纸上的抄').waitFor();
        assert.deepEqual(await visitor.axe(), []);
        await page.getByLabel('核验码').fill('0123 4567 89ab cdef 0123');
        await button('核验').click();
        await page.getByRole('heading', { name: '对不上' }).waitFor();
        assert.deepEqual(await visitor.axe(), []);
    });

    test('the office makes it void; whoever scans it then is told so', async () => {
        await enter('office');
        await visitor.open('documents');
        await page.getByRole('link', { name: '罗思雨' }).click();
        await button('作废').click();
        await page.getByRole('dialog').getByRole('button', { name: '作废', exact: true }).click();
        await page.getByText('这一项要填').waitFor();
        await page.getByLabel('作废原因').fill('打错了人');
        assert.deepEqual(await visitor.axe(), []);
        await page.getByRole('dialog').getByRole('button', { name: '作废', exact: true }).click();
        await page.getByText(/由陈志强作废：打错了人/).waitFor();
        await page.goto(url);
        await page.getByRole('heading', { name: '已作废' }).waitFor();
    });

    test('on a phone and in English: the page fits, the paper is Chinese', async () => {
        await enter('teacher', { size: 'phone', language: 'en' });
        await page.evaluate(() => localStorage.setItem('baoxue.language', 'en')).catch(() => {});
        await visitor.open(`leave/${leave.id}`);
        await page.getByRole('button', { name: 'Print: Leave slip' }).click();
        await page.getByRole('heading', { level: 1, name: /学生请假条/ }).waitFor();
        await visitor.settled();
        assert.ok(await visitor.overflow() <= 0);
        assert.deepEqual(await visitor.axe(), []);
        await visitor.shot('print-slip-phone');
        const paper = await print(page, 'phone');
        assert.equal(paper.pages, 1);
        assert.match(dense(paper.text), /学生请假条/);
    });
});

describe('several slips at once', () => {
    test('two on a sheet, to be cut apart, from the list of the day', async () => {
        const mother = await server.client('guardian');
        const xiaoyu = (await mother.post('leave-requests', { student_id: String(world.students.yu), kind: 'personal', starts_on: '2026-09-22', starts_period: 1,
            ends_on: '2026-09-22', ends_period: 7, reason: '去县里办事', action: 'submit' })).json;
        const hao = (await (await server.client('guardianHao')).post('leave-requests', { student_id: String(world.students.hao), kind: 'sick', starts_on: '2026-09-22', starts_period: 1,
            ends_on: '2026-09-22', ends_period: 4, reason: '牙疼', action: 'submit' })).json;

        await (await server.client('teacherB')).post(`leave-requests/${xiaoyu.id}/approve`, {}, { version: xiaoyu.version });
        await (await server.client('teacher')).post(`leave-requests/${hao.id}/approve`, {}, { version: hao.version });
        await enter('office');
        await visitor.open('leave/day?date=2026-09-22');
        await page.getByRole('button', { name: '打印这 3 张假条' }).click();
        await page.getByRole('heading', { level: 1, name: '打印 3 份' }).waitFor();
        await page.locator('.slip').nth(2).waitFor();
        assert.deepEqual(await visitor.axe(), []);
        await visitor.shot('print-many');

        const paper = await print(page, 'many');
        const text = dense(paper.text);

        assert.equal(paper.pages, 2);
        assert.match(paper.size, a4);
        for (const words of ['姓名罗思雨', '姓名罗思宇', '姓名李浩', '去县里办事', '牙疼', '沿此线裁开']) {
            assert.ok(text.includes(words), `${words} is not in ${text}`);
        }
        assert.equal(text.match(/核验码/g).length, 3);
        assert.doesNotMatch(text, /共2张A4纸/);
    });

    test('a guardian prints the own child\'s slip from the phone, and nobody else\'s', async () => {
        await enter('guardian', { size: 'phone' });
        await visitor.open(`my-leave/${leave.id}`);
        await page.getByRole('button', { name: '按什么规定' }).click();
        await page.getByText('几个上学日以内由班主任批').waitFor();
        await page.getByText(/默认值，依据：学校通行做法/).first().waitFor();
        assert.deepEqual(await visitor.axe(), []);
        await visitor.shot('guardian-rules', { fullPage: true });
        await button('打印学生请假条').click();
        await page.getByRole('heading', { level: 1, name: /学生请假条 2152001234-QJ-2026/ }).waitFor();
        await visitor.settled();
        assert.ok(await visitor.overflow() <= 0);

        const paper = await print(page, 'own');

        assert.equal(paper.pages, 1);
        assert.ok(dense(paper.text).includes('姓名罗思雨'));
        assert.equal((await (await server.client('guardian2')).post('documents', { kind: 'leave.slip', record_id: leave.id })).status, 404);
    });
});

describe('a letter of a workflow that brings no page of its own', () => {
    test('the notice of a scholarship: A4, its text, its table, its stub, its QR', async () => {
        const teacher = await server.client('teacher');
        const made = (await teacher.post('scholarships', { student_id: String(world.students.siyu), kind: 'merit', amount: 900, reason: '三好学生', action: 'apply' })).json;
        const endorsed = (await (await server.client('office')).post(`scholarships/${made.id}/endorse`, {}, { version: made.version })).json;

        await (await server.client('principal')).post(`scholarships/${made.id}/grant`, { granted: 800 }, { version: endorsed.version });
        await enter('teacher');
        await visitor.open(`scholarships/${made.id}`);
        await button('打印奖学金发放通知').click();
        await page.getByRole('heading', { level: 1, name: '奖学金发放通知 2152001234-JXJ-2026-0001' }).waitFor();
        await visitor.settled();
        assert.deepEqual(await visitor.axe(), []);
        await visitor.shot('print-letter');

        const paper = await print(page, 'letter');
        const text = dense(paper.text);

        assert.equal(paper.pages, 1);
        assert.match(paper.size, a4);
        for (const words of ['奖学金发放通知', '2152001234-JXJ-2026-0001', '罗思雨同学及家长：', '经学校审核，罗思雨同学（三年级1班）的品学兼优申请已获批准，金额800元。',
            '发放安排', '金额（元）发放日期8002026-10-05', '松山乡中心学校', '2026年9月21日', '沿此线裁下，由学校存档', '姓名罗思雨班级三年级1班类别品学兼优', '申请理由三好学生', '批准金额（元）800决定人刘建国',
            '领取日期年月日领取人签名', '家长签名：', '班主任签名：']) {
            assert.ok(text.includes(dense(words)), `${words} is not in ${text}`);
        }
        assert.match(paper.qr(), new RegExp(`^${server.origin}/#/verify/2152001234-JXJ-2026-0001/[0-9a-f]{20}$`));
    });

    test('a cell that fewer may see is on the paper, and hidden from those who may not', async () => {
        const [{ id }] = await server.sql("SELECT CAST(id AS CHAR) id FROM document WHERE kind = 'scholarship.notice'");
        const reason = async (login) => {
            const answer = await (await server.client(login)).get(`documents/${id}/content`);

            assert.equal(answer.status, 200, answer.text);
            return answer.json.parts.flatMap(({ rows }) => (rows || []).flat()).find(({ field }) => field === 'reason');
        };

        assert.equal((await reason('teacher')).value, '三好学生');
        assert.deepEqual([(await reason('guardian')).value, (await reason('guardian')).hidden], ['****', true]);
        assert.equal((await (await server.client('guardian2')).get(`documents/${id}/content`)).status, 404);
    });
});

describe('activation slips', () => {
    test('a sheet a class with cut lines, one page', async () => {
        await server.sql("UPDATE guardian SET account_id = NULL WHERE name IN ('杨秀莲', '罗国平', '李春花')");
        await enter('office');
        await visitor.open(`slips/${world.units.class1.id}`);
        await button('补发新码').or(page.getByRole('button', { name: /码/ })).first().click();
        await page.locator('.actslip').nth(2).waitFor();

        const paper = await print(page, 'slips');
        const text = dense(paper.text);

        assert.equal(paper.pages, 1);
        assert.match(paper.size, a4);
        for (const name of ['杨秀莲', '罗国平', '李春花']) {
            assert.ok(text.includes(name), text);
        }
        for (const code of await page.locator('.actcode').allTextContents()) {
            assert.ok(text.includes(dense(code)), code);
        }
        assert.equal((await server.sql("SELECT COUNT(*) n FROM document WHERE kind LIKE '%activation%'"))[0].n.toString(), '0');
    });
});

describe('lists as files', () => {
    test('a spreadsheet of what the list shows now, from any list page', async () => {
        await enter('office');
        await visitor.open('leave?show=all');
        await button('导出').click();
        await page.getByRole('dialog').waitFor();
        assert.deepEqual(await visitor.axe(), []);

        const [saved] = await Promise.all([page.waitForEvent('download'), button('导出为 Excel 文件（xlsx）').click()]);

        assert.match(saved.suggestedFilename(), /^.+ 2026-09-21\.xlsx$/);
        assert.deepEqual(byHeading(readXlsx(fs.readFileSync(await saved.path()))).map((row) => row['姓名']), ['李浩', '罗思宇', '罗思雨']);
        await page.getByText('已导出 3 行').first().waitFor();
    });

    test('CSV of a generic list, with its search', async () => {
        await enter('office');
        await visitor.open('documents');
        await page.getByRole('searchbox').fill('2152001234-JXJ');
        await page.getByRole('row', { name: /奖学金发放通知/ }).waitFor();
        await page.getByRole('row', { name: /请假条/ }).first().waitFor({ state: 'hidden' });
        await button('导出').click();

        const [saved] = await Promise.all([page.waitForEvent('download'), button('导出为 CSV 文件').click()]);
        const rows = byHeading(readCsv(fs.readFileSync(await saved.path())));

        assert.deepEqual(rows.map((row) => row['编号']), ['2152001234-JXJ-2026-0001']);
    });
});
