// import.test.js: rosters of schools over HTTP: the whole of roster-a in three encodings, what a second file changes, columns that a
// person names, who may do it, what is refused; and the slips for guardians. The preview is import_preview.test.js. What happens when
// a server dies in between is in import_progress.test.js.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import {
    addPerson, as, at, begin, count, data, empty, end, excerpt, expected, identity, lines, rowsOf, server, sums, toCsv, upload, utf8, world,
} from '../lib/import.js';
import { act, bring, preview, work } from '../lib/roster.js';
import { libraryValues } from '../lib/world.js';

before(begin);
after(end);

describe('a whole roster', () => {
    let first;

    test('an empty school takes 1,600 children and sends 20 rows back', async () => {
        const registrar = await as('registrar3');
        const answer = await upload(registrar, data('roster-a.xlsx'), { name: '2026 秋季名册.xlsx', key: 'roster-a' });
        assert.equal(answer.status, 201, answer.text);
        first = answer.json;
        assert.deepEqual([first.state, first.rows_done, first.skipped], ['done', 1620, 0]);
        assert.deepEqual(
            [first.row_count, first.added, first.changed, first.unchanged, first.rejected, first.classes],
            [expected.rows, expected.accepted, 0, 0, Object.keys(expected.rejected).length, expected.classes]);
        assert.deepEqual([first.filename, first.encoding, first.columns_known, first.columns_total, first.unknown_columns],
            ['2026 秋季名册.xlsx', 'xlsx', 71, 71, []]);
        assert.equal(first.school_id, empty);

        assert.equal(await count('student WHERE school_id = ?', [empty]), 1600);
        assert.equal(await count('enrolment WHERE school_id = ? AND ends_on IS NULL', [empty]), 1600);
        assert.equal(await count("org_unit WHERE school_id = ? AND level = 'class'", [empty]), 36);
        assert.equal(await count("org_unit WHERE school_id = ? AND level = 'grade'", [empty]), 6);
        assert.equal(await count(`org_unit c JOIN org_unit g ON g.id = c.parent_id WHERE c.school_id = ? AND c.level = 'class'
            AND g.level = 'grade' AND g.entry_year = c.entry_year AND c.path = CONCAT(g.path, c.id, '/') AND c.township_id = ?`,
        [empty, world.units.township.id]), 36);
        assert.equal(await count('student s JOIN org_unit c ON c.id = s.class_id WHERE s.school_id = ? AND s.township_id = ?',
            [empty, world.units.township.id]), 1600);
    });

    test('guardians are those the roster calls so, each with a code', async () => {
        const accepted = lines.slice(1).filter((_, i) => expected.rejected[i + 2] === undefined);
        const wanted = new Set();
        for (const row of accepted) {
            for (const m of ['成员1', '成员2']) {
                if (row[at(`${m}是否监护人`)] === '是') {
                    wanted.add(`${row[at(`${m}姓名`)]} ${row[at(`${m}联系电话`)]}`);
                }
            }
        }
        assert.equal(first.guardians, wanted.size);
        const links = await server.sql(`SELECT COUNT(*) AS links, COUNT(DISTINCT l.guardian_id) AS guardians FROM student_guardian l
            JOIN student s ON s.id = l.student_id WHERE s.school_id = ?`, [empty]);
        assert.equal(Number(links[0].guardians), wanted.size);
        assert.equal(await count("activation WHERE school_id = ? AND expires_on = '2026-11-07' AND used_at IS NULL", [empty]), wanted.size);
        assert.deepEqual((await server.sql(`SELECT DISTINCT l.relation, l.relation_text FROM student_guardian l JOIN student s ON s.id = l.student_id
            WHERE s.school_id = ? ORDER BY l.relation`, [empty])).map((r) => `${r.relation} ${r.relation_text}`),
        ['father 父亲', 'grandfather 祖父', 'grandmother 祖母', 'mother 母亲']);
    });

    test('every rejected row says where, what and why, in the reader\'s language', async () => {
        const registrar = await as('registrar3');
        const rejected = await rowsOf(registrar, first.id, 'rejected', 7);
        assert.deepEqual(Object.fromEntries(rejected.map((r) => [r.row, r.reason])), expected.rejected);
        const at364 = rejected.find((r) => r.row === 364);
        assert.equal(at364.field, '身份证件号');
        assert.equal(at364.value, '5.20425E+17');
        assert.equal(at364.message, '被 Excel 变成了科学计数。请把这一列设成“文本”后重填。');
        assert.equal(at364.student_name, '乔玉');
        const at262 = rejected.find((r) => r.row === 262);
        assert.match(at262.value, /^6405\*+3241$/);
        assert.match(at262.message, /^和第 \d+ 行 \S+ 的证件号一样/);
        assert.equal(rejected.find((r) => r.row === 248).message, '手机号少 4 位，应是 11 位。');
        assert.equal(rejected.find((r) => r.row === 83).value, '');
        for (const r of rejected) {
            assert.doesNotMatch(r.message, /^error\.|\{/);
        }

        const english = await server.client('registrar3', { language: 'en' });
        const again = await english.get(`imports/${first.id}/rows?outcome=rejected&limit=1`);
        assert.match(again.json.items[0].message, /^No name/);
    });

    test('nothing of a person is stored in the clear but the name', async () => {
        const [row] = await server.sql('SELECT * FROM student WHERE school_id = ? AND name = ?', [empty, lines[1][at('姓名')]]);
        const all = Object.values(row).filter((v) => v !== null).map((v) => (Buffer.isBuffer(v) ? v.toString('latin1') : String(v))).join(' ');
        for (const heading of ['身份证件号', '联系电话', '成员1联系电话', '邮政编码']) {
            assert.ok(!all.includes(lines[1][at(heading)]), heading);
        }
        assert.ok(!all.includes(Buffer.from(lines[1][at('现住址')]).toString('latin1')));
        assert.ok(!all.includes(Buffer.from('少年先锋队员').toString('latin1')));
        assert.equal(row.birth_on, '2019-12-31');
        assert.equal(row.ethnic, '04');
        assert.equal(row.seat_no, 1);
    });

    test('a batch is one row of the school\'s audit chain, and the chain holds', async () => {
        const events = await server.sql("SELECT action, payload FROM audit_event WHERE unit_id = ? AND record = 'imports' ORDER BY seq", [empty]);
        assert.deepEqual(events.map((e) => e.action), ['upload', 'begin', 'checked', 'apply', ...Array(9).fill('import.batch'), 'finish']);
        const added = events.slice(4, 13).flatMap((e) => JSON.parse(e.payload).changes.added);
        assert.equal(new Set(added).size, 1600);
        assert.ok(events.every((e) => !e.payload.includes(lines[1][at('姓名')])));
        assert.match(server.control('audit', 'verify'), /\S/);
    });

    test('the same key gets the same answer and imports nothing twice', async () => {
        const registrar = await as('registrar3');
        const again = await bring(registrar, data('roster-a.xlsx'), { name: '2026 秋季名册.xlsx', key: 'roster-a' });
        assert.equal(again.status, 201);
        assert.equal(again.headers.location, `/api/v1/imports/${first.id}`);
        assert.deepEqual([again.json.id, again.json.state, again.json.row_count], [first.id, 'uploaded', 1620]);
        assert.equal(await count('import WHERE school_id = ?', [empty]), 1);
        const other = await bring(registrar, data('roster-a.gbk.csv'), { key: 'roster-a' });
        assert.equal(other.status, 422);
        assert.equal(other.json.code, 'key_reused');
    });

    test('the same children in GBK and UTF-8 change nothing at all', async () => {
        const office = await as('office3');
        const before = await sums();
        for (const [name, encoding] of [['roster-a.gbk.csv', 'gb18030'], ['roster-a.utf8.csv', 'utf-8'], ['roster-a.xlsx', 'xlsx']]) {
            const { status, json } = await upload(office, data(name), { name });
            assert.equal(status, 201);
            assert.deepEqual([json.added, json.changed, json.unchanged, json.rejected, json.classes, json.guardians, json.encoding],
                [0, 0, 1600, 20, 0, 0, encoding]);
            assert.deepEqual(Object.fromEntries((await rowsOf(office, json.id, 'rejected')).map((r) => [r.row, r.reason])), expected.rejected);
        }
        assert.deepEqual(await sums(), before);
    });

    test('baoxuectl import does the same from the command line', () => {
        const file = fileURLToPath(new URL('../data/roster-a.gbk.csv', import.meta.url));
        const text = server.control('import', '--school', expected.school, decodeURIComponent(file));
        assert.match(text, /1620 rows \(gb18030\): 0 added, 0 changed, 1600 unchanged, 20 rejected/);
        assert.match(text, /row 364, 身份证件号 5\.20425E\+17: \S/);
    });

    test('imports are listed, newest first, and read one by one', async () => {
        const registrar = await as('registrar3');
        const list = await registrar.get(`imports?school_id=${empty}`);
        assert.equal(list.status, 200);
        assert.equal(list.json.items.length, 5);
        assert.equal(list.json.items.at(-1).id, first.id);
        const one = await registrar.get(`imports/${first.id}`);
        assert.equal(one.status, 200);
        assert.deepEqual({ ...one.json, actions: [] }, { ...first, actions: [] });
    });
});

describe('a second file', () => {
    test('a new phone of a guardian is one changed row that names the field', async () => {
        const registrar = await as('registrar3');
        const [before] = await server.sql(`SELECT l.guardian_id, g.phone_hash FROM student s JOIN student_guardian l ON l.student_id = s.id
            JOIN guardian g ON g.id = l.guardian_id WHERE s.school_id = ? AND s.name = ? AND l.ordinal = 1`, [empty, lines[2][at('姓名')]]);
        const csv = toCsv(lines.map((row, i) => (i === 2 ? row.map((v, c) => (c === at('成员1联系电话') ? '13911112222' : v)) : row)));
        const { json } = await upload(registrar, csv);
        assert.deepEqual([json.added, json.changed, json.unchanged, json.rejected, json.guardians], [0, 1, 1599, 20, 0]);
        const changed = await rowsOf(registrar, json.id, 'changed');
        assert.equal(changed.length, 1);
        assert.deepEqual([changed[0].row, changed[0].field, changed[0].value, changed[0].student_name],
            [3, '成员1联系电话', '139****2222', lines[2][at('姓名')]]);
        const [now] = await server.sql(`SELECT l.guardian_id, g.phone_hash FROM student s JOIN student_guardian l ON l.student_id = s.id
            JOIN guardian g ON g.id = l.guardian_id WHERE s.school_id = ? AND s.name = ? AND l.ordinal = 1`, [empty, lines[2][at('姓名')]]);
        assert.equal(now.guardian_id, before.guardian_id);
        assert.notDeepEqual(now.phone_hash, before.phone_hash);

        const again = await upload(registrar, csv);
        assert.equal(again.json.unchanged, 1600);
    });

    test('another class ends one enrolment and begins another', async () => {
        const registrar = await as('registrar3');
        const { json } = await upload(registrar, excerpt([4], (row) => { row[at('班号')] = '一（2）班'; }));
        assert.deepEqual([json.changed, json.rejected], [1, 0]);
        assert.deepEqual((await rowsOf(registrar, json.id, 'changed')).map((r) => [r.field, r.value]), [['班号', '一（2）班']]);
        const history = await server.sql(`SELECT e.starts_on, e.ends_on, c.class_no FROM enrolment e JOIN student s ON s.id = e.student_id
            JOIN org_unit c ON c.id = e.class_id WHERE s.school_id = ? AND s.name = ? ORDER BY e.starts_on`, [empty, lines[3][at('姓名')]]);
        assert.deepEqual(history, [
            { starts_on: '2026-09-01', ends_on: '2026-10-07', class_no: 1 }, { starts_on: '2026-10-08', ends_on: null, class_no: 2 },
        ]);

        await upload(registrar, excerpt([4], (row) => { row[at('班号')] = '2026级3班'; }));
        const later = await server.sql(`SELECT e.ends_on, c.class_no FROM enrolment e JOIN student s ON s.id = e.student_id
            JOIN org_unit c ON c.id = e.class_id WHERE s.school_id = ? AND s.name = ? ORDER BY e.starts_on`, [empty, lines[3][at('姓名')]]);
        assert.deepEqual(later, [{ ends_on: '2026-10-07', class_no: 1 }, { ends_on: null, class_no: 3 }]);
    });

    test('a class that can be read and is not there yet is made; one that cannot is sent back', async () => {
        const registrar = await as('registrar3');
        const { json } = await upload(registrar, excerpt([5, 6], (row, i) => { row[at('班号')] = i === 0 ? '二年级9班' : '五'; }));
        assert.deepEqual([json.changed, json.classes, json.rejected], [1, 1, 1]);
        const [unit] = await server.sql("SELECT name, stage, entry_year FROM org_unit WHERE school_id = ? AND class_no = 9 AND level = 'class'", [empty]);
        assert.deepEqual(unit, { name: '2025级9班', stage: 'primary', entry_year: 2025 });
    });

    test('empty cells and missing columns erase nothing', async () => {
        const registrar = await as('registrar3');
        const few = ['姓名', '性别', '出生日期', '身份证件号', '班号', '现住址', '血型'];
        const [before] = await server.sql('SELECT address, phone FROM student WHERE school_id = ? AND name = ?', [empty, lines[6][at('姓名')]]);
        const row = few.map((h) => (h === '血型' ? 'O' : h === '现住址' ? '' : lines[6][at(h)]));
        const { json } = await upload(registrar, toCsv([few, row]));
        assert.deepEqual([json.changed, json.columns_known], [1, 7]);
        const changed = await rowsOf(registrar, json.id, 'changed');
        assert.deepEqual(changed.map((r) => [r.field, r.value]), [['血型', null]]);
        const [now] = await server.sql('SELECT address, phone FROM student WHERE school_id = ? AND name = ?', [empty, lines[6][at('姓名')]]);
        assert.ok(now.address !== null && now.phone !== null && before.phone !== null);
        const links = await count(`student_guardian l JOIN student s ON s.id = l.student_id WHERE s.school_id = ? AND s.name = ? AND l.ends_on IS NULL`,
            [empty, lines[6][at('姓名')]]);
        assert.ok(links >= 1);
        const full = await upload(registrar, excerpt([7]));
        assert.deepEqual([full.json.changed, full.json.unchanged], [0, 1]);
    });

    test('another guardian in a place ends the link of the one before; swapped places keep both', async () => {
        const registrar = await as('registrar3');
        const n = lines.findIndex((row, i) => i > 10 && row[at('成员1是否监护人')] === '是' && row[at('成员2是否监护人')] === '是'
            && expected.rejected[i + 1] === undefined) + 1;
        const links = () => server.sql(`SELECT g.name, l.ordinal, l.ends_on FROM student s JOIN student_guardian l ON l.student_id = s.id
            JOIN guardian g ON g.id = l.guardian_id WHERE s.school_id = ? AND s.name = ? ORDER BY l.ends_on IS NULL DESC, l.ordinal`,
        [empty, lines[n - 1][at('姓名')]]);
        const [one, two] = await links();

        const swap = await upload(registrar, excerpt([n], (row) => {
            for (const part of ['姓名', '关系', '联系电话', '是否监护人', '身份证件类型', '身份证件号']) {
                [row[at(`成员1${part}`)], row[at(`成员2${part}`)]] = [row[at(`成员2${part}`)], row[at(`成员1${part}`)]];
            }
        }));
        assert.deepEqual([swap.json.changed, swap.json.guardians], [1, 0]);
        assert.deepEqual(await links(), [{ name: two.name, ordinal: 1, ends_on: null }, { name: one.name, ordinal: 2, ends_on: null }]);

        const other = await upload(registrar, excerpt([n], (row) => {
            row[at('成员2姓名')] = '新监护人';
            row[at('成员2联系电话')] = '13922223333';
        }));
        assert.deepEqual([other.json.changed, other.json.guardians], [1, 1]);
        assert.deepEqual(await links(), [
            { name: one.name, ordinal: 1, ends_on: null }, { name: '新监护人', ordinal: 2, ends_on: null },
            { name: two.name, ordinal: 1, ends_on: '2026-10-08' },
        ]);
    });

    test('brothers and sisters share their guardian', async () => {
        const registrar = await as('registrar3');
        const { json } = await upload(registrar, excerpt([8, 8], (row, i) => {
            row[at('姓名')] = `双胞${i}`;
            row[at('性别')] = '女';
            row[at('出生日期')] = '20180808';
            row[at('身份证件号')] = identity(`52042520180808${122 + 2 * i}`);
        }));
        assert.deepEqual([json.added, json.guardians], [2, 0]);
        const shared = await server.sql(`SELECT COUNT(DISTINCT s.id) AS children FROM student s JOIN student_guardian l ON l.student_id = s.id
            WHERE l.guardian_id IN (SELECT k.guardian_id FROM student_guardian k JOIN student x ON x.id = k.student_id WHERE x.name = '双胞0')`);
        assert.equal(Number(shared[0].children), 3);
    });

    test('a child of another school is sent back without saying which', async () => {
        const registrar = await as('registrar3');
        const { json } = await upload(registrar, excerpt([9], (row) => {
            row[at('姓名')] = '罗思雨';
            row[at('性别')] = '女';
            row[at('出生日期')] = '20180203';
            row[at('身份证件号')] = world.idNumbers.siyu;
        }));
        assert.deepEqual([json.added, json.rejected], [0, 1]);
        const [row] = await rowsOf(registrar, json.id, 'rejected');
        assert.equal(row.reason, 'duplicate_id');
        assert.equal(row.student_id, null);
        assert.doesNotMatch(row.message, /松山|班/);
        assert.match(row.message, /别的学校/);
    });

    test('who has graduated elsewhere may be enrolled', async () => {
        const registrar = await as('registrar3');
        await server.sql("UPDATE student SET status = '07' WHERE id = ?", [world.students.xin]);
        const { json } = await upload(registrar, excerpt([9], (row) => {
            row[at('姓名')] = '龙欣';
            row[at('性别')] = '女';
            row[at('出生日期')] = '20180909';
            row[at('身份证件号')] = world.idNumbers.xin;
        }));
        assert.deepEqual([json.added, json.changed, json.rejected], [0, 1, 0]);
        const [child] = await server.sql('SELECT school_id, status FROM student WHERE id = ?', [world.students.xin]);
        assert.deepEqual(child, { school_id: empty, status: '01' });
        assert.equal(await count('enrolment WHERE student_id = ? AND ends_on IS NULL AND school_id = ?', [world.students.xin, empty]), 1);
    });

    test('who has left this school is not brought back by a file', async () => {
        const registrar = await as('registrar3');
        await server.sql("UPDATE student SET status = '10' WHERE school_id = ? AND name = ?", [empty, lines[10][at('姓名')]]);
        const same = await upload(registrar, excerpt([11]));
        assert.deepEqual([same.json.unchanged, same.json.rejected], [1, 0]);
        const other = await upload(registrar, excerpt([11], (row) => { row[at('现住址')] = '松山乡新村1组'; }));
        assert.deepEqual([other.json.changed, other.json.rejected], [0, 1]);
        assert.equal((await rowsOf(registrar, other.json.id, 'rejected'))[0].reason, 'left_school');
        await server.sql("UPDATE student SET status = '01' WHERE school_id = ? AND name = ?", [empty, lines[10][at('姓名')]]);
    });

    test('a closed class takes nobody', async () => {
        const registrar = await as('registrar3');
        const nine = "org_unit SET closed_on = ? WHERE school_id = ? AND class_no = 9 AND level = 'class'";
        await server.sql(`UPDATE ${nine}`, ['2026-10-01', empty]);
        const { json } = await upload(registrar, excerpt([14], (row) => { row[at('班号')] = '2025级9班'; }));
        assert.equal(json.rejected, 1);
        assert.equal((await rowsOf(registrar, json.id, 'rejected'))[0].reason, 'class_closed');
        await server.sql(`UPDATE ${nine}`, [null, empty]);
    });

    test('a child without identity number is known by the enrolment number', async () => {
        const registrar = await as('registrar3');
        const file = (rows) => toCsv([['学籍号', ...lines[0]], ...rows]);
        const child = (number, change) => {
            const row = [...lines[14]];
            row[at('身份证件号')] = '';
            row[at('姓名')] = '无证';
            change?.(row);
            return [number, ...row];
        };
        const made = await upload(registrar, file([child('J520425201801010010')]));
        assert.equal(made.json.added, 1, made.text);
        const again = await upload(registrar, file([child('J520425201801010010')]));
        assert.deepEqual([again.json.added, again.json.unchanged], [0, 1]);
        const numbered = await upload(registrar, file([child('J520425201801010010', (row) => {
            row[at('出生日期')] = '20180101';
            row[at('性别')] = '男';
            row[at('身份证件号')] = identity('52042520180101005');
        })]));
        assert.equal(numbered.json.changed, 1);
        assert.equal(await count('student WHERE school_id = ? AND name = ? AND id_hash IS NOT NULL', [empty, '无证']), 1);
        const thief = await upload(registrar, file([child('J520425201801010010', (row) => {
            row[at('姓名')] = '别人';
            row[at('出生日期')] = '20180101';
            row[at('性别')] = '男';
            row[at('身份证件号')] = identity('52042520180101007');
        })]));
        assert.deepEqual([thief.json.added, thief.json.rejected], [0, 1]);
        const [row] = await rowsOf(registrar, thief.json.id, 'rejected');
        assert.deepEqual([row.field, row.reason], ['学籍号', 'duplicate_enrolment_no']);
    });

    test('an enrolment number holds the identity number: sealed, found by its hash, masked where it is shown', async () => {
        const registrar = await as('registrar3');
        const [id, name] = [lines[15][at('身份证件号')], lines[15][at('姓名')]];
        const file = (number, change = () => {}) => {
            const row = [...lines[15]];
            change(row);
            return toCsv([['学籍号', ...lines[0]], [number, ...row]]);
        };
        const { json } = await upload(registrar, file(`G${id}`));
        assert.deepEqual([json.changed, json.rejected], [1, 0]);
        const [row] = await rowsOf(registrar, json.id, 'changed');
        assert.deepEqual([row.field, row.value], ['学籍号', `G${id.slice(0, 4)}******${id.slice(-4)}`]);
        const [student] = await server.sql('SELECT * FROM student WHERE id = ?', [row.student_id]);
        assert.ok(Buffer.isBuffer(student.enrolment_no) && !student.enrolment_no.includes(id));
        const [hash] = libraryValues(server, [{ op: 'hash', purpose: 'enrolment', text: `g${id.toLowerCase()}` }]);
        assert.equal(student.enrolment_hash.toString('hex'), hash);

        const again = await upload(registrar, file(`g${id.toLowerCase()}`));
        assert.deepEqual([again.json.changed, again.json.unchanged], [0, 1]);
        const moved = await upload(registrar, file(`G${id}`, (cells) => {
            cells[at('身份证件号')] = '';
            cells[at('特长')] = '跳绳';
        }));
        assert.deepEqual([moved.json.added, moved.json.changed], [0, 1], 'the number alone tells who it is');
        assert.equal((await rowsOf(registrar, moved.json.id, 'changed'))[0].student_name, name);

        const stranger = await upload(registrar, toCsv([['学籍号', ...lines[0]], [`G${id}`, ...lines[16]]]));
        assert.deepEqual([stranger.json.changed, stranger.json.rejected], [0, 1]);
        const [refused] = await rowsOf(registrar, stranger.json.id, 'rejected');
        assert.deepEqual([refused.field, refused.reason, refused.value],
            ['学籍号', 'duplicate_enrolment_no', `G${id.slice(0, 4)}******${id.slice(-4)}`]);
    });

    test('columns the template does not know are named', async () => {
        const registrar = await as('registrar3');
        const { json } = await upload(registrar, toCsv([['座位', ...lines[0]], ['前排', ...lines[12]]]));
        assert.deepEqual([json.unchanged, json.columns_known, json.columns_total, json.unknown_columns], [1, 71, 72, ['座位']]);
        const one = await registrar.get(`imports/${json.id}`);
        assert.deepEqual(one.json.unknown_columns, ['座位']);
    });
});

describe('columns', () => {
    const strange = () => toCsv([['孩子叫什么', '性别', '哪天生的', '身份证件号', '在哪个班', '座位'], ['王一', '男', '20180405', identity('52042920180405111'), '二年级1班', '3']]);
    const named = '0=name 2=birth_on 4=class';

    test('another province\'s headings: a person says what they are', async () => {
        const registrar = await as('registrar3');
        const brought = await bring(registrar, strange());
        assert.deepEqual([brought.status, brought.json.state], [201, 'columns'], brought.text);
        work(server);
        const { json } = await registrar.get(`imports/${brought.json.id}`);
        assert.deepEqual([json.state, json.fault.code, json.fault.missing], ['columns', 'import.missing_columns', '姓名、出生日期、班号']);
        assert.match(json.fault.message, /少了这些列：姓名、出生日期、班号/);
        assert.equal((await act(registrar, json, 'apply')).status, 409);
        const columns = (await registrar.get(`imports/${json.id}/columns`)).json;
        assert.deepEqual(columns.items.map((one) => [one.at, one.heading, one.column, one.label]), [[0, '孩子叫什么', null, null], [1, '性别', 'sex', '性别'],
            [2, '哪天生的', null, null], [3, '身份证件号', 'id_number', '身份证件号'], [4, '在哪个班', null, null], [5, '座位', null, null]]);
        assert.deepEqual(columns.choices.filter((one) => one.required).map((one) => one.column), ['name', 'sex', 'birth_on', 'class']);

        const taught = await act(registrar, json, 'map', { mapping: `${named} 5=seat_no` });
        assert.deepEqual([taught.status, taught.json.state], [200, 'uploaded']);
        work(server);
        const ready = (await registrar.get(`imports/${json.id}`)).json;
        assert.deepEqual([ready.state, ready.added, ready.rejected, ready.columns_known, ready.unknown_columns, ready.fault], ['ready', 1, 0, 6, [], null]);

        const less = await act(registrar, ready, 'map', { mapping: '0=name 2=birth_on 4=class 1=-' });
        assert.equal(less.status, 200);
        work(server);
        const asked = (await registrar.get(`imports/${json.id}`)).json;
        assert.deepEqual([asked.state, asked.fault.missing], ['columns', '性别']);
        const done = await act(registrar, asked, 'map', { mapping: named });
        work(server);
        assert.equal(done.status, 200);
        const last = (await registrar.get(`imports/${json.id}`)).json;
        assert.deepEqual([last.state, last.unknown_columns], ['ready', ['座位']]);
        await act(registrar, last, 'apply');
        work(server);
        assert.equal(await count("student WHERE school_id = ? AND name = '王一' AND seat_no IS NULL", [empty]), 1);
    });

    test('a column that is left out says nothing', async () => {
        const registrar = await as('registrar3');
        const { json } = await preview(server, registrar, excerpt([20], (row) => { row[at('曾用名')] = '小名'; }));
        assert.deepEqual((await rowsOf(registrar, json.id, 'changed')).map((r) => r.field), ['曾用名']);
        await act(registrar, json, 'map', { mapping: `${at('曾用名')}=-` });
        work(server);
        const without = (await registrar.get(`imports/${json.id}`)).json;
        assert.deepEqual([without.changed, without.unchanged, without.unknown_columns], [0, 1, ['曾用名']]);
        assert.deepEqual(await rowsOf(registrar, json.id, 'changed'), []);
        assert.equal((await act(registrar, without, 'discard')).status, 200);
    });

    test('what cannot be meant is refused', async () => {
        const registrar = await as('registrar3');
        const { json } = await bring(registrar, strange());
        for (const mapping of ['0=nonsense', '0=name 1=name', '0=name 0=sex', '999=name', 'name', '0=', "0=name'--", `0=${'a'.repeat(3000)}`]) {
            const answer = await act(registrar, json, 'map', { mapping });
            assert.deepEqual([answer.status, answer.json.errors[0]?.field], [422, 'mapping'], mapping.slice(0, 30));
        }
        assert.equal((await act(registrar, json, 'discard')).status, 200);
        assert.equal((await (await as('registrar')).get(`imports/${json.id}/columns`)).status, 404);
        assert.equal((await (await as('teacher')).get(`imports/${json.id}/columns`)).status, 403);
    });

    test('missing columns are named together', async () => {
        const registrar = await as('registrar3');
        const { json } = await bring(registrar, '姓名,性别,出生日期\n王,男,20180101\n');
        const one = await registrar.get(`imports/${json.id}`);
        assert.equal(one.json.fault.missing, '班号、身份证件号');
        await act(registrar, one.json, 'discard');
    });
});

describe('who may import', () => {
    const small = () => excerpt([10]);

    test('registrar and academic office, nobody else', async () => {
        for (const login of ['principal3', 'teacher', 'guardian', 'county', 'nobody']) {
            const answer = await upload(await as(login), small());
            assert.equal(answer.status, 403, login);
            assert.equal((await (await as(login)).get('imports')).status, 403, login);
            for (const [action, body] of [['apply', {}], ['discard', {}], ['check', {}], ['map', { mapping: '' }]]) {
                const [one] = await server.sql('SELECT id, version FROM import ORDER BY id LIMIT 1');
                assert.equal((await act(await as(login), one, action, body)).status, login === 'nobody' || login === 'guardian' ? 403 : 403, login);
            }
        }
        assert.equal((await upload(await server.client(null), small())).status, 401);
    });

    test('not into another school, nor read what it imported', async () => {
        const other = await as('registrar');
        const imports = await server.sql('SELECT id FROM import WHERE school_id = ? LIMIT 1', [empty]);
        assert.equal((await upload(other, small(), { school: empty })).status, 404);
        assert.equal((await other.get(`imports/${imports[0].id}`)).status, 404);
        assert.equal((await other.get(`imports/${imports[0].id}/rows`)).status, 404);
        assert.deepEqual((await other.get('imports')).json.items, []);
        assert.equal((await upload(other, small(), { school: '12345' })).status, 404);
    });

    test('who looks after two schools says which', async () => {
        const both = await as('both');
        const answer = await upload(both, small());
        assert.equal(answer.status, 422);
        assert.deepEqual(answer.json.errors.map((e) => [e.field, e.code]), [['school_id', 'import.which_school']]);
        assert.equal((await upload(both, small(), { school: empty })).status, 201);
    });

    test('not without a key', async () => {
        const answer = await upload(await as('registrar3'), small(), { key: null });
        assert.equal(answer.status, 400);
        assert.equal(answer.json.code, 'no_idempotency_key');
    });
});

describe('what is no roster', () => {
    const refused = [
        ['a picture', Buffer.from('89504e470d0a1a0a0000000d', 'hex'), 'import.not_a_sheet'],
        ['an old .xls', Buffer.concat([Buffer.from('d0cf11e0a1b11ae1', 'hex'), Buffer.alloc(504)]), 'import.old_excel'],
        ['half an .xlsx', data('roster-a.xlsx').subarray(0, 100000), 'import.damaged'],
        ['a bomb', data('sheets/bad/bomb-ratio--too_large.xlsx'), 'import.too_large'],
        ['nothing', Buffer.alloc(0), 'import.empty_file'],
        ['another table', Buffer.from('日期,金额\n1,2\n'), 'import.no_heading'],
        ['a heading alone', Buffer.from(`${utf8.split('\r\n')[0]}\r\n`), 'import.no_rows'],
    ];

    for (const [what, body, code] of refused) {
        test(what, async () => {
            const before = await count('import');
            const answer = await upload(await as('registrar3'), body);
            assert.equal(answer.status, 422, answer.text);
            assert.deepEqual(answer.json.errors.map((e) => [e.field, e.code]), [['file', code]]);
            assert.doesNotMatch(answer.json.errors[0].message, /^error\.|\{/);
            assert.equal(await count('import'), before);
        });
    }

    test('a file name is shown without its folder, and not when it cannot be', async () => {
        const registrar = await as('registrar3');
        assert.equal((await upload(registrar, excerpt([10]), { name: 'C:\\名册\\一年级.csv' })).json.filename, '一年级.csv');
        const odd = await upload(registrar, excerpt([10]), { headers: { 'x-filename': '%00%ff' } });
        assert.equal(odd.json.filename, 'roster');
    });
});

describe('slips', () => {
    let cls;                                   // a class of the imported school
    let teacher;

    before(async () => {
        [cls] = await server.sql(`SELECT c.id, c.entry_year FROM org_unit c WHERE c.school_id = ? AND c.level = 'class' AND c.entry_year = 2024
            AND c.class_no = 1`, [empty]);
        await addPerson('teacher3', 'teacher', cls.id);
        teacher = await as('teacher3');
    });

    test('the class teacher prints the codes of the class, and the reading is on record', async () => {
        const answer = await teacher.get(`activation-slips?class_id=${cls.id}`);
        assert.equal(answer.status, 200, answer.text);
        assert.equal(answer.json.class_name, '三年级1班');
        assert.equal(answer.json.school_name, '板桥乡小学');
        const [{ n }] = await server.sql(`SELECT COUNT(DISTINCT l.guardian_id) AS n FROM student s JOIN student_guardian l ON l.student_id = s.id
            AND l.ends_on IS NULL WHERE s.class_id = ?`, [cls.id]);
        assert.equal(answer.json.items.length, Number(n));
        for (const slip of answer.json.items) {
            assert.match(slip.code, /^[2-9A-Z]{8}$/);
            assert.equal(slip.expires_on, '2026-11-07');
            assert.ok(slip.guardian_name && slip.children.length >= 1 && slip.children.every((c) => c.name && c.seat_no > 0));
        }
        assert.equal(new Set(answer.json.items.map((s) => s.code)).size, answer.json.items.length);
        assert.equal(answer.json.items[0].children[0].seat_no, 1);
        const [event] = await server.sql(`SELECT payload FROM audit_event WHERE unit_id = ? AND action = 'print' AND record = 'activation-slips'
            ORDER BY seq DESC LIMIT 1`, [empty]);
        assert.equal(JSON.parse(event.payload).changes.codes, answer.json.items.length);
        assert.ok(!event.payload.includes(answer.json.items[0].code));
    });

    test('a code opens the account of the guardian it names', async () => {
        const { json } = await teacher.get(`activation-slips?class_id=${cls.id}`);
        const nobody = await server.client(null);
        const known = await nobody.post('activation/check', { code: json.items[0].code });
        assert.equal(known.status, 200, known.text);
        assert.equal(known.json.guardian.name, json.items[0].guardian_name);
        const made = await nobody.post('activation', { code: json.items[0].code, password: 'quiet river 42' });
        assert.equal(made.status, 201, made.text);
        const later = await teacher.get(`activation-slips?class_id=${cls.id}`);
        assert.equal(later.json.items.length, json.items.length - 1);
        assert.ok(!later.json.items.some((s) => s.code === json.items[0].code));
    });

    test('new codes only for guardians without account and without a code that holds', async () => {
        const before = await teacher.get(`activation-slips?class_id=${cls.id}`);
        const none = await teacher.post('activation-slips', { class_id: cls.id });
        assert.equal(none.status, 200, none.text);
        assert.deepEqual(none.json, before.json);

        await server.sql(`UPDATE activation a JOIN student_guardian l ON l.guardian_id = a.guardian_id JOIN student s ON s.id = l.student_id
            SET a.expires_on = '2026-10-07' WHERE s.class_id = ?`, [cls.id]);
        assert.deepEqual((await teacher.get(`activation-slips?class_id=${cls.id}`)).json.items, []);
        const made = await teacher.post('activation-slips', { class_id: cls.id });
        assert.equal(made.json.items.length, before.json.items.length);
        assert.ok(made.json.items.every((s) => s.expires_on === '2026-11-07' && !before.text.includes(s.code)));
        const again = await teacher.post('activation-slips', { class_id: cls.id });
        assert.deepEqual(again.json, made.json);
        assert.equal(await count('idempotency_key WHERE body LIKE ?', [`%${made.json.items[0].code}%`]), 0);
    });

    test('not of another class, not without the capability', async () => {
        const other = world.units.class1.id;
        assert.equal((await teacher.get(`activation-slips?class_id=${other}`)).status, 404);
        assert.equal((await teacher.post('activation-slips', { class_id: other })).status, 404);
        assert.equal((await (await as('registrar')).get(`activation-slips?class_id=${cls.id}`)).status, 404);
        assert.equal((await (await as('registrar3')).get(`activation-slips?class_id=${cls.id}`)).status, 200);
        for (const login of ['subject', 'guardian', 'principal3', 'county']) {
            assert.equal((await (await as(login)).get(`activation-slips?class_id=${other}`)).status, 403, login);
        }
        assert.equal((await teacher.get('activation-slips')).status, 422);
        assert.equal((await teacher.post('activation-slips', {})).status, 422);
    });
});
