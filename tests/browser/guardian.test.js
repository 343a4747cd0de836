// guardian.test.js: leave from a guardian's phone: the whole way with the class teacher at a desk, what the form does when
// the server objects, when the session ends, when there is no network and when the phone's own clock is wrong.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { launchChromium, screenshots } from '../lib/browser.js';
import { top } from '../lib/database.js';
import { until } from '../lib/processes.js';
import { start } from '../lib/server.js';
import { buildWorld } from '../lib/world.js';

const evening = '2026-09-21T20:00:00+08:00';                          // a Monday
const photo = path.join(top, 'tests/unit/files/photo.jpg');
let server, world, chromium, mother, page;

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
    await server.sql('DELETE FROM attachment');
    await server.sql("DELETE FROM calendar_day WHERE name = 'test'");
    await chromium.setClock(evening);
});
afterEach(async () => {
    const visitor = mother;
    mother = null;
    await visitor?.close();
});

const button = (name, exact = true) => page.getByRole('button', { name, exact });
const choose = (text) => page.locator('label', { hasText: text }).click();
const toast = (text) => page.locator('.toast', { hasText: text }).waitFor();
const link = (name) => page.getByRole('link', { name });
const pick = (day) => button(`${day.replace(/^(\d+)-(\d+) (周.) (..)$/, '$1月$2日 $3 $4')}`).click();
const slips = () => server.sql(`SELECT CAST(id AS CHAR) id, state, starts_on, starts_period, ends_on, ends_period, reason, kind,
    CAST(extends_id AS CHAR) extends_id, CAST(student_id AS CHAR) student_id FROM leave_request ORDER BY id`);

/** A guardian's phone, signed in, on a page. */
async function phone(to = 'children', options = {}) {
    mother = await chromium.visitor(options);
    ({ page } = mother);
    await mother.enter(options.login || 'guardian');
    await mother.open(to);
    return mother;
}

/** What a guardian fills in: 思雨 is ill from Tuesday afternoon to Wednesday morning. */
async function fill(reason = '夜里发烧，去卫生院看病') {
    await choose('罗思雨');
    await choose('生病');
    await choose('自己选');
    await pick('9-22 周二 下午');
    await pick('9-23 周三 上午');
    await page.getByLabel('说一下情况').fill(reason);
    await button('交给王晓梅老师·1 天').waitFor();
}

const asFilled = { starts_on: '2026-09-22', starts_period: 5, ends_on: '2026-09-23', ends_period: 4 };

function has(row, wanted) {
    for (const [name, value] of Object.entries(wanted)) {
        assert.equal(row[name], value, name);
    }
}

/** A slip that is there already. */
async function leave(days, more = {}) {
    const client = await server.client('guardian');
    const answer = await client.post('leave-requests', { student_id: world.students.siyu, kind: 'sick', reason: '咳嗽', action: 'submit', ...days, ...more });
    assert.equal(answer.status, 201, answer.text);
    return answer.json;
}

describe('the whole way', () => {
    test('asked for on a phone, approved at a desk, back at school by the phone', async () => {
        mother = await chromium.visitor();
        ({ page } = mother);
        await mother.signIn(world.phones.guardian);
        await page.getByRole('heading', { name: '杨秀莲，您好' }).waitFor();
        assert.equal(await mother.overflow(), 0);
        await link('给思雨请假').click();
        await page.getByLabel('罗思雨').and(page.locator(':checked')).waitFor();
        await fill();
        await page.setInputFiles('input[type=file]', photo);
        await page.locator('.file canvas').waitFor();
        assert.equal(await mother.overflow(), 0);
        await mother.shot('guardian-form', { fullPage: true });
        await button('交给王晓梅老师·1 天').click();

        await toast('已送达，王晓梅老师会看到');
        await page.getByText('假条交给王晓梅老师了，等老师同意。').waitFor();
        const [slip, ...rest] = await slips();
        assert.deepEqual(rest, []);
        has(slip, { ...asFilled, state: 'submitted', kind: 'sick', reason: '夜里发烧，去卫生院看病', student_id: String(world.students.siyu) });
        assert.match(page.url(), new RegExp(`#/my-leave/${slip.id}$`));
        const [file] = await server.sql('SELECT record_id FROM attachment');
        assert.equal(String(file.record_id), slip.id);

        const teacher = await chromium.visitor({ size: 'desktop' });
        await teacher.signIn('teacher');
        await teacher.page.getByText('1 张假条等您同意').click();
        await teacher.page.getByText('夜里发烧，去卫生院看病').first().waitFor();
        await teacher.page.getByRole('button', { name: '同意', exact: true }).first().click();
        await teacher.open('today');                                  // it goes out when the page is left
        await until('the approval', async () => (await slips())[0].state === 'approved');
        await teacher.close();

        await chromium.setClock('2026-09-22T14:30:00+08:00');
        server.runJobs();
        await mother.open('children');
        await page.getByText('今天在休病假').waitFor();

        await chromium.setClock('2026-09-23T14:10:00+08:00');
        await page.reload();
        await link('回校销假').click();
        await page.getByRole('heading', { name: '罗思雨回到学校了吗？' }).waitFor();
        await button('回来了').click();
        await toast('已销假，老师知道孩子回来了');
        await page.getByText('思雨回到学校了，假已销。').waitFor();
        assert.equal((await slips())[0].state, 'returned');
        assert.deepEqual(await page.locator('.tl b').allTextContents(), ['您销了假', '休假开始', '王晓梅老师同意', '您交了假条']);
    });

    test('a slip can be withdrawn', async () => {
        const slip = await leave({ starts_on: '2026-09-23', starts_period: 1, ends_on: '2026-09-23', ends_period: 7 });

        await phone(`my-leave/${slip.id}`);
        await button('撤回').click();
        await page.getByRole('dialog').getByRole('button', { name: '撤回' }).click();
        await page.getByText('这张假条撤回了，孩子照常上学。').waitFor();
        assert.equal((await slips())[0].state, 'cancelled');
    });
});

