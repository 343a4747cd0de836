// calendar-closures.js: closures and the form that orders one: why, which days, which classes.

import { post } from '../api.js';
import { can, go, session, toast } from '../frame.js';
import { Choice, Dialog, Field, FieldError, focusFirstError, Submit } from '../parts.js';
import { html, t, problemText, today, useData, useRef, useState, Badge, Empty, Icon, Note, Stale, Waiting } from '../ui.js';
import { Form } from '../staff/fields.js';
import { More, usePages } from '../staff/list.js';
import { Calendar, spanName } from './calendar.js';

const KINDS = ['weather', 'infection', 'examination', 'other'];

/* ---- what can be done with one */

function EndDialog({ of: closure, close, done }) {
    const send = async (body) => { await post(`closures/${closure.id}/end`, body, { match: closure.version }); close(); done(); };

    return html`<${Dialog} title=${t('cal.closures.end')} close=${close}><p>${t('cal.closures.end.text')}</p>
        <${Form} record="closures" fields=${[{ name: 'ends_on', type: 'date', required: true }, { name: 'comment', type: 'text', max: 200 }]} old=${closure} send=${send} submit=${t('cal.save')} cancel=${close}/><//>`;
}

function CancelDialog({ of: closure, close, done }) {
    const send = async (body) => { await post(`closures/${closure.id}/cancel`, body, { match: closure.version }); close(); done(); };

    return html`<${Dialog} title=${t('cal.closures.cancel')} close=${close}><p>${t('cal.closures.cancel.text')}</p>
        <${Form} record="closures" fields=${[{ name: 'comment', type: 'text', max: 200, required: true }]} send=${send} danger submit=${t('cal.closures.cancel')} cancel=${close}/><//>`;
}

const able = (closure, action) => closure.actions.some((one) => one.action === action);

const Row = ({ closure, ask }) => html`<li class="li wrap"><${Icon} of="off"/><span class="g"><b>${closure.reason}</b> ${closure.state === 'cancelled' ? html`<${Badge} tone="none" icon="again">${t('closures.state.cancelled')}<//>`
    : html`<${Badge} tone=${closure.ends_on < today() ? 'none' : 'wait'} icon="clock">${t(`code.closure_kind.${closure.kind}`)}<//>`}<br/>
    <span class="n">${spanName(closure.starts_on, closure.ends_on)}</span><br/>
    <span class="sm mut">${!session().positions[0].school_id && closure.school_name ? `${closure.school_name} ` : ''}${closure.classes.map((one) => one.name).join(t('desk.comma'))}</span></span>
    <span class="h wrap acts">${able(closure, 'end') && html`<button class="btn xs" type="button" onClick=${() => ask({ closure, end: true })}>${t('cal.closures.end')}</button>`}
        ${able(closure, 'cancel') && html`<button class="btn xs" type="button" onClick=${() => ask({ closure })}>${t('cal.closures.cancel')}</button>`}
        <a class="btn xs" href="#/closures/${closure.id}">${t('cal.closures.history')}</a></span></li>`;

function List({ query }) {
    const [view, setView] = useState('coming');
    const list = usePages(`closures${view && `?view=${view}`}`, { kept: false });
    const [asked, ask] = useState(null);
    const close = () => ask(null);
    const done = () => { toast(t('cal.saved')); list.reload(); };
    const order = can('calendar.edit') && html`<a class="btn pri" href="#/calendar/closures/new"><${Icon} of="plus"/>${t('cal.closures.add')}</a>`;

    return html`<${Calendar} part="closures" query=${query} units=${false} tools=${list.items?.length > 0 && order}>
        <p class="mut sheet">${t('cal.closures.intro')}</p>
        <div class="tools"><${Choice} name="view" label=${t('cal.closures.show')} quiet tight value=${view} onChange=${setView} choices=${[...['coming', 'over'].map((one) => ({ value: one, label: t(`closures.view.${one}`) })), { value: '', label: t('cal.closures.all_shown') }]}/></div>
        <${Stale} data=${list}/>
        ${!list.items ? html`<${Waiting} data=${list}/>` : list.items.length === 0 ? html`<div class="card"><${Empty} title=${t('cal.closures.none')} text=${t('cal.closures.none.text')}>${order}<//></div>`
            : html`<ul class="card flush">${list.items.map((closure) => html`<${Row} key=${closure.id} closure=${closure} ask=${ask}/>`)}</ul>`}
        <${More} of=${list}/>
        ${asked && html`<${asked.end ? EndDialog : CancelDialog} of=${asked.closure} close=${close} done=${done}/>`}<//>`;
}

/* ---- a new one */

