// dropout.js: cases: the board of the open ones by state, the ledgers, the attempts, and units by open cases for who looks at
// several, how far cases came and when. How a case is named, coloured and due is here too, for the pages of a case and of a child.

import { post } from '../api.js';
import { can, go, session, toast } from '../frame.js';
import { Choice } from '../parts.js';
import { html, t, dateText, dots, problemText, today, useData, useState, Badge, Empty, Icon, Seat, Stale, Waiting } from '../ui.js';
import { Bars, Figure, Funnel } from './charts.js';
import { Desk, recordOf, usePlugins } from './desk.js';
import { Export } from './export.js';
import { Value } from './fields.js';
import { More, Search, Select, usePages, useWide } from './list.js';

/** States of an open case in the order of the board; 退回更正 is with 县局核查. */
export const COLUMNS = [['suspected'], ['formal'], ['reported', 'correction'], ['confirmed'], ['noticed'], ['joint'], ['township'], ['observing'], ['follow_up']];
const LOOK = { suspected: ['wait', 'seat'], formal: ['wait', 'paper'], reported: ['wait', 'find'], correction: ['no', 'again'], confirmed: ['no', 'flag'], noticed: ['info', 'stamp'],
    joint: ['info', 'hand'], township: ['no', 'shield'], observing: ['wait', 'eye'], follow_up: ['info', 'user'], closed: ['sum', 'checks'], not_dropout: ['ok', 'check'],
    transferred: ['ok', 'out'], relapsed: ['late', 'warn'], in_error: ['none', 'x'] };

export const CaseBadge = ({ state }) => html`<${Badge} tone=${LOOK[state]?.[0] || 'none'} icon=${LOOK[state]?.[1] || 'dots'}>${t(`dropout-cases.state.${state}`)}<//>`;

/** The day something is due: 24:00 belongs to the day that ends. */
export function dueDay(iso) {
    return iso.slice(11, 16) === '00:00' ? new Date(Date.parse(iso.slice(0, 10)) - 86400e3).toISOString().slice(0, 10) : iso.slice(0, 10);
}

/** Days until then; negative: overdue. */
export const daysTo = (iso) => Math.round((Date.parse(dueDay(iso)) - Date.parse(today())) / 86400e3);

/** 超 2 天, 今天, 剩 3 天, 11月27日 and how it looks. */
export function dueText(iso) {
    const n = daysTo(iso);

    return n < 0 ? t('case.over', { n: -n }) : n === 0 ? t('date.today') : n <= 7 ? t('case.left', { n }) : dateText(dueDay(iso));
}

export const dueLook = (iso) => (daysTo(iso) < 0 ? 'over' : daysTo(iso) <= 1 ? 'soon' : '');
const dueColour = (iso) => ({ over: 't-red', soon: 't-amber' }[dueLook(iso)] || '');

/** Whose turn, in a few words. */
export const turn = (one) => one.waits_for && dots(one.waits_for.name || one.waits_for.role_label, one.next_step && t(`code.dropout_step.${one.next_step}`));

const several = () => session().positions.some((one) => !one.school_id);
const where = (one) => (several() ? dots(one.school_name, one.class_name) : one.class_name);

