// roster.js: a roster brought over HTTP and taken through its states by the jobs: checked, looked at, applied.

import fs from 'node:fs';
import path from 'node:path';

/** Lets the test's clock go on by so many seconds: a job runs once in a second. */
export function tick(server, seconds = 1) {
    const [now, run] = fs.readFileSync(path.join(server.dir, 'clock'), 'utf8').split(' ');
    server.setClock(new Date((Number(now) + seconds) * 1000).toISOString(), { running: run !== undefined });
}

export function work(server, seconds = 1) {
    tick(server, seconds);
    return server.runJobs();
}

/** POST imports. */
export function bring(client, body, { school, name = '名册.csv', ...options } = {}) {
    return client.request('POST', `imports${school ? `?school_id=${school}` : ''}`, {
        body: Buffer.from(body), ...options,
        headers: { 'content-type': 'application/octet-stream', 'x-filename': encodeURIComponent(name), ...options.headers },
    });
}

export const act = (client, record, action, body = {}, options = {}) => client.post(`imports/${record.id}/${action}`, body,
    { version: record.version, ...options });

/** Brings a roster and checks it; answers what was refused, or the import as it is looked at. */
export async function preview(server, client, body, options) {
    const brought = await bring(client, body, options);
    if (brought.status !== 201) {
        return brought;
    }
    work(server);
    return client.get(`imports/${brought.json.id}`);
}

/** The whole way; status 201 when it was brought, json as it is in the end. */
export async function importRoster(server, client, body, options) {
    const checked = await preview(server, client, body, options);
    if (checked.json?.state !== 'ready') {
        return checked;
    }
    const applied = await act(client, checked.json, 'apply');
    if (applied.status !== 200) {
        return applied;
    }
    work(server);
    return { ...await client.get(`imports/${checked.json.id}`), status: 201, preview: checked.json };
}
