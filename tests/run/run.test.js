// run.test.js: `make run` as a person uses it: first and second start, Ctrl-C, kill -9, two at once, awkward paths, root and
// not, a server that dies. Each test has directories and ports of its own; the clone is copied where its path matters.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { top } from '../lib/database.js';
import { freePort, run, temporary, until } from '../lib/processes.js';

const isRoot = process.getuid() === 0;
const nobody = 65534;
const started = [];

// One `make run`: { child, output(), port, var }.
class Run {
    constructor({ cwd = top, dir, port, uid, env = {}, program = ['make', 'run'] }) {
        this.port = port;
        this.dir = dir;
        this.text = '';
        this.child = spawn(program[0], program.slice(1), {
            cwd, detached: true, stdio: ['ignore', 'pipe', 'pipe'], uid, gid: uid,
            env: { ...process.env, MAKEFLAGS: '', MAKELEVEL: '', BAOXUE_PORT: String(port), BAOXUE_VAR: dir,
                BAOXUE_DEMO_PASSWORD: 'correct horse 8', ...env },
        });
        this.child.stdout.on('data', (bytes) => { this.text += bytes; });
        this.child.stderr.on('data', (bytes) => { this.text += bytes; });
        this.exit = once(this.child, 'exit').then(([code]) => code);
        started.push(this);
    }

    async up(seconds = 240) {
        await until('the address to be printed', () => {
            assert.equal(this.child.exitCode, null, `it ended:\n${this.text}`);
            return this.text.includes(`http://127.0.0.1:${this.port}/`) && this.text.includes('Ctrl-C stops it');
        }, seconds).catch((e) => assert.fail(`${e.message}\n${this.text}`));
    }

    // As the terminal does it: to the whole foreground group.
    signal(name) { process.kill(-this.child.pid, name); }

    async ended(seconds = 60) {
        const late = setTimeout(() => this.signal('SIGKILL'), seconds * 1000);
        const code = await this.exit;
        clearTimeout(late);
        return code;
    }

    // Processes of MariaDB and nginx, workers too, that have files of the directory open.
    servers() {
        return fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name)).filter((pid) => {
            try {
                const name = fs.readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
                return (name === 'mariadbd' || name === 'nginx') && fs.readdirSync(`/proc/${pid}/fd`).some((fd) => {
                    try {
                        return fs.readlinkSync(`/proc/${pid}/fd/${fd}`).startsWith(`${this.dir}/`);
                    } catch {
                        return false;
                    }
                });
            } catch {
                return false;
            }
        });
    }

    // Those of them that somebody who kills "mariadbd" and "nginx" by their pid files would hit.
    masters() {
        return this.servers().filter((pid) => fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(this.dir));
    }

    async gone() {
        await until(`no server of ${this.dir} to be left`, () => this.servers().length === 0, 30);
    }

    request(method, where, body, headers = {}) {
        return new Promise((resolve, reject) => {
            const sent = http.request({ host: '127.0.0.1', port: this.port, method, path: where, headers: {
                origin: `http://127.0.0.1:${this.port}`, 'content-type': 'application/json', ...headers } }, (answer) => {
                let text = '';
                answer.on('data', (bytes) => { text += bytes; });
                answer.on('end', () => resolve({ status: answer.statusCode, text, headers: answer.headers }));
            });
            sent.on('error', reject);
            sent.end(body === undefined ? undefined : JSON.stringify(body));
        });
    }

    async cookie(login) {
        const answer = await this.request('POST', '/api/v1/session', { login, password: 'correct horse 8' });
        assert.equal(answer.status, 201, answer.text);
        return answer.headers['set-cookie'][0].split(';')[0];
    }
}

after(() => started.forEach((one) => {
    try {
        process.kill(-one.child.pid, 'SIGKILL');
    } catch {
        // it has ended
    }
}));

