// install.test.js: `make install` as docs/install.md walks an administrator through it: a web server with another site that
// runs all the while, a MariaDB, the steps of the document with the SQL that it prints, a sign-in over TLS, a second
// installation, and away again. Below a prefix of its own.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Database, template, top } from '../lib/database.js';
import { end, freePort, launch, run, temporary, until } from '../lib/processes.js';

const dir = temporary();
const prefix = path.join(dir, 'opt');
const etc = path.join(prefix, 'etc/baoxue');
const site = path.join(dir, 'nginx');                // of the web server that is there already
const module = path.join(prefix, 'lib/nginx/modules/ngx_http_baoxue_module.so');
const programs = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin`, MAKEFLAGS: '', MAKELEVEL: '', NGINX_CONF: site };
const database = new Database(dir);
let nginx, otherPort, plainPort, port;

const make = (...words) => {
    const done = spawnSync('make', ['--no-print-directory', ...words], { cwd: top, encoding: 'utf8', env: programs });
    return { ok: done.status === 0, said: done.stdout + done.stderr };
};
const makeWell = (...words) => {
    const { ok, said } = make(...words);
    assert.ok(ok, said);
    return said;
};
const nginxTest = () => {
    const done = spawnSync('nginx', ['-t', '-p', site, '-c', `${site}/nginx.conf`, '-e', 'stderr'], { encoding: 'utf8', env: programs });
    return { ok: done.status === 0, said: done.stderr };
};
const control = (...words) => run(`${prefix}/bin/baoxuectl`, ['--config', `${etc}/baoxuectl.conf`, ...words], { env: { LC_ALL: 'C' } });
const edit = (file, ...changes) => {
    let text = fs.readFileSync(file, 'utf8');
    for (const [find, replace] of changes) {
        assert.ok(text.match(find), `${find} is not in ${file}`);
        text = text.replace(find, replace);
    }
    fs.writeFileSync(file, text);
};

function request(secure, where, { method = 'GET', body, headers = {}, at } = {}) {
    return new Promise((resolve, reject) => {
        const sent = (secure ? https : http).request({
            host: '127.0.0.1', port: at ?? (secure ? port : otherPort), path: where, method, headers, rejectUnauthorized: false, agent: false,
        }, (answer) => {
            let text = '';
            answer.on('data', (bytes) => { text += bytes; });
            answer.on('end', () => resolve({ status: answer.statusCode, text, headers: answer.headers }));
        });
        sent.on('error', reject);
        sent.end(body);
    });
}

async function otherSiteWorks() {
    const answer = await request(false, '/');
    assert.deepEqual([answer.status, answer.text], [200, 'the other site\n']);
}

const workers = () => run('pgrep', ['-P', String(nginx.pid)]).trim().split('\n');

async function reload() {
    const old = workers();
    nginx.kill('SIGHUP');
    await until('new workers', () => workers().some((pid) => !old.includes(pid)));
    await until('old workers to be gone', () => !workers().some((pid) => old.includes(pid)));
}

before(async () => {
    fs.cpSync(await template('empty'), dir, { recursive: true });
    await database.start();
    await database.sql('DROP DATABASE baoxue');
    await database.sql('DROP USER baoxue@localhost, baoxue_owner@localhost');
    await database.pool.end();
    database.pool = null;

    otherPort = await freePort();
    port = await freePort();
    plainPort = await freePort();
    for (const name of ['conf.d', 'modules-enabled', 'log', 'tmp']) {
        fs.mkdirSync(path.join(site, name), { recursive: true });
    }
    fs.writeFileSync(path.join(site, 'nginx.conf'), `${process.getuid() === 0 ? 'user root;' : ''}
