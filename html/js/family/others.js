// others.js: what workflows beside leave have about a guardian's children: the newest of each, and the way to all of it.

import { html, t, loadTexts, useData, useEffect, useState, Icon } from '../ui.js';
import { usePlugins } from '../staff/desk.js';
import { codeText, nameOf, StateBadge } from '../staff/fields.js';

/* What a row is about beside the child: its first coded field. */
function about(record, item) {
    const field = record.fields.find((one) => one.type === 'code' && item[one.name]);

    return field ? codeText(field.list, item[field.name]) : item.class_name || item.school_name || '';
}

function Newest({ entry, record }) {
    const { value } = useData(`${record.name}?limit=3`);

    return html`<section class="v v2"><h2>${entry.label}</h2><div class="card flush">${value?.items.map((item) => html`<a key=${item.id} class="li" href="#/${record.name}/${item.id}">
            <span class="g"><b>${nameOf(record, item)}</b><br/><span class="sm mut">${about(record, item)}</span></span>${item.state && html`<${StateBadge} record=${record} state=${item.state}/>`}</a>`)}
        <a class="li" href=${entry.href}><span class="g">${t(value?.items.length ? 'home.others.all' : 'home.others.none', { what: entry.label })}</span><${Icon} of="r"/></a></div></section>`;
}

export default function Others({ menu }) {
    const plugins = usePlugins();
    const [ready, set] = useState(false);
    const found = plugins.value && menu.map((entry) => [entry, plugins.value.records.find((record) => `#/${record.name}` === entry.href)]);
    const files = found?.map(([, record]) => record?.texts).filter(Boolean).join(' ');

    useEffect(() => { if (files !== undefined) { loadTexts(['staff', ...new Set(files.split(' ').filter(Boolean))]).catch(() => {}).then(() => set(true)); } }, [files]);
    return ready && found ? found.map(([entry, record]) => (record ? html`<${Newest} key=${entry.key} entry=${entry} record=${record}/>`
        : html`<a key=${entry.key} class="card li" href=${entry.href}><${Icon} of=${entry.icon}/><span class="g">${entry.label}</span><${Icon} of="r"/></a>`)) : null;
}
