// ladder.js (node tests/bench/ladder.js): the nightly pass of the absence ladder over a county, in children a second, and how much memory
// the process that makes it needs: with the number of children its time is to grow in proportion, and its memory not at all.
//
//   BENCH_LADDER=5500,55000   children of the counties; a class of 45, three of them absent for a day

import fs from 'node:fs';
import path from 'node:path';
import { spawn } from 'node:child_process';
import { accountPassword, baoxuectl, databaseFlags, top } from '../lib/database.js';
import { start } from '../lib/server.js';
import { libraryValues } from '../lib/world.js';
import { makeCounty } from './county.js';

const sizes = (process.env.BENCH_LADDER ?? (process.env.BENCH_SMOKE ? '900' : '5500,55000')).split(',').map(Number);
/** The last weekday before today, and the night after it: the county's term is around today. */
const before = (n) => new Date(Date.now() + 8 * 3600e3 - n * 86400e3);
const back = [1, 2, 3].find((n) => ![0, 6].includes(before(n).getUTCDay()));
const day = before(back).toISOString().slice(0, 10);
const clock = `${before(back - 1).toISOString().slice(0, 10)}T00:10:00+08:00`;
const say = (text) => process.stdout.write(`${text}\n`);

/** Rolls of yesterday; of every class its first three children missed both. */
async function absences(server) {
    await server.sql(`INSERT INTO roll_call (class_id, day, session, id, school_id, township_id, first_period, last_period, due, exceptions, saved_at, saved_by)
        SELECT u.id, '${day}', h.s, u.id * 4 + h.s, u.school_id, u.township_id, h.a, h.b, 45, 3, '${day} 08:05:00', 1
        FROM org_unit u JOIN (SELECT 1 s, 1 a, 4 b UNION SELECT 2, 5, 7) h WHERE u.level = 'class'`);
    await server.sql(`INSERT INTO attendance_mark (student_id, day, id, class_id, school_id, first_period, last_period, kind, roll_id, saved_at, saved_by)
        SELECT s.id, '${day}', s.id * 4 + h.s, s.class_id, s.school_id, h.a, h.b, 3, s.class_id * 4 + h.s, '${day} 08:05:00', 1
        FROM (SELECT id, class_id, school_id, ROW_NUMBER() OVER (PARTITION BY class_id ORDER BY id) n FROM student) s
        JOIN (SELECT 1 s, 1 a, 4 b UNION SELECT 2, 5, 7) h WHERE s.n <= 3`);
    await server.sql(`INSERT INTO absence_run (id, state, student_id, class_id, school_id, township_id, first_on, first_period, last_on, last_period, begins_at, days,
        presumed_days, next_at, created_at, updated_at) SELECT s.id * 4, 'open', s.id, s.class_id, s.school_id, s.township_id, '${day}', 1, '${day}', 7,
        '${day} 08:00:00', 1, 0, NULL, '${day} 08:05:00', '${day} 08:05:00' FROM student s JOIN attendance_mark m ON m.student_id = s.id AND m.first_period = 1`);
}

/** Runs a command to its end. Returns the most memory that it had, in kB: it is looked at every few milliseconds. */
function peakOf(command, args, options) {
    const child = spawn(command, args, options);
    let peak = 0;
    const timer = setInterval(() => {
        try {
            peak = Number(/VmHWM:\s+(\d+)/.exec(fs.readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1] ?? peak);
        } catch { /* it has ended */ }
    }, 3);
    return new Promise((resolve, reject) => {
        child.on('error', reject);
        child.on('exit', (code, signal) => {
            clearInterval(timer);
            if (code === 0) {
                resolve(peak);
            } else {
                reject(new Error(`${command} ended with ${code ?? signal}`));
            }
        });
    });
}

async function measure(size) {
    const server = await start({ clock, nginx: false });
    await server.stopDatabase('SIGTERM');
    await server.startDatabase(['--innodb-buffer-pool-size=1G', '--innodb-log-file-size=128M']);
    const [password] = libraryValues(server, [{ op: 'password', text: accountPassword }]);

    await makeCounty(server, { students: size, waiting: 0, password });
    await absences(server);
    server.setClock(clock);

    const began = process.hrtime.bigint();
    let seconds = 0;
    let memory = 0;

    // a pass is broken off after a minute and goes on from where it was
    for (let done = false, turns = 0; !done && turns < 60; turns += 1) {
        memory = Math.max(memory, await peakOf(baoxuectl, [...databaseFlags(server.dir), 'jobs', 'run'], { cwd: top, stdio: 'ignore', env: { BAOXUE_TEST_CLOCK: path.join(server.dir, 'clock') } }));
        seconds = Number(process.hrtime.bigint() - began) / 1e9;
        await server.sql('DELETE FROM job');
        done = (await server.sql('SELECT 1 FROM ladder_night WHERE finished_at IS NOT NULL')).length > 0;
    }

    const [{ n }] = await server.sql('SELECT COUNT(*) n FROM absence_rung');
    await server.stop();
    return { students: size, seconds: Number(seconds.toFixed(1)), rate: Math.round(size / seconds), megabytes: Math.round(memory / 1024), rungs: Number(n) };
}

const results = [];
for (const size of sizes) {
    const result = await measure(size);
    results.push(result);
    say(`${result.students} children: ${result.seconds} s, ${result.rate} a second, ${result.megabytes} MB at most, ${result.rungs} rungs`);
}
fs.mkdirSync(path.join(top, 'build', 'bench'), { recursive: true });
fs.writeFileSync(path.join(top, 'build', 'bench', 'ladder.json'), JSON.stringify(results, null, 2));
