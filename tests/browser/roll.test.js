// roll.test.js: the roll of a class on a phone, with and without a network; the children who are missing, and the call that closes what is
// due; the office's day sheet. With a class of 45.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { launchChromium } from '../lib/browser.js';
import { until } from '../lib/processes.js';
import { start } from '../lib/server.js';
import { buildWorld, libraryValues } from '../lib/world.js';

const morning = '2026-09-21T08:03:00+08:00';
const surnames = '安白蔡陈邓段方高龚何侯胡黄吉江雷李梁刘龙罗马蒙潘彭冉石宋孙谭田王韦吴向谢杨张赵周郑许';
let server, world, chromium, visitor, page;

before(async () => {
    server = await start({ clock: morning });
    world = await buildWorld(server);
    chromium = await launchChromium(server);
    await fill();
});
after(async () => {
    await chromium?.close();
    await server?.stop();
});

/** 42 more children in class1. */
async function fill() {
    const ids = libraryValues(server, Array.from({ length: 84 }, () => ({ op: 'id' })));
    const unit = world.units.class1;

    for (let i = 0; i < 42; i += 1) {
        const name = `${surnames[i]}${'小志雨国思家文子远'[i % 9]}${'慧成桐栋琪豪静涵航'[(i * 5) % 9]}`;
        await server.sql(`INSERT INTO student (id, class_id, school_id, township_id, name, sex, birth_on, seat_no, enrolled_on, created_at, updated_at)
            VALUES (?, ?, ?, ?, ?, '1', '2018-01-01', ?, '2024-09-01', '2026-08-20', '2026-08-20')`, [ids[i], unit.id, unit.school, unit.township, name, i + 4]);
        await server.sql("INSERT INTO enrolment (id, student_id, class_id, school_id, starts_on) VALUES (?, ?, ?, ?, '2024-09-01')", [ids[42 + i], ids[i], unit.id, unit.school]);
    }
}

