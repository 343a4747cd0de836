// county.js: a county of any number of children by SQL alone: schools of twelve classes of forty, a guardian a child, leave of
// earlier weeks and requests that wait for the class teacher; everybody who is needed is signed in already.

const base = { county: 300000000000000001n, township: 310000000000000000n, school: 320000000000000000n, grade: 330000000000000000n,
    class: 340000000000000000n, student: 350000000000000000n, guardian: 360000000000000000n, parent: 370000000000000000n,
    teacher: 380000000000000000n, principal: 381000000000000000n, position: 382000000000000000n, leave: 390000000000000000n };
const perClass = 40;

/** The text of a session's cookie: only its hash is stored. */
export const token = (account) => String(account).padStart(43, 'A');

const iso = (date) => date.toISOString().slice(0, 10);

/** Weekdays from tomorrow on; with step -1 from yesterday back. */
export function weekdays(n, step = 1) {
    const days = [];
    for (let date = new Date(Date.now() + 8 * 3600_000); days.length < n;) {
        date = new Date(date.getTime() + step * 86400000);
        if (date.getUTCDay() % 6 !== 0) {
            days.push(iso(date));
        }
    }
    return days;
}

async function places(sql, classes, now) {
    const schools = Math.ceil(classes / 12);
    const townships = Math.max(1, Math.floor(schools / 8));
    const unit = `INSERT INTO org_unit (id, parent_id, level, name, code, path, township_id, school_id, stage, entry_year, class_no, created_at)`;
    const path = (...parts) => `CONCAT('/', ${parts.join(", '/', ")}, '/')`;
    const c = `${base.county}`;
    const t = `(${base.township} + s.k % ${townships})`;
    const s = `(${base.school} + s.k)`;
    const g = `(${base.grade} + s.k * 10 + (n.k % 12) DIV 2)`;
    await sql(`${unit} VALUES (${c}, NULL, 'county', '大县', '520000', '/${c}/', NULL, NULL, NULL, NULL, NULL, ?)`, [now]);
    await sql(`${unit} SELECT ${base.township} + s.seq, ${c}, 'township', CONCAT(s.seq, '号乡'), CONCAT('52', s.seq), CONCAT('/${c}/', ${base.township} + s.seq, '/'),
        ${base.township} + s.seq, NULL, NULL, NULL, NULL, ? FROM seq_0_to_${townships - 1} s`, [now]);
    await sql(`${unit} SELECT ${s}, ${t}, 'school', CONCAT('第', s.k, '小学'), 3000000000 + s.k, ${path(c, t, s)}, ${t}, ${s}, 'primary', NULL, NULL, ?
        FROM (SELECT seq AS k FROM seq_0_to_${schools - 1}) s`, [now]);
    await sql(`${unit} SELECT DISTINCT ${g}, ${s}, 'grade', '年级', NULL, ${path(c, t, s, g)}, ${t}, ${s}, 'primary', 2020 + (n.k % 12) DIV 2, NULL, ?
        FROM (SELECT seq AS k FROM seq_0_to_${classes - 1}) n JOIN (SELECT seq AS k FROM seq_0_to_${schools - 1}) s ON s.k = n.k DIV 12`, [now]);
    await sql(`${unit} SELECT ${base.class} + n.k, ${g}, 'class', '班', NULL, ${path(c, t, s, g, `${base.class} + n.k`)}, ${t}, ${s}, 'primary', 2020 + (n.k % 12) DIV 2,
        1 + n.k % 2, ? FROM (SELECT seq AS k FROM seq_0_to_${classes - 1}) n JOIN (SELECT seq AS k FROM seq_0_to_${schools - 1}) s ON s.k = n.k DIV 12`, [now]);
    return { schools, townships };
}

