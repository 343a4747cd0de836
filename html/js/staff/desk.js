// desk.js: the staff's desk: the frame of their pages (side navigation from 960 px, tabs below that), what waits for them,
// and the page they start with. One file, because the first page must come in few requests.

import { get } from '../api.js';
import { administrates, Bell, can, home, LargePrint, Lines, Page, session, Shared, skip, summary, useHeading } from '../frame.js';
import { html, t, dayText, dots, givenName, longDate, monday, now, spanText, timeText, today, useEffect, useState, Empty, Icon, Mark,
    Note, problemText, Seat, Stale, Waiting } from '../ui.js';

/* ---- answers that many pages show */

const plugins = new Shared('plugins', 600);
const openLeave = new Shared('leave-requests?view=open&limit=200', 60);
const queuedLeave = new Shared('leave-requests?queue=mine&limit=200', 60);         // only where `openLeave` has a second page
const classData = new Shared('classes', 300, (options) => get(`classes?with=term,seats${can('roster.import') ? ',guardians' : ''}`, options));
const lastImport = new Shared('imports?limit=1', 60);
const decided = new Set();                                            // "<id>.<version>": decisions on their way, out of the queue already

/** What this session may do: { menu, records, codes }. */
export const usePlugins = () => plugins.use();
export const recordOf = (name) => plugins.state.value?.records.find((record) => record.name === name);

/** Decides leave: class teacher, academic office, principal, and whoever stands in for them. */
export const decides = () => ['consent', 'delegate', 'office', 'principal', 'stand_in'].some((one) => can(`leave.${one}`));
export const waitsForMe = (item) => item.actions.some((one) => one.decides) && !decided.has(`${item.id}.${item.version}`);

/** Leave that is not finished: items, queue (what waits for me), more (there are others that are not among the items). */
export function useLeave(wanted = can('leave.read')) {
    const all = openLeave.use(wanted);
    const more = Boolean(all.value?.next);
    const mine = queuedLeave.use(wanted && more && decides());
    const items = all.value?.items;

    return { ...all, items, more, queue: (more ? mine.value?.items : items)?.filter(waitsForMe) };
}

export async function reloadLeave() {
    await Promise.all([openLeave.refresh(), queuedLeave.state.value && queuedLeave.refresh()]);
}

/** Takes a slip, as it is now, out of the queue, or puts it back. */
export function setDecided({ id, version }, yes) {
    decided[yes ? 'add' : 'delete'](`${id}.${version}`);
    openLeave.tell();
}

/** Classes of the school: { value: { items, term }, … }. */
export const useClasses = (wanted = session().positions.some((one) => one.school_id)) => classData.use(wanted);

/* ---- what this phone has not delivered yet, or could not */

const kept = { items: [], watchers: new Set(), watching: false };

/** Follows the outbox from now on. */
export async function followOutbox() {
    if (!kept.watching) {
        kept.watching = true;

        const { waiting, watch } = await import('../outbox.js');
        const set = (items) => {
            kept.items = items.filter((item) => item.about.action && item.status !== 'held');
            kept.watchers.forEach((watcher) => watcher());
        };

        watch((items, answer) => {
            set(items);
            if (answer) {
                reloadLeave();
            }
        });
        set(await waiting());
    }
}

function useKept() {
    const [, draw] = useState(0);

    useEffect(() => {
        const watcher = () => draw((n) => n + 1);

        kept.watchers.add(watcher);
        if (localStorage.getItem('baoxue.waiting')) {
            followOutbox();
        }
        return () => kept.watchers.delete(watcher);
    }, []);
    return kept.items.filter((item) => item.account === session().account.id);
}

