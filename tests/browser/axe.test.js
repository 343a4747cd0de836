// axe.test.js: axe on every page of the portal: all routes of html/js/app.js, for each person of the demonstration county, at 360
// and 1440 px, in both languages. A page whose elements (with their ancestors) were all looked at before, on another person's page
// of the same width and language, is not looked at again; colours and sizes are looked at in one language.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launchChromium, sizes } from '../lib/browser.js';
import { buildPlugin } from '../lib/plugin.js';
import { start } from '../lib/server.js';

const logins = ['county', 'township', 'principal', 'vice', 'office', 'registrar', 'grade', 'teacher', 'subject', 'psych', 'admin', 'guardian'];
const atOnce = 3;                                                     // visitors

/** Which list of the API has what a route's :id is. Otherwise that of the word before it; where there is no row, one that is none. */
const lists = { 'my-leave': 'leave-requests', leave: 'leave-requests', slips: 'classes', dropout: 'dropout-cases', print: 'documents', closures: 'calendar/closures' };

let server, chromium;
let routes;                                                           // [{ path, staff, open, needs }]
const opened = new Set();
const seen = new Map();                                               // "<width>", "<width> <language>" → elements looked at
const wrong = [];
let looks = 0;

before(async () => {
    const plugin = buildPlugin();                                     // the pages of a workflow that brings none

    server = await start({ demo: true, nginx: false, http: `baoxue_load_plugin "${plugin}";` });
    server.control('migrate', '--load-plugin', plugin);
    await server.startNginx();
    await makeMore();
    chromium = await launchChromium(server);
});
after(async () => {
    await chromium?.close();
    await server?.stop();
});

/** What the demonstration does not have: a scholarship of its guardian's child, a case. */
async function makeMore() {
    const teacher = await server.client('teacher');
    const [unit] = teacher.session.positions.map((one) => one.unit_id);
    const [{ id }] = await server.sql("SELECT CAST(id AS CHAR) id FROM student WHERE name = '罗思雨' AND class_id = ?", [unit]);
    const [{ id: other }] = await server.sql("SELECT CAST(id AS CHAR) id FROM student WHERE name <> '罗思雨' AND class_id = ? ORDER BY seat_no LIMIT 1", [unit]);

    for (const [record, body] of [['scholarships', { action: 'apply', student_id: id, kind: 'merit', amount: 500, reason: '三好学生' }],
        ['dropout-cases', { student_id: other, last_seen_on: '2026-11-20', opened_why: '周一起没来，电话打不通' }]]) {
        const answer = await teacher.post(record, body);

        assert.equal(answer.status, 201, answer.text);
    }
    teacher.close();
}

const get = async (client, list) => (await client.get(list)).json;

/** The paths to open for somebody, with the route each is of. */
async function pathsFor(login) {
    const client = await server.client(login);
    const { records } = await get(client, 'plugins');
    const staff = client.session.positions.length > 0;
    const first = async (list) => (await get(client, `${list}?limit=1`))?.items?.[0]?.id;
    const own = new Set(routes.filter((route) => !route.path.startsWith(':')).map((route) => route.path.split('/')[0]));
    const out = [];

    for (const { path } of routes.filter((route) => (staff || !route.staff) && !route.open
        && (!route.needs || client.session.capabilities.includes(route.needs)))) {
        if (path.startsWith(':record')) {                             // where a record has no page of its own
            for (const record of records.filter(({ name }) => !own.has(name))) {
                const ids = path === ':record' ? [''] : [await first(record.name), ...(record.create ? ['new'] : [])];

                out.push(...ids.filter((one) => one !== undefined).map((id) => ({ of: path, to: `${record.name}${id && `/${id}`}` })));
            }
        } else {
            const word = /([^/]+)\/:id/.exec(path)?.[1];

            out.push({ of: path, to: word ? path.replace(':id', await first(lists[word] || word) || '1') : path });
        }
    }
    client.close();
    return out;
}

/** Elements of the page with their ancestors, as far as style and meaning go. */
const elements = (page) => page.evaluate(() => {
    const named = (e) => `${e.tagName}.${e.className?.baseVal ?? e.className}[${e.getAttributeNames().filter((name) => /^(aria-|role|type|disabled|for|lang)/.test(name)).join()}]`;
    const out = new Set();

    (function note(e, above) {
        const here = `${above}>${named(e)}`;

        out.add(here);
        [...e.children].forEach((child) => note(child, here));
    })(document.body, '');
    return [...out];
});

