// entry.js: leave that a guardian asked for by telephone, or a pupil brought on paper, is entered by the class teacher or the
// office. The entry is the class teacher's consent. Kept on this device from the first letter until the server has it.

import { refresh } from '../app.js';
import { asked, Obstacle, shown, usePreview, When } from '../family/when.js';
import { Photos } from '../family/photos.js';
import { Calendar, slotDate } from '../family/picker.js';
import { go, toast } from '../frame.js';
import { dropDraft, keepDraftNow, keepDraftSoon, readDraft, remove, submit, waiting } from '../outbox.js';
import { Choice, Field, FieldError, focusFirstError, Submit } from '../parts.js';
import { html, t, addDays, days, monday, today, useData, useEffect, useLayoutEffect, useRef, useState, Note, ProblemNote, Seat, Skeleton, Student, Waiting } from '../ui.js';
import { Desk, reloadLeave, useClasses } from './desk.js';
import { Search, Select, usePages } from './list.js';

const DRAFT = 'entry';
const EMPTY = { student: null, channel: 'phone', who: '', other: '', proxy_reason: '', kind: '', from: '', to: '', quick: '', reason: '', extends_id: null, photos: [] };

/* ---- which child */

const Child = ({ child, choose }) => html`<button type="button" onClick=${() => choose(child)}>${child.seat_no && html`<small>${child.seat_no}</small>`}${child.name}</button>`;

function OneClass({ entry, choose }) {
    const list = usePages(entry.seats ? '' : `students?class_id=${entry.id}&limit=100`, { kept: false });
    const children = entry.seats || list.items;

    return !children ? html`<${Waiting} data=${list}/>` : html`<div class="roll" role="group" aria-label=${entry.name}>${children.map((child) => html`<${Child} key=${child.id} child=${child}
        choose=${() => choose({ id: child.id, name: child.name, class_id: entry.id, class_name: entry.name })}/>`)}</div>`;
}

function Found({ q, choose }) {
    const list = usePages(`students?q=${encodeURIComponent(q)}&limit=12`, { kept: false });

    return !list.items ? html`<${Waiting} data=${list}/>` : html`<div class="v v2" role="group" aria-label=${t('entry.found')}>${list.items.map((child) => html`<button key=${child.id} class="btn start" type="button"
            onClick=${() => choose({ id: child.id, name: child.name, class_id: child.class_id, class_name: child.class_name })}><${Seat} name=${child.name} small/>${child.name} <span class="mut">${child.class_name}</span></button>`)}
        ${list.items.length === 0 && html`<p class="mut">${t('list.nothing')}</p>`}</div>`;
}

function ChooseChild({ chosen, choose, error }) {
    const [q, setQ] = useState('');
    const [id, setId] = useState('');
    const classes = useClasses();
    const all = classes.value?.items || [];
    const entry = all.find((one) => one.id === id) || (all.length === 1 ? all[0] : null);

    if (chosen) {
        return html`<div class="h wrap"><span class="g keep"><${Student} name=${chosen.name}>${chosen.class_name}<//></span>
            <button class="btn xs" type="button" onClick=${() => choose(null)}>${t('field.other')}</button></div>`;
    }
    return html`<fieldset class="f" aria-describedby=${error ? 'child-e' : undefined}><legend class="lab">${t('entry.child')}</legend>
        <div class="tools"><${Search} label=${t('slips.search')} onSearch=${setQ}/>${all.length > 1 && html`<${Select} label=${t('entry.class')} all=${t('entry.class')} value=${id} onChange=${setId}
            options=${all.map((one) => ({ value: one.id, label: one.name }))}/>`}</div>
        <${FieldError} id="child">${error}<//>
        ${q ? html`<${Found} key=${q} q=${q} choose=${choose}/>` : entry ? html`<${OneClass} key=${entry.id} entry=${entry} choose=${choose}/>`
            : !classes.value && html`<${Waiting} data=${classes}/>`}</fieldset>`;
}

/* ---- who asked */

const relation = (one) => (one.relation === 'other' && one.relation_text ? one.relation_text : t(`code.relation.${one.relation}`));

/** One of the child's guardians, or somebody else, then with a reason. */
function Who({ form, guardians, change, errors }) {
    const other = form.who === 'other' || guardians?.length === 0;

    return html`<div class="v v2">${guardians?.length > 0 && html`<${Choice} name="who" label=${t('entry.who')} value=${form.who} error=${errors.who} onChange=${(who) => change({ who })}
            choices=${[...guardians.map((one) => ({ value: one.id, label: html`${one.name} <small>${relation(one)}</small>` })), { value: 'other', label: t('entry.who.other') }]}/>`}
        ${other && html`<${Field} id="other" label=${t('entry.name')} error=${errors.requested_by} maxlength="60" autocomplete="off" value=${form.other} onInput=${(e) => change({ other: e.target.value })}/>
        <${Field} id="proxy" label=${t('leave-requests.proxy_reason')} hint=${t('entry.proxy.hint')} error=${errors.proxy_reason} maxlength="200" value=${form.proxy_reason}
            onInput=${(e) => change({ proxy_reason: e.target.value })}/>`}</div>`;
}

