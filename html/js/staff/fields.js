// fields.js: values and inputs of any field a record declares, for pages that know no workflow.

import { get, post } from '../api.js';
import { reduce, sendFile, Thumb, Tile } from '../files.js';
import { can } from '../frame.js';
import { Choice, Dialog, Field, FieldError, focusFirstError, Submit } from '../parts.js';
import { html, t, dateText, dateWeekday, days, knows, problemText, timeText, today, useData, useEffect, useRef, useState, Badge, Icon, Note } from '../ui.js';

/** What a field is called: its record's word, else a common one, else its name. */
export const label = (record, name) => [`${record}.${name}`, `field.${name}`].map((key) => knows(key) && t(key)).find(Boolean) || name.replace(/_/g, ' ');
export const codeText = (list, code) => (knows(`code.${list}.${code}`) ? t(`code.${list}.${code}`) : code);

const ICONS = { draft: 'pen', wait: 'clock', info: 'out', ok: 'check', no: 'x', sum: 'checks', late: 'warn', none: 'dots' };

export function StateBadge({ record, state }) {
    const tone = record.states.find((one) => one.name === state)?.tone || 'none';

    return html`<${Badge} tone=${tone} icon=${ICONS[tone] || 'dots'}>${knows(`${record.name}.state.${state}`) ? t(`${record.name}.state.${state}`) : state}<//>`;
}

/** What a row is called: the child, a name, a file. */
export const nameOf = (record, item) => item.student_name || item.name || item.filename
    || record.fields.filter((field) => field.type === 'text').map((field) => item[field.name]).find(Boolean) || item.unit_name || item.school_name || item.id;

/** Another record, by its name. */
function Ref({ of, id }) {
    const { value } = useData(`${of}/${id}`, { kept: false });

    return html`<a href="#/${of}/${id}">${value ? nameOf({ fields: [] }, value) : '…'}</a>`;
}

/** One value of a row. A column may also be one of those every row has: student_name, class_name, state. */
export function Value({ record, name, item, plain }) {
    const field = record.fields.find((one) => one.name === name);
    const value = item[name];

    if (name === 'state') {
        return html`<${StateBadge} record=${record} state=${value}/>`;
    }
    if (value === null || value === undefined || value === '' || (Array.isArray(value) && !value.length)) {
        return '—';
    }
    switch (field?.type) {
    case 'code':
        return codeText(field.list, value);
    case 'bool':
        return t(value ? 'field.yes' : 'field.no');
    case 'days':
        return days(value);
    case 'date':
        return html`<span class="n">${plain || value.slice(0, 4) < today().slice(0, 4) ? dateText(value) : dateWeekday(value)}</span>`;
    case 'time':
        return html`<span class="n">${timeText(value)}</span>`;
    case 'ref':
        return html`<${Ref} of=${field.record} id=${value}/>`;
    case 'files':
        return t('field.files_n', { n: value.length });
    case 'int':
        return html`<span class="n">${value}</span>`;
    default:
        return Array.isArray(value) ? value.join(t('desk.comma')) : html`<span class="quote">${String(value)}</span>`;
    }
}

/* ---- a number in full, with a reason that is kept */

/** field: id_number, phone, address, guardian_phone; what: its name as shown. */
function RevealDialog({ student, field, guardian, what, close }) {
    const form = useRef(null);
    const [reason, set] = useState('');
    const [wrong, setWrong] = useState('');
    const [busy, setBusy] = useState(false);
    const [value, setValue] = useState(null);

    async function submit(event) {
        event.preventDefault();
        if ([...reason.trim()].length < 2) {
            setWrong(t('reveal.no_reason'));
            focusFirstError(form.current);
            return;
        }
        setBusy(true);
        setWrong('');
        try {
            setValue((await post(`students/${student}/reveal`, { field, reason: reason.trim(), ...(guardian && { guardian_id: guardian }) })).value || '');
        } catch (problem) {
            setWrong(problem.field('reason') || problemText(problem));
            focusFirstError(form.current);
        }
        setBusy(false);
    }

    return html`<${Dialog} title=${what} close=${close}>${value !== null ? html`<p class="say1 n" aria-live="polite">${value || t('reveal.empty')}</p><div class="h wrap end">
            ${value && /phone/.test(field) && html`<a class="btn" href="tel:${value}"><${Icon} of="phone"/>${t('reveal.call')}</a>`}
            <button class="btn pri" type="button" autofocus onClick=${close}>${t('reveal.close')}</button></div>`
        : html`<form class="v" novalidate ref=${form} onSubmit=${submit}><${Field} id="reveal" label=${t('students.reveal.reason')} error=${wrong} maxlength="200" autofocus value=${reason} onInput=${(e) => set(e.target.value)}/>
            <div class="h wrap end"><button class="btn" type="button" onClick=${close}>${t('decide.cancel')}</button><${Submit} busy=${busy}><${Icon} of="eye"/>${t('reveal.show')}<//></div></form>`}<//>`;
}