async function people(sql, students, classes, schools, password, now) {
    const numbers = `(SELECT seq AS k FROM seq_0_to_${students - 1}) n`;
    await sql(`INSERT INTO student (id, class_id, school_id, township_id, name, sex, birth_on, seat_no, created_at, updated_at)
        SELECT ${base.student} + n.k, u.id, u.school_id, u.township_id, CONCAT('学生', n.k), '1', '2017-01-01', 1 + n.k % ${perClass}, ?, ?
        FROM ${numbers} JOIN org_unit u ON u.id = ${base.class} + n.k DIV ${perClass}`, [now, now]);
    await sql(`INSERT INTO enrolment (id, student_id, class_id, school_id, starts_on) SELECT id, id, class_id, school_id, CURRENT_DATE - INTERVAL 80 DAY FROM student`);
    await sql(`INSERT INTO account (id, name, login, password, created_at) SELECT ${base.parent} + n.k, CONCAT('家长', n.k), CONCAT('p', n.k), ?, ? FROM ${numbers}`, [password, now]);
    await sql(`INSERT INTO guardian (id, name, account_id, created_at, updated_at) SELECT ${base.guardian} + n.k, CONCAT('家长', n.k), ${base.parent} + n.k, ?, ? FROM ${numbers}`, [now, now]);
    await sql(`INSERT INTO student_guardian (student_id, guardian_id, relation) SELECT ${base.student} + n.k, ${base.guardian} + n.k, 'mother' FROM ${numbers}`);
    const staff = async (from, count, role, unit, spread) => {
        await sql(`INSERT INTO account (id, name, login, password, created_at) SELECT ${from} + seq, CONCAT('老师', seq), CONCAT(?, seq), ?, ? FROM seq_0_to_${count - 1}`, [role, password, now]);
        await sql(`INSERT INTO \`position\` (id, account_id, role, unit_id, starts_on, created_at) SELECT ${base.position} + ${spread} + seq, ${from} + seq, ?, ${unit} + seq, '2020-01-01', ?
            FROM seq_0_to_${count - 1}`, [role, now]);
    };
    await staff(base.teacher, classes, 'teacher', base.class, 0);
    await staff(base.principal, schools, 'principal', base.school, 10_000_000);
}

async function leave(sql, students, waiting, days, now) {
    const names = `id, state, student_id, class_id, school_id, township_id, kind, starts_on, starts_period, ends_on, ends_period, reason, half_days, chain_half_days, route,
        submitted_at, decide_by, starts_at, back_on, back_period, back_at, requested_by, created_at, created_by, updated_at`;
    const row = (id, state, day) => `${id}, '${state}', s.id, s.class_id, s.school_id, s.township_id, 'sick', ${day}, 1, ${day}, 7, '感冒发烧，在家休息', 2, 2, 'teacher',
        ?, CONCAT(${day}, ' 08:00:00'), CONCAT(${day}, ' 08:00:00'), ${day} + INTERVAL 1 DAY, 1, CONCAT(${day} + INTERVAL 1 DAY, ' 08:00:00'), '家长', ?, ${base.parent} + (s.id - ${base.student}), ?`;
    await sql(`INSERT INTO leave_request (${names}) SELECT ${row(`${base.leave} + (s.id - ${base.student}) * 64 + n.k`, 'returned', 'CURRENT_DATE - INTERVAL (10 + 7 * n.k) DAY')}
        FROM student s, (SELECT seq AS k FROM seq_0_to_2) n`, [now, now, now]);
    for (let k = 0; k < waiting; k += 1) {
        await sql(`INSERT INTO leave_request (${names}) SELECT ${row(`${base.leave} + (s.id - ${base.student}) * 64 + ${k} + 8`, 'submitted', `DATE '${days[2 * k]}'`)} FROM student s`, [now, now, now]);
    }
    await sql(`INSERT INTO task (id, state, kind, task_key, student_id, class_id, school_id, township_id, record, record_id, owner_role, owner_unit, working_due, due_sort, created_at, updated_at)
        SELECT l.id, 'open', 'leave.decide', CONCAT(l.id, ':consent'), l.student_id, l.class_id, l.school_id, l.township_id, 'leave-requests', l.id, 'teacher', l.class_id, l.decide_by, l.decide_by, ?, ?
        FROM leave_request l WHERE l.state = 'submitted'`, [now, now]);
}

