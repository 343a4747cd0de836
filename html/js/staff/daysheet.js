// daysheet.js: 学额日报: a school's day, class by class, as the rolls come in: due, present, absent with reasons, classes that are
// missing, children who missed half a day. Prints on one A4 sheet.

import { go } from '../frame.js';
import { html, t, addDays, dots, longDate, now, today, useData, Empty, Icon, Note, Stale, Waiting } from '../ui.js';
import { Desk, useClasses } from './desk.js';
import { Select } from './list.js';

const sessionName = (one) => (one.startsWith('p') && one !== 'pm' ? t('roll.period', { n: one.slice(1) }) : t(`roll.session.${one}`));
const sum = (sessions, name) => sessions.reduce((n, one) => n + (one[name] || 0), 0);

/** 李浩（生病） */
const who = (one) => dots(one.name, one.kind === 'leave' ? one.leave_kind && t(`desk.kind.${one.leave_kind}`) : one.kind === 'absent' ? one.reason && t(`code.absence_reason.${one.reason}`)
    : dots(t(`code.attendance_kind.${one.kind}`), one.clock));

/** Names of a class; on a phone only where there are any. */
function Names({ list, kind, label }) {
    const some = list.filter((one) => kind.includes(one.kind));

    return html`<td class="all ${some.length ? '' : 'none'}" data-label=${label}><span>${some.length ? some.map((one, i) => html`${i > 0 && t('desk.comma')}<span class="n">${who(one)}</span>`) : '—'}</span></td>`;
}

function Row({ entry, session, first, n, date }) {
    const overdue = !session.taken && session.due_at && session.due_at.slice(0, 16) < now();

    return html`<tr>${first && html`<th scope="row" rowspan=${n}><a href="#/roll?class=${entry.class_id}&day=${date}">${entry.class_name}</a><br/><span class="cap">${entry.teacher || ''}</span></th>`}
        <td class=${session.taken ? 'all' : ''}>${sessionName(session.session)}</td>
        ${session.taken ? html`<td class="r" data-label=${t('daysheet.due')}>${session.due}</td><td class="r" data-label=${t('daysheet.present')}>${session.present}</td>
            <td class="r ${session.absent ? 't-red b' : ''}" data-label=${t('daysheet.absent')}>${session.absent}</td><td class="r" data-label=${t('daysheet.leave')}>${session.leave}</td>
            <${Names} list=${session.exceptions} kind=${['absent']} label=${t('daysheet.absent_names')}/><${Names} list=${session.exceptions} kind=${['leave', 'late', 'left_early', 'sent']} label=${t('daysheet.others')}/>
            <td class="n all" data-label=${t('daysheet.taken')}>${session.by} ${session.at.slice(11, 16)}${session.late_entry && html` <span class="t-amber">${t('roll.late_entry')}</span>`}</td>`
        : html`<td colspan="7" class=${overdue ? 't-red' : 'mut'}><${Icon} of=${overdue ? 'warn' : 'clock'}/> ${overdue ? t('daysheet.missing') : session.due_at ? t('roll.due', { time: session.due_at.slice(11, 16) }) : t('roll.not_taken')}</td>`}</tr>`;
}

const Table = ({ classes, date }) => html`<div class="tw" tabindex="0" role="region" aria-label=${t('daysheet.of', { date: longDate(date) })}><table class="tb tight cards pairs">
    <thead><tr><th scope="col">${t('leave-requests.class_id')}</th><th scope="col">${t('roll.session')}</th>${['due', 'present', 'absent', 'leave'].map((name) => html`<th key=${name} scope="col" class="r">${t(`daysheet.${name}`)}</th>`)}
        <th scope="col">${t('daysheet.absent_names')}</th><th scope="col">${t('daysheet.others')}</th><th scope="col">${t('daysheet.taken')}</th></tr></thead>
    <tbody>${classes.map((entry) => entry.sessions.map((session, i) => html`<${Row} key=${`${entry.class_id}.${session.session}`} entry=${entry} session=${session} first=${i === 0} n=${entry.sessions.length} date=${date}/>`))}</tbody></table></div>`;