describe('the form', () => {
    test('says what is missing, and goes there', async () => {
        await phone('my-leave/new');
        await button('交给班主任').click();
        for (const text of ['请选一个孩子', '请选一个原因', '写几个字，比如“发烧，去卫生院看病”']) {
            await page.getByText(text).waitFor();
        }
        assert.equal(await page.evaluate(() => document.activeElement.name), 'child');
        await choose('罗思雨');
        assert.equal(await page.getByText('请选一个孩子').count(), 0);
    });

    test('tapped twice, it is one slip', async () => {
        await phone('my-leave/new');
        await fill();
        await button('交给王晓梅老师·1 天').dblclick();
        await page.getByText('假条交给王晓梅老师了，等老师同意。').waitFor();
        assert.equal((await slips()).length, 1);
    });

    test('a day that became a holiday meanwhile: the server objects, and nothing typed is lost', async () => {
        await phone('my-leave/new');
        await fill();
        for (const day of ['2026-09-22', '2026-09-23']) {
            await server.sql("INSERT INTO calendar_day (unit_id, day, kind, name) VALUES (?, ?, 'holiday', 'test')", [world.units.county.id, day]);
        }
        await button('交给王晓梅老师·1 天').click();
        await page.getByText('这几天不上学，不用请假').waitFor();
        assert.equal(await page.getByLabel('说一下情况').inputValue(), '夜里发烧，去卫生院看病');
        assert.equal(await button('9月22日 周二 下午').getAttribute('aria-pressed'), 'true');
        assert.deepEqual(await slips(), []);

        await pick('9-24 周四 上午');
        await pick('9-24 周四 下午');
        await button('交给王晓梅老师·1 天').click();
        await page.getByText('假条交给王晓梅老师了，等老师同意。').waitFor();
        has((await slips())[0], { starts_on: '2026-09-24', ends_on: '2026-09-24', reason: '夜里发烧，去卫生院看病' });
    });

    test('the session ends while one writes: a dialog asks for the password, then the slip goes out', async () => {
        await phone('my-leave/new');
        await fill('孩子咳嗽');
        await mother.settled();                                       // nothing else will find out before the button
        await mother.stopPolling();
        await (await server.client('guardian')).del('session?everywhere=true');
        await button('交给王晓梅老师·1 天').click();
        await page.getByRole('heading', { name: '登录到时间了' }).waitFor();
        await page.fill('#login', world.phones.guardian);
        await page.fill('#secret', 'wrong horse 9');
        await button('登录').click();
        await page.getByText('手机号和密码对不上。还可以再试 4 次。').waitFor();
        await page.fill('#secret', server.password);
        await button('登录').click();
        await page.getByText('假条交给王晓梅老师了，等老师同意。').waitFor();
        const rows = await slips();
        assert.equal(rows.length, 1);
        has(rows[0], { ...asFilled, reason: '孩子咳嗽' });
    });

    test('what was not handed in is there the next time, photos too', async () => {
        await phone('my-leave/new');
        await fill('第一次写到这里');
        await page.setInputFiles('input[type=file]', photo);
        await page.locator('.file canvas').waitFor();
        await until('the draft on the phone', async () => (await mother.kept()).includes('第一次写到这里'));
        await mother.open('children');
        await mother.open('my-leave/new');
        await page.getByText('上次没交的还在，接着写就行。').waitFor();
        assert.equal(await page.getByLabel('说一下情况').inputValue(), '第一次写到这里');
        await page.locator('.file canvas').waitFor();
        await button('重新写').click();
        assert.equal(await page.getByLabel('说一下情况').inputValue(), '');
    });

    test('a photo the server has let go of meanwhile is brought again', async () => {
        await phone('my-leave/new');
        await fill();
        await page.setInputFiles('input[type=file]', photo);
        await until('the photo', async () => Number((await server.sql('SELECT COUNT(*) n FROM attachment WHERE record_id IS NULL'))[0].n) === 1);
        await page.waitForTimeout(600);                               // the draft with its number
        await server.sql('DELETE FROM attachment WHERE record_id IS NULL');
        await button('交给王晓梅老师·1 天').click();
        await page.getByText('假条交给王晓梅老师了，等老师同意。').waitFor();
        const [slip, ...rest] = await slips();
        assert.deepEqual(rest, []);
        const files = await server.sql('SELECT CAST(record_id AS CHAR) record_id FROM attachment WHERE record_id IS NOT NULL ORDER BY id DESC');
        assert.equal(files[0].record_id, slip.id);
    });

    test('a slip in the way: the extension is offered, and taking it makes a second slip', async () => {
        const first = await leave({ starts_on: '2026-09-22', starts_period: 1, ends_on: '2026-09-22', ends_period: 7 });

        await phone('my-leave/new');
        await fill();
        await page.getByText('这几天里已经有一张假条（9月22日 全天）。').waitFor();
        await button('改成延长到9月23日 周三').click();
        await button('交给王晓梅老师·0.5 天').click();
        await page.getByText('假条交给王晓梅老师了，等老师同意。').waitFor();
        const rows = await slips();
        assert.equal(rows.length, 2);
        has(rows[1], { starts_on: '2026-09-23', starts_period: 1, ends_on: '2026-09-23', ends_period: 4, extends_id: first.id });
    });

    test('beyond the end of term: the days until then are offered', async () => {
        await chromium.setClock('2027-01-27T20:00:00+08:00');
        await phone('my-leave/new');
        await choose('罗思雨');
        await choose('家里有事');
        await choose('自己选');
        await pick('1-28 周四 上午');
        for (let week = 0; week < 5; week++) {
            await button('下一周').click();
        }
        await pick('3-2 周二 下午');
        await page.getByLabel('说一下情况').fill('回老家过年');
        await page.getByText('学期到1月29日 周五结束，假只能请到那天。').waitFor();
        await button('只请到1月29日 周五（2 天）').click();
        await button('交给王晓梅老师·2 天').click();
        await page.getByText(/假条交给王晓梅老师了/).waitFor();
        has((await slips())[0], { starts_on: '2027-01-28', starts_period: 1, ends_on: '2027-01-29', ends_period: 7, kind: 'personal' });
    });
});

