// import.js: one roster from its upload to its end: the columns, how far it is checked or written, what will become of each
// row before anything is written, and what became of it. How far it is comes from the server, so the page may be closed.

import { post } from '../api.js';
import { can, say, toast } from '../frame.js';
import { Choice, Dialog, Relay } from '../parts.js';
import { html, t, problemText, timeText, useData, useEffect, useRef, useState, Empty, Icon, Note, Stale, Waiting } from '../ui.js';
import { Desk } from './desk.js';
import { Columns } from './import-columns.js';
import { saveFile } from './export.js';
import { More, usePages, useWide } from './list.js';

const number = (n) => n.toLocaleString('en');

export const WORKING = ['uploaded', 'checking', 'applying'];

/** Asks again, every second or so, while the server works. */
export function useWork(data, working) {
    useEffect(() => {
        const timer = working && setTimeout(data.reload, 1000);

        return () => clearTimeout(timer);
    }, [data.value, data.problem, working]);
}

/** How far it is: a bar, n of all, and about how long it still takes. */
export function Progress({ of: { state, rows_done: done, row_count: all } }) {
    const begun = useRef(null);

    if (!begun.current || begun.current.state !== state || done < begun.current.done) {
        begun.current = { state, done, at: Date.now() };
    }

    const seconds = (Date.now() - begun.current.at) / 1000;
    const left = seconds > 3 && done > begun.current.done ? Math.ceil((all - done) / (done - begun.current.done) * seconds) : 0;

    return state === 'uploaded' ? html`<div class="v v2"><b>${t('imports.waiting')}</b><progress aria-label=${t('imports.waiting')}></progress></div>`
        : html`<div class="v v2"><div class="h wrap"><b class="g">${t(`imports.${state}`, { done: number(done), all: number(all) })}</b>
            ${left > 0 && html`<span class="mut n">${t('imports.left', { n: left })}</span>`}</div>
            <progress max=${all} value=${done} aria-label=${t(`imports.${state}`, { done, all })}></progress></div>`;
}

const COLUMNS = {
    rejected: ['row', 'field', 'value', 'reason', 'student'],
    changed: ['row', 'student', 'field', 'old', 'now'],
    added: ['row', 'student'],
};

/* What a field was: nothing, something we may show, something that stays sealed. */
const was = (row) => (row.old_value === null ? t('imports.hidden') : row.old_value || t('imports.blank'));

const content = (row, column) => ({
    row: row.row,
    field: row.field,
    value: html`<del class="n">${row.value || t('imports.blank')}</del>`,
    old: html`<span class="mut">${was(row)}</span>`,
    now: html`<ins>${row.value || t('imports.hidden')}</ins>`,
    reason: row.message,
    student: row.student_id && can('student.read') ? html`<a href="#/students/${row.student_id}">${row.student_name}</a>` : row.student_name || '—',
}[column]);

function Rows({ record, outcome }) {
    const list = usePages(`imports/${record.id}/rows?outcome=${outcome}`, { kept: false });
    const columns = COLUMNS[outcome];
    const soon = record.state === 'ready' && outcome !== 'changed' ? '.ready' : '.text';

    if (record[outcome] === 0) {
        return html`<div class="card"><${Empty} title=${t(`imports.none.${outcome}`)} text=${t(`imports.none.${outcome}${soon}`)}/></div>`;
    }
    return !list.items ? html`<${Waiting} data=${list}/>` : html`<div class="tw" tabindex="0" role="region" aria-label=${t(`imports.${outcome}`)}><table class="tb tight cards"><thead><tr>
        ${columns.map((column) => html`<th key=${column} scope="col" class=${column === 'row' ? 'r' : ''}>${t(`imports.${column}`)}</th>`)}</tr></thead>
        <tbody>${list.items.map((row, i) => html`<tr key=${i}>${columns.map((column) => html`<td key=${column} data-label=${t(`imports.${column}`)} class=${column === 'row' ? 'r' : ''}>${content(row, column)}</td>`)}</tr>`)}</tbody></table></div>
        <${More} of=${list}/>`;
}