/** What became of decisions that did not get through, until somebody has read it. */
function Undelivered() {
    const items = useKept();
    const waiting = items.filter((item) => item.status === 'waiting').length;

    async function read(item) {
        const { remove } = await import('../outbox.js');

        setDecided(item.about, false);
        remove(item.id);
    }

    return html`<div role="status" class="v v2" hidden=${!items.length}>
        ${waiting > 0 && html`<${Note} tone="wait" icon="off">${t('desk.waiting', { n: waiting })}<//>`}
        ${items.filter((item) => item.status === 'refused').map((item) => html`<${Note} key=${item.id} tone="no"><p><b>${t('desk.refused', { name: item.about.student_name,
            what: item.about.label })}</b> ${[409, 412].includes(item.problem.status) ? t('desk.changed') : problemText(item.problem)}</p>
            <div class="h"><a class="btn xs" href="#/${item.path.split('/').slice(0, 2).join('/')}">${t('desk.see')}</a>
                <button class="btn xs" type="button" onClick=${() => read(item)}>${t('desk.read')}</button></div><//>`)}</div>`;
}

/* ---- the frame */

/** Places of the menu: today, what the workflows offer (first what waits for me), own children. */
export function useMenu() {
    const { queue, more } = useLeave(decides());
    const { overdue = 0, today: due = 0, queues: waiting = {} } = summary.use().value || {};
    const count = (entry) => entry.decides.reduce((n, name) => n + (name === 'leave-requests' ? queue?.length || 0 : waiting[name] || 0), 0);
    const menu = (session().menu || []).map((entry) => ({ ...entry, count: count(entry), plus: more && count(entry) >= 200 }));

    if (!session().positions.length) {
        return [['children', 'home'], ['my-leave', 'leave']].map(([to, icon]) => ({ href: `#/${to}`, icon, label: t(`tab.${to}`) }))
            .concat(menu.filter((entry) => entry.key !== 'leave'));
    }
    const rank = (entry) => (['tasks', 'roll'].includes(entry.key) ? 0 : entry.key === 'outbox' ? 3 : entry.decides.length ? 1 : 2);
    const work = menu.filter((entry) => !isAdmin(entry)).map((entry) => (entry.key === 'tasks' ? { ...entry, count: overdue + due } : entry));

    return [...(administrates() ? [] : [{ href: '#/today', icon: 'home', label: t('desk.today') }]),
        ...[0, 1, 2, 3].flatMap((n) => work.filter((entry) => rank(entry) === n)),
        ...(session().has_children ? [{ href: '#/children', icon: 'user', label: t('desk.children') }] : []), ...menu.filter(isAdmin)];
}

/** Entries of administration make up a group at the end. */
export const isAdmin = (entry) => /^(admin(\..*)?|calendar|audit|system|outbox)$/.test(entry.key || '');

/* Four places of a phone: of administration one, from which the others are reached. */
export function tabsOf(menu) {
    const admin = menu.find((item) => item.key === 'admin') || menu.find(isAdmin);
    const work = menu.filter((item) => !isAdmin(item));

    return admin ? [...work.slice(0, 3), ...(admin.key === 'admin' ? [{ ...admin, label: t('desk.admin') }] : work.length > 3 ? [work[3]] : [admin])] : work.slice(0, 4);
}

/** crumb: line above the title; tools: buttons beside it; current: href of the lit place; dock: the main buttons of a phone,
 *  in place of the tabs; back: the page above this one. Whoever has no position sees the page as a page of guardians. */
export const Desk = (props) => (session().positions.length ? html`<${StaffDesk} ...${props}/>` : html`<${FamilyDesk} ...${props}/>`);

const FamilyDesk = ({ title, tools, back = 'children', dock, children }) => html`<${Page} title=${title} back=${back} tab="children" dock=${dock}>
    <${Undelivered}/>${tools && html`<div class="h wrap end">${tools}</div>`}${children}<//>`;

