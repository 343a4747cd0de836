// page.js: one document as it was printed: on its paper, with what there is to know about it, and printed by the browser.

import { post } from '../api.js';
import { Page, session, toast } from '../frame.js';
import { Choice, Dialog, Field, focusFirstError, Submit } from '../parts.js';
import { html, t, problemText, timeText, useData, useRef, useState, Icon, Note, Waiting } from '../ui.js';
import { Desk } from '../staff/desk.js';
import Many from './many.js';
import { Sheet } from './sheet.js';

const PAPERS = { half: ['half', 'a5'], a4: ['a4'] };

function VoidDialog({ doc, close, done }) {
    const form = useRef(null);
    const [reason, set] = useState('');
    const [problem, setProblem] = useState(null);
    const [busy, setBusy] = useState(false);

    async function submit(event) {
        event.preventDefault();
        setBusy(true);
        setProblem(null);
        try {
            await post(`documents/${doc.id}/void`, { reason: reason.trim() }, { match: doc.version });
            close();
            toast(t('print.void.done'));
            done();
        } catch (refusal) {
            setProblem(refusal);
            setBusy(false);
            focusFirstError(form.current);
        }
    }

    return html`<${Dialog} title=${t('print.void.title')} close=${close}><form class="v" novalidate ref=${form} onSubmit=${submit}>
        <p>${t('print.void.text')}</p>
        ${problem && !problem.field('reason') && html`<div role="alert"><${Note} tone="no">${problemText(problem)}<//></div>`}
        <${Field} id="void-reason" as="textarea" label=${t('print.void.reason')} maxlength="200" autofocus error=${problem?.field('reason')} value=${reason} onInput=${(e) => set(e.target.value)}/>
        <div class="h wrap end"><button class="btn" type="button" onClick=${close}>${t('print.cancel')}</button>
            <${Submit} busy=${busy} class="danger">${t('print.void.do')}<//></div></form><//>`;
}

/** What is to be known of a document beside what is on it. */
const Notes = ({ doc }) => html`<div class="noprint v v2">
    ${doc.voided_at && html`<${Note} tone="no">${t('print.is_void', { time: timeText(doc.voided_at), who: doc.voided_by || '', reason: doc.void_reason })}<//>`}
    ${!doc.voided_at && doc.superseded_by && html`<${Note} tone="wait">${t('print.superseded', { number: doc.superseded_by })}<//>`}
    ${JSON.stringify(doc.parts).includes('"hidden":true') && html`<${Note} icon="lock">${t('print.hidden')}<//>`}
    <p class="sm mut">${t('print.issued', { time: timeText(doc.issued_at) })} ${doc.issued_by || ''}</p></div>`;

/** #/print/<id>, or several with commas between them. */
export default function Print({ params }) {
    return params.id.includes(',') ? html`<${Many} ids=${params.id.split(',')}/>` : html`<${One} params=${params}/>`;
}

function One({ params }) {
    const data = useData(`documents/${params.id}/content`, { kept: false });
    const [chosen, choose] = useState('');
    const [asked, ask] = useState(false);
    const doc = data.value;
    const staff = session().positions.length > 0;
    const papers = doc ? PAPERS[doc.size] : [];
    const paper = chosen || papers[0];
    const title = doc ? t('print.title', { title: doc.title, number: doc.number }) : t('print.documents');
    const back = doc && `${staff ? doc.record : 'my-leave'}/${doc.record_id}`;
    const print = doc && html`<button class="btn pri ${staff ? '' : 'wide'}" type="button" onClick=${() => window.print()}><${Icon} of="print"/>${t('print.go')}</button>`;
    const body = !doc ? html`<${Waiting} data=${data}/>` : html`<${Notes} doc=${doc}/>
        ${papers.length > 1 && html`<div class="noprint"><${Choice} name="paper" label=${t('print.paper')} tight value=${paper} onChange=${choose} choices=${papers.map((value) => ({ value, label: t(`print.paper.${value}`) }))}/></div>`}
        <div class="paper preview" tabindex="0" role="region" aria-label=${doc.title}><${Sheet} doc=${doc} paper=${paper}/></div>
        <p class="noprint cap sheet">${t('print.chinese')} ${t('print.again')}</p>
        ${asked && html`<${VoidDialog} doc=${doc} close=${() => ask(false)} done=${data.reload}/>`}`;

    return staff ? html`<${Desk} title=${title} current="#/documents" crumb=${doc && html`<a href="#/${back}">${t('back')}</a>`}
            tools=${doc && html`<div class="tools noprint">${doc.may_void && html`<button class="btn del" type="button" onClick=${() => ask(true)}>${t('print.void.do')}</button>`}${print}</div>`}>${body}<//>`
        : html`<${Page} title=${title} back=${back || 'children'} dock=${print}>${body}<//>`;
}