const Figure = ({ name, value, unit, tone, note }) => html`<div class="card st"><span class="sm mut">${t(`imports.${name}`)}</span><b class=${tone || ''}>${number(value)}<small>${t(`imports.unit.${unit}`)}</small></b>
    <span class="cap">${note}</span></div>`;

function Figures({ record }) {
    const classes = record.classes > 0 && t(`imports.with_classes${record.state === 'ready' ? '.ready' : ''}`, { n: record.classes });

    return html`<div class="c4"><${Figure} name="added" value=${record.added} unit="children" note=${[record.guardians > 0 && t('imports.with_guardians', { n: number(record.guardians) }), classes].filter(Boolean).join(t('imports.and'))}/>
        <${Figure} name="changed" value=${record.changed} unit="children" tone=${record.changed ? 't-blue' : ''}/>
        <${Figure} name="unchanged" value=${record.unchanged} unit="children"/>
        <${Figure} name="rejected" value=${record.rejected} unit="rows" tone=${record.rejected ? 't-red' : ''} note=${record.rejected > 0 && t('imports.mend')}/></div>`;
}

/* choose → columns → preview → write → done */
const AT = { columns: 1, uploaded: 1, checking: 2, ready: 2, applying: 3, failed: 2, discarded: 2, done: 5 };

function Steps({ record }) {
    const wide = useWide(38);
    const unused = record.columns_total - record.columns_known;
    const columns = record.state === 'columns' ? t('imports.step.columns.missing')
        : unused ? t('imports.step.columns.some', { n: unused }) : t('imports.step.columns.all', { n: record.columns_known });
    const preview = ['ready', 'applying', 'done'].includes(record.state) && (record.rejected ? t('desk.roster.rejected', { n: record.rejected }) : '');

    return html`<section class="card"><${Relay} at=${AT[record.state]} steps=${[
        { label: t('imports.step.choose'), note: t('imports.step.choose.note', { rows: number(record.row_count), columns: record.columns_total }) },
        { label: t('imports.step.columns'), note: columns, icon: 'eye' }, { label: t('imports.step.preview'), note: preview, icon: 'eye' },
        { label: t('imports.step.write'), icon: 'sync' }, { label: t('imports.step.done') }].map((step) => (wide ? step : { ...step, note: '' }))}/></section>`;
}

/** What would be written, in a sentence. */
const sentence = (record) => [['added'], ['changed'], ['rejected']].filter(([name]) => record[name] > 0)
    .map(([name]) => t(`imports.ready.${name}`, { n: number(record[name]) })).join(t('imports.and')) || t('imports.ready.none');

function Decide({ record, act, busy }) {
    const [asking, ask] = useState(false);
    const has = (action) => record.actions.some((one) => one.action === action);
    const n = record.added + record.changed;

    return html`<div class="h wrap">${has('apply') && n > 0 && html`<button class="btn pri" type="button" disabled=${busy} onClick=${() => act('apply')}><${Icon} of="check"/>${t('imports.apply', { n: number(n) })}</button>`}
        ${has('check') && record.state === 'failed' && html`<button class="btn pri" type="button" disabled=${busy} onClick=${() => act('check')}><${Icon} of="again"/>${t('imports.recheck')}</button>`}
        ${has('discard') && html`<button class="btn del" type="button" disabled=${busy} onClick=${() => ask(true)}>${t('imports.discard')}</button>`}</div>
        ${asking && html`<${Dialog} title=${t('imports.discard')} close=${() => ask(false)}><p>${t('imports.discard.sure')}</p><div class="h wrap end">
            <button class="btn" type="button" autofocus onClick=${() => ask(false)}>${t('decide.cancel')}</button>
            <button class="btn danger" type="button" onClick=${() => { ask(false); act('discard'); }}>${t('imports.discard.do')}</button></div><//>`}`;
}