const Card = ({ one }) => html`<a class="kc ${one.due_at ? dueLook(one.due_at) : ''}" href="#/dropout/${one.id}">
    <span class="stu"><${Seat} name=${one.student_name} small out=${!['observing', 'follow_up'].includes(one.state)}/><span><b>${one.student_name}</b><small>${where(one)}</small></span></span><br/>
    ${one.relapse_no > 0 && html`<${Badge} tone="late" icon="warn">${t('case.relapse', { n: one.relapse_no })}<//>`}
    <span class="sm mut">${one.state === 'observing' ? t('case.observed', { n: one.observed }) : t('case.attempts', { n: one.attempts })}</span>
    ${one.next_step && html`<br/><span class="sm">${turn(one)}</span>`}${one.due_at && html` <b class="sm n ${dueColour(one.due_at)}">${dueText(one.due_at)}</b>`}</a>`;

const Row = ({ one }) => html`<a class="li wrap task ${one.due_at ? dueLook(one.due_at) : ''}" href="#/dropout/${one.id}"><${Seat} name=${one.student_name} small out=${!['observing', 'follow_up', 'closed'].includes(one.state)}/>
    <span class="g"><b>${one.student_name}</b> <span class="mut sm">${where(one)}</span><br/><span class="sm mut">${one.next_step ? turn(one) : t('case.since', { date: dateText(one.discovered_on) })}</span></span>
    <span class="h wrap end"><${CaseBadge} state=${one.state}/>${one.due_at && html`<span class="due ${dueColour(one.due_at)}">${dueText(one.due_at)}</span>`}</span></a>`;

function Board() {
    const list = usePages('dropout-cases?view=open&limit=200');
    const wide = useWide(60);

    if (!list.items) {
        return html`<${Waiting} data=${list}/>`;
    }
    if (!list.items.length) {
        return html`<div class="card"><${Empty} title=${t('case.none')} text=${t('case.none.text')}>${can('dropout.open') && html`<a class="btn pri" href="#/dropout/new">${t('dropout-cases.action.open')}</a>`}<//></div>`;
    }
    if (!wide) {
        return html`<${Stale} data=${list}/><div class="card flush">${list.items.map((one) => html`<${Row} key=${one.id} one=${one}/>`)}</div><${More} of=${list}/>`;
    }
    return html`<${Stale} data=${list}/><h2 class="sr">${t('case.board')}</h2><div class="board" tabindex="0" role="region" aria-label=${t('case.board')}>${COLUMNS.map((states) => {
        const items = list.items.filter((one) => states.includes(one.state));

        return items.length > 0 && html`<section class="col" key=${states[0]}><h2><span>${t(`dropout-cases.state.${states[0]}`)}</span><span class="n mut">${items.length}</span></h2>
            ${items.map((one) => html`<${Card} key=${one.id} one=${one}/>`)}</section>`;
    })}</div><${More} of=${list}/>`;
}

/** Makes the roster of a school and opens its paper. */
function Roster({ school }) {
    const [busy, setBusy] = useState(false);

    async function make() {
        setBusy(true);
        try {
            const roster = await post('dropout-rosters', school ? { school_id: school } : {});

            go(`print/${(await post('documents', { kind: 'dropout.roster', record_id: roster.id })).id}`);
        } catch (refusal) {
            toast(refusal.errors?.[0]?.message || problemText(refusal));
            setBusy(false);
        }
    }

    return can('dropout.roster') && html`<button class="btn" type="button" disabled=${busy} onClick=${make}><${Icon} of="print"/>${t('case.roster')}</button>`;
}

const LEDGERS = ['suspected', 'dropout', 'returned', 'overdue', 'all'];

function Ledger({ view, place, school }) {
    const [q, setQ] = useState('');
    const [cause, setCause] = useState('');
    const codes = usePlugins().value?.codes.dropout_cause || [];
    const query = { ...(view !== 'all' && { view }), ...(q && { q }), ...(cause && { cause }), ...(place && { class_id: place }), ...(school && { school_id: school }) };
    const list = usePages(`dropout-cases?${new URLSearchParams({ ...query, limit: 100 })}`);
    const wide = useWide(60);
    const columns = ['class_name', 'discovered_on', 'cause', 'attempts', 'state', 'due_at'];
    const record = recordOf('dropout-cases');

    return html`<div class="tools"><${Search} label=${t('case.search')} onSearch=${setQ}/><${Select} label=${t('dropout-cases.cause')} all=${t('case.all_causes')} value=${cause} onChange=${setCause}
        options=${codes.map((code) => ({ value: code, label: t(`code.dropout_cause.${code}`) }))}/>${list.items?.length > 0 && html`<${Export} record="dropout-cases" query=${query}/>`}${list.items?.length > 0 && (school || !several()) && html`<${Roster} school=${school}/>`}</div>
    ${!list.items || !record ? html`<${Waiting} data=${list}/>` : !list.items.length ? html`<div class="card"><${Empty} title=${t(q || cause ? 'list.nothing' : `case.empty.${view}`)}/></div>`
        : !wide ? html`<div class="card flush">${list.items.map((one) => html`<${Row} key=${one.id} one=${one}/>`)}</div><${More} of=${list}/>`
            : html`<div class="tw card flush" tabindex="0" role="region" aria-label=${t('dropout-cases')}><table class="tb tight"><thead><tr><th scope="col">${t('dropout-cases.student_name')}</th>${several() && html`<th scope="col">${t('dropout-cases.school_name')}</th>`}
            ${columns.map((name) => html`<th key=${name} scope="col" class=${name === 'attempts' ? 'r' : ''}>${t(`dropout-cases.${name}`)}</th>`)}<th scope="col">${t('case.turn')}</th></tr></thead>
            <tbody>${list.items.map((one) => html`<tr key=${one.id}><td><a href="#/dropout/${one.id}">${one.student_name}</a></td>${several() && html`<td>${one.school_name}</td>`}
                ${columns.map((name) => html`<td key=${name} class="${name === 'attempts' ? 'r' : ''} n">${name === 'state' ? html`<${CaseBadge} state=${one.state}/>` : name === 'due_at' ? (one.due_at ? html`<b class=${dueColour(one.due_at)}>${dueText(one.due_at)}</b>` : '—')
        : name === 'class_name' ? one.class_name : html`<${Value} record=${record} name=${name} item=${one} plain/>`}</td>`)}<td>${turn(one) || '—'}</td></tr>`)}</tbody></table></div><${More} of=${list}/>`}`;
}