describe('without a network', () => {
    test('tapped twice, kept on the phone, one slip when there is a signal', async () => {
        await phone('my-leave/new');
        await mother.shellKept();
        await choose('罗思雨');
        await choose('自己选');
        await button('上一周').waitFor();
        await mother.offline(true);
        await page.getByText('没网。您写的会先存在手机里').waitFor();
        await fill();
        await page.setInputFiles('input[type=file]', photo);
        await page.locator('.file canvas').waitFor();
        await button('交给王晓梅老师·1 天').dblclick();
        await toast('没网，已存手机，有信号会自动送到');
        await page.locator('.li', { hasText: '已存手机' }).waitFor();
        assert.deepEqual(await slips(), []);

        await page.reload();                                          // the phone is put away and taken out again
        await page.locator('.li', { hasText: '已存手机' }).waitFor();
        await mother.offline(false);
        await toast('已送达');
        const rows = await slips();
        assert.equal(rows.length, 1);
        has(rows[0], { ...asFilled, state: 'submitted' });
        assert.equal(await page.locator('.li', { hasText: '已存手机' }).count(), 0);
        await page.locator('.li', { hasText: '等老师同意' }).waitFor();
    });

    test('an answer lost on its way: asked again under the same key, one slip', async () => {
        await phone('my-leave/new');
        await fill();

        let lost = 0;
        await page.route('**/api/v1/leave-requests', async (route) => {
            if (route.request().method() === 'POST' && lost++ === 0) {
                await route.fetch();
                await route.abort();
            } else {
                await route.continue();
            }
        });
        await button('交给王晓梅老师·1 天').click();
        await toast('没网，已存手机，有信号会自动送到');
        assert.equal((await slips()).length, 1, 'it did reach the server');
        await page.evaluate(() => window.dispatchEvent(new Event('online')));
        await toast('已送达');
        assert.ok(lost >= 2);
        assert.equal((await slips()).length, 1);
    });

    test('what was seen before can be read, with its time', async () => {
        const slip = await leave({ starts_on: '2026-09-23', starts_period: 1, ends_on: '2026-09-23', ends_period: 7 });

        await phone('children');
        await mother.shellKept();
        await mother.open(`my-leave/${slip.id}`);
        await chromium.setClock('2026-09-21T20:30:00+08:00');
        await mother.offline(true);
        await page.reload();
        await page.getByText('没网，上次更新 今天 20:00').waitFor();
        await page.getByText('假条交给王晓梅老师了，等老师同意。').waitFor();
        await mother.open('children');
        await page.getByText('假条交了，等老师同意').waitFor();
        await mother.offline(false);
        await page.getByText('上次更新').waitFor({ state: 'detached' });
    });

    test('refused on arrival: the slip stays on the phone and can be mended', async () => {
        await phone('my-leave/new');
        await mother.shellKept();
        await choose('罗思雨');
        await choose('自己选');
        await button('上一周').waitFor();
        await mother.offline(true);
        await fill();
        await button('交给王晓梅老师·1 天').click();
        await page.locator('.li', { hasText: '已存手机' }).waitFor();
        await leave({ starts_on: '2026-09-22', starts_period: 1, ends_on: '2026-09-22', ends_period: 7 });
        await mother.offline(false);
        await page.getByText('没送成').waitFor();
        assert.equal((await slips()).length, 1);
        await link('改一改再交').click();
        await page.getByText('这几天里已经有一张假条（9月22日 全天）。').waitFor();
        assert.equal(await page.getByLabel('说一下情况').inputValue(), '夜里发烧，去卫生院看病');
        await button('改成延长到9月23日 周三').click();
        await button('交给王晓梅老师·0.5 天').click();
        await page.getByText('假条交给王晓梅老师了，等老师同意。').waitFor();
        assert.equal((await slips()).length, 2);
        await mother.open('my-leave');
        assert.equal(await page.getByText('没送成').count(), 0);
    });
});

