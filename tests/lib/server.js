// server.js: a whole Baoxue for a test file: real mariadbd, migrated; real nginx with the module, built with a clock
// that tests set. Sockets, ports and files of its own; gone with the test process.
//
//     import { after, before, test } from 'node:test';
//     import { start } from '../lib/server.js';
//     import { buildWorld } from '../lib/world.js';
//
//     let server, world;
//     before(async () => {
//         server = await start({ clock: '2026-09-21T07:50:00+08:00' });
//         world = await buildWorld(server);
//     });
//     after(() => server.stop());
//
//     test('a guardian asks for leave', async () => {
//         const mother = await server.client('guardian');          // signs in; null: nobody
//         const made = await mother.post('leave-requests', { … }); // { status, headers, text, json }
//         server.setClock('2026-09-21T08:00:00+08:00');            // time stands still until it is set again
//         server.runJobs();
//         const rows = await server.sql('SELECT state FROM leave_request WHERE id = ?', [made.json.id]);
//     });

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { Client } from './client.js';
import {
    Database, accountPassword, control, demoClock, template, top, writeClock,
} from './database.js';
import { alive, end, freePort, launch, run, temporary, until } from './processes.js';

export { accountPassword, demoClock } from './database.js';

const defaults = {
    demo: false,                   // the demonstration county instead of an empty database
    clock: demoClock,              // null: the real time
    running: false,                // the clock goes on from there
    asan: false,                   // module under AddressSanitizer
    release: false,                // the module as it is installed, without a clock to set
    nginx: true,                   // false: MariaDB only
    workers: 1,                    // nginx worker processes
    lifetime: '31d',               // of a session: tests move the clock by days
    idle: false,                   // whether sessions end when nobody uses them
    jobs: false,                   // nginx runs the jobs by itself; otherwise only runJobs() does
    connections: 1024,             // of an nginx worker
    connect: null,                 // how nginx reaches the database, when not by its socket
    main: '', http: '', server: '',   // nginx configuration added at these levels
};

/** Starts everything; see `defaults` for the options. */
export async function start(options = {}) {
    const server = new Server({ ...defaults, ...options });
    try {
        await server.begin();
    } catch (e) {
        const logs = server.logs();
        await server.stop();
        e.message += `\n${logs}`;
        throw e;
    }
    return server;
}

export class Server {
    constructor(options) {
        this.options = options;
        this.dir = temporary();
        this.database = new Database(this.dir);
        this.nginx = null;
        this.port = 0;
        this.clients = [];
        this.nodes = [];
        this.password = accountPassword;
    }

    get origin() { return `http://127.0.0.1:${this.port}`; }
    get errorLog() { return path.join(this.dir, 'log', 'error.log'); }

    async begin() {
        fs.cpSync(await template(this.options.demo ? 'demo' : 'empty'), this.dir, { recursive: true });
        for (const name of ['log', 'tmp', 'attachments']) {
            fs.mkdirSync(path.join(this.dir, name), { recursive: true });
        }
        if (this.options.clock === null) {
            fs.rmSync(path.join(this.dir, 'clock'));
        } else {
            this.setClock(this.options.clock, { running: this.options.running });
        }
        await this.database.start();
        if (this.options.nginx) {
            await this.startNginx();
        }
    }

    // ------------------------------------------------------------ nginx

