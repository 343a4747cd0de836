// world.js: a small county for tests, in the calendar of the worked examples: two schools, three classes, a few children,
// everybody's account. Every account signs in with `accountPassword`; guardians by their login here or by their phone.
//
//   county (澜溪县)
//     township (松山乡)
//       school (松山乡中心学校, 2152001234)     principal vice office registrar grade psych
//         class1 (三年级1班)                    teacher, subject;  children: siyu, hao, min
//         class2 (三年级2班)                    teacherB;          children: yu (siyu's brother), bin (teacherB's own child)
//     township2 (云岭乡)
//       school2 (云岭乡中心学校, 2152005678)    principal2
//         class3 (三年级1班)                    teacher2;          children: xin
//
//   guardians: guardian (mother of siyu and yu), father (of siyu and yu), guardianHao, guardian2 (mother of xin);
//   nobody: signs in, has no position and no child.

import { accountPassword, control } from './database.js';

const calendar = {
    terms: [[2026, 1, '2026-09-01', '2027-01-29'], [2026, 2, '2027-03-01', '2027-07-09']],
    days: [
        ...['01', '02', '03', '04', '05', '06', '07'].map((day) => [`2026-10-${day}`, 'holiday', '国庆节']),
        ['2026-10-10', 'makeup', '国庆调休'],
        ['2027-01-01', 'holiday', '元旦'],
    ],
};

const units = [
    { key: 'county', level: 'county', name: '澜溪县教育体育局', code: '522799' },
    { key: 'township', parent: 'county', level: 'township', name: '松山乡', code: '522799101' },
    { key: 'township2', parent: 'county', level: 'township', name: '云岭乡', code: '522799102' },
    { key: 'school', parent: 'township', level: 'school', name: '松山乡中心学校', code: '2152001234', stage: 'primary' },
    { key: 'school2', parent: 'township2', level: 'school', name: '云岭乡中心学校', code: '2152005678', stage: 'primary' },
    { key: 'gradeUnit', parent: 'school', level: 'grade', name: '2024级', stage: 'primary', year: 2024 },
    { key: 'gradeUnit2', parent: 'school2', level: 'grade', name: '2024级', stage: 'primary', year: 2024 },
    { key: 'class1', parent: 'gradeUnit', level: 'class', name: '2024级1班', stage: 'primary', year: 2024, number: 1 },
    { key: 'class2', parent: 'gradeUnit', level: 'class', name: '2024级2班', stage: 'primary', year: 2024, number: 2 },
    { key: 'class3', parent: 'gradeUnit2', level: 'class', name: '2024级1班', stage: 'primary', year: 2024, number: 1 },
];

const staff = [
    ['county', '周启明', 'county', 'county'], ['township', '韦大明', 'township', 'township'],
    ['principal', '刘建国', 'principal', 'school'], ['vice', '何秀英', 'vice', 'school'],
    ['office', '陈志强', 'office', 'school'], ['registrar', '吴敏', 'registrar', 'school'],
    ['grade', '罗永福', 'grade', 'gradeUnit'], ['psych', '石兰', 'psych', 'school'],
    ['teacher', '王晓梅', 'teacher', 'class1'], ['subject', '罗勇', 'subject', 'class1'],
    ['teacherB', '冯兰', 'teacher', 'class2'],
    ['principal2', '杨再兴', 'principal', 'school2'], ['teacher2', '龙文华', 'teacher', 'class3'],
    ['nobody', '白无名', null, null],
];

const students = [
    { key: 'siyu', name: '罗思雨', sex: '2', class: 'class1', seat: 1, id: '520402201802030021', born: '2018-02-03' },
    { key: 'hao', name: '李浩', sex: '1', class: 'class1', seat: 2, id: '520402201805060017', born: '2018-05-06' },
    { key: 'min', name: '韦敏', sex: '2', class: 'class1', seat: 3, id: '520402201807080026', born: '2018-07-08' },
    { key: 'yu', name: '罗思宇', sex: '1', class: 'class2', seat: 1, id: '520402201703040013', born: '2017-03-04' },
    { key: 'bin', name: '冯斌', sex: '1', class: 'class2', seat: 2, id: '520402201801010012', born: '2018-01-01' },
    { key: 'xin', name: '龙欣', sex: '2', class: 'class3', seat: 1, id: '520402201809090028', born: '2018-09-09' },
];

const guardians = [
    { key: 'guardian', name: '杨秀莲', phone: '13985550001', relation: 'mother', children: ['siyu', 'yu'] },
    { key: 'father', name: '罗国平', phone: '13985550002', relation: 'father', children: ['siyu', 'yu'] },
    { key: 'guardianHao', name: '李春花', phone: '13985550003', relation: 'grandmother', children: ['hao'] },
    { key: 'teacherB', name: '冯兰', phone: '13985550004', relation: 'mother', children: ['bin'] },
    { key: 'guardian2', name: '吴桂英', phone: '13985550005', relation: 'mother', children: ['xin'] },
];

/** The 18th character of an identity number by GB 11643. */
export function checkDigit(first17) {
    const weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    const sum = weights.reduce((total, weight, i) => total + weight * Number(first17[i]), 0);
    return '10X98765432'[sum % 11];
}

/** Ids, sealed values, look-up hashes and password hashes as the library makes them, many at once. */
export function libraryValues(server, items) {
    return JSON.parse(control(server.dir, ['test-values'], { input: JSON.stringify(items) }));
}

