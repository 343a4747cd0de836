// capture.js: which statements one request runs, as a script for bare.c: what names the request's own rows becomes a parameter.

import { record } from '../lib/statements.js';

export async function recorder(server) {
    return record(server);
}

const literal = /'(?:[^'\\]|\\.|'')*'|\b\d{17,19}\b/gs;

/** The text of MariaDB's NAME_CONST and _utf8mb4'…' COLLATE … around the variables of a compound statement, as plain literals. */
const plain = (text) => text.replace(/NAME_CONST\('\w+',\s*(?:_utf8mb4)?(?:TIMESTAMP)?((?:'(?:[^'\\]|\\.|'')*')|\d+)(?:\s*COLLATE '\w+')?\)/gs, '$1')
    .replace(/_utf8mb4('(?:[^'\\]|\\.|'')*')(?: COLLATE '\w+')?/gs, '$1');

/** A statement and its parameters; row: { name: value } of the request that was recorded. */
function parameterise(text, row, key, fresh) {
    const names = new Map(Object.entries(row).map(([name, value]) => [String(value), name]));
    const params = [];
    const token = (value) => {
        if (!names.has(value) && !fresh.has(value)) {
            fresh.set(value, `new${fresh.size}`);
        }
        return `{${names.get(value) ?? fresh.get(value)}}`;
    };
    const sql = plain(text).replace(/\s+/g, ' ').replace(literal, (found) => {
        if (found[0] !== "'") {
            params.push(`i:${token(found)}`);
            return '?';
        }
        const inside = found.slice(1, -1);
        if (key !== undefined && inside === key) {
            params.push('s:{uuid}');
            return '?';
        }
        if (/^\d{4}-\d\d-\d\d$/.test(inside) && names.has(inside)) {
            params.push(`s:{${names.get(inside)}}`);
            return '?';
        }
        if (!/\d{17,19}/.test(inside) || inside.length > 300) {
            return /[^\x20-\x7e]/.test(inside) || inside.includes('\\') ? `'${inside.replace(/\\[^"]|[^\x20-\x7e\u4e00-\u9fff]/gs, 'x')}'` : found;
        }
        params.push(`s:${inside.replace(/\\"/g, '"').replace(/\d{17,19}/g, token)}`);
        return '?';
    });
    return { sql, params };
}

/** The script of what was recorded: reads first, then the transaction. `compound` is the same with all writes in one statement. */
export function scriptOf(statements, row, { key, list = false } = {}) {
    const reads = [];
    const writes = [];
    const fresh = new Map();                      // ids that the request made
    const wanted = statements.map(({ text }) => text).filter((text) => !/NAME_CONST\('outcome'/.test(text) && !/FROM session s JOIN|FROM position p JOIN org_unit u|role_capability/.test(text));
    for (const text of wanted) {
        const { sql, params } = parameterise(text, row, key, fresh);
        if (/^SELECT/.test(text)) {
            reads.push([list ? 'list' : 'row', sql, ...params]);
        } else {
            writes.push(['do', sql, ...params]);
        }
    }
    const lines = (all) => `${all.map((cells) => cells.join('\t')).join('\n')}\n`;
    const tail = ['do', `BEGIN NOT ATOMIC START TRANSACTION; ${writes.map(([, sql]) => sql).join('; ')}; COMMIT; END`, ...writes.flatMap(([, , ...params]) => params)];
    return {
        statements: wanted.length,
        text: lines(writes.length === 0 ? reads : [...reads, ['begin'], ...writes, ['commit']]),
        compound: writes.length === 0 ? undefined : lines([...reads, tail]),
    };
}
