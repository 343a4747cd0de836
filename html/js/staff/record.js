// record.js: one row of any record: its fields, what can be done with it, its history; and the form for a new one.

import { patch, post } from '../api.js';
import { go, session, toast } from '../frame.js';
import { Dialog, Timeline } from '../parts.js';
import { html, t, knows, problemText, timeText, useData, useState, Icon, Note, Stale, Waiting } from '../ui.js';
import { Desk } from './desk.js';
import { Form, label, nameOf, StateBadge, Value } from './fields.js';
import { placeOf, title, useRecord } from './records.js';
import { Documents } from '../print/documents.js';
import { Rules } from '../rule.js';
import { Files } from '../viewer.js';

const actionText = (record, action) => [`${record}.action.${action}`, `action.${action}`].map((key) => knows(key) && t(key)).find(Boolean) || action;

/** Fields with their values. */
export const Facts = ({ record, item, skip = [] }) => html`<dl class="facts">${[...['class_name', 'school_name', 'unit_name'].filter((name) => item[name]),
    ...record.fields.filter((field) => !['student_id', 'class_id', 'school_id'].includes(field.name)).map((field) => field.name)].filter((name) => name in item && !skip.includes(name)).map((name) => html`<div key=${name}>
        <dt>${label(record.name, name)}</dt><dd>${record.fields.find((field) => field.name === name)?.type === 'files' && item[name].length
            ? html`<${Files} files=${item[name]} label=${label(record.name, name)}/>` : html`<${Value} record=${record} name=${name} item=${item}/>`}</dd></div>`)}</dl>`;

function History({ record, item }) {
    const history = useData(`${record.name}/${item.id}/history`, { kept: false });

    return html`<section class="v v2"><h2>${t('record.history')}</h2>${history.value ? html`<${Timeline} items=${history.value.items.map((entry) => ({
        icon: 'dots', title: `${entry.actor ? `${entry.actor} ` : ''}${actionText(record.name, entry.action)}`, time: timeText(entry.at), say: entry.comment,
        text: entry.to && knows(`${record.name}.state.${entry.to}`) && entry.to !== entry.from ? t(`${record.name}.state.${entry.to}`) : undefined }))}/>` : html`<${Waiting} data=${history}/>`}</section>`;
}

function ActionDialog({ record, item, action, codes, close, done }) {
    const fields = action.fields.map((field) => ({ ...record.fields.find((one) => one.name === field.name), ...field }));

    async function send(body) {
        const answer = await post(`${record.name}/${item.id}/${action.action}`, body, { match: item.version });

        close();
        done(answer);
    }

    return html`<${Dialog} title=${actionText(record.name, action.action)} close=${close}><${Form} record=${record.name} fields=${fields} codes=${codes} send=${send} cancel=${close}
        danger=${action.destructive} submit=${actionText(record.name, action.action)}><p class="mut">${nameOf(record, item)}</p><//><//>`;
}

