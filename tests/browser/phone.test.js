// phone.test.js: everybody's pages on a phone of 360 px, in Chinese, over the demonstration county: nothing is wider than the screen, no
// table hides columns beside it, no word is squeezed to one character a line, and no name from the code is shown for a word.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launchChromium } from '../lib/browser.js';
import { start } from '../lib/server.js';

const day = '2026-11-20';
const walks = {
    guardian: ['children', 'my-leave', 'my-leave/new', 'notices', 'me'],
    teacher: ['today', 'tasks', 'roll', 'absences', 'leave', 'leave/day', 'leave/new', 'students', 'figures?of=last_week', 'opening', 'dropout', 'home-visits', 'home-visits/new',
        'notices', 'me'],
    office: ['today', 'day', `day?date=${day}`, 'figures?of=last_week', 'absences', 'opening', 'responsibility', 'dropout', 'documents', 'home-visits', 'imports', 'calendar'],
    principal: ['today', 'tasks', 'dropout', 'dropout?show=all', 'dropout?show=trend', 'dropout/new'],
    township: ['today', 'tasks', 'dropout', 'dropout?show=incoming'],
    county: ['today', 'tasks', 'dropout', 'dropout?show=all', 'dropout?show=overdue', 'dropout?show=attempts', 'day', 'figures', 'students'],
    admin: ['admin', 'accounts', 'accounts/new', 'org-units', 'roles', 'rules', 'texts', 'calendar', 'audit'],
};
let server, chromium;

before(async () => {
    server = await start({ demo: true, clock: '2026-11-23T09:40:00+08:00' });
    server.runJobs();
    chromium = await launchChromium(server);
});
after(async () => {
    await chromium?.close();
    await server?.stop();
});

/** What a page should not look like. Runs in the page. keys: an administrator is shown the names of rules and texts beside their words. */
function ugly(keys) {
    const seen = (element) => element.offsetParent && getComputedStyle(element).visibility === 'visible' && !element.closest('.sr');
    const about = (element) => `<${element.tagName.toLowerCase()} class="${element.className}"> ${element.textContent.trim().slice(0, 30)}`;
    const found = [];

    for (const table of document.querySelectorAll('.tw')) {
        if (seen(table) && table.scrollWidth > table.clientWidth + 1) {
            found.push(`columns out of sight: ${table.getAttribute('aria-label')}, ${table.scrollWidth} px`);
        }
    }
    for (const element of document.querySelectorAll('td, th, .btn, .g, b, span, h1, h2')) {
        const text = element.childNodes.length === 1 && element.firstChild.nodeType === 3 ? element.textContent.trim() : '';

        if (seen(element) && text.length > 2 && /^\p{Script=Han}+$/u.test(text)) {
            const range = document.createRange();
            range.selectNodeContents(element);
            const { width } = range.getBoundingClientRect();
            if (width < 1.5 * parseFloat(getComputedStyle(element).fontSize)) {
                found.push(`one character a line: ${about(element)}`);
            }
        }
    }
    for (const element of document.querySelectorAll('button, a.btn, select, input:not([type=radio]):not([type=checkbox]):not([type=file])')) {
        const box = element.getBoundingClientRect();

        if (seen(element) && (box.height < 32 || box.width < 32) && box.width > 1) {
            found.push(`too small to tap, ${Math.round(box.width)} × ${Math.round(box.height)}: ${about(element)}`);
        }
    }
    for (const element of document.querySelectorAll('svg.ch text')) {
        if (element.getBoundingClientRect().height < 13) {
            found.push(`too small to read: ${element.textContent}`);
        }
    }
    for (const element of document.querySelectorAll('.search input')) {
        if (seen(element) && parseFloat(getComputedStyle(element).paddingLeft) < 28) {
            found.push(`an icon over the words of ${element.placeholder || element.getAttribute('aria-label')}`);
        }
    }
    for (const [word] of keys ? [] : document.body.innerText.matchAll(/\b[a-z]+(?:[_-][a-z]+)*\.[a-z_]+(?:\.[a-z_]+)*\b|\bundefined\b|\bNaN\b|\[object/g)) {
        found.push(`a name from the code: ${word}`);
    }
    return found;
}

for (const [login, pages] of Object.entries(walks)) {
    test(`${login}: ${pages.length} pages`, async () => {
        const visitor = await chromium.visitor({ size: 'phone', worker: false });
        const wrong = [];

        visitor.expects(/Service Worker registration blocked/);
        await visitor.enter(login);
        for (const page of pages) {
            await visitor.open(page);
            const over = await visitor.overflow();
            wrong.push(...[...(over > 0 ? [`${over} px wider than the screen`] : []), ...await visitor.page.evaluate(ugly, login === 'admin')].map((one) => `${page}: ${one}`));
        }
        if (login === 'teacher') {                                     // from a name to the child, and from the child to the file
            await visitor.open('students');
            await visitor.page.getByRole('link', { name: /罗思雨/ }).click();
            await visitor.page.getByRole('link', { name: '一生一档' }).click();
            await visitor.page.getByRole('heading', { level: 1, name: '罗思雨 一生一档' }).waitFor();
        }
        await visitor.close();
        assert.deepEqual(wrong, []);
    });
}