beforeEach(async () => {
    for (const table of ['session', 'roll_call', 'attendance_mark', 'absence_run', 'absence_rung', 'contact', 'absence_report', 'task', 'notice', 'leave_request', 'roll_expected',
        'ladder_night', 'job']) {
        await server.sql(`DELETE FROM ${table}`);
    }
    await chromium.setClock(morning);
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

const seat = (name) => page.locator('.roll button', { hasText: name });
const button = (name, exact = true) => page.getByRole('button', { name, exact });
const toast = (words) => page.locator('.toast', { hasText: words }).waitFor();
const rolls = async () => (await server.sql('SELECT session, due, exceptions, version FROM roll_call ORDER BY session')).map((r) => [r.session, r.due, r.exceptions, r.version].map(Number));

describe('the roll', () => {
    test('45 children on one screen, three taps and one to hand it in, in well under 20 seconds', async () => {
        await as('teacher', 'roll');
        assert.equal(await page.locator('.roll button').count(), 45);
        const box = await page.locator('.roll').boundingBox();
        assert.ok(box.width <= 360 && (await seat('李浩').boundingBox()).height >= 44, 'targets of a finger');
        const began = Date.now();
        for (const name of ['李浩', '韦敏', '罗思雨']) {
            await seat(name).click();
        }
        await button('交名单·缺 3 人').click();
        await toast('已交，缺 3 人');
        assert.ok(Date.now() - began < 8000, `${Date.now() - began} ms`);
        assert.deepEqual(await rolls(), [[1, 45, 3, 1]]);
        assert.equal(await seat('李浩').getAttribute('aria-pressed'), 'true');
        await page.getByText('王晓梅 今天 8:03 已交', { exact: false }).or(page.getByText('王晓梅 今天 08:03 已交')).waitFor();
        assert.equal(await button('交名单', false).count(), 0);
    });

    test('late with the time and a reason; what was tapped by mistake is taken back', async () => {
        await as('teacher', 'roll');
        await seat('李浩').click();
        await page.locator('.dock label', { hasText: '迟到' }).click();
        await page.locator('#reason').selectOption('overslept');
        await page.locator('#clock').fill('08:02');
        await seat('韦敏').click();
        await button('到了').click();
        await button('交名单·全到').click();
        await toast('已交，全班都到了');
        const marks = await server.sql('SELECT kind, minute, reason FROM attendance_mark');
        assert.deepEqual(marks.map((m) => [Number(m.kind), Number(m.minute), m.reason]), [[1, 482, 'overslept']]);
        // corrected on the same day: both marks are kept
        await seat('李浩').click();
        await page.locator('.dock label', { hasText: '缺席' }).click();
        await button('改名单·缺 1 人').click();
        await toast('已交，缺 1 人');
        assert.deepEqual(await rolls(), [[1, 45, 1, 2]]);
        await seat('李浩').click();
        await page.getByText('李浩：原记迟到，王晓梅改为缺席。').waitFor();
    });

    test('without a network it is kept, survives a reload, and goes out once', async () => {
        await as('teacher', 'roll', { worker: true });
        await visitor.shellKept();
        visitor.expects(/ERR_INTERNET_DISCONNECTED|Failed to fetch/);
        await visitor.offline(true);
        await seat('李浩').click();
        await button('交名单·缺 1 人').click();
        await page.getByText('已存手机', { exact: false }).or(page.getByText('已存', { exact: false })).first().waitFor();
        assert.deepEqual(await rolls(), []);
        await visitor.offline(false);
        await until('the roll to arrive', async () => (await rolls()).length === 1);
        assert.deepEqual(await rolls(), [[1, 45, 1, 1]]);
    });

    test('what was tapped is still there after the page was left', async () => {
        await as('teacher', 'roll');
        await seat('李浩').click();
        await seat('韦敏').click();
        await visitor.open('today');
        await visitor.open('roll');
        assert.equal(await seat('李浩').getAttribute('aria-pressed'), 'true');
        await button('交名单·缺 2 人').click();
        await toast('已交，缺 2 人');
    });

    test('children on leave are filled in; a child who came all the same is said so', async () => {
        const teacher = await server.client('teacher');
        const made = await teacher.post('leave-requests', { student_id: String(world.students.siyu), kind: 'sick', starts_on: '2026-09-21', starts_period: 1, ends_on: '2026-09-21',
            ends_period: 7, reason: '发烧', action: 'enter', requested_by: '杨秀莲' });
        assert.equal(made.status, 201, made.text);
        teacher.close();
        await as('teacher', 'roll');
        await seat('罗思雨').getByText('病假').waitFor();
        await seat('罗思雨').click();
        await button('到了').click();
        await seat('罗思雨').getByText('假·到校').waitFor();
        await button('交名单·全到').click();
        await toast('已交');
        await seat('罗思雨').getByText('假·到校').waitFor();
    });
});

describe('who is missing', () => {
    test('a call closes what is due; the report is filled and sent', async () => {
        const teacher = await server.client('teacher');
        assert.equal((await teacher.post('roll-calls', { marks: [{ student_id: String(world.students.hao), kind: 'absent' }] })).status, 201);
        teacher.close();
        await chromium.setClock('2026-09-21T11:31:00+08:00');
        server.runJobs();
        await as('teacher', 'absences');
        await page.getByText('书面报告').waitFor();
        await page.getByText('今天 24:00 前').first().waitFor();
        await page.getByText('明天 08:00 前').waitFor();
        await button('记联系').click();
        await button('记下').click();
        await page.locator('#why-e').waitFor();
        assert.equal(await page.locator('#person').inputValue(), '李春花', 'the roster knows whom to call');
        await page.locator('#why').selectOption('sick');
        await button('记下').click();
        await toast('联系家长的事办完了');
        await page.getByText('联系过李春花：生病', { exact: false }).waitFor();
        await button('写报告').click();
        await page.locator('#measure').fill('下午放学后去家里看看');
        await button('记下').click();
        await toast('报告已发出');
        await page.getByText('该办的都办了').waitFor();
        assert.deepEqual((await server.sql("SELECT step FROM absence_rung WHERE state = 'done' ORDER BY step")).map((r) => Number(r.step)), [0, 1, 3]);
    });

    test('an influenza week: many chosen, one call record each, and one tap makes the absence a leave', async () => {
        const teacher = await server.client('teacher');
        const absent = ['siyu', 'hao', 'min'].map((one) => ({ student_id: String(world.students[one]), kind: 'absent' }));
        assert.equal((await teacher.post('roll-calls', { marks: absent })).status, 201);
        teacher.close();
        await as('teacher', 'absences');
        await button('一次办几个').click();
        await page.getByLabel('全选').check();
        await page.getByText('已选 3 人').waitFor();
        await page.locator('.picked').getByRole('button', { name: '记联系' }).click();
        await page.getByRole('heading', { name: '联系 3 个孩子的家长' }).waitFor();
        assert.equal(await page.getByLabel('罗思雨', { exact: true }).inputValue(), '杨秀莲', 'the roster knows whom to call');
        await page.locator('#why').selectOption('sick');
        await page.locator('#words').fill('流感，在家休息');
        await button('记下 3 人').click();
        await page.locator('.err').waitFor();                         // the roster knows nobody for one of them
        await page.getByLabel('韦敏', { exact: true }).fill('韦大姐');
        if (process.env.LOOK) {
            await page.screenshot({ path: `${process.env.LOOK}/calls.png` });
        }
        await button('记下 3 人').click();
        await toast('记下了 3 个孩子的联系');
        assert.deepEqual((await server.sql('SELECT person, reason FROM contact ORDER BY person')).map((one) => one.reason), ['sick', 'sick', 'sick']);
        // known from the call: one tap
        await page.locator('section.card', { hasText: '罗思雨' }).getByRole('button', { name: '转请假（家长已说明）' }).click();
        await toast('罗思雨已转为请假');
        assert.deepEqual((await server.sql('SELECT state, kind, requested_by, channel FROM leave_request')).map((one) => ({ ...one })), [{ state: 'provisional', kind: 'sick', requested_by: '杨秀莲', channel: 'phone' }]);
        await page.locator('section.card', { hasText: '罗思雨' }).waitFor({ state: 'detached' });
        // the others together; whoever is no guardian is refused by name and stays
        await button('一次办几个').click();
        await page.getByLabel('全选').check();
        await page.locator('.picked').getByRole('button', { name: '转请假' }).click();
        assert.deepEqual([await page.locator('#reason').inputValue(), await page.locator('[name=kind]:checked').inputValue()], ['流感，在家休息', 'sick'], 'as they all said');
        if (process.env.LOOK) {
            await page.screenshot({ path: `${process.env.LOOK}/leaves.png` });
        }
        await button('记下 2 人').click();
        await page.getByText('有 1 个没有记下').waitFor();
        assert.deepEqual((await server.sql('SELECT requested_by FROM leave_request ORDER BY id')).map((one) => one.requested_by), ['杨秀莲', '李春花']);
        if (process.env.LOOK) {
            await page.screenshot({ path: `${process.env.LOOK}/refused.png` });
        }
        assert.deepEqual(await visitor.axe(), []);
    });

    test('nobody is missing', async () => {
        await as('teacher', 'absences');
        await page.getByText('现在没有缺课的孩子').waitFor();
    });
});

describe('the day sheet', () => {
    test('due, present, absent with reasons, classes that are missing', async () => {
        server.runJobs();
        const teacher = await server.client('teacher');
        await teacher.post('roll-calls', { marks: [{ student_id: String(world.students.hao), kind: 'absent', reason: 'sick' }, { student_id: String(world.students.min), kind: 'late', clock: '08:02' }] });
        teacher.close();
        await chromium.setClock('2026-09-21T08:40:00+08:00');
        server.runJobs();
        await as('office', 'day', { size: 'desktop' });
        await page.getByText('还差 1 个班：三年级2班').waitFor();
        const row = page.locator('tr', { hasText: '三年级1班' }).first();
        assert.deepEqual((await row.locator('td').allInnerTexts()).map((x) => x.trim()).slice(0, 7), ['上午', '45', '44', '1', '0', '李浩·生病', '韦敏·迟到·08:02']);
    });
});

describe('how it looks', () => {
    for (const [login, to] of [['teacher', 'roll'], ['teacher', 'absences'], ['office', 'day'], ['office', 'absences']]) {
        for (const size of ['phone', 'desktop']) {
            test(`${to} for ${login}, ${size}: axe finds nothing`, async () => {
                server.runJobs();
                const teacher = await server.client('teacher');
                await teacher.post('roll-calls', { marks: [{ student_id: String(world.students.hao), kind: 'absent', reason: 'sick' }, { student_id: String(world.students.min), kind: 'late', clock: '08:02' }] });
                teacher.close();
                await chromium.setClock('2026-09-21T16:25:00+08:00');
                server.runJobs();
                for (const language of ['zh-CN', 'en']) {
                    await as(login, to === 'roll' ? 'roll?session=am' : to, { size, language });
                    if (to === 'roll') {
                        await seat('李浩').click();
                    }
                    if (process.env.LOOK) {
                        await page.screenshot({ path: `${process.env.LOOK}/${to}.${login}.${size}.${language}.png`, fullPage: size === 'desktop' });
                    }
                    assert.deepEqual(await visitor.axe(), [], language);
                    if (language === 'zh-CN') {
                        await visitor.close();
                    }
                }
            });
        }
    }
});
