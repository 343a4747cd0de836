// account.js: one account: positions, last sign-in, and what may be done: rename, a new password, lock, open, sign out.

import { patch, post } from '../api.js';
import { toast } from '../frame.js';
import { html, t, dateText, timeText, useData, useState, Icon, Note, Waiting } from '../ui.js';
import { Admin, Marks, placeOf, spanOf, Told, useAsk } from './parts.js';

const Fact = ({ name, children }) => html`<div><dt>${t(name)}</dt><dd>${children}</dd></div>`;

const reason = (form) => form.input('reason', t('admin.reason'), { hint: t('slip.comment.hint'), maxlength: 200, autofocus: true });

/* Is something changed by which this person signs in? Then the server asks who does it. */
const wayIn = (person, { login, phone }) => login !== (person.login || '') || phone.trim() !== '';

/* What is asked before each action. */
function questions(person, tell) {
    const path = `accounts/${person.id}`;
    const options = { match: person.version };
    const body = ({ reason: why }) => (why?.trim() ? { reason: why } : {});
    const plain = (action, done) => async (values) => { await post(`${path}/${action}`, body(values), options); toast(t(done, { name: person.name })); };

    return {
        rename: { title: t('account.rename'), label: t('admin.save'), start: { name: person.name, login: person.login || '', phone: '', password: '' },
            fields: (form) => html`${form.input('name', t('accounts.name'), { maxlength: 60, autofocus: true })}${form.input('login', t('accounts.login'), { maxlength: 64 })}
                ${form.input('phone', t('accounts.phone'), { hint: t('account.phone.hint', { phone: person.phone || t('account.phone.none') }), inputmode: 'tel' })}
                ${wayIn(person, form.values) && form.input('password', t('account.own_password'), { hint: t('account.own_password.hint'), type: 'password', maxlength: 256, autocomplete: 'current-password' })}`,
            send: async ({ name, login, phone, password }) => {
                await patch(path, { name, ...(login !== (person.login || '') && { login }), ...(phone.trim() && { phone }), ...(wayIn(person, { login, phone }) && { password }) }, options);
                toast(t('account.renamed', { name }));
            } },
        password: { title: t('account.password', { name: person.name }), text: t('account.password.text'), label: t('account.password.do'), start: { reason: '' }, fields: reason,
            send: async (values) => { tell({ ...person, ...await post(`${path}/reset-password`, body(values), options) }); } },
        factor: { title: t('account.factor', { name: person.name }), text: t('account.factor.text'), label: t('account.factor.do'), danger: true, start: { reason: '', password: '' },
            fields: (form) => html`${reason(form)}${form.input('password', t('account.own_password'), { hint: t('account.factor.hint'), type: 'password', maxlength: 256, autocomplete: 'current-password' })}`,
            send: async (values) => { await post(`${path}/remove-factor`, { ...body(values), password: values.password }, options); toast(t('account.factor.done', { name: person.name })); } },
        disable: { title: t('account.disable', { name: person.name }), text: t('account.disable.text'), label: t('account.disable.do'), danger: true, start: { reason: '' }, fields: reason, send: plain('disable', 'account.disabled') },
        enable: { title: t('account.enable', { name: person.name }), text: t('account.enable.text'), label: t('account.enable.do'), start: { reason: '' }, fields: reason, send: plain('enable', 'account.enabled') },
        sign_out: { title: t('account.sign_out', { name: person.name }), text: t('account.sign_out.text'), label: t('account.sign_out.do'), start: { reason: '' }, fields: reason, send: plain('sign-out', 'account.signed_out') },
    };
}

const Posts = ({ person }) => html`<section class="card flush"><h2 class="pad">${t('account.positions')}</h2>
    ${person.positions.length ? person.positions.map((one) => html`<a key=${one.id} class="li" href="#/org-units/${one.unit_id}"><span class="g"><b>${placeOf(one)} ${one.role_label}</b><br/>
        <span class="sm mut">${spanOf(one)}${one.state !== 'now' ? `·${t(`admin.state.${one.state}`)}` : ''}</span></span><${Icon} of="r"/></a>`) : html`<p class="pad mut">${t(person.guardian ? 'account.positions.guardian' : 'account.positions.none')}</p>`}</section>`;

function Buttons({ person, ask, all }) {
    const one = (key, label, icon, more = '') => html`<button class="btn ${more}" type="button" onClick=${() => ask(all[key])}><${Icon} of=${icon}/>${t(label)}</button>`;

    return person.manageable ? html`<div class="h wrap">${!(person.guardian && !person.positions.length) && one('rename', 'account.rename', 'pen')}${one('password', 'account.password.short', 'key')}${person.second_factor && one('factor', 'account.factor.do', 'shield')}
        ${person.disabled_at ? one('enable', 'account.enable.do', 'check') : html`${one('sign_out', 'account.sign_out.do', 'out')}${one('disable', 'account.disable.do', 'lock', 'del')}`}</div>`
        : html`<${Note} icon="shield">${person.why}<//>`;
}

export default function Account({ params }) {
    const data = useData(`accounts/${params.id}`, { kept: false });
    const [told, tell] = useState(null);
    const [dialog, ask] = useAsk(data.reload);
    const person = data.value;

    return html`<${Admin} title=${person?.name || t('menu.admin.accounts')} crumb=${html`<a href="#/accounts">${t('menu.admin.accounts')}</a>`} current="#/accounts">
        ${!person ? html`<${Waiting} data=${data}/>` : html`${told && html`<div role="status"><${Told} ...${told}/></div>`}
            <section class="card v"><div class="h wrap"><${Marks} of=${person}/>${person.must_change_password && person.signed_in_at && html`<span class="sm mut">${t('account.must_change')}</span>`}</div>
                <dl class="facts"><${Fact} name="accounts.login">${person.login || '—'}<//><${Fact} name="accounts.phone">${person.phone || '—'}<//>
                <${Fact} name="account.signed_in">${person.signed_in_at ? timeText(person.signed_in_at) : t('accounts.never')}<//><${Fact} name="account.created">${dateText(person.created_at.slice(0, 10))}<//>
                ${person.disabled_at && html`<${Fact} name="account.disabled_at">${timeText(person.disabled_at)}<//>`}
                ${person.children.length > 0 && html`<${Fact} name="account.children">${person.children.map((one) => `${one.name} ${one.class_name}`).join(t('admin.and'))}<//>`}</dl>
                <${Buttons} person=${person} ask=${ask} all=${questions(person, tell)}/></section>
            <${Posts} person=${person}/>`}${dialog}<//>`;
}
