// budget.test.js: how much comes over the line until the first page after signing in is there, with nothing kept from before,
// in the demonstration county: full classes, a month of leave.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launchChromium } from '../lib/browser.js';
import { start } from '../lib/server.js';

const most = { requests: 12, bytes: 60 * 1024 };
let server, chromium;

before(async () => {
    server = await start({ demo: true });
    chromium = await launchChromium(server);
});
after(async () => {
    await chromium?.close();
    await server?.stop();
});

for (const [login, to] of [['guardian', 'children'], ['teacher', 'today'], ['registrar', 'today'], ['office', 'today'], ['principal', 'today'], ['county', 'today']]) {
    test(`${login}: at most ${most.requests} requests and ${most.bytes / 1024} KB`, async (t) => {
        const visitor = await chromium.visitor({ worker: false });

        visitor.expects(/Service Worker/);
        await visitor.enter(login);

        const { requests, bytes, list } = await visitor.firstLoad(to);

        t.diagnostic(`${requests} requests, ${(bytes / 1024).toFixed(1)} KB`);
        assert.ok(bytes > 20_000, 'it was loaded anew');
        assert.ok(requests <= most.requests, `${requests} requests: ${list}`);
        assert.ok(bytes <= most.bytes, `${bytes} bytes: ${list}`);
        await visitor.close();
    });
}

test('what the service worker fetches afterwards, for days without a network', async (t) => {
    const visitor = await chromium.visitor();

    await visitor.enter('guardian');
    await visitor.open('children');
    await visitor.shellKept();

    const { files, bytes } = await visitor.page.evaluate(async () => {
        const [name] = await caches.keys();
        const answers = await (await caches.open(name)).matchAll();
        const bodies = await Promise.all(answers.map((answer) => answer.arrayBuffer()));

        return { files: answers.length, bytes: bodies.reduce((n, body) => n + body.byteLength, 0) };
    });

    t.diagnostic(`${files} files, ${(bytes / 1024).toFixed(0)} KB unpacked`);
    assert.ok(files <= 48 && bytes <= 344 * 1024, `${files} files, ${bytes} bytes`);
    await visitor.close();
});
