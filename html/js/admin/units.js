// units.js: the organisation: where one works, or what a name finds; each unit with what lies under it and who works in it.

import { get, patch, post } from '../api.js';
import { can, session, toast } from '../frame.js';
import { html, t, dots, timeText, today, useData, useEffect, useState, Badge, Empty, Icon, Waiting } from '../ui.js';
import { Search } from '../staff/list.js';
import { Admin, Person, spanOf, useAsk } from './parts.js';

const headOf = (unit) => unit.head && t(`units.head.${unit.level}`, { name: unit.head });

const Line = ({ of }) => html`<a class="li" href="#/org-units/${of.id}"><span class="g"><b>${of.name}</b> ${of.closed_on && html`<${Badge} tone="none" icon="x">${t('units.closed', { date: of.closed_on })}<//>`}<br/>
    <span class="sm mut">${dots(of.parent_name, t(`unit.level.${of.level}`), headOf(of) || (of.level === 'class' && !of.closed_on && t('units.no_teacher')), of.code)}</span></span>
    ${of.students !== null && html`<span class="n">${t('desk.children_n', { n: of.students })}</span>`}<${Icon} of="r"/></a>`;

function Found({ q }) {
    const data = useData(`org-units/tree?q=${encodeURIComponent(q)}`, { kept: false });

    return !data.value ? html`<${Waiting} data=${data}/>` : html`<div class="card flush">${data.value.items.length ? data.value.items.map((one) => html`<${Line} key=${one.id} of=${one}/>`)
        : html`<${Empty} title=${t('list.nothing')} text=${t('units.nothing')}/>`}</div>${data.value.more && html`<p class="cap">${t('units.more')}</p>`}`;
}

/* ---- who works here */

const postBody = ({ account_id: id, who }) => (id ? { account_id: id } : { who });

function Holders({ unit, reload }) {
    const data = useData(`positions?unit_id=${unit.id}`, { kept: false });
    const [dialog, ask] = useAsk(() => { data.reload(); reload(); });
    const roles = unit.roles.map((one) => ({ value: one.role, label: one.may ? one.label : t('new.not_yours', { role: one.label }), disabled: !one.may }));
    const warned = (made) => toast(made.warnings.length ? made.warnings[0].message : t('positions.made', { name: made.account_name, role: made.role_label }));
    const person = (form, label) => html`<${Person} id="f-who" label=${label} error=${form.errors.account_id || form.errors.who} value=${form.values}
        onChange=${({ account_id: id, name, who }) => { form.set('account_id', id); form.set('name', name); form.set('who', who); }}/>`;
    const twins = (form) => form.values.role === 'teacher' && data.value?.items.filter((one) => one.role === 'teacher' && one.state === 'now');

    const appoint = () => ask({ title: t('positions.appoint', { unit: unit.name }), label: t('positions.appoint.do'), start: { account_id: undefined, who: '', role: roles.filter((one) => !one.disabled).length === 1 ? roles.find((one) => !one.disabled).value : '', starts_on: today() },
        fields: (form) => html`${form.select('role', t('accounts.role'), roles)}${person(form, t('positions.who'))}${form.input('starts_on', t('positions.from'), { type: 'date' })}
            ${twins(form)?.length > 0 && html`<p class="t-amber">${t('positions.twin', { name: twins(form)[0].account_name })}</p>`}`,
        send: async (values) => warned(await post('positions', { role: values.role, unit_id: unit.id, starts_on: values.starts_on, ...postBody(values) })) });
    const end = (one) => ask({ title: t('positions.end', { name: one.account_name, role: one.role_label }), text: t('positions.end.text'), label: t('positions.end.do'), danger: true, start: { ends_on: '' },
        fields: (form) => form.input('ends_on', t('positions.until'), { type: 'date', hint: t('positions.until.hint') }),
        send: async ({ ends_on: last }) => { await post(`positions/${one.id}/end`, last ? { ends_on: last } : {}, { match: one.version }); toast(t('positions.ended', { name: one.account_name })); } });
    const over = (one) => ask({ title: t('positions.hand_over', { name: one.account_name, role: one.role_label }), text: t('positions.hand_over.text'), label: t('positions.hand_over.do'), start: { account_id: undefined, who: '', starts_on: today() },
        fields: (form) => html`${person(form, t('positions.to'))}${form.input('starts_on', t('positions.from'), { type: 'date' })}`,
        send: async (values) => warned(await post(`positions/${one.id}/hand-over`, { starts_on: values.starts_on, ...postBody(values) }, { match: one.version })) });

    return html`<section class="card flush"><div class="h pad"><h2 class="g">${t('positions.title')}</h2>${unit.actions.appoint && html`<button class="btn xs" type="button" onClick=${appoint}><${Icon} of="plus"/>${t('positions.appoint.do')}</button>`}</div>
        ${!data.value ? html`<${Waiting} data=${data}/>` : data.value.items.length ? data.value.items.map((one) => html`<div key=${one.id} class="li wrap"><span class="g"><a href="#/accounts/${one.account_id}"><b>${one.account_name}</b></a> ${one.role_label}<br/>
            <span class="sm mut">${dots(spanOf(one), one.state !== 'now' && t(`admin.state.${one.state}`), one.disabled && t('accounts.disabled'))}</span></span>
            ${one.manageable && html`<span class="h acts">${one.state === 'now' && html`<button class="btn xs" type="button" onClick=${() => over(one)} aria-label=${t('positions.hand_over', { name: one.account_name, role: one.role_label })}>${t('positions.hand_over.short')}</button>`}
                <button class="btn xs del" type="button" onClick=${() => end(one)} aria-label=${t('positions.end', { name: one.account_name, role: one.role_label })}>${t('positions.end.short')}</button></span>`}</div>`)
            : html`<p class="pad mut">${t(unit.actions.appoint ? 'positions.none' : 'positions.none.read')}</p>`}${dialog}</section>`;
}

/* ---- classes by grade: how many there shall be */

/* The grades of a school this school year, which begins in August: [stage, grade, entry year]. */
function gradesOf(stage) {
    const [year, month] = today().split('-').map(Number);
    const school = month >= 8 ? year : year - 1;
    const of = (name, first, n) => Array.from({ length: n }, (_, i) => ({ stage: name, grade: first + i, entry_year: school - i }));

    return [...(stage !== 'junior' ? of('primary', 1, 6) : []), ...(stage !== 'primary' ? of('junior', 7, 3) : [])];
}

function classesDialog(unit) {
    const rows = gradesOf(unit.stage).map((one) => ({ ...one, key: `${one.stage}${one.entry_year}`,
        has: Math.max(0, ...unit.classes.filter((c) => c.stage === one.stage && c.entry_year === one.entry_year).map((c) => c.class_no)) }));

    return { title: t('classes.title', { school: unit.name }), text: t('classes.text'), label: t('classes.do'), start: { ...Object.fromEntries(rows.map((row) => [row.key, String(row.has)])), grades: '' },
        fields: (form) => html`<div class="gradegrid">${rows.map((row) => form.input(row.key, t(`grade.${row.grade}`), { hint: t('classes.has', { n: row.has }), inputmode: 'numeric', maxlength: 2, error: form.errors.grades && ' ' }))}</div>
            ${form.errors.grades && html`<p class="err" role="alert"><${Icon} of="warn"/><span>${form.errors.grades}</span></p>`}`,
        send: async (values) => {
            const made = await post('org-units/classes', { school_id: unit.id, grades: rows.filter((row) => Number(values[row.key]) > row.has)
                .map((row) => ({ stage: row.stage, entry_year: row.entry_year, count: Number(values[row.key]) })) });

            toast(t('classes.made', { n: made.created.length }));
        } };
}

const childLevels = { county: ['township', 'school'], township: ['school', 'central_school'], central_school: ['school'] };

function unitDialog(unit) {
    const levels = childLevels[unit.level];

    return { title: t('units.new', { unit: unit.name }), label: t('units.new.do'), start: { level: levels[0], name: '', code: '', stage: '', parent_id: '' },
        fields: (form) => html`${form.select('level', t('org-units.level'), levels.map((one) => ({ value: one, label: t(`unit.level.${one}`) })))}${form.input('name', t('org-units.name'), { maxlength: 100 })}
            ${form.input('code', t('org-units.code'), { hint: t(form.values.level === 'school' ? 'units.code.school' : 'units.code.division'), inputmode: 'numeric' })}
            ${form.values.level === 'school' && form.select('stage', t('org-units.stage'), ['primary', 'junior', 'nine'].map((one) => ({ value: one, label: t(`code.stage.${one}`) })))}`,
        send: async ({ level, name, code, stage }) => {
            const made = await post('org-units', { parent_id: unit.id, level, name, code, ...(level === 'school' && stage && { stage }) });

            toast(t('units.made', { name: made.name }));
        } };
}

/** A township or central school that is looked for by its name. */
function Destination({ form, unit }) {
    const [q, setQ] = useState('');
    const data = useData(q && `org-units/tree?q=${encodeURIComponent(q)}`, { kept: false });
    const items = data.value?.items.filter((one) => childLevels[one.level]?.includes('school') && !one.closed_on && one.id !== unit.parent_id) || [];

    return html`<div class="v v2">${form.input('to_name', t('units.move.to'), { error: form.errors.parent_id, onInput: (e) => { form.set('to_name', e.target.value); form.set('parent_id', ''); setQ(e.target.value.trim()); } })}
        ${!form.values.parent_id && items.map((one) => html`<button key=${one.id} class="btn start" type="button" onClick=${() => { form.set('parent_id', one.id); form.set('to_name', one.name); }}>${one.name} <span class="mut">${t(`unit.level.${one.level}`)}</span></button>`)}</div>`;
}

/** Where a school was before. */
function Moves({ unit }) {
    const data = useData(`org-units/${unit.id}/moves`, { kept: false });

    return data.value?.items.length > 0 && html`<section class="card v v2"><h2>${t('units.moves')}</h2><ol class="v v2">${data.value.items.map((one, i) => html`<li key=${i}><b>${t('units.moves.line', one)}</b> ${!one.done && html`<${Badge} tone="wait" icon="clock">${t('units.moves.under_way')}<//>`}<br/>
        <span class="sm mut">${t('rules.change', { name: one.by, time: timeText(one.at), why: one.reason })}</span></li>`)}</ol></section>`;
}

function changeDialogs(unit) {
    const options = { match: unit.version };

    return {
        move: { title: t('units.move', { unit: unit.name }), text: t('units.move.text'), label: t('units.move.do'), start: { parent_id: '', reason: '' },
            fields: (form) => html`<${Destination} form=${form} unit=${unit}/>${form.input('reason', t('admin.reason'), { maxlength: 200, hint: t('rules.reason.hint') })}`,
            send: async ({ parent_id: to, reason, to_name: name }) => { await post(`org-units/${unit.id}/move`, { parent_id: to, reason }, options); toast(t('units.moved', { unit: unit.name, to: name })); } },
        rename: { title: t('units.rename'), label: t('admin.save'), start: { name: unit.name, code: unit.code || '' },
            fields: (form) => html`${form.input('name', t('org-units.name'), { maxlength: 100 })}${form.input('code', t('org-units.code'), { inputmode: 'numeric' })}`,
            send: async ({ name, code }) => { await patch(`org-units/${unit.id}`, { name, ...(code && code !== unit.code && { code }) }, options); toast(t('units.renamed', { name })); } },
        close: { title: t('units.close', { unit: unit.name }), text: t('units.close.text'), label: t('units.close.do'), danger: true, start: { closed_on: today(), reason: '' },
            fields: (form) => html`${form.input('closed_on', t('org-units.closed_on'), { type: 'date' })}${form.input('reason', t('admin.reason'), { maxlength: 200 })}`,
            send: async (values) => { await post(`org-units/${unit.id}/close`, values, options); toast(t('units.closed.done', { unit: unit.name })); } },
        reopen: { title: t('units.reopen', { unit: unit.name }), label: t('units.reopen.do'), start: { parent_id: '' },
            send: async () => { await post(`org-units/${unit.id}/reopen`, {}, options); toast(t('units.reopened', { unit: unit.name })); } },
    };
}

function Under({ unit, ask }) {
    const school = unit.level === 'school';
    const list = school ? unit.classes : unit.units;

    return list.length > 0 || unit.actions.classes || unit.actions.units ? html`<section class="card flush"><div class="h wrap pad"><h2 class="g">${t(school ? 'units.classes' : 'units.under')}</h2>
        ${unit.actions.classes && html`<button class="btn xs" type="button" onClick=${() => ask(classesDialog(unit))}><${Icon} of="plus"/>${t('classes.do')}</button>`}
        ${unit.actions.units && html`<button class="btn xs" type="button" onClick=${() => ask(unitDialog(unit))}><${Icon} of="plus"/>${t('units.new.do')}</button>`}</div>
        ${school && unit.units.length > 0 && html`<p class="pad sm">${t('units.grades')} ${unit.units.map((one, i) => html`${i > 0 && t('admin.and')}<a key=${one.id} href="#/org-units/${one.id}">${one.name}</a>`)}</p>`}
        ${list.length ? list.map((one) => html`<${Line} key=${one.id} of=${one}/>`) : html`<p class="pad mut">${t(school ? 'units.classes.none' : 'units.under.none')}</p>`}</section>` : null;
}

function Unit({ data, query }) {
    const unit = data.value;
    const [dialog, ask] = useAsk(data.reload);
    const change = changeDialogs(unit);
    const { actions } = unit;
    const button = (key, icon, more = '') => html`<button class="btn ${more}" type="button" onClick=${() => ask(change[key])}><${Icon} of=${icon}/>${t(`units.${key}.do`)}</button>`;

    useEffect(() => {
        if (query.do === 'classes' && actions.classes) {
            ask(classesDialog(unit));
        }
    }, []);
    return html`<div class="h wrap">${unit.closed_on && html`<${Badge} tone="none" icon="x">${t('units.closed', { date: unit.closed_on })}<//>`}<span class="g mut">${dots(t(`unit.level.${unit.level}`), unit.code, unit.stage && unit.level === 'school' && t(`code.stage.${unit.stage}`), headOf(unit))}</span>
        ${actions.accounts && html`<a class="btn" href="#/admin?school=${unit.id}">${t('units.setup')}</a><a class="btn" href="#/accounts?unit=${unit.id}">${t('units.accounts')}</a><a class="btn" href="#/accounts/bulk?school=${unit.id}">${t('accounts.bulk')}</a>`}
        ${actions.appoint && !actions.accounts && unit.roles.length > 0 && !['grade', 'class'].includes(unit.level) && html`<a class="btn" href="#/accounts/new?unit=${unit.id}">${t('accounts.new')}</a>`}
        ${actions.rename && button('rename', 'pen')}${actions.move && button('move', 'up')}${actions.reopen && button('reopen', 'again')}${actions.close && button('close', 'x', 'del')}</div>
        ${unit.level === 'school' && html`<${Moves} key=${unit.version} unit=${unit}/>`}
        <div class="c2"><${Under} unit=${unit} ask=${ask}/>${can('account.read') && html`<${Holders} unit=${unit} reload=${data.reload}/>`}</div>${dialog}`;
}

/* Whoever works in one place starts there. */
function useStart(id) {
    const [start, set] = useState(null);
    const [problem, setProblem] = useState(null);

    useEffect(() => {
        if (!id) {
            get('org-units/tree').then(({ items }) => set(items.length === 1 ? { id: items[0].id } : { items }), setProblem);
        }
    }, [id]);
    return { start: id ? { id } : start, problem };
}

function Shown({ id, query }) {
    const data = useData(`org-units/${id}/overview`, { kept: false });
    const [q, setQ] = useState('');
    const unit = data.value;
    const crumb = unit?.path.length ? unit.path.map((one, i) => html`${i > 0 && ' / '}<a key=${one.id} href="#/org-units/${one.id}">${one.name}</a>`) : session().positions[0]?.unit_name || ' ';

    return html`<${Admin} title=${unit?.name || t('menu.admin.units')} crumb=${crumb} current="#/org-units" tools=${html`<div class="tools"><${Search} label=${t('units.search')} onSearch=${setQ}/></div>`}>
        ${q ? html`<${Found} key=${q} q=${q}/>` : unit ? html`<${Unit} data=${data} query=${query}/>` : html`<${Waiting} data=${data}/>`}<//>`;
}

export default function Units({ params, query }) {
    const { start, problem } = useStart(params.id);

    return start?.id ? html`<${Shown} key=${start.id} id=${start.id} query=${query}/>`
        : html`<${Admin} title=${t('menu.admin.units')} current="#/org-units">${start ? html`<div class="card flush">${start.items.map((one) => html`<${Line} key=${one.id} of=${one}/>`)}</div>` : html`<${Waiting} data=${{ problem }}/>`}<//>`;
}
