// slip.js: one slip as staff see it: beside the queue on a wide screen, or on a page of its own.

import { get } from '../api.js';
import { can, go, session } from '../frame.js';
import { historyItem, paper } from '../family/words.js';
import { Timeline } from '../parts.js';
import { html, t, dateText, days, dayText, now, spanText, timeText, today, unbroken, useData, useEffect, useState, Icon, LeaveBadge, Note, Span, Stale,
    Student, Waiting } from '../ui.js';
import { Documents } from '../print/documents.js';
import { Rules } from '../rule.js';
import { Files } from '../viewer.js';
import { Asked, decide, mayReject, yes, yesLabel } from './decide.js';
import { backText, Desk, reloadLeave, useLeave } from './desk.js';

/** Who acts next: 您, 王晓梅老师, 教导处. */
const person = ({ role, name }) => (name && name === session().account.name ? t('slip.you')
    : role === 'teacher' && name ? t('leave.teacher', { name }) : t(`leave.route.${role}`));

/** The sentence a slip opens with. */
export function sentence(leave) {
    const begun = leave.starts_at && leave.starts_at.slice(0, 16) <= now();
    const back = leave.back_on ? backText(leave) : '';

    switch (leave.state) {
    case 'provisional':
        if (leave.route === 'teacher') {
            return t(begun ? 'slip.say.away' : 'slip.say.entered', { by: leave.decided_by, from: dayText(leave.starts_on), back });
        }
        return t(`slip.say.provisional${leave.escalated ? '.late' : ''}`, { who: yes(leave) ? t('slip.you') : leave.waits_for ? person(leave.waits_for) : '',
            time: leave.decide_by ? timeText(leave.decide_by) : '', by: leave.decided_by });
    case 'submitted':
        return t(`slip.say.${leave.state}${leave.escalated ? '.late' : ''}`, { who: yes(leave) ? t('slip.you') : leave.waits_for ? person(leave.waits_for) : '',
            time: leave.decide_by ? timeText(leave.decide_by) : '', by: leave.decided_by });
    case 'approved':
        return t(begun ? 'slip.say.away' : 'slip.say.approved', { from: dayText(leave.starts_on), back });
    case 'awaiting_paper':
    case 'no_paper':
    case 'returned':
        return t('slip.say.returned', { time: leave.returned_at ? timeText(leave.returned_at) : '' });
    default:
        return t(`slip.say.${leave.state}`, { back });
    }
}

const terms = new Map();                                              // class → its term, as long as the page lives

/** What else the child was away for since the term began. */
function useTerm(leave) {
    const [state, set] = useState({});

    useEffect(() => {
        let gone = false;

        // a moment later: who runs through the queue with the arrow keys does not ask for each
        const timer = setTimeout(async () => {
            try {
                if (!terms.has(leave.class_id)) {
                    terms.set(leave.class_id, (await get(`calendar?student_id=${leave.student_id}&from=${today()}&to=${today()}`)).term);
                }

                const { items } = await get(`leave-requests?student_id=${leave.student_id}&limit=100`);
                const from = terms.get(leave.class_id)?.starts_on || '';

                if (!gone) {
                    set({ of: leave.id, items: items.filter((one) => one.id !== leave.id && one.starts_on >= from && one.state !== 'draft') });
                }
            } catch {
                // the rest of the slip is there without it
            }
        }, 250);

        return () => { gone = true; clearTimeout(timer); };
    }, [leave.id]);
    return state.of === leave.id ? state.items : undefined;
}

const TAKEN = ['provisional', 'approved', 'away', 'overdue', 'awaiting_paper', 'no_paper', 'returned'];

