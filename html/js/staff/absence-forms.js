// absence-forms.js: the records that are made of children who are missing: a call, a report, for one child or for many at once; and a
// leave of what was an absence, entered for the guardian who phoned.

import { post } from '../api.js';
import { Choice, Dialog, Field, FieldError, focusFirstError, Submit } from '../parts.js';
import { html, t, dateText, problemText, timeText, today, useRef, useState, Note } from '../ui.js';

const REASONS = ['sick', 'family', 'overslept', 'road', 'weather', 'unwilling', 'unreachable', 'other'];

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

export function Call({ run, close, done }) {
    const [form, set] = useState({ reached: 'yes', person: run.guardians[0]?.name || '', reason: '', words: '' });
    const change = (part) => set((all) => ({ ...all, ...part }));
    const reached = form.reached === 'yes';
    const body = { student_id: run.student_id, channel: 'phone', reached, ...(form.words.trim() && { words: form.words.trim() }), ...(reached && { person: form.person.trim(), reason: form.reason }) };

    return html`<${Ask} title=${t('absences.call_of', { name: run.student_name })} path="contacts" body=${body} close=${close} done=${() => done(t(reached ? 'absences.called' : 'absences.tried'))}
        check=${() => ({ ...(reached && !form.person.trim() && { person: t('field.required') }), ...(reached && !form.reason && { reason: t('field.required') }) })}>${(errors) => html`
        <${Choice} name="reached" label=${t('contacts.reached')} value=${form.reached} onChange=${(value) => change({ reached: value })} choices=${['yes', 'no'].map((value) => ({ value, label: t(`absences.reached.${value}`) }))}/>
        ${reached && html`<${Field} id="person" label=${t('contacts.person')} maxlength="60" autocomplete="off" list="people" value=${form.person} error=${errors.person} onInput=${(e) => change({ person: e.target.value })}/>
        <datalist id="people">${run.guardians.map((one) => html`<option key=${one.name} value=${one.name}/>`)}</datalist>
        <${Field} id="why" as="select" label=${t('contacts.reason')} error=${errors.reason} onChange=${(e) => change({ reason: e.target.value })}><option value=""></option>
            ${REASONS.map((one) => html`<option key=${one} value=${one} selected=${one === form.reason}>${t(`code.absence_reason.${one}`)}</option>`)}<//>`}
        <${Field} id="words" as="textarea" label=${t('contacts.words')} hint=${t('slip.comment.hint')} maxlength="500" value=${form.words} error=${errors.words} onInput=${(e) => change({ words: e.target.value })}/>`}<//>`;
}

export function Report({ run, close, done }) {
    const [measure, set] = useState('');
    const told = run.contact?.reached ? t('absences.told', { time: timeText(run.contact.at), who: run.contact.person, why: t(`code.absence_reason.${run.contact.reason}`) }) : t('absences.not_told');

    return html`<${Ask} title=${t('absences.report_of', { name: run.student_name })} path="absence-reports" body=${{ student_id: run.student_id, measure: measure.trim() }} close=${close}
        done=${() => done(t('absences.reported'))} check=${() => (measure.trim().length < 2 ? { measure: t('field.required') } : {})}>${(errors) => html`
        <p class="sm mut">${t('absences.since', { day: dateText(run.since), n: run.period })}${t('absences.then')}${told}</p>
        <${Field} id="measure" as="textarea" label=${t('absence-reports.measure')} maxlength="500" value=${measure} error=${errors.measure} onInput=${(e) => set(e.target.value)}/>`}<//>`;
}

/* ---- many children at once */

const LIMIT = 100;                                                    // children in one request

/** What was refused, child by child; the others are done. */
const Refused = ({ list }) => list.length > 0 && html`<div role="alert"><${Note} tone="no"><b>${t('absences.refused', { n: list.length })}</b>
    <ul>${list.map((one) => html`<li key=${one.student_id}>${t('absences.refused.of', { name: one.name, why: one.title })}</li>`)}</ul><//></div>`;

