// cases.js: the list of open dropout cases as the county sees it beside a school's: one child in forty has a case, and three in four of
// them are open. Both get a page of as many cases as the school has: a longer page takes longer wherever it is read. The county's median
// may take 1.3 times as long as the school's, however many children there are.

const bureau = 383000000000000000n;

export async function caseLists(bench, students) {
    const sql = (text, args) => bench.server.sql(text, args);
    const [root] = await sql('SELECT id FROM org_unit WHERE parent_id IS NULL');
    const [{ id: principal }] = await sql("SELECT MIN(account_id) AS id FROM `position` WHERE role = 'principal'");
    await sql("INSERT INTO account (id, name, login, password, created_at) SELECT ?, '县局', 'bureau', password, NOW() FROM account WHERE id = ?", [String(bureau), principal]);
    await sql("INSERT INTO `position` (id, account_id, role, unit_id, starts_on, created_at) VALUES (?, ?, 'county', ?, '2020-01-01', NOW())", [String(bureau), String(bureau), root.id]);
    await sql("INSERT INTO session (token_hash, account_id, created_at, expires_at, address, agent) VALUES (UNHEX(SHA2(LPAD(?, 43, 'A'), 256)), ?, NOW() - INTERVAL 1 HOUR, CURRENT_DATE + INTERVAL 5 DAY, '', '')",
        [String(bureau), String(bureau)]);
    await sql(`INSERT INTO dropout_case (id, state, student_id, class_id, school_id, township_id, discovered_on, trigger_at, week_at, due_at, next_step, next_role, reported_at, attempts, created_at, updated_at)
        SELECT s.id + 1, ELT(1 + (s.id DIV 40) % 4, 'suspected', 'reported', 'noticed', 'closed'), s.id, s.class_id, s.school_id, s.township_id, CURRENT_DATE - INTERVAL 20 DAY, NOW(), NOW(),
            NOW() + INTERVAL 2 DAY, 'verify', 'county', NOW(), 2, NOW(), NOW() FROM student s WHERE s.id % 40 = 7`);
    await sql('ANALYZE TABLE dropout_case');

    const [{ n: rows }] = await sql('SELECT COUNT(*) AS n FROM dropout_case WHERE open_student IS NOT NULL AND school_id = (SELECT unit_id FROM `position` WHERE account_id = ?)', [principal]);
    const lines = (account) => Array.from({ length: 200 }, () => `GET\t/api/v1/dropout-cases?view=open&limit=${rows}\t${bench.cookie(account)}`);
    const times = { school: [], county: [] };
    for (let i = 0; i < 3; i += 1) {
        times.school.push(bench.wrk(lines(principal), 4).p50);
        times.county.push(bench.wrk(lines(String(bureau)), 4).p50);
    }
    const [school, county] = [times.school, times.county].map((list) => list.sort((a, b) => a - b)[1]);
    const [{ n: open }] = await sql('SELECT COUNT(*) AS n FROM dropout_case WHERE open_student IS NOT NULL');
    return { students, open: Number(open), rows: Number(rows), school, county, ratio: county / school };
}
