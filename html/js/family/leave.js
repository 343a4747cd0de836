// leave.js: one slip: a sentence, the span, whose turn it is, what can be done, and its history.

import { get } from '../api.js';
import { Page, toast } from '../frame.js';
import { submit } from '../outbox.js';
import { Documents } from '../print/documents.js';
import { Rules } from '../rule.js';
import { Files } from '../viewer.js';
import { Choice, Dialog, Relay, Timeline } from '../parts.js';
import { html, t, addDays, dayText, dots, now, timeText, today, unbroken, useData, useEffect, useState, Icon, LeaveBadge, Note, ProblemNote, Skeleton, Span,
    Stale, Student, Waiting } from '../ui.js';
import { historyItem, nextStep, paper, sentence, steps } from './words.js';

const PROLONGED = ['provisional', 'approved', 'away', 'overdue'];

/** The half-days on which the child may have come back: from the expected one, at most a week ago, until now. */
async function comebacks(leave) {
    const from = leave.back_on && leave.back_on < today() ? leave.back_on : today();
    const first = from < addDays(today(), -7) ? addDays(today(), -7) : from;
    const { days } = await get(`calendar?student_id=${leave.student_id}&from=${first}&to=${today()}`);

    return days.flatMap((day) => [['am', 1, day.am], ['pm', day.am + 1, day.pm]].filter(([, period, n]) => n
        && `${day.date}T${day.periods[period - 1][0]}` <= now() && (day.date !== leave.back_on || period >= leave.back_period))
        .map(([half, period]) => ({ value: `${day.date} ${period}`, label: t('span.one', { date: dayText(day.date), half: t(`half.${half}`) }) })));
}

function ReturnDialog({ leave, name, close, run }) {
    const [choices, setChoices] = useState(null);
    const [at, setAt] = useState('');

    useEffect(() => {
        comebacks(leave).then((list) => {
            setChoices(list);
            setAt(list.length ? list[list.length - 1].value : '');
        }, () => setChoices([]));                                      // no network: the server takes the time of the tap
    }, []);
    return html`<${Dialog} title=${t('leave.return.ask', { name })} close=${close}>
        ${!choices ? html`<${Skeleton} lines=${1}/>` : choices.length > 1 && html`<${Choice} name="at" label=${t('leave.return.when')} value=${at} onChange=${setAt} choices=${choices.slice(-6)}/>`}
        <p class="mut">${t('leave.return.text')}</p>
        <div class="h wrap end"><button class="btn" type="button" autofocus onClick=${close}>${t('leave.return.no')}</button>
            <button class="btn pri" type="button" disabled=${!choices} onClick=${() => run('return', at ? { back_on: at.slice(0, 10), back_period: Number(at.slice(11)) } : {})}>
                <${Icon} of="back"/>${t('leave.return.yes')}</button></div><//>`;
}

const CancelDialog = ({ close, run }) => html`<${Dialog} title=${t('leave.cancel.ask')} close=${close}>
    <p class="mut">${t('leave.cancel.text')}</p>
    <div class="h wrap end"><button class="btn" type="button" autofocus onClick=${close}>${t('leave.cancel.no')}</button>
        <button class="btn del" type="button" onClick=${() => run('cancel', {})}><${Icon} of="again"/>${t('leave-requests.action.cancel')}</button></div><//>`;

function Content({ leave, actions, ask }) {
    return html`<section class="v v2"><h2>${t('leave.content')}</h2><div class="card v"><p>${leave.reason}</p>
        ${leave.certificate.length > 0 && html`<${Files} files=${leave.certificate} label=${t('leave-requests.certificate')}/>`}
        ${leave.submitted_at && html`<p class="cap">${t('leave.handed_in', { who: leave.requested_by, time: timeText(leave.submitted_at) })}</p>`}
        ${actions.includes('cancel') && html`<div class="h"><button class="btn quiet" type="button" onClick=${() => ask('cancel')}><${Icon} of="again"/>${t('leave-requests.action.cancel')}</button></div>`}
        </div></section>`;
}

