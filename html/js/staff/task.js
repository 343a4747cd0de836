// task.js: one task: why it is there, by when and by which rule, whose it is, what closes it; the way to where it is done.

import { post } from '../api.js';
import { summary, toast } from '../frame.js';
import { Dialog, Field, focusFirstError, Submit, Timeline } from '../parts.js';
import { html, t, dayText, dots, knows, problemText, timeText, useData, useRef, useState, Icon, Note, Stale, Waiting } from '../ui.js';
import { Desk, Due } from './desk.js';
import { Marks } from './tasks.js';

const ICONS = { raise: 'up', ask_excuse: 'hand', approve_excuse: 'check', refuse_excuse: 'x', delegate: 'send', take_back: 'again' };
/* 24:00 of the day that ends, not 0:00 of the next. */
const dueText = ({ working_due: at, due_on: day }) => (at.slice(11, 16) === '00:00' ? t('task.midnight', { date: dayText(day) }) : timeText(at));

const Fact = ({ label, children }) => html`<div><dt>${label}</dt><dd>${children}</dd></div>`;

function Facts({ task }) {
    const { rule, owner, raised } = task;
    const people = task.assignee ? task.assignee.name : task.people.join(t('desk.comma')) || t('task.nobody');

    return html`<dl class="facts">
        ${task.student_name && html`<${Fact} label=${t('tasks.student_id')}><a href="#/students/${task.student_id}">${task.student_name}</a> <span class="mut">${task.class_name}</span><//>`}
        <${Fact} label=${t('tasks.owner_role')}>${people} <span class="mut">${dots(owner.unit_name, owner.role_label)}</span><//>
        ${raised && html`<${Fact} label=${t('tasks.raised_role')}>${raised.role_label} <span class="mut n">${timeText(task.raised_at)}</span><//>`}
        ${task.working_due && html`<${Fact} label=${t('tasks.working_due')}><span class="n">${dueText(task)}</span>${task.late_entry
            && html`<br/><span class="sm mut">${t('task.nominal', { time: timeText(task.nominal_due) })}</span>`}<//>`}
        ${rule && html`<${Fact} label=${t('task.rule')}>${rule.label}${t('colon')}<b>${rule.value}</b> ${rule.unit}<br/><span class="sm mut">${rule.origin
            ? t('task.rule.set_by', { name: rule.origin.unit_name }) : t('task.rule.source', { source: rule.source })}</span><//>`}
        ${task.excuse_reason && html`<${Fact} label=${t('tasks.excuse_reason')}>${task.excuse_reason} <span class="mut">${dots(task.excuse_name, timeText(task.excuse_at))}</span><//>`}
        ${task.closed_at && html`<${Fact} label=${t('tasks.closed_at')}><span class="n">${timeText(task.closed_at)}</span> <span class="mut">${dots(task.closed_by, task.closed_text)}</span><//>`}</dl>`;
}

/** A reason, or a colleague. */
function Ask({ task, action, close, done }) {
    const [problem, setProblem] = useState(null);
    const [busy, setBusy] = useState(false);
    const form = useRef(null);
    const colleagues = useData(action.action === 'delegate' ? `tasks/${task.id}/colleagues` : '', { kept: false });
    const [field] = action.fields.length ? action.fields : [{ name: 'account_id', required: true }];
    const label = t(action.action === 'delegate' ? 'task.to_whom' : `task.${action.action}.${field.name}`);

    async function send(event) {
        event.preventDefault();

        const value = new FormData(form.current).get(field.name);

        setBusy(true);
        try {
            const answer = await post(`tasks/${task.id}/${action.action}`, value ? { [field.name]: value } : {}, { match: task.version });

            close();
            done(answer);
        } catch (refused) {
            setProblem(refused);
            setBusy(false);
            focusFirstError(form.current);
        }
    }

    return html`<${Dialog} title=${t(`tasks.action.${action.action}`)} close=${close}><form ref=${form} class="v" noValidate onSubmit=${send}>
        <p class="mut">${task.title}</p>
        ${problem && !problem.field?.(field.name) && html`<div role="alert"><${Note} tone="no">${[409, 412].includes(problem.status) ? t('record.changed') : problemText(problem)}<//></div>`}
        ${action.action === 'delegate' ? !colleagues.value ? html`<${Waiting} data=${colleagues}/>` : html`<${Field} id="account_id" name="account_id" as="select" label=${label} error=${problem?.field?.('account_id')}>
                ${colleagues.value.items.map((one) => html`<option key=${one.id} value=${one.id}>${dots(one.name, one.role_label)}</option>`)}<//>`
            : html`<${Field} id=${field.name} name=${field.name} as="textarea" label=${label} hint=${field.required ? '' : t('task.optional')} maxlength=${field.max} error=${problem?.field?.(field.name)}/>`}
        <div class="h wrap end"><button class="btn" type="button" onClick=${close}>${t('decide.cancel')}</button><${Submit} busy=${busy}>${t(`tasks.action.${action.action}`)}<//></div></form><//>`;
}

