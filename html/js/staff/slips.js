// slips.js: activation slips for a class: one for each guardian who has no account yet, eight to a sheet, to be cut apart.

import { get, post } from '../api.js';
import { say, session } from '../frame.js';
import { html, t, dateText, problemText, useData, useEffect, useState, Empty, Icon, Mark, Note, Skeleton, Waiting } from '../ui.js';
import { Desk } from './desk.js';

const SHEET = 8;

/** What a person types: no scheme, no path that goes without saying. */
const site = () => `${location.host}${location.pathname.replace(/(index\.html)?$/, '').replace(/\/$/, '')}`;
const spaced = (code) => code.replace(/^(.{4})(.{4})$/, '$1 $2');

const Slip = ({ slip, sheet }) => html`<li class="actslip"><p class="h"><${Mark}/><b class="g">${sheet.school_name}</b><span>${sheet.class_name}</span></p>
    <p>${t('paper.for', { name: slip.guardian_name, children: slip.children.map((child) => child.name).join(t('desk.comma')) })}</p>
    <p class="actcode">${spaced(slip.code)}</p>
    <ol><li>${t('paper.open')} <b>${site()}</b></li><li>${t('paper.type')}</li><li>${t('paper.password')}</li></ol>
    <p class="fine">${t('paper.until', { date: dateText(slip.expires_on) })}</p></li>`;

function Sheets({ sheet }) {
    const pages = Array.from({ length: Math.ceil(sheet.items.length / SHEET) }, (_, i) => sheet.items.slice(i * SHEET, (i + 1) * SHEET));

    return html`<div class="paper">${pages.map((page, i) => html`<ul key=${i} class="actsheet" lang=${document.documentElement.lang}>${page.map((slip) => html`<${Slip} key=${slip.code} slip=${slip} sheet=${sheet}/>`)}</ul>`)}</div>`;
}

/** The slips of one class. Reading them leaves a line in the audit, so they are not asked for before somebody wants them. */
function OfClass({ id, classes }) {
    const [sheet, setSheet] = useState(null);
    const [problem, setProblem] = useState(null);
    const [busy, setBusy] = useState(false);
    const entry = classes?.find((one) => one.id === id);
    const name = sheet?.class_name || entry?.name || '';

    async function make() {
        setBusy(true);
        setProblem(null);
        try {
            const made = await post('activation-slips', { class_id: id });

            setSheet(made);
            say(t('paper.n', { n: made.items.length }));
        } catch (refusal) {
            setProblem(refusal);
        }
        setBusy(false);
    }

    useEffect(() => { get(`activation-slips?class_id=${id}`).then(setSheet, setProblem); }, [id]);
    return html`<${Desk} title=${t('paper.title', { name })} current=${session().menu.some((one) => one.href === '#/imports') ? '#/imports' : '#/students'}
        crumb=${html`<a href="#/slips">${t('desk.slips')}</a>`} tools=${sheet && html`<div class="tools noprint"><button class="btn" type="button" disabled=${busy} onClick=${make}><${Icon} of="key"/>${t('paper.make')}</button>
            ${sheet.items.length > 0 && html`<button class="btn pri" type="button" onClick=${() => window.print()}><${Icon} of="print"/>${t('paper.print', { n: sheet.items.length })}</button>`}</div>`}>
        ${problem && html`<div role="alert" class="noprint"><${Note} tone="no">${problemText(problem)}<//></div>`}
        ${!sheet ? !problem && html`<${Skeleton}/>` : sheet.items.length === 0 ? html`<div class="card"><${Empty} title=${t('paper.none')} text=${t('paper.none.text')}/></div>`
            : html`<div class="noprint v"><p>${t('paper.intro', { n: sheet.items.length })}</p><${Note} tone="wait" icon="lock">${t('paper.secret')}<//></div><${Sheets} sheet=${sheet}/>`}<//>`;
}

export default function Slips({ params, query }) {
    const school = query.school ? `&school_id=${query.school}` : '';
    const classes = useData(`classes?with=guardians${school}`, { kept: false });
    const items = classes.value?.items;

    if (params.id) {
        return html`<${OfClass} key=${params.id} id=${params.id} classes=${items}/>`;
    }
    return html`<${Desk} title=${t('paper.choose')} crumb=${session().positions[0]?.school_name || ''} current=${session().menu.some((one) => one.href === '#/imports') ? '#/imports' : '#/students'}>
        <p class="mut sheet">${t('paper.choose.text')}</p>
        ${!items ? html`<${Waiting} data=${classes}/>` : !items.length ? html`<div class="card"><${Empty} title=${t('desk.roster.none')} text=${t('desk.roster.none.text')}/></div>`
            : html`<div class="card flush sheet">${items.map((one) => html`<a key=${one.id} class="li" href="#/slips/${one.id}"><b class="g">${one.name}</b>
            <span class="sm ${one.guardians_active < one.guardians ? 'mut' : 't-pine'}">${one.guardians_active < one.guardians ? t('paper.open_n', { n: one.guardians - one.guardians_active, all: one.guardians })
                : t('paper.all_active')}</span><${Icon} of="r"/></a>`)}</div>`}<//>`;
}
