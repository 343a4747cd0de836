// roll.js: the roll of a class on a phone: all are there, tap who is not. What was tapped is kept on this device from the first tap,
// goes out once through the outbox, and is shown again until the server has it.

import { go, toast } from '../frame.js';
import { dropDraft, keepDraft, readDraft, submit } from '../outbox.js';
import { Choice, Submit } from '../parts.js';
import { html, t, dayText, dots, now, timeText, today, useData, useEffect, useLayoutEffect, useState, Empty, Icon, Note, ProblemNote, Stale, Waiting } from '../ui.js';
import { Desk } from './desk.js';

const LOOK = { absent: ['no', 'x'], late: ['wait', 'clock'], left_early: ['wait', 'out'], leave: ['info', 'leave'], sent: ['info', 'flag'], present: ['', 'check'] };
const KINDS = ['absent', 'late', 'left_early', 'leave', 'sent'];
const REASONS = ['sick', 'family', 'overslept', 'road', 'weather', 'unwilling', 'unreachable', 'other'];

const sessionName = (one) => (one.startsWith('p') && one !== 'pm' ? t('roll.period', { n: one.slice(1) }) : t(`roll.session.${one}`));
const formOf = (sheet) => `roll.${sheet.class_id}.${sheet.day}.${sheet.session}`;

/** What the sheet says of each child that is not simply there: { id: { kind, reason, clock, note } }. */
function fromSheet(sheet) {
    return Object.fromEntries(sheet.students.map((one) => [one.id, one.mark
        ? { kind: one.mark.kind, reason: one.mark.reason, clock: one.mark.clock, note: one.mark.note } : one.leave?.excuses && !sheet.taken ? { kind: 'leave' } : one.no_show && !sheet.taken ? { kind: 'absent' } : null]).filter(([, mark]) => mark));
}

const shownKind = (child, mark) => (mark && mark.kind !== 'present' ? mark.kind : child.leave?.excuses ? 'present' : '');

function Child({ child, mark, chosen, tap }) {
    const kind = shownKind(child, mark);
    const [tone, icon] = LOOK[kind] || [''];
    const word = kind === 'present' ? t('roll.on_leave_here')
        : kind === 'leave' && child.leave ? t(`desk.kind.${child.leave.kind}`) : kind && t(`code.attendance_kind.${kind}`);

    return html`<button type="button" class="${tone} ${chosen ? 'on' : ''}" aria-pressed=${kind && kind !== 'present' ? 'true' : 'false'}
        aria-label=${dots(child.name, word || t('code.attendance_kind.present'), child.run && t('roll.run', { n: child.run.days }))} onClick=${() => tap(child)}>${child.name}
        ${word ? html`<small><${Icon} of=${icon}/>${word}</small>` : child.run ? html`<small class="t-red">${t('roll.run.short', { n: child.run.days })}</small>` : null}</button>`;
}

function Tally({ sheet, marks }) {
    const of = (kind) => Object.values(marks).filter((mark) => mark.kind === kind).length;
    const away = of('absent') + of('leave') + of('sent');

    return html`<p class="g tally keep"><span><b>${sheet.students.length - away}</b>${t('roll.here')}</span>
        ${[['absent', 't-red'], ['leave', 't-blue'], ['late', 't-amber'], ['left_early', 't-amber'], ['sent', 't-blue']].filter(([kind]) => kind === 'absent' || of(kind) > 0)
        .map(([kind, tone]) => html`<span key=${kind} class=${tone}><b>${of(kind)}</b>${t(`roll.short.${kind}`)}</span>`)}</p>`;
}

/** What is known of the child that was tapped last: one more tap says more. */
function Chosen({ child, mark, set, at }) {
    return html`<div class="v v2" role="region" aria-label=${t('roll.how', { name: child.name })}><div class="h"><b class="g ${mark ? 't-red' : ''}">${child.name}</b>
            ${mark && mark.kind !== 'present' && html`<button class="btn xs" type="button" onClick=${() => set(null)}><${Icon} of="check"/>${t('roll.is_here')}</button>`}</div>
        <${Choice} name="kind${at}" label=${t('roll.how', { name: child.name })} quiet tight value=${mark?.kind || ''} onChange=${(kind) => set({ ...mark, kind, clock: kind === 'late' || kind === 'left_early' ? now().slice(11, 16) : null })}
            choices=${KINDS.map((value) => ({ value, label: t(`code.attendance_kind.${value}`) }))}/>
        ${mark && ['absent', 'late', 'left_early'].includes(mark.kind) && html`<div class="h wrap"><label class="sr" for="reason${at}">${t('roll.reason')}</label>
            <select id="reason${at}" class="in g" onChange=${(e) => set({ ...mark, reason: e.target.value || null })}><option value="" selected=${!mark.reason}>${t('roll.reason')}</option>
                ${REASONS.map((one) => html`<option key=${one} value=${one} selected=${mark.reason === one}>${t(`code.absence_reason.${one}`)}</option>`)}</select>
            ${mark.kind !== 'absent' && html`<label class="sr" for="clock${at}">${t('roll.clock')}</label><input id="clock${at}" class="in" type="time" value=${mark.clock} onInput=${(e) => set({ ...mark, clock: e.target.value })}/>`}
            ${mark.kind === 'absent' && html`<a class="btn xs" href="#/leave/new">${t('roll.phoned')}</a>`}</div>`}</div>`;
}

