// manifest.test.js: the portal can be put on the home screen of a phone: what the browser finds in the manifest, its icons as they
// are, the service worker and the pages it is for, and that it opens without a network.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launchChromium } from '../lib/browser.js';
import { start } from '../lib/server.js';
import { buildWorld } from '../lib/world.js';

let server, chromium, visitor;

before(async () => {
    server = await start();
    await buildWorld(server);
    chromium = await launchChromium(server);
    visitor = await chromium.visitor();
    await visitor.open('sign-in');
    await visitor.shellKept();
});
after(async () => {
    await visitor?.close();
    await chromium?.close();
    await server?.stop();
});

test('Chromium finds a manifest it can install from', async () => {
    const cdp = await visitor.context.newCDPSession(visitor.page);
    const { url, errors, data } = await cdp.send('Page.getAppManifest');

    assert.deepEqual(errors, []);
    assert.equal(url, `${server.origin}/manifest.webmanifest`);
    const manifest = JSON.parse(data);
    assert.deepEqual([manifest.name, manifest.start_url, manifest.scope, manifest.display], ['保学', './', './', 'standalone']);
    // a browser for tests is in a private window, and that is the only thing in the way
    const { installabilityErrors } = await cdp.send('Page.getInstallabilityErrors');
    assert.deepEqual(installabilityErrors.map(({ errorId }) => errorId).filter((id) => id !== 'in-incognito'), []);
    await cdp.detach();
});

test('its icons are PNGs of the sizes it says, one of each to be cut by the phone', async () => {
    const client = await server.client(null);
    const manifest = JSON.parse((await client.get('/manifest.webmanifest')).text);
    const seen = [];

    for (const { src, sizes, type, purpose } of manifest.icons.filter((icon) => icon.type === 'image/png')) {
        const answer = await client.get(`/${src}`);

        assert.deepEqual([answer.status, answer.headers['content-type']], [200, type], src);
        assert.equal(answer.bytes.subarray(1, 4).toString('latin1'), 'PNG');
        assert.equal(`${answer.bytes.readUInt32BE(16)}x${answer.bytes.readUInt32BE(20)}`, sizes, src);
        seen.push(`${purpose} ${sizes}`);
    }
    assert.deepEqual(seen.sort(), ['any 192x192', 'any 512x512', 'maskable 192x192', 'maskable 512x512']);
});

test('what a phone cuts off a maskable icon is paper: nothing but the ground outside the safe circle', async () => {
    const outside = await visitor.page.evaluate(async () => {
        const bitmap = await createImageBitmap(await (await fetch('/icon-maskable-192.png')).blob());
        const canvas = new OffscreenCanvas(192, 192);
        const context = canvas.getContext('2d');

        context.drawImage(bitmap, 0, 0);
        const { data } = context.getImageData(0, 0, 192, 192);
        const ground = String(data.slice(0, 4));
        let n = 0;

        for (let y = 0; y < 192; y++) {
            for (let x = 0; x < 192; x++) {
                if (Math.hypot(x - 95.5, y - 95.5) > 192 * 0.4 && String(data.slice((y * 192 + x) * 4, (y * 192 + x) * 4 + 4)) !== ground) {
                    n += 1;
                }
            }
        }
        return { n, ground };
    });

    assert.deepEqual(outside, { n: 0, ground: '245,243,236,255' });
});

test('the service worker is for the whole portal and none of the API', async () => {
    const scope = await visitor.page.evaluate(async () => (await navigator.serviceWorker.ready).scope);
    const kept = await visitor.page.evaluate(async () => {
        const [name] = (await caches.keys()).filter((one) => one.startsWith('shell.'));

        return (await (await caches.open(name)).keys()).map((request) => new URL(request.url).pathname);
    });

    assert.equal(scope, `${server.origin}/`);
    assert.ok(kept.includes('/') && kept.includes('/js/app.js'));
    assert.deepEqual(kept.filter((path) => path.startsWith('/api/')), []);
});

test('it opens without a network', async () => {
    await visitor.offline(true);
    await visitor.page.reload();
    await visitor.page.locator('#app *').first().waitFor();
    assert.notEqual(await visitor.page.locator('h1').textContent(), '');
    await visitor.offline(false);
});
