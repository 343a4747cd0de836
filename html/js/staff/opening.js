// opening.js: registration at the start of a term. A class: tap who is here, close the list, see to whoever has not come. A school: by
// class who has come, and the sheet 动员未及时到校学生返校任务落实表 on paper.

import { post } from '../api.js';
import { can, go, toast } from '../frame.js';
import { dropDraft, keepDraft, readDraft, submit } from '../outbox.js';
import { Dialog, Field, Submit } from '../parts.js';
import { PrintButton } from '../print/documents.js';
import { html, t, dateText, dots, now, problemText, timeText, useData, useEffect, useState, Badge, Empty, Icon, Note, Stale, Waiting } from '../ui.js';
import { Desk } from './desk.js';
import { Select } from './list.js';

const REASONS = ['sick', 'family', 'overslept', 'road', 'weather', 'unwilling', 'unreachable', 'other'];
const TONES = { missing: ['no', 'warn'], come: ['ok', 'check'], leave: ['info', 'leave'], settled: ['info', 'flag'], waiting: ['none', 'clock'] };

const Status = ({ of }) => html`<${Badge} tone=${TONES[of][0]} icon=${TONES[of][1]}>${t(`opening.${of}`)}<//>`;

/* ---- whoever has not come */

/** Who brings the child back, by when, why it stays away, what is done. */
function Assign({ child, close, done }) {
    const show = child.no_show;
    const [form, set] = useState({ responsible: show.responsible || '', due_on: show.due_on || '', reason: show.reason || '', measure: show.measure || '' });
    const [problem, setProblem] = useState(null);
    const [busy, setBusy] = useState(false);
    const change = (name) => (e) => set({ ...form, [name]: e.target.value });
    const error = (name) => problem?.field?.(name);

    async function send(event) {
        event.preventDefault();
        setBusy(true);
        try {
            await post(`no-shows/${show.id}/assign`, Object.fromEntries(Object.entries(form).map(([name, value]) => [name, value.trim() || null])), { match: show.version });
            done(t('opening.assigned'));
        } catch (refusal) {
            setProblem(refusal);
            setBusy(false);
        }
    }

    return html`<${Dialog} title=${t('opening.assign_of', { name: child.name })} close=${close}><form class="v" novalidate onSubmit=${send}>
        ${problem && !problem.errors?.length && html`<div role="alert"><${Note} tone="no">${problemText(problem)}<//></div>`}
        <${Field} id="responsible" label=${t('no-shows.responsible')} maxlength="60" autocomplete="off" value=${form.responsible} error=${error('responsible')} onInput=${change('responsible')}/>
        <${Field} id="due_on" type="date" label=${t('no-shows.due_on')} value=${form.due_on} error=${error('due_on')} onInput=${change('due_on')}/>
        <${Field} id="reason" as="select" label=${t('no-shows.reason')} error=${error('reason')} onChange=${change('reason')}><option value=""></option>
            ${REASONS.map((one) => html`<option key=${one} value=${one} selected=${one === form.reason}>${t(`code.absence_reason.${one}`)}</option>`)}<//>
        <${Field} id="measure" as="textarea" label=${t('no-shows.measure')} maxlength="500" value=${form.measure} error=${error('measure')} onInput=${change('measure')}/>
        <div class="h wrap end"><button class="btn" type="button" onClick=${close}>${t('decide.cancel')}</button><${Submit} busy=${busy}>${t('opening.keep')}<//></div></form><//>`;
}

const result = (child) => (child.no_show?.came_at ? t('opening.back', { time: timeText(child.no_show.came_at) }) : t(`opening.${child.status}`));

/** 落实表: a row a child. */
function Sheet({ students, classes, title, ask, come }) {
    const name = (child) => classes.find((one) => one.class_id === child.class_id)?.class_name;
    const may = (child) => classes.find((one) => one.class_id === child.class_id)?.may_register;

    return html`<section class="paper daylist"><div class="onpaper"><h2>${title}</h2><p>${t('day.printed', { time: now().replace('T', ' ') })}</p></div>
        <div class="tw" tabindex="0" role="region" aria-label=${t('opening.list')}><table class="tb tight cards"><thead><tr><th scope="col">${t('opening.no')}</th>
            ${['name', 'class'].map((one) => html`<th key=${one} scope="col">${t(one === 'class' ? 'opening-registers.unit_id' : 'opening.name')}</th>`)}
            ${['reason', 'responsible', 'due_on', 'measure'].map((one) => html`<th key=${one} scope="col">${t(`no-shows.${one}`)}</th>`)}<th scope="col">${t('opening.result')}</th>
            <td class="noprint" aria-hidden="true"></td></tr></thead><tbody>${students.map((child, i) => html`<tr key=${child.id}><td data-label=${t('opening.no')}>${i + 1}</td>
                <td data-label=${t('opening.name')}><a href="#/students/${child.id}">${child.name}</a></td><td data-label=${t('opening-registers.unit_id')}>${name(child)}</td>
                <td data-label=${t('no-shows.reason')}>${child.no_show?.reason ? t(`code.absence_reason.${child.no_show.reason}`) : '—'}</td><td data-label=${t('no-shows.responsible')}>${child.no_show?.responsible || '—'}</td>
                <td class="n" data-label=${t('no-shows.due_on')}>${child.no_show?.due_on ? dateText(child.no_show.due_on) : '—'}</td><td data-label=${t('no-shows.measure')}>${child.no_show?.measure || '—'}</td>
                <td data-label=${t('opening.result')}>${child.no_show?.came_at ? result(child) : html`<${Status} of=${child.status}/>`}</td>
                <td class="noprint">${child.no_show?.state === 'missing' && html`<span class="h wrap">${may(child) && html`<button class="btn soft xs" type="button" onClick=${() => come(child)}><${Icon} of="check"/>${t('opening.say_come')}</button>`}
                    ${can('opening.assign') && html`<button class="btn xs" type="button" onClick=${() => ask(child)}>${t('opening.assign')}</button>`}</span>`}</td></tr>`)}</tbody></table></div></section>`;
}

