// Every operation of openapi.json with bodies, arguments and headers that nobody would send, by people of every role, against
// the real server: no answer is a server error, no worker ends, every answer is of the schema it declares, the audit
// chains stay whole, and what is legal comes back as it was sent.
//
// BAOXUE_SEED repeats a run, BAOXUE_REQUESTS says how many requests (20,000); BAOXUE_ASAN=1 runs it on the module under sanitizers.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import Ajv2020 from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { generator, legalTexts, wrongValues } from '../lib/odd.js';
import { start } from '../lib/server.js';
import { buildWorld } from '../lib/world.js';

const total = Number(process.env.BAOXUE_REQUESTS ?? 20000);
const seed = Number(process.env.BAOXUE_SEED ?? Math.floor(Math.random() * 2 ** 31));
const asan = Boolean(process.env.BAOXUE_ASAN);
const roles = ['principal', 'vice', 'office', 'registrar', 'grade', 'teacher', 'subject', 'psych', 'county', 'township', 'guardian', 'teacherB'];
// what would sign the caller out, or take a second of Argon2id each time, comes rarely
const rare = /^\/(session|activation|password|account)/;

let server, world, people, stranger, api, ajv;
const random = generator(seed);
const upTo = (n) => Math.floor(random() * n);
const pick = (list) => list[upTo(list.length)];
const chance = (p) => random() < p;

before(async () => {
    server = await start({ clock: '2026-09-21T09:00:00+08:00', asan });
    world = await buildWorld(server);
    await server.readFreely();
    people = await Promise.all(roles.map((login) => server.client(login)));
    stranger = await server.client(null);
    api = (await stranger.get('openapi.json')).json;
    ajv = new Ajv2020({ strict: false, allErrors: false });
    addFormats(ajv);
    ajv.addSchema(api, 'api');
    process.stdout.write(`seed ${seed}\n`);
});
after(() => server.stop());

const operations = () => Object.entries(api.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })));

// ids that are somewhere, by the kind of record, so that requests get past the first gate
const pools = new Map();
function keep(kind, id) {
    const pool = pools.get(kind) ?? [];
    pools.set(kind, pool);
    pool[pool.length < 60 ? pool.length : upTo(60)] = id;
}
function harvest(kind, value) {
    if (Array.isArray(value)) {
        value.forEach((item) => harvest(kind, item));
    } else if (value !== null && typeof value === 'object') {
        if (/^\d+$/.test(value.id)) {                        // a label may be called so too
            keep(kind, value.id);
        }
        for (const [name, of] of Object.entries(value)) {
            harvest(name === 'items' ? kind : name, of);
        }
    }
}
function someId(kind) {
    const pool = (kind !== undefined && chance(0.85) ? pools.get(kind) : undefined) ?? (pools.size > 0 ? pick([...pools.values()]) : []);
    return chance(0.97) && pool.length > 0 ? pick(pool) : pick(['1', '9223372036854775807', String(upTo(1e9) + 1)]);
}

function day() {
    const date = new Date(Date.UTC(2026, 8, 21) + (upTo(60) - 20) * 86400000);
    return date.toISOString().slice(0, 10);
}

/** A value of a schema: mostly what it asks for, sometimes not. */
function valueOf(schema, depth = 0) {
    if (schema === undefined || depth > 4 || chance(0.06)) {
        return pick(wrongValues);
    }
    if (schema.anyOf) {
        return valueOf(pick(schema.anyOf), depth);
    }
    if (schema.enum) {
        return chance(0.95) ? pick(schema.enum) : 'no_such_code';
    }
    switch (schema.type) {
        case 'integer': return chance(0.9) ? upTo(Math.min((schema.maximum ?? 40) - (schema.minimum ?? 0), 1e6) + 1) + (schema.minimum ?? 0) : pick([-2147483649, 4294967296, 2 ** 53 - 1]);
        case 'number': return upTo(20) / 2;
        case 'boolean': return chance(0.5);
        case 'null': return null;
        case 'array': return Array.from({ length: upTo(4) }, () => valueOf(schema.items, depth + 1));
        case 'object': return objectOf(schema, depth + 1);
        default: break;
    }
    if (schema.format === 'date') {
        return chance(0.9) ? day() : pick(['2026-02-30', '2026-9-1', '20260921', '1899-01-01', '9999-12-31']);
    }
    if (schema.format === 'date-time') {
        return chance(0.9) ? `${day()}T10:00:00+08:00` : '2026-09-21 10:00';
    }
    if (schema.pattern?.startsWith('^[1-9]')) {
        return someId();
    }
    const text = pick(legalTexts);
    return chance(0.9) ? [...text].slice(0, schema.maxLength ?? 200).join('') : text.repeat(30);
}

