// calendar-timetable.js: a unit's week, periods and bells: as they hold, where they come from, and the form that sets them.

import { post } from '../api.js';
import { toast } from '../frame.js';
import { Dialog, Field, FieldError, focusFirstError, Submit } from '../parts.js';
import { html, t, dots, problemText, useData, useRef, useState, Icon, Note, Stale, Waiting } from '../ui.js';
import { Calendar, unitOf } from './calendar.js';

const WEEK = [1, 2, 3, 4, 5, 6, 7];
const MOST = 8;                                                       // periods of half a day
const dayName = (n) => t(`date.weekday.${n}`);

/* ---- the rules' texts */

/** 1-5, 1-4,6 */
function weekText(days) {
    const on = WEEK.filter((n) => days[n - 1].am + days[n - 1].pm > 0);
    const runs = on.filter((n) => !on.includes(n - 1)).map((from) => [from, WEEK.find((n) => n >= from && !on.includes(n + 1))]);

    return runs.map(([from, to]) => (from === to ? from : `${from}-${to}`)).join(',');
}

/** One value when all school days have it, else seven. */
function periodsText(days) {
    const texts = days.map(({ am, pm }) => (am + pm > 0 ? `${am}+${pm}` : '0'));
    const used = new Set(texts.filter((text) => text !== '0'));

    return used.size === 1 ? [...used][0] : texts.join(',');
}

const most = (days, half) => Math.max(...days.map((day) => day[half]));
const bellsText = ({ am, pm }) => [...am, ...pm].map(([from, to]) => `${from}-${to}`).join(',');

/** am and pm lists of [begins, ends], as long as the longest day needs. */
function bellsOf(value) {
    const all = value.bells.value.split(',').map((one) => one.split('-').map((time) => time.padStart(5, '0')));

    return { am: all.filter(([from]) => from < '12:00').slice(0, MOST), pm: all.filter(([from]) => from >= '12:00').slice(0, MOST) };
}

function fit(list, n, first) {
    const out = list.slice(0, n);

    while (out.length < n) {                                          // ten minutes after the one before, forty long
        const minutes = out.length ? Number(out[out.length - 1][1].slice(0, 2)) * 60 + Number(out[out.length - 1][1].slice(3)) + 10 : first;
        const clock = (m) => `${String(Math.floor(m / 60)).padStart(2, '0')}:${String(m % 60).padStart(2, '0')}`;

        out.push([clock(minutes), clock(minutes + 40)]);
    }
    return out;
}

/* ---- the form */

const Count = ({ id, label, value, onChange }) => html`<select id=${id} class="in" aria-label=${label} onChange=${(e) => onChange(Number(e.target.value))}>
    ${Array.from({ length: MOST + 1 }, (_, n) => html`<option key=${n} value=${n} selected=${n === value}>${n}</option>`)}</select>`;

function EditDialog({ value, close, done }) {
    const [days, setDays] = useState(value.days.map(({ am, pm }) => ({ am, pm })));
    const [bells, setBells] = useState(bellsOf(value));
    const [reason, setReason] = useState('');
    const [problem, setProblem] = useState(null);
    const [busy, setBusy] = useState(false);
    const form = useRef(null);
    const shown = { am: fit(bells.am, most(days, 'am'), 480), pm: fit(bells.pm, most(days, 'pm'), 840) };
    const wrong = (name) => problem?.field?.(name);
    const set = (n, half) => (count) => setDays(days.map((day, i) => (i === n - 1 ? { ...day, [half]: count } : day)));
    const ring = (half, i, end) => (e) => setBells({ ...shown, [half]: shown[half].map((one, k) => (k === i
        ? one.map((time, at) => (at === end ? e.target.value : time)) : one)) });

    async function send(event) {
        event.preventDefault();
        setBusy(true);
        setProblem(null);
        try {
            await post('timetable', { unit_id: value.unit.id, week: weekText(days), periods: periodsText(days), bells: bellsText(shown), reason }, { match: value.version });
            close();
            done();
        } catch (refusal) {
            setProblem(refusal);
            setBusy(false);
            focusFirstError(form.current);
        }
    }

    return html`<${Dialog} title=${t('cal.tt.edit')} close=${close}><form class="v" novalidate ref=${form} onSubmit=${send}><p class="mut">${value.unit.name}</p>
        ${problem && !(problem.errors || []).length && html`<div role="alert"><${Note} tone="no">${problemText(problem)}<//></div>`}
        <fieldset class="f"><legend class="lab">${t('cal.tt.days')}</legend><table class="tb tight"><thead><tr><th scope="col">${t('cal.tt.weekday')}</th><th scope="col">${t('cal.tt.morning')}</th><th scope="col">${t('cal.tt.afternoon')}</th></tr></thead>
            <tbody>${WEEK.map((n) => html`<tr key=${n}><th scope="row">${dayName(n)}</th><td><${Count} id="am-${n}" label=${t('cal.tt.day_am', { day: dayName(n) })} value=${days[n - 1].am} onChange=${set(n, 'am')}/></td>
                <td><${Count} id="pm-${n}" label=${t('cal.tt.day_pm', { day: dayName(n) })} value=${days[n - 1].pm} onChange=${set(n, 'pm')}/></td></tr>`)}</tbody></table>
            <${FieldError} id="periods">${wrong('periods') || wrong('week')}<//></fieldset>
        <fieldset class="f"><legend class="lab">${t('cal.tt.bells')}</legend>${['am', 'pm'].map((half) => shown[half].map(([from, to], i) => {
            const label = t('cal.tt.period', { n: (half === 'pm' ? shown.am.length : 0) + i + 1 });

            return html`<div key=${`${half}${i}`} class="h"><span class="g n">${label}</span><input class="in time" type="time" aria-label=${dots(label, t('cal.tt.begins'))} value=${from} onInput=${ring(half, i, 0)}/>
                <input class="in time" type="time" aria-label=${dots(label, t('cal.tt.ends'))} value=${to} onInput=${ring(half, i, 1)}/></div>`;
        }))}<${FieldError} id="bells">${wrong('bells')}<//></fieldset>
        <${Field} id="reason" label=${t('cal.tt.reason')} maxlength="200" autocomplete="off" value=${reason} error=${wrong('reason')} onInput=${(e) => setReason(e.target.value)}/>
        <div class="h wrap end"><button class="btn" type="button" onClick=${close}>${t('cal.cancel')}</button><${Submit} busy=${busy}>${t('cal.save')}<//></div></form><//>`;
}