/* ---- the form */

function check(form, other) {
    return {
        ...(!form.student && { student_id: t('entry.no_child') }),
        ...(!other && !form.who && { who: t('entry.no_who') }),
        ...(other && !form.other.trim() && { requested_by: t('entry.no_name') }),
        ...(other && [...form.proxy_reason.trim()].length < 2 && { proxy_reason: t('error.leave.proxy_reason') }),
        ...(!form.kind && { kind: t('leave.form.no_kind') }),
        ...(!form.to && { when: t('leave.form.no_when') }),
        ...(!form.reason.trim() && { reason: t('leave.form.no_reason') }),
        ...(form.channel === 'paper' && form.photos.length === 0 && { certificate: t('error.leave.paper_photo') }),
    };
}

/* What was kept may be old: days that can no longer be entered go. */
const renew = (form) => ({ ...form, ...(form.from && slotDate(form.from) >= addDays(today(), -7) ? { quick: 'own' } : { from: '', to: '', quick: '' }) });
const plain = (form) => ({ ...form, photos: form.photos.map(({ key, blob, thumb, id }) => ({ key, blob, thumb, id })) });

async function beginning(query) {
    if (query.fix) {
        const item = (await waiting()).find((one) => one.id === query.fix);

        return item ? { form: renew(item.about.form), problem: item.problem, fix: item.id } : { form: EMPTY };
    }

    const draft = await readDraft(DRAFT).catch(() => null);

    return draft ? { form: renew(draft.form), old: true } : { form: EMPTY };
}

const bodyOf = (form, { calendar, name, other }) => ({
    ...asked({ ...form, student_id: form.student.id }, calendar), action: 'enter', channel: form.channel, kind: form.kind, reason: form.reason.trim(), requested_by: name,
    ...(other && { proxy_reason: form.proxy_reason.trim() }), ...(form.extends_id && { extends_id: form.extends_id }),
});

const Route = ({ then }) => html`<br/>${then ? t('entry.route.up', { who: t(`leave.route.${then.role}`) }) : t('entry.route')}`;

/** The calendar of the child's class around today, and what entering would mean. */
function useDays(form) {
    const from = addDays(monday(today()), -7);
    const loaded = useData(form.student && `calendar?student_id=${form.student.id}&from=${from}&to=${addDays(from, 61)}`);
    const calendar = loaded.value && new Calendar(loaded.value);

    return { loaded, calendar, answer: usePreview({ ...form, student_id: form.student?.id }, calendar) };
}

