// client.js: one person at the HTTP API: keeps the session cookie, gives every write an Idempotency-Key, sends If-Match.

import { randomUUID } from 'node:crypto';
import http from 'node:http';

const unsafe = new Set(['POST', 'PATCH', 'PUT', 'DELETE']);

export class Client {
    /**
     * @param {{ port: number }} server  anything with a `port` (it may change when nginx is started again)
     * keepAlive false: a connection for each request, for nginx closes idle ones when a worker ends, whatever is on its way
     */
    constructor(server, { language = 'zh-CN', keepAlive = true } = {}) {
        this.server = server;
        this.language = language;
        this.cookies = new Map();
        this.session = null;
        this.agent = new http.Agent({ keepAlive, maxSockets: 16 });
    }

    get origin() {
        return `http://127.0.0.1:${this.server.port}`;
    }

    get(path, options) { return this.request('GET', path, options); }
    post(path, body, options) { return this.request('POST', path, { ...options, body }); }
    patch(path, body, options) { return this.request('PATCH', path, { ...options, body }); }
    del(path, options) { return this.request('DELETE', path, options); }

    /** Signs in; throws unless that succeeds. The session is kept in `this.session`. */
    async signIn(login, password) {
        const answer = await this.post('session', { login, password });
        if (answer.status !== 201) {
            throw new Error(`sign-in of ${login}: ${answer.status} ${answer.text}`);
        }
        this.session = answer.json;
        await this.server.keepSessions?.();
        return this;
    }

    /**
     * Sends one request below /api/v1/ (or anywhere, when the path begins with "/").
     * Options: body (object: JSON; string or Buffer: as it is), key (Idempotency-Key; null: none; default: a new one on
     * writes), version (If-Match), headers (null removes one), signal (AbortSignal).
     * Answers { status, headers, text, json }: json is undefined when the answer is none.
     */
    async request(method, path, options) {
        try {
            return await this.#send(method, path, options);
        } catch (e) {
            // nginx closed a connection that was kept open, in the moment in which it was used again; a worker that dies says so in its log
            if (method === 'GET' && e.reusedSocket && e.code === 'ECONNRESET') {
                return this.#send(method, path, options);
            }
            throw e;
        }
    }

    #send(method, path, { body, key, version, headers = {}, signal } = {}) {
        const raw = typeof body === 'string' || Buffer.isBuffer(body);
        const payload = body === undefined || raw ? body : JSON.stringify(body);
        const all = {
            'accept-language': this.language,
            cookie: [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ') || null,
            origin: unsafe.has(method) ? this.origin : null,
            'idempotency-key': key === undefined && unsafe.has(method) ? randomUUID() : key ?? null,
            'if-match': version === undefined ? null : `"${version}"`,
            'content-type': payload !== undefined && !raw ? 'application/json' : null,
            'content-length': payload === undefined ? null : Buffer.byteLength(payload),
            ...headers,
        };
        const sent = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== null));

        return new Promise((resolve, reject) => {
            const request = http.request({
                host: '127.0.0.1', port: this.server.port, method, agent: this.agent, signal, headers: sent,
                path: path.startsWith('/') ? path : `/api/v1/${path}`,
            }, (response) => {
                const chunks = [];
                response.on('data', (chunk) => chunks.push(chunk));
                response.on('error', reject);
                response.on('end', () => resolve(this.#answer(response, Buffer.concat(chunks))));
            });
            request.on('error', (e) => reject(Object.assign(e, { reusedSocket: request.reusedSocket })));
            request.end(payload);
        });
    }

    #answer(response, bytes) {
        for (const line of response.headers['set-cookie'] ?? []) {
            const [pair, ...attributes] = line.split(';').map((part) => part.trim());
            const name = pair.slice(0, pair.indexOf('='));
            if (attributes.some((a) => /^max-age=0$/i.test(a))) {
                this.cookies.delete(name);
            } else {
                this.cookies.set(name, pair.slice(name.length + 1));
            }
        }
        const isJson = /^application\/(problem\+)?json\b/.test(response.headers['content-type'] ?? '');
        const text = bytes.toString('utf8');
        return {
            status: response.statusCode, headers: response.headers, text, bytes,
            json: isJson && text !== '' ? JSON.parse(text) : undefined,
        };
    }

    close() {
        this.agent.destroy();
    }
}