function StaffDesk({ title, crumb, tools, current, dock, children }) {
    const heading = useHeading(title);
    const menu = useMenu();
    const who = session();
    const here = who.positions[0];
    const link = (item) => html`<a key=${item.href} href=${item.href} aria-current=${item.href === current ? 'page' : undefined}>
        <${Icon} of=${item.icon}/>${item.label}${item.count > 0 && html`<span class="cnt">${item.count}${item.plus && '+'}<span class="sr">${t('desk.count')}</span></span>`}</a>`;

    return html`<a class="skip" href="#main" onClick=${skip}>${t('skip')}</a><div class="shell">
    <nav class="side" aria-label=${t('places')}><a class="brand" href="#/${home()}"><${Mark}/><span>${t('name')}</span></a>
        ${menu.filter((item) => !isAdmin(item)).map(link)}${link({ href: '#/notices', icon: 'bell', label: t('bell'), count: summary.use().value?.unread || 0 })}
        ${menu.some(isAdmin) && html`<h2>${t('desk.admin')}</h2>${menu.filter(isAdmin).map(link)}`}<span class="g"></span><a href="#/me" aria-current=${current === '#/me' ? 'page' : undefined}><${Icon} of="user"/><span class="sm"><span class="b">${who.account.name}</span>${here && html`<br/>
            <span class="cap">${here.unit_name} ${here.role_label}</span>`}</span></a></nav>
    <div class="desk"><header class="bar narrow"><a class="brand g" href="#/${home()}"><${Mark}/><span>${here?.school_name || here?.unit_name || t('name')}</span></a><${Bell}/><${LargePrint}/></header>
    <${Lines}/>
    <main class="page v" id="main" tabindex="-1"><div class="h wrap"><div class="g">${crumb && html`<p class="crumb">${crumb}</p>`}
        <h1 tabindex="-1" ref=${heading}>${title}</h1></div>${tools}</div><${Undelivered}/>${children}</main></div>
    ${dock ? html`<div class="dock h narrow">${dock}</div>` : html`<nav class="tabs narrow" aria-label=${t('places')}>${tabsOf(menu).map(link)}
        <a href="#/me" aria-current=${current === '#/me' ? 'page' : undefined}><${Icon} of="user"/>${t('tab.me')}</a></nav>`}</div>`;
}

/* ---- the first page */

const roles = () => session().positions.map((one) => one.role);
const absent = (item) => item.state === 'away' || (['approved', 'provisional'].includes(item.state) && item.starts_on <= today() && item.ends_on >= today());
const kindOf = (item) => t(`desk.kind.${item.kind}`);

/** 上午 or 下午 of a time. */
export const halfOf = (iso) => t(`half.${iso.slice(11, 13) < '12' ? 'am' : 'pm'}`);
export const backText = (item) => t('desk.back', { date: dayText(item.back_on), half: item.back_at ? halfOf(item.back_at) : '' });

/** 王老师，早 */
function greeting() {
    const { name } = session().account;
    const surname = name.slice(0, name.length - givenName(name).length);
    const hour = Number(now().slice(11, 13));
    const part = ['morning', 'noon', 'afternoon', 'evening'][[11, 13, 18].filter((h) => hour >= h).length];

    return t(`desk.hello.${part}`, { name: surname && roles().some((role) => ['teacher', 'subject', 'psych', 'grade'].includes(role))
        ? t('desk.teacher', { name, surname }) : name });
}

const week = (term) => Math.floor((Date.parse(monday(today())) - Date.parse(monday(term.starts_on))) / (7 * 86400e3)) + 1;

/* One seat of the chart, 15 a row. */
function seatShape(state, i) {
    const [x, y] = [1 + (i % 15) * 22, 1 + Math.floor(i / 15) * 31];
    const desk = `M${x} ${y + 19}v-16q0-3 3-3h11q3 0 3 3v16z`;

    if (state === 'overdue') {
        return html`<path class="l2" d="M${x + 1} ${y + 20}v-16q0-3 3-3h9q3 0 3 3v16z"/>`;
    }
    return state === 'away' ? html`<path class="f4" d="M${x} ${y + 23}v-20q0-3 3-3h11q3 0 3 3v20z"/><rect class="fs" x=${x + 5} y=${y + 9} width="7" height="2.5"/>`
        : html`<path class="fw" d=${desk}/><rect class="f1" x=${x} y=${y + 19} width="17" height="4"/>`;
}

