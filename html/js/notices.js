// notices.js: what somebody was told: the list behind the bell. The frames around it are family/notices.js and staff/notices.js.

import { post } from './api.js';
import { go, summary } from './frame.js';
import { html, t, problemText, timeText, useState, Empty, Icon, Note, Stale, Waiting } from './ui.js';
import { More, usePages } from './staff/list.js';

const ICONS = { leave: 'leave', task: 'check' };

function Row({ notice, read }) {
    const icon = notice.urgent ? 'warn' : ICONS[notice.kind.split('.')[0]] || 'bell';
    const inner = html`<${Icon} of=${icon}/><span class="g">${notice.read_at ? notice.text : html`<b>${notice.text}</b>`}<br/>
        <span class="sm mut n">${timeText(notice.created_at)}${notice.urgent && html` <span class="t-red">${t('notices.urgent')}</span>`}</span></span>
        ${notice.read_at ? notice.href && html`<${Icon} of="r"/>` : html`<span class="bg wait">${t('notices.new')}</span>`}`;

    return notice.href ? html`<a class="li task ${notice.urgent && !notice.read_at ? 'over' : ''}" href=${notice.href} onClick=${(e) => read(e, notice)}>${inner}</a>`
        : html`<button class="li task" type="button" onClick=${(e) => read(e, notice)}>${inner}</button>`;
}

/** The list and its button; frame: ({ tools, children }) => the page. */
export function Notices({ frame }) {
    const list = usePages('notices', { kept: false });
    const [done, setDone] = useState([]);                             // read just now
    const [problem, setProblem] = useState(null);
    const items = list.items?.map((one) => (done === true || done.includes(one.id) ? { ...one, read_at: one.read_at || one.created_at } : one));

    async function send(path, now) {
        try {
            await post(path, {});
            setDone(now);
            summary.refresh();
        } catch (refused) {
            setProblem(refused);
        }
    }

    function read(event, notice) {
        if (!notice.read_at) {                                        // first that it was read, then where it leads
            event.preventDefault();
            send(`notices/${notice.id}/read`, [].concat(done, notice.id)).then(() => notice.href && go(notice.href.slice(2)));
        }
    }

    const tools = items?.some((one) => !one.read_at) && html`<button class="btn xs" type="button" onClick=${() => send('notices/read', true)}><${Icon} of="checks"/>${t('notices.read_all')}</button>`;

    return html`<${frame} tools=${tools}><${Stale} data=${list}/>
        ${problem && html`<div role="alert"><${Note} tone="no">${problemText(problem)}<//></div>`}
        ${!items ? html`<${Waiting} data=${list}/>` : !items.length ? html`<div class="card"><${Empty} title=${t('notices.none')} text=${t('notices.none.text')}/></div>`
            : html`<div class="card flush">${items.map((one) => html`<${Row} key=${one.id} notice=${one} read=${read}/>`)}</div>`}
        <${More} of=${list}/><//>`;
}
