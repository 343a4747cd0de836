// calendar-year.js: the days of a school year by kind, a month a table; a tap on a day says why it has school or not.

import { html, t, addDays, knows, today, useData, useState, weekday, Empty, Stale, Waiting } from '../ui.js';
import { Calendar, dayName, schoolYear, spanName, unitOf, Years } from './calendar.js';

const KINDS = ['school', 'makeup', 'holiday', 'closed', 'weekend', 'outside_term'];

/** date → { kind, name }, of the runs the server told. */
function daysOf(runs) {
    const days = {};

    for (const run of runs) {
        for (let date = run.from; date <= run.to; date = addDays(date, 1)) {
            days[date] = run;
        }
    }
    return days;
}

const why = (date, day) => t(day.name ? 'cal.day.because' : 'cal.day.why', { date: dayName(date), kind: t(`cal.kind.${day.kind}`), name: day.name });

function weeksOf(month, n) {
    const first = `${month}-01`;
    const cells = [...Array(weekday(first) - 1).fill(null), ...Array.from({ length: n }, (_, i) => addDays(first, i))];

    return [0, 7, 14, 21, 28, 35].filter((i) => i < cells.length).map((i) => [0, 1, 2, 3, 4, 5, 6].map((k) => cells[i + k] || null));
}

function Month({ of: { month, days: n, school_days: taught }, days, picked, pick }) {
    const [year, number] = month.split('-').map(Number);
    const name = t('cal.month', { year, month: knows(`date.month.long.${number}`) ? t(`date.month.long.${number}`) : t(`date.month.${number}`) });

    return html`<section class="card month"><div class="h"><h3 class="g">${name}</h3><span class="cap n">${t(taught ? 'cal.month.days' : 'cal.month.none', { n: taught })}</span></div>
        <table class="cal"><caption class="sr">${name}</caption><thead><tr>${[1, 2, 3, 4, 5, 6, 7].map((day) => html`<th key=${day} scope="col"><span aria-hidden="true">${t(`cal.wd.${day}`)}</span><span class="sr">${t(`date.weekday.${day}`)}</span></th>`)}</tr></thead>
        <tbody>${weeksOf(month, n).map((week, i) => html`<tr key=${i}>${week.map((date, k) => html`<td key=${k}>${date && html`<button type="button" class="d-${days[date].kind} ${date === today() ? 'now' : ''}"
            aria-pressed=${String(date === picked)} aria-label=${why(date, days[date])} onClick=${() => pick(date)}>${Number(date.slice(8))}${knows(`cal.mark.${days[date].kind}`)
            && html`<small aria-hidden="true">${t(`cal.mark.${days[date].kind}`)}</small>`}</button>`}</td>`)}</tr>`)}</tbody></table></section>`;
}

const Legend = () => html`<ul class="calkey" aria-label=${t('cal.legend')}>${KINDS.map((kind) => html`<li key=${kind}><span class="d-${kind}" aria-hidden="true">${knows(`cal.mark.${kind}`) ? t(`cal.mark.${kind}`) : '8'}</span>${t(`cal.kind.${kind}`)}</li>`)}</ul>`;

export default function Year({ query }) {
    const year = Number(query.year) || schoolYear();
    const data = useData(`calendar/year?unit_id=${unitOf(query)}&school_year=${year}`, { kept: false });
    const [picked, pick] = useState('');
    const { value } = data;
    const days = value && daysOf(value.runs);

    return html`<${Calendar} query=${query}><p class="mut sheet">${t('cal.intro')}</p>
        <div class="h wrap"><${Years} query=${query} year=${year}/>${value && html`<span class="g"></span>`}</div>
        <${Stale} data=${data}/>${!value ? html`<${Waiting} data=${data}/>` : html`
        ${value.terms.length === 0 ? html`<div class="card"><${Empty} title=${t('cal.no_terms')} text=${`${t('cal.no_terms.text')}${value.editable ? '' : t('cal.no_terms.wait')}`}>
                ${value.editable && html`<a class="btn pri" href="#/calendar/terms?unit=${value.unit.id}&year=${year}">${t('cal.add_term')}</a>`}<//></div>`
            : html`<ul class="v v1">${value.terms.map((term, i) => html`<li key=${term.starts_on}><b>${t(`cal.term.${value.terms.length === 1 && term.starts_on.slice(5) < '08' ? 2 : Math.min(i + 1, 2)}`)}</b> <span class="n">${spanName(term.starts_on, term.ends_on)}</span><span class="mut">${t('dot')}${t('cal.term.days', { n: term.school_days })}</span></li>`)}</ul>`}
        ${value.terms.length > 0 && html`<${Legend}/>
            <p class="picked" role="status">${picked && days[picked] ? why(picked, days[picked]) : t('cal.day.pick')}</p>
            <div class="year">${value.months.map((month) => html`<${Month} key=${month.month} of=${month} days=${days} picked=${picked} pick=${pick}/>`)}</div>`}`}<//>`;
}