/** Who is out: a seat and a name, leading to the slip. */
const Out = ({ item }) => html`<a class="stu" href="#/leave/${item.id}"><${Seat} name=${item.student_name} small out=${item.state === 'overdue'}/>
    <span><b>${item.student_name}</b><small>${item.state === 'overdue' ? t('desk.overdue.short') : dots(kindOf(item), item.back_on && backText(item))}</small></span></a>`;

/* Whoever may not read leave is shown no seats: they would all look taken. */
function ClassCard({ entry, items, seats }) {
    const out = items?.filter((item) => item.class_id === entry.id && absent(item)) || [];
    const over = items?.filter((item) => item.class_id === entry.id && item.state === 'overdue') || [];
    const state = Object.fromEntries([...out.map((item) => [item.student_id, 'away']), ...over.map((item) => [item.student_id, 'overdue'])]);
    const [away, overdue] = ['away', 'overdue'].map((one) => Object.values(state).filter((s) => s === one).length);

    return html`<section class="card v"><div class="h"><h2 class="g"><a class="plain" href="#/students?class=${entry.id}">${entry.name}</a></h2><span class="mut n">${t('desk.children_n', { n: entry.students })}</span></div>
        ${seats && html`<svg class="ch seats" viewBox="0 0 330 ${Math.max(1, Math.ceil(entry.seats.length / 15)) * 31}" role="img"
            aria-label=${t('desk.seats', { n: entry.seats.length, away, overdue })}>${entry.seats.map((seat, i) => seatShape(state[seat.id], i))}</svg>`}
        ${items && html`<p class="tally">${away + overdue === 0 ? html`<span class="t-pine">${t('desk.all_here')}</span>` : html`
            <span class="t-blue"><b>${away}</b> ${t('desk.on_leave')}</span>${overdue > 0 && html`<span class="t-red"><b>${overdue}</b> ${t('desk.overdue.short')}</span>`}`}</p>`}
        ${out.length + over.length > 0 && html`<div class="h wrap outs">${[...over, ...out].map((item) => html`<${Out} key=${item.id} item=${item}/>`)}</div>`}</section>`;
}

/** Whole days since. */
const since = (iso) => Math.max(0, Math.round((Date.parse(today()) - Date.parse(iso.slice(0, 10))) / 86400e3));

function OverdueRow({ item }) {
    const n = since(item.back_at || item.back_on);

    return html`<a class="li task over" href="#/leave/${item.id}"><${Icon} of="warn"/><span class="g"><b>${t('desk.overdue', { name: item.student_name })}</b><br/>
        <span class="sm mut">${t(can('leave.return') ? 'desk.overdue.do' : 'desk.overdue.see', { kind: kindOf(item), span: spanText(item), name: session().positions.some((one) => one.school_id) ? item.class_name : `${item.school_name} ${item.class_name}` })}</span></span>
        <span class="due t-red">${n > 0 ? t('desk.late', { n }) : t('date.today')}</span></a>`;
}

function QueueRow({ queue }) {
    const due = queue.map((item) => item.decide_by).filter(Boolean).sort()[0];
    const late = due && due.slice(0, 16) < now();
    const soon = due && !late && due.slice(0, 10) === today();
    const names = [...new Set(queue.map((item) => item.student_name))];

    return html`<a class="li task ${late ? 'over' : soon ? 'soon' : ''}" href="#/leave"><${Icon} of="leave"/><span class="g"><b>${t('desk.queue', { n: queue.length })}</b><br/>
        <span class="sm mut">${names.slice(0, 6).join(t('desk.comma'))}${names.length > 6 && t('desk.and_more', { n: names.length })}</span></span>
        ${due && html`<span class="due ${late ? 't-red' : soon ? 't-amber' : ''}">${late ? t('desk.due.late') : t('desk.due', { time: timeText(due) })}</span>`}</a>`;
}

