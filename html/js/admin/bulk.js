// bulk.js: the staff of a school from a pasted table: looked at row by row, made in one go, their passwords shown and printed once.

import { post } from '../api.js';
import { session } from '../frame.js';
import { Field } from '../parts.js';
import { html, t, useData, useState, Empty, Icon, Note, Waiting } from '../ui.js';
import { Admin, Refusal } from './parts.js';

const COLUMNS = ['name', 'login', 'phone', 'role', 'class'];

const Cell = ({ row, name }) => {
    const fault = row.errors.find(({ field }) => field === name);
    const value = name === 'role' ? row.role_label || row.role : name === 'class' ? row.unit_name || row.class : row[name];

    return html`<td data-label=${t(`bulk.${name}`)}><span>${value || '—'}${fault && html`<br/><span class="err"><${Icon} of="warn"/><span>${fault.message}</span></span>`}</span></td>`;
};

const Rows = ({ rows }) => html`<div class="tw" tabindex="0" role="region" aria-label=${t('bulk.rows')}><table class="tb tight cards"><thead><tr><th scope="col" class="r">${t('bulk.row')}</th>
    ${COLUMNS.map((name) => html`<th key=${name} scope="col">${t(`bulk.${name}`)}</th>`)}</tr></thead>
    <tbody>${rows.map((row) => html`<tr key=${row.row}><td class="r" data-label=${t('bulk.row')}>${row.row}</td>${COLUMNS.map((name) => html`<${Cell} key=${name} row=${row} name=${name}/>`)}</tr>`)}</tbody></table></div>`;

/** The passwords, to be printed and cut. */
const Passwords = ({ rows, school }) => html`<div class="paper"><h2>${t('bulk.made', { n: rows.length, school })}</h2>
    <div class="noprint v"><${Note} tone="wait" icon="key">${t('bulk.once')}<//><div class="h wrap"><button class="btn pri" type="button" onClick=${() => print()}><${Icon} of="print"/>${t('bulk.print')}</button>
        <a class="btn" href="#/admin">${t('bulk.next')}</a></div></div>
    <div class="tw" tabindex="0" role="region" aria-label=${t('bulk.passwords')}><table class="tb cards"><thead><tr>${['name', 'login', 'password', 'role', 'class'].map((name) => html`<th key=${name} scope="col">${t(`bulk.${name}`)}</th>`)}</tr></thead>
    <tbody>${rows.map((row) => html`<tr key=${row.row}><td data-label=${t('bulk.name')}>${row.name}</td><td data-label=${t('bulk.login')}>${row.login || row.phone}</td><td data-label=${t('bulk.password')} class="b pass">${row.password || t('bulk.lost')}</td>
        <td data-label=${t('bulk.role')}>${row.role_label}</td><td data-label=${t('bulk.class')}>${row.unit_name}</td></tr>`)}</tbody></table></div></div>`;

function Paste({ school, name }) {
    const [text, setText] = useState('');
    const [seen, setSeen] = useState(null);                           // the preview of exactly this text
    const [made, setMade] = useState(null);
    const [problem, setProblem] = useState(null);
    const [busy, setBusy] = useState(false);

    async function send(path, body, take) {
        setBusy(true);
        setProblem(null);
        try {
            take(await post(path, { school_id: school, text, ...body }));
        } catch (refusal) {
            const rows = refusal.body?.rows;
            const bad = rows?.filter((row) => row.errors.length).length;

            setProblem(refusal);
            setSeen(rows ? { rows, good: rows.length - bad, bad } : null);
        }
        setBusy(false);
    }

    if (made) {
        return html`<${Passwords} rows=${made.created} school=${name}/>`;
    }
    return html`<section class="card v"><p>${t('bulk.intro')}</p>
        <${Field} id="table" as="textarea" rows="8" label=${t('bulk.table')} value=${text} class="pre" spellcheck="false" placeholder=${t('bulk.example')} onInput=${(e) => { setText(e.target.value); setSeen(null); }}/>
        <${Refusal} of=${problem}/>
        <div class="h wrap end"><button class="btn ${seen ? '' : 'pri'}" type="button" disabled=${busy || !text.trim()} onClick=${() => send('accounts/preview', {}, setSeen)}><${Icon} of="eye"/>${t('bulk.look')}</button></div></section>
        ${seen && html`<section class="v" aria-live="polite"><h2>${t(seen.bad ? 'bulk.seen.bad' : 'bulk.seen', { n: seen.rows.length, bad: seen.bad })}</h2><${Rows} rows=${seen.rows}/>
            ${seen.good > 0 && html`<div class="h wrap end"><button class="btn pri" type="button" disabled=${busy} onClick=${() => send('accounts/bulk-create', seen.bad ? { only_good: true } : {}, setMade)}>
                ${t(busy ? 'sending' : seen.bad ? 'bulk.make.good' : 'bulk.make', { n: seen.good })}</button></div>`}</section>`}`;
}

function School({ id }) {
    const data = useData(`org-units/${id}/overview`, { kept: false });
    const school = data.value;

    if (!school) {
        return html`<${Waiting} data=${data}/>`;
    }
    return html`${!school.classes.length && html`<${Note} tone="wait">${t('bulk.no_classes')} <a href="#/org-units/${id}?do=classes">${t('setup.classes.go')}</a><//>`}<${Paste} school=${id} name=${school.name}/>`;
}

export default function Bulk({ query }) {
    const school = query.school || session().positions.find((one) => one.school_id)?.school_id;

    return html`<${Admin} title=${t('accounts.bulk')} crumb=${html`<a href="#/accounts">${t('menu.admin.accounts')}</a>`} current="#/accounts">
        ${school ? html`<${School} key=${school} id=${school}/>` : html`<div class="card"><${Empty} title=${t('bulk.which')} text=${t('bulk.which.text')}><a class="btn pri" href="#/org-units">${t('setup.which.go')}</a><//></div>`}<//>`;
}
