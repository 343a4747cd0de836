// parts.js: what pages of administration share: the frame, a form with the server's faults beside its fields, a dialog that asks
// for a reason, the person who is looked for, a password that is told once.

import { get } from '../api.js';
import { can } from '../frame.js';
import { Dialog, Field, FieldError, focusFirstError, Submit } from '../parts.js';
import { html, t, dateText, dots, problemText, useEffect, useRef, useState, Badge, Icon, Note } from '../ui.js';
import { Desk } from '../staff/desk.js';

export const Admin = ({ children, ...rest }) => html`<${Desk} ...${rest} crumb=${rest.crumb || (can('unit.manage') ? html`<a href="#/admin">${t('desk.admin')}</a>` : t('desk.admin'))}>${children}<//>`;

const sayProblem = (problem) => (problem.status === 412 || (problem.status === 409 && !problem.errors.length) ? t('record.changed') : problemText(problem));

/** A refusal that names no field of the form. */
export const Refusal = ({ of }) => of && html`<div role="alert"><${Note} tone=${of.offline ? 'wait' : 'no'} icon=${of.offline ? 'off' : 'warn'}>${sayProblem(of)}<//></div>`;

/** Values, faults and the sending of a form. send(values) throws the Problem. fields: those that show their fault. */
export function useForm(start, send) {
    const form = useRef(null);
    const [values, setValues] = useState(start);
    const [errors, setErrors] = useState({});
    const [problem, setProblem] = useState(null);
    const [busy, setBusy] = useState(false);

    function set(name, value) {
        setValues((all) => ({ ...all, [name]: value }));
        setErrors((all) => ({ ...all, [name]: undefined }));
    }

    async function submit(event) {
        event?.preventDefault();
        setBusy(true);
        setProblem(null);
        setErrors({});
        try {
            await send(values);
        } catch (refusal) {
            const named = Object.fromEntries((refusal.errors || []).filter(({ field }) => field in values).map((one) => [one.field, one.message]));

            setErrors(named);
            setProblem(Object.keys(named).length ? null : refusal);
            focusFirstError(form.current);
        }
        setBusy(false);
    }

    const input = (name, label, more = {}) => html`<${Field} id="f-${name}" label=${label} error=${errors[name]} value=${values[name] ?? ''} autocomplete="off"
        onInput=${(e) => set(name, e.target.value)} ...${more}/>`;
    const select = (name, label, options, more = {}) => html`<${Field} as="select" id="f-${name}" label=${label} error=${errors[name]} onChange=${(e) => set(name, e.target.value)} ...${more}>
        <option value="" selected=${!values[name]}>${t('admin.choose')}</option>${options.map((one) => html`<option key=${one.value} value=${one.value} selected=${one.value === values[name]} disabled=${one.disabled}>${one.label}</option>`)}<//>`;

    return { form, values, errors, problem, busy, set, submit, input, select };
}

/** Asks before something is done. fields(form): what is asked; done(answer): it went through. */
export function Ask({ title, text, start = {}, fields, send, label, danger, close }) {
    const form = useForm(start, async (values) => { await send(values); close(true); });

    return html`<${Dialog} title=${title} close=${() => close(false)}><form class="v" novalidate ref=${form.form} onSubmit=${form.submit}>
        ${text && html`<p>${text}</p>`}<${Refusal} of=${form.problem}/>${fields?.(form)}
        <div class="h wrap end"><button class="btn" type="button" autofocus=${!fields} onClick=${() => close(false)}>${t('decide.cancel')}</button>
            <${Submit} busy=${form.busy} class=${danger ? 'danger' : ''}>${label}<//></div></form><//>`;
}

/** One dialog at a time: [the dialog, open(props)]. */
export function useAsk(after) {
    const [asked, ask] = useState(null);

    return [asked && html`<${asked.as || Ask} ...${asked} close=${(done) => { ask(null); if (done) { after(); } }}/>`, ask];
}

/* ---- people */

/** 2026年9月1日起, or until when. */
export function spanOf({ starts_on: from, ends_on: to, state }) {
    if (to) {
        return t('admin.from_to', { from: dateText(from), to: dateText(to) });
    }
    return t(state === 'coming' ? 'admin.from.coming' : 'admin.from', { from: dateText(from) });
}

export const placeOf = ({ unit_name: unit, school_name: school, level }) => (['class', 'grade'].includes(level) && school ? `${school} ${unit}` : unit);
export const postsOf = (person, short) => person.positions.filter(({ state }) => state !== 'past')
    .map((one) => (short && one.level === 'school' ? one.role_label : `${short ? one.unit_name : placeOf(one)} ${one.role_label}`)).join(t('admin.and'));

/** What is special about an account. */
export const Marks = ({ of }) => html`${of.disabled_at && html`<${Badge} tone="no" icon="lock">${t('accounts.disabled')}<//>`}
    ${!of.disabled_at && !of.signed_in_at && html`<${Badge} tone="wait" icon="clock">${t('accounts.never')}<//>`}`;

/** Somebody chosen by name, or named by login or phone. value: { account_id, name } or { who }. */
export function Person({ id, label, error, value, unit, onChange }) {
    const [q, setQ] = useState('');
    const [found, setFound] = useState(null);

    useEffect(() => {
        const stop = new AbortController();
        const timer = setTimeout(() => get(`accounts?limit=8${unit ? `&unit_id=${unit}` : ''}${q && `&q=${encodeURIComponent(q)}`}`, { signal: stop.signal })
            .then((page) => setFound(page.items), () => {}), 300);

        return () => { clearTimeout(timer); stop.abort(); };
    }, [q]);
    return html`<fieldset class="f" aria-describedby=${error ? `${id}-e` : undefined}><legend class="lab">${label} <small>${t('person.hint')}</small></legend>
        ${value.account_id ? html`<div class="h"><b class="g">${value.name}</b><button class="btn xs" type="button" onClick=${() => onChange({})}>${t('field.other')}</button></div>`
            : html`<input id=${id} class="in" type="search" aria-label=${t('person.search')} autocomplete="off" maxlength="40" aria-invalid=${error ? 'true' : undefined} value=${q}
                onInput=${(e) => { setQ(e.target.value); onChange({ who: e.target.value.trim() }); }}/>
            <div class="v v2" aria-live="polite">${found?.map((one) => html`<button key=${one.id} class="btn" type="button" onClick=${() => onChange({ account_id: one.id, name: one.name })}>${one.name}
                <span class="mut">${postsOf(one, true)}</span></button>`)}${found?.length === 0 && q && html`<p class="mut">${t('person.none')}</p>`}</div>`}
        <${FieldError} id=${id}>${error}<//></fieldset>`;
}

/** The first password of somebody, told once. password null: the answer had been given before. */
export const Told = ({ name, login, phone, password }) => (password ? html`<${Note} tone="ok" icon="key"><p>${t('told.for', { name })}</p>
    <dl class="facts told"><div><dt>${t('told.login')}</dt><dd class="b n">${login || phone}</dd></div><div><dt>${t('told.password')}</dt><dd class="b pass">${password}</dd></div></dl>
    <p class="sm">${t('told.once')}</p><//>` : html`<${Note} tone="wait">${t('told.lost', { name })}<//>`);

export const Row = ({ href, icon, title, text, children }) => html`<a class="li" href=${href}><${Icon} of=${icon}/><span class="g"><b>${title}</b>${text && html`<br/><span class="sm mut">${text}</span>`}</span>${children}<${Icon} of="r"/></a>`;
export { dots };
