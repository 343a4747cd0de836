// case.js: one case: whose turn it is and by when, where it stands, its one timeline, deadlines, notices, what is known; every
// action and every attempt is added in place.

import { post } from '../api.js';
import { can, go, session, toast } from '../frame.js';
import { Dialog, Relay, Timeline } from '../parts.js';
import { Documents, PrintButton } from '../print/documents.js';
import { html, t, dateText, dots, knows, problemText, today, useData, useState, Badge, Icon, Note, Seat, Stale, Waiting } from '../ui.js';
import { Rules } from '../rule.js';
import { Desk, recordOf, usePlugins } from './desk.js';
import { CaseBadge, daysTo, dueDay, dueLook, dueText, turn } from './dropout.js';
import { Form, Value } from './fields.js';
import { entries } from './timeline.js';

const WAY = ['suspected', 'formal', 'reported', 'confirmed', 'noticed', 'joint', 'township', 'observing', 'follow_up', 'closed'];
const ADDED = [['persuasions', 'dropout.persuade', 'door'], ['refusals', 'dropout.refusal', 'hand'], ['trackings', 'dropout.track', 'find']];
const FACTS = ['discovered_on', 'origin', 'opened_why', 'cause', 'cause_text', 'whereabouts', 'whereabouts_text', 'measures', 'plan', 'review_text', 'verdict_text', 'claim_on', 'claim_text',
    'transfer_to', 'transfer_on', 'returned_on', 'follow_up_until'];

const Returns = ({ items }) => items?.length > 0 && html`<section class="v v2"><h2>${t('return-reports')}</h2><div class="card flush">${items.map((one) => html`<div key=${one.id} class="li wrap"><${Icon} of="back"/><span class="g"><b>${dateText(one.returned_on)}</b><br/>
    <span class="cap">${dots(one.placed_in, one.signed_by ? t('case.signed', { who: one.signed_by }) : t('case.unsigned'))}</span></span><${PrintButton} id=${one.id} kind="dropout.return" label=${t('case.print')} class="xs"/></div>`)}</div></section>`;

/** What is known already is not typed again: fields of an action, or of a record that is added, begin with these. */
function given(one, what) {
    const known = one.known || {};
    const mine = { people: session().account.name };
    const again = (...names) => Object.fromEntries(names.map((name) => [name, one[name]]));

    return {
        form: { ...again('cause', 'whereabouts', 'whereabouts_text', 'plan'), cause_text: one.cause_text || known.words, measures: one.measures || known.measures },
        review: again('review_text'), not_dropout: again('cause'), accept: again('transfer_to', 'transfer_on'),
        notice: { addressee: known.guardian }, order: { addressee: known.guardian },
        serve: { served_on: today(), served_by: session().account.name, receiver: known.guardian },
        joint_agreed: { held_on: today() }, joint_failed: { held_on: today() }, claim: { claim_on: today() }, return: { returned_on: today() },
        return_report: { placed_in: one.class_name, helper: known.helper },
        persuasions: { made_on: today(), ...mine }, refusals: { refused_on: today(), ...mine }, trackings: { tracked_on: today(), ...mine },
    }[what];
}

/** A dialog with the fields of an action or of a record that is added. */
function Ask({ title, record, fields, given: begin, codes, danger, send, close }) {
    return html`<${Dialog} title=${title} close=${close}><${Form} record=${record} fields=${fields} given=${begin} codes=${codes} danger=${danger} submit=${title} cancel=${close} send=${send}/><//>`;
}

