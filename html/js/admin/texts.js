// texts.js: the words on documents, which a school or county may say in its own way; and all words of the portal and the server in both
// languages, to be looked up. Those are read only: they are files that browsers keep and that are tested as they are.

import { html, t, useEffect, useState, Empty, Note, Skeleton, problemText } from '../ui.js';
import { Search } from '../staff/list.js';
import { get } from '../api.js';
import { can } from '../frame.js';
import { Choice } from '../parts.js';
import { OwnTexts } from './own-texts.js';
import { pluginName } from './rules.js';
import { Admin } from './parts.js';

const SHARED = ['portal', 'staff', 'guardian', 'core', 'rules', 'capability', 'attachment'];       // files of no single workflow
const LANGUAGES = ['zh-CN', 'en'];
const SHOWN = 200;

async function read(file, own) {
    const [zh, en] = await Promise.all(LANGUAGES.map((lang) => fetch(new URL(own ? `api/v1/texts?plugin=${file}&lang=${lang}` : `locale/${lang}/${file}.json`, document.baseURI))
        .then((answer) => (answer.ok ? answer.json() : {}))));

    return Object.keys({ ...zh, ...en }).map((key) => ({ key, zh: zh[key], en: en[key], file }));
}

/* Every text there is: [{ key, zh, en, file }]. */
function useTexts() {
    const [state, set] = useState({});

    useEffect(() => {
        get('installed-plugins').then(({ items }) => Promise.all([...SHARED.map((file) => read(file, false)), ...items.filter((one) => one.on).map((one) => read(one.name, !one.built_in))]))
            .then((lists) => set({ all: lists.flat() }), (problem) => set({ problem }));
    }, []);
    return state;
}

const hit = (one, q) => [one.key, one.zh, one.en].some((text) => text?.toLowerCase().includes(q.toLowerCase()));

export default function Texts() {
    const may = can('text.manage');
    const [show, setShow] = useState(may ? 'own' : 'look');
    const [q, setQ] = useState('');

    return html`<${Admin} title=${t('menu.admin.texts')} current="#/texts">
        <div class="tools">${may && html`<${Choice} name="show" label=${t('slips.show')} quiet tight value=${show} onChange=${setShow} choices=${['own', 'look'].map((value) => ({ value, label: t(`texts.${value}`) }))}/><span class="g"></span>`}
            <${Search} label=${t('texts.search')} onSearch=${setQ}/></div>
        ${show === 'own' ? html`<${OwnTexts} q=${q}/>` : html`<${AllTexts} q=${q}/>`}<//>`;
}

function AllTexts({ q }) {
    const { all, problem } = useTexts();
    const [file, setFile] = useState('');
    const found = all?.filter((one) => (!file || one.file === file) && (!q || hit(one, q)));
    const files = [...new Set(all?.map((one) => one.file))];

    return html`<p class="mut">${t('texts.intro')}</p>
        <div class="tools"><select class="in" aria-label=${t('texts.file')} onChange=${(e) => setFile(e.target.value)}><option value="">${t('texts.all')}</option>
            ${files.map((one) => html`<option key=${one} value=${one} selected=${one === file}>${pluginName(one)}</option>`)}</select></div>
        ${problem ? html`<${Note} tone="no">${problemText(problem)}<//>` : !found ? html`<${Skeleton}/>` : found.length === 0 ? html`<div class="card"><${Empty} title=${t('list.nothing')} text=${t('list.nothing.text')}/></div>`
            : html`<p class="cap">${t('texts.n', { n: found.length, shown: Math.min(found.length, SHOWN) })}</p><div class="tw" tabindex="0" role="region" aria-label=${t('menu.admin.texts')}><table class="tb tight cards"><thead><tr><th scope="col">${t('texts.key')}</th><th scope="col">中文</th><th scope="col">English</th></tr></thead>
            <tbody>${found.slice(0, SHOWN).map((one) => html`<tr key=${one.file + one.key}><td data-label=${t('texts.key')}><code class="cap">${one.key}</code></td><td data-label="中文" lang="zh-CN">${one.zh ?? '—'}</td><td data-label="English" lang="en">${one.en ?? '—'}</td></tr>`)}</tbody></table></div>`}`;
}