function objectOf(schema, depth) {
    const out = {};
    for (const [name, of] of Object.entries(schema.properties ?? {})) {
        if (schema.required?.includes(name) ? chance(0.97) : chance(0.4)) {
            out[name] = name.endsWith('_id') && chance(0.9) ? someId(`${name.slice(0, -3)}s`) : valueOf(of, depth);
        }
    }
    if (chance(0.04)) {
        out[pick(['state', 'id', 'version', 'school_id', 'created_by', '__proto__', 'x'.repeat(300), '字段'])] = pick(wrongValues);
    }
    return out;
}

function bodyOf(operation) {
    const content = operation.requestBody?.content;
    if (content === undefined) {
        return undefined;
    }
    if (content['application/octet-stream'] || !content['application/json']) {
        return Buffer.from(Array.from({ length: upTo(300) }, () => upTo(256)));
    }
    const text = JSON.stringify(chance(0.96) ? objectOf(content['application/json'].schema, 0) : pick(wrongValues));
    if (chance(0.03)) {
        return pick(['{', '{"a":1,"a":2}', '['.repeat(3000), '{"a":"\\ud800"}', '\ufeff{}', '', 'null', text.slice(0, -1)]);
    }
    return text;
}

function queryOf(operation) {
    const args = (operation.parameters ?? []).filter((p) => p.in === 'query' && chance(0.35))
        .map((p) => [p.name, String(p.name === 'after' && chance(0.7) ? Buffer.from(`${someId()}`).toString('base64url') : valueOf(p.schema))]);
    if (chance(0.05)) {
        args.push([pick(['view', 'limit', 'unit', '%', 'a[]', '']), pick(['open', '-1', '%00', '%', '1e9', 'x'.repeat(2000)])]);
    }
    const text = args.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value.toWellFormed?.() ?? value.replace(/[\ud800-\udfff]/g, '?'))}`).join('&');
    return text === '' ? '' : `?${chance(0.03) ? `${text}&%zz=%&=&&` : text}`;
}

function headersOf(method) {
    const headers = { 'content-type': method === 'GET' ? null : 'application/json' };
    if (chance(0.8)) {
        headers['if-match'] = '*';
    } else {
        headers['if-match'] = pick(['"1"', '"0"', '1', '"', 'W/"1"', '"99999999999999999999"']);
    }
    if (chance(0.03)) {
        headers[pick(['content-type', 'accept-language', 'origin', 'idempotency-key', 'cookie', 'x-forwarded-for', 'range'])] =
            pick(['', 'text/plain', 'null', 'en;q=0,*', 'bytes=0-', 'a'.repeat(65), 'application/jsonp', 'http://evil.example']);
    }
    return headers;
}

const seen = { statuses: new Map(), operations: new Map() };
const problems = [];

function check(what, { path, method, operation }, answer) {
    const fail = (why) => problems.push(`${what}: ${answer.status} ${why}: ${answer.text.slice(0, 300)}`);
    seen.statuses.set(answer.status, (seen.statuses.get(answer.status) ?? 0) + 1);
    if (answer.status >= 500) {
        fail('is a server error');
        return;
    }
    if (answer.status >= 400 && answer.headers['content-type']?.startsWith('text/html')) {
        return;                                   // nginx itself: a header or a line it does not take
    }
    const declared = operation.responses[answer.status] ? String(answer.status) : answer.status < 300 ? '2XX' : 'default';
    if (answer.status >= 400) {
        const valid = ajv.getSchema('api#/components/schemas/Problem');
        if (!valid(answer.json)) {
            fail(`is no problem answer: ${ajv.errorsText(valid.errors)}`);
        }
        return;
    }
    seen.operations.set(`${method} ${path}`, (seen.operations.get(`${method} ${path}`) ?? 0) + 1);
    if (answer.json !== undefined) {
        harvest(path.split('/')[1], answer.json);
    }
    if (operation.responses[declared]?.content?.['application/json'] !== undefined) {
        const pointer = `api#/paths/${encodeURIComponent(path.replace(/~/g, '~0').replace(/\//g, '~1'))}/${method.toLowerCase()}/responses/${declared}/content/application~1json/schema`;
        const valid = ajv.getSchema(pointer);
        if (!valid(answer.json)) {
            fail(`is not of its schema: ${ajv.errorsText(valid.errors)}`);
        }
    }
}

