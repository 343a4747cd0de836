// database.js: private MariaDB servers for tests, copied from template data directories that are made once a build.

import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import mysql from 'mysql2/promise';
import { alive, end, launch, run, temporary, until } from './processes.js';

export const top = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');
export const build = path.join(top, 'build');
export const baoxuectl = path.join(build, 'clock', 'baoxuectl');
export const password = 'test';
/** What every account of the demonstration county and of the fixtures signs in with. */
export const accountPassword = 'correct horse 8';
/** The moment the demonstration county of the templates was made for: a Monday of term 1, before the first bell. */
export const demoClock = '2026-11-23T07:30:00+08:00';

export class Database {
    /** @param dir state directory; `data`, `db.sock` and `mariadb.log` are in it */
    constructor(dir) {
        this.dir = dir;
        this.socket = path.join(dir, 'db.sock');
        this.log = path.join(dir, 'mariadb.log');
        this.child = null;
        this.pool = null;
    }

    async start(args = []) {
        const root = process.getuid() === 0 ? ['--user=root'] : [];
        this.child = launch('mariadbd', [
            `--defaults-file=${top}/conf/mariadb.cnf`, `--datadir=${this.dir}/data`, `--socket=${this.socket}`,
            // a server that starts removes the temporary tables it finds in its tmpdir, whosever they are
            `--pid-file=${this.dir}/mariadb.pid`, `--tmpdir=${this.dir}`,
            '--innodb-log-file-size=8M', '--innodb-buffer-pool-size=48M',
            '--innodb-flush-log-at-trx-commit=2', ...root, ...args,
        ], { log: this.log });
        await until('MariaDB answers', async () => {
            if (!alive(this.child)) {
                throw new Error(`MariaDB ended:\n${fs.readFileSync(this.log, 'utf8').slice(-4000)}`);
            }
            return fs.existsSync(this.socket) && await this.#answers();
        }, 60);
    }

    async #answers() {
        try {
            const connection = await mysql.createConnection({ socketPath: this.socket, user: 'tester', password });
            await connection.end();
            return true;
        } catch {
            return false;
        }
    }

    /** One statement as an administrator of the server; rows as objects, integers beyond 2^53 and ids as strings. */
    async sql(text, args = []) {
        this.pool ??= mysql.createPool({
            socketPath: this.socket, user: 'tester', password, database: 'baoxue', charset: 'utf8mb4', timezone: 'Z',
            supportBigNumbers: true, bigNumberStrings: true, dateStrings: true, connectionLimit: 4,
        });
        const [rows] = await this.pool.query(text, args);
        return rows;
    }

    /**
     * Holds the locks of a statement until release(); waiter() comes back when somebody waits for one of them, so that a
     * test can break things right in the middle of a transaction.
     */
    async hold(text, args = []) {
        const connection = await mysql.createConnection({ socketPath: this.socket, user: 'tester', password, database: 'baoxue' });
        await connection.beginTransaction();
        await connection.query(text, args);
        return {
            waiter: () => until('a transaction that waits', async () => {
                await new Promise((resolve) => { setTimeout(resolve, 200); });   // read more often, the view is never made anew
                const rows = await this.sql("SELECT trx_id FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'");
                return rows.length > 0;
            }, 10),
            release: async () => {
                await connection.rollback();
                await connection.end();
            },
        };
    }

    async stop(signal = 'SIGKILL') {
        const { pool } = this;
        this.pool = null;
        await pool?.end().catch(() => {});
        await end(this.child, signal, 30);
        this.child = null;
    }
}

/** Flags with which baoxuectl finds a database of the tests. */
export function databaseFlags(dir) {
    return ['--socket', path.join(dir, 'db.sock'), '--user', 'baoxue', '--password-file', path.join(dir, 'db-password'),
        '--owner', 'baoxue_owner', '--owner-password-file', path.join(dir, 'db-owner-password'), '--database', 'baoxue', '--secrets', path.join(dir, 'secrets'), '--attachments', path.join(dir, 'attachments')];
}

export function writeClock(file, iso, { running = false } = {}) {
    const seconds = Math.floor(Date.parse(iso) / 1000);
    if (!Number.isFinite(seconds)) {
        throw new Error(`no time: ${iso}`);
    }
    fs.writeFileSync(`${file}.new`, `${seconds}${running ? ' run' : ''}\n`);
    fs.renameSync(`${file}.new`, file);
}

