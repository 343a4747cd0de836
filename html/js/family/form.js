// form.js: a guardian asks for leave, or prolongs one. What is typed is kept on the phone from the first letter; one tap on
// the button makes one slip, however often it is tapped and whether or not there is a network.

import { get, post } from '../api.js';
import { refresh } from '../app.js';
import { go, Page, toast, useChildren } from '../frame.js';
import { dropDraft, keepDraftNow, keepDraftSoon, readDraft, remove, submit, waiting } from '../outbox.js';
import { Choice, Field, focusFirstError, Submit } from '../parts.js';
import { html, t, addDays, days, monday, spanText, today, useData, useEffect, useLayoutEffect, useRef, useState, Note, ProblemNote, Seat, Skeleton,
    Waiting } from '../ui.js';
import { NoChildren } from './home.js';
import { Photos } from './photos.js';
import { Calendar, slotDate } from './picker.js';
import { asked, Obstacle, shown, usePreview, When } from './when.js';
import { person, teacherName } from './words.js';

const EMPTY = { student_id: '', kind: '', from: '', to: '', quick: '', reason: '', extends_id: null, photos: [] };

function check(form) {
    return {
        ...(!form.student_id && { student_id: t('leave.form.no_child') }),
        ...(!form.kind && { kind: t('leave.form.no_kind') }),
        ...(!form.to && { when: t('leave.form.no_when') }),
        ...(!form.reason.trim() && { reason: t('leave.form.no_reason') }),
    };
}

/* What was kept may be old: days that can no longer be asked for go, and "tomorrow" means the day it was then. */
const renew = (form) => ({ ...form, ...(form.from && slotDate(form.from) >= addDays(today(), -7) ? { quick: 'own' } : { from: '', to: '', quick: '' }) });

/** Where the form begins: a refused slip to mend, a leave to prolong, what was not finished, or a child. */
async function beginning(query, children) {
    const draft = await readDraft().catch(() => null);

    if (query.fix) {
        const item = (await waiting()).find((one) => one.id === query.fix);

        return item ? { form: renew(item.about.form), problem: item.problem, fix: item.id } : { form: EMPTY };
    }
    if (query.extends) {
        const leave = await get(`leave-requests/${query.extends}`);

        return { form: { ...EMPTY, student_id: leave.student_id, kind: leave.kind, extends_id: leave.id }, extended: leave };
    }
    if (draft && !draft.form.extends_id && (!query.child || query.child === draft.form.student_id)) {
        return { form: renew(draft.form), old: true };
    }
    return { form: { ...EMPTY, student_id: query.child || (children.length === 1 ? children[0].id : '') } };
}

/** Who decides, when it is not the class teacher alone. */
const Route = ({ preview: { decider, then }, child }) => then && html`<br/>${t('leave.form.route', { teacher: person(decider, child), decider: person(then, child) })}`;