function Attempts() {
    const list = usePages('persuasions?limit=100');
    const record = recordOf('persuasions');

    usePlugins();
    return !list.items || !record ? html`<${Waiting} data=${list}/>` : !list.items.length ? html`<div class="card"><${Empty} title=${t('case.empty.attempts')}/></div>`
        : html`<div class="h wrap end"><${Export} record="persuasions" query=${{}}/></div><div class="card flush">${list.items.map((one) => html`<a key=${one.id} class="li" href="#/dropout/${one.case_id}"><${Icon} of="door"/><span class="g"><b>${one.student_name}</b> ${t('case.attempt_no', { n: one.attempt_no })} <span class="mut sm">${dots(one.class_name, dateText(one.made_on), t(`code.persuasion_way.${one.way}`))}</span><br/>
            <span class="sm">${one.people}：${one.effect}</span></span><${Badge} tone=${one.outcome === 'agreed' ? 'ok' : 'wait'} icon=${one.outcome === 'agreed' ? 'check' : 'clock'}>${t(`code.persuasion_outcome.${one.outcome}`)}<//></a>`)}</div><${More} of=${list}/>`;
}

/** Units by open cases: a bar of people and the table under it; a unit opens the units in it. */
function Units() {
    const [path, setPath] = useState([]);
    const inside = path[path.length - 1];
    const data = useData(`dropout-cases/figures${inside ? `?unit_id=${inside.unit_id}` : ''}`);
    const items = data.value?.items;
    const most = Math.max(1, ...(items || []).map((one) => one.open));

    if (!items) {
        return html`<${Waiting} data=${data}/>`;
    }
    return html`<${Stale} data=${data}/>${path.length > 0 && html`<p class="crumb"><button class="btn quiet xs" type="button" onClick=${() => setPath([])}>${t('case.all_units')}</button>${path.map((one, i) => html` / <button key=${one.unit_id} class="btn quiet xs" type="button" onClick=${() => setPath(path.slice(0, i + 1))}>${one.name}</button>`)} ${inside.level === 'school' && html`<a href="#/dropout?school=${inside.unit_id}">${t('case.to_list')}</a>`}</p>`}
    ${!items.length ? html`<div class="card"><${Empty} title=${t('case.no_units')} text=${t('case.no_units.text')}/></div>` : html`<section class="card v"><h2>${t('case.units')}</h2>
        ${data.value.reported_or_late && html`<p class="mut sm">${t('case.units.note')}</p>`}
        <div class="tw" tabindex="0" role="region" aria-label=${t('case.units')}><table class="tb cards"><thead><tr><th scope="col">${t('case.unit')}</th><th scope="col">${t('case.open')}</th>
            ${['absent', 'returned', 'overdue', 'late', 'relapsed'].map((name) => html`<th key=${name} scope="col" class="r">${t(`case.${name}`)}</th>`)}</tr></thead>
        <tbody>${items.map((one) => html`<tr key=${one.unit_id}><td data-label=${t('case.unit')}>${one.level === 'class' ? html`<a href="#/dropout?class=${one.unit_id}">${one.name}</a>` : html`<button class="btn quiet xs" type="button" onClick=${() => setPath([...path, one])}>${one.name}</button>`}</td>
            <td data-label=${t('case.open')}><span class="h"><svg class="ch g" height="22" viewBox="0 0 400 22" preserveAspectRatio="none" role="img" aria-label=${t('case.open_n', { n: one.open })}><rect class="fw" x="0" y="3" width="400" height="16" rx="2"/><rect class="f1" x="0" y="3" width=${Math.max(one.open ? 4 : 0, 400 * one.open / most)} height="16" rx="2"/>
                ${one.overdue > 0 && html`<rect class="f2" x="0" y="3" width=${Math.max(4, 400 * one.overdue / most)} height="16" rx="2"/>`}</svg><span class="n" aria-hidden="true">${one.open}</span></span></td>
            ${['absent', 'returned', 'overdue', 'late', 'relapsed'].map((name) => html`<td key=${name} class="r ${['overdue', 'late'].includes(name) && one[name] ? 't-red' : ''}" data-label=${t(`case.${name}`)}>${one[name] || '—'}</td>`)}</tr>`)}</tbody></table></div></section>`}`;
}

