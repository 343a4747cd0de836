// browser.js: Chromium for tests of the portal. A visitor is one person with a device of their own: its size, language,
// network and storage. Whatever the page complains of (console, exceptions, Content-Security-Policy, answers that should
// not come) fails the test when the visitor goes.
//
//     const chromium = await launchChromium(server);
//     const mother = await chromium.visitor({ size: 'phone' });
//     await mother.signIn('guardian');                  // through the sign-in page; by login or phone
//     await mother.open('my-leave/new');                // a page of the portal
//     await mother.page.getByRole('button', { name: '…' }).click();
//     await mother.offline(true);
//     chromium.setClock('2026-09-22T12:30:00+08:00');   // of the server and of every device, which else stands still
//     await mother.close();                             // throws what the page complained of
//     await chromium.close();

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { chromium as playwright } from 'playwright-core';
import { accountPassword, build } from './database.js';
import { until } from './processes.js';

const executablePath = process.env.CHROMIUM || '/usr/bin/chromium';
const flags = [
    '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
];

export const sizes = {
    phone: { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true },
    desktop: { viewport: { width: 1440, height: 900 } },
};

/** The folder of pictures that failing or curious tests leave. */
export const screenshots = path.join(build, 'screenshots');

const require = createRequire(import.meta.url);

/** Chromium's sandbox wants namespaces of its own, which root does not need and not every place gives. */
let sandbox = true;

/** Starts Chromium for the tests of one file. server: of tests/lib/server.js; env: more environment. */
export async function launchChromium(server, { env = {} } = {}) {
    const launchIt = (chromiumSandbox) => playwright.launch({
        executablePath, headless: true, args: [...flags, ...(chromiumSandbox ? [] : ['--no-sandbox'])], chromiumSandbox, env: { ...process.env, ...env },
    });
    if (process.getuid() === 0 || !sandbox) {
        return new Chromium(server, await launchIt(false));
    }
    try {
        return new Chromium(server, await launchIt(true));
    } catch (e) {
        if (!/sandbox/i.test(e.message)) {
            throw e;
        }
        sandbox = false;                      // in a container or a chroot, say
        return new Chromium(server, await launchIt(false));
    }
}

class Chromium {
    constructor(server, browser) {
        this.server = server;
        this.browser = browser;
        this.visitors = new Set();
        this.now = server.options.clock;
    }

    /** Sets the clock of the server, and of the devices of all visitors but those whose clock is wrong. */
    async setClock(iso) {
        this.now = iso;
        this.server.setClock(iso);
        for (const visitor of this.visitors) {
            if (visitor.options.clock === undefined) {
                await visitor.context.clock.setFixedTime(iso);
            }
        }
    }

    /**
     * A person with a device. Options: size ('phone', 'desktop', or a width), language, dark, clock (of the device, when it
     * is wrong), zone (time zone of the device), worker (false: no service worker), context (more for newContext()).
     */
    async visitor(options = {}) {
        const { size = 'phone', language = 'zh-CN', dark = false, clock = this.now, zone = 'Asia/Shanghai', worker = true } = options;
        const context = await this.browser.newContext({
            baseURL: this.server.origin, locale: language, timezoneId: zone, colorScheme: dark ? 'dark' : 'light',
            serviceWorkers: worker ? 'allow' : 'block', reducedMotion: 'reduce',
            ...(typeof size === 'number' ? { viewport: { width: size, height: 900 } } : sizes[size]), ...options.context,
        });
        context.setDefaultTimeout(20_000);
        await context.addInitScript(() => {
            document.addEventListener('securitypolicyviolation', (e) => {
                window.console.error(`CSP: ${e.violatedDirective} ${e.blockedURI} ${e.sourceFile}:${e.lineNumber}`);
            });
        });
        if (clock !== null) {
            await context.clock.setFixedTime(clock);
        }

        const visitor = new Visitor(this, context, options);
        await visitor.begin();
        this.visitors.add(visitor);
        return visitor;
    }

    /** Closes what tests have left open, and the browser. */
    async close() {
        for (const visitor of this.visitors) {
            await visitor.context.close();
        }
        await this.browser.close();
    }
}

class Visitor {
    constructor(chromium, context, options) {
        Object.assign(this, { chromium, context, options, page: null, pending: new Set(), complaints: [], expected: [] });
    }

    async begin() {
        this.page = await this.context.newPage();
        this.page.on('pageerror', (error) => this.complaints.push(`exception: ${error.stack}`));
        this.page.on('console', (message) => {
            // what did not load is judged by its answer, below
            if (['error', 'warning'].includes(message.type()) && !message.text().startsWith('Failed to load resource')) {
                this.complaints.push(`console: ${message.text()} (${message.location().url})`);
            }
        });
        this.page.on('request', (request) => this.pending.add(request));
        for (const event of ['requestfinished', 'requestfailed']) {
            this.page.on(event, (request) => this.pending.delete(request));
        }
        this.context.on('response', (response) => {
            const { pathname } = new URL(response.url());
            const status = response.status();

            if (status >= 500 || (status >= 400 && !pathname.startsWith('/api/v1/'))) {
                this.complaints.push(`answer: ${status} ${response.request().method()} ${pathname}`);
            }
        });
    }

    /** A complaint that this test is about, and that does not fail it. */
    expects(pattern) {
        this.expected.push(pattern);
    }

