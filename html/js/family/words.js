// words.js: what is said to a guardian about one leave: a sentence, when the child is back, the steps.

import { t, dayText, givenName, knows, timeText, today } from '../ui.js';

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

/** The sentence a detail opens with. */
export function sentence(leave, child) {
    const started = leave.starts_on <= today();
    const key = `leave.say.${leave.state}`;
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
    const upper = leave.route && leave.route !== 'teacher';
    const list = ['hand_in', 'teacher', ...(upper ? [leave.route] : []), 'rest', 'back'];
    const at = { draft: 0, submitted: 1, provisional: upper ? 2 : 1, approved: upper ? 3 : 2, away: upper ? 3 : 2, overdue: upper ? 4 : 3,
        returned: list.length }[leave.state];

    return at === undefined ? null : {
        at,
        steps: list.map((step) => ({ label: t(upper ? `leave.step.short.${step}` : `leave.step.${step}`), icon: { hand_in: 'pen', rest: 'out', back: 'back' }[step] || 'clock' })),
    };
}

/** What comes next, for the top of the history; null when nothing does. */
export function nextStep(leave, child) {
    if (leave.state === 'submitted' || leave.state === 'provisional') {
        return { todo: true, icon: 'clock', title: t('leave.next.decide', { who: waitsFor(leave, child) }),
            time: leave.decide_by && t('leave.by', { time: timeText(leave.decide_by) }) };
    }
    if (['approved', 'away', 'overdue'].includes(leave.state) && leave.back_on) {
        return { todo: true, icon: 'back', title: t('leave.next.back', { back: backText(leave) }), text: t('leave.next.back.text') };
    }
    return null;
}

const ICONS = { submit: 'send', save: 'pen', consent: 'check', approve: 'check', reject: 'x', return: 'back', return_too: 'back', cancel: 'again',
    start: 'out', prolong: 'out', overrun: 'warn', escalate: 'up', escalate_further: 'up' };
const TONES = { consent: 'ok', approve: 'ok', return: 'ok', return_too: 'ok', reject: 'no', overrun: 'no' };

/** One entry of the history. mine: the reader did it. */
export function historyItem(entry, mine) {
    const who = mine ? t('leave.you') : entry.role === 'guardian' || !entry.role ? entry.actor : t('leave.teacher', { name: entry.actor });
    const key = `leave.did.${entry.action}`;

    return { icon: ICONS[entry.action] || 'dots', tone: TONES[entry.action], say: entry.comment, time: timeText(entry.at),
        title: knows(key) ? t(key, { who }) : `${who || ''} ${t(`leave-requests.action.${entry.action}`)}` };
}