// A clone of what is here, with what is built, so that it need not be built from nothing.
function copyOfTree(to) {
    fs.mkdirSync(to, { recursive: true });
    const made = ['.git', 'build', 'node_modules', 'var'];
    const files = fs.existsSync(path.join(top, '.git'))
        ? run('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: top }).split('\0')
            .filter((name) => name !== '' && fs.existsSync(path.join(top, name)))
        : fs.readdirSync(top).filter((name) => !made.includes(name));
    for (const name of files) {
        fs.cpSync(path.join(top, name), path.join(to, name), { recursive: true });
    }
    fs.cpSync(path.join(top, 'build/release'), path.join(to, 'build/release'), { recursive: true, preserveTimestamps: true });
    return to;
}

async function first(options) {
    const one = new Run(options);
    await one.up();
    return one;
}

test('the first run makes a county, the second keeps what was done', async () => {
    const dir = path.join(temporary(), 'var');
    const port = await freePort();
    const one = await first({ dir, port });

    assert.equal((await one.request('GET', '/healthz')).status, 200);
    assert.equal((await one.request('GET', '/readyz')).status, 200);
    assert.match((await one.request('GET', '/')).text, /<!doctype html>/i);
    assert.match(one.text, /teacher +correct horse 8/);
    assert.equal(fs.statSync(path.join(dir, 'demo-accounts.txt')).mode & 0o777, 0o600);
    assert.equal(fs.statSync(path.join(dir, 'secrets')).mode & 0o777, 0o600);

    const cookie = await one.cookie('guardian');
    const children = JSON.parse((await one.request('GET', '/api/v1/my-children', undefined, { cookie })).text).items;
    assert.equal(children.length, 2);
    const changed = await one.request('PATCH', '/api/v1/session', { language: 'en' }, { cookie, 'idempotency-key': 'run-test-1' });
    assert.equal(changed.status, 200, changed.text);

    one.signal('SIGINT');
    await one.ended();
    await one.gone();
    assert.match(one.text, /stopping/);
    assert.match(fs.readFileSync(path.join(dir, 'log/mariadb.log'), 'utf8'), /Shutdown complete/);

    const begun = Date.now();
    const two = await first({ dir, port });
    assert.ok(Date.now() - begun < 15_000, `the second run took ${Date.now() - begun} ms`);
    assert.doesNotMatch(two.text, /loading the demonstration county/);
    assert.match(two.text, /teacher +correct horse 8/);
    const again = await two.request('GET', '/api/v1/session', undefined, { cookie: await two.cookie('guardian') });
    assert.equal(JSON.parse(again.text).language, 'en');

    process.kill(two.child.pid, 'SIGTERM');     // make: passes it on
    await two.ended();
    await two.gone();
});

test('after kill -9 of everything the next run recovers', async () => {
    const dir = path.join(temporary(), 'var');
    const port = await freePort();
    const one = await first({ dir, port });
    const pids = one.masters();
    assert.equal(pids.length, 2);
    // stopped, so that they cannot end well while their parent goes
    pids.forEach((pid) => process.kill(Number(pid), 'SIGSTOP'));
    one.signal('SIGKILL');
    pids.forEach((pid) => process.kill(Number(pid), 'SIGKILL'));
    await one.ended();
    assert.ok(fs.existsSync(path.join(dir, 'mariadb.pid')), 'a stale pid file is there');
    assert.ok(one.servers().length > 0, 'workers of nginx are still there, on the port');

    const two = await first({ dir, port });
    assert.doesNotMatch(two.text, /loading the demonstration county/);
    assert.equal((await two.request('GET', '/readyz')).status, 200);
    two.signal('SIGINT');
    await two.ended();
    await two.gone();
});

test('the servers go when only the script is killed', async () => {
    const dir = path.join(temporary(), 'var');
    const one = await first({ dir, port: await freePort(), program: ['scripts/run'] });
    process.kill(one.child.pid, 'SIGKILL');
    await one.ended();
    await one.gone();
});

test('a first run that was cut short begins afresh', async () => {
    const dir = path.join(temporary(), 'var');
    const port = await freePort();
    const one = new Run({ dir, port });
    await until('the county to be loaded', () => {
        assert.equal(one.child.exitCode, null, `it ended:\n${one.text}`);
        return one.text.includes('loading the demonstration county');
    }, 240);
    one.signal('SIGKILL');
    await one.ended();
    await one.gone();

    const two = await first({ dir, port });
    assert.match(two.text, /loading the demonstration county/);
    assert.equal((await two.request('GET', '/readyz')).status, 200);
    two.signal('SIGINT');
    await two.ended();
    await two.gone();
});

test('BAOXUE_DEMO=no gives an empty database; a directory that is not ours is left alone', async () => {
    const home = temporary();
    const dir = path.join(home, 'var');
    const port = await freePort();
    const one = await first({ dir, port, env: { BAOXUE_DEMO: 'no' } });
    assert.equal((await one.request('GET', '/readyz')).status, 200);
    assert.match(one.text, /The database is empty/);
    const units = run(path.join(top, 'build/baoxuectl'), ['--config', path.join(dir, 'baoxuectl.conf'), 'unit', 'list', '--json']);
    assert.deepEqual(JSON.parse(units), []);
    one.signal('SIGINT');
    await one.ended();
    await one.gone();

    const foreign = path.join(home, 'foreign');
    fs.mkdirSync(path.join(foreign, 'db'), { recursive: true });
    fs.writeFileSync(path.join(foreign, 'db/ibdata1'), 'somebody else\'s');
    const two = new Run({ dir: foreign, port });
    assert.notEqual(await two.ended(), 0);
    assert.match(two.text, /that is not ours: choose another with BAOXUE_VAR/);
    assert.equal(fs.readFileSync(path.join(foreign, 'db/ibdata1'), 'utf8'), 'somebody else\'s');
});

test('a directory of a version with one database account gets its second, and the server can change no table any more', async () => {
    const dir = path.join(temporary(), 'var');
    const port = await freePort();
    const one = await first({ dir, port, env: { BAOXUE_DEMO: 'no' } });
    const conf = fs.readFileSync(path.join(dir, 'baoxuectl.conf'), 'utf8');
    const socket = /^socket (.*)$/m.exec(conf)[1];
    const sql = (statements, at = socket) => run('mariadb', ['--no-defaults', `--socket=${at}`, `--user=${os.userInfo().username}`, '--batch', '--skip-column-names',
        `--execute=${statements}`, 'baoxue']);
    assert.match(conf, /^owner baoxue_owner\nowner_password_file .*\/db-owner-password$/m);
    assert.equal(fs.statSync(path.join(dir, 'db-owner-password')).mode & 0o777, 0o600);
    assert.doesNotMatch(sql('SHOW GRANTS FOR baoxue@localhost'), /CREATE|ALTER|ALL PRIVILEGES|audit_event/);

    // as it was before
    sql('DROP USER baoxue_owner@localhost; REVOKE ALL PRIVILEGES, GRANT OPTION FROM baoxue@localhost; GRANT ALL ON baoxue.* TO baoxue@localhost');
    fs.rmSync(path.join(dir, 'db-owner-password'));
    one.signal('SIGINT');
    await one.ended();
    await one.gone();

    const two = await first({ dir, port });
    assert.equal((await two.request('GET', '/readyz')).status, 200);
    const after = sql('SHOW GRANTS FOR baoxue@localhost', /^socket (.*)$/m.exec(fs.readFileSync(path.join(dir, 'baoxuectl.conf'), 'utf8'))[1]);
    assert.match(after, /GRANT .*UPDATE.* ON `baoxue`\.`student`/);
    assert.doesNotMatch(after, /CREATE|ALTER|ALL PRIVILEGES|audit_event/);
    two.signal('SIGINT');
    await two.ended();
    await two.gone();
});

test('two at once on two ports, a third on a taken port or directory says what to do', async () => {
    const home = temporary();
    const [one, two] = await Promise.all([
        first({ dir: path.join(home, 'var one'), port: await freePort() }),
        first({ dir: path.join(home, 'var two'), port: await freePort() }),
    ]);
    const answers = await Promise.all([one, two].map((each) => each.request('GET', '/readyz')));
    assert.deepEqual(answers.map(({ status }) => status), [200, 200]);
    assert.notEqual((await one.cookie('teacher')).split('=')[0], (await two.cookie('teacher')).split('=')[0]);

    const taken = new Run({ dir: path.join(home, 'var three'), port: one.port });
    assert.notEqual(await taken.ended(), 0);
    assert.match(taken.text, new RegExp(`port ${one.port} is taken.*BAOXUE_PORT=${one.port + 1}`));

    const same = new Run({ dir: one.dir, port: await freePort() });
    assert.notEqual(await same.ended(), 0);
    assert.match(same.text, /runs in .* already/);
    assert.equal((await one.request('GET', '/readyz')).status, 200);

    [one, two].forEach((each) => each.signal('SIGINT'));
    await Promise.all([one.ended(), two.ended()]);
    await Promise.all([one.gone(), two.gone()]);
});

test('a server that dies ends the run, which names the log', async () => {
    const home = temporary();
    for (const [name, log] of [['mariadbd', 'mariadb.log'], ['nginx', 'error.log']]) {
        const dir = path.join(home, name);
        const one = await first({ dir, port: await freePort() });
        const pid = one.masters().find((each) => fs.readFileSync(`/proc/${each}/comm`, 'utf8').trim() === name);
        process.kill(Number(pid), 'SIGKILL');
        assert.notEqual(await one.ended(), 0);
        assert.match(one.text, new RegExp(`has ended: see ${dir}/log/${log}`));
        await one.gone();
    }
});

test('wrong settings are named', async () => {
    const dir = path.join(temporary(), 'var');
    for (const port of ['', '0', '70000', 'x']) {
        const one = new Run({ dir, port, env: { BAOXUE_PORT: port === '' ? 'no' : port }, program: ['scripts/run'] });
        assert.notEqual(await one.ended(), 0);
        assert.match(one.text, /is no port/);
    }
});

// Root is who these tests run as in a container; a plain user is tried from there too.
for (const [who, uid] of [['root', 0], ['a plain user', nobody]]) {
    test(`from a path of 150 bytes with spaces, as ${who}`, { skip: isRoot || uid !== 0 ? false : 'not run as root' }, async () => {
        const home = temporary();
        const long = `保学 a path with spaces ${'x'.repeat(200)}`;
        let tree = path.join(home, long.slice(0, 100));
        tree = path.join(tree, 'y'.repeat(Math.max(1, 149 - Buffer.byteLength(tree))));
        assert.ok(Buffer.byteLength(tree) >= 150);
        copyOfTree(tree);
        const asNobody = isRoot && uid !== 0;
        if (asNobody) {
            fs.chmodSync(home, 0o755);
            run('chown', ['-R', String(nobody), tree]);
        }
        const one = await first({
            cwd: tree, dir: 'var', port: await freePort(), uid: asNobody ? nobody : undefined,
            env: asNobody ? { HOME: '/nonexistent' } : {},
        });
        one.dir = path.join(tree, 'var');
        assert.equal((await one.request('GET', '/readyz')).status, 200);
        assert.match((await one.request('GET', '/')).text, /<!doctype html>/i);
        await one.cookie('teacher');
        assert.match(fs.readFileSync(path.join(tree, 'var/baoxuectl.conf'), 'utf8'), /^owner baoxue_owner$/m);
        const owner = fs.statSync(path.join(tree, 'var/db')).uid;
        assert.equal(owner, asNobody ? nobody : process.getuid());
        one.signal('SIGINT');
        await one.ended();
        await one.gone();
    });
}

test('nginx and MariaDB of the system are not touched', () => {
    const text = fs.readFileSync(path.join(top, 'scripts/run'), 'utf8');
    assert.doesNotMatch(text, /systemctl|service |killall|pkill|\/etc\/(nginx|mysql)\/(?!mime)/);
});
