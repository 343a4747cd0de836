// decide.js: decisions on slips. One tap decides; for eight seconds it can be taken back, then it goes out. It is on the
// phone from the tap on, under one key: it is never lost and never sent as two.

import { get, post } from '../api.js';
import { Photos } from '../family/photos.js';
import { hush, toast } from '../frame.js';
import { drop, hold, release, submit as deliver } from '../outbox.js';
import { Dialog, Field, FieldError, focusFirstError, Submit } from '../parts.js';
import { html, t, addDays, dateWeekday, dayText, now, problemText, today, useEffect, useRef, useState, Icon, Note, Skeleton } from '../ui.js';
import { followOutbox, reloadLeave, setDecided } from './desk.js';

let holding = false;

async function sendAll(items) {
    holding = false;
    for (const item of items) {
        try {
            await release(item);
        } catch {
            // it stays in the outbox as refused, and the desk says so over every page
        }
    }
    reloadLeave();
}

/** What a slip's main button does: approve, or consent where somebody else decides after that; undefined when nothing waits. */
export const yes = (leave) => leave.actions.find((one) => one.decides && ['approve', 'consent'].includes(one.action))?.action;
export const mayReject = (leave) => leave.actions.some((one) => one.action === 'reject');

/** 同意, 同意并转教导处. */
export const yesLabel = (leave) => (yes(leave) === 'consent' && leave.then ? t('decide.consent', { who: t(`leave.route.${leave.then.role}`) })
    : t('leave-requests.action.approve'));

/* What the outbox remembers of a decision. */
const about = ({ id, version, student_name, kind, starts_on, starts_half, ends_on, ends_half }, action) =>
    ({ action, label: t(`leave-requests.action.${action}`), id, version, student_name, kind, starts_on, starts_half, ends_on, ends_half });

const MANY = 100;                                                     // what one request may decide

/** Those of one action go out together. */
function bundles(all) {
    const out = [];

    for (const one of all) {
        const open = out.find((bundle) => bundle[0].action === one.action && bundle.length < MANY);

        if (open) {
            open.push(one);
        } else {
            out.push([one]);
        }
    }
    return out;
}

function holdOne([first, ...rest], body) {
    const { action, label } = first;
    const many = [first, ...rest];

    return rest.length === 0 ? hold(`leave-requests/${first.id}/${action}`, body, { match: first.version, about: first })
        : hold('leave-requests/bulk', { action, items: many.map(({ id, version }) => ({ id, version })), ...body },
            { about: { action, label, many, student_name: t('desk.and_more', { n: many.length }) } });
}

/** slips: leave requests; action: "reject", or nothing for what yes() says. */
export function decide(slips, { action, comment } = {}) {
    const items = bundles(slips.map((leave) => about(leave, action || yes(leave)))).map((bundle) => holdOne(bundle, comment ? { comment } : {}));
    const key = slips.length > 1 ? 'decide.done.many' : `decide.done.${items[0].about.action}`;

    slips.forEach((leave) => setDecided(leave, true));

    followOutbox();
    toast(t(key, { n: slips.length, name: slips[0].student_name, who: slips[0].then ? t(`leave.route.${slips[0].then.role}`) : '' }), {
        label: t('decide.undo'),
        run: () => {
            holding = false;
            items.forEach(drop);
            slips.forEach((leave) => setDecided(leave, false));
        },
        end: () => sendAll(items),
    });
    holding = true;
}

// A page that is left, closed or put aside sends at once.
const leaving = () => holding && hush();

window.addEventListener('pagehide', leaving);
document.addEventListener('visibilitychange', () => document.visibilityState === 'hidden' && leaving());

/** Asks for a reason, which goes into the history, and sends it at once. action: accept (a slip after the grace) or cancel
 *  (entered by mistake). */
