// plugins.js: the workflows this server runs with, as the configuration says. Read only.

import { html, t, useData, Badge, Waiting } from '../ui.js';
import { pluginName } from './rules.js';
import { Admin } from './parts.js';

const cells = (one) => [['plugins.kind', t(one.base ? 'plugins.base' : one.built_in ? 'plugins.built_in' : 'plugins.loaded')], ['plugins.abi', one.abi], ['plugins.schema', one.schema || '—'],
    ['plugins.records', one.records.join(' ') || '—'], ['plugins.routes', one.routes], ['plugins.jobs', one.jobs], ['plugins.rules', one.rules], ['plugins.file', one.file || '—']];
const HEADS = ['plugins.kind', 'plugins.abi', 'plugins.schema', 'plugins.records', 'plugins.routes', 'plugins.jobs', 'plugins.rules', 'plugins.file'];

export default function Plugins() {
    const data = useData('installed-plugins', { kept: false });

    return html`<${Admin} title=${t('menu.admin.plugins')} current="#/installed-plugins"><p class="mut">${t('plugins.intro')}</p>
        ${!data.value ? html`<${Waiting} data=${data}/>` : html`<div class="tw" tabindex="0" role="region" aria-label=${t('menu.admin.plugins')}><table class="tb tight cards"><thead><tr><th scope="col">${t('plugins.name')}</th><th scope="col">${t('plugins.on')}</th>
            ${HEADS.map((key) => html`<th key=${key} scope="col">${t(key)}</th>`)}</tr></thead>
            <tbody>${data.value.items.map((one) => html`<tr key=${one.name}><td data-label=${t('plugins.name')}><span><b>${pluginName(one.name)}</b> <code class="cap">${one.name}</code></span></td>
                <td data-label=${t('plugins.on')}><${Badge} tone=${one.on ? 'ok' : 'none'} icon=${one.on ? 'check' : 'x'}>${t(one.on ? 'plugins.is_on' : 'plugins.is_off')}<//></td>
                ${cells(one).map(([key, value]) => html`<td key=${key} data-label=${t(key)}>${value}</td>`)}</tr>`)}</tbody></table></div>`}<//>`;
}