function Form({ items, begin }) {
    const [form, setForm] = useState(begin.form);
    const [errors, setErrors] = useState({});
    const [refused, setRefused] = useState(begin.problem);
    const [busy, setBusy] = useState(false);
    const [old, setOld] = useState(begin.old);
    const element = useRef(null);
    const child = items.find((one) => one.id === form.student_id);
    const from = [addDays(monday(today()), -7), monday(begin.extended?.back_on || today())].sort()[0];
    const loaded = useData(form.student_id && `calendar?student_id=${form.student_id}&from=${from}&to=${addDays(from, 61)}`);
    const calendar = loaded.value && new Calendar(loaded.value);
    const answer = usePreview(form, calendar);
    const n = form.to && calendar && (answer.value?.school_days ?? calendar.count(form.from, form.to));

    // Patches the form; a change of photos comes as a function of the newest list, because uploads end when they like.
    // What was wrong with a field is no longer said once it has been touched.
    function change(patch) {
        const touched = Object.keys(patch).map((name) => [name === 'to' ? 'when' : name, undefined]);

        setForm((last) => ({ ...last, ...(typeof patch === 'function' ? { photos: patch(last.photos) } : patch) }));
        setErrors((last) => ({ ...last, ...Object.fromEntries(touched), ...('to' in patch && { span: undefined }) }));
        setRefused((last) => ('to' in patch ? null : last));
    }

    useLayoutEffect(() => {
        if (form !== begin.form) {
            keepDraftSoon({ form: plain(form) });
        }
    }, [form]);
    useLayoutEffect(() => () => keepDraftNow(), []);

    async function handIn(event) {
        event.preventDefault();

        const wrong = check(form);

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

            setErrors({ student_id: problem.field('student_id'), kind: problem.field('kind'), reason: problem.field('reason'),
                certificate: problem.field('certificate'), span: problem.body?.conflict ? undefined : when });
            setRefused(problem);
            setBusy(false);
            focusFirstError(element.current);
        }
    }

    async function deliver() {
        const body = { ...asked(form, calendar), kind: form.kind, reason: form.reason.trim(), action: 'submit',
            ...(form.extends_id && { extends_id: form.extends_id }) };
        const about = { form: plain(form), student_name: child.name, kind: form.kind, ...shown(form), school_days: n };
        const leave = await submit('leave-requests', body, { files: plain(form).photos, about });

        await dropDraft().catch(() => {});
        if (begin.fix) {
            await remove(begin.fix);
        }
        if (!leave) {
            go('my-leave');
            toast(t('offline.saved'));
            return;
        }
        go(`my-leave/${leave.id}`);
        toast(t('leave.delivered', { who: teacherName(child) }), leave.actions.some((one) => one.action === 'cancel') && { label: t('leave-requests.action.cancel'),
            run: () => post(`leave-requests/${leave.id}/cancel`, {}, { match: leave.version }).then(refresh, refresh) });
    }

    function startOver() {
        dropDraft();
        setForm({ ...EMPTY, student_id: form.student_id });
        setOld(false);
    }

    const others = refused && !refused.errors?.length && !refused.body?.conflict;
    const extend = refused?.body?.extension || answer.value?.conflict?.extension;
    const label = n ? t('leave.form.hand_in_days', { who: teacherName(child), days: days(n) }) : t('leave.form.hand_in', { who: teacherName(child) });

    return html`<${Page} title=${t(form.extends_id ? 'leave.form.title_extend' : 'leave.form.title')} back=${form.extends_id ? `my-leave/${form.extends_id}` : 'children'}
        dock=${html`<${Submit} form="slip" class="wide" busy=${busy}>${label}<//>`}>
        <form class="v v5" id="slip" novalidate ref=${element} onSubmit=${handIn}>
        ${old && html`<${Note} icon="pen">${t('leave.form.old')} <button class="btn quiet xs" type="button" onClick=${startOver}>${t('leave.form.start_over')}</button><//>`}
        ${begin.extended ? html`<${Note} icon="leave">${t('leave.form.extends', { name: begin.extended.student_name, span: spanText(begin.extended) })}<//>`
            : html`<${Choice} name="child" label=${t('leave.form.child')} value=${form.student_id} error=${errors.student_id}
                onChange=${(id) => change({ student_id: id, from: '', to: '', quick: '', extends_id: null })}
                choices=${items.map((one) => ({ value: one.id, label: one.name, before: html`<${Seat} name=${one.name} small/>` }))}/>
            <${Choice} name="kind" label=${t('leave.form.kind')} value=${form.kind} onChange=${(kind) => change({ kind })} error=${errors.kind}
                choices=${[['sick', 'cross'], ['personal', 'home'], ['other']].map(([value, icon]) => ({ value, icon, label: t(`leave.form.kind.${value}`) }))}/>`}
        ${form.student_id && (calendar ? html`<${When} ...${{ form, change, answer, errors, calendar }} extended=${begin.extended}
            route=${answer.value && html`<${Route} preview=${answer.value} child=${child}/>`}/>` : html`<${Waiting} data=${loaded}/>`)}
        ${calendar && html`<${Obstacle} conflict=${refused?.body?.conflict || (!form.extends_id && answer.value?.conflict)} extension=${extend}
            past=${refused?.body?.offer || answer.value?.past_term} place="my-leave" calendar=${calendar} change=${change}/>`}
        <${Field} id="reason" as="textarea" label=${t('leave.form.reason')} value=${form.reason} error=${errors.reason} maxlength="500"
            onInput=${(e) => change({ reason: e.target.value })}/>
        <${Photos} photos=${form.photos} change=${change} error=${errors.certificate}/>
        <${ProblemNote} of=${others && refused}/>
        <${Note}><span class="sm">${t('leave.form.once')}</span><//></form><//>`;
}

/** The form without what cannot be stored (running uploads). */
const plain = (form) => ({ ...form, photos: form.photos.map(({ key, blob, thumb, id }) => ({ key, blob, thumb, id })) });

export default function LeaveForm({ query }) {
    const children = useChildren();
    const [begin, setBegin] = useState(null);
    const [problem, setProblem] = useState(null);
    const items = children.value?.items;

    useEffect(() => {
        if (items && !begin) {
            beginning(query, items).then(setBegin, setProblem);
        }
    }, [items]);
    if (begin && items.length) {
        return html`<${Form} items=${items} begin=${begin}/>`;
    }
    return html`<${Page} title=${t('leave.form.title')} back="children">
        ${problem && html`<${ProblemNote} of=${problem} retry=${refresh}/>`}
        ${items?.length === 0 ? html`<${NoChildren}/>`
            : items ? html`<${Skeleton}/>` : html`<${Waiting} data=${children}/>`}<//>`;
}