export function ReasonDialog({ leave, action, close, done }) {
    const form = useRef(null);
    const [wrong, setWrong] = useState('');
    const [text, set] = useState('');
    const [busy, setBusy] = useState(false);

    async function send(event) {
        event.preventDefault();
        if ([...text.trim()].length < 2) {
            setWrong(t(`decide.${action}.no_reason`));
            focusFirstError(form.current);
            return;
        }
        setBusy(true);
        try {
            await post(`leave-requests/${leave.id}/${action}`, { comment: text.trim() }, { match: leave.version });
            close();
            toast(t(`decide.done.${action}`, { name: leave.student_name }));
        } catch (refusal) {
            setWrong([409, 412].includes(refusal.status) ? t('desk.changed') : refusal.field?.('comment') || problemText(refusal));
            setBusy(false);
            focusFirstError(form.current);
            return;
        }
        reloadLeave();
        done?.();
    }

    return html`<${Dialog} title=${t(`decide.${action}.title`, { name: leave.student_name })} close=${close}><form class="v" novalidate ref=${form} onSubmit=${send}>
        <p class="mut">${t(`decide.${action}.text`)}</p>
        <${Field} id="why" as="textarea" label=${t('decide.why')} error=${wrong} maxlength="200" autofocus value=${text} onInput=${(e) => set(e.target.value)}/>
        <div class="h wrap end"><button class="btn" type="button" onClick=${close}>${t('decide.cancel')}</button>
            <${Submit} busy=${busy} class=${action === 'cancel' ? 'danger' : ''}>${t(`decide.${action}.yes`)}<//></div></form><//>`;
}

/** The photo of a slip that has come. */
export function PaperDialog({ leave, close, done }) {
    const [photos, setPhotos] = useState([]);
    const [problem, setProblem] = useState(null);
    const [busy, setBusy] = useState(false);

    async function send(event) {
        event.preventDefault();
        if (!photos.length) {
            setProblem({ message: t('error.leave.paper_photo') });
            return;
        }
        setBusy(true);
        setProblem(null);
        await Promise.all(photos.map((photo) => photo.sending));
        try {
            const files = photos.map(({ key, blob, thumb, id }) => ({ key, blob, thumb, id }));
            const answer = await deliver(`leave-requests/${leave.id}/attach_paper`, {}, { match: leave.version, files, about: about(leave, 'attach_paper') });

            close();
            toast(t(answer ? 'decide.done.attach_paper' : 'offline.saved', { name: leave.student_name }));
        } catch (refusal) {
            setProblem(refusal);
            setBusy(false);
            return;
        }
        reloadLeave();
        done?.();
    }

    return html`<${Dialog} title=${t('decide.attach_paper', { name: leave.student_name })} close=${close}><form class="v" novalidate onSubmit=${send}>
        <${Photos} photos=${photos} change=${(update) => { setPhotos(update); setProblem(null); }} label=${t('entry.photo')} hint=""
            error=${problem && ([409, 412].includes(problem.status) ? t('desk.changed') : problem.field?.('certificate') || problemText(problem))}/>
        <div class="h wrap end"><button class="btn" type="button" autofocus onClick=${close}>${t('decide.cancel')}</button>
            <${Submit} busy=${busy}><${Icon} of="paper"/>${t('leave-requests.action.attach_paper')}<//></div></form><//>`;
}

/** The dialog that was asked for: { what, leave }. */
export function Asked({ what, leave, close, before, done }) {
    switch (what) {
    case 'reject':
        return html`<${RejectDialog} slips=${[leave]} close=${close} before=${before}/>`;
    case 'return':
        return html`<${ReturnDialog} leave=${leave} close=${close} done=${done}/>`;
    case 'attach_paper':
        return html`<${PaperDialog} leave=${leave} close=${close} done=${done}/>`;
    case 'accept':
    case 'cancel':
        return html`<${ReasonDialog} leave=${leave} action=${what} close=${close} done=${done}/>`;
    default:
        return null;
    }
}

/** Why not: a reason is required, and the guardian reads it. */
export function RejectDialog({ slips, close, before, done }) {
    const form = useRef(null);
    const [wrong, setWrong] = useState('');
    const [text, set] = useState('');

    function submit(event) {
        event.preventDefault();
        if ([...text.trim()].length < 2) {
            setWrong(t('decide.no_reason'));
            focusFirstError(form.current);
            return;
        }
        close();
        before?.();
        decide(slips, { action: 'reject', comment: text.trim() });
        done?.();
    }

    return html`<${Dialog} title=${t('decide.reject', { name: slips[0].student_name })} close=${close}><form class="v" novalidate ref=${form} onSubmit=${submit}>
        <${Field} id="why" as="textarea" label=${t('decide.reason')} hint=${t('decide.reason.hint')} error=${wrong} maxlength="200" autofocus
            value=${text} onInput=${(e) => set(e.target.value)}/>
        <div class="h wrap end"><button class="btn" type="button" onClick=${close}>${t('decide.cancel')}</button>
            <button class="btn del" type="submit"><${Icon} of="x"/>${t('leave-requests.action.reject')}</button></div></form><//>`;
}