/** The session that is going on, or the last one: what the figures at the top are about. */
function current(classes) {
    const names = [...new Set(classes.flatMap((one) => one.sessions.map((s) => s.session)))];
    const over = (s) => s.taken || (s.due_at && s.due_at.slice(0, 16) < now());
    const begun = names.filter((name) => classes.some((one) => one.sessions.some((s) => s.session === name && over(s))));

    return begun[begun.length - 1] || names[0];
}

export default function DaySheet({ query }) {
    const date = /^\d{4}-\d\d-\d\d$/.test(query.date || '') ? query.date : today();
    const data = useData(`roll-calls/day?day=${date}${query.school ? `&school_id=${query.school}` : ''}`);
    const units = useData(data.problem?.errors?.some((one) => one.field === 'school_id') ? 'org-units?level=school&limit=200' : '');
    const classes = useClasses(false);
    const day = data.value;
    const session = day && day.classes.some((one) => one.sessions.length) ? current(day.classes) : null;
    const now_ = session ? day.classes.flatMap((one) => one.sessions.filter((s) => s.session === session)) : [];
    const missing = session ? day.classes.filter((one) => one.sessions.some((s) => s.session === session && !s.taken)) : [];
    const to = (other) => go(`day?date=${other}${query.school ? `&school=${query.school}` : ''}`);
    const tools = html`<div class="tools"><button class="btn" type="button" aria-label=${t('day.before')} onClick=${() => to(addDays(date, -1))}><${Icon} of="l"/></button>
        <button class="btn" type="button" disabled=${date === today()} onClick=${() => to(today())}>${t('date.today')}</button>
        <button class="btn" type="button" aria-label=${t('day.after')} disabled=${date >= today()} onClick=${() => to(addDays(date, 1))}><${Icon} of="r"/></button>
        <a class="btn" href="#/figures"><${Icon} of="chart"/>${t('figures.title')}</a><a class="btn" href="#/absences"><${Icon} of="seat"/>${t('menu.absences')}</a>
        <button class="btn pri" type="button" disabled=${!session} onClick=${() => window.print()}><${Icon} of="print"/>${t('day.print')}</button></div>`;

    if (units.value || units.problem) {
        return html`<${Desk} title=${t('menu.day')} current="#/day">${units.value ? html`<p>${t('daysheet.choose')}</p><${Select} label=${t('daysheet.school')} all=${t('daysheet.school')} value="" onChange=${(id) => go(`day?school=${id}&date=${date}`)}
            options=${units.value.items.map((one) => ({ value: one.id, label: one.name }))}/>` : html`<${Waiting} data=${units}/>`}<//>`;
    }
    return html`<${Desk} title=${t('daysheet.of', { date: longDate(date) })} current="#/day" crumb=${day?.school_name || classes.value?.school_name || ''} tools=${tools}>
        <${Stale} data=${data}/>
        ${!day ? html`<${Waiting} data=${data}/>` : !session ? html`<div class="card"><${Empty} title=${t('daysheet.none')} text=${t('daysheet.none.text')}/></div>` : html`
            <p class="tally"><span class="mut">${sessionName(session)}</span><span><b>${sum(now_, 'due')}</b>${t('daysheet.due')}</span><span class="t-pine"><b>${sum(now_, 'present')}</b>${t('daysheet.present')}</span>
                <span class="t-red"><b>${sum(now_, 'absent')}</b>${t('daysheet.absent')}</span><span class="t-blue"><b>${sum(now_, 'leave')}</b>${t('daysheet.leave')}</span></p>
            ${missing.length > 0 && html`<${Note} tone="wait" icon="clock">${t('daysheet.waiting', { n: missing.length, names: missing.slice(0, 12).map((one) => one.class_name).join(t('desk.comma')) })}<//>`}
            ${day.half_days.length > 0 && html`<${Note} tone="no">${t('daysheet.half', { names: day.half_days.map((one) => dots(one.name, one.class_name)).join(t('desk.comma')) })}<//>`}
            <section class="paper daylist"><div class="onpaper"><h2>${day.school_name} ${t('daysheet.of', { date: longDate(date) })}</h2><p>${t('day.printed', { time: now().replace('T', ' ') })}</p></div>
                <${Table} classes=${day.classes.filter((one) => one.sessions.length)} date=${date}/></section>`}<//>`;
}
