// outbox.js: what was written on this phone and has not reached the server: drafts, and forms that wait for a signal.
// Each keeps its idempotency key and its photos, so it goes out once, whenever that is. Emptied when the account signs out.

import { newKey, post } from './api.js';
import { session } from './frame.js';

/* An item: { id, account, status, path, body, match, files, about, problem, again }
 * status: draft, held (can be taken back until `until`), waiting (will be sent), refused (the server said no: problem).
 * about: what a list shows of it.
 * files: null, or the photos of the field "certificate": [{ key, blob, thumb, id }], id once the server has them; again: they have been
 * brought a second time. */

const watchers = new Set();
let database;

function open() {
    database ||= new Promise((resolve, reject) => {
        const request = indexedDB.open('baoxue', 1);

        request.onupgradeneeded = () => request.result.createObjectStore('outbox', { keyPath: 'id' });
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => { database = null; reject(request.error); };
    });
    return database;
}

async function run(mode, work) {
    const store = (await open()).transaction('outbox', mode).objectStore('outbox');
    const request = work(store);

    return new Promise((resolve, reject) => {
        store.transaction.oncomplete = () => resolve(request.result);
        store.transaction.onerror = () => reject(store.transaction.error);
    });
}

const mine = (item) => item.account === session()?.account.id;

/** Everything of this account that waits or was refused, oldest first. */
export async function waiting() {
    const items = await run('readonly', (store) => store.getAll());

    return items.filter((item) => mine(item) && item.status !== 'draft').sort((a, b) => a.at - b.at);
}

async function tell(delivered) {
    const left = await waiting();

    if (left.length) {
        localStorage.setItem('baoxue.waiting', '1');
    } else {
        localStorage.removeItem('baoxue.waiting');
    }
    watchers.forEach((watcher) => watcher(left, delivered));
}

/** watcher(items, delivered): called after every change; delivered is the server's answer when one has gone out. */
export function watch(watcher) {
    watchers.add(watcher);
    return () => watchers.delete(watcher);
}

/* One draft of each form: `form` tells them apart, '' is a guardian's slip. */
const draftId = (form) => `draft.${session().account.id}${form && `.${form}`}`;

const soon = new Map();                                               // drafts about to be kept: { draft, timer } of a form

function taken(form) {
    const one = soon.get(form);

    clearTimeout(one?.timer);
    soon.delete(form);
    return one;
}

export const readDraft = (form = '') => run('readonly', (store) => store.get(draftId(form)));

export function dropDraft(form = '') {
    taken(form);
    return run('readwrite', (store) => store.delete(draftId(form)));
}

export const keepDraft = (draft, form = '') => run('readwrite', (store) =>
    store.put({ ...draft, id: draftId(form), account: session().account.id, status: 'draft' }));

/** Keeps what is being typed once nothing has been typed for a moment; keepDraftNow() when its page is left. */
export function keepDraftSoon(draft, form = '') {
    taken(form);
    soon.set(form, { draft, timer: setTimeout(() => keepDraftNow(form), 400) });
}

export function keepDraftNow(form = '') {
    const one = taken(form);

    if (one) {
        keepDraft(one.draft, form).catch(() => {});
    }
}

export async function remove(id) {
    await run('readwrite', (store) => store.delete(id));
    await tell();
}

/** Empties the outbox at sign-out. */
export async function clear() {
    [...soon.keys()].forEach(taken);
    await run('readwrite', (store) => store.clear());
    Object.keys(localStorage).filter((key) => key.startsWith(HELD)).forEach((key) => localStorage.removeItem(key));
    localStorage.removeItem('baoxue.waiting');
}

/** Puts a form in: on the phone first, then out. Resolves to the server's answer, or null when it has to wait; throws
 *  the Problem when the server refused it (the item is gone then: the form still holds what was typed). */
export async function submit(path, body, { files = null, match, about }) {
    const item = { id: newKey(), account: session().account.id, status: 'waiting', at: Date.now(), path, body, match, files, about };

    await run('readwrite', (store) => store.put(item));
    await tell();
    try {
        return await send(item);
    } catch (problem) {
        if (problem.unanswered) {
            return null;
        }
        await remove(item.id);
        throw problem;
    }
}

const holding = new Set();                                            // ids this page can still take back
const HELD = 'baoxue.held.';                                          // in localStorage until the database has it: that is done at once

/** Puts something in that goes out when release() is called; drop() takes it back. A page that dies meanwhile loses nothing:
 *  after `seconds` the next flush sends it, from whatever page. */
