// bulk.js: what moves thousands of rows in one go: a roster beside LOAD DATA of the same rows, and a list as xlsx.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { top } from '../lib/database.js';
import { token } from './county.js';

const roster = path.join(top, 'tests/data/roster-a.utf8.csv');
const timed = async (work) => {
    const begun = performance.now();
    const result = await work();
    return { seconds: (performance.now() - begun) / 1000, result };
};

/** Rows a second: a school's first roster, the same again (nothing changes), and LOAD DATA of the file into a bare table. */
export async function importRows(server) {
    const [county] = await server.sql('SELECT id FROM org_unit WHERE parent_id IS NULL');
    const code = '2152001234';
    server.control('unit', 'add', 'school', '名册小学', '--code', code, '--parent', String(county.id), '--stage', 'primary');
    const bring = () => JSON.parse(server.control('import', roster, '--school', code, '--json'));
    const first = await timed(bring);
    const again = await timed(bring);
    const rows = first.result.added;
    assert.ok(rows > 1000 && again.result.unchanged === rows, JSON.stringify({ ...first.result, rejections: [] }));

    const heads = fs.readFileSync(roster, 'utf8').split(/\r?\n/)[0].split(',');
    await server.sql(`CREATE TABLE bench_load (id BIGINT PRIMARY KEY AUTO_INCREMENT, ${heads.map((_, i) => `c${i} TEXT`).join(', ')})`);
    const load = await timed(() => server.sql(`LOAD DATA INFILE ? INTO TABLE bench_load CHARACTER SET utf8mb4 FIELDS TERMINATED BY ',' OPTIONALLY ENCLOSED BY '"'
        IGNORE 1 LINES (${heads.map((_, i) => `c${i}`).join(', ')})`, [roster]));
    await server.sql('DROP TABLE bench_load');
    return { rows, perSecond: rows / first.seconds, againPerSecond: rows / again.seconds, loadDataPerSecond: load.result.affectedRows / load.seconds };
}

/** Rows a second of the county's leave as xlsx, as far as one file may hold them. */
export async function exportRows(server, rows) {
    const [county] = await server.sql('SELECT id FROM org_unit WHERE parent_id IS NULL');
    const [account] = await server.sql("SELECT account_id AS id FROM `position` WHERE role = 'principal' ORDER BY id DESC LIMIT 1");
    await server.sql("INSERT INTO `position` (id, account_id, role, unit_id, starts_on, created_at) VALUES (1, ?, 'county', ?, '2020-01-01', NOW())", [account.id, county.id]);
    await server.sql("REPLACE INTO rule_override (rule, unit_id, value, reason, set_by, set_at) VALUES ('export.max_rows', ?, ?, 'bench', ?, NOW())", [county.id, String(rows), account.id]);
    const client = await server.client(null);
    client.cookies.set(`baoxue-${server.port}`, token(account.id));
    const got = await timed(() => client.request('GET', 'leave-requests/export?format=xlsx'));
    assert.equal(got.result.status, 200, got.result.text?.slice(0, 300));
    return { rows, bytes: got.result.bytes.length, perSecond: rows / got.seconds };
}