/** School days on which the child may have come back, newest first, each with the periods that have begun. */
async function comebacks(leave) {
    const from = leave.starts_on < addDays(today(), -30) ? addDays(today(), -30) : leave.starts_on;
    const { days } = await get(`calendar?student_id=${leave.student_id}&from=${from}&to=${today()}`);

    return days.filter((day) => day.am + day.pm > 0).map((day) => ({ date: day.date, periods: day.periods
        .map(([begins], i) => ({ n: i + 1, begins })).filter(({ n, begins }) => `${day.date}T${begins}` <= now()
            && (day.date > leave.starts_on || n > leave.starts_period)) })).filter((day) => day.periods.length).reverse();
}

/** The child is back: since which period of which day. */
export function ReturnDialog({ leave, close, done }) {
    const [days, setDays] = useState(null);
    const [at, setAt] = useState({ date: '', period: 0 });
    const [busy, setBusy] = useState(false);
    const [problem, setProblem] = useState(null);
    const day = days?.find((one) => one.date === at.date);

    useEffect(() => {
        comebacks(leave).then((list) => {
            setDays(list);
            if (list.length) {
                setAt({ date: list[0].date, period: list[0].periods[list[0].periods.length - 1].n });
            }
        }, setProblem);
    }, []);

    async function submit(event) {
        event.preventDefault();
        setBusy(true);
        setProblem(null);
        try {
            const answer = await post(`leave-requests/${leave.id}/return`, at.date ? { back_on: at.date, back_period: at.period } : {}, { match: leave.version });

            close();
            toast(t('decide.done.return', { name: leave.student_name }));
            reloadLeave();
            done?.(answer);
        } catch (refusal) {
            setProblem(refusal);
            setBusy(false);
            if ([409, 412].includes(refusal.status)) {
                reloadLeave();
                done?.();
            }
        }
    }

    return html`<${Dialog} title=${t('decide.return', { name: leave.student_name })} close=${close}><form class="v" onSubmit=${submit}>
        ${!days && !problem && html`<${Skeleton} lines=${2}/>`}
        ${days?.length > 0 && html`<div class="h wrap"><div class="f g"><label for="back-day">${t('decide.return.day')}</label><select id="back-day" class="in" autofocus
                onChange=${(e) => { const to = days.find((one) => one.date === e.target.value); setAt({ date: to.date, period: to.periods[0].n }); }}>
                ${days.map((one) => html`<option key=${one.date} value=${one.date} selected=${one.date === at.date}>${dayText(one.date) === dateWeekday(one.date) ? dayText(one.date)
                    : `${dayText(one.date)} ${dateWeekday(one.date)}`}</option>`)}</select></div>
            <div class="f g"><label for="back-period">${t('decide.return.period')}</label><select id="back-period" class="in" onChange=${(e) => setAt({ ...at, period: Number(e.target.value) })}>
                ${day?.periods.map(({ n, begins }) => html`<option key=${n} value=${n} selected=${n === at.period}>${t('decide.period', { n, time: begins })}</option>`)}</select></div></div>`}
        <${FieldError} id="back-day">${problem?.field?.('back_on') || problem?.field?.('back_period')}<//>
        ${problem && !problem.errors?.length && html`<div role="alert"><${Note} tone="no">${[409, 412].includes(problem.status) ? t('desk.changed') : problemText(problem)}<//></div>`}
        <p class="mut">${t('decide.return.text')}</p>
        <div class="h wrap end"><button class="btn" type="button" onClick=${close}>${t('decide.return.no')}</button>
            <${Submit} busy=${busy} disabled=${busy || (!days && !problem)}><${Icon} of="back"/>${t('decide.return.yes')}<//></div></form><//>`;
}
