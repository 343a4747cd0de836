// documents.js: what may be printed of a record, and what was: for any page of a record.

import { post } from '../api.js';
import { go, toast } from '../frame.js';
import { html, t, loadTexts, problemText, timeText, useData, useEffect, useState, Badge, Icon } from '../ui.js';

/* The words of this file, once they are there. */
function useWords() {
    const [ready, set] = useState(false);

    useEffect(() => { loadTexts(['document']).then(() => set(true), () => {}); }, []);
    return ready;
}

/** Prints a document of a record: gives it out, or finds the one that says the same, and opens it. */
export function PrintButton({ id, kind, label, class: more = '' }) {
    const [busy, setBusy] = useState(false);

    async function print() {
        setBusy(true);
        try {
            go(`print/${(await post('documents', { kind, record_id: id })).id}`);
        } catch (refusal) {
            toast(problemText(refusal));
            setBusy(false);
        }
    }

    return html`<button class="btn ${more}" type="button" disabled=${busy} onClick=${print}><${Icon} of="print"/>${label}</button>`;
}

/** A section: a button for each document that may be printed now, and those there are. version: of the record, asks again. */
export function Documents({ record, id, version }) {
    const words = useWords();
    const data = useData(`${record}/${id}/documents`, { kept: false });

    useEffect(() => data.value && data.reload(), [version]);
    if (!words || !data.value) {
        return null;
    }

    const { kinds, items } = data.value;
    const ready = kinds.filter((kind) => kind.ready);

    return ready.length + items.length > 0 && html`<section class="v v2"><h2>${t('print.documents')}</h2>
        ${ready.length > 0 && html`<div class="h wrap">${ready.map((kind) => html`<${PrintButton} key=${kind.kind} id=${id} kind=${kind.kind} label=${t('print.of', { what: kind.title })}/>`)}</div>`}
        ${items.length > 0 && html`<ul class="v v2">${items.map((item) => html`<li key=${item.id} class="h wrap"><a class="g" href="#/print/${item.id}">${item.title}<br/>
            <span class="cap n">${t('print.row', { number: item.number, time: timeText(item.issued_at), who: item.issued_by || '' })}</span></a>
            ${item.voided_at && html`<${Badge} tone="no" icon="x">${t('print.void')}<//>`}</li>`)}</ul>`}</section>`;
}