worker_processes 2;
daemon off;
pid ${site}/nginx.pid;
error_log ${site}/log/error.log;
include ${site}/modules-enabled/*.conf;
events { worker_connections 256; }
http {
    include /etc/nginx/mime.types;
    default_type application/octet-stream;
    access_log ${site}/log/access.log;
    client_body_temp_path ${site}/tmp/body; proxy_temp_path ${site}/tmp/proxy; fastcgi_temp_path ${site}/tmp/fastcgi;
    uwsgi_temp_path ${site}/tmp/uwsgi; scgi_temp_path ${site}/tmp/scgi;
    include ${site}/conf.d/*.conf;
    server { listen 127.0.0.1:${otherPort}; location / { return 200 "the other site\\n"; } }
}
`);
    nginx = launch('nginx', ['-p', site, '-c', `${site}/nginx.conf`, '-e', `${site}/log/error.log`], { log: `${site}/log/error.log` });
    await until('the other site', () => otherSiteWorks().then(() => true, () => false));
});

after(async () => {
    await end(nginx, 'SIGTERM', 5);
    await database.stop();
});

test('make install puts everything below the prefix and touches nothing that nginx reads', () => {
    const said = makeWell('install', `PREFIX=${prefix}`);
    assert.match(said, /what comes next is in .*\/install\.md/);
    assert.doesNotMatch(said, /warning/);
    for (const file of ['bin/baoxuectl', 'share/baoxue/html/index.html', 'share/baoxue/html/locale/zh-CN/core.json',
        'share/baoxue/schema/0001_organisation.sql', 'share/baoxue/conf/portal.conf', 'share/baoxue/conf/mariadb-server.cnf',
        'share/baoxue/include/baoxue.h', 'share/doc/baoxue/install.md', 'etc/baoxue/baoxue.conf']) {
        assert.ok(fs.existsSync(path.join(prefix, file)), file);
    }
    assert.ok(fs.existsSync(module));
    assert.equal(fs.statSync(etc).mode & 0o007, 0, 'others may look into the directory of keys');
    const made = ['baoxue.conf', 'baoxue-module.conf', 'baoxuectl.conf'].map((name) => fs.readFileSync(path.join(etc, name), 'utf8')).join('\n');
    assert.doesNotMatch(made.replace(/^#.*$/gm, ''), /[ =]\/(usr|etc\/baoxue|var\/lib)\b/);
    assert.deepEqual(fs.readdirSync(path.join(site, 'conf.d')), []);
});

test('DESTDIR goes in front, for packages', () => {
    const dest = path.join(dir, 'package');
    makeWell('install', `DESTDIR=${dest}`, 'PREFIX=/usr', 'MODULESDIR=/usr/lib/nginx/modules');
    assert.ok(fs.existsSync(`${dest}/usr/lib/nginx/modules/ngx_http_baoxue_module.so`));
    assert.match(fs.readFileSync(`${dest}/etc/baoxue/baoxue.conf`, 'utf8'), /baoxue_locale +\/usr\/share\/baoxue\/html\/locale;/);
    const named = spawnSync('grep', ['-rlIF', dest, dest], { encoding: 'utf8' }).stdout;
    assert.equal(named, '', 'files name the directory that is not there in the end');
    makeWell('uninstall', `DESTDIR=${dest}`, 'PREFIX=/usr', 'MODULESDIR=/usr/lib/nginx/modules');
    assert.deepEqual(run('find', [dest, '-type', 'f']), '');
});

test('a path that nginx could not read without quotes is refused', () => {
    const { ok, said } = make('install', 'PREFIX=/tmp/with space');
    assert.ok(!ok);
    assert.match(said, /write a path of letters/);
});

test('the steps of docs/install.md lead to a server that people sign in to, beside the other site', async () => {
    // 2 database and user, with the document's own statements
    const password = 'Pq7xTestOnly';
    fs.writeFileSync(path.join(etc, 'db-password'), `${password}\n`, { mode: 0o644 });
    fs.writeFileSync(path.join(etc, 'db-owner-password'), 'Qr8yTestOwner\n', { mode: 0o600 });
    const statements = /```sql\n([^`]*)```/.exec(fs.readFileSync(path.join(prefix, 'share/doc/baoxue/install.md'), 'utf8'))[1];
    run('mariadb', ['--no-defaults', `--socket=${database.socket}`, `--user=${os.userInfo().username}`],
        { input: statements.replace('the password of the owner', 'Qr8yTestOwner').replace('the password', password) });

    // 3 keys, 4 tables, 5 attachments
    edit(path.join(etc, 'baoxuectl.conf'), [/^socket .*/m, `socket ${database.socket}`]);
    control('keys', 'create');
    fs.chmodSync(path.join(etc, 'db-password'), 0o600);
    assert.match(control('migrate'), /0001_organisation/);
    fs.mkdirSync(path.join(prefix, 'var/lib/baoxue/attachments'), { recursive: true, mode: 0o700 });

    // 6 nginx: first with a mistake, which changes nothing for the other site
    fs.symlinkSync(path.join(etc, 'baoxue-module.conf'), path.join(site, 'modules-enabled/60-baoxue.conf'));
    fs.symlinkSync(path.join(etc, 'baoxue.conf'), path.join(site, 'conf.d/baoxue.conf'));
    const first = nginxTest();
    assert.ok(!first.ok);
    assert.match(first.said, /cannot load certificate/);
    nginx.kill('SIGHUP');
    await until('nginx to complain', () => fs.readFileSync(`${site}/log/error.log`, 'utf8').includes('cannot load certificate'));
    await otherSiteWorks();

    run('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=127.0.0.1', '-keyout', `${dir}/key.pem`, '-out', `${dir}/cert.pem`]);
    edit(path.join(etc, 'baoxue.conf'),
        [/socket=\S+/, `socket=${database.socket}`], [/baoxue_origin .*;/, `baoxue_origin https://127.0.0.1:${port};`],
        [/listen 443 ssl http2;/, `listen 127.0.0.1:${port} ssl http2;`], [/server_name .*;/, 'server_name 127.0.0.1;'],
        [/ssl_certificate .*;/, `ssl_certificate ${dir}/cert.pem;`], [/ssl_certificate_key .*;/, `ssl_certificate_key ${dir}/key.pem;`],
        [/access_log .* baoxue;/g, `access_log ${site}/log/baoxue.log baoxue;`],
        [/access_log \S+ baoxue_refused /, `access_log ${site}/log/baoxue-refused.log baoxue_refused `],
        [/baoxue_chain_log .*;/, `baoxue_chain_log ${site}/log/baoxue-chain.log;`],
        [/listen 80;/, `listen 127.0.0.1:${plainPort};`], [/server_name baoxue\.example\.cn;/, 'server_name 127.0.0.1;'],
        [/return 301 https:\/\/\$server_name/, `$&:${port}`]);
    const second = nginxTest();
    assert.ok(second.ok, second.said);
    await reload();
    const ready = await request(true, '/readyz');
    assert.deepEqual([ready.status, ready.text], [200, 'ready\n']);

    // 7 the first people
    fs.writeFileSync(path.join(dir, 'new-password'), 'correct horse 8\n', { mode: 0o600 });
    control('unit', 'add', 'county', '澜溪县教育体育局', '--code', '522799');
    control('account', 'add', 'admin', '--name', '周建国', '--position', 'county@522799', '--new-password-file', path.join(dir, 'new-password'), '--keep');
    const signedIn = await request(true, '/api/v1/session', {
        method: 'POST', body: JSON.stringify({ login: 'admin', password: 'correct horse 8' }),
        headers: { 'content-type': 'application/json', origin: `https://127.0.0.1:${port}`, 'idempotency-key': randomUUID() },
    });
    assert.equal(signedIn.status, 201, signedIn.text);
    const [cookie] = signedIn.headers['set-cookie'];
    assert.match(cookie, /^__Host-baoxue=[^;]+; .*Secure/);
    const me = await request(true, '/api/v1/session', { headers: { cookie: cookie.split(';')[0] } });
    assert.equal(me.status, 200);

    // without TLS: pages are sent on, the API is not
    const sent = await request(false, '/index.html?x=1', { at: plainPort });
    assert.deepEqual([sent.status, sent.headers.location], [301, `https://127.0.0.1:${port}/index.html?x=1`]);
    const refused = await request(false, '/api/v1/session', { at: plainPort, headers: { cookie: cookie.split(';')[0] } });
    assert.deepEqual([refused.status, JSON.parse(refused.text).code], [403, 'https_only']);

    // the portal, with a type for each of its files; the other site as before
    const page = await request(true, '/');
    assert.deepEqual([page.status, page.headers['content-type'], page.headers['strict-transport-security']],
        [200, 'text/html; charset=utf-8', 'max-age=31536000; includeSubDomains']);
    assert.match((await request(true, '/manifest.webmanifest')).headers['content-type'], /^application\/manifest\+json/);
    assert.equal((await request(true, '/metrics')).status, 200);
    await otherSiteWorks();
    assert.equal((await request(false, '/')).headers['content-security-policy'], undefined);
    assert.match(fs.readFileSync(`${site}/log/baoxue.log`, 'utf8'), /POST api\/v1\/session 201 /);
    assert.doesNotMatch(fs.readFileSync(`${site}/log/access.log`, 'utf8'), /api/);
});

