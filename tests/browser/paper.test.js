// paper.test.js: lists and documents of the demonstration county on A4: nothing is cut at an edge, every page has its margins, tables
// repeat their headings, names and days stay on one line, signatures stay with their seal, and the text reads in order.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, test } from 'node:test';
import { launchChromium } from '../lib/browser.js';
import { print } from '../lib/paper.js';
import { start } from '../lib/server.js';

const millimetre = 72 / 25.4;
const wordBox = /<word xMin="([\d.]+)" yMin="([\d.]+)" xMax="([\d.]+)" yMax="([\d.]+)">(.*?)<\/word>/g;
const visitors = {};
let server, chromium, caseId, noticeId;

before(async () => {
    server = await start({ demo: true, clock: '2026-11-23T09:40:00+08:00' });
    chromium = await launchChromium(server);
    caseId = String((await server.sql("SELECT id FROM dropout_case WHERE state = 'joint'"))[0].id);
    noticeId = String((await server.sql("SELECT id FROM return_notice WHERE state = 'missed'"))[0].id);
});
after(async () => {
    await chromium?.close();
    await server?.stop();
});

/** A page of the portal as it comes out of the printer: its pages, each with its words and where they are, in millimetres. */
async function paper(login, path) {
    if (!visitors[login]) {
        visitors[login] = await chromium.visitor({ size: 'desktop', worker: false });
        await visitors[login].enter(login);
    }
    await visitors[login].open(path);

    const { file, text } = await print(visitors[login].page);
    const boxes = execFileSync('pdftotext', ['-bbox', file, '-'], { encoding: 'utf8' });
    const pages = boxes.split('<page ').slice(1).map((page) => [...page.matchAll(wordBox)]
        .map(([, left, top, right, bottom, word]) => (
            { word, left: left / millimetre, right: right / millimetre, middle: (Number(top) + Number(bottom)) / 2 / millimetre })));

    for (const [i, words] of pages.entries()) {
        assert.ok(words.length > 0, `page ${i + 1} of ${path} is empty`);
        const out = words.filter(({ left, right, middle }) => left < 10 || right > 200 || middle < 12 || middle > 285);
        assert.deepEqual(out, [], `on page ${i + 1} of ${path} these are in the margin`);
    }
    return { text, pages, lines: text.split('\n').map((line) => line.trim()) };
}

async function document(login, kind, record) {
    const client = await server.client(login);
    const made = await client.post('documents', { kind, record_id: record });

    assert.ok(made.status === 201 || made.status === 200, made.text);
    return paper(login, `print/${made.json.id}`);
}

test('the sheet of the day: 18 classes on one page, names whole', async () => {
    const sheet = await paper('office', 'day?date=2026-11-20');

    assert.equal(sheet.pages.length, 1);
    assert.ok(sheet.text.indexOf('一年级1班') < sheet.text.indexOf('六年级3班'));
    for (const name of ['胡轩', '杨浩', '覃雅静', '蒙若曦']) {
        assert.ok(sheet.text.includes(name), name);
    }
});

test('figures of a week: every column with its sums', async () => {
    const sheet = await paper('office', 'figures?of=last_week');
    const total = sheet.lines.find((line) => line.startsWith('合计'));

    assert.equal(sheet.pages.length, 1);
    assert.match(total, /^合计 \d+ \d+ \d\d\.\d\d% \d+ \d+ \d+ \d+ \d+ \d+ ?\/ ?\d+$/);
});

test('leave of a day, the register: headings on every page', async () => {
    await paper('office', 'leave/day');
    const register = await paper('office', 'responsibility');

    assert.ok(register.pages.length > 1);
    for (const words of register.pages) {
        assert.ok(words.some(({ word }) => word === '责任人'));
    }
});

test('a case: report on one page, cover, notice with its stub whole, proof, roster', async () => {
    const report = await document('principal2', 'dropout.report', caseId);
    assert.equal(report.pages.length, 1);
    assert.match(report.text, /姓名 赵瑞 性别 男[\s\S]*劝返经过[\s\S]*\n1 2026年10月28日 上门[\s\S]*班主任：[\s\S]*云岭中学\n/);

    const cover = await document('principal2', 'dropout.cover', caseId);
    const right = Math.max(...cover.pages[0].map((one) => one.right));
    assert.ok(right > 170, `the cover ends at ${right} mm`);

    const notice = await document('county', 'dropout.notice', noticeId);
    const stub = notice.pages.map((words) => ['送达文书', '受送达人', '送达时间', '签收', '拒收'].filter((label) => words.some(({ word }) => word === label)).length);
    assert.deepEqual(stub.filter((n) => n > 0), [5], 'the stub is on one page');

    await document('county', 'dropout.proof', noticeId);

    const client = await server.client('principal2');
    const roster = await document('principal2', 'dropout.roster', (await client.post('dropout-rosters', {})).json.id);
    assert.match(roster.text, /\n2 陈清清 女 2013-12-23 七年级2班 2026-10-26/);
});