/** Slips of leave asked for by telephone that have not come. */
const PaperRow = ({ slips }) => html`<a class="li task" href="#/leave?show=paper"><${Icon} of="paper"/><span class="g"><b>${t('desk.paper', { n: slips.length })}</b><br/>
    <span class="sm mut">${[...new Set(slips.map((item) => item.student_name))].slice(0, 6).join(t('desk.comma'))}</span></span></a>`;

/** Where a task is done; one whose excuse I decide on, or that somebody else has, is looked at first. */
export const doneAt = (task) => (task.mine && task.state === 'open' && task.href) || `#/tasks/${task.id}`;

/** When it is due, as people say it. */
export function Due({ task }) {
    const { due_on: day, working_due: at, overdue } = task;
    const n = day ? since(day) : 0;

    return at && html`<span class="due ${overdue ? 't-red' : day === today() ? 't-amber' : ''}">${overdue ? n > 0 ? t('desk.late', { n }) : t('desk.due.late')
        : at.slice(11, 16) === '00:00' ? day === today() ? t('task.within.today') : t('desk.due', { time: dayText(day) }) : t('desk.due', { time: timeText(at) })}</span>`;
}

/** My own, not raised to me from below. */
const owns = ({ assignee, owner }) => assignee?.id === session().account.id
    || session().positions.some((one) => one.role === owner.role && one.unit_id === owner.unit_id);

const MineRow = ({ task }) => html`<a class="li task ${task.overdue ? 'over' : 'soon'}" href=${doneAt(task)}><${Icon} of=${task.overdue ? 'warn' : 'check'}/><span class="g"><b>${task.title}</b><br/>
    <span class="sm mut">${dots(task.class_name, owns(task) ? task.closes : t('task.of', { role: task.assignee?.name || task.owner.role_label }))}</span></span><${Due} task=${task}/></a>`;

/** Order: overdue, today, coming. Nothing is named twice: slips have a line of their own, a workflow's queue is what is left of it. */
function Tasks({ leave, waiting }) {
    const { items = [], overdue = 0, today: due = 0 } = summary.use().value || {};
    const mine = items.filter((task) => !leave.queue?.some((item) => item.id === task.record_id));
    const over = leave.items.filter((item) => item.state === 'overdue' && !item.own_child);
    const paper = leave.items.filter((item) => item.state === 'awaiting_paper' && item.actions.some((one) => one.action === 'attach_paper'));
    const rows = Object.entries(waiting).map(([name, count]) => [name, count - mine.filter((task) => task.record === name).length])
        .filter(([, count]) => count > 0);
    const more = overdue + due - items.length;
    const n = mine.length + over.length + (leave.queue?.length ? 1 : 0) + (paper.length ? 1 : 0) + rows.length + more;

    if (n === 0 && !decides()) {
        return null;
    }
    return html`<section class="v v2"><h2>${t(decides() || can('leave.return') || mine.length ? 'desk.tasks' : 'desk.overdue.list')} ${n > 0 && html`<span class="sm mut">${t('desk.n_tasks', { n })}</span>`}</h2>
        ${n === 0 ? html`<div class="card"><${Empty} title=${t('desk.nothing')} text=${t('desk.nothing.text')}/></div>`
            : html`<div class="card flush">${mine.map((task) => html`<${MineRow} key=${task.id} task=${task}/>`)}
            ${more > 0 && html`<a class="li" href="#/tasks">${t('task.more', { n: more })}</a>`}
            ${over.slice(0, 8).map((item) => html`<${OverdueRow} key=${item.id} item=${item}/>`)}
            ${over.length > 8 && html`<a class="li" href="#/leave?show=overdue">${t('desk.overdue.more', { n: over.length - 8 })}</a>`}
            ${leave.queue?.length > 0 && html`<${QueueRow} queue=${leave.queue}/>`}
            ${paper.length > 0 && html`<${PaperRow} slips=${paper}/>`}
            ${rows.map(([name, count]) => html`<a key=${name} class="li task" href="#/${name}?queue=mine"><${Icon} of="list"/><span class="g"><b>${t('desk.others', { n: count,
                what: session().menu.find((entry) => entry.decides.includes(name)).label })}</b></span></a>`)}</div>`}</section>`;
}