function Classes({ items, chosen, set, error }) {
    const years = [...new Set(items.map((one) => `${one.stage}.${one.entry_year}`))];
    const all = (some) => some.every((one) => chosen.includes(one.id));
    const toggle = (some) => set(all(some)
        ? chosen.filter((id) => !some.some((one) => one.id === id)) : [...new Set([...chosen, ...some.map((one) => one.id)])]);

    return html`<fieldset class="f" aria-describedby=${error ? 'classes-e' : undefined}><legend class="lab">${t('cal.closures.classes')} <small>${t('cal.closures.chosen', { n: chosen.length })}</small></legend>
        <div class="seg tight"><label><input type="checkbox" id="classes" checked=${all(items)} aria-invalid=${error ? 'true' : undefined} onChange=${() => toggle(items)}/><span>${t('cal.closures.all')}</span></label></div>
        ${years.map((year) => html`<div key=${year} class="seg tight">${items.filter((one) => `${one.stage}.${one.entry_year}` === year).map((one) => html`<label key=${one.id}>
            <input type="checkbox" checked=${chosen.includes(one.id)} onChange=${() => toggle([one])}/><span>${one.name}</span></label>`)}</div>`)}
        <${FieldError} id="classes">${error}<//></fieldset>`;
}

function New({ query }) {
    const own = session().positions[0].school_id;
    const [school, setSchool] = useState(own || query.school || '');
    const schools = useData(own ? '' : 'org-units?level=school&limit=200').value?.items;
    const classes = useData(school ? `classes?school_id=${school}` : '');
    const [values, setValues] = useState({ kind: 'weather', reason: '', starts_on: today(), ends_on: today() });
    const [chosen, choose] = useState([]);
    const [problem, setProblem] = useState(null);
    const [busy, setBusy] = useState(false);
    const form = useRef(null);
    const wrong = (name) => problem?.field?.(name);
    const change = (name) => (e) => setValues({ ...values, [name]: e.target.value,
        ...(name === 'starts_on' && e.target.value > values.ends_on && { ends_on: e.target.value }) });

    async function send(event) {
        event.preventDefault();
        setBusy(true);
        setProblem(null);
        try {
            await post('closures', { ...values, class_ids: chosen });
            go('calendar/closures');
            toast(t('cal.closures.ordered'));
        } catch (refusal) {
            setProblem(Object.assign(refusal, { chosen }));
            setBusy(false);
            focusFirstError(form.current);
        }
    }

    return html`<${Calendar} part="closures" query=${{}} units=${false}><p class="crumb"><a href="#/calendar/closures">${t('cal.back')}</a></p>
        <form class="card v sheet" novalidate ref=${form} onSubmit=${send}><h2>${t('cal.closures.add')}</h2>
        ${problem && !(problem.errors || []).length && html`<div role="alert"><${Note} tone="no">${problemText(problem)}<//></div>`}
        <${Choice} name="kind" label=${t('cal.closures.kind')} value=${values.kind} error=${wrong('kind')} onChange=${(kind) => setValues({ ...values, kind })} choices=${KINDS.map((kind) => ({ value: kind, label: t(`code.closure_kind.${kind}`) }))}/>
        <${Field} id="reason" label=${t('cal.closures.reason')} hint=${t('cal.closures.reason.hint')} maxlength="100" autocomplete="off" value=${values.reason} error=${wrong('reason')} onInput=${change('reason')}/>
        <div class="two c2"><${Field} id="starts_on" type="date" label=${t('cal.closures.from')} value=${values.starts_on} error=${wrong('starts_on')} onInput=${change('starts_on')}/>
            <${Field} id="ends_on" type="date" label=${t('cal.closures.to')} value=${values.ends_on} error=${wrong('ends_on')} onInput=${change('ends_on')}/></div>
        ${!own && html`<${Field} id="school" as="select" label=${t('cal.closures.school')} onChange=${(e) => { setSchool(e.target.value); choose([]); }}><option value=""></option>
            ${schools?.map((one) => html`<option key=${one.id} value=${one.id} selected=${one.id === school}>${one.name}</option>`)}<//>`}
        ${classes.value ? html`<${Classes} items=${classes.value.items} chosen=${chosen} set=${choose} error=${!chosen.length || problem?.chosen === chosen ? wrong('class_ids') : ''}/>` : school && html`<${Waiting} data=${classes}/>`}
        <div class="h wrap end"><a class="btn" href="#/calendar/closures">${t('cal.cancel')}</a><${Submit} busy=${busy}>${t(chosen.length ? 'cal.closures.order' : 'cal.closures.order.none', { n: chosen.length })}<//></div></form><//>`;
}

export default function Closures({ params, query }) {
    return params.id === 'new' ? html`<${New} query=${query}/>` : html`<${List} query=${query}/>`;
}