/* What the next person has to do, by when, and what this reader can do now. */
function Turn({ one, steps, act, add }) {
    const open = (name) => (steps || []).some((item) => item.step === name && item.state === 'open');
    const idle = { tell_township: !open('tell_township'), tell_bureau: !open('tell_bureau'), receive: one.received_at, township_receive: one.township_received_at, transfer: !one.transfer_to,
        return_report: one.return_reported_at, sign: !one.return_reported_at || one.return_signed_at };
    const central = session().positions.some((place) => place.level === 'central_school');
    const actions = one.actions.filter((action) => !idle[action.action] && (one.via !== 'central' || one.state !== 'reported' || central || !['forward', 'correct'].includes(action.action)));              // its hook would refuse it now
    const main = actions.find((action) => action.decides) || actions.find((action) => one.next_step === action.action);
    const step = steps?.find((item) => item.state === 'open' && !item.held && item.step === one.next_step);

    return html`<section class="card v ${one.due_at ? dueLook(one.due_at) : ''}"><div class="h wrap"><div class="g"><p class="cap">${t(one.next_step ? 'case.now' : 'case.over_now')}</p>
        <h2 class="say1">${one.next_step ? turn(one) : t(`dropout-cases.state.${one.state}`)}</h2>
        ${one.state === 'observing' && html`<p class="mut">${t('case.observing', { n: one.observed, of: one.observe_days })}</p>`}
        ${step?.rule && html`<p class="mut">${knows(`task.dropout.${step.step}.closes`) ? t('case.closed_by', { what: t(`task.dropout.${step.step}.closes`) }) : ''} ${t('case.rule', { rule: t(`rule.${step.rule}`), limit: step.limit })}</p>`}</div>
        ${one.due_at && html`<div class="st"><span class="cap">${t('case.until', { date: dateText(dueDay(one.due_at)) })}</span><b class=${{ over: 't-red', soon: 't-amber' }[dueLook(one.due_at)] || ''}>${daysTo(one.due_at) === 0 ? t('date.today') : dueText(one.due_at)}</b></div>`}</div>
        <div class="h wrap">${actions.map((action) => html`<button key=${action.action} type="button" class="btn ${action === main ? 'pri' : action.destructive ? 'del' : ''}" onClick=${() => act(action)}>${t(`dropout-cases.action.${action.action}`)}</button>`)}
            ${one.open && ADDED.filter(([, capability]) => can(capability)).map(([record, , icon]) => html`<button key=${record} class="btn" type="button" onClick=${() => add(record)}><${Icon} of=${icon}/>${t(`case.add.${record}`)}</button>`)}</div>
        <${Rules} path=${`dropout-cases/${one.id}/rules`} only=${(steps || []).some(({ rule }) => rule) ? steps.filter(({ state }) => state === 'open').map(({ rule }) => rule) : undefined}/></section>`;
}

function Way({ one }) {
    const state = one.state === 'correction' ? 'reported' : one.state;
    const at = WAY.indexOf(state);

    return at < 0 ? null : html`<section class="card"><${Relay} at=${state === 'closed' ? WAY.length : at} steps=${WAY.map((name) => ({ label: t(`case.way.${name}`) }))}/></section>`;
}

const Deadlines = ({ steps }) => {
    const open = steps.filter((step) => step.state === 'open').sort((a, b) => (a.working < b.working ? -1 : 1));

    return open.length > 0 && html`<section class="v v2"><h2>${t('case.deadlines')}</h2><div class="card flush">${open.map((step) => html`<div key=${`${step.step}${step.ordinal}`} class="li ${step.held ? '' : dueLook(step.working)}"><span class="g"><b>${t(`code.dropout_step.${step.step}`)}</b><br/>
        <span class="cap">${dots(step.role_label, step.held && t('case.held'), step.late && !step.held && t('case.nominal', { date: dateText(dueDay(step.nominal)) }))}</span></span>
        <span class="due ${step.held ? '' : { over: 't-red', soon: 't-amber' }[dueLook(step.working)] || ''}">${dueText(step.working)}</span></div>`)}</div></section>`;
};

const Notices = ({ items, serve }) => items?.length > 0 && html`<section class="v v2"><h2>${t('return-notices')}</h2><div class="card flush">${items.map((one) => html`<div key=${one.id} class="li wrap"><${Icon} of="stamp"/><span class="g"><b>${t(`code.notice_kind.${one.kind}`)}</b><br/>
    <span class="cap">${dots(one.issuer_name, dateText(one.issued_on), one.return_by && t('case.until', { date: dateText(dueDay(one.return_by)) }))}</span></span>
    ${one.actions.some((action) => action.action === 'serve') ? html`<button class="btn soft xs" type="button" onClick=${() => serve(one)}>${t('return-notices.action.serve')}</button>`
        : html`<${Badge} tone=${{ issued: 'wait', served: 'info', met: 'ok', missed: 'late' }[one.state] || 'none'} icon=${one.state === 'met' ? 'check' : 'clock'}>${t(`return-notices.state.${one.state}`)}<//>`}
    ${can(`dropout.${one.kind}`) && html`<${PrintButton} id=${one.id} kind="dropout.${one.kind}" label=${t('case.print')} class="xs"/>`}
    ${one.served_on && can('dropout.serve') && html`<${PrintButton} id=${one.id} kind="dropout.proof" label=${t('case.proof')} class="xs"/>`}</div>`)}</div></section>`;

