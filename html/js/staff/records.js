// records.js: the list of any record: columns, views, filters and search as its workflow declares them.

import { session } from '../frame.js';
import { Choice } from '../parts.js';
import { html, t, knows, loadTexts, useEffect, useState, Empty, Icon, Note, Stale, Waiting } from '../ui.js';
import { Desk, usePlugins } from './desk.js';
import { Export } from './export.js';
import { codeText, label, nameOf, Value } from './fields.js';
import { More, Search, Select, usePages } from './list.js';

const texts = new Set();

/** The declaration of a record with its words: { record, codes, data } once they are there. record: null when there is none. */
export function useRecord(name) {
    const data = usePlugins();
    const [, draw] = useState(0);
    const record = data.value && (data.value.records.find((one) => one.name === name) || null);
    const ready = record && texts.has(`${record.texts}`);

    useEffect(() => {
        if (record && !ready) {
            loadTexts([record.texts]).catch(() => {}).then(() => { texts.add(record.texts); draw((n) => n + 1); });      // without its words, names will do
        }
    }, [record?.texts]);
    return { data, codes: data.value?.codes, record: record === null ? null : ready ? record : undefined };
}

/** What a record is called. */
export const title = (name) => (knows(name) ? t(name) : name);
export const placeOf = (record) => `#/${record}`;

/* ---- columns: those the workflow chose, or those the reader wants; kept on this device */

const oneSchool = () => new Set(session().positions.map((one) => one.school_id || '')).size === 1 && Boolean(session().positions[0].school_id);
const kept = (record) => `baoxue.columns.${record.name}`;

/** Every column there may be, in the order of the table. */
function allColumns(record) {
    const own = record.fields.filter((field) => !['files', 'secret', 'ref'].includes(field.type) && !record.list.includes(field.name)).map((field) => field.name);

    return [...record.list.filter((name) => name !== 'school_name' || !oneSchool()), ...own.filter((name) => name !== record.place)];
}

function useColumns(record) {
    const all = allColumns(record);
    const [chosen, set] = useState(() => JSON.parse(localStorage.getItem(kept(record)) || 'null'));
    const usual = record.list.filter((name) => all.includes(name));
    const columns = all.filter((name) => (chosen || usual).includes(name));

    function choose(name, on) {
        const next = all.filter((one) => (one === name ? on : columns.includes(one)));

        localStorage.setItem(kept(record), JSON.stringify(next));
        set(next);
    }

    return { all, columns: columns.length ? columns : all.slice(0, 1), choose };
}

/** A menu of columns; the last one shown stays. */
const Columns = ({ record, of: { all, columns, choose } }) => html`<details class="pop" onKeyDown=${(e) => { if (e.key === 'Escape') { e.currentTarget.open = false; e.currentTarget.querySelector('summary').focus(); } }}>
    <summary class="btn"><${Icon} of="set"/>${t('record.columns')}</summary><div class="card v v2" role="group" aria-label=${t('record.columns')}>${all.map((name) => html`<label key=${name}><input type="checkbox"
        checked=${columns.includes(name)} disabled=${columns.length === 1 && columns[0] === name} onChange=${(e) => choose(name, e.target.checked)}/> ${label(record.name, name)}</label>`)}</div></details>`;

/* ---- the table */

/** ↑ and ↓ go from row to row. */
function keys(event) {
    const links = [...event.currentTarget.querySelectorAll('tbody tr td:first-child a')];
    const at = links.indexOf(document.activeElement);

    if (at >= 0 && ['ArrowUp', 'ArrowDown', 'Home', 'End'].includes(event.key)) {
        event.preventDefault();
        links[{ ArrowUp: Math.max(0, at - 1), ArrowDown: Math.min(links.length - 1, at + 1), Home: 0, End: links.length - 1 }[event.key]].focus();
    }
}

function Table({ record, items, columns }) {
    return html`<div class="tw" tabindex="0" role="region" onKeyDown=${keys} aria-label=${title(record.name)}><table class="tb tight cards"><thead><tr>
        ${columns.map((name) => html`<th key=${name} scope="col">${label(record.name, name)}</th>`)}</tr></thead>
        <tbody>${items.map((item) => html`<tr key=${item.id}>${columns.map((name, i) => html`<td key=${name} data-label=${label(record.name, name)}>${i === 0
            ? html`<a href="#/${record.name}/${item.id}">${item[name] === null || item[name] === undefined ? nameOf(record, item)
            : html`<${Value} record=${record} name=${name} item=${item} plain/>`}</a>` : html`<${Value} record=${record} name=${name} item=${item} plain/>`}</td>`)}</tr>`)}</tbody></table></div>`;
}

