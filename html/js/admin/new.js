// new.js: a new account of staff: who, what they do, and where. The password is shown once, after it was made.

import { post } from '../api.js';
import { go, session } from '../frame.js';
import { Submit } from '../parts.js';
import { html, t, useData, useState, Icon, Note, Waiting } from '../ui.js';
import { Admin, Refusal, Told, useForm } from './parts.js';

/* Roles with where they are held: "role@level". */
const rolesOf = (unit) => [['', unit.roles], ['grade', unit.roles_grade || []], ['class', unit.roles_class || []]]
    .flatMap(([level, roles]) => roles.map((one) => ({ value: `${one.role}@${level}`, label: one.may ? one.label : t('new.not_yours', { role: one.label }), disabled: !one.may })));

const placesOf = (unit, level) => (level === 'class' ? unit.classes : level === 'grade' ? unit.units : []).filter((one) => !one.closed_on)
    .map((one) => ({ value: one.id, label: one.head ? t('new.place.head', { unit: one.name, name: one.head }) : one.name }));

function NewForm({ unit, done }) {
    const form = useForm({ name: '', login: '', phone: '', role: '', unit_id: '' }, async (values) => {
        const [role, level] = values.role.split('@');

        done(await post('accounts', { name: values.name, role, unit_id: level ? values.unit_id : unit.id, ...(values.login.trim() && { login: values.login }),
            ...(values.phone.trim() && { phone: values.phone }) }));
    });
    const level = form.values.role.split('@')[1];

    return html`<form class="card v sheet" novalidate ref=${form.form} onSubmit=${form.submit}><${Refusal} of=${form.problem}/>
        ${form.input('name', t('accounts.name'), { maxlength: 60 })}
        ${form.input('login', t('accounts.login'), { hint: t('new.login.hint'), maxlength: 64, autocapitalize: 'none' })}
        ${form.input('phone', t('accounts.phone'), { hint: t('new.phone.hint'), inputmode: 'tel' })}
        ${form.select('role', t('accounts.role'), rolesOf(unit))}
        ${level && html`${form.select('unit_id', t(`unit.level.${level}`), placesOf(unit, level))}${!placesOf(unit, level).length && html`<${Note} tone="wait">${t('new.no_classes')} <a href="#/org-units/${unit.id}?do=classes">${t('setup.classes.go')}</a><//>`}`}
        <div class="h wrap end"><a class="btn" href="#/accounts">${t('decide.cancel')}</a><${Submit} busy=${form.busy}>${t('new.make')}<//></div></form>`;
}

function WithUnit({ id }) {
    const data = useData(`org-units/${id}/overview`, { kept: false });
    const [made, setMade] = useState(null);
    const unit = data.value;

    if (!unit) {
        return html`<${Waiting} data=${data}/>`;
    }
    return html`<p class="mut">${t('new.at', { unit: unit.name })} <a href="#/org-units">${t('new.elsewhere')}</a></p>
        ${made ? html`<div role="status"><${Told} ...${made}/></div><div class="h wrap"><button class="btn pri" type="button" onClick=${() => setMade(null)}><${Icon} of="plus"/>${t('new.another')}</button>
            <button class="btn" type="button" onClick=${() => go(`accounts/${made.id}`)}>${t('new.see')}</button></div>` : html`<${NewForm} unit=${unit} done=${setMade}/>`}`;
}

export default function New({ query }) {
    const unit = query.unit || session().positions.find((one) => one.role === 'admin')?.unit_id || session().positions[0].unit_id;

    return html`<${Admin} title=${t('accounts.new')} crumb=${html`<a href="#/accounts">${t('menu.admin.accounts')}</a>`} current="#/accounts"><${WithUnit} key=${unit} id=${unit}/><//>`;
}
