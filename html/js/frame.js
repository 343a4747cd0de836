// frame.js: what is around every page: its heading, places and dock, the lines over it, what is said about it. Holds what
// the frame shows of the whole (shell); app.js changes it.

import { html, t, useData, Icon, Mark, useEffect, useRef } from './ui.js';

/** session: who is signed in, as the server told it, or null. moved: a page has just been opened. draw: set by app.js. */
export const shell = { session: null, online: navigator.onLine, busy: 0, toast: null, moved: false, draw: () => {} };

export const session = () => shell.session;
export const can = (capability) => Boolean(shell.session?.capabilities.includes(capability));
export const go = (path) => { location.hash = `#/${path}`; };
/** Staff start at their day, guardians at their children. */
export const home = () => (shell.session?.positions.length ? 'today' : 'children');

/** The reader's children, as useData(); who has none need not ask. */
export function useChildren() {
    const some = Boolean(shell.session?.has_children);
    const data = useData(some ? 'my-children' : '');

    return some ? data : { value: { items: [] } };
}

/* ---- what is said over the page */

/** To people who hear the page. */
export function say(text) {
    const live = document.getElementById('live');

    live.textContent = '';
    setTimeout(() => { live.textContent = text; }, 50);
}

let timer;

function linger(seconds) {
    clearTimeout(timer);
    timer = setTimeout(hush, seconds * 1000);
}

/** After success only; 8 seconds, longer while it is pointed at, or until another page is opened. action: { label, run, end }:
 *  run takes back what was done; end is called once when the toast goes without that. */
export function toast(text, action) {
    hush();
    shell.toast = { text, action, hash: location.hash };
    linger(8);
    say(text);
    shell.draw();
}

export function hush() {
    const { toast: gone } = shell;

    clearTimeout(timer);
    shell.toast = null;
    gone?.action?.end?.();
    shell.draw();
}

/** What the button of a toast does. */
export function takeBack() {
    const action = shell.toast?.action;

    clearTimeout(timer);
    shell.toast = null;
    action?.run();
    shell.draw();
}

export const Toast = ({ of: { text, action } }) => html`<section aria-label=${t('toast')}><p class="toast fix" onMouseEnter=${() => clearTimeout(timer)} onMouseLeave=${() => linger(4)}
    onFocusIn=${() => clearTimeout(timer)} onFocusOut=${() => linger(4)}><${Icon} of="check"/><span class="g">${text}</span>${action
    && html`<button type="button" onClick=${takeBack}>${action.label}</button>`}</p></section>`;

/** One line over the page while there is no network or the server asks us to wait. */
export const Lines = () => html`<div hidden=${shell.online && !shell.busy}>
    ${!shell.online && html`<p class="line"><${Icon} of="off"/>${t('offline.line')}</p>`}
    ${shell.busy > 0 && html`<p class="line"><${Icon} of="clock"/>${t('busy', { n: shell.busy })}</p>`}</div>`;

/* ---- large print */
export const large = () => document.documentElement.dataset.size === 'l';

export function setLarge(on) {
    document.documentElement.dataset.size = on ? 'l' : '';
    localStorage.setItem('baoxue.size', on ? 'l' : '');
    shell.draw();
}

export const LargePrint = () => html`<button class="ib" type="button" aria-pressed=${String(large())} onClick=${() => setLarge(!large())}>
    <${Icon} of="text"/><span class="sm">${t('large_print')}</span></button>`;

/* ---- frames */

/** Title of the window, look of the body (roomy for guardians), and the focus on the page's heading when it is opened. */
export function useHeading(title, look = '') {
    const heading = useRef(null);

    useEffect(() => { document.body.className = look; }, [look]);
    useEffect(() => { document.title = title ? t('window', { title }) : t('name'); }, [title]);
    useEffect(() => {
        if (shell.moved) {
            window.scrollTo(0, 0);
        }
        if (shell.moved || (shell.moved === false && document.activeElement === document.body)) {   // body: drawn anew
            (heading.current || document.getElementById('main'))?.focus({ preventScroll: true });
        }
        shell.moved = false;
    }, []);
    return heading;
}

export function skip(event) {
    event.preventDefault();
    document.getElementById('main').focus();
}

/* The places of a guardian; whoever works here too has the way back to work in front. */
function places() {
    const { positions, has_children: guardian } = shell.session || { positions: [] };

    return [...(positions.length ? [['today', 'list']] : []), ...(guardian || !positions.length ? [['children', 'home'], ['my-leave', 'leave']] : []), ['me', 'user']];
}

/** A guardian's page. back: path of the arrow (else the school's name); tab: which place is lit; dock: the main button;
 *  bare: nothing but large print in the bar. */
export function Page({ title, brand, back, tab, dock, bare, children }) {
    const heading = useHeading(title, 'roomy');

    return html`<a class="skip" href="#main" onClick=${skip}>${t('skip')}</a>
    <header class="bar">${back !== undefined
        ? html`<a class="ib" href="#/${back}" aria-label=${t('back')}><${Icon} of="l"/></a><h1 class="g" tabindex="-1" ref=${heading}>${title}</h1>`
        : html`<span class="brand g">${!bare && html`<${Mark}/><span>${brand || t('name')}</span>`}</span><${LargePrint}/>`}</header>
    <${Lines}/>
    <main class="phone v" id="main" tabindex="-1">${children}</main>
    ${dock && html`<div class="dock">${dock}</div>`}
    ${tab && !dock && html`<nav class="tabs" aria-label=${t('places')}>${places().map(([to, icon]) => html`<a key=${to} href="#/${to}"
        aria-current=${tab === to ? 'page' : undefined}><${Icon} of=${icon}/>${t(`tab.${to}`)}</a>`)}</nav>`}`;
}
