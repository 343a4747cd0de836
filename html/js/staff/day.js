// day.js: one day of the school, class by class: who is on leave, who has not come back, who came back, whose slip waits. For the
// academic office; prints on A4.

import { paper } from '../family/words.js';
import { post } from '../api.js';
import { go, session, toast } from '../frame.js';
import { Choice } from '../parts.js';
import { html, t, addDays, dots, longDate, now, problemText, spanText, timeText, today, useEffect, useState, Empty, Icon, LeaveBadge, Stale, Waiting } from '../ui.js';
import { backText, Desk, useClasses, useLeave } from './desk.js';
import { More, Search, Select, usePages } from './list.js';

const GROUPS = ['away', 'overdue', 'back', 'waiting'];
const TONES = { away: 't-blue', overdue: 't-red', back: 't-pine', waiting: 't-amber' };

/** What a slip means for the day: away, overdue, back, waiting (nobody has agreed yet), none (refused). */
function groupOf({ state, route }) {
    if (['returned', 'awaiting_paper', 'no_paper'].includes(state)) {
        return 'back';
    }
    if (state === 'overdue') {
        return 'overdue';
    }
    return state === 'submitted' || (state === 'provisional' && route !== 'teacher') ? 'waiting' : state === 'rejected' ? 'none' : 'away';
}

/** What there is to know beside the state. */
const remark = (leave) => dots(leave.returned_at ? t('day.back_at', { time: timeText(leave.returned_at) }) : leave.back_on && leave.state !== 'rejected' && (leave.state === 'overdue' ? t('day.due', { back: backText(leave) }) : backText(leave)),
    leave.channel !== 'portal' && t(`code.leave_channel.${leave.channel}`), paper(leave)?.tone && paper(leave).text);

const Row = ({ leave }) => html`<tr><td class="n" data-label=${t('leave-requests.student_name')}><a href="#/leave/${leave.id}">${leave.student_name}</a></td><td class="n" data-label=${t('leave-requests.kind')}>${t(`code.leave_kind.${leave.kind}`)}</td>
    <td class="n" data-label=${t('slips.span')}>${spanText(leave)}</td><td class="r" data-label=${t('leave-requests.school_days')}>${leave.school_days}</td>
    <td data-label=${t('leave-requests.state')}><${LeaveBadge} state=${leave.state}/></td><td class="n" data-label=${t('leave-requests.decided_by')}>${leave.decided_by || '—'}</td><td data-label=${t('day.remark')}>${remark(leave) || '—'}</td></tr>`;

/** One table, a heading row for each class. */
const Table = ({ groups, date }) => html`<div class="tw" tabindex="0" role="region" aria-label=${t('day.of', { date: longDate(date) })}><table class="tb tight cards">
    <thead><tr>${['student_name', 'kind'].map((name) => html`<th key=${name} scope="col">${t(`leave-requests.${name}`)}</th>`)}<th scope="col">${t('slips.span')}</th>
        <th scope="col" class="r">${t('leave-requests.school_days')}</th>${['state', 'decided_by'].map((name) => html`<th key=${name} scope="col">${t(`leave-requests.${name}`)}</th>`)}<th scope="col">${t('day.remark')}</th></tr></thead>
    ${groups.map(({ id, name, items }) => html`<tbody key=${id}><tr class="of"><th scope="rowgroup" colspan="7">${name} <span class="mut n">${t('desk.n_children', { n: new Set(items.map((leave) => leave.student_id)).size })}</span></th></tr>
        ${items.map((leave) => html`<${Row} key=${leave.id} leave=${leave}/>`)}</tbody>`)}</table></div>`;

/* The states in which a slip may be printed, and how many are printed at once. */
const PRINTED = ['provisional', 'approved', 'away', 'overdue', 'awaiting_paper', 'no_paper', 'returned'];
const AT_ONCE = 40;

/** Gives out the slips of a list and opens them, two on a sheet. */
function PrintSlips({ items }) {
    const [n, setN] = useState(null);
    const ready = items.filter((leave) => PRINTED.includes(leave.state)).slice(0, AT_ONCE);

    async function print() {
        const ids = [];

        try {
            for (const leave of ready) {
                setN(ids.length);
                ids.push((await post('documents', { kind: 'leave.slip', record_id: leave.id })).id);
            }
            go(`print/${ids.join()}`);
        } catch (refusal) {
            toast(problemText(refusal));
            setN(null);
        }
    }

    return ready.length > 0 && html`<button class="btn" type="button" disabled=${n !== null} onClick=${print}><${Icon} of="stamp"/>${n === null ? t('day.print_slips', { n: ready.length }) : t('day.printing', { n: n + 1, of: ready.length })}</button>`;
}