const Refusals = ({ items }) => items?.length > 0 && html`<section class="v v2"><h2>${t('refusals')}</h2><div class="card flush">${items.map((one) => html`<div key=${one.id} class="li wrap"><${Icon} of="hand"/><span class="g"><b>${dateText(one.refused_on)}</b><br/>
    <span class="cap">${dots(t(`code.refused_by.${one.refused_by}`), one.reason)}</span></span>${can('dropout.refusal') && html`<${PrintButton} id=${one.id} kind="dropout.refusal" label=${t('case.print')} class="xs"/>`}</div>`)}</div></section>`;

const Reviews = ({ items, review }) => items?.length > 0 && html`<section class="v v2"><h2>${t('follow-ups')}</h2><div class="card flush">${items.map((one) => html`<div key=${one.id} class="li wrap"><span class="g"><b>${dateText(one.due_on)}</b><br/>
    <span class="cap">${one.reviewed_on ? dots(one.reviewed_by, t(`code.evaluation.${one.evaluation}`)) : ''}</span></span>
    ${one.actions.length > 0 ? html`<button class="btn soft xs" type="button" onClick=${() => review(one)}>${t('follow-ups.action.review')}</button>`
        : html`<${Badge} tone=${one.state === 'done' ? 'ok' : 'wait'} icon=${one.state === 'done' ? 'check' : 'clock'}>${t(`follow-ups.state.${one.state}`)}<//>`}</div>`)}</div></section>`;

