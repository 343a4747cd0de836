// audit.js: the audit trail: who did what, newest first, with its changes field by field; and whether a chain is as it was written.

import { get } from '../api.js';
import { can, go, session } from '../frame.js';
import { Field, Submit } from '../parts.js';
import { html, t, addDays, dayText, problemText, today, useData, useRef, useState, Empty, Note, Stale, Waiting } from '../ui.js';
import { Desk } from '../staff/desk.js';
import { More, usePages } from '../staff/list.js';

const NAMES = ['unit_id', 'record', 'record_id', 'who', 'from', 'to'];

const searchOf = (filter) => new URLSearchParams(Object.entries(filter).filter(([name, value]) => NAMES.includes(name) && value)).toString();

/* ---- one event */

const Change = ({ of: { label, from, to } }) => html`<div><dt>${label}</dt><dd>${from !== null && html`<del>${from}</del> <span aria-hidden="true">→</span> <span class="sr">${t('audit.to')}</span>`}
    ${to === null ? html`<span class="mut">${t('audit.empty')}</span>` : to}</dd></div>`;

function Event({ event, all, only }) {
    return html`<li class="li wrap audit"><div class="g"><p><b>${event.sentence}</b></p>
        <p class="sm mut"><span class="n">${event.at.slice(11, 19)}</span>${all && html`·${event.unit_name}`}${event.address && html`·<span class="n">${event.address}</span>`}·<span class="n">${t('audit.number', { n: event.number })}</span></p>
        ${event.changes.length > 0 && html`<details><summary>${t('audit.changes', { n: event.changes.length })}</summary><dl class="facts">${event.changes.map((one) => html`<${Change} key=${one.field} of=${one}/>`)}</dl></details>`}</div>
        ${event.record_id && html`<button class="btn xs" type="button" aria-label=${t('audit.only_this.of', { what: event.sentence })} onClick=${() => only({ record: event.record, record_id: event.record_id })}>${t('audit.only_this')}</button>`}</li>`;
}

/** Under the day they happened on. */
function Events({ items, all, only }) {
    const days = [...new Set(items.map((one) => one.at.slice(0, 10)))];

    return days.map((day) => html`<section key=${day} class="v v2"><h2>${dayText(day)}</h2><ul class="card flush">${items.filter((one) => one.at.slice(0, 10) === day)
        .map((event) => html`<${Event} key=${`${event.unit_id}.${event.number}`} event=${event} all=${all} only=${only}/>`)}</ul></section>`);
}

/* ---- is it whole? */