/** One request for all of them, a result for each: whoever was refused stays in the dialog with the reason. */
function Many({ title, path, runs, body, item, check, close, done, children }) {
    const form = useRef(null);
    const [left, setLeft] = useState(runs);
    const [refused, setRefused] = useState([]);
    const [errors, setErrors] = useState({});
    const [problem, setProblem] = useState('');
    const [busy, setBusy] = useState(false);
    const [made, setMade] = useState(0);

    async function send(event) {
        event.preventDefault();

        const wrong = check(left);

        setErrors(wrong);
        setProblem('');
        if (Object.keys(wrong).length) {
            focusFirstError(form.current);
            return;
        }
        setBusy(true);
        try {
            const results = [];

            for (let i = 0; i < left.length; i += LIMIT) {
                results.push(...(await post(path, { ...body, items: left.slice(i, i + LIMIT).map(item) })).items);
            }

            const bad = results.filter((one) => one.status >= 300);
            const n = made + results.length - bad.length;

            if (!bad.length) {
                done(n, []);
                return;
            }
            setMade(n);
            setLeft(left.filter((run) => bad.some((one) => one.student_id === run.student_id)));
            setRefused(bad.map((one) => ({ ...one, name: left.find((run) => run.student_id === one.student_id).student_name })));
        } catch (refusal) {
            setErrors(Object.fromEntries((refusal.errors || []).map((one) => [one.field, one.message])));
            setProblem(refusal.errors?.length ? '' : problemText(refusal));
        }
        setBusy(false);
    }

    return html`<${Dialog} title=${title} close=${() => (made ? done(made, left) : close())}><form class="v" novalidate ref=${form} onSubmit=${send}>${problem && html`<div role="alert"><${Note} tone="no">${problem}<//></div>`}
        <${Refused} list=${refused}/>${children(errors, left)}<div class="h wrap end"><button class="btn" type="button" onClick=${() => (made ? done(made, left) : close())}>${t('decide.cancel')}</button>
        <${Submit} busy=${busy}>${t('absences.keep_n', { n: left.length })}<//></div></form><//>`;
}

const guardian = (run) => run.guardians[0]?.name || '';
const firstNames = (runs) => Object.fromEntries(runs.map((run) => [run.student_id, run.contact?.reached ? run.contact.person : guardian(run)]));
const missingNames = (runs, names) => Object.fromEntries(runs.filter((run) => !names[run.student_id].trim()).map((run) => [`who${run.student_id}`, t('field.required')]));

/** Who was reached for each child: filled with the first guardian of the roster. */
const Names = ({ runs, names, set, errors, label }) => html`<fieldset class="f"><legend class="lab">${label}</legend><div class="v v2">${runs.map((run) => {
    const id = `who${run.student_id}`;

    return html`<div key=${id}><div class="h"><label class="g" for=${id}>${run.student_name}</label><input id=${id} class="in g" maxlength="60" autocomplete="off" value=${names[run.student_id]}
        aria-invalid=${errors[id] ? 'true' : undefined} aria-describedby=${errors[id] ? `${id}-e` : undefined} onInput=${(e) => set({ ...names, [run.student_id]: e.target.value })}/></div><${FieldError} id=${id}>${errors[id]}<//></div>`;
})}</div></fieldset>`;

export function CallMany({ runs, close, done }) {
    const [form, set] = useState({ reason: '', words: '' });
    const [names, setNames] = useState(firstNames(runs));

    return html`<${Many} title=${t('absences.call_many', { n: runs.length })} path="contacts/bulk" runs=${runs} close=${close} done=${(n) => done(t('absences.called_n', { n }))}
        body=${{ channel: 'phone', reached: true, reason: form.reason, ...(form.words.trim() && { words: form.words.trim() }) }}
        item=${(run) => ({ student_id: run.student_id, person: names[run.student_id].trim() })}
        check=${(left) => ({ ...(!form.reason && { why: t('field.required') }), ...missingNames(left, names) })}>${(errors, left) => html`
        <${Field} id="why" as="select" label=${t('contacts.reason')} error=${errors.why || errors.reason} onChange=${(e) => set({ ...form, reason: e.target.value })}><option value=""></option>
            ${REASONS.map((one) => html`<option key=${one} value=${one} selected=${one === form.reason}>${t(`code.absence_reason.${one}`)}</option>`)}<//>
        <${Field} id="words" as="textarea" label=${t('contacts.words')} hint=${t('slip.comment.hint')} maxlength="500" value=${form.words} error=${errors.words} onInput=${(e) => set({ ...form, words: e.target.value })}/>
        <${Names} runs=${left} names=${names} set=${setNames} errors=${errors} label=${t('contacts.person')}/>`}<//>`;
}

