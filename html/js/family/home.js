// home.js: a guardian's start: each child, today, and what can be done now; then the latest slips.

import { Page, useChildren } from '../frame.js';
import { html, t, dayText, givenName, longDate, spanText, today, unbroken, useData, useEffect, useState, Empty, Icon, LeaveBadge, Note, Stale,
    Student, Waiting } from '../ui.js';

const back = (leave) => t('leave.back_when', { date: dayText(leave.back_on), half: t(`half.${leave.back_at?.slice(11, 13) < '12' ? 'am' : 'pm'}`) });

/* What a card says of today, by the live leave of the child and the calendar. */
function day(child) {
    const { leave } = child;

    if (leave?.state === 'overdue') {
        return { tone: 'no', icon: 'warn', title: t('home.overdue'), text: t('home.overdue.text', { back: back(leave) }), leave };
    }
    if (leave && (leave.state === 'away' || child.today === 'leave')) {
        return { icon: 'out', title: t(leave.kind === 'other' ? 'home.away' : `home.away.${leave.kind}`), leave,
            text: leave.back_on && t('home.until', { back: back(leave) }) };
    }
    if (leave?.state === 'provisional' && leave.route === 'teacher') {
        return { tone: 'ok', title: t('home.entered'), text: spanText(leave), leave };
    }
    if (leave && ['submitted', 'provisional'].includes(leave.state)) {
        return { tone: 'wait', title: t(leave.state === 'submitted' ? 'home.waiting' : 'home.provisional'), text: spanText(leave), leave };
    }
    if (leave?.state === 'approved') {
        return { tone: 'ok', title: t('home.approved'), text: spanText(leave), leave };
    }
    return child.today === 'off'
        ? { icon: 'home', title: t('home.off'), text: t('home.off.text') }
        : { tone: 'ok', icon: 'seat', title: t('home.school'), text: t('home.school.text') };
}

function Child({ child, main }) {
    const { tone, icon, title, text, leave } = day(child);
    const teacher = child.teachers.find((one) => one.phone);
    const gone = leave && ['away', 'overdue'].includes(leave.state);
    const inner = html`<${Note} tone=${tone} icon=${icon}><b>${title}</b>${text && html`<br/><span class="sm mut">${text}</span>`}<//>`;

    return html`<section class="card v" aria-label=${child.name}>
        <div class="h wrap"><span class="g keep"><${Student} name=${child.name}>${child.class_name}<//></span>${teacher
            && html`<a class="btn xs" href="tel:${teacher.phone}" aria-label=${t('home.call_teacher.name', teacher)}><${Icon} of="phone"/>${t('home.call_teacher')}</a>`}</div>
        ${leave ? html`<a class="plain" href="#/my-leave/${leave.id}">${inner}</a>` : inner}
        ${gone ? html`<div class="h"><a class="btn soft g" href="#/my-leave/${leave.id}?do=return"><${Icon} of="back"/>${t('leave-requests.action.return')}</a>
            <a class="btn g" href="#/my-leave/new?extends=${leave.id}">${t('home.extend')}</a></div>`
            : html`<a class="btn wide ${main && !leave ? 'pri' : 'soft'}" href="#/my-leave/new?child=${child.id}"><${Icon} of="leave"/>${t('home.ask', { name: givenName(child.name) })}</a>`}
        </section>`;
}

/** Who has an account, but no child in it yet. */
export const NoChildren = () => html`<div class="card"><${Empty} title=${t('home.no_children')} text=${t('home.no_children.text')}>
    <a class="btn pri" href="#/activate"><${Icon} of="key"/>${t('sign_in.have_code')}</a><//></div>`;

export const LeaveRow = ({ leave }) => html`<a class="li" href="#/my-leave/${leave.id}"><span class="g"><b>${t('leave.row', { child: givenName(leave.student_name), what: t(`code.leave_kind.${leave.kind}`) })}</b><br/>
    <span class="sm mut">${unbroken(spanText(leave))}</span></span><${LeaveBadge} state=${leave.state}/></a>`;

/** What other workflows have about the children; loaded once the page is there. */
function Others({ menu }) {
    const [Part, set] = useState(null);

    useEffect(() => { if (menu.length) { import('./others.js').then((module) => set(() => module.default), () => {}); } }, []);
    return Part && html`<${Part} menu=${menu}/>`;
}

export default function Home({ session }) {
    const children = useChildren();
    const items = children.value?.items;
    const recent = useData(session.has_children ? 'leave-requests?limit=10' : '');
    const leaves = recent.value?.items.slice(0, 5);
    const unsigned = recent.value?.items.filter((leave) => leave.needs_paper && leave.actions.some((one) => one.action === 'confirm')) || [];
    const first = items?.find((child) => !child.leave);

    return html`<${Page} title=${t('tab.children')} brand=${items?.[0]?.school_name} tab="children">
        <div><p class="cap n">${longDate(today())}</p><h1 tabindex="-1">${t('home.hello', session.account)}</h1></div>
        <${Stale} data=${children}/>
        ${unsigned.map((leave) => html`<a key=${leave.id} class="plain" href="#/my-leave/${leave.id}"><${Note} tone="wait" icon="paper"><b>${t('home.confirm', { name: givenName(leave.student_name) })}</b><br/>
            <span class="sm mut">${unbroken(spanText(leave))}</span><//></a>`)}
        ${items ? items.map((child) => html`<${Child} key=${child.id} child=${child} main=${child === first}/>`) : html`<${Waiting} data=${children}/>`}
        ${items?.length === 0 && html`<${NoChildren}/>`}
        ${items?.length > 0 && leaves && html`<section class="v v2"><h2>${t('home.recent')}</h2><div class="card flush">
            ${leaves.length ? leaves.map((leave) => html`<${LeaveRow} key=${leave.id} leave=${leave}/>`)
                : html`<${Empty} title=${t('home.no_leave')} text=${t('home.no_leave.text')}/>`}</div></section>`}
        <${Others} menu=${session.menu.filter((entry) => !['leave', 'students'].includes(entry.key))}/><//>`;
}