/** Fills an empty migrated database. Returns how many there are of everything. */
export async function makeCounty(server, { students, waiting, password }) {
    const sql = (text, args) => server.sql(text, args);
    const now = iso(new Date(Date.now() - 86400000)) + ' 08:00:00';
    const classes = Math.ceil(students / perClass);
    const { schools } = await places(sql, classes, now);
    await sql('INSERT INTO term (id, unit_id, school_year, number, starts_on, ends_on) VALUES (?, ?, YEAR(CURRENT_DATE) - (MONTH(CURRENT_DATE) < 8), 1, CURRENT_DATE - INTERVAL 90 DAY, CURRENT_DATE + INTERVAL 150 DAY)',
        [String(base.county + 1n), String(base.county)]);
    await people(sql, students, classes, schools, password, now);
    await leave(sql, students, waiting, weekdays(64), now);
    await sql(`INSERT INTO session (token_hash, account_id, created_at, expires_at, address, agent)
        SELECT UNHEX(SHA2(LPAD(id, 43, 'A'), 256)), id, ?, CURRENT_DATE + INTERVAL 5 DAY, '', '' FROM account WHERE id < ${base.parent} + ${Math.min(students, 20000)} OR id >= ${base.teacher}`, [now]);
    const tables = (await sql('SHOW TABLES')).map((row) => `\`${Object.values(row)[0]}\``);
    await sql(`ANALYZE TABLE ${tables.join(', ')}`);
    return { schools, classes };
}

const written = { absence_rung: 'run_id', absence_run: 'id', attendance_mark: 'id', history: 'id', leave_request: 'id', notice: 'id', roll_call: 'id', task: 'id' };

/** Takes away what the bare client wrote, whose ids begin at 4·10¹⁸: nobody else shall read about its children. What it decided, requests
 *  of odd ids, waits again, or its next UPDATEs would find nothing to do. */
export async function forget(server) {
    for (const [table, column] of Object.entries(written)) {
        await server.sql(`DELETE FROM ${table} WHERE ${column} >= 4000000000000000000`);
    }
    await server.sql("UPDATE leave_request SET state = 'submitted', version = 1, decided_by = NULL WHERE state = 'approved' AND id % 2 = 1");
    await server.sql(`UPDATE task SET state = 'open', version = 1, closed_record = NULL, closed_id = NULL, closed_at = NULL, closed_by = NULL
        WHERE kind = 'leave.decide' AND state = 'done' AND record_id % 2 = 1`);
    await purged(server);
}

/** Until the rows that were taken away are really gone. */
async function purged(server) {
    await server.sql('UPDATE student SET leave_seq = 0 WHERE leave_seq > 0');
    for (let i = 0; i < 200; i += 1) {
        const [{ Value: left }] = await server.sql("SHOW GLOBAL STATUS LIKE 'Innodb_history_list_length'");
        if (Number(left) < 200) {
            return;
        }
        await new Promise((resolve) => { setTimeout(resolve, 100); });
    }
}

/** The county as makeCounty() left it: without what requests have written since, and what they decided waits again. */
export async function asMade(server) {
    for (const [table, column] of Object.entries(written)) {
        await server.sql(`DELETE FROM ${table} WHERE ${column} NOT BETWEEN ? AND ?`, [String(base.leave), String(base.leave + 1_000_000_000n)]);
    }
    await server.sql("UPDATE leave_request SET state = 'submitted', version = 1, decided_by = NULL WHERE state = 'approved'");
    await server.sql(`UPDATE task SET state = 'open', version = 1, closed_record = NULL, closed_id = NULL, closed_at = NULL, closed_by = NULL
        WHERE kind = 'leave.decide' AND state = 'done'`);
    await purged(server);
}

/** Rows for the generators of load: what a request about one leave of one child has to name. */
export function leaveRows(server, state, limit) {
    return server.sql(`SELECT l.id, l.student_id AS student, l.class_id AS class, l.school_id AS school, l.township_id AS township, c.parent_id AS grade, '${base.county}' AS county,
            l.created_by AS parent, ${base.teacher} + (l.class_id - ${base.class}) AS teacher, ${base.guardian} + (l.student_id - ${base.student}) AS guardian
        FROM leave_request l JOIN org_unit c ON c.id = l.class_id WHERE l.state = ? AND l.created_by < ${base.parent} + 20000
        ORDER BY SHA2(l.id, 256) LIMIT ?`, [state, limit]);
}

/** Classes with their teacher and children: what the roll of one day names. */
export async function classRows(server) {
    const rows = await server.sql(`SELECT u.id AS class, u.school_id AS school, u.township_id AS township, u.parent_id AS grade, '${base.county}' AS county,
            ${base.teacher} + (u.id - ${base.class}) AS teacher, GROUP_CONCAT(s.id ORDER BY s.id) AS children
        FROM org_unit u JOIN student s ON s.class_id = u.id GROUP BY u.id ORDER BY SHA2(u.id, 256)`);
    return rows.map((row) => ({ ...row, children: String(row.children).split(',') }));
}