export function hold(path, body, { match, about, seconds = 15 }) {
    const item = { id: newKey(), account: session().account.id, status: 'held', at: Date.now(), until: Date.now() + seconds * 1000,
        path, body, match, about };

    holding.add(item.id);
    localStorage.setItem('baoxue.waiting', '1');
    localStorage.setItem(HELD + item.id, JSON.stringify(item));
    item.kept = run('readwrite', (store) => store.put(plain(item))).then(() => { localStorage.removeItem(HELD + item.id); return tell(); }, () => {});
    return item;
}

const plain = (item) => ({ ...item, kept: undefined });               // a promise cannot be stored

/** What a page was holding when it died before the database had it. */
async function findHeld() {
    for (const name of Object.keys(localStorage).filter((key) => key.startsWith(HELD) && !holding.has(key.slice(HELD.length)))) {
        await run('readwrite', (store) => store.put(JSON.parse(localStorage.getItem(name))));
        localStorage.removeItem(name);
    }
}

export async function drop(item) {
    holding.delete(item.id);
    await item.kept;
    localStorage.removeItem(HELD + item.id);
    await remove(item.id).catch(() => {});
}

/** Sends what was held, once, and at once: the page may be on its way out. Resolves to the answer, null when it has to wait;
 *  a refusal stays in the list and is thrown. */
export function release(item) {
    const sent = post(item.path, item.body, { key: item.id, match: item.match, keepalive: true });

    return settle(item, sent);
}

async function settle(item, sent) {
    try {
        const answer = await sent;

        await item.kept;
        await finish(item, answer).catch(() => {});
        return answer;
    } catch (problem) {
        await item.kept;
        item.status = 'waiting';
        if (!problem.unanswered) {
            await refuse(item, problem);
            throw problem;
        }
        await run('readwrite', (store) => store.put(plain(item))).then(() => tell());
        timer = setTimeout(flush, 30e3);
        return null;
    } finally {
        holding.delete(item.id);
    }
}

/** The server has it. Of many at once (about.many), what it refused stays, each by itself. */
async function finish(item, answer) {
    const refused = (item.about.many && answer?.items || []).filter((one) => one.status >= 400);

    await run('readwrite', (store) => store.delete(item.id));
    for (const { id, status, code, title } of refused) {
        const about = item.about.many.find((one) => one.id === id);

        await run('readwrite', (store) => store.put({ id: newKey(), account: item.account, status: 'refused', at: Date.now(),
            path: `${item.path.replace(/bulk$/, '')}${id}/${about.action}`, about, problem: { message: title, status, code, body: {}, errors: [] } }));
    }
    await tell(answer);
}

async function refuse(item, problem) {
    Object.assign(item, { status: 'refused', problem: { message: problem.message, status: problem.status, code: problem.code,
        body: problem.body, errors: problem.errors } });
    await run('readwrite', (store) => store.put(plain(item)));
    await tell();
}

async function send(item) {
    const { sendFile } = item.files?.length ? await import('./files.js') : {};

    for (const file of item.files || []) {
        if (!file.id) {
            file.id = await sendFile(file);
            await run('readwrite', (store) => store.put(item));
        }
    }

    const body = item.files ? { ...item.body, certificate: item.files.map((file) => file.id) } : item.body;
    let answer;

    try {
        answer = await post(item.path, body, { key: item.again ? `${item.id}.2` : item.id, match: item.match });
    } catch (problem) {
        if (item.again || !problem.errors?.some((one) => one.code === 'attachment.unknown')) {
            throw problem;
        }
        Object.assign(item, { again: true, files: item.files.map(({ blob, thumb }) => ({ key: newKey(), blob, thumb })) });   // after a day the server
        return send(item);                                                                                      // lets go of loose photos
    }
    await finish(item, answer);
    return answer;
}

let flushing;
let timer;
let wait = 2;                                                         // seconds until the next try, longer each time

/** Sends what waits, one after the other; tries again after a while as long as something is left. */
export function flush() {
    flushing ||= flushOnce().finally(() => { flushing = null; });
    return flushing;
}

async function flushOnce() {
    clearTimeout(timer);
    await findHeld();
    for (const item of session() ? await waiting() : []) {
        const held = item.status === 'held' && !holding.has(item.id);

        if (held && item.until > Date.now()) {
            timer = setTimeout(flush, item.until - Date.now() + 500);
        } else if (held || item.status === 'waiting') {
            try {
                await send(item);
                wait = 2;
            } catch (problem) {
                if (problem.unanswered) {
                    wait = Math.min(wait * 2, 60);
                    timer = setTimeout(flush, wait * 1000);
                    break;
                }
                await refuse(item, problem);
            }
        }
    }
}

window.addEventListener('online', () => { wait = 2; flush(); });
document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && flush());