async function one(list, heavy) {
    const target = chance(0.02) ? pick(heavy) : pick(list);
    const signsOut = rare.test(target.path) && target.method !== 'GET';
    const who = signsOut || chance(0.03) ? stranger : pick(people);
    const path = target.path.replace('{id}', () => (chance(0.97) ? someId(target.path.split('/')[1]) : pick(['0', '-1', 'abc', '%00', '..', '9'.repeat(30)])));
    const body = bodyOf(target.operation);
    const url = `/api/v1${path}${queryOf(target.operation)}`;
    const what = `${target.method} ${url} ${typeof body === 'string' ? body.slice(0, 400) : ''}`;
    try {
        const headers = headersOf(target.method);
        const answer = await who.request(target.method, url, { body, headers });
        check(what, target, answer);
        if (answer.status === 401 && who !== stranger && headers.cookie === undefined) {
            problems.push(`${what}: signed ${roles[people.indexOf(who)]} out`);
        }
    } catch (e) {
        problems.push(`${what}: ${e.code ?? e.message}`);
    }
}

describe('the whole API', () => {
    test(`${total} requests that nobody would send`, { timeout: 600_000 }, async () => {
        const workers = server.workerPids();
        const all = operations();
        const heavy = all.filter(({ path }) => rare.test(path));
        const light = all.filter(({ path }) => !rare.test(path));
        Object.values(world.students).forEach((id) => keep('students', id));
        Object.values(world.guardians).forEach((id) => keep('guardians', id));
        Object.values(world.accounts).forEach((id) => keep('accounts', id));
        Object.values(world.units).forEach(({ id, level }) => { keep('org-units', id); keep(level === 'class' ? 'classes' : 'units', id); });

        let left = total;
        await Promise.all(Array.from({ length: 8 }, async () => {
            while (left > 0 && problems.length < 20) {
                left -= 1;
                await one(light, heavy);
            }
        }));

        assert.deepEqual(problems, []);
        assert.deepEqual(server.workerPids(), workers, 'a worker ended');
        assert.equal(asan ? server.sanitizerReports() : '', '');
        const reached = light.filter(({ path, method }) => seen.operations.has(`${method} ${path}`)).length;
        process.stdout.write(`answers: ${[...seen.statuses].sort(([a], [b]) => a - b).map(([s, n]) => `${s}: ${n}`).join(', ')}; ${reached} of ${light.length} operations said yes\n`);
        assert.ok(reached > light.length / 4, 'too few requests get through for this to test anything');
        assert.match(server.control('audit', 'verify'), /./);
    });
});

describe('odd but legal text', () => {
    test('is stored and comes back character by character, or is refused with a reason', async () => {
        const mother = await server.client('guardian');
        let kept = 0;
        for (const reason of legalTexts) {
            const made = await mother.post('leave-requests', {
                action: 'save', student_id: world.students.siyu, kind: 'sick', starts_on: '2026-11-02', starts_period: 1, ends_on: '2026-11-02',
                ends_period: 7, reason,
            });
            if (made.status === 201) {
                const { json } = await mother.get(`leave-requests/${made.json.id}`);
                assert.equal(json.reason, reason);
                kept += 1;
            } else {
                assert.equal(made.status, 422, reason);
                assert.equal(made.json.errors[0].field, 'reason');
            }
        }
        assert.ok(kept > legalTexts.length * 0.7, `${kept} of ${legalTexts.length}`);
    });
});