/** Runs baoxuectl (test build) on a state directory. */
export function control(dir, args, options = {}) {
    const env = { BAOXUE_TEST_CLOCK: path.join(dir, 'clock'), ...options.env };
    return run(baoxuectl, [...databaseFlags(dir), ...args], { cwd: top, ...options, env });
}

// ---------------------------------------------------------------- templates

function fingerprint() {
    const hash = createHash('sha256');
    const schema = fs.readdirSync(path.join(top, 'schema')).sort().map((name) => path.join(top, 'schema', name));
    for (const file of [...schema, path.join(top, 'conf/mariadb.cnf'), path.join(top, 'scripts/init-database'), path.join(top, 'scripts/accounts-sql'), baoxuectl]) {
        hash.update(`${file}\0`).update(fs.readFileSync(file));
    }
    return hash.digest('hex').slice(0, 16);
}

/** Makes build/template/<kind>-<fingerprint> unless it is there: kind "empty" (migrated) or "demo". Returns its path. */
export async function template(kind) {
    const home = path.join(build, 'template');
    const dir = path.join(home, `${kind}-${fingerprint()}`);
    fs.mkdirSync(home, { recursive: true });
    const lock = `${dir}.lock`;
    await until(`another process to make ${dir}`, () => fs.existsSync(dir) || takeLock(lock), 180);
    if (!fs.existsSync(dir)) {
        try {
            await makeTemplate(kind, dir);
        } finally {
            fs.rmSync(lock, { force: true });
        }
        forgetOthers(home, kind, dir);
    } else {
        releaseOwn(lock);
    }
    return dir;
}

// A lock file holds the process id, so that the lock of a killed process is taken over.
function takeLock(lock) {
    try {
        fs.writeFileSync(lock, String(process.pid), { flag: 'wx' });
        return true;
    } catch {
        let pid = '';
        try {
            pid = fs.readFileSync(lock, 'utf8');
        } catch {
            return false;
        }
        if (pid !== '' && !fs.existsSync(`/proc/${pid}`)) {
            fs.rmSync(lock, { force: true });
        }
        return false;
    }
}

function releaseOwn(lock) {
    if (fs.existsSync(lock) && fs.readFileSync(lock, 'utf8') === String(process.pid)) {
        fs.rmSync(lock, { force: true });
    }
}

async function makeTemplate(kind, dir) {
    const work = temporary();
    const database = new Database(work);
    try {
        fs.writeFileSync(path.join(work, 'db-password'), `${password}\n`, { mode: 0o600 });
        fs.writeFileSync(path.join(work, 'db-owner-password'), 'owner\n', { mode: 0o600 });
        fs.writeFileSync(path.join(work, 'tester.sql'),
            `CREATE USER tester@localhost IDENTIFIED BY '${password}';\nGRANT ALL ON *.* TO tester@localhost WITH GRANT OPTION;\n`);
        writeClock(path.join(work, 'clock'), demoClock);
        run(path.join(top, 'scripts/init-database'), [`${work}/data`, `${work}/db-password`, `${work}/db-owner-password`, `${work}/tester.sql`]);
        await database.start();
        control(work, ['keys', 'create']);
        control(work, ['migrate']);
        if (kind === 'demo') {
            control(work, ['demo', '--accounts-file', path.join(work, 'demo-accounts.txt')],
                { env: { BAOXUE_DEMO_PASSWORD: accountPassword } });
        }
        await database.stop('SIGTERM');
        fs.rmSync(database.log);
        fs.cpSync(work, `${dir}.new`, { recursive: true });
        fs.renameSync(`${dir}.new`, dir);
    } finally {
        await database.stop();
        fs.rmSync(work, { recursive: true, force: true });
    }
}

// Other fingerprints are of older builds: nobody copies them any more once they are an hour old.
function forgetOthers(home, kind, dir) {
    for (const name of fs.readdirSync(home)) {
        const other = path.join(home, name);
        if (name.startsWith(`${kind}-`) && !name.endsWith('.lock') && other !== dir &&
            Date.now() - fs.statSync(other).mtimeMs > 3_600_000) {
            fs.rmSync(other, { recursive: true, force: true });
        }
    }
}