/* ---- an absence becomes a leave that the guardian asked for by telephone */

const KINDS = { sick: 'sick', family: 'personal' };
/** From the first period missed to the end of today; whoever stays away longer is asked for again. */
const leaveOf = (run, person) => ({ student_id: run.student_id, requested_by: person, starts_on: run.since, starts_period: run.period });
const leaveBody = (kind, reason) => ({ action: 'enter', channel: 'phone', kind, reason, ends_on: today(), ends_period: LAST_PERIOD });
const LAST_PERIOD = 16;
const told = (run) => (run.contact?.words && [...run.contact.words].length > 1 ? run.contact.words : t(`code.absence_reason.${run.contact.reason}`));

/** Is everything known that a leave needs? A guardian was reached and said why. */
export const knowsLeave = (run) => Boolean(run.contact?.reached && KINDS[run.contact.reason] && run.guardians.some((one) => one.name === run.contact.person));

/** One tap: the leave as the guardian told it on the telephone. */
export const leaveAtOnce = (run) => post('leave-requests', { ...leaveBody(KINDS[run.contact.reason], told(run)), ...leaveOf(run, run.contact.person) });

/** What all of them said when they were called, if it was the same. */
function sharedReason(runs) {
    const same = new Set(runs.map((run) => run.contact?.reached && KINDS[run.contact.reason] && `${run.contact.reason} ${told(run)}`));

    return same.size === 1 && [...same][0] ? { kind: KINDS[runs[0].contact.reason], reason: told(runs[0]) } : { kind: '', reason: '' };
}

export function LeaveMany({ runs, close, done }) {
    const [form, set] = useState(sharedReason(runs));
    const [names, setNames] = useState(firstNames(runs));
    const reason = form.reason.trim();

    return html`<${Many} title=${t('absences.leave_many', { n: runs.length })} path="leave-requests/bulk" runs=${runs} close=${close} done=${(n, left) => done(t('absences.on_leave_n', { n }), runs.filter((run) => !left.includes(run)))}
        body=${leaveBody(form.kind, reason)} item=${(run) => leaveOf(run, names[run.student_id].trim())}
        check=${(left) => ({ ...(!form.kind && { kind: t('leave.form.no_kind') }), ...([...reason].length < 2 && { reason: t('leave.form.no_reason') }), ...missingNames(left, names) })}>${(errors, left) => html`
        <p class="sm mut">${t('absences.leave_many.text')}</p>
        <${Choice} name="kind" label=${t('leave.form.kind')} value=${form.kind} error=${errors.kind} onChange=${(kind) => set({ ...form, kind })}
            choices=${['sick', 'personal', 'other'].map((value) => ({ value, label: t(`leave.form.kind.${value}`) }))}/>
        <${Field} id="reason" label=${t('leave.form.reason')} value=${form.reason} error=${errors.reason} maxlength="500" autocomplete="off" onInput=${(e) => set({ ...form, reason: e.target.value })}/>
        <${Names} runs=${left} names=${names} set=${setNames} errors=${errors} label=${t('entry.who')}/>`}<//>`;
}
