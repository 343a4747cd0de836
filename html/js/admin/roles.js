// roles.js: what each role may do, role by role; the county changes it.

import { post } from '../api.js';
import { toast } from '../frame.js';
import { html, t, useData, useState, Badge, Icon, Note, Waiting } from '../ui.js';
import { useWide } from '../staff/list.js';
import { pluginName } from './rules.js';
import { Admin, useAsk } from './parts.js';

const has = (one, role) => Boolean(one.roles[role]?.granted);

function question(one, role) {
    const grant = !has(one, role.role);

    return { title: t(grant ? 'roles.grant' : 'roles.withdraw', { role: role.label, capability: one.label }), text: t(grant ? 'roles.grant.text' : 'roles.withdraw.text', { n: role.holders }),
        label: t(grant ? 'roles.grant.do' : 'roles.withdraw.do'), danger: !grant, start: {},
        send: async () => { await post('roles/set', { role: role.role, capability: one.capability, granted: grant }, { match: one.roles[role.role]?.version ?? 0 }); toast(t('roles.changed', { role: role.label })); } };
}

/** A cell of the matrix: a button for whoever may change it. */
const Cell = ({ one, role, changeable, ask }) => {
    const word = t(has(one, role.role) ? 'roles.may' : 'roles.may_not');
    const mark = has(one, role.role) ? html`<${Icon} of="check"/>` : html`<span aria-hidden="true">·</span>`;

    return changeable ? html`<button class="btn quiet xs" type="button" aria-label=${t('roles.cell', { role: role.label, capability: one.label, word })} onClick=${() => ask(question(one, role))}>${mark}</button>`
        : html`${mark}<span class="sr">${word}</span>`;
};

const Matrix = ({ roles, groups, changeable, ask }) => html`<div class="tw tall" tabindex="0" role="region" aria-label=${t('menu.admin.roles')}><table class="tb tight matrix"><thead><tr><th scope="col">${t('roles.capability')}</th>
    ${roles.map((role) => html`<th key=${role.role} scope="col">${role.label}</th>`)}</tr></thead>
    ${groups.map(([name, list]) => html`<tbody key=${name}><tr><th scope="rowgroup" colspan=${roles.length + 1}>${name}</th></tr>${list.map((one) => html`<tr key=${one.capability}><td>${one.label}</td>
        ${roles.map((role) => html`<td key=${role.role} class="mid"><${Cell} one=${one} role=${role} changeable=${changeable} ask=${ask}/></td>`)}</tr>`)}</tbody>`)}</table></div>`;

const OneRole = ({ role, groups, changeable, ask }) => groups.map(([name, list]) => html`<section key=${name} class="card flush"><h2 class="pad">${name}</h2>${list.map((one) => html`<div key=${one.capability} class="li wrap">
    <span class="g">${one.label}</span><${Badge} tone=${has(one, role.role) ? 'ok' : 'none'} icon=${has(one, role.role) ? 'check' : 'x'}>${t(has(one, role.role) ? 'roles.may' : 'roles.may_not')}<//>
    ${changeable && html`<button class="btn xs" type="button" aria-label=${t('roles.cell', { role: role.label, capability: one.label, word: '' })} onClick=${() => ask(question(one, role))}>${t(has(one, role.role) ? 'roles.withdraw.do' : 'roles.grant.do')}</button>`}</div>`)}</section>`);

export default function Roles() {
    const data = useData('roles', { kept: false });
    const [chosen, choose] = useState('');
    const [dialog, ask] = useAsk(data.reload);
    const wide = useWide(72);
    const { roles, capabilities, changeable } = data.value || {};
    const names = [...new Set(capabilities?.map((one) => one.plugin))];
    const groups = names.map((name) => [pluginName(name || '—'), capabilities.filter((one) => one.plugin === name)]);
    const role = roles?.find((one) => one.role === chosen) || roles?.[0];

    return html`<${Admin} title=${t('menu.admin.roles')} current="#/roles" tools=${roles && !wide && html`<div class="tools"><select class="in" aria-label=${t('accounts.role')} onChange=${(e) => choose(e.target.value)}>
        ${roles.map((one) => html`<option key=${one.role} value=${one.role} selected=${one === role}>${t('roles.holders', { role: one.label, n: one.holders })}</option>`)}</select></div>`}>
        ${!roles ? html`<${Waiting} data=${data}/>` : html`<p class="mut">${t('roles.intro')}</p>${!changeable && html`<${Note} icon="shield">${t('error.admin.roles_root')}<//>`}
            ${wide ? html`<${Matrix} roles=${roles} groups=${groups} changeable=${changeable} ask=${ask}/>` : html`<${OneRole} role=${role} groups=${groups} changeable=${changeable} ask=${ask}/>`}`}${dialog}<//>`;
}
