// chain.test.js: one child from the first empty seat to the signed return report, in the browser, as those whose turn it is, with the clock
// moved: example C1 of the dropout case with the absence ladder before it. And: nothing is typed that is known already, or twice.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { launchChromium } from '../lib/browser.js';
import { dense, print } from '../lib/paper.js';
import { temporary } from '../lib/processes.js';
import { start } from '../lib/server.js';
import { buildWorld } from '../lib/world.js';

const child = '罗思雨';
const photo = path.join(temporary(), 'photo.png');
const people = {};                                                     // visitors that stay signed in, by login
let server, world, chromium, page;

before(async () => {
    server = await start({ clock: '2026-10-12T07:30:00+08:00' });
    world = await buildWorld(server);
    chromium = await launchChromium(server);
    fs.writeFileSync(photo, Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64'));
});
after(async () => {
    await chromium?.close();
    await server?.stop();
});
beforeEach(async () => {
    for (const table of ['session', 'roll_call', 'attendance_mark', 'absence_run', 'absence_rung', 'contact', 'absence_report', 'home_visit', 'task', 'notice', 'roll_expected', 'ladder_night', 'ladder_touch',
        'job', 'dropout_case', 'dropout_step', 'persuasion', 'refusal', 'return_notice', 'return_report', 'follow_up', 'document', 'document_counter', 'history']) {
        await server.sql(`DELETE FROM ${table}`);
    }
});
afterEach(async () => {
    for (const login of Object.keys(people)) {
        await people[login].close();
        delete people[login];
    }
});

const button = (name, exact = true) => page.getByRole('button', { name, exact });
const toast = (words) => page.locator('.toast', { hasText: words }).waitFor();
const dialog = () => page.getByRole('dialog');
const said = (words) => page.getByText(words).first().waitFor();

/** It is this time ("10-12 08:05"), for everybody; what is due by the clock happens. */
async function clock(time) {
    await chromium.setClock(`2026-${time.replace(' ', 'T')}:00+08:00`);
    await server.sql('UPDATE job SET ran_at = NULL');
    server.runJobs();
}

/** This person looks at this page, on the device that the work is done on. */
async function as(login, to, size = ['teacher', 'township', 'grade'].includes(login) ? 'phone' : 'desktop') {
    if (!people[login]) {
        people[login] = await chromium.visitor({ size });
        await people[login].enter(login);
        await people[login].context.exposeFunction('wasTyped', (field) => typed.push({ login, ...field }));
        await people[login].page.addInitScript(() => document.addEventListener('change', ({ target }) => target.matches('input:not([type=radio]):not([type=checkbox]):not([type=file]):not([type=search]), textarea')
            && target.value && window.wasTyped({ field: target.id, value: target.value }), true));
    }
    ({ page } = people[login]);
    if (chromium.now.slice(0, 7) !== people[login].month) {             // sessions end, and one signs in again
        people[login].month = chromium.now.slice(0, 7);
        await people[login].enter(login);
    }
    if (page.url().endsWith(`#/${to}`)) {
        await page.reload();
        await people[login].settled();
    } else {
        await people[login].open(to);
    }
}

const typed = [];

/** Fields of a form: text is typed, of lists one is chosen, true ticks a box, a file is added. */
async function fill(fields) {
    for (const [name, value] of Object.entries(fields)) {
        const field = page.locator(`#f-${name}`);

        if (value === photo) {
            await field.setInputFiles(photo);
            await page.locator('.file .x').first().waitFor();
        } else if (value === true) {
            await field.check();
        } else if (await field.count() === 0) {
            await page.locator(`label:has(input[name="f-${name}"][value="${value}"])`).click();
        } else if (await field.evaluate((each) => each.matches('select'))) {
            await field.selectOption(value);
        } else {
            await field.fill(value);
            await field.blur();
        }
    }
}

const value = (name) => page.locator(`#f-${name}`).inputValue();

/** The class teacher's roll, by the page. */
async function roll(time, absent) {
    await clock(time);
    await as('teacher', 'roll');
    const seat = page.locator('.roll button', { hasText: child });

    if ((await seat.getAttribute('aria-pressed') === 'true') !== absent) {
        await seat.click();
        if (!absent) {
            await button('到了').click();
        }
    }
    await button(absent ? '交名单·缺 1 人' : '交名单·全到').click();
    await toast(absent ? '已交，缺 1 人' : '已交，全班都到了');
}

/** Both rolls of a day and its last bell. */
async function day(date, absent) {
    await roll(`${date} 08:05`, absent);
    await roll(`${date} 14:05`, absent);
    await clock(`${date} 16:25`);
}

async function theCase(login, size) {
    await as(login, 'dropout?show=all', size);
    await page.getByRole('link', { name: new RegExp(child) }).first().click();
    await page.getByRole('heading', { level: 1, name: child }).waitFor();
}

/** An action of the case: its button, the fields that are not known, the button in the dialog. */
async function act(login, action, fields) {
    await theCase(login);
    await button(action).first().click();
    if (fields) {
        await fill(fields);
        await dialog().getByRole('button', { name: action, exact: true }).click();
        await dialog().waitFor({ state: 'detached' });
    }
    await people[login].settled();
}

const state = async () => (await server.sql('SELECT state FROM dropout_case ORDER BY id DESC LIMIT 1'))[0]?.state;
const rungs = async (how) => (await server.sql('SELECT step FROM absence_rung WHERE state = ? ORDER BY step', [how])).map((one) => Number(one.step));

async function call() {
    await as('teacher', 'absences');
    await button('记联系').click();
    assert.equal(await page.locator('#person').inputValue(), '杨秀莲');
    await page.locator('#why').selectOption('unwilling');
    await page.locator('#words').fill('说读不进去，想跟表哥去广东');
    await button('记下').click();
    await toast('联系家长的事办完了');
}

async function report() {
    await as('teacher', 'absences');
    await button('写报告').click();
    await page.locator('#measure').fill('今天放学后去家里看看');
    await button('记下').click();
    await toast('报告已发出');
}

/** A visit, begun where the child is listed as missing. */
async function visit(login, fields) {
    await as(login, 'absences');
    await page.getByRole('link', { name: '记家访' }).click();
    await page.locator('#f-visitors').waitFor();
    await fill(fields);
    await button('保存').click();
    await page.waitForURL(/home-visits\/\d+/);
}

/** Monday to the report to the bureau on Tuesday a week later. */
async function untilReported() {
    await roll('10-12 08:05', true);
    await clock('10-12 10:15');
    await call();
    assert.deepEqual(await rungs('done'), [0], 'the call closes the contact that is due today');
    await roll('10-12 14:05', true);
    await report();
    await clock('10-12 16:25');
    assert.deepEqual(await rungs('open'), [2, 4], 'after a day: the class teacher visits');

    await day('10-13', true);
    await clock('10-13 18:30');
    await visit('teacher', { talked_to: '奶奶', words: '孩子躲在房里不出来', effect: 'thinks', witness: '村委会罗主任' });
    assert.deepEqual(await rungs('open'), [2, 5]);

    await day('10-14', true);
    assert.equal(await state(), 'suspected', 'the third day opens the case');
    await clock('10-14 18:30');
    await visit('grade', { talked_to: '母亲', words: '家里也劝不动', effect: 'refuses', witness: '同组杨老师' });
    await day('10-15', true);
    await clock('10-15 18:30');
    await visit('vice', { talked_to: '父亲（电话接进来）', words: '过年回来再说', effect: 'refuses', witness: '驻村干部韦明' });
    assert.deepEqual(await rungs('open').then((open) => open.filter((step) => step >= 4 && step <= 6)), [], 'every visit that was due was made');
    await day('10-16', true);

    await clock('10-19 09:00');
    await theCase('teacher');
    await said('王晓梅·交辍学报告单');
    await button('交报告单').click();
    assert.equal(await value('cause_text'), '过年回来再说', 'what the family said last');
    for (const words of ['10月12日 王晓梅联系杨秀莲（电话）：不想上学。', '10月13日 王晓梅家访', '10月14日 罗永福家访', '10月15日 何秀英家访']) {
        assert.ok((await value('measures')).includes(words), `${words}: ${await value('measures')}`);
    }
    await fill({ cause: 'work', whereabouts: 'home', plan: '请同村同学每天约他' });
    await dialog().getByRole('button', { name: '交报告单' }).click();
    await dialog().waitFor({ state: 'detached' });
    assert.equal(await state(), 'formal');
    await act('office', '教导处核对', { review_text: '三次家访都有记录，情况属实' });
    await clock('10-20 10:00');
    await act('principal', '签字报县局', {});
    assert.equal(await state(), 'reported');
}

describe('the whole chain', () => {
    test('absent from Monday, to the signed return report on paper', { timeout: 420_000 }, async () => {
        await untilReported();
        await clock('10-21 09:00');
        await act('county', '签收');
        await act('township', '乡镇签收');
        await clock('10-26 15:00');
        await act('county', '核查属实', { verdict_text: '和公安户籍核过，没有在别处就读' });
        assert.equal(await state(), 'confirmed');
        await clock('10-27 11:00');
        await theCase('county');
        await button('发返校通知书').click();
        assert.equal(await value('addressee'), '杨秀莲');
        await dialog().getByRole('button', { name: '发返校通知书' }).click();
        await dialog().waitFor({ state: 'detached' });
        assert.equal(await state(), 'noticed');

        await clock('10-28 17:00');
        await theCase('township');
        await button('登记送达').click();
        assert.deepEqual([await value('served_on'), await value('served_by'), await value('receiver')], ['2026-10-28', '韦大明', '杨秀莲']);
        await fill({ served_how: 'in_person', receipt: 'signed' });
        await dialog().getByRole('button', { name: '登记送达' }).click();
        await said('11月4日前');
        await button('打印送达回证').click();
        await page.getByRole('heading', { level: 1, name: /送达回证/ }).waitFor();
        await people.township.settled();
        assert.ok(dense((await print(page, 'proof')).text).includes('签收人杨秀莲'));

        await clock('11-04 16:25');
        await theCase('office');
        await said('过了期限：送孩子返校');
        await clock('11-05 10:00');
        await act('office', '报告乡镇', {});
        await clock('11-06 19:00');
        await act('teacher', '记一次劝返', { way: 'home_visit', subject_teachers: '1', with_whom: '母亲', outcome: 'refused', effect: '谈了一个小时，还是不肯' });
        await act('teacher', '记拒返', { refused_by: 'both', reason: '不读了，读不进去', receipt: 'signed', photos: photo });
        await clock('11-06 19:05');
        assert.equal(await state(), 'joint', 'the third failed attempt calls for joint persuasion');

        await clock('11-11 16:00');
        await act('county', '联合劝返，没劝回', { people: '县局、派出所、乡镇、学校', effect: '家长不松口' });
        await clock('11-16 10:00');
        await act('township', '发限期返校决定', {});
        await clock('11-17 10:00');
        await theCase('township');
        await button('登记送达').click();
        await fill({ served_how: 'in_person', receipt: 'refused', witness: '村主任罗大勇' });
        await dialog().getByRole('button', { name: '登记送达' }).click();
        await said('11月24日前');

        await day('11-23', false);
        assert.equal(await state(), 'observing');
        await clock('11-24 10:00');
        await theCase('teacher');
        await button('交复学报告书').click();
        assert.equal(await value('placed_in'), '三年级1班');
        await fill({ brought_by: '母亲' });
        await dialog().getByRole('button', { name: '交复学报告书' }).click();
        await dialog().waitFor({ state: 'detached' });
        await day('11-24', false);
        await day('11-25', false);
        await clock('11-26 10:00');
        await act('township', '签收复学报告书', {});
        await theCase('township');
        await page.locator('section', { hasText: '复学报告书' }).getByRole('button', { name: '打印', exact: true }).last().click();
        await page.getByRole('heading', { level: 1, name: /复学报告书/ }).waitFor();
        await page.reload();
        await page.getByRole('heading', { level: 1, name: /复学报告书/ }).waitFor();
        await people.township.settled();
        const paper = await print(page, 'return');
        for (const words of ['复学报告书', '松山乡中心学校', '罗思雨', '返校日期2026年11月23日', '编入班级三年级1班', '谁送来的母亲', '签收人韦大明', '签收日期2026年11月26日', '核验码']) {
            assert.ok(dense(paper.text).includes(words), `${words} is not in ${dense(paper.text)}`);
        }
        assert.equal(paper.pages, 1);
        assert.match(paper.qr(), /#\/verify\/2152001234-FXB-2026-0001\//);

        await day('11-26', false);
        await day('11-27', false);
        assert.equal(await state(), 'follow_up', 'five days at school and the signature');
        await as('vice', `students/${world.students.siyu}/file`);
        for (const words of [/^缺课 \d+ 天$/, '联系杨秀莲', '联合劝返', '开具复学报告书', '编入一年级1班']) {
            await said(words);
        }
        assert.doesNotMatch(await page.locator('main').innerText(), /[a-z]+\.[a-z_]+\./, 'every word is a word');
    });
});

describe('nothing twice', () => {
    test('from the first absence to the report to the bureau nobody types what is known, nor anything twice', { timeout: 300_000 }, async (t) => {
        typed.length = 0;
        await untilReported();
        t.diagnostic(`${typed.length} fields typed: ${typed.map((one) => `${one.login}.${one.field}`).join(' ')}`);
        assert.equal(new Set(typed.map((one) => one.value)).size, typed.length, 'no text is typed into two fields');
        const known = [child, '三年级1班', '松山乡中心学校', '杨秀莲', '王晓梅', '罗永福', '何秀英', '陈志强', '2026-10', '10月1', '139'];
        for (const { login, field, value: text } of typed) {
            assert.deepEqual(known.filter((word) => text.includes(word)), [], `${login} types into ${field} what is known`);
        }
        assert.deepEqual(typed.map((one) => `${one.login}.${one.field}`).sort(), ['grade.f-talked_to', 'grade.f-witness', 'grade.f-words', 'office.f-review_text', 'teacher.f-plan', 'teacher.f-talked_to',
            'teacher.f-witness', 'teacher.f-words', 'teacher.measure', 'teacher.words', 'vice.f-talked_to', 'vice.f-witness', 'vice.f-words'], 'what was heard and seen, and nothing else');
    });
});