function Term({ leave }) {
    const others = useTerm(leave);
    const taken = others?.filter((one) => TAKEN.includes(one.state)) || [];

    return others && html`<section class="v v2"><h2>${t('slip.term')}</h2>
        ${taken.length === 0 && others.length === 0 ? html`<p class="sm mut">${t('slip.term.first')}</p>` : html`<div class="c2 two">
            <p class="st"><span class="cap">${t('slip.term.times')}</span><b>${taken.length}<small>${t('slip.times')}</small></b></p>
            <p class="st"><span class="cap">${t('slip.term.days')}</span><b>${taken.reduce((n, one) => n + one.school_days, 0)}<small>${t('slip.days')}</small></b></p></div>
            <ul class="v v2">${others.slice(0, 5).map((one) => html`<li key=${one.id} class="h wrap"><a class="g n" href="#/leave/${one.id}">${spanText(one)} ${t(`code.leave_kind.${one.kind}`)}</a>
                <${LeaveBadge} state=${one.state}/></li>`)}</ul>`}</section>`;
}

function History({ leave }) {
    const history = useData(`leave-requests/${leave.id}/history`);
    const { version } = leave;

    useEffect(() => history.value && history.reload(), [version]);
    return html`<section class="v v2"><h2>${t('leave.history')}</h2>${history.value ? html`<${Timeline} items=${history.value.items.map((entry) =>
        historyItem(entry, entry.actor && entry.actor === session().account.name))}/>` : html`<${Waiting} data=${history}/>`}</section>`;
}

/** Buttons of a slip. comment() gives what is to be said with a yes. */
export function Actions({ leave, comment, ask, before, wide }) {
    const begun = leave.starts_at && leave.starts_at.slice(0, 16) <= now();
    const may = (action) => leave.actions.some((one) => one.action === action);
    const back = begun && may('return');

    function accept() {
        before?.();
        decide([leave], { comment: comment?.() });
    }

    return html`${yes(leave) && html`<button class="btn pri g" type="button" onClick=${accept}><${Icon} of="check"/>${yesLabel(leave)}</button>`}
        ${mayReject(leave) && html`<button class="btn del ${wide ? '' : 'keep'}" type="button" onClick=${() => ask('reject')}><${Icon} of="x"/>${t('leave-requests.action.reject')}</button>`}
        ${back && html`<button class="btn ${leave.state === 'overdue' || !yes(leave) ? 'pri' : 'soft'} g" type="button" onClick=${() => ask('return')}>
            <${Icon} of="back"/>${t('leave-requests.action.return')}</button>`}
        ${may('attach_paper') && html`<button class="btn ${leave.state === 'awaiting_paper' ? 'pri' : 'soft'} ${wide ? '' : 'g'}" type="button" onClick=${() => ask('attach_paper')}>
            <${Icon} of="cam"/>${t('leave-requests.action.attach_paper')}</button>`}
        ${may('accept') && html`<button class="btn pri g" type="button" onClick=${() => ask('accept')}><${Icon} of="check"/>${t('leave-requests.action.accept')}</button>`}`;
}

/** Has the slip a button of Actions()? */
export const hasActions = (leave) => Boolean(yes(leave)) || mayReject(leave) || leave.actions.some((one) => ['return', 'attach_paper', 'accept'].includes(one.action));

/** What is done seldom: entered by mistake. */
const Seldom = ({ leave, ask }) => leave.channel !== 'portal' && leave.actions.some((one) => one.action === 'cancel' && one.fields.length)
    && html`<button class="btn quiet xs" type="button" onClick=${() => ask('cancel')}><${Icon} of="again"/>${t('decide.cancel.label')}</button>`;

