// grown.js: makes the demonstration county as large as years and neighbours would: more schools with their children and
// guardians, leave of earlier years, history, sessions, stored answers. The rows are copies of those that are there, with ids
// before theirs; the copies' schools are no units, so that the tree stays small.

const step = 100_000_000_000;                 // of ids; those of a demonstration county lie closer together
const far = (column) => `x.${column} - n.k * ${step}`;
const hash = (column) => `IF(x.${column} IS NULL, NULL, UNHEX(SHA2(CONCAT(HEX(x.${column}), n.k), 256)))`;
const each = (names) => Object.fromEntries(names.map((name) => [name, far(name)]));

/** INSERT … SELECT of a table's rows, once for each k from `first` to `last`; `columns` holds SQL for those that differ. */
async function copy(server, table, columns, [first, last], where = 'TRUE') {
    const all = await server.sql(`SELECT column_name AS name FROM information_schema.columns
        WHERE table_schema = 'baoxue' AND table_name = ? AND extra NOT LIKE '%GENERATED%'`, [table]);
    const names = all.map(({ name }) => `\`${name}\``).join(', ');
    const values = all.map(({ name }) => columns[name] ?? `x.\`${name}\``).join(', ');
    await server.sql(`INSERT INTO \`${table}\` (${names}) SELECT ${values}
        FROM \`${table}\` x, (SELECT seq AS k FROM seq_${first}_to_${last}) n WHERE ${where}`);
}

export async function grow(server, { schools = 6, years = 24 } = {}) {
    const [{ oldest }] = await server.sql('SELECT MIN(id) AS oldest FROM leave_request');
    const neighbours = [1, schools];
    const place = {
        ...each(['id', 'student_id', 'class_id', 'school_id']),
        township_id: `IF(n.k % 3 = 0, x.township_id, ${far('township_id')})`,
    };

    await copy(server, 'student', { ...place, id_hash: hash('id_hash'), enrolment_hash: hash('enrolment_hash') }, neighbours);
    await copy(server, 'enrolment', place, neighbours);
    await copy(server, 'account', { id: far('id'), login: "CONCAT(x.login, '-', n.k)", phone_hash: hash('phone_hash') },
        neighbours);
    await copy(server, 'position', each(['id', 'account_id', 'unit_id']), [1, 30]);
    await copy(server, 'guardian', { ...each(['id', 'account_id']), phone_hash: hash('phone_hash'), id_hash: hash('id_hash') },
        neighbours);
    await copy(server, 'student_guardian', each(['student_id', 'guardian_id']), neighbours);
    await copy(server, 'activation', { ...each(['id', 'guardian_id', 'school_id']), code_hash: hash('code_hash') }, neighbours);
    await copy(server, 'leave_request', { ...each(['id', 'created_by']), starts_on: 'x.starts_on - INTERVAL n.k MONTH',
        ends_on: 'x.ends_on - INTERVAL n.k MONTH' }, [101, 100 + years], "x.state IN ('returned', 'rejected', 'cancelled')");
    await copy(server, 'leave_request', { ...place, created_by: far('created_by') }, neighbours, `x.id >= ${oldest}`);
    await copy(server, 'history', each(['id', 'record_id', 'account_id']), [1, 10]);
    await copy(server, 'audit_event', each(['unit_id', 'record_id', 'account_id']), [1, 10]);
    await copy(server, 'import_row', each(['import_id', 'student_id']), [1, 4]);
    await copy(server, 'import', { id: far('id'), school_id: `IF(n.k % 2, x.school_id, ${far('school_id')})` }, [1, 400]);
    await server.sql(`INSERT INTO idempotency_key (account_id, idem_key, request_hash, status, body, created_at)
        SELECT a.id, n.k, UNHEX(SHA2(a.id, 256)), 201, '{}', '2026-11-22 12:00:00' + INTERVAL n.k MINUTE
        FROM account a, (SELECT seq AS k FROM seq_1_to_3) n`);
    await server.sql(`INSERT INTO session (token_hash, account_id, created_at, expires_at, address, agent)
        SELECT UNHEX(SHA2(CONCAT(a.id, n.k), 256)), a.id, '2026-11-22', '2026-12-22', '', ''
        FROM account a, (SELECT seq AS k FROM seq_1_to_3) n`);
    await server.sql(`INSERT INTO attachment (id, record, record_id, field, account_id, student_id, class_id, school_id,
            township_id, name_hash, media_type, size, created_at)
        SELECT l.id - 1, 'leave-requests', l.id, 'certificate', l.created_by, l.student_id, l.class_id, l.school_id,
            l.township_id, UNHEX(SHA2(l.id, 256)), 'image/png', 1, '2026-11-01'
        FROM leave_request l WHERE l.created_by IS NOT NULL AND l.id < ?`, [oldest]);

    const tables = (await server.sql('SHOW TABLES')).map((row) => `\`${Object.values(row)[0]}\``);
    await server.sql(`ANALYZE TABLE ${tables.join(', ')}`);
}