function Form({ begin }) {
    const [form, setForm] = useState(begin.form);
    const [errors, setErrors] = useState({});
    const [refused, setRefused] = useState(begin.problem);
    const [busy, setBusy] = useState(false);
    const [old, setOld] = useState(begin.old);
    const element = useRef(null);
    const { loaded, calendar, answer } = useDays(form);
    const child = useData(form.student && `students/${form.student.id}`, { kept: false });
    const guardians = child.problem || (child.value && !child.value.guardians) ? [] : child.value?.guardians;
    const other = form.who === 'other' || guardians?.length === 0;
    const n = form.to && calendar && (answer.value?.school_days ?? calendar.count(form.from, form.to));

    // A change of photos comes as a function of the newest list, because uploads end when they like.
    function change(patch) {
        const touched = Object.keys(patch).map((name) => [{ to: 'when', other: 'requested_by', student: 'student_id' }[name] || name, undefined]);

        setForm((last) => ({ ...last, ...(typeof patch === 'function' ? { photos: patch(last.photos) } : patch) }));
        setErrors((last) => ({ ...last, ...Object.fromEntries(touched), ...('to' in patch && { span: undefined }), ...(typeof patch === 'function' && { certificate: undefined }) }));
        setRefused((last) => ('to' in patch || 'student' in patch ? null : last));
    }

    useLayoutEffect(() => {
        if (form !== begin.form) {
            keepDraftSoon({ form: plain(form) }, DRAFT);
        }
    }, [form]);
    useLayoutEffect(() => () => keepDraftNow(DRAFT), []);

    async function enter(event) {
        event.preventDefault();

        const wrong = check(form, other);

        setErrors(wrong);
        setRefused(null);
        if (busy || Object.keys(wrong).length || !calendar) {
            focusFirstError(element.current);
            return;
        }
        setBusy(true);
        await Promise.all(form.photos.map((photo) => photo.sending));
        try {
            await deliver();
        } catch (problem) {
            const when = ['starts_on', 'starts_period', 'ends_on', 'ends_period'].map((name) => problem.field(name)).find(Boolean);

            setErrors({ ...Object.fromEntries(['student_id', 'kind', 'reason', 'certificate', 'requested_by', 'proxy_reason'].map((name) => [name, problem.field(name)])),
                span: problem.body?.conflict ? undefined : when });
            setRefused(problem);
            setBusy(false);
            focusFirstError(element.current);
        }
    }

    async function deliver() {
        const name = other ? form.other.trim() : guardians.find((one) => one.id === form.who).name;
        const about = { action: 'enter', label: t('leave-requests.action.enter'), form: plain(form), student_name: form.student.name, kind: form.kind, ...shown(form) };
        const leave = await submit('leave-requests', bodyOf(form, { calendar, name, other }), { files: form.channel === 'paper' ? about.form.photos : null, about });

        await dropDraft(DRAFT).catch(() => {});
        if (begin.fix) {
            await remove(begin.fix);
        }
        go(leave ? `leave/${leave.id}` : 'leave');
        toast(t(leave ? 'entry.done' : 'offline.saved', { name: form.student.name }));
        reloadLeave();
    }

    function startOver() {
        dropDraft(DRAFT);
        setForm(EMPTY);
        setOld(false);
    }

    const submitButton = (more) => html`<${Submit} form="entry" class=${more} busy=${busy}>${n ? t('entry.submit_days', { days: days(n) }) : t('leave-requests.action.enter')}<//>`;

    return html`<${Desk} title=${t('entry.title')} current="#/leave" crumb=${html`<a href="#/leave">${t('menu.leave')}</a>`} dock=${submitButton('wide')}>
        <form class="card v sheet" id="entry" novalidate ref=${element} onSubmit=${enter}>
        ${old && html`<${Note} icon="pen">${t('leave.form.old')} <button class="btn quiet xs" type="button" onClick=${startOver}>${t('leave.form.start_over')}</button><//>`}
        <${ChooseChild} chosen=${form.student} error=${errors.student_id} choose=${(student) => change({ student, who: '', from: '', to: '', quick: '', extends_id: null })}/>
        ${form.student && html`<${Choice} name="channel" label=${t('entry.how')} value=${form.channel} onChange=${(channel) => change({ channel })}
            choices=${[['phone', 'phone'], ['paper', 'paper']].map(([value, icon]) => ({ value, icon, label: t(`entry.how.${value}`) }))}/>
        ${guardians ? html`<${Who} form=${form} guardians=${guardians} change=${change} errors=${errors}/>` : html`<${Skeleton} lines=${2}/>`}
        <${Choice} name="kind" label=${t('leave.form.kind')} value=${form.kind} onChange=${(kind) => change({ kind })} error=${errors.kind}
            choices=${[['sick', 'cross'], ['personal', 'home'], ['other']].map(([value, icon]) => ({ value, icon, label: t(`leave.form.kind.${value}`) }))}/>
        ${calendar ? html`<${When} ...${{ form, change, answer, errors, calendar }} route=${answer.value?.decider && html`<${Route} then=${answer.value.then}/>`}/>
            <${Obstacle} conflict=${refused?.body?.conflict || (!form.extends_id && answer.value?.conflict)} extension=${refused?.body?.extension || answer.value?.conflict?.extension}
                past=${refused?.body?.offer || answer.value?.past_term} place="leave" calendar=${calendar} change=${change}/>` : html`<${Waiting} data=${loaded}/>`}
        <${Field} id="reason" as="textarea" label=${t('leave.form.reason')} value=${form.reason} error=${errors.reason} maxlength="500" onInput=${(e) => change({ reason: e.target.value })}/>
        ${form.channel === 'paper' ? html`<${Photos} photos=${form.photos} change=${change} error=${errors.certificate} label=${t('entry.photo')} hint=""/>`
            : html`<${Note} icon="paper"><span class="sm">${t('entry.paper_later')}</span><//>`}
        <${ProblemNote} of=${refused && !refused.errors?.length && !refused.body?.conflict && refused}/>
        <div class="h wrap end broad"><a class="btn" href="#/leave">${t('decide.cancel')}</a>${submitButton('')}</div>`}</form><//>`;
}

export default function Entry({ query }) {
    const [begin, setBegin] = useState(null);
    const [problem, setProblem] = useState(null);

    useEffect(() => { beginning(query).then(setBegin, setProblem); }, []);
    return begin ? html`<${Form} begin=${begin}/>` : html`<${Desk} title=${t('entry.title')} current="#/leave">
        ${problem ? html`<${ProblemNote} of=${problem} retry=${refresh}/>` : html`<${Skeleton}/>`}<//>`;
}
