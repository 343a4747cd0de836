// teacher_day.test.js: a class teacher's ordinary day in taps and fields: 45 children, 3 absent, one slip, one call. What people spend in the
// portal is what they tap and type; a machine that shares its processor with others says nothing about seconds. A tap in a known
// place takes a practised thumb about one second, a typed character a quarter: the roll has to fit into 20 of them, the day into 8 minutes.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launchChromium } from '../lib/browser.js';
import { start } from '../lib/server.js';
import { buildWorld, libraryValues } from '../lib/world.js';

const SECONDS_A_TAP = 1;
const SECONDS_A_CHARACTER = 0.25;
const SECONDS_A_PAGE = 2;                                             // to see where one is
const surnames = '安白蔡陈邓段方高龚何侯胡黄吉江雷李梁刘龙罗马蒙潘彭冉石宋孙谭田王韦吴向谢杨张赵周郑许';
let server, world, chromium, visitor, page;

before(async () => {
    server = await start({ clock: '2026-09-21T07:35:00+08:00' });
    world = await buildWorld(server);
    chromium = await launchChromium(server);
    const ids = libraryValues(server, Array.from({ length: 84 }, () => ({ op: 'id' })));
    const unit = world.units.class1;

    for (let i = 0; i < 42; i += 1) {
        const name = `${surnames[i]}${'小志雨国思家文子远'[i % 9]}${'慧成桐栋琪豪静涵航'[(i * 5) % 9]}`;
        await server.sql(`INSERT INTO student (id, class_id, school_id, township_id, name, sex, birth_on, seat_no, enrolled_on, created_at, updated_at)
            VALUES (?, ?, ?, ?, ?, '1', '2018-01-01', ?, '2024-09-01', '2026-08-20', '2026-08-20')`, [ids[i], unit.id, unit.school, unit.township, name, i + 4]);
        await server.sql("INSERT INTO enrolment (id, student_id, class_id, school_id, starts_on) VALUES (?, ?, ?, ?, '2024-09-01')", [ids[42 + i], ids[i], unit.id, unit.school]);
    }
});
after(async () => {
    await visitor?.close();
    await chromium?.close();
    await server?.stop();
});

/** Counts what a person does on the page, and what was asked of them. */
class Hand {
    constructor() { Object.assign(this, { taps: 0, fields: 0, characters: 0, pages: 0 }); }

    async tap(locator) { this.taps += 1; await locator.click(); }

    async type(locator, text) { this.fields += 1; this.taps += 1; this.characters += text.length; await locator.fill(text); }

    async choose(locator, value) { this.fields += 1; this.taps += 2; await locator.selectOption(value); }

    async open(to) { this.pages += 1; this.taps += 1; await visitor.open(to); }

    get seconds() { return this.taps * SECONDS_A_TAP + this.characters * SECONDS_A_CHARACTER + this.pages * SECONDS_A_PAGE; }
}

const seat = (name) => page.locator('.roll button', { hasText: name });
const button = (name) => page.getByRole('button', { name, exact: true });
const toast = (words) => page.locator('.toast', { hasText: words }).waitFor();

test('45 children, 3 absent, one slip, one call: the roll within 20 seconds of taps, the day within 8 minutes', async () => {
    const mother = await server.client('guardian');
    const asked = await mother.post('leave-requests', { student_id: String(world.students.siyu), kind: 'sick', starts_on: '2026-09-21', starts_period: 1, ends_on: '2026-09-21',
        ends_period: 7, reason: '夜里发烧', action: 'submit' });
    assert.equal(asked.status, 201, asked.text);
    mother.close();
    visitor = await chromium.visitor({});
    ({ page } = visitor);
    await visitor.enter('teacher');
    const day = new Hand();

    // one slip: agreed to where it is shown
    await visitor.open('today');
    await day.open('leave');
    await day.tap(page.getByRole('button', { name: /同意.*罗思雨|罗思雨.*同意/ }).first());
    await toast('罗思雨');
    await chromium.setClock('2026-09-21T08:03:00+08:00');
    await visitor.open('today');                                      // what was held goes out when the page is left

    // the morning's roll: three are absent; the one on leave is filled in
    const roll = new Hand();
    await roll.open('roll');
    assert.equal(await page.locator('.roll button').count(), 45);
    await seat('罗思雨').getByText('病假').waitFor();
    await roll.tap(seat('李浩'));
    await roll.tap(seat('韦敏'));
    await roll.tap(seat('安小慧'));
    await roll.tap(button('交名单·缺 3 人'));
    await toast('已交，缺 3 人');
    const [saved] = await server.sql('SELECT due, exceptions FROM roll_call');
    assert.deepEqual([Number(saved.due), Number(saved.exceptions)], [45, 4]);
    assert.deepEqual([roll.taps, roll.fields, roll.characters], [5, 0, 0], 'three absent children are three taps; page and handing in are one each');
    assert.ok(roll.seconds < 20, `${roll.seconds} s`);

    // one call about one of them, whose guardian the roster knows
    await day.open('absences');
    await page.getByText('李浩').first().waitFor();
    await day.tap(page.locator('section.card', { hasText: '李浩' }).getByRole('button', { name: '记联系' }));
    assert.equal(await page.locator('#person').inputValue(), '李春花', 'nothing that is known is typed');
    await day.choose(page.locator('#why'), 'family');
    await day.tap(button('记下'));
    await toast('联系家长的事办完了');

    // the afternoon: the same again
    await chromium.setClock('2026-09-21T14:03:00+08:00');
    const noon = new Hand();
    await visitor.open('today');
    await noon.open('roll');
    await seat('罗思雨').getByText('病假').waitFor();
    await noon.tap(seat('李浩'));
    await noon.tap(seat('韦敏'));
    await noon.tap(seat('安小慧'));
    await noon.tap(button('交名单·缺 3 人'));
    await toast('已交，缺 3 人');

    const sum = (name) => [day, roll, noon].reduce((n, hand) => n + hand[name], 0);
    const all = { taps: sum('taps'), fields: sum('fields'), characters: sum('characters') };
    const seconds = sum('seconds');
    assert.deepEqual(all, { taps: 17, fields: 1, characters: 0 }, 'the budget: whoever adds a tap to a class teacher\'s day changes this line and says why');
    assert.ok(seconds < 8 * 60, `${seconds} s`);
});
