// many.js: several slips of half a page at once: two on a sheet, to be cut apart. Documents of other sizes have a sheet each.

import { get } from '../api.js';
import { html, t, problemText, useEffect, useState, Icon, Note, Skeleton } from '../ui.js';
import { Desk } from '../staff/desk.js';
import { Sheet } from './sheet.js';

/** [[doc, doc], …]: what shares a sheet. */
function sheetsOf(docs) {
    const halves = docs.filter(({ size }) => size === 'half');
    const pairs = Array.from({ length: Math.ceil(halves.length / 2) }, (_, i) => halves.slice(2 * i, 2 * i + 2));

    return [...pairs, ...docs.filter(({ size }) => size !== 'half').map((doc) => [doc])];
}

export default function Many({ ids }) {
    const [state, set] = useState({});
    const title = t('print.many', { n: ids.length });

    useEffect(() => { Promise.all(ids.map((id) => get(`documents/${id}/content`))).then((docs) => set({ docs }), (problem) => set({ problem })); }, [ids.join()]);

    const sheets = state.docs && sheetsOf(state.docs);

    return html`<${Desk} title=${title} current="#/documents" tools=${sheets && html`<div class="tools noprint"><button class="btn pri" type="button" onClick=${() => window.print()}><${Icon} of="print"/>${t('print.go')}</button></div>`}>
        ${state.problem ? html`<div role="alert"><${Note} tone="no">${problemText(state.problem)}<//></div>` : !sheets ? html`<${Skeleton}/>`
            : html`<p class="noprint mut">${t('print.many.text', { n: sheets.length })}</p>
                <div class="paper preview" tabindex="0" role="region" aria-label=${title}>${sheets.map(([doc, second]) => html`<${Sheet} key=${doc.id} doc=${doc} second=${second} paper=${doc.size}/>`)}</div>`}<//>`;
}
