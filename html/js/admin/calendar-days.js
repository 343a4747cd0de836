// calendar-days.js: holidays and make-up days of a unit, one by one or as the announcement has them.

import { del, patch, post } from '../api.js';
import { toast } from '../frame.js';
import { Dialog, Field, Submit } from '../parts.js';
import { html, t, problemText, today, useData, useState, Badge, Empty, Icon, Note, Stale, Waiting } from '../ui.js';
import { Form } from '../staff/fields.js';
import { Calendar, schoolYear, spanName, unitOf, whose, Years } from './calendar.js';
import { RemoveDialog } from './calendar-terms.js';

const KIND = { name: 'kind', type: 'code', of: 'calendar_day_kind', codes: ['holiday', 'makeup'], required: true };
const FIELDS = [{ name: 'name', type: 'text', max: 60, required: true }, { name: 'starts_on', type: 'date', required: true },
    { name: 'ends_on', type: 'date', required: true }, { name: 'statutory', type: 'bool' }];

function DayDialog({ unit, day, close, done }) {
    const send = async (body) => {
        await (day ? patch(`calendar-days/${day.id}`, body, { match: day.version }) : post('calendar-days', { statutory: false, ...body, unit_id: unit.id }));
        close();
        done();
    };

    return html`<${Dialog} title=${day ? day.name : t('cal.days.add')} close=${close}><p class="mut">${unit.name}</p>
        <${Form} record="calendar-days" fields=${day ? FIELDS : [KIND, ...FIELDS]} old=${day || { statutory: unit.level === 'county' }} send=${send} submit=${t('cal.save')} cancel=${close}/><//>`;
}

/* ---- the announcement */

const TONES = { new: ['ok', 'plus'], same: ['none', 'check'], taken: ['wait', 'warn'] };

const Found = ({ items }) => html`<ul class="card flush">${items.map((one, i) => html`<li key=${i} class="li"><span class="g"><b>${one.name}</b> ${t(`code.calendar_day_kind.${one.kind}`)}<br/>
    <span class="sm n">${spanName(one.starts_on, one.ends_on)}</span> <span class="sm mut n">${t('cal.days.n', { n: one.days })}</span></span>
    <${Badge} tone=${TONES[one.verdict][0]} icon=${TONES[one.verdict][1]}>${t(`cal.paste.${one.verdict}`, { name: one.in_the_way })}<//></li>`)}</ul>`;

