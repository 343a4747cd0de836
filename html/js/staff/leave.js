// leave.js: slips: those that wait for me, who is away, who has not come back, and all. On a wide screen the chosen slip is
// beside the list; ↑ ↓ Y N and the space bar work while the list has the focus.

import { paper } from '../family/words.js';
import { can, session, takeBack } from '../frame.js';
import { Choice } from '../parts.js';
import { html, t, days, dots, spanText, timeText, useEffect, useState, Badge, Empty, Icon, LeaveBadge, Seat, Stale, Waiting } from '../ui.js';
import { Asked, decide, mayReject, yes, yesLabel } from './decide.js';
import { backText, decides, Desk, recordOf, reloadLeave, useClasses, useLeave, usePlugins } from './desk.js';
import { Export } from './export.js';
import { More, Search, Select, usePages, useWide } from './list.js';
import { Actions, hasActions, Slip, useComment } from './slip.js';

const kindOf = (leave) => t(`code.leave_kind.${leave.kind}`);

/* What the third line of a row says. */
function when(leave) {
    if (leave.state === 'overdue' || leave.state === 'away') {
        return dots(spanText(leave), leave.back_on && backText(leave), paper(leave)?.text);
    }
    if (paper(leave)) {
        return dots(spanText(leave), paper(leave).text);
    }
    return dots(spanText(leave), leave.submitted_at && t('slips.handed_in', { time: timeText(leave.submitted_at) }));
}

function Row({ leave, chosen, choose, ticked, tick, ask, act, several }) {
    const returns = ['away', 'overdue'].includes(leave.state) && leave.actions.some((one) => one.action === 'return');
    const waits = Boolean(yes(leave));
    const small = (what, icon, label) => html`<button class="btn soft xs" type="button" onClick=${() => ask(what, leave)} aria-label=${t('slips.do', { what: label, name: leave.student_name })}>
        <${Icon} of=${icon}/>${label}</button>`;
    const may = (action) => leave.actions.some((one) => one.action === action);

    return html`<li class="li wrap ${chosen ? 'sel' : ''}">
        ${tick && html`<label class="tick"><input type="checkbox" aria-label=${t('slips.tick', { name: leave.student_name })} checked=${ticked} onChange=${() => tick(leave)}/></label>`}
        <a class="g stu" id="slip-${leave.id}" href="#/leave/${leave.id}" aria-current=${chosen ? 'true' : undefined} onClick=${(e) => choose(e, leave)}>
            <${Seat} name=${leave.student_name} out=${leave.state === 'overdue'}/><span class="g"><b>${leave.student_name} <span class="mut">${kindOf(leave)}</span> <span class="n">${days(leave.school_days)}</span></b>
            <span class="sm mut cut">${leave.reason}</span><span class="cap">${dots(several && leave.class_name, when(leave))}</span></span></a>
        <span class="h wrap acts">${waits && leave.escalated && html`<${Badge} tone="wait" icon="clock">${t('slips.stand_in')}<//>`}
        ${leave.own_child && html`<${Badge} tone="none" icon="users">${t('slips.own_child')}<//>`}
        ${!waits && html`<${LeaveBadge} state=${leave.state}/>`}
        ${waits && html`<button class="btn soft xs" type="button" onClick=${() => act(leave)} aria-label=${t('slips.yes', { what: yesLabel(leave), name: leave.student_name })}>
            <${Icon} of="check"/>${yesLabel(leave)}</button>`}
        ${mayReject(leave) && html`<button class="btn xs" type="button" onClick=${() => ask('reject', leave)} aria-label=${t('slips.no', { name: leave.student_name })}>
            ${t('leave-requests.action.reject')}</button>`}
        ${returns && small('return', 'back', t('leave-requests.action.return'))}
        ${leave.state === 'awaiting_paper' && may('attach_paper') && small('attach_paper', 'cam', t('leave-requests.action.attach_paper'))}
        ${may('accept') && small('accept', 'check', t('leave-requests.action.accept'))}</span></li>`;
}

/** All slips as an office table. */
const Table = ({ items, chosen, choose }) => html`<div class="tw" tabindex="0" role="region" aria-label=${t('slips.table')}><table class="tb tight"><thead><tr>
    ${['class_name', 'student_name', 'kind'].map((name) => html`<th key=${name} scope="col">${t(`leave-requests.${name}`)}</th>`)}<th scope="col">${t('slips.span')}</th>
    <th scope="col" class="r">${t('leave-requests.school_days')}</th>${['state', 'decided_by', 'returned_at'].map((name) => html`<th key=${name} scope="col">${t(`leave-requests.${name}`)}</th>`)}</tr></thead>
    <tbody>${items.map((leave) => html`<tr key=${leave.id} class=${chosen?.id === leave.id ? 'sel' : ''}><td class="n">${leave.class_name}</td>
        <td><a id="slip-${leave.id}" href="#/leave/${leave.id}" onClick=${(e) => choose(e, leave)}>${leave.student_name}</a></td><td>${kindOf(leave)}</td><td class="n">${spanText(leave)}</td>
        <td class="r">${leave.school_days}</td><td><${LeaveBadge} state=${leave.state}/></td><td>${leave.decided_by || '—'}</td><td class="n">${leave.returned_at ? timeText(leave.returned_at) : '—'}</td></tr>`)}</tbody></table></div>`;

function Rail({ leave, ask }) {
    const [comment, said] = useComment(leave);

    return html`<aside class="card v rail" aria-label=${t('leave.detail')}><${Slip} leave=${leave}>${comment}${hasActions(leave) && html`<div class="h wrap"><${Actions} leave=${leave} comment=${said} ask=${ask} wide/></div>`}<//></aside>`;
}

