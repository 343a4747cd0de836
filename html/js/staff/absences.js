// absences.js: children who are missing now: since when, what is due and by when, what closes it; and the two records that are made
// most often, a call and a report, where they are needed.

import { can, session, toast } from '../frame.js';
import { Rules } from '../rule.js';
import { html, t, addDays, dateText, dots, now, problemText, timeText, useData, useState, Badge, Empty, Icon, Note, Seat, Stale, Waiting } from '../ui.js';
import { Call, CallMany, knowsLeave, leaveAtOnce, LeaveMany, Report } from './absence-forms.js';
import { Desk } from './desk.js';

/** A visit begins with what is known: why, how, and who goes. */
const ROLES = { teacher: 'with_teacher', subject: 'with_subject', grade: 'with_middle', office: 'with_middle', vice: 'with_leader', principal: 'with_leader' };

function visitOf(run) {
    const mine = session().positions.map((one) => ROLES[one.role]).find(Boolean);

    return new URLSearchParams({ student: run.student_id, kind: 'absence', way: 'in_person', place: t('absences.at_home'), visitors: session().account.name, ...(mine && { [mine]: '1' }) });
}

const open = (run) => run.rungs.filter((rung) => rung.state === 'open' && rung.step !== 'S2');
/** 今天 24:00 ends today, it does not begin tomorrow. */
const dueText = (iso) => (iso.slice(11, 16) === '00:00' ? timeText(`${addDays(iso.slice(0, 10), -1)}T24:00`) : timeText(iso));
const due = (rung) => rung.working_at || rung.trigger_at;

function Rung({ rung }) {
    const late = rung.working_at && rung.working_at.slice(0, 16) < now();

    return html`<li class="h"><span class="g">${t(`ladder.${rung.step}`)} ${rung.late_entry && html`<small class="mut">${t('absences.late_entry')}</small>`}</span>
        ${rung.working_at && html`<span class="due ${late ? 't-red' : 't-amber'}">${t(late ? 'absences.overdue' : 'absences.due', { time: dueText(rung.working_at) })}</span>`}</li>`;
}

/** The numbers that say when a step is due. */
const BY = { S0: ['ladder.contact_by'], S1: ['ladder.periods', 'ladder.periods_window', 'ladder.half_day'], S3: ['ladder.report_hours'], S4: ['ladder.visit_day', 'ladder.visit_due_days', 'ladder.visit_cap_days'],
    S5: ['ladder.middle_day', 'ladder.visit_due_days', 'ladder.visit_cap_days'], S6: ['ladder.leader_day', 'ladder.visit_due_days', 'ladder.visit_cap_days'], case: ['dropout.open_days'] };

function Card({ run, several, ask, tick, ticked, excuse }) {
    const rungs = open(run);
    const has = (...steps) => rungs.some((rung) => steps.includes(rung.step));

    return html`<section class="card v"><div class="h wrap">${tick && html`<label class="tick"><input type="checkbox" aria-label=${t('absences.tick', { name: run.student_name })} checked=${ticked} onChange=${() => tick(run)}/></label>`}<a class="stu g" href="#/students/${run.student_id}"><${Seat} name=${run.student_name} out/><span><b>${run.student_name}</b>
            <small>${dots(several && run.class_name, t('absences.since', { day: dateText(run.since), n: run.period }))}</small></span></a>
        <${Badge} tone=${run.days >= 3 ? 'late' : run.days >= 1 ? 'no' : 'wait'} icon="warn">${run.days ? t('absences.days', { n: run.days }) : t('absences.today')}<//></div>
        ${run.presumed_days > 0 && html`<p class="sm mut">${t('absences.presumed', { n: run.presumed_days })}</p>`}
        ${run.contact && html`<p class="sm">${run.contact.reached ? t('absences.told', { time: timeText(run.contact.at), who: run.contact.person, why: t(`code.absence_reason.${run.contact.reason}`) }) : t('absences.tried_at', { time: timeText(run.contact.at) })}</p>`}
        ${rungs.length ? html`<ul class="v v2">${rungs.map((rung) => html`<${Rung} key=${rung.step} rung=${rung}/>`)}</ul>` : html`<p class="sm t-pine">${t('absences.nothing_due')}</p>`}
        ${!tick && rungs.length > 0 && can('rule.read') && html`<${Rules} path=${`rules?unit_id=${run.class_id}`} only=${rungs.flatMap(({ step }) => BY[step] || [])}/>`}
        ${!tick && html`<div class="h wrap">${can('contact.record') && html`<button class="btn ${has('S0', 'S1') ? 'soft' : ''}" type="button" onClick=${() => ask({ what: 'call', run })}><${Icon} of="phone"/>${t('absences.call')}</button>`}
            ${can('absence_report.send') && has('S3') && html`<button class="btn" type="button" onClick=${() => ask({ what: 'report', run })}><${Icon} of="paper"/>${t('absences.report')}</button>`}
            ${can('visit.record') && has('S4', 'S5', 'S6') && html`<a class="btn" href="#/home-visits/new?${visitOf(run)}"><${Icon} of="door"/>${t('absences.visit')}</a>`}
            ${can('leave.enter') && html`<button class="btn quiet" type="button" onClick=${() => excuse(run)}><${Icon} of="leave"/>${t(knowsLeave(run) ? 'absences.leave_now' : 'absences.leave')}</button>`}</div>`}</section>`;
}

