// statements.js: what the application asked the database, how the server went about it and how many rows it looked at,
// read from MariaDB's slow log with everything in it: statements inside compound ones, with their values and plans.

import fs from 'node:fs';
import path from 'node:path';

/** Everything from now on; only for connections made from now on, so before nginx starts. */
export async function record(server) {
    const file = path.join(server.dir, 'statements.log');
    const settings = {
        log_output: 'FILE', slow_query_log_file: file, long_query_time: 0, log_slow_disabled_statements: '',
        log_slow_verbosity: 'query_plan,explain', slow_query_log: 1,
    };
    for (const [name, value] of Object.entries(settings)) {
        await server.sql(`SET GLOBAL ${name} = ?`, [value]);
    }
    let forgotten = 0;
    return {
        read: () => read(file).slice(forgotten),
        forget: () => { forgotten = read(file).length; },
    };
}

/** [{ text, shape, examined, plan: [{ table, type, key, rows, extra, … }] }]: shape is the text without its values. */
function read(file) {
    const statements = [];
    for (const entry of fs.readFileSync(file, 'utf8').split(/^# User@Host: /m)) {
        if (entry.startsWith('baoxue[')) {
            statements.push(parse(entry));
        }
    }
    return statements.filter(({ text }) => /^(SELECT|UPDATE|DELETE|INSERT)\b/.test(text));
}

function parse(entry) {
    const lines = entry.split('\n');
    const begin = lines.findIndex((line) => line.startsWith('SET timestamp='));
    const text = lines.slice(begin + 1).filter((line) => !line.startsWith('# Time:')).join('\n').trim().replace(/;$/, '');
    const explain = lines.filter((line) => line.startsWith('# explain: ')).map((line) => line.slice(11).split('\t'));
    const plan = explain.slice(1).map((cells) => Object.fromEntries(explain[0].map((name, i) => [name, cells[i]])));
    return { text, shape: shape(text), examined: Number(/Rows_examined: (\d+)/.exec(entry)[1]), plan };
}

const shape = (text) => text.replace(/\s+/g, ' ').replace(/'(?:[^'\\]|\\.|'')*'/gs, '?').replace(/\b\d+\b/g, '?')
    .replace(/\?(?:, ?\?)+/g, '?…').replace(/\((?:\?…|\?)\)(?:, ?\((?:\?…|\?)\))+/g, '(?…)…');
