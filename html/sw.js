// sw.js: keeps the shell on the phone, so that the portal opens at once and without a network. Never an answer of the API.
//
// Versions: there is no number to raise. The shell is served from one cache; after a page has been opened, at most every
// ten minutes, all its files are asked for again (the server answers 304 to what has not changed), and only when every
// one has arrived does the new set take the old one's place, for the pages opened after that.

const FILES = [
    './', 'css/baoxue.css', 'icon.svg', 'manifest.webmanifest', 'vendor/preact.js',
    'js/api.js', 'js/app.js', 'js/frame.js', 'js/ui.js', 'js/parts.js', 'js/outbox.js', 'js/files.js', 'js/viewer.js', 'js/rule.js', 'js/print/documents.js',
    'js/account/sign-in.js', 'js/account/me.js', 'js/account/copy.js', 'js/account/sessions.js', 'js/account/factor.js', 'js/staff/export.js',
    'js/family/home.js', 'js/family/leaves.js', 'js/family/form.js', 'js/family/picker.js', 'js/family/photos.js',
    'js/family/leave.js', 'js/family/when.js', 'js/family/words.js', 'js/family/notices.js', 'js/notices.js', 'js/staff/list.js', 'js/family/others.js', 'js/staff/desk.js', 'js/staff/fields.js',
    ...['zh-CN', 'en'].flatMap((language) => ['portal', 'leave', 'guardian', 'attachment', 'rules'].map((file) => `locale/${language}/${file}.json`)),
];
const OURS = /^(css|js|vendor|locale)\//;
const PAUSE = 10 * 60e3;

const scope = new URL(self.registration.scope);
let filled = 0;

// The newest complete set; its name ends with the time it was made.
async function current() {
    const names = (await caches.keys()).filter((name) => name.startsWith('shell.')).sort();

    return names.length ? names[names.length - 1] : null;
}

async function refill() {
    const old = await current();
    const more = old ? (await (await caches.open(old)).keys()).map((request) => request.url) : [];
    const urls = new Set([...FILES.map((file) => new URL(file, scope).href), ...more]);
    const answers = await Promise.all([...urls].map(async (url) => [url, await fetch(url, { cache: 'no-cache' })]));

    if (answers.some(([url, answer]) => !answer.ok && !more.includes(url))) {
        throw new Error('a file of the shell is missing');
    }

    const cache = await caches.open('filling');

    await Promise.all(answers.filter(([, answer]) => answer.ok).map(([url, answer]) => cache.put(url, answer)));

    const next = await caches.open(`shell.${Date.now()}`);

    for (const request of await cache.keys()) {
        await next.put(request, await cache.match(request));
    }
    await caches.delete('filling');
    if (old) {
        await caches.delete(old);
    }
    filled = Date.now();
}

self.addEventListener('install', (event) => {
    self.skipWaiting();
    event.waitUntil(refill());
});

self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));

async function answerFor(request, url, file) {
    const name = await current();
    const kept = name && await (await caches.open(name)).match(request.mode === 'navigate' ? scope.href : url.href);

    if (kept) {
        return kept;
    }

    const answer = await fetch(request);

    if (answer.ok && name && OURS.test(file)) {
        await (await caches.open(name)).put(url.href, answer.clone());
    }
    return answer;
}

self.addEventListener('fetch', (event) => {
    const url = new URL(event.request.url);
    const file = url.href.startsWith(scope.href) ? url.href.slice(scope.href.length).replace(/[?#].*/, '') : null;
    const page = event.request.mode === 'navigate' && (file === '' || file === 'index.html');

    if (event.request.method !== 'GET' || file === null || !(page || OURS.test(file) || FILES.includes(file))) {
        return;
    }
    event.respondWith(answerFor(event.request, url, file));
    if (page && Date.now() - filled > PAUSE) {
        filled = Date.now();
        event.waitUntil(refill().catch(() => {}));
    }
});
