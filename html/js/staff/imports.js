// imports.js: a roster comes in: choose or drop a file, see it go, and the earlier ones with how far they are. The upload goes
// on while other pages of the portal are open; the same file tried again after no answer goes out under the same key, so it is
// there once. What happens to it then is import.js.

import { get, newKey, upload } from '../api.js';
import { can, go, session, toast } from '../frame.js';
import { html, t, dayText, problemText, timeText, useEffect, useState, Badge, Empty, Icon, Note, Stale, Waiting } from '../ui.js';
import { Desk } from './desk.js';
import { Progress, useWork, WORKING } from './import.js';
import { More, usePages } from './list.js';

const LIMIT = 16 * 2 ** 20;                                           // the server's, for what it refuses anyway
const KINDS = /\.(xlsx|csv)$/i;

/* One at a time: { file, key, school, phase: chosen sending failed, loaded, problem, schools } */
let job = null;
const watchers = new Set();

function set(patch) {
    job = patch && { ...job, ...patch };
    watchers.forEach((watcher) => watcher());
}

function useJob() {
    const [, draw] = useState(0);

    useEffect(() => {
        const watcher = () => draw((n) => n + 1);

        watchers.add(watcher);
        return () => watchers.delete(watcher);
    }, []);
    return job;
}

const stay = (event) => event.preventDefault();                       // "leave this page?" while the file is on its way

export const sizeText = (bytes) => (bytes < 1024 * 1024 ? t('imports.kb', { n: Math.max(1, Math.round(bytes / 1024)) })
    : t('imports.mb', { n: (bytes / 1024 / 1024).toFixed(1) }));

/** What is wrong with a file before it is sent. */
function fault(file) {
    if (!KINDS.test(file.name)) {
        return t(/\.xls$/i.test(file.name) ? 'imports.old_excel' : 'imports.wrong_kind');
    }
    if (file.size === 0) {
        return t('imports.empty_file');
    }
    return file.size > LIMIT ? t('imports.too_large', { size: sizeText(file.size), max: sizeText(LIMIT) }) : '';
}

async function send() {
    const { file, key, school } = job;

    set({ phase: 'sending', loaded: 0, problem: null });
    window.addEventListener('beforeunload', stay);
    try {
        const done = await upload(`imports${school ? `?school_id=${school}` : ''}`, file, { key, type: 'application/octet-stream',
            headers: { 'X-Filename': encodeURIComponent(file.name) },
            progress: (loaded) => set({ loaded }) });

        set(null);
        if (location.hash.startsWith('#/imports')) {
            go(`imports/${done.id}`);
        } else {
            toast(t('imports.arrived'), { label: t('imports.see'), run: () => go(`imports/${done.id}`) });
        }
    } catch (problem) {
        const which = problem.field?.('school_id') && !school;

        // another try is another intent once the server has judged this one
        set({ phase: 'failed', problem, ...(!problem.unanswered && { key: newKey() }), ...(which && { schools: (await get('org-units?level=school&limit=200').catch(() => ({}))).items }) });
    } finally {
        window.removeEventListener('beforeunload', stay);
    }
}

function choose(file) {
    if (file) {
        const wrong = fault(file);

        set({ file, key: newKey(), school: job?.school, loaded: 0, phase: wrong ? 'failed' : 'chosen', problem: wrong ? { message: wrong } : null });
        if (!wrong) {
            send();
        }
    }
}

function Drop() {
    const [over, setOver] = useState(false);

    function drop(event) {
        event.preventDefault();
        setOver(false);
        choose(event.dataTransfer.files[0]);
    }

    return html`<div class="drop ${over ? 'over' : ''}" onDragOver=${(e) => { e.preventDefault(); setOver(true); }} onDragLeave=${() => setOver(false)} onDrop=${drop}>
        <${Icon} of="up"/><h2>${t('imports.drop')}</h2><p class="mut">${t('imports.drop.text')}</p>
        <label class="btn pri pickfile"><input type="file" accept=".xlsx,.csv" onChange=${(e) => { choose(e.target.files[0]); e.target.value = ''; }}/><${Icon} of="paper"/>${t('imports.choose')}</label></div>`;
}

