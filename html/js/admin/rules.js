// rules.js: the numbers of all workflows as they hold for a unit, whose they are, and changing them with a reason.

import { post } from '../api.js';
import { can, session, toast } from '../frame.js';
import { Dialog } from '../parts.js';
import { html, t, knows, timeText, useData, useState, Badge, Empty, Icon, Waiting } from '../ui.js';
import { originText } from '../rule.js';
import { Admin, useAsk } from './parts.js';

export const pluginName = (name) => (knows(`plugin.${name}`) ? t(`plugin.${name}`) : name);
/** Rules whose values are words: nobody types or reads their codes. The server refuses any other. */
const choices = { 'roll.mode': ['half_day', 'day', 'period'] };
const several = { 'signin.factor_roles': ['admin', 'county', 'township', 'principal', 'vice', 'office', 'registrar', 'psych', 'grade', 'teacher', 'subject'] };
const wordOf = (key, code) => (knows(`rules.word.${key}.${code}`) ? t(`rules.word.${key}.${code}`) : knows(`role.${code}`) ? t(`role.${code}`) : code);

/** The value of a rule in the reader's words. */
const valueOf = (key, value) => (choices[key] || several[key] ? String(value).split(' ').map((code) => wordOf(key, code)).join(t('desk.comma')) : String(value));
const boundsOf = (rule) => (rule.type === 'int' ? t('rules.bounds', { min: rule.min, max: rule.max })
    : choices[rule.key] || several[rule.key] ? '' : t('rules.like', { value: rule.default }));

function History({ rule, unit, close }) {
    const data = useData(`rules/history?key=${rule.key}&unit_id=${unit}`, { kept: false });
    const value = (text) => (text === null ? t('rules.default') : valueOf(rule.key, text));

    return html`<${Dialog} title=${t('rules.history', { rule: rule.label })} close=${() => close(false)}>${!data.value ? html`<${Waiting} data=${data}/>` : data.value.items.length
        ? html`<ol class="v v2">${data.value.items.map((one, i) => html`<li key=${i}><b>${value(one.from)} → ${value(one.to)}</b> <span class="mut">${one.unit_name}</span><br/><span class="sm">${t('rules.change', { name: one.by, time: timeText(one.at), why: one.reason })}</span></li>`)}</ol>`
        : html`<p class="mut">${t('rules.history.none')}</p>`}<div class="h end"><button class="btn" type="button" autofocus onClick=${() => close(false)}>${t('reveal.close')}</button></div><//>`;
}

/** Any number of roles: none, all of them, or these. */
function Roles({ form, rule }) {
    const all = several[rule.key];
    const { value } = form.values;
    const chosen = value === 'all' ? all : value === 'none' ? [] : value.split(' ');
    const toggle = (role) => {
        const now = all.filter((one) => (one === role) !== chosen.includes(one));

        form.set('value', now.length === 0 ? 'none' : now.length === all.length ? 'all' : now.join(' '));
    };

    return html`<fieldset class="f"><legend class="lab">${t('rules.value.plain')}</legend><p class="sm mut" aria-live="polite">${valueOf(rule.key, value)}</p><div class="seg tight">${all.map((role) => html`<label key=${role}>
        <input type="checkbox" checked=${chosen.includes(role)} onChange=${() => toggle(role)}/><span>${t(`role.${role}`)}</span></label>`)}</div></fieldset>`;
}

/** What asks for the value. */
function asksFor(form, rule) {
    if (several[rule.key]) {
        return html`<${Roles} form=${form} rule=${rule}/>`;
    }

    return choices[rule.key] ? form.select('value', t('rules.value.plain'), choices[rule.key].map((code) => ({ value: code, label: wordOf(rule.key, code) })), { autofocus: true })
        : form.input('value', rule.unit_label ? t('rules.value', { unit: rule.unit_label }) : t('rules.value.plain'), { hint: boundsOf(rule), ...(rule.type === 'int' && { inputmode: 'numeric' }), autofocus: true });
}

