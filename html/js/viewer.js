// viewer.js: files of a record: small pictures, and one of them over the whole screen, with keys, swipes and zoom. A PDF is
// saved, never shown in the portal's own place. A wrong file is struck out with a reason: it goes out of sight, and is kept.

import { fileUrl, post } from './api.js';
import { can } from './frame.js';
import { Field, Submit } from './parts.js';
import { html, t, knows, loadTexts, problemText, timeText, useEffect, useRef, useState, Icon } from './ui.js';

const MOST_ZOOM = 3;
const isPicture = (file) => file.media_type.startsWith('image/');

/** Texts of their own, so that any page may show files. */
function useTexts() {
    const [ready, set] = useState(knows('file.photo'));

    useEffect(() => {
        if (!ready) {
            loadTexts(['attachment']).then(() => set(true), () => set(true));
        }
    }, []);
    return ready;
}

function Strike({ file, close, done }) {
    const [reason, set] = useState('');
    const [wrong, setWrong] = useState('');
    const [busy, setBusy] = useState(false);

    async function submit(event) {
        event.preventDefault();
        if ([...reason.trim()].length < 2) {
            setWrong(t('file.strike.no_reason'));
            return;
        }
        setBusy(true);
        try {
            done((await post(`attachments/${file.id}/strike`, { reason: reason.trim() })).struck);
        } catch (problem) {
            setWrong(problem.field?.('reason') || problemText(problem));
            setBusy(false);
        }
    }

    return html`<form class="card v v2" novalidate onSubmit=${submit}><p>${t('file.strike.text')}</p>
        <${Field} id="strike" label=${t('file.strike.reason')} maxlength="200" autofocus value=${reason} error=${wrong} onInput=${(e) => { set(e.target.value); setWrong(''); }}/>
        <div class="h wrap end"><button class="btn" type="button" onClick=${close}>${t('file.strike.no')}</button><${Submit} busy=${busy} class="danger">${t('file.strike')}<//></div></form>`;
}

/** at: index among the pictures. */
function Viewer({ files, at, show, struck }) {
    const box = useRef(null);
    const from = useRef(null);
    const [zoom, setZoom] = useState(1);
    const [asking, ask] = useState(false);
    const file = files[at];
    const close = () => show(null);

    useEffect(() => {
        const before = document.activeElement;

        box.current.showModal();
        return () => before?.focus?.();
    }, []);
    useEffect(() => { setZoom(1); ask(false); }, [at]);

    const go = (step) => files.length > 1 && show((at + step + files.length) % files.length);
    const larger = (step) => setZoom((now) => Math.max(1, Math.min(MOST_ZOOM, now + step)));

    function key(event) {
        const keys = { ArrowRight: () => go(1), ArrowLeft: () => go(-1), '+': () => larger(1), '=': () => larger(1), '-': () => larger(-1) };

        if (!asking && keys[event.key] && !(zoom > 1 && event.key.startsWith('Arrow'))) {
            event.preventDefault();
            keys[event.key]();
        }
    }

    function swipe(event) {
        const by = from.current === null ? 0 : event.changedTouches[0].clientX - from.current;

        from.current = null;
        if (zoom === 1 && Math.abs(by) > 60) {
            go(by < 0 ? 1 : -1);
        }
    }

    return html`<dialog ref=${box} class="viewer" aria-label=${t('file.photo', { n: at + 1 })} onKeyDown=${key} onCancel=${(e) => { e.preventDefault(); if (asking) { ask(false); } else { close(); } }}>
        <div class="h"><span class="g n" aria-live="polite">${t('file.of', { n: at + 1, all: files.length })}</span>
            <button class="ib" type="button" aria-label=${t('file.zoom_out')} disabled=${zoom === 1} onClick=${() => larger(-1)}>−</button>
            <button class="ib" type="button" aria-label=${t('file.zoom_in')} disabled=${zoom === MOST_ZOOM} onClick=${() => larger(1)}>+</button>
            <button class="ib" type="button" autofocus aria-label=${t('file.close')} onClick=${close}><${Icon} of="x"/></button></div>
        <div class="stage z${zoom}" tabindex="0" role="region" aria-label=${t('file.photo', { n: at + 1 })} onTouchStart=${(e) => { from.current = e.touches.length === 1 ? e.touches[0].clientX : null; }} onTouchEnd=${swipe}>
            <img key=${file.id} src=${fileUrl(file.id)} alt=${t('file.photo', { n: at + 1 })} onDblClick=${() => setZoom(zoom > 1 ? 1 : 2)}/></div>
        ${asking ? html`<${Strike} file=${file} close=${() => ask(false)} done=${(how) => { struck(file.id, how); close(); }}/>`
            : html`<div class="h between">${files.length > 1 && html`<button class="ib" type="button" aria-label=${t('file.previous')} onClick=${() => go(-1)}><${Icon} of="l"/></button>`}
                ${(file.own || can('attachment.strike')) && html`<button class="btn quiet" type="button" onClick=${() => ask(true)}>${t('file.strike')}</button>`}
                ${files.length > 1 && html`<button class="ib" type="button" aria-label=${t('file.next')} onClick=${() => go(1)}><${Icon} of="r"/></button>`}</div>`}</dialog>`;
}

const Struck = ({ of }) => html`<p class="cap h"><${Icon} of="x"/><span>${t('file.struck', { by: of.by, time: timeText(of.at), reason: of.reason })}</span></p>`;

/** Files of one field. label: what they are. */
export function Files({ files, label }) {
    const ready = useTexts();
    const [shown, show] = useState(null);
    const [gone, setGone] = useState({});                             // struck out since the record was read

    const all = files.map((file) => (gone[file.id] ? { ...file, struck: gone[file.id] } : file));
    const seen = all.filter((file) => !file.struck);
    const pictures = seen.filter(isPicture);

    if (!ready) {
        return null;
    }
    return html`<div class="files" role="group" aria-label=${label}>${seen.map((one, i) => (isPicture(one)
        ? html`<button key=${one.id} class="file look" type="button" aria-label=${t('file.photo', { n: pictures.indexOf(one) + 1 })} onClick=${() => show(pictures.indexOf(one))}><img src=${fileUrl(one.id, one.thumbnail)} alt="" loading="lazy"/></button>`
        : html`<a key=${one.id} class="file wide" href=${fileUrl(one.id)} download aria-label=${t('file.pdf', { n: i + 1 })}><${Icon} of="down"/>PDF</a>`))}</div>
        ${all.filter((file) => file.struck).map((file) => html`<${Struck} key=${file.id} of=${file.struck}/>`)}
        ${shown !== null && pictures[shown] && html`<${Viewer} files=${pictures} at=${shown} show=${show} struck=${(id, how) => setGone({ ...gone, [id]: how })}/>`}`;
}