/** The file under way, or what became of it. */
function Job({ of: { file, phase, loaded, problem, schools, school } }) {
    const head = html`<div class="h wrap"><b class="g">${file.name}</b><span class="mut n">${sizeText(file.size)}</span></div>`;

    if (phase === 'failed') {
        return html`<section class="card v" role="alert">${head}<${Note} tone=${problem.offline ? 'wait' : 'no'} icon=${problem.offline ? 'off' : 'warn'}>
            ${problem.offline ? t('imports.offline') : problem.message || problemText(problem)}<//>
            ${schools && html`<div class="f"><label for="school">${t('imports.school_id')}</label><select id="school" class="in" onChange=${(e) => set({ school: e.target.value })}>
                <option value="">${t('imports.which_school')}</option>${schools.map((one) => html`<option key=${one.id} value=${one.id} selected=${one.id === school}>${one.name}</option>`)}</select></div>`}
            <div class="h wrap">${problem.status !== undefined && html`<button class="btn pri" type="button" disabled=${schools && !school} onClick=${send}><${Icon} of="again"/>${t('imports.again')}</button>`}
                <button class="btn" type="button" onClick=${() => set(null)}>${t('imports.other')}</button></div></section>`;
    }
    return html`<section class="card v v2">${head}<progress max=${file.size} value=${loaded} aria-label=${t('imports.sending')}></progress>
        <p>${t('imports.sending.n', { n: sizeText(loaded), all: sizeText(file.size) })}</p></section>`;
}

const TONES = { columns: 'wait', uploaded: 'info', checking: 'info', ready: 'wait', applying: 'info', failed: 'no', discarded: 'none' };
const ICONS = { wait: 'clock', info: 'sync', no: 'warn', none: 'dots' };
const when = (iso) => (dayText(iso.slice(0, 10)) === t('date.today') ? timeText(iso) : dayText(iso.slice(0, 10)));

/** What is to be said of an earlier one: its counts, how far it is, or that it waits for somebody. */
const Words = ({ one }) => (WORKING.includes(one.state) ? html`<${Progress} of=${one}/>` : ['ready', 'done'].includes(one.state)
    ? html`<span class="sm mut">${t('imports.counts', { added: one.added, changed: one.changed, same: one.unchanged })}${one.rejected > 0
        && html`<span class="t-red">${t('imports.counts.rejected', { n: one.rejected })}</span>`}</span>`
    : html`<span class="sm mut">${one.fault?.message || ''}</span>`);

const Line = ({ one }) => html`<a class="li" href="#/imports/${one.id}"><${Icon} of="paper"/><span class="g"><b>${one.filename}</b> ${one.state !== 'done'
    && html`<${Badge} tone=${TONES[one.state]} icon=${ICONS[TONES[one.state]]}>${t(`imports.state.${one.state}`)}<//>`}<br/><${Words} one=${one}/></span>
    <span class="sm mut n">${when(one.created_at)}</span><${Icon} of="r"/></a>`;

const Earlier = ({ list }) => html`<section class="v v2"><h2>${t('imports.earlier')}</h2>${!list.items ? html`<${Waiting} data=${list}/>`
    : !list.items.length ? html`<div class="card"><${Empty} title=${t('desk.roster.none')} text=${t('imports.none.text')}/></div>`
        : html`<div class="card flush">${list.items.map((one) => html`<${Line} key=${one.id} one=${one}/>`)}</div>`}
    ${list.items && html`<${More} of=${list}/>`}</section>`;

export default function Imports() {
    const now = useJob();
    const list = usePages('imports', { kept: false });
    const busy = now && now.phase === 'sending';

    useWork(list, Boolean(list.items?.some((one) => WORKING.includes(one.state))));
    useEffect(() => { if (!now) { list.reload(); } }, [!now]);
    return html`<${Desk} title=${t('imports.title')} crumb=${session().positions[0]?.school_name || ''} current="#/imports"
        tools=${can('import.slips') && html`<a class="btn" href="#/slips"><${Icon} of="print"/>${t('desk.slips')}</a>`}>
        <p class="mut sheet">${t('imports.intro')}</p>
        ${now && html`<${Job} of=${now}/>`}
        ${!busy && html`<${Drop}/>`}
        <${Stale} data=${list}/><${Earlier} list=${list}/><//>`;
}