describe('what is stored', () => {
    test('is taken away as a file, a child at a time; when it is too often, the page says so', async () => {
        await server.sql('DELETE FROM throttle');
        await phone('me');
        await button('下载罗思雨的数据副本').waitFor();
        assert.equal(await mother.overflow(), 0);
        assert.deepEqual(await mother.axe(), []);

        const [saved] = await Promise.all([page.waitForEvent('download'), button('下载罗思雨的数据副本').click()]);
        const copy = JSON.parse(fs.readFileSync(await saved.path(), 'utf8'));

        assert.equal(saved.suggestedFilename(), '罗思雨-数据副本-2026-09-21.json');
        assert.equal(copy.child, '罗思雨');
        await toast('文件已存好');
        await page.screenshot({ path: path.join(screenshots, 'me-copy.png') });
        await server.sql('UPDATE throttle SET failures = 10');
        mother.expects(/429/);
        await button('下载罗思宇的数据副本').click();
        await page.getByText(/试得太多了/).waitFor();
    });
});

describe('a phone whose clock is wrong', () => {
    for (const [title, clock, zone] of [['a year behind', '2025-03-05T10:00:00+08:00', 'Asia/Shanghai'], ['a day ahead', '2026-09-22T23:30:00+08:00', 'Asia/Shanghai'],
        ['in another time zone', evening, 'America/New_York']]) {
        test(title, async () => {
            await phone('children', { clock, zone });
            await page.getByText('9月21日 星期一').waitFor();
            await link('给思雨请假').click();
            await page.getByText('明天一天').waitFor();
            await fill();
            await page.getByText('9月21日 – 27日').waitFor();
            assert.equal(await page.locator('.day.now .n').textContent(), '21');
            await button('交给王晓梅老师·1 天').click();
            await page.getByText(/今天 20:00/).first().waitFor();
            has((await slips())[0], asFilled);
        });
    }
});