/** Chooses among the children who are missing, and what is done for all who are chosen. */
function Tools({ items, ticked, set, ask }) {
    const chosen = items.filter((run) => ticked.includes(run.id));

    return html`<div class="card h wrap picked"><label class="tick"><input type="checkbox" aria-label=${t('slips.tick_all')} checked=${chosen.length === items.length}
            onChange=${() => set(chosen.length === items.length ? [] : items.map((run) => run.id))}/></label><b class="g">${t('absences.ticked', { n: chosen.length })}</b>
        ${can('contact.record') && html`<button class="btn soft" type="button" disabled=${!chosen.length} onClick=${() => ask({ what: 'calls', runs: chosen })}><${Icon} of="phone"/>${t('absences.call')}</button>`}
        ${can('leave.enter') && html`<button class="btn soft" type="button" disabled=${!chosen.length} onClick=${() => ask({ what: 'leaves', runs: chosen })}><${Icon} of="leave"/>${t('absences.leave')}</button>`}</div>`;
}

export default function Absences({ query }) {
    const data = useData('absences/runs');
    const [asked, ask] = useState(null);
    const [ticked, setTicked] = useState(null);                      // null: nobody chooses
    const [problem, setProblem] = useState('');
    const [excused, setExcused] = useState([]);                      // on leave by now; the clock takes them off the list within seconds
    const wanted = (run) => !excused.includes(run.id) && (!query.step || open(run).some((rung) => rung.step === query.step))
        && (!query.class || run.class_id === query.class);
    const items = data.value?.items.filter(wanted)
        .sort((a, b) => { const [x, y] = [a, b].map((run) => open(run).map(due).sort()[0] || '9'); return x < y ? -1 : x > y ? 1 : 0; });
    const several = new Set(data.value?.items.map((run) => run.class_id)).size > 1;
    const steps = ['S0', 'S1', 'S3', 'S4', 'S5', 'S6', 'case'].map((step) => [step, data.value?.items.filter((run) => open(run).some((rung) => rung.step === step)).length]).filter(([, n]) => n);
    const done = (text, gone = []) => { ask(null); setTicked(null); setExcused([...excused, ...gone.map((run) => run.id)]); toast(text); data.reload(); };
    const close = () => ask(null);
    const tick = (run) => setTicked(ticked.includes(run.id) ? ticked.filter((one) => one !== run.id) : [...ticked, run.id]);
    const tools = items?.length > 1 && (can('contact.record') || can('leave.enter')) && html`<div class="tools"><button class="btn" type="button" aria-pressed=${String(Boolean(ticked))}
        onClick=${() => setTicked(ticked ? null : [])}><${Icon} of="checks"/>${t(ticked ? 'slips.pick.end' : 'absences.pick')}</button></div>`;

    /* With a call that said why it is one tap; else it is asked for. */
    async function excuse(run) {
        setProblem('');
        if (!knowsLeave(run)) {
            ask({ what: 'leaves', runs: [run] });
            return;
        }
        try {
            await leaveAtOnce(run);
            done(t('absences.on_leave', { name: run.student_name }), [run]);
        } catch (refusal) {
            setProblem(problemText(refusal));
        }
    }

    return html`<${Desk} title=${t('menu.absences')} current="#/absences" tools=${tools}><${Stale} data=${data}/>${problem && html`<div role="alert"><${Note} tone="no">${problem}<//></div>`}
        ${several && steps.length > 0 && html`<nav class="tally" aria-label=${t('absences.by_step')}>${steps.map(([step, n]) => html`<a key=${step} href=${query.step === step ? '#/absences' : `#/absences?step=${step}`} aria-current=${query.step === step ? 'true' : undefined}><b>${n}</b> ${t(`ladder.${step}`)}</a>`)}</nav>`}
        ${!items ? html`<${Waiting} data=${data}/>` : !items.length ? html`<div class="card"><${Empty} title=${t('absences.none')} text=${t('absences.none.text')}/></div>`
            : html`<div class="v">${ticked && html`<${Tools} items=${items} ticked=${ticked} set=${setTicked} ask=${ask}/>`}${items.map((run) => html`<${Card} key=${run.id} run=${run} several=${several} ask=${ask}
                excuse=${excuse} tick=${ticked && tick} ticked=${ticked?.includes(run.id)}/>`)}</div>`}
        ${asked?.what === 'call' && html`<${Call} run=${asked.run} close=${close} done=${done}/>`}
        ${asked?.what === 'report' && html`<${Report} run=${asked.run} close=${close} done=${done}/>`}
        ${asked?.what === 'calls' && html`<${CallMany} runs=${asked.runs} close=${close} done=${done}/>`}
        ${asked?.what === 'leaves' && html`<${LeaveMany} runs=${asked.runs} close=${close} done=${done}/>`}<//>`;
}
