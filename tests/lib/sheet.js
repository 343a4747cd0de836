// sheet.js: what is in an .xlsx, as a spreadsheet shows it: rows of texts. Formulas and numbers throw: nothing of ours has any.

import zlib from 'node:zlib';

function entries(bytes) {
    const end = bytes.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'));
    const found = new Map();
    let at = bytes.readUInt32LE(end + 16);

    for (let n = bytes.readUInt16LE(end + 10); n > 0; n -= 1) {
        const [method, size] = [bytes.readUInt16LE(at + 10), bytes.readUInt32LE(at + 20)];
        const [name, extra, comment] = [28, 30, 32].map((offset) => bytes.readUInt16LE(at + offset));
        const local = bytes.readUInt32LE(at + 42);
        const from = local + 30 + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28);
        const packed = bytes.subarray(from, from + size);

        found.set(bytes.toString('utf8', at + 46, at + 46 + name), method === 8 ? zlib.inflateRawSync(packed) : packed);
        at += 46 + name + extra + comment;
    }
    return found;
}

const plain = (xml) => xml.replace(/<[^>]*>/g, '').replace(/&lt;/g, '<').replace(/&gt;/g, '>').replace(/&quot;/g, '"').replace(/&amp;/g, '&');

/** The rows of the first sheet. */
export function readXlsx(bytes) {
    const all = entries(bytes);
    const sheet = all.get('xl/worksheets/sheet1.xml').toString('utf8');
    const shared = [...(all.get('xl/sharedStrings.xml')?.toString('utf8') ?? '').matchAll(/<si>(.*?)<\/si>/gs)].map(([, text]) => plain(text));

    if (/<f[ >]/.test(sheet)) {
        throw new Error('a formula');
    }
    return [...sheet.matchAll(/<row [^>]*>(.*?)<\/row>/gs)].map(([, row]) => {
        const cells = [];

        for (const [, column, attributes, content] of row.matchAll(/<c r="([A-Z]+)\d+"([^>]*?)(?:\/>|>(.*?)<\/c>)/gs)) {
            const at = [...column].reduce((n, letter) => n * 26 + letter.charCodeAt(0) - 64, 0) - 1;
            const kind = attributes.match(/t="(\w+)"/)?.[1];

            if (content && !['s', 'inlineStr'].includes(kind)) {
                throw new Error(`no text in ${column}: ${content}`);
            }
            cells[at] = kind === 's' ? shared[Number(plain(content))] : plain(content ?? '');
        }
        return Array.from(cells, (cell) => cell ?? '');
    });
}

/** The rows of a CSV as we write it: every cell in quotes. */
export function readCsv(bytes) {
    return bytes.toString('utf8').replace(/^\ufeff/, '').split('\r\n').slice(0, -1)
        .map((line) => [...line.matchAll(/"((?:[^"]|"")*)"/g)].map(([, cell]) => cell.replace(/""/g, '"')));
}

/** A row as an object by the heading. */
export const byHeading = ([heading, ...rows]) => rows.map((row) => Object.fromEntries(heading.map((name, i) => [name, row[i] ?? ''])));