test('a second installation keeps what was edited and replaces the module by another file', async () => {
    const own = fs.readFileSync(path.join(etc, 'baoxue.conf'), 'utf8');
    makeWell('install', `PREFIX=${prefix}`);
    assert.equal(fs.readFileSync(path.join(etc, 'baoxue.conf'), 'utf8'), own);
    assert.ok(!fs.existsSync(path.join(etc, 'baoxue.conf.new')), 'nothing new, and yet a .new');

    // as after another version: its module, its original of a configuration file, a page that is no more
    fs.copyFileSync(module, `${module}.other`);
    fs.appendFileSync(`${module}.other`, 'x');
    fs.renameSync(`${module}.other`, module);
    const inode = fs.statSync(module).ino;
    fs.appendFileSync(path.join(prefix, 'share/baoxue/conf/as-installed/baoxue.conf'), '# of another version\n');
    fs.appendFileSync(path.join(prefix, 'share/baoxue/conf/as-installed/baoxue-module.conf'), '# of another version\n');
    fs.appendFileSync(path.join(etc, 'baoxue-module.conf'), '# of another version\n');
    fs.writeFileSync(path.join(prefix, 'share/baoxue/html/js/gone.js'), '');
    fs.appendFileSync(path.join(prefix, 'share/baoxue/installed'), `${prefix}/share/baoxue/html/js/gone.js\n`);
    const said = makeWell('install', `PREFIX=${prefix}`);
    assert.match(said, /baoxue\.conf has been edited and stays/);
    assert.match(said, /until it is restarted/);
    assert.equal(fs.readFileSync(path.join(etc, 'baoxue.conf'), 'utf8'), own);
    assert.match(fs.readFileSync(path.join(etc, 'baoxue.conf.new'), 'utf8'), /listen 443/);
    assert.doesNotMatch(fs.readFileSync(path.join(etc, 'baoxue-module.conf'), 'utf8'), /another version/, 'not edited, and yet not brought up to date');
    assert.notEqual(fs.statSync(module).ino, inode);
    assert.ok(!fs.existsSync(path.join(prefix, 'share/baoxue/html/js/gone.js')));
    assert.equal((await request(true, '/readyz')).status, 200);
    await reload();
    assert.equal((await request(true, '/readyz')).status, 200);
    await otherSiteWorks();
});