    /** Starts nginx on a free port and waits until the server is ready. */
    async startNginx() {
        for (let tries = 5; ; tries -= 1) {
            this.port = await freePort();
            this.#configure();
            this.nginx = launch('nginx', ['-p', this.dir, '-c', `${this.dir}/nginx.conf`, '-e', this.errorLog],
                { log: this.errorLog, env: this.#environment() });
            try {
                await this.#ready();
                return;
            } catch (e) {
                await end(this.nginx, 'SIGKILL');
                if (tries === 1 || !/Address already in use/.test(this.logs())) {
                    throw e;
                }
                fs.rmSync(this.errorLog, { force: true });
            }
        }
    }

    async #ready() {
        const client = new Client(this);
        try {
            await until('the server to be ready', async () => {
                if (!alive(this.nginx)) {
                    throw new Error('nginx ended');
                }
                const answer = await client.get('/readyz').catch(() => null);
                return answer?.status === 200;
            }, this.options.asan ? 60 : 20);
        } finally {
            client.close();
        }
    }

    #environment() {
        if (!this.options.asan) {
            return {};
        }
        return {
            LD_PRELOAD: ['libasan.so', 'libubsan.so'].map((so) => run('gcc', [`-print-file-name=${so}`]).trim()).join(' '),
            ASAN_OPTIONS: `detect_leaks=0:abort_on_error=0:log_path=${this.dir}/log/asan`,
            UBSAN_OPTIONS: `print_stacktrace=1:log_path=${this.dir}/log/ubsan`,
        };
    }

