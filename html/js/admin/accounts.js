// accounts.js: who may sign in: staff by name, role and state; guardians by name or phone, apart.

import { can, session } from '../frame.js';
import { Choice } from '../parts.js';
import { html, t, timeText, useState, Empty, Icon, Stale, Waiting } from '../ui.js';
import { More, Search, Select, usePages } from '../staff/list.js';
import { Admin, dots, Marks, postsOf } from './parts.js';

const schoolOf = () => session().positions.find((one) => one.school_id)?.school_id;

const Line = ({ of, several, guardian }) => html`<a class="li" href="#/accounts/${of.id}"><span class="g"><b>${of.name}</b> <span class="sm mut">${dots(of.login, of.phone)}</span><br/>
    <span class="sm">${guardian && of.children.length ? t('accounts.guardian_of', { names: of.children.map((one) => `${one.name} ${one.class_name}`).join(t('admin.and')) }) : postsOf(of, !several) || t('accounts.no_position')}</span></span>
    <span class="v v1 end"><${Marks} of=${of}/>${of.signed_in_at && html`<span class="cap n">${t('accounts.last', { time: timeText(of.signed_in_at) })}</span>`}</span><${Icon} of="r"/></a>`;

function List({ path, guardians, filtered }) {
    const list = usePages(path, { kept: false });

    if (!list.items) {
        return html`<${Waiting} data=${list}/>`;
    }
    if (list.value.narrow) {
        return html`<div class="card"><${Empty} title=${t('accounts.narrow')} text=${t('accounts.narrow.text')}/></div>`;
    }
    if (!list.items.length) {
        return html`<div class="card"><${Empty} title=${t(filtered || guardians ? 'list.nothing' : 'accounts.none')} text=${t(guardians ? 'accounts.none.guardians' : filtered ? 'list.nothing.text' : 'accounts.none.text')}>
            ${!filtered && !guardians && can('account.manage') && html`<a class="btn pri" href="#/accounts/bulk"><${Icon} of="plus"/>${t('accounts.bulk')}</a>`}<//></div>`;
    }
    return html`<${Stale} data=${list}/><div class="card flush">${list.items.map((one) => html`<${Line} key=${one.id} of=${one} several=${!schoolOf()} guardian=${guardians}/>`)}</div><${More} of=${list}/>`;
}

export default function Accounts({ query }) {
    const [q, setQ] = useState('');
    const [kind, setKind] = useState(query.kind || 'staff');
    const [state, setState] = useState('');
    const guardians = kind === 'guardian';
    const path = `accounts?kind=${kind}${q && `&q=${encodeURIComponent(q)}`}${state && !guardians ? `&state=${state}` : ''}${query.unit ? `&unit_id=${query.unit}` : ''}`;

    return html`<${Admin} title=${t('menu.admin.accounts')} current="#/accounts" tools=${can('account.manage') && html`<div class="tools">
        <a class="btn" href="#/accounts/bulk">${t('accounts.bulk')}</a><a class="btn pri" href="#/accounts/new"><${Icon} of="plus"/>${t('accounts.new')}</a></div>`}>
        <div class="tools"><${Choice} name="kind" label=${t('accounts.show')} quiet tight value=${kind} onChange=${setKind} choices=${['staff', 'guardian'].map((one) => ({ value: one, label: t(`accounts.kind.${one}`) }))}/>
            <${Search} label=${t('accounts.search')} onSearch=${setQ}/>
            ${!guardians && html`<${Select} label=${t('accounts.state')} all=${t('accounts.state.now')} value=${state} onChange=${setState} options=${['disabled', 'former'].map((one) => ({ value: one, label: t(`accounts.state.${one}`) }))}/>`}</div>
        <${List} key=${path} path=${path} guardians=${guardians} filtered=${Boolean(q || state || query.unit)}/><//>`;
}
