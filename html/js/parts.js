// parts.js: components of forms and details. Loaded with the pages that use them.

import { html, t, Icon, useEffect, useRef, useState } from './ui.js';

/** What is wrong with a field; its control carries aria-describedby `${id}-e`. */
export const FieldError = ({ id, children }) => children && html`<p class="err" id="${id}-e"><${Icon} of="warn"/><span>${children}</span></p>`;

/** A labelled input. as: input, textarea or select (with children); error: what is wrong with it; rest goes to the control. */
export const Field = ({ id, label, hint, error, as = 'input', class: more = '', children, note, ...rest }) => html`<div class="f">
    <label for=${id}>${label}${hint && html` <small>${hint}</small>`}</label>
    <${as} id=${id} class="in ${more}" aria-invalid=${error ? 'true' : undefined} aria-describedby=${error ? `${id}-e` : undefined} ...${rest}>${children}</${as}>
    ${note}<${FieldError} id=${id}>${error}<//></div>`;

/** 2–5 choices seen at once. choices: [{ value, label, icon?, before? }]; quiet: the label is for screen readers only. */
export const Choice = ({ name, label, quiet, choices, value, onChange, error, tight }) => html`<fieldset class="f" aria-describedby=${error ? `${name}-e` : undefined}>
    <legend class=${quiet ? 'sr' : 'lab'}>${label}</legend>
    <div class="seg ${tight ? 'tight' : ''}">${choices.map((choice) => html`<label key=${choice.value}><input type="radio" name=${name} value=${choice.value}
        checked=${choice.value === value} onChange=${() => onChange(choice.value)}/><span>${choice.before}${choice.icon
        && html`<${Icon} of=${choice.icon}/>`}${choice.label}</span></label>`)}</div>
    <${FieldError} id=${name}>${error}<//></fieldset>`;

let dialogs = 0;                                                      // one may open over another: the session ends over a form

/** Modal. close() is called by Escape too, unless stay; cover: nothing of the page is seen.
 *  The first focus is the element with autofocus, else the first control. */
export function Dialog({ title, close, stay, cover, children }) {
    const box = useRef(null);
    const [id] = useState(() => `dialog-${++dialogs}`);

    useEffect(() => {
        const before = document.activeElement;

        box.current.showModal();
        return () => before?.focus?.();
    }, []);
    return html`<dialog ref=${box} class=${cover && 'cover'} aria-labelledby=${id} onCancel=${(e) => { e.preventDefault(); if (!stay) { close(); } }}>
        <div class="v"><h2 id=${id}>${title}</h2>${children}</div></dialog>`;
}

/** Steps of a workflow. steps: [{ label, note?, icon? }]; at: index of the one under way (steps before it are done). */
export function Relay({ steps, at }) {
    const list = useRef(null);

    useEffect(() => {
        const here = list.current.querySelector('.at');

        list.current.scrollLeft = here ? here.offsetLeft - list.current.clientWidth / 2 : 0;
    }, [at]);
    return html`<ol ref=${list} class="relay ${steps.length > 5 ? 'long' : ''}" tabindex=${steps.length > 5 ? 0 : undefined}>${steps.map((step, i) => html`<li key=${i} class=${i < at ? 'did' : i === at ? 'at' : ''}
        aria-current=${i === at ? 'step' : undefined}><span class="dot">${i < at ? html`<${Icon} of="check"/>` : i === at && html`<${Icon} of=${step.icon || 'clock'}/>`}</span>
        ${step.label}${step.note && html`<br/><span class="cap">${step.note}</span>`}</li>`)}</ol>`;
}

/** History, newest first. items: [{ title, time?, icon, tone?, text?, say?, todo? }]; todo: the expected next step. */
export const Timeline = ({ items }) => html`<ol class="tl card">${items.map((item, i) => html`<li key=${i} class=${item.todo ? 'todo' : ''}>
    <span class="dot ${item.tone || ''}"><${Icon} of=${item.icon}/></span><b>${item.title}</b> ${item.time && html`<time>${item.time}</time>`}
    ${item.text && html`<p class="sm">${item.text}</p>`}${item.say && html`<p class="say">${item.say}</p>`}</li>`)}</ol>`;

/** A button that says it is busy and cannot be tapped twice. */
export const Submit = ({ busy, class: more = '', children, ...rest }) => html`<button type="submit" class="btn pri ${more}" disabled=${busy} ...${rest}>
    ${busy ? html`<${Icon} of="sync"/>${t('sending')}` : children}</button>`;

/** After a refused form: the focus goes to the first field that is wrong. */
export function focusFirstError(form) {
    setTimeout(() => {
        const wrong = form?.querySelector('[aria-invalid=true], .err');

        (wrong?.matches('.err') ? wrong.closest('.f')?.querySelector('input, button, textarea') : wrong)?.focus();
        wrong?.scrollIntoView?.({ block: 'center' });
    });
}
