// api.js: what goes to the server and what comes back: problems, keys of intents, retries, kept copies. Shows nothing.

const base = new URL('api/v1/', document.baseURI);

/** Set by the shell: signIn() resolves once somebody has signed in again; busy(seconds) tells that we wait and retry;
 *  mustChange(): nothing goes on before there is a new password. */
export const handlers = { signIn: null, busy: () => {}, mustChange: () => {} };

/** A refused or unanswered request. `message` is in the reader's language where the server wrote it; '' otherwise. */
export class Problem extends Error {
    constructor(status, body, retryAfter) {
        super(body?.detail || body?.title || '');
        this.status = status;                                        // 0: no answer came
        this.code = body?.code || (status ? `http_${status}` : 'offline');
        this.body = body || {};
        this.errors = this.body.errors || [];
        this.retryAfter = retryAfter || 0;
    }

    get offline() {
        return this.status === 0;
    }

    /** The server has not judged the request: the same key must be used when it is sent again. */
    get unanswered() {
        return this.status === 0 || this.status === 401 || this.status === 429 || this.status >= 500;
    }

    field(name) {
        return this.errors.find((e) => e.field === name)?.message;
    }
}

export function newKey() {
    return Array.from(crypto.getRandomValues(new Uint8Array(12)), (b) => b.toString(16).padStart(2, '0')).join('');
}

const pause = (seconds) => new Promise((resolve) => { setTimeout(resolve, seconds * 1000); });

function parse(text) {
    try {
        return text ? JSON.parse(text) : null;
    } catch {
        return null;
    }
}

/* What was searched for, names and numbers of people, and where a list goes on: in no address, which browsers and proxies keep. */
export const UNSEEN = ['q', 'who', 'after'];

/** The address without what is to stand in none, and the header for it. */
function unseen(path) {
    const url = new URL(path, base);
    const asked = new URLSearchParams([...url.searchParams].filter(([name]) => UNSEEN.includes(name))).toString();

    UNSEEN.forEach((name) => url.searchParams.delete(name));
    return { url, headers: asked ? { 'Baoxue-Query': asked } : {} };
}

async function once(method, path, { body, headers, signal, keepalive, file }) {
    const { url, headers: asked } = unseen(path);
    const head = { Accept: 'application/json', 'Accept-Language': document.documentElement.lang, ...asked, ...headers };
    let response;
    let text;

    if (body !== undefined) {
        head['Content-Type'] = 'application/json';
    }
    try {
        response = await fetch(url, { method, signal, keepalive, headers: head,
            body: body === undefined ? undefined : JSON.stringify(body) });
        text = await (file && response.ok ? response.blob() : response.text());
    } catch (error) {
        if (error.name === 'AbortError') {
            throw error;
        }
        throw new Problem(0);
    }
    if (!response.ok) {
        throw new Problem(response.status, parse(text), Number(response.headers.get('Retry-After')));
    }
    return file ? { blob: text, headers: response.headers } : parse(text);
}

// fetch() tells no upload progress, so files go by XMLHttpRequest.
function onceUpload(path, blob, { headers, progress, signal }) {
    return new Promise((resolve, reject) => {
        const xhr = new XMLHttpRequest();

        xhr.open('POST', new URL(path, base));
        xhr.setRequestHeader('Accept-Language', document.documentElement.lang);
        for (const [name, value] of Object.entries(headers)) {
            xhr.setRequestHeader(name, value);
        }
        xhr.upload.onprogress = (e) => e.lengthComputable && progress?.(e.loaded, e.total);
        xhr.onload = () => (xhr.status < 300 ? resolve(parse(xhr.responseText))
            : reject(new Problem(xhr.status, parse(xhr.responseText), Number(xhr.getResponseHeader('Retry-After')))));
        xhr.onerror = () => reject(new Problem(0));
        xhr.onabort = () => reject(new DOMException('aborted', 'AbortError'));
        signal?.addEventListener('abort', () => xhr.abort());
        xhr.send(blob);
    });
}