/** Back today, away from tomorrow: what a class teacher wants to know. */
function Coming({ items }) {
    const back = items.filter((item) => item.state === 'away' && item.back_on === today());
    const next = items.filter((item) => item.state === 'approved' && item.starts_on > today()).sort((a, b) => (a.starts_on < b.starts_on ? -1 : 1));
    const row = (item, icon, title, due) => html`<a key=${item.id} class="li task" href="#/leave/${item.id}"><${Icon} of=${icon}/><span class="g"><b>${title}</b><br/>
        <span class="sm mut">${dots(kindOf(item), spanText(item))}</span></span><span class="due">${due}</span></a>`;

    return back.length + next.length > 0 && html`<section class="v v2"><h2>${t('desk.coming')}</h2><div class="card flush">
        ${back.map((item) => row(item, 'back', t('desk.back_today', { name: item.student_name }), item.back_at ? halfOf(item.back_at) : t('date.today')))}
        ${next.slice(0, 6).map((item) => row(item, 'out', t('desk.leaves', { name: item.student_name }), dayText(item.starts_on)))}</div></section>`;
}

/** How many, for those who look after more than a class. */
function Sentence({ items, more }) {
    const [away, overdue] = [items.filter(absent).length, items.filter((item) => item.state === 'overdue').length];

    return html`<p class="say1">${away + overdue === 0 ? t('desk.say.nobody') : html`${t('desk.say.away', { n: more ? `${away}+` : away })}${overdue > 0
        && html`${t('desk.say.and')}<em class="n">${t('desk.say.overdue', { n: overdue })}</em>`}${t('desk.say.end')}`}</p>`;
}

/** Who is away today, by class (in one school) or by school. */
function AwayToday({ items, more, classes }) {
    const order = (item) => classes?.findIndex((one) => one.id === item.class_id) ?? 0;
    const out = items.filter((item) => item.state === 'overdue' || absent(item)).sort((a, b) => order(a) - order(b));
    const schools = new Set(out.map((item) => item.school_id));
    const bySchool = !session().positions.some((one) => one.school_id) && schools.size > 0;
    const groups = new Map();

    for (const item of out) {
        const key = bySchool ? item.school_id : item.class_id;

        groups.set(key, [...(groups.get(key) || []), item]);
    }
    return html`<section class="v v2"><h2>${t('desk.away_today')} ${out.length > 0 && html`<span class="sm mut">${t('desk.n_children', { n: more ? `${out.length}+` : out.length })}</span>`}</h2>
        ${out.length === 0 ? html`<div class="card"><${Empty} title=${t('desk.nobody_away')} text=${t('desk.nobody_away.text')}/></div>`
            : html`<div class="card flush">${[...groups.entries()].map(([key, group]) => html`<div key=${key} class="li wrap"><b class="of">${bySchool ? group[0].school_name : group[0].class_name}</b>
            <div class="h wrap g outs">${group.slice(0, 12).map((item) => html`<${Out} key=${item.id} item=${item}/>`)}
            ${group.length > 12 && html`<a href="#/leave?show=away">${t('desk.and_more', { n: group.length })}</a>`}</div></div>`)}</div>`}</section>`;
}