const monthText = (month) => t('case.month', { m: Number(month.slice(5)) });

/** How far this school year's cases came, and by month how many began and how many children returned. */
function Trend() {
    const data = useData('dropout-cases/trend');

    if (!data.value) {
        return html`<${Waiting} data=${data}/>`;
    }

    const { funnel, months, reported_or_late: some } = data.value;
    const steps = funnel.map(({ step, n }) => ({ label: t(`case.funnel.${step}`), n }));
    const all = funnel[0].n;
    const series = [['began', 'f4'], ['returned', 'f1'], ['late', 'f2']];

    return html`<${Stale} data=${data}/>${!all ? html`<div class="card"><${Empty} title=${t('case.trend.empty')}/></div>` : html`<div class="figs">
        <${Figure} title=${t('case.funnel')} note=${some && t('case.units.note')} head=${[t('case.funnel.step'), t('case.funnel.n'), t('case.funnel.share')]} rows=${steps.map(({ label, n }) => [label, n, `${Math.round(100 * n / all)}%`])}><${Funnel} steps=${steps}/><//>
        <${Figure} title=${t('case.trend')} head=${[t('case.trend.month'), ...series.map(([name]) => t(`case.trend.${name}`))]} rows=${months.map((one) => [monthText(one.month), ...series.map(([name]) => one[name])])}>
            <${Bars} groups=${months.map((one) => ({ label: monthText(one.month), values: series.map(([name]) => one[name]) }))} series=${series.map(([name, look]) => ({ name: t(`case.trend.${name}`), look }))}/><//></div>`}`;
}

export default function Dropout({ query }) {
    const above = several();
    const [show, setShow] = useState(query.show || (query.class || query.school ? 'all' : above ? 'units' : 'board'));
    const choices = [...(above ? ['units', 'incoming'] : ['board']), ...LEDGERS, 'attempts', 'trend'];

    usePlugins();
    return html`<${Desk} title=${t('dropout-cases')} current="#/dropout" tools=${html`${can('dropout.open') && html`<button class="btn pri" type="button" onClick=${() => go('dropout/new')}><${Icon} of="plus"/>${t('dropout-cases.action.open')}</button>`}`}>
        <${Choice} name="show" quiet tight label=${t('case.show')} value=${show} onChange=${setShow} choices=${choices.map((value) => ({ value, label: t(`case.show.${value}`) }))}/>
        ${show === 'board' ? html`<${Board}/>` : show === 'units' ? html`<${Units}/>` : show === 'attempts' ? html`<${Attempts}/>` : show === 'trend' ? html`<${Trend}/>`
        : html`<${Ledger} key=${`${show}${query.class || ''}${query.school || ''}`} view=${show} place=${query.class} school=${query.school}/>`}
        <p class="cap">${t('case.ledgers')} <a href="#/students">${t('menu.students')}</a></p><//>`;
}