/** Runs one request until it is judged: signs in again when the session has ended, waits when the server is busy. */
async function insist(send, { quiet, patience = 3 }) {
    for (let tries = 0; ; tries++) {
        try {
            return await send();
        } catch (problem) {
            if (problem.status === 401 && problem.code === 'unauthenticated' && !quiet && handlers.signIn) {
                await handlers.signIn(problem);
            } else if (problem.status === 503 && tries < patience) {
                const seconds = Math.min(problem.retryAfter || 2 ** (tries + 1), 30);

                handlers.busy(seconds);
                await pause(seconds);
                handlers.busy(0);
            } else {
                if (problem.code === 'must_change_password') {
                    handlers.mustChange();
                }
                if (problem.code === 'must_enrol_factor') {
                    handlers.mustEnrol();
                }
                throw problem;
            }
        }
    }
}

/* Intents: the same request asked for again while it is under way is that request; asked for again after no answer came,
 * it goes out under the same key. So a second tap, or a second try, never makes a second record. */
const intents = new Map();                                            // request → { key, running }

function intent(name, options, send) {
    const entry = intents.get(name) || { key: options.key || newKey(), running: null };

    if (!entry.running) {
        intents.set(name, entry);
        entry.running = insist(() => send(entry.key), options).then(
            (answer) => { intents.delete(name); return answer; },
            (problem) => {
                entry.running = null;
                if (!problem.unanswered) {
                    intents.delete(name);
                }
                throw problem;
            });
    }
    return entry.running;
}

const ifMatch = (version) => (version === undefined ? {} : { 'If-Match': `"${version}"` });

/** @param options { signal, quiet, file, unattended } quiet: a 401 is thrown instead of asking to sign in; file: the answer is
 *  { blob, headers }; unattended: the page asks by itself, which keeps no session from ending */
export const get = (path, options = {}) => insist(() => once('GET', path, { ...options, headers: options.unattended && { 'X-Unattended': '1' } }), options);

function write(method) {
    /** @param options { key, match, quiet, patience, keepalive } match: the version for If-Match; key: of an intent kept elsewhere;
     *  keepalive: the request goes on when the page is left */
    return (path, body, options = {}) => intent(`${method} ${path} ${options.match} ${JSON.stringify(body)}`, options,
        (key) => once(method, path, { body, keepalive: options.keepalive, headers: { 'Idempotency-Key': key, ...ifMatch(options.match) } }));
}

export const post = write('POST');
export const patch = write('PATCH');
export const del = write('DELETE');

/** @param options { type, headers, progress(loaded, total), key, signal } */
export function upload(path, blob, options = {}) {
    const key = options.key || newKey();
    const headers = { 'Content-Type': options.type || blob.type, 'Idempotency-Key': key, ...options.headers };

    return insist(() => onceUpload(path, blob, { ...options, headers }), options);
}

export const fileUrl = (id, small) => new URL(`attachments/${id}${small ? '/thumbnail' : ''}`, base).href;

/* Kept copies: the last answer of a few GETs, shown while the new one is under way or there is no network. They belong to
 * one account and are dropped when it signs out. */
const PREFIX = 'baoxue.kept.';
const LIMIT = 40;
let owner = '';

export function keepFor(account) {
    owner = account;
}

export function recall(path) {
    return owner ? parse(localStorage.getItem(`${PREFIX}${owner}.${path}`)) : null;      // { value, at }
}

export function keep(path, value) {
    const keys = Object.keys(localStorage).filter((k) => k.startsWith(PREFIX));

    try {
        if (keys.length > LIMIT) {
            keys.sort((a, b) => parse(localStorage.getItem(a))?.at - parse(localStorage.getItem(b))?.at);
            keys.slice(0, keys.length - LIMIT).forEach((k) => localStorage.removeItem(k));
        }
        if (owner) {
            localStorage.setItem(`${PREFIX}${owner}.${path}`, JSON.stringify({ value, at: Date.now() }));
        }
    } catch {
        // a full phone only loses the copy
    }
}

export function drop(path) {
    localStorage.removeItem(`${PREFIX}${owner}.${path}`);
}

export function dropAll() {
    Object.keys(localStorage).filter((k) => k.startsWith(PREFIX)).forEach((k) => localStorage.removeItem(k));
    intents.clear();
}
