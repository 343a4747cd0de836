// paper.js: what a page of the portal looks like on paper: Chromium's PDF, its pages, its text, and what its QR says.

import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { createRequire } from 'node:module';
import { temporary } from './processes.js';

const jsQR = createRequire(import.meta.url)('jsqr');

/** Prints a page as the button "print" would. Returns { file, pages, size: 'w x h' in points, text, qr }. */
export async function print(page, name = 'paper') {
    const dir = temporary();
    const file = path.join(dir, `${name}.pdf`);

    await page.pdf({ path: file, preferCSSPageSize: true, printBackground: true });

    const info = execFileSync('pdfinfo', [file], { encoding: 'utf8' });

    return {
        file,
        pages: Number(info.match(/^Pages:\s+(\d+)/m)[1]),
        size: info.match(/^Page size:\s+([\d.]+ x [\d.]+)/m)[1],
        text: execFileSync('pdftotext', ['-raw', file, '-'], { encoding: 'utf8' }),
        qr: () => qrOf(file, dir),
    };
}

/** The text without what layout puts between its words; texts come in the order in which they were drawn. */
export const dense = (text) => text.replace(/\s+/g, '');

/* The first page as a scanner at 200 dots an inch would see it. */
function qrOf(file, dir) {
    const prefix = path.join(dir, 'scan');

    execFileSync('pdftoppm', ['-r', '200', '-f', '1', '-l', '1', '-singlefile', file, prefix]);

    const bytes = fs.readFileSync(`${prefix}.ppm`);
    const [head, width, height] = bytes.subarray(0, 40).toString('latin1').match(/^P6\s+(\d+)\s+(\d+)\s+255\s/);
    const [w, h, from] = [Number(width), Number(height), head.length];
    const rgba = new Uint8ClampedArray(w * h * 4);

    for (let i = 0; i < w * h; i += 1) {
        rgba.set([bytes[from + 3 * i], bytes[from + 3 * i + 1], bytes[from + 3 * i + 2], 255], 4 * i);
    }
    return jsQR(rgba, w, h)?.data;
}