function dialogs(rule, unit, name) {
    const options = { match: rule.version };
    const reason = (form) => form.input('reason', t('admin.reason'), { maxlength: 200, hint: t('rules.reason.hint') });

    return {
        set: { title: rule.label, text: t('rules.set.text', { unit: name }), label: t('admin.save'), start: { value: String(rule.value), reason: '', unit_id: '', key: '' },
            fields: (form) => html`${asksFor(form, rule)}
                ${reason(form)}${(form.errors.unit_id || form.errors.key) && html`<p class="err" role="alert"><${Icon} of="warn"/><span>${form.errors.unit_id || form.errors.key}</span></p>`}`,
            send: async (values) => { await post('rules/set', { key: rule.key, unit_id: unit, value: values.value, reason: values.reason }, options); toast(t('rules.saved', { rule: rule.label, value: valueOf(rule.key, values.value) })); } },
        clear: { title: t('rules.clear', { rule: rule.label }), text: t('rules.clear.text', { unit: name }), label: t('rules.clear.do'), start: { reason: '' }, fields: reason,
            send: async (values) => { await post('rules/clear', { key: rule.key, unit_id: unit, reason: values.reason }, options); toast(t('rules.cleared', { rule: rule.label })); } },
    };
}

function Rule({ rule, unit, name, ask }) {
    const all = dialogs(rule, unit, name);

    return html`<div class="li wrap"><span class="g"><b>${rule.label}</b> ${rule.version > 0 && html`<${Badge} tone="info" icon="pen">${t('rules.own')}<//>`}<br/><span class="sm mut">${originText(rule)}</span><br/><span class="cap">${[rule.key, boundsOf(rule)].filter(Boolean).join('·')}</span></span>
        <span class="b n rulevalue">${valueOf(rule.key, rule.value)} <span class="sm mut">${several[rule.key] ? '' : rule.unit_label}</span></span>
        <span class="h acts">${can('rule.manage') && html`<button class="btn xs" type="button" aria-label=${t('rules.change.of', { rule: rule.label })} onClick=${() => ask(all.set)}>${t('rules.change.do')}</button>`}
            ${can('rule.manage') && rule.version > 0 && html`<button class="btn xs" type="button" aria-label=${t('rules.clear', { rule: rule.label })} onClick=${() => ask(all.clear)}>${t('rules.clear.short')}</button>`}
            <button class="btn quiet xs" type="button" aria-label=${t('rules.history', { rule: rule.label })} onClick=${() => ask({ as: History, rule, unit })}><${Icon} of="clock"/><span class="sr">${t('rules.history.short')}</span></button></span></div>`;
}

export default function Rules({ query }) {
    const units = session().positions.filter((one, i, all) => all.findIndex((other) => other.unit_id === one.unit_id) === i);
    const [unit, setUnit] = useState(query.unit || units[0].unit_id);
    const data = useData(`rules?unit_id=${unit}`, { kept: false });
    const about = useData(`org-units/${unit}/overview`, { kept: false });
    const [dialog, ask] = useAsk(data.reload);
    const name = about.value?.name || units.find((one) => one.unit_id === unit)?.unit_name || '';
    const below = about.value ? [...about.value.path, about.value, ...(about.value.level === 'school' ? about.value.classes : about.value.units).filter((one) => !one.closed_on)] : units.map((one) => ({ id: one.unit_id, name: one.unit_name }));
    const groups = [...new Set(data.value?.items.map((rule) => rule.plugin))];

    return html`<${Admin} title=${t('menu.admin.rules')} current="#/rules" tools=${html`<div class="tools"><select class="in" aria-label=${t('rules.unit')} onChange=${(e) => setUnit(e.target.value)}>
        ${below.map((one) => html`<option key=${one.id} value=${one.id} selected=${one.id === unit}>${one.name}</option>`)}</select></div>`}>
        <p class="mut">${t('rules.intro', { unit: name })}</p>
        ${!data.value ? html`<${Waiting} data=${data}/>` : groups.length ? groups.map((group) => html`<section key=${group} class="card flush"><h2 class="pad">${pluginName(group)}</h2>
            ${data.value.items.filter((rule) => rule.plugin === group).map((rule) => html`<${Rule} key=${rule.key} rule=${rule} unit=${unit} name=${name} ask=${ask}/>`)}</section>`) : html`<div class="card"><${Empty} title=${t('rules.none')} text=""/></div>`}${dialog}<//>`;
}