/** What a filter says: a state, a code, or the value as it is. */
function filterText(record, name, value) {
    const field = record.fields.find((one) => one.name === name);

    if (/_id$/.test(name)) {
        return '';
    }
    return name === 'state' ? t(`${record.name}.state.${value}`) : field?.type === 'code' ? codeText(field.list, value) : value;
}

function List({ record, query }) {
    const [show, setShow] = useState(query.queue || query.view || '');
    const [q, setQ] = useState('');
    const [filter, setFilter] = useState(() => Object.fromEntries(Object.entries(query).filter(([name]) => !['queue', 'view'].includes(name))));
    const asked = { ...filter, q, ...(show === 'mine' ? { queue: 'mine' } : { view: show }) };
    const path = new URLSearchParams(Object.entries(asked).filter(([, value]) => value)).toString();
    const list = usePages(`${record.name}${path && `?${path}`}`, { kept: false });
    const shows = [...(record.decides ? [['mine', t('record.mine')]] : []), ...record.views.map((view) => [view, t(`${record.name}.view.${view}`)]), ['', t('record.all')]];
    const narrow = q || show || Object.values(filter).some(Boolean);
    const columns = useColumns(record);
    const chips = Object.entries(filter).filter(([, value]) => value).map(([name, value]) => [name, [label(record.name, name), filterText(record, name, value)].filter(Boolean).join(t('record.is'))]);

    return html`<${Desk} title=${title(record.name)} current=${placeOf(record.name)}
        tools=${html`<div class="tools">${list.items?.length > 0 && html`<${Export} record=${record.name} query=${asked}/>`}
            ${record.create && html`<a class="btn pri" href="#/${record.name}/new"><${Icon} of="plus"/>${t('record.new')}</a>`}</div>`}>
        <div class="tools">${shows.length > 1 && html`<${Choice} name="show" label=${t('slips.show')} quiet tight value=${show} onChange=${setShow} choices=${shows.map(([value, text]) => ({ value, label: text }))}/>`}
            <${Search} label=${t('record.search')} onSearch=${setQ}/>
            ${record.states.length > 0 && html`<${Select} label=${label(record.name, 'state')} all=${t('slips.all_states')} value=${filter.state} onChange=${(state) => setFilter({ ...filter, state })}
                options=${record.states.map((one) => ({ value: one.name, label: t(`${record.name}.state.${one.name}`) }))}/>`}
            ${record.fields.filter((field) => field.filter && field.type === 'code').map((field) => html`<${Select} key=${field.name} label=${label(record.name, field.name)}
                all=${t('record.any', { what: label(record.name, field.name) })} value=${filter[field.name]} onChange=${(value) => setFilter({ ...filter, [field.name]: value })}
                options=${field.codes.map((code) => ({ value: code, label: codeText(field.list, code) }))}/>`)}
            ${columns.all.length > 1 && html`<${Columns} record=${record} of=${columns}/>`}</div>
        ${chips.length > 0 && html`<div class="h wrap">${chips.map(([name, text]) => html`<button key=${name} class="btn soft xs" type="button" aria-label=${t('record.remove', { what: text })}
                onClick=${() => setFilter({ ...filter, [name]: '' })}>${text}<${Icon} of="x"/></button>`)}
            ${chips.length > 1 && html`<button class="btn quiet xs" type="button" onClick=${() => setFilter({})}>${t('record.clear')}</button>`}</div>`}
        <${Stale} data=${list}/>
        ${!list.items ? html`<${Waiting} data=${list}/>` : !list.items.length ? html`<div class="card"><${Empty} title=${t(narrow ? 'list.nothing' : 'record.none')} text=${t(narrow ? 'list.nothing.text' : 'record.none.text')}>
                ${!narrow && record.create && html`<a class="btn pri" href="#/${record.name}/new"><${Icon} of="plus"/>${t('record.new')}</a>`}<//></div>`
            : html`<${Table} record=${record} items=${list.items} columns=${columns.columns}/>`}
        <${More} of=${list}/><//>`;
}

export default function Records({ params, query }) {
    const { record, data } = useRecord(params.record);

    if (record) {
        return html`<${List} key=${record.name} record=${record} query=${query}/>`;
    }
    return html`<${Desk} title=${record === null ? t('apology') : ''}>${record === null ? html`<${Note} tone="wait">${t('no_such_page')} <a href="#/today">${t('to_home')}</a><//>` : html`<${Waiting} data=${data}/>`}<//>`;
}

