// own-texts.js: the words on documents as a school or county says them: beside each the original, whose it is, and a change with a reason.

import { post } from '../api.js';
import { session, toast } from '../frame.js';
import { Dialog } from '../parts.js';
import { html, t, timeText, useData, useState, Badge, Icon, Waiting } from '../ui.js';
import { useAsk } from './parts.js';

const names = (text) => [...new Set(text.match(/\{[^{}]+\}/g) || [])];

function History({ item, unit, close }) {
    const data = useData(`unit-texts/history?key=${item.key}&unit_id=${unit}`, { kept: false });
    const value = (text) => (text === null ? t('texts.origin.default') : text);

    return html`<${Dialog} title=${t('texts.history', { key: item.key })} close=${() => close(false)}>${!data.value ? html`<${Waiting} data=${data}/>` : data.value.items.length
        ? html`<ol class="v v2">${data.value.items.map((one, i) => html`<li key=${i}><b lang="zh-CN">${value(one.from)} → ${value(one.to)}</b> <span class="mut">${one.unit_name}</span><br/><span class="sm">${t('rules.change', { name: one.by, time: timeText(one.at), why: one.reason })}</span></li>`)}</ol>`
        : html`<p class="mut">${t('rules.history.none')}</p>`}<div class="h end"><button class="btn" type="button" autofocus onClick=${() => close(false)}>${t('reveal.close')}</button></div><//>`;
}

function dialogs(item, unit, name) {
    const options = { match: item.version };
    const reason = (form) => form.input('reason', t('admin.reason'), { maxlength: 200, hint: t('rules.reason.hint') });

    return {
        set: { title: item.title, text: names(item.default_zh).length ? t('texts.names', { names: names(item.default_zh).join(' ') }) : undefined, label: t('admin.save'),
            start: { zh: item.zh, en: item.en === item.default_en ? '' : item.en, reason: '', unit_id: '', key: '' },
            fields: (form) => html`${form.input('zh', t('texts.zh'), { as: 'textarea', hint: item.default_zh, maxlength: 2000, lang: 'zh-CN', autofocus: true })}
                ${form.input('en', t('texts.en'), { as: 'textarea', hint: item.default_en, maxlength: 2000, lang: 'en' })}${reason(form)}
                ${(form.errors.unit_id || form.errors.key) && html`<p class="err" role="alert"><${Icon} of="warn"/><span>${form.errors.unit_id || form.errors.key}</span></p>`}`,
            send: async ({ zh, en, reason: why }) => { await post('unit-texts/set', { key: item.key, unit_id: unit, zh, ...(en.trim() && { en }), reason: why }, options); toast(t('texts.saved')); } },
        clear: { title: t('texts.back.of', { key: item.key }), text: t('texts.back.text', { unit: name }), label: t('texts.back'), start: { reason: '' }, fields: reason,
            send: async ({ reason: why }) => { await post('unit-texts/clear', { key: item.key, unit_id: unit, reason: why }, options); toast(t('texts.back.done')); } },
    };
}

function Line({ item, unit, name, ask }) {
    const all = dialogs(item, unit, name);
    const { origin } = item;

    return html`<div class="li wrap"><span class="g"><span lang="zh-CN">${item.zh}</span> ${item.version > 0 && html`<${Badge} tone="info" icon="pen">${t('rules.own')}<//>`}<br/><span class="sm mut" lang="en">${item.en}</span><br/>
            <span class="cap">${origin ? t('texts.origin', { unit: origin.unit_name, name: origin.by || '', time: timeText(origin.since), why: origin.reason }) : t('texts.origin.default')}·${item.key}</span></span>
        <span class="h acts"><button class="btn xs" type="button" aria-label=${t('texts.change.of', { key: item.key })} onClick=${() => ask(all.set)}>${t('texts.change')}</button>
            ${item.version > 0 && html`<button class="btn xs" type="button" aria-label=${t('texts.back.of', { key: item.key })} onClick=${() => ask(all.clear)}>${t('texts.back')}</button>`}
            <button class="btn quiet xs" type="button" aria-label=${t('texts.history', { key: item.key })} onClick=${() => ask({ as: History, item, unit })}><${Icon} of="clock"/></button></span></div>`;
}

/** q: a part of a text or key. */
export function OwnTexts({ q }) {
    const units = session().positions.filter((one, i, all) => all.findIndex((other) => other.unit_id === one.unit_id) === i);
    const [unit, setUnit] = useState(units[0].unit_id);
    const data = useData(`unit-texts?unit_id=${unit}`, { kept: false });
    const about = useData(`org-units/${unit}/overview`, { kept: false });
    const [dialog, ask] = useAsk(data.reload);
    const name = data.value?.unit_name || '';
    const choices = about.value ? [...about.value.path, about.value, ...(about.value.level === 'school' ? [] : about.value.units).filter((one) => !one.closed_on)] : units.map((one) => ({ id: one.unit_id, name: one.unit_name }));
    const items = data.value?.items.filter((one) => !q || [one.key, one.zh, one.en, one.title].some((text) => text.toLowerCase().includes(q.toLowerCase())));
    const groups = [...new Set(items?.map((one) => one.document))];

    return html`<p class="mut">${t('texts.own.intro', { unit: name })}</p>
        ${choices.length > 1 && html`<div class="tools"><select class="in" aria-label=${t('texts.unit')} onChange=${(e) => setUnit(e.target.value)}>${choices.map((one) => html`<option key=${one.id} value=${one.id} selected=${one.id === unit}>${one.name}</option>`)}</select></div>`}
        ${!items ? html`<${Waiting} data=${data}/>` : groups.map((group) => { const list = items.filter((one) => one.document === group); return html`<section key=${group} class="card flush"><h2 class="pad">${list[0].title}</h2>
            ${list.map((item) => html`<${Line} key=${item.key} item=${item} unit=${unit} name=${name} ask=${ask}/>`)}</section>`; })}${dialog}`;
}
