// timeline.js: what happened to a child as lines of a timeline: the items of GET …/timeline in words.

import { html, t, dateText, dots, knows, spanText, timeText } from '../ui.js';
import { dueDay } from './dropout.js';

const actionText = (action) => (knows(`dropout-cases.action.${action}`) ? t(`dropout-cases.action.${action}`) : action);
const day = (iso) => (iso.slice(11, 16) === '00:00' ? dateText(iso.slice(0, 10)) : timeText(iso));
const words = (...said) => said.some(([, text]) => text) && said.filter(([, text]) => text).map(([who, text]) => html`<span key=${who}>${t('case.words', { who, text })}<br/></span>`);
const ACTIONS = { open: ['seat', 'no'], confirm: ['check', 'ok'], not_dropout: ['check', 'ok'], transfer: ['out', 'ok'], notice: ['stamp', 'sum'], order: ['stamp', 'sum'], return: ['back', 'ok'], seen: ['back', 'ok'],
    close: ['checks', 'sum'], relapse: ['warn', 'no'], notice_missed: ['warn', 'no'], order_missed: ['warn', 'no'], trace_lost: ['warn', 'no'], form: ['paper', ''], report: ['send', ''], sign: ['stamp', 'ok'], settle: ['user', 'ok'],
    review: ['check', ''], send_back: ['pen', 'wait'], correct: ['pen', 'wait'], forward: ['send', ''], receive: ['paper', ''], township_receive: ['paper', ''], tell_township: ['send', ''], tell_bureau: ['send', ''],
    joint_agreed: ['hand', 'ok'], joint_failed: ['hand', 'no'], measure: ['hand', ''], return_report: ['paper', ''], claim: ['find', 'wait'], accept: ['check', ''] };

const KINDS = {
    action: (one) => ({ icon: ACTIONS[one.action]?.[0] || (one.action.startsWith('again_') ? 'warn' : 'dots'), tone: ACTIONS[one.action]?.[1] ?? '',
        title: actionText(one.action), text: dots(one.actor, one.role_label), say: one.comment }),
    persuasion: (one) => ({ icon: one.way === 'joint' ? 'hand' : 'door', tone: one.outcome === 'agreed' ? 'ok' : 'no', title: t('case.attempt', { n: one.attempt_no, way: t(`code.persuasion_way.${one.way}`), outcome: t(`code.persuasion_outcome.${one.outcome}`) }),
        text: dots(one.people, one.with_whom && t('case.with', { who: one.with_whom }), one.effect), say: words([t('case.child'), one.child_words], [t('case.guardian'), one.guardian_words]) }),
    refusal: (one) => ({ icon: 'hand', tone: 'no', title: t('case.refused', { who: t(`code.refused_by.${one.refused_by}`) }), text: dots(one.people, t(`code.receipt.${one.receipt}`), one.witness), say: one.reason }),
    tracking: (one) => ({ icon: 'find', title: t('case.tracked'), text: dots(one.people, one.whereabouts, one.fed_back_to), say: one.thoughts }),
    notice: (one) => ({ icon: 'stamp', tone: one.state === 'missed' ? 'no' : 'sum', title: t(`code.notice_kind.${one.notice}`), text: dots(one.issuer_name, one.addressee, one.served_on && t('case.served', { date: dateText(one.served_on) }), one.return_by && t('case.until', { date: dateText(dueDay(one.return_by)) })) }),
    review: (one) => ({ icon: 'user', tone: 'ok', title: t('case.reviewed', { n: one.ordinal % 10 }), text: dots(one.reviewed_by, t(`code.evaluation.${one.evaluation}`), one.study, one.life, one.mind) }),
    missed: (one) => ({ icon: 'clock', tone: 'wait', time: dateText(dueDay(one.at)), title: t('case.missed', { what: t(`code.dropout_step.${one.step}`) }), text: dots(one.role_label, one.done_at ? t('case.done_later', { date: timeText(one.done_at) }) : t('case.not_done')) }),
    absence: (one) => ({ icon: 'seat', tone: one.state === 'open' ? 'no' : 'wait', title: one.days ? t('case.absence', { n: one.days }) : t('case.absence.part'),
        text: one.state === 'open' ? t('case.absence.open') : t('case.absence.ended', { date: dateText(one.last_on) }) }),
    contact: (one) => ({ icon: 'phone', tone: one.reached ? 'ok' : 'wait', title: one.reached ? t('case.contacted', { who: one.person }) : t('case.tried'),
        text: dots(one.made_by, t(`code.contact_channel.${one.channel}`), one.reason && t(`code.absence_reason.${one.reason}`)), say: one.words }),
    report: (one) => ({ icon: 'paper', title: t('case.report_sent'), text: dots(one.made_by, one.measure) }),
    visit: (one) => ({ icon: 'door', title: t('case.visited', { way: t(`code.visit_way.${one.way}`), effect: t(`code.visit_effect.${one.effect}`) }), text: dots(one.visitors, t('case.with', { who: one.talked_to })), say: one.words }),
    class: (one) => ({ icon: 'users', title: t('case.class', { class: one.class_name }), text: one.school_name }),
    paper: (one) => ({ icon: 'stamp', tone: 'sum', title: t('case.paper', { title: one.title }), text: dots(one.number, one.issuer, one.issued_by, one.voided_at && t('case.paper_void')) }),
    leave: (one) => ({ icon: 'leave', title: t('case.leave', { kind: t(`code.leave_kind.${one.leave_kind}`), span: spanText(one) }), text: t(`leave-requests.state.${one.state}`), say: one.reason }),
};

/** Items for <Timeline>, newest first. A notice stands once: as the record, not as the action that made it. */
export const entries = (items) => items.filter((one) => KINDS[one.kind] && !(one.kind === 'action' && ['notice', 'order', 'joint_agreed', 'joint_failed'].includes(one.action)))
    .map((one) => ({ time: day(one.at), ...KINDS[one.kind](one) }));