function Sheet({ sheet, data, kept }) {
    const [marks, setMarks] = useState(kept?.marks || fromSheet(sheet));
    const [chosen, choose] = useState(null);
    const [busy, setBusy] = useState(false);
    const [problem, setProblem] = useState(null);
    const [waits, setWaits] = useState(false);
    const [opened] = useState(() => Date.now());
    const changed = JSON.stringify(marks) !== JSON.stringify(fromSheet(sheet));
    const absent = Object.values(marks).filter((mark) => mark.kind === 'absent').length;
    const form = formOf(sheet);
    const child = sheet.students.find((one) => one.id === chosen);

    useLayoutEffect(() => {                                           // before the page can be left
        if (changed) {
            keepDraft({ marks }, form).catch(() => {});
        }
    }, [marks]);

    const set = (id, mark) => setMarks((all) => {
        const next = { ...all, [id]: mark || { kind: 'present' } };

        const of = sheet.students.find((one) => one.id === id);

        if (!mark && !of.leave?.excuses && !of.no_show && !sheet.taken) {
            delete next[id];
        }
        return next;
    });

    function tap({ id, leave }) {
        const mark = marks[id];

        if (!mark || mark.kind === 'present') {
            set(id, { kind: leave?.excuses && !mark ? 'leave' : 'absent' });
        } else if (chosen === id) {
            set(id, null);
        }
        choose(id);
    }

    async function send() {
        const body = { class_id: sheet.class_id, day: sheet.day, session: sheet.session, taken_at: `${now()}:00`, seconds: Math.min(3600, Math.round((Date.now() - opened) / 1000)),
            marks: Object.entries(marks).map(([student_id, mark]) => ({ student_id, kind: mark.kind, ...(mark.reason && { reason: mark.reason }),
                ...(mark.note && { note: mark.note }), ...(['late', 'left_early'].includes(mark.kind) && mark.clock && { clock: mark.clock }) })) };

        setBusy(true);
        setProblem(null);
        try {
            const answer = await submit('roll-calls', body, { match: sheet.taken?.version,
                about: { action: 'roll', student_name: sheet.class_name, label: t('roll.hand_in_of', { session: sessionName(sheet.session) }) } });

            await dropDraft(form);
            if (!answer) {
                setWaits(true);
                toast(t('offline.saved'));
            } else {
                toast(absent ? t('roll.done_n', { n: absent }) : t('roll.done'));
                data.reload();
            }
        } catch (refusal) {
            setProblem(refusal);
            if ([409, 412].includes(refusal.status)) {
                data.reload();
            }
        }
        setBusy(false);
    }

    const label = absent ? t(sheet.taken ? 'roll.change_n' : 'roll.hand_in_n', { n: absent }) : t(sheet.taken ? 'roll.change' : 'roll.hand_in');
    const needed = sheet.may_save && (child || !sheet.taken || changed);
    // on a phone at the thumb, on a desk beside the seats
    const panel = (at) => needed && html`<div class="v v2 g">${child && html`<${Chosen} child=${child} mark=${marks[child.id]} at=${at} set=${(mark) => set(child.id, mark)}/>`}
        ${(!sheet.taken || changed) && html`<${Submit} type="button" class="wide" busy=${busy} onClick=${send}>${label}<//>`}</div>`;

    return html`<${Frame} sheet=${sheet} dock=${panel('')}>
        <${Stale} data=${data}/><${ProblemNote} of=${problem}/>
        ${waits && html`<${Note} tone="wait" icon="off">${t('offline.saved')}<//>`}
        ${!sheet.may_save && html`<${Note}>${t(sheet.taken ? 'roll.office' : 'roll.look')}<//>`}
        <div class="h wrap"><${Tally} sheet=${sheet} marks=${marks}/>${sheet.taken ? html`<span class="cap h"><${Icon} of="check"/><span>${t('roll.taken', { name: sheet.taken.by, time: timeText(sheet.taken.at) })}${sheet.taken.late_entry && ` ${t('roll.late_entry')}`}</span></span>`
            : html`<span class=${sheet.due_at.slice(0, 16) < now() ? 'sm t-red' : 'cap'}>${t(sheet.due_at.slice(0, 16) < now() ? 'roll.overdue' : 'roll.due', { time: sheet.due_at.slice(11, 16) })}</span>`}</div>
        <div class="roll" role="group" aria-label=${t('roll.group', { n: sheet.students.length })}>${sheet.students.map((one) => html`<${Child} key=${one.id} child=${one} mark=${marks[one.id]} chosen=${chosen === one.id}
            tap=${sheet.may_save ? tap : () => choose(one.id)}/>`)}</div>
        ${child && html`<div class="underdock" aria-hidden="true"></div>`}${needed && html`<div class="card broad sheet">${panel('.desk')}</div>`}
        ${child && (!sheet.may_save || sheet.taken) && html`<p class="cap">${child.was && child.mark && t('roll.was', { name: child.name, was: t(`code.attendance_kind.${child.was.kind}`), now: t(`code.attendance_kind.${child.mark.kind}`), by: child.mark.by })}
            <a href="#/students/${child.id}">${t('roll.see', { name: child.name })}</a></p>`}<//>`;
}