const bytes = (hex) => (hex === null ? null : Buffer.from(hex, 'hex'));

class Builder {
    constructor(server) {
        this.server = server;
        this.at = '2026-08-20 08:00:00';
        this.world = { units: {}, students: {}, guardians: {}, accounts: {}, phones: {}, idNumbers: {} };
    }

    insert(table, row) {
        const names = Object.keys(row);
        return this.server.sql(`INSERT INTO \`${table}\` (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})`,
            Object.values(row));
    }

    #values() {
        const numbers = students.map(({ id }) => id.slice(0, 17) + checkDigit(id));
        const phones = guardians.map(({ phone }) => phone);
        const wanted = [
            { op: 'password', text: accountPassword },
            ...numbers.flatMap((text) => [{ op: 'seal', text }, { op: 'hash', purpose: 'id', text },
                { op: 'hash', purpose: 'id4', text: text.slice(-4) }]),
            ...phones.flatMap((text) => [{ op: 'seal', text }, { op: 'hash', purpose: 'phone', text }]),
        ];
        const count = units.length + staff.length + 2 * students.length + 2 * guardians.length + staff.length + 8;
        const made = libraryValues(this.server, [...wanted, ...Array.from({ length: count }, () => ({ op: 'id' }))]);
        this.password = made[0];
        this.sealed = new Map();
        numbers.forEach((text, i) => this.sealed.set(text, made.slice(1 + 3 * i, 4 + 3 * i).map(bytes)));
        phones.forEach((text, i) => this.sealed.set(text, made.slice(1 + 3 * numbers.length + 2 * i).slice(0, 2).map(bytes)));
        this.ids = made.slice(wanted.length);
    }

    id() { return this.ids.shift(); }

    async build() {
        this.#values();
        for (const unit of units) {
            await this.#unit(unit);
        }
        await this.#calendar();
        for (const person of staff) {
            await this.#staff(...person);
        }
        for (const student of students) {
            await this.#student(student);
        }
        for (const guardian of guardians) {
            await this.#guardian(guardian);
        }
        return this.world;
    }

    async #unit({ key, parent, level, name, code = null, stage = null, year = null, number = null }) {
        const up = parent ? this.world.units[parent] : null;
        const id = this.id();
        const unit = {
            id, level, name, code,
            path: `${up ? up.path : '/'}${id}/`,
            township: level === 'township' ? id : up?.township ?? null,
            school: level === 'school' ? id : up?.school ?? null,
        };
        this.world.units[key] = unit;
        await this.insert('org_unit', {
            id, parent_id: up?.id ?? null, level, name, code, path: unit.path, township_id: unit.township,
            school_id: unit.school, stage, entry_year: year, class_no: number, created_at: this.at,
        });
    }

    async #calendar() {
        const county = this.world.units.county.id;
        for (const [school_year, number, starts_on, ends_on] of calendar.terms) {
            await this.insert('term', { id: this.id(), unit_id: county, school_year, number, starts_on, ends_on });
        }
        for (const [day, kind, name] of calendar.days) {
            await this.insert('calendar_day', { unit_id: county, day, kind, name });
        }
    }

    async #staff(login, name, role, unit) {
        const id = this.id();
        this.world.accounts[login] = id;
        await this.insert('account', { id, name, login: login.toLowerCase(), password: this.password, created_at: this.at });
        if (role !== null) {
            await this.insert('position', {
                id: this.id(), account_id: id, role, unit_id: this.world.units[unit].id, starts_on: '2026-08-20', created_at: this.at,
            });
        }
    }

    async #student({ key, name, sex, class: className, seat, id: number, born }) {
        const cls = this.world.units[className];
        const full = number.slice(0, 17) + checkDigit(number);
        const [sealed, hash, last4] = this.sealed.get(full);
        const id = this.id();
        this.world.students[key] = id;
        this.world.idNumbers[key] = full;
        await this.insert('student', {
            id, class_id: cls.id, school_id: cls.school, township_id: cls.township, name, sex, birth_on: born,
            id_number: sealed, id_hash: hash, id_last4: last4, seat_no: seat, enrolled_on: '2024-09-01',
            created_at: this.at, updated_at: this.at,
        });
        await this.insert('enrolment', { id: this.id(), student_id: id, class_id: cls.id, school_id: cls.school, starts_on: '2024-09-01' });
    }

    async #guardian({ key, name, phone, relation, children }) {
        const [sealed, hash] = this.sealed.get(phone);
        const id = this.id();
        let account = this.world.accounts[key];
        if (account === undefined) {
            account = this.id();
            this.world.accounts[key] = account;
            await this.insert('account', {
                id: account, name, login: key.toLowerCase(), phone_sealed: sealed, phone_hash: hash, password: this.password,
                created_at: this.at,
            });
        }
        this.world.guardians[key] = id;
        this.world.phones[key] = phone;
        await this.insert('guardian', {
            id, name, phone: sealed, phone_hash: hash, account_id: account, created_at: this.at, updated_at: this.at,
        });
        for (const child of children) {
            await this.insert('student_guardian', { student_id: this.world.students[child], guardian_id: id, relation });
        }
    }
}

/** Fills a server's empty database. Returns ids by name: { units, students, guardians, accounts, phones, idNumbers }. */
export function buildWorld(server) {
    return new Builder(server).build();
}