/** The list of one chip: from what the desk knows, or asked for. */
function useSlips(show, q, filter) {
    const known = useLeave();
    const query = new URLSearchParams({ ...(show === 'all' ? filter : { view: show }), ...(q && { q }) }).toString();
    const here = show !== 'all' && show !== 'paper' && !known.more && !q;                          // the desk has them already
    const asked = usePages(show === 'mine' || here ? '' : `leave-requests?${query}`, { kept: !q });

    if (show === 'mine') {
        return { known, list: { ...known, items: known.queue?.filter((leave) => leave.student_name.includes(q)) } };
    }
    if (here) {
        return { known, list: { ...known, items: known.items?.filter((leave) => leave.state === show) } };
    }
    return { known, list: asked };
}

/** What the page is called: by how many there are. A slip that can no longer come is listed, but not counted. */
function title(show, all, more) {
    const items = show === 'paper' ? all?.filter((leave) => leave.state !== 'no_paper') : all;

    if (show === 'paper' && all?.length && !items.length) {
        return t('slips.title.paper.lapsed');
    }
    return nameOfList(show, items, more);
}

const nameOfList = (show, items, more) => (show === 'all' || !items ? t('menu.leave') : items.length === 0 ? t(`slips.title.${show}.none`)
    : t(`slips.title.${show}`, { n: more ? `${items.length}+` : items.length }));

