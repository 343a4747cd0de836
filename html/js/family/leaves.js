// leaves.js: all slips of a guardian's children, with those that are still on the phone in front.

import { get } from '../api.js';
import { Page, toast, useChildren } from '../frame.js';
import { flush, remove, waiting, watch } from '../outbox.js';
import { Choice } from '../parts.js';
import { html, t, givenName, problemText, spanText, unbroken, useData, useEffect, useState, Badge, Empty, Icon, ProblemNote, Stale, Waiting } from '../ui.js';
import { LeaveRow, NoChildren } from './home.js';

/** Slips and actions kept on the phone; reports each one that gets through. */
function useOutbox(delivered) {
    const [items, set] = useState([]);

    useEffect(() => {
        waiting().then(set, () => {});
        flush();
        return watch((left, answer) => {
            set(left);
            if (answer) {
                delivered(answer);
            }
        });
    }, []);
    return items;
}

/** A slip, or something done to one, that the server does not have yet. */
function Kept({ item }) {
    const { about } = item;
    const what = about.action ? t(`leave-requests.action.${about.action}`) : t(`code.leave_kind.${about.kind}`);
    const head = html`<span class="g"><b>${t('leave.row', { child: givenName(about.student_name), what })}</b><br/><span class="sm mut">${unbroken(spanText(about))}</span></span>`;

    if (item.status === 'waiting') {
        return html`<div class="li">${head}<${Badge} tone="wait" icon="off">${t('leave.kept')}<//></div>`;
    }
    return html`<div class="li over"><div class="v v2 g"><div class="h">${head}<${Badge} tone="no" icon="x">${t('leave.kept.refused')}<//></div>
        <p class="sm">${problemText(item.problem)}</p>
        <div class="h">${about.form && html`<a class="btn xs soft" href="#/my-leave/new?fix=${item.id}">${t('leave.kept.mend')}</a>`}
            <button class="btn xs" type="button" onClick=${() => remove(item.id)}>${t('leave.kept.drop')}</button></div></div></div>`;
}

export default function Leaves() {
    const [child, setChild] = useState('');
    const [more, setMore] = useState({ items: [], next: undefined, problem: null });
    const children = useChildren();
    const path = `leave-requests${child ? `?student_id=${child}` : ''}`;
    const none = children.value?.items.length === 0;
    const first = useData(none ? '' : path);
    const kept = useOutbox(() => { toast(t('delivered')); first.reload(); });
    const names = children.value?.items || [];
    const items = first.value && [...first.value.items, ...more.items];
    const next = more.next === undefined ? first.value?.next : more.next;

    function choose(id) {
        setChild(id);
        setMore({ items: [], next: undefined });
    }

    async function loadMore() {
        try {
            const page = await get(`${path}${child ? '&' : '?'}after=${encodeURIComponent(next)}`);

            setMore({ items: [...more.items, ...page.items], next: page.next });
        } catch (problem) {
            setMore({ ...more, problem });
        }
    }

    return html`<${Page} title=${t('tab.my-leave')} brand=${names[0]?.school_name} tab="my-leave">
        <div class="h wrap"><h1 class="g" tabindex="-1">${t('leave.list')}</h1>${names.length > 0
            && html`<a class="btn pri" href="#/my-leave/new${child ? `?child=${child}` : ''}"><${Icon} of="leave"/>${t('leave.form.title')}</a>`}</div>
        ${names.length > 1 && html`<${Choice} name="of" label=${t('leave.list.whose')} quiet tight value=${child} onChange=${choose}
            choices=${[{ value: '', label: t('leave.list.all') }, ...names.map((one) => ({ value: one.id, label: givenName(one.name) }))]}/>`}
        ${kept.length > 0 && html`<section class="card flush" aria-label=${t('leave.kept.title')}>${kept.map((item) => html`<${Kept} key=${item.id} item=${item}/>`)}</section>`}
        <${Stale} data=${first}/>
        ${none ? html`<${NoChildren}/>` : !items ? html`<${Waiting} data=${first}/>`
            : items.length ? html`<div class="card flush">${items.map((leave) => html`<${LeaveRow} key=${leave.id} leave=${leave}/>`)}</div>`
                : html`<div class="card"><${Empty} title=${t('home.no_leave')} text=${t('home.no_leave.text')}/></div>`}
        <${ProblemNote} of=${more.problem}/>
        ${next && html`<button class="btn wide" type="button" onClick=${loadMore}>${t('leave.list.more')}</button>`}<//>`;
}