function Verify({ chains }) {
    const [unit, setUnit] = useState(chains[0].unit_id);
    const [state, setState] = useState(null);
    const stop = useRef(false);

    async function run(event) {
        event.preventDefault();
        stop.current = false;
        let after = '';

        setState({ busy: true, verified: 0, events: chains.find((one) => one.unit_id === unit).events });
        try {
            do {
                const answer = await get(`audit-chains/${unit}/verify${after && `?after=${after}`}`);

                after = answer.next;
                setState({ ...answer, busy: Boolean(after) });
            } while (after && !stop.current);
            if (stop.current) {
                setState(null);
            }
        } catch (problem) {
            setState({ problem });
        }
    }

    return html`<section class="card v sheet"><h2>${t('audit.verify')}</h2><p class="mut">${t('audit.verify.text')}</p>
        <form class="tools" onSubmit=${run}>${chains.length > 1 && html`<select class="in" aria-label=${t('audit.chain')} disabled=${state?.busy} onChange=${(e) => { setUnit(e.target.value); setState(null); }}>
            ${chains.map((one) => html`<option key=${one.unit_id} value=${one.unit_id} selected=${one.unit_id === unit}>${one.name}</option>`)}</select>`}
            ${state?.busy ? html`<button class="btn" type="button" onClick=${() => { stop.current = true; }}>${t('audit.verify.stop')}</button>` : html`<${Submit}>${t('audit.verify.run')}<//>`}</form>
        <div role="status">${state?.problem ? html`<${Note} tone="no">${problemText(state.problem)}<//>` : state?.busy ? html`<progress max=${state.events || 1} value=${state.verified} aria-label=${t('audit.verify')}></progress>
                <p class="n">${t('audit.verify.at', { n: state.verified, all: state.events })}</p>`
            : state?.whole === true ? html`<${Note} tone="ok">${t('audit.verify.whole', { name: state.name, n: state.verified })}<//>`
                : state?.whole === false && html`<${Note} tone="no">${t('audit.verify.broken', { name: state.name, n: state.first_bad })}<//>`}</div></section>`;
}

/* ---- the page */

function Filters({ filter, chains, set }) {
    const [typed, type] = useState(filter);
    const send = (event) => { event.preventDefault(); set(typed); };
    const change = (name) => (e) => type({ ...typed, [name]: e.target.value, ...(name === 'record' && { record_id: '' }) });

    return html`<form class="card v v2" onSubmit=${send}><div class="filters">
        ${chains.value?.items.length > 1 && html`<${Field} id="unit_id" as="select" label=${t('audit.chain')} onChange=${change('unit_id')}>${chains.value.all && html`<option value="" selected=${!typed.unit_id}>${t('audit.all')}</option>`}
            ${chains.value.items.map((one) => html`<option key=${one.unit_id} value=${one.unit_id} selected=${one.unit_id === typed.unit_id}>${one.name}</option>`)}<//>`}
        <${Field} id="record" as="select" label=${t('audit.record')} onChange=${change('record')}><option value="" selected=${!typed.record}>${t('audit.any')}</option>
            ${chains.value?.records.map((one) => html`<option key=${one.record} value=${one.record} selected=${one.record === typed.record}>${one.label}</option>`)}<//>
        <${Field} id="who" label=${t('audit.who')} autocomplete="off" maxlength="60" value=${typed.who || ''} onInput=${change('who')}/>
        <${Field} id="from" type="date" label=${t('audit.from')} value=${typed.from || ''} onInput=${change('from')}/>
        <${Field} id="to" type="date" label=${t('audit.until')} value=${typed.to || ''} onInput=${change('to')}/></div>
        <div class="h wrap end">${filter.record_id && html`<span class="g sm">${t('audit.one_record')}</span>`}${searchOf(filter) && html`<a class="btn" href="#/audit">${t('audit.clear')}</a>`}<${Submit}>${t('audit.show')}<//></div></form>`;
}

export default function Audit({ query }) {
    const chains = useData('audit-chains', { kept: false });
    const search = searchOf(query);
    const list = usePages(`audit-events${search && `?${search}`}`, { kept: false });
    const set = (filter) => go(`audit${searchOf(filter) && `?${searchOf(filter)}`}`);
    const only = ({ record, record_id: id }) => set({ unit_id: query.unit_id, record, record_id: id });
    const wrong = list.problem?.errors?.length > 0 && list.problem;

    return html`<${Desk} title=${t('audit.title')} crumb=${session().positions[0]?.school_name || ''} current="#/audit">
        <p class="mut sheet">${t('audit.intro')}</p>
        <${Filters} key=${search} filter=${query} chains=${chains} set=${set}/>
        <${Stale} data=${list}/>${wrong ? html`<div role="alert"><${Note} tone="no">${problemText(wrong)}<//></div>` : !list.items ? html`<${Waiting} data=${list}/>`
            : list.items.length === 0 ? html`<div class="card"><${Empty} title=${t('audit.none')} text=${t('audit.none.text', { from: dayText(list.value.from || addDays(today(), -30)), to: dayText(list.value.to || today()) })}/></div>`
                : html`<${Events} items=${list.items} all=${chains.value?.all && !query.unit_id} only=${only}/>`}
        <${More} of=${list}/>
        ${can('audit.read') && chains.value?.items.length > 0 && html`<${Verify} chains=${chains.value.items}/>`}<//>`;
}
