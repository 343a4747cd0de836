// file.js: the student file (一生一档): one timeline of all that the reader may see of a child.

import { can } from '../frame.js';
import { Timeline } from '../parts.js';
import { html, t, dots, useData, Empty, Icon, Seat, Stale, Waiting } from '../ui.js';
import { Desk } from './desk.js';
import { CaseBadge } from './dropout.js';
import { entries } from './timeline.js';

export default function StudentFile({ params }) {
    const data = useData(`students/${params.id}`, { kept: false });
    const line = useData(`students/${params.id}/timeline`, { kept: false });
    const cases = useData(can('dropout.read') ? `dropout-cases?student_id=${params.id}` : '', { kept: false });
    const child = data.value;

    if (!child) {
        return html`<${Desk} title=${t('case.file')} current="#/students" crumb=${html`<a href="#/students">${t('menu.students')}</a>`}><${Waiting} data=${data}/><//>`;
    }
    return html`<${Desk} title=${t('case.file_of', { name: child.name })} current="#/students" crumb=${html`<a href="#/students">${t('menu.students')}</a> / <a href="#/students/${child.id}">${child.name}</a>`}
        tools=${html`<a class="btn" href="#/students/${child.id}"><${Icon} of="user"/>${t('students.about')}</a>`}>
        <${Stale} data=${line}/><div class="side2"><section class="v v2"><h2>${t('case.timeline')}</h2>${!line.value ? html`<${Waiting} data=${line}/>` : line.value.items.length ? html`<${Timeline} items=${entries(line.value.items)}/>`
            : html`<div class="card"><${Empty} title=${t('case.file_empty')}/></div>`}</section>
        <aside class="v"><section class="card v"><div class="h"><${Seat} name=${child.name}/><span class="g"><b>${child.name}</b><br/><span class="sm mut">${dots(child.school_name, child.class_name)}</span></span></div></section>
            ${cases.value?.items.length > 0 && html`<section class="v v2"><h2>${t('dropout-cases')}</h2><div class="card flush">${cases.value.items.map((one) => html`<a key=${one.id} class="li" href="#/dropout/${one.id}"><span class="g n">${one.discovered_on}</span><${CaseBadge} state=${one.state}/></a>`)}</div></section>`}
            ${can('dropout.open') && cases.value && !cases.value.items.some((one) => one.next_step) && html`<a class="btn" href="#/dropout/new?student=${child.id}"><${Icon} of="flag"/>${t('dropout-cases.action.open')}</a>`}</aside></div><//>`;
}
