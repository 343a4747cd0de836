// tasks.js: what waits for me: overdue, today, coming; what I handed on; and for leaders what their unit has overdue, down to
// the task.

import { can, go } from '../frame.js';
import { Choice } from '../parts.js';
import { html, t, dots, timeText, today, useData, Badge, Empty, Icon, Stale, Waiting } from '../ui.js';
import { Desk, Due, doneAt } from './desk.js';
import { More, usePages } from './list.js';

const whose = (task) => (task.assignee ? task.assignee.name : dots(task.owner.unit_name !== task.class_name && task.owner.unit_name, task.owner.role_label));

/** Why it is here in other ways than by its kind: raised, handed on, an excuse. */
export const Marks = ({ task }) => html`${task.state !== 'open' && html`<${Badge} tone=${{ excuse_asked: 'info', done: 'ok' }[task.state] || 'none'} icon=${{ excuse_asked: 'hand', done: 'check' }[task.state] || 'x'}>${t(`tasks.state.${task.state}`)}<//>`}
    ${task.raised && task.state !== 'done' && html`<${Badge} tone="no" icon="up">${t('task.raised_to', { role: task.raised.role_label })}<//>`}
    ${task.delegated_by && html`<${Badge} tone="none" icon="send">${t('task.from', { name: task.delegated_by.name })}<//>`}
    ${task.late_entry && html`<${Badge} tone="none" icon="clock">${t('task.late_entry')}<//>`}`;

function Card({ task, others }) {
    const about = dots(task.student_name && task.class_name, (others || task.raised || task.assignee) && t('task.with', { who: whose(task) }));

    return html`<li class="card v v2 ${task.overdue ? 'over' : ''}"><div class="h wrap top"><${others ? 'h2' : 'h3'} class="g name"><a class="plain" href="#/tasks/${task.id}">${task.title}</a></${others ? 'h2' : 'h3'}><${Due} task=${task}/></div>
        ${about && html`<p class="sm mut">${about}</p>`}
        <p class="sm">${task.why}</p><p class="sm mut h top"><${Icon} of="check"/><span class="g">${task.closes}</span></p>
        <div class="h end"><span class="g h wrap"><${Marks} task=${task}/></span><a class="btn xs ${task.mine ? 'soft' : ''}" href=${doneAt(task)}>${t(task.mine ? task.actions.some((one) => one.action === 'approve_excuse') ? 'task.decide' : 'task.go' : 'task.see')}</a></div></li>`;
}

const Cards = ({ items, others }) => html`<ul class="c2">${items.map((task) => html`<${Card} key=${task.id} task=${task} others=${others}/>`)}</ul>`;

const Section = ({ title, items }) => items.length > 0 && html`<section class="v v2"><h2>${title} <span class="sm mut">${t('desk.n_tasks', { n: items.length })}</span></h2><${Cards} items=${items}/></section>`;

function Mine() {
    const list = usePages('tasks?limit=100', { kept: false });
    const { items } = list;

    if (!items) {
        return html`<${Waiting} data=${list}/>`;
    }

    const overdue = items.filter((task) => task.overdue);
    const now = items.filter((task) => !task.overdue && task.due_on === today());
    return html`<${Stale} data=${list}/>${!items.length ? html`<div class="card"><${Empty} title=${t('tasks.none')} text=${t('tasks.none.text')}/></div>`
        : html`<${Section} title=${t('tasks.overdue')} items=${overdue}/><${Section} title=${t('tasks.today')} items=${now}/>
        <${Section} title=${t('tasks.coming')} items=${items.filter((task) => !overdue.includes(task) && !now.includes(task))}/><${More} of=${list}/>`}`;
}

function Delegated() {
    const list = usePages('tasks?view=delegated', { kept: false });

    return !list.items ? html`<${Waiting} data=${list}/>` : !list.items.length ? html`<div class="card"><${Empty} title=${t('tasks.none_delegated')} text=${t('tasks.none_delegated.text')}/></div>`
        : html`<${Cards} items=${list.items} others/><${More} of=${list}/>`;
}

/* ---- a leader's unit */

function Numbers({ data, at }) {
    const { unit, items, counted_at: counted } = data.value;
    const schools = items.some((one) => one.level === 'school');

    return html`<div class="tw" tabindex="0" role="region" aria-label=${unit.name}><table class="tb tight cards"><caption class="sr">${unit.name}</caption><thead><tr>
        <th scope="col">${t(schools ? 'tasks.school' : 'tasks.class')}</th><th scope="col" class="r">${t('tasks.overdue')}</th><th scope="col" class="r">${t('tasks.raised')}</th><th scope="col" class="r">${t('tasks.waiting')}</th></tr></thead>
        <tbody>${items.map((one) => html`<tr key=${one.unit_id} class=${at && at === one.unit_id ? 'sel' : ''}>
            <td data-label=${t(schools ? 'tasks.school' : 'tasks.class')}>${one.unit_id ? html`<a href="#/tasks?show=unit&${schools ? 'school' : 'class'}=${one.unit_id}${schools ? '' : `&school=${unit.level === 'school' ? unit.id : ''}`}">${one.unit_name}</a>` : t('tasks.whole_school')}</td>
            <td class="r ${one.overdue ? 't-red b' : ''}" data-label=${t('tasks.overdue')}>${one.overdue}</td><td class="r" data-label=${t('tasks.raised')}>${one.raised}</td><td class="r" data-label=${t('tasks.waiting')}>${one.waiting}</td></tr>`)}</tbody></table></div>
        ${schools && html`<p class="cap">${t('tasks.counted', { time: timeText(counted) })}</p>`}`;
}

function Unit({ query }) {
    const { school = '', class: cls = '', due = 'overdue' } = query;
    const counts = useData(`tasks/counts${school ? `?unit_id=${school}` : ''}`, { kept: false });
    const where = new URLSearchParams(Object.entries({ view: 'unit', due, school_id: cls ? '' : school, class_id: cls }).filter(([, value]) => value));
    const list = usePages(`tasks?${where}`, { kept: false });
    const show = (value) => go(`tasks?${new URLSearchParams(Object.entries({ show: 'unit', school, class: cls, due: value }).filter(([, one]) => one))}`);

    return html`${(school || cls) && html`<p><a href="#/tasks?show=unit${cls && school ? `&school=${school}` : ''}">${t('tasks.up')}</a></p>`}
        ${!counts.value ? html`<${Waiting} data=${counts}/>` : counts.value.items.length > 0 && html`<${Numbers} data=${counts} at=${cls}/>`}
        <${Choice} name="due" label=${t('tasks.which')} quiet tight value=${due} onChange=${show} choices=${['overdue', 'today', 'coming', 'raised'].map((value) => ({ value, label: t(`tasks.${value}`) }))}/>
        ${!list.items ? html`<${Waiting} data=${list}/>` : !list.items.length ? html`<div class="card"><${Empty} title=${t(`tasks.unit_none.${due}`)} text=${t('tasks.unit_none.text')}/></div>`
            : html`<${Cards} items=${list.items} others/><${More} of=${list}/>`}`;
}

export default function Tasks({ query }) {
    const show = query.show || '';
    const shows = ['', 'delegated', ...(can('task.oversee') ? ['unit'] : [])];

    return html`<${Desk} title=${t('tasks')} current="#/tasks">
        <div class="tools"><${Choice} name="show" label=${t('tasks.which')} quiet tight value=${show} onChange=${(value) => go(`tasks${value && `?show=${value}`}`)}
            choices=${shows.map((value) => ({ value, label: t(`tasks.show.${value || 'mine'}`) }))}/></div>
        ${show === 'unit' ? html`<${Unit} key=${`${query.school}.${query.class}.${query.due}`} query=${query}/>` : show === 'delegated' ? html`<${Delegated}/>` : html`<${Mine}/>`}<//>`;
}
