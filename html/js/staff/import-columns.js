// import-columns.js: what each column of a roster was taken as, and the way to say otherwise before it is checked again.

import { html, t, problemText, useData, useState, Icon, Note, Waiting } from '../ui.js';

/* What a person said so far: "5=seat_no 6=-" → { 5: 'seat_no', 6: '' } */
const parse = (mapping) => Object.fromEntries((mapping || '').split(' ').filter(Boolean).map((word) => {
    const [at, column] = word.split('=');

    return [at, column === '-' ? '' : column];
}));

const Heading = ({ item }) => html`${item.heading || t('imports.columns.blank')} <small class="mut n">${t('imports.columns.at', { n: item.at + 1 })}</small>`;

/** One heading. Taken columns may be chosen too: the other one then lets go. */
const Line = ({ item, value, choices, choose }) => html`<tr><td data-label=${t('imports.columns.heading')}><label for="c${item.at}"><${Heading} item=${item}/></label></td>
    <td data-label=${t('imports.columns.taken')}><select class="in" id="c${item.at}" onChange=${(e) => choose(item.at, e.target.value)}>
        <option value="" selected=${!value}>${t('imports.columns.none')}</option>
        ${choices.map((one) => html`<option key=${one.column} value=${one.column} selected=${one.column === value}>${one.label}${one.required ? t('imports.columns.needed') : ''}</option>`)}</select></td></tr>`;

function Table({ record, send, busy }) {
    const data = useData(`imports/${record.id}/columns`, { kept: false });
    const [said, setSaid] = useState(() => parse(record.mapping));
    const [wrong, setWrong] = useState('');

    if (!data.value) {
        return html`<${Waiting} data=${data}/>`;
    }

    const { items, choices } = data.value;
    const value = (item) => said[item.at] ?? item.column ?? '';
    const unused = items.filter((item) => !value(item));
    const rest = items.filter((item) => value(item));

    function choose(at, column) {
        const other = column && items.find((item) => item.at !== at && value(item) === column);

        setSaid({ ...said, ...(other && { [other.at]: '' }), [at]: column });
        setWrong('');
    }

    async function go() {
        // a column goes by its heading again unless something else is said of it
        const words = items.filter((item) => value(item) !== (item.column ?? '') || item.at in parse(record.mapping))
            .map((item) => `${item.at}=${value(item) || '-'}`);

        try {
            if (words.join(' ') === (record.mapping || '')) {
                setWrong(t('imports.columns.same'));
            } else {
                await send(words.join(' '));
            }
        } catch (problem) {
            setWrong(problem.field?.('mapping') || problemText(problem));
        }
    }

    return html`<p class="mut">${t('imports.columns.text')}</p><div class="tw" tabindex="0" role="region" aria-label=${t('imports.columns')}><table class="tb tight cards">
        <thead><tr><th scope="col">${t('imports.columns.heading')}</th><th scope="col">${t('imports.columns.taken')}</th></tr></thead>
        <tbody>${[...unused, ...rest].map((item) => html`<${Line} key=${item.at} item=${item} value=${value(item)} choices=${choices} choose=${choose}/>`)}</tbody></table></div>
        ${wrong && html`<div role="alert"><${Note} tone="no">${wrong}<//></div>`}
        <div class="h wrap"><button class="btn ${record.state === 'columns' ? 'pri' : ''}" type="button" disabled=${busy} onClick=${go}><${Icon} of="again"/>${t('imports.columns.send')}</button></div>`;
}

/** send(mapping) resolves when the server has taken it. */
export function Columns({ record, open: first, send, busy }) {
    const [open, set] = useState(first);

    return html`<details class="card" open=${open} onToggle=${(e) => set(e.currentTarget.open)}><summary><b>${t('imports.columns')}</b></summary>
        ${open && html`<div class="v"><${Table} ...${{ record, send, busy }}/></div>`}</details>`;
}