/** Is anything among these that was not looked at yet? It is from now on. */
function fresh(place, found) {
    const known = seen.get(place) || new Set();
    const before1 = known.size;

    seen.set(place, known);
    found.forEach((one) => known.add(one));
    return known.size > before1;
}

async function look(visitor, who, to, width) {
    const language = await visitor.page.evaluate(() => document.documentElement.lang);
    const found = await elements(visitor.page);
    const wide = await visitor.overflow();
    const colours = fresh(width, found);

    if (wide > 0) {
        wrong.push(`${who} ${to} ${width} ${language}: ${wide} px too wide`);
    }
    const news = fresh(`${width} ${language}`, found);

    if (news) {
        looks += 1;
        wrong.push(...(await visitor.axe({ without: colours ? [] : ['color-contrast', 'target-size'] }))
            .map((fault) => `${who} ${to} ${width} ${language}: ${fault}`));
    }
    return news;
}

/** After a change of the page: a moment, and longer when it has asked for something. */
async function quiet(visitor) {
    await new Promise((resolve) => { setTimeout(resolve, 60); });
    if (visitor.pending.size > 0 || await visitor.page.evaluate(() => Boolean(document.querySelector('[role=status] .sk')))) {
        await visitor.settled();
    }
}

/** Four ways of a page, as one goes through them with few changes. */
async function fourWays(visitor, who, to, of) {
    const { page } = visitor;
    const change = async (language) => {
        await page.evaluate((to1) => import('/js/app.js').then(({ setLanguage }) => setLanguage(to1)), language);
        await quiet(visitor);
    };
    const size = async (name) => {
        await page.setViewportSize(sizes[name].viewport);
        await quiet(visitor);
    };
    const now = await page.evaluate(() => document.documentElement.lang);
    const other = now === 'en' ? 'zh-CN' : 'en';

    if (!await look(visitor, who, to, 1440) && opened.has(of)) {      // as somebody else has seen it, in all four ways
        return;
    }
    await size('phone');
    await look(visitor, who, to, 360);
    await change(other);
    await look(visitor, who, to, 360);
    await size('desktop');
    await look(visitor, who, to, 1440);
}

async function walk(login) {
    const visitor = await chromium.visitor({ size: 'desktop' });

    visitor.expects(/./);
    await visitor.enter(login);
    for (const { of, to } of await pathsFor(login)) {
        try {
            await visitor.open(to);
            assert.equal(new URL(visitor.page.url()).hash.replace(/\?.*/, ''), `#/${to}`, 'was led elsewhere');
            await fourWays(visitor, login, to, of);
        } catch (e) {
            wrong.push(`${login} ${to}: ${e.message}: ${(await visitor.page.locator('#app').innerText()).slice(0, 200)} ${[...visitor.pending].map((one) => one.url()).join(' ')}`);
        }
        opened.add(of);
    }
    await visitor.close();
}

test('nothing to find', { timeout: 1_200_000 }, async (t) => {
    const began = Date.now();
    const left = [...logins];
    const stranger = await chromium.visitor({ size: 'desktop' });

    await stranger.open('sign-in');
    routes = await stranger.page.evaluate(() => import('/js/app.js').then(({ ROUTES }) => ROUTES.map(({ path, staff, open, needs }) => ({ path, staff, open, needs }))));
    for (const { path } of routes.filter((route) => route.open)) {
        await stranger.open(path.replace(':number', 'QJ-2026-11-0428').replace(':mark', '00000000'));
        await fourWays(stranger, 'nobody', path, path);
        opened.add(path);
    }
    await stranger.close();

    await Promise.all(Array.from({ length: atOnce }, async () => {
        while (left.length > 0) {
            await walk(left.shift());
        }
    }));
    t.diagnostic(`${opened.size} routes, axe on ${looks} pages, ${Math.round((Date.now() - began) / 1000)} s`);
    assert.equal([...new Set(wrong)].join('\n'), '');
    assert.deepEqual(routes.map(({ path }) => path).filter((path) => !opened.has(path)), [], 'routes that nobody has opened');
});
