// decide.js: decisions on slips. One tap decides; for eight seconds it can be taken back, then it goes out. It is on the
// phone from the tap on, under one key: it is never lost and never sent as two.

import { get, post } from '../api.js';
import { hush, toast } from '../frame.js';
import { drop, hold, release } from '../outbox.js';
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

/** slips: leave requests; action: "reject", or nothing for what yes() says. */
export function decide(slips, { action, comment } = {}) {
    const items = slips.map((leave) => {
        const what = action || yes(leave);
        const { id, version, student_name: name, kind, starts_on, starts_half, ends_on, ends_half } = leave;

        setDecided(leave, true);
        return hold(`leave-requests/${id}/${what}`, comment ? { comment } : {}, { match: version,
            about: { action: what, label: t(`leave-requests.action.${what}`), id, version, student_name: name, kind, starts_on, starts_half, ends_on, ends_half } });
    });
    const key = slips.length > 1 ? 'decide.done.many' : `decide.done.${items[0].about.action}`;

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