    /** Opens a page of the portal by its path after "#/", and waits until it has its heading and what it asked for. */
    async open(to = '') {
        const url = `/${to && `#/${to}`}`;
        const here = this.page.url().startsWith(this.chromium.server.origin);

        // Within the portal as a link does it; the first time from the server.
        await (here ? this.page.evaluate((hash) => { window.location.hash = hash; }, `#/${to}`) : this.page.goto(url));
        await this.settled();
    }

    /** Until nothing has been under way for a moment, and there is a heading and no placeholder. */
    async settled() {
        let quiet = 0;

        await until('a quiet page', async () => {
            await new Promise((resolve) => { setTimeout(resolve, 30); });
            quiet = this.pending.size === 0 ? quiet + 1 : 0;
            return quiet >= 6 && this.page.evaluate(() => Boolean(document.querySelector('h1') && !document.querySelector('[role=status] .sk')));
        });
    }

    /** Signs in as a person does. */
    async signIn(login, password = accountPassword) {
        if (!this.page.url().includes('#/sign-in')) {
            await this.open('sign-in');
        }
        await this.page.fill('#login', login);
        await this.page.fill('#secret', password);
        await this.page.click('form button[type=submit]');
        await this.page.waitForURL(/#\/(?!sign-in)/);
        await this.settled();
        await this.chromium.server.keepSessions?.();
    }

    /** Gives the device a session without the sign-in page. */
    async enter(login, password = accountPassword) {
        const answer = await this.context.request.post('/api/v1/session', {
            data: { login, password },
            headers: { origin: this.chromium.server.origin, 'idempotency-key': randomUUID() },
        });
        assert.equal(answer.status(), 201, await answer.text());
        await this.chromium.server.keepSessions?.();
    }

    /** The network of the device, its service worker's too. */
    offline(yes) {
        return this.context.setOffline(yes);
    }

    /** The portal's files are on the device, so that it opens without a network. */
    async shellKept() {
        await until('the portal on the device', () => this.page.evaluate(async () => navigator.serviceWorker.controller
            && (await caches.keys()).some((name) => name.startsWith('shell.'))));
    }

    /** Loads a page with empty caches: how many requests and how many bytes came over the line, headers included. */
    async firstLoad(to) {
        await this.page.goto('about:blank');

        const cdp = await this.context.newCDPSession(this.page);
        const asked = new Map();
        let bytes = 0;

        await cdp.send('Network.enable');
        await cdp.send('Network.clearBrowserCache');
        cdp.on('Network.requestWillBeSent', ({ requestId, request }) => asked.set(requestId, request.url));
        cdp.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
            bytes += asked.get(requestId)?.startsWith('http') ? encodedDataLength : 0;
        });
        await this.open(to);
        await cdp.detach();

        const list = [...asked.values()].filter((url) => url.startsWith('http')).map((url) => new URL(url).pathname);
        return { page: this.page.url().split('#/')[1], requests: list.length, bytes, list: list.join(' ') };
    }

    /** Everything the portal keeps on the device, as one text. */
    kept() {
        return this.page.evaluate(async () => {
            const all = [JSON.stringify(localStorage), JSON.stringify(sessionStorage)];

            for (const { name } of await indexedDB.databases()) {
                const database = await new Promise((resolve) => {
                    indexedDB.open(name).onsuccess = (e) => resolve(e.target.result);
                });
                for (const store of database.objectStoreNames) {
                    all.push(JSON.stringify(await new Promise((resolve) => {
                        database.transaction(store).objectStore(store).getAll().onsuccess = (e) => resolve(e.target.result);
                    })));
                }
                database.close();
            }
            for (const name of await caches.keys()) {
                all.push(...(await (await caches.open(name)).keys()).map((request) => request.url));
            }
            return all.join('\n');
        });
    }

    /** What axe finds wrong with the page as it is: [] or one line each. without: rules that are not asked for. */
    async axe({ without = [] } = {}) {
        if (!await this.page.evaluate(() => Boolean(window.axe))) {
            await this.page.evaluate(axeSource);
        }
        const { violations } = await this.page.evaluate((off) => window.axe.run(document, {
            runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'], resultTypes: ['violations'],
            rules: Object.fromEntries(off.map((rule) => [rule, { enabled: false }])),
        }), without);
        return violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.target.join(' ')}: ${node.html.slice(0, 160)}: ` +
            `${[...node.any, ...node.all, ...node.none].map((one) => one.message).join('; ')}`));
    }

    /** Is anything wider than the screen? */
    async overflow() {
        return this.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    }

    /** A picture in build/screenshots/. */
    async shot(name, options) {
        await this.page.evaluate(() => window.scrollTo(0, 0));
        fs.mkdirSync(screenshots, { recursive: true });
        await this.page.screenshot({ path: path.join(screenshots, `${name}.png`), ...options });
    }

    /** From here on the page asks for nothing by itself: else it may be the first to learn that the session is over. */
    async stopPolling() {
        await this.page.evaluate(() => {
            const last = setInterval(() => {}, 1e9);

            // with a clock that stands still numbers begin at 10¹²
            for (let i = 0; i < 1000; i += 1) {
                clearInterval(last - i);
            }
        });
    }

    /** Ends the visit, and throws what the page complained of meanwhile. */
    async close() {
        const writes = () => [...this.pending].some((request) => request.method() !== 'GET');

        // what the page has sent last must not be written while the next test already clears its tables
        for (let i = 0; i < 100 && writes(); i += 1) {
            await new Promise((resolve) => { setTimeout(resolve, 20); });
        }
        this.chromium.visitors.delete(this);
        await this.context.close();
        assert.deepEqual(this.complaints.filter((one) => !this.expected.some((pattern) => pattern.test(one))), []);
    }
}

const axeSource = fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