/** A masked value with 查看 beside it, for those who may. */
export function Secret({ value, ...rest }) {
    const [open, set] = useState(false);

    return value ? html`<span class="secret"><span class="n">${value}</span>${can('student.reveal') && html`<button class="btn quiet xs" type="button" onClick=${() => set(true)} aria-label=${t('reveal.of', { what: rest.what })}>
        <${Icon} of="eye"/>${t('reveal.show')}</button>`}${open && html`<${RevealDialog} ...${rest} close=${() => set(false)}/>`}</span>` : '—';
}

/* ---- inputs */

/* A record chosen by searching for it. */
function RefInput({ id, of, query, label: title, required, error, value, onChange }) {
    const [q, setQ] = useState('');
    const [found, setFound] = useState(null);
    const [chosen, setChosen] = useState(null);

    useEffect(() => {
        const stop = new AbortController();
        const timer = setTimeout(() => get(`${of}?limit=8${query ? `&${query}` : ''}${q && `&q=${encodeURIComponent(q)}`}`, { signal: stop.signal })
            .then((page) => setFound(page.items), () => {}), 300);

        return () => { clearTimeout(timer); stop.abort(); };
    }, [q]);
    return html`<fieldset class="f" aria-describedby=${error ? `${id}-e` : undefined}><legend class="lab">${title} ${!required && html`<small>${t('slip.comment.hint')}</small>`}</legend>
        ${value ? html`<div class="h"><span class="g b">${chosen ? nameOf({ fields: [] }, chosen) : html`<${Ref} of=${of} id=${value}/>`}</span><button class="btn xs" type="button" onClick=${() => onChange('')}>${t('field.other')}</button></div>`
            : html`<input id=${id} class="in" type="search" aria-label=${t('field.search', { what: title })} autocomplete="off" aria-invalid=${error ? 'true' : undefined} value=${q} onInput=${(e) => setQ(e.target.value)}/>
            <div class="v v2" aria-live="polite">${found?.map((one) => html`<button key=${one.id} class="btn" type="button" onClick=${() => { setChosen(one); onChange(one.id); }}>${nameOf({ fields: [] }, one)}
                ${one.class_name && html`<span class="mut">${one.class_name}</span>`}</button>`)}${found?.length === 0 && html`<p class="mut">${t('list.nothing')}</p>`}</div>`}
        <${FieldError} id=${id}>${error}<//></fieldset>`;
}

/* Files go out as they are chosen, photos reduced before; value: [{ id, key, blob, thumb }]. */
function FilesInput({ id, field, label: title, error, value = [], onChange }) {
    const [wrong, setWrong] = useState('');
    const [sending, setSending] = useState([]);                       // [{ key, blob, thumb, progress }]
    const most = field.max || 3;
    const change = (key, patch) => setSending((list) => list.map((one) => (one.key === key ? { ...one, ...patch } : one)));

    async function add(event) {
        const files = [...event.target.files].slice(0, most - value.length);
        const added = [];

        event.target.value = '';
        setWrong('');
        for (const file of files) {
            const ready = await reduce(file);

            if (!ready) {
                setWrong(t('field.file_type'));
                continue;
            }
            setSending((list) => [...list, { ...ready, progress: 0 }]);
            try {
                added.push({ ...ready, id: await sendFile(ready, { progress: (done, all) => change(ready.key, { progress: done / all }) }) });
            } catch (problem) {
                setWrong(problem.field?.('file') || problemText(problem));
            }
            setSending((list) => list.filter((one) => one.key !== ready.key));
        }
        onChange([...value, ...added]);
    }

    return html`<div class="f"><p class="lab" id="${id}-l">${title}</p><div class="files" role="group" aria-labelledby="${id}-l">
        ${value.map((one, i) => html`<${Tile} key=${one.id} of=${one} label=${t('field.remove_n', { n: i + 1 })} remove=${() => onChange(value.filter((other) => other !== one))}/>`)}
        ${sending.map((one) => html`<div class="file" key=${one.key}><${Thumb} blob=${one.thumb || one.blob}/><progress max="1" value=${one.progress} aria-label=${t('sending')}></progress></div>`)}
        ${value.length + sending.length < most && html`<label class="file add"><input id=${id} type="file" accept="image/*,application/pdf" multiple disabled=${sending.length > 0} aria-labelledby="${id}-l" onChange=${add}/>
            <${Icon} of="cam"/>${t(sending.length ? 'sending' : 'field.add')}</label>`}</div><${FieldError} id=${id}>${wrong || error}<//></div>`;
}

