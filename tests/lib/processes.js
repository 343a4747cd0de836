// processes.js: starts programs that end with the test process, however it ends, and waits for what they do.

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const programs = `${process.env.PATH}:/usr/sbin:/sbin`;

/** Runs a program to its end; throws with its output when it fails. Returns its standard output. */
export function run(program, args, options = {}) {
    const { env, ...rest } = options;
    const done = spawnSync(program, args, {
        encoding: 'utf8', maxBuffer: 64 << 20, env: { ...process.env, PATH: programs, ...env }, ...rest,
    });
    if (done.status !== 0) {
        throw new Error(`${program} ${args.join(' ')}: ${done.error ?? `exit ${done.status ?? done.signal}`}\n` +
            `${done.stdout ?? ''}${done.stderr ?? ''}`);
    }
    return done.stdout;
}

// What is still there when the test process ends, in whatever way that runs "exit" handlers.
const children = new Set();
const directories = new Set();

process.on('exit', () => {
    for (const child of children) {
        try {
            process.kill(-child.pid, 'SIGKILL');
        } catch {
            // it has ended
        }
    }
    if (!process.env.BAOXUE_KEEP) {
        directories.forEach((dir) => fs.rmSync(dir, { recursive: true, force: true }));
    }
});

/** A directory that goes with the test process. Short, for paths of sockets end at 107 bytes. */
export function temporary() {
    const parent = os.tmpdir().length > 50 ? '/tmp' : os.tmpdir();
    const dir = fs.mkdtempSync(path.join(parent, 'bx-'));
    directories.add(dir);
    return dir;
}

/** Starts a server in a process group of its own, which the kernel ends when this process is gone. */
export function launch(program, args, { log, env = {}, cwd } = {}) {
    const out = log ? fs.openSync(log, 'a') : 'ignore';
    const child = spawn('setpriv', ['--pdeathsig', 'TERM', program, ...args], {
        stdio: ['ignore', out, out], detached: true, cwd, env: { ...process.env, PATH: programs, ...env },
    });
    child.unref();
    children.add(child);
    child.once('exit', () => children.delete(child));
    if (log) {
        fs.closeSync(out);
    }
    return child;
}

export function alive(child) {
    return Boolean(child) && child.exitCode === null && child.signalCode === null;
}

/** Ends a child: the signal first, SIGKILL to its whole group after `seconds`. */
export async function end(child, signal = 'SIGTERM', seconds = 10) {
    if (!alive(child)) {
        return;
    }
    child.ref();
    const gone = once(child, 'exit');
    child.kill(signal);
    const late = setTimeout(() => {
        try {
            process.kill(-child.pid, 'SIGKILL');
        } catch {
            // it went meanwhile
        }
    }, seconds * 1000);
    await gone;
    clearTimeout(late);
}

/** Waits until `test` returns something true, which is returned. `what` names it in the error. */
export async function until(what, test, seconds = 15) {
    const last = Date.now() + seconds * 1000;
    for (;;) {
        const value = await test();
        if (value) {
            return value;
        }
        if (Date.now() > last) {
            throw new Error(`waited ${seconds} s in vain: ${what}`);
        }
        await sleep(20);
    }
}

/** A TCP port of 127.0.0.1 that is free now, below the range from which the kernel takes ports for clients. */
export async function freePort() {
    for (let i = 0; i < 100; i += 1) {
        const port = 20000 + Math.floor(Math.random() * 12000);
        const server = net.createServer();
        const free = await new Promise((resolve) => {
            server.once('error', () => resolve(false));
            server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
        });
        if (free) {
            return port;
        }
    }
    throw new Error('no free port');
}
