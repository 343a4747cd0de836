// charts.js: figures drawn as plain SVG, without a library: bars by month and a funnel. What a chart says is said in a table under it,
// so that nobody needs to see it; colours are those of the style sheet and never the only difference.

import { html, t } from '../ui.js';
import { useWide } from './list.js';

const nice = (most) => { const step = 10 ** Math.floor(Math.log10(Math.max(most, 1))); return Math.max(4, Math.ceil(most / step) * step); };

/** A chart with its table under it, folded until it is wanted. rows: the first cell heads its row. */
export function Figure({ title, note, head, rows, children }) {
    return html`<figure class="card v"><figcaption><h2>${title}</h2>${note && html`<p class="mut sm">${note}</p>`}</figcaption>
        <div aria-hidden="true">${children}</div>
        <details open><summary class="sm">${t('case.chart.table')}</summary><div class="tw" tabindex="0" role="region" aria-label=${title}><table class="tb tight"><thead><tr>${head.map((word, i) => html`<th key=${word} scope="col" class=${i ? 'r' : ''}>${word}</th>`)}</tr></thead>
            <tbody>${rows.map((row) => html`<tr key=${row[0]}>${row.map((cell, i) => (i ? html`<td key=${head[i]} class="r n">${cell}</td>` : html`<th key=${head[i]} scope="row">${cell}</th>`))}</tr>`)}</tbody></table></div></details></figure>`;
}

/** Groups of bars. groups: [{ label, values }]; series: [{ name, look }], look a class of the style sheet. */
export function Bars({ groups, series }) {
    const wide = useWide(37.5);
    const full = wide ? 560 : 300;
    const height = 200;
    const most = nice(Math.max(...groups.flatMap((group) => group.values), 1));
    const slot = (full - 32) / groups.length;
    const every = Math.ceil(34 / slot);                               // months whose name is written
    const bar = Math.min(28, (slot - 10) / series.length);
    const y = (value) => 8 + (height - 8) * (1 - value / most);

    return html`<svg class="ch" viewBox="0 0 ${full} ${height + (wide ? 48 : 28 + 20 * series.length)}">${[0, most / 2, most].map((value) => html`<g key=${value}><line class="l0" x1="30" x2=${full} y1=${y(value)} y2=${y(value)}/>
            <text class="e" x="26" y=${y(value) + 4}>${value}</text></g>`)}
        ${groups.map((group, i) => html`<g key=${group.label}>${group.values.map((value, k) => {
        const x = 32 + i * slot + (slot - bar * series.length) / 2 + k * bar;

        return value > 0 && html`<g key=${k}><rect class=${series[k].look} x=${x + 1} y=${y(value)} width=${bar - 2} height=${y(0) - y(value)} rx="2"/><text class="m s" x=${x + bar / 2} y=${y(value) - 3}>${value}</text></g>`;
    })}
            ${(groups.length - 1 - i) % every === 0 && html`<text class="m" x=${32 + i * slot + slot / 2} y=${height + 16}>${group.label}</text>`}</g>`)}
        ${series.map((one, k) => html`<g key=${one.name}><rect class=${one.look} x=${32 + (wide ? k * 150 : 0)} y=${height + 30 + (wide ? 0 : k * 20)} width="12" height="12" rx="2"/>
            <text class="s" x=${50 + (wide ? k * 150 : 0)} y=${height + 41 + (wide ? 0 : k * 20)}>${one.name}</text></g>`)}</svg>`;
}

/** Steps one under the other, each as wide as its share of the first. steps: [{ label, n }]. */
export function Funnel({ steps }) {
    const most = Math.max(1, steps[0]?.n || 0);
    const full = useWide(37.5) ? 560 : 300;                           // as wide as it is shown, so that its words are
    const [left, row] = [full > 300 ? 132 : 104, 34];
    const width = full - left - 48;

    return html`<svg class="ch" viewBox="0 0 ${full} ${steps.length * row}">${steps.map((step, i) => {
        const wide = Math.max(step.n ? 3 : 0, width * step.n / most);

        return html`<g key=${step.label}><text class="e s" x=${left - 8} y=${i * row + 21}>${step.label}</text><rect class="fw" x=${left} y=${i * row + 4} width=${width} height=${row - 8} rx="3"/>
            <rect class=${i >= steps.length - 2 ? 'f1' : 'f4'} x=${left + (width - wide) / 2} y=${i * row + 4} width=${wide} height=${row - 8} rx="3"/><text class="k" x=${left + width + 8} y=${i * row + 21}>${step.n}</text></g>`;
    })}</svg>`;
}
