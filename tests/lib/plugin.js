// plugin.js: builds the example of tests/plugin/ outside the tree, as it is or with something changed.

import fs from 'node:fs';
import path from 'node:path';
import { top } from './database.js';
import { run, temporary } from './processes.js';

/**
 * Copies tests/plugin/ into a directory of its own and builds it there. change(file, text) may return another text for
 * scholarship.c and the texts. Returns the path of the shared object.
 */
export function buildPlugin({ change = (_, text) => text, flags = '' } = {}) {
    const dir = path.join(temporary(), 'scholarship');
    fs.cpSync(path.join(top, 'tests/plugin'), dir, { recursive: true, filter: (file) => !file.endsWith('.so') });
    for (const file of ['scholarship.c', 'locale/zh-CN/scholarship.json', 'locale/en/scholarship.json']) {
        const full = path.join(dir, file);
        fs.writeFileSync(full, change(file, fs.readFileSync(full, 'utf8')));
    }
    run('make', ['-s', '-C', dir, `BAOXUE=${path.join(top, 'lib')}`, `CFLAGS=-O1 -g ${flags}`]);
    return path.join(dir, 'scholarship.so');
}