/** When the slip of a leave asked for by telephone must be there, and who asked in a guardian's place. */
function Paper({ leave }) {
    const awaited = paper(leave);

    return html`${awaited && html`<${Note} tone=${awaited.tone} icon="paper">${unbroken(awaited.text)}<//>`}
        ${leave.proxy_reason && html`<${Note} tone="wait" icon="phone">${t('slip.proxy', { who: leave.requested_by, why: leave.proxy_reason })}<//>`}`;
}

/** All of a slip but its buttons. */
export function Slip({ leave, children }) {
    const handed = leave.submitted_at && t(leave.channel === 'portal' ? 'slip.handed_in' : 'slip.entered', { who: leave.requested_by || '', time: timeText(leave.submitted_at),
        how: t(`code.leave_channel.${leave.channel}`) });

    return html`<div class="h wrap"><span class="g keep"><${Student} name=${leave.student_name} href=${can('student.read') ? `#/students/${leave.student_id}` : undefined}>
            ${leave.class_name}<//></span><${LeaveBadge} state=${leave.state}/></div>
        <p class="say2">${unbroken(sentence(leave))}</p>
        <${Span} of=${leave}/>
        ${leave.own_child && html`<${Note} tone="wait" icon="users">${t('slip.own_child')}<//>`}<${Paper} leave=${leave}/>
        ${leave.chain_days > leave.school_days && html`<p class="sm mut">${t('slip.chain', { days: days(leave.chain_days) })}</p>`}
        ${yes(leave) === 'consent' && leave.then && html`<${Note} icon="up">${t('slip.then', { who: t(`leave.route.${leave.then.role}`) })}<//>`}
        <div><p class="lab">${t('leave-requests.reason')} <small>${t(`code.leave_kind.${leave.kind}`)}</small></p><p class="quote">${leave.reason}</p>${handed && html`<p class="cap">${handed}</p>`}</div>
        ${leave.certificate.length > 0 && html`<${Files} files=${leave.certificate} label=${t('leave-requests.certificate')}/>`}
        ${leave.state !== 'draft' && html`<${Rules} key=${leave.id} path=${`leave-requests/${leave.id}/rules`}/>`}
        ${children}
        ${!['draft', 'submitted'].includes(leave.state) && html`<${Documents} key=${leave.id} record="leave-requests" id=${leave.id} version=${leave.version}/>`}
        ${leave.state !== 'draft' && html`<${Term} leave=${leave}/>`}
        <${History} leave=${leave}/>`;
}

/** What is to be said to the guardian with a yes. */
export function useComment(leave) {
    const [text, set] = useState({});
    const value = text.of === leave?.id ? text.value : '';
    const field = leave && yes(leave) && html`<div class="f"><label for="comment">${t('slip.comment')} <small>${t('slip.comment.hint')}</small></label>
        <textarea class="in" id="comment" maxlength="200" value=${value} onInput=${(e) => set({ of: leave.id, value: e.target.value })}></textarea></div>`;

    return [field, () => value?.trim() || undefined];
}

/** A slip on its own page. */
export default function SlipPage({ params }) {
    const data = useData(`leave-requests/${params.id}`);
    const { items } = useLeave();
    const [asked, ask] = useState('');
    const leave = data.value;
    const fresher = items?.find((one) => one.id === params.id);
    const [comment, said] = useComment(leave);
    const close = () => ask('');

    useEffect(() => { if (fresher && leave && fresher.version > leave.version) { data.reload(); } }, [fresher?.version]);
    if (!leave) {
        return html`<${Desk} title=${t('leave.detail')} crumb=${html`<a href="#/leave">${t('menu.leave')}</a>`} current="#/leave"><${Waiting} data=${data}/><//>`;
    }

    // The list first: what can be taken back is said there.
    const buttons = (wide) => html`<${Actions} leave=${leave} comment=${said} ask=${ask} wide=${wide} before=${() => go('leave')}/>`;
    const acts = hasActions(leave);

    return html`<${Desk} title=${t('slip.title', { name: leave.student_name, kind: t(`code.leave_kind.${leave.kind}`) })} current="#/leave"
        crumb=${html`<a href="#/leave">${t('menu.leave')}</a> / <span class="n">${dateText(leave.starts_on)}</span>`} dock=${acts && buttons()}>
        <${Stale} data=${data}/>
        <section class="card v sheet"><${Slip} leave=${leave}>${comment}
            ${acts && html`<div class="h wrap broad">${buttons(true)}</div>`}<div class="h wrap"><${Seldom} leave=${leave} ask=${ask}/></div><//></section>
        <${Asked} what=${asked} leave=${leave} close=${close} before=${() => go('leave')} done=${() => { data.reload(); reloadLeave(); }}/><//>`;
}
