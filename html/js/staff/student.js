// student.js: one child: where, who is responsible, how they can be reached, and the leave so far.

import { can, session } from '../frame.js';
import { html, t, spanText, useData, Badge, Empty, Icon, LeaveBadge, Note, Seat, Waiting } from '../ui.js';
import { backText, Desk, useLeave, usePlugins } from './desk.js';
import { Secret, Value } from './fields.js';
import { More, usePages } from './list.js';

const GROUPS = [
    ['students.group.person', ['sex', 'birth_on', 'ethnic', 'former_name', 'id_type', 'id_number']],
    ['students.group.school', ['seat_no', 'enrolled_on', 'status', 'placement', 'boarding']],
    ['students.group.home', ['left_behind', 'migrant', 'disability', 'phone', 'address']],
];

function Facts({ record, child, names }) {
    const has = names.filter((name) => record.fields.some((field) => field.name === name) && ![undefined, null, ''].includes(child[name]));

    return html`<dl class="facts">${has.map((name) => html`<div key=${name}><dt>${t(`students.${name}`)}</dt><dd>${record.fields.find((field) => field.name === name).type === 'secret'
        ? html`<${Secret} value=${child[name]} student=${child.id} field=${name} what=${t('students.reveal_of', { name: child.name, what: t(`students.${name}`) })}/>`
        : html`<${Value} record=${record} name=${name} item=${child}/>`}</dd></div>`)}</dl>`;
}

const Guardians = ({ child }) => html`<section class="card v"><h2>${t('students.guardians')}</h2>${child.guardians.length === 0 ? html`<p class="mut">${t('students.no_guardians')}</p>`
    : html`<ul class="v">${child.guardians.map((one) => html`<li key=${one.id} class="h wrap top"><span class="g keep"><b>${one.name}</b> <span class="mut">${one.relation === 'other' && one.relation_text
        ? one.relation_text : t(`code.relation.${one.relation}`)}</span><br/><span class="sm"><${Secret} value=${one.phone} student=${child.id} field="guardian_phone" guardian=${one.id}
            what=${t('students.reveal_of', { name: one.name, what: t('students.phone') })}/></span></span>
        ${one.active ? html`<${Badge} tone="ok" icon="check">${t('students.active')}<//>` : html`<${Badge} tone="draft" icon="key">${t('students.not_active')}<//>`}</li>`)}</ul>`}</section>`;

function Leave({ child }) {
    const list = usePages(`leave-requests?student_id=${child.id}&limit=20`);

    return html`<section class="v v2"><h2>${t('menu.leave')}</h2>${!list.items ? html`<${Waiting} data=${list}/>`
        : !list.items.length ? html`<div class="card"><${Empty} title=${t('students.no_leave')} text=${t('students.no_leave.text')}/></div>`
            : html`<div class="card flush">${list.items.map((one) => html`<a key=${one.id} class="li" href="#/leave/${one.id}"><span class="g"><b class="n">${spanText(one)}</b> ${t(`code.leave_kind.${one.kind}`)}<br/>
            <span class="sm mut">${one.reason}</span></span><${LeaveBadge} state=${one.state}/></a>`)}</div><${More} of=${list}/>`}</section>`;
}

export default function Student({ params }) {
    const data = useData(`students/${params.id}`, { kept: false });
    const plugins = usePlugins();
    const { items } = useLeave();
    const child = data.value;
    const record = plugins.value?.records.find((one) => one.name === 'students');
    const now = items?.find((one) => one.student_id === params.id && ['away', 'overdue'].includes(one.state));
    const several = !session().positions.every((one) => one.level === 'class');

    if (!child || !record) {
        return html`<${Desk} title=${t('menu.students')} current="#/students" crumb=${html`<a href="#/students">${t('menu.students')}</a>`}><${Waiting} data=${child ? plugins : data}/><//>`;
    }
    return html`<${Desk} title=${child.name} current="#/students" crumb=${html`${several && html`${child.school_name} / `}<a href="#/students?class=${child.class_id}">${child.class_name}</a>`}
        tools=${html`<a class="btn" href="#/students/${child.id}/file"><${Icon} of="user"/>${t('case.file')}</a>`}>
        <div class="side2 rails"><div class="v">
            ${now && html`<a class="plain" href="#/leave/${now.id}"><${Note} tone=${now.state === 'overdue' ? 'no' : ''} icon=${now.state === 'overdue' ? 'warn' : 'out'}>
                <b>${t(now.state === 'overdue' ? 'students.overdue.now' : 'students.away.now', { back: now.back_on ? backText(now) : '' })}</b> ${t('desk.see')}<//></a>`}
            <section class="card v"><div class="h"><${Seat} name=${child.name} out=${now?.state === 'overdue'}/><h2 class="g">${t('students.about')}</h2></div>
                ${GROUPS.map(([group, names]) => names.some((name) => ![undefined, null, ''].includes(child[name]) && record.fields.some((field) => field.name === name)) && html`<div key=${group} class="v v2"><h3 class="mut">${t(group)}</h3>
                    <${Facts} record=${record} child=${child} names=${names}/></div>`)}</section>
            ${can('leave.read') && html`<${Leave} child=${child}/>`}</div>
        ${child.guardians && html`<div class="v"><${Guardians} child=${child}/>${child.guardians.some((one) => !one.active) && can('import.slips')
            && html`<a class="btn" href="#/slips/${child.class_id}"><${Icon} of="print"/>${t('desk.slips')}</a>`}</div>`}</div><//>`;
}
