// calendar-terms.js: the terms of a unit, its own and those of the units above it.

import { del, patch, post } from '../api.js';
import { toast } from '../frame.js';
import { Dialog } from '../parts.js';
import { html, t, problemText, useData, useState, Empty, Icon, Note, Stale, Waiting } from '../ui.js';
import { Form } from '../staff/fields.js';
import { Calendar, schoolYear, spanName, unitOf, whose, yearName } from './calendar.js';

const DATES = [{ name: 'starts_on', type: 'date', required: true }, { name: 'ends_on', type: 'date', required: true }];
const NUMBER = { name: 'number', type: 'code', of: 'term_number', codes: ['1', '2'], required: true };

function TermDialog({ unit, term, close, done }) {
    const send = async (body) => {
        await (term ? patch(`terms/${term.id}`, body, { match: term.version })
            : post('terms', { ...body, unit_id: unit.id, number: Number(body.number) }));
        close();
        done();
    };

    return html`<${Dialog} title=${term ? `${yearName(term.school_year)} ${t(`cal.term.${term.number}`)}` : t('cal.add_term')} close=${close}>
        <p class="mut">${unit.name}</p>
        <${Form} record="terms" fields=${term ? DATES : [NUMBER, ...DATES]} old=${term} send=${send} submit=${t('cal.save')} cancel=${close}/><//>`;
}

export function RemoveDialog({ title, text, label, remove, close, done }) {
    const [problem, setProblem] = useState(null);

    async function go() {
        try {
            await remove();
            close();
            done();
        } catch (refusal) {
            setProblem(refusal);
        }
    }

    return html`<${Dialog} title=${title} close=${close}>${problem && html`<div role="alert"><${Note} tone="no">${problemText(problem)}<//></div>`}<p>${text}</p>
        <div class="h wrap end"><button class="btn" type="button" autofocus onClick=${close}>${t('cal.cancel')}</button><button class="btn danger" type="button" onClick=${go}>${label}</button></div><//>`;
}

const Row = ({ term, editable, ask }) => html`<li class="li wrap"><${Icon} of="cal"/><span class="g"><b>${t(`cal.term.${term.number}`)}</b>${' '}<span class="n">${spanName(term.starts_on, term.ends_on)}</span><br/>
    <span class="sm mut">${whose(term)}${term.place !== 'below' && !term.holds && html`·${t('cal.not_in_force')}`}</span></span>
    ${term.place === 'own' && editable && html`<span class="h acts"><button class="btn xs" type="button" onClick=${() => ask({ term })}><${Icon} of="pen"/>${t('cal.edit')}</button>
        <button class="btn xs" type="button" onClick=${() => ask({ term, remove: true })}>${t('cal.remove')}</button></span>`}</li>`;

export default function Terms({ query }) {
    const data = useData(`terms?unit_id=${unitOf(query)}`, { kept: false });
    const [asked, ask] = useState(null);
    const { value } = data;
    const years = value && [...new Set([schoolYear(), ...value.items.map((one) => one.school_year)])].sort((a, b) => b - a);
    const close = () => ask(null);
    const done = () => { toast(t('cal.saved')); data.reload(); };
    const add = value?.editable && html`<button class="btn pri" type="button" onClick=${() => ask({})}><${Icon} of="plus"/>${t('cal.add_term')}</button>`;

    return html`<${Calendar} part="terms" query=${query} tools=${value?.items.length > 0 && add}>
        <p class="mut sheet">${t('cal.terms.intro')}</p><${Stale} data=${data}/>
        ${!value ? html`<${Waiting} data=${data}/>` : years.map((year) => {
            const items = value.items.filter((one) => one.school_year === year);

            return html`<section key=${year} class="v v2"><h2 class="n">${yearName(year)}</h2>${items.length === 0
                ? html`<div class="card"><${Empty} title=${t('cal.no_terms')} text=${`${t('cal.no_terms.text')}${value.editable ? '' : t('cal.no_terms.wait')}`}>${add}<//></div>`
                : html`<ul class="card flush">${items.map((term) => html`<${Row} key=${term.id} term=${term} editable=${value.editable} ask=${ask}/>`)}</ul>`}</section>`;
        })}
        ${asked && (asked.remove ? html`<${RemoveDialog} title=${t('cal.term.remove.title')} text=${t('cal.term.remove.text', { from: asked.term.starts_on, to: asked.term.ends_on })} label=${t('cal.remove')}
                remove=${() => del(`terms/${asked.term.id}`, { match: asked.term.version })} close=${close} done=${done}/>`
            : html`<${TermDialog} unit=${value.unit} term=${asked.term} close=${close} done=${done}/>`)}<//>`;
}
