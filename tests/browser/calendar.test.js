// calendar.test.js: the school's office sets up a year without help: a term, a holiday pasted from the announcement, a make-up
// Saturday, two classes closed for snow, the timetable of a class; the audit trail of it; what the county sees of the server.

import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { launchChromium } from '../lib/browser.js';
import { start } from '../lib/server.js';
import { buildWorld } from '../lib/world.js';

let server, world, chromium, visitor, page;

before(async () => {
    server = await start({ clock: '2026-08-25T09:00:00+08:00' });
    world = await buildWorld(server);
    await server.sql('DELETE FROM term');
    await server.sql('DELETE FROM calendar_day');
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

const text = (words) => page.getByText(words).first();
const button = (name) => page.getByRole('button', { name });
const field = (name) => page.getByLabel(name);
const said = async (words) => { await page.locator('.toast', { hasText: words }).waitFor(); };

async function visit(login, to, options = {}) {
    visitor = await chromium.visitor({ size: 'desktop', ...options });
    ({ page } = visitor);
    await visitor.enter(login);
    await visitor.open(to);
}

async function wellMade(name) {
    await visitor.settled();
    await page.evaluate(() => document.querySelectorAll('.toast').forEach((one) => { one.hidden = true; }));
    await visitor.shot(name, { fullPage: true });
    assert.deepEqual(await visitor.axe(), []);
    assert.ok(await visitor.overflow() <= 0, 'nothing is wider than the screen');
}

async function addTerm(number, from, to) {
    await button('添加学期').first().click();
    await page.getByText(number === 1 ? '第一学期' : '第二学期', { exact: true }).last().click();
    await field('开学').fill(from);
    await field('放假前最后一天').fill(to);
    await button('保存').click();
}

describe('the office sets up a school year', () => {
    test('a term: errors beside the fields, then it is there', async () => {
        await visit('office', 'calendar');
        await text('这个学年还没有学期').waitFor();
        await page.getByRole('link', { name: '添加学期' }).click();
        await text('没有学期，就没有上课日').waitFor();
        await addTerm(1, '2026-09-01', '2026-08-31');
        await text('结束日期要在开学日期之后').waitFor();
        assert.equal(await field('放假前最后一天').getAttribute('aria-invalid'), 'true');
        await field('放假前最后一天').fill('2027-01-29');
        await button('保存').click();
        await said('已保存');
        await addTerm(2, '2027-03-01', '2027-07-09');
        await text('3月1日').waitFor();
        await wellMade('calendar-terms.desktop');
    });

    test('the announcement is pasted by the county, checked, and entered', async () => {
        await visit('county', 'calendar/days');
        await button('粘贴放假通知').click();
        await field('放假通知的文字').fill('关于2026年国庆节放假安排的通知\n国庆节：10月1日（周四）至7日（周三）放假调休，共7天。9月27日（周日）、10月10日（周六）上班。\n重阳：10月18日');
        await button('看一看').click();
        await text('读到 3 项').waitFor();
        await text('这几行没读懂').waitFor();
        assert.equal(await button(/填入/).count(), 0);
        await wellMade('calendar-paste.desktop');
        await button('重新粘').click();
        await field('放假通知的文字').fill('国庆节：10月1日至7日放假调休。9月27日、10月10日上班。');
        await button('看一看').click();
        await button('填入 3 项').click();
        await said('填好 3 项');
        assert.equal((await server.sql('SELECT day FROM calendar_day')).length, 9);
    });

    test('a make-up Saturday of the school, on the phone', async () => {
        await visit('office', 'calendar/days', { size: 'phone' });
        await text('国庆节').waitFor();
        await button('添加一项').click();
        await page.getByText('调休上课', { exact: true }).last().click();
        await field('名称').fill('补课');
        await page.getByLabel('从', { exact: true }).fill('2026-11-06');
        await page.getByLabel('到', { exact: true }).fill('2026-11-06');
        await button('保存').click();
        await text('2026-11-06 是平常上课的日子').waitFor();
        await page.getByLabel('从', { exact: true }).fill('2026-11-07');
        await page.getByLabel('到', { exact: true }).fill('2026-11-07');
        await button('保存').click();
        await said('已保存');
        await text('11月7日 周六').waitFor();
        await wellMade('calendar-days.phone');
        assert.deepEqual((await server.sql("SELECT kind, statutory FROM calendar_day WHERE day = '2026-11-07'")).map((one) => ({ ...one })), [{ kind: 'makeup', statutory: 0 }]);
    });

    test('two classes are closed for snow; the closure is ended, then cancelled', async () => {
        await visit('office', 'calendar/closures');
        await text('没有停课').waitFor();
        await page.getByRole('link', { name: '通知停课' }).click();
        await field('原因（家长和老师会看到）').fill('大雪封路');
        await field('从哪天').fill('2026-12-07');
        await field('到哪天').fill('2026-12-09');
        await button('先选班级').click();
        await text('请选停课的班级').waitFor();
        await page.getByText('三年级1班', { exact: true }).click();
        await page.getByText('三年级2班', { exact: true }).click();
        await wellMade('calendar-closure.desktop');
        await button('通知 2 个班停课').click();
        await said('已通知停课');
        await text('三年级1班').waitFor();
        await wellMade('calendar-closures.desktop');

        await button('改结束日期').click();
        await field('到').fill('2026-12-08');
        await button('保存').click();
        await said('已保存');
        await text('12月8日').waitFor();
        await button('取消停课').click();
        await field('说明').fill('没下雪');
        await page.getByRole('dialog').getByRole('button', { name: '取消停课' }).click();
        await said('已保存');
        await text('没有停课').waitFor();
        await page.getByText('全部', { exact: true }).click();
        await page.getByRole('link', { name: '经过' }).click();
        await text('没下雪').waitFor();
    });

    test('the year shows each day by its kind, and why', async () => {
        const office = await server.client('office');
        const snow = await office.post('closures', { kind: 'weather', reason: '大雪', starts_on: '2026-12-07', ends_on: '2026-12-08', class_ids: [String(world.units.class1.id)] });
        assert.equal(snow.status, 201, snow.text);
        await visit('office', `calendar?unit=${world.units.class1.id}`);
        await text('第一学期').waitFor();
        await button('10月1日 周四：放假·国庆节').click();
        await page.locator('.picked', { hasText: '国庆节' }).waitFor();
        await button('12月7日 周一：停课·大雪').click();
        await page.locator('.picked', { hasText: '停课·大雪' }).waitFor();
        await button('11月7日 周六：调休上课·补课').waitFor();
        await wellMade('calendar-year.desktop');
        await visitor.close();
        await visit('office', 'calendar', { size: 'phone', language: 'en' });
        await text('First term').waitFor();
        await wellMade('calendar-year.phone');
    });

    test('a class has a timetable of its own', async () => {
        await visit('office', `calendar/timetable?unit=${world.units.class1.id}`);
        await text('按默认').waitFor();
        await button('改作息').click();
        await page.selectOption('#pm-5', '0');
        await field('为什么改').fill('周五下午放学早');
        await wellMade('calendar-timetable-form.desktop');
        await button('保存').click();
        await said('已保存');
        await text('自己定的').waitFor();
        await wellMade('calendar-timetable.desktop');
        const rows = await server.sql("SELECT rule, value FROM rule_override WHERE unit_id = ? ORDER BY rule", [world.units.class1.id]);
        assert.equal(rows.find((one) => one.rule === 'day.periods').value, '4+3,4+3,4+3,4+3,4+0,0,0');
        await button('改回上级的').click();
        await field('为什么改').fill('改回来');
        await page.getByRole('dialog').getByRole('button', { name: '改回上级的' }).click();
        await said('已保存');
        await text('按默认').waitFor();
    });
});

describe('who did what', () => {
    test('the principal reads the trail, opens one record, verifies the chain', async () => {
        await visit('principal', 'audit');
        await text('操作记录').waitFor();
        await text('陈志强 通知停课').waitFor();
        await page.locator('summary').first().click();
        await wellMade('audit.desktop');
        await button('开始核验').click();
        await text('的记录是完整的').waitFor();
        await page.getByLabel('谁做的').fill('没有这个人');
        await button('查看').click();
        await text('这段时间没有记录').waitFor();
        assert.doesNotMatch(decodeURIComponent(page.url()), /who|没有这个人/);      // whom one looks for is in no address
        await page.reload();
        await text('这段时间没有记录').waitFor();
        assert.equal(await page.getByLabel('谁做的').inputValue(), '没有这个人');
        await page.goBack();
        await text('陈志强 通知停课').waitFor();
        await page.goForward();
        await text('这段时间没有记录').waitFor();
        await page.getByRole('link', { name: '重来' }).click();
        await button(/只看这条记录的经过：陈志强 改结束日期/).first().click();
        await text('现在只看一条记录的经过').waitFor();
        await visitor.settled();
        assert.deepEqual([...new Set(await page.locator('.audit b').allTextContents())].length, 3);
        await visitor.close();
        await visit('principal', 'audit', { size: 'phone', language: 'en' });
        await page.getByRole('heading', { name: 'Audit trail' }).waitFor();
        await wellMade('audit.phone');
    });

    test('the county sees the server and its jobs', async () => {
        server.runJobs();
        await visit('county', 'system');
        await page.getByRole('heading', { name: '定时任务' }).waitFor();
        await text('数据库来回').waitFor();
        await wellMade('system.desktop');
        await visitor.close();
        await visit('county', 'system', { size: 'phone', language: 'en' });
        await page.getByRole('heading', { name: 'Scheduled jobs' }).waitFor();
        await wellMade('system.phone');
    });
});
