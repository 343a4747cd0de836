// outbox.js: what waits to go out, and what went: to whom and when, never what about. For administrators.

import { html, t, timeText, Empty, Note, Stale, Waiting } from '../ui.js';
import { Desk } from './desk.js';
import { More, usePages } from './list.js';

const COLUMNS = ['account_name', 'subject', 'items', 'due_at', 'sent_at', 'tries'];

export default function Outbox() {
    const list = usePages('outbox', { kept: false });
    const cell = {
        account_name: (one) => one.account_name, subject: (one) => one.subject_text, items: (one) => one.items, due_at: (one) => timeText(one.due_at),
        sent_at: (one) => (one.sent_at ? timeText(one.sent_at) : t('outbox.waits')), tries: (one) => one.tries,
    };

    return html`<${Desk} title=${t('outbox')} current="#/outbox"><${Note}>${t('outbox.no_channel')}<//><${Stale} data=${list}/>
        ${!list.items ? html`<${Waiting} data=${list}/>` : !list.items.length ? html`<div class="card"><${Empty} title=${t('outbox.none')} text=${t('outbox.none.text')}/></div>`
            : html`<div class="tw" tabindex="0" role="region" aria-label=${t('outbox')}><table class="tb tight cards"><thead><tr>${COLUMNS.map((name) => html`<th key=${name} scope="col">${t(`outbox.${name}`)}</th>`)}</tr></thead>
            <tbody>${list.items.map((one) => html`<tr key=${one.id}>${COLUMNS.map((name) => html`<td key=${name} data-label=${t(`outbox.${name}`)}>${cell[name](one)}</td>`)}</tr>`)}</tbody></table></div>`}
        <${More} of=${list}/><//>`;
}
