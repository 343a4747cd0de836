// words.js: what is said to a guardian about one leave: a sentence, when the child is back, the steps.

import { t, addDays, dayText, givenName, knows, now, timeText, today } from '../ui.js';

const backHalf = (leave) => (leave.back_at?.slice(11, 13) < '12' ? 'am' : 'pm');

/** 明天下午, 11月26日 周四上午. */
export const backText = (leave) => t('leave.back_when', { date: dayText(leave.back_on), half: t(`half.${backHalf(leave)}`) });

/** The class teachers of a child, by name: 王晓梅老师. */
export const teacherName = (child) => (child?.teachers?.length ? t('leave.teacher', { name: child.teachers[0].name }) : t('leave.the_teacher'));

/** Somebody who decides, as the API names them: a class teacher by name, else 教导处 or 校长. */
export const person = ({ role, name }, child) => (role === 'teacher' ? (name ? t('leave.teacher', { name }) : teacherName(child)) : t(`leave.route.${role}`));

const waitsFor = (leave, child) => (leave.waits_for ? person(leave.waits_for, child) : teacherName(child));

/** When a leave holds, as one says it: 明天上午, 明天, 明天起. */
function whenText({ starts_on: from, starts_half: first, ends_on: to, ends_half: last }) {
    const date = dayText(from);

    return from !== to ? t('leave.when.from', { date }) : first === last ? t('leave.when.half', { date, half: t(`half.${first}`) }) : date;
}

/** The last day before a midnight. */
const lastDay = (iso) => (iso.slice(11, 16) === '00:00' ? addDays(iso.slice(0, 10), -1) : iso.slice(0, 10));

/** Of leave asked for by telephone: when its slip must be there. { tone, text }; null when none is awaited. */
export function paper({ state, needs_paper: needed, paper_by: by, paper_until: until }) {
    if (!needed || !['provisional', 'approved', 'away', 'overdue', 'awaiting_paper', 'no_paper'].includes(state)) {
        return null;
    }
    if (!by || !until) {
        return { tone: '', text: t('leave.paper.later') };
    }
    if (state === 'no_paper') {
        return { tone: 'no', text: t('leave.paper.lapsed', { date: dayText(lastDay(until)) }) };
    }
    return { tone: 'wait', text: by.slice(0, 16) <= now() ? t('leave.paper.grace', { date: dayText(lastDay(until)) }) : t('leave.paper.by', { date: dayText(lastDay(by)) }) };
}

/** Entered by the class teacher, and nobody else has to decide: as good as approved. */
const settled = (leave) => leave.state === 'provisional' && leave.route === 'teacher';

/** The sentence a detail opens with. */
export function sentence(leave, child) {
    const started = leave.starts_on <= today();
    const key = settled(leave) ? 'leave.say.entered' : `leave.say.${leave.state}`;
    const later = !started && knows(`${key}.later`) ? `${key}.later` : key;

    return t(leave.state === 'submitted' && leave.escalated ? 'leave.say.escalated' : later, {
        child: givenName(leave.student_name),
        who: leave.decided_by ? t('leave.teacher', { name: leave.decided_by }) : teacherName(child),
        teacher: teacherName(child),
        decider: waitsFor(leave, child),
        when: whenText(leave),
        back: leave.back_on ? backText(leave) : '',
        at: leave.returned_at ? timeText(leave.returned_at) : '',
    });
}

/** Steps and the one under way, for Relay. */
export function steps(leave) {
    const upper = leave.route && leave.route !== 'teacher' ? 1 : 0;
    const first = leave.channel === 'portal' ? ['hand_in', 'teacher'] : ['entered'];                // the entry is the teacher's consent
    const list = [...first, ...(upper ? [leave.route] : []), 'rest', 'back', ...(leave.needs_paper ? ['slip'] : [])];
    const n = first.length;
    const at = { draft: 0, submitted: 1, provisional: n, approved: n + upper, away: n + upper, overdue: n + upper + 1, awaiting_paper: list.length - 1,
        no_paper: list.length - 1, returned: list.length }[leave.state];

    return at === undefined ? null : {
        at,
        steps: list.map((step) => ({ label: t(upper ? `leave.step.short.${step}` : `leave.step.${step}`), icon: { hand_in: 'pen', entered: 'phone', rest: 'out', back: 'back', slip: 'paper' }[step] || 'clock' })),
    };
}

/** What comes next, for the top of the history; null when nothing does. */
export function nextStep(leave, child) {
    if (leave.state === 'awaiting_paper') {
        return { todo: true, icon: 'paper', title: t('leave.next.paper'), text: paper(leave)?.text };
    }
    if (leave.state === 'submitted' || (leave.state === 'provisional' && !settled(leave))) {
        return { todo: true, icon: 'clock', title: t('leave.next.decide', { who: waitsFor(leave, child) }),
            time: leave.decide_by && t('leave.by', { time: timeText(leave.decide_by) }) };
    }
    if (['provisional', 'approved', 'away', 'overdue'].includes(leave.state) && leave.back_on) {
        return { todo: true, icon: 'back', title: t('leave.next.back', { back: backText(leave) }), text: t('leave.next.back.text') };
    }
    return null;
}

const ICONS = { submit: 'send', save: 'pen', consent: 'check', approve: 'check', reject: 'x', return: 'back', return_too: 'back', cancel: 'again',
    start: 'out', prolong: 'out', overrun: 'warn', escalate: 'up', escalate_further: 'up', enter: 'phone', confirm: 'check', attach_paper: 'paper',
    accept: 'check', lapse: 'paper', return_too_paper: 'back', came_back: 'back', came_back_paper: 'back' };
const TONES = { consent: 'ok', approve: 'ok', return: 'ok', return_too: 'ok', came_back: 'ok', came_back_paper: 'ok', enter: 'ok', confirm: 'ok', attach_paper: 'ok', accept: 'ok', reject: 'no', overrun: 'no', lapse: 'no' };

/** One entry of the history. mine: the reader did it. */
export function historyItem(entry, mine) {
    const who = mine ? t('leave.you') : entry.role === 'guardian' || !entry.role ? entry.actor : t('leave.teacher', { name: entry.actor });
    const key = `leave.did.${entry.action}`;

    return { icon: ICONS[entry.action] || 'dots', tone: TONES[entry.action], say: entry.comment, time: timeText(entry.at),
        title: knows(key) ? t(key, { who }) : `${who || ''} ${t(knows(`leave-requests.action.${entry.action}`) ? `leave-requests.action.${entry.action}` : `action.${entry.action}`)}` };
}

