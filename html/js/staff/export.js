// export.js: takes a list away as a spreadsheet: a button, what will be in the file, and the file saved under the server's name.

import { get } from '../api.js';
import { toast } from '../frame.js';
import { Dialog } from '../parts.js';
import { html, t, loadTexts, problemText, useState, Icon, Note } from '../ui.js';

/** The name the server gives a file. */
function nameOf(headers, otherwise) {
    const given = /filename\*=UTF-8''([^;]+)/.exec(headers.get('Content-Disposition') || '');

    return given ? decodeURIComponent(given[1]) : otherwise;
}

/** Asks for a file and has the browser save it. Returns the answer's headers. */
export async function saveFile(path, otherwise) {
    const { blob, headers } = await get(path, { file: true });
    const link = document.createElement('a');

    link.href = URL.createObjectURL(blob);
    link.download = nameOf(headers, otherwise);
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60e3);
    return headers;
}

function ExportDialog({ record, query, close }) {
    const [busy, setBusy] = useState(false);
    const [problem, setProblem] = useState(null);

    async function save(format) {
        setBusy(true);
        setProblem(null);
        try {
            const rows = (await saveFile(`${record}/export?${new URLSearchParams({ ...query, format })}`, `${record}.${format}`)).get('X-Rows') || '';

            close();
            toast(t(rows.includes('cut') ? 'export.cut' : 'export.done', { n: parseInt(rows, 10) || 0 }));
        } catch (refusal) {
            setProblem(refusal);
            setBusy(false);
        }
    }

    return html`<${Dialog} title=${t('export')} close=${close}><p>${t('export.what')}</p>
        ${problem && html`<div role="alert"><${Note} tone="no">${problemText(problem)}<//></div>`}
        <p class="cap" role="status">${busy && t('export.busy')}</p>
        <div class="v v2">${['xlsx', 'csv'].map((format) => html`<button key=${format} class="btn ${format === 'xlsx' ? 'pri' : ''}" type="button" disabled=${busy} onClick=${() => save(format)}>
            <${Icon} of="down"/>${t(`export.${format}`)}</button>`)}
            <button class="btn quiet" type="button" onClick=${close}>${t('export.cancel')}</button></div><//>`;
}

/** A button over a list. record: path of the list; query: its filters as they are now. */
export function Export({ record, query = {} }) {
    const [open, set] = useState(false);
    const asked = Object.fromEntries(Object.entries(query).filter(([, value]) => value));

    return html`<button class="btn" type="button" onClick=${() => loadTexts(['document']).then(() => set(true), () => toast(t('failed')))}><${Icon} of="down"/>${t('list.export')}</button>
        ${open && html`<${ExportDialog} record=${record} query=${asked} close=${() => set(false)}/>`}`;
}