function ResetDialog({ value, close, done }) {
    const [reason, setReason] = useState('');
    const [problem, setProblem] = useState(null);

    async function send(event) {
        event.preventDefault();
        try {
            await post('timetable', { unit_id: value.unit.id, reason }, { match: value.version });
            close();
            done();
        } catch (refusal) {
            setProblem(refusal);
        }
    }

    return html`<${Dialog} title=${t('cal.tt.reset.title')} close=${close}><form class="v" novalidate onSubmit=${send}>
        ${problem && !problem.field?.('reason') && html`<div role="alert"><${Note} tone="no">${problemText(problem)}<//></div>`}
        <${Field} id="reason" label=${t('cal.tt.reason')} maxlength="200" autocomplete="off" value=${reason} error=${problem?.field?.('reason')} onInput=${(e) => setReason(e.target.value)}/>
        <div class="h wrap end"><button class="btn" type="button" onClick=${close}>${t('cal.cancel')}</button><${Submit}>${t('cal.tt.reset')}<//></div></form><//>`;
}

/* ---- the page */

function Table({ value }) {
    const on = value.days.filter((day) => day.am + day.pm > 0);
    const rows = Array.from({ length: Math.max(...on.map((day) => day.am)) }, (_, i) => ['am', i]).concat(Array.from({ length: Math.max(...on.map((day) => day.pm)) }, (_, i) => ['pm', i]));
    const cell = (day, half, i) => (i < day[half] ? day.periods[half === 'am' ? i : day.am + i] : null);

    return html`<div class="tw" tabindex="0" role="region" aria-label=${t('cal.tab.timetable')}><table class="tb tight"><thead><tr><th scope="col"><span class="sr">${t('cal.tt.bells')}</span></th>${on.map((day) => html`<th key=${day.weekday} scope="col">${dayName(day.weekday)}</th>`)}</tr></thead>
        <tbody>${rows.map(([half, i]) => html`<tr key=${`${half}${i}`}><th scope="row">${t(`cal.tt.${half === 'am' ? 'morning' : 'afternoon'}`)} ${i + 1}</th>${on.map((day) => {
            const times = cell(day, half, i);

            return html`<td key=${day.weekday} class="n">${times ? `${times[0]}–${times[1]}` : html`<span class="mut">—</span>`}</td>`;
        })}</tr>`)}</tbody></table></div>`;
}

const origin = ({ origin: of, own }) => (own ? t('cal.tt.own', { unit: of.unit_name }) : of ? t('cal.tt.origin', { unit: of.unit_name }) : t('cal.tt.origin.default'));

export default function Timetable({ query }) {
    const data = useData(`timetable?unit_id=${unitOf(query)}`, { kept: false });
    const [asked, ask] = useState('');
    const { value } = data;
    const close = () => ask('');
    const done = () => { toast(t('cal.saved')); data.reload(); };
    const own = value && ['week', 'periods', 'bells'].some((name) => value[name].own);

    return html`<${Calendar} part="timetable" query=${query} tools=${value?.editable && html`<div class="h wrap">${own && html`<button class="btn" type="button" onClick=${() => ask('reset')}>${t('cal.tt.reset')}</button>`}
            <button class="btn pri" type="button" onClick=${() => ask('edit')}><${Icon} of="pen"/>${t('cal.tt.edit')}</button></div>`}>
        <p class="mut sheet">${t('cal.tt.intro')}</p><${Stale} data=${data}/>
        ${!value ? html`<${Waiting} data=${data}/>` : html`${value.misfit && html`<${Note} tone="wait">${t('cal.tt.misfit')}<//>`}<${Table} value=${value}/>
            <p class="cap">${[...new Set(['week', 'periods', 'bells'].map((name) => origin(value[name])))].join(t('desk.comma'))}</p>
            ${value.below.length > 0 && html`<p class="sm">${t('cal.tt.below')}${value.below.map((one, i) => html`${i > 0 && t('desk.comma')}<a key=${one.unit_id} href="#/calendar/timetable?unit=${one.unit_id}">${one.unit_name}</a>`)}</p>`}`}
        ${asked && html`<${asked === 'edit' ? EditDialog : ResetDialog} value=${value} close=${close} done=${done}/>`}<//>`;
}