function Case({ id, codes }) {
    const data = useData(`dropout-cases/${id}`, { kept: false });
    const steps = useData(`dropout-cases/${id}/steps`, { kept: false });
    const line = useData(`dropout-cases/${id}/timeline`, { kept: false });
    const notices = useData(`return-notices?case_id=${id}`, { kept: false });
    const reviews = useData(`follow-ups?case_id=${id}`, { kept: false });
    const returns = useData(`return-reports?case_id=${id}`, { kept: false });
    const refusals = useData(`refusals?case_id=${id}`, { kept: false });
    const [asked, ask] = useState(null);
    const [problem, setProblem] = useState(null);
    const record = recordOf('dropout-cases');
    const one = data.value;
    const close = () => ask(null);

    function done(text) {
        close();
        setProblem(null);
        toast(text);
        [data, steps, line, notices, reviews, returns, refusals].forEach((each) => each.reload());
    }

    async function act(action) {
        const said = t('record.done', { name: one.student_name, what: t(`dropout-cases.action.${action.action}`) });

        if (action.fields.length || action.destructive) {
            ask({ title: t(`dropout-cases.action.${action.action}`), record: 'dropout-cases', fields: action.fields, given: given(one, action.action), danger: action.destructive,
                send: async (body) => { await post(`dropout-cases/${id}/${action.action}`, body, { match: one.version }); done(said); } });
            return;
        }
        try {
            await post(`dropout-cases/${id}/${action.action}`, {}, { match: one.version });
            done(said);
        } catch (refusal) {
            setProblem(refusal);
            data.reload();
        }
    }

    const add = (name) => ask({ title: t(`case.add.${name}`), record: name, fields: recordOf(name).fields.filter((field) => !field.by_hook && !['student_id', 'case_id'].includes(field.name)), given: given(one, name),
        send: async (body) => { await post(name, { ...body, student_id: one.student_id, case_id: id }); done(t('case.added')); } });
    const actOn = (name, action) => (row) => ask({ title: t(`${name}.action.${action}`), record: name, fields: row.actions.find((each) => each.action === action).fields, given: given(one, action),
        send: async (body) => { await post(`${name}/${row.id}/${action}`, body, { match: row.version }); done(t('case.added')); } });

    if (!one || !record) {
        return html`<${Desk} title=${t('dropout-cases')} current="#/dropout" crumb=${html`<a href="#/dropout">${t('dropout-cases')}</a>`}><${Waiting} data=${data}/><//>`;
    }

    const shown = { ...one, open: !['closed', 'not_dropout', 'transferred', 'relapsed', 'in_error'].includes(one.state) };
    const missed = line.value && entries(line.value.items);

    return html`<${Desk} title=${one.student_name} current="#/dropout" crumb=${html`<a href="#/dropout">${t('dropout-cases')}</a> / ${dots(one.school_name, one.class_name)}`}
        tools=${html`<${CaseBadge} state=${one.state}/>${one.relapse_no > 0 && html`<${Badge} tone="late" icon="warn">${t('case.relapse', { n: one.relapse_no })}<//>`}<a class="btn" href="#/students/${one.student_id}/file"><${Icon} of="user"/>${t('case.file')}</a>`}>
        <${Stale} data=${data}/>${problem && html`<div role="alert"><${Note} tone="no">${[409, 412].includes(problem.status) ? t('case.changed') : problemText(problem)}<//></div>`}
        <${Turn} one=${shown} steps=${steps.value?.items} act=${act} add=${add}/><${Way} one=${one}/>
        <div class="side2"><section class="v v2"><h2>${t('case.timeline')}</h2>${missed ? html`<${Timeline} items=${missed}/>` : html`<${Waiting} data=${line}/>`}</section>
        <aside class="v">${steps.value && html`<${Deadlines} steps=${steps.value.items}/>`}<${Notices} items=${notices.value?.items} serve=${actOn('return-notices', 'serve')}/><${Refusals} items=${refusals.value?.items}/><${Reviews} items=${reviews.value?.items} review=${actOn('follow-ups', 'review')}/><${Returns} items=${returns.value?.items}/><${Documents} record="dropout-cases" id=${id} version=${one.version}/>
            <section class="card v"><div class="h"><${Seat} name=${one.student_name} out=${shown.open && !['observing', 'follow_up'].includes(one.state)}/><h2 class="g">${t('case.known')}</h2></div><dl class="facts">${FACTS.filter((name) => one[name] !== null && one[name] !== '').map((name) => html`<div key=${name}>
                <dt>${t(`dropout-cases.${name}`)}</dt><dd><${Value} record=${record} name=${name} item=${one}/></dd></div>`)}${one.linked_id && html`<div><dt>${t('dropout-cases.linked_id')}</dt><dd><a href="#/dropout/${one.linked_id}">${t('desk.see')}</a></dd></div>`}</dl></section></aside></div>
        ${asked && html`<${Ask} ...${asked} codes=${codes} close=${close}/>`}<//>`;
}

function New({ codes, student }) {
    const record = recordOf('dropout-cases');
    const fields = record.fields.filter((field) => !field.by_hook && field.name !== 'origin' && (field.name !== 'student_id' || !student));

    async function send(body) {
        const made = await post('dropout-cases', { ...(student && { student_id: student }), ...body });

        go(`dropout/${made.id}`);
        toast(t('case.opened'));
    }

    return html`<${Desk} title=${t('dropout-cases.action.open')} current="#/dropout" crumb=${html`<a href="#/dropout">${t('dropout-cases')}</a>`}>
        <section class="card sheet v"><p class="mut">${t('case.open.why')}</p><${Form} record="dropout-cases" fields=${fields} codes=${codes} send=${send} submit=${t('dropout-cases.action.open')} cancel=${() => go('dropout')}/></section><//>`;
}

export default function CasePage({ params, query }) {
    const plugins = usePlugins();

    if (!plugins.value) {
        return html`<${Desk} title=${t('dropout-cases')} current="#/dropout"><${Waiting} data=${plugins}/><//>`;
    }
    return params.id === 'new' ? html`<${New} codes=${plugins.value.codes} student=${query.student}/>` : html`<${Case} key=${params.id} id=${params.id} codes=${plugins.value.codes}/>`;
}

