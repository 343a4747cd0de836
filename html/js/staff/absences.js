// absences.js: children who are missing now: since when, what is due and by when, what closes it; and the two records that are made
// most often, a call and a report, where they are needed.

import { post } from '../api.js';
import { can, toast } from '../frame.js';
import { Choice, Dialog, Field, focusFirstError, Submit } from '../parts.js';
import { html, t, addDays, dateText, dots, now, problemText, timeText, useData, useRef, useState, Badge, Empty, Icon, Note, Seat, Stale, Waiting } from '../ui.js';
import { Desk } from './desk.js';

const REASONS = ['sick', 'family', 'overslept', 'road', 'weather', 'unwilling', 'unreachable', 'other'];
const open = (run) => run.rungs.filter((rung) => rung.state === 'open' && rung.step !== 'S2');
/** 今天 24:00 ends today, it does not begin tomorrow. */
const dueText = (iso) => (iso.slice(11, 16) === '00:00' ? timeText(`${addDays(iso.slice(0, 10), -1)}T24:00`) : timeText(iso));
const due = (rung) => rung.working_at || rung.trigger_at;

/** A small form in a dialog that posts one record. */
function Ask({ title, path, close, done, children, body, check }) {
    const form = useRef(null);
    const [busy, setBusy] = useState(false);
    const [errors, setErrors] = useState({});
    const [problem, setProblem] = useState('');

    async function send(event) {
        event.preventDefault();

        const wrong = check();

        setErrors(wrong);
        setProblem('');
        if (Object.keys(wrong).length) {
            focusFirstError(form.current);
            return;
        }
        setBusy(true);
        try {
            await post(path, body);
            done();
        } catch (refusal) {
            setErrors(Object.fromEntries((refusal.errors || []).map((one) => [one.field, one.message])));
            setProblem(refusal.errors?.length ? '' : problemText(refusal));
            focusFirstError(form.current);
            setBusy(false);
        }
    }

    return html`<${Dialog} title=${title} close=${close}><form class="v" novalidate ref=${form} onSubmit=${send}>${problem && html`<div role="alert"><${Note} tone="no">${problem}<//></div>`}
        ${children(errors)}<div class="h wrap end"><button class="btn" type="button" onClick=${close}>${t('decide.cancel')}</button><${Submit} busy=${busy}>${t('absences.keep')}<//></div></form><//>`;
}

function Call({ run, close, done }) {
    const [form, set] = useState({ reached: 'yes', person: '', reason: '', words: '' });
    const change = (part) => set((all) => ({ ...all, ...part }));
    const reached = form.reached === 'yes';
    const body = { student_id: run.student_id, channel: 'phone', reached, ...(form.words.trim() && { words: form.words.trim() }), ...(reached && { person: form.person.trim(), reason: form.reason }) };

    return html`<${Ask} title=${t('absences.call_of', { name: run.student_name })} path="contacts" body=${body} close=${close} done=${() => done(t(reached ? 'absences.called' : 'absences.tried'))}
        check=${() => ({ ...(reached && !form.person.trim() && { person: t('field.required') }), ...(reached && !form.reason && { reason: t('field.required') }) })}>${(errors) => html`
        <${Choice} name="reached" label=${t('contacts.reached')} value=${form.reached} onChange=${(value) => change({ reached: value })} choices=${['yes', 'no'].map((value) => ({ value, label: t(`absences.reached.${value}`) }))}/>
        ${reached && html`<${Field} id="person" label=${t('contacts.person')} maxlength="60" autocomplete="off" value=${form.person} error=${errors.person} onInput=${(e) => change({ person: e.target.value })}/>
        <${Field} id="why" as="select" label=${t('contacts.reason')} error=${errors.reason} onChange=${(e) => change({ reason: e.target.value })}><option value=""></option>
            ${REASONS.map((one) => html`<option key=${one} value=${one} selected=${one === form.reason}>${t(`code.absence_reason.${one}`)}</option>`)}<//>`}
        <${Field} id="words" as="textarea" label=${t('contacts.words')} hint=${t('slip.comment.hint')} maxlength="500" value=${form.words} error=${errors.words} onInput=${(e) => change({ words: e.target.value })}/>`}<//>`;
}

function Report({ run, close, done }) {
    const [measure, set] = useState('');
    const told = run.contact?.reached ? t('absences.told', { time: timeText(run.contact.at), who: run.contact.person, why: t(`code.absence_reason.${run.contact.reason}`) }) : t('absences.not_told');

    return html`<${Ask} title=${t('absences.report_of', { name: run.student_name })} path="absence-reports" body=${{ student_id: run.student_id, measure: measure.trim() }} close=${close}
        done=${() => done(t('absences.reported'))} check=${() => (measure.trim().length < 2 ? { measure: t('field.required') } : {})}>${(errors) => html`
        <p class="sm mut">${t('absences.since', { day: dateText(run.since), n: run.period })} ${told}</p>
        <${Field} id="measure" as="textarea" label=${t('absence-reports.measure')} maxlength="500" value=${measure} error=${errors.measure} onInput=${(e) => set(e.target.value)}/>`}<//>`;
}

