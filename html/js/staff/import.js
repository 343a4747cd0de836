// import.js: what became of a roster: counts, and row by row what was sent back (and why), changed, added.

import { get } from '../api.js';
import { can, toast } from '../frame.js';
import { Choice, Relay } from '../parts.js';
import { html, t, problemText, timeText, useData, useState, Empty, Icon, Note, Waiting } from '../ui.js';
import { Desk } from './desk.js';
import { More, usePages } from './list.js';

const number = (n) => n.toLocaleString('en');

/* A cell that a spreadsheet must not take for a formula. */
const cell = (value) => {
    const text = String(value ?? '');

    return `"${(/^[=+\-@\t]/.test(text) ? `'${text}` : text).replace(/"/g, '""')}"`;
};

/** All rows that were sent back, as a file to mend the roster by. */
async function download(record) {
    const rows = [];
    let after = '';

    do {
        const page = await get(`imports/${record.id}/rows?outcome=rejected&limit=200${after && `&after=${after}`}`);

        rows.push(...page.items);
        after = page.next;
    } while (after);

    const lines = [[t('imports.row'), t('imports.student'), t('imports.field'), t('imports.value'), t('imports.reason')],
        ...rows.map((row) => [row.row, row.student_name, row.field, row.value, row.message])];
    const link = document.createElement('a');

    link.href = URL.createObjectURL(new Blob([`\ufeff${lines.map((line) => line.map(cell).join(',')).join('\r\n')}\r\n`], { type: 'text/csv' }));
    link.download = t('imports.file', { name: record.filename.replace(/\.\w+$/, '') });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60e3);
}

const COLUMNS = {
    rejected: ['row', 'field', 'value', 'reason', 'student'],
    changed: ['row', 'student', 'field', 'now'],
    added: ['row', 'student'],
};

const content = (row, column) => ({
    row: row.row,
    field: row.field,
    value: html`<del class="n">${row.value || t('imports.blank')}</del>`,
    now: html`<ins>${row.value || t('imports.blank')}</ins>`,
    reason: row.message,
    student: row.student_id && can('student.read') ? html`<a href="#/students/${row.student_id}">${row.student_name}</a>` : row.student_name || '—',
}[column]);

function Rows({ id, outcome, n }) {
    const list = usePages(`imports/${id}/rows?outcome=${outcome}`, { kept: false });
    const columns = COLUMNS[outcome];

    if (n === 0) {
        return html`<div class="card"><${Empty} title=${t(`imports.none.${outcome}`)} text=${t(`imports.none.${outcome}.text`)}/></div>`;
    }
    return !list.items ? html`<${Waiting} data=${list}/>` : html`<div class="tw" tabindex="0" role="region" aria-label=${t(`imports.${outcome}`)}><table class="tb tight cards"><thead><tr>
        ${columns.map((column) => html`<th key=${column} scope="col" class=${column === 'row' ? 'r' : ''}>${t(`imports.${column}`)}</th>`)}</tr></thead>
        <tbody>${list.items.map((row, i) => html`<tr key=${i}>${columns.map((column) => html`<td key=${column} data-label=${t(`imports.${column}`)} class=${column === 'row' ? 'r' : ''}>${content(row, column)}</td>`)}</tr>`)}</tbody></table></div>
        <${More} of=${list}/>`;
}

const Figure = ({ name, value, unit, tone, note }) => html`<div class="card st"><span class="sm mut">${t(`imports.${name}`)}</span><b class=${tone || ''}>${number(value)}<small>${t(`imports.unit.${unit}`)}</small></b>
    <span class="cap">${note}</span></div>`;

export default function Import({ params }) {
    const data = useData(`imports/${params.id}`, { kept: false });
    const [shown, show] = useState('');
    const [busy, setBusy] = useState(false);
    const record = data.value;

    if (!record) {
        return html`<${Desk} title=${t('imports.title')} crumb=${html`<a href="#/imports">${t('imports.title')}</a>`} current="#/imports"><${Waiting} data=${data}/><//>`;
    }

    const outcome = shown || (record.rejected ? 'rejected' : record.changed ? 'changed' : 'added');
    const same = record.added + record.changed + record.rejected === 0;
    const unknown = record.unknown_columns;

    async function save() {
        setBusy(true);
        await download(record).catch((problem) => toast(problemText(problem)));
        setBusy(false);
    }

    return html`<${Desk} title=${record.filename} crumb=${html`${record.school_name} / <a href="#/imports">${t('imports.title')}</a> / <span class="n">${timeText(record.created_at)}</span>`} current="#/imports"
        tools=${html`<div class="tools">${record.rejected > 0 && html`<button class="btn" type="button" disabled=${busy} onClick=${save}><${Icon} of="down"/>${t('imports.download', { n: record.rejected })}</button>`}
            ${can('import.slips') && html`<a class="btn pri" href="#/slips"><${Icon} of="print"/>${t('desk.slips')}</a>`}</div>`}>
        <section class="card"><${Relay} at=${2} steps=${[{ label: t('imports.step.file'), note: t('imports.step.file.note', { rows: number(record.row_count), columns: record.columns_total }) },
            { label: t('imports.step.write'), note: record.rejected ? t('desk.roster.rejected', { n: record.rejected }) : t('imports.step.write.all') },
            { label: t('imports.step.slips'), note: t('imports.step.slips.note'), icon: 'print' }]}/></section>
        ${same && html`<${Note} tone="ok">${t('imports.same')}<//>`}
        ${unknown.length > 0 && html`<${Note} tone="wait" icon="eye">${t('imports.unknown', { n: unknown.length, columns: unknown.join(t('desk.comma')) })}<//>`}
        <div class="c4"><${Figure} name="added" value=${record.added} unit="children" note=${[record.guardians > 0 && t('imports.with_guardians', { n: number(record.guardians) }),
                record.classes > 0 && t('imports.with_classes', { n: record.classes })].filter(Boolean).join(t('imports.and'))}/>
            <${Figure} name="changed" value=${record.changed} unit="children" tone=${record.changed ? 't-blue' : ''}/>
            <${Figure} name="unchanged" value=${record.unchanged} unit="children"/>
            <${Figure} name="rejected" value=${record.rejected} unit="rows" tone=${record.rejected ? 't-red' : ''} note=${record.rejected > 0 && t('imports.mend')}/></div>
        <${Choice} name="outcome" label=${t('imports.which_rows')} quiet tight value=${outcome} onChange=${show}
            choices=${[['rejected', 'x'], ['changed', 'pen'], ['added', 'plus']].map(([value, icon]) => ({ value, icon, label: `${t(`imports.${value}.short`)} ${number(record[value])}` }))}/>
        <${Rows} key=${outcome} id=${record.id} outcome=${outcome} n=${record[outcome]}/><//>`;
}