function Frame({ sheet, dock, children }) {
    const to = (session) => go(`roll?class=${sheet.class_id}&day=${sheet.day}&session=${session}`);

    return html`<${Desk} title=${sheet.class_name} current="#/roll" dock=${dock} crumb=${dots(dayText(sheet.day), sheet.session && sessionName(sheet.session), sheet.begins)}
        tools=${sheet.sessions.length > 1 && sheet.sessions.length < 4 && html`<${Choice} name="session" label=${t('roll.session')} quiet tight value=${sheet.session} onChange=${to}
            choices=${sheet.sessions.map((one) => ({ value: one.session, label: sessionName(one.session) }))}/>`}>
        ${sheet.sessions.length >= 4 && html`<div class="f"><label for="session">${t('roll.session')}</label><select id="session" class="in" onChange=${(e) => to(e.target.value)}>
            ${sheet.sessions.map((one) => html`<option key=${one.session} value=${one.session} selected=${one.session === sheet.session}>${dots(sessionName(one.session), one.begins)}</option>`)}</select></div>`}
        ${children}<//>`;
}

/** Whoever has several classes chooses one. */
function Classes({ problem }) {
    const day = useData('roll-calls/day');

    return html`<${Desk} title=${t('menu.roll')} current="#/roll">${day.value ? html`<div class="classgrid">${day.value.classes.map((one) => html`<a key=${one.class_id} class="card classcard" href="#/roll?class=${one.class_id}">
        <b class="g">${one.class_name}</b><span class="cap">${one.sessions.map((s) => dots(sessionName(s.session), t(s.taken ? 'roll.is_taken' : 'roll.not_taken'))).join(' ')}</span></a>`)}</div>`
        : day.problem ? html`<${ProblemNote} of=${problem}/>` : html`<${Waiting} data=${day}/>`}<//>`;
}

export default function Roll({ query }) {
    const args = [['class_id', query.class], ['day', query.day], ['session', query.session]].filter(([, value]) => value).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
    const path = `roll-calls/sheet${args.length ? `?${args.join('&')}` : ''}`;
    const data = useData(path);
    const sheet = data.value;
    const [draft, setDraft] = useState({});
    const form = sheet?.session && formOf(sheet);

    useEffect(() => {
        if (form) {
            readDraft(form).then((kept) => setDraft({ form, kept }), () => setDraft({ form }));
        }
    }, [form]);
    if (data.problem?.errors?.some((one) => one.field === 'class_id')) {
        return html`<${Classes} problem=${data.problem}/>`;
    }
    if (!sheet) {
        return html`<${Desk} title=${t('menu.roll')} current="#/roll"><${Waiting} data=${data}/><//>`;
    }
    if (!sheet.session) {
        return html`<${Desk} title=${sheet.class_name} current="#/roll" crumb=${dayText(sheet.day)}><div class="card"><${Empty} title=${t('roll.no_school')} text=${sheet.next ? t('roll.no_school.text', { day: dayText(sheet.next) }) : ''}/></div><//>`;
    }
    if (!sheet.students.length) {
        return html`<${Frame} sheet=${sheet}><div class="card"><${Empty} title=${t('error.attendance.empty_class')} text=""/></div><//>`;
    }
    return draft.form === form ? html`<${Sheet} key=${`${form}.${sheet.taken?.version || 0}`} sheet=${sheet} data=${data} kept=${draft.kept && (sheet.day === today() || !sheet.taken) ? draft.kept : null}/>`
        : html`<${Frame} sheet=${sheet}/>`;
}
