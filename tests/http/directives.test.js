// directives.test.js: docs/directives.md against the module's own tables: every directive with its syntax, default and context,
// every variable; a wrong value of each directive fails nginx -t, which says what to write; the variables have values.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { top } from '../lib/database.js';
import { until } from '../lib/processes.js';
import { start } from '../lib/server.js';
import { buildWorld } from '../lib/world.js';

const read = (name) => fs.readFileSync(path.join(top, name), 'utf8');
const manual = read('docs/directives.md');
const source = read('module/ngx_http_baoxue_module.c').replace(/#if \(BX_TEST_CLOCK\)[^]*?#endif/g, '');
const commands = [...source.matchAll(/\{ ngx_string\("(baoxue\w*)"\),\s+([A-Z_|\d]+),/g)].map(([, name, flags]) => ({ name, flags: flags.split('|') }));
const variables = [...read('module/ngx_http_baoxue_response.c').matchAll(/\{ ngx_string\("(baoxue_\w+)"\), NULL,/g)].map((match) => match[1]);
const sections = Object.fromEntries([...manual.matchAll(/^## (baoxue\w*)\n\n```\n([^]*?)```/gm)].map(([, name, text]) => [name, text]));

let server, world;

before(async () => {
    server = await start({
        http: 'log_format ours "$baoxue_route|$baoxue_account|$baoxue_statements|$baoxue_db_time";',
        server: 'access_log "log/ours.log" ours; add_header x-route $baoxue_route always; add_header x-statements $baoxue_statements always;',
    });
    world = await buildWorld(server);
});
after(() => server?.stop());

describe('docs/directives.md', () => {
    test('has each directive of the module, and no other', () => {
        assert.ok(commands.length > 20, 'the command table was read');
        assert.deepEqual(Object.keys(sections).sort(), commands.map(({ name }) => name).sort());
    });

    for (const { name, flags } of commands) {
        test(`${name}: syntax, default, context as the table has them`, () => {
            const text = sections[name];
            const syntax = /^Syntax: {2,}([^]*?;)/m.exec(text)[1];
            const words = syntax.slice(name.length, -1).trim();

            assert.ok(syntax.startsWith(name), syntax);
            assert.match(text, /^Default: {2,}\S/m);
            assert.equal(/^Context: {2,}(.*)$/m.exec(text)[1].trim(), flags.includes('NGX_HTTP_LOC_CONF') ? 'location' : 'http');
            if (flags.includes('NGX_CONF_NOARGS')) {
                assert.equal(words, '');
            } else if (flags.includes('NGX_CONF_FLAG')) {
                assert.equal(words, 'on | off');
            } else {
                assert.notEqual(words, '');
            }
            // the table at the top of the page says the same
            const row = new RegExp(`^\\| \\[${name}\\]\\(#${name}\\) \\| (\\w+) \\| ?(.*?) ?\\|$`, 'm').exec(manual);
            assert.ok(row, `no row for ${name}`);
            assert.equal(row[1], /^Context: {2,}(.*)$/m.exec(text)[1].trim());
            const value = /^Default: {2,}(.*)$/m.exec(text)[1].trim();
            if (row[2] !== '' && value !== '—') {
                assert.ok(value.includes(row[2]), `"${value}" and "${row[2]}"`);
            }
        });
    }

    test('has each variable, and no other', () => {
        assert.deepEqual([...manual.matchAll(/^\| `\$(baoxue_\w+)`/gm)].map((match) => match[1]).sort(), [...variables].sort());
        assert.deepEqual([...variables].sort(), ['baoxue_account', 'baoxue_db_time', 'baoxue_refused', 'baoxue_route', 'baoxue_statements']);
    });
});

describe('a wrong value fails nginx -t, which says what to write', () => {
    const line = (name) => new RegExp(`\\b${name} [^;]*;`);
    const instead = (name, value) => (text) => text.replace(line(name), `${name} ${value};`);
    const also = (directive) => (text) => text.replace('baoxue_insecure_cookie on;', `baoxue_insecure_cookie on; ${directive}`);
    const inside = (directive) => also(`server { listen 127.0.0.1:1; location / { ${directive} } }`);
    const flag = /it must be "on" or "off"/;
    const none = /invalid number of arguments in "baoxue_\w+" directive/;

    const wrong = {
        baoxue: [inside('baoxue perhaps;'), flag],
        baoxue_health: [inside('baoxue_health now;'), none],
        baoxue_ready: [inside('baoxue_ready now;'), none],
        baoxue_metrics: [inside('baoxue_metrics now;'), none],
        baoxue_database: [instead('baoxue_database', 'socket=/a host=b user=a name=b'), /needs either "socket=" or "host="/],
        baoxue_secret_file: [instead('baoxue_secret_file', '/none/secrets'), /\/none\/secrets/],
        baoxue_locale: [instead('baoxue_locale', '/none/locale'), /\/none\/locale/],
        baoxue_attachments: [instead('baoxue_attachments', '/none/attachments'), /"\/none\/attachments" of baoxue_attachments is no directory: make it/],
        baoxue_thread_pool: [also('baoxue_thread_pool none;'), /write "thread_pool none threads=/],
        baoxue_slow_pool: [also('baoxue_slow_pool none;'), /write "thread_pool none threads=4 max_queue=64;"/],
        baoxue_password_pool: [also('baoxue_password_pool none;'), /write "thread_pool none threads=2 max_queue=64;"/],
        baoxue_session_zone: [also('baoxue_session_zone a:1k;'), /too small: write at least/],
        baoxue_session_lifetime: [instead('baoxue_session_lifetime', 'long'), /write from 1m to 31d/],
        baoxue_origin: [also('baoxue_origin a.example;'), /write scheme, host and port/],
        baoxue_load_plugin: [also('baoxue_load_plugin /none/plugin.so;'), /\/none\/plugin\.so/],
        baoxue_plugins: [also('baoxue_plugins leave nothing;'), /"nothing"/],
        baoxue_insecure_cookie: [instead('baoxue_insecure_cookie', 'perhaps'), flag],
        baoxue_jobs: [instead('baoxue_jobs', 'perhaps'), flag],
        baoxue_timezone: [also('baoxue_timezone Asia/Shanghai;'), /as in "baoxue_timezone \+08:00;"/],
        baoxue_max_json: [also('baoxue_max_json much;'), /write from 1k to 1g/],
        baoxue_chain_log: [also('baoxue_chain_log syslog:server=127.0.0.1,facility=nothing;'), /unknown syslog facility "nothing"/],
        baoxue_max_upload: [also('baoxue_max_upload 0;'), /write from 1k to 1g/],
    };

    test('of every directive', () => {
        assert.deepEqual(Object.keys(wrong).sort(), commands.map(({ name }) => name).sort());
    });

    for (const [name, [change, says]] of Object.entries(wrong)) {
        test(name, () => {
            const text = fs.readFileSync(path.join(server.dir, 'nginx.conf'), 'utf8');
            const changed = change(text);
            const file = path.join(server.dir, 'wrong.conf');

            assert.notEqual(changed, text);
            fs.writeFileSync(file, changed.replace('/nginx.pid', '/wrong.pid'));
            const done = spawnSync('nginx', ['-t', '-p', server.dir, '-c', file, '-e', 'stderr'],
                { encoding: 'utf8', env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` } });
            assert.notEqual(done.status, 0, 'it was accepted');
            assert.match(done.stderr, says);
            assert.match(done.stderr, new RegExp(`${name}|wrong\\.conf`));
        });
    }
});

test('variables: route without ids, account, statements and their time, in headers and in the log', async () => {
    const teacher = await server.client('teacher');
    const answer = await teacher.get(`students/${world.students.siyu}`);
    assert.equal(answer.status, 200);
    assert.equal(answer.headers['x-route'], 'students/{id}');
    assert.ok(Number(answer.headers['x-statements']) > 0);
    assert.equal((await (await server.client(null)).get('session')).status, 401);

    // a line is written when its answer has been sent
    const logged = () => fs.readFileSync(path.join(server.dir, 'log/ours.log'), 'utf8').trim().split('\n').map((one) => one.split('|'));
    await until('nobody is signed in', () => logged().some((one) => one[0] === 'session' && one[1] === '-'));
    const lines = logged();
    const [route, account, statements, time] = lines.find((one) => one[0] === 'students/{id}');
    assert.deepEqual([route, account], ['students/{id}', String(world.accounts.teacher)]);
    assert.ok(Number(statements) > 0);
    assert.match(time, /^\d+\.\d{6}$/);
    assert.ok(Number(time) > 0 && Number(time) < 10);
    assert.equal(lines.some((one) => one.join().includes(String(world.students.siyu))), false, 'no id of a child');
});