test('make uninstall waits until nginx no longer loads it, and leaves data and keys', async () => {
    const refused = make('uninstall', `PREFIX=${prefix}`);
    assert.ok(!refused.ok);
    assert.match(refused.said, /nginx still loads it: take it out of .*60-baoxue\.conf/);
    assert.ok(fs.existsSync(module));

    fs.rmSync(path.join(site, 'modules-enabled/60-baoxue.conf'));
    fs.rmSync(path.join(site, 'conf.d/baoxue.conf'));
    assert.ok(nginxTest().ok);
    await reload();
    makeWell('uninstall', `PREFIX=${prefix}`);
    const left = run('find', [prefix, '-type', 'f']).trim().split('\n').map((file) => path.relative(prefix, file)).sort();
    assert.deepEqual(left, ['etc/baoxue/baoxue.conf', 'etc/baoxue/baoxue.conf.new', 'etc/baoxue/baoxuectl.conf', 'etc/baoxue/db-owner-password', 'etc/baoxue/db-password', 'etc/baoxue/secrets']);
    await otherSiteWorks();
    await reload();
    await otherSiteWorks();
    const bad = fs.readFileSync(`${site}/log/error.log`, 'utf8').split('\n').filter((line) => /\[(alert|crit)\]|exited on signal/.test(line));
    assert.deepEqual(bad, []);
});
