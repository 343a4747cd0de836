// privacy_doc.test.js: docs/privacy.md names every column of the database that may hold something about a person, and nothing that
// is not there; docs/security.md names only tests and files that exist.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { top } from '../lib/database.js';
import { start } from '../lib/server.js';

const read = (name) => fs.readFileSync(path.join(top, name), 'utf8');
const words = (cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, word]) => word);
let server;
let columns;

before(async () => {
    server = await start({ nginx: false });
    columns = await server.sql(`SELECT TABLE_NAME AS t, COLUMN_NAME AS c, DATA_TYPE AS type, CHARACTER_SET_NAME AS charset, CHARACTER_MAXIMUM_LENGTH AS length
        FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME NOT LIKE 'schema_%'`);
});
after(() => server?.stop());

// texts that are nobody's: names of places, codes, what the server is made of
const nobodys = new Set(['org_unit.name', 'calendar_day.name', 'closure.reason', 'closure_notice.reason', 'idempotency_key.idem_key', 'role_capability.capability', 'task.task_key', 'notice.notice_key', 'notice.href', 'task.record',
    'import.runner', 'import.columns_read', 'import.encoding', 'import.fault']);
const telling = /^(.*_)?(name|phone|address|agent|login|password|number|sex|ethnic|disability|left_behind|migrant|boarding|placement|words|note|comment|person|people|signs|whereabouts)$|^(birth_on|id_type)$/;

/** Whether something about a person may stand in it: words in any script, sealed bytes, or a name that says so. */
function personal({ t, c, type, charset, length }) {
    if (nobodys.has(`${t}.${c}`)) {
        return false;
    }
    const free = /char|text/.test(type) && charset !== 'ascii';
    const sealed = /blob|varbinary/.test(type) && Number(length) > 64;
    return free || sealed || (telling.test(c) && !['term.number', 'job.name'].includes(`${t}.${c}`));
}

function documented() {
    const named = new Map();
    for (const line of read('docs/privacy.md').split('\n')) {
        const cells = line.split('|');
        if (/^\| `\w+` \| `/.test(line)) {
            named.set(words(cells[1])[0], { columns: new Set(words(cells[2])), sealed: new Set(words(cells[4])) });
        }
    }
    return named;
}

describe('docs/privacy.md', () => {
    test('names every column in which something about a person may stand', () => {
        const named = documented();
        const missing = columns.filter(personal).filter(({ t, c }) => !named.get(t)?.columns.has(c)).map(({ t, c }) => `${t}.${c}`);
        assert.ok(columns.filter(personal).length > 100);
        assert.deepEqual(missing, []);
    });

    test('names every table that hangs on a child, a guardian or an account', () => {
        const text = read('docs/privacy.md');
        const named = documented();
        const ours = new Set(['roll_call', 'ladder_touch', 'roll_expected']);           // that a roll was taken; that a ladder is to be computed again
        const tables = new Set(columns.filter(({ c }) => /^(student|guardian|account)_id$/.test(c)).map(({ t }) => t));
        assert.ok(tables.size > 15);
        assert.deepEqual([...tables].filter((t) => !named.has(t) && !ours.has(t) && !['revocation'].includes(t)), []);
        assert.match(text, /the roll tables/);
    });

    test('names nothing that is not there, and calls sealed what is', () => {
        const known = new Map(columns.map((one) => [`${one.t}.${one.c}`, one]));
        for (const [table, { columns: list, sealed }] of documented()) {
            list.forEach((column) => assert.ok(known.has(`${table}.${column}`), `${table}.${column}`));
            const bytes = [...list].filter((column) => /blob|varbinary/.test(known.get(`${table}.${column}`).type) && !['idempotency_key.body', 'import_plan.plan'].includes(`${table}.${column}`));
            assert.deepEqual(bytes.filter((column) => !sealed.has(column)), [], table);
            [...sealed].forEach((column) => assert.ok(list.has(column), `${table}.${column} is sealed`));
        }
    });

    test('rules it cites exist', () => {
        const rules = read('docs/rules.md') + fs.readdirSync(path.join(top, 'lib/flow')).map((name) => read(`lib/flow/${name}`)).join('') + fs.readdirSync(path.join(top, 'lib/plugins')).map((name) => read(`lib/plugins/${name}`)).join('');
        words(read('docs/privacy.md')).filter((word) => /^(attachment|import|notice|signin)\.[a-z_]+$/.test(word)).forEach((rule) => assert.ok(rules.includes(rule), rule));
    });
});

describe('docs/security.md', () => {
    test('names tests, programs and files that are there', () => {
        const text = read('docs/security.md');
        const makefile = read('Makefile');
        const there = (name) => ['', 'tests/http/', 'tests/unit/', 'tests/fault/', 'tests/fuzz/', 'docs/', 'lib/'].some((dir) => fs.existsSync(path.join(top, dir, name)));
        let seen = 0;
        for (const word of words(text)) {
            if (/^[\w./-]+\.(test\.js|js|c|h|conf|json)$/.test(word) && word !== 'openapi.json') {
                assert.ok(there(word), word);
                seen += 1;
            } else if (/^make [a-z -]+$/.test(word)) {
                word.split(' ').slice(1).forEach((target) => assert.match(makefile, new RegExp(`^${target}:|^\\.PHONY:.*\\b${target}\\b`, 'm'), word));
            }
        }
        assert.ok(seen > 80, `${seen}`);
    });

    test('has a row for each requirement of ASVS 5.0.0 up to level 2, and counts them', () => {
        const rows = [...read('docs/security.md').matchAll(/^\| (\d+\.\d+\.\d+) \| ([12]) \| .* \| (met|n\/a|\*\*open\*\*) \| (.+) \|$/gm)];
        assert.equal(new Set(rows.map(([, id]) => id)).size, 253);
        const count = (state) => rows.filter(([, , , one]) => one === state).length;
        assert.match(read('docs/security.md'), new RegExp(`Of 253 requirements ${count('met')} are met, ${count('n/a')} do not apply .*, ${count('**open**')} are \\*\\*open`));
    });
});
