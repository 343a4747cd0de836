// openapi.test.js: GET openapi.json is OpenAPI 3.1, as somebody else's validator reads it, with and without a workflow from outside,
// and says the same as baoxuectl openapi.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import { buildPlugin } from '../lib/plugin.js';
import { start } from '../lib/server.js';

let server, api;

before(async () => {
    server = await start({ http: `baoxue_load_plugin "${buildPlugin()}";`, nginx: false });
    server.control('migrate', '--load-plugin', buildPlugin());
    await server.startNginx();
    api = (await (await server.client(null)).get('openapi.json')).json;
});
after(() => server.stop());

describe('openapi.json', () => {
    test('is valid OpenAPI 3.1', async () => {
        const validator = new Validator();
        const result = await validator.validate(structuredClone(api));
        assert.deepEqual(result.errors ?? [], []);
        assert.equal(result.valid, true);
        assert.equal(validator.version, '3.1');
    });

    test('the validator finds what is wrong', async () => {
        const broken = structuredClone(api);
        broken.paths['/leave-requests'].get.responses = [];
        assert.equal((await new Validator().validate(broken)).valid, false);
    });

    test('has the routes of a workflow from outside', () => {
        assert.ok(api.paths['/scholarships']?.post);
    });

    test('every path parameter is declared', () => {
        for (const [path, methods] of Object.entries(api.paths)) {
            for (const [method, operation] of Object.entries(methods).filter(([name]) => ['get', 'post', 'patch', 'put', 'delete'].includes(name))) {
                const declared = [...(methods.parameters ?? []), ...(operation.parameters ?? [])].filter((one) => one.in === 'path').map(({ name }) => name);
                assert.deepEqual(declared.sort(), [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort(), `${method} ${path}`);
            }
        }
    });

    test('is what baoxuectl openapi prints for the workflows it has', () => {
        const printed = JSON.parse(server.control('openapi'));
        const ours = Object.keys(api.paths).filter((path) => !path.startsWith('/scholarship'));
        assert.deepEqual(Object.keys(printed.paths).sort(), ours.sort());
    });
});