function Roster({ last, classes }) {
    const all = classes?.reduce((n, one) => n + (one.guardians || 0), 0);
    const open = all - classes?.reduce((n, one) => n + (one.guardians_active || 0), 0);

    return html`<section class="v v2"><h2>${t('desk.roster')}</h2><div class="card v">${last
        ? html`<p class="say1">${t('desk.roster.last', { date: dayText(last.created_at.slice(0, 10)), n: last.added + last.changed + last.unchanged })}</p>
            <p><a href="#/imports/${last.id}">${last.filename}</a>${last.rejected > 0 && html` <span class="t-red">${t('desk.roster.rejected', { n: last.rejected })}</span>`}</p>`
        : html`<${Empty} title=${t('desk.roster.none')} text=${t('desk.roster.none.text')}/>`}
        ${all > 0 && html`<p>${open > 0 ? t('desk.roster.open', { n: open, all }) : t('desk.roster.all_active', { all })}</p><progress max=${all} value=${all - open}
            aria-label=${t('desk.roster.active')}></progress>`}
        <div class="h wrap"><a class="btn pri" href="#/imports"><${Icon} of="up"/>${t('desk.roster.import')}</a>
            ${all > 0 && open > 0 && can('import.slips') && html`<a class="btn" href="#/slips"><${Icon} of="print"/>${t('desk.slips')}</a>`}</div></div></section>`;
}

const ClassList = ({ classes }) => html`<section class="v v2"><h2>${t('desk.classes')}</h2><div class="card flush">${classes.map((one) => html`<a key=${one.id} class="li" href="#/students?class=${one.id}">
    <b class="g">${one.name}</b><span class="mut">${one.teacher}</span><span class="n">${t('desk.children_n', { n: one.students })}</span><${Icon} of="r"/></a>`)}</div></section>`;

export default function Today() {
    const registrar = can('roster.import') && !decides();
    const reads = can('leave.read') && !registrar;
    const classes = useClasses();
    const leave = useLeave(reads);
    const waiting = summary.use().value?.queues || {};
    const last = lastImport.use(registrar);
    const teaches = session().positions.filter((one) => one.level === 'class').map((one) => one.unit_id);
    const own = classes.value?.items.filter((one) => one.seats && teaches.includes(one.id)) || [];
    const term = classes.value?.term;

    useEffect(() => { summary.refresh(5); }, []);                     // what was done on the page before is off the list
    return html`<${Desk} title=${greeting()} current="#/today" crumb=${html`<span class="n">${dots(longDate(today()), term && t('desk.week', { n: week(term) }))}</span>`}>
        <${Stale} data=${reads ? leave : classes}/>
        <div class=${own.length ? 'c2' : 'v v5'}>
            ${registrar && html`<div class="v v5">${last.value ? html`<${Roster} last=${last.value.items[0]} classes=${classes.value?.items}/>` : html`<${Waiting} data=${last}/>`}</div>`}
            ${own.length > 0 && html`<div class="v v5">${own.map((one) => html`<${ClassCard} key=${one.id} entry=${one} items=${reads ? leave.items : undefined} seats=${reads}/>`)}</div>`}
            ${!reads && html`<${Tasks} leave=${{ items: [] }} waiting=${waiting}/>`}
            ${!reads && !own.length && classes.reload && (classes.value ? html`<${ClassList} classes=${classes.value.items}/>` : html`<${Waiting} data=${classes}/>`)}
            ${reads && html`<div class="v v5">${!leave.items ? html`<${Waiting} data=${leave}/>` : own.length
                ? html`<${Tasks} leave=${leave} waiting=${waiting}/><${Coming} items=${leave.items.filter((item) => own.some((one) => one.id === item.class_id))}/>`
                : html`<${Sentence} items=${leave.items} more=${leave.more}/><${Tasks} leave=${leave} waiting=${waiting}/><${AwayToday} items=${leave.items} more=${leave.more} classes=${classes.value?.items}/>`}</div>`}</div><//>`;
}