export default function Leave({ query }) {
    const [show, setShow] = useState(query.show || (decides() ? 'mine' : 'away'));
    const [q, setQ] = useState('');
    const [filter, setFilter] = useState({});
    const [id, setId] = useState('');
    const [ticked, setTicked] = useState([]);
    const [picking, setPicking] = useState(false);
    const [asked, ask] = useState({});
    const wide = useWide(72);
    const classes = useClasses();
    const plugins = usePlugins();
    const { known, list } = useSlips(show, q, filter);
    const { items } = list;
    const chosen = wide ? items?.find((leave) => leave.id === id) || (show !== 'all' && items?.[0]) : null;
    const several = (classes.value?.items.length || 2) > 1;
    const marked = items?.filter((leave) => ticked.includes(leave.id)) || [];
    const count = (n) => (n === undefined || known.more ? '' : ` ${n}`);
    const chips = [...(decides() ? [['mine', known.queue?.length]] : []), ['away', known.items?.filter((leave) => leave.state === 'away').length],
        ['overdue', known.items?.filter((leave) => leave.state === 'overdue').length],
        ['paper', known.items?.filter((leave) => paper(leave)).length], ['all']];

    useEffect(() => { setTicked([]); }, [show]);

    function choose(event, leave) {
        if (wide && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
            event.preventDefault();
            setId(leave.id);
        }
    }

    const focus = (leave) => leave && setTimeout(() => document.getElementById(`slip-${leave.id}`)?.focus());

    /** Decides, and goes on to the next slip. */
    function act(leave) {
        const rest = items.filter((one) => one.id !== leave.id);
        const next = rest[Math.min(items.indexOf(leave), rest.length - 1)];

        setId(next?.id || '');
        decide([leave]);
        focus(next);
    }

    function keys(event) {
        const at = items.findIndex((leave) => `slip-${leave.id}` === document.activeElement.id);
        const leave = items[at];

        if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || ['INPUT', 'TEXTAREA', 'SELECT'].includes(event.target.tagName)) {
            return;
        }
        if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
            const to = items[Math.max(0, Math.min(items.length - 1, at < 0 ? 0 : at + (event.key === 'ArrowDown' ? 1 : -1)))];

            event.preventDefault();
            setId(to.id);
            focus(to);
        } else if (leave && /^y$/i.test(event.key) && yes(leave)) {
            act(leave);
        } else if (leave && /^n$/i.test(event.key) && mayReject(leave)) {
            event.preventDefault();
            ask({ what: 'reject', leave });
        } else if (leave && event.key === ' ' && yes(leave)) {
            event.preventDefault();
            tick(leave);
        } else if (/^z$/i.test(event.key)) {
            takeBack();
        }
    }

    const tick = (leave) => setTicked(ticked.includes(leave.id) ? ticked.filter((one) => one !== leave.id) : [...ticked, leave.id]);

    function acceptAll() {
        decide(marked);
        setTicked([]);
    }

    const states = plugins.value && recordOf('leave-requests')?.states.filter((state) => state.name !== 'draft') || [];
    const choosing = show === 'mine' && (wide || picking);
    const rows = items?.map((leave) => html`<${Row} key=${leave.id} ...${{ leave, choose, act, several }} chosen=${chosen?.id === leave.id} ticked=${ticked.includes(leave.id)}
        tick=${choosing && tick} ask=${(what) => ask({ what, leave })}/>`);
    const here = session().positions[0];

    return html`<${Desk} title=${title(show, items, list.next)} crumb=${`${here?.unit_name || ''} / ${t('menu.leave')}`} current="#/leave" tools=${html`<div class="tools"><a class="btn" href="#/leave/day"><${Icon} of="cal"/>${t('day.title')}</a>
            ${can('leave.enter') && html`<a class="btn pri" href="#/leave/new"><${Icon} of="phone"/>${t('entry.title')}</a>`}</div>`}>
        <div class="tools"><${Choice} name="show" label=${t('slips.show')} quiet tight value=${show} onChange=${setShow}
            choices=${chips.map(([value, n]) => ({ value, label: `${t(`slips.show.${value}`)}${count(n)}` }))}/><span class="g"></span>
            <${Search} label=${t('slips.search')} onSearch=${setQ}/>
            ${show === 'all' && html`<${Select} label=${t('leave-requests.state')} all=${t('slips.all_states')} value=${filter.state} onChange=${(state) => setFilter({ ...filter, state })}
                options=${states.map((state) => ({ value: state.name, label: t(`leave-requests.state.${state.name}`) }))}/>
            ${classes.value?.items.length > 1 && html`<${Select} label=${t('leave-requests.class_id')} all=${t('slips.all_classes')} value=${filter.class_id}
                onChange=${(class_id) => setFilter({ ...filter, class_id })} options=${classes.value.items.map((one) => ({ value: one.id, label: one.name }))}/>`}`}
            ${show === 'mine' && !wide && items?.length > 1 && html`<button class="btn" type="button" aria-pressed=${String(picking)} onClick=${() => { setPicking(!picking); setTicked([]); }}>${t(picking ? 'slips.pick.end' : 'slips.pick')}</button>`}
            ${items?.length > 0 && html`<${Export} record="leave-requests" query=${{ q, ...(show === 'mine' ? { queue: 'mine' } : show === 'all' ? filter : { view: show }) }}/>`}</div>
        <${Stale} data=${list}/>
        ${!items ? html`<${Waiting} data=${list}/>` : !items.length ? html`<div class="card"><${Empty} title=${t(q || show === 'all' ? 'list.nothing' : `slips.empty.${show}`)}
                text=${t(q || show === 'all' ? 'list.nothing.text' : `slips.empty.${show}.text`)}/></div>`
            : html`<div class=${chosen ? 'side2 rails' : 'v'} onKeyDown=${keys}><div class="v">
            ${show === 'all' && wide ? html`<${Table} items=${items} chosen=${chosen} choose=${choose}/>` : html`<section class="card flush">
                ${choosing && items.length > 1 && html`<div class="li wrap"><label class="tick"><input type="checkbox" aria-label=${t('slips.tick_all')} checked=${marked.length === items.length}
                    onChange=${() => setTicked(marked.length === items.length ? [] : items.map((leave) => leave.id))}/></label>
                    <b class="g">${t('slips.ticked', { n: marked.length })}</b>${marked.length > 0 && html`<button class="btn pri xs" type="button" onClick=${acceptAll}><${Icon} of="check"/>${t('slips.accept', { n: marked.length })}</button>`}</div>`}
                <ul>${rows}</ul></section>`}
            <${More} of=${list}/>
            ${show === 'mine' && wide && html`<p class="cap keys h wrap">${t('slips.keys')}${[['↑ ↓', 'slips.keys.move'], ['Y', 'leave-requests.action.approve'],
                ['N', 'leave-requests.action.reject'], [t('slips.keys.space'), 'slips.keys.tick'], ['Z', 'decide.undo']].map(([key, what]) => html`<span key=${key}><b>${key}</b> ${t(what)}</span>`)}</p>`}</div>
            ${chosen && html`<${Rail} key=${chosen.id} leave=${chosen} ask=${(what) => ask({ what, leave: chosen })}/>`}</div>`}
        <${Asked} ...${asked} close=${() => ask({})} done=${() => { reloadLeave(); list.reload?.(); }}/><//>`;
}