    #configure() {
        const { options } = this;
        const values = {
            MODULE: path.join(top, 'build', options.release ? 'module' : options.asan ? 'module-clock-asan' : 'module-clock',
                'ngx_http_baoxue_module.so'),
            USER: process.getuid() === 0 ? 'user root;' : '',
            WORKERS: String(options.workers), PORT: String(this.port), HTML: path.join(top, 'html'), VAR: this.dir,
            DATABASE_SOCKET: this.database.socket,
            MAIN: options.main, HTTP: `baoxue_jobs ${options.jobs ? 'on' : 'off'};\nbaoxue_session_lifetime ${options.lifetime};\n${options.http}`, SERVER: options.server, CONF: path.join(top, 'conf'),
            CLOCK: options.clock === null ? '' : `baoxue_test_clock "${this.dir}/clock";`,
        };
        const text = fs.readFileSync(path.join(top, 'conf/nginx.conf.in'), 'utf8')
            .replace(/@([A-Z_]+)@/g, (all, name) => {
                if (values[name] === undefined) {
                    throw new Error(`conf/nginx.conf.in: nobody fills ${all}`);
                }
                return values[name];
            })
            .replace(/"socket=[^"]*"/, (socket) => options.connect ?? socket);
        fs.writeFileSync(path.join(this.dir, 'nginx.conf'), text.replace('worker_connections 1024;', `worker_connections ${options.connections};`));
    }

    /** Another nginx on the same database, secrets, attachments and clock, with a port of its own: a second node. */
    async startNode(options = {}) {
        const node = new Server({ ...this.options, ...options });
        node.dir = path.join(this.dir, `node-${this.nodes.length + 2}`);
        node.database = this.database;
        for (const name of ['log', 'tmp']) {
            fs.mkdirSync(path.join(node.dir, name), { recursive: true });
        }
        for (const name of ['secrets', 'db-password', 'attachments', 'clock']) {
            fs.symlinkSync(path.join(this.dir, name), path.join(node.dir, name));
        }
        this.nodes.push(node);
        await node.startNginx();
        return node;
    }

    workerPids() {
        return run('pgrep', ['-P', String(this.nginx.pid)]).trim().split('\n').map(Number);
    }

    /** Reloads nginx's configuration; comes back when new workers serve and, if `drained`, the old ones are gone. */
    async reload({ drained = false } = {}) {
        const old = this.workerPids();
        this.nginx.kill('SIGHUP');
        await until('new workers', () => this.workerPids().some((pid) => !old.includes(pid)));
        if (drained) {
            await until('old workers to be gone', () => !this.workerPids().some((pid) => old.includes(pid)), 90);
        }
        await this.#ready();
    }

    /** Stops nginx: SIGQUIT lets requests finish, SIGTERM does not, SIGKILL kills master and workers. */
    async stopNginx(signal = 'SIGQUIT') {
        if (signal === 'SIGKILL' && alive(this.nginx)) {
            this.workerPids().forEach((pid) => process.kill(pid, 'SIGKILL'));
        }
        await end(this.nginx, signal, 70);
        this.nginx = null;
    }

    // ------------------------------------------------------------ database

    sql(text, args) { return this.database.sql(text, args); }
    stopDatabase(signal = 'SIGTERM') { return this.database.stop(signal); }
    startDatabase(args) { return this.database.start(args); }

    /** Breaks every connection of the application, as a failing network would. Returns how many. */
    async dropConnections() {
        const rows = await this.sql("SELECT id FROM information_schema.processlist WHERE user = 'baoxue'");
        for (const { id } of rows) {
            await this.sql('KILL CONNECTION ?', [Number(id)]).catch(() => {});
        }
        return rows.length;
    }

    /** Lets accounts read as much as a machine does. */
    async readFreely() {
        for (const rule of ['read.per_hour', 'read.per_day', 'export.day_rows']) {
            await this.sql(`REPLACE INTO rule_override (rule, unit_id, value, reason, set_by, set_at)
                SELECT ?, id, '10000000', 'a machine reads', 1, '2020-01-01' FROM org_unit WHERE parent_id IS NULL`, [rule]);
        }
    }

    // ------------------------------------------------------------ time and jobs

    setClock(iso, options) { writeClock(path.join(this.dir, 'clock'), iso, options); }

    /** Runs the jobs that are due at the time set. */
    runJobs() { return this.control('jobs', 'run'); }

    /** Runs baoxuectl on this database; returns what it printed. */
    control(...args) { return control(this.dir, args); }

    // ------------------------------------------------------------ people

    /** A client signed in as `login`; null: nobody. */
    async client(login, { password = accountPassword, ...options } = {}) {
        const client = new Client(this, options);
        this.clients.push(client);
        if (login !== null) {
            await client.signIn(login, password);
        }
        return client;
    }

    /** Sessions outlive any hour at which nobody does anything: tests move the clock. */
    async keepSessions() {
        if (!this.options.idle) {
            await this.sql('UPDATE session SET idle_minutes = 0');
        }
    }

    // ------------------------------------------------------------ end

    /** What nginx, MariaDB and the sanitizers have logged. */
    logs() {
        const dir = path.join(this.dir, 'log');
        const files = fs.existsSync(dir) ? fs.readdirSync(dir).map((name) => path.join(dir, name)) : [];
        return [...files, this.database.log].filter((file) => fs.existsSync(file))
            .map((file) => `--- ${path.basename(file)}\n${fs.readFileSync(file, 'utf8')}`).join('\n');
    }

    /** Reports of AddressSanitizer and UBSan, "" when there are none. */
    sanitizerReports() {
        const dir = path.join(this.dir, 'log');
        return fs.readdirSync(dir).filter((name) => /^(asan|ubsan)\./.test(name))
            .map((name) => fs.readFileSync(path.join(dir, name), 'utf8')).join('\n');
    }

    async stop() {
        [this, ...this.nodes].forEach(({ clients }) => clients.forEach((client) => client.close()));
        for (const node of this.nodes.filter(({ nginx }) => alive(nginx))) {
            await end(node.nginx, 'SIGTERM', 5);
        }
        if (alive(this.nginx)) {
            await end(this.nginx, 'SIGTERM', 5);
        }
        await this.database.stop();
        // tests kill with 9 and 15: any other signal is a fault of ours
        const logs = [this, ...this.nodes].map(({ errorLog }) => errorLog).filter((file) => fs.existsSync(file));
        const died = logs.flatMap((file) => fs.readFileSync(file, 'utf8').match(/worker process \d+ exited on signal (?!9\b|15\b).*/g) ?? []);
        if (process.env.BAOXUE_KEEP) {
            process.stderr.write(`kept: ${this.dir}\n`);
        } else {
            fs.rmSync(this.dir, { recursive: true, force: true });
        }
        assert.deepEqual(died, []);
    }
}
