// nginx-source.test.js: the module built as nginx itself builds modules, from the whole source that Debian's archive has of the nginx
// that is installed: linked in with --add-module, and as a shared object with --add-dynamic-module. Both serve a county.
// Without a network there is no such source: then this is skipped, and says so.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { build, top } from '../lib/database.js';
import { end, freePort, launch, temporary, until } from '../lib/processes.js';
import { start } from '../lib/server.js';

const source = path.join(build, 'nginx-source');
const fetched = spawnSync(path.join(top, 'scripts/nginx-source'), [source], { encoding: 'utf8' });
const skip = fetched.status === 0 ? (/\s/.test(top) && 'nginx\'s configure knows no spaces in paths') : `no nginx source: ${fetched.stderr.trim()}`;

let dir, server, nginx;

before(async () => {
    if (!skip) {
        dir = temporary();
        server = await start({ nginx: false });
    }
});
after(async () => {
    await end(nginx, 'SIGTERM', 5);
    await server?.stop();
    if (dir) {
        fs.rmSync(dir, { recursive: true, force: true });
    }
});

/** Configures and makes a copy of the source; returns its directory. */
function make(name, option, targets) {
    const copy = path.join(dir, name);
    const run = (program, args) => {
        const done = spawnSync(program, args, { cwd: copy, encoding: 'utf8', maxBuffer: 2 ** 27, env: { ...process.env, MAKEFLAGS: '', MAKELEVEL: '' } });
        assert.equal(done.status, 0, `${program} ${args.join(' ')}\n${(done.stdout + done.stderr).slice(-3000)}`);
    };

    fs.cpSync(source, copy, { recursive: true });
    run('./configure', ['--with-threads', '--with-compat', '--with-http_ssl_module', `--with-cc=${process.env.CC || 'gcc'}`,
        '--with-cc-opt=-DBX_TEST_CLOCK=1 -std=gnu11', `--${option}=${top}`]);
    run('make', ['-j2', ...targets]);
    return path.join(copy, 'objs');
}

/** Starts a program with the tests' configuration and returns what /healthz, /readyz and a sign-in answer. */
async function serve(program, loadModule) {
    const port = await freePort();
    const values = { MODULE: '@', USER: process.getuid() === 0 ? 'user root;' : '', WORKERS: '1', PORT: String(port), HTML: path.join(top, 'html'), VAR: server.dir,
        DATABASE_SOCKET: server.database.socket, MAIN: '', HTTP: 'baoxue_jobs off;', SERVER: '', CONF: path.join(top, 'conf'), CLOCK: `baoxue_test_clock "${server.dir}/clock";` };
    const text = fs.readFileSync(path.join(top, 'conf/nginx.conf.in'), 'utf8').replace(/@([A-Z_]+)@/g, (all, name) => values[name])
        .replace(/load_module [^;]*;/, loadModule ? `load_module "${loadModule}";` : '');
    const conf = path.join(server.dir, 'own.conf');
    const log = path.join(server.dir, 'log/own.log');

    fs.writeFileSync(conf, text);
    const checked = spawnSync(program, ['-t', '-p', server.dir, '-c', conf, '-e', 'stderr'], { encoding: 'utf8' });
    assert.equal(checked.status, 0, checked.stderr);
    nginx = launch(program, ['-p', server.dir, '-c', conf, '-e', log], { log });
    await until('the server to be ready', async () => (await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => null))?.status === 200);
    const seen = {
        alive: (await fetch(`http://127.0.0.1:${port}/healthz`)).status,
        page: (await fetch(`http://127.0.0.1:${port}/`)).headers.get('content-type'),
        session: (await fetch(`http://127.0.0.1:${port}/api/v1/session`)).status,
    };
    await end(nginx, 'SIGQUIT', 20);
    nginx = null;
    assert.doesNotMatch(fs.readFileSync(log, 'utf8'), /\[(alert|emerg|crit)\]/);
    return seen;
}

const works = { alive: 200, page: 'text/html; charset=utf-8', session: 401 };

test('--add-module: linked into nginx', { skip }, async () => {
    const objs = make('static', 'add-module', []);
    assert.match(fs.readFileSync(`${objs}/ngx_modules.c`, 'utf8'), /&ngx_http_baoxue_module/);
    assert.deepEqual(await serve(`${objs}/nginx`, null), works);

    // plugins from outside find in the program what baoxue.h declares
    const symbols = spawnSync('nm', ['-D', '--defined-only', `${objs}/nginx`], { encoding: 'utf8', maxBuffer: 2 ** 27 }).stdout;
    for (const name of ['bx_query', 'bx_refuse', 'bx_rec_int', 'bx_queue', 'bx_calendar_load']) {
        assert.match(symbols, new RegExp(` T ${name}$`, 'm'));
    }
});

test('--add-dynamic-module: a shared object for that nginx', { skip }, async () => {
    const objs = make('dynamic', 'add-dynamic-module', []);
    assert.doesNotMatch(fs.readFileSync(`${objs}/ngx_modules.c`, 'utf8'), /ngx_http_baoxue_module/);
    assert.deepEqual(await serve(`${objs}/nginx`, `${objs}/ngx_http_baoxue_module.so`), works);
});
