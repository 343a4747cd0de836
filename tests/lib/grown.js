// grown.js: makes the demonstration county as large as years and neighbours would: more schools with their children and
// guardians, leave of earlier years, history, sessions, stored answers. The rows are copies of those that are there, with ids
// before theirs; the copies' schools are no units, so that the tree stays small.

const step = 1_000_000_000_000;                 // of ids; those of a demonstration county lie closer together
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

    await growCases(server);
    await growAttendance(server);
    // a task for every leave, one in a hundred of which still waits; what people were told in a year, most of it read
    await server.sql(`INSERT IGNORE INTO task (id, state, kind, task_key, student_id, class_id, school_id, township_id, record, record_id,
            owner_role, owner_unit, raised_role, raised_unit, level, working_due, due_sort, created_at, updated_at)
        SELECT l.id, IF(l.id % 100 = 0, 'open', 'done'), 'leave.decide', CONCAT(l.id, ':grown'), l.student_id, l.class_id, l.school_id,
            l.township_id, 'leave-requests', l.id, 'teacher', l.class_id, IF(l.id % 3 = 0, 'principal', NULL),
            IF(l.id % 3 = 0, l.school_id, NULL), l.id % 3 = 0, '2026-11-01', '2026-11-01', l.created_at, l.updated_at
        FROM leave_request l`);
    await server.sql(`INSERT IGNORE INTO notice (id, account_id, kind, notice_key, params, due_at, queued, read_at, created_at)
        SELECT a.id - n.k * ${step} - 7, a.id, 'leave.approved', CONCAT('grown-', n.k), '{}', '2026-11-01', 1,
            IF(n.k % 9 = 0, NULL, '2026-11-02'), '2026-11-01' FROM account a, (SELECT seq AS k FROM seq_1_to_60) n WHERE a.id > ${step}`);

    const tables = (await server.sql('SHOW TABLES')).map((row) => `\`${Object.values(row)[0]}\``);
    await server.sql(`ANALYZE TABLE ${tables.join(', ')}`);
}

/** Calls, reports and visits of years; the rolls of a term; closures. */
async function growAttendance(server) {
    const times = "'2026-10-01 09:00:00', NULL, '2026-10-01 09:00:00'";
    const add = (table, columns, values, turns) => server.sql(`INSERT INTO ${table} (id, student_id, class_id, school_id, township_id, created_at, created_by, updated_at, ${columns})
        SELECT s.id - n.seq * 1000000000000000, s.id, s.class_id, s.school_id, s.township_id, ${times}, ${values} FROM student s, seq_1_to_${turns} n WHERE s.class_id IS NOT NULL`);

    await add('contact', 'happened_on, clock, at, channel, reached, person, reason', "'2026-10-12' - INTERVAL n.seq DAY, '09:10', '2026-10-12 09:10:00' - INTERVAL n.seq DAY, 'phone', 1, '母亲', 'sick'", 3);
    await add('absence_report', 'measure, sent_at, made_by', "'已联系', '2026-10-12 09:30:00' - INTERVAL n.seq DAY, '王晓梅'", 2);
    await add('home_visit', 'kind, happened_on, clock, at, way, visitors, talked_to, words, effect', "'general', '2026-10-12', '16:40', '2026-10-12 16:40:00' - INTERVAL n.seq DAY, 'home', '王晓梅', '母亲', '都好', 'good'", 2);
    await server.sql(`INSERT IGNORE INTO roll_call (class_id, day, session, id, school_id, township_id, first_period, last_period, due, exceptions, saved_at, saved_by)
        SELECT u.id, '2026-09-01' + INTERVAL n.seq DAY, 1, u.id - n.seq * ${step}, u.school_id, u.township_id, 1, 4, 40, 0, '2026-09-01 08:10:00', 1
        FROM org_unit u, seq_1_to_60 n WHERE u.level = 'class'`);
    await server.sql(`INSERT INTO closure_notice (id, state, school_id, township_id, kind, reason, starts_on, ends_on, class_count, created_at, created_by, updated_at)
        SELECT u.id - n.seq * ${step}, 'ordered', u.id, u.township_id, 'weather', '大雪', '2025-12-01' + INTERVAL n.seq DAY, '2025-12-01' + INTERVAL n.seq DAY, 1, ${times}
        FROM org_unit u, seq_1_to_300 n WHERE u.level = 'school'`);
    await server.sql(`INSERT INTO closure (id, class_id, notice_id, starts_on, ends_on, reason, cancelled)
        SELECT u.id - n.seq * ${step}, u.id, u.school_id - n.seq * ${step}, '2025-12-01' + INTERVAL n.seq DAY, '2025-12-01' + INTERVAL n.seq DAY, '大雪', 0
        FROM org_unit u, seq_1_to_20 n WHERE u.level = 'class' AND u.class_no = 1`);
}