/** Slips by class, classes in the school's order. */
function byClass(items, classes, above) {
    const order = new Map((classes || []).map((one, i) => [one.id, i]));
    const groups = new Map();

    for (const leave of items) {
        const group = groups.get(leave.class_id) || { id: leave.class_id, name: above ? `${leave.school_name} ${leave.class_name}` : leave.class_name, items: [] };

        group.items.push(leave);
        groups.set(leave.class_id, group);
    }
    return [...groups.values()].sort((a, b) => (order.get(a.id) ?? 999) - (order.get(b.id) ?? 999) || a.name.localeCompare(b.name));
}

/** The slips of a day; all of them, page after page. */
function useDay(date) {
    const list = usePages(`leave-requests?view=day&date=${date}&limit=200`);
    const open = useLeave();
    const items = list.items && [...list.items, ...(date === today() ? open.items || [] : []).filter((leave) => leave.state === 'overdue' && !list.items.some((one) => one.id === leave.id))];

    useEffect(() => { if (list.next && !list.busy && !list.refused && list.items.length < 2000) { list.loadMore(); } }, [list.next]);
    return { list, items };
}

const Tally = ({ items }) => html`<p class="tally"><span><b>${items.length}</b> ${t('day.slips', { n: items.length })}</span>${GROUPS.map((group) => [group, items.filter((leave) => groupOf(leave) === group).length])
    .filter(([, n]) => n > 0).map(([group, n]) => html`<span key=${group} class=${TONES[group]}><b>${n}</b> ${t(`day.${group}`)}</span>`)}</p>`;

export default function Day({ query }) {
    const date = /^\d{4}-\d\d-\d\d$/.test(query.date || '') ? query.date : today();
    const [group, setGroup] = useState('');
    const [unit, setUnit] = useState('');
    const [q, setQ] = useState('');
    const { list, items } = useDay(date);
    const classes = useClasses();
    const above = !session().positions.some((one) => one.school_id);
    const shown = items?.filter((leave) => (!group || groupOf(leave) === group) && (!unit || leave.class_id === unit) && leave.student_name.includes(q));
    const groups = shown && byClass(shown, classes.value?.items, above);
    const units = items && byClass(items, classes.value?.items, above);
    const to = (day) => go(day === today() ? 'leave/day' : `leave/day?date=${day}`);
    const here = session().positions[0];

    return html`<${Desk} title=${t('day.of', { date: longDate(date) })} current="#/leave" crumb=${html`${here?.school_name || here?.unit_name || ''} / <a href="#/leave">${t('menu.leave')}</a>`}
        tools=${html`<div class="tools"><button class="btn" type="button" aria-label=${t('day.before')} onClick=${() => to(addDays(date, -1))}><${Icon} of="l"/></button>
            <button class="btn" type="button" disabled=${date === today()} onClick=${() => to(today())}>${t('date.today')}</button>
            <button class="btn" type="button" aria-label=${t('day.after')} onClick=${() => to(addDays(date, 1))}><${Icon} of="r"/></button>
            ${shown && html`<${PrintSlips} items=${shown}/>`}
            <button class="btn pri" type="button" disabled=${!shown?.length} onClick=${() => window.print()}><${Icon} of="print"/>${t('day.print')}</button></div>`}>
        ${items && html`<${Tally} items=${items}/>`}
        <div class="tools"><${Choice} name="group" label=${t('slips.show')} quiet tight value=${group} onChange=${setGroup}
                choices=${[{ value: '', label: t('slips.show.all') }, ...GROUPS.map((value) => ({ value, label: t(`day.${value}`) }))]}/><span class="g"></span>
            <${Search} label=${t('slips.search')} onSearch=${setQ}/>
            ${units?.length > 1 && html`<${Select} label=${t('leave-requests.class_id')} all=${t('slips.all_classes')} value=${unit} onChange=${setUnit} options=${units.map(({ id, name }) => ({ value: id, label: name }))}/>`}</div>
        <${Stale} data=${list}/>
        ${!items ? html`<${Waiting} data=${list}/>` : !shown.length ? html`<div class="card"><${Empty} title=${t(items.length ? 'list.nothing' : 'day.nobody')} text=${t(items.length ? 'list.nothing.text' : 'day.nobody.text')}/></div>`
            : html`<section class="paper daylist"><div class="onpaper"><h2>${t('day.of', { date: longDate(date) })}</h2><p>${dots(here?.school_name || here?.unit_name, t('day.printed', { time: now().replace('T', ' ') }))}</p><${Tally} items=${shown}/></div>
                <${Table} groups=${groups} date=${date}/></section>`}
        <${More} of=${list}/><//>`;
}