function Rung({ rung }) {
    const late = rung.working_at && rung.working_at.slice(0, 16) < now();

    return html`<li class="h wrap"><span class="g">${t(`ladder.${rung.step}`)} ${rung.late_entry && html`<small class="mut">${t('absences.late_entry')}</small>`}</span>
        ${rung.working_at && html`<span class="due ${late ? 't-red' : 't-amber'}">${t(late ? 'absences.overdue' : 'absences.due', { time: dueText(rung.working_at) })}</span>`}</li>`;
}

function Card({ run, several, ask }) {
    const rungs = open(run);
    const has = (...steps) => rungs.some((rung) => steps.includes(rung.step));

    return html`<section class="card v"><div class="h wrap"><a class="stu g" href="#/students/${run.student_id}"><${Seat} name=${run.student_name} out/><span><b>${run.student_name}</b>
            <small>${dots(several && run.class_name, t('absences.since', { day: dateText(run.since), n: run.period }))}</small></span></a>
        <${Badge} tone=${run.days >= 3 ? 'late' : run.days >= 1 ? 'no' : 'wait'} icon="warn">${run.days ? t('absences.days', { n: run.days }) : t('absences.today')}<//></div>
        ${run.presumed_days > 0 && html`<p class="sm mut">${t('absences.presumed', { n: run.presumed_days })}</p>`}
        ${run.contact && html`<p class="sm">${run.contact.reached ? t('absences.told', { time: timeText(run.contact.at), who: run.contact.person, why: t(`code.absence_reason.${run.contact.reason}`) }) : t('absences.tried_at', { time: timeText(run.contact.at) })}</p>`}
        ${rungs.length ? html`<ul class="v v2">${rungs.map((rung) => html`<${Rung} key=${rung.step} rung=${rung}/>`)}</ul>` : html`<p class="sm t-pine">${t('absences.nothing_due')}</p>`}
        <div class="h wrap">${can('contact.record') && html`<button class="btn ${has('S0', 'S1') ? 'soft' : ''}" type="button" onClick=${() => ask({ what: 'call', run })}><${Icon} of="phone"/>${t('absences.call')}</button>`}
            ${can('absence_report.send') && has('S3') && html`<button class="btn" type="button" onClick=${() => ask({ what: 'report', run })}><${Icon} of="paper"/>${t('absences.report')}</button>`}
            ${can('visit.record') && has('S4', 'S5', 'S6') && html`<a class="btn" href="#/home-visits/new?student=${run.student_id}"><${Icon} of="door"/>${t('absences.visit')}</a>`}
            ${can('leave.enter') && html`<a class="btn quiet" href="#/leave/new"><${Icon} of="leave"/>${t('absences.leave')}</a>`}</div></section>`;
}

export default function Absences({ query }) {
    const data = useData('absences/runs');
    const [asked, ask] = useState(null);
    const items = data.value?.items.filter((run) => !query.step || open(run).some((rung) => rung.step === query.step))
        .sort((a, b) => { const [x, y] = [a, b].map((run) => open(run).map(due).sort()[0] || '9'); return x < y ? -1 : x > y ? 1 : 0; });
    const several = new Set(data.value?.items.map((run) => run.class_id)).size > 1;
    const steps = ['S0', 'S1', 'S3', 'S4', 'S5', 'S6', 'case'].map((step) => [step, data.value?.items.filter((run) => open(run).some((rung) => rung.step === step)).length]).filter(([, n]) => n);
    const done = (text) => { ask(null); toast(text); data.reload(); };

    return html`<${Desk} title=${t('menu.absences')} current="#/absences"><${Stale} data=${data}/>
        ${several && steps.length > 0 && html`<nav class="tally" aria-label=${t('absences.by_step')}>${steps.map(([step, n]) => html`<a key=${step} href=${query.step === step ? '#/absences' : `#/absences?step=${step}`} aria-current=${query.step === step ? 'true' : undefined}><b>${n}</b> ${t(`ladder.${step}`)}</a>`)}</nav>`}
        ${!items ? html`<${Waiting} data=${data}/>` : !items.length ? html`<div class="card"><${Empty} title=${t('absences.none')} text=${t('absences.none.text')}/></div>`
            : html`<div class="v">${items.map((run) => html`<${Card} key=${run.id} run=${run} several=${several} ask=${ask}/>`)}</div>`}
        ${asked?.what === 'call' && html`<${Call} run=${asked.run} close=${() => ask(null)} done=${done}/>`}
        ${asked?.what === 'report' && html`<${Report} run=${asked.run} close=${() => ask(null)} done=${done}/>`}<//>`;
}