function Missing({ data, title }) {
    const [asked, ask] = useState(null);
    const [problem, setProblem] = useState('');
    const students = data.value.students.filter((one) => one.no_show || one.status === 'leave');
    const done = (text) => { ask(null); toast(text); data.reload(); };

    async function come(child) {
        setProblem('');
        try {
            await post(`no-shows/${child.no_show.id}/come`, {}, { match: child.no_show.version });
            done(t('opening.came', { name: child.name }));
        } catch (refusal) {
            setProblem(problemText(refusal));
            data.reload();
        }
    }

    return html`<h2>${t('opening.list')}</h2>${problem && html`<div role="alert"><${Note} tone="no">${problem}<//></div>`}
        ${students.length ? html`<${Sheet} students=${students} classes=${data.value.classes} title=${title} ask=${ask} come=${come}/>` : html`<p class="mut">${t('opening.list.none')}</p>`}
        ${asked && html`<${Assign} child=${asked} close=${() => ask(null)} done=${done}/>`}`;
}

/* ---- a class: tap who is here */

function Seats({ data, entry }) {
    const { students, term_on: term } = data.value;
    const form = `opening.${entry.class_id}.${term}`;
    const before = students.filter((one) => one.status === 'come').map((one) => one.id);
    const [here, setHere] = useState(null);
    const [busy, setBusy] = useState(false);
    const [asked, ask] = useState(false);
    const [problem, setProblem] = useState('');
    const chosen = here || before;
    const came = chosen.filter((id) => !before.includes(id));
    const not = before.filter((id) => !chosen.includes(id));
    const away = students.filter((one) => one.status !== 'leave' && !chosen.includes(one.id));

    useEffect(() => { readDraft(form).then((kept) => kept && setHere([...new Set([...before, ...kept.here])]), () => {}); }, [form]);

    function choose(list) {
        setHere(list);
        keepDraft({ here: list }, form).catch(() => {});
    }

    /* What was tapped, then, when asked to, the end of the list. */
    async function send(close) {
        setBusy(true);
        setProblem('');
        try {
            const about = { action: 'opening', student_name: entry.class_name, label: t('menu.opening') };
            const sent = !came.length && !not.length ? true : await submit('opening/marks', { class_id: entry.class_id, ...(came.length && { came }), ...(not.length && { not }) }, { about });
            const closed = close && sent && await post('opening/close', { class_id: entry.class_id });

            await dropDraft(form).catch(() => {});
            toast(!sent ? t('offline.saved') : closed ? t(closed.missing ? 'opening.close.done' : 'opening.close.all', { n: closed.missing }) : t('opening.saved', { n: chosen.length }));
            ask(false);
            data.reload();
        } catch (refusal) {
            setProblem(problemText(refusal));
            ask(false);
        }
        setBusy(false);
    }

    return html`${problem && html`<div role="alert"><${Note} tone="no">${problem}<//></div>`}
        <div class="h wrap"><button class="btn xs" type="button" onClick=${() => choose(students.filter((one) => one.status !== 'leave').map((one) => one.id))}><${Icon} of="checks"/>${t('opening.all')}</button>
            ${(came.length > 0 || not.length > 0) && html`<${Submit} type="button" class="xs" busy=${busy} onClick=${() => send(false)}>${t('opening.save', { n: chosen.length })}<//>`}
            <button class="btn soft xs" type="button" disabled=${busy} onClick=${() => ask(true)}>${t('opening.close')}</button></div>
        <div class="roll" role="group" aria-label=${t('opening.group', { n: students.length })}>${students.map((child) => {
            const on = chosen.includes(child.id);

            return html`<button key=${child.id} type="button" class=${on ? '' : child.status === 'leave' ? 'info' : 'none'} aria-pressed=${String(on)} aria-label=${dots(child.name, t(`opening.${on ? 'come' : child.status}`))}
                onClick=${() => choose(on ? chosen.filter((id) => id !== child.id) : [...chosen, child.id])}>${child.name}
                ${on ? html`<small><${Icon} of="check"/>${t('opening.come')}</small>` : child.status === 'leave' && html`<small><${Icon} of="leave"/>${t('opening.leave')}</small>`}</button>`;
        })}</div>
        ${asked && html`<${Dialog} title=${t('opening.close')} close=${() => ask(false)}><p>${away.length ? t('opening.close.ask', { n: away.length }) : t('opening.close.none')}</p>
            ${away.length > 0 && html`<p class="b">${away.map((one) => one.name).join(t('desk.comma'))}</p>`}
            <div class="h wrap end"><button class="btn" type="button" onClick=${() => ask(false)}>${t('decide.cancel')}</button><${Submit} type="button" busy=${busy} onClick=${() => send(true)}>${t('opening.close')}<//></div><//>`}`;
}

/* ---- pages */

const Figures = ({ classes }) => html`<p class="tally">${['due', 'come', 'leave', 'missing', 'waiting'].map((name) => html`<span key=${name} class=${{ missing: 't-red', come: 't-pine', leave: 't-blue' }[name] || ''}>
    <b>${classes.reduce((n, one) => n + one[name], 0)}</b>${t(`opening.${name}`)}</span>`)}</p>`;

const Classes = ({ classes }) => html`<div class="tw" tabindex="0" role="region" aria-label=${t('menu.opening')}><table class="tb tight cards pairs"><thead><tr><th scope="col">${t('opening-registers.unit_id')}</th>
    <th scope="col">${t('opening.teacher')}</th>${['due', 'come', 'leave', 'missing', 'waiting'].map((name) => html`<th key=${name} scope="col" class="r">${t(`opening.${name}`)}</th>`)}<th scope="col">${t('opening.close')}</th></tr></thead>
    <tbody>${classes.map((one) => html`<tr key=${one.class_id}><th scope="row"><a href="#/opening?class=${one.class_id}">${one.class_name}</a></th><td class="all" data-label=${t('opening.teacher')}>${one.teacher || '—'}</td>
        ${['due', 'come', 'leave', 'missing', 'waiting'].map((name) => html`<td key=${name} class="r ${name === 'missing' && one.missing ? 't-red b' : ''}" data-label=${t(`opening.${name}`)}>${one[name]}</td>`)}
        <td class=${one.closed_at ? 'all' : 'all mut'} data-label=${t('opening.close')}>${one.closed_at ? t('opening.closed', { name: one.closed_by, time: timeText(one.closed_at) }) : t('opening.open')}</td></tr>`)}</tbody></table></div>`;

export default function Opening({ query }) {
    const data = useData(`opening${query.class ? `?class_id=${query.class}` : query.school ? `?school_id=${query.school}` : ''}`);
    const need = data.problem?.errors?.map((one) => one.field) || [];
    const units = useData(need.includes('school_id') ? 'org-units?level=school&limit=200' : '');
    const value = data.value;
    const only = value?.classes.length === 1 ? value.classes[0] : null;

    useEffect(() => {                                                 // who has one class begins there
        if (only && !query.class) {
            go(`opening?class=${only.class_id}`);
        }
    }, [only?.class_id]);
    if (need.includes('term')) {
        return html`<${Desk} title=${t('menu.opening')} current="#/opening"><div class="card"><${Empty} title=${t('opening.none')} text=${t('opening.none.text')}/></div><//>`;
    }
    if (units.value) {
        return html`<${Desk} title=${t('menu.opening')} current="#/opening"><${Select} label=${t('opening.school')} all=${t('opening.school')} value="" onChange=${(id) => go(`opening?school=${id}`)}
            options=${units.value.items.map((one) => ({ value: one.id, label: one.name }))}/><//>`;
    }
    if (!value) {
        return html`<${Desk} title=${t('menu.opening')} current="#/opening"><${Waiting} data=${data}/><//>`;
    }

    const title = t('opening.of', { date: dateText(value.term_on) });
    const entry = query.class ? value.classes[0] : null;
    const tools = html`<div class="tools">${entry?.register_id && html`<${PrintButton} id=${entry.register_id} kind="opening.sheet" label=${t('opening.print_class')} class="pri"/>`}
        ${!entry && html`<button class="btn pri" type="button" onClick=${() => window.print()}><${Icon} of="print"/>${t('day.print')}</button>`}</div>`;

    return html`<${Desk} title=${entry ? entry.class_name : title} crumb=${entry ? title : dots(value.school_name, t('opening.first', { day: dateText(value.first_day) }))} current="#/opening" tools=${tools}>
        <${Stale} data=${data}/><${Figures} classes=${value.classes}/>
        ${entry ? html`${entry.closed_at && html`<p class="cap"><${Icon} of="check"/> ${t('opening.closed', { name: entry.closed_by, time: timeText(entry.closed_at) })}</p>`}
            ${!entry.closed_at && entry.may_register && value.students.length > 0 && html`<${Seats} key=${`${entry.class_id}.${entry.come}`} data=${data} entry=${entry}/>`}` : html`<${Classes} classes=${value.classes}/>`}
        ${(!entry || entry.closed_at || value.students.some((one) => one.no_show)) && html`<${Missing} data=${data} title=${dots(value.school_name, title, t('opening.list'))}/>`}<//>`;
}
