// figures.js: attendance of a week or a month by class, grade and school, on paper and as a spreadsheet; for the office, how the rolls
// themselves are taken.

import { can, go } from '../frame.js';
import { Choice } from '../parts.js';
import { html, t, addDays, dateText, monday, now, today, useData, Empty, Icon, Stale, Waiting } from '../ui.js';
import { Desk } from './desk.js';
import { Export } from './export.js';
import { Select } from './list.js';

const COLUMNS = ['due', 'attended', 'rate', 'absent', 'leave', 'sent', 'late', 'left_early'];

/** First and last day of what is looked at. */
const SPANS = {
    week: () => [monday(today()), today()],
    last_week: () => [addDays(monday(today()), -7), addDays(monday(today()), -1)],
    month: () => [`${today().slice(0, 7)}-01`, today()],
    last_month: () => { const last = addDays(`${today().slice(0, 7)}-01`, -1); return [`${last.slice(0, 7)}-01`, last]; },
};

const shown = (row, name) => (name !== 'rate' ? row[name] : row.rate === null ? '—' : `${row.rate.toFixed(2)}%`);
const Cells = ({ row }) => COLUMNS.map((name) => html`<td key=${name} class="r ${name === 'absent' && row.absent ? 't-red' : ''}" data-label=${t(`figures.${name}`)}>${shown(row, name)}</td>`);

function Table({ data }) {
    const { classes, grades, school } = data;

    return html`<div class="tw" tabindex="0" role="region" aria-label=${t('figures.title')}><table class="tb tight cards pairs"><thead><tr><th scope="col">${t('figures.class')}</th>
        ${COLUMNS.map((name) => html`<th key=${name} scope="col" class="r">${t(`figures.${name}`)}</th>`)}<th scope="col" class="r">${t('figures.taken')}</th></tr></thead>
        <tbody>${grades.map((grade) => html`${classes.filter((one) => one.grade_id === grade.grade_id).map((one) => html`<tr key=${one.class_id}><th scope="row">${one.class_name}</th><${Cells} row=${one}/>
            <td class="r n ${one.taken < one.expected ? 't-amber' : ''}" data-label=${t('figures.taken')}>${one.taken} / ${Math.max(one.expected, one.taken)}</td></tr>`)}
            ${grades.length > 1 && html`<tr key=${grade.grade_id} class="b"><th scope="row">${t('figures.grade', { name: grade.grade_name || '' })}</th><${Cells} row=${grade}/><td class="r n" data-label=${t('figures.taken')}>${grade.taken} / ${Math.max(grade.expected, grade.taken)}</td></tr>`}`)}
        ${classes.length > 1 && html`<tr class="b"><th scope="row">${t('figures.school')}</th><${Cells} row=${school}/><td class="r n" data-label=${t('figures.taken')}>${school.taken} / ${Math.max(school.expected, school.taken)}</td></tr>`}</tbody></table></div>`;
}

/** For the office: not taken, late, corrected, and worth a look. */
function Integrity({ query }) {
    const data = useData(`attendance-integrity?${query}`);
    const value = data.value;

    return html`<h2>${t('integrity.title')}</h2><p class="sm mut">${t('integrity.text')} ${value && t('integrity.rules', { rolls: value.rules['roll.rote_rolls'],
        seconds: value.rules['roll.rote_seconds'], percent: value.rules['roll.rote_percent'], days: value.rules['roll.rote_days'] })}</p>
        ${!value ? html`<${Waiting} data=${data}/>` : html`<div class="tw" tabindex="0" role="region" aria-label=${t('integrity.title')}><table class="tb tight cards"><thead><tr><th scope="col">${t('figures.class')}</th>
            <th scope="col" class="r">${t('figures.taken')}</th>${['missing', 'late_entries', 'corrected', 'full'].map((name) => html`<th key=${name} scope="col" class="r">${t(`integrity.${name}`)}</th>`)}<th scope="col">${t('integrity.rote')}</th></tr></thead>
            <tbody>${value.classes.map((one) => html`<tr key=${one.class_id}><td data-label=${t('figures.class')}>${one.class_name}</td><td class="r" data-label=${t('figures.taken')}>${one.taken}</td>
                ${['missing', 'late_entries', 'corrected', 'full'].map((name) => html`<td key=${name} class="r ${name === 'missing' && one.missing ? 't-red b' : ''}" data-label=${t(`integrity.${name}`)}>${one[name]}</td>`)}
                <td data-label=${t('integrity.rote')}>${one.rote ? html`<span class="t-amber"><${Icon} of="warn"/> ${t(`integrity.rote.${one.rote}`, { n: one.rote === 'same' ? one.same : one.full })}</span>` : '—'}</td></tr>`)}</tbody></table></div>`}`;
}

export default function Figures({ query }) {
    const which = SPANS[query.of] ? query.of : 'week';
    const [from, to] = SPANS[which]();
    const args = `from=${from}&to=${to}${query.school ? `&school_id=${query.school}` : ''}`;
    const data = useData(`attendance-figures?${args}`);
    const units = useData(data.problem?.errors?.some((one) => one.field === 'school_id') ? 'org-units?level=school&limit=200' : '');
    const value = data.value;
    const move = (of, school = query.school) => go(`figures?of=${of}${school ? `&school=${school}` : ''}`);

    if (units.value) {
        return html`<${Desk} title=${t('figures.title')} current="#/day"><p>${t('figures.choose')}</p><${Select} label=${t('daysheet.school')} all=${t('daysheet.school')} value="" onChange=${(id) => move(which, id)}
            options=${units.value.items.map((one) => ({ value: one.id, label: one.name }))}/><//>`;
    }

    const title = t('figures.of', { from: dateText(from), to: dateText(to) });
    const tools = html`<div class="tools"><${Export} record="attendance-figures" query=${{ from, to, school_id: query.school }}/>
        <button class="btn pri" type="button" onClick=${() => window.print()}><${Icon} of="print"/>${t('day.print')}</button></div>`;

    return html`<${Desk} title=${t('figures.title')} crumb=${value?.school_name || ''} current="#/day" tools=${tools}><${Stale} data=${data}/>
        <${Choice} name="of" label=${t('figures.which')} quiet tight value=${which} onChange=${(of) => move(of)} choices=${Object.keys(SPANS).map((one) => ({ value: one, label: t(`figures.${one}`) }))}/>
        ${!value ? html`<${Waiting} data=${data}/>` : value.school.taken + value.school.expected === 0 ? html`<div class="card"><${Empty} title=${t('figures.none')} text=${t('figures.none.text')}/></div>`
            : html`<section class="paper daylist"><div class="onpaper"><h2>${value.school_name} ${title}</h2><p>${t('day.printed', { time: now().replace('T', ' ') })}</p></div><${Table} data=${value}/><p class="cap">${t('figures.how')}</p></section>`}
        ${can('attendance.integrity') && value && html`<${Integrity} query=${args}/>`}<//>`;
}
