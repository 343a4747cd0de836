// responsibility.js: who is responsible for whom (包保): the chart of today by duty, as it is printed; entries are added and ended here.

import { post } from '../api.js';
import { can, session, toast } from '../frame.js';
import { Dialog } from '../parts.js';
import { html, t, dateText, dots, now, today, useData, useState, Empty, Icon, Stale, Waiting } from '../ui.js';
import { Desk, usePlugins } from './desk.js';
import { Form } from './fields.js';

const DUTIES = ['area', 'township', 'village', 'school', 'grade', 'class', 'student'];
const FIELDS = [
    { name: 'duty', type: 'code', of: 'duty', codes: DUTIES, required: true },
    { name: 'unit_id', type: 'ref', of: 'org-units', required: true },
    { name: 'student_id', type: 'ref', of: 'students' },
    { name: 'area', type: 'text', max: 60 },
    { name: 'person', type: 'text', max: 60, required: true },
    { name: 'office', type: 'text', max: 60 },
    { name: 'login', type: 'text', max: 60 },
    { name: 'starts_on', type: 'date', required: true },
    { name: 'ends_on', type: 'date' },
];

/* For whom: the child and its class, the area and where it lies, the unit; the school's name only where there are several. */
const whom = (one, school) => dots(one.student_name || one.area, !school && one.level !== 'school' && one.school_name !== one.unit_name && one.school_name, one.unit_name);

const COLUMNS = ['whom', 'person', 'office', 'starts_on'];
const label = (name) => t(name === 'whom' ? 'responsibility.whom' : `responsibilities.${name}`);

const Duty = ({ duty, items, school, end }) => html`<section class="v v2"><h2>${t(`code.duty.${duty}`)} <span class="mut n">${items.length}</span></h2>
    <div class="tw card flush" tabindex="0" role="region" aria-label=${t(`code.duty.${duty}`)}><table class="tb tight cards chart"><thead><tr>${COLUMNS.map((name) => html`<th key=${name} scope="col">${label(name)}</th>`)}
        ${end && html`<th scope="col" class="noprint"><span class="sr">${t('responsibility.end')}</span></th>`}</tr></thead>
    <tbody>${items.map((one) => html`<tr key=${one.id}><td data-label=${label('whom')}>${whom(one, school)}</td><td data-label=${label('person')}><b>${one.person}</b></td><td data-label=${label('office')}>${one.office || '—'}</td>
        <td class="n" data-label=${label('starts_on')}>${dateText(one.starts_on)}</td>
        ${end && html`<td class="noprint"><button class="btn quiet xs" type="button" aria-label=${t('responsibility.end_of', { name: one.person })} onClick=${() => end(one)}>${t('responsibility.end')}</button></td>`}</tr>`)}</tbody></table></div></section>`;

export default function Responsibility() {
    const place = session().positions.find((one) => one.role !== 'guardian') || session().positions[0];
    const unit = place.school_name || place.unit_name;
    const data = useData(`responsibilities/chart?unit_id=${place.school_id || place.unit_id}`);
    const plugins = usePlugins();
    const [asked, ask] = useState(null);                               // 'add', or an entry that ends
    const mayEdit = can('responsibility.edit');
    const items = data.value?.items;
    const close = () => ask(null);

    async function send(path, body, said) {
        await post(path, body);
        close();
        toast(said);
        data.reload();
    }

    return html`<${Desk} title=${t('responsibilities')} current="#/responsibility" tools=${html`${items?.length > 0 && html`<button class="btn" type="button" onClick=${() => print()}><${Icon} of="print"/>${t('responsibility.print')}</button>`}
        ${mayEdit && html`<button class="btn pri" type="button" onClick=${() => ask('add')}><${Icon} of="plus"/>${t('responsibility.add')}</button>`}`}>
        <${Stale} data=${data}/>${!items ? html`<${Waiting} data=${data}/>` : !items.length ? html`<div class="card"><${Empty} title=${t('responsibility.none')} text=${t('responsibility.none.text')}/></div>`
            : html`<div class="paper daylist long v"><div class="onpaper"><h2 class="big">${t('responsibility.title', { unit })}</h2><p>${t('day.printed', { time: now().replace('T', ' ') })}</p></div>
        <p class="mut noprint">${t('responsibility.on', { date: dateText(today()), unit })}</p>${DUTIES.map((duty) => [duty, items.filter((one) => one.duty === duty)]).filter(([, all]) => all.length)
        .map(([duty, all]) => html`<${Duty} key=${duty} duty=${duty} items=${all} school=${place.school_id} end=${mayEdit && ask}/>`)}<p class="onpaper">${t('responsibility.sign')}</p></div>`}
        ${asked === 'add' ? html`<${Dialog} title=${t('responsibility.add')} close=${close}><${Form} record="responsibilities" fields=${FIELDS} codes=${plugins.value?.codes} submit=${t('responsibility.add')} cancel=${close}
                send=${(body) => send('responsibilities', body, t('responsibility.added'))}/><//>`
            : asked && html`<${Dialog} title=${t('responsibility.end_of', { name: asked.person })} close=${close}><${Form} record="responsibilities" fields=${[{ name: 'ends_on', type: 'date', required: true }]} submit=${t('responsibility.end')} cancel=${close}
                send=${(body) => send(`responsibilities/${asked.id}/end`, body, t('responsibility.ended'))}/><//>`}<//>`;
}