/** field: { name, type, of (list or record), required, min, max, codes }. */
function Input({ record, field, value, error, onChange, codes }) {
    const id = `f-${field.name}`;
    const common = { id, error, label: label(record, field.name), ...(!field.required && { hint: t('slip.comment.hint') }) };
    const text = (e) => onChange(e.target.value);
    const of = field.of || field.list || field.record;

    switch (field.type) {
    case 'code': {
        const list = (field.codes || codes?.[of] || []).map((code) => ({ value: code, label: codeText(of, code) }));

        return list.length > 0 && list.length <= 5 && field.required ? html`<${Choice} name=${id} label=${common.label} choices=${list} value=${value} error=${error} onChange=${onChange}/>`
            : html`<${Field} ...${common} as="select" onChange=${text}><option value="" selected=${!value}></option>${list.map((one) => html`<option key=${one.value} value=${one.value} selected=${one.value === value}>${one.label}</option>`)}<//>`;
    }
    case 'bool':
        return html`<label class="h"><input type="checkbox" id=${id} checked=${Boolean(value)} onChange=${(e) => onChange(e.target.checked)}/>${common.label}</label>`;
    case 'date':
        return html`<${Field} ...${common} type="date" value=${value} onInput=${text}/>`;
    case 'int':
        return html`<${Field} ...${common} inputmode="numeric" autocomplete="off" value=${value} onInput=${text}/>`;
    case 'ref':
        return html`<${RefInput} ...${common} of=${of} query=${field.query} required=${field.required} value=${value} onChange=${onChange}/>`;
    case 'files':
        return html`<${FilesInput} ...${common} field=${field} value=${value} onChange=${onChange}/>`;
    default:
        return html`<${Field} ...${common} as=${field.max > 60 ? 'textarea' : 'input'} maxlength=${field.max || undefined} value=${value} onInput=${text}/>`;
    }
}

/* What the API takes for what was typed; undefined: left out. */
function bodyOf(field, value, old) {
    if (field.type === 'files') {
        return value ? value.map((one) => one.id) : undefined;
    }
    if (field.type === 'bool') {
        return value === undefined ? undefined : Boolean(value);
    }
    if (value === undefined || value === '' || value === null) {
        return old && ['text', 'secret'].includes(field.type) ? '' : undefined;
    }
    return field.type === 'int' ? Number(value) : value;
}

/** A form of fields. send(body) resolves when it is done, or throws the Problem. old: the row that is changed; given: values a new one begins
 *  with. */
export function Form({ record, fields, old, given, codes, send, submit, cancel, danger, children }) {
    const form = useRef(null);
    const [values, setValues] = useState(() => Object.fromEntries(fields.filter((field) => (old && field.type !== 'secret') || given?.[field.name])
        .map((field) => [field.name, (old || given)[field.name] ?? undefined])));
    const [errors, setErrors] = useState({});
    const [problem, setProblem] = useState(null);
    const [busy, setBusy] = useState(false);

    async function go(event) {
        event.preventDefault();

        const empty = (value) => value === undefined || value === null || (typeof value === 'string' && !value.trim());
        const needed = fields.filter((field) => field.required && field.type !== 'bool' && !(field.type === 'secret' && old));
        const wrong = Object.fromEntries(needed.filter((field) => empty(values[field.name])).map((field) => [field.name, t('field.required')]));

        setErrors(wrong);
        setProblem(null);
        if (Object.keys(wrong).length) {
            focusFirstError(form.current);
            return;
        }
        setBusy(true);
        try {
            await send(Object.fromEntries(fields.map((field) => [field.name, bodyOf(field, values[field.name], old)])
                .filter(([, value]) => value !== undefined)));
        } catch (refusal) {
            const ours = (refusal.errors || []).filter((one) => fields.some((field) => field.name === one.field));
            const named = Object.fromEntries(ours.map((one) => [one.field, one.message]));

            setErrors(named);
            setProblem(Object.keys(named).length ? null : refusal);
            focusFirstError(form.current);
            setBusy(false);
        }
    }

    return html`<form class="v" novalidate ref=${form} onSubmit=${go}>
        ${problem && html`<div role="alert"><${Note} tone="no">${[409, 412].includes(problem.status) ? t('record.changed') : problemText(problem)}<//></div>`}
        ${fields.map((field) => html`<${Input} key=${field.name} record=${record} field=${field} codes=${codes} value=${values[field.name]} error=${errors[field.name]}
            onChange=${(value) => { setValues((all) => ({ ...all, [field.name]: value })); setErrors((all) => ({ ...all, [field.name]: undefined })); }}/>`)}
        ${children}<div class="h wrap end"><button class="btn" type="button" autofocus=${danger && !fields.length} onClick=${cancel}>${t('decide.cancel')}</button>
            <${Submit} busy=${busy} class=${danger ? 'danger' : ''}>${submit}<//></div></form>`;
}