function History({ task }) {
    const history = useData(`tasks/${task.id}/history`, { kept: false });

    if (!history.value) {
        return html`<${Waiting} data=${history}/>`;
    }

    const items = history.value.items.map((entry) => ({ icon: ICONS[entry.action] || 'dots', time: timeText(entry.at), say: entry.action === 'delegate' ? undefined : entry.comment,
        title: `${entry.actor ? `${entry.actor} ` : ''}${knows(`tasks.action.${entry.action}`) ? t(`tasks.action.${entry.action}`) : entry.action}`,
        text: entry.action === 'raise' ? entry.role_label : entry.action === 'delegate' ? entry.comment : undefined }));

    return html`<${Timeline} items=${[...(task.mine || !task.closed_at ? [{ icon: 'clock', todo: true, title: task.closes }] : [{ icon: 'check', tone: 'ok', title: t(`tasks.state.${task.state}`), time: timeText(task.closed_at), text: task.closed_text }]),
        ...items, { icon: 'flag', title: t('task.opened'), time: timeText(task.created_at), text: task.why }]}/>`;
}

export default function Task({ params }) {
    const data = useData(`tasks/${params.id}`, { kept: false });
    const [asked, ask] = useState(null);
    const [problem, setProblem] = useState(null);
    const task = data.value;
    const crumb = html`<a href="#/tasks">${t('tasks')}</a>`;

    function done(action) {
        toast(t('task.done', { what: t(`tasks.action.${action}`) }));
        setProblem(null);
        data.reload();
        summary.refresh();
    }

    async function takeBack() {
        try {
            await post(`tasks/${task.id}/take_back`, {}, { match: task.version });
            done('take_back');
        } catch (refused) {
            setProblem(refused);
            data.reload();
        }
    }

    if (!task) {
        return html`<${Desk} title=${t('tasks')} current="#/tasks" crumb=${crumb}><${Waiting} data=${data}/><//>`;
    }

    const decides = task.actions.some((one) => one.action === 'approve_excuse');
    return html`<${Desk} title=${task.title} current="#/tasks" crumb=${crumb}>
        <${Stale} data=${data}/>
        ${problem && html`<div role="alert"><${Note} tone="no">${[409, 412].includes(problem.status) ? t('record.changed') : problemText(problem)}<//></div>`}
        <div class="side2 rails"><section class="card v"><div class="h wrap"><${Marks} task=${task}/><span class="g"></span>${!task.closed_at && html`<${Due} task=${task}/>`}</div>
            <p>${task.why}</p>
            ${!task.closed_at && html`<${Note} icon="check">${task.closes}<//>`}
            <${Facts} task=${task}/>
            <div class="h wrap">${task.href && html`<a class="btn ${task.mine && !decides ? 'pri' : ''}" href=${task.href}>${t(task.mine && !decides ? 'task.go' : 'task.see_record')}<${Icon} of="r"/></a>`}
                ${task.actions.map((action) => html`<button key=${action.action} type="button" class="btn ${action.action === 'approve_excuse' ? 'pri' : action.action === 'refuse_excuse' ? 'del' : ''}"
                    onClick=${() => (action.action === 'take_back' ? takeBack() : ask(action))}>${t(`tasks.action.${action.action}`)}</button>`)}</div></section>
            <section class="v v2"><h2>${t('record.history')}</h2><${History} key=${task.version} task=${task}/></section></div>
        ${asked && html`<${Ask} task=${task} action=${asked} close=${() => ask(null)} done=${() => done(asked.action)}/>`}<//>`;
}