function PasteDialog({ unit, close, done }) {
    const [text, setText] = useState('');
    const [year, setYear] = useState(today().slice(0, 4));
    const [found, setFound] = useState(null);
    const [problem, setProblem] = useState(null);
    const [busy, setBusy] = useState(false);
    const fresh = found?.items.filter((one) => one.verdict === 'new').length;

    async function send(apply) {
        setBusy(true);
        setProblem(null);
        try {
            const answer = await post('calendar-days/paste', { unit_id: unit.id, text, year: Number(year), apply });

            if (apply) {
                close();
                done(t('cal.pasted', { n: answer.added }));
                return;
            }
            setFound(answer);
        } catch (refusal) {
            setProblem(refusal);
        }
        setBusy(false);
    }

    const wrong = problem && (problem.field?.('text') || problem.field?.('year'));

    return html`<${Dialog} title=${t('cal.days.paste')} close=${close}><p class="mut">${unit.name}</p>
        ${problem && !wrong && html`<div role="alert"><${Note} tone="no">${problemText(problem)}<//></div>`}
        ${!found ? html`<form class="v" onSubmit=${(e) => { e.preventDefault(); send(false); }}>
            <${Field} id="paste" label=${t('cal.paste.text')} as="textarea" rows="7" maxlength="8000" value=${text} error=${problem?.field?.('text')} onInput=${(e) => setText(e.target.value)} note=${html`<p class="cap">${t('cal.paste.hint')}</p>`}/>
            <${Field} id="paste-year" label=${t('cal.paste.year')} inputmode="numeric" value=${year} error=${problem?.field?.('year')} onInput=${(e) => setYear(e.target.value)}/>
            <div class="h wrap end"><button class="btn" type="button" onClick=${close}>${t('cal.cancel')}</button><${Submit} busy=${busy || !text.trim()}>${t('cal.paste.read')}<//></div></form>`
            : html`<p role="status">${t('cal.paste.found', { n: found.items.length })}</p><${Found} items=${found.items}/>
            ${found.faults.length > 0 && html`<${Note} tone="wait"><p>${t('cal.paste.faults')}</p><ul>${found.faults.map((one, i) => html`<li key=${i}><b>${t('cal.paste.line', { n: one.line })}</b> ${one.text}<br/><span class="sm">${one.message}</span></li>`)}</ul><//>`}
            ${fresh === 0 && html`<p class="mut">${t('cal.paste.nothing')}</p>`}
            <div class="h wrap end"><button class="btn" type="button" onClick=${() => setFound(null)}>${t('cal.paste.again')}</button>
                ${fresh > 0 && found.faults.length === 0 && html`<button class="btn pri" type="button" disabled=${busy} onClick=${() => send(true)}>${t('cal.paste.apply', { n: fresh })}</button>`}</div>`}<//>`;
}

/* ---- the page */

const Row = ({ day, editable, ask }) => html`<li class="li wrap"><${Icon} of=${day.kind === 'makeup' ? 'pen' : 'home'}/><span class="g"><b>${day.name}</b> <span class="sm">${t(`code.calendar_day_kind.${day.kind}`)}</span><br/>
    <span class="n">${spanName(day.starts_on, day.ends_on)}</span> <span class="sm mut n">${t('cal.days.n', { n: day.days })}</span><br/>
    <span class="sm mut">${whose(day)}${!day.statutory && html`·${t('cal.days.school_only')}`}</span></span>
    ${day.place === 'own' && editable && day.id && html`<span class="h acts"><button class="btn xs" type="button" onClick=${() => ask({ day })}><${Icon} of="pen"/>${t('cal.edit')}</button>
        <button class="btn xs" type="button" onClick=${() => ask({ day, remove: true })}>${t('cal.day.remove')}</button></span>`}</li>`;

export default function Days({ query }) {
    const year = Number(query.year) || schoolYear();
    const data = useData(`calendar-days?unit_id=${unitOf(query)}&school_year=${year}`, { kept: false });
    const [asked, ask] = useState(null);
    const { value } = data;
    const close = () => ask(null);
    const done = (text) => { toast(typeof text === 'string' ? text : t('cal.saved')); data.reload(); };
    const tools = value?.editable && html`<div class="h wrap"><button class="btn" type="button" onClick=${() => ask({})}><${Icon} of="plus"/>${t('cal.days.add')}</button>
        <button class="btn pri" type="button" onClick=${() => ask({ paste: true })}><${Icon} of="paper"/>${t('cal.days.paste')}</button></div>`;

    return html`<${Calendar} part="days" query=${query} tools=${tools}>
        <p class="mut sheet">${t('cal.days.intro')}</p><${Years} part="days" query=${query} year=${year}/><${Stale} data=${data}/>
        ${!value ? html`<${Waiting} data=${data}/>` : value.items.length === 0 ? html`<div class="card"><${Empty} title=${t('cal.days.none')} text=${t('cal.days.none.text')}/></div>`
            : html`<ul class="card flush">${value.items.map((day) => html`<${Row} key=${`${day.unit_id}.${day.starts_on}`} day=${day} editable=${value.editable} ask=${ask}/>`)}</ul>`}
        ${asked && (asked.paste ? html`<${PasteDialog} unit=${value.unit} close=${close} done=${done}/>`
            : asked.remove ? html`<${RemoveDialog} title=${t('cal.day.remove.title')} text=${t('cal.day.remove.text', { name: asked.day.name, n: asked.day.days })} label=${t('cal.day.remove')}
                remove=${() => del(`calendar-days/${asked.day.id}`, { match: asked.day.version })} close=${close} done=${done}/>`
                : html`<${DayDialog} unit=${value.unit} day=${asked.day} close=${close} done=${done}/>`)}<//>`;
}