/** Dropout cases of every other child, in every state, with steps, attempts, notices and the rest. */
async function growCases(server) {
    const states = ['suspected', 'formal', 'reported', 'correction', 'confirmed', 'noticed', 'joint', 'township', 'observing', 'follow_up', 'closed',
        'not_dropout', 'transferred', 'relapsed', 'in_error'].map((state) => `'${state}'`).join(', ');
    const times = "'2026-10-01 09:00:00', NULL, '2026-10-01 09:00:00'";
    const place = 'c.student_id, c.class_id, c.school_id, c.township_id, c.id';
    const add = (table, columns, values, more = '') => server.sql(`INSERT INTO ${table} (id, student_id, class_id, school_id, township_id, case_id,
        created_at, created_by, updated_at, ${columns}) SELECT c.id - 1, ${place}, ${times}, ${values} FROM dropout_case c ${more}`);

    for (const table of ['dropout_case', 'dropout_step', 'persuasion', 'refusal', 'tracking', 'return_notice', 'return_report', 'follow_up', 'home_visit', 'contact']) {
        await server.sql(`DELETE FROM ${table}`);                        // the demonstration's own
    }
    await server.sql(`INSERT INTO dropout_case (id, state, student_id, class_id, school_id, township_id, discovered_on, trigger_at, week_at, due_at, next_step,
            next_role, reported_at, cause, created_at, created_by, updated_at)
        SELECT s.id - 7, ELT(1 + (@n := IFNULL(@n, 0) + 1) % 15, ${states}), s.id, s.class_id, s.school_id, s.township_id, '2026-10-12', '2026-10-14 16:20:00', '2026-10-16 16:20:00',
            '2026-10-20', 'form', 'teacher', '2026-10-20', 'learning', ${times} FROM student s WHERE s.id % 2 = 1`);
    await server.sql(`INSERT INTO dropout_step (id, case_id, step, ordinal, role, trigger_at, nominal, working, state, announced)
        SELECT c.id - n.seq * 1000000000000000, c.id, ELT(n.seq, 'list', 'form', 'report', 'verify'), 1, 'teacher', '2026-10-12', '2026-10-14', '2026-10-14', IF(n.seq < 3, 'done', 'open'), 1
        FROM dropout_case c, seq_1_to_4 n`);
    await add('persuasion', 'attempt_no, way, made_on, people, with_whom, outcome, effect', "1, 'phone', '2026-10-15', '王晓梅', '母亲', 'undecided', '还在想'");
    await add('refusal', 'refused_on, refused_by, reason, people, receipt', "'2026-10-16', 'both', '不读了', '王晓梅', 'signed'");
    await add('tracking', 'tracked_on, people, thoughts, whereabouts, fed_back_to', "'2026-10-19', '王晓梅', '想回来', '在家', '教导处'");
    await add('return_notice', 'state, kind, ordinal, issuer_id, issuer_name, addressee, issued_on, days', "'issued', 'notice', 1, 1, '县局', '家长', '2026-10-20', 7");
    await add('return_report', 'ordinal, returned_on, placed_in, reported_at, reported_by', "1, '2026-11-01', '原班', '2026-11-02', '王晓梅'");
    await add('follow_up', 'state, ordinal, due_on', "'due', 1, '2026-12-01'");
    await server.sql(`INSERT INTO home_visit (id, student_id, class_id, school_id, township_id, kind, happened_on, clock, at, way, visitors, talked_to, words, effect, witness,
            created_at, created_by, updated_at)
        SELECT s.id - 11, s.id, s.class_id, s.school_id, s.township_id, 'absence', '2026-10-13', '18:00', '2026-10-13 18:00:00', 'in_person', '王晓梅', '母亲', '在想', 'thinks', '罗主任', ${times} FROM student s`);
    await server.sql(`INSERT INTO contact (id, student_id, class_id, school_id, township_id, happened_on, clock, at, channel, reached, person, reason, made_by, created_at, created_by, updated_at)
        SELECT s.id - 13, s.id, s.class_id, s.school_id, s.township_id, '2026-10-12', '10:00', '2026-10-12 10:00:00', 'phone', 1, '母亲', 'sick', '王晓梅', ${times} FROM student s`);
    await server.sql(`INSERT INTO dropout_roster (id, school_id, township_id, as_of, children, made_by, entries, created_at, created_by, updated_at)
        SELECT u.id - n.seq * 1000000000000000, u.id, u.township_id, '2026-10-20', 1, '陈志强', '', ${times} FROM org_unit u, seq_1_to_20 n WHERE u.level = 'school'`);
    await server.sql(`INSERT INTO urgent_report (id, state, student_id, class_id, school_id, township_id, kind, signs, raised_by, created_at, created_by, updated_at)
        SELECT c.id - 1, 'raised', c.student_id, c.class_id, c.school_id, c.township_id, 'other', '看见了', '王晓梅', ${times} FROM dropout_case c`);
    await server.sql(`INSERT INTO responsibility (id, school_id, township_id, unit_id, person, duty, starts_on, created_at, created_by, updated_at)
        SELECT u.id, u.school_id, u.township_id, u.id, '王晓梅', u.level, '2026-09-01', ${times} FROM org_unit u WHERE u.level IN ('township', 'school', 'grade', 'class')`);
    await server.sql(`INSERT INTO responsibility (id, school_id, township_id, unit_id, student_id, person, duty, starts_on, created_at, created_by, updated_at)
        SELECT s.id - 3, s.school_id, s.township_id, s.class_id, s.id, '王晓梅', 'student', '2026-09-01', ${times} FROM student s WHERE s.id % 4 = 1`);
}