/** The state in words, and what can be done about it. */
function Say({ record, act, busy }) {
    switch (record.state) {
    case 'uploaded':
    case 'checking':
    case 'applying':
        return html`<section class="card v v2" aria-live="off"><${Progress} of=${record}/><p class="cap">${t('imports.leave')}</p></section>`;
    case 'ready':
        return html`<section class="card v"><p class="say1">${t('imports.ready', { what: sentence(record) })}</p><${Decide} ...${{ record, act, busy }}/></section>`;
    case 'failed':
    case 'columns':
        return html`<section class="card v"><${Note} tone=${record.state === 'failed' ? 'no' : 'wait'}>${record.state === 'failed' ? record.fault?.message || t('failed')
            : t('imports.columns.missing', { columns: record.fault?.missing || '' })}<//><${Decide} ...${{ record, act, busy }}/></section>`;
    case 'discarded':
        return html`<${Note}>${t('imports.discarded')}<//>`;
    default:
        return record.skipped > 0 ? html`<${Note} tone="wait">${t('imports.skipped.n', { n: record.skipped })}<//>`
            : record.added + record.changed + record.rejected === 0 && html`<${Note} tone="ok">${t('imports.same')}<//>`;
    }
}

const COUNTED = ['ready', 'applying', 'done'];

export default function Import({ params }) {
    const data = useData(`imports/${params.id}`, { kept: false });
    const [shown, show] = useState('');
    const [busy, setBusy] = useState(false);
    const record = data.value;
    const state = record?.state;

    useWork(data, WORKING.includes(state));
    useEffect(() => { if (['ready', 'done', 'failed'].includes(state)) { say(t(`imports.state.${state}`)); } }, [state]);
    if (!record) {
        return html`<${Desk} title=${t('imports.title')} crumb=${html`<a href="#/imports">${t('imports.title')}</a>`} current="#/imports"><${Waiting} data=${data}/><//>`;
    }

    const outcome = shown || (record.rejected && state === 'done' ? 'rejected' : record.changed ? 'changed' : record.added ? 'added' : 'rejected');
    const unknown = record.unknown_columns;

    async function act(action, body = {}) {
        setBusy(true);
        try {
            await post(`imports/${record.id}/${action}`, body, { match: record.version });
        } catch (problem) {
            if (problem.field?.('mapping') || ![409, 412].includes(problem.status)) {
                setBusy(false);
                throw problem;
            }
            toast(t('imports.changed_meanwhile'));
        }
        setBusy(false);
        data.reload();
    }

    const tell = (action) => act(action).catch((problem) => toast(problemText(problem)));

    async function save() {
        setBusy(true);
        await saveFile(`imports/${record.id}/rejected.xlsx`, 'rejected.xlsx').catch((problem) => toast(problemText(problem)));
        setBusy(false);
    }

    return html`<${Desk} title=${record.filename} crumb=${html`${record.school_name} / <a href="#/imports">${t('imports.title')}</a> / <span class="n">${timeText(record.created_at)}</span>`} current="#/imports"
        tools=${html`<div class="tools">${COUNTED.includes(state) && record.rejected > 0 && html`<button class="btn" type="button" disabled=${busy} onClick=${save}><${Icon} of="down"/>${t('imports.download', { n: record.rejected })}</button>`}
            ${state === 'done' && can('import.slips') && html`<a class="btn pri" href="#/slips"><${Icon} of="print"/>${t('desk.slips')}</a>`}</div>`}>
        <${Stale} data=${data}/><${Steps} record=${record}/><${Say} record=${record} act=${tell} busy=${busy}/>
        ${unknown.length > 0 && COUNTED.includes(state) && html`<${Note} tone="wait" icon="eye">${t('imports.unknown', { n: unknown.length, columns: unknown.join(t('desk.comma')) })}<//>`}
        ${COUNTED.includes(state) && html`<${Figures} record=${record}/>
        <${Choice} name="outcome" label=${t('imports.which_rows')} quiet tight value=${outcome} onChange=${show}
            choices=${[['rejected', 'x'], ['changed', 'pen'], ['added', 'plus']].map(([value, icon]) => ({ value, icon, label: `${t(`imports.${value}.short`)} ${number(record[value])}` }))}/>
        <${Rows} key=${`${outcome}.${state}.${record.version}`} record=${record} outcome=${outcome}/>`}
        ${record.actions.some((one) => one.action === 'map') && html`<${Columns} key=${record.version} record=${record} open=${state === 'columns'} send=${(mapping) => act('map', { mapping })} busy=${busy}/>`}<//>`;
}