/** Asked for by telephone: the guardian's word in the portal is as good as a slip. */
function Paper({ leave, confirm, busy }) {
    const awaited = paper(leave);

    return awaited && html`<${Note} tone=${awaited.tone} icon="paper"><p>${unbroken(awaited.text)}</p>${confirm && html`<p class="sm">${t('leave.confirm.text', { who: leave.requested_by || '' })}</p>`}<//>
        ${confirm && html`<button class="btn pri wide" type="button" disabled=${busy} onClick=${confirm}><${Icon} of="check"/>${t('leave.confirm.yes')}</button>`}`;
}

export default function Leave({ params, query, session }) {
    const data = useData(`leave-requests/${params.id}`);
    const history = useData(`leave-requests/${params.id}/history`);
    const children = useData('my-children');
    const [asked, ask] = useState(query.do || '');
    const [problem, setProblem] = useState(null);
    const [busy, setBusy] = useState(false);
    const leave = data.value;

    if (!leave) {
        return html`<${Page} title=${t('leave.detail')} back="my-leave" tab="my-leave"><${Waiting} data=${data}/><//>`;
    }

    const child = children.value?.items.find((one) => one.id === leave.student_id);
    const begun = !leave.starts_at || leave.starts_at.slice(0, 16) <= now();
    const actions = leave.actions.map((one) => one.action).filter((one) => !(one === 'return' && !begun)
        && !(one === 'cancel' && begun && ['provisional', 'approved'].includes(leave.state)));
    const next = nextStep(leave, child);
    const relay = steps(leave);
    const close = () => ask('');

    async function run(action, body) {
        if (busy) {
            return;
        }
        close();
        setBusy(true);
        setProblem(null);
        try {
            const answer = await submit(`leave-requests/${leave.id}/${action}`, body, { match: leave.version, about: { action, ...leave } });

            toast(t(answer ? `leave.done.${action}` : 'offline.saved'));
        } catch (refusal) {
            setProblem(refusal);
        }
        setBusy(false);
        data.reload();
        history.reload();
    }

    return html`<${Page} title=${t('leave.detail')} back="my-leave" tab="my-leave">
        <${Stale} data=${data}/>
        <${ProblemNote} of=${problem}/>
        <section class="card v"><div class="h wrap"><span class="g keep"><${Student} name=${leave.student_name}>${dots(t(`code.leave_kind.${leave.kind}`), leave.class_name)}<//></span>
            <${LeaveBadge} state=${leave.state}/></div>
            <p class="say1">${unbroken(sentence(leave, child))}</p><${Span} of=${leave}/>
            ${relay && html`<${Relay} ...${relay}/>`}
            <${Paper} leave=${leave} confirm=${actions.includes('confirm') && (() => run('confirm', {}))} busy=${busy}/>
            ${(actions.includes('return') || PROLONGED.includes(leave.state)) && html`<div class="h">
                ${actions.includes('return') && html`<button class="btn soft g" type="button" disabled=${busy} onClick=${() => ask('return')}><${Icon} of="back"/>${t('leave-requests.action.return')}</button>`}
                ${PROLONGED.includes(leave.state) && html`<a class="btn g" href="#/my-leave/new?extends=${leave.id}">${t('home.extend')}</a>`}</div>`}
            ${leave.state === 'draft' && actions.includes('submit') && html`<button class="btn pri wide" type="button" disabled=${busy} onClick=${() => run('submit', {})}>${t('leave-requests.action.submit')}</button>`}
        </section>
        <section class="v v2"><h2>${t('leave.history')}</h2>${history.value
            ? html`<${Timeline} items=${[...(next ? [next] : []), ...history.value.items.map((entry) => historyItem(entry, entry.actor === session.account.name))]}/>`
            : html`<${Waiting} data=${history}/>`}</section>
        <${Content} leave=${leave} actions=${actions} ask=${ask}/>
        ${!['draft', 'submitted'].includes(leave.state) && html`<${Documents} record="leave-requests" id=${leave.id} version=${leave.version}/>`}
        ${leave.state !== 'draft' && html`<${Rules} path=${`leave-requests/${leave.id}/rules`}/>`}
        ${asked === 'return' && actions.includes('return') && html`<${ReturnDialog} leave=${leave} name=${leave.student_name} close=${close} run=${run}/>`}
        ${asked === 'cancel' && html`<${CancelDialog} close=${close} run=${run}/>`}<//>`;
}
