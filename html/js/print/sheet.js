// sheet.js: a document as it is on paper. Draws what the server has laid out in words: forms, paragraphs, tables, places to sign, cut
// lines; knows no document. In the document's own language, which is Chinese.

import { html } from '../ui.js';

const day = (iso) => `${Number(iso.slice(0, 4))}年${Number(iso.slice(5, 7))}月${Number(iso.slice(8, 10))}日`;

const Qr = ({ of, label }) => html`<svg class="qr" viewBox="-4 -4 ${of.size + 8} ${of.size + 8}" role="img" aria-label=${label}><path fill="#000" d=${of.path}/></svg>`;

/* Cells of a line share the width of the widest; the last one takes what is left. */
function Form({ rows }) {
    const width = (row) => row.reduce((n, cell) => n + (cell.span || 1), 0);
    const most = Math.max(...rows.map(width));

    return html`<table><tbody>${rows.map((row, i) => html`<tr key=${i}>${row.map((cell, k) => {
        const span = (cell.span || 1) + (k === row.length - 1 ? most - width(row) : 0);

        return html`<th scope="row">${cell.label}</th><td colspan=${span * 2 - 1}>${cell.value}</td>`;
    })}</tr>`)}</tbody></table>`;
}

/** A name, a class, a number or a day stays on one line. */
const short = (cell) => String(cell ?? '').length <= 5 || /^([\d*-]{6,11}|\d{4}年\d+月\d+日)$/.test(cell);

const Table = ({ columns, rows }) => html`<table class=${columns.length > 8 ? 'many' : undefined}><thead><tr>${columns.map((name, i) => html`<th key=${i} scope="col">${name}</th>`)}</tr></thead>
    <tbody>${rows.map((row, i) => html`<tr key=${i}>${row.map((cell, k) => html`<td key=${k} class=${short(cell) ? 'n' : undefined}>${cell}</td>`)}</tr>`)}</tbody></table>`;

const Seal = ({ doc }) => html`<div class="sealed"><div class="h">
    <${Qr} of=${doc.qr} label="核验二维码"/><p class="l fine g">扫码核真伪<br/>不显示个人信息</p></div>
    <div class="sign"><svg class="seal" viewBox="0 0 100 100" aria-hidden="true"><circle cx="50" cy="50" r="48"/><text x="50" y="24">盖 章 处</text></svg>
        <p class="rt">${doc.issuer}</p><p class="rt">${day(doc.issued_at)}</p></div></div>`;

const PARTS = {
    form: (part) => html`<${Form} rows=${part.rows}/>`,
    table: (part) => html`<${Table} columns=${part.columns} rows=${part.rows}/>`,
    text: (part) => part.paragraphs.map((text, i) => html`<p key=${i}>${text}</p>`),
    line: (part) => part.paragraphs.map((text, i) => html`<p key=${i} class="l">${text}</p>`),
    fine: (part) => part.paragraphs.map((text, i) => html`<p key=${i} class="l fine">${text}</p>`),
    sign: (part) => html`<ul class="places">${part.places.map((place, i) => html`<li key=${i}><span>${place}：</span><span class="cap2">　　年　　月　　日</span></li>`)}</ul>`,
    seal: (part, doc) => html`<${Seal} doc=${doc}/>`,
    cut: (part) => html`<p class="cut l">${part.paragraphs[0]}</p>`,
};

const Parts = ({ doc }) => doc.parts.map((part, i) => html`<div key=${i} class="part p-${part.type}">${part.title && html`<h3>${part.title}</h3>`}${PARTS[part.type]?.(part, doc)}</div>`);

const Foot = ({ doc }) => html`<p class="l fine foot">编号 ${doc.number}　核验码 ${doc.mark}</p>`;

const Slip = ({ doc }) => html`<section class="slip"><div class="h top"><div class="g"><h2 class="t">${doc.title}</h2><p class="l fine">${doc.issuer}　${doc.number}</p></div><${Qr} of=${doc.qr} label="核验二维码"/></div><${Parts} doc=${doc}/>
    <p class="l fine">核验码 ${doc.mark}</p></section>`;

/** A document on its paper. paper: a4, half (upper half of A4) or a5. second: what has the lower half. */
export function Sheet({ doc, second, paper }) {
    const sealed = doc.parts.some((part) => part.type === 'seal');

    return html`<article class="a4 doc ${paper}" lang="zh-CN" aria-label=${doc.title}>${doc.size === 'half'
        ? html`<${Slip} doc=${doc}/>${paper === 'half' && html`<p class="cut l">沿此线裁开</p>`}${second && html`<${Slip} doc=${second}/>`}`
        : html`<div class="h top">${!sealed && html`<span class="qrroom"></span>`}<h2 class="t g">${doc.title}</h2>${!sealed && html`<${Qr} of=${doc.qr} label="核验二维码"/>`}</div>
            <p class="rt fine numline">${sealed ? doc.number : `${doc.issuer}　${doc.number}`}</p><${Parts} doc=${doc}/><${Foot} doc=${doc}/>`}</article>`;
}