function One({ record, codes, id }) {
    const data = useData(`${record.name}/${id}`, { kept: false });
    const [asked, ask] = useState(null);                               // an action, or 'edit'
    const [problem, setProblem] = useState(null);
    const [turn, setTurn] = useState(0);
    const item = data.value;
    const name = item ? nameOf(record, item) : '';
    const close = () => ask(null);

    function done(action) {
        toast(t('record.done', { name, what: actionText(record.name, action) }));
        setProblem(null);
        setTurn(turn + 1);
        data.reload();
    }

    async function act(action) {
        if (action.fields.length || action.destructive) {
            ask(action);
            return;
        }
        try {
            await post(`${record.name}/${item.id}/${action.action}`, {}, { match: item.version });
            done(action.action);
        } catch (refusal) {
            setProblem(refusal);
            data.reload();
        }
    }

    if (!item) {
        return html`<${Desk} title=${title(record.name)} current=${placeOf(record.name)} back=${record.name} crumb=${html`<a href="#/${record.name}">${title(record.name)}</a>`}><${Waiting} data=${data}/><//>`;
    }

    const actions = item.actions || [];
    const main = actions.find((one) => !one.destructive);
    const edit = record.edit && (!record.editable || record.editable.includes(item.state));

    return html`<${Desk} title=${name} current=${placeOf(record.name)} back=${record.name} crumb=${html`<a href="#/${record.name}">${title(record.name)}</a>`}>
        <${Stale} data=${data}/>
        ${problem && html`<div role="alert"><${Note} tone="no">${[409, 412].includes(problem.status) ? t('record.changed') : problemText(problem)}<//></div>`}
        <div class=${record.states.length ? 'side2 rails' : 'v'}><section class="card v">
            ${item.state && html`<div class="h"><${StateBadge} record=${record} state=${item.state}/></div>`}
            <${Facts} record=${record} item=${item}/>
            ${(actions.length > 0 || edit) && html`<div class="h wrap">${actions.map((action) => html`<button key=${action.action} type="button"
                class="btn ${action === main ? 'pri' : action.destructive ? 'del' : ''}" onClick=${() => act(action)}>${actionText(record.name, action.action)}</button>`)}
                ${edit && html`<button class="btn" type="button" onClick=${() => ask('edit')}><${Icon} of="pen"/>${t('record.edit')}</button>`}</div>`}
            ${record.rules && html`<${Rules} key=${item.id} path=${`${record.name}/${item.id}/rules`}/>`}
            ${record.documents && html`<${Documents} record=${record.name} id=${item.id} version=${item.version}/>`}</section>
            ${record.states.length > 0 && html`<${History} key=${`${item.version}.${turn}`} record=${record} item=${item}/>`}</div>
        ${asked === 'edit' ? html`<${Dialog} title=${t('record.edit')} close=${close}><${Form} record=${record.name} fields=${record.fields.filter((field) => !field.fixed && !field.by_hook)} old=${item} codes=${codes}
                submit=${t('record.save')} cancel=${close} send=${async (body) => { await patch(`${record.name}/${item.id}`, body, { match: item.version }); close(); done('edit'); }}/><//>`
            : asked && html`<${ActionDialog} record=${record} item=${item} action=${asked} codes=${codes} close=${close} done=${() => done(asked.action)}/>`}<//>`;
}

/** Where a new record belongs, when the reader has several places: a field in front of the others. */
function placeField(record) {
    const schools = new Set(session().positions.map((one) => one.school_id || ''));

    if (record.place === 'school_id' && !(schools.size === 1 && session().positions[0].school_id)) {
        return [{ name: 'school_id', type: 'ref', of: 'org-units', query: 'level=school', required: true }];
    }
    return record.place === 'unit_id' ? [{ name: 'unit_id', type: 'ref', of: 'org-units', required: true }] : [];
}

/* query.student: the child the form is about, chosen already; query.<field>: what whoever leads here knows. */
function New({ record, codes, query }) {
    const place = placeField(record);
    const told = record.fields.filter((field) => query?.[field.name] && !field.by_hook);
    const given = { ...Object.fromEntries(told.map((field) => [field.name, query[field.name]])),
        ...(query?.student && { student_id: query.student }),
        ...(place[0]?.name === 'unit_id' && session().positions.length === 1 && { unit_id: session().positions[0].unit_id }) };

    async function send(body) {
        const made = await post(record.name, body);

        go(`${record.name}/${made.id}`);
        toast(t('record.made'));
    }

    return html`<${Desk} title=${t('record.new_of', { what: title(record.name) })} current=${placeOf(record.name)} back=${record.name} crumb=${html`<a href="#/${record.name}">${title(record.name)}</a>`}>
        <section class="card sheet"><${Form} record=${record.name} fields=${[...place, ...record.fields.filter((field) => !field.by_hook && field.name !== record.place)]} given=${given} codes=${codes} send=${send} submit=${t('record.save')} cancel=${() => go(record.name)}/></section><//>`;
}

export default function Record({ params, query }) {
    const { record, codes, data } = useRecord(params.record);

    if (record) {
        return params.id === 'new' ? html`<${New} key=${record.name} record=${record} codes=${codes} query=${query}/>` : html`<${One} key=${params.id} record=${record} codes=${codes} id=${params.id}/>`;
    }
    return html`<${Desk} title=${record === null ? t('apology') : ''}>${record === null ? html`<${Note} tone="wait">${t('no_such_page')} <a href="#/today">${t('to_home')}</a><//>` : html`<${Waiting} data=${data}/>`}<//>`;
}
